#!/usr/bin/env python3
"""Private key bytes never appear in any output: each key's secret numbers are searched for, in every usual spelling."""
import base64
import pathlib
import re
import subprocess

from kit import PQMAP_SAN, done, err, ok, run, tmpdir


def sh(*argv, **kw):
    return subprocess.run(argv, check=True, capture_output=True, **kw).stdout


def needles(der):
    """Every 12-byte window of the secret, as raw, hex, base64 (three alignments) and decimal pairs."""
    found = set()
    for at in range(0, len(der) - 12, 4):
        w = der[at:at + 12]
        found |= {w, w.hex().encode(), w.hex().upper().encode(), ":".join(f"{b:02x}" for b in w).encode()}
    for shift in range(3):
        text = base64.b64encode(der[shift:]).rstrip(b"=")
        found |= {text[i:i + 16] for i in range(0, len(text) - 16, 8)}
        url = text.replace(b"+", b"-").replace(b"/", b"_")
        found |= {url[i:i + 16] for i in range(0, len(url) - 16, 8)}
    return found


with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    tree = tmp / "tree"
    tree.mkdir()
    secrets = {}
    sh("openssl", "genrsa", "-traditional", "-out", str(tree / "rsa.pem"), "2048")
    text = sh("openssl", "rsa", "-in", str(tree / "rsa.pem"), "-noout", "-text").decode()
    for name in ("privateExponent", "prime1", "prime2", "exponent1", "exponent2", "coefficient"):
        block = re.search(name + r":\n((?:\s+[0-9a-f:]+\n)+)", text).group(1)
        secrets[f"rsa {name}"] = bytes.fromhex(re.sub(r"[\s:]", "", block)).lstrip(b"\0")
    sh("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(tree / "ec.pem"))
    text = sh("openssl", "ec", "-in", str(tree / "ec.pem"), "-noout", "-text").decode()
    secrets["ec scalar"] = bytes.fromhex(re.sub(r"[\s:]", "", re.search(r"priv:\n((?:\s+[0-9a-f:]+\n)+)", text).group(1))).lstrip(b"\0")
    for alg in ("ed25519", "x25519"):
        sh("openssl", "genpkey", "-algorithm", alg, "-out", str(tree / f"{alg}.pem"))
        secrets[alg] = sh("openssl", "pkey", "-in", str(tree / f"{alg}.pem"), "-outform", "DER")[-32:]
    for kind in ("ed25519", "rsa", "ecdsa"):
        sh("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "c", "-f", str(tree / f"ssh_{kind}"))
        body = b"".join((tree / f"ssh_{kind}").read_bytes().splitlines()[1:-1])
        raw = base64.b64decode(body)
        public = base64.b64decode((tree / f"ssh_{kind}.pub").read_bytes().split()[1])
        secrets[f"ssh {kind}"] = raw[raw.index(public) + len(public) + 4 + 8 + len(public):]
    sh("openssl", "req", "-x509", "-key", str(tree / "rsa.pem"), "-subj", "/CN=s", "-days", "9", "-out", str(tree / "crt.pem"))
    sh("openssl", "pkcs12", "-export", "-inkey", str(tree / "rsa.pem"), "-in", str(tree / "crt.pem"), "-passout", "pass:hunter2-long-password",
       "-out", str(tree / "store.p12"))
    key64 = base64.b64encode((tree / "rsa.pem").read_bytes()).decode()
    (tree / "secret.yaml").write_text(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: n}\ntype: kubernetes.io/tls\ndata:\n"
        f"  tls.key: {key64}\n  token: {base64.b64encode(b'tok-3f9a8c7e5d1b2a4f6e8d').decode()}\n"
        "stringData:\n  password: pw-9b8a7c6d5e4f3a2b1c0d\n---\n"
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: n}\nspec:\n  template:\n    spec:\n      containers:\n"
        "      - name: c\n        image: registry.example/vllm/vllm-openai:v1\n        env:\n"
        "        - {name: HF_TOKEN, value: hf_Zk3v9Qw8Er7Ty6Ui5Op4}\n"
        "        - {name: DATABASE_URL, value: 'postgres://user:dbpw-1a2b3c4d5e6f@db:5432/x'}\n"
        "        args: ['--api-key', 'sk-0a1b2c3d4e5f6a7b8c9d', '--model', 's3://bucket/m']\n"
        "      - {name: i, image: 'robot:regpw-5e4d3c2b1a@registry.example/team/x:1'}\n")
    # broken ones too: an error message must not quote what it could not read
    whole = (tree / "ec.pem").read_bytes()
    (tree / "broken.pem").write_bytes(whole[:100] + b"!!" + whole[102:])
    (tree / "cut.pem").write_bytes(whole[:len(whole) // 2])
    jwk = {"kty": "OKP", "crv": "Ed25519", "d": base64.urlsafe_b64encode(secrets["ed25519"]).decode().rstrip("="), "x": "AAAA"}
    (tree / "bad.jwk").write_text(str(jwk).replace("'", '"'))
    words = [b"tok-3f9a8c7e5d1b2a4f6e8d", b"pw-9b8a7c6d5e4f3a2b1c0d", b"hf_Zk3v9Qw8Er7Ty6Ui5Op4", b"dbpw-1a2b3c4d5e6f",
             b"sk-0a1b2c3d4e5f6a7b8c9d", b"hunter2-long-password", b"regpw-5e4d3c2b1a"]
    words += [base64.b64encode(w) for w in words]

    for program in (None, PQMAP_SAN):
        kw = {"program": program} if program else {}
        r = run("scan", "-vv", tree, "-o", f"json={tmp}/o.json", "-o", f"html={tmp}/o.html", "-o", f"csv={tmp}/o.csv",
                "-o", f"cbom={tmp}/o.cdx", "--color", "always", **kw)
        everything = r.stdout + r.stderr
        for f in ("o.json", "o.html", "o.csv", "o.cdx"):
            everything += (tmp / f).read_bytes()
        ok(r.returncode == 0 and len(everything) > 20000, "all formats are written", err(r)[-500:])
        for name, secret in secrets.items():
            hits = [n for n in needles(secret) if n in everything]
            ok(not hits, f"no byte of {name} in any output", hits[:3])
        hits = [w for w in words if w in everything]
        ok(not hits, "no token or password in any output", hits)
    r = run("plan", tmp / "o.json")
    ok(not any(w in r.stdout for w in words), "nor in the plan")
    cores = [p for p in pathlib.Path(".").glob("core*") if p.is_file()]
    ok(not cores, "no core file")
done()
