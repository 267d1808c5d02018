// Cells of the grids of runs and of a run's sessions.

(() => {
  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  const h = (tag, props, ...children) => React.createElement(tag, props, ...children);

  cells.Status = ({ value, data }) =>
    value && h("span", { className: `status ${value.replaceAll(" ", "-")}`, title: data.error }, value);

  // A number that is none to worry about where it is 0, and else has a mark before it.
  cells.Trouble = ({ value }) =>
    value &&
    (value.number
      ? h("span", { className: "trouble", title: value.text }, h("i", { "aria-hidden": true }, "✗"), value.text)
      : h("span", { className: "none" }, value.text));

  // What nobody knows yet is asked for, of the rows in view, one after the other.
  const PASSING_MS = 1500; // who only passes by costs nothing
  const waiting = [];
  let asking = false;
  const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  async function ask() {
    if (asking) {
      return;
    }
    asking = true;
    await pause(PASSING_MS);
    while (waiting.length) {
      const job = waiting.shift();
      try {
        let answer = job.gone ? undefined : await fetch(job.place);
        while (answer?.status === 202 && !job.gone) {
          await pause(1000);
          answer = await fetch(job.place);
        }
        if (!job.gone) {
          job.told(answer.ok ? await answer.json() : { why: `the server says ${answer.status}` });
        }
      } catch {
        job.told({ why: "the server does not answer" });
      }
    }
    asking = false;
  }

  const counted = ({ worse, better }) => [
    worse > 0 && h("span", { key: "worse", className: "trouble" }, h("i", { "aria-hidden": true }, "✗"), `${worse} worse `),
    better > 0 && h("span", { key: "better", className: "better" }, `✓ ${better} better`),
    !worse && !better && h("span", { key: "same", className: "none" }, "= nothing"),
  ];

  cells.Worse = ({ value, data, node }) => {
    const place = value ? undefined : data.asks;
    const [why, setWhy] = React.useState();
    React.useEffect(() => {
      if (!place) {
        return undefined;
      }
      const job = { place };
      job.told = (found) => {
        if (found.why) {
          setWhy(found.why);
        } else {
          node.setDataValue("worse", { ...found, number: found.worse, text: `${found.worse} worse, ${found.better} better` });
        }
      };
      waiting.push(job);
      ask();
      return () => {
        job.gone = true;
      };
    }, [place]);
    if (data.unjudged || why) {
      return h("span", { className: "none", title: data.unjudged || why }, why ? "not known" : "–");
    }
    if (!value) {
      return h("span", { className: "none", title: data.against }, "comparing…");
    }
    return h("a", { tabIndex: -1, href: data.compare, className: "figure", title: [data.against, ...value.told].join("\n") }, ...counted(value));
  };

  cells.Verdict = ({ value, data }) =>
    h("span", { className: `verdict ${data.verdict}` }, h("i", { "aria-hidden": true }, data.sign), value);

  const SIGNS = { bench: "●", bisect: "◐", imported: "⇥" };
  cells.Sort = ({ value, data }) =>
    h("span", { className: `sort ${data.sort}`, title: value }, h("i", { "aria-hidden": true }, SIGNS[data.sort]), value);
})();
