use proptest::prelude::*;
use uuid::Uuid;

use super::PatternKind::{Contains, Exact, Regex, StartsWith, Word};
use super::{Match, Pattern, PatternKind, Rule, RuleSet, fold};
use crate::channel::Channel;
use crate::error::Code;
use crate::ids::RuleId;

fn rule(number: u128, kind: PatternKind, text: &str) -> Rule {
    Rule {
        id: RuleId(Uuid::from_u128(number)),
        name: None,
        pattern: Pattern {
            kind,
            text: text.to_owned(),
            case_sensitive: false,
        },
        tags: vec![format!("tag{number}")],
        enabled: true,
        channels: None,
    }
}

fn case_sensitive(mut rule: Rule) -> Rule {
    rule.pattern.case_sensitive = true;
    rule
}

fn matches(rules: &[Rule], text: &str) -> Vec<Match> {
    RuleSet::compile(rules).unwrap().matches(text, Channel::WhatsApp)
}

/// The part of the text that makes a single rule fire.
fn found(rule: Rule, text: &str) -> Option<&str> {
    matches(&[rule], text)
        .first()
        .map(|found| &text[found.span.clone()])
}

#[test]
fn each_kind_finds_what_it_says_and_where() {
    for (kind, pattern, text, part) in [
        (Contains, "order", "My ORDERS?", Some("ORDER")),
        (Contains, "order", "ord er", None),
        (Contains, "cafe", "Un CAFÉ, por favor", Some("CAFÉ")),
        (Contains, "café", "un cafe\u{301}!", Some("cafe\u{301}")),
        (Contains, "strasse", "Hauptstraße 5", Some("straße")),
        (Contains, "ß", "PASS", Some("SS")),
        (Contains, "iptal", "İPTAL et", Some("İPTAL")),
        (Contains, "kapı", "KAPI 3", Some("KAPI")),
        (Contains, "promo", "ＰＲＯＭＯ１", Some("ＰＲＯＭＯ")),
        (Contains, "❤", "I ❤\u{FE0F} you", Some("❤\u{FE0F}")),
        (
            Contains,
            "👨👩👧",
            "us: 👨\u{200D}👩\u{200D}👧",
            Some("👨\u{200D}👩\u{200D}👧"),
        ),
        (Contains, "か", "がが", None),
        (Contains, "가", "각", None),
        (Contains, "a b", "A\u{A0}B", Some("A\u{A0}B")),
        (Contains, " or ", "order", None),
        (Exact, "PROMO", " \n promo\t", Some("promo")),
        (Exact, " promo ", "Promo", Some("Promo")),
        (Exact, "promo", "promo!", None),
        (Exact, "promo", "promo promo", None),
        (Exact, "हाँ", "हाँ", Some("हाँ")),
        (Exact, "हाँ", "हा", None),
        (StartsWith, "REF", "  ref-123", Some("ref")),
        (StartsWith, " ref", "Réf 1", Some("Réf")),
        (StartsWith, "ref", "my ref", None),
        (StartsWith, "ref", "\u{FEFF}ref", Some("ref")),
        (Word, "art", "party, ART!", Some("ART")),
        (Word, "art", "party", None),
        (Word, "art", "art_1 art2", None),
        (Word, "art", "arte\u{301} e\u{301}art", None),
        (Word, "  new art ", "brand-new art.", Some("new art")),
        (Word, "c++", "I like C++, not c", Some("C++")),
        (Word, "#sale", "The#sale", Some("#sale")),
        (Word, "क", "कि क्या", None),
        (Word, "कि", "कि", Some("कि")),
        (Word, "ยกเลิก", "ขอยกเลิกครับ", Some("ยกเลิก")),
        (Word, "ก", "กี่", None),
        (Word, "東京", "私は東京が好き", Some("東京")),
        (Word, "パン", "パンツ", None),
        (Regex, r"#\d{3,}", "order #12, #1234", Some("#1234")),
        (Regex, "^caf[eé]$", "CAFÉ", Some("CAFÉ")),
        (Regex, "cafe", "café", None),
        (Regex, r"\bart\b", "party", None),
    ] {
        assert_eq!(
            found(rule(1, kind, pattern), text),
            part,
            "{kind:?} {pattern:?} in {text:?}"
        );
    }
}

