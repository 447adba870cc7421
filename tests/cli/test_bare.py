"""YAML and JSON that is no manifest: JSON patches, Envoy, Compose files, values of charts that are elsewhere."""
import json
import pathlib

from kit import done, err, ok, run, tmpdir

ENVOY = """\
static_resources:
  listeners:
  - name: edge
    address: { socket_address: { address: 0.0.0.0, port_value: 8443 } }
    filter_chains:
    - transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
          require_client_certificate: true
          common_tls_context:
            tls_params:
              tls_minimum_protocol_version: TLSv1_2
              tls_maximum_protocol_version: TLSv1_2
              cipher_suites: [ECDHE-RSA-AES128-GCM-SHA256, AES128-SHA]
              ecdh_curves: ["X25519:P-256"]
            tls_certificates:
            - certificate_chain: { filename: /certs/tls.crt }
              private_key: { filename: /certs/tls.key }
            validation_context:
              trusted_ca: { filename: /certs/ca.crt }
              trust_chain_verification: ACCEPT_UNTRUSTED
"""

SENT = json.dumps({"resources": [{
    "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster", "name": "models",
    "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", "sni": "models.example",
        "common_tls_context": {"tls_params": {"ecdh_curves": ["X25519MLKEM768", "X25519"]}}}}}]}, indent=1)

PATCH = """\
# What a cluster's overlay adds.
- op: add
  path: /spec/template/spec/containers/0/env/-
  value: { name: NODE_TLS_REJECT_UNAUTHORIZED, value: "0" }
- op: add
  path: /spec/template/spec/containers/0/env/-
  value: { name: API_TOKEN, value: sekrit-0123456789abcdef }
- op: replace
  path: /metadata/annotations/cert-manager.io~1inject-ca-from
  value: llm/serving
- op: add
  path: /spec/tls
  value: [{ hosts: [a.example], secretName: a-tls }]
- op: test
  path: /spec/insecureSkipVerify
  value: true
- op: remove
  path: /spec/insecureSkipVerify
"""

COMPOSE = """\
name: chat
services:
  engine:
    image: vllm/vllm-openai:v0.9.1
    command: --model Qwen/Qwen2.5-0.5B-Instruct --port 8000
    ports: ["127.0.0.1:8080:8000/tcp"]
    deploy: { resources: { reservations: { devices: [{ driver: nvidia, count: 1, capabilities: [gpu] }] } } }
  ui:
    image: ghcr.io/open-webui/open-webui:main
    environment:
      OPENAI_API_BASE_URL: http://engine:8000/v1
      OPENAI_API_KEY: sekrit-0123456789abcdef
    volumes: [{ type: bind, source: ./certs, target: /certs }]
  proxy:
    image: nginx:1.27
    environment: ["GODEBUG=tlsmlkem=0", "HTTP_PROXY=http://proxy.example:3128"]
    command: ["nginx", "-g", "daemon off;"]
"""

VALUES = """\
ingress:
  tls: { enabled: true }
controller:
  config:
    ssl-ecdh-curve: X25519:P-256
    password: sekrit-0123456789abcdef
"""

# Lists and maps that have the words, and are something else.
OTHERS = {
    "tasks.yaml": "- op: add\n  amount: 3\n- op: replace\n  path: x\n",
    "math.json": "[{\"op\": \"add\", \"left\": 1}]\n",
    "notes.yaml": "static_resources: [a, b]\ntext: UpstreamTlsContext\n",
    "broken.yaml": "- op: add\n  path: /spec\n  value: {a: [\n",
    "deep.yaml": "- op: add\n  path: " + "/a" * 400 + "\n  value: {insecureSkipVerify: true}\n",
    "empty/compose.yaml": "services:\n  a:\n  b: 3\n  c: []\nname: [x]\n",
}


def scan(d, *names):
    for name, text in names:
        p = pathlib.Path(d) / name
        p.parent.mkdir(parents=True, exist_ok=True)
        p.write_text(text, encoding="utf-8")
    r = run("scan", d, "-q", "-o", "json")
    ok(r.returncode in (0, 3), f"{names[0][0]} is scanned", err(r))
    ok(b"sekrit" not in r.stdout, f"{names[0][0]}: no value of a secret variable is told")
    return json.loads(r.stdout)


def facts(report, kind):
    return {(o["name"], f["key"]): (f["value"], f["line"]) for o in report["objects"] if o["kind"] == kind for f in o["facts"]}


def rules(report):
    return {(f["rule"], o["line"]) for f in report["findings"] for o in f["occurrences"]}


