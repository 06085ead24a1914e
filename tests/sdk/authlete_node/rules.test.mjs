// The rules of Authlete's API that can only be seen on the wire, and its errors.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { AuthleteDefaultError, ConnectionError, ResponseValidationError, ResultError } from "@authlete/typescript-sdk/models/errors";
import { Authlete } from "@authlete/typescript-sdk";
import { createServer } from "node:http";
import { Calls, check, checked, forEachService, gateway, sdk, services } from "./harness.mjs";

test("rules 1, 2 and 8: an answer that breaks one of them would be seen", () => {
  check({ resultCode: "A1", list: [{ expiresAt: 5 }], flag: false, text: "" });
  for (const broken of [{ a: null }, { a: [null] }, { result_code: "A1" }, { a: { B: 1 } }, { a: 1.5 }, { a: 2 ** 53 }]) {
    assert.throws(() => check(broken), assert.AssertionError);
  }
});

test("rule 2: the SDK throws on a null, so that none can have come", async (t) => {
  const body = '{"resultCode":"A109001","resultMessage":"","action":"OK","subject":null}';
  const server = createServer((_, response) => response.writeHead(200, { "content-type": "application/json" }).end(body));
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  t.after(() => server.close().closeAllConnections());
  const authlete = new Authlete({ serverURL: `http://127.0.0.1:${server.address().port}`, bearer: "x" });
  const call = authlete.token.management.create({ serviceId: "1", tokenCreateRequest: { grantType: "PASSWORD", clientId: 1 } });
  await assert.rejects(call, ResponseValidationError);
});

