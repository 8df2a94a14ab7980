//! Measures of queries against their definition: sort a list, look at each rank.

#![allow(missing_docs, clippy::unwrap_used)]

use lossary_core::retrieval::{Gain, Graded, Lists, Measure, RetrievalError, SameLabel, Ties, evaluate};
use lossary_core::threads::set_num_threads;
use proptest::prelude::*;
use std::num::NonZeroUsize;

const WHOLE: usize = usize::MAX;

/// Grades in the order of the ranking; equal scores in the order of the list.
fn ranked(scores: &[f64], grades: &[u8]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].partial_cmp(&scores[a]).unwrap());
    order.into_iter().map(|item| f64::from(grades[item])).collect()
}

fn dcg(grades: &[f64], cut: usize) -> f64 {
    let gains = grades.iter().take(cut).enumerate();
    gains.map(|(above, grade)| (grade.exp2() - 1.0) / (above as f64 + 2.0).log2()).sum()
}

/// Precision, recall, average precision, reciprocal rank and NDCG.
fn naive(scores: &[f64], grades: &[u8], cut: usize) -> [f64; 5] {
    let ranked = ranked(scores, grades);
    let relevant = grades.iter().filter(|&&grade| grade > 0).count() as f64;
    if relevant == 0.0 {
        return [0.0; 5];
    }
    let ranks: Vec<f64> =
        (1..).zip(&ranked).filter(|(_, grade)| **grade > 0.0).map(|(rank, _)| f64::from(rank)).collect();
    let within: Vec<f64> = ranks.iter().copied().filter(|&rank| rank <= cut as f64).collect();
    let precisions: f64 = (1..).zip(&within).map(|(found, rank)| f64::from(found) / rank).sum();
    let mut ideal = ranked.clone();
    ideal.sort_by(|a, b| b.total_cmp(a));
    [
        within.len() as f64 / cut as f64,
        within.len() as f64 / relevant,
        precisions / relevant,
        within.first().map_or(0.0, |rank| 1.0 / rank),
        dcg(&ranked, cut) / dcg(&ideal, cut),
    ]
}

fn measures(cut: usize) -> [Measure; 5] {
    [
        Measure::Precision { cut },
        Measure::Recall { cut },
        Measure::AveragePrecision { cut, capped: false },
        Measure::ReciprocalRank { cut },
        Measure::Dcg { cut, gain: Gain::Exponential, normalised: true },
    ]
}

/// `count` scores of few values, and grades of which about one in `rarity` is not 0.
fn drawn(count: usize, rarity: u64) -> (Vec<f64>, Vec<u8>) {
    let mut state = 7_u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) % below
    };
    let draw = |_| (next(900) as f64 - 450.0, if next(rarity) == 0 { 1 + next(40) as u8 } else { 0 });
    (0..count).map(draw).unzip()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lists_agree_with_the_definition(
        list in prop::collection::vec((-20..20, 0_u8..40), 1..400),
        rare in any::<bool>(),
        cut in prop::sample::select(vec![1_usize, 2, 10, 60, 1000]),
    ) {
        let scores: Vec<f64> = list.iter().map(|&(score, _)| f64::from(score) / 8.0).collect();
        let grades: Vec<u8> = list.iter().map(|&(_, grade)| if rare && grade < 36 { 0 } else { grade }).collect();
        let found = evaluate(&scores, Lists::Matrix(list.len()), &Graded(&grades), &measures(cut), Ties::Index);
        for (value, wanted) in found.unwrap().values.into_iter().zip(naive(&scores, &grades, cut)) {
            prop_assert!((value - wanted).abs() <= 1e-12, "{} {}", value, wanted);
        }
    }
}

