//! Defects: malformed errors.

use crate::defects::edits::{STACK_TRACE, edit_json, is_not_found, rename};
use crate::defects::hooks::on_response;
use crate::defects::{Defect, Family};

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "error-wrong-status",
        family: Family::Error,
        summary: "errors for invalid input have status 422 instead of the 400 in the model",
        kills: &["error.status-matches-type"],
        may: &[],
        seams: || {
            on_response(|scene, response| {
                if scene.error.is_some() && response.status == 400 {
                    response.status = 422;
                }
            })
        },
    },
    Defect {
        id: "not-found-as-400",
        family: Family::Error,
        summary: "a resource that does not exist is answered with InvalidRequestException",
        kills: &["error.not-found"],
        may: &[],
        seams: || {
            on_response(|scene, response| {
                if is_not_found(scene) {
                    response.status = 400;
                    rename(response, Some("InvalidRequestException"));
                }
            })
        },
    },
    Defect {
        id: "no-error-name",
        family: Family::Error,
        summary: "errors have no name",
        kills: &["error.discriminator"],
        may: &[],
        seams: || {
            on_response(|scene, response| {
                if scene.error.is_some() {
                    rename(response, None);
                }
            })
        },
    },
    Defect {
        id: "html-error",
        family: Family::Error,
        summary: "the body of errors is an HTML page",
        kills: &["error.json-body", "error.no-leak"],
        may: &[],
        seams: || {
            on_response(|scene, response| {
                if scene.error.is_some() {
                    response.headers.set("content-type", "text/html");
                    response.body = b"<html><body><h1>Bad Request</h1></body></html>".to_vec();
                }
            })
        },
    },
    Defect {
        id: "crash-on-unknown-id",
        family: Family::Error,
        summary: "an id that does not exist is answered with 500",
        kills: &["error.no-5xx"],
        may: &["accept.at-limit", "accept.text"],
        seams: || {
            on_response(|scene, response| {
                if is_not_found(scene) {
                    response.status = 500;
                    rename(response, Some("InternalServiceException"));
                }
            })
        },
    },
    Defect {
        id: "leak-stack-trace",
        family: Family::Error,
        summary: "error messages contain a stack trace",
        kills: &["error.no-leak"],
        may: &[],
        seams: || {
            on_response(|scene, response| {
                if scene.error.is_some() {
                    edit_json(response, |body| {
                        body.insert("Message".to_owned(), STACK_TRACE.into());
                    });
                }
            })
        },
    },
    Defect {
        id: "unmodelled-error",
        family: Family::Error,
        summary: "errors have a name that the operation does not model",
        kills: &["error.modelled"],
        may: &[],
        seams: || {
            on_response(|scene, response| {
                if scene.error.is_some_and(|name| name.starts_with("Invalid")) {
                    rename(response, Some("UnexpectedInputException"));
                }
            })
        },
    },
];
