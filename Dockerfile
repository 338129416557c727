# syntax=docker/dockerfile:1.7

# The image contains one binary on distroless/cc (glibc, CA certificates, no shell, no package manager): about 24 MB
# plus the binary; the limit is 60 MB. Builder and runtime are both Debian 12, because a binary that is linked against
# a newer glibc does not start. The image contains no PostgreSQL: without DATABASE_URL (or DB_HOST …), Wardroom exits
# with a message. The demo is a feature of the build, and not in the image.
FROM rust:1.95-bookworm AS build

WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY .sqlx ./.sqlx
COPY migrations ./migrations
COPY crates ./crates
COPY src ./src
# Cargo.toml names the benchmark, so cargo requires the directory. It is not built.
COPY benches ./benches

# Declared late, so that a new value invalidates few layers. The build uses them for /version and wardroom_build_info.
# TARGETARCH has no default: a default would override the target platform, and all platforms would share one cache.
ARG TARGETARCH
ARG VERSION=0.1.0
ARG BUILD_DATE=unknown
ARG VCS_REF=unknown

# Queries are checked against the committed .sqlx, not against a reachable database.
ENV SQLX_OFFLINE=true
RUN --mount=type=cache,id=wardroom-registry,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,id=wardroom-target-${TARGETARCH},target=/build/target,sharing=locked \
    WARDROOM_COMMIT="${VCS_REF}" WARDROOM_BUILD_DATE="${BUILD_DATE}" \
    cargo build --locked --release --no-default-features --package wardroom \
    && install -D -m 0755 target/release/wardroom /out/wardroom \
    && install -d -m 0750 /out/data/wardroom

FROM gcr.io/distroless/cc-debian12:nonroot AS runtime

ARG VERSION=0.1.0
ARG BUILD_DATE=unknown
ARG VCS_REF=unknown
LABEL org.opencontainers.image.title="wardroom" \
      org.opencontainers.image.description="An operations bot for on-call teams: incidents in Slack" \
      org.opencontainers.image.source="https://github.com/wardroom-dev/wardroom" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.created="${BUILD_DATE}" \
      org.opencontainers.image.revision="${VCS_REF}"

COPY --from=build /out/wardroom /usr/local/bin/wardroom
# The parent is copied, so that the directory wardroom keeps its owner and mode.
COPY --from=build --chown=10001:10001 /out/data/ /var/lib/

# A wardroom.yaml that is mounted into the working directory is used without further configuration.
WORKDIR /etc/wardroom
ENV WARDROOM_DATA_DIR=/var/lib/wardroom
# glibc raises this limit up to 32 MiB after the first large body, and then keeps the memory of such bodies.
ENV MALLOC_MMAP_THRESHOLD_=1048576

# Numeric, so that Kubernetes can verify that it is not root (runAsNonRoot).
USER 10001:10001

EXPOSE 3000 9090
STOPSIGNAL SIGTERM

# For Docker; Kubernetes ignores it and uses the probes in k8s/30-deployment.yaml.
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s --retries=3 CMD ["wardroom", "healthcheck"]

ENTRYPOINT ["wardroom"]
CMD ["serve"]
