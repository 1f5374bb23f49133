//! Serves sample tables: `cargo run --features server --example serve -- luw 50000 user secret`.
//! Without a user everybody may connect, also with an empty one. With two PEM files behind, a
//! certificate and its key, connections are TLS: `… luw 50001 user secret cert.pem key.pem`. The
//! database is called SAMPLE; its tables: SAMPLE (all types), EXTREMES (their limits), LOBS, NUMBERS
//! (1,000,000 rows).

mod tables;

use drdarrow::server::listen;
use drdarrow::server::persona::Persona;
use drdarrow::server::settings::Settings;
use drdarrow::server::shared::Access;
use drdarrow::server::tls::Tls;
use drdarrow::wire::ddm::secchk::Secret;
use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;

#[tokio::main]
async fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let name = args.next().unwrap_or_else(|| "luw".to_owned());
    let port = args.next().and_then(|p| p.parse().ok()).unwrap_or(0);
    let Some(persona) = Persona::named(&name) else {
        eprintln!("no persona {name}: luw, derby, ibmi or zos");
        return ExitCode::FAILURE;
    };
    let access = match (args.next(), args.next()) {
        (Some(user), Some(password)) if !user.is_empty() => {
            Access::Users(HashMap::from([(user, Secret::new(password))]))
        }
        _ => Access::Anyone,
    };
    let tls = match (args.next(), args.next()) {
        (Some(certificate), Some(key)) => match Tls::from_files(certificate.as_ref(), key.as_ref(), None) {
            Ok(tls) => Some(tls),
            Err(e) => {
                eprintln!("{e}");
                return ExitCode::FAILURE;
            }
        },
        _ => None,
    };
    let Some(tables) = tables::all() else {
        eprintln!("the sample tables could not be made");
        return ExitCode::FAILURE;
    };
    let mut settings = Settings { persona, access, tls, ..Settings::default() };
    settings.address.set_port(port);
    match listen::serve(settings, Arc::new(tables)).await {
        Ok(server) => {
            println!("{name} on {}", server.address());
            std::future::pending().await
        }
        Err(e) => {
            eprintln!("cannot listen: {e}");
            ExitCode::FAILURE
        }
    }
}
