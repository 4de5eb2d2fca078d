//! Complaints that a mailbox service passes on (RFC 5965). Pure.

use super::{
    Complaint, Original,
    fields::{Fields, addresses},
    said,
};

/// What `message/feedback-report` says; what it knows of the message goes to `original`.
pub(super) fn read(body: &[u8], original: &mut Original) -> Option<Complaint> {
    let blocks = Fields::blocks(body);
    let value = |name: &str| blocks.iter().find_map(|block| block.get(name));
    let kind = value("feedback-type")?.split_whitespace().next()?.to_ascii_lowercase();
    // The envelope's sender bears the token, where it is not blacked out.
    original.addresses.extend(blocks.iter().flat_map(|block| block.all("original-mail-from")).flat_map(addresses));
    let host = value("reporting-mta").or_else(|| value("user-agent")).unwrap_or_default();
    let host = host.rsplit(';').next().unwrap_or_default();
    Some(Complaint { kind, host: said::kept(host) })
}

impl Complaint {
    /// Whether the reader wants no more: what a virus scanner, or a check of signatures, reports is no reader's wish.
    pub fn is_of_reader(&self) -> bool {
        ["abuse", "fraud", "opt-out", "opt-out-list"].contains(&self.kind.as_str())
    }
}
