// What the tests of Authlete's TypeScript SDK share. The SDK is used as it is published; whatever it gets is also held to the
// rules that it can't be asked about, because it has read the answer already.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createServer, request as send } from "node:http";
import { describe } from "node:test";
import { Authlete, HTTPClient } from "@authlete/typescript-sdk";
import { createLocalJWKSet, jwtVerify } from "jose";

/** The services of with_services.py: on each store one with opaque tokens and one with JWTs. */
export const services = JSON.parse(process.env.JETON_SERVICES);

export const GRANTS = ["AUTHORIZATION_CODE", "CLIENT_CREDENTIALS", "PASSWORD", "REFRESH_TOKEN", "TOKEN_EXCHANGE", "JWT_BEARER"];

/** Rules 1, 2 and 8: names in camel case, no `null`, whole numbers. `key` is the name that the value has. */
export function check(value, key = "the answer") {
  assert.notEqual(value, null, `rule 2: ${key} is null`);
  if (typeof value === "number") assert.ok(Number.isSafeInteger(value), `rule 8: ${key} is ${value}`);
  if (typeof value !== "object") return;
  for (const [name, inner] of Object.entries(value)) {
    if (!Array.isArray(value)) assert.match(name, /^[a-z][A-Za-z0-9]*$/, `rule 1: ${key} has ${name}`);
    check(inner, `${key}.${name}`);
  }
}

/** How many answers were held to the rules. */
export const checked = { answers: 0 };

async function hold(response) {
  const text = await response.clone().text();
  if (response.status === 204) {
    assert.equal(text, "", "rule 10: 204 has no body");
    return;
  }
  assert.match(response.headers.get("content-type"), /^application\/json(;|$)/, "rule 11");
  const body = JSON.parse(text);
  // Metadata and keys have the names of their standards.
  if ("resultCode" in body || "totalCount" in body || "clientId" in body) check(body);
  assert.ok(!("type" in body), "v3 doesn't say of what type an answer is");
  checked.answers += 1;
}

/** The SDK, configured for a service. */
export function sdk(service, more = {}) {
  const httpClient = new HTTPClient();
  httpClient.addHook("response", hold);
  return new Authlete({ serverURL: service.url, bearer: service.bearer, httpClient, ...more });
}

/** The SDK's calls with the service filled in, and what tests begin with. */
export class Calls {
  constructor(service, more = {}) {
    this.service = service;
    this.authlete = sdk(service, more);
    this.serviceId = service.id;
  }

  /** A confidential client with all grants, made once. */
  shop() {
    this.shopMade ??= this.newClient();
    return this.shopMade;
  }

  newClient(more = {}) {
    const client = { clientName: "Shop", clientType: "CONFIDENTIAL", tokenAuthMethod: "CLIENT_SECRET_BASIC", grantTypes: GRANTS };
    return this.authlete.client.create({ serviceId: this.serviceId, client: { ...client, ...more } });
  }

  async create(more = {}) {
    const { clientId } = more.clientId === undefined ? await this.shop() : more;
    const tokenCreateRequest = { grantType: "AUTHORIZATION_CODE", subject: "john", scopes: ["history.read"], ...more, clientId };
    return this.authlete.token.management.create({ serviceId: this.serviceId, tokenCreateRequest });
  }

  async created(more = {}) {
    const answer = await this.create(more);
    assert.equal(answer.action, "OK", answer.resultMessage);
    return answer;
  }

  /** A token request of a client; the shop's if nothing else is said. */
  async process(parameters, more = {}) {
    const { clientId, clientSecret } = await this.shop();
    const tokenRequest = { parameters: new URLSearchParams(parameters).toString(), clientId: String(clientId), clientSecret, ...more };
    return this.authlete.token.process({ serviceId: this.serviceId, tokenRequest });
  }

  issue(ticket, more = {}) {
    return this.authlete.token.issue({ serviceId: this.serviceId, tokenIssueRequest: { ticket, subject: "john", ...more } });
  }

  fail(ticket, reason) {
    return this.authlete.token.fail({ serviceId: this.serviceId, tokenFailRequest: { ticket, reason } });
  }

