//! A bucket spread over bins of a few entries, which a sorting network then sorts eight at a time.
//!
//! Each entry goes straight to the next free place of its bin: no histogram, no prefix sums. A bin is a column
//! of a small table; its width in keys is the same for all, so that an even density, as within a bucket, fills
//! half of each. What does not fit is sorted apart.

use crate::auc::Auc;
use crate::keys::Key;
use crate::network::{Columns, DEPTH, WIDTH};
use crate::partition::LONGEST;
use crate::platform::{Work, widest};

/// Entries for each bin: one bin in 300 then has more than `DEPTH`.
const ENTRIES_PER_BIN: usize = DEPTH / 2;

/// Below, the standard sort is faster.
const FEW: usize = 64;

/// The bins of a block of entries are found side by side.
const BLOCK: usize = 128;

/// Bins and their memory, which serves one bucket after another.
#[derive(Default)]
pub(crate) struct Bins<K> {
    tables: Vec<Columns<K>>,
    /// Entries, and 2^16 for each positive, of every bin.
    tallies: Vec<u32>,
    /// All entries of the bins that overflow, sorted.
    crowded: Vec<K>,
}

/// Counts entries of one tie group.
#[inline(always)]
fn tied<K: Key>(entries: &[K]) -> Auc {
    let positives = entries.iter().map(|entry| u64::from(entry.is_positive())).sum();
    Auc::tied(positives, entries.len() as u64 - positives)
}

/// Counts entries that ascend.
fn count_sorted<K: Key>(entries: &[K]) -> Auc {
    let tie_groups = entries.chunk_by(|a, b| a.tie_group() == b.tie_group());
    tie_groups.fold(Auc::default(), |lower, group| lower.followed_by(tied(group)))
}

/// The lowest and the highest entry.
#[inline(always)]
fn extremes<K: Key>(entries: &[K]) -> Option<(K, K)> {
    /// Extremes side by side: the compiler finds several at once.
    const LANES: usize = 64;
    let &first = entries.first()?;
    let (mut min, mut max) = ([first; LANES], [first; LANES]);
    let (rows, rest) = entries.as_chunks::<LANES>();
    for row in rows {
        for lane in 0..LANES {
            min[lane] = min[lane].min(row[lane]);
            max[lane] = max[lane].max(row[lane]);
        }
    }
    let (min, max) =
        (min.into_iter().chain(rest.iter().copied()), max.into_iter().chain(rest.iter().copied()));
    Some((min.fold(first, K::min), max.fold(first, K::max)))
}

impl<K: Key> Bins<K> {
    /// Counts the wins within a bucket; may change the order of its entries.
    pub(crate) fn count(&mut self, entries: &mut [K]) -> Auc {
        if let Some(counts) = widest(Count { bins: self, entries }) {
            return counts;
        }
        entries.sort_unstable();
        count_sorted(entries)
    }

    /// Sorts a bucket.
    pub(crate) fn sort(&mut self, entries: &mut [K]) {
        if !widest(Sort { bins: self, entries }) {
            entries.sort_unstable();
        }
    }

    /// Puts every entry, less the smallest key, into its bin. None where the keys are too uneven for that, or so
    /// far apart that no number is left to mark an empty place.
    #[inline(always)]
    fn spread(&mut self, entries: &[K], min: K, max: K) -> Option<K> {
        if entries.len() > LONGEST {
            return None; // a bin's counters hold 16 bits each
        }
        let base = min.tie_group().pack(false);
        if max.less(base) >= K::PAD {
            return None;
        }
        let tables = entries.len().div_ceil(ENTRIES_PER_BIN * WIDTH);
        self.tables.clear();
        self.tables.resize(tables, [[K::PAD; WIDTH]; DEPTH]);
        self.tallies.clear();
        self.tallies.resize(tables * WIDTH, 0);
        self.crowded.clear();

        // The distance of the keys from the base as a fraction of 2^32, times the bins.
        let range = max.less(base).tie_group().bin(0);
        let bits = u64::BITS - range.leading_zeros();
        let (right, left) = (bits.saturating_sub(u32::BITS), u32::BITS.saturating_sub(bits));
        let scale = ((tables * WIDTH) as u64) << u32::BITS;
        let scale = scale / (((range >> right) << left) + 1);
        let most = entries.len() / DEPTH + DEPTH;
        let (tables, tallies) = (self.tables.as_mut_slice(), self.tallies.as_mut_slice());
        let mut bins = [0; BLOCK];
        for block in entries.chunks(BLOCK) {
            for (bin, &entry) in bins.iter_mut().zip(block) {
                // From the key without the label: entries that tie must not part.
                let fraction = (entry.less(base).tie_group().bin(right) << left) as u32;
                *bin = ((u64::from(fraction) * scale) >> u32::BITS) as u32;
            }
            for (&bin, &entry) in bins.iter().zip(block) {
                let entry = entry.less(base);
                let bin = bin as usize;
                let tally = &mut tallies[bin];
                let place = (*tally & 0xFFFF) as usize;
                *tally += 1 + (u32::from(entry.is_positive()) << 16);
                if place < DEPTH {
                    tables[bin / WIDTH][place][bin % WIDTH] = entry;
                } else if self.crowded.len() < most {
                    self.crowded.push(entry);
                } else {
                    return None;
                }
            }
        }
        if !self.crowded.is_empty() {
            self.empty_crowded_bins();
        }
        Some(base)
    }

