// Dynamic registration (RFC 7591, RFC 7592) with openid-client.

import assert from "node:assert/strict";
import { test } from "node:test";
import { exportJWK, generateKeyPair } from "jose";
import * as client from "openid-client";
import { assertRefused, forEachOrg } from "./harness.mjs";

forEachOrg("registration", ["opaque", "ES256"], (org) => {
  const options = { algorithm: "oauth2", execute: [client.allowInsecureRequests] };
  const register = (metadata, method, initialAccessToken = org.bearer) =>
    client.dynamicClientRegistration(new URL(org.url), metadata, method, { initialAccessToken, ...options });

  test("RFC 7591 3.2.1: a client registers with an initial access token, and has all that it needs for a token", async () => {
    const config = await register({ client_name: "Newcomer", grant_types: ["client_credentials"], scope: "files.read mail" });
    const { client_id, client_secret, client_name, token_endpoint_auth_method } = config.clientMetadata();
    assert.deepEqual([client_name, token_endpoint_auth_method, typeof client_secret], ["Newcomer", "client_secret_basic", "string"]);
    const method = client.ClientSecretBasic(client_secret);
    const ready = await client.discovery(new URL(org.url), client_id, undefined, method, options);
    assert.equal((await client.clientCredentialsGrant(ready, { scope: "mail" })).scope, "mail");
  });

  test("RFC 7591 2: a client registers its public key and authenticates with the private one", async () => {
    const { publicKey, privateKey } = await generateKeyPair("Ed25519", { extractable: true });
    const jwks = { keys: [{ ...(await exportJWK(publicKey)), alg: "Ed25519", kid: "mine" }] };
    const metadata = { token_endpoint_auth_method: "private_key_jwt", jwks, grant_types: ["client_credentials"] };
    const config = await register(metadata, client.PrivateKeyJwt({ key: privateKey, kid: "mine" }));
    assert.equal((await client.clientCredentialsGrant(config)).token_type, "bearer");
  });

  test("RFC 7592 2: it reads, changes and ends its registration", async () => {
    const config = await register({ client_name: "Newcomer", grant_types: ["client_credentials"] });
    const { registration_client_uri: uri, registration_access_token, client_id, client_secret } = config.clientMetadata();
    const headers = { authorization: `Bearer ${registration_access_token}`, "content-type": "application/json" };
    const read = await (await fetch(uri, { headers })).json();
    assert.deepEqual([read.client_id, read.client_name], [client_id, "Newcomer"]);
    const body = JSON.stringify({ client_id, client_name: "Regular", grant_types: ["client_credentials"] });
    const changed = await fetch(uri, { method: "PUT", headers: { ...headers, authorization: `Bearer ${read.registration_access_token ?? registration_access_token}` }, body });
    const now = await changed.json();
    assert.deepEqual([changed.status, now.client_name], [200, "Regular"], JSON.stringify(now));
    const bearer = `Bearer ${now.registration_access_token ?? read.registration_access_token ?? registration_access_token}`;
    assert.equal((await fetch(uri, { method: "DELETE", headers: { authorization: bearer } })).status, 204);
    const gone = await client.discovery(new URL(org.url), client_id, undefined, client.ClientSecretBasic(client_secret), options);
    await assert.rejects(client.clientCredentialsGrant(gone), client.WWWAuthenticateChallengeError);
  });

  test("RFC 7591 3.2.2: what can't be is refused in the words of the standard", async () => {
    await assertRefused(register({ grant_types: ["client_credentials"], token_endpoint_auth_method: "client_secret_jwt" }), "invalid_client_metadata");
    await assertRefused(register({ redirect_uris: ["http://evil.example/#fragment"] }), "invalid_redirect_uri");
  });

  test("RFC 7591 3: nobody registers without a token for it", async () => {
    for (const token of [undefined, "unknown", (await org.granted()).access_token]) {
      await assert.rejects(register({ client_name: "Intruder" }, undefined, token ?? null), (refusal) => [401, 403].includes(refusal.status ?? refusal.cause?.status));
    }
  });
});
