//! Thinning in space, after Lee, Kashyap and Chu, Building skeleton models via 3-D medial surface/axis thinning
//! algorithms, CVGIP: Graphical Models and Image Processing 56, 1994.
//!
//! Passes take voxels off the border from one of six directions each, in turn, until none removes a voxel. A
//! pass first finds all voxels that may go: simple ones that are no line ends. It then removes them one by one
//! in the order of the array, and those that are no longer simple stay. A voxel is simple if its removal
//! changes neither the Euler characteristic of its neighbourhood nor the number of parts of its neighbours; so
//! no removal changes the topology of the mask.

/// Numbers of a voxel and its 26 neighbours as bits: 9 z + 3 y + x with coordinates 0 to 2.
const CENTRE: u32 = 1 << 13;

/// For each side, edge or corner of a voxel: the other voxels that have it too.
static SIDES: [u32; 6] = shared(1);
static EDGES: [u32; 12] = shared(2);
static CORNERS: [u32; 8] = shared(3);

/// The neighbours that share the part of a voxel towards an offset, for all offsets along so many axes.
const fn shared<const PARTS: usize>(axes: u32) -> [u32; PARTS] {
    let mut parts = [0; PARTS];
    let (mut towards, mut part) = (0_u32, 0);
    while towards < 27 {
        let offset = [towards / 9, towards / 3 % 3, towards % 3];
        if (offset[0] != 1) as u32 + (offset[1] != 1) as u32 + (offset[2] != 1) as u32 == axes {
            let mut other = 0_u32;
            while other < 27 {
                let at = [other / 9, other / 3 % 3, other % 3];
                if (at[0] == 1 || at[0] == offset[0])
                    && (at[1] == 1 || at[1] == offset[1])
                    && (at[2] == 1 || at[2] == offset[2])
                {
                    parts[part] |= (1 << other) & !CENTRE;
                }
                other += 1;
            }
            part += 1;
        }
        towards += 1;
    }
    parts
}

/// Whether the voxel between these neighbours can go without a change of topology.
fn simple(around: u32) -> bool {
    // With the voxel go those of its parts that no other voxel has.
    let alone = |parts: &[u32]| parts.iter().map(|part| u32::from(around & part == 0)).sum::<u32>();
    alone(&SIDES) + alone(&CORNERS) == alone(&EDGES) + 1 && connected(around)
}

/// Whether neighbours are one part.
fn connected(around: u32) -> bool {
    // The first of three in a row, in x and in y.
    const LEFT: u32 = 0o111_111_111;
    const UPPER: u32 = 0o007_007_007;
    let mut part = around & around.wrapping_neg();
    loop {
        let mut grown = part | (part & !(LEFT << 2)) << 1 | (part & !LEFT) >> 1;
        grown |= (grown & !(UPPER << 6)) << 3 | (grown & !UPPER) >> 3;
        grown |= grown << 9 | grown >> 9;
        grown &= around;
        if grown == around || grown == part {
            return grown == around;
        }
        part = grown;
    }
}

/// What [`simple`] said of some neighbours: most voxels of a smooth border have one of few kinds.
struct Answers(Vec<u32>);

impl Answers {
    const BITS: u32 = 12;

    fn new() -> Self {
        // No neighbours, and the answer that the voxel cannot go.
        Self(vec![0; 1 << Self::BITS])
    }

    #[inline(always)]
    fn simple(&mut self, around: u32) -> bool {
        let place = around.wrapping_mul(0x9e37_79b1) >> (u32::BITS - Self::BITS);
        let answer = &mut self.0[place as usize];
        // The bit of the centre, which is none of the neighbours, keeps the answer.
        if *answer & !CENTRE != around {
            *answer = if simple(around) { around | CENTRE } else { around };
        }
        *answer & CENTRE != 0
    }
}

const INSIDE: u8 = 1;
/// The voxel is simple, no line end, and on the border.
const READY: u8 = 1 << 1;
/// The voxel is in the list of those that are ready, or were.
const LISTED: u8 = 1 << 2;
/// A neighbour has gone in this pass.
const TOUCHED: u8 = 1 << 3;
/// The lowest bit of each of three states.
const EACH: u32 = 0x01_01_01;

/// One mask at a time, in a frame of background.
pub(super) struct Volume {
    height: usize,
    width: usize,
    /// Steps to the neighbours in the order of their bits, the voxel itself among them.
    steps: [usize; 27],
    /// The neighbours that are not all inside where a voxel is on the border.
    sides: u32,
    /// Steps to the neighbours from whose direction the passes come, in turn.
    directions: Vec<usize>,
    answers: Answers,
    state: Vec<u8>,
    listed: Vec<u32>,
    removable: Vec<u32>,
    touched: Vec<u32>,
}

