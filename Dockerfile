# Ferrule's image; docs/operations.md ("Container") says how to run it.
#
#     docker build -t ferrule .
#     podman build --format docker -t ferrule .       (the OCI format knows no HEALTHCHECK)
#
# BASE may name the same image by digest, for a build that can be repeated exactly.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /source
COPY packages ./
COPY .ci/common.sh .ci/
RUN ["bash", "-euo", "pipefail", "-c", "source .ci/common.sh; need build"]
COPY . .
# JOBS: compilations at a time, one for each CPU if it is empty. REVISION: what
# ferrule_build_info and the image's label say, since the context has no .git in it.
ARG JOBS=
ARG REVISION=
RUN cmake --preset release -DFERRULE_TESTS=OFF -DFERRULE_REVISION="$REVISION" \
 && cmake --build --preset release --target ferrule -j "${JOBS:-$(nproc)}" \
 && strip --strip-all -o /ferrule build/release/ferrule

FROM ${BASE}
# One layer, so that what is removed takes no room. Nobody but root needs a set-user-id program, and
# nothing here runs as root.
RUN --mount=type=bind,source=packages,target=/mnt/packages \
    --mount=type=bind,source=.ci/common.sh,target=/mnt/common.sh \
    ["bash", "-euo", "pipefail", "-c", "\
    cd /mnt; source common.sh; need runtime; \
    apt-get clean; rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old /var/log/*; \
    find / -xdev -type f -perm /6000 -exec chmod a-s {} +; \
    groupadd --gid 10001 ferrule; \
    useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin ferrule; \
    install -d /etc/ferrule/config /etc/ferrule/tls /etc/ferrule/tickets; \
    install -d -m 1777 /run/ferrule"]
COPY --from=build /ferrule /usr/bin/ferrule
COPY docker/ferrule.yaml /etc/ferrule/ferrule.yaml
COPY LICENSE /usr/share/doc/ferrule/copyright
# Fails here, not at the first start, if a library of [runtime] is missing.
RUN ["/usr/bin/ferrule", "version"]

ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="Ferrule" \
      org.opencontainers.image.description="TLS-terminating TCP proxy that says how every connection ended" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="docker.io/library/debian:bookworm-slim"

# As in systemd/ferrule.service, which says why.
ENV GLIBC_TUNABLES=glibc.malloc.tcache_count=256
# As a number: Kubernetes' runAsNonRoot does not look into /etc/passwd.
USER 10001:10001
# TLS, and metrics. The second has neither TLS nor a password: do not publish it.
EXPOSE 8443 9464
# The control socket's folder: writable under --read-only, and with another --user. The socket itself
# is for its user alone.
VOLUME /run/ferrule
STOPSIGNAL SIGTERM
# Alive, not ready: an orchestrator replaces what is unhealthy, and a Ferrule that drains is not
# ready but must be left to finish.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
    CMD ["/usr/bin/ferrule", "ctl", "--socket", "/run/ferrule/control.sock", "--timeout", "4", \
         "status"]
ENTRYPOINT ["/usr/bin/ferrule"]
CMD ["run", "--config", "/etc/ferrule/ferrule.yaml"]
