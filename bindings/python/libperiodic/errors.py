"""One exception for each code of the C header. Made by tools/generate.py from it; not to be edited."""

from __future__ import annotations


class PeriodicError(Exception):
    """Something did not work. `code` is the C header's number, `name` its name there."""

    code = 0
    name = "OK"
    text = "success"

    def __init__(self, detail: str = "") -> None:
        super().__init__(f"{self.text}: {detail}" if detail not in ("", self.text) else self.text)
        self.detail = detail

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.detail,)


class WrongThreadError(PeriodicError, RuntimeError):
    """Called on another thread than the loop's."""

    code = -2
    name = "ETHREAD"
    text = "called on another thread than the loop's"


class ForkError(PeriodicError, RuntimeError):
    """The object belongs to the process that forked this one."""

    code = -3
    name = "EFORK"
    text = "the object belongs to the process that forked this one"


class DeadlockError(PeriodicError, RuntimeError):
    """A blocking call from inside a callback of the same loop."""

    code = -4
    name = "EDEADLK"
    text = "a blocking call from inside a callback of the same loop"


class BusyError(PeriodicError):
    """In use: by another process, server or job, or by objects that are not freed."""

    code = -5
    name = "EBUSY"
    text = "in use: by another process, server or job, or by objects that are not freed"


class NotNowError(PeriodicError):
    """Not now: too much is under way, or nothing has come; let the loop work and try again."""

    code = -6
    name = "EAGAIN"
    text = "not now: too much is under way, or nothing has come; let the loop work and try again"


class TimedOutError(PeriodicError, TimeoutError):
    """The time for it is over; it may still be carried out."""

    code = -7
    name = "ETIMEDOUT"
    text = "the time for it is over; it may still be carried out"


class CanceledError(PeriodicError):
    """Withdrawn, or ended by freeing its object."""

    code = -8
    name = "ECANCELED"
    text = "withdrawn, or ended by freeing its object"


class ClosedError(PeriodicError):
    """Closed, stopped or draining."""

    code = -9
    name = "ECLOSED"
    text = "closed, stopped or draining"


class DisconnectedError(PeriodicError, ConnectionError):
    """The connection was lost before the answer; it may have been carried out."""

    code = -10
    name = "EDISCONNECTED"
    text = "the connection was lost before the answer; it may have been carried out"


class RefusedError(PeriodicError):
    """The server refused: a limit, its store, or a command it does not have."""

    code = -11
    name = "EREFUSED"
    text = "the server refused: a limit, its store, or a command it does not have"


class NoWorkerError(PeriodicError):
    """Nobody can do the function, or this peer may not ask."""

    code = -12
    name = "ENOWORKER"
    text = "nobody can do the function, or this peer may not ask"


class StaleError(PeriodicError):
    """The job is not this worker's any more; the server runs it again."""

    code = -13
    name = "ESTALE"
    text = "the job is not this worker's any more; the server runs it again"


class LimitError(PeriodicError, ValueError):
    """A limit would be passed; the detail names it."""

    code = -14
    name = "ELIMIT"
    text = "a limit would be passed; the detail names it"


class AddressError(PeriodicError, ValueError):
    """The address is malformed, or no such host."""

    code = -15
    name = "EADDRESS"
    text = "the address is malformed, or no such host"


class AddressInUseError(PeriodicError, OSError):
    """The address is in use."""

    code = -16
    name = "EADDRINUSE"
    text = "the address is in use"


class AccessError(PeriodicError, PermissionError):
    """Not permitted."""

    code = -17
    name = "EACCES"
    text = "not permitted"


class SystemFailureError(PeriodicError, OSError):
    """The system reported an error; the detail has its text."""

    code = -18
    name = "EIO"
    text = "the system reported an error; the detail has its text"


class StoreFullError(PeriodicError, OSError):
    """No room for the store."""

    code = -19
    name = "EFULL"
    text = "no room for the store"


class StoreCorruptError(PeriodicError):
    """The store's file is damaged, or not one of ours."""

    code = -20
    name = "ECORRUPT"
    text = "the store's file is damaged, or not one of ours"


class NotSupportedError(PeriodicError):
    """This build does not have it."""

    code = -21
    name = "ENOTSUP"
    text = "this build does not have it"


class InvalidArgumentError(PeriodicError, ValueError):
    """An argument is not valid."""

    code = -22
    name = "EINVAL"
    text = "an argument is not valid"


BY_CODE: dict[int, type[PeriodicError]] = {
    WrongThreadError.code: WrongThreadError,
    ForkError.code: ForkError,
    DeadlockError.code: DeadlockError,
    BusyError.code: BusyError,
    NotNowError.code: NotNowError,
    TimedOutError.code: TimedOutError,
    CanceledError.code: CanceledError,
    ClosedError.code: ClosedError,
    DisconnectedError.code: DisconnectedError,
    RefusedError.code: RefusedError,
    NoWorkerError.code: NoWorkerError,
    StaleError.code: StaleError,
    LimitError.code: LimitError,
    AddressError.code: AddressError,
    AddressInUseError.code: AddressInUseError,
    AccessError.code: AccessError,
    SystemFailureError.code: SystemFailureError,
    StoreFullError.code: StoreFullError,
    StoreCorruptError.code: StoreCorruptError,
    NotSupportedError.code: NotSupportedError,
    InvalidArgumentError.code: InvalidArgumentError,
}

__all__ = [
    "PeriodicError",
    "WrongThreadError",
    "ForkError",
    "DeadlockError",
    "BusyError",
    "NotNowError",
    "TimedOutError",
    "CanceledError",
    "ClosedError",
    "DisconnectedError",
    "RefusedError",
    "NoWorkerError",
    "StaleError",
    "LimitError",
    "AddressError",
    "AddressInUseError",
    "AccessError",
    "SystemFailureError",
    "StoreFullError",
    "StoreCorruptError",
    "NotSupportedError",
    "InvalidArgumentError",
]
