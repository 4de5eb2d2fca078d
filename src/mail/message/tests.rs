use mail_parser::{Message, MessageParser, MimeHeaders};
use proptest::prelude::*;

use super::*;
use crate::mail::header::one_line;

const ID: &str = "0123456789abcdef@veille.example.fr";

struct Given {
    from: EmailAddress,
    to: EmailAddress,
    date: Timestamp,
    name: Option<String>,
    subject: String,
    text: String,
    html: String,
    list: String,
}

impl Given {
    fn new(subject: &str) -> Self {
        Self {
            from: address("veille@veille.example.fr"),
            to: address("dsi@mairie.example.fr"),
            date: "2026-11-23T06:30:00Z".parse().expect("an instant"),
            name: Some("Veille juridique".into()),
            subject: subject.into(),
            text: "Bonjour\n".into(),
            html: "<p>Bonjour</p>\n".into(),
            list: "Bulletin quotidien".into(),
        }
    }

    fn build(&self) -> Vec<u8> {
        self.try_build().expect("a message")
    }

    fn try_build(&self) -> Result<Vec<u8>, MessageError> {
        let from = Mailbox { name: self.name.clone(), address: self.from.clone() };
        let unsubscribe = [
            format!("https://veille.example.fr/desinscription/{}", "j".repeat(22)),
            "mailto:desinscription@veille.example.fr?subject=STOP".into(),
        ];
        let list = List {
            id: "quotidien.veille.example.fr",
            name: &self.list,
            unsubscribe: &unsubscribe,
            archive: Some("https://veille.example.fr/bulletins/"),
            help: Some("https://veille.example.fr/aide"),
        };
        build(&Parts {
            from: &from,
            to: &self.to,
            reply_to: Some(&address("redaction@veille.example.fr")),
            subject: &self.subject,
            text: &self.text,
            html: &self.html,
            date: self.date,
            zone: &TimeZone::get("Europe/Paris").expect("a zone"),
            message_id: ID,
            list: Some(&list),
        })
    }
}

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect("an address")
}

fn parsed(bytes: &[u8]) -> Message<'_> {
    MessageParser::default().parse(bytes).expect("a message")
}

/// What RFC 5321 and RFC 5322 ask of every message, whatever it says.
fn assert_well_formed(bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).expect("ASCII");
    assert!(text.is_ascii());
    assert!(!text.contains('\0'));
    let without_ends = text.replace("\r\n", "");
    assert!(!without_ends.contains(['\r', '\n']), "a bare CR or LF");
    let (head, body) = text.split_once("\r\n\r\n").expect("a blank line");
    for line in head.split("\r\n") {
        assert!(line.len() <= 78, "{} columns: {line}", line.len());
        assert!(!line.trim().is_empty(), "a folded line of white space only");
        for word in line.split(' ').filter(|word| word.starts_with("=?")) {
            assert!(word.len() <= 75, "{word}");
        }
    }
    assert!(body.split("\r\n").all(|line| line.len() <= 76));
    for name in [
        "From",
        "To",
        "Reply-To",
        "Subject",
        "Date",
        "Message-ID",
        "List-Id",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "Auto-Submitted",
        "Precedence",
        "MIME-Version",
        "Content-Type",
    ] {
        let count = head.split("\r\n").filter(|line| line.starts_with(&format!("{name}:"))).count();
        assert_eq!(count, 1, "{name}");
    }
    assert!(!head.to_lowercase().contains("\r\nbcc:"));
}

