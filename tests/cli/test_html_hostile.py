"""Reports whose every free text wants to break out of where it stands: in the page, read by Python's parser and by headless
Chromium, and in every other format. Needs nothing but Python; the part with a browser wants what test_html_browser.py wants.
"""
import concurrent.futures
import csv
import io
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import sqlite3
import subprocess
import sys
import threading

import hostile_texts as texts
import kit
import page_static
from browser import BROWSER, ready
from hostile_texts import MARK, TEXTS, spoil, twin

NOW = ("--now", "2026-11-21", "--regime", "us-eo-14412", "-q")
ROWS = ["target", "path", "offset", "object", "meaning", "function", "family", "algorithm", "parameter", "quantum", "evidence", "rule", "id"]


def at_once(jobs):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda j: j(), jobs))


def tls_port(tmp):
    """A server of this machine's OpenSSL with a P-256 key; answers until the test ends."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=here.example",
                    "-days", "30", "-keyout", f"{tmp}/k.pem", "-out", f"{tmp}/c.pem"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{tmp}/c.pem", f"{tmp}/k.pem")
    door = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                c, _ = door.accept()
                c.settimeout(5)
                context.wrap_socket(c, server_side=True).close()
            except (OSError, ssl.SSLError):
                if door.fileno() < 0:
                    return

    threading.Thread(target=serve, daemon=True).start()
    return door.getsockname()[1]


def base(tmp):
    """A real report with some of everything: a cluster, keys, files that nobody can read, a trust store, a server."""
    bundle = "".join(p.read_text() for p in sorted((kit.REPO / "fixtures/material").glob("*.crt.pem")))
    os.mkdir(f"{tmp}/ca-certificates")
    pathlib.Path(f"{tmp}/ca-certificates/ca-bundle.crt").write_text(bundle * 3)
    port = tls_port(tmp)
    r = kit.run("scan", "fixtures/cluster", "fixtures/article", "fixtures/material", f"{tmp}/ca-certificates", f"tls:127.0.0.1:{port}", *NOW,
                "-o", f"json={tmp}/base.json", cwd=kit.REPO)
    doc = json.load(open(f"{tmp}/base.json"))
    kit.ok(r.returncode == 0 and all(doc.get(k) for k in ("findings", "objects", "endpoints", "coverage")), "a report with some of everything",
           kit.err(r))
    return {k: v for k, v in doc.items() if k == "schema_version" or k in texts.INVENTORY}


def page(tmp, name, doc, raw=None, *more, program=kit.PQMAP):
    """(exit code, the page read, what is wrong)."""
    texts.write(f"{tmp}/{name}.json", doc, raw)
    to = f"{tmp}/{name}.html"
    if os.path.exists(to):
        os.unlink(to)
    r = kit.run("report", f"{tmp}/{name}.json", *NOW, "-o", f"html={to}", *more, program=program, timeout=300)
    said = r.stderr.decode("utf-8", "replace").splitlines()
    if any("Sanitizer" in line or "runtime error" in line for line in said) or r.returncode not in (0, 2, 3):
        return r.returncode, None, [f"exit {r.returncode}: {said[:6]}"]
    if r.returncode != 0:
        fine = len(said) == 1 and said[0].startswith("pqmap: ") and said[0].isprintable() and not os.path.exists(to)
        return r.returncode, None, [] if fine else [f"refused in other words than one line: {said[:4]}"]
    return 0, *page_static.check(to)


def fields(tmp, doc):
    """Which texts a report takes as they come, and which it refuses: each alone, in the page."""
    where = texts.names(doc)
    got = at_once([lambda n=n, i=i: page(tmp, f"one{i}", spoil(doc, {n}, texts.rotated(i))) for i, n in enumerate(where)])
    bad = [f"{n}: {w[:2]}" for n, (_, _, w) in zip(where, got) if w]
    free = [n for n, (code, _, _) in zip(where, got) if code == 0]
    kit.ok(not bad, f"each of {len(where)} kinds of text, spoiled alone: a sound page ({len(free)}) or one clear line", "\n    ".join(bad[:6]))
    kit.ok(len(free) >= 25, "most of them are free", [n for n in where if n not in free])
    return {n for n in free if not n.endswith(texts.VOCABULARY) and not n.startswith(".settings")}


def twins(tmp, doc, where):
    """Each text in every place: the page is that of a harmless text, and says the text."""
    honest = page(tmp, "honest", doc)[1]

    def one(name, text):
        code, p, wrong = page(tmp, name, spoil(doc, where, lambda _: text))
        _, q, _ = page(tmp, name + "-twin", spoil(doc, where, lambda _: twin(text)))
        if p is None or q is None:
            return wrong + [f"exit {code}"]
        if p.tree != q.tree:
            i = next((i for i, (a, b) in enumerate(zip(p.tree, q.tree)) if a != b), min(len(p.tree), len(q.tree)))
            wrong.append(f"element {i} of {len(p.tree)}/{len(q.tree)}: {p.tree[i:i + 2]} for {q.tree[i:i + 2]}")
        n, m = (x.words().count(MARK) + sum(s.count(MARK) for s in x.said) for x in (p, q))
        if n != m or n < 200:
            wrong.append(f"said {n} times, its twin {m}")
        if texts.printable(text) not in p.words():
            wrong.append("is not said as it stands")
        if len(p.tree) < len(honest.tree) // 2:
            wrong.append(f"{len(p.tree)} elements of {len(honest.tree)}: too little is left to show it")
        return wrong

    for name, wrong in zip(TEXTS, at_once([lambda n=n, t=t: one(n, t) for n, t in TEXTS.items()])):
        kit.ok(not wrong, f"{name}: text in every place, and nothing more", "\n    ".join(wrong[:5]))


def raw_bytes(tmp, doc, where):
    marked = spoil(doc, where, lambda _: "\ue000")
    long = spoil(doc, {n for n in where if n.endswith((".why", "[].name", "targets[].name", ".words"))}, lambda _: "\ue000")
    cases = {**{n: (marked, raw) for n, raw in texts.RAW.items()}, "1 MB": (long, b"<b>&\\\"" * 160000), "1 MB of controls": (long, b"\\u001b" * 160000),
             "1 MB of U+202E": (long, b"\\u202e" * 160000)}
    if not os.path.exists(kit.PQMAP_SAN):
        kit.skip("no sanitized program")
    for program in filter(os.path.exists, (kit.PQMAP, kit.PQMAP_SAN)):
        got = at_once([lambda n=n, c=c: page(tmp, re.sub(r"\W", "", n), *c, program=program) for n, c in cases.items()])
        bad = [f"{n}: {w[:2]}" for n, (_, _, w) in zip(cases, got) if w]
        took = [n for n, (code, _, _) in zip(cases, got) if code == 0]
        kit.ok(not bad, f"{os.path.basename(program)}: bytes that are no text: {len(took)} shown, {len(cases) - len(took)} refused in a line",
               "\n    ".join(bad[:6]))
    code, _, wrong = page(tmp, "san", spoil(doc, where, texts.rotated(3)), program=kit.PQMAP_SAN if os.path.exists(kit.PQMAP_SAN) else kit.PQMAP)
    kit.ok(code == 0 and not wrong, "the sanitizers say nothing of a page of all texts", wrong[:3])


CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def formats(tmp, doc, where):
    """The same report in every other format: no terminal sequence, every quote closed."""
    texts.write(f"{tmp}/others.json", spoil(doc, where, texts.rotated(0)))
    kinds = ("table", "json", "jsonl", "csv", "dot", "prom", "cbom")
    r = kit.run("report", f"{tmp}/others.json", *NOW, *[a for k in kinds for a in ("-o", f"{k}={tmp}/other.{k}")])
    if not kit.ok(r.returncode == 0, "every format is written", kit.err(r)):
        return
    said = {k: open(f"{tmp}/other.{k}", "rb").read().decode() for k in kinds}
    for k, text in said.items():
        bad = CONTROL.search(text.replace("\r\n", "\n") if k == "csv" else text)
        kit.ok(not bad and MARK in text, f"{k}: no control or directional character as it is", bad and text[max(0, bad.start() - 40):bad.end() + 9])
    kit.ok(json.loads(said["json"])["findings"] and json.loads(said["cbom"])["components"] and
           all(json.loads(line) for line in said["jsonl"].splitlines()), "json, jsonl and cbom are JSON")
    rows = list(csv.reader(io.StringIO(said["csv"], newline="")))
    kit.ok(rows[0] == ROWS and {len(row) for row in rows} == {len(ROWS)}, "csv: every row has its 13 fields", {len(row) for row in rows})
    kit.ok(all(not re.match(r"[=+\-@\t\r]", cell) for row in rows for cell in row), "csv: no cell begins a formula")
    line = re.compile(r'(#.*|[a-zA-Z_:][\w:]*(\{([a-z_]+="([^"\\\n]|\\[\\"n])*",?)*\})? -?[0-9.eE+-]+|)')
    bad = [x for x in said["prom"].split("\n") if not line.fullmatch(x)]
    kit.ok(not bad, "prom: every line is one sample or one comment", bad[:2])
    rest = re.sub(r'"([^"\\]|\\.)*"', "", said["dot"], flags=re.S)
    kit.ok('"' not in rest and MARK not in rest and rest.count("{") == rest.count("}"), "dot: every text is inside of quotes", rest[:200])


def formulas(tmp, doc):
    """Cells that would start with a formula's sign are text in a spreadsheet."""
    for i, sign in enumerate(("=", "+", "-", "@", "\t", "\r", "=\"", " =", "%", "|")):
        d = json.loads(json.dumps(doc))
        for f in d["findings"]:
            f["rule"] = f["algorithm"] = sign + "cmd|' /C calc'!A0"
            for o in f["occurrences"]:
                o["path"] = o["object"] = sign + 'HYPERLINK("https://evil.example")'
        texts.write(f"{tmp}/sign{i}.json", d)
        r = kit.run("report", f"{tmp}/sign{i}.json", *NOW, "-o", "csv")
        rows = list(csv.reader(io.StringIO(kit.out(r), newline="")))
        bad = [c for row in rows for c in row if re.match(r"[=+\-@\t\r]", c)]
        kit.ok(r.returncode == 0 and not bad and len(rows) > 20 and {len(row) for row in rows} == {13}, f"csv: {sign!r} begins no cell", bad[:2])


