"""QRV 1.0 from the page of formulas (design/risk.md), for tests: no line of it comes from the program.

Curves, shifts, harvest table and coverage are read from guidance/crqc.json; what only the page gives (the decision
table, the bands, what never or always falls) stands here.
"""
import json
import math
import os
import re
import shutil

NEVER, TODAY = {"SYM", "PQ", "HYB"}, {"NONE", "WEAK"}
SCENARIOS = ("slow", "central", "fast", "stress")
LEVELS = ("Track", "Plan", "Attend", "Act")
TABLE = {1: (0, 0, 1, 1), 2: (0, 0, 1, 1), 3: (0, 1, 2, 2), 4: (0, 2, 3, 3), 5: (0, 2, 3, 3)}
BANDS = (0.05, 0.2, 0.5)
IMPACT_MID = {1: 31600.0, 2: 316000.0, 3: 3160000.0, 4: 31600000.0, 5: 316000000.0}
GUIDANCE = os.path.join(os.path.dirname(__file__), "..", "..", "..", "shared", "guidance")


def find_guidance(repo):
    """The folder of the shared data, or None."""
    for path in (os.environ.get("PQM_GUIDANCE"), os.path.join(repo, "..", "shared", "guidance"),
                 "/work/shared/guidance"):
        if path and os.path.exists(os.path.join(path, "crqc.json")):
            return path
    return None


def load(folder):
    with open(os.path.join(folder, "crqc.json"), encoding="utf-8") as f:
        return json.load(f)


def drawn(s):
    """Stress is drawn from the fast column of every table."""
    return "fast" if s == "stress" else s


