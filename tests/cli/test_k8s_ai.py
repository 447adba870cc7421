"""AI classes: what pqmap says of labelled manifests, against what readers said of them.

Two sets: fixtures/labelled-k8s, and the shared corpus (PQMAP_CORPUS, or beside the repository); of the first a third, chosen
by a hash of the name, is held out and its errors are not shown unless PQMAP_HELD_OUT=1."""
import collections
import hashlib
import json
import os
import pathlib
import re

from kit import REPO, done, err, ok, run, skip, tmpdir

CLASSES = ["training", "inference", "data", "registry", "notebook", "federated", "platform", "client", "none"]
F1_MIN = 0.95
FIXTURES = REPO / "fixtures/labelled-k8s"


def corpus():
    beside = [REPO.parent / "shared/corpus/k8s", REPO.parent.parent / "shared/corpus/k8s"]
    given = os.environ.get("PQMAP_CORPUS")
    for d in ([pathlib.Path(given) / "k8s"] if given else []) + beside:
        if (d / "labels.tsv").is_file():
            return d
    return None


def scan(where):
    r = run("scan", "-o", "json", where)
    return json.loads(r.stdout) if ok(r.returncode in (0, 1), f"scan of {pathlib.Path(where).name}", err(r)) else None


def rows(path):
    lines = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    names = lines[0].split("\t")
    return [dict(zip(names, line.split("\t"))) for line in lines[1:]]


def starts(path):
    """The lines at which the documents of a file begin, empty ones left out."""
    found, text = [], path.read_text(encoding="utf-8", errors="replace").split("\n")
    fresh = True
    for n, line in enumerate(text, 1):
        if re.match(r"---(\s|$)", line):
            fresh = True
        elif fresh and line.strip() and not line.lstrip().startswith(("#", "%")):
            found.append(n)
            fresh = False
    return found


class Answers:
    """What pqmap says of a document: the node that begins in its lines."""

    def __init__(self, report, root):
        self.root = root
        self.at = collections.defaultdict(list)
        for n in report["graph"]["nodes"]:
            if n.get("path") and not n.get("ghost") and n["type"] not in ("asset", "image"):
                path = pathlib.Path(n["path"])
                self.at[str(path.relative_to(root) if path.is_absolute() else path)].append(n)

    def of(self, file, line, end, kind=None, name=None):
        best = None
        for n in self.at[file]:
            if line <= n["line"] < end and kind in (None, n.get("kind")) and name in (None, n.get("name")):
                if best is None or "ai_class" in n:
                    best = n
        return best


def answer(node):
    return (node.get("ai_class", "none"), node.get("ai_level", "none")) if node else ("none", "none")


def labelled(answers):
    """(name, expected, said, level, trap, node) of each row of the fixtures."""
    for r in rows(FIXTURES / "labels.tsv"):
        at = starts(FIXTURES / r["file"])
        line = int(r["line"])
        end = next((x for x in at if x > line), 1 << 30)
        node = answers.of(r["file"], line, end)
        said, level = answer(node)
        yield f"{r['file']}:{r['line']} {r['doc']}", r["ai_class"].split("|"), said, level, "trap" in r["note"], node


def corpus_rows(answers, root):
    for r in rows(root / "labels.tsv"):
        expected = r["ai_class"].split("|")
        if "parse-error" in expected:
            continue
        file = r["repo"].replace("/", "__") + "/" + r["path"]
        kind = name = None
        line, end = 1, 1 << 30
        if "/" in r["doc"]:
            kind, name = r["doc"].split("/", 1)
        elif r["doc"].isdigit():
            at = starts(root / file)
            line = at[int(r["doc"])] if int(r["doc"]) < len(at) else 1
            end = next((x for x in at if x > line), 1 << 30)
        node = answers.of(file, line, end, kind, name)
        said, level = answer(node)
        yield f"{file} {r['doc']}", expected, said, level, "trap" in r["note"], node


def scores(what, found, wanted=CLASSES):
    tp, fp, fn = (collections.Counter() for _ in range(3))
    for _, expected, said, _, _, _ in found:
        if said in expected:
            tp[said] += 1
        else:
            fp[said] += 1
            fn[expected[0]] += 1
    f1s = []
    for c in wanted:
        if tp[c] + fp[c] + fn[c] == 0:
            continue
        p = tp[c] / (tp[c] + fp[c]) if tp[c] + fp[c] else 0
        r = tp[c] / (tp[c] + fn[c]) if tp[c] + fn[c] else 0
        f1s.append(2 * p * r / (p + r) if p + r else 0)
        print(f"    {what} {c:10} n={tp[c] + fn[c]:3} precision {p:.3f} recall {r:.3f} F1 {f1s[-1]:.3f}")
    macro = sum(f1s) / len(f1s) if f1s else 0
    ok(macro >= F1_MIN, f"{what}: macro-F1 {macro:.4f} over {len(f1s)} classes, {len(found)} documents",
       f"below {F1_MIN}")


def errors(found):
    for name, expected, said, level, _, _ in found:
        if said not in expected:
            print(f"    {name}: {said} ({level}), wanted {'|'.join(expected)}")


def is_held_out(row):
    name = re.sub(r":\d+ ", " ", row[0])
    return hashlib.sha256(name.encode()).digest()[0] % 3 == 0


def traps(what, found):
    bad = [f"{n}: {said} {level}" for n, expected, said, level, trap, _ in found
           if trap and said not in expected and level in ("certain", "high")]
    ok(not bad, f"{what}: none of {sum(f[4] for f in found)} traps is said with high or certain", "\n    ".join(bad))
    bad = [f"{n}: {said}" for n, expected, said, level, _, _ in found if said not in expected and level == "certain"]
    ok(not bad, f"{what}: no certain error", "\n    ".join(bad))


