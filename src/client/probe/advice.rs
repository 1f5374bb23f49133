//! Advice, from the findings.

use super::report::{Advice, Port, ServerReport, Service, Severity, TlsReport};
use crate::flow::secmec::line::Line;
use crate::net::tls::AcceptedCertificate;
use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

const DAY: i64 = 86_400;
/// A certificate that ends within so many days is near its end.
const NEAR: i64 = 30;
/// Password levels of IBM i with DES and ten characters.
const OLD_LEVELS: std::ops::RangeInclusive<u8> = 0..=1;

/// Numbers of mechanisms.
const CLEAR_PASSWORD: u16 = 3;
const USER_ONLY: u16 = 4;
const ENCRYPTED: [u16; 2] = [7, 9];
/// Those that send no password in a form that a listener could use at once, at any password level.
const BETTER: [u16; 3] = [7, 9, 11];
/// A substitute that is worth something from this password level of IBM i on. That of the levels below is made by DES of a
/// password in capitals, and Derby's has a few bits of each character.
const SUBSTITUTE: u16 = 8;
const STRONG_LEVEL: u8 = 2;

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}

/// How far a listener has to be away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// This machine.
    Loopback,
    /// A private network.
    Private,
    /// Anywhere.
    Public,
}

impl Reach {
    fn of(address: Option<IpAddr>) -> Reach {
        match address.map(|address| address.to_canonical()) {
            Some(address) if Line::to(address) == Line::Local => Reach::Loopback,
            Some(IpAddr::V4(v4)) => {
                // 100.64.0.0/10 is shared by the customers of a provider (RFC 6598).
                let shared = matches!(v4.octets(), [100, 64..=127, ..]);
                let private = v4.is_private() || v4.is_link_local() || v4.is_unspecified() || shared;
                if private { Reach::Private } else { Reach::Public }
            }
            Some(IpAddr::V6(v6)) => {
                let private = v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_unspecified();
                if private { Reach::Private } else { Reach::Public }
            }
            None => Reach::Private,
        }
    }

    /// Makes advice that is grave where others can listen mere information on this machine.
    fn soften(self, severity: Severity) -> Severity {
        if self == Reach::Loopback { Severity::Info } else { severity }
    }
}

/// Everything there is to say, the gravest first.
pub(super) fn advice(ports: &[Port], now: i64) -> Vec<Advice> {
    let twin = ports.iter().any(|port| port.service == Service::Drda && port.tls.is_some());
    let level = ports.iter().filter_map(|port| port.sign_on.as_ref()).map(|told| told.password_level).min();
    let mut out = Vec::new();
    for port in ports.iter().filter(|port| port.is_open()) {
        let mut say = |severity, code, text: String, cure: &str| {
            out.push(Advice { severity, code, port: port.port, text, cure: cure.to_owned() });
        };
        let reach = Reach::of(port.address.map(|address| address.ip()));
        if let Some(server) = &port.server {
            mechanisms(server, port.tls.is_some(), level, reach, &mut say);
            if port.tls.is_none() {
                in_clear(reach, twin, &mut say);
            }
        }
        // Whose certificate it is matters only where it is ours to judge.
        let ours = matches!(port.service, Service::Drda | Service::SignOn) || port.usual.is_some();
        if let Some(tls) = port.tls.as_ref().filter(|_| ours) {
            certificate(tls, reach, now, &mut say);
        }
        if let Some(level) = port.sign_on.as_ref().map(|s| s.password_level).filter(|l| OLD_LEVELS.contains(l)) {
            say(
                Severity::Warning,
                "password-level",
                format!("the system's password level is {level}: ten characters, kept under DES"),
                "raise QPWDLVL to 3 or 4 in the steps that IBM describes",
            );
        }
    }
    out.sort_by_key(|advice| (advice.severity, advice.port));
    out
}

