//! Products of many numbers, for one logarithm in place of many.

/// Numbers that are multiplied side by side.
pub(super) const LANES: usize = 8;

const MANTISSA: u64 = (1 << 52) - 1;
const ONE: u64 = 1023 << 52;

/// The product of numbers of any size, as mantissas and the sum of their exponents.
pub(super) struct Product {
    mantissas: [f64; LANES],
    exponents: [u64; LANES],
    steps: u64,
}

impl Product {
    #[inline(always)]
    pub fn one() -> Self {
        Self { mantissas: [1.0; LANES], exponents: [0; LANES], steps: 0 }
    }

    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "iterators over three arrays stay calls")]
    pub fn multiply(&mut self, factors: &[f64; LANES]) {
        for lane in 0..LANES {
            let bits = (self.mantissas[lane] * factors[lane]).to_bits();
            self.exponents[lane] += bits >> 52;
            self.mantissas[lane] = f64::from_bits((bits & MANTISSA) | ONE);
        }
        self.steps += 1;
    }

    pub fn ln(&self) -> f64 {
        let (mut sum, mut exponents) = (0.0, 0);
        for lane in 0..LANES {
            sum += self.mantissas[lane].ln();
            exponents += self.exponents[lane];
        }
        // Every exponent is biased.
        sum + (exponents as i64 - (self.steps * LANES as u64 * 1023) as i64) as f64 * std::f64::consts::LN_2
    }
}
