#!/usr/bin/env python3
"""`pqmap bench`: a quick run is valid and in order; estimates name their rows and are refused without them;
plan and report take the numbers of a bench file, or say that the reference profile was used."""
import copy
import json
import pathlib
import re
import subprocess
import sys
import time

from kit import PQMAP, PQMAP_SAN, REPO, done, err, ok, out, run, skip, tmpdir

QUICK_S = 60  # 10 on a quiet machine; CI is not quiet


def valid(path):
    v = subprocess.run([sys.executable, str(REPO / "tests/validate.py"), str(path)], capture_output=True, text=True)
    return v.returncode == 0, (v.stdout + v.stderr)[-800:]


def write(path, doc):
    path.write_text(json.dumps(doc))
    return path


with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    bench = tmp / "bench.json"
    t0 = time.monotonic()
    r = run("bench", "--quick", "--now", "2026-11-21", "-o", f"json={bench}")
    took = time.monotonic() - t0
    ok(r.returncode == 0, "a quick run ends well", err(r))
    ok(took < QUICK_S, f"a quick run takes {took:.1f} s, below {QUICK_S} s")
    ok(*((lambda v: (v[0], "its JSON is valid, quantiles in order", v[1]))(valid(bench))))
    doc = json.loads(bench.read_text())
    have = {row["id"] for row in doc["rows"] if row["in_use"]}
    want = ["rsa-2048.sign", "rsa-4096.verify", "ecdsa-p384.sign", "ecdh-p256.derive", "x25519.derive", "ed25519.verify",
            "ml-kem-512.keygen", "ml-kem-768.encaps", "ml-kem-1024.decaps", "ml-kem-1024.encaps-prepared",
            "ml-kem-1024.encaps-x8", "ml-dsa-44.sign", "ml-dsa-65.verify", "ml-dsa-87.verify-prepared",
            "slh-dsa-sha2-128f.sign", "slh-dsa-shake-128f.verify", "x-wing.encaps", "mlkem1024-p384.decaps",
            "x25519-mlkem1024-hkdf-sha384.encaps", "x25519mlkem768.encaps", "aes-256-gcm.16k", "chacha20-poly1305.1m",
            "sha256.16k", "shake256.16k", "tls-1-3.key-schedule"]
    ok(not [w for w in want if w not in have], "every family has its rows", [w for w in want if w not in have])
    ok(len({(x["id"], x["impl"], x.get("level")) for x in doc["rows"]}) == len(doc["rows"]), "no row occurs twice")
    ok(all(x.get("stack_bytes", 1) > 0 for x in doc["rows"]) and any("stack_bytes" in x for x in doc["rows"]),
       "stack depths are measured")
    text = out(r)
    ok(text.startswith("host "), "the machine comes first", text[:200])
    for words in ("processor", "compiler", "libcrypto", "backend", "governor", "load", "what dominates", "HANDSHAKES",
                  "the article says +15 to 25 %", "+20 to 35 %", "+18 to 30 %", "Kyber-1024"):
        ok(words in text, f"the text has {words}")
    ok(doc["date"] == "2026-11-21", "--now is the run's date")

    for library, why in ((tmp / "nothing.so", "No such file"), (bench, "invalid ELF header"), (tmp, str(tmp)), ("libm.so.6", "has none of")):
        t0 = time.monotonic()
        r = run("bench", "--against", library)
        ok(r.returncode == 2 and why in err(r) and out(r) == "" and time.monotonic() - t0 < 5,
           f"--against {pathlib.Path(library).name} is refused before anything is timed", err(r))

    for target in (tmp / "nowhere" / "b.json", tmp):
        t0 = time.monotonic()
        r = run("bench", "-o", f"json={target}")
        ok(r.returncode == 3 and time.monotonic() - t0 < 5, "an output that cannot be written is told first", err(r))

    # --- estimates ---
    r = run("bench", "--model", bench, "-o", f"json={tmp}/est.json")
    ok(r.returncode == 0, "estimates from the run", err(r))
    ok(*((lambda v: (v[0], "estimates are valid", v[1]))(valid(tmp / "est.json"))))
    est = json.loads((tmp / "est.json").read_text())
    ok(not est["is_reference"] and doc["host"]["name"] in est["bench"] and "2026-11-21" in est["bench"],
       "they name host and date", est["bench"])
    ok(all("rows" in h for h in est["handshakes"]), "every suite of a full set of rows has an estimate")
    ok(all(h["bytes_up"] + h["bytes_down"] > 0 and h["first_byte_ms"] > 3 * 40 for h in est["handshakes"]),
       "the first byte takes three round trips at least")

    def without(row):
        d = copy.deepcopy(doc)
        d["rows"] = [x for x in d["rows"] if x["id"] != row]
        return d

    r = run("bench", "--model", write(tmp / "less.json", without("ml-dsa-65.sign")), "-o", "json")
    less = json.loads(out(r))
    gone = [h for h in less["handshakes"] if "missing" in h]
    ok(r.returncode == 0 and len(gone) == 1 and "ml-dsa-65.sign" in gone[0]["missing"],
       "an estimate without its row is refused and names it", gone)
    r = run("bench", "--model", write(tmp / "nowhere.json", {k: v for k, v in doc.items() if k != "host"}))
    ok(r.returncode == 3 and "host: its name or cpu is missing" in err(r), "a run that names no host is refused", err(r))
    r = run("bench", "--model", bench, "--impl", "Nobody's")
    ok(r.returncode == 2 and "no row of an implementation whose name starts with Nobody's" in err(r),
       "an implementation that is not in the file is refused", err(r))
    r = run("bench", "--model", "--impl", "OpenSSL")
    ok(r.returncode == 2 and "give a bench file" in err(r), "nor has the reference profile a choice", err(r))
    r = run("bench", "--model", bench, "--impl", "openssl")
    ok(r.returncode == 0, "upper and lower case do not matter", err(r))
    r = run("bench", "--model", "--payload", "1,10k,1G,1000G")
    lines = [x for x in out(r).splitlines() if "% or" in x]
    ok(len(lines) == 12 and all(re.fullmatch(
        r" +[\d,]+ B   bytes +\+(?:\d{2,}|\d\.\d|0\.0*\d{1,2}) %   time +\+(?:\d{2,}|\d\.\d|0\.0*\d{1,2}) % or +"
        r"[\d.]{3,4} (?:us|ms|s|min|h) more   [\d.]{3,4} (?:us|ms|s|min|h) today, [\d.]{3,4} (?:us|ms|s|min|h) hybrid", x)
        for x in lines), "two digits of a share, three of a time, the unit that fits", lines)
    r = run("bench", "--model", tmp / "less.json")
    ok("no estimate for X25519MLKEM768 with ML-DSA-65: the row ml-dsa-65.sign is missing" in out(r), "also in the text")
    r = run("bench", "--model", write(tmp / "bare.json", without("tls-1-3.key-schedule")), "-o", "json")
    ok(all("missing" in h for h in json.loads(out(r))["handshakes"]), "without the key schedule there is no handshake")
    r = run("bench", "--model")
    ok(r.returncode == 0 and "all from the reference profile of " in out(r), "the reference profile is said", err(r))
    a, b = (json.loads(out(run("bench", "--model", bench, "--rtt", x, "-o", "json"))) for x in ("10", "100"))
    ok(all(x["first_byte_ms"] < y["first_byte_ms"] for x, y in zip(a["handshakes"], b["handshakes"])),
       "a longer way takes longer")
    small = json.loads(out(run("bench", "--model", bench, "--initcwnd", "4", "-o", "json")))
    ok(any(x["rounds_down"] > y["rounds_down"] for x, y in zip(small["handshakes"], est["handshakes"])),
       "a smaller first window takes more flights")

    # --- refusals ---
    for name, args in {"loss above 10 %": ["--model", "--loss", "20"], "an unknown group": ["--model", "--group", "X", "--signature", "ML-DSA-65"],
                       "a group alone": ["--model", "--group", "X25519"], "quick and full": ["--quick", "--full"],
                       "a file without --model": [str(bench)], "another format": ["-o", "html"],
                       "a payload that is no size": ["--model", "--payload", "big"], "no such file": ["--model", str(tmp / "none")]}.items():
        r = run("bench", *args)
        ok(r.returncode == 2 and err(r).count("\n") == 1, f"refused with exit 2: {name}", (r.returncode, err(r)))

    def bad(change):
        d = copy.deepcopy(doc)
        change(d)
        return json.dumps(d)

    def set_row(key, value):
        return lambda d: d["rows"][0].__setitem__(key, value)

    for name, body in {"not JSON": "{", "another schema": bad(lambda d: d.update(schema="pqmap.report")),
                       "a later version": bad(lambda d: d.update(schema_version=2)), "no rows": bad(lambda d: d.update(rows=[])),
                       "rows that are no list": bad(lambda d: d.update(rows={"id": 1})), "a time of 0": bad(set_row("p25_ns", 0)),
                       "a negative time": bad(set_row("p25_ns", -4)), "a time that is text": bad(set_row("p25_ns", "5")),
                       "an id with spaces": bad(set_row("id", "a b")), "an id of control bytes": bad(set_row("id", "\u001b[31m")),
                       "a date that is none": bad(lambda d: d.update(date="2026-13-40")),
                       "too many rows": bad(lambda d: d.update(rows=d["rows"] * 60))}.items():
        (tmp / "bad.json").write_text(body)
        for program in (PQMAP, PQMAP_SAN):
            if not pathlib.Path(program).exists():
                continue
            r = run("bench", "--model", tmp / "bad.json", program=program)
            ok(r.returncode not in (0, 70) and err(r).startswith("pqmap: ") and "Sanitizer" not in err(r),
               f"a bench file is refused: {name}", (r.returncode, err(r)[-300:]))

    # --- plan and report ---
    r = run("scan", REPO / "fixtures/cluster", "-q", "--now", "2026-11-21", "-o", f"json={tmp}/inv.json")
    ok(r.returncode == 0, "the example cluster is scanned", err(r))
    plain, mine = out(run("plan", tmp / "inv.json")), out(run("plan", tmp / "inv.json", "--bench", bench))
    host = doc["host"]["name"]
    plain, mine = " ".join(plain.split()), " ".join(mine.split())
    ok("CPU a handshake at the server (rows " in plain and "reference profile of " in plain, "costs name rows and profile")
    ok(f"bench of 2026-11-21 on {host}" in mine and "reference profile" not in mine, "--bench names host and date")
    ok("not measured on this machine" not in plain, "nothing is left unmeasured")
    lost = out(run("plan", tmp / "inv.json", "--bench", write(tmp / "less.json", without("x25519mlkem768.encaps"))))
    ok("the row x25519mlkem768.encaps is missing" in lost, "a cost without its row says so")
    r = run("report", tmp / "inv.json", "--bench", bench, "-q", "-o", f"json={tmp}/rep.json", "-o", f"html={tmp}/rep.html")
    ok(r.returncode == 0, "report takes --bench", err(r))
    ok(*((lambda v: (v[0], "its JSON is valid", v[1]))(valid(tmp / "rep.json"))))
    rep = json.loads((tmp / "rep.json").read_text())
    ok(f"on {host}" in rep["plan"]["bench"], "the plan in JSON names the bench", rep["plan"].get("bench"))
    page = (tmp / "rep.html").read_text()
    ok(f"bench of 2026-11-21 on {host}" in page, "so does the page")
    ok(f"<dt>CPU costs</dt><dd>bench of 2026-11-21 on {host}" in page, "and its method")
    ok(run("report", tmp / "inv.json", "--bench", tmp / "none").returncode == 2, "a bench file that is not there is refused")

    # --- the small program, and peers ---
    small = pathlib.Path(PQMAP).parent / "hyb-bench"
    if small.exists():
        needs = subprocess.run(["readelf", "-d", str(small)], capture_output=True, text=True).stdout
        needs = set(re.findall(r"NEEDED.*\[(.*?)\]", needs))
        ok(needs <= {"libcrypto.so.3", "libc.so.6", "ld-linux-x86-64.so.2", "libm.so.6"}, "hyb-bench needs libc and libcrypto only", needs)
        ok(subprocess.run([str(small), "--nonsense"], capture_output=True).returncode == 2, "hyb-bench refuses what it does not know")
    else:
        skip("hyb-bench is not built")
done()
