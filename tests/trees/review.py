#!/usr/bin/env python3
"""Real source trees and what a person says of every finding in them: review.py [--draft] [TREE...]

Fetches the Debian source packages of trees.tsv at their versions (apt-get source with lists and a cache of its own;
the machine's apt is left alone), runs `pqmap gate` on each, and compares what it tells with verdicts.tsv:

  tree, path, rule, verdict, places, why     places: "RSA 2048 @ 12:1, 40:1 | EC P-256 @ 9:3"

  right   it is there, and the algorithm, size and place are
  test    right, in data of tests                        doc     right, in documentation, examples or samples
  false   it is not there, or is something else          missed  a person would name it; pqmap does not find it

Exit 1 when a finding has no verdict, one that was right is gone, more than 2 % are false, or a tree without
cryptography holds anything. --draft prints lines for what has no verdict yet, for a person to fill in. A package
that the mirror does not have is skipped, and said so. FOLDER (default build/trees) keeps what was fetched.
"""
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
REPO = HERE.parents[1]
FOLDER = pathlib.Path(os.environ.get("FOLDER", REPO / "build/trees")).resolve()
PQMAP = os.path.abspath(os.environ.get("PQMAP", REPO / "build/pqmap"))
NOW = "2026-11-21"
FLOOR = 0.98
GOOD = ("right", "test", "doc")


def table(name):
    for line in (HERE / name).read_text().splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


# ---- fetching ----

def deb_src():
    """The machine's own Debian mirrors, as source entries."""
    out = []
    for path in sorted(pathlib.Path("/etc/apt").glob("sources.list*")) + sorted(pathlib.Path("/etc/apt/sources.list.d").glob("*")):
        if not path.is_file():
            continue
        text = path.read_text()
        if path.suffix == ".sources":
            out += [s for s in re.split(r"\n\s*\n", text) if re.search(r"(?m)^URIs:.*/debian(-security)?/?\s*$", s)]
            continue
        for line in text.splitlines():
            m = re.match(r"deb\s+(?:\[[^\]]*\]\s+)?(\S+/debian(?:-security)?/?)\s+(\S+)\s+(.+)", line)
            if m:
                out.append(f"Types: deb\nURIs: {m[1]}\nSuites: {m[2]}\nComponents: {m[3]}\n")
    return "\n\n".join(re.sub(r"(?m)^Types:.*$", "Types: deb-src", s).strip() for s in out) + "\n"


class Apt:
    def __init__(self):
        self.dir = FOLDER / "apt"
        for sub in ("parts", "lists/partial", "cache/archives/partial"):
            (self.dir / sub).mkdir(parents=True, exist_ok=True)
        (self.dir / "status").touch()
        (self.dir / "parts/source.sources").write_text(deb_src())
        # What the machine does after its own updates is not for these lists.
        (self.dir / "conf").write_text("#clear APT::Update::Post-Invoke-Success;\n#clear APT::Update::Post-Invoke;\n")
        self.options = [f"-c={self.dir / 'conf'}"] + [f"-o{k}={v}" for k, v in {
            "Dir::Etc::sourcelist": "/dev/null", "Dir::Etc::sourceparts": self.dir / "parts", "Dir::State": self.dir,
            "Dir::State::lists": self.dir / "lists", "Dir::State::status": self.dir / "status",
            "Dir::Cache": self.dir / "cache", "APT::Sandbox::User": "root", "Acquire::Retries": 1,
            "Acquire::http::Timeout": 20, "APT::Update::Error-Mode": "any"}.items()]
        self.is_new = False

    def run(self, *args, cwd=None):
        return subprocess.run(["apt-get", "-q", *self.options, *args], cwd=cwd, capture_output=True, text=True, timeout=600)

    def update(self):
        """Lists are fetched once a run, and only when a package is needed."""
        if not self.is_new:
            r = self.run("update")
            if r.returncode != 0:
                raise OSError("no package lists: " + (r.stderr.strip().splitlines() or ["apt-get update failed"])[-1])
            self.is_new = True

    def fetch(self, package, version, to):
        self.update()
        down = FOLDER / "down" / package
        down.mkdir(parents=True, exist_ok=True)
        r = self.run("source", "--download-only", "--only-source", f"{package}={version}", cwd=down)
        dsc = sorted(down.glob("*.dsc"))
        if r.returncode != 0 or not dsc:
            raise OSError((r.stderr.strip().splitlines() or ["apt-get source failed"])[-1])
        new = to.with_name(to.name + ".new")
        subprocess.run(["rm", "-rf", new], check=True)
        subprocess.run(["dpkg-source", "--no-check", "-x", dsc[-1], new], check=True, capture_output=True)
        # Copies that quilt keeps of what patches changed are not the tree.
        subprocess.run(["rm", "-rf", new / ".pc"], check=True)
        new.rename(to)


def tree_of(apt, package, version):
    to = FOLDER / "src" / f"{package}_{version}"
    if not to.is_dir():
        to.parent.mkdir(parents=True, exist_ok=True)
        apt.fetch(package, version, to)
    return to


# ---- scanning ----

def what(f):
    name = f["algorithm"] or f["family"]
    if f["family"] not in name:
        name = f"{f['family']} {name}"
    if f.get("parameter") and str(f["parameter"]) not in name:
        name += f" {f['parameter']}"
    return name.strip() or "-"


def place(o):
    if o.get("line"):
        return f"{o['line']}:{o['column']}" if o.get("column") else str(o["line"])
    return f"+{o.get('offset', 0)}"


