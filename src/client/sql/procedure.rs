//! Procedures: values of output parameters, and result sets.

use super::columns::merge_descriptions;
use super::inner::Inner;
use super::lob::{LobForms, PendingRow};
use super::meter::Times;
use super::open_guard::OpenGuard;
use super::parameters;
use super::sections::SectionLease;
use super::stream::QueryStream;
use super::update_result::UpdateResult;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::client::warning::Warning;
use crate::column::decode::{ColumnDecoder, decoder};
use crate::column::error::ColumnError;
use crate::column::schema::schema;
use crate::flow::error::FlowError;
use crate::flow::sql::call::{Call, Called};
use crate::flow::sql::input::Input;
use crate::flow::sql::locator::Ask;
use crate::flow::sql::query::OpenedQuery;
use crate::flow::sql::rows::{Event, QueryBlock, RowAssembler, RowChunk};
use crate::flow::sql::uow::EndWork;
use crate::net::error::NetError;
use crate::net::transport::Deadline;
use crate::wire::fdoca::row::Offsets;
use crate::wire::sql::package::PkgNamCsn;
use crate::wire::sql::sqlvar::{SqlVar, parmmode};
use crate::wire::value::cell::Cells;
use crate::wire::value::field::Field;
use arrow_array::RecordBatch;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The outcome of the call of a procedure.
#[derive(Debug)]
pub struct Procedure {
    /// Its parameters after the call, if any came out.
    pub output: Option<Output>,
    /// Its result sets in order. Those that are dropped unread are closed.
    pub sets: VecDeque<QueryStream>,
    /// The rest.
    pub done: UpdateResult,
}

/// The parameters of a procedure after its call.
#[derive(Debug, Clone)]
pub struct Output {
    /// One row, one column for each parameter; those that only go in are NULL.
    pub row: RecordBatch,
    /// Parameter by parameter: its value may have been changed.
    pub came_out: Vec<bool>,
}

/// The call of a procedure on a connection.
pub(super) struct ProcedureCall<'a>(pub(super) &'a Arc<Inner>, pub(super) &'a Arc<Times>);

