#!/usr/bin/python3
"""What stands around the program: templates of `init`, completions, the manual page, settings and where they come from, the
Debian package."""
import json
import os
import pathlib
import shutil
import subprocess

import kit
from kit import done, err, ok, out, run, skip, tmpdir

try:
    import yaml
except ImportError:
    yaml = None


def templates(d):
    for name in ("github", "gitlab", "pre-commit", "tekton", "argo", "config", "kubernetes"):
        r = run("init", name, "--image", "registry.example/me/pqmap:9")
        ok(r.returncode == 0 and out(r), f"init {name}", err(r))
        ok("{{image}}" not in out(r), f"init {name}: nothing is left to put in")
        if name in ("github", "gitlab", "tekton", "argo", "kubernetes"):
            ok("registry.example/me/pqmap:9" in out(r), f"init {name}: the image")
        if yaml is not None:
            docs = list(yaml.safe_load_all(out(r)))
            ok(len(docs) >= 1, f"init {name}: YAML")
    if yaml is not None:
        doc = yaml.safe_load(out(run("init", "github")))
        steps = doc["jobs"]["gate"]["steps"]
        ok(any(" gate --since " in s.get("run", "") for s in steps) and all("uses" in s or "run" in s for s in steps) and
           doc["permissions"] == {"contents": "read", "security-events": "write"}, "github: steps and least rights", doc)
        doc = yaml.safe_load(out(run("init", "gitlab")))["pqmap"]
        ok(set(doc["artifacts"]["reports"]) == {"codequality", "junit"} and doc["script"], "gitlab: its reports", doc)
        doc = yaml.safe_load(out(run("init", "pre-commit")))
        ok(doc["repos"][0]["hooks"][0]["entry"].startswith("pqmap gate --staged"), "pre-commit: the hook", doc)
    else:
        skip("python3-yaml is not here: templates are not parsed")
    # Every command that a template runs is one that this program takes.
    # (GitHub's runs in test_templates.py; it has options of docker too.)
    for name in ("gitlab", "pre-commit", "tekton", "argo", "hook"):
        known = out(run("help", "gate"))
        for word in out(run("init", name)).replace(",", " ").replace("[", " ").replace("]", " ").replace("`", " ").split():
            if word.startswith("--") and word.isascii() and len(word) > 3 and word not in ("--no-verify",):
                ok(word in known, f"init {name}: {word} is an option of the gate")
    # The settings with every line in force are settings.
    text = "".join("\n" if line.startswith("# .pqmap") else line[2:] if line.startswith("# ") and (":" in line and not line[2].isupper()) or line.startswith("#   ")
                   else "\n" if line.startswith("#") else line
                   for line in out(run("init", "config")).splitlines(keepends=True))
    conf = pathlib.Path(d) / "all.yaml"
    conf.write_text(text.replace("baseline: .pqmap-baseline.json\n", ""), encoding="utf-8")
    r = run("config", "--now", "2026-11-22", "--config", conf)
    ok(r.returncode == 0 and f"{conf}:" in out(r), "init config: with every line in force", err(r) + text)
    r = run("init", "nope")
    ok(r.returncode == 2 and "github" in err(r), "init of something else names what there is", err(r))
    hook = pathlib.Path(d) / "hook"
    hook.write_text(out(run("init", "hook")), encoding="utf-8")
    ok(subprocess.run(["sh", "-n", hook], check=False).returncode == 0, "hook: a shell takes it")
    top = pathlib.Path(d) / "hooked"
    env = {**os.environ, "PATH": f"{os.path.dirname(kit.PQMAP)}:{os.environ['PATH']}", "GIT_CONFIG_GLOBAL": "/dev/null"}

    def git(*args):
        return subprocess.run(["git", "-C", top, "-c", "user.name=a", "-c", "user.email=a@b", *args], env=env,
                              capture_output=True, check=False)
    top.mkdir()
    git("init", "-q")
    (top / "a.txt").write_text("x\n")
    git("add", "-A")
    shutil.copy(hook, top / ".git/hooks/pre-commit")
    os.chmod(top / ".git/hooks/pre-commit", 0o755)
    ok(git("commit", "-qm", "one").returncode == 0, "hook: a clean commit goes through")
    subprocess.run(["openssl", "genpkey", "-algorithm", "ED25519", "-out", top / "k.pem"], check=True, capture_output=True)
    git("add", "-A")
    r = git("commit", "-qm", "two")
    ok(r.returncode != 0 and b"key.private" in r.stdout + r.stderr, "hook: a key does not", r.stdout + r.stderr)


