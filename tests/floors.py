#!/usr/bin/env python3
"""Checks STYLE.md's house plan: who may include whom, and who may include a third-party header."""
import pathlib
import re
import sys

FLOOR = {
    "base": 0, "model": 1, "parse": 1, "rules": 2, "probe": 2, "source": 3, "detect": 3, "graph": 3,
    "assess": 3, "gate": 4, "engine": 4, "report": 4, "cli": 5, "bench": 5, "hyb": 0,
}
# Third-party header -> the files that may include it.
ONLY = {
    r"libelf\.h|gelf\.h|elf\.h": ["src/parse/elf.c"],
    r"yaml\.h": ["src/parse/yaml.c"],
    r"cjson/.*|cJSON\.h": ["src/parse/json.c"],
    r"archive.*\.h": ["src/source/unpack.c"],
    r"git2(/.*)?\.h": ["src/source/git2.h", "src/source/git2.c"],
    r"curl/.*": ["src/source/http.c"],
    r"openssl/.*": ["src/base/hash.c", "src/parse/x509.c", "src/probe/crypto.c"],
    r"xxhash\.h": ["src/base/hash.c"],
    r"zlib\.h": ["src/parse/gzip.c"],
}
# The model includes nothing of parse; rules builds on both; the command `bench` wraps the core in bench.
SAME_FLOOR_OK = {("rules", "parse"), ("cli", "bench")}

problems = []
n = 0
for path in sorted(pathlib.Path("src").glob("*/*.[ch]")):
    module = path.parts[1]
    if module not in FLOOR:
        problems.append(f"{path}: folder '{module}' is not in the house plan")
        continue
    for number, line in enumerate(path.read_text().splitlines(), 1):
        m = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
        if not m:
            continue
        n += 1
        name = m.group(2)
        if m.group(1) == "<":
            for pattern, allowed in ONLY.items():
                if re.fullmatch(pattern, name) and str(path) not in allowed \
                        and not (module == "hyb" and path.name.startswith("lc_") and name.startswith("openssl/")):
                    problems.append(f"{path}:{number}: <{name}> belongs to {', '.join(allowed)}")
            continue
        target = name.split("/")[0] if "/" in name else module
        if target == "gen":
            continue
        if target not in FLOOR:
            problems.append(f"{path}:{number}: \"{name}\" is in no module")
        elif target != module and FLOOR[target] >= FLOOR[module] and (module, target) not in SAME_FLOOR_OK:
            problems.append(f"{path}:{number}: {module} (floor {FLOOR[module]}) may not include {target} "
                            f"(floor {FLOOR[target]})")
for p in problems:
    print(p)
print(f"floors: {n} includes, {len(problems)} out of place")
sys.exit(1 if problems else 0)
