#!/usr/bin/env python3
"""A pqmap whose page leaves one escape out: shows that test_html_hostile.py notices. From the repository's root:

    UNESCAPE=quot REAL_PQMAP=$PWD/build/pqmap PQMAP=$PWD/tests/browser/unescape.py python3 tests/cli/test_html_hostile.py

UNESCAPE is lt, gt, quot, #39 or amp. Every "not ok" is the test at work; with UNESCAPE empty there is none.
"""
import html
import os
import subprocess
import sys

r = subprocess.run([os.environ["REAL_PQMAP"], *sys.argv[1:]], check=False)
entity = os.environ.get("UNESCAPE", "")
for arg in sys.argv[1:]:
    if entity and arg.startswith("html=") and os.path.exists(arg[5:]):
        with open(arg[5:], "r+", encoding="utf-8", newline="") as f:
            text = f.read().replace(f"&{entity};", html.unescape(f"&{entity};"))
            f.seek(0)
            f.truncate()
            f.write(text)
sys.exit(r.returncode)
