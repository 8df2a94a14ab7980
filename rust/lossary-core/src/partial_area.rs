//! The area under a part of the ROC curve, without a sort of the samples outside the part.

use crate::keys::Score;
use crate::ranking::RankingError;
use crate::roc::{Counted, Mark, Roc, Traced, trapezoid};

/// A box in the plane of the ROC curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Region {
    fpr: (f64, f64),
    tpr: (f64, f64),
}

impl Region {
    /// The box of these rates; None unless both ranges lie in [0, 1] and are not empty.
    pub fn new(fpr: (f64, f64), tpr: (f64, f64)) -> Option<Self> {
        let is_range = |(low, high): (f64, f64)| 0.0 <= low && low < high && high <= 1.0;
        (is_range(fpr) && is_range(tpr)).then_some(Self { fpr, tpr })
    }

    /// The area of the box under a straight piece of the curve, from one (FPR, TPR) to the next.
    pub(crate) fn area_under(&self, [start, end]: [(f64, f64); 2]) -> f64 {
        let ((left, right), (floor, ceiling)) = (self.fpr, self.tpr);
        let (enter, leave) = (start.0.max(left), end.0.min(right));
        if leave <= enter {
            return 0.0;
        }
        let slope = (end.1 - start.1) / (end.0 - start.0);
        let height = |fpr: f64| (start.1 + slope * (fpr - start.0)).min(end.1);
        // Where the piece is inside the range of TPR; below, it adds nothing, above, the whole height.
        let cut = |tpr: f64| if tpr > start.1 { start.0 + (tpr - start.1) / slope } else { start.0 };
        let (up, over) = (cut(floor).clamp(enter, leave), cut(ceiling).clamp(enter, leave));
        let rise = (height(up) - floor).max(0.0) + (height(over).min(ceiling) - floor).max(0.0);
        (over - up) * rise / 2.0 + (ceiling - floor) * (leave - over)
    }
}

/// The area under the curve inside a box; None when a class is missing.
///
/// Exact but for the cut ends, in the time of [`roc_auc`] on the samples inside.
///
/// # Errors
/// As [`true_accept_rates`].
///
/// ```
/// use lossary_core::partial_area::{Region, partial_area};
/// let region = Region::new((0.0, 0.75), (0.0, 1.0)).unwrap_or_else(|| unreachable!());
/// let area = partial_area(&[4.0, 3.0, 2.0, 1.0], &[1, 0, 1, 0], region)?;
/// assert_eq!(area, Some(0.5)); // 0.5 * 0.5 + 0.25 * 1
/// # Ok::<(), lossary_core::ranking::RankingError>(())
/// ```
pub fn partial_area<S: Score>(
    scores: &[S],
    labels: &[u8],
    region: Region,
) -> Result<Option<f64>, RankingError> {
    Counted::new(scores, labels)?.map(|roc| area_inside(&roc, region)).transpose()
}

/// The partial area of samples that count their weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeightedArea {
    /// The area; None when a class has no weight in total.
    pub area: Option<f64>,
    /// Negative weights make the FPR fall somewhere along the curve, so that the area means nothing.
    pub turns_back: bool,
}

/// [`partial_area`] of samples that count their weight; O(n log n) time.
///
/// # Errors
/// As [`weighted_true_accept_rates`].
pub fn weighted_partial_area<S: Score>(
    scores: &[S],
    labels: &[u8],
    weights: &[f64],
    region: Region,
) -> Result<WeightedArea, RankingError> {
    let Some(roc) = Traced::new(scores, labels, weights)? else {
        return Ok(WeightedArea { area: None, turns_back: false });
    };
    let turns_back = roc.0.windows(2).any(|pair| pair[1].fpr < pair[0].fpr);
    Ok(WeightedArea { area: Some(area_inside(&roc, region)?), turns_back })
}

fn area_inside(roc: &impl Roc, region: Region) -> Result<f64, RankingError> {
    let ((left, right), (floor, ceiling)) = (region.fpr, region.tpr);
    let marks = [Mark::BeyondFpr(left), Mark::BeyondFpr(right), Mark::Tpr(floor), Mark::Tpr(ceiling)];
    let passages = roc.passages(&marks)?;
    let [from_left, to_right, from_floor, to_ceiling] = passages.as_slice() else {
        return Ok(0.0);
    };
    let (mut start, mut end) = ((from_left.at_fpr(left), from_left), (to_right.at_fpr(right), to_right));
    if floor > 0.0 && from_floor.at_tpr(floor) > start.0 {
        start = (from_floor.at_tpr(floor), from_floor);
    }
    let mut area = 0.0;
    if ceiling < 1.0 {
        let top = to_ceiling.at_tpr(ceiling);
        area += (ceiling - floor) * (right - top.fpr.clamp(left, right));
        if top < end.0 {
            end = (top, to_ceiling);
        }
    }
    let ((start, start_at), (end, end_at)) = (start, end);
    match start_at.place {
        Some(place) if start.fpr < end.fpr => {
            if end_at.place == Some(place) {
                return Ok(area + trapezoid(start, end, floor));
            }
            area += trapezoid(start, start_at.after, floor);
            area += roc.area(place, end_at.place)?;
            area += (end_at.before.fpr - start_at.after.fpr) * (start_at.after.tpr - floor);
            Ok(area + trapezoid(end_at.before, end, floor))
        }
        _ => Ok(area),
    }
}
