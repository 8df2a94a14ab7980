//! Reproducible random numbers: one stream for each pair of a seed and an index.
//!
//! Sources: xoshiro256++ and splitmix64, Blackman and Vigna, Scrambled linear pseudorandom number generators,
//! ACM Transactions on Mathematical Software 47, 2021; bounded draws, Lemire, Fast random integer generation in
//! an interval, ACM Transactions on Modeling and Computer Simulation 29, 2019.

/// The splitmix64 generator: it turns any seed, however plain, into well mixed words.
#[derive(Debug, Clone, Copy)]
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
}

/// The xoshiro256++ generator: 256 bits of state, period 2^256 - 1.
#[derive(Debug, Clone)]
pub struct Random {
    state: [u64; 4],
    /// The unused upper half of the last word.
    half: Option<u32>,
}

impl Random {
    /// The stream of an index under a seed. Its state is four words of splitmix64, started at the mixed seed plus
    /// the mixed index.
    ///
    /// ```
    /// use lossary_core::random::Random;
    /// let draw = |seed, index| Random::stream(seed, index).below(1000);
    /// assert_eq!(draw(7, 3), draw(7, 3));
    /// assert_ne!(draw(7, 3), draw(7, 4));
    /// ```
    pub fn stream(seed: u64, index: u64) -> Self {
        // Both are mixed, so that neighbouring seeds do not share streams of shifted indices.
        let (seed, index) = (SplitMix(seed).next(), SplitMix(!index).next());
        let mut words = SplitMix(seed.wrapping_add(index));
        Self { state: [words.next(), words.next(), words.next(), words.next()], half: None }
    }

    /// 64 random bits.
    #[inline(always)]
    pub fn word(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let word = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        word
    }

    /// A number below `bound`, every one equally likely; 0 if the bound is 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        let mut drawn = 0;
        self.each_below(bound, 1, |number| drawn = number);
        drawn
    }

    /// Calls `each` with `count` numbers below `bound`: those that [`Random::below`] would give one by one.
    #[inline(always)]
    pub fn each_below(&mut self, bound: u32, count: u32, mut each: impl FnMut(u32)) {
        // Of 2^32 products, 2^32 mod bound are one too many for equal shares; they are the lowest.
        let surplus = bound.wrapping_neg().checked_rem(bound).unwrap_or(0);
        let product = |bits: u32| u64::from(bits) * u64::from(bound);
        let fits = |product: u64| product as u32 >= surplus;
        let mut left = count;
        if let Some(bits) = self.half.take_if(|_| left > 0)
            && fits(product(bits))
        {
            left -= 1;
            each((product(bits) >> 32) as u32);
        }
        while left > 0 {
            let word = self.word();
            let (first, second) = (product(word as u32), product((word >> 32) as u32));
            // Two at a time while that is possible: almost always.
            if left > 1 && fits(first) & fits(second) {
                left -= 2;
                each((first >> 32) as u32);
                each((second >> 32) as u32);
                continue;
            }
            if fits(first) {
                left -= 1;
                each((first >> 32) as u32);
            }
            if left == 0 {
                self.half = Some((word >> 32) as u32);
            } else if fits(second) {
                left -= 1;
                each((second >> 32) as u32);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the seed 1234567: the test vector of the Rosetta Code page on splitmix64.
    #[test]
    fn splitmix_gives_the_published_words() {
        let mut words = SplitMix(1_234_567);
        let wanted = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!(wanted.map(|_| words.next()), wanted);
    }

    /// From the state 1, 2, 3, 4: the test vector of the crate rand_xoshiro, made with the authors' C code.
    #[test]
    fn xoshiro_gives_the_published_words() {
        let mut random = Random { state: [1, 2, 3, 4], half: None };
        let wanted = [
            41_943_041,
            58_720_359,
            3_588_806_011_781_223,
            3_591_011_842_654_386,
            9_228_616_714_210_784_205,
            9_973_669_472_204_895_162,
            14_011_001_112_246_962_877,
            12_406_186_145_184_390_807,
            15_849_039_046_786_891_736,
            10_450_023_813_501_588_000,
        ];
        assert_eq!(wanted.map(|_| random.word()), wanted);
    }

    #[test]
    fn draws_are_uniform_below_the_bound() {
        let mut random = Random::stream(1, 2);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[random.below(7) as usize] += 1;
        }
        // Six degrees of freedom: the statistic exceeds 22.5 once in a thousand seeds.
        let statistic: f64 = counts.iter().map(|&count| (f64::from(count) - 1e4).powi(2) / 1e4).sum();
        assert!(statistic < 22.5, "{counts:?}");
        assert_eq!((random.below(1), random.below(0)), (0, 0));
    }

    #[test]
    fn draws_near_the_full_range_reject_and_stay_uniform() {
        let bound = 3 << 30; // a quarter of all words must be rejected
        let mut random = Random::stream(5, 0);
        let thirds = (0..60_000).fold([0_u32; 3], |mut counts, _| {
            counts[(random.below(bound) >> 30) as usize] += 1;
            counts
        });
        assert!(thirds.iter().all(|&count| count.abs_diff(20_000) < 600), "{thirds:?}");
    }

    #[test]
    fn streams_of_neighbouring_seeds_and_indices_differ() {
        let mut firsts: Vec<u64> =
            (0..40).flat_map(|seed| (0..40).map(move |index| Random::stream(seed, index).word())).collect();
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts.len(), 1600);
    }
}
