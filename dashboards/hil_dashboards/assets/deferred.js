// Parts of pages/deferred.py: what comes near the view is drawn, plots with scripts that are asked for then. Who
// uses keys may search the page, or go to what is not in view: from the first key on all grids are drawn.

(() => {
  const asked = new WeakMap(); // what each place was last seen to want
  const held = new WeakMap(); // and what it has been given
  const idle = window.requestIdleCallback || ((then) => setTimeout(then, 30));

  async function draw(place) {
    const told = place.dataset.deferred;
    if (!place.isConnected || held.get(place) === told) {
      return;
    }
    held.set(place, told);
    if (told.includes('"namespace":"dash_core_components"')) {
      await window.hilScripts("dash_core_components");
    }
    if (place.isConnected && place.dataset.deferred === told) {
      dash_clientside.set_props(place.id, { children: JSON.parse(told) });
    }
  }

  const tried = (place) => draw(place).catch(() => held.delete(place));
  let keys = false;
  const waiting = [];
  function next() {
    const place = waiting.shift();
    if (place) {
      tried(place);
      idle(next, { timeout: 500 });
    }
  }

  function idly(places) {
    const busy = waiting.length > 0;
    waiting.push(...places);
    if (!busy && waiting.length) {
      idle(next, { timeout: 500 });
    }
  }

  // What is in view is drawn first.
  const near = new IntersectionObserver(
    (found) => {
      const close = found.filter((one) => one.isIntersecting);
      const seen = close.filter((one) => one.boundingClientRect.top < window.innerHeight);
      seen.forEach((one) => tried(one.target));
      idly(close.filter((one) => !seen.includes(one)).map((one) => one.target));
    },
    { rootMargin: "300px" },
  );

  const places = (when) => [...document.querySelectorAll(`[data-deferred][data-when~=${when}]`)];
  document.addEventListener("keydown", () => {
    if (!keys) {
      keys = true;
      idly(places("key"));
    }
  });

  function look() {
    const changed = places("near").filter((place) => asked.get(place) !== place.dataset.deferred);
    for (const place of changed) {
      asked.set(place, place.dataset.deferred);
      near.unobserve(place); // observed anew, it is told where it is
      near.observe(place);
    }
    idly(keys ? changed.filter((place) => place.matches("[data-when~=key]")) : []);
  }

  new MutationObserver(look).observe(document.documentElement, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ["data-deferred"],
  });
})();
