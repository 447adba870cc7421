#!/usr/bin/python3
"""The presets of `pqmap gate` by date and use. The table is made by hand from shared/guidance/deadlines.json (the ids beside
each row) and from what the texts there require; it does not read rules/policy."""
import json
import pathlib
import re
import subprocess

import kit
from kit import done, err, ok, out, run, tmpdir

MLKEM = 'http { server { listen 443 ssl; ssl_protocols TLSv1.3; ssl_ecdh_curve %s; } }\n'
FILES = {
    "x25519.py": "from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey\n"
                 "k = X25519PrivateKey.generate()\n",
    "hybrid768/nginx.conf": MLKEM % "X25519MLKEM768",
    "hybrid1024/nginx.conf": MLKEM % "SecP384r1MLKEM1024",
    "alone1024/nginx.conf": MLKEM % "MLKEM1024",
    "sntrup/sshd_config": "KexAlgorithms sntrup761x25519-sha512@openssh.com\n",
    "oldtls/nginx.conf": "http { server { listen 443 ssl; ssl_protocols TLSv1; } }\n",
}
CERTS = {"rsa2048.pem": ["rsa", "rsa_keygen_bits:2048"], "rsa3072.pem": ["rsa", "rsa_keygen_bits:3072"],
         "p256.pem": ["ec", "ec_paramgen_curve:P-256"]}
KEX, SIG112, SIG128 = "x25519.py oldtls/nginx.conf", "rsa2048.pem", "rsa3072.pem p256.pem"
PQ768, PQ1024, ALONE, SNTRUP = ("hybrid768/nginx.conf", "hybrid1024/nginx.conf", "alone1024/nginx.conf",
                                "sntrup/sshd_config")
ALL = f"{KEX} {SIG112} {SIG128}"
# Last day on which nothing of the regime refuses, and what it refuses on the next: mandates (errors), warnings, and a
# word of each mandate. Days in between are not interesting: each row is looked at on its day and on the day after.
TABLE = [
    # us-nist-8547-sig-112, -kex-112: deprecated after 2030. P-256, X25519 and RSA-3072 are 128 bits: not before 2035.
    ("nist-ir-8547", "2030-12-31", "", SIG112, ""),
    # us-nist-8547-*: disallowed after 2035. Hybrids rest on their ML-KEM part; no parameter set is asked for.
    ("nist-ir-8547", "2035-12-31", ALL, "", "after 2035"),
    # us-cnsa2-net, us-cnsa2-signing: exclusive by 2030; require ML-KEM-1024, ML-DSA-87.
    ("cnsa-2.0", "2030-12-31", f"{ALL} {PQ768} {SNTRUP}", "", "after 2030"),
    # us-eo14412-kex: 2030, require FIPS 203; us-eo14412-far is proposed for all of it by 2030: no mandate.
    ("eo-14412", "2030-12-31", f"{KEX} {SNTRUP}", f"{SIG112} {SIG128}", "2030"),
    # us-eo14412-sig: 2031.
    ("eo-14412", "2031-12-31", f"{ALL} {SNTRUP}", "", "2030"),
    # uk-ncsc-2031: highest-priority systems; uk-ncsc-2035: all.
    ("ncsc-uk", "2031-12-31", ALL, "", "Highest-priority systems"),
    ("ncsc-uk", "2035-12-31", ALL, "", "All systems, services, products"),
    # eu-nis-2030: high-risk use cases; eu-nis-2035: medium.
    ("eu-roadmap", "2030-12-31", ALL, "", "High-risk use cases"),
    ("eu-roadmap", "2035-12-31", ALL, "", "Medium-risk use cases"),
    # de-bsi-kex-high: 2030, very high protection need; the hybrid form is recommended on every day (README, conflict 5).
    ("bsi-tr-02102", "2030-12-31", KEX, ALONE, "Very high protection need"),
    # de-bsi-kex: 2031, requires a hybrid with ML-KEM, FrodoKEM or Classic McEliece.
    ("bsi-tr-02102", "2031-12-31", f"{KEX} {ALONE} {SNTRUP}", "", "Classical-only key agreement"),
    # de-bsi-sig: 2035.
    ("bsi-tr-02102", "2035-12-31", f"{ALL} {ALONE} {SNTRUP}", "", "2031"),
    # fr-anssi-2030: "hybrid recommended".
    ("anssi", "2030-12-31", ALL, ALONE, "classified information"),
    # au-asd-2030: cease traditional asymmetric cryptography; ML-KEM-1024, ML-DSA-87.
    ("asd-ism", "2030-12-31", f"{ALL} {PQ768} {SNTRUP}", "", "Australian government"),
]


