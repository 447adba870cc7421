#!/usr/bin/env python3
"""The same tree as a folder and as an image in any split into layers: the same findings, file by file; and what is hidden, exactly."""
import json
import os
import pathlib
import random
import subprocess
import sys
import time

from kit import REPO, done, err, ok, run, tmpdir

sys.path.insert(0, str(REPO / "tests/images"))
from make import Layout, old_save  # noqa: E402
from trees import Image, contents  # noqa: E402

OF_IMAGE = {"image", "platform", "layer", "layer_index", "made_by", "owner", "shipped"}
CASES = int(os.environ.get("CASES", "200"))
SEED = int(os.environ.get("SEED", "1"))


def scan(tmp, target):
    report = tmp / "report.json"
    report.unlink(missing_ok=True)
    r = run("scan", target, "--no-cache", "-o", f"json={report}", cwd=tmp)
    return r, json.loads(report.read_bytes()) if report.exists() else None


def sightings(doc):
    """path as reported -> what is said there, and the attributes of its image."""
    for f in doc["findings"]:
        for o in f["occurrences"]:
            own = {a["key"]: a["value"] for a in o.get("attributes", [])}
            said = (f["rule"], f["id"], f["algorithm"], f["parameter"], f["meaning"], o.get("line"), o.get("col"), o.get("offset"), o.get("object"),
                    tuple(sorted((k, v) for k, v in own.items() if k not in OF_IMAGE)))
            yield o["path"], said, {k: v for k, v in own.items() if k in OF_IMAGE}


def of_trees(doc):
    """Of each folder of "trees": path in it -> what is said."""
    found = {}
    for path, said, _ in sightings(doc):
        _, folder, rest = path.split("/", 2)
        found.setdefault(folder, set()).add((rest, said))
    return found


def of_image(doc):
    shown, hidden, wrong = set(), set(), []
    for path, said, image in sightings(doc):
        rest = path.split(" › ", 1)[1]
        by = None
        if rest.startswith("layer "):
            words, rest = rest.split(" › ", 1)
            by = int(words.split()[-1])
            hidden.add((rest[1:], int(words.split()[1].rstrip(",")), by, said))
        else:
            shown.add((rest[1:], said))
        index = image.get("layer_index", "")
        want = {"image", "platform", "layer", "layer_index", "made_by"} | ({"shipped"} if by else set())
        if set(image) != want or image["made_by"] != f"RUN step {index}" or "@sha256:" not in image["image"] or not rest.startswith("/"):
            wrong.append((path, image))
    return shown, hidden, wrong


def make(tmp, image, rnd, how):
    """The image in one of the forms that there are; gives the target."""
    tars = [l.tar(rnd) for l in image.layers]
    at = tmp / "image"
    if how == "docker-archive":
        old_save(tmp / "image.tar", tars)
        return f"docker-archive:{tmp / 'image.tar'}"
    Layout(at).image(tars, rnd.choice(["gzip", "plain"]))
    if how == "oci-archive":
        subprocess.run(["tar", "-cf", tmp / "image.tar", "-C", at, "."], check=True)
        return f"oci-archive:{tmp / 'image.tar'}"
    return f"oci:{at}"


def case(tmp, seed, pool, fixed):
    """What differs; empty: nothing."""
    rnd = random.Random(seed)
    image = Image(rnd, pool, fixed, rnd.choice([1, 1, 2, 2, 3, 4, 5]))
    how = rnd.choice(["oci", "oci", "oci-archive", "docker-archive"])
    trees = tmp / "trees"
    image.write(trees / "all")
    for i, l in enumerate(image.layers, 1):
        l.write(trees / str(i))
    r, doc = scan(tmp, "trees")
    if doc is None:
        return [err(r)], 0, 0
    trees_say = of_trees(doc)
    r, doc = scan(tmp, make(tmp, image, rnd, how))
    if doc is None or r.returncode != 0:
        return [err(r)], 0, 0
    shown, hidden, wrong = of_image(doc)
    if how == "docker-archive":  # it has no history, and may have no digest
        wrong = []
    _, masks = image.visible()

    want = trees_say.get("all", set())
    differs = [("image", x) for x in shown - want] + [("tree", x) for x in want - shown] + [("attributes", x) for x in wrong]
    names = {(shown_name(p), i): by for (p, i), by in masks.items()}
    want_hidden = {}
    for i in range(1, len(image.layers) + 1):
        for path, said in trees_say.get(str(i), ()):
            by = next((names[p, i] for p in ([path] + [path[:k] for k in range(len(path)) if path.startswith(" › ", k)]) if (p, i) in names), None)
            if by and said[4] in ("key", "cert"):
                want_hidden[path, i, said] = by
    got_hidden = {(p, i, s): by for p, i, by, s in hidden}
    differs += [("hidden, not wanted", x) for x in got_hidden if x not in want_hidden]
    differs += [("not hidden", x) for x in want_hidden if x not in got_hidden]
    differs += [("hidden by another", x, got_hidden[x], want_hidden[x]) for x in got_hidden if x in want_hidden and got_hidden[x] not in want_hidden[x]]
    return [how] + differs if differs else [], len(want), len(want_hidden)


def shown_name(path):
    """How a report writes a path: bytes that are no text are escaped."""
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(f"\\x{ord(c):02x}" if c < " " or c == "\x7f" else c for c in text)


def main():
    with tmpdir() as name:
        tmp = pathlib.Path(name)
        pool, fixed = contents(tmp)
        bad, n_shown, n_hidden, start = [], 0, 0, time.monotonic()
        for seed in range(SEED, SEED + CASES):
            here = tmp / str(seed)
            here.mkdir()
            differs, shown, hidden = case(here, seed, pool, fixed)
            n_shown += shown
            n_hidden += hidden
            if differs:
                bad.append((seed, differs))
            if not os.environ.get("KEEP"):
                subprocess.run(["rm", "-rf", here], check=True)
            if len(bad) > 3:
                break
        ok(not bad, f"{CASES} random trees and splits into layers ({n_shown} findings, {n_hidden} hidden, {time.monotonic() - start:.0f} s)",
           "\n    ".join(f"SEED={s} CASES=1: {len(d)}\n        " + "\n        ".join(map(str, d[:7])) for s, d in bad[:4]))
        ok(n_shown > 4 * CASES and n_hidden > CASES / 2, "there was something to compare", (n_shown, n_hidden))
    done()


main()
