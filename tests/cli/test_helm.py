#!/usr/bin/env python3
"""Charts, kustomizations, Helm releases, and the many ways in which YAML is written."""
import base64
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import textwrap

from kit import PQMAP, PQMAP_SAN, REPO, done, err, ok, run, skip, tmpdir

NOW = ("--now", "2027-01-01")


def scan(where, *options, program=PQMAP, env=None):
    report = pathlib.Path(tmp) / "report.json"
    r = run("scan", where, "-q", "-o", f"json={report}", *NOW, *options, program=program, env=env)
    return json.loads(report.read_text()), r, report.read_text()


def objects(doc, within=""):
    return [o for o in doc["objects"] if within in o["path"]]


def find(doc, kind, name=None):
    hits = [o for o in doc["objects"] if o["kind"] == kind and name in (None, o["name"])]
    return hits[0] if hits else {"facts": [], "path": "", "line": 0}


def fact(o, key):
    return next((f["value"] for f in o["facts"] if f["key"] == key), None)


def facts_of(doc, within=""):
    return {(o.get("group") or "", o["kind"], o.get("namespace"), o["name"]):
            {(f["key"], f["value"]) for f in o["facts"]} for o in objects(doc, within)}


def notes(doc):
    return [n.get("words", "") for n in doc["coverage"]["notes"]]


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(text, bytes):
        path.write_bytes(text)
    else:
        path.write_text(textwrap.dedent(text).lstrip("\n"))
    return path


def line_of(path, words):
    return next(i for i, l in enumerate(pathlib.Path(path).read_text().split("\n"), 1) if words in l)


def charts(root):
    subprocess.run([REPO / "fixtures/helm/make.py", root], check=True)
    doc, r, text = scan(root)
    templates = sorted(root.glob("**/templates/**/*.yaml"))
    failed = [n for n in notes(doc) if "not resolved" in n or "no YAML is left" in n]
    ok(r.returncode == 0 and not failed, f"every one of {len(templates)} templates in twelve charts is read",
       err(r) + str(failed))
    with_objects = {o["path"] for o in doc["objects"] if "/templates/" in o["path"]}
    off = {"hpa.yaml", "metrics-svc.yaml"}  # switched off by the chart's own values
    left = [t for t in templates if str(t) not in with_objects and t.name not in off]
    ok(len(with_objects) >= 0.85 * len(templates) and not left,
       f"{len(with_objects)} of {len(templates)} give objects, the others are switched off", left)
    ok(not any(t.name in off and str(t) in with_objects for t in templates), "what values switch off gives none")
    web = root / "web/templates/ingress.yaml"
    ing = find(doc, "Ingress", "<web.fullname>")
    ok(fact(ing, "spec.tls[0].secretName") == "web-tls"
       and fact(ing, "metadata.annotations.nginx.ingress.kubernetes.io/ssl-ecdh-curve") == "X25519:P-256"
       and fact(ing, "pqmap.origin") == "template", "values stand in a template, which says that it is one", ing)
    got = {f["key"]: f["line"] for f in ing["facts"]}
    ok(got["spec.tls[0].secretName"] == line_of(web, "secretName:"), "lines of a template are those of its file", got)
    ok(fact(find(doc, "Deployment", "<web.fullname>"), "spec.template.spec.containers[0].image")
       == "registry.example/web:1.2.3", "default .Chart.AppVersion is applied")
    ok(fact(find(doc, "Deployment", "db"), "spec.template.spec.volumes[0].secret.secretName") == "from-parent",
       "values of the chart above win over a chart's own")
    ok(fact(find(doc, "StatefulSet", "<common-style.primary.fullname>"), "spec.template.spec.containers[0].image")
       == "docker.io/acme/db:16.1.0", "printf joins values")
    ok(find(doc, "StatefulSet", "<common-style.primary.fullname>").get("group") == "apps",
       "an apiVersion that only Helm knows is that of the kind")
    hidden = [f for f in doc["findings"] if f["rule"] == "k8s.hybrid-switched-off"]
    at = [o for f in hidden for o in f["occurrences"] if "templates" in o["path"]]
    ok(at and hidden[0]["evidence"].endswith("+implied") and "template" in json.dumps(at),
       "a finding in a template is implied, and marked", hidden)
    ok(fact(find(doc, "Values", "mesh"), "values.tls.ecdhCurves[0]") == "P-256"
       and any(f["rule"] == "k8s.values-pin-classical" for f in doc["findings"]), "values.yaml is configuration")
    one = scan(root, "-j1")[2]
    ok(one == scan(root, "-j8")[2], "-j1 and -j8 give the same bytes")


