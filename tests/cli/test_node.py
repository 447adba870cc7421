#!/usr/bin/env python3
"""Packages in node_modules and in site-packages: what they offer, in trees, wheels and images; and whose the files in them are."""
import json
import pathlib
import subprocess
import sys
import zipfile

from kit import PQMAP, REPO, done, err, ok, run, tmpdir

sys.path.insert(0, str(REPO / "tests/images"))
from make import Layout, tar_of  # noqa: E402


def scan(target, report, program=PQMAP):
    r = run("scan", target, "--no-cache", "-o", f"json={report}", program=program)
    return r, json.loads(report.read_bytes()) if report.exists() else {"findings": [], "objects": []}


def rows(doc):
    for f in doc["findings"]:
        for o in f["occurrences"]:
            yield f, o, {a["key"]: a["value"] for a in o.get("attributes", [])}


def packages(doc):
    return sorted((a["package"], a["package_version"], f["meaning"], f["evidence"], a.get("its_wheels_bring", "")) for f, o, a in rows(doc) if "ecosystem" in a)


KEY = subprocess.run(["openssl", "genrsa", "1024"], capture_output=True, check=True).stdout
NODE = {
    "node_modules/node-forge/package.json": b'{ "description": "x", "name": "node-forge", "version": "1.3.1", "a": [{"name": "jose"}] }',
    "node_modules/@noble/curves/package.json": b'{"name":"@noble/curves","version":"1.4.0"}',
    "node_modules/@noble/curves/esm/package.json": b'{"type":"module"}',
    "node_modules/left-pad/package.json": b'{"name":"left-pad","version":"1.0.0","dependencies":{"elliptic":"^6"}}',
    "node_modules/left-pad/test/key.pem": KEY,
    "node_modules/left-pad/node_modules/jose/package.json": b'{"name":"jose","version":"5.2.3"}',
    "node_modules/.package-lock.json": b'{"lockfileVersion":3,"packages":{"node_modules/jose":{"version":"5.2.3"}}}',
    "node_modules/broken/package.json": b'{"name":"elliptic","version":',
    "app/key.pem": KEY,
}
META = b"Metadata-Version: 2.1\nName: Cryptography\nVersion: 42.0.5\nSummary: x\n\nName: rsa\nVersion: 4.9\n"
RECORD = b"""cryptography-42.0.5.dist-info/METADATA,sha256=x,10
cryptography/__init__.py,sha256=x,10
cryptography/hazmat/bindings/_rust.abi3.so,sha256=x,10
cryptography.libs/libssl-81ffa89e.so.3,sha256=x,10
../../../bin/x,sha256=x,10
"""
PYTHON = {
    "cryptography-42.0.5.dist-info/METADATA": META,
    "cryptography-42.0.5.dist-info/RECORD": RECORD,
    "cryptography/key.pem": KEY,
    "cryptography.libs/key.pem": KEY,
    "numpy-1.26.4.dist-info/METADATA": b"Metadata-Version: 2.1\nName: numpy\nVersion: 1.26.4\n",
    "numpy-1.26.4.dist-info/RECORD": b"numpy/__init__.py,,\nshared/a.py,,\nnumpy-1.26.4.dist-info/RECORD,,\n",
    "scipy-1.12.0.dist-info/RECORD": b"scipy/__init__.py,,\nshared/b.py,,\nscipy-1.12.0.dist-info/RECORD,,\n",
    "shared/key.pem": KEY,
    "paramiko-2.12.0.egg-info/PKG-INFO": b"Metadata-Version: 2.1\nName: paramiko\nVersion: 2.12.0\n",
    "paramiko-2.12.0.egg-info/top_level.txt": b"paramiko\n",
    "paramiko/key.pem": KEY,
    "grpcio-1.62.1.dist-info/METADATA": b"Metadata-Version: 2.1\nName: grpcio\nVersion: 1.62.1\n",
}
WANT_NODE = [("@noble/curves", "1.4.0", "offer", "parsed+default", ""), ("jose", "5.2.3", "offer", "parsed+default", ""),
             ("node-forge", "1.3.1", "offer", "parsed+default", "")]
