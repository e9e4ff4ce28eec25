//! Conditions in their general form: three-valued, read by the second pass that explains a denial, and by clauses that
//! have no masks.

use crate::bound::Bound;
use crate::meter::Meter;
use crate::scratch::Scratch;
use alloc::vec::Vec;
use licit_bytecode::{Axis, Bits, Cmp, FactType, Module, Op};

/// The value of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Value {
    False = 0,
    Unknown = 1,
    True = 2,
}

impl Value {
    fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }

    fn of(truth: bool) -> Self {
        if truth { Self::True } else { Self::False }
    }
}

/// In the frame a number is stored plus one, so that 0 and the largest number are free to say "unknown" from below and
/// from above; larger numbers are kept in the wide frame.
pub(crate) const NARROW_MAX: u128 = u64::MAX as u128 - 3;

/// The frame's form of a constant: constants beyond every narrow number are all alike.
pub(crate) fn narrow(k: u128) -> u64 {
    k.min(NARROW_MAX + 1) as u64 + 1
}

/// Whether a fact's numbers need the wide frame.
pub(crate) fn is_wide(ty: FactType, high: u128) -> bool {
    ty == FactType::Count && high > NARROW_MAX
}

/// An instruction, prepared: operands in one list, numbers in the form of the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    False,
    True,
    Member {
        set: u32,
    },
    /// `k` in the form of the frame.
    Narrow {
        fact: u16,
        cmp: Cmp,
        k: u64,
    },
    /// `k` is an index into the wide constants.
    Wide {
        fact: u16,
        cmp: Cmp,
        k: u32,
    },
    Known {
        fact: u16,
    },
    Define {
        of: u32,
    },
    And {
        start: u32,
        end: u32,
    },
    Or {
        start: u32,
        end: u32,
    },
    Not {
        of: u32,
    },
}

/// A set of leaves, and what stands for it when no leaf is named.
#[derive(Clone, Debug)]
pub(crate) struct Set {
    pub(crate) axis: Axis,
    yes: Bits,
    unknown: Bits,
    terms: u32,
    unlisted: Value,
    absent: Value,
}

impl Set {
    /// The value for a class of its axis: a leaf, then "unlisted", then "not given".
    pub(crate) fn value(&self, class: u32) -> Value {
        if class == self.terms {
            self.unlisted
        } else if class > self.terms {
            self.absent
        } else if self.yes.contains(class) {
            Value::True
        } else if self.unknown.contains(class) {
            Value::Unknown
        } else {
            Value::False
        }
    }
}

/// All conditions of a policy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conditions {
    pub(crate) nodes: Vec<Node>,
    pub(crate) operands: Vec<u32>,
    pub(crate) wide: Vec<u128>,
    pub(crate) sets: Vec<Set>,
    /// Terms of each axis: leaf numbers are below; then come "unlisted" and "not given".
    pub(crate) terms: [u32; 3],
}

impl Conditions {
    /// From a verified module.
    pub(crate) fn new(m: &Module) -> Self {
        let mut out = Self::default();
        let mut roots = [Vec::new(), Vec::new(), Vec::new()];
        for leaf in &m.leaf {
            let axis = leaf.axis as usize;
            if let (Some(n), Some(roots)) = (out.terms.get_mut(axis), roots.get_mut(axis)) {
                if leaf.root {
                    roots.push(*n);
                }
                *n += 1;
            }
        }
        for s in &m.set {
            let axis = s.axis as usize;
            let terms = out.terms.get(axis).copied().unwrap_or(0);
            let mut set = Set {
                axis: s.axis,
                yes: s.yes.clone(),
                unknown: s.unknown.clone(),
                terms,
                unlisted: Value::False,
                absent: Value::Unknown,
            };
            let values = roots.get(axis).into_iter().flatten().map(|leaf| set.value(*leaf));
            set.unlisted = values.max().unwrap_or(Value::False);
            // What all leaves and an unlisted name agree on.
            if s.yes.is_empty() && s.unknown.is_empty() {
                set.absent = Value::False;
            } else if s.yes.len() == terms as usize && set.unlisted == Value::True {
                set.absent = Value::True;
            }
            out.sets.push(set);
        }
        for op in &m.code {
            let node = out.node(m, op);
            out.nodes.push(node);
        }
        out
    }

    fn node(&mut self, m: &Module, op: &Op) -> Node {
        match op {
            Op::False {} => Node::False,
            Op::True {} => Node::True,
            Op::Member { set } => Node::Member { set: *set },
            Op::Compare { fact, cmp, k } => {
                let wide = m.fact.get(*fact as usize).is_some_and(|f| is_wide(f.ty, f.high));
                let fact = *fact as u16;
                if wide {
                    self.wide.push(*k);
                    Node::Wide { fact, cmp: *cmp, k: self.wide.len() as u32 - 1 }
                } else {
                    Node::Narrow { fact, cmp: *cmp, k: narrow(*k) }
                }
            }
            Op::SameText { fact, text } => {
                Node::Narrow { fact: *fact as u16, cmp: Cmp::Equal, k: narrow(u128::from(*text)) }
            }
            Op::Known { fact } => Node::Known { fact: *fact as u16 },
            Op::Define { of } => Node::Define { of: *of },
            Op::Not { of } => Node::Not { of: *of },
            Op::And { of } => {
                let (start, end) = self.list(of);
                Node::And { start, end }
            }
            Op::Or { of } => {
                let (start, end) = self.list(of);
                Node::Or { start, end }
            }
        }
    }

    fn list(&mut self, of: &[u32]) -> (u32, u32) {
        let start = self.operands.len() as u32;
        self.operands.extend_from_slice(of);
        (start, self.operands.len() as u32)
    }

