"""Baked images, read back by software that is not ours."""

from __future__ import annotations

import json

import pytest
from openbadgeslib.baking import extract_png, extract_svg

from badgerelay.adapters.openbadges.baking import PNG, SVG, bake, image_type
from badgerelay.plugin.store import Store

from .issuers import SVG as PICTURE
from .issuers import connect_campus, draft, png

TEXTS = ['{"name": "Grüße ☃ ]]> & <b>"}', "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"]
PNG_KEYWORD = b"openbadgecredential"
SVG_ELEMENT = "openbadges:credential"


@pytest.mark.parametrize("text", TEXTS)
def test_a_png_carries_the_credential(text: str) -> None:
    baked = bake(bake(png(), "{}"), text)
    assert image_type(baked) == PNG
    assert baked.count(PNG_KEYWORD) == 1
    assert extract_png(baked, keyword=PNG_KEYWORD) == text


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("picture", [PICTURE, b"<svg/>", b'<svg xmlns="http://www.w3.org/2000/svg" a=">"></svg>'])
def test_an_svg_carries_the_credential(picture: bytes, text: str) -> None:
    baked = bake(bake(picture, "{}"), text)
    assert image_type(baked) == SVG
    assert extract_svg(baked, element=SVG_ELEMENT, text_fallback=True) == text


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"GIF89a", png()[:20], png()[:-4], png()[:30] + b"x" + png()[31:], b"\x89PNG\r\n\x1a\n"),
        *(b"<html/>", b'<!DOCTYPE svg [<!ENTITY a "b">]><svg/>', b"<svg", b"<svg>\xff</svg>", b"<!-- <svg/> -->"),
    ],
)
def test_a_file_that_is_not_an_image_is_refused(content: bytes) -> None:
    assert image_type(content) == ""
    with pytest.raises(ValueError, match="PNG or an SVG"):
        bake(content, "{}")


def test_everybody_can_fetch_the_baked_image(store: Store) -> None:
    campus = connect_campus(store)
    campus.adapter().make_template(draft("svg", image=PICTURE))
    campus.adapter().make_template(draft("plain"))
    for template, kind in (("graph-101", PNG), ("svg", SVG)):
        badge = campus.issue(1, template=template)
        answer = campus.get(f"{badge.url}/image", "*/*")
        assert answer.content_type.startswith(kind)
        assert answer.headers["Content-Disposition"].startswith("attachment")
        inside = (
            extract_png(answer.data, keyword=PNG_KEYWORD)
            if kind == PNG
            else extract_svg(answer.data, element=SVG_ELEMENT, text_fallback=True)
        )
        assert inside is not None
        assert json.loads(inside) == campus.credential(badge)
    assert campus.get(f"{campus.issue(1, template='plain').url}/image", "*/*").status_code == 404


def test_many_comments_without_an_image_are_refused_quickly() -> None:
    assert image_type(b"<!---->" * 10_000 + b"<p>") == ""
    assert image_type(b"<!---->" * 10_000 + b"<svg/>") == SVG
