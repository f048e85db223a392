# Portico as an image. The root file system may be read-only; all that lasts is in /data. How to build and run it: docs/docker.md.
# No instruction is of one architecture: each platform builds its own binaries.

FROM node:24-bookworm-slim AS deps
# Addons that come without a binary for this platform are compiled against the headers of the image's own Node.
ENV npm_config_nodedir=/usr/local npm_config_update_notifier=false
RUN apt-get update \
  && apt-get install -y --no-install-recommends g++ make python3 \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM node:24-bookworm-slim AS build
ARG SOURCE_DATE_EPOCH=1767225600
ENV npm_config_update_notifier=false
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# Nothing native runs while building.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
# Models are fetched and checked here; release.js checks them again and writes the sum of every file.
RUN npm run build && node dist/models/fetch.js
COPY --from=deps /build/node_modules /modules/node_modules
RUN SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH} node dist/packaging/release.js --out /release --modules /modules/node_modules

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="Portico" \
  org.opencontainers.image.description="Recognises customers who agreed to it, on the LAN of one store"
ENV NODE_ENV=production PORTICO_DATA_DIR=/data
RUN install --directory --owner=1000 --group=1000 --mode=0700 /data
COPY --from=build /release/release.json /opt/portico/release.json
COPY --from=build /release/app /opt/portico/app
WORKDIR /opt/portico/app
# The base image's user node, by number: a platform that refuses root can see that this is not root.
USER 1000:1000
VOLUME ["/data"]
EXPOSE 8443 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=180s --retries=3 CMD ["node", "dist/packaging/healthProbe.js"]
CMD ["node", "dist/appliance/start.js"]
