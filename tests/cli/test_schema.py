#!/usr/bin/env python3
"""JSON reports, CycloneDX BOMs (1.6, 1.7) and SARIF logs validate against their schemas, for a cluster, programs, keys and nothing at all."""
import pathlib
import subprocess
import sys

from kit import REPO, done, err, ok, run, skip, tmpdir

with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    (tmp / "empty").mkdir()
    (tmp / "empty" / "text").write_text("nothing here\n")
    targets = {"cluster": [REPO / "fixtures/cluster", "--regime", "us-eo-14412"], "programs": ["/usr/bin"],
               "material": [REPO / "fixtures", "--expand-trust-stores"], "nothing": [tmp / "empty"]}
    for name, args in targets.items():
        r = run("scan", *args, "-q", "-o", f"json={tmp}/{name}.json", "-o", f"cbom={tmp}/{name}.cdx.json",
                "-o", f"cbom-1.7={tmp}/{name}-17.cdx.json", "-o", f"sarif={tmp}/{name}.sarif")
        ok(r.returncode == 0, f"{name}: scanned", err(r))
        for f in (f"{name}.json", f"{name}.cdx.json", f"{name}-17.cdx.json", f"{name}.sarif"):
            v = subprocess.run([sys.executable, str(REPO / "tests/validate.py"), str(tmp / f)], capture_output=True, text=True)
            text = (v.stdout + v.stderr).strip()
            if "SKIPPED" in text:
                skip(f"{f}: {text[:160]}")
            else:
                ok(v.returncode == 0, f"{f} is valid", text[-800:])
    # The validator itself must refuse what is wrong.
    for f in ("cluster.json", "cluster.cdx.json"):
        bad = tmp / ("bad-" + f)
        bad.write_text((tmp / f).read_text().replace('"algorithm"', '"algoritm"').replace('"assetType"', '"assetTyp"'))
        v = subprocess.run([sys.executable, str(REPO / "tests/validate.py"), str(bad)], capture_output=True, text=True)
        if "SKIPPED" in v.stdout + v.stderr:
            skip(f"a wrong {f}")
        else:
            ok(v.returncode != 0, f"a wrong {f} is refused", v.stdout[-300:])
done()
