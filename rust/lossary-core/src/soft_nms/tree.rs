//! Boxes by place, of which the best is known.

use super::Place;
use crate::platform::{Work, widest};
use std::ops::Range;

/// Elements below a node: one bit of a word for each.
const FAN: usize = 64;

/// Elements that are compared in registers.
const LANES: usize = 4;

/// One for each lane.
const BITS: [u64; LANES] = [1, 2, 4, 8];

/// Doublings from the mean size to that of boxes with tiles of their own, and from there to the next.
const STEP: f64 = 3.0;

/// The score of a box that is gone, and of a node without boxes.
const GONE: f64 = -1.0;

/// Boxes, or the nodes above [`FAN`] elements of a lower level each.
#[derive(Default)]
struct Level {
    left: Vec<f64>,
    top: Vec<f64>,
    right: Vec<f64>,
    bottom: Vec<f64>,
    /// Of the best box.
    score: Vec<f64>,
    /// Which box that is.
    best: Vec<u32>,
}

impl Level {
    fn push(&mut self, [left, top, right, bottom]: [f64; 4], score: f64, best: u32) {
        self.left.push(left);
        self.top.push(top);
        self.right.push(right);
        self.bottom.push(bottom);
        self.score.push(score);
        self.best.push(best);
    }

    /// Makes the number of elements one of whole registers.
    fn pad(&mut self) {
        while !self.score.len().is_multiple_of(LANES) {
            self.push([f64::INFINITY, 0.0, 0.0, 0.0], GONE, 0);
        }
    }

    /// The elements of a node: where they start, and end.
    fn of_node(&self, node: usize) -> Range<usize> {
        node * FAN..self.score.len().min((node + 1) * FAN)
    }
}

/// Which elements share some area with a box, a bit for each.
struct Hits<'a> {
    level: &'a Level,
    node: usize,
    sides: [f64; 4],
}

impl Work for Hits<'_> {
    type Output = u64;

    #[inline(always)]
    fn run(self) -> u64 {
        let (level, [left, top, right, bottom]) = (self.level, self.sides);
        let range = level.of_node(self.node);
        let mut hits = [0; LANES];
        for start in range.clone().step_by(LANES) {
            let (lefts, tops) = (lanes(&level.left, start), lanes(&level.top, start));
            let (rights, bottoms) = (lanes(&level.right, start), lanes(&level.bottom, start));
            for lane in 0..LANES {
                let hit = (lefts[lane] < right)
                    & (left < rights[lane])
                    & (tops[lane] < bottom)
                    & (top < bottoms[lane]);
                hits[lane] |= if hit { BITS[lane] << (start - range.start) } else { 0 };
            }
        }
        hits.iter().fold(0, |all, hits| all | hits)
    }
}

/// The highest score of the elements of a node, and which have it.
struct Highest<'a> {
    level: &'a Level,
    node: usize,
}

impl Work for Highest<'_> {
    type Output = (f64, u64);

    #[inline(always)]
    fn run(self) -> (f64, u64) {
        let range = self.level.of_node(self.node);
        let mut highest = [GONE; LANES];
        for start in range.clone().step_by(LANES) {
            let scores = lanes(&self.level.score, start);
            for lane in 0..LANES {
                highest[lane] = if scores[lane] > highest[lane] { scores[lane] } else { highest[lane] };
            }
        }
        let highest =
            highest.iter().fold(GONE, |highest, &score| if score > highest { score } else { highest });
        let mut equal = [0; LANES];
        for start in range.clone().step_by(LANES) {
            let scores = lanes(&self.level.score, start);
            for lane in 0..LANES {
                equal[lane] |= if scores[lane] == highest { BITS[lane] << (start - range.start) } else { 0 };
            }
        }
        (highest, equal.iter().fold(0, |all, equal| all | equal))
    }
}

#[inline(always)]
fn lanes(numbers: &[f64], start: usize) -> &[f64; LANES] {
    &numbers[start..start + LANES].as_chunks().0[0]
}

/// Positions of the bits of a word.
fn bits(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let next = (word != 0).then(|| word.trailing_zeros() as usize);
        word &= word.wrapping_sub(1);
        next
    })
}

/// The boxes of a group; their levels end in one element.
pub(super) struct Tree {
    /// In the order of the lowest level.
    places: Vec<Place>,
    levels: Vec<Level>,
}

