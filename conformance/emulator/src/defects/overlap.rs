//! Defects that show only while calls overlap: the calls of one client alone are answered rightly.
//!
//! A call that takes long leaves time for others to come between. So each of these races is lost whenever calls meet, and
//! histories of some dozen calls find it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::defects::edits::edited;
use crate::defects::overlap_memory::{Crossed, Forgotten, OldNames, SharedReads};
use crate::defects::races::Counts;
use crate::defects::seam::{Invocation, Seams};
use crate::defects::{Defect, Family, targets};
use crate::handlers::Answer;
use crate::refusal::Refusal;

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "flow-update-lost-in-race",
        family: Family::History,
        summary: "of two updates of a flow that overlap, the second is acknowledged but not performed",
        kills: &["history.linearizable"],
        may: &["history.names", "history.paging", "invalid.flow-content"],
        seams: || race(FLOW_UPDATES, flow, |call| is(call, FLOW_UPDATES).then(acknowledged)),
    },
    Defect {
        id: "module-updates-crossed",
        family: Family::History,
        summary: "an update of a module goes to another module that is being updated",
        kills: &["history.linearizable"],
        may: &[
            "history.names",
            "history.paging",
            "accept.spelling",
            "error.not-found",
            "keep.update-only-named",
            "lifecycle.walk",
        ],
        seams: || Arc::new(Crossed::default()),
    },
    Defect {
        id: "rule-reads-shared",
        family: Family::History,
        summary: "descriptions of a rule that overlap share the answer to the first",
        kills: &["history.linearizable"],
        may: HISTORIES,
        seams: || Arc::new(SharedReads::of("DescribeRule", "RuleId")),
    },
    Defect {
        id: "flow-update-in-two-steps",
        family: Family::History,
        summary: "an update of the name and the description of a flow is performed in two steps",
        kills: &["history.linearizable"],
        may: HISTORIES,
        seams: || {
            in_two_steps(&["UpdateContactFlowName", "UpdateContactFlowMetadata"], |input| {
                let has_both = input.get("Name").is_some() && input.get("Description").is_some();
                has_both.then(|| input.as_object_mut().and_then(|input| input.remove("Description"))).is_some()
            })
        },
    },
    Defect {
        id: "flow-half-published",
        family: Family::History,
        summary: "while new content of a flow is published, the flow is shown with content that nobody sent",
        kills: &["history.linearizable"],
        may: HISTORIES,
        seams: || {
            in_two_steps(&["UpdateContactFlowContent"], |input| {
                let content = input["Content"].as_str().unwrap_or_default();
                let half = content.replace("Ct-", "Half-");
                let differs = half != content;
                input["Content"] = half.into();
                differs
            })
        },
    },
    Defect {
        id: "rule-absent-during-update",
        family: Family::History,
        summary: "a rule is not found while it is updated",
        kills: &["history.linearizable"],
        may: HISTORIES,
        seams: || race(&["UpdateRule"], rule, |call| is(call, &["DescribeRule"]).then(not_found)),
    },
    Defect {
        id: "module-returns-after-update",
        family: Family::History,
        summary: "the deletion of a module that is being updated is acknowledged but not performed",
        kills: &["history.linearizable"],
        may: HISTORIES,
        seams: || race(MODULE_UPDATES, module, |call| is(call, &["DeleteContactFlowModule"]).then(acknowledged)),
    },
    Defect {
        id: "module-made-twice-after-lost-answer",
        family: Family::History,
        summary: "a creation that is repeated with its client token before the first has ended makes a second module",
        kills: &["history.tokens"],
        may: HISTORIES,
        seams: || {
            race(&["CreateContactFlowModule"], token, |call| {
                is(call, &["CreateContactFlowModule"]).then(|| made_anew(call))
            })
        },
    },
    Defect {
        id: "token-forgotten-for-another",
        family: Family::History,
        summary: "the client token of a new rule is forgotten if another rule is being made",
        kills: &["history.tokens"],
        may: HISTORIES,
        seams: || race(&["CreateRule"], instance, |call| is(call, &["CreateRule"]).then(|| made_anew(call))),
    },
    Defect {
        id: "page-short-during-deletion",
        family: Family::History,
        summary: "a page of rules lacks its first item while a rule is deleted",
        kills: &["history.paging"],
        may: HISTORIES,
        seams: || {
            race(&["DeleteRule"], instance, |call| {
                is(call, &["ListRules"]).then(|| match call.perform(call.input) {
                    Answer::Performed(Ok(mut output)) => {
                        let items = output["RuleSummaryList"].as_array_mut();
                        items.filter(|items| !items.is_empty()).map(|items| items.remove(0));
                        Answer::Performed(Ok(output))
                    }
                    answer => answer,
                })
            })
        },
    },
    Defect {
        id: "list-keeps-old-name",
        family: Family::History,
        summary: "the list shows the old name of a flow that was renamed while flows were listed",
        kills: &["history.paging"],
        may: HISTORIES,
        seams: || Arc::new(OldNames::default()),
    },
    Defect {
        id: "index-forgets-in-race",
        family: Family::History,
        summary: "searches do not find a flow any more that was updated while another call updated a flow",
        kills: &["history.linearizable"],
        may: HISTORIES,
        seams: || Arc::new(Forgotten::default()),
    },
    Defect {
        id: "rule-lost-in-race",
        family: Family::History,
        summary: "a rule that is made while another is deleted is lost",
        kills: &["history.linearizable"],
        may: HISTORIES,
        seams: || {
            race(&["DeleteRule"], instance, |call| {
                is(call, &["CreateRule"]).then(|| {
                    let answer = call.perform(call.input);
                    if let (Answer::Performed(Ok(output)), Some(home)) = (&answer, targets::instance_id(call)) {
                        let mut state = call.cx.store.lock();
                        let id = output["RuleId"].as_str().unwrap_or_default();
                        state.instances.get_mut(home).and_then(|home| home.data.rules.remove(id));
                    }
                    answer
                })
            })
        },
    },
    Defect {
        id: "queue-name-race",
        family: Family::History,
        summary: "of two queues that are made at once with one name, both are made",
        kills: &["history.names"],
        may: HISTORIES,
        seams: || race(&["CreateQueue"], name, |call| is(call, &["CreateQueue"]).then(|| made_anew(call))),
    },
    Defect {
        id: "queue-tag-lost-in-race",
        family: Family::History,
        summary: "of two calls that tag a queue at once, the second is acknowledged but not performed",
        kills: &["history.tags"],
        may: HISTORIES,
        seams: || {
            race(&["TagResource", "UntagResource"], tagged, |call| {
                let is_queue = call.input["resourceArn"].as_str().is_some_and(|arn| arn.contains("/queue/"));
                (is_queue && is(call, &["TagResource"])).then(acknowledged)
            })
        },
    },
    Defect {
        id: "queue-reads-go-back",
        family: Family::History,
        summary: "descriptions of a queue that overlap share the answer to the first",
        kills: &["history.linearizable"],
        may: HISTORIES,
        seams: || Arc::new(SharedReads::of("DescribeQueue", "QueueId")),
    },
    Defect {
        id: "prompt-returns-after-read",
        family: Family::History,
        summary: "the deletion of a prompt that is being described is acknowledged but not performed",
        kills: &["history.linearizable"],
        may: HISTORIES,
        seams: || {
            race(
                &["DescribePrompt"],
                |call| text(call, "PromptId"),
                |call| is(call, &["DeletePrompt"]).then(acknowledged),
            )
        },
    },
    Defect {
        id: "hours-update-lost-in-race",
        family: Family::History,
        summary: "of two updates of hours of operation that overlap, the second is acknowledged but not performed",
        kills: &["history.linearizable"],
        may: HISTORIES,
        seams: || {
            let update = &["UpdateHoursOfOperation"];
            race(
                update,
                |call| text(call, "HoursOfOperationId"),
                |call| is(call, &["UpdateHoursOfOperation"]).then(acknowledged),
            )
        },
    },
];

