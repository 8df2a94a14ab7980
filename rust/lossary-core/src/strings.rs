//! Codes of strings in rows of equal width, as NumPy stores them: code points, zeros behind the end.
//!
//! A small table remembers which class was last found under a quick hash; its rows are compared in full, so that
//! codes are exact. Only rows that it misses are looked up by a keyed hash, which no input can be made to defeat.

use crate::platform::{self, Work};
use crate::random::Random;
use crate::threads;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

/// Rows that tell most classes, before threads begin.
const FIRST: usize = 1 << 10;

/// Rows that are widened at a time.
const BLOCK: usize = 1 << 9;

/// Places of the quick table, as a power of two.
const BITS: u32 = 14;

/// Spreads sums over the upper bits: 2^64 divided by the golden ratio.
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Why strings have no codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StringsError {
    /// The words are no whole number of rows, or rows have no width.
    Ragged {
        /// Number of words.
        words: usize,
        /// Words of a row.
        width: usize,
    },
    /// 2^32 distinct strings or more.
    TooMany,
}

impl fmt::Display for StringsError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ragged { words, width } => {
                write!(out, "strings: got {words} code points; wanted a multiple of the width, {width}")
            }
            Self::TooMany => write!(out, "strings: got 2^32 distinct ones or more; wanted fewer"),
        }
    }
}

impl std::error::Error for StringsError {}

/// Strings of at most `width` code points each.
#[derive(Debug, Clone, Copy)]
pub struct Strings<'a> {
    words: &'a [u32],
    width: usize,
}

impl<'a> Strings<'a> {
    /// Strings of so many words each.
    ///
    /// # Errors
    /// [`StringsError::Ragged`].
    pub fn new(words: &'a [u32], width: usize) -> Result<Self, StringsError> {
        if words.len().checked_rem(width) == Some(0) {
            Ok(Self { words, width })
        } else {
            Err(StringsError::Ragged { words: words.len(), width })
        }
    }

    fn len(self) -> usize {
        self.words.len() / self.width
    }

    fn rows(self, rows: Range<usize>) -> Self {
        Self { words: &self.words[rows.start * self.width..rows.end * self.width], width: self.width }
    }
}

/// Two arrays of strings, each string replaced by the number of its class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coded {
    /// The distinct strings of both arrays, in no particular order, each in `width` words.
    pub classes: Vec<u32>,
    /// The larger of the two widths.
    pub width: usize,
    /// For each string of the first array its place among the classes.
    pub first: Vec<u32>,
    /// The same for the second.
    pub second: Vec<u32>,
}

/// Numbers the distinct strings of two arrays; trailing zeros do not count.
///
/// O(n * width) time on average, for any input.
///
/// # Errors
/// [`StringsError::TooMany`].
///
/// ```
/// use lossary_core::strings::{Strings, string_codes};
/// let (first, second) = ([u32::from('b'), u32::from('a'), u32::from('b')], [u32::from('a'), 0]);
/// let coded = string_codes(Strings::new(&first, 1)?, Strings::new(&second, 2)?)?;
/// assert_eq!((coded.first, coded.second), (vec![0, 1, 0], vec![1]));
/// assert_eq!(coded.classes, [u32::from('b'), 0, u32::from('a'), 0]);
/// # Ok::<(), lossary_core::strings::StringsError>(())
/// ```
pub fn string_codes(first: Strings<'_>, second: Strings<'_>) -> Result<Coded, StringsError> {
    let width = first.width.max(second.width);
    let mut known = Encoder::new(width);
    for strings in [first, second] {
        let head = strings.rows(0..strings.len().min(FIRST));
        known.encode(head, &mut vec![0; head.len()])?;
    }
    let (mut first_codes, mut second_codes) = (platform::zeros(first.len()), platform::zeros(second.len()));
    let threads = threads::threads_for(first.len().max(second.len()));
    let jobs: Vec<_> =
        cut(first, &mut first_codes, threads).zip(cut(second, &mut second_codes, threads)).collect();
    let parts = threads::map(jobs, threads, |(first, second)| {
        let mut encoder = known.clone();
        encoder.encode(first.0, first.1)?;
        encoder.encode(second.0, second.1)?;
        Ok((encoder, first.1, second.1))
    });
    // Classes that a thread found for itself get the numbers that all agree on.
    let old = known.count();
    for part in parts {
        let (encoder, first, second) = part?;
        if encoder.count() == old {
            continue;
        }
        if known.count() == old {
            known = encoder;
            continue;
        }
        let mut numbers: Vec<u32> = (0..old as u32).collect();
        for class in encoder.classes.chunks_exact(width).skip(old) {
            numbers.push(known.look_up(class)?);
        }
        first.iter_mut().chain(second).for_each(|code| *code = numbers[*code as usize]);
    }
    Ok(Coded { classes: known.classes, width, first: first_codes, second: second_codes })
}

