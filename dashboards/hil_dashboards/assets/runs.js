// Cells of the grids of runs and of a run's sessions.

(() => {
  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  const h = (tag, props, ...children) => React.createElement(tag, props, ...children);

  cells.Status = ({ value }) => value && h("span", { className: `status ${value.replaceAll(" ", "-")}` }, value);

  // A number that is none to worry about where it is 0, and else has a mark before it.
  cells.Trouble = ({ value }) =>
    value &&
    (value.number
      ? h("span", { className: "trouble", title: value.text }, h("i", { "aria-hidden": true }, "✗"), value.text)
      : h("span", { className: "none" }, value.text));

  cells.Verdict = ({ value, data }) =>
    h("span", { className: `verdict ${data.verdict}` }, h("i", { "aria-hidden": true }, data.sign), value);

  cells.Sort = ({ value, data }) =>
    h("span", { className: `sort ${data.sort}`, title: value }, h("i", { "aria-hidden": true }), value);
})();
