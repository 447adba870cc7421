#!/usr/bin/env python3
"""What is in registries and layouts and no image: signatures and attestations that are found by themselves, and models."""
import base64
import json
import pathlib
import shutil
import struct
import subprocess
import sys

from kit import PQMAP_SAN, REPO, done, err, ok, run, skip, tmpdir

sys.path.insert(0, str(REPO / "tests/images"))
from make import packed, tar_of  # noqa: E402
from related import DSSE, EMPTY, IMAGE_CONFIG, INDEX, Server, Signer, Store, cose, jws, rekor, tag_of  # noqa: E402


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


def signatures(doc):
    """(rule, family, parameter, algorithm) and the facts of each signature."""
    return sorted((((f["rule"], f["family"], f.get("parameter", ""), f["algorithm"]), a) for f, occs in
                  found(doc, meaning="use", function="sig") for a in occs if f["rule"].startswith("image.signature")), key=str)


def algorithms(tmp, ec, rsa):
    """By what: certificate, log entry, header; and what is not known is not guessed."""
    for name, signer, more, want, of in (
            ("a certificate", ec, {}, ("image.signature", "EC", "P-256"), "certificate"),
            ("a certificate", rsa, {}, ("image.signature", "RSA", "3072"), "certificate"),
            ("the key of a log entry", rsa, {"cert": False, "bundle": rekor(rsa.public, b"x")}, ("image.signature", "RSA", "3072"), "transparency log"),
            ("a key that is elsewhere", ec, {"cert": False}, ("image.signature-unknown", "unknown", ""), None),
            ("a key that is elsewhere", rsa, {"cert": False}, ("image.signature-unknown", "unknown", ""), None),
            ("a broken log entry", rsa, {"cert": False, "bundle": {"Payload": {"body": "!"}}}, ("image.signature-unknown", "unknown", ""), None)):
        s = Store()
        image = s.image([tar_of([("etc/x", b"1")])], "1", packed)
        s.cosign(image, signer, **more)
        server = Server(s)
        r, doc = scan(tmp, f"registry:{server.host}/team/app:1", program=PQMAP_SAN)
        server.stop()
        got = signatures(doc)
        ok(len(got) == 1 and got[0][0][:3] == want and got[0][1].get("subject") == image["digest"] and got[0][1].get("algorithm_of") == of,
           f"cosign with {name}: {want[1]} {want[2]}", err(r) + str(got))
        if want[1] == "unknown":
            shape = got[0][1].get("shape", "") if got else ""
            ok(("pair of numbers" in shape) == (signer is ec) and "bytes" in shape, "the length is a hint", shape)
    f = found(doc, rule="image.signature-unknown")[0][0]
    ok(f["evidence"] == "hinted" and f["quantum"] == "unknown", "as a hint, of unknown status", f)
    s = Store()
    image = s.image([tar_of([("etc/x", b"1")])], "1", packed)
    s.attestation(image, ec)
    for kind, body in (("application/jose+json", jws("PS384", [rsa.der])), ("application/cose", cose(-37, [rsa.der], b"t" * 384)),
                       ("application/jose+json", jws("ES256", [ec.der], sig=b"u" * 64)), ("application/cose", cose(-49, [], b"v" * 3309)),
                       ("application/cose", cose(-7, ec.der, b"w" * 64))):
        s.notation(image, body, kind)
    server = Server(s)
    r, doc = scan(tmp, f"registry:{server.host}/team/app:1", program=PQMAP_SAN)
    server.stop()
    got = [(g[0], g[1].get("form"), g[1].get("payload_type"), g[1].get("predicate")) for g in signatures(doc)]
    notary = "application/vnd.cncf.notary.payload.v1+json"
    for want in ((("image.signature", "EC", "P-256", "EC"), "cosign", DSSE, "https://slsa.dev/provenance/v1"),
                 (("image.signature", "RSA", "3072", "RSASSA-PSS-SHA384"), "JWS", notary, None),
                 (("image.signature", "RSA", "3072", "RSASSA-PSS-SHA256"), "COSE_Sign1", notary, None),
                 (("image.signature", "EC", "P-256", "ECDSA-SHA256"), "JWS", notary, None),
                 (("image.signature", "EC", "P-256", "ECDSA-SHA256"), "COSE_Sign1", notary, None),
                 (("image.signature-safe", "ML-DSA", "65", "ML-DSA-65"), "COSE_Sign1", notary, None)):
        ok(any((w[0][:3], *w[1:]) == (want[0][:3], *want[1:]) and (want[0][3] == w[0][3] or want[0][3] == "EC") for w in got),
           f"{want[1]}: {want[0][3]} {want[0][2]}", err(r) + "\n".join(map(str, got)))
    ok(len(got) == 6, "each once", got)
    certs = [o["path"] for _, occs in found(doc, meaning="cert") for o in occs]
    ok(len([c for c in certs if " › certificate 1" in c]) == 4, "x5c of JWS and COSE are certificates", certs)
    whole = cose(-37, [rsa.der], b"t" * 384)
    tree = tmp / "envelopes"
    tree.mkdir()
    (tree / "cut.cose").write_bytes(whole[:len(whole) // 2])
    (tree / "noalg.cose").write_bytes(b"\xd2" + cbor_of([b"", {}, b"", b""]))
    (tree / "deep.cose").write_bytes(b"\xd2\x84\x42\xa1\x01" + b"\x81" * 4000)
    (tree / "none.json").write_bytes(jws("HS256", []).replace(b'"signature"', b'"sign"'))
    (tree / "dsse.json").write_text(json.dumps({"payloadType": "application/vnd.in-toto+json", "payload": "e30=",
                                                "signatures": [{"keyid": "SHA256:abc", "sig": "MEUCIQ=="}]}))
    (tree / "odd.json").write_text('{"payloadType": 3, "payload": [], "signatures": {"a": 1}, "protected": {}}')
    r, doc = scan(tmp, tree, program=PQMAP_SAN)
    got = signatures(doc)
    ok(r.returncode == 0 and [g[1].get("keyid") for g in got] == ["SHA256:abc"] and got[0][0][0] == "image.signature-unknown",
       "broken envelopes are stepped over; DSSE alone says whose, not by what", err(r) + str(got))
    ok(any("cut off" in n for n in notes(doc)), "one that is cut off is told", notes(doc))


def cbor_of(v):
    from related import cbor
    return cbor(v)


def model(tmp, name, config, config_type, layers, artifact_type=None):
    s = Store()
    blobs = [s.blob(data, kind, **({"org.opencontainers.image.title": title} if title else {})) for data, kind, title in layers]
    doc = {"config": s.blob(json.dumps(config).encode(), config_type), "layers": blobs}
    if artifact_type:
        doc["artifactType"] = artifact_type
    m = s.manifest(doc, "1")
    s.layout(tmp / name, [m])
    return scan(tmp, f"oci:{tmp / name}", program=PQMAP_SAN)


def tensors():
    head = json.dumps({"w": {"dtype": "BF16", "shape": [64, 32], "data_offsets": [0, 4096]}}).encode()
    return len(head).to_bytes(8, "little") + head + bytes(4096)


def models(tmp):
    weight = tensors()
    cncf = {"descriptor": {"name": "tiny", "version": "1.2", "family": "llama", "licenses": ["Apache-2.0", "MIT"]},
            "modelfs": {"type": "layers", "diffIds": []}, "config": {"architecture": "transformer", "format": "safetensors", "paramSize": "8b",
                                                                     "precision": "bf16"}}
    kit = {"manifestVersion": "1.0.0", "package": {"name": "kit", "version": "3"}, "model": {"name": "tiny", "path": "m.safetensors",
           "framework": "pytorch", "license": "MIT"}, "datasets": [{"name": "d", "path": "d.csv"}]}
    runner = {"config": {"format": "gguf", "quantization": "Q4_K_M", "parameters": "361.82 M", "architecture": "llama", "size": "256.35 MiB"}}
    ollama = {"model_format": "gguf", "model_family": "llama", "model_type": "8.0B", "file_type": "Q4_0", "architecture": "amd64", "os": "linux",
              "rootfs": {"type": "layers", "diff_ids": []}}
    cncf_type = "application/vnd.cncf.model"
    r, doc = model(tmp, "modelpack", cncf, f"{cncf_type}.config.v1+json", [
        (tar_of([("m/model.safetensors", weight)]), f"{cncf_type}.weight.v1.tar", "m"),
        (packed(tar_of([("m/more.safetensors", weight)]), "gzip"), f"{cncf_type}.weight.v1.tar+gzip", "more"),
        (weight, f"{cncf_type}.weight.v1.raw", "raw.safetensors"), (b"x", f"{cncf_type}.dataset.v1.raw", "d.csv")],
        f"{cncf_type}.manifest.v1+json")
    got = [o for o in objects(doc, "Model") if o.get("packaging")]
    want = {"title": "tiny", "version": "1.2", "family": "llama", "license": "Apache-2.0, MIT", "format": "safetensors", "parameters": "8b",
            "architecture": "transformer", "types": "bf16", "files": "3", "packaging": "ModelPack"}
    ok(len(got) == 1 and all(got[0].get(k) == v for k, v in want.items()), "ModelPack: name, family, format, parameters, files", err(r) + str(got))
    inside = [o for o in objects(doc, "Model") if o.get("tensors") == "1" and o.get("parameters") == "2048"]
    ok(len(inside) == 3, "its weights are read, in a tar, a packed tar and raw", objects(doc, "Model"))
    ok([o.get("files") for o in objects(doc, "Dataset") if o.get("packaging")] == ["1"], "its dataset is one", objects(doc, "Dataset"))
    r, doc = model(tmp, "kit", kit, "application/vnd.kitops.modelkit.config.v1+json", [
        (packed(tar_of([("m.safetensors", weight)]), "gzip"), "application/vnd.kitops.modelkit.model.v1.tar+gzip", None),
        (tar_of([("d.csv", b"a,b")]), "application/vnd.kitops.modelkit.dataset.v1.tar", None)])
    got = [o for o in objects(doc, "Model") if o.get("packaging")]
    ok(len(got) == 1 and got[0].get("title") == "tiny" and got[0].get("license") == "MIT" and got[0].get("architecture") == "pytorch" and
       got[0].get("path") == "m.safetensors" and any(o.get("tensors") == "1" for o in objects(doc, "Model")), "KitOps: the Kitfile", err(r) + str(got))
    r, doc = model(tmp, "runner", runner, "application/vnd.docker.ai.model.config.v0.1+json", [
        (weight, "application/vnd.docker.ai.safetensors", None), (b"MIT", "application/vnd.docker.ai.license", None)])
    got = [o for o in objects(doc, "Model") if o.get("packaging")]
    ok(len(got) == 1 and got[0].get("parameters") == "361.82 M" and got[0].get("types") == "Q4_K_M" and got[0].get("bytes") == str(len(weight)),
       "Docker's model runner: weights that are in no tar", err(r) + str(got))
    ok(any(o.get("tensors") == "1" for o in objects(doc, "Model")), "and they are read", objects(doc, "Model"))
    r, doc = model(tmp, "ollama", ollama, "application/vnd.docker.container.image.v1+json", [
        (weight, "application/vnd.ollama.image.model", None), (b"{{ .Prompt }}", "application/vnd.ollama.image.template", None)])
    got = [o for o in objects(doc, "Model") if o.get("packaging")]
    ok(len(got) == 1 and got[0].get("packaging") == "Ollama" and got[0].get("parameters") == "8.0B" and got[0].get("types") == "Q4_0",
       "Ollama, whose configuration calls itself an image's", err(r) + str(got))
    r, doc = model(tmp, "oras", {}, EMPTY, [(weight, "application/octet-stream", "models/tiny.safetensors")], "application/vnd.example.thing")
    ok([o.get("spec.artifactType") for o in objects(doc, "Artifact")] == ["application/vnd.example.thing"] and
       [o.get("tensors") for o in objects(doc, "Model")] == ["1"], "ORAS: a file by its title", err(r) + str(objects(doc, "Model")))
    for name, config in (("list", []), ("deep", {"descriptor": {"name": {"a": [1]}, "licenses": [[[]]]}, "config": None}), ("text", "x")):
        r, doc = model(tmp, name, config, f"{cncf_type}.config.v1+json", [(weight, f"{cncf_type}.weight.v1.raw", None)])
        got = [o for o in objects(doc, "Model") if o.get("packaging")]
        ok(r.returncode == 0 and len(got) == 1 and "title" not in got[0], f"a configuration that is a {name}", err(r) + str(got))


def large_weights(tmp):
    """Of large weights in a registry their head is fetched; what is not weights is read whole."""
    rows = 1 << 20
    head = json.dumps({"w": {"dtype": "BF16", "shape": [rows, 64], "data_offsets": [0, rows * 128]}}).encode()
    weights = len(head).to_bytes(8, "little") + head + bytes(rows * 128)
    gguf = b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + struct.pack("<Q", 1) + b"w" + struct.pack("<IQQIQ", 2, 64, rows, 1, 0)
    gguf += bytes(-len(gguf) % 32) + bytes(rows * 128)
    media = "application/vnd.cncf.model.weight.v1.raw"

    def fetch(blob, title):
        s = Store()
        blobs = [s.blob(blob, media, **{"org.opencontainers.image.title": title})]
        s.manifest({"config": s.blob(b"{}", "application/vnd.cncf.model.config.v1+json"), "layers": blobs}, "1")
        server = Server(s)
        r, doc = scan(tmp, f"registry:{server.host}/team/model:1")
        sent = server.sent
        server.stop()
        return r, doc, sent

    for blob, title in ((weights, "m.safetensors"), (gguf, "m.gguf")):
        r, doc, sent = fetch(blob, title)
        got = [o for o in objects(doc, "Model") if "tensors" in o]
        ok(len(got) == 1 and got[0].get("parameters") == str(rows * 64) and got[0].get("bytes") == str(len(blob)),
           f"{title}: parameters and size of all of it", err(r) + str(got))
        ok(sent < 40 << 20 and doc["coverage"]["bytes"] < 13 << 20, f"… {sent >> 20} of {len(blob) >> 20} MiB were sent",
           (sent, doc["coverage"]["bytes"]))
        ok(any("12.0 MiB of 128.0 MiB were fetched; its digest was not checked" in w for w in notes(doc)), "… and coverage says so", notes(doc))
    pem = subprocess.run(["openssl", "genpkey", "-algorithm", "ED25519"], check=True, capture_output=True).stdout
    r, doc, sent = fetch(bytes(80 << 20) + pem, "disk.img")
    ok(sent > 80 << 20 and found(doc, rule="key.private"), "what is no weights is read to its end", err(r))


def main():
    with tmpdir() as name:
        tmp = pathlib.Path(name)
        if shutil.which("openssl") is None:
            skip("openssl is not here")
            return
        ec = Signer(tmp, "ec", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        rsa = Signer(tmp, "rsa", "rsa:3072")
        by_itself(tmp, ec)
        algorithms(tmp, ec, rsa)
        models(tmp)
        layouts(tmp, ec)
        large_weights(tmp)
    done()


main()
