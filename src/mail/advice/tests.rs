//! Real replies: of Orange and La Poste as sisimai keeps them, of Postmark's field manual, of postmaster pages, of logs.

use super::*;
use crate::config::Operators;

fn reply(text: &str) -> SmtpReply {
    let reply = SmtpReply::read(text);
    assert_eq!(reply.to_string(), text, "what is written is read back");
    reply
}

fn tried(reply: &SmtpReply) -> DeliveryState {
    match reply.code {
        200..=299 => DeliveryState::Sent,
        500..=599 => DeliveryState::Failed,
        _ => DeliveryState::Deferred,
    }
}

#[test]
fn replies_of_every_operator_are_understood() {
    use Cause::*;
    let table: &[(&str, &str, Cause)] = &[
        // Orange
        (
            "orange",
            "421 opmta1mti12nd1 smtp.orange.fr ME Trop de connexions, veuillez verifier votre configuration. Too many connections, slow down. OFR004_104 [104]",
            TooFast,
        ),
        (
            "orange",
            "421 mwinf5c79 ME Service refuse. Veuillez essayer plus tard. Service refused, please try later. OFR_999 [999]",
            TooFast,
        ),
        ("orange", "421 mwinf5c20 ME Service refuse. Veuillez essayer plus tard. OFR004_105 [105]", Deferred),
        (
            "orange",
            "421 4.2.0 Service refuse. Veuillez essayer plus tard. Service refused, please try later. OFR005_505 [505]",
            Deferred,
        ),
        ("orange", "550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416 [416]", Unknown),
        ("orange", "552 5.1.1 Boite du destinataire pleine. Recipient overquota. OFR_417 [417]", Full),
        (
            "orange",
            "550 mwinf5c14 ME Adresse IP source bloquee pour incident de spam. Client host blocked for spamming issues. OFR006_102 Ref http://csi.cloudmark.com/reset-request/?ip=192.0.2.1 [102]",
            Reputation,
        ),
        (
            "orange",
            "550 mwinf5c10 ME Service refuse. Veuillez essayer plus tard. Service refused, please try later. OFR006_103 192.0.2.1 [103]",
            Reputation,
        ),
        ("orange", "550 5.2.0 Mail rejete. Mail rejected. ofr_506 [506]", Spam),
        (
            "orange",
            "421 smtp.orange.fr [192.0.2.1] Emetteur invalide, Veuillez verifier la configuration SPF/DNS de votre nom de domaine. Invalid Sender. SPF check failed, please verify the SPF/DNS configuration for your domain name. OFR004_519",
            Authentication,
        ),
        ("orange", "501 5.1.0 Emetteur invalide. Invalid Sender. OFR004_405 [405]", Sender),
        ("orange", "550 5.7.0 Code d'authentification invalide OFR_305", Blocked),
        // La Poste
        (
            "laposte",
            "550 5.5.0 Service refuse. Veuillez essayer plus tard. service refused, please try later. LPN007_510",
            Reputation,
        ),
        ("laposte", "550 5.5.0 Boite du destinataire archivee. Archived recipient. LPN007_420", Disabled),
        (
            "laposte",
            "550 5.5.0 Le compte du destinataire est bloque. The recipient account isblocked. LPN007_426",
            Disabled,
        ),
        (
            "laposte",
            "571 5.7.1 Message refused, DMARC verification Failed. Message refuse, verification DMARC en echec LPN007_517",
            Authentication,
        ),
        ("laposte", "550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. LPN416", Unknown),
        (
            "laposte",
            "421 4.2.1 Service refuse. Veuillez essayer plus tard. Service refused, please try later. LPN007_505",
            Deferred,
        ),
        (
            "laposte",
            "550 5.7.1 Service unavailable; client [192.0.2.1] blocked using Spamhaus Les emails envoyes vers la messagerie Laposte.net ont ete bloques par nos services. LPNAAA_101",
            Reputation,
        ),
        ("laposte", "421 Too many connections, slow down. LPN105_104", TooFast),
        ("laposte", "550 Service refused, please try later. LPN006_107", Reverse),
        // SFR
        ("sfr", "421 4.7.0 msfrf2604.sfr.fr Error: too many errors", TooFast),
        ("sfr", "450 4.7.1 Service refused due to bad behavior SFR_IN_103", Blocked),
        ("sfr", "550 5.7.1 Message content rejected", Spam),
        ("sfr", "550 5.1.1 <jean@sfr.fr>: Recipient address rejected: User unknown in relay recipient table", Unknown),
        // Free
        ("free", "550 spam detected", Spam),
        ("free", "421 Too many connections from your IP (rate controlled).", TooFast),
        ("free", "550 Too much Spam from this IP, see http://postmaster.free.fr/", Reputation),
        (
            "free",
            "554 5.2.2 <jean@free.fr>: Recipient address rejected: Quota exceeded (mailbox for user is full)",
            Full,
        ),
        ("free", "550 5.2.1 This mailbox has been blocked due to inactivity", Disabled),
        (
            "free",
            "451 too many errors detected from your IP (192.0.2.1), please visit http://postmaster.free.fr/",
            TooFast,
        ),
        // Google
        (
            "google",
            "550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking the recipient's email address for typos or unnecessary spaces. - gsmtp",
            Unknown,
        ),
        ("google", "452 4.2.2 The email account that you tried to reach is over quota. - gsmtp", Full),
        ("google", "550 5.2.1 The email account that you tried to reach is disabled. - gsmtp", Disabled),
        (
            "google",
            "550 5.7.26 This mail has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM. - gsmtp",
            Authentication,
        ),
        (
            "google",
            "550 5.7.1 [192.0.2.1] Our system has detected that this message is likely suspicious due to the very low reputation of the sending domain. - gsmtp",
            Reputation,
        ),
        (
            "google",
            "421 4.7.28 [192.0.2.1] Our system has detected an unusual rate of unsolicited mail originating from your IP address. - gsmtp",
            TooFast,
        ),
        (
            "google",
            "450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered. - gsmtp",
            ReaderBusy,
        ),
        (
            "google",
            "550 5.7.25 [192.0.2.1] The IP address sending this message does not have a PTR record setup. - gsmtp",
            Reverse,
        ),
        ("google", "451 4.3.0 Mail server temporarily rejected message. - gsmtp", Deferred),
        ("google", "552 5.3.4 Your message exceeded Google's message size limits. - gsmtp", TooBig),
        // Microsoft
        (
            "outlook",
            "550 5.7.515 Access denied, sending domain example.fr does not meet the required authentication level.",
            Authentication,
        ),
        (
            "outlook",
            "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3150).",
            Reputation,
        ),
        ("outlook", "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).", Unknown),
        ("outlook", "421 4.3.2 Service not available [outlook.com]", Busy),
        (
            "outlook",
            "554 5.2.122 The recipient has exceeded their limit for the number of messages they can receive per hour.",
            ReaderBusy,
        ),
        (
            "office365",
            "550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [XX.prod.protection.outlook.com]",
            Unknown,
        ),
        ("office365", "450 4.7.3 Organization queue quota exceeded. [outlook.com]", TooFast),
        ("office365", "451 4.7.500 Server busy. Please try again later from [192.0.2.1]. (AS77712321)", TooFast),
        (
            "office365",
            "550 5.7.606 Access denied, banned sending IP [192.0.2.1]. To request removal from this list please visit https://sender.office.com/",
            Reputation,
        ),
        ("office365", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", Unknown),
        (
            "office365",
            "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction check failed",
            Login,
        ),
        ("office365", "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException", Full),
        (
            "office365",
            "550 5.7.23 The message was rejected because of Sender Policy Framework violation",
            Authentication,
        ),
        // Yahoo, Apple
        (
            "yahoo",
            "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints - 4.16.55.1",
            Deferred,
        ),
        ("yahoo", "554 delivery error: dd This user doesn't have a yahoo.fr account (jean@yahoo.fr) [-9]", Unknown),
        (
            "yahoo",
            "554 delivery error: dd Sorry, your message to jean@yahoo.fr cannot be delivered. This mailbox is disabled (554.30).",
            Disabled,
        ),
        (
            "yahoo",
            "554 5.7.9 Message not accepted for policy reasons. See https://help.yahoo.com/kb/postmaster/SLN7253.html",
            Blocked,
        ),
        ("yahoo", "421 Max message per connection reached, closing transmission channel", TooFast),
        (
            "apple",
            "550 5.7.1 [CS01] Message rejected due to local policy. Please visit https://support.apple.com/en-us/HT204137",
            Blocked,
        ),
        ("apple", "421 4.7.1 Messages to jean@icloud.com deferred due to excessive volume. Try again later", TooFast),
        ("apple", "552 5.2.2 <jean@icloud.com>: user is overquota", Full),
        // Hosting
        (
            "ovh",
            "550 5.1.1 <jean@ville.fr>: Recipient address rejected: User unknown in virtual mailbox table",
            Unknown,
        ),
        ("ovh", "450 4.2.0 <jean@ville.fr>: Recipient address rejected: Greylisted", Greylist),
        ("gandi", "550 5.1.8 <root@serveur>: Sender address rejected: Domain not found", Sender),
        (
            "ionos",
            "554 mx.kundenserver.de (mxeue002) Nemesis ESMTP Service not available No SMTP service Bad DNS PTR resource record.",
            Reverse,
        ),
        ("infomaniak", "450 4.1.8 Sender address rejected: Domain not found", Sender),
        ("gmx", "552 Requested mail action aborted: exceeded storage allocation Quota exceeded.", Full),
        ("renater", "451 4.7.1 Greylisting in action, please come back in 00:05:00", Greylist),
        // Filters
        ("altospam", "554 5.0.0 Service unavailable", Blocked),
        ("altospam", "550 5.7.1 Message blocked by ALTOSPAM", Blocked),
        ("mailinblack", "550 5.7.1 Message refused by Mailinblack", Blocked),
        (
            "mimecast",
            "550 Envelope blocked - User Entry - https://community.mimecast.com/docs/DOC-1369#550 [x]",
            Blocked,
        ),
        (
            "mimecast",
            "550 Rejected by header based Anti-Spoofing policy: veille@example.fr - https://community.mimecast.com/docs/DOC-1369#550 [x]",
            Blocked,
        ),
        (
            "mimecast",
            "451 Internal resource temporarily unavailable - https://community.mimecast.com/docs/DOC-1369#451 [x]",
            Greylist,
        ),
        ("barracuda", "550 permanent failure for one or more recipients (jean@ville.fr:blocked)", Blocked),
        ("barracuda", "451 4.7.1 <jean@ville.fr>: Recipient address rejected: Greylisted for 5 minutes", Greylist),
        ("barracuda", "550 No such user (jean@ville.fr)", Unknown),
        ("barracuda", "451 Server too busy, try again later", TooFast),
        (
            "proofpoint",
            "421 4.1.1 <jean@ville.fr>: Recipient address rejected: unverified address: Address verification in progress",
            Deferred,
        ),
        ("proofpoint", "550 5.7.1 Relaying denied", Relay),
        (
            "cisco",
            "554 Your access to this mail system has been rejected due to the sending MTA's poor reputation. If you believe that this failure is in error, please contact the intended recipient via alternate means.",
            Reputation,
        ),
        ("trendmicro", "554 5.7.1 <jean@ville.fr>: Recipient address rejected: BLOCK-SEND-ER.", Blocked),
        (
            "messagelabs",
            "553 Message filtered. Refer to the Troubleshooting page at http://www.symanteccloud.com/troubleshooting for more information. (#5.7.1)",
            Blocked,
        ),
        // Anybody's server
        (
            "ville.fr",
            "450 4.2.0 <jean@ville.fr>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/ville.fr.html",
            Greylist,
        ),
        ("ville.fr", "451 4.7.1 Try again later", Greylist),
        ("ville.fr", "450 4.3.2 Service currently unavailable", Busy),
        (
            "ville.fr",
            "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
            Reputation,
        ),
        ("ville.fr", "450 4.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]", Reverse),
        ("ville.fr", "552 5.3.4 Message size exceeds fixed limit", TooBig),
        ("ville.fr", "554 5.4.6 Too many hops", Loop),
        ("ville.fr", "530 5.7.0 Must issue a STARTTLS command first", Tls),
        ("ville.fr", "535 5.7.8 Error: authentication failed", Login),
        ("ville.fr", "554 5.7.1 <jean@autre.fr>: Relay access denied", Relay),
        ("ville.fr", "550 High probability of spam", Spam),
        ("ville.fr", "554 5.6.0 Message contains bare LF", Malformed),
        ("ville.fr", "556 5.1.10 Domain accepts no mail", NoDomain),
        ("ville.fr", "550 5.1.2 Bad destination system address", NoDomain),
        ("ville.fr", "452 4.3.1 Insufficient system resources", Busy),
        ("ville.fr", "550 5.7.1 Virus detected: Heuristics.Phishing.Email", Virus),
        ("ville.fr", "550 non", Unclear),
        ("ville.fr", "554 Transaction failed", Unclear),
        ("ville.fr", "250 2.0.0 Ok: queued as 4RH2xT4NwZz1LQKck", Sent),
        // The network instead of a reply, as we say it
        ("ville.fr", "the greeting: no answer within 300 s", Unreachable),
        ("ville.fr", "RCPT: the server closed the connection before its reply", Unreachable),
        ("ville.fr", "no encrypted connection to `mx.ville.fr`: invalid peer certificate: Expired", Tls),
        ("", "there is no `vile.fr` in the DNS", NoDomain),
        ("", "`nul.fr` takes no mail: its MX record says so", NoDomain),
    ];
    assert!(table.len() >= 100, "{}", table.len());
    let operators = Operators::shipped();
    let mut wrong = Vec::new();
    for (operator, text, expected) in table {
        let reply = reply(text);
        let got = cause(&reply, tried(&reply), &operators.get(operator));
        if got != *expected {
            wrong.push(format!("{operator}: {text}\n  {got:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn told(operator: &str, text: &str) -> Advice {
    let reply = reply(text);
    advise(&reply, tried(&reply), &Operators::shipped().get(operator), "veille@example.fr")
}

#[test]
fn a_reader_is_told_what_to_ask_for() {
    assert_eq!(
        told("altospam", "550 5.7.1 Message blocked").reader,
        "Demandez à votre service informatique d’ajouter veille@example.fr à la liste des expéditeurs autorisés d’Altospam."
    );
    assert_eq!(
        told("orange", "550 5.2.0 Mail rejete. Mail rejected. ofr_506 [506]").reader,
        "Ajoutez veille@example.fr à vos contacts et aux expéditeurs autorisés de votre messagerie Orange."
    );
    assert!(told("ville.fr", "452 4.2.2 over quota").reader.starts_with("Faites de la place"));
    assert!(told("ville.fr", "450 4.2.0 Greylisted").reader.starts_with("Rien à faire"));
    let doubt = reply("the message: no answer within 600 s");
    let doubt = advise(&doubt, DeliveryState::AtData, &Operators::shipped().get("ville.fr"), "veille@example.fr");
    assert!(doubt.meaning.contains("peut-être deux fois"), "{}", doubt.meaning);
}

#[test]
fn who_runs_vigie_is_told_where_to_look() {
    let keeper = told("orange", "421 OFR004_104 Trop de connexions").keeper;
    assert!(
        keeper.contains("orange")
            && keeper.contains("Ce qu’Orange demande")
            && keeper.contains("messagerie.orange.fr/postmaster.html"),
        "{keeper}"
    );
    assert!(told("google", "550 5.7.26 unauthenticated").keeper.contains("`vigie doctor`"));
}

#[test]
fn every_cause_is_said_in_french_with_its_spaces() {
    let operators = Operators::shipped();
    for operator in ["orange", "altospam", "ville.fr", ""] {
        for code in
            ["250 ok", "450 x", "550 5.1.1 x", "552 5.2.2 x", "550 5.7.26 x", "550 listed in spamhaus", "no route"]
        {
            let reply = reply(code);
            let advice = advise(&reply, tried(&reply), &operators.get(operator), "veille@example.fr");
            for text in [&advice.meaning, &advice.reader, &advice.keeper] {
                assert!(!text.contains(" :") && !text.contains(" ;") && !text.contains('\''), "{text}");
            }
            assert!(!advice.meaning.is_empty() && !advice.meaning.ends_with('.'), "{}", advice.meaning);
        }
    }
}
