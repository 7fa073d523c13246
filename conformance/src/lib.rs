//! Holds an endpoint of the Amazon Connect API to its contract: plan, execute, judge, report; and an endpoint of our
//! own to hold.

pub mod case;
pub mod credentials;
pub mod emulator;
pub mod signing;
pub mod target;
pub mod transport;
