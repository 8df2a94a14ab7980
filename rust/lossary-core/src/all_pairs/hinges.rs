//! Hinges: losses of the pairs whose difference is below a margin, from sorted scores.
//!
//! Sources are in blocks of ascending scores. The sum of `(y - from)^k` over those above `from` is that of the block
//! of `from`, known from each of its sources on, and that of all higher blocks, known relative to where they start.
//! All its terms are positive: nothing cancels, whatever the range of the scores.

use super::convolution::Convolution;
use super::samples::{Class, Pairs};
use crate::double_double::DoubleDouble;
use crate::keys::Score;
use crate::platform::zeros;
use crate::ranking::Mass;
use crate::{ranks, threads};

/// Sources of a block: their sums are plain doubles, those of all higher blocks are compensated.
const BLOCK: usize = 32;

/// Receivers of a job.
const JOB: usize = 1 << 14;

/// Samples in ascending order.
pub(super) struct Sorted {
    scores: Vec<f64>,
    weights: Option<Vec<f64>>,
    order: Vec<u32>,
}

impl Sorted {
    pub(super) fn new<S: Score + Into<f64>>(class: Class<'_, S>) -> Self {
        // Scores are finite and fewer than 2^32: there is an order.
        let order = ranks::argsort(class.scores).unwrap_or_default();
        let mut scores = zeros(order.len());
        gather(&mut scores, &order, |sample| class.score(sample));
        let mut weights = class.is_weighted().then(|| zeros(order.len()));
        if let Some(weights) = &mut weights {
            gather(weights, &order, |sample| class.weight(sample));
        }
        Self { scores, weights, order }
    }
}

fn gather(numbers: &mut [f64], order: &[u32], number: impl Fn(usize) -> f64) {
    for (into, &sample) in numbers.iter_mut().zip(order) {
        *into = number(sample as usize);
    }
}

/// Samples in ascending order; those of the negated scores where `MIRRORED`.
struct View<'a, const MIRRORED: bool>(&'a Sorted);

impl<const MIRRORED: bool> View<'_, MIRRORED> {
    fn len(&self) -> usize {
        self.0.scores.len()
    }

    #[inline(always)]
    fn place(&self, index: usize) -> usize {
        if MIRRORED { self.len() - 1 - index } else { index }
    }

    #[inline(always)]
    fn score(&self, index: usize) -> f64 {
        let score = self.0.scores[self.place(index)];
        if MIRRORED { -score } else { score }
    }

    #[inline(always)]
    fn weight(&self, index: usize) -> f64 {
        self.0.weights.as_ref().map_or(1.0, |weights| weights[self.place(index)])
    }
}

/// Sums of the first powers, from 0 on and up to 2, of how far sources are above a number.
#[derive(Clone, Copy)]
struct Powers<const N: usize>([f64; N]);

impl<const N: usize> Powers<N> {
    const NONE: Self = Self([0.0; N]);

    /// Relative to a number that is `rise` lower.
    #[inline(always)]
    fn lifted(self, rise: f64) -> Self {
        let Self(mut powers) = self;
        if N > 2 {
            powers[2] += (powers[0] * rise + 2.0 * powers[1]) * rise;
        }
        if N > 1 {
            powers[1] += powers[0] * rise;
        }
        Self(powers)
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        Self(std::array::from_fn(|power| self.0[power] + other.0[power]))
    }
}

/// For each source of a block, the powers of those from there on, relative to it.
#[inline(always)]
fn of_block<const N: usize, const MIRRORED: bool>(
    sources: &View<'_, MIRRORED>,
    block: usize,
) -> [Powers<N>; BLOCK] {
    let start = block * BLOCK;
    let end = sources.len().min(start + BLOCK);
    let mut all = [Powers::NONE; BLOCK];
    let (mut powers, mut above) = (Powers::NONE, sources.score(end - 1));
    for index in (start..end).rev() {
        let score = sources.score(index);
        powers = powers.lifted(above - score);
        powers.0[0] += sources.weight(index);
        all[index - start] = powers;
        above = score;
    }
    all
}

/// The powers of sources above their lowest, while ever lower ones come.
struct Tail<const N: usize> {
    powers: [DoubleDouble; N],
    anchor: f64,
}

impl<const N: usize> Tail<N> {
    /// Adds sources, relative to their lowest; none is above those before.
    fn extend(&mut self, lowest: f64, own: Powers<N>) {
        let rise = DoubleDouble::difference(self.anchor, lowest);
        let lift = self.powers[0] * rise;
        if N > 2 {
            let first = self.powers[1];
            self.powers[2] = self.powers[2].add((first.add(first).add(lift)) * rise);
        }
        if N > 1 {
            self.powers[1] = self.powers[1].add(lift);
        }
        for (power, own) in self.powers.iter_mut().zip(own.0) {
            *power = power.add(DoubleDouble::from(own));
        }
        self.anchor = lowest;
    }

