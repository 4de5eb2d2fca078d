use proptest::prelude::*;

use super::*;

fn of(host: &str) -> String {
    Operators::shipped().of(&[host.to_owned()]).id.clone()
}

#[test]
fn what_ships_can_be_read_and_says_where_it_is_from() {
    let empty = Operators { default: LIMITS, all: Vec::new() };
    let read = empty.with(Input { name: "operators.toml", text: SHIPPED });
    let operators = read.unwrap_or_else(|problems| panic!("{problems}"));
    assert!(operators.iter().count() >= 30);
    for operator in operators.iter() {
        assert!(!operator.source.is_empty(), "{} has no source", operator.id);
        assert!(operator.connections <= 10 && operator.messages <= 100, "{}", operator.id);
        for mx in &operator.mx {
            assert_eq!(of(&format!("mx1.{mx}")), operator.id, "{mx} is in two tables");
        }
    }
    assert_eq!(Operators::shipped(), operators);
}

#[test]
fn an_operator_is_known_by_the_end_of_its_host() {
    for (host, id) in [
        ("aspmx.l.google.com", "google"),
        ("SMTP.google.com.", "google"),
        ("alt1.aspmx.l.google.com", "google"),
        ("outlook-com.olc.protection.outlook.com", "outlook"),
        ("ville-fr.mail.protection.outlook.com", "office365"),
        ("ville-fr.r-v1.mx.microsoft", "office365"),
        ("mta5.am0.yahoodns.net", "yahoo"),
        ("mx01.mail.icloud.com", "apple"),
        ("smtp-in.orange.fr", "orange"),
        ("smtp-in.sfr.fr", "sfr"),
        ("mx1.free.fr", "free"),
        ("smtpz4.laposte.net", "laposte"),
        ("mx1.mail.ovh.net", "ovh"),
        ("spool.mail.gandi.net", "gandi"),
        ("mx00.ionos.fr", "ionos"),
        ("mta-gw.infomaniak.ch", "infomaniak"),
        ("ville.mx1.altospam.com", "altospam"),
        ("mibc-fr-05.mailinblack.com", "mailinblack"),
        ("d48458a.ess.barracudanetworks.com", "barracuda"),
        ("mx1.hc1234-56.eu.iphmx.com", "cisco"),
        ("mxa-00123.gslb.pphosted.com", "proofpoint"),
        ("eu-smtp-inbound-1.mimecast.com", "mimecast"),
        ("mx1.relay.renater.fr", "renater"),
        ("zimbra-prod.alpi40.fr", "alpi"),
        // Not in the table: their own domain.
        ("mail.ville-exemple.fr", "ville-exemple.fr"),
        ("mx.interieur.gouv.fr", "interieur.gouv.fr"),
        ("notorange.fr", "notorange.fr"),
        ("192.0.2.1", "192.0.2.1"),
        ("localhost", "localhost"),
        ("", ""),
    ] {
        assert_eq!(of(host), id, "{host}");
    }
}

#[test]
fn the_best_host_decides() {
    let hosts = [String::from("mx.altospam.com"), String::from("mx1.mail.ovh.net")];
    assert_eq!(Operators::shipped().of(&hosts).id, "altospam");
}

#[test]
fn what_is_unknown_has_the_limits_of_all() {
    let own = Input { name: "o.toml", text: "[default]\nconnections = 2\nrate = \"30/min\"\n" };
    let operators = Operators::shipped().with(own).unwrap();
    let unknown = operators.get("ville.fr");
    assert_eq!((unknown.connections, unknown.messages, unknown.rate), (2, 100, Rate::parse("30/min").unwrap()));
    assert_eq!(operators.get("orange").connections, 3);
    assert_eq!(operators.get("orange").rate, Rate::parse("1000/h").unwrap());
}

#[test]
fn a_file_adds_and_changes_entries() {
    let text = "[[operator]]\nid = \"orange\"\nconnections = 1\n\n\
                [[operator]]\nid = \"sictiam\"\nname = \"SICTIAM\"\nmx = \"mail.sictiam.fr\"\ngreylist = [\"Greylisted\"]\n\n\
                [[operator]]\nid = \"notre-filtre\"\nname = \"Notre filtre\"\nkind = \"filter\"\nmx = [\"mx.google.com\"]\n";
    let operators = Operators::shipped().with(Input { name: "o.toml", text }).unwrap_or_else(|e| panic!("{e}"));
    let orange = operators.get("orange");
    assert_eq!((orange.connections, orange.messages, &*orange.name), (1, 100, "Orange (Wanadoo)"));
    assert_eq!(orange.says("421 OFR004_104 Trop de connexions"), Some(Refusal::TooFast));
    let added = operators.of(&[String::from("in.mail.sictiam.fr")]);
    assert_eq!(added.says("450 4.2.0 GREYLISTED, come back"), Some(Refusal::Greylist));
    assert_eq!(operators.of(&[String::from("a.mx.google.com")]).id, "notre-filtre");
    assert_eq!(operators.of(&[String::from("b.google.com")]).id, "google");
}

#[test]
fn mistakes_are_told_with_their_line_and_what_to_write() {
    let text = "[default]\nconnections = 0\n\n[[operator]]\nid = \"Grand Opérateur\"\nname = \"x\"\n\n\
                [[operator]]\nid = \"sictiam\"\nconections = 2\nrate = \"vite\"\nmx = [\"*.sictiam.fr\"]\ntoo_fast = [\"x\"]\n";
    let problems = Operators::shipped().with(Input { name: "operators.toml", text }).unwrap_err();
    let told: Vec<String> = problems.iter().map(|p| format!("{}: {} / {}", p.line, p.message, p.hint)).collect();
    insta::assert_snapshot!(told.join("\n"), @"
    2: `connections` in `[default]` must not be `0` / take a whole number from 1 to 100
    5: `id` in `[[operator]]` must be a short name, not `Grand Opérateur` / write it in small letters, digits, dots and dashes
    8: `name` of operator `sictiam` is missing / write it as readers shall see it
    10: unknown key `conections` of operator `sictiam` / did you mean `connections`? known: `challenge`, `connections`, `deferred`, `greylist`, `id`, `kind`, `messages`, `mx`, `name`, `policy`, `postmaster`, `rate`, `source`, `too_fast`
    11: `rate` of operator `sictiam` is not a number of messages in a time / write how many, a slash, and `s`, `min`, `h` or `d`: `100/min`
    12: `mx` of operator `sictiam` must hold ends of host names, not `*.sictiam.fr` / write them as `mail.example.fr`, without wildcards
    13: `too_fast` of operator `sictiam` must hold words of a reply, not `x` / write at least four characters
    ");
}

proptest! {
    #[test]
    fn no_file_and_no_host_panics(text in "\\PC{0,200}", host in "\\PC{0,60}") {
        let _ = Operators::shipped().with(Input { name: "o.toml", text: &text });
        let _ = Operators::shipped().of(&[host]);
    }
}
