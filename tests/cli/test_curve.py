#!/usr/bin/python3
"""A house view of the arrival curve: JSON and YAML give the same numbers, every fault is one clear error, and a saved
report answers without the file."""
import json
import os

import kit
import qrv
from kit import done, err, ok, run, tmpdir

V = "QRV:1.0/AD:2027.0/U:K/A:E256/D:F/X:10/Y:2/W:2/E:C/C:N/I:4"
HOUSE = {"id": "board-2026", "source": "board of May", "base_year": 2026, "horizons_years": [4, 9, 20],
         "slow": [0.05, 0.3, 0.6], "central": [0.123456789, 0.4, 0.8], "fast": [0.2, 0.6, 1]}
YAML = """# house view
id: board-2026
base_year: 2026
horizons_years: [4, 9, 20]
slow: [0.05, 0.3, 0.6]
central: [0.123456789, 0.4, 0.8]
fast: [0.2, 0.6, 1]
"""


def save(folder, name, value):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(value if isinstance(value, str) else json.dumps(value))
    return path


def central(path):
    r = run("risk", V, "--curve", path, "-o", "json", "--digits", "12")
    return json.loads(r.stdout)["union"]["p"]["central"] if r.returncode == 0 else err(r)


def forms(d):
    want = None
    folder = qrv.find_guidance(str(kit.REPO))
    if folder is not None:
        crqc = qrv.load(folder)
        want = qrv.Model(crqc, HOUSE).use(qrv.parse(V))["central"]["p"]
        two = save(d, "two.json", {"curves": [HOUSE, {**HOUSE, "id": "other", "base_year": 2030}]})
        r = run("risk", V, "--curve", os.path.join(folder, "crqc.json") + "#gri2024", "-o", "json")
        own = run("risk", V, "--curve", "gri2024", "-o", "json")
        ok(r.returncode == 0 and r.stdout == own.stdout, "an entry of the shared file is the built-in curve", err(r))
    else:
        two = save(d, "two.json", [HOUSE, {**HOUSE, "id": "other", "base_year": 2030}])
    got = [central(save(d, "h.json", HOUSE)), central(save(d, "h.yaml", YAML)),
           central(save(d, "list.json", [HOUSE])), central(two + "#board-2026")]
    ok(len(set(map(str, got))) == 1 and isinstance(got[0], float), "JSON, YAML, a list, one of several: one answer", got)
    ok(want is None or abs(got[0] - want) < 1e-11, "and it is the curve's", (got[0], want))
    ok("none is recommended" in str(central(two)), "several without a name are refused", central(two))
    ok("no curve 'x'" in str(central(two + "#x")), "as is a name that is not there", central(two + "#x"))
    lined = YAML.replace("slow:", "slwo: 1\nslow:")
    r = run("risk", V, "--curve", save(d, "lined.yaml", lined))
    ok(r.returncode == 2 and "lined.yaml:5: unknown key 'slwo'" in err(r), "a misspelt key is told with its line", err(r))
    text = run("help", "risk").stdout.decode()
    block = text[text.index("  id: board-2026"):text.index("Chances by base_year")]
    told = save(d, "told.yaml", "\n".join(line[2:] for line in block.splitlines()) + "\n")
    ok(isinstance(central(told), float) and block.count("\n") == 6, "the example of the help is a curve", central(told))
    readme = (kit.REPO / "README.md").read_text()
    shown = readme[readme.index("id: board-2026"):]
    ok(isinstance(central(save(d, "readme.yaml", shown[:shown.index("```")])), float), "so is that of the README")
    r = run("plan", save(d, "empty.json", json.loads(run("scan", save(d, "plain.txt", "x"), "-o", "json", "-q").stdout)), "--curve", told)
    ok(r.returncode == 0, "plan takes a file too", err(r))
    r = run("rules", "show", "gri2025")
    ok(r.returncode == 0 and b"risk.curve.gri2025" in r.stdout, "a curve's rule by its short name", err(r))
    r = run("rules", "list", "curve")
    ok(r.returncode == 0 and b"risk.curve.gri2025" in r.stdout and b"deps.go" not in r.stdout, "rules by a part of their ids", err(r))
    few = save(d, "few.json", {"id": "few", "base_year": 2026, "horizons_years": [10], "slow": [0.1],
                               "central": [0.2], "fast": [0.3]})
    ok(isinstance(central(few), float), "one horizon is a curve", central(few))


