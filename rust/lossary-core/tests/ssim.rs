//! Structural similarity against its definition, position by position.

#![allow(missing_docs, clippy::unwrap_used)]

use lossary_core::ssim::{Options, Shape, SsimError, ms_ssim, ssim};
use lossary_core::threads::set_num_threads;
use proptest::prelude::*;
use std::num::NonZeroUsize;

/// All places of a block of these sides, axis by axis.
fn places(sides: &[usize]) -> Vec<Vec<usize>> {
    sides.iter().fold(vec![vec![]], |places, &side| {
        places.iter().flat_map(|place| (0..side).map(move |next| [&place[..], &[next]].concat())).collect()
    })
}

fn position(place: &[usize], space: &[usize]) -> usize {
    place.iter().zip(space).fold(0, |position, (place, side)| position * side + place)
}

/// The mean of the structure factor and that of the similarity.
fn naive(x: &[f64], y: &[f64], space: &[usize], options: &Options) -> [f64; 2] {
    let Options { shape, size, data_range, k, sample_covariance } = *options;
    let [c1, c2] = k.map(|k| (k * data_range) * (k * data_range));
    let weight = |i: usize| match shape {
        Shape::Gaussian { sigma } => (-((i as f64 - (size / 2) as f64) / sigma).powi(2) / 2.0).exp(),
        Shape::Uniform => 1.0,
    };
    let total: f64 = (0..size).map(weight).sum();
    let window = places(&vec![size; space.len()]);
    let count = window.len() as f64;
    let correction = if sample_covariance { count / (count - 1.0) } else { 1.0 };
    let corners = places(&space.iter().map(|side| side - size + 1).collect::<Vec<_>>());
    let mut sums = [0.0; 2];
    for corner in &corners {
        let pixels: Vec<(f64, f64, f64)> = window
            .iter()
            .map(|offset| {
                let place: Vec<usize> = offset.iter().zip(corner).map(|(a, b)| a + b).collect();
                let at = position(&place, space);
                (offset.iter().map(|&i| weight(i) / total).product(), x[at], y[at])
            })
            .collect();
        let mean_x: f64 = pixels.iter().map(|(w, x, _)| w * x).sum();
        let mean_y: f64 = pixels.iter().map(|(w, _, y)| w * y).sum();
        let variance_x: f64 =
            correction * pixels.iter().map(|(w, x, _)| w * (x - mean_x).powi(2)).sum::<f64>();
        let variance_y: f64 =
            correction * pixels.iter().map(|(w, _, y)| w * (y - mean_y).powi(2)).sum::<f64>();
        let covariance: f64 =
            correction * pixels.iter().map(|(w, x, y)| w * (x - mean_x) * (y - mean_y)).sum::<f64>();
        let structure = (2.0 * covariance + c2) / (variance_x + variance_y + c2);
        let luminance = (2.0 * mean_x * mean_y + c1) / (mean_x.powi(2) + mean_y.powi(2) + c1);
        sums[0] += structure;
        sums[1] += luminance * structure;
    }
    sums.map(|sum| sum / corners.len() as f64)
}

/// Means of blocks of two pixels a side; an odd side gets a zero at both ends.
fn naive_half(image: &[f64], space: &[usize]) -> (Vec<f64>, Vec<usize>) {
    let half: Vec<usize> = space.iter().map(|side| (side + 2 * (side % 2)) / 2).collect();
    let block = places(&vec![2; space.len()]);
    let mean = |place: &Vec<usize>| {
        let inside = block.iter().filter_map(|offset| {
            let padded = place.iter().zip(offset).map(|(place, offset)| 2 * place + offset);
            let place: Option<Vec<usize>> = padded
                .zip(space)
                .map(|(padded, side)| padded.checked_sub(side % 2).filter(|place| place < side))
                .collect();
            place.map(|place| image[position(&place, space)])
        });
        inside.sum::<f64>() / block.len() as f64
    };
    (places(&half).iter().map(mean).collect(), half)
}

fn naive_scales(x: &[f64], y: &[f64], space: &[usize], options: &Options, weights: &[f64]) -> f64 {
    let (mut x, mut y, mut space) = (x.to_vec(), y.to_vec(), space.to_vec());
    let mut product = 1.0;
    for (scale, weight) in weights.iter().enumerate() {
        let [structure, both] = naive(&x, &y, &space, options);
        let mean: f64 = if scale + 1 < weights.len() { structure } else { both };
        product *= mean.max(0.0).powf(*weight);
        let halves = (naive_half(&x, &space), naive_half(&y, &space));
        (x, y, space) = (halves.0.0, halves.1.0, halves.1.1);
    }
    product
}

