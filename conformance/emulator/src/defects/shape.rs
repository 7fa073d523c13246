//! Defects: malformed answers.

use connect_model::schema::Kind;
use serde_json::{Value, json};

use crate::defects::edits::{double, drop_required, edit, lengthen};
use crate::defects::hooks::{on_body, on_response};
use crate::defects::{Defect, Family};

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "timestamp-iso",
        family: Family::Shape,
        summary: "timestamps in bodies are ISO 8601 strings instead of epoch seconds",
        kills: &["shape.timestamp-format"],
        may: &[],
        seams: || {
            on_body(|scene, body| {
                edit(scene, body, |kind, value| {
                    if matches!(kind, Kind::Timestamp) && value.is_number() {
                        *value = json!("2024-05-14T08:00:00Z");
                    }
                });
            })
        },
    },
    Defect {
        id: "missing-required-output",
        family: Family::Shape,
        summary: "the first required member of an answer is missing",
        kills: &["shape.required"],
        may: &["pagination.complete"],
        seams: || {
            on_body(|scene, body| {
                if let Some(shape) = scene.operation.and_then(|operation| operation.output) {
                    drop_required(scene.schema, shape, body);
                }
            })
        },
    },
    Defect {
        id: "number-as-string",
        family: Family::Shape,
        summary: "numbers in answers are strings",
        kills: &["shape.type"],
        may: &[],
        seams: || {
            on_body(|scene, body| {
                edit(scene, body, |kind, value| {
                    if matches!(kind, Kind::Number(_)) && value.is_number() {
                        *value = Value::String(value.to_string());
                    }
                });
            })
        },
    },
    Defect {
        id: "plain-body-says-gzip",
        family: Family::Shape,
        summary: "successes say that their body is compressed, and it is not",
        kills: &["shape.body-headers"],
        may: &[],
        seams: || {
            on_response(|scene, response| {
                if scene.error.is_none() {
                    response.headers.set("content-encoding", "gzip");
                }
            })
        },
    },
    Defect {
        id: "charset-utf-16",
        family: Family::Shape,
        summary: "the content type of successes says that they are in UTF-16",
        kills: &["shape.content-type"],
        may: &[],
        seams: || {
            on_response(|scene, response| {
                if scene.error.is_none() && !response.body.is_empty() {
                    response.headers.set("content-type", "application/json; charset=utf-16");
                }
            })
        },
    },
    Defect {
        id: "two-content-types",
        family: Family::Shape,
        summary: "successes have a second content type",
        kills: &["shape.body-headers"],
        may: &[],
        seams: || {
            on_response(|scene, response| {
                if scene.error.is_none() && !response.body.is_empty() {
                    response.headers.push("content-type", "text/plain");
                }
            })
        },
    },
    Defect {
        id: "wrong-content-type",
        family: Family::Shape,
        summary: "the content type of JSON bodies of successes is text/html",
        kills: &["shape.content-type"],
        may: &[],
        seams: || {
            on_response(|scene, response| {
                if scene.error.is_none() {
                    response.headers.set("content-type", "text/html; charset=utf-8");
                }
            })
        },
    },
    Defect {
        id: "body-not-json",
        family: Family::Shape,
        summary: "bodies of successes lack their last byte",
        kills: &["shape.json"],
        may: &[],
        seams: || {
            on_response(|scene, response| {
                if scene.error.is_none() {
                    response.body.pop();
                }
            })
        },
    },
    Defect {
        id: "status-201",
        family: Family::Shape,
        summary: "successes have status 201 where the model says 200",
        kills: &["shape.status"],
        may: &[],
        seams: || {
            on_response(|scene, response| {
                if scene.error.is_none() {
                    response.status = 201;
                }
            })
        },
    },
    Defect {
        id: "no-request-id",
        family: Family::Shape,
        summary: "answers have no x-amzn-requestid",
        kills: &["shape.request-id"],
        may: &[],
        seams: || on_response(|_, response| response.headers.remove("x-amzn-requestid")),
    },
    Defect {
        id: "one-request-id",
        family: Family::Shape,
        summary: "all answers have the same x-amzn-requestid",
        kills: &["shape.request-id"],
        may: &[],
        seams: || {
            on_response(|_, response| response.headers.set("x-amzn-requestid", "00000000-0000-4000-8000-000000000000"))
        },
    },
    Defect {
        id: "future-member",
        family: Family::Shape,
        summary: "answers have a member that the model does not define",
        kills: &["shape.unknown-member"],
        may: &[],
        seams: || {
            on_body(|_, body| {
                if let Value::Object(members) = body {
                    members.insert("IsFromTheFuture".to_owned(), json!(true));
                }
            })
        },
    },
    Defect {
        id: "future-enum-value",
        family: Family::Shape,
        summary: "answers have enum values that the model does not define",
        // A flow with another type is not described as it was created.
        kills: &["shape.enum-unknown"],
        may: &[
            "lifecycle.create-describe",
            "lifecycle.saved-published",
            "lifecycle.archive",
            "lifecycle.walk",
            "keep.echo",
            "keep.list-filter",
            "keep.search-condition",
            "keep.update-only-named",
        ],
        seams: || {
            on_body(|scene, body| {
                edit(scene, body, |kind, value| {
                    if matches!(kind, Kind::Enum(_)) && value.is_string() {
                        *value = json!("FROM_THE_FUTURE");
                    }
                });
            })
        },
    },
    Defect {
        id: "long-description",
        family: Family::Shape,
        summary: "descriptions in answers are longer than the model allows",
        kills: &["shape.constraint"],
        may: &["accept.text", "keep.echo", "keep.search-condition", "keep.update-only-named"],
        seams: || on_body(|_, body| lengthen(body)),
    },
    Defect {
        id: "two-variants",
        family: Family::Shape,
        summary: "unions in answers have two members",
        kills: &["shape.union"],
        may: &[],
        seams: || {
            on_body(|scene, body| {
                if let Some(shape) = scene.operation.and_then(|operation| operation.output) {
                    double(scene.schema, shape, body);
                }
            })
        },
    },
];
