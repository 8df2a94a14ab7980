//! Few distinct scores: positives and negatives counted score by score, without a sort of the samples.
//!
//! Rounded, quantised and half-precision scores, counts and ratings have far fewer values than there are samples.
//! Where each value has a bin of the grid of its own (half precision, small integers) the bin is the place of its
//! counters; else a hash table finds them. O(n) time; the memory is that of the values, at most 4 MB a thread.

use crate::grid::Grid;
use crate::keys::{Key, Score};
use crate::platform::{Work, widest};
use crate::ranking::Survey;
use crate::threads;
use std::ops::Range;

/// Fewer samples are sorted sooner.
pub(crate) const WORTHWHILE: usize = 1 << 15;

/// As many distinct scores at most.
const MOST: usize = 1 << 16;

/// So many scores, evenly spread, tell whether it is worth a try.
const SAMPLE: usize = 1 << 12;

/// With fewer scores in the sample, neighbours are often equal, and each would wait for the counter of the one
/// before: so many neighbours have counters of their own.
const CROWDED: usize = 1 << 10;
const LANES: usize = 4;

/// Scores are read in blocks, whose keys are made side by side.
pub(crate) const BLOCK: usize = 256;

/// A score, and the samples that have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TieGroup<K> {
    pub(crate) key: K,
    pub(crate) positives: u64,
    pub(crate) negatives: u64,
}

/// The tie groups, ascending; None where there are many, or too few samples to look.
pub(crate) fn tie_groups<S: Score>(
    scores: &[S],
    labels: &[u8],
    survey: &Survey<S>,
) -> Option<Vec<TieGroup<S::Key>>> {
    if scores.len() < WORTHWHILE {
        return None;
    }
    let sample = sample(scores);
    let grid = survey.grid();
    if sample.iter().all(|&key| grid.is_alone(key)) {
        let lanes = if sample.chunk_by(|a, b| a == b).count() < CROWDED { LANES } else { 1 };
        return count(scores, labels, |part| widest(Direct { grid, lanes, scores, labels, part }));
    }
    let pairs = sample.chunk_by(|a, b| a == b).map(|ties| ties.len() * (ties.len() - 1) / 2).sum::<usize>();
    // Among `MOST` scores, all as frequent, as many pairs of the sample tie.
    if pairs < SAMPLE * SAMPLE / 2 / MOST {
        return None;
    }
    let unused = S::Key::beside(survey.min.key(), survey.max.key())?;
    count(scores, labels, |part| widest(Hashed { unused, scores, labels, part }))
}

/// The keys of evenly spread scores, of at least [`WORTHWHILE`], in ascending order.
pub(crate) fn sample<S: Score>(scores: &[S]) -> Vec<S::Key> {
    let spread = scores.iter().step_by(scores.len() / SAMPLE);
    let mut sample: Vec<S::Key> = spread.map(|&score| score.key()).collect();
    sample.sort_unstable();
    sample
}

/// Counts part by part, and joins what the parts found.
fn count<S: Score>(
    scores: &[S],
    labels: &[u8],
    work: impl Fn(Range<usize>) -> Option<Vec<TieGroup<S::Key>>> + Sync,
) -> Option<Vec<TieGroup<S::Key>>> {
    debug_assert_eq!(scores.len(), labels.len());
    let threads = threads::threads_for(scores.len());
    let found = threads::map(threads::parts(scores.len(), threads), threads, work);
    let mut all = found.into_iter().collect::<Option<Vec<_>>>()?.concat();
    all.sort_unstable_by_key(|group| group.key);
    all.dedup_by(|next, group| {
        let tied = next.key == group.key;
        if tied {
            group.positives += next.positives;
            group.negatives += next.negatives;
        }
        tied
    });
    Some(all)
}

/// Negatives and positives of one score, within one part: fewer than 2^32.
type Counts = [u32; 2];

fn tie_group<K: Key>(key: K, counts: Counts) -> TieGroup<K> {
    let [negatives, positives] = counts.map(u64::from);
    TieGroup { key, positives, negatives }
}

/// Counts by the bin of a grid; None once two scores may share a bin.
struct Direct<'a, S: Score> {
    grid: Grid<S::Key>,
    /// Tables of counters, a power of two: one for every so many neighbours.
    lanes: usize,
    scores: &'a [S],
    labels: &'a [u8],
    part: Range<usize>,
}

