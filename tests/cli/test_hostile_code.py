#!/usr/bin/env python3
"""Programs and program text made to be expensive: each is read, or told as not read, in time and memory that its
size bounds. Every file is a few megabytes and would cost minutes where work is not bounded by its bytes."""
import os
import pathlib
import resource
import struct
import subprocess
import sys

from kit import PQMAP, done, ok, tmpdir

SECONDS = 8      # of CPU; unbounded, most of these take minutes
MIB = 256


# ---- Java ----

class Class:
    """A class file: constants by what they are, methods as (name, descriptor, stack, locals, code, handlers)."""

    def __init__(self, name="X"):
        self.constants, self.index = [], {}
        self.name = self.cls(name)
        self.super = self.cls("java/lang/Object")
        self.code = self.utf8("Code")
        self.methods, self.fields = [], []

    def add(self, raw):
        if raw not in self.index:
            self.constants.append(raw)
            self.index[raw] = len(self.constants)
        return self.index[raw]

    def utf8(self, s):
        return self.add(b"\1" + struct.pack(">H", len(s)) + s.encode())

    def cls(self, s):
        return self.add(b"\7" + struct.pack(">H", self.utf8(s)))

    def text(self, s):
        return self.add(b"\10" + struct.pack(">H", self.utf8(s)))

    def ref(self, owner, name, desc, tag=10):
        nt = self.add(b"\14" + struct.pack(">HH", self.utf8(name), self.utf8(desc)))
        return self.add(struct.pack(">BHH", tag, self.cls(owner), nt))

    def method(self, name, desc, stack, n_locals, code, handlers=b"", access=9):
        body = struct.pack(">HHI", stack, n_locals, len(code)) + code + struct.pack(">H", len(handlers) // 8) + handlers + b"\0\0"
        self.methods.append(struct.pack(">HHHHHI", access, self.utf8(name), self.utf8(desc), 1, self.code, len(body)) + body)

    def field(self, name, desc, access=10):
        self.fields.append(struct.pack(">HHHH", access, self.utf8(name), self.utf8(desc), 0))

    def bytes(self):
        return (b"\xca\xfe\xba\xbe\0\0\0\x34" + struct.pack(">H", len(self.constants) + 1) + b"".join(self.constants)
                + struct.pack(">HHHH", 1, self.name, self.super, 0)
                + struct.pack(">H", len(self.fields)) + b"".join(self.fields)
                + struct.pack(">H", len(self.methods)) + b"".join(self.methods) + b"\0\0")


KPG = "java/security/KeyPairGenerator"


def java_handlers():
    c = Class()
    c.ref(KPG, "getInstance", "(Ljava/lang/String;)Ljava/security/KeyPairGenerator;")
    code = b"\x03\x3b" * 30000 + b"\xb1"
    c.method("f", "()V", 2, 60000, code, struct.pack(">HHHH", 0, len(code), 0, 0) * 65535)
    return c.bytes()


def java_methods():
    c = Class()
    c.ref(KPG, "getInstance", "(Ljava/lang/String;)Ljava/security/KeyPairGenerator;")
    for i in range(20000):
        c.method(f"m{i}", "()V", 2, 65000, b"\xb1")
    return c.bytes()


def java_sites():
    c = Class()
    make = c.ref(KPG, "getInstance", "(Ljava/lang/String;)Ljava/security/KeyPairGenerator;")
    init = c.ref(KPG, "initialize", "(I)V")
    rsa = c.text("RSA")
    one = b"\x13" + struct.pack(">H", rsa) + b"\xb8" + struct.pack(">H", make) + b"\x11\x08\0\xb6" + struct.pack(">H", init)
    for i in range(40):
        c.method(f"m{i}", "()V", 4, 4, one * 5000 + b"\xb1")
    return c.bytes()


def java_stores():
    c = Class()
    make = c.ref(KPG, "getInstance", "(Ljava/lang/String;)Ljava/security/KeyPairGenerator;")
    fields = [c.ref("X", f"f{i}", "Ljava/lang/String;", 9) for i in range(4000)]
    for i in range(4000):
        c.field(f"f{i}", "Ljava/lang/String;")
    rsa = c.text("RSA")
    for m in range(30):
        c.method(f"s{m}", "()V", 4, 4, b"".join(b"\x13" + struct.pack(">H", rsa) + b"\xb3" + struct.pack(">H", f) for f in fields) + b"\xb1")
        c.method(f"g{m}", "()V", 4, 4, b"".join(b"\xb2" + struct.pack(">H", f) + b"\xb8" + struct.pack(">H", make) + b"\x57" for f in fields) + b"\xb1")
    return c.bytes()


def java_arguments():
    c = Class()
    call = c.ref("X", "f", "(" + "I" * 254 + ")V")
    c.ref(KPG, "getInstance", "(Ljava/lang/String;)Ljava/security/KeyPairGenerator;")
    for i in range(40):
        c.method(f"m{i}", "()V", 4, 4, (b"\xb8" + struct.pack(">H", call)) * 21000 + b"\xb1")
    return c.bytes()


def java_calls():
    c = Class()
    c.ref(KPG, "getInstance", "(Ljava/lang/String;)Ljava/security/KeyPairGenerator;")
    refs = [c.ref("X", f"n{i}", "()V") for i in range(14000)]
    body = b"".join(b"\xb8" + struct.pack(">H", r) for r in refs)
    for i in range(8000):
        c.method(f"m{i}", "()V", 1, 1, b"\xb1")
    for i in range(30):
        c.method(f"c{i}", "()V", 1, 1, body + b"\xb1")
    return c.bytes()


# ---- PE, .NET ----

def pe(sections, data, dirs, pe64=True):
    """sections: (rva, size, offset); data from byte 4096 on."""
    opt = struct.pack("<HBBIIIIIQIIHHHHHHIIIIHHQQQQII", 0x20b, 0, 0, 0, 0, 0, 0x1000, 0x1000, 0x140000000, 0x1000, 0x200, 6, 0, 0, 0, 6, 0, 0,
                      1 << 30, 0x400, 0, 3, 0, 1 << 20, 4096, 1 << 20, 4096, 0, 16)
    opt += b"".join(struct.pack("<II", *dirs.get(i, (0, 0))) for i in range(16))
    head = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, len(sections), 0, 0, 0, len(opt), 0x22)
    head += opt
    for rva, size, off in sections:
        head += b".s\0\0\0\0\0\0" + struct.pack("<IIIIIIHHI", size, rva, size, off, 0, 0, 0, 0, 0x40000040)
    start = (len(head) + 4095) & ~4095
    return head + bytes(start - len(head)) + data, start


