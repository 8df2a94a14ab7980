# written by docs/generate.py: run `make docs` instead of editing

from lossary.losses.auc.mann_whitney import MannWhitney as MannWhitney
from lossary.losses.auc.mann_whitney import mann_whitney as mann_whitney
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
