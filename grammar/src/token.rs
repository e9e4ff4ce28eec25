//! Every token of the language, declared once: kind, spelling or name for users, and whether a word is reserved.
//!
//! Words are looked up in this table after the lexer has cut an identifier, so a new keyword is one row here and one
//! line in the grammar's `extern` block; a test compares the two.

/// Whether a word can be used as a name without back-quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Opens a declaration, a header or a clause, or is needed to tell where a selector or condition ends.
    Reserved,
    /// A name everywhere, except as the first word of a line in a vocabulary's or a test's block, which it opens.
    Local,
    /// A name wherever a name can stand.
    Soft,
}

macro_rules! tokens {
    (
        words { $($word:literal $word_kind:ident $standing:ident;)* }
        others { $($shape:literal $other_kind:ident $described:literal;)* }
    ) => {
        /// The kind of a token. Its text is cut from the source by its span.
        #[allow(missing_docs, reason = "the table is the documentation")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind { $($word_kind,)* $($other_kind,)* }

        /// Every word of the language with its kind and standing.
        pub const WORDS: &[(&str, Kind, Standing)] = &[$(($word, Kind::$word_kind, Standing::$standing),)*];

        /// Every other token: its name in the grammar, its kind, and what users call it.
        pub const OTHERS: &[(&str, Kind, &str)] = &[$(($shape, Kind::$other_kind, $described),)*];

        impl Kind {
            /// The kind of a word, if it is one of the language's.
            pub fn of_word(word: &str) -> Option<Kind> {
                Some(match word { $($word => Kind::$word_kind,)* _ => return None })
            }

            /// Its standing, if it is a word.
            pub fn standing(self) -> Option<Standing> {
                match self { $(Kind::$word_kind => Some(Standing::$standing),)* _ => None }
            }

            /// What users call it: words and signs in back-quotes, classes in words.
            pub fn described(self) -> &'static str {
                match self {
                    $(Kind::$word_kind => concat!("`", $word, "`"),)*
                    $(Kind::$other_kind => $described,)*
                }
            }
        }
    };
}

