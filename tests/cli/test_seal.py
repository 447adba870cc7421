"""keygen, seal, open, sign and verify: what they make, what they refuse, and what they leave behind."""
import base64
import concurrent.futures
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import stat
import struct
import subprocess
import sys
import termios
import textwrap
import time

from kit import PQMAP, REPO, done, err, ok, out, run, skip, tmpdir

COMMANDS = ["keygen", "seal", "open", "sign", "verify"]
SEGMENT = 1 << 20


def code(r, want, words):
    return ok(r.returncode == want, words, f"exit {r.returncode}, {err(r)}")


def refused(r, want, text, words):
    lines = err(r).splitlines()
    return ok(r.returncode == want and len(lines) == 1 and text in lines[0], words, f"exit {r.returncode}: {err(r)}")


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def keys(d):
    for name, args in {"alice": [], "bob": [], "sender": ["--for", "sign"], "mallory": ["--for", "sign"],
                       "long": ["--life", "25y"]}.items():
        r = run("keygen", "-q", "--no-passphrase", *args, "--out", d / name)
        ok(r.returncode == 0 and r.stdout == b"" and r.stderr == b"", f"keygen {name}", err(r))
    ok(mode(d / "alice") == 0o600 and mode(d / "alice.pub") == 0o644, "KEY is 0600, KEY.pub 0644")


def suites(d):
    def made(*args):
        r = run("keygen", "--no-passphrase", "--force", "-o", "json", "--out", d / "k", *args)
        return json.loads(out(r)) if r.returncode == 0 else {"error": err(r)}

    for args, suite, category in (([], "X-Wing", 3), (["--for", "sign"], "MLDSA87-ECDSA-P384-SHA512", 5),
                                  (["--life", "19y"], "X-Wing", 3), (["--life", "20y"], "MLKEM1024-P384", 5),
                                  (["--life", "30", "--for", "sign"], "MLDSA87-ECDSA-P384-SHA512", 5),
                                  (["--suite", "mlkem768-p256"], "MLKEM768-P256", 3)):
        k = made(*args)
        ok(k.get("suite") == suite and k.get("category") == category and k["schema"] == "pqmap.key"
           and k["encrypted"] is False and re.fullmatch("[0-9a-f]{64}", k["key_id"]),
           f"keygen {' '.join(args) or 'alone'} takes {suite}", k)
    refused(run("keygen", "--suite", "X-Wing", "--life", "20y", "--out", d / "no"), 2, "category 3",
            "a weak suite for twenty years is refused")
    refused(run("keygen", "--suite", "X25519MLKEM768", "--out", d / "no"), 2, "no suite with keys",
            "a suite of TLS has no key files")
    refused(run("keygen", "--suite", "X-Wing", "--for", "sign", "--out", d / "no"), 2, "is for sealing",
            "a sealing suite does not sign")
    refused(run("keygen", "--life", "long", "--out", d / "no"), 2, "whole years", "--life wants years")
    ok(not (d / "no").exists() and not (d / "no.pub").exists(), "nothing is left of refused keys")
    before = (d / "alice").read_bytes(), (d / "alice.pub").read_bytes()
    refused(run("keygen", "--no-passphrase", "--out", d / "alice"), 2, "exists already", "a key is not overwritten")
    (d / "half.pub").write_bytes(b"mine")
    refused(run("keygen", "--no-passphrase", "--out", d / "half"), 2, "exists already",
            "nor a public key without its private one")
    ok(before == ((d / "alice").read_bytes(), (d / "alice.pub").read_bytes()) and not (d / "half").exists()
       and (d / "half.pub").read_bytes() == b"mine", "and neither half is written then")


def seal(d, data, *args, name="sealed", to=("alice",)):
    r = run("seal", *(x for t in to for x in ("--to", d / f"{t}.pub")), *args, "--force", "--out", d / name, stdin=data)
    return r, (d / name).read_bytes() if r.returncode == 0 else b""


def round_trips(d):
    for n in (0, 1, 1000, SEGMENT - 29, SEGMENT, SEGMENT + 1, 3 * SEGMENT):
        data = os.urandom(n)
        (d / "plain").write_bytes(data)
        r = run("seal", "--force", "--to", d / "alice.pub", "--sign", d / "sender", "--out", d / "sealed", d / "plain")
        ok(r.returncode == 0 and mode(d / "sealed") == 0o600, f"{n} bytes: sealed", err(r))
        r = run("open", "--force", "--key", d / "alice", "--from", d / "sender.pub", "--out", d / "back", d / "sealed")
        ok(r.returncode == 0 and (d / "back").read_bytes() == data and mode(d / "back") == 0o600,
           f"{n} bytes: opened", err(r))
        r = run("seal", "--to", d / "alice.pub", "--sign", d / "sender", "--out", "-", stdin=data)
        s = run("open", "--key", d / "alice", "--from", d / "sender.pub", "--out", "-", "-", stdin=r.stdout)
        ok(s.returncode == 0 and s.stdout == data, f"{n} bytes: through pipes", err(r) + err(s))
    r, sealed = seal(d, b"shared", to=("alice", "bob"))
    for who in ("alice", "bob"):
        r = run("open", "--key", d / who, "--allow-unsigned", "--out", "-", stdin=sealed)
        ok(r.stdout == b"shared", f"one of two recipients opens: {who}", err(r))
    _, sealed = seal(d, b"bound", "--context", "run 7")
    r = run("open", "--key", d / "alice", "--allow-unsigned", "--context", "run 7", "--out", "-", stdin=sealed)
    ok(r.stdout == b"bound", "a context opens", err(r))
    for context in ([], ["--context", "run 8"]):
        r = run("open", "--key", d / "alice", "--allow-unsigned", *context, "--out", "-", stdin=sealed)
        ok(r.returncode == 1 and r.stdout == b"" and "--context" in err(r), "another context does not", err(r))


