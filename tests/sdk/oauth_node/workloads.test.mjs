// Workloads with the token of their platform: docs/workloads/libraries.md, with each library, on both stores; and the MCP client's providers.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import * as mcp from "@modelcontextprotocol/client";
import * as mcp1 from "@modelcontextprotocol/sdk/client/auth-extensions.js";
import { auth as auth1 } from "@modelcontextprotocol/sdk/client/auth.js";
import { decodeJwt } from "jose";
import * as oauth from "oauth4webapi";
import * as client from "openid-client";
import { INSECURE, JWT_BEARER, assertRefused, assertUnauthenticated, forEachOrg } from "./harness.mjs";

const JWT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** How a client authenticates, as openid-client and oauth4webapi have it. */
const showing = (token) => (server, { client_id }, body) => {
  body.set("client_id", client_id);
  body.set("client_assertion_type", JWT_ASSERTION);
  body.set("client_assertion", token);
};

forEachOrg("workloads", ["opaque", "ES256"], (org) => {
  const { id } = org.clients.workload;
  const options = { algorithm: "oauth2", execute: [client.allowInsecureRequests] };
  const configured = (token) => client.discovery(new URL(org.url), id, undefined, showing(token), options);
  const unauthenticated = () => client.discovery(new URL(org.url), id, undefined, client.None(), options);
  const mine = async (tokens) => {
    const { sub, client_id, active } = await org.introspected(tokens.access_token);
    assert.deepEqual([active, sub, client_id], [true, id, id]);
  };

  test("RFC 7523 2.2: openid-client shows the platform's token wherever a client authenticates", async () => {
    const config = await configured(await org.platformToken());
    const tokens = await client.clientCredentialsGrant(config, { scope: "files.read", resource: org.deployment.api });
    assert.deepEqual([tokens.token_type, tokens.scope, tokens.refresh_token], ["bearer", "files.read", undefined]);
    await mine(tokens);
    await client.tokenRevocation(config, tokens.access_token);
    assert.deepEqual(await org.introspected(tokens.access_token), { active: false });
  });

  test("RFC 7523 2.2: oauth4webapi does the same with the same function", async () => {
    const server = await org.server();
    const response = await oauth.clientCredentialsGrantRequest(server, { client_id: id }, showing(await org.platformToken()), new URLSearchParams({ scope: "mail" }), INSECURE);
    const tokens = await oauth.processClientCredentialsResponse(server, { client_id: id }, response);
    assert.equal(tokens.scope, "mail");
    await mine(tokens);
  });

  test("RFC 7523 2.1: the platform's token is a grant without any other authentication", async () => {
    const tokens = await client.genericGrantRequest(await unauthenticated(), JWT_BEARER, { assertion: await org.platformToken(), scope: "files.read" });
    assert.deepEqual([tokens.scope, tokens.refresh_token], ["files.read", undefined]);
    await mine(tokens);
    const server = await org.server();
    const form = new URLSearchParams({ assertion: await org.platformToken() });
    const response = await oauth.genericTokenEndpointRequest(server, { client_id: id }, oauth.None(), JWT_BEARER, form, INSECURE);
    await mine(await oauth.processGenericTokenEndpointResponse(server, { client_id: id }, response));
  });

  test("RFC 9449 5: with a proof, the workload's token is bound to a key", async () => {
    const config = await configured(await org.platformToken());
    const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
    const tokens = await client.clientCredentialsGrant(config, { scope: "files.read" }, { DPoP });
    assert.equal(tokens.token_type, "dpop");
    assert.ok((await org.introspected(tokens.access_token)).cnf.jkt);
  });

  test("RFC 7523 3, RFC 7521 4.2.1: another workload's, a stranger's and an old token are invalid_client, and invalid_grant as a grant", async () => {
    const now = Math.floor(Date.now() / 1000);
    const bad = [{ sub: "system:serviceaccount:prod:other" }, { iss: "https://unknown.example" }, { aud: "https://elsewhere.example" }, { iat: now - 7200, exp: now - 3600 }];
    for (const claims of bad) {
      const token = await org.platformToken(claims);
      await assertUnauthenticated(client.clientCredentialsGrant(await configured(token)));
      await assertRefused(client.genericGrantRequest(await unauthenticated(), JWT_BEARER, { assertion: token }), "invalid_grant");
    }
  });

  test("the program of the page gets its token", async () => {
    const folder = mkdtempSync(join(tmpdir(), "jeton-workload-"));
    const program = join(import.meta.dirname, `workload-${process.pid}-${org.form}-${org.deployment.store}.mjs`);
    after(() => {
      rmSync(folder, { recursive: true });
      rmSync(program);
    });
    const [, code] = readFileSync(join(process.env.JETON_DOCS, "workloads", "libraries.md"), "utf8").match(/^```js\n\/\/ workload.mjs\n(.*?)^```$/ms);
    assert.ok(code.includes('"orders.read"'));
    writeFileSync(program, code.replace("orders.read", "files.read"));
    writeFileSync(join(folder, "token"), `${await org.platformToken()}\n`);
    const env = { ...process.env, ISSUER: org.url, CLIENT_ID: id, TOKEN_FILE: join(folder, "token") };
    const { stdout } = await promisify(execFile)(process.execPath, [program], { env, timeout: 30_000 });
    assert.equal(stdout, "files.read 600\n");
  });

  for (const [version, { auth, ...providers }] of Object.entries({ "client 2": mcp, "sdk 1": { ...mcp1, auth: auth1 } })) {
    /** Lets the SDK find out where to ask, from the document about the API that Jeton serves, ask, and give the token to its provider. */
    async function authorized(provider) {
      const { api } = org.deployment;
      const resourceMetadataUrl = new URL(`${org.url}/oauth2/resource-metadata/${org.id}?resource=${encodeURIComponent(api)}`);
      assert.equal(await auth(provider, { serverUrl: api, resourceMetadataUrl }), "AUTHORIZED");
      return provider.tokens();
    }
    const known = { expectedIssuer: org.url, scope: "files.read" };

    test(`MCP's ${version}: a client with a private key needs nothing more: PrivateKeyJwtProvider`, async () => {
      const { id: clientId, key } = org.clients.ES256;
      const { kid, ...privateKey } = key;
      const tokens = await authorized(new providers.PrivateKeyJwtProvider({ clientId, privateKey, algorithm: "ES256", ...known }));
      assert.deepEqual([tokens.scope, (await org.introspected(tokens.access_token)).client_id], ["files.read", clientId]);
    });

    test(`MCP's ${version}: a client with a secret: ClientCredentialsProvider`, async () => {
      const { id: clientId, secret: clientSecret } = org.clients.basic;
      const tokens = await authorized(new providers.ClientCredentialsProvider({ clientId, clientSecret, ...known }));
      if (org.isJwt) assert.equal(decodeJwt(tokens.access_token).aud, org.deployment.api);
      assert.equal((await org.introspected(tokens.access_token)).client_id, clientId);
    });

    test(`MCP's ${version}: a workload, by StaticPrivateKeyJwtProvider with the client_id that it doesn't send of itself`, async () => {
      const provider = new providers.StaticPrivateKeyJwtProvider({ clientId: id, jwtBearerAssertion: await org.platformToken(), ...known });
      const { prepareTokenRequest } = provider;
      provider.prepareTokenRequest = (scope) => {
        const request = prepareTokenRequest.call(provider, scope);
        request.set("client_id", id);
        return request;
      };
      await mine(await authorized(provider));
    });
  }
});
