"""What is asked of a host, what must come back, and the words of the contract that say so."""

import json
import zlib
from threading import Event

from host import Red, same, shown
from services import FAR, GRANTED

CASES = []
# Text beyond ASCII, beyond 16 bits, and a whole number beyond a double.
TEXTS = ["Größe „M“", "尺寸", "🧥 𝔐", "e\u0301", "9007199254740993", "", " a\tb\n"]
ASK = {"tag": "ask", "val": {"name": "explain", "arguments": '{"sku":"x"}'}}
ACT = {"tag": "act", "val": {"name": "orders-retry", "arguments": '{"order":"x"}'}}
NINE_MIB = "".join(f'{{"nr":{nr},"name":"Überhemd 尺寸 🧥"}}\n' for nr in range(200_000))


def case(name, contract, slow=False):
    """Takes a function as a case. `contract` is a sentence of wit/README.md or connector.wit."""

    def add(run):
        run.named, run.contract, run.slow = name, contract, slow
        CASES.append(run)

    return add


def http(path, service="kit", method="get", **more):
    return {"http": {"service": service, "method": method, "path": path, **more}}


def commit(**writes):
    return {"commit": list(writes.items())}


def statuses(answers):
    return [answer.get("http", {}).get("status", answer) for answer in answers]


def bodies(answers):
    return [answer.get("http", {}).get("body", answer) for answer in answers]


def failures(answers):
    return [answer.get("failed", "an answer") if isinstance(answer, dict) else answer for answer in answers]


def digest(text):
    """How the probe tells a long text."""
    return {"bytes": len(text.encode()), "crc32": zlib.crc32(text.encode())}


def digest_list(values):
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return {"many": len(values), "crc32": zlib.crc32(text.encode())}


# The job.


@case("the job reaches the component whole", "`job.now` … milliseconds since 1970 in UTC")
def _(kit):
    told = kit.turns(end={"done": {"verdict": "attention", "next_run": 1795420765899}})
    same([told.job[key] for key in ("connection", "mode", "hints")], ["kit", "sync", []], "the job")
    same(told.outcome["verdict"], "attention", "the verdict")
    same(told.outcome["next_run"], 1795420765899, "next-run")
    if not 1_700_000_000_000 < told.job["now"] < 4_000_000_000_000:
        raise Red(f"now is {told.job['now']}, no time in milliseconds")


@case("questions and acts reach it with their words", "they become `mode.ask` and `mode.act`")
def _(kit):
    for mode, name, key in [("ask", "explain", "sku"), ("act", "orders-retry", "order")]:
        said = {key: "Größe „M“ 🧥"}
        call = {"name": name, "arguments": json.dumps(said, ensure_ascii=False)}
        job = kit.turns(mode={"tag": mode, "val": call}).job
        same((job["mode"], job["call"]["name"], json.loads(job["call"]["arguments"])), (mode, name, said), "the call")


@case("hints come in order, with their bodies as they were", "give them to the next `sync`, oldest first")
def _(kit):
    hints = [{"id": f"{nr}", "topic": "things/update", "body": f'{{ "nr":{nr}, "n":"ü🧥" }}'} for nr in (9, 10, 1)]
    same(kit.turns(hints=hints).job["hints"], hints, "the hints")


# Talking to a service.


@case("requests are sent as they are", "send `headers` and `body` as they are")
def _(kit):
    body = '{ "id":9007199254740993, "größe":"🧥" }'
    headers = [["Content-Type", "application/json; charset=utf-8"], ["X-Some", "a, b"]]
    for method in ("get", "post", "put", "patch", "delete"):
        sent = {} if method == "get" else {"body": body, "changes": True, "key": "never-sent"}
        [answer] = kit.ask(http("/echo/a%20b?q=%C3%BC&x=1+2", method=method, headers=headers, **sent))
        [text] = bodies([answer])
        echo = json.loads(text)
        same(echo["method"], method.upper(), "the method")
        same(echo["path"], "echo/a%20b?q=%C3%BC&x=1+2", "the path")
        same(echo["body"], sent.get("body", ""), "the body")
        for name, value in headers:
            same(echo["headers"].get(name.lower()), value, f"the header {name}")
        if "never-sent" in text:
            raise Red("the idempotency key is sent, which is for the host alone")


