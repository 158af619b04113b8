from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from badgerelay.adapters.values import BadgeTemplate
from badgerelay.plugin.runtime.settings import Settings, SettingsError, read_settings
from badgerelay.plugin.runtime.vault import KEY_FILE, Vault, new_key, open_vault
from badgerelay.plugin.store import Store, StoreUnavailableError, open_store
from badgerelay.plugin.store.ledger.bulk_repair import Chosen
from badgerelay.plugin.store.schema.tables import events

from ...support import add_rule, query_plans
from .conftest import Clock
from .test_inbox import in_threads

SECRET = "a-secret-token"


def test_a_secret_is_never_in_clear_on_disk_nor_in_a_repr(store: Store, clock: Clock) -> None:
    store.storage("academy").put("access_token", "another-secret")
    with store.database.read() as connection:
        tables = ["connections", "connection_storage"]
        rows = [list(connection.exec_driver_sql(f"SELECT * FROM {table}")) for table in tables]
    assert SECRET not in str(rows)
    assert "another-secret" not in str(rows)
    if store.database.embedded:
        for path in Path(str(store.database.url.database)).parent.iterdir():
            assert SECRET.encode() not in path.read_bytes()
    found = store.connections.get("academy")
    assert found is not None
    assert found.settings["token"] == SECRET
    assert SECRET not in repr(found)


def test_settings_show_no_secret() -> None:
    key = new_key()
    settings = Settings(Path(), "postgresql+psycopg://me:a-password@/x", (key,))
    assert key not in repr(settings)
    assert "a-password" not in repr(settings)


def test_rotating_leaves_nothing_for_the_old_key(store: Store, settings: Settings, clock: Clock) -> None:
    store.storage("academy").put("access_token", "another-secret")
    old, new = open_vault(settings), new_key()
    both = Vault((new, *(settings.home / KEY_FILE).read_text().split()))
    assert Store(store.database, both, clock).connections.rotate() == 3
    only_new = Store(store.database, Vault((new,)), clock)
    found = only_new.connections.get("academy")
    assert found is not None
    assert found.settings["token"] == SECRET
    assert only_new.storage("academy").get("access_token") == "another-secret"
    with pytest.raises(SettingsError, match="BADGERELAY_SECRET_KEYS"):
        Store(store.database, old, clock).connections.get("academy")


def test_a_kept_value_ends_with_its_time_and_a_lock_has_one_holder(store: Store, clock: Clock) -> None:
    storage, other = store.storage("academy"), store.storage("academy")
    storage.put("token", "x", seconds=10)
    assert other.get("token") == "x"
    with storage.lock("renewal", seconds=30) as mine, other.lock("renewal", seconds=30) as theirs:
        assert (mine, theirs) == (True, False)
        clock.seconds += 31  # its holder died
        with other.lock("renewal", seconds=30) as taken_over:
            assert taken_over
    assert storage.get("token") is None
    with other.lock("renewal", seconds=30) as free:
        assert free


def test_tenants_do_not_see_each_other(store: Store) -> None:
    store.storage("academy").put("token", "x")
    store.cache("academy").put("learner", {"1": {"a": 1}}, 100.0)
    assert store.storage("other").get("token") is None
    assert store.cache("other").get("learner", ["1"], newer_than=0) == {}
    assert store.cache("academy").get("learner", ["1", "2"], newer_than=0) == {"1": {"a": 1}}
    assert store.cache("academy").get("learner", ["1"], newer_than=100.0) == {}


def test_new_settings_end_a_rest_and_what_was_learned_with_the_old(store: Store, clock: Clock) -> None:
    store.storage("academy").put("access_token", "of the old client")
    store.connections.open_circuit("academy", clock(), lambda _: 300.0, "the token is not valid")
    store.connections.pause(["academy"], clock())
    store.connections.save("academy", "provider", "credly", "", {}, {"token": "new"}, clock())
    found = store.connections.get("academy")
    assert found is not None
    assert (found.retry_at, found.failures, found.trouble, found.paused) == (0.0, 0, None, True)
    assert store.storage("academy").get("access_token") is None


