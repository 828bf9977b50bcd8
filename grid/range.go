package grid

import "sync"

// Range is the cells [Lo, Hi): the unit of work of one worker.
type Range struct{ Lo, Hi int }

// Len returns the number of cells.
func (r Range) Len() int { return r.Hi - r.Lo }

// Split cuts the range into at most parts ranges of nearly equal length.
func (r Range) Split(parts int) []Range {
	parts = max(1, min(parts, r.Len()))
	out := make([]Range, parts)
	for i := range out {
		out[i] = Range{r.Lo + r.Len()*i/parts, r.Lo + r.Len()*(i+1)/parts}
	}
	return out
}

// Chunks calls do for consecutive pieces of at most size cells.
func (r Range) Chunks(size int, do func(Range) error) error {
	for lo := r.Lo; lo < r.Hi; lo += size {
		if err := do(Range{lo, min(lo+size, r.Hi)}); err != nil {
			return err
		}
	}
	return nil
}

// Each calls do for the parts of the range, one worker per part, of which the
// caller is one.
func (r Range) Each(workers int, do func(Range)) {
	parts := r.Split(workers)
	var wait sync.WaitGroup
	for _, part := range parts[1:] {
		wait.Go(func() { do(part) })
	}
	do(parts[0])
	wait.Wait()
}
