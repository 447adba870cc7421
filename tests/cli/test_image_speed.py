#!/usr/bin/env python3
"""What makes images quick: nothing goes to disk on the way, a layer is read once, parts are let go. Counts, no clocks."""
import io
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile

from kit import PQMAP, REPO, done, err, ok, out, run, skip, tmpdir

sys.path.insert(0, str(REPO / "tests/images"))
from make import Layout, tar_of  # noqa: E402

MIB = 1 << 20
# What makes, opens or moves a file.
CALLS = "openat,open,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,mknod,mknodat," \
    "truncate,ftruncate,memfd_create"
# "12 openat(AT_FDCWD</work>, "name", flags) = 3</work/name>": the call, the folder or file of a descriptor, a name, the rest
MADE = re.compile(r'^(?:\d+ +)?(\w+)\((?:[\w]+<([^>]*)>(?:, )?)?(?:"([^"]*)")?(.*)$')


def key():
    return subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], capture_output=True, check=True).stdout


def layers():
    """Seven, one of them large, with archives in archives and a member over what is held of one."""
    rnd = random.Random(1)
    jar = io.BytesIO()
    with zipfile.ZipFile(jar, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr(zipfile.ZipInfo("tls/service.key"), key())
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr(zipfile.ZipInfo("lib/inner.jar"), jar.getvalue())
        z.writestr(zipfile.ZipInfo("big.bin"), rnd.randbytes(30 * MIB))
    return [
        tar_of([("etc/ssl/server.key", key()), ("etc/motd", b"hello\n")]),
        tar_of([("opt/app.jar", outer.getvalue()), ("opt/text.gz", subprocess.run(
            ["gzip", "-c"], input=key(), capture_output=True, check=True).stdout)]),
        tar_of([("models/blob.bin", rnd.randbytes(20 * MIB) + key() + rnd.randbytes(12 * MIB)),
                ("models/mid.bin", rnd.randbytes(6 * MIB) + key())]),
        *[tar_of([(f"srv/{i}/{n}.txt", b"line %d\n" % n * 100) for n in range(50)]) for i in range(4)],
    ]


def traced(tmp, *argv):
    """The run, and all that it made or opened to write."""
    log = tmp / "strace"
    r = run("-f", "-y", "-qq", "-e", f"trace={CALLS}", "-o", str(log), PQMAP, *argv, program=shutil.which("strace"), timeout=300,
            env={"XDG_CACHE_HOME": str(tmp / "cache")})
    made = set()
    lines = [line for line in log.read_text(errors="replace").splitlines() if "resumed>" not in line and "+++" not in line]
    for line in lines:
        call, where, named, rest = MADE.match(line).groups()
        path = os.path.join(where or "", named or "")
        if call in ("open", "openat"):
            if re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TMPFILE|O_TRUNC", rest):
                made.add(path)
        elif " = -1 " not in rest:
            made.add(path)
    return r, made, len(lines)


def test_nothing_on_disk(tmp, images):
    if shutil.which("strace") is None:
        return skip("strace is not installed: that nothing goes to disk is not shown")
    report = tmp / "report.json"
    for target in images:
        report.unlink(missing_ok=True)
        r, made, n = traced(tmp, "scan", "-q", "--no-cache", "-j", "2", "-o", f"json={report}", target)
        if "ptrace" in err(r) and not report.exists():
            return skip("strace may not trace here: that nothing goes to disk is not shown")
        ours = {p for p in made if str(report) not in p and p != "/dev/null"}
        ok(n > 0 and any(str(report) in p for p in made), f"the trace of {name(target)} has the report", sorted(made))
        ok(not ours, f"a scan of {name(target)} makes nothing but the report", sorted(ours))
    _, made, _ = traced(tmp, "scan", "-q", "-j", "2", "-o", f"json={report}", images[0])
    ours = {p for p in made if str(report) not in p and p != "/dev/null"}
    ok(ours and all(str(tmp / "cache") in p for p in ours), "with a cache, only the cache besides", sorted(ours))
    return None


def name(target):
    return target.split(":")[0] + ":" + pathlib.Path(target.split(":", 1)[1]).name


def test_calls(tmp):
    """A zip of many entries asks the system for nothing per entry."""
    jar, log = tmp / "many.jar", tmp / "calls"
    with zipfile.ZipFile(jar, "w") as z:
        for i in range(500):
            z.writestr(f"com/example/C{i}.class", b"\xca\xfe\xba\xbe\0\0\0\x37")
    if shutil.which("strace") is None:
        return skip("strace is not installed: calls are not counted")
    r = run("-f", "-qq", "-o", str(log), PQMAP, "scan", "-q", "-j", "1", jar, program=shutil.which("strace"))
    n = len(log.read_text(errors="replace").splitlines()) if log.exists() else 0
    if n == 0:
        return skip("strace may not trace here: calls are not counted")
    return ok(r.returncode == 0 and n < 700, "500 entries of a zip take less than 700 system calls, start and end included", n)


def scan(tmp, target, jobs, *more):
    report = tmp / f"jobs-{jobs}.json"
    report.unlink(missing_ok=True)
    r = run("scan", "-q", "--no-cache", "--now", "2026-01-01", "-j", jobs, "-o", f"json={report}", *more, target, timeout=300)
    return r, report.read_bytes() if report.exists() else b""


def test_same_for_all_jobs(tmp, images):
    places = []
    for target in images:
        reports = [scan(tmp, target, jobs)[1] for jobs in (1, 2, 8, 2)]
        ok(reports[0] and len(set(reports)) == 1, f"{name(target)}: the same bytes from 1, 2 and 8 threads")
        doc = json.loads(reports[0])
        places.append(sorted(o["path"].split(" › ", 1)[1] for f in doc["findings"] for o in f["occurrences"]))
    ok(all(p == places[0] for p in places), "gzip, zstd and unpacked layers say the same", places)
    want = ["/etc/ssl/server.key", "/models/blob.bin", "/models/mid.bin", "/opt/app.jar › lib/inner.jar › tls/service.key",
            "/opt/text.gz › text"]
    ok(places[0] == want, "keys are found in files, in the midst of large ones, and in archives in archives", places[0])


def test_bad_layers(tmp, tars):
    """What is wrong with a layer is the same words for all numbers of threads, and they all end."""
    def cut(b):
        return b[:len(b) // 2]

    def flip(b):
        return b[:len(b) // 2] + bytes([b[len(b) // 2] ^ 1]) + b[len(b) // 2 + 1:]
    for how in ("gzip", "zstd", "plain"):
        for damage, words in ((cut, "should have"), (flip, "digest"), (lambda b: b + bytes(5000), "should have")):
            at = tmp / "bad"
            shutil.rmtree(at, ignore_errors=True)
            layout = Layout(at)
            layer = layout.image([tars[2]], how)[0]
            file = layout.file(layer["digest"])
            file.write_bytes(damage(file.read_bytes()))
            said = set()
            for jobs in (1, 2, 8):
                _, report = scan(tmp, f"oci:{at}", jobs)
                said.add(tuple(n["words"] for n in json.loads(report)["coverage"]["notes"]))
            ok(len(said) == 1 and any(words in w or "malformed" in w for w in said.pop()),
               f"{how}: a layer that is {'cut' if damage is cut else 'another' if damage is flip else 'longer'} is named", said)


def test_memory(tmp):
    """What is let go of a member takes no memory."""
    at = tmp / "large"
    big = random.Random(4).randbytes(MIB)
    tar = tmp / "large.tar"
    with open(tar, "wb") as f:
        with tarfile.open(fileobj=f, mode="w") as t:
            info = tarfile.TarInfo("models/weights.bin")
            info.size = 300 * MIB

            class Pieces:
                def read(self, n):
                    return (big * (n // MIB + 1))[:n]
            t.addfile(info, Pieces())
    layout = Layout(at)
    layout.image([tar.read_bytes()], "plain")
    tar.unlink()
    p = subprocess.Popen([PQMAP, "scan", "-q", "--no-cache", "-j", "2", "-o", "json=/dev/null", f"oci:{at}"])
    peak = 0
    while True:
        try:
            m = re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{p.pid}/status").read_text())
            peak = max(peak, int(m[1]) // 1024 if m else 0)
        except OSError:
            pass
        if p.poll() is not None:
            break
    ok(p.returncode == 0 and 0 < peak <= 96, "a member of 300 MiB takes no more than 96 MiB of memory", f"{peak} MiB")
    shutil.rmtree(at)


def test_no_place_for_a_cache(tmp, target):
    """A root file system that cannot be written, and no home: one line at most, and the scan is what it is."""
    report = tmp / "report.json"
    argv = ["scan", "-o", f"json={report}", target]
    r = run(*argv, env={"XDG_CACHE_HOME": "", "HOME": "/proc/1"})
    lines = [line for line in err(r).splitlines() if "cache" in line]
    ok(r.returncode == 0 and len(lines) == 1 and "/proc/1" in lines[0], "a cache that cannot be made is one line", err(r))
    r = run(*argv, env={"XDG_CACHE_HOME": "", "HOME": ""})
    ok(r.returncode == 0 and "cache" not in err(r), "without a home there is nothing to say", err(r))
    r = run(*argv, "--no-cache", env={"XDG_CACHE_HOME": "", "HOME": "/proc/1"})
    ok(r.returncode == 0 and "cache" not in err(r), "--no-cache is quiet", err(r))
    r = run("init", "kubernetes", "--follow", "images")
    words = ("value: /cache", "{ name: cache, mountPath: /cache }", "emptyDir: { sizeLimit: 2Gi }", "readOnlyRootFilesystem: true")
    ok(r.returncode == 0 and all(w in out(r) for w in words), "init kubernetes gives a pod that reads images a folder for it", out(r))
    ok("/cache" not in out(run("init", "kubernetes")), "and no other")


def main():
    with tmpdir() as path:
        tmp = pathlib.Path(path)
        tars = layers()
        images = []
        for how in ("gzip", "zstd", "plain"):
            Layout(tmp / how).image(tars, how)
            images.append(f"oci:{tmp / how}")
        test_nothing_on_disk(tmp, images)
        test_calls(tmp)
        test_same_for_all_jobs(tmp, images)
        test_bad_layers(tmp, tars)
        test_memory(tmp)
        test_no_place_for_a_cache(tmp, images[0])
    done()


main()
