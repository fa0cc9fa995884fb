/* Draws the network of the page, filters it, and shows the sentences of a relation. Texts of the network become text
   nodes only, never HTML. */
"use strict";
(() => {
const data = JSON.parse(document.getElementById("network").textContent);
const root = document.documentElement;
const at = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const ROWS = 60;

/* Types and relations: colour and shape, or line. */
const TYPES = {
  GeneOrGeneProduct: ["gene", "gene", "ellipse"], ChemicalEntity: ["chemical", "chemical", "diamond"],
  DiseaseOrPhenotypicFeature: ["disease", "disease", "rectangle"], SequenceVariant: ["variant", "variant", "triangle"],
  OrganismTaxon: ["organism", "organism", "hexagon"], CellLine: ["cell line", "cell", "vee"],
};
const typeOf = (name) => TYPES[name] || [readable(name), "other", "star"];
const POINTS = {
  diamond: "8,0.5 15.5,8 8,15.5 0.5,8", rectangle: "1.5,1.5 14.5,1.5 14.5,14.5 1.5,14.5", triangle: "8,1 15.5,15 0.5,15",
  hexagon: "4,1.5 12,1.5 15.8,8 12,14.5 4,14.5 0.2,8", vee: "8,15.5 0.5,0.5 8,5 15.5,0.5",
  star: "8,0.5 10,6 15.5,6 11,9.5 13,15.2 8,11.8 3,15.2 5,9.5 0.5,6 6,6",
};
const colourName = (edge) => edge.sign === "+" ? "positive" : edge.sign === "-" ? "negative"
  : ["Association", "associate"].includes(edge.relation) ? "neutral" : "special";
const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
function readable(name) { return name.replace(/([a-z])([A-Z])/g, "$1 $2").replace(/_/g, " ").toLowerCase(); }
const plural = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
const arrowOf = (edge) => !edge.directed ? "–" : edge.sign === "-" ? "⊣" : "→";
const isKnown = (edge) => edge.known > edge.novel;

/* Elements. */
function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}
function drawing(className, viewBox, shapes) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ class: className, viewBox, "aria-hidden": "true" })) svg.setAttribute(key, value);
  for (const [name, attributes] of shapes) {
    const shape = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
    svg.append(shape);
  }
  return svg;
}
function typeMark(type) {
  const [, name, shape] = typeOf(type);
  const fill = `var(--${name})`;
  return drawing("mark", "0 0 16 16", [shape === "ellipse" ? ["circle", { cx: 8, cy: 8, r: 7, fill }] : ["polygon", { points: POINTS[shape], fill }]]);
}
function arrowMark(edge) {
  const stroke = `var(--${colourName(edge)})`;
  const line = { x1: 1, y1: 7, x2: edge.directed && edge.sign !== "-" ? 26 : 32, y2: 7, stroke, "stroke-width": 2, ...(isKnown(edge) ? { "stroke-dasharray": "4 3" } : {}) };
  const shapes = [["line", line]];
  if (edge.directed) {
    shapes.push(edge.sign === "-" ? ["line", { x1: 32, y1: 1, x2: 32, y2: 13, stroke, "stroke-width": 2.5 }]
      : ["polygon", { points: "24,2 33,7 24,12", fill: stroke }]);
  } else if (edge.sign) {
    shapes.push(["circle", { cx: 16.5, cy: 7, r: 6, fill: "var(--card)", stroke, "stroke-width": 1.2 }]);
    shapes.push(["path", { d: edge.sign === "+" ? "M13 7h7M16.5 3.5v7" : "M13 7h7", stroke, "stroke-width": 1.6 }]);
  }
  return drawing("arrow", "0 0 34 14", shapes);
}

/* The drawing. */
const nodes = data.nodes, edges = data.edges;
edges.forEach((edge, index) => { edge.index = index; });
const pairCounts = new Map();
const pairKey = (edge) => [edge.subject, edge.object].sort((a, b) => a - b).join(" ");
for (const edge of edges) pairCounts.set(pairKey(edge), (pairCounts.get(pairKey(edge)) || 0) + 1);
const edgesOf = nodes.map(() => []);
for (const edge of edges) for (const end of new Set([edge.subject, edge.object])) edgesOf[end].push(edge);

