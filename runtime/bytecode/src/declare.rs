//! The macro that turns the one table into types, codec, text form and documentation rows.

use alloc::string::String;
use alloc::vec::Vec;

/// A documented field of a row.
#[derive(Clone, Debug)]
pub struct FieldRow {
    /// Its name, as in the text form.
    pub name: &'static str,
    /// How it is laid out.
    pub layout: String,
    /// What it means.
    pub doc: Vec<&'static str>,
}

/// A member of an enumeration, an instruction, a kind of price, point or period.
#[derive(Clone, Debug)]
pub struct MemberRow {
    /// Its frozen number.
    pub number: u8,
    /// Its name in the text form.
    pub name: &'static str,
    /// What it means.
    pub doc: Vec<&'static str>,
    /// Its fields, in order; none for enumerations.
    pub fields: Vec<FieldRow>,
}

/// A named group of members or fields.
#[derive(Clone, Debug)]
pub struct GroupRow {
    /// The type's name.
    pub name: &'static str,
    /// What it is.
    pub doc: Vec<&'static str>,
    /// Members; none for records.
    pub members: Vec<MemberRow>,
    /// Fields; only of records.
    pub fields: Vec<FieldRow>,
}

/// A section.
#[derive(Clone, Debug)]
pub struct SectionRow {
    /// Its frozen number; executable below [`FIRST_NOTE`].
    pub number: u16,
    /// Its name in the text form.
    pub name: &'static str,
    /// What it holds.
    pub doc: Vec<&'static str>,
    /// The fields of an entry; none for the instructions.
    pub fields: Vec<FieldRow>,
}

/// Sections from this number on are not executable: they are not part of the module id.
pub const FIRST_NOTE: u16 = 0x80;

