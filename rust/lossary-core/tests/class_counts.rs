//! Labels to counts: ranges found on the way, and strings, against the definitions.

#![allow(missing_docs, clippy::unwrap_used)]

use lossary_core::confusion::dense::{Dense, dense_confusion};
use lossary_core::confusion::{ClassLabel, ConfusionError};
use lossary_core::strings::{Strings, StringsError, string_codes};
use lossary_core::threads::set_num_threads;
use proptest::prelude::*;
use std::num::NonZeroUsize;

/// Counts every pair: the definition.
fn count_pairs<L: ClassLabel>(actual: &[L], predicted: &[L]) -> Dense {
    let keys = || actual.iter().chain(predicted).map(|label| label.key());
    let low = keys().min().unwrap();
    let classes = (keys().max().unwrap() - low) as usize + 1;
    let mut counts = vec![0; classes * classes];
    for (truth, guess) in actual.iter().zip(predicted) {
        counts[(truth.key() - low) as usize * classes + (guess.key() - low) as usize] += 1;
    }
    Dense { low, classes, counts }
}

fn assert_counted<L: ClassLabel>(actual: &[L], predicted: &[L]) {
    let wanted = count_pairs(actual, predicted);
    for threads in 1..4 {
        set_num_threads(NonZeroUsize::new(threads));
        let found = dense_confusion(actual, predicted).unwrap().unwrap();
        assert_eq!((found.low, found.classes), (wanted.low, wanted.classes));
        assert!(found.counts == wanted.counts, "counts differ");
    }
    set_num_threads(None);
}

/// Labels of `0..classes` whose range is met little by little, in both directions.
fn widening(samples: i64, classes: i64) -> impl Fn(i64) -> i64 {
    move |index| {
        let reach = 1 + index * classes / samples;
        let place = index * 7919 % reach;
        if index % 2 == 0 { classes / 2 + place / 2 } else { classes / 2 - (place + 1) / 2 }
    }
}

#[test]
fn ranges_that_widen_late_are_counted() {
    for classes in [1, 2, 33, 300] {
        let label = widening(140_001, classes);
        let actual: Vec<i64> = (0..140_001).map(&label).collect();
        let predicted: Vec<i64> = (0..140_001).map(|index| label((index * 31) % (index + 1))).collect();
        assert_counted(&actual, &predicted);
        let falling: Vec<i64> = actual.iter().map(|label| -label).collect();
        assert_counted(&falling, &predicted.iter().map(|label| -label).collect::<Vec<_>>());
    }
}

#[test]
fn cells_that_hold_more_than_a_byte_are_counted() {
    for classes in [3, 40, 300] {
        let mut actual: Vec<i32> =
            (0..70_000).map(|index| if index % 3 == 0 { index % classes } else { 0 }).collect();
        assert_counted(&actual, &actual);
        actual.push(400); // the window is too narrow: counts of cells that have carried are taken back
        assert_counted(&actual, &actual);
    }
}

#[test]
fn labels_in_order_are_counted() {
    let rising: Vec<i32> = (0..300_000).map(|index| index / 300).collect();
    let falling: Vec<i32> = rising.iter().map(|label| 999 - label).collect();
    assert_counted(&rising, &rising);
    assert_counted(&falling, &rising);
    assert_counted(&falling, &falling);
}

#[test]
fn the_ends_of_each_type_are_counted() {
    assert_counted(&[i64::MAX, i64::MAX - 3], &[i64::MAX - 1; 2]);
    assert_counted(&[i64::MIN, i64::MIN + 3], &[i64::MIN + 1; 2]);
    assert_counted(&[i8::MIN, -100], &[-120, -100]);
    assert_counted(&[u8::MAX, 250], &[253, 253]);
    assert_counted(&[u32::MAX, u32::MAX - 2], &[u32::MAX; 2]);
}

#[test]
fn labels_far_apart_are_left_to_others() {
    let none = |actual: &[i64], predicted: &[i64]| assert_eq!(dense_confusion(actual, predicted), Ok(None));
    none(&[0, 1 << 40], &[0, 0]);
    none(&[i64::MIN, i64::MAX], &[0, 0]);
    none(&[0, 100], &[0, 0]); // a table of 101^2 for two
    let mut labels = vec![0; 1 << 18];
    labels[200_000] = 1024;
    none(&labels, &vec![0; 1 << 18]);
    labels[200_000] = 1023;
    assert_counted(&labels, &vec![0; 1 << 18]);
    assert_eq!(dense_confusion(&[1 << 63, (1 << 63) + 1_u64], &[1 << 63; 2]), Ok(None));
    assert_eq!(dense_confusion(&[u64::MAX, 0], &[0, 0]), Ok(None));
}

