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
RUN useradd --system --home-dir /var/lib/kaoqin --create-home kaoqin
WORKDIR /srv/kaoqin
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
COPY --from=assets /build/static/dist static/dist
# Collecting needs no keys, but the settings refuse to start without any.
RUN find locale -name '*.po' -exec python -m config.translations {} + \
    && SECRET_KEY=build FIELD_KEYS=build python manage.py collectstatic --noinput --verbosity 0
USER kaoqin
VOLUME /var/lib/kaoqin
EXPOSE 8000
CMD ["gunicorn", "--config", "config/gunicorn.py", "config.wsgi"]
