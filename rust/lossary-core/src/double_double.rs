//! Sums and products in about 106 bits: an unevaluated pair of doubles, high part first.
//!
//! Weighted metrics add weights in sorted order in this format, so that the rounded result is that of the
//! exact sum for all but contrived weights. Source: Dekker, A floating-point technique for extending the
//! available precision, Numerische Mathematik 18, 1971; Knuth, The Art of Computer Programming 2, 4.2.2.

use crate::ranking::Mass;
use std::ops::{Mul, Neg};

/// The number `high + low`, where `low` is at most half an ulp of `high`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct DoubleDouble {
    high: f64,
    low: f64,
}

/// `a + b` exactly, where `|a| >= |b|` or `a == 0`.
#[inline(always)]
fn quick_two_sum(a: f64, b: f64) -> DoubleDouble {
    let high = a + b;
    DoubleDouble { high, low: b - (high - a) }
}

/// `a + b` exactly.
#[inline(always)]
fn two_sum(a: f64, b: f64) -> DoubleDouble {
    let high = a + b;
    let from_b = high - a;
    DoubleDouble { high, low: (a - (high - from_b)) + (b - from_b) }
}

/// `a * b` exactly; by splitting, because a fused multiply-add is a slow call on the baseline processor.
#[inline(always)]
fn two_product(a: f64, b: f64) -> DoubleDouble {
    let split = |x: f64| {
        let scaled = 134_217_729.0 * x; // 2^27 + 1
        let high = scaled - (scaled - x);
        (high, x - high)
    };
    let ((a_high, a_low), (b_high, b_low)) = (split(a), split(b));
    let high = a * b;
    let low = ((a_high * b_high - high) + a_high * b_low + a_low * b_high) + a_low * b_low;
    DoubleDouble { high, low }
}

impl DoubleDouble {
    /// A number from its high and low part.
    #[inline(always)]
    pub(crate) fn of_parts(high: f64, low: f64) -> Self {
        Self { high, low }
    }

    /// The high and the low part.
    #[inline(always)]
    pub(crate) fn parts(self) -> (f64, f64) {
        (self.high, self.low)
    }

    /// `a - b` exactly.
    #[inline(always)]
    pub(crate) fn difference(a: f64, b: f64) -> Self {
        two_sum(a, -b)
    }

    /// `a / b`, for `b` that is not zero.
    pub(crate) fn quotient(a: f64, b: f64) -> Self {
        let high = a / b;
        let rest = Self::from(a).add(two_product(-high, b));
        quick_two_sum(high, rest.high / b)
    }

    /// The sum of many numbers.
    #[inline(always)]
    pub(crate) fn sum(numbers: impl Iterator<Item = f64>) -> Self {
        numbers.fold(Self::default(), Self::add_f64).add(Self::default())
    }

    /// What the number has beyond its [`to_f64`](Mass::to_f64).
    #[inline(always)]
    pub(crate) fn low(self) -> f64 {
        self.low
    }

    /// The sum with `a * b`.
    #[inline(always)]
    pub(crate) fn add_product(self, a: f64, b: f64) -> Self {
        self.add(two_product(a, b))
    }

    /// The sum with `number * factor`, for long sums, as [`Self::add_f64`].
    #[inline(always)]
    pub(crate) fn add_times(self, number: Self, factor: f64) -> Self {
        let product = two_product(number.high, factor);
        let sum = self.add_f64(product.high);
        Self { low: sum.low + (product.low + number.low * factor), ..sum }
    }

    /// The nearest double or its neighbour, after a long sum.
    #[inline(always)]
    pub(crate) fn rounded(self) -> f64 {
        self.high + self.low
    }

    /// The sum with another, as [`Self::add_f64`].
    #[inline(always)]
    pub(crate) fn add_long(self, other: Self) -> Self {
        let sum = self.add_f64(other.high);
        Self { low: sum.low + other.low, ..sum }
    }

    /// The sum with a number, for long sums: the low part is brought below an ulp of the high one by the next `add`.
    #[inline(always)]
    pub(crate) fn add_f64(self, number: f64) -> Self {
        let sum = two_sum(self.high, number);
        Self { high: sum.high, low: self.low + sum.low }
    }
}

impl From<f64> for DoubleDouble {
    fn from(number: f64) -> Self {
        Self { high: number, low: 0.0 }
    }
}

impl Neg for DoubleDouble {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Self { high: -self.high, low: -self.low }
    }
}

impl Mul for DoubleDouble {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let product = two_product(self.high, other.high);
        let cross = self.high * other.low + self.low * other.high;
        quick_two_sum(product.high, product.low + cross)
    }
}

impl Mass for DoubleDouble {
    const ORDER_FREE: bool = false;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let high = two_sum(self.high, other.high);
        let low = two_sum(self.low, other.low);
        let sum = quick_two_sum(high.high, high.low + low.high);
        quick_two_sum(sum.high, sum.low + low.low)
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self.high
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_survive_cancellation() {
        let sum =
            [1e16, 1.0, -1e16].into_iter().map(DoubleDouble::from).fold(DoubleDouble::default(), Mass::add);
        assert_eq!(sum.to_f64(), 1.0);
    }

    #[test]
    fn products_keep_the_low_part() {
        let tenth = DoubleDouble::from(0.1);
        let exact = tenth * DoubleDouble::from(10.0);
        // 0.1 as a double is 1/10 + 5.55e-18.
        assert_eq!(exact.add(DoubleDouble::from(-1.0)).to_f64(), 5.551115123125783e-17);
    }

    #[test]
    fn differences_and_quotients_keep_the_low_part() {
        let difference = DoubleDouble::difference(1e16, 0.1);
        assert_eq!(difference.add(DoubleDouble::from(-1e16)).to_f64(), -0.1);
        let third = DoubleDouble::quotient(1.0, 3.0);
        assert!((third * DoubleDouble::from(3.0)).add(DoubleDouble::from(-1.0)).to_f64().abs() < 1e-31);
    }
}
