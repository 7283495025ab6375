"""Getting a session, and losing it: passwords, second factor, throttle, reset, sign-out."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client

from sightglass.accounts.models import AuditEntry, Project, Role, User
from tests.conftest import member

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"
PASSWORD = "a-long-password"


@pytest.fixture(autouse=True)
def _no_attempts_before() -> None:
    cache.clear()


@pytest.fixture
def ada(project: Project) -> User:
    return member(project, "ada@example.org", Role.ENGINEER)


def sign_in(client: Client, email: str, password: str = PASSWORD, **more: Any) -> Any:
    return client.post(LOGIN, {"login": email, "password": password}, **more)


def is_in(client: Client) -> bool:
    return client.get("/profile").status_code == 200


def confirm(client: Client) -> None:
    """Changing the second factor asks for the password again."""
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


def code_of(secret: str) -> str:
    """The code of now; near the end of its half minute, the next one, which lasts."""
    left = 30 - time.time() % 30
    if left < 8:
        time.sleep(left + 0.1)
    counter = next(yield_hotp_counters_from_time())
    return str(format_hotp_value(hotp_value(secret, counter)))


def test_sign_in_and_out(client: Client, ada: User) -> None:
    assert sign_in(client, "Ada@Example.org ").status_code == 302
    assert is_in(client)
    assert client.post("/accounts/logout/").headers["Location"] == LOGIN
    assert not is_in(client)
    assert AuditEntry.objects.get(action="user.signed_in").address == "127.0.0.1"


def test_a_wrong_password_and_an_unknown_address_look_alike(client: Client, ada: User) -> None:
    answers = [
        re.sub(r'value="[^"]*"', "", sign_in(client, email, "wrong-password").content.decode())
        for email in ("ada@example.org", "nobody@example.org")
    ]
    assert answers[0] == answers[1]
    assert not is_in(client)
    assert AuditEntry.objects.filter(action="user.sign_in_failed").count() == 2


def test_the_inactive_cannot_sign_in(client: Client, ada: User) -> None:
    User.objects.update(is_active=False)
    sign_in(client, "ada@example.org")
    assert not is_in(client)


def test_signing_up_is_closed(client: Client) -> None:
    fields = {"email": "eve@example.org", "password1": PASSWORD, "password2": PASSWORD}
    assert b"by invitation" in client.get("/accounts/signup/").content
    client.post("/accounts/signup/", fields)
    assert not User.objects.exists()


def test_a_session_leads_back_here_only(client: Client, ada: User) -> None:
    response = sign_in(client, "ada@example.org", query_params={"next": "https://evil.example/"})
    assert response.headers["Location"] == "/"


def test_guessing_is_throttled_by_account(client: Client, ada: User) -> None:
    for number in range(5):
        sign_in(client, "ada@example.org", "wrong", REMOTE_ADDR=f"192.0.2.{number}")
    # Even the right password, and from anywhere.
    sign_in(client, "ada@example.org", REMOTE_ADDR="198.51.100.1")
    assert not is_in(client)
    # A header that anybody can write changes nothing.
    sign_in(client, "ada@example.org", headers={"X-Forwarded-For": "203.0.113.9"})
    assert not is_in(client)


def test_guessing_is_throttled_by_address(client: Client, ada: User) -> None:
    for number in range(10):
        sign_in(client, f"user-{number}@example.org", "wrong")
    sign_in(client, "ada@example.org")
    assert not is_in(client)
    sign_in(client, "ada@example.org", REMOTE_ADDR="198.51.100.1")
    assert is_in(client)


@pytest.mark.django_db(transaction=True)
def test_attempts_at_once_are_all_counted(project: Project) -> None:
    # The counts stand in the database: threads here stand for web processes.
    member(project, "ada@example.org", Role.VIEWER)

    def guess(number: int) -> None:
        try:
            sign_in(Client(), "ada@example.org", "wrong", REMOTE_ADDR=f"192.0.2.{number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(guess, range(18)))
    assert AuditEntry.objects.filter(action="user.sign_in_failed").count() <= 5
    client = Client()
    sign_in(client, "ada@example.org", REMOTE_ADDR="198.51.100.1")
    assert not is_in(client)


@pytest.mark.django_db(transaction=True)
def test_a_second_factor_is_set_up_asked_for_and_taken_away(client: Client, ada: User) -> None:
    sign_in(client, "ada@example.org")
    confirm(client)
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    secret = re.search(r'id="secret">([A-Z2-7]{16,})<', page)
    assert secret is not None and "data:image/svg+xml" in page
    client.post("/accounts/2fa/totp/activate/", {"code": code_of(secret[1])})
    assert Authenticator.objects.filter(user=ada).count() == 2  # recovery codes come along
    assert AuditEntry.objects.filter(action="user.second_factor_added", actor=ada).exists()
    assert mail.outbox[0].to == ["ada@example.org"]  # the owner of the account is told
    cache.clear()  # else the code just used would be a replay

    other = Client()
    assert sign_in(other, "ada@example.org").headers["Location"] == "/accounts/2fa/authenticate/"
    assert not is_in(other)
    other.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert not is_in(other)
    other.post("/accounts/2fa/authenticate/", {"code": code_of(secret[1])})
    assert is_in(other)

    third = Client()
    sign_in(third, "ada@example.org")
    third.post("/accounts/2fa/authenticate/", {"code": code_of(secret[1])})
    assert not is_in(third)  # a code works once

    client.post("/accounts/2fa/totp/deactivate/")
    assert AuditEntry.objects.filter(action="user.second_factor_removed").exists()
    fourth = Client()
    sign_in(fourth, "ada@example.org")
    assert is_in(fourth)


def test_recovery_codes_work_once(client: Client, ada: User) -> None:
    sign_in(client, "ada@example.org")
    confirm(client)
    client.get("/accounts/2fa/totp/activate/")
    secret: str = client.session["mfa.totp.secret"]
    client.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)})
    page = client.get("/accounts/2fa/recovery-codes/").content.decode()
    codes = re.findall(r"<li>([0-9a-f]{8})</li>", page)
    assert len(codes) == 10
    for expected in (True, False):
        other = Client()
        sign_in(other, "ada@example.org")
        other.post("/accounts/2fa/authenticate/", {"code": codes[0]})
        assert is_in(other) is expected


def test_codes_cannot_be_guessed(client: Client, ada: User) -> None:
    secret = "JBSWY3DPEHPK3PXP"
    TOTP.activate(ada, secret)
    sign_in(client, "ada@example.org")
    for _ in range(6):
        client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert not is_in(client)


def test_changing_the_second_factor_asks_who_it_is(client: Client, ada: User) -> None:
    sign_in(client, "ada@example.org")
    for path in ("totp/activate/", "recovery-codes/generate/"):
        response = client.get(f"/accounts/2fa/{path}")
        assert response.headers["Location"].startswith("/accounts/reauthenticate/")
    client.post("/accounts/reauthenticate/", {"password": "wrong"})
    assert client.get("/accounts/2fa/totp/activate/").status_code == 302
    confirm(client)
    assert client.get("/accounts/2fa/totp/activate/").status_code == 200


def test_a_new_password_ends_other_sessions(client: Client, ada: User) -> None:
    other = Client()
    sign_in(client, "ada@example.org")
    sign_in(other, "ada@example.org")
    fields = {
        "oldpassword": PASSWORD,
        "password1": "quite-another-1",
        "password2": "quite-another-1",
    }
    assert client.post("/accounts/password/change/", fields).status_code == 302
    assert is_in(client) and not is_in(other)
    assert AuditEntry.objects.filter(action="user.password_changed", actor=ada).exists()


def test_weak_passwords_are_refused(client: Client, ada: User) -> None:
    sign_in(client, "ada@example.org")
    for weak in ("short", "password1234", "ada@example.org"):
        fields = {"oldpassword": PASSWORD, "password1": weak, "password2": weak}
        assert client.post("/accounts/password/change/", fields).status_code == 200
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)


def test_a_forgotten_password_is_reset_by_mail(client: Client, ada: User) -> None:
    other = Client()
    sign_in(other, "ada@example.org")
    client.post("/accounts/password/reset/", {"email": "ada@example.org"})
    [message] = mail.outbox
    assert message.to == ["ada@example.org"] and message.subject.startswith("[Sightglass] ")
    link = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", str(message.body))
    assert link is not None
    form = client.get(link[1]).headers["Location"]
    new = {"password1": "quite-another-1", "password2": "quite-another-1"}
    assert client.post(form, new).status_code == 302
    ada.refresh_from_db()
    assert ada.check_password("quite-another-1")
    assert not is_in(other)
    again = Client().get(link[1], follow=True)
    assert b"password1" not in again.content


def test_a_reset_does_not_say_who_has_an_account(client: Client, ada: User) -> None:
    known = client.post("/accounts/password/reset/", {"email": "ada@example.org"}, follow=True)
    unknown = client.post("/accounts/password/reset/", {"email": "eve@example.org"}, follow=True)
    assert known.content == unknown.content
    assert [message.to for message in mail.outbox] == [["ada@example.org"], ["eve@example.org"]]
    assert "sign up" not in str(mail.outbox[1].body).lower()


def test_a_reset_does_not_take_the_second_factor_away(client: Client, ada: User) -> None:
    TOTP.activate(ada, "JBSWY3DPEHPK3PXP")
    client.post("/accounts/password/reset/", {"email": "ada@example.org"})
    link = re.search(r"http://testserver(\S+)", str(mail.outbox[0].body))
    assert link is not None
    form = client.get(link[1]).headers["Location"]
    client.post(form, {"password1": "quite-another-1", "password2": "quite-another-1"})
    assert not is_in(client)
    sign_in(client, "ada@example.org", "quite-another-1")
    assert not is_in(client)


def test_a_mail_server_that_is_away_tells_nothing(client: Client, ada: User, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    answer = client.post("/accounts/password/reset/", {"email": "ada@example.org"})
    assert answer.status_code == 302


def test_signing_out_everywhere_keeps_this_session(client: Client, ada: User) -> None:
    other = Client()
    sign_in(client, "ada@example.org")
    sign_in(other, "ada@example.org")
    client.post("/profile/sign-out-everywhere")
    assert is_in(client) and not is_in(other)


def test_forms_need_their_token(ada: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert sign_in(strict, "ada@example.org").status_code == 403
    strict.force_login(ada)
    assert strict.post("/profile/sign-out-everywhere").status_code == 403
    assert strict.post("/p/shop/settings/keys", {"name": "x"}).status_code == 403
