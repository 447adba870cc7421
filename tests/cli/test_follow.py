#!/usr/bin/env python3
"""--follow: what objects name is asked, and only that. Names, and what may leave, are in the hands of a preloaded shim: nothing
is looked up and nothing goes beyond loopback, whatever the program does."""
import base64
import contextlib
import gzip
import hashlib
import http.server
import io
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time

from kit import PQMAP, REPO, done, err, ok, out, run, skip, tmpdir

sys.path.insert(0, str(REPO / "tests/kube"))
import mock_api  # noqa: E402
from mock_api import Cluster, Mock, free_port, kubeconfig, make_pki  # noqa: E402

HOSTS = {"web.corp": "127.0.0.1", "gw.corp": "127.0.0.1", "app.corp": "127.0.0.1", "lb.corp": "127.0.0.1",
         "db.partner.net": "127.0.0.1", "hook.partner.net": "127.0.0.1", "llm.partner.net": "127.0.0.1",
         "public.corp": "203.0.113.9", "llm.ai.svc": "127.0.0.1"}


class Relay(threading.Thread):
    """Counts who comes, and passes them on (or says nothing, without a port to go to)."""

    def __init__(self, to=None):
        super().__init__(daemon=True)
        self.to, self.n, self.sock = to, 0, socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                c, _ = self.sock.accept()
            except OSError:
                return
            self.n += 1
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        if self.to is None:
            with contextlib.suppress(OSError):
                while c.recv(4096):
                    pass
            return
        up = socket.create_connection(("127.0.0.1", self.to))

        def pump(a, b):
            try:
                while data := a.recv(65536):
                    b.sendall(data)
            except OSError:
                pass
            for s in (a, b):
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        threading.Thread(target=pump, args=(up, c), daemon=True).start()
        pump(c, up)


