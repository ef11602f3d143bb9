#!/bin/sh
# Runs once, when PostgreSQL makes its data: the role of web server, worker and beat, which owns nothing. What it
# may do comes from `manage.py database_grants` after each migration.
set -eu
psql --set ON_ERROR_STOP=1 --set password="$(cat /run/secrets/app_password)" \
  --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE kaoqin_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
REVOKE ALL ON DATABASE kaoqin FROM PUBLIC;
GRANT CONNECT ON DATABASE kaoqin TO kaoqin_app;
SQL
