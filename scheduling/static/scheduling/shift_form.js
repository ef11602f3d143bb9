// Rows that come and go, boxes that belong to one kind of shift, and a drawing that follows the
// typing. The server alone knows the rules: it draws, and says what is wrong.
(() => {
  const DELAY = 300;

  const valueOf = (form, name) => {
    const boxes = [...form.querySelectorAll(`[name="${name}"]`)];
    const box = boxes.find((one) => !["radio", "checkbox"].includes(one.type) || one.checked);
    return box ? box.value : "";
  };

  const facts = (form) => {
    const kind = valueOf(form, "kind");
    const byAmount = kind === "free" || (kind === "flexible" && valueOf(form, "flexible__mode") === "daily_hours");
    return { hours: byAmount ? "amount" : "fixed" };
  };

  const fold = (form) => {
    const known = facts(form);
    for (const part of form.querySelectorAll("[data-when]")) {
      const [name, wanted] = part.dataset.when.split("=");
      const value = known[name] ?? valueOf(form, name);
      part.hidden = !wanted.split(",").includes(value);
    }
  };

  const follow = (form, stage) => {
    const target = stage.querySelector("[data-preview-target]");
    let timer, running;
    return () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        running?.abort();
        running = new AbortController();
        try {
          const answer = await fetch(stage.dataset.preview, {
            method: "POST", body: new FormData(form), signal: running.signal,
          });
          if (answer.ok) target.innerHTML = await answer.text();
        } catch (error) {
          if (error.name !== "AbortError") throw error;
        }
      }, DELAY);
    };
  };

  for (const stage of document.querySelectorAll("[data-shift-form]")) {
    const form = stage.closest("form");
    const redraw = stage.dataset.preview ? follow(form, stage) : () => {};
    const changed = () => { fold(form); redraw(); };
    form.addEventListener("input", changed);
    form.addEventListener("change", changed);
    form.addEventListener("click", (event) => {
      const adds = event.target.closest("[data-row-add]");
      const removes = event.target.closest("[data-row-remove]");
      if (adds) {
        const rows = adds.closest("[data-rows]");
        rows.querySelector("[data-rows-body]").append(rows.querySelector("template").content.cloneNode(true));
        rows.querySelector("[data-rows-body] > :last-child").querySelector("input, select").focus();
      }
      if (removes) removes.closest("[data-row]").remove();
      if (adds || removes) changed();
    });
    fold(form);
  }
})();
