//! Keys, notes and checkpoints against published vectors, and against every damaged byte.

use std::str::FromStr;

use licit_receipt::checkpoint::{CheckpointError, MAX_EXTENSIONS, origin, parse_origin};
use licit_receipt::hash::{hex, sha256};
use licit_receipt::key::KeyError;
use licit_receipt::note::{self, NoteError};
use licit_receipt::{Checkpoint, Note, Signer, SigningKey, Verifier, VerifyingKey};

fn unhex<const N: usize>(text: &str) -> [u8; N] {
    let byte = |index: usize| u8::from_str_radix(&text[2 * index..2 * index + 2], 16).unwrap();
    (0..N).map(byte).collect::<Vec<u8>>().try_into().unwrap()
}

/// RFC 8032, section 7.1: secret, public, message, signature.
const RFC8032: [[&str; 4]; 3] = [
    [
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ],
    [
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ],
];

#[test]
fn rfc8032_vectors() {
    for [secret, public, message, signature] in RFC8032 {
        let key = SigningKey::from_seed(&unhex(secret));
        let message: Vec<u8> = match message.len() {
            0 => vec![],
            2 => unhex::<1>(message).to_vec(),
            _ => unhex::<2>(message).to_vec(),
        };
        assert_eq!(hex(&key.verifying_key().to_bytes()), public);
        assert_eq!(hex(&key.sign(&message)), signature);
        let verifying = VerifyingKey::from_bytes(&unhex(public)).unwrap();
        let signature = unhex::<64>(signature);
        assert_eq!(verifying.verify(&message, &signature), Ok(()));
        for byte in 0..64 {
            let mut bad = signature;
            bad[byte] ^= 0x10;
            assert_eq!(verifying.verify(&message, &bad), Err(KeyError::BadSignature));
        }
        assert_eq!(verifying.verify(b"other", &signature), Err(KeyError::BadSignature));
    }
}

/// S plus the group order verifies the same equation: a second signature nobody made.
#[test]
fn a_malleated_signature_is_refused() {
    let order: [u8; 32] = unhex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let [secret, _, _, _] = RFC8032[0];
    let key = SigningKey::from_seed(&unhex(secret));
    let mut signature = key.sign(b"");
    let mut carry = 0;
    for (byte, add) in signature[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    assert_eq!(key.verifying_key().verify(b"", &signature), Err(KeyError::BadSignature));
}

#[test]
fn keys_that_split_verifiers_are_refused() {
    // The points of small order, in their canonical encodings.
    let small = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ];
    for key in small {
        assert_eq!(VerifyingKey::from_bytes(&unhex(key)), Err(KeyError::Weak), "{key}");
    }
    // y = p and y = p + 1, which are 0 and 1 with a second spelling; x = 0 with a sign.
    for key in [
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0100000000000000000000000000000000000000000000000000000000000080",
    ] {
        let refused = VerifyingKey::from_bytes(&unhex(key));
        assert!(matches!(refused, Err(KeyError::NonCanonical | KeyError::NotAPoint)), "{key}: {refused:?}");
    }
    // y = 2 is on no point.
    let off = "0200000000000000000000000000000000000000000000000000000000000000";
    assert_eq!(VerifyingKey::from_bytes(&unhex(off)), Err(KeyError::NotAPoint));
    // A real key plus a point of order 8 (case 4 of the list in "Taming the many EdDSAs").
    let mixed = "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d";
    assert_eq!(VerifyingKey::from_bytes(&unhex(mixed)), Err(KeyError::Weak));
}

/// The vectors of the did:key specification: seeds 0, 1, 2, 3 and 5.
#[test]
fn did_key_vectors() {
    let dids = [
        "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
        "did:key:z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG",
        "did:key:z6MknGc3ocHs3zdPiJbnaaqDi58NGb4pk1Sp9WxWufuXSdxf",
        "did:key:z6MkvqoYXQfDDJRv8L4wKzxYeuKyVZBfi9Qo6Ro8MiLH3kDQ",
        "did:key:z6MkwYMhwTvsq376YBAcJHy3vyRWzBgn5vKfVqqDCgm7XVKU",
    ];
    for (number, did) in [0, 1, 2, 3, 5].into_iter().zip(dids) {
        let mut seed = [0; 32];
        seed[31] = number;
        let key = SigningKey::from_seed(&seed).verifying_key();
        assert_eq!(key.did(), did);
        assert_eq!(VerifyingKey::from_str(did), Ok(key));
        assert_eq!(key.gateway(), sha256(&[&[0xed, 0x01], key.to_bytes().as_slice()].concat()));
    }
}