tokens! {
    words {
        // Openers of declarations.
        "licit" Licit Reserved;
        "vocabulary" Vocabulary Reserved;
        "party" Party Reserved;
        "license" License Reserved;
        "template" Template Reserved;
        "test" Test Reserved;
        "prove" Prove Reserved;
        // Openers of headers.
        "licensor" Licensor Reserved;
        "asset" Asset Reserved;
        "calendar" Calendar Reserved;
        "currency" Currency Reserved;
        "term" Term Reserved;
        "irrevocable" Irrevocable Reserved;
        "revocable" Revocable Reserved;
        "status" Status Reserved;
        "corrections" Corrections Reserved;
        "ends" Ends Reserved;
        "renews" Renews Reserved;
        "define" Define Reserved;
        // Openers of clauses (`free` is soft: it stands after a label only).
        "permit" Permit Reserved;
        "forbid" Forbid Reserved;
        "limit" Limit Reserved;
        "charge" Charge Reserved;
        "prepaid" Prepaid Reserved;
        "must" Must Reserved;
        "derivatives" Derivatives Reserved;
        "sublicense" Sublicense Reserved;
        "split" Split Reserved;
        // What selectors and conditions need.
        "for" For Reserved;
        "in" In Reserved;
        "by" By Reserved;
        "when" When Reserved;
        "except" Except Reserved;
        "and" And Reserved;
        "or" Or Reserved;
        "not" Not Reserved;
        "per" Per Reserved;
        "at" At Reserved;
        "of" Of Reserved;
        // Openers of a vocabulary's sections and of a test's lines.
        "actions" Actions Local;
        "purposes" Purposes Local;
        "places" Places Local;
        "units" Units Local;
        "facts" Facts Local;
        "duties" Duties Local;
        "currencies" Currencies Local;
        "given" Given Local;
        "expect" Expect Local;
        // The rest mean something in one place only.
        "adding" Adding Soft;
        "after" After Soft;
        "all" All Soft;
        "also" Also Soft;
        "always" Always Soft;
        "as" As Soft;
        "asks" Asks Soft;
        "attested" Attested Soft;
        "before" Before Soft;
        "beyond" Beyond Soft;
        "capsule" Capsule Soft;
        "carry" Carry Soft;
        "case" Case Soft;
        "charges" Charges Soft;
        "close" Close Soft;
        "denies" Denies Soft;
        "deny" Deny Soft;
        "derives" Derives Soft;
        "down" Down Soft;
        "due" Due Soft;
        "each" Each Soft;
        "else" Else Soft;
        "first" First Soft;
        "free" Free Soft;
        "from" From Soft;
        "gifts" Gifts Soft;
        "grace" Grace Soft;
        "granted" Granted Soft;
        "held" Held Soft;
        "holders" Holders Soft;
        "including" Including Soft;
        "is" Is Soft;
        "known" Known Soft;
        "last" Last Soft;
        "lease" Lease Soft;
        "least" Least Soft;
        "levels" Levels Soft;
        "most" Most Soft;
        "narrows" Narrows Soft;
        "never" Never Soft;
        "next" Next Soft;
        "old" Old Soft;
        "on" On Soft;
        "once" Once Soft;
        "optional" Optional Soft;
        "otherwise" Otherwise Soft;
        "owe" Owe Soft;
        "paid" Paid Soft;
        "part" Part Soft;
        "parts" Parts Soft;
        "pay" Pay Soft;
        "permits" Permits Soft;
        "pinned" Pinned Soft;
        "prorated" Prorated Soft;
        "renewable" Renewable Soft;
        "rest" Rest Soft;
        "rounded" Rounded Soft;
        "royalties" Royalties Soft;
        "settled" Settled Soft;
        "sparing" Sparing Soft;
        "started" Started Soft;
        "states" States Soft;
        "suspend" Suspend Soft;
        "then" Then Soft;
        "to" To Soft;
        "unlisted" Unlisted Soft;
        "unshared" Unshared Soft;
        "until" Until Soft;
        "up" Up Soft;
        "version" Version Soft;
        "while" While Soft;
        "winding" Winding Soft;
        "with" With Soft;
        "within" Within Soft;
    }
    others {
        "ID" Id "a name";
        "LABEL" Label "a label such as `fee:`";
        "INT" Int "a whole number";
        "DEC" Dec "a decimal number";
        "PCT" Pct "a percentage";
        "MONEY" Money "an amount of money such as `EUR 0.40`";
        "DATE" Date "a date such as `2026-01-31`";
        "INSTANT" Instant "an instant such as `2026-01-31T12:00Z`";
        "TIME" Time "a time of day such as `08:30`";
        "TIMES" Times "a range of times such as `08:30..18:00`";
        "DAYS" Days "a range of days such as `mon..fri`";
        "ZONE" Zone "a zone such as `Europe/Paris`";
        "HANDLE" Handle "a party such as `@acme`";
        "HASH" Hash "a hash such as `sha256:...`";
        "STRING" Str "a text in quotes";
        "REASON" Reason "a reason such as `over`";
        "{" LBrace "`{`";
        "}" RBrace "`}`";
        "(" LParen "`(`";
        ")" RParen "`)`";
        "," Comma "`,`";
        "." Dot "`.`";
        "=" Eq "`=`";
        "!=" Ne "`!=`";
        "<" Lt "`<`";
        "<=" Le "`<=`";
        ">" Gt "`>`";
        ">=" Ge "`>=`";
        "+" Plus "`+`";
        "-" Minus "`-`";
        "END" End "the end of this item";
        "FILE" ModeFile "";
        "DECL" ModeDecl "";
        "ITEM" ModeItem "";
        "SECTION" ModeSection "";
        "LINE" ModeLine "";
        "ASK" ModeAsk "";
    }
}

/// A token: its kind and where its text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where. Empty for tokens that are not written (`END`).
    pub span: crate::Span,
}
