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
    const proofs = ["first", "second"].map((one) => valueOf(form, `demands__second_check__${one}`));
    return {
      hours: byAmount ? "amount" : "fixed",
      phone: form.querySelector("[name^=demands__methods__]:checked") ? "on" : "off",
      face: proofs.includes("face") ? "on" : "off",
    };
  };

  const fold = (form) => {
    const known = facts(form);
    for (const part of form.querySelectorAll("[data-when]")) {
      const [name, wanted] = part.dataset.when.split("=");
      const value = known[name] ?? valueOf(form, name);
      // What is wrong stays in sight until it is mended.
      const isWrong = part.matches(".kq-wrong") || part.querySelector(".kq-wrong");
      part.hidden = !wanted.split(",").includes(value) && !isWrong;
    }
  };

  // A rotation by weeks has as many days as its weeks; a free one as many as there are rows.
  const WEEKS = { weekly: 7, biweekly: 14 };

  const nameTurns = (form) => {
    const language = document.documentElement.lang || "en";
    const names = new Intl.DateTimeFormat(language, { weekday: "short", timeZone: "UTC" });
    const due = WEEKS[valueOf(form, "kind")];
    for (const turns of form.querySelectorAll("[data-turns]")) {
      const body = turns.querySelector("[data-rows-body]");
      while (due && body.children.length < due) {
        body.append(turns.querySelector("template").content.cloneNode(true));
      }
      while (due && body.children.length > due) body.lastElementChild.remove();
      [...body.children].forEach((turn, index) => {
        const weekday = names.format(new Date(Date.UTC(2024, 0, 1 + index)));
        turn.querySelector("[data-turn-day]").textContent = due ? weekday : index + 1;
        const chosen = turn.querySelector("select").selectedOptions[0];
        turn.style.setProperty("--turn", chosen?.dataset.color || "");
      });
    }
  };

  // While something does not fit, the last drawing that did stays, dimmed, above what is wrong.
  const show = (target, text) => {
    const last = target.querySelector("[data-drawn]");
    target.innerHTML = text;
    if (!last || target.querySelector("[data-drawn]")) return;
    last.classList.add("kq-stale");
    target.firstElementChild.prepend(last);
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
          if (answer.ok) show(target, await answer.text());
        } catch (error) {
          if (error.name !== "AbortError") throw error;
        }
      }, DELAY);
    };
  };

  for (const stage of document.querySelectorAll("[data-shift-form]")) {
    const form = stage.closest("form");
    const redraw = stage.dataset.preview ? follow(form, stage) : () => {};
    const settle = () => { nameTurns(form); fold(form); };
    const changed = () => { settle(); redraw(); };
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
    settle();
  }
})();
