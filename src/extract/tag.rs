//! Where tags, comments and raw text end, as browsers read them (HTML 13.2.5). Each search is linear in what it passes over.

/// The name at the front of a tag, as it is written, and what follows it.
pub(super) fn name(tag: &str) -> (&str, &str) {
    let end = tag.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>')).unwrap_or(tag.len());
    tag.split_at(end)
}

/// How a start tag ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Plain,
    /// With `/>`, which says something inside of `svg` and `math` only.
    Closed,
}

/// Takes the attributes of a tag as they are written (HTML 13.2.5.32 to 40). How the tag ends and what follows it, or nothing
/// where it has no end.
pub(super) fn attributes<'t>(mut rest: &'t str, mut take: impl FnMut(&'t str, &'t str)) -> Option<(Ending, &'t str)> {
    let is_space = |c: char| c.is_ascii_whitespace();
    loop {
        let before = rest;
        rest = rest.trim_start_matches(|c: char| is_space(c) || c == '/');
        if let Some(tail) = rest.strip_prefix('>') {
            let passed = before.get(..before.len() - rest.len()).unwrap_or_default();
            return Some((if passed.ends_with('/') { Ending::Closed } else { Ending::Plain }, tail));
        }
        // An equals sign at the front belongs to the name.
        let from = usize::from(rest.starts_with('='));
        let length = rest.get(from..)?.find(|c: char| is_space(c) || matches!(c, '/' | '>' | '='))?;
        let (name, after) = rest.split_at_checked(from + length)?;
        rest = after.trim_start_matches(is_space);
        let Some(value) = rest.strip_prefix('=') else {
            take(name, "");
            continue;
        };
        let value = value.trim_start_matches(is_space);
        let quoted = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, tail) = match quoted {
            Some(quote) => value.get(1..)?.split_once(quote)?,
            None => value.split_at_checked(value.find(|c: char| is_space(c) || c == '>')?)?,
        };
        take(name, value);
        rest = tail;
    }
}

/// What follows a comment (HTML 13.2.5.43 to 52), of which the opening was taken; nothing where it has no end.
pub(super) fn after_comment(comment: &str) -> &str {
    if let Some(tail) = comment.strip_prefix('>').or_else(|| comment.strip_prefix("->")) {
        return tail;
    }
    // One search for both ends: a second one, for an end that never comes, would go to the end of the page each time.
    let end = comment.match_indices('>').map(|(at, _)| at).find(|at| {
        let before = comment.get(..*at).unwrap_or_default();
        before.ends_with("--") || before.ends_with("--!")
    });
    end.and_then(|at| comment.get(at + 1..)).unwrap_or_default()
}

/// Splits what follows the start tag of an element that holds no markup, `name` in lower case, at its end tag. Without one,
/// all is inside.
pub(super) fn raw<'t>(name: &str, text: &'t str) -> (&'t str, &'t str) {
    let end = match name {
        "script" => end_of_script(text),
        name => text.match_indices("</").map(|(at, _)| at).find(|at| is_tag(text, at + 2, name)),
    };
    end.and_then(|end| text.split_at_checked(end)).unwrap_or((text, ""))
}

/// A script may hold scripts in a comment (HTML 13.2.5.4 and 13.2.5.18 to 31).
fn end_of_script(text: &str) -> Option<usize> {
    #[derive(PartialEq)]
    enum In {
        Script,
        Comment,
        InnerScript,
    }
    let mut state = In::Script;
    let mut from = 0;
    while let Some(found) = text.get(from..)?.find(['<', '>']) {
        let at = from + found;
        from = at + 1;
        let rest = text.get(at..)?;
        match state {
            In::Script | In::Comment if is_tag(text, at + 2, "script") && rest.starts_with("</") => return Some(at),
            In::Script if rest.starts_with("<!--") => {
                state = In::Comment;
                // Its dashes may be those of its end.
                if rest.starts_with("<!-->") || rest.starts_with("<!--->") {
                    state = In::Script;
                }
                from = at + 4;
            }
            In::Comment if rest.starts_with('<') && is_tag(text, at + 1, "script") => state = In::InnerScript,
            In::InnerScript if rest.starts_with("</") && is_tag(text, at + 2, "script") => state = In::Comment,
            In::Comment | In::InnerScript if rest.starts_with('>') && text.get(..at)?.ends_with("--") => {
                state = In::Script;
            }
            _ => {}
        }
    }
    None
}

/// Whether a tag of this name begins at a place; `name` in lower case.
fn is_tag(text: &str, at: usize, name: &str) -> bool {
    let bytes = text.as_bytes();
    let is_name = bytes.get(at..at + name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()));
    is_name && bytes.get(at + name.len()).is_some_and(|next| next.is_ascii_whitespace() || matches!(next, b'/' | b'>'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_ends_where_browsers_end_it() {
        for (text, inside) in [
            ("if (a<b) {}</script>x", "if (a<b) {}"),
            ("x</SCRIPT >y", "x"),
            ("x</scripts></script>", "x</scripts>"),
            ("<!-- w('<script src=a></script>') //--></script>x", "<!-- w('<script src=a></script>') //-->"),
            ("<!-- x </script>y", "<!-- x "),
            ("<!--><script></script>", "<!--><script>"),
            ("<!-- <script> </script", "<!-- <script> </script"),
            ("never", "never"),
        ] {
            assert_eq!(raw("script", text).0, inside, "{text}");
        }
        assert_eq!(raw("title", "a <b></b></title>c"), ("a <b></b>", "</title>c"));
    }

    #[test]
    fn a_comment_ends_at_the_first_of_its_ends() {
        for (comment, after) in
            [(">x", "x"), ("->x", "x"), (" a --!>x-->", "x-->"), ("--->x", "x"), (" - -- > -->x", "x"), ("x", "")]
        {
            assert_eq!(after_comment(comment), after, "{comment}");
        }
    }

    #[test]
    fn attributes_are_taken_as_they_are_written() {
        let mut found = Vec::new();
        let after = attributes(" A=1 b c = 'x > y'/d=\"\" =e=f>z", |name, value| found.push((name, value)));
        assert_eq!(after, Some((Ending::Plain, "z")));
        assert_eq!(found, [("A", "1"), ("b", ""), ("c", "x > y"), ("d", ""), ("=e", "f")]);
        for (tag, after) in [
            (" a='x>", None),
            (" a=x/>y", Some((Ending::Plain, "y"))),
            (" a='x'/>y", Some((Ending::Closed, "y"))),
            ("/>", Some((Ending::Closed, ""))),
            (" / >", Some((Ending::Plain, ""))),
        ] {
            assert_eq!(attributes(tag, |_, _| {}), after, "{tag}");
        }
    }
}
