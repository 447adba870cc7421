#!/usr/bin/env python3
"""Crypto facts of manifests against hand labels: precision, recall and line numbers.

Two sets, one judge each: the shared corpus (real files, 95 labels without lines), and fixtures/labelled-k8s, whose labels
give the line and against which every finding of pqmap on a labelled document is held. AI classes: test_k8s_ai.py."""
import csv
import json
import os
import pathlib
import re

from kit import REPO, done, err, ok, run, skip
from k8s_words import attribute, scan, words_of

FIXTURES = REPO / "fixtures/labelled-k8s"
CORPUS = pathlib.Path(os.environ.get("PQMAP_K8S_CORPUS", REPO.parent / "shared/corpus/k8s"))

# Rows whose label leaves out what their own document says: (file, document) -> facts that are right all the same.
ALSO = {
    # The second of two listeners, and the certificates of both.
    ("frontend-cert-validation.yaml", "Gateway/client-validation-basic"): {
        "tls.listener(HTTPS:8443,Terminate)", "tls.secretRef(foo-example-com-cert)", "tls.secretRef(bar-example-com-cert)"},
    # The same Secret as certificate and as CA; the label names it once.
    ("monitor_tls_patch.yaml", "0"): {"tls.caRef(Secret/metrics-server-cert)"},
    # Three RAY_TLS_* variables with the paths.
    ("ray-cluster.tls.yaml", "RayCluster/raycluster-tls"): {
        "tls.file(/etc/ca/tls/ca.crt)", "tls.file(/etc/ray/tls/tls.crt)", "tls.file(/etc/ray/tls/tls.key)"},
    # The Ingress ends with spec.tls: mydomain.com is served with tls-secret.
    ("ingress.yaml", "Ingress/nginx-test"): {"tls.listener(ingress:443)", "tls.secretRef(tls-secret)"},
}
# Facts of a label that its own document contradicts: with spec.tls ingress-nginx redirects port 80.
NOT = {
    ("ingress.yaml", "Ingress/nginx-test"): {"plain(ingress:80)"},
}
# Words of which one stands on the line that a finding of text names.
TEXT = {
    "k8s.script-makes-key": ["openssl", "ssh-keygen", "keytool"],
    "k8s.spire-ca-key": ["_key_type"],
    "k8s.text-groups-classical": ["curve", "Curve", "groups"],
    "k8s.store-json-plaintext": ["endpoint_url"],
    "k8s.kserve-url-scheme": ["urlScheme"],
}


# What products do unasked grows with every product that is known: a label that says it must be met, more is no mistake.
UNLABELLED = ("implied(",)


def plain_form(fact):
    """cert and key facts without the place, which is compared as a line; patterns of the scheme plain(*)."""
    m = re.fullmatch(r"(cert|key)\((.*?)(,(?:data|stringData)\..*)?\)", fact)
    if m:
        return f"{m.group(1)}({m.group(2)})"
    if fact.startswith("tls.server("):
        return "tls.server"
    return "plain(*)" if fact.startswith("plain(http://") else fact


def chosen(docs, which):
    if which == "*":
        return docs
    if which.isdigit():
        return docs[int(which):int(which) + 1]
    kind, name = which.split("/", 1)
    return [d for d in docs if d.kind == kind and d.name == name][:1]


def check_lines(report):
    """Explicit settings: the value stands on the line. Missing ones: an object starts there."""
    wrong = seen = 0
    for f in report["findings"]:
        for occ in f["occurrences"]:
            if not f["rule"].startswith("k8s.") or f["rule"] == "k8s.ai-service-plaintext" and "value" not in str(occ):
                continue
            lines = pathlib.Path(occ["path"]).read_text(encoding="utf-8", errors="replace").split("\n")
            here = lines[occ["line"] - 1] if occ["line"] <= len(lines) else ""
            value = attribute(occ, "value")
            if f["rule"] in TEXT:
                good = any(w in here for w in TEXT[f["rule"]])
            elif value:
                good = value in here
            else:
                good = re.match(r" *(- )?\"?[\w.-]+\"?:", here) is not None
            seen += 1
            wrong += not good
            if not good:
                print(f"note - wrong line {occ['line']} for {f['rule']} in {occ['path']}: {here.strip()[:60]}")
    ok(seen >= 60 and wrong == 0, "every finding names the right line", f"{wrong} of {seen} wrong")


