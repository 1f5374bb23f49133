//! Statements and sections: PRPSQLSTT puts a statement into a section, DSCSQLSTT describes it,
//! EXCSQLIMM runs one without a section, EXCSQLSET sets registers.

use super::catalog_call::CatalogCall;
use super::describe;
use super::explain;
use super::limits;
use super::lob_locator;
use super::parameter_array::ParameterArray;
use super::special_register::Register;
use super::state::{Call, Filled, SectionStatement};
use crate::server::backend::{Done, Parameters};
use crate::server::conversation::{After, Conversation, Out, Request};
use crate::server::error::SqlError;
use crate::server::persona::Persona;
use crate::server::protocol_error::{ProtocolError, Result, synerrcd};
use crate::wire::ddm::codepoint::{self as cp, CodePoint};
use crate::wire::ddm::object::Object;
use crate::wire::ddm::reply::Reply;
use crate::wire::sql::layout::{ServerClass, SqldaLayout};
use crate::wire::sql::prepare::{DscSqlStt, ExcSqlImm, ExcSqlSet, PrpSqlStt, typsqlda};
use crate::wire::sql::sqlda::SqlDa;
use crate::wire::sql::text;
use crate::wire::value::field::Field;

/// Sections that a connection may have filled at a time.
const SECTIONS: usize = 4096;
/// Bytes of a statement's text, which is Db2's limit, and of what stands around it in an SQLSTT.
const LONGEST: usize = 2_097_152;
const AROUND: usize = 6;
/// A prepared statement is so many times as long as its text, and takes so many bytes for each column and marker.
const COPIES: usize = 4;
const FIELD: usize = 256;

/// The attributes of a cursor in SQLATTR.
#[derive(Debug, Clone, Copy, Default)]
struct CursorAttributes {
    held: bool,
    scrolls: bool,
}

impl CursorAttributes {
    fn of(attributes: &str) -> CursorAttributes {
        let attributes = attributes.to_ascii_uppercase();
        CursorAttributes { held: attributes.contains("WITH HOLD"), scrolls: attributes.contains("SCROLL") }
    }
}

