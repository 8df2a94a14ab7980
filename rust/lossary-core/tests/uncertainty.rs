//! Variances of areas against the definition over all pairs, and invariants of the bootstrap.

#![allow(missing_docs, clippy::unwrap_used)]

use lossary_core::auc::{roc_auc, weighted_roc_auc};
use lossary_core::bootstrap::{Bootstrap, BootstrapError, Draws};
use lossary_core::curves::{average_precision, weighted_average_precision};
use lossary_core::delong::{Delong, DelongError, Tied, delong, delong_of_counts};
use lossary_core::functionals::{AveragePrecision, RocAuc};
use lossary_core::placements::Comparison;
use lossary_core::ranking::RankingError;
use lossary_core::resampling::{Resampler, ResamplingError, Scheme, resample_mean};
use lossary_core::threads::set_num_threads;
use proptest::prelude::*;
use std::num::NonZeroUsize;

/// Area and covariance of two score vectors from all pairs, weighted; the definition.
fn naive(first: &[f64], second: &[f64], labels: &[u8], weights: &[f64]) -> (f64, f64) {
    let win = |a: f64, b: f64| f64::from(u8::from(a > b)) + 0.5 * f64::from(u8::from(a == b));
    let class = |label: u8| -> Vec<usize> { (0..labels.len()).filter(|&i| labels[i] == label).collect() };
    let (positives, negatives) = (class(1), class(0));
    let mass = |class: &[usize]| class.iter().map(|&i| weights[i]).sum::<f64>();
    let of_positive = |scores: &[f64], i: usize| {
        negatives.iter().map(|&j| weights[j] * win(scores[i], scores[j])).sum::<f64>() / mass(&negatives)
    };
    let of_negative = |scores: &[f64], j: usize| {
        positives.iter().map(|&i| weights[i] * win(scores[i], scores[j])).sum::<f64>() / mass(&positives)
    };
    let area = |scores: &[f64]| {
        positives.iter().map(|&i| weights[i] * of_positive(scores, i)).sum::<f64>() / mass(&positives)
    };
    let (area_1, area_2) = (area(first), area(second));
    let part = |class: &[usize], placement: &dyn Fn(&[f64], usize) -> f64| {
        let terms = class
            .iter()
            .map(|&i| weights[i].powi(2) * (placement(first, i) - area_1) * (placement(second, i) - area_2));
        let size = mass(class).powi(2) / class.iter().map(|&i| weights[i].powi(2)).sum::<f64>();
        terms.sum::<f64>() / mass(class).powi(2) * size / (size - 1.0)
    };
    (area_1, part(&positives, &of_positive) + part(&negatives, &of_negative))
}

fn close(ours: f64, wanted: f64) -> bool {
    (ours - wanted).abs() <= 1e-12 * wanted.abs().max(1e-3)
}

/// Scores of two vectors, labels with two of each class at least, and weights.
fn samples() -> impl Strategy<Value = (Vec<f64>, Vec<f64>, Vec<u8>, Vec<f64>)> {
    let score = || prop_oneof![(-3..3).prop_map(f64::from), -1e300..1e300, Just(-0.0)];
    let sample = (score(), score(), 0..2_u8, 0.25..4.0);
    prop::collection::vec(sample, 4..30).prop_map(|mut samples| {
        for (sample, label) in samples.iter_mut().zip([0, 0, 1, 1]) {
            sample.2 = label;
        }
        let labels = samples.iter().map(|sample| sample.2).collect();
        let weights = samples.iter().map(|sample| sample.3).collect();
        let (first, second) = samples.into_iter().map(|sample| (sample.0, sample.1)).unzip();
        (first, second, labels, weights)
    })
}

