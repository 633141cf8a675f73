"""A web application with its scheduler inside: no broker beside it, and jobs survive a restart.

web.py PORT FILE      POST /thumbnails/NAME answers at once, and the work is done behind it;
                      GET /jobs shows what is left; POST /ask/WORD waits for the answer.
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from libperiodic import Client, Server, Worker

server = Server(f"file:{sys.argv[2]}")
worker = Worker(server, concurrency=4)


@worker.func("thumbnail", pool="thread")
def thumbnail(job):
    print(f"made {job.name} from {len(job.workload)} bytes", flush=True)


@worker.func("ask")
def ask(job):
    return {"answer": job.name[::-1]}


class Application(BaseHTTPRequestHandler):
    def do_POST(self):
        _, what, name = self.path.split("/")
        if what == "ask":
            return self.answer(200, json.loads(client.run("ask", name)))
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        client.submit("thumbnail", name, body)
        self.answer(202, {"accepted": name})

    def do_GET(self):
        self.answer(200, [{"name": job.name, "state": job.state} for job in server.jobs()])

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


with server, Client(server) as client:
    working = threading.Thread(target=worker.run)
    working.start()
    web = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Application)
    print(f"listening at {web.server_port}", flush=True)
    try:
        web.serve_forever()
    except KeyboardInterrupt:
        worker.stop()
        working.join()
