//! What runs again after an edit: only what the edit can change.

use licit_compiler::{Database, SourceFile, Workspace, check};
use salsa::Setter;

const TEXT: &str = r#"licit 2026
vocabulary demo 1.0 {
  actions  use { train infer }
  purposes any { research product }
  units    record, records
}
party @me is "did:web:me.example"
license One version 1 {
  licensor @me
  asset dataset "one"
  calendar UTC
  term from 2026-01-01 until 2030-01-01
  irrevocable
  study: permit train for research
}
license Two version 1 {
  licensor @me
  asset dataset "two"
  calendar UTC
  term from 2026-01-01 until 2030-01-01
  irrevocable
  study: permit infer for product
}
test "two permits inference" for Two {
  when @ana asks to infer 1 record for product on 2026-05-01T00:00Z
  expect permit
}
"#;

/// The queries that run when `after` replaces the text, without their arguments.
fn rerun(before: &str, after: &str) -> Vec<String> {
    let mut db = Database::default();
    let file = SourceFile::new(&db, "a.licit".to_owned(), before.to_owned());
    Workspace::new(&db, vec![file]);
    assert_eq!(check(&db, file), []);
    file.set_text(&mut db).to(after.to_owned());
    db.start_log();
    check(&db, file);
    db.take_log().into_iter().map(|key| key.split('(').next().unwrap_or_default().to_owned()).collect()
}

fn count(log: &[String], query: &str) -> usize {
    log.iter().filter(|name| *name == query).count()
}

#[test]
fn an_edit_in_one_licence_checks_no_other() {
    let log = rerun(TEXT, &TEXT.replace("permit train for research", "permit infer for research"));
    assert_eq!(count(&log, "parse"), 1, "{log:?}");
    assert_eq!(count(&log, "check_licence"), 1, "{log:?}");
    assert_eq!(count(&log, "core_of"), 1, "{log:?}");
    assert_eq!(count(&log, "check_test"), 0, "{log:?}");
    assert_eq!(count(&log, "vocabulary"), 0, "{log:?}");
    assert_eq!(count(&log, "file_scope"), 0, "{log:?}");
}

#[test]
fn a_blank_line_on_top_checks_nothing() {
    let log = rerun(TEXT, &TEXT.replacen('\n', "\n\n\n", 1));
    let mut log = log;
    log.sort();
    assert_eq!(log, ["diagnostics", "items", "parse", "stray_words"]);
}

#[test]
fn a_comment_inside_a_licence_leaves_the_others_alone() {
    let log = rerun(TEXT, &TEXT.replace("  study: permit infer", "  // why\n  study: permit infer"));
    assert_eq!(count(&log, "check_licence"), 1, "{log:?}");
    assert_eq!(count(&log, "vocabulary"), 0, "{log:?}");
}

#[test]
fn a_change_of_the_vocabulary_checks_all() {
    let log = rerun(TEXT, &TEXT.replace("product }", "product charity }"));
    assert_eq!(count(&log, "vocabulary"), 1, "{log:?}");
    assert_eq!(count(&log, "check_licence"), 2, "{log:?}");
    assert_eq!(count(&log, "check_test"), 1, "{log:?}");
}

#[test]
fn another_file_s_licence_is_not_checked_again() {
    let mut db = Database::default();
    let one = SourceFile::new(&db, "one.licit".to_owned(), TEXT.to_owned());
    let two = SourceFile::new(&db, "two.licit".to_owned(), TEXT.replace("demo 1.0", "other 1.0"));
    Workspace::new(&db, vec![one, two]);
    check(&db, one);
    check(&db, two);
    one.set_text(&mut db).to(TEXT.replace("train infer", "train infer distill"));
    db.start_log();
    check(&db, two);
    let log = db.take_log();
    assert!(log.iter().all(|key| !key.starts_with("check")), "{log:?}");
}
