"""Badge templates that administrators write, for providers whose templates badgerelay stores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, post_load

from ...adapters.values import TemplateDraft
from .declarations import RefusedError, read_toml, sentences

MAX_IMAGE = 8 * 1024 * 1024
"""Maximum bytes of an image file; providers accept less."""


class DraftSettings(Schema):
    """One ``[[template]]`` of a file, or the options of a command."""

    class Meta:
        unknown = RAISE

    id = fields.String(required=True)
    name = fields.String(required=True)
    description = fields.String(required=True)
    criteria = fields.String(required=True)
    criteria_url = fields.String(load_default=None, allow_none=True)
    kind = fields.String(load_default="")
    tags = fields.List(fields.String(), load_default=list)
    image = fields.String(load_default=None, allow_none=True)
    valid_days = fields.Integer(load_default=None, allow_none=True, strict=True)
    state = fields.String(load_default="active")

    def __init__(self, folder: Path) -> None:
        """Make the schema.

        :param folder: the folder that an image's path is relative to.
        """
        super().__init__()
        self._folder = folder

    @post_load
    def _draft(self, data: dict[str, Any], **_: Any) -> TemplateDraft:
        image = None if data["image"] is None else _read(self._folder / data["image"])
        return TemplateDraft(**{**data, "tags": tuple(data["tags"]), "image": image})


def read_drafts(file: Path) -> list[TemplateDraft]:
    """Return the templates of a TOML file.

    :raises RefusedError: the file is not TOML, or a template is not valid.
    """
    document = read_toml(file)
    tables = document.pop("template", None)
    if document or not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise RefusedError(f"--from: {file} has to consist of [[template]], once for each badge template")
    return [draft_of(table, file.parent) for table in tables]


def draft_of(values: Mapping[str, Any], folder: Path = Path()) -> TemplateDraft:
    """Return the template of these values.

    :param folder: the folder that an image's path is relative to.
    :raises RefusedError: a value is missing or has the wrong type; the message names the template and the value.
    """
    try:
        draft: TemplateDraft = DraftSettings(folder).load(values)
    except ValidationError as error:
        raise RefusedError(f"badge template {values.get('id', '')!r}: {sentences(error)}") from None
    return draft


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_IMAGE + 1)
    except OSError as error:
        raise ValidationError(f"cannot read {path}: {error.strerror}", "image") from None
    if len(content) > MAX_IMAGE:
        raise ValidationError(f"{path} is larger than 8 MiB", "image")
    return content
