//! What is asked of the DNS, against a DNS server.

use std::{net::SocketAddr, time::Instant};

use vigie::{
    dns::{Dns, DnsError, Exchange},
    work::exchange,
};

use crate::{
    app::TestApp,
    zone::{Fault, Zone},
};

fn via(preference: u16, host: &str) -> Exchange {
    Exchange { preference, host: host.to_owned() }
}

#[tokio::test]
async fn the_hosts_of_a_domain_come_best_first() {
    let zone = Zone::start().await;
    zone.mx("ville.fr", 20, "MX2.ville.fr").mx("ville.fr", 10, "mx1.ville.fr").mx("ville.fr", 20, "mx0.ville.fr");
    let found = zone.dns().mx("ville.fr").await;
    assert_eq!(found, Ok(vec![via(10, "mx1.ville.fr"), via(20, "mx0.ville.fr"), via(20, "mx2.ville.fr")]));
}

#[tokio::test]
async fn a_domain_without_mx_takes_its_mail_itself() {
    let zone = Zone::start().await;
    zone.host("commune.fr", "192.0.2.7");
    assert_eq!(zone.dns().mx("commune.fr").await, Ok(vec![via(0, "commune.fr")]));
    zone.txt("texte.fr", &["v=spf1 -all"]);
    let error = zone.dns().mx("texte.fr").await.unwrap_err();
    assert!(error.is_not_found() && !error.is_temporary(), "{error}");
    assert_eq!(error.to_string(), "`texte.fr` has no MX record and no address in the DNS");
}

#[tokio::test]
async fn an_alias_is_followed() {
    let zone = Zone::start().await;
    zone.alias("mairie.fr", "ville.fr").mx("ville.fr", 10, "mx.ville.fr");
    assert_eq!(zone.dns().mx("mairie.fr").await, Ok(vec![via(10, "mx.ville.fr")]));
    zone.alias("village.fr", "hote.fr").host("hote.fr", "192.0.2.8");
    assert_eq!(zone.dns().mx("village.fr").await, Ok(vec![via(0, "village.fr")]));
}

#[tokio::test]
async fn a_domain_may_take_no_mail() {
    let zone = Zone::start().await;
    zone.mx("nul.fr", 0, ".").host("nul.fr", "192.0.2.9");
    let error = zone.dns().mx("nul.fr").await.unwrap_err();
    assert_eq!(error, DnsError::NullMx { name: String::from("nul.fr") });
    assert!(!error.is_temporary());
}

