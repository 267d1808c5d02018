// The plot of a power trace: pages/trace.py says what there is, /samples gives the points of a stretch.

(() => {
  const LEFT = 58;
  const RIGHT = 14;
  const TOP = 46;
  const BOTTOM = 34;
  const LETTER = 7.5; // pixels of a label's letters

  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  function make(tag, attributes, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) {
      made.setAttribute(name, value);
    }
    if (text !== undefined) {
      made.textContent = text;
    }
    return made;
  }

  // Round steps, so that about so many fit.
  function ticks(low, high, count) {
    const rough = (high - low) / Math.max(1, count);
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find((one) => one * power >= rough) * power;
    const found = [];
    for (let place = Math.ceil(low / step); place * step <= high + step * 1e-9; place += 1) {
      found.push(place * step);
    }
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    return found.map((value) => [value, value.toFixed(digits)]);
  }

  class Plot {
    constructor(box) {
      this.box = box;
      this.about = JSON.parse(box.dataset.trace);
      this.points = this.about.points;
      this.asked = 0;
      this.readout = box.parentElement.querySelector(".readout");
      this.svg = make("svg", { "aria-hidden": "true" });
      box.append(this.svg);
      this.width = 0;
      new ResizeObserver(() => this.width !== box.clientWidth && this.draw()).observe(box);
      box.addEventListener("pointerdown", (event) => this.press(event));
      box.addEventListener("pointermove", (event) => this.move(event));
      box.addEventListener("pointerup", (event) => this.release(event));
      box.addEventListener("pointercancel", () => this.choose());
      box.addEventListener("pointerleave", () => this.tell(""));
      box.addEventListener("dblclick", () => this.step("all"));
      box.addEventListener("keydown", (event) => this.key(event));
      this.draw();
    }

    x(seconds) {
      const { from, to } = this.points;
      return LEFT + ((seconds - from) / (to - from || 1)) * (this.width - LEFT - RIGHT);
    }

    seconds(x) {
      const { from, to } = this.points;
      return from + (clamp(x - LEFT, 0, this.width - LEFT - RIGHT) / (this.width - LEFT - RIGHT)) * (to - from);
    }

    draw() {
      this.width = this.box.clientWidth;
      this.height = this.box.clientHeight;
      if (!this.width) {
        return; // it was taken out of the page
      }
      const held = this.points.y.filter((value) => value !== null);
      const low = held.reduce((least, value) => Math.min(least, value), 0);
      const high = held.reduce((most, value) => Math.max(most, value), low + 1e-6);
      const top = high + (high - low) * 0.05;
      const y = (value) => TOP + ((top - value) / (top - low)) * (this.height - TOP - BOTTOM);
      const foot = this.height - BOTTOM;
      const parts = [this.hatching()];
      for (const [value, text] of ticks(low, top, (this.height - TOP - BOTTOM) / 44)) {
        parts.push(make("line", { class: "rule", x1: LEFT, x2: this.width - RIGHT, y1: y(value), y2: y(value) }));
        parts.push(make("text", { class: "tick", x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, text));
      }
      for (const [value, text] of ticks(this.points.from, this.points.to, (this.width - LEFT - RIGHT) / 72)) {
        parts.push(make("line", { class: "mark", x1: this.x(value), x2: this.x(value), y1: foot, y2: foot + 5 }));
        parts.push(make("text", { class: "tick", x: this.x(value), y: foot + 20, "text-anchor": "middle" }, text));
      }
      parts.push(make("text", { class: "tick", x: LEFT - 8, y: TOP - 12, "text-anchor": "end" }, "mA"));
      parts.push(make("text", { class: "tick", x: this.width - RIGHT, y: foot + 32, "text-anchor": "end" }, "s"));
      parts.push(...this.spans(foot), make("path", { class: "current", d: this.path(y) }));
      this.chosen = make("rect", { class: "chosen", y: TOP, height: foot - TOP, width: 0 });
      this.cursor = make("line", { class: "cursor", x1: -1, x2: -1, y1: TOP, y2: foot });
      this.svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
      this.svg.replaceChildren(...parts, this.chosen, this.cursor);
      this.box.dataset.drawn = `${this.points.from} ${this.points.to}`;
    }

    hatching() {
      const pattern = make("pattern", {
        id: "hatching",
        width: 8,
        height: 8,
        patternUnits: "userSpaceOnUse",
        patternTransform: "rotate(45)",
      });
      pattern.append(make("rect", { class: "stripe", width: 3, height: 8 }));
      return pattern;
    }

    // Windows and the time before them, with as much of their names as there is room for.
    spans(foot) {
      const { windows, idle } = this.about;
      const named = windows.map((one) => ({
        ...one,
        kind: one.why ? "wrong" : "window",
        names: one.why ? [`✗ ${one.name}: ${one.why}`, `✗ ${one.name}`, "✗"] : [`window ${one.name}`, one.name],
      }));
      if (idle) {
        named.unshift({ from: idle[0], to: idle[1], kind: "idle", names: ["idle"] });
      }
      const shown = named.filter((one) => one.to > this.points.from && one.from < this.points.to);
      return shown.flatMap((one) => {
        const begin = Math.max(LEFT, this.x(one.from));
        const width = Math.max(1, Math.min(this.width - RIGHT, this.x(one.to)) - begin);
        const area = make("rect", { class: one.kind, x: begin, y: TOP, width, height: foot - TOP });
        area.append(make("title", {}, one.why ? `window ${one.name} does not count: ${one.why}` : one.names[0]));
        const name = one.names.find((text) => text.length * LETTER < width) || this.cut(one, width);
        const label = { class: `label ${one.kind}`, x: begin + width / 2, y: TOP - 10, "text-anchor": "middle" };
        return [area, ...(name ? [make("text", label, name)] : [])];
      });
    }

    cut(one, width) {
      return one.kind === "wrong" && width > 3 ? "✗" : "";
    }

    path(y) {
      const { t, y: held } = this.points;
      let apart = true;
      const parts = [];
      for (let place = 0; place < t.length; place += 1) {
        if (held[place] === null) {
          apart = true;
          continue;
        }
        parts.push(apart ? "M" : "L", this.x(t[place]).toFixed(1), " ", y(held[place]).toFixed(1));
        apart = false;
      }
      return parts.join("");
    }

    async show(from, to) {
      const { seconds, step, samples, page } = this.about;
      const least = Math.min(10 * step, seconds);
      const length = clamp(to - from, least, seconds);
      const begin = clamp((from + to - length) / 2, 0, seconds - length);
      const whole = length >= seconds;
      const range = whole ? "" : `&from=${begin.toFixed(9)}&to=${(begin + length).toFixed(9)}`;
      const asked = (this.asked += 1);
      try {
        const answer = await fetch(`${samples}${range}&points=${Math.round(2 * this.width)}`);
        if (answer.status === 401) {
          location.reload(); // the log-in has ended: where to log in anew
          return;
        }
        const told = await answer.json();
        if (asked !== this.asked) {
          return; // another stretch was asked for meanwhile
        }
        if (!answer.ok) {
          this.tell(told.why);
          return;
        }
        this.points = told;
        history.replaceState(history.state, "", `${page}${range}`);
        this.draw();
      } catch {
        this.tell("The dashboard's server does not answer.");
      }
    }

    step(name) {
      const { from, to } = this.points;
      const length = to - from;
      const [less, more] = {
        in: [0.25, -0.25],
        out: [-0.5, 0.5],
        earlier: [-0.5, -0.5],
        later: [0.5, 0.5],
        all: [-Infinity, Infinity],
      }[name];
      this.show(name === "all" ? 0 : from + less * length, name === "all" ? this.about.seconds : to + more * length);
    }

    key(event) {
      const step = { "+": "in", "=": "in", "-": "out", ArrowLeft: "earlier", ArrowRight: "later", 0: "all" }[event.key];
      if (step && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        this.step(step);
      }
    }

    at(event) {
      return event.clientX - this.box.getBoundingClientRect().left;
    }

    press(event) {
      if (event.button === 0 && event.pointerType !== "touch") {
        this.begun = this.at(event);
        this.box.setPointerCapture(event.pointerId);
      }
    }

    move(event) {
      const x = this.at(event);
      if (this.begun !== undefined) {
        this.choose(Math.min(x, this.begun), Math.max(x, this.begun));
      }
      this.point(this.seconds(x));
    }

    release(event) {
      const [begin, end] = [this.begun, this.at(event)].sort((one, other) => one - other);
      this.choose();
      if (begin !== undefined && end - begin > 5) {
        this.show(this.seconds(begin), this.seconds(end));
      }
    }

    choose(begin, end) {
      if (begin === undefined) {
        this.begun = undefined;
      }
      this.chosen.setAttribute("x", begin ?? 0);
      this.chosen.setAttribute("width", begin === undefined ? 0 : end - begin);
    }

    // The drawn sample that is nearest to a time.
    point(seconds) {
      const { t, y } = this.points;
      let low = 0;
      let high = t.length - 1;
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        [low, high] = t[middle] <= seconds ? [middle, high] : [low, middle];
      }
      const near = seconds - t[low] < t[high] - seconds ? low : high;
      const value = y[near];
      this.cursor.setAttribute("x1", this.x(t[near]));
      this.cursor.setAttribute("x2", this.x(t[near]));
      const inside = this.about.windows.find((one) => t[near] >= one.from && t[near] < one.to);
      const where = inside ? `, window ${inside.name}${inside.why ? ` ✗ ${inside.why}` : ""}` : "";
      this.tell(`${t[near].toFixed(6)} s: ${value === null ? "no sample" : `${value.toPrecision(4)} mA`}${where}`);
    }

    tell(words) {
      this.readout.textContent = words;
      if (!words) {
        this.cursor.setAttribute("x1", -1);
        this.cursor.setAttribute("x2", -1);
      }
    }
  }

  const plots = new WeakMap();

  function look() {
    for (const box of document.querySelectorAll(".trace-plot")) {
      if (plots.get(box)?.about !== box.dataset.trace) {
        box.replaceChildren();
        plots.set(box, { about: box.dataset.trace, plot: new Plot(box) });
      }
    }
  }

  new MutationObserver(look).observe(document.documentElement, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ["data-trace"],
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-step]");
    const box = button?.closest(".trace-card").querySelector(".trace-plot");
    plots.get(box)?.plot.step(button.dataset.step);
  });
})();
