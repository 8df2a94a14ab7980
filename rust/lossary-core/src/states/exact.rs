//! Every distinct score with its counts: all ranking metrics of all samples, exactly.

use crate::auc::Auc;
use crate::criteria::Criterion;
use crate::curves::Curve;
use crate::states::amount::{Amount, Total};
use crate::states::batch::{self, Counts, NARROW_SAMPLES, StateScore};
use crate::states::error::{StateError, describe_tag};
use crate::states::reading::{self, BestThreshold, Through, groups};
use crate::states::runs::{Runs, Totals};
use crate::states::tally::{Narrow, Tally, Weighed, Wide};
use crate::states::units::{MOST_SAMPLES, Reduction, add_units, rescaled, unit_and_total};

/// The ranking of all samples of any number of batches.
///
/// Each class of each distinct score takes 8 bytes while all scores are single-precision numbers and there are
/// fewer than 2^31 samples, else 16, and 24 once there are weights that are no counts. Merging runs needs the
/// same again for a moment. A copy shares its memory.
#[derive(Debug, Clone, Default)]
pub struct ExactRanking {
    tag: String,
    form: Form,
}

/// The runs in the smallest form that holds all samples: each form holds what the one before does.
#[derive(Debug, Clone)]
pub(crate) enum Form {
    Narrow(Runs<Narrow>),
    Wide(Runs<Wide>),
    /// Weights in units of two to this power.
    Weighed(Runs<Weighed>, i32),
}

impl Default for Form {
    fn default() -> Self {
        Self::Narrow(Runs::default())
    }
}

/// Runs an expression with the settled run of any form, its totals and its unit.
macro_rules! with_run {
    ($form:expr, ($run:ident, $totals:ident, $unit:ident) => $body:expr) => {{
        let form = $form;
        match form {
            Form::Narrow(runs) => {
                let ($run, $totals, $unit) = (runs.settled(), runs.totals(), 0);
                $body
            }
            Form::Wide(runs) => {
                let ($run, $totals, $unit) = (runs.settled(), runs.totals(), 0);
                $body
            }
            Form::Weighed(runs, unit) => {
                let ($run, $totals, $unit) = (runs.settled(), runs.totals(), *unit);
                $body
            }
        }
    }};
}

/// The metrics of a ranking that are single numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Number, or weight, of the positives.
    pub positives: Total,
    /// Number, or weight, of the negatives.
    pub negatives: Total,
    /// Number of distinct scores.
    pub distinct_scores: usize,
    /// The integers behind the area; None with weights.
    pub counts: Option<Auc>,
    area: Option<f64>,
    average_precision: Option<f64>,
}

impl Summary {
    /// The area under the ROC curve; None when a class is missing. Equal to [`Auc::value`] where nothing is
    /// weighted; else the exact sum of products, rounded at the end, with an error of 2 units in the last
    /// place.
    pub fn roc_auc(&self) -> Option<f64> {
        self.counts.as_ref().map_or(self.area, Auc::value)
    }

    /// Average precision; None without positives. The error is at most 4 units in the last place.
    pub fn average_precision(&self) -> Option<f64> {
        self.average_precision
    }
}

impl ExactRanking {
    /// An empty state. States merge only with states of an equal tag, which says what the labels mean.
    ///
    /// # Errors
    /// [`StateError::LongTag`] beyond 65,535 bytes.
    pub fn new(tag: &str) -> Result<Self, StateError> {
        if tag.len() > usize::from(u16::MAX) {
            return Err(StateError::LongTag { bytes: tag.len() });
        }
        Ok(Self { tag: tag.to_owned(), form: Form::default() })
    }

    /// The state of one batch, with an empty tag.
    ///
    /// # Errors
    /// As [`Self::update`].
    pub fn of<S: StateScore>(scores: &[S], labels: &[u8]) -> Result<Self, StateError> {
        let mut state = Self::default();
        state.update(scores, labels, None)?;
        Ok(state)
    }

    /// An empty state of the same tag.
    #[must_use]
    pub fn identity(&self) -> Self {
        Self { tag: self.tag.clone(), form: Form::default() }
    }

    pub(crate) fn from_parts(tag: String, form: Form) -> Self {
        Self { tag, form }
    }

    pub(crate) fn form(&self) -> &Form {
        &self.form
    }

    /// What the labels mean, as given to [`Self::new`].
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Bytes that the runs take.
    pub fn bytes(&self) -> usize {
        match &self.form {
            Form::Narrow(runs) => runs.bytes(),
            Form::Wide(runs) => runs.bytes(),
            Form::Weighed(runs, _) => runs.bytes(),
        }
    }

