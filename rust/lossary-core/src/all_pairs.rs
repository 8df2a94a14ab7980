//! Losses over all pairs of a positive and a negative, and their gradients, without forming the pairs.
//!
//! With `d` the difference of the scores of a positive and a negative, divided by a temperature, a loss is the mean
//! of `phi(d)` over all pairs, each counting the product of its weights:
//!
//! | [`Surrogate`] | `phi(d)` | time for n samples |
//! |---|---|---|
//! | `Logistic` | `ln(1 + e^(-scale d))` | O(n) |
//! | `Sigmoid` | `1 / (1 + e^(scale d))` | O(n) |
//! | `Exponential` | `e^(-scale d)` | O(n) |
//! | `Square` | `(margin - d)^2` | O(n) |
//! | `Hinge` | `max(margin - d, 0)` | O(n), O(n log n) at worst |
//! | `SquaredHinge` | `max(margin - d, 0)^2` | O(n), O(n log n) at worst |
//! | `BarrierHinge` | `max(margin - scale (margin + d), margin - d, scale (d - margin))` | O(n), O(n log n) at worst |
//!
//! All are exact to rounding, for scores of any range. The logistic and the sigmoid loss are smooth: the line is cut
//! into cells, where they are polynomials to rounding; a cell acts on near ones through 12 or 20 nodes, and on far
//! ones through five exponentials. Where samples are few on their range, they are sorted, and what is left of the
//! cells are the samples themselves: at most about 100 bytes a sample instead of the 8 of the gradient.
//!
//! Sources: the losses of Yuan et al., Large-scale robust deep AUC maximization, ICCV 2021, and of the surrogates
//! that it compares; interpolation between cells after Fong and Darve, The black-box fast multipole method, Journal
//! of Computational Physics 228, 2009.

mod barrier;
mod cells;
mod chebyshev;
mod closed;
mod convolution;
mod curvature;
mod dense;
mod direct;
mod division;
mod groups;
mod hinges;
mod labelled;
mod samples;
mod softplus;
mod sources;
mod sparse;

pub use curvature::curvature_product;
pub use groups::{Averaging, grouped_all_pairs};
pub use labelled::Labelled;

use crate::double_double::DoubleDouble;
use crate::keys::Score;
use convolution::convolve;
use hinges::hinge;
use samples::{LARGEST, Pairs, Unit};
use std::fmt;

/// What a pair costs, as a function of the difference of its scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surrogate {
    /// `ln(1 + e^(-scale d))`.
    Logistic,
    /// `1 / (1 + e^(scale d))`.
    Sigmoid,
    /// `e^(-scale d)`.
    Exponential,
    /// `(margin - d)^2`.
    Square,
    /// `max(margin - d, 0)`; at the margin, its slope is 0.
    Hinge,
    /// `max(margin - d, 0)^2`.
    SquaredHinge,
    /// `max(margin - scale (margin + d), margin - d, scale (d - margin))`; at a kink, its slope is that of the line
    /// between the kinks, or of the falling line where there is one kink.
    BarrierHinge,
}

/// Numbers of a surrogate; those that it does not use are ignored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameters {
    /// The difference that is enough; not negative.
    pub margin: f64,
    /// Steepness, from 1e-100 to 1e100.
    pub scale: f64,
    /// What differences are divided by, from 1e-100 to 1e100.
    pub temperature: f64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { margin: 1.0, scale: 1.0, temperature: 1.0 }
    }
}

impl Parameters {
    fn check(&self) -> Result<(), AllPairsError> {
        let steep = 1e-100..=1e100;
        for (name, value, wanted) in [
            ("margin", self.margin, 0.0..=LARGEST),
            ("scale", self.scale, steep.clone()),
            ("temperature", self.temperature, steep),
        ] {
            if !wanted.contains(&value) {
                return Err(AllPairsError::BadParameter {
                    name,
                    value,
                    lowest: *wanted.start(),
                    highest: *wanted.end(),
                });
            }
        }
        Ok(())
    }

    fn unit(&self) -> Unit {
        Unit::new(self.scale, self.temperature)
    }

