// The blocks of docs/ for users of Node.js, word by word. A block's first line names its file.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

const API = "https://api.example";
const page = (name) => readFileSync(join(process.env.JETON_DOCS, name), "utf8");
const blocks = (name) => Object.fromEntries([...page(name).matchAll(/^```js\n\/\/ ([\w.]+)\n(.*?)^```$/gms)].map(([, file, code]) => [file, code]));

describe("docs", () => {
  const folder = mkdtempSync(join(tmpdir(), "jeton-docs-"));
  const environment = { ...process.env, API };
  let server;
  let count = 0;

  /** Where the packages are, so that the programs find them. */
  const written = (code) => {
    const file = join(import.meta.dirname, `docs-${process.pid}-${count++}.mjs`);
    writeFileSync(file, code);
    after(() => rmSync(file));
    return file;
  };
  const run = async (code) => (await promisify(execFile)(process.execPath, [written(code)], { env: environment, timeout: 30_000 })).stdout;
  const granted = async () => {
    const body = new URLSearchParams({ grant_type: "client_credentials" });
    const authorization = `Basic ${btoa(`${environment.CLIENT_ID}:${environment.CLIENT_SECRET}`)}`;
    return (await (await fetch(`${environment.ISSUER}/oauth2/token`, { method: "POST", headers: { authorization }, body })).json()).access_token;
  };
  const changed = (token) => `${token.slice(0, token.lastIndexOf("."))}.${"A".repeat(86)}`;

  before(async () => {
    const seed = join(folder, "seed.json");
    writeFileSync(seed, page("clients.md").match(/^```json\n(\{\n.*?)^```$/ms)[1]);
    const options = ["--listen", "127.0.0.1:0", "--data-dir", join(folder, ".jeton"), "--seed", seed];
    server = spawn(process.env.JETON_BIN, options, { stdio: ["ignore", "pipe", "ignore"] });
    for await (const line of createInterface({ input: server.stdout })) {
      environment.ISSUER = line.match(/^Jeton listens on (\S+)/)?.[1];
      if (environment.ISSUER) break;
    }
    environment.INITIAL_TOKEN = readFileSync(join(folder, ".jeton", "admin.token"), "utf8").trim();
    const headers = { authorization: `Bearer ${environment.INITIAL_TOKEN}`, "content-type": "application/json" };
    const body = JSON.stringify({ grant_types: ["client_credentials", "refresh_token"], scope: "files.read" });
    const registered = await (await fetch(`${environment.ISSUER}/oauth2/register`, { method: "POST", headers, body })).json();
    Object.assign(environment, { CLIENT_ID: registered.client_id, CLIENT_SECRET: registered.client_secret });
    const approved = { grantType: "AUTHORIZATION_CODE", clientId: registered.client_id, subject: "john", scopes: ["files.read"] };
    const made = await fetch(`${environment.ISSUER}/api/1/auth/token/create`, { method: "POST", headers, body: JSON.stringify(approved) });
    environment.REFRESH_TOKEN = (await made.json()).refreshToken;
    // What the programs for APIs read when they are loaded.
    Object.assign(process.env, { ISSUER: environment.ISSUER, API });
  });
  after(async () => {
    server.kill("SIGTERM");
    const code = await new Promise((ended) => server.once("exit", ended));
    rmSync(folder, { recursive: true });
    assert.equal(code, 0);
  });

  const told = { "token.mjs": "files.read 600\n", "key.mjs": "bearer\n", "dpop.mjs": "dpop\n", "refresh.mjs": "bearer true\n" };
  for (const [name, code] of Object.entries(blocks("clients.md"))) {
    test(`a program for clients gets its token: ${name}`, async () => assert.equal(await run(code), told[name]));
  }

  test("verify.mjs takes a good token and no other", async () => {
    const { verify } = await import(pathToFileURL(written(blocks("verifying-tokens.md")["verify.mjs"])));
    const token = await granted();
    assert.equal((await verify(token)).client_id, environment.CLIENT_ID);
    await assert.rejects(verify(changed(token)));
  });

  test("authorizer.mjs lets good tokens in and no others", async () => {
    const { handler, verifier } = await import(pathToFileURL(written(blocks("verifying-tokens.md")["authorizer.mjs"])));
    // The library fetches over HTTPS only.
    verifier.cacheJwks(await (await fetch(`${environment.ISSUER}/.well-known/jwks.json`)).json());
    const token = await granted();
    const asked = (authorization) => handler({ headers: { authorization } });
    assert.deepEqual(await asked(`Bearer ${token}`), { isAuthorized: true, context: { sub: environment.CLIENT_ID, client_id: environment.CLIENT_ID, scope: "files.read" } });
    for (const bad of [`Bearer ${changed(token)}`, `DPoP ${token}`, undefined]) assert.deepEqual(await asked(bad), { isAuthorized: false });
  });
});
