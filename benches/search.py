#!/usr/bin/env python3
"""search.py VIGIE [NOTICES] [FOLDER]: what a search costs among NOTICES (200000) of 100 words each, drawn by Zipf's law, through
HTTP and never from memory: with common and rare words, one and several, newest and best first, with and without filters. Beside
it, in the same run, plain FTS5 that ranks by BM25, and plain FTS5 that orders by date, for the same words and as many results.
Ours is a whole page with excerpts, theirs the bare numbers of rows. Prints medians and 95th percentiles in milliseconds, and ratios
(above 1 is better than FTS5). FOLDER keeps what was built."""
import http.client
import itertools
import os
import pathlib
import random
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

VIGIE = pathlib.Path(sys.argv[1]).resolve()
NOTICES = int(sys.argv[2]) if len(sys.argv) > 2 else 200_000
FOLDER = pathlib.Path(sys.argv[3] if len(sys.argv) > 3 else tempfile.mkdtemp(prefix="vigie-search-")).resolve()
WORDS, LENGTH, SOURCES, PAGE = 20_000, 100, 100, 20
NATURES = ["alerte", "avis", "actu", "jorf", "juris", "rm", "circ", "parl", "doc", "ue"]
CHUNK = 20_000


def vocabulary():
    """Words that no stemmer takes for one another, the commonest first."""
    letters = random.Random(7)
    seen = set()
    while len(seen) < WORDS:
        seen.add("".join(letters.choice("bcdfgklmprtv") + letters.choice("aiou") for _ in range(letters.randint(3, 5))))
    words = sorted(seen)
    letters.shuffle(words)
    return words


