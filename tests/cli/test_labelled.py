#!/usr/bin/env python3
"""Precision and recall on the generated labelled tree: keys and certificates of every format, and look-alikes."""
import re
import subprocess
import sys

from kit import REPO, done, err, ok, run, tmpdir

with tmpdir() as tmp:
    make = subprocess.run([sys.executable, str(REPO / "fixtures/labelled/make.py"), f"{tmp}/lab"], capture_output=True, text=True)
    ok(make.returncode == 0, "the labelled tree is made", make.stderr[-800:])
    for line in make.stdout.splitlines():
        if line.startswith("SKIP"):
            print(f"note - {line}")
    r = run("scan", f"{tmp}/lab/tree", "-q", "--expand-trust-stores", "-o", f"csv={tmp}/o.csv")
    ok(r.returncode == 0, "and scanned", err(r))
    score = subprocess.run([sys.executable, str(REPO / "fixtures/labelled/score.py"), f"{tmp}/lab/truth.tsv", f"{tmp}/o.csv",
                            "--root", f"{tmp}/lab/tree"], capture_output=True, text=True)
    last = score.stdout.strip().splitlines()[-1] if score.stdout.strip() else score.stderr[-800:]
    m = re.match(r"labelled: (\d+) of (\d+) right, (\d+) wrong, (\d+) missed, (\d+) false rows on (\d+) look-alikes, (\d+) extra", last)
    detail = score.stdout[-6000:]
    ok(m is not None, "the scorer answers", detail)
    if m:
        right, total, wrong, missed, false, negatives, extra = map(int, m.groups())
        print(f"note - {last}")
        ok(total >= 300 and negatives >= 300, "at least 300 of each", last)
        ok(right == total and wrong == 0 and missed == 0, "every key and certificate with family, parameter and offset", detail)
        ok(false == 0, "nothing reported on the look-alikes", detail)
        ok(extra == 0, "nothing reported beyond the truth", detail)
done()
