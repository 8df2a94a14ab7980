//! Structural similarity of images and volumes, at one scale and at several.
//!
//! With s = x + y and d = x - y, the similarity at a position is `(1 - l) (1 - c)` of
//! `l = mean(d)^2 / ((mean(s)^2 + mean(d)^2) / 2 + C1)` and `c = var(d) / ((var(s) + var(d)) / 2 + C2)`: the usual
//! form with means, variances and the covariance of x and y, of four windowed means in place of five.
//!
//! Source: Wang, Bovik, Sheikh and Simoncelli, Image Quality Assessment: From Error Visibility to Structural
//! Similarity, IEEE TIP 13, 2004; Wang, Simoncelli and Bovik, Multiscale Structural Similarity for Image Quality
//! Assessment, Asilomar 2003.

mod halves;
mod sweep;

use crate::threads;
use halves::{half_of, halved};
use std::fmt;
use sweep::{Comparison, Factors, Tile};

/// What a pixel is.
pub trait Pixel: Copy + Send + Sync + Into<f64> {}

impl Pixel for u8 {}
impl Pixel for f32 {}
impl Pixel for f64 {}

/// The weights of a window along each axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// In proportion to `exp(-i^2 / (2 sigma^2))` at the distance i from the centre.
    Gaussian {
        /// In pixels, from 1e-30 to 1e30.
        sigma: f64,
    },
    /// Equal.
    Uniform,
}

/// How images are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Weights of the window.
    pub shape: Shape,
    /// Pixels of a side of the window, odd.
    pub size: usize,
    /// The greatest possible value less the least, from 1e-30 to 1e30.
    pub data_range: f64,
    /// Of the constants that keep the ratios finite, `(k data_range)^2`; from 1e-30 to 1e30.
    pub k: [f64; 2],
    /// Whether variances are divided by one less than the number of pixels in the window.
    pub sample_covariance: bool,
}

/// Why there is no similarity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SsimError {
    /// Images that do not belong together, or no whole number of them.
    LengthMismatch {
        /// Pixels of the first.
        prediction: usize,
        /// Pixels of the second.
        target: usize,
    },
    /// Images with other than two or three axes, or with a side that the window does not fit into.
    BadShape,
    /// An option out of range.
    BadOption {
        /// Its name.
        name: &'static str,
    },
    /// A number that is NaN or infinite, or beyond 1e70.
    BadPixel {
        /// Whether the second image has it.
        in_target: bool,
        /// Its position.
        index: usize,
    },
}

impl fmt::Display for SsimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LengthMismatch { prediction, target } => {
                write!(f, "{prediction} pixels, beside {target}, are no whole images of one shape")
            }
            Self::BadShape => write!(f, "the window does not fit into images of two or three axes"),
            Self::BadOption { name } => write!(f, "{name} is out of range"),
            Self::BadPixel { in_target, index } => {
                let image = if *in_target { "second" } else { "first" };
                write!(
                    f,
                    "the pixel at position {index} of the {image} image is NaN, infinite or beyond 1e70"
                )
            }
        }
    }
}

impl std::error::Error for SsimError {}

/// The structural similarity of each pair of images of the sides `space`, one after the other in memory: its mean
/// over the positions where the window is inside the image.
///
/// O(n w) for n pixels and a window of side w; memory for w rows of a tile of 128 columns, on each thread. Volumes
/// take w planes of a tile.
///
/// # Errors
/// [`SsimError`].
///
/// ```
/// use lossary_core::ssim::{Options, Shape, ssim};
/// let options =
///     Options { shape: Shape::Uniform, size: 3, data_range: 1.0, k: [0.01, 0.03], sample_covariance: false };
/// let found = ssim(&[0.8; 9], &[0.4; 9], &[3, 3], &options)?;
/// assert!((found[0] - 0.6401 / 0.8001).abs() < 1e-12);
/// # Ok::<(), lossary_core::ssim::SsimError>(())
/// ```
pub fn ssim<P: Pixel>(
    prediction: &[P],
    target: &[P],
    space: &[usize],
    options: &Options,
) -> Result<Vec<f64>, SsimError> {
    check(prediction, target, space, options.size)?;
    let comparison = Comparison::new(options, space.len())?;
    means(prediction, target, space, &comparison, Factors::Both)
}

