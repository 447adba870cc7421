#!/usr/bin/env python3
"""What the calls of a compiled program say: algorithm and size from arguments, the way to the call, dead code."""
import json
import pathlib
import re
import subprocess

from kit import done, ok, out, run, skip, tmpdir

CODE = """
typedef struct x X;
X *EVP_PKEY_CTX_new_id(int, X *); int EVP_PKEY_keygen_init(X *); int EVP_PKEY_keygen(X *, X **);
int EVP_PKEY_CTX_set_rsa_keygen_bits(X *, int); X *EVP_PKEY_Q_keygen(X *, const char *, const char *, ...);
X *EC_KEY_new_by_curve_name(int); X *SSL_CTX_new(const X *); const X *TLS_method(void); long SSL_CTX_ctrl(X *, int, long, void *);
X *PEM_read_PrivateKey(X *, X **, void *, void *);
__attribute__((noinline)) X *load_key(void)
{
	X *key = 0, *c = EVP_PKEY_CTX_new_id(6, 0);

	EVP_PKEY_keygen_init(c);
	EVP_PKEY_CTX_set_rsa_keygen_bits(c, 4096);
	EVP_PKEY_keygen(c, &key);
	return key;
}
__attribute__((used, noinline)) static X *nobody(void) { return EC_KEY_new_by_curve_name(715); }
int main(int argc, char **argv)
{
	X *a = load_key(), *b = EVP_PKEY_Q_keygen(0, 0, "EC", "P-256"), *s = SSL_CTX_new(TLS_method());

	SSL_CTX_ctrl(s, 92, 0, "P-256:X25519");
	SSL_CTX_ctrl(s, 124, 0x303, 0);
	return a == b && PEM_read_PrivateKey(0, 0, 0, argv) != 0;
}
"""

# -DKEY=expression; what signs has the key in an argument that other calls do not name.
MAC = """
#include <openssl/evp.h>
#include <openssl/pem.h>
int main(int c, char **v)
{
	unsigned char *raw = (unsigned char *)v[0], out[512];
	size_t n = sizeof(out);
	EVP_PKEY *key = c > 1 ? KEY : EVP_PKEY_new_raw_private_key(855, 0, raw, 32);
	EVP_MD_CTX *x = EVP_MD_CTX_new();

	EVP_DigestSignInit(x, 0, EVP_sha256(), 0, key);
	EVP_DigestSignUpdate(x, v[0], 4);
	return EVP_DigestSignFinal(x, out, &n);
}
"""

# -DLIBRARY=file name, -DNAME=function; the second is looked up where nothing gets to.
LOADER = """
#include <dlfcn.h>
#include <stdio.h>
__attribute__((used, noinline)) static void *nobody(void *h) { return dlsym(h, "EC_KEY_new"); }
int main(int c, char **v)
{
	void *h = dlopen(c > 5 ? v[1] : LIBRARY, RTLD_NOW);

	puts("libcrypto.so.3");
	return dlsym(h, NAME) != 0;
}
"""


def attributes(f):
    return {a["key"]: a["value"] for a in f["occurrences"][0]["attributes"]}


def scan(path):
    return json.loads(out(run("scan", path, "-o", "json")))["findings"]


def has_call(path, address, callee):
    """The independent check: what objdump says stands at the address."""
    text = subprocess.run(["objdump", "-d", str(path), f"--start-address={address}", f"--stop-address={int(address, 16) + 16:#x}"],
                          capture_output=True, text=True, check=True).stdout
    first = next((x for x in text.splitlines() if re.match(r"\s*[0-9a-f]+:", x)), "")
    return re.search(rf"(call|jmp|bl|\bb)\b.*<{callee}(@plt)?>", first) is not None