def differences(tmp, doc, where):
    old, new = f"{tmp}/old.json", f"{tmp}/new.json"
    for i, to in enumerate((old, new)):
        d = spoil(doc, where, texts.rotated(i * 5))
        d["findings"] = [f for j, f in enumerate(d["findings"]) if j % 7 != i]
        texts.write(f"{tmp}/d.json", d)
        kit.run("report", f"{tmp}/d.json", *NOW, "-o", f"json={to}")
    for kind in ("table", "markdown", "json"):
        r = kit.run("diff", old, new, "-o", kind)
        text = r.stdout.decode()
        bad = CONTROL.search(text)
        kit.ok(r.returncode == 0 and MARK in text and not bad, f"diff, {kind}: written, nothing as it is that should not be",
               kit.err(r) + repr(bad and text[max(0, bad.start() - 40):bad.end() + 9]))
        if kind == "json":
            json.loads(text)
        if kind == "markdown":
            marked(text)


def marked(text):
    """Markdown: outside of code no text may be HTML, a link or an image."""
    plain = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    bad = re.search(r"(?<!\\)<[a-zA-Z/!]|(?<!\\)\]\(|(?<!\\)!\[", plain)
    kit.ok(not bad, "diff, markdown: no text is HTML or a link", bad and plain[max(0, bad.start() - 60):bad.end() + 60])


