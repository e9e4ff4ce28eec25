//! `licit statement`: what one licensee owes under one licence for a period, how it came to be, and who earned it.

mod json;
mod page;

use crate::cli::StatementFormat;
use crate::exit::{Exit, Failure, Result};
use crate::instant;
use crate::progress::Progress;
use crate::shelf::Shelf;
use crate::shell::{Shell, shown};
use licit_bytecode::Price;
use licit_engine::{Entry, Id, Kept, Licence, Licensee};
use licit_ledger::money::Rounding;
use licit_ledger::statement::{Scope, Statement, StatementFold};
use licit_vm::{Manifest, Window};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// `licit statement`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  licit statement log --grant Storage --month 2026-05
  licit statement log --grant Storage/acme --from 2026-01-01 --until 2026-04-01
  licit statement log --grant Storage --month 2026-05 --format html > may.html
  licit statement log --grant 3f9a    everything so far, under the licence whose id begins so

Dates are days of the licence's calendar; --until is the first day that is left out. A statement is computed from the \
receipts alone, whole or erased; `licit audit` says whether they are to be believed. Everything charged is somebody's to \
the last minor unit, or the exit status is 1.")]
pub struct Args {
    /// The ledger's folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The licence's name, or how its id begins; and whose: LICENCE/LICENSEE, where several use it. May be left out
    /// where there is only one
    #[arg(long, value_name = "GRANT")]
    grant: Option<String>,
    /// A month, as 2026-05
    #[arg(long, value_name = "MONTH", conflicts_with_all = ["from", "until"])]
    month: Option<String>,
    /// The first day
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// The day after the last
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// For whom the output is
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: StatementFormat,
}

/// The names behind salted ids, as far as openings still say them.
pub type People = BTreeMap<Id, String>;

/// A statement with what its words need.
pub struct Told<'a> {
    /// What is told.
    pub statement: &'a Statement,
    /// The licence's names.
    pub manifest: &'a Manifest,
    /// Of people.
    pub names: &'a People,
    /// The period in words.
    pub period: String,
    /// The calendar that days are of.
    pub calendar: String,
    /// The first civil day of the period and the first after it, where both are said.
    pub days: Option<(i64, i64)>,
}

impl Told<'_> {
    /// The licensee in words.
    pub fn whose(&self) -> String {
        self.name(self.statement.scope.licensee.as_ref())
    }

    /// Somebody in words.
    pub fn name(&self, id: Option<&Id>) -> String {
        named(self.names, id)
    }

    /// The period with its ends.
    pub fn bounds(&self) -> String {
        match self.days {
            Some((from, until)) => {
                let (from, last) = (page::day_words(from), page::day_words(until.saturating_sub(1)));
                format!("{from} to {last}, {}", self.calendar)
            }
            None => format!("{}, {}", self.period, self.calendar),
        }
    }

    /// Parts that make one unit of the currency.
    pub fn grain(&self) -> u128 {
        self.statement.currency.as_ref().map_or(1, |currency| u128::from(currency.scale.grain()))
    }

    /// Parts of credit that make one unit of the currency.
    pub fn credit_grain(&self) -> u128 {
        self.statement.currency.as_ref().and_then(|currency| currency.scale.credit_grain()).unwrap_or(1)
    }

    /// How many decimals the smallest payable amount has.
    pub fn decimals(&self) -> usize {
        let minor = self.statement.currency.as_ref().map(|currency| currency.scale.minor());
        minor.map_or(0, |minor| crate::figures::decimals_of(minor.numerator, minor.denominator))
    }

    /// A window of a charge in words.
    pub fn window_of(&self, label: &str, index: i64) -> String {
        let charges = self.manifest.charges.iter();
        let mut charges = charges.filter(|charge| self.manifest.label(charge.clause) == Some(label));
        let window = charges.find_map(|charge| {
            charge.prices.iter().find_map(|price| match price {
                Price::Bounded { window, .. } => Some(*window),
                _ => None,
            })
        });
        window.map_or_else(String::new, |window| crate::book::span_words(window as u8, index))
    }
}

