//! Norms of differences, in lanes.

/// Numbers side by side: of several points, or of several dimensions of one.
pub(super) const LANES: usize = 8;

pub(super) type Row = [f64; LANES];

/// The norm of a difference of two vectors, in two steps between which the lanes of one point meet.
pub(super) trait Norm: Copy + Send + Sync {
    /// What the dimensions of each lane add up to.
    fn gather(self, a: &[Row], b: &[Row]) -> Row;

    /// The same of all lanes, as if they were one.
    fn join(self, gathered: &Row) -> f64;

    fn length(self, gathered: f64) -> f64;

    /// The derivatives of the lengths by one difference in each lane; `inverses` are one over the lengths, or 0.
    fn slopes(self, gaps: &Row, lengths: &Row, inverses: &Row) -> Row;
}

#[inline(always)]
fn sign(number: f64) -> f64 {
    let above = if number > 0.0 { 1.0 } else { 0.0 };
    if number < 0.0 { -1.0 } else { above }
}

#[derive(Clone, Copy)]
pub(super) struct Absolute;

impl Norm for Absolute {
    #[inline(always)]
    fn gather(self, a: &[Row], b: &[Row]) -> Row {
        let mut sum = [0.0; LANES];
        for (a, b) in a.iter().zip(b) {
            for lane in 0..LANES {
                sum[lane] += (a[lane] - b[lane]).abs();
            }
        }
        sum
    }

    #[inline(always)]
    fn join(self, gathered: &Row) -> f64 {
        added(gathered)
    }

    #[inline(always)]
    fn length(self, gathered: f64) -> f64 {
        gathered
    }

    #[inline(always)]
    fn slopes(self, gaps: &Row, _: &Row, _: &Row) -> Row {
        let mut slopes = [0.0; LANES];
        for lane in 0..LANES {
            slopes[lane] = sign(gaps[lane]);
        }
        slopes
    }
}

#[derive(Clone, Copy)]
pub(super) struct Euclidean;

impl Norm for Euclidean {
    #[inline(always)]
    fn gather(self, a: &[Row], b: &[Row]) -> Row {
        let mut sum = [0.0; LANES];
        for (a, b) in a.iter().zip(b) {
            for lane in 0..LANES {
                let gap = a[lane] - b[lane];
                sum[lane] += gap * gap;
            }
        }
        sum
    }

    #[inline(always)]
    fn join(self, gathered: &Row) -> f64 {
        added(gathered)
    }

    #[inline(always)]
    fn length(self, gathered: f64) -> f64 {
        gathered.sqrt()
    }

    #[inline(always)]
    fn slopes(self, gaps: &Row, _: &Row, inverses: &Row) -> Row {
        let mut slopes = [0.0; LANES];
        for lane in 0..LANES {
            slopes[lane] = gaps[lane] * inverses[lane];
        }
        slopes
    }
}

#[derive(Clone, Copy)]
pub(super) struct Largest;

impl Norm for Largest {
    #[inline(always)]
    fn gather(self, a: &[Row], b: &[Row]) -> Row {
        let mut most = [0.0; LANES];
        for (a, b) in a.iter().zip(b) {
            for lane in 0..LANES {
                let gap = (a[lane] - b[lane]).abs();
                most[lane] = if gap > most[lane] { gap } else { most[lane] };
            }
        }
        most
    }

    #[inline(always)]
    fn join(self, gathered: &Row) -> f64 {
        largest(gathered)
    }

    #[inline(always)]
    fn length(self, gathered: f64) -> f64 {
        gathered
    }

    #[inline(always)]
    fn slopes(self, gaps: &Row, lengths: &Row, _: &Row) -> Row {
        let mut slopes = [0.0; LANES];
        for lane in 0..LANES {
            slopes[lane] = sign(gaps[lane]);
        }
        for lane in 0..LANES {
            slopes[lane] = if gaps[lane].abs() == lengths[lane] { slopes[lane] } else { 0.0 };
        }
        slopes
    }
}

/// The root of the sum of any power, finite and above 1.
#[derive(Clone, Copy)]
pub(super) struct Power {
    exponent: f64,
    /// Twice the exponent where that is a small whole number: roots and products are quicker than other powers.
    halves: Option<u32>,
}

impl Power {
    pub(super) fn new(exponent: f64) -> Self {
        let halves = 2.0 * exponent;
        Self { exponent, halves: (halves <= 64.0 && halves.fract() == 0.0).then_some(halves as u32) }
    }

    /// The power with an exponent that is lower by so many.
    #[inline(always)]
    fn raise(self, ratios: &Row, lower: u32) -> Row {
        let mut powers = [1.0; LANES];
        let Some(halves) = self.halves else {
            for lane in 0..LANES {
                powers[lane] = ratios[lane].powf(self.exponent - f64::from(lower));
            }
            return powers;
        };
        if halves % 2 == 1 {
            for lane in 0..LANES {
                powers[lane] = ratios[lane].sqrt();
            }
        }
        for _ in lower..halves / 2 {
            for lane in 0..LANES {
                powers[lane] *= ratios[lane];
            }
        }
        powers
    }

    /// Powers of ratios to the largest neither overflow nor all vanish.
    #[inline(always)]
    fn whole(self, most: f64, sum: f64) -> f64 {
        if most > 0.0 { most * sum.powf(1.0 / self.exponent) } else { 0.0 }
    }
}

impl Norm for Power {
    #[inline(always)]
    fn gather(self, a: &[Row], b: &[Row]) -> Row {
        let (most, mut sum) = (Largest.gather(a, b), [0.0; LANES]);
        for (a, b) in a.iter().zip(b) {
            let mut ratios = [0.0; LANES];
            for lane in 0..LANES {
                ratios[lane] = (a[lane] - b[lane]).abs() / most[lane];
            }
            let powers = self.raise(&ratios, 0);
            for lane in 0..LANES {
                sum[lane] += powers[lane];
            }
        }
        for lane in 0..LANES {
            sum[lane] = self.whole(most[lane], sum[lane]);
        }
        sum
    }

    #[inline(always)]
    fn join(self, gathered: &Row) -> f64 {
        let (most, mut ratios) = (largest(gathered), [0.0; LANES]);
        for lane in 0..LANES {
            ratios[lane] = gathered[lane] / most;
        }
        self.whole(most, added(&self.raise(&ratios, 0)))
    }

    #[inline(always)]
    fn length(self, gathered: f64) -> f64 {
        gathered
    }

    #[inline(always)]
    fn slopes(self, gaps: &Row, _: &Row, inverses: &Row) -> Row {
        let (mut ratios, mut slopes) = ([0.0; LANES], [0.0; LANES]);
        for lane in 0..LANES {
            ratios[lane] = gaps[lane].abs() * inverses[lane];
        }
        let powers = self.raise(&ratios, 1);
        for lane in 0..LANES {
            slopes[lane] = sign(gaps[lane]) * powers[lane];
        }
        slopes
    }
}

#[inline(always)]
fn added(row: &Row) -> f64 {
    ((row[0] + row[4]) + (row[2] + row[6])) + ((row[1] + row[5]) + (row[3] + row[7]))
}

#[inline(always)]
fn largest(row: &Row) -> f64 {
    let mut most = 0.0;
    for &number in row {
        most = if number > most { number } else { most };
    }
    most
}
