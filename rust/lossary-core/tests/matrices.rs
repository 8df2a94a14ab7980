//! Kernels over matrices of scores against the naive definition, in both layouts.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use lossary_core::auc::{Auc, roc_auc, weighted_roc_auc};
use lossary_core::columns::{self, Layout, Matrix};
use lossary_core::curves::{average_precision, weighted_average_precision};
use lossary_core::keys::Score;
use lossary_core::ranking::RankingError;
use lossary_core::{label_ranking, one_vs_one, threads, top_k};
use proptest::prelude::*;
use std::num::NonZeroUsize;

/// A matrix by rows, with labels and a code per row.
#[derive(Debug, Clone)]
struct Sample<S> {
    columns: usize,
    scores: Vec<S>,
    labels: Vec<u8>,
    codes: Vec<u32>,
}

impl<S: Score> Sample<S> {
    fn rows(&self) -> usize {
        self.codes.len()
    }

    fn column<T: Copy>(&self, values: &[T], column: usize) -> Vec<T> {
        values.iter().skip(column).step_by(self.columns).copied().collect()
    }

    fn by_column<T: Copy>(&self, values: &[T]) -> Vec<T> {
        (0..self.columns).flat_map(|column| self.column(values, column)).collect()
    }
}

fn sample<S: Score>(score: impl Strategy<Value = S>) -> impl Strategy<Value = Sample<S>> {
    (1_usize..9, 1_usize..30, prop::collection::vec((score, prop::bool::weighted(0.4)), 8 * 29))
        .prop_flat_map(|(columns, rows, entries)| {
            let (scores, labels): (Vec<S>, Vec<u8>) = entries
                .into_iter()
                .take(rows * columns)
                .map(|(score, label)| (score, u8::from(label)))
                .unzip();
            prop::collection::vec(0..columns as u32, rows).prop_map(move |codes| Sample {
                columns,
                scores: scores.clone(),
                labels: labels.clone(),
                codes,
            })
        })
}

fn finite() -> impl Strategy<Value = f64> {
    let extremes = vec![0.0, -0.0, 1.0, 5e-324, -5e-324, 1e300, -1e300, 1.0 + f64::EPSILON];
    prop_oneof![-1e3..1e3, prop::sample::select(extremes), (-2..3).prop_map(f64::from)]
}

fn same(ours: &[f64], wanted: &[f64]) -> bool {
    ours.len() == wanted.len() && ours.iter().zip(wanted).all(|(a, b)| (a - b).abs() <= 1e-12)
}

/// Coverage, average precision and loss of one row, each by its definition.
fn definitions<S: Score>(scores: &[S], labels: &[u8]) -> [f64; 3] {
    let at_least = |score: S, among: &dyn Fn(u8) -> bool| {
        let labelled = scores.iter().zip(labels);
        labelled.filter(|&(&other, &label)| among(label) && other >= score).count() as f64
    };
    let relevant: Vec<S> =
        scores.iter().zip(labels).filter(|&(_, &label)| label != 0).map(|(&s, _)| s).collect();
    let (positives, negatives) = (relevant.len() as f64, (scores.len() - relevant.len()) as f64);
    let depth = relevant.iter().map(|&score| at_least(score, &|_| true)).fold(0.0, f64::max);
    if positives * negatives == 0.0 {
        return [depth, 1.0, 0.0];
    }
    let precisions =
        relevant.iter().map(|&score| at_least(score, &|label| label != 0) / at_least(score, &|_| true));
    let wrong: f64 = relevant.iter().map(|&score| at_least(score, &|label| label == 0)).sum();
    [depth, precisions.sum::<f64>() / positives, wrong / (positives * negatives)]
}

/// Whether the true class stands among the k first, after a stable sort in which the later of equals comes first.
fn found<S: Score>(scores: &[S], code: usize, k: usize) -> bool {
    let mut order: Vec<usize> = (0..scores.len()).rev().collect();
    order.sort_by(|&a, &b| scores[b].partial_cmp(&scores[a]).unwrap());
    order.iter().take(k).any(|&place| place == code)
}

