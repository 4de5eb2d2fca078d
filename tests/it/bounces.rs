//! What comes back: read from a maildir, a file, a pipe, a mailbox; matched by a token of ours, once; held against an address as
//! fast as its fault is sure.

mod imap;

use std::{collections::BTreeMap, fs, path::PathBuf};

use assert_cmd::Command;
use jiff::SignedDuration;
use predicates::str::contains;
use vigie::{
    config::ReturnAddress,
    demo::inbox::{Answer, Behaviour},
    mail::verp,
    model::{Cadence, Delivery, DeliveryState, EmailAddress, Fault, Ground, SmtpReply, SubscriberState, Urgency},
    store::{bounces, outbox, settings, subscribers, suppressions, weather},
    work::{
        bounce::{self, Report, Which},
        strikes, subscribe, tick,
    },
};

use crate::app::{TestApp, item};

const SETTINGS: &str = "[bounces]\naddress = \"bounces@veille.example.fr\"\nmaildir = \"back\"\n";
const READER: &str = "maire@mairie.example.fr";

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect("an address")
}

/// An installation with a maildir, one reader, and one bulletin sent.
async fn sent() -> TestApp {
    let t = TestApp::with_settings(&["/a"], SETTINGS, Behaviour::default()).await;
    for folder in ["new", "cur", "tmp"] {
        fs::create_dir_all(t.dir.path().join("back").join(folder)).expect("a folder");
    }
    t.subscribe(READER, Cadence::Daily);
    edition(&t, 1).await;
    t
}

/// One more bulletin, sent.
async fn edition(t: &TestApp, n: u32) {
    t.serve("/a", &[item(n, &format!("Un arrêté numéro {n}"), &format!("Le maire arrête pour la {n}e fois."))]);
    t.crawl().await;
    t.compose(Cadence::Daily).expect("an edition");
    t.send().await;
}

/// What was sent to a reader, the latest first.
fn deliveries(t: &TestApp) -> Vec<Delivery> {
    let of = |db: &vigie::store::Db| {
        let reader = subscribers::find(db, &address(READER))?.expect("the reader");
        outbox::of_subscriber(db, reader.id)
    };
    t.app.store.read(of).expect("deliveries")
}

fn last(t: &TestApp) -> Delivery {
    deliveries(t).remove(0)
}

fn place() -> ReturnAddress {
    ReturnAddress { address: address("bounces@veille.example.fr"), separator: '+' }
}

fn key(t: &TestApp) -> Vec<u8> {
    t.app.store.read(|db| settings::get(db, "message-key")).expect("a read").expect("a key").into_bytes()
}

/// Where a failure of a delivery is told.
fn told_at(t: &TestApp, delivery: &Delivery) -> String {
    verp::sender(&key(t), &place(), delivery.id).to_string()
}

/// A delivery report to an address, on a message with that Message-ID.
fn dsn(to: &str, message_id: &str, recipient: &str, status: &str) -> String {
    format!(
        "Return-Path: <>\nDelivered-To: {to}\nFrom: MAILER-DAEMON@mx.example.fr\nTo: {to}\nSubject: Undelivered\n\
         Message-ID: <{status}.{message_id}>\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n\
         --b\nContent-Type: text/plain\n\nIt failed.\n--b\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; mx.example.fr\n\nFinal-Recipient: rfc822; {recipient}\n{status}\n\
         --b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <{message_id}>\nSubject: Bulletin\n--b--\n"
    )
}

const UNKNOWN: &str = "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n";
const FULL: &str = "Action: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 Over quota\n";

/// The report on the latest delivery to the reader, by its token.
fn report(t: &TestApp, status: &str) -> String {
    dsn(&told_at(t, &last(t)), &format!("{}@else", last(t).id), READER, status)
}

fn arrive(t: &TestApp, name: &str, mail: &str) -> PathBuf {
    let path = t.dir.path().join("back/new").join(name);
    fs::write(&path, mail).expect("a file");
    path
}

