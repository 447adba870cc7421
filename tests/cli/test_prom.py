"""-o prom: every line is what the exposition format allows, numbers are those of the JSON, and nothing hostile comes through."""
import json
import os
import pathlib
import shutil
import stat
import sys

from kit import PQMAP_SAN, REPO, done, err, ok, run, tmpdir

sys.path.insert(0, str(REPO / "tests"))
from formats import parse  # noqa: E402

for wrong in ("a 1\n", "# HELP a b\n# TYPE a gauge\na 1", "# HELP a b\n# TYPE a gauge\na{x=\"\\q\"} 1\n", "# HELP a b\n# TYPE a gauge\na 1\na 1\n",
              "# HELP a b\n# TYPE a gauge\na NaNa\n", "# HELP a b\n# TYPE a gauge\nb 1\n"):
    try:
        parse(wrong)
        ok(False, "the parser refuses what is wrong", wrong)
    except ValueError:
        pass


def get(families, name, **labels):
    return families[name][1][(name, tuple(sorted(labels.items())))]


with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    r = run("scan", REPO / "fixtures/cluster", "--now", "2026-11-21", "--regime", "us-eo-14412", "-q", "-o", f"prom={tmp}/a.prom",
            "-o", f"json={tmp}/a.json")
    ok(r.returncode == 0, "scanned", err(r))
    text = (tmp / "a.prom").read_text()
    f = parse(text)
    doc = json.loads((tmp / "a.json").read_text())
    ok(all(n.startswith("pqmap_") and t == "gauge" for n, (t, _) in f.items()), "families", sorted(f))
    ok(all(not n.endswith(("_total", "_count", "_sum", "_bucket")) for n in f), "no name that belongs to another type")
    ok(get(f, "pqmap_scan_timestamp_seconds") == 1795219200, "the date is the assessment's")
    ok(sum(f["pqmap_findings"][1].values()) == sum(not x.get("folded") for x in doc["findings"]) and len(f["pqmap_findings"][1]) == 24,
       "findings by meaning and status", f["pqmap_findings"])
    scored = [a for a in doc["assessment"]["assets"] if a["scored"]]
    wrong = [a["id"] for a in scored for s, v in a["p"].items()
             if get(f, "pqmap_asset_probability", asset=a["id"], scenario=s) != v
             or get(f, "pqmap_asset_sunk_probability", asset=a["id"], scenario=s) != a["sunk"][s]]
    ok(not wrong and len(f["pqmap_asset_probability"][1]) == 4 * len(scored), "probabilities are those of the JSON", wrong)
    open_now = [a for a in doc["assessment"]["assets"] if not a["scored"]]
    ok(open_now and all(get(f, "pqmap_asset_broken_today", asset=a["id"]) == 1 for a in open_now) and
       all(a["broken_today"] for a in open_now), "what is open today has its own series", open_now)
    named = {dict(labels).get("asset") for n in ("pqmap_asset_probability", "pqmap_asset_sunk_probability",
             "pqmap_asset_cost_of_delay", "pqmap_asset_expected_loss") for _, labels in f[n][1]}
    ok(len(named) > 5 and not named & {a["id"] for a in open_now}, "and no probability or loss of 0", named)
    for key, name in (("expected", ""), ("sunk", "_sunk"), ("avoidable", "_avoidable"), ("quarter", "_quarter_delay")):
        ok(get(f, "pqmap_expected_loss" + name, scenario="central", currency="USD") == doc["assessment"]["totals"]["central"][key],
           f"money: {key}")
    got = f["pqmap_deadline_slack_seconds"][1]
    planned = [d for d in doc["plan"]["deadlines"] if d["finish"]]
    ok(len(got) == len(planned) and all(abs(get(f, "pqmap_deadline_slack_seconds", deadline=d["id"], regime=d["regime"], function=d["function"])
       - d["slack_years"] * 365.2425 * 86400) < 3200 for d in planned), "slack of the deadlines that the plan concerns", got)
    ok(sum(f["pqmap_plan_tasks"][1].values()) == len(doc["plan"]["tasks"]), "tasks")
    ok(get(f, "pqmap_coverage_seen") == doc["coverage"]["seen"] and get(f, "pqmap_targets_failed") == 0, "coverage")
    r = run("report", tmp / "a.json", "-q", "-o", f"prom={tmp}/b.prom")
    ok((tmp / "b.prom").read_text() == text, "the same bytes from the saved report", err(r))
    ok(stat.S_IMODE(os.stat(tmp / "a.prom").st_mode) == 0o600 and sorted(p.name for p in tmp.iterdir()) == ["a.json", "a.prom", "b.prom"],
       "the file is the owner's, and nothing is left beside it")

    # Names that try to break out, many of them, and long ones.
    estate = tmp / "hostile"
    estate.mkdir()
    rows = ['  - name: "a\\"} 1\\npqmap_up 1\\\\"', '  - name: "' + "x" * 300 + '1"', '  - name: "' + "x" * 300 + '2"']
    rows += [f'  - name: "asset-{i:04}"' for i in range(700)]
    (estate / ".pqmap.yaml").write_text("pqmap: 1\nassets:\n" + "".join(
        f"{n}\n    class: training-data\n    life: 10y\n    impact: 3\n    uses: ['x']\n" for n in rows))
    (estate / "key.pem").write_bytes((REPO / "fixtures/cluster/README.md").read_bytes())
    shutil.copytree(REPO / "fixtures/cluster/edge", estate / "edge")
    r = run("scan", estate, "--now", "2026-11-21", "-q", "-o", f"prom={tmp}/h.prom", "-o", f"json={tmp}/h.json", program=PQMAP_SAN)
    if ok(r.returncode == 0, "a hostile estate is scanned", err(r)[-600:]):
        h = parse((tmp / "h.prom").read_text())
        n = len(json.loads((tmp / "h.json").read_text())["assessment"]["assets"])
        names = {dict(k[1])["asset"] for k in h["pqmap_asset_decision"][1]}
        ok("pqmap_up" not in h and n > 500 and len(names) == 500 and get(h, "pqmap_assets_without_series") == n - 500,
           f"{n} assets: 500 have series, the others are counted", len(names))
        ok(max(map(len, names)) <= 140, "a long name is cut", max(map(len, names)))
done()
