"""How good vectors are: data sets, scores and reports."""
