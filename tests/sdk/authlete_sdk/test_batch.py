"""Batches of tokens, which Java's SDK alone can ask for. Here by plain HTTP, as it sends them."""

import time
import uuid

import pytest

from .conftest import assert_ms


@pytest.fixture
def batch(call):
    def batch(requests, **params):
        answer = call("POST", "/auth/token/create/batch", json=requests, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return batch


@pytest.fixture
def outcome(call):
    """The status of a batch, once it is done."""

    def outcome(request_id):
        for _ in range(100):
            status = call("GET", f"/auth/token/create/batch/status/{request_id}").json()["status"]
            assert (status["batchKind"], status["requestId"]) == ("CREATE", request_id)
            if "result" in status:
                return status
            time.sleep(0.05)
        raise AssertionError(f"the batch never ends: {status}")

    return outcome


def test_a_batch_makes_its_tokens_in_the_background_and_tells_when_it_is_done(batch, outcome, shop, is_live, api, subject):
    values = [f"moved-{n}-{uuid.uuid4().hex}" for n in range(60)]
    one = {"grantType": "AUTHORIZATION_CODE", "clientId": shop.clientId, "subject": subject, "scopes": ["history.read"]}
    accepted = batch([one | {"accessToken": value, "refreshToken": f"r-{value}"} for value in values])
    assert accepted["resultMessage"].startswith(f"[{accepted['resultCode']}] ") and "result" not in accepted
    status = outcome(accepted["requestId"])
    assert (status["result"], status["tokenCount"]) == ("SUCCEEDED", 60)
    assert_ms(status["createdAt"], 0, tolerance=30)
    assert status["modifiedAt"] >= status["createdAt"]
    assert all(is_live(value) for value in values[:3] + values[-3:])
    assert api.getTokenList(subject=subject).totalCount == 60


def test_a_dry_run_makes_nothing(call, batch, shop, is_live):
    value = f"moved-{uuid.uuid4().hex}"
    request = {"grantType": "AUTHORIZATION_CODE", "clientId": shop.clientId, "subject": "john", "accessToken": value}
    request_id = batch([request], dryRun="true")["requestId"]
    assert call("GET", f"/auth/token/create/batch/status/{request_id}").status_code == 404
    assert not is_live(value)


def test_a_batch_that_fails_is_not_told_to_have_succeeded(batch, outcome, shop, created):
    taken = created(accessToken=f"taken-{uuid.uuid4().hex}").accessToken
    request = {"grantType": "AUTHORIZATION_CODE", "clientId": shop.clientId, "subject": "john"}
    status = outcome(batch([request, request | {"accessToken": taken}])["requestId"])
    assert status["result"] == "FAILED" and status["errorCode"].startswith("A") and "accessToken" in status["errorDescription"]


def test_a_batch_with_a_wrong_token_is_not_accepted(call, shop):
    request = {"grantType": "AUTHORIZATION_CODE", "clientId": shop.clientId, "subject": "john"}
    answer = call("POST", "/auth/token/create/batch", json=[request, request | {"scopes": ["no.such.scope"]}])
    assert answer.status_code == 400 and "[1].scopes" in answer.json()["resultMessage"]
    for nothing in ([], {}):
        assert call("POST", "/auth/token/create/batch", json=nothing).status_code == 400


def test_an_unknown_batch_is_404(call):
    answer = call("GET", f"/auth/token/create/batch/status/{'0' * 32}")
    assert (answer.status_code, answer.json()["resultCode"][:1]) == (404, "A")
