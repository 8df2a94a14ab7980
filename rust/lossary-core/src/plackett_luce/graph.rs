//! Strongly connected components of the graph of who lost to whom.
//!
//! Source: Tarjan, Depth-first search and linear graph algorithms, SIAM Journal on Computing 1, 1972.

use super::rankings::Rankings;

/// Edges per item that are looked at first: mostly they are enough.
const FIRST_LOOK: usize = 32;

/// Of each item the number of its component, or None where there is only one.
///
/// An item lost to the one before it in a list, and along the list to all that come earlier.
pub(super) fn components(rankings: &Rankings) -> Option<Vec<u32>> {
    let lists = rankings.offsets.len() - 1;
    let (mut taken, mut entries) = (0, rankings.count.saturating_mul(FIRST_LOOK));
    loop {
        while taken < lists && rankings.offsets[taken] < entries {
            taken += 1;
        }
        let (numbers, found) = tarjan(&losses(rankings, taken));
        if found <= 1 {
            return None;
        }
        if taken == lists {
            return Some(numbers);
        }
        entries = entries.saturating_mul(8);
    }
}

/// Of each item, those to which it lost.
struct Losses {
    starts: Vec<usize>,
    winners: Vec<u32>,
}

fn losses(rankings: &Rankings, lists: usize) -> Losses {
    let count = rankings.count;
    let pairs =
        || rankings.lists().take(lists).flat_map(|list| list.windows(2).map(|pair| (pair[0], pair[1])));
    let mut starts = vec![0; count + 1];
    for (_, loser) in pairs() {
        starts[loser as usize + 1] += 1;
    }
    for item in 0..count {
        starts[item + 1] += starts[item];
    }
    let (mut next, mut winners) = (starts.clone(), vec![0; starts[count]]);
    for (winner, loser) in pairs() {
        let place = &mut next[loser as usize];
        winners[*place] = winner;
        *place += 1;
    }
    Losses { starts, winners }
}

/// The number of the component of each item, and how many there are. The stack is a vector, so that long chains do
/// not overflow that of the thread.
fn tarjan(losses: &Losses) -> (Vec<u32>, u32) {
    const NONE: u32 = u32::MAX;
    let count = losses.starts.len() - 1;
    let (mut component, mut visit, mut low) = (vec![NONE; count], vec![NONE; count], vec![NONE; count]);
    let mut next = losses.starts.clone();
    let (mut open, mut path) = (Vec::new(), Vec::new());
    let (mut visited, mut found) = (0, 0);
    for root in 0..count {
        if visit[root] != NONE {
            continue;
        }
        path.push(root);
        while let Some(&item) = path.last() {
            if visit[item] == NONE {
                (visit[item], low[item]) = (visited, visited);
                visited += 1;
                open.push(item);
            }
            if next[item] < losses.starts[item + 1] {
                let winner = losses.winners[next[item]] as usize;
                next[item] += 1;
                if visit[winner] == NONE {
                    path.push(winner);
                } else if component[winner] == NONE {
                    low[item] = low[item].min(visit[winner]);
                }
                continue;
            }
            path.pop();
            if let Some(&parent) = path.last() {
                low[parent] = low[parent].min(low[item]);
            }
            if low[item] == visit[item] {
                while let Some(member) = open.pop() {
                    component[member] = found;
                    if member == item {
                        break;
                    }
                }
                found += 1;
            }
        }
    }
    (component, found)
}
