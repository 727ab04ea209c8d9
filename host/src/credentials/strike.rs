//! Secrets struck out of what a service answers, however they are written there.

use secrecy::{ExposeSecret as _, SecretString};

/// Anything shorter would stand in honest text too.
const SECRET_BYTES_MIN: usize = 8;

/// The text with `[secret]` in the place of each of the `secrets`. The longest come first.
pub(super) fn strike(text: String, secrets: &[SecretString]) -> String {
    let secrets = secrets
        .iter()
        .map(|secret| secret.expose_secret().as_bytes());
    let secrets: Vec<&[u8]> = secrets
        .filter(|secret| secret.len() >= SECRET_BYTES_MIN)
        .collect();
    let (mut struck, mut kept, mut at) = (String::new(), 0, 0);
    while let Some(rest) = text.as_bytes().get(at..).filter(|rest| !rest.is_empty()) {
        let Some(length) = secrets.iter().find_map(|secret| written(secret, rest)) else {
            at += 1;
            continue;
        };
        struck.push_str(text.get(kept..at).unwrap_or_default());
        struck.push_str("[secret]");
        at += length;
        kept = at;
    }
    if kept == 0 {
        return text;
    }
    struck + text.get(kept..).unwrap_or_default()
}

/// In how many bytes the secret is written where `text` begins; none if it is not.
fn written(secret: &[u8], text: &[u8]) -> Option<usize> {
    secret.iter().try_fold(0, |length, byte| {
        Some(length + letter(*byte, text.get(length..)?)?)
    })
}

/// The same of one byte: as it is, or escaped as in JSON (`\/`, `\u002f`) or in an address (`%2F`).
fn letter(byte: u8, text: &[u8]) -> Option<usize> {
    let hex = |digits: Option<&[u8]>| {
        let digits = std::str::from_utf8(digits?).ok()?;
        u8::from_str_radix(digits, 16)
            .ok()
            .filter(|code| *code == byte)
    };
    match text {
        [first, ..] if *first == byte => Some(1),
        [b'\\', next, ..] if *next == byte => Some(2),
        [b'%', ..] => hex(text.get(1..3)).map(|_| 3),
        [b'\\', b'u', b'0', b'0', ..] => hex(text.get(4..6)).map(|_| 6),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_struck_out_however_it_is_written() {
        let secrets = ["/open+sesame\"1", "/open+sesame", "short"].map(SecretString::from);
        for written in [
            "/open+sesame",
            r"\/open+sesame",
            "%2Fopen%2bsesame",
            r"\u002fopen\u002Bsesame",
            r#"\/open+sesame\"1"#,
            "%2Fopen%2Bsesame%221",
        ] {
            let struck = strike(format!("é{written}, short {written}é"), &secrets);
            assert_eq!(struck, "é[secret], short [secret]é");
        }
        for honest in ["/open sesame", "%2Fope", r"\u00", "%", "é%é2", ""] {
            assert_eq!(strike(honest.to_owned(), &secrets), honest);
        }
    }
}
