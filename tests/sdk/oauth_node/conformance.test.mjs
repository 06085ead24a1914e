// The conformance suite of the Model Context Protocol: its scenarios for authorization servers, with a person who signs in.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";
import { test } from "node:test";
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
