//! Hinges: losses of the pairs whose difference is below a margin.
//!
//! The other class is dealt to cells. Of a sample, the sources in and around the cell at its margin are compared one
//! by one; the sum of `(y - from)^k` over all sources beyond is known relative to a score among them. All terms are
//! positive: nothing cancels, whatever the range of the scores.
//!
//! Hot loops count: library code that calls a closure is not compiled for wide registers.

#![allow(clippy::needless_range_loop, reason = "loops that are compiled for wide registers")]

use super::convolution::Convolution;
use super::samples::Pairs;
use super::sources::{BLOCK, Source, Sources};
use crate::double_double::DoubleDouble;
use crate::keys::Score;
use crate::platform::{Work, widest, zeros};
use crate::ranking::Mass;
use crate::threads;

/// Blocks of a group: their sums are plain doubles, those of all groups beyond are compensated.
const GROUP: usize = 4;

/// Receivers of a job.
const JOB: usize = 1 << 14;

/// Receivers whose cells are found side by side.
const BATCH: usize = 64;

/// Sums of the first powers, from 0 on and up to 2, of how far sources are beyond a number.
#[derive(Clone, Copy)]
struct Powers<const N: usize>([f64; N]);

impl<const N: usize> Default for Powers<N> {
    fn default() -> Self {
        Self([0.0; N])
    }
}

impl<const N: usize> Powers<N> {
    /// Relative to a number from which that one was `rise` beyond.
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
        let Self(mut powers) = self;
        for power in 0..N {
            powers[power] += other.0[power];
        }
        Self(powers)
    }

    #[inline(always)]
    fn of_lanes(lanes: &[[f64; BLOCK]; N]) -> Self {
        let mut powers = [0.0; N];
        for power in 0..N {
            let [a, b, c, d, e, f, g, h] = lanes[power];
            powers[power] = ((a + e) + (c + g)) + ((b + f) + (d + h));
        }
        Self(powers)
    }
}

/// Adds the powers of the sources of a block that are farther beyond than `least`.
#[inline(always)]
fn add_powers<E: Source, const N: usize>(
    lanes: &mut [[f64; BLOCK]; N],
    block: &[E; BLOCK],
    least: f64,
    beyond: impl Fn(f64) -> f64,
) {
    // A loop for each: the compiler makes something slow of one for all.
    let (mut distances, mut weights) = ([0.0; BLOCK], [0.0; BLOCK]);
    for lane in 0..BLOCK {
        distances[lane] = beyond(block[lane].score());
    }
    for lane in 0..BLOCK {
        weights[lane] = if distances[lane] > least { block[lane].weight() } else { 0.0 };
    }
    for lane in 0..BLOCK {
        distances[lane] = if distances[lane] > least { distances[lane] } else { 0.0 };
    }
    for power in 0..N {
        for lane in 0..BLOCK {
            lanes[power][lane] += weights[lane];
        }
        for lane in 0..BLOCK {
            weights[lane] *= distances[lane];
        }
    }
}

/// Where the sources are that count: 1 for above a threshold, -1 for below.
type Sign = f64;

/// The powers of sources beyond one of them.
#[derive(Clone, Copy, Default)]
struct Tail<const N: usize> {
    powers: Powers<N>,
    anchor: f64,
}

/// The powers of all sources so far beyond the one that came last.
struct Sum<const N: usize> {
    powers: [DoubleDouble; N],
    anchor: f64,
}

impl<const N: usize> Sum<N> {
    fn tail(&self) -> Tail<N> {
        Tail { powers: Powers(self.powers.map(DoubleDouble::to_f64)), anchor: self.anchor }
    }

    /// Adds sources, relative to one of them; the sign tells where those before are.
    fn extend(&mut self, anchor: f64, own: Powers<N>, sign: Sign) {
        let rise = DoubleDouble::difference(sign * self.anchor, sign * anchor);
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
        self.anchor = anchor;
    }
}

/// For each border of blocks, the powers of the sources beyond.
struct Tails<'a, E, const N: usize> {
    sources: &'a Sources<E>,
    sign: Sign,
}

