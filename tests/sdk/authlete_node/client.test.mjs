// client.* and client.management.*.

import assert from "node:assert/strict";
import { test } from "node:test";
import { AuthleteDefaultError } from "@authlete/typescript-sdk/models/errors";
import { assertMs, forEachService, unique } from "./harness.mjs";

forEachService("client", (calls, service) => {
  const { serviceId } = calls;
  const { client: clients } = calls.authlete;
  const authenticates = async ({ clientId }, clientSecret) => {
    const answer = await calls.process({ grant_type: "client_credentials" }, { clientId: String(clientId), clientSecret });
    return answer.action === "OK";
  };

  test("rule 9: create answers 200 with the client and its secret", async () => {
    const client = await calls.newClient({ developer: "dev", attributes: [{ key: "k", value: "v" }] });
    assert.ok(Number.isSafeInteger(client.clientId), "rule 7");
    assert.match(client.clientSecret, /^[A-Za-z0-9_-]{43,86}$/);
    assertMs(client.createdAt, 0);
    assertMs(client.modifiedAt, 0);
    assert.deepEqual([client.clientName, client.developer, client.attributes], ["Shop", "dev", [{ key: "k", value: "v" }]]);
    assert.equal(await authenticates(client, client.clientSecret), true);
  });

  test("create of nothing in particular gives the defaults", async () => {
    const client = await clients.create({ serviceId, client: {} });
    assert.deepEqual([client.clientType, client.applicationType, client.tokenAuthMethod], ["PUBLIC", "WEB", "NONE"]);
    assert.deepEqual([client.grantTypes, client.responseTypes], [["AUTHORIZATION_CODE", "REFRESH_TOKEN"], ["CODE"]]);
    assert.equal(client.clientIdAlias, String(client.clientId));
  });

  test("get by number and by alias, list in pages, update, delete", async () => {
    const [alias, developer] = [unique(), unique()];
    const client = await calls.newClient({ clientIdAlias: alias, developer, redirectUris: ["https://shop.example/cb"] });
    for (const clientId of [String(client.clientId), alias]) {
      const got = await clients.get({ serviceId, clientId });
      assert.deepEqual([got.clientId, got.clientIdAlias, got.redirectUris], [client.clientId, alias, ["https://shop.example/cb"]]);
    }
    await calls.newClient({ developer });
    const page = await clients.list({ serviceId, developer, start: 0, end: 1 });
    assert.deepEqual([page.start, page.end, page.totalCount, page.clients.length], [0, 1, 2, 1]);

    const clientId = String(client.clientId);
    const extension = { accessTokenDuration: 60 };
    const changed = await clients.update({ serviceId, clientId, client: { ...client, clientName: "Mall", extension } });
    assert.deepEqual([changed.clientName, changed.clientId, changed.extension.accessTokenDuration], ["Mall", client.clientId, 60]);
    assert.equal(await authenticates(client, client.clientSecret), true, "the secret has a call of its own");
    const token = await calls.created({ clientId: client.clientId });
    assert.equal(token.expiresIn, 60);

    assert.equal(await clients.delete({ serviceId, clientId }), undefined);
    assert.equal(await calls.isLive(token.accessToken), false);
    for (const call of ["get", "delete", "update"]) {
      await assert.rejects(clients[call]({ serviceId, clientId, client: {} }), (error) => {
        assert.ok(error instanceof AuthleteDefaultError);
        assert.deepEqual([error.statusCode, typeof JSON.parse(error.body).resultCode], [404, "string"]);
        return true;
      });
    }
  });

  test("a secret is replaced by the service's or the caller's", async () => {
    const client = await calls.newClient();
    const clientIdentifier = String(client.clientId);
    const { newClientSecret, resultCode } = await clients.management.refreshSecret({ serviceId, clientIdentifier });
    assert.match(resultCode, /^A218/);
    assert.equal(await authenticates(client, newClientSecret), true);
    const clientSecret = unique() + unique();
    const updated = await clients.management.updateSecret({ serviceId, clientIdentifier, clientSecretUpdateRequest: { clientSecret } });
    assert.equal(updated.newClientSecret, clientSecret);
    const secrets = [clientSecret, newClientSecret, client.clientSecret];
    const good = await Promise.all(secrets.map((secret) => authenticates(client, secret)));
    assert.deepEqual(good, [true, true, false], "two are good at a time");
  });

  test("a locked client is good for nothing until it is unlocked", async () => {
    const client = await calls.newClient();
    const { accessToken } = await calls.created({ clientId: client.clientId });
    const clientIdentifier = String(client.clientId);
    for (const clientLocked of [true, false]) {
      const answer = await clients.management.updateLockFlag({ serviceId, clientIdentifier, clientFlagUpdateRequest: { clientLocked } });
      assert.ok(answer.resultMessage.startsWith(`[${answer.resultCode}] `));
      assert.equal((await clients.get({ serviceId, clientId: clientIdentifier })).locked, clientLocked);
      assert.equal(await calls.isLive(accessToken), !clientLocked);
      assert.equal(await authenticates(client, client.clientSecret), !clientLocked);
    }
  });
});
