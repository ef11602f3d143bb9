// Whoever writes a person is offered those that they may see. Without scripts a number will do.
(() => {
  const DELAY = 200;

  for (const box of document.querySelectorAll("input[data-people]")) {
    const list = document.createElement("datalist");
    list.id = `${box.id}-people`;
    box.after(list);
    box.setAttribute("list", list.id);
    let timer = 0;
    let last = "";

    const offer = async () => {
      const written = box.value.trim();
      if (!written || written === last) return;
      last = written;
      const address = new URL(box.dataset.people, location.href);
      address.searchParams.set("term", written);
      const answer = await fetch(address, { headers: { Accept: "application/json" } }).catch(() => null);
      // Answers come in any order; one to what is no longer written is late.
      if (!answer?.ok || written !== last) return;
      const rows = (await answer.json()).results;
      list.replaceChildren(...rows.map((row) => new Option("", row.text)));
    };
    box.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(offer, DELAY);
    });
  }
})();
