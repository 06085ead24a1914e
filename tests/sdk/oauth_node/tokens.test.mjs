// Introspection (RFC 7662, RFC 9701), revocation (RFC 7009) and metadata (RFC 8414) with openid-client and oauth4webapi.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as oauth from "oauth4webapi";
import * as client from "openid-client";
import { FORMS, INSECURE, JWT_FORMS, assertUnauthenticated, aSecond, deployments, forEachOrg } from "./harness.mjs";

forEachOrg("introspection", FORMS, (org) => {
  test("RFC 7662 2.2: an API hears what a token for it is good for", async () => {
    const { access_token, expires_in } = await org.granted("basic", { scope: "mail" });
    const seen = await org.introspected(access_token);
    const { active, scope, client_id, token_type, sub, iss, aud } = seen;
    const id = org.clients.basic.id;
    assert.deepEqual({ active, scope, client_id, token_type, sub, iss, aud }, { active: true, scope: "mail", client_id: id, token_type: "Bearer", sub: id, iss: org.url, aud: [org.deployment.api] });
    assert.equal(seen.exp - seen.iat, expires_in);
    assert.equal(typeof seen.jti, "string");
  });

  test("RFC 7662 2.2: of what is expired or unknown nothing is told but that", async () => {
    const { access_token } = await org.granted("brief");
    await aSecond();
    for (const token of [access_token, "unknown", "a.b.c"]) assert.deepEqual(await org.introspected(token), { active: false });
  });

  test("RFC 9701 5: the answer can be a JWT, which is for who asked", async () => {
    const alg = org.isJwt ? org.form : "ES256";
    const config = await org.configured("api", { introspection_signed_response_alg: alg });
    client.enableNonRepudiationChecks(config);
    const { access_token } = await org.granted();
    const seen = await client.tokenIntrospection(config, access_token);
    assert.deepEqual([seen.active, seen.client_id], [true, org.clients.basic.id]);
    assert.deepEqual(await client.tokenIntrospection(config, "unknown"), { active: false });
  });

  test("RFC 7662 2.3: who doesn't authenticate hears nothing", async () => {
    const config = await org.configured("api");
    const wrong = new client.Configuration(config.serverMetadata(), org.clients.api.id, undefined, client.ClientSecretBasic("wrong"));
    client.allowInsecureRequests(wrong);
    const { access_token } = await org.granted();
    await assertUnauthenticated(client.tokenIntrospection(wrong, access_token));
  });
});

forEachOrg("revocation", FORMS, (org) => {
  test("RFC 7009 2: a token is dead with the answer, whatever the hint", async () => {
    const config = await org.configured();
    for (const parameters of [{}, { token_type_hint: "access_token" }, { token_type_hint: "refresh_token" }, { token_type_hint: "unknown" }]) {
      const { access_token } = await org.granted();
      assert.equal((await org.introspected(access_token)).active, true);
      await client.tokenRevocation(config, access_token, parameters);
      assert.deepEqual(await org.introspected(access_token), { active: false });
    }
  });

  test("RFC 7009 2.1: a refresh token takes its access tokens with it", async () => {
    const config = await org.configured();
    const { refreshToken } = await org.approved("basic");
    const { access_token } = await client.refreshTokenGrant(config, refreshToken);
    await client.tokenRevocation(config, refreshToken);
    assert.deepEqual(await org.introspected(access_token), { active: false });
  });

  test("RFC 7009 2.1, 2.2: that of another client stays, an unknown one is no error", async () => {
    const { access_token } = await org.granted();
    await client.tokenRevocation(await org.configured("post"), access_token);
    await client.tokenRevocation(await org.configured("post"), "unknown");
    assert.equal((await org.introspected(access_token)).active, true);
  });
});

for (const { url, store } of deployments) {
  for (const algorithm of ["oauth2", "oidc"]) {
    test(`RFC 8414 3: metadata is found where ${algorithm} has it: ${store}`, async () => {
      const issuer = new URL(url);
      const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...INSECURE }));
      assert.equal(as.issuer, url);
      for (const name of ["token_endpoint", "introspection_endpoint", "revocation_endpoint", "registration_endpoint", "jwks_uri"]) {
        assert.ok(as[name].startsWith(`${url}/`), name);
      }
      for (const alg of JWT_FORMS) assert.ok(as.introspection_signing_alg_values_supported?.includes(alg) ?? true, alg);
    });
  }
}
