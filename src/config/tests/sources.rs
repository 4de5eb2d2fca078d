//! The keys of `[[source]]`: what they are read as, and what is said of each mistake.

use std::time::Duration;

use super::*;
use crate::model::{Archive, ArchiveFormat, Brings, Details, Expression, Field, Mapping, Markup, Source};

/// Sources of several kinds in which most keys stand once, to be written wrongly.
pub(super) const EVERY_KEY: &str = r#"
[[source]]
id = "mails"
url = "https://a.fr/{%Y%m%d}"
kind = "csv"
title = "{Titre} - {N°}"
require = ["Date"]
natures = { "Loi" = "jorf" }
delimiter = ";"
comment = "%"
charset = "iso-8859-1"
newest = '^J_\d{8}\.zip$'
archive = "zip"
members = '\.csv$'
max_age = "60d"
body_cap = "64MiB"
hosts = { "b.a.fr" = "a.fr" }
post = '{"n": [1, "é"]}'
[source.oauth]
token_url = "https://a.fr/token"
client_id = "i"
client_secret = "s"
[source.details]
url = "{link}json/"
kind = "json"
summary = "/a/*/b~1c"
[[source]]
id = "pages"
url = "https://a.fr/x"
kind = "html"
item = "main > li:has(a)"
title = "h2"
link = "a[href$='.pdf']@href"
[[source]]
id = "links"
url = "https://a.fr/y"
kind = "links"
pattern = ['(?<date>\d{8})', '(?<title>[^/]+?)\.pdf$']
[[source]]
id = "texts"
url = "https://a.fr/z"
kind = "xml"
item = "//TEXTE"
title = "/TEXTE/@titre"
"#;

/// One source with these lines, and tables after them.
fn written(lines: &str) -> String {
    format!("[[source]]\nid = \"a\"\nurl = \"https://a.fr/\"\n{lines}\n")
}

fn source(lines: &str) -> Source {
    config("", &written(lines)).sources.remove(0)
}

/// Messages without whose they are, which every one says.
fn told(lines: &str) -> String {
    let all = messages("", &written(lines));
    assert!(all.iter().all(|message| message.contains("of source `a`")), "{all:?}");
    all.join("; ").replace(" of source `a`", "")
}

fn place(text: &str) -> Expression {
    Expression::place(text)
}

#[test]
fn each_kind_is_read_with_its_fields() {
    let mapped = |fields: &[(Field, &str)]| {
        let fields = fields.iter().map(|(field, place)| (*field, Expression::parse(place).unwrap()));
        Mapping { fields: fields.collect(), ..Mapping::default() }
    };
    let html = mapped(&[(Field::Title, "h2"), (Field::Link, "a@href"), (Field::Category, "@data-theme")]);
    assert_eq!(
        source("kind = \"html\"\nitem = \"li\"\ntitle = \"h2\"\nlink = \"a@href\"\ncategory = \"@data-theme\"").kind,
        Kind::Html(Mapping { item: Some("li".into()), ..html })
    );
    let json = mapped(&[(Field::Title, "/t"), (Field::Guid, "/id"), (Field::Link, "https://a.fr/{/id}-{/b/0}/")]);
    assert_eq!(
        source("kind = \"json\"\ntitle = \"/t\"\nguid = \"/id\"\nlink = 'https://a.fr/{/id}-{/b/0}/'\nrequire = ['/ok']\nmarkup = 'markdown'").kind,
        Kind::Json(Mapping { require: vec![place("/ok")], markup: Markup::Markdown, ..json })
    );
    let xml = mapped(&[(Field::Title, "/TEXTE/TITRE"), (Field::Date, "//D/@le"), (Field::Category, "/TEXTE/NATURE")]);
    let natures = [("Loi".to_owned(), Nature::Jorf), ("Avis et communications".to_owned(), Nature::Doc)].into();
    assert_eq!(
        source("kind = 'xml'\nitem = '/TEXTE'\ntitle = '/TEXTE/TITRE'\ndate = '//D/@le'\ncategory = '/TEXTE/NATURE'\nnatures = { 'Loi' = 'jorf', 'Avis et communications' = 'doc' }").kind,
        Kind::Xml(Mapping { item: Some("/TEXTE".into()), natures, ..xml })
    );
    let Kind::Csv(mapping, dialect) = source(
        "kind = 'csv'\ntitle = '{N°} - {Titre}'\nrequire = ['Date de réponse JO']\ndelimiter = ';'\ncomment = '%'\ncharset = 'ISO-8859-1'",
    )
    .kind
    else {
        panic!("no table")
    };
    assert_eq!(mapping.fields[&Field::Title].places().collect::<Vec<_>>(), ["N°", "Titre"]);
    assert_eq!(
        (dialect.delimiter, dialect.comment, dialect.charset.as_deref()),
        (b';', Some(b'%'), Some("ISO-8859-1"))
    );
    let Kind::Csv(_, dialect) = source("kind = 'csv'\ntitle = 'T'\ndelimiter = 'tab'").kind else { panic!("no table") };
    assert_eq!((dialect.delimiter, dialect.comment, dialect.charset), (b'\t', None, None));
}

