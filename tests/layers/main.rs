//! Who may import whom: the modules of the crate, which of them each may use, and which crates from
//! outside. Real `use` lines and paths of the code are held against the table.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod numbers;
mod scatter;
mod sides;
mod source;

use source::{dependencies, files, paths, resolve, strip, without_tests};
use std::path::Path;
use std::{fmt, fs};

/// A module: its path under `src/` or `codec/src/`, what it may use of ours and from outside.
struct Module {
    path: &'static str,
    ours: &'static [&'static str],
    outside: &'static [&'static str],
}

/// A module may always use itself; the longest path that fits a file is its module. An entry of `ours`
/// stands for everything below it.
///
/// ARCHITECTURE.md explains the modules. Details of the table:
/// * `thiserror` is allowed everywhere: an error enum per module. `tracing` is, but for the modules that
///   only translate (`wire`, `column`).
/// * Arrow is used as its parts, never as the umbrella crate: `arrow_array`, `arrow_buffer`,
///   `arrow_data`, `arrow_schema`.
/// * `wire/ddm` and `wire/dss` have `zeroize`: the password of SECCHK is wiped when it is dropped, and when it is sent.
/// * `wire/ccsid` has `simdutf8`: long runs of UTF-8 are proved valid there. It and `column` have
///   `fearless_simd`: what is looked up and computed for many values at once is so by vectors.
/// * `wire/dss` and `wire/ddm` have `bytes`: a frame's cargo is shared, not copied. So have the modules
///   through which the cargo goes.
/// * `net` splits frames into objects, so it knows `wire/ddm/object` and the errors of `wire/codec`; it holds
///   each against its frame (`flow/placement`) and counts those that bring nothing (`flow/bounds`).
/// * `client` knows `wire`: the words of its errors, the types of its parameters.
/// * `net` has `sha2` for fingerprints of certificates and `zeroize` for the bytes of key files and of logins.
/// * `client/config` parses URIs with `percent_encoding`, `client/sql/connection` draws with `getrandom`.
const MODULES: &[Module] = &[
    // The layer's own file only declares its modules, and names those of the crate within as its own.
    Module { path: "wire", ours: &[], outside: &["drdarrow_codec"] },
    Module { path: "wire/codec", ours: &[], outside: &["bytes", "fearless_simd"] },
    Module { path: "wire/ccsid", ours: &["wire/codec"], outside: &["fearless_simd", "simdutf8"] },
    Module { path: "wire/value", ours: &["wire/ccsid", "wire/codec"], outside: &["bytes", "fearless_simd"] },
    Module { path: "wire/dss", ours: &["wire/codec"], outside: &["bytes", "zeroize"] },
    Module { path: "wire/ddm", ours: &["wire/codec", "wire/ccsid"], outside: &["bytes", "zeroize"] },
    Module { path: "wire/fdoca", ours: &["wire/codec", "wire/value"], outside: &["bytes"] },
    Module {
        path: "wire/sql",
        ours: &["wire/ddm", "wire/fdoca", "wire/value", "wire/ccsid", "wire/codec"],
        outside: &["bytes"],
    },
    Module { path: "wire/file", ours: &["wire/ddm", "wire/value", "wire/ccsid", "wire/codec"], outside: &["bytes"] },
    Module {
        path: "column",
        ours: &["wire/value", "wire/ccsid", "wire/codec"],
        outside: &["arrow_array", "arrow_buffer", "arrow_schema", "bytes", "fearless_simd", "simdutf8"],
    },
    Module {
        path: "column/file",
        ours: &["column", "wire/value", "wire/ccsid", "wire/codec"],
        outside: &["arrow_array", "arrow_buffer", "arrow_schema", "bytes"],
    },
    Module {
        path: "flow",
        ours: &["wire"],
        outside: &[
            "bytes",
            "aes",
            "cbc",
            "des",
            "sha1",
            "sha2",
            "hmac",
            "pbkdf2",
            "crypto_bigint",
            "zeroize",
            "tracing",
        ],
    },
    Module {
        path: "net",
        ours: &[
            "flow/step",
            "flow/error",
            "flow/progress",
            "flow/bounds",
            "flow/placement",
            "wire/dss",
            "wire/ddm/object",
            "wire/ddm/dump",
            "wire/ddm/text",
            "wire/codec",
        ],
        outside: &[
            "tokio",
            "rustls",
            "tokio_rustls",
            "rustls_platform_verifier",
            "sha2",
            "socket2",
            "bytes",
            "tracing",
            "zeroize",
        ],
    },
    Module {
        path: "client",
        ours: &["net", "flow", "column", "wire"],
        outside: &[
            "tokio",
            "arrow_array",
            "arrow_data",
            "arrow_schema",
            "bytes",
            "getrandom",
            "percent_encoding",
            "tracing",
        ],
    },
    Module {
        path: "server",
        ours: &["net", "flow/step", "flow/error", "flow/secmec", "column", "wire"],
        outside: &[
            "tokio",
            "rustls",
            "tokio_rustls",
            "arrow_array",
            "arrow_data",
            "arrow_schema",
            "bytes",
            "getrandom",
            "tracing",
            "zeroize",
        ],
    },
    Module {
        path: "python",
        ours: &["client", "column/options", "column/encode", "column/kind", "server"],
        outside: &["pyo3", "arrow_array", "arrow_buffer", "arrow_schema", "pyo3_async_runtimes", "tokio", "tracing"],
    },
    Module {
        path: "adbc",
        ours: &["client"],
        outside: &["adbc_core", "adbc_ffi", "arrow_array", "arrow_buffer", "arrow_schema", "tokio", "tracing"],
    },
    // The root of the crate declares and explains; it names what a user of the crate needs, and the crate within as its
    // own modules: nothing else knows that it is one.
    Module { path: "lib", ours: &["client"], outside: &["drdarrow_codec"] },
    Module { path: "codec", ours: &[], outside: &[] },
];