#[test]
fn no_labels_have_no_classes() {
    assert_eq!(dense_confusion::<i64>(&[], &[]), Ok(Some(Dense::default())));
    let error = ConfusionError::LengthMismatch { actual: 1, other: 2 };
    assert_eq!(dense_confusion(&[1], &[1, 2]), Err(error));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn dense_tables_count_pairs(
        pairs in prop::collection::vec((-9..9_i16, -9..9_i16), 1..60), low in -300..300_i16,
    ) {
        let (actual, predicted): (Vec<i16>, Vec<i16>) =
            pairs.iter().map(|&(truth, guess)| (low + truth, low + guess)).unzip();
        let dense = dense_confusion(&actual, &predicted).unwrap().unwrap();
        prop_assert_eq!(&dense, &count_pairs(&actual, &predicted));
        let tallies = dense.tallies().unwrap();
        for class in 0..dense.classes {
            let label = dense.low as i16 + class as i16;
            let of = |labels: &[i16]| labels.iter().filter(|&&other| other == label).count() as u64;
            prop_assert_eq!((tallies.actual[class], tallies.predicted[class]), (of(&actual), of(&predicted)));
            prop_assert_eq!(tallies.hits[class], dense.counts[class * (dense.classes + 1)]);
        }
    }

    #[test]
    fn strings_have_one_code_each(
        first in prop::collection::vec(prop::collection::vec(0..3_u32, 2), 0..40),
        second in prop::collection::vec(prop::collection::vec(0..3_u32, 3), 0..40),
    ) {
        assert_coded(&first, 2, &second, 3);
        assert_coded(&second, 3, &first, 2);
    }
}

/// Equal strings, and only they, have equal codes; and the classes are the strings.
fn assert_coded(first: &[Vec<u32>], first_width: usize, second: &[Vec<u32>], second_width: usize) {
    let (one, other) = (first.concat(), second.concat());
    let (one, other) =
        (Strings::new(&one, first_width).unwrap(), Strings::new(&other, second_width).unwrap());
    let width = first_width.max(second_width);
    for threads in 1..4 {
        set_num_threads(NonZeroUsize::new(threads));
        let coded = string_codes(one, other).unwrap();
        assert_eq!(coded.width, width);
        let classes: Vec<&[u32]> = coded.classes.chunks_exact(width).collect();
        let mut distinct = classes.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), classes.len());
        let mut used = vec![false; classes.len()];
        for (rows, codes) in [(first, &coded.first), (second, &coded.second)] {
            assert_eq!(rows.len(), codes.len());
            for (row, &code) in rows.iter().zip(codes) {
                used[code as usize] = true;
                let (head, tail) = classes[code as usize].split_at(row.len());
                assert!(head == row && tail.iter().all(|&word| word == 0));
            }
        }
        assert!(!used.contains(&false));
    }
    set_num_threads(None);
}

/// The digits of a number, one to a word.
fn digits(number: u32, width: usize) -> Vec<u32> {
    (0..width as u32).map(|place| 48 + number / 10_u32.pow(place.min(9)) % 10).collect()
}

#[test]
fn classes_that_come_late_or_in_one_array_only_are_coded() {
    for width in [1, 7, 16, 17] {
        let count = 140_000;
        let first: Vec<_> = (0..count).map(|index| digits(index / 30_000, width)).collect();
        let second: Vec<_> = (0..count).map(|index| digits(3 + index / 50_000, width)).collect();
        assert_coded(&first, width, &second, width);
    }
}

#[test]
fn more_classes_than_places_are_coded() {
    let first: Vec<_> = (0..140_000).map(|index| digits(index % 70_000, 6)).collect();
    let second: Vec<_> = (0..30_000).map(|index| digits(index * 7, 8)).collect();
    assert_coded(&first, 6, &second, 8);
}

#[test]
fn words_that_are_no_rows_are_refused() {
    assert_eq!(Strings::new(&[1, 2, 3], 2).err(), Some(StringsError::Ragged { words: 3, width: 2 }));
    assert_eq!(Strings::new(&[], 0).err(), Some(StringsError::Ragged { words: 0, width: 0 }));
}
