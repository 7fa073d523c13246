//! The twin rule: a refusal counts only if the same request without its fault, its twin, is not refused the same way. An
//! endpoint that refuses everything says nothing about the fault.

use crate::client::reply::Reply;

/// Compares the reply to a faulty request with the reply to its twin.
///
/// # Errors
/// The refusal says nothing about the fault, and why.
pub(crate) fn distinguishes(faulty: &Reply, twin: &Reply) -> Result<(), String> {
    match (twin, twin.refusal()) {
        (Reply::Trouble(why) | Reply::Unsupported(why), _) => Err(format!("the valid twin: {why}")),
        (_, Some(refusal)) if faulty.refusal() == Some(refusal) => {
            Err(format!("the valid twin was refused the same way: {}", twin.describe()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use connect_model::schema::Schema;
    use connect_model::wire::message::{HttpRequest, HttpResponse};
    use connect_transport::exchange::{Exchange, Omitted};

    use super::*;
    use crate::client::reply::classify;

    fn reply(status: u16, error: &str) -> Reply {
        let mut response = HttpResponse { status, ..HttpResponse::default() };
        response.headers.push("x-amzn-errortype", error);
        let exchange = Exchange {
            operation: "ListRules".to_owned(),
            request: HttpRequest::default(),
            response,
            duration: std::time::Duration::ZERO,
            omitted: Omitted::default(),
        };
        let schema = Schema::connect();
        let operation = schema.operation_named("ListRules").unwrap_or_else(|| unreachable!("it is modelled"));
        classify(schema, operation, Ok(exchange), true).0
    }

    #[test]
    fn a_twin_distinguishes_unless_it_is_refused_the_same_way_or_has_no_answer() {
        let faulty = reply(400, "InvalidRequestException");
        for (twin, distinguishes_it) in [
            (reply(200, ""), true),
            (reply(404, "ResourceNotFoundException"), true),
            (reply(400, "InvalidParameterException"), true),
            (reply(400, "InvalidRequestException"), false),
            (Reply::Trouble("timeout".to_owned()), false),
        ] {
            assert_eq!(distinguishes(&faulty, &twin).is_ok(), distinguishes_it, "{}", twin.describe());
        }
    }
}
