//! Curves with fewer points, at a known distance.
//!
//! Points are left out greedily: from a kept point, a cone of directions shrinks with each point that it passes,
//! so that a straight line inside it stays within the tolerance of all of them; the furthest point inside the
//! cone is kept next. The tolerance is found by bisection.
//! Source of the cone: Williams, An efficient algorithm for the piecewise linear approximation of planar curves,
//! Computer Graphics and Image Processing 8, 1978.

/// Bisection stops when the tolerance is known to this share.
const PRECISION: f64 = 1e-3;

/// A curve of fewer points.
#[derive(Debug, Clone, PartialEq)]
pub struct Thinned {
    /// Positions of the points that are kept, ascending; the first and the last among them.
    pub kept: Vec<usize>,
    /// The largest vertical distance of a point that is left out from the straight line above or below it.
    pub max_error: f64,
}

/// Why a curve cannot be thinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThinningError {
    /// The slices have different lengths.
    LengthMismatch {
        /// Length of `x`.
        x: usize,
        /// Length of `y`.
        y: usize,
    },
    /// Fewer points than the two ends.
    TooFewPoints {
        /// How many were wanted.
        points: usize,
    },
    /// A number is NaN or infinite, or `x` falls.
    NotAscending {
        /// Position of the first such point.
        index: usize,
    },
}

impl std::fmt::Display for ThinningError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::LengthMismatch { x, y } => write!(out, "y: got {y} numbers; wanted {x}, as x"),
            Self::TooFewPoints { points } => {
                write!(out, "max_points: got {points}; wanted at least 2, for the ends of the curve")
            }
            Self::NotAscending { index } => {
                write!(
                    out,
                    "x: got a falling, NaN or infinite point at {index}; wanted a finite, rising curve"
                )
            }
        }
    }
}

impl std::error::Error for ThinningError {}

/// Keeps at most `max_points` points of the curve `y(x)`, where `x` does not fall, with an error about as small
/// as a greedy choice allows. Vertical steps are kept as vertical steps, or have their height in the error.
///
/// O(n) time for each of about 20 tolerances.
///
/// # Errors
/// [`ThinningError`].
///
/// ```
/// use lossary_core::thinning::thin;
/// let thinned = thin(&[0.0, 0.0, 0.5, 1.0], &[0.0, 0.5, 0.75, 1.0], 3)?;
/// assert_eq!((thinned.kept, thinned.max_error), (vec![0, 1, 3], 0.0));
/// # Ok::<(), lossary_core::thinning::ThinningError>(())
/// ```
pub fn thin(x: &[f64], y: &[f64], max_points: usize) -> Result<Thinned, ThinningError> {
    if x.len() != y.len() {
        return Err(ThinningError::LengthMismatch { x: x.len(), y: y.len() });
    }
    if max_points < 2 {
        return Err(ThinningError::TooFewPoints { points: max_points });
    }
    let falls = |index: &usize| {
        !(x[*index].is_finite() && y[*index].is_finite()) || *index > 0 && x[*index] < x[*index - 1]
    };
    if let Some(index) = (0..x.len()).find(falls) {
        return Err(ThinningError::NotAscending { index });
    }
    if x.len() <= max_points {
        return Ok(Thinned { kept: (0..x.len()).collect(), max_error: 0.0 });
    }
    let curve = Points { x, y };
    let exact = curve.within(0.0, max_points);
    let kept = exact.unwrap_or_else(|| curve.bisect(max_points));
    let max_error = curve.error(&kept);
    Ok(Thinned { kept, max_error })
}

struct Points<'a> {
    x: &'a [f64],
    y: &'a [f64],
}

impl Points<'_> {
    /// The fewest points for the smallest tolerance that allows so few.
    fn bisect(&self, max_points: usize) -> Vec<usize> {
        let (low, high) = self
            .y
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &y| (low.min(y), high.max(y)));
        let (mut too_small, mut enough) = (0.0, high - low);
        let mut best = vec![0, self.x.len() - 1];
        while enough - too_small > PRECISION * enough {
            // First by magnitude: the answer may be far below the height of the curve.
            let tolerance = if too_small == 0.0 { enough / 16.0 } else { f64::midpoint(too_small, enough) };
            if tolerance == 0.0 {
                break;
            }
            match self.within(tolerance, max_points) {
                Some(kept) => {
                    best = kept;
                    enough = tolerance;
                }
                None => too_small = tolerance,
            }
        }
        best
    }

    /// Points whose straight lines stay within the tolerance of all others; None if that takes too many.
    fn within(&self, tolerance: f64, max_points: usize) -> Option<Vec<usize>> {
        let last = self.x.len() - 1;
        let mut kept = vec![0];
        let mut anchor = 0;
        while anchor < last {
            if kept.len() == max_points {
                return None;
            }
            anchor = self.reach(anchor, tolerance);
            kept.push(anchor);
        }
        Some(kept)
    }

    /// The last point, as far as one looks, to which a straight line from the anchor is within the tolerance.
    fn reach(&self, anchor: usize, tolerance: f64) -> usize {
        let (x, y) = (self.x[anchor], self.y[anchor]);
        let (mut least, mut most) = (f64::NEG_INFINITY, f64::INFINITY);
        let (mut low, mut high) = (y, y); // of the points straight above and below the anchor
        let mut reached = anchor + 1;
        for index in anchor + 1..self.x.len() {
            // Looking far beyond the last point in reach would make the whole quadratic.
            if least > most || index - reached > 64 + 4 * (reached - anchor) {
                break;
            }
            let (run, rise) = (self.x[index] - x, self.y[index] - y);
            if run == 0.0 {
                low = low.min(self.y[index]);
                high = high.max(self.y[index]);
                let spans =
                    low >= y.min(self.y[index]) - tolerance && high <= y.max(self.y[index]) + tolerance;
                reached = if spans { index } else { reached };
                if rise.abs() > tolerance {
                    (least, most) = (f64::INFINITY, f64::INFINITY); // only a vertical line can leave the anchor
                }
                continue;
            }
            if least == f64::INFINITY {
                break;
            }
            let slope = rise / run;
            if least <= slope && slope <= most {
                reached = index;
            }
            least = least.max((rise - tolerance) / run);
            most = most.min((rise + tolerance) / run);
        }
        reached
    }

    /// The largest vertical distance of a point from the straight line between its kept neighbours.
    fn error(&self, kept: &[usize]) -> f64 {
        let mut error = 0.0_f64;
        for ends in kept.windows(2) {
            let (start, end) = (ends[0], ends[1]);
            let (run, rise) = (self.x[end] - self.x[start], self.y[end] - self.y[start]);
            for index in start + 1..end {
                let y = self.y[index];
                error = error.max(if run == 0.0 {
                    let (low, high) = (self.y[start].min(self.y[end]), self.y[start].max(self.y[end]));
                    (low - y).max(y - high)
                } else {
                    (y - self.y[start] - rise * ((self.x[index] - self.x[start]) / run)).abs()
                });
            }
        }
        error
    }
}
