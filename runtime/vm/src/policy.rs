//! A loaded licence.

use crate::condition::{Class, Conditions, Node, classes};
use crate::names::Names;
use crate::outcome::Outcome;
use crate::price::{Prices, price_tables};
use crate::row::{self, Conjunct, Rows, Source};
use crate::time::Zone;
use crate::wider::{Mark, Wider};
use alloc::boxed::Box;
use alloc::vec::Vec;
use licit_bytecode::manifest::Counter;
use licit_bytecode::{Axis, Duty, FactType, LoadError, Manifest, Module, Period};

/// A limit, ready to be compared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) clause: u32,
    pub(crate) unit: u16,
    pub(crate) key: licit_bytecode::Key,
    pub(crate) cap: u128,
    pub(crate) highest: u128,
}

/// A licence that was verified and prepared; immutable, shared freely between threads.
#[derive(Clone, Debug)]
pub struct Policy {
    pub(crate) manifest: Manifest,
    pub(crate) module_id: [u8; 32],
    pub(crate) cost: u64,
    pub(crate) zone: Zone,
    /// First instant inside and first instant no longer inside.
    pub(crate) from: Mark,
    pub(crate) until: Mark,
    pub(crate) revocable: Option<Period>,
    pub(crate) axes: [Names; 3],
    pub(crate) unit_names: Names,
    pub(crate) fact_names: Names,
    pub(crate) texts: Names,
    /// Type, lowest, highest.
    pub(crate) facts: Vec<(FactType, u128, u128)>,
    /// Highest quantities.
    pub(crate) units: Vec<u128>,
    pub(crate) counters: Vec<Counter>,
    pub(crate) conditions: Conditions,
    pub(crate) rows: Rows,
    /// Clause and condition.
    pub(crate) forbids: Vec<(u32, u32)>,
    /// Condition, and its conjuncts sorted by class.
    pub(crate) permits: Vec<u32>,
    pub(crate) conjuncts: Vec<Vec<Conjunct>>,
    pub(crate) limits: Vec<Limit>,
    /// Clause numbers.
    pub(crate) charges: Vec<u32>,
    /// The first case of each charge among all cases, and one past the last.
    pub(crate) first_case: Vec<u32>,
    /// Conditions of all cases.
    pub(crate) cases: Vec<u32>,
    pub(crate) prices: Prices,
    pub(crate) duties: Vec<Duty>,
    /// Duties that suspend.
    pub(crate) suspending: Vec<u16>,
    /// Standing use and standing money, where there is any.
    pub(crate) wider: Option<Box<Wider>>,
}

impl Policy {
    /// Verifies a module and prepares it. Time and memory are bounded by the caps of [`licit_bytecode::limits`].
    pub fn load(bytes: &[u8]) -> Result<Self, LoadError> {
        let loaded = licit_bytecode::load(bytes)?;
        Ok(Self::prepare(&loaded.module, loaded.module_id, loaded.verified.cost, true))
    }

    /// As [`Policy::load`], without masks: every condition is asked in its general form. The answers are the same, later;
    /// a test compares the two.
    pub fn load_general(bytes: &[u8]) -> Result<Self, LoadError> {
        let loaded = licit_bytecode::load(bytes)?;
        Ok(Self::prepare(&loaded.module, loaded.module_id, loaded.verified.cost, false))
    }

    /// From a verified module.
    fn prepare(m: &Module, module_id: [u8; 32], cost: u64, masks: bool) -> Self {
        let manifest = Manifest::from_module(m);
        let zone = Zone::new(&m.zone);
        let conditions = Conditions::new(m);
        let conjuncts = conjuncts(m, &conditions);
        let starts = |c: usize| m.case.partition_point(|case| (case.charge as usize) < c) as u32;
        let first_case: Vec<u32> = (0..=m.charge.len()).map(starts).collect();
        let wider = Wider::new(m, &manifest.counters).map(Box::new);
        let source = Source {
            m,
            conditions: &conditions,
            conjuncts: &conjuncts,
            first_case: &first_case,
            wider: wider.as_deref(),
        };
        let rows = row::rows(&source, masks);
        let axis = |axis| Names::new(m.leaf.iter().filter(|l| l.axis == axis).map(|l| l.name.as_str()));
        let highest = |unit: u32| m.unit.get(unit as usize).map_or(0, |u| u.highest);
        let limit = |l: &licit_bytecode::Limit| Limit {
            clause: l.clause,
            unit: l.unit as u16,
            key: l.key,
            cap: l.cap,
            highest: highest(l.unit),
        };
        let suspending =
            m.duty.iter().enumerate().filter(|(_, d)| d.suspend).map(|(i, _)| i as u16).collect();
        Self {
            module_id,
            cost,
            from: Mark::new(manifest.from.as_ref(), &zone, i64::MIN),
            until: Mark::new(manifest.until.as_ref(), &zone, i64::MAX),
            revocable: m.revocable.first().map(|r| r.after.clone()),
            axes: [axis(Axis::Action), axis(Axis::Purpose), axis(Axis::Place)],
            unit_names: Names::new(m.unit.iter().map(|u| u.name.as_str())),
            fact_names: Names::new(m.fact.iter().map(|f| f.name.as_str())),
            texts: Names::new(m.text.iter().map(|t| t.value.as_str())),
            facts: m.fact.iter().map(|f| (f.ty, f.low, f.high)).collect(),
            units: m.unit.iter().map(|u| u.highest).collect(),
            counters: manifest.counters.clone(),
            forbids: m.forbid.iter().map(|f| (f.clause, f.when)).collect(),
            permits: m.permit.iter().map(|p| p.when).collect(),
            limits: m.limit.iter().map(limit).collect(),
            charges: m.charge.iter().map(|c| c.clause).collect(),
            cases: m.case.iter().map(|c| c.when).collect(),
            prices: price_tables(m, &manifest.counters),
            wider,
            duties: m.duty.clone(),
            suspending,
            manifest,
            zone,
            conditions,
            conjuncts,
            first_case,
            rows,
        }
    }

