"""Uses the library once in the importing thread, before others do.

What Swift sets up when it is first needed it sets up under locks. A process that forks while another thread
is about it has a child for which they are taken for ever; so no thread begins before all that is done.
"""

from __future__ import annotations

import threading

from ._connection import Connection
from ._core import ServerCore
from ._core_worker import DONE_WITHOUT, FAILED, WorkerCore
from ._loop import Loop
from ._options import connection_options
from ._requests import get_setting, ping, receive_data, status, submit, submit_many
from ._values import columns

_lock = threading.Lock()
_is_warm = False


def warm_up() -> None:
    """Does a job from its submit to its end, once in a process."""
    global _is_warm
    with _lock:
        if not _is_warm:
            _is_warm = True
            _do_a_job()


def _do_a_job() -> None:
    options = connection_options(None, None)
    with Loop() as loop, ServerCore(loop, "memory:", None, {}) as server:
        address = server.listen("tcp://127.0.0.1:0")
        client = Connection(loop, address, options)
        with client, WorkerCore(loop, address, 4, options) as worker:
            worker.announce("can_do", "f", 10)
            client.ask(submit(columns([("f", "n")])), 10)
            client.ask(submit_many(columns([("f", "m"), ("f", "o")])), 10)
            client.ask(ping(), 10)
            client.ask(get_setting("timeout"), 10)
            client.ask(status(), 10)
            listening = client.start(receive_data("f", "n", 1), 10)
            ended = 0
            while ended < 3:
                for *_, pointer in worker.take(4, 1000):
                    worker.report(pointer, DONE_WITHOUT if ended else FAILED)
                    ended += 1
                worker.flush()
            client.take(listening, 0)
        server.stop(1)
