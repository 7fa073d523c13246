//! Rules: create, describe, update, delete, list, search.

use connect_model::semantics::{self, rule};
use connect_model::shapes::{
    ActionSummary, CreateRuleRequest, CreateRuleResponse, DeleteRuleRequest, DescribeRuleRequest, DescribeRuleResponse,
    ListRulesRequest, ListRulesResponse, Nothing, Rule as Shown, RuleSearchSummary, RuleSummary, SearchRulesRequest,
    SearchRulesResponse, Timestamp, UpdateRuleRequest,
};

use crate::arn::ResourceKind;
use crate::client_tokens;
use crate::client_tokens::Creation;
use crate::handlers::Call;
use crate::refusal::Refusal;
use crate::search::{matches, rule_has_tags};
use crate::store::{Entry, Rule};

/// The error for a taken name, and for a client token that was used for another request.
const CONFLICT: &str = "ResourceConflictException";

pub(super) fn create(call: &Call<'_>, mut input: CreateRuleRequest) -> Result<CreateRuleResponse, Refusal> {
    check(call, &input.name, None)?;
    let home = call.instance_id(&input.instance_id)?.to_owned();
    input.instance_id.clone_from(&home);
    let token = input.client_token.take();
    let creation = Creation {
        operation: call.operation,
        instance: &home,
        token: token.as_deref(),
        digest: client_tokens::digest(&input),
        conflict: CONFLICT,
    };
    client_tokens::create_once(call.cx, &creation, |state| {
        let (order, id) = state.next_id();
        let rules = &mut call.home(state, &home)?.data.rules;
        call.claim((&home, ResourceKind::Rule), rules, &input.name, None, CONFLICT)?;
        if rules.len() >= call.cx.limits.rules {
            let message = format!("an instance has at most {} rules", call.cx.limits.rules);
            return Err(Refusal::Named("ServiceQuotaExceededException", message));
        }
        let now = Timestamp::now();
        let rule = Rule {
            trigger: input.trigger_event_source,
            function: input.function,
            actions: input.actions,
            status: input.publish_status,
            filters: input.pre_evaluation_filters,
            created: now,
            updated: now,
        };
        let rule_arn = call.cx.account.resource(&home, ResourceKind::Rule, &id);
        let tags = call.first_tags((&home, ResourceKind::Rule), &input.name, input.tags);
        rules.insert(Entry::new((order, id.clone()), input.name, tags, rule));
        Ok(CreateRuleResponse { rule_arn, rule_id: id })
    })
}

pub(super) fn describe(call: &Call<'_>, input: DescribeRuleRequest) -> Result<DescribeRuleResponse, Refusal> {
    let mut state = call.cx.store.lock();
    let home = call.home(&mut state, &input.instance_id)?;
    let (id, _) = call.resource_id(&home.id, ResourceKind::Rule, &input.rule_id)?;
    let entry = home.data.rules.get(id).ok_or_else(|| call.not_found("rule", id))?;
    let rule = &entry.data;
    Ok(DescribeRuleResponse {
        rule: Shown {
            actions: rule.actions.clone(),
            created_time: rule.created,
            function: rule.function.clone(),
            last_updated_by: call.cx.account.caller(),
            last_updated_time: rule.updated,
            name: entry.name.clone(),
            pre_evaluation_filters: rule.filters.clone(),
            publish_status: rule.status.clone(),
            rule_arn: call.cx.account.resource(&home.id, ResourceKind::Rule, id),
            rule_capability_tiers: None,
            rule_id: entry.id.clone(),
            tags: call.tags(&entry.tags),
            trigger_event_source: rule.trigger.clone(),
        },
    })
}

pub(super) fn update(call: &Call<'_>, input: UpdateRuleRequest) -> Result<Nothing, Refusal> {
    let mut state = call.cx.store.lock();
    let home = call.home(&mut state, &input.instance_id)?;
    let (id, _) = call.resource_id(&home.id, ResourceKind::Rule, &input.rule_id)?;
    let rules = &mut home.data.rules;
    let mut entry = rules.get(id).ok_or_else(|| call.not_found("rule", id))?.clone();
    check(call, &input.name, Some(entry.data.event_source().as_str()))?;
    call.claim((&home.id, ResourceKind::Rule), rules, &input.name, Some(id), CONFLICT)?;
    entry.name = input.name;
    let rule = &mut entry.data;
    rule.function = input.function;
    rule.actions = input.actions;
    rule.status = input.publish_status;
    rule.filters = input.pre_evaluation_filters;
    rule.updated = Timestamp::now();
    call.store((&home.id, ResourceKind::Rule), rules, entry);
    Ok(Nothing {})
}

