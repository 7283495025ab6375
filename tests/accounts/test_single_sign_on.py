"""Single sign-on against a real provider on the loopback."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.socialaccount.models import SocialAccount
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from sightglass import oidc
from sightglass.accounts import members
from sightglass.accounts.access import Access
from sightglass.accounts.models import AuditEntry, Membership, Project, Role, User
from tests.accounts.issuer import CLIENT, SECRET, Issuer

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/oidc/sso/login/"
ADA = {"sub": "ada-1", "email": "Ada@Example.org", "email_verified": True, "name": "Ada L."}


@pytest.fixture
def issuer(settings: Any) -> Iterator[Issuer]:
    issuer = Issuer()
    settings.OIDC_ISSUER = issuer.url
    settings.OIDC_CREATES_USERS = False
    settings.SOCIALACCOUNT_PROVIDERS = oidc.providers(
        issuer=issuer.url, name="Example sign-on", client_id=CLIENT, secret=SECRET
    )
    yield issuer
    issuer.close()


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def redirected(url: str) -> str:
    """Where the issuer sends the browser."""
    try:
        urllib.request.build_opener(Stay).open(url, timeout=10)
    except urllib.error.HTTPError as answer:
        return str(answer.headers["Location"])
    raise AssertionError("no redirect")


def issuer_address(begun: Any) -> str:
    """Where the page between leads to."""
    assert begun.status_code == 200
    return str(begun.headers["Refresh"]).removeprefix("0;url=")


def sign_in(client: Client, issuer: Issuer, **claims: Any) -> Any:
    """The whole way as a browser goes it; the answer to the callback."""
    issuer.person = ADA | claims
    back = urlsplit(redirected(issuer_address(client.post(LOGIN))))
    return client.get(f"{back.path}?{back.query}")


def user_of(client: Client) -> str | None:
    key = client.session.get("_auth_user_id")
    return User.objects.get(pk=key).email if key else None


def test_an_existing_account_is_found_by_its_verified_address(
    issuer: Issuer, client: Client
) -> None:
    ada = User.objects.create_user("ada@example.org", "somebody-else-knows")
    assert sign_in(client, issuer).status_code == 302
    assert user_of(client) == "ada@example.org"
    linked = SocialAccount.objects.get()
    assert linked.user == ada and linked.uid.endswith(":ada-1")
    ada.refresh_from_db()
    # Nobody had proved the address: who set that password may not be who owns it.
    assert not ada.has_usable_password()
    assert AuditEntry.objects.filter(action="user.signed_in", actor=ada).count() == 1


def test_the_first_owner_keeps_the_password(issuer: Issuer, client: Client) -> None:
    owner = User.objects.create_user("ada@example.org", "a-long-password")
    EmailAddress.objects.create(user=owner, email=owner.email, verified=True, primary=True)
    sign_in(client, issuer)
    owner.refresh_from_db()
    assert owner.check_password("a-long-password")


def test_an_address_verified_in_words_counts(issuer: Issuer, client: Client) -> None:
    User.objects.create_user("ada@example.org")
    sign_in(client, issuer, email_verified="true")
    assert user_of(client) == "ada@example.org"


@pytest.mark.parametrize("verified", [False, None, "false", "no", 1])
def test_an_unverified_address_opens_nothing(
    issuer: Issuer, client: Client, settings: Any, verified: Any
) -> None:
    settings.OIDC_CREATES_USERS = True
    User.objects.create_user("ada@example.org", "a-long-password")
    response = sign_in(client, issuer, email_verified=verified)
    assert response.status_code == 403
    assert b"verified your e-mail address" in response.content
    assert user_of(client) is None and not SocialAccount.objects.exists()


def test_the_subject_counts_once_linked(issuer: Issuer, client: Client) -> None:
    User.objects.create_user("ada@example.org")
    sign_in(client, issuer)
    client.logout()
    sign_in(client, issuer, email="ada.married@example.org")
    assert user_of(client) == "ada@example.org"
    client.logout()
    # The address was passed on to somebody else.
    response = sign_in(client, issuer, sub="bob-2")
    assert response.status_code == 403 and b"another identity" in response.content
    assert user_of(client) is None


def test_an_equal_subject_of_another_issuer_is_somebody_else(
    issuer: Issuer, client: Client, settings: Any
) -> None:
    User.objects.create_user("ada@example.org")
    sign_in(client, issuer)
    client.logout()
    settings.OIDC_ISSUER = "https://other.example.org"
    response = sign_in(client, issuer, email="eve@example.org")
    assert user_of(client) is None
    assert b"by invitation" in response.content


def test_strangers_are_turned_away(issuer: Issuer, client: Client) -> None:
    response = sign_in(client, issuer)
    assert b"by invitation" in response.content
    assert user_of(client) is None and not User.objects.exists()


def test_strangers_get_an_account_if_that_is_wanted(
    issuer: Issuer, client: Client, settings: Any
) -> None:
    settings.OIDC_CREATES_USERS = True
    assert sign_in(client, issuer, name="Ada\x00\nL.").status_code == 302
    ada = User.objects.get()
    assert (ada.email, ada.name, ada.is_staff) == ("ada@example.org", "Ada  L.", False)
    assert not ada.has_usable_password() and not Membership.objects.exists()
    assert AuditEntry.objects.filter(action="user.created").count() == 1
    assert b"No project yet" in client.get("/").content


def test_the_invited_get_an_account_and_their_projects(
    issuer: Issuer, client: Client, access: Access, project: Project
) -> None:
    members.invite(access, "ada@example.org", Role.REVIEWER)
    sign_in(client, issuer)
    membership = Membership.objects.get(user__email="ada@example.org")
    assert (membership.project, membership.role) == (project, Role.REVIEWER)
    assert client.get("/p/shop/review").status_code == 200


def test_the_inactive_stay_out(issuer: Issuer, client: Client) -> None:
    User.objects.create_user("ada@example.org", is_active=False)
    sign_in(client, issuer)
    assert user_of(client) is None


def test_a_second_factor_is_asked_for_here_too(issuer: Issuer, client: Client) -> None:
    ada = User.objects.create_user("ada@example.org")
    TOTP.activate(ada, generate_totp_secret())
    response = sign_in(client, issuer)
    assert response.headers["Location"] == "/accounts/2fa/authenticate/"
    assert user_of(client) is None
    assert client.get("/profile").status_code == 302


def test_an_identity_is_not_linked_by_hand(issuer: Issuer, client: Client) -> None:
    eve = User.objects.create_user("eve@example.org", "a-long-password")
    client.force_login(eve)
    issuer.person = ADA
    begun = client.post(f"{LOGIN}?process=connect")
    back = urlsplit(redirected(issuer_address(begun)))
    assert client.get(f"{back.path}?{back.query}").status_code == 403
    assert not SocialAccount.objects.exists()
    for closed in ("/accounts/3rdparty/", "/accounts/3rdparty/signup/", "/accounts/email/"):
        assert client.get(closed).status_code == 404
        assert client.post(closed, {"email": "ada@example.org"}).status_code == 404


def test_a_forged_or_replayed_callback_is_refused(issuer: Issuer, client: Client) -> None:
    User.objects.create_user("ada@example.org")
    issuer.person = ADA
    begun = client.post(LOGIN)
    back = urlsplit(redirected(issuer_address(begun)))
    for path in (
        f"{back.path}?code=x&state=y",
        f"{back.path}?{back.query}".replace("code=", "code=x"),
    ):
        assert client.get(path).status_code in (200, 401, 403)
        assert user_of(client) is None
    other = Client()  # the state belongs to the browser that began
    assert other.get(f"{back.path}?{back.query}").status_code in (200, 401, 403)
    assert user_of(other) is None


def test_an_issuer_that_is_away_is_an_answer_not_a_crash(issuer: Issuer, client: Client) -> None:
    issuer.close()
    response = client.post(LOGIN)
    assert response.status_code == 503 and b"does not answer" in response.content
    assert user_of(client) is None


def test_the_button_is_there_only_if_configured(
    issuer: Issuer, client: Client, settings: Any
) -> None:
    assert b"Sign in with Example sign-on" in client.get("/accounts/login/").content
    settings.SOCIALACCOUNT_PROVIDERS = oidc.providers(issuer="", name="", client_id="", secret="")
    assert b"Sign in with" not in client.get("/accounts/login/").content
    assert client.post(LOGIN).status_code == 404


@pytest.mark.parametrize(
    ("issuer_url", "client_id", "named"),
    [
        ("login.example.org", "x", "OIDC_ISSUER"),
        ("ftp://login.example.org", "x", "OIDC_ISSUER"),
        ("https://", "x", "OIDC_ISSUER"),
        ("https://login.example.org", "", "OIDC_CLIENT_ID"),
    ],
)
def test_half_a_configuration_stops_the_start(issuer_url: str, client_id: str, named: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=named):
        oidc.providers(issuer=issuer_url, name="x", client_id=client_id, secret="")
