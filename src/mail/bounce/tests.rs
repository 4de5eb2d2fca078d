//! Notices as mail servers write them, and what is made of them and of their ruins.

use proptest::prelude::*;

use super::*;

/// What we had sent, as a report quotes it.
const ORIGINAL: &str = "Return-Path: <bounces+12.0f1e2d3c4b5a6978@veille.example.fr>\n\
    From: Veille <veille@example.fr>\nTo: maire@mairie.example.fr\nSubject: Bulletin quotidien\n\
    Message-ID: <aa11bb22@example.fr>\n\
    List-Unsubscribe: <mailto:bounces+leave.5.0f1e2d3c4b5a6978@veille.example.fr>\n";

const ENVELOPE: &str = "Return-Path: <>\nDelivered-To: bounces+12.0f1e2d3c4b5a6978@veille.example.fr\n\
    From: MAILER-DAEMON@mx.mairie.example.fr (Mail Delivery System)\n\
    To: bounces+12.0f1e2d3c4b5a6978@veille.example.fr\nSubject: Undelivered Mail Returned to Sender\n\
    Date: Wed, 30 Aug 2023 07:31:00 +0200\nMessage-ID: <20230830@mx.mairie.example.fr>\nMIME-Version: 1.0\n";

/// A delivery report as Postfix makes it.
fn dsn(block: &str) -> String {
    format!(
        "{ENVELOPE}Auto-Submitted: auto-replied\n\
         Content-Type: multipart/report; report-type=delivery-status;\n\tboundary=\"B1/mx\"\n\n\
         This is a MIME-encapsulated message.\n\n--B1/mx\nContent-Description: Notification\n\
         Content-Type: text/plain; charset=us-ascii\n\nThis is the mail system at host mx.mairie.example.fr.\n\n\
         --B1/mx\nContent-Description: Delivery report\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; mx.mairie.example.fr\nX-Postfix-Queue-ID: 4F1\n\n{block}\n\
         --B1/mx\nContent-Description: Undelivered Message Headers\nContent-Type: text/rfc822-headers\n\n\
         {ORIGINAL}\n--B1/mx--\n"
    )
}

fn plain(from: &str, subject: &str, body: &str) -> String {
    format!(
        "Return-Path: <>\nFrom: {from}\nTo: bounces+12.0f1e2d3c4b5a6978@veille.example.fr\nSubject: {subject}\n\
         Content-Type: text/plain; charset=utf-8\n\n{body}"
    )
}

fn arf(report: &str) -> String {
    format!(
        "From: <fbl@operator.example>\nTo: plaintes@veille.example.fr\nSubject: FW: Bulletin\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=\"p\"\n\n\
         --p\nContent-Type: text/plain\n\nThis is an email abuse report.\n\
         --p\nContent-Type: message/feedback-report\n\n{report}\n\
         --p\nContent-Type: message/rfc822\n\n{ORIGINAL}\nBonjour\n--p--\n"
    )
}

fn fates(mail: &str) -> Vec<Fate> {
    match read(mail.as_bytes()).what {
        What::Status(fates) => fates,
        other => panic!("{other:?}\n{mail}"),
    }
}

fn fate(mail: &str) -> Fate {
    let mut fates = fates(mail);
    assert_eq!(fates.len(), 1, "{fates:?}");
    fates.remove(0)
}

