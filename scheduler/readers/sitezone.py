"""The code and the zone of a site, read quickly from its file.

Who asks what day it is there does not wait for hours, holidays and calendars, nor is
stopped by a mistake in one of them.

>>> site_zone('code = "ZJ"\\nzone = "Asia/Shanghai"')
('ZJ', zoneinfo.ZoneInfo(key='Asia/Shanghai'))
>>> site_zone('code = "ZJ"\\nzone = "Asia/Shangai"') is None
True
"""

import tomllib
from zoneinfo import ZoneInfo


def site_zone(text: str) -> tuple[str, ZoneInfo] | None:
    """Code and zone as a file says them; None where it does not.

    What is wrong with such a file is told by `scheduler.readers.site`.
    """
    try:
        file = tomllib.loads(text)
        code, zone = file["code"], file["zone"]
        return (code, ZoneInfo(zone)) if isinstance(code, str) else None
    except (tomllib.TOMLDecodeError, RecursionError, LookupError, TypeError, ValueError):
        return None