def test_failures_of_calls_that_were_under_way_together_count_once(store: Store, clock: Clock) -> None:
    for wait in (5.0, 3.0, 4.0):
        store.connections.open_circuit("academy", clock(), lambda _: wait, "down")  # noqa: B023 (called at once)
    found = store.connections.get("academy")
    assert found is not None
    assert (found.failures, found.retry_at) == (1, clock() + 5.0)
    clock.seconds += 6
    store.connections.open_circuit("academy", clock(), lambda _: 10.0, "down")
    found = store.connections.get("academy")
    assert found is not None
    assert found.failures == 2
    store.connections.recover("academy")
    found = store.connections.get("academy")
    assert found is not None
    assert (found.failures, found.trouble) == (0, None)


def test_a_template_that_comes_twice_is_kept_once(store: Store) -> None:
    found = [BadgeTemplate("t-1", "One", "active"), BadgeTemplate("t-2", "Two", "draft")]
    assert store.catalogue.synchronize("academy", [*found, found[0]], 1.0).templates == 2
    assert store.catalogue.synchronize("academy", found[:1], 2.0).templates == 1
    kept = [(row.template_id, row.state) for row in store.catalogue.templates("academy")]
    assert kept == [("t-1", "active"), ("t-2", "deleted")]


def test_rules_are_found_by_object_and_source(store: Store) -> None:
    assert add_rule(store, "*", "course:1", "academy", "t-1")
    assert not add_rule(store, "*", "course:1", "academy", "t-1")
    assert add_rule(store, "moodle", "course:1", "academy", "t-2")
    assert [rule.template_id for rule in store.rules.for_objects("canvas", ["course:1"])] == ["t-1"]
    assert len(store.rules.for_objects("moodle", ["course:1", "x"])) == 2
    assert store.rules.remove(1)
    assert not store.rules.remove(1)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    before = os.umask(0)  # the worst one
    yield tmp_path / "new" / "home"
    os.umask(before)


def test_the_key_file_is_for_its_owner_alone(home: Path) -> None:
    settings = Settings(home, "sqlite:///unused")
    sealed = open_vault(settings).seal(SECRET)
    assert stat.S_IMODE((home / KEY_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert [path.name for path in home.iterdir()] == [KEY_FILE]
    assert open_vault(settings).open(sealed) == SECRET


def test_threads_that_make_the_key_file_at_once_agree(home: Path) -> None:
    settings = Settings(home, "sqlite:///unused")
    sealed: list[str] = []
    raised = in_threads([lambda: sealed.append(open_vault(settings).seal(SECRET))] * 16)
    assert raised == [None] * 16
    vault = open_vault(settings)
    assert [vault.open(text) for text in sealed] == [SECRET] * 16


def test_processes_that_make_the_key_file_at_once_agree(home: Path) -> None:
    code = (
        "import sys, pathlib; from badgerelay.plugin.runtime.settings import Settings;"
        "from badgerelay.plugin.runtime.vault import *;"
        "print(open_vault(Settings(pathlib.Path(sys.argv[1]), '')).seal('x'))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(home)], stdout=subprocess.PIPE, text=True) for _ in range(6)
    ]
    sealed = [process.communicate(timeout=30)[0].strip() for process in started]
    vault = open_vault(Settings(home, ""))
    assert [vault.open(text) for text in sealed] == ["x"] * 6


def test_what_a_crash_left_of_an_earlier_try_is_in_nobodys_way(home: Path) -> None:
    home.mkdir(parents=True)
    (home / f"{KEY_FILE}.{os.getpid()}").touch()  # in a container the process number is the same each time
    assert open_vault(Settings(home, "")).seal("x")


@pytest.mark.parametrize("content", ["", "\n", "garbage\n"])
def test_a_key_file_without_keys_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / KEY_FILE).write_text(content)
    with pytest.raises(SettingsError, match=KEY_FILE):
        open_vault(Settings(tmp_path, ""))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("BADGERELAY_LOG_FORMAT", "xml"),
        ("BADGERELAY_BROKER_URL", "amqp://localhost"),
        ("BADGERELAY_DATABASE_URL", "nonsense"),
        ("BADGERELAY_DATABASE_URL", "mysql://localhost/x"),
        ("BADGERELAY_DATABASE_URL", "oracle://localhost/x"),
        ("BADGERELAY_DATABASE_URL", "postgresql://user:a-password@host:port/x"),
        ("BADGERELAY_DATABASE_URL", "sqlite://"),
        ("BADGERELAY_DATABASE_URL", "sqlite:///:memory:"),
        ("BADGERELAY_DATABASE_URL", "sqlite:////proc/nowhere/badgerelay.db"),
        ("BADGERELAY_SECRET_KEYS", "short"),
        ("BADGERELAY_HOME", "/proc/nowhere"),
    ],
)
def test_a_wrong_setting_names_its_variable(tmp_path: Path, variable: str, value: str) -> None:
    environ = {"BADGERELAY_HOME": str(tmp_path / "home"), variable: value}
    with pytest.raises(SettingsError, match=variable) as caught:
        open_store(read_settings(environ))
    assert "a-password" not in str(caught.value)


