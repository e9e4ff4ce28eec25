//! What a misspelt name was probably meant to be.

use std::collections::BTreeSet;

/// The candidate closest to `found`, if one is close: at most a third of its letters differ (swapped neighbours count
/// once), case and underscores aside. Of equally close ones the first in order.
pub(crate) fn closest<'a>(found: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    // A name of this length was not mistyped, and the work is quadratic.
    const LONGEST: usize = 64;
    if found.is_empty() || found.len() > LONGEST {
        return None;
    }
    let wanted = plain(found);
    let allowed = (wanted.len() / 3).max(1);
    let candidates: BTreeSet<&str> = candidates.into_iter().filter(|name| name.len() <= LONGEST).collect();
    let near = candidates
        .iter()
        .copied()
        .filter(|name| *name != found && name.len().abs_diff(found.len()) <= found.len() / 3 + 8)
        .map(|name| (distance(&wanted, &plain(name)), name))
        .filter(|&(distance, name)| distance <= allowed && distance < plain(name).len())
        .min()
        .map(|(_, name)| name);
    near.or_else(|| {
        candidates.into_iter().filter(|name| same_stem(&wanted, &plain(name))).max_by_key(|it| it.len())
    })
    .map(str::to_owned)
}

/// Whether one word is the other with an ending: `training` and `train`.
fn same_stem(a: &[char], b: &[char]) -> bool {
    const STEM: usize = 4;
    const ENDING: usize = 4;
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    short.len() >= STEM && (1..=ENDING).contains(&(long.len() - short.len())) && long.starts_with(short)
}

fn plain(name: &str) -> Vec<char> {
    name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

/// Edits between two words; swapping two neighbours is one edit.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut two_above: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (above[j + 1] + 1).min(row[j] + 1).min(above[j] + usize::from(x != y));
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(two_above[j - 1] + 1);
            }
            row.push(best);
        }
        two_above = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn close_names_are_found_and_far_ones_are_not() {
        let names = ["finetune", "pretrain", "infer", "evaluate"];
        assert_eq!(closest("fine_tune", names).as_deref(), Some("finetune"));
        assert_eq!(closest("infre", names).as_deref(), Some("infer"));
        assert_eq!(closest("Evaluate", names).as_deref(), Some("evaluate"));
        assert_eq!(closest("gambling", names), None);
        assert_eq!(closest("inference", names).as_deref(), Some("infer"));
        assert_eq!(closest("evaluated", names).as_deref(), Some("evaluate"));
        assert_eq!(closest("inferno_dante", names), None);
        assert_eq!(closest("x", ["y"]), None);
        assert_eq!(closest(&"a".repeat(10_000), names), None);
    }
}
