#!/usr/bin/python3
"""What `pqmap init` prints, taken by the tools that it is for: GitHub's own workflow parser, pre-commit, Kubernetes' client models,
shells; for the others the field names that their projects publish, and no other."""
import os
import pathlib
import re
import shutil
import subprocess

import kit
from kit import REPO, done, err, ok, out, run, skip, tmpdir

try:
    import yaml
except ImportError:
    yaml = None
IMAGE = "registry.example/me/pqmap:9"
ENV = {**os.environ, "PATH": f"{os.path.dirname(kit.PQMAP)}:{os.environ['PATH']}", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}


def template(name, *more):
    r = run("init", name, "--image", IMAGE, *more)
    ok(r.returncode == 0, f"init {name} {' '.join(more)}".strip(), err(r))
    return out(r)


def load(text):
    return [d for d in yaml.safe_load_all(text) if d is not None]


def strange(doc, shape, at=""):
    """Fields that the shape does not have. A shape is {field: shape}, [shape] for a list, "*" in front for any name, None for anything."""
    if shape is None or isinstance(shape, type):
        if isinstance(shape, type) and not isinstance(doc, shape):
            yield f"{at}: {type(doc).__name__}, not {shape.__name__}"
    elif isinstance(shape, list):
        if not isinstance(doc, list):
            yield f"{at}: no list"
        for i, one in enumerate(doc if isinstance(doc, list) else ()):
            yield from strange(one, shape[0], f"{at}[{i}]")
    elif not isinstance(doc, dict):
        yield f"{at}: no mapping"
    else:
        for key, value in doc.items():
            if key not in shape and "*" not in shape:
                yield f"{at}.{key}: unknown"
            else:
                yield from strange(value, shape.get(key, shape.get("*")), f"{at}.{key}")


# ---- GitHub ----

def github(d):
    text = template("github")
    path = d / "workflow.yml"
    path.write_text(text)
    modules = next((m for m in (os.environ.get("PQMAP_NPM", ""), "/tmp/npm/node_modules", str(REPO.parent / "shared/node_modules"))
                    if m and os.path.isdir(f"{m}/@actions/workflow-parser")), None)
    if modules and shutil.which("node"):
        def parser():
            r = subprocess.run(["node", REPO / "tests/tools/workflow.mjs", modules, path], capture_output=True, text=True, check=False)
            return r.stdout + r.stderr
        ok(parser() == "", "github: GitHub's own parser takes it", parser())
        for old, new in (("runs-on", "runs-at"), ("fetch-depth: 0", "fetch-depth: [0]"), ("contents: read", "contents: reed"), ("hashFiles(", "hashFile(")):
            path.write_text(text.replace(old, new, 1))
            ok(old in text and parser() != "", f"github: it refuses {new}")
    else:
        skip("GitHub's workflow parser is not here (npm @actions/workflow-parser, PQMAP_NPM=…/node_modules)")
    if yaml is None:
        return
    doc = load(text)[0]
    steps = doc["jobs"]["gate"]["steps"]
    script = next(s["run"] for s in steps if s["name" if "name" in s else "uses"] == "gate")
    ok("container" not in doc["jobs"]["gate"] and script.startswith("docker run --rm ") and f" {IMAGE} gate --since " in script,
       "github: the image, which has no shell, is run and not run in", script)
    # What the step runs, with a docker that runs this pqmap: the same code, and the file beside the checkout.
    fake = d / "bin"
    fake.mkdir()
    (fake / "docker").write_text(f'#!/bin/sh\nwhile [ "$1" != {IMAGE} ]; do shift; done\nshift\nexec {kit.PQMAP} "$@"\n')
    os.chmod(fake / "docker", 0o755)
    top = repository(d / "github")
    base = git(top, "rev-parse", "HEAD")
    env = {**ENV, "PATH": f"{fake}:{ENV['PATH']}", "BASE": base}
    for words, code in (("a clean change", 0), ("a key", 1)):
        if code:
            key(top / "k.pem")
        r = subprocess.run(["bash", "-e", "-c", script], cwd=top, env=env, capture_output=True, text=True, check=False)
        ok(r.returncode == code and (top / "pqmap.sarif").exists() and ("::error file=k.pem,line=1," in r.stdout) == bool(code),
           f"github: the step with {words}: {code}", r.stdout + r.stderr)


def git(folder, *args):
    r = subprocess.run(["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@b", *args], env=ENV, capture_output=True, text=True,
                       check=True)
    return r.stdout.strip()


