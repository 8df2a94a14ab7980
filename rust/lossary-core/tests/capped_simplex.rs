//! Projections onto the capped simplex against sorted breakpoints and what makes weights nearest.

#![allow(missing_docs, clippy::unwrap_used)]

use lossary_core::capped_simplex::{CappedSimplexError, capped_simplex_projection};
use lossary_core::threads::set_num_threads;
use proptest::prelude::*;
use std::num::NonZeroUsize;

const INFINITY: f64 = f64::INFINITY;

/// The weights, from the threshold between two breakpoints at which straight sums meet the total.
fn by_breakpoints(values: &[f64], total: f64, upper: f64) -> Vec<f64> {
    let cap = upper.min(total);
    let weights = |threshold: f64| values.iter().map(move |value| (value - threshold).clamp(0.0, cap));
    let sum = |threshold| weights(threshold).sum::<f64>();
    let mut points: Vec<f64> = values.iter().flat_map(|&value| [value - cap, value]).collect();
    points.sort_by(f64::total_cmp);
    let pair = points.windows(2).find(|pair| sum(pair[0]) >= total && sum(pair[1]) <= total);
    let Some(&[low, high]) = pair else { return weights(points[0]).collect() };
    let (above, below) = (sum(low), sum(high));
    let share = if above > below { (above - total) / (above - below) } else { 0.0 };
    weights(low + share * (high - low)).collect()
}

fn assert_nearest(values: &[f64], total: f64, upper: f64, weights: &[f64]) {
    let sum = weights.iter().sum::<f64>();
    let rounding = f64::EPSILON * (values.len() + 2) as f64;
    assert!((sum - total).abs() <= rounding * total, "{sum} {total} {values:?} {upper} {weights:?}");
    assert!(weights.iter().all(|&weight| (0.0..=upper).contains(&weight)));
    let cap = upper.min(total);
    // All that is free lost the same, what is at 0 had no more to lose, what is capped had more.
    let lost = |is_wanted: fn(f64, f64) -> bool| {
        let pairs = values.iter().zip(weights).filter(move |&(_, &weight)| is_wanted(weight, cap));
        pairs.map(|(value, weight)| value - weight).collect::<Vec<_>>()
    };
    let of_zero = lost(|weight, cap| weight < cap).into_iter().fold(-INFINITY, f64::max);
    let of_capped = lost(|weight, _| weight > 0.0).into_iter().fold(INFINITY, f64::min);
    let scale = values.iter().fold(total, |most, value| most.max(value.abs()));
    assert!(of_zero <= of_capped + 1e-14 * scale, "{of_zero} {of_capped} {values:?} {weights:?}");
}

fn values() -> impl Strategy<Value = Vec<f64>> {
    let number = prop_oneof![
        4 => -3.0..3.0,
        2 => (-3_i32..4).prop_map(f64::from),
        1 => (-60_i32..60, -1.0..1.0).prop_map(|(power, part)| part * f64::from(power).exp2()),
    ];
    prop_oneof![9 => 1..40_usize, 1 => 1000..2100_usize]
        .prop_flat_map(move |length| prop::collection::vec(number.clone(), length))
}

fn upper() -> impl Strategy<Value = f64> {
    prop::sample::select(vec![1e-9, 0.25, 1.0, 3.0, 1e6, INFINITY])
}

proptest! {
    #[test]
    fn weights_are_the_nearest(values in values(), upper in upper(), share in 0.0..1.0) {
        let total = share * values.len() as f64 * upper.min(2.0);
        let weights = capped_simplex_projection(&values, values.len(), total, upper).unwrap();
        assert_nearest(&values, total, upper, &weights);
    }

    #[test]
    fn weights_are_those_of_sorted_breakpoints(
        values in prop::collection::vec(prop_oneof![-3.0..3.0, (-3_i32..4).prop_map(f64::from)], 1..30),
        upper in prop::sample::select(vec![0.25, 1.0, 3.0, INFINITY]),
        share in prop_oneof![0.0..1.0, Just(0.5), Just(1.0)],
    ) {
        let total = share * values.len() as f64 * upper.min(2.0);
        let weights = capped_simplex_projection(&values, values.len(), total, upper).unwrap();
        for (found, wanted) in weights.iter().zip(by_breakpoints(&values, total, upper)) {
            prop_assert!((found - wanted).abs() <= 1e-12, "{values:?} {total} {upper} {weights:?}");
        }
    }

    #[test]
    fn rows_are_projected_each_alone(rows in prop::collection::vec([-1.0_f32..1.0, -1.0..1.0, -1.0..1.0], 1..9)) {
        let together = capped_simplex_projection(&rows.concat(), 3, 1.5, 1.0).unwrap();
        let wide: Vec<f64> = rows.concat().into_iter().map(f64::from).collect();
        prop_assert_eq!(&together, &capped_simplex_projection(&wide, 3, 1.5, 1.0).unwrap());
        let alone = rows.iter().map(|row| capped_simplex_projection(row, 3, 1.5, 1.0).unwrap());
        prop_assert_eq!(together, alone.collect::<Vec<_>>().concat());
    }
}

