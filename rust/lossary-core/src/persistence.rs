//! Persistent homology of images: which components, loops and cavities appear in the sublevel sets, where they are
//! born and where they die, and which of two images' features are the same.
//!
//! Voxels are vertices; a cell of higher dimension (edge, square, cube) enters with the last of its vertices. Cells
//! of one level enter in the order of their first voxel, then of their axis: that order is part of the result, for
//! ties are everywhere. A pair of zero length is never reported.
//!
//! - [contraction]: most cells pair with a neighbour and never matter; a local pass finds them.
//! - [events]: what is left is listed and sorted, by integer keys.
//! - [components]: union-find over vertices for dimension 0, over top cells in reverse for the last dimension.
//! - [stars]: of 3-D images, which edges and squares are each other's first.
//! - [reduction]: in 3-D, loops by reducing the boundary matrix of squares.
//! - [matching]: the pairs that two images have in common, through the union of their sublevel sets.
//! - [counting]: Betti numbers and Euler characteristics of masks.
//!
//! One code serves 1-D, 2-D and 3-D images: axes of length 1 do not count, and a 1-D image is a 2-D image of width 1.

mod buffers;
mod components;
mod contraction;
mod counting;
mod events;
mod lattice;
mod levels;
mod matching;
mod pairs;
mod reduction;
mod stars;

pub use counting::{BettiNumbers, Construction, betti_numbers, euler_characteristic};
pub use levels::Voxel;
pub use matching::{Matches, Matching, betti_matching, betti_matching_of_each};
pub use pairs::{Barcode, Pair, persistence_pairs, persistence_pairs_of_each};

use std::fmt;

/// The most axes of an image.
const MOST_AXES: usize = 3;

/// Cells are numbered in 32 bits: three bits tell the kind, the others the first voxel.
const MOST_VOXELS: usize = 1 << 29;

/// Why images have no pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersistenceError {
    /// No axis, or more than three.
    Axes {
        /// Number of axes.
        axes: usize,
    },
    /// An axis of length 0.
    Empty {
        /// The axis.
        axis: usize,
    },
    /// The voxels of an image are not those of the shape.
    LengthMismatch {
        /// The image's name among the arguments.
        image: &'static str,
        /// Number of voxels given.
        voxels: usize,
        /// Number of voxels of the shape, at most `usize::MAX`.
        wanted: usize,
    },
    /// A NaN or an infinity.
    NotFinite {
        /// The image's name among the arguments.
        image: &'static str,
        /// Position of the first such voxel.
        position: usize,
    },
    /// Too many voxels, counted with a border on every axis.
    TooLarge {
        /// Number of voxels, at most `usize::MAX`.
        voxels: usize,
    },
}

impl fmt::Display for PersistenceError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Axes { axes } => write!(out, "shape: got {axes} axes; wanted 1, 2 or 3"),
            Self::Empty { axis } => write!(out, "shape: axis {axis} has length 0; wanted at least 1"),
            Self::LengthMismatch { image, voxels, wanted } => {
                write!(out, "{image}: got {voxels} voxels; wanted {wanted}, as the shape says")
            }
            Self::NotFinite { image, position } => {
                write!(out, "{image}: voxel {position} is NaN or infinite; wanted finite values")
            }
            Self::TooLarge { voxels } => {
                write!(out, "shape: got {voxels} voxels with the border; wanted fewer than {MOST_VOXELS}")
            }
        }
    }
}

impl std::error::Error for PersistenceError {}

/// The axes that matter: those longer than 1, at least two of them.
enum Axes {
    Flat([usize; 2]),
    Solid([usize; 3]),
}

impl Axes {
    /// Checks a shape, and that the images have it.
    fn of(shape: &[usize], images: &[(&'static str, usize)]) -> Result<Self, PersistenceError> {
        if shape.is_empty() || shape.len() > MOST_AXES {
            return Err(PersistenceError::Axes { axes: shape.len() });
        }
        if let Some(axis) = shape.iter().position(|&length| length == 0) {
            return Err(PersistenceError::Empty { axis });
        }
        let wanted = shape.iter().fold(1_usize, |product, &length| product.saturating_mul(length));
        for &(image, voxels) in images {
            if voxels != wanted {
                return Err(PersistenceError::LengthMismatch { image, voxels, wanted });
            }
        }
        let padded =
            shape.iter().fold(1_usize, |product, &length| product.saturating_mul(length.saturating_add(2)));
        if padded >= MOST_VOXELS {
            return Err(PersistenceError::TooLarge { voxels: padded });
        }
        let mut long = shape.iter().copied().filter(|&length| length > 1);
        Ok(match [long.next(), long.next(), long.next()] {
            [Some(first), Some(second), Some(third)] => Self::Solid([first, second, third]),
            [first, second, _] => Self::Flat([first.unwrap_or(1), second.unwrap_or(1)]),
        })
    }

    /// Checks the shape of the images of batches, and that all batches have the same number of images. Returns the
    /// number of voxels of an image, too.
    fn of_each(
        shape: &[usize],
        batches: &[(&'static str, usize)],
    ) -> Result<(Self, usize), PersistenceError> {
        let axes = Self::of(shape, &[])?;
        let voxels: usize = shape.iter().product();
        let count = batches.first().map_or(0, |&(_, given)| given.div_ceil(voxels));
        for &(image, given) in batches {
            if given != count * voxels {
                let wanted = count.saturating_mul(voxels);
                return Err(PersistenceError::LengthMismatch { image, voxels: given, wanted });
            }
        }
        Ok((axes, voxels))
    }
}
