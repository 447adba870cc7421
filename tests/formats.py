"""Lints of the formats that other programs read, beyond what their schemas say: each yields what is wrong.

sarif: GitHub's documented limits and required fields; gitlab: Code Quality; junit; annotations: GitHub's workflow
commands; prometheus: the text exposition format."""
import gzip
import json
import re
import urllib.parse
import xml.etree.ElementTree as ET

# ---- Prometheus ----

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def parse(text):
    """By the rules of the format's page: {family: (type, {(sample, labels): value})}. ValueError for anything else."""
    if not text.endswith("\n"):
        raise ValueError("the last line has no line feed")
    families, current, finished = {}, None, set()
    for no, line in enumerate(text[:-1].split("\n"), 1):
        where = f"line {no}: {line[:80]!r}"
        if line.startswith("# HELP ") or line.startswith("# TYPE "):
            kind, name, rest = (line[2:].split(" ", 2) + [""])[:3]
            if not NAME.fullmatch(name):
                raise ValueError(where)
            if re.search(r"\\(?![\\n])", rest):
                raise ValueError(f"an escape in HELP: {where}")
            if name != current:
                if current:
                    finished.add(current)
                if name in finished or kind != "HELP":
                    raise ValueError(f"families are mixed: {where}")
                current = name
                families[name] = [None, {}]
            elif kind == "HELP":
                raise ValueError(f"a second HELP: {where}")
            if kind == "TYPE":
                if families[name][0] or families[name][1] or rest not in ("counter", "gauge", "histogram", "summary", "untyped"):
                    raise ValueError(f"TYPE: {where}")
                families[name][0] = rest
            continue
        m = NAME.match(line)
        if not m or m.group(0) != current or families[current][0] is None:
            raise ValueError(f"a sample outside of its family: {where}")
        at, labels = m.end(), []
        if line[at:at + 1] == "{":
            at += 1
            while line[at] != "}":
                k = LABEL.match(line, at)
                if not k or k.group(0).startswith("__") or line[k.end():k.end() + 2] != '="':
                    raise ValueError(f"label: {where}")
                at, value = k.end() + 2, ""
                while line[at] != '"':
                    if line[at] == "\\":
                        at += 1
                        if line[at] not in '\\"n':
                            raise ValueError(f"escape: {where}")
                        value += {"n": "\n"}.get(line[at], line[at])
                    else:
                        value += line[at]
                    at += 1
                at += 1
                labels.append((k.group(0), value))
                if line[at] == ",":
                    at += 1
                elif line[at] != "}":
                    raise ValueError(f"behind a label: {where}")
            at += 1
        if len({k for k, _ in labels}) != len(labels):
            raise ValueError(f"a label twice: {where}")
        number = re.fullmatch(r" (-?\d+(?:\.\d+)?)", line[at:])
        if not number:
            raise ValueError(f"value: {where}")
        key = (current, tuple(sorted(labels)))
        if key in families[current][1]:
            raise ValueError(f"a series twice: {where}")
        families[current][1][key] = float(number.group(1))
    return families


def prometheus(path):
    try:
        families = parse(open(path, encoding="utf-8").read())
    except ValueError as e:
        yield str(e)
        return
    for name, (kind, samples) in families.items():
        if kind is None:
            yield f"{name}: no type"


# ---- SARIF ----

RESULTS_MAX, LOCATIONS_MAX, TAGS_MAX, TEXT_MAX, NAME_MAX, RULES_MAX, RUNS_MAX = 5000, 100, 10, 1024, 255, 25000, 20
GZIP_MAX = 10 << 20


def relative(uri):
    """What is wrong with it as a reference relative to the top of a repository."""
    if not uri:
        return "empty"
    parts = urllib.parse.urlsplit(uri)
    if parts.scheme or parts.netloc or parts.query or parts.fragment or uri.startswith("/"):
        return "not relative"
    if re.search(r"%(?![0-9A-F]{2})|[^A-Za-z0-9._~%/!$&'()*+,;=@-]", uri):
        return "not a reference of RFC 3986"
    if any(p in (".", "..", "") for p in uri.split("/")) and uri != ".":
        return "not normal"
    return None


