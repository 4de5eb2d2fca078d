#!/usr/bin/env python3
"""mail.py VIGIE JUDGES [--all]: sends a bulletin through real mail servers, in each way in which they answer, and reads what comes back.

JUDGES holds `mta-lab.sh` (Postfix, Dovecot, postgrey; root), which is started and stopped here: the local part of a reader says how
its server answers. What arrives is read over IMAP: once each, filed by its List-Id, its signature verified by dkimpy. A full mailbox
is told of only after two minutes: with --all. Exit status 1 where something is wrong."""
import collections
import email
import email.policy
import email.utils
import glob
import hashlib
import hmac
import http.server
import imaplib
import json
import os
import pathlib
import re
import smtplib
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

VIGIE, JUDGES = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
ALL = "--all" in sys.argv
VENV = os.environ.get("VIGIE_JUDGES", os.path.expanduser("~/.cache/vigie-judges"))
sys.path += glob.glob(f"{VENV}/venv/lib/python*/site-packages")
import dkim  # noqa: E402  (of the judges)

DOMAIN, OURS = "mairie.example.fr", "veille.example.fr"
PLAIN = ["maire", "dgs", "m"] + [f"agent{n}" for n in range(16)]
ASKED_AGAIN = ["tempfail", "full", "close", "grey-dsi"]
REFUSED = {"unknown": "5.1.1", "policy": "5.7.515", "spam": "5.7.1"}
# Postfix takes an address beyond ASCII (RFC 6531); the mailboxes behind it do not, and what it writes of that is lost there too.
TAKEN = ["élue"]
LATER = ["async-unknown"] + (["async-full"] if ALL else [])
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


home = pathlib.Path(tempfile.mkdtemp(prefix="vigie-mail-"))


def vigie(*args, mailbox="bounces"):
    (home / "vigie.toml").write_text(f"""
[site]
publisher = "Ville d’Exemple"
address = "1 place de la Mairie"
[mail]
from = "Veille <veille@{OURS}>"
[mail.dkim]
keys = [{{ selector = "s1-rsa", file = "dkim/s1-rsa.pem" }}, {{ selector = "s1-ed25519", file = "dkim/s1-ed25519.pem" }}]
[mail.smtp]
host = "127.0.0.1"
port = 2526
security = "opportunistic"
connections = 5
[bounces]
address = "bounces@{OURS}"
[bounces.imap]
host = "127.0.0.1"
port = 2143
security = "none"
user = "{mailbox}@{OURS}"
password = "x"
done = "Lus"
""" if (home / "dkim").exists() else f'[mail]\nfrom = "Veille <veille@{OURS}>"\n')
    done = subprocess.run([VIGIE, "--json", *args], cwd=home, capture_output=True, text=True, timeout=120)
    vigie.said = done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def lab(verb):
    done = subprocess.run([JUDGES / "mta-lab.sh", verb], capture_output=True, text=True)
    return done.returncode == 0


def arrived(reader, folder="Veille"):
    """Over IMAP, as a reader's program would."""
    with imaplib.IMAP4("127.0.0.1", 2143) as server:
        server.login(f"{reader}@{DOMAIN}", "x")
        if server.select(folder, readonly=True)[0] != "OK":
            return []
        numbers = server.search(None, "ALL")[1][0].split()
        return [server.fetch(number, "(BODY.PEEK[])")[1][0][1] for number in numbers]


def stored(reader):
    """In whatever folder Dovecot has put it."""
    folder = pathlib.Path(os.environ.get("VIGIE_LAB", "/var/tmp/vigie-lab")) / "mta/dovecot/mail" / f"{reader}@{DOMAIN}"
    return [path.read_bytes() for path in folder.glob("**/new/*")] + [path.read_bytes() for path in folder.glob("**/cur/*")]


def take_in():
    """Of both mailboxes: failures are told to the one that bears the token, or to who the bulletin is from."""
    reports = [vigie("bounces", mailbox=mailbox)[0] for mailbox in ("bounces", "veille")]
    return {key: sum(report[key] for report in reports) for key in ("failed", "left", "automatic", "unknown")}


def wait_for(key, count, patience):
    seen, end = collections.Counter(), time.time() + patience
    while seen[key] < count and time.time() < end:
        time.sleep(2)
        seen.update(take_in())
    return +seen


def write(sender, to, fields):
    with smtplib.SMTP("127.0.0.1", 2526) as server:
        server.sendmail(sender, [to], f"From: maire@{DOMAIN}\r\nTo: {to}\r\n{fields}\r\n\r\nBonjour\r\n".encode())


def states(verb, *args):
    return {one["address"].split("@")[0]: one["state"] for one in vigie(verb, *args)}


def given_up():
    return {one["address"].split("@")[0] for one in vigie("subscribers", "suppressed")}