def same_template_twice(root):
    for name, curve in (("a", "X25519"), ("b", "P-256")):
        write(root / name / "Chart.yaml", f"name: {name}\nversion: 1.0.0\n")
        write(root / name / "values.yaml", f"curve: {curve}\n")
        write(root / name / "templates/c.yaml", """
            apiVersion: v1
            kind: ConfigMap
            metadata: { name: c }
            data:
              ssl-ecdh-curve: {{ .Values.curve }}
        """)
    doc = scan(root)[0]
    ok(sorted(fact(o, "data.ssl-ecdh-curve") for o in objects(doc, "templates")) == ["P-256", "X25519"],
       "equal templates of two charts are read with the values of each", doc["objects"])


def kustomize(root):
    subprocess.run([REPO / "fixtures/kustomize/make.py", root], check=True)
    doc, r, text = scan(root)
    ok(r.returncode == 0 and scan(root, "-j1")[2] == text, "kustomizations build, alike for any number of threads",
       err(r))
    ok("Tr0ub4dor" not in text and base64.b64encode(b"Tr0ub4dor").decode() not in text and "hunter2" not in text,
       "values of generated Secrets and users of URLs are nowhere in the report")
    ok(not [o for o in doc["objects"] if "›" not in o["path"] and "/overlays/" in o["path"] and o["kind"] != "Secret"
            and o["kind"] != "ConfigMap"]
       and not objects(doc, "base/web.yaml") == objects(doc, "kz/base/web.yaml"),
       "patches and resources give no objects of their own")
    ok(not [o for o in doc["objects"] if "/base/" in o["path"].split(" › ")[0]],
       "a base that overlays use gives nothing by itself")
    ok(any(o["path"].endswith("overlays/prod/kustomization.yaml › ../../base/ingress.yaml") for o in doc["objects"]),
       "an object says overlay and file")
    words = notes(doc)
    for want in ("not fetched", "replacements", "refer to each other", "outside of the folder", "no such file"):
        ok(any(want in w for w in words), f"told: {want}", words)
    keys = [f for f in doc["findings"] if f["rule"].startswith("key.") and
            any("Secret/web-tls" in (o.get("object") or "") for o in f["occurrences"])]
    ok(keys, "a key file in a secretGenerator is a key in that Secret")
    if shutil.which("kubectl") is None:
        skip("kubectl is not installed: its kustomize decides what is right")
        return
    for name in ("prod", "dev", "slim"):
        text = subprocess.run(["kubectl", "kustomize", root / "overlays" / name], capture_output=True, check=True)
        want = facts_of(scan(write(root.parent / "o" / "x.yaml", text.stdout))[0])
        got = facts_of(doc, f"overlays/{name}/")
        ok(want == got and len(want) > 4, f"overlay {name}: the facts of {len(want)} objects are kubectl's",
           {k: (want.get(k, set()) ^ got.get(k, set())) for k in want.keys() | got.keys()
            if want.get(k) != got.get(k)})
    doc = scan(root / "base", "--render", "kustomize")[0]
    ok(facts_of(doc) and all("kustomize build.yaml" in o["path"] for o in doc["objects"]),
       "--render kustomize asks kubectl", doc["objects"])


