#!/usr/bin/env python3
"""Bills of materials in images: what they say is installed and declared, apart from what was seen, and where they are wrong."""
import json
import pathlib
import sys

from kit import PQMAP_SAN, REPO, done, err, ok, run, skip, tmpdir

sys.path.insert(0, str(REPO / "tests/images"))
from make import Layout, tar_of  # noqa: E402

STATUS = b"Package: libssl3\nStatus: install ok installed\nVersion: 3.0.15-1~deb12u1\n"


def scan(tmp, target, program=PQMAP_SAN):
    report = tmp / "report.json"
    report.unlink(missing_ok=True)
    r = run("scan", target, "--no-cache", "-o", f"json={report}", program=program)
    return r, json.loads(report.read_bytes()) if report.exists() else {"findings": [], "objects": [], "coverage": {"notes": []}}


def image(tmp, name, *entries):
    Layout(tmp / name).image([tar_of(list(entries))])
    return scan(tmp, f"oci:{tmp / name}")


def facts(doc, kind="SBOM"):
    return {f["key"]: f["value"] for o in doc["objects"] if o["kind"] == kind for f in o["facts"]}


def at(doc, rule):
    return [(o["path"].split(" › /")[-1], o.get("line"), f, {a["key"]: a["value"] for a in o.get("attributes", [])})
            for f in doc["findings"] if f["rule"] == rule for o in f["occurrences"]]


def spdx(name="libssl3", version="3.0.15-1~deb12u1", purl="pkg:deb/debian/libssl3@3.0.15", **more):
    return json.dumps({"SPDXID": "SPDXRef-DOCUMENT", "spdxVersion": "SPDX-2.3", "files": [{"fileName": "x"}] * 50, "x-unknown": {"a": [1, {}]},
                       "packages": [{"name": "base-files", "versionInfo": "12"}, {"name": name, "versionInfo": version, "x-more": [[{}]],
                                    "externalRefs": [{"referenceCategory": "SECURITY", "referenceLocator": "cpe:2.3:a:b"},
                                                     {"referenceType": "purl", "referenceLocator": purl}]}], **more}, indent=1).encode()


