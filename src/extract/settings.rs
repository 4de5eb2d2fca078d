//! Which settings of a source decide what is read of a page: when they change, a page that did not is to be read again.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::model::{Brings, Source};

/// Counts the changes of this module after which the same page says something else.
pub const VERSION: u32 = 1;

/// The settings that decide what [`super::extract`] makes of a page, and which answer is asked for: a hash in
/// hexadecimal. Not the address: what stands at another one is another page.
pub fn settings(source: &Source) -> String {
    let Source { kind, newest, archive, details, max_age, hosts, zone, asking, .. } = source;
    let (zone, post) = (zone.iana_name(), &asking.post);
    let mut written =
        format!("{kind:?}\n{newest:?}\n{archive:?}\n{details:?}\n{max_age:?}\n{hosts:?}\n{zone:?}\n{post:?}");
    // Written only where it is set: the others need not be read again for it.
    if source.brings != Brings::Notices {
        written += source.brings.as_str();
    }
    Sha256::digest(written.as_bytes()).iter().take(16).fold(String::new(), |mut hash, byte| {
        // Writing to a text does not fail.
        let _ = write!(hash, "{byte:02x}");
        hash
    })
}