    fn margin_in_scores(&self) -> DoubleDouble {
        DoubleDouble::from(self.margin) * DoubleDouble::from(self.temperature)
    }
}

/// One of the two classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The samples that should score high.
    Positives,
    /// The samples that should score low.
    Negatives,
}

impl fmt::Display for Side {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Positives => "positives",
            Self::Negatives => "negatives",
        })
    }
}

/// Why a loss over all pairs has no value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AllPairsError {
    /// A class is empty, or no group has both classes.
    NoPairs {
        /// Number of positives.
        positives: usize,
        /// Number of negatives.
        negatives: usize,
    },
    /// A score is NaN, infinite or beyond 1e150.
    BadScore {
        /// Its class.
        side: Side,
        /// Position of the first such score.
        index: usize,
    },
    /// More scores than a 32-bit position can tell apart.
    TooMany {
        /// Their class.
        side: Side,
        /// Number of scores.
        scores: usize,
    },
    /// There are more or fewer weights, or numbers of a direction, than scores.
    LengthMismatch {
        /// Their class.
        side: Side,
        /// Number of scores.
        scores: usize,
        /// Number of the others.
        weights: usize,
    },
    /// A weight is NaN or infinite.
    BadWeight {
        /// Its class.
        side: Side,
        /// Position of the first such weight.
        index: usize,
    },
    /// A weight is below zero.
    NegativeWeight {
        /// Its class.
        side: Side,
        /// Position of the first such weight.
        index: usize,
    },
    /// Every weight of a class is zero.
    NoWeight {
        /// The class.
        side: Side,
    },
    /// A number of a direction is NaN, infinite or beyond 1e150.
    BadDirection {
        /// Its class.
        side: Side,
        /// Position of the first such number.
        index: usize,
    },
    /// A parameter is out of its range.
    BadParameter {
        /// Its name.
        name: &'static str,
        /// What came.
        value: f64,
        /// The least that is wanted.
        lowest: f64,
        /// The most that is wanted.
        highest: f64,
    },
    /// Groups do not cover the scores of a class in order, or the classes have different numbers of groups.
    BadGroups {
        /// The class.
        side: Side,
    },
    /// The loss, its gradient or the range of the scores in its units is beyond the numbers that can be used.
    Overflow,
}

impl fmt::Display for AllPairsError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPairs { positives, negatives } => {
                write!(
                    out,
                    "scores: got {positives} positives and {negatives} negatives; wanted pairs of them"
                )
            }
            Self::BadScore { side, index } => {
                write!(
                    out,
                    "{side}: got NaN, infinity or a huge score at {index}; wanted numbers within 1e150"
                )
            }
            Self::TooMany { side, scores } => write!(out, "{side}: got {scores}; wanted fewer than 2^32"),
            Self::LengthMismatch { side, scores, weights } => {
                write!(out, "{side}: got {scores} scores and {weights} weights; wanted as many of each")
            }
            Self::BadWeight { side, index } => {
                write!(out, "weights of {side}: got NaN or infinity at {index}; wanted finite numbers")
            }
            Self::NegativeWeight { side, index } => {
                write!(out, "weights of {side}: got a negative weight at {index}; wanted none below zero")
            }
            Self::NoWeight { side } => {
                write!(out, "weights of {side}: got only zeros; wanted one that is not zero")
            }
            Self::BadDirection { side, index } => {
                write!(
                    out,
                    "direction of {side}: got NaN or a huge number at {index}; wanted numbers within 1e150"
                )
            }
            Self::BadParameter { name, value, lowest, highest } => {
                write!(out, "{name}: got {value}; wanted a number from {lowest:e} to {highest:e}")
            }
            Self::BadGroups { side } => {
                write!(
                    out,
                    "groups of {side}: got offsets that do not fit; wanted rising ones from 0 to their number"
                )
            }
            Self::Overflow => write!(out, "scores: got a range whose loss overflows; wanted closer scores"),
        }
    }
}

impl std::error::Error for AllPairsError {}