function style() {
  const ink = colour("ink"), paper = colour("paper"), accent = colour("accent");
  const rules = [
    { selector: "node", style: {
      width: "data(size)", height: "data(size)", label: "data(label)", color: ink, "font-size": "data(font)", "font-family": "system-ui, sans-serif",
      "text-outline-color": paper, "text-outline-width": 2, "text-outline-opacity": 0.85, "text-valign": "bottom", "text-margin-y": 4, "text-wrap": "wrap", "text-max-width": 120, "min-zoomed-font-size": 8,
      "border-width": 1.5, "border-color": paper } },
    { selector: "edge", style: {
      width: "data(width)", "curve-style": "straight", "arrow-scale": 1.1, "font-size": 17, "font-weight": "bold", "min-zoomed-font-size": 7,
      "text-background-color": paper, "text-background-opacity": 1, "text-background-shape": "round-rectangle", "text-background-padding": 1 } },
    { selector: "edge.several", style: { "curve-style": "bezier", "control-point-step-size": 34 } },
    { selector: "edge.sure", style: { "line-style": "dashed", "line-dash-pattern": [7, 4] } },
    { selector: "edge.signed", style: { label: "data(sign)" } },
  ];
  for (const [, name, shape] of [...Object.values(TYPES), typeOf("")])
    rules.push({ selector: `node.${name}`, style: { "background-color": colour(name), shape } });
  for (const name of ["positive", "negative", "neutral", "special"])
    rules.push({ selector: `edge.${name}`, style: { "line-color": colour(name), "target-arrow-color": colour(name), color: colour(name) } });
  rules.push({ selector: "edge.arrow", style: { "target-arrow-shape": "triangle" } }, { selector: "edge.tee", style: { "target-arrow-shape": "tee", "arrow-scale": 1.5 } },
    { selector: ".filtered", style: { display: "none" } }, { selector: "node.faint", style: { opacity: 0.16, "text-opacity": 0 } }, { selector: "edge.faint", style: { opacity: 0.07 } },
    { selector: "node.lit", style: { "min-zoomed-font-size": 0, "z-index": 9 } }, { selector: "edge.lit", style: { "z-index": 8 } },
    { selector: "node.chosen", style: { "border-color": accent, "border-width": 4, "font-weight": "bold" } },
    { selector: "edge.chosen", style: { width: 6, "underlay-color": accent, "underlay-opacity": 0.25, "underlay-padding": 5 } });
  return rules;
}
function elements() {
  const shorten = (name) => name.length > 40 ? `${name.slice(0, 39)}…` : name;
  const drawn = nodes.map((node, index) => {
    const size = 18 + 7 * Math.log2(Math.max(1, Math.min(edgesOf[index].length, 64)));
    return { group: "nodes", data: { id: `n${index}`, label: shorten(node.name), size, font: 11 + size / 6 }, position: { x: node.x, y: node.y }, classes: typeOf(node.type)[1] };
  });
  for (const edge of edges) {
    const classes = [colourName(edge)];
    if (edge.directed) classes.push(edge.sign === "-" ? "tee" : "arrow");
    if (!edge.directed && edge.sign) classes.push("signed");
    if (pairCounts.get(pairKey(edge)) > 1 || edge.subject === edge.object) classes.push("several");
    if (isKnown(edge)) classes.push("sure");
    const width = 2 + Math.log2(Math.max(1, Math.min(edge.documents.length, 64)));
    drawn.push({ group: "edges", data: { id: `e${edge.index}`, source: `n${edge.subject}`, target: `n${edge.object}`, width, sign: edge.sign === "-" ? "−" : edge.sign }, classes });
  }
  return drawn;
}
root.classList.toggle("dark", matchMedia("(prefers-color-scheme: dark)").matches);
const cy = cytoscape({
  container: at("drawing"), elements: elements(), style: style(), layout: { name: "preset", fit: false },
  minZoom: 0.01, maxZoom: 4, boxSelectionEnabled: false, autounselectify: true,
  hideEdgesOnViewport: edges.length > 3000, textureOnViewport: edges.length > 1000, pixelRatio: edges.length > 1000 ? 1 : "auto",
});
cy.one("render", () => { root.dataset.drawn = Math.round(performance.now()); });
window.network = cy;
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
function fit(found) {
  if (!found.length) return;
  cy.stop();
  const limit = 1.4;
  cy.animate({ fit: { eles: found, padding: 40 } }, { duration: calm ? 0 : 250, complete: () => { if (cy.zoom() > limit) cy.zoom({ level: limit, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } }); } }); // codespell:ignore eles
}
const showAll = () => fit(cy.elements().not(".filtered"));
/* Shows all nodes by their places, with room for names; what the library does instead measures every label first. */
function fitPlaces() {
  const most = (axis) => nodes.reduce((most, node) => Math.max(most, node[axis]), 0), least = (axis) => nodes.reduce((least, node) => Math.min(least, node[axis]), 0);
  const [left, right, top, bottom] = [least("x"), most("x"), least("y"), most("y")];
  const zoom = Math.min(1.4, (cy.width() - 190) / Math.max(right - left, 1), (cy.height() - 120) / Math.max(bottom - top, 1));
  cy.viewport({ zoom, pan: { x: cy.width() / 2 - zoom * (left + right) / 2, y: cy.height() / 2 - zoom * (top + bottom) / 2 } });
}
function zoomBy(factor) { cy.zoom({ level: cy.zoom() * factor, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } }); }

