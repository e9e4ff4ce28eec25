//! A sheet as one page that can be printed and sent: nothing in it is fetched, nothing in it runs.

use super::{Chart, Sheet, Table};
use crate::shell::shown;

const STYLE: &str = include_str!("sheet.css");

impl Sheet {
    /// The whole page.
    pub fn html(&self) -> String {
        let title = escaped(&self.title);
        let mut out = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n\
             </head>\n<body>\n<main>\n<h1>{title}</h1>\n"
        );
        let (good, verdict) = &self.verdict;
        let class = if *good { "good" } else { "bad" };
        out.push_str(&format!("<p class=\"{class}\" role=\"status\">{}</p>\n", escaped(verdict)));
        if !self.faults.is_empty() {
            out.push_str("<ul class=\"bad\">\n");
            for fault in &self.faults {
                out.push_str(&format!("<li>{}</li>\n", escaped(fault)));
            }
            out.push_str("</ul>\n");
        }
        out.push_str("<dl>\n");
        for (name, value) in &self.facts {
            out.push_str(&format!("<dt>{}</dt><dd>{}</dd>\n", escaped(name), escaped(value)));
        }
        out.push_str("</dl>\n");
        for (index, chart) in self.charts.iter().enumerate() {
            out.push_str(&figure(chart, index));
        }
        for table in self.tables.iter().filter(|table| !table.rows.is_empty()) {
            out.push_str(&table.html());
        }
        out.push_str("</main>\n</body>\n</html>\n");
        out
    }
}

fn figure(chart: &Chart, index: usize) -> String {
    let Some(svg) = chart.svg(&format!("chart{index}")) else { return String::new() };
    format!("<figure>\n<figcaption>{}</figcaption>\n{svg}</figure>\n", escaped(&chart.title))
}

impl Table {
    fn html(&self) -> String {
        let class = |at: usize| match self.columns.get(at) {
            Some(column) if column.number => " class=\"number\"",
            _ => "",
        };
        let mut out = format!("<section>\n<table>\n<caption>{}</caption>\n", escaped(self.title));
        if self.columns.iter().any(|column| !column.name.is_empty()) {
            out.push_str("<thead><tr>");
            for (at, column) in self.columns.iter().enumerate() {
                let cell = if column.name.is_empty() { "td" } else { "th scope=\"col\"" };
                let end = if column.name.is_empty() { "td" } else { "th" };
                out.push_str(&format!("<{cell}{}>{}</{end}>", class(at), escaped(&column.name)));
            }
            out.push_str("</tr></thead>\n");
        }
        out.push_str("<tbody>\n");
        for row in &self.rows {
            out.push_str(if row.sum { "<tr class=\"sum\">" } else { "<tr>" });
            for (at, cell) in row.cells.iter().enumerate() {
                let (open, close) = if at == 0 { ("th scope=\"row\"", "th") } else { ("td", "td") };
                out.push_str(&format!("<{open}{}>{}</{close}>", class(at), escaped(cell)));
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody>\n</table>\n");
        if let Some(note) = &self.note {
            out.push_str(&format!("<p class=\"note\">{}</p>\n", escaped(note)));
        }
        out.push_str("</section>\n");
        out
    }
}

/// A text from outside in HTML: neither markup nor what makes text run backwards.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in shown(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
