"""The servers that are measured: how each is started, known to be ready, and ended."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

BENCH = ".build/release/bench"
DAEMON = ".build/release/periodic-cli"
# A directory on the disk that is measured.
DISK = os.environ.get("BENCH_DIR", ".build")


def program(path):
    """The path of a program; Debian keeps gearmand where only administrators look."""
    found = shutil.which(path, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not found:
        raise SystemExit(f"{path} is missing")
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def periodic(place, store, daemon=DAEMON):
    kept = "memory:" if store == "memory" else f"file:{place.data}/jobs"
    listen = f"tcp://127.0.0.1:{place.port}" if place.port else f"unix://{place.socket}"
    return [daemon, "-d", "-H", listen, "--store", kept, "--log-level", "error"]


def redis(place, store):
    command = [program("redis-server"), "--port", "0", "--unixsocket", place.socket, "--dir", place.data]
    command += ["--save", "", "--appendonly", "no" if store == "memory" else "yes"]
    # It does not rewrite its file meanwhile, which would only cost it time.
    sync = "no" if store == "unsynced" else "always"
    return command + ["--appendfsync", sync, "--auto-aof-rewrite-percentage", "0"]


def beanstalkd(place, store):
    command = [program("beanstalkd"), "-l", f"unix:{place.socket}"]
    if store == "memory":
        return command
    return command + ["-b", place.data] + (["-F"] if store == "unsynced" else ["-f", "0"])


def gearmand(place, store):
    # As many buckets as there will be jobs, or it gets slower with each.
    command = [program("gearmand"), "-L", "127.0.0.1", "-p", str(place.port), "-l", f"{place.data}/log"]
    command += ["-P", f"{place.data}/pid", "--hashtable-buckets", "1000003"]
    if os.getuid() == 0:
        command += ["-u", "root"]
    if store != "memory":
        command += ["-q", "libsqlite3", "--libsqlite3-db", f"{place.data}/jobs"]
    return command


def echo(place, store):
    return [BENCH, "echo", place.socket]


# By name: the dialect of the generator, whether it listens on TCP, and its command.
KINDS = {
    "periodic": ("periodic", False, periodic),
    "periodic-tcp": ("periodic", True, periodic),
    "redis": ("redis", False, redis),
    "beanstalkd": ("beanstalkd", False, beanstalkd),
    "gearmand": ("gearmand", True, gearmand),
    "echo": ("echo", False, echo),
}


def add_other(daemon):
    """Another build of our daemon, to compare it with."""
    KINDS["other"] = ("periodic", False, lambda place, store: periodic(place, store, daemon))


class Server:
    """A server on an empty directory, from `with` to its end; nothing of it is left."""

    def __init__(self, name, store="memory", priority=()):
        self.name, self.store, self.priority = name, store, list(priority)
        self.dialect, self.is_tcp, self.command = KINDS[name]
        self.process = None

    def __enter__(self):
        # A socket's path is short; the data lie on the disk that is to be measured.
        self.home = tempfile.mkdtemp(prefix="bench-")
        self.socket = f"{self.home}/s"
        self.port = free_port() if self.is_tcp else 0
        self.address = f"tcp:{self.port}" if self.is_tcp else self.socket
        self.data = os.path.realpath(tempfile.mkdtemp(prefix="data-", dir=DISK))
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        self.output = open(f"{self.home}/output", "ab")
        self.process = subprocess.Popen(
            self.priority + self.command(self, self.store), stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output)
        deadline = time.monotonic() + 120
        while not self.listens():
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(f"{self.home}/output") as said:
                    raise RuntimeError(f"{self.name} does not start: {said.read()[-500:]}")
            time.sleep(0.002)

    def connect(self):
        kind = socket.AF_INET if self.is_tcp else socket.AF_UNIX
        connection = socket.socket(kind)
        connection.settimeout(60)
        connection.connect(("127.0.0.1", self.port) if self.is_tcp else self.socket)
        return connection

    def listens(self):
        try:
            self.connect().close()
            return True
        except OSError:
            return False

    def await_ready(self):
        """Waits until it does what it is asked, with all its jobs."""
        if self.dialect == "periodic":
            return self.ask("ready")
        question, answer = {"redis": (b"PING\r\n", b"+PONG"), "beanstalkd": (b"stats\r\n", b"OK")}[self.dialect]
        while True:
            with self.connect() as connection:
                connection.sendall(question)
                if connection.recv(64).startswith(answer):
                    return None
            time.sleep(0.005)

    def stop(self):
        """Lets it end by itself."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.output.close()
        if os.path.exists(self.socket):
            os.unlink(self.socket)

    def __exit__(self, *_):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.output.close()
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)

    def arguments(self, mode, options):
        command = [BENCH, mode, self.address, "--server", self.dialect, "--pid", str(self.process.pid)]
        for name, value in options.items():
            command += [f"--{name.replace('_', '-')}", str(value)]
        return command

    def ask(self, mode, **options):
        """What the generator says of a run with these options."""
        done = subprocess.run(self.arguments(mode, options), capture_output=True, text=True, timeout=1800)
        if done.returncode != 0:
            raise RuntimeError(f"{self.name}, {mode} {options}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def resident(self):
        """Bytes in memory."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))

    def cpu(self):
        """Seconds of CPU time of all its threads."""
        used = 0
        for thread in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{thread}/schedstat") as times:
                used += int(times.read().split()[0])
        return used / 1e9
