"""Options of servers and connections, as the C library has them."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable

from . import _bindings
from ._memory import address_of
from ._values import Text, as_bytes

Log = Callable[[int, str], None]
"""Told of a line for an operator, with its level: 0 debug, 1 information, 2 warning, 3 error."""

_PATHS = {"auth_file"}
_TEXTS = {"hook", "sync", "socket_owner"}


def server_options(
    store: str, log: Log | None, given: dict[str, object]
) -> _bindings.periodic_server_options:
    """A server's options; those that are not given are the library's defaults."""
    options = _bindings.periodic_server_options()
    options.size = ctypes.sizeof(options)
    options.store = store.encode()
    for name, value in given.items():
        if value is None:
            continue
        if name in _PATHS:
            value = os.fsencode(value)  # type: ignore[arg-type]
        elif name in _TEXTS:
            value = str(value).encode()
        setattr(options, name, value)
    if log is not None:
        tell = log

        def write(_: object, level: int, line: int, length: int) -> None:
            tell(level, ctypes.string_at(line, length).decode(errors="replace"))

        # The C side keeps the pointer for as long as the server lives, and so the server this struct.
        options.log = options._keep = _bindings.periodic_log_cb(write)
    return options


def connection_options(
    identity: Text | None, token: Text | None, data_bytes: int = 0
) -> _bindings.periodic_connection_options:
    """How a client or worker connects."""
    options = _bindings.periodic_connection_options()
    options.size = ctypes.sizeof(options)
    options.data_bytes = data_bytes
    # The struct holds addresses only; what they point to stays with it.
    options._keep = name, word = as_bytes(identity or b""), as_bytes(token or b"")
    options.identity, options.identity_length = address_of(name), len(name)
    options.token, options.token_length = address_of(word), len(word)
    return options
