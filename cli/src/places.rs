//! Lines and columns of byte offsets, quick also for tens of thousands of offsets in one text.

use std::collections::BTreeMap;

/// After how many bytes characters are counted anew, so that a line of megabytes is not counted for every offset in it.
const BLOCK: usize = 1 << 10;

/// Of each text that was asked for, by name.
#[derive(Debug, Default)]
pub struct Places {
    texts: BTreeMap<String, Index>,
}

#[derive(Debug)]
struct Index {
    /// Where each line begins.
    lines: Vec<usize>,
    /// Characters before each multiple of [`BLOCK`].
    blocks: Vec<usize>,
}

impl Places {
    /// The line and column (from 1, in characters) of a byte offset; the first character if it lies inside one, the end
    /// if it lies behind.
    pub fn line_column(&mut self, name: &str, text: &str, offset: u32) -> (u32, u32) {
        if !self.texts.contains_key(name) {
            self.texts.insert(name.to_owned(), Index::new(text));
        }
        let mut offset = (offset as usize).min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        self.texts.get(name).map_or((1, 1), |index| index.place(text.as_bytes(), offset))
    }
}

impl Index {
    fn new(text: &str) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut blocks = vec![0];
        for block in text.as_bytes().chunks(BLOCK) {
            blocks.push(blocks.last().copied().unwrap_or_default() + characters(block));
        }
        Self { lines, blocks }
    }

    fn place(&self, text: &[u8], offset: usize) -> (u32, u32) {
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines.get(line.wrapping_sub(1)).copied().unwrap_or_default();
        let before = |at: usize| {
            let block = at / BLOCK;
            let counted = self.blocks.get(block).copied().unwrap_or_default();
            counted + characters(text.get(block * BLOCK..at).unwrap_or_default())
        };
        (line as u32, (before(offset) - before(start) + 1) as u32)
    }
}

/// How many characters of UTF-8 begin in these bytes.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use licit_compiler::render;

    #[test]
    fn every_offset_has_the_place_that_is_drawn() {
        let line = "né\u{2003}x🙂".repeat(400);
        for text in
            ["", "a", "a\nb\n", "\n\n", &format!("{line}\n\u{feff}{line}\r\n{line}"), &"x".repeat(3 * BLOCK)]
        {
            let mut places = Places::default();
            for offset in 0..=text.len() as u32 + 2 {
                let place = places.line_column("text", text, offset);
                assert_eq!(place, render::line_column(text, offset), "{offset} of {} bytes", text.len());
            }
        }
    }
}