#[test]
fn links_are_chosen_by_patterns() {
    let written = |kind: Kind| match kind {
        Kind::Links(patterns) => patterns.iter().map(|p| p.as_str().to_owned()).collect::<Vec<_>>(),
        Kind::Sitemap(pattern) => pattern.iter().map(|p| p.as_str().to_owned()).collect(),
        other => panic!("{other:?}"),
    };
    assert_eq!(written(source("kind = 'links'\npattern = '\\.pdf$'").kind), [r"\.pdf$"]);
    assert_eq!(
        written(source("kind = 'links'\npattern = ['(?<date>\\d{8})', '(?<title>.+)-(?<guid>\\d+)']").kind),
        [r"(?<date>\d{8})", r"(?<title>.+)-(?<guid>\d+)"]
    );
    assert_eq!(written(source("kind = 'sitemap'").kind), [""; 0]);
    assert_eq!(written(source("kind = 'sitemap'\npattern = '/actualites/'").kind), ["/actualites/"]);
}

#[test]
fn a_source_says_how_it_is_asked_and_what_of_it_is_read() {
    let read = source(
        "newest = '^J_\\d+\\.tar\\.gz$'\narchive = 'tar.gz'\nmembers = '\\.xml$'\nmax_age = '60d'\nbody_cap = '64MiB'\n\
         total_timeout = '10min'\npost = ' {\"n\": 5} '\nhosts = { 'Old.a.fr' = 'a.fr' }\ndetails = 'text'",
    );
    assert_eq!(read.newest.as_ref().map(|p| p.as_str()), Some(r"^J_\d+\.tar\.gz$"));
    assert!(
        matches!(&read.archive, Some(Archive { format: ArchiveFormat::TarGz, members: Some(m) }) if m.as_str() == r"\.xml$")
    );
    assert_eq!((read.max_age, read.details), (Some(Duration::from_secs(60 * 86_400)), Some(Details::FullText)));
    assert_eq!(read.hosts.into_iter().collect::<Vec<_>>(), [("old.a.fr".to_owned(), "a.fr".to_owned())]);
    let asking = read.asking;
    assert_eq!((asking.body_cap, asking.total_timeout), (Some(64 << 20), Some(Duration::from_secs(600))));
    assert_eq!((asking.post.as_deref(), asking.oauth), (Some("{\"n\": 5}"), None));
    let zip = source("archive = 'zip'").archive;
    assert_eq!(zip, Some(Archive { format: ArchiveFormat::Zip, members: None }));
}

#[test]
fn details_stand_at_an_address_made_of_what_was_read() {
    let read = |lines: &str| match source(lines).details {
        Some(Details::Mapped { url, kind }) => (url.places().map(str::to_owned).collect::<Vec<_>>(), *kind),
        other => panic!("{other:?}"),
    };
    let (places, kind) =
        read("[source.details]\nurl = '{link}json/'\nkind = 'json'\ncontent = '/content'\nmarkup = 'markdown'");
    assert_eq!((places, kind.as_str()), (vec!["link".to_owned()], "json"));
    let (places, _) = read(
        "kind = 'json'\ntitle = '/t'\n[source.details]\nurl = 'https://a.fr/{/n}/{guid}'\nkind = 'html'\nitem = 'main'\nsummary = 'p'",
    );
    assert_eq!(places, ["/n", "guid"]);
}

