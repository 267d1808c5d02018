// What the probe measures now: fetched at each tick, unless the answer before is still under way.

(() => {
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  let under_way = false;

  const figure = ({ seconds, low, mean, high, inputs }) => {
    const line = (values, more) => ({ type: "scatter", mode: "lines", x: seconds, y: values, ...more });
    const band = { width: 0 };
    const names = Object.keys(inputs);
    const levels = names.map((name, place) =>
      line(inputs[name].map((level) => place * 1.5 + level), {
        name: `input ${name}`, yaxis: "y2", line: { shape: "hv", width: 1.5 }, hoverinfo: "name",
      }),
    );
    const axis = { gridcolor: color("--line"), zeroline: false, automargin: true };
    return {
      data: [
        line(low, { line: band, hoverinfo: "skip", showlegend: false }),
        line(high, { line: band, fill: "tonexty", fillcolor: color("--soft"), name: "least to most" }),
        line(mean, { line: { color: color("--accent"), width: 1.5 }, name: "mean" }),
        ...levels,
      ],
      layout: {
        uirevision: "kept",
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
        font: { color: color("--ink"), family: "system-ui, sans-serif" },
        margin: { t: 30, r: 20, l: 60, b: 45 },
        legend: { orientation: "h", y: 1.12 },
        xaxis: { ...axis, title: { text: "seconds" }, anchor: names.length ? "y2" : "y" },
        yaxis: { ...axis, title: { text: "mA" }, rangemode: "tozero", domain: names.length ? [0.25, 1] : [0, 1] },
        yaxis2: { visible: false, domain: [0, 0.18], fixedrange: true },
      },
    };
  };

  async function live() {
    const kept = window.dash_clientside.no_update;
    if (under_way) {
      return [kept, kept];
    }
    under_way = true;
    try {
      const told = await (await fetch("/samples")).json();
      return [figure(told), told.failed || told.text];
    } catch {
      return [kept, "hil power live does not answer any more: start it again, then reload this page"];
    } finally {
      under_way = false;
    }
  }

  window.dash_clientside = { ...window.dash_clientside, hil: { live } };
})();
