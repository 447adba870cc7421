#!/usr/bin/env python3
"""Databases of rpm: each store that rpm has had, in images and trees, what rpm itself says of them, large and broken ones."""
import json
import pathlib
import random
import shutil
import subprocess
import sys

from kit import PQMAP_SAN, REPO, done, err, ok, run, skip, tmpdir

sys.path.insert(0, str(REPO / "tests/images"))
import rpmdb  # noqa: E402
from make import Layout, tar_of  # noqa: E402

CRYPTO = [rpmdb.header("openssl-libs", "3.0.7", "27.el9", 1, source="openssl-3.0.7-27.el9.src.rpm"),
          rpmdb.header("openssh-server", "8.7p1", "38.el9"), rpmdb.header("gnutls", "3.8.3", "4.el9", filler=50000),
          rpmdb.header("libgcrypt", "1.10.0", "10.el9_2", files=["libgcrypt.so.20"] * 3000)]
WANT = {"openssl-libs": "1:3.0.7-27.el9", "openssh-server": "8.7p1-38.el9", "gnutls": "3.8.3-4.el9", "libgcrypt": "1.10.0-10.el9_2"}
PLACES = {"sqlite": "usr/lib/sysimage/rpm/rpmdb.sqlite", "ndb": "usr/lib/sysimage/rpm/Packages.db", "bdb": "var/lib/rpm/Packages"}


def scan(tmp, target, program=None):
    report = tmp / "report.json"
    report.unlink(missing_ok=True)
    r = run("scan", target, "-o", f"json={report}", **({"program": program} if program else {}))
    doc = json.loads(report.read_bytes()) if report.exists() else {"findings": [], "objects": [], "coverage": {"notes": []}}
    facts = {f["key"]: f["value"] for o in doc["objects"] if o["kind"] == "Packages" for f in o["facts"]}
    return r, doc, facts, [n.get("words", "") for n in doc["coverage"]["notes"]]


def attributes(doc, rule):
    return [{a["key"]: a["value"] for a in o.get("attributes", [])} for f in doc["findings"] if f["rule"] == rule for o in f["occurrences"]]


def many(n, filler=3000):
    """Packages as a distribution has them, those of cryptography among them."""
    rnd = random.Random(7)
    return [rpmdb.header(f"thing{i}", "1.0", "1.el9", filler=rnd.randrange(filler)) for i in range(n)]


def made(tmp, kind, headers, name="db", **how):
    path = tmp / f"{name}-{kind}"
    path.unlink(missing_ok=True)
    return path if getattr(rpmdb, kind)(path, headers, **how) is not False else None


def stores(tmp):
    headers = many(300)
    headers[5:5], headers[200:200] = CRYPTO[:2], CRYPTO[2:]
    for kind, hows in (("sqlite", [{}, {"page": 512}, {"page": 65536}]), ("ndb", [{}]),
                       ("bdb", [{}, {"page": 512}, {"order": 4321}, {"page": 65536}])):
        for how in hows:
            path = made(tmp, kind, headers, **how)
            if path is None:
                skip("no tool of Berkeley DB: its databases are not made")
                break
            words = f"{kind} {how or ''}".strip()
            root = tmp / f"root-{words}"
            (root / PLACES[kind]).parent.mkdir(parents=True)
            shutil.copy(path, root / PLACES[kind])
            r, doc, facts, notes = scan(tmp, root, PQMAP_SAN)
            ok(r.returncode == 0 and facts == WANT and not notes, f"{words}: versions of 304 packages in a tree", err(r) + str((facts, notes)))
            got = attributes(doc, "image.openssl-classical")
            ok(len(got) == 1 and got[0].get("package") == "openssl-libs" and got[0].get("source_package") == "openssl",
               f"{words}: OpenSSL without a hybrid group", got)
            layout = Layout(tmp / f"image-{words}")
            layout.image([tar_of([(PLACES[kind], path.read_bytes())])])
            _, doc, in_image, _ = scan(tmp, f"oci:{tmp / f'image-{words}'}")
            ok(in_image == facts and attributes(doc, "image.openssl-classical")[0].get("layer_index") == "1", f"{words}: the same in an image", in_image)


