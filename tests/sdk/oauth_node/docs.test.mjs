// The blocks of docs/ for users of Node.js, word by word. A block's first line names its file.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createServer as createWebServer } from "node:http";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { getListFromStatusListJWT, getStatusListFromJWT } from "@sd-jwt/jwt-status-list";
import { SignJWT, decodeJwt, exportJWK, generateKeyPair } from "jose";
import { chromium } from "playwright-core";
import { Browser, isConsent, isLogin, isSignedOut } from "./browser.mjs";
import { JWT_BEARER } from "./harness.mjs";

const API = "https://api.example";
const executablePath = process.env.JETON_CHROMIUM;
const page = (name) => readFileSync(join(process.env.JETON_DOCS, name), "utf8");
const blocks = (name) => Object.fromEntries([...page(name).matchAll(/^```js\n\/\/ ([\w.]+)\n(.*?)^```$/gms)].map(([, file, code]) => [file, code]));

const seedOf = (name) => page(name).match(/^```json\n(\{\n.*?)^```$/ms)[1];
const shell = (name) => Object.fromEntries([...page(name).matchAll(/^```sh\n# ([\w.]+)\n(.*?)^```$/gms)].map(([, file, code]) => [file, code]));

/** The lines that a program prints, of which the first ones are awaited, each by what it must have. */
async function lineOf(lines, pattern) {
  for (;;) {
    const { value, done } = await lines.next();
    assert.ok(!done, `the program ended without a line like ${pattern}`);
    const found = value.match(pattern);
    if (found) return found;
  }
}

const linesOf = (program) => createInterface({ input: program.stdout })[Symbol.asyncIterator]();

/** Ends a program, which is one of this file's own, and returns its code. */
async function end(program) {
  program.kill("SIGTERM");
  return program.exitCode ?? (await once(program, "exit"))[0];
}