WANT_PYTHON = [("cryptography", "42.0.5", "offer", "parsed+default", "OpenSSL 3.2"), ("grpcio", "1.62.1", "offer", "parsed+default", "BoringSSL"),
               ("paramiko", "2.12.0", "offer", "parsed+default", "")]

with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    for name, body in NODE.items():
        (tmp / "n" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp / "n" / name).write_bytes(body)
    for name, body in PYTHON.items():
        (tmp / "p/lib/site-packages" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp / "p/lib/site-packages" / name).write_bytes(body)
    r, doc = scan(tmp / "n", tmp / "n.json")
    ok(r.returncode in (0, 1) and packages(doc) == WANT_NODE, "Node: what is installed, and nothing that it asks for", err(r) + str(packages(doc)))
    owner = {o["path"].split("/n/")[-1]: a.get("owner", "") for f, o, a in rows(doc) if f["meaning"] == "key"}
    ok(owner == {"node_modules/left-pad/test/key.pem": "npm left-pad 1.0.0", "app/key.pem": ""}, "Node: a file is its package's; others are nobody's", owner)
    ok(not doc["objects"], "packages are no objects of the report", doc["objects"][:2])

    r, doc = scan(tmp / "p", tmp / "p.json")
    ok(packages(doc) == WANT_PYTHON, "Python: what is installed, by wheels and eggs", packages(doc))
    owner = {o["path"].split("site-packages/")[-1]: a.get("owner", "") for f, o, a in rows(doc) if f["meaning"] == "key"}
    ok(owner == {"cryptography/key.pem": "pypi cryptography 42.0.5", "cryptography.libs/key.pem": "pypi cryptography 42.0.5", "shared/key.pem": "",
                 "paramiko/key.pem": "pypi paramiko 2.12.0"}, "Python: by RECORD and top_level.txt; what two packages share is nobody's", owner)

    Layout(tmp / "image").image([tar_of([(f"usr/lib/python3/site-packages/{n}", b) for n, b in PYTHON.items()] + [(f"srv/{n}", b) for n, b in NODE.items()])])
    r, image = scan(f"oci:{tmp / 'image'}", tmp / "i.json")
    ok(packages(image) == sorted(WANT_NODE + WANT_PYTHON), "the same in an image", err(r) + str(packages(image)))
    owner = {a.get("owner", "") for f, o, a in rows(image) if f["meaning"] == "key"}
    ok(owner == {"npm left-pad 1.0.0", "pypi cryptography 42.0.5", "pypi paramiko 2.12.0", ""}, "and its files are whose they are", owner)

    with zipfile.ZipFile(tmp / "cryptography-42.0.5-cp39-abi3-manylinux_2_28_x86_64.whl", "w") as z:
        for n, b in PYTHON.items():
            if n.startswith("cryptography"):
                z.writestr(n, b)
    r, wheel = scan(tmp / "cryptography-42.0.5-cp39-abi3-manylinux_2_28_x86_64.whl", tmp / "w.json")
    ok(packages(wheel) == WANT_PYTHON[:1], "and in a wheel", packages(wheel))
    owner = {a.get("owner", "") for f, o, a in rows(wheel) if f["meaning"] == "key"}
    ok(owner == {"pypi cryptography 42.0.5"}, "whose files are its own", owner)

    for n, jobs in enumerate((1, 4)):
        run("scan", tmp / "p", tmp / "n", "--no-cache", "-j", jobs, "-o", f"csv={tmp}/j{n}.csv", program=PQMAP)
    ok((tmp / "j0.csv").read_bytes() == (tmp / "j1.csv").read_bytes(), "one thread and four say the same")
done()
