//! Skeletons against thinning by the plain rules in full passes, and against counts of parts, holes and ends.

#![allow(missing_docs, clippy::unwrap_used)]

use lossary_core::random::Random;
use lossary_core::skeleton::{SkeletonError, skeletonize};
use lossary_core::threads::set_num_threads;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

type Point = [i32; 3];
type Points = BTreeSet<Point>;

fn points_of(mask: &[bool], [_, height, width]: [usize; 3]) -> Points {
    let at = |index: usize| {
        [index / width / height, index / width % height, index % width].map(|each| each as i32)
    };
    (0..mask.len()).filter(|&index| mask[index]).map(at).collect()
}

fn thinned(mask: &[bool], space: &[usize]) -> Vec<bool> {
    skeletonize(&mask.iter().map(|&inside| u8::from(inside)).collect::<Vec<_>>(), space).unwrap()
}

fn plus(a: Point, b: Point) -> Point {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

fn block() -> impl Iterator<Item = Point> {
    (0..27).map(|index| [index / 9 - 1, index / 3 % 3 - 1, index % 3 - 1])
}

fn length(step: Point) -> i32 {
    step.iter().map(|each| each.abs()).sum()
}

/// Number of parts, where points are neighbours up to so many steps along the axes.
fn parts(points: &Points, reach: i32) -> usize {
    let mut left = points.clone();
    let mut count = 0;
    while let Some(start) = left.pop_first() {
        let mut open = vec![start];
        while let Some(point) = open.pop() {
            let near = block().filter(|&step| length(step) <= reach).map(|step| plus(point, step));
            open.extend(near.filter(|near| left.remove(near)).collect::<Vec<_>>());
        }
        count += 1;
    }
    count
}

/// Corners - edges + sides - cubes of the closed cubes around points.
fn euler(points: &Points) -> i64 {
    let cells: BTreeSet<Point> =
        points.iter().flat_map(|point| block().map(|step| plus(point.map(|each| 2 * each), step))).collect();
    cells
        .iter()
        .map(|cell| if cell.iter().filter(|each| **each % 2 == 0).count() % 2 == 0 { 1 } else { -1 })
        .sum()
}

/// Parts, and holes or cavities: parts of the background but for the outer one.
fn topology(points: &Points, [depth, height, width]: [usize; 3], flat: bool) -> (usize, usize, i64) {
    let ends = [depth, height, width].map(|each| each as i32);
    let framed = |axis: usize| -1..=ends[axis];
    let planes = if flat { 0..=0 } else { framed(0) };
    let outside = planes.flat_map(|z| framed(1).flat_map(move |y| framed(2).map(move |x| [z, y, x])));
    let background: Points = outside.filter(|point| !points.contains(point)).collect();
    (parts(points, 3), parts(&background, 1) - 1, euler(points))
}

/// Zhang and Suen with the rules of the module for ends and corners, on named neighbours.
fn goes_from_plane(points: &Points, point: Point, second: bool) -> bool {
    let names = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"];
    let steps =
        [[0, -1, 0], [0, -1, 1], [0, 0, 1], [0, 1, 1], [0, 1, 0], [0, 1, -1], [0, 0, -1], [0, -1, -1]];
    let around = steps.map(|step| points.contains(&plus(point, step)));
    let exactly = |list: &[&str]| (0..8).all(|i| around[i] == list.contains(&names[i]));
    // Half a turn for the second pass: what was in the north is in the south.
    let has = |name: &str| {
        around[(names.iter().position(|each| *each == name).unwrap() + if second { 4 } else { 0 }) % 8]
    };
    let are = |list: &[&str]| names.iter().all(|name| has(name) == list.contains(name));
    if second && (exactly(&["S", "SE"]) || exactly(&["NE", "E", "S"])) {
        return false;
    }
    if second && exactly(&["E", "SE"]) {
        return true;
    }
    let count = around.iter().filter(|&&inside| inside).count();
    let starts = (0..8).filter(|&i| !around[i] && around[(i + 1) % 8]).count();
    if starts == 1 && count == 2 {
        return are(&["N", "NE"]) || are(&["NE", "E"]) || are(&["NW", "N"]);
    }
    let corners = [["N", "NE", "E"], ["N", "NW", "W"], ["S", "SE", "E"], ["S", "SW", "W"]];
    if corners.iter().any(|corner| are(corner)) {
        return has("N");
    }
    if starts == 1 && (3..=6).contains(&count) {
        return !(has("E") && has("S") && (has("N") || has("W")));
    }
    let free = [["N", "W"], ["N", "E"], ["S", "E"], ["S", "W"]].iter().any(|bend| are(bend));
    free || are(&["N", "W", "NE"])
        || are(&["N", "W", "SW"])
        || are(&["N", "W", "NE", "SW"])
        || are(&["N", "E", "NW"])
        || are(&["S", "W", "NW"])
}

fn plane_by_definition(mut points: Points) -> Points {
    loop {
        let before = points.len();
        for second in [false, true] {
            let kept = points.iter().filter(|&&point| !goes_from_plane(&points, point, second));
            points = kept.copied().collect();
        }
        if points.len() == before {
            return points;
        }
    }
}

/// Whether neither parts of the neighbourhood nor its Euler characteristic change without its centre.
fn simple(points: &Points, point: Point) -> bool {
    let with: Points = block().map(|step| plus(point, step)).filter(|near| points.contains(near)).collect();
    let mut without = with.clone();
    without.remove(&point);
    parts(&without, 3) == 1 && euler(&with) == euler(&without)
}

fn volume_by_definition(mut points: Points, planes: usize) -> Points {
    let directions = [[0, -1, 0], [0, 1, 0], [0, 0, 1], [0, 0, -1], [1, 0, 0], [-1, 0, 0]];
    loop {
        let before = points.len();
        for direction in &directions[..if planes == 1 { 4 } else { 6 }] {
            let is_end =
                |point: Point| block().filter(|&step| points.contains(&plus(point, step))).count() == 2;
            let chosen = |point: &&Point| {
                !points.contains(&plus(**point, *direction)) && !is_end(**point) && simple(&points, **point)
            };
            for point in points.iter().filter(chosen).copied().collect::<Vec<_>>() {
                if simple(&points, point) {
                    points.remove(&point);
                }
            }
        }
        if points.len() == before {
            return points;
        }
    }
}

/// Masks of any density, smooth or not, with axes from one point on.
fn masks(most: [usize; 3]) -> impl Strategy<Value = ([usize; 3], Vec<bool>)> {
    let [depth, height, width] = most.map(|most| 1..=most);
    (depth, height, width, any::<u64>(), 0.0..1.0_f64, any::<bool>()).prop_map(
        |(depth, height, width, seed, share, smooth)| {
            let space = [depth, height, width];
            let mut random = Random::stream(seed, 0);
            let noise: Vec<f64> =
                (0..depth * height * width).map(|_| f64::from(random.below(1 << 16)) / 65536.0).collect();
            let all = points_of(&vec![true; noise.len()], space);
            let value: BTreeMap<Point, f64> = all.iter().copied().zip(noise.iter().copied()).collect();
            let mean = |point: &Point| {
                let near: Vec<f64> =
                    block().filter_map(|step| value.get(&plus(*point, step)).copied()).collect();
                near.iter().sum::<f64>() / near.len() as f64
            };
            let mask = all
                .iter()
                .map(|point| if smooth { mean(point) < 0.35 + 0.3 * share } else { value[point] < share });
            (space, mask.collect())
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn planes_are_thinned_by_the_rules((space, mask) in masks([1, 14, 14])) {
        let skeleton = thinned(&mask, &space[1..]);
        let (points, kept) = (points_of(&mask, space), points_of(&skeleton, space));
        prop_assert_eq!(&kept, &plane_by_definition(points.clone()));
        prop_assert!(kept.is_subset(&points));
        prop_assert_eq!(topology(&kept, space, true), topology(&points, space, true));
        prop_assert_eq!(thinned(&skeleton, &space[1..]), skeleton);
    }

    #[test]
    fn volumes_are_thinned_by_the_rules((space, mask) in masks([6, 6, 6])) {
        let skeleton = thinned(&mask, &space);
        let (points, kept) = (points_of(&mask, space), points_of(&skeleton, space));
        prop_assert_eq!(&kept, &volume_by_definition(points.clone(), space[0]));
        prop_assert!(kept.is_subset(&points));
        prop_assert_eq!(topology(&kept, space, false), topology(&points, space, false));
        prop_assert_eq!(thinned(&skeleton, &space), skeleton);
    }
}

#[test]
fn every_plane_of_three_by_four_keeps_its_topology() {
    for bits in 0..1_u32 << 12 {
        let mask: Vec<bool> = (0..12).map(|bit| bits >> bit & 1 == 1).collect();
        let (points, kept) = (points_of(&mask, [1, 3, 4]), points_of(&thinned(&mask, &[3, 4]), [1, 3, 4]));
        assert_eq!(parts(&kept, 3), parts(&points, 3), "{bits:b}");
        assert_eq!(euler(&kept), euler(&points), "{bits:b}");
    }
}

#[test]
fn full_masks_become_what_is_in_their_middle() {
    assert_eq!(thinned(&[true], &[1, 1]), [true]);
    assert_eq!(thinned(&[true], &[1, 1, 1]), [true]);
    for space in [&[7, 7][..], &[5, 5, 5], &[1, 5, 5]] {
        let points = space.iter().product();
        let skeleton = thinned(&vec![true; points], space);
        assert_eq!(skeleton.iter().filter(|&&kept| kept).count(), 3);
        assert!(thinned(&vec![false; points], space).iter().all(|&kept| !kept));
    }
    assert_eq!(thinned(&[true; 6], &[6, 1]), [true; 6]);
    assert_eq!(thinned(&[true; 6], &[1, 6, 1]), [true; 6]);
}

#[test]
fn regression_three_voxels_around_a_corner_leave_one() {
    // Removed one by one without a second look at their number, all three would go.
    let mask: Vec<bool> = (0..8).map(|index| [3, 5, 6].contains(&index)).collect();
    assert_eq!(thinned(&mask, &[2, 2, 2]).iter().filter(|&&kept| kept).count(), 1);
}

#[test]
fn masks_of_a_batch_are_thinned_apart_for_any_number_of_threads() {
    let mask = |seed: usize| {
        (0..1 << 15).map(move |index: usize| u8::from((index * index + seed * index) % 97 < 70))
    };
    let batch: Vec<u8> = (0..8).flat_map(mask).collect();
    for space in [&[128, 256][..], &[16, 32, 64]] {
        let apart: Vec<bool> =
            (0..8).flat_map(|seed| skeletonize(&mask(seed).collect::<Vec<_>>(), space).unwrap()).collect();
        for threads in 1..4 {
            set_num_threads(NonZeroUsize::new(threads));
            assert_eq!(skeletonize(&batch, space).unwrap(), apart);
        }
        set_num_threads(None);
    }
}

#[test]
fn no_points_have_no_skeleton() {
    assert_eq!(skeletonize(&[], &[0, 3]), Ok(vec![]));
    assert_eq!(skeletonize(&[], &[2, 3, 4]), Ok(vec![]));
}

#[test]
fn bad_shapes_are_refused() {
    assert_eq!(skeletonize(&[1], &[1]), Err(SkeletonError::NotPlaneOrVolume { axes: 1 }));
    assert_eq!(skeletonize(&[1; 7], &[2, 3]), Err(SkeletonError::LengthMismatch { points: 7, mask: 6 }));
    assert_eq!(skeletonize(&[1], &[0, 3]), Err(SkeletonError::LengthMismatch { points: 1, mask: 0 }));
    let side = 1 << 31;
    let huge = skeletonize(&[], &[side, 2]);
    assert_eq!(huge, Err(SkeletonError::TooMany { points: 2 * side }));
    assert!(huge.unwrap_err().to_string().contains("points in one mask"));
}
