# 安铃 Anling. One image for every room; the command says which (serve, bridge, engine, api).
FROM python:3.11-slim

# compiled when it is built: nobody may write here later, and after a crash somebody waits for the start
ENV PYTHONUNBUFFERED=1 UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy
WORKDIR /app
RUN pip install --no-cache-dir "uv>=0.8,<1"

# first what changes seldom, so that a new version of ours does not fetch the libraries again
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --frozen --no-dev --no-install-project
COPY . .
RUN uv sync --frozen --no-dev \
 && .venv/bin/python -m compileall -q -j 0 -x '^\./\.venv|^\./tests' . \
 && useradd --system --uid 10001 --home-dir /data anling \
 && install -d -o anling -g anling -m 0700 /data

USER anling
ENV ANLING_DATA_DIR=/data
STOPSIGNAL SIGTERM
ENTRYPOINT ["/app/.venv/bin/anling"]
CMD ["serve"]
