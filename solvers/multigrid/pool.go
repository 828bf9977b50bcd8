package multigrid

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// pool runs numbered tasks on a fixed set of goroutines. Which goroutine takes
// which task is left to chance, so tasks must not depend on one another.
type pool struct {
	workers int
	task    func(int)
	tasks   int64
	next    atomic.Int64
	start   chan struct{}
	done    sync.WaitGroup
}

// newPool starts workers−1 goroutines beside the caller; 0 is one per core.
func newPool(workers int) *pool {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	p := &pool{workers: workers, start: make(chan struct{})}
	for range workers - 1 {
		go func() {
			for range p.start {
				p.drain()
				p.done.Done()
			}
		}()
	}
	return p
}

func (p *pool) close() { close(p.start) }

// do runs task(0) … task(n−1); alone, in this order.
func (p *pool) do(n int, task func(int)) {
	helpers := min(p.workers, n) - 1
	if helpers < 1 {
		inOrder(n, task)
		return
	}
	p.task, p.tasks = task, int64(n)
	p.next.Store(0)
	p.done.Add(helpers)
	for range helpers {
		p.start <- struct{}{}
	}
	p.drain()
	p.done.Wait()
}

func (p *pool) drain() {
	for i := p.next.Add(1) - 1; i < p.tasks; i = p.next.Add(1) - 1 {
		p.task(int(i))
	}
}

func inOrder(n int, task func(int)) {
	for i := range n {
		task(i)
	}
}
