"""Group commit: threads that arrive while a commit is under way share the next one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import pairwise

from ...runtime.forks import ForkAware, watch_forks
from ..database import Database, StoreUnavailableError
from .events import Values

GATHER_SECONDS = 0.002
"""Maximum seconds that a commit waits for as many deliveries as shared the last one; a single one does not wait."""


class _Ticket:
    """The rows of one ``add``, and the thread that waits for them.

    :ivar leads: once woken, it commits for all that wait; else its rows are committed, or ``error`` says why not.
    :ivar following: the ticket that it wakes next.
    """

    __slots__ = ("error", "following", "leads", "rows", "woken")

    def __init__(self, rows: list[Values]) -> None:
        self.rows = rows
        self.error: Exception | None = None
        self.following: _Ticket | None = None
        self.leads = False
        self.woken = threading.Lock()
        self.woken.acquire()


class GroupCommit(ForkAware):
    """Commits the rows of many threads at once.

    The first thread commits for all. Then it wakes the first of the newcomers as its successor, and the others
    whose rows it has committed one by one, each waking the next: all at once, they would spend more time on
    fighting for the interpreter than on answering.

    :param write: writes rows and commits them; the caller holds the database's ``writer``.
    """

    def __init__(self, database: Database, write: Callable[[list[Values]], None]) -> None:
        self._database = database
        self._write = write
        self._reset()
        watch_forks(self)

    def after_fork_in_child(self) -> None:
        """Forget what the parent's threads were doing."""
        self._reset()

    def _reset(self) -> None:
        self._guard = threading.Lock()
        self._enough = threading.Condition(self._guard)
        self._pending: list[_Ticket] = []
        self._led = False
        self._last = 1

    def add(self, rows: list[Values]) -> None:
        """Commit the rows together with those of other threads.

        :raises StoreUnavailableError: none of these rows was stored.
        """
        ticket = _Ticket(rows)
        with self._guard:
            self._pending.append(ticket)
            if not self._led:
                self._led = ticket.leads = True
                ticket.woken.release()
            elif len(self._pending) == self._last:
                self._enough.notify()
        try:
            ticket.woken.acquire()
        except BaseException:
            # A signal's handler raised. Somebody must do what this thread will be woken for: others wait behind it.
            threading.Thread(target=self._wait, args=(ticket,), name="badgerelay-inbox", daemon=True).start()
            raise
        self._go_on(ticket)
        if ticket.error is not None:
            raise ticket.error

    def _wait(self, ticket: _Ticket) -> None:
        ticket.woken.acquire()
        self._go_on(ticket)

    def _go_on(self, ticket: _Ticket) -> None:
        if ticket.leads:
            self._lead(ticket)
        elif ticket.following is not None:
            ticket.following.woken.release()

    def _lead(self, own: _Ticket) -> None:
        batch: list[_Ticket] = []
        try:
            with self._database.writer:
                with self._guard:
                    # After a commit that was shared, as many will be here in a moment: worth more than the moment.
                    self._enough.wait_for(lambda: len(self._pending) >= self._last, GATHER_SECONDS)
                    batch, self._pending = self._pending, []
                    self._last = len(batch)
                self._commit(batch)
        except BaseException:
            for ticket in batch:
                ticket.error = StoreUnavailableError("the commit was interrupted")
            raise
        finally:
            self._hand_over(own, batch)

    def _hand_over(self, own: _Ticket, batch: list[_Ticket]) -> None:
        with self._guard:
            if not batch:  # interrupted before the commit
                self._pending.remove(own)
            self._led = bool(self._pending)
            successor = self._pending[0] if self._pending else None
        if successor is not None:
            successor.leads = True
            successor.woken.release()
        others = [ticket for ticket in batch if ticket is not own]
        for ticket, following in pairwise(others):
            ticket.following = following
        if others:
            others[0].woken.release()

    def _commit(self, batch: list[_Ticket]) -> None:
        try:
            self._write([row for ticket in batch for row in ticket.rows])
        except StoreUnavailableError as error:
            for ticket in batch:
                ticket.error = type(error)(str(error))
        except Exception as error:
            if len(batch) == 1:
                batch[0].error = error
                return
            # A value that the driver refuses must not cost its neighbours: each alone.
            for ticket in batch:
                self._commit([ticket])