/// Prints a statement.
pub fn run(args: &Args, shell: &mut Shell) -> Result {
    let shelf = Shelf::open(&args.folder)?;
    let claimed = shelf.claimed_size();
    // A folder that holds no ledger says so, whatever else it holds.
    shelf.leaves(&mut |_, _| Ok(false))?;
    let licences = shelf.licences()?;
    let (licence, wanted) = match &args.grant {
        Some(grant) => licence(args, grant, &licences)?,
        None => (only(args, &shelf, &licences)?, None),
    };
    let (users, names) = licensees(&shelf, licence, wanted)?;
    let licensee = licensee(args, licence, wanted, &users, &names)?;
    let period = Period::of(args, licence)?;
    let scope = Scope { licence: *licence.policy().licence_id(), licensee, from: period.from, to: period.to };
    let mut fold = StatementFold::new(licence, scope);
    let mut progress = Progress::new("adding up", claimed);
    shelf.entries(&mut |entry: Entry| {
        progress.at(entry.receipt.seq);
        fold.event(&entry.receipt, &entry.kept);
        Ok(())
    })?;
    drop(progress);
    let statement = fold.finish();
    let manifest = licence.manifest();
    let calendar = manifest.calendar.clone().unwrap_or_else(|| "UTC".to_owned());
    let told = Told {
        statement: &statement,
        manifest,
        names: &names,
        period: period.words,
        calendar,
        days: period.days,
    };
    match args.format {
        StatementFormat::Json => shell.line(&json::json(&told).to_string())?,
        StatementFormat::Human => shell.write(&page::sheet(&told).human(shell.colour_out()))?,
        StatementFormat::Csv => shell.write(&page::sheet(&told).csv())?,
        StatementFormat::Html => shell.write(&page::sheet(&told).html())?,
    }
    Ok(if statement.balances() { Exit::Fine } else { Exit::Findings })
}

/// How many licences are looked through for grants to list.
const MOST_LISTED: usize = 20;

/// The only licence there is; where there are several, their grants are listed.
fn only<'a>(args: &Args, shelf: &Shelf, licences: &'a [Licence]) -> Result<&'a Licence> {
    let mut found: Vec<&Licence> = licences.iter().collect();
    found.sort_by_key(|licence| (licence.manifest().name.clone(), *licence.policy().licence_id()));
    found.dedup_by_key(|licence| *licence.policy().licence_id());
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(Failure::unusable(format!("no licence was ever loaded in {}", args.folder.display()))),
        several => {
            let mut failure =
                Failure::unusable(format!("{} licences are in {}", several.len(), args.folder.display()));
            for licence in several.iter().take(MOST_LISTED) {
                let (users, names) = licensees(shelf, licence, None)?;
                let name = &licence.manifest().name;
                let grants: Vec<String> =
                    users.iter().map(|user| grant_words(name, &names, user.as_ref())).collect();
                let unused = format!("{} (nobody has used it)", shown(name));
                failure = failure.why(if grants.is_empty() { unused } else { grants.join("  ") });
            }
            Err(failure.help("say whose statement: `--grant LICENCE/LICENSEE`"))
        }
    }
}

