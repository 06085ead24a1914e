"""create_token_validation: 200 with the request, or 403; the same verdict as create_token, and nothing is minted."""

from datetime import datetime, timedelta, timezone

import agilicus
import pytest
from agilicus_api.exceptions import ForbiddenException
from conftest import answered, ask, refused


def test_a_request_that_would_be_granted_is_echoed_whole(anyone, session):
    start = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(minutes=1)
    request = ask(
        scopes=["urn:acme:files:read", "urn:none?"],
        roles={"files": "owner"},
        hosts=[
            agilicus.HostPermissions(
                upstream_host="files.acme.example", allowed_list=[agilicus.RenderedRule(methods=["get"], paths=["/.*"])]
            )
        ],
        token_validity=agilicus.TokenValidity(start=start, duration=120),
        session=session,
        inherit_session=False,
        create_refresh_token=True,
        get_user=True,
    )
    echo = answered(200, anyone.create_token_validation, request)
    assert isinstance(echo, agilicus.CreateTokenRequest)
    assert echo.to_dict() == request.to_dict()


def test_what_was_not_sent_is_not_echoed(anyone):
    request = ask()
    assert set(anyone.create_token_validation(request).to_dict()) == {"sub", "org", "audiences", "time_validity"}


def test_nothing_is_minted(anyone, admin, member):
    sub = member()
    anyone.create_token_validation(ask(sub=sub, create_refresh_token=True))
    assert admin.list_tokens(sub=sub).tokens == []


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"scopes": ["urn:acme:files:read"]}, None),
        ({"scopes": ["urn:none?"]}, None),
        ({"scopes": []}, None),
        ({"org": "11", "scopes": ["urn:acme:files:read"]}, None),
        ({"scopes": ["urn:acme:files:read", "urn:none"]}, "SCOPE_NOT_HELD"),
        ({"org": "11", "scopes": ["urn:acme:mail"]}, "SCOPE_NOT_HELD"),
        ({"sub": "bob", "scopes": ["urn:acme:mail"]}, "SCOPE_NOT_HELD"),
        ({"sub": "nobody"}, "MEMBER_UNAVAILABLE"),
        ({"sub": "gone"}, "MEMBER_UNAVAILABLE"),
        ({"org": "13"}, "MEMBER_UNAVAILABLE"),
        ({"sub": "bob", "org": "11"}, "MEMBER_UNAVAILABLE"),
    ],
)
def test_the_verdict_is_that_of_create_token(anyone, admin, request_, code):
    for operation in (anyone.create_token_validation, admin.create_token):
        if code is None:
            operation(ask(**request_))
        else:
            with refused(403, code, ForbiddenException):
                operation(ask(**request_))


def test_what_breaks_the_schema_is_400_and_not_403(anyone):
    with refused(400, "INVALID_REQUEST"):
        anyone.create_token_validation(ask(sub=""))
    with refused(400, "INVALID_LIFETIME"):
        anyone.create_token_validation(ask(duration=100_000_000))
