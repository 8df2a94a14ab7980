//! Likelihood and gradient of one row of scores in the order of the ranking.
//!
//! Scores enter as `e = exp(score - reference)`. A row whose scores are near each other has one reference, its
//! highest score; in others the reference rises, from the last rank to the first, with scores that are far above
//! it, so that a row is a chain of pieces. Sums over ranks below carry over to the piece before, and sums over
//! ranks above to the piece after, by one small factor.

use super::Real;
use super::exponential::{exp, ln_1p};

/// Rows whose scores span less have one reference.
pub(super) const NEAR: f64 = 500.0;

/// Scores are not taken to be farther below their reference: what is lost is nothing beside it.
const LOWEST: f64 = -500.0;

/// A score that is farther above the reference becomes the next one.
const HIGHEST: f64 = 100.0;

/// Positions that go through the arithmetic side by side.
const LANES: usize = 8;

/// Neighbouring ranks with one reference.
struct Piece {
    start: usize,
    end: usize,
    reference: f64,
}

/// Memory that rows share, one after the other.
#[derive(Default)]
pub(super) struct Scratch {
    exponentials: Vec<f64>,
    below: Vec<f64>,
    /// From the last rank to the first.
    pieces: Vec<Piece>,
}

/// The sum, in lanes.
#[inline(always)]
fn sum(numbers: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let chunks = numbers.chunks_exact(LANES);
    let mut total = 0.0;
    for &number in chunks.remainder() {
        total += number;
    }
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] += chunk[lane];
        }
    }
    for lane in lanes {
        total += lane;
    }
    total
}

/// Log-likelihood of the first `ranked` scores being chosen one after the other, from all that are left; its
/// gradient goes to `gradient`. `weights` multiply the steps.
#[inline(always)]
pub(super) fn row<S: Real>(
    scores: &[S],
    ranked: usize,
    weights: Option<&[f64]>,
    gradient: &mut [S],
    scratch: &mut Scratch,
) -> f64 {
    if ranked == 0 {
        gradient.fill(S::narrow(0.0));
        return 0.0;
    }
    scratch.exponentials.resize(scores.len(), 0.0);
    scratch.below.resize(scores.len(), 0.0);
    let near = scratch.cut(scores, ranked);
    scratch.exponentiate(scores);
    scratch.sum_below(ranked);
    let shortfall = if near { 0.0 } else { scratch.shortfall(scores, ranked, weights) };
    scratch.sum_above(ranked, weights, gradient) - shortfall
}

impl Scratch {
    /// Cuts the row into pieces; says whether it is one whose scores are all near its reference.
    #[inline(always)]
    fn cut<S: Real>(&mut self, scores: &[S], ranked: usize) -> bool {
        self.pieces.clear();
        let (mut lowest, mut highest) = (f64::INFINITY, f64::NEG_INFINITY);
        for &score in scores {
            let score: f64 = score.into();
            lowest = if score < lowest { score } else { lowest };
            highest = if score > highest { score } else { highest };
        }
        if highest - lowest <= NEAR {
            self.pieces.push(Piece { start: 0, end: scores.len(), reference: highest });
            return true;
        }
        let (mut reference, mut end) = (f64::NEG_INFINITY, scores.len());
        for &score in &scores[ranked..] {
            reference = reference.max(score.into());
        }
        let mut first = ranked;
        if first == end {
            first -= 1;
            reference = scores[first].into();
        }
        while first > 0 {
            let score: f64 = scores[first - 1].into();
            if score - reference > HIGHEST {
                self.pieces.push(Piece { start: first, end, reference });
                (end, reference) = (first, score);
            }
            first -= 1;
        }
        self.pieces.push(Piece { start: 0, end, reference });
        false
    }

    #[inline(always)]
    fn exponentiate<S: Real>(&mut self, scores: &[S]) {
        for &Piece { start, end, reference } in &self.pieces {
            let exponentials = &mut self.exponentials[start..end];
            for (exponential, &score) in exponentials.iter_mut().zip(&scores[start..end]) {
                let score: f64 = score.into();
                let distance = score - reference;
                *exponential = exp(if distance > LOWEST { distance } else { LOWEST });
            }
        }
    }

    /// What the log-likelihood lacks as scores are not taken to be far below their reference.
    fn shortfall<S: Real>(&self, scores: &[S], ranked: usize, weights: Option<&[f64]>) -> f64 {
        let mut shortfall = 0.0;
        for &Piece { start, end, reference } in &self.pieces {
            for position in start..end.min(ranked) {
                let score: f64 = scores[position].into();
                let lack = (LOWEST - (score - reference)).max(0.0);
                shortfall += weights.map_or(lack, |weights| weights[position] * lack);
            }
        }
        shortfall
    }

    /// Fills `below`: the sum over all that are left once a rank is taken, in the unit of its piece.
    #[inline(always)]
    fn sum_below(&mut self, ranked: usize) {
        let mut total = sum(&self.exponentials[ranked..]);
        let mut last: Option<f64> = None;
        for &Piece { start, end, reference } in &self.pieces {
            if let Some(last) = last {
                total *= (last - reference).exp();
            }
            last = Some(reference);
            let end = end.min(ranked);
            if start < end {
                let places = self.below[start..end].iter_mut().zip(&self.exponentials[start..end]);
                for (below, exponential) in places.rev() {
                    *below = total;
                    total += exponential;
                }
            }
        }
    }

    /// Fills the gradient with sums over the steps up to a rank; returns the log-likelihood.
    #[inline(always)]
    fn sum_above<S: Real>(&self, ranked: usize, weights: Option<&[f64]>, gradient: &mut [S]) -> f64 {
        let (mut losses, mut above) = ([0.0; LANES], 0.0);
        let mut last: Option<f64> = None;
        for &Piece { start, end, reference } in self.pieces.iter().rev() {
            if let Some(last) = last {
                above *= (reference - last).exp();
            }
            last = Some(reference);
            let mut first = start;
            while first < end.min(ranked) {
                let count = LANES.min(end.min(ranked) - first);
                // Unused lanes are certain choices.
                let (mut own, mut below, mut weight) = ([1.0; LANES], [0.0; LANES], [1.0; LANES]);
                if count == LANES {
                    own.copy_from_slice(&self.exponentials[first..first + LANES]);
                    below.copy_from_slice(&self.below[first..first + LANES]);
                } else {
                    own[..count].copy_from_slice(&self.exponentials[first..first + count]);
                    below[..count].copy_from_slice(&self.below[first..first + count]);
                }
                if let Some(weights) = weights {
                    weight[..count].copy_from_slice(&weights[first..first + count]);
                }
                let (mut inverses, mut slopes) = ([0.0; LANES], [0.0; LANES]);
                for lane in 0..LANES {
                    losses[lane] += weight[lane] * ln_1p(below[lane] / own[lane]);
                    inverses[lane] = weight[lane] / (own[lane] + below[lane]);
                    slopes[lane] = below[lane] * inverses[lane];
                }
                for lane in 0..count {
                    gradient[first + lane] = S::narrow(slopes[lane] - own[lane] * above);
                    above += inverses[lane];
                }
                first += count;
            }
        }
        for (slope, exponential) in gradient[ranked..].iter_mut().zip(&self.exponentials[ranked..]) {
            *slope = S::narrow(-exponential * above);
        }
        -sum(&losses)
    }
}
