//! Bytes of states: what is damaged is refused, and what a forged checksum lets through is still checked.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use lossary_core::criteria::{Criterion, F1, Matthews};
use lossary_core::states::bounded::BoundedRanking;
use lossary_core::states::bytes::DecodeError;
use lossary_core::states::exact::ExactRanking;
use proptest::prelude::*;

/// CRC-32, one bit at a time.
fn checksum(bytes: &[u8]) -> [u8; 4] {
    let crc = bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1)))
    });
    (!crc).to_le_bytes()
}

fn forged(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len().saturating_sub(4));
    let sum = checksum(&bytes);
    bytes.extend(sum);
    bytes
}

fn exact(form: usize) -> Vec<u8> {
    let mut state = ExactRanking::new("\"cat\"").unwrap();
    state.update(&[0.5, -2.0, 0.5, 8.0], &[0, 1, 1, 0], None).unwrap();
    if form > 0 {
        state.update(&[0.1, -1e300], &[0, 1], None).unwrap();
    }
    if form > 1 {
        state.update(&[0.1, 3.0], &[0, 1], Some(&[0.3, 1e-9])).unwrap();
    }
    state.to_bytes()
}

fn bounded(form: usize) -> Vec<u8> {
    let mut state = BoundedRanking::new("1", -1.0, 1.0, 8).unwrap();
    if form > 0 {
        state.update(&[0.5, -2.0, 0.5, 8.0], &[0, 1, 1, 0], None).unwrap();
    }
    if form > 1 {
        state.update(&[0.1, 0.2], &[0, 1], Some(&[0.3, 1e-9])).unwrap();
    }
    state.to_bytes()
}

/// Whatever is accepted is a state: every reader works, and it comes back from its own bytes.
fn check_accepted(bytes: &[u8]) {
    if let Ok(state) = ExactRanking::from_bytes(bytes) {
        let summary = state.summary();
        assert!(summary.roc_auc().is_none_or(|area| (0.0..=1.0).contains(&area)));
        assert!(summary.average_precision().is_none_or(|precision| (0.0..=1.0).contains(&precision)));
        assert!(state.curve().thresholds.is_sorted_by(|higher, lower| higher > lower));
        assert!(state.partial_auc(0.3).is_none_or(|area| (0.0..=1.0).contains(&area)));
        let mut doubled = state.clone();
        if doubled.merge(&state).is_ok() {
            assert_eq!(doubled.summary().roc_auc(), summary.roc_auc());
        }
        for criterion in [&F1 as &dyn Criterion, &Matthews] {
            assert!(state.best_threshold(criterion).is_none_or(|best| best.value <= 1.0));
        }
        assert_eq!(ExactRanking::from_bytes(&state.to_bytes()).as_ref(), Ok(&state));
    }
    if let Ok(state) = BoundedRanking::from_bytes(bytes) {
        let area = state.summary().roc_auc;
        assert!(area.is_none_or(|area| 0.0 <= area.low && area.low <= area.high && area.high <= 1.0));
        assert!(state.curve().thresholds.is_sorted_by(|higher, lower| higher > lower));
        let mut doubled = state.clone();
        let _ = doubled.merge(&state);
        assert_eq!(BoundedRanking::from_bytes(&state.to_bytes()).as_ref(), Ok(&state));
    }
}

fn any_state() -> impl Strategy<Value = Vec<u8>> {
    (0..6_usize).prop_map(|kind| if kind < 3 { exact(kind) } else { bounded(kind - 3) })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_no_state(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(ExactRanking::from_bytes(&bytes).is_err());
        prop_assert!(BoundedRanking::from_bytes(&bytes).is_err());
    }

    #[test]
    fn random_content_behind_a_true_header_is_checked(
        state in any_state(), content in prop::collection::vec(any::<u8>(), 0..120), keep in 10_usize..40,
    ) {
        let mut bytes = state[..keep.min(state.len())].to_vec();
        bytes.extend(content);
        check_accepted(&forged(bytes));
    }

    #[test]
    fn every_changed_bit_is_found(state in any_state(), place in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let mut bytes = state.clone();
        bytes[place.index(state.len())] ^= 1_u8 << bit;
        prop_assert!(ExactRanking::from_bytes(&bytes).is_err());
        prop_assert!(BoundedRanking::from_bytes(&bytes).is_err());
    }

    #[test]
    fn changes_behind_a_forged_checksum_do_no_harm(
        state in any_state(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = state.clone();
        for (place, value) in changes {
            bytes[place.index(state.len())] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(state.len()));
        }
        check_accepted(&forged(bytes));
    }

    #[test]
    fn a_cut_state_is_refused(state in any_state(), cut in any::<prop::sample::Index>(), more in 1_usize..30) {
        let short = &state[..cut.index(state.len())];
        prop_assert!(ExactRanking::from_bytes(short).is_err() && BoundedRanking::from_bytes(short).is_err());
        for bytes in [short.to_vec(), [state.as_slice(), &vec![0; more]].concat()] {
            let forged = forged(bytes);
            if forged != state {
                prop_assert!(ExactRanking::from_bytes(&forged).is_err());
                prop_assert!(BoundedRanking::from_bytes(&forged).is_err());
            }
        }
    }
}

