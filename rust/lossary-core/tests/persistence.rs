//! Persistence pairs and matchings against reducing the boundary matrices of all cells; masks against counting cells.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

#[path = "persistence/naive.rs"]
mod naive;

use lossary_core::persistence::{
    Construction, Pair, PersistenceError, Voxel, betti_matching, betti_matching_of_each, betti_numbers,
    euler_characteristic, persistence_pairs, persistence_pairs_of_each,
};
use lossary_core::threads::set_num_threads;
use naive::Complex;
use proptest::prelude::*;

fn voxels(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// Shapes of 1 to 3 axes, axes of length 1 among them.
fn shapes(longest: [usize; 3]) -> impl Strategy<Value = Vec<usize>> {
    let axis = |most: usize| 1..=most;
    prop_oneof![
        axis(longest[0]).prop_map(|length| vec![length]),
        [axis(longest[1]), axis(longest[1])].prop_map(Vec::from),
        [axis(longest[2]), axis(longest[2]), axis(longest[2])].prop_map(Vec::from),
        [axis(longest[2]), axis(longest[2]), axis(longest[2])].prop_map(Vec::from),
    ]
}

/// Noise, levels that tie, masks, and smooth images; signs of zero mixed.
fn levels(count: usize) -> impl Strategy<Value = Vec<f64>> {
    let few = |most: i32| prop::collection::vec((0..most).prop_map(|level| f64::from(level) / 3.0), count);
    let noise = || prop::collection::vec(-1.0..1.0, count);
    prop_oneof![
        noise(),
        prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::ZERO, count),
        prop::collection::vec(prop::sample::select(vec![0.0, -0.0, -1.0]), count),
        few(2),
        few(4),
        few(30),
        noise().prop_map(|noise| {
            let near = |place: usize| {
                let window = &noise[place.saturating_sub(3)..(place + 4).min(noise.len())];
                window.iter().sum::<f64>()
            };
            (0..noise.len()).map(near).collect()
        }),
    ]
}

