//! `keep.plausible`: judges the times, ARNs and digests of one view of a resource. Sends nothing.

use std::time::{SystemTime, UNIX_EPOCH};

use connect_model::schema::{Kind, Members, Schema};
use serde_json::Value;

use crate::difference::apart;

/// Seconds by which clocks may differ. Source: the window of SigV4 is 5 minutes.
const CLOCKS: f64 = 300.0;

/// The life of a resource, as far as the run knows it.
pub(super) struct Life<'l> {
    pub(super) schema: &'l Schema,
    /// The resource was not created before.
    pub(super) began: f64,
    /// Id of the resource.
    pub(super) id: &'l str,
    /// Members whose values the caller chooses.
    pub(super) chosen: &'l [&'static str],
    /// Members with its ARN, in lower case.
    pub(super) arns: &'l [String],
    /// The part of its ARNs that names the kind, if a source tells it.
    pub(super) segment: Option<&'static str>,
    /// ARN of its instance, or the part of it that names the account; empty if it is unknown.
    pub(super) instance: &'l str,
}

/// A value that cannot be right: pointer, expected and actual.
pub(super) type Implausible = (String, String, String);

/// The current time in seconds since the epoch.
pub(super) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_secs_f64()).unwrap_or_default()
}

impl Life<'_> {
    /// The values of a view that do not fit the life of the resource.
    pub(super) fn implausible(&self, members: &Members, view: &Value) -> Vec<Implausible> {
        let mut found = self.times(members, view);
        for member in members {
            // Other ARNs name a caller, a role, or what the resource refers to.
            // The form of the ARNs of other services is not known.
            let is_own_arn = self.schema.service.is_connect() && self.arns.contains(&member.name.to_ascii_lowercase());
            let Some(arn) = view.get(&member.name).and_then(Value::as_str).filter(|_| is_own_arn) else { continue };
            if let Some((expected, actual)) = self.foreign(arn) {
                found.push((format!("/{}", member.name), expected, actual));
            }
        }
        found
    }

    fn times(&self, members: &Members, view: &Value) -> Vec<Implausible> {
        let (first, last) = (self.began - CLOCKS, now() + CLOCKS);
        // Other times, such as those of an expiry, are what the caller chose.
        let is_time = |name: &str| {
            let is_of_life = ["Creat", "Updat", "Modif"].iter().any(|word| name.contains(word));
            is_of_life
                && !self.chosen.contains(&name)
                && members
                    .get(name)
                    .is_some_and(|member| matches!(self.schema[member.slot.target].kind, Kind::Timestamp))
        };
        let times: Vec<(&str, f64)> = members
            .iter()
            .filter(|member| is_time(&member.name))
            .filter_map(|member| Some((&*member.name, view.get(&member.name)?.as_f64()?)))
            .collect();
        let mut found = Vec::new();
        for (name, time) in &times {
            if (first..=last).contains(time) {
                continue;
            }
            let unit =
                if (first..=last).contains(&(time / 1000.0)) { ", milliseconds in place of seconds" } else { "" };
            let expected = format!("a time between {} and {}", seconds(self.began), seconds(now()));
            found.push((format!("/{name}"), expected, format!("{}{unit}", seconds(*time))));
        }
        let of = |words: &[&str]| times.iter().find(|(name, _)| words.iter().any(|word| name.contains(word)));
        if let (Some((_, created)), Some((name, changed))) = (of(&["Created"]), of(&["LastUpdated", "LastModified"]))
            && found.is_empty()
            && changed + 1.0 < *created
        {
            let expected = format!("not before the creation, {}", seconds(*created));
            found.push((format!("/{name}"), expected, seconds(*changed)));
        }
        found
    }

    /// Expected and actual text of an ARN that is not that of the resource.
    fn foreign(&self, arn: &str) -> Option<(String, String)> {
        if !arn.contains(self.id) {
            return Some((format!("an ARN with the id {}", self.id), arn.to_owned()));
        }
        if let Some(segment) = self.segment
            && !arn.contains(&format!("{segment}/{}", self.id))
        {
            return Some((format!("an ARN with {segment}/{}", self.id), arn.to_owned()));
        }
        let of_instance = self.instance.split_once("/").map_or(self.instance, |(resource, _)| resource);
        let instance = self.instance.rsplit('/').next().unwrap_or_default();
        let fits = arn.starts_with(of_instance) && arn.contains(instance);
        (!fits).then(|| (format!("an ARN under {}", self.instance), arn.to_owned()))
    }
}

/// The expected and the actual digest, if it does not follow the content.
pub(super) fn digest(before: &Value, after: &Value) -> Option<Implausible> {
    let name = after.as_object()?.keys().find(|name| name.ends_with("Sha256"))?;
    let [old, new] = [before.get(name)?, after.get(name)?];
    let changed = before.get("Content")? != after.get("Content")?;
    if changed && old == new {
        return Some((format!("/{name}"), "another digest, since the content changed".to_owned(), new.to_string()));
    }
    let same = before.get("Content")? == after.get("Content")?;
    (same && old != new).then(|| {
        let (expected, actual) = apart(old, new);
        (format!("/{name}"), format!("{expected}, since the content is the same"), actual)
    })
}

/// True for the name of a member with the time of the last change.
fn is_stamp(name: &str) -> bool {
    ["LastModifiedTime", "LastUpdatedTime", "lastModifiedTime", "lastUpdatedTime"].contains(&name)
}

