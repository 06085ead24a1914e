// openid-client against the token endpoint.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CrossAppAccessProvider, auth, exchangeJwtAuthGrant } from "@modelcontextprotocol/client";
import { decodeJwt } from "jose";
import * as client from "openid-client";
import { ACCESS_TOKEN, FORMS, JWT, JWT_BEARER, TOKEN_EXCHANGE, assertRefused, assertUnauthenticated, forEachOrg } from "./harness.mjs";

forEachOrg("client_credentials", FORMS, (org) => {
  for (const name of ["basic", "post", "ES256", "PS256", "Ed25519"]) {
    test(`RFC 6749 2.3.1, RFC 7523 2.2: a client authenticates by its own method: ${name}`, async () => {
      const tokens = await org.granted(name, { scope: "files.read" });
      assert.deepEqual([tokens.token_type, tokens.expires_in, tokens.scope], ["bearer", 600, "files.read"]);
      assert.equal(tokens.refresh_token, undefined, "RFC 6749 4.4.3");
      assert.equal(tokens.access_token.split(".").length, org.isJwt ? 3 : 1);
      const seen = await org.introspected(tokens.access_token, "broker").catch((e) => e);
      assert.deepEqual(seen, { active: false }, "RFC 7662 4: it isn't for everybody to ask");
    });
  }

  test("RFC 6749 3.3: without a scope a client gets the default ones", async () => {
    assert.equal((await org.granted()).scope, "files.read");
  });

  test("RFC 6749 5.2: a scope that isn't there is invalid_scope", async () => {
    await assertRefused(org.granted("basic", { scope: "files.read nothing" }), "invalid_scope");
  });

  test("RFC 8707 2: a token is for the resource that was asked for", async () => {
    const { access_token } = await org.granted("basic", { resource: org.deployment.other_api });
    if (org.isJwt) assert.equal(decodeJwt(access_token).aud, org.deployment.other_api);
    assert.deepEqual(await org.introspected(access_token), { active: false });
  });

  test("RFC 8707 2: a resource that nobody knows is invalid_target", async () => {
    await assertRefused(org.granted("basic", { resource: "https://unknown.example" }), "invalid_target");
  });

  test("RFC 9396 7: authorization details are stored and told", async () => {
    const details = [{ type: "payment", amount: "45", currency: "EUR" }];
    const { access_token, authorization_details } = await org.granted("basic", { authorization_details: JSON.stringify(details) });
    assert.deepEqual(authorization_details, details);
    assert.deepEqual((await org.introspected(access_token)).authorization_details, details);
    await assertRefused(org.granted("basic", { authorization_details: '[{"type":"unknown"}]' }), "invalid_authorization_details");
  });

  test("RFC 6749 5.2: a wrong secret is invalid_client", async () => {
    for (const method of [client.ClientSecretBasic("wrong"), client.ClientSecretPost(org.clients.basic.secret)]) {
      const metadata = (await org.configured()).serverMetadata();
      const config = new client.Configuration(metadata, org.clients.basic.id, undefined, method);
      client.allowInsecureRequests(config);
      await assertUnauthenticated(client.clientCredentialsGrant(config));
    }
  });

  test("RFC 6749 4.4: a public client gets no token for itself", async () => {
    await assertRefused(org.granted("public"), "unauthorized_client");
  });
});

forEachOrg("refresh_token", FORMS, (org) => {
  test("RFC 6749 6: a confidential client keeps its refresh token", async () => {
    const { refreshToken } = await org.approved("basic");
    const config = await org.configured();
    for (let n = 0; n < 3; n++) {
      const tokens = await client.refreshTokenGrant(config, refreshToken);
      assert.deepEqual([tokens.scope, tokens.refresh_token ?? refreshToken], ["files.read mail", refreshToken]);
      assert.equal((await org.introspected(tokens.access_token)).sub, "john");
    }
  });

  test("RFC 9700 4.14.2: that of a public client is replaced, and one that comes again late ends them all", async () => {
    const { refreshToken } = await org.approved("public");
    const config = await org.configured("public");
    const first = await client.refreshTokenGrant(config, refreshToken);
    assert.notEqual(first.refresh_token, refreshToken);
    const again = await client.refreshTokenGrant(config, refreshToken);
    assert.equal(again.refresh_token, first.refresh_token, "a lost answer logs nobody out");
    const second = await client.refreshTokenGrant(config, first.refresh_token);
    assert.notEqual(second.refresh_token, first.refresh_token);
    await assertRefused(client.refreshTokenGrant(config, refreshToken), "invalid_grant");
    await assertRefused(client.refreshTokenGrant(config, second.refresh_token), "invalid_grant");
    assert.deepEqual(await org.introspected(second.access_token), { active: false });
  });

  test("RFC 6749 6: fewer scopes can be asked for, and no others", async () => {
    const { refreshToken } = await org.approved("basic");
    const config = await org.configured();
    assert.equal((await client.refreshTokenGrant(config, refreshToken, { scope: "mail" })).scope, "mail");
    await assertRefused(client.refreshTokenGrant(config, refreshToken, { scope: "files.write" }), "invalid_scope");
  });

  test("RFC 6749 6: it is bound to its client", async () => {
    const { refreshToken } = await org.approved("basic");
    await assertRefused(client.refreshTokenGrant(await org.configured("post"), refreshToken), "invalid_grant");
    await assertRefused(client.refreshTokenGrant(await org.configured(), "unknown"), "invalid_grant");
  });
});

