//! Bytes, written as base64 in values. Length counts bytes, not characters.

use arbitrary::Unstructured;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::{
    Aim, Breaking, Broken, Class, Constraint, Dialect, Exception, KindFacts, Place, Position, ViolationKind, size,
};
use crate::schema::{Bounds, Kind};

pub(super) const ENCODING: KindFacts =
    KindFacts { name: "blob-encoding", class: Class::Type, rule: "a string that is not base64 is rejected for a blob" };

/// The string is base64 with padding.
pub(crate) struct Base64;

impl Constraint for Base64 {
    fn kinds(&self) -> &'static [ViolationKind] {
        &[ViolationKind::BlobEncoding]
    }

    fn check(&self, _at: &Position<'_>, value: &Value) -> Option<Broken> {
        let error = STANDARD.decode(value.as_str()?).err()?;
        Some((ViolationKind::BlobEncoding, format!("base64 with padding ({error})")))
    }

    fn can_break(&self, _at: &Position<'_>, place: Place, _kind: ViolationKind) -> bool {
        // A raw body is not encoded.
        place != Place::Payload
    }

    fn violate(&self, _at: &Position<'_>, _kind: ViolationKind, _breaking: Breaking<'_, '_>) -> Option<Value> {
        Some(Value::from("not base64!"))
    }

    /// Base64 with each number of padding characters.
    fn touch(&self, at: &Position<'_>, _kind: ViolationKind, valid: Breaking<'_, '_>) -> Vec<Value> {
        let (min, max) = size::limits(at.traits.length);
        let counts = (min.max(1)..).take(3).filter(|count| max.is_none_or(|max| *count <= max));
        counts.map(|count| Value::from(of_length(count, valid.u))).collect()
    }

    fn export(&self, _at: &Position<'_>, _dialect: Dialect, keywords: &mut Map<String, Value>) {
        keywords.insert("contentEncoding".to_owned(), "base64".into());
        let pattern = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$";
        keywords.insert("pattern".to_owned(), pattern.into());
    }

    fn words(&self, at: &Position<'_>) -> Option<String> {
        matches!(at.kind, Kind::Blob).then(|| "bytes as base64".to_owned())
    }

    fn exceptions(&self) -> &'static [Exception] {
        &[Exception {
            id: "blob-length",
            kinds: &[ViolationKind::LengthMin, ViolationKind::LengthMax],
            side: None,
            difference: "up to two bytes too few or too many are accepted",
            reason: "the dialect counts characters of base64, which come in fours for three bytes",
        }]
    }
}

/// The number of bytes; none if the string is not base64.
pub(super) fn length(text: &str) -> Option<u64> {
    STANDARD.decode(text).ok().map(|bytes| bytes.len() as u64)
}

/// The bounds in characters of base64 for bounds in bytes.
pub(super) fn characters(length: Bounds<u64>) -> Bounds<u64> {
    let characters = |bytes: u64| bytes.div_ceil(3).saturating_mul(4);
    Bounds { min: length.min.map(characters), max: length.max.map(characters) }
}

/// Bytes within the bounds.
pub(crate) fn witness(
    length: Option<Bounds<u64>>,
    aim: Aim,
    extra: u64,
    budget: u64,
    u: &mut Unstructured<'_>,
) -> String {
    of_length(size::witness(length, aim, extra, budget, u), u)
}

/// That many bytes.
pub(super) fn of_length(count: u64, u: &mut Unstructured<'_>) -> String {
    let bytes: Vec<u8> = (0..count).map(|_| if u.is_empty() { 0 } else { u.arbitrary::<u8>().unwrap_or(0) }).collect();
    STANDARD.encode(bytes)
}
