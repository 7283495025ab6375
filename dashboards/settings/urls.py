"""Routes of a project's settings."""

from django.urls import URLPattern, URLResolver, path

from dashboards.settings import (
    attributes,
    audit,
    connections,
    erasures,
    general,
    keys,
    meaning,
    members,
    prices,
    redaction,
)

SETTINGS = "p/<slug:project>/settings"
urlpatterns: list[URLPattern | URLResolver] = [
    path(SETTINGS, general.general, name="settings_general"),
    path(f"{SETTINGS}/delete", general.delete, name="settings_delete"),
    path(f"{SETTINGS}/members", members.members, name="settings_members"),
    path(f"{SETTINGS}/members/<int:pk>", members.change, name="settings_member"),
    path(
        f"{SETTINGS}/invitations/<int:pk>/withdraw",
        members.withdraw,
        name="settings_invitation_withdraw",
    ),
    path(f"{SETTINGS}/keys", keys.keys, name="settings_keys"),
    path(f"{SETTINGS}/keys/<uuid:pk>/rotate", keys.rotate, name="settings_key_rotate"),
    path(f"{SETTINGS}/keys/<uuid:pk>/revoke", keys.revoke, name="settings_key_revoke"),
    path(f"{SETTINGS}/connections", connections.connections, name="settings_connections"),
    path(f"{SETTINGS}/connections/<int:pk>", connections.change, name="settings_connection"),
    path(
        f"{SETTINGS}/connections/<int:pk>/test", connections.test, name="settings_connection_test"
    ),
    path(
        f"{SETTINGS}/connections/<int:pk>/delete",
        connections.delete,
        name="settings_connection_delete",
    ),
    path(f"{SETTINGS}/prices", prices.prices, name="settings_prices"),
    path(f"{SETTINGS}/prices/<int:pk>/delete", prices.delete, name="settings_price_delete"),
    path(f"{SETTINGS}/prices/reprice", prices.reprice_range, name="settings_reprice"),
    path(f"{SETTINGS}/redaction", redaction.redaction, name="settings_redaction"),
    path(f"{SETTINGS}/redaction/<int:pk>", redaction.change, name="settings_redaction_rule"),
    path(f"{SETTINGS}/attributes", attributes.attributes, name="settings_attributes"),
    path(f"{SETTINGS}/meaning", meaning.meaning, name="settings_meaning"),
    path(f"{SETTINGS}/erase", erasures.erasures, name="settings_erasures"),
    path(f"{SETTINGS}/audit", audit.audit, name="settings_audit"),
]
