//! The ranking kernels on input that is made to break them: sizes around every threshold, ties across borders,
//! densities that defeat a careless cut. The oracle sorts with the standard library and walks tie groups.

#![allow(missing_docs, clippy::unwrap_used)]

use lossary_core::auc::{Auc, roc_auc, weighted_roc_auc};
use lossary_core::curves::{average_precision, curve, weighted_average_precision, weighted_curve};
use lossary_core::keys::Score;
use lossary_core::threads::set_num_threads;
use proptest::prelude::*;
use std::num::NonZeroUsize;

/// Scores with their labels.
type Labelled<S> = (Vec<S>, Vec<u8>);

/// O(n log n), independent of the kernels.
struct Sorted<S>(Vec<(S, bool)>);

impl<S: Score> Sorted<S> {
    fn new(scores: &[S], labels: &[u8]) -> Self {
        let mut pairs: Vec<(S, bool)> =
            scores.iter().zip(labels).map(|(&s, &label)| (s, label != 0)).collect();
        pairs.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap());
        Self(pairs)
    }

    /// Positives and negatives of each tie group, ascending.
    fn groups(&self) -> impl DoubleEndedIterator<Item = (S, u64, u64)> {
        self.0.chunk_by(|a, b| a.0 == b.0).map(|group| {
            let positives = group.iter().filter(|pair| pair.1).count() as u64;
            (group[0].0, positives, group.len() as u64 - positives)
        })
    }

    fn auc(&self) -> Auc {
        let mut counts = Auc::default();
        for (_, positives, negatives) in self.groups() {
            counts.twice_wins += u128::from(positives) * u128::from(2 * counts.negatives + negatives);
            counts.positives += positives;
            counts.negatives += negatives;
        }
        counts
    }

    fn points(&self) -> Vec<(f64, f64, f64)> {
        let (mut fp, mut tp) = (0, 0);
        let groups = self.groups().rev();
        groups
            .map(|(score, positives, negatives)| {
                (tp, fp) = (tp + positives, fp + negatives);
                (S::value(score.key()), fp as f64, tp as f64)
            })
            .collect()
    }

    fn average_precision(&self) -> Option<f64> {
        let points = self.points();
        let positives = points.last().unwrap().2;
        let mut before = 0.0;
        let areas = points.iter().map(|&(_, fp, tp)| {
            let step = tp - std::mem::replace(&mut before, tp);
            step * (tp / (tp + fp))
        });
        let area: f64 = areas.sum();
        (positives > 0.0).then(|| area / positives)
    }
}

fn check<S: Score>(name: &str, scores: &[S], labels: &[u8]) {
    let sorted = Sorted::new(scores, labels);
    assert_eq!(roc_auc(scores, labels).unwrap(), sorted.auc(), "{name}");
    let curve = curve(scores, labels).unwrap();
    let ours = curve.thresholds.iter().zip(&curve.false_positives).zip(&curve.true_positives);
    let ours: Vec<_> = ours.map(|((&threshold, &fp), &tp)| (threshold, fp, tp)).collect();
    assert!(ours == sorted.points(), "{name}");
    let (ours, wanted) = (average_precision(scores, labels).unwrap(), sorted.average_precision());
    assert_eq!(ours.is_some(), wanted.is_some(), "{name}");
    if let (Some(ours), Some(wanted)) = (ours, wanted) {
        assert!((ours - wanted).abs() <= 1e-12 * wanted, "{name}: {ours} {wanted}");
    }
}

/// As doubles, floats and integers.
fn check_types(name: &str, scores: &[f64], labels: &[u8]) {
    check(name, scores, labels);
    check(&format!("{name} f32"), &scores.iter().map(|&score| score as f32).collect::<Vec<_>>(), labels);
    check(&format!("{name} i64"), &scores.iter().map(|&score| score as i64).collect::<Vec<_>>(), labels);
    check(&format!("{name} u8"), &scores.iter().map(|&score| score as u8).collect::<Vec<_>>(), labels);
}

