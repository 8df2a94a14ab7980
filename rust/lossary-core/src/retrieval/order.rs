//! The order of equal scores, and entries that sort into it: a key and, below it, 32 bits that break ties.

use crate::keys::{Key, Score};
use crate::labels::Label;

/// What equal scores mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ties {
    /// The item that comes first in the list is ranked first.
    Index,
    /// The item that comes last in the list is ranked first.
    LastIndex,
    /// The more relevant item is ranked first.
    Optimistic,
    /// The less relevant item is ranked first.
    Pessimistic,
    /// The mean over all orders of each group of equal scores.
    Expected,
}

/// Above the position: whether the item is relevant (2), irrelevant (1) or of negative grade (0).
const CLASS_SHIFT: u32 = 30;
const POSITION: u32 = (1 << CLASS_SHIFT) - 1;

impl Ties {
    /// The bits below the key of an item; higher ones are ranked first.
    #[inline(always)]
    pub(super) fn order(self, index: usize, grade: impl FnOnce() -> f64) -> u32 {
        let position = index as u32;
        let class = |grade: f64| u32::from(grade > 0.0) + u32::from(grade >= 0.0);
        match self {
            Self::Index => POSITION - position,
            Self::LastIndex | Self::Expected => position,
            Self::Optimistic => class(grade()) << CLASS_SHIFT | position,
            Self::Pessimistic => (2 - class(grade())) << CLASS_SHIFT | position,
        }
    }

    /// The position of an item in its list, from the bits below its key.
    #[inline(always)]
    pub(super) fn position(self, order: u32) -> usize {
        (if self == Self::Index { POSITION - order } else { order & POSITION }) as usize
    }

    /// Whether the grades decide the order of equal scores.
    pub(super) fn by_grade(self) -> bool {
        matches!(self, Self::Optimistic | Self::Pessimistic)
    }
}

/// A key that fits beside 32 more bits in one integer.
pub trait Placed: Key {
    /// The key above 32 bits that break ties.
    type Entry: Copy + Ord + Send;

    /// Puts the key above the order.
    fn above(self, order: u32) -> Self::Entry;

    /// The bits below the key.
    fn order(entry: Self::Entry) -> u32;

    /// The key alone.
    fn of(entry: Self::Entry) -> Self;
}

macro_rules! impl_placed {
    ($($key:ty: $entry:ty),*) => {$(
        impl Placed for $key {
            type Entry = $entry;

            #[inline(always)]
            fn above(self, order: u32) -> $entry {
                <$entry>::from(self) << 32 | <$entry>::from(order)
            }

            #[inline(always)]
            fn order(entry: $entry) -> u32 {
                entry as u32
            }

            #[inline(always)]
            fn of(entry: $entry) -> $key {
                (entry >> 32) as $key
            }
        }
    )*};
}

impl_placed!(u32: u64, u64: u128);

/// A score of an item in a list.
pub trait RowScore: Score<Key: Placed> + Label {}

impl<S: Score<Key: Placed> + Label> RowScore for S {}

pub(super) type Entry<S> = <<S as Score>::Key as Placed>::Entry;
