# What a newcomer needs. `make` alone lists it.

LINT = go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.PHONY: help run build test lint bench

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## start the ledger: on DATABASE_URL, or on a private PostgreSQL that is installed if missing
	@test -n "$$DATABASE_URL" || .ci/install postgresql
	@exec bin/chobo serve

build: ## compile bin/chobo
	@go build -o bin/chobo ./cmd/chobo

test: ## run every test; what they need is installed if missing
	@.ci/install postgresql chromium hledger ledger beancount
	@go test -p 1 ./...

lint: ## check formatting and style
	@test -z "$$(gofmt -l . | tee /dev/stderr)"
	@go vet ./...
	@$(LINT) run

bench: build ## measure how fast it posts
	@test -n "$$DATABASE_URL" || .ci/install postgresql
	@exec bin/chobo bench
