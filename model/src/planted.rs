//! Planted bugs, one per fuzz target, which prove that the target can find a bug.
//!
//! They exist only in builds with `RUSTFLAGS="--cfg planted"`, as made by `scripts/fuzz prove`. In such a build, the
//! environment variable `PLANTED` names the fuzz target whose bug is active. Bugs of the emulator are among its defects.

/// Returns true if the bug for a fuzz target is active.
#[cfg(not(planted))]
#[inline(always)]
pub const fn is(_target: &str) -> bool {
    false
}

/// Returns true if the bug for a fuzz target is active.
#[cfg(planted)]
pub fn is(target: &str) -> bool {
    static ACTIVE: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    ACTIVE.get_or_init(|| std::env::var("PLANTED").ok()).as_deref() == Some(target)
}
