// What stands at an address: the server's answer, of which the index asks for the first while scripts are read.

(() => {
  // What the browser's tab says; the index says of itself which page it is.
  const entitle = (title) => (document.title = `${title} · HIL lab`);

  const element = (type, props) => ({ namespace: "dash_html_components", type, props });
  const notice = (why) => {
    entitle("No answer");
    return element("Main", {
      className: "wrap",
      children: element("Section", {
        className: "notice card",
        children: [element("H1", { children: "No answer" }), element("P", { children: why })],
      }),
    });
  };

  const added = (src) =>
    new Promise((resolve, reject) => {
      const script = { src, async: false, onload: resolve, onerror: reject }; // run in their order
      document.body.append(Object.assign(document.createElement("script"), script));
    });

  // The scripts of what not every page has; once is enough, unless one does not come.
  const coming = {};
  function scripts(namespace) {
    coming[namespace] = coming[namespace] || Promise.all(window.hilLater[namespace].map(added));
    coming[namespace].catch(() => (coming[namespace] = undefined));
    return coming[namespace];
  }
  // They use Dash's own, which this event waits for.
  document.addEventListener("DOMContentLoaded", () => window.hilSoon.forEach(scripts));

  // What a page did not wait for is asked for, and the page shown anew: some times, as each of several servers
  // has to make it for itself.
  const TIMES = 6;
  const times = new Map();
  const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  async function compared(place, shown) {
    times.set(place, (times.get(place) || 0) + 1);
    let told = "It could not be compared. Reload the page to try again.";
    if (times.get(place) <= TIMES) {
      let answer = await fetch(place);
      while (answer.status === 202 && here() === shown) {
        await later(1000);
        answer = await fetch(place);
      }
      if (here() !== shown) {
        return;
      }
      const { why } = answer.ok ? await answer.json() : { why: `The dashboard's server says: ${answer.status}.` };
      if (!why) {
        show();
        return;
      }
      told = why;
    }
    for (const one of document.querySelectorAll(".comparing")) {
      one.textContent = told;
    }
  }

  const here = () => location.pathname + location.search;

  let shown;
  async function page() {
    const asked = (shown = here());
    const address = `/content${location.pathname}${location.search}`;
    const first = window.hilFirst;
    window.hilFirst = undefined;
    try {
      const answer = await (first && first.address === address ? first.answer : fetch(address));
      if (answer.status === 401) {
        location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
      }
      if (!answer.ok) {
        return notice(`The dashboard's server says: ${answer.status} ${answer.statusText}.`);
      }
      const text = await answer.text();
      const needed = Object.keys(window.hilLater).filter((name) => text.includes(`"namespace":"${name}"`));
      await Promise.all(needed.map(scripts));
      const waits = text.match(/"data-comparing":"([^"]*)"/);
      if (waits) {
        compared(waits[1], here()).catch(() => {});
      }
      if (location.hash) {
        whenDrawn(() => document.getElementById(decodeURIComponent(location.hash.slice(1))), (found) => found.scrollIntoView());
      }
      const content = JSON.parse(text);
      if (here() === asked) {
        entitle(content.props["data-title"]);
      }
      return content;
    } catch {
      return notice("The dashboard's server does not answer. Start hil dashboard, then reload this page.");
    }
  }

  // Links within the dashboard load its content alone, and so does going back.
  const show = () => dash_clientside.set_props?.("address", { value: here() });
  // To another place of the same page the browser goes by itself; a script that says so wants the page anew.
  window.addEventListener("popstate", (event) => (here() !== shown || !event.isTrusted) && show());
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='/']");
    const modified = event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
    if (!link || modified || event.defaultPrevented) {
      return;
    }
    event.preventDefault();
    if (link.pathname !== location.pathname) {
      window.scrollTo(0, 0); // who chooses something on a page goes on looking there
    }
    go(link.href);
  });

  function go(address) {
    history.pushState(null, "", address);
    show();
  }

  // Fields of pages/choosers.py: each change leads to the address that has what is chosen then. They tell what
  // they hold when they are drawn, too, which is what the page shows already.
  function choose() {
    for (const { prop_id, value } of dash_clientside.callback_context.triggered) {
      const { chooser, base, chosen, label } = JSON.parse(prop_id.slice(0, prop_id.lastIndexOf(".")));
      const values = [value ?? []].flat().filter(Boolean);
      const now = JSON.stringify(values);
      if (now !== chosen) {
        const to = new URL(base, location.origin);
        values.forEach((one) => to.searchParams.append(chooser, one));
        go(to.href);
        focusAgain(label, now);
      }
    }
    return dash_clientside.no_update;
  }

  // The page that is drawn anew has a chooser of that name, too: who uses the keyboard goes on there.
  function focusAgain(name, now) {
    const held = (one) => JSON.parse(one.id);
    const same = (one) => held(one).label === name && held(one).chosen === now;
    whenDrawn(
      () => [...document.querySelectorAll(".chooser input[id]")].find(same),
      (found) => {
        if (document.activeElement === document.body || document.activeElement.closest(".chooser")) {
          found.focus();
        }
      },
    );
  }

  // Act on something of the page that comes, unless another comes before.
  function whenDrawn(find, act) {
    const wanted = here();
    const drawn = new MutationObserver(() => {
      const found = find();
      if (found && here() === wanted) {
        act(found);
      }
      if (found || here() !== wanted) {
        drawn.disconnect();
      }
    });
    drawn.observe(document.getElementById("page"), { childList: true, subtree: true });
  }

  window.hilScripts = scripts; // for what is drawn later: assets/deferred.js
  window.dash_clientside = { ...window.dash_clientside, hil: { page, choose } };
})();
