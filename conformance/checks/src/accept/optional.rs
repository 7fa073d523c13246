//! `accept.optional`: optional members alone, null, and all together.

use std::collections::BTreeMap;

use connect_model::generate::Config;
use connect_model::path::{SchemaPath, Step};
use connect_model::schema::{Binding, Member, Operation};
use serde_json::Value;

use crate::accept::right::{Right, Rights, required_alone};
use crate::case::{Outcome, Verdict};
use crate::code::{Scope, Subjects, Trial, itself};
use crate::judge::Judgement;
use crate::resources::takes_new_name;

/// Operations with optional members.
pub(super) fn with_options(scope: &Scope<'_>) -> Subjects<()> {
    let members = scope.schema.input_members(scope.contract);
    let any = members.is_some_and(|members| members.iter().any(|member| is_option(scope.contract, member)));
    itself(any)
}

fn is_option(contract: &Operation, member: &Member) -> bool {
    !member.required && !contract.is_page_token(&member.name)
}

pub(super) fn optional<'t>(trial: Trial<'t>, (): &'t ()) -> Judgement<'t> {
    Box::pin(async move {
        let Trial { client, operation, check, .. } = trial;
        if let Some(why) = client.unsupported(operation).await {
            return Outcome::unsupported(why);
        }
        let contract = &client.schema[operation];
        let (mut alone, mut together) = (Rights::default(), Rights::default());
        for member in client.schema.input_members(contract).into_iter().flatten() {
            if !is_option(contract, member) {
                continue;
            }
            let path = SchemaPath(vec![Step::Member(member.name.clone())]);
            let label = format!("{}/{}/{}", contract.name, check.id, member.name);
            let input = match client.input(operation, Config::sparse(), &label, &path).await {
                Ok(input) => input,
                Err(why) => {
                    alone.omit(trial, &[], why);
                    continue;
                }
            };
            let right = |value: &Value, what: String| Right {
                label: label.clone(),
                focus: path.clone(),
                member: member.name.clone(),
                values: BTreeMap::from([(member.name.clone(), value.clone())]),
                pointer: format!("/{}", member.name),
                what,
                unused: !value.is_null()
                    && (member.idempotency_token || takes_new_name(client.schema, operation, &member.name)),
                limits: Vec::new(),
            };
            let present = right(&input[&member.name], format!("the optional member {}", member.name));
            alone.close();
            alone.add(trial, &input, present.clone());
            together.add(trial, &input, present);
            if member.binding == Binding::Body {
                let mut whole = input.clone();
                whole[&member.name] = Value::Null;
                together.add(
                    trial,
                    &whole,
                    right(&Value::Null, format!("null for the optional member {}", member.name)),
                );
            }
        }
        let refused = required_alone(trial).await;
        let (alone, together) = (alone.judge(trial, false).await, together.judge(trial, false).await);
        let outcome = alone.and(together);
        match refused {
            // With one of the optional members, the request is accepted: so that member is demanded.
            Some(reply) if matches!(outcome.verdict, Verdict::Pass) => {
                let expected = "success to the required members alone, as with optional ones";
                outcome.and(Outcome::from_findings(vec![check.finding(
                    "",
                    expected,
                    reply.describe(),
                    reply.exchange(),
                )]))
            }
            _ => outcome,
        }
    })
}