def repository(top):
    top.mkdir()
    git(top, "init", "-q", "-b", "main")
    (top / "a.txt").write_text("x\n")
    git(top, "add", "-A")
    git(top, "commit", "-qm", "one")
    return top


def key(path):
    subprocess.run(["openssl", "genpkey", "-algorithm", "ED25519", "-out", path], check=True, capture_output=True)


# ---- GitLab ----

# Keywords of a job [docs.gitlab.com/ci/yaml]; of each only what a template could want.
GITLAB_JOB = {
    "image": {"name": str, "entrypoint": [str], "docker": None, "pull_policy": None}, "stage": str, "script": [str], "variables": {"*": str},
    "rules": [{"if": str, "when": str, "changes": None, "allow_failure": bool}], "before_script": [str], "after_script": [str], "needs": None,
    "tags": [str], "allow_failure": None, "timeout": str, "interruptible": bool,
    "artifacts": {"when": str, "paths": [str], "expire_in": str, "name": str, "reports": {"codequality": str, "junit": str, "sast": str}}}


def gitlab(d):
    text = template("gitlab")
    if yaml is None:
        return
    doc = load(text)[0]
    ok(list(doc) == ["pqmap"] and not list(strange(doc["pqmap"], GITLAB_JOB)), "gitlab: only keywords of a job", list(strange(doc["pqmap"], GITLAB_JOB)))
    ok(doc["pqmap"]["artifacts"]["when"] == "always", "gitlab: the reports of a gate that failed are kept")
    top = repository(d / "gitlab")
    env = {**ENV, "CI_MERGE_REQUEST_DIFF_BASE_SHA": git(top, "rev-parse", "HEAD")}
    key(top / "k.pem")
    r = subprocess.run(["sh", "-ec", "\n".join(doc["pqmap"]["script"])], cwd=top, env=env, capture_output=True, text=True, check=False)
    files = doc["pqmap"]["artifacts"]["reports"].values()
    ok(r.returncode == 1 and all((top / f).exists() for f in files), "gitlab: its script fails for a key, and writes the reports", r.stdout + r.stderr)


# ---- pre-commit and the hook ----

def pre_commit(d):
    text = template("pre-commit")
    top = repository(d / "pre-commit")
    (top / ".pre-commit-config.yaml").write_text(text)
    if not shutil.which("pre-commit"):
        skip("pre-commit is not here")
        return
    env = {**ENV, "PRE_COMMIT_HOME": str(d / "pre-commit-home"), "HOME": str(d)}

    def tool(*args):
        return subprocess.run(["pre-commit", *args], cwd=top, env=env, capture_output=True, text=True, check=False)
    r = tool("validate-config")
    ok(r.returncode == 0, "pre-commit: validate-config", r.stdout + r.stderr)
    git(top, "add", "-A")
    r = tool("run")
    ok(r.returncode == 0 and "Passed" in r.stdout, "pre-commit: a clean commit passes", r.stdout + r.stderr)
    r = tool("install")
    ok(r.returncode == 0, "pre-commit: installs", r.stdout + r.stderr)
    key(top / "k.pem")
    git(top, "add", "-A")
    r = tool("run")
    ok(r.returncode != 0 and "key.private" in r.stdout and "k.pem:1:1" in r.stdout, "pre-commit: a key does not", r.stdout + r.stderr)
    r = subprocess.run(["git", "-C", top, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "two"], env=env, capture_output=True,
                       text=True, check=False)
    ok(r.returncode != 0 and "key.private" in r.stdout + r.stderr, "pre-commit: and git refuses the commit", r.stdout + r.stderr)


# ---- Tekton, Argo ----

SECURITY = {"runAsNonRoot": bool, "runAsUser": int, "allowPrivilegeEscalation": bool, "readOnlyRootFilesystem": bool, "capabilities": {"drop": [str]}}
# [tekton.dev/docs/pipelines/tasks] and [argo-workflows.readthedocs.io/en/latest/fields]
TASK = {"apiVersion": str, "kind": str, "metadata": {"name": str, "namespace": str, "labels": None, "annotations": None}, "spec": {
    "description": str, "params": [{"name": str, "type": str, "default": None, "description": str}], "workspaces": [{"name": str, "description": str,
    "optional": bool, "readOnly": bool, "mountPath": str}], "results": [{"name": str, "description": str, "type": str}], "steps": [{"name": str,
    "image": str, "workingDir": str, "args": [str], "command": [str], "env": None, "script": str, "securityContext": SECURITY}]}}
