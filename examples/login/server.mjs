// A login application for Jeton: signs people in by password, asks them for consent, and hands the answer back.
//
// Jeton sends a browser to /sign-in?authorization=ID. This program reads what ID asks for, finds out who sits before the browser,
// accepts or denies, and sends the browser to the address that Jeton answers with. People with a device come to /device by themselves,
// and type the code that it shows. Who signs out of an app is sent to /logout?logout=ID. docs/sign-in.md explains each rule.

import { createHash, createHmac, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";

const { JETON_URL = "http://127.0.0.1:3000", JETON_TOKEN, JETON_ORG, JETON_ORG_SECRET } = process.env;
const { HOST = "127.0.0.1", PORT = "4000", LOGIN_URL = `http://${HOST}:${PORT}/sign-in` } = process.env;
const CREDENTIAL = JETON_TOKEN ? `Bearer ${JETON_TOKEN}` : `Basic ${btoa(`${JETON_ORG}:${JETON_ORG_SECRET}`)}`;

const SESSION_SECONDS = 8 * 3600;
const MAX_FORM_BYTES = 10_000;
const SCRYPT = { N: 2 ** 15, r: 8, p: 3, maxmem: 2 ** 26 };
/** What a password proves, in the words of this example's apps. An app may demand more by `acr_required`. */
const ACR = "urn:example:password";

const users = JSON.parse(readFileSync(process.env.USERS ?? new URL("users.json", import.meta.url), "utf8"));
const seconds = () => Math.floor(Date.now() / 1000);
const random = () => randomBytes(32).toString("base64url");
const sha256 = (data) => createHash("sha256").update(data).digest();
const isSame = (one, other) => timingSafeEqual(sha256(one), sha256(other));

// What Jeton is asked

async function jeton(method, path, body) {
  const headers = { authorization: CREDENTIAL, "content-type": "application/json" };
  const signal = AbortSignal.timeout(10_000);
  const answer = await fetch(`${JETON_URL}/v1/${path}`, { method, headers, body: body && JSON.stringify(body), signal });
  const told = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(`Jeton answered ${answer.status}`), { status: answer.status, code: told.code });
  return told;
}

/** Denies, and sends the browser back with the error. */
async function deny(asked, error) {
  return back(await jeton("POST", `authorizations/${asked.id}/deny`, { error }));
}

/** Sends the browser back. A device polls, so the person goes back to it. */
const back = ({ redirect_to }) => (redirect_to ? seeOther(redirect_to) : page(200, "Done", html`<p>You can go back to your device.</p>`));

/** What the app is told when Jeton refuses to accept, and no page could help. */
const DENIALS = {
  AUTHENTICATION_TOO_OLD: "login_required",
  SUBJECT_MISMATCH: "login_required",
  ACR_NOT_MET: "unmet_authentication_requirements",
  CONSENT_REQUIRED: "consent_required",
};

/** Accepts, and sends the browser back. All that is said is what this program knows: nothing of it came with the request. */
async function accept(asked, visit) {
  const { user, auth_time, sid } = visit.session;
  const said = { subject: users[user].sub, auth_time, acr: ACR, amr: ["pwd"], session: sid, claims: users[user].claims };
  try {
    // This address finishes the sign-in in the browser in which it began. It is used at once, and not shown, logged or kept.
    return back(await jeton("POST", `authorizations/${asked.id}/accept`, said));
  } catch (refused) {
    const error = refused.status === 422 && DENIALS[refused.code];
    if (!error) throw refused;
    const canSignInAgain = error === "login_required" && !prompts(asked).includes("none");
    return canSignInAgain ? loginPage(asked, visit) : deny(asked, error);
  }
}

// The steps of a sign-in

/** Where a browser goes now: to the login page, to the page for consent, or back. With `prompt=none` no page may be shown. */
async function proceed(asked, visit) {
  const isSilent = prompts(asked).includes("none");
  if (asked.acr_required.length > 0 && !asked.acr_required.includes(ACR)) return deny(asked, "unmet_authentication_requirements");
  if (!isSuitable(visit.session, asked)) return isSilent ? deny(asked, "login_required") : loginPage(asked, visit);
  const { consent } = await jeton("GET", `authorizations/${asked.id}?subject=${encodeURIComponent(users[visit.session.user].sub)}`);
  // A device's request is always shown: somebody else may have sent the person its code.
  if (consent.needed || asked.kind === "device") return isSilent ? deny(asked, "consent_required") : consentPage(asked, visit);
  return accept(asked, visit);
}

/** The words of `prompt`, which a device's request doesn't have. */
const prompts = ({ prompt = [] }) => prompt;