pub(super) fn delete(call: &Call<'_>, input: DeleteRuleRequest) -> Result<Nothing, Refusal> {
    let mut state = call.cx.store.lock();
    let home = call.home(&mut state, &input.instance_id)?;
    let (id, _) = call.resource_id(&home.id, ResourceKind::Rule, &input.rule_id)?;
    call.delete(&mut home.data.rules, ResourceKind::Rule, id).map(|()| Nothing {})
}

pub(super) fn list(call: &Call<'_>, input: ListRulesRequest) -> Result<ListRulesResponse, Refusal> {
    let mut state = call.cx.store.lock();
    let home = call.home(&mut state, &input.instance_id)?;
    let (status, source) = (input.publish_status.as_ref(), input.event_source_name.as_ref());
    let page = call.page(&home.id, input.next_token.as_deref(), input.max_results, |after| {
        call.listed(&home.data.rules, after).filter(|entry| {
            status.is_none_or(|status| entry.data.status == *status)
                && source.is_none_or(|source| entry.data.event_source() == source)
        })
    })?;
    let summary = |entry: &Entry<Rule>| RuleSummary {
        action_summaries: actions(&entry.data),
        created_time: entry.data.created,
        event_source_name: entry.data.event_source().clone(),
        last_updated_time: entry.data.updated,
        name: entry.name.clone(),
        publish_status: entry.data.status.clone(),
        rule_arn: call.cx.account.resource(&home.id, ResourceKind::Rule, &entry.id),
        rule_capability_tiers: None,
        rule_id: entry.id.clone(),
    };
    Ok(ListRulesResponse { rule_summary_list: page.items.into_iter().map(summary).collect(), next_token: page.next })
}

pub(super) fn search(call: &Call<'_>, input: SearchRulesRequest) -> Result<SearchRulesResponse, Refusal> {
    let mut state = call.cx.store.lock();
    let home = call.home(&mut state, &input.instance_id)?;
    let filter = input.search_filter.and_then(|filter| filter.attribute_filter);
    let is_match = |entry: &Entry<Rule>| {
        input.search_criteria.as_ref().is_none_or(|criteria| matches(criteria, entry))
            && filter.as_ref().is_none_or(|filter| rule_has_tags(filter, &entry.tags))
    };
    let (page, total) =
        call.search(&home.id, input.next_token.as_deref(), input.max_results, &home.data.rules, is_match)?;
    let summary = |entry: &Entry<Rule>| RuleSearchSummary {
        action_summaries: actions(&entry.data),
        created_time: entry.data.created,
        last_updated_by: call.cx.account.caller(),
        last_updated_time: entry.data.updated,
        name: entry.name.clone(),
        pre_evaluation_filters: entry.data.filters.clone(),
        publish_status: entry.data.status.clone(),
        rule_arn: call.cx.account.resource(&home.id, ResourceKind::Rule, &entry.id),
        rule_capability_tiers: None,
        rule_id: entry.id.clone(),
        tags: call.tags(&entry.tags),
        trigger_event_source: entry.data.trigger.clone(),
    };
    Ok(SearchRulesResponse {
        rules: page.items.into_iter().map(summary).collect(),
        approximate_total_count: Some(total),
        next_token: page.next,
    })
}

/// Most problems that a refusal shows.
const SHOWN: usize = 3;

/// Checks what the model does not express: the pattern applies to the whole name, and event source, function and actions
/// agree. `source` is the event source of the rule that is updated.
fn check(call: &Call<'_>, name: &str, source: Option<&str>) -> Result<(), Refusal> {
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
        return Err(Refusal::Invalid(
            "/Name: expected only letters, digits, dot, underscore and hyphen (^[0-9a-zA-Z._-]*$)".to_owned(),
        ));
    }
    let context = semantics::Context { event_source: source, ..semantics::Context::default() };
    let mut problems = rule::check(call.input, &context);
    problems.retain(|(language, problem)| call.counts(language, problem));
    if problems.is_empty() {
        return Ok(());
    }
    let mut message = format!("{} problem(s) in the rule", problems.len());
    for (language, problem) in problems.iter().take(SHOWN) {
        let member = semantics::text_member(language).map(|member| format!("/{member}: ")).unwrap_or_default();
        message.push_str(&format!("; {member}{}: {}", problem.path, problem.message));
    }
    Err(Refusal::Invalid(message))
}

fn actions(rule: &Rule) -> Vec<ActionSummary> {
    rule.actions.iter().map(|action| ActionSummary { action_type: action.action_type.clone() }).collect()
}
