#!/usr/bin/python3
"""The same input gives the same bytes in every format: run after run, with 1, 2 and 8 threads, with folders read in any order,
with a cache that is cold, warm or off."""
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys

import kit
from kit import REPO, done, err, ok, out, run, skip, tmpdir

sys.path.insert(0, str(REPO / "tests/images"))
from make import Layout, tar_of  # noqa: E402

FORMATS = ("json", "jsonl", "html", "sarif", "cbom", "cbom-1.7", "csv", "dot", "github", "gitlab", "junit", "markdown", "prom", "table")
EPOCH = {"SOURCE_DATE_EPOCH": "1795305600"}  # 2026-11-22
NOW = ("--now", "2026-11-22")
# Ten runs: threads and the seed of the order (0: as the system gives it).
TEN = ((1, 0), (2, 0), (8, 0), (1, 1), (2, 2), (8, 3), (8, 4), (1, 5), (2, 6), (8, 0))
FEW = ((1, 0), (8, 1), (2, 2))


class Bench:
    def __init__(self, tmp):
        self.tmp, self.shim, self.log = pathlib.Path(tmp), pathlib.Path(tmp) / "shim.so", pathlib.Path(tmp) / "moved"
        cc = shutil.which("gcc") or shutil.which("cc")
        if cc is None:
            self.shim = None
            skip("no compiler: folders are read in one order only")
        else:
            subprocess.run([cc, "-O1", "-shared", "-fPIC", "-o", self.shim, REPO / "tests/cli/shuffle_shim.c", "-ldl"], check=True)

    def env(self, seed):
        return {} if seed == 0 or self.shim is None else {"LD_PRELOAD": str(self.shim), "SHUFFLE": str(seed), "SHUFFLE_LOG": str(self.log)}

    def once(self, command, args, jobs, seed, codes, env=None, cwd=None):
        """Digests of all that a run writes, by format; the text of a terminal without its times."""
        folder = self.tmp / "out"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        r = run(command, *args, "-j", jobs, *(x for f in FORMATS for x in ("-o", f"{f}={folder}/{f}")),
                env={"NO_COLOR": "1", **self.env(seed), **(env or {})}, cwd=cwd, timeout=300)
        if r.returncode not in codes:
            ok(False, f"{command} {args[0]}, -j {jobs}, order {seed}: exit {codes}", err(r)[-400:])
        text = re.sub(r" in [0-9.]+ s$| +[0-9.]+ s, [0-9.]+ MiB$", "", out(r), flags=re.M)
        seen = {f: hashlib.sha256((folder / f).read_bytes()).hexdigest() for f in FORMATS if (folder / f).exists()}
        return {**seen, "terminal": hashlib.sha256((text + err(r)).encode()).hexdigest()}

    def same(self, words, command, args, runs, codes=(0,), envs=({},), cwd=None):
        seen = {f: {} for f in (*FORMATS, "terminal")}
        for i, (jobs, seed) in enumerate(runs):
            for f, digest in self.once(command, args, jobs, seed, codes, envs[i % len(envs)], cwd).items():
                seen[f].setdefault(digest, []).append((jobs, seed))
        for f, digests in seen.items():
            ok(len(digests) == 1, f"{words}: {f}, the same bytes in {len(runs)} runs", list(digests.values()))


def key(*alg):
    return subprocess.run(["openssl", "genpkey", "-algorithm", *alg], check=True, capture_output=True).stdout


def tree(top):
    """What a cluster's folder has, with copies, links, archives and files that cannot be read."""
    shutil.copytree(REPO / "fixtures/cluster", top)
    keys = [key("ED25519"), key("EC", "-pkeyopt", "ec_paramgen_curve:P-256"), key("RSA", "-pkeyopt", "rsa_keygen_bits:1024")]
    for i in range(24):
        folder = top / f"many/{i % 5}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{i}.pem").write_bytes(keys[i % 3])
        (folder / f"{i}.py").write_text(f"import ssl\n{chr(10) * (i % 4)}ctx.set_ecdh_curve('prime256v1')\n# pqmap:ignore source.* reason=x\n")
        (folder / f"{i}.yaml").write_text("apiVersion: v1\nkind: Secret\ndata: {\n" if i % 7 == 0 else f"a: {i}\n")
        (folder / f"{i}.tar").write_bytes(tar_of([(f"in/{i % 2}.pem", keys[i % 3]), ("x", b"y")])[:700 if i % 5 == 0 else None])
    os.link(top / "many/0/0.pem", top / "many/1/linked.pem")
    os.symlink("0.pem", top / "many/0/sym.pem")
    bundle = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
    if bundle.exists():
        shutil.copy(bundle, top / "bundle.crt")
    return top


