//! Scores of ensembles against sums over all pairs of members.

#![allow(missing_docs, clippy::unwrap_used)]

use lossary_core::crps::{
    CrpsError, Ensembles, VectorEnsembles, crps_ensemble, crps_slopes, energy_score, energy_slopes,
};
use lossary_core::threads::set_num_threads;
use proptest::prelude::*;
use std::num::NonZeroUsize;

fn sign(number: f64) -> f64 {
    if number == 0.0 { 0.0 } else { number.signum() }
}

/// The score of a point, and its derivatives by the members and by what happened.
fn naive(x: &[f64], y: f64, weights: &[f64], alpha: f64) -> (f64, Vec<f64>, f64) {
    let total: f64 = weights.iter().sum();
    let w: Vec<f64> = weights.iter().map(|weight| weight / total).collect();
    let pairs = || (0..x.len()).flat_map(|i| (0..x.len()).map(move |j| (i, j))).filter(|(i, j)| i != j);
    let others: f64 = pairs().map(|(i, j)| w[i] * w[j]).sum();
    let bracket = 1.0 - alpha + if x.len() == 1 { 0.0 } else { alpha / others };
    let spread: f64 = pairs().map(|(i, j)| w[i] * w[j] * (x[i] - x[j]).abs()).sum();
    let skill: f64 = x.iter().zip(&w).map(|(x, w)| w * (x - y).abs()).sum();
    let mut slopes: Vec<f64> = x.iter().zip(&w).map(|(x, w)| w * sign(x - y)).collect();
    let of_target = -slopes.iter().sum::<f64>();
    for (i, j) in pairs() {
        slopes[i] -= bracket * w[i] * w[j] * sign(x[i] - x[j]);
    }
    (skill - bracket * spread / 2.0, slopes, of_target)
}

#[derive(Debug, Clone)]
struct Given {
    members: Vec<f64>,
    target: Vec<f64>,
    weights: Option<Vec<f64>>,
    alpha: f64,
}

impl Given {
    fn count(&self) -> usize {
        self.members.len() / self.target.len()
    }

    fn weights(&self, point: usize) -> Vec<f64> {
        let count = self.count();
        match &self.weights {
            None => vec![1.0; count],
            Some(weights) if weights.len() == count => weights.clone(),
            Some(weights) => weights[point * count..(point + 1) * count].to_vec(),
        }
    }
}

