// token.management.create.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertMs, forEachService, unique } from "./harness.mjs";

forEachService("create", (calls, service) => {
  test("all twenty members of the answer are there, each in its unit", async () => {
    const { clientId } = await calls.shop();
    const resources = ["https://api.example.org/"];
    const answer = await calls.created({
      clientIdentifier: String(clientId),
      scopes: ["history.read", "timeline.read"],
      properties: [{ key: "plan", value: "gold" }, { key: "risk", value: "7", hidden: true }],
      authorizationDetails: { elements: [{ type: "account" }] },
      forExternalAttachment: true,
      sessionId: "session-1",
      accessTokenDuration: 900,
      resources,
    });
    const { accessToken, expiresAt, jwtAccessToken, refreshToken, tokenId, ...rest } = answer;
    assert.deepEqual(rest, {
      resultCode: "A109001",
      resultMessage: `[A109001] An access token was created successfully: authorization_code, client = ${clientId}`,
      action: "OK",
      authorizationDetails: { elements: [{ type: "account" }] },
      clientId,
      clientIdentifier: String(clientId),
      expiresIn: 900,
      forExternalAttachment: true,
      grantType: "AUTHORIZATION_CODE",
      properties: [{ key: "plan", value: "gold", hidden: false }, { key: "risk", value: "7", hidden: true }],
      refreshTokenScopes: ["history.read", "timeline.read"],
      scopes: ["history.read", "timeline.read"],
      sessionId: "session-1",
      subject: "john",
      tokenType: "Bearer",
    });
    assert.match(accessToken, /^[A-Za-z0-9_-]{43}$/);
    assertMs(expiresAt, 900);
    assert.ok(refreshToken && tokenId);
    if (service.jwt) {
      const claims = await calls.claims(jwtAccessToken);
      assert.equal(claims.jti, accessToken);
      assert.deepEqual([claims.sub, claims.client_id, claims.aud, claims.plan], ["john", String(clientId), resources[0], "gold"]);
      assert.equal(claims.exp - claims.iat, 900);
      assert.ok(!("risk" in claims));
    } else {
      assert.equal(jwtAccessToken, undefined);
    }
  });

  test("rule 2: what there is none of is absent", async () => {
    const answer = await calls.created({ grantType: "CLIENT_CREDENTIALS", scopes: undefined });
    assert.equal(answer.clientIdentifier, String(answer.clientId), "the number as text where no identifier was given");
    assert.deepEqual(Object.keys(answer).sort(), [
      "accessToken",
      "action",
      "clientId",
      "clientIdentifier",
      "expiresAt",
      "expiresIn",
      "forExternalAttachment",
      "grantType",
      ...(service.jwt ? ["jwtAccessToken"] : []),
      "resultCode",
      "resultMessage",
      "tokenId",
      "tokenType",
    ]);
  });

  test("a value that the caller chose works once", async () => {
    const [accessToken, refreshToken] = [`at/${unique()}+=`, `rt/${unique()}+=`];
    const answer = await calls.created({ accessToken, refreshToken });
    assert.deepEqual([answer.accessToken, answer.refreshToken], [accessToken, refreshToken]);
    assert.equal(await calls.isLive(accessToken), true);
    assert.equal((await calls.create({ accessToken })).action, "BAD_REQUEST");
    assert.equal((await calls.create({ refreshToken })).action, "BAD_REQUEST");
    assert.equal((await calls.process({ grant_type: "refresh_token", refresh_token: refreshToken })).action, "OK");
  });

  test("a persistent token has no end", async () => {
    const { accessToken, expiresAt, expiresIn, jwtAccessToken } = await calls.created({ accessTokenPersistent: true });
    assert.deepEqual([expiresAt, expiresIn], [0, 0]);
    assert.equal((await calls.introspect(accessToken)).expiresAt, 0);
    if (service.jwt) assert.equal((await calls.claims(jwtAccessToken)).exp, undefined);
  });

  test("rule 12: authorization details are an object with elements, whose unknown members are one text", async () => {
    const element = {
      type: "payment",
      locations: ["https://bank.example"],
      actions: ["initiate"],
      dataTypes: ["balance"],
      identifier: "i-1",
      privileges: ["owner"],
      otherFields: '{"amount":{"value":"12.50"}}',
    };
    const { accessToken, authorizationDetails } = await calls.created({ authorizationDetails: { elements: [element] } });
    assert.deepEqual(authorizationDetails, { elements: [element] });
    assert.deepEqual((await calls.introspect(accessToken)).authorizationDetails, { elements: [element] });
  });

  test("jwtAtClaims are merged into the JWT and must be an object", async () => {
    const answer = await calls.created({ jwtAtClaims: '{"tenant":{"id":5},"sub":"mallory"}' });
    if (service.jwt) {
      const { sub, tenant } = await calls.claims(answer.jwtAccessToken);
      assert.deepEqual([sub, tenant], ["john", { id: 5 }]);
    }
    assert.equal((await calls.create({ jwtAtClaims: "[]" })).action, "BAD_REQUEST");
  });

  test("a key and a certificate bind the token, and so does when and how its user was authenticated", async () => {
    const thumbprint = "A".repeat(43);
    assert.equal((await calls.created({ dpopKeyThumbprint: thumbprint })).tokenType, "DPoP");
    const { accessToken } = await calls.created({ certificateThumbprint: thumbprint });
    assert.equal((await calls.introspect(accessToken)).certificateThumbprint, thumbprint);
    const authTime = Math.floor(Date.now() / 1000) - 60;
    const authenticated = await calls.created({ acr: "urn:acr:gold", authTime });
    const { acr, authTime: told } = await calls.introspect(authenticated.accessToken);
    assert.deepEqual([acr, told], ["urn:acr:gold", authTime], "seconds");
  });

  test("rule 5: a call that is wrong is an action, and has nothing but a result", async () => {
    for (const wrong of [{ grantType: "REFRESH_TOKEN" }, { subject: undefined }, { scopes: ["no.such.scope"] }, { authTime: -1 }]) {
      const { action, resultCode, resultMessage, ...rest } = await calls.create(wrong);
      assert.equal(action, "BAD_REQUEST");
      assert.ok(resultMessage.startsWith(`[${resultCode}] `));
      assert.deepEqual(rest, {});
    }
    assert.equal((await calls.create({ clientId: 4711 })).action, "FORBIDDEN");
  });
});
