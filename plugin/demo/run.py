"""``badgerelay demo``: real processes on loopback, with events from ALM and from an LMS host."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import requests

from ...adapters.base import Adapter
from ...adapters.registry import adapter_names, load_adapter
from ..connections.declarations import toml_block
from ..runtime.settings import read_settings
from .lms import SOURCE, TinyLms
from .processes import Processes, StartError, processes

PROVIDER, ACCOUNT = "academy", "acme"
HOST_COURSE = "graph-databases-101"
ROSA, TOMAS, WEI = "15300721", "15300722", "15300723"
COURSE = "course:8801234_17700456"
PATH = "learningProgram:164501_152277"
CERTIFICATION = "certification:171020_190311"
WAIT_SECONDS = 60.0
"""Maximum seconds for all badges to be issued."""

COMPLETIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("Rosa completes a course; ALM delivers the event twice", {"userId": ROSA, "loInstanceId": COURSE, "times": 2}),
    ("Tomás completes it too, under both event names", {"userId": TOMAS, "loInstanceId": COURSE, "both_names": True}),
    ("Wei completes it without passing", {"userId": WEI, "loInstanceId": COURSE, "hasPassed": False}),
    ("Rosa completes a learning path", {"userId": ROSA, "loInstanceId": PATH}),
    ("Rosa completes a certification", {"userId": ROSA, "loInstanceId": CERTIFICATION}),
)
EVENTS = 7
BADGES = 5
"""Events in the inbox, and badges at the provider, that COMPLETIONS and the tiny LMS make together."""

Say = Callable[[str], None]


class DemoError(Exception):
    """A step of the demo did not work; the message says which."""


def run(say: Say, *, keep: bool) -> None:
    """Run the demo.

    :param keep: leave everything running until interrupted.
    :raises DemoError: a step did not work.
    """
    adapter = load_adapter(adapter_names()[0])
    with tempfile.TemporaryDirectory(prefix="badgerelay-demo-") as folder, processes(Path(folder)) as running:
        try:
            _story(say, adapter, running, keep=keep)
        except StartError as error:
            raise DemoError(str(error)) from error


def _story(say: Say, adapter: type[Adapter], running: Processes, *, keep: bool) -> None:
    say("1. Start the sandboxes and badgerelay, each in a process of its own")
    provider = running.start("sandbox", adapter.name)
    say(f"   {adapter.name} sandbox   {provider}")
    alm = running.start("sandbox", "alm", "--knob", f"provider={adapter.name}")
    say(f"   ALM sandbox      {alm}")
    _connect(say, adapter, running, provider, alm)
    relay = running.start("serve", "--port", "0")
    say(f"   badgerelay       {relay}")
    settings = read_settings({"BADGERELAY_HOME": str(running.home)})
    with closing(TinyLms(settings)) as lms:
        _complete_courses(say, running, alm, relay, lms)
        badges = _issued(provider)
        say("3. What the provider has")
        for badge in badges:
            say(f"   {badge['badge_template']['name']:<22} {badge['recipient_email']:<30} {badge['state']}")
        say(f"   {len(badges)} badges for {BADGES} completions that earn one, nothing lost, nothing twice")
        notice = lms.next_badge(WAIT_SECONDS)
        if notice is None:
            raise DemoError("the hook badge_issued was not called in the tiny LMS")
        say(f"   the tiny LMS was notified by a hook: award {notice.id}, {notice.badge_url}")
        _why(say, running)
        if keep:
            _stay(say, running, provider, alm, relay)


def _connect(say: Say, adapter: type[Adapter], running: Processes, provider: str, alm: str) -> None:
    from ..sources.alm.sandbox import sandbox_settings

    source = sandbox_settings(alm, PROVIDER)
    file = running.home / "demo.toml"
    file.touch(mode=0o600)
    file.write_text(
        toml_block(adapter.name, PROVIDER, adapter.sandbox_settings(provider)) + toml_block("alm", ACCOUNT, source)
    )
    for line in running.run("connect", "--from", str(file)).splitlines():
        say(f"   {line}")
    template = json.loads(running.run("templates", "list", "--json"))
    chosen = next(each for each in template if each["state"] == "active")
    running.run(
        *("rules", "add", "--source", SOURCE, "--learning-object", HOST_COURSE),
        *("--template", chosen["template_id"], "--connection", PROVIDER),
    )
    say(f"   rule: {HOST_COURSE} of the tiny LMS earns {chosen['name']!r}")


def _complete_courses(say: Say, running: Processes, alm: str, relay: str, lms: TinyLms) -> None:
    say("2. Learners complete")
    from ..sources.alm.sandbox import webhook_target

    _post(f"{alm}/_sandbox/webhooks", webhook_target(f"{relay}/webhooks/alm/{ACCOUNT}"))
    for text, completion in COMPLETIONS:
        _post(f"{alm}/_sandbox/complete", completion)
        say(f"   ALM webhook: {text}")
    lms.complete("ada", HOST_COURSE)
    say("   hook call: Ada completes a course in a tiny LMS, which is asked for her e-mail address")
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        events = json.loads(running.run("events", "list", "--json"))
        awards = json.loads(running.run("awards", "list", "--json"))
        decided = [event for event in events if event["state"] in ("done", "ignored", "dead")]
        if len(decided) >= EVENTS and sum(award["state"] == "issued" for award in awards) >= BADGES:
            return
    raise DemoError(f"after {WAIT_SECONDS:.0f} seconds not every badge was issued; the logs are in {running.home}")


def _why(say: Say, running: Processes) -> None:
    say("4. Why? `badgerelay awards why 1`")
    for line in running.run("awards", "why", "1").splitlines():
        say(f"   {line}")
    failed = next(
        event
        for event in json.loads(running.run("events", "list", "--state", "ignored", "--json"))
        if event["learner_id"] == WEI
    )
    say(f"   And Wei? `badgerelay awards why {failed['event_id']}`")
    for line in running.run("awards", "why", failed["event_id"]).splitlines():
        say(f"   {line}")


def _stay(say: Say, running: Processes, provider: str, alm: str, relay: str) -> None:
    say("")
    say("Everything runs until Ctrl-C. In another terminal, try:")
    say(f"   export BADGERELAY_HOME={running.home}")
    say(f"   curl {provider}/_sandbox/badges")
    say(f'   curl {alm}/_sandbox/complete -d \'{{"userId": "{WEI}"}}\'')
    say(f"   curl {relay}/readyz")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        say("stopped")


def _issued(provider: str) -> list[dict[str, Any]]:
    answer = requests.get(f"{provider}/_sandbox/badges", timeout=10)
    answer.raise_for_status()
    badges: list[dict[str, Any]] = answer.json()["badges"]
    if len(badges) != BADGES:
        raise DemoError(f"the provider has {len(badges)} badges, not {BADGES}")
    return badges


def _post(url: str, body: dict[str, Any]) -> None:
    answer = requests.post(url, json=body, timeout=10)
    if not answer.ok:
        raise DemoError(f"{url} answered {answer.status_code}: {answer.text[:200]}")
