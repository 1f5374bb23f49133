//! Bytes that no client sends, while a good client is served.

use crate::protocol::Raw;
use crate::support::{connect, count, rows, start};
use drdarrow::server::persona::LUW;
use drdarrow::server::table::MemoryTables;
use drdarrow::wire::ddm::codepoint as cp;
use drdarrow::wire::ddm::reply::Reply;
use drdarrow::wire::ddm::text::DdmText;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;

/// A small generator: the tests have to be the same each time.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.next() as u8).collect()
    }
}

#[tokio::test]
async fn garbage_is_refused_with_a_reason() {
    let server = start(&LUW, &MemoryTables::new()).await;
    let cases: [(&[u8], u8); 6] = [
        (b"GET / HTTP/1.1\r\n\r\n", 0x03),
        (&[0, 5, 0xD0, 1, 0, 1], 0x01),
        (&[0, 10, 0xD0, 9, 0, 1, 0, 4, 0x10, 0x41], 0x04),
        (&[0, 10, 0xD0, 1, 0, 0, 0, 4, 0x10, 0x41], 0x13),
        (&[0, 10, 0xD0, 0x11, 0, 1, 0, 4, 0x10, 0x41], 0x1A),
        (&[0, 10, 0xD0, 1, 0, 1, 0, 3, 0x10, 0x41], 0x07),
    ];
    for (bytes, code) in cases {
        let mut raw = Raw::connect(&server).await;
        raw.send(bytes).await;
        let got = raw.answer().await;
        let (point, body) = got.first().unwrap();
        let reply = Reply::decode(*point, body, DdmText::Ebcdic).unwrap();
        assert_eq!((reply.cp, reply.synerrcd), (cp::SYNTAXRM, Some(code)), "{bytes:02X?}");
        assert!(raw.is_closed().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn noise_leaves_the_server_serving() {
    let server = start(&LUW, &MemoryTables::new()).await;
    let good = connect(&server).await;
    let mut noise = Noise(7);
    for round in 0..300 {
        let mut raw = Raw::connect(&server).await;
        let mut bytes = match round % 4 {
            0 => noise.bytes(200),
            // A frame that claims more than it has, or is longer than a login may be.
            1 => [vec![0xFF, 0xFF, 0xD0, 1, 0, 1], noise.bytes(100)].concat(),
            2 => [vec![0, 40, 0xD0, 1, 0, 1, 0x80, 0x08, 0x10, 0x41, 0xFF, 0xFF, 0xFF, 0xFF], noise.bytes(26)].concat(),
            _ => [vec![0, 50, 0xD0, 1, 0, 1, 0, 44, 0x10, 0x41], noise.bytes(40)].concat(),
        };
        let cut = noise.next() as usize % (bytes.len() + 1);
        bytes.truncate(cut);
        // It may hang up before everything is sent.
        let _ = raw.0.write_all(&bytes).await;
        if round % 50 == 0 {
            let started = Instant::now();
            assert_eq!(count(&rows(&good, "VALUES 1").await), 1);
            assert!(started.elapsed() < Duration::from_secs(2));
        }
    }
    let mut raw = Raw::connect(&server).await;
    let endless = [vec![0xFF, 0xFF, 0xD0, 1, 0, 1], vec![0; 32_761]].concat();
    let _ = raw.0.write_all(&endless).await;
    for _ in 0..8 {
        let _ = raw.0.write_all(&[vec![0xFF, 0xFF], vec![0; 32_765]].concat()).await;
    }
    // Too long for a login: refused and closed (a reset is one way to see it).
    raw.answer().await;
    assert_eq!(count(&rows(&connect(&server).await, "VALUES 1").await), 1);
    server.shutdown().await;
}
