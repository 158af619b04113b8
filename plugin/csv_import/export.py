"""Export of a provider's badge templates as files that ALM can migrate, so that no id is copied by hand."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ...adapters.values import BadgeTemplate
from ..csvfiles.cells import escaped
from .cell_checks import YEARS
from .file_specs import KINDS

MAX_NAME = 25
MAX_SKILL_NAME = 63
MAX_DESCRIPTION = 4000
MAX_ADDRESS = 2048
"""Maximum characters of ``imageUrl``."""

FIRST, LAST = datetime(YEARS[0], 1, 1, tzinfo=UTC), datetime(YEARS[-1], 12, 31, tzinfo=UTC)
"""The first and the last date that ALM accepts."""

CREDITS = 1
"""``maxCredits`` of an exported level: a single credit is enough, unless an administrator changes it."""


class Export:
    """The rows of the files, in the order of the published columns.

    :param templates: each becomes a badge, unless ALM would reject it.
    :param provider: the provider's name in the column ``externalBadgeProvider``.
    :param now: the creation date of templates for which the provider gives none.
    :ivar left_out: the names of the templates that ALM would reject, with the reasons.
    """

    def __init__(self, templates: Iterable[BadgeTemplate], provider: str, now: datetime) -> None:
        all_ = sorted(templates, key=lambda template: (template.name.casefold(), template.id))
        checked = [(template, _flaw(template)) for template in all_]
        self._templates = [template for template, flaw in checked if not flaw]
        self.left_out = [(template.name, flaw) for template, flaw in checked if flaw]
        self._provider = provider
        self._now = now

    def rows(self, kind: str) -> Iterator[Sequence[str]]:
        """Yield the rows of ``badge``, ``skill`` or ``skill_level``; the first row names the columns."""
        columns = [column.name for column in KINDS[kind].columns]
        yield columns
        cells = {"badge": self._badges, "skill": self._skills, "skill_level": self._levels}[kind]()
        for row in cells:
            yield [escaped(row.get(column, "")) for column in columns]

    def _badges(self) -> Iterator[dict[str, str]]:
        names = unique_names([template.name for template in self._templates], MAX_NAME)
        for template, name in zip(self._templates, names, strict=True):
            yield {
                "id": template.id,
                "badgeName": name,
                "badgeCreationDate": self._made(template),
                "state": _state(template),
                "imageUrl": template.image_url or "",
                "externalBadgeId": template.id,
                "externalBadgeProvider": self._provider,
            }

    def _skills(self) -> Iterator[dict[str, str]]:
        names = unique_names([template.name for template in self._templates], MAX_SKILL_NAME)
        for template, name in zip(self._templates, names, strict=True):
            yield {
                "id": template.id,
                "skillName": name,
                "description": _one_line(template.description)[:MAX_DESCRIPTION].strip(),
                "skillCreationDate": self._made(template),
                "state": _state(template),
                "source": "Internal",
            }

    def _levels(self) -> Iterator[dict[str, str]]:
        for template in self._templates:
            yield {"skillId": template.id, "levelId": "1", "maxCredits": str(CREDITS), "badgeId": template.id}

    def _made(self, template: BadgeTemplate) -> str:
        moment = min(max((template.created_at or self._now).astimezone(UTC), FIRST), LAST)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def unique_names(names: Sequence[str], most: int) -> list[str]:
    """Return different names of at most ``most`` characters, cut between words if possible."""
    taken: set[str] = set()
    found = []
    for name in names:
        # The apostrophe before a formula has to fit too.
        room = most - (len(escaped(_one_line(name))) - len(_one_line(name)))
        short, number = _cut(_one_line(name), room), 1
        while short.casefold() in taken:
            number += 1
            short = f"{_cut(_one_line(name), room - len(str(number)) - 1)} {number}"
        taken.add(short.casefold())
        found.append(short)
    return found


def write_file(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """Write a file with CRLF and without a BOM, which breaks ALM's first column; completely or not at all.

    https://experienceleague.adobe.com/en/docs/learning-manager/using/kb/unable-to-upload-csv

    :raises OSError: the file cannot be written.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with open(handle, "w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(rows)
        os.chmod(name, 0o644)  # a catalogue that everybody may see
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    head = text[: most + 1]
    between = head.rpartition(" ")[0].rstrip(" -–—,;:(&/")
    return between if len(between) * 2 >= most else text[:most].rstrip()


def _one_line(text: str) -> str:
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def _flaw(template: BadgeTemplate) -> str:
    """Return why ALM would reject the template; empty if it accepts it."""
    if not _one_line(template.name):
        return "no name"
    if not template.image_url:
        return "no image, and ALM needs one"
    if len(template.image_url) > MAX_ADDRESS:
        return f"an image whose address has more than {MAX_ADDRESS} characters"
    return ""


def _state(template: BadgeTemplate) -> str:
    return "Active" if template.state == "active" else "Retired"
