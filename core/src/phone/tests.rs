use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::select;
use rlibphonenumber::{PhoneNumberFormat, PhoneNumberType};

use super::*;

fn region(code: &str) -> Region {
    code.parse().unwrap()
}

fn parse(text: &str, default_region: &str) -> Result<Phone, Error> {
    Phone::parse(text, (!default_region.is_empty()).then(|| region(default_region)))
}

/// Asserts rows of (text, default region or "", E.164).
fn read(rows: &[(&str, &str, &str)]) {
    for (text, default_region, e164) in rows {
        match parse(text, default_region) {
            Ok(phone) => assert_eq!(phone.as_str(), *e164, "{text:?} in {default_region:?}"),
            Err(error) => panic!("{text:?} in {default_region:?}: {error}"),
        }
    }
}

/// Asserts rows of (text, default region or "", code).
fn refused(rows: &[(&str, &str, Code)]) {
    for (text, default_region, code) in rows {
        match parse(text, default_region) {
            Ok(phone) => panic!("{text:?} in {default_region:?} was read as {phone}"),
            Err(error) => assert_eq!(error.code(), *code, "{text:?} in {default_region:?}: {error}"),
        }
    }
}

#[test]
fn what_people_paste_around_the_digits_does_not_matter() {
    for text in [
        "+919876543210",
        "919876543210",
        "  +91 98765 43210\n",
        "+91-98765-43210",
        "+91.98765.43210",
        "(+91) 98765 43210",
        "+91 (0) 98765-43210",
        "+(91)[98765]43210",
        "+91\u{a0}98765\u{202f}43210",
        "+91\u{2011}98765\u{2013}43210",
        "+91\u{2212}98765\u{2014}43210",
        "\u{ff0b}\u{ff19}\u{ff11}９８７６５４３２１０",
        "+٩١٩٨٧٦٥٤٣٢١٠",
        "+۹۱۹۸۷۶۵۴۳۲۱۰",
        "+९१ ९८७६५ ४३२१०",
        "\u{202a}+91 98765 43210\u{202c}",
        "\u{2068}+91\u{200b}9876543210\u{2069}\u{feff}",
        "tel:+91-98765-43210",
        "TEL:\u{202a}+919876543210",
        "00919876543210",
        "00 91 98765 43210",
        "919876543210.0",
        "+919876543210.0",
    ] {
        read(&[(text, "", "+919876543210")]);
    }
}

#[test]
fn each_refusal_has_its_reason() {
    use Code::{
        PhoneAmbiguous, PhoneEmpty, PhoneImpossible, PhoneLetters, PhoneScientific, PhoneTooLong,
        PhoneTooShort, PhoneUnknownCountry,
    };
    refused(&[
        ("", "", PhoneEmpty),
        (" \u{a0}\u{202a}\t", "IN", PhoneEmpty),
        ("+", "", PhoneEmpty),
        ("-", "", PhoneEmpty),
        ("( )", "IN", PhoneEmpty),
        ("tel:", "", PhoneEmpty),
        ("n/a", "IN", PhoneLetters),
        ("+1 202 555 0123 ext. 5", "", PhoneLetters),
        ("+1 202 555 0123 x5", "", PhoneLetters),
        ("tel:+12025550123;ext=5", "", PhoneLetters),
        ("1-800-FLOWERS", "US", PhoneLetters),
        ("US.13491208655302741918", "", PhoneLetters),
        ("+91 98765 43210 / 11", "", PhoneLetters),
        ("9876543210, 9876543211", "IN", PhoneLetters),
        ("98765\n43210", "IN", PhoneLetters),
        ("98765\t43210", "IN", PhoneLetters),
        ("91+9876543210", "", PhoneLetters),
        ("++919876543210", "", PhoneLetters),
        ("-9876543119", "IN", PhoneLetters),
        ("#31#9876543210", "IN", PhoneLetters),
        ("²0", "IN", PhoneLetters),
        ("9.19E+11", "", PhoneScientific),
        ("9.19877E+11", "IN", PhoneScientific),
        ("+9,19877e11", "", PhoneScientific),
        ("9E11", "", PhoneScientific),
        ("+91 98765", "", PhoneTooShort),
        ("1", "IN", PhoneTooShort),
        ("00", "", PhoneTooShort),
        ("1234567", "US", PhoneTooShort),
        ("+91 98765 43210 98765", "", PhoneTooLong),
        ("+52 55 1234 5678 90", "", PhoneTooLong),
        ("+4912345678901234", "", PhoneTooLong),
        (&format!("+91{}9876543210", " ".repeat(250)), "", PhoneTooLong),
        ("+999 1234 5678", "", PhoneUnknownCountry),
        ("09876543210", "", PhoneUnknownCountry),
        ("+0919876543210", "", PhoneUnknownCountry),
        ("+65 123 456 789", "", PhoneImpossible),
        ("15551234567", "IN", PhoneAmbiguous),
        ("1 555 123 4567", "IN", PhoneAmbiguous),
        ("5551234567", "US", PhoneAmbiguous),
    ]);
}

