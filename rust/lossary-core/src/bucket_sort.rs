//! Sorts one bucket in cache: a counting pass by key, then insertion within neighbourhoods.
//!
//! With about one bin per entry, most entries land in their place or next to it. Where ties or an odd density
//! crowd a bin, the standard sort takes over, which is fast on few distinct values.

use crate::keys::Key;
use crate::ranking::Entry;

/// Below, the standard sort is faster; above, the tables leave the cache.
const COUNTED: std::ops::Range<usize> = 128..1 << 16;

/// More entries in one bin make insertion slow.
const CROWD: u32 = 64;

/// Sorts the entries of a bucket.
pub(crate) fn sort_bucket<E: Entry>(entries: &mut [E]) {
    if !COUNTED.contains(&entries.len()) || !sort_by_counting(entries) {
        entries.sort_unstable();
    }
}

/// Leaves the entries as they are and returns false when a bin is crowded.
fn sort_by_counting<E: Entry>(entries: &mut [E]) -> bool {
    let Some(&first) = entries.first() else {
        return true;
    };
    let (mut min, mut max) = (first.packed(), first.packed());
    for entry in entries.iter() {
        min = min.min(entry.packed());
        max = max.max(entry.packed());
    }
    let bins = entries.len().next_power_of_two();
    let width = E::Key::BITS - 1;
    let fits = |&shift: &u32| max.bin(shift) - min.bin(shift) < bins as u64;
    let shift = (0..width).find(fits).unwrap_or(width);
    let lowest = min.bin(shift);
    // The mask changes nothing; it tells the compiler that the index is inside the table.
    let bin = |entry: &E| (entry.packed().bin(shift) - lowest) as usize & (bins - 1);

    let mut starts = vec![0_u32; bins];
    for entry in entries.iter() {
        starts[bin(entry)] += 1;
    }
    let (mut start, mut most) = (0, 0);
    for slot in &mut starts {
        let count = std::mem::replace(slot, start);
        start += count;
        most = most.max(count);
    }
    if most > CROWD {
        return false;
    }
    let mut sorted = vec![E::default(); entries.len()];
    for entry in entries.iter() {
        let next = &mut starts[bin(entry)];
        sorted[*next as usize] = *entry;
        *next += 1;
    }
    for place in 1..sorted.len() {
        let entry = sorted[place];
        let mut hole = place;
        while hole > 0 && sorted[hole - 1] > entry {
            sorted[hole] = sorted[hole - 1];
            hole -= 1;
        }
        sorted[hole] = entry;
    }
    entries.copy_from_slice(&sorted);
    true
}