#[test]
fn a_delivery_report_says_what_became_of_the_message_and_which_it_was() {
    let block = "Final-Recipient: rfc822; maire@mairie.example.fr\nOriginal-Recipient: rfc822;Maire@mairie.example.fr\n\
                 Action: failed\nStatus: 5.1.1\nRemote-MTA: dns; mbx.mairie.example.fr\n\
                 Diagnostic-Code: smtp; 550 5.1.1 <maire@mairie.example.fr>: Recipient address\n    rejected: User unknown\n";
    let mail = dsn(block);
    let one = fate(&mail);
    assert_eq!((one.action, one.reply.code, one.reply.enhanced.as_deref()), (Action::Failed, 550, Some("5.1.1")));
    assert_eq!(one.reply.text, "<maire@mairie.example.fr>: Recipient address rejected: User unknown");
    assert_eq!(one.host, "mbx.mairie.example.fr");
    assert_eq!(one.recipients, ["maire@mairie.example.fr"; 2]);
    let returned = read(mail.as_bytes());
    assert_eq!(returned.original.message_ids, ["aa11bb22@example.fr"]);
    assert!(returned.original.addresses[0].starts_with("bounces+12."), "{returned:?}");
    assert!(returned.to.iter().any(|to| to.starts_with("bounces+12.")));
}

#[test]
fn each_action_and_each_way_to_write_a_status_is_understood() {
    let to = "Final-Recipient: rfc822; a@b.fr\n";
    for (block, action, enhanced, code) in [
        (
            "Action: delayed\nStatus: 4.4.1\nWill-Retry-Until: Fri, 1 Sep 2023 07:00:00 +0200\n",
            Action::Delayed,
            "4.4.1",
            0,
        ),
        ("Action: Failed (after retries)\nStatus: 5.2.2 (mailbox full)\n", Action::Failed, "5.2.2", 0),
        ("Action: relayed\nStatus: 2.0.0\n", Action::Relayed, "2.0.0", 0),
        ("Action: expanded\nStatus: 2.0.0\n", Action::Expanded, "2.0.0", 0),
        ("Action: delivered\nStatus: 2.0.0\n", Action::Delivered, "2.0.0", 0),
        // Without what RFC 3464 demands.
        ("Status: 5.1.1\n", Action::Failed, "5.1.1", 0),
        ("Status: 4.2.2\n", Action::Delayed, "4.2.2", 0),
        // What was given up after days, and what it had been told.
        (
            "Action: failed\nStatus: 4.4.7\nDiagnostic-Code: smtp; 452 4.2.2 Mailbox full\n",
            Action::Failed,
            "4.2.2",
            452,
        ),
        ("Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp;550 5.1.1 unknown\n", Action::Failed, "5.1.1", 550),
        ("Action: failed\nStatus: 5.1.1\nDiagnostic-Code: x-unix; no such user\n", Action::Failed, "5.1.1", 0),
    ] {
        let one = fate(&dsn(&format!("{to}{block}")));
        assert_eq!(
            (one.action, one.reply.enhanced.as_deref(), one.reply.code),
            (action, Some(enhanced), code),
            "{block}"
        );
        assert_eq!(one.host, "mx.mairie.example.fr", "{block}");
    }
}

#[test]
fn addresses_in_utf_8_are_read_in_both_their_forms() {
    for (kind, recipient) in [
        ("message/global-delivery-status", "utf-8; élodie@mairie.example.fr"),
        ("message/delivery-status", "utf-8; \\x{E9}lodie@mairie.example.fr"),
    ] {
        let block = format!("Final-Recipient: {recipient}\nAction: failed\nStatus: 5.1.1\n");
        let mail = dsn(&block)
            .replace("message/delivery-status", kind)
            .replace("text/rfc822-headers", "message/global-headers");
        assert_eq!(fate(&mail).recipients, ["élodie@mairie.example.fr"], "{kind}");
        assert_eq!(read(mail.as_bytes()).original.message_ids, ["aa11bb22@example.fr"]);
    }
}

