"""What pqmap says of Kubernetes documents, in the words of the labels of shared/corpus/k8s and fixtures/labelled-k8s.

A word is fact(detail) and a line. It comes from a finding, from a fact of an object, or from an edge of the graph; nothing
is read from the manifest here. A finding of a rule without an entry becomes the word ?rule, which no label says."""
import json
import pathlib
import re

from kit import err, ok, run


def glob(pattern, key):
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), key) is not None


class Doc:
    """One object with what was found on it."""

    def __init__(self, obj):
        self.kind, self.group, self.name = obj["kind"], obj.get("group", ""), obj["name"]
        self.ns, self.path, self.line = obj.get("namespace", ""), obj["path"], obj["line"]
        self.facts = [(f["key"], f["value"], f["line"]) for f in obj.get("facts", [])]
        self.findings, self.edges = [], []

    def fact(self, pattern):
        return [v for k, v, _ in self.facts if glob(pattern, k)]

    def one(self, key):
        return next((v for k, v, _ in self.facts if k == key), "")

    def line_of(self, pattern):
        return next((n for k, _, n in self.facts if glob(pattern, k)), self.line)

    def beside(self, key, path, up=1):
        return self.one(".".join(key.split(".")[:-up] + [path]))


def algorithm(f):
    family, parameter = f.get("family", ""), f.get("parameter", "")
    if family == "EC":
        return "ECDSA-" + parameter.replace("-", "")
    return f"{family}-{parameter}" if parameter else family


def attribute(occ, key):
    for a in occ.get("attributes", []):
        if a["key"] == key:
            return a["value"]
    return ""


def field_of(occ):
    return occ["object"].split("#", 1)[1]


def of_certificate(doc, f, occ):
    digest = re.search(r"sha-?(\d+)", attribute(occ, "signature").lower())
    hashed = f"SHA{digest.group(1)}" if digest else attribute(occ, "signature") or "?"
    return {f"cert({algorithm(f)},{hashed})"}


def of_cm(doc, f, occ):
    parts = [algorithm(f)] + (["default"] if "implied" in f["evidence"] else [])
    return {f"cm.cert({','.join(parts + (['isCA'] if attribute(occ, 'is_ca') == 'true' else []))})"}


def of_shim(doc, f, occ):
    issuer = [v for k, v, _ in doc.facts if k.endswith(("cert-manager.io/issuer", "cert-manager.io/cluster-issuer"))]
    return {(f"cm.ingress({issuer[0] if issuer else '?'},{algorithm(f)})", doc.line_of("*cert-manager.io/*issuer"))}


def of_listener(doc, f, occ):
    field = field_of(occ)
    return {f"plain({doc.one(field)}:{doc.beside(field, 'port')})"}


def of_istio_server(doc, f, occ):
    field = field_of(occ)
    return {f"plain({doc.one(field)}:{doc.beside(field, 'number')})"}


def of_egress(doc, f, occ):
    field = field_of(occ)
    return {f"plain({h}:{doc.beside(field, 'number')})" for h in doc.fact("spec.hosts[*]")}


def of_kafka(doc, f, occ):
    field = field_of(occ)
    return {f"tls.off({doc.beside(field, 'name')}:{doc.beside(field, 'port')})"}


PORTS = {"http": "80", "ws": "80", "redis": "6379", "amqp": "5672", "ldap": "389", "mqtt": "1883", "ftp": "21", "mongodb": "27017"}


def of_url(doc, f, occ):
    """The first plaintext URL of the value."""
    m = re.search(r"\b(http|ws|redis|amqp|ldap|mqtt|ftp)://(?:[^@/\s]*@)?([^:/\s?]+)(?::(\w+))?", attribute(occ, "value"))
    return {f"plain({m.group(2)}:{m.group(3) or PORTS[m.group(1)]})" if m else "plain(?)"}


def of_elastic(doc, f, occ):
    return {f"tls.off({'.'.join(field_of(occ).removeprefix('spec.').split('.')[:3])})"}


