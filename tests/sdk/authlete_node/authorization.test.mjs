// authorization.processRequest, issue, fail and its tickets, the code at token.process, and userinfo.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import { createLocalJWKSet, jwtVerify } from "jose";
import { forEachService } from "./harness.mjs";

const CALLBACK = "https://shop.example/cb?tenant=1";

forEachService("authorization", (calls, service) => {
  const { authlete, serviceId } = calls;
  const verifier = randomBytes(32).toString("base64url");
  let made;
  const shop = () => (made ??= calls.newClient({ redirectUris: [CALLBACK], clientIdAlias: `shop-${randomBytes(4).toString("hex")}` }));

  async function ask(more = {}, context = undefined) {
    const { clientId } = await shop();
    const usual = {
      response_type: "code",
      client_id: String(clientId),
      redirect_uri: CALLBACK,
      scope: "openid email history.read no.such.scope",
      state: "s 1",
      nonce: "n-1",
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
    };
    const parameters = new URLSearchParams({ ...usual, ...more }).toString();
    return authlete.authorization.processRequest({ serviceId, authorizationRequest: { parameters, context } });
  }

  const issue = (ticket, more = {}) => {
    const authorizationIssueRequest = { ticket, subject: "john", authTime: Math.floor(Date.now() / 1000) - 5, ...more };
    return authlete.authorization.issue({ serviceId, authorizationIssueRequest });
  };

  async function redeem(code, more = {}) {
    const { clientId, clientSecret } = await shop();
    const form = { grant_type: "authorization_code", code, redirect_uri: CALLBACK, code_verifier: verifier };
    return calls.process(form, { clientId: String(clientId), clientSecret, ...more });
  }

  test("a ticket, with what the pages need", async () => {
    const claims = JSON.stringify({ id_token: { name: { essential: true } }, userinfo: { picture: null } });
    const { clientId, clientIdAlias } = await shop();
    const asked = await ask({ client_id: clientIdAlias, prompt: "login consent", display: "touch", max_age: "600", ui_locales: "fr en", claims, acr_values: "a b" });
    assert.equal(asked.action, "INTERACTION", asked.resultMessage);
    assert.equal(asked.ticket.length, 43);
    assert.deepEqual([asked.client.clientId, asked.clientIdAliasUsed, asked.service.apiKey], [clientId, true, Number(serviceId)]);
    assert.deepEqual(asked.scopes.map(({ name }) => name), ["openid", "email", "history.read"]);
    assert.deepEqual([asked.prompts, asked.display, asked.maxAge, asked.uiLocales], [["LOGIN", "CONSENT"], "TOUCH", 600, ["fr", "en"]]);
    assert.deepEqual([asked.claims, asked.claimsAtUserInfo], [["email", "email_verified", "name"], ["email", "email_verified", "picture"]]);
    assert.deepEqual([asked.acrs, asked.acrEssential, asked.responseContent], [["a", "b"], false, undefined]);
    assert.deepEqual(JSON.parse(asked.idTokenClaims), { name: { essential: true } });
  });

  test("a person agrees: a code, tokens, userinfo", async () => {
    const asked = await ask({}, "kept");
    const issued = await issue(asked.ticket, { acr: "gold", claims: JSON.stringify({ email: "john@example.com" }), consentedClaims: ["email"] });
    assert.deepEqual([issued.action, issued.ticketInfo], ["LOCATION", { context: "kept" }], issued.resultMessage);
    const url = new URL(issued.responseContent);
    assert.deepEqual([...url.searchParams.entries()], [["tenant", "1"], ["code", issued.authorizationCode], ["state", "s 1"], ["iss", service.url]]);

    const granted = await redeem(issued.authorizationCode);
    assert.deepEqual([granted.action, granted.grantType, granted.subject], ["OK", "AUTHORIZATION_CODE", "john"], granted.resultMessage);
    const body = JSON.parse(granted.responseContent);
    assert.deepEqual([body.scope, body.id_token, body.refresh_token], ["openid email history.read", granted.idToken, granted.refreshToken]);
    const keys = await authlete.jwkSetEndpoint.serviceJwksGetApi({ serviceId });
    const { clientId } = await shop();
    const { payload } = await jwtVerify(granted.idToken, createLocalJWKSet(keys), { issuer: service.url, audience: String(clientId), typ: "JWT" });
    assert.deepEqual([payload.sub, payload.nonce, payload.acr, payload.email], ["john", "n-1", "gold", "john@example.com"]);

    const token = service.jwt ? granted.jwtAccessToken : granted.accessToken;
    const known = await authlete.userinfo.process({ serviceId, userinfoRequest: { token } });
    assert.deepEqual([known.action, known.subject, known.clientId], ["OK", "john", clientId], known.resultMessage);
    assert.deepEqual([known.claims, known.consentedClaims], [["email", "email_verified"], ["email"]]);
    const told = await authlete.userinfo.issue({ serviceId, userinfoIssueRequest: { token, claims: JSON.stringify({ email: "john@example.com" }) } });
    assert.equal(told.action, "JSON", told.resultMessage);
    assert.deepEqual(JSON.parse(told.responseContent), { email: "john@example.com", sub: "john" });

    const again = await redeem(issued.authorizationCode);
    assert.deepEqual([again.action, again.resultCode], ["BAD_REQUEST", "A050305"]);
    assert.equal(await calls.isLive(token), false);
    const dead = await authlete.userinfo.process({ serviceId, userinfoRequest: { token } });
    assert.deepEqual([dead.action, dead.resultCode], ["UNAUTHORIZED", "A088302"]);
  });

  test("what is wrong goes to the client only at its own address", async () => {
    const evil = await ask({ redirect_uri: "https://evil.example/" });
    assert.deepEqual([evil.action, evil.resultCode, JSON.parse(evil.responseContent).error], ["BAD_REQUEST", "A011304", "invalid_request"]);
    const wrong = await ask({ response_type: "token" });
    assert.equal(wrong.action, "LOCATION");
    assert.equal(new URL(wrong.responseContent).searchParams.get("error"), "unsupported_response_type");
    const form = await ask({ response_mode: "form_post", prompt: "none login" });
    assert.equal(form.action, "FORM");
    const silent = await ask({ prompt: "none" });
    assert.equal(silent.action, "NO_INTERACTION");
  });

  test("each reason is told, and a ticket is used once", async () => {
    const errors = {
      UNKNOWN: "server_error",
      NOT_LOGGED_IN: "login_required",
      MAX_AGE_NOT_SUPPORTED: "login_required",
      EXCEEDS_MAX_AGE: "login_required",
      DIFFERENT_SUBJECT: "login_required",
      ACR_NOT_SATISFIED: "unmet_authentication_requirements",
      DENIED: "access_denied",
      SERVER_ERROR: "server_error",
      NOT_AUTHENTICATED: "login_required",
      ACCOUNT_SELECTION_REQUIRED: "account_selection_required",
      CONSENT_REQUIRED: "consent_required",
      INTERACTION_REQUIRED: "interaction_required",
      INVALID_TARGET: "invalid_target",
    };
    for (const [reason, error] of Object.entries(errors)) {
      const { ticket } = await ask();
      const failed = await authlete.authorization.fail({ serviceId, authorizationFailRequest: { ticket, reason } });
      assert.equal(failed.action, "LOCATION", failed.resultMessage);
      assert.equal(new URL(failed.responseContent).searchParams.get("error"), error, reason);
      assert.equal((await issue(ticket)).action, "BAD_REQUEST");
    }
  });

  test("a request that is pushed, and opened once", async () => {
    const { clientId, clientSecret } = await shop();
    const push = async (more = {}, credentials = {}) => {
      const challenge = createHash("sha256").update(verifier).digest("base64url");
      const form = { response_type: "code", redirect_uri: CALLBACK, scope: "openid", code_challenge: challenge, code_challenge_method: "S256", ...more };
      const parameters = new URLSearchParams(form).toString();
      const pushedAuthorizationRequest = { parameters, clientId: String(clientId), clientSecret, ...credentials };
      return authlete.pushedAuthorization.create({ serviceId, pushedAuthorizationRequest });
    };
    const pushed = await push({ state: "s 2" });
    assert.deepEqual([pushed.action, pushed.clientAuthMethod], ["CREATED", "CLIENT_SECRET_BASIC"], pushed.resultMessage);
    assert.deepEqual(JSON.parse(pushed.responseContent), { expires_in: 60, request_uri: pushed.requestUri });
    const open = async () => {
      const parameters = new URLSearchParams({ client_id: String(clientId), request_uri: pushed.requestUri }).toString();
      return authlete.authorization.processRequest({ serviceId, authorizationRequest: { parameters } });
    };
    const opened = await open();
    assert.equal(opened.action, "INTERACTION", opened.resultMessage);
    const again = await open();
    assert.deepEqual([again.action, JSON.parse(again.responseContent).error], ["BAD_REQUEST", "invalid_request_uri"]);
    const issued = await issue(opened.ticket);
    assert.equal(new URL(issued.responseContent).searchParams.get("state"), "s 2");
    assert.equal((await redeem(issued.authorizationCode)).action, "OK");
    assert.equal((await push({ redirect_uri: "https://evil.example/" })).action, "BAD_REQUEST");
    assert.equal((await push({}, { clientSecret: "wrong" })).action, "UNAUTHORIZED");
  });

  test("a device asks, and a person decides", async () => {
    const made = await calls.newClient({ clientType: "PUBLIC", tokenAuthMethod: "NONE", grantTypes: ["DEVICE_CODE", "REFRESH_TOKEN"], clientName: "Telly" });
    const clientId = String(made.clientId);
    const grant = "urn:ietf:params:oauth:grant-type:device_code";
    const begin = async () => {
      const parameters = new URLSearchParams({ client_id: clientId, scope: "openid history.read" }).toString();
      return authlete.deviceFlow.authorization({ serviceId, deviceAuthorizationRequest: { parameters } });
    };
    const poll = async (deviceCode) => calls.process({ grant_type: grant, device_code: deviceCode }, { clientId, clientSecret: undefined });
    const verify = async (userCode) => authlete.deviceFlow.verification({ serviceId, deviceVerificationRequest: { userCode } });
    const complete = async (userCode, result, more = {}) => {
      return authlete.deviceFlow.complete({ serviceId, deviceCompleteRequest: { userCode, result, subject: "john", ...more } });
    };

    const begun = await begin();
    assert.equal(begun.action, "OK", begun.resultMessage);
    assert.deepEqual([begun.clientName, begun.scopes.map(({ name }) => name)], ["Telly", ["openid", "history.read"]]);
    assert.equal(JSON.parse(begun.responseContent).device_code, begun.deviceCode);
    assert.equal((await poll(begun.deviceCode)).resultCode, "A242307");
    const seen = await verify(begun.userCode);
    assert.deepEqual([seen.action, seen.clientName, seen.expiresAt > Date.now()], ["VALID", "Telly", true], seen.resultMessage);
    assert.equal((await verify("BBBBBBBB")).action, "NOT_EXIST");
    assert.equal((await complete(begun.userCode, "AUTHORIZED", { claims: "[]" })).action, "INVALID_REQUEST");
    assert.equal((await complete(begun.userCode, "AUTHORIZED")).action, "SUCCESS");
    assert.equal((await complete(begun.userCode, "ACCESS_DENIED")).action, "USER_CODE_NOT_EXIST");
    const granted = await poll(begun.deviceCode);
    assert.deepEqual([granted.action, granted.grantType, granted.subject], ["OK", "DEVICE_CODE", "john"], granted.resultMessage);

    const other = await begin();
    const told = { errorDescription: "Not now", errorUri: "https://as.example/no" };
    assert.equal((await complete(other.userCode, "ACCESS_DENIED", told)).action, "SUCCESS");
    const denied = JSON.parse((await poll(other.deviceCode)).responseContent);
    assert.deepEqual(denied, { error: "access_denied", error_description: "Not now", error_uri: "https://as.example/no" });
  });

  for (const [bcDeliveryMode, notified] of [["POLL", "NO_ACTION"], ["PING", "NOTIFICATION"]]) {
    test(`somebody elsewhere is asked for, ${bcDeliveryMode}`, async () => {
      const made = await calls.newClient({ grantTypes: ["CIBA"], clientName: "Till", bcDeliveryMode, bcNotificationEndpoint: "https://bank.example/notified" });
      assert.deepEqual([made.bcDeliveryMode, made.bcNotificationEndpoint], [bcDeliveryMode, "https://bank.example/notified"]);
      const credentials = { clientId: String(made.clientId), clientSecret: made.clientSecret };
      const ask = async (more = {}) => {
        const form = { scope: "openid history.read", login_hint: "john", binding_message: "W4SCT", client_notification_token: "8d67dc78", ...more };
        const parameters = new URLSearchParams(form).toString();
        return authlete.ciba.processAuthentication({ serviceId, backchannelAuthenticationRequest: { parameters, ...credentials } });
      };
      const issue = async (ticket) => authlete.ciba.issue({ serviceId, backchannelAuthenticationIssueRequest: { ticket } });
      const fail = async (ticket, reason) => authlete.ciba.fail({ serviceId, backchannelAuthenticationFailRequest: { ticket, reason } });
      const complete = async (ticket, result, more = {}) => {
        return authlete.ciba.complete({ serviceId, backchannelAuthenticationCompleteRequest: { ticket, result, subject: "john", ...more } });
      };
      const poll = async (authReqId) => calls.process({ grant_type: "urn:openid:params:grant-type:ciba", auth_req_id: authReqId }, credentials);

      const asked = await ask();
      assert.deepEqual([asked.action, asked.deliveryMode], ["USER_IDENTIFICATION", bcDeliveryMode], asked.resultMessage);
      assert.deepEqual([asked.hintType, asked.hint, asked.bindingMessage], ["LOGIN_HINT", "john", "W4SCT"]);
      assert.deepEqual([asked.clientId, asked.clientName, asked.scopes.map(({ name }) => name)], [made.clientId, "Till", ["openid", "history.read"]]);
      assert.equal((await complete(asked.ticket, "AUTHORIZED")).action, "SERVER_ERROR");
      const issued = await issue(asked.ticket);
      assert.deepEqual([issued.action, issued.expiresIn, issued.interval], ["OK", 600, 5], issued.resultMessage);
      assert.equal(JSON.parse(issued.responseContent).auth_req_id, issued.authReqId);
      assert.equal((await issue(asked.ticket)).action, "INVALID_TICKET");
      assert.equal((await poll(issued.authReqId)).resultCode, "A200307");
      assert.equal((await complete(asked.ticket, "AUTHORIZED", { claims: "[]" })).action, "SERVER_ERROR");
      const decided = await complete(asked.ticket, "AUTHORIZED");
      assert.deepEqual([decided.action, decided.deliveryMode, decided.authReqId], [notified, bcDeliveryMode, issued.authReqId], decided.resultMessage);
      if (bcDeliveryMode === "PING") {
        assert.deepEqual([decided.clientNotificationEndpoint, decided.clientNotificationToken], ["https://bank.example/notified", "8d67dc78"]);
        assert.deepEqual(JSON.parse(decided.responseContent), { auth_req_id: issued.authReqId });
      }
      const granted = await poll(issued.authReqId);
      assert.deepEqual([granted.action, granted.grantType, granted.subject], ["OK", "CIBA", "john"], granted.resultMessage);
      assert.equal(JSON.parse(granted.responseContent).id_token, granted.idToken);
      assert.equal((await poll(issued.authReqId)).resultCode, "A200304");

      const other = await ask({ login_hint: "nobody" });
      const failed = await fail(other.ticket, "UNKNOWN_USER_ID");
      assert.deepEqual([failed.action, JSON.parse(failed.responseContent).error], ["BAD_REQUEST", "unknown_user_id"]);
      assert.equal((await fail(other.ticket, "ACCESS_DENIED")).action, "FORBIDDEN");
      const wrong = await ask({ id_token_hint: granted.idToken });
      assert.deepEqual([wrong.action, JSON.parse(wrong.responseContent).error], ["BAD_REQUEST", "invalid_request"]);
    });
  }

  test("an ID token is made anew", async () => {
    const { ticket } = await ask({ nonce: "n-2" });
    const granted = await redeem((await issue(ticket)).authorizationCode);
    const accessToken = service.jwt ? granted.jwtAccessToken : granted.accessToken;
    const idtokenReissueRequest = { accessToken, refreshToken: granted.refreshToken, claims: JSON.stringify({ email: "new@example.com" }) };
    const reissued = await authlete.token.management.reissueIdToken({ serviceId, idtokenReissueRequest });
    assert.equal(reissued.action, "OK", reissued.resultMessage);
    const body = JSON.parse(reissued.responseContent);
    assert.equal(body.access_token, accessToken);
    const keys = await authlete.jwkSetEndpoint.serviceJwksGetApi({ serviceId });
    const { payload } = await jwtVerify(body.id_token, createLocalJWKSet(keys), { issuer: service.url });
    assert.deepEqual([payload.sub, payload.email, payload.nonce], ["john", "new@example.com", undefined]);
  });

  test("what a person has let a client do", async () => {
    const { clientId } = await shop();
    const subject = `ann|${randomBytes(4).toString("hex")} x`;
    const { ticket } = await ask();
    const issued = await issue(ticket, { subject });
    const granted = await redeem(issued.authorizationCode);
    assert.equal(granted.action, "OK", granted.resultMessage);
    const token = service.jwt ? granted.jwtAccessToken : granted.accessToken;
    const { management } = authlete.client;
    const of = { serviceId, clientId: String(clientId), subjectPathParameter: subject, subjectQueryParameter: subject };
    const listed = await management.listAuthorizations({ serviceId, subjectPathParameter: subject, subjectQueryParameter: subject });
    assert.deepEqual([listed.totalCount, listed.clients.map((client) => client.clientId)], [1, [clientId]]);
    const shown = await management.getGrantedScopes(of);
    assert.deepEqual(shown.latestGrantedScopes, ["email", "history.read", "openid"]);
    assert.deepEqual(shown.mergedGrantedScopes, shown.latestGrantedScopes);
    const clientAuthorizationUpdateRequest = { subject, scopes: ["timeline.read"] };
    const updated = await management.updateAuthorizations({ serviceId, clientId: String(clientId), clientAuthorizationUpdateRequest });
    assert.equal(updated.resultCode, "A138001", updated.resultMessage);
    await management.deleteGrantedScopes(of);
    assert.equal((await management.getGrantedScopes(of)).latestGrantedScopes, undefined);
    assert.equal(await calls.isLive(token), true);
    await management.deleteAuthorizations(of);
    assert.equal(await calls.isLive(token), false);
  });

  test("what is kept with a ticket", async () => {
    const { ticket } = await ask({}, "one");
    const { management } = authlete.authorization;
    const info = async () => management.getTicketInfo({ serviceId, authorizationTicketInfoRequest: { ticket } });
    assert.deepEqual((await info()).info, { context: "one" });
    for (const [sent, kept] of [["two", "two"], [JSON.stringify({ context: "three" }), "three"]]) {
      const updated = await management.updateTicket({ serviceId, authorizationTicketUpdateRequest: { ticket, info: sent } });
      assert.equal(updated.action, "OK", updated.resultMessage);
      assert.deepEqual((await info()).info, { context: kept });
    }
    assert.equal((await issue(ticket)).action, "LOCATION");
    assert.equal((await info()).action, "NOT_FOUND");
  });

  test("what a client may request", async () => {
    const { clientId } = await calls.newClient({ redirectUris: [CALLBACK] });
    const { management } = authlete.client;
    const of = { serviceId, clientId: String(clientId) };
    const clientExtensionRequestableScopesUpdateRequest = { requestableScopes: ["timeline.read", "no.such.scope"] };
    const kept = await management.updateRequestableScopes({ ...of, clientExtensionRequestableScopesUpdateRequest });
    assert.deepEqual(kept.requestableScopes, ["timeline.read"]);
    const asked = await ask({ client_id: String(clientId), scope: "openid history.read timeline.read" });
    assert.deepEqual(asked.scopes.map(({ name }) => name), ["openid", "timeline.read"]);
    await management.deleteRequestableScopes(of);
    assert.equal((await management.getRequestableScopes(of)).requestableScopes, undefined);
  });
});
