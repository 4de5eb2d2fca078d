//! Character references of HTML and XML.

use std::{borrow::Cow, collections::HashMap, sync::LazyLock};

/// Decodes `&eacute;`, `&#233;` and `&#xE9;`, once: what was escaped twice stays escaped once.
///
/// Numbers from 0x80 to 0x9F are read as windows-1252, as every browser does; a number that is no character of XML is
/// dropped; what is not a reference (a bare `&`, an unknown name) stays as it is.
pub fn decode(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find('&') else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len());
    out.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(after) = rest.strip_prefix('&') {
        let length = after.bytes().take(LONGEST + 1).position(|b| b == b';');
        match length.and_then(|length| Some((resolve(&after[..length])?, length))) {
            Some((character, length)) => {
                out.extend(character);
                rest = &after[length + 1..];
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
        let next = rest.find('&').unwrap_or(rest.len());
        out.push_str(&rest[..next]);
        rest = &rest[next..];
    }
    Cow::Owned(out)
}

/// Whether XML 1.0 (2.2) allows a character.
pub const fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// What stands for `name`: `Some(None)` for a number that is to be dropped.
fn resolve(name: &str) -> Option<Option<char>> {
    let Some(number) = name.strip_prefix('#') else { return NAMES.get(name).copied().map(Some) };
    let (digits, radix) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    if digits.is_empty() || !digits.bytes().all(|b| char::from(b).is_digit(radix)) {
        return None;
    }
    let code = u32::from_str_radix(digits, radix).unwrap_or(u32::MAX);
    if (0x80..=0x9f).contains(&code) {
        let byte = [u8::try_from(code).unwrap_or_default()];
        return Some(encoding_rs::WINDOWS_1252.decode_without_bom_handling(&byte).0.chars().next());
    }
    Some(char::from_u32(code).filter(|c| is_xml_char(*c)))
}

/// Octets between `&` and `;`: the longest name below, or a number with a few zeros in front.
const LONGEST: usize = 16;

static NAMES: LazyLock<HashMap<&'static str, char>> = LazyLock::new(|| {
    let latin = LATIN_1.iter().zip('\u{a0}'..='\u{ff}').map(|(name, character)| (*name, character));
    latin.chain(OTHERS.iter().copied()).collect()
});

/// HTML 4's names for U+00A0 to U+00FF, in order.
#[rustfmt::skip]
const LATIN_1: [&str; 96] = [
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf", "laquo", "not",
    "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro", "para", "middot", "cedil", "sup1",
    "ordm", "raquo", "frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring",
    "AElig", "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde",
    "Ograve", "Oacute", "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute",
    "THORN", "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil", "egrave", "eacute",
    "ecirc", "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde", "ograve", "oacute", "ocirc", "otilde",
    "ouml", "divide", "oslash", "ugrave", "uacute", "ucirc", "uuml", "yacute", "thorn", "yuml",
];