macro_rules! declare {
    (
        enums { $( $(#[doc = $edoc:literal])* $ename:ident { $( $(#[doc = $mdoc:literal])* $mnum:literal $mname:ident $mtext:literal, )* } )* }
        variants { $( $(#[doc = $vdoc:literal])* $vname:ident { $( $(#[doc = $wdoc:literal])* $wnum:literal $wname:ident $wtext:literal {
            $( $(#[doc = $wfdoc:literal])* $wfield:ident : $wty:ty, )* } )* } )* }
        records { $( $(#[doc = $rdoc:literal])* $rname:ident { $( $(#[doc = $rfdoc:literal])* $rfield:ident : $rty:ty, )* } )* }
        sections { $( $(#[doc = $sdoc:literal])* $snum:literal $sname:ident $sfield:ident $stext:literal $( { $( $(#[doc = $sfdoc:literal])* $sf:ident : $sfty:ty, )* } )? $(instruction $(@ $never:tt)?)? )* }
    ) => {
        $(
            $(#[doc = $edoc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            #[repr(u8)]
            pub enum $ename { $( $(#[doc = $mdoc])* $mname = $mnum, )* }

            impl $ename {
                /// Every member, in the order of the numbers.
                pub const ALL: &'static [Self] = &[$( Self::$mname ),*];

                /// The name in the text form.
                pub const fn name(self) -> &'static str {
                    match self { $( Self::$mname => $mtext, )* }
                }
            }

            impl $crate::field::Field for $ename {
                fn layout() -> alloc::string::String { stringify!($ename).into() }
                fn put(&self, out: &mut alloc::vec::Vec<u8>) { out.push(*self as u8); }
                fn get(r: &mut $crate::field::Reader<'_>) -> Result<Self, $crate::error::LoadError> {
                    let at = r.at();
                    match r.byte()? {
                        $( $mnum => Ok(Self::$mname), )*
                        _ => Err($crate::error::LoadError::bad(at, concat!("no such member of ", stringify!($ename)))),
                    }
                }
                fn print(&self, out: &mut alloc::string::String) { out.push_str(self.name()); }
                fn parse(p: &mut $crate::field::Parser<'_>) -> Result<Self, $crate::field::AsmError> {
                    match p.word()? {
                        $( $mtext => Ok(Self::$mname), )*
                        _ => Err(p.error(concat!("no such member of ", stringify!($ename)))),
                    }
                }
            }
        )*
        $(
            $(#[doc = $vdoc])*
            #[derive(Clone, Debug, PartialEq, Eq)]
            pub enum $vname { $( $(#[doc = $wdoc])* $wname { $( $(#[doc = $wfdoc])* $wfield: $wty, )* }, )* }

            impl $vname {
                /// The name in the text form.
                pub const fn name(&self) -> &'static str {
                    match self { $( Self::$wname { .. } => $wtext, )* }
                }
            }

            impl $crate::field::Field for $vname {
                fn layout() -> alloc::string::String { stringify!($vname).into() }
                fn put(&self, out: &mut alloc::vec::Vec<u8>) {
                    match self { $( Self::$wname { $( $wfield, )* } => {
                        out.push($wnum);
                        $( $crate::field::Field::put($wfield, out); )*
                    } )* }
                }
                fn get(r: &mut $crate::field::Reader<'_>) -> Result<Self, $crate::error::LoadError> {
                    let at = r.at();
                    match r.byte()? {
                        $( $wnum => Ok(Self::$wname { $( $wfield: $crate::field::Field::get(r)?, )* }), )*
                        _ => Err($crate::error::LoadError::bad(at, concat!("no such member of ", stringify!($vname)))),
                    }
                }
                fn print(&self, out: &mut alloc::string::String) {
                    match self { $( Self::$wname { $( $wfield, )* } => {
                        out.push_str($wtext);
                        let open = concat!("", $( stringify!($wfield), )* );
                        if !open.is_empty() { out.push('('); }
                        let mut _first = true;
                        $( $crate::field::print_field(stringify!($wfield), $wfield, &mut _first, out); )*
                        if !open.is_empty() { out.push(')'); }
                    } )* }
                }
                fn parse(p: &mut $crate::field::Parser<'_>) -> Result<Self, $crate::field::AsmError> {
                    match p.word()? {
                        $( $wtext => {
                            let open = concat!("", $( stringify!($wfield), )* );
                            if !open.is_empty() { p.punct('(')?; }
                            let value = Self::$wname { $( $wfield: p.named(stringify!($wfield))?, )* };
                            if !open.is_empty() { p.punct(')')?; }
                            Ok(value)
                        } )*
                        _ => Err(p.error(concat!("no such member of ", stringify!($vname)))),
                    }
                }
            }
        )*
        $( $crate::declare::record! { $(#[doc = $rdoc])* $rname { $( $(#[doc = $rfdoc])* $rfield : $rty, )* } } )*
        $( $( $crate::declare::record! { #[doc = concat!("An entry of the section `", $stext, "`; what it holds is said at [`Module`].")] $sname { $( $(#[doc = $sfdoc])* $sf : $sfty, )* } } )? )*

        /// A decoded module: every section as a list of entries. Nothing is proved of it but that each field has its type;
        /// [`crate::verify::verify`] proves the rest.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Module { $( $(#[doc = $sdoc])* pub $sfield: alloc::vec::Vec<$sname>, )* }

        impl Module {
            /// The bytes of each present section, in order: number, entries, body.
            pub(crate) fn bodies(&self) -> alloc::vec::Vec<(u16, usize, alloc::vec::Vec<u8>)> {
                let mut out = alloc::vec::Vec::new();
                $( if !self.$sfield.is_empty() {
                    let mut body = alloc::vec::Vec::new();
                    for entry in &self.$sfield { $crate::field::Field::put(entry, &mut body); }
                    out.push(($snum, self.$sfield.len(), body));
                } )*
                out
            }

            /// Reads one section's entries.
            pub(crate) fn read_section(&mut self, number: u16, count: usize, r: &mut $crate::field::Reader<'_>) -> Result<(), $crate::error::LoadError> {
                match number {
                    $( $snum => self.$sfield = $crate::field::read_entries(count, r)?, )*
                    _ => return Err($crate::error::LoadError::bad(r.at(), "unknown section")),
                }
                Ok(())
            }

            /// The text form.
            pub(crate) fn print_sections(&self, out: &mut alloc::string::String) {
                $( $crate::field::print_entries($stext, &self.$sfield, out); )*
            }

            /// Reads the entries of the section called `name` from its text form.
            pub(crate) fn parse_section(&mut self, name: &str, p: &mut $crate::field::Parser<'_>) -> Result<(), $crate::field::AsmError> {
                match name {
                    $( $stext => $crate::field::parse_entries(&mut self.$sfield, p), )*
                    _ => Err(p.error("no such section")),
                }
            }
        }

        /// The name of section `number` in the text form.
        pub const fn section_name(number: u16) -> Option<&'static str> {
            match number { $( $snum => Some($stext), )* _ => None }
        }

        /// The number of the section called `name`.
        pub fn section_number(name: &str) -> Option<u16> {
            match name { $( $stext => Some($snum), )* _ => None }
        }

        /// The enumerations.
        pub fn enums() -> alloc::vec::Vec<GroupRow> {
            alloc::vec![ $( GroupRow { name: stringify!($ename), doc: alloc::vec![$($edoc),*], fields: alloc::vec![], members: alloc::vec![
                $( MemberRow { number: $mnum, name: $mtext, doc: alloc::vec![$($mdoc),*], fields: alloc::vec![] } ),* ] } ),* ]
        }

        /// The types of which a value has one of several shapes; the instructions are `Op`.
        pub fn variants() -> alloc::vec::Vec<GroupRow> {
            alloc::vec![ $( GroupRow { name: stringify!($vname), doc: alloc::vec![$($vdoc),*], fields: alloc::vec![], members: alloc::vec![
                $( MemberRow { number: $wnum, name: $wtext, doc: alloc::vec![$($wdoc),*], fields: alloc::vec![
                    $( FieldRow { name: stringify!($wfield), layout: <$wty as $crate::field::Field>::layout(), doc: alloc::vec![$($wfdoc),*] } ),* ] } ),* ] } ),* ]
        }

        /// The types that are a list of fields.
        pub fn records() -> alloc::vec::Vec<GroupRow> {
            alloc::vec![ $( GroupRow { name: stringify!($rname), doc: alloc::vec![$($rdoc),*], members: alloc::vec![], fields: alloc::vec![
                $( FieldRow { name: stringify!($rfield), layout: <$rty as $crate::field::Field>::layout(), doc: alloc::vec![$($rfdoc),*] } ),* ] } ),* ]
        }

        /// The sections, in the order of a file.
        pub fn sections() -> alloc::vec::Vec<SectionRow> {
            alloc::vec![ $( SectionRow { number: $snum, name: $stext, doc: alloc::vec![$($sdoc),*], fields: alloc::vec![
                $( $( FieldRow { name: stringify!($sf), layout: <$sfty as $crate::field::Field>::layout(), doc: alloc::vec![$($sfdoc),*] } ),* )? ] } ),* ]
        }
    };
}

macro_rules! record {
    ( $(#[doc = $doc:expr])* $name:ident { $( $(#[doc = $fdoc:literal])* $field:ident : $ty:ty, )* } ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name { $( $(#[doc = $fdoc])* pub $field: $ty, )* }

        impl $crate::field::Field for $name {
            fn layout() -> alloc::string::String { stringify!($name).into() }
            fn put(&self, out: &mut alloc::vec::Vec<u8>) { $( $crate::field::Field::put(&self.$field, out); )* }
            fn get(r: &mut $crate::field::Reader<'_>) -> Result<Self, $crate::error::LoadError> {
                Ok(Self { $( $field: $crate::field::Field::get(r)?, )* })
            }
            fn print(&self, out: &mut alloc::string::String) {
                out.push('(');
                let mut first = true;
                $( $crate::field::print_field(stringify!($field), &self.$field, &mut first, out); )*
                out.push(')');
            }
            fn parse(p: &mut $crate::field::Parser<'_>) -> Result<Self, $crate::field::AsmError> {
                p.punct('(')?;
                let value = Self { $( $field: p.named(stringify!($field))?, )* };
                p.punct(')')?;
                Ok(value)
            }
        }
    };
}

pub(crate) use declare;
pub(crate) use record;
