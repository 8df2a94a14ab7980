//! A first look at many scores: a small histogram of bins of equal width, which stays in the second level of cache.
//!
//! A sample of the scores tells where they lie; scores beyond count in the first and the last bin. One pass
//! counts, and finds NaN and infinity on the way; another gathers what a question asks for.

use crate::keys::{Key, Score};
use crate::platform::{Work, widest};
use crate::ranking::{RankingError, check_finite};
use crate::search::{CLOSED, Division, Stretch, Tally, joined, places};
use crate::threads;
use std::ops::Range;

/// Bins of both classes: a table of 64 KiB. Fewer are quicker to count, but more entries must be gathered.
const BINS: usize = 1 << 13;

/// The last bin of numbers of one top bit: the other top bit is one bin above.
const LAST: u32 = BINS as u32 - 2;

/// Scores whose bins are found together, without a branch, before any is counted.
const BLOCK: usize = 256;

/// Fewer scores are as well divided at once by their keys.
const FEW: usize = 1 << 16;

/// How many scores tell where all of them lie.
const SAMPLE: usize = 1 << 10;

/// Equal steps from `low` on.
#[derive(Clone, Copy)]
struct Ruler {
    low: f64,
    scale: f64,
}

impl Ruler {
    /// The middle of a sample; None where it has no width, or ties that would crowd the bins.
    fn new<S: Score>(scores: &[S]) -> Option<Self> {
        let mut keys: Vec<S::Key> = scores.iter().step_by(scores.len() / SAMPLE).map(|s| s.key()).collect();
        keys.sort_unstable();
        let ends = [keys.len() / 512, keys.len() - 1 - keys.len() / 512].map(|place| S::value(keys[place]));
        keys.dedup();
        let scale = f64::from(LAST) / (ends[1] - ends[0]);
        // Neither factor of a product may be 0 or infinite, in single precision either.
        let fits = ends[1] - ends[0] < 1e38 && scale < 1e38 && ends[0].abs() < 1e38;
        (fits && keys.len() > SAMPLE / 2).then_some(Self { low: ends[0], scale })
    }

    /// Rises with the score, and is higher by one for keys with the top bit: no bin holds both kinds.
    #[inline(always)]
    fn bin<S: Score>(self, score: S) -> u32 {
        score.step(self.low, self.scale, LAST) + score.key().bin(S::Key::BITS - 1) as u32
    }
}

/// Many finite scores with their labels, divided by a ruler.
pub(crate) struct Overview<'a, S> {
    scores: &'a [S],
    labels: &'a [u8],
    ruler: Ruler,
    /// The bins from here on have the top bit.
    first_high: usize,
    bins: Vec<Tally>,
}

impl<'a, S: Score> Overview<'a, S> {
    /// None where a ruler does not suit the scores.
    pub(crate) fn new(scores: &'a [S], labels: &'a [u8]) -> Result<Option<Self>, RankingError> {
        let Some(ruler) = (scores.len() >= FEW).then(|| Ruler::new(scores)).flatten() else {
            return Ok(None);
        };
        let threads = threads::threads_for(scores.len());
        let parts = threads::map(threads::parts(scores.len(), threads), threads, |part| {
            widest(Count { scores: &scores[part.clone()], labels: &labels[part], ruler })
        });
        if parts.iter().any(|part| !part.finite) {
            check_finite(scores)?; // names the position
        }
        let mut bins = vec![Tally::default(); BINS];
        for table in parts.iter().flat_map(|part| &part.tables) {
            for (bin, [negatives, positives]) in bins.iter_mut().zip(table.as_chunks().0) {
                bin.negatives += u64::from(*negatives);
                bin.positives += u64::from(*positives);
            }
        }
        // With the roundings of the scores themselves.
        let zero = match S::FLOAT {
            Some([_, zero, _]) => zero.step(ruler.low, ruler.scale, LAST),
            None => S::value(S::Key::TOP).step(ruler.low, ruler.scale, LAST),
        } as usize;
        Ok(Some(Self { scores, labels, ruler, first_high: zero + 1, bins }))
    }
}

