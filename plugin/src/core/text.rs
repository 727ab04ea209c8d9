//! Texts from outside: as they stand in sentences and tables, and as a number to compare.

/// The most characters of a name that are shown; what is longer says nothing more to a person.
const SHOWN_CHARS_MAX: usize = 80;

/// A name of a style, a SKU, a location or a linesheet for people: on one line, without blanks
/// at its ends, and not longer than a sentence can carry. Names are compared as they are; this
/// is only for showing.
pub fn shown(name: &str) -> String {
    let one_line = name.replace(|c: char| c.is_control() || c.is_whitespace(), " ");
    let name = one_line.trim();
    match name.char_indices().nth(SHOWN_CHARS_MAX - 1) {
        // One more character would fit: is it the last?
        Some((at, last)) if at + last.len_utf8() < name.len() => {
            let kept = name.get(..at).unwrap_or_default();
            format!("{}…", kept.trim_end())
        }
        _ => name.to_owned(),
    }
}

/// A number that tells one text from another: FNV-1a, kept below 2^53, so that any JSON reader keeps
/// it whole.
pub fn hash(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    text.bytes().fold(0xCBF2_9CE4_8422_2325, step) >> 11
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shown_on_one_line_without_blanks_at_its_ends() {
        assert_eq!(shown(" \tWrap\nDress \u{a0}"), "Wrap Dress");
        assert_eq!(shown("A\u{7}B"), "A B");
        assert_eq!(shown("   "), "");
    }

    #[test]
    fn a_name_of_eighty_characters_is_shown_whole_and_a_longer_one_ends_in_dots() {
        for letter in ["a", "é"] {
            let just = letter.repeat(SHOWN_CHARS_MAX);
            assert_eq!(shown(&just), just);
        }
        assert_eq!(
            shown(&"é".repeat(255)),
            "é".repeat(SHOWN_CHARS_MAX - 1) + "…"
        );
        assert_eq!(shown(&format!("{} b", "a".repeat(79))).chars().count(), 80);
    }

    #[test]
    fn a_number_of_a_text_is_the_upper_53_bits_that_fnv_1a_gives_it() {
        for (text, fnv_1a) in [
            ("", 0xCBF2_9CE4_8422_2325),
            ("a", 0xAF63_DC4C_8601_EC8C),
            ("foobar", 0x8594_4171_F739_67E8),
        ] {
            assert_eq!(hash(text), fnv_1a / (1 << 11), "{text}");
        }
    }
}
