#!/usr/bin/env python3
"""Rules that come in a signed file: only from whom the user trusts, only forwards, whole or not at all."""
import io
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tarfile
import time

from kit import PQMAP, PQMAP_SAN, REPO, done, err, ok, out, run, tmpdir

NOW = "2026-11-22"
FOLDER = REPO / "rules"
ONE = b"""- id: alg.toy
  family: TOY
  name: Toy
  basis: ecdlp
  functions: [sig]
  quantum: broken
  classical: ok
  why: A family that nothing else knows.
  refs: [none]
  hit: [TOY]
  miss: [TOI]
"""


class Home:
    """A user with a home, and a maintainer with a key."""

    def __init__(self, tmp):
        self.tmp = tmp
        self.env = {"HOME": str(tmp / "home"), "XDG_DATA_HOME": str(tmp / "data"), "XDG_CONFIG_HOME": str(tmp / "conf"),
                    "TMPDIR": str(tmp / "tmp")}
        (tmp / "tmp").mkdir()
        for name in ("good", "other"):
            self.run("keygen", "--for", "sign", "--suite", "MLDSA65-ECDSA-P256-SHA512", "--out", tmp / f"{name}.key")
        self.pub = tmp / "good.key.pub"

    def run(self, *args, **kw):
        return run(*args, env=self.env, cwd=self.tmp, **kw)

    def sign(self, path, key="good"):
        self.run("sign", "--key", self.tmp / f"{key}.key", "--out", f"{path}.sig", "--force", path)
        return path

    def export(self, name, release, rules=None, *more, key="good", set_name="acme"):
        path = self.tmp / name
        r = self.run("rules", "export", path, "--rules", rules or self.mini(), "--name", set_name, "--release", release, "--now", NOW,
                     "--force", *more)
        return self.sign(path, key) if r.returncode == 0 else r

    def mini(self, text=ONE):
        folder = self.tmp / "mini"
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "algorithms").mkdir(parents=True)
        (folder / "algorithms/toy.yaml").write_bytes(text)
        return folder

    def take(self, path, *args, keys=True, **kw):
        return self.run("rules", "import", path, *(["--key", self.pub] if keys else []), *args, **kw)

    def name(self, **kw):
        r = self.run("version", "--json", **kw)
        return json.loads(out(r)).get("rules_name") if r.returncode == 0 else f"exit {r.returncode}"


def trust(h):
    a = h.export("a.tar", "1.1")
    own = h.name()
    r = h.take(a, keys=False)
    ok(r.returncode == 2 and "trust" in err(r) and h.name() == own, "without a key nothing is taken", err(r))
    r = h.take(a, "--key", h.tmp / "other.key.pub", keys=False)
    ok(r.returncode == 1 and "not trusted" in err(r) and h.name() == own, "another's key: refused", err(r))
    r = h.take(h.sign(a, "other"))
    ok(r.returncode == 1 and "not trusted" in err(r) and h.name() == own, "signed by another: refused", err(r))
    h.sign(a)
    os.unlink(f"{a}.sig")
    r = h.take(a)
    ok(r.returncode == 3 and h.name() == own, "without a signature: nothing", err(r))
    h.sign(a)
    b = h.export("b.tar", "1.2")
    shutil.copy(f"{a}.sig", f"{b}.sig")
    r = h.take(b)
    ok(r.returncode == 1 and "does not verify" in err(r) and h.name() == own, "the signature of another file: refused", err(r))
    r = h.take(a)
    ok(r.returncode == 0 and h.name() == "acme 1.1", "signed by the key that was named: taken", err(r) + out(r))
    r = h.run("rules", "list")
    ok(out(r).split() and out(r).split()[0] == "alg.toy" and len(out(r).splitlines()) == 1, "and its rules are the rules", out(r))
    r = h.run("rules", "list", "--rules", "built-in")
    ok(len(out(r).splitlines()) > 2000, "--rules built-in: the program's own", len(out(r)))
    r = h.run("rules", "reset")
    ok(r.returncode == 0 and h.name() == own, "reset", err(r))
    trusted = h.tmp / "conf/pqmap/trusted"
    trusted.mkdir(parents=True)
    shutil.copy(h.tmp / "other.key.pub", trusted / "a.pub")
    r = h.take(a, keys=False)
    ok(r.returncode == 1 and h.name() == own, "the folder of trusted keys has not that one", err(r))
    shutil.copy(h.pub, trusted / "z.pub")
    r = h.take(a, keys=False)
    ok(r.returncode == 0 and "z.pub" in out(r) and h.name() == "acme 1.1", "the folder has it", err(r) + out(r))
    shutil.rmtree(trusted)
    h.run("rules", "reset")


