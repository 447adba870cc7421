#!/usr/bin/python3
"""Validates reports, offline: validate.py FILE...

A file with bomFormat is checked against the official CycloneDX schema of its version, which lies in
../shared/schemas beside its companions (skipped, and said so, where that folder is absent);
a file that names a schema (pqmap.bench, pqmap.key, …) against that one, the lines of a .jsonl
against stream.schema.json, any other JSON against
reports/schema/report.schema.json. SARIF by its schema and GitHub's limits, .xml as JUnit, .prom as Prometheus' text, a JSON list
as GitLab's Code Quality, .github as annotations (formats.py). Beyond the schema: ids that are referred to must exist.
Exit 0 when all are valid, 1 when one is not, 2 for wrong use."""
import functools
import json
import os
import sys

import formats

try:
	import jsonschema
except ImportError:
	sys.exit("validate.py: python3-jsonschema is missing: apt-get install python3-jsonschema")

HERE = os.path.dirname(os.path.abspath(__file__))
REPORT = os.path.join(HERE, "..", "reports", "schema", "report.schema.json")
NAMED = {"pqmap.bench": "bench.schema.json", "pqmap.estimates": "bench-estimates.schema.json",
	"pqmap.key": "key.schema.json", "pqmap.sealing": "sealing.schema.json", "pqmap.sealed": "sealed.schema.json",
	"pqmap.signature": "signature.schema.json", "pqmap.verification": "verification.schema.json",
	"pqmap.probe": "probe.schema.json", "pqmap.diff": "diff.schema.json"}
SHARED = os.environ.get("PQMAP_SCHEMAS", os.path.join(HERE, "..", "..", "shared", "schemas"))


def load(path):
	with open(path, encoding="utf-8") as f:
		return json.load(f)


@functools.lru_cache(None)
def validator(path, companions=()):
	schema = load(path)
	cls = jsonschema.validators.validator_for(schema)
	cls.check_schema(schema)
	store = {schema[key]: schema for key in ("id", "$id") if key in schema}  # refs to itself by its full name
	for name in companions:
		doc = load(os.path.join(SHARED, name))
		store[doc["$id"]] = doc
		store["http://cyclonedx.org/schema/" + name] = doc
		store[name] = doc
	resolver = jsonschema.RefResolver.from_schema(schema, store=store)
	return cls(schema, resolver=resolver, format_checker=jsonschema.FormatChecker())


def report_links(doc):
	"""Names that point at nothing."""
	ids = {f["id"] for f in doc["findings"]}
	assets = {a["id"] for a in doc["graph"]["assets"]}
	nodes = {n["id"] for n in doc["graph"]["nodes"]}
	tasks = {t["id"] for t in doc["plan"]["tasks"]}
	cov = doc["coverage"]
	if len(ids) != len(doc["findings"]):
		yield "a finding id occurs twice"
	for f in doc["findings"]:
		for o in f["occurrences"]:
			if o["target"] >= len(doc["targets"]):
				yield "finding %s: no target %d" % (f["id"], o["target"])
	for a in doc["graph"]["assets"]:
		for h in a["hops"]:
			for i in h["findings"]:
				if i not in ids:
					yield "asset %s: no finding %s" % (a["id"], i)
	for e in doc["graph"]["edges"]:
		for end in (e["from"], e["to"]):
			if end not in nodes:
				yield "edge: no node %s" % end
	for a in doc["assessment"]["assets"]:
		if a["id"] not in assets:
			yield "assessment: no asset %s" % a["id"]
	for t in doc["plan"]["tasks"]:
		for i in t["after"]:
			if i not in tasks:
				yield "task %s: no task %s" % (t["id"], i)
	if cov["seen"] < cov["read"]:
		yield "coverage: read more than seen"
	for e in doc.get("endpoints", []):
		if e["target"] >= len(doc["targets"]):
			yield "endpoint %s: no target %d" % (e["name"], e["target"])
		if "timing" in e:
			yield "endpoint %s: a report holds no times" % e["name"]
		for c in e["chains"]:
			if any("der" in w for w in c["certificates"]):
				yield "endpoint %s: a report holds no certificates" % e["name"]
	n = cov.get("endpoints", {"asked": 0})
	if n["asked"] != sum(v for k, v in n.items() if k not in ("asked", "incomplete")):
		yield "coverage: endpoints asked are not the sum of what became of them"


