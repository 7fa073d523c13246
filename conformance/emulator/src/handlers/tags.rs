//! Tags of instances, flows, modules and rules, by ARN.

use connect_model::shapes::{
    ListTagsForResourceRequest, ListTagsForResourceResponse, Nothing, TagResourceRequest, UntagResourceRequest,
};

use crate::arn::Named;
use crate::handlers::Call;
use crate::handlers::races::PAUSE;
use crate::policy::{Race, Tagging};
use crate::refusal::Refusal;
use crate::store::{State, Tags};

/// Most tags of one resource. Source: Connect API reference, TagResource.
const MOST: usize = 50;

pub(super) fn tag(call: &Call<'_>, input: TagResourceRequest) -> Result<Nothing, Refusal> {
    let mut state = call.cx.store.lock();
    let mut tags = resource(call, &mut state, &input.resource_arn)?;
    if call.cx.policy.race == Race::Tags {
        let read = tags.clone();
        drop(state);
        std::thread::sleep(PAUSE);
        state = call.cx.store.lock();
        tags = resource(call, &mut state, &input.resource_arn)?;
        *tags = read;
    }
    if call.cx.policy.tagging == Tagging::Replaced {
        tags.clear();
    }
    let added = input.tags.keys().filter(|key| !tags.contains_key(*key)).count();
    if tags.len() + added > MOST {
        return Err(Refusal::Invalid(format!("/tags: a resource has at most {MOST} tags")));
    }
    tags.extend(call.keep(Some(input.tags)));
    Ok(Nothing {})
}

pub(super) fn untag(call: &Call<'_>, input: UntagResourceRequest) -> Result<Nothing, Refusal> {
    let mut state = call.cx.store.lock();
    let tags = resource(call, &mut state, &input.resource_arn)?;
    for key in input.tag_keys.iter().filter(|_| call.cx.policy.tagging != Tagging::Sticky) {
        tags.remove(key);
    }
    Ok(Nothing {})
}

pub(super) fn list(call: &Call<'_>, input: ListTagsForResourceRequest) -> Result<ListTagsForResourceResponse, Refusal> {
    let mut state = call.cx.store.lock();
    let tags = resource(call, &mut state, &input.resource_arn)?;
    Ok(ListTagsForResourceResponse { tags: call.tags(tags) })
}

fn resource<'s>(call: &Call<'_>, state: &'s mut State, arn: &str) -> Result<&'s mut Tags, Refusal> {
    let found = match call.cx.place.parse(arn) {
        Some(Named::Instance(id)) => state.instances.get_mut(id).map(|entry| &mut entry.tags),
        Some(Named::Resource { instance, family, id, .. }) => {
            state.instances.get_mut(instance).and_then(|entry| entry.data.tags_mut(family, id))
        }
        None => None,
    };
    found.ok_or_else(|| call.not_found("resource", arn))
}