@case("any status is an answer", "404, 429 and 500 are answers")
def _(kit):
    wanted = [200, 204, 304, 400, 401, 404, 429, 500, 503]
    answers = kit.ask(*(http(f"/status/{status}") for status in wanted))
    same(statuses(answers), wanted, "the statuses")
    same(bodies(answers)[5], "status 404", "the body")
    same(kit.services.count("/status/401"), 1, "how often a fixed secret is sent after a 401")


@case("redirects are answers", "Do not follow redirects to another host; a 3xx is an answer")
def _(kit):
    same(statuses(kit.ask(http("/redirect/elsewhere"))), [302], "the status")


@case("headers come in lower case, without those that authenticate", "Header names in lower case. Leave out `set-cookie`")
def _(kit):
    told = kit.turns({"ask": [http("/headers")]}, {"ask": [http("/echo")]})
    headers = dict(told.answers[0]["http"]["headers"])
    same(headers.get("x-mixed-case"), "Value", "x-mixed-case")
    hidden = {"set-cookie", "www-authenticate", "x-kit-token", "X-Mixed-Case"} & set(headers)
    same(sorted(hidden), [], "what should not be there")
    [_, text] = bodies(told.answers)
    if "cookie" in json.loads(text)["headers"]:
        raise Red("a cookie is kept, and sent with the next call")


@case("compressed answers are unpacked", "if you decompress, [leave out] `content-encoding` and `content-length`")
def _(kit):
    [answer] = kit.ask(http("/text"))
    same(answer["http"]["body"], digest("Größe „M“, 尺寸, 🧥, 9007199254740993\n" * 100), "the body")
    headers = dict(answer["http"]["headers"])
    if "content-encoding" in headers:
        raise Red("content-encoding is shown, and the body is not encoded")


@case("bytes that are not UTF-8 become U+FFFD", "replace what is not UTF-8 by U+FFFD")
def _(kit):
    [body] = bodies(kit.ask(http("/bytes")))
    # How many stand for one broken character is not laid down; a mark at the beginning stays.
    same(body.replace("\ufffd\ufffd", "\ufffd"), "\ufeffa\ufffdb\ufffd(c\ufffd", "the body")


@case("a service that nobody named is refused", "Refuse a service that the manifest does not name")
def _(kit):
    same(failures(kit.ask(http("/any", service="nobody"))), ["refused"])


@case("a path that leaves the base URL is refused", "[Refuse] a path that leaves the base URL")
def _(kit):
    paths = ["any", "/../outside", "/%2e%2e/outside", "/a/../../../outside", "/..%2foutside", "@127.0.0.1:1/"]
    same(failures(kit.ask(*(http(path) for path in paths))), ["refused"] * len(paths))


@case("headers that authenticate are refused", "[Refuse] a header that authenticates")
def _(kit):
    names = ["Authorization", "cookie", "X-KIT-Token"]
    same(failures(kit.ask(*(http("/any", headers=[[name, "x"]]) for name in names))), ["refused"] * 3)
    same(kit.services.count("/any"), 0, "the number of calls")


@case("a connection that breaks is `unreachable`, and nothing is sent twice", "You retry none of them")
def _(kit):
    cut = [http("/cut/get"), http("/cut/post", method="post", body="{}", changes=True), http("/half")]
    same(failures(kit.ask(*cut)), ["unreachable"] * 3)
    same([kit.services.count(path) for path in ("/cut/get", "/cut/post", "/half")], [1, 1, 1], "how often each was sent")
    closed = kit.services.given()
    closed["kit"]["url"] = "http://127.0.0.1:9/base"
    same(failures(kit.ask(http("/any"), services=closed)), ["unreachable"])


@case("an answer without end is `too-large`", "Set a limit of size (`too-large`)")
def _(kit):
    same(failures(kit.ask(http("/endless"))), ["too-large"])
    same(failures(kit.ask(http("/bomb"))), ["too-large"], "an answer that unpacks to as much")


@case("no answer is `timed-out`", "[Set a limit] of time (`timed-out`)", slow=True)
def _(kit):
    same(failures(kit.ask(http("/silent"))), ["timed-out"])
    same(kit.services.count("/silent"), 1, "how often it was sent")


# Credentials.