#[test]
fn a_bulletin_has_the_headers_that_receivers_ask_for() {
    let bytes = Given::new("Veille du lundi 23 novembre 2026").build();
    assert_well_formed(&bytes);
    let text = String::from_utf8(bytes).expect("ASCII");
    let (head, _) = text.split_once("\r\n\r\n").expect("a blank line");
    insta::assert_snapshot!(head.replace("\r\n", "\n").replace(" \n", "\n"), @r#"
    From: "Veille juridique" <veille@veille.example.fr>
    To: dsi@mairie.example.fr
    Reply-To: redaction@veille.example.fr
    Subject: Veille du lundi 23 novembre 2026
    Date: Mon, 23 Nov 2026 07:30:00 +0100
    Message-ID: <0123456789abcdef@veille.example.fr>
    List-Id: "Bulletin quotidien" <quotidien.veille.example.fr>
    List-Unsubscribe:
     <https://veille.example.fr/desinscription/jjjjjjjjjjjjjjjjjjjjjj>,
     <mailto:desinscription@veille.example.fr?subject=STOP>
    List-Unsubscribe-Post: List-Unsubscribe=One-Click
    List-Archive: <https://veille.example.fr/bulletins/>
    List-Help: <https://veille.example.fr/aide>
    Feedback-ID: 2026-11-23:quotidien:bulletin:d9458cf63001
    Auto-Submitted: auto-generated
    Precedence: bulk
    MIME-Version: 1.0
    Content-Type: multipart/alternative;
     boundary="=_658a64ad2729cb00d642e3b715d57e66"
    "#);
}

#[test]
fn one_click_is_promised_only_where_there_is_an_https_address() {
    let from = Mailbox { name: None, address: address("veille@example.fr") };
    let mailto = ["mailto:stop@example.fr".to_owned()];
    let list = List { id: "veille.example.fr", name: "", unsubscribe: &mailto, archive: None, help: None };
    let to = address("dsi@mairie.example.fr");
    let zone = TimeZone::UTC;
    let parts = Parts {
        from: &from,
        to: &to,
        reply_to: None,
        subject: "s",
        text: "",
        html: "",
        date: Timestamp::UNIX_EPOCH,
        zone: &zone,
        message_id: ID,
        list: Some(&list),
    };
    let head = String::from_utf8(build(&parts).expect("a message")).expect("ASCII");
    assert!(head.contains("List-Unsubscribe: <mailto:stop@example.fr>\r\n"));
    assert!(head.contains("From: veille@example.fr\r\n"));
    assert!(head.contains("List-Id: <veille.example.fr>\r\n"));
    assert!(!head.contains("One-Click") && !head.contains("Reply-To"));

    let bad = Parts { message_id: "no brackets>\r\nBcc: x@y.fr", ..parts };
    assert!(matches!(build(&bad), Err(MessageError::MessageId(_))));
    let broken = ["https://example.fr/>\r\nBcc: x".to_owned()];
    let bad = Parts { list: Some(&List { unsubscribe: &broken, ..list }), ..parts };
    assert!(matches!(build(&bad), Err(MessageError::Url { header: "List-Unsubscribe", .. })));
    let bad = Parts { list: Some(&List { id: "veille example", ..list }), ..parts };
    assert!(matches!(build(&bad), Err(MessageError::ListId(_))));
}

#[test]
fn subjects_and_names_come_back_as_given() {
    let long = "Arrêté du 14 novembre 2026 relatif à la sécurité des systèmes d’information des collectivités \
                territoriales et de leurs groupements : « mise en œuvre » 🚨 👩‍👩‍👧‍👦 — suite et fin";
    for subject in [
        long,
        "Veille",
        "=?utf-8?Q?d=C3=A9j=C3=A0?= is not decoded",
        "two  spaces",
        &"🚨".repeat(60),
        &"x".repeat(300),
        "a word of seventy-eight columns: 0123456789012345678901234567890123456789012345678901234567890123456789",
        "Mairie (\"DSI\"), <agglo>; test@example.fr",
    ] {
        let given = Given { name: Some(subject.to_owned()), list: subject.to_owned(), ..Given::new(subject) };
        let bytes = given.build();
        assert_well_formed(&bytes);
        let message = parsed(&bytes);
        assert_eq!(message.subject(), Some(subject));
        let from = message.from().and_then(|from| from.first()).expect("a sender");
        assert_eq!((from.name(), from.address()), (Some(subject), Some("veille@veille.example.fr")));
    }
}

#[test]
fn no_header_can_be_slipped_in() {
    let given = Given {
        name: Some("Veille\r\nBcc: other@example.fr".into()),
        list: "List\nBcc: other@example.fr".into(),
        ..Given::new("Objet\r\n\r\nBcc: other@example.fr\u{85}\u{0}")
    };
    let bytes = given.build();
    assert_well_formed(&bytes);
    let message = parsed(&bytes);
    assert_eq!(message.subject(), Some("ObjetBcc: other@example.fr"));
    assert!(message.bcc().is_none());
}

#[test]
fn bodies_come_back_as_given() {
    let text = "Été\r\n.début\n..\nFrom here\n--=_x\ntabs\tand trailing \n\nlong: ".to_owned()
        + &"é".repeat(200)
        + &".".repeat(200)
        + " fin";
    let given = Given { text: text.clone(), html: format!("<p title=\"a=b\">{text}</p>"), ..Given::new("s") };
    let bytes = given.build();
    assert_well_formed(&bytes);
    let lines: Vec<&[u8]> = bytes.split(|b| *b == b'\n').collect();
    assert!(lines.iter().all(|line| !line.starts_with(b".") && !line.starts_with(b"From h")));
    let message = parsed(&bytes);
    assert_eq!((message.text_body_count(), message.html_body_count()), (1, 1));
    assert_eq!(message.parts.len(), 3);
    assert_eq!(message.body_text(0).expect("text").replace("\r\n", "\n"), text.replace("\r\n", "\n"));
    let html = message.body_html(0).expect("html").replace("\r\n", "\n");
    assert_eq!(html, format!("<p title=\"a=b\">{}</p>", text.replace("\r\n", "\n")));
    assert_eq!(message.part(0).and_then(|part| part.content_type()).and_then(|t| t.subtype()), Some("alternative"));
}

#[test]
fn no_line_of_a_body_begins_with_what_relays_change() {
    for text in
        [".".repeat(400), "From ".repeat(60), format!("{}..From ", "x".repeat(75)), format!(".{}=", "é.".repeat(40))]
    {
        let bytes = Given { text: text.clone(), ..Given::new("s") }.build();
        assert_well_formed(&bytes);
        assert!(bytes.split(|b| *b == b'\n').all(|line| !line.starts_with(b".") && !line.starts_with(b"From ")));
        assert_eq!(parsed(&bytes).body_text(0).as_deref(), Some(text.as_str()));
    }
}

#[test]
fn the_date_is_the_one_given_in_the_zone_given() {
    for (date, written) in [
        ("2026-07-01T22:00:00Z", "Thu, 2 Jul 2026 00:00:00 +0200"),
        ("2026-12-31T23:30:00.5Z", "Fri, 1 Jan 2027 00:30:00 +0100"),
        ("1970-01-01T00:00:00Z", "Thu, 1 Jan 1970 01:00:00 +0100"),
        ("9999-12-30T00:00:00Z", "Thu, 30 Dec 9999 01:00:00 +0100"),
    ] {
        let given = Given { date: date.parse().expect("an instant"), ..Given::new("s") };
        let text = String::from_utf8(given.build()).expect("ASCII");
        assert!(text.contains(&format!("\r\nDate: {written}\r\n")), "{text}");
    }
    for date in ["1969-12-31T23:59:59Z", "-000001-01-01T00:00:00Z"] {
        let given = Given { date: date.parse().expect("an instant"), ..Given::new("s") };
        assert!(matches!(given.try_build(), Err(MessageError::Date(_))));
    }
}

#[test]
fn the_longest_addresses_have_lines_of_their_own() {
    let label = "a".repeat(60);
    let long = address(&format!("{}@{label}.{label}.{label}.fr", "b".repeat(64)));
    let unsubscribe = [format!("https://example.fr/{}", "j".repeat(LONGEST_URL - 19)), "mailto:stop@example.fr".into()];
    let list = List { id: "example.fr", name: "Été", unsubscribe: &unsubscribe, archive: None, help: None };
    let from = Mailbox { name: Some("Été".repeat(30)), address: long.clone() };
    let bytes = build(&Parts {
        from: &from,
        to: &long,
        reply_to: Some(&long),
        subject: "s",
        text: "",
        html: "",
        date: Timestamp::UNIX_EPOCH,
        zone: &TimeZone::UTC,
        message_id: &format!("{}@example.fr", "c".repeat(189)),
        list: Some(&list),
    })
    .expect("a message");
    let text = String::from_utf8(bytes.clone()).expect("ASCII");
    let lines = text.split("\r\n").filter(|line| line.len() > 78);
    assert!(lines.clone().all(|line| line.len() <= 998 && line.starts_with(" <") || line == format!(" {long}")));
    assert_eq!(lines.count(), 5);
    let message = parsed(&bytes);
    assert_eq!(message.from().and_then(|from| from.first()).and_then(|from| from.address()), Some(long.as_str()));
    assert_eq!(message.message_id().map(str::len), Some(200));
}

#[test]
fn the_same_parts_give_the_same_bytes() {
    assert_eq!(Given::new("Veille").build(), Given::new("Veille").build());
}

#[test]
fn a_message_id_is_stable_and_belongs_to_one_bulletin_one_subscriber_and_one_key() {
    let id = |key: &[u8], bulletin, subscriber| {
        message_id(key, BulletinId::new(bulletin), SubscriberId::new(subscriber), "veille.example.fr")
    };
    insta::assert_snapshot!(id(b"key", 7, 12), @"792da643aa382f7ab4b9f475be983644@veille.example.fr");
    for other in [id(b"other", 7, 12), id(b"key", 12, 7), id(b"key", 7, 13), id(b"", 7, 12)] {
        assert_ne!(other, id(b"key", 7, 12));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn anything_gives_a_valid_message_that_reads_as_given(
        subject in words(),
        name in words(),
        list in words(),
        text in "(\\PC|[\r\n\t .=F]|From |x{70}|é{30}){0,60}",
        html in any::<String>(),
    ) {
        let given = Given { name: Some(name.clone()), subject: subject.clone(), text: text.clone(), html, list, ..Given::new("") };
        let bytes = given.build();
        assert_well_formed(&bytes);
        let message = parsed(&bytes);
        prop_assert_eq!(message.subject().unwrap_or_default(), one_line(&subject));
        let from = message.from().and_then(|from| from.first()).expect("a sender");
        prop_assert_eq!(from.name().unwrap_or_default(), one_line(&name));
        prop_assert_eq!(from.address(), Some("veille@veille.example.fr"));
        prop_assert_eq!(message.body_text(0).unwrap_or_default(), body_text(&text));
        prop_assert_eq!(given.build(), bytes);
    }

    #[test]
    fn every_address_of_the_model_can_be_written_to(
        local in "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]{1,20}(\\.[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}){0,2}",
        domain in "([a-zA-Z0-9éß]([a-z0-9-]{0,20}[a-z0-9])?\\.){1,4}([a-z]{2,6}|xn--p1ai|1a|été)",
    ) {
        // What the model refuses is another matter.
        if let Ok(address) = EmailAddress::parse(&format!("{local}@{domain}")) {
            let given = Given { from: address.clone(), to: address.clone(), name: None, ..Given::new("s") };
            let bytes = given.build();
            let message = parsed(&bytes);
            for side in [message.from(), message.to()] {
                prop_assert_eq!(side.and_then(|side| side.first()).and_then(|one| one.address()), Some(address.as_str()));
            }
        }
    }
}

/// Texts for headers: anything, and what encoders and folds are known to stumble on.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "\\PC{0,60}",
        "(=\\?|\\?=|=\\?utf-8\\?[qQbB]\\?|é|[A-Za-z]{1,9}|x{58,62}|x{80}| |  |🚨|[\"\\\\.,;:<>()@_-]){0,30}",
        "([A-Za-z.\"-]{1,12}|é{1,12}|👩‍👧)( ([A-Za-z.']{1,12}|é{1,12}|👩‍👧)){0,20}",
    ]
}
