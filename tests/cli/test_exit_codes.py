#!/usr/bin/python3
"""Exit codes of `scan` and `gate`, one table for each kind of target: clean, refused by the policy, known, empty, read in part,
not read at all, and what could not be written. What was not read is never 0 without a word."""
import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading
import time

import kit
from kit import PQMAP, REPO, done, err, ok, out, run, skip, tmpdir

for folder in ("images", "kube"):
    sys.path.insert(0, str(REPO / "tests" / folder))
from make import Layout, packed, tar_of  # noqa: E402
from mock_api import Cluster, Mock, free_port, kubeconfig, make_pki  # noqa: E402
from related import Server, Store  # noqa: E402

NOW = ("--now", "2026-11-22", "--no-cache", "--progress", "never")
NOBODY = 65534
TEXT = b"nothing here\n"
CURVE = """apiVersion: v1
kind: ConfigMap
metadata: { name: ingress-nginx-controller, namespace: edge }
data: { ssl-ecdh-curve: "CURVE" }
"""
seen = {}  # situation -> kinds that it was tried with


def key():
    return subprocess.run(["openssl", "genpkey", "-algorithm", "ED25519"], capture_output=True, check=True).stdout


def write(path, data):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def as_nobody(*args, **kw):
    """A user who may not read everything."""
    if os.geteuid() != 0:
        return run(*args, **kw)
    who = ("--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--", PQMAP)
    return run(*who, *args, program="setpriv", **kw)


def both(kind, situation, target, want, *options, how=run, silent=False, **kw):
    """Runs scan and gate; want: (code of scan, code of gate). 3 and 4 say why in a line; so does what is not silent."""
    target = target if isinstance(target, tuple) else (target,)
    seen.setdefault(situation, set()).add(kind)
    for command, code in zip(("scan", "gate"), want):
        if code is None:
            continue
        r = how(command, *NOW, *target, *options, **kw)
        told = err(r).strip() != "" or command == "gate" and "not or only in part" in out(r)
        ok(r.returncode == code and (silent or code in (0, 1) or told) and "Sanitizer" not in err(r),
           f"{kind}, {situation}: {command} {code}", f"{r.returncode}: {err(r)[-600:]}{out(r)[-600:]}")


def policy_of(kind, target, d, refusing=(), **kw):
    """What every kind has in common, of a target that the policy refuses."""
    both(kind, "refused", target, (0, 1), *refusing, **kw)
    both(kind, "refused, --exit-zero", target, (None, 0), *refusing, "--exit-zero", **kw)
    both(kind, "refused, --fail-on never", target, (None, 0), *refusing, "--fail-on", "never", **kw)
    base = pathlib.Path(d) / f"base-{kind.replace(' ', '-').replace(':', '')}.json"
    both(kind, "refused, --write-baseline", target, (None, 1), *refusing, "--write-baseline", base, **kw)
    both(kind, "known to a baseline", target, (None, 0), *refusing, "--baseline", base, **kw)
    both(kind, "refused, the report cannot be written", target, (3, 1), *refusing, "-o", "sarif=/dev/full", **kw)
    both(kind, "refused, a report for a folder that is not there", target, (3, 1), *refusing, "-o", f"json={d}/no/where.json", **kw)
    both(kind, "a wrong option", target, (2, 2), *refusing, "--nope", **kw)
    both(kind, "a wrong format", target, (2, 2), *refusing, "-o", "nope", **kw)


# ---- folders, files, standard input ----

