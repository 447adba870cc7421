#!/usr/bin/env python3
"""What a compiled program says about itself: use, offer, housekeeping, built-in keys."""
import csv
import io
import json
import pathlib
import subprocess

from kit import done, err, ok, out, run, tmpdir

with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    t = tmp / "t"
    t.mkdir()

    def build(name, code, *flags):
        subprocess.run(["gcc", "-O1", "-x", "c", "-", "-o", str(t / name), *flags, "-lcrypto", "-lssl"], input=code.encode(), check=True)

    build("frees", "void DH_free(void *); int main(void) { DH_free(0); return 0; }")
    build("keygen", "int RSA_generate_key_ex(void *, int, void *, void *); int main(void) { return RSA_generate_key_ex(0, 3072, 0, 0); }")
    build("hashes", "const void *EVP_sha256(void); int main(void) { return EVP_sha256() == 0; }")
    build("lib.so", "void *ECDSA_do_sign(const void *, int, void *); void *f(void) { return ECDSA_do_sign(0, 0, 0); }", "-shared", "-fPIC")
    build("generic", "int EVP_PKEY_Q_keygen(void); int main(void) { return EVP_PKEY_Q_keygen(); }")
    r = run("scan", t, "-o", "csv")
    rows = {}
    for row in csv.DictReader(io.StringIO(out(r))):
        rows.setdefault(pathlib.Path(row["path"]).name, []).append(row)
    pk = {n: [(x["family"], x["meaning"], x["object"]) for x in v if x["quantum"] == "broken"] for n, v in rows.items()}
    ok(not pk.get("frees"), "a program that only frees a DH key does not use DH", rows.get("frees"))
    ok(pk.get("keygen") == [("RSA", "use", "RSA_generate_key_ex")], "a program that generates an RSA key uses RSA", rows.get("keygen"))
    ok(rows.get("hashes") and not pk["hashes"], "a program that only hashes is not accused", rows.get("hashes"))
    ok({x[1] for x in pk.get("lib.so", [])} == {"offer"}, "a library that signs offers it", rows.get("lib.so"))
    g = rows.get("generic", [])
    ok(g and {x["quantum"] for x in g} == {"unknown"}, "a generic entry point stays unknown", g)

    key = subprocess.run(["openssl", "genrsa", "1024"], capture_output=True, check=True).stdout.decode()
    text = "\\n".join(key.splitlines())
    build("example", f'const char *volatile k = "{text}\\n"; int main(void) {{ return k[0]; }}')
    r = run("scan", t / "example", "-o", "json")
    doc = json.loads(out(r))
    f = [f for f in doc["findings"] if f["meaning"] == "key"]
    ok(len(f) == 1 and f[0]["parameter"] == "1024", "a key inside a program is found", f)
    ok(f and {"key": "inside", "value": "program"} in f[0]["occurrences"][0]["attributes"], "and marked as built in", f)
    ok(not doc["assessment"]["assets"], "and not scored as a key in use", doc["assessment"]["assets"])
done()
