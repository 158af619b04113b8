import socket
import threading
import time
from collections.abc import Iterator

import flask
import pytest
import requests

from badgerelay.adapters.sandbox import BackgroundServer, Faults, install, serve


class Counting:
    """An app that counts the work it did."""

    def __init__(self, spec: str = "") -> None:
        self.done = 0
        self.faults = Faults(spec)
        self.app = flask.Flask("counting")
        self.app.add_url_rule("/work", "work", self.work, methods=["POST"])
        self.app.add_url_rule("/fail", "fail", self.fail)
        install(self.app, self.faults, only=lambda request: request.path == "/work")

    def work(self) -> flask.typing.ResponseReturnValue:
        self.done += 1
        return {"bytes": len(flask.request.get_data())}

    def fail(self) -> flask.typing.ResponseReturnValue:
        raise RuntimeError("a bug")


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


def test_a_lost_answer_has_done_the_work(session: requests.Session) -> None:
    counting = Counting("lost=#1")
    with BackgroundServer(counting.app) as server:
        with pytest.raises(requests.ConnectionError):
            session.post(f"{server.url}/work")
        assert counting.done == 1
        assert session.post(f"{server.url}/work").ok


def test_down_does_nothing_and_says_nothing(session: requests.Session) -> None:
    counting = Counting("down=#1")
    with BackgroundServer(counting.app) as server, pytest.raises(requests.ConnectionError):
        session.post(f"{server.url}/work")
    assert counting.done == 0


@pytest.mark.parametrize(
    ("spec", "status", "done"),
    [
        ("500=#1", 500, 0),
        ("500after=#1", 500, 1),
        ("429bare=#1", 429, 0),
        ("expired=#1", 401, 0),
        ("slow=#1:0", 200, 1),
    ],
)
def test_each_fault_answers_and_does_as_it_says(session: requests.Session, spec: str, status: int, done: int) -> None:
    counting = Counting(spec)
    with BackgroundServer(counting.app) as server:
        answer = session.post(f"{server.url}/work")
    assert (answer.status_code, counting.done) == (status, done)
    assert "Retry-After" not in answer.headers


def test_a_proxys_page_is_html(session: requests.Session) -> None:
    with BackgroundServer(Counting("html502=#1").app) as server:
        answer = session.post(f"{server.url}/work")
    assert answer.status_code == 502
    assert answer.headers["Content-Type"].startswith("text/html")


def test_429_says_when_to_come_back(session: requests.Session) -> None:
    with BackgroundServer(Counting("429=#1:2.5").app) as server:
        assert session.post(f"{server.url}/work").headers["Retry-After"] == "2.5"


def test_latency_delays_each_request(session: requests.Session) -> None:
    with BackgroundServer(Counting("latency=0.05").app) as server:
        began = time.perf_counter()
        session.post(f"{server.url}/work")
        assert time.perf_counter() - began >= 0.05


def test_faults_are_seen_and_changed_while_it_runs(session: requests.Session) -> None:
    counting = Counting("lost=#1")
    with BackgroundServer(counting.app) as server:
        console = f"{server.url}/_sandbox/faults"
        assert session.get(console).json() == {"spec": "lost=#1", "drawn": {}}
        changed = session.put(console, data="500=#1", headers={"Content-Type": "text/plain"})
        assert changed.json()["spec"] == "500=#1"
        assert session.post(f"{server.url}/work").status_code == 500
        refused = session.put(console, data="500=7")
        assert refused.status_code == 400
        assert "500=7" in refused.json()["error"]


def test_one_connection_carries_many_requests_of_any_kind(session: requests.Session) -> None:
    with BackgroundServer(Counting().app) as server:
        address = server.url.removeprefix("http://").split(":")
        with socket.create_connection((address[0], int(address[1])), timeout=5) as connection:
            stream = connection.makefile("rwb")
            for body in (b"x" * 10, b""):
                stream.write(b"POST /work HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
                stream.flush()
                assert b"200" in stream.readline()
                length = 0
                while (line := stream.readline().strip().lower()) != b"":
                    assert line != b"connection: close"
                    if line.startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                assert str(len(body)).encode() in stream.read(length)
            stream.close()
        assert session.post(f"{server.url}/work", data=iter([b"ab", b"cde"])).json() == {"bytes": 5}
        assert session.head(f"{server.url}/nothing").status_code == 404
        assert session.post(f"{server.url}/work").ok


def test_a_request_that_is_not_http_ends_its_own_connection_only(session: requests.Session) -> None:
    with BackgroundServer(Counting().app) as server:
        host, port = server.url.removeprefix("http://").split(":")
        for rubbish in (b"\x16\x03\x01\x02\r\n\r\n", b"POST /work HTTP/1.1\r\nContent-Length: nine\r\n\r\n"):
            with socket.create_connection((host, int(port)), timeout=5) as connection:
                connection.sendall(rubbish)
                assert b"400" in connection.recv(4096)
        assert session.post(f"{server.url}/work").ok


def test_a_bug_of_the_sandbox_is_a_500(session: requests.Session) -> None:
    with BackgroundServer(Counting().app) as server:
        assert session.get(f"{server.url}/fail").status_code == 500


def test_many_kept_alive_connections_are_served_at_once() -> None:
    counting = Counting("latency=0.01")
    failures: list[object] = []

    def client(url: str) -> None:
        with requests.Session() as own:
            failures.extend(answer for answer in (own.post(f"{url}/work") for _ in range(5)) if not answer.ok)

    with BackgroundServer(counting.app) as server:
        threads = [threading.Thread(target=client, args=(server.url,)) for _ in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures
    assert counting.done == 500


def test_a_stopped_server_stops_at_once_and_closes_connections(session: requests.Session) -> None:
    with BackgroundServer(Counting().app) as server:
        assert session.post(f"{server.url}/work").ok
        began = time.perf_counter()
    assert time.perf_counter() - began < 1
    with pytest.raises(requests.ConnectionError):
        session.post(f"{server.url}/work")
    server.stop()


def test_the_standard_error_stays_silent(session: requests.Session, capfd: pytest.CaptureFixture[str]) -> None:
    with BackgroundServer(Counting().app) as server:
        session.post(f"{server.url}/work")
        session.get(f"{server.url}/nothing")
    assert capfd.readouterr() == ("", "")


def test_it_listens_on_loopback_alone() -> None:
    with pytest.raises(ValueError, match="loopback"):
        serve(Counting().app, "0.0.0.0", 0)


def test_a_port_in_use_is_an_os_error() -> None:
    with BackgroundServer(Counting().app) as server, pytest.raises(OSError, match="in use"):
        serve(Counting().app, "127.0.0.1", int(server.url.rpartition(":")[2]))


def test_serve_reports_its_url_once_it_listens(session: requests.Session) -> None:
    urls: list[str] = []
    listening = threading.Event()

    def ready(url: str) -> None:
        urls.append(url)
        listening.set()

    threading.Thread(target=serve, args=(Counting().app, "127.0.0.1", 0, ready), daemon=True).start()
    assert listening.wait(5)
    assert session.post(f"{urls[0]}/work").ok
