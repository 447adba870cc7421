#!/usr/bin/env python3
"""Trees with everything that a tree can hold; determinism; coverage that adds up; exit codes."""
import csv
import io
import json
import os
import pathlib
import shutil
import socket
import stat
import subprocess

from kit import PQMAP_SAN, REPO, done, err, ok, out, run, skip, tmpdir


def sh(*argv, cwd=None):
    subprocess.run(argv, check=True, capture_output=True, cwd=cwd)


def rows(r):
    return list(csv.DictReader(io.StringIO(out(r))))


def make_tree(root):
    root.mkdir()
    sh("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(root / "ec.pem"))
    sh("openssl", "genpkey", "-algorithm", "ed25519", "-out", str(root / "ed.pem"))
    sh("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=t", "-days", "9",
       "-keyout", str(root / "rsa.key"), "-out", str(root / "rsa.crt"))
    (root / "deep").mkdir()
    shutil.copy(root / "ec.pem", root / "deep" / "copy.pem")
    os.link(root / "ec.pem", root / "deep" / "hard.pem")
    (root / "deep" / "loop").symlink_to("..")
    (root / "self").symlink_to("self")
    (root / "out-of-tree").symlink_to("/etc/ssl")
    os.mkfifo(root / "fifo")
    s = socket.socket(socket.AF_UNIX)
    s.bind(str(root / "sock"))
    s.close()
    (root / "empty").touch()
    (root / "weird \x1b[31m name\n.pem").write_bytes((root / "ec.pem").read_bytes() + b"# tail\n")
    with open(root / "sparse", "wb") as f:
        f.truncate(64 << 20)
    return root


def coverage_adds_up(doc):
    c = doc["coverage"]
    rest = sum(c[k] for k in ("symlinks", "devices", "sockets", "fifos", "unreadable", "over_limit", "mounts"))
    return c["seen"] == c["read"] + rest, c


with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    tree = make_tree(tmp / "tree")
    r1 = run("scan", "-j1", tree, "-o", "csv", "--now", "2027-01-01")
    r8 = run("scan", "-j8", tree, "-o", "csv", "--now", "2027-01-01")
    ok(r1.returncode == 0, "a tree with loops, pipes and sockets is scanned", err(r1))
    ok(r1.stdout == r8.stdout and len(r1.stdout) > 500, "-j1 and -j8 give the same bytes")
    ok(out(r1).split("\r\n")[0] == "target,path,offset,object,meaning,function,family,algorithm,parameter,"
       "quantum,evidence,rule,id", "the CSV has exactly its columns")
    table = rows(r1)
    ec = [x for x in table if x["family"] == "EC" and x["meaning"] == "key"]
    ok(len([x for x in ec if x["path"].endswith(("ec.pem", "copy.pem", "hard.pem"))]) == 3,
       "a copy and a hard link are reported at every path", ec)
    ok(len({x["id"] for x in ec}) == 1, "the same key has one id wherever it lies", ec)
    ok(any("\\x1b" in x["path"] and "\n" not in x["path"] for x in ec), "hostile names are printed harmlessly")
    ok(not any("out-of-tree" in x["path"] or "/loop/" in x["path"] for x in table), "links are not followed")

    run("scan", "-j3", tree, "-q", "-o", f"json={tmp}/a.json", "-o", f"html={tmp}/a.html", "-o", f"csv={tmp}/a.csv",
        "-o", f"cbom={tmp}/a.cdx.json", "--now", "2027-01-01")
    run("scan", "-j1", tree, "-q", "-o", f"json={tmp}/b.json", "-o", f"html={tmp}/b.html",
        "-o", f"cbom={tmp}/b.cdx.json", "--now", "2027-01-01")
    for kind in ("json", "html", "cdx.json"):
        ok((tmp / f"a.{kind}").read_bytes() == (tmp / f"b.{kind}").read_bytes(), f"{kind}: -j3 and -j1 give the same bytes")
    ok(all(stat.S_IMODE((tmp / f).stat().st_mode) == 0o600 for f in ("a.json", "a.html", "a.csv", "a.cdx.json")),
       "reports are mode 0600")
    doc = json.loads((tmp / "a.json").read_text())
    good, c = coverage_adds_up(doc)
    n = sum(1 for d, ds, fs in os.walk(tree) for _ in fs + [x for x in ds if os.path.islink(os.path.join(d, x))])
    ok(good, "coverage: seen = read + each reason", c)
    ok(c["seen"] == n, "coverage: everything in the tree was seen", f"{c['seen']} of {n}")
    ok(c["fifos"] == 1 and c["sockets"] == 1 and c["symlinks"] == 3, "pipes, sockets and links are counted", c)
    ok(c["copies"] >= 2, "copies are counted", c)
    r = run("report", tmp / "a.json", "-q", "-o", f"html={tmp}/c.html", "-o", f"json={tmp}/c.json", "-o", f"csv={tmp}/c.csv")
    ok(r.returncode == 0, "a saved inventory is read back", err(r))
    for kind in ("html", "csv", "json"):
        ok((tmp / f"a.{kind}").read_bytes() == (tmp / f"c.{kind}").read_bytes(), f"{kind} from the saved inventory is the same")
    run("scan", REPO / "fixtures/cluster", "-q", "--now", "2027-01-01", "--capacity", "7.5", "--start", "2027-03-01", "--regime", "us-eo-14412",
        "-o", f"json={tmp}/d.json", "-o", f"html={tmp}/d.html")
    run("report", tmp / "d.json", "-q", "-o", f"html={tmp}/e.html", "-o", f"json={tmp}/e.json")
    ok((tmp / "d.html").read_bytes() == (tmp / "e.html").read_bytes() and (tmp / "d.json").read_bytes() == (tmp / "e.json").read_bytes(),
       "also with capacity, start and regime of the first run")
    r = run("report", "-", "-o", "csv", stdin=(tmp / "a.json").read_bytes())
    ok(r.stdout == (tmp / "a.csv").read_bytes(), "report - reads standard input", err(r))

    # targets
    r = run("scan", "-", "-o", "csv", stdin=(tree / "ec.pem").read_bytes())
    ok(r.returncode == 0 and "EC" in out(r) and "(stdin)" in out(r), "- scans standard input", out(r))
    (tmp / "list").write_text(f"# two\n{tree}/ec.pem\n\n{tree}/none\n")
    r = run("scan", f"@{tmp}/list", "-o", "csv")
    ok(r.returncode == 0 and len(rows(r)) == 1, "@FILE: a member that fails is coverage", (r.returncode, out(r)))
    r = run("scan", "@-", "-o", "csv", stdin=f"{tree}/ed.pem\n".encode())
    ok(r.returncode == 0 and "Ed25519" in out(r), "@- reads the list from standard input", err(r))
    r = run("scan", tree / "ec.pem", tree / "none", "-o", "csv")
    ok(r.returncode == 3 and len(rows(r)) == 1, "a named target that is missing: exit 3, the rest is there", (r.returncode, err(r)))
    ok("none" in err(r) and "No such file" in err(r), "and it says which and why", err(r))
    (tmp / "void").mkdir()
    r = run("scan", tmp / "void")
    ok(r.returncode == 4, "an empty folder: exit 4", (r.returncode, err(r)))
    (tmp / "links").mkdir()
    (tmp / "links" / "a").symlink_to("/etc/passwd")
    r = run("scan", tmp / "links")
    ok(r.returncode == 4, "a folder of links only: exit 4", (r.returncode, err(r)))
    r = run("scan", "/dev/null")
    ok(r.returncode == 3 and "device" in err(r), "a device is refused as a target", err(r))
    r = run("scan", "--fail-on-incomplete", tree)
    ok(r.returncode == 0, "--fail-on-incomplete passes when all was read", err(r))

    ring = tmp / "keyrings"
    ring.mkdir()
    home = tmp / "gnupg"
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""]
    sh(*gpg, "--quick-generate-key", "other@example.org", "rsa2048", "sign", "never")
    (ring / "archive.gpg").write_bytes(subprocess.run([*gpg, "--export"], check=True, capture_output=True).stdout)
    shutil.copy(ring / "archive.gpg", tmp / "own.gpg")
    r = run("scan", ring, "-o", "csv")
    ok(len(rows(r)) == 0, "a keyring of other people's keys folds", out(r))
    r = run("scan", ring, "-o", "csv", "--expand-trust-stores")
    ok(len(rows(r)) == 1, "and is listed on request", out(r))
    r = run("scan", tmp / "own.gpg", "-o", "csv")
    ok(len(rows(r)) == 1, "a public key elsewhere is listed", out(r))
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], capture_output=True)

    # usage
    for args, word in ((("scan",), "name what to scan"), (("scan", ""), "an empty text"), (("scan", "-o", "pdf", "x"), "unknown format"),
                       (("scan", "--nope", "x"), "unknown option"), (("skan", "x"), "did you mean `pqmap scan`"),
                       (("scan", "-j", "0", "x"), "1 to 256"), (("scan", "--now", "tomorrow", "x"), "not a date"),
                       (("scan", "--regime", "mars", "x"), "unknown"), (("report",), "saved inventory"),
                       (("rules", "show", "nothing-like-it"), "no rule"), (("scan", "-o", "json", "-o", "csv", "x"), "two reports"),
                       (("scan", "--rules", "/nonexistent", "x"), "rules folder")):
        r = run(*args)
        ok(r.returncode == 2 and word in err(r) and len(err(r).splitlines()) == 1, f"usage: {' '.join(args)}", err(r))
    r = run("scan", tree, "-q", "-o", "json=/nonexistent/dir/a.json")
    ok(r.returncode == 3 and "/nonexistent/dir/a.json" in err(r), "a report that cannot be written is said", err(r))
    full = run("scan", tree, "-o", "json=/dev/full", "-q")
    ok(full.returncode == 3 and "No space" in err(full), "a full disk is said", err(full))

    # a file that cannot be read
    if os.geteuid() == 0:
        (tree / "secret").write_bytes((tree / "ec.pem").read_bytes())
        (tree / "secret").chmod(0)
        (tree / "closed").mkdir()
        (tree / "closed").chmod(0)
        for p in [tmp, tree, tree / "deep"]:
            p.chmod(0o755)
        for p in [*tree.iterdir(), *(tree / "deep").iterdir()]:
            if p.is_file() and not p.is_symlink() and p.name != "secret":
                p.chmod(0o644)
        import kit
        program = tmp / "pqmap"
        shutil.copy(kit.PQMAP, program)
        program.chmod(0o755)
        r = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", str(program), "scan", str(tree), "-o", "json"],
                           capture_output=True, cwd="/")
        doc = json.loads(r.stdout) if r.returncode == 0 else {}
        ok(r.returncode == 0 and doc["coverage"]["unreadable"] == 2, "unreadable file and folder are coverage, exit 0",
           r.stderr.decode()[-300:])
        ok({n["reason"] for n in doc.get("coverage", {}).get("notes", [])} >= {"unreadable"}, "with a note each")
        ok(coverage_adds_up(doc)[0] if doc else False, "and coverage still adds up")
        r = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", str(program), "scan", "--fail-on-incomplete", str(tree)],
                           capture_output=True, cwd="/")
        ok(r.returncode == 3, "--fail-on-incomplete: exit 3", r.stderr.decode()[-300:])
    else:
        skip("unreadable files: needs root to become another user")

    # a file that shrinks while it is scanned: the program must live and say so
    big = tmp / "big"
    big.mkdir()
    pem = (tree / "ec.pem").read_bytes()
    (big / "grows.bin").write_bytes((os.urandom(1 << 16) + pem) * 400)
    p = subprocess.Popen([PQMAP_SAN, "scan", str(big), "-q", "-o", f"json={tmp}/s.json"], stderr=subprocess.PIPE)
    for _ in range(40):
        with open(big / "grows.bin", "r+b") as f:
            f.truncate(1000)
            f.truncate(26 << 20)
    _, e = p.communicate(timeout=120)
    ok(p.returncode in (0, 3), "a file that shrinks under us does not kill the scan", e.decode()[-400:])

