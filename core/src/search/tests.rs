use chrono::DateTime;
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::{Search, text};
use crate::contact::{Contact, CreatedBy, Identity};
use crate::fold::fold;
use crate::identity::{Address, AddressKind};
use crate::ids::{ContactId, OrgId};

fn contact() -> Contact {
    Contact::new(
        OrgId(Uuid::nil()),
        ContactId(Uuid::nil()),
        CreatedBy::Api,
        DateTime::UNIX_EPOCH,
    )
}

fn identity(kind: AddressKind, value: &str) -> Identity {
    let address = Address::new(kind, value);
    Identity {
        match_key: address.match_key(),
        address,
        provider_value: None,
        unassigned: false,
        since: DateTime::UNIX_EPOCH,
        until: None,
        merged_from: None,
    }
}

fn finds(typed: &str, contact: &Contact) -> bool {
    Search::new(typed).finds(&text(contact))
}

fn ana() -> Contact {
    let former = Identity {
        until: Some(DateTime::UNIX_EPOCH),
        ..identity(AddressKind::Phone, "+14155550123")
    };
    Contact {
        name: Some("Ana-Sofía O'Brien".to_owned()),
        profile_name: Some((DateTime::UNIX_EPOCH, "sofi 🌻".to_owned())),
        email: Some("Ana.Sofia@Example.com".to_owned()),
        identities: vec![
            identity(AddressKind::Phone, "+5511987654321"),
            identity(AddressKind::Phone, "+442079460958"),
            identity(AddressKind::WhatsAppId, "BR.13491208655302741918"),
            former,
        ],
        attributes: [
            ("city", json!("São Paulo")),
            ("orders", json!(1204)),
            ("since", json!("2025-12-31")),
            ("member", json!(true)),
            ("ctwa", json!({"headline": "hidden"})),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into(),
        ..contact()
    }
}

#[test]
fn any_part_of_a_word_is_found_folded_and_all_words_must_be() {
    let ana = ana();
    for typed in [
        "",
        "  ",
        "ana",
        "SOFIA",
        "ofí",
        "o'brien",
        "brien",
        "rie",
        "🌻",
        "sofi 🌻",
        "example",
        "sofia@ex",
        "paulo sao",
        "ANA paulo",
        "1204",
        "204",
        "2025-12",
        "12-31",
        "br.1349",
        "741918",
        "ana - paulo",
        // Shorter words are the beginnings of words.
        "a",
        "o'",
        "br",
        "s",
        "sã",
        "12",
        "ana br",
        "1",
    ] {
        assert!(finds(typed, &ana), "{typed:?}");
    }
    for typed in [
        "anna",
        "ana x",
        "rio",
        "ie",
        "n",
        "hidden",
        "true",
        "sofiao",
        "ana sofia obrien",
        "1205",
        "ctwa",
        "aulo sao paulo rio",
    ] {
        assert!(!finds(typed, &ana), "{typed:?}");
    }
}

#[test]
fn a_number_is_found_in_any_spelling_and_by_any_part_of_it() {
    let ana = ana();
    for typed in [
        "+5511987654321",
        "+55 11 98765-4321",
        "(11) 98765-4321",
        "011 98765 4321",
        "+55 (011) 98765.4321",
        "0055 11 987654321",
        "98765-4321",
        "4321",
        "65-43",
        "876",
        "ana (11) 98765",
        "11 98765 sofia",
        // Brazil's mobiles without their 9.
        "+55 11 8765-4321",
        "1187654321",
        "+44 (0)20 7946 0958",
        "020 7946 0958",
        "20 7946",
        "٩٨٧٦٥",
    ] {
        assert!(finds(typed, &ana), "{typed:?}");
    }
    // Somebody else's, and one that she had.
    for typed in [
        "98765-4322",
        "4155550123",
        "+1 415 555 0123",
        "(11) 98765-4321 bruno",
    ] {
        assert!(!finds(typed, &ana), "{typed:?}");
    }
}

#[test]
fn nothing_typed_is_taken_for_the_marks_of_the_index() {
    let ana = ana();
    let text = text(&ana);
    assert!(text.contains('\u{1}'));
    for typed in ["\u{1}\u{1}n", "\u{1}an\u{1}", "\u{1}ie"] {
        let needles: Vec<String> = Search::new(typed)
            .terms
            .into_iter()
            .flat_map(|term| term.words)
            .collect();
        assert!(
            needles
                .iter()
                .all(|needle| needle.trim_start_matches('\u{1}').chars().all(|c| c != '\u{1}')),
            "{needles:?}"
        );
    }
    assert!(
        !finds("\u{1}ie", &ana),
        "a mark in front makes no word begin here"
    );
}

proptest! {
    #[test]
    fn each_part_of_a_name_is_found(name in "[a-zA-ZéÉß ]{1,12}", from in 0_usize..12, len in 3_usize..12) {
        let contact = Contact { name: Some(name.clone()), ..contact() };
        let folded = fold(&name);
        for word in folded.split_whitespace() {
            let part: String = word.chars().skip(from).take(len).collect();
            prop_assert!(part.chars().count() < 3 || finds(&part, &contact), "{part:?} of {name:?}");
            let start: String = word.chars().take(len % 3).collect();
            prop_assert!(finds(&start, &contact), "{start:?} of {name:?}");
        }
    }

    #[test]
    fn needles_have_three_characters_and_nothing_panics(typed in any::<String>(), name in any::<String>()) {
        for term in Search::new(&typed).terms {
            for needle in term.words.iter().chain(&term.number) {
                prop_assert!(needle.chars().count() >= 3, "{needle:?}");
            }
        }
        let contact = Contact { name: Some(name), ..contact() };
        let _ = finds(&typed, &contact);
    }
}
