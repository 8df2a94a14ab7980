//! Bounded states: the metrics of the samples lie within the bounds, and the laws of a monoid hold.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use lossary_core::criteria::{
    Accuracy, BalancedAccuracy, Criterion, F1, GeometricMean, Jaccard, Matthews, Precision, Recall,
    Specificity, Youden,
};
use lossary_core::states::bounded::{BoundedRanking, Bounds};
use lossary_core::states::error::StateError;
use lossary_core::states::exact::ExactRanking;
use lossary_core::threads::set_num_threads;
use proptest::prelude::*;
use std::num::NonZeroUsize;

type Samples = (Vec<f64>, Vec<u8>, Vec<f64>);

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
        6 => 0.0..1.0,
        2 => (0..9).prop_map(|step| f64::from(step) / 8.0),
        1 => prop::sample::select(vec![-0.0, -1.0, 7.5, f64::MAX, f64::MIN, 5e-324]),
    ]
}

fn samples() -> impl Strategy<Value = Samples> {
    prop::collection::vec((score(), 0..2_u8, prop_oneof![Just(0.0), 0.1..2.0, Just(1.0)]), 0..80)
        .prop_map(|samples| samples.into_iter().collect())
}

fn state(bins: usize, samples: &Samples, weighted: bool) -> BoundedRanking {
    let mut state = BoundedRanking::new("", 0.0, 1.0, bins).unwrap();
    state.update(&samples.0, &samples.1, weighted.then_some(samples.2.as_slice())).unwrap();
    state
}

fn exact(samples: &Samples, weighted: bool) -> ExactRanking {
    let mut state = ExactRanking::default();
    state.update(&samples.0, &samples.1, weighted.then_some(samples.2.as_slice())).unwrap();
    state
}

