//! The table of action types: rows in the order of the guide, then types in use that are not in it, then rejected
//! types.

use super::super::home::{Home, Homes};
use super::{Branch, Conditions, Form, Group, Need, Next, Parameter, Row, Standing, Use, When};
use crate::evidence::Evidence;
use crate::semantics::Confidence;

/// Facts in the guide.
const GUIDE: &[Evidence] = &[Evidence::documentation("Amazon Connect flow language guide")];
/// Observed behaviour where the guide is silent or wrong.
const SEEN: &[Evidence] = &[
    Evidence::captured("the behaviour of publication, from probes that three projects published in 2026"),
    Evidence::documentation("Amazon Connect flow language guide"),
];
/// Observed behaviour for types that are not, or no longer, in the guide.
const PROBED: &[Evidence] =
    &[Evidence::captured("accepted or refused by the service, from probes that projects published in 2026")];

const HOLDS: &[Home] = &[Home::CustomerHold, Home::AgentHold];
const WHISPERS_AND_HOLDS: &[Home] =
    &[Home::CustomerWhisper, Home::AgentWhisper, Home::OutboundWhisper, Home::CustomerHold, Home::AgentHold];
const WHISPERS_AND_QUEUE: Homes =
    Homes::of(&[Home::CustomerWhisper, Home::AgentWhisper, Home::OutboundWhisper, Home::CustomerQueue]);
const TRANSFERS: Homes = Homes::of(&[Home::AgentTransfer, Home::QueueTransfer]);

const fn required(name: &'static str, form: Form) -> Parameter {
    Parameter { name, need: Need::Required, form }
}

const fn optional(name: &'static str, form: Form) -> Parameter {
    Parameter { name, need: Need::Optional, form }
}

const fn must(error: &'static str) -> Branch {
    Branch { error, need: Need::Required }
}

const fn may(error: &'static str) -> Branch {
    Branch { error, need: Need::Optional }
}

const fn one_of(names: &'static [&'static str]) -> Group {
    Group { names, needed: true }
}

const fn most_one_of(names: &'static [&'static str]) -> Group {
    Group { names, needed: false }
}

/// A use with only the catch-all error and without conditions, as most types have it.
const USE: Use = Use {
    when: When::Always,
    parameters: &[],
    closed: false,
    groups: &[],
    errors: &[must("NoMatchingError")],
    only_errors: false,
    conditions: Conditions::Unsupported,
};

/// A use without errors and conditions.
const BARE: Use = Use { errors: &[], only_errors: true, ..USE };

/// A type with known rules.
const fn known(action: &'static str, forms: &'static [Use]) -> Row {
    Row {
        action,
        standing: Standing::Documented,
        homes: Homes::ALL,
        sure: Homes::ALL,
        next: Next::Needed,
        forms,
        stands_alone: true,
        evidence: SEEN,
        confidence: Confidence::Medium,
    }
}

/// A type that ends a flow.
const fn end(action: &'static str, homes: Homes) -> Row {
    Row { homes, sure: homes, next: Next::Nothing, ..known(action, &[Use { closed: true, ..BARE }]) }
}

/// A type with known rules that names a resource.
const fn resourceful(action: &'static str, forms: &'static [Use]) -> Row {
    Row { stands_alone: false, ..known(action, forms) }
}

/// A type with known rules except for the contents of its parameters: it is checked, and never generated.
const fn nested(action: &'static str, forms: &'static [Use]) -> Row {
    Row { sure: Homes::of(&[]), ..resourceful(action, forms) }
}

/// A type known only by name.
const fn named(action: &'static str) -> Row {
    Row { next: Next::Optional, stands_alone: false, evidence: GUIDE, ..known(action, &[]) }
}

/// A type that is accepted without being in the guide.
const fn accepted(action: &'static str) -> Row {
    Row { standing: Standing::Accepted, evidence: PROBED, ..named(action) }
}

/// A type that other sources name and the service rejects.
const fn refused(action: &'static str) -> Row {
    Row { standing: Standing::Refused, evidence: PROBED, ..named(action) }
}

const SPOKEN: &[&str] = &["Text", "SSML", "PromptId", "Media"];
const TARGET: &[Parameter] = &[optional("QueueId", Form::Id), optional("AgentId", Form::Id)];
const QUEUE_OR_AGENT: &[&str] = &["QueueId", "AgentId"];
const CATCH_ALL_OPTIONAL: &[Branch] = &[may("NoMatchingError")];
const FULL_OR_FAILED: &[Branch] = &[must("QueueAtCapacity"), must("NoMatchingError")];

