//! What README.md shows, done as it says: the commands in its order in one folder, the sample, the keys of the
//! settings, the files it names.

use std::{fs, path::Path};

use assert_cmd::Command;
use mail_parser::MessageParser;
use tempfile::TempDir;
use vigie::{
    demo::inbox::Inbox,
    web::replay::{Answer, Replay},
};

use crate::app::{item, rss};

fn readme() -> String {
    read("README.md")
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("a file of the project")
}

/// The lines of the fenced blocks of one language.
fn blocks(language: &str) -> Vec<String> {
    let text = readme();
    let mut out = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        match line.strip_prefix("```") {
            Some(name) => inside = !inside && name == language,
            None if inside => out.push(line.to_owned()),
            None => {}
        }
    }
    out
}

/// A shell's words: double quotes group, nothing else is special.
fn words(line: &str) -> Vec<String> {
    let parts = line.split('"').enumerate();
    let mut out = Vec::new();
    for (n, part) in parts {
        if n % 2 == 1 {
            out.push(part.to_owned());
        } else {
            out.extend(part.split_whitespace().map(String::from));
        }
    }
    out
}

#[test]
fn the_two_commands_come_first() {
    let lines = blocks("sh");
    assert_eq!(lines[..2], ["cargo run --release -- demo", "cargo test"]);
}

/// Every `vigie …` line, in order, in one folder; with a local source and a local mail server in place of real ones.
#[tokio::test(flavor = "multi_thread")]
async fn its_commands_work_in_their_order() {
    let dir = TempDir::new().expect("a folder");
    let web =
        Replay::start([("/a", Answer::ok("application/rss+xml", rss(&[item(1, "Un", "x")])))]).await.expect("a server");
    let inbox = Inbox::start(None).await.expect("a server");
    let source = format!("[[source]]\nid = \"cert-fr-avis\"\nurl = \"{}\"\nallow_private = true\n", web.url("/a"));
    let page =
        "<main><article><h2><a href=\"https://ville.example/1\">Un</a></h2><time>2023-08-29</time></article></main>";
    let list =
        "<opml version=\"2.0\"><body><outline text=\"Ville\" xmlUrl=\"https://ville.example/flux\"/></body></opml>";
    let settings = format!(
        "[mail]\nfrom = \"Veille <veille@example.fr>\"\n[mail.smtp]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\n",
        inbox.address().port()
    );
    let run = move || {
        let mut folder = dir.path().to_owned();
        let mut done = 0;
        for line in blocks("sh") {
            let words = words(&line);
            match words.first().map(String::as_str) {
                Some("cd") => folder.push(&words[1]),
                Some("vigie") => {
                    Command::cargo_bin("vigie")
                        .expect("the binary")
                        .current_dir(&folder)
                        .args(&words[1..])
                        .assert()
                        .code(0);
                    done += 1;
                    if words[1] == "init" {
                        let made = folder.join(&words[2]);
                        fs::write(made.join("sources.toml"), &source).expect("a file");
                        fs::write(made.join("vigie.toml"), &settings).expect("a file");
                        fs::write(made.join("page.html"), page).expect("a file");
                        fs::write(made.join("liste.opml"), list).expect("a file");
                    }
                }
                _ => {}
            }
        }
        done
    };
    assert!(tokio::task::spawn_blocking(run).await.expect("the commands") >= 10);
}

#[test]
fn the_sample_is_what_the_demonstration_sends() {
    let dir = TempDir::new().expect("a folder");
    Command::cargo_bin("vigie").expect("the binary").current_dir(dir.path()).args(["demo", "--once"]).assert().code(0);
    let mail = fs::read_dir(dir.path().join("vigie-demo/mail")).expect("the messages");
    let texts: Vec<String> = mail
        .map(|entry| fs::read(entry.expect("an entry").path()).expect("a message"))
        .map(|bytes| {
            let message = MessageParser::default().parse(&bytes).expect("a message");
            message.body_text(0).expect("a text part").replace("\r\n", "\n")
        })
        .collect();
    let sample = blocks("text").join("\n");
    let shown: Vec<&str> = sample.split("[…]\n").map(str::trim).filter(|part| !part.is_empty()).collect();
    assert!(sample.lines().count() > 20);
    let whole = texts.iter().any(|text| shown.iter().all(|part| text.contains(part)));
    assert!(whole, "no message of the demonstration holds the sample of README.md");
}

#[test]
fn every_setting_of_the_tables_is_known_and_every_known_one_is_in_them() {
    let text = readme();
    let init = read("src/config/init/vigie.toml");
    let mut table = String::new();
    for line in init.lines() {
        let line = line.trim_start_matches('#').trim();
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            table = name.to_owned();
        } else if let Some((key, _)) =
            line.split_once(" = ").filter(|(key, _)| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        {
            let shown = text.lines().any(|row| {
                let first = row.strip_prefix("| ").and_then(|row| row.split(" | ").next()).unwrap_or("");
                let of = if table.is_empty() { !first.contains('[') } else { first.contains(&format!("[{table}]")) };
                let last = first.contains(&format!("`{key}`")) || first.contains(&format!(" {key}`"));
                (of || first.contains(&format!("[{table}]"))) && last
            });
            assert!(shown, "`{key}` of `[{table}]` is not in the tables of README.md");
        }
    }
}

#[test]
fn every_file_it_names_is_there() {
    for link in readme().split("](").skip(1) {
        let path = link.split(')').next().unwrap_or("");
        if !path.starts_with("http") {
            assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists(), "{path}");
        }
    }
}
