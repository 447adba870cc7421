#!/usr/bin/env python3
"""What an image is worth by itself: the AI that it starts, the files that it carries, the keys that it ships."""
import json
import pathlib
import struct
import subprocess
import sys

from kit import REPO, done, err, ok, run, tmpdir

sys.path.insert(0, str(REPO / "tests/images"))
from make import Layout, old_save, tar_of  # noqa: E402

SERVER = {"Entrypoint": ["python3", "-m", "vllm.entrypoints.openai.api_server"], "Cmd": ["--model", "/models/llama"],
          "ExposedPorts": {"8000/tcp": {}}}


def model(n):
    head = json.dumps({"w": {"dtype": "BF16", "shape": [n, 64], "data_offsets": [0, n * 128]}}).encode()
    return struct.pack("<Q", len(head)) + head + bytes(n * 128)


def key(tmp):
    subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", tmp / "k.pem"], check=True,
                   stderr=subprocess.DEVNULL)
    return (tmp / "k.pem").read_bytes()


def scan(tmp, *targets):
    r = run("scan", *targets, "-o", f"json={tmp / 'r.json'}", "-o", f"html={tmp / 'r.html'}", "-o", f"cbom={tmp / 'r.cdx.json'}", cwd=tmp, env={"HOME": str(tmp)})
    return r, json.loads((tmp / "r.json").read_bytes())


def assets(doc):
    return {a["name"]: a for a in doc["graph"]["assets"]}


def questions(doc):
    return {q["rule"]: q for q in doc["practices"]["questions"]} if "questions" in doc["practices"] else {
        q["rule"]: q for q in doc["practices"]}


def tasks(doc, kind):
    return [t for t in doc["plan"]["tasks"] if t["type"] == kind]


def alone(tmp):
    """An image that nothing else runs is started as it says itself."""
    Layout(tmp / "served").image([tar_of([("models/llama/model.safetensors", model(1000))])], run=SERVER)
    r, doc = scan(tmp, "oci:served")
    a = assets(doc).get("oci:served prompts")
    ok(a is not None and a["kind"] == "prompts and logs", "an image that serves a model: its prompts are an asset", list(assets(doc)))
    ok(a is not None and any(h["label"].startswith("oci:served:8000") and h["verdict"] == "plaintext" for h in a["hops"]),
       "… and what it speaks without TLS flags is plaintext", a and a["hops"])
    ok(any(n["id"].startswith("-/Image/oci:served") and n.get("ai_class") == "inference" for n in doc["graph"]["nodes"]),
       "… by the signals of its configuration")
    with_tls = dict(SERVER, Cmd=["--model", "m", "--ssl-keyfile", "/tls.key", "--ssl-certfile", "/tls.crt"])
    Layout(tmp / "tls").image([tar_of([("a", b"a")])], run=with_tls)
    _, doc = scan(tmp, "oci:tls")
    a = assets(doc).get("oci:tls prompts")
    ok(a is not None and a["hops"][0]["verdict"] == "unknown", "… with TLS flags its library decides", a)
    Layout(tmp / "web").image([tar_of([("a", b"a")])], run={"Entrypoint": ["nginx"], "ExposedPorts": {"80/tcp": {}}})
    _, doc = scan(tmp, "oci:web")
    ok(not assets(doc) and "AI ASSETS" in r.stdout.decode(), "an image without AI has no asset", list(assets(doc)))
    (tmp / "pod.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: { name: p }\nspec: { containers: [{ name: c, image: a/b:1 }] }\n")
    _, doc = scan(tmp, "pod.yaml", "oci:served")
    ok("oci:served prompts" in assets(doc), "… nor does a pod of another image take it away", list(assets(doc)))


def files(tmp):
    """Models and data that were read are told with their size, and in the page."""
    Layout(tmp / "two").image([tar_of([("m/a.safetensors", model(1000)), ("m/b.safetensors", model(500))])])
    r, doc = scan(tmp, "oci:two")
    ok("FILES     2 models: 187.7 KiB, 96,000 parameters" in r.stdout.decode(), "the table counts model files and their parameters",
       r.stdout.decode()[:600])
    page = (tmp / "r.html").read_text()
    ok("Models and data that were read" in page and page.index("a.safetensors") < page.index("b.safetensors"),
       "the page lists them, the largest first")
    _, doc = scan(tmp, "pod.yaml")
    ok("Models and data that were read" not in (tmp / "r.html").read_text(), "… and has no such part without them")


