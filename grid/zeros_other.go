//go:build !linux

package grid

import "unsafe"

// largePages is left to the system.
func largePages(unsafe.Pointer, uintptr) {}
