# syntax=docker/dockerfile:1.7

# The image: one binary on distroless/cc (glibc, CA certificates, no shell, no package manager): about 24 MB
# plus the binary, below the 60 MB that we promise. Builder and runtime are both Debian 12, because a binary
# linked against a newer glibc would not start. No PostgreSQL inside: a container without DATABASE_URL (or
# DB_HOST …) has no database to run on, and says so.
FROM rust:1.95-bookworm AS build

WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY .sqlx ./.sqlx
COPY migrations ./migrations
COPY src ./src
# Named in Cargo.toml, so cargo wants it to be there; it is not built.
COPY benches ./benches

# Declared as late as they can be, and read by the build itself for /version and wardroom_build_info.
# Without a default: one would win over the platform that is being built for, and the two would share a cache.
ARG TARGETARCH
ARG VERSION=0.1.0
ARG BUILD_DATE=unknown
ARG VCS_REF=unknown

# Queries are checked against the committed .sqlx, never against a database that happens to be reachable.
ENV SQLX_OFFLINE=true
RUN --mount=type=cache,id=wardroom-registry,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,id=wardroom-target-${TARGETARCH},target=/build/target,sharing=locked \
    WARDROOM_COMMIT="${VCS_REF}" WARDROOM_BUILD_DATE="${BUILD_DATE}" \
    cargo build --locked --release --bin wardroom \
    && install -D -m 0755 target/release/wardroom /out/wardroom \
    && install -d -m 0750 /out/data/wardroom

FROM gcr.io/distroless/cc-debian12:nonroot AS runtime

ARG VERSION=0.1.0
ARG BUILD_DATE=unknown
ARG VCS_REF=unknown
LABEL org.opencontainers.image.title="wardroom" \
      org.opencontainers.image.description="The operations bot: incidents from Slack, CI healing from GitHub's webhooks, and nothing lost" \
      org.opencontainers.image.source="https://github.com/wardroom-dev/wardroom" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.created="${BUILD_DATE}" \
      org.opencontainers.image.revision="${VCS_REF}"

COPY --from=build /out/wardroom /usr/local/bin/wardroom
# The folder itself is copied, as a child, so that it keeps its owner.
COPY --from=build --chown=10001:10001 /out/data/ /var/lib/

# A wardroom.yaml that is mounted into the working directory is found without being named.
WORKDIR /etc/wardroom
ENV WARDROOM_DATA_DIR=/var/lib/wardroom

# Numeric, so that Kubernetes can see that it is not root (runAsNonRoot).
USER 10001:10001

EXPOSE 3000 9090
STOPSIGNAL SIGTERM

# Docker's own check; Kubernetes ignores it and uses the probes of k8s/30-deployment.yaml.
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s --retries=3 CMD ["wardroom", "healthcheck"]

ENTRYPOINT ["wardroom"]
CMD ["serve"]
