"""``python -m lossary`` is the ``lossary`` command."""

import sys

from lossary.cli import main

if __name__ == "__main__":
    sys.exit(main())
