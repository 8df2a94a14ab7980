//! The area that the entries of a bucket have among themselves, in weights.
//!
//! Sorted entries are cut into [`LANES`] runs of about the same length, which are summed side by side: a sum in about
//! 106 bits is a long chain of additions, and the runs' chains do not wait for each other.

use crate::auc::WeightedAuc;
use crate::double_double::DoubleDouble;
use crate::keys::Key;
use crate::platform::{Work, widest};
use crate::ranking::Entry;
use crate::weights::{Order, Weighted, are_near, entry};

/// Runs side by side.
const LANES: usize = 8;

/// Entries of each run that are brought to the rows of a table at a time.
const ROWS: usize = 32;

/// Where this many entries tie, they are summed together.
const CROWD: usize = 32;

/// The sums of a bucket; may change the order of its entries.
pub(crate) fn of_bucket<K: Key>(order: &mut Order<K>, entries: &mut [Weighted<K>]) -> WeightedAuc {
    let Some(words) = order.words(entries) else {
        entries.sort_unstable_by_key(|entry| entry.packed());
        return WeightedAuc::of_sorted(entries);
    };
    let sum_groups = |words: &[u64]| {
        let sorted: Vec<_> = words.iter().map(|&word| entry(word, entries)).collect();
        WeightedAuc::of_sorted(&sorted)
    };
    let mut steps = (CROWD..words.len()).step_by(CROWD);
    if steps.any(|place| tie(words[place - CROWD], words[place], entries)) {
        return sum_groups(words);
    }
    settle(words, entries);
    widest(Sum { words, entries }).unwrap_or_else(|| sum_groups(words))
}

/// Brings entries of the same key and label to the order of their weights, which that of the samples does not change.
fn settle<K: Key>(words: &mut [u64], entries: &[Weighted<K>]) {
    let rank = |word: u64| {
        let entry = entry(word, entries);
        u128::from(entry.packed().bin(0)) << 64 | u128::from(entry.weight().to_bits())
    };
    // Without a branch for each word, which nothing could predict.
    let (mut firsts, mut count) = (vec![0_u16; words.len()], 0);
    for (first, pair) in (0..).zip(words.windows(2)) {
        firsts[count] = first;
        count += usize::from(are_near(pair[0], pair[1]));
    }
    for near in firsts[..count].chunk_by(|&a, &b| a + 1 == b) {
        let near = &mut words[usize::from(near[0])..][..near.len() + 1];
        if let [one, other] = near {
            let falls = rank(*one) > rank(*other);
            (*one, *other) = if falls { (*other, *one) } else { (*one, *other) };
        } else {
            near.sort_unstable_by_key(|&word| rank(word));
        }
    }
}

/// Whether two entries have the same score.
#[inline(always)]
fn tie<K: Key>(a: u64, b: u64, entries: &[Weighted<K>]) -> bool {
    entry(a, entries).packed().tie_group() == entry(b, entries).packed().tie_group()
}

/// Sums entries whose words ascend; None where a negative has a negative weight.
struct Sum<'a, K> {
    words: &'a [u64],
    entries: &'a [Weighted<K>],
}

impl<'a, K: Key> Sum<'a, K> {
    /// The words in runs that part no tie group.
    #[inline(always)]
    fn runs(&self) -> [&'a [u64]; LANES] {
        let mut runs = [&self.words[..0]; LANES];
        let mut start = 0;
        for (run, lane) in runs.iter_mut().zip(1..) {
            let mut end = (self.words.len() * lane / LANES).max(start);
            while 0 < end && end < self.words.len() && tie(self.words[end - 1], self.words[end], self.entries)
            {
                end += 1;
            }
            *run = &self.words[start..end];
            start = end;
        }
        runs
    }
}

impl<K: Key> Work for Sum<'_, K> {
    type Output = Option<WeightedAuc>;

    #[inline(always)]
    fn run(self) -> Option<WeightedAuc> {
        let (mut lanes, mut runs) = (Lanes::default(), self.runs());
        let (mut packed, mut weights) = ([[0; LANES]; ROWS], [[0.0; LANES]; ROWS]);
        while runs.iter().any(|run| !run.is_empty()) {
            let mut filled = 0;
            for (lane, run) in runs.iter_mut().enumerate() {
                let (block, rest) = run.split_at(run.len().min(ROWS));
                for ((&word, packed), weights) in block.iter().zip(&mut packed).zip(&mut weights) {
                    let entry = entry(word, self.entries);
                    (packed[lane], weights[lane]) = (entry.packed().bin(0), entry.weight());
                }
                // Below the end of a run is nothing to add.
                for weights in &mut weights[block.len()..] {
                    weights[lane] = 0.0;
                }
                filled = filled.max(block.len());
                *run = rest;
            }
            for (packed, weights) in packed[..filled].iter().zip(&weights) {
                lanes.add(packed, weights);
            }
        }
        let turns_back = lanes.lowest.iter().any(|&lowest| lowest < 0.0);
        (!turns_back).then(|| lanes.joined())
    }
}