def main():
    if not (CORPUS / "labels.tsv").exists():
        skip(f"no corpus at {CORPUS.name}: labels.tsv is missing")
        return
    hits = misses = false = 0
    held_out = 0
    scans = {}
    with open(CORPUS / "labels.tsv", newline="") as f:
        rows = list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))
    for row in rows:
        rel = f"{row['repo'].replace('/', '__')}/{row['path']}"
        path = str(CORPUS / rel)
        if path not in scans:
            scans[path] = scan(path)
        docs, with_keys, notes = scans[path]
        want = set() if row["crypto_facts"] == "-" else {plain_form(x) for x in row["crypto_facts"].split(" ")}
        mine = chosen(docs, row["doc"])
        got = {plain_form(x) for x, _ in words_of(mine, with_keys) if not x.startswith(UNLABELLED)}
        if "parse-error" in want:
            got |= {"parse-error"} if notes else set()
        # Armour without a body must not become a key; there is nothing to find.
        placeholders = {x for x in want if x.startswith("pem-placeholder")}
        held_out += len(placeholders)
        want -= placeholders
        key = (rel.split("/", 1)[1].split("/")[-1], row["doc"])
        want = (want | ALSO.get(key, set())) - NOT.get(key, set())
        if "cm.acmekey" in want:  # the label leaves the name out
            want = {x for x in want if x != "cm.acmekey"} | {x for x in got if x.startswith("cm.acmekey")} or {"cm.acmekey"}
        hits += len(want & got)
        misses += len(want - got)
        false += len(got - want)
        for x in sorted(want - got):
            print(f"note - missed {x} in {rel} {row['doc']}")
        for x in sorted(got - want):
            print(f"note - extra {x} in {rel} {row['doc']}")
    precision, recall = hits / max(1, hits + false), hits / max(1, hits + misses)
    print(f"note - {len(rows)} rows, {hits} right, {misses} missed, {false} extra, {held_out} placeholders: "
          f"precision {precision:.3f}, recall {recall:.3f}")
    ok(len(rows) >= 95 and hits >= 95, "enough labels to tell", f"{len(rows)} rows, {hits} facts")
    ok(precision >= 0.99, "precision of crypto facts is at least 0.99", f"{precision:.4f}")
    ok(recall >= 0.95, "recall of crypto facts is at least 0.95", f"{recall:.4f}")


class Tally:
    """Facts against labels: (word, line) pairs, each word of a document once."""

    def __init__(self):
        self.hits = self.misses = self.false = self.lines = self.wrong_lines = self.held_out = self.trapped = 0

    def add(self, name, want, got):
        for word in sorted(set(want) | set(got)):
            if word in want and word in got:
                self.hits += 1
                self.lines += len(want[word])
                wrong = want[word] - got[word]
                self.wrong_lines += len(wrong)
                if wrong:
                    print(f"note - line of {word} in {name}: {sorted(got[word])}, labelled {sorted(wrong)}")
            else:
                self.misses += word in want
                self.false += word in got
                print(f"note - {'missed' if word in want else 'extra'} {word} in {name}")

    def judge(self, what, rows):
        precision, recall = self.hits / max(1, self.hits + self.false), self.hits / max(1, self.hits + self.misses)
        print(f"note - {what}: {rows} documents, {self.hits} right, {self.misses} missed, {self.false} extra, "
              f"{self.held_out} placeholders: precision {precision:.3f}, recall {recall:.3f}; "
              f"{self.wrong_lines} of {self.lines} lines wrong")
        ok(precision >= 0.99, f"{what}: precision of crypto facts is at least 0.99", f"{precision:.4f}")
        ok(recall >= 0.95, f"{what}: recall of crypto facts is at least 0.95", f"{recall:.4f}")
        ok(self.wrong_lines == 0, f"{what}: every fact names the right line", f"{self.wrong_lines} of {self.lines} wrong")


def by_word(pairs):
    out = {}
    for word, line in pairs:
        out.setdefault(plain_form(word), set()).add(line)
    return out


def labels_of(text):
    """fact(detail)@line, separated by spaces."""
    for one in ([] if text == "-" else text.split(" ")):
        word, line = one.rsplit("@", 1)
        yield word, int(line)


def labelled(root, what):
    """The labels of a folder of our own: a document is the lines from one label to the next."""
    tally, scans, starts = Tally(), {}, {}
    with open(root / "labels.tsv", newline="", encoding="utf-8") as f:
        rows = list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))
    for row in rows:
        starts.setdefault(row["file"], []).append(int(row["line"]))
    for row in rows:
        path, line = root / row["file"], int(row["line"])
        if path not in scans:
            scans[path] = scan(path)
        docs, with_keys, _ = scans[path]
        end = min([x for x in starts[row["file"]] if x > line], default=1 << 30)
        mine = [d for d in docs if line <= d.line < end]
        head = path.read_text(encoding="utf-8").split("\n")[line - 1:end - 1]
        kind = next((line + i for i, text in enumerate(head) if text.lstrip("{ ").startswith("kind:")), line)
        # What follows from absence is told where the object begins, and labelled at its kind.
        got = by_word((word, kind if at == line else at) for word, at in words_of(mine, with_keys))
        want = by_word(labels_of(row["crypto_facts"]))
        got = {word: lines for word, lines in got.items() if word in want or not word.startswith(UNLABELLED)}
        placeholders = [x for x in want if x.startswith("pem-placeholder")]
        tally.held_out += len(placeholders)
        for x in placeholders:
            del want[x]
        before = tally.false
        tally.add(f"{row['file']}:{line} {row['doc']}", want, got)
        tally.trapped += tally.false - before if "trap" in row["note"] else 0
    ok(len(rows) >= 300 and tally.hits >= 100, f"{what}: enough labels to tell", f"{len(rows)} rows, {tally.hits} facts")
    traps = sum("trap" in row["note"] for row in rows)
    ok(tally.trapped == 0, f"{what}: none of {traps} look-alikes gives a false fact", f"{tally.trapped} do")
    tally.judge(what, len(rows))


def whole():
    if not CORPUS.is_dir():
        return
    r = run("scan", CORPUS, "-q", "-o", "json")
    ok(r.returncode in (0, 3), "the corpus is scanned at once", err(r))
    check_lines(json.loads(r.stdout))


main()
whole()
labelled(FIXTURES, "labelled-k8s")
done()
