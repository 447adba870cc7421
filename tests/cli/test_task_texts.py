"""What a task tells somebody to do is what he would do there: his own host and port, the line of his own file, what his regime takes."""
import json
import pathlib

from kit import REPO, done, err, ok, out, run, tmpdir

NOW = "2026-11-21"


def scan(target, *args):
    r = run("scan", target, "--now", NOW, *args, "-o", "json", "--quiet", cwd=REPO, timeout=300)
    return json.loads(out(r)) if r.returncode == 0 else ok(False, f"scan of {target}", err(r))


def scan_of(text, name, *args):
    with tmpdir() as tmp:
        pathlib.Path(tmp, name).write_text(text)
        return scan(tmp, *args)


def task(report, prefix, has=""):
    return next((t for t in report["plan"]["tasks"] if t["id"].startswith(prefix) and has in t["id"]), {})


COMPOSE = """services:
  qdrant:
    image: qdrant/qdrant:v1.13.4
    ports: ["127.0.0.1:16333:6333/tcp"]
  vllm:
    image: vllm/vllm-openai:v0.8.5
    command: --model /models/llama
    ports: [{ target: 8000, published: "8443" }]
    environment: { QDRANT_URL: "http://qdrant:6333" }
  weaviate:
    image: semitechnologies/weaviate:1.25
    ports: ["8080"]
"""


def compose_is_no_cluster():
    report = scan_of(COMPOSE, "compose.yaml")
    text = json.dumps(report["plan"]["tasks"])
    ok(".svc" not in text, "no task of a Compose file names a host of Kubernetes", [t.get("endpoint") for t in report["plan"]["tasks"]])
    for name, at in (("qdrant", "localhost:16333"), ("vllm", "localhost:8443"), ("weaviate", "weaviate:8080")):
        t = task(report, "plaintext-fix:", f"/{name}")
        ok(t.get("endpoint") == at and f"pqmap probe {at} --expect hybrid" in t["verify"],
           f"{name} is asked at {at}", [t.get("endpoint"), t.get("verify")])
    ok("clients: http://qdrant:6333 becomes https://" in task(report, "plaintext-fix:", "/qdrant")["change"],
       "its neighbours go on by its name", task(report, "plaintext-fix:", "/qdrant")["change"])


def gradients():
    for args, interface, way in (((), "wg0", "WireGuard"), (("--regime", "uk-ncsc"), "wg0", "WireGuard"),
                                 (("--regime", "us-eo-14412"), "ipsec0", "swanctl.conf"), (("--regime", "cnsa-2.0"), "ipsec0", "swanctl.conf")):
        t = task(scan("fixtures/cluster", *args), "plaintext-fix:training/PyTorchJob/llama-clinic")
        patch = t.get("patch", {})
        lines = (REPO / patch.get("path", "README.md")).read_text().splitlines()
        at = patch.get("line", 1)
        ok(patch.get("to") == f"value: {interface}" and lines[at - 1].strip() == patch["from"] and "NCCL_SOCKET_IFNAME" in lines[at - 2],
           f"{args or 'no regime'}: the patch is the line below NCCL_SOCKET_IFNAME", [patch, lines[at - 2:at]])
        ok(t["change"][0].startswith(f"env of the job: NCCL_SOCKET_IFNAME={interface}") and any(way in c for c in t["change"]),
           f"{args or 'no regime'}: the setting comes first, over {way}", t["change"])
        ok(("FIPS" in json.dumps(t)) == (interface == "ipsec0"), f"{args or 'no regime'}: FIPS is named where it binds", t["change"])
        ok(t["due"] == NOW, "what is open today is due today", t["due"])


def open_today_is_due_today():
    report = scan("fixtures/cluster", "--regime", "us-eo-14412")
    fixes = [t for t in report["plan"]["tasks"] if t["type"] in ("plaintext-fix", "weak-crypto-fix", "key-out-of-image")]
    ok(fixes and all(t["due"] == NOW for t in fixes), "every task that closes what is open is due at the start of the plan",
       [(t["id"], t["due"]) for t in fixes])
    later = [t["due"] for t in report["plan"]["tasks"] if t["type"] == "enforce-hybrid"]
    ok(later and all(d > "2030" for d in later), "others are due by the regime", later)
    text = out(run("plan", "-", "--now", NOW, cwd=REPO, stdin=json.dumps(report).encode()))
    ok("llama-clinic.yaml:34\n                - value: eth0\n                + value: ipsec0\n" in text, "the text has the line to edit", text[:900])
    ok("LATE" not in text and f"{NOW}, as it is open today" in text, "the text says why, and calls nothing late", text[:600])


