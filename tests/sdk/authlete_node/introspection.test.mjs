// introspection.process and .standardProcess, the keys and the metadata.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { assertFailed, assertMs, forEachService } from "./harness.mjs";

forEachService("introspection", (calls, service) => {
  const presented = ({ accessToken, jwtAccessToken }) => (service.jwt ? jwtAccessToken : accessToken);

  test("a good token: OK, and all of it", async () => {
    const { clientId } = await calls.shop();
    const resources = ["https://api.example.org/"];
    const properties = [{ key: "k", value: "v", hidden: true }];
    const token = await calls.created({ scopes: ["history.read", "payment"], resources, properties });
    const { expiresAt, ...rest } = await calls.introspect(presented(token), { scopes: ["payment"], subject: "john", resources });
    assertMs(expiresAt, 120);
    assert.deepEqual(rest, {
      resultCode: "A056001",
      resultMessage: "[A056001] The access token is valid.",
      action: "OK",
      responseContent: 'Bearer error="invalid_request"',
      existent: true,
      usable: true,
      sufficient: true,
      refreshable: true,
      clientId,
      clientIdAliasUsed: false,
      subject: "john",
      scopes: ["history.read", "payment"],
      scopeDetails: [
        { name: "history.read", defaultEntry: true, description: "Read the history" },
        {
          name: "payment",
          defaultEntry: false,
          attributes: [
            { key: "access_token.duration", value: "120" },
            { key: "refresh_token.duration", value: "600" },
          ],
        },
      ],
      properties,
      resources,
      accessTokenResources: resources,
      serviceAttributes: [{ key: "region", value: "eu" }],
      grantType: "AUTHORIZATION_CODE",
      forExternalAttachment: false,
    });
  });

  test("rule 20: what is refused is told by a challenge", async () => {
    const { responseContent, resultMessage, ...rest } = await calls.introspect("nonsense");
    const flags = { existent: false, usable: false, sufficient: false, refreshable: false };
    assert.deepEqual(rest, { resultCode: "A063301", action: "UNAUTHORIZED", ...flags });
    assert.ok(responseContent.startsWith('Bearer error="invalid_token",error_description="[A063301] '), responseContent);
    assert.ok(resultMessage.startsWith("[A063301] "));

    const token = presented(await calls.created());
    const missing = await calls.introspect(token, { scopes: ["history.read", "timeline.read"] });
    assert.deepEqual([missing.action, missing.resultCode, missing.sufficient, missing.subject], ["FORBIDDEN", "A064302", false, "john"]);
    assert.match(missing.responseContent, /^Bearer error="insufficient_scope",.*,scope="history\.read timeline\.read"$/);
    assert.equal((await calls.introspect(token, { subject: "ann" })).action, "FORBIDDEN");
    assert.equal((await calls.introspect("")).action, "BAD_REQUEST");
    const acr = await calls.introspect(token, { acrValues: ["gold"], maxAge: 60 });
    assert.match(acr.responseContent, /^Bearer error="insufficient_user_authentication",.*acr_values="gold"/);
  });

  test("an expired token that can be refreshed is told apart", async () => {
    const token = await calls.created({ accessTokenDuration: 1 });
    await sleep(Math.max(0, token.expiresAt - Date.now()) + 50);
    const seen = await calls.introspect(presented(token));
    assert.deepEqual([seen.action, seen.resultCode], ["UNAUTHORIZED", "A065301"]);
    assert.deepEqual([seen.existent, seen.usable, seen.refreshable], [true, false, true]);
    assert.deepEqual(await calls.rfc7662(presented(token)), { active: false });
  });

  test("RFC 7662: an active token in standard names, anything else exactly inactive", async () => {
    const { clientId } = await calls.shop();
    const properties = [{ key: "plan", value: "gold" }, { key: "risk", value: "7", hidden: true }];
    const token = await calls.created({ properties });
    const { exp, iat, ...rest } = await calls.rfc7662(presented(token));
    assert.ok(exp - iat === 3600 && Math.abs(iat * 1000 - Date.now()) < 10_000);
    assert.deepEqual(rest, {
      active: true,
      sub: "john",
      client_id: String(clientId),
      scope: "history.read",
      token_type: "Bearer",
      iss: service.url,
      plan: "gold",
    });
    assert.equal((await calls.rfc7662(presented(token), { withHiddenProperties: true })).risk, "7");
    assert.equal((await calls.rfc7662(token.refreshToken)).active, true);
    assert.deepEqual(await calls.rfc7662("nonsense"), { active: false });
    const request = { serviceId: service.id, standardIntrospectionRequest: { parameters: "token_type_hint=access_token" } };
    assertFailed(await calls.authlete.introspection.standardProcess(request), "BAD_REQUEST", "invalid_request");
  });

  test("the keys are a JWK Set, and the metadata is read", async () => {
    for (const pretty of [true, false]) {
      const { keys } = await calls.authlete.jwkSetEndpoint.serviceJwksGetApi({ serviceId: service.id, pretty, includePrivateKeys: false });
      assert.ok(keys.length > 0 && keys.every((key) => key.kty === "EC" && !("d" in key)));
      // What this SDK makes of metadata has no member at all.
      assert.deepEqual(await calls.authlete.service.getConfiguration({ serviceId: service.id, pretty }), {});
    }
  });
});
