//! Images of half the sides.

use super::Pixel;
use crate::threads;

/// Pixels of the larger image that make one job.
const JOB: usize = 1 << 18;

/// The sides of the halved image.
pub(super) fn half_of(space: &[usize]) -> Vec<usize> {
    space.iter().map(|side| side.div_ceil(2)).collect()
}

/// The neighbours along an axis whose mean is at a place; the first of an odd axis is beside a zero.
fn neighbours(place: usize, side: usize) -> impl Iterator<Item = usize> {
    let odd = side % 2;
    (2 * place..2 * place + 2).filter_map(move |padded| padded.checked_sub(odd))
}

/// The mean of two neighbours along each axis of images of the sides `space`.
pub(super) fn halved<P: Pixel>(images: &[P], space: &[usize]) -> Vec<f64> {
    let (depth, height, width) = match *space {
        [depth, height, width] => (Some(depth), height, width),
        [height, width] => (None, height, width),
        _ => return Vec::new(),
    };
    let half = half_of(space);
    let (rows, columns) = (height.div_ceil(2), width.div_ceil(2));
    let pixels: usize = space.iter().product();
    let scale = 0.5_f64.powi(space.len() as i32);
    let mut out = vec![0.0; images.len() / pixels * half.iter().product::<usize>()];
    let together = (JOB / (4 * columns)).max(1);
    let jobs = out.chunks_mut(together * columns).enumerate().collect();
    threads::map(jobs, threads::threads_for(images.len()), |(job, out): (usize, &mut [f64])| {
        let mut sum = vec![0.0; width];
        for (row, out) in out.chunks_exact_mut(columns).enumerate() {
            let number = job * together + row;
            let (plane, row) = (number / rows, number % rows);
            sum.fill(0.0);
            let mut add = |plane: usize| {
                for row in neighbours(row, height) {
                    let row = &images[(plane * height + row) * width..][..width];
                    sum.iter_mut().zip(row).for_each(|(sum, &pixel)| *sum += pixel.into());
                }
            };
            match depth {
                None => add(plane),
                Some(depth) => {
                    let (image, place) = (plane / half[0], plane % half[0]);
                    neighbours(place, depth).for_each(|plane| add(image * depth + plane));
                }
            }
            let mut sums = sum.as_slice();
            let mut out = out;
            if width % 2 == 1 {
                out[0] = scale * sums[0];
                (sums, out) = (&sums[1..], &mut out[1..]);
            }
            for (out, [a, b]) in out.iter_mut().zip(sums.as_chunks().0) {
                *out = scale * (a + b);
            }
        }
    });
    out
}