def judge(name, path):
    found = scan(path)
    use = {(f["family"], f["parameter"]) for f in found if f["meaning"] == "use" and f["quantum"] == "broken"}
    ok(use == {("RSA", "4096"), ("EC", "P-256")}, f"{name}: sizes and curves stand in the arguments", use)
    rsa = [f for f in found if f["meaning"] == "use" and f["family"] == "RSA"]
    ok(len(rsa) == 1, f"{name}: a context that is made, sized and used is one finding", [f["rule"] for f in rsa])
    a = attributes(rsa[0])
    ok(a["call"] == "EVP_PKEY_CTX_set_rsa_keygen_bits(EVP_PKEY_CTX_new_id(), 4096)", f"{name}: the call is shown", a)
    ok(a["witness"].startswith("main+0x") and a["witness"].endswith(" -> EVP_PKEY_CTX_set_rsa_keygen_bits") and a["reach"] == "yes",
       f"{name}: and the way to it", a)
    ok(has_call(path, a["address"], "EVP_PKEY_CTX_set_rsa_keygen_bits"), f"{name}: objdump sees the call at that address", a)
    ok(rsa[0]["occurrences"][0]["offset"] > 0, f"{name}: the place is an offset in the file")
    dead = [f for f in found if f["parameter"] == "P-384"]
    ok(len(dead) == 1 and dead[0]["meaning"] == "offer" and attributes(dead[0])["reach"] == "no",
       f"{name}: a call that nothing reaches is only an offer", dead)
    config = {(f["rule"], attributes(f)["value"]) for f in found if f["meaning"] == "config"}
    ok(config == {("lib.setting.groups-classical", "P-256:X25519"), ("lib.setting.tls-ceiling", "TLSv1.2")},
       f"{name}: pinned groups and a ceiling are told", config)
    generic = [f for f in found if f["rule"] == "lib.openssl.key-load"]
    ok(len(generic) == 1 and generic[0]["quantum"] == "unknown" and generic[0]["family"] == "unknown",
       f"{name}: what is loaded from a file stays unknown", generic)
    return {(f["id"], f["meaning"]) for f in found}


