//! Sends the fixed requests of an operation, and renders requests and responses without values that vary.

use std::collections::BTreeMap;

use connect_model::generate::Config;
use connect_model::path::SchemaPath;
use connect_model::schema::{Binding, OperationId, Schema, ShapeId};
use connect_model::wire::message::Headers;
use serde_json::Value;

use super::entry::{Exchanged, escaped};
use super::normal::{Known, Normal};
use crate::case::{Finding, Level};
use crate::client::Client;
use crate::client::reply::{Reply, SYNTHESIZED};
use crate::observe::Observation;
use crate::resources;
use crate::{error, shape};
use connect_transport::credentials::Keyring;
use connect_transport::exchange::Exchange;

/// Variants of the request to an operation.
pub(super) const VARIANTS: &[&str] = &["valid", "wrong", "unknown"];

/// Result of sending the requests of an operation.
#[derive(Clone, Debug)]
pub enum Asked {
    /// The endpoint does not offer the operation; its response.
    Unsupported(String),
    /// A request could not be made, or got no usable response.
    Trouble(String),
    /// A rendered exchange still holds a secret. The text names the secret, never its value.
    Secret(String),
    /// The exchanges, by variant.
    Answers(BTreeMap<String, Exchanged>),
}

/// Sends every variant of the request to an operation.
pub async fn ask(client: &Client, operation: OperationId) -> Asked {
    if let Some(why) = client.unsupported(operation).await {
        return Asked::Unsupported(why);
    }
    match answers(client, operation).await {
        Ok(answers) if answers.is_empty() => Asked::Trouble("no request could be generated".to_owned()),
        Ok(answers) => Asked::Answers(answers),
        Err(other) => other,
    }
}

/// The provenance in the header of an entry: day (RFC 3339 date), endpoint, region and model.
pub fn provenance(schema: &Schema, day: &str, endpoint: &str, region: &str) -> String {
    format!("recorded {day} from {endpoint}; region {region}; model sha256 {:.12}", schema.digest)
}

async fn answers(client: &Client, operation: OperationId) -> Result<BTreeMap<String, Exchanged>, Asked> {
    let name = &client.schema[operation].name;
    if let Some((row, _)) = resources::listed_by(client.schema, name) {
        client.resource(row, name).await;
    }
    let label = format!("{name}/golden");
    let valid = client.input(operation, Config::sparse(), &label, &SchemaPath::default()).await;
    let wrong = error::any_mutant(client, operation, &label).await;
    let unknown = match (&valid, error::absent_member(client.schema, operation)) {
        (Ok(valid), Some((member, _))) => {
            let mut value = valid.clone();
            value[&member] = Value::from(error::UNKNOWN_ID);
            Some(value)
        }
        _ => None,
    };
    let known = known(client).await;
    let mut answers = BTreeMap::new();
    for (variant, input) in VARIANTS.iter().zip([valid.ok(), wrong, unknown]) {
        let Some(input) = input else { continue };
        let reply = client.call(operation, &input).await.map_err(Asked::Trouble)?;
        answers.insert((*variant).to_owned(), exchanged(client, operation, &reply, &known)?);
    }
    Ok(answers)
}

async fn known(client: &Client) -> Known {
    let credentials = client.target.credentials.as_ref();
    let secrets = credentials.map(Keyring::secrets);
    Known {
        instance: client.instance().await,
        region: client.target.region.to_string(),
        run_id: client.run_id().to_owned(),
        secrets: secrets.unwrap_or_default(),
    }
}

