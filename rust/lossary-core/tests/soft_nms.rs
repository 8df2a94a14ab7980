//! Soft non-maximum suppression, bit for bit against the plain algorithm, and overlaps of boxes.

#![allow(missing_docs, clippy::unwrap_used)]

use lossary_core::box_iou::{BoxError, Kind, box_iou};
use lossary_core::soft_nms::{Decay, Options, Selected, SoftNmsError, soft_nms};
use proptest::prelude::*;

fn overlap(a: [f64; 4], b: [f64; 4], more: f64) -> f64 {
    let side = |from: f64, to: f64| to + more - from;
    let area = |each: [f64; 4]| side(each[0], each[2]) * side(each[1], each[3]);
    let width = side(a[0].max(b[0]), a[2].min(b[2])).max(0.0);
    let height = side(a[1].max(b[1]), a[3].min(b[3])).max(0.0);
    let shared = width * height;
    if shared > 0.0 { shared / (area(a) + area(b) - shared) } else { 0.0 }
}

/// Takes the best box and lowers all the others, again and again.
fn naive(boxes: &[[f64; 4]], scores: &[f64], options: Options) -> Vec<Selected> {
    let more = f64::from(u8::from(options.whole_pixels));
    let mut scores = scores.to_vec();
    let mut left: Vec<usize> = (0..boxes.len()).filter(|&i| scores[i] >= options.score_threshold).collect();
    let mut kept = Vec::new();
    while !left.is_empty() && kept.len() < options.most {
        let best =
            left.iter().copied().fold(left[0], |best, i| if scores[i] > scores[best] { i } else { best });
        kept.push(Selected { index: best as u32, score: scores[best] });
        left.retain(|&i| {
            let o = overlap(boxes[i], boxes[best], more);
            match options.decay {
                Decay::Gaussian { sigma } if o > 0.0 => scores[i] *= (-(o * o) / sigma).exp(),
                Decay::Linear { threshold } if o > threshold => scores[i] *= 1.0 - o,
                Decay::Hard { threshold } if o > threshold => return false,
                _ => {}
            }
            i != best && scores[i] >= options.score_threshold
        });
    }
    kept
}

type Detections = (Vec<[f64; 4]>, Vec<f64>);

fn detections() -> impl Strategy<Value = Detections> {
    let shape =
        (1.0..200.0_f64, prop::sample::select(vec![0.0, 1.0, 10.0, 300.0]), any::<bool>(), any::<bool>());
    shape.prop_flat_map(|(extent, size, whole, tied)| {
        let number = (0.0..extent, 0.0..extent, 0.0..=size, 0.0..=size, 0.0..1.0_f64);
        prop::collection::vec(number, 0..120).prop_map(move |rows| {
            let round = |x: f64| if whole { x.round() } else { x };
            let boxes = rows.iter().map(|&(x, y, width, height, _)| {
                let [x, y, width, height] = [x, y, width, height].map(round);
                [x, y, x + width, y + height]
            });
            let scores = rows.iter().map(|row| if tied { (row.4 * 4.0).round() / 4.0 } else { row.4 });
            (boxes.collect(), scores.collect())
        })
    })
}

fn options() -> impl Strategy<Value = Options> {
    let decay = prop_oneof![
        (0.01..2.0).prop_map(|sigma| Decay::Gaussian { sigma }),
        (0.0..=1.0).prop_map(|threshold| Decay::Linear { threshold }),
        (0.0..=1.0).prop_map(|threshold| Decay::Hard { threshold }),
    ];
    let score = prop::sample::select(vec![0.0, 0.001, 0.25]);
    let most = prop::sample::select(vec![0, 1, 5, usize::MAX]);
    (decay, score, most, any::<bool>()).prop_map(|(decay, score_threshold, most, whole_pixels)| Options {
        decay,
        score_threshold,
        most,
        whole_pixels,
    })
}

proptest! {
    #[test]
    fn every_bit_is_that_of_the_plain_algorithm((boxes, scores) in detections(), options in options()) {
        let found = soft_nms(&boxes, &scores, None, options).unwrap();
        prop_assert_eq!(found, naive(&boxes, &scores, options));
    }

    #[test]
    fn groups_do_not_meet((boxes, scores) in detections(), options in options(), seed in any::<u64>()) {
        let groups: Vec<[i64; 2]> =
            (0..boxes.len() as u64).map(|i| [i ^ seed, (i ^ seed) / 3].map(|x| (x % 3) as i64 - 1)).collect();
        let found = soft_nms(&boxes, &scores, Some(&groups), options).unwrap();
        let mut wanted = Vec::new();
        for image in -1..2 {
            let mut kept = Vec::new();
            for class in -1..2 {
                let members: Vec<usize> = (0..boxes.len()).filter(|&i| groups[i] == [image, class]).collect();
                let boxes: Vec<_> = members.iter().map(|&i| boxes[i]).collect();
                let scores: Vec<_> = members.iter().map(|&i| scores[i]).collect();
                let selected = naive(&boxes, &scores, options);
                kept.extend(selected.iter().map(|each| Selected {
                    index: members[each.index as usize] as u32,
                    score: each.score,
                }));
            }
            kept.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.index.cmp(&b.index)));
            kept.truncate(options.most);
            wanted.extend(kept);
        }
        prop_assert_eq!(found, wanted);
    }
}

