// Parts of the page. Text goes in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

/** Return the element with this id. */
export function by(id) {
  return document.getElementById(id);
}

/** Return a new element with attributes and children; null and undefined children are left out. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Return a drawing of the page's sprite; words beside it say what it means. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** Write text into an element only when it differs, so that nothing is read out twice. */
export function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}
