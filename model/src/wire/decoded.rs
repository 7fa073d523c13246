//! Results of decoding: requests as a server reads them, responses and errors as a client reads them.

use serde_json::Value;

use crate::schema::ShapeId;

/// A request as decoded by a server.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedRequest {
    /// The input, without unknown members and nulls.
    pub value: Value,
    /// JSON Pointers of members in the body that are not in the model.
    pub unknown: Vec<String>,
}

/// A response as decoded by a tolerant client.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The output. Members of a wrong type and members that are not in the model are kept unchanged; nulls are kept only
    /// for required members, so that validation reports them.
    pub value: Value,
    /// Members that are not in the model: the first thousand. Pointers with very long keys are shortened and end in `/…`.
    pub unknown: Vec<Unknown>,
    /// Problems that the value does not show: headers and payloads that do not conform to the model.
    pub problems: Vec<DecodeProblem>,
}

/// A member that is not in the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// JSON Pointer into the body.
    pub pointer: String,
    /// JSON type of its value, with an article.
    pub holds: &'static str,
}

/// A part of a response outside of the JSON body that does not conform to the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeProblem {
    /// JSON Pointer of the output member.
    pub pointer: String,
    /// Kind of violation, as in validation.
    pub kind: &'static str,
    /// Type that the model requires.
    pub expected: String,
    /// Text that was received.
    pub actual: String,
}

/// An error response as decoded by a client.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedError {
    /// Name of the error, without namespace and address.
    pub code: Option<String>,
    /// `message` or `Message` of the body, if it is a string.
    pub message: Option<String>,
    /// HTTP status.
    pub status: u16,
    /// The modelled error, if the operation lists it.
    pub modelled: Option<ShapeId>,
    /// Members of the modelled error; otherwise the JSON body unchanged, or null if the body is not JSON.
    pub body: Value,
    /// True if the body is a JSON document.
    pub body_is_json: bool,
    /// Place where the name was found.
    pub source: NameSource,
}

/// The place of an error's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameSource {
    /// Header `x-amzn-errortype`.
    Header,
    /// Member `code` or `Code` of the body.
    Code,
    /// Member `__type` of the body.
    Type,
    /// The response has no name.
    None,
}
