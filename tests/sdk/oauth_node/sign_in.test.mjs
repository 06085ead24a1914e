// People sign in: openid-client and oauth4webapi, a browser, and the login application of examples/login/.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { requestJwtAuthorizationGrant } from "@modelcontextprotocol/client";
import { createRemoteJWKSet, decodeJwt, jwtVerify } from "jose";
import * as oauth from "oauth4webapi";
import * as client from "openid-client";
import { Browser, PASSWORDS, SUBJECTS, isConsent, isLogin, isSignOut, isSignedOut } from "./browser.mjs";
import { INSECURE, assertRefused, forEachOrg } from "./harness.mjs";

// One form of tokens of each kind: who has signed in has nothing to do with the algorithm.
const FORMS = ["opaque", "ES256"];
const SCOPE = "openid profile email files.read";
// Nobody has let this client in: it is asked for, and so can be denied.
const UNKNOWN = "PS256";

/** A client that is about to send somebody to the authorization endpoint. */
class SignIn {
  static async of(org, name, parameters = {}) {
    const config = await org.configured(name, {}, "oidc");
    // So that signatures of ID tokens are verified, too, though they come straight from the server.
    client.enableNonRepudiationChecks(config);
    // The port of a client on a person's machine is free: RFC 8252 section 7.3.
    const callback = org.clients[name].callback.replace("//127.0.0.1/", "//127.0.0.1:52011/");
    const verifier = client.randomPKCECodeVerifier();
    const [state, nonce] = [client.randomState(), client.randomNonce()];
    const challenge = { code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256" };
    const url = client.buildAuthorizationUrl(config, { redirect_uri: callback, scope: SCOPE, state, nonce, ...challenge, ...parameters });
    return Object.assign(new SignIn(), { config, callback, verifier, state, nonce, url });
  }

  /** The tokens for where the browser came back to. */
  tokens(callback, checks = {}, options = {}) {
    const expected = { pkceCodeVerifier: this.verifier, expectedState: this.state, expectedNonce: this.nonce, idTokenExpected: true };
    return client.authorizationCodeGrant(this.config, callback, { ...expected, ...checks }, undefined, options);
  }
}

/** That the client is told this error, in an answer that is meant for it. */
async function assertTold(sign, callback, error) {
  await assert.rejects(sign.tokens(callback), (refusal) => {
    assert.ok(refusal instanceof client.AuthorizationResponseError, refusal.stack);
    assert.equal(refusal.error, error);
    return true;
  });
}

forEachOrg("people sign in", FORMS, (org) => {
  for (const name of ["basic", "post", "ES256", "public"]) {
    test(`OpenID Connect Core 3.1: a person signs in and consents, and the client learns who it is: ${name}`, async () => {
      const sign = await SignIn.of(org, name);
      const tokens = await sign.tokens(await new Browser().signIn(sign.url, sign.callback));
      const { sub, aud, auth_time, acr, amr, sid, email } = tokens.claims();
      assert.deepEqual({ sub, aud, acr, amr, email }, { sub: SUBJECTS.ann, aud: org.clients[name].id, acr: "urn:example:password", amr: ["pwd"], email: undefined });
      assert.ok(Math.abs(auth_time - Date.now() / 1000) < 60 && sid.length === 43);
      assert.deepEqual([tokens.scope, tokens.token_type], [SCOPE, "bearer"]);
      const known = await client.fetchUserInfo(sign.config, tokens.access_token, sub);
      const person = { name: "Ann Lee", given_name: "Ann", family_name: "Lee", email: "ann@example.org", email_verified: true };
      assert.deepEqual(known, { sub, ...person });
      const seen = await org.introspected(tokens.access_token);
      assert.deepEqual([seen.sub, seen.client_id, seen.scope], [sub, org.clients[name].id, SCOPE]);
    });
  }

  for (const name of ["basic", "ES256", "public"]) {
    test(`RFC 9126: a client pushes its request, and the person signs in by the reference to it: ${name}`, async () => {
      const sign = await SignIn.of(org, name);
      const asked = Object.fromEntries(sign.url.searchParams);
      const url = await client.buildAuthorizationUrlWithPAR(sign.config, asked);
      assert.deepEqual([...url.searchParams.keys()].sort(), ["client_id", "request_uri"]);
      const tokens = await sign.tokens(await new Browser().signIn(url, sign.callback));
      assert.equal(tokens.claims().sub, SUBJECTS.ann);
    });
  }

  for (const name of ["basic", "public"]) {
    test(`OpenID Connect RP-Initiated Logout: a person signs out of an app, and of all apps of the session: ${name}`, async () => {
      const browser = new Browser();
      const [sign, other] = [await SignIn.of(org, name), await SignIn.of(org, "own")];
      const tokens = await sign.tokens(await browser.signIn(sign.url, sign.callback));
      const of_other = await other.tokens(await browser.signIn(other.url, other.callback));
      const goodbye = `${org.clients[name].callback}/goodbye`;
      const url = client.buildEndSessionUrl(sign.config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: goodbye, state: "s 1" });
      assert.equal(url.searchParams.get("client_id"), org.clients[name].id);
      const page = await browser.go(url, goodbye);
      assert.equal(page.callback?.href, `${goodbye}?state=s+1`, page.text);
      for (const { access_token } of [tokens, of_other]) assert.equal((await org.introspected(access_token)).active, false);
      await assertRefused(client.refreshTokenGrant(sign.config, tokens.refresh_token), "invalid_grant");
      assert.ok(isLogin(await browser.go(sign.url, sign.callback)), "nobody is signed in any more");
    });
  }

  test("draft-ietf-oauth-identity-assertion-authz-grant 4.3: the person's ID token brings MCP's client a grant for somebody else's server", async () => {
    const { id: clientId, secret: clientSecret } = org.clients.post;
    const { partner } = org.deployment;
    const asked = (idToken) =>
      requestJwtAuthorizationGrant({ tokenEndpoint: `${org.url}/oauth2/token`, audience: partner, resource: `${partner}/mcp`, idToken, clientId, clientSecret });
    const sign = await SignIn.of(org, "post", { scope: "openid mail" });
    const tokens = await sign.tokens(await new Browser().signIn(sign.url, sign.callback));
    const { jwtAuthGrant, expiresIn, scope } = await asked(tokens.id_token);
    assert.deepEqual([expiresIn, scope], [300, "chat.read"]);
    const expected = { issuer: org.url, audience: partner, typ: "oauth-id-jag+jwt" };
    const { payload } = await jwtVerify(jwtAuthGrant, createRemoteJWKSet(new URL(`${org.url}/.well-known/jwks.json`)), expected);
    assert.deepEqual([payload.sub, payload.client_id, payload.resource], [SUBJECTS.ann, "f53f191f", `${partner}/mcp`]);
    const other = await SignIn.of(org, "own");
    const of_other = await other.tokens(await new Browser().signIn(other.url, other.callback));
    await assert.rejects(asked(of_other.id_token), /invalid_request/, "it was issued to another client");
  });

  test("OpenID Connect RP-Initiated Logout 6: without an ID token, or with somebody else's, the person is asked", async () => {
    const browser = new Browser();
    const [sign, bobs] = [await SignIn.of(org, "own"), await SignIn.of(org, "own")];
    const tokens = await sign.tokens(await browser.signIn(sign.url, sign.callback));
    const of_bob = await bobs.tokens(await new Browser().signIn(bobs.url, bobs.callback, { user: "bob" }));
    const isLive = async () => (await org.introspected(tokens.access_token)).active;
    for (const hint of [{}, { id_token_hint: of_bob.id_token }]) {
      const asked = await browser.go(client.buildEndSessionUrl(sign.config, hint));
      assert.ok(isSignOut(asked), asked.text);
      const stayed = await browser.send(asked, undefined, { decision: "stay" });
      assert.ok(stayed.text.includes("You are still signed in") && (await isLive()), stayed.text);
    }
    const asked = await browser.go(client.buildEndSessionUrl(sign.config));
    const forged = { ...asked, text: asked.text.replace(/name="csrf" value="[^"]+"/, 'name="csrf" value="x"') };
    assert.equal((await browser.send(forged, undefined, { decision: "leave" })).status, 403);
    assert.ok(isSignedOut(await browser.send(asked, undefined, { decision: "leave" })) && !(await isLive()));
    assert.ok(isSignedOut(await browser.go(new URL(asked.url))), "the same address again");
    const stranger = client.buildEndSessionUrl(sign.config, { post_logout_redirect_uri: "https://elsewhere.example/" });
    const page = await browser.go(stranger);
    assert.deepEqual([page.status, page.url.href], [400, stranger.href], page.text);
  });

  test("OpenID Connect Core 12.2: a refresh brings a new ID token about the same sign-in", async () => {
    const sign = await SignIn.of(org, "basic");
    const tokens = await sign.tokens(await new Browser().signIn(sign.url, sign.callback));
    const refreshed = await client.refreshTokenGrant(sign.config, tokens.refresh_token);
    const [first, second] = [tokens.claims(), refreshed.claims()];
    assert.notEqual(refreshed.id_token, tokens.id_token);
    for (const claim of ["iss", "sub", "aud", "auth_time", "acr", "sid"]) assert.equal(second[claim], first[claim], claim);
    assert.equal(second.nonce, undefined);
    assert.equal((await client.fetchUserInfo(sign.config, refreshed.access_token, first.sub)).email, "ann@example.org");
  });

  test("OpenID Connect Core 3.1.3.7, RFC 9207: oauth4webapi takes the answer and the signature of the ID token", async () => {
    const issuer = new URL(org.url);
    const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, INSECURE));
    const own = { client_id: org.clients.public.id };
    const [verifier, state, nonce, callback] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState(), oauth.generateRandomNonce(), "http://127.0.0.1:52011/callback"];
    const url = new URL(server.authorization_endpoint);
    const challenge = { code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256" };
    url.search = new URLSearchParams({ response_type: "code", redirect_uri: callback, scope: SCOPE, state, nonce, ...own, ...challenge });
    const parameters = oauth.validateAuthResponse(server, own, await new Browser().signIn(url, callback), state);
    const response = await oauth.authorizationCodeGrantRequest(server, own, oauth.None(), parameters, callback, verifier, INSECURE);
    const tokens = await oauth.processAuthorizationCodeResponse(server, own, response, { expectedNonce: nonce, requireIdToken: true });
    await oauth.validateApplicationLevelSignature(server, response, INSECURE);
    const { sub } = oauth.getValidatedIdTokenClaims(tokens);
    const userinfo = await oauth.userInfoRequest(server, own, tokens.access_token, INSECURE);
    assert.equal((await oauth.processUserInfoResponse(server, own, sub, userinfo)).sub, SUBJECTS.ann);
    const elsewhere = { ...server, issuer: "https://elsewhere.example" };
    assert.throws(() => oauth.validateAuthResponse(elsewhere, own, new URL(`${callback}?${parameters}`), oauth.skipStateCheck), /iss/);
  });

