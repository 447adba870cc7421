#!/usr/bin/env python3
"""Notebooks: calls by cell and line, imports of earlier cells, magics, keys in cells and outputs."""
import json
import pathlib
import subprocess

from kit import PQMAP_SAN, done, ok, out, run, tmpdir


def notebook(cells, lang="python", fmt=4):
    if fmt == 3:
        return {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": [
            {"cell_type": "code", "input": c, "outputs": [], "language": "python"} for c in cells]}]}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {"language": lang, "name": "x", "display_name": "x"}}, "cells": [
        c if isinstance(c, dict) else {"cell_type": "code", "metadata": {}, "execution_count": 1, "outputs": [], "source": c.splitlines(True)}
        for c in cells]}


def scan(path, program=None):
    r = run("scan", "-q", path, "-o", "json", **({"program": program} if program else {}))
    doc = json.loads(out(r))
    got = []
    for f in doc["findings"]:
        for o in f["occurrences"]:
            got.append((o["path"].split(" › ")[-1], o.get("line"), f["family"], f.get("parameter"), f["meaning"]))
    return sorted(got, key=str), doc


with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    key = subprocess.run(["openssl", "genrsa", "-traditional", "1024"], capture_output=True, check=True).stdout.decode()
    other = subprocess.run(["openssl", "genrsa", "-traditional", "1536"], capture_output=True, check=True).stdout.decode()
    nb = tmp / "train.ipynb"
    nb.write_text(json.dumps(notebook([
        "%pip install cryptography\nfrom cryptography.hazmat.primitives.asymmetric import rsa, ec\n",
        "# keys\n%timeit f()\nkey = rsa.generate_private_key(65537, 3072)\n",
        {"cell_type": "markdown", "metadata": {}, "source": ["`rsa.generate_private_key(65537, 1024)`\n"]},
        "!openssl genrsa -out k.pem 4096\n",
        "%%bash\nssh-keygen -t ed25519 -f k\n",
        {"cell_type": "code", "metadata": {}, "source": "print(key)", "execution_count": 1, "outputs": [
            {"output_type": "stream", "name": "stdout", "text": (key + "ec.generate_private_key(ec.SECP256R1())\n").splitlines(True)},
            {"output_type": "display_data", "metadata": {}, "data": {"image/png": "iVBORw0KGgo=", "text/plain": ["x"]}}]},
        "PEM = '''" + other + "'''\n",
    ]), indent=1))
    got, doc = scan(nb)
    ok(("cell 2", 3, "RSA", "3072", "use") in got, "a call by its cell and line, with the import of an earlier cell", got)
    ok(not any(g[3] in ("P-256",) or (g[2] == "RSA" and g[3] == "1024" and g[4] == "use") for g in got), "text and outputs are not code", got)
    ok(any(g[0] == "cell 4.sh" and g[2] == "RSA" and g[3] == "4096" for g in got), "a command behind ! is a command", got)
    ok(any(g[0] == "cell 5.sh" and g[2] == "Ed25519" for g in got), "so is the text of a %%bash cell", got)
    ok(sum(g[4] == "key" and g[3] == "1024" for g in got) == 1, "a key that was printed is found once", got)
    ok(sum(g[4] == "key" and g[3] == "1536" for g in got) == 1, "so is a key in a cell", got)
    ok(not doc["coverage"]["notes"], "nothing is left out", doc["coverage"]["notes"])

    (tmp / "one.ipynb").write_text(json.dumps(notebook([])).replace('"cells": []', '"cells": [{"cell_type": "code", "source": %s}]' % json.dumps("x = '''" + key + "'''")))
    got, _ = scan(tmp / "one.ipynb")
    ok([g[4] for g in got] == ["key"], "a cell whose text is one string", got)
    (tmp / "old.ipynb").write_text(json.dumps(notebook(["import rsa\n(a, b) = rsa.newkeys(2048)\n"], fmt=3)))
    got, _ = scan(tmp / "old.ipynb")
    ok(got == [("cell 1", 2, "RSA", "2048", "use")], "nbformat 3", got)
    (tmp / "js.ipynb").write_text(json.dumps(notebook(["const c = require('crypto');\nc.createECDH('secp256k1');\n"], "javascript")))
    got, _ = scan(tmp / "js.ipynb")
    ok(got == [("cell 1", 2, "EC", "secp256k1", "use")], "the language of the kernel", got)
    (tmp / "r.ipynb").write_text(json.dumps(notebook(["import rsa\nrsa.newkeys(2048)\n"], "R")))
    got, _ = scan(tmp / "r.ipynb")
    ok(not got, "a language that is not read", got)

    whole = nb.read_text()
    for cut in range(0, len(whole), max(1, len(whole) // 40)):
        (tmp / "cut.ipynb").write_text(whole[:cut])
        r = run("scan", "-q", tmp / "cut.ipynb", "-o", "json", program=PQMAP_SAN)
        if r.returncode not in (0, 4):
            ok(False, f"cut at {cut}", r.stderr[-500:])
            break
    else:
        ok(True, "a notebook cut anywhere is read without harm")
    (tmp / "deep.ipynb").write_text('{"cells":' + "[" * 5000 + "]" * 5000 + "}")
    _, doc = scan(tmp / "deep.ipynb")
    ok(doc["coverage"]["notes"], "nesting over the limit is told", doc["coverage"])
done()
