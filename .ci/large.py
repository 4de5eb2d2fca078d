#!/usr/bin/env python3
"""large.py VIGIE [SOURCES] [NOTICES]: what the store holds does not slow the work of every ten minutes. Builds one
installation that watches SOURCES (2000) and has kept NOTICES (200000), one that watches as many and has kept 2000 (every feed is full), and one
that watches a single source, and compares what the same commands cost on them: ratios of processor time, with a few
milliseconds of grace, so that it holds on any machine. Prints the figures; exit status 1 where the large one costs more than
it may. LARGE_DIR names a folder in which what was built is kept."""
import http.server
import json
import os
import pathlib
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time

VIGIE = pathlib.Path(sys.argv[1]).resolve()
SOURCES = int(sys.argv[2]) if len(sys.argv) > 2 else 2_000
NOTICES = int(sys.argv[3]) if len(sys.argv) > 3 else 200_000
# Enough to fill every feed: what is compared is growth, not the work of writing feeds.
SMALL = 2_000
ROUNDS = 15
GRACE = 10  # milliseconds
IDLE = "tick, nothing due"
NATURES = ["alerte", "avis", "actu", "jorf", "juris", "rm", "circ", "parl", "doc", "ue"]
wrong = []
served = {"items": []}


def check(condition, what):
    print(("ok    " if condition else "WRONG ") + what, flush=True)
    if not condition:
        wrong.append(what)


