#!/usr/bin/env python3
"""What an image says of itself: its configuration as an object, its package databases, and the workloads that run it."""
import base64
import http.server
import json
import pathlib
import shutil
import subprocess
import sys
import threading

from kit import PQMAP_SAN, REPO, done, err, ok, run, skip, tmpdir

sys.path.insert(0, str(REPO / "tests/images"))
from make import Layout, old_save, tar_of  # noqa: E402

SECRETS = ["hunter2-never-shown", "sk-live-0123456789abcdef", "pw-never-shown"]
RUN = {
    "User": "1000:1000",
    "Env": ["PATH=/usr/bin:/bin", "GODEBUG=madvdontneed=1,tlsmlkem=0", "NODE_TLS_REJECT_UNAUTHORIZED=0", f"API_TOKEN={SECRETS[0]}",
            f"DATABASE_URL=postgres://joe:{SECRETS[2]}@db.example/x", "ODD", "=", "QUOTED=a \"b\" \\ c\u0001"],
    "Entrypoint": ["vllm", "serve"],
    "Cmd": ["org/model", "--api-key", SECRETS[1], "--port", "8000"],
    "ExposedPorts": {"8000/tcp": {}, "53/udp": {}, "bad": {}, "70000/tcp": {}},
    "Labels": {"org.opencontainers.image.title": "server", "maintainer": "a@example.org"},
}
DEBIAN_12 = """Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl
Version: 3.0.15-1~deb12u1
Description: Secure Sockets Layer toolkit - shared libraries
 Package: libssl9
 .
 more

Package: libssl1.1
Status: deinstall ok config-files
Version: 1.1.1w-0+deb11u1

Package: libc6
Status: install ok installed
Version: 2.36-9+deb12u10

Package: openssh-server
Status: install ok installed
Source: openssh (1:9.2p1-2+deb12u3)
Version: 1:9.2p1-2+deb12u3"""
DISTROLESS = "Package: libssl3t64\nSource: openssl\nVersion: 3.5.1-1\nArchitecture: amd64\n"
ALPINE = "C:Q1abc=\nP:libssl3\nV:3.1.4-r5\no:openssl\nF:lib\nR:libssl.so.3\n\nC:Q1def=\nP:musl\nV:1.2.4-r2\n\n"
said = []


def scan(tmp, *args, program=None):
    report = tmp / "report.json"
    report.unlink(missing_ok=True)
    r = run("scan", *args, "-o", f"json={report}", "-o", f"csv={tmp / 'report.csv'}", "-o", f"html={tmp / 'report.html'}", cwd=tmp,
            env={"HOME": str(tmp), "no_proxy": "127.0.0.1", "http_proxy": "", "https_proxy": "", "DOCKER_CONFIG": "",
                 "REGISTRY_AUTH_FILE": ""}, **({"program": program} if program else {}))
    said.extend([r.stdout, r.stderr])
    if not report.exists():
        return r, {"findings": [], "objects": [], "graph": {"nodes": [], "edges": [], "assets": []}, "coverage": {"notes": []}}
    said.extend((tmp / f"report.{x}").read_bytes() for x in ("json", "csv", "html"))
    return r, json.loads(report.read_bytes())


def object_of(doc, kind):
    """The facts of the first object of the kind, and its name."""
    for o in doc["objects"]:
        if o["group"] == "image.pqmap.dev" and o["kind"] == kind:
            return {f["key"]: f["value"] for f in o["facts"]}, o["name"]
    return {}, ""


def at(doc, rule):
    """Places of a rule's findings, with the attributes of each."""
    return [(o["path"], o.get("line"), {a["key"]: a["value"] for a in o.get("attributes", [])}, f)
            for f in doc["findings"] if f["rule"] == rule for o in f["occurrences"]]