  test("RFC 6749 4.1.2.1: the client is told that the person has denied", async () => {
    const sign = await SignIn.of(org, UNKNOWN);
    await assertTold(sign, await new Browser().signIn(sign.url, sign.callback, { decision: "deny" }), "access_denied");
  });

  test("OpenID Connect Core 3.1.2.6: prompt=none shows no page, whatever comes of it", async () => {
    const browser = new Browser();
    const silent = async (name) => {
      const sign = await SignIn.of(org, name, { prompt: "none" });
      return [sign, (await browser.go(sign.url, sign.callback)).callback];
    };
    await assertTold(...(await silent("own")), "login_required");
    const sign = await SignIn.of(org, "own");
    await sign.tokens(await browser.signIn(sign.url, sign.callback));
    const [again, callback] = await silent("own");
    assert.equal((await again.tokens(callback)).claims().sub, SUBJECTS.ann);
    await assertTold(...(await silent(UNKNOWN)), "consent_required");
  });

  test("RFC 6749 10.12, OpenID Connect Core 3.1.3.7: the client refuses an answer to another request", async () => {
    const browser = new Browser();
    const answered = async () => {
      const sign = await SignIn.of(org, "own");
      return [sign, await browser.signIn(sign.url, sign.callback)];
    };
    for (const checks of [{ expectedState: "another" }, { expectedNonce: "another" }]) {
      const [sign, callback] = await answered();
      await assert.rejects(sign.tokens(callback, checks), client.ClientError);
    }
    const [sign, callback] = await answered();
    callback.searchParams.set("iss", "https://elsewhere.example");
    await assert.rejects(sign.tokens(callback), client.ClientError);
  });

