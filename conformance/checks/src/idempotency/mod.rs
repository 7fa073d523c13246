//! Family idempotency: what happens when a call is made again.

mod repeats;
mod tokens;

use connect_model::schema::{OperationId, Schema};

use crate::case::{Level, Outcome};
use crate::check::Check;
use crate::client::Client;
use crate::resources;
use crate::resources::RESOURCES;

/// Where the rules on tokens come from.
const TOKENS: &str = "Smithy idempotencyToken trait";

/// The checks of the family.
pub const CHECKS: &[Check] = &[
    Check {
        id: "idempotency.same-token-same-result",
        level: Level::Must,
        rule: "the same creation with the same token answers with the same id",
        source: TOKENS,
        passes: "equal ids; what another request with the token gets is recorded",
        fails: "another id, or a refusal of the repeated call that is not about a quota",
    },
    Check {
        id: "idempotency.same-token-one-resource",
        level: Level::Must,
        rule: "the same creation with the same token makes one resource",
        source: TOKENS,
        passes: "one item of that name in the list",
        fails: "two",
    },
    Check {
        id: "idempotency.different-token-distinct",
        level: Level::Must,
        rule: "creations with different tokens make different resources, however alike the tokens are",
        source: TOKENS,
        passes: "two ids for tokens that differ in their last character",
        fails: "the first id again",
    },
    Check {
        id: "idempotency.concurrent-same-token",
        level: Level::Must,
        rule: "concurrent creations with one token make one resource",
        source: TOKENS,
        passes: "one id over all successes, and one item of that name in the list; calls may be refused while another is \
                 under way, provided that a later replay shows that the token and not the name kept them out",
        fails: "two ids, or two items",
    },
    Check {
        id: "idempotency.retry-after-disconnect",
        level: Level::Must,
        rule: "a creation that is repeated after the connection was lost makes one resource",
        source: TOKENS,
        passes: "the first call has arrived, as the list shows; the repeated one succeeds, and the list still holds one \
                 resource of that name",
        fails: "two resources, or a refusal of the repeated call",
    },
    Check {
        id: "idempotency.token-of-other-operation",
        level: Level::Must,
        rule: "a token belongs to its operation: another operation with the same token does its own work",
        source: TOKENS,
        passes: "a new resource, or a refusal; which one is recorded, as is what the token does in another instance",
        fails: "the resource of the other operation, or a success without an id",
    },
    Check {
        id: "idempotency.repeated-read-equal",
        level: Level::Must,
        rule: "reading twice without a change between gives the same answer",
        source: "read operations have no effect",
        passes: "equal bodies, in any order of list items",
        fails: "a member that changes from one read to the next",
    },
    Check {
        id: "idempotency.repeated-delete",
        level: Level::Must,
        rule: "deleting what is already deleted is refused, like deleting what never was",
        source: "Connect, life cycle: a repeated delete is ResourceNotFoundException 404",
        passes: "4xx to the second call; that it should be a 404 is error.not-found's affair",
        fails: "2xx, or a 5xx that an id that nobody has does not get",
    },
];

/// Checks that make sense for an operation.
pub fn planned(schema: &Schema, operation: OperationId) -> Vec<&'static Check> {
    let name = schema[operation].name.as_str();
    let creates = resources::created_by(name).is_some() && token_member(schema, operation).is_some();
    let deletes = RESOURCES.iter().any(|row| row.delete == name);
    // Lists and searches change with every other trial of the run; what shows one thing does not.
    let reads = RESOURCES.iter().any(|row| row.describe == name) || name == "ListTagsForResource";
    CHECKS
        .iter()
        .filter(|check| match check.id {
            "idempotency.repeated-read-equal" => reads,
            "idempotency.repeated-delete" => deletes,
            _ => creates,
        })
        .collect()
}

/// Carries one check out.
pub async fn run(client: &Client, operation: OperationId, check: &'static Check) -> Outcome {
    if let Some(why) = client.unsupported(operation).await {
        return Outcome::unsupported(why);
    }
    let result = match check.id {
        "idempotency.repeated-read-equal" => repeats::read_twice(client, operation, check).await,
        "idempotency.repeated-delete" => repeats::delete_twice(client, operation, check).await,
        _ => match resources::created_by(&client.schema[operation].name) {
            Some(row) => tokens::create_again(client, row, operation, check).await,
            None => Err("the operation creates nothing that the run knows".to_owned()),
        },
    };
    match result {
        Ok(findings) => Outcome::from_findings(findings),
        Err(why) => Outcome::indeterminate(why),
    }
}

/// The member that takes an idempotency token.
fn token_member(schema: &Schema, operation: OperationId) -> Option<String> {
    let members = schema.input_members(&schema[operation])?;
    members.idempotency_token().map(|member| member.name.clone())
}
