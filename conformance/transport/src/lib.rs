//! The messenger: where requests go and as whom, signatures, sending, pace and health. Knows no checks, and no operations
//! beyond their names.

#[cfg(feature = "aws")]
mod aws;
#[cfg(not(feature = "aws"))]
#[path = "no_aws.rs"]
mod aws;
pub mod credentials;
pub mod exchange;
pub mod health;
mod hook;
pub mod json_text;
pub mod pace;
pub mod signing;
pub mod target;
pub mod text;
mod transport;

pub use hook::{LedgerEvent, RequestHook};
pub use transport::*;
