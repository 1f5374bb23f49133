//! Runs a statement: prepared where it has parameters or its kind is not known, at once where it is; opened
//! if it is a query, executed else. Many rows of parameters are a [`batch`](super::batch).

use super::columns::merge_descriptions;
use super::inner::Inner;
use super::meter::Times;
use super::open_guard::OpenGuard;
use super::parameters;
use super::procedure::{Procedure, ProcedureCall};
use super::sections::SectionLease;
use super::statement_kind::{self, StatementKind};
use super::stream::QueryStream;
use super::update_result::UpdateResult;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::client::warning::Warning;
use crate::flow::error::FlowError;
use crate::flow::sql::execute::{Execute, Executed, Failed, Immediate};
use crate::flow::sql::input::Input;
use crate::flow::sql::prepare::{Prepare, Prepared};
use crate::flow::sql::query::{Open, OpenedQuery, QueryOutcome as OpenOutcome};
use crate::flow::step::Flow;
use crate::net::transport::Deadline;
use crate::wire::sql::sqlda::SqlDa;
use arrow_array::RecordBatch;
use std::sync::Arc;
use std::time::Instant;

/// The outcome of a statement.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "it is taken apart where it is returned")]
pub enum Outcome {
    /// A result set.
    Rows(QueryStream),
    /// None.
    Done(UpdateResult),
    /// The outcome of a procedure.
    Called(Procedure),
}

/// The outcome that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Whatever the statement does.
    Anything,
    /// A result set of a query. Any other statement is refused before it does anything.
    Rows,
}

/// One run of a statement on a connection, and its times.
pub(super) struct StatementRun<'a>(pub(super) &'a Arc<Inner>, pub(super) &'a Arc<Times>);

impl Wanted {
    /// Refuses what is known by its first word to do something else.
    pub(super) fn check(self, sql: &str) -> Result<()> {
        let other = statement_kind::is_call(sql) || statement_kind::hint(sql) == StatementKind::Statement;
        if self == Wanted::Rows && other { Err(no_rows()) } else { Ok(()) }
    }
}