impl<E: Source, const N: usize> Work for Tails<'_, E, N> {
    type Output = Vec<Tail<N>>;

    #[inline(always)]
    fn run(self) -> Vec<Tail<N>> {
        let Self { sources, sign } = self;
        let (blocks, samples) = (sources.count_blocks(), sources.as_slice());
        let above = sign > 0.0;
        let mut anchor = samples[if above { samples.len() - 1 } else { 0 }].score();
        let mut tails = zeros(blocks + 3);
        let mut sum = Sum { powers: [DoubleDouble::default(); N], anchor };
        for start in (0..blocks).step_by(GROUP) {
            let outer = sum.tail();
            let mut own = Powers::default();
            for turn in start..blocks.min(start + GROUP) {
                let block = if above { blocks - 1 - turn } else { turn };
                let next = samples
                    [if above { block * BLOCK } else { samples.len().min((block + 1) * BLOCK) - 1 }]
                .score();
                let mut lanes = [[0.0; BLOCK]; N];
                add_powers(&mut lanes, sources.window(block)[0], f64::NEG_INFINITY, |score| {
                    sign * (score - next)
                });
                own = own.lifted(sign * (anchor - next)).plus(Powers::of_lanes(&lanes));
                anchor = next;
                let powers = own.plus(outer.powers.lifted(sign * (outer.anchor - anchor)));
                tails[if above { block } else { block + 1 }] = Tail { powers, anchor };
            }
            sum.extend(anchor, own, sign);
        }
        tails
    }
}

/// `receiver - margin`, as the nearest number and the rest.
#[inline(always)]
fn threshold(receiver: f64, margin: DoubleDouble) -> (f64, f64) {
    let from = DoubleDouble::difference(receiver, margin.to_f64());
    let low = from.low() - margin.low();
    let nearest = from.to_f64() + low;
    (nearest, low - (nearest - from.to_f64()))
}

/// How far a source is above a threshold; the sign is exact.
#[inline(always)]
fn above(score: f64, from: (f64, f64)) -> f64 {
    (score - from.0) - from.1
}

/// Of the sources beyond the threshold of each of some receivers: the sum of `(y - threshold)^P`; returns that of
/// the last of `N` powers over all the receivers.
struct Receive<'a, E, const N: usize, const P: usize> {
    receivers: &'a [E],
    sources: &'a Sources<E>,
    tails: &'a [Tail<N>],
    margin: DoubleDouble,
    sign: Sign,
    factor: f64,
    sums: &'a mut [f64],
}

impl<E: Source, const N: usize, const P: usize> Work for Receive<'_, E, N, P> {
    type Output = DoubleDouble;

    #[inline(always)]
    fn run(self) -> DoubleDouble {
        let Self { receivers, sources, tails, margin, sign, factor, sums } = self;
        let mut total = DoubleDouble::default();
        let (mut thresholds, mut blocks) = ([(0.0, 0.0); BATCH], [0; BATCH]);
        let to_tail = if sign > 0.0 { 2 } else { 0 };
        for start in (0..receivers.len()).step_by(BATCH) {
            let batch = BATCH.min(receivers.len() - start);
            let (receivers, sums) = (&receivers[start..start + batch], &mut sums[start..start + batch]);
            for index in 0..batch {
                thresholds[index] = threshold(receivers[index].score(), margin);
            }
            for index in 0..batch {
                let from = thresholds[index];
                blocks[index] = sources.part(from.0, |score| {
                    let above = above(score, from);
                    if sign > 0.0 { above > 0.0 } else { above >= 0.0 }
                });
            }
            for index in 0..batch {
                let (from, block) = (thresholds[index], blocks[index]);
                let mut lanes = [[0.0; BLOCK]; N];
                let [first, second] = sources.window(block);
                add_powers(&mut lanes, first, 0.0, |score| sign * above(score, from));
                add_powers(&mut lanes, second, 0.0, |score| sign * above(score, from));
                let Tail { powers, anchor } = tails[block + to_tail];
                let Powers(powers) = Powers::of_lanes(&lanes).plus(powers.lifted(sign * above(anchor, from)));
                sums[index] = factor * powers[P];
                total = total.add_f64(receivers[index].weight() * powers[N - 1]);
            }
        }
        total
    }
}

