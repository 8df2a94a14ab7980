# written by docs/generate.py: run `make docs` instead of editing

from lossary.losses.auc.auc_margin import AucMargin as AucMargin
from lossary.losses.auc.auc_margin import auc_margin as auc_margin
from lossary.losses.auc.average_precision_surrogate import (
    AveragePrecisionSurrogate as AveragePrecisionSurrogate,
)
from lossary.losses.auc.average_precision_surrogate import (
    average_precision_surrogate as average_precision_surrogate,
)
from lossary.losses.auc.mann_whitney import MannWhitney as MannWhitney
from lossary.losses.auc.mann_whitney import mann_whitney as mann_whitney
from lossary.losses.auc.mann_whitney_retrieval import MannWhitneyRetrieval as MannWhitneyRetrieval
from lossary.losses.auc.mann_whitney_retrieval import mann_whitney_retrieval as mann_whitney_retrieval
from lossary.losses.auc.mann_whitney_scores import MannWhitneyScores as MannWhitneyScores
from lossary.losses.auc.mann_whitney_scores import mann_whitney_scores as mann_whitney_scores
from lossary.losses.auc.pairwise_auc import PairwiseAuc as PairwiseAuc
from lossary.losses.auc.pairwise_auc import pairwise_auc as pairwise_auc
from lossary.losses.auc.partial_auc_cvar import PartialAucCvar as PartialAucCvar
from lossary.losses.auc.partial_auc_cvar import partial_auc_cvar as partial_auc_cvar
from lossary.losses.auc.partial_auc_kl import PartialAucKl as PartialAucKl
from lossary.losses.auc.partial_auc_kl import partial_auc_kl as partial_auc_kl
from lossary.losses.auc.two_way_partial_auc_kl import TwoWayPartialAucKl as TwoWayPartialAucKl
from lossary.losses.auc.two_way_partial_auc_kl import two_way_partial_auc_kl as two_way_partial_auc_kl
from lossary.losses.classification.correctness_aware_calibration import (
    CorrectnessAwareCalibration as CorrectnessAwareCalibration,
)
from lossary.losses.classification.correctness_aware_calibration import (
    correctness_aware_calibration as correctness_aware_calibration,
)
from lossary.losses.classification.spherical_z import SphericalZ as SphericalZ
from lossary.losses.classification.spherical_z import spherical_z as spherical_z
from lossary.losses.distillation.plackett_luce_distillation import (
    PlackettLuceDistillation as PlackettLuceDistillation,
)
from lossary.losses.distillation.plackett_luce_distillation import (
    plackett_luce_distillation as plackett_luce_distillation,
)
from lossary.losses.imbalance.anyloss import Anyloss as Anyloss
from lossary.losses.imbalance.anyloss import anyloss as anyloss
from lossary.losses.imbalance.binary_tversky import BinaryTversky as BinaryTversky
from lossary.losses.imbalance.binary_tversky import binary_tversky as binary_tversky
from lossary.losses.imbalance.likelihood_weighted import LikelihoodWeighted as LikelihoodWeighted
from lossary.losses.imbalance.likelihood_weighted import likelihood_weighted as likelihood_weighted
from lossary.losses.imbalance.self_adjusting_dice import SelfAdjustingDice as SelfAdjustingDice
from lossary.losses.imbalance.self_adjusting_dice import self_adjusting_dice as self_adjusting_dice
from lossary.losses.metric_learning.multi_similarity import MultiSimilarity as MultiSimilarity
from lossary.losses.metric_learning.multi_similarity import multi_similarity as multi_similarity
from lossary.losses.segmentation.betti_matching import BettiMatching as BettiMatching
from lossary.losses.segmentation.betti_matching import betti_matching as betti_matching
from lossary.losses.segmentation.branch_disagreement import BranchDisagreement as BranchDisagreement
from lossary.losses.segmentation.branch_disagreement import branch_disagreement as branch_disagreement
from lossary.losses.segmentation.dice import Dice as Dice
from lossary.losses.segmentation.dice import dice as dice
from lossary.losses.segmentation.jaccard import Jaccard as Jaccard
from lossary.losses.segmentation.jaccard import jaccard as jaccard
from lossary.losses.segmentation.prior_aware_entropy import PriorAwareEntropy as PriorAwareEntropy
from lossary.losses.segmentation.prior_aware_entropy import prior_aware_entropy as prior_aware_entropy
from lossary.losses.segmentation.soft_cldice import SoftCldice as SoftCldice
from lossary.losses.segmentation.soft_cldice import soft_cldice as soft_cldice
from lossary.losses.segmentation.tversky import Tversky as Tversky
from lossary.losses.segmentation.tversky import tversky as tversky
