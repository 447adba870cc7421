#!/usr/bin/env python3
"""The plan as it is read and asked: 100 columns, windows and phases with what they leave, --what-if."""
import json
import os

from kit import REPO, done, err, ok, out, run, tmpdir

NOW = "2026-11-21"
COPIED = ("where", "change", "verify")  # lines to copy stay whole

def check(words, condition, detail=""):
    ok(condition, words, detail)


with tmpdir() as tmp:
    inv = os.path.join(tmp, "a.json")
    assert run("scan", os.path.join(REPO, "fixtures/cluster"), "--now", NOW, "--quiet", "-o", "json=" + inv).returncode == 0
    plan = json.load(open(inv))["plan"]
    shown = run("plan", inv)
    text = out(shown)
    label, wide = "", []
    for line in text.splitlines():
        if line[:6] == "      " and line[6:16].strip():
            label = line[6:16].strip()
        elif not line.startswith("     "):
            label = ""
        if len(line) > 100 and label not in COPIED:
            wide.append(line)
    check("prose keeps to 100 columns", shown.returncode == 0 and not wide, wide[:3])
    check("a task pulled forward says why",
       all(t.get("pulled_why", "").startswith(f"phase {t['phase']} task pulled forward: ") == t["pulled_forward"]
           for t in plan["tasks"]) and any(t["pulled_forward"] for t in plan["tasks"]))
    check("the order says how good it is", plan["optimality"] in " ".join(text.split()) and plan["bound"] <= plan["cost"])

    left = [plan["residual"][0]["left"]] + [p["left"] for p in plan["phases"]]
    check("each phase leaves no more than the one before", left == sorted(left, reverse=True) and left[-1] < left[0])
    check("no phase and no window goes below sunk", all(s["left"] >= s["sunk"] > 0 for s in plan["phases"] + plan["windows"]))
    check("all windows leave what the whole plan leaves", plan["windows"][-1]["left"] == plan["residual"][-1]["left"])
    check("tasks are counted once", sum(p["tasks"] for p in plan["phases"]) == len(plan["tasks"]) == sum(w["tasks"] for w in plan["windows"]))

    def what_if(names, command="plan"):
        file = os.path.join(tmp, "w.json")
        p = run(command, inv, "--what-if", names, "-o", "json=" + file, *(["--quiet"] if command == "report" else []))
        return json.load(open(file))["plan"]["what_if"] if p.returncode == 0 else p


    chain = [t for t in plan["tasks"] if t["type"] == "enforce-hybrid"][0]
    alone = what_if(chain["id"])
    check("a task without what it needs earns nothing", alone["missing"] and alone["after"] == alone["before"] > alone["completed"])
    whole = what_if(",".join(alone["missing"] + [chain["id"]]))
    check("with what was missing it earns what was said", not whole["missing"] and whole["after"] == alone["completed"])
    number = [t["id"] for t in plan["tasks"]].index(chain["id"]) + 1
    check("numbers and ids name the same", what_if(str(number)) == alone)
    check("report takes it too", what_if(chain["id"], "report") == alone)
    told = run("plan", inv, "--what-if", str(number)).stdout.decode()
    check("it says from what it starts", "BASE      before is: nothing else is done for 10 years" in told)
    check("sunk stays", what_if(",".join({t["type"] for t in plan["tasks"]}))["sunk"] == plan["residual"][0]["sunk"])
    bad = what_if("enforce-hybird")
    check("a wrong name is an error with the nearest", bad.returncode == 2 and "the nearest is enforce-hybrid" in err(bad))
done()
