//! Searches whose results are undocumented. The results are recorded and not judged.

use serde_json::{Value, json};

use crate::search::MAX_FRAGMENT;
use crate::search::oracle::{Comparison, Node};
use crate::search::searcher::Searcher;

impl Searcher<'_> {
    /// Sends the searches and records the results.
    pub(super) async fn probe(&self) {
        let name = self.created[0].name.as_str();
        let condition = |text: &str, comparison| Node::Name(comparison, text.to_owned()).encode(self.form.field);
        self.learn("CONTAINS of 1 character", condition("t", Comparison::Contains)).await;
        if let Some(long) = self.created.iter().map(|candidate| &candidate.name).find(|name| name.len() > MAX_FRAGMENT)
        {
            let text: String = long.chars().take(MAX_FRAGMENT + 1).collect();
            self.learn("CONTAINS of 26 characters", condition(&text, Comparison::Contains)).await;
        }
        let capitals = name.to_uppercase();
        self.learn("EXACT in capitals", condition(&capitals, Comparison::Exact)).await;
        self.learn("STARTS_WITH in capitals", condition(&capitals, Comparison::StartsWith)).await;
        let fragment: String = capitals.chars().take(MAX_FRAGMENT).collect();
        self.learn("CONTAINS in capitals", condition(&fragment, Comparison::Contains)).await;
        // The first resource satisfies one key, the last one the other.
        let mut two = condition(name, Comparison::Exact);
        let last = self.created.last().map(|candidate| candidate.name.as_str()).unwrap_or_default();
        two["OrConditions"] = json!([condition(last, Comparison::Exact)]);
        self.learn("two keys in one node", two).await;
        let mut unknown = condition(name, Comparison::Exact);
        unknown["StringCondition"]["FieldName"] = "noSuchField".into();
        self.learn("an unknown FieldName", unknown).await;
    }

    async fn learn(&self, topic: &str, criteria: Value) {
        let fact = match self.find(self.input(Some(criteria), None)).await {
            // Only the number, since names differ between runs.
            Ok(found) => format!("finds {} of {} of ours", found.ours.len(), self.created.len()),
            Err(why) => why.split(": ").next().unwrap_or_default().to_owned(),
        };
        self.client.learn(format!("{topic}, {}", self.form.operation), fact);
    }
}
