#!/usr/bin/env python3
"""Memory of a scan of large programs and archives does not follow their size."""
import os
import pathlib
import random
import shutil
import subprocess
import sys
import zipfile

sys.path.insert(0, os.path.dirname(__file__))
from kit import PQMAP, done, ok, skip, tmpdir

MIB = 1 << 20
DATA = 96  # MiB in each program
SOURCE = r"""
#include <dlfcn.h>
#include <stdio.h>
__asm__(".section .rodata\n.fill %d,1,%d\n.previous\n");
int main(void)
{
	puts(dlsym(dlopen("libm.so.6", RTLD_NOW), "cos") ? "yes" : "no");
	return 0;
}
"""


def program(tmp, k):
    c, out = tmp / f"p{k}.c", tmp / "tree" / f"program{k}"
    c.write_text(SOURCE % (DATA * MIB, 0x41 + k))
    subprocess.run(["gcc", "-O1", "-o", out, c, "-ldl"], check=True, stdout=subprocess.DEVNULL)


def archive(tmp, k):
    rng = random.Random(k)
    with zipfile.ZipFile(tmp / "tree" / f"a{k}.jar", "w", zipfile.ZIP_DEFLATED) as z:
        for i in range(40):
            z.writestr(f"p/C{i}.class", b"\xca\xfe\xba\xbe" + rng.randbytes(64) * 4096)


def scan(tree):
    p = subprocess.Popen([PQMAP, "scan", "-j2", tree, "-q", "-o", "csv"], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(p.pid, 0)
    return status, usage.ru_maxrss / 1024


def large_files():
    with tmpdir() as name:
        tmp = pathlib.Path(name)
        (tmp / "tree").mkdir()
        for k in range(3):
            program(tmp, k)
        for k in range(8):
            archive(tmp, k)
        status, mib = scan(tmp / "tree")
    ok(status == 0, "programs with much data and jars are scanned")
    ok(mib <= 72, f"3 programs of {DATA} MiB and 8 jars of 10 MiB in {mib:.0f} MiB (at most 72)")


if shutil.which("gcc") is None:
    skip("no gcc to make programs with")
else:
    large_files()
done()
