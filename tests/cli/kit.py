"""What the command-line tests share: running the program, and saying what held."""
import atexit
import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile

PQMAP = os.path.abspath(os.environ.get("PQMAP", "build/pqmap"))
PQMAP_SAN = os.path.abspath(os.environ.get("PQMAP_SAN", "build/pqmap-san"))
REPO = pathlib.Path(__file__).resolve().parents[2]
failures = 0
# Layers that one test kept are not another's, nor the user's.
CACHE = tempfile.mkdtemp(prefix="pqmap-test-cache-")
atexit.register(subprocess.run, ["rm", "-rf", CACHE], check=False)
# Nor are the rules that a user imported.
os.environ["XDG_DATA_HOME"] = CACHE

# A test run that was started in the background, or by nohup, hands ignored signals down to what it starts.
for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM, signal.SIGTSTP):
    signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


def ok(condition, words, detail=""):
    global failures
    if condition:
        print(f"ok - {words}")
    else:
        failures += 1
        print(f"not ok - {words}" + (f"\n    {detail}" if detail != "" else ""))
    sys.stdout.flush()
    return bool(condition)


def skip(words):
    print(f"skip - {words}")


def run(*args, program=PQMAP, stdin=b"", cwd=None, timeout=120, env=None):
    return subprocess.run([program, *map(str, args)], input=stdin, capture_output=True, cwd=cwd,
                          timeout=timeout, env={**os.environ, "XDG_CACHE_HOME": CACHE, **(env or {})})


def out(r):
    return r.stdout.decode("utf-8", "replace")


def err(r):
    return r.stderr.decode("utf-8", "replace")


def free_port(ports=(0,), kind=socket.SOCK_STREAM):
    """A port of loopback that nobody has, the first of `ports` (0: any). An iterator gives each but once."""
    for port in ports:
        with socket.socket(socket.AF_INET, kind) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(port != 0))
            try:
                s.bind(("127.0.0.1", port))
                return s.getsockname()[1]
            except OSError:
                pass
    raise RuntimeError("no free port of those asked for")


@contextlib.contextmanager
def tmpdir():
    # rm, because Python's own cleanup gives up on a tree as deep as some of ours.
    path = tempfile.mkdtemp(prefix="pqmap-test-")
    try:
        yield path
    finally:
        subprocess.run(["rm", "-rf", path], check=False)


def done():
    sys.exit(1 if failures else 0)
