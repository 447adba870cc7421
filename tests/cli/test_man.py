"""Man pages: mandoc finds nothing to say. Section 3: examples compile and run, and all of hyb.h is named. Section 5: all fields."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import kit

BUILD = os.path.dirname(kit.PQMAP)
PAGES = sorted((kit.REPO / "src/man").glob("*.3"))
HEADERS = {"hyb.h": kit.REPO / "src/hyb/hyb.h", "hybx.h": kit.REPO / "src/hyb/hybx.h"}


def example(page):
    m = re.search(r"^\.Sh EXAMPLES\n(.*?)^\.Ed\n", page.read_text(), re.M | re.S)
    if m is None:
        return None
    body = m.group(1).split(".Bd -literal\n", 1)[1]
    return body.replace("\\e", "\\").replace("\\&", "")


if shutil.which("mandoc"):
    for page in PAGES + sorted((kit.REPO / "src/man").glob("*.5")):
        r = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True)
        kit.ok(r.returncode == 0, f"mandoc has no warning for {page.name}", r.stdout)
else:
    kit.skip("mandoc is not installed: pages not linted")

with kit.tmpdir() as tmp:
    for name in HEADERS:
        if HEADERS[name].exists():
            os.symlink(HEADERS[name], f"{tmp}/{name}")
    for page in PAGES:
        text = example(page)
        if text is None:
            kit.ok(False, f"{page.name} has an example")
            continue
        c, exe = f"{tmp}/{page.stem}.c", f"{tmp}/{page.stem}"
        pathlib.Path(c).write_text(text)
        r = subprocess.run(["gcc", "-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O1", f"-I{tmp}", c, "-o", exe,
                            f"{BUILD}/libhyb.a", "-lcrypto", "-pthread"], capture_output=True, text=True)
        if kit.ok(r.returncode == 0, f"the example of {page.name} compiles", r.stderr[-1500:]):
            r = subprocess.run([exe], capture_output=True, text=True, timeout=60, cwd=tmp)
            kit.ok(r.returncode == 0, f"the example of {page.name} runs", f"exit {r.returncode} {r.stderr}")

def synopsis(page):
    return page.read_text().split(".Sh SYNOPSIS\n", 1)[1].split("\n.Sh ", 1)[0]


# Every public function stands on a page; a name for 1024 or 87 stands for its siblings.
header = HEADERS["hyb.h"].read_text()
public = set(re.findall(r"HYB_API[^;(]*?\b(hyb_\w+)\(", header))
public = {n for n in public if not re.match(r"hyb_(mlkem(512|768)|mldsa(44|65))_", n)}
shown = set()
for page in PAGES:
    shown |= set(re.findall(r"^\.Fn (hyb_\w+)", synopsis(page), re.M))
hashes = {n for n in public if re.match(r"hyb_(sha3|shake)", n)}
missing = sorted(public - shown - hashes)
kit.ok(not missing, f"the pages have the {len(public)} functions of hyb.h", " ".join(missing))
gone = sorted(shown - public)
kit.ok(not gone, "the pages name no function that is not there", " ".join(gone))

# The prototypes are those of the header.
flat = re.sub(r"\s+", " ", header)
for page in PAGES:
    for name, args in re.findall(r'^\.Fn (hyb_\w+) ?(.*)$', synopsis(page), re.M):
        m = re.search(rf"\b{name}\(([^;]*?)\)(?: HYB_MUST_USE)?;", flat)
        if m is None or name in gone:
            continue
        n_header = 0 if m.group(1).strip() == "void" else m.group(1).count(",") + 1
        n_page = 0 if args.strip() == "void" else len(re.findall(r'"[^"]*"', args))
        if n_header != n_page:
            kit.ok(False, f"{page.name}: {name} has {n_header} parameters", args)

# Every field of the report and of a diff stands in the schema with a description, and on the page; no others do.
PAGE5 = kit.REPO / "src/man/pqmap-report.5"
text = PAGE5.read_text()
r = subprocess.run([sys.executable, kit.REPO / "src/man/gen_report.py"], capture_output=True, text=True)
kit.ok(r.stdout == text, "pqmap-report.5 is what src/man/gen_report.py writes", r.stderr[-300:] or "run it: python3 src/man/gen_report.py > src/man/pqmap-report.5")


def fields(schema, where, out):
    for name, v in schema.get("properties", {}).items():
        out.append((where + name, v.get("description", "")))
        fields(v, where + name + ".", out)
        if isinstance(v.get("items"), dict):
            fields(v["items"], where + name + "[].", out)
    if schema.get("type") == "object" and "properties" in schema and schema.get("additionalProperties") is not False:
        open_ended.append(where)


for file, title in (("report", "REPORT"), ("diff", "DIFFERENCES")):
    schema = json.loads((kit.REPO / f"reports/schema/{file}.schema.json").read_text())
    sections = re.split(r"^\.S[hs] ", text.split(f".Sh {title}\n", 1)[1].split("\n.Sh ", 1)[0], flags=re.M)
    shown = {s.split("\n", 1)[0].strip('"'): set(re.findall(r'^\.It Fa "([^"]+)"', s, re.M)) for s in sections[1:]}
    shown[""] = set(re.findall(r'^\.It Fa "([^"]+)"', sections[0], re.M))
    open_ended, n = [], 0
    for name, part in [("", schema), *schema["$defs"].items()]:
        want = []
        fields(part, "", want)
        n += len(want)
        bare = [f for f, words in want if not words.strip()]
        kit.ok(not bare, f"{file}: every field of {name or 'the root'} has a description", bare) if bare else None
        if {f for f, _ in want} != shown.get(name, set()):
            kit.ok(False, f"{file}: the page has the fields of {name or 'the root'}", sorted({f for f, _ in want} ^ shown.get(name, set()))[:9])
    kit.ok(n > 60 and not open_ended, f"{file}: {n} fields, and no object takes a field that the schema does not know", open_ended[:9])

# Metrics: those of a run are on the page.
with kit.tmpdir() as tmp:
    kit.run("scan", kit.REPO / "fixtures/cluster", "--now", "2026-11-21", "--regime", "us-eo-14412", "-q", "-o", f"prom={tmp}/m.prom")
    made = set(re.findall(r"^# TYPE (\w+)", pathlib.Path(f"{tmp}/m.prom").read_text(), re.M))
    told = set(re.findall(r"^\.It Va (\w+)", text, re.M))
    kit.ok(made and made == told, f"the page has the {len(made)} metrics of a run", sorted(made ^ told))
kit.done()