/// Boxes in a square, a few of them large, with few different scores.
fn many(count: u32, extent: f64) -> Detections {
    let unit = |i: u32, step: u32| f64::from(i.wrapping_mul(step) >> 8) / f64::from(1 << 24);
    let boxes = (1..=count).map(|i| {
        let size = if i % 50 == 0 { extent / 2.0 } else { 10.0 };
        let [x, y] = [0x9e37_79b1, 0x85eb_ca77].map(|step| extent * unit(i, step));
        [x, y, x + size * unit(i, 0xc2b2_ae3d), y + size * unit(i, 0x27d4_eb2f)]
    });
    (boxes.collect(), (1..=count).map(|i| (unit(i, 0x1656_67b1) * 50.0).round() / 50.0).collect())
}

#[test]
fn every_bit_is_that_of_the_plain_algorithm_for_many_boxes() {
    for (count, extent) in [(64, 20.0), (65, 20.0), (500, 5.0), (700, 1e-60), (4500, 400.0)] {
        let (boxes, scores) = many(count, extent);
        let most = if count < 1000 { usize::MAX } else { 300 }; // the plain algorithm takes its time
        for decay in
            [Decay::Gaussian { sigma: 0.5 }, Decay::Linear { threshold: 0.1 }, Decay::Hard { threshold: 0.5 }]
        {
            let options = Options { decay, score_threshold: 0.001, most, whole_pixels: false };
            let found = soft_nms(&boxes, &scores, None, options).unwrap();
            assert!(found == naive(&boxes, &scores, options), "{count} {extent} {decay:?}");
        }
    }
}

#[test]
fn what_is_no_detection_is_refused() {
    let decay = Decay::Hard { threshold: 0.5 };
    let options = Options { decay, score_threshold: 0.0, most: 9, whole_pixels: false };
    let square = [0.0, 0.0, 1.0, 1.0];
    let mismatch = SoftNmsError::LengthMismatch { boxes: 1, other: 2 };
    assert_eq!(soft_nms(&[square], &[0.5; 2], None, options), Err(mismatch));
    assert_eq!(soft_nms(&[square], &[0.5], Some(&[[0, 0]; 2]), options), Err(mismatch));
    for bad in [[f64::NAN, 0.0, 1.0, 1.0], [0.0, 0.0, -1.0, 1.0], [0.0, 2.0, 1.0, 1.0], [0.0, 0.0, 1e71, 1.0]]
    {
        let found = soft_nms(&[square, bad], &[0.5; 2], None, options);
        assert_eq!(found, Err(SoftNmsError::BadBox { index: 1 }));
    }
    for bad in [f64::NAN, f64::INFINITY, -0.1] {
        let found = soft_nms(&[square; 2], &[0.5, bad], None, options);
        assert_eq!(found, Err(SoftNmsError::BadScore { index: 1 }));
    }
}

#[test]
fn lists_of_boxes_are_compared_row_by_row() {
    let first: Vec<[f64; 4]> =
        (0..300).map(|i| f64::from(i % 17)).map(|x| [x, x, x + 3.0, x + 2.0]).collect();
    let second: Vec<[f64; 4]> = (0..200).map(|i| f64::from(i % 13)).map(|x| [x, 1.0, x + 1.0, 9.0]).collect();
    let found = box_iou(&first, &second, Kind::Iou).unwrap();
    for (row, a) in found.chunks_exact(second.len()).zip(&first) {
        for (value, b) in row.iter().zip(&second) {
            assert_eq!(*value, overlap(*a, *b, 0.0));
        }
    }
    for kind in [Kind::Giou, Kind::Diou, Kind::Ciou] {
        let further = box_iou(&first, &second, kind).unwrap();
        assert!(further.iter().zip(&found).all(|(further, iou)| further <= iou && *further >= -1.5));
    }
}

#[test]
fn boxes_without_a_size_overlap_none_and_bad_ones_are_refused() {
    let point = [1.0, 1.0, 1.0, 1.0];
    for kind in [Kind::Iou, Kind::Giou, Kind::Diou, Kind::Ciou] {
        assert_eq!(box_iou(&[point], &[point], kind), Ok(vec![0.0]));
    }
    let refused = box_iou(&[point], &[point, [1.0, 1.0, 0.0, 1.0]], Kind::Iou);
    assert_eq!(refused, Err(BoxError::BadBox { list: 2, index: 1 }));
    assert_eq!(box_iou(&[[f64::NAN; 4]], &[], Kind::Iou), Err(BoxError::BadBox { list: 1, index: 0 }));
    assert_eq!(box_iou(&[point], &[], Kind::Iou), Ok(vec![]));
}
