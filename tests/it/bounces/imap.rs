//! A mailbox on a server: a small one, that speaks IMAP as the big ones do (RFC 3501, RFC 6851) and forgets nothing.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use vigie::{
    config::{ImapFolder, Login, Security},
    model::{Fault, Ground},
    work::bounce::{self, Report, Which},
};

use super::{UNKNOWN, report, sent, suppressed};
use crate::app::TestApp;

#[derive(Default)]
struct Mailbox {
    mails: Vec<Mail>,
    folders: Vec<String>,
    /// What was asked, without tags.
    heard: Vec<String>,
    /// After so many commands the connection breaks, once.
    breaks_after: Option<usize>,
}

#[derive(Clone, Debug, PartialEq)]
struct Mail {
    uid: u32,
    seen: bool,
    folder: String,
    bytes: String,
}

type Shared = Arc<Mutex<Mailbox>>;

async fn serve(mailbox: Shared) -> ImapFolder {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("its number").port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(converse(socket, Arc::clone(&mailbox)));
        }
    });
    ImapFolder {
        host: "127.0.0.1".into(),
        port,
        security: Security::None,
        login: Login { user: "bounces".into(), password: "x \"y".into() },
        folder: "INBOX".into(),
        done: Some("Lus".into()),
    }
}

async fn converse(socket: TcpStream, mailbox: Shared) {
    let (reader, mut writer) = socket.into_split();
    let mut lines = BufReader::new(reader).lines();
    let _ = writer.write_all(b"* OK [CAPABILITY IMAP4rev1 MOVE] ready\r\n").await;
    while let Ok(Some(line)) = lines.next_line().await {
        let (tag, command) = line.split_once(' ').unwrap_or((&line, ""));
        let answer = {
            let mut mailbox = mailbox.lock().expect("the mailbox");
            mailbox.heard.push(command.to_owned());
            match mailbox.breaks_after {
                Some(0) => {
                    mailbox.breaks_after = None;
                    return;
                }
                ref mut left => *left = left.map(|left| left - 1),
            }
            mailbox.answer(command)
        };
        if writer.write_all(answer.replace("TAG", tag).as_bytes()).await.is_err() || command == "LOGOUT" {
            return;
        }
    }
}

impl Mailbox {
    fn answer(&mut self, command: &str) -> String {
        let words: Vec<&str> = command.split(' ').collect();
        let uid = |at: usize| words.get(at).and_then(|word| word.parse::<u32>().ok()).unwrap_or(0);
        match words[..] {
            ["LOGIN", ..] if command == "LOGIN \"bounces\" \"x \\\"y\"" => "TAG OK in\r\n".into(),
            ["LOGIN", ..] => "TAG NO [AUTHENTICATIONFAILED] wrong\r\n".into(),
            ["SELECT", "\"INBOX\""] => {
                "* 2 EXISTS\r\n* OK [UIDVALIDITY 77] ok\r\n* OK [UIDNEXT 10] ok\r\nTAG OK [READ-WRITE] done\r\n".into()
            }
            ["UID", "SEARCH", "UNSEEN", ..] => self.found(|mail| !mail.seen),
            ["UID", "SEARCH", "UID", range, ..] => {
                let from: u32 = range.trim_end_matches(":*").parse().unwrap_or(0);
                let last = self.inbox().map(|mail| mail.uid).max().unwrap_or(0);
                self.found(|mail| mail.uid >= from || mail.uid == last)
            }
            ["UID", "FETCH", ..] => match self.inbox().find(|mail| mail.uid == uid(2)) {
                Some(mail) => {
                    let body = &mail.bytes;
                    format!("* 1 FETCH (UID {} BODY[]<0> {{{}}}\r\n{body})\r\nTAG OK done\r\n", mail.uid, body.len())
                }
                None => "TAG OK nothing\r\n".into(),
            },
            ["UID", "STORE", ..] => {
                self.mails.iter_mut().filter(|mail| mail.uid == uid(2)).for_each(|mail| mail.seen = true);
                "TAG OK done\r\n".into()
            }
            ["UID", "MOVE", _, folder] if !self.folders.iter().any(|known| known == folder) => {
                "TAG NO [TRYCREATE] no such folder\r\n".into()
            }
            ["UID", "MOVE", _, folder] => {
                let moved = self.mails.iter_mut().filter(|mail| mail.uid == uid(2));
                moved.for_each(|mail| mail.folder = folder.trim_matches('"').to_owned());
                "* OK [COPYUID 78 1 1] moved\r\n* 1 EXPUNGE\r\nTAG OK done\r\n".into()
            }
            ["CREATE", folder] => {
                self.folders.push(folder.to_owned());
                "TAG OK made\r\n".into()
            }
            ["LOGOUT"] => "* BYE\r\nTAG OK bye\r\n".into(),
            _ => "TAG BAD what\r\n".into(),
        }
    }

