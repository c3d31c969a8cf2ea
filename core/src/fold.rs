//! Folding: the one form in which texts are compared.
//!
//! Two texts are equal when folded if they differ only in case, compatibility form (full width,
//! ligatures, superscripts), accents, or invisible characters. The steps are those of Unicode's
//! `NFKC_Casefold` (Unicode 3.13, D147: full case folding, NFKC, default ignorable code points
//! removed), and accents are removed besides.
//!
//! # What is an accent
//! A mark that people leave out when they type in a hurry: the combining diacritics of Latin, Greek and
//! Cyrillic, the points of Hebrew and the vowel signs and hamza marks of Arabic. The strokes and the
//! missing dot of `ø đ ħ ı ł ŧ` count too, although Unicode does not decompose those letters: without
//! them `KAPI` would not be the capitals of Turkish `kapı`, nor `Lodz` find `Łódź`.
//!
//! Marks that spell another word stay: the vowel signs, virama and nukta of Devanagari and its
//! relatives, those of Thai, Lao, Khmer and Myanmar, and the voicing of kana (`か` is not `が`).

use std::ops::Range;

use unicode_normalization::char::{canonical_combining_class, decompose_compatible, is_combining_mark};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// The folded form of a text. Folding it again changes nothing.
pub fn fold(text: &str) -> String {
    Folded::new(text).text
}

/// A folded text that remembers which bytes of the original each of its bytes came from.
#[derive(Debug, Clone)]
pub struct Folded {
    text: String,
    original_len: usize,
    /// Where each stretch that folds by itself begins, in the folded and in the original text.
    /// Empty if the two texts agree byte for byte but for case.
    stretches: Vec<(usize, usize)>,
}

impl Folded {
    /// Folds a text.
    pub fn new(text: &str) -> Self {
        Self::build(text, Case::Fold)
    }

    /// Folds a text but for its case: only `Case` finds `Case`, while `Café` still finds `Cafe`.
    pub fn keeping_case(text: &str) -> Self {
        Self::build(text, Case::Keep)
    }

    fn build(text: &str, case: Case) -> Self {
        let original_len = text.len();
        if text.is_ascii() {
            let text = match case {
                Case::Fold => text.to_ascii_lowercase(),
                Case::Keep => text.to_owned(),
            };
            let stretches = Vec::new();
            return Self {
                text,
                original_len,
                stretches,
            };
        }

        let mut folded = String::with_capacity(text.len());
        let mut stretches = Vec::with_capacity(text.len());
        let (mut pending, mut next) = (Vec::new(), Vec::new());
        for (at, c) in text.char_indices() {
            expand(c, case, &mut |d| next.push(d));
            if stretches.is_empty() || next.first().is_some_and(|&first| stands_alone(first)) {
                compose(&mut pending, &mut folded);
                stretches.push((folded.len(), at));
            }
            pending.append(&mut next);
        }
        compose(&mut pending, &mut folded);
        Self {
            text: folded,
            original_len,
            stretches,
        }
    }

