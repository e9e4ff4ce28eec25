//! How fast a ledger decides, with receipts and group commit: `cargo run --release -p licit-engine --example throughput
//! -- FOLDER [INVOCATIONS]`. Prints figures; asserts nothing.

use std::path::Path;
use std::time::Instant;

use licit_bytecode::{encode, text};
use licit_engine::{Engine, Request, audit_dir, receipt::SigningKey};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("which folder?")?;
    let count: u64 = arguments.next().map_or(Ok(28_183), |count| count.parse())?;
    let module = text::assemble(include_str!("../../ledger/tests/licences/monthly.lasm"))
        .map_err(|error| format!("{error:?}"))?;
    let mut engine = Engine::open_dir(Path::new(&folder), SigningKey::from_seed(&[7; 32]))?;
    let module = engine.load(&encode(&module))?.module;
    let start = Instant::now();
    for number in 0..count {
        let request = Request {
            user: Some(format!("user {}", number % 2000)),
            organisation: Some(format!("organisation {}", number % 1000)),
            action: Some("chat".into()),
            quantities: vec![("call".into(), 1), ("token".into(), u128::from(number % 50))],
            ..Request::default()
        };
        let call = engine.new_call()?;
        engine.invoke(module, call, 1_700_000_000_000_000 + number * 100_000, request)?;
    }
    engine.close()?;
    let each = |what: &str, start: Instant| {
        let time = start.elapsed();
        println!(
            "{what}: {count} in {time:.2?}, {:.2?} each",
            time / u32::try_from(count.max(1)).unwrap_or(u32::MAX)
        );
    };
    each("decided", start);
    let start = Instant::now();
    let engine = Engine::open_dir(Path::new(&folder), SigningKey::from_seed(&[7; 32]))?;
    each("opened again", start);
    drop(engine);
    let start = Instant::now();
    let report = audit_dir(Path::new(&folder), None, &mut |_, _| {})?;
    each("audited", start);
    println!("{:?}, passes: {}", report.counts, report.passes());
    Ok(())
}
