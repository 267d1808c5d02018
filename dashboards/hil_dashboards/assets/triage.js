// The dialog that asks what becomes of a regression, and tells the server.

(() => {
  const SUBJECT = ["board", "kind", "model", "precision", "metric", "technique", "run", "baseline"];
  const CHOICES = [
    ["acknowledged", "Acknowledge: known, until it is worse than now"],
    ["ignored", "Ignore until", { name: "until", type: "date", label: "Day" }],
    ["fixed", "Fixed by commit", { name: "commit", pattern: "[0-9a-fA-F]{7,64}", label: "Commit", maxLength: 64 }],
    ["reopened", "Open again"],
  ];

  const made = (tag, props = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), props);
    element.append(...children);
    return element;
  };

  function choice([value, words, more], first) {
    const radio = made("input", { type: "radio", name: "decision", value, required: true, checked: first });
    const line = made("div", { className: "choice-line" }, made("label", {}, radio, ` ${words}`));
    if (more) {
      const { label, ...props } = more;
      const input = made("input", { ...props, required: true, disabled: true });
      input.setAttribute("aria-label", label);
      line.append(input);
    }
    return line;
  }

  function shown(data) {
    const refused = made("p", { className: "warning", role: "alert" });
    const reason = made("textarea", { name: "reason", rows: 3, maxLength: 2000, required: true });
    const cancel = made("button", { type: "button", textContent: "Cancel" });
    const form = made(
      "form",
      { method: "dialog" },
      made("h2", { id: "decide-title", textContent: `${data.title}: ${data.name} on ${data.board}` }),
      made("p", { className: "muted", textContent: `${data.before.text} before, ${data.now.text} now: ${data.change.text}` }),
      made("fieldset", {}, made("legend", { textContent: "What becomes of it" }), ...CHOICES.map((one, place) => choice(one, !place))),
      made("label", { className: "reason" }, "Reason", reason),
      refused,
      made("div", { className: "buttons" }, made("button", { className: "main", textContent: "Decide" }), cancel),
    );
    const dialog = made("dialog", { className: "card" }, form);
    dialog.setAttribute("aria-labelledby", "decide-title");
    cancel.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    form.addEventListener("change", () => {
      for (const input of form.querySelectorAll(".choice-line > input")) {
        input.disabled = !input.previousElementSibling.querySelector("input").checked;
      }
    });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const given = Object.fromEntries(new FormData(form));
      for (const name of SUBJECT) {
        given[name] = data[name];
      }
      refused.textContent = await told(given);
      if (!refused.textContent) {
        location.reload();
      }
    });
    return dialog;
  }

  // Why the server refuses, or nothing.
  async function told(given) {
    try {
      const answer = await fetch("/api/triage", {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-HIL-Guard": document.querySelector(".who").dataset.guard },
        body: JSON.stringify(given),
      });
      if (answer.ok) {
        return "";
      }
      const text = await answer.text();
      return answer.headers.get("Content-Type") === "application/json" ? JSON.parse(text).error : text;
    } catch {
      return "The dashboard's server does not answer.";
    }
  }

  window.hilDecide = (data) => {
    const dialog = shown(data);
    document.body.append(dialog);
    dialog.showModal();
  };
})();
