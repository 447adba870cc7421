#!/usr/bin/python3
"""What lets a finding pass `pqmap gate`, in every kind of file: comments, annotations, settings; what cannot count fails."""
import base64
import json
import pathlib
import re
import subprocess

import kit
from kit import done, err, ok, out, run, tmpdir

NOW = ("--now", "2026-11-22")
TLS = 'http {{ server {{ listen 443 ssl;{same}\n{above}ssl_ecdh_curve X25519;{line}\n}} }}\n'
KEY = subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], check=True,
                     capture_output=True).stdout.decode()
GO = 'package main\n\nimport "crypto/tls"\n\nfunc main() {\n\t%s\n\t_ = &tls.Config{CurvePreferences: ' \
     '[]tls.CurveID{tls.X25519}}\n}\n'
C = "#include <openssl/ssl.h>\n\nint f(SSL_CTX *c)\n{\n\t%s\n\treturn SSL_CTX_set1_groups_list(c, \"X25519\");\n}\n"
DOCKER = "FROM debian:12\n%s\nRUN openssl genrsa -out /etc/x.key 2048\n"
VALUES = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ingress-nginx-controller, namespace: edge }\ndata:\n  %s\n" \
         "  ssl-ecdh-curve: \"X25519\"\n"
# A file that fails the gate, with a place on the line above for a comment, and how one is written there.
FILES = {
    "nginx": ("nginx.conf", TLS.format(above="%s\n", same="", line=""), "# %s"),
    "Python": ("a.py", "import ssl\nctx = ssl.create_default_context()\n%s\nctx.set_ecdh_curve('prime256v1')\n", "# %s"),
    "C": ("a.c", C, "/* %s */"),
    "C++ comment in C": ("a.c", C, "// %s"),
    "Go": ("main.go", GO, "// %s"),
    "Dockerfile": ("Dockerfile", DOCKER, "# %s"),
    "YAML": ("cm.yaml", VALUES, "# %s"),
    "Helm template": ("chart/templates/cm.yaml", VALUES, "{{- /* %s */ -}}"),
    "Helm template, a comment of YAML": ("chart/templates/cm.yaml", VALUES, "# %s"),
    "TOML": ("a.toml", "[tls]\n%s\nkey = '''" + KEY + "'''\n", "# %s"),
    "JSON5": ("a.json5", '{\n  %s\n  "key": ' + json.dumps(KEY) + "\n}\n", "// %s"),
    "a key in Python": ("key.py", "A = 1\n%s\nKEY = \"\"\"" + KEY + "\"\"\"\n", "# %s"),
}


def gate(*args, **kw):
    return run("gate", *NOW, *args, **kw)


def write(path, text):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def rule_of(r):
    """The finding's rule, as the gate prints it."""
    return re.search(r"let it pass: (?:pqmap:ignore |ignore: \[\{ rule: )([\w.-]+)", out(r)).group(1)


def languages(d):
    write(pathlib.Path(d) / "strict.yaml", "rules: [{ id: mine.all, quantum: [broken], why: none of it }]\n")
    strict = ("--policy", pathlib.Path(d) / "strict.yaml")
    for n, (kind, (name, text, comment)) in enumerate(FILES.items()):
        top = pathlib.Path(d) / f"l{n}"
        write(top / "chart/Chart.yaml", "apiVersion: v2\nname: x\nversion: 1.0.0\n")
        write(top / name, text % (comment % "hello"))
        r = gate(top, *strict)
        if not ok(r.returncode == 1 and "let it pass" in out(r), f"{kind}: fails without", out(r) + err(r)):
            continue
        rule = rule_of(r)
        for words, said, code in (("ignored", f"pqmap:ignore {rule} until=2027-01-31 reason=old clients", 0),
                                  ("by the policy's rule", "pqmap:ignore mine.* reason=old clients", 0),
                                  ("one of two", f"pqmap:ignore key.private,{rule} reason=old clients", 0),
                                  ("ended", f"pqmap:ignore {rule} until=2026-01-31 reason=old clients", 1),
                                  ("without a reason", f"pqmap:ignore {rule} until=2027-01-31", 1)):
            write(top / name, text % (comment % said))
            r = gate(top, *strict)
            ok(r.returncode == code, f"{kind}: {words}", out(r) + err(r))


