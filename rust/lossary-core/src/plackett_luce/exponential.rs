//! The exponential function in a form that compilers turn into wide instructions.

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
}
