//! One class of one distinct score, with what it amounts to: what the runs of an exact state are made of.

use crate::keys::Score;
use crate::states::amount::Amount;

/// An entry of a run.
pub(crate) trait Tally: Copy + Default + Send + Sync + 'static {
    type Amount: Amount;
    /// Orders by score, then negatives before positives.
    type Place: Ord + Copy;

    /// Whether the form can tell this finite score from all others.
    fn holds(score: f64) -> bool;

    /// The score must be one that the form holds, the amount within its bits.
    fn new(score: f64, positive: bool, amount: Self::Amount) -> Self;
    fn place(self) -> Self::Place;
    fn score(self) -> f64;
    fn positive(self) -> bool;
    fn amount(self) -> Self::Amount;
    /// Both amounts; the places must be equal.
    fn plus(self, other: Self) -> Self;
    fn same_score(self, other: Self) -> bool;
}

/// The key of a single-precision score, the class, and a count of 31 bits.
pub(crate) type Narrow = u64;

/// The key of a double-precision score, the class, and a count of 63 bits.
pub(crate) type Wide = u128;

macro_rules! impl_tally {
    ($tally:ty: $float:ty, $key:ty) => {
        impl Tally for $tally {
            type Amount = u64;
            type Place = $tally;

            #[inline(always)]
            fn holds(score: f64) -> bool {
                f64::from(score as $float) == score
            }

            fn new(score: f64, positive: bool, count: u64) -> Self {
                let place = <$tally>::from((score as $float).key()) << 1 | <$tally>::from(positive);
                place << (<$key>::BITS - 1) | <$tally>::from(count as $key)
            }

            #[inline(always)]
            fn place(self) -> $tally {
                self >> (<$key>::BITS - 1)
            }

            fn score(self) -> f64 {
                <$float as Score>::value((self >> <$key>::BITS) as $key)
            }

            #[inline(always)]
            fn positive(self) -> bool {
                self.place() & 1 == 1
            }

            #[inline(always)]
            fn amount(self) -> u64 {
                u64::from(self as $key & <$key>::MAX >> 1)
            }

            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self + <$tally>::from(other.amount())
            }

            #[inline(always)]
            fn same_score(self, other: Self) -> bool {
                self >> <$key>::BITS == other >> <$key>::BITS
            }
        }
    };
}

impl_tally!(Narrow: f32, u32);
impl_tally!(Wide: f64, u64);

/// The key of a double-precision score, the class, and a sum of weights of 127 bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Weighed {
    key: u64,
    // Two words, not one of 128 bits, whose alignment would add eight bytes.
    class_and_high: u64,
    low: u64,
}

const CLASS: u64 = 1 << 63;

impl Weighed {
    /// The same place with another sum.
    pub(crate) fn with_amount(self, sum: u128) -> Self {
        let class_and_high = self.class_and_high & CLASS | (sum >> 64) as u64;
        Self { class_and_high, low: sum as u64, ..self }
    }

    pub(crate) fn to_le_bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        for (part, word) in bytes.as_chunks_mut().0.iter_mut().zip([self.key, self.class_and_high, self.low])
        {
            *part = word.to_le_bytes();
        }
        bytes
    }

    pub(crate) fn from_le_bytes(bytes: [u8; 24]) -> Self {
        let [key, class_and_high, low] = [0, 8, 16].map(|at| {
            let word: [u8; 8] = std::array::from_fn(|byte| bytes[at + byte]);
            u64::from_le_bytes(word)
        });
        Self { key, class_and_high, low }
    }
}

impl Tally for Weighed {
    type Amount = u128;
    type Place = u128;

    fn holds(_score: f64) -> bool {
        true
    }

    fn new(score: f64, positive: bool, sum: u128) -> Self {
        let class_and_high = (sum >> 64) as u64 | if positive { CLASS } else { 0 };
        Self { key: score.key(), class_and_high, low: sum as u64 }
    }

    #[inline(always)]
    fn place(self) -> u128 {
        u128::from(self.key) << 1 | u128::from(self.class_and_high >> 63)
    }

    fn score(self) -> f64 {
        f64::value(self.key)
    }

    #[inline(always)]
    fn positive(self) -> bool {
        self.class_and_high & CLASS != 0
    }

    #[inline(always)]
    fn amount(self) -> u128 {
        u128::from(self.class_and_high & !CLASS) << 64 | u128::from(self.low)
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        let (low, carry) = self.low.overflowing_add(other.low);
        let high = (other.class_and_high & !CLASS) + u64::from(carry);
        Self { class_and_high: self.class_and_high + high, low, ..self }
    }

    #[inline(always)]
    fn same_score(self, other: Self) -> bool {
        self.key == other.key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Tally>(scores: &[f64], large: T::Amount, small: T::Amount) {
        let mut before = None;
        for &score in scores {
            for positive in [false, true] {
                let tally = T::new(score, positive, large);
                assert_eq!((tally.score(), tally.positive(), tally.amount()), (score, positive, large));
                assert!(before < Some(tally.place()));
                let both = tally.plus(T::new(score, positive, small));
                assert_eq!((both.score(), both.positive()), (score, positive));
                assert_eq!(both.amount(), large + small);
                assert!(tally.same_score(T::new(score, !positive, small)));
                before = Some(tally.place());
            }
        }
    }

    #[test]
    fn every_form_holds_score_class_and_amount() {
        let scores = [f64::from(f32::MIN), -1.5, f64::from(-1e-45_f32), 0.0, 0.25, f64::from(f32::MAX)];
        check::<Narrow>(&scores, (1 << 31) - 8, 7);
        check::<Wide>(&scores, (1 << 63) - 8, 7);
        check::<Weighed>(&scores, (1 << 126) - 1, u128::from(u64::MAX));
        check::<Wide>(&[f64::MIN, -5e-324, 0.1, f64::MAX], 1, 1);
    }
}
