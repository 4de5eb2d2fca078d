//! A PDF file is read in a process of its own: what it costs in time and memory is bounded, and what crashes there crashes
//! nothing here.
//!
//! The process is this same program with a verb that `--help` does not show. It takes the file on its standard input and
//! answers with one line of JSON on its standard output; it has no environment, and opens no file.

use std::{
    io::{self, Read, Write},
    path::Path,
    process::{ExitStatus, Stdio},
    thread,
    time::Duration,
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
    sync::Semaphore,
};

use crate::{
    extract::{self, LARGEST_PDF, LONGEST_PDF_TEXT, Pdf},
    model::{Problem, ProblemKind},
};

/// The verb by which the program is told to read one document.
pub const VERB: &str = "read-document";

/// What one document may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of the clock, and of the processor.
    pub seconds: u64,
    /// Octets of address space, the program itself included.
    pub memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { seconds: 20, memory: 512 << 20 }
    }
}

/// What the process answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Read(Pdf),
    /// Why it could not be read.
    Problem(String),
}

/// Two at once, whoever asks: each may need all the memory that it is given.
static PLACES: Semaphore = Semaphore::const_new(2);

/// Reads a PDF file with `program`, which is this one ([`std::env::current_exe`]). The process ends with the future.
///
/// # Errors
/// A [`ProblemKind::Text`] with the cause: those of [`extract::pdf`], a limit that was reached, a crash.
pub async fn read(program: &Path, document: &[u8], limits: Limits) -> Result<Pdf, Problem> {
    let _place = PLACES.acquire().await.map_err(|_| unread("no more PDF files are read"))?;
    let mut command = Command::new(program);
    command.arg(VERB).args(["--seconds", &limits.seconds.to_string(), "--memory", &limits.memory.to_string()]);
    command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| {
        unread(format!(
            "`{}` cannot be started to read it: {error}\nhint: was the program replaced while it ran? restart it",
            program.display()
        ))
    })?;
    let (Some(mut to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(unread("the process that reads PDF files cannot be spoken to"));
    };
    let exchange = async {
        // What says more than anybody listens to is hung up on, and ends by that.
        let hear = async move {
            let mut said = Vec::new();
            from.take(MOST_SAID).read_to_end(&mut said).await.map(|_| said)
        };
        // A process that dies does not take all that it is given: how it ended says more than this error.
        let tell = async {
            let _ = to.write_all(document).await;
            drop(to);
        };
        let ((), said) = tokio::join!(tell, hear);
        Ok::<_, io::Error>((child.wait().await?, said?))
    };
    // A little longer than the process gives itself, so that its own limit is what ends it.
    match tokio::time::timeout(Duration::from_secs(limits.seconds) + GRACE, exchange).await {
        Ok(Ok((status, said))) => understand(status, &said, limits),
        Ok(Err(error)) => Err(unread(format!("the process that reads PDF files cannot be heard: {error}"))),
        Err(_) => {
            // Nothing is left to be done about a process that is gone already.
            let _ = child.kill().await;
            Err(too_long(limits))
        }
    }
}

const GRACE: Duration = Duration::from_millis(500);

/// Twice the longest text, as JSON escapes it, and some room for what a library prints.
const MOST_SAID: u64 = 2 * LONGEST_PDF_TEXT as u64 + (64 << 10);

fn understand(status: ExitStatus, said: &[u8], limits: Limits) -> Result<Pdf, Problem> {
    use std::os::unix::process::ExitStatusExt;
    match status.signal() {
        None if status.success() => {
            let line = said.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
            match serde_json::from_slice(line) {
                Ok(Answer::Read(pdf)) => Ok(pdf),
                Ok(Answer::Problem(cause)) => Err(unread(cause)),
                Err(_) => Err(unread("the process that reads PDF files answered nonsense")),
            }
        }
        None => Err(unread(format!("the process that reads PDF files failed ({status})"))),
        Some(SIGXCPU) => Err(too_long(limits)),
        // The allocator and the guard of the stack both end a process in this way.
        Some(SIGABRT | SIGSEGV | SIGBUS) => Err(unread(format!(
            "the file makes the PDF reader crash, or needs more than {} MiB of memory",
            limits.memory >> 20
        ))),
        Some(SIGKILL) => {
            Err(unread("the process that reads PDF files was killed\nhint: is the machine short of memory?"))
        }
        Some(signal) => Err(unread(format!("the file makes the PDF reader crash (signal {signal})"))),
    }
}

// The same numbers on every Unix but one: SIGBUS is 10 on BSD, and falls to the last arm there.
const SIGABRT: i32 = 6;
const SIGBUS: i32 = 7;
const SIGKILL: i32 = 9;
const SIGSEGV: i32 = 11;
const SIGXCPU: i32 = 24;

fn too_long(limits: Limits) -> Problem {
    unread(format!("the file keeps the PDF reader busy for more than {} s", limits.seconds))
}

fn unread(cause: impl Into<String>) -> Problem {
    Problem::page(ProblemKind::Text, cause)
}

/// What the process does: limits itself, takes a document on its standard input, answers on its standard output.
///
/// # Errors
/// When a limit cannot be set, nothing is read.
pub fn serve(limits: Limits) -> io::Result<()> {
    confine(limits)?;
    // Parsers of PDF recurse: deeper than the usual 2 or 8 MiB allow, but not so deep as a hostile file would have it.
    let reader = thread::Builder::new().stack_size(STACK).spawn(|| {
        let mut document = Vec::new();
        io::stdin().lock().take(LARGEST_PDF as u64 + 1).read_to_end(&mut document)?;
        Ok::<_, io::Error>(match extract::pdf(&document) {
            Ok(pdf) => Answer::Read(pdf),
            Err(problem) => Answer::Problem(problem.message),
        })
    })?;
    let answer = reader.join().map_err(|_| io::Error::other("the reader failed"))??;
    let mut out = io::stdout().lock();
    // On a line of its own, whatever a library may have printed before.
    writeln!(out, "\n{}", serde_json::to_string(&answer)?)?;
    out.flush()
}

const STACK: usize = 64 << 20;

/// Bounds this process for good, before it has read an octet.
fn confine(limits: Limits) -> io::Result<()> {
    let bound = |resource, most: u64, room: u64| {
        // Whoever started us may allow less already.
        let allowed = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let limit = Rlimit { current: Some(most.min(allowed)), maximum: Some((most + room).min(allowed)) };
        setrlimit(resource, limit).map_err(io::Error::from)
    };
    // No core dump, no file written, and no file opened beyond the three that are open.
    bound(Resource::Core, 0, 0)?;
    bound(Resource::Fsize, 0, 0)?;
    bound(Resource::Nofile, 3, 0)?;
    // At the first limit SIGXCPU, which says why; at the second SIGKILL.
    bound(Resource::Cpu, limits.seconds, 1)?;
    // macOS takes this limit and does not hold it: there only the time is bounded. OpenBSD has one on data instead.
    #[cfg(not(target_os = "openbsd"))]
    bound(Resource::As, limits.memory, 0)?;
    #[cfg(target_os = "openbsd")]
    bound(Resource::Data, limits.memory, 0)?;
    Ok(())
}
