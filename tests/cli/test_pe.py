#!/usr/bin/env python3
"""Programs and libraries of Windows: what they import, also late and by name, what they export, and what they only hold."""
import json
import pathlib
import shutil
import struct
import subprocess

from kit import done, err, ok, out, run, skip, tmpdir

GCC = "x86_64-w64-mingw32-gcc"
GCC32 = "i686-w64-mingw32-gcc"


def findings(path):
    r = run("scan", path, "-o", "json")
    doc = json.loads(out(r))
    rows = [{**{k: f.get(k, "") for k in ("rule", "meaning", "family", "quantum", "evidence", "why")}, "object": o.get("object", ""),
             "offset": o.get("offset"), "path": o["path"]}
            for f in doc["findings"] for o in f["occurrences"]]
    return rows, doc["coverage"].get("notes", [])


def stub(tmp, gcc, name, symbols):
    """An import library for a DLL that need not exist."""
    d = tmp / f"{name}.def"
    d.write_text(f"LIBRARY {name}\nEXPORTS\n" + "\n".join(symbols) + "\n")
    tool = gcc.replace("-gcc", "-dlltool")
    lib = tmp / f"{gcc[:4]}-{name}.a"
    subprocess.run([tool, "-d", d, "-l", lib], check=True)
    late = tmp / f"{gcc[:4]}-late-{name}.a"
    subprocess.run([tool, "-d", d, "-y", late, "-k"], check=False, capture_output=True)
    return lib, late


def build(tmp, gcc, name, code, *flags):
    p = tmp / "t" / name
    p.parent.mkdir(exist_ok=True)
    subprocess.run([gcc, "-O1", "-s", "-x", "c", "-", "-x", "none", "-o", p, *map(str, flags)], input=code.encode(), check=True)
    return p


def test(tmp, gcc):
    bits = "64" if gcc == GCC else "32"
    crypto, late = stub(tmp, gcc, "libcrypto-3-x64.dll", ["RSA_generate_key_ex", "RSA_free", "EVP_sha256", "ECDSA_do_sign"])
    p = build(tmp, gcc, f"keygen{bits}.exe", "int RSA_generate_key_ex(void *, int, void *, void *);"
              "int main(void) { return RSA_generate_key_ex(0, 3072, 0, 0); }", crypto)
    rows, notes = findings(p)
    rsa = [x for x in rows if x["family"] == "RSA"]
    ok(len(rsa) == 1 and rsa[0]["meaning"] == "use" and rsa[0]["object"] == "RSA_generate_key_ex" and not notes,
       f"{bits} bits: a program that imports RSA_generate_key_ex uses RSA", (rows, notes))
    ok(rsa and "what it hands to it is not read" in rsa[0]["why"], f"{bits} bits: that arguments are not read is said", rsa)
    body = p.read_bytes()
    ok(rsa and body[rsa[0]["offset"]:].startswith(b"RSA_generate_key_ex\0"), f"{bits} bits: the offset is that of the name", rsa)
    p = build(tmp, gcc, f"free{bits}.exe", "void RSA_free(void *); int main(void) { RSA_free(0); return 0; }", crypto)
    ok(not findings(p)[0], f"{bits} bits: a program that only frees a key does not use RSA", findings(p)[0])
    p = build(tmp, gcc, f"hash{bits}.exe", "void *EVP_sha256(void); int main(void) { return EVP_sha256() == 0; }", crypto)
    ok(not [x for x in findings(p)[0] if x["quantum"] == "broken"], f"{bits} bits: a program that only hashes is not accused", findings(p)[0])
    p = build(tmp, gcc, f"lib{bits}.dll", "void *ECDSA_do_sign(const void *, int, void *);"
              "__declspec(dllexport) void *f(void) { return ECDSA_do_sign(0, 0, 0); }", "-shared", crypto)
    ok({x["meaning"] for x in findings(p)[0] if x["family"] == "EC"} == {"offer"}, f"{bits} bits: a library that signs offers it", findings(p)[0])
    p = build(tmp, gcc, "libcrypto-3-x64.dll", "__declspec(dllexport) int RSA_generate_key_ex(void) { return 1; }", "-shared")
    ok([(x["meaning"], x["object"]) for x in findings(p)[0]] == [("offer", "RSA_generate_key_ex")],
       f"{bits} bits: a library that exports it offers it", findings(p)[0])
    p.unlink()
    p = build(tmp, gcc, f"cng{bits}.exe", "#include <windows.h>\n#include <bcrypt.h>\n"
              "int main(void) { BCRYPT_ALG_HANDLE h; BCRYPT_KEY_HANDLE k;"
              "BCryptOpenAlgorithmProvider(&h, BCRYPT_RSA_ALGORITHM, 0, 0); BCryptGenerateKeyPair(h, &k, 2048, 0); return 0; }", "-lbcrypt")
    rows = findings(p)[0]
    ok({("use", "unknown"), ("offer", "RSA")} == {(x["meaning"], x["family"]) for x in rows},
       f"{bits} bits: CNG: keys are made, RSA is named: a hint and no use", rows)
    hint = [x for x in rows if x["family"] == "RSA"]
    ok(hint and hint[0]["evidence"] == "hinted" and p.read_bytes()[hint[0]["offset"]:].startswith("RSA\0".encode("utf-16-le")),
       f"{bits} bits: the hint says where the name is", hint)
    p = build(tmp, gcc, f"word{bits}.exe", "#include <windows.h>\nint main(void) { return MessageBoxW(0, L\"RSA\", L\"ECDSA_P256\", 0); }")
    ok(not findings(p)[0], f"{bits} bits: a program that only shows the word is not hinted at", findings(p)[0])
    return tmp / "t" / f"keygen{bits}.exe"


def lies(tmp, path):
    """Every count and address of the headers, wrong: a note or nothing, and no other finding."""
    body = path.read_bytes()
    d = tmp / "lies"
    d.mkdir()
    pe = struct.unpack_from("<I", body, 0x3c)[0]
    for at in range(pe + 4, pe + 24 + 240 + 40 * 4, 4):
        for v in (0, 0x7fffffff, 0xffffffff):
            (d / f"{at}-{v}").write_bytes(body[:at] + struct.pack("<I", v) + body[at + 4:])
    for n in range(0, len(body), max(1, len(body) // 60)):
        (d / f"cut{n}").write_bytes(body[:n])
    r = run("scan", d, "-o", "json", timeout=120)
    rows = {(f["meaning"], f["family"]) for f in json.loads(out(r))["findings"]}
    ok(r.returncode == 0 and rows <= {("use", "RSA"), ("offer", "RSA")}, "headers that lie give nothing new", (r.returncode, rows, err(r)[-300:]))


with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    done_one = None
    for gcc in (GCC, GCC32):
        if shutil.which(gcc) is None:
            skip(f"no {gcc}")
            continue
        done_one = test(tmp, gcc)
    if done_one:
        lies(tmp, done_one)
done()
