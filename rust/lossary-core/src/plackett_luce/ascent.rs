//! Minorise-maximise steps, extrapolated.
//!
//! A step sets each worth to that at which the item would have won as often as expected; it never lowers the
//! likelihood, and comes nearer by a constant factor. A combination of the last few steps whose sum nearly vanishes
//! (Anderson's mixing) gets there in the square root of their number; where it lowers the likelihood, the plain step
//! from the best point so far is taken.
//!
//! Sources: Hunter, MM algorithms for generalized Bradley-Terry models, Annals of Statistics 32, 2004; Anderson,
//! Iterative procedures for nonlinear integral equations, Journal of the ACM 12, 1965; Walker and Ni, Anderson
//! acceleration for fixed-point iterations, SIAM Journal on Numerical Analysis 49, 2011.

use super::pass::Pass;
use super::prior::Prior;
use super::rankings::Choices;

/// Steps that are remembered.
const MEMORY: usize = 12;

/// Of a column that depends on the others, nothing but rounding is left.
const DEPENDENT: f64 = 1e-10;

/// Of the wins of an item, the least part that it is taken to be expected to win: less is rounding.
const LEAST: f64 = 1e-13;

/// How far rounding lowers a sum that does not fall.
const ROUNDING: f64 = 1e-13;

/// A point, its plain step, and the differences of earlier ones.
pub(super) struct Ascent<'a> {
    choices: &'a Choices,
    prior: Prior,
    pub theta: Vec<f64>,
    pub pass: Pass,
    objective: f64,
    step: Vec<f64>,
    /// Differences of successive points and of their steps, the newest first.
    history: Vec<(Vec<f64>, Vec<f64>)>,
    /// How many points came after the first.
    pub steps: usize,
    /// The largest change of the plain step.
    pub change: f64,
}

impl<'a> Ascent<'a> {
    pub fn new(choices: &'a Choices, prior: Prior) -> Self {
        let mut ascent = Self {
            choices,
            prior,
            theta: vec![0.0; choices.count],
            pass: Pass::default(),
            objective: f64::NEG_INFINITY,
            step: Vec::new(),
            history: Vec::new(),
            steps: 0,
            change: f64::INFINITY,
        };
        ascent.pass = choices.pass(&ascent.theta);
        ascent.measure();
        ascent
    }

    /// The objective and the plain step at the point of the pass.
    fn measure(&mut self) {
        self.objective = self.pass.log_likelihood + self.prior.value(&self.theta);
        let alpha = self.prior.gamma();
        let items = self.theta.iter().zip(&self.choices.wins).zip(&self.pass.expected);
        let mut next: Vec<f64> = items
            .map(|((&theta, wins), expected)| {
                let worth = if alpha > 0.0 { alpha * theta.exp() } else { 0.0 };
                let won = wins + alpha;
                theta + (won / (expected + worth).max(LEAST * won)).ln()
            })
            .collect();
        self.prior.normalise(&mut next);
        self.step = next.iter().zip(&self.theta).map(|(next, theta)| next - theta).collect();
        self.change = self.step.iter().fold(0.0, |most: f64, step| most.max(step.abs()));
    }

    /// Goes on to the next point.
    pub fn advance(&mut self) {
        self.steps += 1;
        let mut theta = self.extrapolated();
        self.prior.normalise(&mut theta);
        let mut pass = self.choices.pass(&theta);
        let objective = pass.log_likelihood + self.prior.value(&theta);
        let risen = objective >= self.objective - ROUNDING * self.objective.abs();
        if !risen && !self.history.is_empty() {
            self.history.clear();
            theta = self.theta.iter().zip(&self.step).map(|(theta, step)| theta + step).collect();
            pass = self.choices.pass(&theta);
        }
        let (before, step) = (std::mem::replace(&mut self.theta, theta), std::mem::take(&mut self.step));
        self.pass = pass;
        self.measure();
        let moved = self.theta.iter().zip(&before).map(|(new, old)| new - old).collect();
        let turned = self.step.iter().zip(&step).map(|(new, old)| new - old).collect();
        self.history.truncate(MEMORY - 1);
        self.history.insert(0, (moved, turned));
    }

    /// The point to which the steps would sum to nothing, in squares, as far as they are linear.
    fn extrapolated(&self) -> Vec<f64> {
        let mut basis: Vec<Vec<f64>> = Vec::with_capacity(self.history.len());
        let mut used: Vec<(usize, Vec<f64>)> = Vec::new();
        let mut rest = self.step.clone();
        let mut shares = Vec::new();
        for (index, (_, turned)) in self.history.iter().enumerate() {
            let (mut column, mut row) = (turned.clone(), Vec::new());
            let size = norm(&column);
            for other in &basis {
                let share = dot(other, &column);
                add(&mut column, -share, other);
                row.push(share);
            }
            let left = norm(&column);
            if left.is_nan() || left <= DEPENDENT * size {
                continue;
            }
            for number in &mut column {
                *number /= left;
            }
            row.push(left);
            let share = dot(&column, &rest);
            add(&mut rest, -share, &column);
            shares.push(share);
            basis.push(column);
            used.push((index, row));
        }
        // Back through the triangle.
        for column in (0..shares.len()).rev() {
            shares[column] /= used[column].1[column];
            for earlier in 0..column {
                shares[earlier] -= shares[column] * used[column].1[earlier];
            }
        }
        let mut theta = self.theta.clone();
        add(&mut theta, 1.0, &self.step);
        for (share, &(index, _)) in shares.iter().zip(&used) {
            let (moved, turned) = &self.history[index];
            add(&mut theta, -share, moved);
            add(&mut theta, -share, turned);
        }
        theta
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(numbers: &[f64]) -> f64 {
    dot(numbers, numbers).sqrt()
}

fn add(sum: &mut [f64], share: f64, numbers: &[f64]) {
    for (sum, number) in sum.iter_mut().zip(numbers) {
        *sum += share * number;
    }
}