def paths(d):
    d = pathlib.Path(d) / "paths"
    write(d / "clean/a.txt", TEXT)
    write(d / "bad/k.pem", key())
    (d / "empty/in/it").mkdir(parents=True)
    write(d / "zeros/a", b"")
    write(d / "part/a.txt", TEXT)
    write(d / "part/shut.key", key())
    write(d / "part-bad/k.pem", key())
    write(d / "part-bad/shut.key", key())
    write(d / "folder-in/a.txt", TEXT)
    write(d / "folder-in/shut/b.txt", TEXT)
    write(d / "broken/a.yaml", "apiVersion: v1\nkind: Secret\ndata: {\n")
    write(d / "all/a.key", key())
    write(d / "shut/a.key", key())
    write(d / "pipes/a.txt", TEXT)
    for name in ("pipe", "pipes/pipe", "only/pipe"):
        (d / name).parent.mkdir(exist_ok=True)
        os.mkfifo(d / name)
    os.symlink("nowhere", d / "dangling")
    os.symlink("k.pem", d / "bad/link")
    for name in ("part/shut.key", "part-bad/shut.key", "folder-in/shut", "all/a.key", "shut"):
        os.chmod(d / name, 0)
    for p in (d.parent, d):
        os.chmod(p, 0o755)
    both("folder", "clean", d / "clean", (0, 0))
    policy_of("folder", d / "bad", d)
    both("folder", "empty", d / "empty", (4, 4))
    both("folder", "only files of no bytes", d / "zeros", (4, 4))
    both("folder", "only a pipe", d / "only", (4, 4))
    both("folder", "not there", d / "nope", (3, 3))
    both("folder", "not there, --exit-zero", d / "nope", (None, 3), "--exit-zero")
    both("folder", "not there, --fail-on never", d / "nope", (None, 3), "--fail-on", "never")
    both("folder", "not there, beside a clean one", (d / "nope", d / "clean"), (3, 3))
    both("folder", "not there, beside a refused one", (d / "nope", d / "bad"), (3, 1))
    both("folder", "empty beside a clean one", (d / "empty", d / "clean"), (0, 0))
    for command in ("scan", "gate"):
        r = run(command, *NOW, d / "empty", d / "clean", d / "zeros")
        ok(err(r).count("nothing here that could be scanned") == 2 and f"{d / 'empty'}: " in err(r),
           f"folder, empty beside a clean one: {command} names it", err(r))
    both("folder", "empty beside a refused one", (d / "empty", d / "bad"), (0, 1))
    both("folder", "a shell's empty variable", "", (2, 2))
    both("folder", "a document that is broken", d / "broken", (0, 0))
    both("folder", "a document that is broken, --fail-on-incomplete", d / "broken", (3, 3), "--fail-on-incomplete")
    both("folder", "a pipe beside a file", d / "pipes", (0, 0), "--fail-on-incomplete")
    both("folder", "a link that goes nowhere", d / "dangling", (3, 3))
    both("file", "clean", d / "clean/a.txt", (0, 0))
    policy_of("file", d / "bad/k.pem", d)
    both("file", "no bytes", d / "zeros/a", (4, 4))
    both("file", "a pipe", d / "pipe", (3, 3))
    both("file", "a device", "/dev/zero", (3, 3))
    if shutil.which("setpriv") or os.geteuid() != 0:
        for words, name, code, strict in (("part of it is shut", "part", (0, 0), 3), ("a folder in it is shut", "folder-in", (0, 0), 3),
                                          ("all of it is shut", "all", (3, 3), 3), ("it is shut", "shut", (3, 3), 3),
                                          ("part of it is shut, and refused", "part-bad", (0, 1), None)):
            both("folder", words, d / name, code, how=as_nobody)
            if strict:
                both("folder", words + ", --fail-on-incomplete", d / name, (strict, strict), "--fail-on-incomplete", how=as_nobody)
        both("folder", "part is shut and refused, --fail-on-incomplete", d / "part-bad", (3, 1), "--fail-on-incomplete", how=as_nobody)
        both("folder", "part is shut and refused, --exit-zero --fail-on-incomplete", d / "part-bad", (None, 3), "--exit-zero",
             "--fail-on-incomplete", how=as_nobody)
        both("file", "shut", d / "all/a.key", (3, 3), how=as_nobody)
        both("folder", "shut beside a clean one", (d / "shut", d / "clean"), (3, 3), how=as_nobody)
        r = as_nobody("gate", *NOW, d / "part")
        ok("1 not or only in part" in out(r), "folder, part of it is shut: the gate's summary says so", out(r))
    else:
        skip("setpriv is not here: nothing is shut for root")
    lists(d)
    both("standard input", "clean", "-", (0, 0), stdin=TEXT)
    both("standard input", "refused", "-", (0, 1), stdin=key())
    both("standard input", "nothing came", "-", (4, 4))
    both("standard input", "closed", "-", (3, 3), how=closed_stdin)
    os.chmod(d / "shut", 0o700)
    os.chmod(d / "folder-in/shut", 0o700)


def lists(d):
    def of(*names):
        return f"@{write(d / 'list', ''.join(str(n) + chr(10) for n in names))}"
    both("list", "clean", of(d / "clean"), (0, 0))
    both("list", "refused", of(d / "clean", d / "bad"), (0, 1))
    both("list", "one of two is not there", of(d / "clean", d / "nope"), (0, 0))
    both("list", "one of two is not there, --fail-on-incomplete", of(d / "clean", d / "nope"), (3, 3), "--fail-on-incomplete")
    both("list", "none is there", of(d / "nope", d / "nope2"), (3, 3))
    both("list", "one is not there, the rest is empty", of(d / "nope", d / "empty"), (3, 3))
    both("list", "no line", of(), (4, 4))
    both("list", "the list is not there", f"@{d}/nope.txt", (2, 2))


def closed_stdin(*args, **_):
    return subprocess.run(["sh", "-c", 'exec "$0" "$@" <&-', PQMAP, *map(str, args)], capture_output=True, timeout=60)


