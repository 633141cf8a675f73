"""One exception for each code of the C header, made from the header's table."""

from __future__ import annotations

from ._bindings import ERRORS


class PeriodicError(Exception):
    """Something did not work. `code` is the C header's number, `name` its name there."""

    code = 0
    name = "OK"

    def __init__(self, detail: str = "") -> None:
        super().__init__(f"{self.__doc__}{': ' + detail if detail else ''}")
        self.detail = detail


_NAMES = {
    "EINVAL": "InvalidArgument",
    "ETHREAD": "WrongThread",
    "EFORK": "Forked",
    "EDEADLK": "Deadlock",
    "EBUSY": "Busy",
    "EAGAIN": "TryAgain",
    "ETIMEDOUT": "TimedOut",
    "ECANCELED": "Canceled",
    "ECLOSED": "Closed",
    "EDISCONNECTED": "Disconnected",
    "EREFUSED": "Refused",
    "ENOWORKER": "NoWorker",
    "ESTALE": "Stale",
    "ELIMIT": "LimitExceeded",
    "EADDRESS": "BadAddress",
    "EADDRINUSE": "AddressInUse",
    "EACCES": "NotPermitted",
    "EIO": "SystemFailure",
    "EFULL": "StoreFull",
    "ECORRUPT": "StoreCorrupt",
    "ENOTSUP": "NotSupported",
}

BY_CODE: dict[int, type[PeriodicError]] = {}

for _name, _code, _text in ERRORS:
    _class = type(
        _NAMES[_name],
        (PeriodicError, TimeoutError) if _name == "ETIMEDOUT" else (PeriodicError,),
        {"__doc__": _text, "__module__": __name__, "code": _code, "name": _name},
    )
    BY_CODE[_code] = _class
    globals()[_class.__name__] = _class

__all__ = ["PeriodicError", *_NAMES.values()]
