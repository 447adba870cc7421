#!/usr/bin/env python3
"""What is in registries and layouts and no image: signatures and attestations that are found by themselves, and models."""
import base64
import json
import pathlib
import shutil
import sys

from kit import PQMAP_SAN, REPO, done, err, ok, run, skip, tmpdir

sys.path.insert(0, str(REPO / "tests/images"))
from make import packed, tar_of  # noqa: E402
from related import DSSE, INDEX, Server, Signer, Store, tag_of  # noqa: E402


def scan(tmp, *args, program=None):
    report = tmp / "report.json"
    report.unlink(missing_ok=True)
    r = run("scan", *args, "--no-cache", "-o", f"json={report}", cwd=tmp,
            env={"HOME": str(tmp), "no_proxy": "127.0.0.1", "http_proxy": "", "https_proxy": "", "DOCKER_CONFIG": "",
                 "REGISTRY_AUTH_FILE": ""}, **({"program": program} if program else {}))
    doc = json.loads(report.read_bytes()) if report.exists() else {"findings": [], "objects": [], "coverage": {"notes": []}}
    return r, doc


def found(doc, **want):
    """Findings that have these values, each with its occurrences' attributes."""
    return [(f, [dict({a["key"]: a["value"] for a in o.get("attributes", [])}, path=o["path"]) for o in f["occurrences"]])
            for f in doc["findings"] if all(f.get(k) == v for k, v in want.items())]


def objects(doc, kind):
    return [{f["key"]: f["value"] for f in o["facts"]} | {"name": o["name"]} for o in doc["objects"] if o["kind"] == kind]


def notes(doc):
    return [n.get("words", "") for n in doc["coverage"]["notes"]]


def signed_image(signer):
    s = Store()
    image = s.image([tar_of([("etc/x", b"1")])], "1", packed)
    s.cosign(image, signer)
    return s, image