def forwards(h):
    files = {v: h.export(f"v{v}.tar", v) for v in ("1.9", "1.10", "2")}
    h.take(files["1.10"])
    r = h.take(files["1.9"])
    ok(r.returncode == 1 and "older" in err(r) and h.name() == "acme 1.10", "1.9 after 1.10: refused", err(r))
    r = h.take(files["1.10"])
    ok(r.returncode == 0 and "already" in out(r), "the same again: nothing to do", err(r))
    same = h.export("same.tar", "1.10", h.mini(ONE + b"# words\n"))
    r = h.take(same)
    ok(r.returncode == 1 and "other contents" in err(r), "the same version with other contents: refused", err(r))
    r = h.take(h.export("set.tar", "9", set_name="evil"))
    ok(r.returncode == 1 and "another rule set" in err(r) and h.name() == "acme 1.10", "another set: refused", err(r))
    r = h.take(files["2"])
    ok(r.returncode == 0 and h.name() == "acme 2", "2 after 1.10: taken", err(r))
    r = h.take(files["1.9"], "--allow-older")
    ok(r.returncode == 0 and h.name() == "acme 1.9", "--allow-older", err(r))
    r = h.take(h.export("new.tar", "3", None, "--requires", "99.0"))
    ok(r.returncode == 1 and "99.0" in err(r) and h.name() == "acme 1.9", "for a newer pqmap: refused", err(r))
    bad = h.mini(ONE.replace(b"hit: [TOY]", b"hit: [TAY]"))
    r = h.run("rules", "export", h.tmp / "bad.tar", "--rules", bad, "--name", "acme", "--release", "4", "--now", NOW)
    ok(r.returncode == 2 and not (h.tmp / "bad.tar").exists(), "rules that fail on their samples are not exported", err(r))
    good = h.export("good.tar", "4").read_bytes()
    for words, body, told in (("rules that fail on their samples", ONE.replace(b"hit: [TOY]", b"hit: [TAY]"), "do not hold"),
                              ("rules that are none", b"- just text\n", "do not hold"),
                              ("no YAML", b"- id: [\n", "do not hold")):
        path = h.tmp / "bad.tar"
        path.write_bytes(forge(good, {"rules/algorithms/toy.yaml": body}))
        r = h.take(h.sign(path))
        ok(r.returncode == 1 and told in err(r) and h.name() == "acme 1.9", f"{words}: refused", err(r))
    ok(not list((h.tmp / "tmp").iterdir()), "nothing is left in the folder for temporary files", list((h.tmp / "tmp").iterdir()))
    ok([p.name for p in (h.tmp / "data/pqmap").iterdir()] == ["rules.tar"], "nor where the rules are")
    h.run("rules", "reset")