    /// Adds a batch, which may be empty. A label of 0 is negative, any other is positive.
    ///
    /// Sorting takes O(n log n) time and little more memory than the batch; a sample is then moved O(log of the
    /// number of batches) times by merges. Zero weights drop out.
    ///
    /// # Errors
    /// [`StateError`]; the state is unchanged.
    ///
    /// ```
    /// use lossary_core::states::exact::ExactRanking;
    ///
    /// let mut state = ExactRanking::default();
    /// state.update(&[1.0_f32, 2.0], &[0, 1], None)?;
    /// state.update(&[1.5, 2.0], &[1, 0], Some(&[0.5, 2.0]))?;
    /// // Against weights 1 (below) and 2: the positive of weight 1 wins 1 and ties 2, that of 0.5 wins 1.
    /// assert_eq!(state.summary().roc_auc(), Some((1.0 + 0.5 * 2.0 + 0.5) / (1.5 * 3.0)));
    /// # Ok::<(), lossary_core::states::error::StateError>(())
    /// ```
    pub fn update<S: StateScore>(
        &mut self,
        scores: &[S],
        labels: &[u8],
        weights: Option<&[f64]>,
    ) -> Result<(), StateError> {
        batch::check(scores, labels, weights)?;
        let form = match weights {
            None => match batch::count(scores, labels)? {
                Counts::Narrow(run) => Form::Narrow(Runs::of(run)),
                Counts::Wide(run) => Form::Wide(Runs::of(run)),
            },
            Some(weights) => match unit_and_total(weights)? {
                None => return Ok(()),
                Some((unit, _)) => {
                    Form::Weighed(Runs::of(batch::weigh(scores, labels, weights, unit)?), unit)
                }
            },
        };
        self.form.merge(&form)
    }

    /// Adds the samples of another state.
    ///
    /// # Errors
    /// [`StateError::OtherOptions`] when the tags differ, [`StateError::TooManySamples`] or
    /// [`StateError::WeightSpan`] when the union is too large; this state is unchanged.
    pub fn merge(&mut self, other: &Self) -> Result<(), StateError> {
        if self.tag != other.tag {
            let [own, other] = [&self.tag, &other.tag].map(|tag| describe_tag(tag));
            return Err(StateError::OtherOptions { own, other });
        }
        self.form.merge(&other.form)
    }

    /// Merges the runs into one, so that readers of this state, and of copies, need not.
    pub fn settle(&mut self) {
        match &mut self.form {
            Form::Narrow(runs) => runs.settle(),
            Form::Wide(runs) => runs.settle(),
            Form::Weighed(runs, _) => runs.settle(),
        }
    }

    /// Number, or weight, of the positives and of the negatives.
    pub fn totals(&self) -> (Total, Total) {
        fn both<A: Amount>(totals: Totals<A>, unit: i32) -> (Total, Total) {
            (totals.positives.total(unit), totals.negatives.total(unit))
        }
        match &self.form {
            Form::Narrow(runs) => both(runs.totals(), 0),
            Form::Wide(runs) => both(runs.totals(), 0),
            Form::Weighed(runs, unit) => both(runs.totals(), *unit),
        }
    }

    /// The metrics that are single numbers.
    pub fn summary(&self) -> Summary {
        let (positives, negatives) = self.totals();
        with_run!(&self.form, (run, totals, _unit) => {
            let (twice_wins, _) = reading::twice_wins(groups(&run), totals);
            Summary {
                positives,
                negatives,
                distinct_scores: groups(&run).count(),
                counts: Amount::auc(twice_wins, totals),
                area: reading::of_all_pairs(twice_wins, totals),
                average_precision: reading::average_precision(groups(&run), totals),
            }
        })
    }

    /// All thresholds with the counts, or sums of weights, at or above them.
    pub fn curve(&self) -> Curve {
        with_run!(&self.form, (run, _totals, unit) => reading::curve(groups(&run), unit))
    }

    /// Area under the ROC curve where the false positive rate is at most `max_fpr`, in (0, 1], the last segment
    /// cut by linear interpolation; None when a class is missing.
    pub fn partial_auc(&self, max_fpr: f64) -> Option<f64> {
        with_run!(&self.form, (run, totals, _unit) => {
            reading::partial_area(groups(&run), totals, max_fpr, Through::Straight)
        })
    }

    /// The score at which a metric of the decision `score >= threshold` is highest; None where it has no value.
    ///
    /// ```
    /// use lossary_core::{criteria::F1, states::exact::ExactRanking};
    ///
    /// let state = ExactRanking::of(&[1.0, 2.0, 3.0, 4.0], &[0, 1, 0, 1])?;
    /// let best = state.best_threshold(&F1).unwrap();
    /// assert_eq!((best.threshold, best.value), (2.0, 0.8)); // 2 * 2 / (2 + 2 + 1)
    /// # Ok::<(), lossary_core::states::error::StateError>(())
    /// ```
    pub fn best_threshold(&self, criterion: &dyn Criterion) -> Option<BestThreshold> {
        with_run!(&self.form, (run, totals, _unit) => {
            reading::best_threshold(groups(&run), totals, criterion)
        })
    }
}

