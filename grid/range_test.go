package grid_test

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"fokker/grid"
)

func TestSplitCoversTheRangeEvenly(t *testing.T) {
	for _, r := range []grid.Range{{0, 0}, {0, 1}, {5, 12}, {0, 1000}, {3, 4099}} {
		for _, parts := range []int{-1, 0, 1, 2, 7, 64, 5000} {
			got := r.Split(parts)
			if len(got) > max(1, parts) {
				t.Errorf("%v.Split(%d) has %d parts", r, parts, len(got))
			}
			at := r.Lo
			for _, p := range got {
				if p.Lo != at || p.Len() < r.Len()/len(got) || p.Len() > r.Len()/len(got)+1 {
					t.Errorf("%v.Split(%d): part %v, want it to start at %d, of %d cells or one more", r, parts, p, at, r.Len()/len(got))
				}
				at = p.Hi
			}
			if at != r.Hi {
				t.Errorf("%v.Split(%d) ends at %d", r, parts, at)
			}
		}
	}
}

func TestChunksCoverTheRangeAndStopAtAnError(t *testing.T) {
	var got []grid.Range
	if err := (grid.Range{Lo: 3, Hi: 11}).Chunks(3, func(r grid.Range) error { got = append(got, r); return nil }); err != nil {
		t.Error(err)
	}
	if want := []grid.Range{{3, 6}, {6, 9}, {9, 11}}; !slices.Equal(got, want) {
		t.Errorf("chunks %v, want %v", got, want)
	}
	stop, calls := errors.New("stop"), 0
	err := (grid.Range{Hi: 10}).Chunks(4, func(r grid.Range) error {
		if calls++; r.Lo == 4 {
			return stop
		}
		return nil
	})
	if err != stop || calls != 2 {
		t.Errorf("error %v after %d calls, want %v after 2", err, calls, stop)
	}
}

func TestEachVisitsEveryCellOnce(t *testing.T) {
	for _, workers := range []int{0, 1, 2, 7, 200} {
		var lock sync.Mutex
		visits := make([]int, 100)
		grid.Range{Lo: 10, Hi: 100}.Each(workers, func(r grid.Range) {
			lock.Lock()
			defer lock.Unlock()
			for i := r.Lo; i < r.Hi; i++ {
				visits[i]++
			}
		})
		for i, v := range visits {
			if want := map[bool]int{true: 1}[i >= 10]; v != want {
				t.Fatalf("%d workers: cell %d visited %d times, want %d", workers, i, v, want)
			}
		}
	}
}