    fn inbox(&self) -> impl Iterator<Item = &Mail> {
        self.mails.iter().filter(|mail| mail.folder == "INBOX")
    }

    fn found(&self, which: impl Fn(&Mail) -> bool) -> String {
        let found: String = self.inbox().filter(|mail| which(mail)).map(|mail| format!(" {}", mail.uid)).collect();
        format!("* SEARCH{found}\r\nTAG OK done\r\n")
    }
}

fn mail(uid: u32, seen: bool, bytes: &str) -> Mail {
    Mail { uid, seen, folder: "INBOX".into(), bytes: bytes.replace('\n', "\r\n") }
}

async fn read(t: &TestApp) -> Report {
    let mut report = Report { busy: true, ..Report::default() };
    for _ in 0..100 {
        report = bounce::take_in(&t.app, Which::All).await.expect("a reading");
        if !report.busy {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    report
}

async fn mailbox(t: &mut TestApp, mails: Vec<Mail>) -> Shared {
    let shared = Shared::new(Mutex::new(Mailbox { mails, ..Mailbox::default() }));
    t.config().bounces.imap = Some(serve(Arc::clone(&shared)).await);
    shared
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_is_read_once_marked_and_put_away() {
    let mut t = sent().await;
    let letter = "From: quelqu.un@mairie.example.fr\nSubject: Bonjour\n\nMerci\n";
    let puzzling = "From: MAILER-DAEMON@x.fr\n\nno form that anybody knows\n";
    // Somebody looked at the first one before us.
    let mails = vec![mail(3, true, &report(&t, UNKNOWN)), mail(5, false, letter), mail(6, false, puzzling)];
    let shared = mailbox(&mut t, mails).await;
    let first = read(&t).await;
    assert_eq!((first.read, first.failed, first.letters, first.unreadable.len()), (3, 1, 1, 1), "{first:?}");
    assert_eq!(first.unreadable[0].name, "message 6 in `INBOX`");
    assert_eq!(suppressed(&t), Some(Ground::Fault(Fault::Unknown)));
    {
        let mailbox = shared.lock().expect("the mailbox");
        let stand: Vec<_> = mailbox.mails.iter().map(|mail| (mail.uid, mail.seen, mail.folder.as_str())).collect();
        assert_eq!(stand, [(3, true, "Lus"), (5, true, "Lus"), (6, true, "INBOX")]);
        assert!(mailbox.heard.iter().all(|heard| !heard.contains("Deleted") && !heard.contains("EXPUNGE")));
    }
    assert_eq!(read(&t).await.read, 0, "what was read is not read again");
    // Marked as unread by somebody: it is known.
    shared.lock().expect("the mailbox").mails[0] = mail(3, false, &report(&t, UNKNOWN));
    assert_eq!(read(&t).await.again, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_that_breaks_is_taken_up_where_it_ended() {
    let mut t = sent().await;
    let letter = |n: u32| format!("From: a@b.fr\nSubject: {n}\n\nMerci\n");
    let mails: Vec<Mail> =
        (1..=4).map(|n| mail(n, false, &letter(n))).chain([mail(5, false, &report(&t, UNKNOWN))]).collect();
    let shared = mailbox(&mut t, mails).await;
    shared.lock().expect("the mailbox").breaks_after = Some(12);
    let broken = read(&t).await;
    assert!(broken.read > 0 && broken.read < 5 && broken.trouble.len() == 1, "{broken:?}");
    assert!(broken.trouble[0].contains("127.0.0.1") && broken.trouble[0].contains("hint: "), "{broken:?}");
    let rest = read(&t).await;
    assert_eq!((broken.read + rest.read - rest.again, rest.failed), (5, 1), "{broken:?} {rest:?}");
    assert!(shared.lock().expect("the mailbox").mails.iter().all(|mail| mail.seen && mail.folder == "Lus"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_be_used_is_named_and_left_alone_for_a_while() {
    let mut t = sent().await;
    let shared = mailbox(&mut t, vec![]).await;
    t.config().bounces.imap.as_mut().expect("a folder").login.password = "faux".into();
    let refused = read(&t).await;
    assert!(refused.trouble[0].contains("refused the login") && !refused.trouble[0].contains("faux"), "{refused:?}");
    let asked = shared.lock().expect("the mailbox").heard.len();
    let later = bounce::take_in(&t.app, Which::Due).await.expect("a reading");
    assert_eq!((later.trouble.len(), shared.lock().expect("the mailbox").heard.len()), (0, asked), "not at each tick");

    // Nothing is said in clear where the settings want a protected connection.
    for (security, why) in [(Security::Tls, "no encrypted connection"), (Security::StartTls, "STARTTLS: ")] {
        t.config().bounces.imap.as_mut().expect("a folder").security = security;
        let refused = read(&t).await;
        assert!(refused.trouble[0].contains(why), "{refused:?}");
    }
    assert!(!shared.lock().expect("the mailbox").heard[asked..].iter().any(|heard| heard.contains("LOGIN")));
}
