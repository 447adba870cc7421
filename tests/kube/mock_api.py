#!/usr/bin/env python3
"""An API server of our own on loopback, as far as a reader needs one: discovery (aggregated and old), LIST with limit and
continue, field selectors of Secrets, PartialObjectMetadataList, gzip, tokens and client certificates over TLS, RBAC, and
faults on request: 410 with and without a token to go on, 429, 500, resets, cut bodies, slow ones.

By hand: mock_api.py --objects 100000 --kubeconfig FILE [--faults 0.05] [--legacy]; then kubectl --kubeconfig FILE get deploy -A
"""
import argparse
import base64
import gzip
import hashlib
import http.server
import json
import os
import pathlib
import random
import re
import socket
import socketserver
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import urllib.parse

KINDS = [line.split() for line in (pathlib.Path(__file__).parent / "kinds.txt").read_text().splitlines()
         if not line.startswith("#")]


class Resource:
    def __init__(self, group, version, kind, plural, namespaced):
        self.group = "" if group == "core" else group
        self.version, self.kind, self.plural, self.namespaced = version, kind, plural, namespaced == "ns"
        self.objects = []  # (namespace, name, JSON bytes, type of a Secret)

    @property
    def api_version(self):
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def key(self):
        return (self.group, self.plural)


class Cluster:
    def __init__(self, kinds=None):
        self.resources = {}
        for k in kinds or KINDS:
            r = Resource(*k)
            self.resources[r.key] = r

    def add(self, group, plural, obj):
        """With uid and managedFields, as a server adds them; kind and apiVersion are the list's."""
        r = self.resources[(group, plural)]
        meta = obj.setdefault("metadata", {})
        ns, name = meta.get("namespace", ""), meta["name"]
        digest = hashlib.sha256(f"{group}/{plural}/{ns}/{name}".encode()).hexdigest()
        meta.setdefault("uid", f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}")
        meta.setdefault("managedFields", [{"manager": "kubectl", "operation": "Update", "fieldsType": "FieldsV1",
                                           "fieldsV1": {"f:metadata": {"f:labels": {}}, "f:spec": {"f:x": {}}}}])
        body = {k: v for k, v in obj.items() if k not in ("apiVersion", "kind")}
        r.objects.append((ns, name, json.dumps(body, separators=(",", ":")).encode(), obj.get("type", "")))
        return meta["uid"]

    def seal(self):
        for r in self.resources.values():
            r.objects.sort(key=lambda o: (o[0], o[1]))

    def count(self):
        return sum(len(r.objects) for r in self.resources.values())


def everyone(user, verb, group, resource, namespace):
    return True


class Faults:
    """A fault a list request with the given rate, by a seeded generator; `kinds` is which."""

    def __init__(self, rate=0.0, kinds=("gone", "busy", "error", "reset", "cut", "slow"), seed=5):
        self.rate, self.kinds, self.random = rate, kinds, random.Random(seed)
        self.lock, self.count, self.once = threading.Lock(), {}, []

    def draw(self):
        with self.lock:
            kind = self.once.pop(0) if self.once else \
                self.random.choice(self.kinds) if self.random.random() < self.rate else None
            if kind:
                self.count[kind] = self.count.get(kind, 0) + 1
            return kind


def groups_of(cluster, which):
    groups = {}
    for r in cluster.resources.values():
        if (r.group == "") == (which == "api"):
            groups.setdefault(r.group, {}).setdefault(r.version, []).append(r)
    return groups


def aggregated(cluster, which, v):
    items = [{"metadata": {"name": g} if g else {}, "versions": [
        {"version": version, "freshness": "Current", "resources": [
            {"resource": r.plural, "responseKind": {"group": g, "version": version, "kind": r.kind},
             "scope": "Namespaced" if r.namespaced else "Cluster", "singularResource": r.kind.lower(),
             "verbs": ["get", "list", "watch"]} for r in rs]} for version, rs in versions.items()]}
        for g, versions in groups_of(cluster, which).items()]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": f"apidiscovery.k8s.io/{v}", "metadata": {}, "items": items}


def aggregated_type(v):
    return f"application/json;g=apidiscovery.k8s.io;v={v};as=APIGroupDiscoveryList"