def of_off(doc, f, occ):
    return {f"tls.off({attribute(occ, 'value')})"}


def of_store(doc, f, occ):
    return {(f"plain({doc.one('metadata.annotations.serving.kserve.io/s3-endpoint')})",
             doc.line_of("metadata.annotations.serving.kserve.io/s3-endpoint"))}


def value_in(word):
    return lambda doc, f, occ: {f"{word}({attribute(occ, 'value')})"}


def fixed(*words):
    return lambda doc, f, occ: set(words)


def algorithm_in(word, tail=""):
    return lambda doc, f, occ: {f"{word}({algorithm(f)}{tail})"}


def of_conf_key(doc, f, occ):
    return {f"{'spire.ca' if attribute(occ, 'program') == 'SPIRE' else 'script.keygen'}({algorithm(f)})"}


def of_token(doc, f, occ):
    """The header names the signature: HS256 is no key that a quantum computer finds."""
    return {"jwt(HS256)" if f.get("family") == "HMAC" else f"jwt({algorithm(f)})"}


SILENT = fixed()  # the finding judges what a fact, and so another word, says already
RULES = {
    "cert.x509": of_certificate,
    "key.private": algorithm_in("key"),
    "k8s.certificate-algorithm": of_cm,
    "k8s.certificate-algorithm-default": of_cm,
    "k8s.certificate-size": of_cm,
    "k8s.certificate-old-field": of_cm,
    "k8s.shim-certificate": of_shim,
    "k8s.implied.cert-manager-shim": of_shim,
    "k8s.gateway-plaintext": of_listener,
    "k8s.istio-gateway-plaintext": of_istio_server,
    "k8s.ingress-plaintext": fixed("plain(ingress:80)"),
    "k8s.egress-plaintext": of_egress,
    "k8s.kafka-listener-plaintext": of_kafka,
    "k8s.kafka-client-plaintext": value_in("plain"),
    "k8s.vllm-stack-plaintext": value_in("plain"),
    "k8s.ai-service-plaintext": value_in("plain"),
    "k8s.service-plaintext": value_in("plain"),
    "k8s.store-plaintext": of_store,
    "k8s.store-json-plaintext": fixed("plain(*)"),
    "k8s.env-plaintext": of_url,
    "k8s.listener-plaintext": of_url,
    "k8s.config-url-plaintext": fixed("plain(*)"),
    "k8s.flag-plaintext": SILENT,
    "k8s.dsn-plaintext": fixed("tls.off(sslmode)"),
    "k8s.dsn-no-verify": fixed("tls.noverify"),
    "k8s.secret-server-plaintext": of_url,
    "k8s.virtualserver-plaintext": fixed("plain(ingress:80)"),
    "k8s.minio-plaintext": SILENT,
    "k8s.kuma-ca-size": algorithm_in("key"),
    "k8s.mesh-hole-plaintext": of_off,
    "k8s.network-plaintext": of_off,
    "k8s.pg-hba-plaintext": of_off,
    "k8s.verify-off": fixed("tls.noverify"),
    "k8s.flag-no-verify": fixed("tls.noverify"),
    "k8s.env-no-verify-empty": fixed("tls.noverify"),
    "k8s.text-no-verify": fixed("tls.noverify"),
    "k8s.signed-token": of_token,
    "k8s.ipsec-psk": lambda doc, f, occ: {f"sym({f.get('algorithm', '')})"},
    "k8s.url-plaintext": of_url,
    "k8s.elastic-plaintext": of_elastic,
    "k8s.mtls-off": of_off,
    "k8s.no-verify": fixed("tls.noverify"),
    "k8s.env-no-verify": fixed("tls.noverify"),
    "k8s.env-no-verify-on": fixed("tls.noverify"),
    "k8s.dh-parameters": value_in("tls.dhparam"),
    "k8s.sealed-rsa-4096": algorithm_in("sealed", "-OAEP"),
    "k8s.sealed-rsa-2048": algorithm_in("sealed", "-OAEP"),
    "k8s.sops-age": lambda doc, f, occ: {f"sops(age:{algorithm(f)})"},
    "k8s.ssh-key-made": algorithm_in("ssh"),
    "k8s.implied.volcano-ssh": fixed("ssh(plugin)"),
    "k8s.implied.mpi-ssh": value_in("ssh"),
    "k8s.implied.cert-manager-acme-account": value_in("cm.acmekey"),
    "k8s.implied.kuberay-mtls": fixed("tls.server"),
    "k8s.implied.linkerd-identity": fixed("tls.mesh(linkerd)"),
    "k8s.implied.calico-wireguard": fixed("tls.mesh(wireguard)"),
    "k8s.implied.cilium-wireguard": fixed("tls.mesh(wireguard)"),
    "k8s.spire-ca-key": algorithm_in("spire.ca"),
    "k8s.script-makes-key": algorithm_in("script.keygen"),
    "k8s.kubeadm-algorithm": algorithm_in("script.keygen"),
    "conf.key-algorithm": of_conf_key,
    "conf.hybrid-switched-off": SILENT,
    "conf.hybrid-on": SILENT,
    "conf.rsa-key-exchange": SILENT,
    "k8s.webhook-no-ca": fixed("webhook.ca(absent)"),
    "k8s.etcd-plaintext": fixed("kms(identity)"),
    "k8s.etcd-kms": SILENT,
    "k8s.suite-rsa-transport": SILENT,
    "k8s.suite-dhe": SILENT,
    "k8s.hybrid-switched-off": SILENT,
    "k8s.hybrid-on": SILENT,
    "k8s.go-hybrid-switched-off": fixed("tls.env(GODEBUG=tlsmlkem=0)"),
    "k8s.istio-pqc-policy": fixed("tls.policy(pqc)"),
    "k8s.cloud.aws-classical": SILENT,
    "k8s.cloud.aws-pq": SILENT,
    "k8s.cloud.gcp-terminated": SILENT,
    "k8s.cloud.aws-default": SILENT,
}

