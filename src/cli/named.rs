//! What arguments name.

use anyhow::bail;
use jiff::{Timestamp, civil::Date};

use crate::{
    model::{Nature, SectionId, Severity, SourceId},
    work::App,
};

pub fn section(app: &App, name: &str) -> anyhow::Result<SectionId> {
    let sections = app.rules.sections();
    match sections.named(name).or_else(|| sections.iter().find(|section| section.name == name)) {
        Some(section) => Ok(section.id.clone()),
        None => {
            let all: Vec<&str> = sections.iter().map(|section| section.id.as_str()).collect();
            bail!("there is no section `{name}`\nhint: one of {}", all.join(", "))
        }
    }
}

pub fn nature(name: &str) -> anyhow::Result<Nature> {
    match Nature::parse(&name.to_lowercase()) {
        Some(nature) => Ok(nature),
        None => bail!("there is no nature `{name}`\nhint: one of {}", Nature::ALL.map(Nature::as_str).join(", ")),
    }
}

pub fn severity(name: &str) -> anyhow::Result<Severity> {
    match Severity::parse(&name.to_lowercase()) {
        Some(severity) => Ok(severity),
        None => bail!("there is no severity `{name}`\nhint: one of {}", Severity::ALL.map(Severity::as_str).join(", ")),
    }
}

pub fn source(name: &str) -> anyhow::Result<SourceId> {
    match SourceId::parse(name) {
        Some(id) => Ok(id),
        None => bail!("`{name}` cannot be the id of a source\nhint: `vigie sources list` names them"),
    }
}

/// The first instant of a day where the readers are.
pub fn day(app: &App, day: Date) -> anyhow::Result<Timestamp> {
    Ok(day.to_zoned(app.config.site.zone.clone())?.timestamp())
}
