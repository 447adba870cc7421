#!/usr/bin/env python3
"""Manifests and locks of languages: which cryptographic packages they ask for, where, and how."""
import json
import pathlib

from kit import done, err, ok, run, tmpdir

# file, text -> (package, version or constraint, line, direct/transitive/None, development?)
FILES = {
    "requirements.txt": ("""# asked for
cryptography==41.0.3
PyJWT[crypto]>=2.0,<3  # a note
numpy==1.26
-r other.txt
https://example.invalid/rsa.whl
paramiko (>=2.0)
rsa ; python_version < "3"
""", [("cryptography", "41.0.3", 2, "direct", False), ("pyjwt", ">=2.0,<3", 3, "direct", False), ("paramiko", ">=2.0", 7, "direct", False),
      ("rsa", "", 8, "direct", False)]),
    "pyproject.toml": ("""[build-system]
requires = ["ecdsa"]
[project]
name = "x"  # rsa
dependencies = [
  "rsa>=4.0", # a note
  'PyNaCl',
]
[project.optional-dependencies]
a = ["ecdsa==0.18"]
[tool.poetry.dependencies]
python = "^3.9"
pycryptodome = { version = "^3.1", extras = ["rsa"] }
[tool.poetry.group.dev.dependencies]
asyncssh = "^2.1"
""", [("rsa", ">=4.0", 6, "direct", False), ("pynacl", "", 7, "direct", False), ("ecdsa", "0.18", 10, "direct", False),
      ("pycryptodome", "^3.1", 13, "direct", False), ("asyncssh", "^2.1", 15, "direct", True)]),
    "Pipfile": ("""[packages]
rsa = "*"
paramiko = {version = "==2.12.0", markers = "x"}
[dev-packages]
ecdsa = "*"
""", [("rsa", "*", 2, "direct", False), ("paramiko", "2.12.0", 3, "direct", False), ("ecdsa", "*", 5, "direct", True)]),
    "Pipfile.lock": (json.dumps({"_meta": {}, "default": {"rsa": {"version": "==4.9"}}, "develop": {"ecdsa": {"version": "==0.18.0"}}}, indent=1),
                     [("rsa", "4.9", 4, None, False), ("ecdsa", "0.18.0", 9, None, True)]),
    "poetry.lock": ("""# made
[[package]]
name = "cryptography"
version = "42.0.5"
description = "rsa"
[package.dependencies]
cffi = {version = ">=1.12"}
[[package]]
name = "cffi"
version = "1.16.0"
[[package]]
name = "rsa"
version = "4.9"
[metadata]
lock-version = "2.0"
""", [("cryptography", "42.0.5", 2, None, False), ("rsa", "4.9", 11, None, False)]),
    "uv.lock": ("""version = 1
[[package]]
name = "pynacl"
version = "1.5.0"
source = { registry = "https://example.invalid" }
""", [("pynacl", "1.5.0", 2, None, False)]),
    "setup.cfg": ("""[metadata]
name = rsa
[options]
packages = find:
install_requires =
    cryptography>=3
    requests
[options.extras_require]
ssh = paramiko
[flake8]
exclude = ecdsa
""", [("cryptography", ">=3", 6, "direct", False), ("paramiko", "", 9, "direct", False)]),
    "environment.yml": ("""name: x
dependencies:
  - python=3.11
  - conda-forge::cryptography=41.0.3=py311h1
  - paramiko=2.12
  - pip:
    - rsa==4.9
""", [("cryptography", "41.0.3", 4, "direct", False), ("paramiko", "=2.12", 5, "direct", False), ("rsa", "4.9", 7, "direct", False)]),
    "package.json": ("""{ "name": "elliptic-demo",
  "dependencies": { "jose": "^5.0.0",
    "left-pad": "1.0.0" },
  "devDependencies": { "elliptic": "6.5.4" } }
""", [("jose", "^5.0.0", 2, "direct", False), ("elliptic", "6.5.4", 4, "direct", True)]),
    "package-lock.json": (json.dumps({"lockfileVersion": 3, "packages": {
        "": {"dependencies": {"jose": "^5"}}, "node_modules/jose": {"version": "5.2.3"},
        "node_modules/x/node_modules/@noble/curves": {"version": "1.4.0", "dev": True}}}, indent=1),
        [("jose", "5.2.3", 9, "direct", False), ("@noble/curves", "1.4.0", 12, "transitive", True)]),
    "npm-shrinkwrap.json": (json.dumps({"lockfileVersion": 1, "dependencies": {"a": {"version": "1.0.0", "dependencies": {"node-forge": {"version": "0.10.0"}}}}}),
                            [("node-forge", "0.10.0", 1, None, False)]),
    "yarn.lock": ("""# yarn lockfile v1

elliptic@^6.5.3, elliptic@^6.5.4:
  version "6.5.4"
  resolved "https://example.invalid"
  dependencies:
    bn.js "^4.11.9"

"@noble/curves@^1.0.0":
  version "1.4.0"
""", [("elliptic", "6.5.4", 3, None, False), ("@noble/curves", "1.4.0", 9, None, False)]),
    "berry/yarn.lock": ("""__metadata:
  version: 6

"elliptic@npm:^6.5.4":
  version: 6.5.4
  resolution: "elliptic@npm:6.5.4"

"mine@workspace:.":
  version: 0.0.0-use.local

"other@npm:tweetnacl@^1.0.0":
  version: 1.0.3
""", [("elliptic", "6.5.4", 4, None, False), ("tweetnacl", "1.0.3", 11, None, False)]),
    "pnpm-lock.yaml": ("""lockfileVersion: '6.0'
dependencies:
  jose:
    specifier: ^5
    version: 5.2.3
packages:
  /jose@5.2.3:
    resolution: {integrity: x}
  /@noble/curves@1.4.0(x@1):
    dev: false
  /elliptic/6.5.4_y:
    dev: true
""", [("jose", "5.2.3", 3, "direct", False), ("@noble/curves", "1.4.0", 9, None, False), ("elliptic", "6.5.4", 11, None, False)]),
    "go.mod": ("""module example.invalid/golang.org/x/crypto
go 1.22
require golang.org/x/crypto v0.21.0
require (
	github.com/golang-jwt/jwt/v5 v5.2.1
	github.com/cloudflare/circl v1.3.7 // indirect
)
replace golang.org/x/crypto => ../crypto
""", [("golang.org/x/crypto", "0.21.0", 3, "direct", False), ("github.com/golang-jwt/jwt", "5.2.1", 5, "direct", False),
      ("github.com/cloudflare/circl", "1.3.7", 6, "transitive", False)]),
    "Cargo.toml": ("""[package]
name = "x"
[dependencies]
ring = "0.17"
serde = { version = "1" }
tls = { package = "rustls", version = "0.23" }
[dev-dependencies]
p256 = "0.13"
[dependencies.ed25519-dalek]
version = "2"
[target.'cfg(unix)'.dependencies]
openssl = "0.10"
""", [("ring", "0.17", 4, "direct", False), ("rustls", "0.23", 6, "direct", False), ("p256", "0.13", 8, "direct", True),
      ("ed25519-dalek", "2", 9, "direct", False), ("openssl", "0.10", 12, "direct", False)]),
    "Cargo.lock": ("""version = 3
[[package]]
name = "ring"
version = "0.17.8"
dependencies = [ "cc", "rsa" ]
""", [("ring", "0.17.8", 2, None, False)]),
    "pom.xml": ("""<?xml version="1.0"?>
<project><properties><bc.version>1.77</bc.version></properties>
<!-- <dependency><groupId>com.nimbusds</groupId><artifactId>nimbus-jose-jwt</artifactId></dependency> -->
<dependencies>
 <dependency>
  <groupId>org.bouncycastle</groupId>
  <artifactId>bcprov-jdk18on</artifactId>
  <version>${bc.version}</version>
 </dependency>
 <dependency><groupId>com.google.crypto.tink</groupId><artifactId>tink</artifactId><version>1.12.0</version><scope>test</scope></dependency>
</dependencies></project>
""", [("org.bouncycastle:bcprov-jdk18on", "1.77", 5, "direct", False), ("com.google.crypto.tink:tink", "1.12.0", 10, "direct", True)]),
    "build.gradle": ("""plugins { id 'java' }
dependencies {
    implementation 'org.bouncycastle:bcprov-jdk18on:1.77'
    // implementation 'com.nimbusds:nimbus-jose-jwt:9.37'
    testImplementation("com.nimbusds:nimbus-jose-jwt:9.37")
    implementation project(':core')
}
""", [("org.bouncycastle:bcprov-jdk18on", "1.77", 3, "direct", False), ("com.nimbusds:nimbus-jose-jwt", "9.37", 5, "direct", True)]),
    "gradle.lockfile": ("""# made
com.nimbusds:nimbus-jose-jwt:9.37=compileClasspath
empty=
""", [("com.nimbusds:nimbus-jose-jwt", "9.37", 2, None, False)]),
    "libs.versions.toml": ("""[versions]
bc = "1.77"
[libraries]
bcprov = { module = "org.bouncycastle:bcprov-jdk18on", version.ref = "bc" }
jose = { group = "com.nimbusds", name = "nimbus-jose-jwt", version = "9.37" }
tink = "com.google.crypto.tink:tink:1.12.0"
""", [("org.bouncycastle:bcprov-jdk18on", "1.77", 4, "direct", False), ("com.nimbusds:nimbus-jose-jwt", "9.37", 5, "direct", False),
      ("com.google.crypto.tink:tink", "1.12.0", 6, "direct", False)]),
    "App.csproj": ("""<Project Sdk="Microsoft.NET.Sdk">
 <ItemGroup>
  <PackageReference Include="BouncyCastle.Cryptography" Version="2.3.0" />
  <PackageReference Include="Portable.BouncyCastle"><Version>1.9.0</Version></PackageReference>
  <!-- <PackageReference Include="NSec.Cryptography" Version="22.4.0" /> -->
 </ItemGroup></Project>
""", [("bouncycastle.cryptography", "2.3.0", 3, "direct", False), ("portable.bouncycastle", "1.9.0", 4, "direct", False)]),
    "packages.config": ("""<packages>
 <package id="BouncyCastle" version="1.8.9" targetFramework="net45" />
</packages>
""", [("bouncycastle", "1.8.9", 2, "direct", False)]),
    "packages.lock.json": (json.dumps({"version": 1, "dependencies": {"net8.0": {
        "NSec.Cryptography": {"type": "Direct", "resolved": "22.4.0"}, "libsodium": {"type": "Transitive", "resolved": "1.0.18"}}}}, indent=1),
        [("nsec.cryptography", "22.4.0", 5, "direct", False), ("libsodium", "1.0.18", 9, "transitive", False)]),
    "conanfile.txt": ("""[requires]
openssl/3.2.1
zlib/1.3
[tool_requires]
mbedtls/3.5.0
""", [("openssl", "3.2.1", 2, "direct", False), ("mbedtls", "3.5.0", 5, "direct", True)]),
    "conanfile.py": ("""from conan import ConanFile
class X(ConanFile):
    requires = "libsodium/1.0.19", "zlib/1.3"
    def requirements(self):
        self.requires("openssl/[>=3.0 <4]")
""", [("libsodium", "1.0.19", 3, "direct", False), ("openssl", "[>=3.0 <4]", 5, "direct", False)]),
    "vcpkg.json": (json.dumps({"name": "x", "dependencies": ["libsodium", {"name": "openssl", "version>=": "3.1.0"}]}, indent=1),
                   [("libsodium", "", 4, "direct", False), ("openssl", ">=3.1.0", 5, "direct", False)]),
    "CMakeLists.txt": ("""# find_package(MbedTLS)
find_package(OpenSSL 3.0 REQUIRED)
find_package( Threads )
""", [("openssl", ">=3.0", 2, "direct", False)]),
    "Gemfile.lock": ("""GEM
  remote: https://example.invalid/
  specs:
    jwt (2.8.1)
      base64
    ed25519 (1.3.0)

DEPENDENCIES
  jwt (~> 2.8)
""", [("jwt", "2.8.1", 4, None, False), ("ed25519", "1.3.0", 6, None, False), ("jwt", "~> 2.8", 9, "direct", False)]),
    "composer.lock": (json.dumps({"packages": [{"name": "phpseclib/phpseclib", "version": "3.0.37"}], "packages-dev": [{"name": "web-token/jwt-framework", "version": "v3.3.5"}]},
                                 indent=1), [("phpseclib/phpseclib", "3.0.37", 4, None, False), ("web-token/jwt-framework", "3.3.5", 10, None, True)]),
}

