//! The tree against a naive one, against published vectors, and against damaged proofs.

use std::cell::RefCell;
use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt::Write as _;

use licit_receipt::hash::{EMPTY_ROOT, Hash, hex, leaf_hash, node_hash, sha256};
use licit_receipt::storage::LogError;
use licit_receipt::tree::{Frontier, MemoryTree, NodeSource, ProveError, consistency, inclusion, root};
use licit_receipt::verify::ProofError;
use licit_receipt::{Log, MemoryStorage, Storage, verify_consistency, verify_inclusion};

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

/// As many leaves as the vectors of draft-ietf-plants-merkle-tree-certs have: every shape of right edge up to there.
const MANY: u64 = 130;

/// The definitions of RFC 6962, section 2.1, word for word; roots are remembered, or this takes too long.
struct Naive {
    leaves: Vec<Hash>,
    roots: RefCell<HashMap<(usize, usize), Hash>>,
}

/// The largest power of two smaller than n.
fn largest_below(n: usize) -> usize {
    n.next_power_of_two() / 2
}

impl Naive {
    /// MTH(D[start:start+n])
    fn root(&self, start: usize, n: usize) -> Hash {
        if let Some(known) = self.roots.borrow().get(&(start, n)) {
            return *known;
        }
        let made = match n {
            0 => EMPTY_ROOT,
            1 => self.leaves[start],
            _ => {
                let k = largest_below(n);
                node_hash(&self.root(start, k), &self.root(start + k, n - k))
            }
        };
        self.roots.borrow_mut().insert((start, n), made);
        made
    }

    /// PATH(m, D[start:start+n])
    fn path(&self, m: usize, start: usize, n: usize) -> Vec<Hash> {
        if n <= 1 {
            return vec![];
        }
        let k = largest_below(n);
        if m < k {
            [self.path(m, start, k), vec![self.root(start + k, n - k)]].concat()
        } else {
            [self.path(m - k, start + k, n - k), vec![self.root(start, k)]].concat()
        }
    }

    /// SUBPROOF(m, D[start:start+n], whole)
    fn subproof(&self, m: usize, start: usize, n: usize, whole: bool) -> Vec<Hash> {
        if m == n {
            return if whole { vec![] } else { vec![self.root(start, n)] };
        }
        let k = largest_below(n);
        if m <= k {
            [self.subproof(m, start, k, whole), vec![self.root(start + k, n - k)]].concat()
        } else {
            [self.subproof(m - k, start + k, n - k, false), vec![self.root(start, k)]].concat()
        }
    }
}

/// Leaves `00`, `01`, `02`, ...
fn numbered(count: u64) -> (Naive, MemoryTree) {
    let leaves: Vec<Hash> = (0..count).map(|n| leaf_hash(&[n as u8])).collect();
    let mut tree = MemoryTree::new();
    for (index, leaf) in leaves.iter().enumerate() {
        assert_eq!(tree.append(*leaf), index as u64);
    }
    (Naive { leaves, roots: RefCell::default() }, tree)
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
    let (naive, tree) = numbered(MANY);
    for size in 0..=MANY {
        let n = size as usize;
        let head = root(&tree, size).unwrap();
        assert_eq!(head, naive.root(0, n));
        for (index, leaf) in naive.leaves[..n].iter().enumerate() {
            let proof = inclusion(&tree, index as u64, size).unwrap();
            assert_eq!(proof, naive.path(index, 0, n));
            assert_eq!(verify_inclusion(leaf, index as u64, size, &proof, &head), Ok(()));
        }
        for old in 0..=size {
            let proof = consistency(&tree, old, size).unwrap();
            if old > 0 {
                assert_eq!(proof, naive.subproof(old as usize, 0, n, true));
            }
            let old_head = naive.root(0, old as usize);
            assert_eq!(verify_consistency(old, &old_head, size, &head, &proof), Ok(()));
        }
    }
}

/// Part of a tree as a tree of its own.
struct Part<'a> {
    tree: &'a MemoryTree,
    start: u64,
    end: u64,
}

impl NodeSource for Part<'_> {
    type Error = Infallible;

    fn size(&self) -> u64 {
        self.end - self.start
    }

    fn node(&self, level: u32, index: u64) -> Result<Hash, Infallible> {
        assert_eq!(self.start % (1 << level), 0);
        self.tree.node(level, index + (self.start >> level))
    }
}

