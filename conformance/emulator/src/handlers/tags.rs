//! Tags by ARN.

use connect_model::shapes::{
    ListTagsForResourceRequest, ListTagsForResourceResponse, Nothing, TagResourceRequest, UntagResourceRequest,
};

use crate::arn::ArnTarget;
use crate::handlers::Call;
use crate::refusal::Refusal;
use crate::store::{State, Tags};

/// Most tags of one resource. Source: Connect API reference, TagResource.
const MAX_TAGS: usize = 50;

pub(super) fn tag(call: &Call<'_>, input: TagResourceRequest) -> Result<Nothing, Refusal> {
    let mut state = call.cx.store.lock();
    let tags = tags_of(call, &mut state, &input.resource_arn)?;
    let merged = call.with_tags(tags, &input.tags);
    if merged.len() > MAX_TAGS {
        return Err(Refusal::Invalid(format!("/tags: a resource has at most {MAX_TAGS} tags")));
    }
    *tags = merged;
    Ok(Nothing {})
}

pub(super) fn untag(call: &Call<'_>, input: UntagResourceRequest) -> Result<Nothing, Refusal> {
    let mut state = call.cx.store.lock();
    let tags = tags_of(call, &mut state, &input.resource_arn)?;
    *tags = call.without_tags(tags, &input.tag_keys);
    Ok(Nothing {})
}

pub(super) fn list(call: &Call<'_>, input: ListTagsForResourceRequest) -> Result<ListTagsForResourceResponse, Refusal> {
    let mut state = call.cx.store.lock();
    let tags = tags_of(call, &mut state, &input.resource_arn)?;
    Ok(ListTagsForResourceResponse { tags: call.tags(tags) })
}

fn tags_of<'s>(call: &Call<'_>, state: &'s mut State, arn: &str) -> Result<&'s mut Tags, Refusal> {
    let found = match call.cx.account.parse(arn) {
        Some(ArnTarget::Instance(id)) => state.instances.get_mut(id).map(|entry| &mut entry.tags),
        Some(ArnTarget::Resource { instance, kind, id, .. }) => {
            state.instances.get_mut(instance).and_then(|entry| entry.data.tags_mut(kind, id))
        }
        None => state.things.tags_mut(arn),
    };
    found.ok_or_else(|| call.not_found("resource", arn))
}
