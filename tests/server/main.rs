//! The server against our own client: what goes in comes out, on every persona.
mod basics;
mod support;
