#!/usr/bin/env python3
"""Runs every command of the README in a scratch folder; `make demo` and `make test` are CI's own."""
import contextlib
import pathlib
import re
import socket
import subprocess
import time

from kit import PQMAP, REPO, done, ok, tmpdir


@contextlib.contextmanager
def example_org(tmp):
    """The host that the README names: a TLS server on loopback. Yields its address."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    tmp / "k.pem", "-out", tmp / "c.pem", "-subj", "/CN=www.example.org"], check=True, capture_output=True)
    p = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", tmp / "c.pem", "-key", tmp / "k.pem",
                          "-www"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield f"127.0.0.1:{port}"
    finally:
        p.terminate()
        p.wait()


def run_all(tmp, address):
    (tmp / "fleet.txt").write_text(f"tls:{address}\n")
    for c in commands:
        r = subprocess.run(["/bin/bash", "-c", re.sub(r"\w+\.example\.org", address, c)], cwd=tmp, capture_output=True, timeout=120,
                           env={"PATH": f"{tmp}/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(tmp)}, stdin=subprocess.DEVNULL)
        to = re.search(r" > (\S+)", c)
        said = (tmp / to.group(1)).stat().st_size if to else r.stdout or "-q" in c or "--out" in c
        # A gate that fails did what it is for.
        ok(r.returncode in ((0, 1) if c.startswith("pqmap gate") else (0,)) and said, c, r.stderr.decode()[-400:])


text = (REPO / "README.md").read_text()
commands = []
for block in re.findall(r"```(?:sh|console)\n(.*?)```", text, re.S):
    for line in block.splitlines():
        m = re.match(r"\$ (.+)", line)
        line = m.group(1) if m else line
        line = re.sub(r"\s+#.*", "", line).strip()
        if line.startswith(("pqmap ", "build/pqmap ")):
            commands.append(line)
ok(len(commands) >= 5, "the README has commands", commands)
ok("make demo" in text and "make test" in text, "and names the two of set-up")
with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    for name in ("fixtures", "rules"):
        (tmp / name).symlink_to(REPO / name)
    (tmp / ".github/workflows").mkdir(parents=True)
    (tmp / "fleet.txt").write_text("# one host a line\n")
    for words in (["init", "-q"], ["add", "fleet.txt"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "one"],
                  ["update-ref", "refs/remotes/origin/main", "HEAD"]):
        subprocess.run(["git", "-C", str(tmp), *words], check=True)
    (tmp / "bin").mkdir()
    (tmp / "bin" / "pqmap").symlink_to(PQMAP)
    (tmp / "build").mkdir()
    (tmp / "build" / "pqmap").symlink_to(PQMAP)
    screen = re.search(r"```text\n\$ (pqmap .*?)\n(.*?)```", text, re.S)
    r = subprocess.run(["/bin/bash", "-c", screen.group(1)], cwd=tmp, capture_output=True, timeout=120, text=True,
                       env={"PATH": f"{tmp}/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(tmp)}, stdin=subprocess.DEVNULL)
    plain = re.sub(r" {4}\d+\.\d s, [\d.]+ MiB", "", r.stdout)
    want = [line.rstrip() for line in screen.group(2).splitlines() if line.strip()]
    got = [line.rstrip() for line in plain.splitlines() if line.strip()]
    ok(got == want, "the README's screen is what the command prints", [x for x in got if x not in want][:5])
    with example_org(tmp) as address:
        run_all(tmp, address)
done()
