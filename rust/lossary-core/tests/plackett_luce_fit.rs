//! Fits of rankings: every method against the slope of the likelihood, step by step.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use lossary_core::plackett_luce::{Fit, FitError, Method, Options, Rankings, RankingsError, fit, likelihood};
use lossary_core::random::Random;
use lossary_core::threads::set_num_threads;
use proptest::prelude::*;
use std::num::NonZeroUsize;

const MAXIMISERS: [Method; 4] = [Method::Auto, Method::Mm, Method::Ilsr, Method::Newton];

/// Log-likelihood and slopes of the rankings at some log-worths, list by list.
fn evaluate(rankings: &Rankings, weights: Option<&[f64]>, theta: &[f64]) -> (f64, Vec<f64>) {
    let (mut value, mut slopes) = (0.0, vec![0.0; theta.len()]);
    for (list, items) in rankings.lists().enumerate() {
        let weight = weights.map_or(1.0, |weights| weights[list]);
        let scores: Vec<f64> = items.iter().map(|&item| theta[item as usize]).collect();
        let found = likelihood(&scores, &[0, scores.len()], None, None).unwrap();
        value += weight * found.log_likelihood[0];
        for (&item, slope) in items.iter().zip(found.gradient) {
            slopes[item as usize] += weight * slope;
        }
    }
    (value, slopes)
}

/// Shuffled lists of some items each, of a strongly connected graph: a cycle comes last.
fn lists(seed: u64, count: u32, lists: u32, longest: u32) -> (Vec<i64>, Vec<usize>) {
    let mut random = Random::stream(seed, 0);
    let (mut entries, mut offsets) = (Vec::new(), vec![0]);
    for _ in 0..lists {
        let mut items: Vec<i64> = (0..i64::from(count)).collect();
        for place in 0..random.below(longest.min(count) + 1) {
            let other = place + random.below(count - place);
            items.swap(place as usize, other as usize);
            entries.push(items[place as usize]);
        }
        offsets.push(entries.len());
    }
    for item in 0..count {
        entries.extend([i64::from(item), i64::from((item + 1) % count)]);
        offsets.push(entries.len());
    }
    (entries, offsets)
}