fn compared(vectors: &[&[f64]], labels: &[u8], weights: Option<&[f64]>) -> Delong {
    let mut comparison = Comparison::new(labels, weights).unwrap();
    vectors.iter().for_each(|scores| comparison.add(scores).unwrap());
    comparison.delong()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn covariance_is_that_of_all_pairs((first, second, labels, weights) in samples()) {
        let ones = vec![1.0; labels.len()];
        for (given, used) in [(None, &ones), (Some(weights.as_slice()), &weights)] {
            let delong = compared(&[&first, &second], &labels, given);
            let covariance = delong.covariance();
            prop_assert_eq!(covariance[1], covariance[2]);
            for (index, (a, b)) in [(&first, &first), (&first, &second), (&second, &second)].iter().enumerate() {
                let (area, wanted) = naive(a, b, &labels, used);
                prop_assert!(close(covariance[[0, 1, 3][index]], wanted), "{} {}", covariance[index], wanted);
                prop_assert!(close(delong.areas[index / 2], area));
            }
        }
    }

    #[test]
    fn one_vector_alone_gives_the_same_bits((first, second, labels, _) in samples()) {
        let both = compared(&[&first, &second], &labels, None);
        let alone = delong(&first, &labels).unwrap();
        prop_assert_eq!(alone.areas[0], roc_auc(&first, &labels).unwrap().value().unwrap());
        prop_assert_eq!(alone.areas[0], both.areas[0]);
        prop_assert_eq!(alone.covariance()[0], both.covariance()[0]);
    }

    #[test]
    fn equal_weights_change_nothing((first, second, labels, _) in samples(), weight in 1e-300..1e300) {
        let plain = compared(&[&first, &second], &labels, None);
        let weighted = compared(&[&first, &second], &labels, Some(&vec![weight; labels.len()]));
        for (ours, wanted) in weighted.covariance().iter().zip(plain.covariance()) {
            prop_assert!(close(*ours, wanted));
        }
        prop_assert!(close(weighted.positives, plain.positives));
    }

    #[test]
    fn integer_weights_have_the_area_of_repeated_samples((first, _, labels, weights) in samples()) {
        let whole: Vec<f64> = weights.iter().map(|weight| weight.ceil()).collect();
        let repeat = |index: usize| std::iter::repeat_n(index, whole[index] as usize);
        let rows: Vec<usize> = (0..labels.len()).flat_map(repeat).collect();
        let scores: Vec<f64> = rows.iter().map(|&row| first[row]).collect();
        let repeated: Vec<u8> = rows.iter().map(|&row| labels[row]).collect();
        let weighted = compared(&[&first], &labels, Some(&whole));
        prop_assert!(close(weighted.areas[0], roc_auc(&scores, &repeated).unwrap().value().unwrap()));
        // Copies tell nothing new: the variance is not that of the longer data, which is smaller.
        prop_assert!(weighted.covariance()[0] >= delong(&scores, &repeated).unwrap().covariance()[0] * 0.999);
    }

    #[test]
    fn resamples_are_the_metric_of_repeated_samples((first, second, labels, weights) in samples(), seed: u64) {
        // Rows are numbered from the highest score down, positives first among ties:
        // here the input is in that order.
        let mut order: Vec<usize> = (0..labels.len()).collect();
        order.sort_by(|&a, &b| first[b].partial_cmp(&first[a]).unwrap().then(labels[b].cmp(&labels[a])));
        let by_row = |column: &[f64]| order.iter().map(|&row| column[row]).collect::<Vec<_>>();
        let (second, weights, first) = (by_row(&second), by_row(&weights), by_row(&first));
        let labels: Vec<u8> = order.iter().map(|&row| labels[row]).collect();
        let clusters: Vec<u32> = (0..labels.len() as u32).map(|row| row / 3).collect();
        let classes: Vec<u32> = labels.iter().map(|&label| u32::from(label)).collect();
        for (draws, scheme) in [
            (Draws::Samples, Scheme::Rows),
            (Draws::WithinClasses, Scheme::Strata(&classes)),
            (Draws::Clusters(&clusters), Scheme::Clusters(&clusters)),
        ] {
            let resampler = Resampler::new(labels.len(), scheme).unwrap();
            let mut plain = Bootstrap::new(&first, &labels, None, draws).unwrap();
            plain.add(&second).unwrap();
            let mut weighted = Bootstrap::new(&first, &labels, Some(&weights), draws).unwrap();
            weighted.add(&second).unwrap();
            let ours = plain.resample(&RocAuc, 8, seed);
            let ours_weighted = weighted.resample(&AveragePrecision, 8, seed);
            for resample in 0..8 {
                let mut counts = vec![0; labels.len()];
                resampler.draw(seed, resample as u64, &mut counts);
                let rows: Vec<usize> =
                    (0..labels.len()).flat_map(|row| std::iter::repeat_n(row, usize::from(counts[row]))).collect();
                let labels: Vec<u8> = rows.iter().map(|&row| labels[row]).collect();
                for (vector, column) in [&first, &second].into_iter().enumerate() {
                    let column: Vec<f64> = rows.iter().map(|&row| column[row]).collect();
                    let area = roc_auc(&column, &labels).unwrap().value();
                    prop_assert!(close(ours[2 * resample + vector], area.unwrap_or(f64::NAN)) || area.is_none());
                    prop_assert_eq!(ours[2 * resample + vector].is_nan(), area.is_none());
                    let weights: Vec<f64> = rows.iter().map(|&row| weights[row]).collect();
                    let mean = weighted_average_precision(&column, &labels, &weights).unwrap();
                    let ours = ours_weighted[2 * resample + vector];
                    prop_assert!(mean.map_or(ours.is_nan(), |mean| close(ours, mean)));
                }
            }
        }
    }

    #[test]
    fn jackknife_leaves_out_one_sample((first, second, labels, weights) in samples()) {
        for weights in [None, Some(weights.as_slice())] {
            let mut bootstrap = Bootstrap::new(&first, &labels, weights, Draws::Samples).unwrap();
            bootstrap.add(&second).unwrap();
            let mut ours = bootstrap.jackknife(&RocAuc, 0).chunks(2).map(|pair| pair[1]).collect::<Vec<_>>();
            let mut means = bootstrap.jackknife(&AveragePrecision, 0).chunks(2).map(|pair| pair[1]).collect::<Vec<_>>();
            let without = |left_out: usize| {
                let keep = |index: &usize| *index != left_out;
                let rows: Vec<usize> = (0..labels.len()).filter(keep).collect();
                let scores: Vec<f64> = rows.iter().map(|&row| second[row]).collect();
                let labels: Vec<u8> = rows.iter().map(|&row| labels[row]).collect();
                let weights: Option<Vec<f64>> = weights.map(|all| rows.iter().map(|&row| all[row]).collect());
                match &weights {
                    None => (
                        roc_auc(&scores, &labels).unwrap().value().unwrap(),
                        average_precision(&scores, &labels).unwrap().unwrap(),
                    ),
                    Some(weights) => (
                        weighted_roc_auc(&scores, &labels, weights).unwrap().value().unwrap(),
                        weighted_average_precision(&scores, &labels, weights).unwrap().unwrap(),
                    ),
                }
            };
            let (mut areas, mut precisions): (Vec<f64>, Vec<f64>) = (0..labels.len()).map(without).unzip();
            for values in [&mut ours, &mut means, &mut areas, &mut precisions] {
                values.sort_by(f64::total_cmp);
            }
            prop_assert!(ours.iter().zip(&areas).all(|(ours, wanted)| close(*ours, *wanted)));
            prop_assert!(means.iter().zip(&precisions).all(|(ours, wanted)| close(*ours, *wanted)));
        }
    }
}

