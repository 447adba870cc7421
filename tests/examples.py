"""The example reports in reports/examples: written anew, or compared with what this tree makes.

    python3 tests/examples.py check     differences as a diff, exit 1 when there are any
    python3 tests/examples.py write     rewrite them and the README's screen; the diff is reviewed like code

They are what `make demo` says of the example cluster, with a fixed date.
"""
import difflib
import os
import re
import subprocess
import sys
import tempfile

PQMAP = os.environ.get("PQMAP", "build/pqmap")
FOLDER = "reports/examples"
FORMATS = {"json": "cluster.json", "html": "cluster.html", "cbom": "cluster.cdx.json", "csv": "cluster.csv",
           "dot": "cluster.dot", "prom": "cluster.prom"}
SETTINGS = ["--now", "2026-11-21", "--regime", "us-eo-14412,nist-ir-8547"]
SHOWN = 40


def run(*args):
    env = {k: v for k, v in os.environ.items() if not k.startswith("PQMAP_")}
    env.update(NO_COLOR="1", LC_ALL="C.UTF-8", COLUMNS="120")
    env.pop("SOURCE_DATE_EPOCH", None)
    done = subprocess.run([PQMAP, *args], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    if done.returncode != 0:
        sys.exit(f"{PQMAP} {' '.join(args)}: exit {done.returncode}\n{done.stderr.decode()}")
    return done.stdout


def make(into):
    outputs = [f"{kind}={os.path.join(into, name)}" for kind, name in FORMATS.items()]
    run("scan", "fixtures/cluster", *SETTINGS, "--quiet", *[a for o in outputs for a in ("-o", o)])
    saved = os.path.join(into, "cluster.json")
    for name, args in (("cluster.txt", ["report", saved]), ("cluster-plan.txt", ["plan", saved])):
        with open(os.path.join(into, name), "wb") as f:
            f.write(run(*args))
    return sorted([*FORMATS.values(), "cluster.txt", "cluster-plan.txt"])


def write_screen():
    """The screen in the README is what its command prints, without the time and memory it took."""
    with open("README.md", encoding="utf-8") as f:
        text = f.read()
    with tempfile.TemporaryDirectory() as into:
        os.symlink(os.path.abspath("fixtures"), os.path.join(into, "fixtures"))
        found = re.search(r"```text\n\$ pqmap (.*?)\n(.*?)```", text, re.S)
        done = subprocess.run([os.path.abspath(PQMAP), *found.group(1).split()], cwd=into, stdout=subprocess.PIPE,
                              env={"LC_ALL": "C.UTF-8", "HOME": into, "PATH": "/usr/bin:/bin"}, timeout=120, check=True)
    screen = re.sub(r" {4}\d+\.\d s, [\d.]+ MiB", "", done.stdout.decode())
    screen = "".join(line.rstrip() + "\n" for line in screen.splitlines())
    with open("README.md", "w", encoding="utf-8") as f:
        f.write(text[:found.start(2)] + screen + text[found.end(2):])


def lines(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.readlines()


def check(names, into):
    wrong = 0
    for name in names:
        kept = os.path.join(FOLDER, name)
        old, new = lines(kept), lines(os.path.join(into, name))
        if old == new:
            continue
        wrong += 1
        diff = list(difflib.unified_diff(old, new, kept, "this tree", n=1))
        print("".join(d[:200].rstrip("\n") + "\n" for d in diff[:SHOWN]), end="")
        if len(diff) > SHOWN:
            print(f"... {len(diff) - SHOWN} more lines")
    left = sorted(set(os.listdir(FOLDER)) - set(names) - {"README.md"})
    for name in left:
        print(f"{FOLDER}/{name}: nothing makes this file")
    if wrong or left:
        print(f"examples: {wrong} of {len(names)} differ; `make examples` writes them anew")
        return 1
    print(f"examples: {len(names)} reports as this tree makes them")
    return 0


def main():
    os.makedirs(FOLDER, exist_ok=True)
    if sys.argv[1:] == ["write"]:
        make(FOLDER)
        write_screen()
        return 0
    if sys.argv[1:] != ["check"]:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as into:
        return check(make(into), into)


if __name__ == "__main__":
    sys.exit(main())