def forge(good, files=None, change=None, names=None):
    """A bundle as the program would write it, of other files; then whatever change does to the members."""
    with tarfile.open(fileobj=io.BytesIO(good)) as t:
        members = [(m, t.extractfile(m).read()) for m in t.getmembers()]
    manifest = json.loads(members[0][1])
    body = dict((m.name, b) for m, b in members[1:])
    body.update(files or {})
    import hashlib
    order = sorted(body)
    head = {k: v for k, v in manifest.items() if k != "files"}
    head.update(names or {})
    text = json.dumps(head, separators=(",", ":"))[:-1] + ',"files":[' + ",".join(
        f'\n{{"path":"{n}","sha256":"{hashlib.sha256(body[n]).hexdigest()}"}}' for n in order) + "\n]}\n"
    when = members[0][0].mtime
    out_ = io.BytesIO()
    with tarfile.open(fileobj=out_, mode="w", format=tarfile.USTAR_FORMAT) as t:
        todo = [("manifest.json", text.encode())] + [(n, body[n]) for n in order]
        for name, data in todo:
            m = tarfile.TarInfo(name)
            m.size, m.mtime, m.mode = len(data), when, 0o644
            if change is not None:
                change(m)
            t.addfile(m, io.BytesIO(data if m.isreg() else b""))
    made = out_.getvalue()
    end = sum(512 + (m.size + 511) // 512 * 512 if m.isreg() else 512 for m in tarfile.open(fileobj=io.BytesIO(made)).getmembers())
    return made[:end] + bytes(1024)


def one_form(h):
    """What is signed by the right key and is no bundle all the same."""
    a = h.export("a.tar", "1.1")
    good = a.read_bytes()
    h.take(a)
    with tarfile.open(fileobj=io.BytesIO(good)) as t:
        ok([m.name for m in t.getmembers()] == ["manifest.json", "rules/algorithms/toy.yaml"], "a tar like any other")

    def link(m):
        if m.name.endswith("toy.yaml"):
            m.type, m.linkname, m.size = tarfile.SYMTYPE, "/etc/passwd", 0

    def owner(m):
        m.uid = 1000

    cases = [("a way out", forge(good, {"rules/../../up.yaml": ONE})), ("a path from the root", forge(good, {"/rules/x.yaml": ONE})),
             ("a link", forge(good, change=link)), ("an owner", forge(good, change=owner)), ("a file of another kind", forge(good, {"bin/sh": b"x"})),
             ("a name with a line in it", forge(good, {"rules/a\nb.yaml": ONE})),
             ("a text behind it", good + b"more"), ("zeros behind it", good + bytes(512)), ("nothing", b""), ("a text", b"hello\n" * 200),
             ("a set without a name", forge(good, names={"name": ""})), ("a name with a way in it", forge(good, names={"name": "a/b"})),
             ("a version of words", forge(good, names={"version": "latest"})), ("our own name", forge(good, names={"name": "pqmap"})),
             ("two files of one name", good[:-1024] + good[512 * (len(good) // 512 - 6):-1024] + bytes(1024))]
    cases += [(f"cut at {n}", good[:n]) for n in range(0, len(good), 512)] + [(f"cut at {n}", good[:n]) for n in (1, 700, len(good) - 1)]
    wrong = []
    for i, (words, data) in enumerate(cases):
        path = h.tmp / "odd.tar"
        path.write_bytes(data)
        r = h.take(h.sign(path), "--allow-older", program=PQMAP_SAN if i % 4 == 0 else PQMAP)
        if r.returncode != 1 or len(err(r).splitlines()) != 1 or h.name() != "acme 1.1":
            wrong.append((words, r.returncode, err(r)[-200:]))
    ok(not wrong, f"{len(cases)} signed files that are no bundle: refused in one line", wrong[:4])
    same = forge(good)
    ok(same == good, "(what the test forges is what the program writes, when nothing is forged)")
    wrong = []
    rng = random.Random(7)
    spots = {0, 124, 148, 156, 257, 600, len(good) - 1, len(good) - 1024, *(rng.randrange(len(good)) for _ in range(30))}
    h.sign(a)
    for at in spots:
        bad = bytearray(good)
        bad[at] ^= 1
        a.write_bytes(bad)
        r = h.take(a)
        if r.returncode != 1 or "does not verify" not in err(r):
            wrong.append((at, err(r)))
    a.write_bytes(good)
    sig = pathlib.Path(f"{a}.sig")
    text = sig.read_bytes()
    for at in range(0, len(text), 97):
        bad = bytearray(text)
        bad[at] ^= 1
        sig.write_bytes(bad)
        r = h.take(a)
        if r.returncode == 0:
            wrong.append(("signature", at, out(r)))
    sig.write_bytes(text)
    ok(not wrong, f"a bit turned in the file or in its signature, {len(spots)} and {len(text) // 97} times: refused", wrong[:3])
    big = h.tmp / "big.tar"
    with open(big, "wb") as f:
        f.truncate((32 << 20) + 1)
    r = h.take(h.sign(big))
    ok(r.returncode == 3 and "32" in err(r), "over 32 MiB: not read", err(r))
    h.run("rules", "reset")


def in_place(h):
    """What stands where the rules are kept."""
    a = h.export("a.tar", "1.1")
    h.take(a)
    file = h.tmp / "data/pqmap/rules.tar"
    good = file.read_bytes()
    ok(file.stat().st_mode & 0o777 == 0o600, "for the owner only")
    wrong = []
    for data in (b"", b"x", good[:-1], good[:600], good + b"x", b"\0" * len(good)):
        file.write_bytes(data)
        r = h.run("version")
        if r.returncode != 2 or "rules reset" not in err(r):
            wrong.append((len(data), r.returncode, err(r)))
    ok(not wrong, "a damaged file is told, and not passed over", wrong)
    r = h.take(a)
    ok(r.returncode == 0 and h.name() == "acme 1.1", "and an import mends it", err(r))
    file.chmod(0o666)
    ok(h.name() == "exit 2", "rules that others can change are not used")
    file.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(file, 12345, 12345)
        ok(h.name() == "exit 2", "nor those of another user")
        os.chown(file, 0, 0)
    file.unlink()
    os.mkfifo(file)
    r = h.run("version", timeout=20)
    ok(r.returncode == 2, "a pipe in its place is not waited for", err(r))
    file.unlink()


def killed(h):
    """At any moment: the old rules, or the new ones."""
    old, new = h.export("old.tar", "1"), h.export("new.tar", "2")
    rng = random.Random(3)
    wrong, hit, took = [], 0, 0.05
    for i in range(40):
        h.run("rules", "reset")
        h.take(old)
        p = subprocess.Popen([PQMAP, "rules", "import", new, "--key", h.pub], env={**os.environ, **h.env}, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
        time.sleep(took * rng.random())
        alive = p.poll() is None
        hit, took = hit + alive, took * (1.1 if alive else 0.8)
        p.send_signal(signal.SIGKILL if i % 2 else signal.SIGTERM)
        p.wait()
        if h.name() not in ("acme 1", "acme 2"):
            wrong.append(h.name())
    ok(not wrong and hit > 5, f"killed {hit} times on the way: the old rules or the new ones", wrong)
    h.run("rules", "reset")
    procs = [subprocess.Popen([PQMAP, "rules", "import", p, "--key", h.pub], env={**os.environ, **h.env}, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) for p in (old, new) * 4]
    codes = [p.wait() for p in procs]
    ok(h.name() == "acme 2" and 0 in codes and set(codes) <= {0, 1}, "eight at once: the newest stays", codes)
    h.run("rules", "reset")


def all_of_it(h):
    """Our own rules as a bundle say what our own rules say."""
    a = h.export("full.tar", "2026.11", FOLDER)
    b = h.export("again.tar", "2026.11", FOLDER)
    ok(isinstance(a, pathlib.Path) and a.read_bytes() == b.read_bytes(), "two exports have the same bytes")
    want = h.run("scan", REPO / "fixtures/cluster", "--now", NOW, "-o", "json", "--rules", "built-in")
    r = h.take(a)
    ok(r.returncode == 0 and h.name() == "acme 2026.11", "all our rules, on all their samples", err(r) + out(r)[-500:])
    r = h.run("config")
    ok("acme 2026.11" in out(r) and "imported" in out(r), "`config` says where the rules come from", out(r) + err(r))
    got = h.run("scan", REPO / "fixtures/cluster", "--now", NOW, "-o", "json")
    x, y = json.loads(out(want)), json.loads(out(got))
    ok(y["rules"].pop("name") == "acme 2026.11" and x["rules"].pop("name").startswith("pqmap ") and x == y,
       "the same report under another name of the rules")
    h.run("rules", "reset")


def renamed(h):
    """A rule with a new name: what was written under the old one still holds."""
    rules = h.tmp / "renamed"
    shutil.copytree(FOLDER, rules)
    old, new = "conf.hybrid-switched-off", "conf.hybrid-off"
    n = 0
    for f in rules.rglob("*.yaml"):
        text = f.read_text()
        if f"- id: {old}\n" in text:
            f.write_text(text.replace(f"- id: {old}\n", f"- id: {new}\n  was: [{old}]\n"))
            n += 1
    top = h.tmp / "app"
    top.mkdir()
    (top / "nginx.conf").write_text("http { server { listen 443 ssl; ssl_ecdh_curve prime256v1:secp384r1; } }\n")
    first = h.tmp / "old.json"
    r = h.run("scan", top, "--now", NOW, "-o", f"json={first}")
    ids = {f["rule"] for f in json.loads(first.read_bytes())["findings"]}
    r = h.run("gate", top, "--now", NOW)
    ok(n == 1 and old in ids and r.returncode == 1 and old in out(r), "before", (ids, out(r), err(r)))
    r = h.run("gate", top, "--now", NOW, "--write-baseline", h.tmp / "base.json")
    r = h.take(h.export("renamed.tar", "7", rules, "--fixtures", REPO / "fixtures"))
    ok(r.returncode == 0, "a bundle in which a rule has a new name", err(r) + out(r)[-500:])
    r = h.run("gate", top, "--now", NOW)
    ok(r.returncode == 1 and new in out(r), "the policy that names the old one refuses the new one", out(r))
    r = h.run("gate", top, "--now", NOW, "--baseline", h.tmp / "base.json")
    ok(r.returncode == 0, "a baseline knows it", out(r))
    (top / ".pqmap.yaml").write_text(f"ignore:\n- {{ rule: {old}, reason: for the test }}\n")
    r = h.run("gate", top, "--now", NOW, "--config", top / ".pqmap.yaml")
    ok(r.returncode == 0 and "1 ignored" in out(r), "an ignore under the old name counts", out(r) + err(r))
    (top / ".pqmap.yaml").write_text("ignore:\n- { rule: conf.hybrid-switched-on, reason: for the test }\n")
    r = h.run("gate", top, "--now", NOW, "--config", top / ".pqmap.yaml")
    ok(r.returncode != 0, "one that never was does not", out(r) + err(r))
    (top / ".pqmap.yaml").unlink()
    (top / "nginx.conf").write_text(f"# pqmap:ignore {old} reason=for-the-test\n"
                                    "http { server { listen 443 ssl; ssl_ecdh_curve prime256v1:secp384r1; } }\n")
    r = h.run("gate", top, "--now", NOW)
    ok(r.returncode == 0, "a comment under the old name counts", out(r) + err(r))
    (top / "nginx.conf").write_text("http { server { listen 443 ssl; ssl_ecdh_curve prime256v1:secp384r1; } }\n")
    r = h.run("rules", "show", old)
    ok(r.returncode == 0 and new in out(r), "`rules show` finds it by its old name", out(r) + err(r))
    second = h.tmp / "new.json"
    h.run("scan", top, "--now", NOW, "-o", f"json={second}")
    r = h.run("diff", first, second, "-o", "json")
    doc = json.loads(out(r)) if r.returncode in (0, 1) else {}
    ok(doc.get("appeared") == [] and doc.get("gone") == [] and new in json.dumps(doc.get("changed")),
       "diff knows that it is the same under another name", out(r)[:600] + err(r))
    h.run("rules", "reset")


def main():
    for part in (trust, forwards, one_form, in_place, killed, all_of_it, renamed):
        with tmpdir() as name:
            part(Home(pathlib.Path(name)))
    done()


main()
