"""Tokens that are bound to a client certificate (RFC 8705), at token and introspection. The certificates are another library's."""

import base64
import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID


class Certificate:
    """A certificate that its own key has signed."""

    def __init__(self, name):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        certificate = builder.not_valid_after(now + datetime.timedelta(days=1)).sign(key, hashes.SHA256())
        self.pem = certificate.public_bytes(Encoding.PEM).decode()
        self.thumbprint = base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA256())).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def certificate():
    return Certificate("shop")


def test_whoever_presents_a_bound_token_has_the_certificate(created, introspect, certificate, service, claims):
    token = created(certificateThumbprint=certificate.thumbprint)
    if service.jwt:
        assert claims(token.jwtAccessToken)["cnf"] == {"x5t#S256": certificate.thumbprint}
    seen = introspect(token.accessToken, clientCertificate=certificate.pem)
    assert (seen.action.name, seen.certificateThumbprint) == ("OK", certificate.thumbprint)
    for presented in (None, Certificate("mall").pem):
        assert introspect(token.accessToken, clientCertificate=presented).action.name == "UNAUTHORIZED"


def test_the_tokens_of_a_client_that_wants_that_are_bound(new_client, process, introspect, certificate):
    client = new_client(tlsClientCertificateBoundAccessTokens=True)
    answer = process("grant_type=client_credentials", client=client, clientCertificate=certificate.pem)
    assert answer.action.name == "OK", answer.resultMessage
    assert introspect(answer.accessToken).action.name == "UNAUTHORIZED"
    assert introspect(answer.accessToken, clientCertificate=certificate.pem).action.name == "OK"
    assert process("grant_type=client_credentials", client=client).action.name == "BAD_REQUEST"