#[test]
fn a_report_may_name_several_readers_and_be_encoded() {
    let blocks = "Final-Recipient: rfc822; a@b.fr\nAction: delivered\nStatus: 2.1.5\n\n\n\
                  Final-Recipient: rfc822; c@d.fr\nAction: failed\nStatus: 5.1.1\n";
    let actions: Vec<_> = fates(&dsn(blocks)).iter().map(|fate| fate.action).collect();
    assert_eq!(actions, [Action::Delivered, Action::Failed]);

    use base64::{Engine, engine::general_purpose::STANDARD};
    let body = STANDARD
        .encode("Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; c@d.fr\r\nAction: failed\r\nStatus: 5.1.1\r\n");
    let mail = format!(
        "From: MAILER-DAEMON\nContent-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/delivery-status\n\
         Content-Transfer-Encoding: base64\n\n{body}\n--x--\n"
    );
    assert_eq!(fate(&mail).recipients, ["c@d.fr"]);
}

#[test]
fn servers_that_know_no_standard_are_understood_by_their_own_words() {
    let qmail = "Hi. This is the qmail-send program at mx.ancien.example.fr.\n\
        I'm afraid I wasn't able to deliver your message to the following addresses.\n\
        This is a permanent error; I've given up. Sorry it didn't work out.\n\n\
        <maire@ancien.example.fr>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n\
        --- Below this line is a copy of the message.\n\n";
    let postfix = "This is the Postfix program at host mx.example.fr.\n\nI'm sorry to have to inform you that your message could not be\n\
        be delivered to one or more recipients.\n\n<maire@mairie.example.fr>: host mbx[192.0.2.1] said: 552 5.2.2 Over quota\n\
        \x20   (in reply to RCPT TO command)\n\n------ This is a copy of the message ------\n\n";
    let exim = "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\n\
        recipients. This is a permanent error. The following address(es) failed:\n\n  maire@mairie.example.fr\n    host mx [192.0.2.1]\n\
        \x20   SMTP error from remote mail server after RCPT TO:<maire@mairie.example.fr>:\n    550 No such user\n\n\
        ------ This is a copy of the message, including all the headers. ------\n\n";
    let sendmail = "   ----- The following addresses had permanent fatal errors -----\n<maire@mairie.example.fr>\n\
        \x20   (reason: 550 5.1.1 <maire@mairie.example.fr>... User unknown)\n\n   ----- Original message -----\n\n";
    let exchange = "Échec de la remise pour ces destinataires ou groupes :\n\nmaire@mairie.example.fr\nL’adresse de messagerie est introuvable.\n\n\
        Informations de diagnostic pour les administrateurs :\n\nServeur de génération : EX01.mairie.local\n\nmaire@mairie.example.fr\n\
        Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found'\n\nEn-têtes de message d’origine :\n\n";
    let old = "Your message did not reach some or all of the intended recipients.\n\n      Subject: Bulletin\n\n\
        The following recipient(s) could not be reached:\n\n      maire@mairie.example.fr on 30/08/2023 07:31\n\
        \x20           The e-mail account does not exist at the organization this message was sent to.\n\
        \x20           <mx.mairie.example.fr #5.1.1>\n\n";
    for (name, body, enhanced, code) in [
        ("qmail", qmail, Some("5.1.1"), 0),
        ("postfix", postfix, Some("5.2.2"), 552),
        ("exim", exim, None, 550),
        ("sendmail", sendmail, Some("5.1.1"), 550),
        ("exchange", exchange, Some("5.1.10"), 550),
        ("old exchange", old, Some("5.1.1"), 0),
    ] {
        let mail = plain(
            "Mail Delivery System <MAILER-DAEMON@mx.example.fr>",
            "failure notice",
            &format!("{body}{ORIGINAL}\nBonjour\n"),
        );
        let one = fate(&mail);
        assert_eq!(
            (one.action, one.reply.enhanced.as_deref(), one.reply.code),
            (Action::Failed, enhanced, code),
            "{name}: {one:?}"
        );
        assert!(one.recipients.iter().any(|to| to.starts_with("maire@")), "{name}: {one:?}");
        if name != "old exchange" {
            assert_eq!(read(mail.as_bytes()).original.message_ids, ["aa11bb22@example.fr"], "{name}");
        }
    }
    // The same words in a person's mail are a person's.
    let quoted = plain("Le maire <maire@mairie.example.fr>", "Re: bulletin", qmail).replace("Return-Path: <>\n", "");
    assert_eq!(read(quoted.as_bytes()).what, What::Letter);
}