/// A loss over all pairs, and its gradient.
#[derive(Debug, Clone, PartialEq)]
pub struct Sums {
    /// The mean over all pairs.
    pub value: f64,
    /// Its derivative with respect to the score of each positive.
    pub of_positives: Vec<f64>,
    /// Its derivative with respect to the score of each negative.
    pub of_negatives: Vec<f64>,
}

/// The mean of a surrogate over all pairs, and its gradient; weights are of the positives and of the negatives.
///
/// The same as `positives.iter().flat_map(|x| negatives.iter().map(|y| phi((x - y) / temperature)))` averaged, with
/// gradients within 2e-14 of the largest, in the time that the [module](self) lists.
///
/// # Errors
/// [`AllPairsError`]: no pairs, bad scores, weights or parameters, or a loss that is too large for a number.
///
/// ```
/// use lossary_core::all_pairs::{Parameters, Surrogate, all_pairs};
/// // Differences 2 and 1: the second falls short of the margin by 0.5.
/// let parameters = Parameters { margin: 1.5, ..Parameters::default() };
/// let sums = all_pairs(Surrogate::SquaredHinge, &[2.0, 1.0], &[0.0], None, &parameters)?;
/// assert_eq!((sums.value, sums.of_positives), (0.125, vec![0.0, -0.5]));
/// assert_eq!(sums.of_negatives, [0.5]);
/// # Ok::<(), lossary_core::all_pairs::AllPairsError>(())
/// ```
pub fn all_pairs<S: Score + Into<f64>>(
    surrogate: Surrogate,
    positives: &[S],
    negatives: &[S],
    weights: Option<(&[f64], &[f64])>,
    parameters: &Parameters,
) -> Result<Sums, AllPairsError> {
    parameters.check()?;
    mean(surrogate, &Pairs::new(positives, negatives, weights)?, parameters)
}

/// [`all_pairs`] of checked samples.
fn mean<S: Score + Into<f64>>(
    surrogate: Surrogate,
    pairs: &Pairs<'_, S>,
    parameters: &Parameters,
) -> Result<Sums, AllPairsError> {
    let Parameters { margin, scale, temperature } = *parameters;
    let (unit, in_scores) = (parameters.unit(), parameters.margin_in_scores());
    let (linear, square) = (1.0 / temperature, 1.0 / (temperature * temperature));
    let (totals, none) = ([pairs.positives.total, pairs.negatives.total], [1.0; 2]);
    // What the sums still have to be divided by, and the factors of the value and of the slopes.
    let (sums, [of_positives, of_negatives], value, slope) = match surrogate {
        Surrogate::Logistic => (convolve::<S, 0>(pairs, unit)?, totals, 1.0, unit.slope()),
        Surrogate::Sigmoid => (convolve::<S, 1>(pairs, unit)?, totals, 1.0, unit.slope()),
        Surrogate::Exponential => {
            let sums = closed::exponential(pairs, unit)?;
            let slope = sums.value * unit.slope();
            (sums, none, 1.0, slope)
        }
        Surrogate::Square => (closed::square(pairs, in_scores), none, square, square),
        Surrogate::Hinge => (hinge::<S, 1>(pairs, in_scores), totals, linear, linear),
        Surrogate::SquaredHinge => (hinge::<S, 2>(pairs, in_scores), totals, square, square),
        Surrogate::BarrierHinge => (barrier::barrier(pairs, margin, scale, temperature), none, 1.0, linear),
    };
    let mut sums = Sums {
        value: sums.value / of_positives / of_negatives * value,
        of_positives: sums.of_positives,
        of_negatives: sums.of_negatives,
    };
    pairs.positives.share(&mut sums.of_positives, -slope / of_negatives);
    pairs.negatives.share(&mut sums.of_negatives, slope / of_positives);
    if sums.value.is_finite() && are_finite(&sums.of_positives) && are_finite(&sums.of_negatives) {
        Ok(sums)
    } else {
        Err(AllPairsError::Overflow)
    }
}

fn are_finite(numbers: &[f64]) -> bool {
    !numbers.iter().fold(false, |bad, number| bad | !number.is_finite())
}
