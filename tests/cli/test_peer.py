"""The library's own test programs inside a root with OpenSSL 3.5: its backend, and TLS groups both ways.

PQMAP_PEER names the root (../shared/peers/trixie-peer.sh makes one); without it, or not as root, it skips.
"""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import kit

peer = pathlib.Path(os.environ.get("PQMAP_PEER", kit.REPO / "build/peer"))
build = pathlib.Path(os.path.dirname(kit.PQMAP))

if os.geteuid() != 0 or not (peer / "usr/bin/openssl").exists():
    kit.skip("no root with OpenSSL 3.5 (PQMAP_PEER), or not run as root")
else:
    (peer / "tmp").mkdir(exist_ok=True)
    work = tempfile.mkdtemp(dir=peer / "tmp")
    for name, words in (("test_backend", "native and OpenSSL's ML-KEM, ML-DSA, SLH-DSA give the same bytes"),
                        ("test_kem_tls", "the TLS groups of both agree")):
        shutil.copy(build / "hybtest" / name, work)
        r = subprocess.run(["chroot", peer, f"/tmp/{os.path.basename(work)}/{name}"], capture_output=True, text=True, timeout=300)
        cases = sum(int(n) for n in re.findall(r"^ok - .*?(\d+) cases?$", r.stdout, re.M))
        kit.ok(r.returncode == 0 and "not ok" not in r.stdout and "skip" not in r.stdout and cases > 0,
               f"{words}: {cases} cases", r.stdout[-600:] + r.stderr[-300:])
    shutil.rmtree(work)
kit.done()