    /// Moves the other entries of the bins that overflow to where the rest of them is, and sorts those.
    fn empty_crowded_bins(&mut self) {
        for (table, tallies) in self.tables.iter_mut().zip(self.tallies.chunks(WIDTH)) {
            for (column, tally) in tallies.iter().enumerate() {
                if tally & 0xFFFF > DEPTH as u32 {
                    for row in table.iter_mut() {
                        self.crowded.push(std::mem::replace(&mut row[column], K::PAD));
                    }
                }
            }
        }
        self.crowded.sort_unstable();
    }
}

struct Count<'a, K> {
    bins: &'a mut Bins<K>,
    entries: &'a [K],
}

impl<K: Key> Work for Count<'_, K> {
    type Output = Option<Auc>;

    #[inline(always)]
    fn run(self) -> Option<Auc> {
        if self.entries.len() < FEW {
            return None;
        }
        let (min, max) = extremes(self.entries)?;
        if min.tie_group() == max.tie_group() {
            return Some(tied(self.entries));
        }
        self.bins.spread(self.entries, min, max)?;
        // At most 2^16 entries, so that all sums fit.
        let (mut twice_wins, mut positives, mut negatives) = (0, 0, 0);
        let mut crowded = self.bins.crowded.as_slice();
        for (table, tallies) in self.bins.tables.iter_mut().zip(self.bins.tallies.chunks(WIDTH)) {
            twice_wins += K::count_columns(table);
            for &tally in tallies {
                let (count, own) = (u64::from(tally & 0xFFFF), u64::from(tally >> 16));
                twice_wins += 2 * own * negatives;
                positives += own;
                negatives += count - own;
                if count > DEPTH as u64 {
                    let (bin, others) = crowded.split_at(count as usize);
                    twice_wins += count_sorted(bin).twice_wins as u64;
                    crowded = others;
                }
            }
        }
        Some(Auc { twice_wins: twice_wins.into(), positives, negatives })
    }
}

struct Sort<'a, K> {
    bins: &'a mut Bins<K>,
    entries: &'a mut [K],
}

impl<K: Key> Work for Sort<'_, K> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        if self.entries.len() < FEW {
            return false;
        }
        let range = extremes(self.entries);
        let Some(base) = range.and_then(|(min, max)| self.bins.spread(self.entries, min, max)) else {
            return false;
        };
        let mut crowded = self.bins.crowded.as_slice();
        let mut rest = self.entries;
        for (table, tallies) in self.bins.tables.iter_mut().zip(self.bins.tallies.chunks(WIDTH)) {
            K::sort_columns(table);
            for (column, &tally) in tallies.iter().enumerate() {
                let count = (tally & 0xFFFF) as usize;
                if count > DEPTH {
                    let (bin, others) = crowded.split_at(count);
                    for (entry, &sorted) in rest.iter_mut().zip(bin) {
                        *entry = sorted.plus(base);
                    }
                    crowded = others;
                } else if let Some(places) = rest.first_chunk_mut::<DEPTH>() {
                    // All of the column, whose end the next bin overwrites: no branch on the count.
                    for (place, row) in places.iter_mut().zip(table.iter()) {
                        *place = row[column].plus(base);
                    }
                } else {
                    for (place, row) in rest.iter_mut().take(count).zip(table.iter()) {
                        *place = row[column].plus(base);
                    }
                }
                rest = rest.split_at_mut(count).1;
            }
        }
        true
    }
}
