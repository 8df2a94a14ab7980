//! Whole bits for parts of a model, where each divides the loss of its part by 4.
//!
//! The bits given are the largest of the numbers `c 4^-b`, b = 0, 1, ...: they are counted by their exponents, of
//! which there are few, and among those of the last exponent that has some, the largest mantissas are selected.
//!
//! Source: Fox, Discrete optimization via marginal analysis, Management Science 13, 1966.

use crate::double_double::DoubleDouble;
use std::fmt;

/// Why there is no allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BitAllocationError {
    /// NaN, infinity or a number below 0.
    BadSensitivity {
        /// Its position.
        index: usize,
    },
    /// A minimum above the maximum, or a maximum beyond 1024.
    BadRange {
        /// The minimum.
        minimum: u32,
        /// The maximum.
        maximum: u32,
    },
    /// More bits than all parts at their maximum, or fewer than at their minimum.
    BadTotal {
        /// Bits to give.
        total: u64,
    },
}

impl fmt::Display for BitAllocationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadSensitivity { index } => {
                write!(f, "NaN, infinity or a number below 0 at position {index}")
            }
            Self::BadRange { minimum, maximum } => write!(f, "from {minimum} to {maximum} bits"),
            Self::BadTotal { total } => write!(f, "{total} bits do not fit the parts"),
        }
    }
}

impl std::error::Error for BitAllocationError {}

/// Bits of each part, and what they leave of the loss.
#[derive(Clone, Debug, PartialEq)]
pub struct BitAllocation {
    /// Of each part.
    pub bits: Vec<i64>,
    /// The sum of `c 4^-bits`.
    pub cost: f64,
}

/// The largest number of bits of a part.
const MOST_BITS: u32 = 1024;

/// Gives bits one by one to where they gain most, of equal gains to the first part; or what amounts to it.
///
/// `sensitivity` is the loss of each part without a bit. O(n) time, 16 bytes of memory a part; exact for all
/// sensitivities, subnormal ones included.
///
/// # Errors
/// [`BitAllocationError`].
///
/// ```
/// use lossary_core::bit_allocation::integer_bit_allocation;
/// let found = integer_bit_allocation(&[1.0, 4.0, 16.0, 2.0], 10, 0, 16)?;
/// assert_eq!((found.bits, found.cost), (vec![2, 3, 3, 2], 0.5));
/// # Ok::<(), lossary_core::bit_allocation::BitAllocationError>(())
/// ```
pub fn integer_bit_allocation(
    sensitivity: &[f64],
    total: u64,
    minimum: u32,
    maximum: u32,
) -> Result<BitAllocation, BitAllocationError> {
    if let Some(index) = sensitivity.iter().position(|loss| !(0.0..f64::INFINITY).contains(loss)) {
        return Err(BitAllocationError::BadSensitivity { index });
    }
    if minimum > maximum || maximum > MOST_BITS {
        return Err(BitAllocationError::BadRange { minimum, maximum });
    }
    let parts = sensitivity.len() as u64;
    let spare = total.checked_sub(parts * u64::from(minimum));
    let Some(spare) = spare.filter(|_| total <= parts * u64::from(maximum)) else {
        return Err(BitAllocationError::BadTotal { total });
    };
    let level = Level::of(sensitivity, spare, maximum - minimum);
    let (mut first, mut idle) = (level.first, level.idle);
    let mut cost = DoubleDouble::default();
    let give = |&loss: &f64| {
        let more = if loss > 0.0 {
            let (exponent, mantissa) = parse(loss);
            let is_tied = level.is_tied(exponent);
            let is_next = is_tied && mantissa == level.mantissa && first > 0;
            first -= u64::from(is_next);
            level.above[exponent] + u32::from(is_next || (is_tied && mantissa > level.mantissa))
        } else {
            // Bits without a gain are ties, which go to the first part while it has room.
            let more = idle.min(u64::from(level.room));
            idle -= more;
            more as u32
        };
        let bits = minimum + more;
        cost = cost.add_f64(divided(loss, 2 * bits));
        i64::from(bits)
    };
    let bits = sensitivity.iter().map(give).collect();
    Ok(BitAllocation { bits, cost: cost.rounded() })
}

