// Shows the code of a screen. No code stays longer than its step, whatever becomes of the network.
(function () {
  "use strict";
  var body = document.getElementById("screen");
  var picture = document.getElementById("code");
  var drawing = picture.querySelector("path");
  var bar = document.getElementById("left");
  var seconds = document.getElementById("seconds");
  var clock = document.getElementById("clock");
  var date = document.getElementById("date");
  var full = document.getElementById("full");

  // Milliseconds: how long before the end of a code the next one is asked for, how long an answer may
  // take, when to ask again, what gap between two ticks means that the device slept, and a day.
  var AHEAD = 4000, PATIENCE = 4000, AGAIN = 1500, SELDOM = 15000, SLEPT = 5000, DAY = 86400000;

  var codes = [];
  // The server's clock is performance.now() + offset; null: not known.
  var offset = null;
  var state = "starting";
  var isAsking = false, askAt = 0, drawn = "", lastWall = Date.now(), lastRun = performance.now();

  function format(options) {
    options.timeZone = body.dataset.zone;
    return new Intl.DateTimeFormat(document.documentElement.lang, options);
  }
  var times = format({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  var dates = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" });

  function show(word) {
    state = word;
    body.dataset.state = word;
  }

  function draw(code) {
    var path = code ? code.path : "";
    if (path === drawn) { return; }
    drawn = path;
    drawing.setAttribute("d", path);
    picture.setAttribute("viewBox", code ? "0 0 " + code.side + " " + code.side : "0 0 1 1");
  }

  function take(answer, began, ended) {
    body.classList.remove("is-weak");
    offset = answer.now - (began + ended) / 2;
    codes = answer.codes;
    if (answer.state !== "shown") {
      show(answer.state);
      askAt = ended + SELDOM;
    } else if (ended > DAY) {
      // The server may have been renewed, and the cookie lives on.
      location.reload();
    } else {
      show("shown");
      askAt = codes[codes.length - 1].ends - offset - AHEAD;
    }
  }

  function lose() {
    body.classList.add("is-weak");
    askAt = performance.now() + AGAIN;
    if (state === "starting") { show("offline"); }
  }

  function leave() {
    codes = [];
    show("gone");
    askAt = performance.now() + SELDOM;
  }

  function ask() {
    var began = performance.now();
    var isLate = false;
    isAsking = true;
    var patience = setTimeout(function () { isLate = true; isAsking = false; lose(); }, PATIENCE);
    fetch(body.dataset.codeUrl, { cache: "no-store", credentials: "same-origin", redirect: "manual" })
      .then(function (answer) {
        // A screen that is none any more, or a log-in that has ended.
        if (answer.type === "opaqueredirect" || answer.status === 404 || answer.status === 403) { return null; }
        if (!answer.ok) { throw new Error(String(answer.status)); }
        return answer.json();
      })
      .then(function (told) {
        if (isLate) { return; }
        if (told === null) { leave(); } else { take(told, began, performance.now()); }
      })
      .catch(function () { if (!isLate) { lose(); } })
      .then(function () {
        if (isLate) { return; }
        clearTimeout(patience);
        isAsking = false;
        tick();
      });
  }

  function tick() {
    var wall = Date.now(), run = performance.now();
    // After a sleep no clock of the device is to be trusted, and no code that it holds.
    if (wall - lastWall > SLEPT || Math.abs(wall - lastWall - (run - lastRun)) > SLEPT) {
      codes = [];
      offset = null;
      askAt = 0;
      if (state === "shown") { show("starting"); }
    }
    lastWall = wall;
    lastRun = run;
    var now = offset === null ? null : run + offset;
    var code = null;
    if (now !== null) {
      code = codes.filter(function (one) { return one.begins <= now && now < one.ends; })[0] || null;
      clock.textContent = times.format(now);
      date.textContent = dates.format(now);
    }
    if (state === "offline" && code) { show("shown"); }
    if (state === "shown" && !code) { show("offline"); }
    draw(state === "shown" ? code : null);
    if (code) {
      var left = (code.ends - now) / 1000;
      bar.max = (code.ends - code.begins) / 1000;
      bar.value = left;
      seconds.textContent = Math.ceil(left);
    }
    if (!isAsking && run >= askAt) { ask(); }
  }

  function stayAwake() {
    if (document.visibilityState !== "visible") { return; }
    tick();
    if (navigator.wakeLock) { navigator.wakeLock.request("screen").catch(function () {}); }
  }

  if (document.fullscreenEnabled) {
    full.hidden = false;
    full.addEventListener("click", function () {
      if (document.fullscreenElement) { document.exitFullscreen(); } else { document.documentElement.requestFullscreen(); }
    });
  }
  document.addEventListener("visibilitychange", stayAwake);
  addEventListener("online", function () { askAt = 0; tick(); });
  addEventListener("pageshow", function (event) { if (event.persisted) { location.reload(); } });
  setInterval(tick, 200);
  stayAwake();
})();