/// The accumulated vectors for subtrees in draft-ietf-plants-merkle-tree-certs: a digest over every root and every
/// inclusion proof of every aligned part of the tree.
#[test]
fn published_subtree_vectors() {
    let (_, tree) = numbered(MANY);
    let (mut roots, mut proofs) = (String::new(), String::new());
    for end in 1..=MANY {
        for start in (0..end).filter(|start| start % (end - start).next_power_of_two() == 0) {
            let part = Part { tree: &tree, start, end };
            let size = end - start;
            writeln!(roots, "[{start}, {end}) {}", hex(&root(&part, size).unwrap())).unwrap();
            for index in start..end {
                write!(proofs, "{index} [{start}, {end})").unwrap();
                for hash in inclusion(&part, index - start, size).unwrap() {
                    write!(proofs, " {}", hex(&hash)).unwrap();
                }
                proofs.push('\n');
            }
        }
    }
    let digest = |text: &str| hex(&sha256(text.as_bytes()));
    assert_eq!(digest(&roots), "94a95384a8c69acea9b50d035a58285b3a777cb7a724005faa5e1f1e1190007f");
    assert_eq!(digest(&proofs), "ac2a8f989e44d99e399db448050ff5f19757df53cfb716aa81015d3955d8163f");
}

/// Every proof made by flipping a bit of a byte, dropping, repeating or adding a hash.
fn damaged(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut all = vec![];
    for place in 0..proof.len() {
        for byte in 0..32 {
            let mut flipped = proof.to_vec();
            flipped[place][byte] ^= 1 << (byte % 8);
            all.push(flipped);
        }
        let mut dropped = proof.to_vec();
        dropped.remove(place);
        all.push(dropped);
        let mut repeated = proof.to_vec();
        repeated.insert(place, proof[place]);
        all.push(repeated);
    }
    all.push([proof, &[EMPTY_ROOT]].concat());
    all.push([&[EMPTY_ROOT], proof].concat());
    all
}

#[test]
fn damaged_proofs_are_refused() {
    let (naive, tree) = numbered(40);
    for size in [1, 2, 3, 7, 8, 13, 21, 40] {
        let head = root(&tree, size).unwrap();
        for index in 0..size {
            let leaf = naive.leaves[index as usize];
            let proof = inclusion(&tree, index, size).unwrap();
            for bad in damaged(&proof) {
                assert!(verify_inclusion(&leaf, index, size, &bad, &head).is_err());
            }
            for other in (0..size + 2).filter(|other| *other != index) {
                assert!(verify_inclusion(&leaf, other, size, &proof, &head).is_err());
            }
            assert!(verify_inclusion(&EMPTY_ROOT, index, size, &proof, &head).is_err());
            assert_eq!(verify_inclusion(&leaf, index, size, &proof, &EMPTY_ROOT), Err(ProofError::Root),);
        }
        for old in 0..=size {
            let old_head = root(&tree, old).unwrap();
            let proof = consistency(&tree, old, size).unwrap();
            for bad in damaged(&proof) {
                assert!(verify_consistency(old, &old_head, size, &head, &bad).is_err(), "{old} {size}");
            }
            assert!(verify_consistency(old, &sha256(b"fork"), size, &head, &proof).is_err());
            // From the empty tree everything is consistent: there a root of the new tree is not checked.
            if old > 0 {
                assert!(verify_consistency(old, &old_head, size, &sha256(b"fork"), &proof).is_err());
                assert!(verify_consistency(old - 1, &old_head, size, &head, &proof).is_err());
            }
        }
    }
    assert_eq!(verify_consistency(3, &EMPTY_ROOT, 2, &EMPTY_ROOT, &[]), Err(ProofError::OutOfRange),);
    assert_eq!(verify_consistency(0, &EMPTY_ROOT, 0, &sha256(b"fork"), &[]), Err(ProofError::Root));
    assert_eq!(verify_inclusion(&EMPTY_ROOT, 0, 0, &[], &EMPTY_ROOT), Err(ProofError::OutOfRange));
}

