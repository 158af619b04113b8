"""Poll of an ALM account for new skills, for which ALM has no webhook. A skill with an unknown id is new.

A page has a hundred ids, but only ten skills with their badges. So the poll lists the ids, then reads the new skills.
https://experienceleague.adobe.com/en/docs/learning-manager/using/integration/developer-manual
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from .....adapters.errors import AdapterError
from ....runtime.durations import number_of
from ....store import Connection, Store
from ..api.background import polling_client
from ..api.client import AlmClient
from ..api.errors import UnknownRecordError
from ..api.skills import SkillRecord, parse_skills, skill_ids
from ..webhook.synthetic_events import skill_created

IDS_ON_A_PAGE = 100
SKILLS_ON_A_PAGE = 10
BADGES = {"include": "levels.badge"}


@dataclass(frozen=True, slots=True)
class Polled:
    """The result of a poll.

    :param skills: the number of the account's skills.
    :param new: the skills that were not known.
    :param learned: whether this was the first poll, which takes all skills as known.
    """

    skills: int
    new: tuple[SkillRecord, ...]
    learned: bool

    def __str__(self) -> str:
        if self.learned:
            return f"{number_of(self.skills, 'skill')} known; what comes later is new"
        return f"{number_of(self.skills, 'skill')}, {len(self.new)} new"


def poll_skills(store: Store, connection: Connection) -> Polled:
    """Put an event into the inbox for each new skill. The first poll only records the skills as known.

    :raises AdapterError: ALM does not answer, or its rate limit is reserved for completions. Skills found until then
        are stored.
    """
    account = connection.settings["account_id"]
    known = store.known_skills.of(connection.name, account)
    with polling_client(store, connection) as client:
        listed = _list(client)
        if known is None:
            store.known_skills.learn(connection.name, account, listed, store.now())
            return Polled(len(listed), (), learned=True)
        new: list[SkillRecord] = []
        for skill in _described(client, [each for each in listed if each not in known], len(listed)):
            # The event first: stored twice, it is one. The skill becomes known after its event is stored.
            store.inbox.add([skill_created(connection, skill.payload())], store.now())
            store.known_skills.learn(connection.name, account, [skill.id], store.now())
            new.append(skill)
    return Polled(len(listed), tuple(new), learned=False)


def _list(client: AlmClient) -> list[str]:
    found: dict[str, None] = {}
    for document in client.pages("/skills", {"page[offset]": "0", "page[limit]": str(IDS_ON_A_PAGE)}):
        found.update(dict.fromkeys(skill_ids(document)))
    return list(found)


def _described(client: AlmClient, wanted: list[str], total: int) -> Iterator[SkillRecord]:
    """Yield these skills with their levels and badges, in as few calls as possible."""
    missing = set(wanted)
    if len(wanted) > total / SKILLS_ON_A_PAGE:
        params = {**BADGES, "page[offset]": "0", "page[limit]": str(SKILLS_ON_A_PAGE)}
        for document in client.pages("/skills", params):
            for skill in parse_skills(document):
                if skill.id in missing:
                    missing.discard(skill.id)
                    yield skill
            if not missing:
                return
        return
    for skill_id in wanted:
        try:
            document = client.get(f"/skills/{quote(skill_id, safe='')}", BADGES, "the skill")
        except UnknownRecordError:
            continue  # the skill was removed, or the next poll finds it
        yield from (skill for skill in parse_skills(document) if skill.id == skill_id)


def learn_skills(store: Store, connection: Connection) -> str | None:
    """Record the account's skills as known, unless they are. Returns the result in words, or None.

    A failure is returned, not raised, since the first scheduled poll does the same.
    """
    if store.known_skills.of(connection.name, connection.settings["account_id"]) is not None:
        return None
    try:
        return number_of(poll_skills(store, connection).skills, "skill")
    except AdapterError as error:
        return f"its skills are not known yet ({error})"
