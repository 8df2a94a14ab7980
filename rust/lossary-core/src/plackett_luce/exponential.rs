//! The exponential function and the logarithm in forms that compilers turn into wide instructions.

/// Adding it leaves the nearest integer in the low bits.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// ln 2 in two parts: the first has so few digits that its product with a whole number below 2^20 is exact.
const LN2_HIGH: f64 = 0.693_147_178_739_309_3;
const LN2_LOW: f64 = 1.820_635_998_504_146_2e-9;

/// `1 / n!`: the Taylor series of which the first term left out is below 2^-57 on half of ln 2.
const SERIES: [f64; 14] = {
    let (mut series, mut power) = ([1.0; 14], 1);
    while power < 14 {
        series[power] = series[power - 1] / power as f64;
        power += 1;
    }
    series
};

/// `e^x` within two units in the last place, for `x` within plus or minus 700.
#[inline(always)]
pub(super) fn exp(x: f64) -> f64 {
    let rounded = x * std::f64::consts::LOG2_E + ROUNDER;
    let whole = rounded - ROUNDER;
    let rest = (x - whole * LN2_HIGH) - whole * LN2_LOW;
    let mut sum = SERIES[13];
    let mut power = 13;
    while power > 0 {
        power -= 1;
        sum = sum * rest + SERIES[power];
    }
    // The power of two as the bits of its exponent.
    sum * f64::from_bits((rounded.to_bits() << 52).wrapping_add(1023 << 52))
}

/// The bits of the square root of one half.
const HALF_ROOT: u64 = 0x3FE6_A09E_667F_3BCD;

const MANTISSA: u64 = (1 << 52) - 1;

/// The bits of 2^52: with a whole number below that in the low bits, its sum with the number.
const WHOLE: u64 = 0x4330_0000_0000_0000;

/// `2 / (2 n + 1)`: of the series of `ln((1 + s) / (1 - s))` in odd powers; the first term left out is below 2^-57 of
/// it where a number is within the square roots of one half and of two.
const ODD: [f64; 11] = {
    let (mut series, mut power) = ([2.0; 11], 1);
    while power < 11 {
        series[power] = 2.0 / (2 * power + 1) as f64;
        power += 1;
    }
    series
};

/// `ln x` within four units in the last place, for normal `x` above 0.
#[inline(always)]
pub(super) fn ln(x: f64) -> f64 {
    ln_and(x, 0.0)
}

/// `ln(1 + x)` within four units in the last place, for finite `x` from 0 on.
#[inline(always)]
pub(super) fn ln_1p(x: f64) -> f64 {
    let sum = 1.0 + x;
    // What rounding took from the sum.
    let lost = x - (sum - 1.0);
    ln_and(sum, lost / sum)
}

/// `ln x`, to which something small is added before digits are lost.
#[inline(always)]
fn ln_and(x: f64, small: f64) -> f64 {
    let bits = x.to_bits().wrapping_sub(HALF_ROOT).wrapping_add(1023 << 52);
    let exponent = f64::from_bits((bits >> 52) | WHOLE) - (f64::from_bits(WHOLE) + 1023.0);
    let rest = f64::from_bits((bits & MANTISSA) + HALF_ROOT) - 1.0;
    let ratio = rest / (2.0 + rest);
    let square = ratio * ratio;
    let mut series = ODD[10];
    let mut power = 10;
    while power > 0 {
        power -= 1;
        series = series * square + ODD[power];
    }
    exponent * std::f64::consts::LN_2 + (series * ratio + small)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_the_standard_library() {
        for step in -70_000..=70_000 {
            let x = f64::from(step) * 0.009_999_1;
            let (found, wanted) = (exp(x), x.exp());
            assert!((found / wanted - 1.0).abs() <= 4.5e-16, "{x}: {found:e} {wanted:e}");
        }
        assert_eq!((exp(0.0), exp(-0.0)), (1.0, 1.0));
    }
    #[test]
    fn logarithms_are_those_of_the_standard_library() {
        for step in -70_000..=70_000 {
            let x = (f64::from(step) * 0.009_999_1).exp();
            for (found, wanted) in [(ln_1p(x), x.ln_1p()), (ln(x), x.ln())] {
                assert!((found - wanted).abs() <= 9e-16 * wanted.abs(), "{x:e}: {found:e} {wanted:e}");
            }
        }
        assert_eq!((ln(1.0), ln_1p(0.0), ln_1p(1.0)), (0.0, 0.0, std::f64::consts::LN_2));
    }
}
