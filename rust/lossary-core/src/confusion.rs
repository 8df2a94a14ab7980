//! Confusion matrices and per-class tallies of small integer labels.
//!
//! Labels are integers `low .. low + classes`; callers shift or encode theirs.

use crate::double_double::DoubleDouble;
use crate::ranking::Mass;
use crate::threads;
use std::fmt;

pub mod dense;

/// Why labels cannot be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfusionError {
    /// The slices have different lengths.
    LengthMismatch {
        /// Number of true labels.
        actual: usize,
        /// Length of the other slice.
        other: usize,
    },
    /// The table of so many classes does not fit in memory.
    TooManyClasses {
        /// Number of classes.
        classes: usize,
    },
    /// A label outside `low .. low + classes`.
    LabelOutside {
        /// Number of classes.
        classes: usize,
    },
    /// A sum of integer weights does not fit in 64 bits.
    Overflow,
}

impl fmt::Display for ConfusionError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LengthMismatch { actual, other } => {
                write!(out, "actual: got {actual} labels; wanted {other}, as the other slice")
            }
            Self::TooManyClasses { classes } => {
                write!(out, "classes: got {classes}; wanted few enough for a table of classes * classes")
            }
            Self::LabelOutside { classes } => {
                write!(out, "labels: got one outside the range; wanted {classes} consecutive integers")
            }
            Self::Overflow => write!(out, "weights: got a sum beyond 64 bits; wanted sums that fit"),
        }
    }
}

impl std::error::Error for ConfusionError {}

/// An integer class label.
pub trait ClassLabel: Copy + Send + Sync {
    /// The smallest label of the type.
    const LEAST: i64;

    /// The label in 64 bits; from 2^63 on it wraps, below `LEAST`.
    fn key(self) -> i64;

    /// `self - low` as a position; a huge number when it is negative.
    #[inline(always)]
    fn position(self, low: i64) -> usize {
        usize::try_from(self.key().wrapping_sub(low) as u64).unwrap_or(usize::MAX)
    }
}

macro_rules! impl_class_label {
    ($($integer:ty),*) => {$(
        impl ClassLabel for $integer {
            const LEAST: i64 = <$integer>::MIN as i64;

            #[inline(always)]
            fn key(self) -> i64 {
                self as i64
            }
        }
    )*};
}

impl_class_label!(i8, i16, i32, i64, u8, u16, u32, u64);

/// Counts how often each true class (row) was predicted as each class (column), row by row.
///
/// O(n) time; for few classes [`dense::dense_confusion`] is several times faster.
///
/// # Errors
/// [`ConfusionError`]: lengths that differ, or a label outside the range.
///
/// ```
/// let counts = lossary_core::confusion::confusion(&[0, 1, 1], &[1, 1, 1], 0, 2)?;
/// assert_eq!(counts, [0, 1, 0, 2]);
/// # Ok::<(), lossary_core::confusion::ConfusionError>(())
/// ```
pub fn confusion<L: ClassLabel>(
    actual: &[L],
    predicted: &[L],
    low: i64,
    classes: usize,
) -> Result<Vec<u64>, ConfusionError> {
    check_lengths(actual, predicted.len())?;
    let mut table = table::<u64>(classes)?;
    for (&truth, &guess) in actual.iter().zip(predicted) {
        table[cell(truth.position(low), guess.position(low), classes)?] += 1;
    }
    Ok(table)
}

/// [`confusion`] with sums of weights for counts, added in the order of the samples in about 106 bits.
///
/// # Errors
/// As [`confusion`].
pub fn weighted_confusion<L: ClassLabel>(
    actual: &[L],
    predicted: &[L],
    weights: &[f64],
    low: i64,
    classes: usize,
) -> Result<Vec<f64>, ConfusionError> {
    check_lengths(actual, predicted.len())?;
    check_lengths(actual, weights.len())?;
    let mut table = table::<DoubleDouble>(classes)?;
    for ((&truth, &guess), &weight) in actual.iter().zip(predicted).zip(weights) {
        let cell = &mut table[cell(truth.position(low), guess.position(low), classes)?];
        *cell = cell.add(weight.into());
    }
    Ok(table.into_iter().map(Mass::to_f64).collect())
}

/// [`confusion`] with sums of integer weights for counts, exactly.
///
/// # Errors
/// As [`confusion`], and for a sum that does not fit in 64 bits.
///
/// ```
/// let sums = lossary_core::confusion::integer_confusion(&[0, 0], &[0, 0], &[1 << 53, 1], 0, 1)?;
/// assert_eq!(sums, [(1 << 53) + 1]);
/// # Ok::<(), lossary_core::confusion::ConfusionError>(())
/// ```
pub fn integer_confusion<L: ClassLabel>(
    actual: &[L],
    predicted: &[L],
    weights: &[i64],
    low: i64,
    classes: usize,
) -> Result<Vec<i64>, ConfusionError> {
    check_lengths(actual, predicted.len())?;
    check_lengths(actual, weights.len())?;
    // Wide sums: weights of both signs may leave the range and come back.
    let mut table = table::<i128>(classes)?;
    for ((&truth, &guess), &weight) in actual.iter().zip(predicted).zip(weights) {
        table[cell(truth.position(low), guess.position(low), classes)?] += i128::from(weight);
    }
    table.into_iter().map(|sum| i64::try_from(sum).map_err(|_| ConfusionError::Overflow)).collect()
}