/// Crates that any module may use.
const EVERYWHERE: &[&str] = &["thiserror"];

/// Parts of the standard library that the pure modules must not touch: sockets, files, clocks, threads.
const PURE: &[&str] = &["wire", "column", "flow"];
const IMPURE: &[&str] = &[
    "std::net::TcpStream",
    "std::net::TcpListener",
    "std::net::UdpSocket",
    "std::net::ToSocketAddrs",
    "std::fs",
    "std::thread",
    "std::process",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::time::UNIX_EPOCH",
    "std::io::stdin",
    "std::io::stdout",
];

/// Files with less than their module has: (crate or path, the only files under the module that have it).
const ONLY_IN: &[(&str, &str, &[&str])] = &[
    ("python", "tokio", &["python/runtime.rs"]),
    (
        "python",
        "server",
        &[
            "python/server/mod.rs",
            "python/server/engine.rs",
            "python/server/calls.rs",
            "python/server/catalog.rs",
            "python/server/pulled.rs",
            "python/server/settings.rs",
        ],
    ),
    ("adbc", "adbc_ffi", &["adbc/ffi.rs"]),
    ("adbc", "arrow_buffer", &["adbc/nested.rs"]),
    ("adbc", "tokio", &["adbc/cancel.rs", "adbc/wait.rs"]),
    ("client", "arrow_data", &["client/sql/batch/skipped.rs"]),
    ("client", "getrandom", &["client/login.rs"]),
    ("client", "percent_encoding", &["client/config/percent.rs"]),
    ("net", "socket2", &["net/transport.rs"]),
    ("net", "tokio_rustls", &["net/tls/mod.rs"]),
    ("net", "rustls_platform_verifier", &["net/tls/verify.rs"]),
    ("net", "sha2", &["net/tls/fingerprint.rs"]),
    ("net", "zeroize", &["net/tls/pem.rs", "net/outgoing.rs"]),
    ("server", "rustls", &["server/tls.rs"]),
    ("server", "tokio_rustls", &["server/tls.rs"]),
];

/// One forbidden import.
#[derive(Debug, PartialEq, Eq)]
struct Breach {
    module: String,
    used: String,
    file: String,
    line: usize,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "module {} may not use {}: {}:{}", self.module, self.used, self.file, self.line)
    }
}

#[test]
fn no_module_uses_what_it_may_not() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = |path| dependencies(&fs::read_to_string(root.join(path)).unwrap());
    let crates = [manifest("Cargo.toml"), manifest("codec/Cargo.toml")].concat();
    assert!(crates.contains(&"arrow_array".to_owned()) && crates.contains(&"tokio".to_owned()), "{crates:?}");
    let files = files();
    assert!(files.len() > 50 && files.iter().any(|(name, ..)| name == "wire/mod.rs"));
    let breaches: Vec<Breach> = files.iter().flat_map(|(name, path, text)| check(name, path, text, &crates)).collect();
    let lines: Vec<String> = breaches.iter().map(Breach::to_string).collect();
    assert!(lines.is_empty(), "\n{}", lines.join("\n"));
}

