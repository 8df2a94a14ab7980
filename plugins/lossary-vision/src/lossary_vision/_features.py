"""Feature maps of two images, checked in one place."""

from lossary.authoring.validation import check_finite, check_floating
from lossary.errors import ShapeError
from torch import Tensor


def check_feature_maps(prediction: Tensor, target: Tensor) -> None:
    """Raise unless both are finite (N, C, spatial...) with values in them, alike in N and C."""
    for name, features in (("prediction", prediction), ("target", target)):
        check_floating(name, features)
        if features.ndim < 3 or 0 in features.shape[1:]:
            raise ShapeError(
                f"{name}: got shape {tuple(features.shape)}; wanted (batch, channels, ...) with a channel "
                "and a position at least"
            )
        check_finite(name, features)
    if target.shape[:2] != prediction.shape[:2]:
        raise ShapeError(
            f"target: got shape {tuple(target.shape)}; wanted {prediction.shape[0]} samples of "
            f"{prediction.shape[1]} channels, as prediction"
        )
