//! What readers see of what was found, and what an editor decides of it: relevance, moves between stories, several shelves,
//! and vulnerabilities that are exploited.

use std::{collections::BTreeSet, fs};

use assert_cmd::Command;
use mail_parser::MessageParser;
use predicates::{prelude::*, str::contains};
use vigie::{
    classify::Rules,
    config::{FirstLook, Reviewing},
    model::{
        Cadence, Hand, Nature, NoticeId, Placed, Preferences, Review, SectionId, Selection, Severity, Story, StoryId,
    },
    store::{
        bulletins, exploited, notices,
        pairs::{self, Suspected},
        reviews,
        stories::{self, Edit, Filter},
    },
    web::replay::Answer,
    work::{
        editor::{self, Editor},
        publish, regroup,
    },
};

use crate::app::{Item, TestApp, item};

/// Rules of which the points are known: those of the built-in ones may change.
const RULES: &str = r#"
[[section]]
id = "tic"
name = "TIC"
[[section]]
id = "finances"
name = "Finances"
[[section]]
id = "culture"
name = "Culture"
[[rule]]
name = "musée"
when = [{ title_has = ["musée"] }]
section = "culture"
also = ["finances"]
[[rule]]
name = "alerte"
when = [{ address_has = ["/alerte/"] }]
nature = "alerte"
severity = "critical"
[[relevance]]
name = "nomination d’une personne"
points = -10
when = [{ title_has = ["nomination"] }]
[[relevance]]
name = "communes"
points = 3
when = [{ text_has = ["communes"] }]
"#;

impl TestApp {
    fn story(&self, id: i64) -> Story {
        self.app.store.read(|db| stories::get(db, StoryId::new(id))).expect("a read").expect("the story")
    }

    fn listed(&self, filter: &Filter) -> Vec<i64> {
        let found = self.app.store.read(|db| stories::list(db, filter, 100)).expect("stories");
        found.into_iter().map(|story| story.id.get()).collect()
    }

    fn shown(&self, selection: &Selection) -> Vec<i64> {
        let found = self.app.store.read(|db| stories::shown(db, selection, None, 100)).expect("stories");
        found.into_iter().map(|story| story.id.get()).collect()
    }

    fn waiting(&self, cadence: Cadence) -> Vec<i64> {
        let found = self.app.store.read(|db| stories::waiting(db, cadence)).expect("stories");
        found.into_iter().map(|story| story.id.get()).collect()
    }

    /// Freezes a bulletin: the stories that it carries, and which of them are updates.
    fn again(&self, cadence: Cadence) -> Vec<(i64, bool)> {
        let Some(bulletin) = self.compose(cadence).map(|composed| composed.bulletin) else { return Vec::new() };
        let items = self.app.store.read(|db| bulletins::items(db, bulletin)).expect("its items");
        let mut items: Vec<(i64, bool)> = items.into_iter().map(|item| (item.story.get(), item.again)).collect();
        items.sort_unstable();
        items
    }

    /// The last decision of a story: what, by whom, why.
    fn decided(&self, id: i64) -> (String, String, String) {
        let last = self.app.store.read(|db| reviews::last(db, StoryId::new(id))).expect("a read").expect("a decision");
        (last.decision, last.by, last.because)
    }

    fn reasons(&self, notice: i64) -> Vec<String> {
        let reasons = self.app.store.read(|db| notices::reasons(db, NoticeId::new(notice))).expect("reasons");
        reasons.into_iter().map(|reason| format!("[{}] {}", reason.verdict, reason.because)).collect()
    }

    /// Gives a notice a relevance, as the rules would.
    fn weigh(&self, notice: i64, points: i64, because: &str) {
        self.sql(&format!(
            "UPDATE notice SET relevance = {points}, relevance_because = '{because}' WHERE id = {notice}"
        ));
    }

    /// What no verb does.
    fn sql(&self, statement: &str) {
        let done = self.app.store.write(|tx| tx.execute(statement, &[]));
        assert_eq!(done.expect("a write"), 1, "{statement}");
    }

    /// Moves notices without an editor, as recognising does.
    fn join(&self, moved: &[i64], to: i64) -> Vec<i64> {
        let ids: Vec<NoticeId> = moved.iter().map(|id| NoticeId::new(*id)).collect();
        let join = |tx: &vigie::store::Tx| {
            regroup::join(
                &self.app.config,
                tx,
                &ids,
                StoryId::new(to),
                Hand::Automatic,
                "Même événement : essai",
                self.now(),
            )
        };
        self.app.store.write(join).expect("a move").into_iter().map(NoticeId::get).collect()
    }

    fn merge(&self, into: i64, from: &[i64]) -> anyhow::Result<Story> {
        let from: Vec<StoryId> = from.iter().map(|id| StoryId::new(*id)).collect();
        editor::merge(&self.app, StoryId::new(into), &from, &marie(), "c’est le même")
    }

    fn split(&self, story: i64, notices: &[i64]) -> anyhow::Result<Story> {
        let notices: Vec<NoticeId> = notices.iter().map(|id| NoticeId::new(*id)).collect();
        editor::split(&self.app, StoryId::new(story), &notices, &marie(), "")
    }

    fn vigie(&self, args: &[&str]) -> assert_cmd::assert::Assert {
        let mut command = Command::cargo_bin("vigie").expect("the binary");
        command.current_dir(self.dir.path()).env("USER", "paul").args(args).assert()
    }
}

fn marie() -> Editor {
    Editor::named("marie").expect("a name")
}

fn section(id: &str) -> SectionId {
    SectionId::parse(id).expect("a section")
}