type Table = [u32; 2 * BINS];

/// Two tables take turns: a count need not wait for the one before.
struct Counts {
    tables: Vec<Table>,
    finite: bool,
}

struct Count<'a, S> {
    scores: &'a [S],
    labels: &'a [u8],
    ruler: Ruler,
}

impl<S: Score> Work for Count<'_, S> {
    type Output = Counts;

    #[inline(always)]
    fn run(self) -> Counts {
        let ruler = self.ruler; // in registers
        let mut tables = vec![[0_u32; 2 * BINS]; 2];
        let mut infinite = 0;
        if let [even, odd] = tables.as_mut_slice() {
            let mut slots = [0_u32; BLOCK];
            for (scores, labels) in self.scores.chunks(BLOCK).zip(self.labels.chunks(BLOCK)) {
                for ((slot, &score), &label) in slots.iter_mut().zip(scores).zip(labels) {
                    *slot = ruler.bin(score) << 1 | u32::from(label != 0);
                    infinite |= u32::from(!score.is_finite());
                }
                let (pairs, rest) = slots[..scores.len()].as_chunks();
                for &[one, other] in pairs {
                    even[one as usize % (2 * BINS)] += 1;
                    odd[other as usize % (2 * BINS)] += 1;
                }
                for &slot in rest {
                    even[slot as usize % (2 * BINS)] += 1;
                }
            }
        }
        Counts { tables, finite: infinite == 0 }
    }
}

impl<S: Score> Division<S::Key> for Overview<'_, S> {
    fn tallies(&self) -> &[Tally] {
        &self.bins
    }

    fn top(&self, bin: usize) -> bool {
        bin >= self.first_high
    }

    fn gather(&self, wanted: &[Stretch]) -> Vec<Vec<S::Key>> {
        let Some((places, lowest, width)) = places(wanted, BINS) else {
            return Vec::new();
        };
        let threads = threads::threads_for(self.scores.len());
        joined(threads::map(threads::parts(self.scores.len(), threads), threads, |part: Range<usize>| {
            let (scores, labels) = (&self.scores[part.clone()], &self.labels[part]);
            let gathered = vec![Vec::new(); wanted.len()];
            widest(Gather { scores, labels, ruler: self.ruler, places: &places, lowest, width, gathered })
        }))
    }
}

struct Gather<'a, S: Score> {
    scores: &'a [S],
    labels: &'a [u8],
    ruler: Ruler,
    places: &'a [u32],
    lowest: u32,
    width: u32,
    gathered: Vec<Vec<S::Key>>,
}

impl<S: Score> Work for Gather<'_, S> {
    type Output = Vec<Vec<S::Key>>;

    #[inline(always)]
    fn run(mut self) -> Vec<Vec<S::Key>> {
        let (ruler, lowest, width) = (self.ruler, self.lowest, self.width);
        let mut inside = [0_u8; BLOCK];
        for (scores, labels) in self.scores.chunks(BLOCK).zip(self.labels.chunks(BLOCK)) {
            inside[scores.len()..].fill(0);
            for (inside, &score) in inside.iter_mut().zip(scores) {
                *inside = u8::from(ruler.bin(score).wrapping_sub(lowest) <= width);
            }
            for (start, eight) in inside.as_chunks().0.iter().enumerate() {
                let mut hits = u64::from_le_bytes(*eight);
                while hits != 0 {
                    let index = 8 * start + hits.trailing_zeros() as usize / 8;
                    hits &= hits - 1;
                    let place = self.places[ruler.bin(scores[index]) as usize];
                    if place != CLOSED {
                        self.gathered[place as usize].push(scores[index].key().pack(labels[index] != 0));
                    }
                }
            }
        }
        self.gathered
    }
}