impl Conversation {
    pub(in crate::server) fn prpsqlstt(&mut self, request: &Request, out: &mut Out<'_>) -> Result<After> {
        let command = PrpSqlStt::decode(&request.command.body, self.text)?;
        let sql = self.statement(&request.objects)?;
        let attributes = self.statement_text(&request.objects, cp::SQLATTR)?;
        let prepared = match (self.check_package(&command.pkgnamcsn), sql, attributes) {
            (Ok(section), sql, attributes) => {
                // Whatever becomes of this one, the statement before it is gone.
                self.clear_section(&section)?;
                match (sql, attributes) {
                    (Ok(sql), Ok(attributes)) => {
                        let cursor = CursorAttributes::of(&attributes.unwrap_or_default());
                        self.fill(&sql, cursor)?.map(|filled| (section, filled))
                    }
                    (Err(error), _) | (_, Err(error)) => Err(error),
                }
            }
            (Err(error), ..) => Err(error),
        };
        let (section, filled) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                out.reply(&Reply::new(cp::SQLERRRM).encode(self.text)?);
                self.fail(&error, out)?;
                return Ok(if self.persona.goes_on { After::Next } else { After::Skip });
            }
        };
        if command.rtnsqlda == Some(true) {
            self.sqldard(&filled.statement.sqlda(command.typsqlda.unwrap_or_default(), &self.persona), out)?;
        } else {
            let sqlca = self.success(None);
            self.card(Some(&sqlca), out)?;
        }
        if self.statements.len() >= SECTIONS {
            return Err(ProtocolError::reply(Reply::new(cp::RSCLMTRM)));
        }
        self.statements.insert(section, filled);
        Ok(After::Next)
    }

    pub(in crate::server) fn dscsqlstt(&mut self, request: &Request, out: &mut Out<'_>) -> Result<After> {
        let command = DscSqlStt::decode(&request.command.body, self.text)?;
        let found = self.check_package(&command.pkgnamcsn).and_then(|section| {
            let filled = self.statements.get(&section).ok_or_else(not_prepared)?;
            Ok(filled.statement.sqlda(command.typsqlda.unwrap_or_default(), &self.persona))
        });
        match found {
            Ok(sqlda) => self.sqldard(&sqlda, out)?,
            Err(error) => self.fail(&error, out)?,
        }
        Ok(After::Next)
    }

    pub(in crate::server) fn excsqlimm(&mut self, request: &Request, out: &mut Out<'_>) -> Result<After> {
        let command = ExcSqlImm::decode(&request.command.body, self.text)?;
        let sql = self.statement(&request.objects)?;
        let statement = match (self.check_package(&command.pkgnamcsn), &sql) {
            (Ok(_), Ok(sql)) => self.prepare(sql, CursorAttributes::default())?,
            (Err(error), _) => Err(error),
            (_, Err(error)) => Err(error.clone()),
        };
        let done = match statement {
            Ok(SectionStatement::Prepared { prepared, columns, parameters, .. }) => {
                let session = self.session()?;
                let done = if !columns.is_empty() {
                    Err(SqlError::new(-84, "42612", &[]))
                } else if !parameters.is_empty() {
                    Err(SqlError::new(-313, "07001", &[]))
                } else {
                    session.execute(prepared.statement, &Parameters::none())
                };
                session.forget(prepared.statement);
                if done.is_ok() && sql.is_ok_and(|sql| defines(&sql)) {
                    self.announce_change(out)?;
                }
                done
            }
            Ok(SectionStatement::ClientInfo(sql)) => self.session()?.set(&sql).map(|()| Done::default()),
            Ok(SectionStatement::Register(register)) => {
                return self.set_register(register, &ParameterArray::none(), out);
            }
            Ok(SectionStatement::Explain | SectionStatement::Call(_) | SectionStatement::Catalog(_)) => {
                Err(SqlError::new(-313, "07001", &[]))
            }
            Err(error) => Err(error),
        };
        self.executed(done, out)
    }

    pub(in crate::server) fn excsqlset(&mut self, request: &Request, out: &mut Out<'_>) -> Result<After> {
        // The package says nothing here: the command belongs to none in particular.
        ExcSqlSet::decode(&request.command.body, self.text)?;
        let typdef = self.typdef_of(&request.objects)?;
        let mut done = Ok(());
        for object in request.objects.iter().filter(|o| o.cp == cp::SQLSTT) {
            done = match short(object) {
                Ok(()) => {
                    let sql = text::decode(&object.body, &typdef, self.sqlam)?;
                    done.and(self.session()?.set(&sql))
                }
                Err(error) => done.and(Err(error)),
            };
        }
        match done {
            Ok(()) => {
                let sqlca = self.success(None);
                self.card(Some(&sqlca), out)?;
            }
            Err(error) => self.fail(&error, out)?,
        }
        Ok(After::Next)
    }

    /// A statement for a section, as far as there is memory for it.
    fn fill(&mut self, sql: &str, cursor: CursorAttributes) -> Result<std::result::Result<Filled, SqlError>> {
        let statement = match self.prepare(sql, cursor)? {
            Ok(statement) => statement,
            Err(error) => return Ok(Err(error)),
        };
        let fields = match &statement {
            SectionStatement::Prepared { columns, parameters, .. } => columns.len() + parameters.len(),
            _ => 0,
        };
        match self.budget.lease(sql.len() * COPIES + fields * FIELD) {
            Ok(lease) => Ok(Ok(Filled { statement, _lease: lease })),
            Err(full) => {
                if let SectionStatement::Prepared { prepared, .. } = statement {
                    self.session()?.forget(prepared.statement);
                }
                Ok(Err(full))
            }
        }
    }

    /// Has the backend read a statement, and describes it in the persona's terms.
    fn prepare(
        &mut self,
        sql: &str,
        cursor: CursorAttributes,
    ) -> Result<std::result::Result<SectionStatement, SqlError>> {
        if self.persona.calls {
            if explain::is_call(sql) {
                return Ok(Ok(SectionStatement::Explain));
            }
            if let Some(call) = Call::of(sql) {
                return Ok(Ok(SectionStatement::Call(call)));
            }
            if let Some(call) = CatalogCall::of(sql) {
                return Ok(Ok(SectionStatement::Catalog(call)));
            }
        }
        if !self.persona.calls && sets_client_info(sql) {
            return Ok(Ok(SectionStatement::ClientInfo(sql.to_owned())));
        }
        if let Some(register) = Register::of(sql).filter(|_| self.persona.session_data) {
            return Ok(Ok(SectionStatement::Register(register)));
        }
        if lob_locator::is_free(sql) {
            return Ok(Ok(SectionStatement::Call(Call::Release)));
        }
        let persona = &self.persona.clone();
        let session = self.session()?;
        let prepared = match session.prepare(sql) {
            Ok(prepared) => prepared,
            Err(error) => return Ok(Err(error)),
        };
        let columns = match &prepared.columns {
            Some(schema) => describe::fields(schema, persona),
            None => Ok(Vec::new()),
        };
        let fields = prepared.parameters.iter().enumerate().map(|(i, f)| describe::field(f, i, persona));
        let parameters: std::result::Result<Vec<Field>, SqlError> = fields.collect();
        let described = columns.and_then(|columns| {
            let parameters = parameters?;
            limits::describable(&columns, parameters.len(), persona)?;
            Ok((columns, limits::nameable(parameters, persona)))
        });
        Ok(match described {
            Ok((columns, parameters)) => {
                let (CursorAttributes { held, scrolls }, defines) = (cursor, defines(sql));
                Ok(SectionStatement::Prepared { prepared, columns, parameters, held, scrolls, defines })
            }
            Err(error) => {
                session.forget(prepared.statement);
                Err(error)
            }
        })
    }

    /// Empties a section; its queries end.
    pub(super) fn clear_section(&mut self, section: &super::state::Section) -> Result<()> {
        if let Some(Filled { statement: SectionStatement::Prepared { prepared, .. }, .. }) =
            self.statements.remove(section)
        {
            self.session()?.forget(prepared.statement);
        }
        self.cursors.retain(|(of, _), _| of != section);
        Ok(())
    }

    fn sqldard(&self, sqlda: &SqlDa, out: &mut Out<'_>) -> Result<()> {
        let layout = SqldaLayout::expected(self.sqlam, ServerClass::from_srvclsnm(self.persona.class));
        out.object(&sqlda.encode(self.sqlam, layout, &self.persona.typdef).map_err(ProtocolError::ours)?);
        Ok(())
    }

    /// The text of the statement that a command has to have.
    fn statement(&self, objects: &[Object]) -> Result<std::result::Result<String, SqlError>> {
        let text = self.statement_text(objects, cp::SQLSTT)?.transpose();
        text.ok_or_else(|| ProtocolError::syntax(synerrcd::MISSING, Some(cp::SQLSTT)))
    }

    fn statement_text(
        &self,
        objects: &[Object],
        point: CodePoint,
    ) -> Result<std::result::Result<Option<String>, SqlError>> {
        let typdef = self.typdef_of(objects)?;
        let Some(object) = objects.iter().find(|o| o.cp == point) else { return Ok(Ok(None)) };
        match short(object) {
            Ok(()) => Ok(Ok(Some(text::decode(&object.body, &typdef, self.sqlam)?))),
            Err(error) => Ok(Err(error)),
        }
    }
}

