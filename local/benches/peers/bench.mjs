// What a token and an introspection cost Jeton, and other authorization servers in the same run.
//
//   node bench.mjs PICTURE JETON [COUNT]
//
// Each server is asked for opaque tokens and for JWTs by ES256, by client_credentials with a secret, and then whether each of them is good. All
// keep everything in memory; those that can with a file of SQLite do so once more with that. None logs requests. What counts is the processor time of the server's processes: that depends least on what else the machine does.
//
// HYDRA and KEYCLOAK name a program and a folder, or with a "!" before it the reason for which there is none: then that is told, and nothing
// fails. The load is bounded in count.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { picture } from "./picture.mjs";

const [svg, named, count = "5000"] = process.argv.slice(2);
const program = resolve(named);
const CONCURRENCY = 8;
const SECRET = "secret-of-the-benchmark-of-peers";
const API = "https://api.example";
const ROUNDS = 20;
const READY_WITHIN_MS = 120_000;
// Compilers of virtual machines do their work in the first thousands of requests.
const WARM_UP = 3_000;

const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The answer to a request: its status, and its body as text. */
function ask(method, url, headers = {}, body = undefined) {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent }, async (answer) => {
      let text = "";
      try {
        for await (const chunk of answer.setEncoding("utf8")) text += chunk;
        resolve({ status: answer.statusCode, text });
      } catch (error) {
        reject(error);
      }
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** What a form is answered, which must be JSON and good. */
async function post(url, form, headers = {}) {
  const answer = await ask("POST", url, { "content-type": "application/x-www-form-urlencoded", ...headers }, new URLSearchParams(form).toString());
  if (answer.status !== 200) throw new Error(`${url}: ${answer.status} ${answer.text}`);
  return JSON.parse(answer.text);
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A process and all that it has started. */
async function family(pid) {
  const parents = new Map();
  for (const name of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
    if (stat) parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
  }
  const isOf = (one) => one === pid || (parents.has(one) && isOf(parents.get(one)));
  return [...parents.keys()].filter(isOf);
}

/** What the threads of a process and its children have used of their processors, in ms. */
async function cpuMs(pid) {
  let nanoseconds = 0;
  for (const one of await family(pid)) {
    for (const thread of await readdir(`/proc/${one}/task`).catch(() => [])) {
      const times = await readFile(`/proc/${one}/task/${thread}/schedstat`, "utf8").catch(() => "0");
      nanoseconds += Number(times.split(" ")[0]);
    }
  }
  return nanoseconds / 1e6;
}

/** The memory of a process and its children in MB. */
async function memory(pid, what) {
  let kilobytes = 0;
  for (const one of await family(pid)) {
    const status = await readFile(`/proc/${one}/status`, "utf8").catch(() => "");
    kilobytes += Number(new RegExp(`${what}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0);
  }
  return kilobytes / 1024;
}

/** Starts a server, and waits until it answers. */
async function start(command, args, { cwd, env, ready }) {
  const begun = performance.now();
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "pipe"], detached: true });
  let said = "";
  let isGone = false;
  child.stderr.setEncoding("utf8").on("data", (text) => (said = (said + text).slice(-2_000)));
  const gone = (why) => {
    if (why instanceof Error) said += why.message;
    isGone = true;
  };
  child.on("error", gone).on("exit", gone);
  while (performance.now() - begun < READY_WITHIN_MS && !isGone) {
    const answer = await ask("GET", ready).catch(() => undefined);
    if (answer?.status === 200) return { child, readyMs: performance.now() - begun };
    await pause(2);
  }
  await stop(child);
  throw new Error(`${command} doesn't answer: ${said}`);
}

/** Stops a server and all that it has started: it has a group of its own. */
async function stop(child) {
  if (child.pid === undefined || child.exitCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  process.kill(-child.pid, "SIGKILL");
  await gone;
}

/** Does something so many times, several at a time. */
async function many(times, act) {
  let next = 0;
  const results = new Array(times);
  const worker = async () => {
    for (let nth = next++; nth < times; nth = next++) results[nth] = await act(nth);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return results;
}

/**
 * The processor time that the server takes for each of so many requests, in ms: the mean of the middle half of the rounds, because what else the
 * machine does makes some of them dearer.
 */
async function cost(pid, times, act) {
  const each = Math.ceil(times / ROUNDS);
  const costs = [];
  const results = [];
  while (results.length < times) {
    const done = results.length;
    const before = await cpuMs(pid);
    results.push(...(await many(each, (nth) => act(done + nth))));
    costs.push(((await cpuMs(pid)) - before) / each);
  }
  const middle = costs.sort((a, b) => a - b).slice(Math.floor(costs.length / 4), Math.ceil((costs.length * 3) / 4));
  return { each: middle.reduce((sum, cost) => sum + cost) / middle.length, results };
}

async function measure(peer) {
  const { child, readyMs } = await peer.start();
  try {
    const idle = await memory(child.pid, "VmRSS");
    await peer.furnish?.();
    const figures = { name: peer.name, readyMs, idle };
    for (const [form, asked] of Object.entries(peer.tokens)) {
      const token = async () => (await post(peer.token, asked)).access_token;
      const isGood = async (token) => (await post(peer.introspection, { ...peer.api?.(asked), token }, peer.headers)).active === true;
      const known = await many(WARM_UP, token);
      const tells = peer.tells?.[form] ?? true;
      if (tells) await many(WARM_UP, (nth) => isGood(known[nth]));
      const issued = await cost(child.pid, Number(count), token);
      figures[`${form} token`] = issued.each;
      if (tells) {
        const shown = await cost(child.pid, Number(count), (nth) => isGood(issued.results[nth]));
        if (!shown.results.every(Boolean)) throw new Error(`${peer.name} says of a good token that it isn't`);
        figures[`${form} introspection`] = shown.each;
      }
    }
    if (peer.empty) {
      const isGood = async () => (await ask("GET", peer.empty)).status === 200;
      await many(WARM_UP, isGood);
      const shown = await cost(child.pid, Number(count), isGood);
      if (!shown.results.every(Boolean)) throw new Error(`${peer.name} doesn't answer ${peer.empty}`);
      figures.empty = shown.each;
    }
    return { ...figures, peak: await memory(child.pid, "VmHWM") };
  } finally {
    await stop(child);
  }
}

const credentials = (id) => ({ client_id: id, client_secret: SECRET, grant_type: "client_credentials" });

async function jeton(folder, durability = "memory") {
  const base = `http://127.0.0.1:${await freePort()}`;
  const secrets_sha256 = [createHash("sha256").update(SECRET).digest("hex")];
  const client = (org, id) => ({ org, id, kind: "confidential", auth_method: "client_secret_post", grants: ["client_credentials"], secrets_sha256 });
  const settings = { supported_scopes: [{ name: "read", default: true }] };
  const orgs = [{ id: "1" }, { id: "10", parent: "1", settings }, { id: "20", parent: "1", settings: { ...settings, access_token_sign_alg: "ES256" } }];
  await writeFile(join(folder, "seed.json"), JSON.stringify({ orgs, clients: [client("10", 1), client("20", 2)] }));
  const options = ["--listen", new URL(base).host, "--issuer", base, "--seed", "seed.json", "--durability", durability, "--no-audit", "--no-request-log"];
  return {
    name: durability === "memory" ? "Jeton" : "Jeton, on disk",
    // The first start makes the keys.
    start: async () => {
      await stop((await start(program, options, { cwd: folder, ready: `${base}/health` })).child);
      return start(program, options, { cwd: folder, ready: `${base}/health` });
    },
    token: `${base}/oauth2/token`,
    introspection: `${base}/oauth2/introspect`,
    // What HTTP alone costs: no answer of the server can cost less.
    empty: `${base}/health`,
    tokens: { opaque: credentials("1"), JWT: credentials("2") },
    api: ({ client_id, client_secret }) => ({ client_id, client_secret }),
  };
}

async function provider(folder, isOnDisk = false) {
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  return {
    name: isOnDisk ? "oidc-provider, on disk" : "node oidc-provider",
    start: () => {
      const options = [join(import.meta.dirname, "provider.mjs"), port, "1", SECRET, API, ...(isOnDisk ? [join(folder, "store.db")] : [])];
      return start(process.execPath, options, { ready: `${base}/.well-known/openid-configuration` });
    },
    token: `${base}/token`,
    introspection: `${base}/token/introspection`,
    tokens: { opaque: credentials("1"), JWT: { ...credentials("1"), resource: API } },
    // It refuses to introspect a JWT.
    tells: { JWT: false },
    api: ({ client_id, client_secret }) => ({ client_id, client_secret }),
  };
}

async function hydra(folder) {
  const [open, admin] = [await freePort(), await freePort()];
  const base = `http://127.0.0.1:${open}`;
  const env = {
    DSN: "memory", SECRETS_SYSTEM: "a secret of the benchmark's own", URLS_SELF_ISSUER: base, LOG_LEVEL: "error", SQA_OPT_OUT: "true",
    SERVE_PUBLIC_HOST: "127.0.0.1", SERVE_PUBLIC_PORT: String(open), SERVE_ADMIN_HOST: "127.0.0.1", SERVE_ADMIN_PORT: String(admin),
    SERVE_PUBLIC_REQUEST_LOG_DISABLE_FOR_HEALTH: "true",
  };
  const json = { "content-type": "application/json" };
  const made = async (path, body) => {
    const answer = await ask("POST", `http://127.0.0.1:${admin}${path}`, json, JSON.stringify(body));
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${answer.text}`);
  };
  return {
    name: "Ory Hydra",
    start: () => start(process.env.HYDRA, ["serve", "all", "--dev", "--sqa-opt-out"], { cwd: folder, env, ready: `${base}/health/ready` }),
    furnish: async () => {
      await made("/admin/keys/hydra.jwt.access-token", { alg: "ES256", use: "sig", kid: "of-the-benchmark" });
      for (const [client_id, access_token_strategy] of [["1", "opaque"], ["2", "jwt"]]) {
        const method = { grant_types: ["client_credentials"], token_endpoint_auth_method: "client_secret_post" };
        await made("/admin/clients", { client_id, client_secret: SECRET, access_token_strategy, ...method });
      }
    },
    token: `${base}/oauth2/token`,
    introspection: `http://127.0.0.1:${admin}/admin/oauth2/introspect`,
    tokens: { opaque: credentials("1"), JWT: credentials("2") },
  };
}

async function keycloak(folder) {
  const [port, management] = [await freePort(), await freePort()];
  const base = `http://127.0.0.1:${port}`;
  const client = {
    clientId: "1", secret: SECRET, protocol: "openid-connect", publicClient: false, serviceAccountsEnabled: true, standardFlowEnabled: false,
    clientAuthenticatorType: "client-secret", attributes: { "access.token.signed.response.alg": "ES256" },
  };
  const realm = { realm: "bench", enabled: true, sslRequired: "none", clients: [client] };
  await mkdir(join(process.env.KEYCLOAK, "data/import"), { recursive: true });
  await writeFile(join(process.env.KEYCLOAK, "data/import/bench.json"), JSON.stringify(realm));
  const options = [
    "start", "--optimized", "--import-realm", "--http-enabled=true", "--hostname-strict=false", "--cache=local", "--http-host=127.0.0.1", `--http-port=${port}`,
    `--http-management-port=${management}`, "--log-level=error",
  ];
  const protocol = `${base}/realms/bench/protocol/openid-connect`;
  return {
    name: "Keycloak",
    start: () => start(join(process.env.KEYCLOAK, "bin/kc.sh"), options, { cwd: folder, ready: `${base}/realms/bench/.well-known/openid-configuration` }),
    token: `${protocol}/token`,
    introspection: `${protocol}/token/introspect`,
    // Its access tokens are JWTs, always.
    tokens: { JWT: credentials("1") },
    api: ({ client_id, client_secret }) => ({ client_id, client_secret }),
  };
}

const LOADS = ["opaque token", "opaque introspection", "JWT token", "JWT introspection"];
const reasonAgainst = (variable) => {
  const value = process.env[variable] ?? "!it wasn't looked for";
  return value.startsWith("!") ? value.slice(1) : undefined;
};
const number = (value, digits) => (value === undefined ? "-" : value.toFixed(digits));

const peers = [
  ["Jeton", jeton, undefined],
  ["node oidc-provider", provider, undefined],
  ["Jeton, on disk", (folder) => jeton(folder, "normal"), undefined],
  ["oidc-provider, on disk", (folder) => provider(folder, true), undefined],
  ["Ory Hydra", hydra, reasonAgainst("HYDRA")],
  ["Keycloak", keycloak, reasonAgainst("KEYCLOAK")],
];
console.log(`${count} requests each after ${WARM_UP}, ${CONCURRENCY} at a time, in memory unless it says on disk; ms of processor time for each request\n`);
console.log(["".padEnd(22), ...LOADS.map((load) => load.padStart(21)), "HTTP alone".padStart(11), "ready ms".padStart(9), "idle MB".padStart(8), "peak MB".padStart(8)].join(" "));
const all = [];
const missing = [];
for (const [name, peer, reason] of peers) {
  const folder = await mkdtemp(join(tmpdir(), "jeton-peers-"));
  try {
    if (reason) throw new Error(reason);
    const figures = await measure(await peer(folder));
    all.push(figures);
    const rest = [number(figures.empty, 3).padStart(11), number(figures.readyMs, 0).padStart(9), number(figures.idle, 0).padStart(8), number(figures.peak, 0).padStart(8)];
    console.log([name.padEnd(22), ...LOADS.map((load) => number(figures[load], 3).padStart(21)), ...rest].join(" "));
  } catch (error) {
    // What can't be measured here is told, and fails nothing: but Jeton must work.
    if (name.startsWith("Jeton")) throw error;
    missing.push(name);
    console.log(`${name.padEnd(22)} not measured: ${String(error.message).trim().split("\n").slice(-3).join(" ").slice(0, 400)}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
await mkdir(dirname(svg), { recursive: true });
await writeFile(svg, picture(all, LOADS));
console.log(`\n${all.length} measured, ${missing.length} not; the picture is ${svg}`);
agent.destroy();