def envoy():
    with tmpdir() as d:
        report = scan(d, ("edge/envoy.yaml", ENVOY), ("edge/cds.json", SENT))
    got, found = facts(report, "EnvoyConfig"), rules(report)
    name, at = "edge/envoy.yaml", "static_resources.listeners[0]."
    tls = at + "filter_chains[0].transport_socket.typed_config."
    ok(got.get((name, at + "address.socket_address.port_value")) == ("8443", 4), "Envoy: a listener's port", list(got)[:4])
    ok(got.get((name, tls + "common_tls_context.tls_params.tls_minimum_protocol_version")) == ("TLSv1_2", 13), "Envoy: lowest version")
    ok(got.get((name, tls + "common_tls_context.tls_certificates[0].private_key.filename")) == ("/certs/tls.key", 19),
       "Envoy: certificates by their files")
    ok({("conf.hybrid-switched-off", 16), ("conf.tls-ceiling", 14), ("k8s.envoy-trusts-any", 22)} <= found,
       "Envoy: pinned groups, an old version, a check that is off, each on its line", sorted(found))
    ok(any(k[0] == "edge/cds.json" and v[0] == "X25519MLKEM768" for k, v in got.items()) and
       any(r == "conf.hybrid-on" for r, _ in found), "Envoy: what a management server would send, in JSON", sorted(found))


def patch():
    with tmpdir() as d:
        report = scan(d, ("p/patch.yaml", PATCH))
    got, found = facts(report, "JsonPatch"), rules(report)
    ok(("k8s.env-no-verify", 4) in found, "patch: what it adds is judged where it would be", sorted(found))
    ok(got.get(("p/patch.yaml", "metadata.annotations.cert-manager.io/inject-ca-from")) == ("llm/serving", 10),
       "patch: names with a slash", list(got))
    ok(any(e["rel"] == "presents" and e["to"].endswith("Secret/a-tls") and e["line"] == 13 for e in report["graph"]["edges"]),
       "patch: a Secret that it refers to")
    ok(not [r for r, _ in found if r == "k8s.no-verify"], "patch: what it tests or removes is no setting")
    with tmpdir() as d:
        report = scan(d, ("p/patch.yaml", PATCH), (
            "p/kustomization.yaml", "resources: [d.yaml]\npatches:\n- path: patch.yaml\n  target: {kind: Deployment}\n"), (
            "p/d.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, annotations: {x: y}}\nspec: {template: "
            "{spec: {containers: [{name: c, image: i, env: [{name: A, value: b}]}]}}}\n"))
    ok([o["kind"] for o in report["objects"]] == ["Deployment"], "patch: of a kustomization it is no object of its own",
       [o["kind"] for o in report["objects"]])
    ok(sum(r == "k8s.env-no-verify" for r, _ in rules(report)) == 1, "patch: and what it adds is told once")


def compose():
    with tmpdir() as d:
        report = scan(d, ("x/docker-compose.yml", COMPOSE))
    found = rules(report)
    nodes = {n["name"]: n for n in report["graph"]["nodes"] if n.get("kind") == "ComposeService"}
    ok(nodes.get("engine", {}).get("ai_class") == "inference" and nodes.get("ui", {}).get("ai_class") == "client" and
       "ai_class" not in nodes.get("proxy", {}), "Compose: services are classed like pods", nodes)
    ok({("k8s.url-plaintext", 11), ("k8s.go-hybrid-switched-off", 16)} <= found, "Compose: variables of both forms", sorted(found))
    ok(not [n for r, n in found if n == 16 and r == "k8s.url-plaintext"], "Compose: a proxy's address is no plaintext peer")
    got = facts(report, "ComposeService")
    ok(got.get(("engine", "spec.containers[0].ports[0].containerPort")) == ("8000", 6), "Compose: the port inside", list(got))
    ok(got.get(("ui", "spec.containers[0].volumeMounts[0].mountPath")) == ("/certs", 13), "Compose: the mount inside")
    ok(any(n["namespace"] == "chat" for n in nodes.values()), "Compose: the project is the namespace")


def values():
    with tmpdir() as d:
        report = scan(d, ("prod/values.yaml", VALUES))
    got = facts(report, "Values")
    ok(got.get(("prod/values.yaml", "values.ingress.tls.enabled")) == ("true", 2), "values without a chart are walked by name",
       list(got))
    ok(("k8s.values-pin-classical", 5) in rules(report), "values without a chart: pinned groups", sorted(rules(report)))


def others():
    with tmpdir() as d:
        report = scan(d, *OTHERS.items())
    ok(not report["findings"], "what only has the words says nothing", sorted(rules(report)))
    ok([o["kind"] for o in report["objects"] if o.get("facts")] in ([], ["JsonPatch"]), "and is nothing",
       [(o["kind"], o["name"]) for o in report["objects"]])
    notes = [n for n in report["coverage"]["notes"] if n["reason"] == "malformed"]
    ok(len(notes) == 1, "a patch that cannot be read is told once", notes)


envoy()
patch()
compose()
values()
others()
done()
