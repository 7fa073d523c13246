//! Requests that every reader reads in the same way. What may be sent to a real account is decided from the content, so that a
//! content that others may read otherwise is not sent. Sends nothing.

use std::collections::HashSet;
use std::fmt;

use connect_model::schema::{Binding, Kind, Operation, Schema};
use connect_model::wire::message::HttpRequest;
use connect_model::wire::{Limits, Route, inspect_request};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::report::text::printable;

/// Nesting of a body that every reader follows.
const DEEPEST: usize = 60;

/// The input in a request that writes.
///
/// # Errors
/// The reason why others may read another one: the body is no JSON text, or has a key twice; a query parameter is repeated; a
/// member or parameter is not in the model.
pub(super) fn input_of(schema: &Schema, route: &Route, request: &HttpRequest) -> Result<Value, String> {
    let refuse = |why: String| {
        format!("other readers may read the request otherwise ({why}), so that nothing shows what it writes")
    };
    let contract = &schema[route.operation];
    let members = || schema.input_members(contract).into_iter().flatten();
    let is_raw = members().any(|member| {
        member.binding == Binding::Payload && matches!(schema[member.slot.target].kind, Kind::Blob | Kind::String)
    });
    if let Some(key) = unclear_parameter(schema, contract, &request.uri) {
        return Err(refuse(format!("the query parameter {} is unknown or occurs twice", printable(&key, 100))));
    }
    if !is_raw && !request.body.is_empty() {
        let mut reader = serde_json::Deserializer::from_slice(&request.body);
        let read = Plain(0).deserialize(&mut reader).and_then(|()| reader.end());
        read.map_err(|error| refuse(printable(&error.to_string(), 200)))?;
    }
    let read = inspect_request(schema, route, request, &Limits::default())
        .map_err(|error| refuse(printable(&error.to_string(), 200)))?;
    match read.unknown.first() {
        Some(member) => Err(refuse(format!("the model does not know {}", printable(member, 200)))),
        None => Ok(read.value),
    }
}

/// The first query parameter that is not in the model, or that is repeated and is no list.
fn unclear_parameter(schema: &Schema, contract: &Operation, uri: &str) -> Option<String> {
    let (_, query) = uri.split_once('?')?;
    let members = || schema.input_members(contract).into_iter().flatten();
    let takes_any = members().any(|member| member.binding == Binding::QueryParams);
    let mut known = HashSet::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let key = pair.split('=').next().unwrap_or_default();
        let bound = members().find(|member| member.binding == Binding::Query(key.to_owned()));
        let is_list = bound.is_some_and(|member| matches!(schema[member.slot.target].kind, Kind::List(_)));
        let is_known = takes_any || bound.is_some() || contract.uri.query.iter().any(|(name, _)| name == key);
        if !is_known || (!known.insert(key) && !is_list) {
            return Some(key.to_owned());
        }
    }
    None
}

/// A JSON value without a key that occurs twice in one object.
struct Plain(usize);

impl<'de> DeserializeSeed<'de> for Plain {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.0 > DEEPEST {
            return Err(D::Error::custom(format!("values are nested more than {DEEPEST} deep")));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Plain {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Plain(self.0 + 1))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut known = HashSet::new();
        while let Some(key) = members.next_key::<String>()? {
            if !known.insert(key.clone()) {
                return Err(A::Error::custom(format!("the key `{key}` occurs twice")));
            }
            members.next_value_seed(Plain(self.0 + 1))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use connect_model::wire::Router;
    use connect_model::wire::message::Headers;

    use super::*;

    fn read(body: &[u8]) -> Result<Value, String> {
        let schema = Schema::connect();
        let uri = "/queues/0e7f4a52-6c1b-4d38-9a05-c0ffee5eed01".to_owned();
        let headers = Headers(vec![("content-type".to_owned(), "application/json".to_owned())]);
        let request = HttpRequest { method: "PUT".to_owned(), uri, headers, body: body.to_vec() };
        let route = Router::new(schema).route(&request.method, &request.uri).unwrap();
        input_of(schema, &route, &request)
    }

    #[test]
    fn a_body_that_others_may_read_otherwise_is_refused() {
        let plain = br#"{"Name":"Ct-0badcafe-1","HoursOfOperationId":"h","Tags":{"a":"1","A":"\u00e9"}}"#;
        assert_eq!(read(plain).unwrap()["Name"], "Ct-0badcafe-1");
        let nested = format!(r#"{{"Name":"Ct-0badcafe-1","X":{}{}}}"#, "[".repeat(200), "]".repeat(200));
        let rows: [(&[u8], &str); 12] = [
            (br#"{"Name":"Ct-0badcafe-1","X":"\ud800"}"#, "hex escape"),
            (br#"{"Name":"Ct-0badcafe-1","X":1e999}"#, "out of range"),
            (nested.as_bytes(), "nested"),
            (br#"{"Name":"Ct-0badcafe-1",}"#, "trailing comma"),
            (b"\xef\xbb\xbf{\"Name\":\"Ct-0badcafe-1\"}", "expected value"),
            (b"{\"Name\":\"Ct-0badcafe-1\",\"X\":\"\x01\"}", "control character"),
            (b"{\"Name\":\"\xff\"}", "unicode"),
            (br#"{"Name":"Prod","Name":"Ct-0badcafe-1"}"#, "`Name` occurs twice"),
            (br#"{"Name":"Ct-0badcafe-1","name":"Prod"}"#, "does not know"),
            (br#"{"Name":"Ct-0badcafe-1","Tags":{"team":"1","team":"2"}}"#, "`team` occurs twice"),
            (br#"{"name":"Prod"}"#, "does not know"),
            (br#"{"Name":"Ct-0badcafe-1"} {"Name":"Prod"}"#, "trailing characters"),
        ];
        for (body, why) in rows {
            let refusal = read(body).unwrap_err();
            let text = String::from_utf8_lossy(body);
            assert!(refusal.contains(why) && refusal.contains("other readers"), "{text}: {refusal}");
        }
    }

    #[test]
    fn a_parameter_that_is_repeated_or_unknown_is_unclear() {
        let schema = Schema::connect();
        let unclear = |operation: &str, uri: &str| {
            unclear_parameter(schema, &schema[schema.operation_named(operation).unwrap()], uri)
        };
        for uri in ["/tags/a", "/tags/a?tagKeys=b&tagKeys=c", "/tags/a?"] {
            assert_eq!(unclear("UntagResource", uri), None, "{uri}");
        }
        assert_eq!(unclear("UntagResource", "/tags/a?tagKeys=b&TagKeys=c").as_deref(), Some("TagKeys"));
        assert_eq!(unclear("UntagResource", "/tags/a?tag%4beys=c").as_deref(), Some("tag%4beys"));
        assert_eq!(unclear("ListRules", "/rules/i?maxResults=1&maxResults=2").as_deref(), Some("maxResults"));
    }
}