#[test]
fn the_rule_for_bare_digits() {
    read(&[
        // An assigned national number wins, also over an assigned international one.
        ("98765 43210", "IN", "+919876543210"),
        ("09876543210", "IN", "+919876543210"),
        ("919876543210", "DE", "+49919876543210"),
        ("3912345678", "IT", "+393912345678"),
        ("7400123456", "GB", "+447400123456"),
        ("6502530000", "US", "+16502530000"),
        // An assigned international number wins over a national one in no assigned range, or an impossible one.
        ("447911123456", "IN", "+447911123456"),
        ("919876543210", "US", "+919876543210"),
        ("6421234567", "US", "+6421234567"),
        ("12025550123", "IN", "+12025550123"),
        ("551191234567", "IN", "+551191234567"),
        // Possible one way only: kept.
        ("4412345678", "IN", "+914412345678"),
        ("222222222222", "IN", "+91222222222222"),
        ("552055512345", "US", "+552055512345"),
        // Grouped as no international number is: national. Grouped as one: both readings count.
        ("(555) 123-4567", "US", "+15551234567"),
        ("555.123.4567", "US", "+15551234567"),
        ("(609) 528 2314", "CO", "+576095282314"),
        ("955 959 728", "PT", "+351955959728"),
        ("44 7911 123456", "IN", "+447911123456"),
        ("91 98765-43210", "US", "+919876543210"),
        ("9198765 43210", "US", "+919876543210"),
        // Possible both ways, but the same number.
        ("15551234567", "US", "+15551234567"),
        ("15551234567", "", "+15551234567"),
        // The region's own international prefix; 00 anywhere.
        ("011 44 20 7946 0958", "US", "+442079460958"),
        ("0011 44 20 7946 0958", "AU", "+442079460958"),
        ("00 44 20 7946 0958", "AU", "+442079460958"),
        ("00 1 555 123 4567", "IN", "+15551234567"),
        ("8 10 1 650 253 0000", "RU", "+16502530000"),
        ("0055 11 96123 4567", "BR", "+5511961234567"),
        ("0015 44 20 7946 0958", "BR", "+442079460958"),
        // With + the default region is not asked.
        ("+15551234567", "IN", "+15551234567"),
        ("+39 06 1234 5678", "US", "+390612345678"),
    ]);
    refused(&[("+9876543210", "US", Code::PhoneTooShort)]);

    let error = parse("15551234567", "IN").unwrap_err().to_string();
    assert!(
        error.contains("+9115551234567") && error.contains("+15551234567"),
        "{error}"
    );
}

