// The matrix's own cells, its menus, the order of its rows in the address, and verdicts that come later.

(() => {
  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  const functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  const h = (tag, props, ...children) => React.createElement(tag, props, ...children);
  const address = (page, fields) => `/${page}?${new URLSearchParams(fields)}`;
  const SIGNS = {
    worse: "✗", better: "✓", unchanged: "=", tolerated: "=", new: "+", "no data": "∅", "not comparable": "≠",
    "not judged": "?",
  };
  const ALONE = ["unchanged", "new"]; // their signs need no word beside them
  const ago = (runs) => `${runs} run${runs > 1 ? "s" : ""} ago`;

  // What stands before a value: what became of it, how old it is, and what else is to be known of it.
  const before = ({ mark, age, failed, partial, compare }) => {
    const told = [];
    if (mark) {
      const [kind, word, change] = mark;
      const shown = [SIGNS[word], !ALONE.includes(word) && h("span", { key: "word", className: "word" }, ` ${word}`), change && ` ${change}`];
      const props = { key: "mark", className: `mark ${kind}`, title: word, "aria-label": [word, change].join(" ") };
      told.push(compare ? h("a", { tabIndex: -1, ...props, href: compare }, ...shown) : h("span", { ...props, role: "img" }, ...shown));
    }
    if (failed) {
      told.push(h("span", { key: "failed", className: "mark worse", title: failed }, "!"));
    }
    if (age) {
      told.push(h("span", { key: "age", className: "age", title: ago(age) }, `◷${age}`));
    }
    if (partial) {
      told.push(h("span", { key: "partial", className: "partial" }, partial));
    }
    return told;
  };

  cells.Value = ({ value, data, metric, board = data.board }) => {
    if (!value) {
      return h("span", { className: "none" }, "–");
    }
    const title = [...(value.from || data.from || []), ...(value.told || [])].join("\n");
    if (value.state) {
      const shown = { never: "∅ ", fit: "∅ ", failed: "! " }[value.state] || "";
      const props = { className: `state-${value.state}`, title };
      return value.href ? h("a", { tabIndex: -1, ...props, href: value.href }, shown + value.text) : h("span", props, shown + value.text);
    }
    const { model, precision } = data;
    return h(
      "div",
      { className: value.age ? "value old" : "value" },
      // First, as Enter follows a cell's first link; it stands last.
      h(
        "a",
        {
          tabIndex: -1,
          href: address("series", { metric, model, board, precision }),
          className: value.wrong ? "figure wrong" : "figure",
          title,
        },
        h("span", { className: "number" }, value.text),
      ),
      (value.mark || value.failed || value.age || value.partial) && h("span", { className: "before" }, ...before(value)),
    );
  };

  cells.Image = ({ data }) =>
    h("span", { title: `${data.model} ${data.precision}` }, h("span", { className: "model" }, data.model), " ", data.precision);

  cells.OneCase = ({ data }) => {
    const { board, kind, model, precision, status } = data;
    const where = { board, kind, model, precision };
    const name = [h("span", { key: "model", className: "model" }, model), " ", precision];
    return h(
      "span",
      { className: "one-case" },
      data.session ? h("a", { tabIndex: -1, href: data.session, title: "its newest session", className: "figure" }, ...name) : h("span", null, ...name),
      status !== "finished" &&
        h("span", { className: `mark ${status === "never run" ? "none" : "worse"}`, title: data.error }, data.never || status === "does not fit" ? "∅ " : "! ", status),
      data.profiled && h("a", { tabIndex: -1, href: address("profile", where), className: "more", title: "where its cycles go" }, "cycles"),
      data.traced && h("a", { tabIndex: -1, href: address("trace", where), className: "more", title: "its power trace" }, "power"),
    );
  };

  cells.OneRun = ({ data }) =>
    data.never
      ? h("span", { className: "none" }, "–")
      : h(
          "span",
          { className: "one-run", title: data.from[0] },
          data.age ? h("span", { className: "age", title: ago(data.age) }, `◷${data.age}`) : h("span"),
          h("a", { tabIndex: -1, href: address("run", { run: data.run }), className: "figure" }, data.run),
        );

  // In the address, so that a view that is sent to somebody has the order that it was seen in.
  functions.sorted = ({ api }) => {
    const place = new URL(location);
    const by = api.getColumnState().find(({ sort }) => sort);
    if (by) {
      place.searchParams.set("sort", `${by.colId}.${by.sort}`);
    } else {
      place.searchParams.delete("sort");
    }
    if (place.href !== location.href) {
      history.replaceState(history.state, "", place);
    }
  };

  // Verdicts that take long come after the page: the same page is asked for again, and waits for them. The server
  // has few wait at once: who is given them no more than before asks again.
  const AGAIN_MS = 1000;
  const found = (tree, name) => {
    if (Array.isArray(tree)) {
      return tree.reduce((held, part) => held || found(part, name), undefined);
    }
    if (!tree || !tree.props) {
      return undefined;
    }
    return tree.props.id === name ? tree : found(tree.props.children, name);
  };
  const judged = async () => {
    const asked = location.href;
    let text;
    do {
      if (text) {
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
      if (location.href !== asked) {
        return;
      }
      const answer = await fetch(`/content${location.pathname}${location.search || "?"}&judged=1`);
      text = answer.ok ? await answer.text() : "null";
    } while (text.includes('"data-pending":'));
    const body = found(JSON.parse(text), "matrix-body");
    if (location.href === asked && body) {
      dash_clientside.set_props("matrix-body", { children: body.props.children });
    }
  };

  // A table that is wider than its window says so. Names that stay in view would leave a phone no room for a value.
  const told = () => {
    const part = document.querySelector(".matrix-card .ag-center-cols-viewport");
    const names = document.querySelector(".matrix-card .ag-pinned-left-cols-container");
    if (names && names.clientWidth > 0.6 * names.closest(".matrix-card").clientWidth) {
      window.dash_ag_grid.getApiAsync("matrix-grid").then((api) => api.setColumnsPinned(["model"], null));
    }
    part?.closest("#matrix-body").classList.toggle("wide", part.scrollWidth > part.clientWidth + 1);
  };
  let drawn;
  const tell = () => {
    cancelAnimationFrame(drawn);
    drawn = requestAnimationFrame(told);
  };
  window.addEventListener("resize", tell);

  let asked;
  new MutationObserver(() => {
    tell();
    const which = document.querySelector("[data-pending]")?.dataset.pending;
    if (which && which !== asked) {
      asked = which;
      judged();
    }
  }).observe(document.documentElement, { childList: true, subtree: true, attributeFilter: ["data-pending"] });

  // One menu is open at a time; Escape closes it, and so does a click beside it.
  const close = (but) =>
    document.querySelectorAll("details.menu[open]").forEach((menu) => menu !== but && menu.removeAttribute("open"));
  document.addEventListener("click", ({ target }) => close(target.closest("details.menu")));
  document.addEventListener("keydown", ({ key }) => {
    const open = key === "Escape" && document.querySelector("details.menu[open]");
    if (open) {
      open.removeAttribute("open");
      open.querySelector("summary").focus();
    }
  });
})();
