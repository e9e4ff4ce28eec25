//! What a state comes to in money, of everybody at once: accounts, shares, and the trial balance. What one licensee is
//! told is [`crate::statement`].

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use licit_receipt::Hash;

use crate::kept::{Id, Span};
use crate::licence::{Licence, Money, Policies, Sharing};
use crate::money::{Remainder, Scale};
use crate::parts::{self, Allocation, allocate, at_close};
use crate::state::{AccountKey, State, Total};

/// All money of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accounts {
    /// Settlement buckets: what each licensee was charged and owes, by licence, window and licensee.
    pub accounts: Vec<Account>,
    /// Sharing buckets: who gets what of it.
    pub shares: Vec<Shares>,
    /// What does not add up; empty if all is well.
    pub faults: Vec<Fault>,
}

/// A settlement bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Which bucket.
    pub key: AccountKey,
    /// Code, as `EUR`.
    pub currency: String,
    /// Grain, smallest payable amount and rounding.
    pub scale: Scale,
    /// Exact, in parts of 1/grain of the currency, and minor units due.
    pub total: Total,
    /// The exact charge less what is due; none if it does not fit 128 bits.
    pub remainder: Option<Remainder>,
}

/// A sharing bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shares {
    /// Which bucket.
    pub key: AccountKey,
    /// Code, as `EUR`.
    pub currency: String,
    /// Minor units to share.
    pub due: i128,
    /// Who gets what, in the order of the split.
    pub payees: Vec<Payee>,
    /// Minor units held until the bucket closes.
    pub residue: i128,
}

/// A part of a sharing bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payee {
    /// Without `@`.
    pub handle: String,
    /// Minor units payable now.
    pub payable: i128,
    /// Minor units if the bucket closed now.
    pub at_close: i128,
}

/// Something that does not add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No module of the licence is known, or it charges nothing.
    UnknownLicence(Hash),
    /// What is due is not the rounded charge.
    Rounding(AccountKey),
    /// What is payable and the residue are not what is due.
    Sharing(AccountKey),
    /// The sharing buckets of a licence hold another sum than its settlement buckets.
    Sum(Hash),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::UnknownLicence(licence) => {
                write!(f, "no module of licence {} with money is known", licit_receipt::hash::hex(licence))
            }
            Fault::Rounding(_) => f.write_str("an account is due another sum than its rounded charge"),
            Fault::Sharing(_) => f.write_str("a sharing bucket pays another sum than is due"),
            Fault::Sum(_) => f.write_str("what is shared is not what is due"),
        }
    }
}

impl Accounts {
    /// Computes it, and checks that everything adds up.
    pub fn of<P: Policies + ?Sized>(state: &State, policies: &P) -> Accounts {
        let mut accounts = Accounts { accounts: Vec::new(), shares: Vec::new(), faults: Vec::new() };
        for (key, total) in state.totals() {
            match policies.of_licence(&key.licence).and_then(Licence::money) {
                Some(money) => accounts.account(money, key, total),
                None => accounts.fault(Fault::UnknownLicence(key.licence)),
            }
        }
        for (key, pool) in state.pools() {
            let money = policies.of_licence(&key.licence).and_then(Licence::money);
            if let Some((money, sharing)) = money.and_then(|money| Some((money, money.sharing.as_ref()?))) {
                let given = key.span.is_call() || pool.closed.is_some();
                let paid = given.then_some(pool.paid.as_slice());
                accounts.share(money, sharing, key, pool.due, paid);
            }
        }
        accounts.compare_sums(policies);
        accounts
    }

    fn fault(&mut self, fault: Fault) {
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    fn account(&mut self, money: &Money, key: &AccountKey, total: &Total) {
        let scale = money.scale;
        // Calls are rounded one by one; every other bucket is rounded as a whole.
        let exact = total.exact();
        let due = exact.and_then(|exact| scale.rounded(exact)).map(|moved| moved.due);
        if !key.span.is_call() && due != Some(total.due) {
            self.fault(Fault::Rounding(*key));
        }
        let remainder = exact.and_then(|exact| scale.rounding_of(exact, total.due));
        let currency = money.currency.clone();
        self.accounts.push(Account { key: *key, currency, scale, total: total.clone(), remainder });
        if let (Some(sharing), None) = (&money.sharing, money.shares_apart()) {
            self.share(money, sharing, key, total.due, total.closed.is_some().then_some(&total.paid));
        }
    }

    /// `paid` is what was given out for good, call by call or at close; else floors of what is due.
    fn share(
        &mut self,
        money: &Money,
        sharing: &Sharing,
        key: &AccountKey,
        due: i128,
        paid: Option<&[i128]>,
    ) {
        let open = match paid {
            Some(paid) => parts::sum(paid)
                .and_then(|given| due.checked_sub(given))
                .map(|residue| Allocation { parts: paid.to_vec(), residue }),
            None => allocate(due, &sharing.shares),
        };
        let Some(Allocation { parts: payable, residue }) = open else {
            return self.fault(Fault::Sharing(*key));
        };
        let closed = match paid {
            Some(paid) => paid.to_vec(),
            None => at_close(due, &sharing.shares).unwrap_or_default(),
        };
        let sum = parts::sum(&closed);
        // Calls are given out one by one; what was given out of every other bucket is what its due comes to.
        let given = if key.span.is_call() { None } else { paid };
        let wrong = given.is_some_and(|given| at_close(due, &sharing.shares).as_deref() != Some(given));
        if wrong || payable.len() != sharing.payees.len() || sum != Some(due) {
            self.fault(Fault::Sharing(*key));
        }
        let parts = sharing.payees.iter().zip(payable.into_iter().zip(closed));
        let payees =
            parts.map(|(handle, (payable, at_close))| Payee { handle: handle.clone(), payable, at_close });
        let (currency, payees) = (money.currency.clone(), payees.collect());
        self.shares.push(Shares { key: *key, currency, due, payees, residue });
    }

    /// What is shared must be what is due, licence by licence.
    fn compare_sums<P: Policies + ?Sized>(&mut self, policies: &P) {
        let mut licences: Vec<Hash> = self.accounts.iter().map(|account| account.key.licence).collect();
        licences.dedup();
        for licence in licences {
            let shared = policies
                .of_licence(&licence)
                .and_then(Licence::money)
                .is_some_and(|money| money.sharing.is_some());
            let mut due = self.accounts.iter().filter(|account| account.key.licence == licence);
            let due = due.try_fold(0i128, |sum, account| sum.checked_add(account.total.due));
            let mut given = self.shares.iter().filter(|shares| shares.key.licence == licence);
            let given = given.try_fold(0i128, |sum, shares| sum.checked_add(shares.due));
            if shared && (due.is_none() || due != given) {
                self.fault(Fault::Sum(licence));
            }
        }
    }

    /// Whether everything adds up.
    pub fn balances(&self) -> bool {
        self.faults.is_empty()
    }

    /// The account of a licensee in a window of a licence.
    pub fn account_of(&self, licence: &Hash, licensee: Option<Id>, span: Span) -> Option<&Account> {
        let key = AccountKey { licence: *licence, span, licensee };
        self.accounts.iter().find(|account| account.key == key)
    }
}
