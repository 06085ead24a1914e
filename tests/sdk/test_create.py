"""create_token: every member of a CreateTokenRequest, what comes back, who may have what."""

from datetime import datetime, timedelta, timezone

import agilicus
import jwt
import pytest
from agilicus_api.exceptions import ForbiddenException, UnauthorizedException
from conftest import AUDIENCE, answered, ask, refused

END_OF_TIME = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc).timestamp())


def test_a_token_is_answered_with_201_and_verifies_as_es256_with_the_published_keys(admin, claims, server):
    raw = answered(201, admin.create_token, ask(scopes=["urn:acme:files:read", "urn:acme:mail"], duration=600))
    assert isinstance(raw, agilicus.RawToken) and raw.time_validity.duration == 600
    header = jwt.get_unverified_header(raw.token)
    assert (header["alg"], header["typ"]) == ("ES256", "JWT") and set(header) == {"alg", "typ", "kid"}
    token = claims(raw.token)
    assert (token["sub"], token["org"], token["aud"], token["iss"]) == ("ann", "1", [AUDIENCE], server.url)
    assert token["scopes"] == ["urn:acme:files:read", "urn:acme:mail"]
    assert type(token["iat"]) is int and token["exp"] == token["iat"] + 600


def test_what_was_not_asked_for_is_not_in_the_answer(mint):
    assert set(mint().to_dict()) == {"token", "time_validity"}


def test_a_tampered_token_does_not_verify(mint, claims):
    head, _, signature = mint().token.split(".")
    other = mint(sub="bob").token.split(".")[1]
    with pytest.raises(jwt.InvalidSignatureError):
        claims(f"{head}.{other}.{signature}")


def test_without_a_duration_the_org_decides(mint, claims):
    for org, sub, duration in [("1", "ann", 3600), ("12", "keeper", 1800)]:
        raw = mint(sub=sub, org=org, duration=None)
        token = claims(raw.token)
        assert token["exp"] - token["iat"] == raw.time_validity.duration == duration


def test_several_audiences_or_none_are_kept_as_a_list(mint, claims, introspect):
    raw = mint(audiences=["urn:a", "urn:b"])
    assert claims(raw.token, audience="urn:b")["aud"] == introspect(raw.token).aud == ["urn:a", "urn:b"]
    assert introspect(mint(audiences=[]).token).aud == []


def test_roles_go_in_as_text_and_come_out_as_lists(mint, claims, introspect):
    raw = mint(roles={"files": "owner", "elsewhere": "guest"})
    assert claims(raw.token)["roles"] == {"files": "owner", "elsewhere": "guest"}
    assert introspect(raw.token).roles.to_dict() == {"files": ["owner"], "elsewhere": ["guest"]}


def test_hosts_with_every_kind_of_rule_come_back_as_they_were_given(mint, introspect):
    rule = agilicus.RenderedRule(
        methods=["get", "post", "propfind"],
        paths=["/files/.*", "^/ä$"],
        template_paths=[agilicus.TemplatePath(template="/files/{id}", prefix=True)],
        query_parameters=[agilicus.RenderedQueryParameter(name="q", exact_match="1 + 1")],
        body=agilicus.RenderedRuleBody(
            json=[agilicus.JSONBodyConstraint(name="a", exact_match="x", match_type="string", pointer="/a/b~1c")]
        ),
        matchers=agilicus.RuleMatcherList(
            matchers=[
                agilicus.RuleMatcher(
                    extractor_name="id",
                    inverted=False,
                    join_operation="or",
                    criteria=[
                        agilicus.RuleMatchCriteria(operator="equals", match_literal="7"),
                        agilicus.RuleMatchCriteria(operator="in", match_extractor="other"),
                    ],
                )
            ],
            join_operation="and",
        ),
        separate_query=True,
    )
    hosts = [
        agilicus.HostPermissions(upstream_host="files.acme.example", allowed_list=[rule]),
        agilicus.HostPermissions(upstream_host="mail.acme.example", allowed_list=[]),
    ]
    shown = introspect(mint(hosts=hosts).token).hosts
    assert [host.to_dict() for host in shown] == [host.to_dict() for host in hosts]


@pytest.mark.parametrize("zone", [None, timezone.utc, timezone(timedelta(hours=-7))])
def test_token_validity_start_and_end_are_taken_naive_as_utc_and_with_any_offset(mint, claims, introspect, zone):
    start = datetime.now(zone or timezone.utc).replace(microsecond=0)
    end = start + timedelta(seconds=900)
    sent = [moment.replace(tzinfo=None) if zone is None else moment for moment in (start, end)]
    raw = mint(duration=5, token_validity=agilicus.TokenValidity(start=sent[0], end=sent[1]))
    assert claims(raw.token)["exp"] == int(end.timestamp())
    assert introspect(raw.token).exp == end.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_token_validity_duration_stands_above_that_of_time_validity(mint, claims):
    raw = mint(duration=5, token_validity=agilicus.TokenValidity(duration=1200))
    token = claims(raw.token)
    assert token["exp"] - token["iat"] == raw.time_validity.duration == 1200