def main():
    web = http.server.HTTPServer(("127.0.0.1", 0), Feed)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    source = f'[[source]]\nid = "a"\nurl = "http://127.0.0.1:{web.server_port}/feed"\nallow_private = true\n'
    (home / "sources.toml").write_text(source)
    keys = vigie("dkim", "generate", "--selector", "s1", "--kind", "both")
    records = {f"{key['name']}.".encode(): key["value"].encode() for key in keys}
    readers = PLAIN + TAKEN + ASKED_AGAIN + list(REFUSED) + LATER
    for reader in readers:
        vigie("subscribers", "add", f"{reader}@{DOMAIN}", "--consent", "bulletin", "--how", "essai")
    vigie("crawl")
    vigie("compose", "--cadence", "daily")
    report, began = vigie("send")[0], time.time()
    # What is taken and comes back later counts as sent.
    check(report["sent"] == len(PLAIN + TAKEN + LATER), f"what is taken is sent: {report['sent']} of {len(readers)}, {report['refusals']}")
    after = states("bulletins", "deliveries", "1")
    check({after[one] for one in ASKED_AGAIN} == {"deferred"}, f"451, 452, 421 and greylisting are tried again: {after}")
    check(after["unknown"] == "failed", "an unknown mailbox is not tried again")
    check(given_up() == {"unknown"}, f"5.1.1 gives an address up, 5.7.x nobody: {given_up()}")
    for reader, code in REFUSED.items():
        told = json.dumps(vigie("trace", f"{reader}@{DOMAIN}"))
        check(code in told, f"the trace of `{reader}` has the reply with {code}")
    check("5.7.515" in vigie.said + json.dumps(report), "the operator is told of a policy")
    time.sleep(max(0.0, 21 - (time.time() - began)))
    again = vigie("send", "--now")[0]
    check(again["sent"] == 1, f"greylisting: taken after 20 seconds: {again}")
    time.sleep(2)
    once = {reader: len(stored(reader)) for reader in PLAIN + ["grey-dsi"]}
    check(set(once.values()) == {1}, f"each has it once: {once}")
    for reader in ("maire", "grey-dsi"):
        mails = arrived(reader)
        check(len(mails) == 1, f"`{reader}` finds it in the folder of its List-Id")
        for mail in mails:
            # dkimpy verifies Ed25519 only with a library that the judges do not have.
            kinds = [kind.decode() for kind in re.findall(rb"(?mi)^DKIM-Signature: v=1; a=([a-z0-9-]+)", mail)]
            check(sorted(kinds) == ["ed25519-sha256", "rsa-sha256"], f"the copy of `{reader}` bears both signatures: {kinds}")
            place = kinds.index("rsa-sha256") if "rsa-sha256" in kinds else 0
            verified = dkim.DKIM(mail).verify(idx=place, dnsfunc=lambda name, timeout=5: records.get(name))
            check(verified, f"the RSA signature of the copy of `{reader}` verifies")
    # What comes back.
    database = sqlite3.connect(home / "data/vigie.db")
    key = database.execute("SELECT value FROM setting WHERE name = 'message-key'").fetchone()[0]
    number = database.execute("SELECT id FROM subscriber WHERE address = ?", [f"maire@{DOMAIN}"]).fetchone()[0]
    message = email.message_from_bytes(arrived("maire")[0], policy=email.policy.default)
    leave = re.search(r"<mailto:(bounces[^?>]*)", message["List-Unsubscribe"])
    token = hmac.new(key.encode(), b"verp-leave" + number.to_bytes(8, "big"), hashlib.sha256).hexdigest()[:16]
    check(leave and leave[1] == f"bounces+leave.{number}.{token}@{OURS}", "the header names the reader's own address to leave at")
    status = f"Final-Recipient: rfc822; maire@{DOMAIN}\r\nAction: failed\r\nStatus: 5.1.1"
    forged = f"bounces+1.0000000000000000@{OURS}"
    write("", forged, f"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n{status}")
    write(f"maire@{DOMAIN}", leave[1], "Subject: Absence\r\nAuto-Submitted: auto-replied")
    seen = wait_for("failed", len(LATER), 240 if ALL else 60)
    seen.update(wait_for("unknown", 1, 6) if not seen["unknown"] else {})
    check(seen == {"failed": len(LATER), "automatic": 1, "unknown": 1}, f"a failure each, one absence, one forgery: {dict(seen)}")
    after = states("bulletins", "deliveries", "1")
    check({after[one] for one in LATER} == {"failed"}, "what came back stands as failed")
    check(after["maire"] == "sent", "what arrived stands as sent")
    check(given_up() == {"unknown", "async-unknown"}, f"a full mailbox and a policy give nobody up: {given_up()}")
    check(states("subscribers", "list")["maire"] == "active", "an absence lets nobody go")
    write(f"maire@{DOMAIN}", leave[1], "Subject: unsubscribe")
    check(wait_for("left", 1, 20)["left"] == 1, "a mail to the address for it does")
    check(states("subscribers", "list")["maire"] == "left", "and whoever left is no reader")
    check(not any(take_in().values()), "what was read is not read again")


lab("stop")
try:
    check(lab("start"), "the lab is started")
    if not wrong:
        main()
finally:
    lab("stop")
sys.exit(1 if wrong else 0)
