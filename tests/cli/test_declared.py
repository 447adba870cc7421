#!/usr/bin/env python3
"""What an owner declares and pqmap cannot use is told with its place and the nearest that exists."""
import json
import pathlib
import shutil

from kit import REPO, done, err, ok, out, run, tmpdir

HERE = REPO / "fixtures/cluster"
NOW = ("--now", "2026-11-21")


def scan(d):
    r = run("scan", d, *NOW, "-o", "json")
    return json.loads(r.stdout)["graph"], err(r)


def mistyped():
    with tmpdir() as tmp:
        d = pathlib.Path(tmp, "c")
        shutil.copytree(REPO / "fixtures/cluster", d)
        f = d / ".pqmap.yaml"
        text = f.read_text(encoding="utf-8")
        f.write_text(text.replace("PyTorchJob/llama-clinic", "PyTorchJob/llama-typo", 1)
                     .replace("    impact: 5 ", "    impcat: 5 ", 1), encoding="utf-8")
        graph, said = scan(d)
        table = out(run("scan", d, *NOW))
        page = pathlib.Path(tmp, "r.html")
        run("scan", d, *NOW, "-q", "-o", f"html={page}")
        html = page.read_text(encoding="utf-8")
    for words in (".pqmap.yaml:16: 'training/PyTorchJob/llama-typo' under on: meets no object that was read; "
                  "the nearest is training/PyTorchJob/llama-clinic",
                  ".pqmap.yaml:9: 'impcat' is no key of an asset and says nothing; the nearest is impact"):
        ok(any(u.endswith(words.split(": ", 1)[1]) and words.split(": ")[0] in u for u in graph["unresolved"]) and words in said,
           "an open end and a warning with place and nearest", (graph["unresolved"], said))
    ok("OPEN ENDS 3 " in table and "llama-typo" in table, "the terminal counts it", table)
    ok("llama-typo" in html and "impcat" in html, "and the page shows it")
    clean, said = scan(REPO / "fixtures/cluster")
    ok(not [u for u in clean["unresolved"] if ".pqmap.yaml" in u] and ".pqmap.yaml" not in said,
       "what is right is not doubted", said)


def by_less():
    compose = "services:\n  vllm:\n    image: vllm/vllm-openai:v0.8\n    ports: ['8000:8000']\n"
    for name, n in (("./ComposeService/vllm", 0), ("ComposeService/vllm", 0), ("vllm", 0), ("vlm", 1)):
        with tmpdir() as tmp:
            pathlib.Path(tmp, "compose.yaml").write_text(compose, encoding="utf-8")
            pathlib.Path(tmp, ".pqmap.yaml").write_text(
                f"pqmap: 1\nassets:\n  - {{ name: w, data-class: weights, on: ['{name}'] }}\n", encoding="utf-8")
            graph, said = scan(tmp)
        a = next(a for a in graph["assets"] if a["id"] == "w")
        to = [e["to"] for e in graph["edges"] if e["from"] == a["node"]]
        ok(len(graph["unresolved"]) == n and (n == 1 or [t.split("/", 1)[1] for t in to] == ["ComposeService/vllm"]), f"on: {name}", (graph["unresolved"], to, said))
    two = compose + "  web:\n    image: nginx\n"
    with tmpdir() as tmp:
        for part in ("a", "b"):
            pathlib.Path(tmp, part).mkdir()
            pathlib.Path(tmp, part, "compose.yaml").write_text(two + f"# {part}\n", encoding="utf-8")
        pathlib.Path(tmp, ".pqmap.yaml").write_text(
            "pqmap: 1\nassets:\n  - { name: w, data-class: weights, on: [vllm] }\n", encoding="utf-8")
        graph, _ = scan(tmp)
    ok(len(graph["unresolved"]) == 1 and "'vllm' under on:" in graph["unresolved"][0], "a name of two objects is not guessed",
       graph["unresolved"])


def dates():
    r = run("scan", REPO / "fixtures/graph/ends.yaml", *NOW, "--start", "2026-01-01")
    ok(r.returncode == 2 and "cannot start at 2026-01-01, before 2026-11-21" in err(r), "a plan does not start in the past", err(r))
    r = run("scan", REPO / "fixtures/graph/ends.yaml", *NOW, "--start", "2026-11-21", "-q")
    ok(r.returncode == 0, "today is early enough", err(r))
    r = run("scan", "/nonexist")
    ok("declare them" not in out(r), "where nothing was read nothing is to be declared", out(r))


def names():
    said = err(run("scan", HERE, *NOW, "--regime", "us-eo14412"))
    ok("the nearest is us-eo-14412" in said, "a regime is suggested by spelling", said)
    said = err(run("scan", HERE, *NOW, "--capacity", "1e9"))
    ok("above 0 and at most " in said, "the limit of the capacity is told", said)
    with tmpdir() as tmp:
        a, b = pathlib.Path(tmp, "a.json"), pathlib.Path(tmp, "b.json")
        run("scan", HERE, *NOW, "-q", "-o", f"json={a}")
        said = err(run("plan", a, "--what-if", "foo"))
        ok("or types: " in said and "enforce-hybrid" in said and "nearest" not in said, "far from every task: the types are listed", said)
        said = err(run("plan", a, "--what-if", "enforce-hybrd"))
        ok("the nearest is enforce-hybrid" in said or "or types: " in said, "near to one: that one", said)
        report = json.loads(a.read_text(encoding="utf-8"))
        money = report["assessment"]["totals"]["central"]
        money["sunk"] /= 2
        report["plan"]["tasks"].pop()
        b.write_text(json.dumps(report), encoding="utf-8")
        less, more = out(run("diff", a, b)), out(run("diff", b, a))
        ok("stays lost" in less and "stays lost" not in more, "less that is sunk is no progress", less + more)


mistyped()
names()
by_less()
dates()
done()