fn with(method: Method) -> Options {
    Options { method, tolerance: 1e-11, ..Options::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_method_ends_where_the_slopes_vanish(
        seed in any::<u64>(), count in 2_u32..12, many in 0_u32..40, longest in 0_u32..12, weigh in any::<bool>(),
    ) {
        let (entries, offsets) = lists(seed, count, many, longest);
        let weights: Vec<f64> = (1..offsets.len()).map(|list| (list % 3) as f64 + 0.5).collect();
        let weights = weigh.then_some(weights.as_slice());
        let rankings = Rankings::new(&entries, &offsets, count as usize).unwrap();
        for method in MAXIMISERS {
            let found = fit(rankings.clone(), weights, with(method)).unwrap();
            prop_assert!(found.converged, "{method:?}");
            prop_assert!(found.worth.iter().sum::<f64>().abs() < 1e-9);
            let (value, slopes) = evaluate(&rankings, weights, &found.worth);
            prop_assert!((found.log_likelihood - value).abs() < 1e-10 * (1.0 + value.abs()));
            prop_assert!(slopes.iter().all(|slope| slope.abs() < 1e-7), "{method:?} {slopes:?}");
        }
    }

    #[test]
    fn priors_move_the_maximum_as_their_slopes_say(
        seed in any::<u64>(), count in 2_u32..10, many in 0_u32..20, alpha in 0.01..3.0,
    ) {
        let (entries, offsets) = lists(seed, count, many, 6);
        let without_cycle = offsets[many as usize];
        let rankings =
            Rankings::new(&entries[..without_cycle], &offsets[..=many as usize], count as usize).unwrap();
        for method in [Method::Auto, Method::Mm, Method::Newton] {
            let found = fit(rankings.clone(), None, Options { alpha, ..with(method) }).unwrap();
            prop_assert!(found.converged, "{method:?}");
            let (_, slopes) = evaluate(&rankings, None, &found.worth);
            // Worths of the Gamma prior have mean 1.
            let mean = found.worth.iter().map(|theta| theta.exp()).sum::<f64>() / f64::from(count);
            for (slope, theta) in slopes.iter().zip(&found.worth) {
                let prior = match method {
                    Method::Newton => -2.0 * alpha * theta,
                    _ => alpha * (1.0 - theta.exp() / mean),
                };
                prop_assert!((slope + prior).abs() < 1e-7, "{method:?} {slope} {prior}");
            }
        }
    }
}

#[test]
fn the_covariance_is_the_inverse_of_the_second_derivatives() {
    let (entries, offsets) = lists(5, 7, 20, 5);
    let rankings = Rankings::new(&entries, &offsets, 7).unwrap();
    let found = fit(rankings.clone(), None, Options { covariance: true, ..Options::default() }).unwrap();
    let covariance = found.covariance.unwrap();
    let step = 1e-5;
    // Second derivatives times a column of the covariance: a unit vector less its mean.
    for column in 0..7 {
        let moved = |sign: f64| {
            let theta: Vec<f64> =
                (0..7).map(|item| found.worth[item] + sign * step * covariance[7 * item + column]).collect();
            evaluate(&rankings, None, &theta).1
        };
        for (item, (high, low)) in moved(1.0).iter().zip(moved(-1.0)).enumerate() {
            let wanted = if item == column { 6.0 / 7.0 } else { -1.0 / 7.0 };
            assert!(((low - high) / (2.0 * step) - wanted).abs() < 1e-6);
        }
    }
}

/// Each of 40 items beats the next `e^distance` times as often as it loses.
fn chain(distance: f64) -> (Rankings, Vec<f64>) {
    let (mut entries, mut weights) = (Vec::new(), Vec::new());
    for item in 0..39 {
        entries.extend([item, item + 1, item + 1, item]);
        weights.extend([1.0, (-distance).exp()]);
    }
    let offsets: Vec<usize> = (0..=weights.len()).map(|list| 2 * list).collect();
    (Rankings::new(&entries, &offsets, 40).unwrap(), weights)
}

#[test]
fn worths_that_no_scale_holds_are_fitted() {
    let (rankings, weights) = chain(14.0);
    for method in [Method::Auto, Method::Newton] {
        let found = fit(rankings.clone(), Some(&weights), with(method)).unwrap();
        for pair in found.worth.windows(2) {
            assert!((pair[0] - pair[1] - 14.0).abs() < 1e-6, "{method:?} {found:?}");
        }
    }
}

#[test]
fn losses_beyond_the_digits_of_doubles_do_not_break_a_fit() {
    let (rankings, weights) = chain(60.0);
    for method in MAXIMISERS {
        let options = Options { max_iterations: 200, ..with(method) };
        let found = fit(rankings.clone(), Some(&weights), options).unwrap();
        assert!(found.worth.iter().all(|worth| worth.is_finite()), "{method:?}");
        assert!(found.log_likelihood.is_finite() && found.worth.is_sorted_by(|a, b| a >= b), "{method:?}");
    }
}

#[test]
fn the_same_bits_for_any_number_of_threads() {
    let (entries, offsets) = lists(1, 300, 9_000, 60);
    let rankings = Rankings::new(&entries, &offsets, 300).unwrap();
    let fits: Vec<Fit> = [1, 2, 3]
        .map(|threads| {
            set_num_threads(NonZeroUsize::new(threads));
            fit(rankings.clone(), None, Options { covariance: true, ..Options::default() }).unwrap()
        })
        .into();
    set_num_threads(None);
    assert!(fits.windows(2).all(|pair| pair[0] == pair[1]));
    assert!(fits[0].converged);
}

#[test]
fn a_limit_ends_every_method() {
    let (entries, offsets) = lists(2, 8, 10, 4);
    let rankings = Rankings::new(&entries, &offsets, 8).unwrap();
    for method in MAXIMISERS {
        let options = Options { tolerance: 0.0, max_iterations: 2, ..with(method) };
        let found = fit(rankings.clone(), None, options).unwrap();
        assert!(!found.converged && found.iterations <= 3 && found.change > 0.0, "{method:?} {found:?}");
    }
}

#[test]
fn comparisons_without_a_maximum_are_refused() {
    let components = |entries: &[i64], offsets: &[usize], count| {
        let rankings = Rankings::new(entries, offsets, count).unwrap();
        match fit(rankings, None, Options::default()) {
            Err(FitError::NotConnected { components }) => components,
            other => panic!("{other:?}"),
        }
    };
    // Item 3 is in no list; 2 never beats the cycle of 0 and 1.
    let found = components(&[0, 1, 2, 1, 0], &[0, 3, 5], 4);
    assert_eq!(found[0], found[1]);
    assert!(found[2] != found[0] && found[3] != found[0] && found[2] != found[3]);
    let rankings = Rankings::new(&[0, 1], &[0, 1, 2], 2).unwrap();
    assert_eq!(fit(rankings.clone(), None, Options::default()), Err(FitError::NoRankings));
    let found = fit(rankings, None, Options { alpha: 1.0, ..Options::default() }).unwrap();
    assert_eq!((found.worth, found.log_likelihood), (vec![0.0, 0.0], 0.0));
}

#[test]
fn weights_of_zero_leave_rankings_out() {
    let rankings = Rankings::new(&[0, 1, 1, 0], &[0, 2, 4], 2).unwrap();
    let found = fit(rankings, Some(&[1.0, 0.0]), Options::default());
    assert!(matches!(found, Err(FitError::NotConnected { .. })));
}

#[test]
fn bad_input_is_refused() {
    let reads =
        |entries: &[i64], offsets: &[usize], count| Rankings::new(entries, offsets, count).unwrap_err();
    assert_eq!(reads(&[0, 2], &[0, 2], 2), RankingsError::OutOfRange { row: 0, value: 2 });
    assert_eq!(reads(&[0, -2], &[0, 2], 2), RankingsError::OutOfRange { row: 0, value: -2 });
    assert_eq!(reads(&[0, 1, 1, 1], &[0, 2, 4], 2), RankingsError::Repeated { row: 1, value: 1 });
    assert_eq!(reads(&[0, -1, 1], &[0, 3], 2), RankingsError::Gap { row: 0 });
    assert_eq!(reads(&[], &[0], usize::MAX), RankingsError::TooManyItems { items: usize::MAX });
    for offsets in [&[][..], &[0, 1], &[1, 2], &[0, 2, 1, 2]] {
        assert_eq!(reads(&[0, 1], offsets, 2), RankingsError::BadOffsets);
    }
    let cycle = Rankings::new(&[0, 1, 1, 0], &[0, 2, 4], 2).unwrap();
    let fails = |weights: Option<&[f64]>, options| fit(cycle.clone(), weights, options).unwrap_err();
    for alpha in [-1.0, 1e31] {
        assert_eq!(fails(None, Options { alpha, ..Options::default() }), FitError::BadAlpha { alpha });
    }
    assert!(matches!(
        fails(None, Options { alpha: f64::NAN, ..Options::default() }),
        FitError::BadAlpha { .. }
    ));
    assert!(matches!(
        fails(None, Options { tolerance: f64::NAN, ..Options::default() }),
        FitError::BadTolerance { .. }
    ));
    assert_eq!(fails(Some(&[1.0, -1.0]), Options::default()), FitError::BadWeight { row: 1 });
    let mismatch = FitError::LengthMismatch { rankings: 2, weights: 1 };
    assert_eq!(fails(Some(&[1.0]), Options::default()), mismatch);
    let lsr = Options { method: Method::Lsr, covariance: true, ..Options::default() };
    assert_eq!(fails(None, lsr), FitError::NoCovariance);
    let none = Rankings::new(&[], &[0], 0).unwrap();
    assert_eq!(fit(none, None, Options::default()), Err(FitError::NoItems));
    let alone = Rankings::new(&[], &[0], 9000).unwrap();
    let options = Options { alpha: 1.0, covariance: true, ..Options::default() };
    assert_eq!(fit(alone, None, options), Err(FitError::TooDense { items: 9000 }));
}