VERSION = re.compile(r"(?i)(?:version)?tlsv?(\d)[._]?(\d)")
FILE_FLAG = re.compile(r"--[\w-]*(?:cert|key|ssl-ca)[\w-]*(?<!-path)(?<!-dir)[= ](/[^\s'\"]+)")
ASSET_FIELD = re.compile(r"(storageUri|[uU]ri|URL|\.url|urls\[\d+\]|mountPoint|s3URI|s3OutputPath|args\[\d+\]|command\[\d+\])$")


def version(text):
    found = VERSION.search(text)
    return f"{found.group(1)}.{found.group(2)}" if found else text


def lists(doc, word, *patterns):
    """One word for a list of names: in one value, or one an element."""
    by = {}
    for key, value, line in doc.facts:
        if any(glob(p, key) for p in patterns):
            by.setdefault(re.sub(r"\[\d+\]$", "", key), []).append((value, line))
    return {(f"{word}({','.join(','.join(v.split(':')) for v, _ in rows)})", rows[0][1]) for rows in by.values()}


def of_words_of_command(key, value, line):
    out = set()
    if re.search(r"(args|command)\[\d+\]$", key):
        out |= {(f"tls.file({m.group(1)})", line) for m in FILE_FLAG.finditer(value)}
        if re.search(r"--grpc-use-ssl(=1|=true)?$", value):
            out.add(("tls.server", line))
        if value == "--insecure":
            out.add(("tls.off(--insecure)", line))
        m = re.match(r"--tls-min-version=(.*)", value)
        if m:
            out.add((f"tls.min({version(m.group(1))})", line))
        m = re.match(r"--tls-cipher-suites=(.*)", value)
        if m:
            out.add((f"tls.ciphers({m.group(1)})", line))
    return out