  introspect(token, more = {}) {
    return this.authlete.introspection.process({ serviceId: this.serviceId, introspectionRequest: { token, ...more } });
  }

  async isLive(token) {
    const answer = await this.introspect(token);
    assert.ok(["OK", "UNAUTHORIZED"].includes(answer.action), answer.resultMessage);
    assert.equal(answer.usable, answer.action === "OK");
    return answer.usable;
  }

  update(more) {
    return this.authlete.token.management.update({ serviceId: this.serviceId, tokenUpdateRequest: more });
  }

  revoke(more) {
    return this.authlete.token.management.revoke({ serviceId: this.serviceId, tokenRevokeRequest: more });
  }

  delete(accessTokenIdentifier) {
    return this.authlete.token.management.delete({ serviceId: this.serviceId, accessTokenIdentifier });
  }

  list(more = {}) {
    return this.authlete.token.management.list({ serviceId: this.serviceId, ...more });
  }

  async rfc7662(token, more = {}) {
    const standardIntrospectionRequest = { parameters: new URLSearchParams({ token }).toString(), ...more };
    const answer = await this.authlete.introspection.standardProcess({ serviceId: this.serviceId, standardIntrospectionRequest });
    assert.equal(answer.action, "OK", answer.resultMessage);
    return JSON.parse(answer.responseContent);
  }

  async revocation(parameters, more = {}) {
    const { clientId, clientSecret } = await this.shop();
    const revocationRequest = { parameters: new URLSearchParams(parameters).toString(), clientId: String(clientId), clientSecret, ...more };
    return this.authlete.revocation.process({ serviceId: this.serviceId, revocationRequest });
  }

  /** The claims of a JWT access token, verified by another library with the keys that are served. */
  async claims(token) {
    const keys = await this.authlete.jwkSetEndpoint.serviceJwksGetApi({ serviceId: this.serviceId });
    const options = { issuer: this.service.url, algorithms: ["ES256"], typ: "at+jwt" };
    return (await jwtVerify(token, createLocalJWKSet(keys), options)).payload;
  }
}

/** Describes what holds for each of the services. */
export function forEachService(what, tests) {
  for (const service of services) describe(`${what}: ${service.name}`, () => tests(new Calls(service), service));
}

export const unique = () => `u-${randomUUID().replaceAll("-", "")}`;

/** A moment in milliseconds that lies so many seconds ahead. */
export function assertMs(value, secondsFromNow) {
  assert.ok(Number.isInteger(value));
  assert.ok(Math.abs(value - Date.now() - secondsFromNow * 1000) <= 5000, `${value} is not ${secondsFromNow} s from ${Date.now()}`);
}

/** An answer that makes the authorization server refuse, explained by the same code. */
export function assertFailed(answer, action, error, code) {
  assert.equal(answer.action, action, answer.resultMessage);
  assert.equal(typeof answer.responseContent, "string", "rule 20");
  const body = JSON.parse(answer.responseContent);
  assert.equal(body.error, error);
  assert.equal(body.error_description, answer.resultMessage);
  assert.ok(body.error_uri.endsWith(answer.resultCode));
  if (code) assert.equal(answer.resultCode, code);
}

/** A gateway under a path of its own, which notes what passes it, for as long as the test runs. */
export async function gateway(t, service, prefix) {
  const passed = [];
  const target = new URL(service.url);
  const server = createServer((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const exchange = { method, url, headers, request: "", response: "" };
    passed.push(exchange);
    const path = url.startsWith(prefix) ? url.slice(prefix.length) : "/not-under-the-prefix";
    const forwarded = send({ host: target.hostname, port: target.port, method, path, headers }, (answer) => {
      exchange.status = answer.statusCode;
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.on("data", (chunk) => (exchange.response += chunk));
      answer.pipe(outgoing);
    });
    incoming.on("data", (chunk) => (exchange.request += chunk));
    incoming.pipe(forwarded);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  t.after(() => server.close().closeAllConnections());
  return { url: `http://127.0.0.1:${server.address().port}${prefix}`, passed };
}