def places(d):
    top = pathlib.Path(d) / "places"
    good = "pqmap:ignore conf.hybrid-switched-off reason=x"
    for words, parts, code in (("on the line", {"line": " # " + good}, 0), ("above it", {"above": f"# {good}\n"}, 0),
                               ("behind other words on the line above", {"same": " # " + good}, 1),
                               ("two lines above", {"above": f"# {good}\n\n"}, 1)):
        write(top / "nginx.conf", TLS.format(**{"same": "", "above": "", "line": "", **parts}))
        r = gate(top)
        ok(r.returncode == code, f"a comment {words}: {code}", out(r))


def faults(d):
    """Whatever cannot count fails, though nothing else does; what only explains comments does not."""
    top = pathlib.Path(d) / "faults"
    for words, line, code, said in (
            ("an unknown rule", "# pqmap:ignore conf.hybrid-swiched-off reason=x", 1, "conf.hybrid-switched-off"),
            ("a glob of nothing", "# pqmap:ignore nope.* reason=x", 1, "no rule is called 'nope.*'"),
            ("no rule", "# pqmap:ignore until=2027-01-01 reason=x", 1, "names no rule"),
            ("no reason", "# pqmap:ignore key.private until=2027-01-01", 1, "no reason"),
            ("an empty reason", "# pqmap:ignore key.private reason=", 1, "no reason"),
            ("a wrong date", "# pqmap:ignore key.private until=31.1.2027 reason=x", 1, "no date"),
            ("an empty date", "# pqmap:ignore key.private until= reason=x", 1, "no date"),
            ("a day that is none", "# pqmap:ignore key.private until=2027-02-30 reason=x", 1, "no date"),
            ("a word written wrong", "# pqmap:ignore key.private untill=2027-01-01 reason=x", 1, "'untill=2027-01-01'"),
            ("a ticket", "# pqmap:ignore key.private ticket=X-1 reason=x", 0, "lets nothing pass"),
            ("a placeholder", "# pqmap:ignore RULE until=DATE reason=WHY", 0, ""),
            ("another placeholder", "# pqmap:ignore <rule> reason=…", 0, ""),
            ("a format", 'printf("pqmap:ignore %s", rule);', 0, ""),
            ("a word that begins so", "# pqmap:ignored key.private", 0, "")):
        write(top / "a.sh", line + "\n")
        r = gate(top)
        ok(r.returncode == code and said in out(r), f"{words}: {code}", out(r))
        ok(("does not count" in out(r)) == (code == 1), f"{words}: told", out(r))
        r = gate(top, "--quiet")
        ok(("does not count" in out(r)) == (code == 1) and (code == 1 or out(r) == ""), f"{words}: --quiet", out(r))
    write(top / "a.sh", "# pqmap:ignore nope.nope reason=x\n")
    ok(gate(top, "--fail-on", "never").returncode == 0, "--fail-on never lets it be")
    ok(gate(top, "--exit-zero").returncode == 0, "as does --exit-zero")
    sarif, doc = top.parent / "f.sarif", top.parent / "f.json"
    gate(top, "-o", f"sarif={sarif}", "-o", f"json={doc}")
    notes = json.loads(sarif.read_text())["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    ok(any(n["level"] == "error" and "nope.nope" in n["message"]["text"] for n in notes), "SARIF tells it", notes)
    g = json.loads(doc.read_text())["gate"]
    ok(g["failed"] and g["faulty_suppressions"] == 1 and not g["suppressions"][0]["honoured"] and
       "nope.nope" in g["suppressions"][0]["fault"], "and JSON", g)
    (top / "a.sh").unlink()
    write(top / "doc.md", "Write `pqmap:ignore nope.nope reason=x` there.\n")
    r = gate(top)
    ok(r.returncode == 0 and "nope" not in out(r), "prose that explains it is no fault", out(r))
    write(top / "a.yaml", "a: 1\n")
    write(top / "c.yaml", "ignore:\n- { rule: key.privat, reason: x }\n")
    r = gate(top, "--config", top / "c.yaml")
    ok(r.returncode == 2 and "c.yaml:2" in err(r) and "key.private" in err(r), "settings: an unknown rule is an error", err(r))


def annotations(d):
    top = pathlib.Path(d) / "notes"
    key = subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], check=True,
                         capture_output=True).stdout
    secret = ("apiVersion: v1\nkind: Secret\nmetadata:\n  name: s%s\n  annotations:\n    %s: \"%s\"\n"
              f"data:\n  tls.key: {base64.b64encode(key).decode()}\n")
    pod = ("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: w%s\n  annotations:\n    %s: \"%s\"\nspec:\n"
           "  selector: { matchLabels: { app: w } }\n  template:\n    metadata: { labels: { app: w } }\n    spec:\n"
           "      containers: [{ name: c, image: x, env: [{ name: GODEBUG, value: tlsmlkem=0 }] }]\n")
    ingress = ("apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: i%s\n  annotations:\n    %s: \"%s\"\n"
               "    nginx.ingress.kubernetes.io/ssl-ecdh-curve: X25519\nspec:\n"
               "  tls: [{ hosts: [a.example], secretName: t }]\n  rules: [{ host: a.example }]\n")
    for kind, text in (("Secret", secret), ("Deployment", pod), ("Ingress", ingress)):
        for ns in ("", "\n  namespace: n"):
            write(top / "o.yaml", text % (ns, "x/y", "z"))
            r = gate(top)
            if not ok(r.returncode == 1 and "let it pass" in out(r), f"{kind}{' of a namespace' * bool(ns)}: fails without", out(r)):
                continue
            rule = rule_of(r)
            for words, note, code in (("ignored", "old; until=2027-01-31; ticket=X-1", 0), ("ended", "old; until=2026-01-31", 1),
                                      ("without a reason", "until=2027-01-31", 1), ("a wrong date", "old; until=soon", 1)):
                write(top / "o.yaml", text % (ns, f"pqmap.dev/ignore-{rule}", note))
                r = gate(top)
                ok(r.returncode == code, f"{kind}{' of a namespace' * bool(ns)}: {words}: {code}", out(r))
            write(top / "o.yaml", text % (ns, "pqmap.dev/ignore-key.privat", "old"))
            r = gate(top)
            ok(r.returncode == 1 and "key.private" in out(r).split("does not count")[1], f"{kind}: an unknown rule", out(r))


