//! Sums of exponentials, block by block.

use super::{BLOCK, Normalizer, Real};

/// Adds up a row. To store is to write `e^(x - shift) 2^-n` to `out`, with an `n` for each block.
#[inline(always)]
pub(super) fn sum<S: Real, const FUSED: bool, const STORE: bool>(
    row: &[S],
    out: &mut [S],
    exponents: &mut Vec<S>,
) -> Normalizer {
    if let Some(found) = sum_shifted::<S, FUSED, STORE>(row, None, out, exponents) {
        return found;
    }
    // So far from 0 that powers of two would not be exact: less the maximum.
    let highest = highest(row);
    let found = sum_shifted::<S, FUSED, STORE>(row, Some(highest), out, exponents);
    let infinite = highest.into() == f64::INFINITY && !row.iter().any(|&x| is_nan(x));
    Normalizer { infinite, ..found.unwrap_or(NOTHING) }
}

const NOTHING: Normalizer = Normalizer { shift: 0.0, exponent: 0.0, mantissa: 0.0, infinite: false };

/// None for a row without a shift that needs one.
#[inline(always)]
fn sum_shifted<S: Real, const FUSED: bool, const STORE: bool>(
    row: &[S],
    shift: Option<S>,
    out: &mut [S],
    exponents: &mut Vec<S>,
) -> Option<Normalizer> {
    exponents.clear();
    let lowest = S::default() - S::FURTHEST;
    let (_, mut exponent) = lowest.parts::<FUSED>();
    let mut mantissa = 0.0;
    let by = shift.unwrap_or_default();
    let mut rest = out;
    for block in row.chunks(BLOCK) {
        let mut top = highest(block);
        if shift.is_none() && (top > S::FURTHEST || (top < lowest && top > S::LOWEST)) {
            return None;
        }
        top = top - by;
        // Not of a block that vanishes, nor of NaN.
        if top > lowest {
            let (_, higher) = top.parts::<FUSED>();
            if higher > exponent {
                mantissa *= (exponent - higher).power_of_two().into();
                exponent = higher;
            }
        }
        let (here, after) = std::mem::take(&mut rest).split_at_mut(if STORE { block.len() } else { 0 });
        mantissa += exponentials::<S, FUSED, STORE>(block, by, exponent, here);
        rest = after;
        if STORE {
            exponents.push(exponent);
        }
    }
    Some(Normalizer { shift: by.into(), exponent: exponent.into(), mantissa, ..NOTHING })
}

/// The sum of `e^(x - shift) 2^-exponent`; to store is to write each to `out`.
#[inline(always)]
pub(super) fn exponentials<S: Real, const FUSED: bool, const STORE: bool>(
    block: &[S],
    shift: S,
    exponent: S,
    out: &mut [S],
) -> f64 {
    let (wide, rest) = block.as_chunks::<32>();
    let (narrow, rest) = rest.as_chunks::<8>();
    let (wide_out, out) = out.as_chunks_mut::<32>();
    let (narrow_out, out) = out.as_chunks_mut::<8>();
    let mut total = chunks::<S, 32, FUSED, STORE>(wide, shift, exponent, wide_out);
    total += chunks::<S, 8, FUSED, STORE>(narrow, shift, exponent, narrow_out);
    if !rest.is_empty() {
        let (mut padded, mut found) = ([S::LOWEST; 8], [S::default(); 8]);
        for (place, &x) in padded.iter_mut().zip(rest) {
            *place = x;
        }
        total += chunks::<S, 8, FUSED, true>(&[padded], shift, exponent, std::slice::from_mut(&mut found));
        for (value, found) in out.iter_mut().zip(found) {
            *value = found;
        }
    }
    total
}

#[inline(always)]
fn chunks<S: Real, const LANES: usize, const FUSED: bool, const STORE: bool>(
    chunks: &[[S; LANES]],
    shift: S,
    exponent: S,
    out: &mut [[S; LANES]],
) -> f64 {
    let mut sums = [S::default(); LANES];
    for (index, chunk) in chunks.iter().enumerate() {
        let mut values = [S::default(); LANES];
        for lane in 0..LANES {
            let x = chunk[lane] - shift;
            let (mantissa, power) = if x < S::VANISHING { S::VANISHING } else { x }.parts::<FUSED>();
            let value = mantissa * (power - exponent).power_of_two();
            values[lane] = value;
            sums[lane] = sums[lane] + value;
        }
        if STORE && let Some(out) = out.get_mut(index) {
            *out = values;
        }
    }
    let mut totals = [0.0; 8];
    for part in sums.as_chunks::<8>().0 {
        for lane in 0..8 {
            totals[lane] += part[lane].into();
        }
    }
    totals.iter().sum()
}

/// The largest number; NaN is passed over.
#[inline(always)]
fn highest<S: Real>(block: &[S]) -> S {
    let (wide, rest) = block.as_chunks::<64>();
    let (narrow, rest) = rest.as_chunks::<8>();
    let mut tops = [S::LOWEST; 64];
    for chunk in wide {
        for lane in 0..64 {
            tops[lane] = if chunk[lane] > tops[lane] { chunk[lane] } else { tops[lane] };
        }
    }
    let mut highest = [S::LOWEST; 8];
    for chunk in tops.as_chunks::<8>().0.iter().chain(narrow) {
        for lane in 0..8 {
            highest[lane] = if chunk[lane] > highest[lane] { chunk[lane] } else { highest[lane] };
        }
    }
    let mut top = S::LOWEST;
    for &x in highest.iter().chain(rest) {
        top = if x > top { x } else { top };
    }
    top
}

fn is_nan<S: Real>(x: S) -> bool {
    let x: f64 = x.into();
    x.is_nan()
}
