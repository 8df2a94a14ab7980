//! Order-preserving integer keys: comparing keys compares the numbers.
//!
//! A key has the width of its number (32 or 64 bits), so that a sort moves no more bytes than the input holds.
//! Within a bucket whose keys agree in the top bit, `key << 1 | label` is lossless in the same width: sorted
//! buckets of such entries carry the labels along for free.

use crate::network::Column;
use std::fmt::Debug;

/// An unsigned integer that orders like the score it was made from.
pub trait Key: Column + Copy + Ord + Default + Debug + Send + Sync + 'static {
    /// Width in bits.
    const BITS: u32;

    /// The top bit: the key of zero, for floats and signed integers.
    const TOP: Self;

    /// The key without its top bit, and the label in the lowest bit.
    fn pack(self, positive: bool) -> Self;

    /// The key of a packed entry whose top bit was `top`.
    fn unpack(self, top: bool) -> Self;

    /// The label of a packed entry.
    fn is_positive(self) -> bool;

    /// Equal for two packed entries of one bucket when their scores tie.
    fn tie_group(self) -> Self;

    /// `self >> shift`, as a number.
    fn bin(self, shift: u32) -> u64;

    /// `(self - base) >> shift` where that fits in 32 bits, for a base that is not above.
    fn bin_from(self, base: Self, shift: u32) -> u32;

    /// The key with the lowest bits cleared.
    fn aligned(self, bits: u32) -> Self;

    /// A number of steps of `2^shift` keys.
    fn scaled(steps: u32, shift: u32) -> Self;

    /// A key just outside a range; None where the range is all keys.
    fn beside(min: Self, max: Self) -> Option<Self>;

    /// The distance from a key that is not above.
    fn less(self, base: Self) -> Self;

    /// The key at a distance; wraps.
    fn plus(self, distance: Self) -> Self;

    /// This key with the bits set in which two others differ.
    fn with_differing(self, a: Self, b: Self) -> Self;
}

macro_rules! impl_key {
    ($($key:ty),*) => {$(
        impl Key for $key {
            const BITS: u32 = <$key>::BITS;

            const TOP: Self = 1 << (<$key>::BITS - 1);

            #[inline(always)]
            fn pack(self, positive: bool) -> Self {
                self << 1 | <$key>::from(positive)
            }

            #[inline(always)]
            fn unpack(self, top: bool) -> Self {
                self >> 1 | <$key>::from(top) << (<$key>::BITS - 1)
            }

            #[inline(always)]
            fn is_positive(self) -> bool {
                self & 1 == 1
            }

            #[inline(always)]
            fn tie_group(self) -> Self {
                self >> 1
            }

            #[inline(always)]
            fn bin(self, shift: u32) -> u64 {
                u64::from(self >> shift)
            }

            #[inline(always)]
            fn bin_from(self, base: Self, shift: u32) -> u32 {
                (self.wrapping_sub(base) >> shift) as u32
            }

            #[inline(always)]
            fn aligned(self, bits: u32) -> Self {
                self >> bits << bits
            }

            fn scaled(steps: u32, shift: u32) -> Self {
                <$key>::from(steps) << shift
            }

            fn beside(min: Self, max: Self) -> Option<Self> {
                min.checked_sub(1).or_else(|| max.checked_add(1))
            }

            #[inline(always)]
            fn less(self, base: Self) -> Self {
                self.wrapping_sub(base)
            }

            #[inline(always)]
            fn plus(self, distance: Self) -> Self {
                self.wrapping_add(distance)
            }

            #[inline(always)]
            fn with_differing(self, a: Self, b: Self) -> Self {
                self | (a ^ b)
            }
        }
    )*};
}

impl_key!(u32, u64);

/// A number that can be ranked: `f32`, `f64` and the integers up to 64 bits.
pub trait Score: Copy + Default + PartialOrd + Send + Sync + Debug + 'static {
    /// The key's width: 32 bits for numbers that fit, else 64.
    type Key: Key;

    /// For floats: negative infinity, zero and infinity. Their keys are dense around zero, where numbers are rare.
    const FLOAT: Option<[Self; 3]>;

    /// The key of a number that is not NaN. Negative zero has the key of zero.
    fn key(self) -> Self::Key;

    /// The number of a key, rounded to `f64` where it is an integer beyond 2^53.
    fn value(key: Self::Key) -> f64;

    /// Neither NaN nor infinite.
    fn is_finite(self) -> bool;

    /// `(self - low) scale`, rounded, at least 0 and at most `most`, which is below 2^22. Rises with the number.
    fn step(self, low: f64, scale: f64, most: u32) -> u32;
}