/* Filters. */
const off = { types: new Set(), relations: new Set() };
let shown = edges;
const controls = { score: at("score"), papers: at("papers"), novelty: at("novelty") };
function passes(edge) {
  const wanted = controls.novelty.value;
  return !off.relations.has(edge.relation) && !off.types.has(nodes[edge.subject].type) && !off.types.has(nodes[edge.object].type)
    && edge.documents.length >= Number(controls.papers.value) && (Number(controls.score.value) === 0 || (edge.score ?? -1) >= Number(controls.score.value))
    && (!wanted || edge[wanted] > 0);
}
function filter() {
  at("score-value").value = Number(controls.score.value).toFixed(2);
  at("papers-value").value = controls.papers.value;
  shown = edges.filter(passes);
  const kept = new Set(shown.map((edge) => edge.index));
  const ends = new Set(shown.flatMap((edge) => [edge.subject, edge.object]));
  cy.batch(() => {
    cy.edges().filter((drawn, index) => drawn.hasClass("filtered") === kept.has(index)).toggleClass("filtered");
    cy.nodes().filter((drawn, index) => drawn.hasClass("filtered") === ends.has(index)).toggleClass("filtered");
  });
  const of = (part, total, ...names) => part === total ? plural(total, ...names) : `${part.toLocaleString("en")} of ${plural(total, ...names)}`;
  const omitted = data.edges_left_out ? ` · ${plural(data.edges_left_out, "more relation")} of fewer papers not on this page` : "";
  at("summary").textContent = `${of(shown.length, edges.length, "relation")} · ${of(ends.size, nodes.length, "entity", "entities")} · ${plural(data.documents, "paper")}${omitted}`;
  at("empty").hidden = shown.length > 0;
  at("empty").textContent = edges.length ? "No relation passes the filters." : "This network has no relations.";
  refresh();
}
function chips(place, values, label, mark, set) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) || 0) + 1);
  for (const [value, count] of [...counts].sort((a, b) => b[1] - a[1])) {
    const box = element("input", { type: "checkbox", defaultChecked: true, onchange: () => { box.checked ? set.delete(value) : set.add(value); filter(); } });
    place.append(element("label", { className: "chip" }, box, mark(value), label(value), " ", element("b", {}, count.toLocaleString("en"))));
  }
}
chips(at("types"), nodes.map((node) => node.type), (type) => typeOf(type)[0], typeMark, off.types);
chips(at("relations"), edges.map((edge) => edge.relation), readable,
  (relation) => arrowMark({ ...edges.find((edge) => edge.relation === relation), directed: false, known: 0, novel: 0 }), off.relations);
