//! `vigie doctor` and `vigie dkim`, against a DNS server and a mail server on loopback.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring::default_provider,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};
use vigie::demo::inbox::{Answer, Behaviour, Inbox};

use crate::zone::{Fault, Zone};

const DOMAIN: &str = "veille.example.fr";
const ADDRESS: &str = "203.0.113.9";

/// An installation, whose domain has all the records that it should have.
struct Ward {
    dir: TempDir,
    zone: Zone,
    inbox: Inbox,
}

impl Ward {
    async fn new() -> Self {
        let answers = BTreeMap::from([
            ("unknown".to_owned(), Answer::Refuse("550 5.1.1 User unknown, see https://example.fr/why".into())),
            ("grey".to_owned(), Answer::RefuseOnce("450 4.2.0 Come back later".into())),
        ]);
        let inbox = Inbox::start_with(Behaviour { answers, ..Behaviour::default() }).await.expect("a mail server");
        let ward = Self { dir: TempDir::new().expect("a folder"), zone: Zone::start().await, inbox };
        fs::write(ward.dir.path().join("sources.toml"), "").expect("a file");
        ward.settings("", ward.inbox.address().port(), "security = \"none\"");
        ward.vigie(&["dkim", "generate", "--selector", "s1", "--kind", "ed25519"]).await;
        let keys = "[mail.dkim]\nkeys = [{ selector = \"s1\", file = \"dkim/s1.pem\" }]\n";
        ward.settings(keys, ward.inbox.address().port(), "security = \"none\"");
        let record = ward.record().await;
        let zone = &ward.zone;
        zone.txt(DOMAIN, &["v=spf1 include:_spf.example.fr -all"])
            .txt("_spf.example.fr", &["v=spf1 ip4:203.0.113.0/24 ~all"]);
        zone.txt(&format!("s1._domainkey.{DOMAIN}"), &[&record]);
        zone.txt("_dmarc.example.fr", &["v=DMARC1; p=quarantine; rua=mailto:d@example.fr"]);
        zone.mx(DOMAIN, 10, "mx.example.fr").host("mx.example.fr", "192.0.2.7");
        zone.ptr(ADDRESS, "envoi.example.fr").host("envoi.example.fr", ADDRESS);
        ward
    }

    fn settings(&self, dkim: &str, port: u16, security: &str) {
        let text = format!(
            "[mail]\nfrom = \"Veille <veille@{DOMAIN}>\"\ndns = \"{}\"\n{dkim}[mail.smtp]\nhost = \"localhost\"\nport = {port}\n\
             {security}\nehlo = \"envoi.example.fr\"\n",
            self.zone.address()
        );
        fs::write(self.dir.path().join("vigie.toml"), text).expect("a file");
    }

    /// What the key's record must say.
    async fn record(&self) -> String {
        let (_, out, _) = self.vigie(&["dkim", "show", "--json"]).await;
        let shown: Value = serde_json::from_str(&out).expect("one object");
        shown["value"].as_str().expect("a record").to_owned()
    }

    /// Exit code, standard output, standard error. The servers of this test go on answering meanwhile.
    async fn vigie(&self, args: &[&str]) -> (i32, String, String) {
        run(self.dir.path(), args, &[]).await
    }

    /// The exit code, and the checks by their names.
    async fn doctor(&self, args: &[&str]) -> (i32, BTreeMap<String, Value>) {
        let (code, out, told) = self.vigie(&[&["doctor", "--json", "--address", ADDRESS], args].concat()).await;
        (code, checks(&out, &told))
    }
}

