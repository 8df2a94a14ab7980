//! What the samples of a class amount to: a count, or a sum of weights in integer units; and exact products.

use crate::auc::Auc;
use crate::states::runs::Totals;
use crate::states::units::in_units;
use std::fmt::Debug;
use std::ops::{Add, Sub};

/// A count in 64 bits, or a sum of weights in 128 bits.
pub(crate) trait Amount:
    Copy + Default + Ord + Debug + Add<Output = Self> + Sub<Output = Self> + Into<u128> + Send + Sync + 'static
{
    /// Holds four products of amounts that a state accepts.
    type Product: Product;

    /// The product, exactly.
    fn times(self, other: Self) -> Self::Product;

    /// The nearest double.
    fn to_f64(self) -> f64;

    /// For callers: the count, or the weight of so many units of `2^unit`.
    fn total(self, unit: i32) -> Total;

    /// The integers of an area, where they are counts.
    fn auc(twice_wins: Self::Product, totals: Totals<Self>) -> Option<Auc>;
}

/// How many samples of a class there are, or what they weigh.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Total {
    /// A number of samples.
    Count(u64),
    /// A sum of weights.
    Weight(f64),
}

/// An exact product of two amounts, or a sum of such.
pub(crate) trait Product:
    Copy + Default + Ord + Debug + Add<Output = Self> + Sub<Output = Self>
{
    /// The nearest double.
    fn to_f64(self) -> f64;
}

impl Amount for u64 {
    type Product = u128;

    #[inline(always)]
    fn times(self, other: Self) -> u128 {
        u128::from(self) * u128::from(other)
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self as f64
    }

    fn total(self, _unit: i32) -> Total {
        Total::Count(self)
    }

    fn auc(twice_wins: u128, totals: Totals<u64>) -> Option<Auc> {
        Some(Auc { twice_wins, positives: totals.positives, negatives: totals.negatives })
    }
}

impl Product for u128 {
    fn to_f64(self) -> f64 {
        self as f64
    }
}

impl Amount for u128 {
    type Product = U256;

    fn times(self, other: Self) -> U256 {
        let split = |number: u128| (number >> 64, number & u128::from(u64::MAX));
        let ((a_high, a_low), (b_high, b_low)) = (split(self), split(other));
        let low = a_low * b_low;
        // At most (2^64 - 1)^2 + 2 (2^64 - 1), so neither sum overflows.
        let middle = a_high * b_low + (low >> 64);
        let cross = a_low * b_high + (middle & u128::from(u64::MAX));
        U256 {
            high: a_high * b_high + (middle >> 64) + (cross >> 64),
            low: (cross << 64) | (low & u128::from(u64::MAX)),
        }
    }

    fn to_f64(self) -> f64 {
        self as f64
    }

    fn total(self, unit: i32) -> Total {
        Total::Weight(in_units(self as f64, unit))
    }

    fn auc(_twice_wins: U256, _totals: Totals<u128>) -> Option<Auc> {
        None
    }
}

/// An unsigned integer of 256 bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct U256 {
    high: u128,
    low: u128,
}

impl Add for U256 {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let (low, carry) = self.low.overflowing_add(other.low);
        Self { high: self.high + other.high + u128::from(carry), low }
    }
}

impl Sub for U256 {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        let (low, borrow) = self.low.overflowing_sub(other.low);
        Self { high: self.high - other.high - u128::from(borrow), low }
    }
}

impl Product for U256 {
    fn to_f64(self) -> f64 {
        if self.high == 0 {
            return self.low as f64;
        }
        let shift = self.high.leading_zeros();
        let (top, rest) = match shift {
            0 => (self.high, self.low),
            _ => (self.high << shift | self.low >> (128 - shift), self.low << shift),
        };
        // The bits below only decide a tie: one bit stands for all of them.
        (top | u128::from(rest != 0)) as f64 * 2.0_f64.powi(128 - shift as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ODD: u128 = (1 << 126) - 159;

    #[test]
    fn products_are_exact() {
        // (2^126 - 159)^2 = 2^252 - 318 * 2^126 + 25281
        let square = ODD.times(ODD);
        assert_eq!(square, U256 { high: (1 << 124) - 80, low: (1 << 127) + 25281 });
        assert_eq!(square + square - square, square);
        assert_eq!(u128::MAX.times(u128::MAX), U256 { high: u128::MAX - 1, low: 1 });
        assert_eq!(7_u128.times(6), U256 { high: 0, low: 42 });
        assert_eq!(u64::MAX.times(2), (1 << 65) - 2);
    }

    #[test]
    fn products_round_to_the_nearest_double() {
        let at = |high, low| U256 { high, low }.to_f64();
        assert_eq!(at(1, 0), 2.0_f64.powi(128));
        assert_eq!(at(u128::MAX, u128::MAX), 2.0_f64.powi(256));
        assert_eq!(at(0, 3), 3.0);
        // Half an ulp of 2^128 is 2^75: a tie goes to even, and one more rounds up.
        let (one, ulp) = (2.0_f64.powi(128), 2.0_f64.powi(76));
        assert_eq!(at(1, 1 << 75), one);
        assert_eq!(at(1, (1 << 75) + 1), one + ulp);
        assert_eq!(at(1, 3 << 75), one + 2.0 * ulp);
    }
}