def continue_token(start, version):
    return base64.urlsafe_b64encode(json.dumps({"v": "meta.k8s.io/v1", "rv": version, "start": start}).encode()).decode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "mock"
    timeout = 60

    def log_message(self, *args):
        pass

    def user(self):
        s = self.server.mock
        cert = getattr(self.connection, "getpeercert", dict)() or {}
        for rdn in cert.get("subject", ()):
            for key, value in rdn:
                if key == "commonName":
                    return value
        auth = self.headers.get("Authorization", "")
        if auth.startswith("Bearer "):
            return s.tokens.get(auth[7:])
        if auth.startswith("Basic "):
            return s.passwords.get(base64.b64decode(auth[6:]).decode())
        return None

    def send(self, status, body, headers=(), content_type="application/json", pack=True):
        if pack and len(body) > 1024 and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, 1)
            headers = (*headers, ("Content-Encoding", "gzip"))
            self.server.mock.n_packed += 1
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        return body

    def answer(self, status, value, headers=(), **kw):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.wfile.write(self.send(status, body, headers, **kw))

    def status(self, code, reason, message, headers=(), **meta):
        self.answer(code, {"kind": "Status", "apiVersion": "v1", "metadata": meta, "status": "Failure",
                           "message": message, "reason": reason, "code": code}, headers)

    def not_found(self):
        return self.status(404, "NotFound", "the server could not find the requested resource")

    def do_GET(self):
        s = self.server.mock
        url = urllib.parse.urlsplit(self.path)
        query = {k: v[0] for k, v in urllib.parse.parse_qs(url.query).items()}
        user = self.user()
        impersonated = self.headers.get("Impersonate-User")
        s.log(self.path, user, dict(self.headers))
        if user is None:
            return self.status(401, "Unauthorized", "Unauthorized")
        if impersonated:
            user = impersonated
        path = url.path[len(s.prefix):] if url.path.startswith(s.prefix) else url.path
        parts = path.strip("/").split("/")
        if path in ("/api", "/apis"):
            return self.discovery(parts[0])
        if path == "/version":
            return self.answer(200, {"major": "1", "minor": "32", "gitVersion": "v1.32.0"})
        if parts[0] == "api" and len(parts) >= 2:
            group, version, rest = "", parts[1], parts[2:]
        elif parts[0] == "apis" and len(parts) >= 3:
            group, version, rest = parts[1], parts[2], parts[3:]
        elif parts[0] == "apis" and len(parts) == 2:
            return self.group(parts[1])
        else:
            return self.not_found()
        if not rest:
            return self.resource_list(group, version)
        namespace = ""
        if rest[0] == "namespaces" and len(rest) > 1:
            if len(rest) == 2:
                return self.one_namespace(user, rest[1])
            namespace, rest = rest[1], rest[2:]
        r = s.cluster.resources.get((group, rest[0]))
        if r is None or r.version != version or len(rest) != 1:
            return self.not_found()
        if not s.may(user, "list", group, r.plural, namespace):
            return self.status(403, "Forbidden", f'{r.plural} is forbidden: User "{user}" cannot list')
        return self.list(r, namespace, query)

    # ---- discovery ----

    def discovery(self, which):
        s = self.server.mock
        accept = self.headers.get("Accept", "")
        if not s.legacy and "as=APIGroupDiscoveryList" in accept:
            v = "v2" if "v=v2;" in accept else "v2beta1"
            return self.answer(200, aggregated(s.cluster, which, v), content_type=aggregated_type(v))
        groups = groups_of(s.cluster, which)
        if which == "api":
            return self.answer(200, {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
        return self.answer(200, {"kind": "APIGroupList", "apiVersion": "v1",
                                 "groups": [self.group_of(g, versions) for g, versions in groups.items()]})

    @staticmethod
    def group_of(g, versions):
        vs = [{"groupVersion": f"{g}/{v}", "version": v} for v in versions]
        return {"name": g, "versions": vs, "preferredVersion": vs[0]}

    def group(self, name):
        versions = {r.version for r in self.server.mock.cluster.resources.values() if r.group == name}
        if not versions:
            return self.not_found()
        return self.answer(200, {"kind": "APIGroup", "apiVersion": "v1", **self.group_of(name, sorted(versions))})

    def resource_list(self, group, version):
        s = self.server.mock
        if (group, version) in s.broken_groups:
            return self.status(503, "ServiceUnavailable", "the server is currently unable to handle the request")
        rs = [r for r in s.cluster.resources.values() if (r.group, r.version) == (group, version)]
        if not rs:
            return self.not_found()
        gv = f"{group}/{version}" if group else version
        return self.answer(200, {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": gv, "resources": [
            {"name": r.plural, "singularName": r.kind.lower(), "namespaced": r.namespaced, "kind": r.kind,
             "verbs": ["get", "list", "watch"]} for r in rs] + [
            {"name": r.plural + "/status", "singularName": "", "namespaced": r.namespaced, "kind": r.kind,
             "verbs": ["get", "patch"]} for r in rs]})

    # ---- objects ----

    def one_namespace(self, user, name):
        s = self.server.mock
        if not s.may(user, "get", "", "namespaces", name):
            return self.status(403, "Forbidden", "namespaces is forbidden")
        for _, n, body, _ in s.cluster.resources[("", "namespaces")].objects:
            if n == name:
                return self.answer(200, b'{"kind":"Namespace","apiVersion":"v1",' + body[1:])
        return self.not_found()

    def list(self, r, namespace, query):
        s = self.server.mock
        objects = r.objects
        if namespace:
            objects = [o for o in objects if o[0] == namespace]
        selector = query.get("fieldSelector", "")
        if selector.startswith("type!="):
            objects = [o for o in objects if o[3] != selector[6:]]
        elif selector.startswith("type="):
            objects = [o for o in objects if o[3] == selector[5:]]
        elif selector:
            return self.status(400, "BadRequest", "field label not supported")
        start, limit = 0, int(query.get("limit", "0")) or len(objects)
        if "continue" in query:
            try:
                start = json.loads(base64.urlsafe_b64decode(query["continue"]))["start"]
            except (ValueError, KeyError):
                return self.status(400, "BadRequest", "continue key is not valid")
        fault = s.faults.draw()
        if fault in ("gone", "gone-bare") and start == 0:
            fault = "error"  # nothing that could have expired
        if fault == "gone":
            return self.status(410, "Expired", "The provided continue parameter is too old", **{"continue": continue_token(start, -1)})
        if fault == "gone-bare":
            return self.status(410, "Expired", "too old resource version")
        if fault == "busy":
            return self.status(429, "TooManyRequests", "slow down", [("Retry-After", s.retry_after)])
        if fault == "error":
            return self.status(500, "InternalError", "etcdserver: leader changed")
        page = objects[start:start + limit]
        if "as=PartialObjectMetadataList" in self.headers.get("Accept", ""):
            head = b'{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":'
            page = [json.dumps({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                                "metadata": json.loads(o[2])["metadata"]}).encode() for o in page]
        else:
            head = f'{{"kind":"{r.kind}List","apiVersion":"{r.api_version}","metadata":'.encode()
            page = [o[2] for o in page]
        meta = {"resourceVersion": "1000"}
        if start + limit < len(objects):
            meta["continue"] = continue_token(start + limit, 1000)
            meta["remainingItemCount"] = len(objects) - start - limit
        body = head + json.dumps(meta).encode() + b',"items":[' + b",".join(page) + b"]}\n"
        if fault in ("reset", "cut"):
            packed = self.send(200, body, pack=False)
            self.wfile.write(packed[:len(packed) // 2])
            self.wfile.flush()
            self.close_connection = True
            if fault == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.server.drop(self.connection)
            return None
        if fault == "slow":
            packed = self.send(200, body)
            step = max(1, len(packed) // 5)
            for i in range(0, len(packed), step):
                self.wfile.write(packed[i:i + step])
                self.wfile.flush()
                time.sleep(s.slow_s / 5)
            return None
        s.n_lists += 1
        return self.answer(200, body, pack=s.packs)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # resets are meant

    def drop(self, connection):
        raw = socket.socket(fileno=os.dup(connection.fileno()))
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        raw.close()

    def shutdown_request(self, request):
        try:
            super().shutdown_request(request)
        except OSError:
            pass

    def get_request(self):
        sock, address = super().get_request()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.mock.context is None:
            return sock, address
        sock.settimeout(30)
        return self.mock.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False), address


class Mock:
    def __init__(self, cluster, pki=None, tokens=None, faults=None, may=everyone, legacy=False, port=0, packs=True):
        cluster.seal()
        self.cluster, self.tokens, self.may, self.legacy = cluster, tokens or {}, may, legacy
        self.faults = faults or Faults()
        self.passwords, self.broken_groups, self.prefix = {}, set(), ""
        self.retry_after, self.slow_s, self.packs = "1", 1.0, packs
        self.requests, self.n_lists, self.n_packed, self.lock = [], 0, 0, threading.Lock()
        self.context = None
        if pki is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(pki / "server.crt", pki / "server.key")
            self.context.load_verify_locations(pki / "ca.crt")
            self.context.verify_mode = ssl.CERT_OPTIONAL
        self.server = Server(("127.0.0.1", port), Handler)
        self.server.mock = self
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True, kwargs={"poll_interval": 0.05})

    def log(self, path, user, headers):
        with self.lock:
            self.requests.append((path, user, headers))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}{self.prefix}"


def free_port(first=24300, last=24399):
    """One of the range, which is ours on a machine that others use too; where to begin differs by process."""
    n = last + 1 - first
    for i in range(n):
        port = first + (os.getpid() + i) % n
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    return 0


def make_pki(folder):
    folder = pathlib.Path(folder)

    def sh(*argv):
        subprocess.run(["openssl", *map(str, argv)], check=True, capture_output=True)

    sh("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=mock CA", "-days", "30",
       "-keyout", folder / "ca.key", "-out", folder / "ca.crt")
    for name, subject, ext in (("server", "/CN=mock", "subjectAltName=IP:127.0.0.1,DNS:api.test"),
                               ("client", "/O=readers/CN=cert-user", "extendedKeyUsage=clientAuth")):
        sh("req", "-newkey", "rsa:2048", "-nodes", "-subj", subject, "-keyout", folder / f"{name}.key",
           "-out", folder / f"{name}.csr")
        (folder / "ext").write_text(ext + "\n")
        sh("x509", "-req", "-in", folder / f"{name}.csr", "-CA", folder / "ca.crt", "-CAkey", folder / "ca.key",
           "-CAcreateserial", "-days", "30", "-extfile", folder / "ext", "-out", folder / f"{name}.crt")
    return folder


def kubeconfig(path, server, user, cluster=None, context="test", **more):
    """YAML is JSON too."""
    path = pathlib.Path(path)
    path.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": context,
        "clusters": [{"name": "c", "cluster": {"server": server, **(cluster or {})}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": context, "context": {"cluster": "c", "user": "u", **more}}]}))
    return path


def fill(cluster, n, size=2000, namespaces=20):
    """n Deployments of about `size` bytes, with what servers add; the digest of their names."""
    padding = "x" * max(0, size - 900)
    for i in range(n):
        cluster.add("apps", "deployments", {
            "metadata": {"name": f"app-{i:07d}", "namespace": f"ns-{i % namespaces:03d}", "labels": {"app": f"app-{i:07d}"},
                         "annotations": {"note": padding}},
            "spec": {"replicas": 2, "selector": {"matchLabels": {"app": f"app-{i:07d}"}}, "template": {
                "metadata": {"labels": {"app": f"app-{i:07d}"}},
                "spec": {"serviceAccountName": "default", "containers": [{
                    "name": "main", "image": f"registry.example/app:{i % 50}", "ports": [{"containerPort": 8080}],
                    "env": [{"name": "MODE", "value": "prod"}]}]}}},
            "status": {"replicas": 2, "readyReplicas": 2}})


def fill_from(cluster, lines):
    """The objects of a list as gen_cluster.py --form compact prints it; kinds that the table has not are left out."""
    plural = {}
    for r in cluster.resources.values():
        plural[(r.group, r.kind)] = r
    for o in json.loads("".join(lines))["items"]:
        group, _, version = o["apiVersion"].rpartition("/")
        r = plural.get((group, o["kind"]))
        if r is not None and r.version == version:
            cluster.add(group, r.plural, o)


def render(cluster, folder, limit=500):
    """One file for each answer that serve.c sends: head and all. Continue tokens are numbers. The bytes of all bodies."""
    folder = pathlib.Path(folder)
    cluster.seal()
    total = 0

    def put(name, body, content_type="application/json"):
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        (folder / name).write_bytes(head + body)
        return len(body)

    for which in ("api", "apis"):
        put(f"_{which}.0", json.dumps(aggregated(cluster, which, "v2")).encode(), aggregated_type("v2"))
    for r in cluster.resources.values():
        base = (f"_apis_{r.group}" if r.group else "_api") + f"_{r.version}_{r.plural}"
        n = max(1, -(-len(r.objects) // limit))
        for i in range(n):
            meta = {"resourceVersion": "1000", **({"continue": str(i + 1)} if i + 1 < n else {})}
            total += put(f"{base}.{i}", b'{"kind":"%sList","apiVersion":"%s","metadata":%s,"items":[%s]}\n' % (
                r.kind.encode(), r.api_version.encode(), json.dumps(meta).encode(),
                b",".join(o[2] for o in r.objects[i * limit:(i + 1) * limit])))
    return total


def rules_of(text):
    """RBAC of a manifest as `pqmap init` writes it: {namespace or "": {(group, resource): verbs}}."""
    out = {}
    for doc in re.split(r"(?m)^---$", text):
        if not re.search(r"(?m)^kind: (Cluster)?Role$", doc):
            continue
        ns = re.search(r"(?m)^  namespace: (\S+)$", doc)
        where = ns.group(1) if ns and "kind: ClusterRole" not in doc else ""
        for g, rs, vs in re.findall(r"- apiGroups: \[(.*?)\]\n    resources: \[(.*?)\]\n    verbs: \[(.*?)\]", doc, re.S):
            for group in re.findall(r'"([^"]*)"', g):
                for res in re.findall(r'"([^"]*)"', rs):
                    out.setdefault(where, {}).setdefault((group, res), set()).update(re.findall(r'"([^"]*)"', vs))
    return out


def rbac(rules):
    """The authorizer of those rules, and of nothing else."""
    def may(user, verb, group, resource, namespace):
        for where in ("", namespace):
            if verb in rules.get(where, {}).get((group, resource), ()):
                return True
        return False
    return may


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--objects", type=int, default=1000)
    p.add_argument("--bytes", type=int, default=2000)
    p.add_argument("--faults", type=float, default=0)
    p.add_argument("--legacy", action="store_true")
    p.add_argument("--plain-bytes", action="store_true", help="never gzip")
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--kubeconfig")
    p.add_argument("--list", help="objects of this file, made by gen_cluster.py --form compact, not --objects of our own")
    p.add_argument("--render", metavar="DIR", help="write the pages for serve.c and end")
    a = p.parse_args()
    if a.render:
        cluster = Cluster()
        if a.list:
            fill_from(cluster, open(a.list, encoding="utf-8"))
        else:
            fill(cluster, a.objects, a.bytes)
        print(f"{cluster.count()} objects, {render(cluster, a.render)} bytes")
        return
    if a.kubeconfig is None:
        p.error("--kubeconfig FILE or --render DIR")
    with tempfile.TemporaryDirectory() as tmp:
        pki = make_pki(tmp)
        cluster = Cluster()
        fill(cluster, a.objects, a.bytes)
        with Mock(cluster, pki, {"mock-token": "reader"}, Faults(a.faults), legacy=a.legacy,
                  port=a.port or free_port(), packs=not a.plain_bytes) as m:
            kubeconfig(a.kubeconfig, m.url, {"token": "mock-token"},
                       {"certificate-authority-data": base64.b64encode((pki / "ca.crt").read_bytes()).decode()})
            size = sum(len(o[2]) for o in cluster.resources[("apps", "deployments")].objects)
            print(f"{m.url}: {cluster.count()} objects, {size / 1e6:.0f} MB", flush=True)
            try:
                while True:
                    time.sleep(1)
            except KeyboardInterrupt:
                print(m.faults.count)


if __name__ == "__main__":
    main()
