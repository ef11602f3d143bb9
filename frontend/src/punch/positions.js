// The position, watched only while the page is open and its owner has agreed.

const WATCH = { enableHighAccuracy: true, maximumAge: 5_000, timeout: 30_000 };
// Somebody who stands still is told of no change, so the page asks again by itself.
const STALE = 45_000;
const PATIENCE = 60_000;
const EACH_MINUTE = 60_000;
const ASK_THE_APP = 15_000;

/**
 * Watches the position and says what it sees.
 *
 * `onChange` is called with { state, position, since }: state is finding, found, failing or denied.
 * `onMinute` is called with true each minute while positioning fails, with false when it works again.
 */
export class Positions {
  constructor({ onChange, onMinute, bridge }) {
    this.onChange = onChange;
    this.onMinute = onMinute;
    this.bridge = bridge;
    this.state = "off";
    this.position = undefined;
  }

  /** Begin to watch. Without a position in the browser, the app around the page is asked. */
  start() {
    if (this.watch !== undefined || this.timer !== undefined) return;
    this._become("finding");
    this.since = Date.now();
    this.hasFailed = false;
    this.timer = setInterval(() => this._lookAtClock(), 1_000);
    this.said = Date.now();
    if (navigator.geolocation) {
      this.watch = navigator.geolocation.watchPosition(
        (fix) => this._take(fix),
        (error) => this._fail(error),
        WATCH,
      );
    } else {
      this._askTheApp();
    }
  }

  /** Stop, and forget where this was. */
  stop() {
    if (this.watch !== undefined) navigator.geolocation.clearWatch(this.watch);
    clearInterval(this.timer);
    this.watch = this.timer = this.position = undefined;
    this._become("off");
  }

  _take({ coords, timestamp }) {
    this.take({
      latitude: coords.latitude,
      longitude: coords.longitude,
      accuracy: coords.accuracy,
      datum: "wgs84",
      at: timestamp,
    });
  }

  /** Take a position, whoever found it. */
  take(position) {
    if (this.timer === undefined) return;
    this.position = position;
    this.lastAt = Date.now();
    if (this.hasFailed) {
      this.hasFailed = false;
      this.onMinute(false);
    }
    this._become("found");
  }

  _fail(error) {
    if (this.timer === undefined) return;
    if (this.bridge?.position) this._askTheApp();
    if (error.code === error.PERMISSION_DENIED && !this.bridge?.position) {
      this.position = undefined;
      this._become("denied");
      return;
    }
    this._fallSilent();
  }

  async _askTheApp() {
    if (!this.bridge?.position || Date.now() - (this.asked ?? 0) < ASK_THE_APP) return;
    this.asked = Date.now();
    const position = await this.bridge.position().catch(() => undefined);
    if (position) this.take({ ...position, at: Date.now() });
  }

  _fallSilent() {
    if (this.state === "failing") return;
    this.position = undefined;
    this.since = Date.now();
    this._sayFailed();
    this._become("failing");
  }

  _sayFailed() {
    this.hasFailed = true;
    this.said = Date.now();
    this.onMinute(true);
  }

  _lookAtClock() {
    const now = Date.now();
    if (this.state === "finding" && now - this.since > PATIENCE) this._fallSilent();
    if (this.state === "found" && now - this.lastAt > STALE) this._askAgain(now);
    if (this.state !== "failing") return;
    if (now - this.said >= EACH_MINUTE) this._sayFailed();
    this._askTheApp();
  }

  _askAgain(now) {
    if (now - (this.askedAgain ?? 0) < STALE) return;
    this.askedAgain = now;
    if (!navigator.geolocation) this._askTheApp();
    navigator.geolocation?.getCurrentPosition(
      (fix) => this._take(fix),
      (error) => this._fail(error),
      { ...WATCH, maximumAge: 0 },
    );
  }

  _become(state) {
    this.state = state;
    this.onChange(this);
  }
}
