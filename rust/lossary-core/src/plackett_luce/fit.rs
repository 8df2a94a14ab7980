//! Fits of log-worths to rankings.

use super::LARGEST_WEIGHT;
use super::ascent::Ascent;
use super::envelope::Envelope;
use super::error::FitError;
use super::graph;
use super::newton::{Climb, climb, covariance};
use super::pass::Pass;
use super::prior::Prior;
use super::rankings::{Choices, Rankings};
use super::spectral;

/// Items beyond which a covariance is not worth its memory.
const MOST_COVARIANCES: usize = 1 << 13;

/// Steps before their speed is known.
const FIRST_STEPS: usize = 6;

/// Steps over which their speed is measured.
const SPAN: usize = 4;

/// Newton steps that the end of a fit takes, about.
const NEWTON_STEPS: f64 = 7.0;

/// Changes of a spectral step below this that no longer shrink are rounding.
const ROUNDING: f64 = 1e-8;

/// How to fit. With a prior, what is fitted depends on the method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// [`Method::Mm`], and Newton steps where they are estimated to be faster; the same maximum and the same prior.
    Auto,
    /// Minorise-maximise steps, extrapolated. The prior of each worth is a Gamma distribution of shape `alpha + 1` and
    /// rate `alpha`.
    Mm,
    /// One spectral step from equal worths: near the maximum, not at it.
    Lsr,
    /// Spectral steps; without a prior, they end at the maximum. `alpha` is a rate between any two items.
    Ilsr,
    /// Newton's method. The prior of each log-worth is a normal distribution of variance `1 / (2 alpha)`.
    Newton,
}

/// What a fit is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// How to fit.
    pub method: Method,
    /// Strength of the prior; 0 for none.
    pub alpha: f64,
    /// The largest change of a log-worth by a step after which the fit is done.
    pub tolerance: f64,
    /// Most steps: points after the first.
    pub max_iterations: usize,
    /// Whether to find the covariance.
    pub covariance: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { method: Method::Auto, alpha: 0.0, tolerance: 1e-10, max_iterations: 10_000, covariance: false }
    }
}

/// Worths of items.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// Log-worths, of mean 0.
    pub worth: Vec<f64>,
    /// Of the rankings, without the prior.
    pub log_likelihood: f64,
    /// Steps taken, of any kind.
    pub iterations: usize,
    /// The largest change of a log-worth by the last step.
    pub change: f64,
    /// Whether that is within the tolerance, or nothing but rounding.
    pub converged: bool,
    /// Covariance of the log-worths, row by row.
    pub covariance: Option<Vec<f64>>,
}

/// Fits log-worths to rankings. A ranking with a weight counts as so many; those with fewer than two items tell nothing.
///
/// A pass over the rankings is O(1) per entry. Newton and spectral steps are O(K^2) per list of K, and O(n^3) where any
/// of the n items meets any other, less where they meet few. The same bits for any number of threads.
///
/// # Errors
/// [`FitError`]: without a prior, a graph of comparisons that is not strongly connected; options out of range.
///
/// ```
/// use lossary_core::plackett_luce::{Options, Rankings, fit};
/// // The first of two items wins three times, the second once: the worths are as 3 to 1.
/// let rankings = Rankings::new(&[0, 1, 1, 0], &[0, 2, 4], 2)?;
/// let found = fit(rankings, Some(&[3.0, 1.0]), Options::default())?;
/// assert!((found.worth[0] - found.worth[1] - 3.0_f64.ln()).abs() < 1e-9);
/// # Ok::<(), lossary_core::plackett_luce::FitError>(())
/// ```
pub fn fit(rankings: Rankings, weights: Option<&[f64]>, options: Options) -> Result<Fit, FitError> {
    let Options { method, alpha, .. } = options;
    check(&rankings, weights, options)?;
    let items = rankings.count;
    let choices = Choices::new(rankings, weights);
    if alpha == 0.0 {
        if choices.is_empty() {
            return Err(FitError::NoRankings);
        }
        if let Some(components) = graph::components(&choices.rankings) {
            return Err(FitError::NotConnected { components });
        }
    }
    let prior = match method {
        _ if alpha == 0.0 => Prior::Flat,
        Method::Newton => Prior::Normal(alpha),
        _ => Prior::Gamma(alpha),
    };
    let envelope = |full| Envelope::new(&choices.rankings, full).ok_or(FitError::TooDense { items });
    let found = match method {
        Method::Auto | Method::Mm => ascend(&choices, prior, options),
        Method::Lsr | Method::Ilsr => spectral_steps(&choices, &envelope(alpha > 0.0)?, options),
        Method::Newton => near_and_up(&choices, prior, &envelope(false)?, options),
    };
    let Climb { theta: mut worth, pass, steps, change, converged } = found;
    let covariance =
        if options.covariance { Some(covariance(&choices, prior, &envelope(false)?, &worth)) } else { None };
    Prior::Flat.normalise(&mut worth);
    Ok(Fit { worth, log_likelihood: pass.log_likelihood, iterations: steps, change, converged, covariance })
}

