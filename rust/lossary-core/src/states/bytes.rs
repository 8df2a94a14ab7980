//! States as bytes: versioned, checksummed, and the same bytes for equal states.
//!
//! All numbers are little-endian. A header (eight bytes of magic, the version in two, the kind in one, the form
//! in one, the length of the tag in two, the tag in UTF-8), the state, and the CRC-32 of all before.
//! Reading trusts nothing: it checks every number, never panics, and never allocates more than a small multiple
//! of what came.

use crate::states::amount::Amount;
use crate::states::batch::NARROW_SAMPLES;
use crate::states::bins::{Bins, Table};
use crate::states::bounded::BoundedRanking;
use crate::states::checksum::crc32;
use crate::states::exact::{ExactRanking, Form};
use crate::states::grid::Grid;
use crate::states::runs::Runs;
use crate::states::tally::{Narrow, Tally, Weighed, Wide};
use crate::states::units::{MOST_SAMPLES, add_units};
use std::fmt;

const MAGIC: [u8; 8] = *b"lossary\x1a";
const VERSION: u16 = 1;

/// Why bytes are no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeError {
    /// They do not start as the bytes of a state do.
    NoState,
    /// They are of a version that this one does not know.
    NewerVersion {
        /// The version that came.
        version: u16,
        /// The newest version known.
        known: u16,
    },
    /// The checksum differs: they are cut short or damaged.
    Damaged,
    /// They are of another kind of state.
    OtherKind,
    /// The checksum fits, but the content cannot be: what is wrong.
    Impossible(&'static str),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoState => write!(out, "bytes: got no state; wanted what to_bytes gives"),
            Self::NewerVersion { version, known } => {
                write!(out, "bytes: got a state of version {version}; wanted at most {known}")
            }
            Self::Damaged => write!(out, "bytes: got a damaged state; wanted one whose checksum fits"),
            Self::OtherKind => write!(out, "bytes: got another kind of state; wanted this kind"),
            Self::Impossible(what) => write!(out, "bytes: got {what}; wanted a state that can be"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// What kind of state the bytes hold. 5 is taken: sums of errors in topology, which Python writes in this form.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Exact = 1,
    Bounded = 2,
    Calibration = 3,
    Confusion = 4,
}

/// Writes a header; `finish` adds the checksum.
pub(crate) fn start(kind: Kind, form: u8, tag: &str) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend([kind as u8, form]);
    bytes.extend((tag.len() as u16).to_le_bytes());
    bytes.extend(tag.as_bytes());
    bytes
}

pub(crate) fn finish(mut bytes: Vec<u8>) -> Vec<u8> {
    let checksum = crc32(&bytes);
    bytes.extend(checksum.to_le_bytes());
    bytes
}

/// What is left to read.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Checks all but the content; gives form and tag.
    pub(crate) fn open(bytes: &'a [u8], kind: Kind) -> Result<(Self, u8, String), DecodeError> {
        let mut reader = Self { rest: bytes };
        if reader.array() != Ok(MAGIC) {
            return Err(DecodeError::NoState);
        }
        let version = u16::from_le_bytes(reader.array().map_err(|_| DecodeError::Damaged)?);
        if version > VERSION {
            return Err(DecodeError::NewerVersion { version, known: VERSION });
        }
        let (content, checksum) = bytes.split_last_chunk::<4>().ok_or(DecodeError::Damaged)?;
        if crc32(content) != u32::from_le_bytes(*checksum) {
            return Err(DecodeError::Damaged);
        }
        let mut reader = Self { rest: content };
        let _: [u8; 10] = reader.array()?;
        if version == 0 {
            return Err(DecodeError::Impossible("version 0"));
        }
        let [found, form] = reader.array()?;
        if found != kind as u8 {
            return Err(DecodeError::OtherKind);
        }
        let length = u16::from_le_bytes(reader.array()?);
        let tag = reader.take(length.into())?;
        let tag = str::from_utf8(tag).map_err(|_| DecodeError::Impossible("a tag that is no UTF-8"))?;
        Ok((reader, form, tag.to_owned()))
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(SHORT)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(SHORT)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// Refuses bytes that are left.
    pub(super) fn end(self) -> Result<(), DecodeError> {
        if self.rest.is_empty() { Ok(()) } else { Err(SHORT) }
    }

    /// All that is left, as so many records of a fixed size.
    pub(crate) fn records<const N: usize>(self, count: u64) -> Result<&'a [[u8; N]], DecodeError> {
        let (records, []) = self.rest.as_chunks() else {
            return Err(SHORT);
        };
        if records.len() as u64 == count { Ok(records) } else { Err(SHORT) }
    }
}