def outputs(d):
    """Standard output that is full, closed, or gone."""
    bad = write(pathlib.Path(d) / "outputs/k.pem", key())
    clean = write(pathlib.Path(d) / "outputs/a.txt", TEXT)

    def sh(text, *args):
        return subprocess.run(["bash", "-c", text, PQMAP, *map(str, args)], capture_output=True, timeout=60).returncode
    for target, gate in ((clean, 3), (bad, 1)):
        for words, more in (("text", ()), ("JSON", ("-o", "json")), ("SARIF", ("-o", "sarif=-"))):
            for command, code in (("scan", 3), ("gate", gate)):
                c = sh('"$0" "$@" > /dev/full', command, *NOW, target, *more)
                ok(c == code, f"{target.name}, {command}, {words} to a full disk: {code}", c)
                c = sh('"$0" "$@" >&-', command, *NOW, target, *more)
                ok(c == code, f"{target.name}, {command}, {words} to a closed output: {code}", c)
                c = sh('trap "" PIPE; "$0" "$@" | :; exit ${PIPESTATUS[0]}', command, *NOW, target, *more)
                ok(c == code, f"{target.name}, {command}, {words} to a pipe that is gone, signal ignored: {code}", c)
    c = sh('"$0" "$@" | (exec <&-; sleep 0.2); exit ${PIPESTATUS[0]}', "scan", *NOW, REPO / "fixtures/cluster", "-o", "json")
    ok(c == 141, "a pipe that is gone: ended by its signal, as any program", c)
    c = sh('"$0" "$@" 2>/dev/full', "gate", *NOW, pathlib.Path(d) / "nope")
    ok(c == 3, "no room for messages: the code stays", c)
    for words, name in (("a folder", "."), ("a name for a folder", "x/")):
        both("file", f"refused, a report as {words}", bad, (3, 1), "-o", f"json={d}/{name}")
    both("file", "refused, two reports for one file", bad, (2, 2), "-o", f"json={d}/x", "-o", f"sarif={d}/x")
    both("file", "refused, a report that would overwrite it", bad, (2, 2), "-o", f"json={bad}")
    both("file", "refused, a baseline that cannot be written", bad, (None, 1), "--write-baseline", f"{d}/no/b.json")
    both("file", "clean, a baseline that cannot be written", clean, (None, 3), "--write-baseline", f"{d}/no/b.json")
    both("file", "refused, a baseline that is not there", bad, (None, 2), "--baseline", f"{d}/no/b.json")
    both("file", "refused, settings that are not there", bad, (2, 2), "--config", f"{d}/no/c.yaml")
    both("file", "refused, rules that are not there", bad, (2, 2), "--rules", f"{d}/no")


def told(d):
    """What could not be read stands in every format, and a gate that saw nothing has not passed."""
    d = pathlib.Path(d) / "told"
    (d / "empty").mkdir(parents=True)
    names = {f: d / f"r.{f}" for f in ("sarif", "junit", "github", "markdown", "json")}
    for words, target, code in (("not there", d / "nope", 3), ("empty", d / "empty", 4)):
        r = run("gate", *NOW, target, *(x for f, p in names.items() for x in ("-o", f"{f}={p}")))
        text = {f: p.read_text() for f, p in names.items()}
        run_ = json.loads(text["sarif"])["runs"][0]["invocations"][0]
        ok(r.returncode == code and "gate undecided: " in out(r), f"{words}: undecided", out(r))
        ok(text["markdown"].startswith("### pqmap gate: undecided") and json.loads(text["json"])["gate"]["undecided"] is True,
           f"{words}: Markdown and JSON say so", text["markdown"])
        if code == 4:
            ok("<skipped/>" in text["junit"] and 'skipped="1"' in text["junit"], f"{words}: JUnit has no test that passed", text["junit"])
            continue
        ok(not run_["executionSuccessful"] and "nope" in run_["toolExecutionNotifications"][0]["message"]["text"], f"{words}: SARIF", run_)
        ok('errors="1"' in text["junit"] and "<error" in text["junit"] and "nothing refused" not in text["junit"], f"{words}: JUnit", text["junit"])
        ok(text["github"].startswith("::error title=Nothing could be read::"), f"{words}: GitHub", text["github"])
        ok("**Nothing could be read** of" in text["markdown"], f"{words}: Markdown", text["markdown"])


# ---- git ----

def git(folder, *args):
    env = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
           "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z"}
    r = subprocess.run(["git", "-C", str(folder), "-c", "user.name=A", "-c", "user.email=a@b.test", *args], capture_output=True,
                       env=env, check=True)
    return r.stdout.decode().strip()


def repository(path, files):
    path.mkdir(parents=True)
    git(path, "init", "-q", "-b", "main")
    for name, data in files.items():
        write(path / name, data)
    git(path, "add", "-A")
    git(path, "commit", "-q", "--allow-empty", "-m", "one")
    return path


def damage(top, what):
    """Takes the object of a name out of the repository."""
    hexname = git(top, "rev-parse", what)
    (top / ".git/objects" / hexname[:2] / hexname[2:]).unlink()


