//! ARNs of the emulated account, and the accepted spellings of a reference. Does not know what exists.
//!
//! Forms: Connect API reference and service authorization reference. A label accepts the id or the full ARN; flows and
//! modules accept a qualifier after either.

/// Region and account that ARNs are built from.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// Region name, for example `us-east-1`.
    pub(crate) region: String,
    /// Account id, twelve digits.
    pub(crate) id: String,
}

/// Kinds of resources inside an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum ResourceKind {
    Flow,
    Module,
    Rule,
    /// Another kind, by its noun in the resource graph.
    Other(&'static str),
}

impl ResourceKind {
    /// The kinds that have handlers.
    const ALL: [Self; 3] = [Self::Flow, Self::Module, Self::Rule];

    /// The name in messages.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Flow => "contact flow",
            Self::Module => "contact flow module",
            Self::Rule => "rule",
            Self::Other(noun) => noun,
        }
    }

    /// The path segment in an ARN.
    fn segment(self) -> &'static str {
        match self {
            Self::Flow => "contact-flow",
            Self::Module => "flow-module",
            Self::Rule => "rule",
            Self::Other(noun) => noun,
        }
    }

    fn of_segment(segment: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.segment() == segment)
    }
}

/// The content of a flow or module that a reference selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Qualifier {
    /// `$SAVED`: the draft.
    Saved,
    /// `$LATEST`, or no qualifier: the published content.
    Latest,
    /// A number: an immutable version.
    Version(i64),
}

/// The resource that an ARN names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArnTarget<'a> {
    Instance(&'a str),
    Resource { instance: &'a str, kind: ResourceKind, id: &'a str, qualifier: Qualifier },
}

impl Account {
    /// ARN of an instance.
    pub(crate) fn instance(&self, id: &str) -> String {
        format!("arn:aws:connect:{}:{}:instance/{id}", self.region, self.id)
    }

    /// ARN of a resource in an instance.
    pub(crate) fn resource(&self, instance: &str, kind: ResourceKind, id: &str) -> String {
        format!("{}/{}/{id}", self.instance(instance), kind.segment())
    }

    /// ARN of the caller. Always the same one: the emulator has no users.
    pub(crate) fn caller(&self) -> String {
        format!("arn:aws:iam::{}:user/emulator", self.id)
    }

    /// Parses an ARN of this account and region. None for any other text.
    pub(crate) fn parse<'a>(&self, arn: &'a str) -> Option<ArnTarget<'a>> {
        let mut parts = arn.splitn(6, ':');
        let prefix = [parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?];
        if prefix != ["arn", "aws", "connect", self.region.as_str(), self.id.as_str()] {
            return None;
        }
        let mut path = parts.next()?.split('/');
        if path.next()? != "instance" {
            return None;
        }
        let instance = path.next()?;
        let Some(segment) = path.next() else { return Some(ArnTarget::Instance(instance)) };
        let (id, qualifier) = split_qualifier(path.next()?)?;
        let kind = ResourceKind::of_segment(segment)?;
        path.next().is_none().then_some(ArnTarget::Resource { instance, kind, id, qualifier })
    }

    /// The id in a reference to an instance: a bare id, or an ARN of this account.
    pub(crate) fn instance_id<'a>(&self, text: &'a str) -> Option<&'a str> {
        if !text.starts_with("arn:") {
            return Some(text);
        }
        match self.parse(text)? {
            ArnTarget::Instance(id) => Some(id),
            ArnTarget::Resource { .. } => None,
        }
    }

    /// Id and qualifier in a reference to a resource of `instance`: a bare id, or an ARN of that instance and kind.
    pub(crate) fn resource_id<'a>(
        &self,
        instance: &str,
        kind: ResourceKind,
        text: &'a str,
    ) -> Option<(&'a str, Qualifier)> {
        let (id, qualifier) = match self.parse(text) {
            Some(ArnTarget::Resource { instance: home, kind: found, id, qualifier })
                if home == instance && found == kind =>
            {
                (id, qualifier)
            }
            None if !text.starts_with("arn:") => split_qualifier(text)?,
            _ => return None,
        };
        // Rules accept no qualifier.
        (kind != ResourceKind::Rule || text.rsplit('/').next() == Some(id)).then_some((id, qualifier))
    }
}

/// Splits `id:qualifier`.
fn split_qualifier(text: &str) -> Option<(&str, Qualifier)> {
    let Some((id, qualifier)) = text.split_once(':') else { return Some((text, Qualifier::Latest)) };
    let qualifier = match qualifier {
        "$SAVED" => Qualifier::Saved,
        "$LATEST" => Qualifier::Latest,
        number => Qualifier::Version(number.parse().ok().filter(|version| *version >= 1)?),
    };
    Some((id, qualifier))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn account() -> Account {
        Account { region: "us-east-1".into(), id: "111122223333".into() }
    }

    #[test]
    fn arns_round_trip_and_foreign_ones_are_rejected() {
        let arn = account().resource("i", ResourceKind::Module, "m");
        assert_eq!(arn, "arn:aws:connect:us-east-1:111122223333:instance/i/flow-module/m");
        let (kind, qualifier) = (ResourceKind::Module, Qualifier::Latest);
        let expected = ArnTarget::Resource { instance: "i", kind, id: "m", qualifier };
        assert_eq!(account().parse(&arn), Some(expected));
        for foreign in [
            "arn:aws:connect:eu-west-2:111122223333:instance/i",
            "arn:aws:connect:us-east-1:999999999999:instance/i",
            "arn:aws:connect:us-east-1:111122223333:instance/i/rule",
            "arn:aws:connect:us-east-1:111122223333:instance/i/rule/r/more",
            "arn:aws:connect:us-east-1:111122223333:instance/i/queue/q",
            "arn:",
            "",
        ] {
            assert_eq!(account().parse(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn references_accept_ids_arns_and_qualifiers() {
        let flow = account().resource("i", ResourceKind::Flow, "f");
        let id = |text: &str| account().resource_id("i", ResourceKind::Flow, text).map(|(id, q)| (id.to_owned(), q));
        assert_eq!(id("f"), Some(("f".into(), Qualifier::Latest)));
        assert_eq!(id("f:$SAVED"), Some(("f".into(), Qualifier::Saved)));
        assert_eq!(id(&format!("{flow}:$LATEST")), Some(("f".into(), Qualifier::Latest)));
        assert_eq!(id(&format!("{flow}:7")), Some(("f".into(), Qualifier::Version(7))));
        assert_eq!(id("f:0"), None);
        assert_eq!(account().resource_id("i", ResourceKind::Rule, "r:$SAVED"), None);
        assert!(account().resource_id("i", ResourceKind::Rule, "r").is_some());
        assert_eq!(id("f:$NEWEST"), None);
        assert_eq!(id(&account().resource("other", ResourceKind::Flow, "f")), None);
        assert_eq!(id(&account().resource("i", ResourceKind::Rule, "f")), None);
        assert_eq!(account().instance_id(&account().instance("i")), Some("i"));
        assert_eq!(account().instance_id(&flow), None);
    }
}
