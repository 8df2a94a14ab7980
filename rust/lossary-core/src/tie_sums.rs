//! Sums of the weights of one tie group, which no order of the samples changes.
//!
//! The integers that doubles are, as multiples of a common power of two, are added exactly where they fit in 127
//! bits; else the weights are added in ascending order, in about 106 bits.

use crate::double_double::DoubleDouble;
use crate::ranking::Mass;

/// Fewer weights are sorted sooner than they are made integers.
const FEW: usize = 16;

/// Powers of two from the largest weight's exponent down to the unit: as many as leave room for 2^33 weights.
const DEPTH: i32 = 92;

/// As many weights at most have an exact sum.
const MOST: usize = 1 << 33;

/// The sum of finite weights; a function of the weights, not of their order.
pub(crate) fn sum(weights: impl ExactSizeIterator<Item = f64> + Clone) -> DoubleDouble {
    if weights.len() <= FEW {
        let mut few = [0.0; FEW];
        let few = &mut few[..weights.len()];
        for (place, weight) in few.iter_mut().zip(weights) {
            *place = weight;
        }
        return ascending(few);
    }
    exact(weights.clone()).unwrap_or_else(|| ascending(&mut weights.collect::<Vec<_>>()))
}

fn ascending(weights: &mut [f64]) -> DoubleDouble {
    weights.sort_unstable_by(f64::total_cmp);
    weights.iter().fold(DoubleDouble::default(), |sum, &weight| sum.add(weight.into()))
}

/// Exponent and mantissa: a double is the mantissa times two to the exponent less 1075.
fn parts(weight: f64) -> (i32, i128) {
    let bits = weight.to_bits();
    let exponent = (bits >> 52 & 0x7FF) as i32;
    let mantissa = i128::from(bits & ((1 << 52) - 1) | u64::from(exponent > 0) << 52);
    (exponent.max(1), if weight < 0.0 { -mantissa } else { mantissa })
}

/// The sum as an integer; None where one weight is no multiple of the unit.
fn exact(weights: impl ExactSizeIterator<Item = f64> + Clone) -> Option<DoubleDouble> {
    if weights.len() > MOST {
        return None;
    }
    let largest = weights.clone().map(|weight| parts(weight).0).max()?;
    // Mantissas have 53 bits, the largest so many above the unit.
    let unit = largest + 52 - (DEPTH - 1);
    let (mut sum, mut lost) = (0_i128, 0);
    for weight in weights {
        let (exponent, mantissa) = parts(weight);
        let places = exponent - unit;
        let down = (-places).clamp(0, 64);
        lost |= mantissa & ((1 << down) - 1);
        sum += (mantissa >> down) << places.max(0);
    }
    (lost == 0).then(|| to_double_double(sum, unit))
}

fn to_double_double(sum: i128, unit: i32) -> DoubleDouble {
    let high = sum as f64;
    let low = (sum - high as i128) as f64;
    let scaled = |part: f64| DoubleDouble::from(times_power(part, unit - 1075));
    scaled(high).add(scaled(low))
}

/// `number * 2^exponent`, in steps that are numbers themselves.
fn times_power(number: f64, exponent: i32) -> f64 {
    let first = exponent.clamp(-1000, 1000);
    number * 2.0_f64.powi(first) * 2.0_f64.powi(exponent - first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(weights: &[f64], wanted: f64) {
        for turn in 0..weights.len() {
            let mut turned = weights.to_vec();
            turned.rotate_left(turn);
            assert_eq!(sum(turned.into_iter()).to_f64(), wanted);
        }
    }

    #[test]
    fn sums_survive_cancellation() {
        check(&[1e16, 1.0, -1e16], 1.0);
        let mut many = vec![1e20, -1e20, 3.0];
        many.extend([0.5; 20]);
        check(&many, 13.0);
    }

    #[test]
    fn every_magnitude_is_added_exactly() {
        for weight in [5e-324, 1e-310, f64::MIN_POSITIVE, 0.1, 1.0, 1e300, -1e-300] {
            check(&[weight; 32], 32.0 * weight);
        }
        let largest = f64::MAX / 64.0;
        check(&[largest; 32], 32.0 * largest);
        assert!(exact([1.0, 1e-11].into_iter()).is_some() && exact([1.0, 1e-13].into_iter()).is_none());
        assert!(exact([1.0, 2.0_f64.powi(-91)].into_iter()).is_some());
        assert!(exact([1.0, 2.0_f64.powi(-92)].into_iter()).is_none());
        assert!(exact([f64::MAX, 5e-324].into_iter()).is_none());
    }

    #[test]
    fn what_no_integer_holds_is_added_in_ascending_order() {
        let mut far: Vec<f64> = (0..40).map(|place| 2.0_f64.powi(place * 5 - 100)).collect();
        let wanted: f64 = far.iter().sum();
        check(&far, wanted);
        far.extend([1e-300; 3]);
        check(&far, wanted);
    }
}
