//! What a gateway tells the `metrics` facade.

mod common;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::*;
use licit_engine::{Error, Gateway, Options, Outage, Settings};
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

/// Keeps every metric under its name and labels: a counter's sum, a gauge's value, a histogram's number of values.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<BTreeMap<String, f64>>>);

struct One {
    kept: Kept,
    name: String,
}

impl One {
    fn change(&self, change: impl FnOnce(f64) -> f64) {
        let mut all = self.kept.0.lock().expect("nobody panics with it");
        let value = all.entry(self.name.clone()).or_insert(0.0);
        *value = change(*value);
    }
}

impl CounterFn for One {
    fn increment(&self, by: u64) {
        self.change(|value| value + u32::try_from(by).map_or(f64::INFINITY, f64::from));
    }
    fn absolute(&self, _: u64) {
        panic!("no counter is set");
    }
}

impl GaugeFn for One {
    fn increment(&self, by: f64) {
        self.change(|value| value + by);
    }
    fn decrement(&self, by: f64) {
        self.change(|value| value - by);
    }
    fn set(&self, to: f64) {
        self.change(|_| to);
    }
}

impl HistogramFn for One {
    fn record(&self, value: f64) {
        assert!(value.is_finite() && value >= 0.0);
        self.change(|count| count + 1.0);
    }
}

impl Kept {
    fn one(&self, key: &Key) -> Arc<One> {
        let labels: Vec<String> =
            key.labels().map(|label| format!(" {}={}", label.key(), label.value())).collect();
        Arc::new(One { kept: self.clone(), name: format!("{}{}", key.name(), labels.concat()) })
    }

    fn get(&self, name: &str) -> f64 {
        self.0.lock().expect("nobody panics with it").get(name).copied().unwrap_or(0.0)
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.one(key))
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.one(key))
    }
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.one(key))
    }
}

/// The only test of this file: the recorder is the whole process's.
#[test]
fn everything_that_happens_is_counted() {
    let kept = Kept::default();
    metrics::set_global_recorder(kept.clone()).expect("it is the only one");
    let disk = MemoryDisk::default();
    let engine = open(Some(&disk), Options::default()).expect("it opens");
    let outage = Outage { retry: Duration::from_mins(10), ..Outage::default() };
    let gateway = Gateway::new(engine, Settings { outage, ..Settings::default() }).expect("it starts");
    let module = gateway.load(&monthly()).expect("it loads").module;
    let until = START + 86_400 * SECOND;
    gateway.invoke(module, id(1), START, chat(1)).expect("it is decided");
    gateway.invoke(module, id(1), START, chat(1)).expect("it is answered");
    gateway.invoke(module, id(1), START, chat(2)).expect_err("it is a conflict");
    gateway.invoke(module, id(2), START, chat(2000)).expect("it is denied");
    gateway.ask(module, id(3), START, chat(1), until).expect("it is decided");
    gateway.ask(module, id(4), START, chat(1), until).expect("it is decided");
    assert!((kept.get("licit_open_holds") - 2.0).abs() < 0.1);
    gateway.commit(id(3), vec![]).expect("it is billed");
    gateway.release(id(4)).expect("it is given back");
    gateway.notice(module, START).expect("it is recorded");
    gateway.flush().expect("it is written");
    assert!((kept.get("licit_store_up") - 1.0).abs() < 0.1);
    disk.fail(Some((0, Fault::Gone)));
    let lost = gateway.invoke(module, id(5), START, chat(1));
    assert!(matches!(lost, Err(Error::NotDurable { .. })));
    gateway.invoke(module, id(6), START, chat(1)).expect_err("the store is down");
    assert!(kept.get("licit_store_up").abs() < 0.1);
    assert!((kept.get("licit_waiting_receipts") - 1.0).abs() < 0.1);
    assert!(kept.get("licit_store_failures_total") > 1.5);
    let counts = |command: &str, outcome: &str| {
        kept.get(&format!("licit_commands_total command={command} outcome={outcome}")).round() as i64
    };
    let expected = [
        ("invoke", "committed", 2),
        ("invoke", "repeated", 1),
        ("invoke", "refused", 1),
        ("invoke", "denied", 1),
        ("invoke", "store_down", 1),
        ("ask", "held", 2),
        ("commit", "committed", 1),
        ("release", "released", 1),
        ("order", "recorded", 1),
    ];
    for (command, outcome, count) in expected {
        assert_eq!(counts(command, outcome), count, "{command} {outcome}");
    }
    assert_eq!(kept.get("licit_decide_seconds").round() as i64, 11);
    assert!(kept.get("licit_wait_seconds") > 4.5);
    let groups = kept.get("licit_group_receipts");
    assert!(groups > 0.5 && (kept.get("licit_write_seconds") - groups).abs() < 0.1);
    assert!((kept.get("licit_leaves") - 9.0).abs() < 0.1);
}