/// Equal tags and equal samples: the cut into batches and the form do not matter, and a weight of 2 is two
/// samples.
impl PartialEq for ExactRanking {
    fn eq(&self, other: &Self) -> bool {
        self.tag == other.tag
            && match (self.form.canonical(), other.form.canonical()) {
                (Form::Narrow(one), Form::Narrow(other)) => one.settled() == other.settled(),
                (Form::Wide(one), Form::Wide(other)) => one.settled() == other.settled(),
                (Form::Weighed(one, unit), Form::Weighed(other, other_unit)) => {
                    unit == other_unit && one.settled() == other.settled()
                }
                _ => false,
            }
    }
}

impl Form {
    /// Number of samples; 0 where they are weighed.
    fn samples(&self) -> u64 {
        match self {
            Self::Narrow(runs) => runs.totals().all(),
            Self::Wide(runs) => runs.totals().all(),
            Self::Weighed(..) => 0,
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Weighed(runs, _) => runs.totals().all() == 0,
            counted => counted.samples() == 0,
        }
    }

    fn merge(&mut self, other: &Self) -> Result<(), StateError> {
        if other.is_empty() {
            return Ok(());
        }
        if self.is_empty() {
            *self = other.clone();
            return Ok(());
        }
        let unit = match (&*self, other) {
            (Self::Weighed(_, own), Self::Weighed(_, unit)) => *own.min(unit),
            (Self::Weighed(_, unit), _) | (_, Self::Weighed(_, unit)) => *unit.min(&0),
            _ => return self.merge_counts(other),
        };
        add_units(self.total(unit)?, other.total(unit)?, unit)?;
        let mut runs = std::mem::take(self).weighed(unit);
        runs.merge(&other.clone().weighed(unit));
        *self = Self::Weighed(runs, unit);
        Ok(())
    }

    fn merge_counts(&mut self, other: &Self) -> Result<(), StateError> {
        let samples = self.samples() + other.samples();
        if samples > MOST_SAMPLES {
            return Err(StateError::TooManySamples);
        }
        *self = match (std::mem::take(self), other) {
            (Self::Narrow(mut runs), Self::Narrow(others)) if samples < NARROW_SAMPLES => {
                runs.merge(others);
                Self::Narrow(runs)
            }
            (own, other) => {
                let mut runs = own.wide();
                runs.merge(&other.clone().wide());
                Self::Wide(runs)
            }
        };
        Ok(())
    }

    /// What all samples amount to, in units of `2^unit`, of which they must be multiples.
    fn total(&self, unit: i32) -> Result<u128, StateError> {
        match self {
            Self::Weighed(runs, own) => rescaled(runs.totals().all(), *own, unit),
            counted => rescaled(counted.samples().into(), 0, unit),
        }
    }

    /// Counts in the wider form; weights have none.
    fn wide(self) -> Runs<Wide> {
        match self {
            Self::Narrow(runs) => runs.map(batch::widen),
            Self::Wide(runs) => runs,
            Self::Weighed(..) => Runs::default(),
        }
    }

    /// Weights in units of `2^unit`, in which the total must fit.
    fn weighed(self, unit: i32) -> Runs<Weighed> {
        match self {
            Self::Weighed(runs, own) if own == unit => runs,
            Self::Weighed(runs, own) => runs.map(|tally| tally.with_amount(tally.amount() << (own - unit))),
            counted => counted.wide().map(|tally| {
                Weighed::new(tally.score(), tally.positive(), u128::from(tally.amount()) << -unit)
            }),
        }
    }

    /// One run in the smallest form that holds the same samples: equal for equal samples.
    pub(crate) fn canonical(&self) -> Self {
        match self {
            Self::Narrow(runs) => Self::Narrow(runs.clone().into_settled()),
            Self::Wide(runs) => {
                let runs = runs.clone().into_settled();
                let narrow = self.samples() < NARROW_SAMPLES
                    && runs.settled().iter().all(|tally| Narrow::holds(tally.score()));
                if !narrow {
                    return Self::Wide(runs);
                }
                Self::Narrow(runs.map(|tally| Narrow::new(tally.score(), tally.positive(), tally.amount())))
            }
            Self::Weighed(runs, unit) => {
                let runs = runs.clone().into_settled();
                let reduction = Reduction::of(runs.settled().iter().map(|tally| tally.amount()), *unit);
                let amount = |tally: Weighed| tally.amount() >> reduction.zeros;
                match reduction.up {
                    None => Self::Weighed(runs.map(|tally| tally.with_amount(amount(tally))), reduction.unit),
                    Some(up) => {
                        let counted = runs.map(|tally| {
                            Wide::new(tally.score(), tally.positive(), (amount(tally) << up) as u64)
                        });
                        Self::Wide(counted).canonical()
                    }
                }
            }
        }
    }
}