/** The server with the seed file of a page, and its address. */
async function served(folder, seed) {
  writeFileSync(join(folder, "seed.json"), seed);
  const options = ["--listen", "127.0.0.1:0", "--data-dir", join(folder, ".jeton"), "--seed", join(folder, "seed.json")];
  const server = spawn(process.env.JETON_BIN, options, { stdio: ["ignore", "pipe", "ignore"] });
  return [server, (await lineOf(linesOf(server), /^Jeton listens on (\S+)/))[1]];
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

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
    [server, environment.ISSUER] = await served(folder, seedOf("clients.md"));
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
    const code = await end(server);
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

  test("status.mjs and @sd-jwt/jwt-status-list find what is revoked", async () => {
    const headers = { authorization: `Bearer ${environment.INITIAL_TOKEN}`, "content-type": "application/merge-patch+json" };
    const set = await fetch(`${environment.ISSUER}/v1/orgs/1`, { method: "PATCH", headers, body: JSON.stringify({ settings: { status_list: true } }) });
    assert.equal(set.status, 200, await set.text());
    const { isRevoked } = await import(pathToFileURL(written(blocks("status-lists.md")["status.mjs"])));
    const [alive, dead] = [await granted(), await granted()];
    const statusOf = (token) => decodeJwt(token).status;
    const authorization = `Basic ${btoa(`${environment.CLIENT_ID}:${environment.CLIENT_SECRET}`)}`;
    const revoked = await fetch(`${environment.ISSUER}/oauth2/revoke`, { method: "POST", headers: { authorization }, body: new URLSearchParams({ token: dead }) });
    assert.equal(revoked.status, 200);
    await setTimeout(4_000);
    assert.deepEqual([await isRevoked(statusOf(alive)), await isRevoked(statusOf(dead))], [false, true]);
    const list = getListFromStatusListJWT(await (await fetch(statusOf(dead).status_list.uri)).text());
    assert.deepEqual([list.getStatus(statusOf(alive).status_list.idx), list.getStatus(statusOf(dead).status_list.idx)], [0, 1]);
    assert.equal(getStatusListFromJWT(dead).uri, statusOf(dead).status_list.uri);
    await assert.rejects(isRevoked({ status_list: { uri: "https://elsewhere.example/status/x", idx: 0 } }));
    await assert.rejects(isRevoked({ status_list: { uri: `${environment.ISSUER}/status/${"0".repeat(26)}`, idx: 0 } }));
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

describe("docs/mcp.md", () => {
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  const folder = mkdtempSync(join(tmpdir(), "jeton-mcp-"));
  const started = [];
  const files = [];
  let ports, issuer, mcp;
  const here = (text) =>
    text.replaceAll("http://127.0.0.1:3000", issuer).replaceAll("http://127.0.0.1:8000/mcp", mcp).replaceAll("PORT=4000", `PORT=${ports.login}`);
  /** Starts a program of the page beside the packages. */
  const start = (name, more = {}, changed = (code) => code, page = "mcp.md") => {
    const file = join(import.meta.dirname, `docs-mcp-${process.pid}-${files.length}-${name}`);
    writeFileSync(file, changed(blocks(page)[name]));
    files.push(file);
    const program = spawn(process.execPath, [file], { env: { ...env, ISSUER: issuer, MCP_URL: mcp, ...more }, stdio: ["ignore", "pipe", "inherit"] });
    started.push(program);
    return program;
  };
  before(async () => {
    ports = { login: await freePort(), mcp: await freePort() };
    mcp = `http://127.0.0.1:${ports.mcp}/mcp`;
    const seed = seedOf("mcp.md").replace("127.0.0.1:4000", `127.0.0.1:${ports.login}`).replace("http://127.0.0.1:8000/mcp", mcp);
    const [server, url] = await served(folder, seed);
    started.push(server);
    issuer = url;
    await lineOf(linesOf(start("server.mjs", { PORT: String(ports.mcp) })), /^The MCP server listens/);
  });
  after(async () => {
    const codes = [];
    for (const program of started) codes.push(await end(program));
    rmSync(folder, { recursive: true });
    for (const file of files) rmSync(file, { force: true });
    assert.equal(codes[0], 0, "Jeton ends in order");
  });

  test("a client that knows nothing but the server's address registers, lets a person sign in, and calls a tool", async () => {
    const { "metadata.sh": metadata, "token.sh": token, "login.sh": login } = shell("mcp.md");
    const bash = async (script) => (await promisify(execFile)("bash", ["-c", `set -euo pipefail\n${here(script)}`], { cwd: folder, env })).stdout;
    const shown = page("mcp.md").match(/^```json\n(\{"resource".*)\n```$/m)[1];
    assert.deepEqual(JSON.parse(await bash(metadata)), JSON.parse(here(shown)));

    symlinkSync(join(dirname(process.env.JETON_DOCS), "examples"), join(folder, "examples"));
    const script = `set -euo pipefail\n${here(token)}${here(login).replace(" node ", " exec node ")}`;
    const application = spawn("bash", ["-c", script], { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
    started.push(application);
    await lineOf(linesOf(application), / listens on /);

    const refused = await fetch(mcp, { method: "POST", headers: { authorization: "Bearer x" } });
    assert.equal(refused.status, 401);
    assert.match(refused.headers.get("www-authenticate"), /scope="files.read", resource_metadata="http/);

    // As the page has it, and with the client of the SDK's next version, which is a package of its own.
    const next = (code) =>
      code.replaceAll(/"@modelcontextprotocol\/sdk\/client\/\w+\.js"/g, '"@modelcontextprotocol/client"').replace('finishAuth(answer.get("code"))', "finishAuth(answer)");
    for (const changed of [(code) => code, next]) {
      const program = start("client.mjs", {}, changed);
      const told = linesOf(program);
      const url = new URL((await lineOf(told, /^Open this in your browser: (.*)/))[1]);
      assert.deepEqual([url.origin, url.searchParams.get("resource"), url.searchParams.get("scope")], [new URL(issuer).origin, mcp, "files.read"]);
      const browser = new Browser();
      const consent = await browser.send(await browser.go(url), undefined, { user: "ann", password: "only-for-this-page" });
      assert.ok(isConsent(consent) && consent.text.includes("File agent") && consent.text.includes("Read your files"), consent.text);
      assert.equal((await browser.send(consent, undefined, { decision: "allow" })).text, "You can close this window.");
      assert.match((await lineOf(told, /^registered as: (.*)/))[1], /^[0-9]+$/);
      assert.equal((await lineOf(told, /^granted: (.*)/))[1], "files.read with a refresh token");
      assert.equal((await lineOf(told, /^the tool says: (.*)/))[1], "the files of u-1001");
      if (program.exitCode === null) await once(program, "exit");
      assert.equal(program.exitCode, 0);
    }

    const { settings } = JSON.parse(await bash(shell("mcp.md")["setting.sh"]));
    assert.equal(settings.resources[0].resource, "https://mcp.example.com/mcp");
  });

  test("a client that nobody has registered is known by the document at its client_id", async () => {
    const host = createWebServer();
    const about = () => ({ client_id: url(), client_name: "Known agent", redirect_uris: ["http://127.0.0.1/callback"], grant_types: ["authorization_code", "refresh_token"] });
    const url = () => `http://127.0.0.1:${host.address().port}/client.json`;
    host.on("request", (_, response) => response.setHeader("content-type", "application/json").end(JSON.stringify(about())));
    await once(host.listen(0, "127.0.0.1"), "listening");
    after(() => host.close());
    const authorization = `Bearer ${readFileSync(join(folder, ".jeton", "admin.token"), "utf8").trim()}`;
    const settings = { client_metadata_documents: { enabled: true, hosts: [new URL(url()).host] }, resources: [{ resource: mcp, scopes: ["files.read"] }] };
    const headers = { authorization, "content-type": "application/merge-patch+json" };
    const set = await fetch(`${issuer}/v1/orgs/1`, { method: "PATCH", headers, body: JSON.stringify({ settings }) });
    assert.equal(set.status, 200);

    // What the client keeps when it takes the URL for its client_id: of itself it does that with https alone.
    const program = start("client.mjs", {}, (code) => code.replace("const kept = {};", `const kept = { client: { client_id: ${JSON.stringify(url())} } };`));
    const told = linesOf(program);
    const asked = new URL((await lineOf(told, /^Open this in your browser: (.*)/))[1]);
    assert.equal(asked.searchParams.get("client_id"), url());
    const browser = new Browser();
    const consent = await browser.send(await browser.go(asked), undefined, { user: "ann", password: "only-for-this-page" });
    assert.ok(isConsent(consent) && consent.text.includes("Known agent"), consent.text);
    assert.equal((await browser.send(consent, undefined, { decision: "allow" })).text, "You can close this window.");
    assert.equal((await lineOf(told, /^registered as: (.*)/))[1], url());
    assert.equal((await lineOf(told, /^granted: (.*)/))[1], "files.read with a refresh token");
    assert.equal((await lineOf(told, /^the tool says: (.*)/))[1], "the files of u-1001");
  });

  test("an agent that no person signs in to calls a tool by its platform's token, as docs/workloads/libraries.md has it", async () => {
    const platform = "https://platform.example";
    const { publicKey, privateKey } = await generateKeyPair("ES256");
    const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: "1", alg: "ES256" }] };
    const authorization = `Bearer ${readFileSync(join(folder, ".jeton", "admin.token"), "utf8").trim()}`;
    const settings = { resources: [{ resource: mcp, scopes: ["files.read"] }], assertion_issuers: [{ issuer: platform, jwks }] };
    const headers = { authorization, "content-type": "application/merge-patch+json" };
    const set = await fetch(`${issuer}/v1/orgs/1`, { method: "PATCH", headers, body: JSON.stringify({ settings }) });
    assert.equal(set.status, 200, await set.text());
    const workload = { alias: "agent", kind: "confidential", auth_method: "private_key_jwt", grants: [JWT_BEARER], federated: [{ issuer: platform, subject: "agent" }] };
    const body = JSON.stringify(workload);
    const made = await fetch(`${issuer}/v1/orgs/1/clients`, { method: "POST", headers: { ...headers, "content-type": "application/json" }, body });
    const CLIENT_ID = String((await made.json()).id);
    const TOKEN_FILE = join(folder, "platform-token");

    // With the package of the page, and with the older one that it names.
    const older = (code) =>
      code.replace(/^import \{ Client, .*$/m, () => ["auth-extensions.js", "index.js", "streamableHttp.js"].map((file) => `import * as from_${file.split(/\W/)[0]} from "@modelcontextprotocol/sdk/client/${file}";`).join("\n")
        + "\nconst { ClientCredentialsProvider } = from_auth, { Client } = from_index, { StreamableHTTPClientTransport } = from_streamableHttp;");
    for (const changed of [(code) => code, older]) {
      const claims = new SignJWT({ iss: platform, sub: "agent", aud: issuer, jti: crypto.randomUUID() });
      writeFileSync(TOKEN_FILE, `${await claims.setProtectedHeader({ alg: "ES256", kid: "1" }).setIssuedAt().setExpirationTime("5 minutes").sign(privateKey)}\n`);
      const program = start("agent.mjs", { CLIENT_ID, TOKEN_FILE }, changed, "workloads/libraries.md");
      const told = linesOf(program);
      assert.equal((await lineOf(told, /^granted: (.*)/))[1], "files.read");
      assert.equal((await lineOf(told, /^tools: (.*)/))[1], "list");
      if (program.exitCode === null) await once(program, "exit");
      assert.equal(program.exitCode, 0);
    }
  });
});

describe("docs/sign-in.md and its example", () => {
  // A `node` of a package may be a script that starts another process, which would outlive it.
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  const example = join(dirname(process.env.JETON_DOCS), "examples", "login");
  const folder = mkdtempSync(join(tmpdir(), "jeton-sign-in-"));
  const client = join(import.meta.dirname, `docs-sign-in-${process.pid}.mjs`);
  const started = [];
  let port, issuer;
  before(async () => {
    port = await freePort();
    const [server, url] = await served(folder, seedOf("sign-in.md").replaceAll("127.0.0.1:4000", `127.0.0.1:${port}`));
    started.push(server);
    issuer = url;
  });
  after(async () => {
    const codes = [];
    for (const program of started) codes.push(await end(program));
    rmSync(folder, { recursive: true });
    rmSync(client, { force: true });
    assert.equal(codes[0], 0, "Jeton ends in order");
  });

  test("a person signs in to the client of the page, with the login application that it starts", async () => {
    const { "token.sh": token, "login.sh": login } = shell("sign-in.md");
    const here = (text) => text.replaceAll("http://127.0.0.1:3000", issuer).replace("PORT=4000", `PORT=${port}`);

    symlinkSync(join(dirname(process.env.JETON_DOCS), "examples"), join(folder, "examples"));
    // In place of the shell, so that the program ends when it is told to.
    const script = `set -euo pipefail\n${here(token)}${here(login).replace(" node ", " exec node ")}`;
    const application = spawn("bash", ["-c", script], { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
    started.push(application);
    await lineOf(linesOf(application), / listens on /);

    writeFileSync(client, here(blocks("sign-in.md")["client.mjs"]));
    const program = spawn(process.execPath, [client], { stdio: ["ignore", "pipe", "inherit"] });
    started.push(program);
    const told = linesOf(program);
    const url = new URL((await lineOf(told, /^Open this in your browser: (.*)/))[1]);

    const browser = new Browser();
    const page = await browser.go(url);
    assert.ok(isLogin(page), page.text);
    const consent = await browser.send(page, undefined, { user: "ann", password: "only-for-this-page" });
    assert.ok(isConsent(consent) && consent.text.includes("File viewer") && consent.text.includes("Read your files"), consent.text);
    assert.equal((await browser.send(consent, undefined, { decision: "allow" })).text, "You can close this window.");

    const claims = JSON.parse((await lineOf(told, /^ID token: (.*)/))[1]);
    assert.deepEqual([claims.iss, claims.aud, claims.sub, claims.amr], [issuer, "3001", "u-1001", ["pwd"]]);
    const known = JSON.parse((await lineOf(told, /^userinfo: (.*)/))[1]);
    assert.deepEqual([known.sub, known.email, known.name], ["u-1001", "ann@example.org", "Ann Lee"]);
    assert.equal((await lineOf(told, /^refreshed: (.*)/))[1], "openid profile email files.read");
    const [, leave] = await lineOf(told, /^sign out: (.*)/);
    if (program.exitCode === null) await once(program, "exit");
    assert.equal(program.exitCode, 0);
    const left = await browser.go(new URL(leave));
    assert.ok(isSignedOut(left), left.text);

    writeFileSync(client, here(blocks("sign-in.md")["device.mjs"]));
    const device = spawn(process.execPath, [client], { stdio: ["ignore", "pipe", "inherit"] });
    started.push(device);
    const shown = linesOf(device);
    const [, address, code] = await lineOf(shown, /^Open (\S+) and type (.*)/);
    const typed = new Browser();
    const wrong = await typed.send(await typed.go(new URL(address)), undefined, { user_code: "BBBB-BBBB" });
    assert.ok(wrong.status === 400 && wrong.text.includes("No device waits with this code."), wrong.text);
    const asked = await typed.send(wrong, undefined, { user_code: code.toLowerCase() });
    const allowed = await typed.send(asked, undefined, { user: "ann", password: "only-for-this-page" });
    assert.ok(isConsent(allowed) && allowed.text.includes("127.0.0.1") && allowed.text.includes("Read your files"), allowed.text);
    assert.match((await typed.send(allowed, undefined, { decision: "allow" })).text, /go back to your device/);
    assert.equal((await lineOf(shown, /^signed in: (.*)/))[1], "u-1001");

    const pushed = await promisify(execFile)("bash", ["-c", here(shell("sign-in.md")["push.sh"])]);
    const { request_uri, expires_in } = JSON.parse(pushed.stdout);
    assert.equal(expires_in, 60);
    const opened = await fetch(`${issuer}/oauth2/authorize?${new URLSearchParams({ client_id: "3001", request_uri })}`, { redirect: "manual" });
    assert.match(opened.headers.get("location"), /\/sign-in\?authorization=1\./);

    const { stdout } = await promisify(execFile)("bash", ["-c", here(shell("sign-in.md")["setting.sh"])], { cwd: folder });
    const { settings } = JSON.parse(stdout);
    assert.equal(settings.login_url, "https://login.example.org/sign-in");
    assert.deepEqual(settings.supported_scopes.map(({ name }) => name), ["files.read"], "what the patch doesn't name stays");
  });

  test("a person in Chromium types the code that a device shows", { skip: executablePath ? false : "there is no Chromium" }, async () => {
    writeFileSync(client, blocks("sign-in.md")["device.mjs"].replaceAll("http://127.0.0.1:3000", issuer));
    const device = spawn(process.execPath, [client], { stdio: ["ignore", "pipe", "inherit"] });
    started.push(device);
    const shown = linesOf(device);
    const [, address, code] = await lineOf(shown, /^Open (\S+) and type (.*)/);
    const browser = await chromium.launch({ executablePath, timeout: 20_000, args: ["--no-sandbox"] });
    try {
      const page = await browser.newPage();
      page.setDefaultTimeout(20_000);
      await page.goto(address);
      await page.getByLabel("Code").fill(code.toLowerCase());
      await page.getByRole("button", { name: "Go on" }).click();
      await page.getByLabel("Name").fill("bob");
      await page.getByLabel("Password").fill("also-only-for-this-page");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("button", { name: "Allow" }).click();
      await page.getByText("You can go back to your device.").waitFor();
    } finally {
      await browser.close();
    }
    assert.equal((await lineOf(shown, /^signed in: (.*)/))[1], "u-1002");
  });

  test("the example takes the org's API secret, people of another file with a password by its own command, and has a Secure cookie over https", async () => {
    const command = readFileSync(join(example, "README.md"), "utf8").match(/^```sh\n# hash.sh\n(.*?)^```$/ms)[1];
    const { stdout } = await promisify(execFile)("bash", ["-c", command], { cwd: example, env });
    const users = join(folder, "users.json");
    writeFileSync(users, JSON.stringify({ eve: { sub: "u-1", password: stdout.trim(), claims: {} } }));
    const headers = { authorization: `Bearer ${readFileSync(join(folder, ".jeton", "admin.token"), "utf8").trim()}` };
    const { secret } = await (await fetch(`${issuer}/v1/orgs/1/secret`, { method: "POST", headers })).json();

    const settings = { JETON_URL: issuer, JETON_ORG: "1", JETON_ORG_SECRET: secret, PORT: "0", USERS: users, LOGIN_URL: "https://login.example/sign-in" };
    const application = spawn("node", ["server.mjs"], { cwd: example, env: { ...env, ...settings }, stdio: ["ignore", "pipe", "inherit"] });
    started.push(application);
    const login = (await lineOf(linesOf(application), / listens on (.*)/))[1];
    const challenge = { code_challenge: "A".repeat(43), code_challenge_method: "S256" };
    const request = { response_type: "code", client_id: "3001", redirect_uri: "http://127.0.0.1:1/callback", ...challenge };
    const answer = await fetch(`${issuer}/oauth2/authorize?${new URLSearchParams(request)}`, { redirect: "manual" });
    const browser = new Browser();
    const page = await browser.go(new URL(`${login}${new URL(answer.headers.get("location")).search}`));
    assert.match(page.headers.get("set-cookie"), /^__Host-login=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
    assert.ok(isConsent(await browser.send(page, undefined, { user: "eve", password: "correct horse battery staple" })));
  });

  test("the example says what it lacks", async () => {
    const without = { ...env, JETON_TOKEN: "", JETON_ORG: "", PORT: "0" };
    await assert.rejects(promisify(execFile)("node", ["server.mjs"], { cwd: example, env: without }), ({ code, stderr }) => code === 1 && stderr.startsWith("Set JETON_TOKEN"));
  });
});
