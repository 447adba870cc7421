"""Keys, signatures, secrets, certificates and CMS to and from OpenSSL 3.5 in another root.

PQMAP_PEER names that root (default build/peer, where .ci/peer makes it); entering it needs root. Without either, a visible skip.
"""
import ctypes
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile

from kit import PQMAP, REPO, done, err, ok, run, skip

PEER = pathlib.Path(os.environ.get("PQMAP_PEER", REPO / "build/peer"))
KEMS = ["ML-KEM-512", "ML-KEM-768", "ML-KEM-1024"]
SIGS = ["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"]
FORMS = ["seed-only", "priv-only", "seed-priv"]
SIG_BYTES = {"ML-DSA-44": 2420, "ML-DSA-65": 3309, "ML-DSA-87": 4627}


class Bytes(ctypes.Structure):
    _fields_ = [("p", ctypes.c_char_p), ("n", ctypes.c_size_t)]


class Public(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int), ("kem", ctypes.c_void_p), ("sig", ctypes.c_void_p),
                ("n", ctypes.c_size_t), ("key", ctypes.c_ubyte * 2689), ("id", ctypes.c_ubyte * 32)]


def lib():
    hyb = ctypes.CDLL(str(pathlib.Path(PQMAP).parent / "libhyb.so"))
    hyb.hyb_private_read.argtypes = [ctypes.c_void_p, Bytes, Bytes]
    hyb.hyb_public_read.argtypes = [ctypes.c_void_p, Bytes]
    hyb.hyb_private_decaps.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    hyb.hyb_kem_encaps.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    return hyb


def slice_of(data):
    return Bytes(data, len(data))


class Peer:
    """OpenSSL in its own root, working in one scratch folder there."""

    def __init__(self):
        self.at = pathlib.Path(tempfile.mkdtemp(prefix="pqmap-", dir=PEER / "tmp"))
        self.inside = "/" + str(self.at.relative_to(PEER))

    def run(self, *args):
        argv = [f"{self.inside}/{a[1:]}" if str(a).startswith("@") else str(a) for a in args]
        return subprocess.run(["chroot", str(PEER), "openssl", *argv], capture_output=True, timeout=60,
                              stdin=subprocess.DEVNULL)

    def good(self, *args):
        r = self.run(*args)
        if r.returncode != 0:
            print("    openssl", *args, r.stderr.decode("utf-8", "replace")[:400])
        return r.returncode == 0


# ---- DER, as much as cutting certificates and CMS apart takes ----

def tlv(data, at):
    n, head = data[at + 1], 2
    if n & 0x80:
        head += n & 0x7F
        n = int.from_bytes(data[at + 2:at + head], "big")
    return data[at], at + head, at + head + n


def children(data, at):
    _, at, end = tlv(data, at)
    out = []
    while at < end:
        out.append(at)
        at = tlv(data, at)[2]
    return out


def whole(data, at):
    return data[at:tlv(data, at)[2]]


def body(data, at):
    _, start, end = tlv(data, at)
    return data[start:end]


# ---- what is tested ----

def keys_of_ours(peer):
    for name in KEMS + SIGS:
        key = peer.at / f"ours-{name}"
        r = run("keygen", "-q", "--no-passphrase", "--suite", name, "--out", key)
        ok(r.returncode == 0, f"{name}: keygen", err(r))
        q = peer.run("pkey", "-in", f"@{key.name}", "-pubout")
        ok(q.stdout == (peer.at / f"ours-{name}.pub").read_bytes(),
           f"{name}: OpenSSL reads our private key and derives the same public key", q.stderr[:300])
        ok(peer.good("pkey", "-pubin", "-in", f"@{key.name}.pub", "-noout"),
           f"{name}: OpenSSL reads our public key")


def keys_of_theirs(peer, hyb):
    for name in KEMS + SIGS:
        family = name.rsplit("-", 1)[0].lower()
        made = peer.good("genpkey", "-algorithm", name, "-out", f"@base-{name}")
        made &= peer.good("pkey", "-in", f"@base-{name}", "-pubout", "-out", f"@theirs-{name}.pub")
        ok(made, f"{name}: OpenSSL makes a key")
        want = Public()
        st = hyb.hyb_public_read(ctypes.byref(want), slice_of((peer.at / f"theirs-{name}.pub").read_bytes()))
        ok(st == 0, f"{name}: we read their public key", st)
        for form in FORMS:
            for kind in ("PEM", "DER"):
                path = peer.at / f"theirs-{name}-{form}.{kind}"
                peer.good("pkey", "-in", f"@base-{name}", "-provparam", f"{family}.output_formats={form}",
                          "-outform", kind, "-out", f"@{path.name}")
                k = ctypes.create_string_buffer(32768)
                st = hyb.hyb_private_read(k, slice_of(path.read_bytes()), Bytes(None, 0))
                got = Public.from_buffer(k)
                ok(st == 0 and bytes(got.id) == bytes(want.id) and got.n == want.n
                   and bytes(got.key) == bytes(want.key),
                   f"{name}: we read their {form} key in {kind}", st)


