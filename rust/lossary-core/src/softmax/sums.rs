//! Sums of exponentials: of short rows several at a time, of long ones block by block.

use super::{Normalizer, Real};
use crate::platform::FusedWork;

/// Numbers that stay in the nearest cache between the search for their maximum and their last use.
const BLOCK: usize = 2048;

/// Rows that leave the second cache before they end: exponentials are computed twice rather than stored between.
const LONG: usize = 1 << 18;

/// Short rows that go together, so that what is done once a row is done for all of them at once.
const ROWS: usize = 16;

/// The steps of a loop over numbers.
const WIDE: usize = 32;

/// The steps of its end; shorter rows are made as long.
const NARROW: usize = 16;

/// Some rows, where their softmax goes, unless it is empty, and their sums.
pub(super) struct Rows<'a, S> {
    pub(super) rows: &'a [S],
    pub(super) columns: usize,
    pub(super) out: &'a mut [S],
    pub(super) normalizers: &'a mut Vec<Normalizer>,
}

impl<S: Real> FusedWork for Rows<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self { rows, columns, out, normalizers } = self;
        if columns >= BLOCK + NARROW {
            let (mut exponents, mut out) = (vec![], out.chunks_exact_mut(columns));
            for row in rows.chunks_exact(columns) {
                let out = out.next().unwrap_or_default();
                normalizers.push(long_row::<S, FUSED>(row, out, &mut exponents));
            }
            return;
        }
        let height = (BLOCK / columns).clamp(1, ROWS);
        let mut out = out.chunks_mut(height * columns);
        let (mut wider, mut wider_out) = ([S::LOWEST; ROWS * NARROW], [S::default(); ROWS * NARROW]);
        for rows in rows.chunks(height * columns) {
            let out = out.next().unwrap_or_default();
            if columns >= NARROW {
                short_rows::<S, FUSED>(rows, columns, out, normalizers);
                continue;
            }
            let wider = &mut wider[..rows.len() / columns * NARROW];
            for (row, wider) in rows.chunks_exact(columns).zip(wider.chunks_exact_mut(NARROW)) {
                wider[..columns].copy_from_slice(row);
            }
            let wider_out = if out.is_empty() { &mut [] } else { &mut wider_out[..wider.len()] };
            short_rows::<S, FUSED>(wider, NARROW, wider_out, normalizers);
            for (row, wider) in out.chunks_exact_mut(columns).zip(wider_out.chunks_exact(NARROW)) {
                row.copy_from_slice(&wider[..columns]);
            }
        }
    }
}

/// Up to `ROWS` rows of `NARROW` numbers or more: each step for all of them, so that none waits for the one before.
#[inline(always)]
fn short_rows<S: Real, const FUSED: bool>(
    rows: &[S],
    columns: usize,
    out: &mut [S],
    normalizers: &mut Vec<Normalizer>,
) {
    let (mut shifts, mut exponents, mut mantissas) = ([S::LOWEST; ROWS], [S::default(); ROWS], [0.0; ROWS]);
    for (top, row) in shifts.iter_mut().zip(rows.chunks_exact(columns)) {
        *top = highest(row);
    }
    for row in 0..ROWS {
        let top = shifts[row];
        shifts[row] = if is_far(top) { top } else { S::default() };
        exponents[row] = exponent_of::<S, FUSED>(top - shifts[row]);
    }
    for (row, numbers) in rows.chunks_exact(columns).enumerate().take(ROWS) {
        let out = out.get_mut(row * columns..(row + 1) * columns).unwrap_or_default();
        mantissas[row] = exponentials::<S, FUSED>(numbers, shifts[row], exponents[row], out);
    }
    let factors = mantissas.map(|mantissa| S::nearest(1.0 / mantissa));
    for (row, &factor) in out.chunks_exact_mut(columns).zip(&factors) {
        scale(row, factor);
    }
    let count = rows.len() / columns;
    for ((shift, exponent), mantissa) in shifts.into_iter().zip(exponents).zip(mantissas).take(count) {
        normalizers.push(Normalizer { shift: shift.into(), exponent: exponent.into(), mantissa });
    }
}