NAMES = re.compile(r"[:,\s]+")
LISTS = {"ssl_ecdh_curve", "ecdhCurves", "ecdh_curves"}
SUITES = {"ssl_ciphers", "cipherSuites", "cipher_suites"}
MINIMUM = {"ssl_protocols", "minProtocolVersion", "tls_minimum_protocol_version"}
FILES = {"ssl_certificate", "ssl_certificate_key", "private_key_file", "certificate_file", "cert", "key", "tls_cert_file", "tls_key_file"}


def of_directive(key, value, line):
    """data.default.conf:ssl_certificate, a setting in configuration text."""
    path, _, name = key.rpartition(":")
    if not path.startswith(("data.", "spec.", "static_resources")):
        return set()
    if name in LISTS:
        return {(f"tls.groups({','.join(NAMES.split(value))})", line)}
    if name in SUITES:
        return {(f"tls.ciphers({','.join(NAMES.split(value))})", line)}
    if name in MINIMUM:
        return {(f"tls.min({version(value)})", line)}
    if name in FILES:
        return {(f"tls.file({value})", line)}
    if name == "enable_tls" and value == "true":
        return {("tls.server", line)}
    m = re.match(r"(?:\S*:)?(\d+)\s.*\bssl\b", value) if name == "listen" else None
    if m:
        return {(f"tls.listener({m.group(1)})", line)}
    m = re.match(r"http://([^/:]+)(?::(\d+))?", value) if name == "proxy_pass" else None
    if m:
        return {(f"plain({m.group(1)}:{m.group(2) or 80})", line)}
    m = re.match(r"https://[^:]*:(\d+)", value) if name.endswith("_address") else None
    return {(f"tls.listener({m.group(1)})", line)} if m else set()


def of_scheme(key, value, line):
    if not ASSET_FIELD.search(key):
        return set()
    m = re.search(r"\b(hf|gs|s3|oci|pvc|ollama|huggingface|https)(\+\w+)?://", value)
    web = m and m.group(1) == "https" and not re.search(r"urls\[|args|command", key)
    return {(f"egress({m.group(1)})", line)} if m and not web else set()


