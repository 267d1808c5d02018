// A click on a point of a plot leads to the page of its run; a button of its key hides a line, or shows it again.

(() => {
  const key = (point) => `${point.curveNumber} ${point.pointNumber}`;
  let touched;

  function pointed() {
    const clicked = dash_clientside.callback_context.triggered[0]?.value;
    const point = clicked?.points?.find((one) => Number.isInteger(one.customdata));
    if (!point) {
      return;
    }
    // A finger that touches a point asks what it is; one that touches it again, to be led there.
    if (matchMedia("(hover: none)").matches && touched !== key(point)) {
      touched = key(point);
      return;
    }
    touched = undefined;
    const link = Object.assign(document.createElement("a"), { href: `/run?run=${point.customdata}`, hidden: true });
    document.body.append(link);
    link.click();
    link.remove();
  }

  function toggled(event) {
    const button = event.target.closest(".plot-key button");
    const plot = button?.closest(".plot-card").querySelector(".js-plotly-plot");
    if (!plot) {
      return;
    }
    const shown = button.getAttribute("aria-pressed") === "false";
    button.setAttribute("aria-pressed", shown);
    Plotly.restyle(plot, { visible: shown }, JSON.parse(button.dataset.traces));
  }
  document.addEventListener("click", toggled);

  window.dash_clientside.hil.pointed = pointed;
})();