@case("tokens are granted in every encoding, and kept", "`grant` is a request to `token-url` with `fields`")
def _(kit):
    calls = [http(f"/any/{nr}", service) for service in GRANTED for nr in (1, 2)]
    told = kit.turns(*({"ask": [call]} for call in calls))
    same(statuses(told.answers), [200] * len(calls), "the statuses")
    same(kit.services.grants, len(GRANTED), "the number of grants")


@case("a 401 brings one new token, and the same call once more", "After a 401, get one new token and send the same request once more")
def _(kit):
    turns = [http("/any/1", "granted"), http("/revoke", "granted"), http("/any/2", "granted", "post", body="ü")]
    told = kit.turns(*({"ask": [call]} for call in turns))
    same(statuses(told.answers), [200] * 3, "the statuses")
    same((kit.services.grants, kit.services.count("/any/2")), (2, 2), "grants, and calls with the old and new token")


@case("a second 401 is an answer", "a second 401 goes to the component as an answer")
def _(kit):
    same(statuses(kit.ask(http("/status/401", "granted"))), [401], "the status")
    same(kit.services.count("/status/401"), 2, "the number of calls")


@case("a grant that is refused, and one that breaks", "A token endpoint that refuses the secrets is `refused`; one that cannot be reached is `unreachable`")
def _(kit):
    for granting, wanted in [(401, "refused"), ("cut", "unreachable")]:
        kit.services.granting = granting
        same(failures(kit.ask(http("/any", "granted"))), [wanted], f"with {granting}")


# Files of lines.


def file(kit, how, name, content):
    kit.services.files[name] = content
    return f"{kit.services.base('kit')}/files/{how}/{name}"


def pieces(content, max_bytes):
    """The pieces of a file, as the contract cuts them."""
    cut, begin = [], 0
    while True:
        end = begin + max_bytes
        if end >= len(content):
            return [*cut, {"text": content[begin:], "next_offset": None}]
        end = content.rindex(b"\n", begin, end) + 1
        cut.append({"text": content[begin:end], "next_offset": end})
        begin = end


def told_pieces(content, max_bytes):
    whole = pieces(content, max_bytes)
    return [{"lines": piece | {"text": _told(piece["text"].decode())}} for piece in whole]


def _told(text):
    return text if len(text.encode()) <= 4_000 else digest(text)


@case("large pieces, by ranges", "at most `max-bytes`, which is never more than 8 MiB. Cut after the last line feed")
def _(kit):
    content = NINE_MIB.encode()
    for name, max_bytes in [("large", 8 << 20), ("middle", 3_000_000)]:
        url = file(kit, "ranged", name, content)
        answers = kit.ask({"read_file": {"url": url, "max_bytes": max_bytes}})
        same(answers, told_pieces(content, max_bytes), "the pieces")


@case("a server that ignores ranges", "A server that ignores ranges sends the whole file with status 200")
def _(kit):
    content = NINE_MIB.encode()
    url = file(kit, "whole", "large", content)
    answers = kit.ask({"read_file": {"url": url, "max_bytes": 2 << 20}})
    same(answers, told_pieces(content, 2 << 20), "the pieces")


@case("a server that sends less than it is asked for", "`next-offset` is `offset` plus the bytes you hand over")
def _(kit):
    content = b"".join(b"line %d\n" % nr for nr in range(600))
    answers = kit.ask({"read_file": {"url": file(kit, "short", "small", content), "max_bytes": 4_000}})
    same("".join(answer["lines"]["text"] for answer in answers).encode(), content, "the file")


@case("the ends of files", "none after the end of the file … a 416 at the exact end")
def _(kit):
    for how in ("ranged", "whole"):
        for name, content, offset, text in [
            ("empty", b"", 0, ""), ("end", b"a\nb\n", 4, ""), ("open", b"a\nb", 2, "b"), ("one", b"a\n", 0, "a\n"),
        ]:
            url = file(kit, how, name, content)
            answers = kit.ask({"read_lines": {"url": url, "offset": offset, "max_bytes": 100}})
            same(answers, [{"lines": {"text": text, "next_offset": None}}], f"{name}, {how}")


