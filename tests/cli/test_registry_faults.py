#!/usr/bin/env python3
"""What registries and networks do on bad days, to each thing that is asked for: the right result or one clear error."""
import base64
import concurrent.futures
import json
import os
import pathlib
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from kit import PQMAP, REPO, done, ok, skip, tmpdir

sys.path.insert(0, str(REPO / "tests/images"))
from front import Front  # noqa: E402
from make import packed, tar_of  # noqa: E402
from related import Signer, Store, tag_of  # noqa: E402

PASSWORD, TOKEN = "pw-77ab-never-shown", "tok-19fe-never-shown"
said, lock = [], threading.Lock()


def start_registry(tmp):
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    (tmp / "registry.yml").write_text(f"version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nstorage: {{filesystem: "
                                      f"{{rootdirectory: {tmp / 'registry'}}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n")
    p = subprocess.Popen(["docker-registry", "serve", tmp / "registry.yml"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(100):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return p, f"127.0.0.1:{port}"
        time.sleep(0.1)
    raise RuntimeError("the registry does not start")


class Case:
    """A front with TLS and a token in front of the registry, a home that knows both, and one scan."""

    def __init__(self, tmp, upstream, tls, faults, most=None):
        self.front = Front(upstream, token=TOKEN, user=("joe", PASSWORD), tls=tls, most=most)
        self.front.faults = faults
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="home-", dir=tmp))
        certs = self.home / f".config/containers/certs.d/{self.front.host}"
        certs.mkdir(parents=True)
        shutil.copy(tmp / "server.crt", certs / "ca.crt")
        (self.home / ".docker").mkdir()
        (self.home / ".docker/config.json").write_text(json.dumps({"auths": {self.front.host: {
            "auth": base64.b64encode(f"joe:{PASSWORD}".encode()).decode()}}}))

    def scan(self, ref, *args):
        """Exit code, words, the findings by file, the artifacts."""
        report = self.home / "report.json"
        env = {**os.environ, "HOME": str(self.home), "no_proxy": "127.0.0.1", "DOCKER_CONFIG": "", "REGISTRY_AUTH_FILE": ""}
        p = subprocess.Popen([PQMAP, "scan", f"registry:{self.front.host}/{ref}", "--no-cache", "-vv", "-o", f"json={report}", *args],
                             env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.home)
        seen = pathlib.Path(f"/proc/{p.pid}/cmdline").read_bytes()
        out, err = p.communicate(timeout=120)
        text = report.read_bytes() if report.exists() else b'{"findings":[],"objects":[],"coverage":{"notes":[]}}'
        with lock:
            said.extend([out, err, text, seen])
        self.front.stop()
        doc = json.loads(text)
        files = {o["path"].split(" › ", 1)[-1]: f["family"] for f in doc["findings"] for o in f["occurrences"]}
        gaps = [n.get("words", "") for n in doc["coverage"]["notes"]]
        return p.returncode, err.decode(), files, gaps


FAULTS = {
    # name: (fault, times that are passed over; then it stays)
    "401": (401, 1), "403": (403, 0), "404": (404, 0), "429 with Retry-After": (429, 1), "500": (500, 2), "502": (502, 1), "503": (503, 1),
    "connection reset": ("reset", 2), "cut at the first byte": ("cut 0", 2), "cut at byte 1": ("cut 1", 3), "cut in the middle": ("cut half", 3),
    "cut at the last byte": ("cut last", 2), "another content": ("flip", 0), "Content-Length too small": ("less", 1),
    "Content-Length too large": ("long", 1), "a page instead": ("page", 0), "slow body": ("slow", None),
}


