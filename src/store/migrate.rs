//! The steps that bring a database from nothing to today's schema: one file a step, each run in one transaction.

/// Append only: a file that was released never changes. `PRAGMA user_version` counts how many were run.
pub(super) const STEPS: [&str; 19] = [
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_crawler.sql"),
    include_str!("migrations/0003_health.sql"),
    include_str!("migrations/0004_search.sql"),
    include_str!("migrations/0005_idle.sql"),
    include_str!("migrations/0006_visits.sql"),
    include_str!("migrations/0007_recognise.sql"),
    include_str!("migrations/0008_stories.sql"),
    include_str!("migrations/0009_carried.sql"),
    include_str!("migrations/0010_outbox.sql"),
    include_str!("migrations/0011_bounces.sql"),
    include_str!("migrations/0012_alerts.sql"),
    include_str!("migrations/0013_requests.sql"),
    include_str!("migrations/0014_weather.sql"),
    include_str!("migrations/0015_urgent.sql"),
    include_str!("migrations/0016_site.sql"),
    include_str!("migrations/0017_pause.sql"),
    include_str!("migrations/0018_forms.sql"),
    include_str!("migrations/0019_told.sql"),
];