/// An installation that has read three documents of one source, and one of another.
async fn four() -> TestApp {
    let t = ruled(&["/a", "/b"]).await;
    t.serve("/a", &[item(1, "Un", "Premier texte"), item(2, "Deux", "Second texte"), item(3, "Trois", "Autre texte")]);
    t.serve("/b", &[item(4, "Quatre", "Texte de la seconde source")]);
    // One after the other, so that each document has the number of its item.
    t.crawl_one("a").await;
    t.crawl_one("b").await;
    assert_eq!(t.shown(&Selection::All), [4, 3, 2, 1]);
    t
}

/// An installation with these rules.
async fn ruled(paths: &[&str]) -> TestApp {
    let mut t = TestApp::watching(paths).await;
    let (rules, mistakes) = Rules::read(RULES);
    assert_eq!(mistakes, []);
    t.app.rules = rules;
    t
}

/// An installation that leaves out what is below this.
async fn strict(least: i32) -> TestApp {
    let mut t = ruled(&["/a"]).await;
    t.config().review = Reviewing { least_relevance: Some(least), first: FirstLook::Nobody };
    t
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_concern_local_authorities_is_left_out_with_the_reason_until_an_editor_lets_it_in() {
    let t = ruled(&["/a"]).await;
    t.serve("/a", &[item(1, "Arrêté portant nomination", "Il concerne les communes.")]);
    t.crawl().await;
    let (decision, by, because) = t.decided(1);
    assert_eq!((decision.as_str(), by.as_str()), ("rejected", "automatic"));
    let why = "nomination d’une personne (−10), communes (+3)";
    assert_eq!(because, format!("pertinence −7, seuil 0\u{a0}: {why}"));
    t.vigie(&["stories", "list", "--left-out"]).code(0).stdout(contains(why).and(contains("portant nomination")));
    t.vigie(&["notices", "explain", "1"]).code(0).stdout(contains(format!("pertinence : −7 ({why})")));
    assert_eq!((t.shown(&Selection::All), t.waiting(Cadence::Daily)), (vec![], vec![]));
    assert_eq!(t.listed(&Filter { review: Some(Review::Rejected), ..Filter::default() }), [1]);
    t.subscribe("maire@example.fr", Cadence::Daily);
    assert_eq!(t.compose(Cadence::Daily), None, "no bulletin carries it");

    editor::approve(&t.app, &[StoryId::new(1)], &marie(), "c’est notre préfet").expect("an approval");
    assert_eq!(t.decided(1), (String::from("approved"), String::from("marie"), String::from("c’est notre préfet")));
    assert_eq!(t.shown(&Selection::All), [1]);
    assert_eq!(t.compose(Cadence::Daily).map(|composed| composed.stories), Some(1));
    // Approved again, or rejected and approved: no bulletin carries it a second time.
    editor::approve(&t.app, &[StoryId::new(1)], &marie(), "").expect("an approval");
    editor::reject(&t.app, &[StoryId::new(1)], &marie(), "").expect("a rejection");
    assert_eq!((t.shown(&Selection::All), t.waiting(Cadence::Weekly)), (vec![], vec![]));
    editor::approve(&t.app, &[StoryId::new(1)], &marie(), "").expect("an approval");
    assert_eq!((t.waiting(Cadence::Daily), t.waiting(Cadence::Weekly)), (vec![], vec![1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_lets_in_what_only_its_relevance_kept_out_and_never_what_an_editor_did() {
    let t = ruled(&["/a"]).await;
    t.serve("/a", &[item(1, "Nomination d’un préfet", "x"), item(2, "Magistrature : nomination", "y")]);
    t.crawl().await;
    editor::reject(&t.app, &[StoryId::new(2)], &marie(), "").expect("a rejection");
    t.serve(
        "/a",
        &[item(1, "Arrêté sur un préfet", "Pour les communes"), item(2, "Magistrature", "Pour des communes")],
    );
    t.crawl().await;
    assert_eq!(t.decided(1).2, "pertinence 3, seuil 0\u{a0}: communes (+3)");
    assert_eq!((t.shown(&Selection::All), t.waiting(Cadence::Daily)), (vec![1], vec![1]));
    // What readers saw is not taken away by the rules.
    t.serve("/a", &[item(1, "Nomination", "x, encore")]);
    t.crawl().await;
    assert_eq!((t.story(1).relevance, t.shown(&Selection::All)), (-10, vec![1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_joins_lets_in_what_only_its_relevance_kept_out() {
    let t = strict(1).await;
    t.serve("/a", &[item(1, "Un", "x"), item(2, "Deux", "y"), item(3, "Trois", "z"), item(4, "Quatre", "w")]);
    t.crawl().await;
    t.weigh(2, 4, "commune (+4)");
    assert_eq!(t.join(&[2], 1), [2]);
    let (decision, by, because) = t.decided(1);
    assert_eq!((decision.as_str(), by.as_str()), ("approved", "automatic"));
    assert_eq!(because, "pertinence 4, seuil 1\u{a0}: commune (+4)");
    assert_eq!((t.shown(&Selection::All), t.waiting(Cadence::Daily)), (vec![1], vec![1]));
    // What an editor rejected stays so.
    editor::reject(&t.app, &[StoryId::new(3)], &marie(), "").expect("a rejection");
    t.weigh(4, 9, "commune (+9)");
    assert_eq!(t.join(&[4], 3), [4]);
    assert_eq!((t.decided(3).1, t.shown(&Selection::All)), (String::from("marie"), vec![1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_old_when_its_source_was_first_read_is_never_announced_by_the_rules() {
    let t = strict(1).await;
    let old = |n, title| Item { date: String::from("Tue, 03 Jan 2023 10:00:00 +0100"), ..item(n, title, "x") };
    t.serve("/a", &[old(1, "Un"), old(2, "Deux")]);
    t.crawl().await;
    assert_eq!(t.story(1).review, Review::Rejected);
    t.weigh(2, 4, "commune (+4)");
    t.join(&[2], 1);
    assert_eq!(t.story(1).review, Review::Archived);
    assert_eq!((t.shown(&Selection::All), t.waiting(Cadence::Daily)), (vec![1], vec![]));
    // An editor may.
    editor::approve(&t.app, &[StoryId::new(1)], &marie(), "").expect("an approval");
    assert_eq!(t.waiting(Cadence::Daily), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn news_of_what_was_old_is_announced() {
    let t = ruled(&["/a"]).await;
    let old = Item { date: String::from("Tue, 03 Jan 2023 10:00:00 +0100"), ..item(1, "Ancienne affaire", "x") };
    t.serve("/a", std::slice::from_ref(&old));
    t.crawl().await;
    t.serve("/a", &[old, item(2, "Rebondissement", "y")]);
    t.crawl().await;
    assert_eq!((t.story(1).review, t.waiting(Cadence::Daily)), (Review::Archived, vec![2]));
    let (notice, own, to) = (NoticeId::new(2), StoryId::new(2), StoryId::new(1));
    let absorb = |tx: &vigie::store::Tx| {
        regroup::absorb(&t.app.config, tx, notice, regroup::Absorbed::Account, own, to, t.now())
    };
    t.app.store.write(absorb).expect("a move");
    assert_eq!(t.decided(1).2, "une notice récente l’a rejointe");
    assert_eq!((t.shown(&Selection::All), t.waiting(Cadence::Daily)), (vec![1], vec![1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_an_editor_looks_first_nothing_is_seen_before_however_much_it_presses() {
    let mut t = ruled(&["/a"]).await;
    t.config().review.first = FirstLook::Editor;
    let alert = Item {
        link: String::from("https://www.cert.ssi.gouv.fr/alerte/CERTFR-2023-ALE-009/"),
        ..item(1, "Vulnérabilité dans un produit", "x")
    };
    t.serve("/a", &[alert, item(2, "Deux", "y")]);
    t.crawl().await;
    assert_eq!(t.story(1).severity, Severity::Critical);
    assert_eq!(t.listed(&Filter { review: Some(Review::Pending), ..Filter::default() }), [2, 1]);
    assert_eq!((t.shown(&Selection::All), t.waiting(Cadence::Daily)), (vec![], vec![]));
    editor::approve(&t.app, &[StoryId::new(1)], &marie(), "").expect("an approval");
    assert_eq!((t.shown(&Selection::All), t.waiting(Cadence::Daily)), (vec![1], vec![1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merged_story_leads_to_the_one_that_took_its_notices() {
    let t = four().await;
    let merged = t.merge(1, &[4, 2]).expect("a merge");
    assert_eq!(merged.id.get(), 1);
    assert_eq!((t.story(4).merged_into, t.story(4).review), (Some(StoryId::new(1)), Review::Rejected));
    assert_eq!((t.shown(&Selection::All), t.waiting(Cadence::Daily)), (vec![3, 1], vec![1, 3]));
    assert!(t.reasons(4).contains(&String::from("[joins] Réunie à l’histoire 1 par marie : c’est le même")));
    assert!(t.notices().iter().filter(|n| n.story.get() == 1).all(|n| n.placed == Placed::Editor));
    // Those that went there go on to where it goes.
    t.merge(3, &[1]).expect("a merge");
    let now_at = |id| t.app.store.read(|db| regroup::resolve(db, StoryId::new(id))).expect("a read");
    assert_eq!(
        [now_at(1), now_at(2), now_at(4), now_at(9)],
        [Some(3), Some(3), Some(3), None].map(|id| id.map(StoryId::new))
    );
    let error = t.merge(3, &[4]).expect_err("a refusal").to_string();
    assert_eq!(error, "story 4 was merged into 3\nhint: name 3: it holds its notices");
    assert!(t.merge(3, &[3]).expect_err("a refusal").to_string().starts_with("story 3 cannot be merged into itself"));
    assert!(t.merge(3, &[99]).expect_err("a refusal").to_string().starts_with("there is no story 99"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_bulletin_carries_again_what_was_merged() {
    let t = four().await;
    t.subscribe("maire@example.fr", Cadence::Daily);
    assert_eq!(t.compose(Cadence::Daily).map(|composed| composed.stories), Some(4));
    editor::reject(&t.app, &[StoryId::new(1)], &marie(), "").expect("a rejection");
    t.merge(1, &[2]).expect("a merge");
    assert_eq!(t.story(1).review, Review::Rejected, "the editor's word about the one that is named holds");
    editor::approve(&t.app, &[StoryId::new(1)], &marie(), "").expect("an approval");
    assert_eq!((t.waiting(Cadence::Daily), t.waiting(Cadence::Weekly)), (vec![], vec![1, 3, 4]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_editor_split_no_program_joins_again() {
    let t = four().await;
    assert_eq!(t.join(&[2, 3], 1), [2, 3]);
    assert_eq!(t.story(2).merged_into, Some(StoryId::new(1)));
    let new = t.split(1, &[3]).expect("a split");
    assert_eq!((new.id.get(), new.lead.get(), new.review), (5, 3, Review::Approved));
    assert_eq!(t.waiting(Cadence::Daily), [1, 4, 5]);
    assert!(t.reasons(3).contains(&String::from("[new] Séparée de l’histoire 1 par marie")));
    let apart = t.app.store.read(|db| pairs::apart_from(db, NoticeId::new(3))).expect("a read");
    assert_eq!(apart, [NoticeId::new(1), NoticeId::new(2)]);
    // Neither back, nor the others to it, nor by a third.
    assert_eq!(t.join(&[3], 1), [] as [i64; 0]);
    assert_eq!(t.join(&[1, 2], 5), [] as [i64; 0]);
    assert_eq!(t.join(&[3], 4), [] as [i64; 0], "it stays where the editor put it");
    assert_eq!(t.join(&[4], 5), [4]);
    // What a program brought there a program may take elsewhere; a story goes as a whole, or stays as a whole.
    assert_eq!(t.join(&[4], 1), [4]);
    let merged = t.app.store.write(|tx| {
        let (config, stories) = (&t.app.config, [StoryId::new(1)]);
        regroup::merge(config, tx, StoryId::new(5), &stories, Hand::Automatic, "Même événement : essai", t.now())
    });
    assert_eq!(merged.expect("a merge"), []);
    // An editor may change his mind.
    t.merge(1, &[5]).expect("a merge");
    assert_eq!(t.notices().iter().filter(|n| n.story.get() == 1).count(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_split_off_waits_for_those_who_have_not_read_of_it() {
    let mut t = four().await;
    t.join(&[2], 1);
    t.subscribe("maire@example.fr", Cadence::Daily);
    t.compose(Cadence::Daily).expect("an edition");
    t.at("2023-08-30T08:00:00Z");
    t.serve("/b", &[item(5, "Cinq", "Compte rendu de la kermesse des pompiers")]);
    t.crawl_one("b").await;
    t.join(&[3, 5], 1);
    // The daily bulletin told of the second notice, and of the third in a story of its own; the fifth came after it.
    assert_eq!(t.split(1, &[2]).expect("a split").id.get(), 6);
    assert_eq!(t.split(1, &[3]).expect("a split").id.get(), 7);
    assert_eq!(t.split(1, &[5]).expect("a split").id.get(), 8);
    assert_eq!(t.waiting(Cadence::Daily), [8]);
    assert_eq!(t.waiting(Cadence::Weekly), [1, 4, 6, 7, 8]);
    assert!(t.split(1, &[1]).expect_err("a refusal").to_string().starts_with("nothing would be left of story 1"));
    let error = t.split(1, &[2]).expect_err("a refusal").to_string();
    assert!(error.starts_with("notice 2 is not in story 1, but in 6\nhint: `vigie stories show 1`"), "{error}");
    assert!(t.split(1, &[77]).expect_err("a refusal").to_string().starts_with("there is no notice 77"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_merged_story_told_readers_know() {
    let mut t = four().await;
    editor::reject(&t.app, &[StoryId::new(1)], &marie(), "").expect("a rejection");
    assert_eq!(t.compose(Cadence::Daily).map(|composed| composed.stories), Some(3));
    t.at("2023-08-30T08:00:00Z");
    t.merge(1, &[2]).expect("a merge");
    editor::approve(&t.app, &[StoryId::new(1)], &marie(), "").expect("an approval");
    assert_eq!(t.waiting(Cadence::Daily), [] as [i64; 0]);
    // It becomes graver: what readers know of it is no longer all.
    t.sql("UPDATE notice SET severity = 'critical' WHERE id = 1");
    t.app.store.write(|tx| regroup::weigh_again(&t.app.config, tx, StoryId::new(1), t.now())).expect("a weight");
    assert_eq!(t.waiting(Cadence::Daily), [1]);
    assert_eq!(t.again(Cadence::Daily), [(1, true)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_that_was_told_is_told_again_where_it_took_in_an_alert_that_was_not() {
    let mut t = four().await;
    t.compose(Cadence::Daily).expect("an edition");
    editor::reject(&t.app, &[StoryId::new(1), StoryId::new(2)], &marie(), "").expect("a rejection");
    let alert = Item {
        link: String::from("https://www.cert.ssi.gouv.fr/alerte/CERTFR-2023-ALE-009/"),
        ..item(5, "Exploitation d’une faille", "Il faut couper le serveur de messagerie.")
    };
    t.at("2023-08-30T08:00:00Z");
    t.serve("/b", &[alert, item(6, "Six", "Compte rendu de la kermesse des pompiers")]);
    t.crawl_one("b").await;
    assert_eq!(t.waiting(Cadence::Daily), [5, 6]);
    t.merge(1, &[5]).expect("a merge");
    t.merge(2, &[6]).expect("a merge");
    editor::approve(&t.app, &[StoryId::new(1), StoryId::new(2)], &marie(), "").expect("an approval");
    assert_eq!(t.waiting(Cadence::Daily), [1], "the second one brings no warning");
    assert_eq!(t.again(Cadence::Daily), [(1, true)]);
    // Once.
    editor::reject(&t.app, &[StoryId::new(1)], &marie(), "").expect("a rejection");
    editor::approve(&t.app, &[StoryId::new(1)], &marie(), "").expect("an approval");
    assert_eq!(t.waiting(Cadence::Daily), [] as [i64; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_before_it_was_merged_is_not_announced_when_it_is_split_off() {
    let mut t = four().await;
    t.compose(Cadence::Daily).expect("an edition");
    t.at("2023-08-30T08:00:00Z");
    t.merge(1, &[2]).expect("a merge");
    assert_eq!(t.split(1, &[2]).expect("a split").id.get(), 5);
    assert_eq!(t.waiting(Cadence::Daily), [] as [i64; 0]);
    assert_eq!(t.waiting(Cadence::Weekly), [1, 3, 4, 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_set_back_makes_no_notice_one_that_was_told() {
    let mut t = four().await;
    t.compose(Cadence::Daily).expect("an edition");
    t.at("2023-08-30T04:00:00Z");
    t.serve("/b", &[item(5, "Cinq", "Compte rendu de la kermesse des pompiers")]);
    t.crawl_one("b").await;
    t.join(&[5], 1);
    assert_eq!(t.split(1, &[5]).expect("a split").id.get(), 6);
    assert_eq!(t.waiting(Cadence::Daily), [6]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_is_an_update_for_the_readers_of_the_cadence_that_told_of_it_before() {
    let t = four().await;
    assert_eq!(t.again(Cadence::Daily), [(1, false), (2, false), (3, false), (4, false)]);
    assert_eq!(t.again(Cadence::Weekly), [(1, false), (2, false), (3, false), (4, false)]);
    t.sql("UPDATE notice SET severity = 'critical' WHERE id = 2");
    t.app.store.write(|tx| regroup::weigh_again(&t.app.config, tx, StoryId::new(2), t.now())).expect("a weight");
    assert_eq!(t.again(Cadence::Weekly), [(2, true)]);
    assert_eq!(t.again(Cadence::Daily), [(2, true)]);
}

/// What bulletins of a version carried that did not keep which notices they told of.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_before_this_was_kept_is_still_known() {
    let mut t = four().await;
    t.compose(Cadence::Daily).expect("an edition");
    t.at("2023-08-30T08:00:00Z");
    t.serve("/b", &[item(5, "Cinq", "Compte rendu de la kermesse des pompiers")]);
    t.crawl_one("b").await;
    t.join(&[5], 1);
    t.merge(1, &[2]).expect("a merge");
    // As the step that begins to keep it finds the database.
    let step = include_str!("../../src/store/migrations/0009_carried.sql");
    t.app
        .store
        .write(|tx| {
            tx.execute("DROP TABLE bulletin_notice", &[])?;
            step.split(";\n").filter(|sql| sql.contains(' ')).try_for_each(|sql| tx.execute(sql, &[]).map(drop))
        })
        .expect("a step");
    let told =
        |story| t.app.store.read(|db| stories::told_by(db, Cadence::Daily, StoryId::new(story))).expect("a read");
    assert_eq!(told(1), BTreeSet::from([1, 2].map(NoticeId::new)), "the fifth came after");
    assert_eq!(told(3), BTreeSet::from([NoticeId::new(3)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_story_does_not_come_back_inside_another() {
    let t = four().await;
    editor::reject(&t.app, &[StoryId::new(1)], &marie(), "").expect("a rejection");
    assert_eq!(t.join(&[1], 2), [] as [i64; 0]);
    assert!(t.app.store.read(|db| regroup::is_fixed(db, NoticeId::new(1))).expect("a read"));
    assert!(!t.app.store.read(|db| regroup::is_fixed(db, NoticeId::new(2))).expect("a read"));
    // Nor does what an editor let in disappear in what was kept out.
    editor::approve(&t.app, &[StoryId::new(2)], &marie(), "").expect("an approval");
    assert_eq!(t.join(&[2], 1), [] as [i64; 0]);
    assert_eq!(t.join(&[3], 1), [3], "a notice of which nobody said anything follows the editor's word");
    assert_eq!(t.shown(&Selection::All), [4, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_editor_writes_stays_whatever_the_notices_say() {
    let t = four().await;
    let wanted = Edit {
        title: Some(String::from("Titre de la rédaction")),
        section: Some(section("finances")),
        nature: Some(Nature::Doc),
        severity: Some(Severity::High),
    };
    let edited = editor::edit(&t.app, StoryId::new(1), &wanted, &BTreeSet::new(), &marie(), "").expect("an edit");
    assert_eq!((edited.section.as_str(), edited.nature, edited.severity), ("finances", Nature::Doc, Severity::High));
    t.serve("/a", &[item(1, "Un, revu", "Premier texte, revu")]);
    t.crawl().await;
    t.join(&[2], 1);
    let story = t.story(1);
    assert_eq!((story.section.as_str(), story.nature, story.severity), ("finances", Nature::Doc, Severity::High));
    assert_eq!(t.shown(&Selection::Section(section("finances"))), [1]);
    assert!(!t.shown(&Selection::Section(section("tic"))).contains(&1));
    publish::publish(&t.app, None).expect("a folder");
    let feed = fs::read_to_string(t.dir.path().join("public/sections/finances.atom")).expect("a feed");
    assert!(feed.contains("Doc - Titre de la rédaction"), "{feed}");
    t.subscribe("maire@example.fr", Cadence::Daily);
    t.compose(Cadence::Daily).expect("an edition");
    t.send().await;
    let received = t.received();
    let message = MessageParser::default().parse(&received[0].bytes).expect("a message");
    assert!(message.body_text(0).expect("a text part").contains("Titre de la rédaction"));
    // Given back, it is again what the notices say.
    let back = BTreeSet::from([vigie::model::Edited::Title, vigie::model::Edited::Section]);
    let story = editor::edit(&t.app, StoryId::new(1), &Edit::default(), &back, &marie(), "").expect("an edit");
    assert_eq!((story.title, story.section.as_str(), story.nature), (None, "tic", Nature::Doc));
    let told = t.app.store.read(|db| reviews::all(db, StoryId::new(1))).expect("reviews");
    let told: Vec<(&str, &str)> = told.iter().map(|r| (r.decision.as_str(), r.because.as_str())).collect();
    assert_eq!(told[1].0, "edited");
    assert!(told[1].1.contains("rubrique : tic → finances ; nature : Actu → Doc"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_that_stands_in_several_sections_is_found_in_each_and_told_once() {
    let t = ruled(&["/a"]).await;
    t.serve("/a", &[item(1, "Le budget du musée", "x"), item(2, "Autre chose", "y")]);
    t.crawl().await;
    let story = t.story(1);
    assert_eq!((story.section, story.also), (section("culture"), vec![section("finances")]));
    assert_eq!(t.shown(&Selection::Section(section("finances"))), [1]);
    assert_eq!(t.shown(&Selection::Section(section("culture"))), [1]);
    assert_eq!(t.listed(&Filter { section: Some(section("finances")), ..Filter::default() }), [1]);
    let preferences =
        Preferences { sections: BTreeSet::from([section("finances")]), ..Preferences::all(Cadence::Daily) };
    t.subscribe("maire@example.fr", Cadence::Daily);
    let bulletin = t.compose(Cadence::Daily).expect("an edition").bulletin;
    let edition =
        vigie::work::compose::edition(&t.app, bulletin, Some(&preferences)).expect("a read").expect("an edition");
    let shelves: Vec<(&str, usize)> = edition.shelves.iter().map(|s| (s.name.as_str(), s.items.len())).collect();
    assert_eq!(shelves, [("Finances", 1)]);
    // A revision takes it off a shelf.
    t.serve("/a", &[item(1, "Le budget", "x")]);
    t.crawl().await;
    assert_eq!(t.shown(&Selection::Section(section("finances"))), [] as [i64; 0]);
}

/// Whatever programs and editors do, in whatever order: no notice is lost, no story without notices is seen, what was
/// merged leads to a story that has some, and what is kept apart does not meet.
#[tokio::test(flavor = "multi_thread")]
async fn no_order_of_moves_loses_a_notice_or_undoes_an_editor() {
    let t = ruled(&["/a"]).await;
    let words = ["abeille", "barque", "cerise", "donjon", "écluse", "falaise", "girafe", "hameau"];
    let items: Vec<Item> = (1..).zip(words).map(|(n, word)| item(n, word, &format!("{word} {n}"))).collect();
    t.serve("/a", &items);
    t.crawl().await;
    let all = t.notices().len();
    assert_eq!(t.listed(&Filter::default()).len(), all, "each is its own story to begin with");
    // Numbers without a pattern, the same ones at each run (Knuth, MMIX).
    let mut state = 20_230_830_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or(0) % below
    };
    let mut moves = 0;
    for _ in 0..300 {
        let stories = t.listed(&Filter::default());
        let standing: Vec<i64> = stories.iter().copied().filter(|id| t.story(*id).merged_into.is_none()).collect();
        let one = standing[next(standing.len())];
        let other = standing[next(standing.len())];
        let notice = t.notices()[next(all)].id;
        let fixed = t.app.store.read(|db| regroup::is_fixed(db, notice)).expect("a read");
        match next(10) {
            0 => drop(t.merge(one, &[other])),
            1 => drop(t.split(one, &[notice.get()])),
            2 => drop(editor::reject(&t.app, &[StoryId::new(one)], &marie(), "")),
            3 => drop(editor::approve(&t.app, &[StoryId::new(one)], &marie(), "")),
            4..7 => {
                let moved = t.join(&[notice.get()], one);
                assert!(moved.is_empty() || !fixed, "an editor put notice {notice} where it is");
                moves += moved.len();
            }
            _ => {
                let from = [StoryId::new(other)];
                let merge = |tx: &vigie::store::Tx| {
                    regroup::merge(&t.app.config, tx, StoryId::new(one), &from, Hand::Automatic, "essai", t.now())
                };
                moves += t.app.store.write(merge).expect("a merge").len();
            }
        }
        let notices = t.notices();
        assert_eq!(notices.len(), all);
        for notice in &notices {
            let story = t.story(notice.story.get());
            assert_eq!(story.merged_into, None, "notice {} stands in a story that is gone", notice.id);
            let apart = t.app.store.read(|db| pairs::apart_from(db, notice.id)).expect("a read");
            let meets = notices.iter().find(|other| apart.contains(&other.id) && other.story == notice.story);
            assert_eq!(meets.map(|other| other.id), None, "kept apart from {}", notice.id);
        }
        let standing: BTreeSet<i64> = notices.iter().map(|notice| notice.story.get()).collect();
        let seen = [t.shown(&Selection::All), t.waiting(Cadence::Daily), t.listed(&Filter::default())].concat();
        assert!(seen.iter().all(|id| standing.contains(id)), "{seen:?} of {standing:?}");
        for id in &standing {
            let story = t.story(*id);
            assert_eq!(
                notices.iter().find(|n| n.id == story.lead).map(|n| n.story),
                Some(story.id),
                "its lead is its own"
            );
        }
    }
    assert!(moves > 10, "{moves}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_perhaps_one_waits_for_an_editor_until_it_is_settled() {
    let t = four().await;
    let doubtful = || t.listed(&Filter { doubtful: stories::Doubtful::Only, ..Filter::default() });
    let suspect = |one: i64, other: i64| {
        let (one, other) = (NoticeId::new(one), NoticeId::new(other));
        t.app
            .store
            .write(|tx| pairs::suspect(tx, one, other, Suspected::Copy, "78 % du texte", t.now()))
            .expect("a write");
    };
    suspect(4, 1);
    suspect(3, 2);
    suspect(2, 1);
    assert_eq!(doubtful(), [4, 3, 2, 1]);
    t.merge(1, &[4]).expect("a merge");
    assert_eq!(editor::keep_apart(&t.app, &[StoryId::new(2), StoryId::new(3)], &marie()).expect("a word"), 1);
    assert_eq!(doubtful(), [2, 1]);
    // What is settled is not asked again.
    suspect(3, 2);
    suspect(4, 1);
    assert_eq!(doubtful(), [2, 1]);
    assert_eq!(t.join(&[3], 2), [] as [i64; 0]);
    t.vigie(&["notices", "explain", "2"]).code(0).stdout(
        contains("doublon possible : notices 2 et 1, histoires 2 et 1 : 78 % du texte")
            .and(contains("doublon possible : notices 3 et 2, histoires 3 et 2 : 78 % du texte [réglé]"))
            .and(contains("kept apart from 3")),
    );
    t.vigie(&["stories", "list", "--doubtful"]).code(0).stdout(contains("Deux").and(contains("Trois").not()));
    t.vigie(&["stories", "show", "1"]).code(0).stdout(contains("perhaps one").and(contains("78 % du texte")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_editor_works_from_the_command_line() {
    let t = four().await;
    let json = |args: &[&str]| {
        let run = t.vigie(args).code(0);
        let text = String::from_utf8(run.get_output().stdout.clone()).expect("text");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect::<Vec<serde_json::Value>>()
    };
    let listed = json(&["stories", "list", "--json"]);
    assert_eq!(listed.iter().map(|s| s["id"].as_i64()).collect::<Vec<_>>(), [4, 3, 2, 1].map(Some));
    assert_eq!((&listed[3]["lead_title"], &listed[3]["by"]), (&"Un".into(), &"automatic".into()));
    t.vigie(&["stories", "list", "--limit", "1"]).code(0).stderr(contains("the latest 1; `--limit 0` for all"));
    t.vigie(&["stories", "list", "--section", "nulle"])
        .code(1)
        .stderr(contains("there is no section `nulle`\nhint: one of "));
    t.vigie(&["stories", "list", "--since", "2023-08-31"]).code(0).stdout(contains("Un").not());

    t.vigie(&["stories", "reject", "3", "--because", "hors sujet"]).code(0).stderr(contains("story 3 is rejected"));
    t.vigie(&["stories", "list", "--left-out"])
        .code(0)
        .stdout(contains("hors sujet").and(contains("paul")).and(contains("Trois")).and(contains("Deux").not()));
    assert_eq!(json(&["stories", "merge", "1", "2", "--by", "marie", "--json"])[0]["id"], 1);
    t.vigie(&["stories", "approve", "2"]).code(1).stderr(contains("error: story 2 was merged into 1\nhint: name 1"));
    t.vigie(&["stories", "approve", "3", "77"]).code(1).stderr(contains("there is no story 77"));
    assert_eq!(t.story(3).review, Review::Rejected, "all or nothing");
    t.vigie(&["stories", "approve", "3", "--by", "automatic"])
        .code(1)
        .stderr(contains("cannot be the name of an editor"));
    t.vigie(&["stories", "show", "2"])
        .code(0)
        .stdout(contains("merged into story 1").and(contains("rejected by marie")));
    let shown = &json(&["stories", "show", "1", "--json"])[0];
    assert_eq!(shown["notices"].as_array().map(Vec::len), Some(2));
    assert_eq!((&shown["notices"][0]["id"], &shown["notices"][1]["placed"]), (&1.into(), &"editor".into()));
    t.vigie(&["stories", "show", "1"]).code(0).stdout(
        contains("lead notice 1 Un")
            .and(contains("notice 2 Deux"))
            .and(contains("[joins] Réunie à l’histoire 1 par marie"))
            .and(contains("rubrique : "))
            .and(contains("pertinence : 0"))
            .and(contains("importance : "))
            .and(contains("approved by automatic: aucun éditeur ne regarde d’abord")),
    );
    t.vigie(&["stories", "split", "1", "4"]).code(1).stderr(contains("notice 4 is not in story 1, but in 4"));
    t.vigie(&["stories", "split", "1", "2"]).code(0).stderr(contains("story 5 is new"));
    t.vigie(&["stories", "apart", "3", "4"]).code(0).stderr(contains("1 pair of notices are kept apart"));
    t.vigie(&["stories", "edit", "1"]).code(1).stderr(contains("there is nothing to change"));
    t.vigie(&["stories", "edit", "1", "--severity", "rouge"]).code(1).stderr(contains("hint: one of info, notable"));
    t.vigie(&["stories", "edit", "1", "--title", "Autre titre", "--section", "finances"]).code(0);
    t.vigie(&["stories", "show", "1"])
        .code(0)
        .stdout(contains("1 Autre titre").and(contains("(editor)")).and(contains("edited by paul: titre : ")));
    t.vigie(&["stories", "edit", "1", "--back", "title"]).code(0);
    assert_eq!(t.story(1).title, None);
}

const CATALOGUE: &str = r#"
[[source]]
id = "kev"
name = "CISA KEV"
url = "@WEB@/kev"
allow_private = true
brings = "exploited"
kind = "json"
item = "/vulnerabilities"
title = "{/cveID} - {/vulnerabilityName}"
guid = "/cveID"
date = "/dateAdded"
[[source]]
id = "avis"
name = "Avis"
url = "@WEB@/avis"
allow_private = true
nature = "avis"
[[source]]
id = "presse"
url = "@WEB@/presse"
allow_private = true
"#;

fn catalogue(t: &TestApp, cves: &[(&str, &str)]) {
    let entry = |(cve, day): &(&str, &str)| serde_json::json!({ "cveID": cve, "vulnerabilityName": "Faille", "dateAdded": day, "shortDescription": "x" });
    let entries: Vec<_> = cves.iter().map(entry).collect();
    let body = serde_json::json!({ "title": "Catalogue", "vulnerabilities": entries }).to_string();
    t.web.set("/kev", Answer::ok("application/json", body));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_names_an_exploited_vulnerability_presses_and_the_list_itself_is_no_news() {
    let t = TestApp::reading(CATALOGUE).await;
    catalogue(
        &t,
        &[("CVE-2023-1001", "2023-08-29"), ("CVE-2021-1002", "2021-11-03"), ("pas une faille", "2023-08-29")],
    );
    t.serve("/avis", &[]);
    t.serve("/presse", &[]);
    t.crawl().await;
    let known = |cve: &str| t.app.store.read(|db| exploited::get(db, cve)).expect("a read").is_some();
    assert_eq!([known("CVE-2023-1001"), known("CVE-2021-1002"), known("CVE-2023-9")], [true, true, false]);
    assert!(t.notices().is_empty(), "{:?}", t.titles());
    t.vigie(&["sources", "health", "kev"]).code(0).stdout(contains("names no vulnerability"));

    t.serve(
        "/avis",
        &[
            item(1, "Faille dans un produit", "Les failles CVE-2021-1002 et CVE-2023-1001 sont corrigées."),
            item(2, "Faille dans un autre", "La faille CVE-2023-7777 est corrigée."),
        ],
    );
    t.serve("/presse", &[item(3, "La faille CVE-2023-1001 expliquée", "x")]);
    t.crawl().await;
    let severities: Vec<(String, Severity)> = t.notices().into_iter().map(|n| (n.title, n.severity)).collect();
    let of = |title: &str| severities.iter().find(|(t, _)| t == title).map(|(_, severity)| *severity);
    assert_eq!(of("Faille dans un produit"), Some(Severity::High));
    assert!(of("Faille dans un autre") < Some(Severity::High));
    assert!(of("La faille CVE-2023-1001 expliquée") < Some(Severity::High), "news only mention it");
    let id = t.notices().iter().find(|n| n.title == "Faille dans un produit").map(|n| n.id.to_string()).expect("it");
    t.vigie(&["notices", "explain", &id]).code(0).stdout(
        contains("gravité : important, exploitée selon CISA KEV (CVE-2023-1001, CVE-2021-1002)")
            .and(contains("vulnérabilités : CVE-2021-1002, CVE-2023-1001")),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_known_as_exploited_raises_recent_notices_and_nothing_old() {
    let mut t = TestApp::reading(CATALOGUE).await;
    catalogue(&t, &[("CVE-2020-1", "2020-01-01")]);
    t.serve("/presse", &[]);
    let old =
        Item { date: String::from("Tue, 11 Jul 2023 10:00:00 +0200"), ..item(1, "Ancienne faille", "CVE-2023-1001") };
    t.serve("/avis", &[old, item(2, "Nouvelle faille", "CVE-2023-1001"), item(3, "Autre faille", "CVE-2023-2002")]);
    t.crawl().await;
    let severity = |title: &str| {
        let notice = t.notices().into_iter().find(|n| n.title == title).expect("the notice");
        let story = t.story(notice.story.get());
        (notice.severity, story.severity, story.updated)
    };
    let before = ["Ancienne faille", "Nouvelle faille", "Autre faille"].map(severity);
    assert!(before.iter().all(|(notice, ..)| *notice < Severity::High), "{before:?}");
    t.at("2023-08-30T09:00:00Z");
    catalogue(&t, &[("CVE-2020-1", "2020-01-01"), ("CVE-2023-1001", "2023-08-30")]);
    t.crawl_one("kev").await;
    let severity = |title: &str| {
        let notice = t.notices().into_iter().find(|n| n.title == title).expect("the notice");
        let story = t.story(notice.story.get());
        (notice.severity, story.severity, story.updated)
    };
    assert_eq!(severity("Ancienne faille"), before[0]);
    assert_eq!(severity("Nouvelle faille"), (Severity::High, Severity::High, t.now()));
    assert_eq!(severity("Autre faille"), before[2]);
    let id = t.notices().iter().find(|n| n.title == "Nouvelle faille").map(|n| n.id.get()).expect("it");
    assert_eq!(
        t.reasons(id).last().map(String::as_str),
        Some("[same] Gravité relevée : exploitée selon CISA KEV (CVE-2023-1001)")
    );
    // Read again, and revised: it stays so, and nothing is told twice.
    let told = t.reasons(id).len();
    t.crawl_one("kev").await;
    assert_eq!(t.reasons(id).len(), told);
    t.serve("/avis", &[item(2, "Nouvelle faille", "CVE-2023-1001, corrigée hier")]);
    t.crawl().await;
    assert_eq!(severity("Nouvelle faille").1, Severity::High);
}

/// What was sent stays what it was, merged and split off again.
#[tokio::test(flavor = "multi_thread")]
async fn undoing_a_merge_of_what_readers_know_sends_nothing() {
    let mut t = four().await;
    for id in [1, 2] {
        t.sql(&format!("UPDATE notice SET nature = 'avis' WHERE id = {id}"));
        t.sql(&format!("UPDATE story SET nature = 'avis' WHERE id = {id}"));
    }
    t.compose(Cadence::Daily).expect("an edition");
    t.at("2023-08-30T08:00:00Z");
    t.merge(1, &[2]).expect("a merge");
    assert_eq!(t.waiting(Cadence::Daily), [] as [i64; 0]);
    t.split(1, &[2]).expect("a split");
    assert_eq!(t.waiting(Cadence::Daily), [] as [i64; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_editor_makes_graver_is_told_again() {
    let t = four().await;
    t.compose(Cadence::Daily).expect("an edition");
    let graver = Edit { severity: Some(Severity::High), ..Edit::default() };
    editor::edit(&t.app, StoryId::new(2), &graver, &BTreeSet::new(), &marie(), "").expect("an edit");
    assert_eq!(t.waiting(Cadence::Daily), [2]);
    let both = BTreeSet::from([vigie::model::Edited::Severity]);
    let error = editor::edit(&t.app, StoryId::new(2), &graver, &both, &marie(), "").expect_err("a refusal").to_string();
    assert!(error.starts_with("`severity` is both written and given back\nhint: "), "{error}");
}
