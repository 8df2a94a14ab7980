//! Every kernel against the naive definition, on random, tied and extreme input.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use lossary_core::auc::{Auc, roc_auc, weighted_roc_auc};
use lossary_core::brier::{BrierError, squared_error};
use lossary_core::confusion::{ConfusionError, confusion, tallies, weighted_confusion, weighted_tallies};
use lossary_core::curves::{average_precision, curve, weighted_average_precision, weighted_curve};
use lossary_core::keys::Score;
use lossary_core::labels::{LabelError, two_classes};
use lossary_core::ranking::{RankingError, check_finite};
use proptest::prelude::*;

/// Counts every pair: the definition.
fn count_pairs<S: Score>(scores: &[S], labels: &[u8]) -> Auc {
    let mut counts = Auc::default();
    for (&score, &label) in scores.iter().zip(labels) {
        counts.positives += u64::from(label != 0);
        counts.negatives += u64::from(label == 0);
        for (&against, &other) in scores.iter().zip(labels) {
            if label != 0 && other == 0 {
                counts.twice_wins += 2 * u128::from(score > against) + u128::from(score == against);
            }
        }
    }
    counts
}

/// Sums what scores at least the threshold, for every threshold: the definition.
fn count_points(scores: &[f64], labels: &[u8], weights: &[f64]) -> Vec<(f64, f64, f64)> {
    let mut thresholds: Vec<f64> =
        scores.iter().zip(weights).filter(|&(_, &weight)| weight != 0.0).map(|(&score, _)| score).collect();
    thresholds.sort_unstable_by(|a, b| b.total_cmp(a));
    thresholds.dedup();
    let sum = |threshold: f64, positive: bool| {
        let selected = scores.iter().zip(labels).zip(weights);
        let selected =
            selected.filter(|((score, label), _)| **score >= threshold && (**label != 0) == positive);
        selected.map(|(_, weight)| weight).sum()
    };
    thresholds.into_iter().map(|threshold| (threshold, sum(threshold, false), sum(threshold, true))).collect()
}

fn close(ours: f64, wanted: f64) -> bool {
    (ours - wanted).abs() <= 1e-12 * wanted.abs().max(1e-300)
}

fn labelled<S: Score>(
    score: impl Strategy<Value = S>,
    most: usize,
) -> impl Strategy<Value = (Vec<S>, Vec<u8>)> {
    prop::collection::vec((score, prop::sample::select(vec![0_u8, 1, 255])), 1..most)
        .prop_map(|samples| samples.into_iter().unzip())
}

