//! A file of one's own that says how operators of mailboxes are written to.

use std::fs;

use assert_cmd::Command;
use tempfile::TempDir;

/// `vigie check` with these operators: its exit code, and what it says.
fn check(operators: Option<&str>) -> (i32, String) {
    let dir = TempDir::new().expect("a folder");
    let settings = "[mail]\nfrom = \"veille@example.fr\"\noperators = \"operateurs.toml\"\n";
    fs::write(dir.path().join("vigie.toml"), settings).expect("a file");
    if let Some(text) = operators {
        fs::write(dir.path().join("operateurs.toml"), text).expect("a file");
    }
    let out = Command::new(env!("CARGO_BIN_EXE_vigie")).current_dir(dir.path()).arg("check").output().expect("a run");
    let said = String::from_utf8_lossy(&out.stderr).into_owned() + &String::from_utf8_lossy(&out.stdout);
    (out.status.code().unwrap_or_default(), said)
}

#[test]
fn what_is_wrong_in_it_is_told_with_line_and_hint() {
    let (code, said) = check(Some("[[operator]]\nid = \"orange\"\n\nconections = 2\n"));
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("operateurs.toml:4:1") && said.contains("did you mean `connections`?"), "{said}");
    let (code, said) = check(Some("[[operator]]\nid = \"sictiam\"\nname = \"SICTIAM\"\nmx = []\nrate = \"vite\"\n"));
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("2 problems") && said.contains("`100/min`"), "{said}");
}

#[test]
fn one_that_is_right_is_taken_and_one_that_is_missing_is_named() {
    let (code, said) = check(Some("[[operator]]\nid = \"orange\"\nconnections = 1\n"));
    assert_eq!(code, 0, "{said}");
    let (code, said) = check(None);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("vigie.toml:3") && said.contains("names a file that is not there"), "{said}");
}
