"""The one hook, and all that a plugin's ``__init__.py`` imports.

A plugin is a distribution with an entry point in the group ``lossary`` whose value is a package. That
package's whole ``__init__.py``::

    from lossary.plugin import hookimpl

    @hookimpl
    def lossary_loss_packages():
        return [__name__]
"""

import pluggy

hookspec = pluggy.HookspecMarker("lossary")
hookimpl = pluggy.HookimplMarker("lossary")


@hookspec
def lossary_loss_packages() -> list[str]:  # type: ignore[empty-body]
    """Import names of the packages in which every public module defines one loss."""
