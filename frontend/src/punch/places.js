// Where a position lies towards the fences. Only for the eye: the server decides.

const EARTH = 6_371_008.8;
const RADIANS = Math.PI / 180;

/** Return metres east and north of `origin`, good over the few kilometres that a sketch shows. */
export function metresFrom(origin, { latitude, longitude }) {
  const turned = ((longitude - origin.longitude + 540) % 360) - 180;
  return {
    x: turned * RADIANS * EARTH * Math.cos(origin.latitude * RADIANS),
    y: (latitude - origin.latitude) * RADIANS * EARTH,
  };
}

function toSegment(a, b) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  const along = length ? Math.max(0, Math.min(1, -(a.x * dx + a.y * dy) / length)) : 0;
  return Math.hypot(a.x + along * dx, a.y + along * dy);
}

function isInRing(ring) {
  let inside = false;
  for (let n = 0, before = ring.length - 1; n < ring.length; before = n++) {
    const [a, b] = [ring[n], ring[before]];
    if (a.y > 0 !== b.y > 0 && 0 < ((b.x - a.x) * -a.y) / (b.y - a.y) + a.x) inside = !inside;
  }
  return inside;
}

/** Return the rings of an area in metres around a position. */
export function ringsAround(position, fence) {
  return fence.rings.map((ring) =>
    ring.map(([longitude, latitude]) => metresFrom(position, { latitude, longitude })),
  );
}

/** Return the metres to the edge of a fence: negative inside. */
export function edgeDistance(position, fence) {
  if (fence.kind === "circle") {
    const { x, y } = metresFrom(position, fence);
    return Math.hypot(x, y) - fence.radius;
  }
  const rings = ringsAround(position, fence);
  const inside = rings.filter(isInRing).length % 2 === 1;
  const edges = rings.flatMap((ring) =>
    ring.map((point, n) => toSegment(point, ring[(n + 1) % ring.length])),
  );
  return (inside ? -1 : 1) * Math.min(...edges);
}

/**
 * Return { fence, distance, where } for the nearest fence, undefined without fences.
 *
 * `where` is inside, outside, or unsure when the accuracy reaches over the edge.
 */
export function nearest(position, fences) {
  const found = fences
    .map((fence) => ({ fence, distance: edgeDistance(position, fence) }))
    .sort((one, other) => one.distance - other.distance)[0];
  if (!found) return undefined;
  const accuracy = position.accuracy ?? Infinity;
  const isSure = Math.abs(found.distance) >= accuracy;
  return { ...found, where: isSure ? (found.distance <= 0 ? "inside" : "outside") : "unsure" };
}
