"""--trend: runs add up, what was not read is not fixed, and no state of the file costs a report or a run of before."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time

from kit import CACHE, PQMAP, PQMAP_SAN, REPO, done, err, ok, out, run, skip, tmpdir


def scan(estate, db, day, *more, **kw):
    return run("scan", ".", "--now", day, "--trend", db, *more, cwd=estate, **kw)


def runs(db):
    with contextlib.closing(sqlite3.connect(f"file:{db}?mode=ro", uri=True)) as c:
        return c.execute("SELECT now, appeared, fixed, unread FROM run ORDER BY id").fetchall()


def key(path):
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path], check=True, capture_output=True)


with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    estate, db = tmp / "estate", tmp / "t.db"
    shutil.copytree(REPO / "fixtures/cluster", estate)

    r = scan(estate, db, "2026-11-01", "-o", f"json={tmp}/1.json", "-o", f"html={tmp}/1.html", program=PQMAP_SAN)
    ok(r.returncode == 0 and "the first run" in out(r), "the first run says so", err(r))
    ok("first run of its history" in (tmp / "1.html").read_text(), "on the page too")
    ok(stat.S_IMODE(os.stat(db).st_mode) == 0o600, "the file is the owner's")
    ok(sorted(p.name for p in tmp.iterdir() if p.name.startswith("t.db")) == ["t.db"]
       or os.path.getsize(str(db) + "-journal") == 0, "no journal is left with anything in it")
    before = db.read_bytes()
    r = scan(estate, db, "2026-11-01")
    ok(r.returncode == 0 and len(runs(db)) == 1, "the same run once more is the same run", runs(db))

    # Another folder in the same file: no comparison, and it says of what the history is.
    os.mkdir(tmp / "other")
    key(tmp / "other/k.pem")
    other = tmp / "other.db"
    shutil.copy(db, other)
    r = run("scan", tmp / "other", "--now", "2026-11-02", "--trend", other, "-o", f"json={tmp}/o.json", "-o", f"html={tmp}/o.html")
    t = json.loads((tmp / "o.json").read_text())["trend"]
    ok(r.returncode == 0 and "the first run of this target in a history of others (.)" in out(r) and t["other_targets"] == ["."]
       and len(t["runs"]) == 1, "another target: the history's are named", out(r)[-400:])
    ok("history of others (.)" in (tmp / "o.html").read_text(), "on the page too")
    r = run("scan", tmp / "other", tmp / "1.json", "--now", "2026-11-02", "--trend", other)
    r = run("scan", "edge", "--now", "2026-11-02", "--trend", other, cwd=estate)
    ok(f"history of others ({tmp}/1.json and 1 more, {tmp}/other, .)" in out(r), "more than one of them", out(r)[-500:])

    # A score that moved names what decides it now.
    again = tmp / "again"
    shutil.copytree(estate, again)
    file = again / "edge/ingress-nginx.yaml"
    whole = file.read_text()
    for day, value in (("2026-11-03", "X25519MLKEM768"), ("2026-11-04", "X25519MLKEM768:X25519"), ("2026-11-05", "X25519MLKEM768")):
        file.write_text(whole.replace("ssl-ecdh-curve: X25519", f"ssl-ecdh-curve: {value}"))
        r = scan(again, tmp / "again.db", day, "-o", f"json={tmp}/again.json", program=PQMAP_SAN)
        t = json.loads((tmp / "again.json").read_text())["trend"]
        if day == "2026-11-04":
            m = t["moves"][0]
            ok(m["to"] - m["from"] > 0.2 and "falls back to X25519" in m["because_of"]
               and f"because of {m['because_of']}" in out(r) and all(abs(x["to"] - x["from"]) >= 0.0005 or x["from_decision"] !=
               x["to_decision"] for x in t["moves"]), "a score that moved names its reason", f"{t['moves'][:2]} {out(r)[-600:]}")
            now = {a["id"]: a["p"]["central"] for a in json.loads((tmp / "again.json").read_text())["assessment"]["assets"]}
            ok(all(abs(now[x["id"]] - x["to"]) < 0.0001 for x in t["moves"]), "with the scores of the assessment")
    ok(t["moves"] and t["moves"][0]["to"] < t["moves"][0]["from"] and "what decides it now: " in t["moves"][0]["because_of"],
       "one that fell: what decides it now", t["moves"][:2])
    d = subprocess.run([sys.executable, REPO / "tests/validate.py", tmp / "o.json", tmp / "again.json"], capture_output=True, text=True)
    ok(d.returncode == 0, "as the schema says", d.stdout[-500:])

    os.remove(estate / "training/keys.yaml")
    key(estate / "new.pem")
    r = scan(estate, db, "2026-12-01", "-o", f"json={tmp}/2.json", "-o", f"html={tmp}/2.html", program=PQMAP_SAN)
    t = json.loads((tmp / "2.json").read_text())["trend"]
    ok("since 1 Nov 2026: 1 appeared, 6 fixed; expected loss" in out(r), "the table tells what changed", out(r)[-600:])
    ok([x["place"] for x in t["appeared"]] == ["./new.pem"] and len(t["fixed"]) == 6 and all(x["first"] == "2026-11-01" and
       x["gone"] == "2026-12-01" for x in t["fixed"]), "so does the JSON, with dates", t)
    ok([(x["appeared"], x["fixed"]) for x in t["runs"]] == [(0, 0), (1, 6)] and len(t["assets_before"]) > 5, "runs in order")
    html = (tmp / "2.html").read_text()
    ok('id="trend"' in html and html.count("<polyline") >= 7 and "./new.pem" in html, "so does the page")
    d = subprocess.run([sys.executable, REPO / "tests/validate.py", tmp / "1.json", tmp / "2.json"], capture_output=True, text=True)
    ok(d.returncode == 0, "both are as the schema says", d.stdout[-500:])
    one = (tmp / "2.json").read_bytes()
    scan(estate, db, "2026-12-01", "-o", f"json={tmp}/2b.json")
    ok((tmp / "2b.json").read_bytes() == one, "the same run, the same bytes")
    r = run("report", tmp / "2.json", "--trend", db)
    ok(r.returncode == 0 and "1 appeared, 6 fixed" in out(r), "report adds and tells the same run", out(r)[-300:] + err(r))

    # Not read is not fixed; back is the same life; gone and back is another.
    os.rename(estate / "new.pem", tmp / "new.pem")
    doc = json.loads(one)
    doc["findings"] = [f for f in doc["findings"] if f["occurrences"][0]["path"] != "./new.pem"]
    doc["coverage"]["notes"].append({"target": 0, "path": "./new.pem", "reason": "unreadable"})
    (tmp / "3.json").write_text(json.dumps(doc))
    r = run("report", tmp / "3.json", "--now", "2026-12-15", "--trend", db)
    ok(r.returncode == 0 and "0 appeared, 0 fixed, 1 not read now" in out(r), "what could not be read is not fixed", out(r)[-300:] + err(r))
    doc["coverage"]["notes"] = []
    doc["targets"][0]["failed"] = True
    (tmp / "3b.json").write_text(json.dumps(doc))
    r = run("report", tmp / "3b.json", "--now", "2026-12-16", "--trend", db)
    ok(r.returncode == 0 and "0 appeared, 0 fixed, 1 not read now" in out(r), "nor what a target held that gave nothing", out(r)[-300:] + err(r))
    shutil.copy(tmp / "new.pem", estate / "new.pem")
    r = scan(estate, db, "2026-12-20")
    ok("0 appeared, 0 fixed;" in out(r), "read again: nothing appeared", out(r)[-300:])
    os.remove(estate / "new.pem")
    scan(estate, db, "2026-12-25")
    shutil.copy(tmp / "new.pem", estate / "new.pem")
    scan(estate, db, "2026-12-30", "-o", f"json={tmp}/6.json")
    t = json.loads((tmp / "6.json").read_text())["trend"]
    ok([(x["first"], x["since"]) for x in t["appeared"]] == [("2026-12-01", "2026-12-30")], "gone and back: first and since differ", t["appeared"])
    ok([r[1:] for r in runs(db)] == [(0, 0, 0), (1, 6, 0), (0, 0, 1), (0, 0, 1), (0, 0, 0), (0, 1, 0), (1, 0, 0)], "counts of all runs", runs(db))
    n = len(runs(db))
    r = scan(estate, db, "2026-10-01")
    ok(r.returncode == 0 and runs(db)[-1][1:] == (0, 0, 0) and len(runs(db)) == n + 1, "a date of before changes no life", runs(db))
    with sqlite3.connect(db) as c:
        ok(c.execute("SELECT count(*) FROM series").fetchone() == (1,), "one set of targets")
    scan(estate / "edge", db, "2026-12-30")
    with sqlite3.connect(db) as c:
        ok(c.execute("SELECT count(*) FROM series").fetchone() == (1,), "the same words are the same targets")

    # Unread places take no room from those after them: however many, what is gone is written as gone.
    wide = tmp / "wide.db"
    shutil.copy(db, wide)
    with sqlite3.connect(wide) as c:
        sid, looked, target = c.execute("SELECT series, looked, target FROM thing WHERE gone IS NULL LIMIT 1").fetchone()
        for i in range(90):
            c.execute("INSERT INTO thing VALUES(?,?,20000,20000,NULL,?,NULL,?,0,0,'x',?,?,0)",
                      (sid, bytes([0]) + i.to_bytes(15, "big"), looked, looked, target, "./shut/" + "a" * 1000000))
    doc = json.loads((tmp / "6.json").read_text())
    doc["coverage"]["notes"].append({"target": 0, "path": "./shut", "reason": "unreadable"})
    (tmp / "wide.json").write_text(json.dumps(doc))
    r = run("report", tmp / "wide.json", "--now", "2027-01-02", "--trend", wide, "-q")
    with sqlite3.connect(wide) as c:
        shut = c.execute("SELECT count(*), count(gone) FROM thing WHERE path LIKE './shut/%'").fetchone()
    ok(r.returncode == 0 and shut == (90, 0), "90 MB of unread places: none is gone", f"{r.returncode} {shut} {err(r)[:300]}")

    # Other settings write the run's row over; they are no new run.
    before_n = len(runs(db))
    scan(estate, db, "2026-12-30", "--regime", "us-eo-14412")
    with sqlite3.connect(db) as c:
        row = c.execute("SELECT regimes FROM run WHERE now=20817 ORDER BY id").fetchall()
    ok(("us-eo-14412",) in row, "other regimes: the same run, with its last scores", row)

    # Secrets: nothing of a key but its id.
    body = "".join((tmp / "new.pem").read_text().split("\n")[1:-2])[:40].encode()
    ok(body not in db.read_bytes(), "no key material in the file")

    # Files that are none of ours: one error, reports written, the file as it was.
    def refused(name, make, words, code):
        bad = tmp / name
        make(bad)
        was = bad.read_bytes() if bad.is_file() and not bad.is_symlink() else None
        target = tmp / f"{name}.json"
        r = scan(estate, bad, "2026-12-30", "-q", "-o", f"json={target}", program=PQMAP_SAN)
        good = r.returncode == code and err(r).count("\n") == 1 and words in err(r) and target.exists()
        ok(good and (was is None or bad.read_bytes() == was), f"{name}: {words}", f"{r.returncode} {err(r)[:500]}")

    def foreign(p):
        with sqlite3.connect(p) as c:
            c.execute("CREATE TABLE x(y)")

    def newer(p):
        shutil.copy(db, p)
        with sqlite3.connect(p) as c:
            c.execute("PRAGMA user_version=99")

    def other_tables(p):
        shutil.copy(db, p)
        with sqlite3.connect(p) as c:
            c.execute("DROP TABLE thing")

    def cut(p):
        p.write_bytes(db.read_bytes()[:9000])

    def scribbled(p):
        b = bytearray(db.read_bytes())
        b[4096:] = os.urandom(len(b) - 4096)
        p.write_bytes(b)

    refused("text", lambda p: p.write_text("not a database, by no means " * 100), "move it away", 2)
    refused("foreign", foreign, "another program", 2)
    refused("newer", newer, "newer pqmap", 2)
    refused("tables", other_tables, "move it away", 2)
    refused("cut", cut, "move it away", 2)
    refused("scribbled", scribbled, "move it away", 2)
    refused("folder", lambda p: p.mkdir(), "cannot be written", 3)
    refused("link", lambda p: p.symlink_to(db), "symbolic link", 2)
    r = scan(estate, tmp / "no/such/folder.db", "2026-12-30", "-q", "-o", f"json={tmp}/n.json")
    ok(r.returncode == 3 and (tmp / "n.json").exists(), "no such folder", err(r))
    r = scan(estate, tmp / "same.json", "2026-12-30", "-o", f"json={tmp}/same.json")
    ok(r.returncode == 2, "a report and the history in one file")

    # A writer that is killed leaves what was there: in the middle of its transaction, and wherever else.
    many = json.loads(one)
    seed = many["findings"][0]
    many["findings"] = [{**seed, "id": f"{i:032x}"} for i in range(30000)]
    (tmp / "many.json").write_text(json.dumps(many))
    whole = runs(db)
    args = [PQMAP, "report", tmp / "many.json", "--now", "2027-02-01", "--trend", db, "-q"]
    env = {**os.environ, "XDG_CACHE_HOME": CACHE}
    killed = 0
    for delay in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0):
        p = subprocess.Popen(args, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        p.send_signal(signal.SIGKILL)
        p.wait()
        # A hot journal belongs to the file: SQLite rolls it back for whoever opens it to write.
        with sqlite3.connect(db) as c:
            if c.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                ok(False, "killed: the file is sound", delay)
            n = c.execute("SELECT count(*) FROM run").fetchone()[0]
            things = c.execute("SELECT count(*) FROM thing").fetchone()[0]
        killed += n == len(whole)
        if (n == len(whole)) != (things < 30000):
            ok(False, "killed: all of a run or nothing of it", (n, things))
        if n > len(whole):
            break
    ok(killed > 0, f"killed {killed} times before its end: nothing of the run, all of those before")
    r = run(*args[1:])
    ok(r.returncode == 0 and len(runs(db)) == len(whole) + 1, "the next one adds the run", err(r))

    # Two at once: both are there.
    ps = [subprocess.Popen([PQMAP, "scan", ".", "--now", f"2027-03-0{i + 1}", "--trend", db, "-q"], cwd=estate, env=env,
                           stderr=subprocess.PIPE) for i in range(4)]
    told = [p.communicate()[1] for p in ps]
    ok(all(p.returncode == 0 for p in ps) and len(runs(db)) == len(whole) + 5, "four processes at once: four runs",
       f"{[p.returncode for p in ps]} {told}")

    # Held by another process: waited for, then one error and the reports.
    c = sqlite3.connect(db, isolation_level=None)
    c.execute("BEGIN EXCLUSIVE")
    t0 = time.time()
    r = scan(estate, db, "2027-04-01", "-q", "-o", f"json={tmp}/held.json")
    ok(r.returncode == 3 and (tmp / "held.json").exists() and "another process" in err(r) and time.time() - t0 > 8, "held by another: waits, then says so", err(r))
    c.execute("ROLLBACK")
    c.close()

    # A full disk, where we may mount one.
    disk = tmp / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], capture_output=True).returncode == 0:
        try:
            r = scan(estate, disk / "t.db", "2026-11-01", "-q")
            ok(r.returncode == 0, "a small disk holds a small history", err(r))
            r = run("report", tmp / "many.json", "--now", "2027-02-01", "--trend", disk / "t.db", "-q", "-o", f"csv={tmp}/full.csv")
            ok(r.returncode == 3 and "full" in err(r) and (tmp / "full.csv").exists() and len(runs(disk / "t.db")) == 1,
               "a full disk: one error, the reports, and the runs of before", f"{r.returncode} {err(r)}")
            subprocess.run(["mount", "-o", "remount,ro", disk], check=True, capture_output=True)
            r = scan(estate, disk / "t.db", "2026-12-01", "-q", "-o", f"csv={tmp}/ro.csv")
            ok(r.returncode == 3 and (tmp / "ro.csv").exists() and err(r).count("\n") == 1, "a disk that cannot be written", err(r))
        finally:
            subprocess.run(["umount", disk], check=False)
    else:
        skip("no tmpfs can be mounted here: full disk and read-only disk")
done()