def build(words):
    port = free_port()
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "vigie.toml").write_text(f'[serve]\nlisten = "127.0.0.1:{port}"\n[publish]\nout = "public"\n')
    (FOLDER / "sources.toml").write_text(
        "".join(f'[[source]]\nid = "s{n}"\nname = "Source {n}"\nurl = "https://s{n}.exemple.fr/feed"\nsection = "tic"\n' for n in range(SOURCES))
    )
    subprocess.run([VIGIE, "-q", "subscribers", "list"], cwd=FOLDER, check=True, stdout=subprocess.DEVNULL)
    db = sqlite3.connect(FOLDER / "data/vigie.db", isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    plain = sqlite3.connect(FOLDER / "plain.db", isolation_level=None)
    if db.execute("SELECT count(*) FROM notice").fetchone()[0] < NOTICES:
        plain.execute("PRAGMA synchronous = OFF")
        plain.execute("CREATE VIRTUAL TABLE search USING fts5(title, text, content='')")
        fill(db, plain, words)
        plain.execute("INSERT INTO search (search) VALUES ('optimize')")
    db.close()
    # Reads the words of what is stored.
    began = time.monotonic()
    subprocess.run([VIGIE, "search", "rien"], cwd=FOLDER, check=True, capture_output=True)
    print(f"{NOTICES} notices, read in {time.monotonic() - began:.0f} s")
    return port, plain


def fill(db, plain, words):
    draw = random.Random(11)
    weights = list(itertools.accumulate(1 / rank for rank in range(1, WORDS + 1)))
    first = int(time.time() * 1000) - NOTICES * 1000
    for begin in range(1, NOTICES + 1, CHUNK):
        rows = []
        for n in range(begin, min(begin + CHUNK, NOTICES + 1)):
            text = draw.choices(words, cum_weights=weights, k=LENGTH)
            severity = ("info", "notable", "high", "critical")[min(3, int(draw.expovariate(1.2)))]
            rows.append((n, f"s{n % SOURCES}", " ".join(text[:8]).capitalize(), " ".join(text[8:]), NATURES[n % 10], severity, first + n * 1000))
        db.execute("BEGIN")
        db.executemany(
            "INSERT INTO story (id, lead_id, section, nature, severity, review, first_seen, updated)"
            " VALUES (?1, ?1, 'tic', ?5, ?6, 'approved', ?7, ?7)", rows)
        db.executemany("INSERT INTO story_shelf (section, story_id) VALUES ('tic', ?1)", [row[:1] for row in rows])
        db.executemany(
            "INSERT INTO notice (id, source_id, story_id, guid, url, title, summary, content, text, language, published_at, precision,"
            " first_seen, revision, fingerprint, section, nature, severity, shelved) VALUES (?1, ?2, ?1, ?1, 'https://s.exemple.fr/' || ?1,"
            " ?3, '', '', ?4, 'fr', ?7, 'second', ?7, 1, printf('%016x', ?1), 'tic', ?5, ?6, '')", rows)
        plain.execute("BEGIN")
        plain.executemany("INSERT INTO search (rowid, title, text) VALUES (?1, ?3, ?4)", [row[:4] for row in rows])
        plain.execute("COMMIT")
        db.executemany("INSERT INTO search_pending VALUES (?1)", [row[:1] for row in rows])
        db.execute("COMMIT")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def queries(words):
    """By kind: words, and what else the form says."""
    draw = random.Random(13)
    some = lambda low, high, count: [draw.choice(words[low:high]) for _ in range(count)]
    common, middling, rare = some(0, 50, 60), some(50, 2_000, 60), some(10_000, WORDS, 60)
    two = [" ".join(draw.sample(words[:300], 2)) for _ in range(60)]
    three = [" ".join(draw.sample(words[:100], 3)) for _ in range(60)]
    kinds = {"common": common, "middling": middling, "rare": rare, "two common": two, "three common": three}
    for name, asked in kinds.items():
        yield name, asked, ""
    yield "common, one source", common, "&source=s7"
    yield "common, critical", common, "&gravite=critical"
    yield "two, one nature", two, "&nature=rm"


def timed(work):
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def p95(times):
    return sorted(times)[int(len(times) * 0.95)]


def main():
    words = vocabulary()
    port, plain = build(words)
    server = subprocess.Popen([VIGIE, "serve"], cwd=FOLDER, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                http.client.HTTPConnection("127.0.0.1", port, timeout=5).request("GET", "/")
                break
            except OSError:
                time.sleep(0.1)
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

        def ask(path):
            client.request("GET", path)
            answer = client.getresponse()
            body = answer.read()
            assert answer.status == 200 and b"<main" in body, path

        print(f"{'words':<20} {'order':<6} {'median':>8} {'p95':>8} {'FTS5 p95':>9} {'ratio':>6}")
        all_times = {"newest": [], "best": []}
        turn = 0
        for name, asked, filters in queries(words):
            for order, by in (("newest", ""), ("best", "&ordre=pertinence")):
                times, peer = [], []
                for words_asked in asked:
                    # Never twice the same: what was made once is kept in memory.
                    turn += 1
                    path = f"/recherche?q={urllib.parse.quote_plus(words_asked)}{filters}{by}&du=1990-01-{turn % 28 + 1:02}&au=2{turn:03}-12-31"
                    times.append(timed(lambda: ask(path)))
                    match = " ".join(f'"{word}"' for word in words_asked.split())
                    rank = "bm25(search)" if order == "best" else "rowid DESC"
                    sql = f"SELECT rowid FROM search WHERE search MATCH ? ORDER BY {rank} LIMIT {PAGE}"
                    peer.append(timed(lambda: plain.execute(sql, (match,)).fetchall()))
                all_times[order] += times
                ours, theirs = p95(times), p95(peer)
                ratio = "" if filters else f"{theirs / ours:>6.2f}"
                print(f"{name:<20} {order:<6} {statistics.median(times):>8.1f} {ours:>8.1f} {theirs:>9.1f} {ratio}", flush=True)
        for order, times in all_times.items():
            print(f"{'all':<20} {order:<6} {statistics.median(times):>8.1f} {p95(times):>8.1f}")
        memory = pathlib.Path(f"/proc/{server.pid}/status")
        if memory.exists():
            print(next(line for line in memory.read_text().splitlines() if line.startswith("VmHWM")))
    finally:
        server.terminate()
        server.wait()


main()