/// `count` scores of about `distinct` values and labels, from a fixed stream.
fn drawn(count: usize, distinct: u32) -> (Vec<f64>, Vec<u8>) {
    let mut random = lossary_core::random::Random::stream(3, u64::from(distinct));
    let sample = |_| (f64::from(random.below(distinct)), (random.below(10) < 3) as u8);
    (0..count).map(sample).unzip()
}

#[test]
fn everything_has_the_same_bits_for_any_number_of_threads() {
    for distinct in [50, u32::MAX] {
        let (scores, labels) = drawn(132_000, distinct);
        let (others, _) = drawn(132_000, distinct - 1);
        let weights: Vec<f64> = others.iter().map(|score| 0.5 + score / f64::from(distinct)).collect();
        let mut seen = Vec::new();
        for threads in 1..=3 {
            set_num_threads(NonZeroUsize::new(threads));
            let mut bootstrap = Bootstrap::new(&scores, &labels, Some(&weights), Draws::Samples).unwrap();
            bootstrap.add(&others).unwrap();
            seen.push((
                compared(&[&scores, &others], &labels, None),
                compared(&[&scores, &others], &labels, Some(&weights)),
                delong(&scores, &labels).unwrap(),
                bootstrap.resample(&RocAuc, 20, 1),
                bootstrap.resample(&AveragePrecision, 3, 1),
            ));
        }
        set_num_threads(None);
        assert!(seen.iter().all(|each| *each == seen[0]));
    }
}

