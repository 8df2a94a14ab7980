//! Order and mid-ranks against the standard sort and the definition.

#![allow(missing_docs, clippy::unwrap_used)]

use lossary_core::keys::Score;
use lossary_core::order::Order;
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

/// The order, the dense ranks and the doubled mid-ranks that a sort of the positions tells, for 1, 2 and 3 threads.
fn check_large<S: Score>(scores: &[S]) {
    let order = naive_order(scores);
    let (mut dense, mut doubled) = (vec![0; scores.len()], vec![0; scores.len()]);
    let groups = order.chunk_by(|&a, &b| scores[a as usize] == scores[b as usize]);
    let mut before = 0;
    for (group, rank) in groups.zip(0..) {
        let after = before + group.len() as u64;
        for &position in group {
            dense[position as usize] = rank;
            doubled[position as usize] = before + after + 1;
        }
        before = after;
    }
    for threads in 1..=3 {
        set_num_threads(NonZeroUsize::new(threads));
        assert_eq!(argsort(scores).unwrap(), order);
        assert_eq!(Order::of(scores).unwrap().dense_ranks(), dense);
        assert_eq!(twice_mid_ranks(scores).unwrap(), doubled);
    }
    set_num_threads(None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Around the number of scores that are looked up in a table, and the number of values that are dealt to.
    #[test]
    fn few_values_are_dealt(
        values in prop::collection::vec(any_f64(), 1..6), distinct in 1_u64..6_000, rounded: bool,
        count in prop::sample::select(vec![32_767_usize, 32_768, 40_001, 140_000]),
    ) {
        let scores: Vec<f64> = drawn(count, distinct).into_iter().enumerate().map(|(index, x)| {
            match values.get(index % 100) {
                Some(&value) => value,
                None if rounded => x / 1000.0,
                None => x,
            }
        }).collect();
        check_large(&scores);
        check_large(&scores.iter().map(|&score| score as f32).collect::<Vec<_>>());
    }
}

#[test]
fn numbers_of_values_near_the_limit_are_sorted() {
    for distinct in [1, 2, 4_095, 4_096, 4_097, 5_000] {
        let integers: Vec<i64> = (0..70_000_u64).map(|index| (index * 7 % distinct) as i64 - 100).collect();
        check_large(&integers);
        check_large(&integers.iter().map(|&x| x as f64 / 10.0).collect::<Vec<_>>());
    }
}

#[test]
fn keys_that_agree_in_their_upper_bits_are_told_apart() {
    // Near 1, but for one score, so that many values have a word in common.
    let mut scores: Vec<f64> = drawn(100_000, 1 << 30)
        .iter()
        .map(|&x| f64::from_bits(1.0_f64.to_bits() + x.to_bits() % 100_003))
        .collect();
    scores[5] = 1e300;
    check_large(&scores);
    scores[7] = -0.0;
    check_large(&scores);
    check_large(&scores.iter().map(|score| -score).collect::<Vec<_>>());
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