CLEAN = {
    "notes.txt": "cryptography==41.0.3\n",
    "node_modules/a/package.json": json.dumps({"name": "a", "version": "1.0.0", "dependencies": {"elliptic": "^6"}}),
    "go.sum": "golang.org/x/crypto v0.21.0 h1:x=\n",
    "sub/requirements.txt": "numpy\ntorch==2.2\ngrpcio-status\nrequests\nhashlib\n",
}


def scan(tmp):
    report = tmp.parent / "report.json"
    r = run("scan", tmp, "--no-cache", "-o", f"json={report}")
    return r, json.loads(report.read_bytes())


def rows(doc):
    for f in doc["findings"]:
        for o in f["occurrences"]:
            yield f, o, {a["key"]: a["value"] for a in o["attributes"]}


with tmpdir() as tmp:
    root = pathlib.Path(tmp) / "tree"
    for name, (text, _) in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for name, text in CLEAN.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    r, doc = scan(root)
    got = {}
    for f, o, a in rows(doc):
        got.setdefault(str(pathlib.Path(o["path"]).relative_to(root)), []).append(
            (a["package"], a.get("package_version", a.get("constraint", "")), o["line"], a.get("dependency"), a.get("scope") == "development"))
    right = wrong = missed = 0
    for name, (_, want) in FILES.items():
        have = sorted(got.get(name, []), key=lambda x: (x[2], x[0]))
        ok(have == sorted(want, key=lambda x: (x[2], x[0])), f"{name}: what it asks for", f"want {want}\n    have {have}")
        right += len(set(have) & set(want))
        wrong += len(set(have) - set(want))
        missed += len(set(want) - set(have))
    print(f"packages: {right} right, {wrong} wrong, {missed} missed")
    ok(not [n for n in CLEAN if n in got], "prose, checksums, what packages ask for and other packages are none", {n: got.get(n) for n in CLEAN})
    ok(not doc["coverage"]["notes"], "nothing could not be read", doc["coverage"]["notes"])
    ok(all(f["meaning"] == "offer" and f["evidence"] == "hinted" for f, _, _ in rows(doc)), "each is an offer by its word")
    ids = {a["package"]: f["id"] for f, o, a in rows(doc) if o["path"].endswith("package.json")}
    locks = {a["package"]: f["id"] for f, o, a in rows(doc) if o["path"].endswith("package-lock.json")}
    ok(ids["jose"] == locks["jose"], "a manifest and its lock ask for one thing")

    broken = pathlib.Path(tmp) / "broken"
    broken.mkdir()
    for name, (text, _) in FILES.items():
        for cut in range(1, 8):
            (broken / f"{cut}").mkdir(exist_ok=True)
            (broken / f"{cut}" / name.replace("/", "-")).write_text(text[:len(text) * cut // 8])
            (broken / f"{cut}" / name.rsplit("/", 1)[-1]).write_text(text[:len(text) * cut // 8])
    r, doc = scan(broken)
    ok(r.returncode in (0, 1) and doc["findings"], "cut files are read as far as they go", err(r))
done()
