"""What quantities measure, apart from `rag.quantities`, whose patterns take long to load."""

from enum import StrEnum


class Kind(StrEnum):
    """What a quantity measures."""

    MONEY = "money"
    COUNT = "count"
    PERCENT = "percent"
    DATE = "date"
    YEAR = "year"
    PERIOD = "period"
    ORDINAL = "ordinal"
    DOCUMENT_NUMBER = "document_number"