/// Checks that may see a lost race, too, by the order of other calls on the same things.
const HISTORIES: &[&str] =
    &["history.linearizable", "history.paging", "history.names", "history.tokens", "history.tags"];

/// The noun of the kind of each row that is about a kind without a handler.
pub(super) const NOUNS: &[(&str, &str)] = &[
    ("queue-name-race", "Queue"),
    ("queue-tag-lost-in-race", "Queue"),
    ("queue-reads-go-back", "Queue"),
    ("prompt-returns-after-read", "Prompt"),
    ("hours-update-lost-in-race", "HoursOfOperation"),
];

/// Time for other calls to come between.
pub(super) const PAUSE: Duration = Duration::from_millis(4);

pub(super) const FLOW_UPDATES: &[&str] =
    &["UpdateContactFlowName", "UpdateContactFlowMetadata", "UpdateContactFlowContent"];
pub(super) const MODULE_UPDATES: &[&str] = &["UpdateContactFlowModuleMetadata", "UpdateContactFlowModuleContent"];

pub(super) fn is(call: &Invocation<'_>, operations: &[&str]) -> bool {
    operations.contains(&call.operation.name.as_str())
}

pub(super) fn text(call: &Invocation<'_>, member: &str) -> String {
    call.input.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}

pub(super) fn flow(call: &Invocation<'_>) -> String {
    text(call, "ContactFlowId")
}