/// The licence that is meant, and whose use of it.
fn licence<'a>(
    args: &Args,
    grant: &'a str,
    licences: &'a [Licence],
) -> Result<(&'a Licence, Option<&'a str>)> {
    let (name, whose) = match grant.split_once('/') {
        Some((name, whose)) => (name, Some(whose)),
        None => (grant, None),
    };
    let digits = name.strip_prefix("sha256:").unwrap_or(name).to_ascii_lowercase();
    let by_id = |licence: &&Licence| {
        digits.len() >= 4 && super::hex(licence.policy().licence_id()).starts_with(&digits)
    };
    let mut found: Vec<&Licence> =
        licences.iter().filter(|licence| licence.manifest().name == name).collect();
    if found.is_empty() {
        found = licences.iter().filter(by_id).collect();
    }
    // Modules of one licence differ in nothing that a statement tells.
    found.sort_by_key(|licence| *licence.policy().licence_id());
    found.dedup_by_key(|licence| *licence.policy().licence_id());
    let list = |licences: &[&Licence]| -> Vec<String> {
        let id = |licence: &Licence| super::hex(licence.policy().licence_id());
        let told = |licence: &&Licence| {
            let manifest = licence.manifest();
            format!("{} {}, sha256:{}", shown(&manifest.name), manifest.version, id(licence))
        };
        licences.iter().map(told).collect()
    };
    match found.as_slice() {
        [licence] => Ok((*licence, whose)),
        [] => {
            let all: Vec<&Licence> = licences.iter().collect();
            let why = if all.is_empty() {
                "no licence was ever loaded there".to_owned()
            } else {
                list(&all).join("; ")
            };
            Err(Failure::unusable(format!("{} has no licence {}", args.folder.display(), shown(name)))
                .why(why))
        }
        several => Err(list(several)
            .into_iter()
            .fold(
                Failure::unusable(format!("{} licences are called {}", several.len(), shown(name))),
                Failure::why,
            )
            .help("name the one that is meant by its id: `--grant sha256:...`")),
    }
}

/// Who used a licence, and the names of all people. A name that was asked for is known by its salted id, even where no
/// opening says it any more.
fn licensees(shelf: &Shelf, licence: &Licence, wanted: Option<&str>) -> Result<(Vec<Option<Id>>, People)> {
    let id = *licence.policy().licence_id();
    let (mut users, mut names) = (BTreeSet::new(), People::new());
    let mut progress = Progress::new("reading", shelf.claimed_size());
    shelf.entries(&mut |entry: Entry| {
        progress.at(entry.receipt.seq);
        if let (Kept::EpochOpen { salt, .. }, Some(wanted)) = (&entry.kept, wanted) {
            let name = wanted.strip_prefix('@').unwrap_or(wanted);
            for licensee in [Licensee::User(name), Licensee::Organisation(name)] {
                names.insert(Id::new(salt, licensee), name.to_owned());
            }
        }
        let Some(who) = entry.kept.who().filter(|_| entry.receipt.licence == Some(id)) else { return Ok(()) };
        users.insert(who.licensee());
        if let Some(content) = &entry.content {
            let request = &content.request;
            for (id, name) in [(who.user, &request.user), (who.organisation, &request.organisation)] {
                if let (Some(id), Some(name)) = (id, name) {
                    names.entry(id).or_insert_with(|| name.clone());
                }
            }
        }
        Ok(())
    })?;
    let mut users: Vec<Option<Id>> = users.into_iter().collect();
    // By name: salted ids are in no order that anybody knows.
    users.sort_by_key(|user| user.map(|id| (!names.contains_key(&id), names.get(&id).cloned(), id)));
    Ok((users, names))
}

/// The licensee that is meant.
fn licensee(
    args: &Args,
    licence: &Licence,
    wanted: Option<&str>,
    users: &[Option<Id>],
    names: &People,
) -> Result<Option<Id>> {
    let name = &licence.manifest().name;
    let list = || {
        let told: Vec<String> = users.iter().map(|user| grant_words(name, names, user.as_ref())).collect();
        if told.is_empty() { "nobody has used it".to_owned() } else { told.join("  ") }
    };
    let Some(wanted) = wanted else {
        return match users {
            [one] => Ok(*one),
            [] => Err(Failure::unusable(format!(
                "nobody has used {} in {}",
                shown(name),
                args.folder.display()
            ))),
            _ => Err(Failure::unusable(format!("{} licensees use {}", users.len(), shown(name)))
                .why(list())
                .help("say whose statement: `--grant LICENCE/LICENSEE`")),
        };
    };
    let bare = wanted.strip_prefix('@').unwrap_or(wanted);
    let digits = bare.to_ascii_lowercase();
    let is_meant = |user: &&Option<Id>| match user {
        None => bare == "-",
        Some(id) => {
            names.get(id).is_some_and(|name| name == bare)
                || digits.len() >= 8 && super::hex(&id.0).starts_with(&digits)
        }
    };
    let found: Vec<&Option<Id>> = users.iter().filter(is_meant).collect();
    match found.as_slice() {
        [one] => Ok(**one),
        [] => Err(Failure::unusable(format!("{} has not used {}", shown(wanted), shown(name))).why(list())),
        _ => Err(Failure::unusable(format!("{} is a user and an organisation", shown(wanted)))
            .why(found.iter().map(|user| id_words(user.as_ref())).collect::<Vec<_>>().join("  "))
            .help("say which one by how its id begins: `--grant LICENCE/ID`")),
    }
}

