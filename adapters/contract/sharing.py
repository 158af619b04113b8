"""One adapter serves many threads; share links need no call."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from ..values import IssuedBadge
from .provider import Provider
from .sending import issue_one

THREADS = 8


class SharingContract:
    def test_several_threads_issue_through_one_adapter(self, provider: Provider) -> None:
        provider.needs_learners()
        adapter = provider.connect()
        template = provider.template(adapter).id
        awards = [provider.award(adapter, template_id=template) for _ in range(3 * THREADS)]
        before = provider.number()
        with ThreadPoolExecutor(THREADS) as pool:
            badges = list(pool.map(lambda award: issue_one(adapter, award), awards))
        ids = {badge.id for badge in badges if isinstance(badge, IssuedBadge)}
        assert len(ids) == len(awards), badges
        assert provider.number() == before + len(awards)
        if adapter.capabilities.can_look_up:
            with ThreadPoolExecutor(THREADS) as pool:
                found = list(pool.map(adapter.find, awards))
            assert [badge and badge.id for badge in found] == [getattr(badge, "id", None) for badge in badges]

    def test_share_links_are_urls_and_need_no_call(self, provider: Provider) -> None:
        provider.needs("can_share")
        adapter = provider.connect()
        with provider.failing("down=1"):
            links = adapter.share_links("b-1")
        assert links
        assert all(urlsplit(link.url).scheme in ("https", "http") and urlsplit(link.url).netloc for link in links)
        assert len({link.target for link in links}) == len(links)
