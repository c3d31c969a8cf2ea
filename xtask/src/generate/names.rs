//! Names in the languages' customs, out of the wire's.

/// The words of a name in any custom: `optedIn`, `opted_in`, `Opted-In` → `opted`, `in`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for letter in name.chars() {
        if !letter.is_alphanumeric() {
            before = ' ';
            continue;
        }
        let begins = before == ' ' || (letter.is_uppercase() && !before.is_uppercase());
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
        before = letter;
    }
    words
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// `opted_in`.
pub(crate) fn snake(name: &str) -> String {
    words(name).join("_")
}

/// `OPTED_IN`.
pub(crate) fn screaming(name: &str) -> String {
    snake(name).to_uppercase()
}

/// `OptedIn`.
pub(crate) fn pascal(name: &str) -> String {
    words(name).iter().map(|word| capital(word)).collect()
}

/// `optedIn`.
pub(crate) fn camel(name: &str) -> String {
    let words = words(name);
    let rest = words.iter().skip(1).map(|word| capital(word));
    words.first().cloned().into_iter().chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::{camel, pascal, screaming, snake};

    #[test]
    fn a_name_is_written_in_every_custom() {
        for name in ["optedIn", "opted_in", "OptedIn", "OPTED_IN", "opted-in"] {
            assert_eq!(snake(name), "opted_in");
            assert_eq!(screaming(name), "OPTED_IN");
            assert_eq!(pascal(name), "OptedIn");
            assert_eq!(camel(name), "optedIn");
        }
        assert_eq!(snake("amount_1000"), "amount_1000");
        assert_eq!(camel("find_by_whatsapp_id"), "findByWhatsappId");
    }
}
