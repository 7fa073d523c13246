//! What can change between two models, and how grave each change is: one row per rule.

use serde::Serialize;

/// Whom a change breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// A caller that keeps the old contract may fail against a service that keeps the new one: its requests are refused
    /// or mean something else, or it cannot read the answers.
    BreakingForClients,
    /// A service that keeps the old contract may break the new one with an answer to a request that both allow.
    BreakingForServers,
    /// Neither; something can be said that could not be said before, or less is demanded.
    Compatible,
    /// Nothing that travels changes.
    Cosmetic,
}

impl Class {
    /// All classes, gravest first.
    pub const ALL: [Class; 4] =
        [Class::BreakingForClients, Class::BreakingForServers, Class::Compatible, Class::Cosmetic];

    /// One of the two breaking classes.
    pub fn is_breaking(self) -> bool {
        matches!(self, Class::BreakingForClients | Class::BreakingForServers)
    }

    /// Words for a heading.
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
        /// A rule by which a change is found and classed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = $meaning] $name,)*
        }

        impl Rule {
            /// Every rule, in the order of the table.
            pub const ALL: &'static [Rule] = &[$(Rule::$name),*];

            /// Stable id.
            pub fn id(self) -> &'static str {
                match self { $(Rule::$name => $id,)* }
            }

            /// Whom it breaks.
            pub fn class(self) -> Class {
                match self { $(Rule::$name => Class::$class,)* }
            }

            /// The change and why it is classed so, in a sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Rule::$name => $meaning,)* }
            }
        }
    };
}

rules! {
    ServiceChanged = "service-changed", BreakingForClients, "Version, signing name or host of the service changed: old requests go elsewhere.";
    OperationAdded = "operation-added", Compatible, "An operation was added.";
    OperationRemoved = "operation-removed", BreakingForClients, "An operation was removed.";
    MethodChanged = "method-changed", BreakingForClients, "The HTTP method changed.";
    PathChanged = "path-changed", BreakingForClients, "The path, its query literals or the host prefix changed.";
    StatusChanged = "status-changed", BreakingForClients, "The HTTP status of success changed.";
    InputMemberAdded = "input-member-added", Compatible, "An optional input member was added.";
    RequiredInputAdded = "required-input-added", BreakingForClients, "An input member was added that old requests lack and new ones need.";
    InputMemberRemoved = "input-member-removed", BreakingForClients, "An input member was removed: what old requests say is ignored.";
    OutputMemberAdded = "output-member-added", Compatible, "An output member was added; readers ignore what they do not know.";
    RequiredOutputAdded = "required-output-added", BreakingForServers, "An output member was added that every answer must have.";
    OutputMemberRemoved = "output-member-removed", BreakingForClients, "An output member was removed.";
    InputNowRequired = "input-now-required", BreakingForClients, "An input member became required.";
    InputNoLongerRequired = "input-no-longer-required", Compatible, "An input member became optional.";
    OutputNowRequired = "output-now-required", BreakingForServers, "An output member became required.";
    OutputNoLongerRequired = "output-no-longer-required", BreakingForClients, "An output member that readers relied on became optional.";
    InputConstraintTightened = "input-constraint-tightened", BreakingForClients, "Input that was allowed is refused.";
    InputConstraintLoosened = "input-constraint-loosened", Compatible, "Input that was refused is allowed.";
    InputPatternChanged = "input-pattern-changed", BreakingForClients, "A pattern of input changed, and refuses what it admitted, or nobody can tell.";
    OutputConstraintTightened = "output-constraint-tightened", BreakingForServers, "Output that was allowed no longer is.";
    OutputConstraintLoosened = "output-constraint-loosened", Compatible, "More output is allowed; readers do not enforce such constraints.";
    OutputPatternChanged = "output-pattern-changed", BreakingForServers, "A pattern of output changed, and admits what it did not, or nobody can tell.";
    OutputNullsAdmitted = "output-nulls-admitted", BreakingForClients, "A list or map of the output may hold nulls, which old readers drop or choke on.";
    InputValueAdded = "input-value-added", Compatible, "An enum value or union member is newly accepted.";
    InputValueRemoved = "input-value-removed", BreakingForClients, "An enum value or union member is no longer accepted.";
    OutputValueAdded = "output-value-added", Compatible, "An enum value or union member is newly given; readers must survive what they do not know.";
    OutputValueRemoved = "output-value-removed", BreakingForServers, "An enum value or union member must no longer be given.";
    TypeChanged = "type-changed", BreakingForClients, "A value has another type.";
    TimestampFormatChanged = "timestamp-format-changed", BreakingForClients, "An instant is written in another form.";
    JsonNameChanged = "json-name-changed", BreakingForClients, "A member has another key in JSON.";
    BindingChanged = "binding-changed", BreakingForClients, "A member travels in another place.";
    DefaultChanged = "default-changed", BreakingForClients, "A missing member reads as something else.";
    ErrorAdded = "error-added", Compatible, "An error was added; callers must survive errors that they do not know.";
    ErrorRemoved = "error-removed", BreakingForServers, "An error must no longer be given.";
    ErrorStatusChanged = "error-status-changed", BreakingForClients, "An error has another HTTP status or another side at fault.";
    PaginationAdded = "pagination-added", BreakingForClients, "The operation pages: old callers see the first page only.";
    PaginationRemoved = "pagination-removed", BreakingForClients, "The operation no longer pages.";
    PaginationChanged = "pagination-changed", BreakingForClients, "Pages are asked for or found differently.";
    IdempotencyGained = "idempotency-gained", Compatible, "Repeating a request became safe.";
    IdempotencyLost = "idempotency-lost", BreakingForClients, "Repeating a request is no longer safe.";
    PaginationDeclared = "pagination-declared", Cosmetic, "The model declares, or no longer declares, of pages what the members show anyway.";
    DeprecationChanged = "deprecation-changed", Cosmetic, "A mark of deprecation came or went.";
    SensitivityChanged = "sensitivity-changed", Cosmetic, "A mark of sensitive data came or went.";
    PatternRespelled = "pattern-respelled", Cosmetic, "A pattern is written in another way and admits the same texts.";
    ShapeRenamed = "shape-renamed", Cosmetic, "A shape has another name, which shows in generated code only.";
}
