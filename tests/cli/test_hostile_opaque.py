#!/usr/bin/env python3
"""Packed programs are told as opaque, never as clean; and nothing that is scanned is ever run, nor is a shell."""
import gzip
import io
import json
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib

from kit import PQMAP, REPO, done, ok, out, run, skip, tmpdir

NOISE = random.Random(1).randbytes(1 << 18)
CODE = bytes(range(64)) * 4096


def elf(data, mark=b"", sections=0):
    head = b"\x7fELF\2\1\1".ljust(16, b"\0") + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x400000, 64, 0, 0, 64, 56, 1, 64, sections, 0)
    return head + struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, 4096, 4096, 4096) + mark.ljust(64, b"\0") + data


def pe(data, names, section=b".text", mark=b""):
    opt = struct.pack("<HBBIIIIIQIIHHHHHHIIIIHHQQQQII", 0x20b, 0, 0, 0, 0, 0, 0x1000, 0x1000, 0x140000000, 0x1000, 0x200, 6, 0, 0, 0, 6, 0, 0,
                      1 << 24, 0x400, 0, 3, 0, 1 << 20, 4096, 1 << 20, 4096, 0, 16)
    thunks = 0x1000 + 40 + 16
    texts = thunks + 8 * (len(names) + 1)
    table, blob = b"", b""
    for n in names:
        table += struct.pack("<Q", texts + len(blob))
        blob += b"\0\0" + n + b"\0"
    imports = struct.pack("<IIIII", thunks, 0, 0, 0x1000 + 40, thunks) + bytes(20) + b"kernel32.dll\0".ljust(16, b"\0") + table + bytes(8) + blob
    data = imports + data
    opt += b"".join(struct.pack("<II", *((0x1000, 40) if i == 1 else (0, 0))) for i in range(16))
    head = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, len(opt), 0x22) + opt
    head += section.ljust(8, b"\0") + struct.pack("<IIIIIIHHI", len(data), 0x1000, len(data), 1024, 0, 0, 0, 0, 0x60000020) + mark
    return head.ljust(1024, b"\0") + data


def macho(data, mark=b""):
    return struct.pack("<IIIIIIII", 0xfeedfacf, 0x1000007, 3, 2, 0, 0, 0, 0) + mark.ljust(64, b"\0") + data


def notes(doc, name):
    return [n["words"] for n in doc["coverage"]["notes"] if pathlib.Path(n["path"]).name == name]


def packed(tmp):
    few, many = [b"LoadLibraryA", b"GetProcAddress", b"VirtualProtect", b"ExitProcess"], [f"Function{i}".encode() for i in range(60)]
    told = {"upx.elf": elf(NOISE, b"UPX!"), "noise.elf": elf(NOISE), "upx.exe": pe(NOISE, few, b"UPX0", b"UPX!"), "noise.exe": pe(NOISE, few),
            "upx.macho": macho(NOISE, b"UPX!")}
    plain = {"code.elf": elf(CODE), "sections.elf": elf(NOISE, sections=3), "code.exe": pe(CODE, few), "installer.exe": pe(NOISE, many),
             "code.macho": macho(CODE)}
    for name, body in {**told, **plain}.items():
        (tmp / name).write_bytes(body)
    doc = json.loads(out(run("scan", tmp, "-o", "json")))
    for name in told:
        said = [w for w in notes(doc, name) if w.startswith("opaque: ")]
        ok(len(said) == 1, f"{name} is told as opaque", notes(doc, name))
        ok(not [f for f in doc["findings"] for o in f["occurrences"] if o["path"].endswith(name)], f"{name} is accused of nothing")
    for name in plain:
        ok(not [w for w in notes(doc, name) if "opaque" in w], f"{name} is not called opaque", notes(doc, name))
    text = out(run("scan", tmp))
    ok("COVERAGE" in text and "nothing was missed" not in text, "the summary does not call the folder clean", text[-400:])


