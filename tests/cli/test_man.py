"""Man pages of section 3: mandoc finds nothing to say, their examples compile and run, and they name what hyb.h has."""
import os
import pathlib
import re
import shutil
import subprocess

import kit

BUILD = os.path.dirname(kit.PQMAP)
PAGES = sorted((kit.REPO / "src/man").glob("*.3"))
HEADERS = {"hyb.h": kit.REPO / "src/hyb/hyb.h", "hybx.h": kit.REPO / "src/hyb/hybx.h"}


def example(page):
    m = re.search(r"^\.Sh EXAMPLES\n(.*?)^\.Ed\n", page.read_text(), re.M | re.S)
    if m is None:
        return None
    body = m.group(1).split(".Bd -literal\n", 1)[1]
    return body.replace("\\e", "\\").replace("\\&", "")


if shutil.which("mandoc"):
    for page in PAGES:
        r = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True)
        kit.ok(r.returncode == 0, f"mandoc has no warning for {page.name}", r.stdout)
else:
    kit.skip("mandoc is not installed: pages not linted")

with kit.tmpdir() as tmp:
    for name in HEADERS:
        if HEADERS[name].exists():
            os.symlink(HEADERS[name], f"{tmp}/{name}")
    for page in PAGES:
        text = example(page)
        if text is None:
            kit.ok(False, f"{page.name} has an example")
            continue
        c, exe = f"{tmp}/{page.stem}.c", f"{tmp}/{page.stem}"
        pathlib.Path(c).write_text(text)
        r = subprocess.run(["gcc", "-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O1", f"-I{tmp}", c, "-o", exe,
                            f"{BUILD}/libhyb.a", "-lcrypto", "-pthread"], capture_output=True, text=True)
        if kit.ok(r.returncode == 0, f"the example of {page.name} compiles", r.stderr[-1500:]):
            r = subprocess.run([exe], capture_output=True, text=True, timeout=60, cwd=tmp)
            kit.ok(r.returncode == 0, f"the example of {page.name} runs", f"exit {r.returncode} {r.stderr}")

def synopsis(page):
    return page.read_text().split(".Sh SYNOPSIS\n", 1)[1].split("\n.Sh ", 1)[0]


# Every public function stands on a page; a name for 1024 or 87 stands for its siblings.
header = HEADERS["hyb.h"].read_text()
public = set(re.findall(r"HYB_API[^;(]*?\b(hyb_\w+)\(", header))
public = {n for n in public if not re.match(r"hyb_(mlkem(512|768)|mldsa(44|65))_", n)}
shown = set()
for page in PAGES:
    shown |= set(re.findall(r"^\.Fn (hyb_\w+)", synopsis(page), re.M))
hashes = {n for n in public if re.match(r"hyb_(sha3|shake)", n)}
missing = sorted(public - shown - hashes)
kit.ok(not missing, f"the pages have the {len(public)} functions of hyb.h", " ".join(missing))
gone = sorted(shown - public)
kit.ok(not gone, "the pages name no function that is not there", " ".join(gone))

# The prototypes are those of the header.
flat = re.sub(r"\s+", " ", header)
for page in PAGES:
    for name, args in re.findall(r'^\.Fn (hyb_\w+) ?(.*)$', synopsis(page), re.M):
        m = re.search(rf"\b{name}\(([^;]*?)\)(?: HYB_MUST_USE)?;", flat)
        if m is None or name in gone:
            continue
        n_header = 0 if m.group(1).strip() == "void" else m.group(1).count(",") + 1
        n_page = 0 if args.strip() == "void" else len(re.findall(r'"[^"]*"', args))
        if n_header != n_page:
            kit.ok(False, f"{page.name}: {name} has {n_header} parameters", args)
kit.done()