/// Per class: how often it was predicted rightly, was true, and was predicted.
#[derive(Debug, Clone, PartialEq)]
pub struct Tallies<T> {
    /// True and predicted.
    pub hits: Vec<T>,
    /// True.
    pub actual: Vec<T>,
    /// Predicted.
    pub predicted: Vec<T>,
}

impl<T: Copy + Default> Tallies<T> {
    fn new(classes: usize) -> Result<Self, ConfusionError> {
        let row = || zeros(Some(classes), classes);
        Ok(Self { hits: row()?, actual: row()?, predicted: row()? })
    }

    fn record(&mut self, truth: usize, guess: usize, mass: T) -> Result<(), ConfusionError>
    where
        T: Mass,
    {
        let classes = self.hits.len();
        cell(truth, guess, classes)?;
        self.actual[truth] = self.actual[truth].add(mass);
        self.predicted[guess] = self.predicted[guess].add(mass);
        if truth == guess {
            self.hits[truth] = self.hits[truth].add(mass);
        }
        Ok(())
    }
}

/// Diagonal and margins of the confusion matrix, without the matrix: for many classes.
///
/// # Errors
/// As [`confusion`].
///
/// ```
/// let tallies = lossary_core::confusion::tallies(&[0, 1, 1], &[1, 1, 1], 0, 2)?;
/// assert_eq!((tallies.hits, tallies.actual, tallies.predicted), (vec![0, 2], vec![1, 2], vec![0, 3]));
/// # Ok::<(), lossary_core::confusion::ConfusionError>(())
/// ```
pub fn tallies<L: ClassLabel>(
    actual: &[L],
    predicted: &[L],
    low: i64,
    classes: usize,
) -> Result<Tallies<u64>, ConfusionError> {
    check_lengths(actual, predicted.len())?;
    let threads = threads::threads_for(actual.len());
    let parts = threads::map(threads::parts(actual.len(), threads), threads, |part| {
        let mut tallies = Tallies::new(classes)?;
        for (&truth, &guess) in actual[part.clone()].iter().zip(&predicted[part]) {
            tallies.record(truth.position(low), guess.position(low), 1)?;
        }
        Ok(tallies)
    });
    parts.into_iter().try_fold(Tallies::new(classes)?, |mut sum, part| {
        let part: Tallies<u64> = part?;
        let add =
            |sum: &mut [u64], part: &[u64]| sum.iter_mut().zip(part).for_each(|(sum, count)| *sum += count);
        add(&mut sum.hits, &part.hits);
        add(&mut sum.actual, &part.actual);
        add(&mut sum.predicted, &part.predicted);
        Ok(sum)
    })
}

/// [`tallies`] with sums of weights for counts, added in the order of the samples in about 106 bits.
///
/// # Errors
/// As [`confusion`].
pub fn weighted_tallies<L: ClassLabel>(
    actual: &[L],
    predicted: &[L],
    weights: &[f64],
    low: i64,
    classes: usize,
) -> Result<Tallies<f64>, ConfusionError> {
    check_lengths(actual, predicted.len())?;
    check_lengths(actual, weights.len())?;
    let mut tallies = Tallies::<DoubleDouble>::new(classes)?;
    for ((&truth, &guess), &weight) in actual.iter().zip(predicted).zip(weights) {
        tallies.record(truth.position(low), guess.position(low), weight.into())?;
    }
    let round = |sums: Vec<DoubleDouble>| sums.into_iter().map(Mass::to_f64).collect();
    Ok(Tallies {
        hits: round(tallies.hits),
        actual: round(tallies.actual),
        predicted: round(tallies.predicted),
    })
}

fn check_lengths<L>(actual: &[L], other: usize) -> Result<(), ConfusionError> {
    if actual.len() == other {
        Ok(())
    } else {
        Err(ConfusionError::LengthMismatch { actual: actual.len(), other })
    }
}

/// Zeros for every pair of classes.
fn table<T: Clone + Default>(classes: usize) -> Result<Vec<T>, ConfusionError> {
    zeros(classes.checked_mul(classes), classes)
}

fn zeros<T: Clone + Default>(cells: Option<usize>, classes: usize) -> Result<Vec<T>, ConfusionError> {
    let too_many = ConfusionError::TooManyClasses { classes };
    let mut zeros = Vec::new();
    zeros.try_reserve_exact(cells.ok_or(too_many)?).map_err(|_| too_many)?;
    zeros.resize(cells.unwrap_or(0), T::default());
    Ok(zeros)
}

#[inline(always)]
fn cell(truth: usize, guess: usize, classes: usize) -> Result<usize, ConfusionError> {
    if truth < classes && guess < classes {
        Ok(truth * classes + guess)
    } else {
        Err(ConfusionError::LabelOutside { classes })
    }
}
