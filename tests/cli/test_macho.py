#!/usr/bin/env python3
"""Programs and libraries of macOS, written here byte by byte: both widths and orders, fat files, chained fixups; and one of Go."""
import json
import os
import pathlib
import shutil
import struct
import subprocess

from kit import done, err, ok, out, run, skip, tmpdir


def image(imports=(), exports=(), name="", wide=True, big=False, fixups=False):
    """imports: (dylib, symbol). A Mach-O image that no loader would start, but that says what it needs."""
    e = ">" if big else "<"
    dylibs = sorted({d for d, _ in imports})

    def dylib(cmd, text):
        body = text.encode() + b"\0"
        body += b"\0" * (-(24 + len(body)) % 8)
        return struct.pack(e + "6I", cmd, 24 + len(body), 24, 2, 0x10000, 0x10000) + body

    cmds = [dylib(0xc, d) for d in dylibs]
    if name:
        cmds.insert(0, dylib(0xd, name))
    n_cmds = len(cmds) + 1 + bool(fixups)
    size = sum(map(len, cmds)) + 24 + (16 if fixups else 0)
    strings = b"\0"
    rows = b""
    at = (32 if wide else 28) + size
    for lib, sym, defined in [(d, s, False) for d, s in imports if not fixups] + [("", s, True) for s in exports]:
        desc = (dylibs.index(lib) + 1) << 8 if lib else 0
        value = struct.pack(e + ("Q" if wide else "I"), 0x1000 if defined else 0)
        rows += struct.pack(e + "IBBH", len(strings), 0xf if defined else 1, 1 if defined else 0, desc) + value
        strings += b"_" + sym.encode() + b"\0"
    count = len(rows) // (16 if wide else 12)
    cmds.append(struct.pack(e + "6I", 2, 24, at, count, at + len(rows), len(strings)))
    tail = rows + strings
    if fixups:
        names = b"\0"
        table = b""
        for lib, sym in imports:
            table += struct.pack(e + "I", (dylibs.index(lib) + 1) | len(names) << 9)
            names += b"_" + sym.encode() + b"\0"
        chain = struct.pack(e + "7I", 0, 28, 28, 28 + len(table), len(imports), 1, 0) + table + names
        cmds.append(struct.pack(e + "4I", 0x80000034, 16, at + len(tail), len(chain)))
        tail += chain
    kind = 6 if name else 2
    head = struct.pack(e + "7I", 0xfeedfacf if wide else 0xfeedface, 0x0100000c if wide else 7, 0, kind, n_cmds, size, 0)
    return head + (b"\0" * 4 if wide else b"") + b"".join(cmds) + tail


def fat(images):
    head, body = struct.pack(">2I", 0xcafebabe, len(images)), b""
    start = 4096
    for i in images:
        head += struct.pack(">5I", 0x0100000c, 0, start + len(body), len(i), 3)
        body += i
    return head.ljust(start, b"\0") + body


def findings(path):
    r = run("scan", path, "-o", "json")
    doc = json.loads(out(r))
    return [{**{k: f.get(k, "") for k in ("rule", "meaning", "family", "quantum", "evidence")}, "object": o.get("object", ""), "offset": o.get("offset")}
            for f in doc["findings"] for o in f["occurrences"]], doc["coverage"].get("notes", [])


OPENSSL = "/opt/homebrew/opt/openssl@3/lib/libcrypto.3.dylib"
SECURITY = "/System/Library/Frameworks/Security.framework/Versions/A/Security"
SYSTEM = "/usr/lib/libSystem.B.dylib"