ARTIFACT = {"name": str, "path": str, "optional": bool, "git": {"repo": str, "revision": str, "depth": int}}
WORKFLOW = {"apiVersion": str, "kind": str, "metadata": {"name": str}, "spec": {
    "entrypoint": str, "arguments": {"parameters": [{"name": str, "value": None}], "artifacts": [ARTIFACT]}, "templates": [{"name": str,
    "inputs": {"parameters": [{"name": str, "value": None}], "artifacts": [ARTIFACT]}, "outputs": {"artifacts": [ARTIFACT], "parameters": None},
    "container": {"image": str, "workingDir": str, "args": [str], "command": [str], "env": None, "securityContext": SECURITY}}]}}


def tekton():
    doc = load(template("tekton"))[0]
    ok((doc["apiVersion"], doc["kind"]) == ("tekton.dev/v1", "Task") and not list(strange(doc, TASK)), "tekton: only fields of a Task", list(strange(doc, TASK)))
    spec, text = doc["spec"], str(doc)
    ok(set(re.findall(r"\$\(params\.([\w-]+)\)", text)) == {p["name"] for p in spec["params"]} and
       set(re.findall(r"\$\(workspaces\.([\w-]+)\.path\)", text)) == {w["name"] for w in spec["workspaces"]}, "tekton: what is declared is used, and the other way round")
    ok(all(f"$(results.{r['name']}.path)" in text for r in spec.get("results", [])), "tekton: no result that no step writes")
    ok(all(s["image"] == IMAGE and "script" not in s and "command" not in s for s in spec["steps"]), "tekton: by the image's own entry, it has no shell")


def argo():
    doc = load(template("argo"))[0]
    ok((doc["apiVersion"], doc["kind"]) == ("argoproj.io/v1alpha1", "WorkflowTemplate") and not list(strange(doc, WORKFLOW)),
       "argo: only fields of a WorkflowTemplate", list(strange(doc, WORKFLOW)))
    spec, text = doc["spec"], str(doc)
    ok(spec["entrypoint"] in {t["name"] for t in spec["templates"]}, "argo: its entry is there")
    ok(set(re.findall(r"\{\{=workflow\.parameters\.([\w-]+)\}\}", text)) == {p["name"] for p in spec["arguments"]["parameters"]}, "argo: its parameters are used")
    ok(all(t["container"]["image"] == IMAGE for t in spec["templates"]), "argo: the image")


# ---- Kubernetes ----

def model_errors(models, kind, doc, at=""):
    """Against the published models: unknown fields, wrong types, required ones that are missing."""
    m = re.fullmatch(r"list\[(.*)\]", kind)
    if m:
        for i, one in enumerate(doc if isinstance(doc, list) else ()):
            yield from model_errors(models, m.group(1), one, f"{at}[{i}]")
        if not isinstance(doc, list):
            yield f"{at}: no list"
        return
    if kind.startswith("dict(") or kind == "object":
        return
    plain = {"str": str, "int": int, "bool": bool}.get(kind)
    if plain:
        if not isinstance(doc, plain):
            yield f"{at}: {doc!r} is no {kind}"
        return
    cls = getattr(models, kind)
    if not isinstance(doc, dict):
        yield f"{at}: no mapping"
        return
    names = {json_name: name for name, json_name in cls.attribute_map.items()}
    values = {}
    for key_, value in doc.items():
        if key_ not in names:
            yield f"{at}.{key_}: unknown to {kind}"
            continue
        values[names[key_]] = value
        yield from model_errors(models, cls.openapi_types[names[key_]], value, f"{at}.{key_}")
    try:
        cls(**values)
    except ValueError as e:
        yield f"{at}: {e}"