#[test]
fn texts_that_are_no_did_key() {
    let refused = |did: &str| VerifyingKey::from_str(did).unwrap_err();
    assert_eq!(refused("did:web:example.com"), KeyError::NotDidKey);
    assert_eq!(refused("did:key:"), KeyError::Multibase);
    assert_eq!(refused("did:key:u7QE"), KeyError::Multibase);
    assert_eq!(refused("did:key:z"), KeyError::OtherType);
    assert_eq!(refused("did:key:z6MkO"), KeyError::Multibase);
    assert_eq!(refused("did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp#key"), KeyError::Multibase);
    // X25519 and secp256k1.
    assert_eq!(refused("did:key:z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc"), KeyError::OtherType);
    assert_eq!(refused("did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme"), KeyError::OtherType);
    assert_eq!(refused(&format!("did:key:z{}", "6".repeat(100_000))), KeyError::Length);
}

/// The keys and the note of golang.org/x/mod's `sumdb/note`, and the example of `c2sp.org/signed-note`.
const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PETER_SEED: &str = "810a1402d5146c8d84f2443330f54080ebf98ee17d9c74f6252fc5d5c7283173";
const PETER_LINE: &str = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const ENOCH: &str = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
const ENOCH_LINE: &str = "\u{2014} EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";
const FOO: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const FOO_NOTE: &str = "This is an example message.\n\n\u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

fn peter() -> Signer {
    Signer::new("PeterNeumann", SigningKey::from_seed(&unhex(PETER_SEED))).unwrap()
}

#[test]
fn published_notes() {
    for vkey in [PETER, ENOCH, FOO, "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"] {
        assert_eq!(Verifier::from_str(vkey).unwrap().to_string(), vkey);
    }
    let known = [Verifier::from_str(PETER).unwrap(), Verifier::from_str(ENOCH).unwrap()];
    let note = format!("{TEXT}\n{PETER_LINE}{ENOCH_LINE}");
    let parsed = Note::parse(note.as_bytes()).unwrap();
    assert_eq!(parsed.text(), TEXT);
    assert_eq!(parsed.verify(&known).unwrap(), [&known[0], &known[1]]);
    assert_eq!(parsed.verify(&known[1..]).unwrap(), [&known[1]]);
    assert_eq!(parsed.verify(&[]), Err(NoteError::Unsigned));

    let foo = [Verifier::from_str(FOO).unwrap()];
    assert_eq!(Note::parse(FOO_NOTE.as_bytes()).unwrap().verify(&foo).unwrap().len(), 1);

    // Ed25519 is deterministic: the same key signs to the same bytes.
    let enoch = Signer::new("EnochRoot", SigningKey::from_seed(&[0; 32])).unwrap();
    assert_eq!(enoch.verifier().to_string(), ENOCH);
    assert_eq!(note::sign(TEXT, &[&peter(), &enoch]).unwrap(), note);
}

#[test]
fn mangled_verifier_keys() {
    for start in 0..=PETER.len() {
        for end in start..=PETER.len() {
            assert_eq!(Verifier::from_str(&PETER[start..end]).is_ok(), end - start == PETER.len());
        }
    }
    for index in 0..PETER.len() {
        let mut bytes = PETER.as_bytes().to_vec();
        bytes[index] += 1;
        let text = String::from_utf8(bytes).unwrap();
        assert!(Verifier::from_str(&text).is_err(), "{text}");
    }
    // A key that is too long, and another algorithm, both under a hash that fits.
    let long = "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==";
    let other = "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    assert!(Verifier::from_str(long).is_err());
    assert_eq!(Verifier::from_str(other), Err(NoteError::OtherType(0x65)));
}

#[test]
fn names_of_keys() {
    let key = SigningKey::from_seed(&[1; 32]);
    for name in ["", "a b", "a+b", "a\tb", "a\nb", "a\u{2003}b", "a\u{1}b", " "] {
        assert_eq!(Signer::new(name, key.clone()).unwrap_err(), NoteError::Name, "{name:?}");
    }
    assert!(Signer::new("licence.example/grüße", key).is_ok());
}

