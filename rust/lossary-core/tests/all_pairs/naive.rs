//! The definition: every pair, with differences and sums in twice the precision.

use lossary_core::all_pairs::{Parameters, Sums, Surrogate, all_pairs, curvature_product};
use lossary_core::keys::Score;

/// A sum whose roundings are added too.
#[derive(Clone, Copy, Default)]
struct Sum {
    high: f64,
    low: f64,
}

impl Sum {
    fn add(&mut self, number: f64) {
        let sum = self.high + number;
        let part = sum - self.high;
        self.low += (self.high - (sum - part)) + (number - part);
        self.high = sum;
    }

    fn total(self) -> f64 {
        self.high + self.low
    }
}

/// `(x - y) * factor / divisor`, and its rounding error.
fn difference(x: f64, y: f64, factor: f64, divisor: f64) -> (f64, f64) {
    let d = x - y;
    let part = d - x;
    let rest = (x - (d - part)) - (y + part);
    let scaled = d * factor;
    let rest = rest * factor + d.mul_add(factor, -scaled);
    let quotient = scaled / divisor;
    (quotient, ((-quotient).mul_add(divisor, scaled) + rest) / divisor)
}

/// Value, slope and curvature of a pair, in scores.
fn pair(surrogate: Surrogate, x: f64, y: f64, parameters: &Parameters) -> [f64; 3] {
    let Parameters { margin, scale, temperature } = *parameters;
    let smooth = matches!(surrogate, Surrogate::Logistic | Surrogate::Sigmoid | Surrogate::Exponential);
    let factor = if smooth { scale } else { 1.0 };
    let (d, rest) = difference(x, y, factor, temperature);
    let below = (margin - d) - rest;
    // e^-|d|
    let decay = (-d.abs()).exp() * (1.0 - rest * d.signum());
    let (worse, whole) = (d < 0.0, 1.0 + decay);
    let [value, slope, curvature] = match surrogate {
        Surrogate::Logistic => [
            if worse { -d } else { 0.0 } + decay.ln_1p(),
            -(if worse { 1.0 } else { decay }) / whole,
            decay / (whole * whole),
        ],
        Surrogate::Sigmoid => [
            if worse { 1.0 } else { decay } / whole,
            -decay / (whole * whole),
            decay * (1.0 - decay) / (whole * whole * whole) * if worse { -1.0 } else { 1.0 },
        ],
        Surrogate::Exponential => {
            let value = (-d).exp() * (1.0 - rest);
            [value, -value, value]
        }
        Surrogate::Square => [below * below, -2.0 * below, 2.0],
        Surrogate::Hinge => [below.max(0.0), -f64::from(u8::from(below > 0.0)), 0.0],
        Surrogate::SquaredHinge => {
            [below.max(0.0) * below.max(0.0), -2.0 * below.max(0.0), 2.0 * f64::from(u8::from(below > 0.0))]
        }
        Surrogate::BarrierHinge => {
            let [steep, flat, right] = [margin - scale * (margin + d), below, -scale * below];
            let steep_over_flat = ((1.0 - scale) * d - scale * margin) + (1.0 - scale) * rest;
            let right_over_steep = (2.0 * scale * d - margin) + 2.0 * scale * rest;
            let highest = if scale >= 0.5 {
                match (steep_over_flat > 0.0, below < 0.0) {
                    (true, _) => (steep, -scale),
                    (_, true) => (right, scale),
                    _ => (flat, -1.0),
                }
            } else {
                match (steep_over_flat < 0.0, right_over_steep > 0.0) {
                    (true, _) => (flat, -1.0),
                    (_, true) => (right, scale),
                    _ => (steep, -scale),
                }
            };
            [highest.0, highest.1, 0.0]
        }
    };
    let unit = factor / temperature;
    [value, slope * unit, curvature * unit * unit]
}

/// The definition: value, gradient, and the product of the second derivatives with a direction.
struct Naive {
    sums: Sums,
    product: (Vec<f64>, Vec<f64>),
    /// The largest sum of the absolute terms of a product.
    terms: f64,
}

