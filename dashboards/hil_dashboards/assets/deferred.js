// Parts of pages/deferred.py: plots are drawn when they come near the view, with scripts that are asked for
// then, and grids one after the other when the browser has nothing else to do.

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
    if (place.dataset.when === "near") {
      await window.hilScripts("dash_core_components");
    }
    if (place.isConnected && place.dataset.deferred === told) {
      dash_clientside.set_props(place.id, { children: JSON.parse(told) });
    }
  }

  const tried = (place) => draw(place).catch(() => held.delete(place));
  const near = new IntersectionObserver(
    (seen) => seen.filter((one) => one.isIntersecting).forEach((one) => tried(one.target)),
    { rootMargin: "300px" },
  );

  let waiting = [];
  function next() {
    const place = waiting.shift();
    if (place) {
      tried(place);
      idle(next, { timeout: 500 });
    }
  }

  function look() {
    const places = [...document.querySelectorAll("[data-deferred]")];
    const changed = places.filter((place) => asked.get(place) !== place.dataset.deferred);
    const busy = waiting.length > 0;
    for (const place of changed) {
      asked.set(place, place.dataset.deferred);
      if (place.dataset.when === "near") {
        near.unobserve(place); // observed anew, it is told where it is
        near.observe(place);
      } else {
        waiting.push(place);
      }
    }
    if (!busy && waiting.length) {
      idle(next, { timeout: 500 });
    }
  }

  new MutationObserver(look).observe(document.documentElement, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ["data-deferred"],
  });
})();
