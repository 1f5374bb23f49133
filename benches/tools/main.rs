//! Records, replays and pulls DRDA conversations, for measurements.
//!
//! ```text
//! wire record LISTEN TARGET [TAPE]   a proxy for one connection; without TAPE it only measures
//! wire replay LISTEN TAPE            a server that answers from the recording
//! wire pull   TARGET TAPE            a client that throws the recorded answers away
//! ```
//! The first two print `{"port": N}` once they listen; LISTEN may have port 0.

pub(crate) mod frames;
mod pull;
pub(crate) mod record;
pub(crate) mod replay;
mod tape;

use std::path::Path;
use std::process::ExitCode;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["record", listen, target] => record::run(listen, target, None),
        ["record", listen, target, tape] => record::run(listen, target, Some(Path::new(tape))),
        ["replay", listen, tape] => replay::run(listen, Path::new(tape)),
        ["pull", target, tape] => pull::run(target, Path::new(tape)),
        _ => Err("usage: wire record LISTEN TARGET [TAPE] | wire replay LISTEN TAPE | wire pull TARGET TAPE".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("wire: {e}");
            ExitCode::FAILURE
        }
    }
}