fn options() -> impl Strategy<Value = Options> {
    let shape = prop_oneof![Just(Shape::Uniform), (0.3..4.0).prop_map(|sigma| Shape::Gaussian { sigma })];
    let size = prop::sample::select(vec![1, 3, 5]);
    (shape, size, 0.1..300.0, 0.005..0.1, 0.005..0.1, any::<bool>()).prop_map(
        |(shape, size, data_range, k1, k2, unbiased)| Options {
            shape,
            size,
            data_range,
            k: [k1, k2],
            sample_covariance: unbiased && size > 1,
        },
    )
}

/// Pairs of images, their sides and options: noise, flat places, equal places, negatives, and much brightness.
fn pairs() -> impl Strategy<Value = (Vec<u8>, Vec<u8>, Vec<usize>, Options)> {
    let space = prop_oneof![prop::collection::vec(5..14_usize, 2), prop::collection::vec(5..8_usize, 3)];
    (space, options(), 0..4_u8).prop_flat_map(|(space, options, kind)| {
        let pixel = (any::<u8>(), any::<u8>()).prop_map(move |(x, y)| match kind {
            0 => (x, y),
            1 => (x / 128, y / 128),
            2 => (x, x),
            _ => (x, 255 - x),
        });
        let count = space.iter().product::<usize>();
        prop::collection::vec(pixel, count).prop_map(move |pixels| {
            let (x, y) = pixels.into_iter().unzip();
            (x, y, space.clone(), options)
        })
    })
}

/// Pseudo-random bytes.
fn noise(count: usize, seed: u64) -> Vec<u8> {
    let mix =
        |i: u64| (i + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29).wrapping_mul(0xbf58_476d);
    (0..count as u64).map(|i| (mix(i) >> 40) as u8).collect()
}

fn doubles(pixels: &[u8], scale: f64, shift: f64) -> Vec<f64> {
    pixels.iter().map(|&pixel| f64::from(pixel) * scale + shift).collect()
}

fn near(found: f64, wanted: f64) -> bool {
    (found - wanted).abs() < 1e-9
}

proptest! {
    #[test]
    fn is_the_definition((x, y, space, options) in pairs(), shift in prop::sample::select(vec![0.0, -7.5, 1e4])) {
        let (a, b) = (doubles(&x, 0.5, shift), doubles(&y, 0.25, shift));
        let found = ssim(&a, &b, &space, &options).unwrap();
        let wanted = naive(&a, &b, &space, &options)[1];
        prop_assert!(near(found[0], wanted), "{} {}", found[0], wanted);
        prop_assert_eq!(ssim(&b, &a, &space, &options).unwrap(), found);
        prop_assert_eq!(ssim(&a, &a, &space, &options).unwrap(), vec![1.0]);
    }

    #[test]
    fn scales_are_the_definition((x, y, space, mut options) in pairs(), weights in prop::collection::vec(0.1..2.0, 1..4)) {
        options.size = if weights.len() > 1 { 1 } else { options.size };
        options.sample_covariance &= options.size > 1;
        let (a, b) = (doubles(&x, 0.5, 1.0), doubles(&y, 0.5, 0.0));
        let found = ms_ssim(&a, &b, &space, &options, &weights).unwrap();
        let wanted = naive_scales(&a, &b, &space, &options, &weights);
        prop_assert!(near(found[0], wanted), "{} {}", found[0], wanted);
    }

    #[test]
    fn bytes_and_singles_are_compared_as_doubles((x, y, space, options) in pairs()) {
        let (a, b) = (doubles(&x, 1.0, 0.0), doubles(&y, 1.0, 0.0));
        let single = |pixels: &[u8]| pixels.iter().map(|&pixel| f32::from(pixel)).collect::<Vec<_>>();
        let wanted = ssim(&a, &b, &space, &options);
        prop_assert_eq!(ssim(&x, &y, &space, &options), wanted.clone());
        prop_assert_eq!(ssim(&single(&x), &single(&y), &space, &options), wanted);
    }
}

const USUAL: Options = Options {
    shape: Shape::Gaussian { sigma: 1.5 },
    size: 11,
    data_range: 255.0,
    k: [0.01, 0.03],
    sample_covariance: false,
};

#[test]
fn tiles_meet_without_a_seam() {
    for (space, size) in [(vec![600, 9], 5), (vec![9, 300], 5), (vec![270, 140], 3), (vec![4, 70, 131], 3)] {
        let count = space.iter().product();
        let (x, y) = (doubles(&noise(count, 1), 1.0, 0.0), doubles(&noise(count, 2), 0.5, 60.0));
        let options = Options { size, ..USUAL };
        let wanted = naive(&x, &y, &space, &options)[1];
        assert!(near(ssim(&x, &y, &space, &options).unwrap()[0], wanted), "{space:?}");
    }
}

