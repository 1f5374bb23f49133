//! The names by which the holder of a certificate is known, exactly as they stand in it: for decisions, where
//! [`certificate`](super::certificate) has names for people to read.

use super::certificate::{DNS_NAME, IP_ADDRESS, OID, Parts, SEQUENCE, SET, address, alternative_names, take};

/// In GeneralNames: an address of mail.
const RFC822_NAME: u8 = 0x81;
/// id-at-commonName (2.5.4.3).
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const UTF8_STRING: u8 = 0x0C;
const PRINTABLE_STRING: u8 = 0x13;

/// The names of a certificate's holder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HolderNames {
    /// The common name of the subject; none where it has several, or none that can be read without doubt.
    pub common: Option<String>,
    /// The subject alternative names: hosts, addresses, mail.
    pub others: Vec<String>,
}

impl HolderNames {
    /// Of a certificate in DER. One that cannot be read has none.
    pub fn of(der: &[u8]) -> HolderNames {
        let Some(parts) = Parts::of(der) else { return HolderNames::default() };
        let mut found = common_names(parts.subject).unwrap_or_default();
        let common = found.pop().filter(|_| found.is_empty()).flatten();
        let other = |(tag, name): (u8, &[u8])| match tag {
            DNS_NAME | RFC822_NAME => text(PRINTABLE_STRING, name),
            IP_ADDRESS => address(name),
            _ => None,
        };
        let others = alternative_names(parts.rest).unwrap_or_default().into_iter().filter_map(other).collect();
        HolderNames { common, others }
    }
}

/// All common names of an RDNSequence; none in the place of one that cannot be read.
fn common_names(mut name: &[u8]) -> Option<Vec<Option<String>>> {
    let mut out = Vec::new();
    while !name.is_empty() {
        let mut set = take(&mut name, SET)?;
        while !set.is_empty() {
            let mut attribute = take(&mut set, SEQUENCE)?;
            if take(&mut attribute, OID)? == COMMON_NAME {
                let tag = *attribute.first()?;
                out.push(text(tag, take(&mut attribute, tag)?));
            }
        }
    }
    Some(out)
}

/// A text of a kind whose characters are beyond doubt, without control characters.
fn text(tag: u8, bytes: &[u8]) -> Option<String> {
    let known = tag == UTF8_STRING || tag == PRINTABLE_STRING && bytes.is_ascii();
    let text = std::str::from_utf8(bytes).ok().filter(|_| known)?;
    (!text.is_empty() && !text.contains(char::is_control)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, KeyPair, SanType};

    fn of(common: &[DnValue], others: Vec<SanType>) -> HolderNames {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "CN=admin");
        // rcgen keeps one of a type: the second has a type of its own.
        for (name, kind) in common.iter().zip([DnType::CommonName, DnType::CustomDnType(vec![2, 5, 4, 3])]) {
            params.distinguished_name.push(kind, name.clone());
        }
        params.subject_alt_names = others;
        HolderNames::of(params.self_signed(&KeyPair::generate().unwrap()).unwrap().der())
    }

    #[test]
    fn names_are_exact_or_not_there() {
        let utf8 = |text: &str| DnValue::Utf8String(text.to_owned());
        let common = |names: &[DnValue]| of(names, Vec::new()).common;
        assert_eq!(common(&[utf8("app")]).as_deref(), Some("app"));
        assert_eq!(common(&[utf8("Jürgen O. x")]).as_deref(), Some("Jürgen O. x"));
        assert_eq!(common(&[DnValue::PrintableString("app 1".try_into().unwrap())]).as_deref(), Some("app 1"));
        for doubtful in ["app\0", "app\u{7}x", "\napp", ""] {
            assert_eq!(common(&[utf8(doubtful)]), None, "{doubtful:?}");
        }
        assert_eq!(common(&[DnValue::TeletexString("app".try_into().unwrap())]), None);
        assert_eq!(common(&[DnValue::BmpString("app".try_into().unwrap())]), None);
        assert_eq!(common(&[utf8("app"), utf8("root")]), None);
        assert_eq!(common(&[]), None);
        let others = vec![
            SanType::DnsName("host.example".try_into().unwrap()),
            SanType::Rfc822Name("ann@example.org".try_into().unwrap()),
            SanType::IpAddress("10.0.0.1".parse().unwrap()),
            SanType::URI("spiffe://x".try_into().unwrap()),
        ];
        assert_eq!(of(&[], others).others, ["host.example", "ann@example.org", "10.0.0.1"]);
        assert_eq!(HolderNames::of(b"no certificate"), HolderNames::default());
    }
}
