use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use proptest::prelude::*;
use regex::Regex;
use ring::{
    digest::{SHA256, digest},
    signature::{ED25519, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, UnparsedPublicKey},
};

use super::*;
use crate::{
    config::Mailbox,
    mail::{List, Parts, build},
    model::EmailAddress,
};

/// RFC 8463 A.3, which bears a signature of each kind, and the keys of A.2.
const RFC_8463: &str = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
";
const RFC_ED25519: &str = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const RFC_RSA: &str = "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB";

/// A receiver that knows nothing of the signer's code: it reads by regular expressions, as RFC 6376 6.1 tells.
fn verify(message: &str, signature: usize, record: &str) -> Result<(), &'static str> {
    let (head, body) = message.split_once("\r\n\r\n").ok_or("no body")?;
    let spaces = Regex::new("[ \t\r\n]+").expect("a pattern");
    let head = head.replace("\r\n ", " ").replace("\r\n\t", "\t");
    let fields: Vec<(String, String)> = head
        .split("\r\n")
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim_end().to_lowercase(), spaces.replace_all(value, " ").trim().to_owned()))
        .collect();
    let own = fields.iter().filter(|(name, _)| name == "dkim-signature").nth(signature).ok_or("no signature")?;
    let tag = |name: &str| {
        let parts = own.1.split(';').filter_map(|part| part.split_once('='));
        parts.map(|(tag, value)| (tag.trim(), value.replace(' ', ""))).find(|(tag, _)| *tag == name).map(|(_, v)| v)
    };
    let mut lines: Vec<String> =
        body.split("\r\n").map(|line| spaces.replace_all(line, " ").trim_end().to_owned()).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    let body: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    if tag("bh") != Some(STANDARD.encode(digest(&SHA256, body.as_bytes()))) {
        return Err("the body was changed");
    }
    let mut left: Vec<&(String, String)> = fields.iter().filter(|(name, _)| name != "dkim-signature").collect();
    let mut input = String::new();
    for name in tag("h").ok_or("no h=")?.to_lowercase().split(':') {
        if let Some(at) = left.iter().rposition(|(field, _)| field == name) {
            let (name, value) = left.remove(at);
            input += &format!("{name}:{value}\r\n");
        }
    }
    let emptied = Regex::new("(^|;)( ?)b=[^;]*").expect("a pattern");
    input += &format!("dkim-signature:{}", emptied.replace(&own.1, "${1}${2}b="));
    let signature = STANDARD.decode(tag("b").ok_or("no b=")?).map_err(|_| "b= is no base64")?;
    let key = STANDARD.decode(record.split_once("p=").ok_or("no p=")?.1).map_err(|_| "p= is no base64")?;
    let verified = if record.contains("k=ed25519") {
        let hash = digest(&SHA256, input.as_bytes());
        UnparsedPublicKey::new(&ED25519, key).verify(hash.as_ref(), &signature)
    } else {
        // What stands before the RSAPublicKey in a SubjectPublicKeyInfo, whose lengths take two octets or one.
        let bare = key.get(if key.len() > 256 { 24 } else { 22 }..).ok_or("a short key")?;
        UnparsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, bare)
            .verify(input.as_bytes(), &signature)
    };
    verified.map_err(|_| "the signature is not of this key, or the headers were changed")
}

static RSA: LazyLock<String> = LazyLock::new(|| generate(KeyKind::Rsa).expect("a key"));
static SIGNER: LazyLock<Signer> = LazyLock::new(|| {
    let key = |selector: &str, pem: &str| Key::parse(selector, pem.as_bytes()).expect("a key");
    Signer::new("veille.example.fr", vec![key("s1", &RSA), key("s2", &generate(KeyKind::Ed25519).expect("a key"))])
});
const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

fn signed(message: &str) -> String {
    String::from_utf8(SIGNER.signed(message.as_bytes(), NOW).expect("signatures")).expect("ASCII")
}

fn verify_both(message: &str) -> Result<(), &'static str> {
    SIGNER.keys().iter().enumerate().try_for_each(|(at, key)| verify(message, at, &key.record()))
}

