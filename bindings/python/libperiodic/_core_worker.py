"""A worker of the C library, on a loop; what drives the loop is another's affair."""

from __future__ import annotations

import ctypes
import logging
from typing import TYPE_CHECKING

from . import _memory
from ._handle import milliseconds
from ._library import lib
from ._loop import Loop, OnLoop
from ._memory import DONE, FAIL, Arrivals, Report
from ._values import Text, as_bytes
from .errors import ClosedError, LimitError, NotNowError, TimedOutError

if TYPE_CHECKING:
    from ._aio import Driver

log = logging.getLogger("libperiodic.worker")

Outcome = tuple[int, int, int, bytes]
"""Of a run: a kind of report, a step, a delay, a result."""
DONE_WITHOUT: Outcome = (DONE, 0, 0, b"")
FAILED: Outcome = (FAIL, 0, 0, b"")


class WorkerCore(OnLoop):
    """One periodic_worker. Reports are kept and said together, in `flush`."""

    _free_name = "periodic_worker_free"

    def __init__(
        self, loop: Loop, address: str, slots: int, options: object, driver: Driver | None = None
    ) -> None:
        self.loop = loop
        self.driver = driver
        self.is_draining = False
        self.reports: list[Report] = []
        # Those that are done without a result have a shorter way.
        self.done: list[int] = []
        self._arrivals = Arrivals(min(slots, 4096))
        pointer = ctypes.c_void_p()
        code = lib.periodic_worker_new(
            loop.pointer,
            address.encode(),
            slots,
            ctypes.byref(options),  # type: ignore[arg-type]
            ctypes.byref(pointer),
        )
        self._own(code, pointer)

    def announce(self, verb: str, function: Text, timeout: float | None) -> None:
        """`verb` is can_do, broadcast or cannot_do."""
        name = as_bytes(function)
        call = getattr(lib, f"periodic_worker_{verb}")
        self._check(call(self.pointer, name, len(name), milliseconds(timeout)))
        self.stir()

    def take(self, most: int, timeout: int) -> list[_memory.Shown]:
        """Up to so many jobs that are there, waiting for the first; none when the time is over, and none
        while draining, which `is_draining` then says."""
        arrivals = self._arrivals
        count = lib.periodic_worker_next_many(
            self.pointer, arrivals.pointers, min(most, arrivals.most), timeout
        )
        if count == TimedOutError.code:
            return []
        if count == ClosedError.code:
            self.is_draining = True
            return []
        self._check(count)
        self._check(
            lib.periodic_worker_show_many(self.pointer, arrivals.pointers, arrivals.infos, count)
        )
        return arrivals.shown(count)

    def report(self, job: int, outcome: Outcome) -> None:
        """Keeps the end of a job for the next `flush`."""
        if outcome is DONE_WITHOUT:
            self.done.append(job)
        else:
            self.reports.append((job, *outcome))

    def flush(self) -> None:
        """Says what is to be said of jobs."""
        if self.done:
            self._flush_done()
        while self.reports:
            batch = _memory.reports(self.reports)
            said = lib.periodic_worker_report_many(self.pointer, batch.address, batch.count)
            if said == batch.count:
                self.reports = []
                return
            if said >= 0:
                del self.reports[:said]
                continue
            if said == NotNowError.code:
                # Too much waits to be sent: after the next turns.
                return
            self._pass_over(said)

    def _flush_done(self) -> None:
        while self.done:
            batch = _memory.pointers(self.done)
            said = lib.periodic_worker_done_many(self.pointer, batch.address, batch.count)
            if said == NotNowError.code:
                return
            # One that is not in these hands any more is passed over.
            del self.done[: said if said > 0 else 1]

    def _pass_over(self, code: int) -> None:
        """The first report cannot be said: a result that is too large fails its job."""
        job, kind, *_ = self.reports[0]
        log.error("a job's end was not taken: %s", self._detail())
        if code == LimitError.code and kind != FAIL:
            self.reports[0] = (job, FAIL, 0, 0, b"")
        else:
            del self.reports[0]

    def drain(self, timeout: float | None) -> None:
        """Takes on nothing new, and waits until every end was heard."""
        self._check(lib.periodic_worker_drain(self.pointer, milliseconds(timeout)))

    def start_drain(self, timeout: float | None) -> int:
        """The pointer of a request for that."""
        request = ctypes.c_void_p()
        wait = milliseconds(timeout)
        self._check(lib.periodic_worker_start_drain(self.pointer, ctypes.byref(request), wait))
        return request.value or 0

    def hand_back(self) -> None:
        """Lets go of jobs that have come and were not begun: the server gives them to others when this
        connection ends."""
        for *_, pointer in self.take(self._arrivals.most, 0):
            lib.periodic_job_free(pointer)

    def stir(self) -> None:
        """What was just called is to be sent; a loop that others drive is told so."""
        if self.driver is not None:
            self.driver.schedule()
