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
use super::sources::{BLOCK, Receivers, Source, Sources, deal};
use crate::double_double::DoubleDouble;
use crate::keys::Score;
use crate::platform::{Work, room, widest};
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
            powers[power] = sum(lanes[power]);
        }
        Self(powers)
    }
}

#[inline(always)]
fn sum([a, b, c, d, e, f, g, h]: [f64; BLOCK]) -> f64 {
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// Adds the powers, from one on, of the sources of a block that are farther beyond than `least`.
#[inline(always)]
fn add_powers<E: Source, const N: usize, const FIRST: usize>(
    lanes: &mut [[f64; BLOCK]; N],
    block: &[E; BLOCK],
    least: f64,
    beyond: impl Fn(f64) -> f64,
) {
    // A loop for each: the compiler makes something slow of one for all.
    let (mut distances, mut terms) = ([0.0; BLOCK], [0.0; BLOCK]);
    for lane in 0..BLOCK {
        distances[lane] = beyond(block[lane].score());
    }
    for lane in 0..BLOCK {
        terms[lane] = block[lane].weight();
    }
    if FIRST == 0 {
        for lane in 0..BLOCK {
            terms[lane] = if distances[lane] > least { terms[lane] } else { 0.0 };
        }
        for lane in 0..BLOCK {
            lanes[0][lane] += terms[lane];
        }
    }
    for lane in 0..BLOCK {
        distances[lane] = if distances[lane] > least { distances[lane] } else { 0.0 };
    }
    for power in 1..N {
        for lane in 0..BLOCK {
            terms[lane] *= distances[lane];
        }
        for lane in 0..BLOCK {
            lanes[power][lane] += terms[lane];
        }
    }
}

/// How far `a` is beyond `b`, where the sources that count are above a threshold, or else below.
#[inline(always)]
fn beyond<const ABOVE: bool>(a: f64, b: f64) -> f64 {
    if ABOVE { a - b } else { b - a }
}

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

    /// Adds sources, relative to one of them, beyond which are those before.
    fn extend<const ABOVE: bool>(&mut self, anchor: f64, own: Powers<N>) {
        let rise = if ABOVE {
            DoubleDouble::difference(self.anchor, anchor)
        } else {
            DoubleDouble::difference(anchor, self.anchor)
        };
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

/// For each border of blocks, the powers of the sources beyond: above from the last border on, or below from the
/// first.
struct Tails<'a, E, const N: usize, const ABOVE: bool> {
    sources: &'a Sources<E>,
}

impl<E: Source, const N: usize, const ABOVE: bool> Work for Tails<'_, E, N, ABOVE> {
    type Output = Vec<Tail<N>>;

    #[inline(always)]
    fn run(self) -> Vec<Tail<N>> {
        let Self { sources } = self;
        let (blocks, samples) = (sources.count_blocks(), sources.as_slice());
        let mut anchor = samples[if ABOVE { samples.len() - 1 } else { 0 }].score();
        let mut tails = room(blocks + 1);
        tails.push(Tail::default());
        let mut sum = Sum { powers: [DoubleDouble::default(); N], anchor };
        for start in (0..blocks).step_by(GROUP) {
            let outer = sum.tail();
            let mut own = Powers::default();
            for turn in start..blocks.min(start + GROUP) {
                let block = if ABOVE { blocks - 1 - turn } else { turn };
                let next = samples
                    [if ABOVE { block * BLOCK } else { samples.len().min((block + 1) * BLOCK) - 1 }]
                .score();
                let mut lanes = [[0.0; BLOCK]; N];
                add_powers::<E, N, 0>(&mut lanes, sources.window(block)[0], f64::NEG_INFINITY, |score| {
                    beyond::<ABOVE>(score, next)
                });
                own = own.lifted(beyond::<ABOVE>(anchor, next)).plus(Powers::of_lanes(&lanes));
                anchor = next;
                let powers = own.plus(outer.powers.lifted(beyond::<ABOVE>(outer.anchor, anchor)));
                tails.push(Tail { powers, anchor });
            }
            sum.extend::<ABOVE>(anchor, own);
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

/// How far a source is beyond a threshold; the sign is exact.
#[inline(always)]
fn past<const ABOVE: bool>(score: f64, from: (f64, f64)) -> f64 {
    if ABOVE { (score - from.0) - from.1 } else { (from.0 - score) + from.1 }
}

/// Of the sources beyond the threshold of each of some receivers: the sum of `(y - threshold)^P`, times a factor, in
/// place of the receiver; returns the sum of the last of `N` powers over all the receivers.
struct Receive<'a, E, const N: usize, const P: usize, const ABOVE: bool> {
    receivers: &'a mut [E],
    sources: &'a Sources<E>,
    tails: &'a [Tail<N>],
    margin: DoubleDouble,
    factor: f64,
}

impl<E: Source, const N: usize, const P: usize, const ABOVE: bool> Work for Receive<'_, E, N, P, ABOVE> {
    type Output = DoubleDouble;

    #[inline(always)]
    fn run(self) -> DoubleDouble {
        let Self { receivers, sources, tails, margin, factor } = self;
        let mut total = DoubleDouble::default();
        let (mut thresholds, mut blocks) = ([(0.0, 0.0); BATCH], [0; BATCH]);
        let all = sources.count_blocks();
        for receivers in receivers.chunks_mut(BATCH) {
            for index in 0..receivers.len() {
                thresholds[index] = threshold(receivers[index].score(), margin);
            }
            for index in 0..receivers.len() {
                let from = thresholds[index];
                blocks[index] = sources.part(from.0, |score| {
                    let above = past::<true>(score, from);
                    if ABOVE { above > 0.0 } else { above >= 0.0 }
                });
            }
            let mut values = [0.0; BLOCK];
            for index in 0..receivers.len() {
                let (from, block) = (thresholds[index], blocks[index]);
                let mut lanes = [[0.0; BLOCK]; N];
                let [first, second] = sources.window(block);
                add_powers::<E, N, P>(&mut lanes, first, 0.0, |score| past::<ABOVE>(score, from));
                add_powers::<E, N, P>(&mut lanes, second, 0.0, |score| past::<ABOVE>(score, from));
                let Tail { powers, anchor } =
                    tails[if ABOVE { all.saturating_sub(block + 2) } else { block }];
                let tail = powers.lifted(past::<ABOVE>(anchor, from));
                let Powers(powers) = Powers::of_lanes(&lanes).plus(tail);
                values[index % BLOCK] += receivers[index].weight() * powers[N - 1];
                receivers[index] = E::new(factor * powers[P], 0.0);
            }
            if ABOVE {
                total = total.add_f64(sum(values));
            }
        }
        total
    }
}

/// What a class receives from the sources of the other that are beyond its margin: [`Receive`] for all receivers, in
/// the order of the input; and the sum of the last power over them.
fn receive<E: Source, const N: usize, const P: usize, const ABOVE: bool>(
    mut receivers: Receivers<E>,
    sources: &Sources<E>,
    margin: DoubleDouble,
    factor: f64,
    threads: usize,
) -> (f64, Vec<f64>) {
    let tails = widest(Tails::<E, N, ABOVE> { sources });
    let jobs = receivers.as_mut_slice().chunks_mut(JOB).collect();
    let totals = threads::map(jobs, threads, |receivers| {
        widest(Receive::<E, N, P, ABOVE> { receivers, sources, tails: &tails, margin, factor })
    });
    let total = totals.into_iter().fold(DoubleDouble::default(), Mass::add);
    (total.to_f64(), receivers.in_order())
}

/// The sum of `max(margin - (x - y), 0)^DEGREE` over all pairs, for degree 1 or 2, and its slopes; the margin is
/// given in scores.
pub(super) fn hinge<S: Score + Into<f64>, const DEGREE: usize>(
    pairs: &Pairs<'_, S>,
    margin: DoubleDouble,
) -> Convolution {
    if pairs.positives.is_weighted() {
        Dealt::<[f64; 2]>::new(pairs).hinge::<DEGREE>(margin)
    } else {
        Dealt::<f64>::new(pairs).hinge::<DEGREE>(margin)
    }
}

/// Two classes whose samples are dealt.
#[derive(Clone)]
pub(super) struct Dealt<E> {
    classes: [(Sources<E>, Receivers<E>); 2],
    threads: usize,
}

impl<E: Source> Dealt<E> {
    pub(super) fn new<S: Score + Into<f64>>(pairs: &Pairs<'_, S>) -> Self {
        let threads = threads::threads_for(pairs.samples());
        let classes = threads::map_array([pairs.positives, pairs.negatives], threads, deal);
        Self { classes, threads }
    }

    /// The classes exchanged.
    pub(super) fn swapped(self) -> Self {
        let [first, second] = self.classes;
        Self { classes: [second, first], ..self }
    }

    /// The [`hinge`].
    pub(super) fn hinge<const DEGREE: usize>(self, margin: DoubleDouble) -> Convolution {
        let [(above, positives), (below, negatives)] = self.classes;
        let (all, threads, factor) = (self.threads, self.threads.div_ceil(2), DEGREE as f64);
        // A negative receives from the positives that are not a margin above it; the value is known already.
        let sides = [(positives, &below, margin, true), (negatives, &above, -margin, false)];
        let [(value, of_positives), (_, of_negatives)] =
            threads::map_array(sides, all, |(receivers, sources, margin, is_above)| {
                match (DEGREE, is_above) {
                    (1, true) => receive::<E, 2, 0, true>(receivers, sources, margin, factor, threads),
                    (1, false) => receive::<E, 1, 0, false>(receivers, sources, margin, factor, threads),
                    (_, true) => receive::<E, 3, 1, true>(receivers, sources, margin, factor, threads),
                    (_, false) => receive::<E, 2, 1, false>(receivers, sources, margin, factor, threads),
                }
            });
        Convolution { value, of_positives, of_negatives }
    }
}