fn naive<S: Score + Into<f64>>(
    surrogate: Surrogate,
    [x, y]: [&[S]; 2],
    [w, v]: [&[f64]; 2],
    [p, q]: [&[f64]; 2],
    parameters: &Parameters,
) -> Naive {
    let mut value = Sum::default();
    let [mut of_x, mut of_y] = [x, y].map(|class| vec![[Sum::default(); 3]; class.len()]);
    for i in 0..x.len() {
        for j in 0..y.len() {
            let [own, slope, curvature] = pair(surrogate, x[i].into(), y[j].into(), parameters);
            let weight = w[i] * v[j];
            value.add(weight * own);
            of_x[i][0].add(weight * slope);
            of_y[j][0].add(-weight * slope);
            of_x[i][1].add(weight * curvature * (p[i] - q[j]));
            of_y[j][1].add(weight * curvature * (q[j] - p[i]));
            let steepness = curvature.abs() + slope.abs() * parameters.scale / parameters.temperature;
            let term = weight * steepness * (p[i].abs() + q[j].abs());
            of_x[i][2].add(term);
            of_y[j][2].add(term);
        }
    }
    let mass = w.iter().sum::<f64>() * v.iter().sum::<f64>();
    let part = |sums: &[[Sum; 3]], which: usize| -> Vec<f64> {
        sums.iter().map(|sum| sum[which].total() / mass).collect()
    };
    Naive {
        sums: Sums {
            value: value.total() / mass,
            of_positives: part(&of_x, 0),
            of_negatives: part(&of_y, 0),
        },
        product: (part(&of_x, 1), part(&of_y, 1)),
        terms: part(&of_x, 2).into_iter().chain(part(&of_y, 2)).fold(LEAST, f64::max),
    }
}

/// Numbers have all their digits above this, even after a factor of an epsilon.
const LEAST: f64 = f64::MIN_POSITIVE / f64::EPSILON;

/// The largest error of two vectors together, relative to the largest number.
pub fn error(ours: (&[f64], &[f64]), wanted: (&[f64], &[f64])) -> f64 {
    let numbers = wanted.0.iter().chain(wanted.1);
    error_of(ours, wanted, numbers.fold(LEAST, |largest: f64, number| largest.max(number.abs())))
}

fn error_of(ours: (&[f64], &[f64]), wanted: (&[f64], &[f64]), largest: f64) -> f64 {
    let all = |(first, second): (&[f64], &[f64])| [first, second].concat();
    let (ours, wanted) = (all(ours), all(wanted));
    let difference = ours.iter().zip(&wanted).fold(0.0, |most: f64, (a, b)| most.max((a - b).abs()));
    assert!(ours.len() == wanted.len() && ours.iter().all(|number| number.is_finite()));
    if difference == 0.0 { 0.0 } else { difference / largest }
}

pub fn relative(ours: f64, wanted: f64) -> f64 {
    if ours == wanted { 0.0 } else { (ours - wanted).abs() / wanted.abs().max(LEAST) }
}

/// Compares with the definition; returns the errors of value, gradient and product.
pub fn compare<S: Score + Into<f64>>(
    surrogate: Surrogate,
    scores: [&[S]; 2],
    weights: Option<[&[f64]; 2]>,
    parameters: &Parameters,
) -> [f64; 3] {
    let [x, y] = scores;
    let ones = scores.map(|class| vec![1.0; class.len()]);
    let used = weights.unwrap_or([&ones[0], &ones[1]]);
    let direction = scores.map(|class| (0..class.len()).map(|i| (i as f64 * 0.7).sin()).collect::<Vec<_>>());
    let directions = [direction[0].as_slice(), &direction[1]];
    let wanted = naive(surrogate, scores, used, directions, parameters);
    let given = weights.map(|[w, v]| (w, v));
    let ours = all_pairs(surrogate, x, y, given, parameters).unwrap();
    let product =
        curvature_product(surrogate, x, y, given, (directions[0], directions[1]), parameters).unwrap();
    let sums = &wanted.sums;
    [
        relative(ours.value, sums.value),
        error((&ours.of_positives, &ours.of_negatives), (&sums.of_positives, &sums.of_negatives)),
        error_of((&product.0, &product.1), (&wanted.product.0, &wanted.product.1), wanted.terms),
    ]
}
