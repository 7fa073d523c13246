//! The operations that carry the cases of the family, chosen by a rule from the model.

use connect_model::generate::{Config, Side};
use connect_model::path::SchemaPath;
use connect_model::schema::{Binding, Kind, Member, Operation, PerSchema, Schema};
use connect_model::semantics::danger::{Danger, danger};
use connect_model::wire::encode_request;
use connect_model::wire::message::HttpRequest;

use arbitrary::Unstructured;
use serde_json::Value;

use crate::code::{Scope, Trial};

/// The part of a request that an operation varies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    /// The path: a GET with labels and no query.
    Path,
    /// The query: a GET with optional text or numbers in the query.
    Query,
    /// The body: a POST that only reads.
    Body,
    /// An ARN in the path.
    Arn,
}

impl Carrier {
    /// All of them.
    pub(super) const ALL: [Self; 4] = [Self::Path, Self::Query, Self::Body, Self::Arn];

    /// Returns true if an operation can be this carrier.
    fn fits(self, schema: &Schema, operation: &Operation) -> bool {
        let has = |found: &dyn Fn(&Member) -> bool| {
            schema.input_members(operation).is_some_and(|members| members.iter().any(found))
        };
        let in_query = |member: &Member| matches!(member.binding, Binding::Query(_) | Binding::QueryParams);
        let is_arn = |member: &Member| matches!(member.binding, Binding::Label(_)) && member.name.ends_with("Arn");
        let is_label = |member: &Member| matches!(member.binding, Binding::Label(_));
        match (self, operation.method.as_str()) {
            (Self::Path, "GET") => has(&is_label) && !has(&is_arn) && !has(&in_query),
            (Self::Query, "GET") => !has(&is_arn) && has(&|member| in_query(member) && !member.required),
            (Self::Body, "POST") => has(&|member| matches!(member.binding, Binding::Body)),
            (Self::Arn, "GET") => has(&is_arn),
            _ => false,
        }
    }
}

/// The carriers that the operation in scope is.
pub(super) fn carriers(scope: &Scope<'_>) -> Vec<Carrier> {
    let carriers = scope.once("carriers of access", || {
        let chosen = |carrier: &Carrier| {
            carrier.fits(scope.schema, scope.contract)
                && firsts(scope.schema).contains(&(*carrier, scope.contract.name.as_str()))
        };
        Carrier::ALL.into_iter().filter(chosen).collect::<Vec<_>>()
    });
    carriers.to_vec()
}

/// The operation for each carrier, by name.
fn firsts(schema: &'static Schema) -> &'static [(Carrier, &'static str)] {
    static FIRSTS: PerSchema<Vec<(Carrier, &'static str)>> = PerSchema::new();
    FIRSTS.get(schema, |schema| {
        Carrier::ALL.into_iter().filter_map(|carrier| Some((carrier, first(schema, carrier)?.name.as_str()))).collect()
    })
}

/// The operation for a carrier: of those that only read, one with the fewest required members, the first in the model.
fn first(schema: &Schema, carrier: Carrier) -> Option<&Operation> {
    let demands = |operation: &Operation| {
        let members = schema.input_members(operation);
        members.map_or(0, |members| members.iter().filter(|member| member.required).count())
    };
    let plain = |operation: &&Operation| {
        operation.refused.is_none() && operation.host_prefix.is_none() && !operation.deprecated
    };
    let fitting = schema.operations().map(|(_, operation)| operation).filter(plain);
    let fitting = fitting.filter(|operation| carrier.fits(schema, operation));
    fitting.filter(|operation| danger(schema, operation) == Danger::Read).min_by_key(|operation| demands(operation))
}

/// The request of a case, unsigned: valid, with the instance of the run, and nothing that has to be created for it.
///
/// # Errors
/// The reason why there is none.
pub(super) async fn request(trial: Trial<'_>) -> Result<HttpRequest, String> {
    let Trial { client, operation, .. } = trial;
    let input = input(trial).await?;
    encode_request(client.schema, operation, &input).map_err(|error| error.to_string())
}

/// The input of [`request`].
///
/// # Errors
/// The reason why there is none.
pub(super) async fn input(Trial { client, operation, .. }: Trial<'_>) -> Result<Value, String> {
    let contract = &client.schema[operation];
    let bytes = client.bytes(&format!("{}/access", contract.name));
    let generator = client.generator(Config::sparse());
    let focus = SchemaPath::default();
    let made = generator.focused(operation, Side::Input, &focus, &mut Unstructured::new(&bytes));
    let mut input = made.map_err(|error| error.to_string())?.value;
    let instance = client.schema.input_members(contract).and_then(|members| members.get("InstanceId"));
    let is_text = |member: &&Member| matches!(client.schema[member.slot.target].kind, Kind::String);
    if let (Some(member), true) = (instance.filter(is_text), client.schema.service.is_connect())
        && let Some(id) = client.instance().await
    {
        input[&member.name] = id.into();
    }
    Ok(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_operations_that_only_read_carry_the_cases() {
        let schema = Schema::connect();
        let chosen = Carrier::ALL.map(|carrier| {
            let operation = first(schema, carrier);
            assert!(operation.is_some_and(|operation| danger(schema, operation) == Danger::Read), "{carrier:?}");
            operation.map(|operation| operation.name.as_str())
        });
        assert_eq!(chosen[0], Some("DescribeInstance"));
        assert_eq!(chosen[3], Some("ListTagsForResource"));
        assert!(chosen[1] != chosen[0] && chosen[2] != chosen[1], "{chosen:?}");
    }
}