impl Tree {
    pub(super) fn new(places: Vec<Place>) -> Self {
        let places = by_place(places);
        let mut boxes = Level::default();
        for (number, place) in places.iter().enumerate() {
            boxes.push(place.sides, place.score, number as u32);
        }
        boxes.pad();
        let mut tree = Self { places, levels: vec![boxes] };
        let mut count = tree.places.len();
        while count > 1 || tree.levels.len() == 1 {
            let below = &tree.levels[tree.levels.len() - 1];
            let mut above = Level::default();
            for start in (0..count.max(1)).step_by(FAN) {
                let elements = start..count.min(start + FAN);
                let least =
                    |sides: &[f64]| sides[elements.clone()].iter().copied().fold(f64::INFINITY, f64::min);
                let most =
                    |sides: &[f64]| sides[elements.clone()].iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let sides = [least(&below.left), least(&below.top), most(&below.right), most(&below.bottom)];
                above.push(sides, GONE, 0);
            }
            count = above.score.len();
            above.pad();
            tree.levels.push(above);
            for node in 0..count {
                tree.find_best(tree.levels.len() - 1, node);
            }
        }
        tree
    }

    /// The box that is left with the highest score; of equal ones, the first of the input. It goes.
    pub(super) fn take(&mut self) -> Option<Place> {
        let root = &self.levels[self.levels.len() - 1];
        if root.score[0] == GONE {
            return None;
        }
        let number = root.best[0] as usize;
        self.remove(number);
        let mut node = number;
        for level in 1..self.levels.len() {
            node /= FAN;
            self.find_best(level, node);
        }
        Some(self.places[number])
    }

    /// Changes the scores of all boxes that may share some area with this one; None lets a box go.
    pub(super) fn show(&mut self, place: &Place, lowered: &impl Fn(&Place) -> Option<f64>) {
        self.show_node(self.levels.len() - 1, 0, place, lowered);
    }

    /// [`Self::show`] of the boxes below a node; whether its best one changed.
    fn show_node(
        &mut self,
        level: usize,
        node: usize,
        place: &Place,
        lowered: &impl Fn(&Place) -> Option<f64>,
    ) -> bool {
        let (below, best) = (level - 1, self.levels[level].best[node]);
        let mut has_changed = false;
        for bit in bits(widest(Hits { level: &self.levels[below], node, sides: place.sides })) {
            let element = node * FAN + bit;
            let was_best = self.levels[below].best[element] == best;
            let changed = match below {
                0 => self.change(element, lowered(&self.places[element])),
                _ => self.show_node(below, element, place, lowered),
            };
            has_changed |= was_best && changed;
        }
        if has_changed {
            self.find_best(level, node);
        }
        has_changed
    }

    /// Whether the box has another score than before.
    fn change(&mut self, number: usize, score: Option<f64>) -> bool {
        match score {
            None => self.remove(number),
            Some(score) if score == self.places[number].score => return false,
            Some(score) => {
                self.places[number].score = score;
                self.levels[0].score[number] = score;
            }
        }
        true
    }

    fn remove(&mut self, number: usize) {
        self.levels[0].score[number] = GONE;
        self.levels[0].left[number] = f64::INFINITY;
    }

    fn find_best(&mut self, level: usize, node: usize) {
        let (below, above) = self.levels.split_at_mut(level);
        let (below, above) = (&below[level - 1], &mut above[0]);
        let (score, equal) = widest(Highest { level: below, node });
        above.score[node] = score;
        if score == GONE {
            above.left[node] = f64::INFINITY;
            return;
        }
        let candidates = bits(equal).map(|bit| below.best[node * FAN + bit]);
        let first = candidates.min_by_key(|&number| self.places[number as usize].index);
        above.best[node] = first.unwrap_or_default();
    }
}

/// Neighbours beside each other: in tiles of as many boxes as a node has, of columns of about as many tiles. Boxes
/// much larger than most have tiles of their own, for a tile reaches as far as its largest box.
fn by_place(places: Vec<Place>) -> Vec<Place> {
    if places.len() <= FAN {
        return places;
    }
    let size = |place: &Place| (place.sides[2] - place.sides[0]).max(place.sides[3] - place.sides[1]);
    let mean = places.iter().map(|place| size(place) / places.len() as f64).sum::<f64>();
    let rank = |place: &Place| (size(place) / mean).max(1.0).log2().div_euclid(STEP) as i32;
    let middle = |axis: usize, number: u32| {
        let sides = &places[number as usize].sides;
        sides[axis] + sides[axis + 2]
    };
    let mut order: Vec<u32> = (0..places.len() as u32).collect();
    order.sort_by_cached_key(|&number| rank(&places[number as usize]));
    for of_size in order.chunk_by_mut(|&a, &b| rank(&places[a as usize]) == rank(&places[b as usize])) {
        let tiles = of_size.len().div_ceil(FAN);
        let column = FAN * (tiles as f64).sqrt().ceil() as usize;
        of_size.sort_by(|&a, &b| middle(0, a).total_cmp(&middle(0, b)));
        for column in of_size.chunks_mut(column) {
            column.sort_by(|&a, &b| middle(1, a).total_cmp(&middle(1, b)));
        }
    }
    order.into_iter().map(|number| places[number as usize]).collect()
}
