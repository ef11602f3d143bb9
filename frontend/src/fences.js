// Maps of geofences: one to draw on, and others to look at. The server alone knows what a fence is
// and on whose map its degrees are: it says where to draw what was typed, and what is wrong.

import L from "leaflet";
import "@geoman-io/leaflet-geoman-free";
import "leaflet/dist/leaflet.css";
import "@geoman-io/leaflet-geoman-free/dist/leaflet-geoman.css";
import "./fence_maps.css";

const DELAY = 300;
const DECIMALS = 7;
const CLOSE = 17;
const FAR = { centre: [34, 108], zoom: 4 };
const SEVERAL = 12;
const OWN = { color: "#0d9488", weight: 2, fillOpacity: 0.2 };
const OTHER = { color: "#64748b", weight: 1, fillOpacity: 0.08, interactive: false, pmIgnore: true };

const TRACK = { color: "#b45309", weight: 3, opacity: 0.75, interactive: false, pmIgnore: true };
const SPOT = { radius: 6, color: "#ffffff", weight: 2, fillColor: "#b45309", fillOpacity: 1, pmIgnore: true };
const AROUND = { ...TRACK, weight: 1, opacity: 0.4, fillOpacity: 0.08 };

const told = (element) => JSON.parse(element.dataset.map);

// Without tiles there is nothing to see but where one is.
const Grid = L.GridLayer.extend({
  createTile(at) {
    const tile = L.DomUtil.create("div", "kq-grid-tile");
    const corner = this._map.unproject(at.scaleBy(this.getTileSize()), at.z).wrap();
    const decimals = Math.max(0, Math.min(4, Math.floor((at.z - 4) / 3)));
    tile.textContent = `${corner.lat.toFixed(decimals)}, ${corner.lng.toFixed(decimals)}`;
    return tile;
  },
});

const text = (words) => {
  const part = document.createElement("span");
  part.textContent = words;
  return part;
};

const baseMap = (element, { tiles, words }) => {
  const map = L.map(element, { zoomControl: false, attributionControl: Boolean(tiles), maxZoom: 20 });
  L.control.zoom({ zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out }).addTo(map);
  L.control.scale({ imperial: false }).addTo(map);
  if (tiles) {
    map.attributionControl.setPrefix(false);
    const attribution = text(tiles.attribution).innerHTML;
    L.tileLayer(tiles.url, { attribution, maxZoom: 20, maxNativeZoom: 18, referrerPolicy: "origin" }).addTo(map);
  } else {
    new Grid().addTo(map);
  }
  map.setView(FAR.centre, FAR.zoom);
  new ResizeObserver(() => map.invalidateSize()).observe(element);
  return map;
};

// GeoJSON has the longitude first, and closes its rings.
const layerOf = ({ geometry, properties }, look) => {
  if (geometry.type === "Point") {
    const [lng, lat] = geometry.coordinates;
    return L.circle([lat, lng], { ...look, radius: properties.radius_metres });
  }
  return L.polygon(geometry.coordinates.map((ring) => ring.slice(0, -1).map(([lng, lat]) => [lat, lng])), look);
};

const named = (layer, name, permanent) =>
  layer.bindTooltip(text(name), { permanent, direction: "center", className: "kq-fence-name" });

const show = (map, features, look) => {
  const layers = features.map((one) => named(layerOf(one, look), one.properties.name, features.length <= SEVERAL));
  return L.featureGroup(layers).addTo(map);
};

const lookAt = (map, ...groups) => {
  const bounds = L.latLngBounds([]);
  for (const group of groups) if (group) bounds.extend(group.getBounds());
  if (bounds.isValid()) map.fitBounds(bounds, { padding: [30, 30], maxZoom: CLOSE, animate: false });
};

// Reported positions in their order. The first and the last say when; the others do when pointed at.
const showTrack = (map, spots) => {
  const points = spots.map(({ latitude, longitude }) => [latitude, longitude]);
  const around = spots.filter(({ accuracy }) => accuracy).map(({ latitude, longitude, accuracy }) =>
    L.circle([latitude, longitude], { ...AROUND, radius: accuracy }));
  const marks = spots.map(({ label }, at) => {
    const isEnd = at === 0 || at === spots.length - 1;
    return L.circleMarker(points[at], SPOT).bindTooltip(text(label), {
      permanent: isEnd, direction: at === 0 ? "top" : "right", offset: at === 0 ? [0, -8] : [8, 0], className: "kq-track-time",
    });
  });
  return L.featureGroup([...around, L.polyline(points, TRACK), ...marks]).addTo(map);
};

const view = (element) => {
  const page = told(element);
  const map = baseMap(element, page);
  map.scrollWheelZoom.disable();
  const own = [page.shape, ...(page.drawn ?? [])].filter((one) => one?.geometry);
  show(map, page.fences, OTHER);
  lookAt(map, show(map, own, OWN), page.track?.length ? showTrack(map, page.track) : undefined);
};

// --- drawing ---------------------------------------------------------------------------------

const round = (degrees) => Number(degrees.toFixed(DECIMALS));
const point = (at) => `${round(at.lat)}, ${round(at.wrap().lng)}`;
const isParted = (layer) => Array.isArray(layer.getLatLngs()[0][0]);

