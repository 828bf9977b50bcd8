package solvers

import (
	"math/bits"
	"sync"
)

// shelf keeps memory for reuse, by the binary logarithm of its size.
type shelf struct {
	sync.Mutex
	free [64][][]float64
}

// get returns n numbers of any value.
func (s *shelf) get(n int) []float64 {
	class := bits.Len(uint(max(n, 1) - 1))
	s.Lock()
	defer s.Unlock()
	if last := len(s.free[class]) - 1; last >= 0 {
		x := s.free[class][last]
		s.free[class] = s.free[class][:last]
		return x[:n]
	}
	return make([]float64, n, 1<<class)
}

func (s *shelf) put(x []float64) {
	class := bits.Len(uint(max(cap(x), 1) - 1))
	s.Lock()
	defer s.Unlock()
	s.free[class] = append(s.free[class], x)
}