    /// The folded text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes of the original text that a range of bytes of the folded text came from, widened to
    /// whole characters and to the marks that belong to them. What folding removed belongs to what
    /// stands before it. A range outside the folded text is cut off at its end.
    pub fn original(&self, range: Range<usize>) -> Range<usize> {
        let end = range.end.min(self.text.len());
        let start = range.start.min(end);
        if self.stretches.is_empty() {
            return start..end;
        }
        let after = |at: usize| self.stretches.partition_point(|&(folded, _)| folded <= at);
        let begin = |stretch: usize| {
            self.stretches
                .get(stretch)
                .map_or(self.original_len, |&(_, at)| at)
        };
        let from = begin(after(start).saturating_sub(1));
        if start == end {
            from..from
        } else {
            from..begin(after(end - 1))
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Case {
    Fold,
    Keep,
}

/// Decomposes and folds one character until nothing changes any more.
///
/// The case folding is Unicode's full one: lower case after upper case reaches the same classes (`ẞ`, `ß`
/// and `SS` through `ss`), by the tables that the standard library carries anyway.
fn expand(c: char, case: Case, emit: &mut dyn FnMut(char)) {
    decompose_compatible(c, |d| {
        if d.is_ascii() {
            return emit(if case == Case::Fold {
                d.to_ascii_lowercase()
            } else {
                d
            });
        }
        if is_invisible(d) || is_accent(d) {
            return;
        }
        let d = without_stroke(d);
        if case == Case::Keep {
            return emit(d);
        }
        let mut lower = d.to_uppercase().flat_map(char::to_lowercase);
        if (lower.next(), lower.next()) == (Some(d), None) {
            return emit(d);
        }
        for l in d.to_uppercase().flat_map(char::to_lowercase) {
            expand(l, case, emit);
        }
    });
}

/// Whether a decomposed character never joins with what stands before it.
fn stands_alone(c: char) -> bool {
    c.is_ascii()
        || (canonical_combining_class(c) == 0 && is_nfc_quick(std::iter::once(c)) == IsNormalized::Yes)
}

/// Moves the characters, composed, to the end of the text.
fn compose(pending: &mut Vec<char>, text: &mut String) {
    match pending.as_slice() {
        [c] => text.push(*c),
        all => text.extend(all.iter().copied().nfc()),
    }
    pending.clear();
}

/// `Default_Ignorable_Code_Point`, Unicode 17, `DerivedCoreProperties.txt`.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
}

/// The marks that fold away; the module's documentation says which and why.
fn is_accent(c: char) -> bool {
    matches!(c,
        // Latin and Greek. Among them the iota subscript, which Unicode's case folding makes a letter.
        '\u{300}'..='\u{36F}' | '\u{1AB0}'..='\u{1AFF}'
        | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20F0}' | '\u{FE20}'..='\u{FE2F}'
        // Cyrillic
        | '\u{483}'..='\u{489}' | '\u{2DE0}'..='\u{2DFF}' | '\u{A66F}'..='\u{A672}'
        | '\u{A674}'..='\u{A67D}' | '\u{A69E}'..='\u{A69F}'
        // Hebrew
        | '\u{591}'..='\u{5BD}' | '\u{5BF}' | '\u{5C1}'..='\u{5C2}' | '\u{5C4}'..='\u{5C5}' | '\u{5C7}'
        // Arabic
        | '\u{610}'..='\u{61A}' | '\u{64B}'..='\u{65F}' | '\u{670}' | '\u{6D6}'..='\u{6DC}'
        | '\u{6DF}'..='\u{6E4}' | '\u{6E7}'..='\u{6E8}' | '\u{6EA}'..='\u{6ED}' | '\u{8D3}'..='\u{8E1}'
        | '\u{8E3}'..='\u{8FF}')
}

/// The plain letter under a stroke, or with its dot back.
fn without_stroke(c: char) -> char {
    match c {
        'Ø' => 'O',
        'ø' => 'o',
        'Đ' => 'D',
        'đ' => 'd',
        'Ħ' => 'H',
        'ħ' => 'h',
        'ı' => 'i',
        'Ł' => 'L',
        'ł' => 'l',
        'Ŧ' => 'T',
        'ŧ' => 't',
        other => other,
    }
}

/// Whether a character is part of a word: a letter, a digit, or a mark on one.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || !c.is_ascii() && is_combining_mark(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    use super::{Folded, fold};

    const IOTA_SUBSCRIPT: char = '\u{345}';

