//! The barrier hinge: the highest of three lines, as one of them and the hinges by which the others are higher.

use super::convolution::Convolution;
use super::hinges::Dealt;
use super::samples::Pairs;
use super::sources::Source;
use crate::double_double::DoubleDouble;
use crate::keys::Score;
use crate::ranking::Mass;

/// `slope * (z - zero)`, and where the loss has a kink below and above: there, and by how much its slope changes.
struct Envelope {
    slope: f64,
    zero: f64,
    below: Option<(f64, f64)>,
    above: (f64, f64),
}

impl Envelope {
    /// Of `max(-s (m + z) + m, m - z, s (z - m))`.
    fn new(m: f64, s: f64) -> Self {
        if s > 1.0 {
            Self { slope: -1.0, zero: m, below: Some((-s * m / (s - 1.0), s - 1.0)), above: (m, s + 1.0) }
        } else if s >= 0.5 {
            // The first line is nowhere the highest.
            Self { slope: -1.0, zero: m, below: None, above: (m, s + 1.0) }
        } else {
            let below = Some((s * m / (1.0 - s), 1.0 - s));
            Self { slope: -s, zero: (1.0 - s) * m / s, below, above: (m / (2.0 * s), 2.0 * s) }
        }
    }
}

/// The mean of the barrier hinge of `(x - y) / temperature`, and its slopes in `(y - x) / temperature`, both divided
/// by the weights of the other class.
pub(super) fn barrier<S: Score + Into<f64>>(
    pairs: &Pairs<'_, S>,
    margin: f64,
    scale: f64,
    temperature: f64,
) -> Convolution {
    if pairs.positives.is_weighted() {
        barrier_of::<S, [f64; 2]>(pairs, margin, scale, temperature)
    } else {
        barrier_of::<S, f64>(pairs, margin, scale, temperature)
    }
}

fn barrier_of<S: Score + Into<f64>, E: Source>(
    pairs: &Pairs<'_, S>,
    margin: f64,
    scale: f64,
    temperature: f64,
) -> Convolution {
    let Envelope { slope, zero, below, above } = Envelope::new(margin, scale);
    let (positives, negatives) = (pairs.positives, pairs.negatives);
    let in_scores = |z: f64| DoubleDouble::from(z) * DoubleDouble::from(temperature);
    let mean = positives.mean().add(-negatives.mean()).add(-in_scores(zero));
    let mut sum = Convolution {
        value: slope * (mean.to_f64() / temperature),
        of_positives: vec![-slope; positives.len()],
        of_negatives: vec![-slope; negatives.len()],
    };
    let mut add = |value: f64, of_positives: Vec<f64>, of_negatives: Vec<f64>, change: f64, sign: f64| {
        sum.value += change * (value / positives.total / negatives.total / temperature);
        let sides = [
            (&mut sum.of_positives, of_positives, negatives.total),
            (&mut sum.of_negatives, of_negatives, positives.total),
        ];
        for (slopes, own, others) in sides {
            for (slope, own) in slopes.iter_mut().zip(own) {
                *slope += sign * change * (own / others);
            }
        }
    };
    let dealt = Dealt::<E>::new(pairs);
    if let Some((kink, change)) = below {
        let part = dealt.clone().hinge::<1>(in_scores(kink));
        add(part.value, part.of_positives, part.of_negatives, change, 1.0);
    }
    // Above its kink, the hinge of the classes exchanged.
    let part = dealt.swapped().hinge::<1>(-in_scores(above.0));
    add(part.value, part.of_negatives, part.of_positives, above.1, -1.0);
    sum
}
