//! SQLite, and the only file that names its driver: one connection that writes, some that read, statements with
//! `$1` parameters that PostgreSQL would take too.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior, config::DbConfig};

use super::{
    error::{Result, StoreError},
    migrate::STEPS,
};

/// How long a statement waits for another program's lock.
const BUSY: Duration = Duration::from_secs(5);

const READING: OpenFlags = OpenFlags::SQLITE_OPEN_READ_ONLY.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// The database of one installation. Every access goes through one of its doors: [`Store::read`],
/// [`Store::write`], [`Store::write_durably`].
pub struct Store {
    path: PathBuf,
    // Dropped first: the last connection to close folds the log into the database, and a reader cannot.
    readers: Mutex<Vec<Connection>>,
    writer: Mutex<Writer>,
}

struct Writer {
    connection: Connection,
    /// What the connection is set to.
    synchronous: &'static str,
}

/// What a statement can be given.
pub use rusqlite::ToSql as Param;
/// What a column can be read as.
pub use rusqlite::types::FromSql as Column;

/// An open view of the database: one consistent state for as long as it lasts.
pub struct Db<'c> {
    connection: &'c Connection,
    path: &'c Path,
}

/// A view that can also write. What it wrote stands, or falls, as a whole.
pub struct Tx<'c>(Db<'c>);

impl<'c> std::ops::Deref for Tx<'c> {
    type Target = Db<'c>;
    fn deref(&self) -> &Db<'c> {
        &self.0
    }
}

/// One row of an answer; columns are counted from 0.
pub struct Row<'r>(&'r rusqlite::Row<'r>);

impl Row<'_> {
    pub fn get<T: Column>(&self, column: usize) -> Result<T> {
        self.0.get(column).map_err(|error| StoreError::Value { what: "another type", value: error.to_string() })
    }
}

impl Store {
    /// Opens the database, makes it where there is none, and brings its schema up to date.
    pub fn open(path: &Path) -> Result<Self> {
        let patience = Instant::now() + BUSY;
        let open = || {
            let mut writer = connect(path, OpenFlags::default())?;
            upgrade(&mut writer, path)?;
            Ok(writer)
        };
        // SQLite does not wait where two programs turn one new database to WAL at once: the second is to try again.
        let writer = loop {
            match open() {
                Err(StoreError::Locked { .. }) if Instant::now() < patience => std::thread::sleep(BUSY / 250),
                other => break other?,
            }
        };
        Ok(Self {
            path: path.to_owned(),
            writer: Mutex::new(Writer { connection: writer, synchronous: "" }),
            readers: Mutex::default(),
        })
    }

    /// The schema that this database has, and the one that this program knows.
    pub fn schema(&self) -> Result<(i64, i64)> {
        let connection = connect(&self.path, READING)?;
        let found = connection.pragma_query_value(None, "user_version", |row| row.get(0));
        Ok((found.map_err(|e| explain(e, &self.path))?, STEPS.len() as i64))
    }

    /// What SQLite finds wrong in the file, at most ten findings; `None` when it was not done within the limit.
    pub fn quick_check(&self, limit: Duration) -> Result<Option<Vec<String>>> {
        let connection = connect(&self.path, READING)?;
        let interrupt = connection.get_interrupt_handle();
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let watch = std::thread::spawn(move || {
            let is_late = wait.recv_timeout(limit) == Err(std::sync::mpsc::RecvTimeoutError::Timeout);
            is_late.then(|| interrupt.interrupt()).is_some()
        });
        let found = connection.prepare("PRAGMA quick_check(10)").and_then(|mut statement| {
            let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
            rows.collect::<rusqlite::Result<Vec<String>>>()
        });
        drop(done);
        let is_late = watch.join().unwrap_or(false);
        match found {
            Ok(rows) => Ok(Some(rows.into_iter().filter(|row| row != "ok").collect())),
            Err(_) if is_late => Ok(None),
            Err(error) => Err(explain(error, &self.path)),
        }
    }

    /// Something that tells whether anybody wrote.
    pub fn watch(&self) -> Result<Watch> {
        Ok(Watch { connection: connect(&self.path, READING)?, path: self.path.clone(), version: 0 })
    }

    /// Reads one consistent state.
    pub fn read<T>(&self, work: impl FnOnce(&Db) -> Result<T>) -> Result<T> {
        aside(|| {
            let idle = lock(&self.readers).pop();
            let mut connection = match idle {
                Some(connection) => connection,
                None => connect(&self.path, READING)?,
            };
            let view = connection.transaction().map_err(|e| explain(e, &self.path))?;
            let out = work(&Db { connection: &view, path: &self.path });
            drop(view);
            lock(&self.readers).push(connection);
            out
        })
    }