def by_itself(tmp, ec):
    """cosign's tags and the referrers API, without being told."""
    s, image = signed_image(ec)
    s.attestation(image, ec)
    server = Server(s, has_referrers=False)
    r, doc = scan(tmp, f"registry:{server.host}/team/app:1", program=PQMAP_SAN)
    arts = objects(doc, "Artifact")
    ok(r.returncode == 0 and sorted(a["spec.artifactType"] for a in arts) ==
       ["application/vnd.dev.cosign.simplesigning.v1+json", DSSE], "cosign's signature and attestation are found by their tags",
       err(r) + str(arts))
    ok(all(a.get("spec.subject") == image["digest"] for a in arts), "and tied to the image", arts)
    certs = [o for _, occs in found(doc, meaning="cert", family="EC") for o in occs]
    ok(len(certs) == 2 and all(" › attached@sha256:" in o["path"] for o in certs), "their certificates are found", certs)
    paths = [p for p, _ in server.asked]
    ok(any("/referrers/" in p for p in paths) and any(p.endswith(tag_of(image["digest"])) for p in paths),
       "the referrers API is asked for, and its tag where it is not there", paths)
    ok(all("without TLS" in n for n in notes(doc)), "what is not there is no gap", notes(doc))
    server.stop()
    s = Store()
    image = s.image([tar_of([("etc/x", b"1")])], "1", packed)
    index = s.index([dict(image, platform={"os": "linux", "architecture": "amd64"})], "multi")
    note = s.cosign(index, ec, tag=False)
    doc_ = json.loads(s.manifests.pop(note["digest"]))
    s.manifest(dict(doc_, subject=index, artifactType="application/vnd.dev.cosign.artifact.sig.v1+json"))
    server = Server(s)
    r, doc = scan(tmp, f"registry:{server.host}/team/app:multi")
    arts = objects(doc, "Artifact")
    ok(len(arts) == 1 and arts[0]["spec.subject"] == index["digest"], "a signature of the index, by the referrers API", err(r) + str(arts))
    for status in (401, 403, 429, 500):
        server.faults = [("/referrers/", status)]
        r, doc = scan(tmp, f"registry:{server.host}/team/app:multi")
        ok(r.returncode == 0 and any(n.startswith("signatures and attestations of sha256:") for n in notes(doc)) and
           not objects(doc, "Artifact"), f"referrers: {status} is a gap, and no failure", err(r) + str(notes(doc)))
        r, doc = scan(tmp, f"registry:{server.host}/team/app:multi", "--fail-on-incomplete")
        ok(r.returncode == 3, f"referrers: {status}, --fail-on-incomplete: 3", err(r))
    for body, kind in ((b"<html>no</html>", "text/html"), (b"{", "application/json"), (b'{"schemaVersion":2,"manifests":[{"digest":"x"}]}', INDEX)):
        server.faults = [("/referrers/", (200, body, kind))]
        r, doc = scan(tmp, f"registry:{server.host}/team/app:multi", program=PQMAP_SAN)
        ok(r.returncode == 0 and ("html" in kind) != any("what refers to it" in n for n in notes(doc)), f"referrers: {body[:12]} as {kind}", notes(doc))
    server.faults = []
    sig = next(d for d in s.manifests if s.subject_of(d))
    whole = s.manifests[sig]
    s.manifests[sig] = whole.replace(b"simplesigning", b"simplesigninG")
    server.faults = [("/referrers/", (200, json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
        {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": sig, "size": len(whole)}]}).encode(), INDEX))]
    r, doc = scan(tmp, f"registry:{server.host}/team/app:multi")
    ok(r.returncode == 0 and not objects(doc, "Artifact") and any("another digest" in n for n in notes(doc)),
       "a signature whose manifest is another: nothing of it counts", err(r) + str(notes(doc)))
    server.stop()


def layouts(tmp, ec):
    s, image = signed_image(ec)
    other = s.image([tar_of([("etc/y", b"2")])], "2", packed)
    sig = s.tags[tag_of(image["digest"], ".sig")]
    entry = {"mediaType": s.types[sig], "digest": sig, "size": len(s.manifests[sig])}
    named = lambda d, name: dict(d, annotations={"org.opencontainers.image.ref.name": name})  # noqa: E731
    s.layout(tmp / "tags", [named(image, "1"), named(other, "2"), named(entry, tag_of(image["digest"], ".sig"))])
    r, doc = scan(tmp, f"oci:{tmp / 'tags'}:1", program=PQMAP_SAN)
    ok([a.get("spec.subject") for a in objects(doc, "Artifact")] == [image["digest"]], "a layout: by the tag of cosign", err(r) + str(objects(doc, "Artifact")))
    r, doc = scan(tmp, f"oci:{tmp / 'tags'}:2")
    ok(not objects(doc, "Artifact"), "not for another image of it", objects(doc, "Artifact"))
    r, doc = scan(tmp, f"oci:{tmp / 'tags'}", "--platform", "linux/amd64")
    ok(len(objects(doc, "Artifact")) == 1, "and once, where all are read", objects(doc, "Artifact"))
    s.layout(tmp / "saved", [dict(image, annotations={"kind": "dev.cosignproject.cosign/image"}),
                             dict(entry, annotations={"kind": "dev.cosignproject.cosign/sigs"})])
    r, doc = scan(tmp, f"oci:{tmp / 'saved'}", "--platform", "linux/amd64")
    ok([a.get("spec.subject") for a in objects(doc, "Artifact")] == [image["digest"]], "a layout of `cosign save`", err(r) + str(objects(doc, "Artifact")))
    note = s.notation(image, b"{}", "application/jose+json")
    s.layout(tmp / "subject", [named(image, "1"), dict(note, artifactType="application/vnd.cncf.notary.signature")])
    r, doc = scan(tmp, f"oci:{tmp / 'subject'}:1")
    ok([a.get("spec.subject") for a in objects(doc, "Artifact")] == [image["digest"]], "a layout: by the subject of a manifest", err(r) + str(objects(doc, "Artifact")))
    r, doc = scan(tmp, f"oci:{tmp / 'tags'}:{tag_of(image['digest'], '.sig')}")
    ok(r.returncode == 0 and len(objects(doc, "Artifact")) == 1, "a signature that is asked for by its name", err(r))


def main():
    with tmpdir() as name:
        tmp = pathlib.Path(name)
        if shutil.which("openssl") is None:
            skip("openssl is not here")
            return
        ec = Signer(tmp, "ec", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        by_itself(tmp, ec)
        layouts(tmp, ec)
    done()


main()
