// The page of trade-offs: the form of its budget, marks that lead to their sessions, and cells of its table.

(() => {
  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  const h = (tag, props, ...children) => React.createElement(tag, props, ...children);
  const marked = (className, sign, value) =>
    h("span", { className, title: value }, h("i", { "aria-hidden": true }, sign), value);

  cells.Stands = ({ value, data }) => marked(data.on ? "stands on" : "stands", data.on ? "●" : data.drawn ? "○" : "–", value);
  cells.Fits = ({ value, data }) => value && marked(`fits fit-${data.fit}`, { fits: "✓", not: "✗", unknown: "?" }[data.fit], value);

  const made = (tag, props = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), props);
    element.append(...children);
    return element;
  };

  function go(address) {
    history.pushState(null, "", address);
    window.dispatchEvent(new PopStateEvent("popstate"));
  }

  function field({ name, label, unit, value }) {
    const input = made("input", { type: "number", name, value, min: 0, step: "any", inputMode: "decimal" });
    return made("label", {}, made("span", { textContent: unit ? `${label}, ${unit}` : label }), input);
  }

  let again = false; // whether the keyboard was in the form that this one follows

  function fill(place) {
    const { fields, others, clear } = JSON.parse(place.dataset.budget);
    const button = made("button", { className: "main", textContent: "Apply" });
    const form = made(
      "form",
      { method: "get", action: "/pareto" },
      ...others.map(([name, value]) => made("input", { type: "hidden", name, value })),
      made("div", { className: "fields" }, ...fields.map(field)),
      made("div", { className: "buttons" }, button, made("a", { className: "more", href: clear, textContent: "No budget" })),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      again = true;
      const given = [...new FormData(form)].filter(([, value]) => value);
      go(`/pareto?${new URLSearchParams(given)}`);
    });
    place.replaceChildren(form);
    if (again) {
      again = false;
      button.focus();
    }
  }

  function lead({ points }) {
    const address = points.map((one) => one.customdata).find(Boolean);
    if (address) {
      go(address);
      window.scrollTo(0, 0);
    }
  }

  const filled = new WeakMap();
  const led = new WeakSet();

  function look() {
    const place = document.getElementById("pareto-budget");
    if (place && filled.get(place) !== place.dataset.budget) {
      filled.set(place, place.dataset.budget);
      fill(place);
    }
    const plot = document.querySelector("#pareto-plot .js-plotly-plot");
    if (plot && plot.on && !led.has(plot)) {
      led.add(plot);
      plot.on("plotly_click", lead);
    }
  }

  new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true });
})();