/// A row of more than one block; `exponents` is room for those of its blocks.
#[inline(always)]
fn long_row<S: Real, const FUSED: bool>(row: &[S], out: &mut [S], exponents: &mut Vec<S>) -> Normalizer {
    let again = row.len() >= LONG;
    let (mut shift, mut found) = (None, None);
    while found.is_none() {
        found = sum_blocks::<S, FUSED>(row, shift, if again { &mut [] } else { &mut *out }, exponents);
        if found.is_none() {
            // So far from 0 that powers of two would not be exact: less the maximum.
            shift = Some(highest(row));
        }
    }
    let (shift, (exponent, mantissa)) = (shift.unwrap_or_default(), found.unwrap_or_default());
    let factor = S::nearest(1.0 / mantissa);
    let mut rest = out;
    for (block, &stored) in blocks(row).zip(exponents.iter()) {
        let Some((here, after)) = std::mem::take(&mut rest).split_at_mut_checked(block.len()) else { break };
        rest = after;
        if again {
            let _ = exponentials::<S, FUSED>(block, shift, exponent, here);
        }
        scale(here, if again { factor } else { factor * (stored - exponent).power_of_two() });
    }
    Normalizer { shift: shift.into(), exponent: exponent.into(), mantissa }
}

/// The exponent and the mantissa of a sum; none without a shift that needs one. To `out`, unless it is empty, goes
/// `e^(x - shift) 2^-n`, with an `n` for each block.
#[inline(always)]
fn sum_blocks<S: Real, const FUSED: bool>(
    row: &[S],
    shift: Option<S>,
    out: &mut [S],
    exponents: &mut Vec<S>,
) -> Option<(S, f64)> {
    exponents.clear();
    let (by, mut mantissa) = (shift.unwrap_or_default(), 0.0);
    let mut exponent = exponent_of::<S, FUSED>(S::LOWEST);
    let mut rest = out;
    for block in blocks(row) {
        let top = highest(block);
        if shift.is_none() && is_far(top) {
            return None;
        }
        let higher = exponent_of::<S, FUSED>(top - by);
        if higher > exponent {
            mantissa *= (exponent - higher).power_of_two().into();
            exponent = higher;
        }
        let length = block.len().min(rest.len());
        let (here, after) = std::mem::take(&mut rest).split_at_mut(length);
        mantissa += exponentials::<S, FUSED>(block, by, exponent, here);
        rest = after;
        exponents.push(exponent);
    }
    Some((exponent, mantissa))
}

/// The blocks of a row; the last is never so short that it could not be read by `NARROW` numbers.
fn blocks<S>(row: &[S]) -> impl Iterator<Item = &[S]> {
    let mut rest = row;
    std::iter::from_fn(move || {
        let length = if rest.len() < BLOCK + NARROW { rest.len() } else { BLOCK };
        let (block, after) = rest.split_at(length);
        rest = after;
        (length > 0).then_some(block)
    })
}

/// Whether powers of two beside such a maximum would not be exact.
#[inline(always)]
fn is_far<S: Real>(top: S) -> bool {
    top > S::FURTHEST || (top < S::default() - S::FURTHEST && top > S::LOWEST)
}

/// The power of two of the exponential of a maximum; the least one where that vanishes or is NaN.
#[inline(always)]
fn exponent_of<S: Real, const FUSED: bool>(top: S) -> S {
    let lowest = S::default() - S::FURTHEST;
    if top > lowest { top } else { lowest }.parts::<FUSED>().1
}