def as_rpm_says(tmp):
    """A database that rpm wrote, and one that it reads."""
    if shutil.which("rpmbuild") is None:
        skip("no rpmbuild: nothing of rpm's own is read")
        return
    (tmp / "t.spec").write_text("Name: libopenssl3\nVersion: 3.1.4\nRelease: 150600.5\nSummary: t\nLicense: x\nBuildArch: noarch\n"
                                "%description\nx\n%files\n")
    subprocess.run(["rpmbuild", "-bb", "--define", f"_topdir {tmp}/top", tmp / "t.spec"], check=True, capture_output=True)
    package = next(pathlib.Path(tmp / "top").rglob("*.rpm"))
    root = tmp / "of-rpm"
    folder = root / "usr/lib/sysimage/rpm"
    folder.mkdir(parents=True)
    subprocess.run(["rpm", "--dbpath", folder, "-i", "--justdb", "--nodeps", "--noscripts", package], check=True, capture_output=True)
    _, _, facts, notes = scan(tmp, root)
    said = subprocess.run(["rpm", "--dbpath", folder, "-qa", "--qf", "%{NAME} %{VERSION}-%{RELEASE}"], capture_output=True, text=True).stdout
    ok([f"{k} {v}" for k, v in facts.items()] == [said] and not notes, "a database that rpm wrote", (said, facts, notes))
    folder = tmp / "for-rpm"
    folder.mkdir()
    if rpmdb.bdb(folder / "Packages", CRYPTO):
        said = subprocess.run(["rpm", "--define", "_db_backend bdb_ro", "--dbpath", folder, "-qa", "--qf", "%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\n"],
                              capture_output=True, text=True).stdout
        ok(dict(x.split() for x in said.splitlines()) == WANT, "rpm reads the databases of these tests as they are meant", said)
    (root / "usr/lib/sysimage/rpm/rpmdb.sqlite-wal").write_bytes(b"x")
    _, _, _, notes = scan(tmp, root)
    ok(any("not yet written" in n for n in notes), "changes that are not in the database yet are told", notes)


def large(tmp):
    """30 MiB are read whole in an image too, 80 MiB only in a tree; what is missing is told."""
    for size, count in ((30, 600), (80, 1600)):
        headers = [rpmdb.header(f"thing{i}", "1.0", "1", filler=50000) for i in range(count)]
        headers[count // 2:count // 2] = CRYPTO
        path = made(tmp, "sqlite", headers, f"large{size}")
        root = tmp / f"large-{size}"
        (root / PLACES["sqlite"]).parent.mkdir(parents=True)
        shutil.copy(path, root / PLACES["sqlite"])
        _, _, facts, notes = scan(tmp, root)
        ok(facts == WANT and not notes, f"{size} MiB in a tree", (facts, notes))
        layout = Layout(tmp / f"large-image-{size}")
        layout.image([tar_of([(PLACES["sqlite"], path.read_bytes())])])
        r, _, facts, notes = scan(tmp, f"oci:{tmp / f'large-image-{size}'}")
        if size == 30:
            ok(facts == WANT and not notes, "30 MiB in an image", (facts, notes))
        else:
            ok(r.returncode == 0 and facts != WANT and any("could not be" in n for n in notes), "80 MiB in an image: what was not read is told",
               (err(r), facts, notes))


def hostile(tmp):
    rnd = random.Random(3)
    root = tmp / "hostile"
    for kind in PLACES:
        path = made(tmp, kind, many(40, 9000) + CRYPTO, "good")
        if path is None:
            continue
        good = path.read_bytes()
        place = root / kind
        n = 0
        for cut in [0, 1, 15, 16, 99, 100, 511, 4095, 4096, 5000, len(good) // 2, len(good) - 1]:
            n += 1
            (place / str(n) / PLACES[kind]).parent.mkdir(parents=True)
            (place / str(n) / PLACES[kind]).write_bytes(good[:cut])
        for _ in range(60):
            bad = bytearray(good)
            for _ in range(rnd.randrange(1, 60)):
                at = rnd.randrange(len(bad)) if rnd.random() < .5 else rnd.randrange(4096 * 3)
                bad[at] = rnd.choice([0, 1, 5, 13, 255, rnd.randrange(256)])
            n += 1
            (place / str(n) / PLACES[kind]).parent.mkdir(parents=True)
            (place / str(n) / PLACES[kind]).write_bytes(bad)
    r, doc, _, notes = scan(tmp, root, PQMAP_SAN)
    ok(r.returncode == 0, "216 broken databases", err(r)[-2000:])
    ok(any("neither" in n for n in notes) and any("could not be" in n for n in notes), "are told", sorted(set(notes))[:9])
    # A page that leads to itself.
    path = made(tmp, "sqlite", many(400), "circle", page=512)
    data = bytearray(path.read_bytes())
    for no in range(1, len(data) // 512):
        at = no * 512
        if data[at] == 5:
            data[at + 8:at + 12] = (no + 1).to_bytes(4, "big")
    ring = tmp / "ring" / PLACES["sqlite"]
    ring.parent.mkdir(parents=True)
    ring.write_bytes(data)
    r, _, _, notes = scan(tmp, tmp / "ring", PQMAP_SAN)
    ok(r.returncode == 0 and any("could not be" in n for n in notes), "a circle of pages ends", err(r) + str(notes))


def main():
    with tmpdir() as name:
        tmp = pathlib.Path(name)
        stores(tmp)
        as_rpm_says(tmp)
        large(tmp)
        hostile(tmp)
    done()


main()
