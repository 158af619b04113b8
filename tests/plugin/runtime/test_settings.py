from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from badgerelay.plugin.engine.celery.app import check_broker
from badgerelay.plugin.runtime.settings import Settings, SettingsError, read_settings

POSTGRESQL = "postgresql+psycopg://relay@db.example.org/relay"


def read(broker: str, database: str = POSTGRESQL) -> Settings:
    return read_settings({"BADGERELAY_BROKER_URL": broker, "BADGERELAY_DATABASE_URL": database})


@pytest.mark.parametrize(
    "url", ["amqp://relay:s3cret@mq.example.org/badges", "amqps://mq.example.org", "redis://r.example.org/0"]
)
def test_a_broker_is_rabbitmq_or_redis_and_its_url_is_a_secret(url: str) -> None:
    settings = read(url)
    assert settings.broker_url == url
    assert "example.org" not in repr(settings)


@pytest.mark.parametrize("url", ["sqs://s3cret@", "http://s3cret", "s3cret", "redis", "amqp://", "AMQP//s3cret"])
def test_another_broker_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(SettingsError, match="BADGERELAY_BROKER_URL") as caught:
        read(url)
    assert "s3cret" not in str(caught.value)


def test_an_empty_broker_is_none() -> None:
    assert read("").broker_url is None


@pytest.mark.parametrize("database", ["", "sqlite:////var/lib/badgerelay.db"])
def test_a_broker_with_sqlite_is_refused_as_other_machines_could_not_see_it(database: str) -> None:
    with pytest.raises(SettingsError, match=r"BADGERELAY_BROKER_URL.*SQLite.*postgresql"):
        read("redis://127.0.0.1/0", database)


@pytest.mark.parametrize(("url", "package"), [("amqp://mq", "celery"), ("redis://r", "redis")])
def test_a_missing_extra_is_said_with_what_to_install(url: str, package: str, tmp_path: Path) -> None:
    settings = Settings(tmp_path, POSTGRESQL, broker_url=url)
    check_broker(settings)
    # A process that cannot find the package, as where the extra was left out.
    code = f"""
import importlib.util, sys
from importlib.machinery import PathFinder
class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] == {package!r} else super().find_spec(name, path, target)
sys.meta_path[:] = [Without if finder is PathFinder else finder for finder in sys.meta_path]
from badgerelay.plugin.cli.main import main
sys.argv[1:] = ["worker"]
main()
"""
    environ = {
        "BADGERELAY_HOME": str(tmp_path),
        "BADGERELAY_DATABASE_URL": POSTGRESQL,
        "BADGERELAY_BROKER_URL": url,
    }
    ran = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "BADGERELAY_BROKER_URL" in ran.stderr
    assert f"badgerelay[{package}]" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("", ""),
        ("https://Badges.example.org/", "https://badges.example.org"),
        ("https://example.org:8443/lms/badges/", "https://example.org:8443/lms/badges"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_the_public_url_is_a_base(given: str, read: str) -> None:
    assert read_settings({"BADGERELAY_PUBLIC_URL": given}).public_url == read


@pytest.mark.parametrize(
    "given",
    [
        *(
            "example.org",
            "ftp://example.org",
            "http://example.org",
            "https://",
            "https://a b",
            "https://u:p@example.org",
        ),
        *("https://example.org/?a=b", "https://example.org/#a", "https://example.org/a//b", 'https://example.org/"'),
    ],
)
def test_what_nobody_could_reach_is_no_public_url(given: str) -> None:
    with pytest.raises(SettingsError, match="BADGERELAY_PUBLIC_URL"):
        read_settings({"BADGERELAY_PUBLIC_URL": given})
