//! The command that a connection runs, as other tasks see it: an interrupt is for that command and no other. One that
//! comes while nothing runs is forgotten.

use super::backend::Interrupt;
use std::convert::Infallible;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::time::{sleep, sleep_until};

/// Between two attempts to break a command off: the engine may not listen yet, or have another step to go.
pub(super) const AGAIN: Duration = Duration::from_millis(100);

#[derive(Debug, Default)]
struct State {
    /// Commands have come that are not all run.
    under_way: bool,
    /// One of these is to be broken off: the first that can be.
    asked: bool,
    /// It must not be: it ends a unit of work.
    shielded: bool,
}

/// The command that a connection runs; copies are of the same connection.
#[derive(Debug, Clone, Default)]
pub(super) struct RunningCommand(Arc<(Mutex<State>, Notify)>);

/// While it is there, commands are under way.
pub(super) struct UnderWay(RunningCommand);

impl Drop for UnderWay {
    fn drop(&mut self) {
        *self.0.state() = State::default();
    }
}

impl RunningCommand {
    /// Commands have come. Those that wait for their turn can be interrupted as well.
    pub(super) fn start(&self) -> UnderWay {
        *self.state() = State { under_way: true, ..State::default() };
        UnderWay(self.clone())
    }

    /// One of them is run now; `shielded` ones are not broken off.
    pub(super) fn begin(&self, shielded: bool) {
        self.state().shielded = shielded;
    }

    /// It is over. One that was not `broken_off`, though that was asked for, was done before; then one after it is
    /// meant as well: a query is prepared and opened by two commands.
    pub(super) fn end(&self, broken_off: bool) {
        let mut state = self.state();
        state.asked &= !broken_off;
        state.shielded = false;
    }

    /// Asks that the command under way be broken off, and does not wait for that.
    pub(super) fn interrupt(&self) {
        let mut state = self.state();
        if state.under_way {
            state.asked = true;
            self.0.1.notify_one();
        }
    }

    /// Breaks commands off for as long as that is asked for, and at the deadline. Never ends.
    pub(super) async fn break_off_when_asked(
        &self,
        interrupt: Option<&Interrupt>,
        deadline: Option<Instant>,
    ) -> Infallible {
        let Some(interrupt) = interrupt else { return pending().await };
        let over = async {
            match deadline {
                Some(deadline) => sleep_until(deadline.into()).await,
                None => pending().await,
            }
            self.interrupt();
            pending().await
        };
        tokio::select! {
            never = self.break_off(interrupt) => never,
            never = over => never,
        }
    }

    async fn break_off(&self, interrupt: &Interrupt) -> Infallible {
        loop {
            while self.state().asked {
                let (running, interrupt) = (self.clone(), interrupt.clone());
                let _ = tokio::task::spawn_blocking(move || running.hit(&interrupt)).await;
                sleep(AGAIN).await;
            }
            self.0.1.notified().await;
        }
    }

    /// The command cannot end meanwhile, nor the next begin.
    fn hit(&self, interrupt: &Interrupt) {
        let state = self.state();
        if state.asked && !state.shielded {
            interrupt();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn an_interrupt_is_for_one_of_the_commands_under_way() {
        let (running, hits) = (RunningCommand::default(), Arc::new(AtomicUsize::new(0)));
        let counted = hits.clone();
        let interrupt: Interrupt = Arc::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        let hit = |expected: usize| {
            running.hit(&interrupt);
            assert_eq!(hits.load(Ordering::Relaxed), expected);
        };
        // Nothing runs.
        running.interrupt();
        let under_way = running.start();
        hit(0);
        running.interrupt();
        running.begin(false);
        hit(1);
        hit(2);
        running.end(true);
        hit(2);
        running.begin(true);
        running.interrupt();
        hit(2);
        running.end(false);
        running.begin(false);
        hit(3);
        drop(under_way);
        hit(3);
    }
}
