use rlibphonenumber::PHONE_NUMBER_UTIL;

use super::Refusal;
use crate::error::Code;

/// Longer text is refused unread. The longest sensible number, generously spaced, is a quarter of it.
const MAX_BYTES: usize = 256;
/// How much of the input an error repeats.
const SHOWN_CHARS: usize = 32;

/// What is left of a number's text when its punctuation is gone.
pub(super) struct Cleaned {
    /// ASCII digits, at least one.
    pub(super) digits: String,
    /// How many of them stood before the first space, dash, dot or bracket between them; all, if there was none.
    pub(super) first_group: usize,
    /// Whether a `+` stood before them.
    pub(super) plus: bool,
}

pub(super) fn clean(text: &str) -> Result<Cleaned, Refusal> {
    let text = trim(text);
    let text = match text.split_at_checked(4) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("tel:") => trim(rest),
        _ => text,
    };
    if text.len() > MAX_BYTES {
        return Err(Refusal::new(
            Code::PhoneTooLong,
            "it is far longer than any number",
        ));
    }
    if is_scientific(text) {
        let why = "a spreadsheet turned it into scientific notation, and digits are lost; \
                   format the column as text and export again";
        return Err(Refusal::new(Code::PhoneScientific, why));
    }
    let mut digits = String::with_capacity(text.len());
    let mut plus = false;
    let mut first_group = None;
    let mut leading_separator = false;
    for c in without_float_tail(text).chars() {
        match c {
            '0'..='9' => digits.push(c),
            '+' | '＋' | '﹢' if !plus && digits.is_empty() => plus = true,
            _ if is_invisible(c) => {}
            _ if is_bracket(c) || is_space(c) || is_dash(c) || is_dot(c) => {
                if !digits.is_empty() {
                    first_group.get_or_insert(digits.len());
                } else if !plus && (is_dash(c) || is_dot(c)) {
                    // In front, a dash is a minus: the result of a spreadsheet's formula, not a number.
                    leading_separator = true;
                }
            }
            _ => match PHONE_NUMBER_UTIL.normalize_digits_only(c.encode_utf8(&mut [0; 4])) {
                digit if !digit.is_empty() => digits.push_str(&digit),
                _ => return Err(signs()),
            },
        }
    }
    if digits.is_empty() {
        return Err(Refusal::EMPTY);
    }
    if leading_separator {
        return Err(signs());
    }
    Ok(Cleaned {
        first_group: first_group.unwrap_or(digits.len()),
        digits,
        plus,
    })
}

/// The text as an error quotes it: cut short, control characters escaped.
pub(super) fn shown(text: &str) -> String {
    let text = trim(text);
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

fn signs() -> Refusal {
    let why = "give digits, spaces, dashes, dots, brackets and a leading + only, and no extension";
    Refusal::new(Code::PhoneLetters, why)
}

fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c))
}

/// `9.19877E+11`, also with a decimal comma.
fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return false;
    };
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let unsigned = |text| str::strip_prefix(text, ['+', '-']).unwrap_or(text);
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    all_digits(unsigned(whole)) && all_digits(fraction) && all_digits(unsigned(exponent))
}

/// Bare digits with `.0` behind them went through a floating-point number; read as one more digit, the 0 would
/// make another number of it.
fn without_float_tail(text: &str) -> &str {
    match text.strip_suffix(".0") {
        Some(whole) if whole.trim_start_matches('+').bytes().all(|b| b.is_ascii_digit()) => whole,
        _ => text,
    }
}

/// Tabs and line ends inside a number are not spaces: they part two cells or two numbers.
fn is_space(c: char) -> bool {
    c.is_whitespace() && !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}')
}

/// Direction marks and isolates, zero-width spaces and joiners, soft hyphen, byte order mark.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}'
            | '\u{61C}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'
            | '\u{2066}'..='\u{2069}'
            | '\u{FEFF}'
    )
}

fn is_dash(c: char) -> bool {
    matches!(
        c,
        '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30FC}' | '\u{FE58}' | '\u{FE63}' | '\u{FF0D}'
    )
}

fn is_dot(c: char) -> bool {
    matches!(c, '.' | '\u{B7}' | '\u{2022}' | '\u{2024}' | '\u{FF0E}')
}

fn is_bracket(c: char) -> bool {
    matches!(c, '(' | ')' | '[' | ']' | '（' | '）' | '［' | '］')
}