r = run("--version")
ok(r.returncode == 0 and "libcrypto" in out(r) and "rules" in out(r), "--version names the libraries", out(r))
r = run("help")
ok(r.returncode == 0 and "scan" in out(r), "help lists the commands")
for cmd in ("scan", "report", "plan", "risk", "rules", "help", "version"):
    r = run("help", cmd)
    ok(r.returncode == 0 and out(r).startswith(f"usage: pqmap {cmd}"), f"help {cmd}", err(r))
r = run("rules", "show", "Rainbow")
ok("multivariate" in out(r) and r.returncode == 0, "rules show FAMILY tells the basis of a broken candidate", out(r)[:200])
r = run("rules", "show", "1.2.840.10045.2.1")
ok("EC" in out(r) and "ecdlog" in out(r), "rules show OID finds the family", out(r)[:200])
graded = {"lib": "would make it use", "constant": "would make it linked", "static": "would make it use", "go": "reached from main.main",
          "rust": "would make it linked", "java": "would give", "dotnet": "would give", "python": "would", "source": "would show that it is built",
          "node": "would make it parsed", "deps": "would make it parsed", "pe": "not read", "macho": "not read"}
rules = json.loads(out(run("rules", "list", "-o", "json")))["rules"]
bare = [x["id"] for x in rules if x["id"].split(".")[0] in graded and not (x.get("grade") and x.get("raise"))]
ok(not bare, "every rule of libraries, constants, binaries and source has a grade, and what would raise it", bare[:5])
for name, rule in (("lib", "lib.openssl.rsa"), ("constant", "constant.ec-p256"), ("static", "static.openssl3"), ("go", "go.rsa-sign"),
                   ("rust", "rust.rsa"), ("java", "java.jca.keypair"), ("python", "python.api.cryptography-rsa"), ("source", "source.c")):
    lines = [x for x in out(run("rules", "show", rule)).splitlines() if x.startswith("grade ")]
    ok(len(lines) == 1 and graded[name] in lines[0], f"rules show {rule} says in one line what would raise the grade", lines)
ok("grade " not in out(run("rules", "show", "alg.rsa")), "an algorithm has no grade")
r = run("rules", "list", "alg.")
ok(len(out(r).splitlines()) > 100, "rules list PREFIX lists")
done()
