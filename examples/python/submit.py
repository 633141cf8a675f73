"""Submits a job from Python.  submit.py ADDRESS FUNCTION NAME [WORKLOAD]"""

import sys

import libperiodic

address, function, name, *workload = sys.argv[1:]
with libperiodic.Loop() as loop, libperiodic.Client(loop, address) as client:
    client.submit(function, name, workload[0].encode() if workload else b"")
print(f"submitted {name} to {function}")
