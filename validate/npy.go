package validate

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
)

const npyMagic = "\x93NUMPY"

// mostRows of an array, whose cells are kept in memory.
const mostRows = 1 << 31

// header is that of an array of NumPy (NEP 1): the type of its elements, their
// order and its dimensions.
type header struct {
	order   binary.ByteOrder
	kind    byte // f, i or u
	size    int  // bytes
	fortran bool // the first index runs fastest
	shape   []int
}

var (
	npyType  = regexp.MustCompile(`'descr':\s*'([^']*)'`)
	npyOrder = regexp.MustCompile(`'fortran_order':\s*(True|False)`)
	npyShape = regexp.MustCompile(`'shape':\s*\(([0-9, ]*)\)`)
	npyName  = regexp.MustCompile(`^([<>|=])([fiu])([1248])$`)
)

// headerText returns that of versions 1 to 3.
func headerText(from io.Reader) ([]byte, error) {
	var start [8]byte
	if _, err := io.ReadFull(from, start[:]); err != nil {
		return nil, err
	}
	length := make([]byte, 4)
	if start[6] == 1 {
		length = length[:2]
	}
	if _, err := io.ReadFull(from, length); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(append(length, 0, 0)[:4])
	const most = 1 << 16 // of a header with one type
	if n > most {
		return nil, io.ErrUnexpectedEOF
	}
	text := make([]byte, n)
	_, err := io.ReadFull(from, text)
	return text, err
}

// readHeader reads what the elements are and how many.
func (r *rows) readHeader(from io.Reader) (*header, error) {
	broken := r.fail("it has a broken header", "an array as numpy.save writes it", "")
	text, err := headerText(from)
	if err != nil {
		return nil, broken
	}
	kind, order, shape := npyType.FindSubmatch(text), npyOrder.FindSubmatch(text), npyShape.FindSubmatch(text)
	if order == nil || shape == nil {
		return nil, broken
	}
	if kind == nil {
		return nil, r.fail("its elements are records", "numbers", "")
	}
	h := &header{order: binary.LittleEndian, fortran: string(order[1]) == "True"}
	name := npyName.FindStringSubmatch(string(kind[1]))
	if name == nil || name[2] == "f" && name[3] == "1" || name[2] == "f" && name[3] == "2" {
		return nil, r.fail(fmt.Sprintf("its elements are of type %q", kind[1]), "float64, float32 or whole numbers", "")
	}
	if name[1] == ">" {
		h.order = binary.BigEndian
	}
	h.kind, h.size = name[2][0], int(name[3][0]-'0')
	for field := range strings.SplitSeq(string(shape[1]), ",") {
		if field = strings.TrimSpace(field); field == "" {
			continue
		}
		n, err := strconv.Atoi(field)
		if err != nil || n > mostRows {
			return nil, broken
		}
		h.shape = append(h.shape, n)
	}
	return h, nil
}

// value decodes an element.
func (h *header) value(b []byte) float64 {
	var bits uint64
	switch h.size {
	case 1:
		bits = uint64(b[0])
	case 2:
		bits = uint64(h.order.Uint16(b))
	case 4:
		bits = uint64(h.order.Uint32(b))
	default:
		bits = h.order.Uint64(b)
	}
	switch {
	case h.kind == 'f' && h.size == 4:
		return float64(math.Float32frombits(uint32(bits)))
	case h.kind == 'f':
		return math.Float64frombits(bits)
	case h.kind == 'i':
		shift := 64 - 8*h.size
		return float64(int64(bits<<shift) >> shift)
	}
	return float64(bits)
}

// readNPY reads an array of (sample, axis), or of (time, sample, axis).
func (r *rows) readNPY(from io.Reader) error {
	h, err := r.readHeader(from)
	if err != nil {
		return err
	}
	times, n, columns, err := r.dimensions(h.shape)
	if err != nil {
		return err
	}
	weights := -1
	if r.source.Weights != "" {
		if weights, err = r.numbered(columns); err != nil {
			return err
		}
	}
	if columns != r.Dim()+btoi(weights >= 0) {
		return r.wrongColumns(columns)
	}
	for range times {
		r.cell = append(r.cell, make([]int32, n))
		if weights >= 0 {
			r.weight = append(r.weight, make([]float64, n))
		}
	}
	return r.elements(from, h, [3]int{times, n, columns}, weights)
}

// dimensions returns numbers of times, samples and columns.
func (r *rows) dimensions(shape []int) (times, n, columns int, err error) {
	switch several := len(r.source.Times) > 1; {
	case len(r.source.Times) == 1 && len(shape) == 3 && shape[0] == 1: // as of several times
		return 1, shape[1], shape[2], nil
	case !several && len(shape) == 1 && r.Dim() == 1:
		return 1, shape[0], 1, nil
	case !several && len(shape) == 2:
		return 1, shape[0], shape[1], nil
	case several && len(shape) == 3 && shape[0] == len(r.source.Times):
		return shape[0], shape[1], shape[2], nil
	case several:
		return 0, 0, 0, r.fail(fmt.Sprintf("found an array of shape %v", shape), fmt.Sprintf("(time, sample, axis), %d times", len(r.source.Times)), "")
	}
	return 0, 0, 0, r.fail(fmt.Sprintf("found an array of shape %v", shape), "(sample, axis)", "--times names the times of one with (time, sample, axis)")
}

// elements reads all numbers in the order of the file.
func (r *rows) elements(from io.Reader, h *header, shape [3]int, weights int) error {
	order := [3]int{0, 1, 2} // of indices, the slowest first
	if h.fortran {
		order = [3]int{2, 1, 0}
	}
	var at [3]int
	buffer := make([]byte, 1<<16/h.size*h.size)
	left, total := shape[0]*shape[1]*shape[2]*h.size, shape[1]
	for left > 0 {
		got, short := io.ReadFull(from, buffer[:min(len(buffer), left)])
		left -= got
		for part := buffer[:got-got%h.size]; len(part) > 0; part = part[h.size:] {
			if err := r.element(at, h.value(part), weights); err != nil {
				return err
			}
			for i := 2; i >= 0; i-- {
				if at[order[i]]++; at[order[i]] < shape[order[i]] {
					break
				}
				at[order[i]] = 0
			}
		}
		if short != nil {
			return r.fail(fmt.Sprintf("it ends in row %d of %d", at[1]+1, total), "as many as its header says", "the file is truncated")
		}
	}
	if n, _ := from.Read(buffer[:1]); n > 0 {
		return r.fail("it goes on after its last row", "as many as its header says", "")
	}
	return nil
}

func (r *rows) element(at [3]int, v float64, weights int) error {
	axis := at[2]
	switch {
	case axis == weights:
		return r.putWeight(at[0], at[1], v)
	case weights >= 0 && axis > weights:
		axis--
	}
	return r.put(at[0], at[1], axis, v)
}