impl<S: Score> Work for Direct<'_, S> {
    type Output = Option<Vec<TieGroup<S::Key>>>;

    #[inline(always)]
    fn run(self) -> Self::Output {
        let mut counts = vec![Counts::default(); self.grid.bins * self.lanes];
        let mut bins = [0; BLOCK];
        let scores = self.scores[self.part.clone()].chunks(BLOCK);
        for (scores, labels) in scores.zip(self.labels[self.part].chunks(BLOCK)) {
            let mut alone = true;
            for (bin, score) in bins.iter_mut().zip(scores) {
                let key = score.key();
                *bin = self.grid.bin(key);
                alone &= self.grid.is_alone(key);
            }
            if !alone {
                return None;
            }
            for (place, (&bin, &label)) in bins.iter().zip(labels).enumerate() {
                let table = (place & (self.lanes - 1)) * self.grid.bins;
                counts[table + bin as usize][usize::from(label != 0)] += 1;
            }
        }
        let (first, others) = counts.split_at_mut(self.grid.bins);
        for table in others.chunks_exact(self.grid.bins) {
            for (total, counts) in first.iter_mut().zip(table) {
                *total = [total[0] + counts[0], total[1] + counts[1]];
            }
        }
        let groups = (0..).zip(first.iter().copied()).filter(|&(_, counts)| counts != [0; 2]);
        Some(groups.map(|(bin, counts)| tie_group(self.grid.key(bin), counts)).collect())
    }
}

/// Counts by a hash table with open addressing; None once there are too many scores.
struct Hashed<'a, S: Score> {
    /// A key that no score has.
    unused: S::Key,
    scores: &'a [S],
    labels: &'a [u8],
    part: Range<usize>,
}

impl<S: Score> Work for Hashed<'_, S> {
    type Output = Option<Vec<TieGroup<S::Key>>>;

    #[inline(always)]
    fn run(self) -> Self::Output {
        let mut table = Table::<_, Counts>::new(self.unused, 10);
        let mut keys = [S::Key::default(); BLOCK];
        let scores = self.scores[self.part.clone()].chunks(BLOCK);
        for (scores, labels) in scores.zip(self.labels[self.part].chunks(BLOCK)) {
            for (key, score) in keys.iter_mut().zip(scores) {
                *key = score.key();
            }
            for (&key, &label) in keys.iter().zip(labels) {
                table.value(key)[usize::from(label != 0)] += 1;
            }
            table = table.with_room(MOST)?;
        }
        Some(table.entries().map(|(key, counts)| tie_group(key, counts)).collect())
    }
}

/// A map from keys to values of which none that is kept is the default.
pub(crate) struct Table<K, V> {
    unused: K,
    bits: u32,
    used: usize,
    keys: Vec<K>,
    values: Vec<V>,
}

impl<K: Key, V: Copy + Default + PartialEq> Table<K, V> {
    /// `unused`: a key that is never looked up.
    pub(crate) fn new(unused: K, bits: u32) -> Self {
        let (keys, values) = (vec![unused; 1 << bits], vec![V::default(); 1 << bits]);
        Self { unused, bits, used: 0, keys, values }
    }

    /// Where a key is, or will be.
    #[inline(always)]
    fn place(&self, key: K) -> usize {
        let last = self.keys.len() - 1;
        // Multiplicative hashing by the golden ratio: Knuth, The Art of Computer Programming 3, 6.4.
        let mut place = (key.bin(0).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - self.bits)) as usize;
        loop {
            place &= last;
            let found = self.keys[place];
            if found == key || found == self.unused {
                return place;
            }
            place += 1;
        }
    }

    /// The value of a key, the default where it is new.
    #[inline(always)]
    pub(crate) fn value(&mut self, key: K) -> &mut V {
        let place = self.place(key);
        if self.keys[place] == self.unused {
            self.keys[place] = key;
            self.used += 1;
        }
        &mut self.values[place]
    }

    #[inline(always)]
    pub(crate) fn get(&self, key: K) -> V {
        self.values[self.place(key)]
    }

    /// A table of twice the size where it is needed for a block of new keys; None where there are too many already.
    #[inline(always)]
    pub(crate) fn with_room(self, most: usize) -> Option<Self> {
        // Half of the table is free at least: a block more fits, and searches stay short.
        if self.used + BLOCK <= self.keys.len() / 2 {
            return Some(self);
        }
        (self.used <= most).then(|| self.grown())
    }

    /// Twice the size: a table of few keys stays in the nearest cache.
    fn grown(self) -> Self {
        let mut larger = Self::new(self.unused, self.bits + 1);
        for (key, value) in self.entries() {
            *larger.value(key) = value;
        }
        larger
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (K, V)> {
        let entries = self.keys.iter().copied().zip(self.values.iter().copied());
        entries.filter(|&(_, value)| value != V::default())
    }
}
