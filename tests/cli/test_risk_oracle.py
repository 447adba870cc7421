#!/usr/bin/python3
"""Every number of the risk model against a second computation in another language, written from design/risk.md:
random vectors and random assets to 1e-9 in all four scenarios, the published examples to four decimals, and each
number of a whole report from its printed vectors."""
import json
import math
import os
import random
import time

import kit
import qrv
from kit import done, err, ok, out, run, skip, tmpdir

N_VECTORS = int(os.environ.get("PQM_ORACLE_N", "100000"))
N_ASSETS = N_VECTORS // 10
CLASSES = ["E256", "E384", "E521", "R2048", "R3072", "R4096", "UNK", "SYM", "PQ", "HYB", "WEAK", "NONE"]
KEYS = {"p": "p", "sunk": "sunk", "cod": "cost_of_delay"}


def number(rng, low, high):
    return f"{rng.uniform(low, high):.{rng.choice([0, 1, 2, 4])}f}"


def vector(rng, ad):
    layers = rng.choices(CLASSES, weights=[6, 3, 3, 4, 3, 3, 3, 1, 1, 1, 1, 1], k=rng.choice([1, 1, 1, 1, 2, 3]))
    share = rng.choice(["N", "N", "N", "F", "E", number(rng, 0, 1)])
    life = rng.choice([number(rng, 0, 5), number(rng, 0, 60), "0", "100"])
    return (f"QRV:1.0/AD:{ad}/U:{rng.choice('KTWSL')}/A:{'&'.join(layers)}/D:{rng.choice('FS')}/X:{life}"
            f"/Y:{number(rng, 0, 12)}/W:{rng.choice(['0', number(rng, 0, 9)])}/E:{rng.choice('HDLOCPIX')}"
            f"/C:{share}/I:{rng.randint(1, 5)}")


def lists(rows, folder, *args):
    """The program's answers to lines of vectors."""
    name = os.path.join(folder, "vectors.txt")
    with open(name, "w", encoding="ascii") as f:
        f.write("\n".join(rows) + "\n")
    began = time.monotonic()
    r = run("risk", "@" + name, "-o", "jsonl", "--digits", "15", *args, timeout=600)
    took = time.monotonic() - began
    return r, [json.loads(x) for x in r.stdout.splitlines()], took


def differs(mine, theirs):
    return theirs is None or abs(mine - theirs) > 1e-9


def use_faults(mine, u):
    """What the program says differently about one use."""
    for s in qrv.SCENARIOS:
        for key, name in KEYS.items():
            if differs(mine[s][key], u[name][s]):
                yield f"{name}.{s}: {u[name][s]}, recomputed {mine[s][key]}"
        tau = mine[s]["tau"] if math.isfinite(mine[s]["tau"]) else None
        if (tau is None) != (u["tau"][s] is None) or (tau is not None and differs(tau, u["tau"][s])):
            yield f"tau.{s}: {u['tau'][s]}, recomputed {tau}"
    if differs(mine["end"], u["end"]):
        yield f"end: {u['end']}, recomputed {mine['end']}"
    if mine["today"] != u["broken_today"]:
        yield f"broken_today: {u['broken_today']}"
    if mine["capped"] != u["capped_by_horizon"]:
        yield f"capped: {u['capped_by_horizon']}"


def near_edge(*probabilities):
    """A probability within rounding of a band's edge may fall on either side of it."""
    return any(abs(p - edge) < 1e-9 for p in probabilities for edge in qrv.BANDS)


def decision_faults(mine, theirs):
    if near_edge(*mine["edges"]):
        return
    if qrv.LEVELS[mine["level"]] != theirs["decision"]:
        yield f"decision: {theirs['decision']}, recomputed {qrv.LEVELS[mine['level']]}"
    if mine["volatile"] != theirs["volatile"]:
        yield f"volatile: {theirs['volatile']}"
    if "under" in mine:
        yield from under_faults(mine, theirs)


