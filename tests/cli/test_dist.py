#!/usr/bin/env python3
"""`make dist`: the archive of the program runs where nothing is installed, says the same, and asks nobody."""
import hashlib
import os
import pathlib
import shutil
import subprocess

from kit import PQMAP, REPO, done, ok, skip, tmpdir

NAME = f"pqmap-0.1.0-linux-{os.uname().machine}"
SCAN = ("scan", "fixtures/cluster", "--now", "2026-11-21", "--regime", "us-eo-14412", "-q")


def make():
    build = pathlib.Path(PQMAP).parent
    r = subprocess.run(["src/pkg/dist.sh", os.path.relpath(build, REPO), "0.1.0"], cwd=REPO, capture_output=True, text=True, check=False)
    path = build / f"{NAME}.tar.gz"
    return path if r.returncode == 0 else None, r.stderr


def main():
    path, words = make()
    if path is None:
        skip(f"no archive here: {words.strip().splitlines()[-1:]}")
        done()
    first = hashlib.sha256(path.read_bytes()).hexdigest()
    path, _ = make()
    ok(hashlib.sha256(path.read_bytes()).hexdigest() == first, "made twice: the same bytes")
    with tmpdir() as name:
        tmp = pathlib.Path(name)
        subprocess.run(["tar", "xzf", path, "-C", tmp], check=True)
        root = tmp / NAME
        program = root / "bin/pqmap"
        have = {p.name for p in (root / "lib").iterdir()}
        ok({"libgit2.so.1.5", "libcurl.so.4", "libarchive.so.13", "liblzma.so.5", "libsqlite3.so.0"} <= have, "what is loaded by name is there",
           sorted(have))
        ok((root / "LICENSE").exists() and len(list((root / "licences").iterdir())) > 20 and (root / "share/man/man1/pqmap.1").exists(),
           "licences and pages are there")
        env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp), "LC_ALL": "C.UTF-8"}
        subprocess.run([PQMAP, *SCAN, "-o", f"json={tmp}/here.json"], cwd=REPO, env=env, check=False, capture_output=True)
        want = (tmp / "here.json").read_bytes()
        trace = tmp / "trace"
        with_trace = ["strace", "-f", "-o", trace, "-e", "trace=connect,openat"] if shutil.which("strace") else []
        r = subprocess.run([*with_trace, program, *SCAN, "-o", f"json={tmp}/there.json"], cwd=REPO, env=env, check=False, capture_output=True)
        ok((tmp / "there.json").read_bytes() == want, "a cluster: the same bytes as the build's", r.stderr[-300:])
        if with_trace:
            lines = trace.read_text().splitlines()
            ok(not [x for x in lines if "connect(" in x], "nobody is asked")
            of_machine = [x for x in lines if ".so" in x and "pqmap-0.1.0" not in x and "ENOENT" not in x and "/bin/sh" not in x]
            first_sh = [x for x in of_machine if "libc.so" in x or "ld.so.cache" in x]
            ok(len(of_machine) - len(first_sh) == 0 and len(first_sh) <= 2, "but for the shell's, no library of the machine is opened", of_machine)
        (tmp / "way").symlink_to(program)
        r = subprocess.run([tmp / "way", "version"], env=env, capture_output=True, check=False)
        ok(r.returncode == 0, "through a link", r.stderr)
        bare = tmp / "bare"
        (bare / "work").mkdir(parents=True)
        shutil.copytree(root, bare / "p", symlinks=True)
        shutil.copytree(REPO / "fixtures/cluster", bare / "work/fixtures/cluster", symlinks=True)
        loader = next(p.name for p in (root / "lib").iterdir() if p.name.startswith("ld-"))
        if os.geteuid() != 0 or subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode != 0:
            skip("no chroot and no empty network for this user")
        else:
            start = ["/usr/bin/unshare", "-n", "/usr/sbin/chroot", bare, f"/p/lib/{loader}", "--inhibit-cache", "--library-path", "/p/lib", "/p/lib/pqmap"]
            r = subprocess.run([*start, "scan", "/work/fixtures/cluster", *SCAN[2:], "-o", "json"], env={"HOME": "/"}, capture_output=True, check=False)
            got = r.stdout.replace(b"/work/fixtures/cluster", b"fixtures/cluster")
            same = {len(got), len(want)}
            ok(r.returncode == 0 and len(same) == 1, "in a root with nothing else and no network", r.stderr[-400:])
            git = bare / "work/repo"
            subprocess.run(["git", "init", "-q", git], check=True)
            (git / "a.txt").write_text("a\n")
            subprocess.run(["git", "-C", git, "add", "."], check=True)
            subprocess.run(["git", "-C", git, "-c", "user.name=a", "-c", "user.email=b", "commit", "-qm", "one"], check=True)
            r = subprocess.run([*start, "scan", "git:/work/repo", "-q", "-o", "json"], env={"HOME": "/"}, capture_output=True, check=False)
            ok(r.returncode == 0, "git is read there, by the library that came with it", r.stderr[-400:])
    done()


main()
