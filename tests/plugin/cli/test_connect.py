from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from marshmallow import Schema, fields

from badgerelay.adapters.credly.adapter import CredlyAdapter
from badgerelay.adapters.errors import ConfigurationError
from badgerelay.plugin.connections.schemas import schema_of
from badgerelay.plugin.store import Store

from ...support import (
    CLIENT_SECRET,
    ORGANIZATION,
    REFRESH_TOKEN,
    SECRETS,
    TOKEN,
    WEBHOOK_PASSWORD,
    Ran,
    free_port,
)

Run = Callable[..., Ran]


def toml(credly: str, alm: str, **changes: str) -> str:
    """A declaration of both; each change replaces a text in it."""
    text = f"""
[[alm]]
name = "acme"
account_id = "70412"
host = "{alm}"
client_id = "sandbox-client"
client_secret = "{CLIENT_SECRET}"
refresh_token = "{REFRESH_TOKEN}"
provider = "academy"
webhook_auth = "basic"
webhook_username = "alm"
webhook_password = "{WEBHOOK_PASSWORD}"

[[credly]]
name = "academy"
organization_id = "{ORGANIZATION}"
host = "{credly}"
token = "{TOKEN}"
"""
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], str]:
    def written(text: str, name: str = "connections.toml") -> str:
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return written


def no_secret(ran: Ran) -> None:
    assert not [secret for secret in SECRETS if secret in ran.out + ran.err]
    assert "Traceback" not in ran.err


def test_a_file_connects_everything_and_again_changes_nothing(
    run: Run, credly: str, alm: str, write: Any, store: Store
) -> None:
    file = write(toml(credly, alm))
    first = run("connect", "--from", file)
    no_secret(first)
    assert (first.code, first.err) == (0, "")
    assert first.out.startswith("connected: credly academy: Riverbank Academy")
    assert "badge templates" in first.out
    assert first.out.splitlines()[1].startswith("connected: alm acme")
    before = {connection.name: connection.updated_at for connection in store.connections.all()}
    again = run("connect", "--from", file)
    assert again.code == 0
    assert [line.split(":")[0] for line in again.out.splitlines()] == ["unchanged", "unchanged"]
    assert {connection.name: connection.updated_at for connection in store.connections.all()} == before
    listed = run("connections", "--json")
    no_secret(listed)
    assert [(row["name"], row["type"], row["state"]) for row in listed.json] == [
        ("academy", "credly", "works"),
        ("acme", "alm", "works"),
    ]
    assert len(run("templates", "list", "--json").json) >= 3


def test_a_changed_setting_changes_its_connection_only(run: Run, credly: str, alm: str, write: Any) -> None:
    run("connect", "--from", write(toml(credly, alm)))
    changed = run("connect", "--from", write(toml(credly, alm, **{WEBHOOK_PASSWORD: "another"})))
    assert changed.code == 0
    assert [line.split(":")[0] for line in changed.out.splitlines()] == ["unchanged", "changed"]


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        (TOKEN, "wrong-token", "token"),
        (ORGANIZATION, "0a6cbe4e-5c55-4f0c-8f0d-6e2b6f6c9999", "organization_id"),
        ("CREDLY", "DEAD", "host"),
        (CLIENT_SECRET, "wrong-client-secret", "client_secret"),
        (REFRESH_TOKEN, "wrong-refresh-token", "refresh_token"),
        ("ALM", "DEAD", "host"),
    ],
)
def test_what_does_not_work_is_not_saved_and_says_which_setting(
    old: str, new: str, named: str, run: Run, credly: str, alm: str, write: Any, store: Store
) -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    changes = {{"CREDLY": credly, "ALM": alm}.get(old, old): {"DEAD": dead}.get(new, new)}
    text = toml(credly, alm, **changes)
    ran = run("connect", "--from", write(text))
    no_secret(ran)
    assert ran.code in (1, 2)
    line = ran.err.splitlines()[0]
    assert named in line
    assert "nothing was saved" in line
    assert new not in ran.out + ran.err
    broken = "academy" if old in (TOKEN, ORGANIZATION, "CREDLY") else "acme"
    assert store.connections.get(broken) is None
    if broken == "acme":
        assert store.connections.get("academy") is not None