def repositories(d):
    d = pathlib.Path(d) / "git"
    clean = repository(d / "clean", {"a.txt": TEXT})
    bad = repository(d / "bad", {"a.txt": TEXT, "k.pem": key()})
    empty = repository(d / "empty", {})
    unborn = d / "unborn"
    unborn.mkdir()
    git(unborn, "init", "-q")
    part = repository(d / "part", {"a.txt": TEXT, "b.txt": b"other\n"})
    damage(part, "HEAD:b.txt")
    lost = repository(d / "lost", {"in/a.txt": TEXT, "b.txt": b"other\n"})
    damage(lost, "HEAD:in")
    gone = repository(d / "gone", {"a.txt": TEXT})
    damage(gone, "HEAD^{tree}")
    cut = repository(d / "cut", {"a.txt": TEXT})
    damage(cut, "HEAD")
    git(d, "clone", "-q", "--bare", str(bad), str(d / "bad.git"))
    git(d, "clone", "-q", "--bare", str(clean), str(d / "clean.git"))
    for kind, good, refused, more in (("git: revision", f"git:{clean}@HEAD", f"git:{bad}@main", ()), ("git: bare", f"git:{d}/clean.git", f"git:{d}/bad.git", ()),
                                      ("git: work tree", clean, bad, ()), ("git: --history", f"git:{clean}", f"git:{bad}", ("--history",))):
        both(kind, "clean", good, (0, 0), *more)
        policy_of(kind, refused, d, more)
    for kind, more in (("git: revision", ()), ("git: --history", ("--history",))):
        both(kind, "empty", f"git:{empty}", (4, 4), *more)
        both(kind, "no commit yet", f"git:{unborn}", (3, 3), *more)
        both(kind, "no repository", f"git:{d}", (3, 3), *more)
        both(kind, "not there", f"git:{d}/nope", (3, 3), *more)
        both(kind, "no such revision", f"git:{clean}@nope", (3, 3), *more)
        both(kind, "its commit is lost", f"git:{cut}", (3, 3), *more)
        both(kind, "its tree is lost", f"git:{gone}", (3, 3), *more)
        both(kind, "a file's object is lost", f"git:{part}", (0, 0), *more)
        both(kind, "a file's object is lost, --fail-on-incomplete", f"git:{part}", (3, 3), *more, "--fail-on-incomplete")
        both(kind, "a folder's object is lost", f"git:{lost}", (0, 0), *more)
        both(kind, "a folder's object is lost, --fail-on-incomplete", f"git:{lost}", (3, 3), *more, "--fail-on-incomplete")
    # What changed.
    for kind, more in (("git: --since", ("--since", "HEAD")), ("git: --staged", ("--staged",))):
        top = repository(d / kind[-5:].strip("-"), {"a.txt": TEXT, "old.pem": key()})
        both(kind, "nothing changed", top, (None, 0), *more)
        write(top / "b.txt", TEXT)
        git(top, "add", "-A")
        both(kind, "clean", top, (None, 0), *more)
        git(top, "rm", "-q", "old.pem")
        both(kind, "clean, with a file that went", top, (None, 0), *more)
        write(top / "k.pem", key())
        git(top, "add", "-A")
        both(kind, "refused", top, (None, 1), *more)
        both(kind, "refused, --exit-zero", top, (None, 0), *more, "--exit-zero")
        both(kind, "refused, the report cannot be written", top, (None, 1), *more, "-o", "sarif=/dev/full")
        both(kind, "--write-baseline of a part", top, (None, 2), *more, "--write-baseline", d / "b.json")
        both(kind, "no repository", d, (None, 3), *more)
        both(kind, "not there", d / "nope", (None, 3), *more)
        both(kind, "of two targets", (top, clean), (None, 2), *more)
        both(kind, "of an image", "oci:x", (None, 2), *more)
        both(kind, "with --history", top, (None, 2), *more, "--history")
    both("git: --since", "no such revision", clean, (None, 3), "--since", "nope")
    only = repository(d / "only", {"a.txt": TEXT})
    git(only, "rm", "-q", "a.txt")
    both("git: --since", "all of it went", only, (None, 0), "--since", "HEAD")
    both("git: --staged", "all of it went", only, (None, 0), "--staged")
    held = repository(d / "held", {"a.txt": TEXT, "b.txt": b"other\n"})
    write(held / "b.txt", b"more\n")
    git(held, "commit", "-qam", "two")
    damage(held, "HEAD~:b.txt")
    both("git: --since", "what it was before is lost", held, (None, 3), "--since", "HEAD~")
    damage(held, "HEAD:b.txt")
    both("git: --since", "the only file that changed is lost", f"git:{held}@HEAD", (None, 3), "--since", "HEAD~")
    shut = repository(d / "shut", {"a.txt": TEXT})
    write(shut / "k.pem", key())
    os.chmod(shut / "k.pem", 0)
    git(shut, "config", "core.fileMode", "false")
    if os.geteuid() == 0:
        for top, folders, files in os.walk(shut):
            for name in ["."] + folders + files:
                os.chown(os.path.join(top, name), NOBODY, NOBODY)
        os.chmod(d, 0o755)
    if shutil.which("setpriv") or os.geteuid() != 0:
        both("git: --since", "the only file that changed is shut", shut, (None, 3), "--since", "HEAD", how=as_nobody)
        both("git: work tree", "part of it is shut", shut, (0, 0), how=as_nobody)
        both("git: work tree", "part of it is shut, --fail-on-incomplete", shut, (3, 3), "--fail-on-incomplete", how=as_nobody)


# ---- images ----

def save(path, layers, drop=()):
    """What `docker save` wrote, with parts left out."""
    names, entries = [], []
    for i, data in enumerate(layers):
        names.append(f"{i}/layer.tar")
        entries.append((names[-1], data))
    config = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": []}}
    doc = [{"Config": "c.json", "RepoTags": ["a:1"], "Layers": names}]
    entries += [("c.json", json.dumps(config).encode()), ("manifest.json", json.dumps(doc).encode())]
    return write(path, tar_of([e for e in entries if e[0] not in drop]))


