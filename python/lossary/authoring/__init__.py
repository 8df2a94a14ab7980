"""What a loss file imports: the spec, the module makers, reduction, precision and validation."""

from lossary.authoring.head import head_module
from lossary.authoring.module import loss_module
from lossary.authoring.precision import full_precision
from lossary.authoring.reduction import Reduction, reduce
from lossary.authoring.spec import ExactMetric, LossSpec, Paper, Picture, Property

__all__ = [
    "ExactMetric",
    "LossSpec",
    "Paper",
    "Picture",
    "Property",
    "Reduction",
    "full_precision",
    "head_module",
    "loss_module",
    "reduce",
]
