//! Losses over all pairs of labelled samples, against those of the classes apart.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use lossary_core::all_pairs::{
    AllPairsError, Labelled, Parameters, Side, Surrogate, all_pairs, curvature_product,
};
use proptest::prelude::*;

const SURROGATES: [Surrogate; 3] = [Surrogate::Logistic, Surrogate::SquaredHinge, Surrogate::Square];

fn of_class(numbers: &[f64], labels: &[u8], class: bool) -> Vec<f64> {
    numbers
        .iter()
        .zip(labels)
        .filter(|(_, label)| (**label != 0) == class)
        .map(|(number, _)| *number)
        .collect()
}

/// Of each row, where it has pairs: its value, its gradient, and the change of it along the direction.
#[allow(clippy::type_complexity, reason = "three results")]
fn naive(
    samples: &Labelled<'_, f64>,
    surrogate: Surrogate,
    direction: &[f64],
) -> Vec<Option<(f64, Vec<f64>, Vec<f64>)>> {
    let parameters = Parameters::default();
    let row = |start: usize| {
        let range = start..start + samples.width;
        let labels = &samples.labels[range.clone()];
        let class = |numbers: &[f64], class| of_class(&numbers[range.clone()], labels, class);
        let (x, y) = (class(samples.scores, true), class(samples.scores, false));
        let weights = samples.weights.map(|weights| (class(weights, true), class(weights, false)));
        let weights = weights.as_ref().map(|(w, v)| (w.as_slice(), v.as_slice()));
        let join = |of_x: Vec<f64>, of_y: Vec<f64>| -> Vec<f64> {
            let (mut of_x, mut of_y) = (of_x.into_iter(), of_y.into_iter());
            labels.iter().map(|&label| if label == 0 { of_y.next() } else { of_x.next() }.unwrap()).collect()
        };
        let sums = all_pairs(surrogate, &x, &y, weights, &parameters).ok()?;
        let directions = (class(direction, true), class(direction, false));
        let (of_x, of_y) =
            curvature_product(surrogate, &x, &y, weights, (&directions.0, &directions.1), &parameters)
                .unwrap();
        Some((sums.value, join(sums.of_positives, sums.of_negatives), join(of_x, of_y)))
    };
    (0..samples.scores.len()).step_by(samples.width).map(row).collect()
}

fn near(ours: f64, wanted: f64) -> bool {
    (ours - wanted).abs() <= 1e-14 * wanted.abs() + 1e-300
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_are_averaged_in_the_order_of_the_samples(
        rows in 1_usize..5,
        width in 1_usize..9,
        samples in prop::collection::vec((-5.0..5.0, 0_u8..3, 0.0..2.0, -1.0..1.0), 40),
        weighted: bool,
    ) {
        let count = rows * width;
        let part = |pick: fn(&(f64, u8, f64, f64)) -> f64| -> Vec<f64> { samples[..count].iter().map(pick).collect() };
        let (scores, weights, direction) = (part(|row| row.0), part(|row| row.2.floor()), part(|row| row.3));
        let labels: Vec<u8> = samples[..count].iter().map(|row| row.1).collect();
        let samples = Labelled { scores: &scores, labels: &labels, weights: weighted.then_some(&weights), width };
        for surrogate in SURROGATES {
            let wanted = naive(&samples, surrogate, &direction);
            let parts: Vec<_> = wanted.iter().flatten().collect();
            let value = samples.all_pairs(surrogate, &Parameters::default()).unwrap();
            let curvature = samples.curvature_product(surrogate, &direction, &Parameters::default()).unwrap();
            prop_assert_eq!(value.is_some(), !parts.is_empty());
            prop_assert_eq!(curvature.is_some(), !parts.is_empty());
            let (Some((value, gradient)), Some(curvature)) = (value, curvature) else { continue };
            let share = 1.0 / parts.len() as f64;
            prop_assert!(near(value, parts.iter().map(|part| part.0).sum::<f64>() * share));
            for (row, part) in wanted.iter().enumerate() {
                for place in 0..width {
                    let wanted = part.as_ref().map_or((0.0, 0.0), |part| (part.1[place], part.2[place]));
                    prop_assert!(near(gradient[row * width + place], wanted.0 * share));
                    prop_assert!(near(curvature[row * width + place], wanted.1 * share));
                }
            }
        }
    }
}

#[test]
fn no_samples_have_no_pair() {
    for width in [0, 1, 3] {
        let none = Labelled::<f64> { scores: &[], labels: &[], weights: None, width };
        assert_eq!(none.all_pairs(Surrogate::Logistic, &Parameters::default()), Ok(None));
        assert_eq!(none.curvature_product(Surrogate::Logistic, &[], &Parameters::default()), Ok(None));
    }
}

#[test]
fn other_numbers_than_scores_are_refused() {
    let run = |labels: &[u8], weights: Option<&[f64]>, width| {
        let samples = Labelled { scores: &[1.0, 2.0, 3.0, 4.0], labels, weights, width };
        samples.all_pairs(Surrogate::Logistic, &Parameters::default()).unwrap_err()
    };
    let wanted = |weights| AllPairsError::LengthMismatch { side: Side::Positives, scores: 4, weights };
    assert_eq!(run(&[1, 0], None, 4), wanted(2));
    assert_eq!(run(&[1, 0, 1, 0], Some(&[1.0]), 4), wanted(1));
    assert_eq!(run(&[1, 0, 1, 0], None, 3), wanted(3));
    assert_eq!(run(&[1, 0, 1, 0], None, 0), wanted(0));
    let samples = Labelled { scores: &[1.0, 2.0], labels: &[1, 0], weights: None, width: 2 };
    let product = samples.curvature_product(Surrogate::Square, &[1.0], &Parameters::default());
    assert_eq!(product, Err(AllPairsError::LengthMismatch { side: Side::Positives, scores: 2, weights: 1 }));
}
