// DingTalk: the kit's core and the two calls that read Wi-Fi and position, which need no signature.

import dd from "dingtalk-jsapi/entry/mobile";
import { getInterface$ } from "dingtalk-jsapi/api/device/base/getInterface";
import { get$ } from "dingtalk-jsapi/api/device/geolocation/get";

// The map of AutoNavi: DingTalk's own.
const AUTONAVI = 1;

/** Return DingTalk's bridge. */
export async function bridge() {
  await new Promise((go) => {
    dd.ready(go);
  });
  return {
    name: "DingTalk",
    async wifi() {
      const { macIp, ssid } = await getInterface$({});
      return { bssid: macIp, ssid };
    },
    async position() {
      const found = await get$({
        targetAccuracy: 100,
        coordinate: AUTONAVI,
        withReGeocode: false,
        useCache: false,
      });
      return {
        latitude: Number(found.latitude),
        longitude: Number(found.longitude),
        accuracy: Number(found.accuracy),
        datum: "gcj02",
        isMock: found.isFromMock,
      };
    },
  };
}
