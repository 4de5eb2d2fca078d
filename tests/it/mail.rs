//! Mail against a real server on loopback: what is sent, refused, put off, and lost.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use vigie::{
    config::{Login, Security, Smtp, Transport},
    demo::inbox::{Answer, Behaviour, Inbox, Pipelining},
    mail::{Blame, Dot, Envelope, Mailer, Outcome, ReplyClass, SendError, Session, classify},
    model::EmailAddress,
};

const MESSAGE: &[u8] = b"Subject: Veille\r\nMessage-ID: <abc-1@veille.example.fr>\r\n\r\n.dot\r\n..two\r\nend\r\n";

fn settings(port: u16) -> Smtp {
    Smtp {
        host: "127.0.0.1".into(),
        port,
        security: Security::None,
        login: None,
        connections: 2,
        messages: 100,
        rate: None,
        timeout: Duration::from_secs(20),
        ehlo: None,
    }
}

/// For servers that say nothing.
fn impatient(port: u16) -> Smtp {
    Smtp { timeout: Duration::from_millis(800), ..settings(port) }
}

fn mailer(settings: Smtp) -> Mailer {
    Mailer::new(&Transport::Smtp(settings), &[]).expect("settings that can be used")
}

async fn inbox(pipelining: Pipelining) -> Inbox {
    let answers = [
        ("unknown", Answer::Refuse("550 5.1.1 User unknown".into())),
        ("policy", Answer::Refuse("550 5.7.1 Not from you".into())),
        ("grey", Answer::RefuseOnce("450 4.2.0 Come back later".into())),
        ("close", Answer::Close("421 4.7.0 Too many connections".into())),
        ("silent", Answer::Silence),
        ("big", Answer::RefuseMessage("552 5.3.4 Too big".into())),
        ("gone", Answer::CloseAfterDot),
        ("mute", Answer::SilenceAfterDot),
    ];
    let answers = BTreeMap::from(answers.map(|(name, answer)| (name.to_owned(), answer)));
    Inbox::start_with(Behaviour { answers, pipelining, ..Behaviour::default() }).await.expect("a free port")
}

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect("an address")
}

async fn send(session: &mut Session, name: &str) -> Outcome {
    let (from, to) = (address("b+1@veille.example.fr"), address(&format!("{name}@mairie.example.fr")));
    session.send(&Envelope { from: &from, to: &to }, MESSAGE).await
}

#[tokio::test]
async fn a_refusal_costs_neither_the_connection_nor_the_others() {
    for pipelining in [Pipelining::Absent, Pipelining::Offered] {
        let inbox = inbox(pipelining).await;
        let mut session = mailer(settings(inbox.address().port())).open().await.expect("a session");
        let mut outcomes = Vec::new();
        for name in ["one", "unknown", "two", "policy", "grey", "big", "grey", "three"] {
            outcomes.push(send(&mut session, name).await);
        }
        assert!(session.usable());
        session.quit().await;

        let blame = |outcome: &Outcome| match outcome {
            Outcome::Failed(reply) => match classify(reply) {
                ReplyClass::Failed(blame) => Some(blame),
                _ => None,
            },
            _ => None,
        };
        let is_sent = |n: usize| matches!(outcomes[n], Outcome::Sent(_));
        assert!(is_sent(0) && is_sent(2) && is_sent(6) && is_sent(7), "{outcomes:?}");
        assert_eq!(blame(&outcomes[1]), Some(Blame::Person));
        assert_eq!(blame(&outcomes[3]), Some(Blame::Policy));
        assert_eq!(blame(&outcomes[5]), Some(Blame::Ours));
        let Outcome::Retry(reply) = &outcomes[4] else { panic!("{:?}", outcomes[4]) };
        assert_eq!(
            (reply.code, reply.enhanced.as_deref(), reply.text.as_str()),
            (450, Some("4.2.0"), "Come back later")
        );

        let received = inbox.received();
        let to: Vec<&str> = received.iter().flat_map(|m| &m.to).map(|to| to.split('@').next().unwrap_or("")).collect();
        assert_eq!(to, ["one", "two", "grey", "three"]);
        assert!(received.iter().all(|m| m.bytes == MESSAGE && m.from == "b+1@veille.example.fr"));
        assert_eq!(inbox.connections(), 1);
    }
}

