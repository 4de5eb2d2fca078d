//! Which items an edition shows to whom, and in which order.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use jiff::civil::Date;

use super::view::{AlertNews, Edition, Item, Shelf};
use crate::model::{Cadence, News, Preferences, SectionId, Sections, Severity, StoryId};

/// Puts items in the order in which an edition is frozen: by section, then what is critical, then by importance,
/// severity and nature, then newest. Nothing outranks an alert that is critical.
pub fn in_order(mut items: Vec<Item>, sections: &Sections) -> Vec<Item> {
    items.sort_by_cached_key(|item| {
        (
            sections.position(&item.section),
            item.section.clone(),
            Reverse(item.severity == Severity::Critical),
            Reverse(item.importance),
            Reverse(item.severity),
            item.nature,
            Reverse(item.published.map(|date| date.at)),
            item.story,
        )
    });
    items
}

/// What one selection of readers gets of a frozen list: its order kept. `None` when nothing is for them: no empty
/// bulletin is ever sent.
pub fn edition(
    cadence: Cadence,
    date: Date,
    number: u32,
    items: &[Item],
    sections: &Sections,
    preferences: &Preferences,
) -> Option<Edition> {
    let wanted = items.iter().filter_map(|item| {
        let place = preferences.shelf(&item.section, &item.also_in)?;
        if !preferences.want(&item.section, &item.also_in, item.nature, item.severity) {
            return None;
        }
        // Who never asked for an alert is not told that there was one.
        let alerted = item.alerted.filter(|_| !preferences.alerts.is_none());
        Some((place, Item { alerted, ..item.clone() }))
    });
    let shelves = shelve(wanted, sections);
    (!shelves.is_empty()).then_some(Edition { cadence, date, number, shelves })
}

/// What one reader gets of an alert edition: the stories of this share, each as the news that it is to this reader. A
/// choice of sections no longer takes anything away: the share was made by it, and who was alerted hears the end.
pub fn alert_edition(
    date: Date,
    number: u32,
    items: &[Item],
    sections: &Sections,
    preferences: &Preferences,
    share: &BTreeMap<StoryId, News>,
) -> Option<Edition> {
    let told = items.iter().filter_map(|item| {
        let news = *share.get(&item.story)?;
        let place = preferences.shelf(&item.section, &item.also_in).unwrap_or(&item.section);
        let frozen = item.alert.as_ref();
        let change = frozen.filter(|_| news == News::Update).map(|alert| alert.change.clone()).unwrap_or_default();
        let ending = frozen.filter(|_| news == News::End).map(|alert| alert.ending).unwrap_or_default();
        let alert = Some(AlertNews { news, change, ending });
        Some((place, Item { alert, ..item.clone() }))
    });
    let shelves = shelve(told, sections);
    (!shelves.is_empty()).then_some(Edition { cadence: Cadence::Alert, date, number, shelves })
}