fn assert_within(bounds: Option<Bounds>, exact: Option<f64>) {
    match (bounds, exact) {
        (Some(bounds), Some(exact)) => {
            assert!(bounds.low <= exact && exact <= bounds.high, "{exact} in {bounds:?}");
            assert!(bounds.low <= bounds.value && bounds.value <= bounds.high, "{bounds:?}");
        }
        (bounds, exact) => assert_eq!((bounds, exact), (None, None)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_metrics_of_the_samples_lie_within_the_bounds(
        samples in samples(), bins in 2_usize..40, weighted in any::<bool>(), limit in 0.01..1.0,
    ) {
        let (bounded, exact) = (state(bins, &samples, weighted), exact(&samples, weighted));
        let (bounds, wanted) = (bounded.summary(), exact.summary());
        prop_assert_eq!((bounds.positives, bounds.negatives), exact.totals());
        assert_within(bounds.roc_auc, wanted.roc_auc());
        assert_within(bounds.average_precision, wanted.average_precision());
        assert_within(bounded.partial_auc(limit), exact.partial_auc(limit));
        for criterion in CRITERIA {
            match (bounded.best_threshold(criterion), exact.best_threshold(criterion)) {
                (Some(best), Some(wanted)) => {
                    prop_assert!(best.value <= wanted.value + 1e-15 && wanted.value <= best.high, "{best:?} {wanted:?}");
                    // The value at the border is that of the decision itself; to accept all is another border.
                    let decision = |score: &f64| f64::from(u8::from(*score >= best.threshold));
                    let decided = (samples.0.iter().map(decision).collect(), samples.1.clone(), samples.2.clone());
                    let reached = self::exact(&decided, weighted).best_threshold(criterion).unwrap();
                    prop_assert_eq!(best.value, reached.value);
                }
                (best, wanted) => prop_assert_eq!(best, wanted),
            }
        }
    }

    #[test]
    fn points_lie_on_the_curve_of_the_samples(samples in samples(), bins in 2_usize..40) {
        for weighted in [false, true] {
            let (coarse, fine) = (state(bins, &samples, weighted).curve(), exact(&samples, weighted).curve());
            for (index, &threshold) in coarse.thresholds.iter().enumerate() {
                let at = fine.thresholds.partition_point(|&score| score >= threshold) - 1;
                prop_assert_eq!(coarse.true_positives[index], fine.true_positives[at]);
                prop_assert_eq!(coarse.false_positives[index], fine.false_positives[at]);
            }
            prop_assert_eq!(coarse.thresholds.last(), fine.thresholds.last());
        }
    }

    #[test]
    fn cut_order_and_bytes_change_nothing(
        samples in samples(), cut in 0_usize..80, weighted in any::<bool>(), bytes in any::<bool>(),
    ) {
        let whole = state(16, &samples, weighted);
        let cut = cut.min(samples.0.len());
        let part = |range: std::ops::Range<usize>| {
            let part = (
                samples.0[range.clone()].to_vec(), samples.1[range.clone()].to_vec(), samples.2[range].to_vec(),
            );
            let state = state(16, &part, weighted);
            if bytes { BoundedRanking::from_bytes(&state.to_bytes()).unwrap() } else { state }
        };
        let (first, second) = (part(0..cut), part(cut..samples.0.len()));
        let (mut forth, mut back) = (first.clone(), second.clone());
        forth.merge(&second).unwrap();
        back.merge(&first).unwrap();
        let identity = BoundedRanking::new("", 0.0, 1.0, 16).unwrap();
        back.merge(&identity).unwrap();
        let mut from_nothing = identity;
        from_nothing.merge(&forth).unwrap();
        for state in [&forth, &back, &from_nothing] {
            prop_assert_eq!(state, &whole);
            prop_assert_eq!(state.to_bytes(), whole.to_bytes());
            prop_assert_eq!(state.summary().roc_auc, whole.summary().roc_auc);
            prop_assert_eq!(state.summary().average_precision, whole.summary().average_precision);
            prop_assert_eq!(state.curve(), whole.curve());
        }
    }

    #[test]
    fn an_integer_weight_is_as_many_samples(
        samples in prop::collection::vec((score(), 0..2_u8, (0..4_u8).prop_map(f64::from)), 0..40),
    ) {
        let repeated: Samples =
            samples.iter().flat_map(|sample| vec![*sample; sample.2 as usize]).map(|s| (s.0, s.1, 1.0)).collect();
        let samples: Samples = samples.into_iter().collect();
        prop_assert_eq!(state(9, &samples, true), state(9, &repeated, false));
        prop_assert_eq!(state(9, &samples, true).to_bytes(), state(9, &repeated, false).to_bytes());
        let mut mixed = state(9, &samples, true);
        mixed.merge(&state(9, &repeated, false)).unwrap();
        let mut doubled = state(9, &repeated, false);
        doubled.merge(&doubled.clone()).unwrap();
        prop_assert_eq!(mixed, doubled);
    }
}

#[test]
fn any_number_of_threads_counts_the_same() {
    let scores: Vec<f32> =
        (0..1_u64 << 18).map(|index| (index * 2_654_435_761 % 99_991) as f32 / 1e5).collect();
    let labels: Vec<u8> = (0..1_u64 << 18).map(|index| u8::from(index * index % 7 < 3)).collect();
    let states = [1, 2, 3].map(|threads| {
        set_num_threads(NonZeroUsize::new(threads));
        let mut state = BoundedRanking::new("", 0.0, 1.0, 1000).unwrap();
        state.update(&scores, &labels, None).unwrap();
        state
    });
    set_num_threads(None);
    assert!(states.iter().all(|state| *state == states[0]));
    let area = states[0].summary().roc_auc.unwrap();
    let exact = ExactRanking::of(&scores, &labels).unwrap().summary().roc_auc().unwrap();
    assert!((area.value - exact).abs() < 1e-3 && area.high - area.low < 3e-3);
}

#[test]
fn a_bin_of_one_class_adds_no_doubt() {
    let mut state = BoundedRanking::new("", 0.0, 1.0, 4).unwrap();
    state.update(&[0.1, 0.15, 0.9], &[0, 0, 1], None).unwrap();
    let area = state.summary().roc_auc.unwrap();
    assert_eq!((area.value, area.high), (1.0, 1.0));
    assert!(area.low > 1.0 - 1e-14);
}

#[test]
fn other_options_do_not_merge() {
    let state = |tag, low, bins| BoundedRanking::new(tag, low, 1.0, bins).unwrap();
    for other in [state("", 0.5, 4), state("", 0.0, 5), state("x", 0.0, 4)] {
        let mut own = state("", 0.0, 4);
        assert!(matches!(own.merge(&other), Err(StateError::OtherOptions { .. })));
        assert_ne!(own, other);
    }
}

#[test]
fn counts_beyond_63_bits_are_refused() {
    let mut state = BoundedRanking::new("", 0.0, 1.0, 4).unwrap();
    state.update(&[0.1, 0.9], &[0, 1], None).unwrap();
    for _ in 0..61 {
        state.merge(&state.clone()).unwrap();
    }
    let before = state.clone();
    assert_eq!(state.merge(&before), Err(StateError::TooManySamples));
    assert_eq!(state, before);
    assert_eq!(state.summary().roc_auc.unwrap().value, 1.0);
    assert_eq!(state.update(&[0.5], &[1], Some(&[1e-30])), Err(StateError::WeightSpan));
    assert_eq!(state, before);
}
