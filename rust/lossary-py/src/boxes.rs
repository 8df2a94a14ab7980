//! Bindings of `lossary_core::box_iou` and `lossary_core::soft_nms`.

use crate::arrays::slice;
use crate::errors::boxes::{box_error, soft_nms_error};
use crate::options::Named;
use lossary_core::box_iou::Kind;
use lossary_core::soft_nms::{Decay, Options};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

type Doubles<'py> = Bound<'py, PyArray1<f64>>;
type Sides<'py> = PyReadonlyArray1<'py, f64>;

/// Similarities of boxes, four sides each, row by row.
#[pyfunction]
#[pyo3(signature = (boxes1, boxes2, kind, /))]
pub fn box_iou<'py>(
    py: Python<'py>,
    boxes1: Sides<'_>,
    boxes2: Sides<'_>,
    kind: Named<Kind>,
) -> PyResult<Doubles<'py>> {
    let ((first, _), (second, _)) = (slice(&boxes1)?.as_chunks(), slice(&boxes2)?.as_chunks());
    let found = py.detach(|| lossary_core::box_iou::box_iou(first, second, kind.0)).map_err(box_error)?;
    Ok(found.into_pyarray(py))
}

/// Positions and scores of the boxes that stay; `groups` has an image and a class for each.
#[pyfunction]
#[pyo3(signature = (boxes, scores, groups, /, *, method, sigma, iou_threshold, score_threshold, most, whole_pixels))]
#[expect(clippy::too_many_arguments, reason = "the arguments of the Python function")]
pub fn soft_nms<'py>(
    py: Python<'py>,
    boxes: Sides<'_>,
    scores: Sides<'_>,
    groups: Option<PyReadonlyArray1<'_, i64>>,
    method: &str,
    sigma: f64,
    iou_threshold: f64,
    score_threshold: f64,
    most: usize,
    whole_pixels: bool,
) -> PyResult<(Bound<'py, PyArray1<i64>>, Doubles<'py>)> {
    let decay = match method {
        "linear" => Decay::Linear { threshold: iou_threshold },
        "hard" => Decay::Hard { threshold: iou_threshold },
        _ => Decay::Gaussian { sigma },
    };
    let options = Options { decay, score_threshold, most, whole_pixels };
    let ((boxes, _), scores) = (slice(&boxes)?.as_chunks(), slice(&scores)?);
    let groups = groups.as_ref().map(slice).transpose()?.map(|groups| groups.as_chunks().0);
    let found = py
        .detach(|| lossary_core::soft_nms::soft_nms(boxes, scores, groups, options))
        .map_err(soft_nms_error)?;
    let (indices, scores): (Vec<_>, Vec<_>) =
        found.iter().map(|each| (i64::from(each.index), each.score)).unzip();
    Ok((indices.into_pyarray(py), scores.into_pyarray(py)))
}
