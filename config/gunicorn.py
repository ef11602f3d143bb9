"""The web server: `gunicorn -c config/gunicorn.py config.wsgi`."""

import os

from config import env

bind = f"{env.text('HOST', '127.0.0.1')}:{env.integer('PORT', default=8000, least=1)}"
worker_class = "gthread"
workers = env.integer("WEB_WORKERS", default=2, least=1)
threads = env.integer("WEB_THREADS", default=4, least=1)
# A worker is renewed now and then, so that a slow leak never becomes an outage.
max_requests = 10_000
max_requests_jitter = 1_000
timeout = 60
# PostgreSQL gives up a statement before the page that waits for it is given up. The variable is
# libpq's own: whoever sets it decides.
raw_env = [f"PGOPTIONS={os.environ.get('PGOPTIONS', '-c statement_timeout=50s')}"]
graceful_timeout = 20
# Where no proxy ends TLS, it does.
certfile = env.text("TLS_CERT") or None
keyfile = env.text("TLS_KEY") or None
# It would believe whoever connects from this machine: X-Forwarded-Proto, SCRIPT_NAME and the like.
# What a proxy says is weighed in one place, by PROXIES in config/settings.py.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""
# Nobody talks to it, and its default place is one for all servers of a user.
control_socket_disable = True
