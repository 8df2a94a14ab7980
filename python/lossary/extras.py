"""Optional dependencies: import one, or say which extra brings it."""

from importlib import import_module
from types import ModuleType

from lossary.errors import MissingExtraError


def require(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Import an optional dependency.

    Args:
        module: name of the module to import, for example ``"torch"``.
        extra: the extra of lossary that installs it.
        purpose: what needs it, as the subject of the message ("lossary.create").

    Returns:
        The imported module.

    Raises:
        MissingExtraError: the module is not installed. A module that is installed but fails to import
            raises its own error.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != module.partition(".")[0]:
            raise
        raise MissingExtraError(
            f"{purpose} needs {module}, which is not installed: pip install 'lossary[{extra}]'"
        ) from error
