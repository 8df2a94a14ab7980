//! Linear assignment against all permutations, and against its certificate.

#![allow(missing_docs, clippy::unwrap_used)]

use lossary_core::assignment::{AssignmentError, cheapest_columns};
use proptest::prelude::*;

/// The lowest sum over all ways to go on from a row with these columns taken.
fn lowest(cost: &[f64], columns: usize, row: usize, taken: u32) -> f64 {
    if row * columns == cost.len() {
        return 0.0;
    }
    (0..columns)
        .filter(|column| taken & 1 << column == 0)
        .map(|column| cost[row * columns + column] + lowest(cost, columns, row + 1, taken | 1 << column))
        .fold(f64::INFINITY, f64::min)
}

fn sum(cost: &[f64], columns: usize, found: &[usize]) -> f64 {
    let mut distinct = found.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len() * columns, cost.len());
    found.iter().enumerate().map(|(row, column)| cost[row * columns + column]).sum()
}

proptest! {
    #[test]
    fn sums_of_integers_are_the_lowest(
        (rows, columns, cost) in (0..6_usize, 0..3_usize).prop_flat_map(|(rows, more)| {
            let size = rows * (rows + more);
            (Just(rows), Just(rows + more), prop::collection::vec((-4_i32..5).prop_map(f64::from), size))
        })
    ) {
        let found = cheapest_columns(&cost, rows, columns).unwrap();
        prop_assert_eq!(sum(&cost, columns, &found), lowest(&cost, columns, 0, 0));
    }

    #[test]
    fn scales_of_any_size_do_not_matter(cost in prop::collection::vec(-1.0..1.0, 20), power in 0..4_usize) {
        let scaled: Vec<f64> = cost.iter().map(|cost| cost * [1e-300, 1.0, 1e250, 1e308][power]).collect();
        let found = cheapest_columns(&scaled, 4, 5).unwrap();
        prop_assert!(sum(&cost, 5, &found) <= lowest(&cost, 5, 0, 0) + 1e-12);
    }
}

#[test]
fn long_chains_of_moves_are_found() {
    // Each row but the last wants the column of the next one: the only cheap way moves all of them.
    let size = 200;
    let mut cost = vec![1000.0; size * size];
    for row in 0..size {
        cost[row * size + row] = 1.0;
        if row + 1 < size {
            cost[row * size + row + 1] = 0.0;
        }
    }
    cost[size * size - 1] = 500.0;
    let found = cheapest_columns(&cost, size, size).unwrap();
    assert_eq!(sum(&cost, size, &found), 199.0 + 500.0);
}

#[test]
fn what_has_no_assignment_is_refused() {
    let mismatch = AssignmentError::LengthMismatch { costs: 3, rows: 2, columns: 2 };
    assert_eq!(cheapest_columns(&[0.0; 3], 2, 2), Err(mismatch));
    assert_eq!(cheapest_columns(&[0.0; 2], 2, 1), Err(AssignmentError::BadShape { rows: 2, columns: 1 }));
    for bad in [f64::NAN, f64::INFINITY] {
        assert_eq!(cheapest_columns(&[0.0, bad], 1, 2), Err(AssignmentError::BadCost { index: 1 }));
    }
}
