//! The one table of the module format: enumerations, records, instructions, prices and sections, with their frozen
//! numbers, fields and documentation. Types, encoder, decoder, disassembler, assembler and `spec/bytecode.md` derive
//! from it; adding a row is adding a line here.
//!
//! Numbers are frozen: a row is never renumbered, its fields never change; what comes later takes a new number.

use crate::declare::{FieldRow, GroupRow, MemberRow, SectionRow, declare};
use crate::field::{Bits, Digest};
use alloc::string::String;
use alloc::vec::Vec;

declare! {
enums {
    /// The three axes of an invocation.
    Axis {
        /// What is done.
        0 Action "action",
        /// What for.
        1 Purpose "purpose",
        /// Where.
        2 Place "place",
    }
    /// The type of a fact.
    FactType {
        /// True or false.
        1 YesNo "yes_no",
        /// A natural number in a range.
        2 Count "count",
        /// Opaque text.
        3 Text "text",
        /// A party.
        4 Party "party",
        /// A kind of principal.
        5 Kind "kind",
    }
    /// How a fact is compared with a constant.
    Cmp {
        /// Smaller.
        1 Less "lt",
        /// Smaller or equal.
        2 LessEqual "le",
        /// Equal.
        3 Equal "eq",
    }
    /// Whose use a counter counts.
    Key {
        /// The user of the request.
        1 User "user",
        /// The organisation of the request.
        2 Organisation "organisation",
        /// The organisation, or the user if there is none.
        3 Licensee "licensee",
    }
    /// A calendar window.
    Window {
        /// A civil day.
        1 Day "day",
        /// Monday to Sunday.
        2 Week "week",
        /// A civil month.
        3 Month "month",
        /// Three months from January.
        4 Quarter "quarter",
        /// A civil year.
        5 Year "year",
        /// The whole term.
        6 Term "term",
        /// One invocation (settlement only).
        7 Call "call",
        /// A second of UTC (counters only, as all that follow).
        8 Second "second",
        /// A minute of UTC.
        9 Minute "minute",
        /// An hour of UTC.
        10 Hour "hour",
        /// A period of the renewal; only with a section `renewal`.
        11 Renewal "renewal",
    }
    /// How a running total becomes payable.
    Rounding {
        /// To the even neighbour.
        1 HalfEven "half_even",
        /// Halves away from zero.
        2 HalfUp "half_up",
        /// Toward zero.
        3 Down "down",
        /// Away from zero.
        4 Up "up",
    }
    /// When a duty falls due.
    DutyMode {
        /// Within the period of the first act.
        1 First "first",
        /// Within the period of each act.
        2 Each "each",
        /// At each act.
        3 AtEach "at_each",
    }
    /// What an anchored point counts from.
    Anchor {
        /// The grant.
        1 Grant "grant",
        /// The licensee's first use; only of an end.
        2 FirstUse "first_use",
        /// The release of what is licensed.
        3 Release "release",
    }
    /// What a charge at close makes of a window's reports.
    Aggregate {
        /// Their sum.
        1 Sum "sum",
        /// The highest one.
        2 Highest "highest",
        /// Their sum divided by their number, rounded up to a whole unit.
        3 Average "average",
        /// The last one.
        4 Last "last",
    }
    /// How a band's amount counts.
    BandKind {
        /// For each unit of the whole quantity.
        1 At "at",
        /// Once.
        2 For "for",
    }
}
variants {
    /// One end of the term.
    Point {
        /// A civil date's first instant in the licence's calendar.
        1 Date "date" {
            /// Days since 1970-01-01.
            days: u64,
        }
        /// An instant.
        2 Instant "instant" {
            /// Microseconds since 1970-01-01T00:00Z.
            micros: u64,
        }
        /// A length of time after an instant that the ledger knows.
        3 Anchored "anchored" {
            /// Which instant; `first_use` only of an end.
            anchor: Anchor,
            /// How long after it.
            period: Period,
        }
    }
    /// A length of time.
    Period {
        /// Exact seconds.
        1 Seconds "seconds" {
            /// How many.
            n: u128,
        }
        /// Civil days.
        2 Days "days" {
            /// How many.
            n: u128,
        }
        /// Civil months, the day clamped to the month's last.
        3 Months "months" {
            /// How many.
            n: u128,
        }
    }
    /// What a case costs.
    Price {
        /// Nothing, and no line.
        0 Free "free" {}
        /// A rate for each unit.
        1 Rate "rate" {
            /// The unit, an index into `unit`.
            unit: u32,
            /// Units of 1/grain of the currency for one unit.
            rate: u64,
        }
        /// A cumulative schedule: T(used + q) - T(used).
        2 Graduated "graduated" {
            /// The unit, an index into `unit`.
            unit: u32,
            /// Whose use is cumulated.
            key: Key,
            /// Over which window; not `call`.
            window: Window,
            /// 1 to 256 tiers; the first starts at 0, starts never fall.
            tiers: Vec<Tier>,
        }
        /// Once per key and window, with the first use in it. The case is a counter of uses.
        3 Fee "fee" {
            /// Units of 1/grain of the currency, below 2^127.
            amount: u128,
            /// Who pays it.
            key: Key,
            /// Over which window; not `call`.
            window: Window,
        }
        /// A graduated price of which T(x) is at most `cap`; what is missing to `floor` at the window's close the ledger
        /// adds. There is a cap, a floor, or both; the floor is not above the cap.
        4 Bounded "bounded" {
            /// The unit, an index into `unit`.
            unit: u32,
            /// Whose use is cumulated.
            key: Key,
            /// Over which window; not `call`.
            window: Window,
            /// 1 to 256 tiers; the first starts at 0, starts never fall.
            tiers: Vec<Tier>,
            /// At most this, in units of 1/grain of the currency, below 2^127.
            cap: Option<u128>,
            /// At least this, in units of 1/grain of the currency, below 2^127.
            floor: Option<u128>,
        }
    }
    /// What a royalty is a part of.
    Basis {
        /// Of the charges, first cuts taken off.
        0 Charges "charges" {}
        /// Of what another royalty has, and comes out of it.
        1 Royalty "royalty" {
            /// An index into `royalty`; no circle.
            of: u32,
        }
    }
    /// One instruction of the section `code`. Instruction i gives value i, which is false, unknown or true; its operands
    /// are values of instructions before it.
    Op {
        /// Never.
        0x00 False "false" {}
        /// Always.
        0x01 True "true" {}
        /// Whether the request's leaf is in a set: true, unknown or false by the set's lists.
        0x02 Member "member" {
            /// An index into `set`.
            set: u32,
        }
        /// A count, yes_no or kind fact against a number; unknown if the fact is.
        0x03 Compare "compare" {
            /// An index into `fact`.
            fact: u32,
            /// The relation; `eq` for yes_no and kind.
            cmp: Cmp,
            /// The constant; 0 or 1 for yes_no and kind.
            k: u128,
        }
        /// A text or party fact against a text; unknown if the fact is.
        0x04 SameText "same_text" {
            /// An index into `fact`.
            fact: u32,
            /// An index into `text`.
            text: u32,
        }
        /// True if the fact is known, else unknown.
        0x05 Known "known" {
            /// An index into `fact`.
            fact: u32,
        }
        /// The value of a definition: the same value, but a border that conjuncts do not cross.
        0x06 Define "define" {
            /// An earlier instruction.
            of: u32,
        }
        /// The smallest of two or more values.
        0x07 And "and" {
            /// Earlier instructions.
            of: Vec<u32>,
        }
        /// The largest of two or more values.
        0x08 Or "or" {
            /// Earlier instructions.
            of: Vec<u32>,
        }
        /// True and false change places.
        0x09 Not "not" {
            /// An earlier instruction.
            of: u32,
        }
    }
}
records {
    /// A tier of a graduated price.
    Tier {
        /// Where it starts: the widths before it, at most 2^127.
        start: u128,
        /// Units of 1/grain of the currency for one unit inside it.
        rate: u64,
    }
    /// A part of the split.
    Share {
        /// Who, without `@`.
        handle: String,
        /// Numerator of the part, in lowest terms.
        num: u128,
        /// Denominator of the part.
        den: u128,
    }
    /// A band of a charge at close.
    Band {
        /// The highest quantity in it, above that of the band before; absent for the last band, and only for it.
        upto: Option<u128>,
        /// How the amount counts.
        kind: BandKind,
        /// Units of 1/grain of the currency; `at` below 2^64, as every rate, `for` below 2^127.
        amount: u128,
    }
}
sections {
    /// What the module is a module of. Exactly one entry.
    0x01 Head head "head" {
        /// SHA-256 of the canonical core.
        licence: Digest,
        /// The edition, 2026.
        edition: u16,
        /// Amounts are integers in units of 1/grain of the currency; at least 1.
        grain: u64,
        /// How many clauses the licence has; clause numbers are below it.
        clauses: u32,
    }
    /// From when until when; at most one entry. Without it the licence has no end.
    0x02 TermSpan term "term" {
        /// First instant inside.
        from: Option<Point>,
        /// First instant no longer inside.
        until: Option<Point>,
    }
    /// The licence is revocable; at most one entry.
    0x03 Revocable revocable "revocable" {
        /// From notice to effect.
        after: Period,
        /// Derivatives live on.
        sparing: bool,
    }
    /// The zone table, sorted by instant; without it UTC. The first entry's instant is the smallest one and stands for
    /// the beginning of time.
    0x04 ZoneChange zone "zone" {
        /// Seconds since 1970-01-01T00:00Z from which the offset holds.
        at: i64,
        /// Seconds east of UTC.
        offset: i32,
    }
    /// Terms of the axes, sorted by axis and name; a term's leaf is its position within its axis.
    0x05 Leaf leaf "leaf" {
        /// The axis.
        axis: Axis,
        /// The term's name.
        name: String,
        /// It is a root with children: its leaf is among those that an unlisted term stands for.
        root: bool,
    }
    /// Units of quantity, sorted by name.
    0x06 Unit unit "unit" {
        /// Its name.
        name: String,
        /// The highest quantity, for a request and for `used + asked`.
        highest: u128,
    }
    /// Facts that conditions read, sorted by name.
    0x07 Fact fact "fact" {
        /// Its name.
        name: String,
        /// Its type.
        ty: FactType,
        /// Lowest count; 0 for other types.
        low: u128,
        /// Highest count; 0 for other types.
        high: u128,
    }
    /// Texts that conditions compare with, sorted.
    0x08 Text text "text" {
        /// The text.
        value: String,
    }
    /// Sets of leaves that conditions and duties name.
    0x09 Set set "set" {
        /// The axis.
        axis: Axis,
        /// Leaves that are in.
        yes: Bits,
        /// Leaves of which it is unknown; none of `yes`.
        unknown: Bits,
    }
    /// The condition code: one straight line of instructions, each standing on earlier ones.
    0x0a Op code "code" instruction
    /// Prohibitions, sorted by clause.
    0x0b Forbid forbid "forbid" {
        /// Clause number.
        clause: u32,
        /// The condition, an instruction.
        when: u32,
    }
    /// Permissions, sorted by clause.
    0x0c Permit permit "permit" {
        /// Clause number.
        clause: u32,
        /// The condition, an instruction.
        when: u32,
    }
    /// Limits on sums, sorted by clause; limit i is counter i.
    0x0d Limit limit "limit" {
        /// Clause number.
        clause: u32,
        /// An index into `unit`.
        unit: u32,
        /// The highest sum.
        cap: u128,
        /// Whose sum.
        key: Key,
        /// Over which window; not `call`.
        window: Window,
        /// What counts, an instruction; absent: every permitted use.
        guard: Option<u32>,
    }
    /// Charge clauses, sorted by clause.
    0x0e Charge charge "charge" {
        /// Clause number.
        clause: u32,
        /// Exactly one case must apply; otherwise there is one case, whose condition is the guard.
        by_case: bool,
    }
    /// Cases of the charges, sorted by charge; at least one each.
    0x0f Case case "case" {
        /// An index into `charge`.
        charge: u32,
        /// The condition, an instruction.
        when: u32,
        /// What it costs.
        price: Price,
    }
    /// Duties, sorted by clause.
    0x10 Duty duty "duty" {
        /// Clause number.
        clause: u32,
        /// The acts that trigger it, an index into `set` (actions).
        acts: u32,
        /// When it applies, an instruction; absent: always.
        guard: Option<u32>,
        /// When it falls due.
        mode: DutyMode,
        /// Within which time; absent for `at_each`.
        period: Option<Period>,
        /// Overdue, violated or unknown suspends.
        suspend: bool,
    }
    /// Units that are nobody's to pay for, sorted by clause and unit.
    0x11 Free free "free" {
        /// Clause number.
        clause: u32,
        /// An index into `unit`.
        unit: u32,
    }
    /// The currency and its settlement; at most one entry.
    0x12 Money money "money" {
        /// Code, as `EUR`.
        currency: String,
        /// Smallest payable amount: numerator.
        minor_num: u128,
        /// Smallest payable amount: denominator.
        minor_den: u128,
        /// Rounding of running totals.
        rounding: Rounding,
        /// Settlement window.
        settled: Window,
    }
    /// Division of what is left after royalties; at most one entry.
    0x13 Split split "split" {
        /// Clause number.
        clause: u32,
        /// The parts, in the order that decides ties; they sum to 1.
        shares: Vec<Share>,
        /// Sharing window, if not the settlement window.
        window: Option<Window>,
    }
    /// Bound parties, sorted by handle.
    0x14 Party party "party" {
        /// Without `@`.
        handle: String,
        /// Decentralised identifier.
        did: Option<String>,
        /// Payout account (CAIP-10).
        account: Option<String>,
    }
    /// The only one who may use it; at most one entry.
    0x15 Holder holder "holder" {
        /// Without `@`.
        handle: String,
    }
    /// It is renewed by payment, period by period; at most one entry, and then the term has no end.
    0x16 Renewal renewal "renewal" {
        /// How long each payment lasts; in days or months, at least 1.
        period: Period,
        /// How long after the last period some acts go on; above zero.
        grace: Option<Period>,
        /// Those acts, an index into `set` (actions); present if there is a grace.
        acts: Option<u32>,
    }
    /// What ends a grant for good, sorted by clause.
    0x17 End end "end" {
        /// Clause number.
        clause: u32,
        /// The condition, an instruction.
        when: u32,
    }
    /// Limits on calls that are open at the same time, sorted by clause. Their counters follow those of graduated cases.
    0x18 AtOnce at_once "at_once" {
        /// Clause number.
        clause: u32,
        /// The highest number.
        cap: u128,
        /// Whose calls.
        key: Key,
        /// What counts, an instruction; absent: every permitted use.
        guard: Option<u32>,
        /// After which time a call no longer counts as open, unless renewed; above zero.
        lease: Period,
    }
    /// Limits on distinct users, sorted by clause. Their counters follow those of `at_once`.
    0x19 Seats seats "seats" {
        /// Clause number.
        clause: u32,
        /// The highest number.
        cap: u128,
        /// Whose users; not `user`.
        key: Key,
        /// What counts, an instruction; absent: every permitted use.
        guard: Option<u32>,
        /// How long a seat stays taken.
        held: Period,
    }
    /// Limits on what is spent, sorted by clause; only with `money`. Their counters follow those of `seats`, and after them
    /// come those of fees in the order of `case`.
    0x1a Spend spend "spend" {
        /// Clause number.
        clause: u32,
        /// The highest sum of charges, in units of 1/grain of the currency, below 2^127.
        amount: u128,
        /// Whose spending.
        key: Key,
        /// Over which window; not `call`.
        window: Window,
        /// What counts, an instruction; absent: every permitted use.
        guard: Option<u32>,
    }
    /// What is used is paid from credit; at most one entry, only with `money`. Its counter follows those of fees.
    0x1b Prepaid prepaid "prepaid" {
        /// Clause number.
        clause: u32,
        /// Whose credit.
        key: Key,
        /// What draws on it, an instruction; absent: every permitted use.
        guard: Option<u32>,
    }
    /// Charges at a window's close, sorted by clause; not beside `spend` or `prepaid`, nor settled by call. Their counters are
    /// the last.
    0x1c AtClose at_close "at_close" {
        /// Clause number.
        clause: u32,
        /// What is made of the window's reports.
        aggregate: Aggregate,
        /// The unit, an index into `unit`.
        unit: u32,
        /// Whose reports.
        key: Key,
        /// Over which window; not `call`.
        window: Window,
        /// 1 to 256 bands; each goes further than the one before, the last has no end.
        bands: Vec<Band>,
        /// What counts, an instruction; absent: every permitted use.
        guard: Option<u32>,
    }
    /// What falls to licences that this one stands on, sorted by licence and handle; only with `money`, at most 64.
    0x1d Royalty royalty "royalty" {
        /// Id of the other licence.
        licence: Digest,
        /// Who has it, without `@`.
        handle: String,
        /// Numerator of the part, in lowest terms.
        num: u128,
        /// Denominator of the part.
        den: u128,
        /// Part of what.
        basis: Basis,
    }
    /// What comes off before royalties and shares, in the order of the clause; only with `split`, at most 64.
    0x1e FirstCut first_cut "first_cut" {
        /// Who, without `@`.
        handle: String,
        /// Numerator of the part, in lowest terms.
        num: u128,
        /// Denominator of the part.
        den: u128,
    }
    /// How long a closed window may still be corrected; at most one entry.
    0x1f Corrections corrections "corrections" {
        /// From its close.
        within: Period,
    }
    /// What people read about the licence. Exactly one entry. From here on nothing is executable.
    0x80 About about "about" {
        /// Name of the licence.
        name: String,
        /// Its version.
        version: u64,
        /// The licensor's handle, without `@`.
        licensor: String,
        /// Name of the zone whose table is in `zone`.
        calendar: Option<String>,
    }
    /// The licensed assets, sorted.
    0x81 Asset asset "asset" {
        /// Kind, as `dataset`.
        kind: String,
        /// Name.
        name: String,
        /// Digest of its capsule.
        capsule: Option<Digest>,
    }
    /// Vocabularies that the text was written against, sorted by name.
    0x82 Vocabulary vocabulary "vocabulary" {
        /// Name.
        name: String,
        /// Version, as `1.2`.
        version: String,
        /// SHA-256 of its canonical core.
        id: Digest,
    }
    /// Labels of the clauses, sorted; entry i is clause i.
    0x83 Label label "label" {
        /// The label.
        label: String,
    }
    /// What people read about each duty, in the order of `duty`.
    0x84 DutyText duty_text "duty_text" {
        /// Duty of the vocabulary, as `attribute`.
        name: String,
        /// Text to show.
        text: Option<String>,
        /// Surface to show it on.
        on: Option<String>,
        /// Recipient handle, without `@`.
        to: Option<String>,
    }
    /// Source files named by `source`, sorted.
    0x85 SourceFile source_file "source_file" {
        /// Its name as the author would write it.
        name: String,
    }
    /// Where clauses stand in the text, sorted by clause; at most one each.
    0x86 Source source "source" {
        /// Clause number.
        clause: u32,
        /// An index into `source_file`.
        file: u32,
        /// First byte.
        start: u32,
        /// First byte after it.
        end: u32,
    }
}
}