with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)

    def build(name, code, *flags):
        subprocess.run(["gcc", "-x", "c", "-", "-o", str(tmp / name), *flags], input=code.encode(), check=True)
        return tmp / name

    machine = subprocess.run(["uname", "-m"], capture_output=True, text=True, check=True).stdout.strip()
    if machine not in ("x86_64", "aarch64"):
        skip("no machine whose code is read")
        done()
    for opt in ("-O0", "-O2"):
        whole = build(f"p{opt}", CODE, opt, "-lcrypto", "-lssl")
        ids = judge(opt, whole)
        bare = tmp / f"s{opt}"
        subprocess.run(["strip", "-o", str(bare), str(whole)], check=True)
        ok({(f["id"], f["meaning"]) for f in scan(bare)} == ids, f"{opt}: stripped, it is the same")
    linked = build("linked", "int main(void) { return 0; }", "-Wl,--no-as-needed", "-lcrypto", "-lssl")
    ok(scan(linked) == [], "a program that only links a library is said to do nothing")
    lib = build("lib.so", "int RSA_generate_key_ex(void *, int, void *, void *); int make(void) { return RSA_generate_key_ex(0, 2048, 0, 0); }",
                "-shared", "-fPIC", "-O2", "-lcrypto")
    f = scan(lib)
    ok(len(f) == 1 and f[0]["meaning"] == "offer" and f[0]["parameter"] == "2048" and attributes(f[0])["witness"].startswith("make"),
       "a library offers what its exports reach, with the same evidence", f)
    makes = "int RSA_generate_key_ex(void *, int, void *, void *); int NAME(void) { return RSA_generate_key_ex(0, 2048, 0, 0); } int main(void) { return 0; }"
    f = scan(build("helper", makes, "-rdynamic", "-DNAME=helper", "-O1", "-lcrypto"))
    ok([(x["meaning"], attributes(x)["reach"]) for x in f] == [("offer", "no")], "what a program exports and does not call is an offer", f)
    f = scan(build("cgo", makes, "-rdynamic", "-DNAME=_cgo_0123456789ab_Cfunc_helper", "-O1", "-lcrypto"))
    ok([(x["meaning"], attributes(x)["reach"]) for x in f] == [("use", "yes")], "but for what Go calls", f)
    run_time = build("given", "#include <stdlib.h>\nint RSA_generate_key_ex(void *, int, void *, void *);"
                     "int main(int c, char **v) { return RSA_generate_key_ex(0, atoi(v[1]), 0, 0); }", "-O2", "-lcrypto")
    f = scan(run_time)
    ok(len(f) == 1 and f[0]["meaning"] == "use" and f[0]["parameter"] == "" and attributes(f[0])["call"] == "RSA_generate_key_ex(0, ?, 0, 0)",
       "a size that is known only at run time is not guessed", f)
    for key, want in (("EVP_PKEY_new_mac_key(855, 0, raw, 16)", {"HMAC"}), ("EVP_PKEY_new_raw_private_key(1061, 0, raw, 32)", set()),
                      ("PEM_read_PrivateKey(stdin, 0, 0, 0)", {"unknown"}), ("d2i_AutoPrivateKey(0, (const unsigned char **)v, c)", {"unknown"}),
                      ("EVP_PKEY_new_raw_private_key(1087, 0, raw, 32)", {"unknown"}), ("EVP_PKEY_new_raw_private_key(c, 0, raw, 32)", {"unknown"})):
        found = scan(build("mac", MAC, "-O1", f"-DKEY={key}", "-lcrypto"))
        signs = {f["family"] for f in found if f["rule"] == "lib.openssl.sign"}
        ok(signs == want, f"functions that sign, with an HMAC key or {key.split('(')[0]}: {', '.join(want) or 'nothing of their own'}", signs)
    for library, name, want in (('"libcrypto.so.3"', '"DSA_do_sign"', [("lib.openssl.dsa", "use")]),
                                ('"libcrypto.so.3"', '"sodium_init"', []), ('"libfoo.so"', '"puts"', []),
                                ("v[2]", '"crypto_box_keypair"', [("lib.libsodium.x25519", "use")]), ('"libcrypto.so.3"', "v[3]", [])):
        found = scan(build("loader", LOADER, "-O1", f"-DLIBRARY={library}", f"-DNAME={name}", "-ldl"))
        told = [(f["rule"], f["meaning"]) for f in found if f["meaning"] == "use"]
        ok(told == want, f"dlopen({library}), dlsym({name}): {want}", [(f["rule"], f["meaning"], f["why"]) for f in found])
        if name == '"DSA_do_sign"':
            a = attributes(next(f for f in found if f["meaning"] == "use"))
            ok(a["call"] == 'dlsym(?, "DSA_do_sign")' or a["call"] == 'dlsym(dlopen(), "DSA_do_sign")', "the call is shown", a)
            ok(a["witness"].endswith("-> dlsym") and "version" not in a and has_call(tmp / "loader", a["address"], "dlsym"), "and where it is", a)
            ok([f["meaning"] for f in found if f["family"] == "EC"] == ["offer"], "what is looked up where nothing gets to is an offer")
    options = build("options", "#include <openssl/ssl.h>\nint main(int c, char **v) { SSL_CTX *s = SSL_CTX_new(TLS_method());"
                    "SSL_CTX_set_options(s, BITS); return s == 0; }", "-O1", "-DBITS=SSL_OP_NO_TLSv1_3|SSL_OP_NO_SSLv3", "-lssl", "-lcrypto")
    ok([attributes(f)["value"] for f in scan(options) if f["meaning"] == "config"] == ["TLSv1.2"], "a bit that leaves TLS 1.3 out is a ceiling")
    chosen = build("chosen", "#include <openssl/ssl.h>\nint main(int c, char **v) { SSL_CTX *s = SSL_CTX_new(TLS_method()); switch (c) {"
                   "case 2: SSL_CTX_set_max_proto_version(s, 0x303); break; case 3: SSL_CTX_set_max_proto_version(s, 0x302); } return s == 0; }",
                   "-O1", "-lssl", "-lcrypto")
    ok([f for f in scan(chosen) if f["meaning"] == "config"] == [], "a ceiling that the program chooses at run time is no setting")
done()
