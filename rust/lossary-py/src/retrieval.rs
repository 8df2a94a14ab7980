//! Bindings of `lossary_core::retrieval`.

use crate::arrays::{Numbers, Scores, slice, with_scores, with_slice};
use crate::errors::{retrieval_error, unknown_measure, unknown_ties};
use lossary_core::retrieval::{Gain, Graded, Lists, Measure, Relevance, SameLabel, Ties, evaluate};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::Borrowed;
use pyo3::prelude::*;

type Evaluated<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<u64>>);

/// The number of columns of a matrix, or the bounds of ragged lists.
#[derive(FromPyObject)]
pub enum Bounds<'py> {
    Matrix(usize),
    Ragged(PyReadonlyArray1<'py, usize>),
}

/// A name, and the ranks looked at: None for all.
pub struct Asked(Measure);

impl<'a, 'py> FromPyObject<'a, 'py> for Asked {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let (name, cut): (String, Option<usize>) = object.extract()?;
        let cut = cut.unwrap_or(usize::MAX);
        let dcg = |gain, normalised| Measure::Dcg { cut, gain, normalised };
        Ok(Self(match name.as_str() {
            "precision" => Measure::Precision { cut },
            "hit" => Measure::Hit { cut },
            "recall" => Measure::Recall { cut },
            "r_precision" => Measure::RPrecision,
            "average_precision_at_r" => Measure::AveragePrecisionAtR,
            "average_precision" => Measure::AveragePrecision { cut, capped: false },
            "capped_average_precision" => Measure::AveragePrecision { cut, capped: true },
            "reciprocal_rank" => Measure::ReciprocalRank { cut },
            "dcg" => dcg(Gain::Linear, false),
            "ndcg" => dcg(Gain::Linear, true),
            "exponential_ndcg" => dcg(Gain::Exponential, true),
            _ => return Err(unknown_measure(&name)),
        }))
    }
}

/// What equal scores mean, by name.
pub struct TieRule(Ties);

impl<'a, 'py> FromPyObject<'a, 'py> for TieRule {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let name: String = object.extract()?;
        Ok(Self(match name.as_str() {
            "index" => Ties::Index,
            "last_index" => Ties::LastIndex,
            "optimistic" => Ties::Optimistic,
            "pessimistic" => Ties::Pessimistic,
            "expected" => Ties::Expected,
            _ => return Err(unknown_ties(&name)),
        }))
    }
}

/// Each measure of each query, query by query, and how many relevant items each query has.
#[pyfunction]
#[pyo3(signature = (y_true, y_score, bounds, measures, ties, /))]
pub fn retrieval<'py>(
    py: Python<'py>,
    y_true: Numbers<'_>,
    y_score: Scores<'_>,
    bounds: Bounds<'_>,
    measures: Vec<Asked>,
    ties: TieRule,
) -> PyResult<Evaluated<'py>> {
    let lists = match &bounds {
        Bounds::Matrix(width) => Lists::Matrix(*width),
        Bounds::Ragged(bounds) => Lists::Ragged(slice(bounds)?),
    };
    with_slice!(&y_true, grades => evaluated(py, &y_score, lists, &Graded(grades), &measures, ties))
}

/// [`retrieval`] of a matrix of similarities, where items with the label of the query are relevant. The queries
/// are the items from `first` on, each left out of its own list, unless `first` is None.
#[pyfunction]
#[pyo3(signature = (query_labels, item_labels, first, y_score, measures, /))]
pub fn label_retrieval<'py>(
    py: Python<'py>,
    query_labels: PyReadonlyArray1<'_, u32>,
    item_labels: PyReadonlyArray1<'_, u32>,
    first: Option<usize>,
    y_score: Scores<'_>,
    measures: Vec<Asked>,
) -> PyResult<Evaluated<'py>> {
    let (queries, items) = (slice(&query_labels)?, slice(&item_labels)?);
    let relevance = SameLabel { queries, items, first };
    evaluated(py, &y_score, Lists::Matrix(items.len()), &relevance, &measures, TieRule(Ties::Index))
}

fn evaluated<'py>(
    py: Python<'py>,
    y_score: &Scores<'_>,
    lists: Lists<'_>,
    relevance: &dyn Relevance,
    measures: &[Asked],
    ties: TieRule,
) -> PyResult<Evaluated<'py>> {
    let measures: Vec<Measure> = measures.iter().map(|asked| asked.0).collect();
    let found = with_scores!(y_score, scores => py
        .detach(|| evaluate(scores, lists, relevance, &measures, ties.0))
        .map_err(retrieval_error))?;
    Ok((found.values.into_pyarray(py), found.relevant.into_pyarray(py)))
}