def tls_server(tmp):
    port = free_port(25300, 25399)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp / "k.pem", "-out", tmp / "c.pem",
                    "-days", "2", "-subj", "/CN=web.corp"], check=True, capture_output=True)
    p = subprocess.Popen(["timeout", "500", "openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", tmp / "c.pem",
                          "-key", tmp / "k.pem", "-www", "-quiet"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return p, port
        except OSError:
            time.sleep(0.05)
    raise SystemExit("openssl s_server does not start")


def workload():
    return """apiVersion: apps/v1
kind: Deployment
metadata: { name: llm, namespace: ai }
spec:
  template:
    metadata: { labels: { app: llm } }
    spec:
      containers:
        - { name: v, image: "vllm/vllm-openai:v0.6", args: ["--model", "m"] }
"""


def service(name, ports, spec="", status=""):
    return f"""---
apiVersion: v1
kind: Service
metadata: {{ name: {name}, namespace: ai }}
spec: {{ selector: {{ app: llm }}, ports: [{ports}]{spec} }}
{status}"""


def lb(name, port, ip="127.0.0.1", port_name="https"):
    return service(name, f"{{ name: {port_name}, port: {port} }}", ", type: LoadBalancer",
                   f"status: {{ loadBalancer: {{ ingress: [{{ ip: {ip} }}] }} }}\n")


def ingress(name, host, tls=True):
    return f"""---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{ name: {name}, namespace: ai }}
spec:
  {f"tls: [{{ hosts: [{host}], secretName: s }}]" if tls else "ingressClassName: nginx"}
  rules: [{{ host: {host}, http: {{ paths: [{{ path: /, backend: {{ service: {{ name: llm, port: {{ number: 443 }} }} }} }}] }} }}]
"""


class Bench:
    """A folder, the shim, and what it saw of the last run."""

    def __init__(self, tmp, shim, relay):
        self.tmp, self.shim, self.relay, self.log = tmp, shim, relay, tmp / "log"

    def scan(self, text, *args, target="m.yaml", env=None, timeout=60, name="r.json"):
        self.log.unlink(missing_ok=True)
        if text is not None:
            (self.tmp / "m.yaml").write_text(text)
        report = self.tmp / name
        report.unlink(missing_ok=True)
        r = run("scan", target, *args, *(["-o", f"json={report}"] if "--dry-run" not in args else []), cwd=self.tmp,
                timeout=timeout, env=self.env(env))
        doc = json.loads(report.read_bytes()) if report.exists() else None
        return r, doc

    def env(self, more=None):
        return {"LD_PRELOAD": str(self.shim), "FOLLOW_LOG": str(self.log), "FOLLOW_443": str(self.relay.port),
                "FOLLOW_HOSTS": ",".join(f"{k}={v}" for k, v in HOSTS.items()), "no_proxy": "", "https_proxy": "",
                "HTTPS_PROXY": "", "KUBERNETES_SERVICE_HOST": "", **(more or {})}

    def said(self, what):
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [x.split(" ", 1)[1] for x in lines if x.startswith(what + " ")]


def followed(doc):
    return {t["name"]: t["followed_from"] for t in doc["targets"] if "followed_from" in t}


def left(doc):
    return [n["words"] for n in doc["coverage"]["notes"] if n["reason"] == "not-followed"]


def hops(doc):
    return [h for a in doc["graph"]["assets"] for h in a.get("hops", [])]


# ---- what is followed, and what that changes ----

def consent(b, port):
    text = workload() + service("llm", "{ name: https, port: 443 }") + lb("out", port) + ingress("web", "web.corp")
    r, doc = b.scan(text)
    ok(r.returncode == 0 and not b.log.exists() and b.relay.n == 0, "without --follow nothing is looked up or contacted",
       (err(r), b.said("name"), b.said("connect")))
    ok(not followed(doc) and not left(doc) and not doc.get("endpoints"),
       "… and nothing is said of it")
    before = {h["label"]: h["verdict"] for h in hops(doc)}
    r, doc = b.scan(text, "--follow", "endpoints", "--dry-run")
    ok(r.returncode == 0 and not b.log.exists() and b.relay.n == 0, "--dry-run: nothing is looked up or contacted", err(r))
    lines = out(r).splitlines()
    ok(f"tls:127.0.0.1:{port}  status.loadBalancer.ingress[0].ip of ai/Service/out  m.yaml:20" in lines
       and any(x.startswith("tls:web.corp:443  spec.tls[0].hosts[0] of ai/Ingress/web  m.yaml:") for x in lines)
       and any(x.startswith("not names inside the cluster") for x in lines), "… the list is printed, with what is left out", lines)
    r, doc = b.scan(text, "--follow", "endpoints")
    ok(r.returncode == 0 and b.relay.n > 0 and not b.said("left"), "--follow endpoints asks", (err(r), b.said("left")))
    ok(set(b.said("name")) == {"web.corp"}, "only the edge's name is looked up", b.said("name"))
    f = followed(doc)
    ok(set(f) == {f"tls:127.0.0.1:{port}", "tls:web.corp:443"}, "the targets are in the report", f)
    text_lines = text.splitlines()
    w = f.get("tls:web.corp:443", {})
    ok(w.get("object") == "ai/Ingress/web" and w.get("ref") == "spec.tls[0].hosts[0]" and w.get("path") == "m.yaml"
       and "web.corp" in text_lines[w.get("line", 1) - 1], "… with object, field, file and line", w)
    ok("followed_from" not in doc["targets"][0], "… the user's own target has none")
    after = {h["label"]: h["verdict"] for h in hops(doc)}
    ok(any("web.corp" in k and "not told" in k for k in before) and any("web.corp" in k and "(measured)" in k for k in after)
       and any(k.startswith("out") and "(measured)" in k for k in after),
       "a hop that was assumed is measured", (before, after))
    ok(any(re.match(r"names inside the cluster: 2, ", x) for x in left(doc)), "names inside the cluster: one line", left(doc))
    ok("followed 2 targets that objects name; 1 named and not followed" in out(r), "the screen says so", out(r))
    html = b.tmp / "r.html"
    b.scan(text, "--follow", "endpoints", "-o", f"html={html}")
    ok("endpoint, named by ai/Ingress/web" in html.read_text(), "the HTML report says so")
    again = run("report", b.tmp / "r.json", "-o", "json", cwd=b.tmp)
    ok(json.loads(again.stdout)["targets"] == doc["targets"], "a saved report keeps it", err(again))
    v = subprocess.run([sys.executable, str(REPO / "tests/validate.py"), str(b.tmp / "r.json")], capture_output=True, text=True)
    ok(v.returncode == 0, "the report is as its schema says", v.stdout + v.stderr)
    return text, doc


def same(b, text, doc):
    docs = [b.scan(text, "--follow", "endpoints", "-j", j)[1] for j in ("1", "4")]
    ok(docs[0] == docs[1] == doc, "the same report again, with one thread and with four")


def named_wins(b, text, port):
    r, doc = b.scan(text, "--follow", "endpoints", f"tls:127.0.0.1:{port}")
    ok(r.returncode == 0 and set(followed(doc)) == {"tls:web.corp:443"} and len(doc["endpoints"]) == 2,
       "what the user names is not followed as well", followed(doc))


# ---- kinds of objects ----

def kinds(b, port):
    silent = Relay()
    text = workload() + f"""---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{ name: gw, namespace: ai }}
spec:
  gatewayClassName: x
  listeners:
    - {{ name: a, port: {port}, protocol: HTTPS, hostname: gw.corp, tls: {{ certificateRefs: [{{ name: s }}] }} }}
    - {{ name: b, port: {port}, protocol: HTTPS, hostname: "*.corp", tls: {{ certificateRefs: [{{ name: s }}] }} }}
    - {{ name: c, port: {silent.port}, protocol: HTTP, hostname: plain.corp }}
    - {{ name: d, port: {silent.port}, protocol: UDP, hostname: udp.corp }}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{ name: app, namespace: ai }}
spec:
  parentRefs: [{{ name: gw, sectionName: b }}]
  hostnames: [app.corp]
  rules: [{{ backendRefs: [{{ name: llm, port: 443 }}] }}]
""" + ingress("plain", "web.corp", tls=False) + f"""---
apiVersion: route.openshift.io/v1
kind: Route
metadata: {{ name: r, namespace: ai }}
spec: {{ host: lb.corp, to: {{ kind: Service, name: llm }}, tls: {{ termination: edge }} }}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {{ name: hook }}
webhooks: [{{ name: h.x.y, clientConfig: {{ url: "https://hook.partner.net:{port}/validate" }} }}]
""" + service("db", f"{{ name: postgres, port: {port} }}", ", type: ExternalName, externalName: db.partner.net") + \
        lb("pg", 5432, port_name="db") + lb("unknown", port, port_name="kafka") + \
        service("dns", "{ name: dns, port: 53, protocol: UDP }", ", externalIPs: [127.0.0.1]") + \
        service("h3", "{ name: h3, port: 443, protocol: UDP }", ", externalIPs: [127.0.0.1]")
    r, doc = b.scan(text, "--follow", "endpoints", "--dry-run")
    lines = out(r).splitlines()
    got = {x.split("  ")[0] for x in lines if not x.startswith("not ")}
    ok(got == {f"tls:gw.corp:{port}", f"tls:app.corp:{port}", "tls:lb.corp:443", "postgres:127.0.0.1:5432", f"auto:127.0.0.1:{port}",
               "quic:127.0.0.1:443"},
       "listeners, routes, edges with TLS, ports by name and number", sorted(got))
    outside = [x for x in lines if "--follow-external asks it" in x]
    ok(len(outside) == 2 and any(f"tls:hook.partner.net:{port}" in x and "clientConfig.url" in x for x in outside)
       and any(f"postgres:db.partner.net:{port}" in x and "spec.externalName" in x for x in outside),
       "what is outside the cluster is left out, and said", outside)
    ok(any(f":*.corp:{port}" in x and "pattern" in x for x in lines) and any("127.0.0.1:53" in x and "UDP" in x for x in lines),
       "patterns and ports that cannot be asked are said", lines)
    r, doc = b.scan(text, "--follow", "endpoints", "--timeout", "2")
    joined = {(e["from"], e["to"]) for e in doc["graph"]["edges"] if e["rel"] == "measures"}
    ok({(f"tls:gw.corp:{port}", "ai/Gateway/gw"), (f"tls:app.corp:{port}", "ai/Gateway/gw")} <= joined,
       "a listener's and a route's name measure the gateway", joined)
    ok(not silent.n and not b.said("left") and not {"hook.partner.net", "db.partner.net", "plain.corp"} & set(b.said("name")),
       "nothing else is looked up or contacted", (silent.n, b.said("name")))
    r, doc = b.scan(text, "--follow", "endpoints", "--follow-external", "--timeout", "2")
    ok({f"tls:hook.partner.net:{port}", f"postgres:db.partner.net:{port}"} <= set(followed(doc)), "--follow-external asks them",
       sorted(followed(doc)))
    hook = [e for e in doc["endpoints"] if e["host"] == "hook.partner.net"]
    ok(hook and hook[0]["reach"] == "answered", "… and gets an answer", hook[:1])


def outbound(b, port):
    text = workload().replace('args: ["--model", "m"] }', f"""args: ["--model", "m"], env: [
            {{ name: OPENAI_BASE_URL, value: "https://llm.partner.net:{port}/v1" }},
            {{ name: A_INFERENCE_URL, value: "postgres://db.partner.net/x" }},
            {{ name: MODEL_SERVER_URL, value: "https://127.0.0.1:{port}" }}] }}""")
    r, doc = b.scan(text, "--follow", "endpoints")
    ok(not b.log.exists() and any("llm.partner.net" in x and "--follow-external" in x for x in left(doc)),
       "a host that a workload talks to is outside", (left(doc), b.said("name")))
    r, doc = b.scan(text, "--follow", "endpoints", "--follow-external")
    f = followed(doc).get(f"tls:llm.partner.net:{port}", {})
    ok(f.get("object") == "ai/Deployment/llm" and "env" in f.get("ref", ""), "--follow-external asks it", (followed(doc), left(doc)))
    ok(any("llm.partner.net" in h["label"] and "(measured)" in h["label"] for h in hops(doc)), "… and its hop is measured",
       [h["label"] for h in hops(doc)])
    ok("postgres:db.partner.net:5432" in followed(doc), "… a URL without a port has its scheme's", followed(doc))
    ok(not any("127.0.0.1" in t for t in followed(doc)), "the pod's own loopback is not ours", followed(doc))


# ---- what must not be contacted ----

def forbidden(b, port):
    silent = Relay()
    text = workload() + lb("a", silent.port) + ingress("web", "web.corp")
    r, doc = b.scan(text, "--follow", "endpoints", "--deny", "127.0.0.0/8,web.*")
    ok(r.returncode == 0 and silent.n == 0 and not b.log.exists() and sum("deny list" in x for x in left(doc)) == 2,
       "--deny holds for names and addresses", (left(doc), b.said("name"), b.said("connect")))
    n = b.relay.n
    r, doc = b.scan(text, "--follow", "endpoints", "--deny", "127.0.0.1", "--timeout", "2")
    ok(silent.n == 0 and b.relay.n == n and b.said("name") == ["web.corp"], "… and for what a name leads to", b.said("connect"))
    names = ["llm.invalid", "a.test", "b.example", "www.example.com", "x.localhost"]
    r, doc = b.scan(workload() + "".join(ingress(f"i{i}", h) for i, h in enumerate(names)), "--follow", "endpoints",
                    "--follow-external")
    ok(r.returncode == 0 and not b.log.exists() and sum("RFC6761" in x for x in left(doc)) == len(names),
       "reserved names are not even looked up", (b.said("name"), left(doc)))
    ok("nothing that was read names what could be followed" in err(r), "… and nothing is left: said", err(r))
    text = workload() + lb("pub", 443, "203.0.113.5") + lb("meta", 80, "169.254.169.254") + ingress("pub", "public.corp")
    r, doc = b.scan(text, "--follow", "endpoints")
    ok(r.returncode == 0 and not b.said("left") and not b.said("connect") and sum("not a private address" in x for x in left(doc)) == 2,
       "public and link-local addresses need --follow-external", (left(doc), b.said("left")))
    ok(any(n["reason"] == "skipped" and "not a private address" in n["words"] for n in doc["coverage"]["notes"]),
       "… a name that leads to one too", doc["coverage"]["notes"])
    r, doc = b.scan(text, "--follow", "endpoints", "--follow-external", "--timeout", "2")
    ok(sorted(set(b.said("left"))) == ["169.254.169.254:80", "203.0.113.5:443", "203.0.113.9:443"],
       "… and are asked with it (here nothing leaves)", b.said("left"))
    r, doc = b.scan(ingress("web", "web.corp"), "--follow", "endpoints", "--proxy", "http://127.0.0.1:9")
    ok(not b.log.exists() and any("proxy would resolve" in n["words"] for n in doc["coverage"]["notes"]),
       "a name that only the proxy could resolve is not asked", b.said("connect"))


def unresolved(b):
    text = workload() + """---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: gw, namespace: ai }
spec:
  listeners:
""" + "".join(f"    - {{ name: p{p}, port: {p}, protocol: HTTPS, hostname: gone.corp, tls: {{ mode: Terminate }} }}\n"
              for p in range(8000, 8010))
    t0 = time.time()
    r, doc = b.scan(text, "--follow", "endpoints")
    about = [n for n in doc["coverage"]["notes"] if n["reason"] == "unreachable"]
    ok(r.returncode == 0 and len(about) == 1 and "not resolved" in about[0]["words"] and time.time() - t0 < 10
       and len(doc["endpoints"]) == 10, "ten ports of a name that does not resolve: one line, and exit 0", (r.returncode, about))
    ok(len(b.said("name")) == 1, "… and one look-up", b.said("name"))
    r, _ = b.scan(text, "--follow", "endpoints", "--fail-on-incomplete")
    ok(r.returncode == 3, "--fail-on-incomplete makes it 3")


def usage(b):
    for bad in (["--follow", "all"], ["--follow", ""], ["--follow-external"], ["--follow", "images", "--follow-external"]):
        r, _ = b.scan(workload(), *bad)
        ok(r.returncode == 2, f"{' '.join(bad)}: refused", err(r))
    r, doc = b.scan(workload(), "--follow", "endpoints")
    ok(r.returncode == 0 and "nothing that was read names what could be followed" in err(r), "nothing to follow: said", err(r))
    r, _ = b.scan(workload(), "--dry-run")
    ok(r.returncode == 2, "--dry-run of files alone has nothing to tell", err(r))


def limits(b):
    text = "".join(lb(f"s{i}", 443, f"127.1.{i // 250}.{i % 250 + 1}") for i in range(2010))
    r, _ = b.scan(text, "--follow", "endpoints", "--dry-run")
    lines = out(r).splitlines()
    ok(sum(x.startswith("tls:") for x in lines) == 2000 and sum("over the limit of endpoints" in x for x in lines) == 10,
       "2,000 endpoints at most; each one over it is said", len(lines))


# ---- long runs ----

def resume(b, port):
    text = workload() + lb("a", port) + ingress("web", "web.corp")
    stream = b.tmp / "s.jsonl"
    r, doc = b.scan(text, "--follow", "endpoints", "-o", f"jsonl={stream}")
    lines = [json.loads(x) for x in stream.read_text().splitlines()]
    targets = next(x for x in lines if x["type"] == "targets")["targets"]
    ok(sum(x["type"] == "endpoint" for x in lines) == 2 and targets == doc["targets"], "-o jsonl has them as they come",
       [x["type"] for x in lines])
    n = b.relay.n
    r, doc2 = b.scan(text, "--follow", "endpoints", "--resume", stream)
    ok(r.returncode == 0 and b.relay.n == n and not b.log.exists(), "--resume takes over what was followed", b.said("connect"))
    ok(doc2 == doc, "… and gives the same report")
    cut = [x for x in stream.read_text().splitlines(True) if "web.corp" not in x and '"type":"targets"' not in x]
    stream.write_text("".join(cut[:2]))
    r, doc2 = b.scan(text, "--follow", "endpoints", "--resume", stream)
    ok(b.said("name") == ["web.corp"] and doc2 == doc, "… and asks the rest", b.said("name"))


def interrupt(b):
    silent = Relay()
    (b.tmp / "m.yaml").write_text(workload() + lb("a", silent.port) + lb("b", silent.port, "127.0.0.2"))
    report = b.tmp / "cut.json"
    p = subprocess.Popen([PQMAP, "scan", "m.yaml", "--follow", "endpoints", "--timeout", "60", "-o", f"json={report}"], cwd=b.tmp,
                         env={**os.environ, **b.env()}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for _ in range(200):
        if silent.n:
            break
        time.sleep(0.05)
    p.send_signal(signal.SIGINT)
    p.communicate(timeout=20)
    doc = json.loads(report.read_bytes()) if report.exists() else None
    ok(p.returncode == 130 and doc is not None and len(doc["objects"]) == 3 and len(followed(doc)) == 2,
       "Ctrl-C keeps what was read, and says what was not asked", p.returncode)
    t0 = time.time()
    r, doc = b.scan(None, "--follow", "endpoints", "--timeout", "60", "--time-budget", "1")
    ok(r.returncode == 0 and time.time() - t0 < 10 and doc is not None, "--time-budget holds for what is followed", time.time() - t0)


# ---- images ----

def image(files):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as t:
        for name, data in files.items():
            i = tarfile.TarInfo(name)
            i.size = len(data)
            t.addfile(i, io.BytesIO(data))
    layer = gzip.compress(raw.getvalue(), mtime=0)

    def digest(data):
        return "sha256:" + hashlib.sha256(data).hexdigest()
    config = json.dumps({"architecture": "amd64", "os": "linux",
                         "rootfs": {"type": "layers", "diff_ids": [digest(raw.getvalue())]}}).encode()
    what = "application/vnd.oci.image."
    manifest = json.dumps({"schemaVersion": 2, "mediaType": what + "manifest.v1+json",
                           "config": {"mediaType": what + "config.v1+json", "digest": digest(config), "size": len(config)},
                           "layers": [{"mediaType": what + "layer.v1.tar+gzip", "digest": digest(layer),
                                       "size": len(layer)}]}).encode()
    return manifest, {digest(config): config, digest(layer): layer}


class Registry(http.server.BaseHTTPRequestHandler):
    manifest, blobs, asked = b"", {}, []

    def do_GET(self):
        self.asked.append(self.path)
        parts = self.path.split("/")
        body = b"{}" if self.path == "/v2/" else self.manifest if "manifests" in parts and "gone" not in parts else \
            self.blobs.get(parts[-1])
        self.send_response(200 if body is not None else 404)
        self.send_header("Content-Length", str(len(body or b"")))
        self.send_header("Content-Type", "application/vnd.oci.image.manifest.v1+json" if "manifests" in parts
                         else "application/octet-stream")
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *args):
        pass


def images(b):
    library = next((p for p in map(pathlib.Path, ("/usr/lib/x86_64-linux-gnu/libssl.so.3", "/lib64/libssl.so.3"))
                    if p.exists()), None)
    files = {"etc/ssl/server.pem": (b.tmp / "c.pem").read_bytes()}
    if library is not None:
        files["usr/lib/libssl.so.3"] = library.read_bytes()
    Registry.manifest, Registry.blobs = image(files)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    at = f"127.0.0.1:{server.server_port}"
    text = workload().replace("vllm/vllm-openai:v0.6", f"{at}/vllm/vllm-openai:v1") + "---\n" + \
        workload().replace("name: llm", "name: two").replace("vllm/vllm-openai:v0.6", f"{at}/vllm/vllm-openai:v1") + "---\n" + \
        workload().replace("name: llm", "name: three").replace("vllm/vllm-openai:v0.6", f"{at}/gone/x:v1")
    r, doc = b.scan(text, "--follow", "endpoints")
    ok(r.returncode == 0 and not Registry.asked and not b.log.exists(), "images are not read unless --follow images", b.said("connect"))
    r, doc = b.scan(text, "--follow", "images", "--dry-run")
    ok(f"registry:{at}/vllm/vllm-openai:v1  spec.template.spec.containers[0].image of ai/Deployment/llm  m.yaml:9"
       in out(r).splitlines() and not Registry.asked, "--dry-run lists them", out(r))
    name = f"registry:{at}/vllm/vllm-openai:v1"
    r, doc = b.scan(text, "--follow", "images", "--insecure-registry", at)
    ok(r.returncode == 0 and set(followed(doc)) == {name, f"registry:{at}/gone/x:v1"} and not b.said("left"),
       "each image once; one that is not there is coverage", (r.returncode, err(r), sorted(followed(doc))))
    ok(sum("/blobs/" in x for x in Registry.asked) == 2, "… and read once", Registry.asked)
    ok(any(o["path"].startswith(name + " › ") and o["path"].endswith("/etc/ssl/server.pem") for f in doc["findings"]
           if f["rule"] == "cert.x509" for o in f["occurrences"]), "what is in it is found")
    edges = [(e["from"], e["rel"], e["to"]) for e in doc["graph"]["edges"]]
    ok(("ai/Deployment/llm", "runs", f"{at}/vllm/vllm-openai:v1") in edges
       and ("ai/Deployment/two", "runs", f"{at}/vllm/vllm-openai:v1") in edges, "workloads run it", edges)
    if library is not None:
        ok((f"{at}/vllm/vllm-openai:v1", "contains", f"{at}/vllm/vllm-openai:v1#libcrypto.so.3") in edges,
           "… and it contains libraries", edges)
    _, doc2 = b.scan(text, "--follow", "images", "--insecure-registry", at, "-j", "1")
    ok(doc2 == doc, "the same report again")
    r, _ = b.scan(text, "--follow", "images", "--insecure-registry", at, "--fail-on-incomplete")
    ok(r.returncode == 3, "--fail-on-incomplete: the missing one makes it 3")
    Registry.asked.clear()
    r, doc = b.scan(text, "--follow", "images", "--insecure-registry", at, "--deny", "127.0.0.1")
    ok(not Registry.asked and sum("the deny list forbids its registry" in x for x in left(doc)) == 2, "--deny holds for registries",
       (Registry.asked, left(doc)))
    named = text.replace("127.0.0.1:", "gw.corp:")
    r, doc = b.scan(named, "--follow", "images", "--insecure-registry", at.replace("127.0.0.1", "gw.corp"), "--deny", "127.0.0.0/8")
    ok(not Registry.asked and not b.said("connect") and any("the deny list forbids" in n["words"] for n in doc["coverage"]["notes"]),
       "… and for what their names lead to", (Registry.asked, b.said("connect"), doc["coverage"]["notes"]))
    r, doc = b.scan(named, "--follow", "images", "--insecure-registry", at.replace("127.0.0.1", "gw.corp"), "--deny", "10.0.0.0/8")
    ok(Registry.asked and followed(doc), "… and for nothing else", doc["coverage"]["notes"])
    r, doc = b.scan(text, "--follow", "images", "--insecure-registry", at, name)
    ok(set(followed(doc)) == {f"registry:{at}/gone/x:v1"}, "an image that the user names is not followed as well", followed(doc))
    server.shutdown()


# ---- a live cluster ----

def live(b, pki, port):
    c = Cluster()
    c.add("apps", "deployments", {"metadata": {"name": "llm", "namespace": "ai"}, "spec": {"template": {
        "metadata": {"labels": {"app": "llm"}}, "spec": {"containers": [{"name": "v", "image": "vllm/vllm-openai:v0.6"}]}}}})
    c.add("", "services", {"metadata": {"name": "llm", "namespace": "ai"}, "spec": {
        "selector": {"app": "llm"}, "clusterIP": "10.96.0.7", "ports": [{"name": "https", "port": port}, {"name": "b", "port": 9}]}})
    c.add("", "services", {"metadata": {"name": "gone", "namespace": "ai"}, "spec": {
        "clusterIP": "10.96.0.8", "ports": [{"name": "https", "port": 443}, {"name": "tls", "port": 8443}]}})
    c.add("networking.k8s.io", "ingresses", {"metadata": {"name": "web", "namespace": "ai"}, "spec": {
        "tls": [{"hosts": ["web.corp"], "secretName": "s"}], "rules": [{"host": "web.corp", "http": {"paths": [
            {"path": "/", "backend": {"service": {"name": "llm", "port": {"number": port}}}}]}}]}})
    c.seal()
    with Mock(c, pki, {"tok": "sa"}, port=free_port()) as m:
        account = b.tmp / "account"
        account.mkdir()
        (account / "token").write_text("tok")
        (account / "ca.crt").write_bytes((pki / "ca.crt").read_bytes())
        (account / "namespace").write_text("pqmap")
        inside = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(m.port),
                  "PQMAP_SERVICE_ACCOUNT": str(account), "KUBECONFIG": str(b.tmp / "none")}
        api = f"127.0.0.1:{m.port}"
        r, doc = b.scan(None, target="cluster:in-cluster", env=inside)
        ok(r.returncode == 0 and set(b.said("connect")) == {api} and not followed(doc),
           "a cluster alone: only the API server is contacted", (err(r), b.said("connect"), b.said("name")))
        r, doc = b.scan(None, "--follow", "endpoints", "--timeout", "2", target="cluster:in-cluster", env=inside)
        f = followed(doc)
        ok(set(f) == {f"tls:llm.ai.svc:{port}", "auto:llm.ai.svc:9", "tls:gone.ai.svc:443", "tls:gone.ai.svc:8443",
                      "tls:web.corp:443"}, "inside the cluster, Services by name and its edges", sorted(f))
        ok(f[f"tls:llm.ai.svc:{port}"]["object"] == "ai/Service/llm"
           and f[f"tls:llm.ai.svc:{port}"]["path"] == "cluster:in-cluster/api/v1/namespaces/ai/services/llm",
           "… with the object's URL", f)
        ok(sum("gone.ai.svc" in n["path"] for n in doc["coverage"]["notes"]) == 1 and not b.said("left"),
           "a Service whose name does not resolve is one line; cluster addresses are not asked", doc["coverage"]["notes"])
        ok(any(h["label"].startswith("llm") and "(measured)" in h["label"] for h in hops(doc)), "the Service's hop is measured",
           [h["label"] for h in hops(doc)])
        cfg = kubeconfig(b.tmp / "out.json", m.url, {"token": "tok"},
                         {"certificate-authority-data": base64.b64encode((pki / "ca.crt").read_bytes()).decode()})
        r, doc = b.scan(None, "--follow", "endpoints", target="cluster:", env={"KUBECONFIG": str(cfg)})
        ok(set(followed(doc)) == {"tls:web.corp:443"} and set(b.said("name")) == {"web.corp"}
           and any(x.startswith("names inside the cluster: 4") for x in left(doc)),
           "from outside, names of Services are neither looked up nor asked", (sorted(followed(doc)), b.said("name"), left(doc)))
        r, doc = b.scan(None, "--follow", "endpoints", "--dry-run", target="cluster:", env={"KUBECONFIG": str(cfg)})
        ok(r.returncode == 0 and set(b.said("connect")) == {api} and "is known when it was read" in err(r),
           "--dry-run of a cluster says that the list is not known yet", err(r))


def setup():
    plain, both = out(run("init", "kubernetes")), out(run("init", "kubernetes", "--follow", "endpoints,images"))
    ok("--follow" not in plain and "port: 53" not in plain and "namespaceSelector" not in plain,
       "init kubernetes: without --follow nothing more is let out")
    ok('"--follow", "endpoints,images"' in both and "port: 53" in both and "10.0.0.0/8" in both and "0.0.0.0/0" not in both,
       "with it the CronJob passes it on, and the policy lets out DNS, the cluster and registries")
    wide = out(run("init", "kubernetes", "--follow", "endpoints", "--follow-external"))
    ok('"--follow-external"' in wide and "0.0.0.0/0" in wide, "--follow-external opens the policy")
    images = out(run("init", "kubernetes", "--follow", "images"))
    ok("10.0.0.0/8" not in images and '"--follow", "images"' in images, "images alone: no endpoints")
    ok(run("init", "kubernetes", "--follow", "x").returncode == 2, "init kubernetes --follow x: refused")


def main():
    cc = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if cc is None or shutil.which("openssl") is None:
        skip("no C compiler or no openssl")
        return
    with tmpdir() as d:
        tmp = pathlib.Path(d)
        shim = tmp / "shim.so"
        subprocess.run([cc, "-O1", "-shared", "-fPIC", "-o", shim, REPO / "tests/cli/follow_shim.c", "-ldl"], check=True)
        server, up = tls_server(tmp)
        relay = Relay(up)
        b = Bench(tmp, shim, relay)
        try:
            text, doc = consent(b, relay.port)
            same(b, text, doc)
            named_wins(b, text, relay.port)
            kinds(b, relay.port)
            outbound(b, relay.port)
            forbidden(b, relay.port)
            unresolved(b)
            usage(b)
            limits(b)
            resume(b, relay.port)
            interrupt(b)
            images(b)
            pki = tmp / "pki"
            pki.mkdir()
            make_pki(pki)
            live(b, pki, relay.port)
            setup()
        finally:
            server.terminate()  # `timeout` passes this on, and not a kill
            server.wait()


main()
done()
