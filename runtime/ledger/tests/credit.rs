//! Prepaid credit: hand-made examples, and random use against a naive purse.

use licit_ledger::Draw;
use licit_ledger::credit::{CreditError, Drawn, Lot, Lots, Plan};
use proptest::prelude::*;

fn lot(leaf: u64, priority: u16, expires: Option<i64>, actions: &[&str], paid: u128) -> Lot {
    let actions = actions.iter().map(|action| (*action).into()).collect();
    Lot { leaf, priority, expires, gift: leaf.is_multiple_of(2), actions, paid, left: paid }
}

fn purse(lots: impl IntoIterator<Item = Lot>) -> Lots {
    let mut purse = Lots::default();
    for lot in lots {
        purse.add(lot).expect("a new lot");
    }
    purse
}

fn draw(lot: u64, parts: i128) -> Draw {
    Draw { lot, parts }
}

#[test]
fn credit_is_drawn_by_priority_then_expiry_then_age() {
    let purse = purse([
        lot(1, 5, None, &[], 10),
        lot(2, 5, Some(900), &[], 10),
        lot(3, 5, Some(100), &[], 10),
        lot(4, 5, Some(900), &[], 10),
        lot(5, 1, None, &[], 10),
        lot(6, 9, Some(50), &[], 10),
    ]);
    let plan = purse.plan(100, Some("chat"), 10);
    assert_eq!(plan.draws, [5, 3, 2, 4, 1, 6].map(|leaf| draw(leaf, 10)));
    assert_eq!(plan.uncovered, 40);
    assert_eq!(purse.plan(15, Some("chat"), 10).draws, [draw(5, 10), draw(3, 5)]);
}

#[test]
fn a_lot_pays_for_its_acts_before_its_end() {
    let purse = purse([lot(1, 0, Some(100), &["train", "chat"], 7), lot(2, 0, None, &["embed"], 5)]);
    assert_eq!(purse.usable(Some("chat"), 99), 7);
    assert_eq!(purse.usable(Some("chat"), 100), 0, "the end is exclusive");
    assert_eq!(purse.usable(Some("embed"), 100), 5);
    assert_eq!(purse.usable(Some("cha"), 1), 0, "names are exact");
    assert_eq!(purse.usable(None, 1), 0, "an act that is not named needs credit for all acts");
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let mut purse = purse([lot(1, 0, None, &[], 7), lot(2, 0, None, &[], 5)]);
    let before = purse.clone();
    let cases = [
        (vec![draw(1, 7), draw(2, 6)], CreditError::Short(2)),
        (vec![draw(1, 1), draw(9, 1)], CreditError::Unknown(9)),
        (vec![draw(1, 1), draw(1, 1)], CreditError::Twice(1)),
        (vec![draw(2, 1), draw(1, -1)], CreditError::Beyond(1)),
        (vec![draw(1, i128::MAX)], CreditError::Short(1)),
        (vec![draw(1, i128::MIN)], CreditError::Beyond(1)),
    ];
    for (draws, error) in cases {
        assert_eq!(purse.apply(&draws), Err(error));
        assert_eq!(purse, before);
        assert!(!error.to_string().is_empty());
    }
    assert_eq!(purse.add(lot(1, 0, None, &[], 1)), Err(CreditError::Twice(1)));
    assert_eq!(purse.add(lot(3, 0, None, &[], (1 << 127) - 12)), Err(CreditError::Overflow));
    assert_eq!(purse.add(Lot { left: 2, ..lot(3, 0, None, &[], 1) }), Err(CreditError::Beyond(3)));
    assert_eq!(purse, before);
    purse.add(lot(3, 0, None, &[], (1 << 127) - 13)).expect("all together are below 2^127");
}

#[test]
fn what_was_drawn_last_goes_back_first() {
    let mut drawn = Drawn::default();
    drawn.apply(&[draw(1, 10), draw(2, 4)]).unwrap();
    drawn.apply(&[draw(1, 3)]).unwrap();
    // Lot 1 was drawn from last: 13 of it, then lot 2.
    assert_eq!(drawn.give_back(14), Plan { draws: vec![draw(1, -13), draw(2, -1)], uncovered: 0 });
    assert_eq!(drawn.give_back(20).uncovered, 3, "no more than was drawn: the rest lowers what is payable");
    let back = drawn.give_back(5);
    drawn.apply(&back.draws).unwrap();
    assert_eq!(drawn.lots(), [(2, 4), (1, 8)]);
    assert_eq!(drawn.apply(&[draw(2, -5)]), Err(CreditError::Beyond(2)));
    assert_eq!(drawn.lots(), [(2, 4), (1, 8)]);
}

