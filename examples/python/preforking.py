"""A program that forks, as gunicorn does with --preload: one owner, and children that reach it.

The server belongs to the master. Its children come to it by its Unix socket, with the same client.
"""

import os
import sys
import tempfile

from libperiodic import Client, ForkError, Server

directory = tempfile.mkdtemp()
with Server(f"file:{directory}/jobs", f"unix://{directory}/socket") as server:
    client = Client(server)  # made before the fork: `--preload`
    children = []
    for number in range(3):
        child = os.fork()
        if child == 0:
            try:
                server.listen("inproc:mine")
            except ForkError as error:
                print(f"child {number}: {error}", file=sys.stderr)
            client.submit("count", f"from child {number}")
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    print(*sorted(job.name for job in server.jobs()), sep=", ")