/// As many parts as threads, each with its codes.
fn cut<'a, 'c>(
    strings: Strings<'a>,
    mut codes: &'c mut [u32],
    threads: usize,
) -> impl Iterator<Item = (Strings<'a>, &'c mut [u32])> {
    let (length, count) = (strings.len().div_ceil(threads), strings.len());
    (0..threads).map(move |part| {
        let (start, end) = ((part * length).min(count), ((part + 1) * length).min(count));
        let (own, rest) = std::mem::take(&mut codes).split_at_mut(end - start);
        codes = rest;
        (strings.rows(start..end), own)
    })
}

/// The classes found so far.
#[derive(Clone)]
struct Encoder {
    width: usize,
    /// One row after the other.
    classes: Vec<u32>,
    /// By string without its trailing zeros.
    numbers: HashMap<Box<[u32]>, u32>,
    /// The class that was last found under each quick hash.
    recent: Vec<u32>,
    factors: Vec<u32>,
}

impl Encoder {
    fn new(width: usize) -> Self {
        let mut random = Random::stream(0, 0);
        let factors = (0..width).map(|_| random.word() as u32).collect();
        Self { width, classes: Vec::new(), numbers: HashMap::new(), recent: vec![0; 1 << BITS], factors }
    }

    fn count(&self) -> usize {
        self.classes.len() / self.width
    }

    /// Writes the code of each string.
    fn encode(&mut self, strings: Strings<'_>, codes: &mut [u32]) -> Result<(), StringsError> {
        if strings.width == self.width {
            return self.encode_rows(strings.words, codes);
        }
        let mut wide = vec![0; BLOCK * self.width];
        let blocks = strings.words.chunks(BLOCK * strings.width);
        for (block, codes) in blocks.zip(codes.chunks_mut(BLOCK)) {
            let rows = wide.chunks_exact_mut(self.width).zip(block.chunks_exact(strings.width));
            rows.for_each(|(wide, row)| wide[..strings.width].copy_from_slice(row));
            self.encode_rows(&wide[..codes.len() * self.width], codes)?;
        }
        Ok(())
    }

    fn encode_rows(&mut self, words: &[u32], codes: &mut [u32]) -> Result<(), StringsError> {
        let Some(first) = words.get(..self.width) else {
            return Ok(());
        };
        self.look_up(first)?; // so that there is a class for every hash

        /// The width as a constant, where it is small.
        macro_rules! by_width {
            ($($width:literal)*) => {
                match self.width {
                    $($width => self.encode_each(words.as_chunks::<$width>().0.iter(), codes),)*
                    width => self.encode_each(words.chunks_exact(width), codes),
                }
            };
        }
        by_width!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
    }

    fn encode_each<'r, R: AsRef<[u32]> + ?Sized + 'r>(
        &mut self,
        rows: impl Iterator<Item = &'r R>,
        codes: &mut [u32],
    ) -> Result<(), StringsError> {
        platform::widest(Encoding { encoder: self, rows, codes })
    }

    /// The number of a class, new or not.
    #[cold]
    fn look_up(&mut self, row: &[u32]) -> Result<u32, StringsError> {
        let end = row.iter().rposition(|&word| word != 0).map_or(0, |last| last + 1);
        let string = &row[..end];
        if let Some(&number) = self.numbers.get(string) {
            return Ok(number);
        }
        let number = u32::try_from(self.count()).map_err(|_| StringsError::TooMany)?;
        self.numbers.insert(string.into(), number);
        self.classes.extend(row);
        Ok(number)
    }
}

struct Encoding<'a, I> {
    encoder: &'a mut Encoder,
    rows: I,
    codes: &'a mut [u32],
}

impl<'r, R: AsRef<[u32]> + ?Sized + 'r, I: Iterator<Item = &'r R>> Work for Encoding<'_, I> {
    type Output = Result<(), StringsError>;

    #[inline(always)]
    fn run(self) -> Self::Output {
        let Self { encoder, rows, codes } = self;
        for (row, code) in rows.zip(codes) {
            let row = row.as_ref();
            // Slices of the row's own length: where that is a constant the loops unroll.
            let mut sum = 0_u64;
            for (&word, &factor) in row.iter().zip(&encoder.factors[..row.len()]) {
                sum = sum.wrapping_add(u64::from(word) * u64::from(factor));
            }
            let place = (sum.wrapping_mul(ODD) >> (u64::BITS - BITS)) as usize;
            let number = encoder.recent[place];
            let mut differs = 0;
            let class = number as usize * row.len();
            for (&word, &known) in row.iter().zip(&encoder.classes[class..class + row.len()]) {
                differs |= word ^ known;
            }
            *code = if differs == 0 {
                number
            } else {
                let number = encoder.look_up(row)?;
                encoder.recent[place] = number;
                number
            };
        }
        Ok(())
    }
}
