//! Whether a definition says something that can be done: every step can be reached, every way ends.

use std::collections::HashSet;

use crate::contact::{tag_key, tag_name};
use crate::error::{Code, Error};
use crate::sequence::{
    Condition, Definition, END, Goal, MAX_DELAY, MAX_STEPS, STEP_NAME_MAX_CHARS, Step, StepKind, Test,
    Trigger,
};

impl Definition {
    /// Refuses what could never be done: loops, steps that nothing leads to, names that no step has, conditions that decide
    /// nothing or ask for what cannot be known yet, delays that are none.
    ///
    /// # Errors
    /// `sequence.invalid`, `tag.empty`, `tag.too_long`, `filter.too_large`.
    pub fn check(&self) -> Result<(), Error> {
        self.check_names()?;
        for (place, step) in self.steps.iter().enumerate() {
            self.check_step(place, step)?;
        }
        self.check_ways()?;
        if self.messages().next().is_none() {
            return Err(invalid(
                "the sequence sends nothing; give it a step with a message".to_owned(),
            ));
        }
        for step in &self.steps {
            self.check_test(step)?;
        }
        self.check_goals()
    }

    fn check_names(&self) -> Result<(), Error> {
        if self.steps.is_empty() {
            return Err(invalid("the sequence has no steps".to_owned()));
        }
        if self.steps.len() > MAX_STEPS {
            let count = self.steps.len();
            return Err(invalid(format!(
                "the sequence has {count} steps; {MAX_STEPS} are the most"
            )));
        }
        let mut names = HashSet::new();
        for step in &self.steps {
            let name = step.name.as_str();
            if name.trim().is_empty() || name.chars().count() > STEP_NAME_MAX_CHARS {
                return Err(invalid(format!(
                    "the step name {name:?} is empty, or longer than {STEP_NAME_MAX_CHARS} characters"
                )));
            }
            if name == END {
                return Err(invalid(format!(
                    "no step can be named {END:?}, which ends the sequence"
                )));
            }
            if !names.insert(name) {
                return Err(invalid(format!("two steps are named {name:?}")));
            }
        }
        Ok(())
    }

    fn check_step(&self, place: usize, step: &Step) -> Result<(), Error> {
        let name = &step.name;
        let there = |named: &Option<String>| match named {
            Some(next) if next != END && self.place(next).is_none() => Err(invalid(format!(
                "step {name:?} leads to {next:?}, which no step is named"
            ))),
            _ => Ok(()),
        };
        there(&step.next)?;
        match &step.does {
            StepKind::Message(_) => {}
            StepKind::Delay(delay) => {
                if delay.time().is_none() {
                    return Err(invalid(format!(
                        "step {name:?} waits {} days and {} hours; it may wait from an hour to {} days",
                        delay.days,
                        delay.hours,
                        MAX_DELAY.num_days()
                    )));
                }
            }
            StepKind::Condition(condition) => {
                there(&condition.yes)?;
                there(&condition.no)?;
                if step.next.is_some() {
                    return Err(invalid(format!(
                        "step {name:?} is a condition, and goes on by its branches; it can have no next step"
                    )));
                }
                let [yes, no] = self.branches(place, condition);
                if yes == no {
                    return Err(invalid(format!(
                        "both branches of step {name:?} lead to the same, so that it decides nothing"
                    )));
                }
            }
        }
        Ok(())
    }

    fn branches(&self, place: usize, condition: &Condition) -> [Option<usize>; 2] {
        [&condition.yes, &condition.no].map(|named| self.after(place, named.as_deref()))
    }

    /// The places that a step leads to.
    fn leads_to(&self, place: usize) -> Vec<usize> {
        let step = &self.steps[place];
        match &step.does {
            StepKind::Condition(condition) => self.branches(place, condition).into_iter().flatten().collect(),
            StepKind::Message(_) | StepKind::Delay(_) => {
                self.after(place, step.next.as_deref()).into_iter().collect()
            }
        }
    }

    /// Every step is led to, and no way comes back.
    fn check_ways(&self) -> Result<(), Error> {
        let mut ends: Vec<bool> = vec![false; self.steps.len()];
        // Each step on the way, with those that it leads to and were not gone to yet.
        let mut way = vec![(0, self.leads_to(0))];
        while let Some((place, left)) = way.last_mut() {
            let Some(next) = left.pop() else {
                ends[*place] = true;
                way.pop();
                continue;
            };
            if let Some(from) = way.iter().position(|(place, _)| *place == next) {
                let names = way[from..]
                    .iter()
                    .map(|(place, _)| self.steps[*place].name.as_str());
                let names: Vec<&str> = names.chain([self.steps[next].name.as_str()]).collect();
                return Err(invalid(format!(
                    "the steps go round in a loop: {}",
                    names.join(" → ")
                )));
            }
            if !ends[next] {
                way.push((next, self.leads_to(next)));
            }
        }
        match ends.iter().position(|reached| !reached) {
            None => Ok(()),
            Some(dead) => Err(invalid(format!(
                "nothing leads to step {:?}",
                self.steps[dead].name
            ))),
        }
    }

    /// A condition asks for a message that may have gone out by then, and for nothing that only time shows before any has
    /// passed.
    fn check_test(&self, step: &Step) -> Result<(), Error> {
        let StepKind::Condition(condition) = &step.does else {
            return Ok(());
        };
        let asked = match &condition.when {
            Test::Contact(filter) => return filter.check_size(),
            Test::Message(asked) => asked,
        };
        let (name, of) = (&step.name, &asked.step);
        let message = self
            .place(of)
            .filter(|place| matches!(self.steps[*place].does, StepKind::Message(_)));
        let Some(message) = message else {
            return Err(invalid(format!(
                "step {name:?} asks for the message of step {of:?}, which sends none"
            )));
        };
        let here = self.place(name).unwrap_or_default();
        if !self.comes_to(message, here, false) {
            return Err(invalid(format!(
                "step {name:?} asks for the message of step {of:?}, which does not come before it"
            )));
        }
        if asked.was.takes_time() && self.comes_to(message, here, true) {
            return Err(invalid(format!(
                "step {name:?} asks at once what became of the message of step {of:?}; put a delay between them"
            )));
        }
        Ok(())
    }

    /// Whether a way leads from behind one step to another; `at_once`: one without a delay.
    fn comes_to(&self, from: usize, to: usize, at_once: bool) -> bool {
        let (mut seen, mut left) = (HashSet::new(), self.leads_to(from));
        while let Some(place) = left.pop() {
            if place == to {
                return true;
            }
            let waits = matches!(self.steps[place].does, StepKind::Delay(_));
            if seen.insert(place) && !(at_once && waits) {
                left.extend(self.leads_to(place));
            }
        }
        false
    }

    fn check_goals(&self) -> Result<(), Error> {
        let trigger = match &self.trigger {
            Trigger::TagAdded(tag) => Some(tag_name(tag)?.0),
            Trigger::Manual | Trigger::ContactCreated => None,
        };
        for goal in &self.goals {
            if let Goal::Tag(tag) = goal {
                tag_name(tag)?;
                if trigger.as_ref() == Some(&tag_key(tag)) {
                    return Err(invalid(format!(
                        "tag {tag:?} both enrolls and is the goal, so that nobody would ever be enrolled"
                    )));
                }
            }
        }
        Ok(())
    }
}

fn invalid(message: String) -> Error {
    Error::new(Code::SequenceInvalid, message)
}
