//! Every explain page is a test: its first example yields exactly its code, its last nothing. How the finding of the
//! first example is drawn is kept as a snapshot, so that all of them can be read together.

use licit_compiler::{Code, compile_text, render};

/// The blocks of a page that open with this line.
fn blocks<'a>(page: &'a str, info: &str) -> Vec<&'a str> {
    let opening = format!("```{info}\n");
    page.split(opening.as_str()).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// The example and the modules that the page gives it.
fn texts<'a>(page: &'a str, example: &'a str) -> Vec<(&'static str, &'a str)> {
    let modules = blocks(page, "licit module");
    std::iter::once(("example.licit", example))
        .chain(modules.into_iter().map(|text| ("module.licit", text)))
        .collect()
}

#[test]
fn each_page_tells_of_its_code_and_of_nothing_else() {
    let mut wrong = Vec::new();
    for code in Code::ALL {
        let page = code.page();
        if Code::AT_RUN_TIME.contains(code) {
            assert!(page.starts_with(&format!("# {code} {}\n", code.slug())), "{code}: the title");
            continue; // What no check finds, no text shows; whoever finds it tests its page.
        }
        let examples = blocks(page, "licit");
        assert!(examples.len() >= 2, "{code}: a page has an example and its correction");
        assert!(page.starts_with(&format!("# {code} {}\n", code.slug())), "{code}: the title");
        let first = &compile_text(&texts(page, examples[0]))[0];
        let found: Vec<Code> = first.diagnostics.iter().map(|finding| finding.code).collect();
        if found != [*code] {
            wrong.push(format!("{code}: the first example yields {found:?}"));
        }
        let texts = texts(page, examples[examples.len() - 1]);
        for finding in &compile_text(&texts)[0].diagnostics {
            wrong.push(format!(
                "{code}: the last example yields\n{}",
                render::render(finding, texts[0].0, &texts, false)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_gallery() {
    let mut gallery = String::new();
    for code in Code::ALL {
        let page = code.page();
        let Some(example) = blocks(page, "licit").first().copied() else { continue };
        let texts = texts(page, example);
        for finding in &compile_text(&texts)[0].diagnostics {
            gallery += &render::render(finding, texts[0].0, &texts, false);
            gallery.push('\n');
        }
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("gallery", gallery);
    });
}

#[test]
fn fixes_that_are_safe_mend_what_they_mend() {
    for code in Code::ALL {
        let page = code.page();
        let Some(example) = blocks(page, "licit").first().copied() else { continue };
        for finding in &compile_text(&texts(page, example))[0].diagnostics {
            for fix in finding.fixes.iter().filter(|fix| !fix.edits.is_empty()) {
                let mut text = example.to_owned();
                for edit in fix.edits.iter().rev() {
                    text.replace_range(edit.span.range(), &edit.text);
                }
                let after = &compile_text(&texts(page, &text))[0];
                assert!(
                    after.diagnostics.iter().all(|finding| finding.code != *code),
                    "{code}: `{}` does not mend it:\n{text}",
                    fix.message
                );
            }
        }
    }
}

#[test]
fn pages_are_found_in_any_case() {
    assert_eq!(licit_compiler::explain("e0203"), Some(Code::E0203.page()));
    assert_eq!(licit_compiler::explain("E9999"), None);
}