def configuration(tmp):
    layout = Layout(tmp / "config")
    layout.image([tar_of([("x", b"1")])], run=RUN)
    r, doc = scan(tmp, f"oci:{tmp / 'config'}", program=PQMAP_SAN)
    facts, name = object_of(doc, "Image")
    ok(r.returncode == 0 and "@sha256:" in name and name.startswith("oci:"), "an object named by reference and digest", err(r) + name)
    c = "spec.containers[0]."
    want = {c + "command[0]": "vllm", c + "command[1]": "serve", c + "args[0]": "org/model", c + "ports[0].containerPort": "8000",
            c + "ports[1].containerPort": "53", c + "env[1].name": "GODEBUG", "spec.user": "1000:1000", "spec.platform": "linux/amd64",
            "metadata.labels.org.opencontainers.image.title": "server"}
    ok(all(facts.get(k) == v for k, v in want.items()), "command, arguments, ports, environment, user, platform and labels are facts",
       {k: facts.get(k) for k, v in want.items() if facts.get(k) != v})
    ok(c + "ports[2].containerPort" not in facts, "what is no port is none")
    for rule, value in (("k8s.go-hybrid-switched-off", "tlsmlkem=0"), ("k8s.env-no-verify", "0")):
        found = at(doc, rule)
        ok(len(found) == 1 and found[0][0].endswith(" › image.json") and value in found[0][2].get("value", ""),
           f"{rule}: in the environment of an image", found)
    ok(len({p[1] for rule in ("k8s.go-hybrid-switched-off", "k8s.env-no-verify") for p in at(doc, rule)}) == 2, "each on a line of its own")
    bare = Layout(tmp / "bare")
    bare.image([tar_of([("x", b"1")])], run={"Env": [], "Entrypoint": None, "Labels": None, "WorkingDir": "/"})
    r, doc = scan(tmp, f"oci:{tmp / 'bare'}")
    ok(r.returncode == 0 and not doc["objects"], "a configuration that says nothing is no object", doc["objects"])
    odd = Layout(tmp / "odd")
    odd.image([tar_of([("x", b"1")])], run={"Env": {"a": 1}, "Entrypoint": "vllm", "Cmd": [{"a": []}, 3, None, "x"], "ExposedPorts": ["80/tcp"],
                                            "Labels": {"a" * 9000: "b" * 90000, "c": {"d": 1}}})
    r, doc = scan(tmp, f"oci:{tmp / 'odd'}", program=PQMAP_SAN)
    ok(r.returncode == 0, "a configuration of other types is stepped over", err(r))


def pasted(tmp):
    """Keys in variables, arguments and steps of the build: found, with the step, and never shown."""
    keys = [subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{c}"], check=True, capture_output=True).stdout.decode()
            for c in ("P-256", "P-384", "P-521", "secp256k1")]
    bodies = [k.splitlines()[1] for k in keys]
    packed = base64.b64encode(keys[3].encode()).decode()
    layout = Layout(tmp / "pasted")
    pem = keys[0].encode()
    layout.image([tar_of([("a.pem", pem)]), tar_of([("b.pem", pem)])],
                 steps=[f"RUN |1 SSH_PEM={keys[1]} /bin/sh -c make # buildkit", f"/bin/sh -c printf '{keys[2]}' > /k && date"],
                 run={"Env": [f"OWN={keys[0]}", f"PACKED={packed}", "LANG=C"], "OnBuild": [f"RUN TOKEN={SECRETS[0]} make"],
                      "Healthcheck": {"Test": ["CMD-SHELL", f"curl -fsS -u joe:{SECRETS[2]} https://localhost:8443/"]}})
    r, doc = scan(tmp, f"oci:{tmp / 'pasted'}", program=PQMAP_SAN)
    got = {p.split(" › ", 1)[1]: f["parameter"] for p, _, _, f in at(doc, "key.private")}
    want = {"/a.pem": "P-256", "/b.pem": "P-256", "variable OWN": "P-256", "variable PACKED, base64": "secp256k1",
            "step 1: RUN |1 SSH_PEM=… /bin/sh -c make # buildkit": "P-384"}
    steps = [p for p in got if p.startswith("step 2: printf '…")]
    ok({k: v for k, v in got.items() if k not in steps} == want and [got[p] for p in steps] == ["P-521"],
       "pasted keys are found in variables, arguments and steps", err(r) + str(got))
    own = {p.split(" › ", 1)[1]: a for p, _, a, _ in at(doc, "key.private") if not p.split(" › ", 1)[1].startswith("/")}
    ok(len(own) == 4 and all("@sha256:" in a.get("image", "") and a.get("platform") == "linux/amd64" and "layer" not in a for a in own.values()) and
       own.get("step 1: RUN |1 SSH_PEM=… /bin/sh -c make # buildkit", {}).get("made_by") == "RUN |1 SSH_PEM=… /bin/sh -c make # buildkit",
       "of the image and no layer, with the line of its history", own)
    tasks = [t for t in doc["plan"]["tasks"] if "out of images" in t["title"]]
    ok(len(tasks) == 1 and any("variable PACKED" in w for w in tasks[0]["where"]), "the plan takes them out", tasks)
    facts, _ = object_of(doc, "Image")
    ok(facts.get("spec.onBuild[0]") == "RUN *** make", "what a derived build runs is a fact, without what it is given", facts)
    ok(facts.get("spec.containers[0].livenessProbe.exec.command[2]", "") == "curl -fsS -u ***", "and how its health is asked", facts)
    made = {a.get("made_by") for _, _, a, _ in at(doc, "key.private") if a.get("made_by")}
    ok(len(made) == 2 and any(m.startswith("printf '…") for m in made), "steps of layers do not show keys", made)
    everything = b"".join(said).decode("utf-8", "replace")
    ok(not any(b in everything for b in bodies) and packed[:60] not in everything, "no key is in any output")