#[test]
fn a_warning_is_a_delay() {
    let exim = "This message was created automatically by mail delivery software.\nA message that you sent has not yet been delivered to one or more of its\n\
        recipients after more than 24 hours on the queue on mx.example.fr.\n\nThe address to which the message has not yet been delivered is:\n\n  maire@mairie.example.fr\n";
    let mail = plain("Mail Delivery System <Mailer-Daemon@mx.example.fr>", "Warning: message delayed", exim);
    assert_eq!(fate(&mail).action, Action::Delayed);
}

#[test]
fn a_complaint_names_its_kind_and_the_message() {
    let mail = arf(
        "Feedback-Type: abuse\nUser-Agent: SomeGenerator/1.0\nVersion: 1\nReporting-MTA: dns; fbl.operator.example\n\
                    Original-Mail-From: <bounces+12.0f1e2d3c4b5a6978@veille.example.fr>\nOriginal-Rcpt-To: <redacted>\n",
    );
    let returned = read(mail.as_bytes());
    let What::Complaint(complaint) = &returned.what else { panic!("{returned:?}") };
    assert!(complaint.is_of_reader() && complaint.host == "fbl.operator.example", "{complaint:?}");
    assert_eq!(returned.original.message_ids, ["aa11bb22@example.fr"]);
    assert!(returned.original.addresses.iter().any(|address| address.starts_with("bounces+leave.5.")), "{returned:?}");
    for (kind, wanted) in [
        ("Abuse", true),
        ("opt-out", true),
        ("fraud", true),
        ("virus", false),
        ("not-spam", false),
        ("auth-failure", false),
    ] {
        let What::Complaint(complaint) = read(arf(&format!("Feedback-Type: {kind}\n")).as_bytes()).what else {
            panic!("{kind}")
        };
        assert_eq!(complaint.is_of_reader(), wanted, "{kind}");
    }
    assert!(matches!(read(arf("Version: 1\n").as_bytes()).what, What::Unreadable(_)));
}

#[test]
fn what_programs_answer_is_no_report_and_no_letter() {
    let mail = |fields: &str, subject: &str| {
        format!("From: Le maire <maire@mairie.example.fr>\nTo: x@y.fr\nSubject: {subject}\n{fields}\nJe suis absent.\n")
    };
    for (fields, subject) in [
        ("Auto-Submitted: auto-replied\n", "Bulletin"),
        ("Auto-Submitted: auto-replied (vacation)\nPrecedence: bulk\n", "Absence"),
        ("Precedence: auto_reply\n", "Bulletin"),
        ("X-Autoreply: yes\n", "Bulletin"),
        ("X-Auto-Response-Suppress: All\nAuto-Submitted: auto-generated\n", "Réponse automatique : Bulletin"),
        ("", "=?utf-8?q?R=C3=A9ponse_automatique?= : Bulletin"),
        ("", "Automatic reply: Bulletin"),
        ("", "Out of Office: Bulletin"),
        ("", "[Boxbe] Bulletin (Action Required)"),
        ("", "Votre message est en attente de validation"),
        ("", "Accusé de réception : Bulletin"),
        ("Content-Type: multipart/report; report-type=disposition-notification; boundary=x\n", "Lu"),
    ] {
        assert_eq!(
            read(mail(fields, subject).as_bytes()).what,
            What::Automatic(Automatic::Answer),
            "{fields}{subject}"
        );
    }
    // A mail service that a reader told to unsubscribe.
    for fields in ["Auto-Submitted: auto-generated\n", "Precedence: bulk\n", "Return-Path: <>\n"] {
        assert_eq!(
            read(mail(fields, "unsubscribe").as_bytes()).what,
            What::Automatic(Automatic::Generated),
            "{fields}"
        );
    }
    for (fields, subject) in [("", "Désinscription"), ("Auto-Submitted: no\n", "STOP"), ("", "Mon absence"), ("", "")]
    {
        assert_eq!(read(mail(fields, subject).as_bytes()).what, What::Letter, "{fields}{subject}");
    }
}

