#!/usr/bin/env python3
"""corpus.py VIGIE CORPUS: serves a folder of genuine feeds on loopback, crawls it twice with the binary, and holds
what came of it against what stands in the files. Prints the counts; exit status 1 where something is wrong."""
import functools
import html
import http.server
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import zlib

VIGIE, CORPUS = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
# Not feeds at all, by their own authors' intent.
BROKEN = {"rss_2.0_invalid_1.xml", "xml_sample_1.xml", "xml_sample_2.xml"}
wrong = []


def check(condition, what):
    print(("ok    " if condition else "WRONG ") + what)
    if not condition:
        wrong.append(what)


class Quiet(http.server.SimpleHTTPRequestHandler):
    extensions_map = {".xml": "application/xml", ".json": "application/json", ".html": "text/html", ".txt": "text/html"}

    def log_message(self, *_):
        pass

    def do_GET(self):
        page = MADE.get(self.path)
        if page is None:
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", page[0])
        self.send_header("Content-Length", str(len(page[1])))
        self.end_headers()
        self.wfile.write(page[1])


def made():
    """What the corpus holds as values and as text, as the site serves it: a feed whose identities stand in the query, and
    a page in two encodings at once."""
    folder = CORPUS / "maire-info"
    items = "".join(
        "<item><title>{title}</title><link>{url}</link><description>{description}</description>"
        "<pubDate>{date}</pubDate></item>".format(**{key: html.escape(str(value)) for key, value in article.items()})
        for article in json.loads((folder / "maire-info-articles.json").read_text())
    )
    feed = f'<?xml version="1.0"?><rss version="2.0"><channel><title>Maire-info</title>{items}</channel></rss>'
    lines = [html.escape(line) for line in next(folder.glob("_print2-*.txt")).read_text().splitlines() if line]
    article = f"<article><h2><a href='/article.asp?param=1'>{lines[2]}</a></h2><p>{' '.join(lines[3:])}</p></article>"
    yield "/maire-info.rss", ("application/rss+xml", feed.encode())
    yield "/maire-info.html", ("text/html; charset=utf-8", f"<!DOCTYPE html><html><body>{article}</body></html>".encode())


MADE = dict(made())


def feeds():
    yield from sorted((CORPUS / "cert-fr").glob("feed-*.xml"))
    yield from sorted((CORPUS / "jorf/legifrss").glob("*.xml"))
    yield from sorted((CORPUS / "cybermalveillance").glob("*.xml"))
    yield from sorted(f for f in (CORPUS / "veille-rss/public").glob("*.xml"))
    for folder in ("rss0", "rss1", "rss2", "atom", "jsonfeed", "xml"):
        files = (CORPUS / "feeds" / folder).iterdir()
        yield from sorted(f for f in files if not f.name.endswith(".serde.json"))
    yield CORPUS / "walls/antibot-202.html"


def identifier(path):
    name = re.sub(r"[^a-z0-9]+", "-", str(path.relative_to(CORPUS)).lower()).strip("-")
    return name if len(name) <= 64 else f"{name[:48]}-{zlib.crc32(name.encode()):08x}"


def source(path, port, n):
    address = f"http://127.0.0.{1 + n % 8}:{port}/{path.relative_to(CORPUS)}"
    return f'[[source]]\nid = "{identifier(path)}"\nurl = "{address}"\nallow_private = true\n\n'


def crawl(folder, *options):
    run = subprocess.run([VIGIE, "crawl", "--json", *options], cwd=folder, capture_output=True, text=True, timeout=300)
    check("panicked" not in run.stderr, "no panic")
    check(run.returncode in (0, 3), f"exit code {run.returncode}")
    if run.returncode not in (0, 3):
        sys.exit(run.stderr)
    return {row["id"]: row for row in map(json.loads, run.stdout.splitlines())}


def main():
    handler = functools.partial(Quiet, directory=str(CORPUS))
    server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    paths = list(feeds())
    with tempfile.TemporaryDirectory() as folder:
        text = "".join(source(path, port, n) for n, path in enumerate(paths))
        for path, more in (("/maire-info.rss", ""), ("/maire-info.html", 'kind = "html"\nitem = "article"\ntitle = "h2"\nsummary = "p"\n')):
            id = path.strip("/").replace(".", "-")
            text += f'[[source]]\nid = "{id}"\nurl = "http://127.0.0.1:{port}{path}"\nallow_private = true\n{more}\n'
        pathlib.Path(folder, "sources.toml").write_text(text)
        pathlib.Path(folder, "vigie.toml").write_text('[crawl]\nhost_gap = "0s"\nfirst_read = "31d"\n')
        first = crawl(folder, "--force")
        wanted = len(paths) + len(MADE)
        check(len(first) == wanted, f"{len(first)} of {wanted} sources answered for")
        failed = {id for id, row in first.items() if row["state"] in ("failing", "not_a_feed", "blocked", "gone")}
        expected = {identifier(path) for path in paths if path.name in BROKEN or "walls" in str(path)}
        check(failed == expected, f"only what is no feed fails: {sorted(failed ^ expected) or 'yes'}")
        wall = first[identifier(CORPUS / "walls/antibot-202.html")]
        check(wall["state"] == "not_a_feed", f"the anti-robot page is an alarm: {wall['detail'].splitlines()[0]}")
        for name in ("cert-fr", "jorf-legifrss", "cybermalveillance", "veille-rss", "feeds"):
            rows = [row for id, row in first.items() if id.startswith(name)]
            total = {key: sum(row[key] for row in rows) for key in ("drafts", "new", "duplicates", "copies", "revised")}
            print(f"      {name}: {len(rows)} sources, {total}")
        ids = set()
        for path in (CORPUS / "jorf/legifrss").glob("*.xml"):
            ids |= set(re.findall(r"<id>[^<]*/(JORFTEXT\d+)</id>", path.read_text()))
        stored = subprocess.run([VIGIE, "notices", "list", "--json", "--limit", "100000"], cwd=folder, capture_output=True, text=True)
        notices = [json.loads(line) for line in stored.stdout.splitlines()]
        references = [notice["reference"] for notice in notices if (notice["reference"] or "").startswith("JORFTEXT")]
        check(sorted(references) == sorted(ids), f"each text of the JO once: {len(references)} notices, {len(ids)} ids")
        params = {notice["url"] for notice in notices if "maire-info.com" in (notice["url"] or "")}
        check(len(params) == 93, f"maire-info: {len(params)} of 93 articles, each known by its query")
        mended = [notice["summary"] for notice in notices if notice["source"] == "maire-info-html"]
        check(len(mended) == 1 and "ont débuté hier" in mended[0] and "Homé ont" in mended[0], "two encodings in one page, both read")
        text = " ".join(notice["title"] + notice["summary"] for notice in notices)
        check(not re.search("Ã©|â€™|\ufffd", text), "no mojibake")
        again = crawl(folder, "--force")
        check(sum(row["new"] + row["revised"] for row in again.values()) == 0, "the second crawl brings nothing")
        good = [row for id, row in again.items() if id not in failed and not id.startswith("maire-info")]
        check(all(row["status"] == 304 for row in good if row["drafts"] or first[row["id"]]["drafts"]),
              f"304 for all {sum(row['status'] == 304 for row in good)} of {len(good)} that were read")
        full = crawl(folder, "--full")
        check(sum(row["new"] + row["revised"] for row in full.values()) == 0, "read again in full, nothing is new")
    print(f"{len(wrong)} wrong")
    return 1 if wrong else 0


sys.exit(main())