#[test]
fn any_number_of_threads_and_any_form_of_lists_give_the_same_bits() {
    for rarity in [2, 60] {
        let (scores, grades) = drawn(300 * 900, rarity);
        let bounds: Vec<usize> = (0..=300).map(|query| query * 900).collect();
        let mut found = Vec::new();
        for threads in 1..4 {
            set_num_threads(NonZeroUsize::new(threads));
            for lists in [Lists::Matrix(900), Lists::Ragged(&bounds)] {
                found
                    .push(evaluate(&scores, lists, &Graded(&grades), &measures(WHOLE), Ties::Index).unwrap());
            }
        }
        set_num_threads(None);
        assert!(found.windows(2).all(|pair| pair[0] == pair[1]));
    }
}

#[test]
fn items_of_one_label_are_graded_items_without_the_query() {
    let (scores, _) = drawn(80 * 80, 2);
    let labels: Vec<u32> = (0..80).map(|item| item % 7).collect();
    let relevance = SameLabel { queries: &labels[10..50], items: &labels, first: Some(10) };
    let rows = &scores[10 * 80..50 * 80];
    let found = evaluate(rows, Lists::Matrix(80), &relevance, &measures(20), Ties::Index).unwrap();
    for (query, values) in (10..50).zip(found.values.chunks(5)) {
        let others = (0..80).filter(|&item| item != query);
        let row: Vec<f64> = others.clone().map(|item| scores[query * 80 + item]).collect();
        let grades: Vec<u8> = others.map(|item| u8::from(labels[item] == labels[query])).collect();
        for (value, wanted) in values.iter().zip(naive(&row, &grades, 20)) {
            assert!((value - wanted).abs() <= 1e-12, "{query} {value} {wanted}");
        }
    }
}

#[test]
fn errors_name_the_first_position() {
    let run = |scores: &[f64], grades: &[f64], measure| {
        evaluate(scores, Lists::Matrix(2), &Graded(grades), &[measure], Ties::Index).unwrap_err()
    };
    let hit = Measure::Hit { cut: 1 };
    assert_eq!(run(&[1.0, 2.0, f64::NAN, 0.0], &[1.0; 4], hit), RetrievalError::BadScore { index: 2 });
    assert_eq!(run(&[1.0; 4], &[1.0, 0.0, 1.0, -1.0], hit), RetrievalError::NegativeGrade { index: 3 });
    assert_eq!(run(&[1.0; 4], &[1.0, 0.0, f64::INFINITY, -1.0], hit), RetrievalError::BadGrade { index: 2 });
    assert_eq!(run(&[1.0; 4], &[1.0; 4], Measure::Hit { cut: 0 }), RetrievalError::NoRank);
    let ndcg = Measure::Dcg { cut: WHOLE, gain: Gain::Exponential, normalised: true };
    assert_eq!(run(&[1.0; 4], &[1.0, 0.0, 901.0, 0.0], ndcg), RetrievalError::HugeGrade { index: 2 });
    let dcg = Measure::Dcg { cut: WHOLE, gain: Gain::Linear, normalised: false };
    assert_eq!(run(&[1.0; 4], &[1.0, 0.0, -1e308, -1.7e308], dcg), RetrievalError::Overflow { query: 1 });
}

#[test]
fn lists_that_do_not_cover_the_scores_are_refused() {
    let run = |lists| evaluate(&[1.0_f32; 4], lists, &Graded(&[1_u8; 4]), &measures(1), Ties::Index);
    for bounds in [&[][..], &[0], &[0, 3], &[1, 4], &[0, 3, 2, 4], &[0, 5]] {
        assert_eq!(run(Lists::Ragged(bounds)), Err(RetrievalError::BadLists), "{bounds:?}");
    }
    assert_eq!(run(Lists::Matrix(3)), Err(RetrievalError::BadLists));
    assert_eq!(run(Lists::Matrix(0)), Err(RetrievalError::BadLists));
    assert_eq!(run(Lists::Ragged(&[0, 0, 4, 4])).map(|found| found.relevant), Ok(vec![0, 4, 0]));
}
