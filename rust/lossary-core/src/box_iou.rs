//! How much boxes overlap: every box of one list with every box of another.
//!
//! Source: Rezatofighi et al., Generalized Intersection over Union, CVPR 2019, arXiv 1902.09630; Zheng et al.,
//! Distance-IoU Loss, AAAI 2020, arXiv 1911.08287.

use crate::threads;
use std::f64::consts::PI;
use std::fmt;

/// What is compared beside the shared area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The shared area over that of the union.
    Iou,
    /// Less the share of the enclosing box that neither covers.
    Giou,
    /// Less the squared distance of the centres over that of the corners of the enclosing box.
    Diou,
    /// Less that, and how much the ratios of the sides differ.
    Ciou,
}

/// Why there is no matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoxError {
    /// A coordinate that is no number within plus or minus 1e70, or sides below 0.
    BadBox {
        /// 1 or 2.
        list: usize,
        /// Its position there.
        index: usize,
    },
}

impl fmt::Display for BoxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::BadBox { list, index } = self;
        write!(f, "the box at position {index} of list {list} is none")
    }
}

impl std::error::Error for BoxError {}

/// Comparisons of the rows that make one job.
const BLOCK: usize = 1 << 14;

/// Beyond this, squares of areas would overflow.
const FURTHEST: f64 = 1e70;

/// Whether `[left, top, right, bottom]` is a box with coordinates that can be computed with.
pub(crate) fn is_box([left, top, right, bottom]: [f64; 4]) -> bool {
    [left, top, right, bottom].iter().all(|x| x.abs() <= FURTHEST) && left <= right && top <= bottom
}

/// The similarity of each of the first boxes with each of the second, row by row; 0 in the place of 0 / 0.
///
/// A box is `[left, top, right, bottom]`. O(n m).
///
/// # Errors
/// [`BoxError`].
///
/// ```
/// use lossary_core::box_iou::{Kind, box_iou};
/// let found = box_iou(&[[0.0, 0.0, 2.0, 1.0]], &[[0.0, 0.0, 1.0, 1.0], [5.0, 0.0, 6.0, 1.0]], Kind::Iou)?;
/// assert_eq!(found, [0.5, 0.0]);
/// # Ok::<(), lossary_core::box_iou::BoxError>(())
/// ```
pub fn box_iou(first: &[[f64; 4]], second: &[[f64; 4]], kind: Kind) -> Result<Vec<f64>, BoxError> {
    for (list, boxes) in [(1, first), (2, second)] {
        if let Some(index) = boxes.iter().position(|&each| !is_box(each)) {
            return Err(BoxError::BadBox { list, index });
        }
    }
    if second.is_empty() {
        return Ok(Vec::new());
    }
    let mut similarity = vec![0.0; first.len() * second.len()];
    let angles: Vec<f64> = second.iter().map(|&each| angle(each)).collect();
    let rows = BLOCK.div_ceil(second.len());
    let jobs = first.chunks(rows).zip(similarity.chunks_mut(rows * second.len())).collect();
    threads::map(jobs, threads::threads_for(first.len() * second.len()), |(first, similarity)| {
        for (&a, row) in first.iter().zip(similarity.chunks_exact_mut(second.len())) {
            let of_a = angle(a);
            for ((value, &b), of_b) in row.iter_mut().zip(second).zip(&angles) {
                *value = compare(a, b, (of_a, *of_b), kind);
            }
        }
    });
    Ok(similarity)
}

/// Of the diagonal: its tangent is width over height.
fn angle([left, top, right, bottom]: [f64; 4]) -> f64 {
    (right - left).atan2(bottom - top)
}

#[inline(always)]
fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

#[inline(always)]
fn compare(a: [f64; 4], b: [f64; 4], angles: (f64, f64), kind: Kind) -> f64 {
    let area = |[left, top, right, bottom]: [f64; 4]| (right - left) * (bottom - top);
    let width = (a[2].min(b[2]) - a[0].max(b[0])).max(0.0);
    let height = (a[3].min(b[3]) - a[1].max(b[1])).max(0.0);
    let shared = width * height;
    let union = area(a) + area(b) - shared;
    let iou = ratio(shared, union);
    if kind == Kind::Iou {
        return iou;
    }
    let sides = [a[2].max(b[2]) - a[0].min(b[0]), a[3].max(b[3]) - a[1].min(b[1])];
    if kind == Kind::Giou {
        let enclosing = sides[0] * sides[1];
        return iou - ratio(enclosing - union, enclosing);
    }
    let across = (a[0] + a[2] - b[0] - b[2]) / 2.0;
    let down = (a[1] + a[3] - b[1] - b[3]) / 2.0;
    let diou = iou - ratio(across * across + down * down, sides[0] * sides[0] + sides[1] * sides[1]);
    if kind == Kind::Diou {
        return diou;
    }
    let turn = angles.0 - angles.1;
    let unlike = 4.0 / (PI * PI) * turn * turn;
    diou - ratio(unlike, 1.0 - iou + unlike) * unlike
}
