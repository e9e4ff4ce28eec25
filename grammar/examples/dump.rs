//! Local tool.
fn main() {
    let text = std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap();
    let parse = licit_grammar::parse(&text);
    for e in &parse.errors {
        println!(
            "{:?} {:?} {:?}\n   rel {:?}\n   exp {:?}",
            e.kind,
            e.span,
            text.get(e.span.range()),
            e.related.iter().map(|(s, r)| (r, text.get(s.range()))).collect::<Vec<_>>(),
            e.expected
        );
    }
    println!("{} decls {} comments", parse.file.decls.len(), parse.comments.len());
    if std::env::args().nth(2).is_some() {
        println!("{:#?}", parse.file);
    }
    match licit_grammar::format(&text) {
        Ok(t) => println!("{t}"),
        Err(e) => println!("format: {}", &format!("{e:?}")[..10.min(format!("{e:?}").len())]),
    }
}
