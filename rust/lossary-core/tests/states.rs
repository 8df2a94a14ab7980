//! States against the metrics of all samples at once, the laws of a monoid, and exact integers at any size.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use lossary_core::auc::{roc_auc, weighted_roc_auc};
use lossary_core::criteria::{
    Accuracy, BalancedAccuracy, Criterion, F1, GeometricMean, Jaccard, Matthews, Precision, Recall,
    Specificity, Youden,
};
use lossary_core::curves::{average_precision, curve, weighted_average_precision};
use lossary_core::ranking::RankingError;
use lossary_core::states::amount::Total;
use lossary_core::states::error::StateError;
use lossary_core::states::exact::ExactRanking;
use lossary_core::threads::set_num_threads;
use proptest::prelude::*;
use std::num::NonZeroUsize;

type Sample = (f64, u8, f64);

const CRITERIA: [&dyn Criterion; 10] = [
    &Accuracy,
    &BalancedAccuracy,
    &F1,
    &Matthews,
    &Youden,
    &GeometricMean,
    &Jaccard,
    &Precision,
    &Recall,
    &Specificity,
];

fn score() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (-3..4).prop_map(f64::from),
        2 => (0..1000).prop_map(|step| f64::from(step) / 1000.0),
        1 => prop::num::f64::ANY.prop_filter("finite", |score| score.is_finite()),
        1 => prop::sample::select(vec![0.0, -0.0, f64::MAX, f64::MIN, 5e-324, -5e-324, 0.1]),
    ]
}

fn samples(weight: impl Strategy<Value = f64>) -> impl Strategy<Value = Vec<Sample>> {
    prop::collection::vec((score(), prop::sample::select(vec![0_u8, 1, 255]), weight), 0..60)
}

fn update(state: &mut ExactRanking, samples: &[Sample], weighted: bool) -> Result<(), StateError> {
    let (scores, labels, weights) = columns(samples);
    state.update(&scores, &labels, weighted.then_some(weights.as_slice()))
}

fn columns(samples: &[Sample]) -> (Vec<f64>, Vec<u8>, Vec<f64>) {
    (
        samples.iter().map(|sample| sample.0).collect(),
        samples.iter().map(|sample| sample.1).collect(),
        samples.iter().map(|sample| sample.2).collect(),
    )
}

fn whole(samples: &[Sample], weighted: bool) -> ExactRanking {
    let mut state = ExactRanking::default();
    update(&mut state, samples, weighted).unwrap();
    state
}

fn assert_same(one: &ExactRanking, other: &ExactRanking) {
    assert_eq!(one, other);
    assert_eq!(one.to_bytes(), other.to_bytes());
    assert_eq!(one.summary().roc_auc(), other.summary().roc_auc());
    assert_eq!(one.summary().average_precision(), other.summary().average_precision());
    assert_eq!(one.curve(), other.curve());
    for criterion in CRITERIA {
        assert_eq!(one.best_threshold(criterion), other.best_threshold(criterion));
    }
}

