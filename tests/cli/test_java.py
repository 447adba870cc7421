#!/usr/bin/env python3
"""Class files: calls of Java's cryptography, against what the sources say and what javap prints."""
import collections
import json
import pathlib
import re
import shutil
import subprocess
import zipfile

from kit import REPO, done, err, ok, out, run, skip, tmpdir

JAVACS = [j for j in [shutil.which("javac"), *map(str, sorted(pathlib.Path("/usr/lib/jvm").glob("*/bin/javac")))] if j]
SOURCES = REPO / "fixtures/java"
PUBLIC_KEY = ("broken", "hybrid")
WANT = re.compile(r"//\s*(want|dead):\s*(.*)$")


def truth(path):
    """(class file's source, line) -> the facts that the comment names."""
    facts = {}
    for n, line in enumerate(path.read_text().splitlines(), 1):
        m = WANT.search(line)
        if m:
            facts[(path.name, n)] = (m.group(1), [tuple(f.split(None, 2)) for f in m.group(2).split(";")])
    return facts


def listing(javap, classes):
    """(method with descriptor, pc) -> (instruction, source file, line), as javap says."""
    r = subprocess.run([javap, "-p", "-c", "-l", "-s", *map(str, classes)], capture_output=True, text=True, check=True)
    at = {}
    source = cls = name = desc = None
    rows = []

    def close(lines):
        for pc, text in rows:
            line = max((l for p, l in lines if p <= pc), key=lambda l: max(p for p, x in lines if x == l and p <= pc), default=0)
            at[(f"{cls}.{name}{desc}", pc)] = (text, source, line)

    lines = []
    for text in r.stdout.splitlines() + [""]:
        m = re.match(r'Compiled from "(.*)"', text)
        if m:
            source = m.group(1)
        m = re.match(r"(?:[\w ]*\s)?(?:class|interface|enum) ([\w.$]+).*\{", text)
        if m:
            close(lines)
            rows, lines = [], []
            cls = m.group(1)
        m = re.match(r"  \S.*?([\w.$<>]+)\((.*)\).*;$|  static \{\};$", text)
        if m:
            close(lines)
            rows, lines = [], []
            name = m.group(1) or "<clinit>"
            name = "<init>" if name == cls else name
        m = re.match(r"    descriptor: (\S+)", text)
        if m:
            desc = m.group(1)
        m = re.match(r"\s+(\d+): ((?:invoke|new)\S*\s.*)$", text)
        if m:
            rows.append((int(m.group(1)), m.group(2)))
        m = re.match(r"\s+line (\d+): (\d+)$", text)
        if m:
            lines.append((int(m.group(2)), int(m.group(1))))
    close(lines)
    return at


def findings(*args):
    r = run("scan", *args, "-o", "json")
    doc = json.loads(out(r))
    rows = []
    for f in doc["findings"]:
        for o in f["occurrences"]:
            a = {x["key"]: x["value"] for x in o["attributes"]}
            rows.append({**{k: f.get(k, "") for k in ("rule", "meaning", "family", "parameter", "quantum", "function", "why")},
                         "path": o["path"], "object": o.get("object", ""), "offset": o.get("offset"), **a})
    return rows, doc


def release(tmp, version, levels):
    """Compiles and compares; (right, missed, wrong, wrong parameters)."""
    d = tmp / f"r{version}"
    files = [f for v in levels for f in sorted((SOURCES / v).glob("*.java"))]
    javac = next((j for j in JAVACS if subprocess.run([j, "--release", str(version), "-version"], capture_output=True).returncode == 0), None)
    if javac is None:
        skip(f"--release {version}: no javac for it here")
        return None
    r = subprocess.run([javac, "-nowarn", "-Xlint:-options", "--release", str(version), "-d", str(d), *map(str, files)],
                       capture_output=True, text=True)
    ok(r.returncode == 0, f"release {version}: compiled", r.stderr)
    want = {}
    for f in files:
        want.update(truth(f))
    at = listing(str(pathlib.Path(javac).with_name("javap")), sorted(d.rglob("*.class")))
    rows, doc = findings(d)
    rows = [x for x in rows if x["rule"].startswith("java.")]
    seen = collections.defaultdict(set)
    strangers, unheard, parameters = [], [], 0
    for x in rows:
        text, source, line = at.get((x["object"], int(x["bytecode"])), ("", "", 0))
        call = x["call"].split("(")[0].removeprefix("new ").replace(".", ".")
        if not text or call.split(".")[-1].split(" ")[0] not in text:
            unheard.append((x["object"], x["bytecode"], x["call"], text))
        body = pathlib.Path(x["path"]).read_bytes()
        if body[x["offset"]] not in (0xB6, 0xB7, 0xB8, 0xB9):
            unheard.append((x["object"], x["offset"], "no call there"))
        kind, facts = want.get((source, line), (None, []))
        got = (x["family"], x["parameter"] or "-", x["operation"])
        if kind == "dead":
            ok(x["meaning"] == "offer", f"release {version}: {x['object']}: dead code is an offer", x)
        elif got in facts:
            seen[(source, line)].add(got)
        elif x["quantum"] in PUBLIC_KEY or x["family"] in ("unknown", "TLS") and x["quantum"] != "safe" and kind:
            strangers.append((source, line, got, facts))
            parameters += any(f[0] == got[0] and f[1] != got[1] and got[1] != "-" for f in facts)
        elif x["quantum"] in PUBLIC_KEY and x["meaning"] == "use":
            strangers.append((source, line, got, facts))
    wanted = {(k, f) for k, (kind, fs) in want.items() if kind == "want" for f in fs}
    right = {(k, f) for k, fs in seen.items() for f in fs}
    ok(not unheard, f"release {version}: each call is where javap has it", unheard[:3])
    ok(not [n for n in doc["coverage"].get("notes", [])], f"release {version}: every class is read", doc["coverage"].get("notes"))
    return right, wanted - right, strangers, parameters


