//! What a message costs before it meets the wire: `cargo bench --bench mail -- [messages]`.
//!
//! A message of 40 kB, as a bulletin is, is signed again and again: with RSA-2048 and with Ed25519, on one core and on all
//! at once. What a sender hands over in a second cannot be more than the last of these; `smtp.sh` shows how near it comes.

use std::{
    hint::black_box,
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use vigie::mail::dkim::{Key, KeyKind, Signer, generate};

fn main() {
    let messages = std::env::args().skip(1).find_map(|count| count.parse().ok()).unwrap_or(2_000);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    println!("{:<10} {:>6} {:>14} {:>12}", "signature", "cores", "µs a message", "a second");
    for (name, kind) in [("RSA-2048", KeyKind::Rsa), ("Ed25519", KeyKind::Ed25519)] {
        let signer = signer(kind);
        for cores in [1, cores] {
            let taken = sign(&signer, messages, cores);
            let each = taken.as_secs_f64() / messages as f64;
            println!("{name:<10} {cores:>6} {:>14.1} {:>12.0}", each * 1e6 * cores as f64, 1.0 / each);
        }
    }
}

fn signer(kind: KeyKind) -> Signer {
    let pem = generate(kind).expect("a key");
    Signer::new("example.fr", vec![Key::parse("s1", pem.as_bytes()).expect("the key that was made")])
}

/// How long it takes to sign so many messages on so many cores.
fn sign(signer: &Signer, messages: usize, cores: usize) -> Duration {
    let message = message();
    let began = Instant::now();
    thread::scope(|scope| {
        for core in 0..cores {
            let (message, share) = (&message, (core..messages).step_by(cores));
            scope.spawn(move || {
                for _ in share {
                    black_box(signer.signed(black_box(message), Timestamp::UNIX_EPOCH).expect("a signature"));
                }
            });
        }
    });
    began.elapsed()
}

/// Two parts in quoted-printable, of 40 kB in all.
fn message() -> Vec<u8> {
    let head = "From: Veille <veille@example.fr>\r\nTo: lectrice@example.org\r\nSubject: Veille du 23 novembre\r\n\
                Date: Mon, 23 Nov 2026 08:00:00 +0100\r\nMessage-ID: <1@example.fr>\r\nMIME-Version: 1.0\r\n\
                List-Id: <veille.example.fr>\r\nList-Unsubscribe: <https://example.fr/u/1>\r\n\
                List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\
                Content-Type: multipart/alternative; boundary=\"b\"\r\n\r\n";
    let line = "La CNIL rappelle aux collectivit=C3=A9s ce qu=E2=80=99elles doivent =C3=A0 leurs =\r\n";
    let part = line.repeat(20_000 / line.len());
    let parts = ["plain", "html"].map(|kind| {
        format!("--b\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{part}\r\n")
    });
    format!("{head}{}--b--\r\n", parts.concat()).into_bytes()
}
