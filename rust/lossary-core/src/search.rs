//! The search behind thresholds and operating points: which points of the ROC curve matter, without a sort.
//!
//! A labelled histogram of the scores gives the counts at the borders of its bins, which are points of the ROC
//! curve. A question about the curve needs the points inside a few bins only: just those are gathered and
//! sorted, or, when a bin is crowded, divided again. Counts are exact integers, so the answer is that of the
//! full curve.

use crate::criteria::Outcome;
use crate::keys::{Key, Score};
use crate::overview::Overview;
use crate::ranking::{RankingError, check_finite, check_lengths, survey};
use crate::threads;
use std::ops::Range;

/// The most bins of a histogram: a table of 256 KiB, which the second level of cache holds.
const BINS: u64 = 1 << 15;

/// A histogram has a bin for so many entries at most.
const ENTRIES_PER_BIN: usize = 8;

/// Up to this many entries, a sort is faster than a histogram.
const FEW: usize = 1 << 10;

/// A question about the ROC curve, answered in two steps: which stretches matter, and their points.
pub(crate) trait Query<K> {
    /// The first point: nothing is accepted.
    fn start(&mut self, nothing: Outcome);

    /// A point of the curve whose threshold is not known.
    fn border(&mut self, at: &Outcome);

    /// Whether the answer may depend on the points after `above`, up to and including `end`.
    fn wants(&self, above: &Outcome, end: &Outcome) -> bool;

    /// A point of a wanted stretch, from high thresholds to low, and the point before it.
    fn point(&mut self, before: &Outcome, at: &Outcome, key: K);
}

/// Asks a query. Takes O(n) time when few bins matter, O(n log n) at worst, and the memory of what is gathered.
pub(crate) fn search<S: Score>(
    scores: &[S],
    labels: &[u8],
    query: &mut impl Query<S::Key>,
) -> Result<Outcome, RankingError> {
    check_lengths(scores, labels)?;
    if let Some(overview) = Overview::new(scores, labels)? {
        return Ok(answer(&overview, query));
    }
    let survey = survey(scores)?;
    if !(survey.min.is_finite() && survey.max.is_finite()) {
        check_finite(scores)?; // names the position
    }
    let samples = Labelled { scores, labels };
    Ok(answer(&Histogram::new(&samples, survey.min.key(), survey.max.key()), query))
}

fn answer<K: Key>(division: &impl Division<K>, query: &mut impl Query<K>) -> Outcome {
    let (positives, negatives) = division
        .tallies()
        .iter()
        .fold((0, 0), |(positives, negatives), bin| (positives + bin.positives, negatives + bin.negatives));
    let nothing = Outcome { positives, negatives, ..Outcome::default() };
    query.start(nothing);
    descend(division, nothing, query);
    Outcome { true_positives: positives, false_positives: negatives, ..nothing }
}

/// Samples divided into bins of neighbouring scores. A bin never holds keys of both top bits.
pub(crate) trait Division<K: Key> {
    /// What each bin holds, the lowest scores first.
    fn tallies(&self) -> &[Tally];

    /// Whether the keys of a bin have the top bit set.
    fn top(&self, bin: usize) -> bool;

    /// The entries of each stretch, packed; of a bin that holds a single key, one may stand for all.
    fn gather(&self, wanted: &[Stretch]) -> Vec<Vec<K>>;
}

/// Entries whose bins are found together, without a branch, before any is counted or gathered.
const BLOCK: usize = 256;

fn blocks(part: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    part.clone().step_by(BLOCK).map(move |start| start..part.end.min(start + BLOCK))
}

/// Keys with their labels.
trait Pairs<K>: Sync {
    fn len(&self) -> usize;
    fn pair(&self, index: usize) -> (K, bool);
    fn pairs(&self, range: Range<usize>) -> impl Iterator<Item = (K, bool)>;
}

struct Labelled<'a, S> {
    scores: &'a [S],
    labels: &'a [u8],
}

impl<S: Score> Pairs<S::Key> for Labelled<'_, S> {
    fn len(&self) -> usize {
        self.scores.len()
    }

    fn pair(&self, index: usize) -> (S::Key, bool) {
        (self.scores[index].key(), self.labels[index] != 0)
    }

    #[inline(always)]
    fn pairs(&self, range: Range<usize>) -> impl Iterator<Item = (S::Key, bool)> {
        let labels = &self.labels[range.clone()];
        self.scores[range].iter().zip(labels).map(|(score, &label)| (score.key(), label != 0))
    }
}

