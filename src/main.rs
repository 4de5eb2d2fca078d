use std::process::ExitCode;

fn main() -> ExitCode {
    give_back_large_blocks();
    match vigie::cli::main() {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => ExitCode::from(vigie::cli::fail(&error)),
    }
}

/// A page, and each of its forms on the way to a tree, is one large block of memory that lives for a moment. Once glibc has seen
/// such a block freed, it keeps those that follow, in each thread: a crawl of large pages would hold twice of what it uses. What
/// is smaller comes from one arena for all threads: in one for each, what a page leaves behind stays with the thread that read it
/// (204 against 134 MiB under `.ci/hostile.py`).
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn give_back_large_blocks() {
    for (number, value) in [(libc::M_MMAP_THRESHOLD, 1 << 20), (libc::M_ARENA_MAX, 1)] {
        // SAFETY: this sets one number of the allocator (mallopt(3)), before there is a second thread.
        let _ = unsafe { libc::mallopt(number, value) };
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_back_large_blocks() {}