/// Uniform on [0, 1), the same in every run.
fn noise(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..count).map(|_| next()).collect()
}

fn labels(count: usize) -> Vec<u8> {
    noise(count, 99).into_iter().map(|x| if x < 0.3 { 255 } else { 0 }).collect()
}

/// A score from two uniform numbers and the position.
type Form = fn(f64, f64, usize) -> f64;

/// Densities by name.
fn shapes() -> Vec<(&'static str, Form)> {
    vec![
        ("uniform", |x, _, _| x),
        ("centred", |x, _, _| x - 0.5),
        ("negative", |x, _, _| -x),
        ("scaled", |x, _, _| (x - 0.3) * 1e4),
        ("two values", |x, _, _| (x * 2.0).floor()),
        ("signed zeros", |x, _, i| if x < 0.4 { [0.0, -0.0][i % 2] } else { x - 0.7 }),
        ("hundred values", |x, _, _| (x * 100.0).round() / 100.0),
        ("half precision", |x, y, _| f64::from_bits(((x - 0.5) * (y + 0.1)).to_bits() >> 42 << 42)),
        ("many values", |x, _, _| (x * 5e4).round() / 1e5),
        ("half in one ulp range", |x, y, _| if x < 0.5 { 1.0 + (y * 4.0).floor() * f64::EPSILON } else { x }),
        ("half tied", |x, y, _| if x < 0.5 { 0.25 } else { y }),
        ("half zero", |x, y, _| if x < 0.5 { 0.0 } else { y - 0.5 }),
        ("one outlier", |x, _, i| if i == 7 { 1e300 } else { x * 1e-9 + 1.0 }),
        ("outliers on both sides", |x, _, i| match i {
            5 => f64::NEG_INFINITY,
            6 => f64::INFINITY,
            _ => x - 0.5,
        }),
        ("wide", |x, y, _| (y - 0.5) * 10.0_f64.powf(60.0 * (x - 0.5))),
        ("wider", |x, y, _| (y - 0.5) * 10.0_f64.powf(600.0 * (x - 0.5))),
        ("denormal", |x, _, _| f64::from_bits((x * 1e6) as u64)),
        ("denormal and normal", |x, y, _| if y < 0.5 { f64::from_bits((x * 1e6) as u64) } else { -x }),
        ("consecutive", |x, _, _| f64::from_bits(0x3FF0_0000_0000_0000 + (x * 1e5) as u64)),
        ("nested", |x, _, i| [0.0, 1.0][i % 2] + f64::EPSILON * 1e3 * x.powi(40)),
        ("rising", |_, _, i| i as f64),
        ("falling", |_, _, i| -(i as f64)),
        ("rising with a slip", |_, _, i| if i == 3 { 0.0 } else { i as f64 }),
        ("constant", |_, _, _| 2.5),
    ]
}

fn shape(count: usize, form: Form) -> Vec<f64> {
    let pairs = noise(count, 1).into_iter().zip(noise(count, 2));
    pairs.enumerate().map(|(index, (x, y))| form(x, y, index)).collect()
}

#[test]
fn every_density_at_every_size() {
    for count in [1, 2, 15, 16, 17, 63, 64, 65, 129, 1000, 4096, 16_384, 16_385] {
        for (name, form) in shapes() {
            check_types(&format!("{name} {count}"), &shape(count, form), &labels(count));
        }
    }
}

#[test]
fn one_two_and_three_threads_agree_in_every_bit() {
    let count = 3 * (1 << 16) + 17; // one part for each of three threads
    for (name, form) in shapes().into_iter().step_by(6) {
        let (scores, labels) = (shape(count, form), labels(count));
        let narrow: Vec<f32> = scores.iter().map(|&score| score as f32).collect();
        let results = [1, 2, 3, 7].map(|threads| {
            set_num_threads(NonZeroUsize::new(threads));
            let precisions = [average_precision(&scores, &labels), average_precision(&narrow, &labels)];
            let bits = precisions.map(|precision| precision.unwrap().map(f64::to_bits));
            (roc_auc(&scores, &labels).unwrap(), curve(&narrow, &labels).unwrap(), bits)
        });
        set_num_threads(None);
        assert!(results[0] == results[1] && results[0] == results[2], "{name}");
        check(name, &scores, &labels);
    }
}

