//! Thresholds, operating points, groups and thinning against their naive definitions.

#![allow(missing_docs, clippy::unwrap_used)]

use lossary_core::auc::{roc_auc, weighted_roc_auc};
use lossary_core::criteria::{
    Accuracy, BalancedAccuracy, Cost, Criterion, F1, FBeta, GeometricMean, Jaccard, Matthews, Outcome,
    Precision, Recall, Specificity, Youden,
};
use lossary_core::grouped_auc::{grouped_auc, weighted_grouped_auc};
use lossary_core::keys::Score;
use lossary_core::operating_points::{Interpolation, equal_error_rate, true_accept_rates};
use lossary_core::partial_area::{Region, partial_area, weighted_partial_area};
use lossary_core::ranking::RankingError;
use lossary_core::thinning::{ThinningError, thin};
use lossary_core::thresholds::{accuracy_per_fold, best_threshold};
use proptest::prelude::*;
use std::cmp::Ordering;

/// What each distinct score accepts, highest first.
fn outcomes<S: Score>(scores: &[S], labels: &[u8]) -> Vec<(S::Key, Outcome)> {
    let mut keys: Vec<S::Key> = scores.iter().map(|score| score.key()).collect();
    keys.sort_unstable();
    keys.dedup();
    let count = |positive: bool, least: Option<S::Key>| {
        let samples = scores.iter().zip(labels).filter(|&(_, &label)| (label != 0) == positive);
        samples.filter(|(score, _)| least.is_none_or(|least| score.key() >= least)).count() as u64
    };
    let outcome = |key: S::Key| Outcome {
        true_positives: count(true, Some(key)),
        false_positives: count(false, Some(key)),
        positives: count(true, None),
        negatives: count(false, None),
    };
    keys.into_iter().rev().map(|key| (key, outcome(key))).collect()
}

fn check<S: Score>(scores: &[S], labels: &[u8], criterion: &dyn Criterion) {
    let mut wanted: Option<(S::Key, Outcome)> = None;
    for (key, outcome) in outcomes(scores, labels) {
        if wanted.is_none_or(|(_, best)| criterion.compare(&outcome, &best) == Ordering::Greater) {
            wanted = Some((key, outcome));
        }
    }
    let best = best_threshold(scores, labels, criterion, false).unwrap();
    let (key, outcome) = wanted.unwrap();
    assert_eq!((best.threshold, best.outcome), (S::value(key), outcome));
}

fn check_all<S: Score>(scores: &[S], labels: &[u8]) {
    check(scores, labels, &Accuracy);
    check(scores, labels, &BalancedAccuracy);
    check(scores, labels, &Cost::new(1.0, 0.3).unwrap());
    check(scores, labels, &F1);
    check(scores, labels, &FBeta::new(2.0));
    check(scores, labels, &FBeta::new(0.3));
    check(scores, labels, &GeometricMean);
    check(scores, labels, &Jaccard);
    check(scores, labels, &Matthews);
    check(scores, labels, &Precision);
    check(scores, labels, &Recall);
    check(scores, labels, &Specificity);
    check(scores, labels, &Youden);
}

fn labelled<S: Score>(score: impl Strategy<Value = S>) -> impl Strategy<Value = (Vec<S>, Vec<u8>)> {
    prop::collection::vec((score, prop::sample::select(vec![0_u8, 1, 255])), 1..60)
        .prop_map(|samples| samples.into_iter().unzip())
}