with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    for wide in (True, False):
        for big in (True, False):
            what = f"{64 if wide else 32} bits, {'big' if big else 'little'} endian"
            f = tmp / "prog"
            f.write_bytes(image([(OPENSSL, "RSA_generate_key_ex"), (SYSTEM, "printf")], wide=wide, big=big))
            rows, notes = findings(f)
            ok([(x["meaning"], x["family"], x["object"]) for x in rows] == [("use", "RSA", "RSA_generate_key_ex")] and not notes,
               f"{what}: a program that imports RSA_generate_key_ex uses RSA", (rows, notes))
    f.write_bytes(image([(SYSTEM, "RSA_generate_key_ex")]))
    ok(not findings(f)[0], "the same name out of another library is none", findings(f)[0])
    f.write_bytes(image([(OPENSSL, "RSA_free")]))
    ok(not findings(f)[0], "a program that only frees a key does not use RSA", findings(f)[0])
    f.write_bytes(image([(SECURITY, "SecKeyCopyKeyExchangeResult"), (SECURITY, "SecKeyCreateSignature"), (SYSTEM, "CC_SHA256"),
                         (SECURITY, "kSecAttrKeyTypeRSA")]))
    got = sorted((x["meaning"], x["family"], x["object"]) for x in findings(f)[0])
    ok(got == [("offer", "RSA", "kSecAttrKeyTypeRSA"), ("use", "EC", "SecKeyCopyKeyExchangeResult"), ("use", "unknown", "CC_SHA256"),
               ("use", "unknown", "SecKeyCreateSignature")], "Security and CommonCrypto: calls are uses, names are hints", got)
    f.write_bytes(image([(OPENSSL, "ECDSA_do_sign")], name="libmine.1.dylib"))
    ok([x["meaning"] for x in findings(f)[0]] == ["offer"], "a library that signs offers it", findings(f)[0])
    f.write_bytes(image([], ["RSA_generate_key_ex", "main"], name="/usr/local/lib/libcrypto.3.dylib"))
    ok([(x["meaning"], x["object"]) for x in findings(f)[0]] == [("offer", "RSA_generate_key_ex")], "a library that exports it offers it", findings(f)[0])
    f.write_bytes(image([(OPENSSL, "RSA_generate_key_ex"), (SYSTEM, "exit")], fixups=True))
    ok([(x["meaning"], x["family"]) for x in findings(f)[0]] == [("use", "RSA")], "chained fixups name imports, without symbols", findings(f))
    f.write_bytes(fat([image([(OPENSSL, "RSA_generate_key_ex")]), image([(OPENSSL, "ECDSA_do_sign")], wide=False)]))
    ok(sorted(x["family"] for x in findings(f)[0]) == ["EC", "RSA"], "both images of a fat file are read", findings(f))

    body = image([(OPENSSL, "RSA_generate_key_ex"), (SECURITY, "SecKeyCreateSignature")], fixups=True)
    d = tmp / "lies"
    d.mkdir()
    for at in range(4, min(len(body) - 4, 400), 4):
        for v in (0, 0x7fffffff, 0xffffffff):
            (d / f"{at}-{v}").write_bytes(body[:at] + struct.pack("<I", v) + body[at + 4:])
    for n in range(0, len(body), 7):
        (d / f"cut{n}").write_bytes(body[:n])
        (d / f"fat{n}").write_bytes(fat([body])[:4096 + n])
    r = run("scan", d, "-o", "json")
    rows = {f["family"] for f in json.loads(out(r))["findings"]}
    ok(r.returncode == 0 and rows <= {"RSA", "unknown"}, "headers that lie give nothing new", (r.returncode, rows, err(r)[-300:]))

    if shutil.which("go") is None:
        skip("no go: no program of another's making")
    else:
        (tmp / "go.mod").write_text("module t\n")
        (tmp / "main.go").write_text("package main\n\nimport \"crypto/x509\"\n\nfunc main() {\n\t_, err := new(x509.Certificate).Verify(x509.VerifyOptions{})\n\tprintln(err)\n}\n")
        r = subprocess.run(["nice", "go", "build", "-o", "prog-go", "."], cwd=tmp, capture_output=True, text=True,
                           env={**os.environ, "GOOS": "darwin", "GOARCH": "arm64", "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod", "GOPROXY": "off",
                                "GOCACHE": str(tmp / "cache"), "GOTOOLCHAIN": "local"})
        if r.returncode != 0:
            skip(f"go cannot build for darwin here: {r.stderr.strip().splitlines()[:1]}")
        else:
            rows, notes = findings(tmp / "prog-go")
            ok(not notes, "a program that Go links for macOS is read", notes)
            ok(any(x["rule"].startswith("macho.security") for x in rows), "and its calls of Security.framework are seen", rows)
done()