    /// Takes over into the database what was written of late, and empties the file in which it waited: what was overwritten stands in
    /// neither. `false`: somebody was reading all the while, and it stays for another time.
    pub fn take_over(&self) -> Result<bool> {
        aside(|| {
            let writer = lock(&self.writer);
            let busy: i64 = writer
                .connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
                .map_err(|e| explain(e, &self.path))?;
            Ok(busy == 0)
        })
    }

    /// Reads and writes in one transaction. It survives the death of this program; a loss of power may undo the last
    /// ones (never half of one).
    pub fn write<T>(&self, work: impl FnOnce(&Tx) -> Result<T>) -> Result<T> {
        self.write_with("NORMAL", work)
    }

    /// As [`Store::write`], and it survives a loss of power too: what must not happen twice, such as mail.
    pub fn write_durably<T>(&self, work: impl FnOnce(&Tx) -> Result<T>) -> Result<T> {
        self.write_with("FULL", work)
    }

    fn write_with<T>(&self, synchronous: &'static str, work: impl FnOnce(&Tx) -> Result<T>) -> Result<T> {
        aside(|| {
            let failed = |error| explain(error, &self.path);
            let mut writer = lock(&self.writer);
            if writer.synchronous != synchronous {
                writer.connection.pragma_update(None, "synchronous", synchronous).map_err(failed)?;
                writer.synchronous = synchronous;
            }
            let tx = writer.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
            let out = work(&Tx(Db { connection: &tx, path: &self.path }))?;
            tx.commit().map_err(failed)?;
            Ok(out)
        })
    }
}

/// Tells whether anybody, in whatever program, has written since it was asked last: in some microseconds.
pub struct Watch {
    connection: Connection,
    path: PathBuf,
    version: i64,
}

impl Watch {
    pub fn has_changed(&mut self) -> Result<bool> {
        let read = |connection: &Connection| {
            connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get::<_, i64>(0))
        };
        let version = read(&self.connection).map_err(|error| explain(error, &self.path))?;
        Ok(std::mem::replace(&mut self.version, version) != version)
    }
}

impl Db<'_> {
    /// All rows of an answer, each through `read`.
    pub fn query<T>(
        &self,
        sql: &str,
        params: &[&dyn Param],
        mut read: impl FnMut(&Row) -> Result<T>,
    ) -> Result<Vec<T>> {
        let failed = |error| explain(error, self.path);
        let mut statement = self.prepared(sql).map_err(failed)?;
        bind(&mut statement, params).map_err(failed)?;
        let mut rows = statement.raw_query();
        let mut out = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            out.push(read(&Row(row))?);
        }
        Ok(out)
    }

    /// The first row of an answer, if there is one.
    pub fn query_first<T>(
        &self,
        sql: &str,
        params: &[&dyn Param],
        read: impl FnOnce(&Row) -> Result<T>,
    ) -> Result<Option<T>> {
        let failed = |error| explain(error, self.path);
        let mut statement = self.prepared(sql).map_err(failed)?;
        bind(&mut statement, params).map_err(failed)?;
        let mut rows = statement.raw_query();
        rows.next().map_err(failed)?.map(|row| read(&Row(row))).transpose()
    }

    /// One value that is always there, such as a count.
    pub fn value<T: Column>(&self, sql: &str, params: &[&dyn Param]) -> Result<T> {
        self.query_first(sql, params, |row| row.get(0))?
            .ok_or(StoreError::Value { what: "a row", value: String::from("nothing") })
    }

    /// A statement, kept for the next time. SQLite numbers `?1`, and looks up the name of `$1` at each binding.
    fn prepared(&self, sql: &str) -> rusqlite::Result<rusqlite::CachedStatement<'_>> {
        self.connection.prepare_cached(&sql.replace('$', "?"))
    }

    /// The steps by which the database would answer: for the test that holds every statement to its indexes.
    pub fn plan(&self, sql: &str) -> Result<Vec<String>> {
        let mut statement =
            self.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).map_err(|e| explain(e, self.path))?;
        let mut rows = statement.raw_query();
        let mut out = Vec::new();
        while let Some(row) = rows.next().map_err(|e| explain(e, self.path))? {
            out.push(Row(row).get(3)?);
        }
        Ok(out)
    }
}