/// HTML 4's other names, and those of HTML 5 that pages use.
#[rustfmt::skip]
const OTHERS: &[(&str, char)] = &[
    ("AMP", '\u{26}'), ("Alpha", '\u{391}'), ("Beta", '\u{392}'), ("Ccaron", '\u{10c}'), ("Chi", '\u{3a7}'),
    ("Dagger", '\u{2021}'), ("Delta", '\u{394}'), ("Epsilon", '\u{395}'), ("Eta", '\u{397}'), ("GT", '\u{3e}'),
    ("Gamma", '\u{393}'), ("Iota", '\u{399}'), ("Kappa", '\u{39a}'), ("LT", '\u{3c}'), ("Lambda", '\u{39b}'),
    ("Lstrok", '\u{141}'), ("Mu", '\u{39c}'), ("NewLine", '\u{a}'), ("NonBreakingSpace", '\u{a0}'),
    ("Nu", '\u{39d}'), ("OElig", '\u{152}'), ("Omega", '\u{3a9}'), ("Omicron", '\u{39f}'), ("Phi", '\u{3a6}'),
    ("Pi", '\u{3a0}'), ("Prime", '\u{2033}'), ("Psi", '\u{3a8}'), ("QUOT", '\u{22}'), ("Rho", '\u{3a1}'),
    ("Scaron", '\u{160}'), ("Sigma", '\u{3a3}'), ("Tab", '\u{9}'), ("Tau", '\u{3a4}'), ("Theta", '\u{398}'),
    ("Upsilon", '\u{3a5}'), ("Xi", '\u{39e}'), ("Yuml", '\u{178}'), ("Zcaron", '\u{17d}'), ("Zeta", '\u{396}'),
    ("abreve", '\u{103}'), ("alefsym", '\u{2135}'), ("alpha", '\u{3b1}'), ("amp", '\u{26}'), ("and", '\u{2227}'),
    ("ang", '\u{2220}'), ("apos", '\u{27}'), ("ast", '\u{2a}'), ("asymp", '\u{2248}'), ("bdquo", '\u{201e}'),
    ("beta", '\u{3b2}'), ("bsol", '\u{5c}'), ("bull", '\u{2022}'), ("cacute", '\u{107}'), ("cap", '\u{2229}'),
    ("ccaron", '\u{10d}'), ("check", '\u{2713}'), ("chi", '\u{3c7}'), ("circ", '\u{2c6}'), ("clubs", '\u{2663}'),
    ("colon", '\u{3a}'), ("comma", '\u{2c}'), ("commat", '\u{40}'), ("cong", '\u{2245}'), ("crarr", '\u{21b5}'),
    ("cup", '\u{222a}'), ("dArr", '\u{21d3}'), ("dagger", '\u{2020}'), ("darr", '\u{2193}'), ("dash", '\u{2010}'),
    ("delta", '\u{3b4}'), ("diams", '\u{2666}'), ("dollar", '\u{24}'), ("ecaron", '\u{11b}'), ("empty", '\u{2205}'),
    ("emsp", '\u{2003}'), ("ensp", '\u{2002}'), ("epsilon", '\u{3b5}'), ("equals", '\u{3d}'), ("equiv", '\u{2261}'),
    ("eta", '\u{3b7}'), ("euro", '\u{20ac}'), ("excl", '\u{21}'), ("exist", '\u{2203}'), ("fnof", '\u{192}'),
    ("forall", '\u{2200}'), ("frasl", '\u{2044}'), ("gamma", '\u{3b3}'), ("ge", '\u{2265}'), ("grave", '\u{60}'),
    ("gt", '\u{3e}'), ("hArr", '\u{21d4}'), ("hairsp", '\u{200a}'), ("harr", '\u{2194}'), ("hearts", '\u{2665}'),
    ("hellip", '\u{2026}'), ("hyphen", '\u{2010}'), ("image", '\u{2111}'), ("infin", '\u{221e}'),
    ("inodot", '\u{131}'), ("int", '\u{222b}'), ("iota", '\u{3b9}'), ("isin", '\u{2208}'), ("kappa", '\u{3ba}'),
    ("lArr", '\u{21d0}'), ("lambda", '\u{3bb}'), ("lang", '\u{2329}'), ("larr", '\u{2190}'), ("lbrace", '\u{7b}'),
    ("lbrack", '\u{5b}'), ("lceil", '\u{2308}'), ("lcub", '\u{7b}'), ("ldquo", '\u{201c}'), ("le", '\u{2264}'),
    ("lfloor", '\u{230a}'), ("lowast", '\u{2217}'), ("lowbar", '\u{5f}'), ("loz", '\u{25ca}'), ("lpar", '\u{28}'),
    ("lrm", '\u{200e}'), ("lsaquo", '\u{2039}'), ("lsqb", '\u{5b}'), ("lsquo", '\u{2018}'), ("lstrok", '\u{142}'),
    ("lt", '\u{3c}'), ("mdash", '\u{2014}'), ("minus", '\u{2212}'), ("mu", '\u{3bc}'), ("nabla", '\u{2207}'),
    ("nacute", '\u{144}'), ("ndash", '\u{2013}'), ("ne", '\u{2260}'), ("ni", '\u{220b}'), ("nldr", '\u{2025}'),
    ("notin", '\u{2209}'), ("nsub", '\u{2284}'), ("nu", '\u{3bd}'), ("num", '\u{23}'), ("numsp", '\u{2007}'),
    ("oelig", '\u{153}'), ("oline", '\u{203e}'), ("omega", '\u{3c9}'), ("omicron", '\u{3bf}'), ("oplus", '\u{2295}'),
    ("or", '\u{2228}'), ("otimes", '\u{2297}'), ("part", '\u{2202}'), ("percnt", '\u{25}'), ("period", '\u{2e}'),
    ("permil", '\u{2030}'), ("perp", '\u{22a5}'), ("phi", '\u{3c6}'), ("pi", '\u{3c0}'), ("piv", '\u{3d6}'),
    ("plus", '\u{2b}'), ("prime", '\u{2032}'), ("prod", '\u{220f}'), ("prop", '\u{221d}'), ("psi", '\u{3c8}'),
    ("puncsp", '\u{2008}'), ("quest", '\u{3f}'), ("quot", '\u{22}'), ("rArr", '\u{21d2}'), ("radic", '\u{221a}'),
    ("rang", '\u{232a}'), ("rarr", '\u{2192}'), ("rbrace", '\u{7d}'), ("rbrack", '\u{5d}'), ("rcaron", '\u{159}'),
    ("rceil", '\u{2309}'), ("rcub", '\u{7d}'), ("rdquo", '\u{201d}'), ("real", '\u{211c}'), ("rfloor", '\u{230b}'),
    ("rho", '\u{3c1}'), ("rlm", '\u{200f}'), ("rpar", '\u{29}'), ("rsaquo", '\u{203a}'), ("rsqb", '\u{5d}'),
    ("rsquo", '\u{2019}'), ("sacute", '\u{15b}'), ("sbquo", '\u{201a}'), ("scaron", '\u{161}'), ("sdot", '\u{22c5}'),
    ("semi", '\u{3b}'), ("sigma", '\u{3c3}'), ("sigmaf", '\u{3c2}'), ("sim", '\u{223c}'), ("sol", '\u{2f}'),
    ("spades", '\u{2660}'), ("sub", '\u{2282}'), ("sube", '\u{2286}'), ("sum", '\u{2211}'), ("sup", '\u{2283}'),
    ("supe", '\u{2287}'), ("tau", '\u{3c4}'), ("there4", '\u{2234}'), ("theta", '\u{3b8}'), ("thetasym", '\u{3d1}'),
    ("thinsp", '\u{2009}'), ("tilde", '\u{2dc}'), ("trade", '\u{2122}'), ("uArr", '\u{21d1}'), ("uarr", '\u{2191}'),
    ("upsih", '\u{3d2}'), ("upsilon", '\u{3c5}'), ("verbar", '\u{7c}'), ("vert", '\u{7c}'), ("weierp", '\u{2118}'),
    ("xi", '\u{3be}'), ("zacute", '\u{17a}'), ("zcaron", '\u{17e}'), ("zeta", '\u{3b6}'), ("zwj", '\u{200d}'),
    ("zwnj", '\u{200c}'),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_become_characters_once() {
        for (text, expected) in [
            ("caf&eacute; &amp; th&#233; &#x2019;", "café & thé ’"),
            ("R&amp;eacute;gion", "R&eacute;gion"),
            ("a & b &unknown; &; &#; &#x;", "a & b &unknown; &; &#; &#x;"),
            ("l&#146;&#xe9;tat&#0;&#xD800;&#99999999999;", "l’état"),
            ("?a=1&copy=2", "?a=1&copy=2"),
            ("&é;&", "&é;&"),
            ("&oelig;&hellip;&nbsp;!", "œ…\u{a0}!"),
        ] {
            assert_eq!(decode(text), expected);
        }
        assert_eq!(NAMES["yuml"], 'ÿ');
        assert_eq!(NAMES["nbsp"], '\u{a0}');
        assert!(NAMES.keys().all(|name| name.len() <= LONGEST));
    }
}
