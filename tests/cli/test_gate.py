#!/usr/bin/python3
"""`pqmap gate`: exit codes, what is new and what is known, suppressions, git in all its states, and every format of a
pipeline against its schema."""
import json
import os
import pathlib
import shutil
import subprocess
import xml.etree.ElementTree as ET

import kit
from kit import done, err, ok, out, run, skip, tmpdir

NOW = ("--now", "2026-11-22")
SHARED = kit.REPO.parent / "shared"
INGRESS = """apiVersion: v1
kind: ConfigMap
metadata:
  name: ingress-nginx-controller
  namespace: edge
data:
  ssl-protocols: "TLSv1.3"
  ssl-ecdh-curve: "X25519"
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: llm, namespace: serving, annotations: { pqmap.dev/shelf-life: 40y, pqmap.dev/impact: "5" } }
spec:
  selector: { matchLabels: { app: llm } }
  template:
    metadata: { labels: { app: llm } }
    spec: { containers: [{ name: vllm, image: "registry.example/vllm/vllm-openai:v1" }] }
"""


def key(path, kind="EC"):
    opts = ["-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "EC" else ["-pkeyopt", "rsa_keygen_bits:2048"]
    subprocess.run(["openssl", "genpkey", "-algorithm", kind, *opts, "-out", path], check=True, capture_output=True)


def git(folder, *args):
    env = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
           "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z"}
    r = subprocess.run(["git", "-C", str(folder), "-c", "user.name=Ann Author", "-c", "user.email=ann@example.test",
                        "-c", "protocol.file.allow=always", *args], capture_output=True, env=env, check=False)
    if r.returncode != 0:
        raise RuntimeError(f"git {args}: {r.stderr.decode()}")
    return r.stdout.decode().strip()


def write(path, text):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def gate(*args, cwd=None, **kw):
    return run("gate", *NOW, *args, cwd=cwd, **kw)


def new(r):
    """Rules of what is printed as new."""
    return sorted(line.split()[-2] for line in out(r).splitlines()
                  if line.startswith("        ") and "  policy." in line.split("(")[0])


