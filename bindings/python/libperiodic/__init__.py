"""The Periodic task system in your process: server, client and worker, over the C library.

A client submits a job (function, name, workload, when to run); the server keeps it until it is due and
hands it to a worker that can do the function; the worker answers done, fail, or "run me again later".
"""

from . import errors
from ._client import Client, FunctionStatus, JobRequest
from ._ffi import features, limits
from ._ffi import lib as _lib
from ._loop import Loop
from ._request import DataStream, Run
from ._server import JobInfo, Server
from ._worker import Job, Worker
from .errors import *  # noqa: F403
from .errors import PeriodicError

__version__: str = _lib.periodic_version().decode()

__all__ = [
    "Client",
    "DataStream",
    "FunctionStatus",
    "Job",
    "JobInfo",
    "JobRequest",
    "Loop",
    "PeriodicError",
    "Run",
    "Server",
    "Worker",
    "features",
    "limits",
    *errors.__all__,
]