#[test]
fn malformed_notes() {
    let refused = |note: String| Note::parse(note.as_bytes()).unwrap_err();
    assert_eq!(refused(String::new()), NoteError::Shape);
    assert_eq!(refused(TEXT.to_string()), NoteError::Shape);
    assert_eq!(refused(format!("{TEXT}\n")), NoteError::Shape);
    assert_eq!(refused(format!("{TEXT}{PETER_LINE}")), NoteError::Shape);
    assert_eq!(refused(format!("{TEXT}\n{}", PETER_LINE.trim_end())), NoteError::Shape);
    assert_eq!(refused(format!("{TEXT}\n{PETER_LINE}\n")), NoteError::Shape);
    assert_eq!(refused(format!("{TEXT}\n{PETER_LINE}{}", &PETER_LINE[3..])), NoteError::Line(2));
    assert_eq!(refused(format!("{TEXT}\n\u{2014} a b c\n")), NoteError::Line(1));
    assert_eq!(refused(format!("{TEXT}\n\u{2014} a AAAA\n")), NoteError::Line(1));
    assert_eq!(refused(format!("{TEXT}\n\u{2014} a AAAAAA==\n")), NoteError::Line(1));
    assert_eq!(refused(format!("{TEXT}\n\u{2014} a AAAAAAA\n")), NoteError::Line(1));
    assert_eq!(refused(format!("{TEXT}\u{7}\n\n{PETER_LINE}")), NoteError::Text);
    assert_eq!(refused(format!("{TEXT}\r\n\n{PETER_LINE}")), NoteError::Text);
    assert_eq!(refused(format!("{TEXT}\n{}", PETER_LINE.repeat(101))), NoteError::TooManySignatures);
    assert_eq!(refused("a".repeat(note::MAX_LEN + 1)), NoteError::TooLong);
    assert_eq!(Note::parse(b"\xff\n\n").unwrap_err(), NoteError::Text);

    let known = [Verifier::from_str(PETER).unwrap()];
    // As many as the specification asks for, and repeated ones count once.
    let note = format!("{TEXT}\n{}", PETER_LINE.repeat(16));
    assert_eq!(Note::parse(note.as_bytes()).unwrap().verify(&known).unwrap().len(), 1);
    // The text is what is before the *last* empty line.
    let text = format!("one\n\ntwo\n\n{TEXT}");
    let signed = note::sign(&text, &[&peter()]).unwrap();
    assert_eq!(Note::parse(signed.as_bytes()).unwrap().text(), text);
    // A bad signature by a known key spoils the note, though another is good.
    let bad = PETER_LINE.replace("x08go/ZJ", "x08go/ZK");
    let note = format!("{TEXT}\n{PETER_LINE}{bad}");
    let parsed = Note::parse(note.as_bytes()).unwrap();
    assert_eq!(parsed.verify(&known), Err(NoteError::BadSignature("PeterNeumann".into())));

    assert_eq!(note::sign("no newline", &[&peter()]), Err(NoteError::Shape));
    assert_eq!(note::sign("text\n", &[]), Err(NoteError::Shape));
    assert_eq!(note::sign("bell\u{7}\n", &[&peter()]), Err(NoteError::Text));
}

#[test]
fn the_specification_s_checkpoint() {
    let note = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
        \u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
    let parsed = Note::parse(note.as_bytes()).unwrap();
    let checkpoint = Checkpoint::parse(parsed.text()).unwrap();
    assert_eq!(checkpoint.origin, "example.com/behind-the-sofa");
    assert_eq!(checkpoint.size, 20852163);
    assert_eq!(hex(&checkpoint.root), "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62");
    assert_eq!(checkpoint.text().unwrap(), parsed.text());
}

/// A gateway's key under the origin of its log.
fn gateway(epoch: u64) -> Signer {
    let key = SigningKey::from_seed(&[9; 32]);
    Signer::new(&origin(&key.verifying_key().gateway(), epoch), key).unwrap()
}

