// WeCom: its kit asks our server to sign this page's address, and reads the Wi-Fi and the position.

import * as ww from "@wecom/jssdk";

import { post } from "../server.js";

/** Return WeCom's bridge. Throws Refused where the server has no corporation of WeCom's. */
export async function bridge() {
  const here = location.href.split("#")[0];
  const first = await post("/punch/bridge/", { url: here });
  ww.register({
    corpId: first.corp_id,
    agentId: first.agent_id,
    jsApiList: ["startWifi", "getConnectedWifi", "getLocation"],
    async getConfigSignature(url) {
      const { timestamp, nonce, signature } = await post("/punch/bridge/", { url });
      return { timestamp, nonceStr: nonce, signature };
    },
  });
  return {
    name: "WeCom",
    async wifi() {
      await ww.startWifi();
      const { wifi } = await ww.getConnectedWifi();
      return { bssid: wifi.BSSID, ssid: wifi.SSID };
    },
    async position() {
      const { latitude, longitude, accuracy } = await ww.getLocation({ type: "gcj02" });
      return {
        latitude: Number(latitude),
        longitude: Number(longitude),
        accuracy: Number(accuracy),
        datum: "gcj02",
      };
    },
  };
}