def pe_file(n_sections, dirs, data):
    _, start = pe([(0x1000, len(data), 0)] * n_sections, b"", dirs)
    return pe([(0x1000, len(data), start)] * n_sections, data, dirs)[0]


def pe_thunks():
    words = struct.pack("<Q", 0x7ffffff0) * (1 << 18)
    name = 0x1000 + 20 * 4097
    rows = struct.pack("<IIIII", name + 64, 0, 0, name, name + 64) * 4096 + bytes(20)
    data = rows + b"libcrypto-3-x64.dll\0".ljust(64, b"\0") + words + bytes(8)
    return pe_file(1, {1: (0x1000, len(rows))}, data)


def pe_sections():
    n = 65000
    data = b"BCryptOpenAlgorithmProvider\0" * 40000
    imports = struct.pack("<IIIII", 0x1000 + 200, 0, 0, 0x1000 + 100, 0x1000 + 200) + bytes(20)
    return pe_file(n, {1: (0x1000, 40)}, imports.ljust(100, b"\0") + b"bcrypt.dll\0".ljust(100, b"\0") + struct.pack("<Q", 0x1200) * 200000 + data)


def pe_overlap():
    names = b"\0\0BCryptOpenAlgorithmProvider\0"
    imports = struct.pack("<IIIII", 0x1000 + 200, 0, 0, 0x1000 + 100, 0x1000 + 200) + bytes(20)
    data = imports.ljust(100, b"\0") + b"bcrypt.dll\0".ljust(100, b"\0") + struct.pack("<QQ", 0x1000 + 300, 0).ljust(100, b"\0")
    data += names + b"R\0S\0" * (2 << 20)
    return pe_file(96, {1: (0x1000, 40)}, data)


