# One image for web, worker and beat; compose.yaml says which is which.

FROM node:22-slim AS assets
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY frontend frontend
RUN npm run build

FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    KAOQIN_ENV=production VAR_DIR=/var/lib/kaoqin STATIC_ROOT=/srv/static HOST=0.0.0.0
RUN useradd --system --uid 10001 --home-dir /var/lib/kaoqin --create-home --shell /usr/sbin/nologin kaoqin
WORKDIR /srv/kaoqin
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
COPY --from=assets /build/static/dist static/dist
# Collecting needs no keys, but production does not start without: these are gone with this line.
RUN key() { python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'; } \
    && find locale -name '*.po' -exec python -m config.translations {} + \
    && SECRET_KEY="$(key)$(key)" FIELD_KEYS="$(key)" SEAL_KEYS="$(key)" VAR_DIR=/tmp/build \
       ALLOWED_HOSTS=build.invalid PROXIES=1 python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf /tmp/build
USER kaoqin
VOLUME /var/lib/kaoqin
EXPOSE 8000
CMD ["gunicorn", "--config", "config/gunicorn.py", "config.wsgi"]
