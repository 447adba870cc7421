"""OpenVPN on loopback and strongSwan in a network namespace of its own: recognised, groups listed, never absent by
silence."""
import json
import os
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
import kit

PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
CHARON = "/usr/lib/ipsec/charon"


def which(name):
    return shutil.which(name, path=PATH)


def only(text):
    return json.loads(text)["endpoints"][0]


def probe(target):
    return only(kit.out(kit.run("probe", target, "-o", "json", timeout=60)))


def silence():
    """A port that takes datagrams and says nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", kit.free_port(range(21480, 21500), socket.SOCK_DGRAM)))
        port = s.getsockname()[1]
        for scheme in ("wireguard", "openvpn", "ikev2"):
            e = probe(f"{scheme}:127.0.0.1:{port}")
            kit.ok(e["reach"] == "silent" and e.get("posture", "unknown") == "unknown" and e.get("words"),
                   f"{scheme}: silence is unknown, and why is said", f"{e['reach']} {e.get('words')}")


def openvpn(top):
    if not which("openvpn") or not which("openssl"):
        kit.skip("openvpn is not installed")
        return
    key, cert, port = f"{top}/k.pem", f"{top}/c.pem", kit.free_port(range(21480, 21500), socket.SOCK_DGRAM)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", key, "-out", cert, "-subj", "/CN=x", "-days", "2"], check=True, capture_output=True)
    with open(f"{top}/openvpn.log", "wb") as log, subprocess.Popen(
            [which("openvpn"), "--dev", "null", "--port", str(port), "--local", "127.0.0.1", "--proto", "udp",
             "--tls-server", "--ca", cert, "--cert", cert, "--key", key, "--dh", "none"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log) as p:
        try:
            time.sleep(2)
            if p.poll() is not None:
                kit.skip("openvpn did not start here")
                return
            e = probe(f"openvpn:127.0.0.1:{port}")
            kit.ok(e.get("protocol") == "openvpn" and e["posture"] == "unknown",
                   "openvpn: known by its reset, its TLS unknown", f"{e.get('protocol')} {e['posture']}")
        finally:
            p.terminate()


def charon(top):
    if not os.path.exists(CHARON) or not which("swanctl") or os.getuid() != 0 or not which("ip"):
        kit.skip("charon and swanctl are not installed, or we may not make a network namespace")
        return
    with open(f"{top}/strongswan.conf", "w", encoding="ascii") as f:
        f.write(f"""charon {{
 load = random nonce openssl pem pkcs1 x509 pubkey vici kernel-netlink socket-default hmac kdf sha1 sha2 aes gcm curve25519 gmp
 plugins {{
  vici {{
   socket = unix://{top}/vici
  }}
 }}
}}
""")
    with open(f"{top}/swanctl.conf", "w", encoding="ascii") as f:
        f.write("""connections {
 c {
  version = 2
  local_addrs = 127.0.0.1
  proposals = aes256-sha256-x25519-ecp256-modp2048
  local {
   auth = psk
  }
  remote {
   auth = psk
  }
  children {
   n {
   }
  }
 }
}
""")
    script = f"""mount -t tmpfs none /run && ip link set lo up || exit 77
export STRONGSWAN_CONF={top}/strongswan.conf
{CHARON} > {top}/charon.log 2>&1 & c=$!
for i in 1 2 3 4 5 6 7 8 9 10; do [ -S {top}/vici ] && break; sleep 0.5; done
swanctl --load-all --file {top}/swanctl.conf --uri unix://{top}/vici > {top}/swanctl.log 2>&1 || {{ kill $c; exit 77; }}
{kit.PQMAP} probe ikev2:127.0.0.1 -o json > {top}/a.json
{kit.PQMAP} probe ikev2:127.0.0.1:4500 -o json > {top}/b.json
kill $c; wait $c; exit 0
"""
    r = subprocess.run(["unshare", "-n", "-m", "sh", "-c", script], capture_output=True, timeout=60, check=False,
                       env=dict(os.environ, PATH=PATH))
    if r.returncode != 0:
        kit.skip(f"charon did not start in a network namespace: {r.stderr[-200:]!r}")
        return
    for name, words in (("a", "port 500"), ("b", "port 4500")):
        with open(f"{top}/{name}.json", encoding="utf-8") as f:
            e = only(f.read())
        yes = {int(o["code"], 16) for o in e["offers"] if o["kind"] == "ike" and o["answer"] == "yes"}
        kit.ok(e["protocol"] == "ikev2" and yes == {31, 19, 14} and e["posture"] == "absent",
               f"charon on {words}: its three groups, and no ML-KEM", f"{sorted(yes)} {e['posture']} {e.get('words')}")


def main():
    silence()
    with kit.tmpdir() as top:
        openvpn(top)
        charon(top)
    kit.done()


if __name__ == "__main__":
    main()
