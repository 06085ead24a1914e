// node oidc-provider as `bench.mjs` compares it: everything in memory, a client of the team's own, nobody to ask.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const { subtle } = globalThis.crypto;
const { privateKey } = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
const key = { ...(await subtle.exportKey("jwk", privateKey)), alg: "ES256", use: "sig", kid: "1" };
delete key.key_ops;
delete key.ext;

const [port, client_id, client_secret, redirect_uri] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id, client_secret, redirect_uris: [redirect_uri], grant_types: ["authorization_code"], id_token_signed_response_alg: "ES256" }],
  jwks: { keys: [key] },
  cookies: { keys: ["a key of this run"] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  // The team's own client needs no consent.
  async loadExistingGrant({ oidc }) {
    const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
    grant.addOIDCScope("openid");
    await grant.save();
    return grant;
  },
});

const callback = provider.callback();
createServer((request, response) => {
  if (request.url.startsWith("/interaction/")) {
    provider.interactionFinished(request, response, { login: { accountId: "ann" } });
  } else {
    callback(request, response);
  }
}).listen(Number(port), "127.0.0.1", () => console.log("ready"));