fn check_rows<S: Score>(sample: &Sample<S>, k: usize) -> Result<(), TestCaseError> {
    let Sample { columns, scores, labels, codes } = sample;
    let rows = scores.chunks(*columns).zip(labels.chunks(*columns));
    let wanted: Vec<[f64; 3]> = rows.map(|(scores, labels)| definitions(scores, labels)).collect();
    let wanted = |metric: usize| wanted.iter().map(|values| values[metric]).collect::<Vec<f64>>();
    prop_assert_eq!(label_ranking::coverage(scores, labels, *columns).unwrap(), wanted(0));
    prop_assert!(same(&label_ranking::average_precision(scores, labels, *columns).unwrap(), &wanted(1)));
    prop_assert!(same(&label_ranking::loss(scores, labels, *columns).unwrap(), &wanted(2)));
    let hits = scores.chunks(*columns).zip(codes).map(|(scores, &code)| found(scores, code as usize, k));
    prop_assert_eq!(top_k::hits(scores, codes, *columns, k).unwrap(), hits.collect::<Vec<_>>());
    Ok(())
}

/// Areas of the classes `a` over `b` among their samples, by the scores of `a`.
fn pair<S: Score>(sample: &Sample<S>, a: usize, b: usize) -> Auc {
    let scores = sample.column(&sample.scores, a);
    let kept = scores.iter().zip(&sample.codes).filter(|&(_, &code)| [a, b].contains(&(code as usize)));
    let (scores, labels): (Vec<S>, Vec<u8>) =
        kept.map(|(&s, &code)| (s, u8::from(code as usize == a))).unzip();
    if a == b { Auc::default() } else { roc_auc(&scores, &labels).unwrap_or_default() }
}

