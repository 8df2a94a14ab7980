//! Rank correlations against comparing every pair, in exact integers, and against listing every order.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use lossary_core::kendall::{Kendall, Variant};
use lossary_core::keys::Score;
use lossary_core::mann_whitney::MannWhitney;
use lossary_core::order::Order;
use lossary_core::rank_pairs::RankPairs;
use lossary_core::ranking::RankingError;
use lossary_core::significance::{Alternative, Method, TestError};
use lossary_core::spearman::Spearman;
use lossary_core::threads::set_num_threads;
use lossary_core::weighted_kendall::{RankBy, Weigher, weighted_kendall};
use proptest::prelude::*;
use std::num::NonZeroUsize;

fn orders<A: Score, B: Score>(first: &[A], second: &[B]) -> [Order; 2] {
    [Order::of(first).unwrap(), Order::of(second).unwrap()]
}

fn pairs(orders: &[Order; 2]) -> RankPairs {
    RankPairs::new(&orders[0], &orders[1]).unwrap()
}

/// Compares every pair: the definition.
fn compare<A: Score, B: Score>(first: &[A], second: &[B], times: &[u32]) -> (Kendall, i64) {
    let mut counts = Kendall {
        samples: times.iter().map(|&times| u64::from(times)).sum(),
        first_differs: 0,
        second_differs: 0,
        any_differs: 0,
        discordant: 0,
        distinct: [distinct(first, times), distinct(second, times)],
    };
    let mut difference = 0;
    for i in 0..first.len() {
        for j in 0..i {
            let weight = u64::from(times[i]) * u64::from(times[j]);
            let (up, upper) = (first[i].partial_cmp(&first[j]), second[i].partial_cmp(&second[j]));
            let [up, upper] = [up, upper].map(|order| order.unwrap() as i64);
            counts.first_differs += weight * u64::from(up != 0);
            counts.second_differs += weight * u64::from(upper != 0);
            counts.any_differs += weight * u64::from(up != 0 || upper != 0);
            counts.discordant += weight * u64::from(up * upper < 0);
            difference += weight as i64 * up * upper;
        }
    }
    (counts, difference)
}

fn distinct<S: Score>(scores: &[S], times: &[u32]) -> u64 {
    let kept = scores.iter().zip(times).filter(|&(_, &times)| times > 0).map(|(&score, _)| score);
    let mut kept: Vec<S> = kept.collect();
    kept.sort_by(|a, b| a.partial_cmp(b).unwrap());
    kept.dedup();
    kept.len() as u64
}

/// Twice the mid-rank of each score, by comparing all.
fn twice_ranks<S: Score>(scores: &[S]) -> Vec<i128> {
    let below =
        |score: S| scores.iter().map(move |&other| i128::from(other < score) + i128::from(other <= score));
    scores.iter().map(|&score| 1 + below(score).sum::<i128>()).collect()
}

/// Every order of `0..count`.
fn permutations(count: u32) -> Vec<Vec<u32>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(count - 1);
    let insert = |order: &Vec<u32>, place: u32| {
        let mut longer = order.clone();
        longer.insert(place as usize, count - 1);
        longer
    };
    shorter.iter().flat_map(|order| (0..count).map(move |place| insert(order, place))).collect()
}

fn any_f64() -> impl Strategy<Value = f64> {
    prop_oneof![
        prop::num::f64::ANY.prop_filter("NaN", |score| !score.is_nan()),
        prop::sample::select(vec![0.0, -0.0, 1.0, f64::INFINITY, f64::NEG_INFINITY, 5e-324]),
        (-4..4).prop_map(f64::from),
    ]
}

