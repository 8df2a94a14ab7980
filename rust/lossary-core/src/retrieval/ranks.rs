//! The ranks of the relevant items of one query.

use super::candidates::candidates;
use super::grades::{LEVELS, Levels, Relevance, Survey};
use super::measures::Measure;
use super::order::{Entry, Placed, RowScore, Ties};
use super::{Query, RetrievalError};
use std::iter::once;
use std::ops::Range;

/// Shorter lists are sorted, whatever they hold.
const SHORT: usize = 64;

/// Lists with fewer items than this per graded item are sorted.
const SPARSE: usize = 8;

/// A graded item, where ties have one order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    /// From 1.
    pub(super) rank: usize,
    pub(super) grade: f64,
}

/// Items of equal score, where ties stand for all orders.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// How many items have higher scores.
    pub(super) above: usize,
    /// How many items have this score.
    pub(super) size: usize,
    /// Where the grades of the graded ones lie.
    pub(super) grades: Range<usize>,
}

/// What measures read of one query.
pub(super) struct Listed<'a> {
    /// Items with a grade above 0, in the whole list.
    pub(super) relevant: usize,
    /// Rising in rank, as far as measures look or further; none where ties stand for all orders.
    pub(super) hits: &'a [Hit],
    /// Falling in score, as far as measures look or further, those with graded items; only where ties stand
    /// for all orders.
    pub(super) groups: &'a [Group],
    /// The grades of the groups.
    pub(super) grades: &'a [f64],
    /// The grades above 0 in falling order, as far as measures look; none where none looks.
    pub(super) ideal: &'a [f64],
}

/// Ranks query after query, in memory that it keeps.
pub(super) struct Ranker<'a, S: RowScore> {
    relevance: &'a dyn Relevance,
    ties: Ties,
    maxima: Vec<S>,
    positions: Vec<u32>,
    entries: Vec<Entry<S>>,
    counts: Vec<u32>,
    hits: Vec<Hit>,
    groups: Vec<Group>,
    grades: Vec<f64>,
    ideal: Vec<f64>,
}

impl<'a, S: RowScore> Ranker<'a, S> {
    pub(super) fn new(relevance: &'a dyn Relevance, ties: Ties) -> Self {
        Self {
            relevance,
            ties,
            maxima: Vec::new(),
            positions: Vec::new(),
            entries: Vec::new(),
            counts: Vec::new(),
            hits: Vec::new(),
            groups: Vec::new(),
            grades: Vec::new(),
            ideal: Vec::new(),
        }
    }