@case("what is no file of lines", "No line end in `max-bytes`, and more follows: `too-large`. Not UTF-8: `refused`. Anything but …: `unreachable`")
def _(kit):
    gone = f"{kit.services.base('kit')}/files/ranged/gone"
    moved = f"{kit.services.base('kit')}/files/moved/x"
    long = b"x" * 5_000 + b"\n"
    for how in ("ranged", "whole"):
        urls = [file(kit, how, "long", long), file(kit, how, "latin", b"a\xfcb\n" * 9), gone, moved]
        answers = kit.ask(*({"read_lines": {"url": url, "offset": 0, "max_bytes": 4_000}} for url in urls))
        same(failures(answers), ["too-large", "refused", "unreachable", "unreachable"])


@case("offsets have 64 bits", "`offset: u64`")
def _(kit):
    url = f"{kit.services.base('kit')}/files/far/x"
    answers = kit.ask({"read_lines": {"url": url, "offset": FAR, "max_bytes": 100}})
    same(answers, [{"lines": {"text": "far away\n", "next_offset": FAR + 9}}])


@case("files come from named hosts alone", "Allow only `download-hosts` and the services' own hosts")
def _(kit):
    urls = [
        f"{kit.services.elsewhere}/file", "http://192.0.2.1/file", "https://a.b.files.invalid/file",
        "https://files.invalid/file", "ftp://a.files.invalid/file", "not a url", "https://a.files.invalid/file",
    ]
    answers = kit.ask(*({"read_lines": {"url": url, "offset": 0, "max_bytes": 100}} for url in urls))
    same(failures(answers), ["refused"] * 6 + ["unreachable"])


# The ledger.


@case("keys and values are any text", "a map from text to text")
def _(kit):
    writes = [[f"key {text}", text] for text in TEXTS]
    kit.ask({"commit": writes})
    keys = [key for key, _ in writes]
    same(kit.ask({"load": [*keys, "Key 尺寸", "nothing"]}), [{"loaded": [*TEXTS, None, None]}])


@case("a key that stands there twice, and ten thousand keys", "At most 10,000 keys; one may stand there twice")
def _(kit):
    writes = [[f"k/{nr:05}", f"värde {nr}"] for nr in range(10_000)]
    keys = [key for key, _ in reversed(writes)]
    ask = [{"commit": writes}], [{"load": keys}, {"load": ["k/00007", "none", "k/00007"]}, {"scan": {"limit": 10_000}}]
    told = kit.turns(*({"ask": asked} for asked in ask))
    loaded = digest_list([f"värde {nr}" for nr in reversed(range(10_000))])
    twice = ["värde 7", None, "värde 7"]
    same(told.answers, ["committed", {"loaded": loaded}, {"loaded": twice}, {"scanned": digest_list(writes)}])


@case("scans are in byte order of UTF-8, page by page", "in byte order of UTF-8. Beware of languages that sort strings by UTF-16")
def _(kit):
    keys = ["a", "B", "é/1", "é/2", "\ufffd", "🧥", "z", "a/%", "a/_", "a/b", "\uff5e", "𝔐", "A/b"]
    kit.ask({"commit": [[key, key] for key in keys]})
    scans = [
        ("", None, 100), ("", None, 4), ("", "é/2", 3), ("", "🧥", 9), ("é", None, 9), ("é/", "é/1", 9), ("a/", None, 9),
        ("a/%", None, 9), ("a/_", None, 9), ("A", None, 9), ("", "after all: \U0010ffff", 2), ("none", None, 9), ("a", "B", 9),
    ]
    wanted = []
    for prefix, after, limit in scans:
        page = [key for key in keys if key.startswith(prefix) and (after is None or key.encode() > after.encode())]
        wanted.append({"scanned": [[key, key] for key in sorted(page, key=str.encode)[:limit]]})
    asked = ({"scan": {"prefix": prefix, "after": after, "limit": limit}} for prefix, after, limit in scans)
    for answer, right, scan in zip(kit.ask(*asked), wanted, scans, strict=True):
        same(answer, right, f"the scan {shown(scan)}")


@case("commits change, delete, and are read by what comes after", "Reads that are asked for afterwards see them")
def _(kit):
    scan = {"scan": {"limit": 9}}
    turns = [
        [commit(a="1", b="2", c="")], [scan], [commit(a=None, b="3", nothing=None)], [scan], [{"commit": []}],
    ]
    told = kit.turns(*({"ask": asked} for asked in turns))
    before, after = [["a", "1"], ["b", "2"], ["c", ""]], [["b", "3"], ["c", ""]]
    same(told.answers, ["committed", {"scanned": before}, "committed", {"scanned": after}, "committed"])
    same(kit.ask(scan), [{"scanned": after}], "the ledger in the next pass")


