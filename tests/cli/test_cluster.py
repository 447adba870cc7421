#!/usr/bin/env python3
"""Live clusters against an API server of our own: every way in, every fault, every right, and no secret in any output."""
import base64
import gzip
import hashlib
import http.server
import json
import os
import pathlib
import re
import socket
import stat
import subprocess
import sys
import threading
import time

from kit import REPO, done, err, ok, out, run, skip, tmpdir

sys.path.insert(0, str(REPO / "tests/kube"))
import mock_api  # noqa: E402
from mock_api import KINDS, Cluster, Faults, Mock, free_port, kubeconfig, make_pki  # noqa: E402

TOKEN = "tok-3f9c1e-never-shown"
PASSWORD = "pw-71ab-never-shown"
SECRET_VALUE = "db-password-never-shown"
said = []  # everything that any run printed or wrote


def scan(tmp, config, *args, env=None, target="cluster:", timeout=120, want_json=True):
    """Runs a scan; the report is read back."""
    report = tmp / "report.json"
    report.unlink(missing_ok=True)
    argv = ["scan", target, *args, *(["-o", f"json={report}", "-o", f"csv={tmp / 'report.csv'}"] if want_json else [])]
    r = run(*argv, env={"KUBECONFIG": str(config), "HOME": str(tmp), "no_proxy": "", "https_proxy": "", "HTTPS_PROXY": "",
                        "KUBERNETES_SERVICE_HOST": "", **(env or {})}, timeout=timeout, cwd=tmp)
    said.extend([r.stdout, r.stderr])
    doc = None
    if report.exists():
        said.append(report.read_bytes())
        said.append((tmp / "report.csv").read_bytes())
        doc = json.loads(report.read_bytes())
    return r, doc


def paths(doc):
    return {o["path"] for o in doc["objects"]}


def notes(doc, reason):
    return {n["path"]: n.get("words", "") for n in doc["coverage"]["notes"] if n["reason"] == reason}


def b64(data):
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


