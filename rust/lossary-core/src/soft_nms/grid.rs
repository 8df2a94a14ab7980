//! Which selected boxes are near a box.

use super::Place;

/// Cells of a side at most.
const MOST: f64 = 256.0;

/// A box over more cells than this is not entered in them: it is near all.
const MANY: usize = 64;

/// Cells about as large as the boxes, with the selected boxes that cover them, by number.
pub(super) struct Grid {
    origin: [f64; 2],
    /// Cells per unit of length, and of a side.
    scale: [f64; 2],
    cells: [usize; 2],
    lists: Vec<Vec<u32>>,
    large: Vec<u32>,
}

impl Grid {
    pub(super) fn new(places: &[Place]) -> Self {
        let (mut lowest, mut highest) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        let mut sizes = [0.0; 2];
        for place in places {
            for axis in 0..2 {
                let (from, to) = (place.sides[axis], place.sides[axis + 2]);
                lowest[axis] = lowest[axis].min(from);
                highest[axis] = highest[axis].max(to);
                sizes[axis] += (to - from) / places.len() as f64;
            }
        }
        let (mut scale, mut cells) = ([0.0; 2], [1; 2]);
        for axis in 0..2 {
            let extent = highest[axis] - lowest[axis];
            let count = (extent / sizes[axis]).floor().clamp(1.0, MOST);
            // One cell where boxes have no size, or there are none.
            if count > 1.0 && (count / extent).is_finite() {
                (scale[axis], cells[axis]) = (count / extent, count as usize);
            }
        }
        let lists = vec![Vec::new(); cells[0] * cells[1]];
        Self { origin: lowest, scale, cells, lists, large: Vec::new() }
    }

    /// The first and the last cell of a box along an axis: overlapping boxes share one.
    fn range(&self, place: &Place, axis: usize) -> (usize, usize) {
        let cell = |x: f64| (((x - self.origin[axis]) * self.scale[axis]) as usize).min(self.cells[axis] - 1);
        (cell(place.sides[axis]), cell(place.sides[axis + 2]))
    }

    /// The lists of the cells of a box; None for too many.
    fn covered(&self, place: &Place) -> Option<impl Iterator<Item = usize> + use<>> {
        let ((left, right), (top, bottom)) = (self.range(place, 0), self.range(place, 1));
        let width = self.cells[0];
        ((right - left + 1) * (bottom - top + 1) <= MANY).then(|| {
            (top..=bottom).flat_map(move |row| (left..=right).map(move |column| row * width + column))
        })
    }

    /// Enters a selected box under its number, the highest so far.
    pub(super) fn enter(&mut self, place: &Place, number: u32) {
        match self.covered(place) {
            None => self.large.push(number),
            Some(cells) => {
                for cell in cells {
                    self.lists[cell].push(number);
                }
            }
        }
    }

    /// The numbers, ascending, of selected boxes that may overlap a box, and that it has not seen.
    pub(super) fn near(&self, place: &Place, selected: u32, near: &mut Vec<u32>) {
        near.clear();
        let Some(cells) = self.covered(place) else {
            near.extend(place.seen..selected);
            return;
        };
        let lists = cells.map(|cell| &self.lists[cell]);
        for list in lists.chain([&self.large]) {
            near.extend(list.iter().rev().take_while(|&&number| number >= place.seen));
        }
        near.sort_unstable();
        near.dedup();
    }
}
