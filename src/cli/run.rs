//! `vigie run`

use super::Exit;
use crate::{daemon, work::App};

pub async fn run(app: &App) -> anyhow::Result<Exit> {
    daemon::run(app).await?;
    Ok(Exit::Done)
}