def big(d):
    chunk = os.urandom(1 << 20)
    data = b"".join(bytes([i]) + chunk[1:] for i in range(64))
    (d / "big").write_bytes(data)
    t = time.monotonic()
    r = run("seal", "--to", d / "alice.pub", "--sign", d / "sender", "-j2", "--out", d / "big.sealed", d / "big")
    t1 = time.monotonic()
    s = run("open", "--key", d / "alice", "--from", d / "sender.pub", "-j2", "--out", d / "big.back", d / "big.sealed")
    t2 = time.monotonic()
    ok(r.returncode == 0 and s.returncode == 0 and (d / "big.back").read_bytes() == data, "64 MiB by two threads",
       err(r) + err(s))
    print(f"note - 64 MiB on disk, -j2: sealed in {t1 - t:.2f} s, opened in {t2 - t1:.2f} s, fsync included")
    s = run("open", "--key", d / "alice", "--from", d / "sender.pub", "-j1", "--out", "-", d / "big.sealed")
    ok(s.stdout == data, "and by one, to a pipe", err(s))
    for name in ("big", "big.back", "big.sealed"):
        (d / name).unlink()


def refusals(d):
    _, unsigned = seal(d, b"text", name="unsigned")
    _, signed = seal(d, b"text" * 1000000, "--sign", d / "sender", name="signed")
    target = d / "target"
    target.write_bytes(b"precious")

    def attempt(text, words, *args, want=1, name="unsigned", key="alice"):
        refused(run("open", "--force", "--key", d / key, *args, "--out", target, d / name), want, text, words)
        ok(target.read_bytes() == b"precious", f"{words}: the target is untouched")

    attempt("not for this key", "the key of another", "--allow-unsigned", key="bob")
    attempt("another suite", "a key of another suite", "--allow-unsigned", key="long", want=3)
    attempt("not signed by any", "unsigned", "--from", d / "sender.pub")
    attempt("--from", "no sender named", want=2)
    attempt("another sender", "signed by another", "--from", d / "mallory.pub", name="signed")
    attempt("not a file of this kind", "no sealed file", "--allow-unsigned", want=3, name="alice")
    attempt("No such file", "a file that is not there", "--allow-unsigned", want=3, name="nothing")
    attempt("signing key opens nothing", "a signing key", "--allow-unsigned", want=2, key="sender")
    attempt("is a public key", "a public key", "--allow-unsigned", want=3, key="alice.pub")
    old = bytearray(signed)
    old[9] = 9
    (d / "damaged").write_bytes(old)
    attempt("version", "another version", "--from", d / "sender.pub", want=3, name="damaged")
    header = json.loads(out(run("open", "--info", "-o", "json", d / "signed")))["header_bytes"]
    places = {"key id": 60, "wrapped key": 200, "FLOE header": header - 4731 - 40, "signature": header - 4000,
              "first segment": header + 100, "a later segment": header + 2 * SEGMENT + 7, "last byte": len(signed) - 1}
    for words, at in places.items():
        bad = bytearray(signed)
        bad[at] ^= 1
        (d / "damaged").write_bytes(bad)
        r = run("open", "--force", "--key", d / "alice", "--from", d / "sender.pub", "--out", target, d / "damaged")
        ok(r.returncode == 1 and target.read_bytes() == b"precious" and len(err(r).splitlines()) == 1,
           f"damaged in {words}: refused, target untouched", f"{r.returncode} {err(r)}")
    for words, data, text in (("cut in a segment", signed[:-5], ""), ("cut at a segment", signed[:header + SEGMENT], "cut short"),
                              ("cut in the header", signed[:500], ""), ("lengthened", signed + b"x", "")):
        (d / "damaged").write_bytes(data)
        attempt(text, words, "--from", d / "sender.pub", name="damaged")
    bad = bytearray(signed)
    bad[header + 2 * SEGMENT + 7] ^= 1
    r = run("open", "--key", d / "alice", "--from", d / "sender.pub", "-j1", "--out", "-", stdin=bytes(bad))
    ok(r.returncode == 1 and (b"text" * 1000000).startswith(r.stdout) and len(r.stdout) % (SEGMENT - 32) == 0
       and "discard" in err(r), "a pipe gives verified segments only, and says that it is not all",
       f"{r.returncode} {len(r.stdout)} {err(r)}")
    refused(run("open", "--key", d / "alice", "--allow-unsigned", "--out", target, d / "unsigned"), 2, "exists already",
            "an existing target is refused")
    ok(target.read_bytes() == b"precious", "and kept")
    code(run("open", "--force", "--key", d / "alice", "--allow-unsigned", "--out", target, d / "unsigned"), 0,
         "--force replaces it")
    ok(target.read_bytes() == b"text", "with the content")
    unknown = "was not signed by any accepted sender: its origin is not known"
    for name, args, known in (("unsigned", ["--from", d / "sender.pub", "--allow-unsigned"], False),
                              ("unsigned", ["--allow-unsigned"], False), ("signed", ["--allow-unsigned"], False),
                              ("signed", ["--from", d / "sender.pub", "--allow-unsigned"], True),
                              ("signed", ["--from", d / "sender.pub"], True)):
        for more in ([], ["-q"], ["--range", "0:2"], ["-o", "json"]):
            r = run("open", "--force", "--key", d / "alice", *args, *more, "--out", d / "origin", d / name)
            want = [] if known or more == ["-q"] else [f"pqmap: {d / name} {unknown}"]
            ok(r.returncode == 0 and err(r).splitlines() == want
               and ("json" not in more or json.loads(out(r))["verified"] is known),
               f"{name}, {args[0]} {' '.join(map(str, args[2:] + more))}: {'known' if known else 'not known'}", err(r))
    for args in (["seal", "--to", d / "alice.pub", "--out", d / "signed", d / "signed"],
                 ["open", "--key", d / "alice", "--allow-unsigned", "--out", d / "unsigned", d / "unsigned"],
                 ["sign", "--key", d / "sender", "--out", d / "signed", d / "signed"]):
        refused(run(*args, "--force"), 2, "input and output", f"{args[0]}: output equal to input is refused")
    os.link(d / "signed", d / "hard")
    refused(run("seal", "--to", d / "alice.pub", "--out", d / "hard", "--force", d / "signed"), 2, "input and output",
            "by another name too")
    refused(run("open", "--key", d / "alice", "--allow-unsigned", "--out", d / "alice", "--force", d / "unsigned"), 2,
            "is the key", "the key is no output")
    refused(run("seal", "--to", d / "alice.pub", "--out", "/dev/null", d / "signed"), 2, "no regular file",
            "a device is not replaced")
    refused(run("seal", "--to", d / "alice.pub", "--out", d, "--force", d / "signed"), 2, "is a folder", "nor a folder")
    refused(run("seal", "--to", d / "alice.pub", "--to", d / "long.pub", "--out", d / "no", d / "signed"), 2, "one suite",
            "recipients of two suites")
    refused(run("seal", "--to", d / "sender.pub", "--out", d / "no", d / "signed"), 2, "no key to seal", "a signing key")
    refused(run("seal", "--to", d / "alice", "--out", d / "no", d / "signed"), 3, "is a private key", "a private key")
    refused(run("seal", "--out", d / "no", d / "signed"), 2, "recipients", "no recipient")


