//! The words that, sent alone, stop messages or start them again.
//!
//! Only a message that is nothing but the word counts. A sentence with "stop" in it is for a person to read.

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Code, Error};
use crate::fold::{fold, is_word};

/// What a whole-message keyword asks for. Where a word is listed under several, the first of these wins: a
/// doubt never sends a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Keyword {
    /// Opt out.
    Stop,
    /// Send help.
    Help,
    /// Opt in again, if the contact opted out by keyword; an ordinary answer otherwise.
    ConditionalStart,
    /// Opt in again.
    Start,
}

/// The keywords of one language, in any spelling that folds alike.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[schemars(rename = "KeywordList")]
pub struct Words {
    /// Words that opt out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// Words that opt in again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub start: Vec<String>,
    /// Words that opt in again only after a keyword opt-out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditional_start: Vec<String>,
    /// Words that ask for help.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub help: Vec<String>,
}

impl Words {
    fn all(&self) -> impl Iterator<Item = (Keyword, &str)> {
        [
            (Keyword::Stop, &self.stop),
            (Keyword::Help, &self.help),
            (Keyword::ConditionalStart, &self.conditional_start),
            (Keyword::Start, &self.start),
        ]
        .into_iter()
        .flat_map(|(meaning, words)| words.iter().map(move |word| (meaning, word.as_str())))
    }
}

/// One row of the defaults: language, stop, start, conditional start, help.
type Row = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
);

/// The default words.
///
/// English, and `ARRET`: Twilio's defaults and what carriers honour besides (twilio.com/docs/messaging/tutorials/
/// advanced-opt-out and help article 223134027, read in 2026, `REVOKE` and `OPTOUT` since 2025). `REMOVE` and `TD`,
/// which some honour, are left out as too ordinary or too short.
///
/// The other languages (2026) are ours, and conservative: the terms used in short codes and newsletters, or whole
/// phrases. Left out is what answers an ordinary question: `cancelar` (an appointment), `basta` (enough), `alto`
/// and `alta` (tall), `salir` and `beenden` (a menu), `anmelden` (a course), `रुको` (wait), `बंद` (closed). No language but English has a
/// conditional start: a `sí` to an agent's question must not opt anybody in.
const DEFAULTS: &[Row] = &[
    (
        "en",
        &[
            "stop",
            "stopall",
            "stop all",
            "unsubscribe",
            "cancel",
            "end",
            "quit",
            "revoke",
            "optout",
            "opt-out",
        ],
        &["start", "unstop"],
        &["yes"],
        &["help", "info"],
    ),
    (
        "es",
        &[
            "parar",
            "pare",
            "detener",
            "baja",
            "dar de baja",
            "darme de baja",
            "desuscribir",
            "desuscribirme",
            "cancelar suscripción",
        ],
        &["suscribir", "suscribirme"],
        &[],
        &["ayuda"],
    ),
    (
        "pt",
        &[
            "parar",
            "pare",
            "sair",
            "descadastrar",
            "cancelar inscrição",
            "cancelar assinatura",
        ],
        &["inscrever", "inscrever-me", "recadastrar"],
        &[],
        &["ajuda"],
    ),
    (
        "fr",
        &[
            "arrêt",
            "arrêter",
            "arrêtez",
            "désabonner",
            "me désabonner",
            "se désabonner",
            "désabonnement",
            "désinscrire",
            "désinscription",
        ],
        &["s'abonner", "m'abonner", "réabonner"],
        &[],
        &["aide"],
    ),
    (
        "de",
        &["stopp", "abmelden", "abbestellen", "austragen"],
        &["abonnieren"],
        &[],
        &["hilfe"],
    ),
    (
        "hi",
        &[
            "रोकें",
            "रोको",
            "बंद करो",
            "बन्द करो",
            "बंद करें",
            "बन्द करें",
            "सदस्यता रद्द करें",
            "सदस्यता समाप्त करें",
            "roko",
            "band karo",
            "band karen",
            "band kare",
            "band kar do",
        ],
        &[
            "फिर से शुरू करें",
            "सदस्यता लें",
            "phir se shuru karo",
            "phir se shuru karen",
        ],
        &[],
        &["मदद", "सहायता", "madad"],
    ),
    (
        "ar",
        &["إيقاف", "توقف", "إلغاء الاشتراك", "أوقف"],
        &["اشترك"],
        &[],
        &["مساعدة"],
    ),
    (
        "it",
        &[
            "disiscrivimi",
            "disiscriviti",
            "disiscrivermi",
            "cancellami",
            "cancella iscrizione",
            "annulla iscrizione",
        ],
        &["iscrivimi", "iscrivermi"],
        &[],
        &["aiuto"],
    ),
    (
        "id",
        &["berhenti", "berhenti langganan", "berhenti berlangganan", "unreg"],
        &["berlangganan"],
        &[],
        &["bantuan"],
    ),
];