def clr(rows, code, signature=b"\0\0\1", refs=None):
    """An assembly with so many methods, all with one body; signature: of the one MemberRef."""
    strings = b"\0System.Security.Cryptography\0RSA\0Create\0M\0"
    blob = b"\0" + (bytes([len(signature)]) if len(signature) < 128 else struct.pack(">I", 0xc0000000 | len(signature))) + signature
    wide = len(blob) > 0xffff
    valid = 1 << 1 | 1 << 2 | 1 << 6 | 1 << 10
    body = struct.pack("<IBBBBQQ", 0, 2, 0, 4 if wide else 0, 1, valid, 0) + struct.pack("<IIII", 1, 1, rows, 1)
    b = "I" if wide else "H"
    body += struct.pack("<HHH", 2, strings.index(b"RSA"), 1)
    big = rows > 0xffff
    body += struct.pack("<IHHH" + ("I" if False else "H") + ("I" if big else "H"), 0, strings.index(b"M\0"), 0, 0, 1, 1)
    body += struct.pack("<IHHH" + b + "H", 0x1000 + 72, 0, 0, strings.index(b"M\0"), 1, 1) * rows
    body += struct.pack("<HH" + b, 1 << 3 | 1, strings.index(b"Create"), 1)
    streams = [(b"#~\0\0", body), (b"#Strings\0\0\0\0", strings), (b"#Blob\0\0\0", blob)]
    root = b"BSJB" + struct.pack("<HHII", 1, 1, 0, 4) + b"v4\0\0" + struct.pack("<HH", 0, len(streams))
    at = len(root) + sum(8 + len(n) for n, _ in streams)
    heads = tail = b""
    for n, s in streams:
        s += bytes(-len(s) % 4)
        heads += struct.pack("<II", at + len(tail), len(s)) + n
        tail += s
    root += heads + tail
    code += bytes(-len(code) % 4)
    meta = 0x1000 + 72 + len(code)
    cli = struct.pack("<IHHII", 72, 2, 5, meta, len(root)).ljust(72, b"\0")
    return pe_file(1, {14: (0x1000, 72)}, cli + code + root)


def fat(code):
    return struct.pack("<HHII", 0x3013, 8, len(code), 0) + code


def clr_rows():
    return clr(60000, fat(b"\x45\xff\xff\xff\x7f" + bytes((1 << 20) - 5)))


def clr_signature():
    return clr(1, fat(b"\x28\1\0\0\x0a" * 200000 + b"\x2a"), b"\0\2\1\x15\x12\5" + struct.pack(">I", 0xc0000000 | 0x1fff00) + b"\x08" * 0x1fff00 + b"\x08")


# ---- Mach-O ----

def macho_flat():
    dylibs = 4096
    cmd = struct.pack("<IIIIII", 0xc, 40, 24, 0, 0, 0) + b"libcrypto.dylib\0"
    n = 250000
    at = 32 + dylibs * 40 + 24
    symbols = struct.pack("<IBBHQ", 1, 1, 0, 0, 0) * n
    head = struct.pack("<IIIIIIII", 0xfeedfacf, 0x1000007, 3, 2, dylibs + 1, dylibs * 40 + 24, 0, 0)
    return head + cmd * dylibs + struct.pack("<IIIIII", 2, 24, at, n, at + len(symbols), 16) + symbols + b"\0_unheard_of\0\0\0\0"


# ---- Go ----

def go_elf(segments, parts, at=4096):
    """parts: bytes at 4096 and on; segments: (address, offset, size, flags)."""
    head = b"\x7fELF\2\1\1".ljust(16, b"\0") + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 64, 0, 0, 64, 56, len(segments), 64, 0, 0)
    for addr, off, size, flags in segments:
        head += struct.pack("<IIQQQQQQ", 1, flags, off, addr, addr, size, size, 4096)
    return head.ljust(at, b"\0") + parts


INFO = (b"\xff Go buildinf:\x08\2" + bytes(16) + b"\x08go1.21.0" + b"\0").ljust(64, b"\0")


def pclntab(starts, names, text, pad=0):
    """The form of Go 1.20; names: by function, offsets into one text."""
    blob = b"".join(names)
    offs, at = [], 0
    for n in names:
        offs.append(at)
        at += len(n)
    n = len(names)
    blob += bytes(-len(blob) % 8)
    names_at = 8 + 8 * 8
    funcs_at = names_at + len(blob)
    rows = (n * 8 + 4 + 7) & ~7
    table = b"".join(struct.pack("<II", starts[i], rows + 12 * i) for i in range(n)) + struct.pack("<I", starts[n])
    table = table.ljust(rows, b"\0") + b"".join(struct.pack("<III", starts[i], offs[i], 0) for i in range(n))
    return b"\xf1\xff\xff\xff\0\0\1\x08" + struct.pack("<QQQQQQQQ", n, 0, text, names_at, 0, 0, 0, funcs_at) + blob + table