def standard_input(d):
    """It gives one thing: what a key left of it is not the content."""
    for name, args, key in (("seal", ["--to", "-", "--out", d / "no"], "alice.pub"),
                            ("seal", ["--to", "-", "--to", "-", "--out", d / "no"], "alice.pub"),
                            ("open", ["--key", "-", "--allow-unsigned", "--out", d / "no"], "alice"),
                            ("sign", ["--key", "-", "--out", d / "no"], "sender"),
                            ("verify", ["--key", "-", "--signature", d / "any.sig"], "sender.pub")):
        run("sign", "--force", "--key", d / "sender", "--out", d / "any.sig", d / "alice.pub")
        refused(run(name, *args, stdin=(d / key).read_bytes()), 2, "gives one thing", f"{name} {' '.join(map(str, args[:3]))}")
    (d / "x").write_bytes(b"content")
    r = run("seal", "--force", "--to", "-", "--out", d / "sealed", d / "x", stdin=(d / "alice.pub").read_bytes())
    s = run("open", "--key", "-", "--allow-unsigned", "--out", "-", d / "sealed", stdin=(d / "alice").read_bytes())
    ok(r.returncode == 0 and s.stdout == b"content", "a key alone may come from it", err(r) + err(s))


def foreign_keys(d):
    if shutil.which("openssl") is None:
        return skip("keys of openssl: no openssl")
    subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-out", d / "rsa"], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", d / "rsa", "-pubout", "-out", d / "rsa.pub"], check=True, capture_output=True)
    refused(run("seal", "--to", d / "rsa.pub", "--out", d / "no", stdin=b"x"), 3, "a public key of an algorithm that libhyb does not",
            "an RSA public key is named as what it is")
    return refused(run("sign", "--key", d / "rsa", "--out", d / "no", stdin=b"x"), 3, "a private key of an algorithm, or encrypted",
                   "and an RSA private key")


def full_disk(d):
    for name, args in (("seal", ["--to", d / "alice.pub"]), ("open", ["--key", d / "alice", "--allow-unsigned"])):
        source = d / "x" if name == "seal" else d / "sealed"
        with open("/dev/full", "wb") as full:
            r = subprocess.run([PQMAP, name, *map(str, args), "--out", "-", str(source)], stdout=full, stderr=subprocess.PIPE)
        ok(r.returncode == 3 and "standard output: No space left" in err(r), f"{name}: a full disk is the output's", err(r))


def long_life(d):
    refused(run("seal", "--life", "25y", "--to", d / "alice.pub", "--out", d / "no", stdin=b"x"), 2, "needs 5",
            "--life 25y wants a key of category 5")
    r, sealed = seal(d, b"for long", "--life", "25y", "--sign", d / "sender", to=("long",))
    s = run("open", "--key", d / "long", "--from", d / "sender.pub", "--out", "-", stdin=sealed)
    ok(s.stdout == b"for long", "--life 25y seals with MLKEM1024-P384", err(r) + err(s))
    code(run("keygen", "-q", "--no-passphrase", "--suite", "MLDSA65-Ed25519-SHA512", "--out", d / "weak"), 0, "a weaker sender")
    refused(run("seal", "--life", "20", "--to", d / "long.pub", "--sign", d / "weak", "--out", d / "no", stdin=b"x"), 2,
            "needs 5", "--life wants a sender of category 5 too")


