//! Greedy couplings and whole bits against the greedy step by step.

#![allow(missing_docs, clippy::unwrap_used)]

use lossary_core::bit_allocation::{BitAllocationError, integer_bit_allocation};
use lossary_core::entropy_coupling::{CouplingError, greedy_coupling};
use proptest::prelude::*;

/// The place of the first of the largest numbers.
fn largest(numbers: &[f64]) -> usize {
    (0..numbers.len()).fold(0, |best, place| if numbers[place] > numbers[best] { place } else { best })
}

/// A search of every side at each step.
fn coupled_step_by_step(sides: &[Vec<f64>]) -> (Vec<u32>, Vec<f64>) {
    let mut left = sides.to_vec();
    let (mut places, mut masses) = (Vec::new(), Vec::new());
    while left.iter().all(|side| !side.is_empty()) {
        let tops: Vec<usize> = left.iter().map(|side| largest(side)).collect();
        let moved = left.iter().zip(&tops).map(|(side, &top)| side[top]).fold(f64::INFINITY, f64::min);
        if moved <= 1e-14 {
            break;
        }
        for (side, &top) in left.iter_mut().zip(&tops) {
            side[top] -= moved;
            places.push(top as u32);
        }
        masses.push(moved);
    }
    (places, masses)
}

fn side() -> impl Strategy<Value = Vec<f64>> {
    let mass = prop_oneof![0.0..1.0, (0_i32..4).prop_map(f64::from), Just(1e-15), Just(-0.0)];
    prop::collection::vec(mass, 0..25).prop_map(|masses| {
        let total = masses.iter().sum::<f64>();
        masses.iter().map(|mass| if total > 0.0 { mass / total } else { *mass }).collect()
    })
}

/// One bit after the other, to the part with the largest `c 4^-b`.
fn given_one_by_one(sensitivity: &[f64], total: u64, minimum: u32, maximum: u32) -> Vec<i64> {
    let mut bits = vec![i64::from(minimum); sensitivity.len()];
    for _ in 0..total - u64::from(minimum) * bits.len() as u64 {
        let has_room: Vec<usize> = (0..bits.len()).filter(|&part| bits[part] < i64::from(maximum)).collect();
        let gains: Vec<f64> =
            has_room.iter().map(|&part| sensitivity[part] * 0.25_f64.powi(bits[part] as i32)).collect();
        bits[has_room[largest(&gains)]] += 1;
    }
    bits
}

proptest! {
    #[test]
    fn couplings_are_those_found_step_by_step(sides in prop::collection::vec(side(), 1..4)) {
        let slices: Vec<&[f64]> = sides.iter().map(Vec::as_slice).collect();
        let found = greedy_coupling(&slices).unwrap();
        prop_assert_eq!((found.places, found.masses), coupled_step_by_step(&sides));
    }

    #[test]
    fn whole_bits_are_those_given_one_by_one(
        sensitivity in prop::collection::vec(
            prop_oneof![
                prop::sample::select(vec![0.0, 0.3, 1.0, 1.5, 4.0, 6.0, 96.0]),
                (-40.0..40.0).prop_map(f64::exp2),
            ],
            1..12,
        ),
        minimum in 0..3_u32,
        room in 0..9_u32,
        share in 0.0..=1.0,
    ) {
        let parts = sensitivity.len() as u64;
        let total = parts * u64::from(minimum) + (share * (parts * u64::from(room)) as f64) as u64;
        let found = integer_bit_allocation(&sensitivity, total, minimum, minimum + room).unwrap();
        let wanted = given_one_by_one(&sensitivity, total, minimum, minimum + room);
        prop_assert_eq!(&found.bits, &wanted);
        let cost: f64 = sensitivity.iter().zip(&wanted).map(|(c, &bits)| c * 0.25_f64.powi(bits as i32)).sum();
        prop_assert!((found.cost - cost).abs() <= 1e-14 * cost);
    }
}

#[test]
fn nothing_is_coupled_with_nothing() {
    for sides in [&[][..], &[&[][..]], &[&[1.0], &[]], &[&[0.0], &[0.0]]] {
        assert!(greedy_coupling(sides).unwrap().masses.is_empty());
    }
}

#[test]
fn bits_of_the_smallest_and_the_largest_doubles_are_told_apart() {
    let losses = [5e-324, 1e-323, 2.5e-323, f64::MIN_POSITIVE, f64::MAX];
    // The first two bits of the last part gain more than all others; down to the smallest, there are 1024.
    assert_eq!(integer_bit_allocation(&losses, 2, 0, 1024).unwrap().bits, [0, 0, 0, 0, 2]);
    let found = integer_bit_allocation(&losses, 1029, 0, 1024).unwrap();
    assert_eq!(found.bits, [0, 0, 0, 5, 1024]);
    let found = integer_bit_allocation(&losses[..4], 27, 0, 1024).unwrap();
    assert_eq!(found.bits, [0, 0, 1, 26]);
    assert_eq!(integer_bit_allocation(&losses, 5 * 1024, 0, 1024).unwrap().bits, [1024; 5]);
    let cost = |loss, bits| integer_bit_allocation(&[loss], bits, 0, 1024).unwrap().cost;
    assert_eq!(cost(f64::MAX, 1024), (-1024.0_f64).exp2()); // rounded: it is subnormal
    assert_eq!(cost(5e-324, 1), 0.0);
}

#[test]
fn parts_that_gain_nothing_have_the_rest_in_order() {
    let found = integer_bit_allocation(&[0.0, 1.0, 0.0, 0.0], 7, 0, 3).unwrap();
    assert_eq!((found.bits, found.cost), (vec![3, 3, 1, 0], 0.015625));
    assert_eq!(integer_bit_allocation(&[], 0, 0, 16).unwrap().bits, []);
}

#[test]
fn what_cannot_be_shared_out_is_refused() {
    for bad in [f64::NAN, f64::INFINITY, -1.0] {
        assert_eq!(
            greedy_coupling(&[&[1.0], &[0.0, bad]]),
            Err(CouplingError::BadMass { side: 1, index: 1 })
        );
        let refused = integer_bit_allocation(&[1.0, bad], 1, 0, 16);
        assert_eq!(refused, Err(BitAllocationError::BadSensitivity { index: 1 }));
    }
    for (minimum, maximum) in [(2, 1), (0, 1025)] {
        let refused = integer_bit_allocation(&[1.0], 1, minimum, maximum);
        assert_eq!(refused, Err(BitAllocationError::BadRange { minimum, maximum }));
    }
    for total in [1, 7] {
        let refused = integer_bit_allocation(&[1.0, 1.0], total, 1, 3);
        assert_eq!(refused, Err(BitAllocationError::BadTotal { total }));
    }
}