/// Two logs that agree up to a leaf and differ after it have no consistency proof between them.
#[test]
fn a_rewritten_leaf_is_not_consistent() {
    let (naive, honest) = numbered(20);
    for changed in 0..20_u64 {
        let mut forged = MemoryTree::new();
        for (index, leaf) in naive.leaves.iter().enumerate() {
            forged.append(if index as u64 == changed { leaf_hash(b"forged") } else { *leaf });
        }
        for old in 1..20 {
            let proof = consistency(&forged, old, 20).unwrap();
            let old_head = root(&honest, old).unwrap();
            let verdict = verify_consistency(old, &old_head, 20, &forged.root(), &proof);
            assert_eq!(verdict.is_ok(), changed >= old, "leaf {changed}, old size {old}");
        }
    }
}

/// A tree of equal leaves can be as large as a number allows.
struct Uniform(u64);

impl Uniform {
    const LEAF: Hash = [7; 32];
}

impl NodeSource for Uniform {
    type Error = Infallible;

    fn size(&self) -> u64 {
        self.0
    }

    fn node(&self, level: u32, index: u64) -> Result<Hash, Infallible> {
        assert!(u128::from(index + 1) << level <= u128::from(self.0), "asked beyond the last leaf");
        Ok((0..level).fold(Self::LEAF, |node, _| node_hash(&node, &node)))
    }
}

#[test]
fn the_largest_trees() {
    for size in [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) + 1, (1 << 40) - 1] {
        let tree = Uniform(size);
        let head = root(&tree, size).unwrap();
        for index in [0, 1, size / 2, size / 2 + 1, size - 2, size - 1] {
            let proof = inclusion(&tree, index, size).unwrap();
            assert!(proof.len() <= 64);
            assert_eq!(verify_inclusion(&Uniform::LEAF, index, size, &proof, &head), Ok(()));
        }
        for old in [0, 1, 2, 3, size / 2, size - 1, size] {
            let proof = consistency(&tree, old, size).unwrap();
            let old_head = root(&tree, old).unwrap();
            assert_eq!(verify_consistency(old, &old_head, size, &head, &proof), Ok(()));
        }
        let endless = vec![Uniform::LEAF; 200];
        assert!(verify_inclusion(&Uniform::LEAF, size / 2, size, &endless, &head).is_err());
    }
}

#[test]
fn a_frontier_resumes_and_a_tree_is_cut_back() {
    let (naive, whole) = numbered(70);
    for size in 0..=70_u64 {
        let mut cut = whole.clone();
        cut.truncate(size);
        assert_eq!(cut.len(), size);
        assert_eq!(cut.root(), naive.root(0, size as usize));

        let stored = cut.frontier();
        let mut resumed = Frontier::from_parts(size, stored.nodes().to_vec()).unwrap();
        assert_eq!(resumed, stored);
        for leaf in &naive.leaves[size as usize..] {
            assert_eq!(cut.append(*leaf), resumed.append(*leaf));
        }
        assert_eq!(cut.root(), whole.root());
        assert_eq!(resumed.root(), whole.root());
        assert_eq!(inclusion(&cut, 3, 70), inclusion(&whole, 3, 70));
    }
    assert_eq!(Frontier::from_parts(3, vec![EMPTY_ROOT]), None);
}

#[test]
fn provers_refuse_what_is_not_there() {
    let (_, tree) = numbered(5);
    assert_eq!(root(&tree, 6), Err(ProveError::TooLarge { size: 6, have: 5 }));
    assert_eq!(inclusion(&tree, 5, 5), Err(ProveError::OutOfRange { asked: 5, size: 5 }));
    assert_eq!(consistency(&tree, 5, 4), Err(ProveError::OutOfRange { asked: 5, size: 4 }));
}

