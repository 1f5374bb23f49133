use super::*;
use crate::wire::codec::error::WireError;
use crate::wire::ddm::param::hex;

/// The captured rows of one outfile.
fn captured(kind: &str) -> Vec<Vec<u8>> {
    let lines = include_str!("../../../../tests/data/record_rows.hex").lines();
    lines.filter_map(|l| Some(hex(l.strip_prefix(kind)?.strip_prefix(' ')?))).collect()
}

fn cust() -> FileFormats {
    let mut file = formats(captured("ffd").iter().map(Vec::as_slice), 37).unwrap();
    (file.keys, file.unique) = keys(captured("acp").iter().map(Vec::as_slice), 37).unwrap();
    file
}

#[test]
fn a_file_as_the_client_understood_it() {
    let file = cust();
    assert_eq!((file.file.as_str(), file.library.as_str(), file.logical), ("CUST", "TESTLIB", false));
    assert_eq!(file.formats.len(), 1);
    let format = &file.formats[0];
    assert_eq!((format.name.as_str(), format.length), ("CUSTR", 36));
    let fields: Vec<_> = format
        .fields
        .iter()
        .map(|f| (f.name.as_str(), f.dds.0, f.offset, f.length, f.digits, f.decimals, f.varying, f.nullable))
        .collect();
    assert_eq!(
        fields,
        [
            ("CUSNUM", 'S', 0, 6, 6, 0, false, false),
            ("NAME", 'A', 6, 10, 0, 0, false, false),
            ("BAL", 'P', 16, 4, 7, 2, false, false),
            ("QTY", 'B', 20, 4, 9, 0, false, false),
            ("NOTE", 'A', 24, 12, 0, 0, true, true),
        ]
    );
    assert_eq!(format.fields[0].text, "Customer number");
    assert_eq!(format.layout().increment, 52);
    assert_eq!(file.keys, [KeyField { name: "CUSNUM".into(), ..KeyField::default() }]);
    assert!(file.unique);
}

#[test]
fn rows_that_are_made_say_the_same() {
    let file = cust();
    let rows = format_rows(&file, 37).unwrap();
    assert!(rows.iter().all(|row| row.len() == 591));
    let mut again = formats(rows.iter().map(Vec::as_slice), 37).unwrap();
    let rows = key_rows(&file, 37).unwrap();
    assert!(rows.iter().all(|row| row.len() == 119));
    (again.keys, again.unique) = keys(rows.iter().map(Vec::as_slice), 37).unwrap();
    assert_eq!(again, file);
}

#[test]
fn several_formats_keys_and_forms_survive() {
    let field = |name: &str, dds, offset, length| RecordField {
        name: name.into(),
        dds,
        offset,
        length,
        ccsid: 65535,
        ..RecordField::default()
    };
    let dates = RecordFormat {
        name: "R1".into(),
        level: "1A2B3C4D5E6F7".into(),
        text: "First".into(),
        length: 24,
        fields: vec![
            RecordField {
                format: "*YMD".into(),
                separator: Some(' '),
                headings: ["Due".into(), "date".into(), String::new()],
                ..field("DUE", DdsType::DATE, 0, 8)
            },
            RecordField { format: "*HMS".into(), separator: Some(','), ..field("AT", DdsType::TIME, 8, 8) },
            RecordField { digits: 16, default: Some("1.5".into()), ..field("RATE", DdsType::DECFLOAT, 16, 8) },
        ],
    };
    let other = RecordFormat {
        name: "R2".into(),
        length: 5,
        fields: vec![field("X", DdsType::HEX, 0, 5)],
        ..Default::default()
    };
    let file = FileFormats {
        file: "LF".into(),
        library: "L".into(),
        logical: true,
        formats: vec![dates, other],
        keys: vec![
            KeyField { name: "DUE".into(), descending: true, ..KeyField::default() },
            KeyField { name: "RATE".into(), absolute: true, ..KeyField::default() },
        ],
        unique: false,
    };
    let rows = format_rows(&file, 37).unwrap();
    let mut again = formats(rows.iter().map(Vec::as_slice), 37).unwrap();
    let rows = key_rows(&file, 37).unwrap();
    (again.keys, again.unique) = keys(rows.iter().map(Vec::as_slice), 37).unwrap();
    assert_eq!(again, file);
    let rows = key_rows(&FileFormats { keys: Vec::new(), ..file }, 37).unwrap();
    assert_eq!(keys(rows.iter().map(Vec::as_slice), 37).unwrap(), (Vec::new(), false));
}

#[test]
fn rows_of_a_stranger_are_held() {
    let row = &captured("ffd")[0];
    for cut in 0..504 {
        let error = formats([&row[..cut]], 37).unwrap_err();
        assert!(matches!(error, MessageError::Wire(WireError::Truncated { .. })), "cut at {cut}: {error:?}");
    }
    let with = |at: usize, bytes: &[u8]| {
        let mut changed = row.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        formats([changed.as_slice()], 37)
    };
    // The position 0, one beyond the record, a length beyond it, an invalid number, a long record.
    assert!(with(154, &[0xF0; 5]).is_ok());
    assert!(with(149, &[0xF0; 10]).is_err());
    assert!(with(154, &[0xF9; 5]).is_err());
    assert!(with(159, &[0xF9; 5]).is_err());
    assert!(with(164, &[0xC1, 0x00]).is_err());
    assert!(with(124, &[0xF9; 5]).is_err());
    let acp = &captured("acp")[0];
    for cut in 0..111 {
        assert!(keys([&acp[..cut]], 37).is_err(), "cut at {cut}");
    }
}

#[test]
fn members_are_listed() {
    let all = [
        MemberDescription {
            file: "F".into(),
            library: "L".into(),
            name: "M1".into(),
            text: "one".into(),
            records: 9,
            deleted: 2,
        },
        MemberDescription { name: "M2".into(), ..MemberDescription::default() },
    ];
    let rows = member_rows(&all, 37).unwrap();
    assert_eq!(members(rows.iter().map(Vec::as_slice), 37).unwrap(), all);
    assert!(members([&rows[0][..354]], 37).is_err());
}
