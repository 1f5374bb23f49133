//! The names in an X.509 certificate (RFC 5280, 4.1), for the words of an error. What they are worth
//! is for others to judge.

/// Longest name shown, characters.
const SHOWN: usize = 200;

const INTEGER: u8 = 0x02;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const VERSION: u8 = 0xA0;
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
        read(der).unwrap_or_default()
    }
}

fn read(mut der: &[u8]) -> Option<Names> {
    let mut certificate = take(&mut der, SEQUENCE)?;
    let mut tbs = take(&mut certificate, SEQUENCE)?;
    if tbs.first() == Some(&VERSION) {
        take(&mut tbs, VERSION)?;
    }
    take(&mut tbs, INTEGER)?;
    take(&mut tbs, SEQUENCE)?;
    let issuer = take(&mut tbs, SEQUENCE)?;
    take(&mut tbs, SEQUENCE)?;
    let subject = take(&mut tbs, SEQUENCE)?;
    Some(Names { subject: words(subject), issuer: words(issuer), self_issued: issuer == subject })
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
                let shown =
                    String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control()).take(SHOWN).collect::<String>();
                out.push(format!("{label}={shown}"));
            }
        }
    }
    out.join(", ").chars().take(SHOWN).collect()
}

/// The contents of the DER element at the front, when it has this tag; `input` goes behind it.
fn take<'a>(input: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let (found, rest) = input.split_first()?;
    let (first, mut rest) = rest.split_first()?;
    let length = match first {
        0..=0x7F => usize::from(*first),
        0x81..=0x83 => {
            let (digits, behind) = rest.split_at_checked(usize::from(first & 0x7F))?;
            rest = behind;
            digits.iter().fold(0, |n, digit| n << 8 | usize::from(*digit))
        }
        _ => return None,
    };
    let (contents, behind) = rest.split_at_checked(length)?;
    (*found == tag).then(|| {
        *input = behind;
        contents
    })
}

#[cfg(test)]
mod tests {
    use super::Names;
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
}