def nothing_else(tmp):
    """From scratch: one static program and nothing else."""
    if not all(shutil.which(p) for p in ("umoci", "cc")):
        skip("umoci or cc is not here")
        return
    (tmp / "m.c").write_text("int main(void){return 0;}")
    root = tmp / "only"
    root.mkdir()
    subprocess.run(["cc", "-static", "-o", root / "server", tmp / "m.c"], check=True, capture_output=True)
    img = tmp / "scratch"
    for args in (["init", "--layout", img], ["new", "--image", f"{img}:v1"], ["insert", "--rootless", "--image", f"{img}:v1", root, "/"],
                 ["config", "--image", f"{img}:v1", "--config.entrypoint", "/server", "--config.env", "GODEBUG=tlsmlkem=0"]):
        subprocess.run(["umoci", *map(str, args)], check=True, capture_output=True)
    r, doc = scan(tmp, f"oci:{img}:v1", program=PQMAP_SAN)
    facts, _ = object_of(doc, "Image")
    ok(r.returncode == 0 and facts.get("spec.containers[0].command[0]") == "/server" and len(at(doc, "k8s.go-hybrid-switched-off")) == 1 and
       doc["coverage"]["read"] >= 1 and not doc["coverage"]["notes"], "an image from scratch: its program and how it is started", err(r) + str(facts))


def across_layers(tmp):
    """A library and the database that has it in different layers; an upgrade above."""
    lib = next(iter(pathlib.Path("/usr/lib").glob("*/engines-3/loader_attic.so")), None)
    if lib is None:
        skip("no library that is linked with OpenSSL")
        return
    program, old = ("usr/lib/own/p.so", lib.read_bytes()), ("var/lib/dpkg/status", DEBIAN_12.encode())
    new = ("var/lib/dpkg/status", DEBIAN_12.replace("3.0.15-1~deb12u1", "3.0.17-1~deb12u3").encode())
    part = ("var/lib/dpkg/status.d/libssl3", b"Package: libssl3\nVersion: 3.0.17-1~deb12u3\n")
    for words, layers, want in (("the database below", [[old], [program]], "3.0.15-1~deb12u1"), ("the database above", [[program], [old]], "3.0.15-1~deb12u1"),
                                ("an upgrade above", [[old, program], [new]], "3.0.17-1~deb12u3"),
                                ("an upgrade, then the program", [[old], [new], [program]], "3.0.17-1~deb12u3"),
                                ("a file for each package", [[part], [program]], "3.0.17-1~deb12u3")):
        layout = Layout(tmp / words)
        layout.image([tar_of(x) for x in layers])
        r, doc = scan(tmp, f"oci:{tmp / words}")
        got = {(a.get("package"), a.get("package_version")) for f in doc["findings"] for o in f["occurrences"]
               for a in [{x["key"]: x["value"] for x in o.get("attributes", [])}] if a.get("library") == "libcrypto.so.3"}
        ok(got == {("libssl3", want)}, f"{words}: libssl3 {want}", err(r) + str(got))
        versions = {a.get("package_version") for _, _, a, _ in at(doc, "image.openssl-classical")}
        ok(versions == {want}, f"{words}: one version counts", versions)


