#!/usr/bin/env python3
"""What products do when nobody writes it down: each rule has a source, releases and a manifest, and says so in the report."""
import json
import pathlib
import re

from kit import REPO, done, err, ok, out, run, tmpdir

FOLDER = REPO / "fixtures/implied"
SOURCE = re.compile(r"(github\.com/[\w.-]+/[\w.-]+(/[\w./-]+)?|([\w-]+\.)+[a-z]{2,}(/[\w./-]+)+)$")
RELEASES = re.compile(r"(>= \d+(\.\d+)*(, < \d+(\.\d+)*)?|all [\w ]+|since \d{4}-\d\d)$")


def implied_rules():
    r = run("rules", "list", "", "-o", "json")
    ok(r.returncode == 0, "the rules are listed", err(r))
    return [x for x in json.loads(out(r))["rules"] if "+implied" in str((x.get("emit") or {}).get("evidence", ""))]


def expected():
    lines = (FOLDER / "expected.tsv").read_text().splitlines()
    return dict(line.split("\t") for line in lines if line and not line.startswith("#"))


def scan(tmp, *targets):
    r = run("scan", *targets, "--no-cache", "-o", f"json={tmp}/r.json", "-o", f"html={tmp}/r.html")
    ok(r.returncode == 0, "they are scanned", err(r))
    return json.loads((pathlib.Path(tmp) / "r.json").read_text()), (pathlib.Path(tmp) / "r.html").read_text(), out(r)


def attributes(place, key):
    return [a["value"] for a in place.get("attributes", []) if a["key"] == key]


def name_of(f):
    """RSA-2048, P-256, X25519: as expected.tsv writes it."""
    if f["family"] == "RSA":
        return "RSA-" + f["parameter"] if f["parameter"] else "RSA"
    return f["parameter"] if f["parameter"].startswith("P-") else f["algorithm"].split()[0]


def sources(rules, want):
    ok(len(rules) >= 60, f"{len(rules)} implied rules, 60 at least")
    for x in rules:
        bad = [w for w in ("product", "versions") if not x.get(w)]
        if not x.get("refs") or not all(SOURCE.match(ref) for ref in x["refs"]):
            bad.append(f"refs {x.get('refs')}")
        if not RELEASES.match(x.get("versions", "")):
            bad.append(f"versions {x.get('versions')}")
        if not x.get("hit") or not x.get("miss"):
            bad.append("samples")
        ok(not bad, f"{x['id']}: product, releases, source, samples", bad)
    ok(sorted(want) == sorted(x["id"] for x in rules), "expected.tsv has a line for each",
       set(want) ^ {x["id"] for x in rules})


def manifests(tmp, rules, want):
    folder = pathlib.Path(tmp) / "m"
    folder.mkdir()
    for x in rules:
        for word in ("hit", "miss"):
            for i, sample in enumerate(x[word]):
                (folder / f"{x['id']}.{word}{i}.yaml").write_text(sample.replace("\\x0a", "\n"))
    report, _, _ = scan(tmp, folder)
    for x in rules:
        places = {}
        for f in report["findings"]:
            if f["rule"] == x["id"]:
                for place in f["occurrences"]:
                    places.setdefault(pathlib.Path(place["path"]).name, []).append((f, place))
        for i in range(len(x["hit"])):
            found = places.get(f"{x['id']}.hit{i}.yaml", [])
            names = {name_of(f) for f, _ in found}
            is_sized = "size:" in x["hit"][i]  # the size is written, the algorithm is not
            ok(names == {want.get(x["id"])} or is_sized and names, f"{x['id']}: {want.get(x['id'])}", names)
            ok(all(f["evidence"].endswith("+implied") and attributes(p, "product") == [x["product"]] and
                   attributes(p, "versions") == [x["versions"]] and attributes(p, "source") == x["refs"]
                   for f, p in found), f"{x['id']}: the finding is implied and says who, which releases, where from", found)
        wrong = [name for name in places if ".miss" in name and name.startswith(x["id"] + ".")]
        ok(not wrong, f"{x['id']}: nothing of the manifests that it must miss", wrong)


def no_source(report):
    bare = [f["rule"] for f in report["findings"] if f["evidence"].endswith("+implied") and
            not all(attributes(p, "source") for p in f["occurrences"])]
    ok(not bare, "no implied finding without a source", bare)


def platform(tmp):
    path = FOLDER / "platform.yaml"
    text = path.read_text().splitlines()
    report, html, table = scan(tmp, path)
    seen = {f["rule"]: (f, f["occurrences"]) for f in report["findings"]}
    for rule, line in (("k8s.implied.k3s", "image: rancher/k3s-upgrade"), ("k8s.implied.istio-ztunnel", "istio/ztunnel"),
                       ("k8s.implied.strimzi-listener", "tls: true"), ("k8s.implied.argocd", "- /usr/local/bin/argocd-server"),
                       ("k8s.implied.spire-server", "server.conf: |")):
        places = seen.get(rule, (None, []))[1]
        at = next(i for i, t in enumerate(text, 1) if line in t)
        ok([p["line"] for p in places] == [at], f"{rule}: at line {at}", places)
    places = seen.get("k8s.implied.cnpg", (None, []))[1]
    ok([p["object"].split("#")[0] for p in places] == ["data/Cluster/vectors"], "the cluster with certificates is left alone", places)
    ok("k8s.implied.metallb" not in seen, "a release before the range is left alone")
    no_source(report)
    n = sum(f["evidence"].endswith("+implied") for f in report["findings"])
    ok(f"{n} written by nobody" in " ".join(table.split()), "the table counts what nobody wrote down", table)
    ok("Written by nobody" in html and "github.com/istio/ztunnel/src/tls/csr.rs" in html, "the page tells it apart, with the source")


with tmpdir() as tmp:
    rules, want = implied_rules(), expected()
    sources(rules, want)
    manifests(tmp, rules, want)
    platform(tmp)
done()
