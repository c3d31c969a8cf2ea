//! Auto-tagging: many rules beside few, beside an automaton for the same texts, and beside a loop over all of them.

use std::time::Instant;

use aho_corasick::AhoCorasick;
use serde_json::json;
use tertulia::core::channel::Channel;
use tertulia::core::fold::fold;
use tertulia::core::tagging::{PatternKind, Rule, RuleSet};

use crate::measure::{Outcome, compare, side, timed};

const MESSAGES: usize = 100_000;
const MESSAGES_OF_THE_LOOP: usize = 1_000;

pub(crate) fn run() -> Outcome<()> {
    let mut random = fastrand::Rng::with_seed(1);
    let words: Vec<String> = (0..20_000).map(|_| word(&mut random)).collect();
    let messages: Vec<String> = (0..MESSAGES).map(|_| message(&mut random, &words)).collect();
    let rules = (0..10_000)
        .map(|number| rule(&mut random, &words, number))
        .collect::<Outcome<Vec<Rule>>>()?;
    // As many again, of whose words no message has one: what looking costs, without what finding costs.
    let strange: Vec<String> = words.iter().map(|word| format!("{word}7")).collect();
    let silent = (10..10_000)
        .map(|number| rule(&mut random, &strange, number))
        .collect::<Outcome<Vec<Rule>>>()?;
    let few = RuleSet::compile(&rules[..10])?;
    let thousand = RuleSet::compile(&rules[..1_000])?;
    let start = Instant::now();
    let many = RuleSet::compile(&rules)?;
    let compiling = start.elapsed();
    let start = Instant::now();
    let automaton = AhoCorasick::new(rules.iter().map(|rule| &rule.pattern.text))?;
    let building = start.elapsed();
    let mostly_silent = RuleSet::compile(rules[..10].iter().chain(&silent))?;

    let count = |set: &RuleSet, messages: &[String]| -> usize {
        messages
            .iter()
            .map(|text| set.matches(text, Channel::WhatsApp).len())
            .sum()
    };
    let needles: Vec<(PatternKind, String)> = rules[..1_000]
        .iter()
        .map(|rule| (rule.pattern.kind, fold(&rule.pattern.text)))
        .collect();
    let some = &messages[..MESSAGES_OF_THE_LOOP];
    let by_loop: usize = some.iter().map(|text| looped(&needles, text)).sum();
    if count(&thousand, some) != by_loop {
        return Err(format!("{} matches, but {by_loop} by the loop", count(&thousand, some)).into());
    }

    let bytes: usize = messages.iter().map(String::len).sum();
    let medians = compare(
        &format!(
            "tagging: messages of {} bytes, 50/20/15/15 contains/word/exact/startsWith",
            bytes / MESSAGES
        ),
        &mut [
            side("10 rules", MESSAGES, || Ok(timed(|| count(&few, &messages)))),
            side("1,000 rules", MESSAGES, || {
                Ok(timed(|| count(&thousand, &messages)))
            }),
            side("10,000 rules", MESSAGES, || Ok(timed(|| count(&many, &messages)))),
            side("10,000 rules, of which ten can fire", MESSAGES, || {
                Ok(timed(|| count(&mostly_silent, &messages)))
            }),
            side(
                "aho-corasick: the texts of 10,000 rules, found anywhere, nothing folded",
                MESSAGES,
                || {
                    Ok(timed(|| {
                        let count = |text: &String| automaton.find_overlapping_iter(text).count();
                        messages.iter().map(count).sum::<usize>()
                    }))
                },
            ),
            side(
                "peer: a loop over 1,000 rules, each message folded once",
                MESSAGES_OF_THE_LOOP,
                || {
                    Ok(timed(|| {
                        some.iter().map(|text| looped(&needles, text)).sum::<usize>()
                    }))
                },
            ),
        ],
    )?;
    let [few_rate, _, many_rate, silent_rate, ..] = medians[..] else {
        return Err("a side is missing".into());
    };
    let fired = [&few, &thousand, &many, &mostly_silent].map(|set| count(set, &messages));
    println!(
        "a message costs 10,000 rules {:.2} times what it costs 10; {:.2} times where only ten can fire",
        few_rate / many_rate,
        few_rate / silent_rate
    );
    println!(
        "rules fired a message: {:.3} of 10, {:.2} of 1,000, {:.2} of 10,000, {:.3} where only ten can; one costs {:.2} \
         times what 10 rules cost a message",
        per_message(fired[0]),
        per_message(fired[1]),
        per_message(fired[2]),
        per_message(fired[3]),
        (few_rate / many_rate - few_rate / silent_rate) / (per_message(fired[2]) - per_message(fired[3]))
    );
    println!("10,000 rules are compiled in {compiling:.1?}; the automaton is built in {building:.1?}");
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn per_message(count: usize) -> f64 {
    count as f64 / MESSAGES as f64
}

/// Each rule for itself.
fn looped(needles: &[(PatternKind, String)], text: &str) -> usize {
    let text = fold(text);
    let holds = |(kind, needle): &&(PatternKind, String)| match kind {
        PatternKind::Exact => text.trim() == needle,
        PatternKind::StartsWith => text.trim_start().starts_with(needle.as_str()),
        PatternKind::Word => text.split(' ').any(|word| word == needle),
        _ => text.contains(needle.as_str()),
    };
    needles.iter().filter(holds).count()
}

fn word(random: &mut fastrand::Rng) -> String {
    (0..random.usize(4..10)).map(|_| random.lowercase()).collect()
}

/// A word, the first ones far more often than the last.
fn common<'a>(random: &mut fastrand::Rng, words: &'a [String]) -> &'a str {
    let most = random.usize(1..=words.len());
    &words[random.usize(..most)]
}

fn message(random: &mut fastrand::Rng, words: &[String]) -> String {
    let count = random.usize(1..28);
    let words: Vec<&str> = (0..count).map(|_| common(random, words)).collect();
    let mut text = words.join(" ");
    text[..1].make_ascii_uppercase();
    text
}

fn rule(random: &mut fastrand::Rng, words: &[String], number: usize) -> Outcome<Rule> {
    let kind = match random.u32(..100) {
        ..50 => "contains",
        50..70 => "word",
        70..85 => "exact",
        _ => "startsWith",
    };
    let text = &words[random.usize(..words.len())];
    let id = format!("00000000-0000-7000-8000-{number:012x}");
    let tag = format!("tag {}", number % 500);
    Ok(serde_json::from_value(
        json!({"id": id, "pattern": {"kind": kind, "text": text}, "tags": [tag]}),
    )?)
}