def trust(d):
    """A pull request cannot let itself pass, where the job does not let it; nor does time, where a baseline knows it."""
    top = pathlib.Path(d) / "trust"
    write(top / "nginx.conf", TLS.format(same="", line="", above="# pqmap:ignore conf.hybrid-switched-off reason=x\n"))
    ok(gate(top).returncode == 0, "an inline ignore lets it pass")
    r = gate(top, "--no-inline-ignore")
    ok(r.returncode == 1 and "1 inline ignore set aside" in out(r), "and not with --no-inline-ignore, which tells it", out(r))
    write(top.parent / "own.yaml", "ignore:\n- { rule: conf.hybrid-switched-off, reason: x }\n")
    r = gate(top, "--no-inline-ignore", "--config", top.parent / "own.yaml")
    ok(r.returncode == 0, "an ignore of a config file that the job names counts", out(r))
    write(top / "a.sh", "# pqmap:ignore nope.nope reason=x\n")
    r = gate(top, "--no-inline-ignore", "--config", top.parent / "own.yaml")
    ok(r.returncode == 0, "what is set aside is no fault", out(r))
    (top / "a.sh").unlink()
    base = top.parent / "base.json"
    write(top / "nginx.conf", TLS.format(same="", line="",
                                         above="# pqmap:ignore conf.hybrid-switched-off until=2026-12-31 reason=x\n"))
    gate(top, "--write-baseline", base)
    ok(gate(top, "--baseline", base).returncode == 0, "before its end an ignore and a baseline let it pass")
    r = run("gate", top, "--baseline", base, "--now", "2027-01-01")
    ok(r.returncode == 1 and "ignore has ended" in out(r), "behind it the baseline does not", out(r))