/// The sum of `e^(x - shift) 2^-exponent`, of `NARROW` numbers or more; each goes to `out`, unless that is empty.
#[inline(always)]
fn exponentials<S: Real, const FUSED: bool>(numbers: &[S], shift: S, exponent: S, out: &mut [S]) -> f64 {
    let (wide, rest) = numbers.as_chunks::<WIDE>();
    let wide_out = out.as_chunks_mut::<WIDE>().0;
    let mut sums = [S::default(); WIDE];
    for (index, chunk) in wide.iter().enumerate() {
        let values = add_exponentials::<S, WIDE, FUSED>(chunk, shift, exponent, 0, &mut sums);
        if let Some(out) = wide_out.get_mut(index) {
            *out = values;
        }
    }
    let mut start = numbers.len() - rest.len();
    while start < numbers.len() {
        // Some of the last numbers are met twice, and count once.
        let from = start.min(numbers.len() - NARROW);
        let Some(chunk) = numbers[from..].first_chunk::<NARROW>() else { break };
        let values = add_exponentials::<S, NARROW, FUSED>(chunk, shift, exponent, start - from, &mut sums);
        if from + NARROW <= out.len()
            && let Some(out) = out[from..].first_chunk_mut()
        {
            *out = values;
        }
        start = from + NARROW;
    }
    let mut totals = [0.0; 8];
    for lane in 0..8 {
        let (a, b): (f64, f64) = (sums[lane].into(), sums[lane + 8].into());
        let (c, d): (f64, f64) = (sums[lane + 16].into(), sums[lane + 24].into());
        totals[lane] = (a + b) + (c + d);
    }
    let [a, b, c, d, e, f, g, h] = in_memory(totals);
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// The exponentials, of which the first few do not count.
#[inline(always)]
fn add_exponentials<S: Real, const LANES: usize, const FUSED: bool>(
    numbers: &[S; LANES],
    shift: S,
    exponent: S,
    skip: usize,
    sums: &mut [S; WIDE],
) -> [S; LANES] {
    let mut values = [S::default(); LANES];
    for lane in 0..LANES {
        let x = numbers[lane] - shift;
        let (mantissa, power) = if x < S::VANISHING { S::VANISHING } else { x }.parts::<FUSED>();
        values[lane] = mantissa * (power - exponent).power_of_two();
        sums[lane] = sums[lane] + if lane >= skip { values[lane] } else { S::default() };
    }
    values
}

/// The largest of `NARROW` numbers or more; NaN is passed over.
#[inline(always)]
fn highest<S: Real>(numbers: &[S]) -> S {
    let mut tops = [S::LOWEST; WIDE];
    let (wide, rest) = numbers.as_chunks::<WIDE>();
    for chunk in wide {
        for lane in 0..WIDE {
            tops[lane] = higher(chunk[lane], tops[lane]);
        }
    }
    let ends = [rest.first_chunk::<NARROW>(), numbers.last_chunk::<NARROW>()];
    for chunk in ends.into_iter().flatten() {
        for lane in 0..NARROW {
            tops[lane] = higher(chunk[lane], tops[lane]);
        }
    }
    let mut highest = [S::LOWEST; 8];
    for lane in 0..8 {
        let [a, b, c, d] = [tops[lane], tops[lane + 8], tops[lane + 16], tops[lane + 24]];
        highest[lane] = higher(higher(a, b), higher(c, d));
    }
    let [a, b, c, d, e, f, g, h] = in_memory(highest);
    higher(higher(higher(a, e), higher(c, g)), higher(higher(b, f), higher(d, h)))
}

#[inline(always)]
fn higher<S: Real>(x: S, top: S) -> S {
    if x > top { x } else { top }
}

/// The lanes, out of their registers: the compiler would arrange the loop that fills them, too, for the few steps
/// that bring them together.
#[inline(always)]
fn in_memory<T>(lanes: [T; 8]) -> [T; 8] {
    std::hint::black_box(lanes)
}

/// Multiplies `NARROW` numbers or more.
#[inline(always)]
fn scale<S: Real>(numbers: &mut [S], factor: S) {
    let Some(&last) = numbers.last_chunk::<NARROW>() else { return };
    let (mut start, end) = (0, numbers.len());
    while start < end {
        // Some of the last numbers are met twice: the second time as they were at first.
        let from = start.min(end - NARROW);
        let Some(place) = numbers[from..].first_chunk_mut::<NARROW>() else { return };
        let values = if from < start { last } else { *place };
        for lane in 0..NARROW {
            place[lane] = values[lane] * factor;
        }
        start += NARROW;
    }
}
