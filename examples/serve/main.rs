//! Serves sample tables: `cargo run --features server --example serve -- luw 50000 user secret`.
//! Without a user everybody may connect, also with an empty one. With two PEM files after, a
//! certificate and its key, connections are TLS: `… luw 50001 user secret cert.pem key.pem`. The
//! database is called SAMPLE; its tables: SAMPLE (all types), EXTREMES (their limits), LOBS, NUMBERS
//! (1,000,000 rows). The persona `ibmi` also has files in the library TESTLIB: CUST, TWOKEY, ALLTYP (all
//! types), BIG; with a sign-on server, whose address it prints, and after the PEM files (empty for
//! none) a password level. `ibmi-encrypted` takes encrypted user ids and passwords alone (SECMEC 9),
//! `luw-password` user ids in clear with encrypted passwords (SECMEC 7).

mod files;
mod tables;

use drdarrow::Secret;
use drdarrow::server::access::Access;
use drdarrow::server::listen;
use drdarrow::server::persona::{IBMI, LUW, Persona};
use drdarrow::server::settings::ServerSettings;
use drdarrow::server::tls::ServerTls;
use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;

#[tokio::main]
async fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let name = args.next().unwrap_or_else(|| "luw".to_owned());
    let port = args.next().and_then(|p| p.parse().ok()).unwrap_or(0);
    let only = |secmecs, of: &Persona| -> &'static Persona { Box::leak(Box::new(Persona { secmecs, ..of.clone() })) };
    let special = match name.as_str() {
        "ibmi-encrypted" => Some(only(&[9], &IBMI)),
        "luw-password" => Some(only(&[7], &LUW)),
        _ => None,
    };
    let Some(persona) = Persona::named(&name).or(special) else {
        eprintln!("no persona {name}: luw, luw-password, derby, ibmi, ibmi-encrypted or zos");
        return ExitCode::FAILURE;
    };
    let access = match (args.next(), args.next()) {
        (Some(user), Some(password)) if !user.is_empty() => {
            Access::Users(HashMap::from([(user, Secret::new(password))]))
        }
        _ => Access::Anyone,
    };
    let tls = match (args.next(), args.next()) {
        (Some(certificate), Some(key)) if !key.is_empty() => {
            match ServerTls::from_files(certificate.as_ref(), key.as_ref(), None) {
                Ok(tls) => Some(tls),
                Err(e) => {
                    eprintln!("{e}");
                    return ExitCode::FAILURE;
                }
            }
        }
        _ => None,
    };
    let password_level = args.next().and_then(|level| level.parse().ok()).unwrap_or(2);
    let (Some(tables), Some(files)) = (tables::all(), files::all()) else {
        eprintln!("the sample tables and files could not be made");
        return ExitCode::FAILURE;
    };
    let mut settings = ServerSettings { persona, access, tls, password_level, ..ServerSettings::default() };
    if persona.files {
        settings.files = Some(files);
        settings.signon = Some(settings.address);
    }
    settings.address.set_port(port);
    match listen::serve(settings, Arc::new(tables)).await {
        Ok(server) => {
            println!("{name} on {}", server.address());
            if let Some(address) = server.signon_address() {
                println!("sign-on on {address}");
            }
            std::future::pending().await
        }
        Err(e) => {
            eprintln!("cannot listen: {e}");
            ExitCode::FAILURE
        }
    }
}
