"""Lets this folder import the Python host next door: import it first."""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).parent.with_name("python")))
