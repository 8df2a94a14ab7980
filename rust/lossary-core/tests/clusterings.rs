//! Mutual information against its definition, and its expected value against dealing labels in every way.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use lossary_core::contingency::{Codes, Contingency};
use lossary_core::mutual_information::Average;
use lossary_core::ranking::RankingError;
use lossary_core::threads::set_num_threads;
use proptest::prelude::*;
use std::collections::HashMap;
use std::num::NonZeroUsize;

const AVERAGES: [Average; 4] = [Average::Arithmetic, Average::Geometric, Average::Max, Average::Min];

fn table(first: &[i64], second: &[i64]) -> Contingency {
    Contingency::of(&Codes::of(first).unwrap(), &Codes::of(second).unwrap()).unwrap()
}

fn counts<T: std::hash::Hash + Eq>(items: impl Iterator<Item = T>) -> HashMap<T, f64> {
    items.fold(HashMap::new(), |mut counts, item| {
        *counts.entry(item).or_insert(0.0) += 1.0;
        counts
    })
}

fn information(first: &[i64], second: &[i64]) -> f64 {
    let [a, b] = [first, second].map(|labels| counts(labels.iter().copied()));
    let samples = first.len() as f64;
    let pairs = counts(first.iter().copied().zip(second.iter().copied()));
    pairs.iter().map(|((i, j), n)| n / samples * (samples * n / (a[i] * b[j])).ln()).sum()
}

fn average(average: Average, first: f64, second: f64) -> f64 {
    match average {
        Average::Arithmetic => (first + second) / 2.0,
        Average::Geometric => (first * second).sqrt(),
        Average::Max => first.max(second),
        Average::Min => first.min(second),
    }
}

/// The mean information over every order of the second labels.
fn expected(first: &[i64], second: &[i64]) -> f64 {
    fn each_order(labels: &mut Vec<i64>, fixed: usize, visit: &mut impl FnMut(&[i64])) {
        if fixed == labels.len() {
            return visit(labels);
        }
        for next in fixed..labels.len() {
            labels.swap(fixed, next);
            each_order(labels, fixed + 1, visit);
            labels.swap(fixed, next);
        }
    }
    let (mut sum, mut orders) = (0.0, 0.0);
    each_order(&mut second.to_vec(), 0, &mut |dealt| {
        sum += information(first, dealt);
        orders += 1.0;
    });
    sum / orders
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn normalized_information_is_its_definition(
        samples in prop::collection::vec((0..5_i64, -2..3_i64), 1..60), spread in prop::sample::select(vec![1, 1 << 40]),
    ) {
        let (first, second): (Vec<_>, Vec<_>) = samples.into_iter().map(|(a, b)| (a * spread, b * spread)).unzip();
        let entropies = [information(&first, &first), information(&second, &second)];
        let shared = information(&first, &second);
        for mean in AVERAGES {
            let ours = table(&first, &second).normalized_mutual_information(mean);
            prop_assert!((0.0..=1.0).contains(&ours));
            let most = average(mean, entropies[0], entropies[1]);
            if shared > 1e-14 {
                prop_assert!((ours - shared / most).abs() < 1e-12);
            }
            prop_assert_eq!(ours, table(&second, &first).normalized_mutual_information(mean));
        }
    }

    #[test]
    fn adjusted_information_deals_in_every_way(samples in prop::collection::vec((0..4_i64, 0..3_i64), 2..8)) {
        let (first, second): (Vec<_>, Vec<_>) = samples.into_iter().unzip();
        let by_chance = expected(&first, &second);
        let entropies = [information(&first, &first), information(&second, &second)];
        for mean in AVERAGES {
            let ours = table(&first, &second).adjusted_mutual_information(mean);
            let most = average(mean, entropies[0], entropies[1]) - by_chance;
            if most.abs() > 1e-9 {
                prop_assert!((ours - (information(&first, &second) - by_chance) / most).abs() < 1e-11);
            }
        }
    }

    #[test]
    fn repeated_samples_are_as_good_as_written_out(
        samples in prop::collection::vec((0..4_i64, 0..900_i64, 0..4_u32), 2..40),
    ) {
        let repeat = |&(a, b, times): &(i64, i64, u32)| std::iter::repeat_n((a, b), times as usize);
        let written: Vec<_> = samples.iter().flat_map(repeat).collect();
        prop_assume!(!written.is_empty());
        let times: Vec<u32> = samples.iter().map(|sample| sample.2).collect();
        let [first, second] = [0, 1].map(|side| {
            let labels: Vec<i64> = samples.iter().map(|sample| [sample.0, sample.1][side]).collect();
            Codes::of(&labels).unwrap()
        });
        let repeated = Contingency::of_repeated(&first, &second, &times).unwrap();
        let (a, b): (Vec<_>, Vec<_>) = written.into_iter().unzip();
        for mean in AVERAGES {
            let wanted = table(&a, &b);
            prop_assert_eq!(repeated.normalized_mutual_information(mean), wanted.normalized_mutual_information(mean));
            prop_assert_eq!(repeated.adjusted_mutual_information(mean), wanted.adjusted_mutual_information(mean));
        }
    }
}

