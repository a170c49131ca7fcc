# The program without its toolchain: docker build -t zoo . && docker run --rm zoo list
#
# Pictures and runs come from a mounted folder, downloaded weights stay in a volume:
#   docker run --rm -u "$(id -u):$(id -g)" -v "$PWD:/work" -v zoo:/cache zoo predict resnet20.fashion x.png
FROM swift:6.3-bookworm AS build
WORKDIR /zoo
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install -y --no-install-recommends \
    ca-certificates g++ git libc6-dev libcairo2 libcurl4 libdnnl-dev libhdf5-dev libjpeg-dev \
    libopenblas0-pthread libpng-dev libyaml-0-2 make pkg-config zlib1g-dev \
  && rm -rf /var/lib/apt/lists/*
COPY . .
RUN swift build -c release --disable-build-manifest-caching --product zoo \
  && .ci/deb \
  && cp .build/swift-zoo_*.deb /zoo.deb

FROM debian:bookworm-slim
COPY --from=build /zoo.deb /tmp/zoo.deb
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install -y --no-install-recommends /tmp/zoo.deb \
    ca-certificates fonts-dejavu-core libcairo2 libcurl4 libdnnl2 libtiff6 libwebp7 libyaml-0-2 \
  && rm -rf /var/lib/apt/lists/* /tmp/zoo.deb \
  && install -d -m 1777 /cache /work
ENV ZOO_HOME=/cache
WORKDIR /work
USER 65534:65534
ENTRYPOINT ["zoo"]
CMD ["--help"]