    /// SHA-256 of the licence's canonical core.
    pub fn licence_id(&self) -> &[u8; 32] {
        &self.manifest.licence
    }

    /// SHA-256 over the module's executable sections.
    pub fn module_id(&self) -> &[u8; 32] {
        &self.module_id
    }

    /// Names for the numbers in outcomes, and the money data.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The most steps that one evaluation takes; proved when the module was loaded.
    pub fn cost(&self) -> u64 {
        self.cost
    }

    /// Bytes of the tables that binding and deciding read, names and manifest aside.
    pub fn table_size(&self) -> usize {
        let rows: usize = self.rows.all.iter().map(row::Row::size).sum();
        let conjuncts: usize = self.conjuncts.iter().map(|c| 8 * c.len() + 24).sum();
        size_of::<Self>() - size_of::<Manifest>()
            + rows
            + conjuncts
            + self.conditions.size()
            + self.prices.size()
            + self.wider.as_ref().map_or(0, |w| w.size())
            + 2 * self.rows.of_action.len()
            + size_of_val(self.facts.as_slice())
            + 16 * self.units.len()
            + size_of_val(self.counters.as_slice())
            + 8 * self.forbids.len()
            + 4 * (self.permits.len() + self.charges.len() + self.first_case.len() + self.cases.len())
            + size_of_val(self.limits.as_slice())
            + size_of_val(self.duties.as_slice())
    }

    /// Bytes of the tables of names that binding reads.
    pub fn name_size(&self) -> usize {
        let axes: usize = self.axes.iter().map(Names::size).sum();
        axes + self.unit_names.size() + self.fact_names.size() + self.texts.size()
    }

    /// An outcome with room for whatever this policy can answer.
    pub fn outcome(&self) -> Outcome {
        let mut out = Outcome::default();
        let slots = 16 + self.facts.len();
        let rules = self.forbids.len() + self.limits.len() + self.duties.len() + self.charges.len();
        let wider = self
            .wider
            .as_ref()
            .map_or(0, |w| w.ends.len() + w.opens.len() + w.purses.len() + w.closings.len());
        // Step 1 gives a reason for each unit and one for unknown ones, step 7 one for each unit.
        out.reasons.reserve_exact(rules + wider + slots + 2 * self.units.len() + 8);
        out.lines.reserve_exact(self.charges.len());
        out.duties.reserve_exact(self.duties.len());
        out.deltas.reserve_exact(self.counters.len());
        self.fit(&mut out);
        out
    }

    /// Makes room in an outcome's working memory; a no-op for outcomes of this policy.
    #[inline]
    pub(crate) fn fit(&self, out: &mut Outcome) {
        out.scratch.fit(self.rows.most_words, self.conditions.nodes.len(), 16 + self.facts.len());
    }
}

/// The conjuncts of each permit: the operands of its outermost `and`, or itself; sorted by what they speak of.
fn conjuncts(m: &Module, c: &Conditions) -> Vec<Vec<Conjunct>> {
    let classes = classes(c, m);
    let class = |at: u32| classes.get(at as usize).copied().flatten().unwrap_or(Class::Other);
    let of_permit = |p: &licit_bytecode::Permit| {
        let mut all: Vec<Conjunct> = match c.node_at(p.when) {
            Node::And { start, end } => c.list_at(start, end).iter().map(|at| (class(*at), *at)).collect(),
            _ => alloc::vec![(class(p.when), p.when)],
        };
        all.sort_by_key(|(class, _)| *class);
        all
    };
    m.permit.iter().map(of_permit).collect()
}
