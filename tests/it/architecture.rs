//! The layout of `src/lib.rs`, held: imports go down the rows, each outside library has one home, the core is pure,
//! SQL stands in `store`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Each top-level module and its row. A new one must be given a row here and in `src/lib.rs`.
const ROWS: [(&str, usize); 25] = [
    ("clock", 1),
    ("model", 1),
    ("text", 1),
    ("normalise", 2),
    ("token", 2),
    ("alarm", 3),
    ("bulletin", 3),
    ("classify", 3),
    ("config", 3),
    ("dedup", 3),
    ("extract", 3),
    ("schedule", 3),
    ("shaping", 3),
    ("publish", 4),
    ("render", 4),
    ("dns", 5),
    ("fetch", 5),
    ("files", 5),
    ("mail", 5),
    ("sandbox", 5),
    ("store", 5),
    ("work", 6),
    ("web", 7),
    ("daemon", 8),
    ("demo", 8),
];
const TOP: (&str, usize) = ("cli", 9);

/// Outside libraries and the only places (modules, or files) that may name each.
const HOMES: [(&str, &str); 15] = [
    ("reqwest", "fetch"),
    ("hickory_resolver", "fetch dns.rs"),
    ("lettre", "mail"),
    ("axum", "web"),
    ("hyper", "web"),
    ("hyper_util", "web"),
    ("clap", "cli"),
    ("scraper", "extract"),
    ("feed_rs", "extract"),
    ("dom_smoothie", "extract"),
    ("pdf_extract", "extract"),
    ("rustix", "sandbox files.rs daemon.rs"),
    ("minijinja", "render"),
    ("rust_stemmers", "normalise/terms.rs"),
    ("rusqlite", "store/engine.rs"),
];

/// What the pure rows may not mention.
const OUTSIDE: [&str; 8] =
    ["tokio", "reqwest", "rusqlite", "std::fs", "std::net::Tcp", "now()", "getrandom", "SystemTime"];

struct File {
    /// Relative to `src`, with forward slashes.
    path: String,
    module: String,
    /// Without comments and tests.
    code: String,
    /// As it stands.
    text: String,
}

fn files() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    paths.sort();
    paths
        .into_iter()
        .filter_map(|path| {
            let text = fs::read_to_string(&path).expect("a source file");
            let relative = path.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/");
            let module = relative.split('/').next().unwrap_or("").trim_end_matches(".rs").to_owned();
            (!["main", "lib"].contains(&module.as_str())).then(|| File {
                path: relative,
                module,
                code: code(&text),
                text,
            })
        })
        .collect()
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// What the compiler sees outside of tests, roughly: line comments go, and so does an inline tests module, which
/// stands last in its file.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = text.lines().map(|line| match line.find("//") {
        Some(at) if !line[..at].ends_with(':') => &line[..at],
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn row(module: &str) -> usize {
    ROWS.iter()
        .chain([&TOP])
        .find(|(name, _)| *name == module)
        .unwrap_or_else(|| panic!("the module `{module}` has no row: give it one"))
        .1
}

/// The top-level modules that a file names: `crate::x`, and inside `use crate::{x, y::…}`.
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => found.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()),
            Some(group) => {
                let mut depth = 0;
                let mut name = String::new();
                for c in group.chars() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => found.push(std::mem::take(&mut name)),
                        c if depth == 0 => name.push(c),
                        _ => {}
                    }
                }
                found.push(name);
            }
        }
    }
    found
        .into_iter()
        .map(|name: String| name.split("::").next().unwrap_or("").trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn imports_go_down_the_rows_and_never_to_a_sibling() {
    let wrong: Vec<String> = files()
        .iter()
        .flat_map(|file| {
            let here = row(&file.module);
            imports(&file.code)
                .into_iter()
                .filter(move |name| *name != file.module && row(name) >= here)
                .map(|name| format!("{} imports `{name}`", file.path))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_module_of_the_map_exists() {
    let modules: BTreeMap<String, ()> = files().into_iter().map(|file| (file.module, ())).collect();
    for (name, _) in ROWS.iter().chain([&TOP]) {
        assert!(modules.contains_key(*name), "`{name}` is in the map and not in src");
    }
}

#[test]
fn each_outside_library_has_one_home() {
    let mut wrong = Vec::new();
    for file in files() {
        for (library, home) in HOMES {
            let names = file.code.contains(&format!("{library}::"));
            if names && !home.split(' ').any(|home| [&*file.module, &*file.path].contains(&home)) {
                wrong.push(format!("{} names `{library}`, whose home is `{home}`", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_core_does_not_reach_out() {
    let mut wrong = Vec::new();
    for file in files().iter().filter(|file| row(&file.module) <= 4 && file.module != "clock") {
        if file.path.ends_with("/tests.rs") {
            continue;
        }
        // `use std::{fs, …}` names a module of std as much as `std::fs` does.
        let grouped = file.code.split("use std::{").skip(1).filter_map(|rest| rest.split(';').next());
        for name in grouped.flat_map(|group| group.split([',', '{', '}', ' ', '\n'])) {
            if ["fs", "fs::File", "process", "thread", "env"].contains(&name.trim()) {
                wrong.push(format!("{} uses `std::{name}`", file.path));
            }
        }
        for word in OUTSIDE {
            if file.code.contains(word) {
                wrong.push(format!("{} mentions `{word}`", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn sql_stands_in_store() {
    let wrong: Vec<String> = files()
        .iter()
        .filter(|file| file.module != "store")
        .filter(|file| ["SELECT ", "INSERT INTO", "UPDATE ", "DELETE FROM"].iter().any(|sql| file.code.contains(sql)))
        .map(|file| file.path.clone())
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn nothing_is_left_unfinished() {
    let marks =
        [["to", "do!("].concat(), ["unimple", "mented!("].concat(), ["TO", "DO"].concat(), ["FIX", "ME"].concat()];
    let wrong: Vec<String> = files()
        .iter()
        .filter(|file| marks.iter().any(|mark| file.text.contains(mark.as_str())))
        .map(|file| file.path.clone())
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_test_sees_imports() {
    assert_eq!(imports("use crate::{model::{A, B}, text};\ncrate::store::x()"), ["model", "text", "store"]);
}