pub(crate) const SHORT: DecodeError = DecodeError::Impossible("another length than it says");
pub(crate) const TOO_LARGE: DecodeError = DecodeError::Impossible("too many samples, or weights too large");

/// The unit of weights; any double is a multiple of the lowest.
pub(super) fn read_unit(reader: &mut Reader<'_>) -> Result<i32, DecodeError> {
    let unit = i32::from_le_bytes(reader.array()?);
    let possible = (-1074..1024).contains(&unit);
    if possible { Ok(unit) } else { Err(DecodeError::Impossible("a unit that no weight has")) }
}

/// The sum of the amounts, if a state can hold it.
pub(super) fn checked_total<A: Amount>(
    amounts: impl Iterator<Item = A>,
    unit: Option<i32>,
) -> Result<u128, DecodeError> {
    let mut sum = 0_u128;
    for amount in amounts {
        sum = sum.checked_add(amount.into()).ok_or(TOO_LARGE)?;
    }
    let fits = match unit {
        None => sum <= MOST_SAMPLES.into(),
        Some(unit) => add_units(sum, 0, unit).is_ok(),
    };
    if fits { Ok(sum) } else { Err(TOO_LARGE) }
}

impl ExactRanking {
    /// The state as bytes. Equal states have equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let tag = self.tag();
        finish(match self.form().canonical() {
            Form::Narrow(runs) => records(start(Kind::Exact, 0, tag), &runs, Narrow::to_le_bytes),
            Form::Wide(runs) => records(start(Kind::Exact, 1, tag), &runs, Wide::to_le_bytes),
            Form::Weighed(runs, unit) => {
                let mut bytes = start(Kind::Exact, 2, tag);
                bytes.extend(unit.to_le_bytes());
                records(bytes, &runs, Weighed::to_le_bytes)
            }
        })
    }

    /// The state of bytes that [`Self::to_bytes`] gave.
    ///
    /// # Errors
    /// [`DecodeError`]: no state, damaged, of a newer version, or of another kind.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (mut reader, form, tag) = Reader::open(bytes, Kind::Exact)?;
        let form = match form {
            0 => Form::Narrow(read_runs(reader, Narrow::from_le_bytes, None)?),
            1 => Form::Wide(read_runs(reader, Wide::from_le_bytes, None)?),
            2 => {
                let unit = read_unit(&mut reader)?;
                Form::Weighed(read_runs(reader, Weighed::from_le_bytes, Some(unit))?, unit)
            }
            _ => return Err(DecodeError::Impossible("an unknown form")),
        };
        if let Form::Narrow(runs) = &form
            && runs.totals().all() >= NARROW_SAMPLES
        {
            return Err(TOO_LARGE);
        }
        Ok(Self::from_parts(tag, form))
    }
}

/// The number of tallies, and the tallies.
fn records<T: Tally, const N: usize>(mut bytes: Vec<u8>, runs: &Runs<T>, write: fn(T) -> [u8; N]) -> Vec<u8> {
    let run = runs.settled();
    bytes.reserve(8 + N * run.len() + 4);
    bytes.extend((run.len() as u64).to_le_bytes());
    for &tally in run.iter() {
        bytes.extend(write(tally));
    }
    bytes
}

