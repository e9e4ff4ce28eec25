//! A statement as a sheet: what stands where, in which words.

use super::Told;
use crate::book::span_words;
use crate::decision::{signed_due_words, signed_money};
use crate::figures::{counted, decimal, fraction, grouped, signed};
use crate::instant;
use crate::sheet::{Bar, Chart, Record, Shape, Sheet, Table};
use licit_ledger::parts::{Party, Role};
use licit_ledger::statement::{Entry, LineKind, Listed, Statement, StatementLine};

/// More days than this are drawn by month.
const MOST_DAYS: usize = 62;

/// Builds the sheet.
pub fn sheet(told: &Told<'_>) -> Sheet {
    let page = Page { told, statement: told.statement };
    let mut tables = vec![page.lines(), page.caps(), page.account(), page.windows(), page.credit()];
    tables.extend([page.parties(), page.exceptions(), page.days()]);
    let statement = told.statement;
    let verdict = if statement.balances() {
        (true, "the trial balance adds up".to_owned())
    } else {
        (false, "the trial balance does not add up".to_owned())
    };
    Sheet {
        title: format!("{} {} for {}, {}", statement.name, statement.version, told.whose(), told.period),
        facts: page.facts(),
        tables,
        charts: page.charts(),
        verdict,
        faults: statement.faults.iter().map(ToString::to_string).collect(),
        records: page.records(),
    }
}

struct Page<'a> {
    told: &'a Told<'a>,
    statement: &'a Statement,
}