/// An organisation's keywords, ready to be held against messages. Words of all languages count at once.
///
/// As a setting, and in JSON, it is the languages whose words the organisation has replaced:
/// `{"de": {"stop": ["Stopp", "Ende"]}}`, or `{"de": {}}` for none. All others keep their defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "BTreeMap<String, Words>", into = "BTreeMap<String, Words>")]
pub struct Keywords {
    replaced: BTreeMap<String, Words>,
    meanings: HashMap<String, Keyword>,
}

impl Keywords {
    /// The default words, those of the given languages replaced.
    ///
    /// # Errors
    /// `keyword.language_invalid`; `keyword.empty`; `keyword.stop_missing` if STOP itself would not opt out,
    /// which carriers obey whatever the organisation says.
    pub fn new(replaced: BTreeMap<String, Words>) -> Result<Self, Error> {
        let mut ours = BTreeMap::new();
        for (language, words) in replaced {
            check_language(&language)?;
            for (meaning, word) in words.all() {
                if bare(word).is_empty() {
                    return Err(Error::new(
                        Code::KeywordEmpty,
                        format!("the keyword {word:?} ({meaning:?}, {language}) has no letter and no digit"),
                    ));
                }
            }
            ours.insert(language.to_ascii_lowercase(), words);
        }
        let keywords = Self::over_defaults(ours);
        if keywords.classify("stop") != Some(Keyword::Stop) {
            return Err(Error::new(
                Code::KeywordStopMissing,
                "no language has the word stop to opt out with; keep it, since carriers obey it in any case",
            ));
        }
        Ok(keywords)
    }

    fn over_defaults(replaced: BTreeMap<String, Words>) -> Self {
        let mut languages = Self::defaults();
        languages.extend(replaced.clone());
        let mut meanings = HashMap::new();
        for (meaning, word) in languages.values().flat_map(Words::all) {
            meanings
                .entry(bare(word))
                .and_modify(|known| *known = meaning.min(*known))
                .or_insert(meaning);
        }
        Self { replaced, meanings }
    }

    /// The default words by language tag.
    pub fn defaults() -> BTreeMap<String, Words> {
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        let words = |&(language, stop, start, conditional_start, help): &Row| {
            let (stop, start, help) = (owned(stop), owned(start), owned(help));
            (
                language.to_owned(),
                Words {
                    stop,
                    start,
                    conditional_start: owned(conditional_start),
                    help,
                },
            )
        };
        DEFAULTS.iter().map(words).collect()
    }

    /// The languages whose words the organisation has replaced, by tag in lower case.
    pub fn replaced(&self) -> &BTreeMap<String, Words> {
        &self.replaced
    }

    /// What a message asks for that is nothing but a keyword: folded, and whatever is neither letter nor digit
    /// taken for space, so that `*STOP!!!*`, `«stop»`, `Stop 🙏` and `opt-out` count. `None` for any other text.
    pub fn classify(&self, text: &str) -> Option<Keyword> {
        self.meanings.get(&bare(text)).copied()
    }
}

impl Default for Keywords {
    fn default() -> Self {
        Self::over_defaults(BTreeMap::new())
    }
}

impl TryFrom<BTreeMap<String, Words>> for Keywords {
    type Error = Error;

    fn try_from(replaced: BTreeMap<String, Words>) -> Result<Self, Error> {
        Self::new(replaced)
    }
}

impl From<Keywords> for BTreeMap<String, Words> {
    fn from(keywords: Keywords) -> Self {
        keywords.replaced
    }
}

