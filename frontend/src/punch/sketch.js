// A small drawing of the nearest fence and the position, north above. It asks for no map.

import { metresFrom, ringsAround } from "./places.js";

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [320, 150];

function shape(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** Draw into an <svg>: the fence, the position, and how far the position may be wrong. */
export function draw(svg, position, fence) {
  const accuracy = Math.min(position.accuracy ?? 0, 5_000);
  const points =
    fence.kind === "circle"
      ? [[-1, -1], [1, 1]].map(([east, north]) => {
          const centre = metresFrom(position, fence);
          return { x: centre.x + east * fence.radius, y: centre.y + north * fence.radius };
        })
      : ringsAround(position, fence).flat();
  const xs = [...points.map(({ x }) => x), -accuracy, accuracy];
  const ys = [...points.map(({ y }) => y), -accuracy, accuracy];
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = Math.min((WIDTH - 28) / (right - left || 1), (HEIGHT - 28) / (high - low || 1));
  const place = ({ x, y }) => [
    WIDTH / 2 + (x - (left + right) / 2) * scale,
    HEIGHT / 2 - (y - (low + high) / 2) * scale,
  ];
  const [x, y] = place({ x: 0, y: 0 });
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.replaceChildren();
  if (fence.kind === "circle") {
    const [cx, cy] = place(metresFrom(position, fence));
    svg.append(shape("circle", { class: "sk-fence", cx, cy, r: Math.max(2, fence.radius * scale) }));
  } else {
    const path = ringsAround(position, fence)
      .map((ring) => `M${ring.map((point) => place(point).map((n) => n.toFixed(1)).join(" ")).join("L")}Z`)
      .join("");
    svg.append(shape("path", { class: "sk-fence", d: path, "fill-rule": "evenodd" }));
  }
  svg.append(
    shape("circle", { class: "sk-around", cx: x, cy: y, r: Math.max(6, accuracy * scale) }),
    shape("circle", { class: "sk-here", cx: x, cy: y, r: 5.5 }),
  );
}
