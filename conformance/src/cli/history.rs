//! The command `history`: judges recorded concurrent calls, of a finding or of others.

use std::collections::BTreeMap;
use std::time::Duration;

use connect_checks::history::{Judged, Lags, Verdict, call, judge, timeline};
use connect_model::schema::Schema;
use connect_model::text::{excerpt, visible};
use serde_json::{Value, json};

use super::flags::HistoryFlags;
use super::schema;
use crate::exit::Exit;
use crate::report::output::{Format, print_as};
use crate::report::text::count;
use crate::session::error::SessionError;

/// Runs the command.
pub(super) fn history(flags: &HistoryFlags) -> Result<Exit, SessionError> {
    let schema = schema(flags.model.model.as_deref())?;
    let calls = call::read(&flags.file).map_err(SessionError::usage)?;
    let micros = |lag: Duration| u64::try_from(lag.as_micros()).unwrap_or(u64::MAX);
    let lags =
        Lags { reads: micros(flags.reads_lag), lists: micros(flags.lists_lag), searches: micros(flags.searches_lag) };
    let judged = Judgement::of(schema, &calls, lags);
    let text = match flags.format.format {
        Format::Text => judged.text(),
        Format::Json => judged.json(),
    };
    if judged.parts.is_empty() {
        return Err(SessionError::Nothing(format!(
            "{} in the history say nothing about a resource, a name, a token or a tag: each needs a call that changes it and one that shows it",
            count(calls.len() as u64, "call")
        )));
    }
    print_as(flags.format.format, &text).map_err(SessionError::usage)?;
    Ok(judged.exit())
}

/// The verdict on a history.
pub(super) struct Judgement<'c> {
    calls: &'c [call::Call],
    /// Parts with something to judge.
    parts: Vec<Judged>,
}

impl<'c> Judgement<'c> {
    pub(super) fn of(schema: &'static Schema, calls: &'c [call::Call], lags: Lags) -> Self {
        let parts = judge(schema, calls, lags).into_iter().filter(|part| part.calls > 1).collect();
        Self { calls, parts }
    }

    fn exit(&self) -> Exit {
        let has = |verdict: fn(&Verdict) -> bool| self.parts.iter().any(|part| verdict(&part.verdict));
        if has(|verdict| matches!(verdict, Verdict::Violation(..))) {
            Exit::Findings
        } else if has(|verdict| *verdict == Verdict::Undecided) {
            Exit::Incomplete
        } else {
            Exit::Conforming
        }
    }

    /// The verdict for people: the numbers of parts, and a timeline for each part without an order.
    pub(super) fn text(&self) -> String {
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        let mut stale = 0;
        for part in &self.parts {
            *numbers.entry(word(&part.verdict)).or_default() += 1;
            if let Verdict::Stale(lag) = part.verdict {
                stale = stale.max(lag);
            }
        }
        let clients = self.calls.iter().map(|call| call.client).collect::<std::collections::BTreeSet<_>>().len();
        let mut text = format!(
            "{} of {}, {} to judge\n",
            count(self.calls.len() as u64, "call"),
            count(clients as u64, "client"),
            count(self.parts.len() as u64, "part")
        );
        for (word, number) in numbers {
            let by = if word == "stale" { format!(", by {} at most", milliseconds(stale)) } else { String::new() };
            text += &format!("  {word:<13} {number}{by}\n");
        }
        for part in &self.parts {
            let Verdict::Violation(few, lag) = &part.verdict else { continue };
            let explained = lag.map(|lag| format!("; reads that lag by {} would explain them", milliseconds(lag)));
            text += &format!(
                "\n{}, as {} show it: no order explains {} of {}{}\n",
                visible(&excerpt(&part.about)),
                part.sort.word(),
                count(few.len() as u64, "call"),
                part.calls,
                explained.unwrap_or_default()
            );
            for line in timeline(self.calls, few) {
                text += &format!("  {}\n", visible(&line));
            }
        }
        text
    }

    fn json(&self) -> String {
        let part = |part: &Judged| {
            let (lag, few): (Option<u64>, &[usize]) = match &part.verdict {
                Verdict::Stale(lag) => (Some(*lag), &[]),
                Verdict::Violation(few, lag) => (*lag, few),
                Verdict::Linearizable | Verdict::Undecided => (None, &[]),
            };
            json!({
                "about": part.about, "shown_by": part.sort.word(), "calls": part.calls, "verdict": word(&part.verdict),
                "lag_us": lag, "decisive": few,
            })
        };
        let parts: Vec<Value> = self.parts.iter().map(part).collect();
        format!("{}\n", json!({ "calls": self.calls.len(), "parts": parts }))
    }
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Linearizable => "linearizable",
        Verdict::Stale(_) => "stale",
        Verdict::Violation(..) => "violation",
        Verdict::Undecided => "undecided",
    }
}

fn milliseconds(micros: u64) -> String {
    format!("{:.1} ms", micros as f64 / 1_000.0)
}