class Feed(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        items = "".join(
            f"<item><title>Avis {n} de la mairie</title><link>https://mairie.exemple/essai/{n}</link><guid>essai-{n}</guid>"
            f"<description>La commune met à jour ses serveurs, avis numéro {n}.</description></item>"
            for n in served["items"]
        )
        body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>{items}</channel></rss>'.encode()
        self.send_response(200 if self.path == "/essai" else 404)
        self.send_header("Content-Type", "application/rss+xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def vigie(folder, *words, codes=(0, 3)):
    """Runs a command: its standard output, its wall time and its processor time, in milliseconds."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run([VIGIE, *words], cwd=folder, capture_output=True, text=True)
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in codes:
        sys.exit(f"vigie {' '.join(words)}: exit code {done.returncode}\n{done.stderr}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done.stdout, wall * 1000, cpu * 1000


def cost(folder, *words):
    """What a command takes: the median of several runs, in milliseconds of wall time and of processor time."""
    runs = [vigie(folder, *words)[1:] for _ in range(ROUNDS)]
    return statistics.median(run[0] for run in runs), statistics.median(run[1] for run in runs)


def configure(folder, port, sources):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vigie.toml").write_text('[crawl]\nhost_gap = "0s"\nrobots = false\n[publish]\nout = "public"\n')
    tables = [f'[[source]]\nid = "essai"\nurl = "http://127.0.0.1:{port}/essai"\nallow_private = true\nsection = "tic"\n']
    tables += [
        f'[[source]]\nid = "source-{n}"\nname = "Source {n}"\nurl = "https://s{n}.exemple.fr/feed.xml"\nsection = "tic"\nevery = "1h"\n'
        for n in range(sources)
    ]
    (folder / "sources.toml").write_text("\n".join(tables))


# What one notice leaves behind, as the crawler stores it; {n} is the number of the notice. Half of the stories were never
# announced, and their sections and natures come in turns, but for one section that nothing new came to for long.
ROWS = [
    """INSERT INTO story (id, lead_id, section, nature, severity, review, first_seen, updated)
       SELECT n, n, CASE WHEN n % 1000 = 0 AND n < :last / 2 THEN 'commande-publique' ELSE 'tic' END,
         CASE n % 10 {natures} END, 'info', iif(n % 2, 'approved', 'archived'), :first + n, :first + n FROM number""",
    """INSERT INTO story_shelf (section, story_id)
       SELECT CASE WHEN n % 1000 = 0 AND n < :last / 2 THEN 'commande-publique' ELSE 'tic' END, n FROM number ORDER BY 1, 2""",
    "INSERT INTO review SELECT n, n, iif(n % 2, 'approved', 'archived'), 'automatic', :first + n, 'no editor looks first' FROM number",
    """INSERT INTO notice (id, source_id, story_id, reference, guid, url, title, summary, content, text, language, published_at,
         precision, first_seen, revision, fingerprint, section, nature, severity, shelved)
       SELECT n, 'source-' || (n * 7919 % :sources), n, NULL, 'guid-' || n, 'https://s.exemple.fr/' || n,
         'Avis ' || n || ' de la commune', '', '', 'La commune ' || (n % 997) || ' met à jour le serveur ' || (n % 49999) || '.',
         'fr', :first + n, 'second', :first + n, 1, printf('%016x', n * 2654435761), 'tic', CASE n % 10 {natures} END,
         'info', 'section: that of its source' FROM number""",
    "INSERT INTO sighting SELECT n, 'source-' || (n * 7919 % :sources), NULL, printf('%016x', n * 2654435761), :first + n FROM number",
    "INSERT INTO decision SELECT n, n, 'source-' || (n * 7919 % :sources), :first + n, 'new', 'Jamais vu' FROM number",
    "INSERT INTO search_pending SELECT n FROM number",
]
KEYS = """INSERT INTO identity SELECT * FROM (
    SELECT printf('guid:source-%d:guid-%d', n * 7919 % :sources, n), n FROM number
    UNION ALL SELECT 'url:https://s.exemple.fr/' || n, n FROM number) ORDER BY 1"""


def fill(folder, sources, notices):
    """Stores so many notices, as if they had come one after the other, and has the program read their words."""
    now = int(time.time() * 1000)
    natures = " ".join(f"WHEN {n} THEN '{nature}'" for n, nature in enumerate(NATURES))
    db = sqlite3.connect(folder / "data" / "vigie.db", isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA cache_size = -500000")
    db.execute("BEGIN")
    begin = db.execute("SELECT coalesce(max(id), 0) FROM notice").fetchone()[0]
    values = {"sources": sources, "last": notices, "first": now - notices - 86_400_000}
    number = f"WITH RECURSIVE number (n) AS (SELECT {begin + 1} UNION ALL SELECT n + 1 FROM number WHERE n < {notices}) "
    for rows in [*ROWS, KEYS] if notices > begin else []:
        rows = rows.replace("{natures}", natures)
        head, select = rows.split("SELECT", 1)
        used = {name: value for name, value in values.items() if ":" + name in rows}
        db.execute(head + number + "SELECT" + select, used)
    db.execute(
        """UPDATE source SET state = 'ok', last_fetch_at = :now - 600000, last_success_at = :now - 600000, since = :now - 86400000,
             last_new_at = :now - 600000, read_since = :now - 86400000, next_check_at = :now + 21600000""",
        {"now": now},
    )
    db.execute(
        """INSERT INTO fetch (source_id, at, outcome, status, bytes, millis, drafts, new, revised, detail)
           SELECT id, :now - 600000, 'ok', 200, 4000, 80, 40, 1, 0, '' FROM source""",
        {"now": now},
    )
    db.execute("COMMIT")
    db.close()


def build(folder, port, sources, notices):
    configure(folder, port, sources)
    served["items"] = [0]
    vigie(folder, "sources", "list")
    fill(folder, sources, notices)
    _, wall, _ = vigie(folder, "crawl", "essai")
    print(f"      {notices} notices: {wall / 1000:.1f} s to read their words", flush=True)
    vigie(folder, "-q", "tick")
    vigie(folder, "-q", "tick")


def one_item(folder):
    """What one new item takes, a visit without one, and the tick that publishes it."""
    runs = [[], [], []]
    for _ in range(ROUNDS):
        served["items"] = [time.time_ns(), *served["items"][:39]]
        out, *took = vigie(folder, "--json", "crawl", "essai")
        if json.loads(out)["new"] != 1:
            sys.exit(f"no new notice: {out}")
        runs[0].append(took)
        runs[1].append(vigie(folder, "--json", "crawl", "essai")[1:])
        out, *took = vigie(folder, "--json", "tick")
        if json.loads(out)["published"] == 0:
            sys.exit(f"nothing was published: {out}")
        runs[2].append(took)
    return [tuple(statistics.median(run[at] for run in each) for at in (0, 1)) for each in runs]


def measure(folder):
    told = {}
    told[IDLE] = cost(folder, "-q", "tick")
    told["crawl, one new item"], told["crawl, nothing new"], told["tick, one new item to publish"] = one_item(folder)
    told["sources health"] = cost(folder, "sources", "health")
    told["notices list"] = cost(folder, "notices", "list")
    told["search, rare word"] = cost(folder, "search", "serveur", "4999")
    told["search, common word"] = cost(folder, "search", "commune")
    return told


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("LARGE_PORT", 0))), Feed)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(os.environ.get("LARGE_DIR", folder))
        results = {}
        for name, sources, notices in (("bare", 0, 0), ("small", SOURCES, SMALL), ("large", SOURCES, NOTICES)):
            path = folder / f"{name}-{notices}"
            build(path, port, sources, notices)
            results[name] = measure(path)
        for what, (wall, cpu) in results["large"].items():
            # Nothing due: whatever is watched. The rest reads the sources.
            few = "one source" if what == IDLE else f"{SMALL} notices"
            wall0, cpu0 = results["bare" if what == IDLE else "small"][what]
            told = f"{what}: {cpu:.0f} ms of the processor, {wall:.0f} in all; with {few} {cpu0:.0f}, {wall0:.0f}"
            check(cpu <= 2 * cpu0 + GRACE, told)
    print(f"{len(wrong)} wrong")
    return 1 if wrong else 0


sys.exit(main())