FAULTS = [
    ({"base_year": "soon"}, "base_year: 'soon' is not a finite number"),
    ({"base_year": 1200}, "base_year: 1200 is not a year from 1900"),
    ({"horizons_years": [4, 4, 20]}, "horizons_years[1]: 4 is not above 4"),
    ({"horizons_years": [0, 4, 20]}, "horizons_years[0]: 0 is not above 0"),
    ({"horizons_years": []}, "horizons_years is not what it must be"),
    ({"horizons_years": list(range(1, 40))}, "1 to 32"),
    ({"horizons_years": None}, "horizons_years is not what it must be"),
    ({"slow": [0.05, 0.3]}, "slow has 2 values for 3"),
    ({"slow": [-0.05, 0.3, 0.6]}, "slow[0]: -0.05 is not a probability"),
    ({"fast": [0.2, 0.6, 1.01]}, "fast[2]: 1.01 is not a probability"),
    ({"fast": [0.2, 0.6, float("inf")]}, "fast[2]: 'Infinity' is not a finite number"),
    ({"fast": [0.2, "x", 1]}, "fast[1]: 'x' is not"),
    ({"fast": [0.2, [1], 1]}, "fast[1]: 'a list' is not"),
    ({"central": [0.1, 0.4, 0.39]}, "central[2]: 0.39 is below 0.4"),
    ({"central": [0.04, 0.4, 0.8]}, "central[0]: 0.04 is below slow, 0.05"),
    ({"central": [0.3, 0.4, 0.8]}, "fast[0]: 0.2 is below central, 0.3"),
    ({"id": ""}, "id: give the curve a name"),
    ({"id": "a b"}, "'a b' has a byte"),
    ({"id": "x" * 65}, "1 to 64 bytes"),
    ({"id": "gri2025"}, "built-in curve with other numbers"),
    ({"id": "stress"}, "built-in curve with other numbers"),
    ({"slwo": [0.1]}, "unknown key 'slwo'; the nearest is 'slow'"),
    ({"horizon_years": [1]}, "unknown key 'horizon_years'; the nearest is 'horizons_years'"),
]


def faults(d):
    bad = []
    for change, words in FAULTS:
        path = save(d, "bad.json", {**HOUSE, **change})
        for args in (("risk", V), ("scan", d)):
            r = run(*args, "--curve", path)
            said = err(r).strip()
            if r.returncode != 2 or words not in said or path not in said or "\n" in said:
                bad.append((change, args[0], r.returncode, said))
    for text, words in (("{", ":"), ("- 1\n- 2\n", "0 curves"), ("just text\n", "not a curve"), ("", ":")):
        r = run("risk", V, "--curve", save(d, "bad.yaml", text))
        if r.returncode != 2 or words not in err(r):
            bad.append((text, r.returncode, err(r)))
    for path in (os.path.join(d, "absent.json"), d, save(d, "big.yaml", "#" * 5000000)):
        if run("risk", V, "--curve", path).returncode != 2:
            bad.append(path)
    ok(not bad, f"{len(FAULTS) + 7} faults, each one line with file, key, value and what is allowed", bad[:3])


def kept(d):
    house, a, b, c = (os.path.join(d, x) for x in ("h2.json", "a.json", "b.json", "c.json"))
    save(d, "h2.json", HOUSE)
    r = run("scan", "fixtures/cluster", "--now", "2026-11-21", "--curve", house, "-q", "-o", "json=" + a,
            cwd=kit.REPO)
    ok(r.returncode == 0, "a scan takes it", err(r))
    os.remove(house)
    r = run("report", a, "-q", "-o", "json=" + b, "-o", "html=" + os.path.join(d, "r.html"))
    with open(a, "rb") as f, open(b, "rb") as g:
        first, second = f.read(), g.read()
    ok(r.returncode == 0 and first == second, "a later report says the same without the file", err(r))
    report = json.loads(first)
    ok({k: report["assessment"]["curve_points"][k] for k in HOUSE} == HOUSE, "its points stand in the report")
    r = run("plan", a, "-o", "json=" + c)
    ok(r.returncode == 0 and json.load(open(c, encoding="utf-8"))["curve"] == "board-2026", "and in the plan", err(r))
    run("report", a, "--curve", "gri2025", "-q", "-o", "json=" + c)
    other = json.load(open(c, encoding="utf-8"))
    ok("house_curve" not in other["settings"] and other["assessment"]["curve"] == "gri2025"
       and other["assessment"]["parameters_hash"] != report["assessment"]["parameters_hash"],
       "another --curve takes its place, with another hash")
    report["settings"]["house_curve"]["slow"][0] = 0.5
    save(d, "forged.json", report)
    r = run("report", os.path.join(d, "forged.json"), "-q", "-o", "json=" + c)
    ok(r.returncode != 0 and "settings.house_curve" in err(r), "a saved curve that crosses is refused", err(r))
    save(d, "h2.json", HOUSE)
    save(d, ".pqmap.yaml", "curve: h2.json\n")
    r = run("scan", kit.REPO / "fixtures/cluster", "--now", "2026-11-21", "-q", "-o", "json=" + c, cwd=d)
    ok(r.returncode == 0 and json.load(open(c, encoding="utf-8"))["settings"]["curve"] == "board-2026",
       "and .pqmap.yaml may name it", err(r))


with tmpdir() as folder:
    forms(folder)
    faults(folder)
    kept(folder)
done()