#[test]
fn an_address_may_hold_a_day() {
    let with = |url: &str| messages("", &format!("[[source]]\nid = \"a\"\nurl = \"{url}\"\n")).join("; ");
    let sources = config("", "[[source]]\nid = \"a\"\nurl = \"https://a.fr/?date={%Y%m%d}\"\n").sources;
    assert_eq!(sources[0].url.on(jiff::civil::date(2026, 11, 23)).as_str(), "https://a.fr/?date=20261123");
    for (url, message) in [
        ("https://a.fr/{id}", "cannot be taken: `{id}` is no form of a date, such as `{%Y%m%d}`"),
        ("https://a.fr/{%Y", "cannot be taken: a `{` is never closed"),
        ("a.fr/{%Y}", "must be a whole web address, with `https://` at its beginning"),
        ("ftp://a.fr/{%Y}", "must be a web address, not one that begins with `ftp:`"),
        ("http://10.0.0.1/{%Y}", "must not name this machine or a private network, as `10.0.0.1` does"),
    ] {
        assert_eq!(with(url), format!("`url` of source `a` {message}"), "{url}");
    }
    let twice =
        "[[source]]\nid = \"a\"\nurl = \"http://a.fr/{%Y}\"\n[[source]]\nid = \"b\"\nurl = \"https://a.fr/{%Y}#x\"\n";
    assert_eq!(messages("", twice), ["`url` of source `b` must be its own: this address is watched twice"]);
}