fn check_columns<S: Score>(sample: &Sample<S>) -> Result<(), TestCaseError> {
    let columns: Vec<(Vec<S>, Vec<u8>)> = (0..sample.columns)
        .map(|column| (sample.column(&sample.scores, column), sample.column(&sample.labels, column)))
        .collect();
    let weights: Vec<f64> = (0..sample.rows()).map(|row| f64::from((row % 3 + 1) as u8)).collect();
    let areas: Vec<Auc> = columns.iter().map(|(scores, labels)| roc_auc(scores, labels).unwrap()).collect();
    let precisions: Vec<_> =
        columns.iter().map(|(s, labels)| average_precision(s, labels).unwrap()).collect();
    let weighted: Vec<_> =
        columns.iter().map(|(s, labels)| weighted_roc_auc(s, labels, &weights).unwrap().value()).collect();
    let weighted_precisions: Vec<_> =
        columns.iter().map(|(s, labels)| weighted_average_precision(s, labels, &weights).unwrap()).collect();
    let pairs: Vec<Auc> = (0..sample.columns)
        .flat_map(|a| (0..sample.columns).map(move |b| (a, b)))
        .map(|(a, b)| pair(sample, a, b))
        .collect();
    let (scores, labels) = (sample.by_column(&sample.scores), sample.by_column(&sample.labels));
    let scores = [(&sample.scores, Layout::Rows), (&scores, Layout::Columns)];
    let labels = [(&sample.labels, Layout::Rows), (&labels, Layout::Columns)];
    for (scores, layout) in scores {
        let scores = Matrix::new(scores, sample.columns, layout).unwrap();
        let ours = one_vs_one::roc_auc(scores, &sample.codes).unwrap();
        prop_assert_eq!(
            &ours.iter().map(Auc::value).collect::<Vec<_>>(),
            &pairs.iter().map(Auc::value).collect::<Vec<_>>()
        );
        for (labels, layout) in labels {
            let labels = Matrix::new(labels, sample.columns, layout).unwrap();
            prop_assert_eq!(&columns::roc_auc(scores, labels).unwrap(), &areas);
            prop_assert_eq!(&columns::average_precision(scores, labels).unwrap(), &precisions);
            let ours = columns::weighted_roc_auc(scores, labels, &weights).unwrap();
            prop_assert_eq!(&ours.iter().map(|area| area.value()).collect::<Vec<_>>(), &weighted);
            let ours = columns::weighted_average_precision(scores, labels, &weights).unwrap();
            prop_assert_eq!(&ours, &weighted_precisions);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn columns_are_ranked_each_by_itself(
        doubles in sample(finite()), floats in sample(finite().prop_map(|x| x.clamp(-1e38, 1e38) as f32)),
        integers in sample(any::<i64>()), bytes in sample(0_u8..4),
    ) {
        check_columns(&doubles)?;
        check_columns(&floats)?;
        check_columns(&integers)?;
        check_columns(&bytes)?;
    }

    #[test]
    fn rows_are_ranked_each_by_itself(
        doubles in sample(finite()), integers in sample(any::<i64>()), bytes in sample(0_u8..4), k in 0_usize..10,
    ) {
        check_rows(&doubles, k)?;
        check_rows(&integers, k)?;
        check_rows(&bytes, k)?;
    }
}

/// Scores and labels of a size at which several threads, blocks and tiles have work.
fn large(rows: usize, columns: usize) -> Sample<f64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    Sample {
        columns,
        scores: (0..rows * columns).map(|_| (next() % 5000) as f64 / 8.0).collect(),
        labels: (0..rows * columns).map(|_| u8::from(next() % 3 == 0)).collect(),
        codes: (0..rows).map(|_| (next() % columns as u64) as u32).collect(),
    }
}

#[test]
fn blocks_and_threads_change_nothing() {
    for (rows, columns, threads) in [(1400, 100, 2), (140_000, 1, 3), (9000, 17, 3), (9000, 17, 1)] {
        let sample = large(rows, columns);
        threads::set_num_threads(NonZeroUsize::new(threads));
        check_columns(&sample).unwrap();
        check_rows(&sample, 3).unwrap();
        threads::set_num_threads(None);
    }
}

#[test]
fn what_does_not_fit_is_an_error() {
    let scores = [0.1, 0.2, 0.3, 0.4];
    let matrix = |columns| Matrix::new(&scores, columns, Layout::Rows);
    let misfit = |error| matches!(error, RankingError::LengthMismatch { .. });
    assert_eq!(Matrix::<f64>::new(&[], 2, Layout::Rows).unwrap_err(), RankingError::Empty);
    assert!(
        misfit(matrix(3).unwrap_err()) && misfit(matrix(0).unwrap_err()) && misfit(matrix(5).unwrap_err())
    );
    let labels = |labels| Matrix::new(labels, 2, Layout::Rows).unwrap();
    assert!(misfit(columns::roc_auc(matrix(2).unwrap(), labels(&[0, 1])).unwrap_err()));
    assert!(misfit(columns::roc_auc(matrix(4).unwrap(), labels(&[0, 1, 0, 1])).unwrap_err()));
    assert!(misfit(one_vs_one::roc_auc(matrix(2).unwrap(), &[0]).unwrap_err()));
    assert!(misfit(one_vs_one::roc_auc(matrix(2).unwrap(), &[0, 2]).unwrap_err()));
    assert!(misfit(label_ranking::loss(&scores, &[0, 1], 2).unwrap_err()));
    assert!(misfit(label_ranking::loss(&scores, &[0, 1, 0, 1], 3).unwrap_err()));
    assert!(misfit(label_ranking::loss(&scores, &[0, 1, 0, 1], 0).unwrap_err()));
    assert!(misfit(top_k::hits(&scores, &[0], 2, 1).unwrap_err()));
    assert!(misfit(top_k::hits(&scores, &[0], usize::MAX, 1).unwrap_err()));
    assert_eq!(top_k::hits::<f64>(&[], &[], 0, 1).unwrap_err(), RankingError::Empty);
    assert_eq!(top_k::hits(&scores, &[0, 7], 2, 2).unwrap(), [true, false]);
}

#[test]
fn a_score_that_is_no_number_is_named_by_its_place() {
    let mut scores = vec![0.5; 40_000];
    scores[33_333] = f64::NAN;
    let at = |index| RankingError::BadScore { index };
    assert_eq!(top_k::hits(&scores, &[0; 20_000], 2, 1).unwrap_err(), at(33_333));
    assert_eq!(label_ranking::coverage(&scores, &[1; 40_000], 2).unwrap_err(), at(33_333));
    let by = |layout| Matrix::new(&scores, 2, layout).unwrap();
    assert_eq!(one_vs_one::roc_auc(by(Layout::Rows), &[0; 20_000]).unwrap_err(), at(33_333));
    assert_eq!(one_vs_one::roc_auc(by(Layout::Columns), &[0; 20_000]).unwrap_err(), at(33_333));
    let labels = Matrix::new(&[1; 40_000], 2, Layout::Rows).unwrap();
    assert_eq!(columns::roc_auc(by(Layout::Rows), labels).unwrap_err(), at(33_333));
    assert_eq!(columns::roc_auc(by(Layout::Columns), labels).unwrap_err(), at(33_333));
}