def shells(d):
    names = [line.split()[0] for line in out(run("help")).split("commands\n")[1].split("\n\n")[0].splitlines()]
    bash = out(run("completion", "bash"))
    r = subprocess.run(["bash", "-c", bash + '\nCOMP_WORDS=(pqmap gate --sin); COMP_CWORD=2; _pqmap; echo "${COMPREPLY[@]}"\n'
                        'COMP_WORDS=(pqmap ga); COMP_CWORD=1; _pqmap; echo "${COMPREPLY[@]}"'], capture_output=True, text=True,
                       check=False)
    ok(r.stdout.split() == ["--since", "gate"], "bash completes commands and options", r.stdout + r.stderr)
    for shell in ("bash", "zsh", "fish"):
        text = out(run("completion", shell))
        ok(all(n in text for n in names), f"{shell}: all {len(names)} commands")
        if shell != "bash" and shutil.which(shell):
            p = pathlib.Path(d) / f"c.{shell}"
            p.write_text(text, encoding="utf-8")
            ok(subprocess.run([shell, "-n", p], capture_output=True, check=False).returncode == 0, f"{shell} reads it")
    ok(run("completion", "tcsh").returncode == 2, "another shell: 2")
    page = pathlib.Path(d) / "pqmap.1"
    page.write_text(out(run("help", "--man")), encoding="utf-8")
    ok(all(f".Ss pqmap {n}" in page.read_text() for n in names), "pqmap(1) has every command")
    if shutil.which("mandoc"):
        r = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True, check=False)
        ok(r.returncode == 0, "mandoc has no warning for pqmap(1)", r.stdout)
    doc = json.loads(run("version", "--json").stdout)
    ok(len(doc["rules_version"]) == 64 and doc["version"] in out(run("version")), "version --json", doc)


def settings(d):
    conf = pathlib.Path(d) / ".pqmap.yaml"
    conf.write_text("capacity: 10\nfail-on: note\n", encoding="utf-8")

    def config(*args, env=None):
        r = run("config", "--json", *args, cwd=d, env=env)
        return {x["name"]: (x["value"], x["from"]) for x in json.loads(r.stdout)} if r.returncode == 0 else err(r)

    ok(config()["capacity"] == ("10", ".pqmap.yaml:1"), "a setting of the file", config()["capacity"])
    ok(config(env={"PQMAP_CAPACITY": "30"})["capacity"] == ("30", "environment"), "the environment goes before it")
    ok(config("--capacity", "40", env={"PQMAP_CAPACITY": "30"})["capacity"] == ("40", "command line"),
       "the command line before that")
    ok(config()["start"][1] == "default", "and what nobody says is a default")
    key = pathlib.Path(d) / "k"
    key.mkdir()
    subprocess.run(["openssl", "genpkey", "-algorithm", "ED25519", "-out", key / "k.pem"], check=True, capture_output=True)
    ok(run("gate", "k", cwd=d, env={"PQMAP_EXIT_ZERO": "1"}).returncode == 0, "a switch by the environment")
    ok(run("gate", "k", cwd=d, env={"PQMAP_EXIT_ZERO": "0"}).returncode == 1, "and off")
    r = run("gate", "k", cwd=d, env={"PQMAP_EXIT_ZERO": "maybe"})
    ok(r.returncode == 2 and "PQMAP_EXIT_ZERO" in err(r), "neither: one clear line", err(r))
    conf.write_text("capasity: 10\n", encoding="utf-8")
    r = run("config", cwd=d)
    ok(r.returncode == 2 and "capacity" in err(r) and ".pqmap.yaml:1" in err(r), "an unknown key: its line and the nearest", err(r))
    conf.unlink()


def progress(d):
    big = pathlib.Path(d) / "big"
    big.mkdir()
    text = (kit.REPO / "README.md").read_text()
    for i in range(6000):
        (big / f"{i}.py").write_text(f"import ssl  # {i}\n{text}")
    r = run("scan", big, "-q", "--progress=jsonl", "-j1", program=kit.PQMAP_SAN)
    lines = [json.loads(line) for line in err(r).splitlines()]
    ok(r.returncode == 0 and lines and all(x["event"] == "scanning" for x in lines) and
       [x["bytes"] for x in lines] == sorted(x["bytes"] for x in lines), "--progress=jsonl: lines that grow", err(r)[:300])
    ok(run("scan", big / "1.py", "--progress=sometimes").returncode == 2, "another word: 2")
    ok(err(run("scan", big / "1.py", env={"CI": "true"})) == "", "a short run in CI says nothing")
    shutil.rmtree(big)