fn read_runs<T: Tally, const N: usize>(
    mut reader: Reader<'_>,
    read: fn([u8; N]) -> T,
    unit: Option<i32>,
) -> Result<Runs<T>, DecodeError> {
    let count = u64::from_le_bytes(reader.array()?);
    let run: Vec<T> = reader.records(count)?.iter().map(|&record| read(record)).collect();
    let none = T::Amount::default();
    let canonical = |tally: &T| {
        let score = tally.score();
        // Made again, NaN, a negative zero and infinities would be another score, or refused.
        score.is_finite() && T::new(score, tally.positive(), tally.amount()).place() == tally.place()
    };
    if !run.iter().all(|tally| canonical(tally) && tally.amount() > none) {
        return Err(DecodeError::Impossible("a score that is not finite, or without samples"));
    }
    if !run.is_sorted_by(|one, next| one.place() < next.place()) {
        return Err(DecodeError::Impossible("scores out of order"));
    }
    checked_total(run.iter().map(|tally| tally.amount()), unit)?;
    Ok(Runs::of(run))
}

impl BoundedRanking {
    /// The state as bytes. Equal states have equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (bins, lowest) = self.content();
        let table = bins.canonical();
        let form = u8::from(matches!(table, Table::Weighed(..)));
        let mut bytes = start(Kind::Bounded, form, self.tag());
        let (low, high, bins) = self.options();
        for number in [low, high, lowest] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend((bins as u32).to_le_bytes());
        match table {
            Table::Counted(bins) => {
                bytes.extend((bins.len() as u64).to_le_bytes());
                bytes.extend(bins.as_flattened().iter().flat_map(|count| count.to_le_bytes()));
            }
            Table::Weighed(bins, unit) => {
                bytes.extend(unit.to_le_bytes());
                bytes.extend((bins.len() as u64).to_le_bytes());
                bytes.extend(bins.as_flattened().iter().flat_map(|amount| amount.to_le_bytes()));
            }
        }
        finish(bytes)
    }

    /// The state of bytes that [`Self::to_bytes`] gave.
    ///
    /// # Errors
    /// [`DecodeError`]: no state, damaged, of a newer version, or of another kind.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (mut reader, form, tag) = Reader::open(bytes, Kind::Bounded)?;
        let mut double = || reader.array().map(f64::from_le_bytes);
        let (low, high, lowest) = (double()?, double()?, double()?);
        let bins = u32::from_le_bytes(reader.array()?) as usize;
        let grid = Grid::new(low, high, bins).map_err(|_| DecodeError::Impossible("impossible bins"))?;
        let (table, total, first) = match form {
            0 => {
                let (table, first) = read_bins(reader, bins, u64::from_le_bytes)?;
                let total = checked_total(table.as_flattened().iter().copied(), None)?;
                (Table::Counted(table), total, first)
            }
            1 => {
                let unit = read_unit(&mut reader)?;
                let (table, first) = read_bins(reader, bins, u128::from_le_bytes)?;
                let total = checked_total(table.as_flattened().iter().copied(), Some(unit))?;
                (Table::Weighed(table, unit), total, first)
            }
            _ => return Err(DecodeError::Impossible("an unknown form")),
        };
        let found = match first {
            None => lowest == f64::INFINITY,
            Some(first) => lowest.is_finite() && grid.bin(lowest) == first,
        };
        if !found {
            return Err(DecodeError::Impossible("a lowest score outside its bin"));
        }
        Ok(Self::from_parts(tag, grid, Bins::of(table, total), lowest + 0.0))
    }
}

/// The bins and the first that holds a sample.
fn read_bins<A: Amount, const N: usize>(
    mut reader: Reader<'_>,
    bins: usize,
    read: fn([u8; N]) -> A,
) -> Result<(Vec<[A; 2]>, Option<usize>), DecodeError> {
    let rows = u64::from_le_bytes(reader.array()?);
    if rows != 0 && rows != bins as u64 {
        return Err(DecodeError::Impossible("another number of bins"));
    }
    let amounts = reader.records(2 * rows)?;
    let table: Vec<[A; 2]> = amounts.as_chunks().0.iter().map(|bin: &[_; 2]| bin.map(read)).collect();
    let first = table.iter().position(|bin| *bin != [A::default(); 2]);
    Ok((table, first))
}