def test_a_token_that_starts_later_is_not_valid_before(mint, claims, introspect, client):
    start = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(hours=1)
    raw = mint(token_validity=agilicus.TokenValidity(start=start, duration=60))
    token = jwt.decode(raw.token, options={"verify_signature": False})
    assert (token["nbf"], token["exp"]) == (start.timestamp(), start.timestamp() + 60)
    with pytest.raises(jwt.ImmatureSignatureError):
        claims(raw.token)
    with refused(400, "TOKEN_NOT_YET_VALID"):
        introspect(raw.token)
    with refused(401, "TOKEN_NOT_YET_VALID", UnauthorizedException):
        client(raw.token).get_token()


def test_does_not_expire_needs_an_org_that_allows_it(mint, claims, introspect):
    forever = agilicus.TokenValidity(does_not_expire=True)
    raw = mint(sub="keeper", org="12", token_validity=forever)
    # The SDK takes a JWT without `exp` for an expired one, so it has the last one that can be written.
    assert claims(raw.token)["exp"] == END_OF_TIME and "time_validity" not in raw
    assert not agilicus.access.is_token_expired(raw.token)
    assert introspect(raw.token).exp == ""
    with refused(400, "INVALID_LIFETIME"):
        mint(token_validity=forever)


@pytest.mark.parametrize(
    ("validity", "code"),
    [
        ({"duration": 0}, "INVALID_REQUEST"),
        ({"duration": -5}, "INVALID_REQUEST"),
        ({"duration": 10**30}, "INVALID_REQUEST"),
        ({"duration": 2**63}, "INVALID_REQUEST"),
        ({"duration": 86_401}, "INVALID_LIFETIME"),
        ({"start": datetime(2020, 1, 1), "duration": 60}, "INVALID_LIFETIME"),
        ({"end": datetime(2020, 1, 1)}, "INVALID_LIFETIME"),
        ({"end": datetime(9000, 1, 1)}, "INVALID_LIFETIME"),
        ({"end": datetime.max}, "INVALID_LIFETIME"),
        ({"start": datetime(2500, 1, 1)}, "INVALID_LIFETIME"),
        ({"does_not_expire": True, "duration": 60}, "INVALID_REQUEST"),
    ],
)
def test_a_lifetime_that_makes_no_sense_is_400_and_breaks_no_listing(mint, admin, validity, code):
    with refused(400, code):
        mint(sub="bob", token_validity=agilicus.TokenValidity(**validity))
    assert admin.list_tokens(sub="bob").limit == 100


def test_a_named_session_is_on_the_token_and_in_the_answer(mint, claims, introspect, session):
    raw = mint(session=session)
    assert raw.session == claims(raw.token)["session"] == introspect(raw.token).session == session


def test_the_creators_session_is_inherited_unless_that_is_declined(mint, client, introspect, session):
    clerk = client(mint(sub="clerk", session=session, scopes=["urn:jeton:tokens:create"]).token)
    assert clerk.create_token(ask()).session == session
    assert clerk.create_token(ask(inherit_session=True)).session == session
    declined = clerk.create_token(ask(inherit_session=False))
    assert "session" not in declined and introspect(declined.token).session == ""
    assert clerk.create_token(ask(inherit_session=True, session="another")).session == "another"


def test_a_creator_without_a_session_passes_none_on(mint):
    assert "session" not in mint(inherit_session=True)


def test_a_required_scope_must_be_held_and_an_optional_one_need_not(mint, introspect):
    raw = mint(scopes=["urn:acme:files:write", "urn:nobody:has?"])
    assert [scope.value for scope in introspect(raw.token).scopes] == ["urn:acme:files:write", "urn:nobody:has?"]
    with refused(403, "SCOPE_NOT_HELD", ForbiddenException) as refusal:
        mint(scopes=["urn:acme:files:write", "urn:nobody:has"])
    assert "urn:nobody:has" in refusal.message


def test_a_scope_may_have_511_characters(mint, introspect, member):
    scope = "urn:" + "x" * 507
    raw = mint(sub=member(scopes=["urn:x*"]), scopes=[scope])
    assert [shown.value for shown in introspect(raw.token).scopes] == [scope]


def test_create_refresh_token_returns_one_that_names_the_access_token_when_introspected(mint, claims, introspect):
    raw = mint(create_refresh_token=True, scopes=["urn:acme:mail"], roles={"mail": "viewer"})
    shown = introspect(raw.refresh_token)
    assert shown.refresh_token_jti == claims(raw.token)["jti"] != shown.jti
    assert (shown.sub, shown.aud, shown.roles.to_dict()) == ("ann", [], {}), "it opens nothing"
    assert "refresh_token" not in mint(create_refresh_token=False)