def controls(tmp, version):
    rows, _ = findings(tmp / f"r{version}")
    bad = [x for x in rows if "Control" in x["object"] and x["quantum"] in PUBLIC_KEY]
    names = {p.name.split(".")[0].split("$")[0] for p in (tmp / f"r{version}").rglob("Control*.class")}
    ok(not bad, f"release {version}: {len(names)} controls are not accused", bad)


def archives(tmp):
    d = tmp / "r8"
    jar, war = tmp / "t/app.jar", tmp / "t/app.war"
    jar.parent.mkdir()
    with zipfile.ZipFile(jar, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\nMain-Class: app.Keys\r\n")
        z.write(d / "app/Keys.class", "app/Keys.class")
    with zipfile.ZipFile(war, "w", zipfile.ZIP_DEFLATED) as z:
        z.write(jar, "WEB-INF/lib/app.jar")
        z.writestr("WEB-INF/lib/bcprov/META-INF/MANIFEST.MF", "Bundle-SymbolicName: bcprov\r\nBundle-Version: 1.78.1\r\n")
        z.writestr("META-INF/maven/com.nimbusds/nimbus-jose-jwt/pom.properties",
                   "groupId=com.nimbusds\nartifactId=nimbus-jose-jwt\nversion=9.37.3\n")
    rows, _ = findings(tmp / "t")
    rsa = [x for x in rows if x["family"] == "RSA" and x["parameter"] == "3072"]
    ok(len(rsa) == 2 and {"app.war › WEB-INF/lib/app.jar" in x["path"] for x in rsa} == {True, False},
       "a class in a jar in a war is found in both", rsa)
    libs = {(x.get("library"), x.get("version")): x for x in rows if x["rule"].startswith("java.lib.")}
    ok(("bouncycastle", "1.78.1") in libs and "from version 1.79 on" in libs[("bouncycastle", "1.78.1")]["why"],
       "Bouncy Castle 1.78.1 is named, and that ML-KEM comes later", list(libs))
    ok(("nimbus-jose-jwt", "9.37.3") in libs, "pom.properties name a library", list(libs))


STUBS = {
    "com/nimbusds/jose/jwk/gen/RSAKeyGenerator": "public RSAKeyGenerator(int n) {}",
    "com/nimbusds/jose/jwk/Curve": "public static final Curve P_384 = new Curve();",
    "com/nimbusds/jose/jwk/gen/ECKeyGenerator": "public ECKeyGenerator(com.nimbusds.jose.jwk.Curve c) {}",
    "com/nimbusds/jose/JWSAlgorithm": "public static final JWSAlgorithm RS256 = new JWSAlgorithm();",
    "com/nimbusds/jose/JWSHeader": "public JWSHeader(JWSAlgorithm a) {}",
    "org/bouncycastle/crypto/engines/RSAEngine": "",
    "org/bouncycastle/crypto/engines/AESEngine": "",
    "com/jcraft/jsch/JSch": "public Object getSession(String u, String h, int p) { return null; }",
    "com/jcraft/jsch/KeyPair": "public static Object genKeyPair(JSch j, int type, int bits) { return null; }",
    "software/amazon/awssdk/services/kms/model/KeySpec": "public static final KeySpec RSA_3072 = new KeySpec();",
    "software/amazon/awssdk/services/kms/model/CreateKeyRequest":
        "public interface Builder { Builder keySpec(KeySpec s); }",
}
USER = """package app; import com.nimbusds.jose.*; import com.nimbusds.jose.jwk.*; import com.nimbusds.jose.jwk.gen.*; import com.jcraft.jsch.*;
import software.amazon.awssdk.services.kms.model.*;
public class User {
  Object a() { return new RSAKeyGenerator(2048); }
  Object b() { return new ECKeyGenerator(Curve.P_384); }
  Object c() { return new JWSHeader(JWSAlgorithm.RS256); }
  Object d() { return new org.bouncycastle.crypto.engines.RSAEngine(); }
  Object e(JSch j) { return KeyPair.genKeyPair(j, 2, 4096); }
  Object f(JSch j) { return j.getSession("u", "h", 22); }
  Object g(CreateKeyRequest.Builder b) { return b.keySpec(KeySpec.RSA_3072); }
  Object none() { return new org.bouncycastle.crypto.engines.AESEngine(); }
}
"""
USED = {"a": ("RSA", "2048"), "b": ("EC", "P-384"), "c": ("RSA", ""), "d": ("RSA", ""), "e": ("RSA", "4096"), "f": ("SSH", ""), "g": ("RSA", "3072")}


def libraries(tmp):
    """Calls of libraries, of which only the names matter here."""
    d = tmp / "stubs"
    for name, body in STUBS.items():
        p = d / f"{name}.java"
        p.parent.mkdir(parents=True, exist_ok=True)
        package, cls = name.rsplit("/", 1)
        p.write_text(f"package {package.replace('/', '.')};\npublic class {cls} {{ {body} }}\n")
    user = d / "app/User.java"
    user.parent.mkdir()
    user.write_text(USER)
    subprocess.run([JAVACS[0], "-nowarn", "-sourcepath", d, "-d", tmp / "libs", user], check=True)
    rows, _ = findings(tmp / "libs")
    got = {x["object"].split("User.")[1].split("(")[0]: (x["family"], x["parameter"]) for x in rows if "app.User" in x["object"]}
    ok(got == USED and all(x["meaning"] == "use" for x in rows), "calls of libraries: sizes, curves, names out of enumerations", (got, rows[:2]))


def broken(tmp):
    body = (tmp / "r8/app/Calls.class").read_bytes()
    d = tmp / "broken"
    d.mkdir()
    for i in range(0, len(body), 97):
        (d / f"cut{i}.class").write_bytes(body[:i])
        (d / f"flip{i}.class").write_bytes(body[:i] + bytes([body[i] ^ 0x55]) + body[i + 1:])
    r = run("scan", d, "-o", "json")
    ok(r.returncode == 0, "broken class files are scanned to the end", err(r))


def runtimes(tmp):
    """A runtime's release file says its version, which decides what it can; its own classes are told as unread."""
    group, ml = "hybrid groups of TLS 1.3 (X25519MLKEM768)", "ML-KEM and ML-DSA"
    for version, says in (("1.8.0_402", f"it has none of {group}, which come from version 27 on"),
                          ("17.0.15", f"it has none of {group}, which come from version 27 on"),
                          ("24.0.1", f"it has {ml}; {group} come from version 27 on"), ("27", f"it has {group}")):
        d = tmp / f"jdk-{version}"
        (d / "lib").mkdir(parents=True)
        (d / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
        (d / "lib/modules").write_bytes(b"\xda\xda\xfe\xca\0\0\1\0" + bytes(100))
        doc = json.loads(out(run("scan", d, "-o", "json")))
        rows = [f for f in doc["findings"] if f["rule"] == "java.lib.jdk"]
        ok(len(rows) == 1 and rows[0]["meaning"] == "offer" and rows[0]["why"].endswith(says), f"a runtime of version {version}: {says}",
           [f["why"] for f in doc["findings"]])
        ok(["lib/modules" in n["path"] for n in doc["coverage"]["notes"]] == [True], f"version {version}: its own classes are told as unread",
           doc["coverage"]["notes"])
    (tmp / "other").mkdir()
    (tmp / "other/release").write_text("DISTRIB_RELEASE=17\n")
    (tmp / "other/modules").write_text("loop\n")
    doc = json.loads(out(run("scan", tmp / "other", "-o", "json")))
    ok(not doc["findings"] and not doc["coverage"]["notes"], "a release file of something else says nothing", doc["findings"])


with tmpdir() as tmp:
    runtimes(pathlib.Path(tmp))
if not JAVACS:
    skip("no javac: the class files of fixtures/java are not compiled")
    done()
with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    for version, levels in ((8, ["v8"]), (11, ["v8", "v11"]), (17, ["v8", "v11"]), (21, ["v8", "v11", "v21"]),
                            (25, ["v8", "v11", "v21"])):
        r = release(tmp, version, levels)
        if r is None:
            continue
        right, missed, strangers, parameters = r
        precision = len(right) / max(1, len(right) + len(strangers))
        recall = len(right) / max(1, len(right) + len(missed))
        ok(precision >= 0.98 and recall >= 0.95,
           f"release {version}: {len(right) + len(missed)} facts, precision {precision:.3f}, recall {recall:.3f}",
           f"missed {sorted(missed)}\n    strange {strangers}")
        ok(parameters == 0, f"release {version}: {parameters} parameters wrong", strangers)
        controls(tmp, version)
    libraries(tmp)
    archives(tmp)
    broken(tmp)
done()