def image(d):
    if os.geteuid() != 0:
        skip("not root: no chroot to run the image in")
        return
    root = pathlib.Path(d) / "image"
    r = subprocess.run(["src/pkg/rootfs.sh", os.path.relpath(os.path.dirname(kit.PQMAP), kit.REPO), root], cwd=kit.REPO,
                       capture_output=True, text=True, check=False)
    if not ok(r.returncode == 0, "the file system of an image is made", r.stderr):
        return
    names = {p.name for p in root.rglob("*") if p.is_file()}
    ok(not names & {"sh", "bash", "dash", "busybox", "apt", "dpkg"}, "no shell and no package manager in it", names)
    shutil.copytree(kit.REPO / "fixtures/cluster", root / "work/cluster")
    r = subprocess.run(["/usr/sbin/chroot", "--userspec=65532:65532", root, "/usr/bin/pqmap", "gate", "/work/cluster"], capture_output=True,
                       text=True, check=False, env={"HOME": "/tmp"})
    ok(r.returncode == 1 and "gate failed" in r.stdout, "the gate runs in it, as nobody", r.stderr)
    if not shutil.which("buildah"):
        skip("buildah is not here: the recipe is not built")
        return
    shutil.rmtree(root / "work/cluster")
    where = pathlib.Path(d) / "recipe"
    where.mkdir()
    os.rename(root, where / "rootfs")
    shutil.copy(kit.REPO / "src/pkg/Dockerfile", where)
    store = ["--root", f"{d}/store", "--runroot", f"{d}/runroot", "--storage-driver", "vfs"]
    r = subprocess.run(["buildah", *store, "bud", "-q", "--isolation", "chroot", "-t", "pqmap:test", where], capture_output=True,
                       text=True, check=False)
    if r.returncode == 0:
        r = subprocess.run(["buildah", *store, "push", "-q", "pqmap:test", f"oci-archive:{d}/pqmap.tar"], capture_output=True, text=True,
                           check=False)
    if ok(r.returncode == 0, "buildah builds the recipe", r.stderr[-400:]):
        r = run("scan", f"oci-archive:{d}/pqmap.tar", "-o", "csv")
        ok(r.returncode == 0 and "usr/bin/pqmap" in out(r), "and pqmap reads the image that it is in", err(r))
    subprocess.run(["buildah", *store, "rmi", "-a", "-f"], capture_output=True, check=False)


def package(d):
    if not shutil.which("dpkg-deb") or not shutil.which("dpkg-shlibdeps"):
        skip("dpkg-dev is not here: no package is made")
        return
    build = os.path.dirname(kit.PQMAP)
    version = json.loads(run("version", "--json").stdout)["version"]
    r = subprocess.run(["src/pkg/deb.sh", os.path.relpath(build, kit.REPO), version], cwd=kit.REPO, capture_output=True, text=True,
                       check=False)
    deb = kit.REPO / r.stdout.strip()
    if not ok(r.returncode == 0 and deb.is_file(), "a Debian package is made", r.stdout + r.stderr):
        return
    again = deb.read_bytes()
    env = {**os.environ, "SOURCE_DATE_EPOCH": "1795219200"}
    for _ in range(2):
        subprocess.run(["src/pkg/deb.sh", os.path.relpath(build, kit.REPO), version], cwd=kit.REPO, capture_output=True, env=env,
                       check=False)
        same = again == deb.read_bytes()
        again = deb.read_bytes()
    ok(same, "the same package from the same tree")
    if shutil.which("lintian"):
        r = subprocess.run(["lintian", "--allow-root", deb], capture_output=True, text=True, check=False)
        ok(r.stdout.strip() == "", "lintian is quiet", r.stdout)
    root = pathlib.Path(d) / "root"
    for p in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers"):
        (root / p).mkdir(parents=True)
    (root / "var/lib/dpkg/status").write_text("")
    dpkg = ["dpkg", f"--root={root}", "--force-depends", "--force-not-root", "--force-bad-path", "--log=/dev/null"]
    if os.geteuid() != 0:
        dpkg.insert(0, "fakeroot")
    r = subprocess.run([*dpkg, "-i", deb], capture_output=True, text=True, check=False)
    ok(r.returncode == 0, "it installs", r.stderr)
    r = run("version", program=str(root / "usr/bin/pqmap"))
    ok(r.returncode == 0 and version in out(r), "what it installed runs", err(r))
    r = subprocess.run([*dpkg, "-P", "pqmap"], capture_output=True, text=True, check=False)
    left = [p for p in root.rglob("*") if p.is_file() and "var/lib/dpkg" not in str(p)]
    ok(r.returncode == 0 and left == [], "and leaves nothing behind", r.stderr + str(left[:3]))


with tmpdir() as folder:
    templates(folder)
    shells(folder)
    settings(folder)
    progress(folder)
    image(folder)
    package(folder)
done()