    /// Finds what the measures read of one query.
    pub(super) fn rank(
        &mut self,
        scores: &[S],
        query: &Query,
        measures: &[Measure],
    ) -> Result<Listed<'_>, RetrievalError> {
        #[allow(clippy::eq_op, reason = "only NaN differs from itself; this form vectorises")]
        if scores.iter().fold(false, |nan, score| nan | (score != score)) {
            let position = scores.iter().position(|score| score.partial_cmp(score).is_none());
            return Err(RetrievalError::BadScore { index: query.items.start + position.unwrap_or(0) });
        }
        let survey = self.survey(query, measures)?;
        self.hits.clear();
        self.groups.clear();
        self.grades.clear();
        if survey.graded > 0 {
            let depth = measures.iter().map(|measure| measure.depth(survey.relevant)).max().unwrap_or(0);
            self.find(scores, query, survey.graded, depth.min(scores.len()));
        }
        let (hits, groups, grades, ideal) = (&self.hits, &self.groups, &self.grades, &self.ideal);
        Ok(Listed { relevant: survey.relevant, hits, groups, grades, ideal })
    }

    /// Counts and checks the grades, and orders them ideally where a measure looks at that.
    fn survey(&mut self, query: &Query, measures: &[Measure]) -> Result<Survey, RetrievalError> {
        self.ideal.clear();
        let depth = measures.iter().filter_map(Measure::ideal_depth).max();
        let counts = depth.map(|_| self.relevance.count(query));
        if let (Some(depth), Some(counts @ [.., 0])) = (depth, counts) {
            self.ideal_of_counts(&counts, depth);
            let relevant = counts[1..].iter().sum::<u32>() as usize;
            return Ok(Survey { relevant, graded: relevant, proper: true });
        }
        let survey = self.relevance.survey(query);
        let (lowest, highest) = measures
            .iter()
            .map(Measure::limits)
            .fold((f64::NEG_INFINITY, f64::INFINITY), |limits, (lowest, highest)| {
                (limits.0.max(lowest), limits.1.min(highest))
            });
        if !survey.proper || highest < f64::INFINITY {
            self.relevance.inspect(query, lowest, highest)?;
        }
        if let Some(depth) = depth {
            self.positions.clear();
            self.relevance.list(query, &mut self.positions);
            let grades = self.positions.iter().map(|&item| self.relevance.grade(query, item as usize));
            self.ideal.extend(grades);
            self.ideal.sort_unstable_by(|one, other| other.total_cmp(one));
            self.ideal.truncate(depth);
        }
        Ok(survey)
    }

    fn ideal_of_counts(&mut self, counts: &Levels, depth: usize) {
        for level in (1..LEVELS).rev() {
            let missing = depth - self.ideal.len();
            let length = self.ideal.len() + missing.min(counts[level] as usize);
            self.ideal.resize(length, level as f64);
        }
    }

    /// Finds the hits, or groups, among the first `depth` ranks.
    fn find(&mut self, scores: &[S], query: &Query, graded: usize, depth: usize) {
        let left_out = self.relevance.left_out(query);
        let reach = depth + usize::from(left_out.is_some());
        let few = candidates(scores, reach, &mut self.maxima, &mut self.positions);
        let sparse = scores.len() >= SHORT && graded <= scores.len() / SPARSE;
        if !few && sparse && self.ties != Ties::Expected {
            return self.count(scores, query, left_out);
        }
        let (relevance, ties) = (self.relevance, self.ties);
        let entry = |item: usize| scores[item].key().above(ties.order(item, || relevance.grade(query, item)));
        let stays = |item: &usize| left_out != Some(*item);
        self.entries.clear();
        if few {
            let items = self.positions.iter().map(|&item| item as usize);
            self.entries.extend(items.filter(stays).map(entry));
        } else {
            self.entries.extend((0..scores.len()).filter(stays).map(entry));
        }
        self.entries.sort_unstable();
        if ties == Ties::Expected { self.walk_groups(query, depth) } else { self.walk(query, depth) }
    }

    /// Reads the hits off sorted entries, to the end of the ties with the last rank that matters.
    fn walk(&mut self, query: &Query, depth: usize) {
        let mut tied = None;
        let mut first = 0;
        for (above, &entry) in self.entries.iter().rev().enumerate() {
            let key = <S::Key as Placed>::of(entry);
            if tied != Some(key) {
                arrange(&mut self.hits[first..], self.ties);
                first = self.hits.len();
                tied = Some(key);
                if above >= depth {
                    return;
                }
            }
            let grade = self.relevance.grade(query, self.ties.position(<S::Key as Placed>::order(entry)));
            if grade != 0.0 {
                self.hits.push(Hit { rank: above + 1, grade });
            }
        }
        arrange(&mut self.hits[first..], self.ties);
    }

    /// Reads the groups off sorted entries.
    fn walk_groups(&mut self, query: &Query, depth: usize) {
        let mut end = self.entries.len();
        let items = end;
        while end > 0 && items - end < depth {
            let key = <S::Key as Placed>::of(self.entries[end - 1]);
            let tied = self.entries[..end].iter().rev();
            let size = tied.take_while(|&&entry| <S::Key as Placed>::of(entry) == key).count();
            let first = self.grades.len();
            for &entry in &self.entries[end - size..end] {
                let grade = self.relevance.grade(query, self.ties.position(<S::Key as Placed>::order(entry)));
                if grade != 0.0 {
                    self.grades.push(grade);
                }
            }
            if self.grades.len() > first {
                self.groups.push(Group { above: items - end, size, grades: first..self.grades.len() });
            }
            end -= size;
        }
    }

    /// Counts, for few graded items, how many others are ranked between them.
    fn count(&mut self, scores: &[S], query: &Query, left_out: Option<usize>) {
        let (relevance, ties) = (self.relevance, self.ties);
        let entry = |score: S, item: usize, grade: f64| score.key().above(ties.order(item, || grade));
        self.positions.clear();
        relevance.list(query, &mut self.positions);
        self.entries.clear();
        let items = self.positions.iter().map(|&item| item as usize);
        self.entries.extend(items.map(|item| entry(scores[item], item, relevance.grade(query, item))));
        self.entries.sort_unstable_by(|one, other| other.cmp(one));
        let graded = &self.entries;
        let bins = Bins::new::<S>(graded);
        self.counts.clear();
        self.counts.resize(graded.len() + 1, 0);
        // All others: the stretches between the graded items, and the one left out.
        if let Some(item) = left_out {
            let place = self.positions.partition_point(|&position| (position as usize) < item);
            self.positions.insert(place, item as u32);
        }
        let mut start = 0;
        for stop in self.positions.iter().map(|&item| item as usize).chain(once(scores.len())) {
            for (&score, item) in scores[start..stop].iter().zip(start..) {
                let bin = bins.of(score.to_f64());
                let (mut above, within) = (bins.above[bin + 1] as usize, bins.above[bin] as usize);
                if above < within {
                    let other = entry(score, item, 0.0);
                    above += graded[above..within].partition_point(|&entry| entry > other);
                }
                self.counts[above] += 1;
            }
            start = stop + 1;
        }
        let (mut above, mut tied, mut first) = (0, None, 0);
        for (place, (&entry, &count)) in self.entries.iter().zip(&self.counts).enumerate() {
            let key = <S::Key as Placed>::of(entry);
            if tied != Some(key) {
                arrange(&mut self.hits[first..], ties);
                (first, tied) = (place, Some(key));
            }
            above += count as usize;
            let grade = relevance.grade(query, ties.position(<S::Key as Placed>::order(entry)));
            self.hits.push(Hit { rank: above + place + 1, grade });
        }
        arrange(&mut self.hits[first..], ties);
    }
}