def history(tmp, doc, where):
    db = f"{tmp}/t.db"
    for day, shift in (("2026-11-01", 0), ("2026-11-11", 7), ("2026-11-21", 11)):
        d = spoil(doc, where, texts.rotated(shift))
        d["findings"] = d["findings"][shift:]
        texts.write(f"{tmp}/h.json", d)
        r = kit.run("report", f"{tmp}/h.json", "--now", day, "-q", "--trend", db, "-o", f"html={tmp}/trend.html", "-o", f"table={tmp}/trend.txt")
    if not kit.ok(r.returncode == 0, "a history is written", kit.err(r)):
        return
    p, wrong = page_static.check(f"{tmp}/trend.html")
    kit.ok( "trend" in p.ids and not wrong, "a history of hostile texts: a sound page", kit.err(r) + "\n    ".join(wrong[:4]))
    kit.ok(not CONTROL.search(open(f"{tmp}/trend.txt").read()), "and a table without control characters")
    with sqlite3.connect(db) as c:
        for (table,) in c.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchall():
            for _, column, kind, *_ in c.execute(f"PRAGMA table_info('{table}')").fetchall():
                if kind.upper() == "TEXT" and column not in ("now", "id", "curve"):
                    c.execute(f"UPDATE OR IGNORE \"{table}\" SET \"{column}\" = \"{column}\" || ? WHERE typeof(\"{column}\") = 'text'", (TEXTS["script"],))
    c.close()
    os.unlink(f"{tmp}/trend.html")
    r = kit.run("report", f"{tmp}/h.json", "--now", "2026-11-22", "-q", "--trend", db, "-o", f"html={tmp}/trend.html")
    p, wrong = page_static.check(f"{tmp}/trend.html") if os.path.exists(f"{tmp}/trend.html") else (None, [])
    kit.ok(r.returncode in (0, 2, 3) and not wrong and (p or kit.err(r).count("\n") == 1), "a history that somebody wrote into: the same",
           f"exit {r.returncode} " + kit.err(r) + "\n    ".join(wrong[:4]))