impl Page<'_> {
    fn facts(&self) -> Vec<(&'static str, String)> {
        let statement = self.statement;
        let mut facts = vec![
            ("licence", format!("sha256:{}", crate::commands::hex(&statement.scope.licence))),
            ("licensor", format!("@{}", statement.licensor)),
            ("licensee", self.told.whose()),
            ("period", self.told.bounds()),
        ];
        if let Some(currency) = &statement.currency {
            let minor = currency.scale.minor();
            let minor = decimal(minor.numerator, minor.denominator, 0, false)
                .unwrap_or_else(|| fraction(minor.numerator, minor.denominator));
            let rounding = super::rounding_name(currency.scale.rounding());
            facts.push(("currency", format!("{}, rounded {rounding} to {minor}", currency.code)));
        }
        let leaves = match (statement.leaves.first, statement.leaves.last) {
            (Some(first), Some(last)) if first == last => first.to_string(),
            (Some(first), Some(last)) => format!("{first} to {last}"),
            _ => "none".to_owned(),
        };
        facts.push((
            "receipts",
            format!("{leaves} of a log of {}", grouped(u128::from(statement.leaves.log))),
        ));
        let uses: u64 = statement.days.iter().map(|day| day.uses).sum();
        facts.push(("uses", grouped(u128::from(uses))));
        facts.push(("status", self.status()));
        facts
    }

    fn status(&self) -> String {
        if self.statement.currency.is_none() {
            "the licence charges nothing".to_owned()
        } else if self.statement.windows.is_empty() {
            "nothing is charged so far".to_owned()
        } else if self.statement.is_closed() {
            "closed: only corrections may follow".to_owned()
        } else if self.statement.exceptions.open.count > 0 {
            "open: holds are open, and windows are not closed".to_owned()
        } else {
            "open: more uses may follow".to_owned()
        }
    }

    /// `3.50`, with at least the decimals that are paid, without the currency; exact.
    fn exact(&self, parts: i128) -> String {
        self.over(parts, self.told.grain())
    }

    fn over(&self, parts: i128, denominator: u128) -> String {
        signed_money(parts, denominator, self.told.decimals())
    }

    /// Minor units in the currency, without its name.
    fn minor(&self, minor: i128) -> String {
        let words = signed_due_words(self.told.manifest, minor);
        words.replace(&format!("{} ", self.code()), "")
    }

    fn code(&self) -> &str {
        self.statement.currency.as_ref().map_or("", |currency| currency.code.as_str())
    }

    fn lines(&self) -> Table {
        let mut table =
            Table::new("Charges", &["clause", "", "by", "#quantity", "unit", &format!("#{}", self.code())]);
        for line in &self.statement.lines {
            let quantity =
                if line.quantity == 0 && line.unit.is_none() { String::new() } else { signed(line.quantity) };
            table.row([
                line.label.clone(),
                case_words(line),
                entry_words(line.entry).to_owned(),
                quantity,
                unit_words(line),
                self.exact(line.amount),
            ]);
        }
        if let (false, Some(sum)) = (table.rows.is_empty(), self.statement.charged()) {
            let empty = String::new;
            table.sum(["charged".to_owned(), empty(), empty(), empty(), empty(), self.exact(sum)]);
        }
        table
    }

    fn caps(&self) -> Table {
        let mut table = Table::new("Caps reached", &["clause", "of", "window", "#used"]);
        for cap in &self.statement.caps {
            table.row([
                cap.label.clone(),
                self.told.name(Some(&cap.of)),
                self.told.window_of(&cap.label, cap.window),
                signed(i128::try_from(cap.used).unwrap_or(i128::MAX)),
            ]);
        }
        table
    }

    /// From what was charged to what is owed, each step a row that follows from those above.
    fn account(&self) -> Table {
        let mut table = Table::new("Account", &["", &format!("#{}", self.code())]);
        if self.statement.currency.is_none() {
            return table;
        }
        for (name, value, sum) in self.steps() {
            if sum {
                table.sum([name.to_owned(), value]);
            } else {
                table.row([name.to_owned(), value]);
            }
        }
        table
    }

    /// The steps of the account: name, amount, whether it is a sum of what stands above.
    fn steps(&self) -> Vec<(&'static str, String, bool)> {
        let totals = &self.statement.totals;
        let mut steps = vec![("charged", self.exact(totals.exact.charged), false)];
        if totals.exact.gifted != 0 {
            steps.push(("paid by gifts", self.over(-totals.exact.gifted, self.told.credit_grain()), false));
        }
        match &totals.rounding {
            Some(rest) if rest.amount.numerator > 0 => {
                let numerator = i128::try_from(rest.amount.numerator).unwrap_or(i128::MAX);
                let step = if rest.negative { numerator } else { -numerator };
                steps.push(("rounding", self.over(step, rest.amount.denominator), false));
            }
            _ => {}
        }
        steps.push(("due", self.minor(totals.moved.due), true));
        let by_credit = totals.moved.payable.saturating_sub(totals.moved.due);
        if by_credit != 0 {
            steps.push(("paid by prepaid credit", self.minor(by_credit), false));
            steps.push(("payable", self.minor(totals.moved.payable), true));
        }
        if totals.opening != 0 {
            steps.push(("owed from before", self.minor(totals.opening), false));
        }
        if totals.paid != 0 {
            steps.push(("payments", self.minor(totals.paid.saturating_neg()), false));
        }
        if totals.opening != 0 || totals.paid != 0 {
            steps.push(("balance", self.minor(totals.balance), true));
        }
        for (name, minor) in [
            ("besides: paid for renewals", totals.renewals),
            ("besides: paid for credit", totals.credit),
            ("besides: credit given", totals.gifts),
        ] {
            if minor != 0 {
                steps.push((name, self.minor(minor), false));
            }
        }
        steps
    }

    fn windows(&self) -> Table {
        let mut table =
            Table::new("Settlement windows", &["window", "#charged", "#due", "#payable", "state"]);
        for window in &self.statement.windows {
            let state = match window.closed {
                Some(leaf) => format!("closed by receipt {leaf}"),
                None if window.span.is_call() => String::new(),
                None => "open".to_owned(),
            };
            table.row([
                span_words(window.span.kind, window.span.index),
                self.exact(window.exact.charged),
                self.minor(window.moved.due),
                self.minor(window.moved.payable),
                state,
            ]);
        }
        if !table.rows.is_empty() {
            table.note = Some("whole windows, also where the period is shorter".to_owned());
        }
        table
    }

    fn credit(&self) -> Table {
        let mut table =
            Table::new("Credit", &["receipt", "", "paid at", "expires", "for", "#paid", "#drawn", "#left"]);
        let grain = self.told.credit_grain();
        let nat = |parts: u128| self.over(i128::try_from(parts).unwrap_or(i128::MAX), grain);
        for credit in &self.statement.credit {
            let lot = &credit.lot;
            table.row([
                lot.leaf.to_string(),
                if lot.gift { "gift" } else { "prepaid" }.to_owned(),
                instant::text(i64::try_from(credit.paid_at).unwrap_or(i64::MAX)),
                lot.expires.map(instant::text).unwrap_or_default(),
                lot.actions.join(", "),
                nat(lot.paid),
                self.over(credit.drawn, grain),
                nat(lot.left),
            ]);
        }
        if !table.rows.is_empty() {
            table.note = Some("drawn: by this period's uses; left: at the end of the log".to_owned());
        }
        table
    }

    fn parties(&self) -> Table {
        let mut table = Table::new("Who earned what", &["", "", "#part", &format!("#{}", self.code())]);
        let statement = self.statement;
        if statement.currency.is_none() {
            return table;
        }
        for share in &statement.parties {
            table.row([
                format!("@{}", share.party.handle),
                role_words(&share.party),
                part_words(&share.party),
                self.minor(share.has),
            ]);
        }
        let empty = String::new;
        if statement.residue != 0 {
            let words = "not given out until the window closes".to_owned();
            table.row(["residue".to_owned(), words, empty(), self.minor(statement.residue)]);
        }
        if let Some(sum) = statement.shared().and_then(|sum| sum.checked_add(statement.residue)) {
            table.sum(["due".to_owned(), empty(), empty(), self.minor(sum)]);
        }
        table
    }

    /// The exceptions: what it is, and the leaves.
    fn excepted(&self) -> [(&'static str, &'static str, &Listed); 7] {
        let it = &self.statement.exceptions;
        [
            ("late", "committed after their hold had ended; charged", &it.late),
            ("uncharged", "committed after the close; not charged", &it.uncharged),
            ("corrected", "corrections", &it.corrected),
            ("reversed", "reversals", &it.reversed),
            ("failed", "failed upstream; not charged", &it.failed),
            ("expired", "holds that ran out", &it.expired),
            ("open", "holds that are open", &it.open),
        ]
    }

    fn exceptions(&self) -> Table {
        let mut table = Table::new("Exceptions", &["", "#count", "receipts"]);
        for (_, words, listed) in self.excepted() {
            if listed.count > 0 {
                table.row([words.to_owned(), grouped(u128::from(listed.count)), leaves_words(listed, 20)]);
            }
        }
        let denied = self.statement.exceptions.denied;
        if denied > 0 {
            let words = "denials that were summed up".to_owned();
            table.row([words, grouped(u128::from(denied)), String::new()]);
        }
        table
    }

    fn days(&self) -> Table {
        let mut table = Table::new("Days", &["day", "#uses", &format!("#{}", self.code())]);
        table.long = true;
        if self.statement.days.len() > 1 {
            for day in &self.statement.days {
                let amount = if self.code().is_empty() { String::new() } else { self.exact(day.charged) };
                table.row([day_words(day.day), grouped(u128::from(day.uses)), amount]);
            }
        }
        table
    }

    fn charts(&self) -> Vec<Chart> {
        let slots = self.slots();
        let code = self.code();
        let mut charts = Vec::new();
        let uses: u64 = slots.iter().map(|slot| slot.uses).sum();
        let by = if slots.first().is_some_and(|slot| slot.label.len() > 7) { "day" } else { "month" };
        let columns = |value: &dyn Fn(&Slot) -> (i128, String)| -> Vec<Bar> {
            let bar = |slot: &Slot| {
                let (value, words) = value(slot);
                Bar { label: slot.label.clone(), tick: slot.tick(), words, value }
            };
            slots.iter().map(bar).collect()
        };
        charts.push(Chart {
            title: format!("Uses by {by}"),
            description: format!("{} in {}, {}", counted_uses(uses), self.told.period, busiest(&slots)),
            shape: Shape::Columns,
            bars: columns(&|slot| (i128::from(slot.uses), counted_uses(slot.uses))),
        });
        if self.statement.currency.is_some() {
            charts.push(Chart {
                title: format!("Charged by {by}, {code}"),
                description: format!(
                    "{code} {} in {}",
                    self.exact(self.statement.totals.exact.charged),
                    self.told.period
                ),
                shape: Shape::Columns,
                bars: columns(&|slot| (slot.charged, format!("{code} {}", self.exact(slot.charged)))),
            });
            charts.push(self.earned());
        }
        charts
    }

    fn earned(&self) -> Chart {
        let bars: Vec<Bar> = self
            .statement
            .parties
            .iter()
            .map(|share| Bar {
                label: format!("@{}", share.party.handle),
                tick: String::new(),
                words: format!("{} {}", self.minor(share.has), role_words(&share.party)),
                value: share.has,
            })
            .collect();
        let told: Vec<String> = bars.iter().map(|bar| format!("{} {}", bar.label, bar.words)).collect();
        Chart {
            title: format!("Who earned what, {}", self.code()),
            description: told.join("; "),
            shape: Shape::Rows,
            bars,
        }
    }

    /// Days, those without use included; or months, where there are too many.
    fn slots(&self) -> Vec<Slot> {
        let days = &self.statement.days;
        let (Some(first), Some(last)) = (days.first(), days.last()) else { return Vec::new() };
        let (from, to) = self.told.days.unwrap_or((first.day, last.day.saturating_add(1)));
        let by_day = usize::try_from(to.saturating_sub(from)).is_ok_and(|count| count <= MOST_DAYS);
        let mut slots: Vec<Slot> = Vec::new();
        if by_day {
            slots.extend((from..to).map(|day| Slot { label: day_words(day), ..Slot::default() }));
        }
        for day in days {
            let label = day_words(day.day);
            let label = if by_day { label } else { label.get(..7).unwrap_or_default().to_owned() };
            let at = slots.iter().position(|slot| slot.label == label).unwrap_or_else(|| {
                slots.push(Slot { label, ..Slot::default() });
                slots.len() - 1
            });
            slots[at].uses = slots[at].uses.saturating_add(day.uses);
            slots[at].charged = slots[at].charged.saturating_add(day.charged);
        }
        slots
    }

    fn records(&self) -> Vec<Record> {
        let statement = self.statement;
        let code = self.code().to_owned();
        let grain = self.told.grain();
        let exact =
            |parts: i128, grain: u128| (plain(parts, grain, self.told.decimals()), ratio(parts, grain));
        let money = |record: Record, parts: i128, grain: u128| {
            let (amount, exact) = exact(parts, grain);
            Record { amount, exact, currency: code.clone(), ..record }
        };
        let minor = statement.currency.as_ref().map(|currency| currency.scale.minor());
        let due = |record: Record, units: i128| match minor {
            Some(minor) => {
                let parts = i128::try_from(minor.numerator).ok().and_then(|one| one.checked_mul(units));
                parts.map_or(record.clone(), |parts| money(record.clone(), parts, minor.denominator))
            }
            None => record,
        };
        let named = |kind, name: &str, detail: String| Record {
            kind,
            name: name.to_owned(),
            detail,
            ..Record::default()
        };
        let mut records: Vec<Record> =
            self.facts().into_iter().map(|(name, value)| named("fact", name, value)).collect();
        for line in &statement.lines {
            let detail = [entry_words(line.entry).to_owned(), case_words(line)];
            let detail = detail.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ");
            let record = Record {
                quantity: line.quantity.to_string(),
                unit: unit_words(line),
                ..named("line", &line.label, detail)
            };
            records.push(money(record, line.amount, grain));
        }
        for cap in &statement.caps {
            let detail =
                format!("{} {}", self.told.name(Some(&cap.of)), self.told.window_of(&cap.label, cap.window));
            records.push(Record { quantity: cap.used.to_string(), ..named("cap", &cap.label, detail) });
        }
        if statement.currency.is_some() {
            let totals = &statement.totals;
            let total = |name| named("total", name, String::new());
            let credit = self.told.credit_grain();
            records.push(money(total("charged"), totals.exact.charged, grain));
            records.push(money(total("gifted"), totals.exact.gifted, credit));
            records.push(money(total("prepaid"), totals.exact.prepaid, credit));
            for (name, units) in [
                ("due", totals.moved.due),
                ("payable", totals.moved.payable),
                ("opening", totals.opening),
                ("paid", totals.paid),
                ("balance", totals.balance),
                ("renewals", totals.renewals),
                ("credit", totals.credit),
                ("gifts", totals.gifts),
            ] {
                records.push(due(total(name), units));
            }
            for share in &statement.parties {
                let detail = format!("{} {}", role_words(&share.party), part_words(&share.party));
                // Without `@`, which a spreadsheet takes for the beginning of a formula.
                records.push(due(named("party", &share.party.handle, detail), share.has));
            }
            records.push(due(named("residue", "", String::new()), statement.residue));
        }
        for window in &statement.windows {
            let state =
                window.closed.map_or_else(|| "open".to_owned(), |leaf| format!("closed by receipt {leaf}"));
            let name = span_words(window.span.kind, window.span.index);
            records.push(due(named("window", &name, state), window.moved.due));
        }
        for credit in &statement.credit {
            let kind = if credit.lot.gift { "gift" } else { "prepaid" };
            let record =
                named("credit", &format!("receipt {}", credit.lot.leaf), format!("drawn from {kind} credit"));
            records.push(money(record, credit.drawn, self.told.credit_grain()));
        }
        for (name, _, listed) in self.excepted() {
            if listed.count > 0 {
                let detail = format!("receipts {}", leaves_words(listed, usize::MAX));
                records
                    .push(Record { quantity: listed.count.to_string(), ..named("exception", name, detail) });
            }
        }
        if statement.exceptions.denied > 0 {
            let quantity = statement.exceptions.denied.to_string();
            records.push(Record { quantity, ..named("exception", "denied", String::new()) });
        }
        for day in &statement.days {
            let record = Record {
                quantity: day.uses.to_string(),
                unit: "use".into(),
                ..named("day", &day_words(day.day), String::new())
            };
            records.push(if code.is_empty() { record } else { money(record, day.charged, grain) });
        }
        for fault in &statement.faults {
            records.push(named("fault", &fault.to_string(), String::new()));
        }
        records
    }
}