#[test]
fn case_counts_if_asked_and_nothing_else_does() {
    for (kind, pattern, text, part) in [
        (Contains, "IT", "IT it", Some("IT")),
        (Contains, "IT", "it", None),
        (Contains, "Cafe", "a Café", Some("Café")),
        (Contains, "ss", "ß", None),
        (Exact, "PROMO", " ＰＲＯＭＯ ", Some("ＰＲＯＭＯ")),
        (Exact, "PROMO", "Promo", None),
        (StartsWith, "Ref", "ref", None),
        (Word, "Art", "art Art", Some("Art")),
        (Regex, "A+", "aaAA", Some("AA")),
    ] {
        let rule = case_sensitive(rule(1, kind, pattern));
        assert_eq!(found(rule, text), part, "{kind:?} {pattern:?} in {text:?}");
    }
}

#[test]
fn every_rule_that_holds_fires_once_in_the_order_of_the_rules() {
    let rules = [
        rule(9, Regex, "er$"),
        rule(2, Contains, "she"),
        case_sensitive(rule(7, Contains, "SHE")),
        rule(3, Contains, "he"),
        rule(4, Contains, "hers"),
        rule(5, Contains, "he"),
        rule(6, Word, "he"),
        rule(1, StartsWith, "us"),
        rule(8, Exact, "USHERS he her"),
    ];
    let fired: Vec<_> = matches(&rules, "ushers he her")
        .into_iter()
        .map(|found| (found.rule.0.as_u128(), found.span))
        .collect();
    let expected = [
        (9, 11..13),
        (2, 1..4),
        (3, 2..4),
        (4, 2..6),
        (5, 2..4),
        (6, 7..9),
        (1, 0..2),
        (8, 0..13),
    ];
    assert_eq!(fired, expected);
}

#[test]
fn a_rule_that_is_off_or_of_another_channel_does_not_fire() {
    let mut off = rule(1, Contains, "x");
    off.enabled = false;
    for kind in [Contains, Regex] {
        let mut sms = rule(2, kind, "x");
        sms.channels = Some(vec![Channel::Sms, Channel::Email]);
        let set = RuleSet::compile(&[off.clone(), sms]).unwrap();
        for channel in Channel::ALL {
            let fires = matches!(channel, Channel::Sms | Channel::Email);
            assert_eq!(set.matches("x", channel).len(), usize::from(fires), "{channel}");
            assert_eq!(
                set.tags("x", channel),
                if fires { vec!["tag2"] } else { vec![] },
                "{channel}"
            );
        }
    }
}

#[test]
fn tags_come_once_in_the_order_of_the_rules_as_first_written() {
    let mut rules = [
        rule(1, Regex, "b"),
        rule(2, Contains, "a"),
        rule(3, Contains, "zzz"),
        rule(4, Contains, "ab"),
    ];
    rules[0].tags = vec!["VIP".to_owned(), " Café ".to_owned()];
    rules[1].tags = vec!["vip".to_owned(), "Buyer".to_owned(), "buyer".to_owned()];
    rules[3].tags = vec!["new".to_owned(), "cafe".to_owned()];
    let set = RuleSet::compile(&rules).unwrap();
    assert_eq!(set.tags("AB", Channel::Sms), ["VIP", "Café", "Buyer", "new"]);
    assert_eq!(set.tags("a", Channel::Sms), ["VIP", "Buyer"]);
    assert!(set.tags("", Channel::Sms).is_empty());
    assert!(RuleSet::compile(&[]).unwrap().tags("a", Channel::Sms).is_empty());
}

