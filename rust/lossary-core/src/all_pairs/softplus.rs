//! The derivatives of `softplus(d) = ln(1 + e^d)`, and what they are far from zero.
//!
//! Order 0 is softplus itself, 1 the sigmoid, 2 and 3 its derivatives. For `d < 0`, order n is
//! `sum (-1)^(k+1) k^(n-1) e^(k d)`, k = 1, 2, ...; for `d > 0` it is `(-1)^n` times that at `-d`, plus `d` for
//! order 0 and 1 for order 1.

/// Terms of the series kept from [`FAR`] on: the next is `e^-40` of the first.
pub(super) const TERMS: usize = 5;

/// From this distance on, the series is the function.
pub(super) const FAR: f64 = 8.0;

/// Coefficients of the series for negative arguments.
pub(super) fn series(order: usize) -> [f64; TERMS] {
    std::array::from_fn(|term| {
        let k = term as f64 + 1.0;
        (if term % 2 == 0 { 1.0 } else { -1.0 }) * k.powi(order as i32 - 1)
    })
}

/// The sign of the series for positive arguments.
pub(super) fn mirror_sign(order: usize) -> f64 {
    if order.is_multiple_of(2) { 1.0 } else { -1.0 }
}

/// The limit at infinity; of order 0, without what grows like `d`.
pub(super) fn limit(order: usize) -> f64 {
    f64::from(u8::from(order == 1))
}

/// The derivative of the given order at `high + low`, where `low` is a rounding error of `high`.
#[inline(always)]
pub(super) fn derivative<const ORDER: usize>(high: f64, low: f64) -> f64 {
    let decay = (-high.abs()).exp() * (1.0 - low * high.signum());
    from_decay::<ORDER>(high, decay)
}

/// The derivative at `d`, from `e^-|d|`.
#[inline(always)]
pub(super) fn from_decay<const ORDER: usize>(d: f64, decay: f64) -> f64 {
    let positive = d > 0.0;
    match ORDER {
        0 => d.max(0.0) + decay.ln_1p(),
        1 => (if positive { 1.0 } else { decay }) / (1.0 + decay),
        2 => decay / ((1.0 + decay) * (1.0 + decay)),
        _ => {
            let bend = decay * (1.0 - decay) / ((1.0 + decay) * (1.0 + decay) * (1.0 + decay));
            if positive { -bend } else { bend }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_series(order: usize, d: f64) -> f64 {
        let sum: f64 = (1..).zip(series(order)).map(|(k, c)| c * (-d.abs() * f64::from(k)).exp()).sum();
        let linear = if order == 0 { d } else { 0.0 };
        if d < 0.0 { sum } else { mirror_sign(order) * sum + limit(order) + linear }
    }

    #[test]
    fn far_from_zero_the_series_is_the_function() {
        for d in [-700.5, -30.25, -FAR, FAR, 11.0, 300.0] {
            let direct = [
                derivative::<0>(d, 0.0),
                derivative::<1>(d, 0.0),
                derivative::<2>(d, 0.0),
                derivative::<3>(d, 0.0),
            ];
            for (order, direct) in direct.into_iter().enumerate() {
                assert!((of_series(order, d) - direct).abs() <= 4e-16 * direct.abs(), "{order} {d}");
            }
        }
    }

    #[test]
    fn each_order_is_the_slope_of_the_one_before() {
        let step = 1e-5;
        for d in [-3.0, -0.5, 0.25, 4.0] {
            let slope = |f: fn(f64, f64) -> f64| (f(d + step, 0.0) - f(d - step, 0.0)) / (2.0 * step);
            assert!((slope(derivative::<0>) - derivative::<1>(d, 0.0)).abs() < 1e-9);
            assert!((slope(derivative::<1>) - derivative::<2>(d, 0.0)).abs() < 1e-9);
            assert!((slope(derivative::<2>) - derivative::<3>(d, 0.0)).abs() < 1e-9);
        }
    }
}