#[test]
fn the_checker_sees_what_is_wrong_and_nothing_else() {
    let crates = ["tokio", "arrow_array", "bytes", "thiserror", "socket2"].map(str::to_owned);
    let sample = r####"//! Talks of crate::net::channel in a comment only.
use crate::wire::codec::reader::Reader;
use bytes::Bytes;
use super::super::ddm::object;
use crate::{
    wire::value::{cell::Cells, field::Field},
    flow::{self, step::Flow},
};
const TEXT: &str = "crate::client::sql::connection \" tokio::net"; // crate::client
const RAW: &str = r#"use tokio::net;"#; /* use /* nested */ crate::column::decode; */
const QUOTE: char = '"'; fn long<'a>(x: &'a str) -> tokio::io::Ready { crate::column::kind::of(x) }
fn now() -> std::time::Instant { std::time::Duration::ZERO; my::tokio::x() }
#[cfg(test)]
mod tests {
    use crate::client::config::Config;
}
use crate::net::error::NetError;
#[cfg(test)]
use crate::client::error::Error;
"####;
    let found = check("wire/dss/sample.rs", "src/wire/dss/sample.rs", sample, &crates);
    let found: Vec<(&str, usize)> = found.iter().map(|b| (b.used.as_str(), b.line)).collect();
    assert_eq!(
        found,
        [
            ("module wire/ddm", 4),
            ("module wire/value", 6),
            ("module wire/value", 6),
            ("module flow", 7),
            ("module flow", 7),
            ("tokio", 11),
            ("module column", 11),
            ("std::time::Instant", 12),
            ("module net", 17),
        ]
    );
    let breach =
        check("flow/sample.rs", "src/flow/sample.rs", "\nuse crate::net::channel::Channel;", &crates).remove(0);
    assert_eq!(breach.to_string(), "module flow may not use module net: src/flow/sample.rs:2");
    // A part of a module may be allowed where the whole is not.
    let used = |text| {
        check("net/sample.rs", "src/net/sample.rs", text, &crates).iter().map(|b| b.used.clone()).collect::<Vec<_>>()
    };
    assert!(used("use crate::flow::step::Flow;").is_empty());
    assert_eq!(used("use crate::flow::sql::connect::Connect;"), ["module flow"]);
    assert_eq!(used("use crate::flow;"), ["module flow"]);
    assert_eq!(used("use socket2::SockRef;"), ["socket2, which belongs to net/transport.rs"]);
    let python = |name| check(name, name, "use crate::server::backend::Backend;", &crates).len();
    assert_eq!((python("python/server/engine.rs"), python("python/sql/cursor.rs")), (0, 1));
    assert_eq!(used("use crate::nowhere::Thing;"), ["nowhere/Thing, which is no module"]);
}

/// Holds one file against the table. `name` is its path below its root, `place` that from the folder of the repository.
fn check(name: &str, place: &str, source: &str, crates: &[String]) -> Vec<Breach> {
    let code = without_tests(&strip(source));
    let stem = name.trim_end_matches(".rs").trim_end_matches("/mod");
    let Some(module) = module_of(stem) else {
        return vec![Breach {
            module: stem.to_owned(),
            used: "anything: it is no module".into(),
            file: place.into(),
            line: 1,
        }];
    };
    let mut out = Vec::new();
    let mut breach = |used: String, line| {
        out.push(Breach { module: module.path.to_owned(), used, file: place.to_owned(), line });
    };
    for (path, line) in paths(&code) {
        let first = path.split("::").next().unwrap_or_default();
        match first {
            "crate" | "super" | "self" => {
                let Some(target) = resolve(&path, stem) else { continue };
                let only = ONLY_IN.iter().find(|(r, used, _)| *r == module.path && is_below(&target, used));
                match module_of(&target) {
                    Some(used) if used.path == module.path => {}
                    Some(used) if only.is_some_and(|(_, _, files)| !files.contains(&name)) => {
                        breach(format!("module {}", used.path), line);
                    }
                    _ if module.ours.iter().any(|allowed| is_below(&target, allowed)) => {}
                    Some(used) => breach(format!("module {}", used.path), line),
                    None if is_hub(&target) && module.path == "lib" => {}
                    // The name of a module alone, or of a layer such as `wire`.
                    None if is_hub(&target) => breach(format!("the whole of {target}"), line),
                    None => breach(format!("{target}, which is no module"), line),
                }
            }
            "std" => {
                let pure = PURE.iter().any(|p| is_below(module.path, p));
                if let Some(used) = IMPURE.iter().find(|i| pure && (path == **i || path.starts_with(&format!("{i}::"))))
                {
                    breach((*used).to_owned(), line);
                }
            }
            _ if crates.iter().any(|c| c == first) && !EVERYWHERE.contains(&first) => {
                let only = ONLY_IN.iter().find(|(r, c, _)| *r == module.path && *c == first);
                if !module.outside.contains(&first) {
                    breach(first.to_owned(), line);
                } else if let Some((_, _, files)) = only.filter(|(_, _, files)| !files.contains(&name)) {
                    breach(format!("{first}, which belongs to {}", files.join(" or ")), line);
                }
            }
            _ => {}
        }
    }
    out
}

fn is_below(path: &str, ancestor: &str) -> bool {
    path.strip_prefix(ancestor).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn module_of(path: &str) -> Option<&'static Module> {
    MODULES.iter().filter(|r| is_below(path, r.path)).max_by_key(|r| r.path.len())
}

fn is_hub(path: &str) -> bool {
    path.is_empty() || MODULES.iter().any(|r| is_below(r.path, path))
}
