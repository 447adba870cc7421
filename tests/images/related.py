"""Signatures, attestations and models as artifacts, and a small registry that has the referrers API."""
import base64
import contextlib
import hashlib
import http.client
import http.server
import json
import subprocess
import threading
import urllib.parse

IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"
IMAGE_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"
DSSE = "application/vnd.dsse.envelope.v1+json"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def tag_of(digest, suffix=""):
    return digest.replace(":", "-") + suffix


class Signer:
    """A key and its certificate, made by openssl."""

    def __init__(self, tmp, name, *kind):
        self.key, self.cert = tmp / f"{name}.key", tmp / f"{name}.crt"
        subprocess.run(["openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-keyout", self.key, "-out", self.cert,
                        "-subj", f"/CN={name}", "-days", "2"], check=True, capture_output=True)
        self.pem = self.cert.read_text()
        self.der = subprocess.run(["openssl", "x509", "-in", self.cert, "-outform", "DER"], check=True, capture_output=True).stdout
        self.public = subprocess.run(["openssl", "pkey", "-in", self.key, "-pubout"], check=True, capture_output=True).stdout

    def sign(self, data):
        return subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=data, check=True, capture_output=True).stdout


def rekor(public, signature):
    """What the annotation dev.sigstore.cosign/bundle holds: an entry of the log with the public key."""
    body = {"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {"data": {"hash": {"algorithm": "sha256", "value": "00"}}, "signature": {
        "content": base64.b64encode(signature).decode(), "publicKey": {"content": base64.b64encode(public).decode()}}}}
    return {"SignedEntryTimestamp": base64.b64encode(signature).decode(), "Payload": {
        "body": base64.b64encode(json.dumps(body).encode()).decode(), "integratedTime": 1, "logIndex": 1, "logID": "00"}}


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jws(alg, certs, payload=b"{}", sig=b"s" * 256):
    head = {"alg": alg, "cty": "application/vnd.cncf.notary.payload.v1+json", "crit": ["io.cncf.notary.signingScheme"],
            "io.cncf.notary.signingScheme": "notary.x509"}
    return json.dumps({"payload": b64url(payload), "protected": b64url(json.dumps(head).encode()), "header": {
        "x5c": [base64.b64encode(c).decode() for c in certs], "io.cncf.notary.signingAgent": "test"}, "signature": b64url(sig)}).encode()


def cbor(v):
    """As much of CBOR as a signature needs."""
    def head(major, n):
        if n < 24:
            return bytes([major << 5 | n])
        size = 1 if n < 1 << 8 else 2 if n < 1 << 16 else 4
        return bytes([major << 5 | {1: 24, 2: 25, 4: 26}[size]]) + n.to_bytes(size, "big")
    if isinstance(v, int):
        return head(0, v) if v >= 0 else head(1, -1 - v)
    if isinstance(v, bytes):
        return head(2, len(v)) + v
    if isinstance(v, str):
        return head(3, len(v.encode())) + v.encode()
    if isinstance(v, list):
        return head(4, len(v)) + b"".join(map(cbor, v))
    return head(5, len(v)) + b"".join(cbor(k) + cbor(x) for k, x in v.items())


def cose(alg, certs, sig=b"s" * 256):
    protected = cbor({1: alg, 2: ["io.cncf.notary.signingScheme"], 3: "application/vnd.cncf.notary.payload.v1+json",
                      "io.cncf.notary.signingScheme": "notary.x509"})
    return b"\xd2" + cbor([protected, {33: certs, "io.cncf.notary.signingAgent": "test"}, b"{}", sig])