/// How a grant is named on the command line.
fn grant_words(licence: &str, names: &People, user: Option<&Id>) -> String {
    let who = match user.map(|id| (id, names.get(id))) {
        Some((_, Some(name))) => shown(name),
        Some((id, None)) => id_words(Some(id)),
        None => "-".to_owned(),
    };
    format!("{}/{who}", shown(licence))
}

fn id_words(id: Option<&Id>) -> String {
    let hex = id.map(|id| super::hex(&id.0)).unwrap_or_default();
    hex.get(..16).unwrap_or_default().to_owned()
}

/// Somebody in words.
fn named(names: &People, id: Option<&Id>) -> String {
    match id {
        None => "nobody by name".to_owned(),
        Some(id) => names
            .get(id)
            .map_or_else(|| format!("(erased) {}", id_words(Some(id))), |name| format!("@{}", shown(name))),
    }
}

/// When.
struct Period {
    from: i64,
    to: i64,
    words: String,
    days: Option<(i64, i64)>,
}

impl Period {
    fn of(args: &Args, licence: &Licence) -> Result<Self> {
        let policy = licence.policy();
        let start = |day: i64| policy.window_start(Window::Day, day);
        if let Some(month) = &args.month {
            let (year, number) = instant::month(month).ok_or_else(|| {
                Failure::unusable(format!("`{}` is no month", shown(month)))
                    .help("a month is written 2026-05")
            })?;
            let next = if number == 12 { (year + 1, 1) } else { (year, number + 1) };
            let days = (instant::days(year, number, 1), instant::days(next.0, next.1, 1));
            return Ok(Self {
                from: start(days.0),
                to: start(days.1),
                words: month.clone(),
                days: Some(days),
            });
        }
        let read = |date: &Option<String>| {
            let day = date.as_deref().map(|date| {
                instant::date(date).ok_or_else(|| {
                    Failure::unusable(format!("`{}` is no date", shown(date)))
                        .help("a date is written 2026-05-31")
                })
            });
            day.transpose()
        };
        let (from, until) = (read(&args.from)?, read(&args.until)?);
        if let (Some(from), Some(until)) = (from, until)
            && from >= until
        {
            return Err(Failure::unusable("the period is empty")
                .why("--until is the first day that is left out, so it must come after --from"));
        }
        let words = match (&args.from, &args.until) {
            (Some(from), Some(until)) => format!("{from} until {until}"),
            (Some(from), None) => format!("from {from} on"),
            (None, Some(until)) => format!("until {until}"),
            (None, None) => "everything so far".to_owned(),
        };
        Ok(Self {
            from: from.map_or(i64::MIN, start),
            to: until.map_or(i64::MAX, start),
            words,
            days: from.zip(until),
        })
    }
}

/// How totals are rounded, in the language's word.
pub fn rounding_name(rounding: Rounding) -> &'static str {
    match rounding {
        Rounding::HalfEven => "half_even",
        Rounding::HalfUp => "half_up",
        Rounding::Down => "down",
        Rounding::Up => "up",
    }
}