def tree(d):
    top = pathlib.Path(d) / "tree"
    for name, text in FILES.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text, encoding="utf-8")
    for name, (kind, opt) in CERTS.items():
        subprocess.run(["openssl", "req", "-x509", "-newkey", kind, "-pkeyopt", opt, "-nodes", "-keyout", "/dev/null",
                        "-subj", "/CN=x", "-days", "9000", "-out", top / name], check=True, capture_output=True)
    return top


def gate(top, policy, day, *args):
    """What rules of the preset itself refuse: path to (level, whether it is a mandate, why)."""
    r = run("gate", top, "--policy", policy, "--now", day, "-o", "json", *args)
    doc = json.loads(out(r))
    places = {f["id"]: f["occurrences"][0]["path"] for f in doc["findings"]}
    found = {}
    for v in doc["gate"]["refusals"]:
        path = str(pathlib.Path(places[v["finding"]]).relative_to(top))
        if v["rule"].startswith(f"policy.{policy}."):
            found[path] = (v["level"], v["mandate"], v["why"], v["fix"])
    return r, found


def next_day(day):
    return f"{int(day[:4]) + 1}-01-01"


def table(top):
    for policy, day, errors, warnings, words in TABLE:
        earlier = [row for row in TABLE if row[0] == policy and row[1] < day]
        want_before = set((earlier[-1][2] if earlier else "").split())
        _, before = gate(top, policy, day)
        r, after = gate(top, policy, next_day(day))
        is_error = {p for p, x in after.items() if x[0] == "error"}
        ok({p for p, x in before.items() if x[0] == "error"} == want_before, f"{policy}: {day} is the last day", before)
        ok(is_error == set(errors.split()), f"{policy}: what the day after {day} refuses", sorted(is_error))
        ok({p for p, x in after.items() if x[0] == "warning"} == set(warnings.split()),
           f"{policy}: what the day after {day} warns of", after)
        ok(all(x[1] for x in after.values() if x[0] == "error"), f"{policy}: its errors are mandates", after)
        ok(words == "" or any(words in x[2] for x in after.values()), f"{policy}: says '{words}'", after)
        ok(r.returncode == 1, f"{policy}: exit 1", r.returncode)
        _, lead = gate(top, policy, f"{int(day[:4])}-12-01", "--lead-months", "2")
        ok({p for p, x in lead.items() if x[0] == "error"} == is_error, f"{policy}: two months of lead bring {day} forward",
           lead)


def hybrids(d, top):
    """The hybrid that everybody is told to use passes `default` for good, and not where ML-KEM-1024 is required."""
    one = pathlib.Path(d) / "one"
    one.mkdir()
    (one / "nginx.conf").write_text(MLKEM % "X25519MLKEM768", encoding="utf-8")
    ok(run("gate", one, "--now", "2036-01-01").returncode == 0, "X25519MLKEM768 passes default, in 2036 too")
    ok(run("gate", one, "--policy", "cnsa-2.0", "--now", "2030-12-31").returncode == 0, "and cnsa-2.0 on its last day")
    r = run("gate", one, "--policy", "cnsa-2.0", "--now", "2031-01-01")
    ok(r.returncode == 1 and "SecP384r1MLKEM1024" in out(r) and "ML-KEM-1024" in out(r),
       "and not the day after, which names what it takes", out(r))
    base = pathlib.Path(d) / "base.json"
    run("gate", one, "--write-baseline", base, "--now", "2026-11-22")
    r = run("gate", one, "--policy", "cnsa-2.0", "--now", "2031-01-01", "--baseline", base)
    ok(r.returncode == 1, "a baseline does not waive that", out(r))
    (one / "nginx.conf").write_text(MLKEM % "SecP384r1MLKEM1024", encoding="utf-8")
    r = run("gate", one, "--policy", "cnsa-2.0", "--now", "2036-01-01")
    ok(r.returncode == 0, "what it names passes", out(r))
    _, found = gate(top, "cnsa-2.0", "2034-01-01")
    ok("X25519MLKEM768" not in "".join(x[3] for x in found.values()), "no advice of cnsa-2.0 leads to what it refuses", found)


def payment(top):
    """PCI DSS has no date for algorithms: pci-12.3.3 is an inventory. TLS 1.0 is no strong cryptography [4.2.1, A2]."""
    own = top.parent / "own.yaml"
    own.write_text("extends: [pci-dss-4]\nrules: [{ id: policy.default.key-exchange, level: off }]\n", encoding="utf-8")
    for day in ("2026-11-22", "2040-01-01"):
        r = run("gate", top, "--policy", own, "--now", day)
        ok(r.returncode == 1 and "policy.pci-dss-4.tls" in out(r) and "oldtls/nginx.conf:1" in out(r) and
           "1 error," in out(r), f"pci-dss-4 on {day}: old TLS alone", out(r))


