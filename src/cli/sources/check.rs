//! `vigie sources check`

use serde::Serialize;

use crate::{
    cli::{
        Exit,
        output::{Output, Table},
    },
    model::SourceId,
    work::{App, attempt},
};

#[derive(Serialize)]
struct Checked {
    id: SourceId,
    entries: usize,
    dated: usize,
    /// Why nothing could be read, or what is wrong with what was.
    problems: Vec<String>,
    failed: bool,
}

pub async fn run(app: &App, out: &Output) -> anyhow::Result<Exit> {
    let bar = out.progress(app.config.sources.len() as u64);
    let progress = |id: &SourceId| {
        bar.set_message(id.to_string());
        bar.inc(1);
    };
    let tried = attempt::all(app, &progress).await;
    bar.finish_and_clear();
    let row = |(source, tried): (&crate::model::Source, anyhow::Result<attempt::Tried>)| match tried {
        Ok(tried) => {
            let problems = tried.entries.iter().flat_map(|entry| &entry.problems).chain(&tried.problems);
            Checked {
                id: source.id.clone(),
                entries: tried.entries.len(),
                dated: tried.entries.iter().filter(|entry| entry.draft.published.is_some()).count(),
                failed: tried.failed(),
                problems: problems.map(ToString::to_string).collect(),
            }
        }
        Err(error) => {
            Checked { id: source.id.clone(), entries: 0, dated: 0, failed: true, problems: vec![format!("{error:#}")] }
        }
    };
    let rows: Vec<Checked> = tried.into_iter().map(row).collect();
    out.list(&rows, || {
        let mut table = Table::new(["ID", "ENTRIES", "DATED", "PROBLEMS", "FIRST PROBLEM"]);
        for row in &rows {
            table.row([
                row.id.to_string(),
                row.entries.to_string(),
                row.dated.to_string(),
                row.problems.len().to_string(),
                row.problems.first().map(|problem| problem.replace('\n', "; ")).unwrap_or_default(),
            ]);
        }
        table
    })?;
    let failed: Vec<&str> = rows.iter().filter(|row| row.failed).map(|row| row.id.as_str()).collect();
    if failed.is_empty() {
        return Ok(Exit::Done);
    }
    out.complain(format!("nothing could be read of {}", failed.join(", ")));
    Ok(Exit::Partly)
}