def parts(d):
    data = os.urandom(3 * SEGMENT + 12345)
    _, sealed = seal(d, data, "--sign", d / "sender")
    common = ["open", "--key", d / "alice", "--from", d / "sender.pub", "--out", "-"]
    for off, n in ((0, 0), (0, 10), (5, SEGMENT), (SEGMENT - 40, 100), (2 * SEGMENT, SEGMENT), (len(data) - 1, 1),
                   (len(data), 0), (0, len(data))):
        r = run(*common, "--range", f"{off}:{n}", d / "sealed")
        ok(r.returncode == 0 and r.stdout == data[off:off + n], f"--range {off}:{n}", err(r))
    refused(run(*common, "--range", f"{len(data)}:1", d / "sealed"), 2, "beyond its end", "a range beyond the end")
    refused(run(*common, "--range", "1-2", d / "sealed"), 2, "OFFSET:LENGTH", "a range of another form")
    refused(run(*common, "--range", "0:1", stdin=sealed), 2, "not a pipe", "a range of a pipe")
    r, w = os.pipe()
    os.set_blocking(w, False)
    p = subprocess.Popen([PQMAP, *map(str, common), "--range", f"0:{len(data)}", d / "sealed"], stdout=w,
                         stderr=subprocess.PIPE)
    os.close(w)
    time.sleep(0.5)
    with os.fdopen(r, "rb") as pipe:
        got = pipe.read()
    said = p.communicate()[1]
    ok(p.returncode == 0 and got == data, "a part into a full pipe that does not block waits for its reader", said)
    bad = bytearray(sealed)
    bad[-SEGMENT] ^= 1
    (d / "damaged").write_bytes(bad)
    ok(run(*common, "--range", "0:100", d / "damaged").stdout == data[:100], "a part beside the damage opens")
    r = run(*common, "--range", f"{len(data) - SEGMENT}:{SEGMENT - 20000}", d / "damaged")
    ok(r.returncode == 1 and b"" == r.stdout, "a damaged part does not", err(r))
    a, b = os.urandom(400000), os.urandom(8)
    header = json.dumps({"__metadata__": {"format": "pt"},
                         "layer.0.weight": {"dtype": "F16", "shape": [200000], "data_offsets": [0, 400000]},
                         "bias": {"dtype": "F32", "shape": [2], "data_offsets": [400000, 400008]}}).encode()
    seal(d, struct.pack("<Q", len(header)) + header + a + b, "--sign", d / "sender", name="model")
    for name, want in (("layer.0.weight", a), ("bias", b)):
        r = run(*common, "--tensor", name, d / "model")
        ok(r.stdout == want, f"--tensor {name}", err(r))
    liar = json.dumps({"w": {"dtype": "U8", "shape": [9], "data_offsets": [0, 9]},
                       "x": {"dtype": "U8", "shape": [2], "data_offsets": [2**52, 2**52 + 2]}}).encode()
    seal(d, struct.pack("<Q", len(liar)) + liar + b"8 bytes.", "--sign", d / "sender", name="liar")
    for name in "wx":
        refused(run(*common, "--tensor", name, d / "liar"), 3, "beyond its end", f"tensor {name} that is not all there")
    refused(run(*common, "--tensor", "nope", d / "model"), 3, "no tensor named", "a tensor that is not there")
    refused(run(*common, "--tensor", "bias", d / "sealed"), 3, "safetensors", "a content that is no safetensors file")