fn bulletin() -> String {
    let address = |text: &str| EmailAddress::parse(text).expect("an address");
    let from = Mailbox { name: Some("Veille d’Évry".into()), address: address("veille@veille.example.fr") };
    let unsubscribe = [format!("https://veille.example.fr/u/{}", "j".repeat(60)), "mailto:stop@example.fr".into()];
    let list = List {
        id: "quotidien.veille.example.fr",
        name: "Bulletin quotidien",
        unsubscribe: &unsubscribe,
        archive: Some("https://veille.example.fr/"),
        help: Some("https://veille.example.fr/aide"),
    };
    let bytes = build(&Parts {
        from: &from,
        to: &address("dsi@mairie.example.fr"),
        reply_to: Some(&address("redaction@veille.example.fr")),
        subject: "Arrêté relatif à la sécurité des systèmes d’information : « mise en œuvre » et suites",
        text: "Bonjour,\n\n  deux espaces  \n\n\n",
        html: "<p>Été\t</p>\n\n",
        date: NOW,
        zone: &jiff::tz::TimeZone::UTC,
        message_id: "0123456789abcdef@veille.example.fr",
        list: Some(&list),
    });
    String::from_utf8(bytes.expect("a message")).expect("ASCII")
}

#[test]
fn the_verifier_of_these_tests_takes_the_message_of_rfc_8463() {
    let message = RFC_8463.replace('\n', "\r\n");
    assert_eq!(verify(&message, 0, RFC_ED25519), Ok(()));
    assert_eq!(verify(&message, 1, RFC_RSA), Ok(()));
    assert!(verify(&message.replace("dinner", "supper"), 0, RFC_ED25519).is_err());
    assert!(verify(&message.replace("Joe.", "Jo."), 1, RFC_RSA).is_err());
    let (_, body) = message.split_once("\r\n\r\n").expect("a body");
    assert_eq!(body_hash(body.as_bytes()).as_base64(), "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
    // The key of A.2 gives the public one of A.2.
    let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
    assert_eq!(Key::parse("brisbane", pem.as_bytes()).expect("a key").record(), RFC_ED25519);
}

/// RFC 6376 3.4.5 and 3.4.4.
#[test]
fn the_relaxed_forms_are_those_of_rfc_6376() {
    let mut out = Vec::new();
    for field in field::all(b"A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n") {
        field::relax(field.bytes, &mut out);
    }
    assert_eq!(out, b"a:X\r\nb:Y Z\r\n");
    let is = |body: &str, relaxed: &str| {
        let hash = STANDARD.encode(digest(&SHA256, relaxed.as_bytes()));
        assert_eq!(body_hash(body.as_bytes()).as_base64(), hash, "{body:?}");
    };
    is(" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n");
    for empty in ["", "\r\n", " \r\n\t\r\n\r\n", "  "] {
        is(empty, "");
    }
    is("a", "a\r\n");
    is("\r\n\r\na\r\n \r\nb", "\r\n\r\na\r\n\r\nb\r\n");
    // As they leave: whoever carries a message makes CRLF of each.
    is("a\nb\rc\n\r\n", "a\r\nb\r\nc\r\n");
}

#[test]
fn a_bulletin_bears_a_signature_of_each_key() {
    let message = signed(&bulletin());
    assert_eq!(verify_both(&message), Ok(()));
    let (signatures, rest) = message.split_once("From:").expect("the message");
    assert!(bulletin().ends_with(rest));
    assert!(signatures.ends_with("\r\n"));
    assert!(signatures.split("\r\n").all(|line| line.len() <= 78), "{signatures}");
    let [rsa, ed25519] = signatures.split("DKIM-Signature: ").skip(1).collect::<Vec<_>>()[..] else {
        panic!("{signatures}")
    };
    insta::assert_snapshot!(rsa.split("\r\n b=").next().unwrap_or("").replace("\r\n", "\n"), @r"
    v=1; a=rsa-sha256; c=relaxed/relaxed; d=veille.example.fr;
     s=s1; t=1790000000; h=from:from:to:to:subject:subject:date:date:
     list-unsubscribe:list-unsubscribe:list-unsubscribe-post:
     list-unsubscribe-post:reply-to:message-id:mime-version:content-type:list-id:
     list-archive:list-help:auto-submitted:feedback-id;
     bh=Fl6eLqzKOOZjLif+vpVitAPzyRNNrH87fTnctcIwq4Y=;
    ");
    assert!(!signatures.contains(" l="));
    assert!(ed25519.starts_with("v=1; a=ed25519-sha256; c=relaxed/relaxed; d=veille.example.fr;\r\n s=s2;"));
}

#[test]
fn what_is_signed_cannot_be_changed_nor_added_to() {
    let message = signed(&bulletin());
    for (old, new) in [
        ("mise en", "mis en"),
        ("One-Click", "Two-Clicks"),
        ("/u/j", "/u/k"),
        ("To: dsi", "To: dg"),
        ("\r\nDate: ", "\r\nSubject: Another\r\nDate: "),
        ("DKIM-Signature", "From: other@example.fr\r\nDKIM-Signature"),
        ("\r\nDate: ", "\r\nTo: other@example.fr\r\nDate: "),
        ("\r\nDate: ", "\r\nList-Unsubscribe: <https://example.fr/>\r\nDate: "),
        ("t=1790000000", "t=1790000001"),
        ("deux espaces", "deux  espace"),
    ] {
        let changed = message.replacen(old, new, 1);
        // An encoded subject has its words elsewhere.
        if changed != message {
            assert!(verify_both(&changed).is_err(), "{old}");
        }
    }
    // What relays do on the way does not count.
    let relayed = format!("Received: by mx\r\n{}\r\n\r\n", message.replace("Subject: ", "subject :  "));
    assert_eq!(verify_both(&relayed), Ok(()));
}

#[test]
fn a_message_without_one_sender_is_not_signed() {
    let refused = |message: &str| SIGNER.sign(message.as_bytes(), NOW).expect_err("no signature");
    assert_eq!(refused("To: a@b.fr\r\n\r\nx"), SignError::From(0));
    assert_eq!(refused("From: a@b.fr\r\nfrom : c@d.fr\r\n\r\nx"), SignError::From(2));
    assert_eq!(refused(""), SignError::From(0));
    // Neither a body nor anything else is needed.
    let bare = signed("From: a@b.fr\r\n\r\n");
    assert_eq!(verify_both(&bare), Ok(()));
}

#[test]
fn a_body_that_is_hashed_before_gives_the_same_signature() {
    let message = bulletin();
    let (headers, body) = message.split_once("\r\n\r\n").expect("a body");
    let whole = SIGNER.sign(message.as_bytes(), NOW);
    for headers in [format!("{headers}\r\n"), format!("{headers}\r\n\r\n")] {
        assert_eq!(SIGNER.sign_with(headers.as_bytes(), &body_hash(body.as_bytes()), NOW), whole);
    }
}

#[test]
fn a_file_that_is_no_key_says_what_it_is() {
    let pem = |label: &str, der: &[u8]| {
        let encoded = STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{encoded}\n-----END {label}-----\n")
    };
    let short = record::public_key_info(&[0x30, 0x81, 0x89]);
    let rsa = |bits: usize| {
        let mut modulus = vec![0x02, 0x82];
        modulus.extend_from_slice(&(bits as u16 / 8 + 1).to_be_bytes());
        modulus.push(0);
        modulus.resize(modulus.len() + bits / 8, 0xff);
        let body = [&[2, 1, 0][..], &modulus].concat();
        [&[0x30, 0x82][..], &(body.len() as u16).to_be_bytes(), &body].concat()
    };
    for (text, what) in [
        (String::new(), "holds no private key in PEM"),
        ("hunter2".to_owned(), "holds no private key in PEM"),
        (pem("PUBLIC KEY", &short), "is a public key"),
        (pem("ENCRYPTED PRIVATE KEY", &short), "is protected by a password"),
        (pem("EC PRIVATE KEY", &short), "is neither an RSA nor an Ed25519 key"),
        (pem("RSA PRIVATE KEY", &rsa(1024)), "has 1024 bits, which receivers refuse"),
        (pem("RSA PRIVATE KEY", &rsa(8192)), "has 8192 bits, more than a DNS record and receivers take"),
        (pem("PRIVATE KEY", &[0x30, 3, 2, 1, 0]), "is damaged: it is no PKCS#8"),
        (pem("PRIVATE KEY", b"hunter2"), "is damaged: it is no PKCS#8"),
    ] {
        let error = Key::parse("s1", text.as_bytes()).expect_err(what);
        assert_eq!(error.to_string(), what);
        assert!(!error.hint("s1").is_empty() && !format!("{error:?}").contains("hunter2"));
    }
    let shown = format!("{:?}", SIGNER.keys());
    assert_eq!(shown, "[Key(s1, rsa), Key(s2, ed25519)]");
}

#[test]
fn a_record_is_told_from_another() {
    let [rsa, ed25519] = SIGNER.keys() else { panic!("two keys") };
    assert_eq!((rsa.bits(), Published::of(&rsa.record(), rsa)), (2048, Published::Same));
    let bare = rsa.record().split_once("p=").expect("a key").1.to_owned();
    let of = |text: String| Published::of(&text, rsa);
    assert_eq!(of(format!("p={bare}")), Published::Same, "v= and k= may be left out");
    assert_eq!(of(format!("v=DKIM1; t=s:y; p={bare}")), Published::Testing);
    assert_eq!(of(format!("v=DKIM1; p={} {}", &bare[..40], &bare[40..])), Published::Same);
    assert_eq!(of(String::from("v=DKIM1; p=")), Published::Revoked);
    assert_eq!(of(ed25519.record()), Published::Other);
    assert_eq!(of(format!("v=DKIM1; p={}", &bare[..80])), Published::Other);
    assert_eq!(of(format!("v=DKIM1; h=sha1; p={bare}")), Published::Unusable);
    assert_eq!(of(format!("v=DKIM2; p={bare}")), Published::Unusable);
    let record = rsa.record();
    let parts = strings(&record);
    assert!(parts.iter().all(|part| part.len() <= 255) && parts.concat() == record);
    assert!(
        zone_line("s1._domainkey.example.fr", &record).starts_with("s1._domainkey.example.fr. IN TXT ( \"v=DKIM1;")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_body_is_hashed_as_the_verifier_does(body in "([ab.é]|  ?|\t|\r\n|\n){0,40}", cut in 0..40_usize) {
        let message = format!("From: a@b.fr\r\n\r\n{}", body.replace("\r\n", "\n").replace('\n', "\r\n"));
        let ed25519 = &SIGNER.keys()[1];
        let signed = signed(&message);
        prop_assert_eq!(verify(&signed, 1, &ed25519.record()), Ok(()));
        // In pieces, and with what may come to its end on the way.
        let (one, other) = body.as_bytes().split_at(cut.min(body.len()));
        let mut hasher = BodyHasher::default();
        hasher.update(one);
        let mut copy = hasher.clone();
        hasher.update(other);
        copy.update(other);
        copy.update(b"\r\n \r\n\r\n");
        prop_assert_eq!(hasher.clone().finish(), body_hash(body.as_bytes()));
        if !body.trim_matches(&[' ', '\t', '\r', '\n'][..]).is_empty() {
            prop_assert_eq!(copy.finish(), hasher.finish());
        }
    }

    #[test]
    fn folds_and_spaces_of_headers_do_not_count(words in prop::collection::vec("[a-z:;=,]{1,9}", 1..12), folds in prop::collection::vec(0..4_usize, 12)) {
        let message = format!("From: a@b.fr\r\nSubject: {}\r\nTo: c@d.fr\r\n\r\nx\r\n", words.join(" "));
        let fold = |(word, fold): (&String, &usize)| word.clone() + [" ", "  ", "\r\n ", "\t\r\n\t "][*fold];
        let last = words.len() - 1;
        let refolded = words[..last].iter().zip(&folds).map(fold).collect::<String>() + &words[last] + " ";
        let sent = signed(&message);
        let relayed = sent.replace(&format!("Subject: {}", words.join(" ")), &format!("SUBJECT:{refolded}"));
        prop_assert_eq!(verify(&relayed, 1, &SIGNER.keys()[1].record()), Ok(()));
    }

    #[test]
    fn nothing_that_is_given_makes_it_panic(message in "(?s)(From|To|:| |\t|\r|\n|.){0,60}") {
        let _ = SIGNER.sign(message.as_bytes(), NOW);
    }
}
