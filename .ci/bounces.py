#!/usr/bin/env python3
"""bounces.py VIGIE LAB: sends a bulletin through real mail servers (LAB is `mta-lab.sh`, started and empty), and reads by IMAP what
comes back: an unknown mailbox is given up, a full one is not, what is forged or automatic does nothing, and a mail to the address for
it makes a reader leave. Exit status 1 where something is wrong."""
import email.utils
import hashlib
import hmac
import http.server
import json
import pathlib
import smtplib
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

VIGIE = pathlib.Path(sys.argv[1]).resolve()
DOMAIN = "mairie.example.fr"
READERS = ["maire", "unknown", "policy", "async-unknown", "async-full"]
PATIENCE = 240  # seconds: the lab gives a full mailbox up after two minutes
wrong = []


def check(condition, what):
    print(("ok    " if condition else "WRONG ") + what, flush=True)
    if not condition:
        wrong.append(what)


class Feed(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        found = self.path == "/feed"
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/rss+xml")
        self.end_headers()
        if found:
            item = f"<item><title>Un arrêté</title><link>https://{DOMAIN}/1</link><pubDate>{email.utils.formatdate()}</pubDate></item>"
            self.wfile.write(f'<rss version="2.0"><channel><title>t</title>{item}</channel></rss>'.encode())

    def log_message(self, *_):
        pass


web = http.server.HTTPServer(("127.0.0.1", 0), Feed)
threading.Thread(target=web.serve_forever, daemon=True).start()
home = pathlib.Path(tempfile.mkdtemp(prefix="vigie-bounces-"))
(home / "sources.toml").write_text(
    f'[[source]]\nid = "a"\nurl = "http://127.0.0.1:{web.server_port}/feed"\nallow_private = true\n'
)


def settings(mailbox):
    return f"""
[mail]
from = "Veille <veille@veille.example.fr>"
[mail.smtp]
host = "127.0.0.1"
port = 2526
security = "none"
[bounces]
address = "bounces@veille.example.fr"
[bounces.imap]
host = "127.0.0.1"
port = 2143
security = "none"
user = "{mailbox}@veille.example.fr"
password = "x"
done = "Lus"
"""


def vigie(*args, mailbox="bounces"):
    (home / "vigie.toml").write_text(settings(mailbox))
    done = subprocess.run([VIGIE, "--json", *args], cwd=home, capture_output=True, text=True, timeout=120)
    return [json.loads(line) for line in done.stdout.splitlines()]


def read():
    """Of both mailboxes: failures are told to the one that bears the token, or to who the bulletin is from."""
    reports = [vigie("bounces", mailbox=mailbox)[0] for mailbox in ("bounces", "veille")]
    return {key: sum(report[key] for report in reports) for key in ("failed", "left", "automatic", "unknown")}


def token(what, number):
    key = sqlite3.connect(home / "data/vigie.db").execute("SELECT value FROM setting WHERE name = 'message-key'").fetchone()[0]
    return hmac.new(key.encode(), what + number.to_bytes(8, "big"), hashlib.sha256).hexdigest()[:16]


def write(sender, to, fields):
    with smtplib.SMTP("127.0.0.1", 2526) as server:
        server.sendmail(sender, [to], f"From: maire@{DOMAIN}\r\nTo: {to}\r\n{fields}\r\n\r\nBonjour\r\n".encode())


for reader in READERS:
    vigie("subscribers", "add", f"{reader}@{DOMAIN}", "--consent", "bulletin", "--how", "essai")
vigie("crawl")
vigie("compose", "--cadence", "daily")
vigie("send")
ids = {one["address"].split("@")[0]: one["id"] for one in vigie("subscribers", "list")}
leave = f"bounces+leave.{ids['maire']}.{token(b'verp-leave', ids['maire'])}@veille.example.fr"
forged = "bounces+1.0000000000000000@veille.example.fr"
status = "Final-Recipient: rfc822; maire@mairie.example.fr\r\nAction: failed\r\nStatus: 5.1.1"
write("", forged, f"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n{status}")
write(f"maire@{DOMAIN}", leave, "Subject: Absence\r\nAuto-Submitted: auto-replied")
seen, end = {"failed": 0, "left": 0, "automatic": 0, "unknown": 0}, time.time() + PATIENCE
while seen["failed"] < 2 and time.time() < end:
    time.sleep(5)
    seen = {key: seen[key] + count for key, count in read().items()}
check(seen == {"failed": 2, "left": 0, "automatic": 1, "unknown": 1}, f"two failures, one absence, one forgery: {seen}")
states = {one["address"].split("@")[0]: one["state"] for one in vigie("bulletins", "deliveries", "1")}
check(states["maire"] == "sent", "what arrived stands as sent")
check(states["async-unknown"] == states["async-full"] == "failed", f"what came back stands as failed: {states}")
given_up = {one["address"].split("@")[0] for one in vigie("subscribers", "suppressed")}
check("async-unknown" in given_up, "an unknown mailbox is given up")
check(not given_up & {"async-full", "policy", "maire"}, f"a full one, and a policy, are not: {given_up}")
active = lambda: {one["address"].split("@")[0]: one["state"] for one in vigie("subscribers", "list")}["maire"]
check(active() == "active", "an absence lets nobody go")
write(f"maire@{DOMAIN}", leave, "Subject: unsubscribe")
time.sleep(3)
check(read()["left"] == 1 and active() == "left", "a mail to the address for it does")
check(not any(read().values()), "what was read is not read again")
sys.exit(1 if wrong else 0)
