//! Permission to call operations of a target, by danger class and name.

use std::collections::BTreeSet;

use connect_model::schema::{Operation, Schema};
use connect_model::semantics::danger::{Danger, danger};

/// The operations that may be called on a target. The danger classes of operations are defined in
/// [`connect_model::semantics::danger`].
#[derive(Clone, Debug, Default)]
pub struct Permission {
    /// True if the endpoint is on this machine, where no operation can cost money or reach people.
    pub loopback: bool,
    /// True if writes are allowed.
    pub writes: bool,
    /// Operations that are allowed by name, in any danger class.
    pub operations: BTreeSet<String>,
}

/// Operations that no flag allows on a real account. An account is locked out after a hundred creations and deletions
/// of instances in 30 days, and the deletion of an instance deletes everything in it.
pub(crate) const NEVER: [&str; 3] = ["CreateInstance", "DeleteInstance", "ReplicateInstance"];

impl Permission {
    /// Checks that an operation may be called.
    ///
    /// # Errors
    /// The reason why it may not, and the flag that allows it.
    pub fn check(&self, schema: &Schema, operation: &Operation) -> Result<(), String> {
        let class = danger(schema, operation);
        if !self.loopback && schema.service.is_connect() && NEVER.contains(&operation.name.as_str()) {
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