#[test]
fn limits_are_exact() {
    let singletons: Vec<i64> = (0..10).collect();
    let halves: Vec<i64> = (0..10).map(|index| index % 2).collect();
    let fifths: Vec<i64> = (0..10).map(|index| index / 2).collect();
    for mean in AVERAGES {
        let both = |first: &[i64], second: &[i64]| {
            let table = table(first, second);
            [table.normalized_mutual_information(mean), table.adjusted_mutual_information(mean)]
        };
        assert_eq!(both(&fifths, &fifths.iter().map(|label| 7 - label).collect::<Vec<_>>()), [1.0, 1.0]);
        assert_eq!(both(&[3; 10], &[9; 10]), [1.0, 1.0]);
        assert_eq!(both(&singletons, &singletons), [1.0, 1.0]);
        assert_eq!(both(&halves, &[9; 10]), [0.0, 0.0]);
        assert_eq!(both(&halves, &singletons)[1], 0.0);
        assert_eq!(both(&halves, &fifths)[0], 0.0);
    }
}

#[test]
fn large_tables_and_any_number_of_threads_give_the_same_bits() {
    let label = |index: u64, limit: u64| {
        let mixed = (index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        ((mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 33) % limit
    };
    for (classes, spread) in [(900, 1), (60_000, 1), (900, 1 << 30)] {
        let first: Vec<i64> = (0..100_000).map(|index| (label(index, classes) * spread) as i64).collect();
        let second: Vec<i64> =
            (0..100_000).map(|index| (label(index + 200_000, 700) * spread) as i64).collect();
        let results: Vec<f64> = [1, 2, 3]
            .into_iter()
            .map(|threads| {
                set_num_threads(NonZeroUsize::new(threads));
                table(&first, &second).adjusted_mutual_information(Average::Arithmetic)
            })
            .collect();
        set_num_threads(None);
        assert!(results.iter().all(|result| result.to_bits() == results[0].to_bits()));
        assert!(results[0].abs() < 0.05);
    }
}

#[test]
fn bad_labellings_are_errors() {
    let [two, three] = [Codes::of(&[0, 1]).unwrap(), Codes::of(&[0, 1, 1]).unwrap()];
    let mismatch = RankingError::LengthMismatch { scores: 3, other: 2 };
    assert_eq!(Contingency::of(&two, &three), Err(mismatch));
    assert_eq!(Codes::of::<i64>(&[]), Err(RankingError::Empty));
    assert_eq!(Codes::of(&[f64::NAN]), Err(RankingError::BadScore { index: 0 }));
    assert!(Contingency::of_repeated(&two, &two, &[1]).is_err());
    assert!(Contingency::of_repeated(&two, &two, &[u32::MAX, 1]).is_err());
}
