//! Bytes, written as base64 in values. Length counts bytes, not characters.

use arbitrary::Unstructured;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::size::{self, Unit};
use super::text::TEXT_BUDGET;
use super::{Aim, Broken, ViolationKind};
use crate::schema::Bounds;

/// What the text breaks as a blob.
pub(crate) fn check(length: Option<Bounds<u64>>, text: &str) -> Option<Broken> {
    match STANDARD.decode(text) {
        Ok(bytes) => size::check(length, Unit::Bytes, bytes.len() as u64),
        Err(error) => Some((ViolationKind::BlobEncoding, format!("base64 with padding ({error})"))),
    }
}

/// Bytes within the bounds.
pub(crate) fn witness(
    length: Option<Bounds<u64>>,
    aim: Aim,
    extra: u64,
    budget: u64,
    u: &mut Unstructured<'_>,
) -> String {
    encode(size::witness(length, aim, extra, budget, u), u)
}

/// Bytes that break the bound, or text that is no base64.
pub(crate) fn violate(length: Option<Bounds<u64>>, kind: ViolationKind, u: &mut Unstructured<'_>) -> Option<String> {
    if kind == ViolationKind::BlobEncoding {
        return Some("not base64!".to_owned());
    }
    size::violate(length, Unit::Bytes, kind).filter(|count| *count <= TEXT_BUDGET).map(|count| encode(count, u))
}

fn encode(count: u64, u: &mut Unstructured<'_>) -> String {
    let bytes: Vec<u8> = (0..count).map(|_| if u.is_empty() { 0 } else { u.arbitrary::<u8>().unwrap_or(0) }).collect();
    STANDARD.encode(bytes)
}
