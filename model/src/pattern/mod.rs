//! stub
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Admits,
    Rejects,
    Unknown,
}
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LengthBounds {
    pub min: u64,
    pub max: Option<u64>,
}
#[derive(Debug)]
pub struct Pattern {
    source: String,
}
impl Pattern {
    pub fn new(source: &str) -> Pattern {
        Pattern { source: source.to_owned() }
    }
    pub fn source(&self) -> &str {
        &self.source
    }
    pub fn problem(&self) -> Option<String> {
        None
    }
    pub fn admits(&self, _text: &str) -> Verdict {
        Verdict::Admits
    }
    pub fn sample(&self, _u: &mut arbitrary::Unstructured<'_>, _l: LengthBounds) -> Option<String> {
        Some("stub".into())
    }
    pub fn sample_exact(&self, _u: &mut arbitrary::Unstructured<'_>, n: u64) -> Option<String> {
        Some("s".repeat(n as usize))
    }
    pub fn feasible(&self, l: LengthBounds) -> Option<(u64, u64)> {
        Some((l.min, l.max.unwrap_or(10)))
    }
    pub fn violate(&self, _u: &mut arbitrary::Unstructured<'_>, _l: LengthBounds) -> Option<String> {
        None
    }
}
