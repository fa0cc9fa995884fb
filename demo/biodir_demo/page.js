// Selecting a relation in table or network highlights its evidence; headings sort the table. After a filter the server
// draws the views again, so the events are listened to at the document, and the table is sorted again after a change.
(() => {
  const order = { column: 5, descending: true };
  let selected = null;

  function select(number) {
    selected = number === selected ? null : number;
    show(true);
  }

  function show(scrolls) {
    for (const body of document.querySelectorAll(".bd-table tbody")) {
      const open = body.dataset.relation === selected;
      body.classList.toggle("selected", open);
      body.querySelector(".bd-evidence").hidden = !open;
      body.querySelector("button").setAttribute("aria-expanded", String(open));
    }
    for (const edge of document.querySelectorAll(".bd-edge")) {
      edge.classList.toggle("selected", edge.dataset.relation === selected);
    }
    for (const drawing of document.querySelectorAll(".bd-network")) {
      drawing.classList.toggle("has-selection", drawing.querySelector(".bd-edge.selected") !== null);
    }
    for (const sentence of document.querySelectorAll(".bd-sentence")) {
      sentence.classList.toggle("lit", sentence.dataset.relations.split(" ").includes(selected));
    }
    const lit = document.querySelector(".bd-sentence.lit");
    if (scrolls && lit) {
      const box = lit.closest(".bd-text-scroll");
      if (box) box.scrollTo({ top: lit.offsetTop - box.offsetTop - 40, behavior: "smooth" });
    }
  }

  function sort(table) {
    const compare = order.column === 5
      ? (a, b) => Number(a) - Number(b)
      : (a, b) => a.localeCompare(b, "en", { sensitivity: "base", numeric: true });
    const value = (body) => body.rows[0].cells[order.column].dataset.sort;
    const bodies = [...table.tBodies].sort((a, b) => compare(value(a), value(b)) * (order.descending ? -1 : 1));
    if (bodies.some((body, index) => body !== table.tBodies[index])) table.append(...bodies);
    for (const heading of table.tHead.rows[0].cells) heading.removeAttribute("aria-sort");
    table.tHead.rows[0].cells[order.column].setAttribute("aria-sort", order.descending ? "descending" : "ascending");
  }

  function sortBy(column) {
    order.descending = order.column === column ? !order.descending : column === 5;
    order.column = column;
    document.querySelectorAll(".bd-table").forEach(sort);
  }

  document.addEventListener("click", (event) => {
    const heading = event.target.closest(".bd-table th button");
    if (heading) return sortBy(Number(heading.dataset.column));
    const row = event.target.closest(".bd-table .bd-row");
    if (row) return select(row.parentElement.dataset.relation);
    const edge = event.target.closest(".bd-edge");
    if (edge) select(edge.dataset.relation);
  });
  document.addEventListener("keydown", (event) => {
    const edge = (event.key === "Enter" || event.key === " ") && event.target.closest?.(".bd-edge");
    if (edge) {
      event.preventDefault();
      select(edge.dataset.relation);
    }
  });

  // The server replaces a table or its content: for a new prediction, whose relations have other numbers, or for other
  // filters on the same prediction.
  let prediction = null;
  const watched = { childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: ["data-relation", "data-prediction"] };
  const observer = new MutationObserver((changes) => {
    if (!changes.some((change) => concerns(change))) return;
    const mark = document.querySelector(".bd-summary")?.dataset.prediction ?? null;
    if (mark !== prediction) selected = null;
    prediction = mark;
    observer.disconnect();
    document.querySelectorAll(".bd-table").forEach(sort);
    show(false);
    observer.observe(document, watched);
  });
  observer.observe(document, watched);

  function concerns(change) {
    const element = change.target.nodeType === Node.ELEMENT_NODE ? change.target : change.target.parentElement;
    return element !== null && element.closest("#bd-results") !== null;
  }

  // What was last selected for the buttons that mark: a span of the shown marks, or null for that of the text field.
  let chosen = null;

  function spanIn(box, range) {
    const before = document.createRange();
    before.selectNodeContents(box);
    before.setEnd(range.startContainer, range.startOffset);
    const start = before.toString().length;
    return [start, start + range.toString().length];
  }

  function choose(element, span) {
    for (const mark of document.querySelectorAll("#bd-preview mark.chosen")) mark.classList.remove("chosen");
    element?.classList.add("chosen");
    chosen = span;
  }

  document.addEventListener("click", (event) => {
    const mark = event.target.closest("#bd-preview .bd-text mark");
    if (!mark || !document.getSelection().isCollapsed) return;
    const range = document.createRange();
    range.selectNodeContents(mark);
    choose(mark, spanIn(mark.closest(".bd-text"), range));
  });
  document.addEventListener("selectionchange", () => {
    if (document.activeElement?.closest("#bd-source")) return choose(null, null);
    const selection = document.getSelection();
    if (selection.isCollapsed) return;
    const range = selection.getRangeAt(0);
    const box = document.querySelector("#bd-preview .bd-text");
    if (box?.contains(range.startContainer) && box.contains(range.endContainer)) choose(null, spanIn(box, range));
  });

  // The text and its selection as the browser counts it.
  window.biodirSelection = () => {
    const area = document.querySelector("#bd-source textarea");
    const span = chosen ?? [area.selectionStart, area.selectionEnd];
    chosen = null;
    return [area.value, span.join()];
  };
})();
