//! Likelihood of rankings under a matrix of scores.

use super::rankings::Rankings;
use super::{Likelihood, PlackettLuceError, Real, likelihood};

/// Log-likelihoods of one ranking per row of a matrix of scores, and their gradients, laid out as the scores. Items that
/// are not ranked stay in every pool if `everything` is meant, else they are in none.
///
/// # Errors
/// [`PlackettLuceError`]: scores that are not finite, or as many rows as there are not rankings.
///
/// ```
/// use lossary_core::plackett_luce::{Rankings, log_likelihood};
/// let rankings = Rankings::new(&[2], &[0, 1], 4)?;
/// let found = log_likelihood(&[0.0; 4], &rankings, true)?;
/// assert!((found.log_likelihood[0] + 4.0_f64.ln()).abs() < 1e-15);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn log_likelihood<S: Real>(
    scores: &[S],
    rankings: &Rankings,
    everything: bool,
) -> Result<Likelihood<S>, PlackettLuceError> {
    let (width, rows) = (rankings.count, rankings.offsets.len() - 1);
    if width.checked_mul(rows) != Some(scores.len()) {
        return Err(PlackettLuceError::BadOffsets);
    }
    if let Some(index) = super::first_bad(scores) {
        return Err(PlackettLuceError::BadScore { index });
    }
    // Positions of the scores of each pool, the ranked first.
    let (mut order, mut offsets, mut ranked) = (Vec::new(), vec![0], Vec::with_capacity(rows));
    let mut seen = vec![usize::MAX; width];
    for (row, list) in rankings.lists().enumerate() {
        for &item in list {
            seen[item as usize] = row;
            order.push(row * width + item as usize);
        }
        if everything {
            order.extend((0..width).filter(|&item| seen[item] != row).map(|item| row * width + item));
        }
        offsets.push(order.len());
        ranked.push(list.len());
    }
    let gathered: Vec<S> = order.iter().map(|&position| scores[position]).collect();
    let found = likelihood(&gathered, &offsets, Some(&ranked), None)?;
    let mut gradient = vec![S::narrow(0.0); scores.len()];
    for (&position, &slope) in order.iter().zip(&found.gradient) {
        gradient[position] = slope;
    }
    Ok(Likelihood { gradient, ..found })
}