    fn powers(&self) -> Powers<N> {
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
fn tails<const N: usize, const MIRRORED: bool>(sources: &View<'_, MIRRORED>) -> Vec<Powers<N>> {
    let blocks = sources.len().div_ceil(BLOCK);
    let mut tails = vec![Powers::NONE; blocks];
    let mut tail = Tail { powers: [DoubleDouble::default(); N], anchor: sources.score(sources.len() - 1) };
    for block in (1..blocks).rev() {
        tail.extend(sources.score(block * BLOCK), of_block(sources, block)[0]);
        tails[block - 1] = tail.powers();
    }
    tails
}

/// The first source above a threshold.
fn first_above<const MIRRORED: bool>(sources: &View<'_, MIRRORED>, from: (f64, f64)) -> usize {
    let (mut low, mut high) = (0, sources.len());
    while low < high {
        let middle = low + (high - low) / 2;
        if above(sources.score(middle), from) <= 0.0 { low = middle + 1 } else { high = middle }
    }
    low
}

/// Of sources `y` above `x - margin`, for each of some receivers `x` from one on: the sum of
/// `(y - (x - margin))^power`; returns that of the last of `N` powers over all the receivers.
fn receive<const N: usize, const MIRRORED: bool>(
    receivers: &View<'_, MIRRORED>,
    start: usize,
    sources: &View<'_, MIRRORED>,
    tails: &[Powers<N>],
    margin: DoubleDouble,
    power: usize,
    sums: &mut [f64],
) -> DoubleDouble {
    let mut next = first_above(sources, threshold(receivers.score(start), margin));
    let mut total = DoubleDouble::default();
    let (mut block, mut own) = (usize::MAX, [Powers::NONE; BLOCK]);
    let (mut anchor, mut tail) = (0.0, Powers::NONE);
    for (sum, receiver) in sums.iter_mut().zip(start..) {
        let from = threshold(receivers.score(receiver), margin);
        while next < sources.len() && above(sources.score(next), from) <= 0.0 {
            next += 1;
        }
        if next == sources.len() {
            break;
        }
        if block != next / BLOCK {
            block = next / BLOCK;
            own = of_block(sources, block);
            tail = tails[block];
            // Of the last block, nothing is above.
            anchor = sources.score(((block + 1) * BLOCK).min(sources.len() - 1));
        }
        let near = own[next % BLOCK].lifted(above(sources.score(next), from));
        let Powers(powers) = near.plus(tail.lifted(above(anchor, from)));
        total = total.add_f64(receivers.weight(receiver) * powers[N - 1]);
        *sum = powers[power];
    }
    total
}

/// [`receive`] of all receivers, in the order of the input, times a factor.
fn receive_all<const N: usize, const MIRRORED: bool>(
    [receivers, sources]: [&Sorted; 2],
    margin: DoubleDouble,
    power: usize,
    factor: f64,
) -> (f64, Vec<f64>) {
    let (receivers, sources) = (View::<MIRRORED>(receivers), View::<MIRRORED>(sources));
    let tails = tails::<N, MIRRORED>(&sources);
    let mut in_order = zeros(receivers.len());
    let jobs = in_order.chunks_mut(JOB).enumerate().collect();
    let threads = threads::threads_for(receivers.len() + sources.len());
    let totals = threads::map(jobs, threads, |(job, sums)| {
        receive(&receivers, job * JOB, &sources, &tails, margin, power, sums)
    });
    let mut sums = zeros(receivers.len());
    for (index, &sum) in in_order.iter().enumerate() {
        sums[receivers.0.order[receivers.place(index)] as usize] = factor * sum;
    }
    (totals.into_iter().fold(DoubleDouble::default(), Mass::add).to_f64(), sums)
}

/// The sum of `max(margin - (x - y), 0)^DEGREE` over all pairs, for degree 1 or 2, and its slopes; the margin is
/// given in scores.
pub(super) fn hinge<S: Score + Into<f64>, const DEGREE: usize>(
    pairs: &Pairs<'_, S>,
    margin: DoubleDouble,
) -> Convolution {
    hinge_of_sorted::<DEGREE>(&Sorted::new(pairs.positives), &Sorted::new(pairs.negatives), margin)
}

/// [`hinge`], of samples that are in order.
pub(super) fn hinge_of_sorted<const DEGREE: usize>(
    positives: &Sorted,
    negatives: &Sorted,
    margin: DoubleDouble,
) -> Convolution {
    let (both, swapped, factor) = ([positives, negatives], [negatives, positives], DEGREE as f64);
    // A negative receives from the positives that are not a margin above it: the same, upside down, where the value
    // is known already.
    let ((value, of_positives), (_, of_negatives)) = if DEGREE == 1 {
        (receive_all::<2, false>(both, margin, 0, factor), receive_all::<1, true>(swapped, margin, 0, factor))
    } else {
        (receive_all::<3, false>(both, margin, 1, factor), receive_all::<2, true>(swapped, margin, 1, factor))
    };
    Convolution { value, of_positives, of_negatives }
}
