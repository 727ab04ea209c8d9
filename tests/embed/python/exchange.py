"""What goes over the network: exchanges with a service, its credential, and files of lines."""

import base64
import http.client
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

from wasmtime.component import Record, Variant

REQUEST_S_MAX = 30
RESPONSE_BYTES_MAX = 16 << 20
PIECE_BYTES_MAX = 8 << 20
# Headers that authenticate somebody: a connector neither writes nor reads them.
HOST_HEADERS = {"authorization", "cookie", "set-cookie", "www-authenticate"}


def record(**fields):
    """A record of the contract; `max_bytes` is `max-bytes` there."""
    made = Record()
    for name, value in fields.items():
        setattr(made, name.replace("_", "-"), value)
    return made


def failed(tag, *text):
    """An answer that says why there is none."""
    return Variant("failed", Variant(tag, *text))


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other; it may lead to a host that nobody allowed."""

    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(NoRedirect)


def send(url, method="GET", headers=(), body=None):
    """The answer with whatever status, to be read and closed. Raises if there is none."""
    request = urllib.request.Request(url, data=body, headers=dict(headers), method=method)
    try:
        return OPENER.open(request, timeout=REQUEST_S_MAX)
    except urllib.error.HTTPError as answer:
        return answer


class Refused(Exception):
    """Not worth a retry."""


def failure(error):
    """What an exchange without an answer is."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return failed("timed-out")
    if isinstance(error, Refused):
        return failed("refused", str(error))
    return failed("unreachable", str(reason))


class Service:
    """A service with its address and credential."""

    def __init__(self, service, given):
        self._url = (given.get("url") or getattr(service, "default-url")).rstrip("/")
        self._credential = Credential(service, {**given, "url": self._url})

    def owns(self, url):
        """Whether `url` is on the service's own host."""
        return urllib.parse.urlsplit(url)[:2] == urllib.parse.urlsplit(self._url)[:2]

    def exchange(self, request):
        """`http`: one exchange, and one more where a token was refused and can be renewed."""
        path, hidden = request.path, HOST_HEADERS | {self._credential.header}
        if not path.startswith("/") or ".." in urllib.parse.unquote(path.split("?")[0]).split("/"):
            return failed("refused", "a path that leads out of the service")
        if any(name.lower() in hidden for name, _ in request.headers):
            return failed("refused", "a header that is the host's to write")
        body = None if request.body is None else request.body.encode()
        try:
            for renew in (False, True):
                headers = [*request.headers, self._credential.value(renew)]
                with send(self._url + path, request.method.upper(), headers, body) as answer:
                    if answer.status == 401 and self._credential.renewable and not renew:
                        continue
                    received = answer.read(RESPONSE_BYTES_MAX + 1)
                if len(received) > RESPONSE_BYTES_MAX:
                    return failed("too-large")
                lowered = [(name.lower(), value) for name, value in answer.headers.items()]
                visible = [(name, value) for name, value in lowered if name not in hidden]
                text = received.decode(errors="replace")
                return Variant("http", record(status=answer.status, headers=visible, body=text))
        except (OSError, http.client.HTTPException, Refused) as error:
            return failure(error)


class Credential:
    """The header that proves who we are, by what the manifest says and the operator's secrets."""

    def __init__(self, service, given):
        ways = [way for way in service.auth if all(key in given for key in way.payload.secrets)]
        if not ways:
            raise ValueError(f"The service {service.name} needs a credential: {service.summary}")
        self._auth, self._given = ways[0].payload, given
        self._token, self._token_ends = None, 0
        self.renewable = ways[0].tag == "grant"
        self.header = self._auth.header.name.lower()

    def value(self, renew):
        """The header as name and value; `renew` where the last token was refused."""
        secrets = self._given
        if self.renewable:
            if renew or time.monotonic() >= self._token_ends:
                self._grant()
            secrets = {"access_token": self._token}
        return self.header, fill(self._auth.header.form, secrets)

    def _grant(self):
        auth = self._auth
        url = self._given.get("token_url") or getattr(auth, "token-url")
        if url.startswith("/"):
            url = self._given["url"] + url
        fields = [(name, fill(form, self._given)) for name, form in auth.fields]
        content_type, body = encoded(auth.encoding, fields)
        with send(url, "POST", [("content-type", content_type)], body) as answer:
            text = answer.read(RESPONSE_BYTES_MAX)
        if answer.status != 200:
            lasting = 400 <= answer.status < 500 and answer.status not in (408, 429)
            raise (Refused if lasting else OSError)(f"no token: status {answer.status}")
        granted = json.loads(text)
        lifetime_s = granted.get(getattr(auth, "lifetime-field") or "", float("inf"))
        # Renewed in the last tenth of its life, before the service refuses it.
        self._token_ends = time.monotonic() + lifetime_s * 0.9
        self._token = granted[getattr(auth, "token-field")]


def encoded(encoding, fields):
    """Content type and body of a token request."""
    if encoding == "json":
        return "application/json", json.dumps(dict(fields)).encode()
    if encoding == "form-urlencoded":
        return "application/x-www-form-urlencoded", urllib.parse.urlencode(fields).encode()
    boundary = uuid.uuid4().hex
    part = '--{}\r\ncontent-disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    body = "".join(part.format(boundary, name, value) for name, value in fields) + f"--{boundary}--\r\n"
    return f"multipart/form-data; boundary={boundary}", body.encode()


def fill(form, secrets):
    """`Bearer {key}`, `OAuth2 {base64:key}`."""

    def value(match):
        text = secrets[match[2]]
        return base64.b64encode(text.encode()).decode() if match[1] else text

    return re.sub(r"\{(base64:)?(\w+)\}", value, form)


def read_lines(url, offset, bytes_max):
    """`read-lines`: a piece of a remote file, cut at a line end, asked for by an HTTP range."""
    if not 1 <= bytes_max <= PIECE_BYTES_MAX:
        return failed("refused", f"a piece of {bytes_max} bytes")
    headers = [("range", f"bytes={offset}-{offset + bytes_max - 1}"), ("accept-encoding", "identity")]
    try:
        with send(url, headers=headers) as answer:
            found = re.match(r"bytes (?:(\d+)-\d+|\*)/(\d+)$", answer.headers.get("content-range", ""))
            if answer.status == 416 and found and int(found[2]) == offset:
                return Variant("lines", record(text="", next_offset=None))
            if answer.status == 200:
                # The server ignores ranges: what lies before is read and dropped.
                skip(answer, offset)
            elif answer.status != 206 or not found or found[1] != str(offset):
                return failed("unreachable", f"the server of the file answered with status {answer.status}")
            piece = answer.read(bytes_max)
            more = bool(answer.read(1)) if answer.status == 200 else offset + len(piece) < int(found[2])
    except (OSError, http.client.HTTPException) as error:
        return failure(error)
    end = piece.rfind(b"\n") + 1 if more else len(piece)
    if more and not end:
        return failed("too-large")
    try:
        text = piece[:end].decode()
    except UnicodeDecodeError:
        return failed("refused", "the file is not UTF-8")
    return Variant("lines", record(text=text, next_offset=offset + end if more else None))


def skip(answer, length):
    """Reads bytes that nobody wants."""
    while length > 0 and (dropped := answer.read(min(length, 1 << 20))):
        length -= len(dropped)
