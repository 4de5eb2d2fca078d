//! Header fields: taken apart, in relaxed form (RFC 6376 3.4.2), and folded.

/// The longest line, without its end (RFC 5322 2.1.1).
pub(super) const WIDEST: usize = 78;

/// One field with the lines that it is folded into, without the last line's end.
pub(super) struct Field<'a> {
    pub bytes: &'a [u8],
}

impl Field<'_> {
    /// Whether it has that name, given in lower case.
    pub fn is(&self, name: &str) -> bool {
        let colon = self.bytes.iter().position(|b| *b == b':').unwrap_or(0);
        self.bytes.get(..colon).is_some_and(|own| own.trim_ascii_end().eq_ignore_ascii_case(name.as_bytes()))
    }
}

/// The headers of a message, and its body: what stands after the first empty line.
pub(super) fn split(message: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    for line in message.split_inclusive(|b| *b == b'\n') {
        let after = at + line.len();
        if line == b"\r\n" || line == b"\n" {
            return (message.get(..at).unwrap_or(message), message.get(after..).unwrap_or(&[]));
        }
        at = after;
    }
    (message, &[])
}

/// In their order. A line that begins with white space goes on with the field above it; what is no field is left out.
pub(super) fn all(headers: &[u8]) -> Vec<Field<'_>> {
    let mut starts = Vec::with_capacity(32);
    let mut at = 0;
    for line in headers.split_inclusive(|b| *b == b'\n') {
        if !line.first().is_some_and(|b| b" \t".contains(b)) {
            starts.push(at);
        }
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([at]);
    let fields = starts.iter().zip(ends).filter_map(|(start, end)| headers.get(*start..end));
    fields.filter(|bytes| bytes.contains(&b':')).map(|bytes| Field { bytes }).collect()
}

/// Adds the relaxed form of a field: name in lower case, white space as one space and none at either end, CRLF.
pub(super) fn relax(field: &[u8], out: &mut Vec<u8>) {
    let colon = field.iter().position(|b| *b == b':').unwrap_or(field.len());
    let (name, value) = field.split_at(colon);
    out.extend(name.trim_ascii_end().iter().map(u8::to_ascii_lowercase));
    out.push(b':');
    let begin = out.len();
    let mut space = false;
    for octet in value.iter().skip(1) {
        if b" \t\r\n".contains(octet) {
            space = true;
            continue;
        }
        if std::mem::take(&mut space) && out.len() > begin {
            out.push(b' ');
        }
        out.push(*octet);
    }
    out.extend_from_slice(b"\r\n");
}

/// Adds a long word such as base64, cut wherever a line is full; the line it begins on is filled up to `column`.
pub(super) fn fold(word: &str, column: usize, out: &mut Vec<u8>) {
    let (first, rest) = word.split_at(word.len().min(WIDEST - column));
    out.extend_from_slice(first.as_bytes());
    for line in rest.as_bytes().chunks(WIDEST - 1) {
        out.extend_from_slice(b"\r\n ");
        out.extend_from_slice(line);
    }
}