class Store:
    """Blobs and manifests of one repository, to be put anywhere."""

    def __init__(self):
        self.blobs, self.manifests, self.tags, self.types = {}, {}, {}, {}

    def blob(self, data, media_type, **annotations):
        digest = digest_of(data)
        self.blobs[digest] = data
        d = {"mediaType": media_type, "digest": digest, "size": len(data)}
        return dict(d, annotations=annotations) if annotations else d

    def manifest(self, doc, tag=None, media_type=IMAGE_MANIFEST):
        data = json.dumps({"schemaVersion": 2, "mediaType": media_type, **doc}).encode()
        digest = digest_of(data)
        self.manifests[digest], self.types[digest] = data, media_type
        if tag:
            self.tags[tag] = digest
        return {"mediaType": media_type, "digest": digest, "size": len(data)}

    def image(self, tars, tag, pack, how="gzip", platform="linux/amd64"):
        layers = [self.blob(pack(t, how), f"application/vnd.oci.image.layer.v1.tar{'+gzip' if how == 'gzip' else ''}") for t in tars]
        os_, arch = platform.split("/")
        config = {"os": os_, "architecture": arch, "rootfs": {"type": "layers", "diff_ids": [digest_of(t) for t in tars]}}
        return self.manifest({"config": self.blob(json.dumps(config).encode(), IMAGE_CONFIG), "layers": layers}, tag)

    def index(self, entries, tag=None):
        return self.manifest({"manifests": entries}, tag, INDEX)

    def subject_of(self, digest):
        doc = json.loads(self.manifests[digest])
        return doc.get("subject", {}).get("digest")

    # What signers leave.
    def cosign(self, image, signer, cert=True, bundle=None, tag=True, suffix=".sig"):
        payload = json.dumps({"critical": {"identity": {"docker-reference": "x"}, "image": {"docker-manifest-digest": image["digest"]},
                                           "type": "cosign container image signature"}, "optional": None}).encode()
        notes = {"dev.cosignproject.cosign/signature": base64.b64encode(signer.sign(payload)).decode()}
        if cert:
            notes["dev.sigstore.cosign/certificate"] = signer.pem
        if bundle:
            notes["dev.sigstore.cosign/bundle"] = json.dumps(bundle)
        layer = self.blob(payload, SIMPLE, **notes)
        config = json.dumps({"architecture": "", "os": "", "config": {}, "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}}).encode()
        return self.manifest({"config": self.blob(config, IMAGE_CONFIG), "layers": [layer]},
                             tag_of(image["digest"], suffix) if tag else None)

    def attestation(self, image, signer, tag=True):
        statement = json.dumps({"_type": "https://in-toto.io/Statement/v1", "subject": [{"name": "x", "digest": {
            "sha256": image["digest"][7:]}}], "predicateType": "https://slsa.dev/provenance/v1", "predicate": {}}).encode()
        kind = "application/vnd.in-toto+json"
        pae = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(statement), statement)
        envelope = {"payloadType": kind, "payload": base64.b64encode(statement).decode(),
                    "signatures": [{"keyid": "", "sig": base64.b64encode(signer.sign(pae)).decode()}]}
        layer = self.blob(json.dumps(envelope).encode(), DSSE, **{"dev.cosignproject.cosign/signature": "", "predicateType":
                          "https://slsa.dev/provenance/v1", "dev.sigstore.cosign/certificate": signer.pem})
        return self.manifest({"config": self.blob(b"{}", IMAGE_CONFIG), "layers": [layer]}, tag_of(image["digest"], ".att") if tag else None)

    def notation(self, image, body, kind):
        return self.manifest({"artifactType": "application/vnd.cncf.notary.signature", "config": self.blob(b"{}", EMPTY),
                              "layers": [self.blob(body, kind)], "subject": image})

    def push(self, host, name):
        """Into a registry without authentication."""
        def request(method, path, body=b"", **headers):
            c = http.client.HTTPConnection(host, timeout=20)
            c.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
            r = c.getresponse()
            r.read()
            if r.status >= 300:
                raise RuntimeError(f"{method} {path}: {r.status}")
            return r
        for digest, data in self.blobs.items():
            at = urllib.parse.urlsplit(request("POST", f"/v2/{name}/blobs/uploads/").getheader("Location"))
            request("PUT", f"{at.path}?{at.query}&digest={digest}", data, Content_Type="application/octet-stream")
        names = {d: d for d in sorted(self.manifests, key=lambda d: self.types[d] == INDEX)}
        for name_, digest in [*names.items(), *self.tags.items()]:
            request("PUT", f"/v2/{name}/manifests/{name_}", self.manifests[digest], Content_Type=self.types[digest])

    def layout(self, path, entries):
        """An OCI layout whose index has the entries."""
        (path / "blobs/sha256").mkdir(parents=True)
        (path / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        for digest, data in [*self.blobs.items(), *self.manifests.items()]:
            (path / "blobs/sha256" / digest[7:]).write_bytes(data)
        (path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": entries}))


class Server:
    """A registry of one store with the referrers API. faults: (substring of the path, what), each for ever."""

    def __init__(self, store, has_referrers=True):
        outer = self
        self.store, self.has_referrers, self.asked, self.faults, self.sent = store, has_referrers, [], [], 0

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                outer.asked.append((self.path, dict(self.headers)))
                status, body, kind = outer.answer(self.path, self.headers.get("Range"))
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(ConnectionError):
                    for at in range(0, len(body), 1 << 16):
                        self.wfile.write(body[at:at + (1 << 16)])
                        outer.sent += len(body[at:at + (1 << 16)])

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.host = f"127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def stop(self):
        self.http.shutdown()
        self.http.server_close()

    def answer(self, path, range_):
        s = self.store
        kind, name = path.rsplit("/", 2)[-2:]
        for part, what in self.faults:
            if part in path:
                return (what, b"{}", "application/json") if isinstance(what, int) else what
        if kind == "referrers" and self.has_referrers:
            about = [d for d in s.manifests if s.subject_of(d) == name]
            entries = [{"mediaType": s.types[d], "digest": d, "size": len(s.manifests[d]),
                        "artifactType": json.loads(s.manifests[d]).get("artifactType", "")} for d in about]
            return 200, json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode(), INDEX
        if kind == "manifests":
            digest = s.tags.get(name, name)
            if digest in s.manifests:
                return 200, s.manifests[digest], s.types[digest]
        if kind == "blobs" and name in s.blobs:
            data = s.blobs[name]
            if range_:
                first, last = range_.split("=")[1].split("-")
                return 206, data[int(first):int(last) + 1 if last else None], "application/octet-stream"
            return 200, data, "application/octet-stream"
        return 404, b'{"errors":[{"code":"NOT_FOUND"}]}', "application/json"