/// -101 for a text that is longer than a statement may be, before anybody reads it.
fn short(object: &Object) -> std::result::Result<(), SqlError> {
    if object.body.len() <= LONGEST + AROUND {
        return Ok(());
    }
    Err(SqlError::new(-101, "54001", &[&format!("a statement of more than {LONGEST} bytes")]))
}

impl SectionStatement {
    /// A kind of description (TYPSQLDA): odd ones are about the parameters, the last two extended.
    fn sqlda(&self, kind: u8, persona: &Persona) -> SqlDa {
        let input = kind & 1 == 1;
        let ours: Vec<Field>;
        let fields = match self {
            SectionStatement::Prepared { parameters, .. } if input => parameters.as_slice(),
            SectionStatement::Prepared { columns, .. } => columns.as_slice(),
            SectionStatement::Explain if input => return explain::parameters(),
            SectionStatement::Call(call) if input => return call.parameters(),
            SectionStatement::Catalog(_) | SectionStatement::Register(_) if input => {
                let fields = match self {
                    SectionStatement::Catalog(call) => call.parameters(),
                    SectionStatement::Register(register) => register.parameters(),
                    _ => Vec::new(),
                };
                ours = fields.iter().enumerate().filter_map(|(i, f)| describe::field(f, i, persona).ok()).collect();
                ours.as_slice()
            }
            SectionStatement::Explain
            | SectionStatement::Call(_)
            | SectionStatement::Catalog(_)
            | SectionStatement::Register(_)
            | SectionStatement::ClientInfo(_) => &[],
        };
        let mode = if input { describe::MODE_IN } else { describe::MODE_NONE };
        let extended = kind >= typsqlda::OUTPUT_EXTENDED;
        let columns = fields.iter().map(|f| describe::sqlvar(f, extended.then_some(mode)));
        SqlDa { sqlca: None, header: None, columns: columns.collect() }
    }
}

/// True for a statement that changes what there is in the database, not what stands in it.
fn defines(sql: &str) -> bool {
    let word = sql.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    let words = ["CREATE", "DROP", "ALTER", "RENAME", "COMMENT", "LABEL", "GRANT", "REVOKE", "TRUNCATE"];
    words.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// True for a call, without markers, of the procedure by which the registers of client information are
/// set at Db2 for i, and can be at the others.
fn sets_client_info(sql: &str) -> bool {
    let mut words = sql.split(|c: char| c.is_whitespace() || c == '(').filter(|word| !word.is_empty());
    let is = |word: Option<&str>, names: &[&str]| word.is_some_and(|w| names.iter().any(|n| w.eq_ignore_ascii_case(n)));
    is(words.next(), &["CALL"])
        && is(words.next(), &["SYSPROC.WLM_SET_CLIENT_INFO", "WLM_SET_CLIENT_INFO"])
        && !words.any(|word| word.trim_matches([',', ')']) == "?")
}

/// -514 is about cursors, -518 about EXECUTE; a describe gets the latter too.
pub(super) fn not_prepared() -> SqlError {
    SqlError::new(-518, "07003", &[])
}
