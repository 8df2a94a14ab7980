//! The ROC curve where a question reads it: the points around a mark, and the area between marks.
//!
//! FPR is the share of the negatives, TPR of the positives, that score at least a threshold; the curve runs from
//! (0, 0), where nothing is accepted, through a point for each distinct score, in straight lines, to (1, 1).

use crate::auc::roc_auc;
use crate::criteria::Outcome;
use crate::curves::weighted_curve;
use crate::double_double::DoubleDouble;
use crate::keys::Score;
use crate::ranking::{Mass, RankingError, check_finite, check_lengths};
use crate::search::{Query, search};
use crate::threads;

/// A point of the curve.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(crate) struct Rates {
    pub(crate) fpr: f64,
    pub(crate) tpr: f64,
}

const START: Rates = Rates { fpr: 0.0, tpr: 0.0 };
const END: Rates = Rates { fpr: 1.0, tpr: 1.0 };

impl Rates {
    fn of(outcome: &Outcome) -> Self {
        Self {
            fpr: outcome.false_positives as f64 / outcome.negatives as f64,
            tpr: outcome.true_positives as f64 / outcome.positives as f64,
        }
    }

    /// FPR less the miss rate: rises from -1 to 1.
    pub(crate) fn imbalance(self) -> f64 {
        self.fpr - (1.0 - self.tpr)
    }
}

/// What a walk along the curve passes once.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mark {
    /// FPR above the number.
    BeyondFpr(f64),
    /// TPR at or above the number.
    Tpr(f64),
    /// FPR at or above the miss rate.
    EqualErrors,
}

impl Mark {
    fn is_passed(self, at: Rates) -> bool {
        match self {
            Self::BeyondFpr(fpr) => at.fpr > fpr,
            Self::Tpr(tpr) => at.tpr >= tpr,
            Self::EqualErrors => at.imbalance() >= 0.0,
        }
    }
}

/// The points around a mark. `place` tells the point after it; None when the mark is not passed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Passage<T> {
    pub(crate) before: Rates,
    pub(crate) after: Rates,
    pub(crate) place: Option<T>,
}

impl<T> Passage<T> {
    const NONE: Self = Self { before: END, after: END, place: None };

    /// Where the straight line between the points has this FPR.
    pub(crate) fn at_fpr(&self, fpr: f64) -> Rates {
        let run = self.after.fpr - self.before.fpr;
        let share = if run > 0.0 { ((fpr - self.before.fpr) / run).min(1.0) } else { 0.0 };
        Rates { fpr, tpr: self.before.tpr + share * (self.after.tpr - self.before.tpr) }
    }

    /// Where the straight line between the points has this TPR.
    pub(crate) fn at_tpr(&self, tpr: f64) -> Rates {
        let rise = self.after.tpr - self.before.tpr;
        let share = if rise > 0.0 { ((tpr - self.before.tpr) / rise).min(1.0) } else { 1.0 };
        Rates { fpr: self.before.fpr + share * (self.after.fpr - self.before.fpr), tpr }
    }
}

/// A ROC curve, as far as it is asked for.
pub(crate) trait Roc {
    type Place: Copy + PartialEq;

    /// Where each mark is passed.
    fn passages(&self, marks: &[Mark]) -> Result<Vec<Passage<Self::Place>>, RankingError>;

    /// The area between the curve and the TPR of the point `from`, up to the last point before `to`.
    fn area(&self, from: Self::Place, to: Option<Self::Place>) -> Result<f64, RankingError>;
}

/// The curve of samples that count 1 each, of both classes. Places are keys of scores.
pub(crate) struct Counted<'a, S> {
    scores: &'a [S],
    labels: &'a [u8],
    positives: u64,
    negatives: u64,
}

impl<'a, S: Score> Counted<'a, S> {
    /// None when a class is missing.
    pub(crate) fn new(scores: &'a [S], labels: &'a [u8]) -> Result<Option<Self>, RankingError> {
        check_lengths(scores, labels)?;
        let positives = labels.iter().map(|&label| u64::from(label != 0)).sum();
        let negatives = labels.len() as u64 - positives;
        Ok((positives > 0 && negatives > 0).then_some(Self { scores, labels, positives, negatives }))
    }
}