def forms(tmp):
    component = {"type": "library", "name": "openssl", "version": "3.0.12", "purl": "pkg:bitnami/openssl@3.0.12?arch=amd64"}
    cdx = {"$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "bomFormat": "CycloneDX", "specVersion": "1.6",
           "components": [{"type": "operating-system", "name": "debian", "version": "12", "components": [{"type": "x", "name": "y", "components": [component]}]}]}
    syft = {"artifacts": [{"id": "1", "name": "libssl3", "version": "3.0.15-1~deb12u1", "type": "deb", "foundBy": "dpkg-db-cataloger",
                           "locations": [{"path": "/var/lib/dpkg/status"}], "metadata": {"files": [{"path": "/x"}]}}],
            "source": {}, "schema": {"version": "16.0.0"}}
    three = {"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [
        {"type": "CreationInfo"}, {"type": "software_Package", "name": "openssl", "software_packageVersion": "3.0.12"}]}
    tags = "SPDXVersion: SPDX-2.3\nDataLicense: CC0-1.0\n\nPackageName: zlib\nPackageVersion: 1.3\n\nPackageName: openssl\nPackageVersion: 3.0.12\n"
    deb, own = {"libssl3": "3.0.15-1~deb12u1"}, {"openssl": "3.0.12"}
    for words, path, body, want, form in (
            ("SPDX 2.3", "usr/local/share/sbom/x.spdx.json", spdx(), deb, "SPDX"),
            ("SPDX of Bitnami", "opt/bitnami/redis/.spdx-redis.spdx", spdx("openssl", "3.0.12", "pkg:bitnami/openssl@3.0.12"), own, "SPDX"),
            ("SPDX, lines", "a.spdx", tags.encode(), own, "SPDX"),
            ("SPDX 3", "var/lib/db/sbom/x.spdx.json", json.dumps(three).encode(), own, "SPDX 3"),
            ("CycloneDX, components in components", "bom.cdx.json", json.dumps(cdx).encode(), own, "CycloneDX"),
            ("Syft", "var/lib/db/sbom/x.json", json.dumps(syft, indent=1).encode(), deb, "Syft"),
            ("a statement about it", "att.json", json.dumps({"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://spdx.dev/Document",
                                                             "predicate": json.loads(spdx())}).encode(), deb, "SPDX")):
        r, doc = image(tmp, words, (path, body))
        ok(r.returncode == 0 and facts(doc) == want and not doc["coverage"]["notes"], f"{words}: the version is a fact",
           err(r) + str((facts(doc), doc["coverage"]["notes"])))
        found = at(doc, "image.openssl-classical")
        ok(len(found) == 1 and found[0][0] == path and found[0][2]["evidence"] == "hinted+default" and found[0][3].get("source") == "SBOM" and
           found[0][3].get("declared_by") == form and found[0][3].get("package_version") == next(iter(want.values())) and
           found[0][3].get("layer_index") == "1", f"{words}: said, not seen", found)
        (tmp / "tree" / words / path).parent.mkdir(parents=True)
        (tmp / "tree" / words / path).write_bytes(body)
        _, tree = scan(tmp, tmp / "tree" / words)
        ok([(f[0].split(f"tree/{words}/")[-1], f[1], f[2]["id"]) for f in at(tree, "image.openssl-classical")] == [(f[0], f[1], f[2]["id"]) for f in found],
           f"{words}: the same in a tree")
    _, doc = image(tmp, "new", ("x.spdx.json", spdx("libssl3t64", "3.5.1-1", "pkg:deb/debian/libssl3t64@3.5.1-1")))
    ok(len(at(doc, "image.openssl-hybrid")) == 1 and not at(doc, "image.openssl-classical"), "OpenSSL 3.5: hybrid by default")
    _, doc = image(tmp, "twice", ("x.spdx.json", spdx(packages=[{"name": "libssl3", "versionInfo": "3.0.1"}] * 40)))
    ok(len(at(doc, "image.openssl-classical")) == 1, "a package that is listed forty times is told once")
    _, doc = image(tmp, "tool", ("x.spdx.json", spdx("openssl", "3.0.15", "pkg:deb/debian/openssl@3.0.15")))
    ok(facts(doc) and not at(doc, "image.openssl-classical"), "the distribution's openssl is the program, not the library", facts(doc))


def against_databases(tmp):
    lib = next(iter(pathlib.Path("/usr/lib").glob("*/engines-3/loader_attic.so")), None)
    same = ("var/lib/dpkg/status", STATUS)
    _, doc = image(tmp, "same", same, ("x.spdx.json", spdx()))
    a = [x[3] for x in at(doc, "image.openssl-classical")]
    ok(len(a) == 2 and [x.get("confirmed_by") for x in a if x.get("source") == "SBOM"] == ["package database: 3.0.15-1~deb12u1"], "they agree", a)
    _, doc = image(tmp, "other", same, ("x.spdx.json", spdx(version="3.0.11-1")))
    a = at(doc, "image.openssl-classical")
    ok(sorted((x[2]["evidence"], x[3].get("package_version"), x[3].get("contradicted_by")) for x in a) ==
       [("hinted+default", "3.0.11-1", "package database: 3.0.15-1~deb12u1"), ("parsed+default", "3.0.15-1~deb12u1", None)],
       "they contradict: both are said", [(x[2]["evidence"], x[3]) for x in a])
    if lib is None:
        skip("no library that is linked with OpenSSL")
        return
    for words, entries, want in (("a bill alone", [("x.spdx.json", spdx())], ("libssl3", "3.0.15-1~deb12u1", "SBOM")),
                                 ("a database and a bill", [same, ("x.spdx.json", spdx(version="9"))], ("libssl3", "3.0.15-1~deb12u1", None))):
        _, doc = image(tmp, words, ("usr/lib/p.so", lib.read_bytes()), *entries)
        got = {(x.get("package"), x.get("package_version"), x.get("package_source")) for f in doc["findings"] for o in f["occurrences"]
               for x in [{a["key"]: a["value"] for a in o.get("attributes", [])}] if x.get("library") == "libcrypto.so.3"}
        ok(got == {want}, f"{words}: who brings a library", got)


