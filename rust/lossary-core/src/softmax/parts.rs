//! Exponentials as a mantissa and a power of two, which no number overflows.

use super::{CrossEntropyTerms, SoftmaxError, normalize};
use std::ops::{Add, Mul, Sub};

/// `f32` or `f64`.
pub trait Real:
    Copy
    + Default
    + PartialOrd
    + Into<f64>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Send
    + Sync
{
    /// One.
    const ONE: Self;
    /// Minus infinity.
    const LOWEST: Self;
    /// Up to here, from minus that on, what is left of a number after whole powers of two is exact.
    const FURTHEST: Self;
    /// In the place of numbers so low that their exponentials vanish beside the others; minus infinity is one.
    const VANISHING: Self;

    /// The nearest number of this type.
    fn nearest(value: f64) -> Self;
    /// `(m, n)` with `e^x = m 2^n`, m around 1 and n whole.
    fn parts<const FUSED: bool>(self) -> (Self, Self);
    /// `2^n` of a whole number up to 0; 0 where that is no normal number.
    fn power_of_two(self) -> Self;
    /// What is found of each row; its softmax goes to `out`. Here it is compiled once, and not in each crate that
    /// calls.
    fn normalize(
        rows: &[Self],
        columns: usize,
        target: Option<&[i64]>,
        out: Option<&mut [Self]>,
    ) -> Result<CrossEntropyTerms, SoftmaxError>;
}

macro_rules! impl_real {
    ($real:ty, $digits:literal, $bias:literal, $ln2:expr, $series:expr, $reduce:ident) => {
        impl Real for $real {
            const ONE: Self = 1.0;
            const LOWEST: Self = Self::NEG_INFINITY;
            const FURTHEST: Self = 524_288.0;
            const VANISHING: Self = -1_048_576.0;

            #[inline(always)]
            fn nearest(value: f64) -> Self {
                value as Self
            }

            #[inline(always)]
            fn parts<const FUSED: bool>(self) -> (Self, Self) {
                const SERIES: &[$real] = &$series;
                const LN2: ($real, $real) = $ln2;
                // Adding it leaves the nearest whole number in the low bits.
                let rounder = 1.5 * (1_u64 << $digits) as Self;
                let whole = (self * std::f64::consts::LOG2_E as Self + rounder) - rounder;
                let rest = if FUSED {
                    whole.mul_add(-LN2.1, whole.mul_add(-LN2.0, self))
                } else {
                    $reduce(self, whole, LN2)
                };
                let (mut sum, mut term) = (SERIES[0], 1);
                while term < SERIES.len() {
                    sum = if FUSED { sum.mul_add(rest, SERIES[term]) } else { sum * rest + SERIES[term] };
                    term += 1;
                }
                (sum, whole)
            }

            #[inline(always)]
            fn power_of_two(self) -> Self {
                // The bits of its exponent, which are 0 for the least one.
                let rounder = 1.5 * (1_u64 << $digits) as Self + $bias;
                let exponent = if self < -$bias { -$bias } else { self };
                Self::from_bits((exponent + rounder).to_bits() << $digits)
            }

            #[inline(never)]
            fn normalize(
                rows: &[Self],
                columns: usize,
                target: Option<&[i64]>,
                out: Option<&mut [Self]>,
            ) -> Result<CrossEntropyTerms, SoftmaxError> {
                normalize(rows, columns, target, out)
            }
        }
    };
}

/// Of the paper: relative error 1e-7.
const MINIMAX: [f32; 6] = [0.008_289_291, 0.041_897_822, 0.166_676_52, 0.499_991_5, 0.999_999_7, 1.0];

/// `1 / n!` from n = 13 down: the first term left out is below 2^-57.
const TAYLOR: [f64; 14] = {
    let (mut series, mut term) = ([1.0; 14], 13);
    while term > 0 {
        series[term - 1] = series[term] / (14 - term) as f64;
        term -= 1;
    }
    series
};

impl_real!(f32, 23, 127.0, (std::f32::consts::LN_2, -1.904_654_2e-9), MINIMAX, in_doubles);
impl_real!(f64, 52, 1023.0, (0.693_147_178_739_309_3, 1.820_635_998_504_146_2e-9), TAYLOR, in_two_parts);

/// Without fused instructions, the product of two floats takes a double.
#[inline(always)]
fn in_doubles(x: f32, whole: f32, _: (f32, f32)) -> f32 {
    (f64::from(x) - f64::from(whole) * std::f64::consts::LN_2) as f32
}

/// The first part of ln 2 has so few digits that its product with the whole number is exact.
#[inline(always)]
fn in_two_parts(x: f64, whole: f64, ln2: (f64, f64)) -> f64 {
    (x - whole * ln2.0) - whole * ln2.1
}