def under_faults(mine, theirs):
    """Each belief's decision, and that every one that differs is said."""
    got = [(u["scenario"], u["p"], u["decision"]) for u in theirs["decision_under"]]
    if [(s, qrv.LEVELS[d]) for s, _, d in mine["under"]] != [(s, d) for s, _, d in got] or \
            any(differs(a[1], b[1]) for a, b in zip(mine["under"], got)):
        yield f"decision_under: {got}, recomputed {mine['under']}"
    flips = sum(d != theirs["decision"] for _, _, d in got)
    if flips > theirs["volatile_by"].count(" under ") or (flips > 0 and not theirs["volatile"]):
        yield f"a flip that is not marked: {got}, {theirs['volatile_by']}"


def random_vectors(crqc, curve, n, seed):
    rng = random.Random(seed)
    model = qrv.Model(crqc, curve)
    rows = [vector(rng, number(rng, 2026, 2058)) for _ in range(n)]
    with tmpdir() as d:
        r, answers, took = lists(rows, d, *([] if curve == "gri2025" else ["--curve", curve]))
    ok(r.returncode == 0 and len(answers) == n, f"{curve}: {n} vectors answered in {took:.1f} s", err(r)[:300])
    bad, n_flips = [], 0
    for row, answer in zip(rows, answers):
        mine, u = model.use(qrv.parse(row)), answer["uses"][0]
        bad += [(row, words) for words in [*use_faults(mine, u), *decision_faults(mine, u)]]
        n_flips += any(x["decision"] != u["decision"] for x in answer["union"]["decision_under"])
        bad += [(row, words) for words in decision_faults(model.asset([mine["v"]]), answer["union"])]
    ok(not bad, f"{curve}: {n} random vectors: P, sunk, cost of delay, tau and end to 1e-9, decision and volatile",
       bad[:3])
    ok(n_flips > n / 50, f"{curve}: {n_flips} decisions flip under another edition or stress, each marked volatile")
    return took


def random_assets(crqc, n, seed):
    rng = random.Random(seed)
    model = qrv.Model(crqc)
    rows = []
    for _ in range(n):
        ad = number(rng, 2026, 2058)
        rows.append(" ".join(vector(rng, ad) for _ in range(rng.randint(2, 9))))
    with tmpdir() as d:
        r, answers, _ = lists(rows, d)
    ok(r.returncode == 0 and len(answers) == n, f"{n} assets of 2 to 9 uses answered", err(r)[:300])
    bad = []
    for row, answer in zip(rows, answers):
        mine, u = model.asset([qrv.parse(x) for x in row.split()]), answer["union"]
        bad += [(row, s, k) for s in qrv.SCENARIOS for k, name in KEYS.items() if differs(mine[s][k], u[name][s])]
        bad += [(row, words) for words in decision_faults(mine, u)]
    ok(not bad, f"{n} random unions: P, sunk, cost of delay to 1e-9, decision and volatile", bad[:3])


def published(folder, crqc):
    with open(os.path.join(folder, "risk-examples.json"), encoding="utf-8") as f:
        data = json.load(f)
    model = qrv.Model(crqc)
    by_id = {e["id"]: e for e in data["single"]}
    bad = []
    for e in data["single"]:
        mine = model.use(qrv.parse(e["vector"]))
        theirs = json.loads(run("risk", e["vector"], "-o", "json").stdout)["uses"][0]
        for s in qrv.SCENARIOS:
            bad += [(e["id"], s, x) for x in (mine[s]["p"], theirs["p"][s]) if f"{x:.4f}" != f"{e['expect'][s]:.4f}"]
        for key, name in (("sunk", "sunk"), ("cod", "cost_of_delay")):
            bad += [(e["id"], key, x) for x in (mine["central"][key], theirs[name]["central"])
                    if f"{x:.4f}" != f"{e[name]:.4f}"]
        bad += [(e["id"], d) for d in (qrv.LEVELS[mine["level"]], theirs["decision"]) if d != e["decision"]]
    ok(len(data["single"]) == 16 and not bad, "the 16 published vectors, both ways, to four decimals", bad[:5])
    bad = []
    for e in data["union"]:
        vectors = [by_id[i]["vector"] for i in e["uses"]]
        mine = model.asset([qrv.parse(v) for v in vectors])
        theirs = json.loads(run("risk", *vectors, "-o", "json").stdout)["union"]
        bad += [(e, s, x) for s in qrv.SCENARIOS for x in (mine[s]["p"], theirs["p"][s])
                if f"{x:.4f}" != f"{e['expect'][s]:.4f}"]
    ok(len(data["union"]) == 3 and not bad, "the 3 published unions, both ways, to four decimals", bad[:5])


