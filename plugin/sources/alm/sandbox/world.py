"""The invented account, with the same people, courses and badges each time."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field, replace

from .knobs import ACCOUNT_ID as ACCOUNT_ID
from .knobs import AlmKnobs

CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-secret"  # noqa: S105 (the sandbox's own, published)
REFRESH_TOKEN = "sandbox-refresh"  # noqa: S105 (the sandbox's own, published)
WEBHOOK_USERNAME = "alm"
WEBHOOK_PASSWORD = "sandbox-password"  # noqa: S105 (likewise)
FIRST_LEARNER = 15300721
OTHER_PROVIDER = "another-provider"

COURSE_TEMPLATE = "6f0a2c9e-8b1d-4e37-9a55-d2c4b8f01a63"
SKILL_TEMPLATE = "0d7e1b52-63ac-4c1f-8f0b-94a7e6d3c215"
PATH_TEMPLATE = "3c51e8d4-07b6-4a92-b1f3-58d0a94c7e21"
CERTIFICATION_TEMPLATE = "91d2b6f7-4e80-4c3a-8d15-e7a06b3f92c8"
OTHER_TEMPLATE = "c04e7a19-5d2f-4b86-a3e1-0f9b8d7c6a52"

_NAMES = (
    "Rosa Lindqvist",
    "Tomás Ortega Ruiz",
    "Wei Chen",
    "Amara Okafor",
    "Björn Åkesson",
    "Sukarno",
    "Fatima al-Zahra",
    "Jan van der Berg",
)
_ASCII = str.maketrans("áåéíóöúÅ", "aaeioouA")


@dataclass(frozen=True, slots=True)
class Learner:
    id: str
    name: str
    email: str
    locale: str = "en-US"


@dataclass(frozen=True, slots=True)
class Badge:
    """A badge. :param provider: None for a badge of ALM's own."""

    id: str
    name: str
    template_id: str | None = None
    provider: str | None = None


@dataclass(frozen=True, slots=True)
class Gain:
    """Credits of a skill level."""

    skill_id: str
    level: int
    credits: int


@dataclass(frozen=True, slots=True)
class LearningObject:
    """A learning object with one instance.

    :param on_instance: whether the instance has the badge, or the learning object itself.
    :param gains: the credits that a completion gives.
    :param parts: the learning objects of a path or certification.
    :param root_id: the first period of a certification; None for the first itself.
    """

    id: str
    instance_id: str
    name: str
    badge_id: str | None = None
    on_instance: bool = True
    gains: tuple[Gain, ...] = ()
    parts: tuple[str, ...] = ()
    root_id: str | None = None

    @property
    def lo_type(self) -> str:
        return self.id.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Level:
    """A level of a skill. :param most: the credits that achieve it."""

    level: int
    most: int
    badge_id: str | None = None


@dataclass(frozen=True, slots=True)
class Skill:
    id: str
    name: str
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Completion:
    """A completion. :param shown_from: the time from which ``userSkills`` shows it, in seconds since the epoch."""

    user_id: str
    lo_id: str
    date: str
    shown_from: float


@dataclass(slots=True)
class World:
    """The records that the API shows. Skills and completions change; change them under ``lock``."""

    learners: dict[str, Learner]
    badges: dict[str, Badge]
    learning_objects: dict[str, LearningObject]
    skills: dict[str, Skill]
    account_id: str
    completions: dict[tuple[str, str], Completion] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def by_instance(self, instance_id: str) -> LearningObject | None:
        learning_object = self.learning_objects.get(instance_id.rpartition("_")[0])
        return learning_object if learning_object and learning_object.instance_id == instance_id else None

    def add_skill(self, name: str, badge_id: str | None) -> Skill:
        with self.lock:
            skill = Skill(str(max(map(int, self.skills)) + 1), name, (Level(1, 10, badge_id),))
            self.skills[skill.id] = skill
        return skill

    def complete(self, user_id: str, lo_id: str, date: str, shown_from: float) -> None:
        with self.lock:
            self.completions.setdefault((user_id, lo_id), Completion(user_id, lo_id, date, shown_from))

    def renew(self, lo_id: str) -> LearningObject:
        """Add the next period of a certification, under a new id.

        :raises ValueError: no certification has this id.
        """
        with self.lock:
            known = self.learning_objects.get(lo_id)
            if known is None or known.lo_type != "certification":
                raise ValueError("loId: no such certification")
            number = (
                max(int(each.partition(":")[2]) for each in self.learning_objects if each.startswith("certif")) + 1
            )
            renewed = replace(
                known,
                id=f"certification:{number}",
                instance_id=f"certification:{number}_{190000 + number}",
                root_id=known.root_id or known.id,
            )
            self.learning_objects[renewed.id] = renewed
        return renewed

    def credits(self, user_id: str, now: float) -> dict[tuple[str, int], tuple[int, str | None]]:
        """Return a learner's credits and the date of achievement, by skill and level."""
        found: dict[tuple[str, int], tuple[int, str | None]] = {}
        with self.lock:
            mine = [each for each in self.completions.values() if each.user_id == user_id and each.shown_from <= now]
            for completion in sorted(mine, key=lambda each: each.date):
                for gain in self.learning_objects[completion.lo_id].gains:
                    key = (gain.skill_id, gain.level)
                    points, date = found.get(key, (0, None))
                    points += gain.credits
                    most = next(each.most for each in self.skills[gain.skill_id].levels if each.level == gain.level)
                    found[key] = (points, date or (completion.date if points >= most else None))
        return found


