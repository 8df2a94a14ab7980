//! The order of rows against the standard stable sort.

#![allow(missing_docs, clippy::unwrap_used)]

use lossary_core::keys::Score;
use lossary_core::ranking::RankingError;
use lossary_core::row_order::falling_order;
use lossary_core::threads::set_num_threads;
use proptest::prelude::*;
use std::num::NonZeroUsize;

fn naive<S: Score>(scores: &[S], columns: usize) -> Vec<i64> {
    let order = |row: &[S]| {
        let mut order: Vec<usize> = (0..row.len()).collect();
        order.sort_by(|&a, &b| row[b].partial_cmp(&row[a]).unwrap());
        order.into_iter().map(|column| column as i64).collect::<Vec<_>>()
    };
    scores.chunks(columns).flat_map(order).collect()
}

fn found<S: Score>(scores: &[S], columns: usize) -> Result<Vec<i64>, RankingError> {
    let mut order = vec![-1; scores.len()];
    falling_order(scores, columns, &mut order).map(|()| order)
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        prop::num::f64::ANY.prop_filter("NaN", |number| !number.is_nan()),
        prop::sample::select(vec![0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, 5e-324, -5e-324]),
        (-4..4).prop_map(f64::from),
        // Alike in the upper half of their keys.
        (0..4_u64).prop_map(|digits| f64::from_bits(1.0_f64.to_bits() + digits)),
    ]
}

/// As many numbers as fill rows of so many columns.
fn rows<T: std::fmt::Debug>(
    number: impl Strategy<Value = T> + Clone,
) -> impl Strategy<Value = (usize, Vec<T>)> {
    (1..60_usize, 0..6_usize).prop_flat_map(move |(columns, rows)| {
        (Just(columns), prop::collection::vec(number.clone(), columns * rows))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn doubles_and_floats(numbers in rows(number().boxed())) {
        let (columns, doubles) = numbers;
        prop_assert_eq!(found(&doubles, columns).unwrap(), naive(&doubles, columns));
        let floats: Vec<f32> = doubles.iter().map(|&x| x as f32).collect();
        prop_assert_eq!(found(&floats, columns).unwrap(), naive(&floats, columns));
    }

    #[test]
    fn integers(wide in rows(any::<i64>()), near in rows(-3..3_i64), small in rows(any::<u8>())) {
        prop_assert_eq!(found(&wide.1, wide.0).unwrap(), naive(&wide.1, wide.0));
        prop_assert_eq!(found(&near.1, near.0).unwrap(), naive(&near.1, near.0));
        prop_assert_eq!(found(&small.1, small.0).unwrap(), naive(&small.1, small.0));
    }
}

#[test]
fn the_same_order_for_any_number_of_threads() {
    let scores: Vec<f32> = (0..300_000).map(|i| ((i % 10_007 * 7919) % 1009) as f32).collect();
    for threads in [1, 2, 3] {
        set_num_threads(NonZeroUsize::new(threads));
        let order = found(&scores, 100);
        set_num_threads(None);
        assert_eq!(order.unwrap(), naive(&scores, 100));
    }
}

#[test]
fn what_has_no_order_is_refused() {
    let mismatch = |scores, other| Err(RankingError::LengthMismatch { scores, other });
    assert_eq!(falling_order(&[0.0; 4], 2, &mut [0; 2]), mismatch(4, 2));
    assert_eq!(falling_order(&[0.0; 3], 2, &mut [0; 3]), mismatch(3, 2));
    assert_eq!(falling_order(&[0.0; 3], 0, &mut [0; 3]), mismatch(3, 0));
    let mut scores = vec![0.0_f32; 100_000];
    scores[70_000] = f32::NAN;
    assert_eq!(found(&scores, 10), Err(RankingError::BadScore { index: 70_000 }));
    assert_eq!(found::<f64>(&[], 0), Ok(vec![]));
}
