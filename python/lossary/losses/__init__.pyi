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
from lossary.losses.auc.pairwise_auc import PairwiseAuc as PairwiseAuc
from lossary.losses.auc.pairwise_auc import pairwise_auc as pairwise_auc
from lossary.losses.auc.partial_auc_cvar import PartialAucCvar as PartialAucCvar
from lossary.losses.auc.partial_auc_cvar import partial_auc_cvar as partial_auc_cvar
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
from lossary.losses.metric_learning.multi_similarity import MultiSimilarity as MultiSimilarity
from lossary.losses.metric_learning.multi_similarity import multi_similarity as multi_similarity
from lossary.losses.segmentation.dice import Dice as Dice
from lossary.losses.segmentation.dice import dice as dice
