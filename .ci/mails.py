#!/usr/bin/env python3
"""mails.py VIGIE JUDGES [OUT]: writes every kind of mail through the binary, signed, and has each judged by `email.sh` of JUDGES
(SpamAssassin, rspamd with SPF, DKIM and DMARC, dkimpy, parsers, HTML and French rules). What was written stays in OUT, where one is
named. Exit status 1 where a judge says no."""
import email.utils
import http.server
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

VIGIE, JUDGES = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
OUT = pathlib.Path(sys.argv[3]).resolve() if len(sys.argv) > 3 else None
WORDS = "Une vulnérabilité du pare-feu Bastide permet à un attaquant de prendre la main à distance. Elle est activement exploitée"
LONG = "Publication au Journal officiel de l’arrêté relatif aux modalités d’application du décret sur la sécurité des systèmes"
feed = {"items": []}


class Feed(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        found = self.path.startswith("/feed")
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/rss+xml; charset=utf-8")
        self.end_headers()
        if found:
            self.wfile.write(f'<rss version="2.0"><channel><title>t</title>{"".join(feed["items"])}</channel></rss>'.encode())

    def log_message(self, *_):
        pass


def item(number, title, text):
    return (
        f"<item><title>{title}</title><link>https://source.example.fr/{number}</link><guid>https://source.example.fr/{number}</guid>"
        f"<pubDate>{email.utils.formatdate()}</pubDate><description>{text}</description></item>"
    )


class Installation:
    """A fresh one that writes its mail into a folder."""

    def __init__(self, keys, nature="avis"):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="vigie-mails-"))
        self.last = 0
        (self.home / "sources.toml").write_text(
            f'[[source]]\nid = "cert"\nname = "CERT d’Exemple"\nurl = "http://127.0.0.1:{web.server_port}/feed"\nallow_private = true\n'
            f'section = "cybersecurite"\nnature = "{nature}"\nauthority = "issuer"\nlicence = "lo"\nevery = "10min"\n'
        )
        (self.home / "vigie.toml").write_text(f"""
[site]
name = "Veille des collectivités"
url = "https://veille.example.fr/"
publisher = "Ville d’Exemple"
address = "1 place de la Mairie, 00000 Exemple"
[mail]
from = "Veille <veille@veille.example.fr>"
reply_to = "contact@veille.example.fr"
operator = "informatique@mairie.example.fr"
transport = "folder"
folder = "outbox"
[mail.dkim]
keys = [{{ selector = "s1", file = "{keys}" }}]
[bounces]
address = "bounces@veille.example.fr"
[serve]
listen = "127.0.0.1:0"
[cadence.alert]
enabled = true
""")

    def vigie(self, *args):
        done = subprocess.run([VIGIE, "--json", *args], cwd=self.home, capture_output=True, text=True, timeout=120)
        if done.returncode not in (0, 3):
            sys.exit(f"vigie {' '.join(args)}: {done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def reads(self, items):
        feed["items"] = items
        self.vigie("crawl", "--force")

    def reader(self, address, *wish):
        self.vigie("subscribers", "add", address, "--consent", "bulletin", "--how", "formulaire", *wish)

    def sent(self):
        """What came since it was last asked, in order."""
        self.vigie("send")
        mails = sorted((self.home / "outbox").glob("**/*.eml"), key=lambda path: path.stat().st_mtime_ns)
        fresh, self.last = mails[self.last :], len(mails)
        return fresh


def bulletins(keys):
    for count in (1, 30, 200):
        one = Installation(keys)
        one.reader("maire@mairie.example.fr")
        title = LONG if count == 30 else "Vulnérabilité dans Bastide"
        one.reads([item(n, f"{title} n° {n}", f"{WORDS}, dit l’avis n° {n}. Appliquez le correctif de l’éditeur.") for n in range(count)])
        one.vigie("compose", "--cadence", "daily")
        yield f"bulletin-{count}", one.sent(), False
    # Titles as long as they are ever shown.
    one = Installation(keys)
    one.reader("maire@mairie.example.fr")
    one.reads([item(n, f"{LONG} {LONG} {LONG} n° {n}", f"{WORDS}.") for n in range(3)])
    one.vigie("compose", "--cadence", "weekly")
    one.reader("hebdomadaire@mairie.example.fr", "--cadence", "weekly")
    one.vigie("compose", "--cadence", "daily")
    yield "bulletin-longest", one.sent(), False


def alerts(keys):
    one = Installation(keys, "alerte")
    one.reader("dsi@mairie.example.fr", "--cadence", "alert", "--alerts-from", "info")
    one.reads([])
    one.reads([item(1, "Vulnérabilité dans Bastide", f"{WORDS}. Appliquez le correctif de l’éditeur.")])
    one.vigie("compose")
    yield "alert", one.sent(), False
    one.reads([item(1, "Vulnérabilité dans Bastide", f"{WORDS}. CVE-2026-12345. Une version 4.2 corrige la faille : installez-la sans délai.")])
    one.vigie("compose")
    yield "alert-update", one.sent(), False
    one.reads([item(1, "Clôture de l’alerte : Vulnérabilité dans Bastide", f"{WORDS}. CVE-2026-12345. La version 4.2 la corrige.")])
    one.vigie("compose")
    yield "alert-end", one.sent(), False
    one.reads([item(2, "Fuite de données chez Rempart", "Les fichiers de l’éditeur Rempart sont en vente. Changez les mots de passe.")])
    one.vigie("compose")
    one.sent()
    one.vigie("stories", "reject", "2", "--by", "marie")
    one.vigie("compose")
    yield "alert-withdrawn", one.sent(), False


def letters(keys):
    one = Installation(keys)
    one.vigie("subscribers", "invite", "agent@mairie.example.fr")
    yield "confirmation", one.sent(), True
    one.reader("maire@mairie.example.fr", "--welcome")
    yield "welcome", one.sent(), True
    one.vigie("subscribers", "renew", "--older-than", "0days")
    yield "renewal", one.sent(), True
    one.vigie("subscribers", "remove", "maire@mairie.example.fr")
    yield "goodbye", one.sent(), True


web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Feed)
threading.Thread(target=web.serve_forever, daemon=True).start()
home = Installation("dkim/s1.pem").home
(home / "vigie.toml").write_text('[mail]\nfrom = "Veille <veille@veille.example.fr>"\n')
made = subprocess.run([VIGIE, "--json", "dkim", "generate", "--selector", "s1", "--kind", "rsa"], cwd=home, capture_output=True, text=True)
record = home / "s1.txt"
record.write_text(json.loads(made.stdout.splitlines()[0])["value"] + "\n")
keys = home / "dkim/s1.pem"
subprocess.run([JUDGES / "rspamd.sh", "start", record], stdout=subprocess.DEVNULL)
wrong = []
try:
    for kind in (bulletins, alerts, letters):
        for name, mails, transactional in kind(keys):
            if len(mails) != 1:
                wrong.append(name)
                print(f"WRONG {name}: {len(mails)} mails were written")
                continue
            if OUT:
                OUT.mkdir(parents=True, exist_ok=True)
                shutil.copy(mails[0], OUT / f"{name}.eml")
            judge = [JUDGES / "email.sh", *(["--transactional"] if transactional else []), mails[0], record]
            done = subprocess.run(judge, capture_output=True, text=True)
            lines = done.stdout.splitlines()
            scores = " ".join(re.findall(r"(?:SpamAssassin|rspamd) -?[0-9.]+", done.stdout))
            print(f"{'ok   ' if done.returncode == 0 else 'WRONG'} {name}: {lines[-1]}; {scores}", flush=True)
            if done.returncode:
                wrong.append(name)
                print("\n".join(f"      {line}" for line in lines if line.startswith(("FAIL", "SKIP", "     "))))
finally:
    subprocess.run([JUDGES / "rspamd.sh", "stop"], stdout=subprocess.DEVNULL)
sys.exit(1 if wrong else 0)
