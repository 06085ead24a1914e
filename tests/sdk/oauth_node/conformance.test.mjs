// The conformance suite of the Model Context Protocol: its scenarios for authorization servers, with a person who signs in; and its
// scenario of workload identity, which is for clients, with the one of docs/.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, describe, test } from "node:test";
import { Browser } from "./browser.mjs";
import { forEachOrg } from "./harness.mjs";

const SUITE = createRequire(import.meta.url).resolve("@modelcontextprotocol/conformance/dist/index.js");
const SCENARIOS = ["authorization-server-metadata-endpoint", "authorization-code-grant"];

/** A port of this machine that is free. */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

/** Runs all scenarios for a client. A person signs in at the address that the suite prints. Returns what the suite says. */
async function run(org, id) {
  const port = await freePort();
  const named = { url: org.url, port, "client-id": id };
  const options = Object.entries(named).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const suite = spawn(process.execPath, [SUITE, "authorization", ...options], { stdio: ["ignore", "pipe", "pipe"] });
  const problems = text(suite.stderr);
  let told = "";
  for await (const chunk of suite.stdout.setEncoding("utf8")) {
    told += chunk;
    const [address] = chunk.match(/^http\S+\/oauth2\/authorize\?\S+$/m) ?? [];
    if (!address) continue;
    const callback = await new Browser().signIn(new URL(address), `http://127.0.0.1:${port}/callback`);
    await fetch(callback);
  }
  return { told, problems: await problems };
}

forEachOrg("MCP's conformance suite", ["opaque", "ES256"], (org) => {
  // A public one: where a server supports clients without a secret, the suite sends none.
  test("each scenario for authorization servers succeeds", async () => {
    const { told, problems } = await run(org, org.clients.public.id);
    const results = [...told.matchAll(/^. ([a-z-]+): (\d+ passed, \d+ failed)$/gm)].map(([, scenario, result]) => [scenario, result]);
    assert.deepEqual(results, SCENARIOS.map((scenario) => [scenario, "1 passed, 0 failed"]), `${told}\n${problems}`);
  });
});

describe("MCP's conformance suite", () => {
  // docs.test.mjs has the same program get a token of Jeton, and call a tool with it.
  test("the agent of docs/workloads/libraries.md passes the scenario of workload identity, which is for clients", async () => {
    const folder = mkdtempSync(join(tmpdir(), "jeton-wif-"));
    const [agent, begin] = ["agent", "begin"].map((name) => join(import.meta.dirname, `wif-${process.pid}-${name}.mjs`));
    after(() => {
      rmSync(folder, { recursive: true });
      for (const file of [agent, begin]) rmSync(file);
    });
    const [, code] = readFileSync(join(process.env.JETON_DOCS, "workloads", "libraries.md"), "utf8").match(/^```js\n\/\/ agent.mjs\n(.*?)^```$/ms);
    writeFileSync(agent, code);
    // What the suite tells the client: the platform's token, and as the last argument the address of the MCP server.
    writeFileSync(
      begin,
      `import { writeFileSync } from "node:fs";
      import { decodeJwt } from "jose";
      const { client_id, valid_jwt } = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT);
      const TOKEN_FILE = ${JSON.stringify(join(folder, "token"))};
      writeFileSync(TOKEN_FILE, valid_jwt);
      Object.assign(process.env, { ISSUER: decodeJwt(valid_jwt).aud, CLIENT_ID: client_id, TOKEN_FILE, MCP_URL: process.argv.at(-1) });
      await import(${JSON.stringify(agent)});`,
    );
    const options = ["--command", `${process.execPath} ${begin}`, "--scenario", "auth/wif-jwt-bearer"];
    const suite = spawn(process.execPath, [SUITE, "client", ...options], { stdio: ["ignore", "pipe", "pipe"] });
    const [told, problems] = await Promise.all([text(suite.stdout), text(suite.stderr)]);
    if (suite.exitCode === null) await once(suite, "exit");
    assert.equal(suite.exitCode, 0, `${told}\n${problems}`);
    assert.match(`${told}\n${problems}`, /wif-assertion-verified/);
  });
});
