//! Recognising: is a draft a document that is already stored, a new state of one, another source's copy of one, an account
//! of an event that others tell of too, or new? Pure: what it is compared with comes from the store, the decision goes
//! back to it, with its reason.
//!
//! Three decisions, never confused. Identity comes first and in a fixed order: official reference, guid, address, and only
//! then content (`exact`, invariant 3). What no identity knows may repeat another document's text (`near`), or tell of
//! an event that is known (`event`). A false merge is worse than a missed one (invariant 4): what is doubtful is shown to
//! an editor, and joined by nobody else.
//!
//! What is compared ([`Likeness`], [`Tale`]) is made of a draft alone, on any core; how common its words are ([`Counts`])
//! is known in the order in which documents come.

mod counts;
mod event;
mod exact;
mod fingerprint;
mod likeness;
mod marks;
mod names;
mod near;
mod passages;
mod tale;

pub use counts::Counts;
pub use event::{MEMBERS, Member, OVER, Tells, Told, Vector, asked, tells, vector};
pub use exact::{Decision, Known, Shown, Verdict, decide, keys_of_page, settled};
pub use fingerprint::{Fingerprint, fingerprint, tokens};
pub use likeness::{Likeness, Marks, day};
pub use near::{COMMON, Group, Repeats, SHARED, WINDOW, repeats};
pub use passages::Passages;
pub use tale::{Refrain, Tale, citation_key};
