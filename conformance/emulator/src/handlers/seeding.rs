//! Resources that exist from the start (`--resources`), so that a list has several pages.

use connect_model::shapes::{
    ActionType, AssignContactCategoryActionDefinition, ContactFlowModuleState, ContactFlowState, ContactFlowType,
    EventSourceName, RuleAction, RulePublishStatus, RuleTriggerEventSource, Timestamp,
};
use serde_json::json;

use crate::store::{Content, Entry, Flow, Module, Rule, State, Tags};

/// Adds `count` flows, modules and rules to an instance.
pub(crate) fn seed(state: &mut State, instance: &str, count: usize) {
    let now = Timestamp::now();
    for number in 1..=count {
        let [flow, module, rule] = [state.next_id(), state.next_id(), state.next_id()];
        let Some(home) = state.instances.get_mut(instance) else { return };
        let name = |kind: &str| format!("sample-{kind}-{number:05}");
        home.data.flows.insert(Entry::new(flow, name("flow"), Tags::new(), sample_flow(now)));
        home.data.modules.insert(Entry::new(module, name("module"), Tags::new(), sample_module()));
        home.data.rules.insert(Entry::new(rule, name("rule"), Tags::new(), sample_rule(now)));
    }
}

/// One terminal action: the smallest content that can be published.
fn content(terminal: &str) -> Content {
    let content = json!({
        "Version": "2019-10-30",
        "StartAction": "end",
        "Metadata": {},
        "Actions": [{ "Identifier": "end", "Type": terminal, "Parameters": {}, "Transitions": {} }],
    });
    Content::new(content.to_string())
}

fn sample_flow(now: Timestamp) -> Flow {
    let content = content("DisconnectParticipant");
    Flow {
        kind: ContactFlowType::ContactFlow,
        description: None,
        state: ContactFlowState::Active,
        published: Some(content.clone()),
        saved: content,
        versions: Default::default(),
        modified: now,
    }
}

fn sample_module() -> Module {
    let content = content("EndFlowModuleExecution");
    Module {
        description: None,
        state: ContactFlowModuleState::Active,
        published: content.clone(),
        saved: content,
        settings: None,
        external: None,
    }
}

fn sample_rule(now: Timestamp) -> Rule {
    let function = json!({ "Version": "2022-11-25", "RuleFunction": { "Operator": "AND", "Operands": [] } });
    Rule {
        trigger: RuleTriggerEventSource {
            event_source_name: EventSourceName::OnPostCallAnalysisAvailable,
            integration_association_id: None,
        },
        function: function.to_string(),
        actions: vec![RuleAction {
            action_type: ActionType::AssignContactCategory,
            assign_contact_category_action: Some(AssignContactCategoryActionDefinition {}),
            assign_sla_action: None,
            create_case_action: None,
            end_associated_emails_action: None,
            end_associated_tasks_action: None,
            event_bridge_action: None,
            extract_information_action: None,
            send_in_app_notification_action: None,
            send_notification_action: None,
            submit_auto_evaluation_action: None,
            task_action: None,
            update_case_action: None,
        }],
        status: RulePublishStatus::Draft,
        filters: None,
        created: now,
        updated: now,
    }
}
