//! The Brier score: the mean squared distance between predicted probabilities and what happened.
//!
//! Source: Brier, Verification of forecasts expressed in terms of probability, Monthly Weather Review 78, 1950.

use crate::double_double::DoubleDouble;
use crate::ranking::Mass;
use crate::threads;
use std::fmt;

/// Values per block: a block is summed in plain doubles, blocks are added in about 106 bits, in order.
const BLOCK: usize = 1 << 10;

/// Why probabilities cannot be scored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BrierError {
    /// The slices have lengths that do not fit together.
    LengthMismatch {
        /// Number of probabilities.
        probabilities: usize,
        /// Number wanted.
        wanted: usize,
    },
    /// A probability is NaN or outside [0, 1].
    NotAProbability {
        /// Position of the first such number.
        index: usize,
        /// The number.
        value: f64,
    },
}

impl fmt::Display for BrierError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LengthMismatch { probabilities, wanted } => {
                write!(out, "probabilities: got {probabilities}; wanted {wanted}")
            }
            Self::NotAProbability { index, value } => {
                write!(out, "probabilities: got {value} at {index}; wanted numbers in [0, 1]")
            }
        }
    }
}

impl std::error::Error for BrierError {}

/// A floating probability.
pub trait Probability: Copy + From<u8> + Into<f64> + PartialOrd + Send + Sync {}

impl Probability for f32 {}
impl Probability for f64 {}

/// The sum over samples of `weight * sum over classes of (probability - [class is true])^2`.
///
/// `probabilities` holds one row of `classes` numbers per sample, `truth` the true class of each; a class
/// beyond the row counts as none. With one class a row, `truth` says whether it happened (0: no, else: yes).
/// Divide by the sum of the weights for the mean. Each product is computed in f64; the sum carries a relative
/// error below 2^-43.
///
/// # Errors
/// [`BrierError`]: lengths that do not fit, or a number outside [0, 1].
///
/// ```
/// use lossary_core::brier::squared_error;
/// assert_eq!(squared_error(&[0.5, 1.0], &[1_u8, 1], 1, None)?, 0.25);
/// assert_eq!(squared_error(&[0.5, 0.5, 0.0], &[1_u32], 3, None)?, 0.5);
/// # Ok::<(), lossary_core::brier::BrierError>(())
/// ```
pub fn squared_error<P: Probability, C: Copy + Into<u32> + Sync>(
    probabilities: &[P],
    truth: &[C],
    classes: usize,
    weights: Option<&[f64]>,
) -> Result<f64, BrierError> {
    let wanted = truth.len().saturating_mul(classes);
    if probabilities.len() != wanted || weights.is_some_and(|weights| weights.len() != truth.len()) {
        return Err(BrierError::LengthMismatch { probabilities: probabilities.len(), wanted });
    }
    if classes == 0 {
        return Ok(0.0);
    }
    let rows = (BLOCK / classes).max(1);
    let blocks: Vec<usize> = (0..truth.len()).step_by(rows).collect();
    let sums = threads::map(blocks, threads::threads_for(wanted), |start| {
        let end = truth.len().min(start + rows);
        let block = &probabilities[start * classes..end * classes];
        let weights = weights.map(|weights| &weights[start..end]);
        block_error(block, &truth[start..end], classes, weights)
    });
    if sums.iter().any(Option::is_none) {
        let bad = probabilities.iter().enumerate().map(|(index, &value)| (index, value.into()));
        if let Some((index, value)) = bad.into_iter().find(|(_, value)| !(0.0..=1.0).contains(value)) {
            return Err(BrierError::NotAProbability { index, value });
        }
    }
    let total = sums.into_iter().flatten().fold(DoubleDouble::default(), |sum, block| sum.add(block.into()));
    Ok(total.to_f64())
}

/// None when a number is no probability.
fn block_error<P: Probability, C: Copy + Into<u32>>(
    block: &[P],
    truth: &[C],
    classes: usize,
    weights: Option<&[f64]>,
) -> Option<f64> {
    let (mut sum, mut valid) = (0.0, true);
    for (row, (values, &class)) in block.chunks_exact(classes).zip(truth).enumerate() {
        let (class, mut error): (u32, f64) = (class.into(), 0.0);
        for (index, &value) in values.iter().enumerate() {
            let value: f64 = value.into();
            let happened = if classes == 1 { class != 0 } else { index == class as usize };
            valid &= (0.0..=1.0).contains(&value);
            let distance = value - f64::from(u8::from(happened));
            error += distance * distance;
        }
        sum += weights.and_then(|weights| weights.get(row)).map_or(error, |weight| weight * error);
    }
    valid.then_some(sum)
}