impl Tx<'_> {
    /// Runs a statement; how many rows it touched.
    pub fn execute(&self, sql: &str, params: &[&dyn Param]) -> Result<usize> {
        let failed = |error| explain(error, self.path);
        let mut statement = self.prepared(sql).map_err(failed)?;
        bind(&mut statement, params).map_err(failed)?;
        statement.raw_execute().map_err(failed)
    }

    /// Does part of a transaction: what it wrote stands with the rest, or, when it fails, is undone alone.
    pub fn part<T>(&self, work: impl FnOnce(&Tx) -> Result<T>) -> Result<T> {
        // Where SQLite undid all of it (a full disk), the next statement would stand alone.
        if self.connection.is_autocommit() {
            return Err(StoreError::Failed {
                path: self.path.to_owned(),
                cause: String::from("the transaction is over"),
            });
        }
        self.execute("SAVEPOINT part", &[])?;
        match work(self) {
            Ok(out) => self.execute("RELEASE part", &[]).map(|_| out),
            Err(error) => {
                self.execute("ROLLBACK TO part", &[])?;
                self.execute("RELEASE part", &[])?;
                Err(error)
            }
        }
    }

    /// Runs `INSERT … RETURNING id` for one row. SQLite knows the id without being asked: for `RETURNING` it would keep
    /// a copy of every page that the statement touches.
    pub fn insert(&self, sql: &str, params: &[&dyn Param]) -> Result<i64> {
        match sql.trim_end().strip_suffix("RETURNING id") {
            Some(insert) if self.execute(insert, params)? == 1 => Ok(self.connection.last_insert_rowid()),
            Some(_) => Err(StoreError::Value { what: "a new row", value: String::from("nothing") }),
            None => self.value(sql, params),
        }
    }
}

/// The parameters by their number, in whatever order the statement names them; it need not name the last ones.
fn bind(statement: &mut rusqlite::Statement, params: &[&dyn Param]) -> rusqlite::Result<()> {
    let named = statement.parameter_count();
    for (at, param) in params.iter().take(named).enumerate() {
        statement.raw_bind_parameter(at + 1, param)?;
    }
    Ok(())
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(128);
        connection.pragma_update(None, "journal_mode", "WAL").or_else(|error| match error.sqlite_error_code() {
            // A reader may not change it, and need not.
            Some(ErrorCode::ReadOnly) => Ok(()),
            _ => Err(error),
        })?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        // Without this, each new value of a parameter such as that of `LIMIT` has the statement compiled again.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        // What is deleted is overwritten: who was erased is in the file no more.
        connection.pragma_update(None, "secure_delete", true)?;
        // No memory map: what is read once would stay in this program's memory.
        connection.pragma_update(None, "cache_size", if flags == READING { -2_048 } else { -8_192 })?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        // 32 MiB: what is written often is not folded into the database each time, and hardly any transaction waits for it.
        connection.pragma_update(None, "wal_autocheckpoint", 8_000)?;
        Ok(connection)
    };
    open().map_err(|error| match explain(error, path) {
        StoreError::Failed { path, cause } => StoreError::Open { path, cause },
        other => other,
    })
}

/// Runs the steps that this database has not seen. Two programs may try at once: the second finds nothing to do.
fn upgrade(connection: &mut Connection, path: &Path) -> Result<()> {
    let failed = |error| explain(error, path);
    let known = STEPS.len() as i64;
    let version = |c: &Connection| c.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
    if version(connection).map_err(failed)? == known {
        return Ok(());
    }
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let found = version(&tx).map_err(failed)?;
    if found > known {
        return Err(StoreError::Newer { path: path.to_owned(), found, known });
    }
    for (done, step) in STEPS.iter().enumerate().skip(usize::try_from(found).unwrap_or(0)) {
        tx.execute_batch(step).map_err(failed)?;
        tx.pragma_update(None, "user_version", done as i64 + 1).map_err(failed)?;
    }
    tx.commit().map_err(failed)
}

fn explain(error: rusqlite::Error, path: &Path) -> StoreError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Locked { path },
        Some(ErrorCode::DiskFull) => StoreError::Full { path },
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => StoreError::NotADatabase { path },
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
            StoreError::Open { path, cause: error.to_string() }
        }
        _ => StoreError::Failed { path, cause: error.to_string() },
    }
}

/// A panic while the lock was held has already rolled its transaction back: what is behind it is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs what waits for the disk without holding up the tasks that share this thread.
fn aside<T>(work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    match Handle::try_current() {
        Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => tokio::task::block_in_place(work),
        _ => work(),
    }
}
