//! The bins against the definition, at exact edges, and for any number of threads.

use super::*;
use proptest::prelude::*;

/// The definition, sample by sample.
fn oracle<P: Probability>(probabilities: &[P], outcomes: &[u8], edges: &[f64]) -> Table {
    let mut table = Table::empty(edges.len() + 1);
    for (&probability, &outcome) in probabilities.iter().zip(outcomes) {
        let value: f64 = probability.into();
        let bin = edges.iter().filter(|&&edge| edge < value).count();
        let happened = usize::from(outcome != 0);
        let distance = value - happened as f64;
        let fixed = |number: f64| (number * 2.0_f64.powi(60)).round_ties_even() as u128;
        table.bins[bin][happened] += Sums { count: 1, probability: fixed(value) };
        table.squared_error += fixed(distance * distance);
    }
    table
}

fn even(bins: usize) -> Vec<f64> {
    (1..bins).map(|k| k as f64 / bins as f64).collect()
}

/// Numbers at the edges, beside them, at the ends, tiny and anywhere.
fn probability() -> impl Strategy<Value = f64> {
    let edge = (1_u32..40).prop_flat_map(|bins| (0..=bins).prop_map(move |k| f64::from(k) / f64::from(bins)));
    let beside = (edge, -1_i64..=1)
        .prop_map(|(edge, step)| f64::from_bits(edge.to_bits().saturating_add_signed(step)).clamp(0.0, 1.0));
    prop_oneof![beside, 0.0..=1.0, 0.0..1e-15, Just(5e-324), Just(-0.0)]
}

proptest! {
    #[test]
    fn bins_are_those_of_the_definition(
        samples in prop::collection::vec((probability(), 0_u8..3), 0..200),
        bins in 1_usize..90,
    ) {
        let (values, outcomes): (Vec<f64>, Vec<u8>) = samples.into_iter().unzip();
        let edges = Edges::even(bins).unwrap();
        prop_assert_eq!(reliability(&values, &outcomes, &edges).unwrap(), oracle(&values, &outcomes, &even(bins)));
        let narrow: Vec<f32> = values.iter().map(|&value| value as f32).collect();
        prop_assert_eq!(reliability(&narrow, &outcomes, &edges).unwrap(), oracle(&narrow, &outcomes, &even(bins)));
        let beside: Vec<f64> = even(bins).iter().map(|edge| edge.next_up()).collect();
        let edges = Edges::of(&beside).unwrap();
        prop_assert_eq!(edges.spacing == Spacing::Nearly, bins > 1);
        prop_assert_eq!(reliability(&values, &outcomes, &edges).unwrap(), oracle(&values, &outcomes, &beside));
    }

    #[test]
    fn any_edges_will_do(
        samples in prop::collection::vec((probability(), 0_u8..2), 0..100),
        mut edges in prop::collection::vec(prop_oneof![probability(), -1.0..2.0], 0..80),
    ) {
        edges.sort_by(f64::total_cmp);
        let (values, outcomes): (Vec<f64>, Vec<u8>) = samples.into_iter().unzip();
        let found = Edges::of(&edges).unwrap();
        prop_assert_eq!(reliability(&values, &outcomes, &found).unwrap(), oracle(&values, &outcomes, &edges));
        let wanted: Vec<u32> =
            values.iter().map(|value| edges.iter().filter(|&edge| edge < value).count() as u32).collect();
        prop_assert_eq!(super::bins(&values, &found).unwrap(), wanted);
    }
}

#[test]
fn exact_edges_close_their_bins() {
    for bins in (1..=70).chain([127, 128, 255, 1000, 1023]) {
        let edges = Edges::even(bins).unwrap();
        assert_eq!(edges.spacing, Spacing::Even);
        let (mut values, mut wanted) = (Vec::new(), vec![0; bins]);
        for k in 1..=bins {
            let edge = k as f64 / bins as f64;
            let above = (edge.next_up().min(1.0), k.min(bins - 1));
            for (value, bin) in [(edge, k - 1), above, (edge.next_down(), k - 1)] {
                values.push(value);
                wanted[bin] += 1;
            }
        }
        let table = reliability(&values, &vec![0; values.len()], &edges).unwrap();
        let counts: Vec<u64> = table.bins.iter().map(|bin| bin[0].count).collect();
        assert_eq!(counts, wanted, "{bins} bins");
        let narrow: Vec<f32> = values.iter().map(|&value| value as f32).collect();
        let table = reliability(&narrow, &vec![0; narrow.len()], &edges).unwrap();
        assert_eq!(table, oracle(&narrow, &vec![0; narrow.len()], &even(bins)), "{bins} bins");
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let mut random = crate::random::Random::stream(3, 0);
    let values: Vec<f32> = (0..300_001).map(|_| random.below(1 << 24) as f32 / (1 << 24) as f32).collect();
    let outcomes: Vec<u8> = values.iter().map(|&value| u8::from((value * 977.0).fract() < value)).collect();
    let wanted = oracle(&values, &outcomes, &even(15));
    for limit in [1, 2, 3] {
        threads::set_num_threads(std::num::NonZeroUsize::new(limit));
        assert_eq!(reliability(&values, &outcomes, &Edges::even(15).unwrap()).unwrap(), wanted);
    }
    threads::set_num_threads(None);
}

#[test]
fn bad_input_is_refused() {
    let edges = Edges::even(4).unwrap();
    for value in [f64::NAN, -1e-300, 1.0_f64.next_up(), f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300] {
        let found = reliability(&[0.5, value], &[0, 1], &edges);
        assert!(matches!(found, Err(CalibrationError::NotAProbability { index: 1, .. })), "{value}");
        let uneven = Edges::of(&[0.9]).unwrap();
        assert!(reliability(&[value], &[0], &uneven).is_err() && bins(&[value], &uneven).is_err());
    }
    assert_eq!(
        reliability(&[0.5], &[], &edges),
        Err(CalibrationError::LengthMismatch { probabilities: 1, outcomes: 0 })
    );
    assert_eq!(Edges::even(0), Err(CalibrationError::BadBins { bins: 0 }));
    assert_eq!(Edges::even(MOST_BINS + 1), Err(CalibrationError::BadBins { bins: MOST_BINS + 1 }));
    assert_eq!(Edges::of(&[0.2, 0.1]), Err(CalibrationError::BadEdge { index: 1 }));
    assert_eq!(Edges::of(&[f64::NAN]), Err(CalibrationError::BadEdge { index: 0 }));
}
