//! Mail that goes to the servers of each domain, without a relay: found by the DNS, each operator in its own measure.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use vigie::{
    config::{Direct, Network, Security, Transport},
    demo::inbox::{Answer, Behaviour, Inbox},
    model::{BulletinId, Cadence, DeliveryState},
    store::{operators, outbox},
    work::send,
};

use crate::{
    app::{TestApp, item},
    zone::{Fault, Zone},
};

/// An installation that writes to the servers that its DNS names, and two of those: on one port, each at its address.
struct Post {
    app: TestApp,
    zone: Zone,
    first: Inbox,
    second: Inbox,
}

const FIRST: &str = "127.0.0.1";
const SECOND: &str = "127.0.0.2";

impl Post {
    async fn start(first: Behaviour) -> Self {
        let mut app = TestApp::watching(&["/a"]).await;
        app.serve("/a", &[item(1, "Un arrêté", "Il paraît ce matin.")]);
        app.crawl().await;
        let zone = Zone::start().await;
        let first = Inbox::start_with(first).await.expect("a server");
        let port = first.address().port();
        let at = SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), port));
        let second = Inbox::start_at(at, Behaviour::default()).await.expect("a second server on the same port");
        let config = app.config();
        config.mail.dns = Some(zone.address());
        config.mail.transport = Transport::Direct(Direct {
            port,
            security: Security::Opportunistic,
            connections: 20,
            timeout: Duration::from_secs(2),
            ehlo: Some(String::from("envoi.veille.example.fr")),
            allow: Network::parse("127.0.0.0/8").into_iter().collect(),
        });
        zone.host("mx1.operateur.example", FIRST).host("mx2.operateur.example", SECOND);
        Self { app, zone, first, second }
    }

    /// Freezes an edition for these readers and sends it.
    async fn send(&self, readers: &[&str]) -> send::Report {
        for reader in readers {
            self.app.subscribe(reader, Cadence::Daily);
        }
        self.app.compose(Cadence::Daily).expect("an edition");
        self.app.send().await
    }

    fn states(&self) -> BTreeMap<String, (DeliveryState, String)> {
        let outcomes = self.app.app.store.read(|db| outbox::of_bulletin(db, BulletinId::new(1))).expect("a read");
        outcomes.into_iter().map(|one| (one.address.to_string(), (one.state, one.reply))).collect()
    }
}

