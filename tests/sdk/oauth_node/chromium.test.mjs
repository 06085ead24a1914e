// People sign in with a browser as they have it: headless Chromium, which keeps the rules of cookies, policies and frames that `browser.mjs` leaves out.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import * as client from "openid-client";
import { chromium } from "playwright-core";
import { PASSWORDS, SUBJECTS } from "./browser.mjs";
import { Org, deployments } from "./harness.mjs";

const PATIENCE_MS = 20_000;
const executablePath = process.env.JETON_CHROMIUM;
const skip = executablePath ? false : "there is no Chromium, and this user can't install the package: tests/run says how";

/** A client with a server of its own: its pages send a browser to sign in, take the answer, and show who it is. */
class App {
  async start(org) {
    this.config = await org.configured("public", {}, "oidc");
    this.server = createServer((request, response) => this.respond(request).then(...this.sends(response))).listen(0, "127.0.0.1");
    await once(this.server, "listening");
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  sends = (response) => [
    ({ status = 200, headers = {}, body = "" }) => response.writeHead(status, { "content-type": "text/html", ...headers }).end(body),
    (error) => response.writeHead(500, { "content-type": "text/plain" }).end(error.stack),
  ];

  async respond(request) {
    const url = new URL(request.url, this.url);
    if (url.pathname === "/frame") return { body: `<iframe src="/login?${url.searchParams}"></iframe>` };
    if (url.pathname === "/login") return this.begin(url.searchParams);
    if (url.pathname === "/logout") return this.leave(url.searchParams);
    if (url.pathname === "/goodbye") return { body: `<h1>Goodbye ${url.searchParams.get("state")}</h1>` };
    if (url.pathname !== "/callback") return { status: 404 };
    // By a form, or in the query.
    const answer = request.method === "POST" ? new Request(url, { method: "POST", headers: { "content-type": request.headers["content-type"] }, body: await text(request) }) : url;
    return { body: `<h1>${await this.finish(answer)}</h1>` };
  }

  async begin(more) {
    [this.pkceCodeVerifier, this.expectedState, this.expectedNonce] = [client.randomPKCECodeVerifier(), client.randomState(), client.randomNonce()];
    const challenge = { code_challenge: await client.calculatePKCECodeChallenge(this.pkceCodeVerifier), code_challenge_method: "S256" };
    const own = { redirect_uri: `${this.url}/callback`, scope: "openid email files.read", state: this.expectedState, nonce: this.expectedNonce };
    const url = client.buildAuthorizationUrl(this.config, { ...own, ...challenge, ...Object.fromEntries(more) });
    return { status: 303, headers: { location: url.href } };
  }

  /** Sends the browser to sign out: by its address, or by a form, so that no ID token stands in an address. */
  leave(more) {
    const own = { post_logout_redirect_uri: `${this.url}/goodbye`, state: "s-1", ...(more.has("unconfirmed") ? {} : { id_token_hint: this.idToken }) };
    const url = client.buildEndSessionUrl(this.config, own);
    if (!more.has("form")) return { status: 303, headers: { location: url.href } };
    const fields = [...url.searchParams].map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`).join("");
    return { body: `<form method="post" action="${url.origin}${url.pathname}">${fields}<button>Leave</button></form>` };
  }

  /** Lets people come back here after a logout: to the letter, with the port. */
  async registerGoodbye(org) {
    const headers = { authorization: `Bearer ${org.bearer}`, "content-type": "application/merge-patch+json" };
    // Other tests go where the client was registered with.
    const { id, callback } = org.clients.public;
    const body = JSON.stringify({ post_logout_redirect_uris: [`${callback}/goodbye`, `${this.url}/goodbye`] });
    const answer = await fetch(`${org.url}/v1/orgs/${org.id}/clients/${id}`, { method: "PATCH", headers, body });
    assert.equal(answer.status, 200, await answer.text());
  }

  /** Says who has signed in, by what the API of userinfo tells of the token, or what went wrong. */
  async finish(answer) {
    const { pkceCodeVerifier, expectedState, expectedNonce } = this;
    try {
      const tokens = await client.authorizationCodeGrant(this.config, answer, { pkceCodeVerifier, expectedState, expectedNonce });
      const { sub, email } = await client.fetchUserInfo(this.config, tokens.access_token, tokens.claims().sub);
      [this.token, this.idToken] = [tokens.access_token, tokens.id_token];
      return `${sub} ${email}`;
    } catch (error) {
      if (!(error instanceof client.AuthorizationResponseError)) throw error;
      return error.error;
    }
  }
}

for (const deployment of deployments) {
  describe(`Chromium: ${deployment.store}`, () => {
    const org = new Org(deployment, "opaque");
    let browser, app;
    before(async () => {
      if (skip) return;
      app = await new App().start(org);
      browser = await chromium.launch({ executablePath, timeout: PATIENCE_MS, args: ["--no-sandbox"] });
    });
    after(async () => {
      await browser?.close();
      app?.server.close();
    });

    /** A page in a browser that has never been here, and what it complains about. */
    const opened = async () => {
      const context = await browser.newContext();
      context.setDefaultTimeout(PATIENCE_MS);
      const page = await context.newPage();
      const complaints = [];
      page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
      return { page, complaints };
    };
    const signIn = async (page, user) => {
      await page.getByLabel("Name").fill(user);
      await page.getByLabel("Password").fill(PASSWORDS[user]);
      await page.getByRole("button", { name: "Sign in" }).click();
    };
    const heading = (page) => page.locator("h1").textContent();

    for (const mode of ["query", "form_post"]) {
      test(`a person signs in and consents, and the app calls an API: ${mode}`, { skip }, async () => {
        const { page, complaints } = await opened();
        await page.goto(`${app.url}/login?response_mode=${mode}`);
        await signIn(page, "ann");
        await page.getByRole("button", { name: "Allow" }).click();
        await page.waitForURL(`${app.url}/callback*`);
        assert.equal(await heading(page), `${SUBJECTS.ann} ann@example.org`);
        assert.deepEqual((await org.introspected(app.token)).sub, SUBJECTS.ann);
        // No icon is there, and no style or script was blocked by a policy.
        assert.deepEqual(complaints.filter((text) => !text.includes("404")), []);
        const cookies = await page.context().cookies();
        assert.deepEqual(cookies.map(({ name, httpOnly, sameSite }) => [name, httpOnly, sameSite]).sort(), [["jeton-browser", true, "Lax"], ["login", true, "Lax"]]);
        await page.context().close();
      });
    }

    test("a person signs out: at once by a link or a form of the app with an ID token, and when asked without one", { skip }, async () => {
      await app.registerGoodbye(org);
      const { page, complaints } = await opened();
      for (const how of ["link", "form", "unconfirmed"]) {
        await page.goto(`${app.url}/login`);
        await signIn(page, "ann");
        await page.getByRole("button", { name: "Allow" }).click();
        await page.waitForURL(`${app.url}/callback*`);
        const { token } = app;
        await page.goto(`${app.url}/logout?${how}`);
        if (how === "form") await page.getByRole("button", { name: "Leave" }).click();
        if (how === "unconfirmed") {
          assert.equal(await heading(page), "Sign out?");
          assert.equal((await org.introspected(token)).active, true);
          await page.getByRole("button", { name: "Sign out" }).click();
        }
        await page.waitForURL(`${app.url}/goodbye*`);
        assert.equal(await heading(page), "Goodbye s-1");
        assert.equal((await org.introspected(token)).active, false, how);
      }
      assert.deepEqual(complaints.filter((text) => !text.includes("404")), []);
      await page.context().close();
    });

    test("a person who denies is back in the app, and one who goes back gets no second code", { skip }, async () => {
      const { page } = await opened();
      await page.goto(`${app.url}/login`);
      await signIn(page, "bob");
      await page.getByRole("button", { name: "Deny" }).click();
      await page.waitForURL(`${app.url}/callback*`);
      assert.equal(await heading(page), "access_denied");
      await page.goBack();
      await page.reload();
      assert.equal(await heading(page), "This sign-in is over");
      await page.context().close();
    });

    test("a silent request in a frame ends in the app, and no page of the login application is framed", { skip }, async () => {
      const { page } = await opened();
      await page.goto(`${app.url}/frame?prompt=none`);
      assert.equal(await page.frameLocator("iframe").locator("h1").textContent(), "login_required");
      const refused = page.waitForEvent("console", (message) => message.text().includes("frame-ancestors"));
      await page.goto(`${app.url}/frame`);
      await refused;
      assert.equal(await page.frameLocator("iframe").getByLabel("Name").count(), 0);
      await page.context().close();
    });

    test("a link of somebody else's sign-in signs nobody in", { skip }, async () => {
      const [{ page: attacker }, { page: victim }] = [await opened(), await opened()];
      await attacker.goto(`${app.url}/login`);
      await victim.goto(attacker.url());
      await signIn(victim, "ann");
      await victim.getByRole("button", { name: "Allow" }).click();
      await victim.waitForURL(`${org.url}/oauth2/authorize/continue*`);
      assert.match(await victim.locator("body").textContent(), /^error: access_denied\n/);
      for (const page of [attacker, victim]) await page.context().close();
    });
  });
}
