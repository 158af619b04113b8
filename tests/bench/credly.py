"""What Credly's sandbox has to say: how many badges, how many twice, when they were asked for."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import requests

from badgerelay.adapters.credly.adapter import CredlyAdapter

from .processes import Process, badgerelay, get_json, running
from .stores import TEMPLATE

LATENCY = "latency=0.2"
LATENCY_SECONDS = 0.2
POLL_SECONDS = 0.05


def credly_sandbox(home: Path, *, faults: str = "", **knobs: str | int) -> AbstractContextManager[Process]:
    """Its templates allow duplicates: Credly itself would refuse a second badge, and hide what we did wrong."""
    knobs["allow_duplicates"] = "on"
    given = [part for name, value in knobs.items() for part in ("--knob", f"{name}={value}")]
    return running(badgerelay("sandbox", "credly", "--faults", faults, *given), home, "credly")


def templates_of(credly: Process) -> list[str]:
    """All badge templates but ``TEMPLATE``."""
    settings = CredlyAdapter.sandbox_settings(credly.url)
    found: list[str] = []
    address: str | None = (
        f"{credly.url}/v1/organizations/{settings['organization_id']}/badge_templates?filter=state::active"
    )
    while address:
        answer = requests.get(address, auth=(settings["token"], ""), timeout=10).json()
        found += [str(item["id"]) for item in answer["data"]]
        address = answer["metadata"]["next_page_url"]
    return [template for template in found if template != TEMPLATE]


def badges(credly: Process) -> dict[str, int]:
    """``total`` and ``duplicates``: how many live badges there are, and how many of them are one too many."""
    return dict(get_json(f"{credly.url}/_sandbox/badges?format=count")["counts"])


def calls(credly: Process) -> int:
    """How many requests the API got."""
    return sum(get_json(f"{credly.url}/_sandbox/requests")["counts"].values())


def arrivals(credly: Process) -> list[float]:
    """When each POST for badges arrived, in order, seconds since the epoch."""
    posts = get_json(f"{credly.url}/_sandbox/requests")["posts"]
    return sorted(float(moment) for moment, kind in posts if "badges" in kind)


def rate(amount: int, moments: list[float]) -> float:
    """Badges a second, from the first request's arrival to the last one's answer."""
    return amount / (max(moments) + LATENCY_SECONDS - min(moments))


def wait_until(done: Callable[[], bool], seconds: float, what: str) -> None:
    """:raises RuntimeError: it did not come true in time."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {seconds:.0f} s: {what}")
        time.sleep(POLL_SECONDS)


def wait_until_still(credly: Process, seconds: float, longest: float) -> None:
    """Until no badge was made for so long, or ``longest`` is over."""
    deadline = time.monotonic() + longest
    seen, since = -1, time.monotonic()
    while time.monotonic() < min(deadline, since + seconds):
        total = badges(credly)["total"]
        if total != seen:
            seen, since = total, time.monotonic()
        time.sleep(POLL_SECONDS)