  test("RFC 9449 10: a code that was asked for with a key is good with that key, and so are its tokens", async () => {
    const config = await org.configured("dpop", {}, "oidc");
    const [DPoP, other] = [client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256")), client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"))];
    const sign = await SignIn.of(org, "dpop", { dpop_jkt: await DPoP.calculateThumbprint() });
    const callback = await new Browser().signIn(sign.url, sign.callback);
    await assertRefused(sign.tokens(callback, {}, { DPoP: other }), "invalid_grant");
    const tokens = await sign.tokens(callback, {}, { DPoP });
    assert.equal(tokens.token_type, "dpop");
    assert.equal((await client.fetchUserInfo(sign.config, tokens.access_token, SUBJECTS.ann, { DPoP })).email, "ann@example.org");
    await assert.rejects(client.fetchUserInfo(sign.config, tokens.access_token, SUBJECTS.ann, { DPoP: other }), client.WWWAuthenticateChallengeError);
    assert.equal((await client.refreshTokenGrant(sign.config, tokens.refresh_token, {}, { DPoP })).claims().sub, SUBJECTS.ann);
  });

  test("OpenID Connect Core 3.1.2.1, 5.5: the ID token has what max_age and claims ask for", async () => {
    const claims = JSON.stringify({ id_token: { email: null, nickname: null } });
    const sign = await SignIn.of(org, "own", { max_age: "60", claims, scope: "openid" });
    const tokens = await sign.tokens(await new Browser().signIn(sign.url, sign.callback), { maxAge: 60 });
    const { email, nickname, name } = tokens.claims();
    assert.deepEqual({ email, nickname, name }, { email: "ann@example.org", nickname: undefined, name: undefined });
    assert.deepEqual(await client.fetchUserInfo(sign.config, tokens.access_token, SUBJECTS.ann), { sub: SUBJECTS.ann });
  });

  test("RFC 7636 4.6, RFC 6749 4.1.2: a code is good for who holds the verifier, and once", async () => {
    const sign = await SignIn.of(org, "own");
    const callback = await new Browser().signIn(sign.url, sign.callback);
    await assertRefused(sign.tokens(callback, { pkceCodeVerifier: client.randomPKCECodeVerifier() }), "invalid_grant");
    const { access_token } = await sign.tokens(callback);
    assert.equal((await org.introspected(access_token)).active, true);
    await assertRefused(sign.tokens(callback), "invalid_grant");
    assert.deepEqual(await org.introspected(access_token), { active: false }, "two have the code, and one of them has stolen it");
  });
});