def go_program(code, functions, starts, data=b"", segments=None):
    """Code at 0x401000 of the file's byte 4096; behind it build information, table and data."""
    code += bytes(-len(code) % 4096)
    table = pclntab(starts, functions, 0x401000)
    rest = INFO + table
    rest += bytes(-len(rest) % 8) + data
    body = code + rest
    segs = [(0x401000, 4096, len(code), 5), (0x401000 + len(code), 4096 + len(code), len(rest), 6)]
    return go_elf(segs, body, 4096 if segments is None else 4096 + 56 * segments), 0x401000 + len(code) + len(INFO), 0x401000 + len(code) + len(INFO + table) + (-len(INFO + table) % 8)


def go_types():
    code = b"\xc3".ljust(64, b"\x90")
    names = [b"main.main\0", b"crypto/tls.(*Conn).clientHandshake\0"]
    _, table, data = go_program(code, names, [0, 32, 64])
    n = 1 << 18
    whole = struct.pack("<Q", table) * n
    # Every word points to the table; at the places of types and etypes it is also a pair of addresses.
    return go_program(code, names, [0, 32, 64], whole)[0]


def go_methods():
    lea = 0x3ffff0
    names = [b"main.main\0"] + [f"crypto/rsa.F{i}\0".encode() for i in range(300)]
    n_lea = 400000
    size = n_lea * 7 + 300 * 16
    starts = [0] + [n_lea * 7 + 16 * i for i in range(301)]
    code = bytes(size)
    _, _, data = go_program(code, names, starts)
    itab = struct.pack("<QQQ", data, data, 0) + b"".join(struct.pack("<Q", 0x401000 + starts[1 + i]) for i in range(256)) + bytes(8)
    code = b"".join(b"\x48\x8d\x05" + struct.pack("<i", data - (0x401000 + 7 * i + 7)) for i in range(n_lea)) + b"\xc3" * (300 * 16)
    return go_program(code, names, starts, itab)[0]


def go_arguments():
    """One long function with thousands of calls whose argument is asked for in it."""
    names = [b"main.main\0", b"crypto/rsa.GenerateKey\0"]
    n = 16000
    per = 16
    size = n * per
    starts = [0, size, size + 16]
    code = b"".join((b"\xe8" + struct.pack("<i", size - (per * i + 5))).ljust(per, b"\x90") for i in range(n)) + b"\xc3" * 16
    return go_program(code, names, starts)[0]


def go_callers():
    """Thousands of functions that hand their own argument on: each asks who calls it."""
    n = 16000
    names = [b"main.main\0"] + [f"main.f{i}\0".encode() for i in range(n)] + [b"crypto/rsa.GenerateKey\0"]
    main = n * 5
    starts = [0] + [main + 16 * i for i in range(n + 1)] + [main + 16 * n + 16]
    code = b"".join(b"\xe8" + struct.pack("<i", starts[1 + i] - (5 * i + 5)) for i in range(n))
    target = starts[n + 1]
    code += b"".join((b"\xe8" + struct.pack("<i", target - (starts[1 + i] + 5)) + b"\xc3").ljust(16, b"\x90") for i in range(n)) + b"\xc3" * 16
    code += b"\x90" * (4 << 20)
    starts[-1] = len(code)
    return go_program(code, names, starts)[0]


def go_segments():
    body = go_program(b"\xc3" * 64, [b"main.main\0"], [0, 64], bytes(2 << 20), 4000)[0]
    at = 4096 + 56 * 4000
    segs = [(0x401000, at, 4096, 5)] + [(0x402000 + 8 * i, at, len(body) - at, 6) for i in range(4000)]
    return go_elf(segs, body[at:], at)


def go_names():
    n = 200000
    code = bytes(n + 1)
    table = 4000
    names = [b"main.main\0"] + [b""] * (n - 1) + [b"a/" * 2000 + b"\0"]
    body, _, _ = go_program(code, names, list(range(n + 2)))
    return body


