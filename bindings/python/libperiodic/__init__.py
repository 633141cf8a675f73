"""The Periodic task system in your process: server, client and worker, over the C library.

A client submits a job (function, name, workload, when to run); the server keeps it until it is due and
hands it to a worker that can do the function; the worker's handler does it, or asks to run it later.
"""

from . import errors
from ._aclient import AsyncClient, AsyncDataStream, AsyncRunStream
from ._aworker import AsyncWorker
from ._client import Client
from ._handlers import Handlers
from ._job import AsyncJob, Job, PooledJob
from ._library import features, limits
from ._library import lib as _lib
from ._loop import Loop
from ._server import Server
from ._streams import DataStream, Run, RunStream
from ._values import FunctionStatus, JobInfo, JobRequest, Later, RunError
from ._worker import Worker
from .errors import *  # noqa: F403

__version__: str = _lib.periodic_version().decode()

__all__ = [
    "AsyncClient",
    "AsyncDataStream",
    "AsyncJob",
    "AsyncRunStream",
    "AsyncWorker",
    "Client",
    "DataStream",
    "FunctionStatus",
    "Handlers",
    "Job",
    "JobInfo",
    "JobRequest",
    "Later",
    "Loop",
    "PooledJob",
    "Run",
    "RunError",
    "RunStream",
    "Server",
    "Worker",
    "features",
    "limits",
    *errors.__all__,
]
