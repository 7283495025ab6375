# One image for web, worker and beat. Build: docker build -t sightglass .
FROM python:3.11.14-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
RUN python -m venv /app/.venv
COPY requirements.lock .
RUN /app/.venv/bin/pip install --quiet --require-hashes --only-binary :all: -r requirements.lock
COPY . .
RUN SIGHTGLASS_HOME=/app/build SIGHTGLASS_STATIC_ROOT=/app/static \
    /app/.venv/bin/python manage.py collectstatic --no-input --verbosity 0 \
    && rm -rf /app/build \
    && /app/.venv/bin/python -m compileall -q platform traces evals dashboards

FROM python:3.11.14-slim-bookworm
RUN useradd --system --uid 10001 --create-home --home-dir /data sightglass
COPY --from=build --chown=root:root /app /app
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONPATH=/app/platform:/app \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=sightglass.settings \
    SIGHTGLASS_HOME=/data \
    SIGHTGLASS_HOST=0.0.0.0 \
    SIGHTGLASS_STATIC_ROOT=/app/static
USER sightglass
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "manage.py", "probe"]
CMD ["gunicorn", "-c", "python:sightglass.operations.gunicorn_conf", "sightglass.wsgi"]
