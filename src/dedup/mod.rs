//! Recognising: is a draft a document that is already stored, a new state of one, another source's copy of one, or
//! new? Pure: the candidates come from the store, the decision goes back to it, with its reason.
//!
//! Identity comes first and in a fixed order: official reference, guid, address, and only then content (invariant 3).
//! Near-duplicates and stories of several notices have their verdict here ([`Verdict::Joins`]) and no rule yet.

mod exact;
mod fingerprint;

pub use exact::{Decision, Known, Shown, Verdict, copy_of, decide, keys_of_page, may_be_copy, settled};
pub use fingerprint::{Fingerprint, fingerprint, tokens};
