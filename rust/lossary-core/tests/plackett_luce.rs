//! The likelihood of rankings against one sum of exponentials per step.

#![allow(missing_docs, clippy::unwrap_used)]

use lossary_core::plackett_luce::{Likelihood, PlackettLuceError, likelihood};
use lossary_core::threads::set_num_threads;
use proptest::prelude::*;
use std::num::NonZeroUsize;

/// Step by step: the log-likelihood of a row, its gradient, and the sum of the sizes of its terms.
fn naive(scores: &[f64], ranked: usize, weights: &[f64]) -> (f64, Vec<f64>) {
    let (mut value, mut gradient) = (0.0, vec![0.0; scores.len()]);
    for step in 0..ranked {
        let pool = &scores[step..];
        let highest = pool.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = pool.iter().map(|score| (score - highest).exp()).sum();
        value += weights[step] * (scores[step] - highest - total.ln());
        gradient[step] += weights[step];
        for (slope, score) in gradient[step..].iter_mut().zip(pool) {
            *slope -= weights[step] * (score - highest).exp() / total;
        }
    }
    (value, gradient)
}

#[derive(Debug, Clone)]
struct Rows {
    scores: Vec<f64>,
    offsets: Vec<usize>,
    ranked: Vec<usize>,
    weights: Vec<f64>,
}

fn rows() -> impl Strategy<Value = Rows> {
    let spread = prop::sample::select(vec![0.0, 1.0, 30.0, 200.0, 2000.0, 1e6, 1e140]);
    let row = (prop::collection::vec((-1.0..1.0, 0.0..3.0), 0..40), spread, 0.0..1.3_f64, 0_u8..4).prop_map(
        |(items, spread, share, shape)| {
            let mut scores: Vec<f64> = items.iter().map(|item: &(f64, f64)| item.0 * spread).collect();
            match shape {
                0 => scores.sort_by(f64::total_cmp),
                1 => scores.sort_by(|a, b| b.total_cmp(a)),
                _ => {}
            }
            let ranked = ((scores.len() as f64 * share) as usize).min(scores.len());
            (scores, ranked, items.iter().map(|item| item.1).collect::<Vec<f64>>())
        },
    );
    prop::collection::vec(row, 0..6).prop_map(|rows| {
        let mut all = Rows { scores: vec![], offsets: vec![0], ranked: vec![], weights: vec![] };
        for (scores, ranked, weights) in rows {
            all.scores.extend(scores);
            all.offsets.push(all.scores.len());
            all.ranked.push(ranked);
            all.weights.extend(weights);
        }
        all
    })
}