def kubernetes():
    try:
        from kubernetes.client import models
    except ImportError:
        models = None
        skip("python3-kubernetes is not here: no models to check against")
    for more in ((), ("--secrets", "tls", "-n", "web"), ("--namespace", "web,ai")):
        docs = load(template("kubernetes", *more))
        wrong = []
        for doc in docs if models else ():
            group, _, version = doc["apiVersion"].rpartition("/")
            kind = f"{version[0].upper()}{version[1:]}{doc['kind']}"
            wrong += list(model_errors(models, kind, doc, doc["kind"]))
        ok(not wrong, f"kubernetes {' '.join(more)}: {len(docs)} objects as the API's models have them", wrong[:5])
        accounts = {(d["metadata"]["namespace"], d["metadata"]["name"]) for d in docs if d["kind"] == "ServiceAccount"}
        roles = {(d["kind"], d["metadata"].get("namespace"), d["metadata"]["name"]) for d in docs if d["kind"] in ("Role", "ClusterRole")}
        for b in (d for d in docs if d["kind"].endswith("Binding")):
            ref = b["roleRef"]
            where = b["metadata"].get("namespace") if ref["kind"] == "Role" else None
            ok((ref["kind"], where, ref["name"]) in roles and all((s["namespace"], s["name"]) in accounts for s in b["subjects"]),
               f"kubernetes: {b['kind']} {b['metadata']['name']} binds what is there")
        rules = [r for d in docs if d["kind"] in ("Role", "ClusterRole") for r in d["rules"]]
        ok(all(set(r["verbs"]) <= {"get", "list"} and "*" not in r["resources"] + r["apiGroups"] for r in rules), "kubernetes: rights to read, by name")
        job = next(d for d in docs if d["kind"] == "CronJob")["spec"]["jobTemplate"]["spec"]["template"]
        pod = job["spec"]
        claims = {d["metadata"]["name"] for d in docs if d["kind"] == "PersistentVolumeClaim"}
        ok({v["persistentVolumeClaim"]["claimName"] for v in pod["volumes"] if "persistentVolumeClaim" in v} <= claims and
           {m["name"] for c in pod["containers"] for m in c["volumeMounts"]} <= {v["name"] for v in pod["volumes"]}, "kubernetes: its volumes are there")
        policy = next(d for d in docs if d["kind"] == "NetworkPolicy")["spec"]
        labels = job["metadata"]["labels"]
        ok(policy["podSelector"]["matchLabels"].items() <= labels.items() and "ingress" not in policy, "kubernetes: the policy is the pod's")
        # The restricted standard [kubernetes.io/docs/concepts/security/pod-security-standards].
        c, p = pod["containers"][0]["securityContext"], pod["securityContext"]
        ok(p["runAsNonRoot"] and p["seccompProfile"]["type"] == "RuntimeDefault" and not c["allowPrivilegeEscalation"] and c["readOnlyRootFilesystem"] and
           c["capabilities"] == {"drop": ["ALL"]} and not any(pod.get(k) for k in ("hostNetwork", "hostPID", "hostIPC")), "kubernetes: restricted")
        known = out(run("help", "scan"))
        args = pod["containers"][0]["args"]
        ok(args[0] == "scan" and all(a.split("=")[0] in known for a in args if a.startswith("-")), "kubernetes: options of scan", args)


# ---- shells ----

def shells(d):
    for shell, at in (("bash", "c.bash"), ("zsh", "_pqmap"), ("fish", "pqmap.fish")):
        path = d / "shell" / at
        path.parent.mkdir(exist_ok=True)
        path.write_text(out(run("completion", shell)))
        if not shutil.which(shell):
            skip(f"{shell} is not here")
            continue
        r = subprocess.run([shell, "-n", path], capture_output=True, text=True, check=False)
        ok(r.returncode == 0 and not r.stderr, f"{shell} -n", r.stderr)
    if shutil.which("fish"):
        r = subprocess.run(["fish", "--no-config", "-c", f"source {d}/shell/pqmap.fish; complete -C 'pqmap ga'; complete -C 'pqmap gate --sin'"],
                           capture_output=True, text=True, env={**ENV, "HOME": str(d), "XDG_CONFIG_HOME": str(d)}, check=False)
        ok([line.split("\t")[0] for line in r.stdout.splitlines()] == ["gate", "--since"], "fish completes commands and options", r.stdout + r.stderr)
    if shutil.which("zsh"):
        r = subprocess.run(["zsh", "-f", "-c", f"fpath=({d}/shell $fpath); autoload -U compinit && compinit -D -u && whence -w _pqmap && print $_comps[pqmap]"],
                           capture_output=True, text=True, env={**ENV, "HOME": str(d)}, check=False)
        ok("_pqmap: function" in r.stdout and r.stdout.splitlines()[-1] == "_pqmap", "zsh finds it for pqmap", r.stdout + r.stderr)


with tmpdir() as folder:
    top_ = pathlib.Path(folder)
    github(top_)
    gitlab(top_)
    pre_commit(top_)
    if yaml is None:
        skip("python3-yaml is not here: the others are not read")
    else:
        tekton()
        argo()
        kubernetes()
    shells(top_)
done()