def repo(folder):
    folder = pathlib.Path(folder)
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    write(folder / "deploy/ingress.yaml", INGRESS)
    write(folder / "README.md", "a repository\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "one")
    return folder


def exit_codes(d):
    d = pathlib.Path(d)
    empty, clean, bad = d / "empty", d / "clean", d / "bad"
    for p in (empty, clean, bad):
        p.mkdir()
    write(clean / "a.txt", "nothing\n")
    key(bad / "k.pem")
    table = [
        ("a clean folder passes", 0, (clean,)),
        ("a private key fails", 1, (bad,)),
        ("--exit-zero: told, and 0", 0, (bad, "--exit-zero")),
        ("--fail-on never", 0, (bad, "--fail-on", "never")),
        ("--fail-on warning", 1, (bad, "--fail-on", "warning")),
        ("an unknown level", 2, (bad, "--fail-on", "high")),
        ("an unknown policy", 2, (bad, "--policy", "nope")),
        ("an unknown option", 2, (bad, "--nope")),
        ("a baseline that is not there", 2, (bad, "--baseline", d / "nope.json")),
        ("a target that is not there", 3, (d / "nope",)),
        ("a target that is not there beside one that fails: 1", 1, (d / "nope", bad)),
        ("a target that is not there beside a clean one: 3", 3, (d / "nope", clean)),
        ("nothing to scan", 4, (empty,)),
        ("no repository", 3, (f"git:{clean}",)),
        ("--since outside of a repository", 3, (clean, "--since", "HEAD")),
        ("--since of two targets", 2, (clean, bad, "--since", "HEAD")),
        ("--since and --history", 2, (clean, "--since", "HEAD", "--history")),
        ("--staged and --history", 2, (clean, "--staged", "--history")),
        ("a damaged image archive", 3, (f"oci-archive:{bad}/k.pem",)),
        ("an endpoint that refuses", 3, ("tls:127.0.0.1:1", "--allow-loopback"))
    ]
    for words, want, args in table:
        r = gate(*args)
        if want == 3 and r.returncode == 2 and "--allow-loopback" in args:
            r = gate(args[0])
        ok(r.returncode == want, f"exit {want}: {words}", f"{r.returncode}: {err(r)}{out(r)}")
        ok(want in (0, 1) or len(err(r).splitlines()) >= 1, f"and says why: {words}")
    if os.geteuid() == 0:
        os.symlink("nowhere", clean / "dangling")
    write(clean / "broken.yaml", "apiVersion: v1\nkind: Secret\ndata: {\n")
    ok(gate(clean).returncode == 0, "a file that cannot be read is coverage")
    ok(gate(clean, "--fail-on-incomplete").returncode == 3, "and 3 with --fail-on-incomplete")
    r = gate("--fail-on", "nope", bad)
    ok("error, warning, note or never" in err(r), "a wrong level names the right ones", err(r))


def hybrid_off(d):
    """Code and settings that keep a library from negotiating ML-KEM fail; the same with ML-KEM in it, or on a variable, do not."""
    go = 'package a\nimport (\n\t"crypto/tls"\n)\nvar c = &tls.Config{%s}\n'
    py = "import ssl\nctx = ssl.SSLContext(ssl.%s)\n%s\n"
    table = [
        ("a.go", go % "CurvePreferences: []tls.CurveID{tls.X25519}", go % "CurvePreferences: []tls.CurveID{tls.X25519MLKEM768}",
         "source.go.tls-groups"),
        ("b.go", go % "MaxVersion: tls.VersionTLS12", go % "MinVersion: tls.VersionTLS12", "source.go.tls-ceiling"),
        ("a.py", py % ("PROTOCOL_TLS_SERVER", "ctx.set_ecdh_curve('prime256v1')"), py % ("PROTOCOL_TLS_SERVER", "ctx.set_ecdh_curve(c)"),
         "source.python.tls-curve"),
        ("a.c", '#include <openssl/ssl.h>\nvoid f(SSL_CTX *c) { SSL_CTX_set1_groups_list(c, "P-256"); }\n',
         '#include <openssl/ssl.h>\nvoid f(SSL_CTX *c) { SSL_CTX_set1_groups_list(c, "X25519MLKEM768:P-256"); }\n',
         "source.c.openssl-groups"),
        ("nginx.conf", "events {}\nhttp { server { listen 443 ssl; ssl_protocols TLSv1.2; ssl_certificate a; ssl_certificate_key b; } }\n",
         "events {}\nhttp { server { listen 443 ssl; ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate a; ssl_certificate_key b; } }\n",
         "conf.tls-ceiling"),
    ]
    for name, bad, good, rule in table:
        top = pathlib.Path(d) / f"off-{name}"
        top.mkdir()
        write(top / name, bad)
        r = gate(top)
        ok(r.returncode == 1 and set(new(r)) == {rule}, f"{rule} in {name} fails", out(r))
        write(top / name, good)
        r = gate(top)
        ok(r.returncode == 0 and new(r) == [], f"{name} that leaves ML-KEM in passes", out(r))


def edits(d):
    """Nothing of this is new; one more key is."""
    top = repo(pathlib.Path(d) / "edits")
    key(top / "deploy/k.pem")
    base = pathlib.Path(d) / "base.json"
    write(top / "src/tls.py", "import ssl\nctx = ssl.create_default_context()\nctx.set_ecdh_curve('prime256v1')\n")
    r = gate(top, "--write-baseline", base)
    ok(r.returncode == 1 and base.exists(), "--write-baseline writes, and the run is judged without it", err(r))
    text = base.read_text()
    ok("PRIVATE KEY" not in text and "ann@example.test" not in text, "a baseline holds no key and no address")
    ok((os.stat(base).st_mode & 0o077) == 0, "and is the user's own", oct(os.stat(base).st_mode))
    r = gate(top, "--baseline", base)
    ok(r.returncode == 0 and "0 errors" in out(r), "all of it is known then", out(r))
    r = subprocess.run(["bash", "-c", f"{kit.PQMAP} gate {top} --baseline <(sleep 0.2; cat {base})"], capture_output=True, check=False)
    ok(r.returncode == 0 and "0 errors" in out(r), "a baseline may come out of a pipe of the shell's", err(r))
    first = INGRESS.split("---\n")

    def changed(words, change):
        change()
        r = gate(top, "--baseline", base)
        ok(r.returncode == 0 and new(r) == [], f"0 new after {words}", out(r))

    changed("blank lines", lambda: write(top / "deploy/ingress.yaml", "\n\n\n" + INGRESS.replace("---", "\n\n---")))
    changed("documents in another order", lambda: write(top / "deploy/ingress.yaml", "---\n".join(reversed(first))))
    changed("another indentation", lambda: write(top / "deploy/ingress.yaml",
            INGRESS.replace("  name: ing", "    name: ing").replace("  namespace: edge", "    namespace: edge")))
    changed("a comment", lambda: write(top / "deploy/ingress.yaml", "# about this\n" + INGRESS))
    changed("a new tag of the image", lambda: write(top / "deploy/ingress.yaml", INGRESS.replace(":v1", ":v2.7.1")))
    changed("a move of the file", lambda: (write(top / "other/place.yaml", INGRESS),
                                          os.unlink(top / "deploy/ingress.yaml")))
    changed("a move of the key", lambda: os.rename(top / "deploy/k.pem", top / "other/renamed.key"))
    changed("lines in front of a call", lambda: write(top / "src/tls.py",
            "'''Words.'''\n\n\nimport ssl\n\nctx = ssl.create_default_context()\n\n"
            "ctx.set_ecdh_curve('prime256v1')\n"))
    key(top / "other/second.pem", "RSA")
    r = gate(top, "--baseline", base)
    ok(r.returncode == 1 and new(r) == ["key.private"], "exactly 1 new after 1 new key", out(r))
    os.unlink(top / "other/second.pem")
    shutil.copy(top / "other/renamed.key", top / "other/copy.key")
    r = gate(top, "--baseline", base)
    ok(r.returncode == 1 and "(1 of 2 places known)" in out(r), "one more copy of a known key is new", out(r))
    os.unlink(top / "other/copy.key")
    os.unlink(top / "other/renamed.key")
    ok(" gone" in out(gate(top, "--baseline", base)), "what went is counted")
    for words, text in (("no JSON", "{"), ("another kind", '{"schema":"x"}'),
                        ("a newer form", '{"schema":"pqmap.baseline","schema_version":99,"findings":{}}'),
                        ("no id", '{"schema":"pqmap.baseline","schema_version":1,"findings":{"zz":{"count":1}}}')):
        write(pathlib.Path(d) / "b.json", text)
        r = gate(top, "--baseline", pathlib.Path(d) / "b.json")
        ok(r.returncode == 2 and len(err(r).splitlines()) == 1 and "b.json" in err(r), f"a baseline with {words}: 2",
           err(r))


def suppressions(d):
    d = pathlib.Path(d)
    top = d / "supp"
    top.mkdir()
    base = "ssl_ecdh_curve X25519;"

    def nginx(curve):
        write(top / "nginx.conf", "http { server { listen 443 ssl; server_name a.example;\n" + curve + "\n} }\n")

    nginx(base)
    rules = new(gate(top))
    ok(rules == ["conf.hybrid-switched-off"], "a classical pin fails", rules)
    for words, line, code in (
            ("a comment on the line", base + " # pqmap:ignore conf.hybrid-switched-off reason=old clients", 0),
            ("a comment above", "# pqmap:ignore conf.hybrid-* until=2027-06-30 reason=old clients\n" + base, 0),
            ("of all of the file", "# pqmap:ignore-file conf.hybrid-switched-off reason=a test\n\n\n" + base, 0),
            ("by the policy's rule", "# pqmap:ignore policy.default.* reason=a test\n" + base, 0),
            ("two lines above", "# pqmap:ignore conf.hybrid-switched-off reason=x\n\n" + base, 1),
            ("another rule", "# pqmap:ignore key.private reason=x\n" + base, 1),
            ("no reason", "# pqmap:ignore conf.hybrid-switched-off\n" + base, 1),
            ("a date that is none", "# pqmap:ignore conf.hybrid-switched-off until=soon reason=x\n" + base, 1),
            ("a word that only begins so", "# pqmap:ignored conf.hybrid-switched-off reason=x\n" + base, 1),
            ("its end was yesterday", "# pqmap:ignore conf.hybrid-switched-off until=2026-11-21 reason=x\n" + base, 1),
            ("its end is today", "# pqmap:ignore conf.hybrid-switched-off until=2026-11-22 reason=x\n" + base, 0)):
        nginx(line)
        r = gate(top)
        ok(r.returncode == code, f"comment, {words}: {code}", out(r) + err(r))
        if "yesterday" in words:
            ok("ignore has ended" in out(r) and "2026-11-21" in out(r), "an ended ignore is told where it fails", out(r))
        if "no reason" in words or "none" in words:
            ok("does not count" in out(r) and "1 ignore that cannot count" in out(r), f"{words}: told that it does not count",
               out(r))
        if "another rule" in words:
            ok("lets nothing pass" in out(r), "an ignore that does nothing is listed", out(r))
    nginx(base)
    hexid = [w for w in out(gate(top)).split() if len(w.rstrip(")")) == 16][0].rstrip(")")
    for words, entry, code in (
            ("by rule", "{ rule: conf.hybrid-switched-off, reason: x }", 0),
            ("by id", f"{{ id: {hexid}, reason: x }}", 0),
            ("by path", "{ rule: '*', path: '*nginx.conf', reason: x, until: 2027-01-01 }", 0),
            ("another path", "{ rule: '*', path: 'src/*', reason: x }", 1),
            ("no reason", "{ rule: conf.hybrid-switched-off }", 2),
            ("a wrong date", "{ rule: conf.hybrid-switched-off, reason: x, until: never }", 2),
            ("an unknown key", "{ rule: conf.hybrid-switched-off, reason: x, untill: 2027-01-01 }", 2),
            ("ended", "{ rule: conf.hybrid-switched-off, reason: x, until: 2026-01-01 }", 1)):
        write(d / "c.yaml", f"ignore:\n  - {entry}\n")
        r = gate(top, "--config", d / "c.yaml")
        ok(r.returncode == code, f"config, {words}: {code}", out(r) + err(r))
        if code == 2:
            ok("c.yaml:2" in err(r), f"config, {words}: file and line", err(r))
    os.unlink(top / "nginx.conf")
    cm = INGRESS.split("---")[0]
    for words, note, code in (
            ("with a reason and a date", "legacy clients; until=2027-06-30; ticket=X-1", 0),
            ("ended", "legacy clients; until=2026-06-30", 1), ("no reason", "until=2027-06-30", 1)):
        write(top / "cm.yaml", cm.replace("  namespace: edge", "  namespace: edge\n  annotations:\n"
                                          f"    pqmap.dev/ignore-k8s.hybrid-switched-off: \"{note}\""))
        r = gate(top)
        ok(r.returncode == code, f"annotation, {words}: {code}", out(r) + err(r))


def policies(d):
    d = pathlib.Path(d)
    top = d / "pol"
    top.mkdir()
    write(top / "nginx.conf", "http { server { listen 443 ssl;\nssl_ecdh_curve X25519;\n} }\n")
    for words, text, code in (
            ("a level", "extends: [default]\nrules:\n- { id: policy.default.hybrid-switched-off, level: warning }\n"
                        "- { id: policy.default.key-exchange, level: warning }\n", 0),
            ("off", "extends: [default]\nrules: [{ id: policy.default.hybrid-switched-off, level: off }, "
                    "{ id: policy.default.key-exchange, level: off }]\n", 0),
            ("a rule of one's own", "rules: [{ id: mine.x25519, rules: ['conf.*'], why: not here }]\n", 1),
            ("no such rule", "rules: [{ id: policy.nope, level: off }]\n", 2),
            ("an unknown key", "rules: [{ id: mine.x, rule: ['conf.*'], why: x }]\n", 2),
            ("an unknown word", "rules: [{ id: mine.x, function: [kxe], why: x }]\n", 2),
            ("an unknown preset", "extends: [defualt]\n", 2)):
        write(d / "p.yaml", text)
        r = gate(top, "--policy", d / "p.yaml")
        ok(r.returncode == code, f"a policy file with {words}: {code}", out(r) + err(r))
        if code == 2:
            ok(len(err(r).splitlines()) == 1, f"a policy file with {words}: one clear line", err(r))
    r = gate(top, "--policy", "defualt")
    ok("the nearest is default" in err(r), "a preset by its nearest name", err(r))
    names = [line.split()[0] for line in out(run("rules", "list", "policy")).splitlines() if line.startswith("policy.")]
    for preset in ("nist-ir-8547", "cnsa-2.0", "eo-14412", "ncsc-uk", "eu-roadmap", "bsi-tr-02102", "anssi", "asd-ism",
                   "pci-dss-4", "default"):
        ok(f"policy.{preset}" in names, f"preset {preset}", names)
        ok(gate(top, "--policy", preset, "--exit-zero").returncode == 0, f"preset {preset} runs")
    base = d / "pol-base.json"
    write(top / "sshd_config", "KexAlgorithms ecdh-sha2-nistp256\n")
    key(top / "k.pem", "RSA")
    gate(top, "--write-baseline", base)
    for day, code in (("2030-12-30", 0), ("2031-01-02", 1)):
        r = run("gate", "--now", day, top, "--baseline", base, "--policy", "eo-14412")
        ok(r.returncode == code, f"a mandate on {day}: {code}, whatever the baseline says", out(r) + err(r))
    r = run("gate", "--now", "2030-06-30", top, "--baseline", base, "--policy", "eo-14412", "--lead-months", "12")
    ok(r.returncode == 1, "--lead-months moves its date", out(r))
    r = run("gate", "--policy", "eo-14412", "--explain", "policy.eo-14412.dates")
    ok(r.returncode == 0 and "2030-12-31" in out(r), "--explain gives the dates", out(r) + err(r))
    ok(gate("--explain", "nope").returncode == 2, "--explain of an unknown rule: 2")


def states(d):
    """Work tree, index, revisions, bare, shallow, worktrees, submodules, ignored files, unborn HEAD."""
    d = pathlib.Path(d)
    top = repo(d / "states")
    base = git(top, "rev-parse", "HEAD")
    ok(gate(top, "--since", "HEAD").returncode == 0, "nothing changed: 0")
    git(top, "checkout", "-qb", "topic")
    key(top / "a.pem")
    ok(new(gate(top, "--since", "main")) == ["key.private"], "a new file of the work tree is seen")
    ok(gate(top, "--staged").returncode == 0, "what is not staged is not seen by --staged")
    git(top, "add", "-A")
    r = gate(top, "--staged")
    ok(r.returncode == 1 and new(r) == ["key.private"], "what is staged is", out(r) + err(r))
    os.unlink(top / "a.pem")
    ok(gate(top, "--staged").returncode == 1, "even when the file is gone from the folder")
    git(top, "checkout", "--", "a.pem")
    git(top, "commit", "-qm", "two")
    git(top, "mv", "deploy/ingress.yaml", "deploy/edge.yaml")
    git(top, "commit", "-qm", "three")
    r = gate(top, "--since", "main")
    ok(new(r) == ["key.private"], "a rename brings nothing new", out(r))
    ok(new(gate("--since", "main", cwd=top)) == ["key.private"], "and the same without a target, in the folder")
    ok(gate("--since", "main", cwd=top / "deploy").returncode == 0, "in a folder of it: only what is below")
    git(top, "checkout", "-q", "main")
    write(top / "main-only.txt", "x\n")
    key(top / "main.pem")
    git(top, "add", "-A")
    git(top, "commit", "-qm", "on main")
    git(top, "checkout", "-q", "topic")
    r = gate(top, "--since", "main")
    ok(new(r) == ["key.private"] and "a.pem" in out(r), "compared with the merge base, not with the tip", out(r))
    ok(gate(top, "--since", "nope").returncode == 3, "an unknown revision: 3")
    bare = d / "bare.git"
    git(d, "clone", "-q", "--bare", str(top), str(bare))
    ok(new(gate(f"git:{bare}@topic", "--since", "main")) == ["key.private"], "a bare repository, by revisions")
    r = gate(f"git:{bare}@main")
    ok(r.returncode == 1 and "main.pem" in out(r), "a revision as a target", out(r) + err(r))
    ok(gate(f"git:{bare}@{base}").returncode in (0, 1) and "main.pem" not in out(gate(f"git:{bare}@{base}")),
       "an older one")
    ok("@{" not in err(gate(f"git:{top}@HEAD@{{0}}")), "a revision with @{…}")
    shallow = d / "shallow"
    git(d, "clone", "-q", "--depth", "1", "-b", "topic", f"file://{top}", str(shallow))
    ok(gate(shallow).returncode == 1, "a shallow clone")
    r = gate(shallow, "--since", base)
    ok(r.returncode == 3 and "shallow" in err(r), "a revision that it does not have: says so", err(r))
    git(shallow, "fetch", "-q", "--depth", "1", "origin", "main")
    r = gate(shallow, "--since", "FETCH_HEAD")
    ok(r.returncode == 1 and "merge base" in err(r), "no merge base there: compared with the revision itself", err(r))
    r = gate(shallow, "--history")
    ok(r.returncode == 1, "its history is read as far as it goes", err(r))
    partial = d / "partial"
    git(top, "config", "uploadpack.allowFilter", "true")
    git(d, "clone", "-q", "--filter=blob:none", f"file://{top}", str(partial))
    r = gate(f"git:{partial}")
    ok(r.returncode == 1 and "partial" not in err(r).replace(str(partial), ""), "a partial clone: what was checked out is there", err(r))
    r = run("scan", f"git:{partial}@origin/main", "--fail-on-incomplete", "-q", "-o", "json")
    notes = [n["words"] for n in json.loads(r.stdout)["coverage"]["notes"] if "partial clone" in n.get("words", "")]
    ok(r.returncode == 3 and notes, "what it does not have is told with what to do", out(r)[:300])
    git(partial, "config", "extensions.worktreeConfig", "true")
    git(partial, "config", "extensions.preciousObjects", "true")
    ok(gate(f"git:{partial}").returncode == 1, "extensions that a reader need not know", err(r))
    sha256 = d / "sha256"
    git(d, "init", "-q", "--object-format=sha256", str(sha256))
    key(sha256 / "k.pem")
    r = gate(f"git:{sha256}")
    ok(r.returncode == 3 and "SHA-256" in err(r) and "as a folder" in err(r), "SHA-256 names: says what to do", err(r))
    ok(gate(sha256).returncode == 1, "and its work tree is a folder like any other")
    tree = d / "tree"
    git(top, "worktree", "add", "-q", str(tree), "main")
    ok(gate(tree, "--since", "HEAD").returncode == 0, "a linked work tree")
    key(tree / "w.pem")
    ok(new(gate(tree, "--since", "HEAD")) == ["key.private"], "and what is new in it")
    git(top, "worktree", "remove", "--force", str(tree))
    inner = repo(d / "inner")
    git(top, "submodule", "add", "-q", str(inner), "vendored")
    git(top, "commit", "-qm", "sub")
    r = run("scan", f"git:{top}", "-q", "-o", "json")
    notes = [n for n in json.loads(r.stdout)["coverage"]["notes"] if n["reason"] == "submodule"]
    ok(len(notes) == 1 and notes[0]["path"] == "vendored", "a submodule is told, and not read", notes)
    write(top / ".gitignore", "out/\n*.log\n")
    (top / "out").mkdir()
    key(top / "out/x.pem")
    git(top, "add", ".gitignore")
    git(top, "commit", "-qm", "ignore")
    ok("x.pem" not in out(gate(top)), "what git ignores is left out")
    ok("x.pem" in out(gate(top, "--gitignore", "no")), "unless --gitignore no")
    git(top, "add", "-f", "out/x.pem")
    ok("x.pem" in out(gate(top)), "and what is tracked all the same is not")
    unborn = d / "unborn"
    unborn.mkdir()
    git(unborn, "init", "-q")
    key(unborn / "k.pem")
    git(unborn, "add", "-A")
    ok(new(gate(unborn, "--staged")) == ["key.private"], "before the first commit all that is staged is new")
    ok(gate(f"git:{unborn}").returncode == 3, "and there is no revision to read")


def units(d):
    """A change of values changes what templates mean."""
    top = pathlib.Path(d) / "unit"
    top.mkdir()
    git(top, "init", "-q", "-b", "main")
    write(top / "chart/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n")
    write(top / "chart/values.yaml", "curve: X25519MLKEM768:X25519\n")
    write(top / "chart/templates/cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ingress-nginx-controller, "
          "namespace: edge }\ndata:\n  ssl-ecdh-curve: {{ .Values.curve | quote }}\n")
    git(top, "add", "-A")
    git(top, "commit", "-qm", "one")
    write(top / "chart/values.yaml", "curve: X25519\n")
    r = gate(top, "--since", "HEAD")
    ok(r.returncode == 1 and "k8s.hybrid-switched-off" in new(r), "the other files of a chart are read with it",
       out(r) + err(r))


def blame(d):
    """Commit and day of a line as git blame tells them: through a rename, by the author's clock, nothing for what is not committed."""
    top = repo(pathlib.Path(d) / "blame")
    pin = "import ssl\nctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\nctx.set_ecdh_curve('prime256v1')\n"
    write(top / "src/a.py", "# one\n# two\n# three\n# four\n" + pin)
    git(top, "add", "-A")
    git(top, "-c", "user.name=Bea", "commit", "-qm", "pin", "--date=2026-03-04T05:06:07Z")
    wrote = git(top, "rev-parse", "HEAD")
    git(top, "mv", "src/a.py", "src/b.py")
    git(top, "commit", "-qm", "moved")
    write(top / "src/b.py", "# a line more\n" + (top / "src/b.py").read_text())
    known = git(top, "blame", "-s", "-l", "--abbrev=40", "-L8,8", "src/b.py").split()[0].lstrip("^")
    ok(known == wrote, "git blame follows the rename too", known)

    def told(*args, cwd=top):
        r = gate(*args, "-o", "json", cwd=cwd)
        return {f["rule"]: {a["key"]: a["value"] for a in o.get("attributes", [])}
                for f in json.loads(r.stdout)["findings"] for o in f["occurrences"] if o["path"].endswith((".py", ".pem"))}

    rule = "source.python.tls-curve"
    x = told("--blame")[rule]
    ok(x.get("commit") == wrote and x.get("authored") == "2026-03-04" and "author" not in x, "the work tree", x)
    x = told("--blame", "--authors")[rule]
    ok(x.get("author") == "Bea" and "@" not in "".join(x.values()), "a name when asked for, and no address", x)
    ok(told("--blame", f"{top}/src", cwd=d)[rule].get("commit") == wrote, "a folder of it, from elsewhere")
    ok(told("--blame", "git:.")[rule].get("commit") == wrote, "a revision, by its own lines")
    ok("commit" not in told()[rule], "nothing unless it is asked for")
    key(top / "src/new.pem")
    git(top, "add", "-A")
    x = told("--blame", "--staged")
    ok("commit" not in x["key.private"] and x["key.private"], "what is staged has no commit yet", x)
    ok(f"since commit {wrote[:12]} of 2026-03-04 by Bea" in out(gate(top, "--blame", "--authors")), "and in the text")
    r = gate(top / "src", "--blame", cwd=d)
    ok(r.returncode == 1 and err(r) == "", "no word of what has none", err(r))
    apart = pathlib.Path(d) / "no-repository"
    apart.mkdir()
    key(apart / "k.pem")
    r = gate(apart, "--blame")
    ok(r.returncode == 1 and err(r) == "", "outside of a repository nothing is told, and nothing is wrong", err(r))


def history(d):
    d = pathlib.Path(d)
    top = repo(d / "hist")
    key(top / "old.pem")
    git(top, "add", "-A")
    git(top, "commit", "-qm", "key in")
    first = git(top, "rev-parse", "HEAD")
    git(top, "mv", "old.pem", "moved.pem")
    git(top, "commit", "-qm", "moved")
    key(top / "gone.pem", "RSA")
    shutil.copy(kit.REPO / "fixtures/material-sealed/mixed.age", top / "sealed.age")
    git(top, "add", "-A")
    git(top, "commit", "-qm", "more")
    lost = git(top, "rev-parse", "HEAD")
    git(top, "rm", "-q", "gone.pem", "sealed.age")
    git(top, "commit", "-qm", "out again")
    r = run("scan", f"git:{top}", "--history", "-q", "-o", "json")
    doc = json.loads(r.stdout)
    found = {}
    for f in doc["findings"]:
        for o in f["occurrences"]:
            facts = {a["key"]: a["value"] for a in o.get("attributes", [])}
            if "commit" in facts:
                found.setdefault(f["rule"], []).append((o["path"], facts["commit"], "deleted" in facts))
    ok(("moved.pem", first, False) in found.get("key.private", []), "the first commit that held a key, through a move",
       found.get("key.private"))
    ok(("gone.pem", lost, True) in found.get("key.private", []), "a deleted key, and the commit that brought it",
       found.get("key.private"))
    ok(("sealed.age", lost, True) in found.get("sealed.age", []), "harvested ciphertext of age", found.get("sealed.age"))
    ok(b"ann@example.test" not in r.stdout and b"Ann Author" not in r.stdout, "no names unless asked, no addresses")
    r = run("scan", f"git:{top}", "--history", "--authors", "-q", "-o", "json")
    ok(b"Ann Author" in r.stdout and b"ann@example.test" not in r.stdout, "names with --authors, still no addresses")
    git(top, "checkout", "-qb", "side")
    key(top / "side.pem")
    git(top, "add", "-A")
    git(top, "commit", "-qm", "side")
    git(top, "checkout", "-q", "main")
    ok("side.pem" in out(gate(top, "--history")), "other branches are part of it")
    ok("side.pem" not in out(gate(f"git:{top}@main", "--history")), "unless a revision is named")
    bare = d / "hist-bare.git"
    git(d, "clone", "-q", "--bare", str(top), str(bare))
    ok("gone.pem" in out(gate(f"git:{bare}", "--history")), "a bare repository's history")


def formats(d):
    d = pathlib.Path(d)
    top = d / "fmt"
    shutil.copytree(kit.REPO / "fixtures/cluster", top)
    key(top / "a b,c:d%é.pem")
    write(top / "sub/<img src=x>/nginx.conf", "http { server { listen 443 ssl;\n# pqmap:ignore conf.* until=2027-01-01 reason=a "
          "\"quoted\" <reason>\nssl_ecdh_curve X25519;\n} }\n")
    names = {"sarif": "g.sarif", "junit": "g.xml", "gitlab": "g.gl.json", "github": "g.gh", "markdown": "g.md",
             "json": "g.json"}
    args = [a for f, n in names.items() for a in ("-o", f"{f}={d / n}")]
    r = gate(".", *args, cwd=top)
    ok(r.returncode == 1 and all((d / n).exists() for n in names.values()), "six formats in one run", err(r))
    log = json.loads((d / "g.sarif").read_text())["runs"][0]
    ids = {x["id"]: i for i, x in enumerate(log["tool"]["driver"]["rules"])}
    ok(all(ids[x["ruleId"]] == x["ruleIndex"] for x in log["results"]), "SARIF: rules by id and index")
    ok(all(x["partialFingerprints"]["primaryLocationLineHash"] for x in log["results"]), "SARIF: fingerprints")
    uris = [loc["physicalLocation"]["artifactLocation"]["uri"] for x in log["results"] for loc in x["locations"]]
    ok(all(not u.startswith(("/", "./")) and ":" not in u and " " not in u for u in uris), "SARIF: relative references",
       uris)
    ok("a%20b%2Cc%3Ad%25%C3%A9.pem" in uris, "SARIF: names are percent-encoded", uris)
    sup = [x for x in log["results"] if "suppressions" in x]
    ok(len(sup) == 1 and sup[0]["suppressions"][0]["kind"] == "inSource" and
       "<reason>" in sup[0]["suppressions"][0]["justification"], "SARIF: suppressions", sup)
    texts = [t for x in log["tool"]["driver"]["rules"] for t in
             (x["shortDescription"]["text"], x["fullDescription"]["text"], x["help"]["text"])]
    ok(all(0 < len(t) <= 1024 for t in texts), "SARIF: texts of rules within GitHub's limits")
    ok(all(0.1 <= float(x["properties"]["security-severity"]) <= 10 for x in log["tool"]["driver"]["rules"]),
       "SARIF: security-severity")
    schema = SHARED / "schemas/sarif-schema-2.1.0.json"
    if schema.exists():
        import jsonschema
        for words, more in (("of a gate", None), ("of a scan", ("scan", top, "-q", "-o", f"sarif={d}/s.sarif")),
                            ("of nothing", ("scan", d / "g.md", "-q", "-o", f"sarif={d}/s.sarif"))):
            if more:
                run(*more)
            doc = json.loads((d / ("s.sarif" if more else "g.sarif")).read_text())
            bad = [e.message for e in jsonschema.Draft7Validator(json.loads(schema.read_text())).iter_errors(doc)]
            ok(bad == [], f"SARIF {words} against its schema", bad[:3])
    else:
        skip("SARIF against its schema: ../shared is not here")
    root = ET.parse(d / "g.xml").getroot()
    cases = root.findall(".//testcase")
    ok(int(root.get("tests")) == len(cases) and int(root.get("failures")) == len(root.findall(".//failure")) > 0,
       "JUnit: counts add up")
    ok(len(root.findall(".//skipped")) == 1, "JUnit: what is ignored is skipped")
    gl = json.loads((d / "g.gl.json").read_text())
    ok(all(x["description"] and x["check_name"] and x["location"]["path"] and x["location"]["lines"]["begin"] >= 1 and
           x["severity"] in ("info", "minor", "major", "critical", "blocker") for x in gl), "GitLab: required fields")
    ok(len({x["fingerprint"] for x in gl}) == len(gl), "GitLab: fingerprints are unique")
    gh = (d / "g.gh").read_text().splitlines()
    ok(gh and all(x.startswith(("::error ", "::warning ", "::notice ")) for x in gh), "GitHub: one command a line")
    ok(any("file=a b%2Cc%3Ad%25é.pem," in x for x in gh), "GitHub: properties are escaped", gh[:3])
    md = (d / "g.md").read_text()
    ok("<img" not in md and md.startswith("### pqmap gate: failed"), "Markdown: nothing of a name is markup")
    ok("PRIVATE KEY" not in "".join((d / n).read_text() for n in names.values()), "no key in any of them")
    v = subprocess.run(["/usr/bin/python3", kit.REPO / "tests/validate.py", d / "g.json"], capture_output=True, text=True, check=False)
    ok(v.returncode == 0, "JSON with the gate is valid", v.stdout[-500:] + v.stderr[-300:])
    doc = json.loads((d / "g.json").read_text())["gate"]
    ok(doc["failed"] and len(doc["refusals"]) == sum(doc["new"].values()) + doc["known"] + doc["suppressed"] and
       doc["suppressions"][0]["used"] == 1, "and adds up", {k: v for k, v in doc.items() if k != "refusals"})
    same = {}
    for jobs in (1, 2, 8):
        for n in range(2):
            other = d / f"copy-{jobs}-{n}"
            other.mkdir()
            # Another order of the folder's entries: another time of creation.
            for p in sorted((x for x in top.rglob("*") if x.is_file()), reverse=n == 1):
                q = other / p.relative_to(top)
                q.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(p, q)
            for f in names:
                r = gate(".", "-j", str(jobs), "-o", f, cwd=other)
                same.setdefault(f, set()).add(r.stdout)
    for f, seen in same.items():
        ok(len(seen) == 1, f"{f}: the same bytes with 1, 2, 8 threads and in any order", len(seen))
    empty = d / "none"
    write(empty / "a.txt", "x\n")
    r = gate(empty, "-o", "junit")
    ok(r.returncode == 0 and b'tests="1" failures="0"' in r.stdout, "JUnit of nothing: one test that passed", out(r))


with tmpdir() as folder:
    exit_codes(folder)
    hybrid_off(folder)
    edits(folder)
    suppressions(folder)
    policies(folder)
    states(folder)
    units(folder)
    blame(folder)
    history(folder)
    formats(folder)
done()
