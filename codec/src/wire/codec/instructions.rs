//! The instructions of the processor that loops over many values may use.

use std::cell::Cell;

pub use fearless_simd::Level;

thread_local! {
    static HELD: Cell<Option<Level>> = const { Cell::new(None) };
}

/// The widest set of instructions that this processor has, unless [`with`] holds this thread to another.
pub fn level() -> Level {
    HELD.get().unwrap_or_else(Level::new)
}

/// Runs `f` with what it makes held to a level: for measurements, and for tests of each.
pub fn with<T>(level: Level, f: impl FnOnce() -> T) -> T {
    let before = HELD.replace(Some(level));
    let result = f();
    HELD.set(before);
    result
}

/// Each level that this processor has, the widest first, and what it is called.
pub fn levels() -> Vec<(&'static str, Level)> {
    let best = Level::new();
    let mut levels = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        levels.extend(best.as_avx512().map(|token| ("AVX-512", Level::Avx512(token))));
        levels.extend(best.as_avx2().map(|token| ("AVX2", Level::Avx2(token))));
        levels.extend(best.as_sse4_2().map(|token| ("SSE4.2", Level::Sse4_2(token))));
        levels.push(("SSE2", Level::baseline()));
    }
    #[cfg(not(target_arch = "x86_64"))]
    levels.push((if cfg!(target_arch = "aarch64") { "NEON" } else { "plain" }, best));
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_held_to_a_level_until_the_end() {
        let name = |level: Level| format!("{level:?}");
        let widest = name(level());
        for (_, each) in levels() {
            assert_eq!(with(each, || name(level())), name(each));
            assert_eq!(name(level()), widest);
        }
        assert_eq!(name(levels()[0].1), widest);
    }
}