def declared(tmp):
    body = (REPO / "fixtures/material-sbom/bom.cdx.json").read_bytes()
    _, doc = image(tmp, "cbom", ("bom.json", body))
    got = {(f["family"], f["parameter"], f["meaning"], f["evidence"], a.get("source"), a.get("asset")) for _, _, f, a in at(doc, "sbom.declared-asset")}
    ok(got == {("RSA", "2048", "use", "hinted", "SBOM", "algorithm"), ("EC", "", "use", "hinted", "SBOM", "certificate")},
       "assets of a CBOM, as its own word; unknown ones are none", got)
    own = tmp / "own.json"
    run("scan", REPO / "fixtures/material", "-o", f"cbom={own}")
    _, doc = image(tmp, "own", ("own.json", own.read_bytes()))
    ok(at(doc, "sbom.declared-asset") and not any(f["evidence"] != "hinted" for f in doc["findings"]), "a CBOM of ours is a declaration, too",
       {f["evidence"] for f in doc["findings"]})


def hostile(tmp):
    good = spdx()
    cuts = [(f"cut{i}.json", good[:i]) for i in range(0, len(good), 97)]
    deep = b'{"bomFormat":"CycloneDX","components":[' + b'{"name":"a","components":[' * 60 + b']}' * 60 + b"]}"
    deeper = b'{"bomFormat":"CycloneDX","components":' + b"[" * 100000
    huge = b'{"spdxVersion":"SPDX-2.3","packages":[{"name":"libssl3","versionInfo":"3.0.1","x":"' + b"a" * (2 << 20) + b'"}]}'
    odd = [b'{"spdxVersion":"SPDX-2.3","packages":{"name":"x"}}', b'{"spdxVersion":1,"packages":[1,"x",null,[],{"name":{"a":1}}]}', b'{"bomFormat":',
           b'{"spdxVersion":"\x1b[31m","packages":[{"name":"libssl3","versionInfo":"3.0.1\\u001b"},{"name":"lib\\nssl3","versionInfo":"3"}]}',
           b'"spdxVersion" "bomFormat" "foundBy"', b"SPDXVersion: SPDX-2.3\nPackageName:\nPackageVersion\n:\nPackageName: libssl3"]
    r, doc = image(tmp, "hostile", ("deep.json", deep), ("deeper.json", deeper), ("huge.json", huge), *[(f"odd{i}.json", b) for i, b in enumerate(odd)], *cuts)
    words = {n.get("words", "") for n in doc["coverage"]["notes"]}
    ok(r.returncode == 0 and any("1 MiB" in w for w in words) and any("broken JSON" in w for w in words), "broken bills are told", err(r) + str(words))
    ok("\x1b" not in json.dumps(doc, ensure_ascii=False), "no escape codes come through")
    many = b'{"spdxVersion":"SPDX-2.3","packages":[' + b",".join(b'{"name":"p%d","versionInfo":"1"}' % i for i in range(210000)) + b"]}"
    r, doc = scan_of(tmp, "many", many)
    ok(any("200,000" in n.get("words", "") for n in doc["coverage"]["notes"]), "too many items are told", err(r))
    r, doc = scan_of(tmp, "large", b'{"spdxVersion":"SPDX-2.3","x":"' + b"a" * (25 << 20) + b'"}')
    ok(any("24 MiB" in n.get("words", "") for n in doc["coverage"]["notes"]), "a bill that is too large is told", err(r))


def scan_of(tmp, name, body):
    (tmp / name).mkdir()
    (tmp / name / "x.spdx.json").write_bytes(body)
    return scan(tmp, tmp / name)


def main():
    with tmpdir() as name:
        tmp = pathlib.Path(name)
        forms(tmp)
        against_databases(tmp)
        declared(tmp)
        hostile(tmp)
    done()


main()
