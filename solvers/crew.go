package solvers

import (
	"sync"
	"sync/atomic"
)

// wake is the work, in flops, that is worth a goroutine.
const wake = 1e6

// crew is workers beyond the one that asks.
type crew struct{ free chan struct{} }

func newCrew(workers int) crew {
	c := crew{make(chan struct{}, max(workers, 1))}
	for range workers - 1 {
		c.give()
	}
	return c
}

// take reports whether a worker was free; it is to be given back.
func (c crew) take() bool {
	select {
	case <-c.free:
		return true
	default:
		return false
	}
}

func (c crew) give() { c.free <- struct{}{} }

// each calls do(0), …, do(n−1) in any order on whatever workers are free, if
// the work, in flops, is worth waking them.
func (c crew) each(n int, work float64, do func(i int)) {
	var next atomic.Int64
	run := func() {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			do(i)
		}
	}
	var others sync.WaitGroup
	for left := work; left > wake && c.take(); left -= wake {
		others.Go(func() { run(); c.give() })
	}
	run()
	others.Wait()
}
