"""Downloads of ALM's reports: from allowed hosts only, of limited size, and complete before they are read."""

from __future__ import annotations

import gzip
import io
import re
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import IO, cast
from urllib.parse import urljoin, urlsplit

from .....adapters.http.hosts import is_loopback
from .....adapters.http.session import CHUNK_BYTES
from .errors import ReportError
from .transport import Transport, UnauthorisedError

MAX_REPORT_BYTES = 2 << 30
"""Maximum bytes of a report, packed or unpacked. A users' report has about 300 bytes for each user."""

MAX_LINE = 1 << 20
"""Maximum characters of a line."""

DOWNLOAD_SECONDS = 3600.0
MAX_REDIRECTS = 3

_REGION = r"[a-z]{2}(-[a-z]+)+-\d"
_S3 = re.compile(
    rf"([a-z0-9][a-z0-9.-]*\.)?s3([.-](dualstack\.)?{_REGION}|-accelerate(\.dualstack)?)?\.amazonaws\.com\Z"
)


def download(transport: Transport, address: str, token: str, what: str) -> IO[bytes]:
    """Download a report. Returns an open file without a name, so that personal data ends with the process.

    :param token: the access token, sent to the account's own host alone.
    :raises ReportError: the address is not allowed, or the download fails.
    """
    own = transport.base
    try:
        file: IO[bytes] = tempfile.TemporaryFile(prefix="badgerelay-")  # noqa: SIM115 (its reader closes it)
    except OSError as error:
        raise _no_room(what, error) from None
    try:
        since = own
        for _ in range(1 + MAX_REDIRECTS):
            address = allowed(own, address, what, since=since)
            ours = token if address.startswith(f"{own}/") else None
            with transport.open(address, ours, what) as response:
                status, further = response.status_code, response.headers.get("Location")
                if status == 401 and ours is not None:
                    raise UnauthorisedError(f"ALM refuses the access token for {what}", setting="refresh_token")
                if 200 <= status < 300:
                    _save(response.iter_content(CHUNK_BYTES), file, what)
                    file.seek(0)
                    return file
            if status not in {301, 302, 303, 307, 308} or not further:
                raise ReportError(f"{what} cannot be downloaded ({status}); its link may have expired")
            since, address = address, further
        raise ReportError(f"{what} cannot be downloaded: more than {MAX_REDIRECTS} redirects")
    except BaseException:
        file.close()
        raise


def allowed(own: str, address: str, what: str, *, since: str | None = None) -> str:
    """Return the absolute address, if it is at the account's own host or at Amazon S3 over https.

    :param own: the base URL of the account's host. :param since: the base of a relative address.
    :raises ReportError: the host is neither; the message names it.
    """
    try:
        address = urljoin(since or own, address)
        parts = urlsplit(address)
        host, port, mine = (parts.hostname or "").lower(), parts.port, urlsplit(own)
    except ValueError:
        raise ReportError(f"the address of {what} is not valid") from None
    if "@" not in parts.netloc:
        if (parts.scheme, parts.netloc.lower()) == (mine.scheme, mine.netloc.lower()):
            return own + address[len(parts.scheme) + 3 + len(parts.netloc) :]
        if parts.scheme == "https" and port in (None, 443) and _S3.match(host):
            return address
        if parts.scheme in {"http", "https"} and is_loopback(mine.hostname or "") and is_loopback(host):
            return address
    raise ReportError(
        f"{what} lies at {host[:80]!r} ({parts.scheme[:10]}), which is not allowed: reports come from the account's "
        "own host, or from Amazon S3 over https"
    )


@contextmanager
def lines_of(file: IO[bytes], what: str) -> Iterator[Iterator[str]]:
    """Open a CSV report, packed or not, as an iterator of lines with their ends. Closes the file at the end.

    Bytes that are not UTF-8 become U+FFFD: they spoil their own row only.

    :raises ReportError: the file is not text. The iterator raises it too, for a line that is too long.
    """
    with closing(file):
        try:
            with _unpacked(file, what) as raw:
                start = raw.peek(2)[:2]
                encoding = "utf-16" if start in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
                with io.TextIOWrapper(raw, encoding, "replace", newline="") as text:
                    yield _lines(text, what)
        except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise ReportError(f"{what} is packed in an unknown way ({type(error).__name__})") from None


def _save(parts: Iterator[bytes], file: IO[bytes], what: str) -> None:
    size, until = 0, time.monotonic() + DOWNLOAD_SECONDS
    for part in parts:
        size += len(part)
        if size > MAX_REPORT_BYTES:
            raise ReportError(f"{what} is larger than {MAX_REPORT_BYTES >> 20} MiB")
        if time.monotonic() > until:
            raise ReportError(f"{what} takes longer than {DOWNLOAD_SECONDS:.0f} s to download")
        try:
            file.write(part)
        except OSError as error:
            raise _no_room(what, error) from None


@contextmanager
def _unpacked(file: IO[bytes], what: str) -> Iterator[io.BufferedReader]:
    start = file.read(4)
    file.seek(0)
    with ExitStack() as stack:
        content: IO[bytes] = file
        if start.startswith(b"\x1f\x8b"):
            content = stack.enter_context(cast(IO[bytes], gzip.GzipFile(fileobj=file)))
        elif start == b"PK\x03\x04":
            packed = stack.enter_context(zipfile.ZipFile(file))
            inside = [each for each in packed.infolist() if each.filename.lower().endswith(".csv")]
            if len(inside) != 1 or inside[0].flag_bits & 1:
                raise ReportError(f"{what} is a zip file that does not hold exactly one readable CSV file")
            content = stack.enter_context(packed.open(inside[0]))
        yield stack.enter_context(io.BufferedReader(cast(io.RawIOBase, content)))


def _lines(text: io.TextIOWrapper, what: str) -> Iterator[str]:
    size = 0
    while line := text.readline(MAX_LINE + 1):
        size += len(line)
        if len(line) > MAX_LINE:
            raise ReportError(f"{what} has a line of more than {MAX_LINE} characters: it is not a CSV file")
        if size > MAX_REPORT_BYTES:
            raise ReportError(f"{what} unpacks to more than {MAX_REPORT_BYTES >> 20} MiB")
        yield line


def _no_room(what: str, error: OSError) -> ReportError:
    return ReportError(f"{what} cannot be stored for reading ({error.strerror}): check the free space in TMPDIR")
