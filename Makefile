# Targets for people; the program needs only the go command.
export CGO_ENABLED = 0

.PHONY: build test run bench null paths accuracy verification peers layers lint

build: ## bin/fokker
	go build -trimpath -o bin/fokker ./cmd/fokker

test: ## every test
	go test ./...

run: ## the case of the README, with its pictures
	go run ./cmd/fokker run cars

bench: ## unknowns per second, work units, allocations
	go test -run '^$$' -bench . -benchmem ./...

null: ## p-values of every test over 200 seeds
	FOKKER_SEEDS=200 go test ./validate/compare -count 1 -run 'Null|Allowed|Chains|Weighted' -v

paths: ## a million particles against the grid, on every case of the gallery (about an hour of one core)
	FOKKER_PARTICLES=1000000 go test ./validate -run VerifyOnEveryGallery -count 1 -timeout 10h -v

accuracy: ## every known law without cells, and without ranges where it confines, to 1e-4 in at most a minute each (some minutes)
	FOKKER_ACCURACY=1e-4 FOKKER_SECONDS=60 go test ./cases -run EveryKnownFigureHas -timeout 120m -count=1

verification: ## every scheme against laws that are known; writes docs/verification.md, its picture, and docs/known.md (some minutes)
	FOKKER_VERIFICATION=$(CURDIR)/docs go test ./validate/verification -count 1 -timeout 60m
	FOKKER_VERIFICATION=$(CURDIR)/docs go test ./cases -run ErrorsHoldTheTruth -count 1 -timeout 60m

peers: build ## fokker beside SuperLU, PARDISO, PETSc, FiPy and others; writes docs/benchmarks.md, -time.md and -paths.md (needs Python)
	python3 validate/peers/measure.py $(PEERS)

layers: ## imports point one way
	@./layers.sh

lint: ## format, vet, staticcheck
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	go vet ./...
	go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