fn check(
    rankings: &Rankings,
    weights: Option<&[f64]>,
    Options { method, alpha, tolerance, covariance, .. }: Options,
) -> Result<(), FitError> {
    let (count, items) = (rankings.offsets.len() - 1, rankings.count);
    if items == 0 {
        return Err(FitError::NoItems);
    }
    if !(0.0..=LARGEST_WEIGHT).contains(&alpha) {
        return Err(FitError::BadAlpha { alpha });
    }
    if !(0.0..f64::INFINITY).contains(&tolerance) {
        return Err(FitError::BadTolerance { tolerance });
    }
    if covariance && (method == Method::Lsr || (method == Method::Ilsr && alpha > 0.0)) {
        return Err(FitError::NoCovariance);
    }
    if covariance && items > MOST_COVARIANCES {
        return Err(FitError::TooDense { items });
    }
    let Some(weights) = weights else { return Ok(()) };
    if weights.len() != count {
        return Err(FitError::LengthMismatch { rankings: count, weights: weights.len() });
    }
    match weights.iter().position(|weight| !(0.0..=LARGEST_WEIGHT).contains(weight)) {
        Some(row) => Err(FitError::BadWeight { row }),
        None => Ok(()),
    }
}

fn ascend(choices: &Choices, prior: Prior, options: Options) -> Climb {
    let Options { method, tolerance, max_iterations, .. } = options;
    let mut ascent = Ascent::new(choices, prior);
    let mut changes = vec![ascent.change];
    let mut envelope = None;
    while ascent.change > tolerance && ascent.steps < max_iterations {
        if method == Method::Auto
            && ascent.steps >= FIRST_STEPS
            && slow(choices, &changes, tolerance, &mut envelope)
            && let Some(Some(envelope)) = &envelope
        {
            let (steps, start) = (ascent.steps, (ascent.theta, ascent.pass));
            let found = climb(choices, prior, envelope, start, tolerance, max_iterations - steps);
            return Climb { steps: found.steps + steps, ..found };
        }
        ascent.advance();
        changes.push(ascent.change);
    }
    let Ascent { theta, pass, steps, change, .. } = ascent;
    Climb { theta, pass, steps, change, converged: change <= tolerance }
}

/// Whether Newton steps look faster than to go on, by rough numbers of operations. Fills in the envelope that tells how
/// many those are, None where it is too large.
fn slow(choices: &Choices, changes: &[f64], tolerance: f64, envelope: &mut Option<Option<Envelope>>) -> bool {
    let [.., before, _, _, _, now] = changes else { return false };
    let rate = (now / before).powf(1.0 / SPAN as f64);
    let left = if rate < 1.0 { (tolerance / now).ln() / rate.ln() } else { f64::INFINITY };
    let pass = 3.0 * choices.rankings.items.len() as f64;
    let step = pass + 2.0 * choices.pairs();
    if left * pass <= NEWTON_STEPS * step {
        return false;
    }
    let envelope = envelope.get_or_insert_with(|| Envelope::new(&choices.rankings, false));
    let Some(envelope) = envelope else { return false };
    left * pass > NEWTON_STEPS * (step + 0.5 * envelope.work())
}

/// Newton steps from where the first minorise-maximise steps lead: from equal worths, most of them would be cut short.
fn near_and_up(choices: &Choices, prior: Prior, envelope: &Envelope, options: Options) -> Climb {
    let Options { tolerance, max_iterations, .. } = options;
    // The Gamma distribution whose second derivative is that of the normal one at the worth 1.
    let alike = if let Prior::Normal(alpha) = prior { Prior::Gamma(2.0 * alpha) } else { prior };
    let mut ascent = Ascent::new(choices, alike);
    while ascent.change > tolerance && ascent.steps < FIRST_STEPS.min(max_iterations - 1) {
        ascent.advance();
    }
    let Ascent { mut theta, mut pass, steps, .. } = ascent;
    if alike != prior {
        prior.normalise(&mut theta);
        pass = choices.pass(&theta);
    }
    let found = climb(choices, prior, envelope, (theta, pass), tolerance, max_iterations - steps);
    Climb { steps: found.steps + steps, ..found }
}

fn spectral_steps(choices: &Choices, envelope: &Envelope, options: Options) -> Climb {
    let Options { method, alpha, tolerance, max_iterations, .. } = options;
    let mut theta = vec![0.0; choices.count];
    let (mut change, mut steps, mut converged) = (f64::INFINITY, 0, false);
    while steps < max_iterations && !converged {
        let next = spectral::step(choices, envelope, alpha, &theta);
        let last = change;
        change = next.iter().zip(&theta).fold(0.0, |most: f64, (new, old)| most.max((new - old).abs()));
        theta = next;
        steps += 1;
        converged =
            method == Method::Lsr || change <= tolerance || (change < ROUNDING && change > 0.5 * last);
    }
    let pass: Pass = choices.pass(&theta);
    Climb { theta, pass, steps, change, converged }
}
