//! Makes an error of the panic with which the library of workbooks ends where a temporary file takes no more.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs a step; gives what its panic says, if it panics. The panic is not told on standard error too.
pub(super) fn guarded<T>(step: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !GUARDED.get() {
                before(info);
            }
        }));
    });
    GUARDED.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(step));
    GUARDED.set(false);
    result.map_err(|panic| said(&*panic))
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("the writer gave up").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_what_it_says_and_the_next_step_runs() {
        assert_eq!(guarded::<()>(|| panic!("no room: {}", 28)), Err("no room: 28".to_owned()));
        assert_eq!(guarded::<()>(|| panic!("no room")), Err("no room".to_owned()));
        assert_eq!(guarded(|| 7), Ok(7));
    }
}