#[test]
fn a_log_reopens_from_its_store() {
    let mut log = Log::open(MemoryStorage::new()).unwrap();
    for (index, leaf) in LEAVES.iter().enumerate() {
        assert_eq!(log.append(leaf).unwrap(), (index as u64, leaf_hash(leaf)));
    }
    log.sync().unwrap();
    assert_eq!(hex(&log.root()), ROOTS[8]);
    assert_eq!(hex(&log.root_at(5).unwrap()), ROOTS[5]);

    let again = Log::open(log.clone().into_storage()).unwrap();
    assert_eq!(again.root(), log.root());
    let proof = again.inclusion(6, 8).unwrap();
    assert_eq!(verify_inclusion(&leaf_hash(LEAVES[6]), 6, 8, &proof, &log.root()), Ok(()));
    let proof = again.consistency(5, 8).unwrap();
    assert_eq!(verify_consistency(5, &log.root_at(5).unwrap(), 8, &log.root(), &proof), Ok(()));

    let mut leaf = vec![];
    assert!(again.storage().read(3, &mut leaf).unwrap());
    assert_eq!(leaf, LEAVES[3]);
    assert!(!again.storage().read(8, &mut leaf).unwrap());
}

/// A store that fails at one operation, counted from 0, and works again after it.
struct Failing {
    inner: MemoryStorage,
    calls: std::cell::Cell<u32>,
    at: u32,
}

impl Failing {
    fn new(inner: MemoryStorage, at: u32) -> Self {
        Failing { inner, calls: 0.into(), at }
    }

    fn call(&self) -> Result<(), &'static str> {
        let call = self.calls.get();
        self.calls.set(call + 1);
        if call == self.at { Err("the disk is on fire") } else { Ok(()) }
    }
}

impl Storage for Failing {
    type Error = &'static str;

    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn append(&mut self, payload: &[u8]) -> Result<u64, Self::Error> {
        self.call()?;
        self.inner.append(payload).map_err(|error| match error {})
    }

    fn read(&self, index: u64, out: &mut Vec<u8>) -> Result<bool, Self::Error> {
        self.call()?;
        self.inner.read(index, out).map_err(|error| match error {})
    }

    fn sync(&mut self) -> Result<(), Self::Error> {
        self.call()
    }
}

/// Whatever call of the store fails, the log says so, is as before, and goes on when asked again.
#[test]
fn a_failing_store_never_leaves_the_log_out_of_step() {
    let mut half = Log::open(MemoryStorage::new()).unwrap();
    for leaf in &LEAVES[..4] {
        half.append(leaf).unwrap();
    }
    let half = half.into_storage();
    // Four reads, four appends, one sync; the tenth run has no failure.
    for at in 0..10 {
        let failed = LogError::Storage("the disk is on fire");
        let mut log = match Log::open(Failing::new(half.clone(), at)) {
            Ok(log) => log,
            Err(error) => {
                assert!(at < 4 && error == failed);
                continue;
            }
        };
        let mut failures = 0;
        for (index, leaf) in LEAVES.iter().enumerate().skip(4) {
            if let Err(error) = log.append(leaf) {
                assert_eq!(error, failed);
                failures += 1;
                assert_eq!(log.len(), index as u64);
                assert_eq!(hex(&log.root()), ROOTS[index]);
                assert_eq!(log.append(leaf).unwrap().0, index as u64);
            }
        }
        if let Err(error) = log.sync() {
            assert_eq!(error, failed);
            failures += 1;
        }
        assert_eq!(failures, u32::from(at < 9), "at {at}");
        assert_eq!(hex(&log.root()), ROOTS[8]);
        assert_eq!(log.len(), log.storage().len());
    }
}

/// A store that loses a leaf, or puts one elsewhere, is noticed.
struct Lying {
    inner: MemoryStorage,
    len: u64,
}

impl Storage for Lying {
    type Error = Infallible;

    fn len(&self) -> u64 {
        self.len
    }

    fn append(&mut self, payload: &[u8]) -> Result<u64, Infallible> {
        self.inner.append(payload).map(|index| index + 1)
    }

    fn read(&self, index: u64, out: &mut Vec<u8>) -> Result<bool, Infallible> {
        self.inner.read(index, out)
    }

    fn sync(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

#[test]
fn a_lying_store_is_noticed() {
    let lying = |len| Lying { inner: MemoryStorage::new(), len };
    assert!(matches!(Log::open(lying(1)), Err(LogError::Missing(0))));
    let mut log = Log::open(lying(0)).unwrap();
    assert_eq!(log.append(b"leaf"), Err(LogError::Index { expected: 0, found: 1 }));
    assert!(log.is_empty());
}
