// token.process, token.issue and token.fail.

import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { test } from "node:test";
import { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair } from "jose";
import { assertFailed, assertMs, forEachService } from "./harness.mjs";

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";

const key = await generateKeyPair("ES256", { extractable: true });
const jwk = await exportJWK(key.publicKey);

/** A DPoP proof (RFC 9449) by another library. */
function proof(htu, { htm = "POST", token, signer = key, header = jwk } = {}) {
  const ath = token && createHash("sha256").update(token).digest("base64url");
  const claims = { htm, htu, jti: randomUUID(), ...(ath && { ath }) };
  return new SignJWT(claims).setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk: header }).setIssuedAt().sign(signer.privateKey);
}

forEachService("token", (calls, service) => {
  const password = (more) => calls.process({ grant_type: "password", username: "john", password: "p@ss", scope: "history.read" }, more);

  test("client_credentials: OK, with the answer for the client as text", async () => {
    const { clientId } = await calls.shop();
    const answer = await calls.process({ grant_type: "client_credentials", scope: "history.read" });
    assert.equal(answer.action, "OK", answer.resultMessage);
    assert.deepEqual(
      [answer.resultCode, answer.grantType, answer.clientId, answer.clientAuthMethod, answer.subject, answer.refreshToken],
      ["A053001", "CLIENT_CREDENTIALS", clientId, "CLIENT_SECRET_BASIC", undefined, undefined],
    );
    assert.deepEqual([answer.accessTokenDuration, answer.scopes], [3600, ["history.read"]]);
    assertMs(answer.accessTokenExpiresAt, 3600);
    assert.deepEqual(JSON.parse(answer.responseContent), {
      access_token: service.jwt ? answer.jwtAccessToken : answer.accessToken,
      token_type: "Bearer",
      expires_in: 3600,
      scope: "history.read",
    });
    assert.deepEqual(answer.serviceAttributes, [{ key: "region", value: "eu" }]);
  });

  test("rule 13: properties come as text from this SDK", async () => {
    const properties = JSON.stringify([{ key: "plan", value: "gold" }, { key: "risk", value: "7", hidden: true }]);
    const answer = await calls.process({ grant_type: "client_credentials" }, { properties });
    assert.deepEqual(answer.properties, [
      { key: "plan", value: "gold", hidden: false },
      { key: "risk", value: "7", hidden: true },
    ]);
    const body = JSON.parse(answer.responseContent);
    assert.deepEqual([body.plan, body.risk], ["gold", undefined]);
  });

  test("password: a ticket, on which one token is issued", async () => {
    const asked = await password();
    assert.deepEqual([asked.action, asked.username, asked.password, asked.grantType], ["PASSWORD", "john", "p@ss", "PASSWORD"]);
    assert.deepEqual([asked.responseContent, asked.accessToken], [undefined, undefined]);
    const answer = await calls.issue(asked.ticket, { subject: "user-1", accessTokenDuration: 600, refreshTokenDuration: 1200 });
    assert.deepEqual([answer.action, answer.resultCode], ["OK", "A054001"], answer.resultMessage);
    assert.deepEqual([answer.subject, answer.accessTokenDuration, answer.refreshTokenDuration], ["user-1", 600, 1200]);
    assertMs(answer.accessTokenExpiresAt, 600);
    assertMs(answer.refreshTokenExpiresAt, 1200);
    assert.deepEqual(answer.refreshTokenScopes, ["history.read"]);
    assert.equal(await calls.isLive(answer.accessToken), true);
    assertFailed(await calls.issue(asked.ticket), "INTERNAL_SERVER_ERROR", "server_error", "A055202");
  });

  test("of parallel issues on one ticket one wins", async () => {
    const { ticket } = await password();
    const answers = await Promise.all(Array.from({ length: 5 }, () => calls.issue(ticket)));
    assert.deepEqual(answers.map(({ action }) => action).sort(), [...Array(4).fill("INTERNAL_SERVER_ERROR"), "OK"]);
  });

  test("password: the authorization server tells why it fails", async () => {
    for (const [reason, action, error, code] of [
      ["INVALID_RESOURCE_OWNER_CREDENTIALS", "BAD_REQUEST", "invalid_request", "A067301"],
      ["INVALID_TARGET", "BAD_REQUEST", "invalid_target", "A067302"],
      ["UNKNOWN", "INTERNAL_SERVER_ERROR", "server_error", "A067303"],
    ]) {
      const { ticket } = await password();
      assertFailed(await calls.fail(ticket, reason), action, error, code);
      assertFailed(await calls.issue(ticket), "INTERNAL_SERVER_ERROR", "server_error", "A055202");
    }
  });

  test("refresh_token: the next access token, and the older one is dead", async () => {
    const first = await calls.created();
    const answer = await calls.process({ grant_type: "refresh_token", refresh_token: first.refreshToken });
    assert.deepEqual([answer.action, answer.resultCode, answer.grantType], ["OK", "A052001", "REFRESH_TOKEN"], answer.resultMessage);
    assert.deepEqual([answer.refreshToken, answer.subject, answer.previousRefreshTokenUsed ?? false], [first.refreshToken, "john", false]);
    assertMs(answer.refreshTokenExpiresAt, 86_400);
    assert.deepEqual([await calls.isLive(first.accessToken), await calls.isLive(answer.accessToken)], [false, true]);
    const wide = { grant_type: "refresh_token", refresh_token: first.refreshToken, scope: "payment" };
    assertFailed(await calls.process(wide), "BAD_REQUEST", "invalid_scope", "A053305");
    const unknown = { grant_type: "refresh_token", refresh_token: "nonsense" };
    assertFailed(await calls.process(unknown), "BAD_REQUEST", "invalid_grant", "A053301");
  });

  test("refresh_token: that of a public client is replaced, and a repetition gets the same successor", async () => {
    const phone = await calls.newClient({ clientType: "PUBLIC", tokenAuthMethod: "NONE" });
    const first = await calls.created({ clientId: phone.clientId });
    const request = { grant_type: "refresh_token", refresh_token: first.refreshToken, client_id: String(phone.clientId) };
    const nobody = { clientId: undefined, clientSecret: undefined };
    const second = await calls.process(request, nobody);
    assert.equal(second.action, "OK", second.resultMessage);
    assert.notEqual(second.refreshToken, first.refreshToken);
    const again = await calls.process(request, nobody);
    assert.deepEqual([again.action, again.refreshToken, again.previousRefreshTokenUsed], ["OK", second.refreshToken, true]);
  });

  test("rule 15: no action comes that this SDK doesn't know", async () => {
    const { refreshToken } = await calls.created({ scopes: ["openid"] });
    const answer = await calls.process({ grant_type: "refresh_token", refresh_token: refreshToken });
    assert.equal(answer.action, "OK", "and not ID_TOKEN_REISSUABLE");
  });

  test("token-exchange: TOKEN_EXCHANGE, with what is known of our own token", async () => {
    const { clientId } = await calls.shop();
    // Rule 14: scopes and details in its info would make this SDK throw.
    const ours = await calls.created({ authorizationDetails: { elements: [{ type: "account" }] } });
    const request = {
      grant_type: EXCHANGE,
      subject_token: ours.accessToken,
      subject_token_type: ACCESS_TOKEN,
      actor_token: ours.refreshToken,
      actor_token_type: "urn:ietf:params:oauth:token-type:refresh_token",
      requested_token_type: ACCESS_TOKEN,
      audience: "files",
      resource: "https://files.example.org/",
    };
    const answer = await calls.process(request);
    assert.deepEqual([answer.action, answer.resultCode], ["TOKEN_EXCHANGE", "A311001"], answer.resultMessage);
    assert.deepEqual([answer.grantType, answer.requestedTokenType], ["TOKEN_EXCHANGE", "ACCESS_TOKEN"]);
    assert.deepEqual([answer.subjectToken, answer.subjectTokenType], [ours.accessToken, "ACCESS_TOKEN"]);
    assert.deepEqual([answer.actorToken, answer.actorTokenType], [ours.refreshToken, "REFRESH_TOKEN"]);
    assert.deepEqual([answer.audiences, answer.resources], [["files"], ["https://files.example.org/"]]);
    assert.deepEqual([answer.ticket, answer.responseContent, answer.accessToken], [undefined, undefined, undefined]);
    assert.deepEqual([answer.subjectTokenInfo.clientId, answer.subjectTokenInfo.subject], [clientId, "john"]);
    assert.ok(Math.abs(answer.subjectTokenInfo.expiresAt * 1000 - ours.expiresAt) <= 1000, "seconds");
    assert.equal(answer.actorTokenInfo.subject, "john");
    assertFailed(await calls.process({ ...request, subject_token: "nonsense" }), "BAD_REQUEST", "invalid_request", "A311306");
  });

  test("jwt-bearer: JWT_BEARER, for the authorization server to verify", async () => {
    const secret = new TextEncoder().encode("a secret of nobody here, 32 bytes");
    const assertion = await new SignJWT({ sub: "ann" })
      .setProtectedHeader({ alg: "HS256" })
      .setIssuer("https://idp.example.org")
      .setAudience(service.url)
      .setIssuedAt()
      .setExpirationTime("1m")
      .sign(secret);
    const answer = await calls.process({ grant_type: BEARER, assertion });
    assert.deepEqual([answer.action, answer.resultCode, answer.assertion], ["JWT_BEARER", "A314001", assertion], answer.resultMessage);
    assert.deepEqual([answer.ticket, answer.responseContent], [undefined, undefined]);
    assertFailed(await calls.process({ grant_type: BEARER, assertion: "x.y.z" }), "BAD_REQUEST", "invalid_grant");
  });

  test("authorization_code: there is no code that could be right", async () => {
    const request = { grant_type: "authorization_code", code: "abc", redirect_uri: "https://a.example/cb" };
    assertFailed(await calls.process(request), "BAD_REQUEST", "invalid_grant");
  });

  test("rule 5: a client that fails and a request that is wrong are actions", async () => {
    const wrong = await calls.process({ grant_type: "client_credentials" }, { clientSecret: "wrong" });
    assertFailed(wrong, "INVALID_CLIENT", "invalid_client", "A049301");
    assertFailed(await calls.process({ scope: "a" }), "BAD_REQUEST", "invalid_request", "A048301");
    assertFailed(await calls.process({ grant_type: "magic" }), "BAD_REQUEST", "unsupported_grant_type", "A048303");
    const missing = await calls.authlete.token.process({ serviceId: service.id, tokenRequest: { parameters: "" } });
    assertFailed(missing, "INTERNAL_SERVER_ERROR", "server_error");
  });

  test("DPoP: a proof binds the token, and whoever presents that must prove the key each time anew", async () => {
    const dpop = await proof(service.token_endpoint);
    const answer = await calls.process({ grant_type: "client_credentials" }, { dpop });
    assert.equal(answer.action, "OK", answer.resultMessage);
    const { access_token: token, token_type: type } = JSON.parse(answer.responseContent);
    assert.equal(type, "DPoP");
    if (service.jwt) assert.deepEqual((await calls.claims(token)).cnf, { jkt: await calculateJwkThumbprint(jwk) });
    assertFailed(await calls.process({ grant_type: "client_credentials" }, { dpop }), "BAD_REQUEST", "invalid_dpop_proof", "A254304");

    const htu = "https://api.example.org/files";
    const good = await proof(htu, { htm: "GET", token });
    const seen = await calls.introspect(token, { dpop: good, htm: "GET", htu });
    assert.deepEqual([seen.action, seen.usable], ["OK", true], seen.resultMessage);
    const replayed = await calls.introspect(token, { dpop: good, htm: "GET", htu });
    assert.deepEqual([replayed.action, replayed.resultCode], ["UNAUTHORIZED", "A065310"]);
    assert.ok(replayed.responseContent.startsWith('DPoP error="'));
    const other = await generateKeyPair("ES256", { extractable: true });
    const theirs = await proof(htu, { htm: "GET", token, signer: other, header: await exportJWK(other.publicKey) });
    assert.equal((await calls.introspect(token, { dpop: theirs, htm: "GET", htu })).resultCode, "A065311");
    assert.equal((await calls.introspect(token)).resultCode, "A065308");
  });
});