#[test]
fn a_checkpoint_opens_for_its_log_only() {
    let signer = gateway(7);
    let checkpoint = Checkpoint::new(signer.verifier().name(), 1024, sha256(b"root"));
    let note = checkpoint.sign(&[&signer]).unwrap();
    insta::assert_snapshot!(note, @"
    licit/145bfa9b9978e2321377b25928beda8124dd555e2f524a6413906be388dab5cc/7
    1024
    SBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=

    \u{2014} licit/145bfa9b9978e2321377b25928beda8124dd555e2f524a6413906be388dab5cc/7 fHkOVpofUdCQgFeK/5fK3CIQ7Q9sg0toYEs2buqhdyG5vwyFSwh1N8hEKEFKCIasNFhLbGpT5YlgXTkaXfxwB8dJDgI=
    ");
    assert_eq!(Checkpoint::open(note.as_bytes(), signer.verifier()), Ok(checkpoint.clone()));

    // The same key in the next epoch has another name and another id.
    let next = gateway(8);
    let unsigned = Err(CheckpointError::Note(NoteError::Unsigned));
    assert_eq!(Checkpoint::open(note.as_bytes(), next.verifier()), unsigned);
    // What the next epoch's key signs for the old log is not the old log's.
    let crossed = checkpoint.sign(&[&next]).unwrap();
    assert_eq!(
        Checkpoint::open(crossed.as_bytes(), next.verifier()),
        Err(CheckpointError::Origin(checkpoint.origin.clone())),
    );
    // Signed by both at a rotation, it opens for the log.
    let both = checkpoint.sign(&[&next, &signer]).unwrap();
    assert_eq!(Checkpoint::open(both.as_bytes(), signer.verifier()), Ok(checkpoint));
}

#[test]
fn every_damaged_byte_of_a_checkpoint_is_refused() {
    let signer = gateway(7);
    let checkpoint = Checkpoint {
        extensions: vec!["an extension".into()],
        ..Checkpoint::new(signer.verifier().name(), 1024, sha256(b"root"))
    };
    let note = checkpoint.sign(&[&signer]).unwrap().into_bytes();
    assert_eq!(Checkpoint::open(&note, signer.verifier()), Ok(checkpoint));
    for index in 0..note.len() {
        for bit in 0..8 {
            let mut bad = note.clone();
            bad[index] ^= 1 << bit;
            assert!(Checkpoint::open(&bad, signer.verifier()).is_err(), "byte {index}, bit {bit}");
        }
        assert!(Checkpoint::open(&note[..index], signer.verifier()).is_err());
    }
}

#[test]
fn malformed_checkpoints() {
    let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    let line = |text: &str| match Checkpoint::parse(text) {
        Err(CheckpointError::Line(number)) => number,
        other => panic!("{text:?}: {other:?}"),
    };
    assert_eq!(line(""), 1);
    assert_eq!(line("\n"), 1);
    assert_eq!(line(&format!("\n1\n{root}\n")), 1);
    assert_eq!(line("log\n"), 2);
    for size in ["", "01", "+1", "-1", " 1", "1 ", "0x1", "18446744073709551616"] {
        assert_eq!(line(&format!("log\n{size}\n{root}\n")), 2, "{size:?}");
    }
    assert_eq!(line("log\n1\n"), 3);
    assert_eq!(line("log\n1\nAAAA\n"), 3);
    assert_eq!(line(&format!("log\n1\n{}\n", root.replace("2I=", "2J="))), 3);
    assert_eq!(line(&format!("log\n1\n{root}\n\n")), 4);
    assert_eq!(line(&format!("log\n1\n{root}\none\n\nthree\n")), 5);
    assert_eq!(Checkpoint::parse(&format!("log\n0\n{root}\n")).unwrap().size, 0);
    let long = |count| format!("log\n0\n{root}\n{}", "x\n".repeat(count));
    assert_eq!(Checkpoint::parse(&long(MAX_EXTENSIONS)).unwrap().text().unwrap(), long(MAX_EXTENSIONS));
    assert_eq!(line(&long(MAX_EXTENSIONS + 1)), 4 + MAX_EXTENSIONS);

    let bad = |origin: &str, extension: &str| {
        let checkpoint =
            Checkpoint { extensions: vec![extension.into()], ..Checkpoint::new(origin, 1, [0; 32]) };
        checkpoint.text().unwrap_err()
    };
    assert_eq!(bad("", "x"), CheckpointError::Line(1));
    assert_eq!(bad("a\nb", "x"), CheckpointError::Line(1));
    assert_eq!(bad("a", ""), CheckpointError::Line(4));
    assert_eq!(bad("a", "x\ny"), CheckpointError::Line(4));
    let extensions = vec!["x".to_string(); MAX_EXTENSIONS + 1];
    let many = Checkpoint { extensions, ..Checkpoint::new("a", 1, [0; 32]) };
    assert_eq!(many.text(), Err(CheckpointError::Line(4 + MAX_EXTENSIONS)));
}

#[test]
fn origins() {
    let id = sha256(b"gateway");
    let text = origin(&id, 7);
    assert_eq!(text, format!("licit/{}/7", hex(&id)));
    assert_eq!(parse_origin(&text), Some((id, 7)));
    assert_eq!(parse_origin(&origin(&id, u64::MAX)), Some((id, u64::MAX)));
    let hex = hex(&id);
    for bad in [
        format!("licit/{hex}/07"),
        format!("licit/{hex}/+7"),
        format!("licit/{hex}/"),
        format!("licit/{hex}"),
        format!("licit/{}/7", hex.to_uppercase()),
        format!("licit/{}/7", &hex[2..]),
        format!("licit/+{}/7", &hex[1..]),
        format!("licit/{hex}00/7"),
        format!("other/{hex}/7"),
        format!("licit/{hex}/7/8"),
        format!("licit/{hex}/18446744073709551616"),
    ] {
        assert_eq!(parse_origin(&bad), None, "{bad}");
    }
}
