"""The HTML report in headless Chromium: what a person sees, hears, types and prints. Screenshots: build/browser/shots.

Needs chromium, node >= 18, npm (for two pinned packages) and pdftotext; without them it skips.
"""
import json
import os
import shutil
import subprocess
import sys

import kit
from browser import BROWSER, SHOTS, ready

NOW = ("--now", "2026-11-21")


def node(script, *args, timeout=300):
    r = subprocess.run(["node", script, *args], cwd=BROWSER, capture_output=True, text=True, timeout=timeout,
                       env={**os.environ, "CHROMIUM": shutil.which("chromium")})
    lines = [json.loads(line) for line in r.stdout.splitlines() if line.startswith("{")]
    for line in lines:
        kit.ok(line["good"], line["words"], line["detail"].replace("\n", "\n    "))
    kit.ok(r.returncode == 0 and lines, f"{script} ran to its end", r.stderr[-1500:])


def page(tmp, name, *args):
    path = f"{tmp}/{name}.html"
    r = kit.run(*args, *([] if "--now" in args else NOW), "-o", f"html={path}", cwd=kit.REPO)
    kit.ok(os.path.exists(path), f"{name}: the page is written", kit.err(r))
    return path


def main():
    why = ready()
    if why is not None:
        kit.skip(why)
        return
    with kit.tmpdir() as tmp:
        os.mkdir(f"{tmp}/empty")
        open(f"{tmp}/empty/notes.txt", "w").write("nothing here\n")
        node("page.mjs", page(tmp, "cluster", "scan", "fixtures/cluster", "--regime", "us-eo-14412"), "cluster", SHOTS, "all")
        node("page.mjs", page(tmp, "article", "scan", "fixtures/article"), "article", SHOTS)
        node("page.mjs", page(tmp, "empty", "scan", f"{tmp}/empty"), "empty", SHOTS)
        for case in ("safe", "late", "long"):
            more = subprocess.run([sys.executable, kit.REPO / "fixtures/report/edges.py", case, f"{tmp}/{case}"], capture_output=True, text=True,
                                  check=True).stdout.split()
            node("page.mjs", page(tmp, case, "scan", f"{tmp}/{case}", *more), case, SHOTS)


main()
kit.done()