def explain():
    for name, words in (("policy.cnsa-2.0.strength", "ML-KEM"), ("policy.default.private-key", "private key"),
                        ("policy.pci-dss-4.tls", "early TLS"), ("policy.cnsa-2.0", "extends"), ("cnsa-2.0", "extends"),
                        ("deadline.us-cnsa2-net", "2030-12-31"), ("cert.x509", "certificate"),
                        ("key.private", "refused by policy.default.private-key: error"),
                        ("conf.tls-ceiling", "pqmap:ignore conf.tls-ceiling")):
        r = run("gate", "--explain", name)
        ok(r.returncode == 0 and words in out(r), f"--explain {name}", out(r) + err(r))
        ok(all(len(line) < 400 for line in out(r).splitlines()), f"--explain {name}: lines that can be read", out(r))
    with tmpdir() as d:
        top = pathlib.Path(d)
        (top / "nginx.conf").write_text(MLKEM % "X25519", encoding="utf-8")
        now = ("--now", "2026-11-22")
        told = re.search(r"\(id (\w+)\)", out(run("gate", ".", *now, cwd=top))).group(1)
        r = run("gate", "--explain", told[:10], *now, cwd=top)
        ok(r.returncode == 0 and "nginx.conf:1" in out(r) and "it is new" in out(r) and "gate failed" not in out(r),
           "--explain of a finding, by the start of its id", out(r) + err(r))
        run("gate", ".", "--write-baseline", top / "b.json", *now, cwd=top)
        r = run("gate", "--explain", told, "--baseline", top / "b.json", *now, cwd=top)
        ok("the baseline holds it" in out(r), "and how it stands", out(r))
        (top / "none.yaml").write_text("rules: []\n", encoding="utf-8")
        r = run("gate", "--explain", told, "--policy", "./none.yaml", *now, cwd=top)
        ok(r.returncode == 0 and "no rule of the policy" in out(r), "and that nothing refuses it", out(r) + err(r))
        r = run("gate", "--explain", "0123456789", cwd=top)
        ok(r.returncode == 2 and "id of nothing" in err(r), "an id of nothing is an error", err(r))
    r = run("gate", "--explain", "policy.default.private-kye")
    ok(r.returncode == 2 and "policy.default.private-key" in err(r), "an unknown id names the nearest", err(r))
    r = run("gate", "--explain", "policy.cnsa-2.0.strength", "--policy", "cnsa-2.0")
    ok("not in force" not in out(r), "what is in force is not told to be out of it", out(r))
    ok("not in force" in out(run("gate", "--explain", "policy.cnsa-2.0.strength")), "and what is not, is")


def files(d):
    """Files extend files, by their place beside them; no circle is followed."""
    top = pathlib.Path(d) / "files"
    (top / "team/sub").mkdir(parents=True)
    (top / "src").mkdir()
    (top / "src/nginx.conf").write_text(MLKEM % "X25519", encoding="utf-8")
    (top / "team/base.yaml").write_text("extends: [default]\nrules:\n"
                                        "- { id: policy.default.hybrid-switched-off, level: warning }\n"
                                        "- { id: policy.default.key-exchange, level: warning }\n", encoding="utf-8")
    (top / "team/sub/own.yaml").write_text("extends: [../base.yaml, cnsa-2.0]\n", encoding="utf-8")
    for words, args, code, said in (
            ("a file", ("--policy", "team/base.yaml"), 0, "1 warning"),
            ("a file that extends a file", ("--policy", "team/sub/own.yaml"), 0, "1 warning"),
            ("and a preset, whose dates stand", ("--policy", "team/sub/own.yaml", "--now", "2031-01-01"), 1, "1 error"),
            ("two files", ("--policy", "team/base.yaml", "--policy", "team/sub/own.yaml"), 0, "1 warning"),
            ("two in one", ("--policy", "team/base.yaml,team/sub/own.yaml"), 0, "1 warning")):
        r = run("gate", "src", *(() if "--now" in args else ("--now", "2026-11-22")), *args, cwd=top)
        ok(r.returncode == code and said in out(r), f"{words}: {code}, {said}", out(r) + err(r))
    for name, text, words in (("self.yaml", "extends: [./self.yaml]\n", "extends itself"),
                              ("a.yaml", "extends: [b.yaml]\n", "extends itself"),
                              ("gone.yaml", "extends: [./nope.yaml]\n", "nope.yaml: No such file"),
                              ("dir.yaml", "extends: [./team/]\n", "a folder, not a regular file"),
                              ("near.yaml", "extends: [cnsa-2]\n", "the nearest is cnsa-2.0")):
        (top / "b.yaml").write_text("extends: [a.yaml]\n", encoding="utf-8")
        (top / name).write_text(text, encoding="utf-8")
        r = run("gate", "src", "--policy", f"./{name}", cwd=top)
        ok(r.returncode == 2 and words in err(r) and err(r).count("\n") == 1, f"{name}: {words}", err(r))


with tmpdir() as folder:
    made = tree(folder)
    table(made)
    hybrids(folder, made)
    payment(made)
    files(folder)
explain()
done()