/// A text folded, its words parted by single spaces.
fn bare(text: &str) -> String {
    let folded = fold(text);
    let words: Vec<&str> = folded
        .split(|c| !is_word(c))
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

/// Checks the form of a language tag, as in BCP 47.
fn check_language(tag: &str) -> Result<(), Error> {
    let part = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    if tag.starts_with(|c: char| c.is_ascii_alphabetic()) && tag.split('-').all(part) {
        return Ok(());
    }
    Err(Error::new(
        Code::KeywordLanguageInvalid,
        format!("{tag:?} is not a language tag; write one such as en or pt-BR"),
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{Keyword, Keywords, Words, bare};
    use crate::error::{Code, Error};

    fn replaced(language: &str, words: Words) -> Result<Keywords, Error> {
        Keywords::new(BTreeMap::from([(language.to_owned(), words)]))
    }

    fn stop_words(words: &[&str]) -> Words {
        Words {
            stop: words.iter().map(|&word| word.to_owned()).collect(),
            ..Words::default()
        }
    }

    #[test]
    fn a_message_that_is_nothing_but_a_keyword_counts_however_it_is_dressed() {
        use Keyword::{ConditionalStart, Help, Start, Stop};
        let keywords = Keywords::default();
        for (text, meaning) in [
            ("STOP", Stop),
            ("  Stop. ", Stop),
            ("stop!!!\n", Stop),
            ("«stop»", Stop),
            ("¡STOP!", Stop),
            ("*STOP*", Stop),
            ("~_stop_~", Stop),
            ("ＳＴＯＰ", Stop),
            ("s\u{200B}top\u{FE0F}\u{200F}", Stop),
            ("\u{2068}STOP\u{2069}", Stop),
            ("Stop 🙏🏽", Stop),
            ("STOP  \t ALL", Stop),
            ("stop-all", Stop),
            ("StopAll", Stop),
            ("Opt-Out", Stop),
            ("opt\u{2011}out", Stop),
            ("OPTOUT", Stop),
            ("unsubscribe", Stop),
            ("Cancel", Stop),
            ("END", Stop),
            ("quit", Stop),
            ("Revoke", Stop),
            ("ARRET", Stop),
            ("arrêt", Stop),
            ("ARRE\u{302}T", Stop),
            ("Me désabonner.", Stop),
            ("Parar", Stop),
            ("SAIR", Stop),
            ("CANCELAR INSCRICAO", Stop),
            ("Baja", Stop),
            ("CANCELAR SUSCRIPCIÓN", Stop),
            ("Stopp!", Stop),
            ("abmelden", Stop),
            ("रोकें", Stop),
            ("रोकें।", Stop),
            ("बंद करो", Stop),
            ("Band karo", Stop),
            ("إيقاف", Stop),
            ("ايقاف", Stop),
            ("الغاء الاشتراك", Stop),
            ("Disiscrivimi", Stop),
            ("berhenti", Stop),
            ("UNREG", Stop),
            ("Start", Start),
            ("(unstop)", Start),
            ("S’abonner", Start),
            ("yes", ConditionalStart),
            ("YES!", ConditionalStart),
            ("Help?", Help),
            ("info", Help),
            ("AYUDA", Help),
            ("मदद", Help),
        ] {
            assert_eq!(keywords.classify(text), Some(meaning), "{text}");
        }
    }

    #[test]
    fn a_sentence_or_an_ordinary_word_is_no_keyword() {
        let keywords = Keywords::default();
        for text in [
            "",
            "  ",
            "!!!",
            "🛑",
            "please stop",
            "stop sending me this",
            "don't stop",
            "Stop it",
            "stop stop",
            "stopped",
            "nonstop",
            "s t o p",
            "st op",
            "yes please",
            "yesterday",
            "no",
            "ok",
            "रुको",
            "बंद",
            "रोक",
            "sí",
            "sim",
            "oui",
            "ja",
            "cancelar",
            "basta",
            "alto",
            "alta",
            "salir",
            "ende",
            "remove",
            "td",
            "start now",
            "1",
        ] {
            assert_eq!(keywords.classify(text), None, "{text}");
        }
    }

    #[test]
    fn every_default_word_means_what_its_list_says() {
        let keywords = Keywords::default();
        for (language, words) in Keywords::defaults() {
            for (meaning, word) in words.all() {
                assert_eq!(keywords.classify(word), Some(meaning), "{language}: {word}");
            }
        }
        Keywords::new(Keywords::defaults()).unwrap();
    }

    #[test]
    fn an_organisation_replaces_the_words_of_a_language_and_keeps_the_others() {
        let keywords = replaced("DE", stop_words(&["Ende", "🛑 Schluss"])).unwrap();
        assert_eq!(keywords.classify("ende!"), Some(Keyword::Stop));
        assert_eq!(keywords.classify("Schluss"), Some(Keyword::Stop));
        assert_eq!(keywords.classify("abmelden"), None);
        assert_eq!(keywords.classify("stop"), Some(Keyword::Stop));
        assert_eq!(
            replaced("de", Words::default()).unwrap().classify("abmelden"),
            None
        );
        assert_eq!(
            replaced("nl", stop_words(&["stoppen"]))
                .unwrap()
                .classify("Stoppen"),
            Some(Keyword::Stop)
        );
    }

    #[test]
    fn a_word_of_two_meanings_has_the_one_that_sends_least() {
        let words = Words {
            start: vec!["stop".to_owned(), "yes".to_owned(), "help".to_owned()],
            ..Words::default()
        };
        let keywords = replaced("zz", words).unwrap();
        assert_eq!(keywords.classify("stop"), Some(Keyword::Stop));
        assert_eq!(keywords.classify("yes"), Some(Keyword::ConditionalStart));
        assert_eq!(keywords.classify("help"), Some(Keyword::Help));
    }

    #[test]
    fn words_that_could_not_work_are_refused() {
        for (language, words, code, word) in [
            ("en", Words::default(), Code::KeywordStopMissing, "stop"),
            ("en", stop_words(&["halt"]), Code::KeywordStopMissing, "stop"),
            (
                "es",
                stop_words(&["baja", " "]),
                Code::KeywordEmpty,
                "\" \" (Stop, es)",
            ),
            ("es", stop_words(&["🛑"]), Code::KeywordEmpty, "🛑"),
            ("", Words::default(), Code::KeywordLanguageInvalid, "\"\""),
            ("pt_BR", Words::default(), Code::KeywordLanguageInvalid, "pt_BR"),
            ("pt-", Words::default(), Code::KeywordLanguageInvalid, "pt-"),
            (
                "deutschland",
                Words::default(),
                Code::KeywordLanguageInvalid,
                "deutschland",
            ),
        ] {
            let refused = replaced(language, words).unwrap_err();
            assert_eq!(refused.code(), code);
            assert!(refused.message().contains(word), "{refused}");
        }
    }

    #[test]
    fn as_json_keywords_are_what_the_organisation_replaced() {
        assert_eq!(serde_json::to_string(&Keywords::default()).unwrap(), "{}");
        let json = r#"{"de":{"stop":["Ende"],"conditionalStart":["ja"]},"fr":{}}"#;
        let keywords: Keywords = serde_json::from_str(json).unwrap();
        assert_eq!(keywords.classify("JA"), Some(Keyword::ConditionalStart));
        assert_eq!(keywords.classify("arrêter"), None);
        assert_eq!(serde_json::to_string(&keywords).unwrap(), json);
        assert_eq!(keywords.replaced().len(), 2);
        for (bad, why) in [
            (r#"{"de":{"stop":[" "]}}"#, "keyword.empty"),
            (r#"{"en":{}}"#, "keyword.stop_missing"),
            (r#"{"de":{"halt":["x"]}}"#, "halt"),
        ] {
            assert!(
                serde_json::from_str::<Keywords>(bad)
                    .unwrap_err()
                    .to_string()
                    .contains(why),
                "{bad}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_classified_as_its_bare_form_is(text in any::<String>()) {
            let keywords = Keywords::default();
            prop_assert_eq!(keywords.classify(&bare(&text)), keywords.classify(&text));
            prop_assert_eq!(keywords.classify(&format!("«{text} !»")), keywords.classify(&text));
            prop_assert_eq!(keywords.classify(&format!("{text} stop x")), None);
        }
    }
}
