#!/usr/bin/env python3
"""Many of everything: what a review once found lost, doubled or exploding."""
import base64
import json
import os
import pathlib
import subprocess

from kit import done, err, ok, out, run, tmpdir


def secret(i, text):
    return f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s{i}, namespace: n}}\ndata:\n  k: {text}\n"


def numbers(r):
    d = json.loads(out(r))
    return len(d["objects"]), sum(len(f["occurrences"]) for f in d["findings"]), [n["words"] for n in d["coverage"]["notes"]]


with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    pem = subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], capture_output=True, check=True).stdout
    b64 = base64.b64encode(pem).decode()
    (tmp / "many.yaml").write_text("---\n".join(secret(i, b64) for i in range(1500)))
    r = run("scan", tmp / "many.yaml", "-o", "json")
    ok(numbers(r) == (1500, 1500, []), "1,500 Secrets in one file", numbers(r))

    (tmp / "docs.yaml").write_text("---\n".join(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{i}, namespace: n}}\ndata: {{a: b}}\n"
                                                for i in range(40000)))
    r = run("scan", tmp / "docs.yaml", "-o", "json")
    ok(numbers(r)[0] == 40000 and not numbers(r)[2], "40,000 documents in one file", numbers(r))

    inline = "\n".join("        " + line for line in pem.decode().splitlines())
    pod = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: n}}\nspec:\n  containers:\n  - name: c\n    env:\n    - name: K\n      value: |\n{inline}\n"
    (tmp / "between.yaml").write_text("---\n".join([secret(i, b64) for i in range(300)] + [pod, secret("z", b64)]))
    r = run("scan", tmp / "between.yaml", "-o", "json")
    ok(numbers(r)[:2] == (302, 302), "a key between many Secrets is not swallowed", numbers(r))

    (tmp / "late.yaml").write_text("apiVersion: 2019-01-01\n" * 60000 + "---\n" + secret("late", b64))
    r = run("scan", tmp / "late.yaml", "-o", "json")
    ok(numbers(r)[:2] == (1, 1), "a manifest behind 60,000 other anchors is found", numbers(r))

    links = tmp / "links"
    links.mkdir()
    der = subprocess.run(["openssl", "pkey", "-pubout", "-outform", "DER"], input=pem, capture_output=True, check=True).stdout
    (links / "a").write_bytes(b"".join(der[:-32] + os.urandom(32) + b"\n" for _ in range(2000)))
    for i in range(2000):
        os.link(links / "a", links / f"b{i}")
    p = subprocess.run(["/usr/bin/env", "python3", "-c",
                        "import resource,subprocess,sys; r=subprocess.run(sys.argv[1:]); "
                        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(r.returncode)",
                        os.path.abspath(os.environ.get("PQMAP", "build/pqmap")), "scan", str(links), "-q", "-o", f"json={tmp}/l.json"],
                       capture_output=True, text=True)
    d = json.loads((tmp / "l.json").read_text())
    ok(p.returncode == 0 and int(p.stdout.split()[-1]) < 200_000, "2,000 names of a file of 2,000 keys stay under 200 MB", p.stdout)
    ok(any("more places" in n["words"] for n in d["coverage"]["notes"]), "and what is not listed is told", d["coverage"]["notes"])

    # Large files that differ only where no sample is taken must not be taken for copies.
    pairs = tmp / "pairs"
    pairs.mkdir()
    for i in range(12):
        for c in "ab":
            body = bytearray(b"%08d" % i + b"x" * (3 << 18) + b"y" * 100)
            body[5000:5000 + len(der)] = der[:-32] + os.urandom(32)
            (pairs / f"{i}{c}").write_bytes(body)
    seen = {len(json.loads(out(run("scan", "-j8", pairs, "-o", "json")))["findings"]) for _ in range(8)}
    ok(seen == {24}, "large files alike in samples are told apart at any thread count", seen)

    bad = tmp / "bad.json"
    run("scan", tmp / "between.yaml", "-q", "-o", f"json={bad}")
    doc = json.loads(bad.read_text())
    doc["findings"] *= 2
    bad.write_text(json.dumps(doc))
    r = run("report", bad, "-q")
    ok(r.returncode == 3 and "comes twice" in err(r), "an inventory with an id twice is refused", err(r))
    key = tmp / "own.pem"
    key.write_bytes(pem)
    r = run("scan", key, "-o", f"json={key}")
    ok(r.returncode == 2 and key.read_bytes() == pem, "a report never overwrites what was scanned", err(r))
done()
