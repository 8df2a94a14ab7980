//! Worths as the stationary vector of a walk from losers to winners.
//!
//! Source: Maystre and Grossglauser, Fast and accurate inference of Plackett-Luce models, NeurIPS 2015.

use super::envelope::Envelope;
use super::rankings::Choices;

/// One step: rates `weight / (worth of the pool)` from every item that was left to the winner, plus `alpha` between
/// any two; the logarithm of the stationary vector, worths having mean 1.
pub(super) fn step(choices: &Choices, envelope: &Envelope, alpha: f64, theta: &[f64]) -> Vec<f64> {
    // Flows out of the present worths, whose stationary vector is the change of the worths: none is extreme.
    let (mut above, mut below) = (envelope.zeros(), envelope.zeros());
    choices.for_each_pair(theta, &envelope.places, |winner, other, share, _| {
        if other > winner {
            below[envelope.index(other, winner)] += share;
        } else {
            above[envelope.index(winner, other)] += share;
        }
    });
    if alpha > 0.0 {
        let mut flows = vec![0.0; choices.count];
        for (&place, theta) in envelope.places.iter().zip(theta) {
            flows[place as usize] = alpha * theta.exp();
        }
        envelope.for_each_below(|row, column, index| {
            below[index] += flows[row];
            above[index] += flows[column];
        });
    }
    let changes = envelope.stationary(&mut above, &mut below);
    let places = envelope.places.iter().zip(theta);
    let mut next: Vec<f64> = places.map(|(&place, theta)| theta + changes[place as usize]).collect();
    super::prior::Prior::Gamma(alpha).normalise(&mut next);
    next
}
