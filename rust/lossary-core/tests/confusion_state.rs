//! States of confusion matrices: the laws of a monoid, exact sums, and bytes that trust nothing.

#![allow(missing_docs, clippy::unwrap_used)]

use lossary_core::confusion::ConfusionError;
use lossary_core::ranking::RankingError;
use lossary_core::states::bytes::DecodeError;
use lossary_core::states::confusion::{Amounts, Class, Confusion};
use lossary_core::states::error::StateError;
use proptest::prelude::*;

type Sample = (u32, u32, f64);

/// Classes of a kind, in an order that is not theirs.
fn classes(texts: bool) -> Vec<Class> {
    let class = |number: i64| match texts {
        true => Class::Text(format!("class {number}").into_bytes().into()),
        false => Class::Number(number),
    };
    [3, -1, 12, 0].map(class).to_vec()
}

fn state_of(samples: &[Sample], weighted: bool, texts: bool) -> Confusion {
    let mut state = Confusion::default();
    let rows: Vec<u32> = samples.iter().map(|sample| sample.0).collect();
    let columns: Vec<u32> = samples.iter().map(|sample| sample.1).collect();
    let weights: Vec<f64> = samples.iter().map(|sample| sample.2).collect();
    if weighted {
        state.weigh(&classes(texts), &rows, &columns, &weights).unwrap();
    } else {
        state.count(&classes(texts), &rows, &columns, &vec![1; rows.len()]).unwrap();
    }
    state
}

fn samples() -> impl Strategy<Value = Vec<Sample>> {
    prop::collection::vec(
        (0..4_u32, 0..4_u32, prop::sample::select(vec![0.0, 0.1, 1.0, 3.5, 1e-9, 1e9])),
        0..40,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn cut_and_order_change_nothing(
        samples in samples(), cut in 0..40_usize, weighted in any::<bool>(), texts in any::<bool>(),
    ) {
        let cut = cut.min(samples.len());
        let whole = state_of(&samples, weighted, texts);
        let (first, second) =
            (state_of(&samples[..cut], weighted, texts), state_of(&samples[cut..], weighted, texts));
        let (mut forward, mut backward) = (first.clone(), Confusion::default());
        forward.merge(&second).unwrap();
        for part in [&second, &first] {
            backward.merge(&Confusion::from_bytes(&part.to_bytes()).unwrap()).unwrap();
        }
        prop_assert_eq!(&forward, &whole);
        prop_assert_eq!(&backward, &whole);
        prop_assert_eq!(forward.to_bytes(), whole.to_bytes());
        prop_assert_eq!(forward.pairs(), whole.pairs());
    }

    #[test]
    fn pairs_are_the_samples(samples in samples(), texts in any::<bool>()) {
        let pairs = state_of(&samples, false, texts).pairs();
        let named = classes(texts);
        prop_assert!(pairs.classes.is_sorted());
        let Amounts::Counts(counts) = pairs.amounts else { return Err(TestCaseError::fail("weights")) };
        prop_assert_eq!(counts.iter().sum::<u64>(), samples.len() as u64);
        for ((&row, &column), count) in pairs.rows.iter().zip(&pairs.columns).zip(counts) {
            let (truth, guess) = (&pairs.classes[row as usize], &pairs.classes[column as usize]);
            let same = |sample: &&Sample| &named[sample.0 as usize] == truth && &named[sample.1 as usize] == guess;
            prop_assert_eq!(count, samples.iter().filter(same).count() as u64);
        }
    }

    #[test]
    fn changed_bytes_are_refused_or_a_state(
        samples in samples(), weighted in any::<bool>(), texts in any::<bool>(),
        changes in prop::collection::vec((0.0..1.0_f64, any::<u8>()), 0..4), keep in 0.0..1.2_f64,
    ) {
        let mut bytes = state_of(&samples, weighted, texts).to_bytes();
        bytes.truncate(bytes.len() - 4);
        for (place, value) in changes {
            let place = (place * bytes.len() as f64) as usize;
            bytes[place] = value;
        }
        bytes.truncate((keep * bytes.len() as f64) as usize);
        let crc = bytes.iter().fold(u32::MAX, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1)))
        });
        bytes.extend((!crc).to_le_bytes());
        if let Ok(state) = Confusion::from_bytes(&bytes) {
            prop_assert_eq!(&Confusion::from_bytes(&state.to_bytes()).unwrap(), &state);
            let mut double = state.clone();
            if double.merge(&state).is_ok() {
                prop_assert_eq!(double.pairs().rows, state.pairs().rows);
            }
        }
    }
}

