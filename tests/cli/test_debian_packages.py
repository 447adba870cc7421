#!/usr/bin/env python3
"""Files of Debian packages whose public-key uses are known from their sources (fixtures/binaries/debian.tsv).

Looks at what is installed; at what `.ci/binaries debian` unpacked into build/debian, too. FETCH=1 fetches it now.
"""
import collections
import glob
import json
import os
import pathlib
import subprocess
import sys

from kit import REPO, done, err, ok, run, skip, tmpdir

sys.dont_write_bytecode = True
sys.path.insert(0, str(REPO / "fixtures/binaries"))
import score  # noqa: E402

FOUND, THROUGH = 0.96, 0.0  # what holds today; the goal is 0.95
# Libraries that wrap: scanned along, so that a use through them can be told.
ALONG = ("/usr/lib/x86_64-linux-gnu/liblftp-network.so*", "/usr/lib/lftp/*/liblftp-network.so")


def rows():
    for line in (REPO / "fixtures/binaries/debian.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            package, path, kind, families, why = line.split("\t")
            yield package, path, kind, [] if families == "-" else families.split(","), why


def resolve(pattern, unpacked):
    for root in ("", unpacked):
        hits = sorted(glob.glob(root + pattern))
        if root is not None and hits:
            return os.path.realpath(hits[0])
    return None


def fits(alternatives, found):
    for name in alternatives.split("|"):
        if any(f["family"] == name or (name == "any") for f in found):
            return True
    return False


def by_path(report):
    out = collections.defaultdict(list)
    for f in report["findings"]:
        for o in f["occurrences"]:
            path = o["path"] if os.path.exists(o["path"]) else "/" + o["path"].lstrip("/")
            keys = {a["key"] for a in o.get("attributes", [])}
            out[os.path.realpath(path)].append({**f, "object": o.get("object", ""), "through": "through" in keys})
    return out


def main(tmp):
    unpacked = str(REPO / "build/debian")
    if os.environ.get("FETCH"):
        print(subprocess.run([str(REPO / ".ci/binaries"), "debian"], capture_output=True, text=True).stderr)
    table = [(r, resolve(r[1], unpacked)) for r in rows()]
    here = [(r, p) for r, p in table if p]
    absent = [r[0] for r, p in table if not p]
    if absent:
        skip(f"{len(absent)} of {len(table)} files are not on this machine ({', '.join(absent[:6])} ...)")
    if len(here) < 10:
        return skip("too few of the packages are installed")
    along = [p for a in ALONG for root in ("", unpacked) for p in glob.glob(root + a)]
    report = pathlib.Path(tmp) / "report.json"
    r = run("scan", *sorted({p for _, p in here} | {os.path.realpath(p) for p in along}), "-o", f"json={report}", timeout=300)
    ok(report.exists(), f"{len(here)} files of {len({r[0] for r, _ in here})} packages are scanned", err(r))
    found = by_path(json.loads(report.read_text()))
    seen, missed, through, through_missed, accused = 0, [], 0, [], []
    for (package, _, kind, families, why), path in here:
        facts = [f for f in found.get(path, []) if score.is_public_key(f)]
        used = [f for f in facts if f["meaning"] == "use" or (kind in ("library", "own") and f["meaning"] == "offer")]
        if kind == "clean":
            bad = [f for f in facts if f["meaning"] == "use" or (f["meaning"] == "offer" and ".so" in path)]
            # What comes through another library is not said of the file itself.
            bad = [f for f in bad if not f["through"]]
            accused += [f"{path}: {f['meaning']} {f['family']} by {f['object']} ({f['rule']}); {why}" for f in bad]
        for want in families:
            hit = fits(want.rstrip("~"), used)
            if want.endswith("~"):
                through += 1
                through_missed += [] if hit else [f"{path}: {want}; {why}"]
            else:
                seen += hit
                missed += [] if hit else [f"{path}: {want}; {why}; said {sorted({f['family'] for f in used})}"]
    rate = seen / max(1, seen + len(missed))
    print(f"known uses found {seen} of {seen + len(missed)} ({rate:.3f}); through a library "
          f"{through - len(through_missed)} of {through}")
    for m in missed + through_missed:
        print(f"  missed {m}")
    ok(not accused, f"none of {sum(r[2] == 'clean' for r, _ in here)} files without public-key use is accused",
       "\n    ".join(accused))
    ok(rate >= FOUND, f"at least {FOUND} of the known uses are found", f"{rate:.4f}")
    ok(1 - len(through_missed) / max(1, through) >= THROUGH, f"at least {THROUGH} of the uses through libraries are found")


with tmpdir() as tmp:
    main(tmp)
done()