#[test]
fn a_possible_number_in_no_assigned_range_is_kept_and_flagged() {
    for (text, assigned) in [
        ("+15551234567", false),
        ("+914412345678", false),
        ("+5511961234567", true),
        ("+551191234567", true),
        ("+551131234567", true),
        ("+5215512345678", true),
        ("+80012345678", true),
    ] {
        assert_eq!(parse(text, "").unwrap().is_assigned(), assigned, "{text}");
    }
}

#[test]
fn mexican_brazilian_and_argentine_spellings() {
    read(&[
        ("+5215512345678", "", "+525512345678"),
        ("521 55 1234 5678", "MX", "+525512345678"),
        ("1 55 1234 5678", "MX", "+525512345678"),
        ("55 1234 5678", "MX", "+525512345678"),
        ("0011 52 1 55 1234 5678", "AU", "+525512345678"),
        ("(11) 96123-4567", "BR", "+5511961234567"),
        ("(11) 9612-3456", "BR", "+551196123456"),
        ("0 15 11 96123 4567", "BR", "+5511961234567"),
        ("(55) 99612-3456", "BR", "+5555996123456"),
        ("5511961234567", "BR", "+5511961234567"),
        ("(11) 3123-4567", "BR", "+551131234567"),
        ("011 15 2345-6789", "AR", "+5491123456789"),
        ("+54 11 15 2345 6789", "", "+5491123456789"),
        ("011 2345-6789", "AR", "+541123456789"),
        ("+54 9 11 2345 6789", "", "+5491123456789"),
    ]);
    refused(&[("044 55 1234 5678", "MX", Code::PhoneTooLong)]);
}

#[test]
fn match_keys_and_variants() {
    for (what, wa_id, key, variants) in [
        (
            "MX without 1",
            "525512345678",
            "525512345678",
            &["525512345678", "5215512345678"][..],
        ),
        (
            "MX with 1",
            "5215512345678",
            "525512345678",
            &["5215512345678", "525512345678"],
        ),
        (
            "MX with one digit less",
            "521551234567",
            "521551234567",
            &["521551234567", "5211551234567"],
        ),
        (
            "BR mobile",
            "5511961234567",
            "5511961234567",
            &["5511961234567", "551161234567"],
        ),
        (
            "BR mobile without 9",
            "551161234567",
            "5511961234567",
            &["551161234567", "5511961234567"],
        ),
        ("BR landline", "551131234567", "551131234567", &["551131234567"]),
        (
            "BR landline with 5",
            "555151234567",
            "555151234567",
            &["555151234567"],
        ),
        (
            "BR mobile that without 9 is a landline",
            "5511931234567",
            "5511931234567",
            &["5511931234567"],
        ),
        (
            "BR without area code",
            "5540041234",
            "5540041234",
            &["5540041234"],
        ),
        ("BR toll-free", "558007654321", "558007654321", &["558007654321"]),
        (
            "AR mobile",
            "5491123456789",
            "5491123456789",
            &["5491123456789", "541123456789"],
        ),
        ("AR landline", "541123456789", "541123456789", &["541123456789"]),
        ("IN", "919876543210", "919876543210", &["919876543210"]),
        ("US", "15212345678", "15212345678", &["15212345678"]),
    ] {
        assert_eq!(match_key_of_wa_id(wa_id), key, "{what}");
        assert_eq!(match_key_of_wa_id(&format!(" +{wa_id}\n")), key, "{what}");
        assert_eq!(variants_of_wa_id(wa_id), variants, "{what}");
        assert_eq!(variants_of_wa_id(&format!("+{wa_id}")), variants, "{what}");
    }
    let phone = parse("+52 1 55 1234 5678", "").unwrap();
    assert_eq!(phone.match_key(), "525512345678");
    assert_eq!(phone.variants(), ["525512345678", "5215512345678"]);
    let old = parse("+55 11 6123 4567", "").unwrap();
    assert_eq!(
        (old.wa_id(), old.match_key().as_str()),
        ("551161234567", "5511961234567")
    );
}

