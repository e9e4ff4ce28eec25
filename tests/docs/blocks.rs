//! Examples in pages, and the places where a construct can stand.

/// A block of Licit in a page.
pub struct Block {
    /// Its first line in the page, from 1.
    pub line: usize,
    /// What is said about it.
    pub wanted: Wanted,
    /// Its text.
    pub text: String,
}

/// What an example should be.
pub enum Wanted {
    /// A file without errors whose tests pass.
    Right,
    /// A file with exactly this error.
    Error(String),
    /// Not a file.
    Nothing,
    /// The page says something that nobody understands.
    Unclear(String),
}

/// The blocks of a page whose language is `licit`.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<(String, Option<Block>)> = None;
    for (index, line) in page.lines().enumerate() {
        let fence = line.len() - line.trim_start_matches('`').len();
        match &mut open {
            None if fence >= 3 => {
                let (ticks, words) = line.split_at(fence);
                let mut words = words.split_whitespace();
                let block = (words.next() == Some("licit")).then(|| Block {
                    line: index + 2,
                    wanted: wanted(&words.collect::<Vec<_>>()),
                    text: String::new(),
                });
                open = Some((ticks.to_owned(), block));
            }
            None => {}
            Some((ticks, _)) if line == ticks => found.extend(open.take().and_then(|(_, block)| block)),
            Some((_, Some(block))) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            Some((_, None)) => {}
        }
    }
    assert!(open.is_none(), "a block of the page is never closed");
    found
}

fn wanted(words: &[&str]) -> Wanted {
    match words {
        [] => Wanted::Right,
        ["fragment"] => Wanted::Nothing,
        ["error", code] => Wanted::Error((*code).to_owned()),
        other => Wanted::Unclear(other.join(" ")),
    }
}

/// A file with the construct at each place where some construct can stand.
pub fn placed(snippet: &str) -> Vec<String> {
    const HEADERS: [&str; 3] = [
        "  term until 2027-01-01\n",
        "  irrevocable\n",
        "  currency EUR settled each month, rounded half_even to 0.01\n",
    ];
    let file = |vocabulary: &str, head: &str, items: &str, given: &str, expect: &str, after: &str| {
        format!(
            "licit 2026\n\
             vocabulary demo 1.0 {{\n  actions use {{ train }}\n  units record, records   call, calls\n  \
             facts certified: yes_no   headcount: count   node: party\n  \
             duties attribute(text, on: surface)   count(unit, on: surface)\n  {vocabulary}\n}}\n\
             license Base version 1 {head} {{\n  licensor @lab\n  asset model \"base\"\n  calendar UTC\n{items}\n  \
             open: permit train\n}}\n\
             test \"base\" for Base {{\n  {given}\n  when @ana asks to train\n  expect permit{expect}\n}}\n{after}\n"
        )
    };
    let headers = HEADERS.concat();
    let mut places = vec![
        file("", "", &headers, "", "", snippet),
        file("", snippet, &headers, "", "", ""),
        file(snippet, "", &headers, "", "", ""),
        file("", "", &headers, snippet, "", ""),
    ];
    if let Some(expectation) = snippet.strip_prefix("expect ") {
        places.push(file("", "", &headers, "", &format!(", {expectation}"), ""));
    }
    // Beside all headers, and instead of each of them.
    places.push(file("", "", &format!("{headers}  {snippet}\n"), "", "", ""));
    places.extend(HEADERS.iter().map(|header| {
        let others = HEADERS.iter().filter(|other| *other != header).copied().collect::<String>();
        file("", "", &format!("{others}  {snippet}\n"), "", "", "")
    }));
    places
}
