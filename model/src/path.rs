//! Paths through shapes, independent of any value: `Actions[].ActionType`, `Tags{}`, `Tags{key}`.

use std::fmt;

use serde_json::Value;

use crate::pointer::escape;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A member of a structure or union.
    Member(String),
    /// An element of a list.
    Element,
    /// A key of a map.
    Key,
    /// A value of a map.
    Value,
}

/// Steps from the root of an operation's input or output.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchemaPath(pub Vec<Step>);

impl SchemaPath {
    /// Returns this path extended by one step.
    pub fn join(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// Returns the JSON Pointer of the first match of the path in `value`; for a key, the pointer of its entry.
    pub fn first_in(&self, value: &Value) -> Option<String> {
        let mut pointer = String::new();
        let mut here = value;
        for step in &self.0 {
            match step {
                Step::Member(name) => {
                    pointer.push('/');
                    pointer.push_str(&escape(name));
                    here = here.get(name)?;
                }
                Step::Element => {
                    pointer.push_str("/0");
                    here = here.get(0)?;
                }
                Step::Key | Step::Value => {
                    let (key, inner) = here.as_object()?.iter().next()?;
                    pointer.push('/');
                    pointer.push_str(&escape(key));
                    here = inner;
                }
            }
        }
        Some(pointer)
    }
}

impl fmt::Display for SchemaPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Member(name) if at == 0 => f.write_str(name)?,
                Step::Member(name) => write!(f, ".{name}")?,
                Step::Element => f.write_str("[]")?,
                Step::Key => f.write_str("{key}")?,
                Step::Value => f.write_str("{}")?,
            }
        }
        Ok(())
    }
}