#[test]
fn a_bucket_with_more_entries_in_a_bin_than_its_counter_holds() {
    // 2^16 ties would carry into the counter of positives.
    for ties in [(1 << 16) - 1, 1 << 16, (1 << 16) + 1, 1 << 17] {
        let mut scores = noise(1000, 3);
        scores.extend(vec![0.5; ties]);
        scores.extend([f64::from_bits(0.5_f64.to_bits() + 1); 100]);
        check_types("ties", &scores, &labels(scores.len()));
    }
}

#[test]
fn few_values_until_one_more_is_too_many() {
    // What evenly spread scores, the sample, do not tell: late in the input the values are others, or more.
    let count = 150_000;
    for (name, form) in [
        ("few", (|x, _, _| (x * 50.0).floor() / 7.0) as Form),
        ("few, then one that shares a bin", |x, _, i| {
            if i == 149_999 { 0.5 + f64::EPSILON } else { (x * 4.0).floor() / 2.0 }
        }),
        ("few, then many", |x, y, i| if i < 75_000 || i % 36 == 0 { (x * 50.0).floor() / 7.0 } else { y }),
        ("as many as the table takes", |x, _, _| (x * 65_536.0).floor() / 3.0),
        ("half of them few", |x, y, i| if i % 2 == 0 { (x * 50.0).floor() / 7.0 } else { y }),
    ] {
        check_types(name, &shape(count, form), &labels(count));
    }
}

#[test]
fn the_highest_and_the_lowest_integers() {
    let mut wide: Vec<i64> = noise(5000, 4).into_iter().map(|x| ((x - 0.5) * 1.9e19) as i64).collect();
    wide.extend([i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX]);
    check("i64", &wide, &labels(wide.len()));
    check("i64, negative", &wide.iter().map(|&x| x | i64::MIN).collect::<Vec<_>>(), &labels(wide.len()));
    check(
        "i64, at the top",
        &wide.iter().map(|&x| i64::MAX - (x & 0xFFF)).collect::<Vec<_>>(),
        &labels(wide.len()),
    );
    let unsigned: Vec<u32> = wide.iter().map(|&x| (x >> 32) as u32).collect();
    check("u32", &unsigned, &labels(unsigned.len()));
    check(
        "u32, at the top",
        &unsigned.iter().map(|&x| u32::MAX - (x & 0xFFF)).collect::<Vec<_>>(),
        &labels(unsigned.len()),
    );
}

#[test]
fn one_positive_or_one_negative_among_many() {
    let count = 70_000;
    let scores = shape(count, |x, _, _| x);
    for place in [0, count - 1] {
        let mut one = vec![0; count];
        one[place] = 1;
        check_types("one positive", &scores, &one);
        check_types("one negative", &scores, &one.iter().map(|label| 1 - label).collect::<Vec<_>>());
    }
    check_types("no positive", &scores, &vec![0; count]);
    check_types("no negative", &scores, &vec![1; count]);
}