#[test]
fn what_cannot_be_understood_is_said_to_be_so() {
    let level = |n: usize| format!("Content-Type: multipart/report; boundary=x{n}\n\n--x{n}\n");
    let deep = format!("From: Le maire <m@x.fr>\n{}", (0..50).map(level).collect::<String>());
    for mail in [
        "",
        "\n\n\n",
        "\u{0}\u{1}\u{2}",
        "no fields at all",
        &deep,
        &plain("MAILER-DAEMON@x.fr", "Notice", "Something went wrong somewhere."),
        &dsn("").replace("This is the mail system", "This was"),
    ] {
        let what = read(mail.as_bytes()).what;
        assert!(matches!(what, What::Unreadable(_)), "{what:?}: {mail:.80}");
    }
}

#[test]
fn the_same_mail_is_known_by_whatever_way_it_came() {
    let mail = dsn("Final-Recipient: rfc822; a@b.fr\nAction: failed\nStatus: 5.1.1\n");
    let other =
        format!("From MAILER-DAEMON Wed Aug 30\r\nReceived: from a by b\r\n{}\r\n\r\n", mail.replace('\n', "\r\n"));
    assert_eq!(read(mail.as_bytes()).digest, read(other.as_bytes()).digest);
    assert_ne!(read(mail.as_bytes()).digest, read(mail.replace("5.1.1", "5.1.2").as_bytes()).digest);
    assert_eq!(read(mail.as_bytes()).what, read(other.as_bytes()).what);
}

#[test]
fn a_huge_mail_is_read_to_a_limit() {
    let report = dsn("Final-Recipient: rfc822; a@b.fr\nAction: failed\nStatus: 5.1.1\n");
    let mail = report + &"x".repeat(3 * LOOKED_AT);
    assert_eq!(fate(&mail).action, Action::Failed);
    let fields = "X: y\n".repeat(300_000);
    assert_eq!(read(fields.as_bytes()).what, What::Letter);
}

fn samples() -> Vec<String> {
    vec![
        dsn(
            "Final-Recipient: rfc822; a@b.fr\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 unknown\n",
        ),
        arf("Feedback-Type: abuse\n"),
        plain(
            "MAILER-DAEMON@x.fr",
            "failure notice",
            "Hi. This is the qmail-send program at x.\n<a@b.fr>:\nno (#5.1.1)\n",
        ),
        plain(
            "MAILER-DAEMON@x.fr",
            "É",
            "Échec de la remise pour ces destinataires ou\n’ 550 5.1.1 É’\nEn-têtes de message d’origine :",
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_octets_break_it(mail in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        read(&mail);
    }

    #[test]
    fn no_words_break_it(words in "[ -~\\n\u{e9}\u{2019}]{0,600}", n in 0usize..4) {
        read(format!("{}\n\n{words}", samples()[n]).as_bytes());
        read(format!("From: MAILER-DAEMON\n\nThis is the mail system at host {words}").as_bytes());
    }

    #[test]
    fn a_damaged_notice_breaks_nothing(
        n in 0usize..4,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..12),
    ) {
        let mut mail = samples()[n].clone().into_bytes();
        for (at, octet, how) in changes {
            if mail.is_empty() {
                break;
            }
            let at = at.index(mail.len());
            match how {
                0 => mail[at] = octet,
                1 => mail.truncate(at),
                2 => mail.insert(at, octet),
                _ => {
                    let tail = mail[at..].to_vec();
                    mail.extend(tail);
                }
            }
        }
        let returned = read(&mail);
        prop_assert_eq!(returned.digest.len(), 64);
    }
}
