//! The published model and its corrections.
#![allow(clippy::unwrap_used, clippy::panic)]

use connect_model::pattern::LengthBounds;
use connect_model::schema::{Kind, Schema};

#[test]
fn every_override_applies() {
    let schema = Schema::connect();
    assert_eq!(schema.stale_overrides, Vec::<String>::new());
    assert!(schema.applied_overrides.len() > 10);
}

#[test]
fn the_built_in_model_is_the_whole_service() {
    let schema = Schema::connect();
    assert_eq!(schema.operations().count(), 405);
    // Names that belong to Smithy's prelude alone are not found by name.
    assert_eq!(schema.shapes().filter(|(id, shape)| schema.shape_named(&shape.name) == Some(*id)).count(), 2446);
    assert_eq!(schema.operations().filter(|(_, op)| op.refused.is_some()).count(), 0);
}

#[test]
fn every_pattern_is_readable_and_can_be_satisfied_within_its_length() {
    let schema = Schema::connect();
    for (id, shape) in schema.shapes().filter(|(_, shape)| matches!(shape.kind, Kind::String)) {
        let slot = schema.slot_of(id);
        let Some(pattern) = slot.traits.pattern.map(|id| &schema[id]) else { continue };
        assert_eq!(pattern.problem(), None, "{}: {}", shape.name, pattern.source());
        let bounds = slot.traits.length.unwrap_or_default();
        let bounds = LengthBounds { min: bounds.min.unwrap_or(0), max: bounds.max };
        assert!(pattern.feasible(bounds).is_some(), "{}: {} within {bounds:?}", shape.name, pattern.source());
        assert!(
            regress::Regex::with_flags(pattern.source(), "u").is_ok(),
            "{}: {} is no ECMAScript in Unicode mode",
            shape.name,
            pattern.source()
        );
        assert!(!pattern.source().contains(r"\\"), "{} is still double-escaped: {}", shape.name, pattern.source());
    }
}
