#!/usr/bin/env python3
"""hostile.py VIGIE [TOXIC]: serves what a crawler should never meet (bombs, endless answers, broken connections) beside
sources that are well, and crawls all of it with the binary. No panic, no hang past the sources' own time limit, memory under
the cap, and the sources that are well unharmed. TOXIC is a TCP proxy `toxic.py PORT HOST:PORT MODE` to put before one of
them. Exit status 1 where something is wrong."""
import atexit
import http.server
import json
import os
import pathlib
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import zlib

VIGIE = pathlib.Path(sys.argv[1]).resolve()
TOXIC = pathlib.Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else None
TOTAL, IDLE = 5, 2  # seconds
MEMORY = 200  # MiB: six answers of 10 MiB in flight, and what their parsers make of them
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


DEEP = 1_000_000
# path: (content type, body, is it gzipped)
PAGES = {
    "gzip-bomb": ("application/rss+xml", bomb(), True),
    "entities": ("application/rss+xml", laughs(), False),
    "nested-xml": ("application/rss+xml", b"<rss><channel>" + b"<a>" * DEEP + b"</a>" * DEEP, False),
    "nested-item": ("application/rss+xml", b"<rss><channel><item><title>x</title><description>" + b"&lt;b&gt;" * DEEP, False),
    "attributes": ("application/rss+xml", b"<rss " + b" ".join(b'a%d="1"' % n for n in range(100_000)) + b"><channel/></rss>", False),
    "one-line": ("application/rss+xml", b'<rss version="2.0"><channel><item><title>' + b"x" * 9_900_000, False),
    "line-50mb": ("application/rss+xml", b'<rss version="2.0"><channel><item><title>' + b"x" * 50_000_000, False),
    "bad-gzip": ("application/rss+xml", b"\x1f\x8b\x08\x00" + os.urandom(4096), True),
    "zeros": ("application/rss+xml", bytes(9_000_000), False),
    "random": ("text/html", os.urandom(2_000_000), False),
    "many-items": ("application/rss+xml", rss(60_000), False),
    "same-guid": ("application/rss+xml", b'<rss version="2.0"><channel>' + b"<item><guid>1</guid><title>x</title></item>" * 50_000, False),
    "json-deep": ("application/json", b'{"items":' + b"[" * DEEP, False),
    "json-wide": ("application/json", b'{"version":"https://jsonfeed.org/version/1.1","items":[' + b'{"id":1},' * 900_000 + b"{}]}", False),
    "html-nested": ("text/html", b"<main>" + b"<div><article>" * (DEEP // 2), False),
    "html-attributes": ("text/html", b"<main " + b" ".join(b'a%d="1"' % n for n in range(100_000)) + b"><article><h2>x</h2></article>", False),
    "html-tables": ("text/html", b"<main>" + b"<table><tr><td><article>" * 200_000, False),
    "html-formatting": ("text/html", b"<main><article>" + b"<b><i><a href=x><p>" * 200_000, False),
    "html-one-line": ("text/html", b"<main><article><h2>" + b"x" * 9_900_000, False),
    "css": ("text/html", b"<main>" + b"<article><h2><a href=/%s>x</a></h2></article>" % (b"y" * 2000) * 4000, False),
}
ENDLESS = ["drip", "endless", "headers", "silent", "half"]


class Web(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        name = self.path.strip("/")
        if name.startswith("well"):
            return self.answer("application/rss+xml", rss(3, name))
        if name in PAGES:
            kind, body, packed = PAGES[name]
            return self.answer(kind, body, packed)
        try:
            getattr(self, "do_" + name, self.nothing)()
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


def main():
    server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Web)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    sources, hosts = [], 2

    def source(name, kind="feed", at=None, rest=""):
        nonlocal hosts
        # A host of its own for each: what one of them does to its host is not what is looked at.
        address = at or f"http://127.0.{hosts // 250}.{2 + hosts % 250}:{port}/{name}"
        hosts += 1
        sources.append(
            f'[[source]]\nid = "{name}"\nname = "{name}"\nurl = "{address}"\nkind = "{kind}"\nallow_private = true\n{rest}'
        )

    html = 'item = "article"\ntitle = "h2"\n'
    for name, (kind, _, _) in PAGES.items():
        source(name, "html" if kind == "text/html" else "feed", rest=html if kind == "text/html" else "")
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
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        crawl = f'[crawl]\nhost_gap = "0s"\nidle_timeout = "{IDLE}s"\nconnect_timeout = "2s"\ntotal_timeout = "{TOTAL}s"\nhosts_at_once = 6\n'
        (folder / "vigie.toml").write_text(crawl + "\n".join(sources))
        began = time.monotonic()
        with open(folder / "stderr", "w") as errors, open(folder / "stdout", "w") as out:
            command = [VIGIE, "--config", folder / "vigie.toml", "--json", "crawl", "--force"]
            process = subprocess.Popen(command, stdout=out, stderr=errors)
            peak = 0
            while process.poll() is None:
                peak = max(peak, resident(process.pid))
                time.sleep(0.01)
        wall, code = time.monotonic() - began, process.returncode
        said = (folder / "stderr").read_text()
        if code not in (0, 3):
            sys.exit(said)
        rows = {row["id"]: row for row in map(json.loads, (folder / "stdout").read_text().splitlines())}
        check(code == 3, f"exit code 3: done, but some inputs failed (was {code})")
        check("panicked" not in said and "RUST_BACKTRACE" not in said, "no panic")
        check(len(rows) == len(sources), f"all {len(sources)} sources are told of (were {len(rows)})")
        slow = [f"{name} {row['millis']} ms" for name, row in rows.items() if row["millis"] > (TOTAL + 3) * 1000]
        check(not slow, f"no source takes longer than its own limit of {TOTAL} s and 3 s to read it {slow}")
        check(peak < MEMORY, f"memory stays under {MEMORY} MiB (was {peak})")
        for name in well + (["toxic-pass", "toxic-latency"] if TOXIC else []):
            check(rows.get(name, {}).get("state") == "ok" and rows[name]["drafts"] == 3, f"`{name}` is unharmed")
        harmless = {"toxic-pass", "toxic-latency", "toxic-flaky", "entities", "many-items", "same-guid", "css", *well}
        spoiled = {"one-line", "nested-item", "attributes", "json-wide", "html-attributes", "html-one-line", "html-nested", "html-tables", "html-formatting"}
        for name, row in rows.items():
            if name not in harmless | spoiled:
                check(row["state"] not in ("ok", "unmodified"), f"`{name}` is told as broken: {row['detail'].splitlines()[0][:110] if row['detail'] else row['state']}")
        db = sqlite3.connect(folder / "data" / "vigie.db") if (folder / "data").exists() else None
        if db is None:
            db = sqlite3.connect(next(folder.rglob("vigie.db")))
        check(db.execute("PRAGMA integrity_check").fetchone()[0] == "ok", "the database is whole")
        longest = db.execute("SELECT max(length(title)), max(length(text)) FROM notice").fetchone()
        check(longest[0] <= 500 and longest[1] <= 500_000, f"titles and texts are cut at their caps {longest}")
        print(f"      {wall:.1f} s, {peak} MiB at most")
    print(f"{len(wrong)} wrong")
    sys.exit(bool(wrong))


main()
