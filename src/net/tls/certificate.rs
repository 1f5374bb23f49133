//! The names and dates in an X.509 certificate (RFC 5280, 4.1), for people to read. Whether to trust them is
//! decided elsewhere.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Longest name shown, characters.
const SHOWN: usize = 200;

const INTEGER: u8 = 0x02;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
const VERSION: u8 = 0xA0;
const EXTENSIONS: u8 = 0xA3;
const OCTETS: u8 = 0x04;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// In GeneralNames.
pub(super) const DNS_NAME: u8 = 0x82;
pub(super) const IP_ADDRESS: u8 = 0x87;
/// id-ce-subjectAltName (2.5.29.17).
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1D, 17];
/// Names of a certificate that are kept.
const NAMES: usize = 100;
/// UTF8String, PrintableString, TeletexString, IA5String: bytes of which the ASCII ones are shown.
const TEXTS: [u8; 4] = [0x0C, 0x13, 0x14, 0x16];

/// Attribute types that people know a certificate by, id-at (2.5.4).
const KNOWN: [(&[u8], &str); 4] =
    [(&[0x55, 4, 3], "CN"), (&[0x55, 4, 10], "O"), (&[0x55, 4, 11], "OU"), (&[0x55, 4, 6], "C")];

/// Who a certificate is about and who says so.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    /// Subject, in words.
    pub subject: String,
    /// Issuer, in words.
    pub issuer: String,
    /// Both are the same.
    pub self_issued: bool,
}

impl Names {
    /// Of a certificate in DER; empty where it cannot be read.
    pub(super) fn of(der: &[u8]) -> Names {
        Certificate::of(der).names
    }
}

/// The contents of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Certificate {
    /// Whom it is about.
    pub names: Names,
    /// Hosts that it is for (subject alternative names).
    pub hosts: Vec<String>,
    /// Valid from, seconds since 1970.
    pub not_before: Option<i64>,
    /// Valid until.
    pub not_after: Option<i64>,
}

impl Certificate {
    /// From DER; empty where it cannot be read.
    pub(super) fn of(der: &[u8]) -> Certificate {
        read(der).unwrap_or_default()
    }
}

/// The parts of a certificate, each as DER.
pub(super) struct Parts<'a> {
    issuer: &'a [u8],
    validity: &'a [u8],
    pub(super) subject: &'a [u8],
    /// From the public key on.
    pub(super) rest: &'a [u8],
}

impl Parts<'_> {
    pub(super) fn of(mut der: &[u8]) -> Option<Parts<'_>> {
        let mut certificate = take(&mut der, SEQUENCE)?;
        let mut tbs = take(&mut certificate, SEQUENCE)?;
        if tbs.first() == Some(&VERSION) {
            take(&mut tbs, VERSION)?;
        }
        take(&mut tbs, INTEGER)?;
        take(&mut tbs, SEQUENCE)?;
        let issuer = take(&mut tbs, SEQUENCE)?;
        let validity = take(&mut tbs, SEQUENCE)?;
        Some(Parts { issuer, validity, subject: take(&mut tbs, SEQUENCE)?, rest: tbs })
    }
}

fn read(der: &[u8]) -> Option<Certificate> {
    let Parts { issuer, mut validity, subject, rest } = Parts::of(der)?;
    let names = Names { subject: words(subject), issuer: words(issuer), self_issued: issuer == subject };
    let (not_before, not_after) = (moment(&mut validity), moment(&mut validity));
    Some(Certificate { names, hosts: hosts(rest), not_before, not_after })
}

/// UTCTime and GeneralizedTime as seconds since 1970.
fn moment(validity: &mut &[u8]) -> Option<i64> {
    let tag = *validity.first()?;
    let text = std::str::from_utf8(take(validity, tag)?).ok()?;
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            let year: i64 = year.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = text.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let digits = rest.strip_suffix('Z').filter(|d| d.len() == 10 && d.bytes().all(|b| b.is_ascii_digit()))?;
    let two = |at: usize| digits.get(at..at + 2).and_then(|d| d.parse::<i64>().ok());
    let (month, day) = (two(0)?, two(2)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days since 1970 of a date in the Gregorian calendar, its years begun in March.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days =
        365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + (153 * m + 2) / 5 + day - 1 - 719_468;
    Some(((days * 24 + two(4)?) * 60 + two(6)?) * 60 + two(8)?)
}

/// The hosts among the subject alternative names.
fn hosts(rest: &[u8]) -> Vec<String> {
    let host = |(tag, name): (u8, &[u8])| match tag {
        DNS_NAME => Some(readable(name)),
        IP_ADDRESS => address(name),
        _ => None,
    };
    alternative_names(rest).unwrap_or_default().into_iter().filter_map(host).collect()
}

/// An address in a certificate.
pub(super) fn address(name: &[u8]) -> Option<String> {
    match (<[u8; 4]>::try_from(name), <[u8; 16]>::try_from(name)) {
        (Ok(v4), _) => Some(Ipv4Addr::from(v4).to_string()),
        (_, Ok(v6)) => Some(Ipv6Addr::from(v6).to_string()),
        _ => None,
    }
}

/// The subject alternative names with their tags, from what is after the subject.
pub(super) fn alternative_names(mut tbs: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    // The public key, then perhaps unique identifiers.
    take(&mut tbs, SEQUENCE)?;
    while *tbs.first()? != EXTENSIONS {
        let tag = *tbs.first()?;
        take(&mut tbs, tag)?;
    }
    let mut extensions = take(&mut take(&mut tbs, EXTENSIONS)?, SEQUENCE)?;
    while let Some(mut extension) = take(&mut extensions, SEQUENCE) {
        if take(&mut extension, OID)? != ALTERNATIVE_NAMES {
            continue;
        }
        // Whether it is critical may stand before it.
        if *extension.first()? != OCTETS {
            let tag = *extension.first()?;
            take(&mut extension, tag)?;
        }
        let mut names = take(&mut take(&mut extension, OCTETS)?, SEQUENCE)?;
        let mut out = Vec::new();
        while let Some(tag) = names.first().copied().filter(|_| out.len() < NAMES) {
            out.push((tag, take(&mut names, tag)?));
        }
        return Some(out);
    }
    None
}

fn readable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control()).take(SHOWN).collect()
}

