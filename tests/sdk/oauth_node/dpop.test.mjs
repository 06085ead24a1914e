// DPoP (RFC 9449) with openid-client, and with oauth4webapi on the side of the API.

import assert from "node:assert/strict";
import { test } from "node:test";
import { calculateJwkThumbprint, exportJWK } from "jose";
import * as oauth from "oauth4webapi";
import * as client from "openid-client";
import { FORMS, INSECURE, JWT_FORMS, assertRefused, forEachOrg } from "./harness.mjs";

async function handle(config, alg = "ES256") {
  const keys = await client.randomDPoPKeyPair(alg, { extractable: true });
  const jkt = await calculateJwkThumbprint(await exportJWK(keys.publicKey));
  return { keys, jkt, DPoP: client.getDPoPHandle(config, keys) };
}

forEachOrg("DPoP", FORMS, (org) => {
  for (const alg of ["ES256", "PS256", "Ed25519"]) {
    test(`RFC 9449 5, 6: a token is bound to the key of the proof: ${alg}`, async () => {
      const config = await org.configured("dpop");
      const { jkt, DPoP } = await handle(config, alg);
      const tokens = await client.clientCredentialsGrant(config, {}, { DPoP });
      assert.equal(tokens.token_type, "dpop");
      const seen = await org.introspected(tokens.access_token);
      assert.deepEqual([seen.cnf, seen.token_type], [{ jkt }, "DPoP"]);
    });
  }

  test("FAPI 2.0 5.4.1: PKCS #1 v1.5 isn't advertised for proofs, and isn't taken", async () => {
    const config = await org.configured("dpop");
    assert.ok(!config.serverMetadata().dpop_signing_alg_values_supported.includes("RS256"));
    const { DPoP } = await handle(config, "RS256");
    await assertRefused(client.clientCredentialsGrant(config, {}, { DPoP }), "invalid_dpop_proof");
  });

  test("RFC 9449 5.2: a client that must bind its tokens gets none without a proof", async () => {
    await assertRefused(org.granted("dpop"), "invalid_dpop_proof");
  });

  test("RFC 9449 5: the refresh token of a public client is bound, too", async () => {
    const config = await org.configured("public");
    const { DPoP } = await handle(config);
    const { refreshToken } = await org.approved("public");
    const first = await client.refreshTokenGrant(config, refreshToken, {}, { DPoP });
    assert.equal(first.token_type, "dpop");
    const next = await client.refreshTokenGrant(config, first.refresh_token, {}, { DPoP });
    assert.equal(next.token_type, "dpop");
  });
});

forEachOrg("DPoP with nonces", ["nonces"], (org) => {
  test("RFC 9449 8: the library gets a nonce from us and uses it", async () => {
    const config = await org.configured("dpop");
    const { jkt, DPoP } = await handle(config);
    const tokens = await client.clientCredentialsGrant(config, {}, { DPoP });
    assert.deepEqual((await org.introspected(tokens.access_token)).cnf, { jkt });
    const again = await client.clientCredentialsGrant(config, {}, { DPoP });
    assert.equal(again.token_type, "dpop");
  });

  test("RFC 9449 8: a proof without our nonce is use_dpop_nonce", async () => {
    const as = await org.server();
    const [id, secret] = [org.clients.dpop.id, org.clients.dpop.secret];
    const DPoP = oauth.DPoP({}, await oauth.generateKeyPair("ES256"));
    const ask = async () => {
      const response = await oauth.clientCredentialsGrantRequest(as, { client_id: id }, oauth.ClientSecretBasic(secret), {}, { DPoP, ...INSECURE });
      return oauth.processClientCredentialsResponse(as, { client_id: id }, response);
    };
    await assert.rejects(ask, (error) => oauth.isDPoPNonceError(error) && error.status === 400);
    assert.equal((await ask()).token_type, "dpop");
  });
});

forEachOrg("DPoP at an API", [...JWT_FORMS, "nonces"], (org) => {
  const bound = async () => {
    const config = await org.configured("dpop");
    const { DPoP } = await handle(config);
    const { access_token } = await client.clientCredentialsGrant(config, {}, { DPoP });
    return { DPoP, access_token };
  };

  /** The request that the client would send to the API. */
  const request = async (access_token, options = {}) => {
    let sent;
    const url = new URL("https://api.example/files?page=2");
    const capture = async (url, { method, headers }) => ((sent = new Request(url, { method, headers })), new Response());
    await oauth.protectedResourceRequest(access_token, "GET", url, undefined, undefined, { ...options, [oauth.customFetch]: capture });
    return sent;
  };

  test("RFC 9068 4, RFC 9449 7: oauth4webapi accepts a bound token with its proof", async () => {
    const { DPoP, access_token } = await bound();
    const claims = await oauth.validateJwtAccessToken(await org.server(), await request(access_token, { DPoP }), org.deployment.api, { requireDPoP: true, ...INSECURE });
    assert.equal(claims.client_id, org.clients.dpop.id);
  });

  test("RFC 9449 7.2: not as a bearer's, and not with the proof of another key", async () => {
    const { access_token } = await bound();
    const other = (await bound()).DPoP;
    for (const sent of [await request(access_token), await request(access_token, { DPoP: other })]) {
      await assert.rejects(oauth.validateJwtAccessToken(await org.server(), sent, org.deployment.api, INSECURE), oauth.OperationProcessingError);
    }
  });
});
