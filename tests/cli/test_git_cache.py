#!/usr/bin/env python3
"""What is kept of git repositories: a run that reads little says what one says that reads all, to the byte."""
import hashlib
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess

from kit import PQMAP, PQMAP_SAN, REPO, done, err, ok, run, skip, tmpdir

NOW = ("--now", "2026-11-21")
START = 1_700_000_000


def git(repo, *args, at=0, stdin=None):
    when = f"{START + at} +0000"
    return subprocess.run(["git", "-C", repo, "-c", "init.defaultBranch=main", "-c", "user.name=A. Author",
                           "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false", *map(str, args)], check=True,
                          capture_output=True, input=stdin,
                          env={**os.environ, "GIT_COMMITTER_DATE": when, "GIT_AUTHOR_DATE": when, "GIT_CONFIG_GLOBAL": "/dev/null",
                               "GIT_CONFIG_SYSTEM": "/dev/null"}).stdout.decode().strip()


def commit(repo, at, words="change"):
    git(repo, "add", "-A", "-f", ".")
    git(repo, "commit", "-q", "--allow-empty", "-m", words, at=at)


def key(kind="ed25519"):
    return subprocess.run(["openssl", "genpkey", "-algorithm", kind], capture_output=True, check=True).stdout


def write(path, body):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)