def printed(x):
    return round(x, 4)


def report_numbers(crqc, target="fixtures/cluster"):
    """Each probability of a report from the vectors that stand beside it, and each money from its basis."""
    with tmpdir() as d:
        name = os.path.join(d, "a.json")
        r = run("scan", target, "--now", "2026-11-21", "--regime", "us-eo-14412", "-q", "-o",
                "json=" + name, cwd=kit.REPO)
        if not ok(r.returncode == 0, "the example is scanned", err(r)):
            return
        with open(name, encoding="utf-8") as f:
            report = json.load(f)
    model = qrv.Model(crqc)
    n, bad, members = 0, [], {}
    for a in report["assessment"]["assets"]:
        vectors = qrv.uses_of(a)
        members.setdefault(a.get("money_root", a["id"]), []).extend(vectors)
        if not vectors:
            continue
        mine = model.asset(vectors)
        for where, m, t in [(a["id"], mine, a)] + [(u["vector"], m, u) for m, u in zip(mine["uses"], a["uses"])]:
            for s in qrv.SCENARIOS:
                for k in ("p", "sunk", "cod"):
                    n += 1
                    if abs(m[s][k] - t[k][s]) > 5.00001e-5:
                        bad.append((where, k, s, t[k][s], printed(m[s][k])))
        bad += [(a["id"], x) for x in flip_faults(model, vectors, a.get("deciding_use", 0), a["flips"])]
        wanted = not a["broken_today"] and (a["decision_by_impact"] != "Track" or a["volatile"])
        bad += [(a["id"], "flips")] if wanted and not a["flips"] else []
        for t in a["threats"]:
            uses = [mine["uses"][i] for i in t["uses"]]
            for s in qrv.SCENARIOS:
                n += 1
                p = 0.0 if t["when"] == "open today" else \
                    model.union(s, vectors[0]["AD"], [(model.joint(s, u["v"]), u[s]["tau"]) for u in uses])
                if abs(p - t["p"][s]) > 5.00001e-5 or any(u["today"] != (t["when"] == "open today") for u in uses):
                    bad.append((a["id"], t["id"], s, t["p"][s], p))
    names = {t["id"] for a in report["assessment"]["assets"] for t in a["threats"]}
    ok(len(names) >= 5, f"{len(names)} of the article's threats are named in the example", names)
    flips = [a["id"] for a in report["assessment"]["assets"] if
             any(u["decision"] != a["decision_by_impact"] for u in a["decision_under"])]
    marked = [a["id"] for a in report["assessment"]["assets"] if a["volatile"] and a["volatile_by"]]
    ok(set(flips) <= set(marked), f"of the example's assets {len(flips)} flip under another belief, each marked",
       (flips, marked))
    ok(n > 200 and not bad, f"{n} probabilities of the example report come back from their vectors", bad[:3])
    n, bad = 0, []
    totals = {s: {} for s in qrv.SCENARIOS}
    for a in report["assessment"]["assets"]:
        if "money" not in a:
            continue
        basis = a["money_basis"]
        for s in qrv.SCENARIOS:
            mine = model.money(s, basis["lump"], basis["rate"], members[a["id"]])
            for k, v in a["money"][s].items():
                n += 1
                totals[s][k] = totals[s].get(k, 0) + mine[k]
                if abs(mine[k] - v) > 0.00501:
                    bad.append((a["id"], s, k, v, mine[k]))
    curves = report["assessment"]["loss_curves"]
    ok(curves["central"] == report["assessment"]["loss_curve"], "the central loss curve is the one of before")
    for s in qrv.SCENARIOS:
        points = curves[s]
        area = sum(x["p"] * (x["amount"] - b) for x, b in zip(points, [0] + [y["amount"] for y in points]))
        want = report["assessment"]["totals"][s]["expected"]
        ok(points and abs(area - want) <= 5.1e-5 * points[-1]["amount"],
           f"{s}: the area under the loss curve is the expected loss", (area, want))
    bad += [("total", s, k) for s in qrv.SCENARIOS for k, v in totals[s].items()
            if abs(v - report["assessment"]["totals"][s][k]) > 0.00501]
    ok(n >= 32 and not bad, f"{n} amounts of money and the totals come back from their vectors, to the cent", bad[:3])