class Model:
    def __init__(self, crqc, curve="gri2025", alone=False):
        entry = curve if isinstance(curve, dict) else next(c for c in crqc["curves"] if c["id"] == curve)
        self.knots = {s: [(entry["base_year"], 0.0)] + [(entry["base_year"] + h, v) for h, v in
                      zip(entry["horizons_years"], entry[s])] for s in SCENARIOS[:3]}
        self.horizon = self.knots["central"][-1][0]
        self.shift = {r["alg"]: r for r in crqc["algorithm_shift_years"]}
        self.open = {r["code"]: r for r in crqc["harvest_probability"]}
        self.fallback = crqc["coverage_when_fallback_allowed"]
        # Decisions are compared under the two newest editions, whichever is chosen.
        self.others = [] if alone else [Model(crqc, c, True) for c in ("gri2025", "gri2024") if c != entry["id"]]

    def F(self, s, t):
        knots = self.knots[drawn(s)]
        if t <= knots[0][0]:
            value = knots[0][1]
        elif t >= knots[-1][0]:
            value = knots[-1][1]
        else:
            (x0, y0), (x1, y1) = next((a, b) for a, b in zip(knots, knots[1:]) if a[0] <= t <= b[0])
            value = y0 + (y1 - y0) * (t - x0) / (x1 - x0)
        return 1 - (1 - value) ** 2 if s == "stress" else value

    def G(self, s, a, t):
        if t <= a:
            return 0.0
        fa = self.F(s, a)
        return (self.F(s, t) - fa) / (1 - fa)

    def tau(self, s, v, end):
        taus = []
        for layer in v["A"]:
            if layer in NEVER:
                taus.append(-math.inf)
            elif layer in TODAY:
                taus.append(math.inf)
            else:
                d = self.shift["E256" if layer == "UNK" else layer][drawn(s)]
                taus.append(end - d if d >= 0 else end + min(-d, end - v["AD"]))
        return min(taus)

    def h(self, s, v):
        c = v["C"]
        covered = {"N": 0.0, "E": 1.0}.get(c, self.fallback[drawn(s)] if c == "F" else None)
        return self.open[v["E"]][drawn(s)] * (1 - (float(c) if covered is None else covered))

    def use(self, v):
        """Everything the page defines of one use, by scenario."""
        a, carried = v["AD"], v["U"] != "S"
        end = a + v["X"] + (v["Y"] if v["D"] == "F" else 0) if carried else a + v["Y"]
        out = {"v": v, "end": end, "today": all(x in TODAY for x in v["A"])}
        for s in SCENARIOS:
            h, t = self.h(s, v), self.tau(s, v, end)
            now = h * self.G(s, a, self.tau(s, v, a + v["X"])) if carried else 0.0
            one = {"h": h, "tau": t, "p": h * self.G(s, a, t),
                   "sunk": now if carried and v["W"] > 0 else 0.0}
            if carried:
                one["cod"] = 0.0 if v["D"] == "S" and v["W"] > 0 else now
            else:
                one["cod"] = h * (self.G(s, a, self.tau(s, v, end + 1)) - self.G(s, a, t))
            if out["today"]:
                one.update(p=0.0, sunk=0.0, cod=0.0)
            out[s] = one
        level = 3 if out["today"] else self.level(out["central"]["p"], v["I"])
        out["level"] = level
        out["capped"] = any(out[s]["h"] > 0 and math.isfinite(out[s]["tau"]) and out[s]["tau"] > self.horizon
                            for s in SCENARIOS) and not out["today"]
        h, tau = out["central"]["h"], out["central"]["tau"]
        beliefs = [out["stress"]["p"]] + [h * m.G("central", a, tau) for m in self.others]
        out["volatile"] = not out["today"] and (self.level(out["fast"]["p"], v["I"]) >= level + 2 or
                                                any(self.level(p, v["I"]) != level for p in beliefs))
        out["edges"] = [out["central"]["p"], out["fast"]["p"]] + beliefs
        return out

    @staticmethod
    def level(p, impact):
        return TABLE[impact][sum(p >= edge for edge in BANDS)]

    def union(self, s, a, pairs):
        """P that at least one (h, tau) hits, by adding up over the arrival time from the latest tau down."""
        pairs = sorted(pairs, key=lambda x: -x[1])
        total, missed = 0.0, 1.0
        for k, (h, t) in enumerate(pairs):
            missed *= 1 - h
            after = self.G(s, a, pairs[k + 1][1]) if k + 1 < len(pairs) else 0.0
            total += (1 - missed) * (self.G(s, a, t) - after)
        return total

    def joint(self, s, v, only_sunk=False):
        """h of a use in a union: of a past use only what the use since then does not stand for."""
        h, now = self.h(s, v), v.get("of")
        if now is None or (only_sunk and not now["W"] > 0):
            return h
        since = 0.0 if self.tau(s, now, now["AD"] + 50) == -math.inf else self.h(s, now)
        return max(0.0, (h - since) / (1 - since)) if since < 1 else 0.0

    def asset(self, vectors):
        uses = [self.use(v) for v in vectors]
        a, out = vectors[0]["AD"], {"uses": uses}
        live = [u for u in uses if not u["today"]]

        for s in SCENARIOS:
            def at(chosen, end_of, only_sunk=False):
                return self.union(s, a, [(self.joint(s, u["v"], only_sunk), self.tau(s, u["v"], end_of(u)))
                                         for u in chosen])
            carried = [u for u in live if u["v"]["U"] != "S"]
            p = at(live, lambda u: u["end"])
            sunk = at([u for u in carried if u["v"]["W"] > 0], lambda u: a + u["v"]["X"], True)
            waiting = at([u for u in carried if not (u["v"]["D"] == "S" and u["v"]["W"] > 0)],
                         lambda u: a + u["v"]["X"])
            later = at(live, lambda u: u["end"] + (u["v"]["U"] == "S"))
            out[s] = {"p": p, "sunk": sunk, "cod": min(1.0, waiting + max(0.0, later - p))}
        impact = max(v["I"] for v in vectors)
        out["today"] = len(live) < len(uses)
        out["level"] = max(self.level(out["central"]["p"], impact), 3 if out["today"] else 0)
        least = 3 if out["today"] else 0
        beliefs = [("stress", out["stress"]["p"])]
        for m in self.others:
            pairs = [(self.joint("central", u["v"]), u["central"]["tau"]) for u in live]
            beliefs.append(("central", m.union("central", a, pairs)))
        out["under"] = [(s, p, max(least, self.level(p, impact))) for s, p in
                        [("central", out["central"]["p"])] + beliefs]
        out["volatile"] = self.level(out["fast"]["p"], impact) >= out["level"] + 2 or \
            any(d != out["level"] for _, _, d in out["under"])
        out["edges"] = [out["central"]["p"], out["fast"]["p"]] + [p for _, p in beliefs]
        return out

    # ---- money of a lineage root ----

    def flow(self, s, rate, vectors):
        """(expected, sunk, quarter) of content that flows at rate: the integral of q over when it was made."""
        a = vectors[0]["AD"]
        # What is over began and ended so many years earlier, and was secret for so much longer.
        uses = [(self.h(s, v), {**v, "X": v["X"] + v.get("ended", 0)}) for v in vectors]
        cuts = {a}

        def first(v):
            return a - v.get("ended", 0) - v["W"]

        def last(v, delay):
            return a - v["ended"] if "ended" in v else a + v["Y"] + delay
        for _, v in uses:
            cuts |= {first(v), last(v, 0), last(v, 0.25)}
            for layer in v["A"]:
                d = self.shift["E256" if layer == "UNK" else layer][drawn(s)] if layer not in NEVER | TODAY else 0
                for year in [a] + [k[0] for k in self.knots["central"]]:
                    cuts |= {year - v["X"] + d, (year + a) / 2 - v["X"]}
                cuts |= {a - d - v["X"]} | {a - 2 * v["X"] + w["X"] - e["fast" if s == "stress" else s]
                                            for _, w in uses for e in self.shift.values()
                                            if isinstance(e.get("fast"), (int, float))}

        def q(made, inside, delay):
            return self.union(s, a, [(h, self.tau(s, v, made + v["X"])) for h, v in uses
                                     if first(v) <= inside <= last(v, delay)])

        def integral(low, high, delay):
            # Three-point Gauss between kinks: exact for the polynomials that lie there.
            points = sorted({low, high} | {c for c in cuts if low < c < high})
            total = 0.0
            for x0, x1 in zip(points, points[1:]):
                mid, half = (x0 + x1) / 2, (x1 - x0) / 2
                for node, weight in ((-math.sqrt(0.6), 5 / 9), (0.0, 8 / 9), (math.sqrt(0.6), 5 / 9)):
                    total += half * weight * q(mid + half * node, mid, delay)
            return total

        low = min(first(v) for _, v in uses)
        high = max(last(v, 0) for _, v in uses)
        whole = integral(low, high, 0.0)
        return rate * whole, rate * integral(low, min(a, high), 0.0), \
            rate * (integral(low, high + 0.25, 0.25) - whole)

    def money(self, s, lump, rate, vectors):
        quantum = [v for v in vectors if not all(x in TODAY for x in v["A"])]
        flows = [v for v in quantum if rate > 0 and (v["D"] == "F" or "ended" in v) and v["U"] in "KTW"]
        rest = [v for v in quantum if v not in flows]
        a = vectors[0]["AD"]

        def end_of(v, delay):
            if v["U"] == "S":
                return a + v["Y"] + delay
            return a + v["X"] + (v["Y"] + delay if v["D"] == "F" else 0)
        p = self.union(s, a, [(self.joint(s, v), self.tau(s, v, end_of(v, 0))) for v in rest])
        late = self.union(s, a, [(self.joint(s, v), self.tau(s, v, end_of(v, 0.25))) for v in rest])
        sunk = self.union(s, a, [(self.joint(s, v, True), self.tau(s, v, a + v["X"])) for v in rest
                                 if v["U"] != "S" and v["W"] > 0])
        f = self.flow(s, rate, flows) if flows else (0.0, 0.0, 0.0)
        return {"expected": lump * p + f[0], "sunk": lump * sunk + f[1],
                "avoidable": lump * (p - sunk) + f[0] - f[1], "quarter": lump * (late - p) + f[2]}


