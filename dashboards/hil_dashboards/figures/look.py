"""What all plots look like: no ground of their own, the page's letters, and what stands under the pointer."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

LAYOUT: Mapping[str, Any] = MappingProxyType(
    {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "inherit", "size": 13},
        "hovermode": "closest",
        "hoverlabel": {
            "bgcolor": "#1d2733",
            "bordercolor": "#1d2733",
            "font": {"color": "#f3f6f9", "size": 13},
            "align": "left",
        },
    }
)