def table(tmp, upstream, tls, digests, want):
    """digests: what is asked for by which part of a path."""
    lasting = {"401": "401", "403": "403", "404": "404", "429 with Retry-After": "429", "500": "500", "502": "502", "503": "503"}
    jobs = []
    for what, (part, own) in digests.items():
        for name, (fault, passing) in FAULTS.items():
            if passing is None:
                jobs.append((what, part, own, name, fault, 99, True))
                continue
            if passing:
                jobs.append((what, part, own, name, fault, passing, True))
            jobs.append((what, part, own, name, fault, 9999, False))

    def one(job):
        what, part, own, name, fault, n, is_passing = job
        return job, Case(tmp, upstream, tls, [(part, fault, n)]).scan("team/app:1")

    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        results = list(pool.map(one, jobs))
    cells = 0
    for (what, part, own, name, fault, n, is_passing), (code, err, files, gaps) in results:
        told = f"{err[-1500:]}\n{files}\n{gaps}"
        cells += 1
        title = f"{what}: {name}" + ("" if n == 99 else f", {n} times" if is_passing else ", for ever")
        if is_passing and name == "Content-Length too small" and what in ("the index", "the signature's manifest"):
            # No size is known before: the digest says that something is missing, and no other try is made.
            ok((code == 3 and not files) if what == "the index" else code == 0 and gaps and not set(own) & set(files),
               f"{title}: told, and nothing of it counts", f"exit {code} {told}")
            continue
        if is_passing:
            ok(code == 0 and files == want, f"{title}: the right result", f"exit {code} {told}")
            continue
        # A reset header or a length that lies is no fault where all bytes came and the digest is right.
        if name == "Content-Length too large" and what != "the signature's manifest" and files == want:
            ok(code == 0, f"{title}: all bytes came", f"exit {code} {told}")
        elif name == "Content-Length too small" and files == want:
            ok(code == 0, f"{title}: the rest was asked for", f"exit {code} {told}")
        elif name.startswith("cut at byte 1") or name in ("cut in the middle", "cut at the last byte"):
            if files == want and code == 0:
                ok("layer" in what or "config" in what or "manifest" in what or "blob" in what, f"{title}: gone on with, piece by piece", told)
            else:
                ok(not set(own) & set(files) and (gaps or code == 3), f"{title}: told, and nothing of it counts", f"exit {code} {told}")
        elif what.startswith("the signature"):
            if name == "404" or name == "a page instead":
                ok(code == 0 and not set(own) & set(files), f"{title}: there is none", f"exit {code} {told}")
            else:
                ok(code == 0 and not set(own) & set(files) and any("not in this report" in g or "nothing of this layer" in g for g in gaps),
                   f"{title}: a gap that is told", f"exit {code} {told}")
        elif what == "a layer of two":
            ok(code == 0 and not set(own) & set(files) and set(files) == set(want) - set(own) and
               any("nothing of this layer is reported" in g for g in gaps), f"{title}: nothing of it counts, and it is told", f"exit {code} {told}")
        else:
            ok(code == 3 and not files and "pqmap: " in err and (name not in lasting or lasting[name] in err),
               f"{title}: one clear error, nothing counted", f"exit {code} {told}")
    print(f"{cells} cells: {len(FAULTS)} faults x {len(digests)} objects, passing and lasting")
    ok(cells >= 100, f"{cells} cells were looked at")


def two_connections(tmp, upstream, tls, names):
    case = Case(tmp, upstream, tls, [], most=2)
    code, err, files, gaps = case.scan("team/many:1", "-j4")
    ok(code == 0 and set(files) == names, f"20 layers of a registry that takes 2 connections at a time ({case.front.highest} at most)", err[-800:] + str(files))


def main():
    if not all(shutil.which(p) for p in ("docker-registry", "openssl")):
        skip("docker-registry and openssl are not here")
        done()
        return
    with tmpdir() as name:
        tmp = pathlib.Path(name)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", tmp / "server.key",
                        "-out", tmp / "server.crt", "-subj", "/CN=front", "-days", "2", "-addext", "subjectAltName=IP:127.0.0.1"],
                       check=True, capture_output=True)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(tmp / "server.crt", tmp / "server.key")
        keys = [subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], capture_output=True, check=True).stdout for _ in range(22)]
        s = Store()
        image = s.image([tar_of([("low.pem", keys[0]), ("pad", os.urandom(300000))]), tar_of([("high.pem", keys[1])])], None, packed)
        index = s.index([dict(image, platform={"os": "linux", "architecture": "amd64"})], "1")
        sig = s.cosign(index, Signer(tmp, "ec", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"))
        s.image([tar_of([(f"{i}.pem", keys[i])]) for i in range(2, 22)], "many", packed)
        doc = json.loads(s.manifests[image["digest"]])
        process, upstream = start_registry(tmp)
        try:
            s.push(upstream, "team/app")
            many = Store()
            many.image([tar_of([(f"{i}.pem", keys[i])]) for i in range(2, 22)], "1", packed)
            many.push(upstream, "team/many")
            code, err, want, gaps = Case(tmp, upstream, tls, []).scan("team/app:1", "--platform", "linux/amd64")
            mine = [k for k in want if "attached@" in k]
            ok(code == 0 and not gaps and {"/low.pem", "/high.pem"} < set(want) and len(mine) == 1, "over TLS, with a token: all is found", err + str(want))
            payload = json.loads(s.manifests[sig["digest"]])["layers"][0]["digest"]
            files = ["/low.pem", "/high.pem"]
            table(tmp, upstream, tls, {
                "the index": ("manifests/1", files), "the manifest": (f"manifests/{image['digest']}", files),
                "the config": (f"blobs/{doc['config']['digest']}", files), "a layer of two": (f"blobs/{doc['layers'][0]['digest']}", ["/low.pem"]),
                "the signature's manifest": (tag_of(index["digest"], ".sig"), mine), "the signature's blob": (f"blobs/{payload}", []),
            }, want)
            two_connections(tmp, upstream, tls, {f"/{i}.pem" for i in range(2, 22)})
        finally:
            process.terminate()
            process.wait()
        everything = b"".join(said)
        secrets = [PASSWORD, TOKEN, base64.b64encode(f"joe:{PASSWORD}".encode()).decode()]
        ok(not any(x.encode() in everything for x in secrets), "no password and no token in any output, log or command line")
    done()


main()