def of_facts(doc):
    """What facts say by themselves, without a finding."""
    out = set()
    if doc.kind in ("Issuer", "ClusterIssuer"):
        out |= {(f"cm.issuer({t})", doc.line_of(f"spec.{t}*")) for t in ("selfSigned", "acme", "ca", "vault")
                if doc.fact(f"spec.{t}*")}
    for key, value, line in doc.facts:
        if re.fullmatch(r"spec\.listeners\[\d+\]\.protocol", key) and value in ("HTTPS", "TLS"):
            mode = doc.beside(key, "tls.mode") or "Terminate"
            out.add((f"tls.listener({value}:{doc.beside(key, 'port')},{mode})", line))
        if re.fullmatch(r"spec\.servers\[\d+\]\.port\.protocol", key) and value.upper() in ("HTTPS", "TLS"):
            out.add((f"tls.listener({value}:{doc.beside(key, 'number')},{doc.beside(key, 'tls.mode', 2)})", line))
        if doc.kind == "ServiceEntry" and key.endswith(".protocol") and value.upper() in ("HTTPS", "TLS"):
            out |= {(f"tls.egress({h}:{doc.beside(key, 'number')})", line) for h in doc.fact("spec.hosts[*]")}
        if doc.kind == "Kafka" and key.endswith(".tls") and value == "true":
            out.add((f"tls.listener({doc.beside(key, 'name')}:{doc.beside(key, 'port')})", line))
        if doc.kind == "DestinationRule" and key.endswith("tls.mode") and value != "DISABLE":
            out.add((f"tls.mode({value})", line))
        if key.endswith(".name") and value == "RAY_USE_TLS":
            out.add((f"tls.env(RAY_USE_TLS={doc.beside(key, 'value')})", line))
        if key.endswith(".name") and re.fullmatch(r"RAY_TLS_\w+", value):
            out.add((f"tls.file({doc.beside(key, 'value')})", line))
        if re.search(r"(^|\.)(min(imum)?|tlsMin)(Protocol|TLS)?Version$", key):
            out.add((f"tls.min({version(value)})", line))
        if doc.kind == "PeerAuthentication" and key == "spec.mtls.mode":
            out.add((f"tls.mtls({value})", line))
        if doc.kind == "Route" and key == "spec.tls.termination":
            out.add((f"tls.mode({value})", line))
        if doc.kind == "Tenant" and key == "spec.requestAutoCert" and value == "false":
            out.add(("tls.off(requestAutoCert)", line))
        if doc.kind == "Milvus" and key.endswith("security.tlsMode") and value in ("1", "2"):
            out.add(("tls.server", line))
        if doc.kind == "Namespace" and key == "metadata.labels.istio-injection" and value == "enabled":
            out.add(("tls.mesh(istio)", line))
        if doc.kind == "Namespace" and key == "metadata.annotations.linkerd.io/inject" and value == "enabled":
            out.add(("tls.mesh(linkerd)", line))
        if key == "data.enable-wireguard" and value == "true":
            out.add(("tls.mesh(wireguard)", line))
        if key == "data.ssl-protocols":
            out.add((f"tls.min({version(value)})", line))
        if doc.kind == "StorageClass" and key == "parameters.kmsKeyId" and value.startswith("arn:aws:kms:"):
            out.add(("kms(aws)", line))
        if doc.kind == "EncryptionConfiguration" and key == "resources[0].providers[0].kms.apiVersion":
            out.add((f"kms({value})", line))
        if key == "webhooks[0].clientConfig.caBundle":
            out.add(("webhook.ca(present)", line))
        if key.startswith("metadata.annotations.cert-manager.io/inject-"):
            out.add(("webhook.ca(inject)", line))
        if re.search(r"/(certificate-arn|aws-load-balancer-ssl-cert)$", key) and ":acm:" in value:
            out.add(("extcert(aws-acm)", line))
        if key.endswith("networking.gke.io/managed-certificates"):
            out.add(("extcert(gke-managed)", line))
        if re.search(r"/(ssl-policy|aws-load-balancer-ssl-negotiation-policy)$", key):
            out.add((f"tls.policy({value})", line))
        out |= of_words_of_command(key, value, line) | of_scheme(key, value, line) | of_directive(key, value, line)
    out |= lists(doc, "tls.ciphers", "spec.cipherSuites[*]", "tlsCipherSuites[*]", "*.tls.cipherSuites[*]",
                 "metadata.annotations.nginx.ingress.kubernetes.io/ssl-ciphers")
    out |= lists(doc, "tls.groups", "*ecdhCurves[*]", "*curvePreferences[*]", "data.ssl-ecdh-curve", "*ecdh_curves[*]")
    if doc.kind == "EnvoyConfig":
        for key, value, line in doc.facts:
            m = re.fullmatch(r"(static_resources\.listeners\[\d+\]\.)address\.socket_address\.port_value", key)
            tls = doc.fact(m.group(1) + "*transport_socket*") if m else []
            sds = doc.fact(m.group(1) + "*tls_certificate_sds_secret_configs*") if m else []
            out |= {(f"tls.listener({value}{',SDS' if sds else ''})", line)} if tls else set()
    if doc.kind == "Ingress" and doc.fact("spec.tls[*]*"):
        out.add(("tls.listener(ingress:443)", doc.line_of("spec.tls[*]*")))
    nginx = "metadata.annotations.nginx.ingress.kubernetes.io/"
    if doc.one(nginx + "ssl-passthrough") == "true":
        out.add(("tls.listener(ingress:443,Passthrough)", doc.line_of(nginx + "ssl-passthrough")))
    if doc.one(nginx + "auth-tls-verify-client"):
        out.add((f"tls.clientauth({doc.one(nginx + 'auth-tls-verify-client')})", doc.line_of(nginx + "auth-tls-verify-client")))
    if doc.kind == "KafkaBridge" and doc.fact("spec.http.tls.*"):
        out.add((f"tls.listener({doc.one('spec.http.port')})", doc.line_of("spec.http.port")))
    if doc.kind == "BackendTLSPolicy":
        out |= {(f"tls.backend({doc.beside(k, 'kind')}/{v})", n) for k, v, n in doc.facts if glob("spec.targetRefs[*].name", k)}
    if doc.one("metadata.annotations.serving.kserve.io/s3-usehttps") == "1":
        out.add(("egress(s3)", doc.line_of("metadata.annotations.serving.kserve.io/s3-usehttps")))
    aws = "metadata.annotations.service.beta.kubernetes.io/aws-load-balancer-ssl-"
    if doc.one(aws + "cert"):
        out.add((f"tls.listener({doc.one(aws + 'ports')})", doc.line_of(aws + "ports")))
    return out