pub(super) fn module(call: &Invocation<'_>) -> String {
    text(call, "ContactFlowModuleId")
}

fn rule(call: &Invocation<'_>) -> String {
    text(call, "RuleId")
}

fn token(call: &Invocation<'_>) -> String {
    text(call, "ClientToken")
}

fn name(call: &Invocation<'_>) -> String {
    text(call, "Name")
}

pub(super) fn instance(call: &Invocation<'_>) -> String {
    text(call, "InstanceId")
}

fn tagged(call: &Invocation<'_>) -> String {
    text(call, "resourceArn")
}

fn acknowledged() -> Answer {
    Answer::Performed(Ok(json!({})))
}

fn not_found() -> Answer {
    Answer::Performed(Err(Refusal::NotFound("it is being updated".to_owned())))
}

/// Performs a creation with another name and without its token.
fn made_anew(call: &Invocation<'_>) -> Answer {
    edited(call, true, |input| {
        let name = input["Name"].as_str().unwrap_or_default().to_owned();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        input["Name"] = format!("{name}-{}", now.unwrap_or_default().as_nanos()).into();
        input.as_object_mut().and_then(|input| input.remove("ClientToken"));
    })
}

/// Answers calls in another way while a slow call on the same thing is running.
struct Race {
    slow: &'static [&'static str],
    /// The thing that a call is about; empty for none.
    of: fn(&Invocation<'_>) -> String,
    /// The answer to a call that meets a slow one; none for the usual answer.
    wrong: fn(&Invocation<'_>) -> Option<Answer>,
    running: Counts,
}

fn race(
    slow: &'static [&'static str],
    of: fn(&Invocation<'_>) -> String,
    wrong: fn(&Invocation<'_>) -> Option<Answer>,
) -> Arc<dyn Seams> {
    Arc::new(Race { slow, of, wrong, running: Counts::default() })
}

impl Seams for Race {
    fn sleeps(&self) -> bool {
        true
    }

    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        let thing = (self.of)(call);
        if thing.is_empty() {
            return call.perform(call.input);
        }
        if self.running.contains(&thing)
            && let Some(answer) = (self.wrong)(call)
        {
            return answer;
        }
        if !is(call, self.slow) {
            return call.perform(call.input);
        }
        self.running.during(&thing, |_| {
            std::thread::sleep(PAUSE);
            let answer = call.perform(call.input);
            std::thread::sleep(PAUSE);
            answer
        })
    }
}

/// Performs updates with another input first.
struct InTwoSteps {
    operations: &'static [&'static str],
    /// Makes the input of the first step; false if there is only one.
    first: fn(&mut Value) -> bool,
}

fn in_two_steps(operations: &'static [&'static str], first: fn(&mut Value) -> bool) -> Arc<dyn Seams> {
    Arc::new(InTwoSteps { operations, first })
}

impl Seams for InTwoSteps {
    fn sleeps(&self) -> bool {
        true
    }

    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        let mut input = call.input.clone();
        if is(call, self.operations) && (self.first)(&mut input) {
            let answer = call.perform(&input);
            if !matches!(answer, Answer::Performed(Ok(_))) {
                return answer;
            }
            std::thread::sleep(PAUSE);
        }
        call.perform(call.input)
    }
}

#[cfg(test)]
mod tests {
    use connect_model::resources;
    use connect_model::schema::Schema;

    use super::*;

    #[test]
    fn nouns_are_of_rows_and_kinds() {
        let graph = resources::shared(Schema::connect());
        for (id, noun) in NOUNS {
            assert!(ROWS.iter().any(|row| row.id == *id) && graph.kind(noun).is_some(), "{id}");
        }
    }
}
