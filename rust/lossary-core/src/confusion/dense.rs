//! Confusion matrices of labels whose range is not known: finding the classes and counting them is one pass.
//!
//! Pairs are counted in a table over a window of labels, block by block. A label outside the window only sets a
//! flag, read once per block; the counts of such a block are taken back, and a wider window is begun.

use super::{ClassLabel, ConfusionError, Tallies, check_lengths, zeros};
use crate::platform;
use crate::threads;

/// Windows of at most so many labels, as a power of two: a table of 1 MB, and one of 8 MB that is seldom touched.
const MOST_BITS: u32 = 10;

/// Windows of up to so many labels are few, as a power of two.
const FEW_BITS: u32 = 5;
const TURNS: usize = 4;

/// Pairs whose counts are taken back at once.
const BLOCK: usize = 1 << 12;

/// Counts of pairs of the labels `low .. low + classes`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dense {
    /// The smallest label.
    pub low: i64,
    /// Labels up to the largest; some may be missing in between.
    pub classes: usize,
    /// How often each label (row) was predicted as each (column), row by row.
    pub counts: Vec<u64>,
}

/// Counts how often each label was predicted as each, over the range that the labels turn out to span; None where
/// that is more than 1,024, or far more than there are labels, or labels do not fit in 63 bits and a sign.
///
/// O(n) time; for each thread tables of at most 9 MB.
///
/// # Errors
/// [`ConfusionError::LengthMismatch`].
///
/// ```
/// use lossary_core::confusion::dense::dense_confusion;
/// let dense = dense_confusion(&[7, 9, 9], &[9, 9, 9])?.unwrap();
/// assert_eq!((dense.low, dense.classes), (7, 3));
/// assert_eq!(dense.counts, [0, 0, 1, 0, 0, 0, 0, 0, 2]);
/// # Ok::<(), lossary_core::confusion::ConfusionError>(())
/// ```
pub fn dense_confusion<L: ClassLabel>(
    actual: &[L],
    predicted: &[L],
) -> Result<Option<Dense>, ConfusionError> {
    check_lengths(actual, predicted.len())?;
    // A table of few labels takes longer to clear than to fill.
    let affordable = (8 * actual.len().max(1 << 9)).ilog2() / 2;
    let most_bits = affordable.min(MOST_BITS);
    let threads = threads::threads_for(actual.len());
    let parts = threads::map(threads::parts(actual.len(), threads), threads, |part| {
        count(&actual[part.clone()], &predicted[part], most_bits)
    });
    let whole = parts.into_iter().try_fold(Dense::default(), |sum, part| sum.merge(part?));
    Ok(whole.filter(|dense| dense.low >= L::LEAST))
}

fn count<L: ClassLabel>(actual: &[L], predicted: &[L], most_bits: u32) -> Option<Dense> {
    let mut done = Dense::default();
    let first = actual.first().map_or(0, |label| label.key());
    let mut window = Window::around((first, first), 0, most_bits)?;
    for (truths, guesses) in actual.chunks(BLOCK).zip(predicted.chunks(BLOCK)) {
        if window.add(truths, guesses) {
            continue;
        }
        window.take_back(truths, guesses);
        let bits = window.bits;
        done = done.merge(window.dense())?;
        let keys = truths.iter().chain(guesses).map(|label| label.key());
        let range = keys.fold(done.range().unwrap_or((i64::MAX, i64::MIN)), |(min, max), key| {
            (min.min(key), max.max(key))
        });
        window = Window::around(range, bits + 1, most_bits)?;
        window.add(truths, guesses);
    }
    done.merge(window.dense())
}

impl Dense {
    /// Smallest and largest label; None without labels.
    fn range(&self) -> Option<(i64, i64)> {
        let last = self.classes.checked_sub(1)?;
        Some((self.low, self.low + last as i64))
    }

    /// The counts of both; None where they span too many labels.
    fn merge(self, other: Self) -> Option<Self> {
        let (Some(own), Some(others)) = (self.range(), other.range()) else {
            return Some(if self.classes == 0 { other } else { self });
        };
        let (low, high) = (own.0.min(others.0), own.1.max(others.1));
        let last = high.wrapping_sub(low) as u64;
        if last >= 1 << MOST_BITS {
            return None;
        }
        if low == own.0 && high == own.1 {
            let mut sum = self;
            sum.add(&other);
            return Some(sum);
        }
        let classes = last as usize + 1;
        let mut sum = Self { low, classes, counts: vec![0; classes * classes] };
        sum.add(&self);
        sum.add(&other);
        Some(sum)
    }

