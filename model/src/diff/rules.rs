//! Rules: the changes that can occur between two models, with the class of each.

use serde::Serialize;

/// Compatibility class of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// A client of the old contract may fail against a service of the new one: its requests are rejected or change their
    /// meaning, or it cannot read the responses.
    BreakingForClients,
    /// A service of the old contract may violate the new one, with a response to a request that both allow.
    BreakingForServers,
    /// Neither breaks: more is allowed, or less is required.
    Compatible,
    /// Nothing changes on the wire.
    Cosmetic,
}

impl Class {
    /// All classes, most severe first.
    pub const ALL: [Class; 4] =
        [Class::BreakingForClients, Class::BreakingForServers, Class::Compatible, Class::Cosmetic];

    /// Returns true for the two breaking classes.
    pub fn is_breaking(self) -> bool {
        matches!(self, Class::BreakingForClients | Class::BreakingForServers)
    }

    /// Returns a heading.
    pub fn title(self) -> &'static str {
        match self {
            Class::BreakingForClients => "Breaking for clients",
            Class::BreakingForServers => "Breaking for servers",
            Class::Compatible => "Compatible",
            Class::Cosmetic => "Cosmetic",
        }
    }
}

macro_rules! rules {
    ($($name:ident = $id:literal, $class:ident, $meaning:literal;)*) => {
        /// A rule that detects and classifies a change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = $meaning] $name,)*
        }

        impl Rule {
            /// All rules, in the order of the table.
            pub const ALL: &'static [Rule] = &[$(Rule::$name),*];

            /// Returns the stable id.
            pub fn id(self) -> &'static str {
                match self { $(Rule::$name => $id,)* }
            }

            /// Returns the compatibility class.
            pub fn class(self) -> Class {
                match self { $(Rule::$name => Class::$class,)* }
            }

            /// Returns the change and the reason for its class, in a sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Rule::$name => $meaning,)* }
            }
        }
    };
}

rules! {
    ServiceChanged = "service-changed", BreakingForClients, "The version, signing name or host of the service changed: old requests go to the wrong place.";
    OperationAdded = "operation-added", Compatible, "An operation was added.";
    OperationRemoved = "operation-removed", BreakingForClients, "An operation was removed.";
    MethodChanged = "method-changed", BreakingForClients, "The HTTP method changed.";
    PathChanged = "path-changed", BreakingForClients, "The path, its query literals or the host prefix changed.";
    StatusChanged = "status-changed", BreakingForClients, "The HTTP status of a successful response changed.";
    InputMemberAdded = "input-member-added", Compatible, "An optional input member was added.";
    RequiredInputAdded = "required-input-added", BreakingForClients, "A required input member was added, which old requests do not have.";
    InputMemberRemoved = "input-member-removed", BreakingForClients, "An input member was removed: its value in old requests is ignored.";
    OutputMemberAdded = "output-member-added", Compatible, "An output member was added; clients ignore unknown members.";
    RequiredOutputAdded = "required-output-added", BreakingForServers, "A required output member was added, which every response must have.";
    OutputMemberRemoved = "output-member-removed", BreakingForClients, "An output member was removed.";
    InputNowRequired = "input-now-required", BreakingForClients, "An input member became required.";
    InputNoLongerRequired = "input-no-longer-required", Compatible, "An input member became optional.";
    OutputNowRequired = "output-now-required", BreakingForServers, "An output member became required.";
    OutputNoLongerRequired = "output-no-longer-required", BreakingForClients, "An output member that clients rely on became optional.";
    InputConstraintTightened = "input-constraint-tightened", BreakingForClients, "Input that was allowed is rejected.";
    InputConstraintLoosened = "input-constraint-loosened", Compatible, "Input that was rejected is allowed.";
    InputPatternChanged = "input-pattern-changed", BreakingForClients, "An input pattern changed and rejects strings that it matched, or this could not be determined.";
    OutputConstraintTightened = "output-constraint-tightened", BreakingForServers, "Output that was allowed is no longer allowed.";
    OutputConstraintLoosened = "output-constraint-loosened", Compatible, "More output is allowed; clients do not enforce such constraints.";
    OutputPatternChanged = "output-pattern-changed", BreakingForServers, "An output pattern changed and matches strings that it did not match, or this could not be determined.";
    OutputNullsAdmitted = "output-nulls-admitted", BreakingForClients, "A list or map of the output may contain nulls, which old clients drop or fail on.";
    InputValueAdded = "input-value-added", Compatible, "An enum value or union member is newly accepted.";
    InputValueRemoved = "input-value-removed", BreakingForClients, "An enum value or union member is no longer accepted.";
    OutputValueAdded = "output-value-added", Compatible, "An enum value or union member can newly occur; clients must tolerate unknown ones.";
    OutputValueRemoved = "output-value-removed", BreakingForServers, "An enum value or union member must no longer occur.";
    TypeChanged = "type-changed", BreakingForClients, "The type of a value changed.";
    TimestampFormatChanged = "timestamp-format-changed", BreakingForClients, "The format of a timestamp changed.";
    JsonNameChanged = "json-name-changed", BreakingForClients, "The JSON key of a member changed.";
    BindingChanged = "binding-changed", BreakingForClients, "The place of a member in the message changed.";
    DefaultChanged = "default-changed", BreakingForClients, "The default of an absent member changed.";
    ErrorAdded = "error-added", Compatible, "An error was added; clients must tolerate unknown errors.";
    ErrorRemoved = "error-removed", BreakingForServers, "An error must no longer occur.";
    ErrorStatusChanged = "error-status-changed", BreakingForClients, "The HTTP status of an error, or the side at fault, changed.";
    PaginationAdded = "pagination-added", BreakingForClients, "The operation became paginated: old clients see only the first page.";
    PaginationRemoved = "pagination-removed", BreakingForClients, "The operation is no longer paginated.";
    PaginationChanged = "pagination-changed", BreakingForClients, "The members for tokens, items or page size changed.";
    IdempotencyGained = "idempotency-gained", Compatible, "It became safe to repeat a request.";
    IdempotencyLost = "idempotency-lost", BreakingForClients, "It is no longer safe to repeat a request.";
    PaginationDeclared = "pagination-declared", Cosmetic, "The declared pagination changed, but not the pagination that the members show.";
    DeprecationChanged = "deprecation-changed", Cosmetic, "The deprecated trait was added or removed.";
    SensitivityChanged = "sensitivity-changed", Cosmetic, "The sensitive trait was added or removed.";
    PatternRespelled = "pattern-respelled", Cosmetic, "A pattern was rewritten and matches the same strings.";
    ShapeRenamed = "shape-renamed", Cosmetic, "A shape was renamed, which shows only in generated code.";
}
