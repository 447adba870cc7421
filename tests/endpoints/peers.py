"""The fourteen peers of ../shared/peers/trixie-peer.sh for the length of a test."""
import contextlib
import os
import pathlib
import re
import subprocess
import time

import kit

SCRIPT = kit.REPO.parent / "shared/peers/trixie-peer.sh"
ROOT = pathlib.Path(os.environ.get("PQMAP_PEER", kit.REPO / "build/peer"))
STARTED = 10  # one process may serve several ports


@contextlib.contextmanager
def running(port):
    """Gives the first port of the peers: those of PQMAP_PEER_BASE that run already, or ours from `port` on, ended
    behind the test. None, with a visible skip, when there can be none."""
    given = os.environ.get("PQMAP_PEER_BASE")
    if given:
        yield int(given)
        return
    if os.geteuid() != 0 or not (ROOT / "usr/bin/openssl").exists() or not SCRIPT.exists():
        kit.skip("no root with OpenSSL 3.5 (PQMAP_PEER), or not run as root")
        yield None
        return
    r = subprocess.run(["bash", SCRIPT, ROOT, "start", str(port), "240"], capture_output=True, text=True, timeout=120)
    if "started already" in r.stdout:
        kit.skip("the peers of this root run already: PQMAP_PEER_BASE says from which port")
        yield None
        return
    up = re.findall(r"^(\S+) up$", r.stdout, re.M)
    time.sleep(0.5)
    try:
        yield port if kit.ok(len(up) == STARTED, f"{len(up)} peers started", r.stdout[-500:]) else None
    finally:
        subprocess.run(["bash", SCRIPT, ROOT, "stop"], capture_output=True, timeout=30, check=False)
