//! A receipt for people: one line a key, as `licit receipt` and the frozen corpus show it.

use core::fmt;

use crate::hash::hex;
use crate::kind::decision_name;
use crate::receipt::{Receipt, Reference, VERSION};

impl fmt::Display for Receipt {
    /// One line for every key that is present: number, name, value. Byte strings in hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = |f: &mut fmt::Formatter<'_>, key: u8, name: &str, value: Option<&[u8]>| match value {
            Some(value) => line(f, key, name, format_args!("{}", hex(value))),
            None => Ok(()),
        };
        line(f, 1, "ver", format_args!("{VERSION}"))?;
        line(f, 2, "kind", format_args!("{} {}", self.kind.number(), self.kind))?;
        bytes(f, 3, "gw", Some(&self.gateway))?;
        line(f, 4, "epoch", format_args!("{}", self.epoch))?;
        line(f, 5, "seq", format_args!("{}", self.seq))?;
        line(f, 6, "at", format_args!("logged {}, used {}", Instant(self.at.logged), Instant(self.at.used)))?;
        bytes(f, 7, "call", self.call.as_ref().map(<[u8; 16]>::as_slice))?;
        bytes(f, 8, "licence", self.licence.as_ref().map(<[u8; 32]>::as_slice))?;
        bytes(f, 9, "module", self.module.as_ref().map(<[u8; 32]>::as_slice))?;
        if let Some(decision) = self.decision {
            let name = decision_name(decision).unwrap_or("a reason of a later version");
            line(f, 10, "decision", format_args!("{decision} {name}"))?;
        }
        for (index, quantity) in self.quantities.iter().enumerate() {
            let value = format_args!("{} of unit {}", quantity.count, quantity.unit);
            if index == 0 { line(f, 11, "qty", value)? } else { writeln!(f, "{:12}{value}", "")? }
        }
        if let Some(amount) = self.amount {
            let value = format_args!("{}/{} of currency {}", amount.numerator, amount.grain, amount.currency);
            line(f, 12, "amount", value)?;
        }
        if let Some(due) = self.due {
            let sign = if due.negative { "-" } else { "" };
            line(f, 13, "due", format_args!("{sign}{} minor", due.minor))?;
        }
        bytes(f, 14, "opening", Some(&self.opening))?;
        bytes(f, 15, "consumer", self.consumer.as_ref().map(<[u8; 32]>::as_slice))?;
        bytes(f, 16, "capsule", self.capsule.as_ref().map(<[u8; 32]>::as_slice))?;
        bytes(f, 17, "auth", self.auth.as_ref().map(<[u8; 32]>::as_slice))?;
        if let Some(view) = self.view {
            line(f, 18, "view", format_args!("size {}, {}", view.size, Instant(view.time)))?;
        }
        match &self.reference {
            Some(Reference::Leaf(index)) => line(f, 19, "ref", format_args!("leaf {index}"))?,
            Some(Reference::Id(id)) => line(f, 19, "ref", format_args!("{}", hex(id)))?,
            None => {}
        }
        bytes(f, 20, "prev", self.prev.as_ref().map(<[u8; 32]>::as_slice))
    }
}

fn line(f: &mut fmt::Formatter<'_>, key: u8, name: &str, value: fmt::Arguments<'_>) -> fmt::Result {
    writeln!(f, "{key:2} {name:8} {value}")
}

/// Microseconds since 1970-01-01T00:00:00Z, written as a UTC time of the proleptic Gregorian calendar.
pub struct Instant(pub u64);

impl fmt::Display for Instant {
    #[expect(clippy::arithmetic_side_effects, reason = "no u64 of microseconds reaches year 600,000")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, micros) = (self.0 / 1_000_000, self.0 % 1_000_000);
        let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
        let mut days = seconds / 86_400;
        let mut year = 1970;
        // Whole cycles of 400 years first, so that the loop below is short.
        year += days / 146_097 * 400;
        days %= 146_097;
        let leap =
            |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        while days >= 365 + u64::from(leap(year)) {
            days -= 365 + u64::from(leap(year));
            year += 1;
        }
        let february = 28 + u64::from(leap(year));
        let mut month = 1;
        for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
            if days < length {
                break;
            }
            days -= length;
            month += 1;
        }
        let day = days + 1;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
    }
}