#[test]
fn a_billion_samples_stay_exact() {
    // Three scores; the definition in integers, as fractions of 128-bit numbers.
    let (a, b, c) = ((400_000_001_u64, 100_000_003_u64), (3, 250_000_000), (99_999_999, 150_000_000));
    let tied = [a, b, c].map(|(positives, negatives)| Tied { positives, negatives });
    let delong = delong_of_counts(tied).unwrap();
    let positives = u128::from(a.0 + b.0 + c.0);
    let negatives = u128::from(a.1 + b.1 + c.1);
    let below = [0, u128::from(a.1), u128::from(a.1 + b.1)];
    let doubled: u128 = tied
        .iter()
        .zip(below)
        .map(|(t, below)| u128::from(t.positives) * (2 * below + u128::from(t.negatives)))
        .sum();
    assert_eq!(delong.areas[0], doubled as f64 / (2 * positives * negatives) as f64);
    // One pair more or less in 10^17 moves the sum, and the sums of squares do not cancel.
    let centre = doubled / positives; // doubled placements deviate from it by a fraction below one
    let spread: f64 = tied
        .iter()
        .zip(below)
        .map(|(t, below)| {
            let placement = (2 * below + u128::from(t.negatives)) as f64;
            t.positives as f64 * (placement - doubled as f64 / positives as f64).powi(2)
        })
        .sum();
    assert!(centre > 0);
    let wanted = spread / (positives * (positives - 1)) as f64 / (4 * negatives * negatives) as f64;
    assert!((delong.of_positives[0] / wanted - 1.0).abs() < 1e-12);
    let most = Tied { positives: u64::from(u32::MAX), negatives: 1 };
    assert!(matches!(
        delong_of_counts([most]),
        Err(DelongError::Ranking(RankingError::TooMany { scores: 0x1_0000_0000 }))
    ));
    let overflow = Tied { positives: u64::MAX, negatives: 2 };
    assert!(matches!(delong_of_counts([overflow, overflow]), Err(DelongError::Ranking(_))));
}

#[test]
fn the_largest_data_does_not_overflow() {
    let half = Tied { positives: 1 << 30, negatives: (1 << 30) - 1 };
    let delong = delong_of_counts([half, half]).unwrap();
    assert_eq!(delong.areas, [0.5]);
    let (low, high) =
        (Tied { positives: 0, negatives: (1 << 31) - 1 }, Tied { positives: 1 << 31, negatives: 0 });
    assert_eq!(delong_of_counts([low, high]).unwrap().covariance(), [0.0]);
    let separated = delong_of_counts([high, low]).unwrap();
    assert_eq!((separated.areas[0], separated.covariance()[0]), (0.0, 0.0));
}

#[test]
fn draws_keep_what_their_scheme_keeps() {
    let codes: Vec<u32> = (0..300).map(|row| if row < 5 { 7 } else { row % 3 }).collect();
    let rows = Resampler::new(300, Scheme::Rows).unwrap();
    let strata = Resampler::new(300, Scheme::Strata(&codes)).unwrap();
    let clusters = Resampler::new(300, Scheme::Clusters(&codes)).unwrap();
    let mut mean = vec![0.0; 300];
    for index in 0..400 {
        let counts = |resampler: &Resampler| {
            let mut counts = vec![0; 300];
            resampler.draw(1, index, &mut counts);
            counts.into_iter().map(u32::from).collect::<Vec<_>>()
        };
        let drawn = counts(&rows);
        assert_eq!(drawn.iter().sum::<u32>(), 300);
        mean.iter_mut().zip(&drawn).for_each(|(mean, &count)| *mean += f64::from(count) / 400.0);
        let drawn = counts(&strata);
        for code in [0, 1, 2, 7] {
            let members = codes.iter().zip(&drawn).filter(|(own, _)| **own == code);
            let (size, sum) = members.fold((0, 0), |(size, sum), (_, &count)| (size + 1, sum + count));
            assert_eq!(size, sum);
        }
        let drawn = counts(&clusters);
        let of = |code: u32| drawn[codes.iter().position(|&own| own == code).unwrap()];
        assert_eq!([0, 1, 2, 7].map(of).iter().sum::<u32>(), 4);
        assert!(codes.iter().zip(&drawn).all(|(&code, &count)| count == of(code)));
    }
    assert!(mean.iter().all(|mean| (mean - 1.0).abs() < 0.25), "each row is drawn once on average");
}

