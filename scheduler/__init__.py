"""Infusion visit scheduler: visits of a clinical trial at real, free, allowed times.

Time-zone data comes from the pinned ``tzdata`` package alone, so that one protocol
gives the same hours on every machine; operating systems ship older and newer rules.

>>> import scheduler
>>> scheduler.__version__.count(".")
2
"""

import gc
import zoneinfo

__version__ = "0.1.0"

zoneinfo.reset_tzpath(to=())
zoneinfo.ZoneInfo.clear_cache()

# Loading makes some hundred thousand objects that stay.  To look through them for garbage at
# every 700 new ones would be a seventh of the time that a short command takes.
gc.set_threshold(50_000)
