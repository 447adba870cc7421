#!/usr/bin/env python3
"""Text in manifests: scripts, command lines and configuration files are read as such, and told at their own lines."""
import json
import pathlib

from kit import done, err, ok, run, tmpdir

MANIFEST = """apiVersion: v1
kind: Pod
metadata: { name: a, namespace: n }
spec:
  initContainers:
  - name: shell
    image: i
    command: ["sh", "-c"]
    args:
    - |
      set -e

      openssl req -x509 -newkey rsa:2048 -nodes -keyout /t/k -out /t/c
      ssh-keygen -t ed25519 -f /t/id
  - name: exec
    image: i
    command: ["/usr/bin/openssl", genrsa]
    args: ["-out", "/k", "4096"]
  containers:
  - name: c
    image: i
    lifecycle:
      postStart:
        exec:
          command:
          - sh
          - -c
          - ssh-keygen -t ecdsa -b 384 -f /id && echo made
    command: [bash, -c, "keytool -genkeypair -keyalg RSA -keysize 3072 -storepass hunter2-hunter2"]
  - name: none
    image: i
    command: [sh, -c, "echo openssl genrsa 1024; openssl x509 -in c -noout"]
---
apiVersion: v1
kind: ConfigMap
metadata: { name: cm, namespace: n }
data:
  note: "x\\ny"
  nginx.conf: |

    http {
      ssl_protocols TLSv1.2;
      ssl_ciphers AES128-SHA:DHE-RSA-AES128-SHA;
      # ssl_ecdh_curve prime256v1;
      ssl_ecdh_curve X25519;
      include /etc/nginx/conf.d/*.conf;
    }
  envoy.yaml: |-
    filter_chains:
    - transport_socket:
        typed_config:
          common_tls_context:
            tls_params:
              ecdh_curves: [P-384]
  httpd.conf: "Listen 443\\nSSLOpenSSLConfCmd Curves secp521r1\\n"
"""

WANT = {("conf.key-algorithm", "2048"): "openssl req", ("conf.key-algorithm", "Ed25519"): "ssh-keygen -t ed25519",
        ("conf.key-algorithm", "4096"): "/usr/bin/openssl", ("conf.key-algorithm", "P-384"): "ssh-keygen -t ecdsa",
        ("conf.key-algorithm", "3072"): "keytool", ("conf.tls-ceiling", "1.2"): "ssl_protocols",
        ("conf.rsa-key-exchange", "RSA"): "ssl_ciphers", ("conf.dhe-key-exchange", "DH"): "ssl_ciphers",
        ("conf.hybrid-switched-off", "X25519"): "ssl_ecdh_curve X25519", ("conf.hybrid-switched-off", "P-384"): "ecdh_curves",
        ("conf.hybrid-switched-off", "P-521"): "httpd.conf"}


def texts(tmp):
    path = pathlib.Path(tmp) / "m.yaml"
    path.write_text(MANIFEST)
    lines = MANIFEST.splitlines()
    r = run("scan", path, "--no-cache", "-o", f"json={tmp}/r.json")
    ok(r.returncode == 0, "it is scanned", err(r))
    text = (pathlib.Path(tmp) / "r.json").read_text()
    seen = {}
    for f in json.loads(text)["findings"]:
        for at in f["occurrences"]:
            what = (f["rule"], f["parameter"] or f["family"])
            seen.setdefault(what, []).append(at)
    for what, words in WANT.items():
        at = next(i for i, line in enumerate(lines, 1) if words in line and "#" not in line)
        ok([x["line"] for x in seen.get(what, [])] == [at], f"{what[0]} {what[1]}: once, at the line of {words}", seen.get(what))
    extra = {x for x in seen if x not in WANT and x[0].startswith(("conf.", "k8s.text", "k8s.script"))}
    ok(not extra, "nothing else, and nothing twice", extra)
    ok("hunter2" not in text, "what stands beside a command is not kept")


def large(tmp):
    path = pathlib.Path(tmp) / "nginx.conf"
    path.write_text("# a\n" * 300000 + "ssl_protocols TLSv1.2;\n")
    r = run("scan", path, "--no-cache", "-o", f"json={tmp}/l.json")
    notes = json.loads((pathlib.Path(tmp) / "l.json").read_text())["coverage"]["notes"]
    ok(r.returncode == 0 and [n["reason"] for n in notes] == ["over-limit"], "a file over the limit is told, not left out silently", notes)


with tmpdir() as tmp:
    texts(tmp)
    large(tmp)
done()
