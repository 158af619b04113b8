"""The public pages of an issuer: pages, signed credentials, keys; and nothing more."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
import requests

from badgerelay.adapters import Change
from badgerelay.adapters.openbadges.adapter import OpenBadgesAdapter
from badgerelay.plugin.store import Store
from badgerelay.plugin.store.connections.records import ConnectionRecords
from badgerelay.plugin.store.database import StoreUnavailableError

from ..support import Running
from .issuers import NAME, PUBLIC, SVG, URL, Campus, connect_campus, draft, png


@pytest.fixture
def campus(store: Store) -> Campus:
    return connect_campus(store, did="web")


def test_the_page_of_a_badge_can_be_read_and_shared(campus: Campus) -> None:
    badge = campus.issue(1)
    answer = campus.get(str(badge.url), "text/html,*/*;q=0.8")
    page = answer.get_data(as_text=True)
    assert answer.content_type == "text/html; charset=utf-8"
    for tag in ("og:title", "og:description", "og:image", "og:url", "og:type"):
        assert f'property="{tag}"' in page
    assert f'content="{URL}/achievements/graph-101/image"' in page
    assert "Valid: signed by the issuer" in page
    assert "<b>" not in page
    assert "&lt;b&gt;" in page
    assert "learner" not in page
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("accept", ["*/*", "text/html"])
def test_previews_of_links_get_the_page(campus: Campus, accept: str) -> None:
    assert campus.get(str(campus.issue(1).url), accept).mimetype == "text/html"


@pytest.mark.parametrize("accept", ["application/vc+ld+json", "application/ld+json, application/json"])
def test_verifiers_get_the_credential_at_its_id(campus: Campus, accept: str) -> None:
    badge = campus.issue(1)
    answer = campus.get(str(badge.url), accept)
    assert answer.content_type == "application/vc+ld+json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Accept" in answer.headers["Vary"]
    assert json.loads(answer.data) == campus.credential(badge)
    assert answer.json is not None
    assert answer.json["id"] == badge.url


def test_the_page_of_a_badge_that_was_revoked_says_so(campus: Campus) -> None:
    badge = campus.issue(1)
    campus.adapter().revoke(badge.id, "cheated")
    page = campus.get(str(badge.url), "text/html").get_data(as_text=True)
    assert "Revoked by the issuer" in page
    assert "Valid: signed" not in page
    assert "cheated" not in page


def test_the_page_of_a_badge_that_was_tampered_with_says_so(campus: Campus) -> None:
    badge = campus.issue(1)
    records: Any = campus.adapter().context.records
    record = records.get("badge", [badge.id])[badge.id]
    kept = json.loads(record.value)
    kept["credential"]["credentialSubject"]["achievement"]["name"] = "Doctor"
    changes = [Change("badge", badge.id, json.dumps(kept), record.version, record.group)]
    assert records.change(changes)
    page = campus.get(str(badge.url), "text/html").get_data(as_text=True)
    assert "Not valid: its signature is not the issuer" in page
    assert "Valid: signed" not in page


def test_achievement_issuer_and_keys_are_at_the_urls_of_credentials(campus: Campus) -> None:
    credential = campus.credential(campus.issue(1))
    achievement = credential["credentialSubject"]["achievement"]
    assert campus.document(achievement["id"]) == achievement
    assert "How it is earned" in campus.get(achievement["id"], "text/html").get_data(as_text=True)
    image = campus.get(achievement["image"]["id"], "image/*")
    assert (image.data, image.content_type) == (png(), "image/png")
    assert campus.document(credential["issuer"]["url"]) == credential["issuer"]
    document = campus.document(f"{URL}/did.json")
    assert document["id"] == credential["issuer"]["id"] == "did:web:badges.example.org:public:campus"
    methods = {method["id"]: method for method in document["verificationMethod"]}
    assert methods[credential["proof"]["verificationMethod"]]["type"] == "Multikey"


def test_badges_of_did_web_verify_once_did_key_was_chosen_instead(campus: Campus) -> None:
    credential = campus.credential(campus.issue(1))
    other = connect_campus(campus.store, did="key")
    document = other.document(f"{URL}/did.json")
    assert credential["proof"]["verificationMethod"] in document["assertionMethod"]
    assert other.credential(other.issue(2))["issuer"]["id"].startswith("did:key:")


def test_an_issuer_that_never_used_did_web_has_no_did_document(store: Store) -> None:
    campus = connect_campus(store, did="key")
    campus.issue(1)
    assert campus.get(f"{URL}/did.json").status_code == 404


def test_an_image_with_a_script_runs_none(campus: Campus) -> None:
    campus.adapter().make_template(draft("svg", image=SVG.replace(b"<circle", b"<script>1</script><circle")))
    answer = campus.get(f"{URL}/achievements/svg/image", "*/*")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_an_unchanged_page_is_not_sent_again(campus: Campus) -> None:
    url = str(campus.issue(1).url) + ".json"
    tag = campus.get(url).headers["ETag"]
    again = campus.get(url, **{"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        *(
            "",
            "/",
            "/nothing",
            "/credentials/",
            "/credentials/nothing",
            "/credentials/%00",
            "/credentials/../did.json",
        ),
        *("/credentials/00000000-0000-4000-8000-000000000000", "/achievements/nothing", "/achievements/a%00b"),
        *(
            "/keys/1",
            "/keys/9",
            "/keys/x",
            "/status/w-1",
            "/status/w-00",
            "/status/x-0",
            "/status/w-%EF%BC%91",
            "/status/w-" + "1" * 5000,
            "/status/",
        ),
        *("/status/j-0", "/status/1-0", "/achievements/draft", "/achievements/" + "x" * 3000),
    ],
)
def test_an_unknown_page_is_404(campus: Campus, path: str) -> None:
    campus.issue(1)
    campus.adapter().make_template(draft("draft", state="draft"))
    answer = campus.get(URL + path, "*/*")
    assert (answer.status_code, answer.data) == (404, b"there is no page here\n")


@pytest.mark.parametrize("name", ["nobody", "acme", "%00", "x" * 100, "..", ""])
def test_other_connections_publish_nothing(campus: Campus, name: str) -> None:
    campus.store.connections.save("acme", "source", "alm", "", {}, {}, 0.0)
    assert campus.get(f"{PUBLIC}/public/{name}/issuer").status_code == 404


def test_a_connection_of_another_provider_publishes_nothing(campus: Campus) -> None:
    values = {"organization_id": "x", "host": "http://127.0.0.1:9", "read_timeout": 1.0}
    campus.store.connections.save("vendor", "provider", "credly", "", values, {"token": "t"}, 0.0)
    assert campus.get(f"{PUBLIC}/public/vendor/issuer").status_code == 404


def test_nothing_can_be_posted(campus: Campus) -> None:
    answer = campus.web.post(f"/public/{NAME}/issuer")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_a_database_that_does_not_answer_is_503(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    url = str(campus.issue(1).url)
    assert campus.get(url).status_code == 200

    def fail(*_: Any) -> Any:
        raise StoreUnavailableError("gone")

    monkeypatch.setattr(ConnectionRecords, "get", fail)
    answer = campus.get(url)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_an_adapter_that_fails_is_contained(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any) -> Any:
        raise ValueError("a bug")

    monkeypatch.setattr(OpenBadgesAdapter, "public", lambda _: failing)
    assert campus.get(f"{URL}/issuer").status_code == 500
    assert campus.get(f"{PUBLIC}/healthz").status_code == 200


def test_an_adapter_that_does_not_say_what_it_publishes_holds_no_other(
    campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, end = threading.Event(), threading.Event()
    public = OpenBadgesAdapter.public

    def slow(adapter: OpenBadgesAdapter) -> Any:
        if adapter.context.connection == "slow":
            begun.set()
            end.wait(30)
        return public(adapter)

    connect_campus(campus.store, name="slow")
    monkeypatch.setattr(OpenBadgesAdapter, "public", slow)
    asking = threading.Thread(target=campus.web.get, args=("/public/slow/issuer",))
    asking.start()
    try:
        assert begun.wait(30)
        answers: list[int] = []
        other = threading.Thread(target=lambda: answers.append(campus.get(f"{URL}/issuer").status_code), daemon=True)
        other.start()
        other.join(10)
        assert answers == [200]
    finally:
        end.set()
        asking.join(30)


def test_the_links_to_share_lead_to_the_page(campus: Campus) -> None:
    badge = campus.issue(1)
    links = {link.target: link.url for link in campus.adapter().share_links(badge.id)}
    assert links["openbadges"] == badge.url
    assert set(links) == {"openbadges", "linkedin", "linkedin_post"}


def test_serve_serves_it(campus: Campus, environ: dict[str, str]) -> None:
    badge = campus.issue(1)
    relay = Running({**environ, "BADGERELAY_PUBLIC_URL": PUBLIC}, "serve", "--no-worker", "--port", "0").ready()
    try:
        path = str(badge.url).removeprefix(PUBLIC)
        answer = requests.get(relay.url + path, headers={"Accept": "application/json"}, timeout=30)
        assert answer.json() == campus.credential(badge)
        assert "Valid: signed" in requests.get(relay.url + path, timeout=30).text
    finally:
        relay.stop()
