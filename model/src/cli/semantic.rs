//! Rules beyond the service model, for `validate --semantic` and `generate --invalid --semantic`.

use std::io::Write;

use arbitrary::Unstructured;
use clap::Args;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator, Side};
use connect_model::schema::{OperationId, Schema};
use connect_model::semantics::{self, Confidence, Context};
use serde_json::{Value, json};

use super::Failure;
use super::generate::{BYTES, print_generated};

/// Facts about the flow or rule that an update refers to.
#[derive(Debug, Args)]
pub(super) struct About {
    /// With --semantic: type of the flow to update
    #[arg(long, value_name = "TYPE", default_value = "CONTACT_FLOW", requires = "semantic")]
    flow_type: String,
    /// With --semantic: event source of the rule to update
    #[arg(long, value_name = "NAME", default_value = "OnRealTimeCallAnalysisAvailable", requires = "semantic")]
    event_source: String,
}

impl About {
    fn context(&self) -> Context<'_> {
        Context { event_source: Some(&self.event_source), flow_type: Some(&self.flow_type) }
    }
}

/// Prints one line per problem of an input. Returns true if the confidence of one is high enough to call the input
/// invalid.
pub(super) fn validate(operation: &str, input: &Value, about: &About, out: &mut impl Write) -> Result<bool, Failure> {
    let problems = semantics::check(operation, input, &about.context());
    for (language, problem) in &problems {
        let member = semantics::text_member(language);
        let path = member.map_or_else(|| problem.path.clone(), |member| format!("/{member}"));
        let line = json!({
            "path": path,
            "inside": member.map(|_| &problem.path),
            "kind": format!("{language}/{}", problem.kind),
            "message": problem.message,
            "confidence": problem.confidence.word(),
        });
        writeln!(out, "{line}")?;
    }
    Ok(problems.iter().any(|(_, problem)| problem.confidence > Confidence::Low))
}

/// Prints inputs that break one rule each: every rule once, then all of them again with other values.
pub(super) fn generate(
    schema: &Schema,
    id: OperationId,
    about: &About,
    count: u64,
    seed: u64,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let name = &schema[id].name;
    let generator = Generator::new(schema, Config::sparse());
    let breaches = semantics::breaches(name);
    let mut stream = Stream::new(seed, name);
    let mut made = 0;
    while made < count {
        let before = made;
        for breach in &breaches {
            let bytes = stream.bytes(BYTES);
            let mut u = Unstructured::new(&bytes);
            let Some(broken) = semantics::broken(name, breach, &about.context(), &mut u) else { continue };
            if made == count {
                break;
            }
            made += 1;
            let mut value = generator.input(id, &mut u)?;
            for (member, inner) in broken.invalid {
                value[&member] = inner;
            }
            let kind = format!("{}/{}", breach.language, breach.kind);
            let path = semantics::text_member(breach.language).map(|member| format!("/{member}")).unwrap_or_default();
            let violation = json!({"path": path, "kind": kind, "confidence": breach.confidence.word()});
            print_generated(out, name, &format!("invalid.{kind}"), Side::Input, value, violation)?;
        }
        if made == before {
            return Err(format!("{name} has no rule beyond the service model that can be broken").into());
        }
    }
    Ok(())
}