/// What a class receives from the sources of the other that are beyond its margin.
#[derive(Clone, Copy)]
struct Reception<'a, S, E> {
    scores: &'a [S],
    receivers: &'a Sources<E>,
    sources: &'a Sources<E>,
    margin: DoubleDouble,
    sign: Sign,
    threads: usize,
}

impl<S: Score + Into<f64>, E: Source> Reception<'_, S, E> {
    /// [`Receive`] for all receivers, times a factor; and the sum of the last power over all receivers.
    fn run<const N: usize, const P: usize>(self, factor: f64) -> (f64, Vec<f64>) {
        let Self { scores, receivers, sources, margin, sign, threads } = self;
        let tails = widest(Tails::<E, N> { sources, sign });
        let mut sums = zeros(scores.len());
        let jobs = receivers.coarse().chunks(JOB).zip(sums.chunks_mut(JOB)).collect();
        let totals = threads::map(jobs, threads, |(receivers, sums)| {
            widest(Receive::<E, N, P> { receivers, sources, tails: &tails, margin, sign, factor, sums })
        });
        let total = totals.into_iter().fold(DoubleDouble::default(), Mass::add);
        (total.to_f64(), receivers.in_order(scores, &sums))
    }
}

/// The sum of `max(margin - (x - y), 0)^DEGREE` over all pairs, for degree 1 or 2, and its slopes; the margin is
/// given in scores.
pub(super) fn hinge<S: Score + Into<f64>, const DEGREE: usize>(
    pairs: &Pairs<'_, S>,
    margin: DoubleDouble,
) -> Convolution {
    if pairs.positives.is_weighted() {
        Dealt::<S, [f64; 2]>::new(pairs).hinge::<DEGREE>(margin)
    } else {
        Dealt::<S, f64>::new(pairs).hinge::<DEGREE>(margin)
    }
}

/// Two classes whose samples are dealt.
pub(super) struct Dealt<'a, S, E> {
    scores: [&'a [S]; 2],
    sources: [Sources<E>; 2],
    threads: usize,
}

impl<'a, S: Score + Into<f64>, E: Source> Dealt<'a, S, E> {
    pub(super) fn new(pairs: &Pairs<'a, S>) -> Self {
        let threads = threads::threads_for(pairs.samples());
        let classes = [pairs.positives, pairs.negatives];
        let sources = threads::map_array(classes, threads, Sources::new);
        Self { scores: classes.map(|class| class.scores), sources, threads }
    }

    /// The classes exchanged.
    pub(super) fn swapped(self) -> Self {
        let ([first, second], [one, other]) = (self.scores, self.sources);
        Self { scores: [second, first], sources: [other, one], ..self }
    }

    /// The [`hinge`].
    pub(super) fn hinge<const DEGREE: usize>(&self, margin: DoubleDouble) -> Convolution {
        let [positives, negatives] = &self.sources;
        let threads = self.threads.div_ceil(2);
        // A negative receives from the positives that are not a margin above it; the value is known already.
        let above = Reception {
            scores: self.scores[0],
            receivers: positives,
            sources: negatives,
            margin,
            sign: 1.0,
            threads,
        };
        let below = Reception {
            scores: self.scores[1],
            receivers: negatives,
            sources: positives,
            margin: -margin,
            sign: -1.0,
            threads,
        };
        let factor = DEGREE as f64;
        let receive = |reception: Reception<'_, S, E>| match (DEGREE, reception.sign > 0.0) {
            (1, true) => reception.run::<2, 0>(factor),
            (1, false) => reception.run::<1, 0>(factor),
            (_, true) => reception.run::<3, 1>(factor),
            (_, false) => reception.run::<2, 1>(factor),
        };
        let [(value, of_positives), (_, of_negatives)] =
            threads::map_array([above, below], self.threads, receive);
        Convolution { value, of_positives, of_negatives }
    }
}
