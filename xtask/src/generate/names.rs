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

/// `OptedIn`.
pub(crate) fn pascal(name: &str) -> String {
    words(name).iter().map(|word| capital(word)).collect()
}

#[cfg(test)]
mod tests {
    use super::pascal;

    #[test]
    fn a_name_is_written_in_pascal_case_whatever_its_custom() {
        for name in ["optedIn", "opted_in", "OptedIn", "OPTED_IN", "opted-in"] {
            assert_eq!(pascal(name), "OptedIn");
        }
        assert_eq!(pascal("amount_1000"), "Amount1000");
    }
}
