"""A rule of rules/plan that is broken is one error, with its file and its line, and nothing is planned by half of it."""
import pathlib
import re
import shutil

from kit import REPO, done, err, ok, run, tmpdir

# file, what is cut into what, words of the error
BROKEN = [
    ("software.yaml", "  software: traefik\n", "  software: [traefik\n", None),
    ("regimes.yaml", "  regime: fr-anssi\n", "  regime: {fr-anssi\n", None),
    ("libraries.yaml", "  title: GnuTLS\n", "  title: \"GnuTLS\n", None),
    ("software.yaml", "- id: plan.software.qdrant\n", "- id: plan.software.redis\n", "plan.software.redis"),
    ("regimes.yaml", "- id: plan.regime.kr-master-plan\n", "- id: plan.regime.fr-anssi\n", "plan.regime.fr-anssi"),
    ("libraries.yaml", "- id: plan.library.grpcio\n", "- di: plan.library.grpcio\n", "id"),
]


def broken_rules():
    for name, old, new, words in BROKEN:
        with tmpdir() as tmp:
            rules = pathlib.Path(tmp, "rules")
            shutil.copytree(REPO / "rules", rules)
            at = rules / "plan" / name
            text = at.read_text()
            assert old in text, f"{name} has no {old!r}"
            line = text[:text.index(old)].count("\n") + 1
            at.write_text(text.replace(old, new, 1))
            r = run("scan", "fixtures/cluster", "--now", "2026-11-21", "--rules", str(rules), "-o", "json", "--quiet", cwd=REPO, timeout=300)
            said = err(r).strip().splitlines()
            ok(r.returncode == 2 and len(said) == 1, f"plan/{name}, {new.strip()!r}: one error, of usage", [r.returncode, said[:3]])
            found = re.search(re.escape(f"plan/{name}") + r":(\d+)", said[0] if said else "")
            ok(found and int(found.group(1)) >= line, f"plan/{name}, {new.strip()!r}: its file and line", [line, said[:1]])
            ok(words is None or (said and words in said[0]), f"plan/{name}, {new.strip()!r}: what is wrong", said[:1])


broken_rules()
done()
