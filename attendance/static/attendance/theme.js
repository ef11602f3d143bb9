// The console keeps the choice of light or dark here; without one the device decides.
(function () {
  var chosen = null;
  try { chosen = JSON.parse(localStorage.getItem("adminTheme")); } catch (error) { chosen = null; }
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  function apply() {
    var isDark = chosen === "dark" || (chosen !== "light" && dark.matches);
    document.documentElement.classList.toggle("dark", isDark);
  }
  apply();
  dark.addEventListener("change", apply);
})();
// After a log-out the punch page no longer shows, without a network, whose it was.
document.addEventListener("submit", function (event) {
  if (!/\/logout\/$/.test(event.target.action)) return;
  try { localStorage.setItem("kaoqinLoggedOut", "yes"); } catch (error) { return; }
});
