// The inbox by keyboard: j and k go down and up, x chooses, a approves, r goes to the reason.
(() => {
  const form = document.querySelector("[data-inbox]");
  if (!form) return;
  const cards = [...form.querySelectorAll("[data-card]")];
  const told = form.querySelector("[data-chosen]");
  const boxes = cards.map((card) => card.querySelector("input[type=checkbox]"));
  let here = -1;

  const tell = () => {
    const number = boxes.filter((box) => box.checked).length;
    told.textContent = number ? `${number} / ${boxes.length}` : "";
    cards.forEach((card, n) => card.classList.toggle("is-chosen", boxes[n].checked));
  };
  const go = (to) => {
    here = Math.max(0, Math.min(cards.length - 1, to));
    cards[here].focus({ preventScroll: true });
    cards[here].scrollIntoView({ block: "nearest" });
  };
  const choose = () => {
    if (here < 0) return;
    boxes[here].checked = !boxes[here].checked;
    tell();
  };
  const press = (act) => {
    if (!boxes.some((box) => box.checked)) {
      if (here < 0) return;
      boxes[here].checked = true;
    }
    form.requestSubmit(form.querySelector(`[name=act][value=${act}]`));
  };

  // Those that were refused come back chosen.
  tell();
  form.addEventListener("change", tell);
  form.querySelector("[data-choose-all]").addEventListener("click", () => {
    const all = boxes.every((box) => box.checked);
    boxes.forEach((box) => { box.checked = !all; });
    tell();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input:not([type=checkbox]), select, textarea")) return;
    const keys = {
      j: () => go(here + 1), k: () => go(here - 1), x: choose,
      a: () => press("approve"), r: () => form.querySelector("[name=reason]").focus(),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
})();