#[test]
fn a_rule_that_could_not_do_what_it_seems_to_is_refused_even_if_off() {
    let with = |change: fn(&mut Rule)| {
        let mut changed = rule(1, Contains, "x");
        changed.name = Some("Orders".to_owned());
        changed.enabled = false;
        change(&mut changed);
        changed
    };
    for (rule, code, word) in [
        (with(|r| r.pattern.text.clear()), Code::RulePatternEmpty, "\"\""),
        (
            with(|r| r.pattern.text = " \u{200D}\u{301} ".to_owned()),
            Code::RulePatternEmpty,
            "visible",
        ),
        (
            with(|r| r.pattern = rule(1, Regex, "").pattern),
            Code::RulePatternEmpty,
            "empty",
        ),
        (
            with(|r| r.pattern.text = "é".repeat(1_001)),
            Code::RuleTooLarge,
            "1001",
        ),
        (
            with(|r| r.pattern = rule(1, Regex, r"(\w{100}){100}").pattern),
            Code::RuleTooLarge,
            "1048576",
        ),
        (with(|r| r.tags.clear()), Code::RuleNoTags, "tag"),
        (
            with(|r| r.tags.push(" \u{200B}".to_owned())),
            Code::TagEmpty,
            "tag",
        ),
        (with(|r| r.tags.push("é".repeat(101))), Code::TagTooLong, "101"),
        (
            with(|r| r.channels = Some(vec![])),
            Code::RuleNoChannels,
            "channels",
        ),
    ] {
        let refused = RuleSet::compile(&[rule]).unwrap_err();
        assert_eq!(refused.code(), code, "{refused}");
        assert!(
            refused.message().contains(word) && refused.message().contains("\"Orders\""),
            "{refused}"
        );
    }
    RuleSet::compile(&[with(|r| r.tags.push("é".repeat(100)))]).unwrap();
    RuleSet::compile(&[with(|r| r.pattern.text = "é".repeat(1_000))]).unwrap();
}

#[test]
fn a_regular_expression_is_refused_with_the_position_of_its_mistake() {
    for (pattern, at) in [
        ("a(b", "at character 2, unclosed group"),
        ("é[z-a]", "at character 3, invalid character class range"),
        (
            "x\n*{2}é**(?<)",
            "at character 13, invalid capture group character",
        ),
        (r"a\p{Nonsense}", "at character 2, Unicode property not found"),
        ("a\\", "at character 2, incomplete escape"),
        (r"(a)\1", "at character 4, backreferences"),
    ] {
        let refused = RuleSet::compile(&[rule(5, Regex, pattern)]).unwrap_err();
        assert_eq!(refused.code(), Code::RuleRegexInvalid);
        assert!(refused.message().contains(at), "{refused}");
        assert!(
            refused.message().contains("00000000-0000-0000-0000-000000000005"),
            "{refused}"
        );
    }
}

#[test]
fn the_json_of_a_rule_is_short_and_says_all() {
    let json = r#"{"id":"00000000-0000-0000-0000-000000000001","pattern":{"kind":"startsWith","text":"REF"},"tags":["tag1"]}"#;
    let mut read: Rule = serde_json::from_str(json).unwrap();
    assert_eq!(read, rule(1, StartsWith, "REF"));
    read.name = Some("Referrals".to_owned());
    read.pattern.case_sensitive = true;
    read.enabled = false;
    read.channels = Some(vec![Channel::WhatsApp]);
    let json = serde_json::to_string(&read).unwrap();
    assert_eq!(
        json,
        r#"{"id":"00000000-0000-0000-0000-000000000001","name":"Referrals","pattern":{"kind":"startsWith","text":"REF","caseSensitive":true},"tags":["tag1"],"enabled":false,"channels":["whatsapp"]}"#
    );
    assert_eq!(serde_json::from_str::<Rule>(&json).unwrap(), read);
    let misspelt = json.replace("caseSensitive", "case_sensitiv");
    assert!(
        serde_json::from_str::<Rule>(&misspelt)
            .unwrap_err()
            .to_string()
            .contains("case_sensitiv")
    );
}