#[tokio::test]
async fn a_server_that_closes_puts_off_this_message_and_ends_the_session() {
    for pipelining in [Pipelining::Absent, Pipelining::Offered] {
        let inbox = inbox(pipelining).await;
        let mailer = mailer(settings(inbox.address().port()));
        let mut session = mailer.open().await.expect("a session");
        let Outcome::Retry(reply) = send(&mut session, "close").await else { panic!("not put off") };
        assert_eq!(reply.code, 421);
        assert!(!session.usable());
        assert!(matches!(send(&mut session, "one").await, Outcome::Lost(_, Dot::Before)));
        session.quit().await;

        let mut session = mailer.open().await.expect("another session");
        assert!(matches!(send(&mut session, "one").await, Outcome::Sent(_)));
        assert_eq!(inbox.connections(), 2);
    }
}

#[tokio::test]
async fn what_is_lost_says_whether_it_may_have_arrived() {
    let inbox = inbox(Pipelining::Absent).await;
    let mailer = mailer(impatient(inbox.address().port()));
    for (name, dot, kept) in [("silent", Dot::Before, 0), ("gone", Dot::After, 1), ("mute", Dot::After, 2)] {
        let started = Instant::now();
        let mut session = mailer.open().await.expect("a session");
        let Outcome::Lost(reply, when) = send(&mut session, name).await else { panic!("{name} is not lost") };
        assert_eq!((reply.code, when), (0, dot), "{name}: {}", reply.text);
        assert!(!session.usable());
        assert_eq!(inbox.received().len(), kept, "{name}");
        session.quit().await;
        assert!(started.elapsed() < Duration::from_secs(5), "{name} took {:?}", started.elapsed());
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_used_is_named_with_a_hint() {
    // Nobody listens.
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("its number").port();
    let error = mailer(settings(free)).open().await.err().expect("no session");
    assert!(matches!(error, SendError::Network { .. }));
    let text = error.to_string();
    assert!(text.contains(&format!("127.0.0.1:{free}")) && text.contains("\nhint: "), "{text}");

    // Someone listens and says nothing, another server than of mail, one that never ends its reply, one that is full.
    for (said, wanted) in [
        (String::new(), "no answer within"),
        ("HTTP/1.1 400 Bad Request\r\n\r\n".into(), "not SMTP"),
        ("220-".to_owned() + &"x".repeat(40_000), "no end"),
        ("220-more\r\n".repeat(4_000), "no end"),
        ("421 4.3.2 Too busy\r\n".into(), "Too busy"),
        ("554 5.7.1 Your network is blocked\r\n".into(), "blocked"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its number").port();
        let server = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.expect("a client");
            let _ = socket.write_all(said.as_bytes()).await;
            let _ = socket.read_to_end(&mut Vec::new()).await;
        });
        let error = mailer(impatient(port)).open().await.err().expect("no session").to_string();
        assert!(error.contains(wanted), "{error}");
        server.abort();
    }
}

#[tokio::test]
async fn a_login_is_given_and_its_refusal_is_told() {
    let login = Some(("vigie".to_owned(), "mot de passe".to_owned()));
    let inbox = Inbox::start_with(Behaviour { login, ..Behaviour::default() }).await.expect("a free port");
    let with = |password: &str| {
        let login = Some(Login { user: "vigie".into(), password: password.into() });
        mailer(Smtp { login, ..settings(inbox.address().port()) })
    };
    let mut session = with("mot de passe").open().await.expect("a session");
    assert!(matches!(send(&mut session, "one").await, Outcome::Sent(_)));
    let error = with("faux").open().await.err().expect("no session");
    assert!(matches!(&error, SendError::Login { reply, .. } if reply.code == 535));
    assert!(!error.to_string().contains("faux"));

    // Without it, the refusal is ours to mend, and speaks of nobody.
    let mut session = mailer(settings(inbox.address().port())).open().await.expect("a session");
    let Outcome::Failed(reply) = send(&mut session, "one").await else { panic!("taken without a login") };
    assert_eq!(classify(&reply), ReplyClass::Failed(Blame::Policy));
}

#[tokio::test]
async fn nothing_is_said_in_clear_that_should_not_be() {
    let inbox = inbox(Pipelining::Offered).await;
    let port = inbox.address().port();
    let starttls = mailer(Smtp { security: Security::StartTls, ..settings(port) });
    assert!(matches!(starttls.open().await.err(), Some(SendError::NoStartTls { .. })));
    let tls = mailer(Smtp { security: Security::Tls, ..settings(port) });
    assert!(matches!(tls.open().await.err(), Some(SendError::Tls { .. })));

    let login = Some(Login { user: "vigie".into(), password: "secret".into() });
    let far = Smtp { host: "smtp.example.fr".into(), login, ..settings(25) };
    let error = Mailer::new(&Transport::Smtp(far), &[]).err().expect("refused").to_string();
    assert!(error.contains("in clear") && error.contains("\nhint: ") && !error.contains("secret"), "{error}");

    let bad = Smtp { ehlo: Some("a\r\nMAIL FROM:<x>".into()), ..settings(25) };
    assert!(Mailer::new(&Transport::Smtp(bad), &[]).is_err());
}

#[tokio::test]
async fn a_server_cannot_slip_words_in_before_the_encryption() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("its number").port();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a client");
        let mut heard = [0; 512];
        for said in ["220 hi\r\n", "250-hi\r\n250 STARTTLS\r\n", "220 go\r\n250 forged\r\n"] {
            socket.write_all(said.as_bytes()).await.expect("a client that listens");
            let _ = socket.read(&mut heard).await;
        }
    });
    let error = mailer(Smtp { security: Security::StartTls, ..settings(port) }).open().await.err().expect("no session");
    assert!(error.to_string().contains("in clear after STARTTLS"), "{error}");
}

