#!/usr/bin/env python3
"""kinds.py VIGIE SOURCES CORPUS: genuine documents served as the sites serve them (a feed with details in JSON, a page of PDF
links, a directory of archives, a catalogue in JSON), read by the very entries of sources.toml, through the whole of a crawl.
Among them four real revisions of advisories. Prints what it saw; exit status 1 where something is wrong."""
import html
import http.server
import io
import json
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import threading
import tomllib
import unicodedata
import urllib.parse

VIGIE, SOURCES, CORPUS = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2], pathlib.Path(sys.argv[3]).resolve()
PAGES, wrong = {}, []


def check(condition, what):
    print(("ok    " if condition else "WRONG ") + what, flush=True)
    if not condition:
        wrong.append(what)


class Web(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        kind, body = PAGES.get(self.path, ("text/plain", None))
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")


def toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def table(entry, port, path):
    """An entry of sources.toml as it stands, at an address of this machine; old documents are let in."""
    entry = {k: v for k, v in entry.items() if k not in ("max_age", "enabled", "details", "hosts")} | {
        "url": f"http://127.0.0.1:{port}{path}", "allow_private": True}
    return "[[source]]\n" + "".join(f"{k} = {toml(v)}\n" for k, v in entry.items())


def squeezed(text):
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text))


def advisories(port, which, state):
    items = ""
    for reference in which:
        advisory = json.loads((CORPUS / f"cert-fr/revised/{reference}.{state}.json").read_text())
        PAGES[f"/avis/{reference}/json/"] = ("application/json", json.dumps(advisory).encode())
        link = f"http://127.0.0.1:{port}/avis/{reference}/"
        items += (f"<item><title>{html.escape(advisory['title'])} (14 août 2026)</title><link>{link}</link><description>Résumé...</description>"
                  f"<guid isPermaLink='true'>{link}</guid><pubDate>Fri, 14 Aug 2026 00:00:00 +0000</pubDate></item>")
    feed = f"<?xml version='1.0' encoding='UTF-8'?><rss version='2.0'><channel><title>CERT-FR</title>{items}</channel></rss>"
    PAGES["/avis/feed/"] = ("application/rss+xml", feed.encode())