/// `CN=…, O=…` of an RDNSequence, as far as it can be read.
fn words(mut name: &[u8]) -> String {
    let mut out: Vec<String> = Vec::new();
    while let Some(mut set) = take(&mut name, SET) {
        while let Some(mut attribute) = take(&mut set, SEQUENCE) {
            let known = take(&mut attribute, OID).and_then(|oid| KNOWN.iter().find(|(known, _)| *known == oid));
            let text = attribute.first().copied().filter(|tag| TEXTS.contains(tag));
            if let (Some((_, label)), Some(tag)) = (known, text) {
                let bytes = take(&mut attribute, tag).unwrap_or_default();
                out.push(format!("{label}={}", readable(bytes)));
            }
        }
    }
    out.join(", ").chars().take(SHOWN).collect()
}

/// The contents of the DER element at the front, when it has this tag; `input` goes past it.
pub(super) fn take<'a>(input: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let (found, rest) = input.split_first()?;
    let (first, mut rest) = rest.split_first()?;
    let length = match first {
        0..=0x7F => usize::from(*first),
        0x81..=0x83 => {
            let (digits, after) = rest.split_at_checked(usize::from(first & 0x7F))?;
            rest = after;
            digits.iter().fold(0, |n, digit| n << 8 | usize::from(*digit))
        }
        _ => return None,
    };
    let (contents, after) = rest.split_at_checked(length)?;
    (*found == tag).then(|| {
        *input = after;
        contents
    })
}

#[cfg(test)]
mod tests {
    use super::{Certificate, Names};
    use rcgen::{CertificateParams, DnType, IsCa, Issuer, KeyPair};

    fn named(common: &str, organization: &str) -> CertificateParams {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common);
        params.distinguished_name.push(DnType::OrganizationName, organization);
        params
    }

    #[test]
    fn subject_and_issuer() {
        let key = KeyPair::generate().unwrap();
        let mut ca = named("Lab CA", "Lab");
        ca.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let own = ca.self_signed(&key).unwrap();
        let names = Names::of(own.der());
        assert_eq!((names.subject.as_str(), names.self_issued), ("CN=Lab CA, O=Lab", true));
        let issued = named("Gerät\u{7}", "x").signed_by(&key, &Issuer::from_params(&ca, &key)).unwrap();
        let names = Names::of(issued.der());
        assert_eq!((names.subject.as_str(), names.issuer.as_str()), ("CN=Gerät, O=x", "CN=Lab CA, O=Lab"));
        assert!(!names.self_issued);
        // Cut or bent anywhere, it has other names or none.
        for at in 0..issued.der().len() {
            Names::of(&issued.der()[..at]);
            let mut bent = issued.der().to_vec();
            bent[at] ^= 0xFF;
            Names::of(&bent);
        }
    }

    #[test]
    fn hosts_and_dates() {
        let key = KeyPair::generate().unwrap();
        let names = ["db.example", "*.lab.example", "10.0.0.1", "2001:db8::1"].map(str::to_owned).to_vec();
        let mut params = CertificateParams::new(names.clone()).unwrap();
        // GNU date: date -ud 2024-02-29 +%s, date -ud 2076-12-31 +%s. From 2050 on the year has four digits.
        params.not_before = rcgen::date_time_ymd(2024, 2, 29);
        params.not_after = rcgen::date_time_ymd(2076, 12, 31);
        let der = params.self_signed(&key).unwrap();
        let read = Certificate::of(der.der());
        assert_eq!((read.hosts, read.not_before, read.not_after), (names, Some(1_709_164_800), Some(3_376_598_400)));
        params.subject_alt_names.clear();
        assert!(Certificate::of(params.self_signed(&key).unwrap().der()).hosts.is_empty());
    }
}
