# Build: the bundle needs no node_modules in the image. `npm ci` brings Node 24 for the scripts.
FROM node:24-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json build.ts ./
COPY src ./src
COPY policies ./policies
RUN npm run build

# No shell, no package manager, not root.
FROM gcr.io/distroless/nodejs24-debian13:nonroot
WORKDIR /app
COPY --from=build /src/dist/sparkgate.js /src/package.json ./dist/
COPY --from=build /src/policies ./policies
COPY LICENSE ./
# The heap stays below a memory limit of 256 MiB.
ENV NODE_ENV=production NODE_OPTIONS=--max-old-space-size=192
EXPOSE 8443 9090
ENTRYPOINT ["/nodejs/bin/node", "/app/dist/sparkgate.js"]
CMD ["serve"]