def small(pki):
    """A cluster with one of everything, and something to find."""
    c = Cluster()
    crt, key = (pki / "server.crt").read_text(), (pki / "server.key").read_text()
    for ns in ("web", "ai", "pqmap"):
        c.add("", "namespaces", {"metadata": {"name": ns, "labels": {"istio-injection": "enabled"}}})
    applied = json.dumps({"data": {"password": b64(SECRET_VALUE)}, "kind": "Secret"})
    c.add("", "secrets", {"metadata": {"name": "tls", "namespace": "web"}, "type": "kubernetes.io/tls",
                          "data": {"tls.crt": b64(crt), "tls.key": b64(key)}})
    c.add("", "secrets", {"metadata": {"name": "db", "namespace": "web", "annotations": {
        "kubectl.kubernetes.io/last-applied-configuration": applied}}, "type": "Opaque",
        "data": {"password": b64(SECRET_VALUE), "ca.crt": b64((pki / "ca.crt").read_text())}})
    c.add("", "secrets", {"metadata": {"name": "sh.helm.release.v1.x.v1", "namespace": "web"}, "type": "helm.sh/release.v1",
                          "data": {"release": b64(b64("not really a release"))}})
    c.add("", "configmaps", {"metadata": {"name": "nginx", "namespace": "web"}, "data": {
        "ssl-ecdh-curve": "X25519:P-256", "ca.crt": (pki / "ca.crt").read_text()}})
    deployment = c.add("apps", "deployments", {"metadata": {"name": "llm", "namespace": "ai"}, "spec": {"template": {
        "metadata": {"labels": {"app": "llm"}}, "spec": {"containers": [{
            "name": "v", "image": "vllm/vllm-openai:v0.6", "args": ["--model", "m"],
            "env": [{"name": "DB_PASSWORD", "value": SECRET_VALUE}]}]}}}})
    owner = [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "llm", "controller": True, "uid": deployment}]
    rs = c.add("apps", "replicasets", {"metadata": {"name": "llm-1", "namespace": "ai", "ownerReferences": owner},
                                       "spec": {"template": {"spec": {"containers": [{"name": "v", "image": "x"}]}}}})
    c.add("apps", "replicasets", {"metadata": {"name": "alone", "namespace": "ai"}, "spec": {}})
    set_of = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "llm-1", "controller": True, "uid": rs}
    for name, refs in (("llm-1-a", [set_of]),
                       ("llm-1-b", [{"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "n"}, set_of]),
                       ("orphan", [{"apiVersion": "x.example/v1", "kind": "Unknown", "name": "u", "controller": True, "uid": "not-in-the-list"}]),
                       ("bare", [])):
        c.add("", "pods", {"metadata": {"name": name, "namespace": "ai", "ownerReferences": refs},
                           "spec": {"containers": [{"name": "v", "image": "x"}]}})
    for group, version, kind, plural, namespaced in KINDS:
        if group + "/" + plural in ("core/secrets", "core/namespaces"):
            continue
        meta = {"name": f"x-{plural}", **({"namespace": "web"} if namespaced == "ns" else {})}
        spec = {"any": "thing"}
        if kind == "CustomResourceDefinition":  # of these only what converts versions is looked at
            spec = {"conversion": {"webhook": {"clientConfig": {"caBundle": b64((pki / "ca.crt").read_bytes())}}}}
        c.add("" if group == "core" else group, plural, {"metadata": meta, "spec": spec})
    return c


def in_cluster_env(tmp, m, pki, token=TOKEN):
    account = tmp / "account"
    account.mkdir(exist_ok=True)
    (account / "token").write_text(token + "\n")
    (account / "ca.crt").write_bytes((pki / "ca.crt").read_bytes())
    (account / "namespace").write_text("pqmap")
    return {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(m.port),
            "PQMAP_SERVICE_ACCOUNT": str(account), "KUBECONFIG": str(tmp / "none")}


def ca(pki):
    return {"certificate-authority-data": b64((pki / "ca.crt").read_bytes())}


def plugin(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


# ---- what is read ----

def reading(tmp, pki, m, config):
    r, doc = scan(tmp, config)
    ok(r.returncode == 0 and doc is not None, "a cluster is read", err(r))
    p = paths(doc)
    ok("cluster:test/apis/apps/v1/namespaces/ai/deployments/llm" in p and "cluster:test/api/v1/namespaces/web" in p
       and "cluster:test/apis/networking.k8s.io/v1/ingressclasses/x-ingressclasses" in p
       and "cluster:test/api/v1/namespaces/web/configmaps/nginx" in p, "objects have their URL as path", sorted(p)[:5])
    found = {(f["rule"], o["path"], o.get("object")) for f in doc["findings"] for o in f["occurrences"]}
    ok(any(x[0] == "k8s.hybrid-switched-off" and x[1].endswith("/configmaps/nginx") for x in found),
       "a setting is found, at its object", found)
    ok(any(x[1].endswith("/configmaps/nginx") and "ca.crt" in (x[2] or "") for x in found),
       "a certificate in a ConfigMap is found, at its key", found)
    ok(all("line" not in o and o.get("offset", 0) == 0 for f in doc["findings"] for o in f["occurrences"]),
       "there are no lines to go to")
    c = doc["coverage"]
    reads = set(mock_api.rules_of(out(run("init", "kubernetes")))[""])
    later = reads - set(m.cluster.resources)
    if later:
        print(f"note - kinds of the rules that the mock's table has not: {sorted(later)}")
    ok(c["seen"] == c["read"] == sum(len(x.objects) for x in m.cluster.resources.values()
                                     if x.key in reads),
       "every object that rules speak of is read once", c)
    ok(not any("/secrets/" in x for x in p) and not any(q[0].split("?")[0].endswith("/secrets") for q in m.requests),
       "Secrets are not even asked for by default")
    ok(not any("/events" in q[0] for q in m.requests), "kinds that no rule speaks of are not asked for")
    ok({"llm-1", "llm-1-a", "llm-1-b"}.isdisjoint(x.split("/")[-1] for x in p)
       and {"llm", "alone", "orphan", "bare"} <= {x.split("/")[-1] for x in p},
       "owned Pods and ReplicaSets are their owner; the others are themselves", [x for x in p if "/ai/" in x])
    ok([o.get("made") for o in doc["objects"] if o["path"].endswith("/deployments/llm")] == [3], "… which says for how many it stands")
    assets = doc["assessment"].get("assets", [])
    ok(any("llm" in json.dumps(a) for a in assets), "the model server is an AI asset", [a.get("name") for a in assets])
    again, doc2 = scan(tmp, config, "-j", "1")
    ok(json.dumps(doc) == json.dumps(doc2), "the same bytes again, with one thread")
    m.legacy = True
    _, doc2 = scan(tmp, config)
    m.legacy = False
    ok(paths(doc) == paths(doc2) and doc["findings"] == doc2["findings"], "old discovery gives the same", paths(doc) ^ paths(doc2))
    ok(m.n_packed > 0, "answers come packed")


def secrets(tmp, pki, m, config):
    def secret_paths(doc):
        return {x.split("/")[-1] for x in paths(doc) if "/secrets/" in x}

    def keys(doc):
        return {o["path"].split("/")[-1] for f in doc["findings"] for o in f["occurrences"] if "/secrets/" in o["path"]}

    _, doc = scan(tmp, config, "--secrets", "metadata")
    ok(secret_paths(doc) == {"tls", "db", "sh.helm.release.v1.x.v1"} and not keys(doc), "metadata: names, nothing inside",
       (secret_paths(doc), keys(doc)))
    ok(all("PartialObjectMetadataList" in h.get("Accept", "") for q, _, h in m.requests if q.split("?")[0].endswith("/secrets")),
       "metadata: only metadata is asked for")
    m.requests.clear()
    _, doc = scan(tmp, config, "--secrets", "tls")
    ok(secret_paths(doc) == {"tls"} and keys(doc) == {"tls"}, "tls: key and certificate of that type only", keys(doc))
    ok(all("fieldSelector=type%3Dkubernetes.io%2Ftls" in q for q, _, _ in m.requests if q.split("?")[0].endswith("/secrets")),
       "tls: the server filters")
    _, doc = scan(tmp, config, "--secrets", "all")
    ok(secret_paths(doc) == {"tls", "db"} and keys(doc) == {"tls", "db"}, "all: without Helm's releases", secret_paths(doc))
    _, doc = scan(tmp, config, "--secrets", "all", "--helm-releases")
    ok("sh.helm.release.v1.x.v1" in secret_paths(doc), "all --helm-releases: with them", secret_paths(doc))
    m.requests.clear()
    _, doc = scan(tmp, config, "--secrets", "tls=web")
    asked = {q.split("?")[0] for q, _, _ in m.requests if q.split("?")[0].endswith("/secrets")}
    ok(asked == {"/api/v1/namespaces/web/secrets"} and secret_paths(doc) == {"tls"}
       and any("deployments/llm" in x for x in paths(doc)), "tls=web: Secrets there, the rest everywhere", asked)
    m.requests.clear()
    _, doc = scan(tmp, config, "-n", "ai")
    asked = {q.split("?")[0] for q, _, _ in m.requests} - {"/api", "/apis"}
    ok(all("/namespaces/ai" in q for q in asked) and "cluster:test/api/v1/namespaces/ai" in paths(doc)
       and not any("/namespaces/web" in x for x in paths(doc)), "-n: that namespace, and what it says itself", asked)
    for bad in (("--secrets", "some"), ("-n", "UPPER"), ("-n", "a/../b"), ("--secrets", "tls=x y")):
        r, _ = scan(tmp, config, *bad)
        ok(r.returncode == 2, f"{' '.join(bad)}: refused", err(r))


# ---- ways in ----

def ways_in(tmp, pki, m):
    def works(words, config, **kw):
        r, doc = scan(tmp, config, **kw)
        ok(r.returncode == 0 and doc and doc["coverage"]["read"] > 0, words, err(r))
        return doc

    def fails(words, config, code=3, expect="", **kw):
        r, _ = scan(tmp, config, **kw)
        ok(r.returncode == code and expect in err(r), words, (r.returncode, err(r)))

    cfg = tmp / "way.json"
    (tmp / "token").write_text(TOKEN + "\n")
    works("token in a file, relative to the kubeconfig", kubeconfig(cfg, m.url, {"tokenFile": "token"}, ca(pki)))
    crt, key = (pki / "client.crt").read_bytes(), (pki / "client.key").read_bytes()
    m.requests.clear()
    works("client certificate inline", kubeconfig(cfg, m.url, {"client-certificate-data": b64(crt),
                                                              "client-key-data": b64(key)}, ca(pki)))
    ok({u for _, u, _ in m.requests} == {"cert-user"}, "the server saw the certificate's name", m.requests[:1])
    works("client certificate and CA by file", kubeconfig(cfg, m.url, {
        "client-certificate": str(pki / "client.crt"), "client-key": str(pki / "client.key")},
        {"certificate-authority": str(pki / "ca.crt")}))
    works("name and password", kubeconfig(cfg, m.url, {"username": "old", "password": PASSWORD}, ca(pki)))
    works("tls-server-name", kubeconfig(cfg, m.url, {"token": TOKEN}, {**ca(pki), "tls-server-name": "api.test"}))
    fails("a wrong tls-server-name", kubeconfig(cfg, m.url, {"token": TOKEN}, {**ca(pki), "tls-server-name": "other.test"}))
    m.requests.clear()
    works("impersonation", kubeconfig(cfg, m.url, {"token": TOKEN, "as": "someone", "as-groups": ["g1", "g2"]}, ca(pki)))
    ok(all(h.get("Impersonate-User") == "someone" for _, _, h in m.requests), "the server is told whom")
    fails("a CA that did not sign", kubeconfig(cfg, m.url, {"token": TOKEN}), expect="certificate")
    doc = works("insecure-skip-tls-verify", kubeconfig(cfg, m.url, {"token": TOKEN}, {"insecure-skip-tls-verify": True}))
    ok("insecure-skip-tls-verify" in json.dumps(notes(doc, "unverified")), "… and the report says so", doc["coverage"])
    fails("a wrong token", kubeconfig(cfg, m.url, {"token": "wrong-" + TOKEN}, ca(pki)), expect="401")
    fails("no user", kubeconfig(cfg, m.url, {}, ca(pki)), expect="401")
    fails("a context that is not there", cfg, target="cluster:nope", expect="no context nope")
    fails("a token over http", kubeconfig(cfg, f"http://127.0.0.1:{m.port}", {"token": TOKEN}), expect="in the clear")
    fails("a port where nothing answers", kubeconfig(cfg, f"https://127.0.0.1:{free_port()}", {"token": TOKEN}, ca(pki)))
    fails("a server with a user part", kubeconfig(cfg, f"https://a:{PASSWORD}@127.0.0.1:{m.port}", {"token": TOKEN}, ca(pki)))
    cfg.write_text("clusters: [ {name: c, " + TOKEN)
    fails("a broken kubeconfig", cfg, expect="is not a kubeconfig")
    fails("no kubeconfig at all", tmp / "none", expect="not inside a cluster")

    # Two files: the first that sets a thing wins.
    one, two = tmp / "one.json", tmp / "two.json"
    one.write_text(json.dumps({"current-context": "two", "users": [{"name": "u", "user": {"token": TOKEN}}]}))
    kubeconfig(two, m.url, {"token": "wrong"}, ca(pki), context="two")
    doc = works("a list of kubeconfigs", f"{one}:{tmp / 'missing'}:{two}")
    ok(any(x.startswith("cluster:two/") for x in paths(doc)), "… with the context of the first")
    home = tmp / ".kube"
    home.mkdir()
    kubeconfig(home / "config", m.url, {"token": TOKEN}, ca(pki), context="home")
    works("~/.kube/config", "")

    env = in_cluster_env(tmp, m, pki)
    doc = works("the account of a pod", env["KUBECONFIG"], env=env, target="cluster:in-cluster")
    ok(any(x.startswith("cluster:in-cluster/") for x in paths(doc)), "… has a name of its own")
    (home / "config").unlink()
    works("… which is taken when there is no kubeconfig", env["KUBECONFIG"], env=env)
    fails("an account without its token", env["KUBECONFIG"], env={**env, "PQMAP_SERVICE_ACCOUNT": str(tmp / "none")},
          target="cluster:in-cluster")


def plugins(tmp, pki, m):
    cfg = tmp / "exec.json"

    def config(command, version="v1", **more):
        return kubeconfig(cfg, m.url, {"exec": {
            "apiVersion": f"client.authentication.k8s.io/{version}", "command": str(command), "args": ["get-token", "a b", ""],
            "env": [{"name": "EXTRA", "value": "yes"}], "interactiveMode": "Never", **more}}, ca(pki))

    def cred(version="v1", **status):
        return json.dumps({"apiVersion": f"client.authentication.k8s.io/{version}", "kind": "ExecCredential", "status": status})

    good = plugin(tmp / "good", f'''[ "$#" = 3 ] && [ "$1" = get-token ] && [ "$2" = "a b" ] && [ -z "$3" ] || exit 9
[ "$EXTRA" = yes ] || exit 8
printf '%s' "$KUBERNETES_EXEC_INFO" > {tmp}/info
ls /proc/self/fd > {tmp}/fds
echo "noise {TOKEN}" >&2
printf '%s' '{cred(token=TOKEN)}'
''')
    r, doc = scan(tmp, config(good))
    ok(r.returncode == 0 and doc["coverage"]["read"] > 0, "exec plugin, v1", err(r))
    info = json.loads((tmp / "info").read_text())
    ok(info["kind"] == "ExecCredential" and "cluster" not in info["spec"] and info["spec"]["interactive"] is False,
       "… is told what it may know", info)
    ok(len((tmp / "fds").read_text().split()) <= 4, "… inherits no descriptor", (tmp / "fds").read_text())
    r, doc = scan(tmp, config("./good", provideClusterInfo=True))
    info = json.loads((tmp / "info").read_text())
    ok(r.returncode == 0 and info["spec"]["cluster"]["server"] == m.url
       and info["spec"]["cluster"]["certificate-authority-data"], "… relative, with the cluster when it asks", info)
    beta = plugin(tmp / "beta", f"printf '%s' '{cred('v1beta1', token=TOKEN)}'\n")
    r, doc = scan(tmp, config(beta, "v1beta1"))
    ok(r.returncode == 0, "exec plugin, v1beta1", err(r))
    pair = cred(clientCertificateData=(pki / "client.crt").read_text(), clientKeyData=(pki / "client.key").read_text())
    (tmp / "pair.json").write_text(pair)
    r, doc = scan(tmp, config(plugin(tmp / "pair", f"cat {tmp}/pair.json\n")))
    ok(r.returncode == 0, "exec plugin, certificate and key", err(r))
    stale = plugin(tmp / "stale", f'''n=$(cat {tmp}/n 2>/dev/null || echo 0); echo $((n + 1)) > {tmp}/n
if [ "$n" = 0 ]; then printf '%s' '{cred(token="expired-" + TOKEN)}'; else printf '%s' '{cred(token=TOKEN)}'; fi
''')
    r, doc = scan(tmp, config(stale))
    ok(r.returncode == 0 and (tmp / "n").read_text().strip() == "2", "a token that is refused is renewed once", err(r))
    marker = tmp / "shell-ran"
    for words, text, expect in (
            ("fails", f"echo {TOKEN}; exit 1", "failed"),
            ("prints no credential", f"echo {TOKEN}", "no ExecCredential"),
            ("prints another version", f"printf '%s' '{cred('v1beta1', token=TOKEN)}'", "another version"),
            ("prints nothing to use", f"printf '%s' '{cred()}'", "without token"),
            ("prints without end", "exec yes", "1.0 MiB")):
        r, _ = scan(tmp, config(plugin(tmp / "bad", text + "\n")))
        ok(r.returncode == 3 and expect in err(r), f"exec plugin that {words}", (r.returncode, err(r)))
    r, _ = scan(tmp, config(f"touch {marker}; true"))
    ok(r.returncode == 3 and not marker.exists(), "no shell runs it", err(r))
    r, _ = scan(tmp, config("no-such-plugin-here", installHint="install it so"))
    ok(r.returncode == 3 and "install it so" in err(r), "a plugin that is missing: how to install it", err(r))


class Proxy(threading.Thread):
    """An HTTP proxy that knows CONNECT."""

    def __init__(self):
        super().__init__(daemon=True)
        self.sock = socket.create_server(("127.0.0.1", free_port(24340)))
        self.port, self.asked = self.sock.getsockname()[1], []

    def run(self):
        while True:
            try:
                c, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        head = b""
        while b"\r\n\r\n" not in head:
            head += c.recv(4096)
        self.asked.append(head.split()[1].decode())
        host, port = self.asked[-1].rsplit(":", 1)
        up = socket.create_connection((host, int(port)))
        c.sendall(b"HTTP/1.1 200 ok\r\n\r\n")

        def pump(a, b):
            try:
                while data := a.recv(65536):
                    b.sendall(data)
            except OSError:
                pass
            finally:
                for s in (a, b):
                    try:
                        s.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass
        threading.Thread(target=pump, args=(up, c), daemon=True).start()
        pump(c, up)


def proxies(tmp, pki, m):
    proxy = Proxy()
    proxy.start()
    cfg = kubeconfig(tmp / "proxy.json", m.url, {"token": TOKEN}, {**ca(pki), "proxy-url": f"http://127.0.0.1:{proxy.port}"})
    r, doc = scan(tmp, cfg)
    ok(r.returncode == 0 and proxy.asked and set(proxy.asked) == {f"127.0.0.1:{m.port}"}, "proxy-url is used", (err(r), proxy.asked))
    cfg = kubeconfig(tmp / "proxy.json", m.url, {"token": TOKEN},
                     {**ca(pki), "proxy-url": f"http://u:{PASSWORD}@127.0.0.1:{free_port(24360)}"})
    r, _ = scan(tmp, cfg)
    ok(r.returncode == 3, "a proxy that is not there", err(r))
    proxy.sock.close()


# ---- rights ----

def rights(tmp, pki, cluster):
    printed = run("init", "kubernetes", "--secrets", "tls=web")
    said.append(printed.stdout)
    ok(printed.returncode == 0, "init kubernetes prints", err(printed))
    rules = mock_api.rules_of(out(printed))
    ok(set(rules) == {"", "web"} and rules["web"] == {("", "secrets"): {"list"}}
       and ("", "secrets") not in rules[""] and all(v == {"list"} for v in rules[""].values()),
       "list and nothing else; Secrets only where they were asked for", rules)
    with Mock(cluster, pki, {TOKEN: "sa"}, may=mock_api.rbac(rules), port=free_port()) as m:
        env = in_cluster_env(tmp, m, pki)
        args = re.search(r"args: \[(.*)\]", out(printed)).group(1)
        args = [a for a in re.findall(r'"([^"]*)"', args)]
        args = args[2:args.index("-o")]
        r, full = scan(tmp, env["KUBECONFIG"], *args, env=env, target="cluster:in-cluster")
        where = re.compile(r"^cluster:in-cluster/(?:api/v1|apis/([^/]*)/[^/]*)/(?:namespaces/[^/]+/)?([^/]+)/[^/]+$")

        def by_right(doc):
            found = {}
            for p in paths(doc):
                x = where.match(p)
                found.setdefault((x.group(1) or "", x.group(2)), set()).add(p)
            return found

        everything = by_right(full)
        rights = sorted(k for granted in rules.values() for k in granted if k in cluster.resources)
        ok(r.returncode == 0 and not notes(full, "forbidden"), "with these rights nothing is refused", notes(full, "forbidden"))
        ok(set(rights) == set(everything), "the scan finds something of every kind that it may list, and of no other",
           set(rights) ^ set(everything))
        # Each right by itself: in round b those are taken whose number has (or has not) bit b; then exactly their objects go.
        # Pods and ReplicaSets stand behind their owner only while that is read.
        owned = {("", "pods"), ("apps", "replicasets")}
        wrong = []
        for b in range(len(rights).bit_length()):
            for value in (0, 1):
                taken = {k for i, k in enumerate(rights) if (i >> b & 1) == value}
                m.may = mock_api.rbac({w: {k: v for k, v in g.items() if k not in taken} for w, g in rules.items()})
                r, doc = scan(tmp, env["KUBECONFIG"], *args, env=env, target="cluster:in-cluster")
                left, told = by_right(doc), {p.split("/")[-1] for p in notes(doc, "forbidden")}
                wrong += [("taken, but there", k) for k in taken if k in left]
                wrong += [("not told", k) for k in taken if k[1] not in told]
                wrong += [("gone", k) for k in set(rights) - taken if not everything[k] <= left.get(k, set())
                          and k not in owned]
                wrong += [("exit", r.returncode)] * (r.returncode != 0)
        ok(not wrong, f"each of {len(rights)} rights is needed: without it its objects are missing, the others are there, and it "
           "is told", wrong[:10])
        m.may = mock_api.rbac({"": {k: v for k, v in rules[""].items() if k != ("apps", "deployments")}})
        r, doc = scan(tmp, env["KUBECONFIG"], env=env, target="cluster:in-cluster")
        told = notes(doc, "forbidden")
        ok(r.returncode == 0 and list(told) == ["cluster:in-cluster/apis/apps/v1/deployments"]
           and "deployments" in list(told.values())[0], "403: the resource is named, the scan goes on", told)
        r, doc = scan(tmp, env["KUBECONFIG"], "--fail-on-incomplete", env=env, target="cluster:in-cluster")
        ok(r.returncode == 3, "… and --fail-on-incomplete makes it 3")
        m.may = mock_api.rbac({})
        r, _ = scan(tmp, env["KUBECONFIG"], env=env, target="cluster:in-cluster")
        ok(r.returncode == 3, "403 everywhere: the target gave nothing", (r.returncode, err(r)))

        printed = run("init", "kubernetes", "-n", "web,ai", "--secrets", "tls")
        rules = mock_api.rules_of(out(printed))
        m.may = mock_api.rbac(rules)
        ok(set(rules) == {"web", "ai"} and "ClusterRole" not in out(printed), "-n: Roles, no ClusterRole", set(rules))
        r, doc = scan(tmp, env["KUBECONFIG"], "-n", "web,ai", "--secrets", "tls", env=env, target="cluster:in-cluster")
        ok(r.returncode == 0 and not notes(doc, "forbidden") and "cluster:in-cluster/api/v1/namespaces/web" in paths(doc)
           and any("/secrets/tls" in p for p in paths(doc)), "… are enough for that scan", notes(doc, "forbidden"))
    for bad in (["--secrets", "all"], ["--install-in", "A B"], ["--schedule", 'x"y'], ["--image", "a b"]):
        ok(run("init", "kubernetes", *bad).returncode == 2, f"init kubernetes {' '.join(bad)}: refused")
    ok(run("init").returncode == 2 and run("init", "nothing").returncode == 2, "init needs to know what")


# ---- faults ----

def names_in(report):
    """Paths in a report that is too large to parse whole."""
    with open(report, encoding="utf-8") as f:
        return [m.group(1) for line in f for m in re.finditer(r'"path": ?"([^"]*/deployments/[^"]*)"', line)]


def digest(names):
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()


def faults(tmp, pki):
    cluster = Cluster()
    n = 100000
    mock_api.fill(cluster, n, 2300)
    r = cluster.resources[("apps", "deployments")]
    size = sum(len(o[2]) for o in r.objects)
    want = digest(f"cluster:test/apis/apps/v1/namespaces/{o[0]}/deployments/{o[1]}" for o in r.objects)
    f = Faults(0.05)
    f.once = ["gone", "busy", "error", "reset", "cut", "slow", None, None, "gone-bare"]
    # The first request of a list has nothing that could expire: kinds before "deployments" must not use them up.
    kinds = [k for k in KINDS if k[3] == "deployments"]
    cluster.resources = {("apps", "deployments"): r}
    ok(len(kinds) == 1 and size > 190e6, f"{n} objects, {size / 1e6:.0f} MB")
    with Mock(cluster, pki, {TOKEN: "t"}, f, port=free_port(), packs=False) as m:
        cfg = kubeconfig(tmp / "faults.json", m.url, {"token": TOKEN}, ca(pki))
        report = tmp / "big.json"
        t0 = time.time()
        p = run("scan", "cluster:", "-o", f"json={report}", "--quiet", env={"KUBECONFIG": str(cfg)}, timeout=300)
        took = time.time() - t0
        said.extend([p.stdout, p.stderr])
        # Each object once in the inventory; the graph names them again elsewhere.
        text = report.read_text()
        listed = re.findall(r'"path": ?"(cluster:test/[^"]*)",\s*"line": ?0,\s*"group"', text)
        coverage = re.search(r'"coverage": ?\{\s*"seen": ?(\d+),\s*"read": ?(\d+)', text)
        injected = sum(f.count.values())
        ok(p.returncode == 0 and len(listed) == n == len(set(listed)) and digest(listed) == want,
           f"{n} objects with {injected} faults {f.count}: none lost, none doubled, by count and hash ({took:.1f} s)",
           (p.returncode, err(p), len(listed), len(set(listed))))
        ok(coverage and coverage.groups() == (str(n), str(n)), "coverage counts them", coverage and coverage.groups())
        ok({"gone", "gone-bare", "busy", "error", "reset", "cut", "slow"} <= set(f.count), "every fault came", f.count)
        del text
        m.faults = Faults()
        kubectl(tmp, cfg, n, r)
    return n


def kubectl(tmp, cfg, n, r):
    made = subprocess.run([".ci/kubectl"], cwd=REPO, capture_output=True, text=True, check=False)
    program = made.stdout.strip()
    if not program:
        return skip(f"kubectl of Debian: {made.stderr.strip()}")
    r.objects = r.objects[:3000]
    argv = [program, f"--cache-dir={tmp}/cache", f"--kubeconfig={cfg}", "get", "deployments.apps", "-A", "-o", "name"]
    p = subprocess.run(argv, capture_output=True, text=True, env={**os.environ, "HOME": str(tmp)}, timeout=120, check=False)
    got = sorted(line.split("/")[-1] for line in p.stdout.split())
    ok(got == sorted(o[1] for o in r.objects), "kubectl of Debian reads the same server", (p.stderr[:300], len(got)))
    printed = run("init", "kubernetes", "-n", "web,ai", "--secrets", "tls")
    (tmp / "kustomize").mkdir()
    (tmp / "kustomize/init.yaml").write_bytes(printed.stdout)
    (tmp / "kustomize/kustomization.yaml").write_text("resources: [init.yaml]\n")
    p = subprocess.run([program, "kustomize", str(tmp / "kustomize")], capture_output=True, text=True, check=False)
    ok(p.returncode == 0 and len(re.findall(r"(?m)^kind: ", p.stdout)) == len(re.findall(r"(?m)^kind: ", out(printed))),
       "kubectl reads every document that init prints", p.stderr[:300])
    return None


def trouble(tmp, pki):
    cluster = Cluster()
    mock_api.fill(cluster, 1200)
    with Mock(cluster, pki, {TOKEN: "t"}, port=free_port()) as m:
        cfg = kubeconfig(tmp / "t.json", m.url, {"token": TOKEN}, ca(pki))
        m.faults = Faults(1.0, ("error",))
        cluster.resources = {k: v for k, v in cluster.resources.items() if k == ("apps", "deployments")}
        t0 = time.time()
        r, _ = scan(tmp, cfg, timeout=100)
        ok(r.returncode == 3 and "500" in err(r) and len(m.requests) < 20, "a server that only fails is given up",
           (r.returncode, err(r), len(m.requests)))
        ok(time.time() - t0 < 60, "… in bounded time")
        m.faults = Faults(0)
        m.faults.once = [None, "busy"]
        t0 = time.time()
        r, doc = scan(tmp, cfg)
        ok(r.returncode == 0 and time.time() - t0 >= 1 and doc["coverage"]["read"] == 1200, "Retry-After is waited for")
        m.faults = Faults(0)
        m.faults.once = [None] + ["gone-bare", None] * 50
        r, doc = scan(tmp, cfg)
        told = notes(doc, "incomplete")
        ok(r.returncode == 0 and "410" in json.dumps(told) and doc["coverage"]["read"] == 500,
           "a list that expires faster than it is read ends, and is told", told)
        m.faults = Faults(0)
        m.faults.once = [None] + ["error"] * 8
        r, doc = scan(tmp, cfg)
        told = notes(doc, "incomplete")
        ok(r.returncode == 0 and doc["coverage"]["read"] == 500 and any("500 objects" in w for w in told.values()),
           "a list that stops in the middle keeps what was read", told)
        m.faults = Faults(0)
        m.broken_groups.add(("apps", "v1"))
        m.legacy = True
        r, doc = scan(tmp, cfg, timeout=100)
        m.broken_groups.clear()
        m.legacy = False
        m.requests.clear()
        r, _ = scan(tmp, cfg, "--dry-run", want_json=False)
        ok(r.returncode == 0 and out(r) == f"GET {m.url}/apis/apps/v1/deployments?limit=500\n"
           and {q for q, _, _ in m.requests} == {"/api", "/apis"}, "--dry-run prints what would be asked, and asks discovery only",
           (out(r), m.requests))
        r, _ = scan(tmp, cfg, "--dry-run", "-n", "ns-001", want_json=False)
        ok(out(r) == f"GET {m.url}/apis/apps/v1/namespaces/ns-001/deployments?limit=500\n", "… of a namespace too", out(r))
        # Objects of half a megabyte: 500 of them are over the limit of a page.
        big = cluster.resources[("apps", "deployments")]
        big.objects = [(ns, name, body[:-1] + b',"pad":"' + b"x" * 500000 + b'"}', t) for ns, name, body, t in big.objects[:120]]
        m.requests.clear()
        r, doc = scan(tmp, cfg)
        limits = {re.search(r"limit=(\d+)", q).group(1) for q, _, _ in m.requests if "limit" in q}
        ok(r.returncode == 0 and doc["coverage"]["read"] == 120 and limits == {"500", "62"},
           "pages over 32 MiB: fewer objects are asked for", (limits, doc["coverage"]))
        p = subprocess.Popen([str(pathlib.Path(os.environ.get("PQMAP", "build/pqmap")).resolve()), "scan", "cluster:"],
                             env={**os.environ, "KUBECONFIG": str(kubeconfig(tmp / "slow.json", m.url, {"token": TOKEN}, ca(pki)))},
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE) if m.faults.once.append("slow") is None else None
        m.slow_s = 8
        time.sleep(2)
        p.terminate()
        t0 = time.time()
        p.communicate(timeout=30)
        ok(time.time() - t0 < 4 and p.returncode == 128 + 15, "a signal ends the wait", p.returncode)


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """A server that sends its readers on: nobody must come."""
    hits = []

    def do_GET(self):
        type(self).hits.append(self.path)
        self.send_response(302)
        self.send_header("Location", f"http://127.0.0.1:{self.server.other}/api")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


def redirects(tmp):
    class Other(Elsewhere):
        hits = []
    other = http.server.ThreadingHTTPServer(("127.0.0.1", free_port(24370)), Other)
    first = http.server.ThreadingHTTPServer(("127.0.0.1", free_port(24375)), Elsewhere)
    first.other = other.other = other.server_address[1]
    for s in (first, other):
        threading.Thread(target=s.serve_forever, daemon=True).start()
    r, _ = scan(tmp, kubeconfig(tmp / "r.json", f"http://127.0.0.1:{first.server_address[1]}", {}))
    ok(r.returncode == 3 and Elsewhere.hits and not Other.hits, "a redirect is not followed", (r.returncode, err(r)))
    for s in (first, other):
        s.shutdown()


# ---- cut off, and taken up again ----

def resuming(tmp, pki):
    cluster = small(pki)
    mock_api.fill(cluster, 1200)
    stream, whole, cut, rest = (tmp / x for x in ("s.jsonl", "whole.json", "cut.json", "rest.json"))
    with Mock(cluster, pki, {TOKEN: "t"}, port=free_port()) as m:
        env = {"KUBECONFIG": str(kubeconfig(tmp / "resume.json", m.url, {"token": TOKEN}, ca(pki))), "HOME": str(tmp)}
        argv = ["scan", "cluster:", "--secrets", "all", "-q"]

        def go(report, *more):
            r = run(*argv, "-o", f"json={report}", *more, env=env, timeout=100, cwd=tmp)
            said.extend([r.stdout, r.stderr, report.read_bytes() if report.exists() else b""])
            return r

        def asked():
            return sorted({q for q, _, _ in m.requests if "limit=" in q})

        go(whole)
        every = asked()
        r = go(cut, "-o", f"jsonl={stream}")
        ok(r.returncode == 0 and cut.read_bytes() == whole.read_bytes(), "a stream changes nothing in the report", err(r))
        lines = [json.loads(x) for x in stream.read_text().splitlines()]
        lists = [x for x in lines if x["type"] == "listed"]
        ok(len(lists) > 200 and sum(x["objects"] for x in lists) == json.loads(whole.read_bytes())["coverage"]["read"],
           "… and has each list, with its number of objects", len(lists))
        v = subprocess.run([sys.executable, str(REPO / "tests/validate.py"), str(stream)], capture_output=True, text=True, check=False)
        if "python3-jsonschema" in v.stderr:
            skip("the stream against its schema: no python3-jsonschema")
        else:
            ok(v.returncode == 0, "… and fits its schema", v.stdout[-300:] + v.stderr[-300:])
        said.append(stream.read_bytes())
        m.requests.clear()
        go(rest, "--resume", str(stream))
        ok(not asked() and rest.read_bytes() == whole.read_bytes(), "a stream that is complete is all that the next run needs", asked()[:3])
        # Cut at any line, in the middle of one too: what is complete in front of it is taken over.
        text = stream.read_bytes()
        for at in (len(text) // 9, len(text) // 3, len(text) // 2, len(text) * 9 // 10):
            stream.write_bytes(text[:at])
            m.requests.clear()
            go(rest, "--resume", str(stream), "-o", f"jsonl={stream}", "-j", "3")
            ok(0 < len(asked()) < len(every) and rest.read_bytes() == whole.read_bytes(),
               f"cut after {at * 100 // len(text)} %: the same report, {len(asked())} of {len(every)} requests", asked()[:3])
            m.requests.clear()
            go(rest, "--resume", str(stream))
            ok(not asked() and rest.read_bytes() == whole.read_bytes(), "… and the stream is whole again", asked()[:3])
        # The server goes, in the middle of a list.
        stream.unlink()
        m.faults.once = [None] * 60 + ["error"] * 400
        r = go(cut, "-o", f"jsonl={stream}")
        m.faults.once = []
        told = notes(json.loads(cut.read_bytes()), "incomplete")
        ok(r.returncode == 0 and any("again and again" in w for w in told.values()), "a server that goes is told", (r.returncode, told))
        m.requests.clear()
        m.faults.once = [None] * 4 + ["gone-bare", None, "gone", None, "cut"]
        go(rest, "--resume", str(stream), "-o", f"jsonl={stream}")
        ok(60 <= len(every) - len(asked()) < len(every) and rest.read_bytes() == whole.read_bytes(),
           "… what it gave is taken over, the rest asked for, through 410 too: the same report", (len(every), len(asked())))
        # A signal.
        stream.unlink()
        m.faults.once = [None] * 80 + ["slow"]
        m.slow_s = 8
        p = subprocess.Popen([str(pathlib.Path(os.environ.get("PQMAP", "build/pqmap")).resolve()), *argv, "-o", f"jsonl={stream}",
                              "-o", f"json={cut}"], env={**os.environ, **env}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp)
        until = time.time() + 60
        while m.faults.once and time.time() < until:
            time.sleep(0.1)
        p.send_signal(2)
        p.communicate(timeout=30)
        m.faults.once = []
        m.requests.clear()
        go(rest, "--resume", str(stream))
        ok(p.returncode == 130 and len(asked()) < len(every) - 60 and rest.read_bytes() == whole.read_bytes(),
           "Ctrl-C: the next run goes on, to the same report", (p.returncode, len(asked())))
        # Not another's lists, nor those of other rules.
        m.requests.clear()
        other = {"KUBECONFIG": str(kubeconfig(tmp / "resume.json", m.url.replace("127.0.0.1", "localhost"), {"token": TOKEN},
                                              {"insecure-skip-tls-verify": True}))}
        env.update(other)
        go(rest, "--resume", str(stream))
        ok(asked() == every, "another server's lists are not taken over", len(asked()))
        stream.write_bytes(text)
        env["KUBECONFIG"] = str(kubeconfig(tmp / "resume.json", m.url, {"token": TOKEN}, ca(pki)))
        head, _, tail = stream.read_text().partition("\n")
        stream.write_text(json.dumps({**json.loads(head), "rules": "0" * 64}, separators=(",", ":")) + "\n" + tail)
        m.requests.clear()
        go(rest, "--resume", str(stream))
        ok(asked() == every and rest.read_bytes() == whole.read_bytes(), "lists that other rules read are read anew", len(asked()))
        stream.write_text(head + "\n" + '{"type":"listed-object","kind":"A","name":"b","facts":[]}\n')
        r = go(rest, "--resume", str(stream))
        ok(r.returncode == 2 or "no page in front" in err(r), "a stream that is no stream is refused, with its line", (r.returncode, err(r)))


# ---- servers that mean harm ----

class Hostile(http.server.BaseHTTPRequestHandler):
    """Discovery of two resources; the list of one of them is what the test says, the other is whole."""
    protocol_version = "HTTP/1.1"
    body, head, status, chunks = b"", {}, 200, None
    seen = []

    def log_message(self, *args):
        pass

    def reply(self, body, head=(), status=200):
        self.send_response(status)
        for k, v in {"Content-Type": "application/json", "Content-Length": str(len(body)), **dict(head)}.items():
            if v is not None:
                self.send_header(k, v)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        c = type(self)
        path = self.path.split("?")[0]
        c.seen.append(self.path)
        cluster = Cluster([k for k in KINDS if k[3] in ("deployments", "daemonsets")])
        if path in ("/api", "/apis"):
            return self.reply(json.dumps(mock_api.aggregated(cluster, path[1:], "v2")).encode(),
                              {"Content-Type": mock_api.aggregated_type("v2")})
        if path.endswith("/daemonsets"):
            return self.reply(b'{"kind":"DaemonSetList","apiVersion":"apps/v1","metadata":{},"items":['
                              b'{"metadata":{"name":"whole","namespace":"n","uid":"u1"},"spec":{}}]}')
        if c.chunks is None:
            return self.reply(c.body, c.head, c.status)
        self.send_response(200)
        for k, v in c.head.items():
            self.send_header(k, v)
        self.end_headers()
        try:
            for data in c.chunks(self.path):
                self.wfile.write(data)
        except OSError:
            pass
        self.close_connection = True
        return None


def hostile(tmp):
    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *args):
            pass

    s = Server(("127.0.0.1", free_port(24380)), Hostile)
    threading.Thread(target=s.serve_forever, daemon=True).start()
    cfg = kubeconfig(tmp / "hostile.json", f"http://127.0.0.1:{s.server_address[1]}", {})
    item = b'{"metadata":{"name":"%s","namespace":"n","uid":"%s"},"spec":{"x":%s}}'
    listed = b'{"kind":"DeploymentList","apiVersion":"apps/v1","metadata":{},"items":[%s]}'

    def case(words, expect, body=b"", head=None, status=200, chunks=None, timeout=100, n=1, seconds=60, mib=200):
        Hostile.body, Hostile.head, Hostile.status, Hostile.chunks = body, head or {}, status, chunks
        Hostile.seen.clear()
        report = tmp / "hostile-report.json"
        report.unlink(missing_ok=True)
        t0 = time.time()
        p = subprocess.Popen([str(pathlib.Path(os.environ.get("PQMAP", "build/pqmap")).resolve()), "scan", "cluster:", "-q", "-o",
                              f"json={report}"], env={**os.environ, "KUBECONFIG": str(cfg), "no_proxy": "127.0.0.1"},
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        peak, status_file = 0, f"/proc/{p.pid}/status"
        while p.poll() is None and time.time() - t0 < timeout:
            try:
                with open(status_file, encoding="ascii") as f:
                    peak = max([peak, *(int(x.split()[1]) for x in f if x.startswith("VmHWM"))])
            except OSError:
                pass
            time.sleep(0.02)
        if p.poll() is None:
            p.kill()
        p.wait()
        doc = json.loads(report.read_bytes()) if report.exists() else {"coverage": {"notes": [], "read": -1}, "objects": []}
        told = [f"{x['path']}: {x.get('words', '')}" for x in doc["coverage"]["notes"]]
        ok(p.returncode == 0 and any(expect in t and "deployments" in t for t in told) and doc["coverage"]["read"] == n
           and any(o["name"] == "whole" for o in doc["objects"]) and time.time() - t0 < seconds
           and (peak < mib << 10 or "san" in os.environ.get("PQMAP", "")),
           f"{words}: told, the rest is read ({time.time() - t0:.1f} s, {peak >> 10} MiB)",
           (p.returncode, told, doc["coverage"]["read"], peak, len(Hostile.seen)))

    bomb = gzip.compress(listed % (item % (b"a", b"a", b'"' + b" " * (200 << 20) + b'"')), 9)
    case("a gzip bomb", "one object is over the 32 MiB limit", bomb, {"Content-Encoding": "gzip"})
    case("half of a gzip", "", bomb[:len(bomb) // 2], {"Content-Encoding": "gzip"})
    case("a page without end", "32 MiB", chunks=lambda path: (b" " * (1 << 20) for _ in range(100)))
    case("deep JSON in an object", "nest", listed % (item % (b"a", b"a", b"[" * 100000 + b"]" * 100000)), n=2)
    case("brackets without end", "not a whole JSON list", b'{"items":' + b"[" * (4 << 20))
    case("a page of another type", "not a whole JSON list", b"<html><body>sign in</body></html>", {"Content-Type": "text/html"})
    case("an empty answer", "not a whole JSON list", b"")
    case("a list that is cut", "not a whole JSON list", (listed % (item % (b"a", b"a", b"1")))[:-2])
    case("a body that ends early", "", listed % b"", {"Content-Length": "100000", "Connection": "close"},
         chunks=lambda path: iter([listed[:20]]), seconds=90)
    case("a redirect in the middle", "302", b"", {"Location": "http://127.0.0.1:9/"}, 302)
    case("a status that there is not", "299", b"{}", {}, 299)

    def tokens(path):
        k = len(Hostile.seen)
        yield b'{"metadata":{"continue":"t%d"},"items":[%s]}' % (k, item % (b"same", b"same", b"1"))
    case("tokens without end, and nothing new", "goes on without new objects", chunks=tokens, n=2, timeout=120, seconds=120)
    case("a token of 100 KB", "goes on without new objects",
         b'{"metadata":{"continue":"%s"},"items":[%s]}' % (b"x" * 100000, item % (b"a", b"a", b"1")), n=2)
    many = b",".join(b'{"metadata":{"name":"n%d","uid":"%d"}}' % (i, i) for i in range(300000))
    Hostile.body, Hostile.head, Hostile.status, Hostile.chunks = listed % many, {}, 200, None
    r, doc = scan(tmp, cfg, "-q")
    ok(r.returncode == 0 and doc["coverage"]["read"] == 300001, "a server that sends all at once is read as well", doc and doc["coverage"]["read"])
    s.shutdown()


with tmpdir() as folder:
    tmp = pathlib.Path(folder)
    (tmp / "pki").mkdir()
    pki = make_pki(tmp / "pki")
    cluster = small(pki)
    with Mock(cluster, pki, {TOKEN: "reader"}, port=free_port()) as m:
        m.passwords["old:" + PASSWORD] = "old"
        config = kubeconfig(tmp / "kc.json", m.url, {"token": TOKEN}, ca(pki))
        reading(tmp, pki, m, config)
        secrets(tmp, pki, m, config)
        ways_in(tmp, pki, m)
        plugins(tmp, pki, m)
        proxies(tmp, pki, m)
    rights(tmp, pki, cluster)
    redirects(tmp)
    hostile(tmp)
    resuming(tmp, pki)
    trouble(tmp, pki)
    faults(tmp, pki)
    everything = b"\n".join(said)
    key_line = (pki / "server.key").read_bytes().splitlines()[2]
    client_line = (pki / "client.key").read_bytes().splitlines()[2]
    hidden = {"tokens": TOKEN.encode(), "passwords": PASSWORD.encode(), "values of Secrets": SECRET_VALUE.encode(),
              "… in base64": b64(SECRET_VALUE).encode(), "private keys": key_line, "client keys": client_line,
              "tokens in base64": b64(TOKEN)[:-4].encode()}
    for words, needle in hidden.items():
        ok(needle not in everything, f"no output, log or error holds {words} ({len(everything) >> 10} KiB looked at)")
done()
