"""Bake a credential into the badge's image, a PNG or an SVG.

https://www.imsglobal.org/spec/ob/v3p0#baked-badges
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from xml.sax.saxutils import quoteattr

PNG, SVG = "image/png", "image/svg+xml"
KEYWORD = b"openbadgecredential"
NAMESPACE = "https://purl.imsglobal.org/ob/v3p0"

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SVG = re.compile(
    rb"((?:\xef\xbb\xbf)?(?:\s|<\?xml[^>]*\?>|<!--(?:(?!-->).)*-->)*+)"  # allowed before the element
    rb"(<(?:[A-Za-z][\w.-]*:)?svg\b)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*?)(/?>)",
    re.DOTALL,
)


def image_type(content: bytes) -> str:
    """Return :data:`PNG`, :data:`SVG`, or an empty text; also for an SVG with a DOCTYPE, which may have entities."""
    if content.startswith(_SIGNATURE):
        try:
            kinds = [kind for kind, _, _ in _chunks(content)]
        except ValueError:
            return ""
        return PNG if kinds[:1] == [b"IHDR"] and kinds[-1:] == [b"IEND"] else ""
    try:
        content.decode()
    except UnicodeDecodeError:
        return ""
    return SVG if _SVG.match(content) else ""


def bake(image: bytes, credential: str) -> bytes:
    """Return the image with the credential in it, which replaces an earlier one.

    :param credential: JSON, or a compact JWS.
    :raises ValueError: the image is neither a PNG nor an SVG.
    """
    kind = image_type(image)
    if kind == PNG:
        return _bake_png(image, credential)
    if kind == SVG:
        return _bake_svg(image, credential)
    raise ValueError("a badge is baked into a PNG or an SVG")


def _bake_png(image: bytes, credential: str) -> bytes:
    # iTXt: keyword, not compressed, no language, no translation of the keyword, text.
    text = KEYWORD + b"\0\0\0\0\0" + credential.encode()
    baked = [_SIGNATURE]
    for kind, data, raw in _chunks(image):
        if kind == b"iTXt" and data.startswith(KEYWORD + b"\0"):
            continue
        baked.append(raw)
        if kind == b"IHDR":
            baked.append(_chunk(b"iTXt", text))
    return b"".join(baked)


def _bake_svg(image: bytes, credential: str) -> bytes:
    plain = re.sub(rb"<openbadges:credential\b.*?(?:</openbadges:credential>|/>)", b"", image, flags=re.DOTALL)
    plain = re.sub(rb"\sxmlns:openbadges=(\"[^\"]*\"|'[^']*')", b"", plain)
    if credential.startswith("{"):
        inside = credential.replace("]]>", "]]]]><![CDATA[>")
        element = f"<openbadges:credential><![CDATA[{inside}]]></openbadges:credential>"
    else:
        element = f"<openbadges:credential verify={quoteattr(credential)}></openbadges:credential>"
    found = _SVG.match(plain)
    assert found is not None
    before, start, attributes, end = found.groups()
    opened = before + start + f' xmlns:openbadges="{NAMESPACE}"'.encode() + attributes + b">" + element.encode()
    if end == b"/>":
        opened += b"</" + start[1:] + b">"
    return opened + plain[found.end() :]


def _chunks(image: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield type, data and all bytes of each chunk. :raises ValueError: the file is damaged."""
    offset = len(_SIGNATURE)
    while offset < len(image):
        head = image[offset : offset + 8]
        if len(head) < 8:
            raise ValueError("not a whole PNG")
        length, kind = struct.unpack(">I4s", head)
        raw = image[offset : offset + 12 + length]
        if len(raw) < 12 + length or zlib.crc32(raw[4:-4]) != int.from_bytes(raw[-4:], "big"):
            raise ValueError("a damaged PNG")
        yield kind, raw[8:-4], raw
        offset += 12 + length


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
