//! Skeletons: the centre lines of masks, one pixel or voxel wide, with the topology of the mask.
//!
//! A thinning takes points off the border of a mask, layer by layer, as long as neither a part of the mask or
//! of its background comes apart, joins another, or vanishes. What is left are lines (in volumes also sheets
//! around cavities), and a point for each part without a hole or an end. Points of a mask are neighbours where
//! they share a corner; those of the background, where they share a side.
//!
//! In the plane this is the parallel thinning of Zhang and Suen with other rules for line ends and corners,
//! in volumes that of Lee, Kashyap and Chu. Both visit only points near those that went before.

mod plane;
mod volume;

use crate::threads::{map_with, threads_for};
use std::fmt;

/// Why there are no skeletons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkeletonError {
    /// Only planes and volumes have skeletons.
    NotPlaneOrVolume {
        /// Number of axes given.
        axes: usize,
    },
    /// The points are no whole number of masks.
    LengthMismatch {
        /// Number of points given.
        points: usize,
        /// Points of one mask.
        mask: usize,
    },
    /// Points of one mask, and of a frame around it, are numbered in 32 bits.
    TooMany {
        /// Points of one mask.
        points: usize,
    },
}

impl fmt::Display for SkeletonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPlaneOrVolume { axes } => write!(f, "{axes} axes, not 2 or 3"),
            Self::LengthMismatch { points, mask } => write!(f, "{points} points, in masks of {mask}"),
            Self::TooMany { points } => write!(f, "{points} points in one mask"),
        }
    }
}

impl std::error::Error for SkeletonError {}

/// The skeleton of each mask, in the layout of the masks.
///
/// `masks` holds any number of masks, one after the other, each with the axes `space`, the last one
/// contiguous; 0 is background and any other number belongs to the mask. Volumes with a single plane are
/// thinned from their four sides only, which is Lee's thinning of the plane.
///
/// O(n) for n points, and about as much again for each point that goes; one thread for each mask.
///
/// # Errors
/// [`SkeletonError`].
///
/// ```
/// use lossary_core::skeleton::skeletonize;
/// let bar = [[0, 0, 0, 0, 0], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]].concat();
/// let skeleton = skeletonize(&bar, &[4, 5])?;
/// assert!(skeleton[5..10].iter().all(|&kept| kept)); // one line of two stays
/// assert_eq!(skeleton.iter().filter(|&&kept| kept).count(), 5);
/// # Ok::<(), lossary_core::skeleton::SkeletonError>(())
/// ```
pub fn skeletonize(masks: &[u8], space: &[usize]) -> Result<Vec<bool>, SkeletonError> {
    if !matches!(space.len(), 2 | 3) {
        return Err(SkeletonError::NotPlaneOrVolume { axes: space.len() });
    }
    let points = space.iter().fold(1_usize, |product, &length| product.saturating_mul(length));
    if points == 0 && masks.is_empty() {
        return Ok(Vec::new());
    }
    if points == 0 || !masks.len().is_multiple_of(points) {
        return Err(SkeletonError::LengthMismatch { points: masks.len(), mask: points });
    }
    let framed =
        space.iter().fold(1_usize, |product, &length| product.saturating_mul(length.saturating_add(2)));
    if u32::try_from(framed).is_err() {
        return Err(SkeletonError::TooMany { points });
    }
    let mut skeletons = vec![false; masks.len()];
    let jobs: Vec<_> = masks.chunks_exact(points).zip(skeletons.chunks_exact_mut(points)).collect();
    let threads = threads_for(masks.len());
    if let &[depth, height, width] = space {
        let scratch = || volume::Volume::new(depth, height, width);
        map_with(jobs, threads, scratch, |volume, (mask, skeleton)| volume.thin(mask, skeleton));
    } else if let &[height, width] = space {
        let scratch = || plane::Plane::new(height, width);
        map_with(jobs, threads, scratch, |plane, (mask, skeleton)| plane.thin(mask, skeleton));
    }
    Ok(skeletons)
}