/// The multi-scale structural similarity of each pair of images: the product, over scales, of the mean of the factor
/// of contrast and structure, at the last of the whole similarity, each to the power of its weight; 0 where one of
/// these is not above 0.
///
/// Each scale has half the sides of the one before: means of two neighbours along each axis, of which an odd one
/// first gets a zero at both ends.
///
/// O(n w); besides [`ssim`], memory for the doubles of the second scale.
///
/// # Errors
/// [`SsimError`]; the window has to fit at the last scale.
///
/// ```
/// use lossary_core::ssim::{Options, Shape, ms_ssim};
/// let options =
///     Options { shape: Shape::Uniform, size: 3, data_range: 1.0, k: [0.01, 0.03], sample_covariance: false };
/// let found = ms_ssim(&[0.8; 36], &[0.4; 36], &[6, 6], &options, &[0.5, 0.5])?;
/// assert!((found[0] - (0.6401_f64 / 0.8001).sqrt()).abs() < 1e-12);
/// # Ok::<(), lossary_core::ssim::SsimError>(())
/// ```
pub fn ms_ssim<P: Pixel>(
    prediction: &[P],
    target: &[P],
    space: &[usize],
    options: &Options,
    weights: &[f64],
) -> Result<Vec<f64>, SsimError> {
    let Some((last, finer)) = weights.split_last() else {
        return Err(SsimError::BadOption { name: "weights" });
    };
    if !weights.iter().all(|&weight| in_range(weight)) {
        return Err(SsimError::BadOption { name: "weights" });
    }
    check(prediction, target, space, 1)?;
    if finer.iter().fold(space.to_vec(), |space, _| half_of(&space)).iter().any(|&side| side < options.size) {
        return Err(SsimError::BadShape);
    }
    let comparison = Comparison::new(options, space.len())?;
    let Some((first, finer)) = finer.split_first() else {
        return Ok(powers(means(prediction, target, space, &comparison, Factors::Both)?, *last));
    };
    let found = means(prediction, target, space, &comparison, Factors::Structure)?;
    let mut product = powers(found, *first);
    let mut space = space.to_vec();
    let mut pair = [halved(prediction, &space), halved(target, &space)];
    space = half_of(&space);
    for weight in finer {
        let found = means(&pair[0], &pair[1], &space, &comparison, Factors::Structure)?;
        multiply(&mut product, powers(found, *weight));
        pair = pair.map(|images| halved(&images, &space));
        space = half_of(&space);
    }
    let found = means(&pair[0], &pair[1], &space, &comparison, Factors::Both)?;
    multiply(&mut product, powers(found, *last));
    Ok(product)
}

fn powers(means: Vec<f64>, weight: f64) -> Vec<f64> {
    means.into_iter().map(|mean| mean.max(0.0).powf(weight)).collect()
}

fn multiply(product: &mut [f64], factors: Vec<f64>) {
    product.iter_mut().zip(factors).for_each(|(product, factor)| *product *= factor);
}

/// What the options and the pixels have room for.
const LEAST: f64 = 1e-30;
const MOST: f64 = 1e30;
const MOST_OF_PIXEL: f64 = 1e70;

fn in_range(option: f64) -> bool {
    (LEAST..=MOST).contains(&option)
}

fn check<P: Pixel>(prediction: &[P], target: &[P], space: &[usize], size: usize) -> Result<(), SsimError> {
    if !(2..=3).contains(&space.len()) || space.iter().any(|&side| side < size.max(1)) {
        return Err(SsimError::BadShape);
    }
    let pixels = space.iter().try_fold(1_usize, |pixels, &side| pixels.checked_mul(side));
    if prediction.len() != target.len()
        || pixels.is_none_or(|pixels| !prediction.len().is_multiple_of(pixels))
    {
        return Err(SsimError::LengthMismatch { prediction: prediction.len(), target: target.len() });
    }
    Ok(())
}

/// The mean of a factor of the similarity, or of both, for each pair of images.
fn means<P: Pixel>(
    prediction: &[P],
    target: &[P],
    space: &[usize],
    comparison: &Comparison,
    factors: Factors,
) -> Result<Vec<f64>, SsimError> {
    let pixels: usize = space.iter().product();
    let tiles = Tile::all(space, comparison.size());
    let positions: f64 = space.iter().map(|side| (side - comparison.size() + 1) as f64).product();
    let pairs = prediction.chunks_exact(pixels).zip(target.chunks_exact(pixels));
    let jobs: Vec<_> = pairs.flat_map(|pair| tiles.iter().map(move |tile| (pair, tile))).collect();
    let work = prediction.len().saturating_mul(2 * comparison.size());
    let found = threads::map(jobs, threads::threads_for(work), |((x, y), tile)| {
        comparison.of_tile(x, y, space, tile, factors)
    });
    let mut means = Vec::with_capacity(found.len() / tiles.len());
    for sums in found.chunks_exact(tiles.len()) {
        match sums.iter().try_fold(0.0, |total, sum| sum.map(|sum| total + sum)) {
            Some(total) => means.push(total / positions),
            None => return Err(bad_pixel(prediction, target)),
        }
    }
    Ok(means)
}

/// The first pixel that spoils a mean.
fn bad_pixel<P: Pixel>(prediction: &[P], target: &[P]) -> SsimError {
    let is_bad = |pixel: f64| pixel.is_nan() || pixel.abs() > MOST_OF_PIXEL;
    let bad = |images: &[P]| images.iter().position(|&pixel| is_bad(pixel.into()));
    match bad(prediction) {
        Some(index) => SsimError::BadPixel { in_target: false, index },
        None => SsimError::BadPixel { in_target: true, index: bad(target).unwrap_or(0) },
    }
}
