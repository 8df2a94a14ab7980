//! Losses over all pairs against forming every pair, with differences and sums in twice the precision.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "all_pairs/naive.rs"]
mod naive;

use lossary_core::all_pairs::{
    AllPairsError, Averaging, Parameters, Side, Surrogate, all_pairs, curvature_product, grouped_all_pairs,
};
use lossary_core::random::Random;
use lossary_core::threads::set_num_threads;
use naive::{compare, error, relative};
use proptest::prelude::*;
use std::num::NonZeroUsize;

const SURROGATES: [Surrogate; 7] = [
    Surrogate::Logistic,
    Surrogate::Sigmoid,
    Surrogate::Exponential,
    Surrogate::Square,
    Surrogate::Hinge,
    Surrogate::SquaredHinge,
    Surrogate::BarrierHinge,
];

struct Draws(Random);

impl Draws {
    fn new(seed: u64) -> Self {
        Self(Random::stream(seed, 0))
    }

    fn uniform(&mut self) -> f64 {
        (self.0.word() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// About normal.
    fn scores(&mut self, count: usize, mean: f64) -> Vec<f64> {
        (0..count).map(|_| mean + (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0).collect()
    }
}

fn at(temperature: f64) -> Parameters {
    Parameters { temperature, ..Parameters::default() }
}

#[test]
fn many_samples_agree_with_all_pairs() {
    let mut draws = Draws::new(1);
    for temperature in [1.0, 0.1, 0.01] {
        let near_blocks = [(32, 64, 0.5), (33, 31, 0.5), (1, 65, 0.0)];
        let many = [(2000, 2000, 1.0), (1500, 300, 20.0), (40, 1000, -20.0)];
        for (positives, negatives, gap) in many.into_iter().chain(near_blocks) {
            let x = draws.scores(positives, gap);
            let y = draws.scores(negatives, 0.0);
            for surrogate in SURROGATES {
                if surrogate == Surrogate::Exponential && temperature < 0.1 {
                    continue;
                }
                let errors = compare(surrogate, [&x, &y], None, &at(temperature));
                assert!(errors[0] <= 1e-14, "{surrogate:?} {temperature} {gap} {errors:?}");
                assert!(errors[1] <= 2e-14, "{surrogate:?} {temperature} {gap} {errors:?}");
                assert!(errors[2] <= 2e-14, "{surrogate:?} {temperature} {gap} {errors:?}");
            }
        }
    }
}

#[test]
fn vanishing_pairs_agree_with_all_pairs() {
    for above in [700.0, 709.0, 716.877, 730.0, 746.0, 800.0] {
        let at = Parameters { scale: 3.0, temperature: 1e-4, ..Parameters::default() };
        for surrogate in [Surrogate::Logistic, Surrogate::Sigmoid, Surrogate::Exponential] {
            let errors = compare(surrogate, [&[above / 3e4, 5.0], &[0.0; 100]], None, &at);
            assert!(errors.iter().all(|&error| error <= 2e-14), "{surrogate:?} {above} {errors:?}");
        }
    }
}

/// Scores of a class: ties, a spread, two far clusters, tiny and huge numbers.
fn class() -> impl Strategy<Value = Vec<f64>> {
    let most = 1..200_usize;
    prop_oneof![
        prop::collection::vec((-3..3).prop_map(f64::from), most.clone()),
        prop::collection::vec(-8.0..8.0, most.clone()),
        prop::collection::vec(prop_oneof![-1.0..1.0, 1e6..1e6 + 1.0, Just(-1e6)], most.clone()),
        prop::collection::vec(prop_oneof![-1.0..1.0, -1e-30..1e-30, Just(1e30), Just(-0.0)], most.clone()),
        prop::collection::vec((0..40).prop_map(|k| f64::from(k) * 8.0), most),
    ]
}

fn weights_of(count: usize) -> impl Strategy<Value = Vec<f64>> {
    let weights = prop::collection::vec(prop_oneof![3 => 0.1..4.0, 1 => Just(0.0)], count);
    weights.prop_map(|mut weights| {
        weights[0] = 1.0;
        weights
    })
}

fn samples() -> impl Strategy<Value = (Vec<f64>, Vec<f64>, Vec<f64>, Vec<f64>)> {
    (class(), class()).prop_flat_map(|(x, y)| {
        let weights = (weights_of(x.len()), weights_of(y.len()));
        (Just(x), Just(y), weights.0, weights.1)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_scores_agree_with_all_pairs(
        (x, y, w, v) in samples(),
        temperature in prop_oneof![Just(1.0), Just(0.1), Just(32.0), Just(1e-4)],
        scale in prop_oneof![Just(1.0), Just(3.0), Just(0.25)],
        margin in prop_oneof![Just(1.0), Just(0.5)],
    ) {
        let parameters = Parameters { margin, scale, temperature };
        for surrogate in SURROGATES {
            if surrogate == Surrogate::Exponential {
                continue;
            }
            for weights in [None, Some([w.as_slice(), &v])] {
                let errors = compare(surrogate, [&x, &y], weights, &parameters);
                prop_assert!(errors[0] <= 1e-14 && errors[1] <= 2e-14, "{:?} {:?}", surrogate, errors);
                prop_assert!(errors[2] <= 2e-14, "{:?} {:?}", surrogate, errors);
            }
        }
    }

    #[test]
    fn exponentials_agree_with_all_pairs((_, _, w, v) in samples(), shift in -600.0..600.0, spread in 0.1..20.0) {
        let mut draws = Draws::new(w.len() as u64);
        let x: Vec<f64> = w.iter().map(|_| shift + spread * draws.uniform()).collect();
        let y: Vec<f64> = v.iter().map(|_| spread * draws.uniform()).collect();
        for weights in [None, Some([w.as_slice(), &v])] {
            let errors = compare(Surrogate::Exponential, [&x, &y], weights, &Parameters::default());
            prop_assert!(errors.iter().all(|&error| error <= 1e-14), "{:?}", errors);
        }
    }

    #[test]
    fn gradients_sum_to_zero_and_shifts_change_nothing((x, y, w, v) in samples()) {
        let moved = |class: &[f64]| class.iter().map(|score| score + 4096.0).collect::<Vec<_>>();
        let exact = |class: &[f64]| class.iter().all(|&score| (score + 4096.0) - 4096.0 == score);
        for surrogate in SURROGATES {
            let Ok(sums) = all_pairs(surrogate, &x, &y, Some((&w, &v)), &Parameters::default()) else {
                prop_assert_eq!(surrogate, Surrogate::Exponential);
                continue;
            };
            let largest = sums.of_positives.iter().chain(&sums.of_negatives).fold(0.0, |most: f64, slope| most.max(slope.abs()));
            let total: f64 = sums.of_positives.iter().chain(&sums.of_negatives).sum();
            prop_assert!(total.abs() <= 1e-13 * largest, "{:?} {}", surrogate, total);
            if exact(&x) && exact(&y) {
                let shifted = all_pairs(surrogate, &moved(&x), &moved(&y), Some((&w, &v)), &Parameters::default()).unwrap();
                prop_assert!(relative(shifted.value, sums.value) <= 1e-14, "{surrogate:?} {} {}", shifted.value, sums.value);
                let gradients = [&sums, &shifted].map(|sums| (sums.of_positives.as_slice(), sums.of_negatives.as_slice()));
                prop_assert!(error(gradients[1], gradients[0]) <= 2e-14);
            }
        }
    }

    #[test]
    fn groups_are_their_own_pairs((x, y, w, v) in samples(), cuts in prop::collection::vec((0.0..1.0, 0.0..1.0), 0..9)) {
        let offsets = |count: usize, which: fn(&(f64, f64)) -> f64| {
            let mut offsets: Vec<usize> = cuts.iter().map(|cut| (which(cut) * count as f64) as usize).collect();
            offsets.extend([0, count]);
            offsets.sort_unstable();
            offsets
        };
        let (own, other) = (offsets(x.len(), |cut| cut.0), offsets(y.len(), |cut| cut.1));
        for surrogate in [Surrogate::Logistic, Surrogate::Sigmoid, Surrogate::Square, Surrogate::SquaredHinge] {
            let mut wanted = Vec::new();
            for (a, b) in own.windows(2).zip(other.windows(2)) {
                let (a, b) = (a[0]..a[1], b[0]..b[1]);
                let mass = w[a.clone()].iter().sum::<f64>() * v[b.clone()].iter().sum::<f64>();
                if mass > 0.0 {
                    let weights = Some((&w[a.clone()], &v[b.clone()]));
                    let sums = all_pairs(surrogate, &x[a.clone()], &y[b.clone()], weights, &Parameters::default()).unwrap();
                    wanted.push((a, b, mass, sums));
                }
            }
            for averaging in [Averaging::Groups, Averaging::Pairs] {
                let share = |mass: f64| if averaging == Averaging::Groups { 1.0 } else { mass };
                let total: f64 = wanted.iter().map(|group| share(group.2)).sum();
                let ours = grouped_all_pairs(surrogate, &x, &y, Some((&w, &v)), (&own, &other), averaging, &Parameters::default());
                let Ok(ours) = ours else {
                    prop_assert!(wanted.is_empty());
                    continue;
                };
                let value: f64 = wanted.iter().map(|(_, _, mass, sums)| share(*mass) / total * sums.value).sum();
                prop_assert!(relative(ours.value, value) <= 1e-14);
                let (mut of_x, mut of_y) = (vec![0.0; x.len()], vec![0.0; y.len()]);
                for (a, b, mass, sums) in &wanted {
                    for (all, part) in [(&mut of_x[a.clone()], &sums.of_positives), (&mut of_y[b.clone()], &sums.of_negatives)] {
                        all.iter_mut().zip(part).for_each(|(all, slope)| *all = slope * share(*mass) / total);
                    }
                }
                prop_assert!(error((&ours.of_positives, &ours.of_negatives), (&of_x, &of_y)) <= 4e-15);
            }
        }
    }
}

#[test]
fn single_precision_is_read_as_it_is() {
    let mut draws = Draws::new(7);
    let narrow = |scores: Vec<f64>| scores.into_iter().map(|score| score as f32).collect::<Vec<_>>();
    let (x, y) = (narrow(draws.scores(400, 1.0)), narrow(draws.scores(500, 0.0)));
    let wide = |scores: &[f32]| scores.iter().map(|&score| f64::from(score)).collect::<Vec<_>>();
    for surrogate in SURROGATES {
        let ours = all_pairs(surrogate, &x, &y, None, &at(0.5)).unwrap();
        assert_eq!(ours, all_pairs(surrogate, &wide(&x), &wide(&y), None, &at(0.5)).unwrap());
    }
}

#[test]
fn equal_scores_cost_what_no_difference_costs() {
    for count in [3, 500] {
        let (x, y) = (vec![0.3; count], vec![0.3; 2 * count]);
        let value = |surrogate| all_pairs(surrogate, &x, &y, None, &at(0.01)).unwrap().value;
        let logistic = value(Surrogate::Logistic);
        assert!((logistic - std::f64::consts::LN_2).abs() < 1e-14, "{logistic}");
        assert!((value(Surrogate::Sigmoid) - 0.5).abs() < 1e-14);
        for surrogate in
            [Surrogate::Exponential, Surrogate::Square, Surrogate::Hinge, Surrogate::SquaredHinge]
        {
            assert!((value(surrogate) - 1.0).abs() < 1e-15, "{surrogate:?}");
        }
        assert!((value(Surrogate::BarrierHinge) - 1.0).abs() < 1e-15);
    }
}

#[test]
fn numbers_of_threads_change_no_bit() {
    let mut draws = Draws::new(3);
    let tails = |draws: &mut Draws, count, mean| -> Vec<f64> {
        draws.scores(count, mean).into_iter().map(|score| score.powi(5)).collect()
    };
    let dense = (draws.scores(150_000, 1.0), draws.scores(160_000, 0.0));
    let sparse = (tails(&mut draws, 150_000, 1.0), tails(&mut draws, 140_000, 0.0));
    let lengths = (0..=100).map(|group| group * 1500).collect::<Vec<_>>();
    for ((x, y), temperature) in [(&dense, 1.0), (&dense, 0.01), (&sparse, 1e-3)] {
        for surrogate in SURROGATES {
            let run = |threads| {
                set_num_threads(NonZeroUsize::new(threads));
                all_pairs(surrogate, x, y, None, &at(temperature))
            };
            let one = run(1);
            assert!([2, 3, 7].into_iter().all(|threads| run(threads) == one), "{surrogate:?} {temperature}");
        }
    }
    let run = |threads| {
        set_num_threads(NonZeroUsize::new(threads));
        let (x, y) = (&dense.0, &dense.1[..150_000]);
        let (surrogate, offsets) = (Surrogate::Logistic, (lengths.as_slice(), lengths.as_slice()));
        grouped_all_pairs(surrogate, x, y, None, offsets, Averaging::Groups, &at(1.0)).unwrap()
    };
    let one = run(1);
    assert!([2, 3, 7].into_iter().all(|threads| run(threads) == one));
    set_num_threads(None);
}

#[test]
fn a_few_samples_far_out_do_not_blur_the_others() {
    let mut draws = Draws::new(5);
    let (mut x, mut y) = (draws.scores(1000, 0.0), draws.scores(1000, 0.0));
    x.extend([1e30, -1e12, 400.0, 400.5]);
    y.extend([-1e30, 1e12, 1e12, 399.0]);
    let weight =
        |class: &[f64]| class.iter().map(|score| f64::from(u8::from(score.abs() < 10.0))).collect::<Vec<_>>();
    let (w, v) = (weight(&x), weight(&y));
    for surrogate in [Surrogate::Logistic, Surrogate::Sigmoid, Surrogate::Hinge, Surrogate::SquaredHinge] {
        for temperature in [1.0, 0.01] {
            let errors = compare(surrogate, [&x, &y], Some([&w, &v]), &at(temperature));
            assert!(errors[0] <= 1e-14 && errors[1] <= 2e-14, "{surrogate:?} {temperature} {errors:?}");
        }
    }
}

#[test]
fn huge_differences_stay_finite_or_are_refused() {
    let (x, y) = ([1e3, -1e3], [0.0, 1e3]);
    let sums = all_pairs(Surrogate::Logistic, &x, &y, None, &at(1.0)).unwrap();
    assert!((sums.value - (1000.0 + 2000.0 + std::f64::consts::LN_2) / 4.0).abs() < 1e-12);
    let overflow = |surrogate, x: f64, parameters| all_pairs(surrogate, &[x], &[0.0], None, &parameters);
    assert_eq!(overflow(Surrogate::Exponential, -710.0, at(1.0)), Err(AllPairsError::Overflow));
    assert_eq!(overflow(Surrogate::Logistic, 1e140, at(1e-50)), Err(AllPairsError::Overflow));
    assert_eq!(overflow(Surrogate::Square, 1e140, at(1e-50)), Err(AllPairsError::Overflow));
    // The largest term is beyond any number, its share of the mean is not.
    let y: Vec<f64> = (0..5000).map(|index| if index == 0 { 712.0 } else { 0.0 }).collect();
    let sums = all_pairs(Surrogate::Exponential, &[0.0], &y, None, &at(1.0)).unwrap();
    assert!(relative(sums.value.ln(), 712.0 - 5000_f64.ln()) < 1e-14);
}

#[test]
fn bad_input_is_refused() {
    let (x, y) = ([0.5, 1.0], [0.0, 0.25, 2.0]);
    let parameters = Parameters::default();
    let run = |x: &[f64], y: &[f64], weights| {
        all_pairs(Surrogate::Logistic, x, y, weights, &parameters).unwrap_err()
    };
    assert_eq!(run(&[], &y, None), AllPairsError::NoPairs { positives: 0, negatives: 3 });
    for bad in [f64::NAN, f64::INFINITY, 1e151] {
        assert_eq!(run(&x, &[0.0, bad], None), AllPairsError::BadScore { side: Side::Negatives, index: 1 });
        assert_eq!(run(&[-bad, 0.0], &y, None), AllPairsError::BadScore { side: Side::Positives, index: 0 });
    }
    let weights = |w| run(&x, &y, Some((w, &[1.0; 3])));
    let side = Side::Positives;
    assert_eq!(weights(&[1.0]), AllPairsError::LengthMismatch { side, scores: 2, weights: 1 });
    assert_eq!(weights(&[1.0, f64::NAN]), AllPairsError::BadWeight { side, index: 1 });
    assert_eq!(weights(&[1.0, -1.0]), AllPairsError::NegativeWeight { side, index: 1 });
    assert_eq!(weights(&[0.0, 0.0]), AllPairsError::NoWeight { side });
    for (name, parameters) in [
        ("margin", Parameters { margin: -1.0, ..parameters }),
        ("scale", Parameters { scale: f64::NAN, ..parameters }),
        ("temperature", Parameters { temperature: 0.0, ..parameters }),
    ] {
        let error = all_pairs(Surrogate::Hinge, &x, &y, None, &parameters).unwrap_err();
        assert!(matches!(error, AllPairsError::BadParameter { name: ours, .. } if ours == name));
        assert!(error.to_string().starts_with(name));
    }
    let product = |p, q| curvature_product(Surrogate::Square, &x, &y, None, (p, q), &parameters).unwrap_err();
    assert_eq!(product(&[1.0], &[1.0; 3]), AllPairsError::LengthMismatch { side, scores: 2, weights: 1 });
    let bad = AllPairsError::BadDirection { side: Side::Negatives, index: 0 };
    assert_eq!(product(&[1.0; 2], &[f64::INFINITY, 0.0, 0.0]), bad);
    let grouped = |own: &[usize], other: &[usize]| {
        let offsets = (own, other);
        grouped_all_pairs(Surrogate::Square, &x, &y, None, offsets, Averaging::Pairs, &parameters)
            .unwrap_err()
    };
    assert_eq!(grouped(&[0, 1], &[0, 3]), AllPairsError::BadGroups { side });
    assert_eq!(grouped(&[0, 2], &[0, 4, 3]), AllPairsError::BadGroups { side: Side::Negatives });
    assert_eq!(grouped(&[0, 2], &[0, 1, 3]), AllPairsError::BadGroups { side: Side::Negatives });
    assert_eq!(grouped(&[0, 0, 2], &[0, 3, 3]), AllPairsError::NoPairs { positives: 2, negatives: 3 });
}
