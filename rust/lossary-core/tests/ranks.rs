//! Order and mid-ranks against the standard sort and the definition.

#![allow(missing_docs, clippy::unwrap_used)]

use lossary_core::keys::Score;
use lossary_core::ranking::RankingError;
use lossary_core::ranks::{argsort, twice_mid_ranks};
use lossary_core::threads::set_num_threads;
use proptest::prelude::*;
use std::num::NonZeroUsize;

fn naive_order<S: Score>(scores: &[S]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..scores.len() as u32).collect();
    order.sort_by(|&a, &b| scores[a as usize].partial_cmp(&scores[b as usize]).unwrap());
    order
}

fn naive_ranks<S: Score>(scores: &[S]) -> Vec<u64> {
    let rank = |score: &S| {
        let places = scores.iter().map(|other| u64::from(other < score) + u64::from(other <= score));
        1 + places.sum::<u64>()
    };
    scores.iter().map(rank).collect()
}

/// `count` scores of at most `distinct` values, half of them negative.
fn drawn(count: usize, distinct: u64) -> Vec<f64> {
    let mut state = 7_u64;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((state >> 33) % distinct) as f64 - distinct as f64 / 2.0
    };
    (0..count).map(|_| next()).collect()
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
    fn order_and_ranks_of_doubles(scores in prop::collection::vec(any_f64(), 1..80)) {
        prop_assert_eq!(argsort(&scores).unwrap(), naive_order(&scores));
        prop_assert_eq!(twice_mid_ranks(&scores).unwrap(), naive_ranks(&scores));
    }

    #[test]
    fn order_and_ranks_of_integers(
        wide in prop::collection::vec(any::<i64>(), 1..80), narrow in prop::collection::vec(any::<u8>(), 1..80),
    ) {
        prop_assert_eq!(argsort(&wide).unwrap(), naive_order(&wide));
        prop_assert_eq!(twice_mid_ranks(&narrow).unwrap(), naive_ranks(&narrow));
    }
}

#[test]
fn ties_keep_their_order_for_any_number_of_threads() {
    for (count, distinct) in
        [(1, 1), (2, 1), (127, 3), (5_000, 7), (16_385, 100), (200_000, 5), (200_000, 1 << 30)]
    {
        let scores = drawn(count, distinct);
        let narrow: Vec<f32> = scores.iter().map(|&score| score as f32).collect();
        for threads in 1..=3 {
            set_num_threads(NonZeroUsize::new(threads));
            assert_eq!(argsort(&scores).unwrap(), naive_order(&scores), "{count} {distinct}");
            assert_eq!(argsort(&narrow).unwrap(), naive_order(&narrow));
        }
    }
    set_num_threads(None);
}

#[test]
fn awkward_densities_are_sorted() {
    let scores = drawn(100_000, 1 << 30);
    let crowd: Vec<f64> = scores.iter().enumerate().map(|(i, &x)| if i % 2 == 0 { 0.5 } else { x }).collect();
    let ulps: Vec<f64> =
        scores.iter().map(|&x| f64::from_bits(1.0_f64.to_bits() + x.to_bits() % 9)).collect();
    let mut outlier = ulps.clone();
    outlier[77] = -1e300;
    let mut sorted = scores.clone();
    sorted.sort_by(f64::total_cmp);
    let falling: Vec<f64> = sorted.iter().rev().copied().collect();
    for scores in [crowd, ulps, outlier, sorted, falling, vec![0.25; 100_000]] {
        assert_eq!(argsort(&scores).unwrap(), naive_order(&scores));
    }
}

#[test]
fn infinities_are_ranked_and_zeros_tie() {
    let scores = [0.0, f64::INFINITY, -0.0, f64::NEG_INFINITY, -5e-324, 5e-324];
    assert_eq!(argsort(&scores).unwrap(), [3, 4, 0, 2, 5, 1]);
    assert_eq!(twice_mid_ranks(&scores).unwrap(), [7, 12, 7, 2, 4, 10]);
}

#[test]
fn nan_and_nothing_are_refused() {
    assert_eq!(argsort(&[1.0, f64::NAN]), Err(RankingError::BadScore { index: 1 }));
    assert_eq!(argsort::<f32>(&[]), Err(RankingError::Empty));
    assert_eq!(twice_mid_ranks::<u8>(&[]), Err(RankingError::Empty));
    assert_eq!(twice_mid_ranks(&[f32::NAN]), Err(RankingError::BadScore { index: 0 }));
}
