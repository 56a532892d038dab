"""Days and instants in requests: those outside our calendars are refused (422) before anybody reckons with them."""

from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator

from domain.calendar import within

Day = Annotated[date, AfterValidator(within)]
Instant = Annotated[datetime, AfterValidator(within)]