def test_options_connect_with_a_secret_from_file_variable_and_standard_input(
    run: Run, credly: str, alm: str, write: Any
) -> None:
    base = ("connect", "credly", "academy", "--organization-id", ORGANIZATION, "--host", credly)
    assert run(*base, "--token-file", write(TOKEN + "\n", "token")).code == 0
    assert run(*base, "--token-env", "MY_TOKEN", extra={"MY_TOKEN": TOKEN}).out.startswith("unchanged")
    assert run(*base, "--token-file", "-", stdin=TOKEN + "\n").out.startswith("unchanged")
    ran = run(
        *("connect", "alm", "acme", "--account-id", "70412", "--host", alm, "--client-id", "sandbox-client"),
        *("--provider", "academy", "--webhook-username", "alm", "--webhook-password-env", "PASSWORD"),
        *("--client-secret-env", "CLIENT", "--refresh-token-file", "-"),
        stdin=REFRESH_TOKEN,
        extra={"PASSWORD": WEBHOOK_PASSWORD, "CLIENT": CLIENT_SECRET},
    )
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--token-file", "/nowhere/token"), "token_file"),
        (("--token-env", "NOT_SET"), "NOT_SET"),
        ((), "token"),
        (("--token-file", "-"), "token"),
    ],
)
def test_a_secret_that_is_not_there_is_said(
    arguments: tuple[str, ...], named: str, run: Run, credly: str, store: Store
) -> None:
    ran = run("connect", "credly", "academy", "--organization-id", ORGANIZATION, "--host", credly, *arguments)
    assert ran.code == 2
    assert named in ran.err
    assert store.connections.all() == []


def test_no_option_takes_a_secret_itself(run: Run) -> None:
    for kind in ("credly", "alm"):
        options = {word.strip(",") for word in run("connect", kind, "--help").out.split() if word.startswith("--")}
        for secret in ("token", "oauth-client-secret", "client-secret", "refresh-token", "webhook-password"):
            assert f"--{secret}" not in options
        assert "--host" in options


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[credly]", "not TOML"),
        ("[credly]\nname = 'x'", "[[credly]]"),
        ("credly = 1", "[[credly]]"),
        ("[[credly]]\ntoken = 'a'", "no name"),
        ("[[credly]]\nname = 7", "no name"),
        ("[[credly]]\nname = 'x'\n[[credly]]\nname = 'x'", "twice"),
        ("[[canvas]]\nname = 'x'", "canvas"),
        ("[[credly]]\nname = '../x'", "a name is"),
        ("[[credly]]\nname = ''", "a name is"),
        ("[[credly]]\nname = 'x'\ncolour = 'red'", "colour"),
        ("[[credly]]\nname = 'x'\norganization_id = 'a'\nhost = 'http://api.credly.com'\ntoken = 't'", "https"),
        ("[[credly]]\nname = 'x'\norganization_id = 'a'\ntoken = 't'\noauth_client_id = 'b'", "credentials"),
        ("[[alm]]\nname = 'x'", "account_id"),
    ],
)
def test_a_declaration_that_is_wrong_in_itself_is_refused(text: str, said: str, run: Run, write: Any) -> None:
    ran = run("connect", "--from", write(text))
    assert ran.code == 2
    assert said in ran.err
    no_secret(ran)


def test_a_file_that_is_not_there_and_an_empty_one(run: Run, write: Any, tmp_path: Path) -> None:
    assert run("connect", "--from", str(tmp_path / "none.toml")).code == 2
    assert run("connect", "--from", write("")).code == 0
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    assert run("connect", "--from", str(tmp_path / "bytes.toml")).code == 2
    assert run("connect").code == 2
    assert run("connect", "canvas", "x").code == 2


def test_alm_needs_its_provider_first_and_an_account_is_connected_once(
    run: Run, credly: str, alm: str, write: Any
) -> None:
    alone = run("connect", "--from", write(toml(credly, alm).split("[[credly]]")[0]))
    assert alone.code == 2
    assert "'academy'" in alone.err
    run("connect", "--from", write(toml(credly, alm)))
    twice = run("connect", "--from", write(toml(credly, alm, **{'"acme"': '"acme-2"'})))
    assert twice.code == 2
    assert "acme" in twice.err
    other_type = run("connect", "--from", write(toml(credly, alm, **{'"acme"': '"academy"'}).split("[[credly]]")[0]))
    assert other_type.code == 2


def test_half_a_signature_does_not_connect(run: Run, credly: str, alm: str, write: Any) -> None:
    half = {'webhook_auth = "basic"': 'webhook_auth = "signature"\nsignature_header = "X-S"'}
    ran = run("connect", "--from", write(toml(credly, alm, **half)))
    assert ran.code == 2
    assert "signature_secret" in ran.err
    none = run("connect", "--from", write(toml(credly, alm, **{'"basic"': '"none"'})))
    assert "allow_unauthenticated" in none.err


def test_connections_are_checked_and_removed(run: Run, credly: str, alm: str, write: Any, store: Store) -> None:
    run("connect", "--from", write(toml(credly, alm)))
    ran = run("connections", "check", "--json")
    no_secret(ran)
    assert [row["ok"] for row in ran.json] == [True, True]
    found = store.connections.get("academy")
    assert found is not None
    plain = {key: value for key, value in found.settings.items() if key != "token"}
    store.connections.save("academy", "provider", "credly", "", plain, {"token": "ended"}, store.now())
    ran = run("connections", "check")
    assert ran.code == 1
    assert "academy: does not work" in ran.out
    assert "acme: works" in ran.out
    assert run("connections", "check", "nobody").code == 1
    assert run("connections", "remove", "academy").code == 1  # nobody is there to be asked
    assert run("connections", "remove", "academy", "--yes").code == 0
    assert store.connections.get("academy") is None
    assert run("connections", "remove", "academy", "--yes").code == 1