def go_by_regime():
    for args, has_patch in (((), True), (("--regime", "us-eo-14412"), True), (("--regime", "cnsa-2.0"), False),
                            (("--regime", "au-asd-ism"), False)):
        t = task(scan("fixtures/cluster", *args), "mesh-link-hybrid:data/CronJob/embeddings-backup")
        ok(("patch" in t) == has_patch and any("tlsmlkem=1" in c for c in t["change"]) == has_patch,
           f"{args or 'no regime'}: GODEBUG {'is' if has_patch else 'is no'} way", [t.get("patch"), t["change"]])
        ok(has_patch or (any("CurvePreferences: []tls.CurveID{tls.SecP384r1MLKEM1024" in c for c in t["change"]) and "Go 1.26" in t["needs"]),
           f"{args or 'no regime'}: the set that it takes, and the Go that knows it", [t["change"], t["needs"]])


def said_once():
    tasks = scan("fixtures/cluster")["plan"]["tasks"]
    twice = [t["id"] for t in tasks if t.get("both_ends", "").count("no client of it") > 1]
    ok(not twice, "no task says twice that nobody calls", twice)
    mesh = next(t["both_ends"] for t in tasks if t["id"] == "mesh-link-hybrid:istio")
    ok("at Deployment mlflow, StatefulSet minio: no client of it" in mesh, "the places it holds for stand together", mesh)


SEALED = """apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: { name: hf-token, namespace: serving }
spec: { encryptedData: { token: AgBy3i4OJSWKPiTySYZZA9rO43cGDEq== } }
"""


def sealed_secrets_stay_rsa():
    report = scan_of(SEALED, "sealed.yaml")
    t = task(report, "rewrap-keys:")
    goals = [g["id"][-1] for g in report["plan"]["goals"] if t["id"] in g["tasks"]]
    ok(goals == ["F"], "re-wrapping SealedSecrets goes half of the way", goals)
    ok("RSA-OAEP alone in every release" in t["needs"] and any("ExternalSecret" in c for c in t["change"]),
       "it says why, and what to use instead", [t["needs"], t["change"]])
    whole = [g["id"][-1] for g in scan("fixtures/cluster")["plan"]["goals"] if any(x.startswith("rewrap-keys:") for x in g["tasks"])]
    ok(whole and set(whole) == {"E"}, "re-wrapping elsewhere goes all of it", whole)


NGINX = """http {
  server {
    listen 8443 ssl;
    server_name api.example.org;
    ssl_certificate /etc/x.pem;
    ssl_ecdh_curve X25519:prime256v1;
  }
}
"""


def files_have_their_own_lines():
    t = task(scan_of(NGINX, "nginx.conf"), "hybrid-on-edge:")
    ok((t["patch"]["from"], t["patch"]["to"], t["patch"]["line"]) ==
       ("ssl_ecdh_curve X25519:prime256v1;", "ssl_ecdh_curve X25519MLKEM768:X25519:prime256v1;", 6),
       "nginx.conf: the line as it is and as it should be", t["patch"])
    ok(t["software"] == "nginx" and any("nginx -s reload" in c for c in t["change"]), "nginx.conf: the words of nginx", t["change"])
    two = NGINX + NGINX.replace("X25519:", "secp384r1:").replace("8443", "8444")
    t = task(scan_of(two, "nginx.conf"), "hybrid-on-edge:")
    ok("patch" not in t and t["software"] == "nginx", "two settings have no one line", t.get("patch"))
    t = task(scan_of("frontend x\n bind :443 ssl crt /c\nglobal\n ssl-default-bind-curves X25519\n", "haproxy.cfg"), "hybrid-on-edge:")
    ok(t["software"] == "HAProxy" and t["patch"]["to"] == "ssl-default-bind-curves X25519MLKEM768:X25519", "haproxy.cfg", t.get("patch"))


compose_is_no_cluster()
files_have_their_own_lines()
gradients()
open_today_is_due_today()
go_by_regime()
said_once()
sealed_secrets_stay_rsa()
done()