def signatures(peer):
    message = peer.at / "message"
    message.write_bytes(os.urandom(5000))
    other = peer.at / "other"
    other.write_bytes(message.read_bytes()[:-1] + b"\0\0")
    for name in SIGS:
        for ctx in ("", "tensor shards, v1"):
            opt = ["-pkeyopt", f"context-string:{ctx}"] if ctx else []
            our_ctx = ["--context", ctx] if ctx else []
            words = f"{name} {'with' if ctx else 'without'} a context"
            peer.good("pkeyutl", "-sign", "-inkey", f"@base-{name}", "-in", "@message", "-out", "@sig", *opt)
            pub = peer.at / f"theirs-{name}.pub"
            r = run("verify", "--raw", *our_ctx, "--key", pub, "--signature", peer.at / "sig", message)
            ok(r.returncode == 0, f"{words}: we verify theirs", err(r))
            r = run("verify", "--raw", *our_ctx, "--key", pub, "--signature", peer.at / "sig", other)
            ok(r.returncode == 1, f"{words}: not over another message", err(r))
            r = run("verify", "--raw", "--context", "x", "--key", pub, "--signature", peer.at / "sig", message)
            ok(r.returncode == 1, f"{words}: not under another context", err(r))
            for form in FORMS:
                key = peer.at / f"theirs-{name}-{form}.PEM"
                r = run("sign", "--raw", "--force", *our_ctx, "--key", key, "--out", peer.at / "sig2", message)
                ok(r.returncode == 0 and peer.good(
                    "pkeyutl", "-verify", "-pubin", "-inkey", f"@theirs-{name}.pub", "-in", "@message",
                    "-sigfile", "@sig2", *opt), f"{words}: they verify ours, made with their {form} key", err(r))
            ok(peer.run("pkeyutl", "-verify", "-pubin", "-inkey", f"@theirs-{name}.pub", "-in", "@other",
                        "-sigfile", "@sig2", *opt).returncode != 0, f"{words}: they refuse it over another message")


def secrets(peer, hyb):
    for name in KEMS:
        for form in FORMS:
            k = ctypes.create_string_buffer(32768)
            file = (peer.at / f"theirs-{name}-{form}.DER").read_bytes()
            hyb.hyb_private_read(k, slice_of(file), Bytes(None, 0))
            peer.good("pkeyutl", "-encap", "-pubin", "-inkey", f"@theirs-{name}.pub", "-secret", "@ss", "-out", "@ct")
            ss = ctypes.create_string_buffer(32)
            st = hyb.hyb_private_decaps(ss, (peer.at / "ct").read_bytes(), k)
            ok(st == 0 and ss.raw == (peer.at / "ss").read_bytes(), f"{name}: they encapsulate, we decapsulate, {form}")
        pub = Public()
        hyb.hyb_public_read(ctypes.byref(pub), slice_of((peer.at / f"ours-{name}.pub").read_bytes()))
        ct, ss = ctypes.create_string_buffer(1665), ctypes.create_string_buffer(80)
        st = hyb.hyb_kem_encaps(pub.kem, ct, ss, ctypes.byref(pub, Public.key.offset))
        n = {"ML-KEM-512": 768, "ML-KEM-768": 1088, "ML-KEM-1024": 1568}[name]
        (peer.at / "ct").write_bytes(ct.raw[:n])
        (peer.at / "ss").unlink()
        peer.good("pkeyutl", "-decap", "-inkey", f"@ours-{name}", "-in", "@ct", "-secret", "@ss")
        ok(st == 0 and ss.raw[:32] == (peer.at / "ss").read_bytes(), f"{name}: we encapsulate, they decapsulate")


def our_raw(peer, name, data, context=None):
    (peer.at / "m").write_bytes(data)
    r = run("sign", "--raw", "--force", "--key", peer.at / f"ours-{name}", "--out", peer.at / "raw", peer.at / "m",
            *(["--context", context] if context else []))
    return (peer.at / "raw").read_bytes() if r.returncode == 0 else b""


def verifies(peer, pub, data, sig):
    (peer.at / "m").write_bytes(data)
    (peer.at / "raw").write_bytes(sig)
    return run("verify", "--raw", "--key", peer.at / pub, "--signature", peer.at / "raw", peer.at / "m").returncode


