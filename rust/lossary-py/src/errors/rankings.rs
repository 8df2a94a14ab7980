//! Errors of `lossary_core::plackett_luce`.

use super::{InvalidInputError, ShapeError};
use lossary_core::plackett_luce::{FitError, PlackettLuceError, RankingsError};
use pyo3::prelude::*;

/// Components that a message names, and items of each.
const NAMED: usize = 4;

pub fn unknown_method(name: &str) -> PyErr {
    InvalidInputError::new_err(format!("method: got {name:?}; wanted one of auto, mm, lsr, ilsr, newton"))
}

pub fn plackett_luce_error(error: PlackettLuceError) -> PyErr {
    match error {
        PlackettLuceError::BadOffsets
        | PlackettLuceError::BadRanked { .. }
        | PlackettLuceError::LengthMismatch { .. } => ShapeError::new_err(error.to_string()),
        PlackettLuceError::BadScore { .. } | PlackettLuceError::BadWeight { .. } => {
            InvalidInputError::new_err(error.to_string())
        }
    }
}

/// The error of the rankings of this name.
pub fn rankings_error(name: &str, error: RankingsError) -> PyErr {
    match error {
        RankingsError::TooManyItems { items } => {
            InvalidInputError::new_err(format!("n_items: got {items}; wanted at most 2**26"))
        }
        error => InvalidInputError::new_err(format!("{name}: {error}")),
    }
}

/// The error of a fit to the rankings of this name.
pub fn fit_error(name: &str, error: FitError) -> PyErr {
    InvalidInputError::new_err(match error {
        FitError::Rankings(error) => return rankings_error(name, error),
        FitError::NoItems => "n_items: got 0; wanted at least 1".to_owned(),
        FitError::LengthMismatch { rankings, weights } => {
            return ShapeError::new_err(format!(
                "sample_weight: got {weights} weights; wanted {rankings}, one for each row of {name}"
            ));
        }
        FitError::BadWeight { row } => format!(
            "sample_weight: got a negative weight, one beyond 1e30 or NaN at position {row}; wanted numbers from 0 on"
        ),
        FitError::BadAlpha { .. } | FitError::BadTolerance { .. } => error.to_string(),
        FitError::NoRankings => {
            format!("{name}: got no row with two items and a weight above 0; wanted some, or alpha > 0")
        }
        FitError::NotConnected { components } => format!(
            "alpha: got 0 for comparisons without a maximum of the likelihood, as their graph is not strongly \
             connected: {}; wanted alpha > 0, or rows of {name} in which each of these beats and loses to others",
            named(&components)
        ),
        FitError::TooDense { items } => format!(
            "n_items: got {items}, too many that are compared with each other for a system of equations; wanted \
             fewer, or method 'mm' without covariance"
        ),
        FitError::NoCovariance => {
            "covariance: got True with a method that maximises no likelihood; wanted method 'auto', 'mm' or \
             'newton', or 'ilsr' with alpha = 0"
                .to_owned()
        }
    })
}

/// How many components there are, and the smallest.
fn named(components: &[u32]) -> String {
    let count = components.iter().max().map_or(0, |last| *last as usize + 1);
    let mut members = vec![Vec::new(); count];
    for (item, &component) in components.iter().enumerate() {
        if let Some(members) = members.get_mut(component as usize) {
            members.push(item.to_string());
        }
    }
    members.sort_by_key(Vec::len);
    let mut shown: Vec<String> = members
        .iter()
        .take(NAMED)
        .map(|items| {
            let mut few: Vec<&str> = items.iter().take(NAMED).map(String::as_str).collect();
            if items.len() > NAMED {
                few.push("...");
            }
            format!("{{{}}}", few.join(", "))
        })
        .collect();
    if count > NAMED {
        shown.push("...".to_owned());
    }
    format!("{count} components, {}", shown.join(", "))
}
