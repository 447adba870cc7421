"""Writes pqmap-report.5 from the schemas and the metrics' own help: gen_report.py [REPO] > pqmap-report.5

Every field of reports/schema/report.schema.json and diff.schema.json has a description there; here they become a page.
tests/cli/test_man.py compares the page with this program's output."""
import json
import pathlib
import re
import sys

REPO = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2])

HEAD = r""".\" Written by gen_report.py: change the schemas or that, not this file.
.Dd November 22, 2026
.Dt PQMAP-REPORT 5
.Os
.Sh NAME
.Nm pqmap-report
.Nd the JSON of pqmap's reports, of its comparisons, and its metrics
.Sh DESCRIPTION
.Ql pqmap scan -o json=FILE
writes everything that one run found, could not read, concluded and plans.
.Ql pqmap report ,
.Ql pqmap plan
and
.Ql pqmap diff
read it again.
The schemas are installed in
.Pa share/pqmap/schema .
.Pp
The format grows only: new fields may come with any version, fields keep their meaning, and
.Fa schema_version
changes when one does not.
Readers skip what they do not know.
.Pp
Texts are printable: control bytes and bytes that are not UTF-8 stand as \exNN.
Dates are YYYY-MM-DD, years decimal, probabilities from 0 to 1 with four decimals, money in the declared currency with two,
effort in person-days.
The same inventory, rules and date give the same bytes.
"""

TAIL = r""".Sh HISTORY OF RUNS
With
.Fl -trend Ar FILE
.Ql pqmap scan
and
.Ql pqmap report
add the run to an SQLite database, and the report gets the member
.Fa trend .
Runs of the same targets are compared with each other; the same inventory with the same date is one run, however often it is added.
A finding whose place was not read is not fixed.
The file has mode 0600, must not lie on a network file system, and keeps the last 1,000 runs of each set of targets.
When it cannot be used the reports are written without it, and the exit code is 2 for a file that is not ours, is newer or damaged,
or 3 where the system refused.
.Sh METRICS
.Ql -o prom=FILE
writes the text format of Prometheus.
The file appears whole, so the textfile collector of node_exporter never reads half of it; it has mode 0600, and who collects it
has to be its owner.
At most 500 assets have time series of their own, and no label holds a path, a host or the id of a finding.
.Bl -tag -width Ds
%METRICS%.El
.Sh EXAMPLES
Alerts for Prometheus:
.Bd -literal
groups:
- name: pqmap
  rules:
  - alert: QuantumBrokenFindingsAppeared
    expr: sum(pqmap_findings{quantum="broken"}) > sum(pqmap_findings{quantum="broken"} offset 1d)
  - alert: MigrationDeadlineMissed
    expr: pqmap_deadline_slack_seconds < 0
  - alert: PlaintextAIAsset
    expr: pqmap_asset_broken_today == 1
  - alert: PqmapTargetUnread
    expr: pqmap_targets_failed > 0
  - alert: PqmapScanOld
    expr: time() - pqmap_scan_timestamp_seconds > 3 * 86400
.Ed
.Pp
Findings that appeared since last week, one a line:
.Bd -literal
pqmap diff last.json today.json -o json |
        jq -r '.appeared[] | select(.cause == "estate") | .place.path'
.Ed
.Sh SEE ALSO
.Lk https://json-schema.org/ "JSON Schema"
"""


def text(s):
    s = re.sub(r"(?<=[a-z0-9)])\. (?=[A-Z])", ".\n", s.replace("\\", r"\e"))
    return r"\&" + s if s[:1] in (".", "'") else s


def word(s):
    return '"' + s.replace("\\", r"\e").replace('"', r"\(dq") + '"'


def kind(v):
    for w in v.get("allOf", []):
        if "$ref" in w:
            return kind(w)
    if "$ref" in v:
        name = v["$ref"].rsplit("/", 1)[1]
        return f"see {name}"
    if "const" in v:
        return json.dumps(v["const"])
    if "enum" in v:
        return "one of " + " ".join(str(w) if w != "" else '""' for w in v["enum"])
    if "oneOf" in v or "anyOf" in v:
        return " or ".join(kind(w) for w in v.get("oneOf", v.get("anyOf")))
    t = v.get("type", "value")
    if t == "array":
        return "list; " + kind(v["items"]) if isinstance(v.get("items"), dict) else "list"
    if isinstance(t, list):
        return " or ".join(t)
    return "date" if v.get("format") == "date" or v.get("pattern", "").startswith("^[0-9]{4}-") else t


def fields(schema, prefix, out):
    need = schema.get("required", [])
    for name, v in schema.get("properties", {}).items():
        path = prefix + name
        out.append(f".It Fa {word(path)} Pq {word(kind(v) + ('' if name in need else '; may be absent'))}")
        if v.get("description"):
            out.append(text(v["description"]))
        fields(v, path + ".", out)
        items = v.get("items")
        if isinstance(items, dict):
            fields(items, path + "[].", out)


def page_of(file, title, intro):
    schema = json.loads((REPO / "reports/schema" / file).read_text())
    out = [f".Sh {title}", *intro, ".Bl -tag -width Ds"]
    fields(schema, "", out)
    out.append(".El")
    for name, v in schema.get("$defs", {}).items():
        out.append(f".Ss {word(name)}")
        if "description" in v:
            out.append(text(v["description"]))
        if v.get("properties"):
            out.append(".Bl -tag -width Ds")
            fields(v, "", out)
            out.append(".El")
        elif "description" not in v:
            out.append(text(kind(v) + (f", {v['pattern']}" if "pattern" in v else "") + "."))
    return "\n".join(out) + "\n"


def metrics():
    source = (REPO / "src/report/rep_prom.c").read_text()
    found = re.findall(r'"(pqmap_\w+)",\s*"([^"]+)"', source)
    return "".join(f".It Va {name}\n{text(words)}\n" for name, words in dict(found).items())


print(HEAD
      + page_of("report.schema.json", "REPORT", ["Subsections describe what fields refer to as", ".Dq see name ."])
      + page_of("diff.schema.json", "DIFFERENCES", ["What", ".Ql pqmap diff OLD NEW -o json", "writes."])
      + TAIL.replace("%METRICS%", metrics()), end="")
