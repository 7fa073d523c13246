//! What the documentation of the search operations leaves open. Nothing is judged.

use serde_json::{Value, json};

use crate::search::LONGEST_FRAGMENT;
use crate::search::oracle::{Comparison, Node};
use crate::search::searcher::Searcher;

impl Searcher<'_> {
    /// Asks, and records what is found.
    pub(super) async fn probe(&self) {
        let name = self.things[0].name.as_str();
        let condition = |text: &str, comparison| Node::Name(comparison, text.to_owned()).encode(self.form.field);
        self.learn("CONTAINS of 1 character", condition("t", Comparison::Contains)).await;
        if let Some(long) = self.things.iter().map(|thing| &thing.name).find(|name| name.len() > LONGEST_FRAGMENT) {
            let text: String = long.chars().take(LONGEST_FRAGMENT + 1).collect();
            self.learn("CONTAINS of 26 characters", condition(&text, Comparison::Contains)).await;
        }
        let capitals = name.to_uppercase();
        self.learn("EXACT in capitals", condition(&capitals, Comparison::Exact)).await;
        self.learn("STARTS_WITH in capitals", condition(&capitals, Comparison::StartsWith)).await;
        let fragment: String = capitals.chars().take(LONGEST_FRAGMENT).collect();
        self.learn("CONTAINS in capitals", condition(&fragment, Comparison::Contains)).await;
        // The first thing satisfies the one key, the last thing the other.
        let mut two = condition(name, Comparison::Exact);
        let last = self.things.last().map(|thing| thing.name.as_str()).unwrap_or_default();
        two["OrConditions"] = json!([condition(last, Comparison::Exact)]);
        self.learn("two keys in one node", two).await;
        let mut unknown = condition(name, Comparison::Exact);
        unknown["StringCondition"]["FieldName"] = "noSuchField".into();
        self.learn("an unknown FieldName", unknown).await;
    }

    async fn learn(&self, what: &str, criteria: Value) {
        let fact = match self.find(self.input(Some(criteria), None)).await {
            // How many, and not which: names differ from run to run.
            Ok(found) => format!("finds {} of {} of ours", found.ours.len(), self.things.len()),
            Err(why) => why.split(": ").next().unwrap_or_default().to_owned(),
        };
        self.client.learn(format!("{what}, {}", self.form.operation), fact);
    }
}
