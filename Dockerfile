# The ML backend and the analytics service; docker-compose.yml gives each its command.
FROM python:3.11-slim
WORKDIR /app
COPY requirements.lock pyproject.toml setup.cfg README.md LICENSE concord.py ./
COPY guidelines guidelines
COPY plugins plugins
COPY ml_backend ml_backend
COPY analytics analytics
# The lock also names the labelling server and the tools of development: here it only says which versions to take.
RUN sed -n 's/^\([^ #]*==[^\\]*\).*/\1/p' requirements.lock > versions.txt \
    && pip install --no-cache-dir --constraint versions.txt --editable . \
    && useradd --create-home concord \
    && install --directory --owner concord /data
USER concord
VOLUME /data