@case("a dry run keeps its commits to itself", "let commits go into a scratch copy of the ledger … dropped at its end")
def _(kit):
    kit.ask(commit(a="1", b="2", z="9"))
    scan, load = {"scan": {"limit": 2}}, {"load": ["a", "b", "c"]}
    for mode in ("plan", "check", ASK):
        told = kit.turns({"ask": [commit(a="new", b=None, c="3")]}, {"ask": [load, scan]}, mode=mode)
        same(told.answers, ["committed", {"loaded": ["new", None, "3"]}, {"scanned": [["a", "new"], ["c", "3"]]}])
    same(kit.ask(load, scan), [{"loaded": ["1", "2", None]}, {"scanned": [["a", "1"], ["b", "2"]]}], "what the next pass reads")


@case("a dry run changes nothing, a sync and an act may", "refuse every `http` request that says `changes`")
def _(kit):
    change = http("/write", method="post", body="{}", changes=True)
    question = http("/question", method="post", body="{}")
    for nr, mode in enumerate(["plan", "check", ASK]):
        answers = kit.ask(change, question, mode=mode)
        same(failures(answers), ["refused", "an answer"], f"{shown(mode)}: the answers")
        same((kit.services.count("/write"), kit.services.count("/question")), (0, nr + 1), "the number of calls")
    for nr, mode in enumerate(["sync", ACT]):
        same(statuses(kit.ask(change, mode=mode)), [200], f"{shown(mode)}: the status")
        same(kit.services.count("/write"), nr + 1, "the number of writes")


# Time and turns.


@case("a wait is never short", "Answer `woke` when the time has come, never early")
def _(kit):
    told = kit.turns(*({"ask": [{"wait": ms}]} for ms in (1, 50, 333)), {"ask": [{"wait_until": 1}]})
    same(told.answers, ["woke"] * 4)
    times = [told.job["now"], *(completion["at"] for completion in told.completions)]
    for before, after, ms in zip(times, times[1:], (1, 50, 333)):
        if after < before + ms:
            raise Red(f"it woke {before + ms - after} ms early")


@case("a wait of more than a minute is refused", "It is at most 60 s away")
def _(kit):
    same(failures(kit.ask({"wait": 120_000}, {"wait_until": (1 << 64) - 1})), ["refused"] * 2)


@case("requests are answered once each, in whatever order", "Complete each request once. You may collect several completions or give each at once")
def _(kit):
    slow = [http(f"/slow/{ms}") for ms in (240, 10, 120, 0, 60)]
    effects = [*slow, {"load": ["a"]}, commit(b="1"), {"scan": {"limit": 1, "prefix": "none"}}, {"wait": 30}]
    told = kit.turns({"ask": effects})
    same(len(told.answers), len(effects), "the number of answers")
    same(bodies(told.answers[:5]), [f"slow {ms}" for ms in (240, 10, 120, 0, 60)], "the bodies")
    # The probe itself ends the pass with a fault where an id comes twice or time runs backwards.


@case("requests of an earlier turn may still be open", "Requests of an earlier turn may still be open when new ones come")
def _(kit):
    told = kit.turns(
        {"ask": [http("/slow/300"), {"load": ["a"]}], "until": [2]},
        {"ask": [commit(a="1")], "until": [3]},
        {"ask": [{"load": ["a"]}], "until": [4]},
        {"ask": [], "until": [1]},
    )
    same(bodies([told.answers[0]]) + told.answers[1:], ["slow 300", {"loaded": [None]}, "committed", {"loaded": ["1"]}])


@case("ids have 32 bits and need no order", "Unique within the pass. `id: u32`")
def _(kit):
    ids = [4_294_967_295, 0, 7]
    told = kit.turns({"ask": [{"load": [key]} for key in "abc"], "ids": ids})
    same(sorted(completion["id"] for completion in told.completions), sorted(ids), "the ids")


@case("a pass of many turns", "`resume` … until it says done")
def _(kit):
    same(kit.run({"repeat": 500, "turns": [{"ask": [{"load": ["k"]}]}]}).outcome["report"]["counts"]["effects"], 500)


