"""The Python examples of libhyb run, each against the shared library of this build."""
import os
import subprocess
import sys

import kit

lib = os.path.join(os.path.dirname(kit.PQMAP), "libhyb.so")
for script in sorted((kit.REPO / "src/hyb/examples").glob("[0-9]_*.py")):
    r = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60,
                       env=dict(os.environ, HYB_LIB=lib))
    kit.ok(r.returncode == 0 and r.stdout.count("\n") >= 1, f"{script.name} runs", r.stderr[-1500:])
    kit.ok("What was wrong" in script.read_text(), f"{script.name} says what was wrong in the original")
kit.done()
