"""Takes one job and prints it.  worker.py ADDRESS FUNCTION"""

import sys

from libperiodic import Worker

address, function = sys.argv[1:]
with Worker(address) as worker:
    worker.can_do(function)
    job = worker.next(timeout=30)
    if job is None:
        sys.exit("no job came")
    print(job.name, job.workload.decode(), flush=True)
    job.done()
    worker.drain(timeout=10)