forEachService("rules", (calls, service) => {
  after(() => assert.ok(checked.answers > 0, "every answer is held to rules 1, 2, 8, 10 and 11"));

  test("rule 2: an answer about the least that there can be has no null either", async () => {
    const { serviceId } = calls;
    const extension = { requestableScopesEnabled: true, requestableScopes: [] };
    const bare = { clientName: undefined, grantTypes: ["CLIENT_CREDENTIALS", "PASSWORD"], extension };
    const { clientId, clientSecret } = await calls.newClient(bare);
    const least = { clientId, grantType: "CLIENT_CREDENTIALS", subject: undefined, scopes: undefined };
    const { accessToken } = await calls.created(least);
    const seen = await calls.introspect(accessToken);
    assert.deepEqual([seen.action, seen.subject, seen.scopes, seen.properties], ["OK", undefined, undefined, undefined]);
    const updated = await calls.update({ accessToken });
    assert.deepEqual([updated.action, updated.scopes, updated.properties], ["OK", undefined, undefined]);
    const credentials = { clientId: String(clientId), clientSecret };
    const processed = await calls.process({ grant_type: "client_credentials" }, credentials);
    assert.deepEqual([processed.action, processed.scopes], ["OK", undefined]);
    assert.equal(JSON.parse(processed.responseContent).scope, null, "inside the text a null is fine");
    const asked = await calls.process({ grant_type: "password", username: "a", password: "b" }, credentials);
    const issued = await calls.issue(asked.ticket);
    assert.deepEqual([issued.action, issued.scopes, issued.refreshToken], ["OK", undefined, undefined]);
    const page = await calls.list({ clientIdentifier: String(clientId) });
    assert.deepEqual([page.totalCount, page.accessTokens[0].scopes, page.client.clientName], [3, undefined, undefined]);
    const client = await calls.authlete.client.get({ serviceId, clientId: String(clientId) });
    assert.deepEqual([client.extension.requestableScopes, client.clientName], [[], undefined]);
  });

  test("rule 17: an empty cookie and percent-encoded paths are taken", async (t) => {
    const { url, passed } = await gateway(t, service, "");
    const behind = new Calls({ ...service, url });
    const value = `a.b/c+d== ${Date.now()}${service.name.length}`;
    const { accessToken } = await behind.created({ accessToken: value });
    await behind.delete(accessToken);
    const { headers, url: path, status } = passed.at(-1);
    assert.equal(headers.cookie, "", "as the SDK sends it");
    assert.ok(path.endsWith(`/auth/token/delete/${encodeURIComponent(value)}`), path);
    assert.equal(status, 204);
    assert.equal(await calls.isLive(value), false);
  });

  test("rule 19: the base URL may have a path, which a gateway takes away", async (t) => {
    const { url, passed } = await gateway(t, service, "/some/prefix");
    const behind = new Calls({ ...service, url });
    const { accessToken } = await behind.created();
    assert.equal(await behind.isLive(accessToken), true);
    assert.ok(passed.length >= 3 && passed.every((exchange) => exchange.url.startsWith(`/some/prefix/api/${service.id}/`)));
  });

  test("rule 5: outcomes are 200 on the wire, also the bad ones", async (t) => {
    const { url, passed } = await gateway(t, service, "");
    const behind = new Calls({ ...service, url });
    const actions = [
      (await behind.process({ grant_type: "client_credentials" }, { clientSecret: "wrong" })).action,
      (await behind.process({ grant_type: "magic" })).action,
      (await behind.create({ clientId: 4711 })).action,
      (await behind.introspect("nonsense")).action,
      (await behind.update({ accessToken: "nonsense" })).action,
      (await behind.issue("nonsense")).action,
    ];
    assert.deepEqual(actions, ["INVALID_CLIENT", "BAD_REQUEST", "FORBIDDEN", "UNAUTHORIZED", "NOT_FOUND", "INTERNAL_SERVER_ERROR"]);
    assert.ok(passed.every(({ status }) => status === 200));
  });

  test("rule 6: enumerations are names in capitals", async (t) => {
    const { url, passed } = await gateway(t, service, "");
    const behind = new Calls({ ...service, url });
    const { clientId } = await behind.shop();
    await behind.created({ clientId });
    await behind.process({ grant_type: "client_credentials" });
    await behind.list({ clientIdentifier: String(clientId) });
    const texts = passed.map(({ response }) => response).join("\n");
    for (const [, name, value] of texts.matchAll(/"(grantType|clientAuthMethod|tokenAuthMethod|clientType|action)":"([^"]*)"/g)) {
      assert.match(value, /^[A-Z0-9_]+$/, name);
    }
    assert.ok(texts.includes('"grantType":"CLIENT_CREDENTIALS"') && texts.includes('"clientAuthMethod":"CLIENT_SECRET_BASIC"'));
  });

  test("rule 7: the service is all digits and a client a number that JavaScript can have", async () => {
    const { clientId } = await calls.created();
    assert.match(service.id, /^[0-9]+$/);
    assert.ok(Number.isSafeInteger(clientId) && clientId < 2 ** 53);
  });

  test("rule 11: 400, 401 and 403 are ResultErrors, with code and message", async () => {
    const request = { serviceId: service.id, tokenCreateRequest: { grantType: "CLIENT_CREDENTIALS", clientId: 1 } };
    const other = services.find(({ store, id }) => store === service.store && id !== service.id);
    for (const [bearer, status, code] of [
      ["wrong", 401, "A001203"],
      [other.bearer, 403, "A001216"],
      [service.reader, 403, "A001216"],
    ]) {
      await assert.rejects(sdk(service, { bearer }).token.management.create(request), (error) => {
        assert.ok(error instanceof ResultError);
        assert.deepEqual([error.statusCode, error.resultCode], [status, code]);
        assert.ok(error.resultMessage.startsWith(`[${code}] /auth/token/create, `), error.resultMessage);
        assert.equal(JSON.parse(error.body).resultMessage, error.resultMessage);
        return true;
      });
    }
    await assert.rejects(calls.list({ clientIdentifier: "4711" }), (error) => error instanceof ResultError && error.statusCode === 400);
  });

  test("a path that isn't served is the SDK's own error, and so is a server that isn't there", async () => {
    const ask = { serviceId: service.id, gMRequest: { accessToken: "x", gmAction: "QUERY" } };
    await assert.rejects(calls.authlete.grantManagement.processRequest(ask), (error) => {
      assert.ok(error instanceof AuthleteDefaultError);
      assert.equal(error.statusCode, 404);
      return true;
    });
    await assert.rejects(new Calls({ ...service, url: "http://127.0.0.1:9" }).list(), ConnectionError);
  });
});