def of_edge(doc, edge, with_keys):
    if edge["rel"] not in ("presents", "trusts", "issues", "mounts", "filled-from", "signs-with"):
        return set()
    ns, kind, name = edge["to"].split("/", 2)
    if edge["rel"] == "presents":
        return {f"tls.secretRef({name if ns in (doc.ns or 'default', '-') else ns + '/' + name})"}
    if edge["rel"] == "signs-with":
        return {f"tls.secretRef({name})"}
    if edge["rel"] == "trusts":
        return {f"tls.caRef({kind}/{ns + '/' if 'auth-tls-secret' in edge['ref'] else ''}{name})"}
    if edge["rel"] == "issues":
        return {f"cm.secret({name})"}
    items = doc.fact(edge["ref"].removesuffix("secretName") + "items[*].key")
    if edge["rel"] == "mounts" and kind == "Secret" and "olumes[" in edge["ref"] and (
            edge["to"] in with_keys or "tls.key" in items):
        return {f"tls.secretRef({name})"}
    if edge["rel"] == "filled-from" and doc.one("spec.target.template.type") == "kubernetes.io/tls":
        return {f"tls.secretFrom({kind}/{name})"}
    return set()


def read(report):
    """Objects by path, each with its findings and edges; the Secrets that hold certificates or keys."""
    docs = {}
    for o in report["objects"]:
        d = Doc(o)
        docs.setdefault(d.path, []).append(d)
    with_keys = set()

    def owner(path, ident, line):
        ns, kind, name = ident.split("/", 2)
        fits = [d for d in docs.get(path, []) if d.kind == kind and d.name == name and d.line <= line]
        return fits[-1] if fits else None

    for f in report["findings"]:
        for occ in f["occurrences"]:
            if "#" not in occ.get("object", ""):
                continue
            d = owner(occ["path"], occ["object"].split("#")[0], occ["line"])
            if f["rule"] in ("cert.x509", "key.private"):
                with_keys.add(occ["object"].split("#")[0])
            if d is not None:
                d.findings.append((f, occ))
    for e in report["graph"]["edges"]:
        d = owner(e["path"], e["from"], e["line"]) if e.get("path") and e["from"].count("/") >= 2 else None
        if d is not None:
            d.edges.append(e)
    return docs, with_keys


def words_of(docs, with_keys):
    """(word, line) of objects."""
    out = set()
    for d in docs:
        out |= of_facts(d)
        for f, occ in d.findings:
            if f["rule"] in RULES:
                found = RULES[f["rule"]](d, f, occ)
            elif f["rule"].startswith("k8s.implied."):
                found = {f"implied({algorithm(f)})"}
            else:
                found = {"?" + f["rule"]}
            out |= {w if isinstance(w, tuple) else (w, occ["line"]) for w in found}
        for e in d.edges:
            out |= {(w, e["line"]) for w in of_edge(d, e, with_keys)}
    return out


def scan(path):
    """Each file by itself: names repeat between repositories."""
    r = run("scan", path, "-q", "-o", "json")
    if r.returncode not in (0, 3):
        ok(False, f"{pathlib.Path(path).name} is scanned", err(r))
    report = json.loads(r.stdout)
    docs, with_keys = read(report)
    return docs.get(str(path), []), with_keys, [n for n in report["coverage"]["notes"] if n["reason"] == "malformed"]
