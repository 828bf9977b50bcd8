package grid

import "unsafe"

// manyBytes is the size from which on it matters how an array gets its memory.
const manyBytes = 1 << 18

// Zeros returns n zeros, for arrays over cells. Much memory is asked of the
// system by large pages where it has them: the first touch of a small one takes
// as long as some hundred numbers do in a loop, and a solver touches few of them
// often.
func Zeros[T int | int32 | float64](n int) []T {
	a := make([]T, n)
	if bytes := uintptr(n) * unsafe.Sizeof(T(0)); bytes >= manyBytes {
		largePages(unsafe.Pointer(unsafe.SliceData(a)), bytes)
	}
	return a
}