fn in_clear(reach: Reach, twin: bool, say: &mut impl FnMut(Severity, &'static str, String, &str)) {
    if reach == Reach::Public {
        say(
            Severity::Critical,
            "public-plain",
            "DRDA without TLS can be reached at a public address".to_owned(),
            "close the port to the internet; let clients come over TLS, a VPN or an SSH tunnel",
        );
    }
    if !twin {
        say(
            reach.soften(Severity::Warning),
            "no-tls",
            "no port with DRDA over TLS was found among those looked at: statements and rows travel in \
             clear, and whoever answers in the server's place gets the password"
                .to_owned(),
            "set TLS up: 448 on IBM i (Digital Certificate Manager, QIBM_OS400_QRW_SVR_DDM_DRDA) and z/OS (AT-TLS, \
             SECPORT), SSL_SVCENAME on Db2 for LUW, -ssl basic on Derby",
        );
    }
}

fn mechanisms(
    server: &ServerReport,
    tls: bool,
    level: Option<u8>,
    reach: Reach,
    say: &mut impl FnMut(Severity, &'static str, String, &str),
) {
    let Some(offered) = &server.mechanisms else {
        let why = server.refusal.as_deref().unwrap_or("no reason was given");
        let text = format!("the server does not tell its security mechanisms: {why}");
        say(Severity::Info, "mechanisms-untold", text, "name a database that it has: database=…");
        return;
    };
    let has = |number: u16| offered.iter().any(|mechanism| mechanism.number == number);
    if has(CLEAR_PASSWORD) && !tls {
        let severity = if reach == Reach::Public { Severity::Critical } else { reach.soften(Severity::Warning) };
        let text = "passwords in clear (SECMEC 3) are accepted on a connection without TLS".to_owned();
        let strong = has(SUBSTITUTE) && level.is_some_and(|level| level >= STRONG_LEVEL);
        let cure = if strong || BETTER.into_iter().any(has) {
            "ask for encrypted passwords: CHGDDMTCPA (PWDRQD) on IBM i, AUTHENTICATION SERVER_ENCRYPT on Db2 for LUW, \
             TCPALVER=SERVER_ENCRYPT on z/OS; better, TLS"
        } else {
            "TLS; or encrypted passwords: AUTHENTICATION SERVER_ENCRYPT on Db2 for LUW, CHGDDMTCPA (PWDRQD) on IBM i"
        };
        say(severity, "clear-password", text, cure);
    }
    if has(USER_ONLY) {
        let text = "a user id without a password (SECMEC 4) is offered: a name alone may be enough to connect";
        let cure = "ask for passwords: derby.connection.requireAuthentication on Derby, CHGDDMTCPA (PWDRQD) on \
                    IBM i, TCPALVER=NO on z/OS";
        say(reach.soften(Severity::Warning), "user-only", text.to_owned(), cure);
    }
    if server.cipher == Some("DES") && ENCRYPTED.into_iter().any(has) {
        let severity = if tls { Severity::Info } else { reach.soften(Severity::Warning) };
        let text = "encrypted credentials come under DES only (a key of 56 bits): hidden, not protected";
        let cure = "AES: ALTERNATE_AUTH_ENC AES_ONLY on Db2 for LUW, a current release on IBM i and z/OS; better, TLS";
        say(severity, "des-only", text.to_owned(), cure);
    }
}

fn certificate(tls: &TlsReport, reach: Reach, now: i64, say: &mut impl FnMut(Severity, &'static str, String, &str)) {
    if let Some(failure) = &tls.failure {
        let text = format!("TLS did not come about: {failure}");
        let cure = "TLS 1.2 or 1.3 with forward secrecy is needed; a server that wants client certificates refuses too";
        say(Severity::Warning, "tls-failed", text, cure);
    }
    let Some(AcceptedCertificate { certificate, trusted, distrust, name_fits, .. }) = &tls.seen else { return };
    let renew = "give the server a new certificate";
    let whom = match certificate.names.subject.as_str() {
        "" => "the certificate".to_owned(),
        subject => format!("the certificate ({subject})"),
    };
    match certificate.not_after.map(|end| (end - now).div_euclid(DAY)) {
        Some(left) if left < 0 => {
            say(Severity::Critical, "certificate-expired", format!("{whom} expired {} ago", days(-left)), renew);
        }
        Some(left) if left < NEAR => {
            say(Severity::Warning, "certificate-ends", format!("{whom} ends in {}", days(left)), renew);
        }
        _ => {}
    }
    if certificate.not_before.is_some_and(|start| start > now) {
        let cure = "look at the clocks of both machines";
        say(Severity::Warning, "certificate-early", format!("{whom} is not valid yet"), cure);
    }
    if !name_fits {
        let hosts = match certificate.hosts.as_slice() {
            [] => "no host at all".to_owned(),
            hosts => hosts.iter().take(10).cloned().collect::<Vec<_>>().join(", "),
        };
        let text = format!("{whom} is not for the name that was asked for; it is for {hosts}");
        let cure = "connect by one of its names (tls_server_name=…), or pin it (tls_fingerprint=…)";
        say(reach.soften(Severity::Warning), "certificate-name", text, cure);
    }
    if certificate.names.self_issued && !trusted {
        let cure = "give it to clients as tls_ca=… or pin it (tls_fingerprint=…); one of your own authority is better";
        say(reach.soften(Severity::Warning), "certificate-self-signed", format!("{whom} is self-signed"), cure);
    } else if let Some(why) = distrust.as_ref().filter(|_| *name_fits && certificate.not_after.is_none_or(|e| e >= now))
    {
        let cure = "give clients the authority's certificate as tls_ca=…";
        say(
            reach.soften(Severity::Warning),
            "certificate-untrusted",
            format!("the system does not trust it: {why}"),
            cure,
        );
    }
}

fn days(n: i64) -> String {
    match n {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        n => format!("{n} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::probe::report::{OfferedMechanism, PortState, SignOnReport};
    use crate::net::tls::certificate::{Certificate, Names};
    use crate::net::tls::fingerprint::Fingerprint;
    use std::net::SocketAddr;

    const NOW: i64 = 1_800_000_000;

    fn server(numbers: &[u16], cipher: Option<&'static str>) -> ServerReport {
        let mechanisms =
            numbers.iter().map(|number| OfferedMechanism { number: *number, name: "", words: "" }).collect();
        ServerReport { mechanisms: Some(mechanisms), complete: true, cipher, ..ServerReport::default() }
    }

    fn drda(address: &str, server: ServerReport) -> Port {
        Port {
            state: PortState::Open,
            address: Some(SocketAddr::new(address.parse().unwrap(), 446)),
            service: Service::Drda,
            server: Some(server),
            ..Port::new(446)
        }
    }

    fn tls(days: i64, self_issued: bool, trusted: bool, name_fits: bool) -> TlsReport {
        let certificate = Certificate {
            names: Names { subject: "CN=db".to_owned(), issuer: "CN=x".to_owned(), self_issued },
            hosts: vec!["db.example".to_owned()],
            not_before: Some(NOW - DAY),
            not_after: Some(NOW + days * DAY),
        };
        let distrust = (!trusted).then(|| "because".to_owned());
        let seen = AcceptedCertificate { certificate, fingerprint: Fingerprint::of(b""), trusted, distrust, name_fits };
        TlsReport { version: Some("TLSv1.3"), cipher: None, seen: Some(seen), failure: None }
    }

    fn codes(ports: &[Port]) -> Vec<(&'static str, Severity)> {
        advice(ports, NOW).into_iter().map(|a| (a.code, a.severity)).collect()
    }

    #[test]
    fn what_others_can_hear_is_graver_the_more_there_are() {
        use Severity::{Critical, Info, Warning};
        let at = |address: &str| codes(&[drda(address, server(&[3, 9], Some("AES-256")))]);
        for public in ["8.8.8.8", "2a00:1450::1", "::ffff:8.8.8.8"] {
            let all = [("public-plain", Critical), ("clear-password", Critical), ("no-tls", Warning)];
            let mut found = at(public);
            found.sort();
            let mut all = all.to_vec();
            all.sort();
            assert_eq!(found, all, "{public}");
        }
        for private in ["10.1.2.3", "192.168.0.1", "172.16.9.9", "169.254.1.1", "100.64.0.1", "fe80::1", "fd00::1"] {
            assert_eq!(at(private), [("clear-password", Warning), ("no-tls", Warning)], "{private}");
        }
        for loopback in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(at(loopback), [("clear-password", Info), ("no-tls", Info)], "{loopback}");
        }
    }

    #[test]
    fn a_twin_with_tls_is_seen() {
        let plain = drda("10.0.0.1", server(&[9], Some("AES-256")));
        let twin = Port { tls: Some(tls(100, false, true, true)), ..drda("10.0.0.1", server(&[3], None)) };
        assert_eq!(codes(std::slice::from_ref(&plain)), [("no-tls", Severity::Warning)]);
        assert_eq!(codes(&[plain, twin]), []);
    }

    #[test]
    fn mechanisms_that_are_weak() {
        let secured =
            |server: ServerReport| Port { tls: Some(tls(100, false, true, true)), ..drda("10.0.0.1", server) };
        assert_eq!(
            codes(&[secured(server(&[4, 9], Some("DES")))]),
            [("user-only", Severity::Warning), ("des-only", Severity::Info)]
        );
        let untold = ServerReport { mechanisms: None, refusal: Some("no".to_owned()), ..ServerReport::default() };
        assert_eq!(codes(&[secured(untold)]), [("mechanisms-untold", Severity::Info)]);
    }

    #[test]
    fn a_substitute_is_better_than_a_clear_password_from_level_2_on() {
        let cure = |numbers: &[u16], level: Option<u8>| {
            let sign_on =
                level.map(|password_level| SignOnReport { release: String::new(), password_level, job: String::new() });
            let told = Port { state: PortState::Open, service: Service::SignOn, sign_on, ..Port::new(8476) };
            let found = advice(&[drda("10.0.0.1", server(numbers, None)), told], NOW);
            found.into_iter().find(|a| a.code == "clear-password").unwrap().cure
        };
        for (numbers, level, better) in [
            (&[3][..], None, false),
            (&[3, 6], Some(4), false),
            (&[3, 8], None, false),
            (&[3, 6, 8], Some(1), false),
            (&[3, 6, 8], Some(2), true),
            (&[3, 9], None, true),
            (&[3, 7], Some(0), true),
        ] {
            assert_eq!(cure(numbers, level).starts_with("ask for encrypted"), better, "{numbers:?} {level:?}");
        }
    }

    #[test]
    fn certificates_that_do_not_do() {
        use Severity::{Critical, Warning};
        let with = |tls: TlsReport| codes(&[Port { tls: Some(tls), ..drda("10.0.0.1", server(&[3], None)) }]);
        assert_eq!(with(tls(30, false, true, true)), []);
        assert_eq!(with(tls(29, false, true, true)), [("certificate-ends", Warning)]);
        assert_eq!(with(tls(-1, false, false, true)), [("certificate-expired", Critical)]);
        assert_eq!(with(tls(90, true, false, true)), [("certificate-self-signed", Warning)]);
        assert_eq!(with(tls(90, false, false, true)), [("certificate-untrusted", Warning)]);
        assert_eq!(with(tls(90, false, false, false)), [("certificate-name", Warning)]);
        let failed =
            TlsReport { version: None, seen: None, failure: Some("no".to_owned()), ..tls(90, false, true, true) };
        assert_eq!(with(failed), [("tls-failed", Warning)]);
    }

    #[test]
    fn old_password_levels() {
        let at = |password_level| {
            let sign_on = SignOnReport { release: String::new(), password_level, job: String::new() };
            let open = Port { state: PortState::Open, service: Service::SignOn, ..Port::new(8476) };
            codes(&[Port { sign_on: Some(sign_on), ..open }])
        };
        assert_eq!(at(1), [("password-level", Severity::Warning)]);
        assert_eq!(at(2), []);
    }
}