forEachOrg("token exchange", FORMS, (org) => {
  const exchange = async (name, parameters) => client.genericGrantRequest(await org.configured(name), TOKEN_EXCHANGE, parameters);

  test("RFC 8693 1.1: an API impersonates the user whose token it was shown", async () => {
    const { accessToken } = await org.approved("basic", { resources: [org.deployment.api] });
    const tokens = await exchange("api", { subject_token: accessToken, subject_token_type: ACCESS_TOKEN, scope: "mail" });
    assert.deepEqual([tokens.issued_token_type, tokens.token_type, tokens.scope], [ACCESS_TOKEN, "bearer", "mail"]);
    assert.ok(tokens.expires_in <= 600);
    assert.equal(tokens.refresh_token, undefined);
    const seen = await org.introspected(tokens.access_token);
    assert.deepEqual([seen.sub, seen.client_id, seen.act, seen.aud], ["john", org.clients.api.id, undefined, [org.deployment.api]]);
  });

  test("RFC 8693 1.1, 2.1: an API goes on to another one, and is named in act", async () => {
    const { accessToken } = await org.approved("basic", { resources: [org.deployment.api] });
    const asked = { subject_token: accessToken, subject_token_type: ACCESS_TOKEN, resource: org.deployment.other_api };
    const tokens = await exchange("api", asked);
    assert.deepEqual([tokens.issued_token_type, tokens.scope, tokens.refresh_token], [ACCESS_TOKEN, "files.read", undefined]);
    const { sub, aud, act } = await org.introspected(tokens.access_token, "api");
    const { id } = org.clients.api;
    assert.deepEqual([sub, aud, act], ["john", [org.deployment.other_api], { sub: id, client_id: id }]);
    if (org.isJwt) assert.deepEqual([decodeJwt(tokens.access_token).act, decodeJwt(tokens.access_token).aud], [act, org.deployment.other_api]);
    await assertRefused(exchange("api", { ...asked, scope: "files.write" }), "invalid_scope");
    await assertRefused(exchange("broker", asked), "invalid_target");
  });

  test("RFC 8693 4.1: a delegated token says who acts", async () => {
    const { accessToken } = await org.approved("basic", { resources: [org.deployment.api] });
    const actor = await org.granted("basic");
    const asked = { subject_token: accessToken, subject_token_type: ACCESS_TOKEN, actor_token: actor.access_token, actor_token_type: ACCESS_TOKEN };
    const { access_token } = await exchange("broker", asked);
    const { sub, act } = await org.introspected(access_token);
    assert.deepEqual([sub, act.sub], ["john", org.clients.basic.id]);
    if (org.isJwt) assert.deepEqual(decodeJwt(access_token).act, act);
  });

  test("RFC 8693 2.1: a JWT can be asked for where tokens are JWTs", async () => {
    const { accessToken } = await org.approved("basic");
    const asked = exchange("broker", { subject_token: accessToken, subject_token_type: ACCESS_TOKEN, requested_token_type: JWT });
    if (org.isJwt) assert.equal((await asked).issued_token_type, JWT);
    else await assertRefused(asked, "invalid_request");
  });

  test("RFC 8693 2.2.2: whoever the token isn't for can't exchange it, and nobody for more than it opens", async () => {
    const { accessToken } = await org.approved("basic", { resources: [org.deployment.other_api] });
    const asked = { subject_token: accessToken, subject_token_type: ACCESS_TOKEN };
    await assertRefused(exchange("api", asked), "unauthorized_client");
    await assertRefused(exchange("broker", { ...asked, scope: "files.write" }), "invalid_scope");
    await assertRefused(exchange("broker", { ...asked, audience: org.deployment.api }), "invalid_target");
    await assertRefused(exchange("broker", { ...asked, subject_token: "unknown" }), "invalid_request");
  });

  test("an exchanged token ends with the one that it comes from", async () => {
    const { accessToken } = await org.approved("basic");
    const { access_token } = await exchange("broker", { subject_token: accessToken, subject_token_type: ACCESS_TOKEN });
    assert.equal((await org.introspected(access_token, "broker")).active, true);
    await client.tokenRevocation(await org.configured(), accessToken);
    assert.deepEqual(await org.introspected(access_token, "broker"), { active: false });
  });
});