def go_modules():
    info = "\n".join(["path\tmain", "mod\tmain\tv1"] + [f"dep\ta{i:05}.b/c\tv1\th" for i in range(49000)]) + "\n"
    text = bytes(16) + info.encode() + bytes(16)

    def varint(v):
        b = b""
        while v > 127:
            b += bytes([v & 127 | 128])
            v >>= 7
        return b + bytes([v])
    n = 60000
    names = [f"a{i % 49000:05}.b/c/d.F{i}\0".encode() for i in range(n)]
    body, _, _ = go_program(b"\xc3" * (n + 1), names, list(range(n + 1)))
    new = b"\xff Go buildinf:\x08\2" + bytes(16) + b"\x08go1.21.0" + varint(len(text)) + text
    return body + bytes(-len(body) % 16) + new if False else body.replace(INFO, b"\0" * len(INFO)) + bytes(-len(body) % 16) + new


# ---- Rust ----

def rust_symbols():
    n = 200000
    name = b"_ZN4ring3rsa3key17h0123456789abcdefE\0"
    other = b"_ZN9unheard_of3key17h0123456789abcdefE\0"
    symbols = struct.pack("<IBBHQQ", len(name), 2, 0, 1, 0, 0) * n
    text = name + other + b"/cargo/registry/src/github.com-1ecc6299db9ec823/ring-0.17.8/src/x.rs\0"
    sections = 2000
    at = 64
    head = b"\x7fELF\2\1\1".ljust(16, b"\0")
    sh = at + len(symbols) + len(text)
    sh += -sh % 8
    head += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 0, sh, 0, 64, 56, 0, 64, sections, 0)
    body = head + symbols + text
    body += bytes(sh - len(body))
    body += struct.pack("<IIQQQQIIQQ", 0, 3, 0, 0, at + len(symbols), len(text), 0, 0, 1, 0)
    return body + struct.pack("<IIQQQQIIQQ", 0, 2, 0, 0, at, len(symbols), 0, 0, 8, 24) * (sections - 1)


# ---- Python's bytecode ----

def marshal_text(s):
    return b"u" + struct.pack("<I", len(s)) + s


def pyc_code(code, consts, names, lines=b"", n_params=0, local=b"(\0\0\0\0"):
    """3.10: the last form with one table of pairs."""
    return (b"c" + struct.pack("<IIIIII", n_params, 0, 0, n_params, 64, 0x43) + b"s" + struct.pack("<I", len(code)) + code + consts + names + local
            + b"(\0\0\0\0(\0\0\0\0" + marshal_text(b"f") + marshal_text(b"n") + struct.pack("<I", 1) + b"s" + struct.pack("<I", len(lines)) + lines)


PYC = struct.pack("<H", 3439) + b"\r\n" + bytes(12)


def tuple_of(*items):
    return b"(" + struct.pack("<I", len(items)) + b"".join(items)


def pyc_lines():
    call = b"\x65\0\xa0\1\xa1\0\1\0"
    code = b"\x64\0\x64\1\x6c\0\x5a\0" + call * 200000
    consts = tuple_of(b"i\0\0\0\0", b"N")
    return PYC + pyc_code(code, consts, tuple_of(marshal_text(b"ssl"), marshal_text(b"SSLContext")), bytes([0, 1]) * 1500000)


def pyc_names():
    code = b"\x65\0\x5a\0" * 400000
    return PYC + pyc_code(code, tuple_of(b"N"), tuple_of(marshal_text(b"ssl" * 1000000)))


def pyc_texts():
    a, b = marshal_text(b"x" * 1500000), marshal_text(b"x" * 1500000)
    code = b"\x64\0\x5a\0\x64\1\x5a\0" * 200000
    return PYC + pyc_code(code, tuple_of(a, b), tuple_of(marshal_text(b"ssl")))


def pyc_consts():
    n = 15000
    # One list (reference 0) of a million references to None, that each of many bodies has.
    big = b"\xa8" + struct.pack("<I", 900000) + b"N" + b"N" * 899999
    inner = pyc_code(b"\x64\0\x53\0", b"r\0\0\0\0", b"(\0\0\0\0")
    return PYC + pyc_code(b"\x64\0\x53\0", tuple_of(big.replace(b"\xa8", b"\xa8"), *[inner] * n), tuple_of(marshal_text(b"ssl")))


# ---- program text ----