/// The metrics of `CRITERIA` from their textbook formulas.
fn textbook(tp: f64, fp: f64, p: f64, n: f64) -> [f64; 10] {
    let (tn, missed) = (n - fp, p - tp);
    let matthews = (tp * tn - fp * missed) / ((tp + fp) * (tp + missed) * (tn + fp) * (tn + missed)).sqrt();
    [
        (tp + tn) / (p + n),
        (tp / p + tn / n) / 2.0,
        2.0 * tp / (2.0 * tp + fp + missed),
        if tn + missed == 0.0 || p * n == 0.0 { 0.0 } else { matthews },
        tp / p - fp / n,
        (tp / p * (tn / n)).sqrt(),
        tp / (p + fp),
        tp / (tp + fp),
        tp / p,
        tn / n,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_state_tells_what_the_metrics_tell(samples in samples(Just(1.0))) {
        let (scores, labels, _) = columns(&samples);
        let state = whole(&samples, false);
        let summary = state.summary();
        if samples.is_empty() {
            prop_assert_eq!((summary.roc_auc(), summary.average_precision()), (None, None));
            prop_assert_eq!(summary.distinct_scores, 0);
        } else {
            prop_assert_eq!(summary.counts, Some(roc_auc(&scores, &labels).unwrap()));
            let curve = curve(&scores, &labels).unwrap();
            prop_assert_eq!(summary.distinct_scores, curve.thresholds.len());
            prop_assert_eq!(state.curve(), curve);
            match (summary.average_precision(), average_precision(&scores, &labels).unwrap()) {
                (Some(ours), Some(wanted)) => prop_assert!((ours - wanted).abs() < 1e-15),
                (ours, wanted) => prop_assert_eq!(ours, wanted),
            }
        }
    }

    #[test]
    fn singles_integers_and_doubles_of_one_value_are_one_score(
        samples in prop::collection::vec((-100_i8..100, 0..2_u8), 0..40),
    ) {
        let (scores, labels): (Vec<i8>, Vec<u8>) = samples.into_iter().unzip();
        macro_rules! state_of {
            ($number:ty) => {
                ExactRanking::of(&scores.iter().map(|&x| x as $number).collect::<Vec<_>>(), &labels).unwrap()
            };
        }
        for state in [state_of!(i16), state_of!(i32), state_of!(i64), state_of!(f32), state_of!(f64)] {
            assert_same(&state, &state_of!(i8));
        }
        let shifted: Vec<u64> = scores.iter().map(|&x| (i64::from(x) + 100) as u64).collect();
        let summary = ExactRanking::of(&shifted, &labels).unwrap().summary();
        prop_assert_eq!(summary.counts, state_of!(i8).summary().counts);
    }

    #[test]
    fn cut_order_and_bytes_change_nothing(
        samples in samples(prop_oneof![Just(0.0), 0.0..2.0, (0..4).prop_map(f64::from), 1e-12..1e-9]),
        cuts in prop::collection::vec((0..60_usize, any::<bool>(), any::<bool>()), 0..8),
        weighted in any::<bool>(),
    ) {
        let wanted = whole(&samples, weighted);
        let mut parts = Vec::new();
        let mut rest = samples.as_slice();
        for (length, front, bytes) in cuts {
            let (part, after) = rest.split_at(length.min(rest.len()));
            rest = after;
            let state = whole(part, weighted);
            let state = if bytes { ExactRanking::from_bytes(&state.to_bytes()).unwrap() } else { state };
            parts.insert(if front { 0 } else { parts.len() }, state);
        }
        // The last batch goes through update, the others through merge, from the left and from the right.
        let mut left = ExactRanking::default();
        update(&mut left, rest, weighted).unwrap();
        let mut right = left.clone();
        for part in &parts {
            left.merge(part).unwrap();
        }
        let tail = parts.into_iter().rev().reduce(|mut so_far, part| {
            so_far.merge(&part).unwrap();
            so_far
        });
        if let Some(mut tail) = tail {
            tail.merge(&right).unwrap();
            right = tail;
        }
        assert_same(&left, &wanted);
        assert_same(&right, &wanted);
        assert_same(&ExactRanking::from_bytes(&wanted.to_bytes()).unwrap(), &wanted);
    }

    #[test]
    fn an_integer_weight_is_as_many_samples(samples in samples((0..4).prop_map(f64::from))) {
        let times = |sample: &Sample| vec![*sample; sample.2 as usize];
        let repeated: Vec<Sample> = samples.iter().flat_map(times).collect();
        assert_same(&ExactRanking::from_bytes(&whole(&samples, true).to_bytes()).unwrap(), &whole(&repeated, false));
    }

    #[test]
    fn weights_give_what_the_weighted_metrics_give(samples in samples(prop_oneof![Just(0.0), 1e-3..1e3])) {
        let (scores, labels, weights) = columns(&samples);
        let summary = whole(&samples, true).summary();
        match weighted_roc_auc(&scores, &labels, &weights) {
            Err(RankingError::Empty | RankingError::NoWeight) => prop_assert_eq!(summary.roc_auc(), None),
            Err(error) => panic!("{error}"),
            Ok(wanted) => {
                let precision = weighted_average_precision(&scores, &labels, &weights).unwrap();
                for (ours, wanted) in
                    [(summary.roc_auc(), wanted.value()), (summary.average_precision(), precision)]
                {
                    match (ours, wanted) {
                        (Some(ours), Some(wanted)) => prop_assert!((ours - wanted).abs() < 1e-14),
                        (ours, wanted) => prop_assert_eq!(ours, wanted),
                    }
                }
            }
        }
    }

    #[test]
    fn a_power_of_two_times_all_weights_changes_no_bit(samples in samples(0.0..1e3), power in -600..600) {
        let scaled: Vec<Sample> =
            samples.iter().map(|&(score, label, weight)| (score, label, weight * 2.0_f64.powi(power))).collect();
        let (one, other) = (whole(&samples, true).summary(), whole(&scaled, true).summary());
        prop_assert_eq!(one.roc_auc(), other.roc_auc());
        prop_assert_eq!(one.average_precision(), other.average_precision());
    }

    #[test]
    fn partial_areas_are_trapezoids_up_to_the_rate(samples in samples(0.5..2.0), limit in 0.01..1.0) {
        for weighted in [false, true] {
            let state = whole(&samples, weighted);
            let curve = state.curve();
            let (Some(&n), Some(&p)) = (curve.false_positives.last(), curve.true_positives.last()) else {
                continue;
            };
            let mut area = 0.0;
            let (mut x, mut y) = (0.0, 0.0);
            for (fp, tp) in curve.false_positives.iter().zip(&curve.true_positives) {
                let (next_x, next_y) = (fp / n, tp / p);
                if next_x <= limit {
                    area += (next_x - x) * (y + next_y) / 2.0;
                } else if x < limit {
                    let cut = y + (next_y - y) * (limit - x) / (next_x - x);
                    area += (limit - x) * (y + cut) / 2.0;
                }
                (x, y) = (next_x, next_y);
            }
            match state.partial_auc(limit) {
                None => prop_assert!(p == 0.0 || n == 0.0),
                Some(ours) => prop_assert!((ours - area).abs() < 1e-12),
            }
            prop_assert_eq!(state.partial_auc(1.0), state.summary().roc_auc());
        }
    }

    #[test]
    fn no_threshold_is_better_than_the_best(samples in samples(0.5..2.0)) {
        for (weighted, which) in [false, true].into_iter().flat_map(|weighted| (0..10).map(move |c| (weighted, c))) {
            let state = whole(&samples, weighted);
            let curve = state.curve();
            let (Some(&n), Some(&p)) = (curve.false_positives.last(), curve.true_positives.last()) else {
                prop_assert_eq!(state.best_threshold(CRITERIA[which]), None);
                continue;
            };
            let points = curve.true_positives.iter().zip(&curve.false_positives);
            let values: Vec<f64> = points.map(|(&tp, &fp)| textbook(tp, fp, p, n)[which]).collect();
            let Some(best) = state.best_threshold(CRITERIA[which]) else {
                prop_assert!(p == 0.0 || n == 0.0);
                continue;
            };
            let highest = values.iter().copied().fold(f64::MIN, f64::max);
            let at = curve.thresholds.iter().position(|&threshold| threshold == best.threshold).unwrap();
            prop_assert!((best.value - highest).abs() < 1e-12 && best.value == best.high);
            prop_assert!((values[at] - highest).abs() < 1e-12);
            // The largest of the best thresholds, as far as roundings of the textbook formula tell.
            prop_assert!(values[..at].iter().all(|&value| value < highest + 1e-15));
        }
    }
}

#[test]
fn many_batches_of_any_size_and_number_of_threads_are_one() {
    let number = |index: u64| index.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
    let scores: Vec<f32> = (0..1 << 18).map(|index| number(index) as f32 / 1e6).collect();
    let labels: Vec<u8> = (0..1 << 18).map(|index| u8::from(number(index + 7) % 3 == 0)).collect();
    let weights: Vec<f64> = (0..1 << 18).map(|index| (number(index + 9) % 1000) as f64 / 7.0).collect();
    for weights in [None, Some(weights.as_slice())] {
        let mut states = Vec::new();
        for (threads, batch) in [(1, 1 << 18), (2, 1 << 17), (3, 30_011)] {
            set_num_threads(NonZeroUsize::new(threads));
            let mut state = ExactRanking::default();
            for start in (0..scores.len()).step_by(batch) {
                let part = start..scores.len().min(start + batch);
                let weights = weights.map(|weights| &weights[part.clone()]);
                state.update(&scores[part.clone()], &labels[part], weights).unwrap();
            }
            states.push((state.to_bytes(), state.summary()));
        }
        set_num_threads(None);
        assert!(states.iter().all(|state| *state == states[0]));
        if weights.is_none() {
            assert_eq!(states[0].1.counts, Some(roc_auc(&scores, &labels).unwrap()));
        }
    }
}

#[test]
fn the_form_is_as_small_as_the_scores_allow() {
    let mut state = ExactRanking::of(&[0.5, 0.25], &[0, 1]).unwrap();
    assert_eq!(state.bytes(), 16);
    state.update(&[0.1], &[1], None).unwrap(); // no single-precision number
    state.settle();
    assert_eq!(state.bytes(), 48);
    state.update(&[0.1], &[1], Some(&[0.3])).unwrap();
    state.settle();
    assert_eq!(state.bytes(), 72);
}

#[test]
fn counts_stay_exact_far_beyond_doubles() {
    let (scores, labels) = ([0.1, 0.4, 0.35, 0.8, 0.4], [0, 0, 1, 1, 1]);
    let mut state = ExactRanking::of(&scores, &labels).unwrap();
    let once = state.summary().counts.unwrap();
    for doublings in 1..=60_u32 {
        state.merge(&state.clone()).unwrap();
        let counts = state.summary().counts.unwrap();
        assert_eq!(counts.twice_wins, once.twice_wins << (2 * doublings));
        assert_eq!((counts.positives, counts.negatives), (3 << doublings, 2 << doublings));
        assert_eq!(counts.value(), once.value());
    }
    // One more sample among 5 * 2^60 is not lost.
    state.update(&[0.0_f32], &[1], None).unwrap();
    assert_eq!(state.totals(), (Total::Count((3 << 60) + 1), Total::Count(2 << 60)));
    let before = state.clone();
    assert_eq!(state.merge(&before), Err(StateError::TooManySamples));
    assert_eq!(state, before);
}

#[test]
fn weights_are_summed_without_rounding() {
    let mut state = ExactRanking::default();
    state.update(&[1.0, 1.0, 2.0], &[1, 1, 0], Some(&[1.0, 2.0_f64.powi(-70), 1.0])).unwrap();
    state.update(&[1.0], &[1], Some(&[1.0])).unwrap();
    let mut other = ExactRanking::default();
    other.update(&[1.0, 2.0], &[1, 0], Some(&[2.0, 1.0])).unwrap();
    assert_ne!(state, other);
    other.update(&[1.0], &[1], Some(&[2.0_f64.powi(-70)])).unwrap();
    assert_same(&state, &other);
    assert_eq!(state.totals().0, Total::Weight(2.0));
}

#[test]
fn weights_beyond_126_bits_are_refused_and_change_nothing() {
    let mut state = ExactRanking::default();
    state.update(&[1.0, 2.0], &[0, 1], Some(&[1.0, 1.0])).unwrap();
    let before = state.clone();
    for weights in [[1e-60, 1.0], [1e300, 1.0], [1e301, 1e301], [2.0_f64.powi(126), 1.0]] {
        assert_eq!(state.update(&[1.0, 2.0], &[0, 1], Some(&weights)), Err(StateError::WeightSpan));
        assert_eq!(state, before);
    }
    let mut tiny = ExactRanking::default();
    tiny.update(&[1.0, 2.0], &[0, 1], Some(&[5e-324, 1e-310])).unwrap();
    assert_eq!(tiny.summary().roc_auc(), Some(1.0));
    assert_eq!(state.merge(&tiny), Err(StateError::WeightSpan));
    assert_eq!(state, before);
}

#[test]
fn what_cannot_be_ranked_is_refused_and_changes_nothing() {
    let mut state = ExactRanking::of(&[1.0, 2.0], &[0, 1]).unwrap();
    let before = state.clone();
    let length = |scores, other| StateError::Ranking(RankingError::LengthMismatch { scores, other });
    for (scores, labels, weights, error) in [
        (vec![1.0], vec![0, 1], None, length(1, 2)),
        (vec![1.0], vec![0], Some(vec![]), length(1, 0)),
        (vec![1.0, f64::NAN], vec![0, 1], None, StateError::Ranking(RankingError::BadScore { index: 1 })),
        (vec![f64::INFINITY], vec![0], None, StateError::Ranking(RankingError::BadScore { index: 0 })),
        (vec![1.0], vec![0], Some(vec![-1.0]), StateError::NegativeWeight { index: 0 }),
        (vec![1.0], vec![0], Some(vec![f64::NAN]), StateError::Ranking(RankingError::BadWeight { index: 0 })),
    ] {
        assert_eq!(state.update(&scores, &labels, weights.as_deref()), Err(error));
    }
    assert_eq!(
        state.update(&[0, (1_i64 << 53) + 1], &[0, 1], None),
        Err(StateError::InexactScore { index: 1 })
    );
    assert_eq!(state.update(&[u64::MAX], &[0], None), Err(StateError::InexactScore { index: 0 }));
    assert_eq!(state.update(&[i64::MAX], &[0], None), Err(StateError::InexactScore { index: 0 }));
    state.update(&[] as &[f64], &[], None).unwrap();
    state.update(&[3.0], &[1], Some(&[0.0])).unwrap();
    assert_same(&state, &before);
    state.update(&[1_i64 << 60, i64::MIN], &[0, 1], None).unwrap();
}

#[test]
fn states_of_another_tag_do_not_merge() {
    let (mut one, other) = (ExactRanking::new("1").unwrap(), ExactRanking::new("2").unwrap());
    assert!(matches!(one.merge(&other), Err(StateError::OtherOptions { .. })));
    assert_ne!(one, other);
    assert_eq!(ExactRanking::new(&"x".repeat(1 << 16)), Err(StateError::LongTag { bytes: 1 << 16 }));
}