def signals(what, found):
    """Every verdict lists its signals, each with a line of the file, and its score follows from them."""
    bad = []
    for name, _, said, level, _, node in found:
        if said == "none":
            continue
        s = node.get("signals", [])
        miss = 1.0
        for x in s:
            miss *= 1 - x["weight"]
        if not s or abs(1 - miss - node["ai_confidence"]) > 1e-3 or any(x["line"] < node["line"] for x in s):
            bad.append(name)
    ok(not bad, f"{what}: verdicts list their signals with file, line and weight", bad[:5])


def fixtures_set():
    report = scan(FIXTURES)
    if report is None:
        return
    found = list(labelled(Answers(report, FIXTURES)))
    tuned = [r for r in found if not is_held_out(r)]
    held = [r for r in found if is_held_out(r)]
    ok(len(found) >= 300 and sum(r[4] for r in found) >= 60, f"{len(found)} documents, {sum(r[4] for r in found)} traps")
    scores("labelled, tuned", tuned)
    errors(tuned)
    scores("labelled, held out", held)
    if os.environ.get("PQMAP_HELD_OUT"):
        errors(held)
    traps("labelled", found)
    signals("labelled", found)


def corpus_set():
    root = corpus()
    if root is None:
        skip("no shared corpus (PQMAP_CORPUS)")
        return
    report = scan(root)
    if report is None:
        return
    found = list(corpus_rows(Answers(report, root), root))
    scores("corpus", found)
    errors(found)
    traps("corpus", found)
    signals("corpus", found)


MANIFESTS = """\
apiVersion: v1
kind: Namespace
metadata: {name: clinic, annotations: {pqmap.dev/impact: "4", pqmap.dev/owner: clinic-it}}
---
apiVersion: production-stack.vllm.ai/v1alpha1
kind: VLLMRuntime
metadata: {name: base, namespace: clinic, annotations: {pqmap.dev/shelf-life: 12y, pqmap.dev/exposure: internet}}
spec: {model: {modelURL: acme/private-base}}
---
apiVersion: production-stack.vllm.ai/v1alpha1
kind: LoraAdapter
metadata: {name: notes-lora, namespace: clinic}
spec: {baseModel: base, adapterSource: {type: huggingface, repository: acme/notes-lora}}
---
apiVersion: ome.io/v1beta1
kind: ClusterBaseModel
metadata: {name: shared}
spec: {storage: {storageUri: "s3://models/shared"}}
---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: a, namespace: clinic}
spec: {predictor: {model: {storageUri: "s3://models/one"}}}
---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: b, namespace: other, annotations: {pqmap.dev/shelf-life: soon}}
spec: {predictor: {model: {storageUri: "s3://models/one"}}}
---
apiVersion: data.fluid.io/v1alpha1
kind: Dataset
metadata: {name: scans, namespace: clinic}
spec: {mounts: [{mountPoint: "s3://clinic-scans/2026"}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cars, namespace: shop}
spec: {template: {spec: {containers: [{name: c, image: "shop/cars:1", args: ["--model=acme/roadster"]}]}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: llm-notes}
data: {storageUri: "s3://not/a-model"}
"""

DECLARED = """\
assets:
  - {name: "s3://models/shared", data-class: weights, life: 9y, impact: 5, exposure: partner}
"""


def assets():
    """Models and datasets that are named are assets; owners decide their life, impact and exposure."""
    with tmpdir() as d:
        (pathlib.Path(d) / "all.yaml").write_text(MANIFESTS, encoding="utf-8")
        (pathlib.Path(d) / ".pqmap.yaml").write_text(DECLARED, encoding="utf-8")
        report = scan(d)
    if report is None:
        return
    graph = report["graph"]
    a = {x["id"]: x for x in graph["assets"]}
    base, lora, shared = a.get("hf://acme/private-base"), a.get("hf://acme/notes-lora"), a.get("s3://models/shared")
    one, scans = a.get("s3://models/one"), a.get("s3://clinic-scans/2026")
    if not ok(all((base, lora, shared, one, scans)), "models, adapters and datasets are assets, workload or not", list(a)):
        return
    ok(base["life_years"]["value"] == 12 and "shelf-life" in base["life_years"]["source"]
       and not base["life_years"]["assumption"], "an annotation sets the life, a public hub does not", base["life_years"])
    ok(any(h["exposure"] == "I" for h in base["hops"]), "an annotation sets the exposure", base["hops"])
    ok(lora["sources"] == ["hf://acme/private-base"] and lora["life_years"]["value"] == 12,
       "an adapter lives as long as the model under it", lora)
    ok(base["impact"]["value"] == 4 and base["owner"] == "clinic-it", "a namespace speaks for what is in it", base["impact"])
    ok(shared["life_years"]["value"] == 9 and shared["impact"]["value"] == 5
       and sum(x["id"].startswith("s3://models/shared") for x in graph["assets"]) == 1,
       ".pqmap.yaml decides what a reference names", shared)
    ok({e["to"] for e in graph["edges"] if e["from"] == one["node"]}
       == {"clinic/InferenceService/a", "other/InferenceService/b"}, "one model of two servers is one asset")
    ok(one["life_years"]["value"] == 5 and one["life_years"]["assumption"]
       and any("soon" in u for u in graph["unresolved"]), "a life that cannot be read is told, the default holds")
    ok(scans["kind"] == "training data" and scans["life_years"]["value"] == 7, "a dataset is training data", scans)
    ok(not [x for x in a if "roadster" in x or "not/a-model" in x], "words of others name no asset", list(a))
    ok(all(x["signals"] for x in (base, lora, one, scans)), "assets list the signals of what carries them")


fixtures_set()
corpus_set()
assets()
done()