/// Integers as weights, some negative, times a power of two: the oracle adds them as integers.
fn check_weights<S: Score>(name: &str, scores: &[S], labels: &[u8], weights: &[i64], unit: f64) {
    let weighed: Vec<f64> = weights.iter().map(|&weight| weight as f64 * unit).collect();
    let mut samples: Vec<_> =
        scores.iter().zip(labels).zip(weights).filter(|(_, weight)| **weight != 0).collect();
    samples.sort_by(|a, b| a.0.0.partial_cmp(b.0.0).unwrap());
    let (mut twice_wins, mut positives, mut negatives, mut turns_back) = (0_i128, 0_i128, 0_i128, false);
    let mut groups = Vec::new();
    for group in samples.chunk_by(|a, b| a.0.0 == b.0.0) {
        let sum = |positive| -> i128 {
            let own = group.iter().filter(|((_, label), _)| (**label != 0) == positive);
            own.map(|(_, weight)| i128::from(**weight)).sum()
        };
        twice_wins += sum(true) * (2 * negatives + sum(false));
        positives += sum(true);
        negatives += sum(false);
        turns_back |= sum(false) < 0;
        groups.push((S::value(group[0].0.0.key()), sum(false), sum(true)));
    }
    let auc = weighted_roc_auc(scores, labels, &weighed).unwrap();
    assert_eq!(auc.turns_back, turns_back, "{name}");
    assert_eq!(auc.value().is_some(), positives > 0 && negatives > 0, "{name}");
    if let Some(value) = auc.value() {
        let wanted = twice_wins as f64 / (2 * positives * negatives) as f64;
        assert!((value - wanted).abs() <= 8.0 * f64::EPSILON * wanted.abs(), "{name}: {value} {wanted}");
    }
    let curve = weighted_curve(scores, labels, &weighed).unwrap();
    let (mut fp, mut tp) = (0, 0);
    let mut precisions = 0.0;
    for (point, (score, negative, positive)) in groups.into_iter().rev().enumerate() {
        (fp, tp) = (fp + negative, tp + positive);
        let ours = (curve.thresholds[point], curve.false_positives[point], curve.true_positives[point]);
        assert_eq!(ours, (score, fp as f64 * unit, tp as f64 * unit), "{name}");
        precisions += if fp + tp == 0 { 0.0 } else { positive as f64 * (tp as f64 / (fp + tp) as f64) };
    }
    let precision = weighted_average_precision(scores, labels, &weighed).unwrap();
    assert_eq!(precision.is_some(), positives != 0, "{name}");
    if let Some(ours) = precision {
        let wanted = precisions / positives as f64;
        assert!((ours - wanted).abs() <= 1e-9 * wanted.abs().max(1.0), "{name}: {ours} {wanted}");
    }
}

#[test]
fn integer_weights_at_every_scale_add_up_exactly() {
    for count in [1, 5, 100, 5000, 20_000] {
        for (name, form) in shapes() {
            let (scores, labels) = (shape(count, form), labels(count));
            let narrow: Vec<f32> = scores.iter().map(|&score| score as f32).collect();
            let uniform = noise(count, 5);
            let small: Vec<i64> = uniform.iter().map(|x| 1 + (x * 4.0) as i64).collect();
            let large: Vec<i64> = uniform.iter().map(|x| 1 + (x * 2.0_f64.powi(36)) as i64).collect();
            check_weights(&format!("{name} {count}"), &scores, &labels, &small, 1.0);
            check_weights(&format!("{name} {count} f32"), &narrow, &labels, &small, 2.0_f64.powi(900));
            check_weights(&format!("{name} {count} large"), &narrow, &labels, &large, 2.0_f64.powi(-40));
            let signed: Vec<i64> = large.iter().map(|weight| weight % 1000 - 20).collect();
            if signed.iter().any(|&weight| weight != 0) {
                check_weights(
                    &format!("{name} {count} signed"),
                    &scores,
                    &labels,
                    &signed,
                    2.0_f64.powi(-1000),
                );
            }
        }
    }
}

