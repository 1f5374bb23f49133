//! Sockets: the only room that knows tokio's I/O.
