"""Submits a job.  submit.py ADDRESS FUNCTION NAME [WORKLOAD]"""

import sys

from libperiodic import Client

address, function, name, *workload = sys.argv[1:]
with Client(address) as client:
    client.submit(function, name, *workload)
print(f"submitted {name} to {function}")