fn samples() -> impl Strategy<Value = Vec<(f64, i64, u32)>> {
    let second = prop_oneof![any::<i64>(), -3..3_i64];
    prop::collection::vec((any_f64(), second, 0..4_u32), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn kendall_counts_every_pair(samples in samples()) {
        let (first, (second, times)): (Vec<_>, (Vec<_>, Vec<_>)) =
            samples.into_iter().map(|(a, b, times)| (a, (b, times))).unzip();
        let orders = orders(&first, &second);
        let (counts, difference) = compare(&first, &second, &vec![1; first.len()]);
        prop_assert_eq!(Kendall::of(&pairs(&orders)), counts);
        prop_assert_eq!(counts.difference(), difference);
        let (repeated, difference) = compare(&first, &second, &times);
        prop_assert_eq!(Kendall::of_repeated(&pairs(&orders), &times).unwrap(), repeated);
        prop_assert_eq!(repeated.difference(), difference);
    }

    #[test]
    fn spearman_sums_every_rank(samples in samples()) {
        let (first, (second, times)): (Vec<_>, (Vec<_>, Vec<_>)) =
            samples.into_iter().map(|(a, b, times)| (a, (b, times))).unzip();
        let orders = orders(&first, &second);
        let once = vec![1; first.len()];
        for (times, sums) in [
            (&once, Spearman::of(&orders[0], &orders[1]).unwrap()),
            (&times, Spearman::of_repeated(&orders[0], &orders[1], &times).unwrap()),
        ] {
            let repeat = |index: usize| std::iter::repeat_n(index, times[index] as usize);
            let drawn: Vec<usize> = (0..first.len()).flat_map(repeat).collect();
            let middle = drawn.len() as i128 + 1;
            let a = twice_ranks(&drawn.iter().map(|&index| first[index]).collect::<Vec<_>>());
            let b = twice_ranks(&drawn.iter().map(|&index| second[index]).collect::<Vec<_>>());
            let product = |a: &[i128], b: &[i128]| -> i128 {
                a.iter().zip(b).map(|(a, b)| (a - middle) * (b - middle)).sum()
            };
            prop_assert_eq!(sums.products, product(&a, &b));
            prop_assert_eq!(sums.squares, [product(&a, &a) as u128, product(&b, &b) as u128]);
        }
    }

    #[test]
    fn weighted_kendall_sums_every_pair(samples in samples(), additive: bool) {
        let (first, second): (Vec<f64>, Vec<i64>) = samples.into_iter().map(|(a, b, _)| (a, b)).unzip();
        let orders = orders(&first, &second);
        for (weigher, omega) in [
            (Weigher::Hyperbolic, (|rank: f64| 1.0 / (rank + 1.0)) as fn(f64) -> f64),
            (Weigher::Logarithmic, |rank: f64| 1.0 / (rank + 2.0).log2()),
            (Weigher::Uniform, |_| 1.0),
        ] {
            let sum = |ranks: &[usize]| {
                let [mut up, mut one, mut other] = [0.0; 3];
                for i in 0..first.len() {
                    for j in 0..i {
                        let [a, b] = [omega(ranks[i] as f64), omega(ranks[j] as f64)];
                        let weight = if additive { a + b } else { a * b };
                        let step = first[i].partial_cmp(&first[j]).unwrap() as i32;
                        let steps = second[i].cmp(&second[j]) as i32;
                        up += weight * f64::from(step * steps);
                        one += weight * f64::from(step.abs());
                        other += weight * f64::from(steps.abs());
                    }
                }
                (one > 0.0 && other > 0.0).then(|| up / (one * other).sqrt())
            };
            let place = |index: usize, above: &dyn Fn(usize) -> bool| (0..index).filter(|&i| above(i)).count()
                + (index + 1..first.len()).filter(|&i| above(i)).count();
            // Samples that tie in both scores may rank in any way: here, by position.
            let by = |second_first: bool| (0..first.len()).map(|index| place(index, &|other| {
                let [a, b] = [first[other].partial_cmp(&first[index]).unwrap(), second[other].cmp(&second[index])];
                let order = if second_first { b.then(a) } else { a.then(b) };
                order.then(other.cmp(&index)).is_gt()
            })).collect::<Vec<_>>();
            let [by_second, by_first] = [sum(&by(true)), sum(&by(false))];
            let by_position = sum(&(0..first.len()).collect::<Vec<_>>());
            for (ranks, wanted) in [
                (RankBy::Second, by_second),
                (RankBy::Average, by_second.zip(by_first).map(|(a, b)| 0.5 * (a + b))),
                (RankBy::Position, by_position),
            ] {
                let ours = weighted_kendall(&orders[0], &orders[1], ranks, weigher, additive).unwrap();
                prop_assert_eq!(ours.is_some(), wanted.is_some());
                prop_assert!((ours.unwrap_or(0.0) - wanted.unwrap_or(0.0)).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn mann_whitney_counts_every_pair(samples in samples()) {
        let (scores, labels): (Vec<f64>, Vec<u8>) =
            samples.iter().map(|&(score, _, label)| (score, label as u8 % 2)).unzip();
        let counts = MannWhitney::of(&Order::of(&scores).unwrap(), &labels).unwrap();
        let mut twice_wins = 0;
        for (a, _) in scores.iter().zip(&labels).filter(|&(_, &label)| label == 1) {
            for (b, _) in scores.iter().zip(&labels).filter(|&(_, &label)| label == 0) {
                twice_wins += u128::from(a > b) + u128::from(a >= b);
            }
        }
        prop_assert_eq!(counts.twice_wins, twice_wins);
        prop_assert_eq!(counts.positives + counts.negatives, scores.len() as u64);
    }
}

#[test]
fn exact_p_values_count_every_order() {
    for count in 2..8 {
        let straight: Vec<u32> = (0..count).collect();
        let all = permutations(count);
        let tests: Vec<_> = all
            .iter()
            .map(|order| {
                let orders = orders(&straight, order);
                let counts = Kendall::of(&pairs(&orders));
                let p = |alternative| {
                    counts.p_value([&orders[0], &orders[1]], alternative, Method::Exact).unwrap()
                };
                let p = [Alternative::TwoSided, Alternative::Less, Alternative::Greater].map(p);
                (counts.difference(), p)
            })
            .collect();
        let share = |far: &dyn Fn(i64) -> bool| {
            tests.iter().filter(|test| far(test.0)).count() as f64 / all.len() as f64
        };
        for &(difference, [both, less, greater]) in &tests {
            assert!((both - share(&|other| other.abs() >= difference.abs())).abs() < 1e-14);
            assert!((less - share(&|other| other <= difference)).abs() < 1e-14);
            assert!((greater - share(&|other| other >= difference)).abs() < 1e-14);
        }
    }
}

#[test]
fn exact_p_values_count_every_deal_of_classes() {
    for count in 2..12_u32 {
        let scores: Vec<u32> = (0..count).collect();
        let order = Order::of(&scores).unwrap();
        for positives in 1..count {
            let deals = (0..1_u32 << count).filter(|deal| deal.count_ones() == positives);
            let tests: Vec<_> = deals
                .map(|deal| {
                    let labels: Vec<u8> = (0..count).map(|place| (deal >> place & 1) as u8).collect();
                    let counts = MannWhitney::of(&order, &labels).unwrap();
                    let p = |alternative| counts.p_value(alternative, Method::Exact, true).unwrap();
                    let p = [Alternative::TwoSided, Alternative::Less, Alternative::Greater].map(p);
                    (2.0 * counts.u() - f64::from(positives * (count - positives)), p)
                })
                .collect();
            let share = |far: &dyn Fn(f64) -> bool| {
                tests.iter().filter(|test| far(test.0)).count() as f64 / tests.len() as f64
            };
            for &(excess, [both, less, greater]) in &tests {
                assert!((both - share(&|other| other.abs() >= excess.abs())).abs() < 1e-13);
                assert!((less - share(&|other| other <= excess)).abs() < 1e-13);
                assert!((greater - share(&|other| other >= excess)).abs() < 1e-13);
            }
        }
    }
}

#[test]
fn the_exact_distribution_nears_the_normal_one() {
    let labels: Vec<u8> = (0..1_008).map(|place| u8::from(place % 126 == 80)).collect();
    let counts = MannWhitney::of(&Order::of(&(0..1_008).collect::<Vec<_>>()).unwrap(), &labels).unwrap();
    assert_eq!(counts.positives, 8);
    let p = |method| counts.p_value(Alternative::Greater, method, true).unwrap();
    // The exact p-value is scipy's.
    assert!((p(Method::Exact) - 0.433_724_026_231_6).abs() < 1e-12);
    assert!((p(Method::Exact) - p(Method::Asymptotic)).abs() < 2e-3);
    assert_eq!(p(Method::Auto), p(Method::Exact));
}

#[test]
fn the_variance_survives_ties_of_nearly_all_samples() {
    let scores = [0, 1, 1, 1, 1];
    let orders = orders(&scores, &scores);
    let p = |alternative| {
        let counts = Kendall::of(&pairs(&orders));
        counts.p_value([&orders[0], &orders[1]], alternative, Method::Auto).unwrap()
    };
    // By hand: a difference of 4 with variance -12 / 18 + 72 / 20 + 576 / 540 = 4, so two standard deviations.
    assert!((p(Alternative::TwoSided) - 0.04550026389635842).abs() < 1e-15);
    assert!((p(Alternative::Greater) - 0.02275013194817921).abs() < 1e-15);
}

#[test]
fn threads_and_sizes_keep_the_bits() {
    let noise = |index: u64| {
        let mixed = (index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed >> 40
    };
    for levels in [3, 1_000, 1 << 24] {
        let first: Vec<u64> = (0..200_000).map(|index| noise(index) % levels).collect();
        let second: Vec<u64> = (0..200_000).map(|index| (noise(index) + noise(index + 7)) % levels).collect();
        let results: Vec<_> = [1, 2, 3]
            .into_iter()
            .map(|threads| {
                set_num_threads(NonZeroUsize::new(threads));
                let orders = orders(&first, &second);
                let tau =
                    weighted_kendall(&orders[0], &orders[1], RankBy::Average, Weigher::Hyperbolic, true);
                (
                    Kendall::of(&pairs(&orders)),
                    Spearman::of(&orders[0], &orders[1]),
                    tau.unwrap().unwrap().to_bits(),
                )
            })
            .collect();
        set_num_threads(None);
        assert!(results.iter().all(|result| *result == results[0]));
    }
}

#[test]
fn nothing_overflows_with_four_billion_samples() {
    let orders = orders(&[1, 2, 2, 3], &[1.0, 2.0, 3.0, 3.0]);
    let times = [1 << 30; 3].into_iter().chain([(1 << 30) - 1]).collect::<Vec<_>>();
    let counts = Kendall::of_repeated(&pairs(&orders), &times).unwrap();
    let wide: Vec<u128> = times.iter().map(|&times| u128::from(times)).collect();
    let (same, last) = (wide[0] * wide[0], wide[0] * wide[3]);
    assert_eq!(u128::from(counts.first_differs), 2 * same + 3 * last);
    assert_eq!(counts.difference() as u128, 2 * same + 2 * last);
    assert!((counts.tau(Variant::A).unwrap() - 0.5).abs() < 1e-9);
    assert!((counts.tau(Variant::B).unwrap() - 0.8).abs() < 1e-9);
    assert!((counts.tau(Variant::C).unwrap() - 0.75).abs() < 1e-9);
    let sums = Spearman::of_repeated(&orders[0], &orders[1], &times).unwrap();
    let small = Spearman::of(&orders[0], &orders[1]).unwrap();
    assert!((sums.rho().unwrap() - small.rho().unwrap()).abs() < 1e-9);
    let all = RankingError::TooMany { scores: 1 << 32 };
    assert_eq!(Kendall::of_repeated(&pairs(&orders), &[1 << 30; 4]), Err(all));
}

#[test]
fn what_has_no_value_says_so() {
    let constant = orders(&[1, 1, 1], &[1, 2, 3]);
    let counts = Kendall::of(&pairs(&constant));
    for variant in [Variant::A, Variant::B, Variant::C] {
        assert_eq!(counts.tau(variant), None);
    }
    let p = counts.p_value([&constant[0], &constant[1]], Alternative::TwoSided, Method::Auto);
    assert_eq!(p, Err(TestError::Undefined));
    let sums = Spearman::of(&constant[0], &constant[1]).unwrap();
    assert_eq!((sums.rho(), sums.p_value(Alternative::Less)), (None, Err(TestError::Undefined)));
    let two = orders(&[1, 2], &[1, 2]);
    let p = Spearman::of(&two[0], &two[1]).unwrap().p_value(Alternative::Less);
    assert_eq!(p, Err(TestError::Undefined));
    let mismatch = RankingError::LengthMismatch { scores: 2, other: 3 };
    assert_eq!(RankPairs::new(&constant[0], &two[0]).err(), Some(mismatch));
    assert_eq!(Order::of(&[1.0, f64::NAN]).err(), Some(RankingError::BadScore { index: 1 }));
    let one_class = MannWhitney::of(&constant[1], &[1, 1, 1]).unwrap();
    assert_eq!(one_class.p_value(Alternative::Less, Method::Auto, true), Err(TestError::Undefined));
    assert!(TestError::Ties.to_string().contains(": got "));
}

#[test]
fn exact_methods_refuse_ties_and_what_takes_minutes() {
    let tied = orders(&[1, 1, 2], &[1, 2, 3]);
    let p = Kendall::of(&pairs(&tied)).p_value([&tied[0], &tied[1]], Alternative::Less, Method::Exact);
    assert_eq!(p, Err(TestError::Ties));
    let labels = MannWhitney::of(&tied[0], &[0, 1, 1]).unwrap();
    assert_eq!(labels.p_value(Alternative::Less, Method::Exact, true), Err(TestError::Ties));
    let many: Vec<u32> = (0..5_000).collect();
    let mixed: Vec<u32> = many.iter().map(|&index| index * 2_753 % 5_000).collect();
    let large = orders(&many, &mixed);
    let p = Kendall::of(&pairs(&large)).p_value([&large[0], &large[1]], Alternative::Less, Method::Exact);
    assert_eq!(p, Err(TestError::TooLarge));
    let huge = MannWhitney { twice_wins: 1 << 63, positives: 1 << 31, negatives: 1 << 31, ties: 0 };
    assert_eq!(huge.p_value(Alternative::Less, Method::Exact, true), Err(TestError::TooLarge));
    assert!(huge.p_value(Alternative::Less, Method::Auto, true).is_ok());
}
