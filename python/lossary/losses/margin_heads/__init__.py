from lossary.plugin import hookimpl


@hookimpl
def lossary_loss_packages() -> list[str]:
    return [__name__]
