//! `access.foreign-instance`: what belongs to another account is not shown.

use connect_model::schema::{Binding, Member};
use connect_model::wire::encode_request;
use connect_transport::signing::Recipe;
use serde_json::Value;

use crate::access::answer::{Answer, send_signed, settled};
use crate::access::carrier::{Carrier, carriers, input};
use crate::access::standing::must_verify;
use crate::case::Outcome;
use crate::code::{Scope, Subjects, Trial};
use crate::judge::Judgement;

/// An account that is not the caller's.
const OTHER_ACCOUNT: &str = "999999999999";
/// An instance that does not exist.
const MADE_UP: &str = "00000000-dead-4000-8000-00000000beef";

/// Name of the label that names an instance.
pub(super) struct Label(String);

/// True for a label that names an instance, by id or ARN.
fn place(member: &Member) -> bool {
    matches!(member.binding, Binding::Label(_)) && (member.name == "InstanceId" || member.name.ends_with("Arn"))
}

/// The labels to try: of Amazon Connect alone, since they take the ARN of an instance.
pub(super) fn with_instances(scope: &Scope<'_>) -> Subjects<Label> {
    let is_carrier = carriers(scope).iter().any(|carrier| matches!(carrier, Carrier::Path | Carrier::Arn));
    let members =
        scope.schema.input_members(scope.contract).filter(|_| is_carrier && scope.schema.service.is_connect());
    let found = members.and_then(|members| members.iter().find(|member| place(member)));
    found.map(|member| (None, Label(member.name.clone()))).into_iter().collect()
}

/// Asks for an instance of another account, and for one that does not exist.
pub(super) fn foreign<'t>(trial: Trial<'t>, Label(member): &'t Label) -> Judgement<'t> {
    settled(attempt(trial, member))
}

async fn attempt(trial: Trial<'_>, member: &str) -> Result<Outcome, Outcome> {
    must_verify(trial).await?;
    let Trial { client, check, operation, .. } = trial;
    let input = input(trial).await.map_err(Outcome::indeterminate)?;
    let id = client.instance().await.ok_or_else(|| Outcome::indeterminate("no instance to work in"))?;
    let id = id.rsplit('/').next().unwrap_or_default().to_owned();
    let ask = async |account: &str, id: &str| -> Result<Answer, Outcome> {
        let arn = format!("arn:aws:connect:{}:{account}:instance/{id}", client.target.region);
        let mut named = input.clone();
        named[member] = Value::from(arn);
        let request = encode_request(client.schema, operation, &named);
        let request = request.map_err(|error| Outcome::indeterminate(error.to_string()))?;
        send_signed(trial, &request, &Recipe::default()).await.map_err(Outcome::indeterminate)
    };
    let theirs = ask(OTHER_ACCOUNT, &id).await?;
    let nothing = ask(OTHER_ACCOUNT, MADE_UP).await?;
    let name = &client.schema[operation].name;
    client.learn(format!("{name} of an instance of another account"), theirs.describe());
    client.learn(format!("{name} of an instance that does not exist in another account"), nothing.describe());
    if (200..300).contains(&theirs.status()) {
        let expected = format!("an error for an ARN of the account {OTHER_ACCOUNT}");
        let finding = check.finding("", expected, theirs.describe(), Some(&theirs.exchange));
        return Ok(Outcome::from_findings(vec![finding]));
    }
    Ok(Outcome::from_findings(Vec::new()))
}