/// The first time with such a name in two descriptions.
fn both<'v>(before: &Value, after: &'v Value, is: impl Fn(&str) -> bool) -> Option<(&'v str, f64, f64)> {
    let (name, new) = after.as_object()?.iter().find(|(name, _)| is(name))?;
    Some((name, before.get(name)?.as_f64()?, new.as_f64()?))
}

/// The time of the last change that did not move although other members changed.
pub(super) fn stamp(before: &Value, after: &Value) -> Option<Implausible> {
    let (name, old, new) = both(before, after, is_stamp)?;
    let changed = after.as_object()?.iter().any(|(name, value)| !is_stamp(name) && before.get(name) != Some(value));
    let expected = format!("a time after {old}, since other members changed");
    (changed && new <= old).then(|| (format!("/{name}"), expected, new.to_string()))
}

/// The time of the creation that an update moved.
pub(super) fn birth(before: &Value, after: &Value) -> Option<Implausible> {
    let is_birth = |name: &str| ["CreatedTime", "CreatedAt", "CreatedOn", "CreateTime"].contains(&name);
    let (name, old, new) = both(before, after, is_birth)?;
    (old != new).then(|| (format!("/{name}"), format!("{old}, as before the update"), new.to_string()))
}

fn seconds(time: f64) -> String {
    format!("{time:.0}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    const INSTANCE: &str = "arn:aws:connect:us-west-2:123456789012:instance/1111";

    fn found(shape: &str, view: &Value) -> Vec<String> {
        let schema = Schema::connect();
        let members = schema[schema.shape_named(shape).unwrap()].kind.members().unwrap();
        let arns = ["arn".to_owned(), "rulearn".to_owned()];
        let life = Life {
            schema,
            began: now() - 10.0,
            id: "abcd",
            arns: &arns,
            chosen: &[],
            segment: None,
            instance: INSTANCE,
        };
        life.implausible(members, view).into_iter().map(|(pointer, ..)| pointer).collect()
    }

    #[test]
    fn times_must_lie_in_the_run() {
        let at = now();
        let rule = |created: f64, updated: f64| json!({"CreatedTime": created, "LastUpdatedTime": updated});
        assert!(found("Rule", &rule(at - 5.0, at)).is_empty());
        assert!(found("Rule", &rule(at - 200.0, at + 200.0)).is_empty(), "clocks differ");
        assert_eq!(found("Rule", &rule(at * 1000.0, at)), ["/CreatedTime"]);
        assert_eq!(found("Rule", &rule(at, at + 3600.0)), ["/LastUpdatedTime"]);
        assert_eq!(found("Rule", &rule(0.0, at)), ["/CreatedTime"]);
        assert_eq!(found("Rule", &rule(at, at - 5.0)), ["/LastUpdatedTime"]);
    }

    #[test]
    fn arns_must_be_those_of_the_resource() {
        let flow = |arn: &str| found("ContactFlow", &json!({ "Arn": arn }));
        assert!(flow(&format!("{INSTANCE}/contact-flow/abcd")).is_empty());
        assert_eq!(flow(&format!("{INSTANCE}/contact-flow/other")), ["/Arn"]);
        assert_eq!(flow("arn:aws:connect:us-west-2:999999999999:instance/1111/contact-flow/abcd"), ["/Arn"]);
        assert_eq!(flow("arn:aws:connect:us-west-2:123456789012:instance/2222/contact-flow/abcd"), ["/Arn"]);
        assert!(found("Rule", &json!({"LastUpdatedBy": "arn:aws:iam::123456789012:user/a"})).is_empty());
    }

    #[test]
    fn arns_must_name_the_kind() {
        let schema = Schema::connect();
        let segment = Some("agent");
        let life = Life { schema, began: now(), id: "abcd", arns: &[], chosen: &[], segment, instance: INSTANCE };
        assert!(life.foreign(&format!("{INSTANCE}/agent/abcd")).is_none());
        assert!(life.foreign(&format!("{INSTANCE}/user/abcd")).is_some());
        assert!(life.foreign(&format!("{INSTANCE}/agent-group/abcd")).is_some());
    }

    #[test]
    fn stamps_move_with_the_content() {
        let shown = |name: &str, at: f64| json!({"Name": name, "LastModifiedTime": at, "CreatedTime": 5.0});
        assert!(stamp(&shown("a", 10.0), &shown("b", 12.0)).is_none());
        assert!(stamp(&shown("a", 10.0), &shown("a", 10.0)).is_none(), "nothing changed");
        assert_eq!(stamp(&shown("a", 10.0), &shown("b", 10.0)).unwrap().0, "/LastModifiedTime");
        assert_eq!(stamp(&shown("a", 10.0), &shown("b", 9.0)).unwrap().0, "/LastModifiedTime");
    }

    #[test]
    fn updates_do_not_move_the_creation() {
        let shown = |at: f64| json!({"Name": "a", "CreatedTime": at});
        assert!(birth(&shown(1.5), &shown(1.5)).is_none());
        assert_eq!(birth(&shown(1.0), &shown(2.0)).unwrap().0, "/CreatedTime");
        assert!(birth(&json!({}), &shown(2.0)).is_none());
    }

    #[test]
    fn digests_follow_the_content() {
        let shown = |content: &str, digest: &str| json!({"Content": content, "FlowContentSha256": digest});
        assert!(digest(&shown("a", "1"), &shown("b", "2")).is_none());
        assert!(digest(&shown("a", "1"), &shown("b", "1")).is_some());
        assert!(digest(&shown("a", "1"), &shown("a", "2")).is_some());
        assert!(digest(&shown("a", "1"), &json!({"Content": "b"})).is_none());
    }
}
