//! Hinges: losses of the pairs whose difference is below a margin, from sorted scores.
//!
//! With sources in blocks of ascending scores, the sum of `(y - from)^k` over those above `from` is that of a few in
//! the block of `from`, and that of all higher blocks, which is kept relative to where they start. All its terms are
//! positive: nothing cancels, whatever the range of the scores.

use super::convolution::Convolution;
use super::samples::{Class, Pairs};
use crate::double_double::DoubleDouble;
use crate::keys::Score;
use crate::ranking::Mass;
use crate::{ranks, threads};

/// Sources of a block.
const BLOCK: usize = 16;

/// Receivers of a job.
const JOB: usize = 1 << 14;

/// Samples in ascending order.
struct Sorted {
    scores: Vec<f64>,
    weights: Option<Vec<f64>>,
    order: Vec<u32>,
}

impl Sorted {
    fn new<S: Score + Into<f64>>(class: Class<'_, S>) -> Self {
        // Scores are finite and fewer than 2^32: there is an order.
        let order = ranks::argsort(class.scores).unwrap_or_default();
        let scores = order.iter().map(|&sample| class.score(sample as usize)).collect();
        let weights =
            class.is_weighted().then(|| order.iter().map(|&sample| class.weight(sample as usize)).collect());
        Self { scores, weights, order }
    }

    /// The samples of the negated scores.
    fn mirror(&mut self) {
        self.scores.reverse();
        self.scores.iter_mut().for_each(|score| *score = -*score);
        self.order.reverse();
        if let Some(weights) = &mut self.weights {
            weights.reverse();
        }
    }

    #[inline(always)]
    fn weight(&self, index: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[index])
    }
}

/// Sums of powers 0, 1, 2 of how far sources are above a number.
#[derive(Clone, Copy, Default)]
struct Powers([f64; 3]);

impl Powers {
    /// Adds those of sources relative to an anchor that is `rise` higher.
    #[inline(always)]
    fn add_above(&mut self, rise: f64, Powers([mass, first, second]): Powers) {
        self.0[2] += (mass * rise + 2.0 * first) * rise + second;
        self.0[1] += mass * rise + first;
        self.0[0] += mass;
    }

    /// Adds a source.
    #[inline(always)]
    fn add(&mut self, above: f64, weight: f64) {
        self.0[0] += weight;
        self.0[1] += weight * above;
        self.0[2] += weight * above * above;
    }
}

/// The powers of sources above their lowest, while ever lower ones come.
#[derive(Default)]
struct Tail {
    powers: [DoubleDouble; 3],
    anchor: Option<f64>,
}

impl Tail {
    /// Adds sources, of which the lowest is given, and none is above those before.
    fn extend(&mut self, lowest: f64, sources: impl Iterator<Item = (f64, f64)>) {
        let [mass, first, second] = self.powers;
        let rise = DoubleDouble::difference(self.anchor.unwrap_or(lowest), lowest);
        let lift = mass * rise;
        let mut own = Powers::default();
        sources.for_each(|(score, weight)| own.add(score - lowest, weight));
        self.powers = [
            mass.add(DoubleDouble::from(own.0[0])),
            first.add(lift).add(DoubleDouble::from(own.0[1])),
            second.add((first.add(first).add(lift)) * rise).add(DoubleDouble::from(own.0[2])),
        ];
        self.anchor = Some(lowest);
    }

    fn powers(&self) -> Powers {
        Powers(self.powers.map(DoubleDouble::to_f64))
    }
}

/// `receiver - margin`: sources above it count.
#[inline(always)]
fn threshold(receiver: f64, margin: DoubleDouble) -> (f64, f64) {
    let from = DoubleDouble::difference(receiver, margin.to_f64());
    (from.to_f64(), from.low() - margin.low())
}

/// How far a source is above a threshold; the sign is exact.
#[inline(always)]
fn above(score: f64, from: (f64, f64)) -> f64 {
    (score - from.0) - from.1
}

/// The sources of all blocks after each block, relative to the first of them.
fn tails(sources: &Sorted) -> Vec<Powers> {
    let blocks = sources.scores.len().div_ceil(BLOCK);
    let mut tails = vec![Powers::default(); blocks];
    let mut tail = Tail::default();
    for block in (1..blocks).rev() {
        let range = block * BLOCK..sources.scores.len().min((block + 1) * BLOCK);
        let block_sources = range.map(|index| (sources.scores[index], sources.weight(index)));
        tail.extend(sources.scores[block * BLOCK], block_sources);
        tails[block - 1] = tail.powers();
    }
    tails
}

/// For each receiver `x` in ascending order, the powers of `y - (x - margin)` over the sources `y` for which it is
/// positive.
fn powers_above(receivers: &[f64], sources: &Sorted, tails: &[Powers], margin: DoubleDouble) -> Vec<Powers> {
    let start = threshold(receivers.first().copied().unwrap_or_default(), margin);
    let mut next = sources.scores.partition_point(|&score| above(score, start) <= 0.0);
    let powers = |&receiver: &f64| {
        let from = threshold(receiver, margin);
        while next < sources.scores.len() && above(sources.scores[next], from) <= 0.0 {
            next += 1;
        }
        let mut powers = Powers::default();
        let end = sources.scores.len().min((next / BLOCK + 1) * BLOCK);
        for index in next..end {
            powers.add(above(sources.scores[index], from), sources.weight(index));
        }
        if let (Some(&anchor), Some(&tail)) = (sources.scores.get(end), tails.get(next / BLOCK)) {
            powers.add_above(above(anchor, from), tail);
        }
        powers
    };
    receivers.iter().map(powers).collect()
}

/// The sum of `max(margin - (x - y), 0)^degree` over all pairs, for degree 1 or 2, and its slopes; the margin is
/// given in scores.
pub(super) fn hinge<S: Score + Into<f64>>(
    pairs: &Pairs<'_, S>,
    margin: DoubleDouble,
    degree: usize,
) -> Convolution {
    let threads = threads::threads_for(pairs.samples());
    let [mut positives, mut negatives] = [pairs.positives, pairs.negatives].map(Sorted::new);
    let slopes = |receivers: &Sorted, sources: &Sorted| {
        let tails = tails(sources);
        let jobs = receivers.scores.chunks(JOB).collect();
        let parts = threads::map(jobs, threads, |receivers| powers_above(receivers, sources, &tails, margin));
        let mut slopes = vec![0.0; receivers.order.len()];
        let mut value = DoubleDouble::default();
        let powers = parts.iter().flatten().zip(&receivers.order);
        for (index, (Powers(powers), &sample)) in powers.enumerate() {
            value = value.add_f64(receivers.weight(index) * powers[degree]);
            slopes[sample as usize] = degree as f64 * powers[degree - 1];
        }
        (value.add(DoubleDouble::default()).to_f64(), slopes)
    };
    let (value, of_positives) = slopes(&positives, &negatives);
    // A negative receives from the positives that are not a margin above it: the same, upside down.
    positives.mirror();
    negatives.mirror();
    let (_, of_negatives) = slopes(&negatives, &positives);
    Convolution { value, of_positives, of_negatives }
}
