//! Declets: three digits in ten bits.

/// Declet to number below 1,000; the 24 spare codes mean what the standard says of them.
#[allow(clippy::indexing_slicing)] // at compile time
pub(super) const DECLETS: [u16; 1024] = {
    let mut table = [0; 1024];
    let mut i = 0;
    while i < 1024 {
        table[i] = from_declet(i as u16);
        i += 1;
    }
    table
};

/// Number below 1,000 to its canonical declet.
#[allow(clippy::indexing_slicing)] // at compile time
pub(super) const NUMBERS: [u16; 1000] = {
    let mut table = [0; 1000];
    let mut n = 0;
    while n < 1000 {
        table[n] = to_declet(n as u16);
        n += 1;
    }
    table
};

/// Bits `pqr stu v wxy` of a declet, by the decoding table of the standard.
pub(super) const fn from_declet(d: u16) -> u16 {
    let (high, mid, low) = (d >> 7 & 7, d >> 4 & 7, d & 7);
    let (r, u, y) = (high & 1, mid & 1, low & 1);
    let (a, b, c) = if d & 8 == 0 {
        (high, mid, low)
    } else {
        match low >> 1 {
            0 => (high, mid, 8 + y),
            1 => (high, 8 + u, (mid & 6) + y),
            2 => (8 + r, mid, (high & 6) + y),
            _ => match mid >> 1 {
                0 => (8 + r, 8 + u, (high & 6) + y),
                1 => (8 + r, (high & 6) + u, 8 + y),
                2 => (high, 8 + u, 8 + y),
                _ => (8 + r, 8 + u, 8 + y),
            },
        }
    };
    a * 100 + b * 10 + c
}

/// The reverse: which digits are 8 or 9 decides where the bits of the others go.
pub(super) const fn to_declet(n: u16) -> u16 {
    let (a, b, c) = (n / 100, n / 10 % 10, n % 10);
    let (r, u, y) = (a & 1, b & 1, c & 1);
    match (a > 7, b > 7, c > 7) {
        (false, false, false) => a << 7 | b << 4 | c,
        (false, false, true) => a << 7 | b << 4 | 8 | y,
        (false, true, false) => a << 7 | (c & 6) << 4 | u << 4 | 0b1010 | y,
        (true, false, false) => (c & 6) << 7 | r << 7 | b << 4 | 0b1100 | y,
        (true, true, false) => (c & 6) << 7 | r << 7 | u << 4 | 0b1110 | y,
        (true, false, true) => (b & 6) << 7 | r << 7 | 0x20 | u << 4 | 0b1110 | y,
        (false, true, true) => a << 7 | 0x40 | u << 4 | 0b1110 | y,
        (true, true, true) => r << 7 | 0x60 | u << 4 | 0b1110 | y,
    }
}

/// The three digits of each declet in ASCII, the first in the lowest byte.
#[allow(clippy::indexing_slicing)] // at compile time
pub(super) const CHARACTERS: [u32; 1024] = {
    let mut table = [0; 1024];
    let mut i = 0;
    while i < 1024 {
        let n = DECLETS[i] as u32;
        table[i] = 0x30_3030 + n / 100 + ((n / 10 % 10) << 8) + ((n % 10) << 16);
        i += 1;
    }
    table
};
