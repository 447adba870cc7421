#!/usr/bin/env python3
"""The names in rules/libs against what the installed libraries export: none is misspelt, and what is missing is said to be elsewhere."""
import fnmatch
import json
import pathlib
import subprocess

from kit import done, ok, out, run, skip

# The version whose exports the rules were held against; with others installed, other names are missing.
VERSIONS = {"openssl": ("libcrypto.so.3", "libssl.so.3"), "gnutls": ("libgnutls.so.30", "libgnutls-dane.so.0"), "libgcrypt": ("libgcrypt.so.20",),
            "libsodium": ("libsodium.so.23",), "nettle": ("libnettle.so.8", "libhogweed.so.6"),
            "mbedtls": ("libmbedcrypto.so.7", "libmbedx509.so.1", "libmbedtls.so.14"), "wolfssl": ("libwolfssl.so.35",),
            "botan": ("libbotan-2.so.19",), "nss": ("libnss3.so", "libnssutil3.so", "libsmime3.so", "libssl3.so"), "libssh": ("libssh.so.4",),
            "libssh2": ("libssh2.so.1",), "libcrypt": ("libcrypt.so.1",), "loader": ("libc.so.6",),
            "krb5": ("libkrb5.so.3", "libgssapi_krb5.so.2", "libk5crypto.so.3")}

machine = subprocess.run(["uname", "-m"], capture_output=True, text=True, check=True).stdout.strip()
folders = [pathlib.Path(f"/usr/lib/{machine}-linux-gnu"), pathlib.Path(f"/lib/{machine}-linux-gnu")]
rules = json.loads(out(run("rules", "list", "lib.", "-o", "json")))["rules"]


def exports(path):
    lines = subprocess.run(["nm", "-D", "--defined-only", str(path)], capture_output=True, text=True, check=True).stdout.splitlines()
    return {x.split()[-1].split("@")[0] for x in lines}


def without(globs, names, elsewhere):
    return [g for g in globs if g not in elsewhere and not fnmatch.filter(names, g)]


ok(without(["RSA_*", "RSA_sing", "X25519"], ["RSA_sign"], ["X25519"]) == ["RSA_sing"], "a name that is misspelt would be seen")
checked = 0
for lib, files in VERSIONS.items():
    at = [next((d / f for d in folders if (d / f).exists()), None) for f in files]
    if None in at:
        skip(f"{lib}: {files[at.index(None)]} is not installed")
        continue
    names = sorted(set().union(*(exports(p) for p in at)))
    own = next(x for x in rules if x.get("soname") and x["library"] == lib)
    globs = [g for x in rules if x.get("library") == lib for g in x.get("symbols", []) + x.get("calls", [])]
    elsewhere = own.get("elsewhere", [])
    lost = without(globs, names, elsewhere)
    ok(globs and not lost, f"{lib}: each of {len(globs)} names and globs is exported, or said to be elsewhere ({len(elsewhere)})", lost)
    stale = [g for g in elsewhere if g not in globs or fnmatch.filter(names, g)]
    ok(not stale, f"{lib}: what is said to be elsewhere is in a rule, and not here", stale)
    checked += 1
if not checked:
    skip("no library is installed")
done()
