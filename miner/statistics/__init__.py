"""Plain functions on arrays and frames; nothing here knows what a report is.

=============== ==========================================================================================
``intervals``   one proportion (Wilson, Clopper-Pearson, Korn-Graubard), two (Newcombe), several (Goodman)
``corrected``   prevalence corrected for labelling error: two-phase, Rogan-Gladen
``standardise`` direct standardisation
``compare``     strata, trends, a table of expected shares, equivalence, many p-values
``agreement``   two readers
``calibration`` probabilities against what turned out to be so
``suppression`` hiding small cells
=============== ==========================================================================================

The coverage of every interval is simulated in ``tests/bench/coverage.py``.
"""
