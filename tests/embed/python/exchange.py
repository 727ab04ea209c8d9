"""What goes over the network: exchanges with a service, its credential, and files of lines."""

import base64
import re
import time
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx
from wasmtime.component import Variant

from binding import record

RESPONSE_BYTES_MAX = 16 << 20
# Headers that authenticate somebody: a connector neither writes nor reads them.
AUTHENTICATING = {"authorization", "cookie", "proxy-authorization", "set-cookie", "www-authenticate"}
# Headers about a body as it travelled; the connector gets it unpacked.
TRAVELLING = {"content-encoding", "content-length", "transfer-encoding"}
# Follows no redirect and keeps no cookie; the time is in seconds.
CLIENT = httpx.Client(timeout=30, trust_env=False, cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])))


class Failed(Exception):
    """Why there is no answer: `refused` with its rule, `too-large` …"""


def allow(condition, rule):
    """Refuses an effect unless the condition holds."""
    if not condition:
        raise Failed("refused", rule)


def first_bytes(answer, most):
    """The first bytes of a body, or fewer; what comes after them is not downloaded."""
    received = bytearray()
    for chunk in answer.iter_bytes():
        received += chunk
        if len(received) >= most:
            break
    return bytes(received[:most])


class Service:
    """A service with its address and credential."""

    def __init__(self, service, given):
        """`given` holds `url`, maybe `token_url`, and the secrets of one of the service's ways."""
        ways = [way for way in service.auth if all(key in given for key in way.payload.secrets)]
        self.url = httpx.URL((given.get("url") or service.default_url or "").rstrip("/"))
        if not ways or not self.url.host:
            raise ValueError(f"The service {service.name} needs an address and a credential: {service.summary}")
        self._way, self._given, self._token, self._token_ends = ways[0], given, "", 0
        self._hidden = AUTHENTICATING | {ways[0].payload.header.name.lower()}

    def exchange(self, request):
        """`http`: one exchange, and one more with a new token where the old one was refused."""
        url = httpx.URL(f"{self.url}{request.path}")
        within = str(url).startswith(f"{self.url}/") and ".." not in re.split(r"[/\\]", url.path)
        allow(within, "a path that leads out of the service")
        signs = any(name.lower() in self._hidden for name, _ in request.headers)
        allow(not signs, "a header that is the host's to write")
        for renew in (False, True):
            headers = [*request.headers, self._credential(renew)]
            with CLIENT.stream(request.method.upper(), url, headers=headers, content=request.body) as answer:
                received = first_bytes(answer, RESPONSE_BYTES_MAX + 1)
            if answer.status_code != 401 or self._way.tag == "fixed":
                break
        if len(received) > RESPONSE_BYTES_MAX:
            raise Failed("too-large")
        shown = [(name, value) for name, value in answer.headers.multi_items() if name not in self._hidden | TRAVELLING]
        return Variant("http", record(status=answer.status_code, headers=shown, body=received.decode(errors="replace")))

    def _credential(self, renew):
        auth = self._way.payload
        if self._way.tag == "grant" and (renew or time.monotonic() >= self._token_ends):
            self._grant(auth)
        return auth.header.name, fill(auth.header.form, {**self._given, "access_token": self._token})

    def _grant(self, auth):
        url = self._given.get("token_url") or auth.token_url
        fields = {name: fill(form, self._given) for name, form in auth.fields}
        form = {"json": {"json": fields}, "form-urlencoded": {"data": fields}}
        parts = {"files": {name: (None, value) for name, value in fields.items()}}
        answer = CLIENT.post(f"{self.url}{url}" if url.startswith("/") else url, **form.get(auth.encoding, parts))
        lasting = answer.is_client_error and answer.status_code not in (408, 429)
        allow(not lasting, f"no token: status {answer.status_code}")
        granted = answer.raise_for_status().json()
        # Renewed in the last tenth of its life, before the service refuses it.
        self._token_ends = time.monotonic() + granted.get(auth.lifetime_field, float("inf")) * 0.9
        self._token = granted[auth.token_field]


def fill(form, secrets):
    """`Bearer {key}`, `OAuth2 {base64:key}`."""
    coded = re.sub(r"\{base64:(\w+)\}", lambda key: base64.b64encode(secrets[key[1]].encode()).decode(), form)
    return coded.format_map(secrets)


def read_lines(url, offset, most):
    """`read-lines`: a piece of a remote file, cut at a line end, asked for by an HTTP range.

    Raises UnicodeDecodeError where the file is not UTF-8.
    """
    headers = {"range": f"bytes={offset}-{offset + most - 1}", "accept-encoding": "identity"}
    with CLIENT.stream("GET", url, headers=headers) as answer:
        status, told = answer.status_code, answer.headers.get("content-range", "")
        first, total = re.fullmatch(r"(?:bytes (?:(\d+)-\d+|\*)/(\d+)|.*)", told).groups()
        if status == 416 and total == str(offset):
            return Variant("lines", record(text="", next_offset=None))
        if status != 200 and (status, first) != (206, str(offset)):
            raise Failed("unreachable", f"the server of the file answered with status {status}")
        # A server that ignores ranges sends what lies before, each time. That is slow for a large
        # file; a host for large shops keeps the answer open, as atsync's own does.
        before = offset if status == 200 else 0
        received = first_bytes(answer, before + most + 1)[before:]
    more = len(received) > most or offset + len(received) < int(total or 0)
    end = received.rfind(b"\n", 0, most) + 1 if more else len(received)
    if more and not end:
        raise Failed("too-large") if len(received) >= most else Failed("unreachable", "a part without a line end")
    return Variant("lines", record(text=received[:end].decode(), next_offset=offset + end if more else None))
