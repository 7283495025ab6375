"""Who may do what: users, projects, memberships, API keys and the audit log."""

import uuid
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person; the e-mail address is the name to log in with. `is_staff` runs the installation."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=timezone.now)
    session_epoch = models.PositiveIntegerField(default=0)  # raised to end all sessions

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()

    def __str__(self) -> str:
        return self.name or self.email

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        return salted_hmac(
            "sightglass.session",
            f"{self.session_epoch}:{self.password}",
            secret=secret,
            algorithm="sha256",
        ).hexdigest()


class Project(models.Model):
    """The wall of tenancy: every trace, key, rule and setting belongs to one."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(default=timezone.now)
    retention_days = models.PositiveIntegerField(default=90)
    spans_per_minute = models.PositiveIntegerField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)  # closed at once, emptied later

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    OWNER = "owner"
    ADMIN = "admin"
    ENGINEER = "engineer"
    REVIEWER = "reviewer"
    VIEWER = "viewer"


class Membership(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "project"], name="membership_once")
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.project} · {self.role}"


class Invitation(models.Model):
    """An offer of membership to an e-mail address; only a digest of the link's secret is kept."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=20, choices=Role.choices)
    digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.email} · {self.project} · {self.role}"


class ApiKey(models.Model):
    """A credential of one project.

    Only `digest` (HMAC-SHA-256 under the installation's secret) is kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=20))
    origins = ArrayField(models.CharField(max_length=255), default=list)
    """Of a public key: the web pages that may use it, as scheme://host[:port]."""
    score_names = ArrayField(models.CharField(max_length=100), default=list)
    """Of a public key: the scores that it may give."""
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    replaced_by = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True)

    PUBLIC = "feedback"
    """The scope of keys that stand in web pages for everybody to read. It goes with no other."""
    WORKS, ENDING, EXPIRED, REVOKED = "works", "ending", "expired", "revoked"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_public(self) -> bool:
        return self.PUBLIC in self.scopes

    @property
    def state(self) -> str:
        """`works`, `ending` (rotated, in its overlap), `expired` or `revoked`."""
        now = timezone.now()
        if self.revoked_at is not None and self.revoked_at <= now:
            return self.REVOKED
        if self.expires_at is not None and self.expires_at <= now:
            return self.EXPIRED
        return self.WORKS if self.revoked_at is None else self.ENDING


class AuditEntry(models.Model):
    """One change, never edited.

    `digest` chains each entry to the one before it in the same project.
    """

    # Entries of no project are a chain of their own, which those of a lost project would break.
    project = models.ForeignKey(Project, on_delete=models.PROTECT, null=True, blank=True)
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True)
    actor_label = models.CharField(max_length=200)
    action = models.CharField(max_length=80)
    target = models.CharField(max_length=200, blank=True)
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    previous = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["project", "-at"], name="audit_project_at")]

    def __str__(self) -> str:
        return f"{self.action} {self.target}"

    @property
    def changes(self) -> list[tuple[str, str, str]]:
        """What changed, for a reader: (name, before, after), empty text for nothing."""
        before, after = self.before or {}, self.after or {}
        return [
            (name.replace("_", " "), words(before.get(name)), words(after.get(name)))
            for name in dict.fromkeys([*before, *after])
        ]


def words(value: object) -> str:
    """A recorded value as a reader would write it."""
    if isinstance(value, list):
        return ", ".join(words(one) for one in value)
    return "" if value is None else str(value)