def keys(tmp):
    """A private key in an image is everybody's who pulls it, also below the layer that deletes it."""
    pem = key(tmp)
    image = Layout(tmp / "keyed")
    image.image([tar_of([("app/tls.key", pem)]), tar_of([("app/.wh.tls.key", b"")])], run={"Cmd": ["nginx"]},
                steps=["COPY app /app", "RUN rm /app/tls.key"])
    r, doc = scan(tmp, "oci:keyed")
    layer = json.loads((tmp / "r.cdx.json").read_bytes())
    said = [o["additionalContext"] for c in layer["components"] for o in c.get("evidence", {}).get("occurrences", [])]
    ok(any("; layer sha256:" in w and "(linux/amd64), made by COPY app /app, in a lower layer; hidden by layer 2" in w for w in said),
       "the CBOM names layer, image, platform and step", said)
    ok("COPY app /app" in (tmp / "r.html").read_text(), "… the page the step")
    t = tasks(doc, "key-out-of-image")
    ok(len(t) == 1 and any("layer 1, hidden by layer 2" in w for w in t[0]["where"]), "the plan takes a hidden key out of the image",
       [x["where"] for x in t] or err(r))
    ok(len(t) == 1 and t[0]["weak_fix"] and doc["plan"]["tasks"][0]["id"] == t[0]["id"], "… first of all, as it is open today")
    q = questions(doc)["practice.custody.keys"]
    ok(q["verdict"] == "no" and "the image" in json.dumps(q["places"]), "custody: the key lies in the image", q)
    (tmp / "plain").mkdir()
    (tmp / "plain/tls.key").write_bytes(pem)
    _, doc = scan(tmp, "plain")
    ok(not tasks(doc, "key-out-of-image"), "a key in a folder is no key in an image")
    _, doc = scan(tmp, "plain", "oci:keyed")
    t = tasks(doc, "key-out-of-image")
    ok(len(t) == 1 and all("oci:keyed" in w for w in t[0]["where"]), "… and the task names the place in the image", [x["where"] for x in t])
    Layout(tmp / "cert").image([tar_of([("a", b"a")])], run={"Cmd": ["nginx"]})
    _, doc = scan(tmp, "oci:cert")
    ok(questions(doc)["practice.custody.keys"]["verdict"] == "not shown", "custody: an image without keys shows nothing")


def guessed(tmp):
    """A path that is an image is read as one; what only looks so is a file."""
    pem = key(tmp)
    layers = [tar_of([("app/tls.key", pem)]), tar_of([("app/.wh.tls.key", b"")])]
    Layout(tmp / "folder").image(layers, run={"Cmd": ["nginx"]})
    hidden = "layer 1, hidden by layer 2 › /app/tls.key"

    def paths(target):
        _, doc = scan(tmp, target)
        return [o["path"] for f in doc["findings"] for o in f["occurrences"]]

    ok(paths("folder") == [f"folder › {hidden}"], "a folder with an OCI layout is an image", paths("folder"))
    subprocess.run(["tar", "-cf", tmp / "layout.tar", "-C", tmp / "folder", "."], check=True)
    ok(paths("layout.tar") == [f"layout.tar › {hidden}"], "a tar archive of it, too", paths("layout.tar"))
    old_save(tmp / "saved.tar", layers)
    ok(paths("saved.tar")[0].endswith(hidden), "what docker saved, too", paths("saved.tar"))
    subprocess.run(["gzip", "-k", tmp / "layout.tar", tmp / "saved.tar"], check=True)
    ok(paths("layout.tar.gz") == [f"layout.tar.gz › {hidden}"] and paths("saved.tar.gz")[0].endswith(hidden), "packed by gzip, too",
       (paths("layout.tar.gz"), paths("saved.tar.gz")))
    (tmp / "all").mkdir()
    (tmp / "folder").rename(tmp / "all/folder")
    ok(paths("all")[0].startswith("all/folder/blobs/sha256/"), "a layout somewhere below a folder stays files", paths("all"))
    (tmp / "manifest.json").write_text('[{"src": "icon.png", "Config": 1}]')
    (tmp / "tls.key").write_bytes(pem)
    subprocess.run(["tar", "-cf", tmp / "web.tar", "-C", tmp, "manifest.json", "tls.key"], check=True)
    ok(paths("web.tar") == ["web.tar › tls.key"], "an archive with a manifest.json of another kind stays an archive", paths("web.tar"))
    image = Layout(tmp / "odd")
    image.image(layers, platform="linux/sparc")
    image.image(layers, platform="linux/sparc", tag="v2")
    (tmp / "odd/index.json").write_text("{")
    r, doc = scan(tmp, "odd")
    ok(doc["findings"] and "read as files (as an image: oci:odd)" in err(r), "a layout with a broken index is read as files, and that is said",
       err(r))


def main():
    with tmpdir() as folder:
        tmp = pathlib.Path(folder)
        alone(tmp)
        files(tmp)
        keys(tmp)
        guessed(tmp)
    return done()


sys.exit(main())
