//! Names of operations as verbs and nouns, and names of members. Knows no model.

/// Verbs that make a resource, each with the verbs that take it away, the commonest first.
pub(super) const MAKERS: &[(&str, &[&str])] = &[
    ("Create", &["Delete"]),
    ("Claim", &["Release"]),
    ("Register", &["Deregister", "Unregister"]),
    ("Associate", &["Disassociate"]),
    ("Attach", &["Detach"]),
    ("Add", &["Remove", "Delete"]),
    ("Enable", &["Disable"]),
    ("Start", &["Delete"]),
    ("Import", &["Delete"]),
    ("Put", &["Delete", "Remove"]),
];

/// Verbs that show one resource.
pub(super) const SHOWERS: &[&str] = &["Describe", "Get"];

/// Verbs that show many resources. A plural follows them.
pub(super) const LISTERS: &[&str] = &["List", "Search", "Describe", "Get", "BatchGet", "BatchDescribe"];

/// Verbs that change a resource.
pub(super) const CHANGERS: &[&str] = &["Update", "Modify", "Set", "Put"];

/// Members of many kinds, whose name says nothing about the kind.
pub(super) const COMMON: &[&str] = &[
    "name",
    "id",
    "arn",
    "identifier",
    "resourcearn",
    "resourceid",
    "resourceidentifier",
    "version",
    "key",
    "type",
    "associationid",
    "value",
];

/// Endings of the names of members that tell items of a list apart, in lower case, the best first.
pub const IDENTITIES: [&str; 5] = ["arn", "id", "name", "key", "index"];

/// True for the name of a member that names something by its id or ARN.
pub fn is_reference(member: &str) -> bool {
    const ENDS: [&str; 10] = ["Id", "Ids", "ID", "IDs", "Arn", "Arns", "ARN", "ARNs", "Identifier", "Identifiers"];
    ENDS.iter().any(|end| member.ends_with(end))
        || ["id", "ids", "arn", "arns", "identifier", "identifiers"].contains(&member)
}

/// The noun of an operation with one of these verbs.
pub(super) fn noun<'n>(operation: &'n str, verb: &str) -> Option<&'n str> {
    operation.strip_prefix(verb).filter(|noun| noun.starts_with(|c: char| c.is_ascii_uppercase()))
}

/// The noun of an operation with any verb: what follows its first word.
pub fn object(operation: &str) -> &str {
    let verb = operation.trim_start_matches(|c: char| c.is_ascii_uppercase());
    verb.trim_start_matches(|c: char| !c.is_ascii_uppercase())
}

/// Plurals of a noun.
pub fn plurals(noun: &str) -> Vec<String> {
    let stem = noun.strip_suffix('y').map(|stem| format!("{stem}ies"));
    let halves = noun.strip_suffix('f').map(|stem| format!("{stem}ves"));
    let all = [format!("{noun}s"), format!("{noun}es")].into_iter().chain(stem).chain(halves);
    all.flat_map(|plural| [format!("{plural}V2"), plural]).collect()
}

/// The tails of a noun, the whole first: `UserHierarchyGroup`, `HierarchyGroup`, `Group`.
pub fn tails(noun: &str) -> impl Iterator<Item = &str> {
    let starts = noun.char_indices().filter(|(_, c)| c.is_ascii_uppercase()).map(|(at, _)| at);
    starts.map(|at| &noun[at..])
}

/// The heads of a noun, the longest first, without the whole: `UserHierarchy`, `User`.
pub(super) fn heads(noun: &str) -> impl Iterator<Item = &str> {
    let ends = noun.char_indices().skip(1).filter(|(_, c)| c.is_ascii_uppercase()).map(|(at, _)| at);
    ends.map(|at| &noun[..at]).collect::<Vec<_>>().into_iter().rev()
}

/// A noun in words: `hours of operation`.
pub fn in_words(noun: &str) -> String {
    let mut words = String::new();
    let mut before = ' ';
    for c in noun.chars() {
        if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
        before = c;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nouns_have_plurals_tails_and_words() {
        assert_eq!(noun("CreateQueue", "Create"), Some("Queue"));
        assert_eq!(noun("Created", "Create"), None);
        assert_eq!(object("UpdateQueueName"), "QueueName");
        assert!(plurals("Vocabulary").contains(&"Vocabularies".to_owned()));
        assert!(plurals("PhoneNumber").contains(&"PhoneNumbersV2".to_owned()));
        assert_eq!(tails("UserHierarchyGroup").collect::<Vec<_>>(), ["UserHierarchyGroup", "HierarchyGroup", "Group"]);
        assert_eq!(in_words("HoursOfOperation"), "hours of operation");
        assert!(["QueueId", "resourceARN", "flowArns", "id", "domainIdentifier"].iter().all(|name| is_reference(name)));
        assert!(["paid", "Name", "Grid", "ArnFormat"].iter().all(|name| !is_reference(name)));
        assert_eq!(in_words("RestApi"), "rest api");
    }
}
