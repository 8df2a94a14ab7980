//! Soft non-maximum suppression: detections lose score the more they overlap better ones.
//!
//! Boxes stand at the leaves of a tree, neighbours beside each other, whose nodes know the place of the boxes below
//! them and the best one: a selected box is shown to those that it may overlap, and to no others. The products are
//! those of the plain algorithm, bit for bit.
//!
//! Source: Bodla et al., Soft-NMS - Improving Object Detection With One Line of Code, ICCV 2017, arXiv 1704.04503.

mod tree;

use crate::box_iou::is_box;
use crate::threads;
use std::fmt;
use tree::Tree;

/// How an overlap o > 0 with a better box changes a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decay {
    /// Times `exp(-o^2 / sigma)`.
    Gaussian {
        /// Above 0.
        sigma: f64,
    },
    /// Times `1 - o` where o is above the threshold.
    Linear {
        /// From 0 to 1.
        threshold: f64,
    },
    /// The box goes where o is above the threshold.
    Hard {
        /// From 0 to 1.
        threshold: f64,
    },
}

/// What to keep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// How overlap lowers scores.
    pub decay: Decay,
    /// Boxes below it go.
    pub score_threshold: f64,
    /// Boxes of an image at most.
    pub most: usize,
    /// Whether a box from pixel 3 to pixel 3 is one pixel wide.
    pub whole_pixels: bool,
}

/// Why there is no selection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SoftNmsError {
    /// Arrays that do not belong together.
    LengthMismatch {
        /// Number of boxes.
        boxes: usize,
        /// Number of something else, one of which belongs to each box.
        other: usize,
    },
    /// A coordinate that is no number within plus or minus 1e70, or sides below 0.
    BadBox {
        /// Its position.
        index: usize,
    },
    /// A score that is NaN, infinite or below 0.
    BadScore {
        /// Its position.
        index: usize,
    },
    /// Boxes are numbered in 32 bits.
    TooMany {
        /// Number of boxes.
        boxes: usize,
    },
}

impl fmt::Display for SoftNmsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LengthMismatch { boxes, other } => write!(f, "{boxes} boxes, beside {other}"),
            Self::BadBox { index } => write!(f, "the box at position {index} is none"),
            Self::BadScore { index } => {
                write!(f, "the score at position {index} is no finite number from 0 on")
            }
            Self::TooMany { boxes } => write!(f, "{boxes} boxes"),
        }
    }
}

impl std::error::Error for SoftNmsError {}

/// A box that stays, and the score that it ends with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Selected {
    /// Its position.
    pub index: u32,
    /// At most the one that it started with.
    pub score: f64,
}

