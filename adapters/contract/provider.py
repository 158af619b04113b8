"""What the contract's tests know of a provider: how to connect to it, and how to make it fail."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ..base import Adapter
from ..context import Context, Records, Storage, unhurried
from ..values import Award, BadgeTemplate, Recipient
from .memory import MemoryRecords, MemoryStorage

_TESTS = ("changing", "connecting", "discretion", "doubt", "issuing", "listing", "sending", "sharing", "trouble")
pytest.register_assert_rewrite(*(f"badgerelay.adapters.contract.{name}" for name in _TESTS))

PUBLIC_URL = "https://badges.example.org/public/contract"
ISSUED_AT = datetime(2026, 3, 2, 13, 5, tzinfo=UTC)


class Clock:
    """The time, in seconds since the epoch; what a provider asks to wait for can be skipped."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self._ahead

    def skip(self, seconds: float) -> None:
        self._ahead += seconds


@dataclass
class Provider:
    """A provider to run the contract against.

    What is not given is not tested: the test says so as it is skipped.

    :param settings: as ``connect --from`` takes them.
    :param faults: lets requests go wrong, by a text as :class:`badgerelay.adapters.sandbox.Faults` takes it.
    :param issued: how many badges the provider has made so far.
    :param issuing: the requests that issue, as ``on=`` takes them in that text.
    :param made_up: learners may be made up: nobody gets mail. Else the one badge goes to ``email``, if that is given.
    :param template_id: to issue from; without it, the first active one.
    :param storage: makes the connection's storage, as ``pace`` is the connection's pace.
    :param records: the connection's records; all of its adapters share them.
    :param public_url: where what it publishes is served.
    :param impatient: settings with which silence is given up soon; by itself ``read_timeout``, if there is one.
    """

    adapter: type[Adapter]
    settings: Mapping[str, Any]
    faults: Callable[[str], None] | None = None
    issued: Callable[[], int] | None = None
    issuing: str = "POST"
    made_up: bool = True
    email: str = ""
    template_id: str = ""
    impatient: Mapping[str, Any] | None = None
    storage: Callable[[], Storage] = MemoryStorage
    pace: Callable[[], None] = unhurried
    records: Records = field(default_factory=MemoryRecords, repr=False)
    public_url: str = PUBLIC_URL
    _open: list[Adapter] = field(default_factory=list, repr=False)

    def __repr__(self) -> str:
        return f"<Provider of {self.adapter.name}>"

    def connect(self, changes: Mapping[str, Any] | None = None, *, pace: Callable[[], None] | None = None) -> Adapter:
        """An adapter with these settings, some of them changed; closed by :meth:`close`."""
        loaded = self.adapter.settings_schema().load({**self.settings, **(changes or {})})
        # What other settings make it keep, such as a token, is none of the connection's.
        storage = MemoryStorage() if changes else self.storage()
        context = Context("contract", storage, Clock(), time.sleep, pace or self.pace, self.public_url, self.records)
        adapter = self.adapter(loaded, context)
        self._open.append(adapter)
        return adapter

    def close(self) -> None:
        while self._open:
            self._open.pop().close()

    def template(self, adapter: Adapter) -> BadgeTemplate:
        """That which is issued from."""
        active = (each for each in adapter.templates() if each.state == "active")
        found = next((each for each in active if self.template_id in ("", each.id)), None)
        assert found is not None, "the provider lists no active badge template to issue from"
        return found

    def award(self, adapter: Adapter, **changes: Any) -> Award:
        """One for a learner that nobody has seen before; or for the one who may get a badge."""
        unique = uuid.uuid4().hex
        email = f"learner-{unique}@learners.example.org" if self.made_up else self.email
        person = Recipient(email, "Ines", "Moreau", f"contract:{unique}", "fr-FR")
        issued_at = ISSUED_AT if self.made_up else datetime.now(UTC).replace(microsecond=0)
        award = Award(unique, changes.pop("template_id", None) or self.template(adapter).id, person, issued_at)
        return replace(award, **changes)

    @contextlib.contextmanager
    def failing(self, spec: str) -> Iterator[None]:
        """Let requests go wrong so; skips the test where that cannot be had."""
        if self.faults is None:
            pytest.skip("this provider cannot be made to fail")
        self.faults(spec)
        try:
            yield
        finally:
            self.faults("")

    def needs_learners(self) -> None:
        if not self.made_up:
            pytest.skip("nobody may be made up at this provider")

    def needs_http(self) -> None:
        if not self.adapter.capabilities.over_http:
            pytest.skip("it makes no HTTP requests")

    def needs(self, capability: str) -> None:
        if not getattr(self.adapter.capabilities, capability):
            pytest.skip(f"it declares no {capability}")

    def number(self) -> int:
        """How many badges there are; skips the test where nobody knows."""
        if self.issued is None:
            pytest.skip("nobody can count this provider's badges")
        return self.issued()

    def secrets(self) -> dict[str, str]:
        """Its secret settings by name."""
        fields = self.adapter.settings_schema().fields
        return {
            key: value
            for key, value in self.settings.items()
            if key in fields and fields[key].metadata.get("secret") and isinstance(value, str) and value
        }

    def quick(self) -> Mapping[str, Any]:
        """Settings with which silence is soon given up; skips the test where there are none."""
        if self.impatient is not None:
            return self.impatient
        if "read_timeout" not in self.adapter.settings_schema().fields:
            pytest.skip("it has no setting read_timeout, and no impatient settings were given")
        return {"read_timeout": 0.5}
