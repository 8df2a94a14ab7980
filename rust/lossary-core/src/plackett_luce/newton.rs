//! Newton steps, and the covariance that comes with them.

use super::envelope::Envelope;
use super::information::information;
use super::pass::Pass;
use super::prior::Prior;
use super::rankings::Choices;
use crate::threads;

/// Halvings of a step beyond which no number is left between the points.
const HALVINGS: usize = 60;

/// Steps are not taken farther than this: there, what the derivatives say is of no use.
const FARTHEST: f64 = 8.0;

/// A change below this that no longer shrinks is rounding.
const ROUNDING: f64 = 1e-8;

/// Steps below this, each below this part of the last, are near the maximum.
const NEAR: f64 = 0.1;

/// Columns of the inverse that make one job.
const COLUMNS: usize = 64;

/// A point on the way to the maximum.
pub(super) struct Climb {
    pub theta: Vec<f64>,
    pub pass: Pass,
    pub steps: usize,
    /// The largest change of the last step.
    pub change: f64,
    pub converged: bool,
}

/// Steps of Newton's method, halved until the objective rises, from a point with its pass.
pub(super) fn climb(
    choices: &Choices,
    prior: Prior,
    envelope: &Envelope,
    (mut theta, mut pass): (Vec<f64>, Pass),
    tolerance: f64,
    most: usize,
) -> Climb {
    let (mut change, mut converged, mut steps) = (f64::INFINITY, false, 0);
    let mut objective = pass.log_likelihood + prior.value(&theta);
    while steps < most && !converged {
        steps += 1;
        let gradient: Vec<f64> = (0..choices.count)
            .map(|item| choices.wins[item] - pass.expected[item] + prior.derivatives(theta[item]).0)
            .collect();
        let factor = factored_information(choices, prior, envelope, &theta);
        let direction = solve(prior, envelope, &factor, &gradient);
        let rise: f64 = gradient.iter().zip(&direction).map(|(slope, way)| slope * way).sum();
        // Of a rise that rounding hides, nothing is seen: the full step is right there.
        let hidden = rise <= 1e-11 * objective.abs();
        let farthest = direction.iter().fold(0.0, |most: f64, way| most.max(way.abs()));
        let (mut length, mut risen) = ((FARTHEST / farthest).min(1.0), false);
        for _ in 0..HALVINGS {
            let mut next: Vec<f64> =
                theta.iter().zip(&direction).map(|(theta, way)| theta + length * way).collect();
            if prior == Prior::Flat {
                prior.normalise(&mut next);
            }
            let found = choices.pass(&next);
            let value = found.log_likelihood + prior.value(&next);
            if value >= objective || hidden {
                (theta, pass, objective, risen) = (next, found, value, true);
                break;
            }
            length *= 0.5;
        }
        let last = change;
        change = length * farthest;
        if !risen {
            break;
        }
        // Near the maximum every step squares the distance, up to a factor that two steps tell: the next one is known.
        let near = last < NEAR && change < NEAR * last;
        let ahead = if near { change * (change / last).powi(2) } else { change };
        converged = ahead <= tolerance || (change < ROUNDING && change > 0.5 * last);
    }
    Climb { theta, pass, steps, change, converged }
}

/// The Cholesky factor of minus the second derivatives. Without a prior a constant may be added to all log-worths: the
/// row of the last item is left out, which stays where it is.
fn factored_information(choices: &Choices, prior: Prior, envelope: &Envelope, theta: &[f64]) -> Vec<f64> {
    let information = information(choices, prior, envelope, theta);
    let rows = rows(choices.count, prior);
    let highest =
        (0..rows).map(|row| information[envelope.index(row, row)]).fold(f64::MIN_POSITIVE, f64::max);
    let mut factor = information.clone();
    let mut ridge = 1e-14 * highest;
    // Where probabilities are so near 0 and 1 that nothing is left of their product, a ridge stands in.
    while !envelope.factor(&mut factor, rows) && ridge <= highest {
        factor.copy_from_slice(&information);
        for row in 0..rows {
            factor[envelope.index(row, row)] += ridge;
        }
        ridge *= 100.0;
    }
    factor
}

fn rows(count: usize, prior: Prior) -> usize {
    if prior == Prior::Flat { count - 1 } else { count }
}

fn solve(prior: Prior, envelope: &Envelope, factor: &[f64], gradient: &[f64]) -> Vec<f64> {
    let mut vector = vec![0.0; gradient.len()];
    for (slope, &place) in gradient.iter().zip(&envelope.places) {
        vector[place as usize] = *slope;
    }
    let rows = rows(gradient.len(), prior);
    envelope.solve(factor, &mut vector[..rows]);
    vector[rows..].fill(0.0);
    let mut direction: Vec<f64> = envelope.places.iter().map(|&place| vector[place as usize]).collect();
    if prior == Prior::Flat {
        prior.normalise(&mut direction);
    }
    direction
}

/// The covariance of the centred log-worths, row by row: the inverse of minus the second derivatives, of vectors that
/// sum to nothing.
pub(super) fn covariance(choices: &Choices, prior: Prior, envelope: &Envelope, theta: &[f64]) -> Vec<f64> {
    let count = choices.count;
    let factor = factored_information(choices, prior, envelope, theta);
    let mut matrix = vec![0.0; count * count];
    let jobs = matrix.chunks_mut(count * COLUMNS).enumerate().collect();
    threads::map(jobs, threads::threads_for(count * count), |(block, rows): (usize, &mut [f64])| {
        for (offset, row) in rows.chunks_exact_mut(count).enumerate() {
            // A unit vector less its mean, and again after the solution: vectors that sum to nothing.
            row.fill(-1.0 / count as f64);
            row[block * COLUMNS + offset] += 1.0;
            let mut solution = solve(prior, envelope, &factor, row);
            Prior::Flat.normalise(&mut solution);
            row.copy_from_slice(&solution);
        }
    });
    matrix
}