def images(d):
    d = pathlib.Path(d) / "images"
    d.mkdir()
    good, refused = [tar_of([("a.txt", TEXT)]), tar_of([("b.txt", b"other\n")])], [tar_of([("k.pem", key())]), tar_of([("a.txt", TEXT)])]
    # Archives of `docker save`.
    both("docker-archive", "clean", f"docker-archive:{save(d / 'clean.tar', good)}", (0, 0))
    policy_of("docker-archive", f"docker-archive:{save(d / 'bad.tar', refused)}", d)
    both("docker-archive", "by its name alone", d / "bad.tar", (0, 1))
    both("docker-archive", "empty", f"docker-archive:{save(d / 'none.tar', [tar_of([])])}", (4, 4))
    both("docker-archive", "no layers", f"docker-archive:{save(d / 'no.tar', [])}", (4, 4))
    both("docker-archive", "only files of no bytes", f"docker-archive:{save(d / 'z.tar', [tar_of([('z', b'')])])}", (4, 4))
    both("docker-archive", "a layer is missing", f"docker-archive:{save(d / 'm.tar', good, ('0/layer.tar',))}", (3, 3))
    both("docker-archive", "all layers are missing", f"docker-archive:{save(d / 'mm.tar', good, ('0/layer.tar', '1/layer.tar'))}", (3, 3))
    both("docker-archive", "no manifest", f"docker-archive:{save(d / 'mf.tar', good, ('manifest.json',))}", (3, 3))
    whole = (d / "clean.tar").read_bytes()
    both("docker-archive", "cut off in the first layer", f"docker-archive:{write(d / 'cut.tar', whole[:700])}", (3, 3))
    both("docker-archive", "no bytes", f"docker-archive:{write(d / 'zero.tar', b'')}", (3, 3))
    both("docker-archive", "noise", f"docker-archive:{write(d / 'noise.tar', bytes(range(256)) * 40)}", (3, 3))
    both("docker-archive", "not there", f"docker-archive:{d}/nope.tar", (3, 3))
    both("docker-archive", "a folder", f"docker-archive:{d}", (3, 3))
    # Layouts, as a folder and packed.
    Layout(d / "clean").image(good)
    Layout(d / "bad").image(refused)
    Layout(d / "none").image([tar_of([])])
    for name in ("part", "torn", "lost", "config", "manifest", "index"):
        layout = Layout(d / name)
        layers = layout.image(good)
        first, second = (layout.file(x["digest"]) for x in layers)
        doc = layout.file(layout.manifests[0]["digest"])
        if name == "part":
            first.unlink()
        elif name == "torn":
            first.write_bytes(first.read_bytes()[:-20])
        elif name == "lost":
            first.unlink()
            second.unlink()
        elif name == "config":
            layout.file(json.loads(doc.read_text())["config"]["digest"]).unlink()
        elif name == "manifest":
            doc.write_bytes(doc.read_bytes()[:-10])
        else:
            (d / name / "index.json").write_text("{")
    for kind, scheme in (("oci", "oci"), ("oci-archive", "oci-archive")):
        def at(name, kind=kind, scheme=scheme):
            if kind == "oci":
                return f"{scheme}:{d / name}"
            subprocess.run(["tar", "-C", d / name, "-cf", d / f"{name}.oci.tar", "."], check=True)
            return f"{scheme}:{d / name}.oci.tar"
        both(kind, "clean", at("clean"), (0, 0))
        policy_of(kind, at("bad"), d)
        both(kind, "empty", at("none"), (4, 4))
        for name, words in (("part", "a layer is missing"), ("torn", "a layer is cut off")):
            both(kind, words, at(name), (0, 0))
            both(kind, words + ", --fail-on-incomplete", at(name), (3, 3), "--fail-on-incomplete")
        both(kind, "all layers are missing", at("lost"), (3, 3))
        both(kind, "its configuration is missing", at("config"), (3, 3))
        both(kind, "its manifest is cut off", at("manifest"), (3, 3))
        both(kind, "its index is cut off", at("index"), (3, 3))
        both(kind, "not there", f"{scheme}:{d}/nope", (3, 3))
        both(kind, "no such tag", at("clean") + ":nope", (3, 3))
    registry(d, good, refused)


