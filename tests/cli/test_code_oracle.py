#!/usr/bin/env python3
"""The decoders of parse/code_x86.c and code_a64.c against Capstone's, over the code of this system's libraries.

Same lengths, no register written and no store that ours overlooks. A few differences in a million are data between
functions, which both read as they like.
"""
import glob
import os
import pathlib
import re
import shutil
import subprocess

from kit import REPO, done, ok, skip, tmpdir

SETS = {
    "x86-64": ["/usr/bin/openssl", "/usr/bin/gpg", "/usr/bin/python3", "/usr/lib/x86_64-linux-gnu/libc.so.6",
               "/usr/lib/x86_64-linux-gnu/libm.so.6", "/usr/lib/x86_64-linux-gnu/libcrypto.so.3"],
    "AArch64": sorted(glob.glob("/usr/aarch64-linux-gnu/lib/*.so.*")) + ["/usr/lib/aarch64-linux-gnu/libc.so.6"],
}

cc = shutil.which("gcc") or shutil.which("clang")
if cc is None or not os.path.exists("/usr/include/capstone/capstone.h"):
    skip("libcapstone-dev is not installed")
    done()
with tmpdir() as d:
    tool = str(pathlib.Path(d) / "oracle")
    r = subprocess.run([cc, "-O2", "-D_GNU_SOURCE", "-Isrc", "tests/tools/code_oracle.c", "src/parse/code_x86.c",
                        "src/parse/code_a64.c", "-lcapstone", "-o", tool], cwd=REPO, capture_output=True, text=True)
    ok(r.returncode == 0, "the comparison builds", r.stderr[:2000])
    for name, files in SETS.items():
        files = [f for f in files if os.path.exists(f)]
        if r.returncode != 0 or not files:
            skip(f"no {name} libraries here")
            continue
        text = subprocess.run([tool, *files], capture_output=True, text=True, timeout=300).stdout
        m = re.search(r"(\d+) instructions, (\d+) invalid, (\d+) different", text)
        ok(m and int(m[1]) > 100000 and int(m[3]) * 50000 < int(m[1]),
           f"{name}: {m[3] if m else '?'} of {m[1] if m else '?'} instructions are told differently", text[:3000])
done()
