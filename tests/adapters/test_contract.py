"""Each of our adapters keeps the contract, over its sandbox or over records in memory."""

from collections.abc import Iterator

import pytest

from badgerelay.adapters.accredible.adapter import AccredibleAdapter
from badgerelay.adapters.badgr.adapter import BadgrAdapter
from badgerelay.adapters.contract import AdapterContract, Provider, over_sandbox
from badgerelay.adapters.credly.adapter import CredlyAdapter
from badgerelay.adapters.example.adapter import ExampleAdapter
from badgerelay.adapters.openbadges.adapter import OpenBadgesAdapter
from badgerelay.adapters.openbadges.badges import KIND

from .issuers import draft, png


class TestCredly(AdapterContract):
    @pytest.fixture
    def provider(self) -> Iterator[Provider]:
        with over_sandbox(CredlyAdapter) as provider:
            yield provider


class TestExample(AdapterContract):
    @pytest.fixture
    def provider(self) -> Iterator[Provider]:
        with over_sandbox(ExampleAdapter, {"page_size": "2"}) as provider:
            yield provider


class TestBadgr(AdapterContract):
    @pytest.fixture
    def provider(self) -> Iterator[Provider]:
        with over_sandbox(BadgrAdapter, {"page_size": "2"}, issuing="POST:/v2/*") as provider:
            yield provider


class TestOpenBadges(AdapterContract):
    @pytest.fixture
    def provider(self) -> Iterator[Provider]:
        provider = Provider(OpenBadgesAdapter, {"issuer_name": "Example Academy"})
        provider.issued = lambda: len(list(provider.records.listed(KIND)))
        issuer = provider.connect()
        issuer.check()
        for template in ("graph-101", "graph-102"):
            issuer.make_template(draft(template, image=png()))
        yield provider
        provider.close()


class TestAccredible(AdapterContract):
    @pytest.fixture
    def provider(self) -> Iterator[Provider]:
        # One alone and a batch, not the search, which is posted too.
        with over_sandbox(AccredibleAdapter, {"page_size": "2"}, issuing="POST:/v?/credential*[!h]") as provider:
            yield provider