#[test]
fn no_order_of_weighted_samples_and_no_number_of_threads_changes_a_bit() {
    let count = (1 << 17) + 5;
    let forms: [Form; 3] = [|x, _, _| x - 0.5, |x, _, _| (x * 1000.0).floor(), |_, _, _| 1.0];
    // Far and farthest: weights whose sums no integer of the kernel holds.
    let near: Vec<f64> = noise(count, 6);
    let far: Vec<f64> = near.iter().map(|x| x * 10.0_f64.powf(60.0 * (x - 0.5))).collect();
    let farthest: Vec<f64> = near.iter().map(|x| 10.0_f64.powf(600.0 * (x - 0.5))).collect();
    let subnormal: Vec<f64> = near.iter().map(|x| (x * 1e6).floor() * 5e-324).collect();
    let signed: Vec<f64> = near.iter().map(|x| x - 0.1).collect();
    for form in forms {
        for weights in [&near, &far, &farthest, &subnormal, &signed] {
            let (scores, labels) = (shape(count, form), labels(count));
            let results = [1, 2, 3, 7].map(|threads| {
                set_num_threads(NonZeroUsize::new(threads));
                let turn = |values: &[f64]| [&values[threads * 1000..], &values[..threads * 1000]].concat();
                let labels = [&labels[threads * 1000..], &labels[..threads * 1000]].concat();
                let (scores, weights) = (turn(&scores), turn(weights));
                let area = weighted_roc_auc(&scores, &labels, &weights).unwrap().value();
                let precision = weighted_average_precision(&scores, &labels, &weights).unwrap();
                let curve = weighted_curve(&scores, &labels, &weights).unwrap();
                (area.map(f64::to_bits), precision.map(f64::to_bits), curve)
            });
            set_num_threads(None);
            assert!(results.iter().all(|result| *result == results[0]));
        }
    }
}

#[test]
fn the_weights_of_a_class_may_be_of_any_size() {
    for count in [50, 3000, 20_000] {
        let scores = shape(count, |x, _, _| (x * 1e4).floor());
        let labels = labels(count);
        let wanted = roc_auc(&scores, &labels).unwrap().value().unwrap();
        for (negative, positive) in [(1.0, 1.0), (1e300, 1e-300), (5e-324, 1e308), (0.1, 3e-310)] {
            let weights: Vec<f64> =
                labels.iter().map(|&label| if label == 0 { negative } else { positive }).collect();
            let value = weighted_roc_auc(&scores, &labels, &weights).unwrap().value().unwrap();
            assert!((value - wanted).abs() <= 2.0 * f64::EPSILON, "{negative} {positive}: {value} {wanted}");
        }
    }
}

/// Runs of near and equal numbers: ties, and what almost ties, on both sides of every border.
fn crowds() -> impl Strategy<Value = Labelled<f64>> {
    let run = (any::<i32>(), -40..40_i32, 1..400_usize, 0..6_u32, any::<u64>());
    prop::collection::vec(run, 1..12).prop_map(|runs| {
        let mut samples = Vec::new();
        for (mantissa, exponent, length, spread, seed) in runs {
            let centre = f64::from(mantissa) * 2.0_f64.powi(exponent);
            let steps = 1_u64 << (spread * 10);
            for (index, x) in noise(length, seed).into_iter().enumerate() {
                let score = f64::from_bits(centre.to_bits().wrapping_add((x * steps as f64) as u64));
                let score = if score.is_nan() { centre } else { score };
                samples.push((score, (index as u64 * 7 + seed) % 3));
            }
        }
        samples.into_iter().map(|(score, label)| (score, u8::from(label == 0))).unzip()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn crowds_are_counted_exactly((scores, labels) in crowds()) {
        check_types("crowds", &scores, &labels);
    }

    #[test]
    fn the_order_of_the_samples_changes_no_bit((scores, labels) in crowds(), shift in any::<usize>()) {
        let turn = |count: usize| shift % count;
        let (mut turned, mut turned_labels) = (scores.clone(), labels.clone());
        turned.rotate_left(turn(scores.len()));
        turned_labels.rotate_left(turn(labels.len()));
        prop_assert_eq!(roc_auc(&scores, &labels).unwrap(), roc_auc(&turned, &turned_labels).unwrap());
        let precision = average_precision(&scores, &labels).unwrap().map(f64::to_bits);
        prop_assert_eq!(precision, average_precision(&turned, &turned_labels).unwrap().map(f64::to_bits));
    }
}
