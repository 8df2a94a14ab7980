//! Labels as they come: two values of any numeric type, or small integers.

use crate::threads;
use std::fmt;

/// Why labels do not name two classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelError {
    /// A third value.
    ThirdValue {
        /// Position of the first label that is neither the smallest nor the largest value.
        index: usize,
    },
    /// A label with a fraction, infinite or NaN.
    NotInteger {
        /// Position of the first such label.
        index: usize,
    },
}

impl fmt::Display for LabelError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ThirdValue { index } => write!(out, "labels: got a third value at {index}; wanted two"),
            Self::NotInteger { index } => write!(out, "labels: got no integer at {index}; wanted classes"),
        }
    }
}

impl std::error::Error for LabelError {}

/// A number that can stand for a class.
pub trait Label: Copy + PartialOrd + Send + Sync {
    /// Whether the number is an integer, as every class label is.
    fn is_integer(self) -> bool;

    /// The number, rounded where it is an integer beyond 2^53.
    fn to_f64(self) -> f64;
}

macro_rules! impl_label {
    ($($integer:ty),*; $($float:ty),*) => {
        $(impl Label for $integer {
            fn is_integer(self) -> bool {
                true
            }

            fn to_f64(self) -> f64 {
                self as f64
            }
        })*
        $(impl Label for $float {
            fn is_integer(self) -> bool {
                self.trunc() == self && self.is_finite()
            }

            fn to_f64(self) -> f64 {
                f64::from(self)
            }
        })*
    };
}

impl_label!(i8, i16, i32, i64, u8, u16, u32, u64; f32, f64);

/// Turns labels of at most two values into 0 (the smaller) and 1 (the larger). One value alone gives 0.
///
/// # Errors
/// [`LabelError`]: a third value, or a number that is no integer.
///
/// ```
/// assert_eq!(lossary_core::labels::two_classes(&[-1, 1, -1])?, [0, 1, 0]);
/// assert!(lossary_core::labels::two_classes(&[0, 1, 2]).is_err());
/// # Ok::<(), lossary_core::labels::LabelError>(())
/// ```
pub fn two_classes<L: Label>(labels: &[L]) -> Result<Vec<u8>, LabelError> {
    let Some(&first) = labels.first() else {
        return Ok(Vec::new());
    };
    let threads = threads::threads_for(labels.len());
    let parts = threads::parts(labels.len(), threads);
    let ranges = threads::map(parts.clone(), threads, |part| smallest_and_largest(first, &labels[part]));
    let (min, max) = ranges.into_iter().fold((first, first), |(min, max), (low, high)| {
        (if low < min { low } else { min }, if high > max { high } else { max })
    });
    let mut classes = vec![0_u8; labels.len()];
    let mut rest = classes.as_mut_slice();
    let mut jobs = Vec::with_capacity(parts.len());
    for part in parts {
        let (own, after) = std::mem::take(&mut rest).split_at_mut(part.len());
        rest = after;
        jobs.push((&labels[part], own));
    }
    let two_values = threads::map(jobs, threads, |(labels, classes)| {
        let mut two_values = true;
        for (class, &label) in classes.iter_mut().zip(labels) {
            two_values &= (label == min) | (label == max);
            *class = u8::from((label == max) & (max > min));
        }
        two_values
    });
    if min.is_integer() && max.is_integer() && !two_values.contains(&false) {
        return Ok(classes);
    }
    let third = || labels.iter().position(|&label| label != min && label != max).unwrap_or(0);
    Err(match labels.iter().position(|label| !label.is_integer()) {
        Some(index) => LabelError::NotInteger { index },
        None => LabelError::ThirdValue { index: third() },
    })
}

fn smallest_and_largest<L: Label>(first: L, labels: &[L]) -> (L, L) {
    labels.iter().fold((first, first), |(min, max), &label| {
        (if label < min { label } else { min }, if label > max { label } else { max })
    })
}

/// Smallest and largest label; None without labels.
///
/// ```
/// assert_eq!(lossary_core::labels::label_range(&[3, -1, 2]), Some((-1, 3)));
/// ```
pub fn label_range<L: Label>(labels: &[L]) -> Option<(L, L)> {
    labels.first().map(|&first| smallest_and_largest(first, labels))
}
