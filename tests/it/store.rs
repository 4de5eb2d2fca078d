//! The database: what it refuses, what it keeps, and that no question of every day reads a whole table.

use std::fs;

use tempfile::TempDir;
use vigie::store::{Store, StoreError, settings};

#[test]
fn a_database_of_a_newer_version_is_refused_with_both_versions_and_left_alone() {
    let dir = TempDir::new().expect("a folder");
    let path = dir.path().join("vigie.db");
    drop(Store::open(&path).expect("a database"));
    // Offset 60 of the header is `PRAGMA user_version` (https://www.sqlite.org/fileformat2.html).
    let mut bytes = fs::read(&path).expect("the file");
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(&path, &bytes).expect("the file");
    let error = Store::open(&path).err().expect("a refusal");
    assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
    assert!(error.to_string().contains("schema 99") && error.to_string().contains("hint:"), "{error}");
    assert_eq!(fs::read(&path).expect("the file"), bytes);
}

#[test]
fn a_file_that_is_no_database_is_refused_by_name() {
    let dir = TempDir::new().expect("a folder");
    let path = dir.path().join("vigie.db");
    fs::write(&path, "Bonjour, je ne suis pas une base. ".repeat(100)).expect("a file");
    let error = Store::open(&path).err().expect("a refusal");
    assert!(matches!(error, StoreError::NotADatabase { .. }), "{error}");
}

#[test]
fn what_fails_half_way_leaves_no_trace() {
    let dir = TempDir::new().expect("a folder");
    let store = Store::open(&dir.path().join("vigie.db")).expect("a database");
    let failed: Result<(), StoreError> = store.write(|tx| {
        settings::set(tx, "a", "1")?;
        Err(StoreError::Value { what: "a test", value: String::from("b") })
    });
    assert!(failed.is_err());
    assert_eq!(store.read(|db| settings::get(db, "a")).expect("a read"), None);
    store.write(|tx| settings::set(tx, "a", "2")).expect("a write");
    assert_eq!(store.read(|db| settings::get(db, "a")).expect("a read").as_deref(), Some("2"));
}

#[test]
fn a_part_that_fails_is_undone_alone() {
    let dir = TempDir::new().expect("a folder");
    let store = Store::open(&dir.path().join("vigie.db")).expect("a database");
    let parts = store.write(|tx| {
        let part = |name: &str, value: &str| {
            tx.part(|tx| {
                settings::set(tx, name, value)?;
                match value {
                    "bad" => Err(StoreError::Value { what: "a test", value: value.to_owned() }),
                    _ => Ok(()),
                }
            })
        };
        Ok([part("a", "1"), part("b", "bad"), part("c", "3")].map(|part| part.is_ok()))
    });
    assert_eq!(parts.expect("a write"), [true, false, true]);
    let kept = |name: &str| store.read(|db| settings::get(db, name)).expect("a read");
    assert_eq!([kept("a"), kept("b"), kept("c")], [Some("1".into()), None, Some("3".into())]);
}

#[test]
fn two_programs_can_open_a_new_database_at_once() {
    let dir = TempDir::new().expect("a folder");
    let path = dir.path().join("vigie.db");
    let opened: Vec<bool> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| Store::open(&path).is_ok())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or(false)).collect()
    });
    assert_eq!(opened, [true; 4]);
}

/// Every statement of `src/store`, asked for its plan: none may read a whole table, but for the lists that a person
/// asks for and the tables that hold a line a source.
#[test]
fn no_hot_statement_scans_a_table() {
    // Tables with a line a source or a host; lists that a person asks for; orders that a limit cuts short.
    let allowed = [
        "SCAN source",
        "SCAN host",
        "SCAN robots",
        "SCAN subscriber",
        "SCAN suppression",
        "SCAN notice",
        "SCAN bulletin",
        "SCAN story",
        "SCAN delivery USING COVERING INDEX",
        "SCAN search_pending",
        "SCAN likeness_pending",
        // Along the words that are looked for.
        "SCAN search VIRTUAL TABLE INDEX",
        // No table: some hundred matches, cut short by a limit.
        "SCAN c",
        // No table: one row that is given.
        "SCAN CONSTANT ROW",
        // Of all suspicions, this holds only those that wait for an editor.
        "SCAN s USING INDEX suspicion_open",
        // Of all alarms, these hold only those that are open, or untold.
        "SCAN alarm USING INDEX alarm_open",
        "SCAN alarm USING INDEX alarm_untold",
        "SCAN alarm USING INDEX alarm_end_untold",
        // And so of storms.
        "SCAN storm USING INDEX storm_open",
        "SCAN storm USING INDEX storm_untold",
        "SCAN storm USING INDEX storm_end_untold",
    ];
    let dir = TempDir::new().expect("a folder");
    let store = Store::open(&dir.path().join("vigie.db")).expect("a database");
    let (mut seen, mut scans) = (0, Vec::new());
    for sql in statements() {
        let plan = store.read(|db| db.plan(&sql)).unwrap_or_else(|error| panic!("{sql}: {error}"));
        seen += 1;
        for step in plan.into_iter().filter(|step| step.starts_with("SCAN")) {
            let fine = allowed.iter().any(|scan| step.starts_with(scan));
            // Of a table that grows, a scan goes along the key and stops at the limit.
            let grows = ["notice", "story", "bulletin", "search_pending", "likeness_pending"];
            let grows = grows.iter().any(|table| step.starts_with(&format!("SCAN {table}")));
            if !fine || (grows && !sql.contains("LIMIT")) {
                scans.push(format!("{step}\n{sql}"));
            }
        }
    }
    assert!(seen > 30, "only {seen} statements were found");
    assert!(scans.is_empty(), "{}", scans.join("\n\n"));
}

/// The literals that begin like SQL, with the constants that they name put in.
fn statements() -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = fs::read_to_string(path).expect("a file");
        let literals: Vec<&str> = text.split('"').skip(1).step_by(2).collect();
        let constants: Vec<(String, &str)> = text
            .match_indices("const ")
            .filter_map(|(at, _)| {
                let rest = &text[at + 6..];
                let name: String = rest.chars().take_while(|c| c.is_ascii_uppercase()).collect();
                let value = rest.split('"').nth(1)?;
                (!name.is_empty() && value.contains("SELECT")).then_some((format!("{{{name}}}"), value))
            })
            .collect();
        for literal in literals {
            let mut sql = literal.to_owned();
            constants.iter().for_each(|(name, value)| sql = sql.replace(name, value));
            let begins = ["SELECT", "INSERT", "UPDATE", "DELETE"].iter().any(|word| sql.trim_start().starts_with(word));
            // A constant is only the beginning of the statements that name it.
            let whole = constants.iter().all(|(_, value)| *value != literal);
            if begins && whole && sql.contains(' ') && !sql.contains('{') {
                found.push(sql);
            }
        }
    }
    found
}