/// What a literal rule should find, by trying every place of the folded text.
fn naive(rule: &Rule, text: &str) -> bool {
    let fold = |text: &str| {
        if rule.pattern.case_sensitive {
            super::Folded::keeping_case(text).text().to_owned()
        } else {
            fold(text)
        }
    };
    let (text, pattern) = (fold(text), fold(&rule.pattern.text));
    match rule.pattern.kind {
        Contains => text.contains(&pattern),
        Exact => text.trim() == pattern.trim(),
        StartsWith => text.trim_start().starts_with(pattern.trim_start()),
        Word => {
            let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            let pattern = pattern.trim();
            let places = (0..text.len()).filter(|&at| text.is_char_boundary(at));
            places
                .into_iter()
                .filter(|&at| text[at..].starts_with(pattern))
                .any(|at| {
                    let (before, after) = (&text[..at], &text[at + pattern.len()..]);
                    let runs_on_before = word(before.chars().next_back()) && word(pattern.chars().next());
                    let runs_on_after = word(after.chars().next()) && word(pattern.chars().next_back());
                    !runs_on_before && !runs_on_after
                })
        }
        Regex => regex::RegexBuilder::new(&rule.pattern.text)
            .case_insensitive(!rule.pattern.case_sensitive)
            .build()
            .unwrap()
            .is_match(&text),
    }
}

fn small_text(longest: usize) -> impl Strategy<Value = String> {
    let signs = proptest::sample::select(vec![
        "a",
        "A",
        "á",
        "a\u{301}",
        "ß",
        "s",
        "ﬁ",
        "i",
        "İ",
        "_",
        " ",
        "-",
        "❤\u{FE0F}",
    ]);
    proptest::collection::vec(signs, 0..longest).prop_map(|signs| signs.concat())
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let kind = proptest::sample::select(vec![Contains, Exact, StartsWith, Word]);
    let pattern = small_text(4).prop_filter("visible", |text| !fold(text).trim().is_empty());
    (any::<u64>(), kind, pattern, any::<bool>()).prop_map(|(number, kind, text, cased)| {
        let mut rule = rule(number.into(), kind, &text);
        rule.pattern.case_sensitive = cased;
        rule
    })
}

proptest! {
    #[test]
    fn one_pass_finds_what_trying_each_rule_alone_finds(
        rules in proptest::collection::vec(any_rule(), 0..40),
        text in small_text(12),
    ) {
        let found = matches(&rules, &text);
        let expected: Vec<_> = rules.iter().filter(|rule| naive(rule, &text)).collect();
        prop_assert_eq!(
            found.iter().map(|found| found.rule).collect::<Vec<_>>(),
            expected.iter().map(|rule| rule.id).collect::<Vec<_>>()
        );
        for (found, rule) in found.iter().zip(expected) {
            let mut part = rule.clone();
            part.pattern.kind = Contains;
            part.pattern.text = part.pattern.text.trim().to_owned();
            prop_assert!(naive(&part, &text[found.span.clone()]));
        }
    }

    #[test]
    fn nothing_panics_on_any_pattern_and_text(
        kind in proptest::sample::select(vec![Contains, Exact, StartsWith, Word, Regex]),
        pattern in any::<String>(), text in any::<String>(), cased in any::<bool>(),
    ) {
        let mut rule = rule(1, kind, &pattern);
        rule.pattern.case_sensitive = cased;
        if let Ok(set) = RuleSet::compile(&[rule]) {
            for found in set.matches(&format!("{text}{pattern}{text}"), Channel::Sms) {
                prop_assert!(found.span.end > 0 || kind == Regex);
            }
        }
    }
}
