//! Polls a future by hand, so that a test can kill it between any two steps.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Polls until the future is done.
pub(crate) fn finish<F: Future>(future: F) -> F::Output {
    until_killed(future, || false).unwrap()
}

/// Polls until the future is done, or is killed: then it is dropped where it stands.
pub(crate) fn until_killed<F: Future>(future: F, killed: impl Fn() -> bool) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return Some(output),
            Poll::Pending if killed() => return None,
            Poll::Pending => {}
        }
    }
}

/// Lets others go first.
pub(crate) async fn pause() {
    let mut paused = false;
    std::future::poll_fn(|context| {
        if paused {
            return Poll::Ready(());
        }
        paused = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