def make(tmp, secret):
    """All fixtures and what the shared corpus has, in folders of their own; files that come, go, move and come again."""
    repo = tmp / "repo"
    repo.mkdir()
    git(repo, "init", "-q")
    write(repo / "a/first.pem", secret)
    write(repo / "a/same.py", b"import os\n")
    commit(repo, 0)
    for n, folder in enumerate(sorted(p for p in (REPO / "fixtures").iterdir() if p.is_dir())):
        shutil.copytree(folder, repo / "fixtures" / folder.name, symlinks=True)
        commit(repo, 10 + n // 2, folder.name)  # two in a second
    corpus = next((p for p in (REPO.parent / "shared/corpus", REPO.parent.parent / "shared/corpus", pathlib.Path("/work/shared/corpus"))
                   if p.is_dir()), None)
    if corpus is None:
        skip("../shared/corpus is not here: the fixtures alone")
    else:
        shutil.copytree(corpus, repo / "corpus", symlinks=True)
        commit(repo, 100, "corpus")
    git(repo, "mv", "a/first.pem", "moved.pem")
    write(repo / "b/same.py", b"import os\n")
    commit(repo, 110)
    git(repo, "checkout", "-q", "-b", "side", "HEAD~1")
    write(repo / "side/only.key", key("x25519"))
    write(repo / "side/app.yaml", b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n")
    commit(repo, 120)
    git(repo, "rm", "-q", "side/only.key")
    commit(repo, 121)
    git(repo, "checkout", "-q", "main")
    git(repo, "rm", "-q", "-r", "fixtures/material", "moved.pem")
    os.symlink("a", repo / "link")
    commit(repo, 130)
    git(repo, "merge", "-q", "--no-ff", "--no-commit", "side", at=131)
    write(repo / "evil.pem", key())
    commit(repo, 131, "a merge that brings something")
    return repo


class Case:
    def __init__(self, tmp):
        self.tmp = tmp

    def scan(self, target, *args, cache="cache", program=PQMAP, rules=()):
        report = self.tmp / "report.json"
        report.unlink(missing_ok=True)
        r = run("scan", target, "-o", f"json={report}", *NOW, *args, *rules, program=program, cwd=self.tmp, timeout=300,
                env={"HOME": str(self.tmp / "nobody"), "XDG_CACHE_HOME": str(self.tmp / cache)})
        return r, report.read_bytes() if report.exists() else b"none: " + r.stderr

    def same(self, words, target, *args, cache="cache", jobs=("-j1", "-j8")):
        """Without a cache, and then with what is there: -v says how much was read."""
        _, want = self.scan(target, *args, "--no-cache", "-j2")
        wrong = []
        for j in jobs:
            r, got = self.scan(target, *args, j, cache=cache)
            if got != want or said(r):
                wrong.append((j, err(r)[-300:]))
        ok(not wrong and b'"findings"' in want, words, wrong)
        return want


def said(r):
    return [line for line in err(r).splitlines() if "cache" in line or "ERROR" in line or "runtime error" in line]


def rows(file):
    db = sqlite3.connect(file)
    try:
        return db.execute("SELECT key, body FROM kept ORDER BY used").fetchall()
    finally:
        db.close()


def the_same(c, repo, secret):
    for name, args in (("a revision", ()), ("its history", ("--history",)), ("with authors", ("--history", "--authors"))):
        shutil.rmtree(c.tmp / "cache", ignore_errors=True)
        _, want = c.scan(f"git:{repo}", *args, "--no-cache", "-j1")
        _, cold = c.scan(f"git:{repo}", *args, "-j8")
        c.same(f"{name}: cold, warm and without a cache, on 1, 2 and 8 threads", f"git:{repo}", *args, jobs=("-j1", "-j2", "-j8"))
        shutil.rmtree(c.tmp / "cache", ignore_errors=True)
        r, checked = c.scan(f"git:{repo}", *args, program=PQMAP_SAN)
        r, again = c.scan(f"git:{repo}", *args, program=PQMAP_SAN)
        ok(cold == want and checked == want and again == want and not said(r), f"{name}: under sanitizers", err(r)[-2000:])
    ok(b"first.pem" in want and b"evil.pem" in want and b"only.key" in want, "keys that are gone are told")
    held = b"".join(p.read_bytes() for p in (c.tmp / "cache/pqmap").iterdir())
    line = b"".join(secret.splitlines()[1:-1])
    ok(line not in held and secret not in held and b"PRIVATE" not in held, "no key in the cache")


def reads_less(c, repo):
    """Damage to a file that holds nothing is not seen, that to a key is: what was found is read each time."""
    shutil.rmtree(c.tmp / "cache", ignore_errors=True)
    bare = c.tmp / "loose"
    git(c.tmp, "clone", "-q", "--no-local", "--mirror", repo, bare)
    for pack in list((bare / "objects/pack").glob("*.pack")):
        body = pack.read_bytes()
        for f in (bare / "objects/pack").glob("pack-*"):
            f.unlink()
        git(bare, "unpack-objects", "-q", stdin=body)
    r, want = c.scan(f"git:{bare}", "--history")
    plain, held = git(bare, "rev-parse", "main:a/same.py"), git(bare, "rev-parse", "main:evil.pem")
    for name, hex_id, seen in (("a file with nothing in it", plain, False), ("a key", held, True)):
        file = bare / "objects" / hex_id[:2] / hex_id[2:]
        kept = file.read_bytes()
        file.chmod(0o644)
        file.write_bytes(b"damage")
        r, got = c.scan(f"git:{bare}", "--history")
        ok((got != want) == seen, f"{name}: read again is {seen}", err(r))
        r, got = c.scan(f"git:{bare}", "--history", "--no-cache")
        ok(got != want, f"{name}: --no-cache reads it", err(r))
        file.write_bytes(kept)
    tree = git(bare, "rev-parse", "main~2:fixtures")
    (bare / "objects" / tree[:2] / tree[2:]).unlink()
    r, got = c.scan(f"git:{bare}@side", "--history")
    ok(got != b"" and r.returncode in (0, 3), "another range than the one that is kept is walked", err(r))


def goes_on(c, repo):
    """What came since the last run, whatever its date says, and what went."""
    shutil.rmtree(c.tmp / "cache", ignore_errors=True)
    target = f"git:{repo}"
    c.same("before", target, "--history")
    write(repo / "later/new.key", key())
    commit(repo, 200)
    c.same("a commit more", target, "--history")
    git(repo, "checkout", "-q", "-b", "old", "main~3")
    write(repo / "later/new2.key", (repo / "later/new.key").read_bytes() if (repo / "later/new.key").exists() else key())
    write(repo / "a/first.pem", key())
    commit(repo, -50, "older than all others")
    git(repo, "checkout", "-q", "main")
    c.same("a branch with an older date", target, "--history")
    git(repo, "checkout", "-q", "--orphan", "apart")
    commit(repo, 5, "the same files, from a root of their own, earlier than they came")
    git(repo, "checkout", "-q", "main")
    c.same("the same files in an earlier commit", target, "--history", "--authors")
    c.same("the same files in an earlier commit, no authors", target, "--history")
    git(repo, "merge", "-q", "--allow-unrelated-histories", "-s", "ours", "-m", "m", "apart", at=210)
    c.same("a merge", target, "--history")
    git(repo, "branch", "-q", "-D", "old")
    c.same("a branch that is gone", target, "--history")
    c.same("from a commit on", f"{target}@main~2", "--history")
    c.same("of a folder", f"git:{repo / 'fixtures'}", "--history")
    c.same("of a folder that files moved out of", f"git:{repo / 'a'}", "--history")
    c.same("all of it again", target, "--history")
    git(c.tmp, "clone", "-q", "--bare", repo, c.tmp / "bare")
    c.same("a bare clone", f"git:{c.tmp / 'bare'}", "--history")
    git(c.tmp, "clone", "-q", "--depth", "2", f"file://{repo}", c.tmp / "shallow")
    c.same("a shallow clone", f"git:{c.tmp / 'shallow'}", "--history")
    git(c.tmp / "shallow", "fetch", "-q", "--unshallow")
    c.same("a clone that is shallow no more", f"git:{c.tmp / 'shallow'}", "--history")
    rules = c.tmp / "rules"
    shutil.copytree(REPO / "rules", rules)
    some = rules / "algorithms/ecc.yaml"
    some.write_text(some.read_text() + "\n# a change\n")
    c.same("other rules", target, "--history", "--rules", rules)


def prefix_in_history(c):
    """A folder that came from outside of the one that is scanned."""
    repo = c.tmp / "prefix"
    repo.mkdir()
    git(repo, "init", "-q")
    write(repo / "out/k/one.pem", key())
    commit(repo, 0)
    (repo / "in").mkdir()
    git(repo, "mv", "out/k", "in/k")
    commit(repo, 1)
    git(repo, "rm", "-q", "-r", "in/k")
    write(repo / "in/x.txt", b"x\n")
    commit(repo, 2)
    want = c.same("a folder that was moved in", f"git:{repo / 'in'}", "--history")
    ok(b"in/k/one.pem" in want and b"out/k" not in want, "a key in a tree that was met outside is told where it was inside")


def damage(c, repo):
    shutil.rmtree(c.tmp / "cache", ignore_errors=True)
    target, file = f"git:{repo}", c.tmp / "cache/pqmap/layers.db"
    _, want = c.scan(target, "--history")
    whole, r = file.read_bytes(), random.Random(12)
    wrong = []
    spots = [("cut", n) for n in (0, 1, 100, 4096, len(whole) // 2, len(whole) - 1)] + [("turned", r.randrange(len(whole))) for _ in range(16)]
    for how, at in spots:
        bad = bytearray(whole if how == "turned" else whole[:at])
        if how == "turned":
            bad[at] ^= 1 << r.randrange(8)
        file.write_bytes(bad)
        p, got = c.scan(target, "--history", program=PQMAP_SAN if at % 9 == 0 else PQMAP)
        if got != want or p.returncode != 0 or len(said(p)) > 1:
            wrong.append((how, at, err(p)[-300:]))
    ok(not wrong, f"{len(spots)} damaged files: right each time, one line at most", wrong[:3])
    n_rows = 0
    for how in ("cut by one", "cut in half", "noise", "longer", "a number changed"):
        for i in range(2):
            file.write_bytes(whole)
            key_of, body = rows(file)[i]
            n_rows = len(rows(file))
            new = {"cut by one": body[:-1], "cut in half": body[:len(body) // 2], "noise": r.randbytes(len(body)), "longer": body + b"\0",
                   "a number changed": b"\xff" + body[1:]}[how]
            db = sqlite3.connect(file)
            db.execute("UPDATE kept SET body=?, sum=? WHERE key=?", (new, hashlib.sha256(key_of + new).digest(), key_of))
            db.commit()
            db.close()
            p, got = c.scan(target, "--history", program=PQMAP_SAN)
            ok(got == want and p.returncode == 0 and len(said(p)) <= 1, f"a record {how}, row {i}: read again", err(p)[-500:])
    ok(n_rows == 2, "two records a repository", n_rows)


def elsewhere(c, repo):
    """A repository in the place of another."""
    shutil.rmtree(c.tmp / "cache", ignore_errors=True)
    place = c.tmp / "place"
    shutil.copytree(repo, place, symlinks=True)
    c.same("one repository", f"git:{place}", "--history")
    shutil.rmtree(place)
    place.mkdir()
    git(place, "init", "-q")
    write(place / "evil.pem", key())
    write(place / "b/same.py", b"import os\n")
    commit(place, 3)
    want = c.same("then another in its place", f"git:{place}", "--history")
    ok(b"only.key" not in want, "nothing of the first")


def main():
    with tmpdir() as name:
        c = Case(pathlib.Path(name))
        secret = key("x448")
        repo = make(c.tmp, secret)
        the_same(c, repo, secret)
        reads_less(c, repo)
        goes_on(c, repo)
        prefix_in_history(c)
        damage(c, repo)
        elsewhere(c, repo)
    done()


main()
