// Cells of the grids on the page of a session.

(() => {
  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});

  // The more of a row, the darker; the number says it too, and what is mistaken is bold.
  cells.Heat = ({ value }) =>
    value &&
    React.createElement(
      "span",
      { className: `heat ${value.kind}`, style: { "--share": value.share }, title: value.told },
      value.text,
    );
})();
