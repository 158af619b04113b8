"""The load generator, a process of its own: ``python -m tests.bench.load PORT CONNECTIONS SECONDS``.

Each connection sends its next delivery as soon as the last one is answered. It prints a JSON object.
"""

from __future__ import annotations

import json
import re
import secrets
import selectors
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

from .deliveries import frame
from .processes import CHECKOUT

WARM_UP_SECONDS = 0.5
LAST_ANSWERS_SECONDS = 10.0
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Loaded:
    """:param rate: acknowledged deliveries per second. :param milliseconds: how long each of them took."""

    rate: float
    milliseconds: list[float]
    failed: int


class _Client:
    """One kept-alive connection with one delivery on its way."""

    __slots__ = ("answer", "sent_at", "socket")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.answer = b""
        self.sent_at = 0.0

    def send(self, delivery: bytes) -> None:
        self.sent_at = time.perf_counter()
        self.socket.sendall(delivery)

    def receive(self) -> bytes | None:
        """The status of the answer once the whole answer is there. :raises ConnectionError: it will not come."""
        some = self.socket.recv(65536)
        if not some:
            raise ConnectionError
        self.answer += some
        end = self.answer.find(b"\r\n\r\n")
        if end < 0:
            return None
        length = _LENGTH.search(self.answer, 0, end)
        if length is None or len(self.answer) < end + 4 + int(length[1]):
            return None
        status, self.answer = self.answer[9:12], b""
        return status


def generate(port: int, connections: int, seconds: float) -> Loaded:
    """:raises ConnectionError: the server closed a connection: then nothing measured would be worth much."""
    first, last = frame()
    prefix, number = secrets.token_hex(8), 0
    selector = selectors.DefaultSelector()
    clients = [_Client(port) for _ in range(connections)]
    times: list[float] = []
    failed = 0
    begin = time.perf_counter() + WARM_UP_SECONDS
    end = begin + seconds
    waiting = len(clients)
    for client in clients:
        selector.register(client.socket, selectors.EVENT_READ, client)
        number += 1
        client.send(b"%b%b%016x%b" % (first, prefix.encode(), number, last))
    mark = prefix.encode()
    while waiting:
        ready = selector.select(LAST_ANSWERS_SECONDS)
        if not ready:
            failed += waiting
            break
        for key, _ in ready:
            client = key.data
            status = client.receive()
            if status is None:
                continue
            now = time.perf_counter()
            if status != b"202":
                failed += 1
            elif begin <= now < end:
                times.append(now - client.sent_at)
            if now < end:
                number += 1
                client.send(b"%b%b%016x%b" % (first, mark, number, last))
            else:
                waiting -= 1
    for client in clients:
        client.socket.close()
    return Loaded(len(times) / seconds, [1000 * value for value in times], failed)


def load(port: int, *, connections: int, seconds: float) -> Loaded:
    """Generate load from a process of its own."""
    command = [sys.executable, "-m", "tests.bench.load", str(port), str(connections), str(seconds)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the load generator failed:\n{done.stderr}")
    return Loaded(**json.loads(done.stdout))


if __name__ == "__main__":
    print(json.dumps(asdict(generate(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))))