def front_door(tmp):
    """The texts as names of files, in manifests, declarations and certificates: scanned, not reported."""
    home = pathlib.Path(tmp, "door")
    home.mkdir()
    cert = (kit.REPO / "fixtures/material/rsa2048.crt.pem").read_bytes()
    for name, text in TEXTS.items():
        file = re.sub(r"[/\0]", "_", text)[:80] + ".pem"
        (home / file).write_bytes(cert)
        safe = re.sub(r"[^\x20-\x7e]|[/\\]", "", text)[:60]
        r = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-utf8", "-subj",
                            "/CN=" + safe.replace("=", "\\=").replace("+", "\\+"), "-days", "30", "-keyout", f"{tmp}/door-{name}.pem", "-out",
                            home / f"subject-{name}.crt"], capture_output=True, check=False)
        if r.returncode != 0:
            kit.skip(f"{name} is no subject for this openssl")
    (home / os.fsdecode(b"\xff\xfe<b>" + MARK.encode() + b".pem")).write_bytes(cert)
    kinds = []
    said = [t.replace("\U0001f600", "") for t in TEXTS.values()]  # JSON's pairs of surrogates are no YAML
    for i, text in enumerate(said):
        t = json.dumps(text)
        kinds.append({"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {
            "name": f"m{i}-{text}", "namespace": f"n{i % 3}-{text}", "labels": {"app": text}, "annotations": {
                "pqmap.dev/asset": f"a{i}{text}", "pqmap.dev/title": text, "pqmap.dev/owner": text, "pqmap.dev/shelf-life": "10y", "note": t}},
            "spec": {"predictor": {"model": {"modelFormat": {"name": "vLLM" + text}, "storageUri": f"s3://{text}/m"}}}})
        kinds.append({"apiVersion": "v1", "kind": "Service", "metadata": {"name": f"s{i}-{text}", "namespace": f"n{i % 3}-{text}"},
                      "spec": {"selector": {"app": text}, "ports": [{"port": 80, "name": text}]}})
    (home / "all.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": kinds}))
    (home / ".pqmap.yaml").write_text(json.dumps({"pqmap": 1, "assets": [
        {"name": f"d{i}", "title": text, "owner": text, "life": "30y", "impact": 5, "money": 1000 + i, "currency": "USD", "on":
         [f"n{i % 3}-{text}/InferenceService/m{i}-{text}"]} for i, text in enumerate(said)]}))
    for program in filter(os.path.exists, (kit.PQMAP_SAN, kit.PQMAP)):
        r = kit.run("scan", ".", *NOW, "-o", f"html={tmp}/door.html", "-o", f"json={tmp}/door.json", "-o", f"table={tmp}/door.txt", cwd=home, program=program)
        said = kit.err(r)
        if not os.path.exists(f"{tmp}/door.html"):
            kit.ok(False, "the folder gives a page", said)
            return None
        kit.ok(r.returncode == 0 and "Sanitizer" not in said and "runtime error" not in said and not CONTROL.search(said),
               f"{os.path.basename(program)}: a folder of hostile names is scanned", f"exit {r.returncode} {said[:600]}")
    p, wrong = page_static.check(f"{tmp}/door.html")
    kit.ok(p and not wrong, "its page is sound", "\n    ".join(wrong[:5]))
    words = p.words()
    kit.ok(words.count(MARK) > 100, "and says the names", words.count(MARK))
    bad = CONTROL.search(open(f"{tmp}/door.txt").read())
    kit.ok(not bad, "the table too, without control characters", bad)
    return f"{tmp}/door.html"