#[test]
fn integer_weights_are_samples() {
    let samples = [(0, 1, 2.0), (1, 1, 3.0), (3, 0, 1.0)];
    let repeated = [(0, 1, 1.0), (0, 1, 1.0), (1, 1, 1.0), (1, 1, 1.0), (1, 1, 1.0), (3, 0, 1.0)];
    assert_eq!(state_of(&samples, true, true), state_of(&repeated, false, true));
    let mut mixed = state_of(&[(0, 0, 0.25)], true, false);
    mixed.merge(&state_of(&[(0, 0, 1.0)], false, false)).unwrap();
    mixed.merge(&state_of(&[(0, 0, 0.75)], true, false)).unwrap();
    assert_eq!(mixed, state_of(&[(0, 0, 1.0); 2], false, false));
}

#[test]
fn a_sample_of_weight_zero_names_its_classes() {
    let state = state_of(&[(0, 1, 0.0)], true, false);
    assert_eq!(state.pairs().classes, [Class::Number(-1), Class::Number(3)]);
    assert_eq!(state.pairs().amounts, Amounts::Counts(vec![0]));
    let mut tiny = state_of(&[(2, 2, 5e-324)], true, false);
    tiny.merge(&state).unwrap();
    assert_eq!(tiny.pairs().amounts, Amounts::Weights(vec![0.0, 5e-324]));
    let mut huge = state.clone();
    huge.merge(&state_of(&[(2, 2, 2.0_f64.powi(900))], true, false)).unwrap();
    assert_eq!(huge.pairs().amounts, Amounts::Weights(vec![0.0, 2.0_f64.powi(900)]));
}

#[test]
fn what_does_not_fit_leaves_the_state_as_it_was() {
    let (one, zero) = ([Class::Number(1)], [0_u32]);
    let mut state = Confusion::default();
    state.count(&one, &zero, &zero, &[i64::MAX as u64]).unwrap();
    let before = state.to_bytes();
    let text = [Class::Text(b"1".as_slice().into())];
    assert_eq!(state.count(&one, &zero, &zero, &[1]), Err(StateError::TooManySamples));
    assert_eq!(state.count(&text, &zero, &zero, &[1]), Err(StateError::MixedLabels));
    assert_eq!(state.count(&[one, text].concat(), &zero, &zero, &[1]), Err(StateError::MixedLabels));
    assert_eq!(state.weigh(&[Class::Number(1)], &zero, &zero, &[5e-324]), Err(StateError::WeightSpan));
    let one = [Class::Number(1)];
    assert_eq!(state.weigh(&one, &zero, &zero, &[-1.0]), Err(StateError::NegativeWeight { index: 0 }));
    let error = RankingError::BadWeight { index: 0 };
    assert_eq!(state.weigh(&one, &zero, &zero, &[f64::NAN]), Err(StateError::Ranking(error)));
    let error = ConfusionError::LabelOutside { classes: 1 };
    assert_eq!(state.count(&one, &[1], &zero, &[1]), Err(StateError::Confusion(error)));
    let error = ConfusionError::LengthMismatch { actual: 1, other: 2 };
    assert_eq!(state.count(&one, &zero, &zero, &[1, 2]), Err(StateError::Confusion(error)));
    assert_eq!(state.to_bytes(), before);
}

#[test]
fn bytes_of_other_states_are_refused() {
    let other = lossary_core::states::exact::ExactRanking::default().to_bytes();
    assert_eq!(Confusion::from_bytes(&other), Err(DecodeError::OtherKind));
    assert_eq!(Confusion::from_bytes(b""), Err(DecodeError::NoState));
}
