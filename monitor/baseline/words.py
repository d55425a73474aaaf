"""A record's figures in a few characters, as the command and the screen show them. Pure."""

from __future__ import annotations

from monitor.baseline.reference import THE_DAY, clock_time, day
from monitor.models import Measured, MeasuredState, Qualifier, Record, RecordKind, Source

QUALIFIERS: dict[Qualifier | None, str] = {
    Qualifier.ABOUT: "about ",
    Qualifier.NEARLY: "nearly ",
    Qualifier.MORE_THAN: "over ",
    Qualifier.LESS_THAN: "under ",
    Qualifier.AT_LEAST: "at least ",
}
UNITS = {"percent": "%", "basis_points": " bp"}


def documented(record: Record) -> str:
    """`nearly -12%`, `-30 to -20%`, `125 USD`, `fell`: the figure as the documents have it; empty without one."""
    if record.qualifier is Qualifier.DIRECTION_ONLY:
        return "rose" if record.low == 0 else "fell"
    ends = (record.value,) if record.value is not None else (record.low, record.high)
    form = "+,.10g" if _is_change(record) else ",.10g"
    figure = " to ".join(format(end, form) for end in ends if end is not None)
    return f"{QUALIFIERS.get(record.qualifier, '')}{figure}{_unit(record.unit)}" if figure else ""


def short_time(record: Record) -> str:
    """`10:00`, `pre`, `close`, `28 pre`, `24`: New York's, the day only where it is not the 27th."""
    at, that_day = clock_time(record), day(record)
    short = f"{at:%H:%M}" if at is not None else "" if record.session is None else str(record.session)
    return short or "day" if that_day is None or that_day == THE_DAY else f"{that_day.day} {short}".rstrip()


def measured_figure(record: Record, measured: Measured) -> str:
    """`-16.97%`, `-12.90 to -11.20%`: what prices say of the record; why they say nothing where they do not."""
    if measured.state is not MeasuredState.MEASURED:
        return measured.basis
    ends = (measured.value,) if measured.value is not None else (measured.low, measured.high)
    sign = "+" if _is_change(record) else ""
    return " to ".join(_rounded(end, sign) for end in ends if end is not None) + _unit(record.unit)


def difference(record: Record, measured: Measured) -> str:
    """`+0.03`: the documented figure less the measured one, `0` where the document's words allow that one.

    Of a direction whether it `agrees` or is `opposed`.
    """
    if measured.difference is None:
        return ""
    if record.qualifier is Qualifier.DIRECTION_ONLY:
        return "agrees" if measured.difference == 0 else "opposed"
    return f"{measured.difference:+,.2f}" if round(measured.difference, 2) else "0"


def cited(record: Record, *, quoting: bool = True) -> str:
    """`001 quoting KCIF; 004`: the documents, each by the number that its name begins with."""
    quoted: dict[str, list[str]] = {}
    for source in record.sources:
        names = quoted.setdefault(source.document.file.partition("_")[0], [])
        names += [source.quotes] if source.quotes and source.quotes not in names else []
    return "; ".join(
        f"{number} quoting {', '.join(names)}" if names and quoting else number for number, names in quoted.items()
    )


def misprint(source: Source) -> str:
    """`printed "6,00", read as "6,000"`; empty where there is none."""
    return f'printed "{source.as_read}", read as "{source.correction}"' if source.as_read else ""


def _is_change(record: Record) -> bool:
    """Whether the figure is a change, which has a sign, and not a price."""
    return record.unit == "basis_points" or (record.unit == "percent" and record.kind is not RecordKind.YIELD)


def _unit(unit: str | None) -> str:
    return "" if unit is None else UNITS.get(unit, f" {unit}")


def _rounded(value: float, sign: str) -> str:
    digits = 0 if abs(value) >= 1000 else 2  # six figures are enough of a price
    return format(value, f"{sign},.{digits}f")
