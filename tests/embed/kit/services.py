"""The services that the probe talks to: an HTTP server on loopback with nasty sides."""

import contextlib
import gzip
import http.server
import json
import re
import select
import socket
import threading
import urllib.parse

SECRETS = {"token": "geheim-7Qx", "client_id": "kit", "client_secret": "streng-geheim-9Zk"}
HEADER = "Kit Z2VoZWltLTdReA=="
GRANTED = {
    "granted": "application/x-www-form-urlencoded",
    "granted-json": "application/json",
    "granted-parts": "multipart/form-data",
}
# More than any host takes as one answer, and sent in pieces.
ENDLESS_PIECES = 256
PIECE = b"0123456789abcdef" * (1 << 16)
# A place in a file that a double cannot tell from its neighbour.
FAR = (1 << 53) + 1


class Services:
    """Two servers, of which nobody may reach the second; what they saw, and what they do."""

    def __init__(self):
        self.seen = []
        self.stray = []
        self.files = {}
        self.held, self.released, self.closed = threading.Event(), threading.Event(), threading.Event()
        self.granting, self.grants, self.tokens = 200, 0, {}
        self.on_signal = lambda: None
        self._servers = [_listen(_Service, self), _listen(_Elsewhere, self)]
        self.url, self.elsewhere = (f"http://127.0.0.1:{server.server_port}" for server in self._servers)

    def close(self):
        self.closed.set()
        self.released.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def base(self, name):
        return f"{self.url}/base/{name}"

    def given(self):
        """`services` of a task."""
        fixed = {"kit": {"url": self.base("kit"), "token": SECRETS["token"]}}
        ids = {key: SECRETS[key] for key in ("client_id", "client_secret")}
        return fixed | {name: {"url": self.base(name), **ids} for name in GRANTED}

    def count(self, path):
        """How often a path was asked for."""
        return sum(1 for _, _, seen in self.seen if seen.split("?")[0] == path)

    def secrets(self):
        """What must never be shown."""
        granted = [token for tokens in self.tokens.values() for token in tokens]
        return [SECRETS["token"], SECRETS["client_secret"], HEADER.split()[1], *granted]


def _listen(handler, services):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads, server.services = True, services
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def handle(self):
        # A host that lets go in the middle of an answer is none of our business.
        with contextlib.suppress(OSError):
            super().handle()

    def do(self):
        self.body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.answer_it()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do

    def answer(self, status, body=b"", headers=()):
        body = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def json(self, value, status=200):
        self.answer(status, json.dumps(value), [("content-type", "application/json")])


class _Elsewhere(_Handler):
    """Where nobody may come."""

    def answer_it(self):
        self.server.services.stray.append(self.path)
        self.answer(200, "elsewhere")


