//! Operations that may be sent to a target.

use std::collections::BTreeSet;

use connect_model::schema::{Operation, Schema};
use connect_model::semantics::danger::{Danger, danger};

/// What may be sent to a target. Source: what each operation does to the world, see
/// [`connect_model::semantics::danger`].
#[derive(Clone, Debug, Default)]
pub struct Permission {
    /// The endpoint is on this machine: nothing can cost money or reach people.
    pub loopback: bool,
    /// Writes are allowed.
    pub writes: bool,
    /// Operations that are allowed by name, whatever they do.
    pub operations: BTreeSet<String>,
}

/// What no flag allows on a real account: an account may make and delete a hundred instances in 30 days and is then
/// locked out, and with an instance goes everything in it.
pub(crate) const NEVER: [&str; 3] = ["CreateInstance", "DeleteInstance", "ReplicateInstance"];

impl Permission {
    /// Whether an operation may be called; the text says why not, and which flag allows it.
    pub fn check(&self, schema: &Schema, operation: &Operation) -> Result<(), String> {
        let class = danger(schema, operation);
        if !self.loopback && schema.service.sdk_id == "Connect" && NEVER.contains(&operation.name.as_str()) {
            return Err(format!("{} is never sent to a real account", operation.name));
        }
        let allowed = self.loopback
            || self.operations.contains(&operation.name)
            || match class {
                Danger::Read => true,
                Danger::Write => self.writes,
                Danger::InstanceWide | Danger::CostsOrReachesPeople | Danger::AccountWide => false,
            };
        if allowed {
            return Ok(());
        }
        let flag = match class {
            Danger::Read | Danger::Write => "--allow-writes".to_owned(),
            _ => format!("--allow-operation {}", operation.name),
        };
        Err(format!("{} {}; {flag} allows it", operation.name, class.describe()))
    }
}
