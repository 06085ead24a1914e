// token.management.update, .delete, .revoke and .list, and revocation.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ResultError } from "@authlete/typescript-sdk/models/errors";
import { assertFailed, assertMs, forEachService, unique } from "./harness.mjs";

forEachService("management", (calls, service) => {
  const refreshes = async (token) => (await calls.process({ grant_type: "refresh_token", refresh_token: token })).action === "OK";

  test("update changes what is given", async () => {
    const before = await calls.created({ properties: [{ key: "a", value: "1" }] });
    const accessTokenExpiresAt = Date.now() + 1_800_000;
    const answer = await calls.update({
      accessToken: before.accessToken,
      accessTokenExpiresAt,
      refreshTokenExpiresAt: accessTokenExpiresAt + 60_000,
      scopes: ["timeline.read", "no.such.scope"],
      properties: [{ key: "b", value: "2" }],
      authorizationDetails: { elements: [{ type: "account" }] },
      forExternalAttachment: true,
    });
    const { accessTokenExpiresAt: end, refreshTokenExpiresAt: refreshEnd, ...rest } = answer;
    assert.deepEqual(rest, {
      resultCode: "A135001",
      resultMessage: "[A135001] Updated the access token successfully.",
      action: "OK",
      accessToken: before.accessToken,
      authorizationDetails: { elements: [{ type: "account" }] },
      forExternalAttachment: true,
      properties: [{ key: "b", value: "2", hidden: false }],
      scopes: ["timeline.read"],
      tokenId: before.tokenId,
      tokenType: "Bearer",
    });
    assert.ok(Math.abs(end - accessTokenExpiresAt) <= 1000 && Math.abs(refreshEnd - end - 60_000) <= 1000);
    const seen = await calls.introspect(service.jwt ? before.jwtAccessToken : before.accessToken);
    assert.deepEqual([seen.action, seen.scopes], ["OK", ["timeline.read"]], "the record decides");
  });

  test("update can give a new value, and the old one is dead", async () => {
    const { accessToken, tokenId } = await calls.created();
    const answer = await calls.update({ accessToken, accessTokenValueUpdated: true });
    assert.equal(answer.tokenId, tokenId);
    assert.notEqual(answer.accessToken, accessToken);
    assert.deepEqual([await calls.isLive(answer.accessToken), await calls.isLive(accessToken)], [true, false]);
  });

  test("update of no token is an action", async () => {
    assert.equal((await calls.update({ accessToken: "x".repeat(43) })).action, "NOT_FOUND");
    assert.equal((await calls.update({ accessToken: "" })).action, "BAD_REQUEST");
  });

  test("rule 10: delete is 204, for any value in any encoding, known or not", async () => {
    for (const value of [undefined, `a.b/c+d==${unique()}`, `ü ${unique()}#/`]) {
      const { accessToken, refreshToken } = await calls.created({ accessToken: value });
      assert.equal(await calls.delete(accessToken), undefined);
      assert.deepEqual([await calls.isLive(accessToken), await refreshes(refreshToken)], [false, false]);
      assert.equal(await calls.delete(accessToken), undefined);
    }
    if (service.jwt) {
      const { accessToken, jwtAccessToken } = await calls.created();
      await calls.delete(jwtAccessToken);
      assert.equal(await calls.isLive(accessToken), false);
    }
  });

  test("revoke by a token, by a refresh token, by their hashes, by client and user, by client, and by user", async () => {
    const subject = unique();
    const one = await calls.created();
    const result = { resultCode: "A312001", resultMessage: "Revoked 1 access token(s).", count: 1 };
    assert.deepEqual({ ...(await calls.revoke({ accessTokenIdentifier: one.accessToken })) }, result);
    assert.deepEqual([await calls.isLive(one.accessToken), await refreshes(one.refreshToken)], [false, false]);
    assert.equal((await calls.revoke({ accessTokenIdentifier: one.accessToken })).count, 0);

    const two = await calls.created();
    assert.equal((await calls.revoke({ refreshTokenIdentifier: two.refreshToken })).count, 1);
    assert.equal(await calls.isLive(two.accessToken), false);

    for (const [identifier, hash] of [["accessTokenIdentifier", "accessTokenHash"], ["refreshTokenIdentifier", "refreshTokenHash"]]) {
      const token = await calls.created({ subject });
      const { accessTokens } = await calls.list({ subject });
      assert.equal((await calls.revoke({ [identifier]: accessTokens[0][hash] })).count, 1);
      assert.equal(await calls.isLive(token.accessToken), false);
    }

    const client = await calls.newClient();
    const clientIdentifier = String(client.clientId);
    const mine = await calls.created({ clientId: client.clientId, subject });
    const elsewhere = await calls.created({ subject });
    const somebody = await calls.created({ clientId: client.clientId });
    assert.equal((await calls.revoke({ clientIdentifier, subject })).count, 1);
    assert.deepEqual(
      await Promise.all([mine, elsewhere, somebody].map(({ accessToken }) => calls.isLive(accessToken))),
      [false, true, true],
    );
    assert.equal((await calls.revoke({ clientIdentifier })).count, 1);
    assert.equal((await calls.revoke({ subject })).count, 1);
    assert.deepEqual([await calls.isLive(elsewhere.accessToken), await calls.isLive(somebody.accessToken)], [false, false]);
  });

  test("revoke of nothing in particular is 400", async () => {
    await assert.rejects(calls.revoke({}), (error) => {
      assert.ok(error instanceof ResultError);
      assert.deepEqual([error.statusCode, error.resultCode], [400, "A313201"]);
      return true;
    });
  });

  test("list shows records in pages, oldest first", async () => {
    const client = await calls.newClient();
    const [clientIdentifier, subject] = [String(client.clientId), unique()];
    const properties = [{ key: "k", value: "v", hidden: true }];
    for (let n = 0; n < 7; n += 1) await calls.created({ clientId: client.clientId, subject: `${subject}-${n}`, properties });
    const subjects = (page) => page.accessTokens?.map((row) => Number(row.subject.split("-").at(-1)));
    const page = await calls.list({ clientIdentifier });
    assert.deepEqual([page.start, page.end, page.totalCount, subjects(page)], [0, 5, 7, [0, 1, 2, 3, 4]]);
    const second = await calls.list({ clientIdentifier, start: 5, end: 10 });
    assert.deepEqual([second.start, second.end, second.totalCount, subjects(second)], [5, 10, 7, [5, 6]]);
    assert.deepEqual([page.client.clientId, page.client.clientName, page.client.clientType], [client.clientId, "Shop", "CONFIDENTIAL"]);
    const [row] = page.accessTokens;
    assert.deepEqual([row.clientId, row.grantType, row.scopes, row.refreshTokenScopes], [
      client.clientId,
      "AUTHORIZATION_CODE",
      ["history.read"],
      ["history.read"],
    ]);
    assert.deepEqual(row.properties, properties);
    assert.match(row.accessTokenHash, /^[A-Za-z0-9_-]{43}$/);
    assert.match(row.refreshTokenHash, /^[A-Za-z0-9_-]{43}$/);
    assertMs(row.createdAt, 0);
    assertMs(row.accessTokenExpiresAt, 3600);
    assertMs(row.refreshTokenExpiresAt, 86_400);
    assert.equal(row.lastRefreshedAt, 0);
    const one = await calls.list({ subject: `${subject}-3` });
    assert.deepEqual([one.totalCount, one.subject, one.client], [1, `${subject}-3`, undefined]);
    assert.deepEqual((await calls.list({ subject: unique() })).accessTokens, undefined);
  });

  test("revocation (RFC 7009): both tokens of the pair, whatever the hint", async () => {
    for (const name of ["accessToken", "refreshToken", service.jwt ? "jwtAccessToken" : "accessToken"]) {
      const token = await calls.created();
      const answer = await calls.revocation({ token: token[name], token_type_hint: "refresh_token" });
      const expected = { resultCode: "A113001", resultMessage: "[A113001] The token has been revoked successfully.", action: "OK" };
      assert.deepEqual({ ...answer }, expected);
      assert.deepEqual([await calls.isLive(token.accessToken), await refreshes(token.refreshToken)], [false, false]);
    }
    assert.equal((await calls.revocation({ token: "nonsense" })).action, "OK");
    assertFailed(await calls.revocation({ token: "x" }, { clientSecret: "wrong" }), "INVALID_CLIENT", "invalid_client");
    assertFailed(await calls.revocation({ token_type_hint: "access_token" }), "BAD_REQUEST", "invalid_request");
  });
});
