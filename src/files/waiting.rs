//! Bytes that wait on the disk and not in memory.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, Write},
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

/// A file without a name, for its owner alone: it goes with whoever holds it, however that ends.
pub struct Waiting(File);

impl Waiting {
    /// Writes the bytes into a folder that exists.
    pub fn put(folder: &Path, bytes: &[u8]) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!(".waiting-{}-{number}", std::process::id()));
        let mut options = File::options();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path)?;
        fs::remove_file(&path)?;
        file.write_all(bytes)?;
        Ok(Self(file))
    }

    /// Brings them back.
    pub fn take(mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.0.metadata()?.len()).unwrap_or(0));
        self.0.rewind()?;
        self.0.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_comes_back_and_leaves_no_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let waiting = Waiting::put(folder.path(), b"une page").expect("put");
        assert_eq!(fs::read_dir(folder.path()).expect("read").count(), 0);
        assert_eq!(waiting.take().expect("take"), b"une page");
    }
}
