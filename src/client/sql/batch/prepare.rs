//! The beginning of a call's work: its statement is prepared, and a savepoint set where one is needed.

use super::{Bad, BatchCall, FailureCause, ReadyStatement};
use crate::client::error::{Error, ErrorClass, Phase};
use crate::client::sql::parameters::fit_arrays;
use crate::flow::sql::batch::{Begin, Begun};
use crate::flow::sql::execute::ends_unit_of_work;
use crate::flow::sql::prepare::Prepare;
use crate::flow::sql::session::Product;
use crate::net::transport::Deadline;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl BatchCall {
    /// Prepares the statement, once; -805 has the package bound.
    pub(super) async fn prepare(&mut self) -> std::result::Result<(), Bad> {
        if self.ready.is_some() {
            return if self.undo.is_due() { self.set_savepoint().await } else { Ok(()) };
        }
        match self.define().await {
            Err(bad) if bad.sqlcode() == Some(-805) && self.inner.config.package.is_none() => {
                self.inner.bind(self.inner.config.statement_timeout.map(Deadline::after)).await?;
                self.define().await?;
            }
            defined => defined?,
        }
        // Only this product wants to know it beforehand.
        let counted = self.inner.session.product == Product::Zos && self.takes_arrays();
        match self.begin(counted).await {
            Err(Bad { cause: FailureCause::Told(e), .. })
                if e.sqlcode == Some(-805) && self.inner.config.package.is_none() =>
            {
                self.inner.bind(self.inner.config.statement_timeout.map(Deadline::after)).await?;
                self.begin(counted).await
            }
            // The attribute may be what is wrong.
            Err(Bad { rolled_back: false, cause: FailureCause::Told(e), .. }) if counted && e.sqlcode.is_some() => {
                self.begin(false).await
            }
            other => other,
        }
    }

    /// True where the server takes arrays of rows, and the statement is one for them.
    pub(super) fn takes_arrays(&self) -> bool {
        // Others have chains. (Read: Db2 for i takes blocks of its own kind only. Measured: Derby would run the first
        // row.)
        self.insert
            && matches!(self.inner.session.product, Product::Luw | Product::Zos)
            && !self.inner.work.no_arrays.load(Ordering::Acquire)
    }

    async fn begin(&mut self, counted: bool) -> std::result::Result<(), Bad> {
        let inner = self.inner.clone();
        let lease = inner.lease(Phase::Execute)?;
        self.choose_undo();
        let prepare = Prepare::new(inner.session.clone(), lease.name.clone(), self.sql.clone(), true);
        let prepare = if counted { prepare.for_arrays() } else { prepare };
        let savepoint = self
            .undo
            .savepoint()
            .filter(|_| self.undo.is_due())
            .map(|savepoint| (savepoint.section(), savepoint.set()));
        self.sent = true;
        inner.opens_work(false);
        let begun = inner.talk(Begin::new(inner.session.clone(), prepare, savepoint), Phase::Execute).await?;
        let Begun { prepared, savepoint } = begun;
        let savepoint = match savepoint {
            Some(Err(error)) if prepared.is_ok() && ends_unit_of_work(&error) => {
                return Err(Bad { cause: FailureCause::Flow(error), row: None, among: None, rolled_back: true });
            }
            other => other,
        };
        self.undo.was_set(savepoint, &inner, self.among);
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(e) => {
                let rolled_back = ends_unit_of_work(&e);
                return Err(Bad { rolled_back, ..inner.explained(e.into(), Phase::Execute).await.into() });
            }
        };
        if !prepared.columns.columns.is_empty() {
            let text = "the statement returns rows: many rows of parameters are for statements that return none";
            return Err(Error::new(ErrorClass::Programming, Phase::Execute, "07005", text).at(&inner.peer).into());
        }
        let parameters = prepared.parameters.map(|p| p.columns).unwrap_or_default();
        let arrays =
            self.takes_arrays() && fit_arrays(&parameters) && (counted || inner.session.product != Product::Zos);
        self.ready = Some(ReadyStatement { lease, parameters: Arc::new(parameters), arrays, counted });
        Ok(())
    }
}
