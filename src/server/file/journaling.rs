//! Entries that changes of files leave in the journal of their library. Files of QTEMP have none.

use super::physical::PhysicalFile;
use crate::server::journal::entry::{Author, EntryKind, JournalEntry, JournaledObject};

/// A record before or after a change: its number, and its bytes with the null map.
pub(super) type Image<'a> = (u32, &'a [u8]);

impl PhysicalFile {
    /// An entry about a record, of a unit of work (0 for none).
    pub(super) fn journal_record(
        &self,
        kind: EntryKind,
        author: &Author,
        member: &str,
        (rrn, record): Image<'_>,
        cycle: u64,
    ) {
        let Some(journal) = &self.journal else { return };
        let length = self.definition.format.length as usize;
        let (image, map) = record.split_at_checked(length).unwrap_or((record, &[]));
        // Marks are the digits 0 and 1 in EBCDIC.
        let sign = |mark: &u8| char::from(b'0' + (mark & 1));
        let nullable = self.definition.format.fields.iter().any(|field| field.nullable);
        let nulls: Option<String> = nullable.then(|| map.iter().map(sign).collect());
        let entry = JournalEntry {
            object: Some(self.object(member)),
            rrn,
            image: Some(image),
            nulls: nulls.as_deref(),
            cycle,
            ..JournalEntry::of(kind, author)
        };
        journal.deposit(&entry);
    }

    /// An entry about a member, or with an empty name about the file.
    pub(super) fn journal_object(&self, kind: EntryKind, author: &Author, member: &str) {
        if let Some(journal) = &self.journal {
            let entry = JournalEntry { object: Some(self.object(member)), ..JournalEntry::of(kind, author) };
            journal.deposit(&entry);
        }
    }

    /// Entries that say that its journal has its changes from now on.
    pub(super) fn begin_journaling(&self, author: &Author) {
        let Some(journal) = &self.journal else { return };
        journal.begin(&self.name);
        self.journal_object(EntryKind::FILE_CREATED, author, "");
        let members: Vec<String> = self.contents().members.iter().map(|member| member.name.clone()).collect();
        for member in members {
            self.journal_object(EntryKind::STARTED, author, &member);
        }
    }

    /// The file is deleted, and was there.
    pub(super) fn end_journaling(&self, author: &Author) {
        if let Some(journal) = &self.journal {
            self.journal_object(EntryKind::FILE_DELETED, author, "");
            journal.end(&self.name);
        }
    }

    fn object<'a>(&'a self, member: &'a str) -> JournaledObject<'a> {
        JournaledObject { library: &self.library, file: &self.name, member }
    }
}