/// The boxes that stay, by falling score; of equal scores, by position. Images follow each other in ascending order.
///
/// A box is `[left, top, right, bottom]`. `groups` holds the image and the class of each box: boxes of other groups
/// do not count as overlapping. None is one group.
///
/// About O(n log n) for n boxes that overlap few others, O(n^2) where all do; one thread for each group.
///
/// # Errors
/// [`SoftNmsError`].
///
/// ```
/// use lossary_core::soft_nms::{Decay, Options, soft_nms};
/// let decay = Decay::Linear { threshold: 0.3 };
/// let options = Options { decay, score_threshold: 0.001, most: 100, whole_pixels: false };
/// let boxes = [[0.0, 0.0, 2.0, 1.0], [0.0, 0.0, 1.0, 1.0]]; // the second is half of the first
/// let kept = soft_nms(&boxes, &[0.9, 0.8], None, options)?;
/// assert_eq!((kept[0].score, kept[1].score), (0.9, 0.4));
/// # Ok::<(), lossary_core::soft_nms::SoftNmsError>(())
/// ```
pub fn soft_nms(
    boxes: &[[f64; 4]],
    scores: &[f64],
    groups: Option<&[[i64; 2]]>,
    options: Options,
) -> Result<Vec<Selected>, SoftNmsError> {
    for other in [scores.len(), groups.map_or(boxes.len(), <[_]>::len)] {
        if other != boxes.len() {
            return Err(SoftNmsError::LengthMismatch { boxes: boxes.len(), other });
        }
    }
    if u32::try_from(boxes.len()).is_err() {
        return Err(SoftNmsError::TooMany { boxes: boxes.len() });
    }
    if let Some(index) = boxes.iter().position(|&each| !is_box(each)) {
        return Err(SoftNmsError::BadBox { index });
    }
    if let Some(index) = scores.iter().position(|&score| !(score >= 0.0 && score.is_finite())) {
        return Err(SoftNmsError::BadScore { index });
    }
    let mut order: Vec<u32> = (0..boxes.len() as u32).collect();
    let group = |index: u32| groups.map_or([0, 0], |groups| groups[index as usize]);
    order.sort_by_key(|&index| group(index));
    let jobs: Vec<&[u32]> = order.chunk_by(|&a, &b| group(a) == group(b)).collect();
    let found = threads::map(jobs, threads::threads_for(64 * boxes.len()), |members| {
        (group(members[0])[0], select(boxes, scores, members, options))
    });
    let mut kept: Vec<Selected> = Vec::new();
    for classes in found.chunk_by(|(a, _), (b, _)| a == b) {
        let start = kept.len();
        kept.extend(classes.iter().flat_map(|(_, selected)| selected));
        if classes.len() > 1 {
            kept[start..].sort_by(|a, b| b.score.total_cmp(&a.score).then(a.index.cmp(&b.index)));
        }
        kept.truncate(start.saturating_add(options.most));
    }
    Ok(kept)
}

/// A box of a group.
#[derive(Clone, Copy)]
struct Place {
    /// Left, top, right, bottom; right and bottom are one further for whole pixels.
    sides: [f64; 4],
    area: f64,
    score: f64,
    index: u32,
}

impl Place {
    /// Intersection over union; 0 where nothing is shared.
    #[inline(always)]
    fn overlap(&self, other: &Self) -> f64 {
        let ([left, top, right, bottom], [l, t, r, b]) = (self.sides, other.sides);
        let width = right.min(r) - left.max(l);
        let height = bottom.min(b) - top.max(t);
        let shared = width.max(0.0) * height.max(0.0);
        if shared > 0.0 { shared / (self.area + other.area - shared) } else { 0.0 }
    }
}

impl Options {
    /// What a selected box leaves of another's score; None for a box that goes.
    fn lowered(&self, place: &Place, selected: &Place) -> Option<f64> {
        let (overlap, score) = (place.overlap(selected), place.score);
        if overlap == 0.0 {
            return Some(score);
        }
        let lowered = match self.decay {
            Decay::Gaussian { sigma } => score * (-(overlap * overlap) / sigma).exp(),
            Decay::Linear { threshold } if overlap > threshold => score * (1.0 - overlap),
            Decay::Hard { threshold } if overlap > threshold => return None,
            Decay::Linear { .. } | Decay::Hard { .. } => score,
        };
        // A product with less than nothing, of rounding, is below zero.
        (lowered >= self.score_threshold && lowered >= 0.0).then_some(lowered + 0.0)
    }
}

/// The boxes of a group that stay.
fn select(boxes: &[[f64; 4]], scores: &[f64], members: &[u32], options: Options) -> Vec<Selected> {
    let more = f64::from(u8::from(options.whole_pixels));
    let places = members.iter().filter_map(|&index| {
        let score = scores[index as usize] + 0.0; // no negative zero
        let [left, top, right, bottom] = boxes[index as usize];
        let sides = [left, top, right + more, bottom + more];
        let area = (sides[2] - left) * (sides[3] - top);
        (score >= options.score_threshold).then_some(Place { sides, area, score, index })
    });
    let mut tree = Tree::new(places.collect());
    let mut kept = Vec::new();
    while kept.len() < options.most
        && let Some(best) = tree.take()
    {
        kept.push(Selected { index: best.index, score: best.score });
        tree.show(&best, &|place| options.lowered(place, &best));
    }
    kept
}