async fn take_in(t: &TestApp) -> Report {
    let mut report = Report { busy: true, ..Report::default() };
    // A command that another test starts has our open files, the lock among them, until it is another program.
    for _ in 0..100 {
        report = bounce::take_in(&t.app, Which::All).await.expect("a reading");
        if !report.busy {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(report.trouble, Vec::<String>::new());
    report
}

fn take(t: &TestApp, mail: &str) -> bounce::Taken {
    bounce::take(&t.app, mail.as_bytes(), None).expect("a reading")
}

fn suppressed(t: &TestApp) -> Option<Ground> {
    t.app.store.read(|db| suppressions::get(db, &address(READER))).expect("a read").map(|one| one.ground)
}

fn state(t: &TestApp) -> SubscriberState {
    t.app.store.read(|db| subscribers::find(db, &address(READER))).expect("a read").expect("the reader").state
}

fn vigie(t: &TestApp) -> Command {
    let mut command = Command::cargo_bin("vigie").expect("the binary");
    command.current_dir(t.dir.path()).env_remove("VIGIE_LOG").env_remove("VIGIE_IMAP_PASSWORD");
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_mailbox_is_given_up_at_once_and_the_report_counts_once() {
    let t = sent().await;
    assert_eq!(last(&t).state, DeliveryState::Sent);
    let mail = report(&t, UNKNOWN);
    arrive(&t, "1.mx", &mail);
    let read = take_in(&t).await;
    assert_eq!((read.read, read.failed, read.suppressed.get("unknown")), (1, 1, Some(&1)));
    assert_eq!((last(&t).state, suppressed(&t)), (DeliveryState::Failed, Some(Ground::Fault(Fault::Unknown))));
    let bulletin = t.app.store.read(|db| vigie::store::bulletins::latest(db, 1)).expect("a read")[0].id;
    let outcomes = t.app.store.read(|db| outbox::of_bulletin(db, bulletin)).expect("a read");
    assert_eq!(outcomes[0].reply, "550 5.1.1 User unknown", "what the server said stands with the delivery");
    assert!(t.dir.path().join("back/cur/1.mx:2,S").exists(), "the mail is kept");

    // Again: by the maildir, with the traces of another way, and as a file of many.
    arrive(&t, "2.mx", &format!("Received: by another.example.fr\n{}", mail.replace('\n', "\r\n")));
    let mbox = t.dir.path().join("mbox");
    fs::write(&mbox, format!("From x\n{mail}\nFrom y\n{mail}")).expect("a file");
    assert_eq!(take_in(&t).await.again, 1);
    vigie(&t).args(["bounces", "mbox"]).assert().code(0).stderr(contains("2 mails read: 2 known already"));
    assert_eq!(deliveries(&t)[0].attempts, 2);

    // Nobody is written to there any more; and nothing was answered.
    let before = t.received().len();
    edition_for_nobody(&t).await;
    assert_eq!(t.received().len(), before);
    vigie(&t).args(["subscribers", "suppressed"]).assert().code(0).stdout(contains("unknown").and_contains(READER));
}

trait AndContains {
    fn and_contains(self, text: &'static str) -> predicates::BoxPredicate<str>;
}

impl<P: predicates::Predicate<str> + Send + Sync + 'static> AndContains for P {
    fn and_contains(self, text: &'static str) -> predicates::BoxPredicate<str> {
        use predicates::prelude::*;
        self.and(contains(text)).boxed()
    }
}

async fn edition_for_nobody(t: &TestApp) {
    t.serve("/a", &[item(99, "Un dernier arrêté", "Plus personne ne le lit.")]);
    t.crawl().await;
    t.compose(Cadence::Daily).expect("an edition");
    t.send().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_the_message_id_says_which_it_was() {
    let t = sent().await;
    let mail = dsn("veille@example.fr", &last(&t).message_id, READER, UNKNOWN);
    assert_eq!(take(&t, &mail), bounce::Taken::Failed { suppressed: Some(Ground::Fault(Fault::Unknown)) });
    assert_eq!(last(&t).state, DeliveryState::Failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forged_or_automatic_does_nothing_and_gets_no_answer() {
    let t = sent().await;
    let (right, id) = (told_at(&t, &last(&t)), last(&t).id.get());
    let real = t.received().len();
    let guesses = [
        format!("bounces+{id}.0000000000000000@veille.example.fr"),
        right.replace(&format!("+{id}."), &format!("+{}.", id + 1)),
        String::from("bounces@veille.example.fr"),
        right.replace("bounces+", "bounces-"),
    ];
    for (n, guess) in guesses.iter().enumerate() {
        let mail = dsn(guess, &format!("guess-{n}@example.fr"), READER, UNKNOWN);
        assert_eq!(take(&t, &mail), bounce::Taken::Unknown, "{guess}");
    }
    for (fields, subject) in [
        ("Auto-Submitted: auto-replied\n", "Réponse automatique : Bulletin"),
        ("X-Autoreply: yes\n", "Bulletin"),
        ("", "[Boxbe] Bulletin"),
    ] {
        let mail = format!("From: {READER}\nTo: {right}\nSubject: {subject}\n{fields}\n550 5.1.1 User unknown\n");
        assert_eq!(take(&t, &mail), bounce::Taken::Automatic, "{subject}");
    }
    let letter = format!("From: {READER}\nTo: {right}\nSubject: Re: Bulletin\n\nMerci ! 550 5.1.1 User unknown\n");
    assert_eq!(take(&t, &letter), bounce::Taken::Letter);
    assert_eq!(take(&t, &report(&t, "Action: delayed\nStatus: 4.4.1\n")), bounce::Taken::Delayed);
    assert_eq!((last(&t).state, suppressed(&t), state(&t)), (DeliveryState::Sent, None, SubscriberState::Active));
    t.send().await;
    assert_eq!(t.received().len(), real, "nothing was sent to anybody");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_mailbox_is_given_up_after_five_in_a_month_though_its_server_took_each() {
    let mut t = sent().await;
    for n in 2..=5 {
        assert_eq!(take(&t, &report(&t, FULL)), bounce::Taken::Failed { suppressed: None }, "{n}");
        t.at(&format!("2023-09-{:02}T05:30:00Z", n * 3));
        edition(&t, n).await;
    }
    assert_eq!(take(&t, &report(&t, FULL)), bounce::Taken::Failed { suppressed: Some(Ground::Fault(Fault::Full)) });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_arrives_clears_what_was_held_against_the_address() {
    let mut t = sent().await;
    let refused = "Action: failed\nStatus: 5.4.6\nDiagnostic-Code: smtp; 554 5.4.6 Routing loop\n";
    for n in 2..=3 {
        take(&t, &report(&t, refused));
        t.at(&format!("2023-09-{:02}T05:30:00Z", n * 3));
        edition(&t, n).await;
    }
    // This one arrived: the next two are the first two.
    for n in 4..=6 {
        t.at(&format!("2023-09-{:02}T05:30:00Z", n * 3));
        edition(&t, n).await;
        let taken = take(&t, &report(&t, refused));
        let ground = (n == 6).then_some(Ground::Fault(Fault::Refused));
        assert_eq!(taken, bounce::Taken::Failed { suppressed: ground }, "{n}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_at_the_door_counts_as_a_report_does() {
    let mut t = sent().await;
    t.at("2023-08-31T05:30:00Z");
    t.serve("/a", &[item(2, "Un arrêté numéro 2", "Le maire arrête encore.")]);
    t.crawl().await;
    t.compose(Cadence::Daily).expect("an edition");
    let reply = |code, enhanced: &str, text: &str| SmtpReply {
        code,
        enhanced: Some(enhanced.to_owned()),
        text: text.to_owned(),
    };
    let refused = |reply: &SmtpReply| {
        let delivery = last(&t);
        let found = t.app.store.write(|tx| strikes::refused(tx, &delivery, reply, t.now()));
        found.expect("a write").map(|suppressed| suppressed.ground)
    };
    // The same message, tried again and again, is one.
    for _ in 0..6 {
        assert_eq!(refused(&reply(452, "4.2.2", "Mailbox full")), None);
    }
    for passing in [reply(450, "4.7.1", "Greylisted"), reply(550, "5.7.1", "Spam"), reply(552, "5.3.4", "Too big")] {
        assert_eq!(refused(&passing), None, "{passing}");
    }
    assert_eq!(refused(&reply(550, "5.1.1", "User unknown")), Some(Ground::Fault(Fault::Unknown)));
    assert_eq!(suppressed(&t), Some(Ground::Fault(Fault::Unknown)));
    assert_eq!(refused(&reply(550, "5.1.1", "User unknown")), None, "given up already");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_what_we_are_is_for_the_operator_and_never_for_the_reader() {
    let t = sent().await;
    for status in ["5.7.1", "5.7.515", "5.7.26"] {
        let block =
            format!("Action: failed\nStatus: {status}\nDiagnostic-Code: smtp; 550 {status} Refused for {READER}\n");
        let taken = take(&t, &report(&t, &block));
        assert!(matches!(&taken, bounce::Taken::Policy { said } if !said.contains(READER)), "{taken:?}");
    }
    assert_eq!((suppressed(&t), last(&t).state), (None, DeliveryState::Failed));
    arrive(&t, "1.mx", &report(&t, "Action: failed\nStatus: 5.7.9\nDiagnostic-Code: smtp; 550 5.7.9 Pas de DMARC\n"));
    vigie(&t).arg("bounces").assert().code(3).stderr(contains("1 ×: 550 5.7.9 Pas de DMARC").and_contains("hint: "));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_colleague_behind_an_alias_does_not_close_it() {
    let t = sent().await;
    let mail = dsn(&told_at(&t, &last(&t)), "x@y", "ancien.agent@mairie.local", UNKNOWN);
    assert_eq!(take(&t, &mail), bounce::Taken::Failed { suppressed: None });
    assert_eq!(suppressed(&t), None);
}

#[test]
fn an_address_that_leaves_no_room_for_a_token_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    for (settings, why) in [
        ("address = \"retours-des-bulletins@veille.example.fr\"", "room for a token"),
        ("address = \"élodie@veille.example.fr\"", "plain letters"),
        ("address = \"b@veille.example.fr\"\nseparator = \"/\"", "`separator`"),
        ("[bounces.imap]\nhost = \"imap.example.fr\"", "is set without `user`"),
        ("[bounces.imap]\nuser = \"b\"\nhost = \"imap.example.fr\"", "without a password"),
        ("[bounces.imap]\nuser = \"b\"\npassword = \"x\"\nhost = \"imap.example.fr\"\nsecurity = \"none\"", "in clear"),
        ("[bounces.imap]\nfolder = \"Traités\"", "`folder`"),
    ] {
        fs::write(dir.path().join("vigie.toml"), format!("[bounces]\n{settings}\n")).expect("a file");
        let mut check = Command::cargo_bin("vigie").expect("the binary");
        check.current_dir(dir.path()).env_remove("VIGIE_IMAP_PASSWORD");
        check.arg("check").assert().code(2).stderr(contains(why).and_contains("hint: "));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complaint_lets_the_reader_go_and_is_remembered() {
    let t = sent().await;
    let reader = t.app.store.read(|db| subscribers::find(db, &address(READER))).expect("a read").expect("one").id;
    let arf = |kind: &str, original: &str| {
        format!(
            "From: fbl@operator.example\nTo: plaintes@veille.example.fr\nMIME-Version: 1.0\nSubject: FW: Bulletin\n\
             Content-Type: multipart/report; report-type=feedback-report; boundary=p\n\n\
             --p\nContent-Type: message/feedback-report\n\nFeedback-Type: {kind}\nVersion: 1\nOriginal-Rcpt-To: <redacted>\n\n\
             --p\nContent-Type: message/rfc822\n\n{original}\n--p--\n"
        )
    };
    let message = format!("Message-ID: <{}>\nSubject: Bulletin\n", last(&t).message_id);
    assert_eq!(take(&t, &arf("virus", &message)), bounce::Taken::Notice);
    assert_eq!(take(&t, &arf("abuse", "Message-ID: <guess@example.fr>\n")), bounce::Taken::Unknown);
    assert_eq!((suppressed(&t), state(&t)), (None, SubscriberState::Active));

    // The operator blacked everything out but the address at which to leave.
    let leave = verp::leave(&key(&t), &place(), reader);
    let blacked = format!("Message-ID: <redacted>\nList-Unsubscribe: <https://x.fr/>, <mailto:{leave}>\n");
    assert_eq!(take(&t, &arf("abuse", &blacked)), bounce::Taken::Complaint { suppressed: true });
    assert_eq!((suppressed(&t), state(&t)), (Some(Ground::Complaint), SubscriberState::Left));
    assert_eq!(take(&t, &arf("abuse", &message)), bounce::Taken::Complaint { suppressed: false });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_to_the_address_for_it_makes_the_reader_leave_whatever_it_says() {
    let t = sent().await;
    let reader = t.app.store.read(|db| subscribers::find(db, &address(READER))).expect("a read").expect("one").id;
    let leave = verp::leave(&key(&t), &place(), reader).to_string();
    // It is the one that the bulletin names, in its header and in its text.
    let bulletin = String::from_utf8_lossy(&t.received()[0].bytes).into_owned();
    assert!(bulletin.replace("\r\n ", "").contains(&format!("<mailto:{leave}?subject=STOP>")), "{bulletin}");
    let mail = |fields: &str| format!("From: autre.adresse@mairie.example.fr\nTo: <{leave}>\n{fields}\nBonjour\n");
    for (fields, wanted) in [
        ("Auto-Submitted: auto-replied\nSubject: STOP\n", bounce::Taken::Automatic),
        ("Subject: Réponse automatique : absent\n", bounce::Taken::Automatic),
    ] {
        assert_eq!(take(&t, &mail(fields)), wanted);
    }
    let bounce = dsn(&leave, "x@y", READER, UNKNOWN);
    assert_eq!(take(&t, &bounce), bounce::Taken::Unknown);
    let forged = mail("Subject: x\n").replace(".example.fr>", ".example.fr> ").replace("+leave.", "+leave.9");
    assert_eq!(take(&t, &forged), bounce::Taken::Letter);
    assert_eq!(state(&t), SubscriberState::Active);

    // A mail service does it for its reader, with an empty envelope sender.
    assert_eq!(
        take(&t, &mail("Subject: unsubscribe\nAuto-Submitted: auto-generated\nReturn-Path: <>\n")),
        bounce::Taken::Left
    );
    assert_eq!((state(&t), suppressed(&t)), (SubscriberState::Left, None));
    // Again, by hand: gone already, and that is no error.
    assert_eq!(take(&t, &mail("Subject: \n")), bounce::Taken::Left);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_pipes_mail_in_and_keeps_what_cannot_be_stored() {
    let t = sent().await;
    let mail = report(&t, UNKNOWN);
    // The address stands on the envelope alone.
    let to = told_at(&t, &last(&t));
    let bare = mail.replace(&format!("Delivered-To: {to}\n"), "").replace(&format!("To: {to}"), "To: undisclosed");
    let settings = fs::read_to_string(t.dir.path().join("vigie.toml")).expect("a file");
    for broken in ["[bounces]\nadress = \"x\"\n", "not toml"] {
        fs::write(t.dir.path().join("vigie.toml"), broken).expect("a file");
        vigie(&t).args(["bounces", "-"]).write_stdin(mail.clone()).assert().code(75);
    }
    fs::write(t.dir.path().join("vigie.toml"), &settings).expect("a file");
    let elsewhere = t.dir.path().join("elsewhere");
    fs::create_dir(&elsewhere).expect("a folder");
    fs::write(elsewhere.join("vigie.db"), "no database".repeat(100)).expect("a file");
    vigie(&t).args(["bounces", "-", "--data", "elsewhere"]).write_stdin(mail).assert().code(75);
    assert_eq!(suppressed(&t), None);
    vigie(&t).args(["bounces", "-", "--to", &to]).write_stdin(bare).assert().code(0).stderr(contains("1 failure"));
    assert_eq!(suppressed(&t), Some(Ground::Fault(Fault::Unknown)));

    // What cannot be understood is taken all the same, and kept.
    let rubbish = b"From: MAILER-DAEMON@x.fr\n\n\xff\xfe\x00 rubbish";
    vigie(&t).args(["bounces", "-"]).write_stdin(rubbish.to_vec()).assert().code(0).stderr(contains("it was kept"));
    let kept: Vec<_> = fs::read_dir(t.dir.path().join("data/bounces")).expect("a folder").flatten().collect();
    assert_eq!(fs::read(kept[0].path()).expect("the mail"), rubbish);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_is_faster_than_the_sender_waits_for_it() {
    let mut t = sent().await;
    t.at("2023-08-31T05:30:00Z");
    t.serve("/a", &[item(2, "Un arrêté numéro 2", "Le maire arrête encore.")]);
    t.crawl().await;
    t.compose(Cadence::Daily).expect("an edition");
    let lease = t.now() + std::time::Duration::from_secs(600);
    t.app.store.write(|tx| outbox::claim(tx, 9_999, &Urgency::ALL, 10, t.now(), lease)).expect("a write");
    let mail = report(&t, UNKNOWN);
    arrive(&t, "1.mx", &mail);
    assert_eq!(take_in(&t).await.early, 1);
    vigie(&t).args(["bounces", "-"]).write_stdin(mail).assert().code(75);
    // Whoever claimed it is dead: it is sent.
    t.send().await;
    assert_eq!(take_in(&t).await.failed, 1, "it was left where it lay");
    assert_eq!(last(&t).state, DeliveryState::Failed);
}

/// Two commands read the same maildir, and are killed again and again: at the end each report counted once, and each mail is there.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_loses_nothing_and_counts_nothing_twice() {
    const MAILS: usize = 200;
    let t = sent().await;
    let to = told_at(&t, &last(&t));
    for n in 0..MAILS {
        let mail =
            dsn(&to, &format!("{n}@else"), READER, "Action: failed\nStatus: 5.4.6\nDiagnostic-Code: smtp; 554 no\n");
        arrive(&t, &format!("{n:03}.mx"), &mail);
    }
    let run = || {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_vigie"));
        command.current_dir(t.dir.path()).args(["-q", "bounces", "back"]);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().expect("a command")
    };
    for n in 0..12 {
        let mut both = [run(), run()];
        tokio::time::sleep(std::time::Duration::from_millis(40 + 25 * n)).await;
        for one in &mut both {
            let _ = one.kill();
            let _ = one.wait();
        }
    }
    vigie(&t).args(["bounces", "back"]).assert().code(0);
    let count = |folder: &str| fs::read_dir(t.dir.path().join("back").join(folder)).expect("a folder").count();
    assert_eq!((count("new"), count("cur")), (0, MAILS));
    let stored = |db: &vigie::store::Db| {
        Ok((db.value::<i64>("SELECT count(*) FROM report", &[])?, db.value::<i64>("SELECT count(*) FROM strike", &[])?))
    };
    assert_eq!(t.app.store.read(stored).expect("a read"), (MAILS as i64, 1), "one delivery is one strike");
    assert_eq!((suppressed(&t), last(&t).attempts), (None, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn rubbish_in_a_maildir_is_flagged_and_the_rest_is_read() {
    let t = sent().await;
    arrive(&t, "1.mx", "From: MAILER-DAEMON@x.fr\n\nno form that anybody knows");
    arrive(&t, "2.mx", &report(&t, UNKNOWN));
    arrive(&t, "3.mx", "");
    let read = take_in(&t).await;
    assert_eq!((read.read, read.failed, read.unreadable.len()), (3, 1, 2), "{read:?}");
    assert!(t.dir.path().join("back/cur/1.mx:2,FS").exists());
    assert_eq!(take_in(&t).await.read, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_reads_the_maildir_and_sees_when_nothing_came() {
    let t = sent().await;
    let looked = |t: &TestApp| t.app.store.read(|db| bounce::is_due(&t.app.config, db, t.now())).expect("a look");
    assert!(!looked(&t));
    let before = tick::tick(&t.app, &|_| ()).await.expect("a tick");
    assert!(before.bounces.is_empty());
    tick::remember(&t.app, &before, "print").expect("a write");
    assert!(tick::is_idle(&t.app.config, "print", t.now()).expect("a look"));
    arrive(&t, "1.mx", &report(&t, UNKNOWN));
    assert!(looked(&t) && !tick::is_idle(&t.app.config, "print", t.now()).expect("a look"));
    assert_eq!(tick::tick(&t.app, &|_| ()).await.expect("a tick").bounces.failed, 1);
    assert!(!looked(&t));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_lifts_a_suppression_and_says_why() {
    let t = sent().await;
    take(&t, &report(&t, UNKNOWN));
    vigie(&t).args(["subscribers", "lift", READER]).assert().code(2);
    vigie(&t).args(["subscribers", "lift", READER, "--why", "la boîte est rétablie"]).assert().code(0);
    vigie(&t)
        .args(["subscribers", "lift", READER, "--why", "encore"])
        .assert()
        .code(1)
        .stderr(contains("not suppressed"));
    assert_eq!((suppressed(&t), state(&t)), (None, SubscriberState::Active));
    let held = t.app.store.read(|db| bounces::strikes(db, &address(READER), None)).expect("a read");
    assert_eq!(held, [], "it begins afresh");
    vigie(&t).args(["subscribers", "suppress", READER, "--why", "demande écrite"]).assert().code(0);
    vigie(&t).args(["subscribers", "show", READER]).assert().code(0).stdout(contains("demande écrite"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_person_leaves_no_address_behind_and_does_not_come_back() {
    let mut t = sent().await;
    let words = format!("Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 <{READER}> User unknown\n");
    take(&t, &report(&t, &words));
    vigie(&t).args(["subscribers", "erase", "MAIRE@mairie.example.fr"]).assert().code(0);
    vigie(&t).args(["subscribers", "erase", READER]).assert().code(1).stderr(contains("nothing is known"));
    vigie(&t).args(["subscribers", "list"]).assert().code(0).stdout(predicates::str::is_empty().or_header());
    // Not in the database, nor in its log: once it is folded in, no page holds the address.
    t = t.reopened();
    let rows = t.app.store.read(everything).expect("a read");
    assert!(!rows.iter().any(|row| row.contains("maire@")), "{rows:#?}");
    assert_eq!(suppressed(&t), Some(Ground::Fault(Fault::Unknown)), "the hash remembers");
    assert!(matches!(t.subscribe(READER, Cadence::Daily), subscribers::Added::Suppressed));
    subscribe::lift(&t.app, &address(READER), "nouvelle boîte").expect("a write");
    assert!(
        matches!(t.subscribe(READER, Cadence::Daily), subscribers::Added::Left),
        "a consent from before does not count"
    );
    t.at("2033-01-01T00:00:00Z");
    assert!(matches!(t.subscribe(READER, Cadence::Daily), subscribers::Added::New(_)));
}

/// What the tables of people and mail hold, a text a row.
fn everything(db: &vigie::store::Db) -> vigie::store::Result<Vec<String>> {
    let mut rows = Vec::new();
    for sql in [
        "SELECT address || folded || consent_what || consent_how FROM subscriber",
        "SELECT address || particulars || message_id FROM delivery",
        "SELECT text || host FROM attempt",
        "SELECT diagnostic || host FROM report",
        "SELECT folded || why FROM suppression",
        "SELECT folded FROM strike",
        "SELECT hash || ground FROM erased",
    ] {
        rows.extend(db.query(sql, &[], |row| row.get::<String>(0))?);
    }
    Ok(rows)
}

trait OrHeader {
    fn or_header(self) -> predicates::BoxPredicate<str>;
}

impl<P: predicates::Predicate<str> + Send + Sync + 'static> OrHeader for P {
    fn or_header(self) -> predicates::BoxPredicate<str> {
        use predicates::prelude::*;
        self.or(predicates::function::function(|text: &str| !text.contains('@'))).boxed()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_success_ends_the_doubt_and_nothing_is_sent_twice() {
    let answers = BTreeMap::from([(String::from("maire"), Answer::CloseAfterDot)]);
    let mut t = TestApp::with_settings(&["/a"], SETTINGS, Behaviour { answers, ..Behaviour::default() }).await;
    t.subscribe(READER, Cadence::Daily);
    edition(&t, 1).await;
    assert_eq!((last(&t).state, t.received().len()), (DeliveryState::Deferred, 1));
    let success = report(&t, "Action: relayed\nStatus: 2.1.5\n");
    assert_eq!(take(&t, &success), bounce::Taken::Delivered);
    assert_eq!(last(&t).state, DeliveryState::Sent);
    t.at("2023-08-30T12:00:00Z");
    t.send().await;
    assert_eq!(t.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_success_may_come_before_the_reply_to_the_final_dot() {
    let answers = BTreeMap::from([(String::from("maire"), Answer::SilenceAfterDot)]);
    let mut t = TestApp::with_settings(&["/a"], SETTINGS, Behaviour { answers, ..Behaviour::default() }).await;
    t.subscribe(READER, Cadence::Daily);
    t.serve("/a", &[item(1, "Un arrêté", "Il paraît ce matin.")]);
    t.crawl().await;
    t.compose(Cadence::Daily).expect("an edition");
    let report = async {
        while t.received().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        take(&t, &report(&t, "Action: relayed\nStatus: 2.1.5\n"))
    };
    let (_, taken) = tokio::join!(t.send(), report);
    assert_eq!((taken, last(&t).state), (bounce::Taken::Delivered, DeliveryState::Sent));
    t.at("2023-08-30T12:00:00Z");
    t.send().await;
    assert_eq!(t.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_relay_what_comes_back_says_whose_mailbox_it_was() {
    let t = sent().await;
    let by_orange = "Action: failed\nStatus: 5.7.1\nRemote-MTA: dns; smtp-in.orange.fr\n\
                     Diagnostic-Code: smtp; 550 5.7.1 Mail rejete. OFR_506\n";
    take(&t, &report(&t, by_orange));
    let now = t.now();
    let refused = t
        .app
        .store
        .read(|db| weather::refused(db, now - SignedDuration::from_hours(1), now + SignedDuration::from_hours(1), now));
    let operators: Vec<String> = refused.expect("a read").into_iter().map(|one| one.operator).collect();
    assert_eq!(operators, ["orange"]);
}
