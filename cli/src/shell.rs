//! The terminal: buffered standard output, standard error, colours.

use crate::exit::{Failure, Result};
use std::io::{self, BufWriter, IsTerminal, Write};

/// How a piece of text is painted on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Permitted, passed, verified.
    Good,
    /// Denied, failed, an error.
    Bad,
    /// A warning.
    Caution,
    /// Of less weight.
    Dim,
    /// Of more weight.
    Strong,
}

impl Style {
    const fn code(self) -> &'static str {
        match self {
            Style::Good => "\x1b[1;32m",
            Style::Bad => "\x1b[1;31m",
            Style::Caution => "\x1b[1;33m",
            Style::Dim => "\x1b[2m",
            Style::Strong => "\x1b[1m",
        }
    }
}

/// Standard output and standard error.
pub struct Shell {
    out: BufWriter<io::Stdout>,
    colour_out: bool,
    colour_err: bool,
}

impl Shell {
    /// Looks at the terminal and at `NO_COLOR` (<https://no-color.org>).
    pub fn new() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self {
            out: BufWriter::with_capacity(1 << 16, io::stdout()),
            colour_out: wanted && io::stdout().is_terminal(),
            colour_err: wanted && io::stderr().is_terminal(),
        }
    }

    /// Whether standard output takes colours.
    pub const fn colour_out(&self) -> bool {
        self.colour_out
    }

    /// Whether standard error takes colours.
    pub const fn colour_err(&self) -> bool {
        self.colour_err
    }

    /// Writes text to standard output as it is.
    pub fn write(&mut self, text: &str) -> Result<()> {
        self.write_bytes(text.as_bytes())
    }

    /// Writes bytes to standard output.
    pub fn write_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes).map_err(|error| output_failure(&error))
    }

    /// Writes a line to standard output.
    pub fn line(&mut self, text: &str) -> Result<()> {
        self.write(text)?;
        self.write("\n")
    }

    /// Hands everything written on to the reader.
    pub fn flush(&mut self) -> Result<()> {
        self.out.flush().map_err(|error| output_failure(&error))
    }

    /// Says a line on standard error. Whether anybody listens does not matter.
    #[expect(clippy::unused_self, reason = "whoever speaks holds the shell, as whoever writes")]
    pub fn talk(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Says text on standard error as it is.
    #[expect(clippy::unused_self, reason = "whoever speaks holds the shell, as whoever writes")]
    pub fn talk_raw(&self, text: &str) {
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    /// Text for standard output, painted where that shows.
    pub fn paint(&self, style: Style, text: &str) -> String {
        paint(self.colour_out, style, text)
    }

    /// Text for standard error, painted where that shows.
    pub fn paint_err(&self, style: Style, text: &str) -> String {
        paint(self.colour_err, style, text)
    }
}

/// Text, painted if `colour`.
pub fn paint(colour: bool, style: Style, text: &str) -> String {
    if colour { format!("{}{text}\x1b[0m", style.code()) } else { text.to_owned() }
}

fn output_failure(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Failure::pipe_closed()
    } else {
        Failure::unusable("standard output takes no more").why(error.to_string())
    }
}

/// A text from outside, made safe to show: control characters and invisible direction marks become escapes, so that
/// a hostile file can neither paint nor clear a terminal.
pub fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let invisible = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        if c.is_control() || invisible {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}