#[tokio::test]
async fn a_folder_gets_one_file_a_message_however_often_it_is_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let inside = folder.path().join("out");
    let mailer = Mailer::new(&Transport::Folder(inside.clone()), &[]).expect("a folder");
    let mut session = mailer.open().await.expect("a session");
    for _ in 0..2 {
        assert!(matches!(send(&mut session, "one").await, Outcome::Sent(_)));
    }
    session.quit().await;
    let files: Vec<_> =
        std::fs::read_dir(&inside).expect("the folder").flatten().map(|file| file.file_name()).collect();
    assert_eq!(files, ["abc-1.eml"]);
    assert_eq!(std::fs::read(inside.join("abc-1.eml")).expect("the file"), MESSAGE);

    // The Message-ID of a long domain is folded, and names its file nevertheless.
    let (from, to) = (address("b+1@veille.example.fr"), address("dsi@mairie.example.fr"));
    let folded = b"Subject: Veille\r\nMessage-ID: \r\n <abc-2@veille.example.fr>\r\n\r\n";
    let mut session = mailer.open().await.expect("a session");
    assert!(matches!(session.send(&Envelope { from: &from, to: &to }, folded).await, Outcome::Sent(_)));
    assert!(inside.join("abc-2.eml").exists());

    let taken = Mailer::new(&Transport::Folder(inside.join("abc-1.eml")), &[]).expect("a path");
    assert!(matches!(taken.open().await.err(), Some(SendError::Folder { .. })));
}

#[tokio::test]
async fn the_memory_keeps_what_was_sent() {
    let mailer = Mailer::memory();
    let mut session = mailer.open().await.expect("a session");
    assert!(matches!(send(&mut session, "one").await, Outcome::Sent(_)));
    let sent = mailer.sent();
    assert_eq!((sent.len(), sent[0].to.as_str(), sent[0].bytes.as_slice()), (1, "one@mairie.example.fr", MESSAGE));
}

#[tokio::test]
async fn the_demonstration_inbox_writes_what_it_takes() {
    let folder = tempfile::tempdir().expect("a folder");
    let inbox = Inbox::start(Some(folder.path().to_owned())).await.expect("a free port");
    let mailer = mailer(settings(inbox.address().port()));
    let (mut one, mut two) = (mailer.open().await.expect("a session"), mailer.open().await.expect("a session"));
    assert!(matches!(send(&mut one, "dsi").await, Outcome::Sent(_)));
    assert!(matches!(send(&mut two, "maire").await, Outcome::Sent(_)));
    for name in ["dsi@mairie.example.fr-0001.eml", "maire@mairie.example.fr-0002.eml"] {
        assert_eq!(std::fs::read(folder.path().join(name)).expect(name), MESSAGE);
    }
}