def render(root):
    stub = root / "bin"
    seen = root / "argv"
    write(stub / "helm", f"""
        #!/bin/sh
        echo "$@" >> {seen}
        cat <<'EOF'
        ---
        # Source: x
        apiVersion: v1
        kind: ConfigMap
        metadata: {{ name: rendered }}
        data: {{ ssl-ecdh-curve: X25519 }}
        EOF
    """).chmod(0o755)
    env = {"PATH": f"{stub}:{os.environ['PATH']}"}
    chart = root / "-chart"
    write(chart / "Chart.yaml", "name: c\nversion: 1.0.0\n")
    write(chart / "templates/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Values.x }}}\n")
    doc = scan(root)[0]
    ok(find(doc, "ConfigMap", "<Values.x>")["path"] and not seen.exists(), "without --render nothing is run")
    doc = scan(root, "--render", "helm", env=env)[0]
    ok([o["name"] for o in objects(doc, "helm template")] == ["rendered"] and not objects(doc, "templates/a.yaml"),
       "what helm makes of a chart stands for its templates", doc["objects"])
    ok("template pqmap" in seen.read_text(), "helm is called by argument vector")
    write(stub / "helm", "#!/bin/sh\nexit 3\n").chmod(0o755)
    doc = scan(root, "--render", "helm", env=env)[0]
    ok(find(doc, "ConfigMap", "<Values.x>")["path"] and any("status 3" in n for n in notes(doc)),
       "helm that fails is told, and the templates are read without it", notes(doc))
    r = run("scan", root, "--render", "tofu")
    ok(r.returncode == 2, "--render of something else is a usage error")


def release(root):
    manifest = "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: { name: live }\nspec:\n" \
               "  tls: [{ secretName: live-tls }]\n"

    def secret(name, status, payload=None):
        body = json.dumps({"name": "r", "info": {"status": status}, "chart": {"x": 1}, "config": {"password": "s3cr3t"},
                           "manifest": manifest})
        packed = payload or gzip.compress(body.encode())
        data = base64.b64encode(base64.b64encode(packed)).decode()
        return f"apiVersion: v1\nkind: Secret\nmetadata: {{ name: {name}, namespace: prod }}\n" \
               f"type: helm.sh/release.v1\ndata:\n  release: {data}\n"

    write(root / "s.yaml", secret("sh.helm.release.v1.r.v2", "deployed"))
    write(root / "old.yaml", secret("sh.helm.release.v1.r.v1", "superseded").replace("live", "live"))
    write(root / "bomb.yaml", secret("bomb", "", gzip.compress(b"\0" * (64 << 20))))
    write(root / "cut.yaml", secret("cut", "", gzip.compress(os.urandom(999))[:300]))
    doc, r, text = scan(root, program=PQMAP_SAN if os.path.exists(PQMAP_SAN) else PQMAP)
    ing = [o for o in doc["objects"] if o["kind"] == "Ingress"]
    ok(len(ing) == 1 and ing[0]["namespace"] == "prod" and fact(ing[0], "spec.tls[0].secretName") == "live-tls"
       and ing[0]["path"].endswith("s.yaml › release.yaml") and ing[0]["line"] == 2,
       "the manifest of the deployed release is read, in its namespace", ing)
    ok("s3cr3t" not in text, "the values of a release are not in the report")
    ok(any("over" in n and "unpacked" in n for n in notes(doc)) and any("cut off" in n for n in notes(doc)),
       "a release that unpacks without end, or not at all, is one note", notes(doc))