#[test]
fn credentials_come_from_files_or_the_environment() {
    let oauth = "[source.oauth]\ntoken_url = 'https://oauth.a.fr/token'\nscope = 'openid'\n";
    let read = |lines: &str, env: &[(&str, &str)]| {
        load_with("", &written(&format!("{oauth}{lines}")), env).map(|config| {
            assert!(!format!("{config:?}").contains("from "), "a secret is never printed");
            config.sources[0].asking.oauth.clone().map(|o| (o.client_id, o.client_secret, o.scope)).unwrap()
        })
    };
    let scope = Some("openid".to_owned());
    assert_eq!(
        read("client_id = 'from text'\nclient_secret_file = 'secret'", &[]),
        Ok(("from text".into(), "from file".into(), scope.clone()))
    );
    let env = [("VIGIE_A_CLIENT_ID", "from env"), ("VIGIE_A_CLIENT_SECRET", "from env")];
    assert_eq!(read("", &env), Ok(("from env".into(), "from env".into(), scope)));
    let problems = read("client_secret = 'hunter2'\nclient_secret_file = 'secret'", &[]).unwrap_err().to_string();
    insta::assert_snapshot!(problems, @r"
    error: `client_id` in `[source.oauth]` of source `a` is missing
     --> sources.toml:4:1
      |
    4 | [source.oauth]
      | ^^^^^^^^^^^^^^
    hint: set `client_id_file`, or `VIGIE_A_CLIENT_ID` in the environment

    error: `client_secret` in `[source.oauth]` of source `a` and `client_secret_file` are both set
     --> sources.toml:7:17
      |
    7 | client_secret = …
      |                 ^
    hint: keep `client_secret_file`, and take the client secret out of this file

    2 problems
    ");
    // What is put aside does without.
    let aside = written(&format!("enabled = false\n{oauth}client_id_file = 'gone'\nclient_secret_file = 'gone'"));
    assert_eq!(messages("", &aside), Vec::<String>::new());
    assert_eq!(messages("", &aside.replace("enabled = false", "")).len(), 2);
    assert_eq!(
        messages("", &written("[source.oauth]\ntoken_url = 'http://a.fr/t'\nclient_id = 'i'\nclient_secret = ''")),
        [
            "`token_url` in `[source.oauth]` of source `a` must begin with `https://`: the secret would travel in clear",
            "`client_secret` in `[source.oauth]` of source `a` holds nothing",
        ]
    );
}

#[test]
fn what_has_no_effect_is_refused() {
    for (lines, expected) in [
        ("title = 'h2'", "`title` has no effect on a feed"),
        ("require = ['x']", "`require` has no effect on a feed"),
        ("pattern = 'x'", "`pattern` has no effect on a feed"),
        ("charset = 'utf-8'", "`charset` has no effect on a feed"),
        ("kind = 'links'\npattern = 'x'\nitem = 'li'", "`item` has no effect with `kind = \"links\"`"),
        ("kind = 'sitemap'\nnatures = {}", "`natures` has no effect with `kind = \"sitemap\"`"),
        ("kind = 'html'\nitem = 'li'\ntitle = 'a'\npattern = 'x'", "`pattern` has no effect with `kind = \"html\"`"),
        ("kind = 'json'\ntitle = '/t'\ndelimiter = ';'", "`delimiter` has no effect with `kind = \"json\"`"),
        ("kind = 'csv'\ntitle = 't'\nitem = 'x'", "`item` has no effect on a table, whose rows are the documents"),
        ("members = 'x'", "`members` has no effect without `archive`"),
        ("kind = 'links'\npattern = '(?<day>x)'", "`pattern` names a group `day`, which is no field"),
        ("newest = '(?<date>x)'", "`newest` names a group `date`, which is no field"),
    ] {
        assert_eq!(told(lines), expected, "{lines}");
    }
}

#[test]
fn each_mistake_is_told_in_its_own_words() {
    for (lines, expected) in [
        ("kind = 'pdf'\ntitle = 'h2'", "`kind` must be a kind, not `pdf`"),
        ("kind = 'json'", "`title` is missing, and `kind = \"json\"` needs it"),
        ("kind = 'csv'", "`title` is missing, and `kind = \"csv\"` needs it"),
        ("kind = 'links'", "`pattern` is missing, and `kind = \"links\"` needs it"),
        ("kind = 'links'\npattern = []", "`pattern` must hold a pattern"),
        ("kind = 'links'\npattern = ''", "`pattern` must not be empty"),
        ("kind = 'links'\npattern = ['a', '(b']", "`pattern` is no regular expression: `(b`: unclosed group"),
        ("kind = 'links'\npattern = 3", "`pattern` must be a list of texts in quotes, not a whole number"),
        ("kind = 'json'\ntitle = 'title'", "`title` must be a place that begins with `/`, not `title`"),
        ("kind = 'json'\ntitle = '//t'", "`title` begins with `//`, which is of XML paths: JSON is read from its root"),
        ("kind = 'json'\ntitle = '/a~b'", "`title` has a `~` that is followed neither by `0` nor by `1`"),
        (
            "kind = 'json'\ntitle = '/t'\nlink = 'https://a.fr/{/id'",
            "`link` has a `{` without a place and a `}` after it",
        ),
        (
            "kind = 'json'\ntitle = '/t'\nlink = 'https://a.fr/{id}'",
            "`link` must be a place that begins with `/`, not `id`",
        ),
        ("kind = 'json'\ntitle = ' '", "`title` must not be empty"),
        ("kind = 'xml'\nitem = '/A/'\ntitle = '/A'", "`item` has a `/` after which no element is named"),
        ("kind = 'xml'\nitem = '/A'\ntitle = '/A/@b/c'", "`title` goes on after the attribute `@b`"),
        ("kind = 'xml'\nitem = '/A'\ntitle = '/A[1]'", "`title` names an element `A[1]`, which cannot be"),
        ("kind = 'html'\nitem = 'li'\ntitle = 'h2::x'", "`title` is no CSS selector: a stray `::`"),
        ("kind = 'html'\nitem = 'li'\ntitle = 'h2'\nguid = 'a[@id'", "`guid` lacks a `]`"),
        ("kind = 'csv'\ntitle = 'T'\ndelimiter = ';;'", "`delimiter` must be one character, not `;;`"),
        ("kind = 'csv'\ntitle = 'T'\ncomment = '°'", "`comment` must be one character, not `°`"),
        ("kind = 'csv'\ntitle = 'T'\ncomment = ','", "`comment` must not be what stands between two columns"),
        ("kind = 'csv'\ntitle = 'T'\ncharset = 'latin'", "`charset` must be the name of an encoding, not `latin`"),
        ("kind = 'csv'\ntitle = 'T'\nmarkup = 'rst'", "`markup` must be a way to write text, not `rst`"),
        ("kind = 'csv'\ntitle = 'T'\nnatures = { a = 'loi' }", "`natures` must be a nature, not `loi`"),
        ("kind = 'csv'\ntitle = 'T'\nnatures = { a = 3 }", "`natures` must hold texts in quotes, which `a` is not"),
        ("kind = 'csv'\ntitle = 'T'\nnatures = 'jorf'", "`natures` must be a table of texts in quotes, not a text"),
        ("kind = 'csv'\ntitle = 'T'\nrequire = 'x'", "`require` must be a list of texts in quotes, not a text"),
        ("archive = 'rar'", "`archive` must be a format of archives, not `rar`"),
        ("max_age = '1h'", "`max_age` must not be `1h`"),
        ("body_cap = '2GiB'", "`body_cap` must be a size, not `2GiB`"),
        ("hosts = { 'https://a.fr' = 'b.fr' }", "`hosts` must hold names of hosts, not `https://a.fr`"),
        ("post = '{n: 5}'", "`post` must be JSON: key must be a string at line 1 column 2"),
        ("details = 'all'", "`details` must be `text`, or a table `[source.details]`, not `all`"),
        ("details = 3", "`details` must be text in quotes, not a whole number"),
    ] {
        assert_eq!(told(lines), expected, "{lines}");
    }
}

#[test]
fn mistakes_in_details_are_told() {
    let told = |lines: &str| told(&format!("[source.details]\n{lines}")).replace(" in `[source.details]`", "");
    for (lines, expected) in [
        ("", "`url` is missing; `kind` is missing"),
        ("url = '{link}'\nkind = 'csv'", "`kind` must be a kind of details, not `csv`"),
        ("url = '{link}'\nkind = 'json'", "`kind` has no field to read"),
        ("url = '{link}'\nkind = 'json'\ntext = '/x'", "unknown key `text`; `kind` has no field to read"),
        (
            "url = '{titre}'\nkind = 'json'\ntitle = '/t'",
            "`url` has a place `titre`, which `kind = \"feed\"` does not have",
        ),
        (
            "url = 'https://a.fr/'\nkind = 'json'\ntitle = '/t'",
            "`url` must hold a place in braces, or it is the same for every document",
        ),
        (
            "url = 'x/{link}'\nkind = 'json'\ntitle = '/t'",
            "`url` must begin with `https://` or with a place that holds a whole address",
        ),
        ("url = '{link'\nkind = 'json'\ntitle = '/t'", "`url` has a `{` without a place and a `}` after it"),
        ("url = '{link}'\nkind = 'json'\ntitle = 't'", "`title` must be a place that begins with `/`, not `t`"),
        (
            "url = '{link}'\nkind = 'json'\ncontent = '{/a} {b}'",
            "`content` must be a place that begins with `/`, not `b`",
        ),
        ("url = '{link}'\nkind = 'xml'\ncontent = '/a//'", "`content` has a `/` after which no element is named"),
        ("url = '{link}'\nkind = 'html'\ncontent = 'h2::text'", "`content` is no CSS selector: a stray `::`"),
        ("url = '{link}'\nkind = 'html'\nitem = 'h2::text'\ncontent = 'p'", "`item` is no CSS selector: a stray `::`"),
    ] {
        let mut all: Vec<_> = told(lines).split("; ").map(str::to_owned).collect();
        let mut expected: Vec<_> = expected.split("; ").map(str::to_owned).collect();
        all.sort();
        expected.sort();
        assert_eq!(all, expected, "{lines}");
    }
}

#[test]
fn a_source_may_bring_what_is_exploited_instead_of_notices() {
    assert_eq!(source("").brings, Brings::Notices);
    let exploited = "brings = \"exploited\"\nkind = \"csv\"\ntitle = \"cve\"";
    assert_eq!(source(exploited).brings, Brings::Exploited);
    assert_eq!(told("brings = \"news\""), "`brings` must be what a source brings, not `news`");
    let told = told(&format!("{exploited}\nnature = \"avis\"\nauthority = \"foreign\"\ndetails = \"text\""));
    let lost = |key: &str| format!("`{key}` has no effect with `brings = \"exploited\"`");
    assert_eq!(told, ["nature", "authority", "details"].map(lost).join("; "));
}
