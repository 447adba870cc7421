#!/usr/bin/env python3
"""Rust programs: crates by the paths of panics, by cargo-auditable's list, by symbols of both manglings."""
import json
import os
import pathlib
import shutil
import subprocess
import zlib

from kit import done, ok, out, run, skip, tmpdir

# The legacy mangling is an unstable option of current compilers.
ENV = {**os.environ, "RUSTC_BOOTSTRAP": "1"}
INDEX = "/home/u/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f"
LIB = "#[inline(never)]\npub fn work(v: &[u8], i: usize) -> u8 { v[i] }\n"
MAIN = "fn main() { let v: Vec<u8> = std::env::args().map(|a| a.len() as u8).collect(); println!(\"{}\", %s); }\n"


def build(tmp, name, crates, *flags):
    """A program of crates that are named and placed as cargo does, without any registry."""
    externs = []
    for crate, version in crates:
        src = tmp / f"{name}-{crate}-{version}"
        src.mkdir()
        (src / "lib.rs").write_text(LIB)
        lib = src / f"lib{crate.replace('-', '_')}.rlib"
        subprocess.run(["rustc", "-O", "--edition", "2021", "--crate-type", "rlib", "--crate-name", crate.replace("-", "_"), f"--remap-path-prefix={src}={INDEX}/{crate}-{version}/src",
                        "-o", lib, src / "lib.rs", *flags], check=True, capture_output=True, env=ENV)
        externs += ["--extern", f"{crate.replace('-', '_')}={lib}"]
    main = tmp / f"{name}.rs"
    main.write_text(MAIN % (" + ".join(f"{c.replace('-', '_')}::work(&v, v.len() / 2)" for c, _ in crates) or "v.len()"))
    to = tmp / "t" / name
    subprocess.run(["rustc", "-O", "--edition", "2021", "-o", to, main, *externs, *flags], check=True, capture_output=True, env=ENV)
    return to


def scan(path):
    got = []
    for f in json.loads(out(run("scan", path, "-o", "json")))["findings"]:
        for o in f["occurrences"]:
            if f["rule"].startswith("rust."):
                got.append((f["rule"], f["family"], f["meaning"], f["evidence"], {a["key"]: a["value"] for a in o["attributes"]}))
    return sorted(got, key=lambda g: (g[0], g[4].get("crate", "")))


with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    (tmp / "t").mkdir()
    if shutil.which("rustc") is None:
        skip("no rustc here")
        done()
    both = [("rsa", "0.9.6"), ("x25519-dalek", "2.0.1"), ("serde_json", "1.0.134")]
    for label, flags in (("legacy", ["-Csymbol-mangling-version=legacy", "-Zunstable-options"]), ("v0", ["-Csymbol-mangling-version=v0"])):
        try:
            prog = build(tmp, label, both, *flags)
        except subprocess.CalledProcessError:
            skip(f"rustc here does not mangle as {label}")
            continue
        got = scan(prog)
        ok([g[:2] for g in got] == [("rust.rsa", "RSA"), ("rust.x25519", "X25519")], f"{label}: the two crates of cryptography are told", got)
        ok(all(g[2] == "offer" and g[3] == "linked" and "symbol" in g[4] for g in got), f"{label}: their functions are in the file", got)
        ok([g[4].get("version") for g in got] == ["0.9.6", "2.0.1"], f"{label}: with versions", got)
        subprocess.run(["strip", prog], check=True)
        bare = scan(prog)
        ok([g[:2] for g in bare] == [g[:2] for g in got] and all(g[3] == "hinted" and g[2] == "offer" for g in bare),
           f"{label}: stripped, the paths of panics hint at them", bare)
    plain = build(tmp, "plain", [("serde_json", "1.0.134")])
    ok(not scan(plain), "a program without crates of cryptography is clean", scan(plain))

    listed = build(tmp, "listed", [])
    doc = {"packages": [{"name": "ring", "version": "0.17.8", "source": "crates.io"}, {"name": "rustls", "version": "0.23.20", "source": "crates.io"},
                        {"name": "ed25519-dalek", "version": "2.1.1", "source": "crates.io", "kind": "build"}, {"name": "me", "version": "0.1.0", "source": "local", "root": True}]}

    def with_list(to, data):
        (tmp / "list").write_bytes(data)
        subprocess.run(["objcopy", "--add-section", f".dep-v0={tmp / 'list'}", listed, to], check=True)
        return to

    got = scan(with_list(tmp / "t/audited", zlib.compress(json.dumps(doc).encode())))
    ok([g[0] for g in got] == ["rust.ring", "rust.tls"], "the list of cargo-auditable is read; what only built it is left out", got)
    ok(all(g[2] == "offer" and g[3] == "hinted" for g in got), "as a hint, not as a use", got)
    ok(got and got[-1][4].get("provider") == "ring", "and rustls's provider is told", got)
    bomb = with_list(tmp / "t/bomb", zlib.compress(b"[" + b" " * (64 << 20)))
    r = run("scan", bomb, "-o", "json")
    notes = json.loads(out(r))["coverage"]["notes"]
    ok(r.returncode in (0, 3) and any("list of crates" in n.get("words", "") for n in notes), "a list that unpacks without end is a note", notes)
    r = run("scan", with_list(tmp / "t/broken", b"\0" * 64), "-o", "json")
    ok(any("list of crates" in n.get("words", "") for n in json.loads(out(r))["coverage"]["notes"]), "so is one that does not unpack")
    (tmp / "t/notes.txt").write_text(f"{INDEX}/ring-0.17.8/src/lib.rs\n")
    ok(not scan(tmp / "t/notes.txt"), "a text that names a path is no program")
done()
