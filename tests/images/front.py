"""A small server in front of a registry: asks for tokens, and does what registries and networks do on bad days."""
import base64
import http.client
import http.server
import json
import threading
import time
import urllib.parse


class Front:
    """faults: a list of (substring of the path, what, how often), the first that fits is used up."""

    def __init__(self, upstream, token=None, user=None, tls=None, most=None):
        """most: connections at a time; whoever comes then is told to wait."""
        self.upstream, self.token, self.user = upstream, token, user
        self.scheme, self.most, self.now, self.highest = "https" if tls else "http", most, 0, 0
        self.lock = threading.Lock()
        self.faults, self.log = [], []
        front = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle(self):
                with front.lock:
                    front.now += 1
                    front.highest = max(front.highest, front.now)
                    self.is_over = front.most is not None and front.now > front.most
                try:
                    super().handle()
                except OSError:
                    pass  # whoever asked has left
                finally:
                    with front.lock:
                        front.now -= 1

            def do_GET(self):
                if self.is_over:
                    return front.send(self, 503, b"busy")
                return front.answer(self)

            def do_POST(self):
                self.form = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                front.answer(self)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.host = f"127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def fault_of(self, path):
        for i, (part, what, n) in enumerate(self.faults):
            if part in path:
                self.faults[i] = (part, what, n - 1)
                if n <= 1:
                    del self.faults[i]
                return what
        return None

    @staticmethod
    def send(h, status, body=b"", **headers):
        h.send_response(status)
        for k, v in headers.items():
            h.send_header(k.replace("_", "-"), v)
        h.send_header("Content-Length", str(len(body)))
        h.end_headers()
        h.wfile.write(body)

    def answer(self, h):
        self.log.append((h.command, h.path, dict(h.headers), getattr(h, "form", "")))
        if h.path.startswith("/token"):
            return self.give_token(h)
        if self.token and h.headers.get("Authorization") != f"Bearer {self.token}":
            return self.send(h, 401, b'{"errors":[{"code":"UNAUTHORIZED"}]}',
                             WWW_Authenticate=f'Bearer realm="{self.scheme}://{self.host}/token",service="front"')
        what = self.fault_of(h.path)
        if what == 401:
            return self.send(h, 401, b'{"errors":[{"code":"UNAUTHORIZED"}]}',
                             WWW_Authenticate=f'Bearer realm="{self.scheme}://{self.host}/token",service="front"')
        if what == "reset":
            h.close_connection = True
            return h.connection.close()
        if what == "page":
            return self.send(h, 200, b"<html>log in first</html>", Content_Type="text/html")
        if isinstance(what, int):
            return self.send(h, what, b"no", **({"Retry_After": "1"} if what == 429 else {}))
        if what and what.startswith("redirect "):
            return self.send(h, 307, Location=what.split(" ", 1)[1] + h.path)
        c = http.client.HTTPConnection(self.upstream, timeout=20)
        pass_on = {k: v for k, v in h.headers.items() if k in ("Accept", "Range")}
        if what == "no range" or (what or "").startswith("cut") and "Range" not in pass_on:
            pass_on.pop("Range", None)
        c.request("GET", h.path, headers=pass_on)
        r = c.getresponse()
        body = r.read()
        headers = {k.replace("-", "_"): v for k, v in r.getheaders()
                   if k.lower() in ("content-type", "docker-content-digest", "content-range")}
        if what == "flip":
            body = body[:-9] + bytes([body[-9] ^ 1]) + body[-8:]
        if what and what.split()[0] in ("cut", "long", "less", "slow"):
            return self.half(h, r.status, body, headers, *what.split())
        return self.send(h, r.status, body, **headers)

    @staticmethod
    def half(h, status, body, headers, what, at="half"):
        """A body that ends too soon, is longer or shorter than it says, or comes slowly."""
        said = len(body) + {"long": 99, "less": -9}.get(what, 0)
        n = {"half": len(body) // 2, "last": len(body) - 1}[at] if at in ("half", "last") else int(at)
        h.send_response(status)
        for k, v in headers.items():
            h.send_header(k.replace("_", "-"), v)
        h.send_header("Content-Length", str(max(said, 0)))
        h.end_headers()
        if what == "slow":
            for i in range(0, len(body), len(body) // 4 + 1):
                h.wfile.write(body[i:i + len(body) // 4 + 1])
                h.wfile.flush()
                time.sleep(0.2)
            return
        h.wfile.write(body[:n] if what == "cut" else body[:said])
        h.wfile.flush()
        h.close_connection = True

    def give_token(self, h):
        if self.user:
            given = h.headers.get("Authorization", "")
            form = urllib.parse.parse_qs(getattr(h, "form", ""))
            refresh = form.get("refresh_token", [""])[0]
            if given != "Basic " + base64.b64encode(":".join(self.user).encode()).decode() and refresh != self.user[1]:
                return self.send(h, 401, b"{}")
        return self.send(h, 200, json.dumps({"token": self.token}).encode())