def git(folder, *args):
    env = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
           "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z"}
    subprocess.run(["git", "-C", str(folder), "-c", "user.name=A", "-c", "user.email=a@b.test", *args], check=True, capture_output=True, env=env)


def repository(top, source):
    shutil.copytree(source, top, symlinks=True)
    git(top, "init", "-q", "-b", "main")
    for folder in sorted(p for p in top.iterdir() if p.name != ".git"):
        git(top, "add", folder.name)
        git(top, "commit", "-qm", folder.name)
    for name in ("1", "2"):
        git(top, "branch", f"b{name}")
    git(top, "rm", "-qr", "many/3")
    git(top, "mv", "many/4", "many/other")
    git(top, "commit", "-qm", "out and away")
    return top


def image(path, source):
    layers = [[(f"srv/{p.relative_to(source)}", p.read_bytes()) for p in sorted(source.rglob("*")) if p.is_file() and part in str(p)]
              for part in ("many", "cluster", "bundle", "y")]
    Layout(path).image([tar_of(x) for x in layers] + [tar_of([("srv/many/1/.wh.1.pem", b"")])])
    return path


with tmpdir() as folder:
    b, d = Bench(folder), pathlib.Path(folder)
    top = tree(d / "tree")
    b.same("a folder", "scan", (top, *NOW, "--expand-trust-stores"), TEN)
    b.same("a folder, by the gate", "gate", (top, *NOW), TEN, (1,))
    b.same("fixtures/cluster", "scan", (REPO / "fixtures/cluster", *NOW, "--regime", "us-eo-14412"), TEN)
    for words, args, env in (("SOURCE_DATE_EPOCH", (), EPOCH), ("another time zone", NOW, {"TZ": "Asia/Tokyo"}),
                             ("another language", NOW, {"LC_ALL": "tr_TR.UTF-8", "LANG": "de_DE"}), ("a terminal's width", NOW, {"COLUMNS": "40"})):
        seen = [b.once("scan", (top, *a), 2, 0, (0,), e) for a, e in ((NOW, {}), (args, env))]
        ok(seen[0] == seen[1], f"{words}: the same bytes", [f for f in seen[0] if seen[0][f] != seen[1].get(f)])
    repo = repository(d / "repo", top)
    b.same("a revision", "scan", (f"git:{repo}@main", *NOW), TEN)
    b.same("a history", "gate", (f"git:{repo}", *NOW, "--history"), TEN, (1,))
    b.same("a work tree, what changed", "gate", (repo, *NOW, "--since", "main~2"), FEW, (0, 1))
    oci = image(d / "image", top)
    caches = [{"XDG_CACHE_HOME": str(d / f"cache{i}")} for i in range(2)]
    b.same("an image, its cache cold and warm", "scan", (f"oci:{oci}", *NOW), TEN, envs=caches)
    b.same("an image, no cache", "scan", (f"oci:{oci}", *NOW, "--no-cache"), FEW)
    b.same("several targets", "scan", (f"oci:{oci}", top, f"git:{repo}", *NOW), FEW)
    corpus = REPO.parent / "shared/corpus/k8s"
    if corpus.is_dir():
        b.same("a corpus of manifests", "scan", (corpus, *NOW), TEN)
    else:
        skip("../shared/corpus is not here")
    b.same("all fixtures", "scan", (REPO / "fixtures", *NOW), FEW)
    if b.shim is not None:
        moved = [int(n) for n in b.log.read_text().split()]
        ok(len(moved) > 30 and sum(n > 20 for n in moved) >= 20, f"folders were read in another order in {len(moved)} runs", moved[:20])
done()