def yaml_shapes(root):
    plain = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: {0} }}\ndata: {{ ssl-ecdh-curve: X25519 }}\n"
    for enc in ("utf-8-sig", "utf-16", "utf-16-be", "utf-16-le"):
        bom = b"\xfe\xff" if enc == "utf-16-be" else b"\xff\xfe" if enc == "utf-16-le" else b""
        write(root / f"{enc}.yaml", bom + plain.format(enc).encode(enc))
    write(root / "crlf.yaml", plain.format("crlf").replace("\n", "\r\n").encode())
    write(root / "dots.yaml", plain.format("dots1") + "...\n---\n---\n# empty\n---\n" + plain.format("dots2") + "...\n")
    write(root / "tab.yaml", plain.format("tab").replace("kind: ", "kind:\t"))
    write(root / "anchors.yaml", """
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: &a anchors, labels: { x: &a two, y: *a } }
        data: { ssl-ecdh-curve: X25519 }
    """)
    write(root / "merge.yaml", """
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: merge, annotations: &base { ssl: a } }
        data:
          <<: { ssl-ecdh-curve: P-256, ssl-protocols: TLSv1 }
          ssl-ecdh-curve: X25519
    """)
    write(root / "double.yaml", """
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: double }
        data:
          ssl-ecdh-curve: P-256
          ssl-ecdh-curve: X25519
    """)
    bomb = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: bomb }\na: &a0 [x, x]\n"
    bomb += "".join(f"b{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12))
    write(root / "bomb.yaml", bomb)
    doc, r, _ = scan(root)
    for name in ("utf-8-sig", "utf-16", "utf-16-be", "utf-16-le", "crlf", "dots1", "dots2", "tab", "merge", "double"):
        o = find(doc, "ConfigMap", name)
        ok([f["value"] for f in o["facts"] if f["key"] == "data.ssl-ecdh-curve"] == ["X25519"], f"read: {name}", o)
    ok(find(doc, "ConfigMap", "dots2")["line"] == line_of(root / "dots.yaml", "dots2") - 2, "lines behind '...' hold")
    ok(find(doc, "ConfigMap", "anchors")["path"], "an anchor may be set again")
    ok(len([n for n in notes(doc) if "twice in one mapping" in n]) == 1, "a doubled key is one note, a merge is none",
       notes(doc))
    ok(any("expand" in n for n in notes(doc)), "an alias bomb is one note", notes(doc))


def folded_pem_and_definitions(root):
    key = subprocess.run(["openssl", "genrsa", "2048"], capture_output=True, check=True).stdout.decode()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=ca", "-days", "9", "-keyout",
                    root.parent / "k.pem", "-out", root.parent / "ca.pem"], check=True, capture_output=True)
    ca = base64.b64encode((root.parent / "ca.pem").read_bytes()).decode()
    body = "".join(f"    {line}\n" for line in key.strip().split("\n"))
    write(root / "folded.yaml", "apiVersion: v1\nkind: Secret\nmetadata: { name: folded }\nstringData:\n"
          f"  server.key:\n{body}".encode())
    crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: a.example.com\nspec:\n" \
          "  group: example.com\n  conversion:\n    strategy: Webhook\n    webhook:\n      clientConfig:\n" \
          f"        caBundle: {ca}\n  versions:\n  - schema:\n      caBundle: 'not this one'\n      bad: [oops\n"
    write(root / "crd.yaml", crd.encode())
    doc, _, _ = scan(root)
    rules = {(f["rule"], o["path"].rsplit("/", 1)[-1], o["line"]) for f in doc["findings"] for o in f["occurrences"]}
    ok(any(p == "folded.yaml" and r == "key.private" for r, p, _ in rules), "a key that YAML folded is read", rules)
    ok(any(p == "crd.yaml" and l == 11 for _, p, l in rules), "the CA of a conversion webhook is read, the schema is not",
       rules)


def long_list(root):
    item = "- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: c{0}\n  data:\n    ssl-ecdh-curve: X25519\n" \
           "    pad: |\n      - not an item\n      {1}\n"
    text = "apiVersion: v1\nitems:\n" + "".join(item.format(i, "x" * 40000) for i in range(500)) + "kind: List\n"
    write(root / "list.yaml", text.encode())
    doc, r, _ = scan(root)
    got = [o for o in doc["objects"] if o["kind"] == "ConfigMap"]
    behind = sum(int(o.get("count", 1)) for o in got)
    ok(len(text) > 17 << 20 and behind >= 500, f"a YAML list of {len(text) >> 20} MiB is read item by item",
       f"{behind} {notes(doc)[:3]}")


with tmpdir() as tmp:
    base = pathlib.Path(tmp)
    for part in (charts, same_template_twice, kustomize, render, release, yaml_shapes, folded_pem_and_definitions,
                 long_list):
        (base / part.__name__).mkdir()
        part(base / part.__name__)
done()
