#!/usr/bin/env python3
"""hostile.py VIGIE [TOXIC] [--alone]: serves what a crawler should never meet (bombs, endless answers, broken connections) beside
sources that are well, and crawls all of it with the binary. No panic, no hang past the sources' own time limit, memory under
the cap, and the sources that are well unharmed. First each page alone, and nothing more with `--alone`. TOXIC is a TCP proxy `toxic.py PORT HOST:PORT MODE` to put before one of
them. Exit status 1 where something is wrong."""
import atexit
import email.utils
import http.server
import io
import json
import os
import pathlib
import re
import socket
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import zipfile
import zlib

VIGIE = pathlib.Path(sys.argv[1]).resolve()
TOXIC = next((pathlib.Path(path).resolve() for path in sys.argv[2:] if not path.startswith("--")), None)
TOTAL, IDLE = 5, 2  # seconds
MEMORY = 200  # MiB: six answers of 10 MiB in flight, and what their parsers make of them
ALONE = 130  # MiB: one of them
SLOWEST = 6  # seconds to start, to fetch, to read and to store one page; most take one
LONGEST = 300  # seconds after which a run is ended
MODES = ["pass", "latency:200", "slow:50", "reset:300", "truncate:300", "garbage", "flaky:60", "refuse", "blackhole"]
wrong = []


def check(condition, what):
    print(("ok    " if condition else "WRONG ") + what, flush=True)
    if not condition:
        wrong.append(what)


