//! The few items of a list among which the highest scores are, without a sort.

use crate::keys::Score;
use std::cmp::Reverse;

/// Fewer lanes than this do not fill vector registers.
const FEWEST_LANES: usize = 16;

/// With at most so many lanes, comparing each with all is faster than a selection.
const FEW_LANES: usize = 64;

/// Replaces `found` by the positions, rising, of scores among which the `depth` highest are, with all that tie
/// with the last of these. False, where a sort of the whole list is cheaper.
///
/// The scores are dealt to lanes in turn. The maxima of the lanes are scores themselves, so the `depth`-th
/// highest of them is a lower bound of the `depth`-th highest score. Of random scores less than twice `depth`
/// reach it. None is NaN: the caller has looked for it.
pub(super) fn candidates<S: Score>(
    scores: &[S],
    depth: usize,
    maxima: &mut Vec<S>,
    found: &mut Vec<u32>,
) -> bool {
    let lanes = depth.saturating_add(depth / 4).max(FEWEST_LANES).checked_next_power_of_two();
    let Some(lanes) = lanes.filter(|&lanes| lanes <= scores.len() / 2) else {
        return false;
    };
    maxima.clear();
    maxima.extend_from_slice(&scores[..lanes]);
    for chunk in scores[lanes..].chunks(lanes) {
        for (highest, &score) in maxima.iter_mut().zip(chunk) {
            *highest = if score > *highest { score } else { *highest };
        }
    }
    let bound = nth_highest(maxima, depth);
    found.clear();
    found.resize(scores.len(), 0);
    let mut reached = 0;
    for (position, &score) in (0..).zip(scores) {
        found[reached] = position;
        reached += usize::from(score >= bound);
    }
    found.truncate(reached);
    true
}

/// The `nth` highest of the numbers, from 1.
fn nth_highest<S: Score>(numbers: &mut [S], nth: usize) -> S {
    if numbers.len() > FEW_LANES {
        return *numbers.select_nth_unstable_by_key(nth - 1, |number| Reverse(number.key())).1;
    }
    let reaching = |bound: S| numbers.iter().map(|&number| u32::from(number >= bound)).sum::<u32>() as usize;
    let low_enough = numbers.iter().filter(|&&number| reaching(number) >= nth);
    low_enough
        .fold(None, |highest: Option<S>, &number| match highest {
            Some(highest) if highest >= number => Some(highest),
            _ => Some(number),
        })
        .unwrap_or(numbers[0])
}
