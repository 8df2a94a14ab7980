"""Losses for lossary: every file beside this one that does not start with an underscore defines one."""

from lossary.plugin import hookimpl


@hookimpl
def lossary_loss_packages() -> list[str]:
    """Say where the losses are: in this package."""
    return [__name__]
