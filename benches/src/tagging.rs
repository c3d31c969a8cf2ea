//! Auto-tagging: many rules beside few, and beside a loop over all of them.

use serde_json::json;
use tertulia::core::channel::Channel;
use tertulia::core::fold::fold;
use tertulia::core::tagging::{PatternKind, Rule, RuleSet};

use crate::measure::{Outcome, compare, side, timed};

const MESSAGES: usize = 20_000;
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
    let many = RuleSet::compile(&rules)?;
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
            "tagging: messages of {} bytes, 70/15/15 contains/exact/startsWith",
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
    println!(
        "a message costs 10,000 rules {:.2} times what it costs 10; {:.2} times where only ten can fire",
        medians[0] / medians[2],
        medians[0] / medians[3]
    );
    println!(
        "rules fired: {} of 10, {} of 1,000, {} of 10,000, {} where only ten can",
        count(&few, &messages),
        count(&thousand, &messages),
        count(&many, &messages),
        count(&mostly_silent, &messages)
    );
    Ok(())
}

/// Each rule for itself.
fn looped(needles: &[(PatternKind, String)], text: &str) -> usize {
    let text = fold(text);
    let holds = |(kind, needle): &&(PatternKind, String)| match kind {
        PatternKind::Exact => text.trim() == needle,
        PatternKind::StartsWith => text.trim_start().starts_with(needle.as_str()),
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
        ..70 => "contains",
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
