//! Lines of a stream, one at a time, in bounded memory.

use crate::exit::{Failure, Result};
use std::io::{BufRead, BufReader, Read};

/// The longest line that is a request, in bytes.
pub const LONGEST: usize = 1 << 20;

/// A line of the stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// Its text, without the line break.
    Text(&'a str),
    /// What is wrong with it.
    Bad(String),
}

/// Reads lines and numbers them from 1.
pub struct Lines<R> {
    reader: BufReader<R>,
    buffer: Vec<u8>,
    number: u64,
}

impl<R: Read> Lines<R> {
    /// Reads from `reader`.
    pub const fn new(reader: BufReader<R>) -> Self {
        Self { reader, buffer: Vec::new(), number: 0 }
    }

    /// Whether more of the input has come already: whoever writes it does not wait for an answer.
    pub fn waiting(&self) -> bool {
        !self.reader.buffer().is_empty()
    }

    /// The next line that is not blank, and its number; none at the end.
    pub fn next(&mut self) -> Result<Option<(u64, Line<'_>)>> {
        loop {
            self.buffer.clear();
            self.number += 1;
            let Some(length) = self.read()? else { return Ok(None) };
            if length > LONGEST {
                let text = format!("it has more than {} KiB, and no request is that long", LONGEST >> 10);
                return Ok(Some((self.number, Line::Bad(text))));
            }
            if !self.buffer.iter().all(u8::is_ascii_whitespace) {
                break;
            }
        }
        let line = match std::str::from_utf8(&self.buffer) {
            Ok(text) => Line::Text(text.trim_start_matches('\u{feff}').trim()),
            Err(error) => Line::Bad(format!("it is not UTF-8 (byte {})", error.valid_up_to() + 1)),
        };
        Ok(Some((self.number, line)))
    }

    /// Reads up to the line break, keeping no more than [`LONGEST`] bytes; gives the line's length.
    fn read(&mut self) -> Result<Option<usize>> {
        let mut length = 0usize;
        loop {
            let chunk = match self.reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    return Err(Failure::unusable("standard input cannot be read").why(error.to_string()));
                }
            };
            if chunk.is_empty() {
                return Ok((length > 0).then_some(length));
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let part = &chunk[..end.unwrap_or(chunk.len())];
            let room = LONGEST.saturating_sub(self.buffer.len());
            self.buffer.extend_from_slice(&part[..part.len().min(room)]);
            length = length.saturating_add(part.len());
            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                // An empty line is a line: its length must not look like the end of the stream.
                return Ok(Some(length));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbered_and_bounded() {
        let long = "x".repeat(LONGEST + 1);
        let input = format!("a\r\n\n  \n{long}\n\u{feff}b\n");
        let mut bytes = input.into_bytes();
        bytes.extend_from_slice(b"\xff\nlast");
        let mut lines = Lines::new(std::io::BufReader::with_capacity(7, &bytes[..]));
        let mut found = Vec::new();
        while let Some((number, line)) = lines.next().unwrap() {
            found.push(format!("{number} {line:?}"));
        }
        assert_eq!(
            found,
            [
                "1 Text(\"a\")",
                "4 Bad(\"it has more than 1024 KiB, and no request is that long\")",
                "5 Text(\"b\")",
                "6 Bad(\"it is not UTF-8 (byte 1)\")",
                "7 Text(\"last\")",
            ]
        );
    }
}