impl Volume {
    pub(super) fn new(depth: usize, height: usize, width: usize) -> Self {
        let stride = width + 2;
        let plane = stride * (height + 2);
        let steps: [usize; 27] = std::array::from_fn(|bit| {
            let centred = |coordinate: usize, step: usize| (coordinate * step).wrapping_sub(step);
            centred(bit / 9, plane)
                .wrapping_add(centred(bit / 3 % 3, stride))
                .wrapping_add(centred(bit % 3, 1))
        });
        let mut directions = vec![stride.wrapping_neg(), stride, 1, 1_usize.wrapping_neg()];
        if depth > 1 {
            directions.extend([plane, plane.wrapping_neg()]);
        }
        let is_side = |bit: &usize| directions.contains(&steps[*bit]);
        let sides = (0..27).filter(is_side).map(|bit| 1 << bit).sum();
        Self {
            height,
            width,
            steps,
            sides,
            directions,
            answers: Answers::new(),
            // One more, as rows of neighbours are read four at a time.
            state: vec![0; plane * (depth + 2) + 1],
            listed: Vec::new(),
            removable: Vec::new(),
            touched: Vec::new(),
        }
    }

    pub(super) fn thin(&mut self, mask: &[u8], skeleton: &mut [bool]) {
        let rows = mask.chunks_exact(self.width).enumerate();
        for (row, given) in rows {
            let start = self.row(row);
            let kept = self.state[start..].iter_mut();
            kept.zip(given).for_each(|(state, &given)| *state = if given == 0 { 0 } else { INSIDE });
        }
        self.listed.clear();
        for row in 0..mask.len() / self.width {
            let start = self.row(row);
            (start..start + self.width).for_each(|voxel| self.judge(voxel));
        }
        // Every voxel in the list can go, or leaves the list, when its direction comes.
        for turn in (0..self.directions.len()).cycle() {
            if self.listed.is_empty() {
                break;
            }
            self.remove(self.directions[turn]);
        }
        for (row, kept) in skeleton.chunks_exact_mut(self.width).enumerate() {
            let start = self.row(row);
            kept.iter_mut().zip(&self.state[start..]).for_each(|(kept, state)| *kept = state & INSIDE != 0);
        }
    }

    /// The place of the first voxel of a row of the mask.
    fn row(&self, row: usize) -> usize {
        let (z, y) = (row / self.height + 1, row % self.height + 1);
        (z * (self.height + 2) + y) * (self.width + 2) + 1
    }

    /// Whether a voxel of the mask may go.
    fn ready(&mut self, voxel: usize) -> bool {
        let around = self.around(voxel);
        around & self.sides != self.sides && around.count_ones() != 1 && self.answers.simple(around)
    }

    /// Marks and lists a voxel that may go.
    fn judge(&mut self, voxel: usize) {
        let state = self.state[voxel] & !(READY | TOUCHED);
        self.state[voxel] = state;
        if state & INSIDE != 0 && self.ready(voxel) {
            self.state[voxel] = state | READY | LISTED;
            if state & LISTED == 0 {
                self.listed.push(voxel as u32);
            }
        }
    }

    /// The neighbours that belong to the mask.
    #[inline(always)]
    fn around(&self, voxel: usize) -> u32 {
        let mut around = 0;
        for row in 0..9 {
            let start = voxel.wrapping_add(self.steps[3 * row]);
            // One bit of each of three bytes, side by side.
            let inside = self.row_of_three(start) & EACH;
            around |= (inside.wrapping_mul(1 << 16 | 1 << 9 | 1 << 2) >> 16 & 7) << (3 * row);
        }
        around & !CENTRE
    }

    #[inline(always)]
    fn row_of_three(&self, start: usize) -> u32 {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(&self.state[start..start + 4]);
        u32::from_le_bytes(bytes)
    }

    /// One pass from the direction of a step.
    fn remove(&mut self, step: usize) {
        self.removable.clear();
        self.listed.retain(|&voxel| {
            let state = &mut self.state[voxel as usize];
            let ready = *state & READY != 0;
            if !ready {
                *state &= !LISTED;
            } else if self.state[(voxel as usize).wrapping_add(step)] & INSIDE == 0 {
                self.removable.push(voxel);
            }
            ready
        });
        self.removable.sort_unstable();
        for index in 0..self.removable.len() {
            let voxel = self.removable[index] as usize;
            if self.state[voxel] & TOUCHED != 0 {
                let around = self.around(voxel);
                if !self.answers.simple(around) {
                    continue;
                }
            }
            self.state[voxel] = 0;
            for row in 0..9 {
                let start = voxel.wrapping_add(self.steps[3 * row]);
                let states = self.row_of_three(start);
                let mut untouched = states & !(states >> 3) & EACH;
                while untouched != 0 {
                    let neighbour = start + untouched.trailing_zeros() as usize / 8;
                    untouched &= untouched - 1;
                    self.state[neighbour] |= TOUCHED;
                    self.touched.push(neighbour as u32);
                }
            }
        }
        while let Some(voxel) = self.touched.pop() {
            self.judge(voxel as usize);
        }
    }
}
