//! Things of others in requests that read: looks once if each exists.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::client::Client;
use crate::client::fixtures::Created;
use crate::client::reply::{NOT_PUBLISHED, Reply};
use crate::known::{Known, Thing};
use crate::resources::{INSTANCE, Resource};

/// The things that the user named, and those of them that the endpoint shows.
#[derive(Debug, Default)]
pub(super) struct Looked {
    known: Arc<Known>,
    /// Those that exist, by the noun of their kind.
    there: Mutex<HashMap<&'static str, Arc<OnceCell<Vec<Created>>>>>,
    /// Those that do not, each with the remedy.
    absent: Mutex<Vec<String>>,
}

impl Looked {
    pub(super) fn new(known: Arc<Known>) -> Self {
        Self { known, ..Self::default() }
    }
}

impl Client {
    /// Things that the user named and that do not exist, each with the remedy.
    pub fn absent(&self) -> Vec<String> {
        let mut absent = self.looked.absent.lock().unwrap_or_else(PoisonError::into_inner).clone();
        absent.sort();
        absent
    }

    /// Something of a kind that exists and that others made; another one for each number, as far as there are several. Looks
    /// for all of the kind on first use.
    pub(super) async fn known(&self, row: &'static Resource, number: usize) -> Option<Created> {
        if self.looked.known.of(row.noun).is_empty() {
            return None;
        }
        let cell = {
            let mut there = self.looked.there.lock().unwrap_or_else(PoisonError::into_inner);
            there.entry(row.noun).or_default().clone()
        };
        let there = cell
            .get_or_init(|| async {
                let mut there = Vec::new();
                for thing in self.looked.known.of(row.noun) {
                    there.extend(self.look_for(row, thing).await);
                }
                there
            })
            .await;
        there.get(number % there.len().max(1)).cloned()
    }

    /// Looks for something that the user named. It counts as absent only if the endpoint says so; what no operation describes
    /// is believed.
    async fn look_for(&self, row: &'static Resource, thing: &Thing) -> Option<Created> {
        let instance = if row.in_instance() { self.instance().await } else { None };
        let sent = thing.sent(instance.as_deref());
        if let Some(describe) = self.schema.operation_named(row.describe) {
            let reply = self.call(describe, &row.naming(row.describe, &sent, &thing.id)).await;
            if let Ok(reply) = reply.as_ref().map_err(drop)
                && is_absent(reply)
            {
                let why = format!(
                    "the {} `{}` of --known does not exist: {} answered {}; remove it from the file, or correct it",
                    row.kind,
                    thing.id,
                    row.describe,
                    reply.outline()
                );
                self.looked.absent.lock().unwrap_or_else(PoisonError::into_inner).push(why);
                return None;
            }
        }
        for id in [Some(&thing.id), thing.arn.as_ref()].into_iter().flatten() {
            self.reach.exists(row.of, id);
        }
        for (member, holder) in row.of.parents.iter().filter(|(member, _)| member != INSTANCE) {
            if let (Some(holder), Some(id)) = (holder, thing.within.get(member)) {
                self.reach.exists(&row.graph().kinds()[*holder], id);
            }
        }
        Some(Created { id: thing.id.clone(), arn: thing.arn.clone(), sent })
    }
}

/// True if an answer says that nothing has the id. What was never published exists.
fn is_absent(reply: &Reply) -> bool {
    let is_draft = reply.refusal().is_some_and(|(_, code)| code == Some(NOT_PUBLISHED));
    reply.says_absent() && !is_draft
}
