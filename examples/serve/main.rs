//! Serves sample tables: `cargo run --features server --example serve -- luw 50000 user secret`.
//! Without a user everybody may connect. The database is called SAMPLE; its tables: SAMPLE (all
//! types), EXTREMES (their limits), LOBS, NUMBERS (1,000,000 rows).

mod tables;

use drdarrow::server::listen::{self, Settings};
use drdarrow::server::persona::Persona;
use drdarrow::server::shared::Access;
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
        (Some(user), Some(password)) => Access::Users(HashMap::from([(user, Secret::new(password))])),
        _ => Access::Anyone,
    };
    let Some(tables) = tables::all() else {
        eprintln!("the sample tables could not be made");
        return ExitCode::FAILURE;
    };
    let mut settings = Settings { persona, access, ..Settings::default() };
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