def rss(count, body="corps"):
    items = "".join(
        f"<item><title>Avis {n}</title><link>https://exemple.fr/{n}</link><description>{body} {n}</description></item>"
        for n in range(count)
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>{items}</channel></rss>'.encode()


def laughs():
    entities = '<!ENTITY l0 "ha">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    return f'<?xml version="1.0"?><!DOCTYPE rss [{entities}]><rss version="2.0"><channel><item><title>&l11;</title></item></channel></rss>'.encode()


def bomb():
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b"<item><title>x</title></item>" * 40000
    out = squeeze.compress(b'<rss version="2.0"><channel>')
    for _ in range(200 * (1 << 20) // len(block)):
        out += squeeze.compress(block)
    return out + squeeze.flush()


def archive(body, inner):
    """A file that unpacks to 200 times `body`."""
    out = io.BytesIO()
    if inner == "zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            for n in range(200):
                packed.writestr(f"{n}.xml", body)
    else:
        with tarfile.open(fileobj=out, mode="w:gz") as packed:
            for n in range(200):
                info = tarfile.TarInfo(f"{n}.xml")
                info.size = len(body)
                packed.addfile(info, io.BytesIO(body))
    return out.getvalue()


DEEP = 1_000_000
FEED, HTML, JSON = "application/rss+xml", "text/html", "application/json"
LIST = 'kind = "html"\nitem = "article"\ntitle = "h2"\nsummary = "p"\ncategory = "a"'
ITEMS = 'kind = "json"\nitem = "/items"\ntitle = "/title"\ncategory = "/tags/*"'
ENTRY = 'kind = "xml"\nitem = "//entry"\ntitle = "/entry/title"\ncontent = "//content"'
TABLE = 'kind = "csv"\ntitle = "titre"\ndate = "jour"'
START = b'<rss version="2.0"><channel><item><title>'
FORMATTING = b"".join(b"<b id=%d><i id=%d>" % (n, n) for n in range(500))
# name: (content type, body, how it is read)
PAGES = {
    "gzip-bomb": (FEED, bomb(), ""),
    "entities": (FEED, laughs(), ""),
    "nested-xml": (FEED, b"<rss><channel>" + b"<a>" * DEEP + b"</a>" * DEEP, ""),
    "nested-item": (FEED, b"<rss><channel><item><title>x</title><description>" + b"&lt;b&gt;" * DEEP, ""),
    "attributes": (FEED, b"<rss " + b" ".join(b'a%d="1"' % n for n in range(100_000)) + b"><channel/></rss>", ""),
    "one-line": (FEED, START + b"x" * 9_900_000, ""),
    "line-50mb": (FEED, START + b"x" * 50_000_000, ""),
    "bad-gzip": (FEED, b"\x1f\x8b\x08\x00" + os.urandom(4096), ""),
    "zeros": (FEED, bytes(9_000_000), ""),
    "misread": (FEED, START + "Ã©".encode() * 2_400_000 + b"</title></item></channel></rss>", ""),
    "random": (HTML, os.urandom(2_000_000), LIST),
    "many-items": (FEED, rss(60_000), ""),
    "same-guid": (FEED, b'<rss version="2.0"><channel>' + b"<item><guid>1</guid><title>x</title></item>" * 50_000, ""),
    "feed-bases": (FEED, b'<feed xml:base="http://a.fr/' + b"y" * 400 + b'/">' + (b"<entry><title>x</title>" + b'<link xml:base="" href="x"/>' * 150 + b"</entry>") * 2_000, ""),
    "feed-contents": (FEED, b"<rss><channel>" + (b"<item><title>x</title><description>" + b"&lt;table>&lt;b>x" * 28_000 + b"</description></item>") * 20, ""),
    "json-deep": (JSON, b'{"items":' + b"[" * DEEP, ""),
    "json-wide": (JSON, b'{"version":"https://jsonfeed.org/version/1.1","items":[' + b'{"id":1},' * 900_000 + b"{}]}", ""),
    "json-list": (JSON, b'{"items":[' + b'{"id":1},' * 900_000 + b"{}]}", ITEMS),
    "json-one": (JSON, b'[{"tags":[' + b'{"id":1},' * 900_000 + b"{}]}]", ITEMS.replace('item = "/items"', "")),
    "json-names": (JSON, b'{"items":[{' + b",".join(b'"k%d":1' % n for n in range(300_000)) + b"}]}", ITEMS),
    "xml-nested": ("text/xml", b"<r>" + b"<entry><content>" * 90 + b"<p>mot</p>" * 900_000 + b"</content></entry>" * 90 + b"</r>", ENTRY),
    "xml-wide": ("text/xml", b"<r>" + b"<entry/>" * 1_200_000 + b"</r>", ENTRY),
    "csv-long": ("text/csv", b"titre\n" + b"a\n" * 4_000_000, TABLE),
    "csv-wide": ("text/csv", b",".join(b"c%d" % n for n in range(1_000_000)) + b"\n1", TABLE),
    "sitemap": ("text/xml", b"<urlset>" + b"".join(b"<url><loc>/%d</loc></url>" % n for n in range(300_000)) + b"</urlset>", 'kind = "sitemap"'),
    "zip-bomb": ("application/zip", archive(rss(1) + bytes(8 << 20), "zip"), 'archive = "zip"'),
    "tar-bomb": ("application/gzip", archive(rss(1) + bytes(8 << 20), "tar.gz"), 'archive = "tar.gz"'),
    "links": (HTML, b'<base href="http://a.fr/' + b"y" * 450 + b'/"><main>' + b"<a href=x>y</a>" * 600_000, 'kind = "links"\npattern = "z"'),
    "html-nested": (HTML, b"<main>" + b"<div><article>" * (DEEP // 2), LIST),
    "html-items": (HTML, b"<main>" + b"<article>" * 250 + b"<h2>x</h2><p>mot" * 500_000, LIST),
    "html-attributes": (HTML, b"<main " + b" ".join(b'a%d="1"' % n for n in range(100_000)) + b"><article><h2>x</h2></article>", LIST),
    "html-attributes-of-many": (HTML, b"<main><article><h2>x</h2>" + (b"<p " + b" ".join(b"a%d" % n for n in range(60)) + b">") * 40_000, LIST),
    "html-tables": (HTML, b"<main>" + b"<table><tr><td><article>" * 200_000, LIST),
    "html-foster": (HTML, b"<main><article><h2>x</h2><table>" + b"<a href=x>y<p>" * 500_000, LIST),
    "html-formatting": (HTML, b"<main><article>" + b"<b><i><a href=x><p>" * 200_000, LIST),
    "html-reopened": (HTML, b"<main><article>" + FORMATTING + b"<p>x" * 2_000_000, LIST),
    "html-scripts": (HTML, b"<main><article>" + b"<svg><style><b><title><p></style>" * 250_000, LIST),
    "html-one-line": (HTML, b"<main><article><h2>" + b"x" * 9_900_000, LIST),
    "css": (HTML, b"<main>" + b"<article><h2><a href=/%s>x</a></h2></article>" % (b"y" * 2000) * 4000, LIST),
}
# What says something all the same, and what may or may not.
HARMLESS = {"entities", "tar-bomb", "many-items", "same-guid", "css", "feed-contents", "feed-bases"}
SPOILED = {"one-line", "misread", "nested-item", "attributes", "json-wide", "json-list", "json-one", "json-names", "csv-long", "csv-wide", "sitemap"}
SPOILED |= {name for name in PAGES if name.startswith(("html-", "xml-"))}
# Those whose documents are web pages: each of these stands behind an entry too.
DOCUMENTS = [name for name in PAGES if PAGES[name][0] == HTML and name != "links"]
ENDLESS = ["drip", "endless", "headers", "silent", "half"]


class Web(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        name = self.path.strip("/")
        if name.startswith("well"):
            return self.answer("application/rss+xml", rss(3, name))
        if name == "documents":
            # What is old when its source is first read is not read any further.
            day = f"<pubDate>{email.utils.formatdate()}</pubDate>"
            items = "".join(f"<item><title>{page}</title><link>/{page}</link>{day}</item>" for page in DOCUMENTS)
            return self.answer(FEED, f"<rss><channel>{items}</channel></rss>".encode())
        if name in PAGES:
            kind, body, _ = PAGES[name]
            return self.answer(kind, body, name.endswith("gzip") or name.startswith("gzip"))
        if name not in ENDLESS:
            return self.nothing()
        try:
            getattr(self, "do_" + name)()
        except OSError:
            pass
        self.close_connection = True

    def answer(self, kind, body, packed=False):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def nothing(self):
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_drip(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/rss+xml")
        self.send_header("Content-Length", "100000")
        self.end_headers()
        for byte in rss(100):
            self.wfile.write(bytes([byte]))
            time.sleep(1)

    def do_endless(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while True:
            self.wfile.write(b"2000\r\n" + b"<!-- -->" * 1024 + b"\r\n")

    def do_headers(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            self.wfile.write(b"X-A: " + b"a" * 8000 + b"\r\n")

    def do_silent(self):
        time.sleep(60)

    def do_half(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + rss(2)[:200])


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def resident(pid):
    """The most memory that a process has held, in MiB."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        return next((int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)
    except OSError:
        return 0


def run(folder, settings):
    """Crawls all sources of some settings: exit code, what was said, seconds, MiB at most, what was printed."""
    folder = pathlib.Path(folder)
    (folder / "vigie.toml").write_text(settings)
    began = time.monotonic()
    with open(folder / "stderr", "w") as errors, open(folder / "stdout", "w") as out:
        command = [VIGIE, "--config", folder / "vigie.toml", "--json", "crawl", "--force"]
        process = subprocess.Popen(command, stdout=out, stderr=errors)
        peak = 0
        while process.poll() is None:
            peak = max(peak, resident(process.pid))
            time.sleep(0.005)
            if time.monotonic() - began > LONGEST:
                process.kill()
    wall = time.monotonic() - began
    return process.returncode, (folder / "stderr").read_text(), wall, peak, (folder / "stdout").read_text()


def main():
    server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Web)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    sources, hosts = [], 2

    def source(name, at=None, rest=""):
        nonlocal hosts
        # A host of its own for each: what one of them does to its host is not what is looked at.
        address = at or f"http://127.0.{hosts // 250}.{2 + hosts % 250}:{port}/{name}"
        hosts += 1
        sources.append(
            f'[[source]]\nid = "{name}"\nname = "{name}"\nurl = "{address}"\nallow_private = true\n{rest}'
        )

    for name, (_, _, rest) in PAGES.items():
        source(name, rest=rest)
    source("documents", rest='details = "text"')
    for name in ENDLESS:
        source(name)
    well = [f"well-{n}" for n in range(6)]
    for name in well:
        source(name)
    if TOXIC:
        for mode in MODES:
            at = free_port()
            command = [sys.executable, TOXIC, str(at), f"127.0.0.1:{port}", mode]
            proxy = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            atexit.register(proxy.kill)
            name = "toxic-" + mode.split(":")[0]
            source(name, at=f"http://127.0.0.1:{at}/well-{mode.split(':')[0]}")
        time.sleep(0.5)
    crawl = f'[crawl]\nhost_gap = "0s"\nidle_timeout = "{IDLE}s"\nconnect_timeout = "2s"\ntotal_timeout = "{TOTAL}s"\nhosts_at_once = 6\n'
    print("each page alone: seconds, MiB")
    for text in sources if "--together" not in sys.argv else []:
        name = re.search('id = "(.*)"', text)[1]
        if name in PAGES or name == "documents":
            with tempfile.TemporaryDirectory() as folder:
                _, said, wall, peak, _ = run(folder, crawl + text)
                fine = wall < (SLOWEST if name in PAGES else SLOWEST * len(DOCUMENTS)) and peak < ALONE and "panicked" not in said
                check(fine, f"`{name}` {wall:.1f} s, {peak} MiB")
    if "--alone" in sys.argv:
        sys.exit(bool(wrong))
    with tempfile.TemporaryDirectory() as folder:
        code, said, wall, peak, out = run(folder, crawl + "\n".join(sources))
        folder = pathlib.Path(folder)
        if code not in (0, 3):
            sys.exit(said)
        rows = {row["id"]: row for row in map(json.loads, out.splitlines())}
        check(code == 3, f"exit code 3: done, but some inputs failed (was {code})")
        check("panicked" not in said and "RUST_BACKTRACE" not in said, "no panic")
        check(len(rows) == len(sources), f"all {len(sources)} sources are told of (were {len(rows)})")
        slow = [f"{name} {row['millis']} ms" for name, row in rows.items() if row["millis"] > (TOTAL + 3) * 1000]
        check(not slow, f"no source takes longer than its own limit of {TOTAL} s and 3 s to read it {slow}")
        check(peak < MEMORY, f"memory stays under {MEMORY} MiB (was {peak})")
        for name in well + (["toxic-pass", "toxic-latency"] if TOXIC else []):
            row = rows.get(name, {})
            check(row.get("state") == "ok" and row["drafts"] == 3, f"`{name}` is unharmed {row.get('detail', '')[:110]}")
        harmless = {"toxic-pass", "toxic-latency", "toxic-flaky", "documents", *well} | HARMLESS
        for name, row in rows.items():
            if name not in harmless | SPOILED:
                check(row["state"] not in ("ok", "unmodified"), f"`{name}` is told as broken: {row['detail'].splitlines()[0][:110] if row['detail'] else row['state']}")
        db = sqlite3.connect(folder / "data" / "vigie.db") if (folder / "data").exists() else None
        if db is None:
            db = sqlite3.connect(next(folder.rglob("vigie.db")))
        check(db.execute("PRAGMA integrity_check").fetchone()[0] == "ok", "the database is whole")
        longest = db.execute("SELECT max(length(title)), max(length(text)) FROM notice").fetchone()
        check(longest[0] <= 500 and longest[1] <= 3 << 20, f"titles and texts are cut at their caps {longest}")
        print(f"      {wall:.1f} s, {peak} MiB at most")
    print(f"{len(wrong)} wrong")
    sys.exit(bool(wrong))


main()
