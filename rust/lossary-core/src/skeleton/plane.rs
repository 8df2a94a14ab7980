//! Thinning in the plane, after Zhang and Suen, A fast parallel algorithm for thinning digital patterns,
//! Communications of the ACM 27, 1984.
//!
//! Two passes alternate until neither removes a pixel. Each looks at all pixels as they are when it begins and
//! removes those whose eight neighbours allow it; the second one is the first turned by half a turn. Two
//! pixels wide squares and diagonals vanish under the conditions of the paper, and corners of lines stay where
//! a diagonal step would do. So line ends and corners have rules of their own: those that scikit-image's
//! `skeletonize` follows, as found by observing which pixels it removes from small masks.

/// Neighbours of a pixel, clockwise.
const N: u8 = 1;
const NE: u8 = 1 << 1;
const E: u8 = 1 << 2;
const SE: u8 = 1 << 3;
const S: u8 = 1 << 4;
const W: u8 = 1 << 6;
const NW: u8 = 1 << 7;

/// The four neighbours that share a corner only.
const DIAGONALS: u8 = 0b1010_1010;

/// For each set of neighbours: bit 0, whether the first pass removes the pixel between; bit 1, the second.
static REMOVED: [u8; 256] = removed();

const fn removed() -> [u8; 256] {
    let mut table = [0; 256];
    let mut around = 0;
    while around < 256 {
        table[around] = first_pass(around as u8) as u8 | (second_pass(around as u8) as u8) << 1;
        around += 1;
    }
    table
}

const fn first_pass(around: u8) -> bool {
    let runs = (around & !around.rotate_left(1)).count_ones();
    let count = around.count_ones();
    if runs != 1 || count < 2 || count > 6 {
        return bend(around);
    }
    if count == 2 {
        // The end of a line, where the next two pixels touch.
        return around == N | NE || around == NE | E || around == N | NW;
    }
    if count == 3 && (around & DIAGONALS).count_ones() == 1 {
        // A corner of a square of four: the upper two stay.
        return around & N != 0;
    }
    // Of Zhang and Suen: on the border in the south or east, or in the corner of the north and west.
    (around & (N | E | S)) != N | E | S && (around & (E | S | W)) != E | S | W
}

/// The corner of a line, whose neighbours on both sides share a corner: a diagonal step does without it. Lines
/// may come in diagonally beside the two.
const fn bend(around: u8) -> bool {
    let mut turn = 0;
    while turn < 8 {
        let ends = (N | E).rotate_left(turn);
        let beside = (SE | NW).rotate_left(turn);
        if around & !beside == ends {
            return ends == N | W || around & beside & !NW == 0;
        }
        turn += 2;
    }
    false
}

const fn second_pass(around: u8) -> bool {
    if around == S | SE || around == NE | E | S {
        return false;
    }
    around == E | SE || first_pass(around.rotate_left(4))
}

/// One mask at a time, in a frame of background.
pub(super) struct Plane {
    height: usize,
    width: usize,
    inside: Vec<u8>,
    /// The neighbours of each pixel of the mask, 0 for those of the background.
    around: Vec<u8>,
    /// Steps to the neighbours, clockwise from north.
    steps: [usize; 8],
    removed: Vec<u32>,
    /// Pixels that may be removed, as their neighbours changed in the last pass, and in the one before.
    recent: Vec<u32>,
    older: Vec<u32>,
}

impl Plane {
    pub(super) fn new(height: usize, width: usize) -> Self {
        let stride = width + 2;
        let up = stride.wrapping_neg();
        let steps =
            [up, up + 1, 1, stride + 1, stride, stride - 1, 1_usize.wrapping_neg(), up.wrapping_sub(1)];
        Self {
            height,
            width,
            inside: vec![0; stride * (height + 2)],
            around: vec![0; stride * (height + 2)],
            steps,
            removed: Vec::new(),
            recent: Vec::new(),
            older: Vec::new(),
        }
    }

    pub(super) fn thin(&mut self, mask: &[u8], skeleton: &mut [bool]) {
        self.load(mask);
        self.start();
        let mut pass = 0;
        while !(self.recent.is_empty() && self.older.is_empty()) {
            self.remove(1 << pass);
            pass ^= 1;
        }
        let stride = self.width + 2;
        let rows = self.inside[stride..].chunks_exact(stride);
        for (kept, row) in skeleton.chunks_exact_mut(self.width).zip(rows) {
            kept.iter_mut().zip(&row[1..]).for_each(|(kept, &inside)| *kept = inside != 0);
        }
    }

    fn load(&mut self, mask: &[u8]) {
        let (stride, width) = (self.width + 2, self.width);
        let rows = self.inside[stride..].chunks_exact_mut(stride);
        for (row, given) in rows.zip(mask.chunks_exact(width)) {
            row[1..].iter_mut().zip(given).for_each(|(inside, &given)| *inside = u8::from(given != 0));
        }
        for y in 0..self.height {
            let at = |row: usize, column: usize| &self.inside[(y + row) * stride + column..][..width];
            let (north_west, north, north_east) = (at(0, 0), at(0, 1), at(0, 2));
            let (west, middle, east) = (at(1, 0), at(1, 1), at(1, 2));
            let (south_west, south, south_east) = (at(2, 0), at(2, 1), at(2, 2));
            let around = &mut self.around[(y + 1) * stride + 1..][..width];
            for x in 0..width {
                let neighbours = north[x]
                    | north_east[x] << 1
                    | east[x] << 2
                    | south_east[x] << 3
                    | south[x] << 4
                    | south_west[x] << 5
                    | west[x] << 6
                    | north_west[x] << 7;
                around[x] = neighbours & middle[x].wrapping_neg();
            }
        }
    }

    /// Lists the pixels that a pass may remove.
    fn start(&mut self) {
        const WORD: usize = 8;
        self.recent.clear();
        self.older.clear();
        for (word, around) in self.around.chunks(WORD).enumerate() {
            // Most words are background or deep inside.
            if around == [0; WORD] || around == [u8::MAX; WORD] {
                continue;
            }
            for (offset, &neighbours) in around.iter().enumerate() {
                if REMOVED[usize::from(neighbours)] != 0 {
                    self.recent.push((word * WORD + offset) as u32);
                }
            }
        }
    }

    /// One pass. A pixel whose neighbours are those of two passes ago stays as it stayed then.
    fn remove(&mut self, pass: u8) {
        self.removed.clear();
        for &pixel in self.older.iter().chain(&self.recent) {
            if REMOVED[usize::from(self.around[pixel as usize])] & pass != 0 {
                self.removed.push(pixel);
            }
        }
        self.older.clear();
        std::mem::swap(&mut self.older, &mut self.recent);
        self.removed.retain(|&pixel| {
            let pixel = pixel as usize;
            let first = self.inside[pixel] != 0; // both lists may have it
            if first {
                self.inside[pixel] = 0;
                self.around[pixel] = 0;
                for (direction, step) in self.steps.iter().enumerate() {
                    self.around[pixel.wrapping_add(*step)] &= !(1_u8 << (direction ^ 4));
                }
            }
            first
        });
        for &pixel in &self.removed {
            for step in self.steps {
                let neighbour = (pixel as usize).wrapping_add(step);
                if REMOVED[usize::from(self.around[neighbour])] != 0 {
                    self.recent.push(neighbour as u32);
                }
            }
        }
    }
}
