//! Lists of `tag=value;`, as DKIM keys (RFC 6376 3.2) and DMARC policies (RFC 9989) are written. Pure.

/// What a record says, in its order.
pub struct Tags<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Tags<'a> {
    /// What is no tag is left out.
    pub fn read(text: &'a str) -> Self {
        let tag = |part: &'a str| part.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
        Self(text.split(';').filter_map(tag).collect())
    }

    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(tag, _)| *tag == name).map(|(_, value)| *value)
    }

    /// Whether it begins with `v=` and this: by that a record is told from others of its name.
    pub fn is_version(&self, version: &str) -> bool {
        self.0.first().is_some_and(|(tag, value)| *tag == "v" && *value == version)
    }
}