POLICY = ("--rate", "5/second", "--award-limit", "50/hour", "--max-age", "2 weeks", "--max-batch", "10")


def test_a_provider_takes_the_settings_that_all_have(run: Run, credly: str, tmp_path: Path, store: Store) -> None:
    token = tmp_path / "token"
    token.write_text(TOKEN)
    given = ["--organization-id", ORGANIZATION, "--host", credly, "--token-file", str(token)]
    assert run("connect", "credly", "academy", *given, *POLICY).code == 0
    found = store.connections.get("academy")
    assert found is not None
    kept = {key: found.settings[key] for key in ("rate", "award_limit", "max_age", "max_batch")}
    assert kept == {"rate": "5/second", "award_limit": "50/hour", "max_age": "2 weeks", "max_batch": 10}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('rate = "often"', 'rate: Must be calls in a second, minute, hour or day, such as "20/second"'),
        ("award_limit = 1000", 'award_limit: Must be awards in an hour, such as "1000/hour"'),
        ('max_age = "ever"', 'max_age: Must be minutes, hours, days or weeks, such as "30 days"'),
        ("max_batch = 51", "max_batch: Must be at most 50"),
    ],
)
def test_a_wrong_limit_names_its_key_and_shows_the_form(
    run: Run, credly: str, tmp_path: Path, line: str, message: str
) -> None:
    file = tmp_path / "declared.toml"
    file.write_text(
        f'[[credly]]\nname = "academy"\norganization_id = "{ORGANIZATION}"\nhost = "{credly}"\n'
        f'token = "{TOKEN}"\n{line}\n'
    )
    ran = run("connect", "--from", str(file))
    assert ran.code == 2
    assert f"credly 'academy': {message}" in ran.err


def test_an_adapter_whose_settings_get_in_the_way_of_ours_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clashing(Schema):
        rate = fields.String()

    monkeypatch.setattr(CredlyAdapter, "settings_schema", Clashing)
    with pytest.raises(ConfigurationError, match=r"the adapter 'credly' of badgerelay .* declares the settings rate"):
        schema_of("credly")


def test_a_refresh_token_that_alm_has_replaced_is_known_when_a_setting_changes(
    run: Run, write: Callable[[str], str], serve_app: Callable[..., str], credly: str
) -> None:
    alm = serve_app("alm", rotate="true", token_seconds="1")
    assert run("connect", "--from", write(toml(credly, alm))).code == 0
    for policy in ("family_name_first", "last_word_is_last_name"):
        changed = toml(credly, alm).replace('name = "acme"', f'name = "acme"\nname_policy = "{policy}"')
        time.sleep(1.1)  # the access token has run out: only the newest refresh token gets another
        ran = run("connect", "--from", write(changed))
        assert (ran.code, "changed: alm acme" in ran.out) == (0, True), ran.err
    assert run("connections", "check", "acme").code == 0


@pytest.mark.usefixtures("connected")
def test_a_connection_that_is_stopped_is_tried_again_with_the_same_settings(
    run: Run, store: Store, credly: str, write: Callable[[str], str], alm: str
) -> None:
    store.connections.open_circuit(
        "academy", store.now(), lambda _: 600.0, "wrong", stopped="the token is not accepted"
    )
    assert "stopped: the token is not accepted" in run("connections").out
    assert run("connect", "--from", write(toml(credly, alm))).out.startswith("unchanged: credly academy")
    connection = store.connections.get("academy")
    assert connection is not None
    assert (connection.stopped, connection.failures) == (None, 0)


def test_what_is_saved_is_said_to_be_though_its_templates_cannot_be_read(run: Run, store: Store, credly: str) -> None:
    requests.put(f"{credly}/_sandbox/faults", data="500=1,on=GET:*/badge_templates", timeout=5).raise_for_status()
    given = ("--organization-id", ORGANIZATION, "--host", credly, "--token-env", "MY_TOKEN")
    ran = run("connect", "credly", "academy", *given, extra={"MY_TOKEN": TOKEN})
    assert ran.code == 1
    assert "connected: credly academy" in ran.err
    assert "`badgerelay templates sync academy`" in ran.err
    assert "nothing was saved" not in ran.err
    assert store.connections.get("academy") is not None


@pytest.mark.usefixtures("connected")
def test_an_adapter_that_does_not_work_is_seen_before_anything_is_sent(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: str) -> type[Schema]:
        raise ConfigurationError("the adapter credly does not load")

    monkeypatch.setattr("badgerelay.plugin.reports.explain.schema_of", broken)
    (academy,) = [each for each in run("connections", "--json").json if each["name"] == "academy"]
    assert academy["state"] == "stopped: its adapter does not work"
    assert academy["trouble"] == "the adapter credly does not load"