def text_of(what, doc, most=None):
    text = (doc or {}).get("text", "")
    if not text.strip():
        yield f"{what}: no text"
    if most and len(text) > most:
        yield f"{what}: {len(text)} characters"


def sarif_rule(r):
    name = f"rule {r.get('id')}"
    if not r.get("id"):
        yield "a rule without id"
    if not 0 < len(r.get("name", "x")) <= NAME_MAX:
        yield f"{name}: name"
    for key in ("shortDescription", "fullDescription"):
        yield from text_of(f"{name}: {key}", r.get(key), TEXT_MAX)
    yield from text_of(f"{name}: help", r.get("help"))
    p = r.get("properties", {})
    severity = p.get("security-severity")
    if not isinstance(severity, str) or not re.fullmatch(r"10\.0|\d\.\d", severity) or float(severity) < 0.1:
        yield f"{name}: security-severity {severity!r}"
    if p.get("precision") not in ("very-high", "high", "medium", "low"):
        yield f"{name}: precision"
    tags = p.get("tags", [])
    if "security" not in tags or len(tags) > TAGS_MAX or len(set(tags)) != len(tags) or not all(tags):
        yield f"{name}: tags {tags}"
    if r.get("defaultConfiguration", {}).get("level") not in ("error", "warning", "note"):
        yield f"{name}: level"


def sarif_place(name, loc):
    at = loc.get("physicalLocation", {})
    bad = relative(at.get("artifactLocation", {}).get("uri", ""))
    if bad:
        yield f"{name}: uri {at.get('artifactLocation')}: {bad}"
    region = at.get("region", {})
    edges = [region.get(k, 0) for k in ("startLine", "startColumn", "endLine", "endColumn")]
    if not all(isinstance(e, int) and e >= 1 for e in edges):
        yield f"{name}: region {region}"
    elif (edges[2], edges[3]) < (edges[0], edges[1]):
        yield f"{name}: a region that ends before it begins"
    if "offset" in loc.get("properties", {}) and edges[:2] != [1, 1]:
        yield f"{name}: a program has no lines"
    if any(not x.get("fullyQualifiedName") for x in loc.get("logicalLocations", [])):
        yield f"{name}: a logical location without a name"


def sarif_result(x, rules, prints):
    name = f"result of {x.get('ruleId')}"
    i = x.get("ruleIndex", -1)
    if not 0 <= i < len(rules) or rules[i]["id"] != x.get("ruleId"):
        yield f"{name}: its index is of another rule"
    if x.get("level") not in ("error", "warning", "note"):
        yield f"{name}: level"
    yield from text_of(f"{name}: message", x.get("message"))
    places = x.get("locations", [])
    if not 1 <= len(places) <= LOCATIONS_MAX:
        yield f"{name}: {len(places)} places"
    for loc in places:
        yield from sarif_place(name, loc)
    p = x.get("partialFingerprints", {}).get("primaryLocationLineHash", "")
    if not p or p in prints:
        yield f"{name}: its fingerprint is empty or occurs twice"
    prints.add(p)
    for s in x.get("suppressions", []):
        if s.get("kind") not in ("inSource", "external") or s.get("status") != "accepted" or not s.get("justification"):
            yield f"{name}: a suppression without kind, status or justification"