fn images(longest: [usize; 3]) -> impl Strategy<Value = (Vec<usize>, [Vec<f64>; 2])> {
    shapes(longest).prop_flat_map(|shape| {
        let count = voxels(&shape);
        (Just(shape), [levels(count), levels(count)])
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pairs_are_those_of_the_boundary_matrices((shape, [image, _]) in images([40, 12, 7])) {
        let (complex, barcode) = (Complex::new(&shape), persistence_pairs(&image, &shape).unwrap());
        for (dimension, pairs) in barcode.dimensions.iter().enumerate() {
            prop_assert_eq!(pairs, &complex.pairs(&image, dimension), "dimension {}", dimension);
        }
        prop_assert_eq!(barcode.dimensions.len(), shape.len());
        prop_assert_eq!(barcode.essential_birth, complex.essential_birth(&image));
    }

    #[test]
    fn matches_are_those_of_the_boundary_matrices((shape, [prediction, target]) in images([40, 10, 6])) {
        let matching = betti_matching(&prediction, &target, &shape).unwrap();
        prop_assert_eq!(matching, Complex::new(&shape).matching(&prediction, &target));
    }

    #[test]
    fn narrower_numbers_have_the_pairs_of_wider_ones((shape, [image, other]) in images([40, 9, 5])) {
        let narrow = |image: &[f64]| -> (Vec<f32>, Vec<u8>) {
            (image.iter().map(|&x| x as f32).collect(), image.iter().map(|&x| (x * 100.0) as u8).collect())
        };
        let [(singles, bytes), (other_singles, other_bytes)] = [&image, &other].map(|image| narrow(image));
        if singles.iter().chain(&other_singles).all(|x| x.is_finite()) {
            let [wide, other] = [&singles, &other_singles].map(|x| x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>());
            prop_assert_eq!(persistence_pairs(&singles, &shape), persistence_pairs(&wide, &shape));
            prop_assert_eq!(betti_matching(&singles, &other_singles, &shape), betti_matching(&wide, &other, &shape));
        }
        let [wide, other] = [&bytes, &other_bytes].map(|x| x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>());
        prop_assert_eq!(persistence_pairs(&bytes, &shape), persistence_pairs(&wide, &shape));
        prop_assert_eq!(betti_matching(&bytes, &other_bytes, &shape), betti_matching(&wide, &other, &shape));
    }

    #[test]
    fn betti_numbers_are_what_is_alive_in_a_mask((shape, [image, _]) in images([90, 12, 7]), threshold in -1.0..1.0) {
        let mask: Vec<bool> = image.iter().map(|&level| level < threshold).collect();
        let counts = betti_numbers(&mask, &shape, Construction::V).unwrap();
        // All pairs of the mask as an image die when the rest of the voxels enter.
        let levels: Vec<u8> = mask.iter().map(|&set| u8::from(!set)).collect();
        let mut alive: Vec<u64> =
            persistence_pairs(&levels, &shape).unwrap().dimensions.iter().map(|pairs| pairs.len() as u64).collect();
        alive[0] += u64::from(mask.contains(&true));
        prop_assert_eq!(&counts.numbers, &alive);
        check_euler(&mask, &shape, Construction::V);
        check_euler(&mask, &shape, Construction::T);
    }

    #[test]
    fn closed_cubes_are_dual_to_vertices((shape, [image, _]) in images([90, 12, 7]), threshold in -1.0..1.0) {
        // Doubled, with a border, closed cubes are the vertices whose cells are set.
        let mask: Vec<bool> = image.iter().map(|&level| level < threshold).collect();
        let wide: Vec<usize> = shape.iter().map(|&length| 2 * length + 1).collect();
        let closed: Vec<bool> = (0..voxels(&wide)).map(|place| touches(&mask, &shape, &wide, place)).collect();
        let counts = betti_numbers(&mask, &shape, Construction::T).unwrap();
        prop_assert_eq!(counts, betti_numbers(&closed, &wide, Construction::V).unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn larger_images_too((shape, [prediction, target]) in images([200, 24, 9])) {
        let complex = Complex::new(&shape);
        let barcode = persistence_pairs(&prediction, &shape).unwrap();
        for (dimension, pairs) in barcode.dimensions.iter().enumerate() {
            prop_assert_eq!(pairs, &complex.pairs(&prediction, dimension), "dimension {}", dimension);
        }
        let matching = betti_matching(&prediction, &target, &shape).unwrap();
        prop_assert_eq!(matching, complex.matching(&prediction, &target));
    }
}

/// Whether the place of a doubled grid is in a set closed voxel.
fn touches(mask: &[bool], shape: &[usize], wide: &[usize], place: usize) -> bool {
    let (mut rest, mut near) = (place, vec![0]);
    let mut stride = 1;
    for (&length, &doubled) in shape.iter().zip(wide).rev() {
        let coordinate = rest % doubled;
        rest /= doubled;
        let own: Vec<usize> = [coordinate.wrapping_sub(1), coordinate]
            .map(|c| c / 2)
            .into_iter()
            .filter(|&c| c < length)
            .collect();
        near = own.iter().flat_map(|&c| near.iter().map(move |&place| place + c * stride)).collect();
        stride *= length;
    }
    near.iter().any(|&voxel| mask[voxel])
}

fn check_euler(mask: &[bool], shape: &[usize], construction: Construction) {
    let counts = betti_numbers(mask, shape, construction).unwrap();
    let signs = [1, -1, 1];
    let sum: i64 = counts.numbers.iter().zip(signs).map(|(&number, sign)| number as i64 * sign).sum();
    assert_eq!(sum, counts.euler_characteristic);
    assert_eq!(euler_characteristic(mask, shape, construction).unwrap(), sum);
}

#[test]
fn constant_images_have_no_pairs() {
    for shape in [&[1][..], &[7], &[5, 5], &[1, 1, 1], &[3, 4, 2]] {
        let image = vec![0.5; voxels(shape)];
        let barcode = persistence_pairs(&image, shape).unwrap();
        assert!(barcode.dimensions.iter().all(Vec::is_empty));
        assert_eq!((barcode.dimensions.len(), barcode.essential_birth), (shape.len(), 0));
        let matching = betti_matching(&image, &image, shape).unwrap();
        assert!(matching.dimensions.iter().all(|matches| *matches == Default::default()));
    }
}

#[test]
fn a_cavity_is_born_where_the_shell_closes() {
    let mut image = [0.25; 27];
    (image[13], image[4], image[0]) = (1.0, 0.5, 0.0);
    let barcode = persistence_pairs(&image, &[3, 3, 3]).unwrap();
    assert_eq!(barcode.dimensions[..2], [[], []]);
    assert_eq!(barcode.dimensions[2], [Pair { birth: 4, death: 13 }]);
    assert_eq!(barcode.essential_birth, 0);
}

#[test]
fn axes_of_length_one_do_not_count() {
    let image: Vec<f32> = (0..30).map(|i| ((i * 7919 + 13) % 31) as f32).collect();
    let flat = persistence_pairs(&image, &[5, 6]).unwrap();
    for shape in [[1, 5, 6], [5, 1, 6], [5, 6, 1]] {
        let barcode = persistence_pairs(&image, &shape).unwrap();
        assert_eq!(barcode.dimensions[..2], flat.dimensions);
        assert_eq!(barcode.dimensions[2], []);
    }
}

#[test]
fn an_image_matches_itself() {
    let image: Vec<f64> = (0..343).map(|i| f64::from((i * 7919 + 13) % 101)).collect();
    for shape in [&[343][..], &[7, 49], &[7, 7, 7]] {
        let barcode = persistence_pairs(&image, shape).unwrap();
        let matching = betti_matching(&image, &image, shape).unwrap();
        for (pairs, matches) in barcode.dimensions.iter().zip(&matching.dimensions) {
            assert!(matches.unmatched_prediction.is_empty() && matches.unmatched_target.is_empty());
            let both: Vec<(Pair, Pair)> = pairs.iter().map(|&pair| (pair, pair)).collect();
            assert_eq!(matches.matched, both);
        }
    }
}

/// Many voxels in a few levels, so that ties abound.
fn tied_levels(count: usize) -> Vec<f32> {
    (0..count as u64).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 59) as f32).collect()
}

/// One image or batch on one thread and on two, which takes more voxels than cells can be enumerated of.
fn check_threads<V: Voxel>(images: &[V], shape: &[usize]) {
    let (prediction, target) = images.split_at(images.len() / 2);
    let on = |threads: usize| {
        set_num_threads(std::num::NonZero::new(threads));
        (
            persistence_pairs_of_each(images, shape).unwrap(),
            betti_matching(prediction, target, shape).unwrap(),
        )
    };
    let one = on(1);
    assert_eq!(on(2), one);
    assert_eq!(persistence_pairs(prediction, shape).unwrap(), one.0[0]);
    set_num_threads(None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_threads_find_what_one_finds(seed: u64, bits in 1_u32..9, is_flat: bool) {
        let shape = if is_flat { &[257, 256][..] } else { &[41, 40, 42] };
        let mut state = seed;
        let bytes: Vec<u8> = (0..2 * voxels(shape))
            .map(|_| {
                state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
                (state >> (u64::BITS - bits)) as u8
            })
            .collect();
        check_threads(&bytes, shape);
        check_threads(&bytes.iter().map(|&level| f32::from(level) / 3.0).collect::<Vec<_>>(), shape);
        check_threads(&bytes.iter().map(|&level| f64::from(level) / 3.0).collect::<Vec<_>>(), shape);
    }
}

#[test]
fn batches_and_threads_change_nothing() {
    for shape in [&[200, 300][..], &[40, 40, 40]] {
        let count = voxels(shape);
        let images = tied_levels(4 * count);
        let (predictions, targets) = images.split_at(2 * count);
        set_num_threads(std::num::NonZero::new(1));
        let each = |images: &[f32]| -> Vec<_> {
            images.chunks_exact(count).map(|image| persistence_pairs(image, shape).unwrap()).collect()
        };
        let both = predictions.chunks_exact(count).zip(targets.chunks_exact(count));
        let matchings: Vec<_> = both.map(|(a, b)| betti_matching(a, b, shape).unwrap()).collect();
        let barcodes = each(&images);
        for threads in [1, 2, 3] {
            set_num_threads(std::num::NonZero::new(threads));
            assert_eq!(persistence_pairs_of_each(&images, shape).unwrap(), barcodes);
            assert_eq!(betti_matching_of_each(predictions, targets, shape).unwrap(), matchings);
            assert_eq!(
                betti_matching(&predictions[..count], &targets[..count], shape).unwrap(),
                matchings[0]
            );
        }
        set_num_threads(None);
    }
    assert_eq!(persistence_pairs_of_each::<f64>(&[], &[2, 3]).unwrap(), []);
}

#[test]
fn bad_input_is_refused() {
    let image = [0.0, 1.0, f64::NAN, f64::INFINITY];
    let refused = |image: &[f64], shape: &[usize]| persistence_pairs(image, shape).unwrap_err();
    assert_eq!(refused(&image, &[]), PersistenceError::Axes { axes: 0 });
    assert_eq!(refused(&image, &[1, 1, 2, 2]), PersistenceError::Axes { axes: 4 });
    assert_eq!(refused(&[], &[2, 0]), PersistenceError::Empty { axis: 1 });
    let wrong = PersistenceError::LengthMismatch { image: "image", voxels: 4, wanted: 6 };
    assert_eq!(refused(&image, &[2, 3]), wrong);
    assert_eq!(refused(&image, &[2, 2]), PersistenceError::NotFinite { image: "image", position: 2 });
    let huge = PersistenceError::LengthMismatch { image: "image", voxels: 4, wanted: usize::MAX };
    assert_eq!(refused(&image, &[usize::MAX, 2]), huge);
    let matching = |first: &[f64], second: &[f64]| betti_matching(first, second, &[2]).unwrap_err();
    assert_eq!(
        matching(&image[..2], &image),
        PersistenceError::LengthMismatch { image: "target", voxels: 4, wanted: 2 }
    );
    assert_eq!(
        matching(&image[..2], &image[2..]),
        PersistenceError::NotFinite { image: "target", position: 0 }
    );
    assert_eq!(
        betti_matching_of_each(&[0.0; 4], &[0.0; 2], &[2]).unwrap_err(),
        PersistenceError::LengthMismatch { image: "target", voxels: 2, wanted: 4 }
    );
    assert_eq!(
        persistence_pairs_of_each(&image, &[3]).unwrap_err(),
        PersistenceError::LengthMismatch { image: "image", voxels: 4, wanted: 6 }
    );
    assert_eq!(
        betti_numbers(&[true], &[2], Construction::V).unwrap_err(),
        PersistenceError::LengthMismatch { image: "mask", voxels: 1, wanted: 2 }
    );
}

#[test]
fn masks_are_counted_in_both_constructions() {
    let count = |mask: &[bool], shape: &[usize], construction| {
        let counts = betti_numbers(mask, shape, construction).unwrap();
        (counts.numbers, counts.euler_characteristic)
    };
    let both = [Construction::V, Construction::T];
    for construction in both {
        assert_eq!(count(&[false; 30], &[5, 6], construction), (vec![0, 0], 0));
        assert_eq!(count(&[true; 36], &[3, 4, 3], construction), (vec![1, 0, 0], 1));
        assert_eq!(count(&[true], &[1, 1], construction), (vec![1, 0], 1));
        assert_eq!(count(&[true, false, true], &[3], construction), (vec![2], 2));
    }
    // Four pixels around a hole, which touch across corners.
    let diamond = [false, true, false, true, false, true, false, true, false];
    assert_eq!(both.map(|construction| count(&diamond, &[3, 3], construction).0), [vec![4, 0], vec![1, 1]]);
    // A row of more than a word.
    let long: Vec<bool> = (0..200).map(|place| place % 67 < 66).collect();
    assert_eq!(count(&long, &[200], Construction::V), (vec![3], 3));
}
