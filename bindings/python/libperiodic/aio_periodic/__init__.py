"""The names of the package aio_periodic, so that a program moves over by changing its import:

    from libperiodic.aio_periodic import Client, Job, Worker

Both of its styles are here: `add_server`, `grabJob` and `submitJob` of Periodic's README, and transports,
`work`, blueprints and responses of 0.2 and 1.0. Calls may be awaited, or used with `yield from` in
generators under `types.coroutine`. What it does not have: RSA transports and clusters.
"""

from ._peer import Client, Pool
from ._values import (
    DoneResponse,
    FailResponse,
    FinishedError,
    Job,
    SchedLaterResponse,
    Transport,
    done,
    fail,
    jsonify,
    open_connection,
    sched_later,
)
from ._worker import Blueprint, Worker

__all__ = [
    "Blueprint",
    "Client",
    "DoneResponse",
    "FailResponse",
    "FinishedError",
    "Job",
    "Pool",
    "SchedLaterResponse",
    "Transport",
    "Worker",
    "done",
    "fail",
    "jsonify",
    "open_connection",
    "sched_later",
]
