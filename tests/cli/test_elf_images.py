#!/usr/bin/env python3
"""Native programs in images: what one uses through a library of another layer, and programs too large to be held."""
import json
import pathlib
import subprocess
import sys

from kit import REPO, done, err, ok, run, tmpdir

sys.path.insert(0, str(REPO / "tests/images"))
from make import Layout, tar_of  # noqa: E402

WRAP = "int RSA_generate_key_ex(void *, int, void *, void *); int make_key(void) { return RSA_generate_key_ex(0, 3072, 0, 0); }"
CALLER = "int make_key(void); int main(void) { return make_key(); }"
PAD = 65 << 20


def build(tmp, name, code, *flags):
    path = tmp / name
    subprocess.run(["gcc", "-O1", "-x", "c", "-", "-o", str(path), *flags], input=code.encode(), check=True)
    return path.read_bytes()


def scan(tmp, target):
    report = tmp / "report.json"
    report.unlink(missing_ok=True)
    r = run("scan", target, "--no-cache", "-o", f"json={report}", env={"HOME": str(tmp)}, cwd=tmp)
    doc = json.loads(report.read_bytes()) if report.exists() else {"findings": [], "coverage": {"notes": []}}
    rows = [(f, o, {a["key"]: a["value"] for a in o["attributes"]}) for f in doc["findings"] for o in f["occurrences"]]
    return r, doc, rows


def through(tmp):
    wrap = build(tmp, "libwrap.so.1", WRAP, "-shared", "-fPIC", "-Wl,-soname,libwrap.so.1", "-lcrypto")
    at = [f"-L{tmp}", "-l:libwrap.so.1", "-Wl,--allow-shlib-undefined"]
    calls = build(tmp, "calls", CALLER, *at)
    links = build(tmp, "links", "int main(void) { return 0; }", "-Wl,--no-as-needed", *at)
    layout = Layout(tmp / "wrapped")
    below, above = layout.image([tar_of([("usr/lib/libwrap.so.1", wrap)]),
                                 tar_of([("app/calls", calls), ("app/links", links)])], steps=["COPY lib", "COPY app"])
    r, doc, rows = scan(tmp, f"oci:{tmp / 'wrapped'}")
    got = [(f, o, a) for f, o, a in rows if "through" in a]
    ok(len(got) == 1 and got[0][1]["path"].endswith(" › /app/calls"), "a program uses what a library of another layer does for it",
       err(r) + str(rows))
    f, o, a = got[0] if got else ({}, {}, {})
    ok(f.get("meaning") == "use" and f.get("family") == "RSA" and a.get("through") == "libwrap.so.1" and
       a.get("through_path", "").endswith(" › /usr/lib/libwrap.so.1"), "the finding says through which file", (f, a))
    ok(a.get("layer") == above["digest"] and a.get("layer_index") == "2" and a.get("made_by") == "COPY app",
       "and stands in the program's layer, as other findings do", (a, above, below))
    plain = [x for p, x in ((o["path"], a) for _, o, a in rows) if p.endswith("/usr/lib/libwrap.so.1")]
    ok(plain and all(a.get(k) == plain[0].get(k) for k in ("image", "platform")), "of the same image", (plain, a))
    hidden = Layout(tmp / "hidden")
    hidden.image([tar_of([("usr/lib/libwrap.so.1", wrap), ("app/calls", calls)]), tar_of([("app/.wh.calls", b"")])])
    _, _, rows = scan(tmp, f"oci:{tmp / 'hidden'}")
    ok(not [x for x in rows if "through" in x[2]], "a program that an upper layer removes uses nothing", rows)


def wrapper(tmp):
    """Of a library that rules know only what sets it to work makes a use, also behind its own table of links."""
    root = tmp / "root"
    root.mkdir()
    library = ("int SSL_read(void *, void *, int); int DES_set_key(const void *, void *); int curl_inner(void) { return SSL_read(0, 0, 0); }"
               "int curl_easy_perform(void *h) { return curl_inner() + DES_set_key(h, h); } int curl_url_get(void *h) { return curl_inner() + !h; }")
    build(root, "libcurl.so.4", library, "-shared", "-fPIC", "-fno-inline", "-Wl,-soname,libcurl.so.4", "-lssl", "-lcrypto")
    at = [f"-L{root}", "-l:libcurl.so.4", "-Wl,--allow-shlib-undefined", "-Wl,--no-as-needed"]
    for name, function in (("acts", "curl_easy_perform"), ("asks", "curl_url_get")):
        build(root, name, f"int {function}(void *); int main(int n, char **v) {{ (void)n; return {function}(v); }}", *at)
    build(root, "links", "int main(void) { return 0; }", *at)
    _, _, rows = scan(tmp, root)
    got = {pathlib.Path(o["path"]).name: (f["family"], f["meaning"], a["witness"]) for f, o, a in rows if "through" in a}
    way = got["acts"][2] if set(got) == {"acts"} else ""
    ok(way.startswith("curl_easy_perform -> ... -> curl_inner") and way.endswith(" -> SSL_read") and got["acts"][:2] == ("TLS", "use"),
       "a program that lets libcurl work uses TLS; one that asks it for texts, or only links it, uses nothing", rows)


def large(tmp):
    code = (f"const char pad[{PAD}] = {{ 1 }}; int RSA_generate_key_ex(void *, int, void *, void *);"
            "int main(int n, char **v) { (void)v; return RSA_generate_key_ex(0, 3072, 0, 0) + pad[n]; }")
    big = build(tmp, "big", code, "-lcrypto")
    r, doc, rows = scan(tmp, tmp / "big")
    whole = [f["parameter"] for f, _, a in rows if f["meaning"] == "use" and a.get("reach") == "yes"]
    ok(whole == ["3072"], "a large program that is a file is read to its end", err(r) + str(rows))
    layout = Layout(tmp / "large")
    layout.image([tar_of([("app/big", big)])])
    r, doc, rows = scan(tmp, f"oci:{tmp / 'large'}")
    got = [(f["meaning"], f["parameter"], a.get("reach", "")) for f, _, a in rows if f["rule"].startswith("lib.")]
    ok(len(got) == 1 and got[0][1] == "" and got[0][2].startswith("undecided: only parts"),
       "one of more than 64 MiB in an image is undecided: no parameter, no way", err(r) + str(rows))
    notes = [n for n in doc["coverage"]["notes"] if n["path"].endswith("/app/big")]
    ok(len(notes) == 1 and "held in part, so calls in it are not read" in json.dumps(notes), "and a note says why and what to do", notes)


with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    through(tmp)
    wrapper(tmp)
    large(tmp)
done()