    /// The node with a number; those of verified modules exist.
    pub(crate) fn node_at(&self, at: u32) -> Node {
        self.nodes.get(at as usize).copied().unwrap_or(Node::False)
    }

    /// The operands of a connective.
    pub(crate) fn list_at(&self, start: u32, end: u32) -> &[u32] {
        self.operands.get(start as usize..end as usize).unwrap_or_default()
    }

    /// The value of condition `at`. Every connective is evaluated at most once in an evaluation of a policy; the depth of
    /// the recursion was bounded by the verifier.
    pub(crate) fn value(&self, at: u32, b: &Bound, s: &mut Scratch, meter: &mut impl Meter) -> Value {
        meter.step();
        let node = self.node_at(at);
        let (Node::Define { .. } | Node::Not { .. } | Node::And { .. } | Node::Or { .. }) = node else {
            return self.atom(node, b);
        };
        if let Some(v) = s.memo(at) {
            return v;
        }
        let value = match node {
            Node::Define { of } => self.value(of, b, s, meter),
            Node::Not { of } => self.value(of, b, s, meter).not(),
            Node::And { start, end } => {
                let mut value = Value::True;
                for of in self.list_at(start, end) {
                    value = value.min(self.value(*of, b, s, meter));
                    if value == Value::False {
                        break;
                    }
                }
                value
            }
            Node::Or { start, end } => {
                let mut value = Value::False;
                for of in self.list_at(start, end) {
                    value = value.max(self.value(*of, b, s, meter));
                    if value == Value::True {
                        break;
                    }
                }
                value
            }
            _ => Value::False,
        };
        s.remember(at, value);
        value
    }

    fn atom(&self, node: Node, b: &Bound) -> Value {
        match node {
            Node::True => Value::True,
            Node::Member { set } => self.member(set, b),
            Node::Narrow { fact, cmp, k } => match b.low(fact) {
                0 => Value::Unknown,
                x => Value::of(compare(x, cmp, k)),
            },
            Node::Wide { fact, cmp, k } => match b.low(fact) {
                0 => Value::Unknown,
                _ => {
                    let k = self.wide.get(k as usize).copied().unwrap_or(0);
                    Value::of(compare(b.wide(fact), cmp, k))
                }
            },
            Node::Known { fact } => match b.low(fact) {
                0 => Value::Unknown,
                _ => Value::True,
            },
            _ => Value::False,
        }
    }

    fn member(&self, set: u32, b: &Bound) -> Value {
        self.sets.get(set as usize).map_or(Value::False, |set| set.value(b.class(set.axis)))
    }

    /// Adds the slots that the unknown condition `at` needs (`spec/core.md` section 7).
    pub(crate) fn need(&self, at: u32, b: &Bound, s: &mut Scratch, meter: &mut impl Meter) {
        meter.step();
        match self.node_at(at) {
            Node::False | Node::True => {}
            Node::Member { set } => {
                let Some(set) = self.sets.get(set as usize) else { return };
                let given = b.class(set.axis) <= set.terms;
                s.need(set.axis as u32 + if given { 3 } else { 0 });
            }
            Node::Narrow { fact, .. } | Node::Wide { fact, .. } | Node::Known { fact } => {
                s.need(16 + u32::from(fact));
            }
            _ if s.walked(at) => {}
            Node::Define { of } | Node::Not { of } => self.need(of, b, s, meter),
            Node::And { start, end } | Node::Or { start, end } => {
                for of in self.list_at(start, end) {
                    if self.value(*of, b, s, meter) == Value::Unknown {
                        self.need(*of, b, s, meter);
                    }
                }
            }
        }
    }

    /// Heap bytes.
    pub(crate) fn size(&self) -> usize {
        let sets: usize =
            self.sets.iter().map(|s| size_of::<Set>() + s.yes.0.len() + s.unknown.0.len()).sum();
        size_of_val(self.nodes.as_slice()) + 4 * self.operands.len() + 16 * self.wide.len() + sets
    }
}

fn compare<T: Ord>(x: T, cmp: Cmp, k: T) -> bool {
    match cmp {
        Cmp::Less => x < k,
        Cmp::LessEqual => x <= k,
        Cmp::Equal => x == k,
    }
}

/// What a condition speaks of, for the guard of `not-permitted`; the numbers are those of the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Class {
    Party = 1,
    Action = 2,
    Purpose = 3,
    Place = 4,
    Other = 6,
}

/// The class of every node; none where it speaks of nothing.
pub(crate) fn classes(c: &Conditions, m: &Module) -> Vec<Option<Class>> {
    let mut out: Vec<Option<Class>> = Vec::new();
    let fact = |f: u16| match m.fact.get(usize::from(f)).map(|f| f.ty) {
        Some(FactType::Kind) => Some(Class::Party),
        _ => Some(Class::Other),
    };
    for node in &c.nodes {
        let at = |i: u32| out.get(i as usize).copied().flatten();
        let class = match *node {
            Node::False | Node::True => None,
            Node::Member { set } => match c.sets.get(set as usize).map(|s| s.axis) {
                Some(Axis::Action) => Some(Class::Action),
                Some(Axis::Purpose) => Some(Class::Purpose),
                Some(Axis::Place) => Some(Class::Place),
                None => None,
            },
            Node::Narrow { fact: f, .. } | Node::Wide { fact: f, .. } | Node::Known { fact: f } => fact(f),
            Node::Define { of } | Node::Not { of } => at(of),
            Node::And { start, end } | Node::Or { start, end } => {
                let all = c.list_at(start, end).iter().filter_map(|i| at(*i));
                all.fold(
                    None,
                    |sum, class| {
                        if sum.is_none_or(|s| s == class) { Some(class) } else { Some(Class::Other) }
                    },
                )
            }
        };
        out.push(class);
    }
    out
}
