# The host in a container. Not built by our tests: there is no Docker where they run. Say so in an issue when it does not build for you.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY . .
# no telemetry of dependencies
ENV SCARF_ANALYTICS=false
RUN npm ci --include=dev --no-audit --no-fund \
 && npm run build \
 && npm prune --omit=dev --no-audit --no-fund

FROM node:24-bookworm-slim
WORKDIR /app
COPY --from=build /app /app
# the user of the image may write here and nowhere else; the embedded PostgreSQL refuses to run as root
RUN install -d -o node -g node /data
USER node
ENV NODE_ENV=production SLUICE_HOME=/data
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:3000/health/live').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# node and not npm: npm would stand between the signals and the host
ENTRYPOINT ["node", "apps/cli/bin/sluice.js"]
CMD ["run"]