macro_rules! impl_float_score {
    ($($float:ty: $key:ty),*) => {$(
        impl Score for $float {
            type Key = $key;

            const FLOAT: Option<[Self; 3]> = Some([<$float>::NEG_INFINITY, 0.0, <$float>::INFINITY]);

            #[inline(always)]
            fn key(self) -> $key {
                const TOP: $key = 1 << (<$key>::BITS - 1);
                let bits = (self + 0.0).to_bits();
                // Negative numbers order backwards: flip all bits. Others move above them: flip the top bit.
                let negative = (bits >> (<$key>::BITS - 1)).wrapping_neg();
                bits ^ (negative | TOP)
            }

            fn value(key: $key) -> f64 {
                const TOP: $key = 1 << (<$key>::BITS - 1);
                let bits = if key & TOP == 0 { !key } else { key ^ TOP };
                f64::from(<$float>::from_bits(bits))
            }

            #[inline(always)]
            fn is_finite(self) -> bool {
                self.is_finite()
            }

            #[inline(always)]
            fn step(self, low: f64, scale: f64, most: u32) -> u32 {
                let (most, place) = (most as $float, (self - low as $float) * scale as $float);
                // Not clamp, which keeps NaN: it counts as 0.
                let place = if place > 0.0 { place } else { 0.0 };
                let place = if place < most { place } else { most };
                // Where doubles, or singles, are one apart: their lowest bits are the rounded place.
                const APART: $float = (1_u64 << (<$float>::MANTISSA_DIGITS - 1)) as $float;
                (place + APART).to_bits() as u32 & ((1 << 22) - 1)
            }
        }
    )*};
}

impl_float_score!(f32: u32, f64: u64);

macro_rules! impl_integer_score {
    ($($integer:ty: $wide:ty, $key:ty, $flip:expr);*) => {$(
        impl Score for $integer {
            type Key = $key;

            const FLOAT: Option<[Self; 3]> = None;

            #[inline(always)]
            fn key(self) -> $key {
                <$wide>::from(self) as $key ^ $flip
            }

            fn value(key: $key) -> f64 {
                (key ^ $flip) as $wide as f64
            }

            #[inline(always)]
            fn is_finite(self) -> bool {
                true
            }

            #[inline(always)]
            fn step(self, low: f64, scale: f64, most: u32) -> u32 {
                (self as f64).step(low, scale, most)
            }
        }
    )*};
}

impl_integer_score!(
    i8: i32, u32, 1 << 31; i16: i32, u32, 1 << 31; i32: i32, u32, 1 << 31; i64: i64, u64, 1 << 63;
    u8: u32, u32, 0; u16: u32, u32, 0; u32: u32, u32, 0; u64: u64, u64, 0
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_order_like_numbers_and_decode() {
        let ascending = [
            f64::NEG_INFINITY,
            -1e300,
            -1.0,
            -f64::MIN_POSITIVE,
            -5e-324,
            0.0,
            5e-324,
            1.0,
            1e300,
            f64::INFINITY,
        ];
        for pair in ascending.windows(2) {
            assert!(pair[0].key() < pair[1].key());
        }
        for number in ascending {
            assert_eq!(f64::value(number.key()), number);
            assert_eq!(f32::value((number as f32).key()), f64::from(number as f32));
        }
        assert_eq!((-0.0_f64).key(), 0.0_f64.key());
        assert!((-5_i8).key() < 3_i8.key() && i64::MIN.key() < i64::MAX.key());
        assert_eq!((i16::value((-7_i16).key()), u64::value(9_u64.key())), (-7.0, 9.0));
    }

    #[test]
    fn packing_keeps_key_and_label() {
        for number in [-3.5_f32, -0.0, 2.25] {
            for positive in [false, true] {
                let key = number.key();
                let packed = key.pack(positive);
                assert_eq!(packed.unpack(key.bin(31) == 1), key);
                assert_eq!(packed.is_positive(), positive);
            }
        }
    }
}