#[tokio::test]
async fn what_does_not_exist_is_told_apart_from_what_nobody_knows_now() {
    let zone = Zone::start().await;
    zone.breaks("panne.fr", Fault::ServFail);
    let absent = zone.dns().mx("absent.fr").await.unwrap_err();
    assert_eq!(absent, DnsError::NoName { name: String::from("absent.fr") });
    let failing = zone.dns().mx("panne.fr").await.unwrap_err();
    assert!(failing.is_temporary(), "{failing}");
    assert!(zone.dns().addresses("panne.fr").await.unwrap_err().is_temporary());
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for_long() {
    let zone = Zone::start().await;
    zone.breaks("muet.fr", Fault::Silent);
    let began = Instant::now();
    assert!(zone.dns().mx("muet.fr").await.unwrap_err().is_temporary());
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    let nobody: SocketAddr = "127.0.0.1:9".parse().unwrap();
    assert!(Dns::at(nobody).unwrap().mx("ville.fr").await.unwrap_err().is_temporary());
}

#[tokio::test]
async fn the_strings_of_a_text_are_joined_and_a_long_one_comes_over_tcp() {
    let zone = Zone::start().await;
    let long = "A".repeat(250);
    zone.txt("s1._domainkey.ville.fr", &["v=DKIM1; p=", &long, &long, &long]);
    zone.txt("ville.fr", &["v=spf1 mx -all"]).txt("ville.fr", &["autre"]);
    let found = zone.dns().txt("s1._domainkey.ville.fr").await.unwrap();
    assert_eq!(found, [format!("v=DKIM1; p={}", "A".repeat(750))]);
    let mut both = zone.dns().txt("ville.fr").await.unwrap();
    both.sort();
    assert_eq!(both, ["autre", "v=spf1 mx -all"]);
    zone.host("sans.fr", "192.0.2.1");
    assert!(matches!(zone.dns().txt("sans.fr").await, Err(DnsError::NoRecord { .. })));
}

#[tokio::test]
async fn hosts_have_addresses_and_addresses_have_names() {
    let zone = Zone::start().await;
    zone.host("mx.ville.fr", "2001:db8::1").host("mx.ville.fr", "192.0.2.1").ptr("192.0.2.1", "MX.ville.fr");
    let found = zone.dns().addresses("mx.ville.fr").await.unwrap();
    assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), ["192.0.2.1", "2001:db8::1"]);
    assert_eq!(zone.dns().addresses("[192.0.2.5]").await.unwrap(), ["192.0.2.5".parse::<std::net::IpAddr>().unwrap()]);
    assert_eq!(zone.dns().ptr("192.0.2.1".parse().unwrap()).await, Ok(vec![String::from("mx.ville.fr")]));
    assert!(zone.dns().ptr("192.0.2.2".parse().unwrap()).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn what_is_no_name_is_not_found() {
    let zone = Zone::start().await;
    let label = "x".repeat(64);
    for text in [format!("{label}.fr"), String::from("a..fr"), String::from("é.fr")] {
        assert!(zone.dns().mx(&text).await.unwrap_err().is_not_found(), "{text}");
    }
    assert!(zone.asked().is_empty(), "{:?}", zone.asked());
}

/// Who takes the mail of a domain: operator and hosts, or why nobody does.
async fn found(test: &TestApp, zone: &Zone, domain: &str) -> String {
    let found = exchange::find(&test.app, &zone.dns(), [domain]).await.expect("an answer");
    let exchanger = &found[domain];
    match exchanger.failure {
        Some(failure) => failure.as_str().to_owned(),
        None => format!("{}: {}", exchanger.operator, exchanger.hosts.join(" ")),
    }
}

#[tokio::test]
async fn domains_are_rolled_up_by_who_keeps_their_mailboxes_and_asked_for_once_a_day() {
    let mut test = TestApp::watching(&[]).await;
    let zone = Zone::start().await;
    zone.mx("ville.fr", 10, "mx1.mail.ovh.net").mx("ville.fr", 20, "mx2.mail.ovh.net");
    zone.mx("village.fr", 10, "a.mx.altospam.com").mx("wanadoo.fr", 10, "smtp-in.orange.fr");
    zone.host("mairie-exemple.fr", "192.0.2.7").mx("nul.fr", 0, ".");
    let domains = ["Ville.fr", "village.fr", "wanadoo.fr", "mairie-exemple.fr", "nul.fr", "absent.fr"];
    let found = exchange::find(&test.app, &zone.dns(), domains).await.expect("answers");
    let told: Vec<String> = found
        .iter()
        .map(|(domain, e)| match e.failure {
            Some(failure) => format!("{domain} {}", failure.as_str()),
            None => format!("{domain} {} {}", e.operator, e.hosts.join(",")),
        })
        .collect();
    assert_eq!(
        told,
        [
            "absent.fr no_name",
            "mairie-exemple.fr mairie-exemple.fr mairie-exemple.fr",
            "nul.fr null_mx",
            "village.fr altospam a.mx.altospam.com",
            "ville.fr ovh mx1.mail.ovh.net,mx2.mail.ovh.net",
            "wanadoo.fr orange smtp-in.orange.fr"
        ]
    );
    let asked = zone.asked().len();
    test.at("2023-08-30T06:29:00Z");
    exchange::find(&test.app, &zone.dns(), domains).await.expect("answers");
    assert_eq!(zone.asked().len(), asked, "{:?}", zone.asked());
    // What takes no mail is asked for again after an hour, the others after a day.
    test.at("2023-08-30T06:31:00Z");
    exchange::find(&test.app, &zone.dns(), domains).await.expect("answers");
    let again: Vec<String> = zone.asked().split_off(asked);
    assert!(again.iter().all(|question| question.contains("nul.fr") || question.contains("absent.fr")), "{again:?}");
    assert!(!again.is_empty());
    zone.forget("ville.fr").mx("ville.fr", 10, "spool.mail.gandi.net");
    test.at("2023-08-31T05:31:00Z");
    assert_eq!(self::found(&test, &zone, "ville.fr").await, "gandi: spool.mail.gandi.net");
}

#[tokio::test]
async fn while_the_dns_is_down_what_it_said_last_holds() {
    let mut test = TestApp::watching(&[]).await;
    let zone = Zone::start().await;
    zone.mx("ville.fr", 10, "smtp-in.orange.fr");
    assert_eq!(found(&test, &zone, "ville.fr").await, "orange: smtp-in.orange.fr");
    zone.breaks("ville.fr", Fault::ServFail).breaks("neuf.fr", Fault::ServFail);
    test.at("2023-09-02T05:30:00Z");
    assert_eq!(found(&test, &zone, "ville.fr").await, "orange: smtp-in.orange.fr");
    assert_eq!(found(&test, &zone, "neuf.fr").await, "later");
    // It comes back, and is heard.
    zone.forget("ville.fr").forget("neuf.fr").mx("ville.fr", 10, "mx1.free.fr").mx("neuf.fr", 1, "smtp-in.sfr.fr");
    assert_eq!(found(&test, &zone, "neuf.fr").await, "later");
    test.at("2023-09-02T05:41:00Z");
    assert_eq!(found(&test, &zone, "ville.fr").await, "free: mx1.free.fr");
    assert_eq!(found(&test, &zone, "neuf.fr").await, "sfr: smtp-in.sfr.fr");
}

#[tokio::test]
async fn the_settings_name_whom_to_ask() {
    let zone = Zone::start().await;
    zone.mx("ville.fr", 10, "mx.ville.fr");
    let mut test = TestApp::watching(&[]).await;
    test.config().mail.dns = Some(zone.address());
    let dns = Dns::of(&test.app.config.mail).expect("a resolver");
    assert_eq!(dns.mx("ville.fr").await, Ok(vec![via(10, "mx.ville.fr")]));
}