#[test]
fn scales_of_windows_are_the_definition() {
    for space in [vec![30, 43], vec![11, 12, 13]] {
        let count: usize = space.iter().product();
        let (x, noise) = (noise(count, 3), noise(count, 4));
        let y: Vec<u8> = x.iter().zip(noise).map(|(x, noise)| x / 2 + noise / 3).collect();
        let (x, y) = (doubles(&x, 1.0, 0.0), doubles(&y, 1.0, 0.0));
        let options = Options { size: 3, ..USUAL };
        let wanted = naive_scales(&x, &y, &space, &options, &[0.2, 0.3, 0.5]);
        let found = ms_ssim(&x, &y, &space, &options, &[0.2, 0.3, 0.5]).unwrap()[0];
        assert!(near(found, wanted) && found > 0.1, "{space:?}: {found} {wanted}");
    }
}

#[test]
fn images_stand_one_after_the_other() {
    let (x, y) = (noise(3 * 20 * 13, 5), noise(3 * 20 * 13, 6));
    let of_each = |place: usize| ssim(&x[place * 260..][..260], &y[place * 260..][..260], &[20, 13], &USUAL);
    let wanted: Vec<f64> = (0..3).map(|place| of_each(place).unwrap()[0]).collect();
    assert_eq!(ssim(&x, &y, &[20, 13], &USUAL).unwrap(), wanted);
    assert_eq!(ssim::<u8>(&[], &[], &[20, 13], &USUAL), Ok(vec![]));
}

#[test]
fn threads_change_no_bit() {
    let (x, y) = (noise(2 * 401 * 333, 7), noise(2 * 401 * 333, 8));
    let found = [1, 2, 3].map(|threads| {
        set_num_threads(NonZeroUsize::new(threads));
        let scales = ms_ssim(&x, &y, &[401, 333], &USUAL, &[0.1, 0.2, 0.3]).unwrap();
        (ssim(&x, &y, &[401, 333], &USUAL).unwrap(), scales)
    });
    set_num_threads(None);
    assert_eq!(found[0], found[1]);
    assert_eq!(found[0], found[2]);
}

#[test]
fn images_of_extreme_numbers_have_a_similarity() {
    let image = |scale: f64| doubles(&noise(400, 9), scale, 0.0);
    for scale in [1e-300, 1e-30, 1e30, 1e67] {
        let other: Vec<f64> = image(scale).iter().map(|pixel| pixel * 0.5).collect();
        let found = ssim(&image(scale), &other, &[20, 20], &USUAL).unwrap()[0];
        assert!((0.0..=1.0).contains(&found), "{scale}: {found}");
    }
}

#[test]
fn what_is_no_image_is_refused() {
    let image = [1.0; 169];
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e200, -1e160] {
        for place in [0, 77, 168] {
            let mut spoilt = image;
            spoilt[place] = bad;
            let error = |in_target| Err(SsimError::BadPixel { in_target, index: place });
            assert_eq!(ssim(&spoilt, &image, &[13, 13], &USUAL), error(false));
            assert_eq!(ssim(&image, &spoilt, &[13, 13], &USUAL), error(true));
            assert_eq!(ms_ssim(&image, &spoilt, &[13, 13], &USUAL, &[1.0]), error(true));
        }
    }
    let mismatch = SsimError::LengthMismatch { prediction: 169, target: 168 };
    assert_eq!(ssim(&image, &image[1..], &[13, 13], &USUAL), Err(mismatch));
    let mismatch = SsimError::LengthMismatch { prediction: 169, target: 169 };
    assert_eq!(ssim(&image, &image, &[13, 12], &USUAL), Err(mismatch));
    for space in [&[169][..], &[13, 10], &[13, 13, 1], &[0, 13], &[13, 13, 13, 13]] {
        assert_eq!(ssim(&image, &image, space, &USUAL), Err(SsimError::BadShape));
    }
    assert_eq!(ms_ssim(&image, &image, &[13, 13], &USUAL, &[1.0, 1.0]), Err(SsimError::BadShape));
    let larger = Options { size: usize::MAX, ..USUAL };
    assert_eq!(ssim(&image, &image, &[13, 13], &larger), Err(SsimError::BadShape));
    assert_eq!(ms_ssim(&image, &image, &[13, 13], &larger, &[1.0]), Err(SsimError::BadShape));
    for (name, options) in [
        ("window_size", Options { size: 4, ..USUAL }),
        ("window_size", Options { size: 0, ..USUAL }),
        ("window_size", Options { size: 1, sample_covariance: true, ..USUAL }),
        ("sigma", Options { shape: Shape::Gaussian { sigma: f64::NAN }, ..USUAL }),
        ("data_range", Options { data_range: 0.0, ..USUAL }),
        ("k1", Options { k: [-1.0, 0.1], ..USUAL }),
        ("k2", Options { k: [0.1, f64::INFINITY], ..USUAL }),
    ] {
        assert_eq!(ssim(&image, &image, &[13, 13], &options), Err(SsimError::BadOption { name }));
    }
    for weights in [&[][..], &[0.5, 0.0], &[f64::NAN]] {
        let found = ms_ssim(&image, &image, &[13, 13], &USUAL, weights);
        assert_eq!(found, Err(SsimError::BadOption { name: "weights" }));
    }
}