def browser(tmp, doc, where, door):
    why = ready()
    if why is not None:
        kit.skip(why)
        return
    pairs = [{"name": "scanned", "file": door, "twin": None, "texts": []}]
    jobs = [(f"shift {s}", texts.rotated(s), texts.rotated(s, twin), list(TEXTS.values())) for s in (0, 11)]
    jobs += [(n, lambda _, t=t: t, lambda _, t=t: twin(t), [t]) for n, t in TEXTS.items() if n in ("end-script", "svg", "double-quote", "entity")]
    for i, (name, bad, good, all_of) in enumerate(jobs):
        read = page(tmp, f"b{i}", spoil(doc, where, bad))[1]
        page(tmp, f"b{i}t", spoil(doc, where, good))
        said = [t for t in map(texts.printable, all_of) if t in read.words()]  # which text meets a shown place is a matter of its hash
        kit.ok(len(said) >= len(all_of) * 3 // 4, f"{name}: {len(said)} of {len(all_of)} texts have met a place that is shown")
        pairs.append({"name": name, "file": f"{tmp}/b{i}.html", "twin": f"{tmp}/b{i}t.html", "texts": said})
    pathlib.Path(f"{tmp}/pairs.json").write_text(json.dumps(pairs))
    r = subprocess.run(["node", "hostile.mjs", f"{tmp}/pairs.json", MARK], cwd=BROWSER, capture_output=True, text=True, timeout=400,
                       env={**os.environ, "CHROMIUM": shutil.which("chromium")})
    lines = [json.loads(line) for line in r.stdout.splitlines() if line.startswith("{")]
    for line in lines:
        kit.ok(line["good"], line["words"], line["detail"].replace("\n", "\n    "))
    kit.ok(r.returncode == 0 and len(lines) >= 4 * len(pairs), "hostile.mjs ran to its end", r.stderr[-1500:])


def main():
    with kit.tmpdir() as tmp:
        doc = base(tmp)
        where = fields(tmp, doc)
        twins(tmp, doc, where)
        raw_bytes(tmp, doc, where)
        formats(tmp, doc, where)
        formulas(tmp, doc)
        differences(tmp, doc, where)
        history(tmp, doc, where)
        browser(tmp, doc, where, front_door(tmp))


main()
kit.done()
