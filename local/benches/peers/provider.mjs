// node oidc-provider as `bench.mjs` compares it: opaque tokens, and JWTs by ES256 for the API of the benchmark.
//
//   node provider.mjs PORT CLIENT SECRET API [FILE]
import { createServer } from "node:http";
import Provider from "oidc-provider";

const { subtle } = globalThis.crypto;
const { privateKey } = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
const key = { ...(await subtle.exportKey("jwk", privateKey)), alg: "ES256", use: "sig", kid: "1" };
delete key.key_ops;
delete key.ext;

const [port, client_id, client_secret, api, file] = process.argv.slice(2);

/** Keeps everything in memory: its own store there forgets all but the last thousand. */
function inMemory() {
  const kept = new Map();
  return { put: (id, payload) => kept.set(id, payload), get: (id) => kept.get(id), remove: (id) => kept.delete(id) };
}

/** Keeps everything in a file, as safe as Jeton does at `normal`. */
async function inFile() {
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(file);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE kept (id TEXT PRIMARY KEY, payload TEXT, exp INTEGER) STRICT");
  const [insert, select, drop] = [
    "INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", "SELECT payload FROM kept WHERE id = ?", "DELETE FROM kept WHERE id = ?",
  ].map((sql) => database.prepare(sql));
  return {
    put: (id, payload, expiresIn) => insert.run(id, JSON.stringify(payload), Math.floor(Date.now() / 1000) + (expiresIn ?? 0)),
    get: (id) => {
      const row = select.get(id);
      return row && JSON.parse(row.payload);
    },
    remove: (id) => drop.run(id),
  };
}

const store = file ? await inFile() : inMemory();
class Adapter {
  constructor(kind) {
    this.kind = kind;
  }
  async upsert(id, payload, expiresIn) {
    store.put(`${this.kind}:${id}`, payload, expiresIn);
  }
  async find(id) {
    return store.get(`${this.kind}:${id}`);
  }
  async destroy(id) {
    store.remove(`${this.kind}:${id}`);
  }
}

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
