"""The contract's view of a provider: how to connect to it, and how to make it fail."""

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
    """The time in seconds since the epoch; a wait that the provider asks for can be skipped."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self._ahead

    def skip(self, seconds: float) -> None:
        self._ahead += seconds


@dataclass
class Provider:
    """A provider to run the contract against.

    A test that needs a missing field is skipped and says which.

    :param settings: as ``connect --from`` takes them.
    :param faults: makes requests fail; takes the text of :class:`badgerelay.adapters.sandbox.Faults`.
    :param issued: returns how many badges the provider has made.
    :param issuing: the requests that issue, in the notation of ``on=`` in that text.
    :param made_up: learners may be invented, because no mail is sent. Otherwise ``email``, if given, gets one badge.
    :param template_id: the badge template to issue from; empty: the first active one.
    :param storage: returns the connection's storage. :param pace: the connection's pace.
    :param records: the connection's records; all of its adapters share them.
    :param public_url: the URL of the adapter's public pages.
    :param impatient: settings with a short time-out; default: ``read_timeout``, if the adapter has it.
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
        """Return an adapter with these settings and changes; :meth:`close` closes it."""
        loaded = self.adapter.settings_schema().load({**self.settings, **(changes or {})})
        # Other settings must not use the stored values of the connection, such as a token.
        storage = MemoryStorage() if changes else self.storage()
        context = Context("contract", storage, Clock(), time.sleep, pace or self.pace, self.public_url, self.records)
        adapter = self.adapter(loaded, context)
        self._open.append(adapter)
        return adapter

    def close(self) -> None:
        """Close all adapters."""
        while self._open:
            self._open.pop().close()

    def template(self, adapter: Adapter) -> BadgeTemplate:
        """Return the badge template to issue from."""
        active = (each for each in adapter.templates() if each.state == "active")
        found = next((each for each in active if self.template_id in ("", each.id)), None)
        assert found is not None, "the provider lists no active badge template to issue from"
        return found

    def award(self, adapter: Adapter, **changes: Any) -> Award:
        """Return an award for a new learner, or for the learner of ``email``."""
        unique = uuid.uuid4().hex
        email = f"learner-{unique}@learners.example.org" if self.made_up else self.email
        person = Recipient(email, "Ines", "Moreau", f"contract:{unique}", "fr-FR")
        issued_at = ISSUED_AT if self.made_up else datetime.now(UTC).replace(microsecond=0)
        award = Award(unique, changes.pop("template_id", None) or self.template(adapter).id, person, issued_at)
        return replace(award, **changes)

    @contextlib.contextmanager
    def failing(self, spec: str) -> Iterator[None]:
        """Make requests fail; skip the test if the provider cannot."""
        if self.faults is None:
            pytest.skip("this provider cannot be made to fail: give Provider(faults=...)")
        self.faults(spec)
        try:
            yield
        finally:
            self.faults("")

    def needs_learners(self) -> None:
        """Skip the test if learners may not be invented."""
        if not self.made_up:
            pytest.skip("learners may not be invented at this provider")

    def needs_http(self) -> None:
        """Skip the test if the adapter makes no HTTP requests."""
        if not self.adapter.capabilities.over_http:
            pytest.skip("it makes no HTTP requests")

    def needs(self, capability: str) -> None:
        """Skip the test if the adapter does not declare the capability."""
        if not getattr(self.adapter.capabilities, capability):
            pytest.skip(f"it declares no {capability}")

    def number(self) -> int:
        """Return the number of badges; skip the test if it is not known."""
        if self.issued is None:
            pytest.skip("this provider's badges cannot be counted: give Provider(issued=...)")
        return self.issued()

    def secrets(self) -> dict[str, str]:
        """Return the secret settings, by name."""
        fields = self.adapter.settings_schema().fields
        return {
            key: value
            for key, value in self.settings.items()
            if key in fields and fields[key].metadata.get("secret") and isinstance(value, str) and value
        }

    def quick(self) -> Mapping[str, Any]:
        """Return settings with a short time-out; skip the test if there are none."""
        if self.impatient is not None:
            return self.impatient
        if "read_timeout" not in self.adapter.settings_schema().fields:
            pytest.skip("it has no setting read_timeout, and no impatient settings were given")
        return {"read_timeout": 0.5}