def protected_cluster(repo, to, since):
    """A copy of the example cluster whose ingress offers hybrid groups; its owners say since when, unless None."""
    shutil.copytree(os.path.join(repo, "fixtures/cluster"), to)

    def edit(name, old, new):
        path = os.path.join(to, name)
        with open(path, encoding="utf-8") as f:
            text = f.read()
        assert re.search(old, text), name
        with open(path, "w", encoding="utf-8") as f:
            f.write(re.sub(old, new, text))
    edit("edge/ingress-nginx.yaml", "ssl-ecdh-curve: X25519\n", 'ssl-ecdh-curve: "X25519MLKEM768:X25519"\n')
    if since is not None:
        edit(".pqmap.yaml", r"( *)in-use: (.*)", rf"\1in-use: \2\n\1protected-since: {since}")
    return to


def uses_of(asset):
    """The inputs of an asset's uses, with what a history says beside its vector."""
    vectors = [parse(u["vector"]) for u in asset["uses"]]
    for v, u in zip(vectors, asset["uses"]):
        if "history" in u:
            v["of"] = vectors[u["history"]["of"]]
            if u["history"]["was"] == "flow":
                v["ended"] = u["history"]["ended_years"]
    return vectors


def parse(text):
    """The inputs of a vector string."""
    parts = dict(part.split(":", 1) for part in text.split("/"))
    v = {k: float(parts[k]) for k in ("AD", "X", "Y", "W")}
    v.update({k: parts[k] for k in ("U", "D", "E", "C")}, A=parts["A"].split("&"), I=int(parts["I"]))
    return v
