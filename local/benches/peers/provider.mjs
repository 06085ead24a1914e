// node oidc-provider as `bench.mjs` compares it: everything in memory; opaque tokens, and JWTs by ES256 for the API of the benchmark.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const { subtle } = globalThis.crypto;
const { privateKey } = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
const key = { ...(await subtle.exportKey("jwk", privateKey)), alg: "ES256", use: "sig", kid: "1" };
delete key.key_ops;
delete key.ext;

// Its own store in memory forgets all but the last thousand.
const kept = new Map();
class Adapter {
  constructor(kind) {
    this.kind = kind;
  }
  async upsert(id, payload) {
    kept.set(`${this.kind}:${id}`, payload);
  }
  async find(id) {
    return kept.get(`${this.kind}:${id}`);
  }
  async destroy(id) {
    kept.delete(`${this.kind}:${id}`);
  }
}

const [port, client_id, client_secret, api] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id, client_secret, redirect_uris: [], response_types: [], grant_types: ["client_credentials"], id_token_signed_response_alg: "ES256", token_endpoint_auth_method: "client_secret_post" }],
  adapter: Adapter,
  jwks: { keys: [key] },
  scopes: ["read"],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({ scope: "read", audience: api, accessTokenFormat: "jwt", accessTokenTTL: 3600, jwt: { sign: { alg: "ES256" } } }),
    },
  },
});

createServer(provider.callback()).listen(Number(port), "127.0.0.1");