#[test]
fn an_address_that_is_no_number_is_its_own_key() {
    for text in [
        "US.13491208655302741918",
        "US.ENT.11815799212886844830",
        "39349REDACTED",
        "521.5512345678",
        "",
        "+",
    ] {
        assert_eq!(match_key_of_wa_id(&format!("  {text} ")), text);
        assert_eq!(variants_of_wa_id(text), [text]);
    }
}

#[test]
fn a_wa_id_is_read_internationally_and_nothing_else_is_one() {
    for (wa_id, e164) in [
        ("15551234567", "+15551234567"),
        ("+15551234567", "+15551234567"),
        ("5215512345678", "+525512345678"),
        ("491234567890", "+491234567890"),
    ] {
        assert_eq!(Phone::parse_wa_id(wa_id).unwrap().as_str(), e164);
    }
    for (wa_id, code) in [
        ("", Code::PhoneEmpty),
        ("+", Code::PhoneEmpty),
        ("US.13491208655302741918", Code::PhoneLetters),
        ("1555.1234567", Code::PhoneLetters),
        ("PHONE_NUMBER", Code::PhoneLetters),
        ("222222222222", Code::PhoneTooLong),
        ("0015551234567", Code::PhoneUnknownCountry),
    ] {
        assert_eq!(Phone::parse_wa_id(wa_id).unwrap_err().code(), code, "{wa_id}");
    }
}

#[test]
fn a_number_knows_its_region() {
    for (text, expected) in [
        ("+919876543210", Some("IN")),
        ("+14165550123", Some("CA")),
        ("+551191234567", Some("BR")),
        ("+15551234567", None),
        ("+80012345678", None),
    ] {
        let found = parse(text, "").unwrap().region();
        assert_eq!(found.as_ref().map(Region::as_str), expected, "{text}");
    }
}