def scan(tree):
    out = FOLDER / "out"
    out.mkdir(exist_ok=True)
    report, sarif = out / f"{tree.name}.json", out / f"{tree.name}.sarif"
    began = time.monotonic()
    r = subprocess.run([PQMAP, "gate", ".", "--now", NOW, "--no-cache", "-o", f"json={report}", "-o", f"sarif={sarif}"],
                       cwd=tree, capture_output=True, text=True, timeout=600)
    took = time.monotonic() - began
    if r.returncode not in (0, 1, 4):
        raise SystemExit(f"{tree.name}: pqmap gate ended with {r.returncode}: {r.stderr.strip()}")
    return (json.loads(report.read_text()) if r.returncode != 4 else None), took, len(json.loads(sarif.read_text())["runs"][0]["results"]) if r.returncode != 4 else 0


def places(report):
    """(path, rule) -> {(what, place): level of the gate}. A trust store is one thing."""
    levels = {v["finding"]: v["level"] for v in report["gate"]["refusals"]}
    found, stores = collections.defaultdict(dict), collections.Counter()
    for f in report["findings"]:
        for o in f["occurrences"]:
            path = o["path"].removeprefix("./")
            if o.get("in_trust_store"):
                stores[path] += 1
                continue
            at = place(o)
            while (what(f), at) in found[path, f["rule"]]:
                at += "+"  # several keys of one ring, for one
            found[path, f["rule"]][what(f), at] = levels.get(f["id"], "-")
    for path, n in stores.items():
        found[path, "store"][f"{n} certificates", "+0"] = "-"
    return found


# ---- verdicts ----

def written(keys):
    by = collections.defaultdict(list)
    for name, at in keys:
        by[name].append(at)
    order = lambda at: [int(n) for n in re.findall(r"\d+", at)] + [at.count("+")]
    return " | ".join(f"{name} @ {', '.join(sorted(ats, key=order))}" for name, ats in sorted(by.items()))


def read_places(text):
    for part in text.split(" | "):
        name, _, ats = part.partition(" @ ")
        for at in ats.split(", "):
            yield name, at


def verdicts():
    out = collections.defaultdict(dict)
    for tree, path, rule, verdict, text, why in table("verdicts.tsv"):
        for key in read_places(text):
            out[tree][path, rule, *key] = (verdict, why)
    return out


class Tally:
    def __init__(self, package, kind):
        self.package, self.kind = package, kind
        self.n, self.new, self.gone, self.false, self.refused = collections.Counter(), [], [], [], collections.Counter()
        self.files, self.took, self.results = 0, 0.0, 0

    def judge(self, found, known):
        for (path, rule), keys in sorted(found.items()):
            fresh = [k for k in keys if (path, rule, *k) not in known]
            if fresh:
                self.new.append((path, rule, fresh))
            for key, level in keys.items():
                verdict, why = known.get((path, rule, *key), ("?", ""))
                self.n[verdict] += 1
                self.refused[level] += 1
                if verdict == "false":
                    self.false.append(f"{path}:{key[1]} {rule} ({key[0]}): {why}")
        for (path, rule, *key), (verdict, _) in known.items():
            if verdict == "missed":
                self.n["missed"] += 1
            elif verdict in GOOD and tuple(key) not in found.get((path, rule), {}):
                self.gone.append(f"{path}:{key[1]} {rule} ({key[0]})")

    def told(self):
        return sum(n for v, n in self.n.items() if v != "missed")

    def precision(self):
        judged = sum(self.n[v] for v in GOOD) + self.n["false"]
        return sum(self.n[v] for v in GOOD) / judged if judged else 1.0

    def is_bad(self):
        return self.new or self.gone or (self.kind == "none" and self.told()) or \
            (self.kind == "keys" and self.n["right"] != self.told())


def show(tallies, draft):
    head = "tree files places right test doc false ? missed errors warnings sarif precision seconds".split()
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for t in tallies:
        cells = [t.package, t.files, t.told(), *(t.n[v] for v in ("right", "test", "doc", "false", "?", "missed")),
                 t.refused["error"], t.refused["warning"], t.results, f"{t.precision():.3f}", f"{t.took:.2f}"]
        print("| " + " | ".join(map(str, cells)) + " |")
    for t in tallies:
        for line in t.false:
            print(f"false  {t.package}: {line}")
        for line in t.gone:
            print(f"gone   {t.package}: {line}")
        for path, rule, keys in t.new:
            print("\t".join([t.package, path, rule, "?", written(keys), ""]) if draft
                  else f"new    {t.package}: {path} {rule}: {written(keys)}")


def main(args):
    draft = "--draft" in args
    wanted = [a for a in args if not a.startswith("-")]
    known, apt, tallies = verdicts(), Apt(), []
    for package, version, kind in table("trees.tsv"):
        if wanted and package not in wanted:
            continue
        try:
            tree = tree_of(apt, package, version)
        except (OSError, subprocess.SubprocessError) as e:
            print(f"skip - {package} {version}: {e}")
            if "no package lists" in str(e):
                break
            continue
        t = Tally(package, kind)
        report, t.took, t.results = scan(tree)
        if report is not None:
            t.files = report["coverage"]["read"]
            t.judge(places(report), known[package])
        tallies.append(t)
    if not tallies:
        return 0
    show(tallies, draft)
    right = sum(t.n[v] for t in tallies for v in GOOD)
    false = sum(t.n["false"] for t in tallies)
    share = right / (right + false) if right + false else 1.0
    print(f"{right + false} places judged, {false} false: precision {share:.4f} (floor {FLOOR})")
    return 1 if share < FLOOR or any(t.is_bad() for t in tallies) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