def sarif(path):
    """https://docs.github.com/en/code-security: SARIF support for code scanning, line by line."""
    data = open(path, "rb").read()
    doc = json.loads(data)
    if len(gzip.compress(data)) > GZIP_MAX:
        yield "more than 10 MB, packed"
    if not doc.get("$schema") or doc.get("version") != "2.1.0" or not 1 <= len(doc.get("runs", [])) <= RUNS_MAX:
        yield "$schema, version or runs"
    categories = [r.get("automationDetails", {}).get("id", "") for r in doc["runs"]]
    if len(set(categories)) != len(categories) or not all(c.find("/") > 0 for c in categories):
        yield f"categories {categories}"
    for run in doc["runs"]:
        driver = run["tool"]["driver"]
        rules, results = driver.get("rules", []), run["results"]
        if not driver.get("name") or not (driver.get("semanticVersion") or driver.get("version")):
            yield "the tool has no name or version"
        if len(rules) > RULES_MAX or len(run["tool"].get("extensions", [])) > 100:
            yield "too many rules or extensions"
        if len({r["id"] for r in rules}) != len(rules):
            yield "a rule occurs twice"
        for r in rules:
            yield from sarif_rule(r)
        told = [n["message"]["text"] for i in run.get("invocations", []) for n in i.get("toolExecutionNotifications", [])]
        if len(results) > RESULTS_MAX or (len(results) == RESULTS_MAX and not any(t.startswith("truncated: ") for t in told)):
            yield f"{len(results)} results, and not told that there are more"
        prints = set()
        for x in results:
            yield from sarif_result(x, rules, prints)


# ---- the others ----

def gitlab(path):
    """Required fields of a Code Quality report."""
    prints = set()
    for i, x in enumerate(json.load(open(path, encoding="utf-8"))):
        at = x.get("location", {})
        if not (x.get("description") and x.get("check_name") and x.get("fingerprint")):
            yield f"entry {i}: description, check_name or fingerprint"
        if x.get("fingerprint") in prints:
            yield f"entry {i}: its fingerprint occurs twice"
        prints.add(x.get("fingerprint"))
        if x.get("severity") not in ("info", "minor", "major", "critical", "blocker"):
            yield f"entry {i}: severity"
        path_ = at.get("path", "")
        if not path_ or path_.startswith(("/", "./", "../")):
            yield f"entry {i}: path {path_!r}"
        if not isinstance(at.get("lines", {}).get("begin"), int) or at["lines"]["begin"] < 1:
            yield f"entry {i}: line"


def junit(path):
    """What Jenkins' and GitLab's readers take: counts add up, each case is named and has at most one outcome."""
    try:
        root = ET.parse(path).getroot()
    except ET.ParseError as e:
        yield f"no XML: {e}"
        return
    if root.tag != "testsuites" or any(s.tag != "testsuite" for s in root):
        yield "not suites in suites"
    cases = list(root.iter("testcase"))
    for of, where in [(root, root), *((s, s) for s in root)]:
        for key, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            if of.get(key) is not None and int(of.get(key)) != len(list(where.iter(tag))):
                yield f"{key}: {of.get(key)} are not {len(list(where.iter(tag)))}"
    if not cases:
        yield "no test at all"
    for c in cases:
        if not c.get("classname") or not c.get("name") or len(list(c)) > 1 or any(x.tag not in ("failure", "error", "skipped") for x in c):
            yield f"case {c.get('name')!r}"
    names = [(c.get("classname"), c.get("name")) for c in cases]
    for n in {n for n in names if names.count(n) > 1} if len(names) < 3000 else ():
        yield f"case {n} occurs twice"


def annotations(path):
    for no, line in enumerate(open(path, encoding="utf-8", newline="\n").read().split("\n")[:-1], 1):
        m = re.fullmatch(r"::(error|warning|notice) (.*?)::(.+)", line)
        if not m:
            yield f"line {no}: no command"
            continue
        keys = dict(p.split("=", 1) for p in m.group(2).split(",") if "=" in p)
        if not keys.get("title") or set(keys) - {"file", "line", "col", "endLine", "endColumn", "title"}:
            yield f"line {no}: properties {sorted(keys)}"
        if keys.get("file", "x").startswith(("/", "./", "../")) or not keys.get("line", "1").isdigit() or keys.get("line") == "0":
            yield f"line {no}: place {keys.get('file')}:{keys.get('line')}"