@pytest.mark.parametrize(
    ("sub", "model", "kind"),
    [
        ("ann", agilicus.User, "user"),
        ("robot", agilicus.User, "service_account"),
        ("staff", agilicus.Group, "group"),
        ("everyone", agilicus.Group, "sysgroup"),
        ("crowd", agilicus.Group, "bigroup"),
    ],
)
def test_get_user_returns_the_member_as_the_class_of_its_kind(mint, sub, model, kind):
    user = mint(sub=sub, get_user=True).user
    assert isinstance(user, model)
    assert (user.id, user.org_id, user.type, user.enabled) == (sub, "1", kind, True)
    assert isinstance(user.created, datetime) and user.updated >= user.created
    assert "user" not in mint(sub=sub, get_user=False)


def test_get_user_returns_the_whole_profile(mint):
    user = mint(get_user=True).user
    shown = {name: user[name] for name in ("first_name", "last_name", "full_name", "display_name", "external_id")}
    assert shown == {
        "first_name": "Ann",
        "last_name": "Ámbar",
        "full_name": "Ann Ámbar",
        "display_name": "Ann Á.",
        "external_id": "ext-ann",
    }
    assert (user.email.value, user.status.value) == ("ann@acme.example", "active")
    assert user.roles.to_dict() == {"files": ["owner", "viewer"], "mail": ["viewer"]}


def test_who_creates_for_another_is_named_as_creator(mint, introspect, admin):
    shown = introspect(mint().token)
    assert (shown.creating_sub, shown.creating_org) == ("administrator", "1")
    own = introspect(mint(sub="administrator").token)
    assert "creating_sub" not in own and "creating_org" not in own


def test_an_administrator_mints_in_the_orgs_below_and_in_no_other(mint, introspect):
    shown = introspect(mint(org="111").token)
    assert (shown.org, shown.root_org) == ("111", "1")
    with refused(403, "ACCESS_DENIED", ForbiddenException):
        mint(org="2")


@pytest.mark.parametrize(("sub", "org"), [("nobody", "1"), ("gone", "1"), ("ann", "13"), ("bob", "11")])
def test_there_is_no_token_for_who_is_unknown_or_disabled(mint, sub, org):
    with refused(403, "MEMBER_UNAVAILABLE", ForbiddenException):
        mint(sub=sub, org=org)


def test_who_is_no_administrator_mints_only_for_itself_and_only_less(mint, client, claims):
    presented = mint(scopes=["urn:acme:files:*"], roles={"files": "viewer"}, duration=300)
    ann = client(presented.token)
    less = ann.create_token(ask(scopes=["urn:acme:files:read"], duration=600))
    assert claims(less.token)["exp"] == claims(presented.token)["exp"]
    for more, code in [
        ({"sub": "bob"}, "ACCESS_DENIED"),
        ({"org": "11"}, "ACCESS_DENIED"),
        ({"scopes": ["urn:acme:mail"]}, "OUTSIDE_AUTHORITY"),
        ({"roles": {"files": "owner"}}, "OUTSIDE_AUTHORITY"),
        ({"audiences": ["urn:other"]}, "OUTSIDE_AUTHORITY"),
        ({"hosts": [agilicus.HostPermissions(upstream_host="x.example")]}, "OUTSIDE_AUTHORITY"),
        ({"session": "taken-over"}, "OUTSIDE_AUTHORITY"),
    ]:
        with refused(403, code, ForbiddenException):
            ann.create_token(ask(**more))


def test_no_bearer_is_401_and_says_how_to_send_one(anyone, client):
    with refused(401, "TOKEN_MISSING", UnauthorizedException) as refusal:
        anyone.create_token(ask())
    assert refusal.error.headers["www-authenticate"].startswith("Bearer")
    with refused(401, "TOKEN_INVALID", UnauthorizedException) as refusal:
        client("not-a-token").create_token(ask())
    assert 'error="invalid_token"' in refusal.error.headers["www-authenticate"]


def test_a_refresh_token_is_no_bearer(mint, client):
    with refused(401, "TOKEN_INVALID", UnauthorizedException):
        client(mint(create_refresh_token=True).refresh_token).create_token(ask())


@pytest.mark.parametrize("more", [{"sub": ""}, {"org": ""}, {"org": "a b"}, {"audiences": [""]}, {"roles": {"files": ""}}])
def test_what_breaks_the_schema_is_400_and_names_the_member(mint, more):
    with refused(400, "INVALID_REQUEST") as refusal:
        mint(**more)
    assert refusal.message.startswith(next(iter(more)))


def test_a_member_that_nobody_knows_is_ignored(mint, introspect):
    assert introspect(mint(favourite_colour="blue", scopes=["urn:acme:mail"]).token).sub == "ann"
