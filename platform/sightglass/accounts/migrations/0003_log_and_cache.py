"""The audit log can only grow; a table for what web processes count together."""

from django.db import migrations

# Accounts and projects may go: their reference in the log is then emptied, and nothing else.
APPEND_ONLY = """
CREATE FUNCTION accounts_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'the audit log is append-only';
    END IF;
    IF (to_jsonb(NEW) - 'actor_id' - 'project_id') <> (to_jsonb(OLD) - 'actor_id' - 'project_id')
       OR NEW.actor_id IS NOT NULL AND NEW.actor_id IS DISTINCT FROM OLD.actor_id
       OR NEW.project_id IS NOT NULL AND NEW.project_id IS DISTINCT FROM OLD.project_id THEN
        RAISE EXCEPTION 'the audit log is append-only';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON accounts_auditentry
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_append_only();
"""
CACHE = """
CREATE TABLE sightglass_cache (
    cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL);
CREATE INDEX sightglass_cache_expires ON sightglass_cache (expires);
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_invitations")]
    operations = [
        migrations.RunSQL(
            APPEND_ONLY,
            "DROP TRIGGER append_only ON accounts_auditentry;"
            " DROP FUNCTION accounts_audit_append_only;",
        ),
        migrations.RunSQL(CACHE, "DROP TABLE sightglass_cache;"),
    ]
