//! Ids and ARNs of the emulated account: how they are made and which spellings of a reference are accepted. Knows
//! nothing of what exists.
//!
//! Forms: Connect API reference and service authorization reference. Ids are lower-case UUIDs; a label takes the id or the full ARN; flows and modules take a qualifier
//! behind either.

/// The instance that every emulator starts with.
pub const DEFAULT_INSTANCE_ID: &str = "0e7f4a52-6c1b-4d38-9a05-c0ffee5eed01";

/// Account, region and partition that ARNs speak of.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Region name, for example `us-east-1`.
    pub(crate) region: String,
    /// Twelve digits.
    pub(crate) account: String,
}

/// Kinds of resources that live in an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Family {
    Flow,
    Module,
    Rule,
}

impl Family {
    /// The path segment of its ARN.
    fn segment(self) -> &'static str {
        match self {
            Family::Flow => "contact-flow",
            Family::Module => "flow-module",
            Family::Rule => "rule",
        }
    }

    /// What messages call it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Family::Flow => "contact flow",
            Family::Module => "contact flow module",
            Family::Rule => "rule",
        }
    }

    fn of_segment(segment: &str) -> Option<Self> {
        [Family::Flow, Family::Module, Family::Rule].into_iter().find(|family| family.segment() == segment)
    }
}

/// Which content of a flow or module is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Qualifier {
    /// `$SAVED`: the draft.
    Saved,
    /// `$LATEST`, or none: what is published.
    Latest,
    /// A number: an immutable version.
    Version(i64),
}

/// What an ARN names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named<'a> {
    Instance(&'a str),
    Resource { instance: &'a str, family: Family, id: &'a str, qualifier: Qualifier },
}

impl Place {
    /// ARN of an instance.
    pub(crate) fn instance(&self, id: &str) -> String {
        format!("arn:aws:connect:{}:{}:instance/{id}", self.region, self.account)
    }

    /// ARN of something in an instance.
    pub(crate) fn resource(&self, instance: &str, family: Family, id: &str) -> String {
        format!("{}/{}/{id}", self.instance(instance), family.segment())
    }

    /// ARN of who changes things here: nobody signs in to an emulator.
    pub(crate) fn caller(&self) -> String {
        format!("arn:aws:iam::{}:user/emulator", self.account)
    }

    /// What an ARN of this account and region names; none for every other text.
    pub(crate) fn parse<'a>(&self, arn: &'a str) -> Option<Named<'a>> {
        let mut parts = arn.splitn(6, ':');
        let prefix = [parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?];
        if prefix != ["arn", "aws", "connect", self.region.as_str(), self.account.as_str()] {
            return None;
        }
        let mut path = parts.next()?.split('/');
        if path.next()? != "instance" {
            return None;
        }
        let instance = path.next()?;
        let Some(segment) = path.next() else { return Some(Named::Instance(instance)) };
        let (id, qualifier) = qualified(path.next()?)?;
        let family = Family::of_segment(segment)?;
        path.next().is_none().then_some(Named::Resource { instance, family, id, qualifier })
    }

    /// The id in an instance reference: a bare id or an ARN of ours.
    pub(crate) fn instance_id<'a>(&self, text: &'a str) -> Option<&'a str> {
        if !text.starts_with("arn:") {
            return Some(text);
        }
        match self.parse(text)? {
            Named::Instance(id) => Some(id),
            Named::Resource { .. } => None,
        }
    }

    /// Id and qualifier in a reference to something in `home`: a bare id, or an ARN of that instance and family.
    pub(crate) fn resource_id<'a>(&self, home: &str, wanted: Family, text: &'a str) -> Option<(&'a str, Qualifier)> {
        let (id, qualifier) = match self.parse(text) {
            Some(Named::Resource { instance, family, id, qualifier }) if instance == home && family == wanted => {
                (id, qualifier)
            }
            None if !text.starts_with("arn:") => qualified(text)?,
            _ => return None,
        };
        // Rules have one content only.
        (wanted != Family::Rule || text.rsplit('/').next() == Some(id)).then_some((id, qualifier))
    }
}

