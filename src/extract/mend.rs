//! What XML of feeds gets wrong before its elements can be looked at: characters and declarations. `xml` mends the rest.
//!
//! Everything is linear in the length of the text: searches that may fail are bounded.

use crate::normalise::entity::is_xml_char;

/// Text that an XML reader can walk through: no declaration, no DOCTYPE (so no entity is ever expanded), no comment, no
/// forbidden character, no `<` that opens nothing, no CDATA section left open; nothing before the first `<`.
///
/// References are left alone: the walk decodes them with [`crate::normalise::entity`], bare `&` included.
pub(super) fn mend(text: &str) -> String {
    let clean: String;
    let mut rest = match text.chars().all(is_xml_char) {
        true => text,
        false => {
            clean = text.chars().filter(|c| is_xml_char(*c)).collect();
            &clean
        }
    };
    rest = rest.find('<').and_then(|start| rest.get(start..)).unwrap_or_default();
    let mut out = String::with_capacity(rest.len() + 16);
    let mut scan = Scan::default();
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        rest = if let Some(section) = after.strip_prefix("![CDATA[") {
            out.push_str("<![CDATA[");
            let end = section.find("]]>").unwrap_or(section.len());
            out.push_str(section.get(..end).unwrap_or_default());
            out.push_str("]]>");
            section.get(end + 3..).unwrap_or_default()
        } else if let Some(comment) = after.strip_prefix("!--") {
            scan.after(comment, "-->")
        } else if after.starts_with('!') {
            scan.after_declaration(after)
        } else if after.starts_with('?') {
            scan.after(after, "?>")
        } else {
            let opens = after.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | ':' | '/'));
            out.push_str(if opens { "<" } else { "&lt;" });
            after
        };
    }
    out.push_str(rest);
    out
}

/// Remembers which ends no longer occur, so that none is looked for twice in vain.
#[derive(Default)]
struct Scan {
    absent: Vec<&'static str>,
    doctype: Option<()>,
}

impl Scan {
    /// What follows `end`, or else the next `>`: an unclosed comment must not swallow a feed.
    fn after<'t>(&mut self, text: &'t str, end: &'static str) -> &'t str {
        if !self.absent.contains(&end) {
            if let Some(at) = text.find(end) {
                return text.get(at + end.len()..).unwrap_or_default();
            }
            self.absent.push(end);
        }
        text.split_once('>').map_or("", |(_, after)| after)
    }

    /// Skips `!DOCTYPE … [ … ]>`, whose internal subset holds other declarations and quoted `>`. There is one at most.
    fn after_declaration<'t>(&mut self, text: &'t str) -> &'t str {
        if self.doctype.replace(()).is_some() {
            return self.after(text, ">");
        }
        let (mut depth, mut quote) = (0usize, None);
        let mut at = 0;
        while let Some(byte) = text.as_bytes().get(at) {
            match (quote, byte) {
                (Some(open), _) if open == byte => quote = None,
                // A quotation mark left open must not swallow the root of the feed.
                (Some(_), b'>') if depth == 0 && begins_tag(text, at + 1) => {
                    return text.get(at + 1..).unwrap_or_default();
                }
                (Some(_), _) => {}
                // Comments may hold lone apostrophes and brackets.
                (None, b'<') if text.get(at..at + 4) == Some("<!--") => {
                    at += text.get(at..).and_then(|comment| comment.find("-->")).unwrap_or_default();
                }
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'[') => depth += 1,
                (None, b']') => depth = depth.saturating_sub(1),
                (None, b'>') if depth == 0 => return text.get(at + 1..).unwrap_or_default(),
                _ => {}
            }
            at += 1;
        }
        self.after(text, ">")
    }
}

fn begins_tag(text: &str, at: usize) -> bool {
    text.get(at..).is_some_and(|rest| rest.trim_start().starts_with('<'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_reader_takes_is_gone() {
        for (text, expected) in [
            ("\u{feff}\n junk <?xml version='1.0'?>\n<a>x</a>", "\n<a>x</a>"),
            ("<!DOCTYPE rss [<!ENTITY e \"x>y]\"> <!-- [ -->]><a>&e;</a>", "<a>&e;</a>"),
            ("<a>1 < 2 <3 <<b/></a>", "<a>1 &lt; 2 &lt;3 &lt;<b/></a>"),
            ("<a><!-- <b> -->x<!-- y</a>", "<a>x"),
            ("<a><![CDATA[1 < 2 <!-- x -->", "<a><![CDATA[1 < 2 <!-- x -->]]>"),
            ("<a>\u{0}b\u{1f}\u{fffe}</a>", "<a>b</a>"),
            ("no markup", ""),
            ("<", "&lt;"),
        ] {
            assert_eq!(mend(text), expected);
        }
    }

    #[test]
    fn hostile_text_takes_no_longer() {
        for piece in ["<!--", "<!DOCTYPE [", "<?", "<![CDATA[", "<!'", "<! >", "<!-- >"] {
            mend(&piece.repeat(200_000));
        }
    }
}
