#!/usr/bin/env python3
"""SOPS outside of Kubernetes objects: creation rules, encrypted YAML, JSON, dotenv and INI; recipients by algorithm."""
import base64
import json
import pathlib

from kit import done, err, ok, run, tmpdir

AGE = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
END = "lastmodified: '2026-01-01T00:00:00Z'\n  mac: ENC[AES256_GCM,data:AAAA,type:str]\n  version: 3.11.0\n"


def armour(algorithm, bits, new=False):
    body = bytes([3]) + b"KEYIDKEY" + bytes([algorithm]) + bits.to_bytes(2, "big") + b"\x55" * ((bits + 7) // 8)
    head = bytes([0xC1, 0xFF]) + len(body).to_bytes(4, "big") if new else bytes([0x85]) + len(body).to_bytes(2, "big")
    text = base64.b64encode(head + body).decode()
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    return ["-----BEGIN PGP MESSAGE-----", ""] + lines + ["=AAAA", "-----END PGP MESSAGE-----"]


def pgp(algorithm, bits, new=False):
    return "a: 1\nsops:\n  pgp:\n    - fp: 85D77543B3D624B63CEA9E6DBC17301B491B3F21\n      enc: |-\n" + \
        "".join(f"        {line}\n" for line in armour(algorithm, bits, new)) + "  " + END


FILES = {
    ".sops.yaml": (f"""creation_rules:
  - path_regex: prod/.*
    age: >-
      {AGE},
      age1pq1sample
  - path_regex: kms/.*
    kms: arn:aws:kms:eu-west-1:1:key/x
    key_groups:
      - pgp: [85D77543B3D624B63CEA9E6DBC17301B491B3F21]
        age: ['ssh-rsa AAAAB3Nzasample']
""", {("sealed-classical", "X25519", 3), ("sealed-hybrid", "X25519MLKEM768", 3), ("sealed-remote", "", 7),
      ("sealed-remote", "", 9), ("sealed-classical", "RSA", 10)}),
    "values.yaml": (f"pw: ENC[AES256_GCM,data:AAAA,type:str]\nsops:\n  age:\n    - recipient: {AGE}\n      enc: x\n  " + END,
                    {("sealed-classical", "X25519", 4)}),
    "one.json": ('{ "a": "ENC[AES256_GCM,data:AAAA,type:str]",\n"sops": { "age": [\n{ "recipient": "%s" }],\n"lastmodified": "x", '
                 '"version": "3" } }\n' % AGE, {("sealed-classical", "X25519", 3)}),
    "prod.env": (f"A=ENC[AES256_GCM,data:AAAA,type:str]\nsops_age__list_0__map_recipient={AGE}\nsops_pgp__list_0__map_enc=" +
                 "\\n".join(armour(1, 4096)) + "\nsops_lastmodified=x\nsops_version=3\n",
                 {("sealed-classical", "X25519", 2), ("sealed-classical", "4096", 3)}),
    "prod.ini": (f"[a]\nb = ENC[x]\n[sops]\nage__list_0__map_recipient = {AGE}\nkms__list_0__map_arn = arn:aws:kms:x:1:key/x\n"
                 "lastmodified = x\nversion = 3\n", {("sealed-classical", "X25519", 4), ("sealed-remote", "", 5)}),
    "rsa2048.yaml": (pgp(1, 2047), {("sealed-classical", "2048", 5)}),
    "rsa3072.yaml": (pgp(1, 3072, new=True), {("sealed-classical", "3072", 5)}),
    "elgamal.yaml": (pgp(16, 2046), {("sealed-classical", "2048", 5)}),
    "p384.yaml": (pgp(18, 771), {("sealed-classical", "P-384", 5)}),
    "curve25519.yaml": (pgp(18, 263), {("sealed-classical", "X25519", 5)}),
    "nothing.yaml": ("sops: none\nlastmodified: x\nmac: y\n", set()),
    "broken.yaml": ("sops:\n  pgp:\n    - enc: |-\n        -----BEGIN PGP MESSAGE-----\n\n        AAAA\n  " + END, set()),
    "object.yaml": (f"apiVersion: v1\nkind: Secret\nmetadata: {{ name: a, namespace: n }}\nsops:\n  age:\n    - recipient: {AGE}\n  "
                    + END, set()),  # k8s.sops-age says it
}

with tmpdir() as tmp:
    folder = pathlib.Path(tmp) / "repo"
    folder.mkdir()
    for name, (text, _) in FILES.items():
        (folder / name).write_text(text)
    r = run("scan", folder, "--no-cache", "-o", f"json={tmp}/r.json")
    ok(r.returncode == 0, "the repository is scanned", err(r))
    report = json.loads((pathlib.Path(tmp) / "r.json").read_text())
    seen = {name: set() for name in FILES}
    objects = set()
    for f in report["findings"]:
        for at in f["occurrences"]:
            name = pathlib.Path(at["path"]).name
            if f["rule"].startswith("conf.sealed-"):
                family = "" if f["family"] == "" else "X25519MLKEM768" if f["quantum"] == "hybrid" else f["family"]
                seen[name].add((f["rule"][5:], f["parameter"] or family, at["line"]))
            elif f["rule"].startswith("k8s.sops"):
                objects.add((name, f["rule"]))
    for name, (_, want) in FILES.items():
        got = {(rule, "X25519MLKEM768" if rule == "sealed-hybrid" else what, line) for rule, what, line in seen[name]}
        ok(got == want, f"{name}: {len(want)} recipients at their lines", got ^ want)
    ok(objects == {("object.yaml", "k8s.sops-age")}, "an object is told once, by its own rule", objects)
done()
