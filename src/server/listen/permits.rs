//! The right to run on a thread that may block. Statements have some and logins have others: neither can keep the other
//! waiting.

use super::abandoned::abandoned;
use super::admission::Stopped;
use crate::net::any_stream::BoxedStream;
use crate::server::conversation::Conversation;
use std::future::pending;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep_until;

/// Logins at a time, at least.
const LOGINS: usize = 4;

/// The rights that there are.
#[derive(Clone)]
pub(super) struct Permits {
    statements: Arc<Semaphore>,
    pub(super) logins: Arc<Semaphore>,
}

impl Permits {
    /// For so many statements at a time.
    pub(super) fn new(workers: usize) -> Permits {
        let of = |count: usize| Arc::new(Semaphore::new(count));
        Permits { statements: of(workers.max(1)), logins: of(workers.max(LOGINS)) }
    }

    /// The right to run statements; none once nobody waits for the reply any more. A branch of a global transaction whose
    /// time is over meanwhile is rolled back, which needs no such right.
    pub(super) async fn statements(
        &self,
        conversation: &mut Option<Conversation>,
        stream: &mut BoxedStream,
        stopped: &mut Stopped,
        ahead: &mut Vec<u8>,
    ) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = self.statements.clone().try_acquire_owned() {
            return Some(permit);
        }
        let _waiting = conversation.as_ref().map(|conversation| conversation.shared.crowd.join());
        let permit = self.statements.clone().acquire_owned();
        tokio::pin!(permit);
        loop {
            let deadline = conversation.as_ref().and_then(Conversation::branch_deadline);
            let over = async {
                match deadline {
                    Some(deadline) => sleep_until(deadline.into()).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                biased;
                permit = &mut permit => return permit.ok(),
                () = abandoned(stream, stopped, ahead) => return None,
                () = over => {}
            }
            let mut current = conversation.take()?;
            let expired = move || {
                current.expire_branch();
                current
            };
            *conversation = Some(tokio::task::spawn_blocking(expired).await.ok()?);
        }
    }
}
