//! Sorting networks for any number of rows: the same comparisons serve all columns of a table.
//!
//! Source: Batcher, Sorting networks and their applications, AFIPS 1968, in the form of Knuth, The Art of Computer
//! Programming 3, algorithm 5.2.2 M.

/// Two rows, of which the first gets the smaller entries.
pub(super) type Exchange = (u32, u32);

/// The comparisons that sort so many rows, in order.
pub(super) fn exchanges(rows: usize) -> Vec<Exchange> {
    let mut found = Vec::new();
    let half = rows.next_power_of_two() / 2;
    let mut merged = half;
    while merged > 0 {
        let (mut step, mut distance, mut residue) = (half, merged, 0);
        loop {
            let pairs = (0..rows.saturating_sub(distance)).filter(|upper| upper & merged == residue);
            found.extend(pairs.map(|upper| (upper as u32, (upper + distance) as u32)));
            if step == merged {
                break;
            }
            (distance, residue) = (step - merged, merged);
            step /= 2;
        }
        merged /= 2;
    }
    found
}

/// Sorts every column, ascending; NaN stays somewhere.
#[inline(always)]
pub(super) fn sort_columns<S: Copy + PartialOrd, const LANES: usize>(
    rows: &mut [[S; LANES]],
    network: &[Exchange],
) {
    for &(upper, lower) in network {
        let (a, b) = (rows[upper as usize], rows[lower as usize]);
        for lane in 0..LANES {
            rows[upper as usize][lane] = if b[lane] < a[lane] { b[lane] } else { a[lane] };
        }
        for lane in 0..LANES {
            rows[lower as usize][lane] = if b[lane] < a[lane] { a[lane] } else { b[lane] };
        }
    }
}

/// [`sort_columns`], and `places` with them.
#[inline(always)]
pub(super) fn sort_columns_with<S: Copy + PartialOrd, const LANES: usize>(
    rows: &mut [[S; LANES]],
    places: &mut [[u32; LANES]],
    network: &[Exchange],
) {
    for &(upper, lower) in network {
        let (upper, lower) = (upper as usize, lower as usize);
        let (a, b) = (rows[upper], rows[lower]);
        let (of_a, of_b) = (places[upper], places[lower]);
        // One loop for each row: compilers keep a loop over several rows narrow.
        let mut changes = [0; LANES];
        for lane in 0..LANES {
            changes[lane] = if b[lane] < a[lane] { u32::MAX } else { 0 };
        }
        for lane in 0..LANES {
            rows[upper][lane] = if b[lane] < a[lane] { b[lane] } else { a[lane] };
        }
        for lane in 0..LANES {
            rows[lower][lane] = if b[lane] < a[lane] { a[lane] } else { b[lane] };
        }
        for lane in 0..LANES {
            changes[lane] &= of_a[lane] ^ of_b[lane];
        }
        for lane in 0..LANES {
            places[upper][lane] = of_a[lane] ^ changes[lane];
        }
        for lane in 0..LANES {
            places[lower][lane] = of_b[lane] ^ changes[lane];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_of_zeros_and_ones_is_sorted() {
        // A network that sorts all zeros and ones sorts everything.
        for rows in 0..=13_usize {
            let network = exchanges(rows);
            for start in (0..1_u32 << rows).step_by(4) {
                let mut table: Vec<[u32; 4]> = (0..rows)
                    .map(|row| std::array::from_fn(|lane| (start + lane as u32) >> row & 1))
                    .collect();
                let before = table.clone();
                let mut places: Vec<[u32; 4]> = (0..rows).map(|row| [row as u32; 4]).collect();
                let mut keys = table.clone();
                sort_columns(&mut table, &network);
                sort_columns_with(&mut keys, &mut places, &network);
                assert_eq!(keys, table);
                for lane in 0..4 {
                    assert!(table.is_sorted_by_key(|row| row[lane]));
                    let sorted = places.iter().map(|row| before[row[lane] as usize][lane]);
                    assert!(sorted.eq(table.iter().map(|row| row[lane])));
                }
            }
        }
    }

    #[test]
    fn many_rows_are_sorted() {
        for rows in [16, 17, 31, 50, 64, 100, 511, 512] {
            let mut table: Vec<[f64; 1]> = (0..rows).map(|row| [f64::from(row * 7919 % 101)]).collect();
            sort_columns(&mut table, &exchanges(rows as usize));
            assert!(table.is_sorted());
        }
    }
}