fn check(given: &Rows, weights: Option<&[f64]>, found: &Likelihood<f64>) -> Result<(), TestCaseError> {
    let ones = vec![1.0; given.scores.len()];
    for (row, &ranked) in given.ranked.iter().enumerate() {
        let place = given.offsets[row]..given.offsets[row + 1];
        let (scores, weights) = (&given.scores[place.clone()], &weights.unwrap_or(&ones)[place.clone()]);
        let (value, gradient) = naive(scores, ranked, weights);
        let scale = 1.0 + value.abs();
        let own = found.log_likelihood[row];
        prop_assert!((own - value).abs() <= 1e-13 * scale, "{own} {value}");
        for (own, wanted) in found.gradient[place].iter().zip(&gradient) {
            prop_assert!((own - wanted).abs() <= 1e-12, "{own} {wanted}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn likelihood_and_gradient_are_those_of_every_step(given in rows()) {
        let found = likelihood(&given.scores, &given.offsets, Some(&given.ranked), None).unwrap();
        check(&given, None, &found)?;
        let found = likelihood(&given.scores, &given.offsets, Some(&given.ranked), Some(&given.weights)).unwrap();
        check(&given, Some(&given.weights), &found)?;
    }

    #[test]
    fn narrow_scores_are_widened(given in rows().prop_filter("fits", |given| given.scores.iter().all(|s| s.abs() < 1e30))) {
        let narrow: Vec<f32> = given.scores.iter().map(|&score| score as f32).collect();
        let wide: Vec<f64> = narrow.iter().map(|&score| f64::from(score)).collect();
        let found = likelihood(&narrow, &given.offsets, Some(&given.ranked), None).unwrap();
        let wanted = likelihood(&wide, &given.offsets, Some(&given.ranked), None).unwrap();
        prop_assert_eq!(found.log_likelihood, wanted.log_likelihood);
        let rounded: Vec<f32> = wanted.gradient.iter().map(|&slope| slope as f32).collect();
        prop_assert_eq!(found.gradient, rounded);
    }
}

#[test]
fn the_same_bits_for_any_number_of_threads() {
    let scores: Vec<f64> =
        (0..300_000_u32).map(|k| f64::from(k.wrapping_mul(2_654_435_761)) * 1e-8).collect();
    let offsets: Vec<usize> = (0..=300).map(|row| row * 1000).collect();
    let all: Vec<_> = [1, 2, 3]
        .map(|threads| {
            set_num_threads(NonZeroUsize::new(threads));
            likelihood(&scores, &offsets, None, None).unwrap()
        })
        .into();
    set_num_threads(None);
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn confident_rankings_keep_the_digits_of_small_slopes() {
    // The derivative of log sigmoid(40) is sigmoid(-40).
    let found = likelihood(&[40.0, 0.0], &[0, 2], None, None).unwrap();
    let slope = (-40.0_f64).exp();
    assert!((found.gradient[0] / slope - 1.0).abs() < 1e-15);
    assert!((found.gradient[1] / -slope - 1.0).abs() < 1e-15);
}

#[test]
fn logits_of_ten_thousand_are_no_trouble() {
    let found = likelihood(&[-1e4, 1e4, 0.0], &[0, 3], None, None).unwrap();
    assert_eq!(found.log_likelihood, [-2e4]);
    assert_eq!(found.gradient, [1.0, -1.0, 0.0]);
}

#[test]
fn empty_rows_and_no_rows_have_no_information() {
    let found = likelihood(&[3.0, 2.0], &[0, 0, 1, 2], Some(&[0, 1, 0]), None).unwrap();
    assert_eq!((found.log_likelihood, found.gradient), (vec![0.0; 3], vec![0.0; 2]));
    let found = likelihood::<f32>(&[], &[0], None, None).unwrap();
    assert_eq!((found.log_likelihood.len(), found.gradient.len()), (0, 0));
}

#[test]
fn bad_input_is_refused() {
    let fails = |scores: &[f64], offsets: &[usize], ranked: Option<&[usize]>, weights: Option<&[f64]>| {
        likelihood(scores, offsets, ranked, weights).unwrap_err()
    };
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e151] {
        assert_eq!(fails(&[0.0, bad], &[0, 2], None, None), PlackettLuceError::BadScore { index: 1 });
        assert_eq!(fails(&[0.0, bad], &[0, 2], Some(&[0]), None), PlackettLuceError::BadScore { index: 1 });
    }
    for bad in [f64::NAN, -1.0, 1e31] {
        let weights = [1.0, bad];
        let error = fails(&[0.0, 0.0], &[0, 2], None, Some(&weights));
        assert_eq!(error, PlackettLuceError::BadWeight { index: 1 });
    }
    for offsets in [&[][..], &[0], &[1, 2], &[0, 1], &[0, 3], &[0, 2, 1, 2], &[usize::MAX, 2]] {
        assert_eq!(fails(&[0.0, 0.0], offsets, None, None), PlackettLuceError::BadOffsets);
    }
    assert_eq!(fails(&[0.0, 0.0], &[0, 2], Some(&[]), None), PlackettLuceError::BadOffsets);
    assert_eq!(fails(&[0.0, 0.0], &[0, 0, 2], Some(&[1, 1]), None), PlackettLuceError::BadRanked { row: 0 });
    let error = fails(&[0.0, 0.0], &[0, 2], None, Some(&[1.0]));
    assert_eq!(error, PlackettLuceError::LengthMismatch { scores: 2, weights: 1 });
}