fn finite() -> impl Strategy<Value = f64> {
    prop_oneof![
        prop::num::f64::ANY.prop_filter("finite", |score| score.is_finite()),
        prop::sample::select(vec![0.0, -0.0, 5e-324, -5e-324, f64::MAX, f64::MIN]),
        (-4..4).prop_map(f64::from),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn best_thresholds_are_those_of_all_outcomes(
        (scores, labels) in labelled(finite()), (integers, others) in labelled(any::<i64>()),
        (small, few) in labelled(any::<u8>()),
    ) {
        check_all(&scores, &labels);
        check_all(&integers, &others);
        check_all(&small, &few);
    }

    #[test]
    fn groups_have_the_auc_of_their_own_samples(
        (scores, labels) in labelled(finite()), seed in any::<u64>(), count in 1_usize..6,
    ) {
        let group = |index: usize| (seed.rotate_left(7 * index as u32) % count as u64) as u32;
        let groups: Vec<u32> = (0..scores.len()).map(group).collect();
        let weights: Vec<f64> = (0..scores.len()).map(|index| f64::from(group(index + 9) + 1)).collect();
        let found = grouped_auc(&scores, &labels, &groups, count).unwrap();
        let weighted = weighted_grouped_auc(&scores, &labels, &weights, &groups, count).unwrap();
        for group in 0..count {
            let own = |index: &usize| groups[*index] as usize == group;
            let own: Vec<usize> = (0..scores.len()).filter(own).collect();
            let scores: Vec<f64> = own.iter().map(|&index| scores[index]).collect();
            let labels: Vec<u8> = own.iter().map(|&index| labels[index]).collect();
            let weights: Vec<f64> = own.iter().map(|&index| weights[index]).collect();
            if own.is_empty() {
                prop_assert_eq!(found[group].value, None);
                prop_assert_eq!(weighted[group].value, None);
            } else {
                prop_assert_eq!(found[group].value, roc_auc(&scores, &labels).unwrap().value());
                let value = weighted_roc_auc(&scores, &labels, &weights).unwrap().value();
                let ours = weighted[group].value;
                prop_assert_eq!(ours.is_some(), value.is_some());
                prop_assert!(ours.zip(value).is_none_or(|(ours, value)| (ours - value).abs() <= 1e-15));
            }
        }
    }
}

/// Pseudo-random numbers below 2^31, for more samples than a proptest draws.
fn scramble(count: usize) -> impl Iterator<Item = u32> {
    (0..count as u64).map(|index| (index.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33) as u32)
}

#[test]
fn crowded_bins_are_divided_again() {
    for count in [40_000, 80_000] {
        divide_again(count);
    }
}

fn divide_again(count: usize) {
    let labels: Vec<u8> = scramble(count).map(|bits| u8::from(bits % 7 < 3)).collect();
    // All in one bin of the first histogram, and most in one of the second.
    let scores: Vec<f64> = scramble(count)
        .map(|bits| if bits % 3 == 0 { f64::from(bits) } else { 1.0 + f64::from(bits % 997) * f64::EPSILON })
        .collect();
    let distinct = outcomes_sorted(&scores, &labels);
    for criterion in [&Accuracy as &dyn Criterion, &F1, &Matthews, &Youden] {
        let best = best_threshold(&scores, &labels, criterion, false).unwrap();
        assert!(distinct.iter().all(|other| criterion.compare(other, &best.outcome) != Ordering::Greater));
        let accepted = scores.iter().filter(|&&score| score >= best.threshold).count() as u64;
        assert_eq!(accepted, best.outcome.true_positives + best.outcome.false_positives);
    }
}

fn outcomes_sorted(scores: &[f64], labels: &[u8]) -> Vec<Outcome> {
    let mut samples: Vec<(f64, bool)> =
        scores.iter().copied().zip(labels.iter().map(|&label| label != 0)).collect();
    samples.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let positives = samples.iter().filter(|sample| sample.1).count() as u64;
    let mut at = Outcome { positives, negatives: samples.len() as u64 - positives, ..Outcome::default() };
    let groups = samples.chunk_by(|a, b| a.0 == b.0);
    groups
        .map(|group| {
            let hits = group.iter().filter(|sample| sample.1).count() as u64;
            at.true_positives += hits;
            at.false_positives += group.len() as u64 - hits;
            at
        })
        .collect()
}

#[test]
fn bad_input_is_an_error() {
    let (scores, labels) = ([1.0, f64::NAN, 2.0], [0, 1, 1]);
    let bad = Some(RankingError::BadScore { index: 1 });
    assert_eq!(best_threshold(&scores, &labels, &F1, true).err(), bad);
    assert_eq!(best_threshold(&[1.0, f64::INFINITY], &[0, 1], &F1, true).err(), bad);
    assert_eq!(true_accept_rates(&scores, &labels, &[0.1], Interpolation::Step).err(), bad);
    assert_eq!(equal_error_rate(&scores, &labels).err(), bad);
    let region = Region::new((0.0, 0.5), (0.0, 1.0)).unwrap();
    assert_eq!(partial_area(&scores, &labels, region).err(), bad);
    assert_eq!(weighted_partial_area(&scores, &labels, &[1.0; 3], region).err(), bad);
    assert_eq!(grouped_auc(&scores, &labels, &[0, 0, 0], 1).err(), bad);
    let scores = [1.0, 0.5, 2.0];
    assert_eq!(grouped_auc(&scores, &labels, &[0, 1, 0], 1).err(), Some(RankingError::BadGroup { index: 1 }));
    let weights = [1.0, f64::INFINITY, 1.0];
    let bad = Some(RankingError::BadWeight { index: 1 });
    assert_eq!(weighted_grouped_auc(&scores, &labels, &weights, &[0; 3], 1).err(), bad);
    assert_eq!(accuracy_per_fold(&scores, &labels, &[0; 3], 1).err(), Some(RankingError::Empty));
    assert_eq!(accuracy_per_fold(&scores, &labels, &[0, 0, 1], 3).err(), Some(RankingError::Empty));
    assert_eq!(equal_error_rate(&scores, &[1, 1, 1]), Ok(None));
    for (fpr, tpr) in [((0.5, 0.5), (0.0, 1.0)), ((0.0, 1.0), (-0.1, 1.0)), ((0.0, f64::NAN), (0.0, 1.0))] {
        assert_eq!(Region::new(fpr, tpr), None);
    }
}

#[test]
fn curves_that_cannot_be_thinned_are_errors() {
    assert_eq!(thin(&[0.0], &[], 2), Err(ThinningError::LengthMismatch { x: 1, y: 0 }));
    assert_eq!(thin(&[0.0], &[0.0], 1), Err(ThinningError::TooFewPoints { points: 1 }));
    assert_eq!(thin(&[0.0, 1.0, 0.5], &[0.0; 3], 2), Err(ThinningError::NotAscending { index: 2 }));
    assert_eq!(thin(&[0.0, 1.0], &[0.0, f64::NAN], 2), Err(ThinningError::NotAscending { index: 1 }));
    assert_eq!(thin(&[], &[], 2).unwrap().kept, Vec::<usize>::new());
}