/// All known action types. Each row has its evidence and confidence.
pub const ROWS: &[Row] = &[
    // Contact.
    named("CompleteOutboundCall"),
    named("CreateCase"),
    named("CreateTask"),
    named("CreateWisdomSession"),
    Row {
        homes: Homes::of(&[Home::CustomerQueue]),
        sure: Homes::of(&[Home::CustomerQueue]),
        ..resourceful(
            "DequeueContactAndTransferToQueue",
            &[Use { parameters: TARGET, groups: &[one_of(QUEUE_OR_AGENT)], errors: FULL_OR_FAILED, ..USE }],
        )
    },
    end("EndFlowModuleExecution", Homes::of(&[Home::Module])),
    named("GetCase"),
    Row { homes: Homes::of(&[Home::ContactFlow, Home::Module]), sure: Homes::of(&[]), ..named("InvokeFlowModule") },
    named("ResumeContact"),
    named("StartOutboundChatContact"),
    known("TagContact", &[Use { parameters: &[required("Tags", Form::Pairs(6))], ..USE }]),
    end("TransferContactToAgent", TRANSFERS),
    Row {
        sure: Homes::of(&[Home::ContactFlow, Home::QueueTransfer]),
        ..known("TransferContactToQueue", &[Use { closed: true, errors: FULL_OR_FAILED, ..USE }])
    },
    known("UntagContact", &[Use { parameters: &[required("TagKeys", Form::Texts)], ..USE }]),
    named("UpdateCase"),
    known(
        "UpdateContactAttributes",
        &[Use {
            parameters: &[
                required("Attributes", Form::Pairs(usize::MAX)),
                optional("TargetContact", Form::Words(&["Current", "Related"])),
            ],
            ..USE
        }],
    ),
    known(
        "UpdateContactCallbackNumber",
        &[Use {
            parameters: &[required("CallbackNumber", Form::Path)],
            errors: &[must("InvalidCallbackNumber"), must("CallbackNumberNotDialable")],
            only_errors: true,
            ..USE
        }],
    ),
    named("UpdateContactData"),
    resourceful(
        "UpdateContactEventHooks",
        &[Use {
            parameters: &[required(
                "EventHooks",
                Form::OneHook(&[
                    "AgentHold",
                    "AgentWhisper",
                    "CustomerHold",
                    "CustomerQueue",
                    "CustomerRemaining",
                    "CustomerWhisper",
                    "DefaultAgentUI",
                    "DisconnectAgentUI",
                    "PauseContact",
                    "ResumeContact",
                ]),
            )],
            ..USE
        }],
    ),
    named("UpdateContactMediaProcessing"),
    named("UpdateContactMediaStreamingBehavior"),
    nested(
        "UpdateContactRecordingAndAnalyticsBehavior",
        &[Use {
            parameters: &[
                optional("VoiceBehavior", Form::Object(&[])),
                optional("ChatBehavior", Form::Object(&[])),
                optional("ScreenRecordingBehavior", Form::Object(&[])),
            ],
            groups: &[one_of(&["VoiceBehavior", "ChatBehavior", "ScreenRecordingBehavior"])],
            errors: &[
                must("NoMatchingError"),
                must("ChannelMismatch"),
                Branch { error: "InFlightRedactionConfigurationFailed", need: Need::RequiredWith("/ChatBehavior") },
            ],
            ..USE
        }],
    ),
    nested(
        "UpdateContactRecordingBehavior",
        &[Use { parameters: &[required("RecordingBehavior", Form::Object(&[]))], ..BARE }],
    ),
    known(
        "UpdateContactRoutingBehavior",
        &[Use {
            parameters: &[
                optional("QueuePriority", Form::Number(0, u64::MAX)),
                optional("QueueTimeAdjustmentSeconds", Form::Any),
            ],
            groups: &[one_of(&["QueuePriority", "QueueTimeAdjustmentSeconds"])],
            ..BARE
        }],
    ),
    resourceful("UpdateContactTargetQueue", &[Use { parameters: TARGET, groups: &[one_of(QUEUE_OR_AGENT)], ..USE }]),
    Row {
        sure: Homes::of(&[Home::ContactFlow, Home::CustomerQueue, Home::AgentTransfer, Home::QueueTransfer]),
        ..resourceful(
            "UpdateContactTextToSpeechVoice",
            &[Use {
                parameters: &[required("TextToSpeechVoice", Form::TextLike(&["Joanna", "Matthew"]))],
                errors: CATCH_ALL_OPTIONAL,
                ..USE
            }],
        )
    },
    named("UpdatePreviousContactParticipantState"),
    // Flow control.
    known(
        "CheckHoursOfOperation",
        &[Use {
            parameters: &[optional("HoursOfOperationId", Form::Id)],
            only_errors: true,
            conditions: Conditions::Words(&["True", "False"]),
            ..USE
        }],
    ),
    resourceful(
        "CheckMetricData",
        &[Use {
            parameters: &[
                required("MetricType", Form::Id),
                optional("QueueId", Form::Id),
                optional("AgentId", Form::Id),
            ],
            groups: &[most_one_of(QUEUE_OR_AGENT)],
            errors: &[must("NoMatchingCondition"), must("NoMatchingError")],
            conditions: Conditions::Any(1),
            ..USE
        }],
    ),
    named("CheckOutboundCallStatus"),
    named("CheckVoiceId"),
    known(
        "Compare",
        &[Use {
            parameters: &[required("ComparisonValue", Form::Path)],
            errors: &[must("NoMatchingCondition")],
            only_errors: true,
            conditions: Conditions::Any(0),
            ..USE
        }],
    ),
    known(
        "DistributeByPercentage",
        &[Use { closed: true, errors: &[must("NoMatchingCondition")], conditions: Conditions::Percentages, ..USE }],
    ),
    end("EndFlowExecution", WHISPERS_AND_QUEUE),
    named("GetMetricData"),
    known(
        "Loop",
        &[Use {
            parameters: &[required("LoopCount", Form::Number(0, 100))],
            errors: CATCH_ALL_OPTIONAL,
            conditions: Conditions::Words(&["ContinueLooping", "DoneLooping"]),
            ..USE
        }],
    ),
    named("StartVoiceIdStream"),
    named("TransferToFlow"),
    known("UpdateFlowAttributes", &[Use { parameters: &[required("FlowAttributes", Form::Wrapped)], ..USE }]),
    known(
        "UpdateFlowLoggingBehavior",
        &[Use { parameters: &[required("FlowLoggingBehavior", Form::Words(&["Enabled", "Disabled"]))], ..BARE }],
    ),
    named("UpdateRoutingCriteria"),
    Row {
        sure: Homes::of(&[Home::ContactFlow]),
        ..known(
            "Wait",
            &[Use {
                parameters: &[
                    required("TimeLimitSeconds", Form::Number(0, 604_800)),
                    optional("Events", Form::Texts),
                    Parameter { name: "TimeoutSeconds", need: Need::Refused, form: Form::Any },
                ],
                errors: &[must("NoMatchingError"), may("ParticipantNotFound")],
                conditions: Conditions::Events,
                ..USE
            }],
        )
    },
    // Interactions.
    named("AssociateContactToCustomerProfile"),
    resourceful(
        "CreateCallbackContact",
        &[Use {
            parameters: &[
                required("InitialCallDelaySeconds", Form::NumberText(0, u64::MAX)),
                required("MaximumConnectionAttempts", Form::NumberText(0, u64::MAX)),
                required("RetryDelaySeconds", Form::NumberText(0, u64::MAX)),
            ],
            ..USE
        }],
    ),
    named("CreateCustomerProfile"),
    named("GetCalculatedAttributesForCustomerProfile"),
    named("GetCustomerProfile"),
    named("GetCustomerProfileObject"),
    resourceful(
        "InvokeLambdaFunction",
        // Asynchronous ones may take longer. Source: admin guide, AWS Lambda function block, since July 2025.
        &[
            Use {
                when: When::Is("InvocationType", "ASYNCHRONOUS"),
                parameters: &[
                    required("LambdaFunctionARN", Form::Id),
                    optional("InvocationTimeLimitSeconds", Form::Number(1, 60)),
                    required("InvocationType", Form::TextLike(&["ASYNCHRONOUS"])),
                ],
                ..USE
            },
            Use {
                parameters: &[
                    required("LambdaFunctionARN", Form::Id),
                    optional("InvocationTimeLimitSeconds", Form::Number(1, 8)),
                    optional("InvocationType", Form::Text),
                ],
                ..USE
            },
        ],
    ),
    named("UpdateCustomerProfile"),
    // Participant.
    Row {
        homes: Homes::but(WHISPERS_AND_HOLDS),
        sure: Homes::of(&[Home::ContactFlow, Home::CustomerQueue, Home::AgentTransfer, Home::QueueTransfer]),
        ..resourceful(
            "ConnectParticipantWithLexBot",
            &[Use {
                parameters: &[
                    optional("LexV2Bot", Form::Object(&[("AliasArn", "$.Attributes.contractTestId")])),
                    optional("LexBot", Form::Object(&[])),
                    optional("Text", Form::Text),
                    optional("SSML", Form::Ssml),
                    optional("PromptId", Form::Id),
                ],
                groups: &[one_of(&["LexV2Bot", "LexBot"]), most_one_of(&["Text", "SSML", "PromptId"])],
                errors: &[may("InputTimeLimitExceeded"), must("NoMatchingCondition"), must("NoMatchingError")],
                conditions: Conditions::Any(0),
                ..USE
            }],
        )
    },
    Row { sure: Homes::but(WHISPERS_AND_HOLDS), ..end("DisconnectParticipant", Homes::ALL) },
    Row {
        homes: Homes::but(WHISPERS_AND_HOLDS),
        sure: Homes::of(&[Home::ContactFlow, Home::CustomerQueue, Home::AgentTransfer, Home::QueueTransfer]),
        ..known(
            "GetParticipantInput",
            &[
                Use {
                    when: When::Is("StoreInput", "True"),
                    parameters: &[
                        required("StoreInput", Form::Words(&["True"])),
                        required(
                            "InputValidation",
                            Form::OneOf(&["CustomValidation", "PhoneNumberValidation"], &[("MaximumLength", "10")]),
                        ),
                        optional("InputTimeLimitSeconds", Form::Number(1, u64::MAX)),
                        optional("Text", Form::Text),
                        optional("SSML", Form::Ssml),
                        optional("PromptId", Form::Id),
                        optional("Media", Form::Object(&[])),
                    ],
                    groups: &[most_one_of(SPOKEN)],
                    errors: &[
                        must("NoMatchingError"),
                        Branch {
                            error: "InvalidPhoneNumber",
                            need: Need::RequiredWith("/InputValidation/PhoneNumberValidation"),
                        },
                        Branch { error: "InputTimeLimitExceeded", need: Need::Refused },
                        Branch { error: "NoMatchingCondition", need: Need::Refused },
                    ],
                    ..USE
                },
                Use {
                    parameters: &[
                        required("InputTimeLimitSeconds", Form::Number(1, u64::MAX)),
                        optional("StoreInput", Form::Words(&["False"])),
                        Parameter { name: "InputValidation", need: Need::Refused, form: Form::Any },
                        optional("Text", Form::Text),
                        optional("SSML", Form::Ssml),
                        optional("PromptId", Form::Id),
                        optional("Media", Form::Object(&[])),
                    ],
                    groups: &[most_one_of(SPOKEN)],
                    errors: &[must("InputTimeLimitExceeded"), must("NoMatchingCondition"), must("NoMatchingError")],
                    conditions: Conditions::Keys,
                    ..USE
                },
            ],
        )
    },
    Row {
        sure: Homes::but(HOLDS),
        ..known(
            "MessageParticipant",
            &[Use {
                parameters: &[
                    optional("Text", Form::Text),
                    optional("SSML", Form::Ssml),
                    optional("PromptId", Form::Id),
                    optional("Media", Form::Object(&[])),
                ],
                groups: &[one_of(SPOKEN)],
                errors: CATCH_ALL_OPTIONAL,
                ..USE
            }],
        )
    },
    Row {
        homes: Homes::of(&[Home::CustomerQueue, Home::CustomerHold, Home::AgentHold]),
        sure: Homes::of(&[Home::CustomerQueue, Home::CustomerHold, Home::AgentHold]),
        next: Next::Optional,
        ..known(
            "MessageParticipantIteratively",
            &[Use {
                parameters: &[
                    required("Messages", Form::Messages),
                    optional("InterruptFrequencySeconds", Form::Number(1, u64::MAX)),
                ],
                errors: CATCH_ALL_OPTIONAL,
                conditions: Conditions::Interrupts,
                ..USE
            }],
        )
    },
    resourceful(
        "ShowView",
        &[Use {
            parameters: &[
                required("ViewResource", Form::Object(&[("Id", "$.Attributes.contractTestId")])),
                optional("InvocationTimeLimitSeconds", Form::Number(1, u64::MAX)),
            ],
            errors: &[must("NoMatchingCondition"), must("NoMatchingError"), must("TimeLimitExceeded")],
            conditions: Conditions::Any(0),
            ..USE
        }],
    ),
    // In use, but not in the guide.
    accepted("AuthenticateParticipant"),
    accepted("CheckSegmentMembership"),
    accepted("ConnectParticipantWithAgenticCX"),
    accepted("CreateContact"),
    accepted("CreatePersistentContactAssociation"),
    accepted("EvaluateDataTableValues"),
    accepted("LoadContactContent"),
    accepted("RenderMessageTemplate"),
    accepted("RouteContactToAgent"),
    accepted("StartOutboundEmailContact"),
    accepted("TransferParticipantToThirdParty"),
    accepted("UpdateContactRoutingCriteria"),
    // Rejected as unknown: the guide's spelling of UntagContact, and names from other sources.
    refused("UnTagContact"),
    refused("TransferToAgent"),
    refused("CheckStaffing"),
    refused("SetLoggingBehavior"),
    refused("PlayPrompt"),
];