forEachOrg("jwt-bearer", FORMS, (org) => {
  const present = async (assertion, name = "basic") => client.genericGrantRequest(await org.configured(name), JWT_BEARER, { assertion });

  test("RFC 7523 2.1: an assertion of an issuer that the org trusts brings a token", async () => {
    const tokens = await present(await org.assertion("john"));
    const seen = await org.introspected(tokens.access_token);
    assert.deepEqual([seen.sub, seen.client_id, seen.scope], ["john", org.clients.basic.id, "files.read"]);
    const refreshed = await client.refreshTokenGrant(await org.configured(), tokens.refresh_token);
    assert.equal((await org.introspected(refreshed.access_token)).sub, "john");
  });

  test("RFC 7523 3: it is good once, for us, by its issuer, in its time", async () => {
    const good = await org.assertion("john");
    await present(good);
    await assertRefused(present(good), "invalid_grant");
    await assertRefused(present(await org.assertion("john", { aud: "https://elsewhere.example" })), "invalid_grant");
    await assertRefused(present(await org.assertion("john", { iss: "https://unknown.example" })), "invalid_grant");
    await assertRefused(present(await org.assertion("stranger")), "invalid_grant");
    await assertRefused(present(`${good.slice(0, -8)}AAAAAAAA`), "invalid_grant");
  });
});

// MCP's enterprise-managed authorization: the company's identity provider says who may use which server, and nobody is asked.
forEachOrg("ID-JAG", ["opaque", "ES256"], (org) => {
  const { id: clientId, secret: clientSecret } = org.clients.basic;
  const exchanged = (jwtAuthGrant, name = "basic") =>
    exchangeJwtAuthGrant({ tokenEndpoint: `${org.url}/oauth2/token`, jwtAuthGrant, clientId: org.clients[name].id, clientSecret: org.clients[name].secret });

  test("draft-ietf-oauth-identity-assertion-authz-grant 4.4: MCP's client gets a token for its server: CrossAppAccessProvider", async () => {
    const asked = [];
    const assertion = (context) => {
      asked.push([context.authorizationServerUrl, context.resourceUrl]);
      return org.idJag(clientId);
    };
    const provider = new CrossAppAccessProvider({ clientId, clientSecret, expectedIssuer: org.url, assertion });
    const { api } = org.deployment;
    const resourceMetadataUrl = new URL(`${org.url}/oauth2/resource-metadata/${org.id}?resource=${encodeURIComponent(api)}`);
    assert.equal(await auth(provider, { serverUrl: api, resourceMetadataUrl, scope: "files.read" }), "AUTHORIZED");
    assert.deepEqual(asked.map((urls) => urls.map((url) => new URL(url).href)), [[org.url, api].map((url) => new URL(url).href)]);
    const { access_token, scope, refresh_token } = await provider.tokens();
    const seen = await org.introspected(access_token);
    assert.deepEqual([seen.sub, seen.client_id, scope, refresh_token], ["john", clientId, "files.read", undefined]);
  });

  test("section 4.4.1: a grant is good once, for the client that it names, for us and for an API of ours", async () => {
    const good = await org.idJag(clientId);
    assert.equal((await exchanged(good)).scope, "files.read mail");
    await assert.rejects(exchanged(good), /invalid_grant/);
    for (const bad of [{ client_id: org.clients.api.id }, { aud: "https://elsewhere.example" }, { sub: "stranger" }]) {
      await assert.rejects(exchanged(await org.idJag(clientId, bad)), /invalid_grant/, JSON.stringify(bad));
    }
    await assert.rejects(exchanged(await org.idJag(clientId, { resource: "https://elsewhere.example/mcp" })), /invalid_target/);
    // It was another client's to use, and still is.
    const of_another = await org.idJag(org.clients.brief.id);
    await assert.rejects(exchanged(of_another), /invalid_grant/);
    assert.equal((await exchanged(of_another, "brief")).scope, "files.read mail");
  });
});
