"""A headless browser for tests of the HTML report: its packages are pinned, and kept in the build folder."""
import fcntl
import os
import shutil
import subprocess

import kit

BROWSER = os.path.join(os.path.dirname(kit.PQMAP), "browser")
SHOTS = os.path.join(BROWSER, "shots")


def ready():
    """The reason why not, or None; packages are kept in the build folder."""
    for program in ("chromium", "node", "npm", "pdftotext"):
        if not shutil.which(program):
            return f"{program} is not installed"
    os.makedirs(SHOTS, exist_ok=True)
    with open(os.path.join(BROWSER, ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another test may be at it
        return fetch()


def fetch():
    stale = False
    for path in sorted((kit.REPO / "tests/browser").iterdir()):
        to = os.path.join(BROWSER, path.name)
        if path.name == "package-lock.json":
            stale = not os.path.exists(to) or open(to).read() != path.read_text()
        shutil.copy(path, to)
    if stale or not os.path.isdir(f"{BROWSER}/node_modules/playwright-core"):
        r = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=BROWSER, capture_output=True,
                           text=True, timeout=120)
        if r.returncode != 0:
            os.unlink(os.path.join(BROWSER, "package-lock.json"))
            return "npm gave no packages: " + (r.stderr.strip().splitlines() or ["?"])[-1][:80]
    return None
