"""One restrained palette for page and figures: blue is together, orange is apart, grey is neither."""

from __future__ import annotations

__all__ = ["DARK", "LIGHT", "contrast", "css_variables", "dark_map", "rgba", "shades"]

LIGHT = {
    "paper": "#ffffff",
    "panel": "#f6f7f9",
    "ink": "#1b2230",
    "muted": "#566072",
    "rule": "#dfe3ea",
    "grid": "#e9ecf1",
    "joint": "#1f6fa8",
    "separate": "#a94a12",
    "neutral": "#6b7484",
    "either": "#28704f",
    "soft": "#d5dae2",
    "joint-soft": "#e3eff8",
    "separate-soft": "#fbece1",
    "either-soft": "#e2f2ea",
    "neutral-soft": "#eceef2",
    "heat-low": "#f3f6fa",
    "warn": "#8a6100",
    "warn-soft": "#fcf3dc",
    "problem": "#b3261e",
}
DARK = {
    "paper": "#12161d",
    "panel": "#1a2029",
    "ink": "#e7ebf2",
    "muted": "#a3adbd",
    "rule": "#2d3542",
    "grid": "#262e3a",
    "joint": "#6bb3e6",
    "separate": "#f09a5c",
    "neutral": "#98a2b3",
    "either": "#6cc79c",
    "soft": "#3d4757",
    "joint-soft": "#17324a",
    "separate-soft": "#42281a",
    "either-soft": "#16382a",
    "neutral-soft": "#29313d",
    "heat-low": "#1b222c",
    "warn": "#e5bd5c",
    "warn-soft": "#352c14",
    "problem": "#ff8a80",
}
_SHADES = {
    "joint": ("#1f6fa8", "#49a0cf", "#174a74", "#7d8fd6", "#2b8c8c"),
    "separate": ("#a94a12", "#e0954e", "#7f3512", "#c9a227", "#a8455e"),
    "baseline": ("#6b7484", "#98a1af", "#464e5c", "#8a7f6d", "#b3b9c4"),
}
_DARK_SHADES = {"#174a74": "#a9d3f3", "#7f3512": "#f7c9a4", "#464e5c": "#c9d0db"}


def shades(side: str) -> tuple[str, ...]:
    """Colours for several strategies of one side, most important first."""
    return _SHADES[side]


def css_variables(dark: bool = False) -> str:
    """The palette as CSS custom properties, shades as ``--joint-0`` and so on."""
    named = dict(LIGHT) | {
        f"{side}-{i}": c for side, colours in _SHADES.items() for i, c in enumerate(colours)
    }
    other = dark_map() if dark else {}
    return "".join(f"--{name}:{other.get(colour, colour)};" for name, colour in named.items())


def dark_map() -> dict[str, str]:
    """Light colour -> dark colour; every light colour has one meaning."""
    return {LIGHT[name]: DARK[name] for name in LIGHT} | _DARK_SHADES


def rgba(colour: str, alpha: float) -> str:
    """``#rrggbb`` with transparency."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours after WCAG 2.1, 1 to 21."""

    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)
