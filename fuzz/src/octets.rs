//! Bytes in a case: serialised as text if they are UTF-8, else as base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes that are mostly text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Octets(pub(crate) Vec<u8>);

#[derive(Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Form {
    Text(String),
    Encoded { base64: String },
}

impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => Form::Encoded { base64: STANDARD.encode(&self.0) }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Form::deserialize(deserializer)? {
            Form::Text(text) => Ok(Self(text.into_bytes())),
            Form::Encoded { base64 } => STANDARD.decode(base64).map(Self).map_err(D::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn serialises_text_as_text_and_all_bytes_round_trip() {
        for (bytes, written) in [
            (&b"{\"a\":1}"[..], r#""{\"a\":1}""#),
            (b"", r#""""#),
            ("é\u{0}".as_bytes(), "\"é\\u0000\""),
            (b"\xff", r#"{"base64":"/w=="}"#),
        ] {
            let octets = Octets(bytes.to_vec());
            let text = serde_json::to_string(&octets).unwrap();
            assert_eq!(text, written);
            assert_eq!(serde_json::from_str::<Octets>(&text).unwrap(), octets);
        }
        assert!(serde_json::from_str::<Octets>(r#"{"base64":"?"}"#).is_err());
    }
}
