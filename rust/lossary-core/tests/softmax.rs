//! Softmax, log-sum-exp and cross-entropy against the formulas in doubles.

#![allow(missing_docs, clippy::unwrap_used)]

use lossary_core::softmax::{SoftmaxError, cross_entropy_terms, logsumexp, two_pass_softmax};
use lossary_core::threads::set_num_threads;
use proptest::prelude::*;
use std::num::NonZeroUsize;

const INFINITY: f64 = f64::INFINITY;

/// Probabilities and the logarithm of the sum, less the maximum.
fn naive(row: &[f64]) -> (Vec<f64>, f64) {
    let highest = row.iter().copied().fold(-INFINITY, f64::max);
    let terms: Vec<f64> = row.iter().map(|x| (x - highest).exp()).collect();
    let total: f64 = terms.iter().sum();
    (terms.iter().map(|term| term / total).collect(), highest + total.ln())
}

fn close(found: f64, wanted: f64, relative: f64, least: f64) -> bool {
    found == wanted || (found - wanted).abs() <= relative * wanted.abs() + least
}

fn row() -> impl Strategy<Value = Vec<f64>> {
    let spread = prop::sample::select(vec![0.0, 1.0, 30.0, 100.0, 1e4]);
    let centre = prop::sample::select(vec![0.0, 80.0, -1000.0, 1e5, -5e5, 3e6, -1e9]);
    let length = prop_oneof![1..70_usize, 2040..2070_usize, 4090..4120_usize];
    let number = prop_oneof![9 => -1.0..1.0, 1 => Just(-INFINITY)];
    (length, spread, centre).prop_flat_map(move |(length, spread, centre)| {
        let number = number.clone().prop_map(move |x| if x < -1.0 { x } else { x * spread + centre });
        prop::collection::vec(number, length)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn doubles_agree_with_the_formulas(row in row()) {
        prop_assume!(row.iter().any(|x| x.is_finite()));
        let (wanted, normalizer) = naive(&row);
        let mut out = vec![0.0; row.len()];
        let found = two_pass_softmax(&row, row.len(), &mut out).unwrap();
        prop_assert!(close(found[0], normalizer, 1e-15, 1e-14), "{} {normalizer}", found[0]);
        for (found, wanted) in out.iter().zip(&wanted) {
            prop_assert!(close(*found, *wanted, 3e-14, 1e-300), "{found} {wanted}");
        }
        prop_assert_eq!(found, logsumexp(&row, row.len()).unwrap());
    }

    #[test]
    fn floats_agree_with_the_formulas_in_doubles(row in row()) {
        prop_assume!(row.iter().any(|x| x.is_finite()));
        let floats: Vec<f32> = row.iter().map(|&x| x as f32).collect();
        let (wanted, normalizer) = naive(&floats.iter().map(|&x| f64::from(x)).collect::<Vec<_>>());
        let mut out = vec![0.0; row.len()];
        let found = two_pass_softmax(&floats, row.len(), &mut out).unwrap();
        prop_assert!(close(found[0], normalizer, 0.0, 1e-6), "{} {normalizer}", found[0]);
        for (found, wanted) in out.iter().zip(&wanted) {
            prop_assert!(close(f64::from(*found), *wanted, 2e-6, 1e-30), "{found} {wanted}");
        }
    }

    #[test]
    fn rows_have_the_same_bits_in_any_company(
        rows in prop::collection::vec(row(), 1..8),
        columns in prop_oneof![1..70_usize, 1020..1030_usize],
        bad in prop::sample::select(vec![0.0, f32::NAN, f32::INFINITY]),
    ) {
        let mut rows: Vec<f32> = rows.concat().iter().map(|&x| x as f32).collect();
        rows[0] = bad;
        rows.resize(rows.len().next_multiple_of(columns), 0.5);
        let mut together = vec![0.0; rows.len()];
        let found = two_pass_softmax(&rows, columns, &mut together).unwrap();
        let bits = |numbers: &[f32]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        for ((row, together), found) in rows.chunks(columns).zip(together.chunks(columns)).zip(found) {
            let mut alone = vec![0.0; columns];
            let logarithm = two_pass_softmax(row, columns, &mut alone).unwrap()[0];
            prop_assert_eq!(bits(&alone), bits(together));
            prop_assert_eq!(logarithm.to_bits(), found.to_bits());
        }
    }

    #[test]
    fn gradients_are_probabilities_less_the_target(row in row(), place in any::<prop::sample::Index>()) {
        let target = place.index(row.len());
        prop_assume!(row[target].is_finite());
        let (mut out, mut gradient) = (vec![0.0; row.len()], vec![0.0; row.len()]);
        let normalizer = two_pass_softmax(&row, row.len(), &mut out).unwrap()[0];
        let terms = cross_entropy_terms(&row, row.len(), &[target as i64], Some(&mut gradient)).unwrap();
        // The loss has digits that its two terms, rounded, have not.
        let rounding = 1e-15 * normalizer.abs() + 1e-12;
        prop_assert!(close(terms.loss[0], normalizer - row[target], 1e-14, rounding));
        prop_assert_eq!(terms.logsumexp, vec![normalizer]);
        out[target] -= 1.0;
        prop_assert_eq!(gradient, out);
    }
}

#[test]
fn the_same_bits_for_any_number_of_threads() {
    for columns in [7, 100, 3000] {
        let rows: Vec<f32> = (0..300_000).map(|i| ((i % 10_007 * 7919) % 10_007) as f32 / 500.0).collect();
        let rows = &rows[..rows.len() / columns * columns];
        let run = |threads| {
            set_num_threads(NonZeroUsize::new(threads));
            let mut out = vec![0.0; rows.len()];
            let found = two_pass_softmax(rows, columns, &mut out).unwrap();
            set_num_threads(None);
            (found, out)
        };
        assert_eq!(run(1), run(2));
        assert_eq!(run(1), run(3));
    }
}

#[test]
fn rows_longer_than_the_cache_agree_with_the_formulas() {
    let row: Vec<f64> =
        (0..300_000).map(|i| f64::from((i % 10_007 * 7919) % 10_007) / 300.0 - 900.0).collect();
    let (wanted, normalizer) = naive(&row);
    let mut out = vec![0.0; row.len()];
    let found = two_pass_softmax(&row, row.len(), &mut out).unwrap();
    assert!(close(found[0], normalizer, 1e-15, 0.0));
    // The sum of so many terms, one after the other, is not as exact as that of the kernel.
    assert!(out.iter().zip(&wanted).all(|(found, wanted)| close(*found, *wanted, 1e-12, 0.0)));
}

#[test]
fn nan_and_infinity_make_a_row_nan() {
    for length in [1, 7, 8, 33, 2049, 5000] {
        for place in [0, length / 2, length - 1] {
            for bad in [f32::NAN, f32::INFINITY] {
                let mut row = vec![0.5_f32; length];
                row[place] = bad;
                let mut out = vec![0.0; length];
                let normalizer = two_pass_softmax(&row, length, &mut out).unwrap()[0];
                assert!(out.iter().all(|value| value.is_nan()), "{length} {place} {bad}");
                assert!(if bad.is_nan() { normalizer.is_nan() } else { normalizer == INFINITY });
                assert!(cross_entropy_terms(&row, length, &[0], None).unwrap().loss[0].is_nan());
            }
        }
    }
    assert!(logsumexp(&[f64::NAN, INFINITY], 2).unwrap()[0].is_nan());
    assert!(logsumexp(&[f64::NAN, -INFINITY], 2).unwrap()[0].is_nan());
}

#[test]
fn rows_of_minus_infinity_have_no_probabilities() {
    let mut out = [0.0; 3];
    assert_eq!(two_pass_softmax(&[-INFINITY; 3], 3, &mut out).unwrap(), [-INFINITY]);
    assert!(out.iter().all(|value| value.is_nan()));
    let terms = cross_entropy_terms(&[-INFINITY, 0.0], 2, &[0], None).unwrap();
    assert_eq!((terms.loss[0], terms.logsumexp[0]), (INFINITY, 0.0));
}

#[test]
fn what_does_not_fit_is_refused() {
    let mismatch = |scores, other| SoftmaxError::LengthMismatch { scores, other };
    assert_eq!(logsumexp::<f32>(&[], 0), Err(SoftmaxError::NoColumns));
    assert_eq!(logsumexp(&[0.0; 3], 2), Err(mismatch(3, 2)));
    assert_eq!(two_pass_softmax(&[0.0; 4], 2, &mut [0.0; 2]), Err(mismatch(4, 2)));
    assert_eq!(cross_entropy_terms(&[0.0; 4], 2, &[0], None), Err(mismatch(2, 1)));
    for target in [-1, 2, i64::MAX] {
        let found = cross_entropy_terms(&[0.0; 4], 2, &[0, target], None);
        assert_eq!(found, Err(SoftmaxError::BadTarget { row: 1, target }));
    }
    assert_eq!(logsumexp::<f64>(&[], 3), Ok(vec![]));
}
