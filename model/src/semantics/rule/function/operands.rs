//! The operands of operators: number, type and range.

use arbitrary::Unstructured;
use serde_json::{Value, json};

use crate::constraint::size::pick;
use crate::semantics::rule::make::uuid;

/// An operator with its operands.
#[derive(Debug)]
pub struct Form {
    /// The operator.
    pub operator: &'static str,
    /// Its operands.
    pub operands: Operands,
}

/// The list of operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operands {
    /// One or more strings.
    Texts,
    /// One string.
    One,
    /// One string, or none for "no value".
    OneOrNone,
    /// No operands, for "no value".
    None,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// One or more of these words.
    SomeOf(&'static [&'static str]),
    /// One number within the bounds.
    Number(i64, i64),
    /// One integer within the bounds.
    Integer(i64, i64),
    /// One date, as an ISO 8601 string.
    Date,
    /// One or more lists of pattern objects.
    Patterns,
    /// Any operands: the documentation is not sufficient to check them.
    Any,
}

/// A problem of operands, in the order of checking.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// Too many or too few operands.
    Count(String),
    /// The operand at the index has the wrong type.
    Type(usize, &'static str),
    /// The operand at the index is not one of the allowed words.
    Word(usize, String),
    /// The number at the index is out of range.
    Range(usize, String),
    /// A pattern object in the operand at the index is wrong.
    Pattern(usize, usize, &'static str),
}

impl Operands {
    fn counts(self) -> (usize, usize) {
        match self {
            Operands::Texts | Operands::SomeOf(_) | Operands::Patterns => (1, usize::MAX),
            Operands::One | Operands::OneOf(_) | Operands::Number(..) | Operands::Integer(..) | Operands::Date => {
                (1, 1)
            }
            Operands::OneOrNone => (0, 1),
            Operands::None => (0, 0),
            Operands::Any => (0, usize::MAX),
        }
    }

    /// The first problem.
    pub(super) fn check(self, operands: &[Value]) -> Option<Wrong> {
        let (least, most) = self.counts();
        if !(least..=most).contains(&operands.len()) {
            let wanted = match (least, most) {
                (1, usize::MAX) => "at least 1".to_owned(),
                (least, most) if least == most => least.to_string(),
                (least, most) => format!("{least} to {most}"),
            };
            return Some(Wrong::Count(format!("{wanted} expected, found {}", operands.len())));
        }
        operands.iter().enumerate().find_map(|(at, operand)| self.one(at, operand))
    }

    fn one(self, at: usize, operand: &Value) -> Option<Wrong> {
        match self {
            Operands::Texts | Operands::One | Operands::OneOrNone | Operands::None => {
                (!operand.is_string()).then_some(Wrong::Type(at, "text"))
            }
            Operands::OneOf(words) | Operands::SomeOf(words) => match operand.as_str() {
                None => Some(Wrong::Type(at, "text")),
                Some(word) if words.contains(&word) => None,
                Some(_) => Some(Wrong::Word(at, words.join(", "))),
            },
            Operands::Number(low, high) => match operand.as_f64() {
                None => Some(Wrong::Type(at, "a number")),
                Some(number) if number >= low as f64 && number <= high as f64 => None,
                Some(_) => Some(Wrong::Range(at, format!("{low} to {high}"))),
            },
            Operands::Integer(low, high) => match operand.as_f64() {
                Some(number) if number.fract() != 0.0 => Some(Wrong::Type(at, "an integer")),
                Some(number) if number >= low as f64 && number <= high as f64 => None,
                Some(_) => Some(Wrong::Range(at, format!("{low} to {high}"))),
                None => Some(Wrong::Type(at, "an integer")),
            },
            Operands::Date => match operand.as_str() {
                Some(text) if is_moment(text) => None,
                _ => Some(Wrong::Type(at, "a date as a string, such as 2026-01-31T12:00:00Z")),
            },
            Operands::Patterns => match operand.as_array() {
                None => Some(Wrong::Type(at, "a list of pattern objects")),
                Some(objects) => objects
                    .iter()
                    .enumerate()
                    .find_map(|(inner, object)| pattern(object).err().map(|why| Wrong::Pattern(at, inner, why))),
            },
            Operands::Any => None,
        }
    }

    /// Operands of this form.
    pub(super) fn make(self, u: &mut Unstructured<'_>) -> Vec<Value> {
        match self {
            Operands::Texts => (0..pick(u, 1, 2)).map(|_| text(u)).collect(),
            Operands::One => vec![text(u)],
            Operands::OneOrNone if pick(u, 0, 3) == 3 => Vec::new(),
            Operands::OneOrNone | Operands::Any => vec![text(u)],
            Operands::None => Vec::new(),
            Operands::OneOf(words) | Operands::SomeOf(words) => {
                vec![words[pick(u, 0, words.len() as u64 - 1) as usize].into()]
            }
            Operands::Number(low, high) if low < 0 && high < 100 => {
                vec![(low + pick(u, 0, high.abs_diff(low)) as i64).into()]
            }
            Operands::Number(low, high) | Operands::Integer(low, high) => {
                let low = low.max(0);
                vec![(low + pick(u, 0, high.abs_diff(low).min(600)) as i64).into()]
            }
            Operands::Date => vec![format!("2026-{:02}-01T00:00:00Z", pick(u, 1, 12)).into()],
            Operands::Patterns => {
                let list = json!([{"Type": "PLAIN", "Value": text(u)}, {"Type": "PLAIN", "Value": "order"}]);
                let second = match pick(u, 0, 3) {
                    0 => json!({"Type": "PLAIN", "Value": "order"}),
                    1 => json!({"Type": "LIST", "Value": list}),
                    2 => json!({"Type": "PROXIMITY", "Value": {"Distance": pick(u, 1, 9), "IsWithin": true}}),
                    _ => json!({"Type": "NUMERICAL", "Value": {"Decimal": false}}),
                };
                vec![json!([{"Type": "PLAIN", "Value": text(u)}, second])]
            }
        }
    }
}

/// A phrase that does not occur in conversations.
fn text(u: &mut Unstructured<'_>) -> Value {
    if pick(u, 0, 1) == 0 { format!("contract test {:08x}", u.arbitrary::<u32>().unwrap_or(0)) } else { uuid(u) }.into()
}

/// Returns true if the text is a date, optionally followed by a time.
fn is_moment(text: &str) -> bool {
    let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
    let (day, time) = text.split_once('T').map_or((text, None), |(day, time)| (day, Some(time)));
    let mut parts = day.splitn(3, '-');
    let mut part = |count| parts.next().is_some_and(|part| digits(part, count));
    part(4) && part(2) && part(2) && time.is_none_or(|time| time.as_bytes().first().is_some_and(u8::is_ascii_digit))
}

/// Checks a pattern object.
fn pattern(object: &Value) -> Result<(), &'static str> {
    let value = object.get("Value");
    let member = |name: &str| value.and_then(|value| value.get(name));
    match object.get("Type").and_then(Value::as_str) {
        Some("PLAIN") => value.is_some_and(Value::is_string).then_some(()).ok_or("the Value of PLAIN must be a string"),
        Some("LIST") => {
            let plain = |inner: &Value| {
                inner.get("Type").and_then(Value::as_str) == Some("PLAIN")
                    && inner.get("Value").is_some_and(Value::is_string)
            };
            let all = value.and_then(Value::as_array).is_some_and(|items| items.iter().all(plain));
            all.then_some(()).ok_or("the Value of LIST must be a list of PLAIN objects")
        }
        Some("PROXIMITY") => {
            let good =
                member("Distance").is_some_and(Value::is_number) && member("IsWithin").is_some_and(Value::is_boolean);
            good.then_some(()).ok_or("the Value of PROXIMITY must be {Distance: number, IsWithin: boolean}")
        }
        Some("NUMERICAL") => {
            let good = member("Decimal").is_some_and(Value::is_boolean);
            good.then_some(()).ok_or("the Value of NUMERICAL must be {Decimal: boolean}")
        }
        _ => Err("Type must be PLAIN, LIST, PROXIMITY or NUMERICAL"),
    }
}