/// What a random run does: a lot (priority, expiry, for chat only, parts), a use (instant, chat, parts), or giving back
/// (which use, parts).
#[derive(Clone, Debug)]
enum Act {
    Pay(u16, Option<i64>, bool, u128),
    Use(i64, bool, u128),
    Back(usize, u128),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let pay = (0u16..3, prop::option::of(0i64..20), any::<bool>(), 1u128..50);
    let act = prop_oneof![
        pay.prop_map(|(priority, expires, chat, parts)| Act::Pay(priority, expires, chat, parts)),
        (0i64..20, any::<bool>(), 0u128..80).prop_map(|(at, chat, parts)| Act::Use(at, chat, parts)),
        (0usize..20, 0u128..80).prop_map(|(which, parts)| Act::Back(which, parts)),
    ];
    prop::collection::vec(act, 0..60)
}

/// One coin of credit; the naive purse is a heap of them.
#[derive(Clone, Debug)]
struct Coin {
    lot: u64,
    order: (u16, i64, u64),
    chat_only: bool,
    /// The use that spent it, and when it was spent.
    spent: Option<(usize, usize)>,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_purse_is_a_heap_of_coins(acts in acts()) {
        let (mut lots, mut coins, mut uses) = (Lots::default(), Vec::<Coin>::new(), Vec::<Drawn>::new());
        let (mut clock, mut paid) = (0, 0);
        for (leaf, act) in acts.into_iter().enumerate() {
            let leaf = leaf as u64;
            match act {
                Act::Pay(priority, expires, chat_only, parts) => {
                    let actions: &[&str] = if chat_only { &["chat"] } else { &[] };
                    lots.add(lot(leaf, priority, expires, actions, parts)).unwrap();
                    paid += parts;
                    let order = (priority, expires.unwrap_or(i64::MAX), leaf);
                    let coin = Coin { lot: leaf, order, chat_only, spent: None };
                    coins.extend(std::iter::repeat_n(coin, parts as usize));
                    coins.sort_by_key(|coin| coin.order);
                }
                Act::Use(at, chat, parts) => {
                    let action = if chat { "chat" } else { "embed" };
                    let fits = |coin: &Coin| coin.spent.is_none() && at < coin.order.1 && (chat || !coin.chat_only);
                    let free = coins.iter().filter(|coin| fits(coin)).count() as u128;
                    prop_assert_eq!(lots.usable(Some(action), at), free);
                    let plan = lots.plan(parts, Some(action), at);
                    prop_assert_eq!(plan.uncovered, parts.saturating_sub(free));
                    let mut drawn = Drawn::default();
                    let sums = lots.apply(&plan.draws).unwrap();
                    drawn.apply(&plan.draws).unwrap();
                    prop_assert_eq!((sums.gifted + sums.prepaid) as u128, parts - plan.uncovered);
                    for coin in coins.iter_mut().filter(|coin| fits(coin)).take(parts as usize) {
                        coin.spent = Some((uses.len(), clock));
                        clock += 1;
                    }
                    uses.push(drawn);
                }
                Act::Back(which, parts) => {
                    let Some(which) = (!uses.is_empty()).then(|| which % uses.len()) else { continue };
                    let plan = uses[which].give_back(parts);
                    lots.apply(&plan.draws).unwrap();
                    uses[which].apply(&plan.draws).unwrap();
                    let mut of_use: Vec<&mut Coin> =
                        coins.iter_mut().filter(|coin| coin.spent.is_some_and(|spent| spent.0 == which)).collect();
                    of_use.sort_by_key(|coin| std::cmp::Reverse(coin.spent));
                    prop_assert_eq!(plan.uncovered, parts.saturating_sub(of_use.len() as u128));
                    of_use.into_iter().take(parts as usize).for_each(|coin| coin.spent = None);
                }
            }
            let left: u128 = lots.iter().map(|lot| lot.left).sum();
            let spent: u128 = uses.iter().flat_map(Drawn::lots).map(|(_, parts)| *parts).sum();
            prop_assert_eq!(left + spent, paid, "credit is neither made nor lost");
            for lot in lots.iter() {
                let coins = coins.iter().filter(|coin| coin.lot == lot.leaf && coin.spent.is_none());
                prop_assert_eq!(coins.count() as u128, lot.left);
            }
        }
    }
}