/// Gathered entries, whose keys all have the top bit `top`.
struct Gathered<K> {
    packed: Vec<K>,
    top: bool,
}

impl<K: Key> Pairs<K> for Gathered<K> {
    fn len(&self) -> usize {
        self.packed.len()
    }

    fn pair(&self, index: usize) -> (K, bool) {
        let packed = self.packed[index];
        (packed.unpack(self.top), packed.is_positive())
    }

    #[inline(always)]
    fn pairs(&self, range: Range<usize>) -> impl Iterator<Item = (K, bool)> {
        self.packed[range].iter().map(|packed| (packed.unpack(self.top), packed.is_positive()))
    }
}

/// Samples of a bin.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) positives: u64,
    pub(crate) negatives: u64,
}

/// Tallies by `(key >> shift) - first`.
struct Histogram<'a, P> {
    samples: &'a P,
    shift: u32,
    first: u64,
    bins: Vec<Tally>,
}

impl<'a, P> Histogram<'a, P> {
    fn new<K: Key>(samples: &'a P, min: K, max: K) -> Self
    where
        P: Pairs<K>,
    {
        let most = match samples.len() {
            ..=FEW => 2,
            many => BINS.min((many / ENTRIES_PER_BIN) as u64),
        };
        let shift = (0..K::BITS).find(|&shift| max.bin(shift) - min.bin(shift) < most);
        let shift = shift.unwrap_or(K::BITS - 1);
        let first = min.bin(shift);
        let width = (max.bin(shift) - first) as usize + 1;
        let threads = threads::threads_for(samples.len());
        let parts = threads::map(threads::parts(samples.len(), threads), threads, |part| {
            let mut counts = vec![[0_u32; 2]; width.next_power_of_two()];
            // The mask changes nothing; it tells the compiler that the index is inside the table.
            let (shift, first, mask) = (shift, first, counts.len() - 1);
            for block in blocks(part) {
                let mut slots = [(0_u32, 0_u32); BLOCK];
                for (slot, (key, positive)) in slots.iter_mut().zip(samples.pairs(block.clone())) {
                    *slot = ((key.bin(shift) - first) as u32, u32::from(positive));
                }
                for &(bin, positive) in &slots[..block.len()] {
                    counts[bin as usize & mask][(positive & 1) as usize] += 1;
                }
            }
            counts
        });
        let mut bins = vec![Tally::default(); width];
        for part in parts {
            for (bin, [negatives, positives]) in bins.iter_mut().zip(part) {
                bin.positives += u64::from(positives);
                bin.negatives += u64::from(negatives);
            }
        }
        Self { samples, shift, first, bins }
    }
}

/// The stretches of the curve in the bins that are not empty, from the highest down.
fn stretches(bins: &[Tally], above: Outcome) -> impl Iterator<Item = Stretch> {
    let filled = bins.iter().enumerate().rev();
    let filled = filled.filter(|(_, tally)| tally.positives + tally.negatives > 0);
    filled.scan(above, |above, (bin, tally)| {
        let before = std::mem::replace(above, after(above, *tally));
        Some(Stretch { bin, above: before, end: *above })
    })
}

fn after(above: &Outcome, tally: Tally) -> Outcome {
    Outcome {
        true_positives: above.true_positives + tally.positives,
        false_positives: above.false_positives + tally.negatives,
        ..*above
    }
}

/// The points of one bin: after `above`, up to and including `end`.
pub(crate) struct Stretch {
    pub(crate) bin: usize,
    above: Outcome,
    end: Outcome,
}

/// Tells the query about the borders of all bins, then about the points of those that it wants.
fn descend<K: Key>(division: &impl Division<K>, above: Outcome, query: &mut impl Query<K>) {
    let all = || stretches(division.tallies(), above);
    all().for_each(|stretch| query.border(&stretch.end));
    let wanted: Vec<Stretch> = all().filter(|stretch| query.wants(&stretch.above, &stretch.end)).collect();
    for (stretch, packed) in wanted.iter().zip(division.gather(&wanted)) {
        // Asked again: what came above may have settled it.
        if query.wants(&stretch.above, &stretch.end) {
            visit(Gathered { packed, top: division.top(stretch.bin) }, stretch, query);
        }
    }
}

/// Where the entries of each bin are gathered, [`CLOSED`] for nowhere; and the lowest wanted bin and how many more
/// there are up to the highest. None if no bin is wanted.
pub(crate) fn places(wanted: &[Stretch], bins: usize) -> Option<(Vec<u32>, u32, u32)> {
    let mut places = vec![CLOSED; bins];
    for (place, stretch) in wanted.iter().enumerate() {
        places[stretch.bin] = place as u32;
    }
    let (highest, lowest) = (wanted.first()?.bin, wanted.last()?.bin);
    Some((places, lowest as u32, (highest - lowest) as u32))
}

/// No place.
pub(crate) const CLOSED: u32 = u32::MAX;

/// What the parts gathered, part by part.
pub(crate) fn joined<K>(parts: Vec<Vec<Vec<K>>>) -> Vec<Vec<K>> {
    let joined = parts.into_iter().reduce(|mut joined, part| {
        joined.iter_mut().zip(part).for_each(|(all, own)| all.extend(own));
        joined
    });
    joined.unwrap_or_default()
}

impl<K: Key, P: Pairs<K>> Division<K> for Histogram<'_, P> {
    fn tallies(&self) -> &[Tally] {
        &self.bins
    }

