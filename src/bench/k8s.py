#!/usr/bin/env python3
"""Manifests and long lists of a cluster, beside a parser that does nothing else. Prints JSON lines.

  k8s-yaml        MB/s of `pqmap scan` over a stream of YAML documents, and over a folder of files
  k8s-yaml-vs-libyaml  its CPU time over that of libyaml's events alone, same file, same run
  k8s-list        a list of --workloads (100,000 objects) in compact JSON: seconds, CPU seconds, memory
  k8s-list-vs-cjson    its CPU time and memory over those of cJSON with the whole text
  k8s-linear      CPU time for 10x the objects over that for 1x
  k8s-live        the same objects from an API server on loopback, by pages of 500 (those of kinds that nobody asks for are
                  not sent), and once more with a fault for each 20th request; the server's own CPU time stands beside it
  k8s-repositories     MB/s over a folder of manifests with 83 % of its bytes in CustomResourceDefinitions, as in
                  public repositories; and its CPU time over that of libyaml's events of the same bytes
  k8s-assess      scan, graph, risk and plan of --ai deployments that serve models, each behind a Service: seconds,
                  and CPU time over that for a tenth of them
  k8s-labels      one namespace of --pods pods and a quarter as many Services, twenty to a label: the same
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

REPO = pathlib.Path(__file__).resolve().parents[2]
ap = argparse.ArgumentParser()
ap.add_argument("--pqmap", default="build/pqmap")
ap.add_argument("--runs", type=int, default=3)
ap.add_argument("--workloads", type=int, default=5000)
ap.add_argument("--ai", type=int, default=20000)
ap.add_argument("--pods", type=int, default=20000)
args = ap.parse_args()
pqmap = os.path.abspath(args.pqmap)


def line(name, **kw):
    print(json.dumps({"name": name, **kw}), flush=True)


def timed(*argv):
    """Best wall and CPU seconds of some runs, largest memory in MiB."""
    wall, cpu, rss = [], [], 0
    for _ in range(args.runs):
        t0 = time.monotonic()
        p = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, u = os.wait4(p.pid, 0)
        if status != 0:
            sys.exit(f"{argv[0]} ends with {status}")
        wall.append(time.monotonic() - t0)
        cpu.append(u.ru_utime + u.ru_stime)
        rss = max(rss, u.ru_maxrss / 1024)
    return min(wall), min(cpu), rss


def generate(tmp, name, workloads, form, *more):
    path = os.path.join(tmp, name)
    subprocess.run([sys.executable, str(REPO / "tests/kube/gen_cluster.py"), "--workloads", str(workloads), "--form", form,
                    *more, "--out", path], check=True, stderr=subprocess.DEVNULL)
    return path


def crd(i, fields):
    """A CustomResourceDefinition as controller-gen writes it, of about 250 bytes a field."""
    head = (f"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: things{i}.example.org\n"
            f"spec:\n  group: example.org\n  names:\n    kind: Thing{i}\n    plural: things{i}\n  scope: Namespaced\n  versions:\n"
            "  - name: v1\n    schema:\n      openAPIV3Schema:\n        properties:\n")
    field = ("          field{n}:\n            description: |-\n              What the controller does with it, and what it does"
             " without;\n              see the documentation of the kind for the values that are allowed.\n"
             "            items:\n              type: string\n            type: array\n")
    return head + "".join(field.replace("{n}", str(n)) for n in range(fields)) + "    served: true\n    storage: true\n"


def repositories(tmp, files=2000):
    """A folder of small manifests and large CustomResourceDefinitions, and the same bytes in one file."""
    root, whole = os.path.join(tmp, "repositories"), os.path.join(tmp, "whole.yaml")
    documents = pathlib.Path(generate(tmp, "few.yaml", 60, "docs")).read_text().split("---\n")[1:]
    small = n = crds = 0
    with open(whole, "w") as every:
        for i in range(files):
            n_docs = 1 + i % 3
            text = "---\n".join(documents[(i * 7 + k) % len(documents)] for k in range(n_docs)).replace("team-", f"r{i}-")
            small += len(text)
            while crds < small * 83 / 17:
                body = crd(n, 40 + n * 37 % 400)
                crds, n = crds + len(body), n + 1
                os.makedirs(os.path.join(root, f"crd{n % 50}"), exist_ok=True)
                pathlib.Path(root, f"crd{n % 50}", f"{n}.yaml").write_text(body)
                every.write("---\n" + body)
            os.makedirs(os.path.join(root, f"repo{i % 50}"), exist_ok=True)
            pathlib.Path(root, f"repo{i % 50}", f"{i}.yaml").write_text(text)
            every.write("---\n" + text)
    return root, whole, crds / (crds + small)


def write_stream(tmp, name, objects):
    path = os.path.join(tmp, name)
    with open(path, "w") as f:
        for o in objects:
            f.write("---\n" + json.dumps(o) + "\n")
    return path


def ai_cluster(n):
    """Deployments that serve a model over TLS, each behind a Service; fifty to a namespace."""
    for i in range(n):
        where = {"namespace": f"team-{i // 50}"}
        labels = {"app": f"llm-{i}"}
        yield {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": f"llm-{i}", **where}, "spec": {
            "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": [{
                "name": "vllm", "image": "vllm/vllm-openai:v0.6.0", "ports": [{"containerPort": 8000}],
                "args": ["--model", f"acme/private-{i}", "--ssl-keyfile", "/tls/tls.key", "--ssl-certfile", "/tls/tls.crt"],
                "resources": {"limits": {"nvidia.com/gpu": "1"}}}]}}}}
        yield {"apiVersion": "v1", "kind": "Service", "metadata": {"name": f"svc-{i}", **where}, "spec": {
            "selector": labels, "ports": [{"port": 443, "targetPort": 8000}]}}


def shared_labels(n):
    """Pods of one namespace and Services that select them, four Services and sixteen pods to a label."""
    for i in range(n):
        yield {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"p-{i}", "namespace": "all", "labels": {
            "app": f"a{i // 16}", "tier": "back"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1.27"}]}}
    for i in range(n // 4):
        yield {"apiVersion": "v1", "kind": "Service", "metadata": {"name": f"s-{i}", "namespace": "all"}, "spec": {
            "selector": {"app": f"a{i // 4}", "tier": "back"}, "ports": [{"port": 80}]}}


def grown(tmp, name, make, n):
    """A row for n, with the growth since a tenth of it."""
    few = scan(write_stream(tmp, "few-stream.yaml", make(n // 10)))
    wall, cpu, rss = scan(write_stream(tmp, "stream.yaml", make(n)))
    line(name, unit="s", n=n, value=round(wall, 2), cpu=round(cpu, 2), rss_mib=round(rss, 1),
         growth=round(cpu / few[1], 2), goal="growth <= 12")


def size_of(path):
    p = pathlib.Path(path)
    return sum(f.stat().st_size for f in p.rglob("*")) if p.is_dir() else p.stat().st_size


def scan(path):
    return timed(pqmap, "scan", "-j2", "-q", "-o", "json=/dev/null", path)


def live(tmp, pages, objects, every):
    server = subprocess.Popen([os.path.join(tmp, "serve"), pages, str(every)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True)
    url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
    config = pathlib.Path(tmp, "kubeconfig")
    config.write_text(json.dumps({
        "current-context": "c", "clusters": [{"name": "c", "cluster": {"server": url}}], "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]}))
    os.environ["KUBECONFIG"] = str(config)
    wall, cpu, rss = scan("cluster:")
    server.stdin.close()
    theirs, n_faults = server.stdout.read().split()
    server.wait()
    line("k8s-live", faults=round(int(n_faults) / args.runs), unit="s", objects=objects, value=round(wall, 2), cpu=round(cpu, 2),
         server_cpu=round(float(theirs) / args.runs, 2), objects_per_s=round(objects / wall), rss_mib=round(rss, 1),
         goal=">= 20,000 objects/s, <= 64 MiB")


def live_rows(tmp, path):
    pages = os.path.join(tmp, "pages")
    os.mkdir(pages)
    if cc is None or subprocess.run([cc, "-O2", "-D_GNU_SOURCE", str(REPO / "tests/kube/serve.c"), "-o", os.path.join(tmp, "serve"),
                                     "-pthread"], check=False).returncode != 0:
        return line("k8s-live", skipped="no C compiler")
    made = subprocess.run([sys.executable, str(REPO / "tests/kube/mock_api.py"), "--list", path, "--render", pages],
                          stdout=subprocess.PIPE, text=True, check=True)
    objects = int(made.stdout.split()[0])
    live(tmp, pages, objects, 0)
    return live(tmp, pages, objects, 20)


with tempfile.TemporaryDirectory() as tmp:
    peer = os.path.join(tmp, "peer")
    cc = shutil.which("cc")
    if cc is None or subprocess.run([cc, "-O2", str(REPO / "tests/kube/peer.c"), "-o", peer, "-lyaml", "-lcjson"],
                                    stderr=subprocess.DEVNULL).returncode != 0:
        peer = None
    docs = generate(tmp, "docs.yaml", 1000, "docs")
    wall, cpu, rss = scan(docs)
    line("k8s-yaml", form="stream", unit="MB/s", value=round(size_of(docs) / wall / 1e6, 1),
         cpu=round(size_of(docs) / cpu / 1e6, 1), rss_mib=round(rss, 1), goal=">= 100")
    if peer:
        _, theirs, _ = timed(peer, "yaml", docs)
        line("k8s-yaml-vs-libyaml", unit="CPU time over libyaml's events", value=round(cpu / theirs, 2))
    else:
        line("k8s-yaml-vs-libyaml", skipped="no C compiler with libyaml and cJSON")
    tree = generate(tmp, "tree", 1000, "tree")
    wall, cpu, rss = scan(tree)
    line("k8s-yaml", form="folder", unit="MB/s", value=round(size_of(tree) / wall / 1e6, 1),
         cpu=round(size_of(tree) / cpu / 1e6, 1), rss_mib=round(rss, 1), goal=">= 100")
    few = scan(generate(tmp, "few.json", args.workloads // 10, "compact", "--events", "8"))
    path = generate(tmp, "list.json", args.workloads, "compact", "--events", "8")
    wall, cpu, rss = scan(path)
    line("k8s-list", unit="s", megabytes=round(size_of(path) / 1e6), value=round(wall, 2), cpu=round(cpu, 2),
         rss_mib=round(rss, 1), per_200_mb=round(wall * 200e6 / size_of(path), 2), goal="<= 2 s for 200 MB, <= 64 MiB")
    if peer:
        _, theirs, memory = timed(peer, "json", path)
        line("k8s-list-vs-cjson", unit="ratio to cJSON with the whole text", value=round(cpu / theirs, 2),
             memory=round(rss / memory, 3))
    live_rows(tmp, path)
    line("k8s-linear", unit="CPU time for 10x the objects", value=round(cpu / few[1], 2), goal="<= 11")
    root, whole, share = repositories(tmp)
    wall, cpu, rss = scan(root)
    row = {"unit": "MB/s", "megabytes": round(size_of(root) / 1e6, 1), "crd_share": round(share, 2),
           "value": round(size_of(root) / wall / 1e6, 1), "cpu": round(cpu, 2), "rss_mib": round(rss, 1), "goal": ">= 265"}
    if peer:
        row["cpu_over_libyaml"] = round(cpu / timed(peer, "yaml", whole)[1], 2)
    line("k8s-repositories", **row)
    grown(tmp, "k8s-assess", ai_cluster, args.ai)
    grown(tmp, "k8s-labels", shared_labels, args.pods)