#[test]
fn the_header_says_what_is_wrong() {
    let state = exact(0);
    let with = |place: usize, value: u8| {
        let mut bytes = state.clone();
        bytes[place] = value;
        ExactRanking::from_bytes(&forged(bytes))
    };
    assert_eq!(ExactRanking::from_bytes(b""), Err(DecodeError::NoState));
    assert_eq!(with(0, b'L'), Err(DecodeError::NoState));
    assert_eq!(with(8, 2), Err(DecodeError::NewerVersion { version: 2, known: 1 }));
    assert_eq!(with(10, 2), Err(DecodeError::OtherKind));
    assert_eq!(BoundedRanking::from_bytes(&state), Err(DecodeError::OtherKind));
    assert_eq!(ExactRanking::from_bytes(&state[..state.len() - 1]), Err(DecodeError::Damaged));
    for (place, value) in [(8, 0), (11, 3), (12, 255), (14, 0xff), (19, 0xff)] {
        assert!(matches!(with(place, value), Err(DecodeError::Impossible(_))), "{place}");
    }
}

#[test]
fn the_layout_of_version_1_is_fixed() {
    let mut state = ExactRanking::new("1").unwrap();
    state.update(&[0.5, 0.5, 0.5], &[1, 0, 1], None).unwrap();
    let header = [b"lossary\x1a".as_slice(), &[1, 0, 1, 0, 1, 0], b"1", &[2, 0, 0, 0, 0, 0, 0, 0]].concat();
    // Key of 0.5: 0x3f000000 with the top bit set; class and count below.
    let tallies = [1, 0, 0, 0, 0, 0, 0, 0xbf, 2, 0, 0, 0x80, 0, 0, 0, 0xbf];
    let content = [header.as_slice(), &tallies].concat();
    assert_eq!(state.to_bytes(), [content.as_slice(), &checksum(&content)].concat());
}

#[test]
fn scores_out_of_order_or_no_numbers_are_refused() {
    let state = exact(0);
    let start = state.len() - 4 - 4 * 8;
    for (from, to) in [(0, 8), (8, 16), (16, 24)] {
        let mut bytes = state.clone();
        let (one, other) = (start + from, start + to);
        for byte in 0..8 {
            bytes.swap(one + byte, other + byte);
        }
        let error = ExactRanking::from_bytes(&forged(bytes)).unwrap_err();
        assert_eq!(error, DecodeError::Impossible("scores out of order"));
    }
    // Keys of NaN, infinity and negative zero; a count of none.
    for tally in
        [0xffff_ffff_0000_0001_u64, 0xff80_0000_0000_0001, 0x7fff_ffff_0000_0001, 0xc100_0000_0000_0000]
    {
        let mut bytes = state.clone();
        bytes[start + 24..start + 32].copy_from_slice(&tally.to_le_bytes());
        let error = ExactRanking::from_bytes(&forged(bytes)).unwrap_err();
        assert_eq!(error, DecodeError::Impossible("a score that is not finite, or without samples"));
    }
}

#[test]
fn a_length_that_the_bytes_do_not_have_allocates_nothing() {
    for (state, place) in [(exact(0), 19), (bounded(1), 43)] {
        let mut bytes = state;
        bytes[place..place + 8].copy_from_slice(&(u64::MAX / 64).to_le_bytes());
        let forged = forged(bytes);
        assert!(matches!(
            ExactRanking::from_bytes(&forged),
            Err(DecodeError::Impossible(_) | DecodeError::OtherKind)
        ));
        assert!(matches!(
            BoundedRanking::from_bytes(&forged),
            Err(DecodeError::Impossible(_) | DecodeError::OtherKind)
        ));
    }
}