    fn top(&self, bin: usize) -> bool {
        (self.first + bin as u64) >> (K::BITS - 1 - self.shift) == 1
    }

    fn gather(&self, wanted: &[Stretch]) -> Vec<Vec<K>> {
        let Some((places, lowest, width)) = places(wanted, self.bins.len()) else {
            return Vec::new();
        };
        let (samples, shift, first) = (self.samples, self.shift, self.first);
        let threads = threads::threads_for(samples.len());
        joined(threads::map(threads::parts(samples.len(), threads), threads, |part| {
            let (lowest, width) = (lowest, width); // in registers, not behind the closure
            let mut gathered: Vec<Vec<K>> = vec![Vec::new(); wanted.len()];
            for block in blocks(part) {
                let mut bins = [0_u32; BLOCK];
                for (bin, (key, _)) in bins.iter_mut().zip(samples.pairs(block.clone())) {
                    *bin = (key.bin(shift) - first) as u32;
                }
                // Most bins are outside the range, which takes no look at the table to see.
                let (mut hits, mut count) = ([0_u8; BLOCK], 0);
                for (place, bin) in bins[..block.len()].iter().enumerate() {
                    hits[count & (BLOCK - 1)] = place as u8;
                    count += usize::from(bin.wrapping_sub(lowest) <= width);
                }
                for &hit in &hits[..count] {
                    let place = places[bins[usize::from(hit)] as usize];
                    if place != CLOSED && (shift > 0 || gathered[place as usize].is_empty()) {
                        let (key, positive) = samples.pair(block.start + usize::from(hit));
                        gathered[place as usize].push(key.pack(positive));
                    }
                }
            }
            gathered
        }))
    }
}

/// Tells the query about the points of one stretch.
fn visit<K: Key>(mut gathered: Gathered<K>, stretch: &Stretch, query: &mut impl Query<K>) {
    let keys = || gathered.packed.iter().map(|packed| packed.unpack(gathered.top));
    let (Some(min), Some(max)) = (keys().min(), keys().max()) else {
        return;
    };
    if min == max {
        query.point(&stretch.above, &stretch.end, min);
    } else if gathered.packed.len() > FEW {
        descend(&Histogram::new(&gathered, min, max), stretch.above, query);
    } else {
        gathered.packed.sort_unstable();
        let mut above = stretch.above;
        for tied in gathered.packed.chunk_by(|a, b| a.tie_group() == b.tie_group()).rev() {
            let positives = tied.iter().filter(|packed| packed.is_positive()).count() as u64;
            let at = after(&above, Tally { positives, negatives: tied.len() as u64 - positives });
            if let Some(packed) = tied.first() {
                query.point(&above, &at, packed.unpack(gathered.top));
            }
            above = at;
        }
    }
}