async fn run(dir: &Path, args: &[&str], env: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("vigie").expect("the binary");
    command.current_dir(dir).args(args).env_remove("VIGIE_LOG").envs(env.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output().expect("a run")).await.expect("a thread");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

fn checks(out: &str, told: &str) -> BTreeMap<String, Value> {
    let report: Value = serde_json::from_str(out).unwrap_or_else(|_| panic!("{out}{told}"));
    let checks = report["checks"].as_array().expect("a list").iter();
    checks.map(|check| (check["name"].as_str().expect("a name").to_owned(), check.clone())).collect()
}

fn state(checks: &BTreeMap<String, Value>, name: &str) -> String {
    checks.get(name).and_then(|check| check["state"].as_str()).unwrap_or("absent").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_that_is_well_has_nothing_to_mend() {
    let ward = Ward::new().await;
    let (code, checks) = ward.doctor(&[]).await;
    let states: Vec<String> = checks.keys().map(|name| format!("{name} {}", state(&checks, name))).collect();
    let well = [
        "clock ok",
        "data ok",
        "database ok",
        "disk ok",
        "dkim s1 ok",
        "dmarc ok",
        "mx veille.example.fr ok",
        "ptr 203.0.113.9 ok",
        "relay ok",
        "settings warn",
        "sources ok",
        "spf ok",
        "tls skip",
    ];
    assert_eq!(states, well);
    assert_eq!(code, 0, "{checks:#?}");
    let (_, text, _) = ward.vigie(&["doctor", "--address", ADDRESS]).await;
    assert!(text.contains("ok    spf: `v=spf1 include:_spf.example.fr -all` lets 203.0.113.9 send\n"), "{text}");
}

/// What breaks something, and the check that tells: its name, its state, and words of what was found and of what mends it.
type Breakage<'a> = (Box<dyn Fn() + 'a>, &'a str, &'a str, &'a str, &'a str);

fn fault<'a, T>(
    break_it: impl Fn() -> T + 'a,
    name: &'a str,
    state: &'a str,
    found: &'a str,
    fix: &'a str,
) -> Breakage<'a> {
    (Box::new(move || drop(break_it())), name, state, found, fix)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_told_with_the_line_that_mends_it() {
    let ward = Ward::new().await;
    let zone = &ward.zone;
    let dkim = format!("s1._domainkey.{DOMAIN}");
    let record = ward.record().await;
    let spf = |text: &str| {
        zone.forget(DOMAIN).txt(DOMAIN, &[text]).mx(DOMAIN, 10, "mx.example.fr");
    };
    let many: String = (0..11).map(|n| format!("a:h{n}.example.fr ")).collect();
    zone.host("h0.example.fr", ADDRESS);
    let publish = format!("publish: {DOMAIN}. IN TXT");
    let new = format!("{publish} \"v=spf1 ip4:203.0.113.9 mx -all\"");
    let with_end = format!("{publish} \"v=spf1 ip4:203.0.113.9 -all\"");
    let faults = vec![
        fault(|| zone.forget(DOMAIN).mx(DOMAIN, 10, "mx.example.fr"), "spf", "fail", "has no SPF record", &with_end),
        fault(|| spf("v=spf1 mx -all"), "spf", "fail", "does not let 203.0.113.9 send", &new),
        fault(|| spf("v=spf1 ip4:203.0.113.9"), "spf", "warn", "does not say what is to be done", &with_end),
        fault(|| spf("v=spf1 +all"), "spf", "fail", "lets everybody send", &with_end),
        fault(|| spf("v=spf1 ipv4:203.0.113.9 -all"), "spf", "fail", "`ipv4:203.0.113.9` is no term", "correct it"),
        fault(|| spf("v=spf1 include:gone.fr -all"), "spf", "fail", "`gone.fr`, which has 0 SPF records", "correct it"),
        fault(|| spf(&format!("v=spf1 include:{DOMAIN} -all")), "spf", "fail", "without end", "correct it"),
        fault(|| spf(&format!("v=spf1 {many}-all")), "spf", "fail", "costs 11 questions", "as `ip4`"),
        fault(|| spf("v=spf1 ptr -all"), "spf", "warn", "depends on the message", "--test"),
        fault(|| zone.txt(DOMAIN, &["v=spf1 -all"]), "spf", "fail", "has 2 SPF records", "make one"),
        fault(|| zone.forget(&dkim), "dkim s1", "fail", "there is no TXT record", &record),
        fault(|| zone.txt(&dkim, &["v=DKIM1; k=rsa; p=AAAA"]), "dkim s1", "fail", "another key than", &record),
        fault(|| zone.forget(&dkim).txt(&dkim, &["v=DKIM1; p="]), "dkim s1", "fail", "withdrawn", &record),
        fault(|| zone.txt(&dkim, &["x"]), "dkim s1", "fail", "has 2 TXT records", "vigie dkim show"),
        fault(
            || zone.txt(&format!("_dmarc.{DOMAIN}"), &["v=DMARC1; p=none"]),
            "dmarc",
            "warn",
            "asks receivers for `none`, and for no reports",
            "v=DMARC1; p=none; rua=mailto:postmaster@veille.example.fr",
        ),
        fault(
            || zone.forget("_dmarc.example.fr").forget(&format!("_dmarc.{DOMAIN}")),
            "dmarc",
            "fail",
            "has no policy",
            "v=DMARC1; p=none",
        ),
        fault(
            || zone.forget("mx.example.fr").forget(DOMAIN).mx(DOMAIN, 0, "."),
            "mx veille.example.fr",
            "fail",
            "takes no mail",
            "IN MX 10",
        ),
        fault(
            || {
                zone.host("autre.example.fr", ADDRESS)
                    .forget("9.113.0.203.in-addr.arpa")
                    .ptr(ADDRESS, "autre.example.fr")
            },
            "ptr 203.0.113.9",
            "warn",
            "we call ourselves `envoi.example.fr`",
            "`ehlo = \"autre.example.fr\"`",
        ),
        fault(
            || zone.forget("autre.example.fr"),
            "ptr 203.0.113.9",
            "fail",
            "does not lead back to it",
            "name it `envoi.example.fr`",
        ),
        fault(
            || zone.forget("9.113.0.203.in-addr.arpa"),
            "ptr 203.0.113.9",
            "fail",
            "has no name",
            "name it `envoi.example.fr`",
        ),
    ];
    for (break_it, name, wanted, found, fix) in faults {
        break_it();
        let (code, checks) = ward.doctor(&[]).await;
        let check = checks.get(name).unwrap_or_else(|| panic!("{name}: {checks:#?}"));
        assert_eq!(check["state"], wanted, "{found}: {check:#}");
        assert!(check["found"].as_str().is_some_and(|text| text.contains(found)), "{found}: {check:#}");
        assert!(check["fix"].as_str().is_some_and(|text| text.contains(fix)), "{fix}: {check:#}");
        assert_eq!(code, if checks.values().any(|check| check["state"] == "fail") { 3 } else { 0 });
        if name == "dkim s1" && found == "another key than" {
            zone.forget(&dkim);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_dns_each_check_says_so_and_nobody_waits() {
    let ward = Ward::new().await;
    for fault in [Fault::Silent, Fault::ServFail] {
        ward.zone.breaks(DOMAIN, fault);
        let began = Instant::now();
        let (code, checks) = ward.doctor(&[]).await;
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        for name in ["spf", "dkim", "dmarc", "mx", "ptr"] {
            assert_eq!(state(&checks, name), "skip", "{checks:#?}");
            assert!(!checks[name]["found"].as_str().expect("a text").contains('\n'));
        }
        assert_eq!((state(&checks, "relay"), code), ("ok".into(), 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_message_goes_the_real_way_and_its_reply_is_told() {
    let ward = Ward::new().await;
    let (code, checks) = ward.doctor(&["--test", "dsi@mairie.example.fr"]).await;
    assert_eq!((code, state(&checks, "test")), (0, "ok".into()), "{checks:#?}");
    let found = checks["test"]["found"].as_str().expect("a text");
    assert!(found.starts_with("a message with 1 signature was answered: 250 "), "{found}");
    let received = ward.inbox.received();
    let message = String::from_utf8_lossy(&received[0].bytes).into_owned();
    assert!(message.starts_with("DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=veille.example.fr;\r\n"));
    assert!(message.contains("\r\nTo: dsi@mairie.example.fr\r\n"));
    for (who, code, wanted, reply) in [
        ("unknown", 3, "fail", "550 5.1.1 User unknown, see https://example.fr/why"),
        ("grey", 0, "warn", "450 4.2.0 Come back"),
    ] {
        let (ended, checks) = ward.doctor(&["--test", &format!("{who}@mairie.example.fr")]).await;
        assert_eq!((ended, state(&checks, "test").as_str()), (code, wanted), "{checks:#?}");
        assert!(checks["test"]["found"].as_str().is_some_and(|found| found.contains(reply)), "{checks:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_on_the_machine_is_told_too() {
    let ward = Ward::new().await;
    let (_, checks) = ward.doctor(&[]).await;
    assert_eq!(state(&checks, "database"), "ok");
    let data = ward.dir.path().join("data");
    #[cfg(unix)]
    {
        fs::set_permissions(&data, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("permissions");
        let (_, checks) = ward.doctor(&[]).await;
        assert_eq!(state(&checks, "data"), "warn");
        assert!(checks["data"]["fix"].as_str().is_some_and(|fix| fix.contains("chmod 700")));
    }
    for name in ["vigie.db-wal", "vigie.db-shm"] {
        let _ = fs::remove_file(data.join(name));
    }
    fs::write(data.join("vigie.db"), "this is no database, whatever its name says: ".repeat(100)).expect("a file");
    let (code, checks) = ward.doctor(&["--test", "dsi@mairie.example.fr"]).await;
    assert_eq!((code, state(&checks, "database"), state(&checks, "test")), (3, "fail".into(), "skip".into()));
    assert!(ward.inbox.received().is_empty());
    ward.settings("pasword = 1\n", 25, "");
    let (code, checks) = ward.doctor(&[]).await;
    assert_eq!((code, checks.len(), state(&checks, "settings")), (3, 1, "fail".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_of_the_relay_is_looked_at() {
    let ward = Ward::new().await;
    let tls_folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/tls");
    let (valid, expired) = (tls_folder.join("valid.pem"), tls_folder.join("expired.pem"));
    let looked = async |certificate: &Path, trusted: &Path, starttls: &str| {
        let port = relay(certificate, &tls_folder.join("key.pem"), starttls).await;
        ward.settings("", port, "security = \"starttls\"");
        let env = [("SSL_CERT_FILE", trusted.to_str().expect("a path"))];
        let (_, out, told) = run(ward.dir.path(), &["doctor", "--json"], &env).await;
        let checks = checks(&out, &told);
        let of = |name: &str| format!("{} {}", state(&checks, name), checks[name]["found"].as_str().unwrap_or(""));
        (of("tls"), of("relay"))
    };
    let (tls, relay) = looked(&valid, &valid, "STARTTLS").await;
    assert!(tls.starts_with("ok `localhost` shows a certificate, which is valid for "), "{tls}");
    assert!(relay.starts_with("ok `localhost:"), "{relay}");
    let (tls, relay) = looked(&valid, &tls_folder.join("other.pem"), "STARTTLS").await;
    assert!(tls.starts_with("fail ") && tls.contains("this machine does not trust it"), "{tls}");
    assert!(relay.starts_with("fail no encrypted connection"), "{relay}");
    let (tls, _) = looked(&expired, &valid, "STARTTLS").await;
    assert!(tls.starts_with("fail `localhost` shows a certificate, which ran out "), "{tls}");
    let (tls, relay) = looked(&valid, &valid, "SIZE").await;
    assert!(tls.contains("does not offer STARTTLS") && relay.contains("does not offer STARTTLS"), "{tls} {relay}");
}

/// A relay with a certificate of its own, which says hello and goodbye.
async fn relay(certificate: &Path, key: &Path, offers: &str) -> u16 {
    let chain = vec![CertificateDer::from_pem_file(certificate).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_file(key).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key))
        .expect("TLS");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let offers = offers.to_owned();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, offers) = (acceptor.clone(), offers.clone());
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                stream.write_all(b"220 localhost ESMTP\r\n").await.ok()?;
                if converse(&mut stream, &format!("250-localhost\r\n250 {offers}\r\n")).await == Some("STARTTLS") {
                    let mut stream = BufReader::new(acceptor.accept(stream.into_inner()).await.ok()?);
                    converse(&mut stream, "250 localhost\r\n").await;
                }
                Some(())
            });
        }
    });
    port
}

/// Answers until STARTTLS, which is what it returns then, or the end.
async fn converse(stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>, hello: &str) -> Option<&'static str> {
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let (reply, ends) = match line.trim_end() {
            "STARTTLS" => ("220 Go on\r\n", Some("STARTTLS")),
            "QUIT" => ("221 Bye\r\n", Some("QUIT")),
            line if line.starts_with("EHLO ") => (hello, None),
            _ => ("502 5.5.1 What?\r\n", None),
        };
        stream.write_all(reply.as_bytes()).await.ok()?;
        if ends.is_some() {
            return ends;
        }
    }
}