def signatures(d):
    data = os.urandom(300000)
    (d / "file").write_bytes(data)
    code(run("sign", "--key", d / "sender", "--out", d / "file.sig", d / "file"), 0, "sign")
    ok(mode(d / "file.sig") == 0o644, "a signature is readable by all")
    verify = ["verify", "--key", d / "sender.pub", "--signature", d / "file.sig"]
    r = run(*verify, d / "file")
    ok(r.returncode == 0 and "verified, signed by" in out(r) and "MLDSA87-ECDSA-P384-SHA512" in out(r), "verify", err(r))
    code(run(*verify, stdin=data), 0, "verify a pipe")
    code(run("verify", "--key", d / "mallory.pub", "--key", d / "sender.pub", "--signature", d / "file.sig", d / "file"), 0,
         "several keys")
    r = run(*verify, stdin=data + b"x")
    ok(r.returncode == 1 and "does not verify" in err(r) and r.stdout == b"", "a changed file is 1", err(r))
    r = run(*verify, "--context", "x", d / "file")
    ok(r.returncode == 1, "another context is 1", err(r))
    r = run("verify", "--key", d / "mallory.pub", "--signature", d / "file.sig", d / "file")
    ok(r.returncode == 1 and "another key" in err(r), "another key is 1, and said", err(r))
    code(run("sign", "--force", "--key", d / "sender", "--context", "release", "--out", d / "c.sig", d / "file"), 0, "context")
    code(run("verify", "--key", d / "sender.pub", "--signature", d / "c.sig", "--context", "release", d / "file"), 0,
         "the same context verifies")
    code(run("verify", "--key", d / "sender.pub", "--signature", d / "c.sig", d / "file"), 1, "none does not")
    text = (d / "file.sig").read_text()

    def verifies(i):
        new = "B" if text[i] == "A" else "A"
        changed = d / f"bad-{i}.sig"
        changed.write_text(text[:i] + new + text[i + 1:])
        r = run("verify", "--key", d / "sender.pub", "--signature", changed, d / "file")
        changed.unlink()
        return r.returncode not in (1, 3)

    at = [i for i in range(0, len(text), 13) if text[i] not in "\n="]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        bad = sum(pool.map(verifies, at))
    ok(len(at) > 300 and bad == 0, "no changed character of the signature file verifies, the time included", bad)
    for cut in (0, 10, 100, len(text) - 1):
        (d / "bad.sig").write_text(text[:cut])
        refused(run("verify", "--key", d / "sender.pub", "--signature", d / "bad.sig", d / "file"), 3, "not a signature file",
                f"a signature file of {cut} bytes")
    (d / "crlf.sig").write_bytes(text.replace("\n", "\r\n").encode())
    code(run("verify", "--key", d / "sender.pub", "--signature", d / "crlf.sig", d / "file"), 0, "lines that end with CR LF")
    (d / "bad.sig").write_bytes(text.replace("\n", "\r\r\n").encode())
    refused(run("verify", "--key", d / "sender.pub", "--signature", d / "bad.sig", d / "file"), 3, "not a signature file",
            "but not with CR CR LF")
    for suite in ("MLDSA44-ECDSA-P256-SHA256", "MLDSA65-ECDSA-P256-SHA512", "MLDSA65-Ed25519-SHA512",
                  "MLDSA65-ECDSA-P384-SHA512", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"):
        run("keygen", "-q", "--no-passphrase", "--force", "--suite", suite, "--out", d / "s")
        for raw in ([], ["--raw"]):
            a = run("sign", "--force", "--key", d / "s", *raw, "--out", d / "s.sig", d / "file")
            b = run("verify", "--key", d / "s.pub", *raw, "--signature", d / "s.sig", d / "file")
            c = run("verify", "--key", d / "s.pub", *raw, "--signature", d / "s.sig", d / "alice")
            ok((a.returncode, b.returncode, c.returncode) == (0, 0, 1), f"{suite} {' '.join(raw)}", err(a) + err(b))
    closed = subprocess.run(["sh", "-c", 'exec "$0" "$@" <&-', PQMAP, "sign", "--key", d / "sender", "--out", d / "no"],
                            capture_output=True)
    refused(closed, 3, "ead failed", "no input at all is not an empty one")
    refused(run("sign", "--raw", "--context", "hyb/file/v1", "--key", d / "sender", "--out", d / "no", d / "file"), 2,
            "begin with hyb/", "--raw makes no signature that a sealed file could carry")
    refused(run("sign", "--key", d / "sender", "--context", "x" * 234, "--out", d / "no", d / "file"), 2, "at most 233",
            "a context that is too long")
    refused(run("sign", "--key", d / "alice", "--out", d / "no", d / "file"), 2, "signs nothing", "a sealing key does not sign")
    refused(run("verify", "--key", d / "alice.pub", "--signature", d / "file.sig", d / "file"), 2, "verifies nothing",
            "nor verify")
    r = run("sign", "--key", d / "sender", "--out", "-", d / "file", env={"SOURCE_DATE_EPOCH": "1795219200"})
    (d / "t.sig").write_bytes(r.stdout)
    r = run("verify", "--key", d / "sender.pub", "--signature", d / "t.sig", "-o", "json", d / "file")
    ok(json.loads(out(r)).get("time") == "2026-11-21T00:00:00Z", "the time is the one of SOURCE_DATE_EPOCH", out(r))


def passphrases(d):
    secret = "correct horse battery"
    (d / "pw").write_text(secret + "\nsecond line\n")

    def with_fd(*args, text=secret, **kw):
        r, w = os.pipe()
        os.write(w, text.encode() + b"\n")
        os.close(w)
        try:
            return subprocess.run([PQMAP, *map(str, args), "--passphrase-fd", str(r)], pass_fds=[r], capture_output=True,
                                  timeout=60, **{"stdin": subprocess.DEVNULL, **kw})
        finally:
            os.close(r)

    r = with_fd("keygen", "--out", d / "locked", "-o", "json")
    ok(r.returncode == 0 and json.loads(out(r))["encrypted"] is True and r.stderr == b""
       and (d / "locked").read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "keygen --passphrase-fd", err(r))
    code(with_fd("keygen", "-q", "--for", "sign", "--out", d / "locked.sign"), 0, "a signing key")
    _, sealed = seal(d, b"hidden", to=("locked",))
    r = with_fd("open", "--key", d / "locked", "--allow-unsigned", "--out", "-", d / "sealed")
    ok(r.stdout == b"hidden", "open --passphrase-fd", err(r))
    r = run("open", "--key", d / "locked", "--allow-unsigned", "--passphrase-file", d / "pw", "--out", "-", d / "sealed")
    ok(r.stdout == b"hidden", "open --passphrase-file: the first line", err(r))
    refused(with_fd("open", "--key", d / "locked", "--allow-unsigned", "--out", "-", d / "sealed", text="wrong"), 3,
            "wrong passphrase", "a wrong passphrase")
    r = subprocess.run([PQMAP, "open", "--key", d / "locked", "--allow-unsigned", "--out", "-", d / "sealed"],
                       capture_output=True, stdin=subprocess.DEVNULL, start_new_session=True, timeout=60)
    refused(r, 2, "no terminal to ask on", "an encrypted key without a terminal")
    refused(with_fd("keygen", "--out", d / "no", text=""), 2, "is empty", "an empty passphrase")
    refused(with_fd("keygen", "--out", d / "no", text="x" * 1025), 3, "more than 1024", "a passphrase that is too long")
    refused(run("keygen", "--out", d / "no", "--passphrase-fd", "x"), 2, "number", "--passphrase-fd wants a number")
    refused(run("keygen", "--out", d / "no", "--passphrase-fd", "999"), 3, "no passphrase", "a descriptor that is not open")
    der = base64.b64decode("".join((d / "locked").read_text().splitlines()[1:-1]))
    n = bytes.fromhex("0203020000")  # INTEGER 2^17, scrypt's N
    for log2, text in ((17, ""), (19, "more than 256 MiB")):
        heavy = der.replace(n, bytes.fromhex("0203") + (1 << log2).to_bytes(3, "big"))
        pem = textwrap.fill(base64.b64encode(heavy).decode(), 64)
        (d / "heavy").write_text(f"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{pem}\n-----END ENCRYPTED PRIVATE KEY-----\n")
        r = with_fd("open", "--key", d / "heavy", "--allow-unsigned", "--out", "-", d / "sealed")
        ok(der.count(n) == 1 and r.returncode == (3 if text else 0) and text in err(r), f"scrypt with N = 2^{log2}", err(r))
    code(with_fd("sign", "--key", d / "locked.sign", "--out", d / "l.sig", d / "pw"), 0, "sign with a passphrase")
    code(with_fd("seal", "--to", d / "alice.pub", "--sign", d / "locked.sign", "--out", d / "l.sealed", d / "pw"), 0,
         "seal, signed with a passphrase")
    r, w = os.pipe()
    os.write(w, secret.encode() + b"\n")
    p = subprocess.Popen([PQMAP, "seal", "--to", d / "alice.pub", "--sign", d / "locked.sign", "--passphrase-fd", str(r),
                          "--out", d / "slow"], stdin=subprocess.PIPE, pass_fds=[r])
    os.close(w)
    os.close(r)
    time.sleep(1.5)
    seen = b"".join(pathlib.Path(f"/proc/{p.pid}/{f}").read_bytes() for f in ("cmdline", "environ"))
    ok(p.poll() is None and secret.encode() not in seen, "the passphrase is in no argument and no environment")
    p.communicate(b"data")
    ok(p.returncode == 0, "and the pipe is sealed")
    refused(run("keygen", "--out", d / "no", "correct horse"), 2, "takes no input", "no passphrase as an argument")


def on_terminal(argv, answers, timeout=20):
    """Runs argv on a terminal of its own; types each answer when its prompt is there."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(PQMAP, [PQMAP, *map(str, argv)])
    seen, end = b"", time.monotonic() + timeout
    answers = list(answers)
    while time.monotonic() < end:
        if not select.select([fd], [], [], 0.2)[0]:
            continue
        try:
            got = os.read(fd, 4096)
        except OSError:
            break
        if not got:
            break
        seen += got
        if answers and answers[0][0] in seen.decode("utf-8", "replace")[answers[0][2]:]:
            time.sleep(0.1)
            os.write(fd, answers[0][1])
            start = len(seen)
            answers.pop(0)
            if answers:
                answers[0] = (*answers[0][:2], start)
    _, status = os.waitpid(pid, 0)
    os.close(fd)
    return os.waitstatus_to_exitcode(status), seen.decode("utf-8", "replace")


def terminals(d):
    st, text = on_terminal(["keygen", "--out", d / "tty"], [("passphrase for the new key: ", b"opensesame\n", 0),
                                                            ("the same again: ", b"opensesame\n", 0)])
    ok(st == 0 and "opensesame" not in text and "ENCRYPTED" in (d / "tty").read_text(),
       "on a terminal the passphrase is asked for twice, without echo", text)
    st, text = on_terminal(["keygen", "--out", d / "tty2"], [("new key: ", b"one\n", 0), ("again: ", b"two\n", 0)])
    ok(st == 2 and "differ" in text and not (d / "tty2").exists(), "two different ones make no key", text)
    seal(d, b"on a terminal", to=("tty",), name="tty.sealed")
    st, text = on_terminal(["open", "--key", d / "tty", "--allow-unsigned", "--out", d / "tty.back", d / "tty.sealed"],
                           [("passphrase of", b"opensesame\n", 0)])
    ok(st == 0 and (d / "tty.back").read_bytes() == b"on a terminal" and "opensesame" not in text, "opening asks once", text)
    st, text = on_terminal(["open", "--key", d / "alice", "--allow-unsigned", "--out", "-", d / "unsigned"], [])
    ok(st == 2 and "is a terminal" in text, "content does not go to a terminal", text)
    st, text = on_terminal(["open", "--key", d / "alice", "--allow-unsigned", "--force", "--out", "-", d / "unsigned"], [])
    ok(st == 0 and "text" in text, "unless forced", text)
    st, text = on_terminal(["keygen", "--no-passphrase", "--out", d / "tty3"], [])
    ok(st == 0 and "passphrase" not in text, "--no-passphrase asks nothing", text)
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(PQMAP, [PQMAP, "keygen", "--out", str(d / "tty4")])
    seen = b""
    while b"new key: " not in seen:
        seen += os.read(fd, 100)
    time.sleep(0.1)
    os.write(fd, b"abc\x03")
    _, status = os.waitpid(pid, 0)
    os.close(fd)
    ok(os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGINT and not (d / "tty4").exists(),
       "Ctrl-C at the prompt ends it", status)


def echo_is_on(fd):
    return bool(termios.tcgetattr(fd)[3] & termios.ECHO)


def read_until(fd, text, timeout=10):
    seen, end = b"", time.monotonic() + timeout
    while text not in seen and time.monotonic() < end:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                seen += os.read(fd, 4096)
            except OSError:
                break
    return seen


def echoes(d):
    """Whatever ends or stops the prompt, the terminal is left as it was, and off again when we go on."""
    if shutil.which("bash") is None:
        skip("echo after a signal: no bash")
        return
    for key, words in ((b"\x03", "Ctrl-C"), (b"\x1c", "Ctrl-\\"), (b"\x1a", "Ctrl-Z")):
        pid, fd = pty.fork()
        if pid == 0:
            os.execvp("bash", ["bash", "-mc", '"$0" keygen --out "$1"; echo st""opped; read -r _; fg', PQMAP,
                               str(d / "no")])
        read_until(fd, b"new key: ")
        time.sleep(0.2)
        off = not echo_is_on(fd)
        os.write(fd, key)
        read_until(fd, b"stopped")
        ok(off and echo_is_on(fd), f"{words} at the prompt gives the terminal its echo back")
        if key == b"\x1a":
            os.write(fd, b"\n")
            time.sleep(1)
            read_until(fd, b"--out", 2)
            os.write(fd, b"opensesame\n")
            seen = read_until(fd, b"again: ", 5)
            ok(b"again: " in seen and b"opensesame" not in seen, "and after fg the passphrase is still not shown", seen)
        os.kill(pid, signal.SIGKILL)
        os.close(fd)
        os.waitpid(pid, 0)


def interrupted(d, argv, words, env=None):
    folder = d / "interrupted"
    folder.mkdir(exist_ok=True)
    (folder / "old").write_bytes(b"precious")
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if sig == signal.SIGKILL and env:
            continue  # a file with a name cannot survive that clean
        p = subprocess.Popen([*argv, PQMAP, "seal", "--to", d / "alice.pub", "--force", "--out", folder / "old"],
                             stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for _ in range(4):
            p.stdin.write(os.urandom(SEGMENT))
            p.stdin.flush()
        time.sleep(0.5)
        during = sorted(os.listdir(folder))
        children = subprocess.run(["pgrep", "-P", str(p.pid)], capture_output=True).stdout.split()
        os.kill(int(children[0]) if children else p.pid, sig)
        p.stdin.close()
        p.wait()
        ok(p.returncode != 0 and os.listdir(folder) == ["old"] and (folder / "old").read_bytes() == b"precious",
           f"{words}: nothing is left after {sig.name}", (p.returncode, during, os.listdir(folder)))
    shutil.rmtree(folder)
    return during


def signals(d):
    interrupted(d, [], "nameless file")
    # without /proc a file without a name cannot get one: the way of a temporary name is taken
    hide = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$0" "$@"']
    try_it = subprocess.run([*hide, PQMAP, "version"], capture_output=True) if shutil.which("unshare") else None
    if try_it is None or try_it.returncode != 0:
        skip("temporary names: /proc cannot be hidden here, or not from this program: the leak sanitizer reads it")
        return
    during = interrupted(d, hide, "temporary name", env=True)
    ok(any(re.fullmatch(r"\.pqmap-[0-9a-f]{16}\.tmp", n) for n in during), "it was there before", during)
    for force in ([], ["--force"]):
        r = subprocess.run([*hide, PQMAP, "seal", *force, "--to", d / "alice.pub", "--out", d / "named", d / "plain"],
                           capture_output=True)
        s = run("open", "--key", d / "alice", "--allow-unsigned", "--out", "-", d / "named")
        ok(r.returncode == 0 and s.stdout == (d / "plain").read_bytes(), f"a temporary name becomes the file {force}", err(r))
    p = subprocess.Popen([*hide, "nohup", PQMAP, "seal", "--to", d / "alice.pub", "--out", d / "hup"],
                         stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    children = subprocess.run(["pgrep", "-P", str(p.pid)], capture_output=True).stdout.split()
    os.kill(int(children[0]) if children else p.pid, signal.SIGHUP)
    p.communicate(b"kept")
    ok(p.returncode == 0 and (d / "hup").exists(), "what nohup ignores stays ignored", p.returncode)
    r = subprocess.run([*hide, PQMAP, "keygen", "-q", "--no-passphrase", "--out", d / "named.key"], capture_output=True)
    ok(r.returncode == 0 and mode(d / "named.key") == 0o600 and (d / "named.key.pub").exists(), "two of them for keygen", err(r))
    r = subprocess.run([*hide, PQMAP, "seal", "--to", d / "alice.pub", "--out", d / "named", d / "plain"], capture_output=True)
    refused(r, 2, "exists already", "and an existing file is refused")
    ok(not [n for n in os.listdir(d) if n.startswith(".pqmap")], "no temporary name is left")


def pairs(d):
    """With --force too, no new KEY.pub stands beside an old KEY."""
    busy = ["unshare", "--mount", "sh", "-c", 'mount --bind "$1" "$1" && shift && exec "$0" "$@"', PQMAP]
    run("keygen", "-q", "--no-passphrase", "--out", d / "pair")
    old = (d / "pair").read_bytes(), (d / "pair.pub").read_bytes()
    make = ["keygen", "-q", "--no-passphrase", "--force", "--out", d / "pair"]
    if shutil.which("unshare") is None or subprocess.run([*busy, d / "pair", "version"], capture_output=True).returncode != 0:
        return skip("a key that cannot be replaced: no mount namespace")
    refused(subprocess.run([*busy, d / "pair", *make], capture_output=True), 3, "busy", "a KEY that cannot be replaced")
    ok(old == ((d / "pair").read_bytes(), (d / "pair.pub").read_bytes()), "leaves KEY.pub as it was too")
    refused(subprocess.run([*busy, d / "pair.pub", *make], capture_output=True), 3, "is the new key already",
            "a KEY.pub that cannot be replaced is said not to belong to KEY")
    code(run(*make), 0, "made again, they belong together")
    _, sealed = seal(d, b"pair", to=("pair",))
    r = run("open", "-q", "--key", d / "pair", "--allow-unsigned", "--out", "-", stdin=sealed)
    return ok(r.stdout == b"pair", "and open what is sealed to them", err(r))


def other_user(d):
    if os.geteuid() != 0:
        skip("another user: not root")
        return
    home = d / "nobody"
    home.mkdir()
    os.chmod(home, 0o777)
    program = home / "pqmap"
    shutil.copy(PQMAP, program)
    os.chmod(d, 0o755)
    r = subprocess.run([program, "keygen", "-q", "--no-passphrase", "--out", home / "k"], user=65534, group=65534,
                       capture_output=True, stdin=subprocess.DEVNULL)
    ok(r.returncode == 0 and mode(home / "k") == 0o600 and os.stat(home / "k").st_uid == 65534, "as a user without rights", err(r))
    r = subprocess.run([program, "keygen", "-q", "--no-passphrase", "--out", d / "nobodys"], user=65534, group=65534,
                       capture_output=True, stdin=subprocess.DEVNULL)
    refused(r, 3, "ermission denied", "a folder that may not be written")


def valid(path):
    v = subprocess.run([sys.executable, str(REPO / "tests/validate.py"), str(path)], capture_output=True, text=True)
    return v.returncode == 0, (v.stdout + v.stderr)[-800:]


def wrong_documents(d, docs):
    """A member too few, too many or of another type: each is refused."""
    made = []
    for name, doc in docs.items():
        for key in doc:
            less = {k: v for k, v in doc.items() if k != key}
            for kind, wrong in (("without", less), ("with a strange", {**doc, key: {"strange": 1}}), ("twice", {**doc, key + "_": 1})):
                if (kind, key) != ("without", "time") or "verified" not in doc:
                    made.append(d / f"wrong {name} {kind} {key}.json")
                    made[-1].write_text(json.dumps(wrong))
    v = subprocess.run([sys.executable, str(REPO / "tests/validate.py"), *map(str, made)], capture_output=True, text=True)
    fine = [line for line in v.stdout.splitlines() if line.endswith(": valid")]
    ok(v.returncode == 1 and fine == [], f"{len(made)} wrong documents are refused", (fine or v.stderr)[-800:])


def json_and_help(d):
    docs = {}
    (d / "piped").write_bytes(run("seal", "--to", d / "alice.pub", "--out", "-", stdin=b"piped").stdout)
    for name, args in {
            "keygen seal": ["keygen", "--force", "--no-passphrase", "--out", d / "jk"],
            "keygen sign": ["keygen", "--force", "--no-passphrase", "--suite", "ML-DSA-44", "--out", d / "jk"],
            "seal unsigned": ["seal", "--force", "--to", d / "alice.pub", "--to", d / "bob.pub", "--out", d / "j", d / "file"],
            "info unsigned": ["open", "--info", d / "j"],
            "info of a pipe": ["open", "--info", d / "piped"],
            "open unsigned": ["open", "--force", "--allow-unsigned", "--key", d / "bob", "--out", d / "j2", d / "j"],
            "sign raw": ["sign", "--force", "--raw", "--key", d / "sender", "--out", d / "j.raw", d / "file"],
            "verify raw": ["verify", "--raw", "--key", d / "sender.pub", "--signature", d / "j.raw", d / "file"],
            "seal": ["seal", "--force", "--to", d / "alice.pub", "--sign", d / "sender", "--out", d / "j", d / "file"],
            "open": ["open", "--force", "--key", d / "alice", "--from", d / "sender.pub", "--out", d / "j2", d / "j"],
            "info": ["open", "--info", d / "j"],
            "sign": ["sign", "--force", "--key", d / "sender", "--out", d / "j.sig", d / "file"],
            "verify": ["verify", "--key", d / "sender.pub", "--signature", d / "j.sig", d / "file"],
            "refused": ["verify", "--key", d / "sender.pub", "--signature", d / "j.sig", d / "alice"]}.items():
        r = run(*args, "-o", "json")
        try:
            docs[name] = json.loads(out(r))
        except ValueError:
            docs[name] = {}
        (d / "j.json").write_bytes(r.stdout)
        good, why = valid(d / "j.json")
        ok(good and docs[name].get("schema_version") == 1, f"{name} -o json is as its schema says", why + err(r))
    wrong_documents(d, docs)
    ok(docs["seal"]["recipients"][0]["suite"] == "X-Wing" and docs["seal"]["sender"]["category"] == 5, "seal: who")
    ok(docs["open"]["verified"] is True and docs["info"]["verified"] is False, "open says verified, --info does not")
    ok(docs["open"]["sender_key_id"] == docs["seal"]["sender"]["key_id"] == docs["verify"]["key_id"], "one id everywhere")
    ok(docs["info"]["plain_bytes"] == (d / "file").stat().st_size, "--info: length of the content")
    ok(docs["verify"]["verified"] is True and docs["refused"]["verified"] is False, "verify: the verdict")
    refused(run("seal", "--to", d / "alice.pub", "-o", "json", "--out", "-", stdin=b""), 2, "both want",
            "json and content do not mix")
    refused(run("seal", "--to", d / "alice.pub", "-o", "file", stdin=b""), 2, "--out", "-o is a format, and says so")
    for name in COMMANDS:
        text = out(run("help", name))
        ok("exit codes: 0 " in text and "--key" in text + "--key" and all(len(line) <= 110 for line in text.splitlines()),
           f"help {name}", text)
        ok(f"  {name} " in out(run("help")), f"help lists {name}")
    ok("passphrase" not in "".join(re.findall(r"--\S+ PASS\S*", out(run("help", "open")))), "no option takes a passphrase")


def main():
    with tmpdir() as name:
        d = pathlib.Path(name)
        keys(d)
        suites(d)
        round_trips(d)
        big(d)
        refusals(d)
        standard_input(d)
        full_disk(d)
        foreign_keys(d)
        long_life(d)
        parts(d)
        signatures(d)
        passphrases(d)
        terminals(d)
        echoes(d)
        signals(d)
        pairs(d)
        other_user(d)
        json_and_help(d)
        left = [n for n in os.listdir(d) if ".pqmap" in n or n == "no" or n.startswith("no.")]
        ok(left == [], "no temporary file and no refused output is left", left)


main()
done()
