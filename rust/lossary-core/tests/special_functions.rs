//! Tail probabilities against values to 17 digits from mpmath 1.3 with 40 digits.

#![allow(missing_docs)]

use lossary_core::special::{incomplete_beta, normal_survival};

fn assert_close(ours: f64, wanted: f64, relative: f64) {
    assert!((ours - wanted).abs() <= relative * wanted, "{ours:e} {wanted:e}");
}

#[test]
fn normal_tails_keep_their_digits() {
    for (z, wanted) in [
        (0.25, 0.401_293_674_317_076_3),
        (1.0, 0.15865525393145705),
        (1.75, 0.040_059_156_863_817_09),
        (2.0, 0.022_750_131_948_179_21),
        (2.5, 0.006_209_665_325_776_135),
        (5.0, 2.866_515_718_791_939e-7),
        (10.0, 7.619_853_024_160_525e-24),
        (20.0, 2.7536241186062337e-89),
        (37.0, 5.725_571_222_524_577e-300),
    ] {
        assert_close(normal_survival(z), wanted, 2e-14);
        assert_close(normal_survival(-z), 1.0 - wanted, 1e-15);
    }
    assert_eq!([normal_survival(f64::INFINITY), normal_survival(f64::NEG_INFINITY)], [0.0, 1.0]);
    assert_eq!(normal_survival(1e-300), 0.5);
}

#[test]
fn beta_tails_keep_their_digits() {
    for (a, b, x, complement, wanted) in [
        (0.5, 0.5, 0.25, 0.75, 1.0 / 3.0),
        (1.5, 0.5, 0.875, 0.125, 0.559_404_344_163_487_9),
        (5.0, 0.5, 0.5, 0.5, 0.010119559735433715),
        (50.0, 0.5, 0.984375, 0.015625, 0.21064443966233902),
        (5e5, 0.5, 1.0 - 1.0 / 131_072.0, 1.0 / 131_072.0, 0.005_742_377_181_469_524),
        (1e9, 0.5, 1.0 - 1.0 / 1_073_741_824.0, 1.0 / 1_073_741_824.0, 0.17231982225776948),
        (250.0, 0.5, 0.0625, 0.9375, 3.437_153_706_616_056e-303),
        (20.0, 30.0, 0.375, 0.625, 0.36599630383627559),
        (0.125, 3.0, 0.5, 0.5, 0.990_436_007_601_920_3),
    ] {
        assert_close(incomplete_beta(a, b, x, complement), wanted, 1e-13);
        assert_close(incomplete_beta(b, a, complement, x), 1.0 - wanted, 1e-13);
    }
    assert_eq!([incomplete_beta(2.0, 3.0, 0.0, 1.0), incomplete_beta(2.0, 3.0, 1.0, 0.0)], [0.0, 1.0]);
}