#[test]
fn regions_are_iso_codes_with_a_numbering_plan() {
    assert_eq!(region("in"), region("IN"));
    assert_eq!(serde_json::to_string(&region("BR")).unwrap(), r#""BR""#);
    assert_eq!(serde_json::from_str::<Region>(r#""BR""#).unwrap(), region("BR"));
    for text in ["", "I", "IND", "UK", "ZZ", "AQ", "001", "91", "Ä"] {
        assert_eq!(
            text.parse::<Region>().unwrap_err().code(),
            Code::PhoneRegionUnknown,
            "{text}"
        );
    }
    assert!("UK".parse::<Region>().unwrap_err().to_string().contains("GB"));
}

#[test]
fn stored_numbers_are_read_back_unjudged() {
    for text in ["+919876543210", "+5215512345678", "+999123", "+12"] {
        let phone: Phone = serde_json::from_value(text.into()).unwrap();
        assert_eq!(serde_json::to_value(&phone).unwrap(), text);
    }
    for text in [
        "",
        "+",
        "919876543210",
        "+0919876543210",
        "+91 98765 43210",
        "+1234567890123456",
        "+٩١٩٨",
    ] {
        assert_eq!(
            Phone::from_e164(text).unwrap_err().code(),
            Code::PhoneImpossible,
            "{text}"
        );
    }
}

#[test]
fn business_scoped_ids_by_the_vendors_pattern() {
    let vendor = regex::Regex::new(r"^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$").unwrap();
    let longest = format!("US.{}", "a".repeat(128));
    for text in [
        "US.13491208655302741918",
        "US.ENT.11815799212886844830",
        "US.ENT",
        "US.ENT.",
        "US.ENT.ENT.1",
        "us.123",
        "USA.123",
        "US.",
        "US.1-2",
        "US123",
        " US.1",
        "US.1 ",
        "919876543210",
        &longest,
        &format!("{longest}a"),
    ] {
        assert_eq!(is_business_scoped_id(text), vendor.is_match(text), "{text}");
        match text.parse::<BusinessScopedId>() {
            Ok(id) => assert_eq!(id.as_str(), text),
            Err(error) => assert_eq!(error.code(), Code::BusinessScopedIdInvalid),
        }
    }
    assert!("US.ENT.118".parse::<BusinessScopedId>().unwrap().is_parent());
    assert!(!"US.118".parse::<BusinessScopedId>().unwrap().is_parent());
    assert_eq!(normalise_username(" @ana.gomez"), "ana.gomez");
    assert_eq!(normalise_username("Ana"), "Ana");
}

#[test]
fn endless_input_is_refused_and_not_repeated() {
    for text in [
        "9".repeat(1 << 20),
        "+1 ".repeat(1 << 20),
        "é".repeat(1 << 20),
        "+".to_owned() + &"0".repeat(200),
    ] {
        let error = parse(&text, "IN").unwrap_err();
        assert!(error.to_string().len() < 400, "{error}");
        let error = Phone::parse_wa_id(&text).unwrap_err();
        assert!(error.to_string().len() < 400, "{error}");
    }
}

fn any_region() -> impl Strategy<Value = Region> {
    let all: Vec<_> = PHONE_NUMBER_UTIL
        .get_supported_regions()
        .filter_map(Region::from_library)
        .collect();
    select(all)
}

/// Digits that begin with a known country code.
fn any_digits() -> impl Strategy<Value = String> {
    let codes: Vec<_> = PHONE_NUMBER_UTIL.get_supported_calling_codes().collect();
    (select(codes), "0{0,2}[0-9]{3,13}").prop_map(|(code, rest)| format!("{code}{rest}"))
}

/// Digits of the countries whose spellings vary.
fn varying_digits() -> impl Strategy<Value = String> {
    prop_oneof![
        "521?[2-9][0-9]{9}",
        "55[1-9]{2}9?[2-9][0-9]{7}",
        "549?[0-9]{10}",
        "[0-9]{1,15}"
    ]
}

proptest! {
    #[test]
    fn what_was_read_is_read_again_as_the_same(digits in any_digits(), home in any_region()) {
        for text in [format!("+{digits}"), digits.clone()] {
            if let Ok(phone) = Phone::parse(&text, Some(home)) {
                prop_assert_eq!(&Phone::parse(phone.as_str(), None).unwrap(), &phone);
                prop_assert_eq!(&Phone::parse(phone.as_str(), Some(home)).unwrap(), &phone);
                prop_assert_eq!(&Phone::parse_wa_id(phone.wa_id()).unwrap(), &phone);
                prop_assert_eq!(&Phone::from_e164(phone.as_str()).unwrap(), &phone);
                prop_assert_eq!(phone.match_key(), match_key_of_wa_id(phone.wa_id()));
            }
        }
    }

    #[test]
    fn the_region_of_a_number_reads_its_national_form(home in any_region(), noise in 0u64..10_000) {
        let example = PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(home.to_library(), PhoneNumberType::Mobile);
        if let Ok(mut number) = example {
            number.national_number = number.national_number / 10_000 * 10_000 + noise;
            if number.is_valid_for_region(home.to_library()) {
                let text = number.format_as(PhoneNumberFormat::National).replace('/', " ");
                prop_assert_eq!(String::from(Phone::parse(&text, Some(home)).unwrap()), number.to_string());
            }
        }
    }

    #[test]
    fn nothing_panics(text in any::<String>(), digits in "[-+ ().0-9eE\u{660}\u{202a}]{0,40}", home in any_region()) {
        for text in [&text, &digits] {
            for default_region in [None, Some(home)] {
                if let Err(error) = Phone::parse(text, default_region) {
                    prop_assert!(error.code().as_str().starts_with("phone."));
                }
            }
            let _ = Phone::parse_wa_id(text);
            let _ = Phone::from_e164(text).map(|phone| phone.region());
            let key = match_key_of_wa_id(text);
            prop_assert_eq!(match_key_of_wa_id(&key), key);
            prop_assert!(!variants_of_wa_id(text).is_empty());
        }
    }

    #[test]
    fn spellings_of_one_number_share_a_key_and_find_each_other(digits in varying_digits()) {
        let key = match_key_of_wa_id(&digits);
        prop_assert_eq!(&match_key_of_wa_id(&key), &key);
        let variants = variants_of_wa_id(&digits);
        prop_assert_eq!(&variants[0], &digits);
        prop_assert!(variants.contains(&key));
        let set: BTreeSet<_> = variants.iter().collect();
        prop_assert_eq!(set.len(), variants.len());
        if !digits.starts_with("54") {
            for variant in &variants {
                prop_assert_eq!(&match_key_of_wa_id(variant), &key);
                prop_assert!(variants_of_wa_id(variant).contains(&digits));
            }
        }
        if let Ok(phone) = Phone::from_e164(&format!("+{digits}"))
            && phone.is_assigned()
        {
            prop_assert_eq!(Phone::parse_wa_id(&digits).unwrap().match_key(), key);
        }
    }
}

/// A second opinion from an independent port. Its metadata is older (9.0.33 against 9.0.42); none of the numbers
/// tried here lies in a range that changed in between.
#[test]
fn an_independent_port_reads_the_same() {
    /// Where the other port errs, by the metadata of either version.
    const EXPLAINED: &[&str] = &[
        // It takes the first digits of a Norwegian mobile for Norway's country code.
        "47 ", // Philippine 2 9… is in no range; a shorter range matches its beginning.
        "+6329", "(02) 9",
    ];
    const REGIONS: &[&str] = &[
        "AE", "AR", "AT", "AU", "BD", "BE", "BR", "CA", "CH", "CI", "CL", "CN", "CO", "CZ", "DE", "DK", "EG",
        "ES", "FI", "FR", "GB", "GH", "GR", "HK", "HU", "ID", "IE", "IL", "IN", "IT", "JP", "KE", "KR", "LK",
        "MA", "MX", "MY", "NG", "NL", "NO", "NZ", "PE", "PH", "PK", "PL", "PT", "RO", "RU", "SA", "SE", "SG",
        "TH", "TR", "TZ", "UA", "US", "VN", "ZA",
    ];
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut differences = Vec::new();
    // Country by country: the other port keeps only a hundred compiled expressions.
    for code in REGIONS {
        let home = region(code);
        let theirs = code.parse().unwrap();
        for kind in [PhoneNumberType::Mobile, PhoneNumberType::FixedLine] {
            let Ok(example) =
                PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(home.to_library(), kind)
            else {
                continue;
            };
            for _ in 0..6 {
                let mut number = example.clone();
                let noise = 10_u64.pow(u32::try_from(2 + random(7)).unwrap());
                number.national_number = number.national_number / noise * noise + random(noise);
                let international = number.to_string();
                let national = number.format_as(PhoneNumberFormat::National).replace('/', " ");
                for (text, default_region, their_region) in [
                    (&international, None, None),
                    (&national, Some(home), Some(theirs)),
                ] {
                    let ours = Phone::parse(text, default_region).ok();
                    // What follows this project's own rules is not the library's to confirm.
                    if ours
                        .as_ref()
                        .is_some_and(|phone| phone.match_key() != phone.wa_id())
                    {
                        continue;
                    }
                    let ours = ours.filter(Phone::is_assigned).map(String::from);
                    let theirs = phonenumber::parse(their_region, text)
                        .ok()
                        .filter(phonenumber::is_valid)
                        .map(|number| number.format().mode(phonenumber::Mode::E164).to_string());
                    // Nor is the international reading of digits that are no national number.
                    if ours.as_ref().is_some_and(|e164| *e164 != international) {
                        continue;
                    }
                    if ours != theirs && !EXPLAINED.iter().any(|start| text.starts_with(start)) {
                        differences.push(format!("{text} in {default_region:?}: {ours:?}, they {theirs:?}"));
                    }
                }
            }
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
}