def certificates(peer):
    for name in SIGS:
        made = peer.good("req", "-x509", "-new", "-key", f"@ours-{name}", "-subj", f"/CN={name}", "-days", "30",
                         "-outform", "DER", "-out", f"@{name}.der")
        made &= peer.good("asn1parse", "-inform", "DER", "-in", f"@{name}.der", "-strparse", "4", "-noout",
                          "-out", "@tbs")
        cert = (peer.at / f"{name}.der").read_bytes()
        tbs = (peer.at / "tbs").read_bytes()
        sig_at = children(cert, 0)[2]
        sig = body(cert, sig_at)[1:]
        ok(made and tbs == whole(cert, 4) and len(sig) == SIG_BYTES[name], f"{name}: OpenSSL makes a certificate")
        ok(verifies(peer, f"ours-{name}.pub", tbs, sig) == 0, f"{name}: we verify its signature")
        ok(verifies(peer, f"ours-{name}.pub", tbs[:-1] + bytes([tbs[-1] ^ 1]), sig) == 1,
           f"{name}: not of a changed certificate")
        ours = our_raw(peer, name, tbs)
        start = tlv(cert, sig_at)[1] + 1
        (peer.at / "ours.der").write_bytes(cert[:start] + ours)
        peer.good("x509", "-inform", "DER", "-in", "@ours.der", "-out", "@ours.pem")
        ok(len(ours) == len(sig) and peer.good("verify", "-check_ss_sig", "-CAfile", "@ours.pem", "@ours.pem"),
           f"{name}: OpenSSL verifies a certificate that we signed")
        peer.good("req", "-new", "-key", f"@ours-{name}", "-subj", "/CN=csr", "-outform", "DER", "-out", "@csr")
        csr = (peer.at / "csr").read_bytes()
        parts = children(csr, 0)
        ok(verifies(peer, f"ours-{name}.pub", whole(csr, parts[0]), body(csr, parts[2])[1:]) == 0,
           f"{name}: we verify a certificate request")


def signer_info(cms):
    """Offsets of signedAttrs and signature in a CMS SignedData of one signer."""
    content = children(cms, children(cms, 0)[1])[0]
    infos = children(cms, content)[-1]
    parts = children(cms, children(cms, infos)[0])
    attrs = next(p for p in parts if cms[p] == 0xA0)
    return attrs, next(p for p in parts if p > attrs and cms[p] == 0x04)


def cms_messages(peer):
    content = os.urandom(3000)
    for name in SIGS:
        (peer.at / "content").write_bytes(content)
        peer.good("x509", "-inform", "DER", "-in", f"@{name}.der", "-out", "@signer.pem")
        made = peer.good("cms", "-sign", "-binary", "-nodetach", "-md", "sha512", "-signer", "@signer.pem", "-inkey",
                         f"@ours-{name}", "-in", "@content", "-outform", "DER", "-out", "@cms")
        cms = (peer.at / "cms").read_bytes()
        attrs, sig_at = signer_info(cms)
        signed = b"\x31" + whole(cms, attrs)[1:]  # SET OF, as it is signed [RFC5652 §5.4]
        ok(made and hashlib.sha512(content).digest() in signed, f"{name}: OpenSSL makes CMS over the content's digest")
        ok(verifies(peer, f"ours-{name}.pub", signed, body(cms, sig_at)) == 0, f"{name}: we verify its signed attributes")
        ok(verifies(peer, f"ours-{name}.pub", whole(cms, attrs), body(cms, sig_at)) == 1,
           f"{name}: not under their tag in the message")
        _, start, end = tlv(cms, sig_at)
        ours = our_raw(peer, name, signed)
        (peer.at / "cms").write_bytes(cms[:start] + ours + cms[end:])
        check = ["cms", "-verify", "-binary", "-inform", "DER", "-in", "@cms", "-CAfile", "@signer.pem", "-purpose",
                 "any", "-out", "@back"]
        ok(len(ours) == end - start and peer.good(*check) and (peer.at / "back").read_bytes() == content,
           f"{name}: OpenSSL verifies CMS that we signed")
        (peer.at / "cms").write_bytes(cms[:start] + bytes([ours[0] ^ 1]) + ours[1:] + cms[end:])
        ok(peer.run(*check).returncode != 0, f"{name}: and refuses it with one bit changed")


def sealing(peer):
    (peer.at / "plain").write_bytes(b"weights" * 1000)
    r = run("seal", "--force", "--to", peer.at / "theirs-ML-KEM-1024.pub", "--sign", peer.at / "theirs-ML-DSA-87-seed-priv.PEM",
            "--out", peer.at / "sealed", peer.at / "plain")
    s = run("open", "--key", peer.at / "theirs-ML-KEM-1024-priv-only.PEM", "--from", peer.at / "theirs-ML-DSA-87.pub",
            "--out", "-", peer.at / "sealed")
    ok(r.returncode == 0 and s.stdout == b"weights" * 1000, "sealed and opened with keys of OpenSSL", err(r) + err(s))


def main():
    if not (PEER / "usr/bin/openssl").exists():
        skip(f"no root of OpenSSL 3.5 at {PEER}; PQMAP_PEER names another")
        return
    if os.geteuid() != 0:
        skip("entering the root of OpenSSL 3.5 needs root")
        return
    version = subprocess.run(["chroot", str(PEER), "openssl", "version"], capture_output=True).stdout.decode().split()
    if len(version) < 2 or tuple(int(x) for x in version[1].split(".")[:2]) < (3, 5):
        skip(f"{' '.join(version[:2])} at {PEER} has no ML-KEM")
        return
    print(f"note - OpenSSL {version[1]}")
    peer = Peer()
    try:
        hyb = lib()
        keys_of_ours(peer)
        keys_of_theirs(peer, hyb)
        signatures(peer)
        secrets(peer, hyb)
        certificates(peer)
        cms_messages(peer)
        sealing(peer)
    finally:
        shutil.rmtree(peer.at)


main()
done()
