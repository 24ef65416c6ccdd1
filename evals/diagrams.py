"""Reliability diagrams as SVG, without a plotting library."""

from collections.abc import Sequence

from evals.metrics import Bin

_SIDE = 320
_EDGE = 44


def reliability_svg(bins: Sequence[Bin], title: str) -> str:
    """Return a diagram of what was said against what was true; the area of a dot grows with its rows."""
    most = max((part.rows for part in bins), default=1)
    dots = "".join(
        f'<circle cx="{_x(part.mean_probability):.1f}" cy="{_y(part.share_supported):.1f}" '
        f'r="{3 + 9 * (part.rows / most) ** 0.5:.1f}" fill="#2a6f97" fill-opacity=".75"><title>'
        f"{part.low:.1f} to {part.high:.1f}: {part.rows} rows, said {part.mean_probability:.2f}, "
        f"true {part.share_supported:.2f}</title></circle>"
        for part in bins
    )
    ticks = "".join(
        f'<text x="{_x(value):.0f}" y="{_SIDE + _EDGE + 16}" text-anchor="middle">{value:.1f}</text>'
        f'<text x="{_EDGE - 8}" y="{_y(value) + 4:.0f}" text-anchor="end">{value:.1f}</text>'
        for value in (0, 0.2, 0.4, 0.6, 0.8, 1)
    )
    whole = _SIDE + 2 * _EDGE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole}" font-family="sans-serif" font-size="12">'
        f'<rect width="{whole}" height="{whole}" fill="#fff"/><text x="{whole / 2}" y="22" text-anchor="middle">{title}</text>'
        f'<rect x="{_EDGE}" y="{_EDGE}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#999"/>'
        f'<path d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}" stroke="#999" stroke-dasharray="4"/>{ticks}{dots}'
        f'<text x="{whole / 2}" y="{whole - 8}" text-anchor="middle">probability said</text>'
        f'<text transform="translate(12 {whole / 2}) rotate(-90)" text-anchor="middle">share supported</text></svg>\n'
    )


def reliability_text(bins: Sequence[Bin]) -> str:
    """Return the same as lines of text, a bar for what was true and a mark for what was said."""
    lines = []
    for part in bins:
        bar = ["█" if place < round(40 * part.share_supported) else "·" for place in range(41)]
        bar[round(40 * part.mean_probability)] = "|"
        lines.append(
            f"{part.low:.1f}-{part.high:.1f} {''.join(bar)} said {part.mean_probability:.2f} true {part.share_supported:.2f} n {part.rows}"
        )
    return "\n".join(lines)


def _x(value: float) -> float:
    return _EDGE + _SIDE * value


def _y(value: float) -> float:
    return _EDGE + _SIDE * (1 - value)