/// What a bar stands for.
#[derive(Clone, Debug, Default)]
struct Slot {
    label: String,
    uses: u64,
    charged: i128,
}

impl Slot {
    /// `05-31` of a day; a month as it is.
    fn tick(&self) -> String {
        self.label.get(5..).filter(|day| day.len() > 2).unwrap_or(&self.label).to_owned()
    }
}

fn busiest(slots: &[Slot]) -> String {
    let most = slots.iter().max_by_key(|slot| slot.uses);
    most.map_or_else(String::new, |slot| format!("most on {}: {}", slot.label, counted_uses(slot.uses)))
}

fn counted_uses(uses: u64) -> String {
    counted(usize::try_from(uses).unwrap_or(usize::MAX), "use", "uses")
}

/// A civil day of the licence's calendar.
pub fn day_words(day: i64) -> String {
    let (year, month, day) = instant::civil_from_days(day);
    format!("{year:04}-{month:02}-{day:02}")
}

fn case_words(line: &StatementLine) -> String {
    let kind = match line.kind {
        LineKind::Usage => "",
        LineKind::Fee => "fee",
        LineKind::Floor => "missing to the floor",
        LineKind::AtClose => "at close",
    };
    match line.case {
        Some(case) if kind.is_empty() => format!("case {}", case + 1),
        Some(case) => format!("{kind}, case {}", case + 1),
        None => kind.to_owned(),
    }
}

