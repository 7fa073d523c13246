//! Deliberate bugs, one behind each fuzz target: a target that finds nothing must be shown to be able to.
//!
//! None is in any build but those with `RUSTFLAGS="--cfg planted"`, which `scripts/fuzz prove` makes; there the environment
//! variable `PLANTED` names the target whose bug is alive. Bugs of the emulator are among its defects.

/// Whether the bug behind a fuzz target is alive.
#[cfg(not(planted))]
#[inline(always)]
pub const fn is(_target: &str) -> bool {
    false
}

/// Whether the bug behind a fuzz target is alive.
#[cfg(planted)]
pub fn is(target: &str) -> bool {
    static ALIVE: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    ALIVE.get_or_init(|| std::env::var("PLANTED").ok()).as_deref() == Some(target)
}