CHANGES = {"life": ("X", float, True), "years to protection": ("Y", float, False), "exposure": ("E", str, False),
           "coverage": ("C", str, False), "class": ("A", lambda x: [x], False), "impact": ("I", int, True)}


def changed(vectors, deciding, flip, value):
    """The uses with one parameter at another value: of all of them, or of the one that decides."""
    key, read, shared = CHANGES[flip["parameter"]]
    # A past flow must hold for as much less as it is older.
    older = [v.get("ended", 0) if key == "X" else 0 for v in vectors]
    everywhere = shared and len({round(v[key] + o, 6) if o else v[key] for v, o in zip(vectors, older)}) == 1
    return [{**v, key: max(0, read(value) - o) if o else read(value)} if everywhere or i == deciding else v
            for i, (v, o) in enumerate(zip(vectors, older))]


def flip_faults(model, vectors, deciding, flips):
    if [f["size"] for f in flips] != sorted(f["size"] for f in flips):
        yield "not in order of size"
    for f in flips:
        if f["parameter"] not in CHANGES:
            continue
        after = model.asset(changed(vectors, deciding, f, f["to"]))
        if not near_edge(after["central"]["p"]) and qrv.LEVELS[after["level"]] != f["decision"]:
            yield f"{f['words']}: recomputed {qrv.LEVELS[after['level']]}"
        if f["parameter"] in ("life", "years to protection"):
            back = 0.05 if float(f["to"]) < float(f["from"]) else -0.05
            less = model.asset(changed(vectors, deciding, f, float(f["to"]) + back))
            if not near_edge(less["central"]["p"]) and less["level"] == after["level"]:
                yield f"{f['words']}: a smaller change does it"


def flips(crqc, n, seed):
    """Each change that is said to flip a decision does, and the one before it does not."""
    rng = random.Random(seed)
    model, bad, count = qrv.Model(crqc), [], 0
    for _ in range(n):
        ad = number(rng, 2026, 2034)
        rows = [vector(rng, ad) for _ in range(rng.choice([1, 1, 2, 3]))]
        union = json.loads(run("risk", *rows, "-o", "json").stdout)["union"]
        count += len(union["flips"])
        bad += [(rows, x) for x in flip_faults(model, [qrv.parse(x) for x in rows], union.get("deciding", 0),
                                               union["flips"])]
    ok(count > n and not bad, f"{count} changes that flip a decision, recomputed", bad[:3])


def main():
    folder = qrv.find_guidance(str(kit.REPO))
    if folder is None:
        skip("guidance/crqc.json is not here: the risk model was not recomputed")
        return
    crqc = qrv.load(folder)
    published(folder, crqc)
    random_vectors(crqc, "gri2025", N_VECTORS, 14)
    for i, curve in enumerate(("gri2024", "gri2023", "gri2022")):
        random_vectors(crqc, curve, N_VECTORS // 20, 100 + i)
    random_assets(crqc, N_ASSETS, 15)
    flips(crqc, 400, 16)
    report_numbers(crqc)
    for since in ("2026-11-21", "2026-03-01"):
        with tmpdir() as d:
            report_numbers(crqc, qrv.protected_cluster(str(kit.REPO), os.path.join(d, "cluster"), since))


main()
done()
