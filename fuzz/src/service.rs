//! Models used by the targets: Connect, and a small one with every kind of HTTP binding.

use std::sync::OnceLock;

use arbitrary::Unstructured;
use connect_model::generate::{Side, Site, sites};
use connect_model::schema::{OperationId, Schema};
use connect_model::wire::Router;
use serde::{Deserialize, Serialize};

/// The small model, shared with the tests of the wire format.
pub(crate) const SMALL: &[u8] = include_bytes!("../../model/src/wire/tests/wire.json");

/// One of the two messages of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Message {
    /// The request.
    Input,
    /// The successful response.
    Output,
}

impl Message {
    pub(crate) fn side(self) -> Side {
        match self {
            Message::Input => Side::Input,
            Message::Output => Side::Output,
        }
    }
}

/// A schema with data derived from it once.
pub(crate) struct Service {
    pub(crate) schema: &'static Schema,
    pub(crate) router: Router<'static>,
    operations: Vec<OperationId>,
    /// Mutations of input and output of every operation, computed on first use.
    sites: Vec<[OnceLock<Vec<Site>>; 2]>,
}

impl Service {
    /// Both services: Connect, then the small one.
    pub(crate) fn all() -> &'static [Service; 2] {
        static ALL: OnceLock<[Service; 2]> = OnceLock::new();
        static SMALL_SCHEMA: OnceLock<Schema> = OnceLock::new();
        ALL.get_or_init(|| {
            let small = SMALL_SCHEMA.get_or_init(|| match Schema::from_text("wire.json", SMALL.to_vec()) {
                Ok(schema) => schema,
                Err(error) => unreachable!("the model of the wire format's tests does not load: {error}"),
            });
            [Service::of(Schema::connect()), Service::of(small)]
        })
    }

    /// Connect.
    pub(crate) fn connect() -> &'static Service {
        &Service::all()[0]
    }

    fn of(schema: &'static Schema) -> Self {
        let sites = schema.operations().map(|_| Default::default()).collect();
        let operations = schema.operations().map(|(id, _)| id).collect();
        Self { schema, router: Router::new(schema), operations, sites }
    }

    /// Draws a service and one of its operations. The small service is drawn as often as Connect, since it has bindings that
    /// Connect lacks.
    pub(crate) fn draw(u: &mut Unstructured<'_>) -> arbitrary::Result<(&'static Service, OperationId)> {
        let service = u.choose(Service::all())?;
        Ok((service, *u.choose(&service.operations)?))
    }

    /// Mutations of one side of an operation.
    pub(crate) fn sites(&self, operation: OperationId, side: Side) -> &[Site] {
        self.sites[operation.index()][side as usize].get_or_init(|| sites(self.schema, operation, side))
    }

    /// Finds an operation by name in both services.
    pub(crate) fn named(name: &str) -> Option<(&'static Service, OperationId)> {
        Service::all().iter().find_map(|service| Some((service, service.schema.operation_named(name)?)))
    }
}