@pytest.mark.parametrize("url", ["sqlite:////proc", "postgresql+psycopg://u:a-password@127.0.0.1:9/x"])
def test_a_database_that_does_not_answer_names_its_variable(tmp_path: Path, url: str) -> None:
    with pytest.raises(StoreUnavailableError, match="BADGERELAY_DATABASE_URL") as caught:
        open_store(read_settings({"BADGERELAY_HOME": str(tmp_path), "BADGERELAY_DATABASE_URL": url}))
    assert "a-password" not in str(caught.value)


def test_a_file_that_is_no_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / "badgerelay.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreUnavailableError, match="not a database"):
        open_store(read_settings({"BADGERELAY_HOME": str(tmp_path)}))


def test_empty_variables_count_as_unset(tmp_path: Path) -> None:
    names = ("DATABASE_URL", "BROKER_URL", "SECRET_KEYS", "LOG_FORMAT")
    settings = read_settings({"BADGERELAY_HOME": str(tmp_path), **{f"BADGERELAY_{name}": "" for name in names}})
    assert settings.database_url == f"sqlite:///{tmp_path / 'badgerelay.db'}"
    assert (settings.secret_keys, settings.log_format) == ((), "text")


def test_what_an_administrator_does_reads_what_is_open_and_not_the_ledger(store: Store, clock: Clock) -> None:
    def act() -> None:
        store.connections.pause(["academy"], clock())
        store.connections.resume(["academy"], clock())
        store.connections.save("academy", "provider", "credly", "", {}, {}, clock())
        store.repair.release(Chosen(connection="academy"), clock)
        store.ledger.take_back(clock())

    plans = query_plans(store, act)
    assert any("awards_due" in plan for plan in plans)
    assert any("awards_held" in plan for plan in plans)
    assert any("awards_leased" in plan for plan in plans)
    whole = re.compile(r"SCAN (awards|events)\b|autoindex_(awards|events)\w* \(connection")
    assert not list(filter(whole.search, plans))


def test_the_embedded_database_is_for_its_owner_alone_in_any_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    opened = open_store(Settings(tmp_path, f"sqlite:///{tmp_path / 'badgerelay.db'}"))
    opened.connections.save("academy", "provider", "credly", "", {}, {}, opened.now())
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob("badgerelay.db*")}
    opened.close()
    assert modes
    assert set(modes.values()) == {0o600}


def test_an_error_of_the_database_tells_no_values(store: Store) -> None:
    address = "@".join(("rosa", "example.org"))
    with (
        pytest.raises(StoreUnavailableError, match=r"NOT NULL|not-null") as caught,
        store.database.write() as connection,
    ):
        connection.execute(sa.insert(events).values(event_id=address))
    assert address not in "".join(traceback.format_exception(caught.value))