impl StatementRun<'_> {
    /// Runs a statement once, in a section of its own; `rows` has one row of parameters at most.
    pub(super) async fn attempt(&self, sql: &str, rows: &[RecordBatch], wanted: Wanted) -> Result<Outcome> {
        let lease = self.0.lease(Phase::Execute)?;
        let with_parameters = parameters::are_given(rows);
        if !with_parameters {
            match statement_kind::hint(sql) {
                StatementKind::Query => return self.open_at_once(sql, lease, wanted).await,
                StatementKind::Statement => {
                    let commit = self.0.commits();
                    let flow = Immediate::new(self.0.session.clone(), lease.name.clone(), sql.to_owned(), commit);
                    return self.done(self.work(flow, commit).await?, commit).await.map(Outcome::Done);
                }
                StatementKind::Unknown => {}
            }
        }
        let call = statement_kind::is_call(sql);
        let prepare = Prepare::new(self.0.session.clone(), lease.name.clone(), sql.to_owned(), with_parameters);
        let prepare = if call { prepare.with_modes() } else { prepare };
        let begun = Instant::now();
        let prepared = self.0.talk(prepare, Phase::Execute).await?;
        self.1.prepared(begun.elapsed());
        let inputs = self.inputs(&prepared, rows)?;
        if call {
            let described = prepared.parameters.map(|p| p.columns).unwrap_or_default();
            let called = ProcedureCall(self.0, self.1)
                .call(lease, &described, inputs.into_iter().next(), self.0.commits())
                .await?;
            return Ok(Outcome::Called(called));
        }
        if prepared.columns.columns.is_empty() {
            return self.execute_prepared(lease, inputs, wanted).await;
        }
        let open = Open::new(
            self.0.session.clone(),
            lease.name.clone(),
            None,
            inputs.into_iter().next(),
            self.0.config.block_size,
        );
        let (outcome, lease) = self.open(open, lease).await?;
        match outcome {
            OpenOutcome::Opened(opened) => self.rows(lease, opened, &prepared.columns).await,
            OpenOutcome::NoQuery => self.execute_prepared(lease, Vec::new(), wanted).await,
        }
    }

    /// `e`, which a statement without values met, with the number of those that it wants.
    pub(super) async fn counted(&self, sql: &str, e: Error) -> Error {
        let Ok(lease) = self.0.lease(Phase::Execute) else { return e };
        let prepare = Prepare::new(self.0.session.clone(), lease.name.clone(), sql.to_owned(), true);
        let wanted = match self.0.talk(prepare, Phase::Execute).await {
            Ok(prepared) => prepared.parameters.map_or(0, |described| described.columns.len()),
            Err(_) => 0,
        };
        match wanted {
            0 => e,
            n => Error { message: format!("the statement has {n} parameters, 0 were given: {}", e.message), ..e },
        }
    }

    /// Opens a query. Should the wait be given up, whatever gets opened is closed again before its
    /// section is used another time.
    async fn open(&self, flow: Open, lease: SectionLease) -> Result<(OpenOutcome, SectionLease)> {
        let deadline = self.0.config.statement_timeout.map(Deadline::after);
        let pending = self.0.channel.submit(flow).map_err(|e| self.0.error(e, Phase::Execute))?;
        let mut opening = OpenGuard { inner: self.0.clone(), under_way: Some((pending, lease)) };
        let result = opening.wait(deadline).await;
        match result {
            Ok(outcome) => Ok(outcome),
            Err(e) => Err(self.0.explained(e, Phase::Execute).await),
        }
    }

    /// Prepare and open in one flush.
    async fn open_at_once(&self, sql: &str, lease: SectionLease, wanted: Wanted) -> Result<Outcome> {
        let open =
            Open::new(self.0.session.clone(), lease.name.clone(), Some(sql.to_owned()), None, self.0.config.block_size);
        let (outcome, lease) = self.open(open, lease).await?;
        match outcome {
            OpenOutcome::Opened(mut opened) => {
                let described = opened.described.take().ok_or_else(|| {
                    let missing = FlowError::Missing { what: "SQLDARD", command: "PRPSQLSTT" };
                    Error::from_flow(missing, Phase::Execute).at(&self.0.peer)
                })?;
                self.rows(lease, opened, &described).await
            }
            OpenOutcome::NoQuery => self.execute_prepared(lease, Vec::new(), wanted).await,
        }
    }

    async fn rows(&self, lease: SectionLease, opened: OpenedQuery, described: &SqlDa) -> Result<Outcome> {
        let fields = merge_descriptions(&opened.fields, described).map_err(|e| {
            self.0.channel.abort("the server's descriptions disagree");
            e.at(&self.0.peer)
        })?;
        let section = lease.name.clone();
        let (inner, times) = (self.0.clone(), self.1.clone());
        QueryStream::new(inner, Arc::new(lease), section, opened, fields, times).await.map(Outcome::Rows)
    }

    /// Encodes the parameters as the server described them.
    fn inputs(&self, prepared: &Prepared, rows: &[RecordBatch]) -> Result<Vec<Input>> {
        let (Some(described), Some(row)) = (&prepared.parameters, rows.iter().find(|batch| batch.num_rows() > 0))
        else {
            return Ok(Vec::new());
        };
        Ok(vec![parameters::encode(&described.columns, row, &self.0.session)?])
    }

    async fn execute_prepared(&self, lease: SectionLease, inputs: Vec<Input>, wanted: Wanted) -> Result<Outcome> {
        if wanted == Wanted::Rows {
            return Err(no_rows());
        }
        let commit = self.0.commits();
        let flow = Execute::new(self.0.session.clone(), lease.name.clone(), inputs, commit);
        let done = self.work(flow, commit).await?;
        self.done(done, commit).await.map(Outcome::Done)
    }

    /// Runs a statement that changes something, and what it changed is committed with it in autocommit.
    async fn work<F: Flow + 'static>(&self, flow: F, commit: bool) -> Result<F::Out> {
        match commit {
            true => self.0.talk_and_commit(flow, Phase::Execute).await,
            false => self.0.talk(flow, Phase::Execute).await,
        }
    }

    async fn done(&self, result: std::result::Result<Executed, Failed>, committed: bool) -> Result<UpdateResult> {
        let executed = match result {
            Ok(executed) => executed,
            Err(failed) => return Err(self.0.explained(failed.error.into(), Phase::Execute).await),
        };
        if committed {
            self.0.work.ended();
        }
        let count = executed.counts.iter().copied().sum::<Option<u64>>();
        Ok(UpdateResult { count, warnings: executed.warnings.iter().map(Warning::from).collect() })
    }
}

/// A statement that is no query, where one is wanted.
pub(super) fn no_rows() -> Error {
    Error::new(ErrorClass::Programming, Phase::Execute, "07005", "the statement returns no rows")
        .hint("it was not run: execute() runs such statements, and CALL")
}
