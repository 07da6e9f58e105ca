"""The version of this package, which the packages are built with."""

__version__ = "0.1.0"
