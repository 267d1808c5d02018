// What the grids' cells look like, how they sort, and how high their rows are: named by pages/grid.py and its users.

(() => {
  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  const functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});

  const h = (tag, props, ...children) => React.createElement(tag, props, ...children);

  const link = (href, className, title, ...children) => h("a", { href, className, title, tabIndex: -1 }, ...children);
  const address = (page, fields) => `/${page}?${new URLSearchParams(fields)}`;
  const notes = (told = []) => told.map(([kind, words]) => h("div", { key: kind, className: kind }, words));

  // A name that a narrow column breaks after an underscore rather than within a word.
  const breakable = (name) =>
    name.split(/(?<=_)/).flatMap((part, place) => (place ? [h("wbr", { key: place }), part] : [part]));

  cells.Figure = ({ value, data, metric }) => {
    if (!value) {
      return h("span", { className: "none" }, "–");
    }
    const { board, model, precision } = data;
    return link(
      address("series", { metric, model, board, precision }),
      value.wrong ? "figure wrong" : "figure",
      [...(value.from || data.from), ...(value.told || [])].join("\n"),
      h("span", { className: "number" }, value.text),
      ...notes(value.notes),
    );
  };

  // A table that is wider than its window says so, and fades where it goes on: style.css looks at this.
  function watchWidth(wrapper) {
    const viewport = wrapper.querySelector(".ag-center-cols-viewport");
    const look = () => {
      const left = viewport.scrollWidth - viewport.clientWidth;
      wrapper.dataset.scrolls = left < 2 ? "no" : viewport.scrollLeft < left - 2 ? "on" : "end";
    };
    const sizes = new ResizeObserver(look);
    sizes.observe(viewport);
    sizes.observe(viewport.firstElementChild);
    viewport.addEventListener("scroll", look, { passive: true });
    look();
  }

  cells.Head = ({ displayName, title, unit, method, known, technique, conditions }) => {
    const place = React.useRef();
    React.useEffect(() => {
      // A head is made before it is put into its table.
      const find = () => {
        const wrapper = place.current?.closest(".ag-root-wrapper");
        if (wrapper && !wrapper.dataset.scrolls) {
          watchWidth(wrapper);
        } else if (!wrapper && place.current) {
          requestAnimationFrame(find);
        }
      };
      find();
    }, []);
    return h(
      "div",
      { className: "head", ref: place },
      h("div", { className: "title" }, title || displayName, unit && h("span", { className: "unit" }, ` ${unit}`)),
      method && h("div", { className: `badge ${known ? method : "other"}` }, `${method} `),
      technique && h("div", null, `${technique} `),
      conditions && h("div", null, conditions),
    );
  };

  cells.Case = ({ data }) => {
    const { board, kind, model, precision } = data;
    return h(
      "div",
      { className: "name" },
      h("div", { className: "model" }, ...breakable(data.model)),
      h(
        "div",
        { className: "under" },
        h("span", { className: "precision" }, data.precision),
        data.status !== "finished" && h("span", { className: `status ${data.status}` }, data.status),
        data.profiled &&
          link(address("profile", { board, kind, model, precision }), "more", undefined, "Where cycles go"),
        data.traced && link(address("trace", { board, kind, model, precision }), "more", undefined, "Power trace"),
      ),
    );
  };

  cells.Run = ({ data }) =>
    link(address("run", { run: data.run }), "figure", data.from[0], data.run, h("div", { className: "origin" }, data.day));

  cells.Board = ({ data }) =>
    h("div", null, h("div", { className: "model" }, data.board), h("div", { className: "origin" }, data.kind));

  cells.Amount = ({ value }) => value && h("span", { title: value.told || value.text }, value.text);

  cells.Stretch = ({ value, data }) => link(data.href, "more", "show this window in the plot", value);

  cells.Name = ({ value }) => h("span", { title: value }, value);

  cells.Commit = ({ value, data }) => h("span", { title: data.note || value }, value);

  cells.Share = ({ value }) =>
    value &&
    h(
      "span",
      null,
      h("span", { className: "bar" }, h("i", { style: { width: value.text.replace(" ", "") } })),
      h("span", { className: "percent" }, value.text),
    );

  cells.Badge = ({ value, data }) =>
    value &&
    h(
      "span",
      { className: `badge ${data.method}`, title: data.conditions },
      h("i"),
      `${data.method} `,
      h("span", { className: "technique" }, data.technique),
    );

  // To the address in a field of the row, `href` where its column names none.
  cells.Link = ({ value, data, to = "href" }) => value && link(data[to], "figure more", value, value);

  // A mark and a word: colour alone is no sign.
  cells.Standing = ({ value, data }) =>
    h("span", { className: data.open ? "standing open" : "standing", title: value }, h("i", { "aria-hidden": true }), value);

  cells.State = ({ value, data }) => h("span", { className: `state ${data.mark}` }, h("i", { "aria-hidden": true }), value);

  // A line over runs, which a word beside it sums up.
  cells.Line = ({ value }) => {
    if (!value || value.length < 2) {
      return null;
    }
    const [width, height] = [110, 18];
    const [low, high] = [Math.min(...value), Math.max(...value)];
    const x = (place) => 1 + (place * (width - 2)) / (value.length - 1);
    const y = (one) => (high > low ? 2 + ((high - one) * (height - 4)) / (high - low) : height / 2);
    const points = value.map((one, place) => `${x(place).toFixed(1)},${y(one).toFixed(1)}`).join(" ");
    return h("svg", { width, height, className: "line", "aria-hidden": true }, h("polyline", { points }));
  };

  cells.Decide = ({ data }) =>
    h(
      "button",
      {
        type: "button",
        tabIndex: -1,
        className: "decide",
        "aria-haspopup": "dialog",
        "aria-label": `Decide on ${data.title} of ${data.name} on ${data.board}`,
        onClick: () => window.hilDecide(data),
      },
      "Decide…",
    );

  cells.Failure = ({ data }) =>
    h(
      "div",
      { className: "failure", role: "gridcell" },
      h("span", { className: "strong" }, data.failure.what),
      data.failure.why,
      h("div", { className: "kept" }, data.failure.kept),
    );

  // By number; what is missing stands last in either direction.
  functions.byNumber = (a, b, nodeA, nodeB, descending) => {
    if (!a || !b) {
      return a || b ? (Boolean(a) === descending ? 1 : -1) : 0;
    }
    return a.number - b.number;
  };

  functions.rowHeight = ({ data }) => {
    if (!data.failure) {
      return data.height;
    }
    const letters = Math.max(20, (Math.min(window.innerWidth, 1400) - 80) / 7.5);
    const lines = (text) => Math.ceil(text.length / letters);
    return 24 + 21 * (lines(data.failure.what + data.failure.why) + lines(data.failure.kept));
  };

  // To what stands after a grid, or before it; the browser would stop at each of its rows.
  function past(event) {
    const grid = event.target.closest(".ag-root-wrapper");
    const side = event.shiftKey ? Node.DOCUMENT_POSITION_PRECEDING : Node.DOCUMENT_POSITION_FOLLOWING;
    const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")];
    const found = all.filter(
      (one) => grid.compareDocumentPosition(one) & side && one.tabIndex >= 0 && !one.disabled && !grid.contains(one),
    );
    const next = found.filter((one) => one.checkVisibility()).at(event.shiftKey ? -1 : 0);
    if (next) {
      event.preventDefault();
      next.focus();
    }
    return true;
  }

  // Enter on a cell follows its link or presses its button: the arrow keys go from cell to cell. Tab goes to each
  // of several, and then on to what follows the grid, which may have more rows than anybody would pass by.
  functions.follow = ({ event }) => {
    if (event.type !== "keydown") {
      return false;
    }
    if (event.key === "Tab") {
      const held = [...(event.target.closest(".ag-cell")?.querySelectorAll("a, button") || [])];
      const next = held.indexOf(event.target) + (event.shiftKey ? -1 : 1);
      if (held.length > 1 && held[next]) {
        event.preventDefault();
        held[next].focus();
        return true;
      }
      return past(event);
    }
    const found = event.key === "Enter" && event.target.querySelector("a, button");
    if (found) {
      found.click();
    }
    return Boolean(found);
  };

  // From a column's head, too.
  functions.leave = ({ event }) => event.type === "keydown" && event.key === "Tab" && past(event);
})();