def packages(tmp):
    files = {"var/lib/dpkg/status": DEBIAN_12.encode()}
    layout = Layout(tmp / "debian")
    layout.image([tar_of(list(files.items()))])
    r, doc = scan(tmp, f"oci:{tmp / 'debian'}", program=PQMAP_SAN)
    found = at(doc, "image.openssl-classical")
    ok(len(found) == 1 and found[0][1] == 1, "Debian 12: its OpenSSL has no hybrid group", err(r) + str(found))
    if found:
        _, _, attrs, f = found[0]
        ok(attrs.get("package") == "libssl3" and attrs.get("package_version") == "3.0.15-1~deb12u1" and
           attrs.get("source_package") == "openssl" and attrs.get("layer_index") == "1", "with package, version, source and layer", attrs)
        ok(f["quantum"] == "broken" and f["meaning"] == "offer" and "default" in f["evidence"] and f.get("fix"), "as a default, with a fix", f)
    ok(len(at(doc, "image.openssh-hybrid")) == 1, "Debian 12: OpenSSH offers a hybrid key exchange")
    facts, _ = object_of(doc, "Packages")
    ok(facts == {"libssl3": "3.0.15-1~deb12u1", "openssh-server": "1:9.2p1-2+deb12u3"},
       "versions are facts; removed packages, descriptions and others are none", facts)
    tree = tmp / "root/var/lib/dpkg"
    tree.mkdir(parents=True)
    (tree / "status").write_text(DEBIAN_12)
    r, doc = scan(tmp, tmp / "root")
    ok(len(at(doc, "image.openssl-classical")) == 1, "a root file system says the same")
    small = Layout(tmp / "distroless")
    small.image([tar_of([("var/lib/dpkg/status.d/libssl3t64", DISTROLESS.encode()), ("var/lib/dpkg/status.d/libssl3t64.md5sums", b"Package: x\n")])])
    r, doc = scan(tmp, f"oci:{tmp / 'distroless'}")
    found = at(doc, "image.openssl-hybrid")
    ok(len(found) == 1 and found[0][3]["quantum"] == "hybrid", "distroless, OpenSSL 3.5: X25519MLKEM768 by default", found)
    ok(not at(doc, "image.openssl-classical"), "and not classical")
    alpine = Layout(tmp / "alpine")
    alpine.image([tar_of([("lib/apk/db/installed", ALPINE.encode())])])
    r, doc = scan(tmp, f"oci:{tmp / 'alpine'}")
    found = at(doc, "image.openssl-classical")
    ok(len(found) == 1 and found[0][2].get("package_version") == "3.1.4-r5", "Alpine: its OpenSSL", found)
    upper = Layout(tmp / "upper")
    upper.image([tar_of(list(files.items())), tar_of([("var/lib/dpkg/status", DISTROLESS.encode().replace(b"\nSou", b"\nStatus: install ok installed\nSou"))])])
    r, doc = scan(tmp, f"oci:{tmp / 'upper'}")
    ok(not at(doc, "image.openssl-classical") and len(at(doc, "image.openssl-hybrid")) == 1, "the database that counts is that of the upper layer")
    bad = Layout(tmp / "bad")
    bad.image([tar_of([("var/lib/dpkg/status", b"Package: libssl3\nVersion: \x1b[31m3.0\n\nPackage: libssl3\nVersion:\n\nVersion: 3.0\n\n" +
                        b"Package: libssl3\nVersion: " + b"9" * 5000 + b"\n\n" + b"\n" * 5000)])])
    r, doc = scan(tmp, f"oci:{tmp / 'bad'}", program=PQMAP_SAN)
    ok(r.returncode == 0 and not at(doc, "image.openssl-classical") and not object_of(doc, "Packages")[0], "what is no version is not believed", err(r))