def archive():
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for path in sorted((CORPUS / "jorf/dila").glob("*.xml")):
            member = tarfile.TarInfo("20260819-001500/" + path.name.replace("-excerpt", ""))
            member.size = path.stat().st_size
            tar.addfile(member, io.BytesIO(path.read_bytes()))
    return packed.getvalue()


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    entries = {entry["id"]: entry for entry in tomllib.loads(pathlib.Path(SOURCES).read_text())["source"]}
    references = sorted({path.name.split(".")[0] for path in (CORPUS / "cert-fr/revised").iterdir()})
    pdfs = json.loads((CORPUS / "pdf/expected.json").read_text())["files"]
    links = []
    for name in pdfs:
        path = "/sites/default/files/2023-08/" + urllib.parse.quote(name)
        PAGES[path] = ("application/pdf", (CORPUS / "pdf" / name).read_bytes())
        links.append(f"<li><a href='{path}'>Télécharger</a></li>")
    name = "JORFSIMPLE_20260819-001500.tar.gz"
    index = f"<html><body><h1>Index of /OPENDATA</h1><pre><a href='{name}'>{name}</a> 2026-08-19 00:20 400K\n</pre></body></html>"
    PAGES["/OPENDATA/"] = ("text/html;charset=ISO-8859-1", index.encode())
    PAGES["/OPENDATA/" + name] = ("application/x-gzip", archive())
    PAGES["/kev.json"] = ("application/json", (CORPUS / "cisa-kev/known_exploited_vulnerabilities.json").read_bytes())
    places = {"cert-fr-avis": "/avis/feed/", "parquet-paris": "/75/communiques", "jorf": "/OPENDATA/", "cisa-kev": "/kev.json"}
    with tempfile.TemporaryDirectory() as folder:
        text = ""
        for id, path in places.items():
            text += table(entries[id], port, path)
            details = entries[id].get("details")
            text += 'details = "text"\n' if details == "text" else ""
            text += "[source.details]\n" + "".join(f"{k} = {toml(v)}\n" for k, v in details.items()) if isinstance(details, dict) else ""
        pathlib.Path(folder, "sources.toml").write_text(text)
        pathlib.Path(folder, "vigie.toml").write_text('[crawl]\nhost_gap = "0s"\nfirst_read = "3650d"\n')

        def vigie(*arguments):
            run = subprocess.run([VIGIE, *arguments], cwd=folder, capture_output=True, text=True, timeout=300)
            check("panicked" not in run.stderr and run.returncode in (0, 3), f"vigie {' '.join(arguments)}: exit code {run.returncode}")
            if run.returncode not in (0, 3):
                sys.exit(run.stderr)
            return run.stdout

        def crawl():
            return {row["id"]: row for row in map(json.loads, vigie("crawl", "--json", "--force").splitlines())}

        def communiques(links):
            page = f"<html><body><main><ul>{''.join(links)}</ul></main></body></html>"
            PAGES["/75/communiques"] = ("text/html; charset=utf-8", page.encode())

        # What bears no date and is there when a source is first read is old: it is kept, and not read further.
        communiques(links[:1])
        vigie("crawl", "parquet-paris")
        communiques(links)
        advisories(port, references, "before")
        first = crawl()
        for id, row in first.items():
            print(f"      {id}: {row['state']}, {row['drafts']} entries, {row['new']} new, {row['details']} read further")
        check(first["cert-fr-avis"]["new"] == 4 and first["cert-fr-avis"]["details"] == 4, "four advisories, each read in JSON")
        notices = [json.loads(line) for line in vigie("notices", "list", "--json", "--limit", "5000").splitlines()]
        of = lambda source: [notice for notice in notices if notice["source"] == source]
        shown = lambda notice: json.loads(vigie("notices", "show", str(notice["id"]), "--json"))
        catalogue = json.loads((CORPUS / "cisa-kev/known_exploited_vulnerabilities.json").read_text())["vulnerabilities"]
        exploited = first["cisa-kev"]["exploited"]
        check(exploited == len(catalogue) == 1404 and not of("cisa-kev"), f"{exploited} of {len(catalogue)} exploited vulnerabilities, none of them a notice")
        texts = [notice for notice in of("jorf")]
        check(len(texts) == 1 and texts[0]["reference"] == "JORFTEXT000054708438", f"the text of the directory's archive: {texts[0]['title'][:80] if texts else 'none'}")
        # The same name with and without a space before the extension are two documents of one title.
        check(len(of("parquet-paris")) == len(pdfs), f"{len(of('parquet-paris'))} of {len(pdfs)} communiqués")
        for notice in of("parquet-paris"):
            name = urllib.parse.unquote(notice["url"].rsplit("/", 1)[-1])
            wanted, text = pdfs[name], squeezed(shown(notice)["text"])
            if wanted["outcome"] == "text":
                missing = [words for words in wanted["contains"] if squeezed(words) not in text]
                check(not missing, f"« {name} » is read: {missing or str(len(text)) + ' characters'}")
            else:
                told = [p["message"].splitlines()[0] for p in first["parquet-paris"]["problems"] if urllib.parse.unquote(p["place"]).endswith(name)]
                check(len(told) == 1, f"« {name} » stands with its link: {told[0][:110] if told else 'nothing is told'}")
        advisories(port, [references[0]], "before")
        crawl()
        advisories(port, references, "after")
        third = crawl()["cert-fr-avis"]
        # CERTFR-2026-AVI-0032 changed only a date inside the list of the vendors' own advisories.
        check(third["new"] == 0 and third["revised"] == 2, f"what came back under its old date is read again: {third['revised']} revised")
        # The fourth never left the list: its revision shows when it is next read.
        advisories(port, references[1:], "after")
        crawl()
        advisories(port, references, "after")
        check(crawl()["cert-fr-avis"]["revised"] == 1, "and the one that had not left")
        numbers = {notice["reference"]: notice["id"] for notice in of("cert-fr-avis")}
        for reference in references:
            said = vigie("notices", "show", str(numbers[reference]), "--diff")
            states = [json.loads((CORPUS / f"cert-fr/revised/{reference}.{state}.json").read_text()) for state in ("before", "after")]
            old, new = ({cve["name"] for cve in state["cves"]} for state in states)
            added = "".join(re.findall(r"\{\+(.*?)\+\}", said, re.S))
            check(all(cve in added for cve in new - old), f"{reference}: {sorted(new - old) or 'no CVE'} added{'' if said else ', nothing to tell'}")
        check(sum(row["new"] + row["revised"] for row in crawl().values()) == 0, "read once more, nothing is new")
    print(f"{len(wrong)} wrong")
    sys.exit(bool(wrong))


main()