/// Ensembles with ties among members and with what happened, of either layout, around any centre.
fn given() -> impl Strategy<Value = Given> {
    let members = prop_oneof![8 => 1..40_usize, 1 => 510..516_usize];
    let steps = prop::sample::select(vec![1.0, 4.0, 1e3]);
    let centre = prop::sample::select(vec![0.0, 1e5]);
    (members, 1..36_usize, steps, centre, 0..3_u8, 0.0..=1.0).prop_flat_map(
        |(count, points, steps, centre, weighted, alpha)| {
            let number = (-1.0..1.0).prop_map(move |x: f64| centre + (x * steps).round() / 4.0);
            let members = prop::collection::vec(number.clone(), count * points);
            let target = prop::collection::vec(number, points);
            let size = if weighted == 1 { count } else { count * points };
            let weights = prop::collection::vec(0.1..3.0, size);
            (members, target, weights).prop_map(move |(members, target, weights)| Given {
                members,
                target,
                weights: (weighted > 0).then_some(weights),
                alpha,
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn scores_and_slopes_are_sums_over_all_pairs(given in given()) {
        let Given { members, target, alpha, .. } = &given;
        let doubles = Ensembles { members, target, weights: given.weights.as_deref(), alpha: *alpha };
        let floats: Vec<f32> = members.iter().map(|&x| x as f32).collect();
        let floats = Ensembles { members: &floats, target, weights: given.weights.as_deref(), alpha: *alpha };
        let found = crps_slopes(&doubles).unwrap();
        let narrow = crps_slopes(&floats).unwrap();
        prop_assert_eq!(&found.values, &crps_ensemble(&doubles).unwrap());
        // Quarters are exact in single precision.
        prop_assert_eq!(&found.values, &narrow.values);
        for (point, &y) in target.iter().enumerate() {
            let range = point * given.count()..(point + 1) * given.count();
            let (value, slopes, of_target) = naive(&members[range.clone()], y, &given.weights(point), *alpha);
            // The plain sums of the oracle round at each of their terms.
            let rounding = 1e-13 * given.count() as f64 * (10.0 + value.abs());
            prop_assert!((found.values[point] - value).abs() <= rounding, "{} {value}", found.values[point]);
            prop_assert!((found.target[point] - of_target).abs() <= 1e-12);
            prop_assert!((f64::from(narrow.target[point]) - of_target).abs() <= 1e-6);
            for ((slope, wide), narrow) in slopes.iter().zip(&found.members[range.clone()]).zip(&narrow.members[range]) {
                prop_assert!((slope - wide).abs() <= 1e-12, "{slope} {wide}");
                prop_assert!((slope - f64::from(*narrow)).abs() <= 1e-6, "{slope} {narrow}");
            }
        }
    }

    #[test]
    fn powers_of_two_scale_scores_exactly(given in given(), exponent in -900..900_i32) {
        let factor = 2.0_f64.powi(exponent);
        let of = |factor: f64| {
            let members: Vec<f64> = given.members.iter().map(|x| x * factor).collect();
            let target: Vec<f64> = given.target.iter().map(|x| x * factor).collect();
            let weights = given.weights.as_deref();
            crps_slopes(&Ensembles { members: &members, target: &target, weights, alpha: given.alpha }).unwrap()
        };
        let (one, scaled) = (of(1.0), of(factor));
        prop_assert_eq!(one.members, scaled.members);
        prop_assert_eq!(one.target, scaled.target);
        prop_assert_eq!(one.values.iter().map(|value| value * factor).collect::<Vec<_>>(), scaled.values);
    }
}

#[test]
fn one_heavy_member_keeps_the_score_finite_and_heavy_weights_do_not_overflow() {
    let score = |members: &[f64], weights: &[f64]| {
        let weights = Some(weights);
        crps_slopes(&Ensembles { members, target: &[0.0], weights, alpha: 1.0 }).unwrap()
    };
    for light in [1e-30, 1e-300, 5e-324] {
        let found = score(&[1.0, 5.0], &[1.0, light]);
        assert_eq!(found.values, [-1.0]); // 1 - |5 - 1| / 2
        assert_eq!(found.members, [1.5, -0.5]);
    }
    assert_eq!(score(&[1.0, 5.0], &[1.7e308; 2]), score(&[1.0, 5.0], &[1.0; 2]));
    assert_eq!(score(&[1.0, 5.0], &[5e-324; 2]), score(&[1.0, 5.0], &[1.0; 2]));
}

#[test]
fn what_is_not_finite_stays_so() {
    for (members, target) in [([f64::NAN, 1.0], 0.0), ([2.0, 1.0], f64::NAN)] {
        for weights in [None, Some(&[1.0, 2.0][..])] {
            let given = Ensembles { members: &members, target: &[target], weights, alpha: 1.0 };
            let found = crps_slopes(&given).unwrap();
            assert!(found.values[0].is_nan() && found.target[0].is_nan());
            assert!(found.members.iter().all(|slope| slope.is_nan()));
        }
    }
    for members in [[f64::INFINITY, 1.0], [1e308, 1e308], [-1.7e308, 1.7e308]] {
        let given = Ensembles { members: &members, target: &[-1e308], weights: None, alpha: 0.5 };
        assert!(!crps_ensemble(&given).unwrap()[0].is_finite());
    }
}

/// The score of a point of vectors, and its derivatives.
fn naive_energy(given: &VectorEnsembles<'_, f64>, x: &[f64], y: &[f64]) -> (f64, Vec<f64>, Vec<f64>) {
    let VectorEnsembles { dim, alpha, beta, p, .. } = *given;
    let count = x.len() / dim;
    let power = |a: &[f64], b: &[f64]| {
        let gaps: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
        let most = gaps.iter().fold(0.0_f64, |most, gap| most.max(gap.abs()));
        if most == 0.0 {
            return (0.0, vec![0.0; dim]);
        }
        let length = if p.is_infinite() {
            most
        } else {
            most * gaps.iter().map(|gap| (gap.abs() / most).powf(p)).sum::<f64>().powf(1.0 / p)
        };
        let slope = |gap: &f64| {
            let share = if p.is_infinite() {
                f64::from(u8::from(gap.abs() == most))
            } else {
                (gap.abs() / length).powf(p - 1.0)
            };
            beta * length.powf(beta - 1.0) * share * sign(*gap)
        };
        (length.powf(beta), gaps.iter().map(slope).collect())
    };
    let members = count as f64;
    let factor = (members - 1.0 + alpha) / (members * members * (members - 1.0));
    let (mut score, mut slopes, mut of_target) = (0.0, vec![0.0; x.len()], vec![0.0; dim]);
    for (i, a) in x.chunks(dim).enumerate() {
        let (value, slope) = power(a, y);
        score += value / members;
        for axis in 0..dim {
            slopes[i * dim + axis] += slope[axis] / members;
            of_target[axis] -= slope[axis] / members;
        }
        for (_, b) in x.chunks(dim).enumerate().filter(|&(j, _)| j != i) {
            let (value, slope) = power(a, b);
            score -= factor * value / 2.0;
            for axis in 0..dim {
                slopes[i * dim + axis] -= factor * slope[axis];
            }
        }
    }
    (score, slopes, of_target)
}

type Vectors = (usize, Vec<f64>, Vec<f64>);

/// Vectors of either layout, some of them equal.
fn vectors() -> impl Strategy<Value = Vectors> {
    let dim = prop_oneof![3 => 1..7_usize, 1 => 15..36_usize];
    (dim, 1..7_usize, 1..19_usize).prop_flat_map(|(dim, count, points)| {
        let number = prop_oneof![2 => -3.0..3.0, 1 => Just(0.5)];
        let vector = prop_oneof![4 => prop::collection::vec(number, dim), 1 => Just(vec![0.25; dim])];
        let members = prop::collection::vec(vector.clone(), count * points);
        (Just(dim), members.prop_map(|rows| rows.concat()), {
            prop::collection::vec(vector, points).prop_map(|rows| rows.concat())
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn energy_scores_and_slopes_are_sums_over_all_pairs(
        (dim, members, target) in vectors(),
        alpha in 0.0..=1.0,
        beta in prop::sample::select(vec![0.3, 1.0, 1.9]),
        p in prop::sample::select(vec![1.0, 1.3, 1.5, 2.0, 3.0, 40.0, 1e9, f64::INFINITY]),
    ) {
        let given = VectorEnsembles { members: &members, target: &target, dim, alpha, beta, p };
        let found = energy_slopes(&given).unwrap();
        prop_assert_eq!(&found.values, &energy_score(&given).unwrap());
        let size = members.len() / (target.len() / dim);
        for (point, y) in target.chunks(dim).enumerate() {
            let range = point * size..(point + 1) * size;
            let (value, slopes, of_target) = naive_energy(&given, &members[range.clone()], y);
            prop_assert!((found.values[point] - value).abs() <= 1e-12 * (1.0 + value.abs()));
            // The slope of a huge power is a ratio near 1 to that power.
            let tolerance = if p > 1e3 { 1e-5 } else { 1e-11 };
            let wanted = slopes.iter().chain(&of_target);
            let got = found.members[range].iter().chain(&found.target[point * dim..(point + 1) * dim]);
            for (wanted, got) in wanted.zip(got) {
                prop_assert!((wanted - got).abs() <= tolerance * (1.0 + wanted.abs()), "{wanted} {got}");
            }
        }
    }
}

#[test]
fn energy_scores_of_any_scale_are_in_range() {
    let members: Vec<f64> = (0..24).map(|i| f64::from(i * i % 7) - 3.0).collect();
    let target = [0.5, -1.0, 2.0, 0.0];
    for p in [1.0, 1.5, 2.0, f64::INFINITY] {
        let of = |factor: f64| {
            let (members, target) = (members.iter().map(|x| x * factor), target.iter().map(|x| x * factor));
            let (members, target): (Vec<f64>, Vec<f64>) = (members.collect(), target.collect());
            let given =
                VectorEnsembles { members: &members, target: &target, dim: 2, alpha: 1.0, beta: 1.0, p };
            energy_slopes(&given).unwrap()
        };
        let one = of(1.0);
        for factor in [1e-300, 1e-170, 1e170, 1e300] {
            let scaled = of(factor);
            for (one, scaled) in one.values.iter().zip(&scaled.values) {
                assert!((one - scaled / factor).abs() < 1e-13);
            }
            for (one, scaled) in one.members.iter().zip(&scaled.members) {
                assert!((one - scaled).abs() < 1e-13);
            }
        }
        assert!(of(f64::INFINITY).values.iter().all(|value| value.is_nan()));
        assert!(of(f64::NAN).members.iter().all(|slope| slope.is_nan()));
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let numbers: Vec<f64> = (0..210_000_u64).map(|i| (i * 7919 % 10_007) as f64 / 10.0).collect();
    let target = &numbers[7..7 + 21_000];
    let weights = Some(&numbers[100..110]);
    let all = || {
        (
            crps_slopes(&Ensembles { members: &numbers, target, weights, alpha: 0.5 }).unwrap(),
            crps_slopes(&Ensembles { members: &numbers, target, weights: None, alpha: 0.5 }).unwrap(),
            energy_slopes(&VectorEnsembles {
                members: &numbers,
                target,
                dim: 2,
                alpha: 0.5,
                beta: 1.0,
                p: 2.0,
            })
            .unwrap(),
        )
    };
    set_num_threads(NonZeroUsize::new(1));
    let one = all();
    for threads in [2, 3] {
        set_num_threads(NonZeroUsize::new(threads));
        assert!(one == all());
    }
    set_num_threads(None);
}

#[test]
fn bad_input_is_refused() {
    let of = |members: &[f64], target: &[f64], weights: Option<&[f64]>, alpha: f64| {
        crps_ensemble(&Ensembles { members, target, weights, alpha }).unwrap_err()
    };
    let mismatch = |members, target| CrpsError::LengthMismatch { members, target };
    assert_eq!(of(&[], &[], None, 0.0), mismatch(0, 0));
    assert_eq!(of(&[], &[1.0], None, 0.0), mismatch(0, 1));
    assert_eq!(of(&[1.0; 3], &[1.0; 2], None, 0.0), mismatch(3, 2));
    let weights = CrpsError::WeightsMismatch { weights: 3, members: 4 };
    assert_eq!(of(&[1.0; 4], &[1.0; 2], Some(&[1.0; 3]), 0.0), weights);
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(of(&[1.0; 4], &[1.0; 2], Some(&[1.0, bad]), 0.0), CrpsError::BadWeight { index: 1 });
        let vectors = |alpha, beta, p| {
            energy_score(&VectorEnsembles { members: &[1.0; 4], target: &[1.0; 2], dim: 2, alpha, beta, p })
        };
        assert_eq!(vectors(0.0, bad, 2.0), Err(CrpsError::BadOption { name: "beta" }));
        if bad != f64::INFINITY {
            assert_eq!(vectors(0.0, 1.0, bad), Err(CrpsError::BadOption { name: "p" }));
        }
        if bad != 0.0 {
            assert_eq!(vectors(bad, 1.0, 2.0), Err(CrpsError::BadOption { name: "alpha" }));
            assert_eq!(of(&[1.0], &[1.0], None, bad), CrpsError::BadOption { name: "alpha" });
        }
    }
    let vectors =
        VectorEnsembles { members: &[1.0; 4], target: &[1.0; 2], dim: 3, alpha: 0.0, beta: 1.0, p: 2.0 };
    assert_eq!(energy_score(&vectors), Err(mismatch(4, 2)));
    assert_eq!(energy_score(&VectorEnsembles { dim: 0, ..vectors }), Err(mismatch(4, 2)));
}