fn any_f64() -> impl Strategy<Value = f64> {
    prop_oneof![
        prop::num::f64::ANY.prop_filter("NaN", |score| !score.is_nan()),
        prop::sample::select(vec![0.0, -0.0, 1.0, f64::INFINITY, f64::NEG_INFINITY, 5e-324, -5e-324]),
        (-4..4).prop_map(f64::from),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn auc_counts_every_pair_of_doubles((scores, labels) in labelled(any_f64(), 60)) {
        prop_assert_eq!(roc_auc(&scores, &labels).unwrap(), count_pairs(&scores, &labels));
    }

    #[test]
    fn auc_counts_every_pair_of_floats((scores, labels) in labelled(any_f64().prop_map(|x| x as f32), 60)) {
        prop_assert_eq!(roc_auc(&scores, &labels).unwrap(), count_pairs(&scores, &labels));
    }

    #[test]
    fn auc_counts_every_pair_of_integers(
        (scores, labels) in labelled(any::<i64>(), 60), (small, few) in labelled(any::<u8>(), 60),
    ) {
        prop_assert_eq!(roc_auc(&scores, &labels).unwrap(), count_pairs(&scores, &labels));
        prop_assert_eq!(roc_auc(&small, &few).unwrap(), count_pairs(&small, &few));
    }

    #[test]
    fn ranges_merge_to_the_whole((scores, labels) in labelled(any_f64(), 60), cut in any_f64()) {
        let part = |keep: &dyn Fn(f64) -> bool| {
            let kept = scores.iter().zip(&labels).filter(|(score, _)| keep(**score));
            let (scores, labels): (Vec<f64>, Vec<u8>) = kept.unzip();
            roc_auc(&scores, &labels).unwrap_or_default()
        };
        let merged = part(&|score| score < cut).followed_by(part(&|score| score >= cut));
        prop_assert_eq!(merged, roc_auc(&scores, &labels).unwrap());
    }

    #[test]
    fn weighted_auc_with_small_integer_weights_repeats_samples(
        samples in prop::collection::vec((any_f64(), 0..2_u8, 0..4_u8), 1..40),
    ) {
        let scores: Vec<f64> = samples.iter().map(|sample| sample.0).collect();
        let labels: Vec<u8> = samples.iter().map(|sample| sample.1).collect();
        let weights: Vec<f64> = samples.iter().map(|sample| f64::from(sample.2)).collect();
        let repeated = samples.iter().flat_map(|&(score, label, times)| (0..times).map(move |_| (score, label)));
        let (more_scores, more_labels): (Vec<f64>, Vec<u8>) = repeated.unzip();
        match weighted_roc_auc(&scores, &labels, &weights) {
            Err(error) => prop_assert_eq!((error, more_scores.len()), (RankingError::NoWeight, 0)),
            Ok(sums) => {
                let counts = count_pairs(&more_scores, &more_labels);
                prop_assert_eq!(sums.value(), counts.value());
            }
        }
    }

    #[test]
    fn curve_counts_above_every_threshold((scores, labels) in labelled(any_f64(), 60)) {
        let curve = curve(&scores, &labels).unwrap();
        let points = count_points(&scores, &labels, &vec![1.0; scores.len()]);
        prop_assert_eq!(curve.thresholds, points.iter().map(|point| point.0).collect::<Vec<_>>());
        prop_assert_eq!(curve.false_positives, points.iter().map(|point| point.1).collect::<Vec<_>>());
        prop_assert_eq!(curve.true_positives, points.iter().map(|point| point.2).collect::<Vec<_>>());
    }

    #[test]
    fn weighted_curve_sums_above_every_threshold(
        (scores, labels) in labelled((-4..4).prop_map(f64::from), 40),
        weights in prop::collection::vec(prop_oneof![0.0..2.0, Just(0.0)], 40),
    ) {
        let weights = &weights[..scores.len()];
        let points = count_points(&scores, &labels, weights);
        match weighted_curve(&scores, &labels, weights) {
            Err(error) => prop_assert_eq!((error, points.len()), (RankingError::NoWeight, 0)),
            Ok(curve) => {
                prop_assert_eq!(curve.thresholds, points.iter().map(|point| point.0).collect::<Vec<_>>());
                for (index, point) in points.iter().enumerate() {
                    prop_assert!(close(curve.false_positives[index], point.1));
                    prop_assert!(close(curve.true_positives[index], point.2));
                }
            }
        }
    }

    #[test]
    fn average_precision_sums_over_the_curve((scores, labels) in labelled(any_f64(), 60)) {
        let points = count_points(&scores, &labels, &vec![1.0; scores.len()]);
        let positives = points.last().unwrap().2;
        let mut before = 0.0;
        let mut sum = 0.0;
        for (_, fp, tp) in points {
            sum += (tp - before) * tp / (tp + fp);
            before = tp;
        }
        let ours = average_precision(&scores, &labels).unwrap();
        let unit = weighted_average_precision(&scores, &labels, &vec![0.25; scores.len()]).unwrap();
        prop_assert_eq!(ours.is_some(), positives > 0.0);
        prop_assert_eq!(ours, unit);
        if let Some(ours) = ours {
            prop_assert!(close(ours, sum / positives));
        }
    }

    #[test]
    fn confusion_counts_pairs_of_labels(
        pairs in prop::collection::vec((-3..4_i64, -3..4_i64), 0..50), weight in 0.5..2.0_f64,
    ) {
        let (actual, predicted): (Vec<i64>, Vec<i64>) = pairs.iter().copied().unzip();
        let weights = vec![weight; pairs.len()];
        let counts = confusion(&actual, &predicted, -3, 7).unwrap();
        let sums = weighted_confusion(&actual, &predicted, &weights, -3, 7).unwrap();
        for truth in 0..7 {
            for guess in 0..7 {
                let wanted = pairs.iter().filter(|&&pair| pair == (truth - 3, guess - 3)).count();
                let cell = (truth * 7 + guess) as usize;
                prop_assert_eq!(counts[cell], wanted as u64);
                prop_assert!((sums[cell] - wanted as f64 * weight).abs() < 1e-12);
            }
        }
        let margins = tallies(&actual, &predicted, -3, 7).unwrap();
        let weighted = weighted_tallies(&actual, &predicted, &weights, -3, 7).unwrap();
        for class in 0..7 {
            prop_assert_eq!(margins.hits[class], counts[class * 8]);
            prop_assert_eq!(margins.actual[class], counts[class * 7..][..7].iter().sum::<u64>());
            prop_assert_eq!(margins.predicted[class], counts.iter().skip(class).step_by(7).sum::<u64>());
            prop_assert!((weighted.predicted[class] - margins.predicted[class] as f64 * weight).abs() < 1e-12);
        }
    }

    #[test]
    fn squared_error_adds_every_class(
        rows in prop::collection::vec((prop::collection::vec(0.0..=1.0_f64, 3), 0..3_u32), 0..40),
    ) {
        let truth: Vec<u32> = rows.iter().map(|row| row.1).collect();
        let flat: Vec<f64> = rows.iter().flat_map(|row| row.0.clone()).collect();
        let wanted: f64 = rows
            .iter()
            .flat_map(|(row, class)| row.iter().enumerate().map(move |(k, p)| (p - f64::from(k as u32 == *class)).powi(2)))
            .sum();
        prop_assert!(close(squared_error(&flat, &truth, 3, None).unwrap(), wanted));
        let halves = vec![0.5; rows.len()];
        prop_assert!(close(squared_error(&flat, &truth, 3, Some(&halves)).unwrap(), wanted / 2.0));
    }

    #[test]
    fn two_classes_marks_the_larger_value(labels in prop::collection::vec(prop::sample::select(vec![-1_i8, 4]), 0..20)) {
        let marked = two_classes(&labels).unwrap();
        let both = labels.contains(&-1) && labels.contains(&4);
        prop_assert_eq!(marked, labels.iter().map(|&label| u8::from(both && label == 4)).collect::<Vec<_>>());
    }
}

/// Enough samples for buckets and threads, and densities that break a careless cut.
fn shapes(count: usize) -> Vec<(&'static str, Vec<f64>)> {
    let noise = |seed: u64| {
        (0..count as u64).map(move |index| {
            let mixed = (index + seed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            (mixed >> 11) as f64 / (1_u64 << 53) as f64
        })
    };
    vec![
        ("uniform", noise(1).collect()),
        ("centred", noise(2).map(|x| x - 0.5).collect()),
        ("few values", noise(3).map(|x| (x * 7.0).floor()).collect()),
        (
            "half in one ulp range",
            noise(4).map(|x| if x < 0.5 { 1.0 + (x * 4.0).floor() * f64::EPSILON } else { x }).collect(),
        ),
        (
            "one outlier",
            noise(5).enumerate().map(|(i, x)| if i == 7 { 1e300 } else { x * 1e-9 + 1.0 }).collect(),
        ),
        ("wide", noise(6).map(|x| (x - 0.5) * 10.0_f64.powf(60.0 * (x - 0.5))).collect()),
        ("rising", (0..count).map(|index| index as f64).collect()),
        ("falling", (0..count).rev().map(|index| index as f64).collect()),
        ("constant", vec![2.5; count]),
    ]
}

/// O(n log n), independent of the kernel: sorts pairs with the standard library, walks tie groups.
fn count_by_sorting(scores: &[f64], labels: &[u8]) -> Auc {
    let mut pairs: Vec<(f64, u8)> = scores.iter().copied().zip(labels.iter().copied()).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut counts = Auc::default();
    for group in pairs.chunk_by(|a, b| a.0 == b.0) {
        let positives = group.iter().filter(|pair| pair.1 != 0).count() as u64;
        let negatives = group.len() as u64 - positives;
        counts.twice_wins += u128::from(positives) * u128::from(2 * counts.negatives + negatives);
        counts.positives += positives;
        counts.negatives += negatives;
    }
    counts
}

#[test]
fn buckets_and_threads_keep_the_integers() {
    for count in [16_384, 16_385, 50_000, (1 << 17) + 11] {
        for (shape, scores) in shapes(count) {
            let labels: Vec<u8> = (0..count).map(|index| u8::from(index * 7 % 10 < 3)).collect();
            let wanted = count_by_sorting(&scores, &labels);
            assert_eq!(roc_auc(&scores, &labels).unwrap(), wanted, "{shape} {count}");
            let narrow: Vec<f32> = scores.iter().map(|&score| score as f32).collect();
            let widened: Vec<f64> = narrow.iter().map(|&score| f64::from(score)).collect();
            assert_eq!(
                roc_auc(&narrow, &labels).unwrap(),
                count_by_sorting(&widened, &labels),
                "{shape} {count}"
            );
            let weights = vec![3.0; count];
            let weighted = weighted_roc_auc(&scores, &labels, &weights).unwrap().value();
            assert!(close(weighted.unwrap(), wanted.value().unwrap()), "{shape} {count}");
            let curve = curve(&scores, &labels).unwrap();
            assert_eq!(curve.true_positives.last(), Some(&(wanted.positives as f64)));
            assert!(curve.thresholds.windows(2).all(|pair| pair[0] > pair[1]), "{shape} {count}");
        }
    }
}

#[test]
fn one_positive_and_one_negative() {
    assert_eq!(roc_auc(&[1.0, 2.0], &[0, 1]).unwrap().value(), Some(1.0));
    assert_eq!(roc_auc(&[2.0, 1.0], &[0, 1]).unwrap().value(), Some(0.0));
    assert_eq!(roc_auc(&[1.0, 1.0], &[0, 1]).unwrap().value(), Some(0.5));
}

#[test]
fn a_missing_class_has_no_value() {
    assert_eq!(roc_auc(&[1.0, 2.0], &[1, 1]).unwrap().value(), None);
    assert_eq!(weighted_roc_auc(&[1.0, 2.0], &[0, 1], &[0.0, 1.0]).unwrap().value(), None);
    assert_eq!(average_precision(&[1.0, 2.0], &[0, 0]).unwrap(), None);
}

#[test]
fn bad_rankings_name_the_position() {
    assert_eq!(roc_auc::<f64>(&[], &[]), Err(RankingError::Empty));
    assert_eq!(roc_auc(&[1.0], &[0, 1]), Err(RankingError::LengthMismatch { scores: 1, other: 2 }));
    let mut scores = vec![0.0; 300_000];
    scores[200_001] = f64::NAN;
    assert_eq!(roc_auc(&scores, &vec![1; 300_000]), Err(RankingError::BadScore { index: 200_001 }));
    assert_eq!(check_finite(&[0.0, f64::INFINITY]), Err(RankingError::BadScore { index: 1 }));
    assert_eq!(check_finite(&[i64::MIN, i64::MAX]), Ok(()));
    let bad_weight = curve_error(&[1.0, f64::INFINITY]);
    assert_eq!(bad_weight, RankingError::BadWeight { index: 1 });
    assert_eq!(curve_error(&[0.0, 0.0]), RankingError::NoWeight);
}

fn curve_error(weights: &[f64]) -> RankingError {
    weighted_curve(&[1.0, 2.0], &[0, 1], weights).unwrap_err()
}

#[test]
fn bad_labels_name_the_position() {
    assert_eq!(two_classes(&[0, 1, 2]), Err(LabelError::ThirdValue { index: 1 }));
    assert_eq!(two_classes(&[0.0, 0.5]), Err(LabelError::NotInteger { index: 1 }));
    assert_eq!(two_classes(&[f64::NAN, 1.0]), Err(LabelError::NotInteger { index: 0 }));
    let outside = ConfusionError::LabelOutside { classes: 2 };
    assert_eq!(confusion(&[0, 2], &[0, 0], 0, 2), Err(outside));
    assert_eq!(tallies(&[0, -1], &[0, 0], 0, 2), Err(outside));
    assert_eq!(confusion(&[0], &[0, 1], 0, 2), Err(ConfusionError::LengthMismatch { actual: 1, other: 2 }));
    let huge = ConfusionError::TooManyClasses { classes: usize::MAX };
    assert_eq!(weighted_confusion(&[0], &[0], &[1.0], 0, usize::MAX), Err(huge));
}

#[test]
fn bad_probabilities_name_the_position() {
    let error = squared_error(&[0.5, 1.5], &[0_u8, 1], 1, None).unwrap_err();
    assert_eq!(error, BrierError::NotAProbability { index: 1, value: 1.5 });
    assert!(squared_error(&[0.5, f64::NAN], &[0_u8, 1], 1, None).is_err());
    let error = squared_error(&[0.5], &[0_u8, 1], 1, None).unwrap_err();
    assert_eq!(error, BrierError::LengthMismatch { probabilities: 1, wanted: 2 });
}

#[test]
fn errors_read_as_argument_what_came_what_is_wanted() {
    let messages = [
        RankingError::Empty.to_string(),
        RankingError::BadScore { index: 3 }.to_string(),
        LabelError::ThirdValue { index: 3 }.to_string(),
        ConfusionError::LabelOutside { classes: 3 }.to_string(),
        BrierError::NotAProbability { index: 3, value: 2.0 }.to_string(),
    ];
    for message in messages {
        assert!(message.contains(": got ") && message.contains("; wanted "), "{message}");
    }
}