def tree(t):
    """One of every kind of file; whatever can be run would leave a trace when it is."""
    trap = f"#!/bin/sh\ntouch {t}/TRAP\n".encode()
    for name in ("run.sh", "a b;touch TRAP.sh", "$(touch TRAP).sh", "`touch TRAP`.py"):
        (t / name).write_bytes(trap)
        (t / name).chmod(0o755)
    for name in ("/bin/true", "/usr/bin/python3", "/bin/bash"):
        shutil.copy(name, t / pathlib.Path(name).name)
    corpus = REPO / "tests/fuzz/corpus"
    for kind in sorted(corpus.iterdir()):
        for f in sorted(kind.iterdir())[:3]:
            if not f.name.startswith(("crash", "timeout", "oom")):
                shutil.copy(f, t / f"{kind.name}-{f.name}")
                (t / f"{kind.name}-{f.name}").chmod(0o755)
    files = {"a.py": b"import os; os.system('touch TRAP')\n", "setup.py": b"import subprocess\n", "a.js": b"require('child_process').exec('touch TRAP')\n",
             "package.json": b'{"name":"x","version":"1","scripts":{"install":"touch TRAP"}}', "Makefile": b"all:\n\ttouch TRAP\n",
             "conf.yaml": b"a: !!python/object/apply:os.system ['touch TRAP']\n", "a.pkl": b"cposix\nsystem\n(S'touch TRAP'\ntR.",
             "Dockerfile": b"FROM scratch\nRUN touch TRAP\n", "openssl.cnf": b".include |touch TRAP\n", "kustomization.yaml": b"resources: [a.yaml]\n"}
    for name, body in files.items():
        (t / name).write_bytes(body)
    with zipfile.ZipFile(t / "a.zip", "w") as z:
        z.writestr("run.sh", trap)
        z.writestr("../TRAP", b"x")
    with tarfile.open(t / "a.tar.gz", "w:gz") as z:
        for name in ("run.sh", "../../TRAP", "/TRAP"):
            i = tarfile.TarInfo(name)
            i.size, i.mode = len(trap), 0o755
            z.addfile(i, io.BytesIO(trap))
    (t / "man.1.gz").write_bytes(gzip.compress(b".so |touch TRAP\n"))
    (t / "raw.z").write_bytes(zlib.compress(trap))
    for tool, args in (("xz", ["-k"]), ("bzip2", ["-k"]), ("zstd", ["-q", "-k"])):
        if shutil.which(tool):
            subprocess.run([tool, *args, "run.sh"], cwd=t, check=True, capture_output=True)
    d = t / "chart"
    (d / "templates").mkdir(parents=True)
    (d / "Chart.yaml").write_text("apiVersion: v2\nname: x\nversion: 1.0.0\n")
    (d / "templates/a.yaml").write_text('a: {{ exec "touch TRAP" }}\n')
    return sum(1 for p in t.rglob("*") if p.is_file())


def nothing_runs(tmp):
    if shutil.which("strace") is None:
        skip("strace is not installed: that nothing is run is not shown")
        return
    t = tmp / "tree"
    t.mkdir()
    n = tree(t)
    log = tmp / "strace"
    calls = "execve,execveat,fork,vfork,clone,clone3,socket,connect,ptrace"
    r = subprocess.run(["strace", "-f", "-qq", "-e", f"trace={calls}", "-o", log, PQMAP, "scan", "-o", f"json={tmp}/report.json", t],
                       capture_output=True, cwd=t, timeout=300, env={**os.environ, "XDG_CACHE_HOME": str(tmp / "cache")})
    if not log.exists() or "PTRACE" in r.stderr.decode(errors="replace"):
        skip("strace may not trace here: that nothing is run is not shown")
        return
    lines = [x.split(None, 1)[1] for x in log.read_text(errors="replace").splitlines() if " " in x]
    execs = [x for x in lines if x.startswith(("execve", "execveat"))]
    forks = [x for x in lines if x.startswith(("fork", "vfork")) or (x.startswith("clone") and "CLONE_THREAD" not in x)]
    ok(r.returncode in (0, 1), f"{n} files of every kind are scanned", (r.returncode, r.stderr[-300:]))
    ok(len(execs) == 1 and PQMAP in execs[0], "one program is run, which is pqmap: nothing scanned, and no shell", execs[:4])
    ok(not forks, "no process is started, only threads", forks[:4])
    ok(not [x for x in lines if x.startswith(("socket", "connect", "ptrace"))], "nothing is contacted", lines[:4])
    ok(not list(tmp.rglob("TRAP")), "no trap was sprung")
    seen = json.loads((tmp / "report.json").read_bytes())["coverage"]["read"]
    ok(seen >= n * 9 // 10, f"{seen} of them were read", n)
    # The same trace sees a program that is run: the check can fail.
    subprocess.run(["strace", "-f", "-qq", "-e", f"trace={calls}", "-o", log, sys.executable, "-c", "import os; os.system('true')"], check=True)
    ok("/bin/sh" in log.read_text(errors="replace"), "a shell would have been seen")


with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    (tmp / "packed").mkdir()
    packed(tmp / "packed")
    nothing_runs(tmp)
done()
