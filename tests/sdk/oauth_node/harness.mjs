// What the tests of OAuth clients and verifiers share. The libraries are used as they are published; only what they refuse to do
// over plain HTTP is allowed to them.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe } from "node:test";
import { SignJWT, importJWK } from "jose";
import * as oauth from "oauth4webapi";
import * as client from "openid-client";

/** The servers of with_services.py: one on each store. */
export const deployments = JSON.parse(process.env.JETON_DEPLOYMENTS);

export const FORMS = ["opaque", "ES256", "RS256", "PS256", "EdDSA"];
export const JWT_FORMS = FORMS.slice(1);
export const TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
export const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
export const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
export const JWT = "urn:ietf:params:oauth:token-type:jwt";

/** Describes what holds for each of these orgs of each server. */
export function forEachOrg(what, forms, tests) {
  for (const deployment of deployments) {
    for (const form of forms) describe(`${what}: ${form} tokens, ${deployment.store}`, () => tests(new Org(deployment, form)));
  }
}

/** An org of a server, and its clients. */
export class Org {
  constructor(deployment, form) {
    Object.assign(this, deployment.orgs[form], { deployment, form, url: deployment.url, isJwt: form !== "opaque" });
  }

  /** The method by which a client of the org authenticates, as openid-client has it. */
  async method(name) {
    const { secret, key } = this.clients[name];
    if (key) return client.PrivateKeyJwt({ key: await importJWK(key, key.alg), kid: key.kid });
    if (name === "post") return client.ClientSecretPost(secret);
    return secret ? client.ClientSecretBasic(secret) : client.None();
  }

  /** A client of the org, with what openid-client has found out about the server by itself. */
  async configured(name = "basic", metadata = {}, algorithm = "oauth2") {
    const options = { algorithm, execute: [client.allowInsecureRequests] };
    return client.discovery(new URL(this.url), this.clients[name].id, metadata, await this.method(name), options);
  }

  /** A token that a client has got for itself. */
  async granted(name = "basic", parameters = {}, options = {}) {
    return client.clientCredentialsGrant(await this.configured(name), parameters, options);
  }

  /** Tokens as an authorization server has them made for a user, whom it has asked: with a refresh token. */
  async approved(name, more = {}) {
    const body = { grantType: "AUTHORIZATION_CODE", clientId: this.clients[name].id, subject: "john", scopes: ["files.read", "mail"], ...more };
    const headers = { authorization: `Bearer ${this.bearer}`, "content-type": "application/json" };
    const answer = await fetch(`${this.url}/api/${this.id}/auth/token/create`, { method: "POST", headers, body: JSON.stringify(body) });
    const made = await answer.json();
    assert.equal(made.action, "OK", made.resultMessage);
    return made;
  }

  /** What the org's API hears of a token. */
  async introspected(token, name = "api") {
    return client.tokenIntrospection(await this.configured(name), token);
  }

  /** An assertion of the issuer that the org trusts. */
  async assertion(subject, more = {}) {
    const { assertion_issuer, assertion_key } = this.deployment;
    const claims = { iss: assertion_issuer, sub: subject, aud: this.url, jti: randomUUID(), ...more };
    const key = await importJWK(assertion_key, "ES256");
    return new SignJWT(claims).setProtectedHeader({ alg: "ES256", kid: assertion_key.kid }).setIssuedAt().setExpirationTime("1 minute").sign(key);
  }

  /** What the same issuer says to let a client have a token for somebody: an ID-JAG, for the org's API. */
  async idJag(clientId, more = {}) {
    const { assertion_issuer, assertion_key, api } = this.deployment;
    const claims = { iss: assertion_issuer, sub: "john", aud: this.url, client_id: clientId, resource: api, scope: "files.read mail", jti: randomUUID(), ...more };
    const key = await importJWK(assertion_key, "ES256");
    const header = { alg: "ES256", kid: assertion_key.kid, typ: "oauth-id-jag+jwt" };
    return new SignJWT(claims).setProtectedHeader(header).setIssuedAt().setExpirationTime("1 minute").sign(key);
  }

  /** A token that the platform gives the workload `workload`: it can be shown again. */
  async platformToken(more = {}) {
    const { platform, platform_key, workload } = this.deployment;
    const key = await importJWK(platform_key, "ES256");
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: platform, sub: workload, aud: [this.url], iat: now, exp: now + 3600, ...more };
    return new SignJWT(claims).setProtectedHeader({ alg: "ES256", kid: platform_key.kid }).sign(key);
  }

  /** The server as oauth4webapi sees it. */
  async server() {
    const issuer = new URL(this.url);
    const response = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...INSECURE });
    return oauth.processDiscoveryResponse(issuer, response);
  }
}

export const INSECURE = { [oauth.allowInsecureRequests]: true };

/** That a call ends in an error of RFC 6749 section 5.2, which the library has understood to be one. */
export async function assertRefused(call, error, status = 400) {
  await assert.rejects(call, (refusal) => {
    assert.ok(refusal instanceof client.ResponseBodyError, `${refusal.stack}\n${refusal.cause?.stack}`);
    assert.deepEqual([refusal.error, refusal.status], [error, status], refusal.error_description);
    assert.ok(refusal.error_description.length > 10);
    return true;
  });
}

/** That a client wasn't recognized: RFC 6749 section 5.2. The library stops at the challenge. */
export async function assertUnauthenticated(call) {
  await assert.rejects(call, (refusal) => {
    assert.ok(refusal instanceof client.WWWAuthenticateChallengeError, `${refusal.stack}\n${refusal.cause?.stack}`);
    assert.deepEqual([refusal.status, refusal.cause.map(({ scheme }) => scheme)], [401, ["basic"]]);
    return true;
  });
}

/** Waits until the clock of seconds has gone on by more than a second. */
export const aSecond = () => new Promise((over) => setTimeout(over, 1100));
