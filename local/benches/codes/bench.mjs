// How many people sign in per CPU-second: Jeton, and node oidc-provider in the same run.
//
//   node bench.mjs JETON [COUNT]
//
// Each sign-in is a browser without cookies: the authorization request, the decision of the login application, the way back with a code, and
// its redemption for an opaque access token and an ID token by ES256. Both keep everything in memory. The login application of oidc-provider
// runs in its process; Jeton's is this program, and costs Jeton one request more. The load is bounded in count.
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const [program, count = "3000"] = process.argv.slice(2);
const CONCURRENCY = 8;
const WARM_UP = 300;
const CLIENT = "3001";
const SECRET = "secret-of-the-benchmark-of-codes";
const CALLBACK = "https://shop.example/callback";
const VERIFIER = randomBytes(32).toString("base64url");
const CHALLENGE = createHash("sha256").update(VERIFIER).digest("base64url");
const BASIC = `Basic ${Buffer.from(`${CLIENT}:${SECRET}`).toString("base64")}`;
const CLOCK_TICKS_PER_SECOND = 100;

const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });

/** The answer to a request, which must have this status. */
function ask(method, url, status, headers = {}, body = undefined) {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent }, async (answer) => {
      let text = "";
      for await (const chunk of answer.setEncoding("utf8")) text += chunk;
      if (answer.statusCode !== status) reject(new Error(`${method} ${url}: ${answer.statusCode} ${text}`));
      resolve({ location: answer.headers.location, cookies: answer.headers["set-cookie"] ?? [], text });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const cookiesOf = (...answers) => answers.flatMap(({ cookies }) => cookies.map((cookie) => cookie.split(";")[0])).join("; ");

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a server, and waits until it says this. */
async function start(command, args, ready, cwd) {
  const process = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "ignore"] });
  for await (const line of createInterface(process.stdout)) {
    if (ready.test(line)) break;
  }
  process.stdout.resume();
  return process;
}

/** What a process has used of its processors, in seconds. */
async function cpuSeconds({ pid }) {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const [user, system] = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 13).map(Number);
  return (user + system) / CLOCK_TICKS_PER_SECOND;
}

function authorizationUrl(base, path) {
  const query = { response_type: "code", client_id: CLIENT, redirect_uri: CALLBACK, scope: "openid", state: "s", nonce: "n" };
  return `${base}${path}?${new URLSearchParams({ ...query, code_challenge: CHALLENGE, code_challenge_method: "S256" })}`;
}

async function redeem(base, path, location) {
  const code = new URL(location).searchParams.get("code");
  const form = new URLSearchParams({ grant_type: "authorization_code", code, redirect_uri: CALLBACK, code_verifier: VERIFIER });
  const headers = { authorization: BASIC, "content-type": "application/x-www-form-urlencoded" };
  const tokens = JSON.parse((await ask("POST", `${base}${path}`, 200, headers, form.toString())).text);
  if (!tokens.id_token || !tokens.access_token) throw new Error(JSON.stringify(tokens));
}

async function throughJeton(base, token) {
  const begun = await ask("GET", authorizationUrl(base, "/oauth2/authorize"), 303);
  const id = new URL(begun.location).searchParams.get("authorization");
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const said = JSON.stringify({ subject: "ann", auth_time: Math.floor(Date.now() / 1000) });
  const accepted = JSON.parse((await ask("POST", `${base}/v1/authorizations/${id}/accept`, 200, headers, said)).text);
  const back = await ask("GET", accepted.redirect_to, 303, { cookie: cookiesOf(begun) });
  await redeem(base, "/oauth2/token", back.location);
}

async function throughProvider(base) {
  const begun = await ask("GET", authorizationUrl(base, "/auth"), 303);
  const cookie = cookiesOf(begun);
  const decided = await ask("GET", new URL(begun.location, base), 303, { cookie });
  const back = await ask("GET", decided.location, 303, { cookie: [cookie, cookiesOf(decided)].filter(Boolean).join("; ") });
  await redeem(base, "/token", back.location);
}

/** Signs people in, several at a time. */
async function signInMany(signIn, times) {
  let left = times;
  const worker = async () => {
    while (left-- > 0) await signIn();
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

async function measure(name, process, signIn) {
  try {
    await signInMany(signIn, WARM_UP);
    const before = await cpuSeconds(process);
    await signInMany(signIn, Number(count));
    const each = (await cpuSeconds(process)) - before;
    const peak = /VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${process.pid}/status`, "utf8"))[1];
    const perSecond = Number(count) / each;
    console.log(`${name.padEnd(24)} ${perSecond.toFixed(0).padStart(20)} ${(1000 / perSecond).toFixed(2).padStart(14)} ${(peak / 1024).toFixed(0).padStart(10)}`);
    return perSecond;
  } finally {
    process.kill();
  }
}

const folder = await mkdtemp(join(tmpdir(), "jeton-codes-"));
try {
  const client = {
    org: "1", id: Number(CLIENT), kind: "confidential", grants: ["authorization_code"], redirect_uris: [CALLBACK], consent: "implied",
    secrets_sha256: [createHash("sha256").update(SECRET).digest("hex")],
  };
  await writeFile(join(folder, "seed.json"), JSON.stringify({ orgs: [{ id: "1", settings: { login_url: "http://127.0.0.1:4000/" } }], clients: [client] }));
  console.log(`${count} sign-ins each, ${CONCURRENCY} at a time, everything in memory\n`);
  console.log(`${"".padEnd(24)} ${"sign-ins per CPU-s".padStart(20)} ${"ms CPU each".padStart(14)} ${"peak MB".padStart(10)}`);

  const base = `http://127.0.0.1:${await freePort()}`;
  const options = ["--listen", new URL(base).host, "--seed", "seed.json", "--durability", "memory", "--no-audit"];
  const jeton = await start(program, options, /curl/, folder);
  const token = (await readFile(join(folder, ".jeton/admin.token"), "utf8")).trim();
  const ours = await measure("Jeton", jeton, () => throughJeton(base, token));

  const port = await freePort();
  const provider = await start(process.execPath, [join(import.meta.dirname, "provider.mjs"), port, CLIENT, SECRET, CALLBACK], /^ready$/);
  const theirs = await measure("node oidc-provider", provider, () => throughProvider(`http://127.0.0.1:${port}`));
  console.log(`\nratio: ${(ours / theirs).toFixed(1)}`);
} finally {
  await rm(folder, { recursive: true });
  agent.destroy();
}
