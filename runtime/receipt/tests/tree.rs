//! The tree against a naive one, and against published vectors.

use licit_receipt::hash::{EMPTY_ROOT, Hash, hex, leaf_hash, node_hash};
use licit_receipt::tree::{Frontier, MemoryTree, consistency, inclusion, root};
use licit_receipt::{verify_consistency, verify_inclusion};

/// The test tree of RFC 6962's implementations.
const LEAVES: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];

/// Its roots by size, as published (transparency-dev/merkle, `testonly/constants.go`).
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/// More than two powers of two, with every shape of right edge up to there.
const MANY: u64 = 130;

/// MTH of RFC 6962, section 2.1, word for word.
fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => EMPTY_ROOT,
        [leaf] => *leaf,
        _ => {
            let k = leaves.len().next_power_of_two() / 2;
            node_hash(&naive_root(&leaves[..k]), &naive_root(&leaves[k..]))
        }
    }
}

/// PATH of RFC 6962, section 2.1.1.
fn naive_path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return vec![];
    }
    let k = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(k);
    let (mut path, sibling) =
        if m < k { (naive_path(m, left), right) } else { (naive_path(m - k, right), left) };
    path.push(naive_root(sibling));
    path
}

/// SUBPROOF of RFC 6962, section 2.1.2.
fn naive_subproof(m: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if whole { vec![] } else { vec![naive_root(leaves)] };
    }
    let k = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(k);
    let (mut proof, sibling) = if m <= k {
        (naive_subproof(m, left, whole), right)
    } else {
        (naive_subproof(m - k, right, false), left)
    };
    proof.push(naive_root(sibling));
    proof
}

/// Leaves `00`, `01`, `02`, ...
fn numbered(count: u64) -> (Vec<Hash>, MemoryTree) {
    let leaves: Vec<Hash> = (0..count).map(|n| leaf_hash(&[n as u8])).collect();
    let mut tree = MemoryTree::new();
    for (index, leaf) in leaves.iter().enumerate() {
        assert_eq!(tree.append(*leaf), index as u64);
    }
    (leaves, tree)
}

#[test]
fn published_roots() {
    let (mut tree, mut frontier) = (MemoryTree::new(), Frontier::new());
    assert_eq!(hex(&tree.root()), ROOTS[0]);
    for (leaf, want) in LEAVES.iter().zip(&ROOTS[1..]) {
        tree.append(leaf_hash(leaf));
        frontier.append(leaf_hash(leaf));
        assert_eq!(hex(&tree.root()), *want);
        assert_eq!(hex(&frontier.root()), *want);
    }
    for (size, want) in ROOTS.iter().enumerate() {
        assert_eq!(hex(&root(&tree, size as u64).unwrap()), *want);
    }
}

#[test]
fn every_proof_equals_the_naive_one_and_verifies() {
    let (leaves, tree) = numbered(MANY);
    for size in 0..=MANY {
        let prefix = &leaves[..size as usize];
        let head = root(&tree, size).unwrap();
        assert_eq!(head, naive_root(prefix));
        for (index, leaf) in prefix.iter().enumerate() {
            let proof = inclusion(&tree, index as u64, size).unwrap();
            assert_eq!(proof, naive_path(index, prefix));
            assert_eq!(verify_inclusion(leaf, index as u64, size, &proof, &head), Ok(()));
        }
        for old in 0..=size {
            let proof = consistency(&tree, old, size).unwrap();
            if old > 0 {
                assert_eq!(proof, naive_subproof(old as usize, prefix, true));
            }
            let old_head = root(&tree, old).unwrap();
            assert_eq!(verify_consistency(old, &old_head, size, &head, &proof), Ok(()));
        }
    }
}