/// Exponents of doubles.
const EXPONENTS: usize = 2098;

const MANTISSA_BITS: u32 = f64::MANTISSA_DIGITS - 1;

/// The exponent of a number above 0, from 0 for the smallest, and its mantissa without the leading bit.
#[inline(always)]
fn parse(number: f64) -> (usize, u64) {
    const MANTISSA: u64 = (1 << MANTISSA_BITS) - 1;
    let bits = number.to_bits();
    let biased = (bits >> MANTISSA_BITS) as usize;
    if biased > 0 {
        return (biased + MANTISSA_BITS as usize - 1, bits & MANTISSA);
    }
    let exponent = bits.ilog2();
    (exponent as usize, bits << (MANTISSA_BITS - exponent) & MANTISSA)
}

/// The loss times 2^-power.
#[inline(always)]
fn divided(mut loss: f64, mut power: u32) -> f64 {
    while power > 0 {
        let step = power.min(1000);
        loss *= f64::from_bits(u64::from(1023 - step) << MANTISSA_BITS);
        power -= step;
    }
    loss
}

/// How far down the numbers `c 4^-b` have bits.
struct Level {
    room: u32,
    /// By the exponent of c, how many of its numbers have an exponent above the last.
    above: Vec<u32>,
    /// By the exponent of c, how many have the last exponent or one above.
    from: Vec<u32>,
    /// Those of the last exponent have a bit if they have a larger mantissa, and the first so many that have this one.
    mantissa: u64,
    first: u64,
    /// Bits for parts that gain nothing.
    idle: u64,
}

impl Level {
    fn of(sensitivity: &[f64], spare: u64, room: u32) -> Self {
        let mut parts = vec![0_u64; EXPONENTS];
        for &loss in sensitivity.iter().filter(|&&loss| loss > 0.0) {
            parts[parse(loss).0] += 1;
        }
        let active: u64 = parts.iter().sum();
        let useful = spare.min(active * u64::from(room));
        let sum = |counts: &[u32]| {
            parts.iter().zip(counts).map(|(&parts, &count)| parts * u64::from(count)).sum::<u64>()
        };
        // At the first there are too many numbers above, unless it is below all; at the second few enough.
        let (mut low, mut high) = (-2 * i64::from(room) - 1, EXPONENTS as i64);
        while high - low > 1 {
            let middle = (low + high) / 2;
            if sum(&numbers_above(middle, room)) > useful {
                low = middle;
            } else {
                high = middle;
            }
        }
        let (above, from) = (numbers_above(high, room), numbers_above(high - 1, room));
        let mut level = Self { room, mantissa: u64::MAX, first: 0, idle: spare - useful, above, from };
        let wanted = useful - sum(&level.above);
        if wanted > 0 {
            let tied = sensitivity.iter().filter(|&&loss| loss > 0.0).map(|&loss| parse(loss));
            let mut mantissas: Vec<u64> =
                tied.filter(|&(exponent, _)| level.is_tied(exponent)).map(|(_, mantissa)| mantissa).collect();
            let (larger, &mut mantissa, _) =
                mantissas.select_nth_unstable_by(wanted as usize - 1, |a, b| b.cmp(a));
            let larger = larger.iter().filter(|&&other| other > mantissa).count();
            (level.mantissa, level.first) = (mantissa, wanted - larger as u64);
        }
        level
    }

    /// Whether a part of this exponent has a number of the last exponent.
    #[inline(always)]
    fn is_tied(&self, exponent: usize) -> bool {
        self.from[exponent] > self.above[exponent]
    }
}

/// By the exponent e of c, how many of the numbers `c 4^-b`, of exponents `e - 2 b` for b below `room`, are above.
fn numbers_above(level: i64, room: u32) -> Vec<u32> {
    (0..EXPONENTS as i64)
        .map(|exponent| ((exponent - level + 1) / 2).clamp(0, i64::from(room)) as u32)
        .collect()
}