#[test]
fn a_jackknife_of_many_rows_leaves_out_blocks() {
    let (parts, of_row) = Resampler::new(50_000, Scheme::Rows).unwrap().blocks(3);
    assert_eq!((parts, of_row.len()), (1000, 50_000));
    let mut sizes = vec![0; 1000];
    of_row.iter().for_each(|&part| sizes[part as usize] += 1);
    assert!(sizes.iter().all(|size| (10..110).contains(size)));
    assert_eq!(Resampler::new(3, Scheme::Clusters(&[2, 0, 2])).unwrap().blocks(3), (2, vec![1, 0, 1]));
}

#[test]
fn means_weigh_and_ignore_order_of_threads() {
    let rows = Resampler::new(3, Scheme::Rows).unwrap();
    let means = resample_mean(&[1.0, 5.0, 3.0], Some(&[1.0, 0.0, 1.0]), &rows, 500, 0).unwrap();
    assert_eq!(means.jackknife, [3.0, 2.0, 1.0]);
    let undefined = means.values.iter().filter(|mean| mean.is_nan()).count();
    assert!((5..60).contains(&undefined), "all draws hit the weightless row once in 27");
    assert!(means.values.iter().all(|mean| mean.is_nan() || (1.0..=3.0).contains(mean)));
    assert_eq!(resample_mean(&[0.1; 3], None, &rows, 9, 0).unwrap().values, [0.1; 9]);
}

#[test]
fn bad_input_is_refused() {
    let (scores, labels) = ([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]);
    let few = DelongError::TooFew { positives: 1, negatives: 3 };
    assert_eq!(delong(&scores, &[0, 0, 0, 1]).unwrap_err(), few);
    assert_eq!(Comparison::new(&[0, 0, 0, 1], None).unwrap_err(), few);
    let weights = [1.0, 1.0, 0.0, 1.0];
    let few = DelongError::TooFew { positives: 1, negatives: 2 };
    assert_eq!(Comparison::new(&labels, Some(&weights)).unwrap_err(), few);
    let negative = Comparison::new(&labels, Some(&[1.0, -1.0, 1.0, 1.0])).unwrap_err();
    assert_eq!(negative, DelongError::NegativeWeight { index: 1 });
    let infinite = Comparison::new(&labels, Some(&[1.0, f64::INFINITY, 1.0, 1.0])).unwrap_err();
    assert_eq!(infinite, DelongError::Ranking(RankingError::BadWeight { index: 1 }));
    let mut comparison = Comparison::new(&labels, None).unwrap();
    assert!(matches!(
        comparison.add(&scores[..3]),
        Err(DelongError::Ranking(RankingError::LengthMismatch { .. }))
    ));
    assert_eq!(
        comparison.add(&[f64::NAN; 4]),
        Err(DelongError::Ranking(RankingError::BadScore { index: 0 }))
    );
    assert!(comparison.delong().areas.is_empty());

    let bootstrap =
        |weights, draws| Bootstrap::new(&scores, &labels, weights, draws).map(|_| ()).unwrap_err();
    let outside = BootstrapError::Resampling(ResamplingError::CodeOutside { index: 2 });
    assert_eq!(bootstrap(None, Draws::Clusters(&[0, 1, 9, 1])), outside);
    let lengths = BootstrapError::Resampling(ResamplingError::LengthMismatch { rows: 4, other: 2 });
    assert_eq!(bootstrap(None, Draws::Clusters(&[0, 1])), lengths);
    let weight = BootstrapError::Resampling(ResamplingError::BadWeight { index: 3 });
    assert_eq!(bootstrap(Some(&[1.0, 1.0, 1.0, -1.0]), Draws::Samples), weight);
    assert_eq!(Resampler::new(0, Scheme::Rows).unwrap_err(), ResamplingError::Rows { rows: 0 });
    let one_class = Bootstrap::new(&scores, &[1; 4], None, Draws::WithinClasses).unwrap();
    assert!(one_class.resample(&RocAuc, 10, 0).iter().all(|area| area.is_nan()));
    assert!(one_class.resample(&AveragePrecision, 10, 0).iter().all(|&mean| mean == 1.0));
}
