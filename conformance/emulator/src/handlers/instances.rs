//! Instances: active at once, deleted with everything in them.
//!
//! The instance that the emulator starts with cannot be deleted: a test of DeleteInstance that used its id would break
//! every other test.

use connect_model::shapes::{
    CreateInstanceRequest, CreateInstanceResponse, DeleteInstanceRequest, DescribeInstanceRequest,
    DescribeInstanceResponse, DirectoryType, Instance as Shown, InstanceStatus, InstanceSummary, ListInstancesRequest,
    ListInstancesResponse, Nothing, Timestamp,
};

use crate::client_tokens;
use crate::client_tokens::Creation;
use crate::handlers::Call;
use crate::ids::DEFAULT_INSTANCE_ID;
use crate::refusal::Refusal;
use crate::store::{Collection, Entry, Instance, State, Tags};

/// Adds an instance to an empty account.
pub(crate) fn add_instance(state: &mut State, id: &str, alias: &str) {
    let (order, _) = state.next_id();
    let data = instance(Some(alias.to_owned()), DirectoryType::ConnectManaged, true, true);
    state.instances.insert(Entry::new((order, id.to_owned()), alias.to_owned(), Tags::new(), data));
}

fn instance(alias: Option<String>, identity: DirectoryType, inbound: bool, outbound: bool) -> Instance {
    Instance {
        alias,
        identity,
        inbound,
        outbound,
        created: Timestamp::now(),
        flows: Collection::default(),
        modules: Collection::default(),
        rules: Collection::default(),
    }
}

pub(super) fn create(call: &Call<'_>, mut input: CreateInstanceRequest) -> Result<CreateInstanceResponse, Refusal> {
    let token = input.client_token.take();
    let creation = Creation {
        operation: call.operation,
        instance: "",
        token: token.as_deref(),
        digest: client_tokens::digest(&input),
        conflict: "InvalidRequestException",
    };
    client_tokens::create_once(call.cx, &creation, |state| {
        if input.instance_alias.as_ref().is_some_and(|alias| state.instances.named(alias).is_some()) {
            return Err(Refusal::Invalid("/InstanceAlias: the alias is taken".to_owned()));
        }
        let (order, id) = state.next_id();
        let arn = call.cx.account.instance(&id);
        let data = instance(
            input.instance_alias.clone(),
            input.identity_management_type,
            input.inbound_calls_enabled,
            input.outbound_calls_enabled,
        );
        let name = input.instance_alias.unwrap_or_else(|| id.clone());
        let tags = call.first_tags_of_instance(input.tags);
        state.instances.insert(Entry::new((order, id.clone()), name, tags, data));
        Ok(CreateInstanceResponse { arn: Some(arn), id: Some(id) })
    })
}

pub(super) fn describe(call: &Call<'_>, input: DescribeInstanceRequest) -> Result<DescribeInstanceResponse, Refusal> {
    let mut state = call.cx.store.lock();
    let entry = call.home(&mut state, &input.instance_id)?;
    let data = &entry.data;
    let shown = Shown {
        arn: Some(call.cx.account.instance(&entry.id)),
        created_time: Some(data.created),
        id: Some(entry.id.clone()),
        identity_management_type: Some(data.identity.clone()),
        inbound_calls_enabled: Some(data.inbound),
        instance_access_url: Some(access_url(entry)),
        instance_alias: data.alias.clone(),
        instance_status: Some(InstanceStatus::Active),
        outbound_calls_enabled: Some(data.outbound),
        service_role: Some(service_role(call)),
        status_reason: None,
        tags: call.tags(&entry.tags),
    };
    Ok(DescribeInstanceResponse { instance: Some(shown), replication_configuration: None })
}

pub(super) fn list(call: &Call<'_>, input: ListInstancesRequest) -> Result<ListInstancesResponse, Refusal> {
    /// Also the largest size that the model allows.
    const DEFAULT_PAGE: i32 = 10;
    let state = call.cx.store.lock();
    let requested = input.max_results.or(Some(DEFAULT_PAGE));
    let page = call.page("", input.next_token.as_deref(), requested, |after| call.listed(&state.instances, after))?;
    let summary = |entry: &Entry<Instance>| InstanceSummary {
        arn: Some(call.cx.account.instance(&entry.id)),
        created_time: Some(entry.data.created),
        id: Some(entry.id.clone()),
        identity_management_type: Some(entry.data.identity.clone()),
        inbound_calls_enabled: Some(entry.data.inbound),
        instance_access_url: Some(access_url(entry)),
        instance_alias: entry.data.alias.clone(),
        instance_status: Some(InstanceStatus::Active),
        outbound_calls_enabled: Some(entry.data.outbound),
        service_role: Some(service_role(call)),
    };
    Ok(ListInstancesResponse {
        instance_summary_list: Some(page.items.into_iter().map(summary).collect()),
        next_token: page.next,
    })
}

pub(super) fn delete(call: &Call<'_>, input: DeleteInstanceRequest) -> Result<Nothing, Refusal> {
    let mut state = call.cx.store.lock();
    let id = call.instance_id(&input.instance_id)?;
    if id == DEFAULT_INSTANCE_ID {
        let message = "/InstanceId: the first instance of the emulator cannot be deleted; create another one to delete";
        return Err(Refusal::Invalid(message.to_owned()));
    }
    if state.instances.remove(id).is_some() {
        state.client_tokens.forget(id);
        state.things.remove_in("Instance", id);
        if let Some(token) = input.client_token {
            state.deleted.push((id.to_owned(), token));
        }
        return Ok(Nothing {});
    }
    let is_repeated = |token| state.deleted.iter().any(|(deleted, with)| deleted == id && *with == token);
    if input.client_token.is_some_and(is_repeated) {
        return Ok(Nothing {});
    }
    Err(call.not_found("instance", id))
}

fn access_url(entry: &Entry<Instance>) -> String {
    format!("https://{}.my.connect.aws", entry.name)
}

fn service_role(call: &Call<'_>) -> String {
    let account = &call.cx.account.id;
    format!("arn:aws:iam::{account}:role/aws-service-role/connect.amazonaws.com/AWSServiceRoleForAmazonConnect")
}