/// How a line came to be.
pub fn entry_words(entry: Entry) -> &'static str {
    match entry {
        Entry::Use => "use",
        Entry::Late => "late use",
        Entry::Close => "close",
        Entry::Correction => "correction",
        Entry::Reversal => "reversal",
    }
}

fn unit_words(line: &StatementLine) -> String {
    match (&line.unit, line.kind) {
        (Some(unit), _) => unit.clone(),
        (None, LineKind::Fee) => "fee".to_owned(),
        (None, _) => "window".to_owned(),
    }
}

/// By what right a party has its part.
pub fn role_words(party: &Party) -> String {
    match party.role {
        Role::Royalty(licence) => {
            let id = crate::commands::hex(&licence);
            format!("royalty of sha256:{}", id.get(..8).unwrap_or_default())
        }
        role => role.name().to_owned(),
    }
}

/// `12.5 %`, or `1/3`.
fn part_words(party: &Party) -> String {
    let part = party.fraction;
    let percent = part.numerator.checked_mul(100).and_then(|all| decimal(all, part.denominator, 0, false));
    match percent.filter(|percent| percent.len() <= 8) {
        Some(percent) => format!("{percent} %"),
        None => fraction(part.numerator, part.denominator),
    }
}

fn leaves_words(listed: &Listed, most: usize) -> String {
    let mut words: Vec<String> = listed.leaves.iter().take(most).map(ToString::to_string).collect();
    if listed.count > words.len() as u64 {
        words.push("...".to_owned());
    }
    words.join(" ")
}

/// A decimal number for programs; empty where none says it.
pub fn plain(parts: i128, denominator: u128, decimals: usize) -> String {
    let sign = if parts < 0 { "-" } else { "" };
    decimal(parts.unsigned_abs(), denominator, decimals, false)
        .map_or_else(String::new, |number| format!("{sign}{number}"))
}

/// A fraction in lowest terms, with its sign.
pub fn ratio(parts: i128, denominator: u128) -> String {
    let sign = if parts < 0 { "-" } else { "" };
    format!("{sign}{}", fraction(parts.unsigned_abs(), denominator))
}