def bench_order(doc):
	"""Quantiles of a row in order, one row in use for an id."""
	used = set()
	for r in doc.get("rows", []):
		if not r["min_ns"] <= r["p25_ns"] <= r["median_ns"] <= r["p90_ns"]:
			yield "row %s: quantiles are not in order" % r["id"]
		if r["in_use"] and r["id"] in used:
			yield "row %s: two are in use" % r["id"]
		if r["in_use"]:
			used.add(r["id"])


def bom_links(doc):
	refs = [c["bom-ref"] for c in doc["components"]]
	known = set(refs)
	if len(known) != len(refs):
		yield "a bom-ref occurs twice"
	for d in doc.get("dependencies", []):
		for r in [d["ref"]] + d.get("dependsOn", []) + d.get("provides", []):
			if r not in known:
				yield "dependencies: no component %s" % r
	for c in doc["components"]:
		m = c.get("cryptoProperties", {}).get("relatedCryptoMaterialProperties", {})
		if "value" in m:
			yield "component %s shows a key's value" % c["bom-ref"]
		if "algorithmRef" in m and m["algorithmRef"] not in known:
			yield "component %s: no algorithm %s" % (c["bom-ref"], m["algorithmRef"])


def same_definitions():
	"""Probe and stream repeat what a report says of endpoints: what they share must agree."""
	folder = os.path.dirname(REPORT)
	ours = load(REPORT)["$defs"]
	for name in ("probe.schema.json", "stream.schema.json"):
		for key, value in load(os.path.join(folder, name))["$defs"].items():
			if key in ours and ours[key] != value:
				yield "%s: $defs/%s is not that of report.schema.json" % (name, key)


def check_stream(path):
	"""Each line against the schema, and the head in front."""
	v = validator(os.path.join(os.path.dirname(REPORT), "stream.schema.json"))
	wrong = []
	with open(path, encoding="utf-8") as f:
		for no, line in enumerate(f, 1):
			doc = json.loads(line)
			wrong += ["line %d: %s" % (no, e.message[:300]) for e in v.iter_errors(doc)]
			if (doc.get("type") == "head") != (no == 1):
				wrong.append("line %d: a stream begins with one head" % no)
	return (wrong or list(same_definitions()))[:20]


def check(path):
	"""None when skipped, else the list of what is wrong."""
	if path.endswith(".jsonl"):
		return check_stream(path)
	for end, lint in ((".xml", formats.junit), (".prom", formats.prometheus), (".github", formats.annotations)):
		if path.endswith(end):
			return list(lint(path))[:20]
	doc = load(path)
	if isinstance(doc, list):
		return list(formats.gitlab(path))[:20]
	if doc.get("schema") in NAMED:
		v = validator(os.path.join(os.path.dirname(REPORT), NAMED[doc["schema"]]))
		links = bench_order
	elif "runs" in doc and doc.get("version") == "2.1.0":
		schema = os.path.join(SHARED, "sarif-schema-2.1.0.json")
		if not os.path.exists(schema):
			print("%s: SKIPPED, no %s" % (path, os.path.normpath(schema)))
			return None
		v, links = validator(schema), lambda _: formats.sarif(path)
	elif "bomFormat" not in doc:
		v, links = validator(REPORT), report_links
	else:
		name = "bom-%s.schema.json" % doc.get("specVersion", "?")
		schema = os.path.join(SHARED, name)
		if not os.path.exists(schema):
			print("%s: SKIPPED, no %s" % (path, os.path.normpath(schema)))
			return None
		v = validator(schema, ("spdx.schema.json", "jsf-0.82.schema.json", "cryptography-defs.schema.json"))
		links = bom_links
	wrong = ["%s: %s" % ("/".join(map(str, e.absolute_path)), e.message[:300])
		for e in sorted(v.iter_errors(doc), key=lambda e: list(map(str, e.absolute_path)))[:20]]
	return wrong or list(links(doc))[:20]


def main(files):
	if not files:
		print(__doc__)
		return 2
	bad = 0
	for path in files:
		wrong = check(path)
		for w in wrong or ():
			print("%s: %s" % (path, w))
		if wrong:
			bad = 1
		elif wrong is not None:
			print("%s: valid" % path)
	return bad


if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))