def registry(d, good, refused):
    store = Store()
    for tag, tars in (("clean", good), ("bad", refused), ("none", [tar_of([])])):
        store.image(tars, tag, packed)
    store.index([], "nothing")
    server = Server(store)
    env = {"HOME": str(d), "no_proxy": "127.0.0.1", "DOCKER_CONFIG": "", "REGISTRY_AUTH_FILE": ""}
    more = ("--platform", "linux/amd64")

    def of(tag):
        return f"registry:{server.host}/team/app:{tag}"
    layer = json.loads(store.manifests[store.tags["clean"]])["layers"][0]["digest"]
    try:
        both("registry", "clean", of("clean"), (0, 0), *more, env=env)
        policy_of("registry", of("bad"), d, more, env=env)
        both("registry", "empty", of("none"), (4, 4), *more, env=env)
        both("registry", "an index of nothing", of("nothing"), (3, 3), *more, env=env)
        both("registry", "no such tag", of("nope"), (3, 3), *more, env=env)
        both("registry", "no such platform", of("clean") + "@sha256:" + "0" * 64, (3, 3), *more, env=env)
        for words, part, fault in (("not authorised", "manifests/", 401), ("forbidden", "manifests/", 403), ("its manifest is a page", "manifests/clean", (200, b"<html>", "text/html")),
                                   ("all layers are refused", "blobs/", 403)):
            server.faults = [(part, fault)]
            both("registry", words, of("clean"), (3, 3), *more, env=env)
        server.faults = [(layer, 404)]
        both("registry", "a layer is missing", of("clean"), (0, 0), *more, env=env)
        both("registry", "a layer is missing, --fail-on-incomplete", of("clean"), (3, 3), *more, "--fail-on-incomplete", env=env)
        server.faults = [(layer, (200, b"another content", "application/octet-stream"))]
        both("registry", "a layer is another, --fail-on-incomplete", of("clean"), (3, 3), *more, "--fail-on-incomplete", env=env)
        server.faults = []
        names = write(d / "images.txt", f"{server.host}/team/app:clean\n{server.host}/team/app:nope\n")
        both("registry, --images", "one of two is not there", "--images", (0, 0), names, *more, env=env)
        both("registry, --images", "one of two is not there, --fail-on-incomplete", "--images", (3, 3), names, *more, "--fail-on-incomplete", env=env)
        both("registry, --images", "none is there", "--images", (3, 3), write(d / "nope.txt", f"{server.host}/team/app:nope\n"), *more, env=env)
    finally:
        server.stop()
    both("registry", "nothing answers", f"registry:127.0.0.1:{free_port()}/a:1", (3, 3), env=env)
    both("registry", "no such host", "registry:nope.invalid/a:1", (3, 3), env=env)


# ---- documents ----

def documents(d):
    d = pathlib.Path(d) / "documents"
    bom = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": []}
    asset = {"type": "cryptographic-asset", "bom-ref": "k", "name": "RSA-1024", "cryptoProperties": {
        "assetType": "algorithm", "algorithmProperties": {"primitive": "pke", "parameterSetIdentifier": "1024"}}}
    write(d / "clean.cdx.json", json.dumps(bom))
    write(d / "bad.cdx.json", json.dumps(dict(bom, components=[asset])))
    write(d / "cut.cdx.json", json.dumps(dict(bom, components=[asset]))[:-40])
    write(d / "spdx.json", json.dumps({"spdxVersion": "SPDX-2.3", "name": "x", "packages": []}))
    mine = write(d / "any.yaml", "rules: [{ id: mine.any, quantum: [broken], why: not here }]\n")
    for kind, name in (("CBOM", "clean.cdx.json"), ("SBOM", "spdx.json")):
        both(kind, "clean", d / name, (0, 0))
        both(kind, "not there", d / f"no-{name}", (3, 3))
    policy_of("CBOM", d / "bad.cdx.json", d, ("--config", write(d / "c.yaml", f"policy: [{mine}]\n")))
    both("CBOM", "cut off", d / "cut.cdx.json", (0, 0))
    both("CBOM", "cut off, --fail-on-incomplete", d / "cut.cdx.json", (3, 3), "--fail-on-incomplete")
    workload = "---\n" + """apiVersion: apps/v1
kind: Deployment
metadata: { name: llm, namespace: serving, annotations: { pqmap.dev/shelf-life: 40y, pqmap.dev/impact: "5" } }
spec: { selector: { matchLabels: { app: llm } }, template: { metadata: { labels: { app: llm } },
  spec: { containers: [ { name: vllm, image: "r.example/vllm/vllm-openai:v1" } ] } } }
"""
    hybrid, classical = CURVE.replace("CURVE", "X25519MLKEM768:X25519"), CURVE.replace("CURVE", "X25519")
    for kind, files in (("manifests", {"cm.yaml": None, "w.yaml": workload}),
                        ("Kustomize", {"kustomization.yaml": "resources: [cm.yaml]\n", "cm.yaml": None}),
                        ("Helm", {"Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "values.yaml": None,
                                  "templates/cm.yaml": CURVE.replace('"CURVE"', "{{ .Values.curve | quote }}")})):
        for state, text in (("clean", hybrid), ("bad", classical), ("broken", "apiVersion: v1\nkind: Secret\ndata: {\n")):
            curve = {"clean": "X25519MLKEM768", "bad": "X25519"}.get(state)
            for name, content in files.items():
                if content is None:
                    content = text if name == "cm.yaml" else f"curve: {curve}\n" if curve else "curve: [\n"
                write(d / kind / state / name, content)
        both(kind, "clean", d / kind / "clean", (0, 0))
        policy_of(kind, d / kind / "bad", d)
        both(kind, "one document is broken", d / kind / "broken", (0, 0))
        both(kind, "one document is broken, --fail-on-incomplete", d / kind / "broken", (3, 3), "--fail-on-incomplete")
    both("Helm", "--render of another tool", d / "Helm/clean", (2, 2), "--render", "nope")
    env = {"PATH": "/nonexistent"}
    both("Helm", "--render without helm", d / "Helm/clean", (0, 0), "--render", "helm", env=env)
    both("Helm", "--render without helm, --fail-on-incomplete", d / "Helm/clean", (3, 3), "--render", "helm", "--fail-on-incomplete", env=env)
    saved(d)


