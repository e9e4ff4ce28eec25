//! Bars, drawn as SVG in whole numbers. What a bar says is said in words, too: nothing is told by a picture alone.

use super::html::escaped;

/// A chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// The same in a sentence, for those who do not see it.
    pub description: String,
    /// How it is drawn.
    pub shape: Shape,
    /// From left to right, or from top to bottom.
    pub bars: Vec<Bar>,
}

/// How bars are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Upright beside each other: something over time.
    Columns,
    /// Lying below each other: somebody's parts.
    Rows,
}

/// A bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Whose or when.
    pub label: String,
    /// The same in few letters, below a column.
    pub tick: String,
    /// How much, in words.
    pub words: String,
    /// How much; bars are drawn in proportion, what is below 0 in another colour.
    pub value: i128,
}

const WIDTH: u128 = 720;
const HEIGHT: u128 = 160;
/// Above columns, for the scale; beside them, for the labels.
const TOP: u128 = 22;
const MARGIN: u128 = 14;
const ROW: u128 = 30;
/// Where lying bars begin and end: names stand before them, amounts behind.
const NAMES: u128 = 170;
const ENDS: u128 = 560;

impl Chart {
    /// The drawing; none where there is nothing to draw.
    pub fn svg(&self, id: &str) -> Option<String> {
        let most = self.bars.iter().map(|bar| bar.value.unsigned_abs()).max().filter(|most| *most > 0)?;
        let (height, body) = match self.shape {
            Shape::Columns => (TOP + HEIGHT + 26, self.columns(most)),
            Shape::Rows => (self.bars.len() as u128 * ROW + 6, self.rows(most)),
        };
        Some(format!(
            "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\">\n\
             <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n{body}</svg>\n",
            escaped(&self.title),
            escaped(&self.description)
        ))
    }

    fn columns(&self, most: u128) -> String {
        let count = self.bars.len().max(1) as u128;
        let step = (WIDTH - 2 * MARGIN) * 100 / count;
        let width = (step * 3 / 4).min(4_800);
        // So many labels that they do not touch each other.
        let every = count.div_ceil(12);
        let bottom = TOP + HEIGHT;
        let mut out = format!(
            "<line x1=\"0\" y1=\"{bottom}\" x2=\"{WIDTH}\" y2=\"{bottom}\" class=\"axis\"/>\n\
             <line x1=\"0\" y1=\"{TOP}\" x2=\"{WIDTH}\" y2=\"{TOP}\" class=\"grid\"/>\n"
        );
        if let Some(bar) = self.bars.iter().find(|bar| bar.value.unsigned_abs() == most) {
            out.push_str(&format!(
                "<text x=\"0\" y=\"{}\" class=\"scale\">{}</text>\n",
                TOP - 6,
                escaped(&bar.words)
            ));
        }
        for (index, bar) in self.bars.iter().enumerate() {
            let index = index as u128;
            let left = MARGIN * 100 + index * step + (step - width) / 2;
            let height = length(bar.value, most, HEIGHT * 100);
            out.push_str(&format!(
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" class=\"{}\"><title>{}: {}</title></rect>\n",
                hundredths(left),
                hundredths(bottom * 100 - height),
                hundredths(width),
                hundredths(height),
                class(bar.value),
                escaped(&bar.label),
                escaped(&bar.words)
            ));
            if index.is_multiple_of(every) {
                out.push_str(&format!(
                    "<text x=\"{}\" y=\"{}\" class=\"tick\">{}</text>\n",
                    hundredths(left + width / 2),
                    bottom + 18,
                    escaped(&bar.tick)
                ));
            }
        }
        out
    }

    fn rows(&self, most: u128) -> String {
        let mut out = String::new();
        for (index, bar) in self.bars.iter().enumerate() {
            let top = index as u128 * ROW + 3;
            let width = length(bar.value, most, (ENDS - NAMES) * 100).max(100);
            out.push_str(&format!(
                "<text x=\"{}\" y=\"{}\" class=\"name\">{}</text>\n\
                 <rect x=\"{NAMES}\" y=\"{top}\" width=\"{}\" height=\"{}\" class=\"{}\"/>\n\
                 <text x=\"{}\" y=\"{}\" class=\"amount\">{}</text>\n",
                NAMES - 10,
                top + 16,
                escaped(&shortened(&bar.label, 22)),
                hundredths(width),
                ROW - 8,
                class(bar.value),
                hundredths(NAMES * 100 + width + 800),
                top + 16,
                escaped(&bar.words)
            ));
        }
        out
    }
}

/// `full` in the proportion of a value to the largest; at least a hair for what is not nothing.
fn length(value: i128, most: u128, full: u128) -> u128 {
    let value = value.unsigned_abs();
    if value == 0 {
        return 0;
    }
    // Shifted so that the product fits: a drawing has no more digits than that.
    let shift = (128 - most.leading_zeros()).saturating_sub(100);
    let (value, most) = (value >> shift, (most >> shift).max(1));
    (value * full / most).max(100)
}

/// A number of hundredths as a decimal number.
fn hundredths(number: u128) -> String {
    format!("{}.{:02}", number / 100, number % 100)
}

fn class(value: i128) -> &'static str {
    if value < 0 { "below" } else { "bar" }
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['\u{2026}']).collect()
}
