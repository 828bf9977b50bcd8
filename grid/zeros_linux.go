package grid

import (
	"syscall"
	"unsafe"
)

// largePages tells the system that the pages around some bytes of the heap may
// be large. They need not be, so nothing is made of a refusal. The heap grows by
// many large pages at a time: those that the bytes share are all its own.
func largePages(start unsafe.Pointer, bytes uintptr) {
	const page = 2 << 20 // or a multiple of it, on other machines than those of Intel's kind
	lo := uintptr(start) &^ (page - 1)
	hi := (uintptr(start) + bytes + page - 1) &^ (page - 1)
	syscall.Syscall(syscall.SYS_MADVISE, lo, hi-lo, syscall.MADV_HUGEPAGE)
}