    /// Adds counts of labels within the range.
    fn add(&mut self, other: &Self) {
        let skip = (other.low - self.low) as usize;
        let rows = self.counts.chunks_exact_mut(self.classes).skip(skip);
        for (row, counts) in rows.zip(other.counts.chunks_exact(other.classes)) {
            row[skip..].iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
    }

    /// Diagonal and margins.
    ///
    /// # Errors
    /// Memory for three numbers per class.
    pub fn tallies(&self) -> Result<Tallies<u64>, ConfusionError> {
        let mut tallies = Tallies {
            hits: zeros(Some(self.classes), self.classes)?,
            actual: zeros(Some(self.classes), self.classes)?,
            predicted: zeros(Some(self.classes), self.classes)?,
        };
        for (class, row) in self.counts.chunks_exact(self.classes.max(1)).enumerate() {
            tallies.hits[class] = row[class];
            tallies.actual[class] = row.iter().sum();
            tallies.predicted.iter_mut().zip(row).for_each(|(sum, count)| *sum += count);
        }
        Ok(tallies)
    }
}

/// Counts of pairs of the labels `low .. low + 2^bits`.
struct Window {
    low: i64,
    bits: u32,
    table: Table,
}

enum Table {
    /// A few pairs: tables that take turns, else the same pair twice in a row would wait for its own store.
    Few(Vec<u32>),
    /// A byte for each pair, so that the cache holds a thousand classes; what a byte has no room for is carried.
    Many { bytes: Vec<u8>, carried: Vec<u64> },
}

impl Window {
    /// A window over a range, of `2^bits` labels or more, as far as allowed, the spare ones on both sides.
    fn around((min, max): (i64, i64), bits: u32, most_bits: u32) -> Option<Self> {
        let last = max.wrapping_sub(min) as u64;
        let bits = (u64::BITS - last.leading_zeros()).max(bits.min(most_bits));
        if bits > most_bits {
            return None;
        }
        let spare = (1 << bits) - 1 - last;
        let low = min.saturating_sub((spare / 2) as i64).min(i64::MAX - ((1 << bits) - 1));
        let cells = 1 << (2 * bits);
        let table = if bits <= FEW_BITS {
            Table::Few(platform::zeros(TURNS * cells))
        } else {
            Table::Many { bytes: platform::zeros(cells), carried: platform::zeros(cells) }
        };
        Some(Self { low, bits, table })
    }

    /// Counts pairs; false where a label is outside, which counts somewhere.
    fn add<L: ClassLabel>(&mut self, actual: &[L], predicted: &[L]) -> bool {
        let (low, bits) = (self.low, self.bits);
        match &mut self.table {
            Table::Few(counts) => {
                let last = counts.len() - 1;
                for_each_cell(actual, predicted, low, bits, |turn, cell| {
                    counts[(turn << (2 * bits) | cell) & last] += 1;
                })
            }
            Table::Many { bytes, carried } => {
                let last = bytes.len() - 1;
                for_each_cell(actual, predicted, low, bits, |_, cell| {
                    let byte = &mut bytes[cell & last];
                    *byte = byte.wrapping_add(1);
                    if *byte == 0 {
                        carried[cell] += 1 << u8::BITS;
                    }
                })
            }
        }
    }

    /// Takes back what [`Self::add`] counted.
    fn take_back<L: ClassLabel>(&mut self, actual: &[L], predicted: &[L]) {
        let bits = self.bits;
        let table = &mut self.table;
        for_each_cell(actual, predicted, self.low, bits, |turn, cell| match table {
            Table::Few(counts) => counts[turn << (2 * bits) | cell] -= 1,
            Table::Many { bytes, carried } => {
                if bytes[cell] == 0 {
                    carried[cell] -= 1 << u8::BITS;
                }
                bytes[cell] = bytes[cell].wrapping_sub(1);
            }
        });
    }

    /// The counts, from the smallest label that was counted to the largest.
    fn dense(self) -> Dense {
        let side = 1 << self.bits;
        let mut table = match self.table {
            Table::Few(counts) => {
                let mut table = vec![0; side * side];
                for turn in counts.chunks_exact(table.len()) {
                    table.iter_mut().zip(turn).for_each(|(sum, &count)| *sum += u64::from(count));
                }
                table
            }
            Table::Many { bytes, mut carried } => {
                carried.iter_mut().zip(bytes).for_each(|(sum, byte)| *sum += u64::from(byte));
                carried
            }
        };
        let mut used = vec![0; side];
        for (place, row) in table.chunks_exact(side).enumerate() {
            used[place] |= row.iter().fold(0, |all, count| all | count);
            used.iter_mut().zip(row).for_each(|(all, count)| *all |= count);
        }
        let is_used = |&all: &u64| all != 0;
        let (Some(first), Some(last)) = (used.iter().position(is_used), used.iter().rposition(is_used))
        else {
            return Dense::default();
        };
        let classes = last - first + 1;
        for row in 0..classes {
            let start = (first + row) * side + first;
            table.copy_within(start..start + classes, row * classes);
        }
        table.truncate(classes * classes);
        Dense { low: self.low + first as i64, classes, counts: table }
    }
}

/// Calls `visit` with a turn and the cell of each pair; false where a label is outside of its window.
#[inline(always)]
fn for_each_cell<L: ClassLabel>(
    actual: &[L],
    predicted: &[L],
    low: i64,
    bits: u32,
    mut visit: impl FnMut(usize, usize),
) -> bool {
    let mask = (1_u64 << bits) - 1;
    let mut seen = 0;
    let mut pair = |turn, truth, guess| {
        let (row, column) = (offset(truth, low), offset(guess, low));
        seen |= row | column;
        visit(turn, ((row & mask) << bits | (column & mask)) as usize);
    };
    let (truths, rest) = actual.as_chunks::<TURNS>();
    let (guesses, others) = predicted.as_chunks::<TURNS>();
    for (truths, guesses) in truths.iter().zip(guesses) {
        for turn in 0..TURNS {
            pair(turn, truths[turn], guesses[turn]);
        }
    }
    for (&truth, &guess) in rest.iter().zip(others) {
        pair(0, truth, guess);
    }
    seen <= mask
}

/// How far a label is above the lowest; a huge number when it is below.
#[inline(always)]
fn offset<L: ClassLabel>(label: L, low: i64) -> u64 {
    label.key().wrapping_sub(low) as u64
}
