//! The loop over the samples: places and amounts by blocks in wide registers, then one addition for each sample.

use super::{Edges, ROUNDER, Sums, Table};
use crate::brier::Probability;
use crate::platform::Work;

/// Copies of a bin side by side, so that neighbours in one bin need not wait for each other.
pub(super) const COPIES: usize = 8;

/// Up to so many bins, the copies of all fit the fastest cache; with more, neighbours seldom meet.
pub(super) const FEW_BINS: usize = 64;

/// Probabilities that are prepared together.
const BLOCK: usize = 64;

/// The sum of probabilities, and above it the count in 32 bits.
type Cell = u128;

const COUNT: u32 = 96;

/// One part of the samples; `EVEN` where the edges are those of [`Spacing::Even`].
pub(super) struct Pass<'a, P, const EVEN: bool, const LANES: usize> {
    pub probabilities: &'a [P],
    pub outcomes: &'a [u8],
    pub edges: &'a Edges,
}

/// Added to a number in [0, 1], leaves the nearest multiple of 2^-30 in the lowest bits.
const HIGH: f64 = 1.5 * (1_u64 << 22) as f64;

/// Added to what is left of it then, leaves the nearest multiple of 2^-60.
const LOW: f64 = 1.5 / (1_u64 << 8) as f64;

/// A number in [0, 1] in units of 2^-30, and the rest in units of 2^-60: above the bits of `HIGH` and of `LOW`.
#[inline(always)]
fn halves(number: f64) -> (u64, u64) {
    let high = number + HIGH;
    let low = number - (high - HIGH) + LOW;
    (high.to_bits(), low.to_bits())
}

/// The number of these halves in units of 2^-60.
#[inline(always)]
fn units(high: u64, low: u64) -> u64 {
    const NOTHING: u64 = (HIGH.to_bits() << 30).wrapping_add(LOW.to_bits());
    (high << 30).wrapping_add(low).wrapping_sub(NOTHING)
}

impl<P: Probability, const EVEN: bool, const LANES: usize> Work for Pass<'_, P, EVEN, LANES> {
    /// None when a number is no probability.
    type Output = Option<Table>;

    #[inline(always)]
    fn run(self) -> Option<Table> {
        // A place below the first bin is for zeros.
        let mut cells = vec![[0; LANES]; 2 * (self.edges.bins() + 1)];
        let (mut squares, mut prepared) = (Squares::default(), Prepared::default());
        let (blocks, rest) = self.probabilities.as_chunks::<BLOCK>();
        let (outcome_blocks, outcome_rest) = self.outcomes.as_chunks::<BLOCK>();
        for (values, outcomes) in blocks.iter().zip(outcome_blocks) {
            add_block::<P, EVEN, LANES>(
                &mut cells,
                &mut squares,
                &mut prepared,
                self.edges,
                values,
                outcomes,
                BLOCK,
            )?;
        }
        let (mut values, mut outcomes) = ([P::from(0); BLOCK], [0; BLOCK]);
        values[..rest.len()].copy_from_slice(rest);
        outcomes[..rest.len()].copy_from_slice(outcome_rest);
        add_block::<P, EVEN, LANES>(
            &mut cells,
            &mut squares,
            &mut prepared,
            self.edges,
            &values,
            &outcomes,
            rest.len(),
        )?;
        let ([zeros, bins @ ..], _) = cells.as_chunks::<2>() else { return None };
        let mut bins: Vec<_> = bins.iter().map(|bin| bin.map(|lanes| total(&lanes))).collect();
        for (sums, lanes) in bins.first_mut()?.iter_mut().zip(zeros) {
            *sums += total(lanes);
        }
        Some(Table { bins, squared_error: squares.total() })
    }
}

/// What is known of the samples of a block, kept from one to the next so that it is not cleared for each.
struct Prepared {
    /// The place of the cell, in the lowest 32 bits.
    places: [u64; BLOCK],
    /// The probability in units of 2^-60.
    linear: [u64; BLOCK],
    happened: [u8; BLOCK],
}

impl Default for Prepared {
    fn default() -> Self {
        Self { places: [0; BLOCK], linear: [0; BLOCK], happened: [0; BLOCK] }
    }
}

/// Wrapping sums of the halves of squares.
#[derive(Default)]
struct Squares {
    blocks: u64,
    high: u64,
    low: u64,
}

impl Squares {
    /// In units of 2^-60. Up to 2^34 squares, what the wrapped sums stand for is known.
    fn total(&self) -> u128 {
        let count = self.blocks.wrapping_mul(BLOCK as u64);
        let high = self.high.wrapping_sub(count.wrapping_mul(HIGH.to_bits()));
        let low = self.low.wrapping_sub(count.wrapping_mul(LOW.to_bits())).cast_signed();
        (u128::from(high) << 30).wrapping_add_signed(low.into())
    }
}

/// Adds the first values of a block, after which there are zeros that did not happen; None when one is no
/// probability.
#[inline(always)]
fn add_block<P: Probability, const EVEN: bool, const LANES: usize>(
    cells: &mut [[Cell; LANES]],
    squares: &mut Squares,
    prepared: &mut Prepared,
    edges: &Edges,
    values: &[P; BLOCK],
    outcomes: &[u8; BLOCK],
    count: usize,
) -> Option<()> {
    let bins = edges.bins() as f64;
    let Prepared { places, linear, happened } = prepared;
    let mut inside = true;
    for index in 0..BLOCK {
        inside &= (values[index] >= P::from(0)) & (values[index] <= P::from(1));
        happened[index] = outcomes[index].min(1);
    }
    if !inside {
        return None;
    }
    if !EVEN {
        for index in 0..BLOCK {
            places[index] = edges.place(values[index].into()) as u64;
        }
    }
    let (mut high_sum, mut low_sum) = (0_u64, 0_u64);
    for index in 0..BLOCK {
        let (value, happened): (f64, _) = (values[index].into(), u64::from(happened[index]));
        if EVEN {
            let nearest = value * bins + ROUNDER;
            let above = (nearest - ROUNDER) / bins < value;
            places[index] = nearest.to_bits().wrapping_add(above.into());
        }
        places[index] = (places[index] << 1).wrapping_add(happened);
        let (high, low) = halves(value);
        linear[index] = units(high, low);
        // One or zero by its bits: shorter than a conversion.
        let distance = value - f64::from_bits(happened.wrapping_neg() & 1.0_f64.to_bits());
        let (high, low) = halves(distance * distance);
        high_sum = high_sum.wrapping_add(high);
        low_sum = low_sum.wrapping_add(low);
    }
    squares.blocks += 1;
    squares.high = squares.high.wrapping_add(high_sum);
    squares.low = squares.low.wrapping_add(low_sum);
    for index in 0..count {
        let cell = &mut cells[places[index] as u32 as usize][index % LANES];
        *cell = cell.wrapping_add(u128::from(linear[index]) | 1 << COUNT);
    }
    Some(())
}

fn total(lanes: &[Cell]) -> Sums {
    let mut total = Sums::default();
    for lane in lanes {
        total += Sums { count: (lane >> COUNT) as u64, probability: lane & ((1 << COUNT) - 1) };
    }
    total
}