/// The high and the low parts of numbers of about 106 bits.
#[derive(Default)]
struct Numbers {
    high: [f64; LANES],
    low: [f64; LANES],
}

impl Numbers {
    #[inline(always)]
    fn get(&self, lane: usize) -> DoubleDouble {
        DoubleDouble::of_parts(self.high[lane], self.low[lane])
    }

    #[inline(always)]
    fn set(&mut self, lane: usize, number: DoubleDouble) {
        (self.high[lane], self.low[lane]) = number.parts();
    }
}

/// The sums of every run so far.
#[derive(Default)]
struct Lanes {
    twice_wins: Numbers,
    positives: Numbers,
    negatives: Numbers,
    /// The negatives below the tie group that the last entry is in.
    below: Numbers,
    previous: [u64; LANES],
    /// The lowest weight of a negative, at most zero.
    lowest: [f64; LANES],
}

impl Lanes {
    /// One entry for each lane. Without a branch: neither labels nor ties can be predicted.
    #[inline(always)]
    fn add(&mut self, packed: &[u64; LANES], weights: &[f64; LANES]) {
        for lane in 0..LANES {
            let group = packed[lane] | 1;
            let tied = group == self.previous[lane];
            self.previous[lane] = group;
            let negatives = self.negatives.get(lane);
            let below = self.below.get(lane);
            let (high, low) = (
                if tied { below.parts().0 } else { negatives.parts().0 },
                if tied { below.parts().1 } else { negatives.parts().1 },
            );
            let below = DoubleDouble::of_parts(high, low);
            self.below.set(lane, below);
            let is_positive = (packed[lane] & 1).wrapping_neg();
            let bits = weights[lane].to_bits();
            let (positive, negative) =
                (f64::from_bits(bits & is_positive), f64::from_bits(bits & !is_positive));
            self.lowest[lane] = if negative < self.lowest[lane] { negative } else { self.lowest[lane] };
            let negatives = negatives.add_f64(negative);
            self.negatives.set(lane, negatives);
            self.positives.set(lane, self.positives.get(lane).add_f64(positive));
            // Negatives come first in a tie group: those below it count twice, those in it once.
            let wins = self.twice_wins.get(lane).add_times(below.add_long(negatives), positive);
            self.twice_wins.set(lane, wins);
        }
    }

    fn joined(&self) -> WeightedAuc {
        (0..LANES).fold(WeightedAuc::default(), |lower, lane| {
            lower.followed_by(WeightedAuc {
                twice_wins: self.twice_wins.get(lane),
                positives: self.positives.get(lane),
                negatives: self.negatives.get(lane),
                turns_back: false,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Sums as integers: twice the wins and ties, positives, negatives.
    fn wanted(samples: &[(u32, bool, i64)]) -> [i128; 3] {
        let mut sorted = samples.to_vec();
        sorted.sort_unstable();
        let [mut twice_wins, mut positives, mut negatives] = [0; 3];
        for group in sorted.chunk_by(|a, b| a.0 == b.0) {
            let sum = |positive| -> i128 {
                group.iter().filter(|entry| entry.1 == positive).map(|entry| i128::from(entry.2)).sum()
            };
            twice_wins += sum(true) * (2 * negatives + sum(false));
            positives += sum(true);
            negatives += sum(false);
        }
        [twice_wins, positives, negatives]
    }

    fn integer(number: DoubleDouble) -> i128 {
        let (high, low) = number.parts();
        high as i128 + low as i128
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn lanes_give_the_sums_of_integers(
            samples in prop::collection::vec((any::<u32>(), any::<bool>(), 0..1_i64 << 30), 1..2000),
            keys in prop_oneof![1..9_u32, 50..3000_u32, Just(1 << 20), Just(1 << 31)],
            lowest in prop_oneof![Just(0_i64), Just(-5), Just(-(1_i64 << 29))],
        ) {
            let samples: Vec<_> = samples.into_iter().map(|(k, l, w)| (k % keys, l, w + lowest)).collect();
            let entries = |width: fn(u32) -> u64| -> Vec<Weighted<u64>> {
                let each = samples.iter();
                each.map(|&(key, label, weight)| Weighted::new(width(key), label, weight as f64)).collect()
            };
            let narrow = samples.iter().map(|&(key, label, weight)| Weighted::new(key, label, weight as f64));
            let mut narrow: Vec<Weighted<u32>> = narrow.collect();
            // Keys whose distance needs more bits than a word has: some differ in the last ones alone.
            let wide = |key: u32| u64::from(key >> 1) << 31 | u64::from(key & 1);
            let sums = [
                of_bucket(&mut Order::default(), &mut narrow),
                of_bucket(&mut Order::default(), &mut entries(u64::from)),
                of_bucket(&mut Order::default(), &mut entries(wide)),
            ];
            for sums in sums {
                let sums = [sums.twice_wins, sums.positives, sums.negatives].map(integer);
                prop_assert_eq!(sums, wanted(&samples));
            }
        }
    }
}