class _Service(_Handler):
    def answer_it(self):
        services = self.server.services
        inside = re.match(r"/base/([a-z-]+)(/.*)", self.path)
        if not inside:
            services.stray.append(self.path)
            return self.answer(200, "outside")
        service, path = inside.groups()
        services.seen.append((service, self.command, path))
        if path == "/oauth/token":
            return self.grant(service)
        if path.startswith("/files/"):
            return self.file(*path.split("?")[0].split("/")[2:4])
        if not self.is_known(service):
            return self.answer(401, "who are you?", [("www-authenticate", "Kit")])
        name, _, rest = path.split("?")[0][1:].partition("/")
        getattr(self, f"at_{name}", self.at_any)(rest)

    def is_known(self, service):
        if service == "kit":
            return self.headers.get("x-kit-token") == HEADER
        tokens = self.server.services.tokens.get(service, ["none"])
        return self.headers.get("authorization") == f"Bearer {tokens[-1]}"

    # Credentials.

    def grant(self, service):
        services = self.server.services
        services.grants += 1
        if services.granting == "cut":
            return self.cut()
        text, content_type = self.body.decode(), self.headers.get("content-type", "")
        if service == "granted-json":
            fields = json.loads(text)
        elif service == "granted-parts":
            fields = dict(re.findall(r'name="?(\w+)"?\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]*)\r\n', text))
        else:
            fields = dict(urllib.parse.parse_qsl(text))
        wanted = {"grant_type": "client_credentials", **{key: SECRETS[key] for key in ("client_id", "client_secret")}}
        if not content_type.startswith(GRANTED[service]) or fields != wanted:
            return self.json({"error": "invalid_request"}, 400)
        if services.granting != 200:
            return self.json({"error": "invalid_client"}, services.granting)
        tokens = services.tokens.setdefault(service, [])
        tokens.append(f"zugang-{service}-{len(tokens) + 1}-f3Jw")
        self.json({"access_token": tokens[-1], "expires_in": 3600, "token_type": "bearer"})

    def at_revoke(self, _):
        for tokens in self.server.services.tokens.values():
            tokens.append("zugang-nobody-has-f3Jw")
        self.answer(200, "revoked")

    # Answers of all kinds.

    def at_any(self, _):
        self.answer(200, "any")

    def at_echo(self, _):
        hidden = ("x-kit-token", "authorization")
        headers = {name.lower(): value for name, value in self.headers.items() if name.lower() not in hidden}
        path = self.path.split("/", 3)[3]
        self.json({"method": self.command, "path": path, "headers": headers, "body": self.body.decode()})

    def at_status(self, status):
        self.answer(int(status), "" if status in ("204", "304") else f"status {status}")

    def at_redirect(self, where):
        target = self.server.services.elsewhere if where == "elsewhere" else self.server.services.base("kit")
        self.answer(302, "moved", [("Location", f"{target}/any")])

    def at_headers(self, _):
        given = ["Set-Cookie: id=1", "WWW-Authenticate: Kit", "X-Kit-Token: mine", "Authorization: Basic eA=="]
        self.answer(200, "headers", [("X-Mixed-Case", "Value"), *(line.split(": ", 1) for line in given)])

    def at_text(self, _):
        text = "Größe „M“, 尺寸, 🧥, 9007199254740993\n" * 100
        if "gzip" in self.headers.get("accept-encoding", ""):
            return self.answer(200, gzip.compress(text.encode()), [("Content-Encoding", "gzip")])
        self.answer(200, text)

    def at_bytes(self, _):
        self.answer(200, b"\xef\xbb\xbfa\xffb\xc3(c\xe2\x82", [("content-type", "text/plain; charset=iso-8859-1")])

    def at_endless(self, _):
        self.send_response(200)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for _ in range(ENDLESS_PIECES):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(PIECE), PIECE))
        self.wfile.write(b"0\r\n\r\n")

    def at_bomb(self, _):
        if "gzip" not in self.headers.get("accept-encoding", ""):
            return self.at_endless("")
        packed = gzip.compress(bytes(ENDLESS_PIECES << 18), 1)
        self.answer(200, packed, [("Content-Encoding", "gzip")])

    # Answers that do not come, or late.

    def at_cut(self, _):
        self.cut()

    def at_half(self, _):
        self.send_response(200)
        self.send_header("content-length", "100")
        self.end_headers()
        self.wfile.write(b"half of it")
        self.cut()

    def at_silent(self, _):
        # Until the host hangs up, or the case is over.
        while not self.server.services.closed.is_set() and not select.select([self.connection], [], [], 0.1)[0]:
            pass
        self.cut()

    def at_slow(self, ms):
        self.server.services.closed.wait(int(ms) / 1000)
        self.answer(200, f"slow {ms}")

    def at_hold(self, _):
        services = self.server.services
        services.held.set()
        services.released.wait()
        self.answer(200, "released")

    def at_signal(self, _):
        self.server.services.on_signal()
        self.answer(200, "signalled")

    def cut(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    # Files.

    def file(self, how, name):
        services = self.server.services
        if {"x-kit-token", "authorization", "cookie"} & {header.lower() for header in self.headers}:
            return self.answer(403, "a file is asked for without any credential")
        if how == "moved":
            return self.answer(302, "", [("location", f"{services.elsewhere}/file")])
        if how == "far":
            return self.far()
        if name not in services.files:
            return self.answer(404, "no such file")
        content = services.files[name]
        if self.headers.get("accept-encoding", "gzip") != "identity":
            return self.answer(200, gzip.compress(content), [("content-encoding", "gzip")])
        asked = re.match(r"bytes=(\d+)-(\d+)$", self.headers.get("range", ""))
        if how == "whole" or not asked:
            return self.answer(200, content)
        first, last = int(asked[1]), min(int(asked[2]), len(content) - 1)
        if first >= len(content):
            return self.answer(416, "", [("content-range", f"bytes */{len(content)}")])
        if how == "short":
            last = min(last, first + 999)
        headers = [("content-range", f"bytes {first}-{last}/{len(content)}")]
        self.answer(206, content[first : last + 1], headers)

    def far(self):
        line = b"far away\n"
        if not self.headers.get("range", "").startswith(f"bytes={FAR}-"):
            return self.answer(416, "", [("content-range", f"bytes */{FAR + len(line)}")])
        self.answer(206, line, [("content-range", f"bytes {FAR}-{FAR + len(line) - 1}/{FAR + 1000}")])
