//! Deletions and the resources around them: a deletion takes no other resource along, and is refused while one refers to it.

use serde_json::Value;

use crate::client::reply::Reply;
use crate::client::{Client, Created};
use crate::code::Trial;
use crate::lifecycle::life::Life;
use crate::resources::Resource;
use crate::steps;
use crate::steps::{Judged, Wait, perform, succeed};

/// Part of the names of errors for what cannot be deleted, since others refer to it.
const IN_USE: &str = "InUse";

/// A resource beside another one.
struct Neighbour {
    row: &'static Resource,
    id: String,
    /// The input that describes it.
    named: Value,
}

impl Neighbour {
    fn new(row: &'static Resource, sent: &Value, created: &Created) -> Self {
        Self { row, id: created.id.clone(), named: row.naming(row.describe, sent, &created.id) }
    }
}

/// True if the deletion of a kind has an error for what is in use.
fn may_be_in_use(row: &Resource) -> bool {
    let schema = row.schema();
    let delete = schema.operation_named(row.delete).map(|delete| &schema[delete]);
    delete.is_some_and(|delete| delete.errors.iter().any(|error| schema[*error].name.contains(IN_USE)))
}

/// True for kinds that refer to something whose deletion has an error for what is in use.
pub(super) fn holds_something(row: &'static Resource) -> bool {
    row.own_needs().any(|(_, needed)| may_be_in_use(needed))
}

/// `lifecycle.delete-only`.
pub(super) async fn delete_only(trial: Trial<'_>, row: &'static Resource) -> Judged {
    let Trial { client, check, .. } = trial;
    let (sent, needed) = client.creation_with_own_needs(row).await?;
    let mut neighbours: Vec<Neighbour> =
        needed.iter().map(|(row, created)| Neighbour::new(row, &created.sent, created)).collect();
    let life = Life::begin_from(trial, row, sent).await?;
    // There may be none beside the first.
    if let Ok(other) = sibling(client, row, row.name_in(&life.sent)).await {
        neighbours.push(Neighbour::new(row, &other.sent, &other));
    }
    let mut described = Vec::new();
    for neighbour in neighbours {
        if let Reply::Success(_) = perform(client, neighbour.row.describe, &neighbour.named).await? {
            described.push(neighbour);
        }
    }
    if described.is_empty() {
        return Err(format!("nothing can be described beside the {}", row.kind));
    }
    let named = row.naming(row.delete, &life.sent, &life.created.id);
    let deleted = succeed(client, row.delete, &named).await?;
    let mut findings = Vec::new();
    for Neighbour { row: other, id, named } in described {
        let mut wait = Wait::brief(client);
        let reply = loop {
            match perform(client, other.describe, &named).await? {
                Reply::Refused(..) if wait.again().await => {}
                reply => break reply,
            }
        };
        match &reply {
            Reply::Success(_) => {}
            Reply::Refused(exchange, _) if exchange.response.status == 404 => {
                let expected = format!("the {} {id}, which {} did not name", other.kind, row.delete);
                let finding = check.finding("", expected, reply.describe(), Some(exchange));
                findings.push(finding.resting_on([&*deleted, &**exchange]));
            }
            other => return Err(other.describe()),
        }
    }
    Ok(findings)
}

/// Another resource of a kind, whose name begins with that of the first one if the contract allows it: a deletion by a part
/// of the name takes it along.
async fn sibling(client: &Client, row: &'static Resource, first: &str) -> Result<Created, String> {
    let mut sent = client.creation(row).await?;
    let usual = row.name_in(&sent).to_owned();
    row.set_name(&mut sent, row.name_of(&format!("{first}-2")));
    if let Ok(created) = steps::create(client, row, &sent).await {
        return Ok(created);
    }
    let mut sent = client.creation(row).await?;
    row.set_name(&mut sent, usual);
    steps::create(client, row, &sent).await
}

/// `lifecycle.in-use`.
pub(super) async fn in_use(trial: Trial<'_>, row: &'static Resource) -> Judged {
    let Trial { client, check, .. } = trial;
    let (sent, needed) = client.creation_with_own_needs(row).await?;
    let life = Life::begin_from(trial, row, sent).await?;
    let mut findings = Vec::new();
    let mut refused = Vec::new();
    for (other, created) in needed.iter().filter(|(needed, _)| may_be_in_use(needed)) {
        let deletion = other.naming(other.delete, &created.sent, &created.id);
        match perform(client, other.delete, &deletion).await? {
            reply @ Reply::Refused(..) => {
                client.learn(format!("{} of what a {} refers to", other.delete, row.kind), reply.outline());
                refused.push((other, deletion));
            }
            Reply::Success(deleted) => {
                // An endpoint may take the reference away, too.
                let shown = succeed(client, row.describe, &life.naming(&life.created.id)).await?;
                if !String::from_utf8_lossy(&shown.response.body).contains(&created.id) {
                    client.learn(format!("{} of what a {} refers to", other.delete, row.kind), "ends the reference");
                    continue;
                }
                let expected = format!("a rejection, as the {} {} refers to it", row.kind, life.created.id);
                let finding = check.finding("", expected, format!("{} deleted it", other.delete), Some(&deleted));
                findings.push(finding.resting_on([&*deleted, &*shown]));
            }
            other @ (Reply::Unsupported(_) | Reply::Trouble(..)) => return Err(other.describe()),
        }
    }
    if !findings.is_empty() || refused.is_empty() {
        return Ok(findings);
    }
    // Unless the deletion succeeds without the reference, another reason may have forbidden it.
    succeed(client, row.delete, &row.naming(row.delete, &life.sent, &life.created.id)).await?;
    for (other, deletion) in refused {
        let mut wait = Wait::brief(client);
        loop {
            match perform(client, other.delete, &deletion).await? {
                Reply::Success(_) => break,
                Reply::Refused(..) if wait.again().await => {}
                reply => {
                    return Err(format!(
                        "{} is refused without the reference, too: {}",
                        other.delete,
                        reply.describe()
                    ));
                }
            }
        }
    }
    Ok(findings)
}
