// The app around the page, if there is one: only an app can read which Wi-Fi a phone is on.

const PATIENCE = 8_000;

/**
 * Return the bridge of the app that shows this page, undefined in a plain browser.
 *
 * A bridge has a `name`, `wifi()` -> { bssid, ssid } and perhaps `position()` -> { latitude,
 * longitude, accuracy, datum }. The makers' kits come only inside their own apps.
 */
export async function findBridge(addresses, agent = navigator.userAgent) {
  try {
    if (window.KaoqinBridge) return own(window.KaoqinBridge);
    if (/wxwork/i.test(agent)) return await soon(import(addresses.wecom));
    if (/DingTalk/i.test(agent)) return await soon(import(addresses.dingtalk));
    if (window.tt?.getConnectedWifi) return feishu(window.tt);
  } catch {
    // An app whose bridge cannot be had is a browser like any other.
  }
  return undefined;
}

/** Return the bridge of a kit, unless the app leaves it without an answer. */
function soon(kit) {
  const late = new Promise((_, fail) => {
    setTimeout(fail, PATIENCE, new Error("no bridge"));
  });
  return Promise.race([kit.then((module) => module.bridge()), late]);
}

/** The bridge of a company's own app: `getWifi()` and perhaps `getPosition()`, promises of plain values. */
function own(given) {
  const read = async (name) => {
    const said = await given[name]();
    return typeof said === "string" ? JSON.parse(said) : said;
  };
  return {
    name: "app",
    async wifi() {
      const { bssid, ssid } = await read("getWifi");
      return { bssid, ssid };
    },
    position: given.getPosition && (() => read("getPosition")),
  };
}

function feishu(tt) {
  return {
    name: "Feishu",
    wifi: () =>
      new Promise((take, fail) => {
        tt.getConnectedWifi({
          success: ({ BSSID, SSID, wifi }) =>
            take({ bssid: BSSID ?? wifi?.BSSID, ssid: SSID ?? wifi?.SSID }),
          fail: () => fail(new Error("no Wi-Fi")),
        });
      }),
  };
}
