//! Which items an edition shows to whom, and in which order.

use std::cmp::Reverse;

use jiff::civil::Date;

use super::view::{Edition, Item, Shelf};
use crate::model::{Cadence, Preferences, Sections, Severity};

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
    let mut shelves: Vec<Shelf> = Vec::new();
    for item in items.iter().filter(|item| preferences.want(&item.section, item.nature, item.severity)) {
        match shelves.last_mut().filter(|shelf| shelf.section == item.section) {
            Some(shelf) => shelf.items.push(item.clone()),
            None => shelves.push(Shelf {
                section: item.section.clone(),
                name: sections.name(&item.section).to_owned(),
                items: vec![item.clone()],
            }),
        }
    }
    (!shelves.is_empty()).then_some(Edition { cadence, date, number, shelves })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::{super::guide::Guide, *};
    use crate::model::{Nature, Section, SectionId, StoryId};

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
            importance: 0,
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

    proptest! {
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
                .filter(|i| preferences.want(&i.section, i.nature, i.severity)).map(|i| i.story).collect();
            prop_assert_eq!(shown, wanted);
        }
    }
}
