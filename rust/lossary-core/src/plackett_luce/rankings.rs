//! Rankings as lists of items, checked once.

use super::blocks;
use super::error::RankingsError;
use crate::platform;
use std::ops::Range;

/// Items beyond it would not fit in memory with all that a fit keeps of each.
pub const MOST_ITEMS: usize = 1 << 26;

/// Entries of the lists that make one job.
const BLOCK: usize = 1 << 17;

/// Lists of distinct items, best first.
#[derive(Debug, Clone, PartialEq)]
pub struct Rankings {
    /// All lists, one after the other.
    pub(super) items: Vec<u32>,
    /// List `l` lies from `offsets[l]` up to `offsets[l + 1]`; there is one more than lists.
    pub(super) offsets: Vec<usize>,
    /// How many items there are.
    pub(super) count: usize,
}

impl Rankings {
    /// Reads lists of integers below `count`; -1 at the end of a list is padding.
    ///
    /// # Errors
    /// [`RankingsError`]: offsets that do not fit, an item outside the range, one that comes twice in a list, or an
    /// item after padding.
    ///
    /// ```
    /// use lossary_core::plackett_luce::Rankings;
    /// let rankings = Rankings::new(&[2, 0, -1, 1, -1], &[0, 3, 5, 5], 3)?;
    /// assert_eq!(rankings.lists().collect::<Vec<_>>(), [&[2, 0][..], &[1], &[]]);
    /// # Ok::<(), lossary_core::plackett_luce::RankingsError>(())
    /// ```
    pub fn new(entries: &[i64], offsets: &[usize], count: usize) -> Result<Self, RankingsError> {
        if count > MOST_ITEMS {
            return Err(RankingsError::TooManyItems { items: count });
        }
        if offsets.first() != Some(&0) || offsets.last() != Some(&entries.len()) || !offsets.is_sorted() {
            return Err(RankingsError::BadOffsets);
        }
        let mut seen = vec![usize::MAX; count];
        let mut items = platform::zeros(entries.len());
        let (mut ends, mut end) = (Vec::with_capacity(offsets.len()), 0);
        ends.push(0);
        for (row, bounds) in offsets.windows(2).enumerate() {
            let list = &entries[bounds[0]..bounds[1]];
            let length = list.iter().position(|&value| value == -1).unwrap_or(list.len());
            let (listed, padding) = list.split_at(length);
            if padding.iter().any(|&value| value != -1) {
                return Err(RankingsError::Gap { row });
            }
            for (&value, slot) in listed.iter().zip(&mut items[end..end + length]) {
                let place = usize::try_from(value).ok().and_then(|item| seen.get_mut(item));
                let Some(place) = place else {
                    return Err(RankingsError::OutOfRange { row, value });
                };
                if std::mem::replace(place, row) == row {
                    return Err(RankingsError::Repeated { row, value });
                }
                *slot = value as u32;
            }
            end += length;
            ends.push(end);
        }
        items.truncate(end);
        Ok(Self { items, offsets: ends, count })
    }

    /// The lists, in order.
    pub fn lists(&self) -> impl Iterator<Item = &[u32]> {
        self.offsets.windows(2).map(|ends| &self.items[ends[0]..ends[1]])
    }
}

/// What a fit is made from: lists of two items or more, each with a weight above 0.
#[derive(Debug)]
pub(super) struct Choices {
    pub rankings: Rankings,
    /// None where all are 1.
    pub weights: Option<Vec<f64>>,
    /// How many items there are.
    pub count: usize,
    /// Of each item, the weight of the choices that it won.
    pub wins: Vec<f64>,
}

impl Choices {
    /// Keeps what tells something; `weights` are finite and not negative, one for each list.
    pub fn new(rankings: Rankings, weights: Option<&[f64]>) -> Self {
        let count = rankings.count;
        let weight_of = |list: usize| weights.map_or(1.0, |weights| weights[list]);
        let all = rankings.lists().enumerate().all(|(list, items)| items.len() > 1 && weight_of(list) > 0.0);
        let (rankings, weights) = if all {
            (rankings, weights.map(<[f64]>::to_vec))
        } else {
            let mut kept = Rankings { items: Vec::new(), offsets: vec![0], count };
            let mut kept_weights = Vec::new();
            for (list, items) in rankings.lists().enumerate() {
                if items.len() > 1 && weight_of(list) > 0.0 {
                    kept.items.extend(items);
                    kept.offsets.push(kept.items.len());
                    kept_weights.push(weight_of(list));
                }
            }
            (kept, weights.map(|_| kept_weights))
        };
        let mut wins = vec![0.0; count];
        for (list, items) in rankings.lists().enumerate() {
            let weight = weights.as_ref().map_or(1.0, |weights| weights[list]);
            for &item in items.split_last().map_or(&[][..], |(_, winners)| winners) {
                wins[item as usize] += weight;
            }
        }
        Self { rankings, weights, count, wins }
    }

    pub fn weight(&self, list: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[list])
    }

    pub fn is_empty(&self) -> bool {
        self.rankings.items.is_empty()
    }

    /// Ranges of lists that are worth a vector of their own with one number per item.
    pub fn blocks(&self) -> Vec<Range<usize>> {
        blocks(&self.rankings.offsets, BLOCK.max(8 * self.count))
    }
}
