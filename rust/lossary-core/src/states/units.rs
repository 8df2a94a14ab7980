//! Weights as integers: multiples of a unit, a power of two that divides them all, so that every sum is exact.

use crate::states::error::StateError;

/// The most samples of a state: twice as many fit a word.
pub(crate) const MOST_SAMPLES: u64 = i64::MAX as u64;

/// The sum of the weights must stay below, in units.
const WEIGHT_UNITS: u128 = 1 << 126;

/// The sum of the weights must stay below two to this power, so that no sum overflows a double.
const HIGHEST_EXPONENT: i32 = 1000;

/// The weight as an odd integer times a power of two, `(integer, exponent)`; None for zero.
pub(crate) fn odd_and_exponent(weight: f64) -> Option<(u64, i32)> {
    let bits = weight.to_bits();
    let (fraction, field) = (bits & ((1 << 52) - 1), (bits >> 52 & 0x7ff) as i32);
    let (integer, exponent) = if field == 0 { (fraction, -1074) } else { (fraction | 1 << 52, field - 1075) };
    let zeros = integer.trailing_zeros();
    (integer != 0).then(|| (integer >> zeros, exponent + zeros as i32))
}

/// `amount * 2^unit`, rounded once where the result is a normal number.
pub(crate) fn in_units(amount: f64, unit: i32) -> f64 {
    // In steps, because 2^unit itself may be no double; only the last can round.
    let mut value = amount;
    let mut left = unit;
    while left != 0 {
        let step = left.clamp(-500, 500);
        value *= 2.0_f64.powi(step);
        left -= step;
    }
    value
}

/// The weight as a multiple of `2^unit`, which must divide it.
pub(crate) fn in_integer_units(weight: f64, unit: i32) -> u128 {
    odd_and_exponent(weight).map_or(0, |(odd, exponent)| u128::from(odd) << (exponent - unit))
}

/// The largest unit of which all these weights are multiples, and their sum in it; None when all are zero.
///
/// # Errors
/// [`StateError::WeightSpan`] when the sum is too large in that unit, or altogether.
pub(crate) fn unit_and_total(weights: &[f64]) -> Result<Option<(i32, u128)>, StateError> {
    let Some(unit) = weights.iter().filter_map(|&weight| odd_and_exponent(weight)).map(|(_, e)| e).min()
    else {
        return Ok(None);
    };
    let mut total = 0;
    for (odd, exponent) in weights.iter().filter_map(|&weight| odd_and_exponent(weight)) {
        total = add_units(total, rescaled(odd.into(), exponent, unit)?, unit)?;
    }
    Ok(Some((unit, total)))
}

/// An amount in units of `2^from`, in the smaller units of `2^to`.
pub(crate) fn rescaled(amount: u128, from: i32, to: i32) -> Result<u128, StateError> {
    if amount == 0 {
        return Ok(0);
    }
    let shift = (from - to) as u32;
    if shift < amount.leading_zeros() { Ok(amount << shift) } else { Err(StateError::WeightSpan) }
}

/// The sum of two totals in units of `2^unit`, if a state can hold it.
pub(crate) fn add_units(one: u128, other: u128, unit: i32) -> Result<u128, StateError> {
    let sum = one.checked_add(other).ok_or(StateError::WeightSpan)?;
    let highest = 128 - sum.leading_zeros() as i32 + unit;
    if sum < WEIGHT_UNITS && highest <= HIGHEST_EXPONENT { Ok(sum) } else { Err(StateError::WeightSpan) }
}

/// How amounts in units of `2^unit` are written with the largest unit that divides them all.
pub(crate) struct Reduction {
    /// Every amount ends in so many zeros.
    pub(crate) zeros: u32,
    /// The unit without them.
    pub(crate) unit: i32,
    /// How far up amounts without zeros are to be shifted to be counts; None where they are none.
    pub(crate) up: Option<u32>,
}

impl Reduction {
    pub(crate) fn of(amounts: impl Iterator<Item = u128>, unit: i32) -> Self {
        let (bits, total) = amounts.fold((0, 0), |(bits, total), amount| (bits | amount, total + amount));
        let zeros = if bits == 0 { 0 } else { bits.trailing_zeros() };
        let unit = unit + zeros as i32;
        let is_count =
            |_: &u32| rescaled(total >> zeros, unit, 0).is_ok_and(|total| total <= MOST_SAMPLES.into());
        Self { zeros, unit, up: u32::try_from(unit).ok().filter(is_count) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_odd_integers_times_powers_of_two() {
        for (weight, wanted) in [
            (1.0, (1, 0)),
            (6.0, (3, 1)),
            (0.1, (3602879701896397, -55)),
            (5e-324, (1, -1074)),
            (f64::MAX, ((1 << 53) - 1, 971)),
        ] {
            assert_eq!(odd_and_exponent(weight), Some(wanted));
            assert_eq!(in_units(wanted.0 as f64, wanted.1), weight);
        }
        assert_eq!(odd_and_exponent(0.0), None);
        assert_eq!(in_units(2.0_f64.powi(126), 971), f64::INFINITY);
    }
}
