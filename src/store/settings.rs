//! Single values of this installation: the key of its Message-IDs, the authority of its feed ids, the relay's trouble.

use super::{Db, Result, Tx};

pub fn get(db: &Db, name: &str) -> Result<Option<String>> {
    db.query_first("SELECT value FROM setting WHERE name = $1", &[&name], |row| row.get(0))
}

/// The stored value; `value` becomes it where there was none.
pub fn get_or_set(tx: &Tx, name: &str, value: &str) -> Result<String> {
    tx.execute("INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", &[&name, &value])?;
    tx.value("SELECT value FROM setting WHERE name = $1", &[&name])
}

/// Stores a value, unless it stands there already.
pub fn set(tx: &Tx, name: &str, value: &str) -> Result<()> {
    tx.execute(
        "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value
         WHERE setting.value <> excluded.value",
        &[&name, &value],
    )?;
    Ok(())
}
