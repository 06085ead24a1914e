// Libraries with which an API verifies JWT access tokens by itself: jose, oauth4webapi and aws-jwt-verify.

import assert from "node:assert/strict";
import { test } from "node:test";
import { JwtVerifier } from "aws-jwt-verify";
import { JwtExpiredError, JwtInvalidAudienceError, JwtInvalidIssuerError, JwtInvalidSignatureError, KidNotFoundInJwksError } from "aws-jwt-verify/error";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";
import * as oauth from "oauth4webapi";
import { INSECURE, JWT_FORMS, Org, aSecond, deployments, forEachOrg } from "./harness.mjs";

/** The same token with another subject. */
function tampered(token) {
  const [header, payload, signature] = token.split(".");
  const claims = { ...JSON.parse(Buffer.from(payload, "base64url")), sub: "administrator" };
  return [header, Buffer.from(JSON.stringify(claims)).toString("base64url"), signature].join(".");
}

/** A token that differs from a good one in who has signed it: another deployment, under the same claims. */
const foreign = async (org) => {
  const other = deployments.find(({ url }) => url !== org.url);
  return (await new Org(other, org.form).granted()).access_token;
};

forEachOrg("jose", JWT_FORMS, (org) => {
  const keys = createRemoteJWKSet(new URL(`${org.url}/.well-known/jwks.json`));
  const verify = (token, more = {}) => jwtVerify(token, keys, { issuer: org.url, audience: org.deployment.api, typ: "at+jwt", algorithms: [org.form], ...more });

  test("RFC 9068 4: a token verifies with the keys that we publish", async () => {
    const { access_token } = await org.granted("basic", { scope: "files.read mail" });
    const { payload, protectedHeader } = await verify(access_token);
    const { iss, sub, aud, client_id, scope } = payload;
    const id = org.clients.basic.id;
    assert.deepEqual({ iss, sub, aud, client_id, scope }, { iss: org.url, sub: id, aud: org.deployment.api, client_id: id, scope: "files.read mail" });
    assert.deepEqual([payload.exp - payload.iat, typeof payload.jti], [600, "string"]);
    assert.equal(protectedHeader.alg, org.form);
  });

  test("RFC 9068 4: an expired, a foreign and a changed one don't, nor one for others", async () => {
    const { access_token } = await org.granted();
    const brief = (await org.granted("brief")).access_token;
    await assert.rejects(verify(tampered(access_token)), errors.JWSSignatureVerificationFailed);
    await assert.rejects(verify(await foreign(org)), errors.JWKSNoMatchingKey);
    await assert.rejects(verify(access_token, { audience: org.deployment.other_api }), { claim: "aud" });
    await assert.rejects(verify(access_token, { issuer: "https://elsewhere.example" }), { claim: "iss" });
    await assert.rejects(verify(access_token, { typ: "JWT" }), { claim: "typ" });
    await aSecond();
    await assert.rejects(verify(brief), errors.JWTExpired);
  });
});

forEachOrg("oauth4webapi", JWT_FORMS, (org) => {
  const verify = async (token, audience = org.deployment.api) => {
    const request = new Request("https://api.example/files", { headers: { authorization: `Bearer ${token}` } });
    return oauth.validateJwtAccessToken(await org.server(), request, audience, { [oauth.clockTolerance]: 0, ...INSECURE });
  };

  test("RFC 9068 4: a token has all that the profile demands, and verifies", async () => {
    const { access_token } = await org.granted();
    assert.equal((await verify(access_token)).client_id, org.clients.basic.id);
  });

  test("RFC 9068 4: an expired, a foreign and a changed one don't, nor one for others", async () => {
    const { access_token } = await org.granted();
    const brief = (await org.granted("brief")).access_token;
    for (const token of [tampered(access_token), await foreign(org)]) await assert.rejects(verify(token), oauth.OperationProcessingError);
    await assert.rejects(verify(access_token, org.deployment.other_api), oauth.OperationProcessingError);
    await aSecond();
    await assert.rejects(verify(brief), oauth.OperationProcessingError);
  });
});

// It has no PS256.
forEachOrg("aws-jwt-verify", ["RS256", "ES256", "EdDSA"], (org) => {
  // The library's own fetcher speaks HTTPS only.
  const fetcher = { fetch: async (uri) => (await fetch(uri)).arrayBuffer() };
  const verifier = (more = {}) => {
    const jwksUri = `${org.url}/.well-known/jwks.json`;
    return JwtVerifier.create({ issuer: org.url, audience: org.deployment.api, jwksUri, scope: "files.read", ...more }, { jwksCache: new SimpleJwksCache({ fetcher }) });
  };

  test("RFC 9068 4: a token verifies", async () => {
    const { access_token } = await org.granted();
    const claims = await verifier().verify(access_token);
    assert.deepEqual([claims.client_id, claims.aud], [org.clients.basic.id, org.deployment.api]);
  });

  test("RFC 9068 4: an expired, a foreign and a changed one don't, nor one for others", async () => {
    const { access_token } = await org.granted();
    const brief = (await org.granted("brief")).access_token;
    await assert.rejects(verifier().verify(tampered(access_token)), JwtInvalidSignatureError);
    await assert.rejects(verifier().verify(await foreign(org)), KidNotFoundInJwksError);
    await assert.rejects(verifier({ audience: org.deployment.other_api }).verify(access_token), JwtInvalidAudienceError);
    await assert.rejects(verifier({ issuer: "https://elsewhere.example" }).verify(access_token), JwtInvalidIssuerError);
    await assert.rejects(verifier({ scope: "files.write" }).verify(access_token));
    await aSecond();
    await assert.rejects(verifier().verify(brief), JwtExpiredError);
  });
});
