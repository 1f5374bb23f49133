//! The command that a connection runs, as other tasks see it: an interrupt is for that command and no other. One that
//! comes while nothing runs is forgotten.

use crate::server::backend::Interrupt;
use std::convert::Infallible;
use std::future::pending;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::time::{sleep, sleep_until};

/// Between two attempts to break a command off: the engine may not listen yet, or have another step to go.
pub(in crate::server) const AGAIN: Duration = Duration::from_millis(100);

#[derive(Debug, Default)]
struct State {
    /// Commands have come that are not all run.
    under_way: bool,
    /// One of these is to be broken off: the first that can be.
    asked: bool,
    /// It must not be: it ends a unit of work.
    shielded: bool,
    /// The engine is told just now. That may take its time, as others may have to be waited for.
    hitting: bool,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Somebody asks.
    asked: Notify,
    /// The engine was told.
    told: Condvar,
}

/// The command that a connection runs; copies are of the same connection.
#[derive(Debug, Clone, Default)]
pub(in crate::server) struct RunningCommand(Arc<Shared>);

/// While it is there, commands are under way.
pub(in crate::server) struct UnderWay(RunningCommand);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.reset(false);
    }
}

impl RunningCommand {
    /// Commands have come. Those that wait for their turn can be interrupted as well.
    pub(in crate::server) fn start(&self) -> UnderWay {
        self.reset(true);
        UnderWay(self.clone())
    }

    /// One of them is run now; `shielded` ones are not broken off. May block.
    pub(in crate::server) fn begin(&self, shielded: bool) {
        self.untold().shielded = shielded;
    }

    /// It is over. One that was not `broken_off`, though that was asked for, was done before; then one after it is
    /// meant as well: a query is prepared and opened by two commands. May block.
    pub(in crate::server) fn end(&self, broken_off: bool) {
        let mut state = self.untold();
        state.asked &= !broken_off;
        state.shielded = false;
    }

    /// Asks that the command under way be broken off, and does not wait for that.
    pub(in crate::server) fn interrupt(&self) {
        let mut state = self.state();
        if state.under_way {
            state.asked = true;
            self.0.asked.notify_one();
        }
    }

    /// Breaks commands off for as long as that is asked for, and at the deadline. Never ends.
    pub(in crate::server) async fn break_off_when_asked(
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

    /// Asks again and again from a time on: commands that came together have it together. Never ends.
    pub(in crate::server) async fn interrupt_from(&self, limit: Option<Instant>) -> Infallible {
        let Some(limit) = limit else { return pending().await };
        sleep_until(limit.into()).await;
        loop {
            self.interrupt();
            sleep(AGAIN).await;
        }
    }

    async fn break_off(&self, interrupt: &Interrupt) -> Infallible {
        loop {
            while self.state().asked {
                let (running, interrupt) = (self.clone(), interrupt.clone());
                let _ = tokio::task::spawn_blocking(move || running.hit(&interrupt)).await;
                sleep(AGAIN).await;
            }
            self.0.asked.notified().await;
        }
    }

    /// The command cannot end meanwhile, nor the next begin. Nobody else waits for the engine.
    fn hit(&self, interrupt: &Interrupt) {
        {
            let mut state = self.state();
            if !state.asked || state.shielded || state.hitting {
                return;
            }
            state.hitting = true;
        }
        let _told = Told(self);
        interrupt();
    }

    fn reset(&self, under_way: bool) {
        let mut state = self.state();
        *state = State { under_way, hitting: state.hitting, ..State::default() };
    }

    /// The state once the engine is not being told anything.
    fn untold(&self) -> MutexGuard<'_, State> {
        let told = self.0.told.wait_while(self.state(), |state| state.hitting);
        told.unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The engine is being told, until it is dropped.
struct Told<'a>(&'a RunningCommand);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        self.0.state().hitting = false;
        self.0.0.told.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::thread;

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn only_the_command_itself_waits_for_an_engine_that_is_slow_to_be_told() {
        let running = RunningCommand::default();
        let under_way = running.start();
        running.begin(false);
        running.interrupt();
        let (called, calls) = mpsc::channel();
        let (answer, answered) = mpsc::channel::<()>();
        let answered = Mutex::new(answered);
        let interrupt: Interrupt = Arc::new(move || {
            called.send(()).unwrap();
            let _ = answered.lock().unwrap().recv_timeout(LONG);
        });
        let hits = running.clone();
        let hit = thread::spawn(move || hits.hit(&interrupt));
        calls.recv_timeout(LONG).unwrap();
        // Others ask for the same meanwhile, and the connection gives up.
        let others = running.clone();
        let (done, others_done) = mpsc::channel();
        thread::spawn(move || {
            others.interrupt();
            drop(under_way);
            done.send(others.start()).unwrap();
        });
        let _under_way = others_done.recv_timeout(LONG).unwrap();
        let commands = running.clone();
        let (ended, end) = mpsc::channel();
        let command = thread::spawn(move || {
            commands.end(true);
            ended.send(()).unwrap();
            commands.begin(false);
        });
        assert_eq!(end.recv_timeout(Duration::from_millis(200)), Err(mpsc::RecvTimeoutError::Timeout));
        answer.send(()).unwrap();
        end.recv_timeout(LONG).unwrap();
        command.join().unwrap();
        hit.join().unwrap();
    }

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