/// Splits `id:qualifier`.
fn qualified(text: &str) -> Option<(&str, Qualifier)> {
    let Some((id, qualifier)) = text.split_once(':') else { return Some((text, Qualifier::Latest)) };
    let qualifier = match qualifier {
        "$SAVED" => Qualifier::Saved,
        "$LATEST" => Qualifier::Latest,
        number => Qualifier::Version(number.parse().ok().filter(|version| *version >= 1)?),
    };
    Some((id, qualifier))
}

/// A UUID (version 4 in form) that depends on nothing but its arguments.
pub(crate) fn uuid(seed: u64, number: u64) -> String {
    let high = mix(seed ^ mix(number));
    let low = mix(high ^ number.wrapping_add(0x9e37_79b9_7f4a_7c15));
    let high = (high & 0xffff_ffff_ffff_0fff) | 0x4000;
    let low = (low & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

/// The finaliser of SplitMix64: spreads neighbouring numbers over the whole range.
pub(crate) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn place() -> Place {
        Place { region: "us-east-1".into(), account: "111122223333".into() }
    }

    #[test]
    fn arns_round_trip_and_strangers_are_refused() {
        let arn = place().resource("i", Family::Module, "m");
        assert_eq!(arn, "arn:aws:connect:us-east-1:111122223333:instance/i/flow-module/m");
        let expected = Named::Resource { instance: "i", family: Family::Module, id: "m", qualifier: Qualifier::Latest };
        assert_eq!(place().parse(&arn), Some(expected));
        for stranger in [
            "arn:aws:connect:eu-west-2:111122223333:instance/i",
            "arn:aws:connect:us-east-1:999999999999:instance/i",
            "arn:aws:connect:us-east-1:111122223333:instance/i/rule",
            "arn:aws:connect:us-east-1:111122223333:instance/i/rule/r/more",
            "arn:aws:connect:us-east-1:111122223333:instance/i/queue/q",
            "arn:",
            "",
        ] {
            assert_eq!(place().parse(stranger), None, "{stranger}");
        }
    }

    #[test]
    fn references_take_ids_arns_and_qualifiers() {
        let flow = place().resource("i", Family::Flow, "f");
        let id = |text: &str| place().resource_id("i", Family::Flow, text).map(|(id, q)| (id.to_owned(), q));
        assert_eq!(id("f"), Some(("f".into(), Qualifier::Latest)));
        assert_eq!(id("f:$SAVED"), Some(("f".into(), Qualifier::Saved)));
        assert_eq!(id(&format!("{flow}:$LATEST")), Some(("f".into(), Qualifier::Latest)));
        assert_eq!(id(&format!("{flow}:7")), Some(("f".into(), Qualifier::Version(7))));
        assert_eq!(id("f:0"), None);
        assert_eq!(place().resource_id("i", Family::Rule, "r:$SAVED"), None);
        assert!(place().resource_id("i", Family::Rule, "r").is_some());
        assert_eq!(id("f:$NEWEST"), None);
        assert_eq!(id(&place().resource("other", Family::Flow, "f")), None);
        assert_eq!(id(&place().resource("i", Family::Rule, "f")), None);
        assert_eq!(place().instance_id(&place().instance("i")), Some("i"));
        assert_eq!(place().instance_id(&flow), None);
    }

    #[test]
    fn uuids_have_their_form_and_differ() {
        let all: std::collections::HashSet<String> = (0..10_000).map(|number| uuid(7, number)).collect();
        assert_eq!(all.len(), 10_000);
        for id in all.iter().take(50) {
            assert_eq!(id.len(), 36);
            assert_eq!(&id[14..15], "4");
            assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"), "{id}");
        }
    }
}