def saved(d):
    """Reports as inputs."""
    mine = d / "r.json"
    r = run("scan", *NOW, d / "manifests/bad", "-q", "-o", f"json={mine}")
    ok(r.returncode == 0, "a report to start from", err(r))
    text = mine.read_text()
    write(d / "cut.json", text[:len(text) // 2])
    write(d / "other.json", '{"a": 1}')
    write(d / "newer.json", text.replace('"schema_version": ', '"schema_version": 9', 1))
    write(d / "none.json", b"")
    both("report as a target of scan", "clean or not", mine, (0, None))
    for command in ("report", "plan", "diff", "risk"):
        def one(words, want, name, *more, command=command):
            seen.setdefault(words, set()).add(command)
            files = (mine, name) if command == "diff" else ("--inventory", name) if command == "risk" else (name,)
            r = run(command, *files, *more)
            ok(r.returncode == want and (want == 0 or err(r)), f"{command}, {words}: {want}", f"{r.returncode} {err(r)}")
        if command != "risk":
            one("a report", 0, mine)
            for words, name in (("not there", d / "nope.json"), ("cut off", d / "cut.json"), ("something else", d / "other.json"),
                                ("no bytes", d / "none.json"), ("a folder", d)):
                one(words, 3, name)
            one("a newer form", 2, d / "newer.json")
            one("the output cannot be written", 3, mine, "-o", "json=/dev/full")
            one("a wrong option", 2, mine, "--nope")
        ok(run(command).returncode == 2, f"{command}, nothing named: 2")
    r = run("diff", mine, mine, "--exit-code")
    ok(r.returncode == 0, "diff --exit-code of the same: 0", err(r))
    run("scan", *NOW, d / "manifests/clean", "-q", "-o", f"json={d}/r2.json")
    r = run("diff", mine, d / "r2.json", "--exit-code")
    ok(r.returncode == 1, "diff --exit-code of others: 1", err(r))


# ---- clusters ----

def clusters(d):
    d = pathlib.Path(d) / "cluster"
    (d / "pki").mkdir(parents=True)
    pki = make_pki(d / "pki")
    ca = {"certificate-authority": str(pki / "ca.crt")}

    def of(curve):
        c = Cluster()
        c.add("", "namespaces", {"metadata": {"name": "edge"}})
        c.add("", "configmaps", {"metadata": {"name": "ingress-nginx-controller", "namespace": "edge"}, "data": {"ssl-ecdh-curve": curve}})
        c.add("apps", "deployments", {"metadata": {"name": "llm", "namespace": "edge", "annotations": {
            "pqmap.dev/shelf-life": "40y", "pqmap.dev/impact": "5"}}, "spec": {"template": {"metadata": {"labels": {"app": "llm"}}, "spec": {
                "containers": [{"name": "v", "image": "vllm/vllm-openai:v0.6"}]}}}})
        return c

    def env(m, token="t", name="kc.json"):
        return {"KUBECONFIG": str(kubeconfig(d / name, m.url, {"token": token}, ca)), "HOME": str(d), "no_proxy": "", "https_proxy": "",
                "HTTPS_PROXY": "", "KUBERNETES_SERVICE_HOST": ""}
    with Mock(of("X25519MLKEM768:X25519"), pki, {"t": "reader"}, port=free_port()) as m:
        both("cluster", "clean", "cluster:", (0, 0), env=env(m))
        both("cluster", "a wrong token", "cluster:", (3, 3), env=env(m, "wrong"))
        both("cluster", "no such context", "cluster:nope", (3, 3), env=env(m))
        both("cluster", "a wrong namespace", "cluster:", (2, 2), "-n", "not/one", env=env(m))
        good = env(m)
    both("cluster", "nothing answers", "cluster:", (3, 3), env=good)
    both("cluster", "no settings", "cluster:", (3, 3), env={**good, "KUBECONFIG": str(d / "nope")})
    with Mock(of("X25519"), pki, {"t": "reader"}, port=free_port()) as m:
        policy_of("cluster", "cluster:", d, env=env(m))
    with Mock(Cluster(), pki, {"t": "reader"}, port=free_port()) as m:
        both("cluster", "empty", "cluster:", (4, 4), env=env(m))

    def some(user, verb, group, resource, namespace):
        return resource != "configmaps"

    def none(user, verb, group, resource, namespace):
        return False
    with Mock(of("X25519"), pki, {"t": "reader"}, may=some, port=free_port()) as m:
        both("cluster", "one kind is forbidden", "cluster:", (0, 0), env=env(m))
        both("cluster", "one kind is forbidden, --fail-on-incomplete", "cluster:", (3, 3), "--fail-on-incomplete", env=env(m))
    with Mock(of("X25519"), pki, {"t": "reader"}, may=none, port=free_port()) as m:
        both("cluster", "all is forbidden", "cluster:", (3, 3), env=env(m))


# ---- endpoints ----

@contextlib.contextmanager
def process(*argv):
    p = subprocess.Popen(["timeout", "120", *map(str, argv)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield p
    finally:
        p.terminate()
        p.wait(10)


def wait_for(port):
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)


@contextlib.contextmanager
def listener(answer):
    """Accepts, sends what is given, and keeps quiet."""
    with socket.create_server(("127.0.0.1", 0)) as s:
        kept = []

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    c, _ = s.accept()
                    if answer is None:
                        kept.append(c)
                        continue
                    c.sendall(answer)
                    c.close()
        threading.Thread(target=serve, daemon=True).start()
        yield s.getsockname()[1]


def endpoints(d):
    d = pathlib.Path(d) / "endpoints"
    d.mkdir()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", d / "k.pem",
                    "-out", d / "c.pem", "-subj", "/CN=a.test", "-days", "9"], check=True, capture_output=True)
    mine = write(d / "any.yaml", "rules: [{ id: mine.any, quantum: [broken], why: not here }]\n")
    quick = ("--profile", "quick", "--rate", "0", "--timeout", "2")
    port = free_port()
    with process("openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-cert", d / "c.pem", "-key", d / "k.pem"):
        wait_for(port)
        policy_of("tls", f"tls:127.0.0.1:{port}", d, quick + ("--config", write(d / "c.yaml", f"policy: [{mine}]\n")))
        both("tls", "one of two refuses", (f"tls:127.0.0.1:{port}", f"tls:127.0.0.1:{free_port()}"), (3, None), *quick)
        names = write(d / "l", f"tls:127.0.0.1:{port}\ntls:127.0.0.1:{free_port()}\n")
        both("tls, list", "one of two refuses", f"@{names}", (0, None), *quick)
        both("tls, list", "one of two refuses, --fail-on-incomplete", f"@{names}", (3, None), *quick, "--fail-on-incomplete")
        both("ssh", "another protocol", f"ssh:127.0.0.1:{port}", (3, 3), *quick)
    sshd = shutil.which("sshd") or "/usr/sbin/sshd"
    if os.path.exists(sshd) and shutil.which("ssh-keygen"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", d / "host"], check=True)
        port = free_port()
        write(d / "sshd.conf", f"Port {port}\nListenAddress 127.0.0.1\nHostKey {d}/host\nPidFile none\nUsePAM no\nKexAlgorithms curve25519-sha256\n")
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        with process(sshd, "-D", "-e", "-f", d / "sshd.conf"):
            wait_for(port)
            policy_of("ssh", f"ssh:127.0.0.1:{port}", d, quick + ("--config", d / "c.yaml"))
            both("tls", "another protocol", f"tls:127.0.0.1:{port}", (3, 3), *quick)
    else:
        skip("no sshd here")
    for kind in ("tls", "ssh", "smtp", "postgres", "auto"):
        both(kind, "nothing listens", f"{kind}:127.0.0.1:{free_port()}", (3, 3), *quick)
        both(kind, "no such host", f"{kind}:nope.invalid:443", (3, 3), *quick)
        both(kind, "a port that is none", f"{kind}:127.0.0.1:99999", (2, 2), *quick)
        with listener(b"HTTP/1.0 400 Bad\r\n\r\n") as p:
            # Who says "auto" wants to know what it is: plaintext is an answer.
            both(kind, "an answer of something else", f"{kind}:127.0.0.1:{p}", (0, 0) if kind == "auto" else (3, 3), *quick)
    for kind in ("tls", "ssh", "smtp"):
        with listener(None) as p:
            both(kind, "never answers", f"{kind}:127.0.0.1:{p}", (3, 3), "--profile", "quick", "--rate", "0", "--timeout", "1")
    with listener(None) as p:
        both("tls", "no time is left", f"tls:127.0.0.1:{p}", (3, 3), "--timeout", "5", "--time-budget", "1")
        both("tls", "never answers, --exit-zero", f"tls:127.0.0.1:{p}", (None, 3), "--timeout", "1", "--exit-zero")
        both("tls", "denied", f"tls:127.0.0.1:{p}", (3, 3), "--deny", "127.0.0.0/8")
    both("quic", "nothing listens", f"quic:127.0.0.1:{free_port()}", (3, 3), "--timeout", "1")
    r = run("probe", f"tls:127.0.0.1:{free_port()}")
    ok(r.returncode == 3, "probe, nothing listens: 3", r.returncode)


with tmpdir() as folder:
    paths(folder)
    outputs(folder)
    told(folder)
    repositories(folder)
    images(folder)
    documents(folder)
    clusters(folder)
    endpoints(folder)
kinds = set().union(*seen.values())
ok(len(kinds) >= 24 and len(seen["refused"]) >= 17, f"{len(kinds)} kinds of targets, {len(seen)} situations", (sorted(kinds), sorted(seen["refused"])))
done()
