// The page of runs in progress: read anew every two seconds while somebody looks, and put in place part by part.

(() => {
  const EVERY = 2000;
  const SAID = 15000; // what is read out does not come more often
  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  const h = (tag, props, ...children) => React.createElement(tag, props, ...children);

  cells.Bar = ({ value, colDef }) =>
    value &&
    h(
      "span",
      { className: "progress", title: value.text },
      h("progress", { value: value.number, max: Math.max(1, value.total), "aria-label": colDef.headerName }),
      h("span", null, value.text),
    );

  cells.Where = ({ value, data }) =>
    h("div", { className: "where", title: `${value} ${data.under}` }, value, h("div", { className: "origin" }, data.under));

  const shown = () => location.pathname.replace(/\/$/, "") === "/live" && document.getElementById("live-read");

  // All components of a tree that have an id of this page, by it.
  function parts(tree, found = new Map()) {
    if (Array.isArray(tree)) {
      tree.forEach((one) => parts(one, found));
    } else if (tree && tree.props) {
      if (tree.props.id && tree.props.id.startsWith("live-")) {
        found.set(tree.props.id, tree.props);
      }
      parts(tree.props.children, found);
    }
    return found;
  }

  const CHANGING = ["children", "value", "max", "className", "rowData"];
  const plain = (props) =>
    Object.fromEntries(
      CHANGING.filter((name) => name in props && !JSON.stringify(props[name] ?? null).includes('"namespace"')).map(
        (name) => [name, props[name]],
      ),
    );
  const ids = () => [...document.querySelectorAll("main [id^='live-']")].map((one) => one.id);

  let told = new Map(); // what each part was last given
  let saidAt = 0;
  let said = "";
  let asking = false;

  function put(id, props) {
    const text = JSON.stringify(props);
    if (told.get(id) !== text) {
      told.set(id, text);
      dash_clientside.set_props(id, props);
    }
  }

  // To a screen reader: politely, and not every two seconds.
  function say(found) {
    const words = [...found]
      .filter(([id]) => id.endsWith("-words") || id === "live-told")
      .map(([, props]) => props.children)
      .join(" ");
    if (words !== said && Date.now() - saidAt >= SAID) {
      [said, saidAt] = [words, Date.now()];
      document.getElementById("live-said").textContent = words;
    }
  }

  async function read() {
    const answer = await fetch(`/content${location.pathname}${location.search}`);
    if (!answer.ok) {
      throw new Error(`it says ${answer.status} ${answer.statusText}`);
    }
    return parts(await answer.json());
  }

  async function again() {
    if (asking || document.hidden || !shown()) {
      return;
    }
    asking = true;
    try {
      const found = await read();
      if (!shown()) {
        return;
      }
      const now = ids();
      if (now.length !== found.size || now.some((id) => !found.has(id))) {
        told = new Map(); // a run began or ended
        window.dispatchEvent(new PopStateEvent("popstate"));
        return;
      }
      for (const [id, props] of found) {
        const changing = plain(props);
        if (id !== "live-said" && id !== "live-trouble" && Object.keys(changing).length) {
          put(id, changing);
        }
      }
      put("live-trouble", { children: "" });
      say(found);
    } catch (error) {
      if (shown()) {
        put("live-trouble", { children: ` The dashboard's server does not answer now (${error.message}).` });
      }
    } finally {
      asking = false;
    }
  }

  setInterval(again, EVERY);
  document.addEventListener("visibilitychange", again);
})();
