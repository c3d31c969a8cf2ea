use std::borrow::Cow;

/// [`Phone::match_key`](super::Phone::match_key) for an address that a provider sent, which is never refused.
///
/// Digits, with or without `+`, are matched as a number. Anything else, such as a business-scoped id, is its own
/// key but for the white space around it: it is not a number, whatever digits it contains.
pub fn match_key_of_wa_id(wa_id: &str) -> String {
    let text = wa_id.trim();
    digits_of(text)
        .map_or(Cow::Borrowed(text), key_of_digits)
        .into_owned()
}

/// The spellings under which a number may be stored or sent, the one given first: what to look for when searching
/// or when an address arrives. Digits as in a `wa_id`; for E.164 put `+` before them.
///
/// - Mexico: with and without the 1 after 52; its plan does not tell landlines from mobiles.
/// - Brazil: a mobile with and without its 9. A landline, whose local part begins with 2 to 5, gets no 9, and a
///   mobile whose number without the 9 would be a landline's keeps it.
/// - Argentina: a number with the 9 also without it. Not the other way round: the number with 9 can be another
///   subscriber's. For that reason a contact found only by the spelling without 9 is a likely one, not
///   the same one; the other countries' spellings are one number and share their match key.
///
/// What is stored is looked for, never rewritten, and a message is answered at the very address that it came
/// from. Text that is not digits has no other spelling.
///
/// Sources: the vendor's note that the prefix of Brazilian and Mexican numbers may be altered by design, and the
/// Brazilian numbering plan of 2012 to 2016, which put a 9 before mobile numbers that began with 6 to 9.
pub fn variants_of_wa_id(wa_id: &str) -> Vec<String> {
    let text = wa_id.trim();
    let Some(digits) = digits_of(text) else {
        return vec![text.to_owned()];
    };
    let key = key_of_digits(digits);
    let other = other_spelling(&key);
    let mut all = vec![digits.to_owned()];
    for spelling in [Some(key.into_owned()), other].into_iter().flatten() {
        if !all.contains(&spelling) {
            all.push(spelling);
        }
    }
    all
}

/// The spelling that a number in its key form has besides that form.
fn other_spelling(key: &str) -> Option<String> {
    if let Some(local) = key.strip_prefix("52").filter(|local| local.len() == 10) {
        Some(format!("521{local}"))
    } else if let Some((area, local)) = brazilian(key) {
        let old = local
            .strip_prefix('9')
            .filter(|old| is_old_brazilian_mobile(old))?;
        Some(format!("55{area}{old}"))
    } else {
        let local = argentine_with_nine(key)?;
        Some(format!("54{local}"))
    }
}

/// What a number has in common with those that are likely, but not surely, the same subscriber's: of an Argentine match
/// key the spelling without the 9. Other countries' numbers have nothing of the kind.
pub fn likely_key(match_key: &str) -> Option<String> {
    let without_nine = || match_key.strip_prefix("54").filter(|local| local.len() == 10);
    let local = argentine_with_nine(match_key).or_else(without_nine)?;
    let digits = local.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| format!("54{local}"))
}

/// Area code and subscriber of an Argentine number that is written with the 9 of mobiles.
fn argentine_with_nine(key: &str) -> Option<&str> {
    key.strip_prefix("549").filter(|local| local.len() == 10)
}

/// The match key of digits that begin with a country code.
pub(super) fn key_of_digits(digits: &str) -> Cow<'_, str> {
    match brazilian(digits) {
        Some((area, local)) if is_old_brazilian_mobile(local) => Cow::Owned(format!("55{area}9{local}")),
        _ => without_mexican_one(digits),
    }
}

/// `521` and ten digits without the 1, which Mexico's plan dropped in 2019 and WhatsApp kept.
pub(super) fn without_mexican_one(digits: &str) -> Cow<'_, str> {
    match digits.strip_prefix("521") {
        Some(local) if local.len() == 10 => Cow::Owned(format!("52{local}")),
        _ => Cow::Borrowed(digits),
    }
}

/// Area code and local part of a Brazilian number. What has no area code (0800, 4004) is not mistaken for a
/// mobile: its local part, taken so, begins with 0 or is too short.
fn brazilian(digits: &str) -> Option<(&str, &str)> {
    digits.strip_prefix("55")?.split_at_checked(2)
}

/// Eight digits, the first 6 to 9.
fn is_old_brazilian_mobile(local: &str) -> bool {
    local.len() == 8 && local.starts_with(['6', '7', '8', '9'])
}

fn digits_of(text: &str) -> Option<&str> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
}
