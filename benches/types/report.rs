//! Arguments of the benchmark, its lines, and the list of those that miss the goal.

use crate::Result;
use drdarrow::wire::codec::instructions::{Level, levels};

/// Nanoseconds a byte that decoding may take.
const DECODE_GOAL: f64 = 4.0;
/// Times of LINEITEM's nanoseconds a byte that encoding may take.
const ENCODE_GOAL: f64 = 3.0;

/// Times of one line, in nanoseconds a value.
#[derive(Default)]
pub(crate) struct Line {
    pub(crate) bytes: f64,
    pub(crate) walk: f64,
    pub(crate) decode: f64,
    pub(crate) finish: f64,
    /// `None` where the values are made by hand.
    pub(crate) encode: Option<f64>,
}

pub(crate) struct Report {
    words: Vec<String>,
    pub(crate) quick: bool,
    check: bool,
    levels: Vec<(&'static str, Level)>,
    /// The level in hand.
    level: &'static str,
    /// Nanoseconds a byte of LINEITEM.
    pub(crate) lineitem: f64,
    missed: Vec<String>,
    heading: Option<String>,
}

impl Report {
    pub(crate) fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Result<Report> {
        let (mut words, mut quick, mut check, mut levels) = (Vec::new(), false, false, levels());
        let mut asked = levels.first().map_or("all", |(name, _)| name).to_owned();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                // Cargo itself adds it.
                "--bench" => {}
                "--quick" => quick = true,
                "--check" => check = true,
                "--level" => asked = arguments.next().unwrap_or_default(),
                _ => words.push(argument),
            }
        }
        let names: Vec<_> = levels.iter().map(|(name, _)| *name).collect();
        levels.retain(|(name, _)| asked == "all" || asked == *name);
        if levels.is_empty() {
            return Err(format!("--level {asked}: there are {} and all", names.join(", ")).into());
        }
        let (missed, heading) = (Vec::new(), None);
        Ok(Report { words, quick, check, levels, level: "", lineitem: 0.0, missed, heading })
    }

    pub(crate) fn machine(&self) {
        let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let name = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
        println!("{}", name.trim_start_matches([' ', '\t', ':']));
    }

    /// The levels of instructions that are asked for.
    pub(crate) fn levels(&self) -> Vec<(&'static str, Level)> {
        self.levels.clone()
    }

    /// Goes on with another level.
    pub(crate) fn begin(&mut self, level: &'static str) {
        self.level = level;
        println!("\n{level}");
    }

    /// True for a line that is asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.words.is_empty() || self.words.iter().any(|word| name.contains(word.as_str()))
    }

    /// Rounds, of which the best counts.
    pub(crate) fn rounds(&self) -> usize {
        if self.quick { 8 } else { 30 }
    }

    /// So many values, or a quarter.
    pub(crate) fn count(&self, values: usize) -> usize {
        if self.quick { values / 4 } else { values }
    }

    /// Precedes the lines that follow, if there are any.
    pub(crate) fn heading(&mut self, text: &str) {
        self.heading = Some(text.to_owned());
    }

    pub(crate) fn line(&mut self, name: &str, line: &Line) {
        if let Some(heading) = self.heading.take() {
            println!(
                "\n{heading:44} {:>7} {:>7} {:>8} {:>7} {:>8} {:>6} {:>8} {:>6}",
                "bytes", "walk", "decode", "finish", "sum", "ns/B", "encode", "GB/s"
            );
        }
        let sum = line.walk + line.decode + line.finish;
        let each = sum / line.bytes;
        let (encode, rate) = match line.encode {
            Some(ns) => (format!("{ns:8.1}"), format!("{:6.2}", line.bytes / ns)),
            None => ("       -".to_owned(), "     -".to_owned()),
        };
        println!(
            "{name:44} {:7.1} {:7.1} {:8.1} {:7.1} {sum:8.1} {each:6.2} {encode} {rate}",
            line.bytes, line.walk, line.decode, line.finish
        );
        if each > DECODE_GOAL {
            self.missed.push(format!("{:8} {name:44} decode {each:6.2} ns a byte", self.level));
        }
        if let Some(times) = line.encode.map(|ns| ns / line.bytes / self.lineitem)
            && times > ENCODE_GOAL
        {
            self.missed.push(format!("{:8} {name:44} encode {times:6.2} times LINEITEM", self.level));
        }
    }

    /// Lists all lines that miss the goal; an error if there are any and they are asked for.
    pub(crate) fn misses(&self) -> Result<()> {
        let count = self.missed.len();
        println!(
            "\ngoal: decode {DECODE_GOAL} ns a byte, encode {ENCODE_GOAL} times LINEITEM's ns a byte at the same level; {} missed",
            if count == 0 { "none".to_owned() } else { count.to_string() }
        );
        for missed in &self.missed {
            println!("  {missed}");
        }
        if self.check && count > 0 { Err(format!("{count} miss the goal").into()) } else { Ok(()) }
    }
}