/// Puts the grades of tied hits in the order that the ties ask for.
#[inline]
fn arrange(tied: &mut [Hit], ties: Ties) {
    if tied.len() > 1 && ties.by_grade() {
        sort_grades(tied, ties);
    }
}

fn sort_grades(tied: &mut [Hit], ties: Ties) {
    let mut grades: Vec<f64> = tied.iter().map(|hit| hit.grade).collect();
    grades.sort_unstable_by(f64::total_cmp);
    if ties == Ties::Optimistic {
        grades.reverse();
    }
    tied.iter_mut().zip(grades).for_each(|(hit, grade)| hit.grade = grade);
}

/// Equal slices of the range of the graded scores: a number's slice rises with it.
struct Bins {
    low: f64,
    scale: f64,
    /// How many graded items are in a slice or a higher one.
    above: Vec<u32>,
}

impl Bins {
    /// Of entries in falling order.
    fn new<S: RowScore>(graded: &[Entry<S>]) -> Self {
        let number = |entry: &Entry<S>| S::value(<S::Key as Placed>::of(*entry));
        let (high, low) = (graded.first().map_or(0.0, number), graded.last().map_or(0.0, number));
        let count = (graded.len() * 8).next_power_of_two().clamp(64, 1 << 13);
        // Infinite or empty ranges leave all in one slice, where entries are searched.
        let mut bins = Self { low, scale: count as f64 / (high - low), above: vec![0; count + 1] };
        for entry in graded {
            let bin = bins.of(number(entry));
            bins.above[bin] += 1;
        }
        for bin in (0..count).rev() {
            bins.above[bin] += bins.above[bin + 1];
        }
        bins
    }

    #[inline(always)]
    fn of(&self, number: f64) -> usize {
        // Saturating, and 0 of NaN.
        (((number - self.low) * self.scale) as i32).clamp(0, self.above.len() as i32 - 2) as usize
    }
}