    #[test]
    fn texts_that_differ_in_case_form_accents_or_invisible_signs_fold_alike() {
        for (text, folded) in [
            ("", ""),
            ("Stop", "stop"),
            ("ＳＴＯＰ １２", "stop 12"),
            ("ﬁn ² ™ ½", "fin 2 tm 1\u{2044}2"),
            ("Straße STRASSE STRAẞE", "strasse strasse strasse"),
            ("ΣΊΣΥΦΟΣ σίσυφος", "σισυφοσ σισυφοσ"),
            ("ᾳ ᾼ Α", "α α α"),
            ("Ёлка ёлка", "елка елка"),
            ("é e\u{301} É", "e e e"),
            ("Đặng Łódź Øre Ħ Ŧ", "dang lodz ore h t"),
            (
                "İSTANBUL ıstanbul ISTANBUL istanbul",
                "istanbul istanbul istanbul istanbul",
            ),
            ("ＡÇÃO\u{A0}Ñandú", "acao nandu"),
            ("إِلْغَاء الغاء", "الغاء الغاء"),
            ("שָׁלוֹם שלום", "שלום שלום"),
            ("s\u{200B}t\u{AD}o\u{2060}p\u{FE0F}\u{200E}", "stop"),
            ("❤\u{FE0F} 4\u{FE0F}\u{20E3}", "❤ 4"),
            ("ｶﾞ ガ", "ガ ガ"),
            ("\u{1112}\u{1161}\u{11AB} 한", "한 한"),
            ("क़लम क\u{93C}लम", "क\u{93C}लम क\u{93C}लम"),
            ("Ꭰ ꭰ", "ꭰ ꭰ"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn marks_that_spell_another_word_stay() {
        for text in [
            "रोकें",
            "कि",
            "क्षमा",
            "नमस्ते",
            "ดี",
            "ที่นี่",
            "か\u{3099}",
            "が",
            "ကို",
            "ខ្មែរ",
            "தமிழ்",
            "각",
        ] {
            let composed: String = text.nfkc().collect();
            assert_eq!(fold(text), composed, "{text}");
        }
        for (one, other) in [
            ("कि", "की"),
            ("क", "क्"),
            ("か", "が"),
            ("ดี", "ดิ"),
            ("है", "हे"),
            ("मे", "में"),
        ] {
            assert_ne!(fold(one), fold(other));
        }
    }

    #[test]
    fn case_can_be_kept_while_all_else_folds() {
        for (text, kept) in [
            ("Stop", "Stop"),
            ("ＳＴＯＰ Café ÉCLAIR", "STOP Cafe ECLAIR"),
            ("Łódź Straße İı", "Lodz Straße Ii"),
        ] {
            assert_eq!(Folded::keeping_case(text).text(), kept);
        }
    }

    #[test]
    fn every_character_folds_to_a_fixed_point_in_the_class_of_its_unicode_case_folding() {
        for c in ('\0'..=char::MAX).filter(|&c| !('\u{40000}'..'\u{E0000}').contains(&c) && c < '\u{E1000}') {
            let folded = fold(c.encode_utf8(&mut [0; 4]));
            assert_eq!(fold(&folded), folded, "{c:?}");
            let kept = Folded::keeping_case(c.encode_utf8(&mut [0; 4])).text;
            assert_eq!(Folded::keeping_case(&kept).text, kept, "{c:?}");
            assert_eq!(fold(&kept), folded, "{c:?}");
            let unicode = caseless::default_case_fold_str(c.encode_utf8(&mut [0; 4]));
            assert!(
                fold(&unicode) == folded || c.nfd().any(|d| d == IOTA_SUBSCRIPT),
                "{c:?}"
            );
        }
    }

    #[test]
    fn a_folded_range_leads_back_to_whole_characters_of_the_original() {
        for (text, part, original) in [
            ("Say STOP now", "stop", "STOP"),
            ("é STOP é", "stop", "STOP"),
            ("Straße", "ss", "ß"),
            ("ﬁn", "i", "ﬁ"),
            ("cafe\u{301}!", "cafe", "cafe\u{301}"),
            ("\u{200B}st\u{200B}op\u{200B}!", "stop", "st\u{200B}op\u{200B}"),
            ("\u{301}é", "e", "é"),
            (
                "한\u{1112}\u{1161}\u{11AB}국",
                "한국",
                "\u{1112}\u{1161}\u{11AB}국",
            ),
            ("I ❤\u{FE0F} é", "❤", "❤\u{FE0F}"),
            ("बंद करें", "करें", "करें"),
        ] {
            let folded = Folded::new(text);
            let at = folded.text().rfind(part).unwrap();
            assert_eq!(&text[folded.original(at..at + part.len())], original, "{text}");
        }
        let folded = Folded::new("é\u{200B}");
        assert_eq!(folded.original(0..1), 0..5);
        assert_eq!(folded.original(1..9), 0..0);
    }

    /// Letters, marks, jamo and invisible signs that meet each other in ways that real text seldom does.
    fn text() -> impl Strategy<Value = String> {
        let thorny = "aEiIsS ßẞİıſéÉøŁﬁ²Ως\u{300}\u{301}\u{307}\u{323}\u{345}\u{340}\u{93C}\u{94D}\u{93F}\
            करकिか\u{3099}ｶﾞ\u{1100}\u{1161}\u{11A8}가각\u{200D}\u{FE0F}\u{34F}\u{1160}\u{3164}ภี่شَّأ\u{654}ᾼ\u{1F600}";
        let thorny = proptest::sample::select(thorny.chars().collect::<Vec<_>>());
        let each = prop_oneof![3 => thorny, 1 => any::<char>()];
        proptest::collection::vec(each, 0..24).prop_map(String::from_iter)
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in text()) {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
            let kept = Folded::keeping_case(&text).text;
            prop_assert_eq!(&Folded::keeping_case(&kept).text, &kept);
        }

        #[test]
        fn canonically_equivalent_texts_fold_alike(text in text()) {
            let folded = fold(&text);
            prop_assert_eq!(&fold(&text.nfc().collect::<String>()), &folded);
            prop_assert_eq!(&fold(&text.nfkd().collect::<String>()), &folded);
            if !text.nfd().any(|d| d == IOTA_SUBSCRIPT) {
                prop_assert_eq!(fold(&caseless::default_case_fold_str(&text)), folded);
            }
        }

        #[test]
        fn any_part_leads_back_to_a_part_that_folds_to_hold_it(text in text(), a in 0_usize..64, b in 0_usize..64) {
            let folded = Folded::new(&text);
            let cut = |at: usize| (0..=at.min(folded.text().len())).rev().find(|&i| folded.text().is_char_boundary(i));
            let (a, b) = (cut(a).unwrap(), cut(b).unwrap());
            let part = a.min(b)..a.max(b);
            let original = &text[folded.original(part.clone())];
            prop_assert!(fold(original).contains(&folded.text()[part]));
            prop_assert_eq!(folded.original(0..usize::MAX).end, if folded.text().is_empty() { 0 } else { text.len() });
        }
    }
}
