"""Embeddings of several views of each image, checked in one place."""

from torch import Tensor

from lossary.authoring.validation import check_finite, check_floating, check_ndim
from lossary.errors import ShapeError


def check_views(name: str, views: Tensor) -> None:
    """Raise unless the tensor is (views, batch, dim), floating and finite, with a view and a column."""
    check_floating(name, views)
    check_ndim(name, views, "views batch dim")
    if views.shape[0] == 0 or views.shape[2] == 0:
        raise ShapeError(f"{name}: got shape {tuple(views.shape)}; wanted at least one view and one column")
    check_finite(name, views)