def owners(tmp):
    """A library that is linked with OpenSSL, where the distribution has it and where it has not."""
    found = list(pathlib.Path("/usr/lib").glob("*/libcurl.so.4"))
    if not found:
        skip("libcurl is not here")
        return
    lib = found[0].read_bytes()
    layout = Layout(tmp / "owners")
    layout.image([tar_of([("var/lib/dpkg/status", DEBIAN_12.encode()), ("usr/lib/libcurl.so.4", lib), ("opt/own/libcurl.so.4", lib)])])
    for target in (f"oci:{tmp / 'owners'}", tmp / "owned"):
        if not isinstance(target, str):
            for name, data in (("var/lib/dpkg/status", DEBIAN_12.encode()), ("usr/lib/libcurl.so.4", lib), ("opt/own/libcurl.so.4", lib)):
                (target / name).parent.mkdir(parents=True)
                (target / name).write_bytes(data)
        r, doc = scan(tmp, target)
        got = {}
        for f in doc["findings"]:
            for o in f["occurrences"]:
                a = {x["key"]: x["value"] for x in o.get("attributes", [])}
                if a.get("library") == "libssl.so.3":
                    got.setdefault("opt" if "/opt/own/" in o["path"] else "usr", set()).add((a.get("package"), a.get("package_version")))
        ok(got.get("usr") == {("libssl3", "3.0.15-1~deb12u1")}, "what is linked with a library names its package and version", err(r) + str(got))
        ok(got.get("opt") == {(None, None)}, "not where files are not the distribution's", got)


class Server:
    """A registry of one layout, under any repository."""

    def __init__(self, layout):
        outer = self
        self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_GET(self):
                outer.asked.append(self.path)
                parts = self.path.strip("/").split("/")
                body, code = b"{}", 200
                if parts[-2:-1] == ["manifests"]:
                    tag = parts[-1]
                    found = [m for m in layout.manifests if tag in (m["digest"], m["annotations"]["org.opencontainers.image.ref.name"])]
                    code, body = (200, layout.file(found[0]["digest"]).read_bytes()) if found else (404, b"{}")
                elif parts[-2:-1] == ["blobs"]:
                    body = layout.file(parts[-1]).read_bytes()
                self.send_response(code)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


def pod(name, image, more=""):
    return (f"apiVersion: v1\nkind: Pod\nmetadata: {{ name: {name}, namespace: lab }}\nspec:\n  containers:\n"
            f"    - {{ name: c, image: '{image}'{more} }}\n---\n")


def outbound(doc):
    """What protects the connection to the host that pods here talk to."""
    return sorted({(h["verdict"], h["label"]) for a in doc["graph"]["assets"] for h in a["hops"] if "data.example.org" in h["label"]})


def workloads(tmp):
    layout = Layout(tmp / "served")
    layout.image([tar_of([("var/lib/dpkg/status", DEBIAN_12.encode())])], tag="1", run=RUN)
    server = Server(layout)
    image = f"{server.host}/team/thing:1"
    manifest = tmp / "pods.yaml"
    manifest.write_text(pod("plain", image) + pod("other", image, ", command: [sleep, infinity]") + pod("apart", "busybox:1"))
    r, doc = scan(tmp, manifest)
    classes = {n["id"]: n.get("ai_class") for n in doc["graph"]["nodes"] if n["type"] == "workload"}
    ok(not any(classes.values()), "without the image nothing tells what the pods are", err(r) + str(classes))
    r, doc = scan(tmp, manifest, f"registry:{image}")
    classes = {n["id"]: n.get("ai_class") for n in doc["graph"]["nodes"] if n["type"] == "workload"}
    ok(classes.get("lab/Pod/plain") == "inference", "the command of its image tells what a pod is", err(r) + str(classes))
    ok(not classes.get("lab/Pod/other") and not classes.get("lab/Pod/apart"), "not where the pod has a command or image of its own", classes)
    ok(any(e["from"] == image and e["rel"] == "contains" and "package libssl3" in e["to"] for e in doc["graph"]["edges"]),
       "the image contains its package", [e for e in doc["graph"]["edges"] if e["rel"] == "contains"])
    url, hops = "{ name: OPENAI_BASE_URL, value: 'https://data.example.org/x' }", {}
    for name, more in (("image", ""), ("set otherwise", ", { name: GODEBUG, value: gctrace=1 }")):
        manifest.write_text(pod("plain", image, f", env: [{url}{more}]"))
        hops[name] = outbound(scan(tmp, manifest, f"registry:{image}")[1])
    for name, value in (("pod", "tlsmlkem=0"), ("none", "gctrace=1")):
        manifest.write_text(pod("plain", "registry.example/x:1",
                                f", command: [vllm, serve, org/model], env: [{url}, {{ name: GODEBUG, value: {value} }}]"))
        hops[name] = outbound(scan(tmp, manifest)[1])
    ok(hops["image"] and hops["image"] == hops["pod"], "a switch in the environment of the image counts as one of the pod", hops)
    ok(hops["set otherwise"] == hops["none"] and hops["none"] != hops["pod"], "unless the pod sets the variable", hops)
    listed = tmp / "images.txt"
    listed.write_text(f"# two\n{image}\n\n  oci:{tmp / 'config'}\n")
    r, doc = scan(tmp, "--images", listed)
    ok(r.returncode == 0 and sum(o["kind"] == "Image" for o in doc["objects"]) == 2, "--images: a list of references", err(r))
    r, _ = scan(tmp, "--images", tmp / "nowhere")
    ok(r.returncode == 2 and "nowhere" in err(r), "--images: a list that is not there", err(r))
    server.asked.clear()
    r, doc = scan(tmp, "registry:registry.example/team/thing:1", "--mirror", f"registry.example={server.host}/hub/proxy")
    ok(r.returncode == 0 and any("/v2/hub/proxy/team/thing/" in a for a in server.asked), "--mirror: who is asked instead", err(r) + str(server.asked))
    ok(object_of(doc, "Image")[1].startswith("registry.example/team/thing:1@sha256:"), "--mirror: the image keeps its name")
    for value in ("x", "=y", "x=", "x=http://y", "x=u:p@y", "x=/y"):
        r, _ = scan(tmp, "registry:registry.example/a:1", "--mirror", value)
        ok(r.returncode == 2, f"--mirror {value}: is none", err(r))


