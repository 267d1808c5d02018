// Small plots of a session's samples and windows: figures/samples.py says what their points are.

(() => {
  const LEFT = 34; // without a tick's letters
  const RIGHT = 16;
  const TOP = 30;
  const BOTTOM = 44;
  const LETTER = 7;

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

  const written = (value, digits) =>
    value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });

  // Round steps, so that about so many fit.
  function ticks(low, high, count) {
    const rough = (high - low) / Math.max(1, count);
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find((one) => one * power >= rough * 0.999) * power;
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const found = [];
    for (let place = Math.ceil(low / step - 1e-9); place * step <= high + step * 1e-9; place += 1) {
      found.push([place * step, written(place * step || 0, digits)]); // no minus before a zero
    }
    return found;
  }

  class Chart {
    constructor(box) {
      this.box = box;
      this.about = JSON.parse(box.dataset.chart);
      this.svg = make("svg", { "aria-hidden": "true" });
      this.readout = box.parentElement.querySelector(".readout");
      box.append(this.svg);
      this.bars = this.about.kind === "bars";
      box.onpointermove = (event) => this.point(event.clientX - box.getBoundingClientRect().left);
      box.onpointerleave = () => this.tell();
      new ResizeObserver(() => this.width !== box.clientWidth && this.draw()).observe(box);
      this.draw();
    }

    range() {
      const { points } = this.about;
      const xs = this.bars ? points.flatMap(([from, to]) => [from, to]) : points.map(([x]) => x);
      const ys = points.map((one) => one[this.bars ? 2 : 1]);
      const all = (values) => [Math.min(...values), Math.max(...values)];
      const [low, high] = this.bars ? [0, Math.max(...ys, 0)] : all(ys);
      const room = (high - low || 1) * 0.08;
      return { x: all(xs), y: [this.bars ? 0 : low - room, high + room] };
    }

    draw() {
      this.width = this.box.clientWidth;
      this.height = this.box.clientHeight;
      if (!this.width) {
        return; // it was taken out of the page
      }
      const { x: xs, y: ys } = this.range();
      const high = this.height - TOP - BOTTOM;
      const levels = this.ticks("y", ys, high / 44);
      this.left = LEFT + LETTER * Math.max(...levels.map(([, text]) => text.length), 0);
      const wide = this.width - this.left - RIGHT;
      this.x = (value) => this.left + ((value - xs[0]) / (xs[1] - xs[0] || 1)) * wide;
      this.y = (value) => TOP + ((ys[1] - value) / (ys[1] - ys[0] || 1)) * high;
      const foot = TOP + high;
      const parts = [];
      for (const [value, text] of levels) {
        parts.push(make("line", { class: "rule", x1: this.left, x2: this.width - RIGHT, y1: this.y(value), y2: this.y(value) }));
        parts.push(make("text", { x: this.left - 8, y: this.y(value) + 4, "text-anchor": "end" }, text));
      }
      for (const [value, text] of this.ticks("x", xs, wide / 84)) {
        parts.push(make("line", { class: "mark", x1: this.x(value), x2: this.x(value), y1: foot, y2: foot + 5 }));
        parts.push(make("text", { x: this.x(value), y: foot + 19, "text-anchor": "middle" }, text));
      }
      parts.push(make("text", { x: 4, y: 14 }, this.about.y));
      parts.push(make("text", { x: this.width - RIGHT, y: foot + 37, "text-anchor": "end" }, this.about.x));
      parts.push(...this.shapes(foot), ...this.marks(foot));
      this.cursor = make("line", { class: "cursor", x1: -1, x2: -1, y1: TOP, y2: foot });
      this.svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
      this.svg.replaceChildren(...parts, this.cursor);
    }

    // What is counted has whole numbers alone.
    ticks(axis, [low, high], count) {
      const found = ticks(low, high, count);
      if (!this.about.whole?.includes(axis)) {
        return found;
      }
      return found.filter(([value]) => Number.isInteger(value)).map(([value]) => [value, written(value || 0, 0)]);
    }

    shapes(foot) {
      const { kind, points } = this.about;
      if (kind === "bars") {
        return points.flatMap(([from, to, value, wrong]) => {
          const x = this.x(from) + 0.5;
          const width = Math.max(1, this.x(to) - this.x(from) - 1);
          const y = this.y(value);
          const shape = { class: wrong ? "column wrong" : "column", x, width, y, height: Math.max(0, foot - y) };
          const sign = { class: "wrong", x: x + width / 2, y: y - 5, "text-anchor": "middle" };
          return [make("rect", shape), ...(wrong ? [make("text", sign, "✗")] : [])];
        });
      }
      if (kind === "line") {
        const path = points.map(([x, y], place) => `${place ? "L" : "M"}${this.x(x).toFixed(1)} ${this.y(y).toFixed(1)}`);
        return [make("path", { class: "curve", d: path.join("") })];
      }
      return points.map(([x, y]) => make("circle", { class: "dot", cx: this.x(x), cy: this.y(y), r: 2 }));
    }

    // Lines across, such as where the median lies, named where there is room.
    marks(foot) {
      const upright = this.bars;
      const taken = [];
      return (this.about.marks || []).flatMap(([value, name]) => {
        const at = upright ? this.x(value) : this.y(value);
        const line = upright
          ? { x1: at, x2: at, y1: TOP, y2: foot }
          : { x1: this.left, x2: this.width - RIGHT, y1: at, y2: at };
        const half = (name.length * LETTER) / 2;
        const place = upright ? Math.min(Math.max(at, this.left + half), this.width - RIGHT - half) : at;
        const fits = taken.every((other) => Math.abs(other - place) > (upright ? 2 * half : 16));
        taken.push(...(fits ? [place] : []));
        const label = upright
          ? { x: place, y: TOP - 8, "text-anchor": "middle" }
          : { x: this.left + 6, y: at - 5 };
        return [make("line", { class: "level", ...line }), ...(fits ? [make("text", label, name)] : [])];
      });
    }

    point(x) {
      const { points, told } = this.about;
      const middle = ([from, to]) => this.x(this.bars ? (from + to) / 2 : from);
      const away = points.map((one) => Math.abs(middle(one) - x));
      const near = away.indexOf(Math.min(...away));
      this.cursor.setAttribute("x1", middle(points[near]));
      this.cursor.setAttribute("x2", middle(points[near]));
      this.tell(told[near]);
    }

    tell(words = "") {
      this.readout.textContent = words;
      if (!words) {
        this.cursor.setAttribute("x1", -1);
        this.cursor.setAttribute("x2", -1);
      }
    }
  }

  const drawn = new WeakMap();

  function look() {
    for (const box of document.querySelectorAll("[data-chart]")) {
      if (drawn.get(box) !== box.dataset.chart) {
        drawn.set(box, box.dataset.chart);
        box.replaceChildren();
        new Chart(box);
      }
    }
  }

  new MutationObserver(look).observe(document.documentElement, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ["data-chart"],
  });
})();
