#!/usr/bin/python3
"""`pqmap risk` over lists: one asset a line, wrong lines said with their number, JSON as one array or line by line."""
import json
import os
import subprocess

from kit import PQMAP, done, err, ok, out, run, tmpdir

E13 = "QRV:1.0/AD:2027.0/U:K/A:E256/D:F/X:10/Y:2/W:2/E:C/C:N/I:4"
E14 = "QRV:1.0/AD:2027.0/U:W/A:R3072/D:F/X:10/Y:2/W:2/E:O/C:N/I:4"
OTHER = E14.replace("2027.0", "2028.0")


def bad_lines():
    text = f"# two assets\n\n{E13}\n  {E13}\t{E14} \r\nnonsense\n{E13} {OTHER}\n{' '.join([E13] * 65)}\n{'x' * 300000}\n{E14}"
    r = run("risk", "-", "-o", "json", stdin=text.encode())
    answers = json.loads(r.stdout)
    ok([a["line"] for a in answers] == [3, 4, 9], "good lines are answered with their numbers", [a["line"] for a in answers])
    ok(r.returncode == 2, "a wrong line makes the exit code 2", r.returncode)
    said = err(r).splitlines()
    ok([s.split(":")[2] for s in said] == ["5", "6", "7", "8"], "each wrong line is one error with its number", said)
    ok("AD differs" in said[1] and "64 vectors" in said[2] and "16 KiB" in said[3], "and says what is wrong", said)
    both = json.loads(run("risk", E13, E14, "-o", "json").stdout)
    both["union"].pop("flips")  # only said of assets on the command line
    ok(answers[1]["union"] == both["union"], "several vectors on one line are one asset")


def forms():
    with tmpdir() as d:
        a, b = os.path.join(d, "a"), os.path.join(d, "b")
        for name, text in ((a, E13 + "\n"), (b, E14)):
            with open(name, "w", encoding="ascii") as f:
                f.write(text)
        r = run("risk", "@" + a, "@" + b, "-o", "jsonl")
        rows = [json.loads(x) for x in r.stdout.splitlines()]
        ok(r.returncode == 0 and [x["uses"][0]["vector"] for x in rows] == [E13, E14], "two lists in order", err(r))
        ok(run("risk", "@" + a, E13).returncode == 2, "lists and vectors do not mix")
        r = run("risk", "@" + a + ".no")
        ok(r.returncode == 2 and ".no" in err(r), "a list that is not there", err(r))
        lines = out(run("risk", "@" + a)).splitlines()
        ok(len(lines) == 1 and lines[0].startswith("0.1710") and lines[0].endswith(E13), "a text line each", lines)


def digits():
    one = json.loads(run("risk", E13, "-o", "json", "--digits", "15").stdout, parse_float=str)
    ok(one["uses"][0]["p"]["central"] == "0.171030927835052", "--digits 15", one["uses"][0]["p"])
    for args in (("-o", "json", "--digits", "16"), ("-o", "json", "--digits", "0"), ("--digits", "6"), ("-o", "csv")):
        ok(run("risk", E13, *args).returncode == 2, f"refused: {' '.join(args)}")


def answers_at_once():
    p = subprocess.Popen([PQMAP, "risk", "-", "-o", "jsonl"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    p.stdin.write((E13 + "\n").encode())
    p.stdin.flush()
    first = json.loads(p.stdout.readline())  # would wait for ever if it held the answer back
    p.stdin.close()
    ok(first["line"] == 1 and p.wait() == 0 and p.stdout.read() == b"", "a line is answered before the next comes")


bad_lines()
forms()
digits()
answers_at_once()
done()
