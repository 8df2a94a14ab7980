//! The few items of a list among which the highest scores are, without a sort.

use crate::keys::Score;

/// Fewer lanes than this do not fill vector registers.
const FEWEST_LANES: usize = 16;

/// Replaces `found` by the positions, rising, of scores among which the `depth` highest are, with all that tie
/// with the last of these. False when that would be most of them: then `found` is empty.
///
/// The scores are dealt to lanes in turn. The maxima of the lanes are scores themselves, so the `depth`-th
/// highest of them is a lower bound of the `depth`-th highest score. Of random scores about `1.2 * depth` reach
/// it. NaN is never above a maximum: the caller has looked for it.
pub(super) fn candidates<S: Score>(
    scores: &[S],
    depth: usize,
    maxima: &mut Vec<S>,
    found: &mut Vec<u32>,
) -> bool {
    found.clear();
    let lanes = (depth.saturating_mul(2)).next_power_of_two().max(FEWEST_LANES);
    if lanes.saturating_mul(2) > scores.len() {
        return false;
    }
    maxima.clear();
    maxima.extend_from_slice(&scores[..lanes]);
    for chunk in scores[lanes..].chunks(lanes) {
        for (highest, &score) in maxima.iter_mut().zip(chunk) {
            *highest = if score > *highest { score } else { *highest };
        }
    }
    let (_, &mut bound, _) =
        maxima.select_nth_unstable_by_key(depth - 1, |score| std::cmp::Reverse(score.key()));
    found.resize(scores.len(), 0);
    let mut reached = 0;
    for (position, &score) in scores.iter().enumerate() {
        found[reached] = position as u32;
        reached += usize::from(score >= bound);
    }
    found.truncate(reached);
    true
}
