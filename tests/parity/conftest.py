"""Settings of the differential suite."""

import warnings

warnings.simplefilter("ignore", RuntimeWarning)