def certificate(tmp, kind):
    """PEM and DER of a certificate with such a key."""
    pem = tmp / f"{kind}.pem"
    args = {"p256": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "rsa": ["rsa:2048"]}[kind]
    subprocess.run(["openssl", "req", "-x509", "-newkey", *args, "-nodes", "-keyout", tmp / "k", "-out", pem, "-subj", "/CN=s", "-days", "3"],
                   check=True, capture_output=True)
    der = subprocess.run(["openssl", "x509", "-in", pem, "-outform", "DER"], check=True, capture_output=True).stdout
    return pem.read_text(), der


def signatures(tmp):
    pem, der = certificate(tmp, "p256")
    rsa, _ = certificate(tmp, "rsa")
    raw = base64.b64encode(der).decode()
    bundle = {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
              "verificationMaterial": {"certificate": {"rawBytes": raw.replace("/", "@")}, "tlogEntries": [{"rawBytes": "AAAA"}]}}
    text = json.dumps(bundle, indent=1).replace("@", "\\/")  # a slash may be escaped
    old = json.dumps({"base64Signature": "MEUCIQ==", "cert": base64.b64encode(rsa.encode()).decode(), "rekorBundle": {}})
    odd = json.dumps({"rawBytes": 3, "x": {"rawBytes": "%%%"}, "y": {"rawBytes": "A" * 200000}, "base64Signature": "", "z": {"rawBytes": raw[:40]}})
    layout = Layout(tmp / "signed")
    layout.image([tar_of([("m/model.sig", text.encode()), ("m/old.bundle", old.encode()), ("m/odd.json", odd.encode()),
                          ("m/cut.json", b'{"rawBytes": "' + raw.encode()[:50])])])
    r, doc = scan(tmp, f"oci:{tmp / 'signed'}", program=PQMAP_SAN)
    got = {p.split(" › ")[-1]: (line, f["family"], f["parameter"]) for p, line, _, f in at(doc, "cert.x509")}
    ok(got.get("/m/model.sig") == (text[:text.index('"rawBytes"')].count("\n") + 1, "EC", "P-256"), "a Sigstore bundle: its certificate", err(r) + str(got))
    ok(got.get("/m/old.bundle", (0, 0))[1] == "RSA", "an older bundle of cosign: its certificate", got)
    ok(set(got) == {"/m/model.sig", "/m/old.bundle"}, "nothing else is one", got)
    layout = Layout(tmp / "cosign")
    empty = dict(layout.blob(b"{}"), mediaType="application/vnd.oci.empty.v1+json")
    part = dict(layout.blob(b"{}"), mediaType="application/vnd.dev.cosign.simplesigning.v1+json", annotations={
        "dev.cosignproject.cosign/signature": "MEUCIQ==", "dev.sigstore.cosign/certificate": pem, "dev.sigstore.cosign/chain": rsa})
    model = dict(layout.blob(b"x" * 99), mediaType="application/vnd.cncf.model.weight.v1.raw",
                 annotations={"org.opencontainers.image.title": "weights.bin"})
    manifest = {"schemaVersion": 2, "artifactType": "application/vnd.cncf.model.manifest.v1+json", "config": empty, "layers": [part, model]}
    layout.manifests.append(layout.blob(json.dumps(manifest).encode()))
    layout.write()
    r, doc = scan(tmp, f"oci:{tmp / 'cosign'}", program=PQMAP_SAN)
    got = {f["family"] for p, _, _, f in at(doc, "cert.x509") if p.endswith(" › artifact.json")}
    ok(got == {"EC", "RSA"}, "a signature in a registry: its certificate and chain", err(r) + str(got))
    facts, name = object_of(doc, "Artifact")
    ok(facts.get("spec.artifactType") == manifest["artifactType"] and facts.get("spec.layers[1].title") == "weights.bin" and
       facts.get("spec.layers[1].size") == "99" and facts.get("spec.layers[1].mediaType") == model["mediaType"] and "@sha256:" in name,
       "an artifact is an object: what it is, and of what", facts)