@case("a pass may end with requests open", "an answer that comes after its pass is over belongs to nobody: drop it")
def _(kit):
    writes = [[f"k{nr}", "1"] for nr in range(1_000)]
    kit.turns({"ask": [{"load": ["a"]}, http("/slow/400"), {"commit": writes}], "until": [1]}).outcome
    [answer] = kit.ask({"load": [key for key, _ in writes]})
    if answer["loaded"] not in (digest_list(["1"] * 1_000), digest_list([None] * 1_000)):
        raise Red("a commit that was open at the end is there by half")


# How a pass ends.


@case("faults are told with their words", "show `message` and `fix`")
def _(kit):
    for kind in ("permanent-settings", "permanent-protocol", "permanent-ledger", "temporary"):
        fault = kit.turns(end={"fault": {"kind": kind}}).fault
        if fault.get("kind") not in (kind, kind.split("-")[0]):
            raise Red(f"the kind is {fault.get('kind')} and not {kind}")
        same((fault["code"], fault["fix"]), ("probe-fault", "See wit/README.md."), "code and fix")
        same(fault["message"], f"The script asks for {kind}: ¿por qué?", "the message")


@case("refused settings are a fault", "The settings are refused; `check-settings` names the place")
def _(kit):
    fault = kit.run(None, settings={"script": "none"}).fault
    same((fault["kind"], fault["code"]), ("permanent-settings", "probe-script"), "the fault")


@case("a trap ends the pass, and the ledger is as the last commit left it", "drop the instance … The ledger is as the last commit left it")
def _(kit):
    if not kit.turns({"ask": [commit(a="1")]}, end="trap").broken:
        raise Red("the host does not say what happened")
    same(kit.ask({"load": ["a"]}), [{"loaded": ["1"]}], "the ledger")


@case("a component that breaks the contract is ended", "Unique within the pass … Never empty unless requests of an earlier turn are still open")
def _(kit):
    same(bool(kit.turns(end="wait-for-nothing").broken), True, "what the host says of a wait for nothing")
    twice = {"ask": [{"wait": 50}, {"load": ["a"]}], "ids": [1, 1]}
    same(bool(kit.turns(twice).broken), True, "what the host says of an id that is open twice")


# Crash and replay.


@case("a commit outlives SIGKILL", "durable before you answer `committed`")
def _(kit):
    kit.killed(kit.services.held, {"ask": [commit(a="1", b="尺寸")]}, {"ask": [http("/hold")]})
    kit.services.released.set()
    # Another script is another pass: a host that journals has to drop the old one, or end it.
    same(kit.ask({"load": ["a", "b"]}), [{"loaded": ["1", "尺寸"]}], "the ledger")


@case("a commit is there wholly or not at all", "all writes or none")
def _(kit):
    for after_ms in (0, 8, 25):
        event = Event()
        kit.services.on_signal = event.set
        kit.services.released.clear()
        writes = [[f"{after_ms}/{nr}", "1" * 50] for nr in range(10_000)]
        kit.killed(event, {"ask": [http("/signal")]}, {"ask": [{"commit": writes}]}, {"ask": [http("/hold")]}, after_s=after_ms / 1000)
        # A host that journals may carry the pass on, to its end.
        kit.services.released.set()
        [answer] = kit.ask({"load": [key for key, _ in writes]})
        if answer["loaded"] not in (digest_list(["1" * 50] * 10_000), digest_list([None] * 10_000)):
            raise Red(f"killed {after_ms} ms after it was asked for, half a commit is there")


@case("a killed pass is carried on, or followed by the next", "A durable engine that journals effects can carry a pass over its own crash")
def _(kit):
    write = http("/write/once", method="post", body="{}", changes=True, key="once")
    turns = [{"ask": [{"load": ["a"]}, write]}, {"ask": [commit(a="1")]}, {"ask": [http("/hold")]}, {"ask": [{"load": ["a"]}]}]
    kit.killed(kit.services.held, *turns)
    kit.services.released.set()
    answers = kit.turns(*turns, resume=True).answers
    carried = kit.host.journals
    same(answers[0], {"loaded": [None if carried else "1"]}, "what was read first")
    same(kit.services.count("/write/once"), 1 if carried else 2, "the number of writes")
    same(answers[-1], {"loaded": ["1"]}, "what is read at the end")
