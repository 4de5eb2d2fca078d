//! Lines as a strict receiver reads them: ended by CRLF, of bounded length.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// The longest line of a message, without its CRLF (RFC 5322 2.1.1).
const LONGEST_LINE: usize = 998;
/// The largest message, in octets.
pub(super) const LARGEST: usize = 10 * 1024 * 1024;

/// One line.
pub(super) enum Line {
    /// Without its CRLF.
    Whole(Vec<u8>),
    TooLong,
    /// Ended by LF alone, or holding a bare CR.
    BareEnd,
    /// The client is gone.
    End,
}

/// Reads to the end of the line, and keeps no more of it than `cap`.
pub(super) async fn read_line(reader: &mut (impl AsyncBufRead + Unpin), cap: usize) -> io::Result<Line> {
    let mut line = Vec::new();
    loop {
        let buffer = reader.fill_buf().await?;
        if buffer.is_empty() {
            return Ok(Line::End);
        }
        let end = buffer.iter().position(|b| *b == b'\n');
        let used = end.map_or(buffer.len(), |at| at + 1);
        let room = (cap + 3).saturating_sub(line.len());
        line.extend(buffer.iter().take(used.min(room)));
        reader.consume(used);
        if end.is_none() {
            continue;
        }
        return Ok(match line.strip_suffix(b"\r\n") {
            _ if line.len() > cap + 2 => Line::TooLong,
            Some(content) if !content.contains(&b'\r') => Line::Whole(content.to_owned()),
            _ => Line::BareEnd,
        });
    }
}

/// What came between DATA and the final dot.
pub(super) enum Message {
    Whole(Vec<u8>),
    /// The reply that says why not.
    Bad(&'static str),
    /// The client went away before the final dot.
    Broken,
}

/// Reads to the final dot, and takes the doubled dots back.
pub(super) async fn read_message(reader: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Message> {
    let mut bytes = Vec::new();
    let mut bad = None;
    loop {
        match read_line(reader, LONGEST_LINE + 1).await? {
            Line::End => return Ok(Message::Broken),
            Line::Whole(line) if line == b"." => break,
            Line::TooLong => bad = Some("554 5.6.0 A line is over 998 octets"),
            Line::BareEnd => bad = Some("554 5.6.0 A line ends without CRLF"),
            Line::Whole(line) => {
                if line.contains(&0) {
                    bad = Some("554 5.6.0 There is a NUL");
                }
                if bytes.len() + line.len() > LARGEST {
                    bad = Some("552 5.3.4 Message too big");
                }
                if bad.is_none() {
                    bytes.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
                    bytes.extend_from_slice(b"\r\n");
                }
            }
        }
    }
    Ok(bad.map_or(Message::Whole(bytes), Message::Bad))
}