forEachOrg("the login application", ["opaque"], (org) => {
  test("signs a person in once, for all apps of the browser", async () => {
    const browser = new Browser();
    const first = await SignIn.of(org, "own");
    await browser.signIn(first.url, first.callback);
    const second = await SignIn.of(org, "own");
    assert.ok((await browser.go(second.url, second.callback)).callback, "no page");
    const other = await SignIn.of(org, UNKNOWN);
    const page = await browser.go(other.url, other.callback);
    assert.ok(isConsent(page), "another app is asked for");
    for (const shown of ["client.example", "Read your files", "See your e-mail address", "signed in as ann"]) assert.ok(page.text.includes(shown), shown);
  });

  test("shows the login page for prompt=login and prompt=select_account to who is signed in, and the one for consent for prompt=consent", async () => {
    const browser = new Browser();
    const first = await SignIn.of(org, "own");
    const { sid } = (await first.tokens(await browser.signIn(first.url, first.callback))).claims();
    for (const prompt of ["login", "select_account"]) {
      const sign = await SignIn.of(org, "own", { prompt });
      assert.ok(isLogin(await browser.go(sign.url, sign.callback)), prompt);
      const { sub, sid: other } = (await sign.tokens(await browser.signIn(sign.url, sign.callback, { user: "bob" }))).claims();
      assert.equal(sub, SUBJECTS.bob);
      assert.notEqual(other, sid);
    }
    const sign = await SignIn.of(org, "own", { prompt: "consent" });
    assert.ok(isConsent(await browser.go(sign.url, sign.callback)));
  });

  test("lets nobody but the person of an id_token_hint go on", async () => {
    const first = await SignIn.of(org, "basic");
    const { id_token } = await first.tokens(await new Browser().signIn(first.url, first.callback));
    const browser = new Browser();
    const sign = await SignIn.of(org, "basic", { id_token_hint: id_token });
    const page = await browser.go(sign.url, sign.callback);
    assert.ok(page.text.includes('value="ann"'));
    const stranger = await browser.send(page, sign.callback, { user: "bob", password: PASSWORDS.bob });
    assert.ok(isLogin(stranger) && stranger.text.includes("sign in as ann"));
    assert.equal((await sign.tokens(await browser.signIn(sign.url, sign.callback))).claims().sub, SUBJECTS.ann);
  });

  test("tells the client that it can't authenticate anybody as the client demands", async () => {
    const demand = (value) => ({ claims: JSON.stringify({ id_token: { acr: { essential: true, values: [value] } } }) });
    const impossible = await SignIn.of(org, "own", demand("urn:example:fingerprint"));
    await assertTold(impossible, (await new Browser().go(impossible.url, impossible.callback)).callback, "unmet_authentication_requirements");
    const possible = await SignIn.of(org, "own", demand("urn:example:password"));
    assert.equal((await possible.tokens(await new Browser().signIn(possible.url, possible.callback))).claims().acr, "urn:example:password");
  });

  test("asks again after a wrong password, an unknown name, and for another account", async () => {
    const browser = new Browser();
    const sign = await SignIn.of(org, UNKNOWN);
    const page = await browser.go(sign.url, sign.callback);
    for (const filled of [{ user: "ann", password: "wrong" }, { user: "nobody", password: "wrong" }, { user: "__proto__", password: "" }]) {
      const again = await browser.send(page, sign.callback, filled);
      assert.ok(isLogin(again) && again.text.includes("Wrong name or password."), filled.user);
    }
    const consent = await browser.send(page, sign.callback, { user: "ann", password: PASSWORDS.ann });
    const login = await browser.send(consent, sign.callback, { decision: "switch" });
    assert.ok(isLogin(await browser.go(page.url, sign.callback)), "the session is over");
    const other = await browser.send(login, sign.callback, { user: "bob", password: PASSWORDS.bob });
    assert.ok(isConsent(other) && other.text.includes("signed in as bob"));
  });

  test("takes no form without the token of its own page, nor that of another browser or of before the sign-in", async () => {
    const [mine, others] = [new Browser(), new Browser()];
    const sign = await SignIn.of(org, UNKNOWN);
    const [page, planted] = [await mine.go(sign.url, sign.callback), await others.go(sign.url, sign.callback)];
    const before = new Map(mine.cookies);
    for (const form of [planted.text, page.text.replace(/name="csrf" value="[^"]*"/, 'name="csrf" value=""')]) {
      const refused = await mine.send({ ...page, text: form }, sign.callback, { user: "ann", password: PASSWORDS.ann });
      assert.equal(refused.status, 403);
    }
    const consent = await mine.send(page, sign.callback, { user: "ann", password: PASSWORDS.ann });
    assert.ok(isConsent(consent));
    assert.notEqual(mine.cookies.get("login"), before.get("login"), "a cookie of before the sign-in is worth nothing");
    const csrf = page.text.match(/name="csrf" value="([^"]*)"/)[1];
    const stale = { ...consent, text: consent.text.replace(/name="csrf" value="[^"]*"/, `name="csrf" value="${csrf}"`) };
    assert.equal((await mine.send(stale, sign.callback, { decision: "allow" })).status, 403);
  });

  test("sends a person back to the app from what is decided, unknown or no id, and asks Jeton for nothing else", async () => {
    const sign = await SignIn.of(org, "own");
    const browser = new Browser();
    const page = await browser.go(sign.url, sign.callback);
    assert.ok((await browser.send(page, sign.callback, { user: "ann", password: PASSWORDS.ann })).callback);
    const begun = page.url.searchParams.get("authorization");
    for (const id of [begun, "", "..", "../orgs", "%2e%2e", "101.unknown", begun.replace("101.", "102."), `${begun}/accept`, `${begun}?subject=ann`]) {
      for (const visitor of [browser, new Browser()]) {
        const shown = await visitor.go(new URL(`${org.deployment.login}?authorization=${encodeURIComponent(id)}`), sign.callback);
        assert.ok(shown.status === 404 && shown.text.includes("start again there"), `${id} ${shown.text}`);
      }
    }
  });

  test("escapes what comes with a request, is framed by nobody, and keeps its cookie from scripts and other sites", async () => {
    const sign = await SignIn.of(org, "own", { login_hint: `"><script>alert(1)</script>` });
    const page = await new Browser().go(sign.url, sign.callback);
    assert.ok(page.text.includes("&#34;&#62;&#60;script&#62;") && !page.text.includes("<script"));
    assert.match(page.headers.get("content-security-policy"), /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; frame-ancestors 'none'$/);
    assert.deepEqual([page.headers.get("cache-control"), page.headers.get("referrer-policy")], ["no-store", "no-referrer"]);
    assert.match(page.headers.get("set-cookie"), /^login=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
  });

  test("hands a person over in the browser in which the sign-in was begun, and in no other", async () => {
    const [mine, others] = [new Browser(), new Browser()];
    const sign = await SignIn.of(org, UNKNOWN);
    const page = await mine.go(sign.url, sign.callback);
    // The victim opens the attacker's link, signs in and consents; the browser there didn't begin it.
    const login = await others.go(page.url, sign.callback);
    const consent = await others.send(login, sign.callback, { user: "ann", password: PASSWORDS.ann });
    const stopped = await others.send(consent, sign.callback, { decision: "allow" });
    assert.deepEqual([stopped.status, stopped.text.split("\n")[0]], [400, "error: access_denied"]);
  });
});

describe("the login application, and a Jeton that refuses what it accepts", () => {
  // What can't be had from Jeton itself, because the login application looks first: as if their clocks differed, or settings changed meanwhile.
  const asked = { status: "pending", client: { client_id: "1" }, redirect_host: "client.example", scopes: [], resources: [], acr_required: [], consent: { needed: false } };
  const callback = "https://client.example/";
  let jeton, application, login, code, prompt, denied;

  before(async () => {
    jeton = createServer(async (request, response) => {
      const [, , , id, decision] = request.url.split(/[/?]/);
      const body = await text(request);
      if (decision === "deny") denied = JSON.parse(body).error;
      const refused = decision === "accept";
      const answer = decision === "deny" ? { redirect_to: `${callback}denied` } : { ...asked, id, prompt };
      response.writeHead(refused ? 422 : 200, { "content-type": "application/json" }).end(JSON.stringify(refused ? { code } : answer));
    }).listen(0, "127.0.0.1");
    await once(jeton, "listening");
    const program = join(dirname(process.env.JETON_DOCS), "examples", "login", "server.mjs");
    const env = { ...process.env, JETON_URL: `http://127.0.0.1:${jeton.address().port}`, JETON_TOKEN: "token", PORT: "0" };
    application = spawn(process.execPath, [program], { env, stdio: ["ignore", "pipe", "inherit"] });
    const [line] = await once(application.stdout, "data");
    login = new URL(`${String(line).match(/http:\S+/)[0]}?authorization=1.abc`);
  });
  after(async () => {
    application.kill("SIGTERM");
    await once(application, "exit");
    jeton.close();
  });

  for (const [refusal, error, canSignInAgain] of [
    ["AUTHENTICATION_TOO_OLD", "login_required", true],
    ["SUBJECT_MISMATCH", "login_required", true],
    ["ACR_NOT_MET", "unmet_authentication_requirements", false],
    ["CONSENT_REQUIRED", "consent_required", false],
  ]) {
    test(`lets the person do more, or denies: ${refusal}`, async () => {
      const browser = new Browser();
      [code, prompt, denied] = [refusal, [], undefined];
      const page = await browser.send(await browser.go(login, callback), callback, { user: "ann", password: PASSWORDS.ann });
      assert.equal(denied, canSignInAgain ? undefined : error);
      assert.ok(canSignInAgain ? isLogin(page) : page.callback);
      prompt = ["none"];
      assert.ok((await browser.go(login, callback)).callback, "no page");
      assert.equal(denied, error);
    });
  }
});
