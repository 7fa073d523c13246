//! Content type and Accept header: the two checks of a server before it decodes a request.

use super::parts::{BodyForm, JSON};
use crate::schema::{Binding, Member, Members, Operation, Schema};
use crate::wire::fault::DecodeError;
use crate::wire::message::{Headers, HttpRequest};

/// Checks that the content type matches the form of the body, and is absent if no body is modelled.
pub(super) fn check_content_type(
    form: BodyForm<'_>,
    members: Option<&Members>,
    request: &HttpRequest,
) -> Result<(), DecodeError> {
    if is_member(members, "content-type") {
        return Ok(());
    }
    let actual = request.headers.get("content-type").map(str::trim).filter(|text| !text.is_empty());
    // A structure without members may be sent as an empty object.
    let may_be_empty_object = members.is_some_and(|members| members.iter().next().is_none());
    let met = match (form.media_type(), actual) {
        (None, None) => true,
        (None, Some(actual)) => may_be_empty_object && essence(actual).eq_ignore_ascii_case(JSON),
        // An empty body needs no content type: it is decoded as an empty object.
        (Some(_), None) => request.body.is_empty() || !form.is_typed(),
        (Some(expected), Some(actual)) => !form.is_typed() || essence(actual).eq_ignore_ascii_case(expected),
    };
    if met {
        return Ok(());
    }
    Err(DecodeError::UnsupportedMediaType {
        expected: form.media_type().map(str::to_owned),
        actual: actual.map(str::to_owned),
    })
}

/// Returns true if a header is a member of the input, so that any value of it is allowed.
fn is_member(members: Option<&Members>, header: &str) -> bool {
    let bound = |member: &Member| matches!(&member.binding, Binding::Header(name) if name == header);
    members.is_some_and(|members| members.bound().any(bound))
}

/// Returns a media type without its parameters.
fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// Checks that the client accepts the media type of the output. The most specific range that matches it decides (RFC
/// 9110, section 12.5.1).
pub(super) fn check_accept(schema: &Schema, operation: &Operation, headers: &Headers) -> Result<(), DecodeError> {
    let form = BodyForm::of(schema, schema.output_members(operation), true);
    let Some(offered) = form.media_type().filter(|_| form.is_typed()) else { return Ok(()) };
    if is_member(schema.input_members(operation), "accept") {
        return Ok(());
    }
    let accept = headers.all("accept").collect::<Vec<_>>().join(", ");
    if accept.trim().is_empty() {
        return Ok(());
    }
    let offered_type = offered.split('/').next().unwrap_or_default();
    let mut best: Option<(u8, bool)> = None;
    for range in accept.split(',') {
        let specificity = match essence(range).split_once('/') {
            Some(("*", "*")) => 0,
            Some((kind, "*")) if kind.eq_ignore_ascii_case(offered_type) => 1,
            Some(_) if essence(range).eq_ignore_ascii_case(offered) => 2,
            _ => continue,
        };
        let weight = range.split(';').skip(1).find_map(|parameter| parameter.trim().strip_prefix("q="));
        let wanted = weight.is_none_or(|weight| weight.trim().parse::<f32>().is_ok_and(|q| q > 0.0));
        if best.is_none_or(|(known, _)| specificity > known) {
            best = Some((specificity, wanted));
        }
    }
    if best.is_some_and(|(_, wanted)| wanted) {
        return Ok(());
    }
    Err(DecodeError::NotAcceptable { accept, offered: offered.to_owned() })
}
