"use strict";
(() => {
  const runs = JSON.parse(document.getElementById("runs").textContent);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // a filter of images, and of what changed
  const nav = document.querySelector("nav");
  const filter = document.createElement("div");
  filter.className = "filter";
  filter.innerHTML =
    '<input type="search" placeholder="Filter images" aria-label="Filter images by name">' +
    '<label><input type="checkbox"> only what changed</label>';
  nav.append(filter);
  const [words, only] = all("input", filter);
  const named = all("[data-name]").map((one) => [one, one.dataset.name.toLowerCase()]);
  const changed = /\b(worse|better|none|unlike|new)\b/;
  const apply = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const [one, name] of named)
      one.hidden = !wanted.every((word) => name.includes(word)) || (only.checked && !changed.test(one.className));
    for (const group of all(".group")) {
      const left = all("figure", group).some((one) => !one.hidden);
      group.hidden = !left;
      if (left && wanted.length) group.open = true;
    }
  };
  words.addEventListener("input", apply);
  only.addEventListener("change", apply);

  // a link to an image, or into one, opens what it stands in
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();

  // paper shows what is folded
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all(".group[open] details:not([open]), .image[open] details:not([open])");
    for (const one of folded) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of folded) one.open = false;
  });

  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  tip.setAttribute("role", "status");
  document.body.append(tip);
  const show = (said, x, y) => {
    tip.textContent = said;
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - box.width - 4)) + "px";
    tip.style.top = (y + 18 + box.height > innerHeight ? y - box.height - 10 : y + 18) + "px";
  };
  const hide = () => { tip.hidden = true; };

  // series: the value of the run under the pointer, or beside the one before by arrow keys
  const points = new WeakMap();
  const pointsOf = (plot) => {
    if (!points.has(plot)) {
      const places = plot.dataset.p.split(",").flatMap((span) => {
        const [first, last = first] = span.split("-").map(Number);
        return Array.from({ length: last - first + 1 }, (_, at) => first + at);
      });
      const values = plot.dataset.v.split(",").flatMap((span) => {
        const [value, times = 1] = span.split("*").map(Number);
        return Array(times).fill(value);
      });
      points.set(plot, places.map((place, at) => [place, values[at]]));
    }
    return points.get(plot);
  };
  const written = (value, unit) =>
    unit === "%" ? (value * 100).toFixed(2) + " %"
      : value.toLocaleString("en", { maximumSignificantDigits: value >= 10000 ? 21 : 5 }) +
        ({ 1: "", us: " µs" }[unit] ?? ` ${unit}`);
  const point = (plot, at, y) => {
    const [place, value] = pointsOf(plot)[at];
    const [id, started, commit] = runs[place];
    const svg = plot.querySelector("svg");
    let line = svg.querySelector(".at");
    if (!line) {
      line = document.createElementNS("http://www.w3.org/2000/svg", "path");
      line.setAttribute("class", "at");
      svg.append(line);
    }
    line.setAttribute("d", `M${place} 0V100`);
    plot.dataset.at = at;
    const box = svg.getBoundingClientRect();
    const view = svg.viewBox.baseVal;
    const x = box.left + ((place - view.x) / view.width) * box.width;
    show(`run ${id}: ${written(value, plot.dataset.u)} · ${started} UTC${commit ? ` · ${commit}` : ""}`, x, y ?? box.bottom);
  };
  const leave = (plot) => { plot.querySelector(".at")?.remove(); delete plot.dataset.at; hide(); };
  for (const plot of all(".plot")) {
    const svg = plot.querySelector("svg");
    svg.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect();
      const view = svg.viewBox.baseVal;
      const place = view.x + ((event.clientX - box.left) / box.width) * view.width;
      const held = pointsOf(plot);
      let near = 0;
      for (let at = 1; at < held.length; at++)
        if (Math.abs(held[at][0] - place) < Math.abs(held[near][0] - place)) near = at;
      point(plot, near, event.clientY);
    });
    svg.addEventListener("pointerleave", () => leave(plot));
    const title = svg.querySelector("title"); // the tip says more: what it is of stays for readers
    svg.setAttribute("aria-label", title.textContent);
    title.remove();
    plot.tabIndex = 0;
    plot.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1, Home: -1e9, End: 1e9 }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      const last = pointsOf(plot).length - 1;
      point(plot, Math.max(0, Math.min(last, Number(plot.dataset.at ?? last) + by)));
    });
    plot.addEventListener("blur", () => leave(plot));
  }

  // flame graphs: a click, or Enter, makes a frame as wide as the picture; Escape shows all again
  const zoom = (graph, frame) => {
    const number = (one, name) => Number(one.dataset[name]);
    const [from, wide, depth] = frame ? ["x", "w", "y"].map((name) => number(frame, name)) : [0, 100, 0];
    for (const one of graph.children) {
      if (one.tagName !== "svg") continue;
      const [x, w] = [number(one, "x"), number(one, "w")];
      const above = frame && number(one, "y") < depth && x <= from + 1e-6 && x + w >= from + wide - 1e-6;
      const within = x >= from - 1e-6 && x + w <= from + wide + 1e-6;
      one.style.display = above || within ? "" : "none";
      one.setAttribute("x", above ? "0%" : `${((x - from) / wide) * 100}%`);
      one.setAttribute("width", above ? "100%" : `${(w / wide) * 100}%`);
      name(one, graph);
    }
  };
  const name = (one, graph) => {
    const room = Math.floor((parseFloat(one.getAttribute("width")) / 100) * graph.clientWidth / 6.6);
    let text = one.querySelector("text");
    const label = one.dataset.l;
    if (room < 3) return text?.remove();
    if (!text) {
      text = document.createElementNS("http://www.w3.org/2000/svg", "text");
      text.setAttribute("x", 4);
      text.setAttribute("y", 14);
      one.append(text);
    }
    text.textContent = label.length <= room ? label : label.slice(0, room - 1) + "…";
  };
  for (const graph of all(".flame")) {
    const shown = [...graph.children].filter((one) => one.tagName === "svg");
    for (const one of shown) {
      one.dataset.x = parseFloat(one.getAttribute("x"));
      one.dataset.w = parseFloat(one.getAttribute("width"));
      one.dataset.y = one.getAttribute("y");
    }
    let chosen = null;
    const choose = (one) => {
      chosen?.classList.remove("chosen");
      chosen = one;
      if (!one) return hide();
      one.classList.add("chosen");
      const box = one.getBoundingClientRect();
      show(one.querySelector("title").textContent, box.left, box.top);
    };
    graph.setAttribute("tabindex", "0");
    graph.setAttribute("role", "group");
    graph.setAttribute("aria-label", graph.querySelector("title").textContent);
    graph.addEventListener("click", (event) => {
      const one = event.target.closest("svg");
      zoom(graph, one === graph ? null : one);
    });
    graph.addEventListener("keydown", (event) => {
      const seen = shown.filter((one) => one.style.display !== "none");
      const at = seen.indexOf(chosen);
      if (event.key === "ArrowRight" || event.key === "ArrowDown") choose(seen[Math.min(at + 1, seen.length - 1)]);
      else if (event.key === "ArrowLeft" || event.key === "ArrowUp") choose(seen[Math.max(at - 1, 0)]);
      else if (event.key === "Enter") zoom(graph, chosen);
      else if (event.key === "Escape") { zoom(graph, null); choose(null); }
      else return;
      event.preventDefault();
    });
    graph.addEventListener("blur", () => choose(null));
  }
})();
