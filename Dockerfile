# Both bases by exact tag. A tag can be moved: give the digests that you have seen and pinned, with the @ in front, as
#   --build-arg BUILD_DIGEST=@sha256:... --build-arg RUNTIME_DIGEST=@sha256:...
# None stand here: they are those of whoever builds, for the architecture and the mirror that the build uses.
ARG BUILD_IMAGE=docker.io/library/node:24.21.0-slim
ARG BUILD_DIGEST=
ARG RUNTIME_IMAGE=gcr.io/distroless/nodejs24-debian13:nonroot
ARG RUNTIME_DIGEST=

FROM ${BUILD_IMAGE}${BUILD_DIGEST} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json build.ts ./
COPY src ./src
RUN npm run build

# Node and its libraries: no shell, no package manager, no node_modules.
FROM ${RUNTIME_IMAGE}${RUNTIME_DIGEST}
WORKDIR /app
# package.json tells Node that the bundle is ES modules; the licences of what is bundled are in the texts beside it.
COPY --from=build /src/dist ./dist
COPY --from=build /src/package.json ./dist/
COPY policies ./policies
COPY LICENSE ./
# The heap stays below a memory limit of 256 MiB (docs/decisions/0011-load-is-shed.md). What a review leaves behind is garbage
# at once: collected in 2 MiB it never leaves the CPU's cache, which is faster than Node's 16 MiB and smaller. One arena of
# malloc's, since one thread does all the work; what is large goes back to the kernel when it is freed (without a fixed
# threshold glibc raises its own to the size of the first large body that was freed: mallopt(3)).
ENV NODE_ENV=production MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=131072 NODE_OPTIONS="--max-old-space-size=160 --max-semi-space-size=4"
# By number: a kubelet cannot tell whether a name is root's (runAsNonRoot).
USER 65532:65532
EXPOSE 8443 9090
ENTRYPOINT ["/nodejs/bin/node", "/app/dist/sparkgate.js"]
CMD ["serve"]