const edit = (editor) => {
  const page = told(editor);
  const form = editor.closest("form");
  const box = (name) => form.elements[name];
  const part = (name) => editor.querySelector(`[data-fence-${name}]`);
  const map = baseMap(part("map"), page);
  const others = show(map, page.fences, OTHER);
  let own, goal;

  const fold = () => {
    for (const one of editor.querySelectorAll("[data-when]")) one.hidden = one.dataset.when !== box("kind").value;
  };

  // What is drawn is told in the boxes, on the datum of the map.
  const write = () => {
    box("datum").value = page.datum;
    if (own instanceof L.Circle) {
      box("kind").value = "circle";
      const centre = own.getLatLng().wrap();
      box("latitude").value = round(centre.lat);
      box("longitude").value = round(centre.lng);
      box("radius_metres").value = Math.round(own.getRadius());
    } else if (own) {
      box("kind").value = "area";
      box("corners").value = own.getLatLngs().map((ring) => ring.map(point).join("\n")).join("\n\n");
    }
    fold();
    ask({ draws: false });
  };

  const adopt = (layer) => {
    if (own && own !== layer) own.remove();
    own = layer;
    own.setStyle(OWN);
    own.off("pm:edit pm:dragend").on("pm:edit pm:dragend", write);
    if (map.pm.globalEditModeEnabled()) own.pm.enable({ allowSelfIntersection: false });
    if (map.pm.globalDragModeEnabled()) own.pm.enableLayerDrag();
  };

  const draw = (feature) => {
    const layer = layerOf(feature, OWN).addTo(map);
    adopt(layer);
    if (!map.getBounds().contains(layer.getBounds())) lookAt(map, layer);
  };

  let timer, running;
  const ask = ({ draws }) => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      running?.abort();
      running = new AbortController();
      try {
        const answer = await fetch(editor.dataset.preview, {
          method: "POST", body: new FormData(form), signal: running.signal,
        });
        if (!answer.ok) return;
        const { shape, says } = await answer.json();
        part("says").innerHTML = says;
        if (draws && shape) draw(shape);
        else if (draws && own) { own.remove(); own = undefined; }
        editor.dataset.asked = Number(editor.dataset.asked ?? 0) + 1;
      } catch (error) {
        if (error.name !== "AbortError") throw error;
      }
    }, DELAY);
  };

  map.pm.setLang(page.language);
  map.pm.addControls({
    position: "topleft", drawMarker: false, drawCircleMarker: false, drawPolyline: false, drawText: false, rotateMode: false,
  });
  map.pm.setGlobalOptions({
    allowSelfIntersection: false, minRadiusCircle: 50, maxRadiusCircle: 5000, pathOptions: OWN, templineStyle: OWN, hintlineStyle: { ...OWN, dashArray: [5, 5] },
  });
  map.on("pm:create", ({ layer }) => { adopt(layer); write(); });
  map.on("pm:cut", ({ layer }) => {
    if (layer instanceof L.Polygon && !isParted(layer)) { adopt(layer); write(); return; }
    layer.remove();
    own = undefined;
    part("found").replaceChildren(text(editor.dataset.sayPart));
    ask({ draws: true });
  });
  map.on("pm:remove", ({ layer }) => {
    if (layer !== own) return;
    own = undefined;
    for (const name of ["latitude", "longitude", "corners"]) box(name).value = "";
    ask({ draws: false });
  });

  form.addEventListener("input", ({ target }) => {
    if (!["kind", "datum", "latitude", "longitude", "radius_metres", "corners"].includes(target.name)) return;
    fold();
    ask({ draws: true });
  });

  // --- finding a place ---

  const go = ({ latitude, longitude, label }) => {
    goal?.remove();
    goal = L.circleMarker([latitude, longitude], { radius: 6, color: "#b45309", pmIgnore: true, interactive: false }).addTo(map);
    named(goal, label, true);
    map.setView([latitude, longitude], Math.max(map.getZoom(), CLOSE - 1));
    if (own || box("kind").value !== "circle") return;
    draw({ geometry: { type: "Point", coordinates: [longitude, latitude] }, properties: { radius_metres: Number(box("radius_metres").value) || 200 } });
    write();
  };

  const find = async () => {
    const asked = new URLSearchParams({ q: part("query").value, datum: box("datum").value });
    const answer = await fetch(`${editor.dataset.search}?${asked}`);
    const { places = [], message = "" } = answer.headers.get("content-type")?.includes("json") ? await answer.json() : {};
    const buttons = places.map((place) => {
      const line = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = place.label;
      button.addEventListener("click", () => go(place));
      line.append(button);
      return line;
    });
    const note = document.createElement("li");
    note.textContent = message;
    part("found").replaceChildren(...(places.length === 1 ? [] : buttons), ...(message ? [note] : []));
    if (places.length === 1) go(places[0]);
  };

  part("find").addEventListener("click", find);
  part("query").addEventListener("keydown", (pressed) => {
    if (pressed.key !== "Enter") return;
    pressed.preventDefault();
    find();
  });

  fold();
  lookAt(map, others);
  if (page.shape?.geometry) { draw(page.shape); lookAt(map, own); }
  // What was typed before something was refused.
  if (box("latitude").value || box("corners").value) ask({ draws: true });
  editor.dataset.ready = "true";
};

for (const element of document.querySelectorAll("[data-fence-view]")) view(element);
for (const element of document.querySelectorAll("[data-fence-editor]")) edit(element);
