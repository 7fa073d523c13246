//! The messenger: endpoint, credentials, signatures, sending, pace and health. Knows no checks, and operations by name
//! only.

mod body;
mod connection;
pub mod credentials;
pub mod endpoint;
mod error;
pub mod exchange;
pub mod health;
mod hook;
#[cfg_attr(not(feature = "aws"), path = "network_loopback.rs")]
mod network;
pub mod pace;
pub mod parsed;
mod raw;
pub mod secrets;
pub mod signing;
pub mod target;
mod transport;

pub use connection::RawReason;
pub use error::{Excess, ProbeError, TransportError};
pub use hook::{LedgerEvent, RequestHook};
pub use transport::{HangUp, InProcess, Transport, TransportConfig};
