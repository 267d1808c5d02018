// What stands at an address: the server's answer, of which the index asks for the first while scripts are read.

(() => {
  const element = (type, props) => ({ namespace: "dash_html_components", type, props });
  const notice = (why) =>
    element("Main", {
      className: "wrap",
      children: element("Section", {
        className: "notice card",
        children: [element("H1", { children: "No answer" }), element("P", { children: why })],
      }),
    });

  async function page(path, search) {
    const address = `/content${path}${search}`;
    const first = window.hilFirst;
    window.hilFirst = undefined;
    try {
      const answer = await (first && first.address === address ? first.answer : fetch(address));
      return answer.ok ? answer.json() : notice(`The dashboard's server says: ${answer.status} ${answer.statusText}.`);
    } catch {
      return notice("The dashboard's server does not answer. Start hil dashboard, then reload this page.");
    }
  }

  window.dash_clientside = { ...window.dash_clientside, hil: { page } };
})();