def bases(tmp):
    pem, _ = certificate(tmp, "p256")
    low, mid, top = (tar_of([(f"{n}.pem", pem.encode())]) for n in ("low", "mid", "top"))
    base = Layout(tmp / "base")
    base.image([low, mid], "plain")
    layout = Layout(tmp / "derived")
    layout.image([low, mid, top])
    r, doc = scan(tmp, f"oci:{tmp / 'derived'}", "--base", f"oci:{tmp / 'base'}")
    owner = {p.split(" › ")[-1]: a.get("owner") for p, _, a, _ in at(doc, "cert.x509")}
    ok(owner == {"/low.pem": "base", "/mid.pem": "base", "/top.pem": None}, "--base: the base's layers, packed otherwise", err(r) + str(owner))
    other = Layout(tmp / "other")
    other.image([low, top])
    r, doc = scan(tmp, f"oci:{tmp / 'derived'}", "--base", f"oci:{tmp / 'other'}")
    ok(not any(a.get("owner") for _, _, a, _ in at(doc, "cert.x509")), "--base: not one that only begins the same")
    keys = [subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], check=True, capture_output=True).stdout for _ in range(2)]
    bottom, above = tar_of([("of-base.pem", keys[0])]), tar_of([("own.pem", keys[1])])
    Layout(tmp / "keyed-base").image([bottom])
    Layout(tmp / "keyed").image([bottom, above])
    r, doc = scan(tmp, f"oci:{tmp / 'keyed'}", "--base", f"oci:{tmp / 'keyed-base'}")
    where = [w.split(" › ")[-1] for t in doc["plan"]["tasks"] if "out of images" in t["title"] for w in t["where"]]
    ok(sorted(where) == ["/of-base.pem (base image)", "/own.pem"], "--base: the plan says who owns the fix", where)
    ok("/of-base.pem (base image)" in (tmp / "report.html").read_text(), "--base: and the page")
    r, _ = scan(tmp, f"oci:{tmp / 'derived'}", "--base", f"oci:{tmp / 'nowhere'}")
    ok(r.returncode == 2 and "--base" in err(r), "--base: one that is not there", err(r))


def archives(tmp):
    old_save(tmp / "old.tar", [tar_of([("lib/apk/db/installed", ALPINE.encode())])])
    r, doc = scan(tmp, f"docker-archive:{tmp / 'old.tar'}")
    ok(len(at(doc, "image.openssl-classical")) == 1 and not object_of(doc, "Image")[0], "docker-archive:, without a configuration", err(r))


def main():
    with tmpdir() as name:
        tmp = pathlib.Path(name)
        configuration(tmp)
        pasted(tmp)
        nothing_else(tmp)
        packages(tmp)
        across_layers(tmp)
        owners(tmp)
        workloads(tmp)
        signatures(tmp)
        bases(tmp)
        archives(tmp)
        everything = b"".join(said)
        shown = [s for s in SECRETS if s.encode() in everything]
        ok(not shown, "no token and no password in any output", shown)
    done()


main()