impl<S: Score> Roc for Counted<'_, S> {
    type Place = S::Key;

    fn passages(&self, marks: &[Mark]) -> Result<Vec<Passage<S::Key>>, RankingError> {
        let mut query = Passages { marks, found: vec![Passage::NONE; marks.len()] };
        search(self.scores, self.labels, &mut query)?;
        Ok(query.found)
    }

    fn area(&self, from: S::Key, to: Option<S::Key>) -> Result<f64, RankingError> {
        let threads = threads::threads_for(self.scores.len());
        let parts = threads::map(threads::parts(self.scores.len(), threads), threads, |part| {
            let samples = self.scores[part.clone()].iter().zip(&self.labels[part]);
            let inside =
                samples.filter(|(score, _)| score.key() < from && to.is_none_or(|to| score.key() > to));
            inside.unzip::<_, _, Vec<S>, Vec<u8>>()
        });
        let (scores, labels): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        let (scores, labels) = (scores.concat(), labels.concat());
        if scores.is_empty() {
            return Ok(0.0);
        }
        let pairs = u128::from(self.positives) * u128::from(self.negatives);
        Ok(roc_auc(&scores, &labels)?.twice_wins as f64 / (2 * pairs) as f64)
    }
}

/// Looks for the places where marks are passed.
struct Passages<'m, K> {
    marks: &'m [Mark],
    found: Vec<Passage<K>>,
}

impl<K: Copy> Query<K> for Passages<'_, K> {
    fn start(&mut self, _nothing: Outcome) {}

    fn border(&mut self, _at: &Outcome) {}

    fn wants(&self, above: &Outcome, end: &Outcome) -> bool {
        let (above, end) = (Rates::of(above), Rates::of(end));
        self.marks.iter().any(|mark| !mark.is_passed(above) && mark.is_passed(end))
    }

    fn point(&mut self, before: &Outcome, at: &Outcome, key: K) {
        let (before, after) = (Rates::of(before), Rates::of(at));
        for (mark, found) in self.marks.iter().zip(&mut self.found) {
            if !mark.is_passed(before) && mark.is_passed(after) {
                *found = Passage { before, after, place: Some(key) };
            }
        }
    }
}

/// The curve of weighted samples, from its start. Places are positions in it.
pub(crate) struct Traced(pub(crate) Vec<Rates>);

impl Traced {
    /// None when a class has no weight.
    pub(crate) fn new<S: Score>(
        scores: &[S],
        labels: &[u8],
        weights: &[f64],
    ) -> Result<Option<Self>, RankingError> {
        check_finite(scores)?;
        let curve = weighted_curve(scores, labels, weights)?;
        let counts = curve.false_positives.iter().zip(&curve.true_positives);
        let Some((&negatives, &positives)) = counts.clone().next_back() else {
            return Ok(None);
        };
        let rates = counts.map(|(fp, tp)| Rates { fpr: fp / negatives, tpr: tp / positives });
        let points = std::iter::once(START).chain(rates).collect();
        Ok((positives > 0.0 && negatives > 0.0).then_some(Self(points)))
    }
}

impl Roc for Traced {
    type Place = usize;

    fn passages(&self, marks: &[Mark]) -> Result<Vec<Passage<usize>>, RankingError> {
        let passage = |&mark: &Mark| {
            let passed = |pair: &[Rates]| !mark.is_passed(pair[0]) && mark.is_passed(pair[1]);
            self.0.windows(2).enumerate().find(|(_, pair)| passed(pair)).map_or(
                Passage::NONE,
                |(place, pair)| Passage { before: pair[0], after: pair[1], place: Some(place + 1) },
            )
        };
        Ok(marks.iter().map(passage).collect())
    }

    fn area(&self, from: usize, to: Option<usize>) -> Result<f64, RankingError> {
        let points = &self.0[from..to.unwrap_or(self.0.len())];
        let floor = self.0[from].tpr;
        let areas = points.windows(2).map(|pair| DoubleDouble::from(trapezoid(pair[0], pair[1], floor)));
        Ok(areas.fold(DoubleDouble::default(), Mass::add).to_f64())
    }
}

/// The area between a straight line and the TPR `floor`.
pub(crate) fn trapezoid(one: Rates, other: Rates, floor: f64) -> f64 {
    (other.fpr - one.fpr) * ((one.tpr - floor) + (other.tpr - floor)) / 2.0
}