def rules(d):
    """An ignore of one rule of the policy is none of another that refuses the same."""
    top = pathlib.Path(d) / "rules"
    own = top.parent / "two.yaml"
    write(own, "rules:\n- { id: mine.a, rules: [conf.hybrid-switched-off], why: a }\n"
               "- { id: mine.b, level: warning, rules: ['conf.*'], why: b }\n")
    for ignored, left in (("mine.a", "mine.b"), ("mine.b", "mine.a"), ("mine.*", None), ("conf.*", None)):
        write(top / "nginx.conf", TLS.format(same="", line="", above=f"# pqmap:ignore {ignored} reason=x\n"))
        r = gate(top, "--policy", own, "--fail-on", "warning")
        ok(r.returncode == (left is not None) and (left is None or f"  {left}\n" in out(r)),
           f"{ignored} is ignored: {left or 'nothing'} refuses it", out(r))


def partial(d):
    """--since reads what changed: of what it did not read, nothing is known."""
    top = pathlib.Path(d) / "partial"
    write(top / "nginx.conf", TLS.format(same="", line="", above=""))
    write(top / ".pqmap.yaml", "ignore:\n- { rule: conf.hybrid-switched-off, path: nginx.conf, reason: old clients }\n")
    git = ["git", "-C", str(top), "-c", "user.name=A", "-c", "user.email=a@example.test"]
    for args in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *args], check=True, capture_output=True)
    write(top / "b.txt", "x\n")
    r = gate(".", "--since", "HEAD", cwd=top)
    ok(r.returncode == 0 and "remove it" not in out(r), "an ignore for a file that was not read is not called useless", out(r))
    (top / "nginx.conf").unlink()
    r = gate(".", cwd=top)
    ok("remove it" in out(r), "one for a file that is gone is", out(r))


def words(d):
    """What the gate says to do does it, and fits the terminal."""
    top = pathlib.Path(d) / "words"
    write(top / "nginx.conf", TLS.format(same="", line="", above=""))
    write(top / "k.pem", KEY)
    r = gate(".", cwd=top)
    said = re.search(r"let it pass: (ignore: \[.*\]) in .pqmap.yaml", out(r))
    ok(said is not None and "k.pem" in said.group(1), "a key, which has no line, is let pass by the settings", out(r))
    write(top / ".pqmap.yaml", said.group(1).replace("DATE", "2027-01-31").replace("WHY", "a test key") + "\n")
    comment = re.search(r"let it pass: (pqmap:ignore .*?) +\(id", out(r)).group(1)
    write(top / "nginx.conf", TLS.format(same="", line="", above=f"# {comment.replace('DATE', '2027-01-31')}\n"))
    r = gate(".", cwd=top)
    ok(r.returncode == 0 and "2 ignored" in out(r), "both as they are said let it pass", out(r))
    r = gate(".", "--verbose", cwd=top)
    ok(out(r).count("lets 1 place pass") == 2, "--verbose lists what is used", out(r))
    write(top / "nginx.conf", TLS.format(same="", line="", above=""))
    for width in ("60", "100"):
        r = gate(".", cwd=top, env={"COLUMNS": width})
        lines = out(r).split("\n\n")[0].splitlines()
        ok(max(len(x) for x in lines if "policy." not in x) <= int(width), f"{width} columns hold the texts", out(r))
        plain = [re.sub(r"in [\d.]+ s", "", " ".join(out(x).split())) for x in (r, gate(".", cwd=top, env={"COLUMNS": ""}))]
        ok(plain[0] == plain[1], f"{width} columns lose no word", plain)
    r = gate(".", "--write-baseline", top / "b.json", cwd=top)
    ok(f"baseline {top / 'b.json'} is written" in out(r), "--write-baseline says so", out(r))


with tmpdir() as folder:
    languages(folder)
    places(folder)
    faults(folder)
    annotations(folder)
    trust(folder)
    rules(folder)
    partial(folder)
    words(folder)
done()