at("score-label").hidden = !edges.some((edge) => edge.score !== null);
controls.papers.max = edges.reduce((most, edge) => Math.max(most, edge.documents.length), 1);
controls.papers.parentElement.hidden = Number(controls.papers.max) === 1;
controls.novelty.parentElement.hidden = !edges.some((edge) => edge.novel || edge.known);
at("filters").hidden = at("filters-button").hidden = at("legend").hidden = !edges.length;
for (const control of Object.values(controls)) control.addEventListener("input", filter);
at("filters").addEventListener("submit", (event) => event.preventDefault());
at("clear-filters").addEventListener("click", () => {
  at("filters").reset();
  for (const set of Object.values(off)) set.clear();
  filter();
  showAll();
});
at("filters-button").addEventListener("click", () => at("filters-button").setAttribute("aria-expanded", String(at("filters").classList.toggle("open"))));

/* The panel: the list of relations, an entity, or a relation. */
let chosen = null;
let refresh = showList; // what a change of the filters does to the panel
function light(drawn, around) {
  cy.batch(() => {
    cy.elements().removeClass("lit faint chosen");
    if (!drawn) return;
    cy.elements().not(around).addClass("faint");
    around.addClass("lit");
    drawn.addClass("chosen");
  });
}
function row(edge) {
  return element("button", { type: "button", className: "row", onclick: () => chooseEdge(edge, true) },
    element("span", {}, nodes[edge.subject].name), arrowMark(edge), element("span", { className: "hidden" }, ` ${arrowOf(edge)} `),
    element("span", {}, nodes[edge.object].name, element("br"), element("small", {}, readable(edge.relation))), element("b", { title: plural(edge.documents.length, "paper") }, String(edge.documents.length)));
}
function rows(list) {
  const place = element("div");
  let next = 0;
  const more = element("button", { type: "button", className: "more", onclick: () => add() });
  function add() {
    const made = list.slice(next, next + ROWS).map(row);
    more.before(...made);
    if (next && made.length) made[0].focus();
    next += made.length;
    more.hidden = next >= list.length;
    more.textContent = `Show more (${(list.length - next).toLocaleString("en")} left)`;
  }
  place.append(more);
  add();
  return place;
}
function panel(...children) {
  at("panel").replaceChildren(...children);
  at("panel").scrollTop = 0;
}
function showList() { panel(element("h2", {}, "Relations"), element("small", {}, shown.length ? "Those of most papers are first. Choose one to read its sentences." : "None"), rows(shown)); }
function clear() {
  chosen = null;
  refresh = showList;
  light(null);
  showList();
}
const back = () => element("button", { type: "button", className: "back", onclick: () => { clear(); at("panel").focus(); } }, "← All relations");
function end(index) {
  return element("button", { type: "button", className: "end", onclick: () => chooseNode(index, true) }, typeMark(nodes[index].type), nodes[index].name);
}
function facts(pairs) {
  const list = element("dl", { className: "facts" });
  for (const [name, value] of pairs) if (value) list.append(element("dt", {}, name), element("dd", {}, value));
  return list;
}
function chooseNode(index, moves) {
  const node = nodes[index], drawn = cy.getElementById(`n${index}`);
  chosen = node;
  refresh = () => chooseNode(index, false);
  const around = drawn.closedNeighborhood();
  light(drawn, around);
  if (moves) fit(around.not(".filtered").length ? around.not(".filtered") : around);
  const synonyms = node.synonyms.slice(0, 30).join(", ");
  const kept = shown.filter((edge) => edge.subject === index || edge.object === index);
  const heading = element("h2", { tabIndex: -1 }, typeMark(node.type), " ", node.name);
  panel(back(), heading, facts([["type", typeOf(node.type)[0]], ["id", node.id], ["papers", node.documents.toLocaleString("en")], ["also", synonyms]]),
    element("h3", {}, plural(kept.length, "relation")), rows(kept));
  if (moves) heading.focus();
}
function address(id) {
  if (/^[1-9][0-9]{0,8}$/.test(id)) return [`PMID ${id}`, `https://pubmed.ncbi.nlm.nih.gov/${id}/`];
  if (/^PMC[1-9][0-9]{0,9}$/.test(id)) return [id, `https://pmc.ncbi.nlm.nih.gov/articles/${id}/`];
  return [id, null];
}
function paper(id) {
  const [text, href] = address(id);
  return href ? element("a", { href, target: "_blank", rel: "noopener noreferrer" }, text) : element("span", {}, text);
}
const plain = (text) => text.trim().replace(/\s+/g, " ");
const ofName = (name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll(" ", "\\s+");
function marked(text, edge) {
  const names = [edge.subject, edge.object].flatMap((index) => [nodes[index].name, ...nodes[index].synonyms]).map(plain).filter(Boolean);
  const pattern = [...new Set(names)].sort((a, b) => b.length - a.length).map(ofName).join("|");
  if (!pattern) return [text];
  const loose = new Set(names.filter((name) => name.length > 3 && /\p{Ll}/u.test(name)).map((name) => name.toLowerCase())); // "no" is not the gene NO
  const isName = (part) => names.includes(part) || loose.has(part.toLowerCase());
  const parts = text.split(new RegExp(`(?<![\\p{L}\\p{N}])(${pattern})(?![\\p{L}\\p{N}])`, "giu"));
  return parts.map((part, index) => index % 2 && isName(plain(part)) ? element("mark", {}, part) : part);
}
function conflicts(edge) {
  const found = [];
  if (edge.opposite_direction) found.push(`${plural(edge.opposite_direction, "paper")} with the opposite direction`);
  if (edge.opposite_sign) found.push(`${plural(edge.opposite_sign, "paper")} with the opposite sign`);
  return found.length ? [element("p", { className: "conflict" }, `Disagreement: ${found.join(", ")}.`)] : [];
}
function chooseEdge(edge, moves) {
  const drawn = cy.getElementById(`e${edge.index}`), around = drawn.union(drawn.connectedNodes());
  chosen = edge;
  refresh = () => {};
  light(drawn, around);
  if (moves) fit(around);
  const number = (score) => score === null ? "" : score.toFixed(3);
  const novelty = [[edge.novel, "new"], [edge.known, "known"]].filter(([count]) => count).map(([count, word]) => `${word} in ${plural(count, "paper")}`);
  const heading = element("h2", { tabIndex: -1, className: "hidden" }, `${nodes[edge.subject].name} ${arrowOf(edge)} ${nodes[edge.object].name}`);
  panel(back(), heading, element("p", { className: "statement" }, end(edge.subject), arrowMark(edge), end(edge.object)),
    facts([["relation", readable(edge.relation) + (edge.directed ? "" : ", no direction")], ["papers", edge.documents.length.toLocaleString("en")],
      ["novelty", novelty.join(", ")], ["score", number(edge.score)], ["best paper", number(edge.score_max)]]),
    ...conflicts(edge), element("h3", {}, edge.evidence.length ? "Sentences" : "No sentences are kept"),
    ...edge.evidence.map(([id, text, section]) =>
      element("blockquote", {}, ...marked(text, edge), element("cite", {}, paper(id), section ? ` ${section}` : ""))),
    element("h3", {}, "Papers"), element("div", { className: "ids" }, ...edge.documents.map(paper)));
  if (moves) heading.focus();
}
cy.on("tap", "node", (event) => chooseNode(Number(event.target.id().slice(1)), false));
cy.on("tap", "edge", (event) => chooseEdge(edges[Number(event.target.id().slice(1))], false));
cy.on("tap", (event) => { if (event.target === cy && chosen) clear(); });
cy.on("mouseover", "node, edge", () => { at("drawing").style.cursor = "pointer"; });
cy.on("mouseout", "node, edge", () => { at("drawing").style.cursor = ""; });

/* Search. */
const searched = nodes.map((node) => [node.name, node.id, ...node.synonyms].join("\n").toLowerCase());
const box = at("search"), hits = at("hits"); let active = -1;
function suggest() {
  const text = box.value.trim().toLowerCase();
  const rank = (index) => nodes[index].name.toLowerCase() === text ? 0 : nodes[index].name.toLowerCase().startsWith(text) ? 1 : 2;
  const found = text ? nodes.map((_, index) => index).filter((index) => searched[index].includes(text)) : [];
  found.sort((a, b) => rank(a) - rank(b) || edgesOf[b].length - edgesOf[a].length);
  hits.replaceChildren(...found.slice(0, 12).map((index, place) => element("li", { id: `hit${place}`, role: "option", onmousedown: (event) => { event.preventDefault(); take(index); } },
    typeMark(nodes[index].type), " ", nodes[index].name, " ", element("small", {}, `${nodes[index].id} · ${plural(edgesOf[index].length, "relation")}`))));
  hits.found = found;
  if (text && !found.length) hits.append(element("li", { role: "option", "aria-disabled": "true" }, "No entity has this name or id."));
  open(Boolean(text)); point(found.length ? 0 : -1);
}
function open(is) {
  hits.hidden = !is;
  box.setAttribute("aria-expanded", String(is));
}
function point(place) {
  active = place;
  [...hits.children].forEach((hit, index) => hit.setAttribute("aria-selected", String(index === place)));
  if (place >= 0) { box.setAttribute("aria-activedescendant", `hit${place}`); hits.children[place].scrollIntoView({ block: "nearest" }); }
  else box.removeAttribute("aria-activedescendant");
}
function take(index) {
  open(false);
  box.value = nodes[index].name;
  chooseNode(index, true);
}
box.addEventListener("input", suggest);
box.addEventListener("focus", () => { if (box.value) box.select(); });
box.addEventListener("blur", () => open(false));
box.addEventListener("keydown", (event) => {
  const last = Math.min(hits.found?.length || 0, 12) - 1;
  if (event.key === "ArrowDown" && last >= 0) point(active >= last ? 0 : active + 1);
  else if (event.key === "ArrowUp" && last >= 0) point(active <= 0 ? last : active - 1);
  else if (event.key === "Enter" && active >= 0 && !hits.hidden) take(hits.found[active]);
  else return;
  event.preventDefault();
});

/* Buttons, keys, legend. */
at("in").addEventListener("click", () => zoomBy(1.4));
at("out").addEventListener("click", () => zoomBy(1 / 1.4));
at("all").addEventListener("click", showAll);
at("theme").addEventListener("click", () => { root.classList.toggle("dark"); cy.style(style()); });
const KEYS = { "+": () => zoomBy(1.4), "=": () => zoomBy(1.4), "-": () => zoomBy(1 / 1.4), 0: showAll,
  ArrowLeft: () => cy.panBy({ x: 80, y: 0 }), ArrowRight: () => cy.panBy({ x: -80, y: 0 }), ArrowUp: () => cy.panBy({ x: 0, y: 80 }), ArrowDown: () => cy.panBy({ x: 0, y: -80 }) };
at("drawing").addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
  KEYS[event.key]();
  event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") { if (!hits.hidden) open(false); else if (chosen) clear(); }
  if (event.key === "/" && !/INPUT|SELECT/.test(event.target.tagName)) { box.focus(); event.preventDefault(); }
});
const sample = (relation, directed, sign, known) => ({ relation, directed, sign, known, novel: 0 });
for (const [edge, text] of [[sample("", true, "+", 0), "increases, activates"], [sample("", true, "-", 0), "decreases, inhibits"], [sample("", false, "+", 0), "rise together"],
  [sample("", false, "-", 0), "one rises, one falls"], [sample("Association", false, "", 0), "associated"], [sample("", false, "", 0), "binds, and all others"], [sample("Association", false, "", 1), "known, not new, in most papers"]])
  at("signs").append(element("li", {}, arrowMark(edge), text));
at("signs").append(element("li", {}, element("small", {}, "Wide lines: many papers. Large marks: many relations.")));
at("legend").open = innerWidth > 960;
filter();

/* The page has its shape now. */
cy.resize(); fitPlaces();
/* The names of some nodes with many relations are always large enough to read. */
const hubs = [];
const isFar = (node) => hubs.every((index) => Math.hypot((nodes[index].x - node.x) / cy.extent().w, 1.6 * (nodes[index].y - node.y) / cy.extent().h) > 0.14);
for (const index of nodes.map((_, index) => index).sort((a, b) => edgesOf[b].length - edgesOf[a].length).slice(0, 200))
  if (hubs.length < 24 && isFar(nodes[index])) hubs.push(index);
const named = cy.collection(hubs.map((index) => cy.getElementById(`n${index}`)));
const name = () => named.forEach((drawn) => {
  const font = Math.max(drawn.data("font"), 12 / cy.zoom());
  drawn.style({ "font-size": font, "text-max-width": 9 * font });
});
let isNaming = false;
cy.on("zoom", () => {
  if (!isNaming) requestAnimationFrame(() => { isNaming = false; name(); });
  isNaming = true;
});
name();
})();
