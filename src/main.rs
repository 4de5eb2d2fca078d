use std::process::ExitCode;

fn main() -> ExitCode {
    give_back_large_blocks();
    match vigie::cli::main() {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => ExitCode::from(vigie::cli::fail(&error)),
    }
}

/// A page, and each of its forms on the way to a tree, is one large block of memory that lives for a moment. Once glibc has seen
/// such a block freed, it keeps those that follow, in each thread: a crawl of large pages would hold twice of what it uses.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn give_back_large_blocks() {
    // SAFETY: this sets one number of the allocator (mallopt(3)), before there is a second thread.
    let _ = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 20) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_back_large_blocks() {}