/** Whether it is the person whom the app wants that is signed in here, and has signed in lately enough. */
function isSuitable(session, asked) {
  if (!session || (asked.subject_hint && asked.subject_hint !== users[session.user].sub)) return false;
  const mustComeBack = prompts(asked).includes("login") || prompts(asked).includes("select_account");
  if (mustComeBack && session.signedInFor !== asked.id) return false;
  return session.auth_time >= (asked.authenticated_after ?? 0);
}

/** The login form was sent. */
async function signIn(asked, visit, form) {
  const user = form.get("user") ?? "";
  if (!(await isPassword(user, form.get("password") ?? ""))) return loginPage(asked, visit, "Wrong name or password.");
  visit.begin({ user, auth_time: seconds(), sid: random(), signedInFor: asked.id });
  return seeOther(`sign-in?authorization=${asked.id}`, { "set-cookie": visit.cookie() });
}

/** The form for consent was sent, from the session in which it was shown: its token is good for no other. */
async function decide(asked, visit, form) {
  const decision = form.get("decision");
  if (decision === "deny") return deny(asked, "access_denied");
  if (decision === "switch") visit.end();
  return decision === "allow" && isSuitable(visit.session, asked) ? accept(asked, visit) : loginPage(asked, visit);
}

// The codes of devices

/** Somebody with a device comes by: by hand, or by an address that has the code already, which they must still send. */
function askForCode(_, visit, form, error) {
  const known = form.get("user_code");
  const field = html`<label>Code<input name="user_code" autocomplete="off" autocapitalize="characters" value="${known}" required></label><button>Go on</button>`;
  const content = html`<form method="post" action="device"><input type="hidden" name="csrf" value="${visit.csrfToken()}">${field}</form>`;
  return page(error ? 400 : 200, "Connect a device", html`<p>Type the code that your device shows.</p><p class="error">${error}</p>${content}`, visit);
}

/** The code was sent. Jeton counts the attempts of each person, or of each address where nobody has signed in. */
async function findByCode(request, visit, form) {
  const attempt_by = visit.session ? users[visit.session.user].sub : request.socket.remoteAddress;
  try {
    const asked = await jeton("POST", "authorizations/find", { user_code: form.get("user_code") ?? "", attempt_by, org: JETON_ORG });
    return seeOther(`sign-in?authorization=${asked.id}`, { "set-cookie": visit.cookie() });
  } catch (refused) {
    const errors = { 404: "No device waits with this code.", 429: "Too many attempts. Try again in ten minutes." };
    if (!errors[refused.status]) throw refused;
    return askForCode(request, visit, form, errors[refused.status]);
  }
}

// The steps of a sign-out

/**
 * An app wants somebody signed out. With an ID token of the person who is signed in here it need not be asked twice; without one anybody can
 * have sent the browser, so the person must say it.
 */
async function signOut(asked, visit) {
  if (asked.status === "completed") return signedOut();
  const isHere = (session) => users[session.user].sub === asked.subject && (!asked.session || session.sid === asked.session);
  const mustAsk = visit.session && !(asked.confirmed && isHere(visit.session));
  return mustAsk ? signOutPage(asked, visit) : complete(asked, visit);
}

/** The person has answered. Who stays stays here: the app learns nothing of it. */
const decideSignOut = (asked, visit, form) =>
  form.get("decision") === "leave" ? complete(asked, visit) : page(200, "You are still signed in", html`<p>You can close this page.</p>`);

/** Ends the session of this browser, and that at Jeton with all its tokens. Where nobody is signed in here, the session that the ID token names. */
async function complete(asked, visit) {
  const session = visit.session?.sid ?? asked.session;
  const { redirect_to } = await jeton("POST", `logouts/${asked.id}/complete`, { session });
  visit.end();
  return redirect_to ? seeOther(redirect_to) : signedOut();
}

// Passwords and sessions

const hashed = async (password, salt) => `${salt}:${(await promisify(scrypt)(password, salt, 32, SCRYPT)).toString("base64url")}`;

async function isPassword(user, password) {
  // An unknown name takes as long as a known one, so that nobody finds out who has an account.
  const known = Object.hasOwn(users, user) ? users[user].password : "nobody:";
  return isSame(known, await hashed(password, known.split(":")[0]));
}

const sessions = new Map();
const isOver = (session) => session.auth_time + SESSION_SECONDS <= seconds();
const csrfKey = randomBytes(32);
const isHttps = LOGIN_URL.startsWith("https:");
const COOKIE = isHttps ? "__Host-login" : "login";