impl ProcedureCall<'_> {
    /// Calls the procedure prepared in `lease`. In autocommit one that fails leaves nothing: what it did before
    /// its failure would be committed with the next statement.
    pub(super) async fn call(
        &self,
        lease: SectionLease,
        described: &[SqlVar],
        input: Option<Input>,
        autocommit: bool,
    ) -> Result<Procedure> {
        let called = self.called(lease, described, input).await;
        let others = self.0.is_reading() || self.0.work.open.load(Ordering::Acquire);
        match called {
            Ok(called) if called.sets.is_empty() && autocommit => {
                let commit = EndWork::commit(self.0.session.clone());
                self.0.talk_and_commit(commit, Phase::Commit).await?;
                self.0.work.ended();
                Ok(called)
            }
            Err(e) if e.connection_usable && autocommit && !others => {
                let rollback = EndWork::rollback(self.0.session.clone());
                match self.0.talk_until(rollback, Phase::Execute, self.0.end_deadline()).await {
                    Ok(()) => Err(e),
                    Err(lost) => {
                        self.0.channel.abort(&lost.message);
                        Err(e.broken())
                    }
                }
            }
            other => other,
        }
    }

    async fn called(&self, lease: SectionLease, described: &[SqlVar], input: Option<Input>) -> Result<Procedure> {
        // Where a server tells no mode the parameter may be of any.
        let came_out: Vec<bool> = described.iter().map(|var| parameters::mode(var) != parmmode::IN).collect();
        let wanted = came_out.contains(&true);
        let call = Call::new(self.0.session.clone(), lease.name.clone(), input, wanted, self.0.config.block_size);
        let deadline = self.0.config.statement_timeout.map(Deadline::after);
        let pending = self.0.channel.submit(call).map_err(|e| self.0.error(e, Phase::Execute))?;
        let mut opening = OpenGuard { inner: self.0.clone(), under_way: Some((pending, lease)) };
        let (called, lease) = match opening.wait(deadline).await {
            Ok(done) => done,
            Err(e) => return Err(self.0.explained(e, Phase::Execute).await),
        };
        let Called { output, sets, count, warnings } = called;
        let mut done = UpdateResult { count, warnings: warnings.iter().map(Warning::from).collect() };
        let sets = self.result_sets(&Arc::new(lease), sets).await?;
        let output = match output {
            Some((fields, block)) => {
                let row = self.output(fields, described, block, &mut done.warnings).await?;
                let came_out =
                    if came_out.len() == row.num_columns() { came_out } else { vec![true; row.num_columns()] };
                Some(Output { row, came_out })
            }
            None => None,
        };
        Ok(Procedure { output, sets, done })
    }

    /// A reader for each result set. All of them are made, so that a failure leaves none open.
    async fn result_sets(
        &self,
        lease: &Arc<SectionLease>,
        sets: Vec<(PkgNamCsn, OpenedQuery)>,
    ) -> Result<VecDeque<QueryStream>> {
        let mut streams = VecDeque::with_capacity(sets.len());
        let mut failure = None;
        for (section, opened) in sets {
            let described = opened.described.clone().unwrap_or_default();
            let made = match merge_descriptions(&opened.fields, &described) {
                Ok(fields) => {
                    let (inner, times) = (self.0.clone(), self.1.clone());
                    QueryStream::new(inner, lease.clone(), section, opened, fields, times).await
                }
                Err(e) => {
                    self.0.channel.abort("the server's descriptions disagree");
                    Err(e.at(&self.0.peer))
                }
            };
            match made {
                Ok(stream) => streams.push_back(stream),
                Err(e) => {
                    failure.get_or_insert(e);
                }
            }
        }
        failure.map_or(Ok(streams), Err)
    }

    /// Decodes the parameters that came back.
    async fn output(
        &self,
        fields: Vec<Field>,
        described: &[SqlVar],
        block: QueryBlock,
        warnings: &mut Vec<Warning>,
    ) -> Result<RecordBatch> {
        let phase = Phase::Execute;
        let fail =
            |e: FlowError| self.0.give_up_after(self.0.without_secrets(Error::from_flow(e, phase)).at(&self.0.peer));
        let bad = |e: &ColumnError| Error::from_column(e, phase).at(&self.0.peer);
        let names = described.iter().map(|var| var.name().to_owned()).chain(std::iter::repeat(String::new()));
        let fields = fields.into_iter().zip(names).map(|(field, name)| Field { name, ..field }).collect();
        // They came in the form described: none other can be asked for.
        let forms = LobForms::new(fields, self.0.config.lobs, true, &self.0.session.theirs);
        let limit = self.0.config.lob_limit as usize;
        let mut offsets = Offsets::new(forms.rows.len());
        let mut rows = RowAssembler::of(&self.0.session, &forms.rows).with_lob_limit(limit);
        rows.push(block);
        rows.close();
        let chunk = loop {
            match rows.next(1, &mut offsets).map_err(fail)? {
                Event::Rows(chunk) => break chunk,
                Event::Warning(sqlca) => warnings.push(Warning::from(&*sqlca)),
                Event::NeedBlock | Event::End => {
                    return Err(fail(FlowError::Missing { what: "FDODTA", command: "EXCSQLSTT" }));
                }
            }
        };
        let chunk = self.large_output(chunk, &forms.values, limit).await?;
        let options = &self.0.config.options.apart();
        let mut columns = Vec::with_capacity(forms.values.len());
        for (column, field) in forms.values.iter().enumerate() {
            let lobs = chunk.lobs.iter().find(|(c, _)| *c == column).map_or(&[][..], |(_, values)| values);
            let cells = Cells { buf: &chunk.buf, offsets: offsets.column(column), lobs, first_row: chunk.first_row };
            let decode = |mut decoder: Box<dyn ColumnDecoder>| {
                decoder.append(&cells)?;
                decoder.finish()
            };
            columns.push(decoder(field, column, options).and_then(decode).map_err(|e| bad(&e))?);
        }
        let schema = schema(&forms.values, options).map_err(|e| bad(&e))?;
        RecordBatch::try_new(schema, columns)
            .map_err(|e| Error::new(ErrorClass::Internal, phase, "58004", e.to_string()))
    }

    /// The row with the large values that its locators stand for.
    async fn large_output(&self, chunk: RowChunk, values: &[Field], limit: usize) -> Result<RowChunk> {
        let mut parked = PendingRow::new(chunk, values, self.0.session.product, limit);
        let requests = parked.reading.next();
        if requests.is_empty() {
            return Ok(parked.finish());
        }
        let Some(lease) = self.0.sections.take() else {
            return Err(Error::new(ErrorClass::Operational, Phase::Execute, "54000", "too many open readers"));
        };
        let mut requests = requests;
        while !requests.is_empty() {
            let ask = Ask::new(self.0.session.clone(), lease.name.clone(), requests);
            let answers = self.0.talk(ask, Phase::Execute).await?;
            parked.reading.take(answers).map_err(|e| self.0.error(NetError::Flow(e), Phase::Execute))?;
            requests = parked.reading.next();
        }
        self.0.free(parked.reading.locators());
        Ok(parked.finish())
    }
}