/// An exchange without values that vary.
fn exchanged(client: &Client, operation: OperationId, reply: &Reply, known: &Known) -> Result<Exchanged, Asked> {
    let schema = client.schema;
    let mut seen = Observation::default();
    let (exchange, shape) = match reply {
        Reply::Success(exchange) => {
            shape::judge(schema, operation, exchange, &mut seen);
            (exchange, schema[operation].output)
        }
        Reply::Refused(exchange, error) => {
            error::judge(schema, operation, reply, &mut seen);
            (exchange, error.modelled)
        }
        Reply::Unsupported(why) | Reply::Trouble(why, _) => return Err(Asked::Trouble(why.clone())),
    };
    let Exchange { request, response, .. } = &**exchange;
    let mut normal = Normal::new(known);
    let first = format!("{} {}", request.method, normal.text(&request.uri));
    let input = payload(schema, schema[operation].input);
    let sent = message(&mut normal, schema, input, first, (&request.headers, &request.body), None);
    let own = match reply {
        Reply::Success(_) => OwnItems::new(client, operation, known.instance.as_deref()),
        _ => None,
    };
    normal.is_answer = true;
    let first = response.status.to_string();
    let shape = payload(schema, shape);
    let answer = message(&mut normal, schema, shape, first, (&response.headers, &response.body), own.as_ref());
    let is_synthesized = response.headers.get(SYNTHESIZED).is_some();
    let mut breaks: Vec<String> = (seen.findings().iter())
        .filter(|finding| finding.level > Level::Note && !is_synthesized)
        .map(|Finding { check, pointer, expected, actual, .. }| {
            let pointer = if pointer.is_empty() { "/" } else { pointer };
            // The position of a syntax error depends on the lengths of ids.
            let actual = if actual.contains(" column ") { "malformed JSON" } else { actual };
            let text = format!("{check} at {pointer}: expected {expected}; found {actual}");
            normal.text(&text).replace('\n', " ")
        })
        .collect();
    breaks.sort();
    breaks.dedup();
    let exchanged = Exchanged { request: escaped(&sent), answer: escaped(&answer), breaks };
    let breaks = exchanged.breaks.join("\n");
    for (part, text) in [("request", &exchanged.request), ("answer", &exchanged.answer), ("list of breaches", &breaks)]
    {
        if let Some(what) = known.leak(text) {
            return Err(Asked::Secret(format!("the {part} still holds {what} after all replacements")));
        }
    }
    Ok(exchanged)
}

/// The shape of a body: that of the payload member, if there is one.
fn payload(schema: &Schema, shape: Option<ShapeId>) -> Option<ShapeId> {
    let members = schema[shape?].kind.members()?;
    let payload = members.iter().find(|member| member.binding == Binding::Payload);
    payload.map(|member| member.slot.target).or(shape)
}

fn message(
    normal: &mut Normal<'_>,
    schema: &Schema,
    shape: Option<ShapeId>,
    first: String,
    (headers, body): (&Headers, &[u8]),
    own: Option<&OwnItems>,
) -> String {
    let mut text = format!("{first}\n");
    for name in ["content-type", "x-amzn-errortype"] {
        for value in headers.all(name) {
            text.push_str(&format!("{name}: {}\n", normal.text(value)));
        }
    }
    if headers.get(SYNTHESIZED).is_some() {
        // The response is random: it differs for every seed and name.
        text.push_str("\n(made up)\n");
    } else if !body.is_empty() {
        let shown = match serde_json::from_slice::<Value>(body) {
            Ok(mut value) => {
                if let Some(own) = own {
                    own.retain(&mut value);
                }
                format!("{:#}", normal.value(schema, shape, &value))
            }
            // The body may contain ids and secrets that cannot be recognized.
            Err(_) => {
                let start: String = String::from_utf8_lossy(body).chars().take(SHOWN_CHARACTERS).collect();
                format!("(not JSON, begins with {})", normal.text(&start))
            }
        };
        text.push_str(&format!("\n{shown}\n"));
    }
    text
}

/// Characters that are shown of a body that is not JSON.
const SHOWN_CHARACTERS: usize = 40;

/// Reduces a list to the items of the run. The other items belong to others and differ in every run, and so does the
/// number of pages.
struct OwnItems {
    /// Ids and ARNs of the run's resources.
    ids: Vec<String>,
    items: Option<Vec<String>>,
    token: Vec<String>,
}

impl OwnItems {
    fn new(client: &Client, operation: OperationId, instance: Option<&str>) -> Option<Self> {
        let contract = &client.schema[operation];
        let paging = contract.pagination.as_ref()?;
        let mut ids = client.created_for(&contract.name);
        let listed = resources::listed_by(client.schema, &contract.name);
        if listed.is_some_and(|(row, _)| row.is_instance()) {
            ids.extend(instance.map(str::to_owned));
        }
        Some(Self { ids, items: paging.items.clone(), token: paging.output_token.clone() })
    }

    fn retain(&self, body: &mut Value) {
        fn member_at<'v>(body: &'v mut Value, path: &[String]) -> Option<&'v mut Value> {
            path.iter().try_fold(body, |value, name| value.get_mut(name))
        }
        if let Some((last, parents)) = self.token.split_last()
            && let Some(Value::Object(members)) = member_at(body, parents)
        {
            members.remove(last);
        }
        // The total depends on the order of concurrent calls.
        if let Some(count) = body.get_mut("ApproximateTotalCount") {
            let is_text = count.as_str().is_some_and(|text| text.parse::<u64>().is_ok());
            match () {
                () if count.is_u64() => *count = "<count>".into(),
                () if is_text => *count = "<count in a text>".into(),
                () => {}
            }
        }
        if let Some(Value::Array(items)) = self.items.as_ref().and_then(|path| member_at(body, path)) {
            items.retain(|item| {
                let text = item.to_string();
                self.ids.iter().any(|id| text.contains(id.as_str()))
            });
        }
    }
}
