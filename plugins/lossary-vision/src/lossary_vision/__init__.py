"""Losses of computer vision."""

from lossary.plugin import hookimpl


@hookimpl
def lossary_loss_packages() -> list[str]:
    """Offer this package."""
    return [__name__]
