"""pqmap diff: edits of a tree are told for what they are, what was not read is not fixed, and hostile reports are refused."""
import copy
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys

from kit import PQMAP_SAN, REPO, done, err, ok, out, run, tmpdir

NOW = ["--now", "2026-11-21", "--regime", "us-eo-14412"]


def scan(target, to, *more, now=NOW):
    r = run("scan", target, *now, "-q", "-o", f"json={to}", *more)
    ok(r.returncode == 0, f"scanned for {to.name}", err(r))
    return json.loads(to.read_text())


def diff(a, b, *more, program=None):
    r = run("diff", a, b, "-o", "json", *more, **({"program": program} if program else {}))
    if r.returncode not in (0, 1):
        ok(False, f"diff {a} {b}", err(r))
        return None
    return json.loads(r.stdout)


def save(doc, path):
    path.write_text(json.dumps(doc))
    return path


def counts(d, **want):
    got = {k: v for k, v in d["counts"].items() if k in want}
    return got == want, got


with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    estate = tmp / "estate"
    shutil.copytree(REPO / "fixtures/cluster", estate)
    old = scan(estate, tmp / "old.json")

    # The same report.
    r = run("diff", tmp / "old.json", tmp / "old.json", "--exit-code")
    ok(r.returncode == 0 and b"No difference." in r.stdout, "a report does not differ from itself", out(r) + err(r))
    ok(diff(tmp / "old.json", tmp / "old.json")["same"], "and its JSON says so")

    # Re-indented and moved: no difference in findings.
    b = tmp / "moved"
    shutil.copytree(estate, b)
    (b / "elsewhere").mkdir()
    os.rename(b / "training/keys.yaml", b / "elsewhere/keys.yaml")
    text = (b / "edge/ingress-nginx.yaml").read_text()
    (b / "edge/ingress-nginx.yaml").write_text("# one line more\n\n\n" + text)
    scan(b, tmp / "moved.json")
    d = diff(tmp / "old.json", tmp / "moved.json")
    good, got = counts(d, appeared=0, fixed=0, not_read=0, read_first=0, changed=0, same=len(old["findings"]))
    ok(good and d["counts"]["moved"] == 6, "a file that moved and lines that shifted are no findings", d["counts"])

    # A key more, in a file of its own, and the same key once more.
    c = tmp / "more"
    shutil.copytree(estate, c)
    subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", c / "new.pem"],
                   check=True, capture_output=True)
    scan(c, tmp / "more.json")
    d = diff(tmp / "old.json", tmp / "more.json")
    good, got = counts(d, appeared=1, fixed=0, changed=0, not_read=0)
    ok(good and d["appeared"][0]["family"] == "RSA" and d["appeared"][0]["place"]["path"] == "new.pem"
       and d["appeared"][0]["cause"] == "estate", "a key that was added has appeared", got)
    shutil.copy(c / "new.pem", c / "copy.pem")
    scan(c, tmp / "copy.json")
    d = diff(tmp / "more.json", tmp / "copy.json")
    good, got = counts(d, appeared=0, fixed=0, changed=1)
    ok(good and (d["changed"][0]["places_before"], d["changed"][0]["places"], d["changed"][0]["places_new"]) == (1, 2, 1),
       "a copy of it is one place more of the same thing", d["changed"])
    d = diff(tmp / "copy.json", tmp / "old.json")
    good, got = counts(d, appeared=0, fixed=1)
    ok(good, "both removed: one thing is fixed", got)
    r = run("diff", tmp / "old.json", tmp / "more.json", "--exit-code")
    ok(r.returncode == 1, "--exit-code tells a difference", r.returncode)
    ok(run("diff", tmp / "old.json", tmp / "more.json").returncode == 0, "without it the exit code is 0")

    # What was not read is not fixed.
    def unread(note=None, target=False, drop=False):
        new = copy.deepcopy(old)
        gone = [f for f in new["findings"] if all("training/keys.yaml" in o["path"] for o in f["occurrences"])]
        new["findings"] = [f for f in new["findings"] if f not in gone]
        if note:
            new["coverage"]["notes"].append({"target": 0, "path": note, "reason": "unreadable"})
        if target:
            new["targets"][0]["failed"] = True
        if drop:
            new["targets"] = [{**new["targets"][0], "name": "other", "kind": "stdin"}]
        return diff(tmp / "old.json", save(new, tmp / "unread.json")), len(gone)

    d, n = unread()
    ok(n > 0 and counts(d, fixed=n, not_read=0)[0], "gone from a file that was read: fixed", d["counts"])
    for words, kw in (("the file", {"note": f"{estate}/training/keys.yaml"}), ("its folder", {"note": f"{estate}/training"}),
                      ("the target", {"target": True}), ("no such target", {"drop": True})):
        d, n = unread(**kw)
        ok(counts(d, fixed=0, not_read=n)[0] and all(g["cause"] == "reading" and g["why"] for g in d["gone"]),
           f"not read now: {words}", d["counts"])
    d, n = unread(note=f"{estate}/training/keys.yaml2")
    ok(counts(d, fixed=n)[0], "a note on another file with the same beginning says nothing", d["counts"])

    # The other way round: read for the first time.
    first = copy.deepcopy(old)
    first["findings"] = [f for f in first["findings"] if not all("training/keys.yaml" in o["path"] for o in f["occurrences"])]
    first["coverage"]["notes"].append({"target": 0, "path": f"{estate}/training/keys.yaml", "reason": "over-limit"})
    d = diff(save(first, tmp / "first.json"), tmp / "old.json")
    ok(counts(d, appeared=0, read_first=n)[0], "read for the first time is not new", d["counts"])

    # Vector keys: what moved the risk, each alone.
    def with_use(change, asset="claims-embeddings"):
        new = copy.deepcopy(old)
        a = next(a for a in new["assessment"]["assets"] if a["id"] == asset)
        for u in a["uses"]:
            u["vector"] = change(u["vector"])
        a["p"]["central"] = min(1, a["p"]["central"] + 0.1)
        d = diff(tmp / "old.json", save(new, tmp / "use.json"))
        return next((r for r in d["assets"] if r["id"] == asset), None)

    for key, value, words in (("X", "60", "secret for"), ("E", "I", "exposure"), ("A", "SYM", "algorithm"), ("C", "E", "coverage"),
                              ("I", "2", "impact"), ("AD", "2030.5", "date of assessment"), ("Y", "9.5", "open until")):
        row = with_use(lambda v: re.sub(rf"/{key}:[^/]*", f"/{key}:{value}", v))
        mine = [x for x in row["reasons"] if x["words"].startswith(words)]
        ok(mine and all(not x["words"].startswith(w) for x in row["reasons"] for w in ("secret", "exposure", "algorithm", "coverage",
           "impact", "date", "open") if not words.startswith(w)), f"{key} alone is named as the reason", row["reasons"])
        # What the key does by itself, recomputed by `pqmap risk`.
        if key in ("X", "A"):
            use = next(u for a in old["assessment"]["assets"] if a["id"] == "claims-embeddings" for u in a["uses"])
            best = 0
            for u in next(a for a in old["assessment"]["assets"] if a["id"] == "claims-embeddings")["uses"]:
                p = [json.loads(run("risk", v, "-o", "json").stdout)["uses"][0]["p"]["central"]
                     for v in (u["vector"], re.sub(rf"/{key}:[^/]*", f"/{key}:{value}", u["vector"]))]
                best = p[1] - p[0] if abs(p[1] - p[0]) > abs(best) else best
            ok(abs(max((x["delta"] for x in mine), key=abs) - best) < 0.0002, f"{key}: its effect is what `pqmap risk` says",
               f"{mine} {best}")

    # A fallback that is allowed again: the same key of the same object has another value.
    for name, value in (("closed", "X25519MLKEM768"), ("open", "X25519MLKEM768:X25519")):
        shutil.copytree(estate, tmp / name)
        file = tmp / name / "edge/ingress-nginx.yaml"
        file.write_text(re.sub(r"ssl-ecdh-curve: .*", f"ssl-ecdh-curve: {value}", file.read_text()))
        scan(tmp / name, tmp / f"{name}.json")
    d = diff(tmp / "closed.json", tmp / "open.json")
    good, got = counts(d, appeared=0, fixed=0, changed=1)
    ok(good and d["changed"][0]["changes"] == [{"field": "value", "from": "X25519MLKEM768", "to": "X25519MLKEM768:X25519"},
                                               {"field": "fallback", "from": "none", "to": "X25519"}]
       and d["changed"][0]["cause"] == "estate", "a fallback that is open again is a change, with both values", d["changed"])
    row = next(a for a in d["assets"] if a["id"] == max(d["assets"], key=lambda a: a["is"]["p"] - a["was"]["p"])["id"])
    top = row["reasons"][0]
    ok("X25519MLKEM768 enforced \u2192 X25519MLKEM768, falls back to X25519" in top["words"] and "coverage E" in top["words"]
       and top["delta"] > 0.3 and not any("a use" in x["words"] for x in row["reasons"]), "and so is the hop, in one reason", row["reasons"])
    moved_on = tmp / "open/edge/elsewhere.yaml"
    os.rename(tmp / "open/edge/ingress-nginx.yaml", moved_on)
    scan(tmp / "open", tmp / "open2.json")
    d = diff(tmp / "closed.json", tmp / "open2.json")
    ok([c["field"] for r in d["changed"] for c in r["changes"]] == ["value", "fallback"], "in another file too", d["changed"])

    # A key in the place of one of its kind: one thing that changed, not one title twice.
    for name in ("key1", "key2"):
        (tmp / name).mkdir()
        subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", tmp / name / "a.pem"],
                       check=True, capture_output=True)
        scan(tmp / name, tmp / f"{name}.json")
    d = diff(tmp / "key1.json", tmp / "key2.json")
    good, got = counts(d, appeared=0, fixed=0, changed=1)
    ok(good and [c["field"] for c in d["changed"][0]["changes"]] == ["identity"] and d["changed"][0]["was_id"] != d["changed"][0]["id"],
       "another key of the same kind at one place has changed", d["changed"] or d["counts"])
    renamed = copy.deepcopy(old)
    task = renamed["plan"]["tasks"][0]
    was_id = task["id"]
    task["id"], task["where"] = "zz:other", [f"{estate}/elsewhere.yaml:7"]
    r = run("diff", tmp / "old.json", save(renamed, tmp / "renamed.json"))
    d = diff(tmp / "old.json", tmp / "renamed.json")
    ok(not d["tasks_gone"] and not d["tasks_new"] and [(t["id"], t["was_id"]) for t in d["tasks_changed"]] == [("zz:other", was_id)]
       and {c["field"]: c["to"] for c in d["tasks_changed"][0]["changes"]} == {"id": "zz:other", "place": "elsewhere.yaml:7"}
       and not d["same"], "a task under the same title: its place and id differ", d["tasks_changed"])
    ok(out(r).count(task["title"]) == 1 and "1 at another place or with another change" in out(r), "one line for it", out(r))

    # What moves by less than half of the last decimal of the table is not told as another score.
    def nudged(by, money=0.0):
        new = copy.deepcopy(old)
        a = next(a for a in new["assessment"]["assets"] if a.get("money"))
        a["p"]["central"] += by
        a["money"]["central"]["expected"] += money
        new["assessment"]["totals"]["central"]["expected"] += money
        return diff(tmp / "old.json", save(new, tmp / "nudged.json"))

    d = nudged(0.0004)
    ok(d["assets"] == [] and d["counts"]["assets_slight"] == 1, "0.04 points: as before", d["counts"])
    r = run("diff", tmp / "old.json", tmp / "nudged.json")
    ok(not d["same"] and "0 with another score" in out(r) and "(1 moved by less than 0.05 points)" in out(r), "and counted", out(r))
    d = nudged(0.0006)
    ok(len(d["assets"]) == 1 and d["counts"]["assets_slight"] == 0, "0.06 points: another score", d["counts"])
    # Money alone.
    d = nudged(0, 1000.0)
    ok(not d["same"] and d["assets"] == [], "a thousand more in sum is a difference", d["same"])
    r = run("diff", tmp / "old.json", tmp / "nudged.json", "--exit-code")
    ok(r.returncode == 1 and "No difference" not in out(r) and "(+1000.00)" in out(r), "and the table does not say otherwise", out(r))

    unpriced = copy.deepcopy(old)
    for part in (unpriced["assessment"], *unpriced["assessment"]["assets"]):
        part.pop("totals", None)
        part.pop("money", None)
    r = run("diff", tmp / "old.json", save(unpriced, tmp / "unpriced.json"))
    ok("no money is declared now" in out(r), "money on one side only is said", out(r)[-800:])

    # Other rules: what came and went may be theirs, and a place that is judged otherwise is paired.
    other = copy.deepcopy(old)
    other["rules"]["version"] = "0" * 64
    f = next(f for f in other["findings"] if f["meaning"] == "key")
    f["rule"], f["id"] = "key.renamed", "f" * 32
    other["findings"] = [g for g in other["findings"] if g["meaning"] != "cert"]
    d = diff(tmp / "old.json", save(other, tmp / "rules.json"))
    certs = sum(g["meaning"] == "cert" for g in old["findings"])
    ok(d["other_rules"] and counts(d, appeared=0, changed=1)[0] and d["changed"][0]["cause"] == "rules"
       and any(c["field"] == "rule" for c in d["changed"][0]["changes"]), "another rule for one thing at one place", d["counts"])
    ok(certs > 0 and [g["cause"] for g in d["gone"]] == ["unclear"] * certs, "with other rules what went is unclear", d["gone"][:2])

    # A rule that says what it was called before keeps its ids.
    rules = tmp / "rules"
    shutil.copytree(REPO / "rules", rules)
    named = next(f for f in old["findings"] if f["rule"] == "k8s.implied.ingress-nginx-fake-cert")
    hit = [p for p in rules.rglob("*.yaml") if re.search(r"^- id: k8s\.implied\.ingress-nginx-fake-cert$", p.read_text(), re.M)]
    if ok(len(hit) == 1, "the rule's file", hit):
        text = hit[0].read_text().replace("- id: k8s.implied.ingress-nginx-fake-cert\n",
                                          "- id: k8s.implied.fake-cert\n  was: [k8s.implied.ingress-nginx-fake-cert]\n")
        hit[0].write_text(text)
        new = scan(estate, tmp / "was.json", "--rules", rules)
        ok(any(f["rule"] == "k8s.implied.fake-cert" for f in new["findings"]), "the rule has its new name")
        d = diff(tmp / "old.json", tmp / "was.json", "--rules", rules)
        ok(counts(d, appeared=0, fixed=0, changed=1)[0] and d["changed"][0]["cause"] == "rules"
           and d["changed"][0]["was_id"] == named["id"], "was: follows a renamed rule", d["counts"])

    # Order of anything in the files does not matter; two runs give the same bytes.
    mixed = copy.deepcopy(old)
    rng = random.Random(8)
    for part in (mixed["findings"], mixed["graph"]["assets"], mixed["assessment"]["assets"], mixed["plan"]["tasks"],
                 mixed["plan"]["deadlines"]):
        rng.shuffle(part)
    for f in mixed["findings"]:
        rng.shuffle(f["occurrences"])
    mixed = dict(sorted(mixed.items(), reverse=True))
    (tmp / "mixed.json").write_text(json.dumps(mixed, sort_keys=True, separators=(",", ":")))
    ok(diff(tmp / "old.json", tmp / "mixed.json")["same"], "order and white space are no difference")
    one = run("diff", tmp / "old.json", tmp / "more.json", "-o", "json").stdout
    shuffled = json.loads((tmp / "more.json").read_text())
    rng.shuffle(shuffled["findings"])
    two = run("diff", tmp / "mixed.json", save(shuffled, tmp / "more2.json"), "-o", "json").stdout
    ok(one == two, "the same differences, the same bytes")

    # The schema.
    run("diff", tmp / "old.json", tmp / "more.json", "-o", f"json={tmp}/d.json", "-q")
    v = subprocess.run([sys.executable, REPO / "tests/validate.py", tmp / "d.json"], capture_output=True, text=True)
    ok(v.returncode == 0, "its JSON is as diff.schema.json says", v.stdout + v.stderr)
    r = run("diff", tmp / "more.json", tmp / "old.json", "-o", f"markdown={tmp}/d.md")
    ok("### FINDINGS" in (tmp / "d.md").read_text() and r.stdout.startswith(b"FROM"), "Markdown to a file, the table beside it")

    # Hostile text comes out escaped.
    bad = copy.deepcopy(old)
    for f in bad["findings"]:
        f["family"] = f["family"][:3] + "\u001b[31m<b>|`*_\u202e\n"
        f["id"] = f"{rng.getrandbits(128):032x}"
    r = run("diff", tmp / "old.json", save(bad, tmp / "bad.json"), program=PQMAP_SAN)
    ok(r.returncode == 0 and b"\x1b[31m" not in r.stdout, "control bytes do not reach the terminal", err(r))
    r = run("diff", tmp / "old.json", tmp / "bad.json", "-o", "markdown", program=PQMAP_SAN)
    ok(r.returncode == 0 and b"<b>" not in r.stdout.replace(b"\\<b", b""), "nor mark-up into Markdown", err(r))

    # Hostile files: refused with one line, never a crash.
    whole = (tmp / "old.json").read_text()
    flat = json.dumps(old)
    refused = {
        "empty": "", "no object": "[]", "number": "5", "cut": flat[:len(flat) // 2], "trailing": flat + "x",
        "not ours": '{"schema_version": 1, "tool": {"name": "other"}}', "newer": flat.replace('"schema_version": 1', '"schema_version": 99', 1),
        "deep": '{"findings": [' + "[" * 100000, "twice": '{"findings": [], "findings": []}',
        "target": flat.replace('"target": 0', '"target": 7'), "no list": '{"findings": {}}',
        "id twice": json.dumps({**old, "findings": old["findings"] + old["findings"][:1]}),
        "task twice": json.dumps({**old, "plan": {**old["plan"], "tasks": old["plan"]["tasks"] * 2}}),
        "decision": flat.replace('"decision": "Act"', '"decision": "Panic"'), "date": flat.replace('"now": "2026-11-21"', '"now": "soon"'),
    }
    for words, text in refused.items():
        (tmp / "hostile.json").write_text(text)
        for pair in ((tmp / "hostile.json", tmp / "old.json"), (tmp / "old.json", tmp / "hostile.json")):
            r = run("diff", *pair, program=PQMAP_SAN)
            if r.returncode not in (2, 3) or err(r).count("\n") != 1 or b"\n" in r.stdout:
                ok(False, f"{words} is refused", f"{r.returncode} {err(r)[:600]}")
                break
        else:
            ok(True, f"{words} is refused")
    for args in (("x.json",), ("-", "-"), (tmp / "old.json", tmp / "old.json", "-o", "xml"), (tmp / "old.json", tmp / "old.json", "--rows", "x"),
                 (tmp / "old.json", tmp / "old.json", "-o", "json", "-o", "markdown")):
        ok(run("diff", *args).returncode == 2, f"wrong use: {' '.join(str(a) for a in args)[-40:]}")

    # Many findings: memory follows the file, not its tree.
    many = copy.deepcopy(old)
    seed = old["findings"][0]
    many["findings"] = [{**seed, "id": f"{i:032x}"} for i in range(100000)]
    save(many, tmp / "many.json")
    many["findings"] = many["findings"][500:]
    save(many, tmp / "fewer.json")
    code = ("import resource,subprocess,sys;r=subprocess.run(sys.argv[1:],capture_output=True);"
            "print(r.returncode,resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    from kit import PQMAP
    r = subprocess.run([sys.executable, "-c", code, PQMAP, "diff", tmp / "many.json", tmp / "fewer.json", "-o", f"json={tmp}/m.json"],
                       capture_output=True, text=True)
    rc, kib = map(int, r.stdout.split())
    size = (tmp / "many.json").stat().st_size
    d = json.loads((tmp / "m.json").read_text())
    ok(rc == 0 and d["counts"]["fixed"] == 500 and kib * 1024 < 3 * size + (64 << 20),
       f"100,000 findings: {kib >> 10} MiB for files of {size >> 20} MiB", d["counts"])
done()