fn to(inbox: &Inbox) -> Vec<String> {
    let mut to: Vec<String> = inbox.received().into_iter().flat_map(|mail| mail.to).collect();
    to.sort();
    to
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_is_written_to_at_the_server_that_it_prefers_and_then_at_the_next() {
    let post = Post::start(Behaviour::default()).await;
    post.zone.mx("ville.fr", 20, "mx2.operateur.example").mx("ville.fr", 10, "mx1.operateur.example");
    // Nobody listens at the first; the second has no address at all.
    post.zone.mx("village.fr", 5, "mort.operateur.example").host("mort.operateur.example", "127.0.0.3");
    post.zone.mx("village.fr", 6, "sansadresse.operateur.example").mx("village.fr", 10, "mx2.operateur.example");
    // RFC 5321 5.1: without MX, the domain itself.
    post.zone.host("hameau.fr", FIRST);
    let report = post.send(&["maire@ville.fr", "maire@village.fr", "maire@hameau.fr"]).await;
    assert_eq!((report.sent, report.deferred, report.failed), (3, 0, 0), "{report:?}");
    assert_eq!(to(&post.first), ["maire@hameau.fr", "maire@ville.fr"]);
    assert_eq!(to(&post.second), ["maire@village.fr"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn domains_of_one_operator_share_its_connections() {
    let post = Post::start(Behaviour::default()).await;
    let mut readers = Vec::new();
    for n in 0..30 {
        let domain = format!("ville{n}.fr");
        post.zone.mx(&domain, 10, "mx1.operateur.example");
        readers.push(format!("maire@{domain}"));
    }
    let readers: Vec<&str> = readers.iter().map(String::as_str).collect();
    let report = post.send(&readers).await;
    assert_eq!(report.sent, 30, "{report:?}");
    assert_eq!(to(&post.first).len(), 30);
    assert!(post.first.connections() <= 10, "{} connections", post.first.connections());
    let asked = post.zone.asked().iter().filter(|question| question.starts_with("MX ")).count();
    assert_eq!(asked, 30, "each domain is asked for once");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_no_mail_is_known_by_the_dns() {
    let post = Post::start(Behaviour::default()).await;
    post.zone.mx("nul.fr", 0, ".");
    post.zone.breaks("muet.fr", Fault::ServFail);
    post.zone.mx("ville.fr", 10, "mx1.operateur.example");
    let report = post.send(&["a@nul.fr", "a@rien.fr", "a@muet.fr", "a@ville.fr"]).await;
    assert_eq!((report.sent, report.deferred, report.failed), (1, 1, 2), "{report:?}");
    let states = post.states();
    assert_eq!(states["a@nul.fr"], (DeliveryState::Failed, "556 5.1.10 `nul.fr` takes no mail (null MX)".into()));
    assert_eq!(states["a@rien.fr"].0, DeliveryState::Failed);
    assert_eq!(states["a@muet.fr"].0, DeliveryState::Deferred);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_complains_is_slowed_and_the_others_go_on() {
    let busy = Answer::Refuse(String::from("421 4.7.0 Trop de connexions, revenez plus tard"));
    let answers = (0..8).map(|n| (format!("agent{n}"), busy.clone())).collect();
    let post = Post::start(Behaviour { answers, ..Behaviour::default() }).await;
    post.zone.mx("ville.fr", 10, "mx1.operateur.example");
    post.zone.host("mx.autre.example", SECOND).mx("village.fr", 10, "mx.autre.example");
    let readers: Vec<String> =
        (0..8).map(|n| format!("agent{n}@ville.fr")).chain((0..8).map(|n| format!("agent{n}@village.fr"))).collect();
    let readers: Vec<&str> = readers.iter().map(String::as_str).collect();
    let report = post.send(&readers).await;
    assert_eq!((report.sent, report.failed), (8, 0), "{report:?}");
    assert_eq!(to(&post.second).len(), 8);
    let pace = |id: &str| post.app.app.store.read(|db| operators::pace(db, id)).expect("a read");
    let complained = pace("operateur.example");
    assert!(complained.slowed.is_some() && complained.reply.contains("Trop de connexions"), "{complained:?}");
    assert!(pace("autre.example").slowed.is_none());
    // It is remembered by the next program.
    let app = post.app.reopened();
    let again = app.app.store.read(|db| operators::pace(db, "operateur.example")).expect("a read");
    assert_eq!(again, complained);
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_do_not_answer_cost_their_own_readers_a_wait_and_nothing_else() {
    let post = Post::start(Behaviour::default()).await;
    post.zone.host("mort.operateur.example", "127.0.0.3").mx("ville.fr", 10, "mort.operateur.example");
    post.zone.mx("village.fr", 10, "mx2.operateur.example");
    let report = post.send(&["maire@ville.fr", "maire@village.fr"]).await;
    assert_eq!((report.sent, report.deferred, report.failed), (1, 1, 0), "{report:?}");
    let (state, reply) = &post.states()["maire@ville.fr"];
    assert_eq!(*state, DeliveryState::Deferred);
    assert!(reply.contains("cannot be reached"), "{reply}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_cannot_have_mail_brought_to_what_listens_inside() {
    let mut post = Post::start(Behaviour::default()).await;
    let Transport::Direct(direct) = &mut post.app.config().mail.transport else { panic!("direct") };
    direct.allow.clear();
    post.zone.mx("ville.fr", 10, "mx1.operateur.example");
    let report = post.send(&["maire@ville.fr"]).await;
    assert_eq!((report.sent, report.deferred), (0, 1), "{report:?}");
    assert!(post.first.connections() == 0, "it was connected to");
    assert!(post.states()["maire@ville.fr"].1.contains("loopback"), "{:?}", post.states());
}

#[tokio::test(flavor = "multi_thread")]
async fn greylisting_is_waited_out_with_the_same_message() {
    let once = Answer::RefuseOnce(String::from("450 4.2.0 Greylisted, try again in 300 seconds"));
    let answers = BTreeMap::from([(String::from("maire"), once)]);
    let mut post = Post::start(Behaviour { answers, ..Behaviour::default() }).await;
    post.zone.mx("ville.fr", 10, "mx1.operateur.example");
    assert_eq!(post.send(&["maire@ville.fr"]).await.deferred, 1);
    let later: Timestamp = post.app.now() + SignedDuration::from_mins(7);
    post.app.at(&later.to_string());
    assert_eq!(post.app.send().await.sent, 1);
    assert_eq!(to(&post.first), ["maire@ville.fr"]);
}
