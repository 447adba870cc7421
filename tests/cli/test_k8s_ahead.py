"""A long stream or list gives the same, byte for byte, whether one thread reads it or two."""
import pathlib
import random
import subprocess
import sys

from kit import REPO, done, err, ok, run, tmpdir

SPLICES = (b"\n---\n", b'"', b"\n{{ x }}\n", b"[", b"}", b"\t", b"\nitems:\n", b"\n...\n", b"\n%YAML 1.1\n---\n", b"&a *a",
           b'\n--- {"kind":"List","apiVersion":"v1","items":[{"kind":"Pod"}]}\n',
           b"\n---\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: x}\n",
           b'\n---\n{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"y"}}]}\n')


def damaged(text, seed):
    r = random.Random(seed)
    b = bytearray(text)
    for _ in range(r.randrange(1, 60)):
        at, what = r.randrange(len(b)), r.randrange(4)
        if what == 0:
            b[at] = r.randrange(256)
        elif what == 1:
            del b[at:at + r.randrange(200)]
        elif what == 2:
            b[at:at] = r.choice(SPLICES)
        else:
            other = r.randrange(len(b))
            b[at:at] = b[other:other + r.randrange(3000)]
    return bytes(b)


def same(path, words):
    one, two = (run("scan", f"-j{n}", "-q", "-o", "json=-", path) for n in (1, 2))
    ok(one.stdout == two.stdout and len(one.stdout) > 10000 and one.returncode == two.returncode, words, err(two))


with tmpdir() as d:
    for form, name in (("docs", "docs.yaml"), ("yaml", "list.yaml"), ("json", "list.json"), ("compact", "compact.json")):
        path = pathlib.Path(d) / name
        subprocess.run([sys.executable, REPO / "tests/kube/gen_cluster.py", "--workloads", "40", "--form", form, "--out",
                        path], check=True, capture_output=True)
        text = path.read_bytes()
        ok(len(text) > 3 << 19, f"{form}: long enough to be read by two", len(text))
        same(path, f"{form}: one thread and two read the same")
        for seed in (1, 2):
            path.write_bytes(damaged(text, seed))
            same(path, f"{form}: the same of a damaged one ({seed})")
        # Two lists and documents in one stream.
        if form in ("docs", "yaml"):
            path.write_bytes(text + b"---\n" + text)
            same(path, f"{form}: the same of two in one stream")
done()
