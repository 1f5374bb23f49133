//! An entry of a journal: its code and type in the letters of IBM i, and the change that it tells of.

/// The code of an entry, and its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) struct EntryKind {
    pub(super) code: &'static str,
    pub(super) kind: &'static str,
}

/// Entries about records.
const RECORD: &str = "R";
/// About units of work.
const COMMITMENT: &str = "C";
/// About members.
const MEMBER: &str = "F";
/// About files.
const FILE: &str = "D";
/// About the journal itself.
const JOURNAL: &str = "J";

impl EntryKind {
    /// A record was added after the last one.
    pub(in crate::server) const ADDED: EntryKind = EntryKind { code: RECORD, kind: "PT" };
    /// A record was added in the place of a deleted one.
    pub(in crate::server) const ADDED_IN_PLACE: EntryKind = EntryKind { code: RECORD, kind: "PX" };
    /// The image before an update.
    pub(in crate::server) const BEFORE: EntryKind = EntryKind { code: RECORD, kind: "UB" };
    /// The image after an update.
    pub(in crate::server) const AFTER: EntryKind = EntryKind { code: RECORD, kind: "UP" };
    /// A record was deleted; its image before.
    pub(in crate::server) const DELETED: EntryKind = EntryKind { code: RECORD, kind: "DL" };
    /// The image before the rollback of an update.
    pub(in crate::server) const BEFORE_ROLLBACK: EntryKind = EntryKind { code: RECORD, kind: "BR" };
    /// The image after the rollback of an update or a deletion.
    pub(in crate::server) const AFTER_ROLLBACK: EntryKind = EntryKind { code: RECORD, kind: "UR" };
    /// A record was deleted by the rollback of its insertion.
    pub(in crate::server) const DELETED_BY_ROLLBACK: EntryKind = EntryKind { code: RECORD, kind: "DR" };
    /// A unit of work begins; its number is the commit cycle.
    pub(in crate::server) const BEGIN: EntryKind = EntryKind { code: COMMITMENT, kind: "SC" };
    /// A unit of work was committed.
    pub(in crate::server) const COMMIT: EntryKind = EntryKind { code: COMMITMENT, kind: "CM" };
    /// A unit of work was rolled back.
    pub(in crate::server) const ROLLBACK: EntryKind = EntryKind { code: COMMITMENT, kind: "RB" };
    /// Journaling of a member begins.
    pub(in crate::server) const STARTED: EntryKind = EntryKind { code: MEMBER, kind: "JM" };
    /// A member was cleared.
    pub(in crate::server) const CLEARED: EntryKind = EntryKind { code: MEMBER, kind: "CR" };
    /// A member was deleted.
    pub(in crate::server) const MEMBER_DELETED: EntryKind = EntryKind { code: MEMBER, kind: "MD" };
    /// A file was created.
    pub(in crate::server) const FILE_CREATED: EntryKind = EntryKind { code: FILE, kind: "CT" };
    /// A file was deleted.
    pub(in crate::server) const FILE_DELETED: EntryKind = EntryKind { code: FILE, kind: "DT" };
    /// The first entry of a receiver.
    pub(super) const PREVIOUS: EntryKind = EntryKind { code: JOURNAL, kind: "PR" };
    /// The last entry of a receiver that another one follows.
    pub(super) const NEXT: EntryKind = EntryKind { code: JOURNAL, kind: "NR" };
}

/// The job that makes a change.
#[derive(Debug, Clone, Default)]
pub(in crate::server) struct Author {
    /// The number of the job.
    pub(in crate::server) job: u64,
    /// The user that it works for.
    pub(in crate::server) user: String,
}

/// The file that an entry is about, and its member.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct JournaledObject<'a> {
    pub(in crate::server) library: &'a str,
    pub(in crate::server) file: &'a str,
    /// Empty for an entry about the file as a whole.
    pub(in crate::server) member: &'a str,
}

impl JournaledObject<'_> {
    /// As entries name it: file, library and member, each in ten characters.
    pub(super) fn spelt(&self) -> String {
        format!("{:<10}{:<10}{:<10}", self.file, self.library, self.member)
    }
}

/// An entry before it has a number.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct JournalEntry<'a> {
    pub(in crate::server) kind: EntryKind,
    pub(in crate::server) author: &'a Author,
    pub(in crate::server) object: Option<JournaledObject<'a>>,
    /// The number of the record; 0 for none.
    pub(in crate::server) rrn: u32,
    /// The bytes of the record.
    pub(in crate::server) image: Option<&'a [u8]>,
    /// A sign for each field, `0` or `1` for NULL; none in a file without fields that can be NULL.
    pub(in crate::server) nulls: Option<&'a str>,
    /// The unit of work; 0 for none.
    pub(in crate::server) cycle: u64,
}

impl<'a> JournalEntry<'a> {
    /// One without a record.
    pub(in crate::server) fn of(kind: EntryKind, author: &'a Author) -> JournalEntry<'a> {
        JournalEntry { kind, author, object: None, rrn: 0, image: None, nulls: None, cycle: 0 }
    }
}