JS = b"const crypto = require('crypto');\ncrypto.generateKeyPairSync('rsa', { modulusLength: 2048 });\n"
FILL = b"// nothing of any interest stands here, and a person wrote it\n"


def js_regex():
    return JS + FILL * 34000 + b"x=/[" * 450000 + b"\n"


def cs_dollars():
    return b"using System.Security.Cryptography;\nclass A { void f() { RSA.Create(2048); } }\n" + FILL * 34000 + b"$" * 2000000 + b"\n"


def c_sums():
    lines = [f"#define A{i} ({' + '.join([f'A{i + 1}'] * 14)})" for i in range(15)]
    return ("#include <openssl/rsa.h>\n" + "\n".join(lines) + "\n#define A15 1\nint main(void) { return RSA_generate_key_ex(0, A0, 0, 0); }\n").encode()


def py_assign():
    return b"import ssl\nfrom cryptography.hazmat.primitives.asymmetric import rsa\nrsa.generate_private_key(65537, 2048)\n" + FILL.replace(b"//", b"#") * 34000 + b"a=" * 440000 + b"1\n"


def js_functions():
    return JS + b"function(\nf," * 250000


def java_wild():
    return b"import javax.crypto.*;\n" + b"".join(b"import a%d.*;\n" % i for i in range(60000)) + b"class A { void f() {\n" + b"Nothing.getInstance(1);\n" * 60000 + b"} }\n"


def py_meanings():
    return b"import ssl\n" + b"".join(b"import a%d as x\n" % i for i in range(160000)) + b"x.generate_private_key(1)\n" * 1000


def c_includes():
    return b"#include <openssl/rsa.h>\n" + b"".join(b"#include <a%d.h>\n" % i for i in range(100000)) + b"int f(void) {\n" + b"RSA_generate_key(1, 2);\n" * 60000 + b"}\n"


def js_vars():
    return JS + b"".join(b"function f(crypto, a%d) { crypto.randomBytes(1);\n" % i for i in range(70000))


def conan_line():
    return b'requires = ' + b'"a",' * 900000 + b"\n"


CASES = {
    "handlers.class": java_handlers, "methods.class": java_methods, "sites.class": java_sites, "stores.class": java_stores,
    "arguments.class": java_arguments, "calls.class": java_calls,
    "thunks.dll": pe_thunks, "sections.dll": pe_sections, "overlap.dll": pe_overlap, "rows.dll": clr_rows, "signature.dll": clr_signature,
    "flat.dylib": macho_flat,
    "types.go.elf": go_types, "methods.go.elf": go_methods, "arguments.go.elf": go_arguments, "callers.go.elf": go_callers,
    "segments.go.elf": go_segments, "names.go.elf": go_names, "modules.go.elf": go_modules, "symbols.rust.elf": rust_symbols,
    "lines.pyc": pyc_lines, "names.pyc": pyc_names, "texts.pyc": pyc_texts, "consts.pyc": pyc_consts,
    "regex.js": js_regex, "dollars.cs": cs_dollars, "sums.c": c_sums, "assign.py": py_assign, "functions.js": js_functions,
    "wild.java": java_wild, "meanings.py": py_meanings, "includes.c": c_includes, "vars.js": js_vars, "conanfile.py": conan_line,
}


def scan(path, seconds):
    """(findings, CPU seconds, MiB), or None when it took too long."""
    p = subprocess.Popen([PQMAP, "scan", "-j", "1", "-o", "json", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds)))
    text = p.stdout.read()
    _, status, used = os.wait4(p.pid, 0)
    p.returncode = status
    if status != 0:
        return None
    return text.count(b'"rule"'), used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


with tmpdir() as tmp:
    only = sys.argv[1:]
    for name, make in CASES.items():
        if only and name not in only:
            continue
        p = pathlib.Path(tmp, name)
        # By another process: what it took would count as taken by whoever it starts.
        maker = os.fork()
        if maker == 0:
            p.write_bytes(make())
            os._exit(0)
        ok(os.waitpid(maker, 0)[1] == 0, f"{name} is made")
        size = p.stat().st_size
        got = scan(p, SECONDS)
        if not ok(got is not None, f"{name} ({size / 1e6:.1f} MB) ends within {SECONDS} s of CPU"):
            continue
        found, took, peak = got
        ok(peak < MIB, f"{name}: {took:.2f} s, {peak:.0f} MiB, {found} findings")
        p.unlink()
done()