#[test]
fn values_far_from_each_other_and_from_zero_keep_their_digits() {
    for far in [-1e20, -1e300, -1.7e308] {
        let weights = capped_simplex_projection(&[0.0, far], 2, 1.5, 1.0).unwrap();
        assert!(weights[0] == 1.0 && (weights[1] - 0.5).abs() < 1e-15, "{weights:?}");
    }
    for shift in [-1e15, 1e15] {
        let values = [2.0, 1.5, 0.0].map(|value| value + shift);
        assert_eq!(capped_simplex_projection(&values, 3, 1.0, INFINITY).unwrap(), [0.75, 0.25, 0.0]);
    }
    let huge = capped_simplex_projection(&[-1.7e308, -1.7e308], 2, 1.2e308, 1e308).unwrap();
    assert_eq!(huge, [0.6e308, 0.6e308]);
    let tiny = capped_simplex_projection(&[1e300, 1e300, 0.0], 3, 1e-300, 1.0).unwrap();
    assert_eq!(tiny, [5e-301, 5e-301, 0.0]);
}

#[test]
fn doubles_of_all_sizes_take_few_steps() {
    // A step of Newton's alone would drop one value each.
    let values: Vec<f64> = (-1000..1000).map(|power| f64::from(power).exp2()).collect();
    for total in [1e-290, 1e-100, 1.0, 1e100, 1e290] {
        let weights = capped_simplex_projection(&values, values.len(), total, INFINITY).unwrap();
        assert_nearest(&values, total, INFINITY, &weights);
        let mirrored: Vec<f64> = values.iter().map(|value| -value).collect();
        let weights = capped_simplex_projection(&mirrored, values.len(), total, total / 5.0).unwrap();
        assert_nearest(&mirrored, total, total / 5.0, &weights);
    }
}

#[test]
fn results_are_the_same_for_any_number_of_threads() {
    let values: Vec<f64> = (0..300_000).map(|i| f64::from(i % 10_007 * 7919).sin()).collect();
    let mut found = Vec::new();
    for threads in 1..4 {
        set_num_threads(NonZeroUsize::new(threads));
        for columns in [10, 3000, values.len()] {
            found.push(capped_simplex_projection(&values, columns, 2.5, 1.0).unwrap());
        }
    }
    set_num_threads(None);
    assert!(found.iter().zip(&found[3..]).all(|(a, b)| a == b));
}

#[test]
fn what_has_no_projection_is_refused() {
    use CappedSimplexError::{BadTotal, BadUpper, BadValue, LengthMismatch, TooFarApart};
    let refused = |values: &[f64], columns, total, upper| {
        capped_simplex_projection(values, columns, total, upper).unwrap_err()
    };
    assert_eq!(refused(&[0.0; 3], 2, 1.0, 1.0), LengthMismatch { numbers: 3, columns: 2 });
    assert_eq!(refused(&[0.0; 3], 0, 0.0, 1.0), LengthMismatch { numbers: 3, columns: 0 });
    for bad in [f64::NAN, INFINITY, -INFINITY] {
        assert_eq!(refused(&[0.0, 1.0, 2.0, bad], 2, 1.0, 1.0), BadValue { index: 3 });
    }
    assert_eq!(refused(&[0.0, 0.0, 1e308, -1e308], 2, 1.0, 1.0), TooFarApart { row: 1 });
    assert_eq!(refused(&[0.0], 1, 1.0, 0.0), BadUpper { upper: 0.0 });
    assert!(matches!(refused(&[0.0], 1, 1.0, f64::NAN), BadUpper { .. }));
    for total in [-1.0, 2.5, INFINITY] {
        assert_eq!(refused(&[0.0; 2], 2, total, 1.0), BadTotal { total });
    }
    assert_eq!(refused(&[], 0, 1.0, INFINITY), BadTotal { total: 1.0 });
    assert_eq!(capped_simplex_projection::<f64>(&[], 0, 0.0, 1.0), Ok(vec![]));
}