/// Puts items, each with the section that it is shown in, on their shelves: in the order of both.
fn shelve<'a>(items: impl Iterator<Item = (&'a SectionId, Item)>, sections: &Sections) -> Vec<Shelf> {
    let mut shelves: Vec<Shelf> = Vec::new();
    let mut moved = BTreeSet::new();
    for (place, item) in items {
        if *place != item.section {
            moved.insert(place.clone());
        }
        let item = Item { section: place.clone(), ..item };
        match shelves.iter_mut().find(|shelf| shelf.section == *place) {
            Some(shelf) => shelf.items.push(item),
            None => {
                shelves.push(Shelf { section: place.clone(), name: sections.name(place).to_owned(), items: vec![item] })
            }
        }
    }
    // What stands elsewhere than in its own section was frozen among those of that one.
    if !moved.is_empty() {
        shelves.sort_by_key(|shelf| sections.position(&shelf.section));
        let into = shelves.iter_mut().filter(|shelf| moved.contains(&shelf.section));
        into.for_each(|shelf| shelf.items = in_order(std::mem::take(&mut shelf.items), sections));
    }
    shelves
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::guide::Guide, *};
    use crate::model::{Ending, Nature, Section};

    fn section(id: &str) -> SectionId {
        SectionId::parse(id).expect("a slug")
    }

    fn sections() -> Sections {
        let of = |id: &str, name: &str| Section { id: section(id), name: name.to_owned() };
        Sections::new(vec![of("tic", "TIC"), of("finances", "Finances")])
    }

    fn item(story: i64, shelf: &str, nature: Nature, severity: Severity) -> Item {
        Item {
            story: StoryId::new(story),
            section: section(shelf),
            also_in: vec![],
            nature,
            severity,
            title: format!("Titre {story}"),
            summary: String::new(),
            more: vec![],
            guide: Guide::default(),
            source: String::from("Source"),
            published: None,
            url: None,
            reference: None,
            language: String::from("fr"),
            also: vec![],
            cves: vec![],
            cited: vec![],
            deadlines: vec![],
            again: false,
            importance: 0,
            history: vec![],
            alert: None,
            alerted: None,
        }
    }

    #[test]
    fn sections_come_in_the_order_of_the_rules_and_what_presses_comes_first() {
        let items = in_order(
            vec![
                item(1, "finances", Nature::Actu, Severity::Critical),
                item(2, "tic", Nature::Actu, Severity::Info),
                item(3, "tic", Nature::Avis, Severity::Info),
                item(4, "tic", Nature::Actu, Severity::High),
                item(5, "retired", Nature::Actu, Severity::High),
            ],
            &sections(),
        );
        let order: Vec<i64> = items.iter().map(|i| i.story.get()).collect();
        assert_eq!(order, [4, 3, 2, 1, 5]);
    }

    #[test]
    fn what_matters_most_comes_first_and_a_critical_alert_before_all() {
        let weighing = |importance, item| Item { importance, ..item };
        let items = in_order(
            vec![
                weighing(40, item(1, "tic", Nature::Actu, Severity::High)),
                weighing(90, item(2, "tic", Nature::Actu, Severity::Info)),
                weighing(1, item(3, "tic", Nature::Alerte, Severity::Critical)),
                weighing(40, item(4, "tic", Nature::Avis, Severity::High)),
            ],
            &sections(),
        );
        assert_eq!(items.iter().map(|i| i.story.get()).collect::<Vec<_>>(), [3, 2, 4, 1]);
    }

    #[test]
    fn a_reader_gets_what_was_chosen_and_nothing_at_all_rather_than_an_empty_bulletin() {
        let items = [item(1, "tic", Nature::Avis, Severity::Info), item(2, "tic", Nature::Alerte, Severity::Critical)];
        let wants = |least| Preferences { least_severity: least, ..Preferences::all(Cadence::Daily) };
        let date = jiff::civil::date(2023, 8, 30);
        let of = |p: &Preferences| edition(Cadence::Daily, date, 1, &items, &sections(), p).map(|e| e.items().count());
        assert_eq!(of(&wants(Severity::Info)), Some(2));
        assert_eq!(of(&wants(Severity::High)), Some(1));
        assert_eq!(of(&Preferences { sections: BTreeSet::from([section("finances")]), ..wants(Severity::Info) }), None);
    }

    #[test]
    fn a_story_in_several_sections_has_one_place_which_is_the_first_that_the_reader_wants() {
        let elsewhere = |item: Item, also: &str| Item { also_in: vec![section("retired"), section(also)], ..item };
        let items = in_order(
            vec![
                elsewhere(item(1, "tic", Nature::Avis, Severity::High), "finances"),
                item(2, "tic", Nature::Avis, Severity::Info),
                item(3, "finances", Nature::Actu, Severity::Critical),
                item(4, "finances", Nature::Actu, Severity::Info),
            ],
            &sections(),
        );
        let date = jiff::civil::date(2023, 8, 30);
        let of = |wanted: &[&str]| {
            let sections_wanted = wanted.iter().map(|id| section(id)).collect();
            let preferences = Preferences { sections: sections_wanted, ..Preferences::all(Cadence::Daily) };
            let edition = edition(Cadence::Daily, date, 1, &items, &sections(), &preferences);
            let shelves = edition.into_iter().flat_map(|edition| edition.shelves);
            let stories = |shelf: &Shelf| shelf.items.iter().map(|i| i.story.get()).collect::<Vec<_>>();
            shelves.map(|shelf| (shelf.section.to_string(), stories(&shelf))).collect::<Vec<_>>()
        };
        let told = |id: &str, stories: &[i64]| (id.to_owned(), stories.to_vec());
        assert_eq!(of(&[]), [told("tic", &[1, 2]), told("finances", &[3, 4])]);
        assert_eq!(of(&["tic"]), [told("tic", &[1, 2])]);
        assert_eq!(of(&["finances"]), [told("finances", &[3, 1, 4])]);
        assert_eq!(of(&["tic", "finances"]), [told("tic", &[1, 2]), told("finances", &[3, 4])]);
    }

    proptest! {
        #[test]
        fn who_is_alerted_gets_the_whole_share_and_nothing_else(
            shares in prop::collection::vec(prop::option::of(prop::sample::select(News::ALL.to_vec())), 0..8),
            wanted in prop::collection::btree_set(prop::sample::select(vec!["tic", "finances"]), 0..2),
        ) {
            let items: Vec<Item> = (0_i64..).zip(&shares).map(|(n, _)| {
                let change = String::from("gravité");
                let alert = Some(AlertNews { news: News::Update, change, ending: Ending::Withdrawn });
                Item { alert, ..item(n, if n % 2 == 0 { "tic" } else { "finances" }, Nature::Avis, Severity::Info) }
            }).collect();
            let share: BTreeMap<StoryId, News> =
                (0_i64..).zip(&shares).filter_map(|(n, news)| Some((StoryId::new(n), (*news)?))).collect();
            let sections_wanted = wanted.iter().map(|id| section(id)).collect();
            let preferences = Preferences { sections: sections_wanted, ..Preferences::all(Cadence::Alert) };
            let date = jiff::civil::date(2023, 8, 30);
            let edition = alert_edition(date, 1, &items, &sections(), &preferences, &share);
            let told: BTreeMap<StoryId, News> = edition.iter().flat_map(Edition::items).map(|item| {
                let AlertNews { news, change, ending } = item.alert.clone().expect("news");
                assert_eq!(change.is_empty(), news != News::Update);
                assert_eq!(ending == Ending::Withdrawn, news == News::End);
                (item.story, news)
            }).collect();
            prop_assert_eq!(told, share);
        }

        /// Whatever the preferences: nothing unwanted, nothing wanted left out, nothing twice.
        #[test]
        fn an_edition_is_exactly_what_is_wanted(
            shelves in proptest::collection::vec((0..2_usize, 0..10_usize, 0..4_usize), 0..30),
            least in 0..4_usize,
            natures in proptest::collection::btree_set(0..10_usize, 0..4),
        ) {
            let items: Vec<Item> = shelves.iter().enumerate().map(|(n, (s, nature, severity))| {
                item(n as i64, ["tic", "finances"][*s], Nature::ALL[*nature], Severity::ALL[*severity])
            }).collect();
            let items = in_order(items, &sections());
            let preferences = Preferences {
                natures: natures.into_iter().map(|n| Nature::ALL[n]).collect(),
                least_severity: Severity::ALL[least],
                ..Preferences::all(Cadence::Daily)
            };
            let edition = edition(Cadence::Daily, jiff::civil::date(2023, 8, 30), 1, &items, &sections(), &preferences);
            let shown: Vec<StoryId> = edition.iter().flat_map(Edition::items).map(|i| i.story).collect();
            let wanted: Vec<StoryId> = items.iter()
                .filter(|i| preferences.want(&i.section, &i.also_in, i.nature, i.severity)).map(|i| i.story).collect();
            prop_assert_eq!(shown, wanted);
        }

        /// Whatever sections stories stand in and readers choose: each wanted story once, in a section that is wanted.
        #[test]
        fn a_story_has_one_place_among_the_sections_that_are_wanted(
            stories in proptest::collection::vec((0..3_usize, proptest::collection::vec(0..3_usize, 0..3)), 0..20),
            wanted in proptest::collection::btree_set(0..3_usize, 0..4),
        ) {
            let names = ["tic", "finances", "retired"].map(section);
            let items: Vec<Item> = stories.iter().enumerate().map(|(n, (own, also))| Item {
                also_in: also.iter().map(|at| names[*at].clone()).collect(),
                ..item(n as i64, names[*own].as_str(), Nature::Avis, Severity::ALL[n % 4])
            }).collect();
            let items = in_order(items, &sections());
            let wanted: BTreeSet<SectionId> = wanted.into_iter().map(|at| names[at].clone()).collect();
            let preferences = Preferences { sections: wanted.clone(), ..Preferences::all(Cadence::Daily) };
            let edition = edition(Cadence::Daily, jiff::civil::date(2023, 8, 30), 1, &items, &sections(), &preferences);
            let shelves = edition.map(|edition| edition.shelves).unwrap_or_default();
            let mut shown = BTreeSet::new();
            for shelf in &shelves {
                prop_assert!(wanted.is_empty() || wanted.contains(&shelf.section));
                for item in &shelf.items {
                    prop_assert!(shown.insert(item.story), "told twice");
                    let stands = items.iter().find(|own| own.story == item.story);
                    let in_it = |own: &Item| own.section == shelf.section || own.also_in.contains(&shelf.section);
                    prop_assert!(item.section == shelf.section && stands.is_some_and(in_it));
                }
            }
            let stands = |item: &&Item| std::iter::once(&item.section).chain(&item.also_in).any(|s| wanted.contains(s));
            let all: BTreeSet<StoryId> =
                items.iter().filter(|item| wanted.is_empty() || stands(item)).map(|item| item.story).collect();
            prop_assert_eq!(shown, all);
            let sections: BTreeSet<&SectionId> = shelves.iter().map(|shelf| &shelf.section).collect();
            prop_assert_eq!(sections.len(), shelves.len(), "one shelf a section");
        }
    }
}
