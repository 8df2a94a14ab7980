//! Errors of states.

use super::{InvalidInputError, confusion_error, ranking_error};
use lossary_core::states::bytes::DecodeError;
use lossary_core::states::error::StateError;
use pyo3::prelude::*;

pub fn state_error(error: StateError) -> PyErr {
    InvalidInputError::new_err(match error {
        StateError::Ranking(error) => return ranking_error(error),
        StateError::Confusion(error) => return confusion_error(error),
        StateError::MixedLabels => {
            "y_true: got a mix of strings and numbers with what came before; wanted one kind of label"
                .to_owned()
        }
        StateError::InexactScore { index } => format!(
            "y_score: got an integer beyond 2**53 at position {index}; wanted numbers that float64 holds"
        ),
        StateError::NegativeWeight { index } => {
            format!("sample_weight: got a negative number at position {index}; wanted numbers of at least 0")
        }
        StateError::WeightSpan => {
            "sample_weight: got numbers that span more than 126 bits with all before, or \
             whose sum is too large; wanted a smaller range, for example float32"
                .to_owned()
        }
        StateError::TooManySamples => {
            "y_score: got 2**63 samples or more with all before; wanted fewer".to_owned()
        }
        StateError::LongTag { bytes } => format!("pos_label: got {bytes} bytes; wanted at most 65535"),
        StateError::BadBins { low, high, bins } => format!(
            "bins: got {bins} from {low} to {high}; wanted 2 to 2**24, over a finite range that rises, each wide \
             enough for float64"
        ),
        StateError::OtherOptions { own, other } => {
            format!("other: got a state with {other}; wanted one with {own}")
        }
    })
}

pub fn decode_error(error: DecodeError) -> PyErr {
    InvalidInputError::new_err(match error {
        DecodeError::NoState => "data: got other bytes; wanted what to_bytes returned".to_owned(),
        DecodeError::NewerVersion { version, known } => {
            format!("data: got a state of version {version}; wanted at most {known}: update lossary")
        }
        DecodeError::Damaged => "data: got a damaged or cut state; wanted one whose checksum fits".to_owned(),
        DecodeError::OtherKind => "data: got another kind of state; wanted this kind".to_owned(),
        DecodeError::Impossible(what) => format!("data: got {what}; wanted what to_bytes returned"),
    })
}