def make_world(knobs: AlmKnobs) -> World:
    ours = knobs.provider
    badges = [
        Badge("4410", "LOTO Basics", COURSE_TEMPLATE, ours),
        Badge("4411", "Energy isolation 1", SKILL_TEMPLATE, ours),
        Badge("4412", "Safety path", PATH_TEMPLATE, ours),
        Badge("4413", "Certified technician", CERTIFICATION_TEMPLATE, ours),
        Badge("4414", "Elsewhere", OTHER_TEMPLATE, OTHER_PROVIDER),
        Badge("4415", "In ALM only"),
    ]
    objects = [
        LearningObject(
            "learningProgram:164501",
            "learningProgram:164501_152277",
            "Safety path",
            "4412",
            parts=("course:8801234",) if knobs.courses else (),
        ),
        LearningObject(
            "certification:171020", "certification:171020_190311", "Certified technician", "4413", on_instance=False
        ),
        LearningObject("course:8801300", "course:8801300_17700991", "A course without a badge"),
        LearningObject("course:8801301", "course:8801301_17700992", "A course of another provider", "4414"),
        LearningObject("course:8801302", "course:8801302_17700993", "A course with a badge of ALM's own", "4415"),
        LearningObject(
            "course:8801303",
            "course:8801303_17700994",
            "Isolation in practice",
            gains=(Gain("240110", 1, 10), Gain("240110", 2, 10)),
        ),
        LearningObject(
            "course:8801304", "course:8801304_17700995", "Isolation of large plants", gains=(Gain("240110", 2, 10),)
        ),
    ]
    if knobs.courses:
        objects.insert(
            0,
            LearningObject("course:8801234", "course:8801234_17700456", "Lockout-Tagout Basics", "4410"),
        )
    templates = [template.strip() for template in knobs.templates.split(",") if template.strip()]
    for number in range(1, knobs.courses):
        template = templates[(number - 1) % len(templates)] if templates else _template(number)
        badges.append(Badge(str(5000 + number), f"Course {number}", template, ours))
        lo_id = f"course:{8810000 + number}"
        objects.append(LearningObject(lo_id, f"{lo_id}_{17710000 + number}", f"Course {number}", str(5000 + number)))
    return World(
        learners={learner.id: learner for learner in map(_learner, range(knobs.learners))},
        badges={badge.id: badge for badge in badges},
        learning_objects={item.id: item for item in objects},
        skills={"240110": Skill("240110", "Energy isolation", (Level(1, 10, "4411"), Level(2, 20)))},
        account_id=knobs.account,
    )


def _learner(number: int) -> Learner:
    user_id = str(FIRST_LEARNER + number)
    if number >= len(_NAMES):
        return Learner(user_id, f"Learner {number + 1}", f"learner.{user_id}@example.org")
    words = _NAMES[number].translate(_ASCII).lower().split()
    return Learner(user_id, _NAMES[number], f"{'.'.join(dict.fromkeys((words[0], words[-1])))}@example.org")


def _template(number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"badgerelay sandbox course {number}"))


def sandbox_settings(url: str, provider: str) -> dict[str, str]:
    """Return the settings for a connection to a sandbox at this base URL, in the form of ``connect --from``.

    :param provider: the provider connection that issues its badges.
    """
    return {
        "account_id": ACCOUNT_ID,
        "host": url,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "refresh_token": REFRESH_TOKEN,
        "provider": provider,
        "webhook_auth": "basic",
        "webhook_username": WEBHOOK_USERNAME,
        "webhook_password": WEBHOOK_PASSWORD,
    }


def webhook_target(url: str) -> dict[str, str]:
    """Return the body of ``POST /_sandbox/webhooks`` for this URL and the credentials of ``sandbox_settings``."""
    return {"url": url, "auth": "basic", "username": WEBHOOK_USERNAME, "password": WEBHOOK_PASSWORD}
