# The step as an image: one static program and nothing else.
#
#	docker build -t ecs-run-task .
#	docker build -t ecs-run-task:shell --target shell .
#
# The second is for CIs that run a shell in the image of a step: GitLab, CircleCI,
# Jenkins, Azure. The builders before BuildKit make both too. There
# --build-arg TARGETARCH=arm64 compiles for another architecture than the engine's.
# --build-arg VERSION=v1.2.3 is the version that the program says it is.

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY *.go ./
COPY internal internal
ARG TARGETARCH
ARG VERSION
RUN CGO_ENABLED=0 GOARCH="${TARGETARCH:-$(go env GOARCH)}" \
	go build -trimpath \
	-ldflags="-s -w -X github.com/ecs-run-task/ecs-run-task/internal/action.release=$VERSION" -o /image/ecs-run-task . \
	&& ln -s ecs-run-task /image/post

FROM buildpack-deps:trixie-scm AS shell
COPY --from=build /image/ /usr/local/bin/
LABEL org.opencontainers.image.title="ecs-run-task, with a shell" \
	org.opencontainers.image.description="Runs tasks on Amazon ECS as a step of a CI workflow" \
	org.opencontainers.image.source="https://github.com/ecs-run-task/ecs-run-task" \
	org.opencontainers.image.licenses="Apache-2.0"
CMD ["bash"]

# No USER: GitHub's runner owns the files that the step writes its outputs to, and
# only root may write to them besides.
FROM scratch
COPY --from=build /image/ /
LABEL org.opencontainers.image.title="ecs-run-task" \
	org.opencontainers.image.description="Runs tasks on Amazon ECS as a step of a CI workflow" \
	org.opencontainers.image.source="https://github.com/ecs-run-task/ecs-run-task" \
	org.opencontainers.image.licenses="Apache-2.0"
ENTRYPOINT ["/ecs-run-task"]
