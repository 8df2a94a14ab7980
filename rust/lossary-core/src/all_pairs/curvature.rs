//! Products of the second derivatives with a direction.

use super::convolution::convolve;
use super::hinges::hinge;
use super::samples::{Class, LARGEST, Pairs};
use super::{AllPairsError, Parameters, Side, Surrogate, are_finite, closed};
use crate::keys::Score;

/// The change of the gradient of [`all_pairs`](super::all_pairs) along a direction: the product of its matrix of second
/// derivatives with a vector, for the positives and for the negatives.
///
/// The same as the sum over pairs of `w v phi''(d) (direction of x - direction of y)`, in the time of the loss. The
/// second derivative of the hinges is 0 wherever they have one; that of the squared hinge is 2 or 0.
///
/// # Errors
/// As [`all_pairs`](super::all_pairs), and for directions of another length or with numbers beyond 1e150.
///
/// ```
/// use lossary_core::all_pairs::{Parameters, Surrogate, curvature_product};
/// let (one, none) = ([1.0], [0.0]);
/// let product =
///     curvature_product(Surrogate::Square, &[3.0], &[0.5], None, (&one, &none), &Parameters::default())?;
/// assert_eq!(product, (vec![2.0], vec![-2.0]));
/// # Ok::<(), lossary_core::all_pairs::AllPairsError>(())
/// ```
#[allow(clippy::type_complexity, reason = "two vectors")]
pub fn curvature_product<S: Score + Into<f64>>(
    surrogate: Surrogate,
    positives: &[S],
    negatives: &[S],
    weights: Option<(&[f64], &[f64])>,
    directions: (&[f64], &[f64]),
    parameters: &Parameters,
) -> Result<(Vec<f64>, Vec<f64>), AllPairsError> {
    parameters.check()?;
    let pairs = Pairs::new(positives, negatives, weights)?;
    check_direction(positives.len(), directions.0, Side::Positives)?;
    check_direction(negatives.len(), directions.1, Side::Negatives)?;
    let products = (times(pairs.positives, directions.0), times(pairs.negatives, directions.1));
    let moved = Pairs {
        positives: pairs.positives.weighted(&products.0),
        negatives: pairs.negatives.weighted(&products.1),
    };
    let (unit, margin) = (parameters.unit(), parameters.margin_in_scores());
    let square = 2.0 / (parameters.temperature * parameters.temperature);
    let steep = unit.slope() * unit.slope();
    let totals = [pairs.positives.total, pairs.negatives.total];
    // For each sample, the sum of `phi''` over the other class, and that of its products with the direction there.
    let (still, moving, [of_positives, of_negatives], factor) = match surrogate {
        Surrogate::Logistic => {
            (convolve::<S, 1>(&pairs, unit)?, convolve::<S, 1>(&moved, unit)?, totals, steep)
        }
        Surrogate::Sigmoid => {
            (convolve::<S, 2>(&pairs, unit)?, convolve::<S, 2>(&moved, unit)?, totals, steep)
        }
        Surrogate::Exponential => {
            let still = closed::exponential(&pairs, unit)?;
            let moving = closed::exponential_moved(&pairs, &moved, &still);
            let factor = steep * still.value;
            (still, moving, [1.0; 2], factor)
        }
        Surrogate::Square => (closed::constant(&pairs), closed::constant(&moved), totals, square),
        Surrogate::SquaredHinge => {
            (hinge::<S, 1>(&pairs, margin), hinge::<S, 1>(&moved, margin), totals, square)
        }
        Surrogate::Hinge | Surrogate::BarrierHinge => {
            return Ok((vec![0.0; positives.len()], vec![0.0; negatives.len()]));
        }
    };
    let product = |class: Class<'_, S>, direction: &[f64], still: Vec<f64>, moving: &[f64], factor: f64| {
        let mut product = still;
        for ((sum, direction), moving) in product.iter_mut().zip(direction).zip(moving) {
            *sum = *sum * direction - moving;
        }
        class.share(&mut product, factor);
        if are_finite(&product) { Ok(product) } else { Err(AllPairsError::Overflow) }
    };
    let (first, second) = (factor / of_negatives, factor / of_positives);
    Ok((
        product(pairs.positives, directions.0, still.of_positives, &moving.of_positives, first)?,
        product(pairs.negatives, directions.1, still.of_negatives, &moving.of_negatives, second)?,
    ))
}

fn check_direction(scores: usize, direction: &[f64], side: Side) -> Result<(), AllPairsError> {
    if direction.len() != scores {
        return Err(AllPairsError::LengthMismatch { side, scores, weights: direction.len() });
    }
    let good = |number: &f64| number.abs() <= LARGEST;
    match direction.iter().position(|number| !good(number)) {
        None => Ok(()),
        Some(index) => Err(AllPairsError::BadDirection { side, index }),
    }
}

fn times<S: Score + Into<f64>>(class: Class<'_, S>, direction: &[f64]) -> Vec<f64> {
    class.samples().zip(direction).map(|((_, weight), direction)| weight * direction).collect()
}