/** A browser that comes by. A random value in a cookie tells it from others, before it has a session and while it has one. */
class Visit {
  constructor(request) {
    this.browser = new RegExp(`(?:^|; )${COOKIE}=([\\w-]{43})(?:;|$)`).exec(request.headers.cookie ?? "")?.[1] ?? random();
    const session = sessions.get(this.browser);
    if (session && !isOver(session)) this.session = session;
  }
  begin(session) {
    for (const [browser, old] of sessions) if (browser === this.browser || isOver(old)) sessions.delete(browser);
    // With a new cookie: one that somebody planted before the sign-in is worth nothing after it.
    this.browser = random();
    sessions.set(this.browser, session);
  }
  end() {
    sessions.delete(this.browser);
    this.session = undefined;
  }
  // Lax: it comes along when Jeton sends the browser here, and stays away when another site posts to this one.
  cookie = () => `${COOKIE}=${this.browser}; Path=/; HttpOnly; SameSite=Lax${isHttps ? "; Secure" : ""}`;
  csrfToken = () => createHmac("sha256", csrfKey).update(this.browser).digest("base64url");
}

// Pages

class Html { constructor(text) { this.text = text; } }
const escape = (value) => {
  if (Array.isArray(value)) return value.map(escape).join("");
  return value instanceof Html ? value.text : String(value ?? "").replace(/[&<>"']/g, (character) => `&#${character.charCodeAt()};`);
};
/** HTML in which all that is filled in is escaped, unless it is HTML itself. */
const html = (strings, ...values) => new Html(strings.map((part, n) => part + escape(values[n])).join(""));

const STYLE = "body{font:1rem/1.5 system-ui;max-width:24rem;margin:3rem auto}input,button{display:block;width:100%;font:inherit;margin:.5rem 0}.error{color:#b00020}";
const HEADERS = {
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  // No `form-action`: browsers hold it against the redirects that follow, to Jeton and to the app.
  "content-security-policy": `default-src 'none'; style-src 'sha256-${sha256(STYLE).toString("base64")}'; base-uri 'none'; frame-ancestors 'none'`,
};
const seeOther = (location, headers) => ({ status: 303, headers: { location, ...headers } });

function page(status, title, content, visit) {
  const head = html`<!DOCTYPE html><html lang="en"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${new Html(STYLE)}</style>`;
  const headers = { "content-type": "text/html; charset=utf-8", ...(visit && { "set-cookie": visit.cookie() }) };
  return { status, headers, body: html`${head}<h1>${title}</h1>${content}`.text };
}

const formTo = (action, asked, visit, content) =>
  html`<form method="post" action="${action}?authorization=${asked.id}"><input type="hidden" name="csrf" value="${visit.csrfToken()}">${content}</form>`;

const appName = ({ client }) => client.name ?? `the app ${client.client_id}`;

function loginPage(asked, visit, error) {
  const wanted = Object.keys(users).find((name) => users[name].sub === asked.subject_hint) ?? asked.login_hint;
  const reason = asked.subject_hint && html`<p>The app wants you to sign in as ${wanted ?? asked.subject_hint}.</p>`;
  const fields = html`<label>Name<input name="user" autocomplete="username" value="${wanted}" required></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required></label><button>Sign in</button>`;
  const form = formTo("sign-in", asked, visit, fields);
  return page(200, "Sign in", html`<p>to go on to ${appName(asked)}</p>${reason}<p class="error">${error}</p>${form}`, visit);
}

/** The scopes that all orgs have. Those of an org are described in its settings. */
const DESCRIPTIONS = { openid: "Know who you are", profile: "See your name", email: "See your e-mail address", address: "See your address", phone: "See your phone number", offline_access: "Do so when you are away" };

function consentPage(asked, visit) {
  const wishes = asked.scopes.map(({ name, description }) => html`<li>${description ?? DESCRIPTIONS[name] ?? name}</li>`);
  const details = (asked.authorization_details ?? []).map((detail) => html`<li>${JSON.stringify(detail)}</li>`);
  const places = asked.resources.map((resource) => html`<li>Do so at ${resource}</li>`);
  const buttons = html`<button name="decision" value="allow">Allow</button><button name="decision" value="deny">Deny</button>
<button name="decision" value="switch">Use another account</button>`;
  // Anybody can choose a name. Where the answer goes can't be made up, so it is always shown.
  const known = asked.client.host ? html` of <b>${asked.client.host}</b>` : undefined;
  const asks = html`<p><b>${appName(asked)}</b>${known}, ${whereabouts(asked)}, wants to:</p><ul>${wishes}${details}${places}</ul>`;
  const form = formTo("consent", asked, visit, buttons);
  const warning = asked.kind === "device" ? html`<p>Allow it only if your own device shows the code that you typed. Nobody else should have sent it to you.</p>` : undefined;
  return page(200, "Allow access?", html`${asks}${warning}<p>You are signed in as ${visit.session.user}.</p>${form}`, visit);
}

function whereabouts({ requested_from, redirect_host, redirect_uri }) {
  if (!requested_from) return html`at <b>${redirect_host ?? redirect_uri}</b>`;
  const { ip = "an unknown address", user_agent = "an unknown program" } = requested_from;
  return html`on a device at <b>${ip}</b> (${user_agent})`;
}

const startAgain = () => page(404, "This sign-in is over", html`<p>Go back to the app, and start again there.</p>`);

function signOutPage(asked, visit) {
  const buttons = html`<button name="decision" value="leave">Sign out</button><button name="decision" value="stay">Stay signed in</button>`;
  const form = html`<form method="post" action="logout?logout=${asked.id}"><input type="hidden" name="csrf" value="${visit.csrfToken()}">${buttons}</form>`;
  const asks = asked.client ? html`<p>${appName(asked)} wants to sign you out.</p>` : undefined;
  return page(200, "Sign out?", html`${asks}<p>You are signed in as ${visit.session.user}.</p>${form}`, visit);
}

const signedOut = () => page(200, "You are signed out", html`<p>You can close this page.</p>`);

// The server

const STEPS = { "GET /sign-in": proceed, "POST /sign-in": signIn, "POST /consent": decide };
/** The steps of people who leave an app. */
const LOGOUT_STEPS = { "GET /logout": signOut, "POST /logout": decideSignOut };
/** The steps of people with a device, before it is known which. */
const DEVICE_STEPS = { "GET /device": askForCode, "POST /device": findByCode };

async function respond(request) {
  const url = new URL(request.url, "http://login.invalid");
  const name = `${request.method} ${url.pathname}`;
  const [step, logoutStep, deviceStep] = [STEPS[name], LOGOUT_STEPS[name], DEVICE_STEPS[name]];
  if (!step && !logoutStep && !deviceStep) return page(404, "There is no such page");
  // Nothing but the id is taken from the address: all else there could come from anybody. The id goes into a path, so it must look like one.
  const kind = logoutStep ? "logout" : "authorization";
  const id = url.searchParams.get(kind) ?? "";
  if (!deviceStep && !/^[\w-]{1,64}\.[0-9a-z]{1,64}$/.test(id)) return startAgain();
  const visit = new Visit(request);
  let form = url.searchParams;
  if (request.method === "POST") {
    if (!(Number(request.headers["content-length"]) <= MAX_FORM_BYTES)) return page(413, "This form is too large");
    form = new URLSearchParams(await text(request));
    // Jeton can't see whether a person has clicked. This keeps other sites from clicking for them.
    const retry = html`<p><a href="${deviceStep ? "device" : `${logoutStep ? "logout" : "sign-in"}?${kind}=${id}`}">Try again</a></p>`;
    if (!isSame(form.get("csrf") ?? "", visit.csrfToken())) return page(403, "This form is out of date", retry);
  }
  if (deviceStep) return deviceStep(request, visit, form);
  const asked = await jeton("GET", `${kind}s/${id}`);
  if (logoutStep) return logoutStep(asked, visit, form);
  // What a device asks for is decided once.
  const open = asked.kind === "device" ? ["pending"] : ["pending", "accepted"];
  return open.includes(asked.status) ? step(asked, visit, form) : startAgain();
}

/** What is unknown, decided or over sends the person back to the app. All else is a fault of somebody else than them. */
function failure(error) {
  if (error.code === "LOGOUT_COMPLETED") return signedOut();
  if ([404, 409, 410].includes(error.status)) return startAgain();
  console.error(error);
  return page(502, "This can't be done at the moment", html`<p>Try again in a minute.</p>`);
}

if (process.argv[2] === "hash") {
  console.log(await hashed((await text(process.stdin)).replace(/\n$/, ""), randomBytes(16).toString("base64url")));
} else if (!JETON_TOKEN && !(JETON_ORG && JETON_ORG_SECRET)) {
  console.error("Set JETON_TOKEN, or JETON_ORG and JETON_ORG_SECRET: see README.md.");
  process.exitCode = 1;
} else {
  const server = createServer(async (request, response) => {
    const { status, headers, body } = await respond(request).catch(failure);
    response.writeHead(status, { ...HEADERS, ...headers }).end(body);
  });
  server.listen(Number(PORT), HOST, () => console.log(`The login application listens on http://${HOST}:${server.address().port}/sign-in`));
}
