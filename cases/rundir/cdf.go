package rundir

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
)

// The 64-bit offset variant of the NetCDF classic format (Unidata, "NetCDF
// Classic and 64-bit Offset Format Specification"; OGC 10-092r3). Written here
// rather than by a library so that arrays stream: values are asked for in
// pieces and never held twice. Only what a run needs is there: double variables
// of fixed dimensions, and attributes that are text.

const (
	cdfDouble, cdfChar                   = 6, 2
	cdfDimension, cdfVariable, cdfAttrib = 10, 11, 12
	cdfLargest                           = math.MaxUint32 - 3 // bytes of a variable that is not the last
)

type dimension struct {
	name   string
	length int
}

type attribute struct{ name, text string }

// variable is an array of doubles in C order. Values writes elements at,
// at+1, … into dst.
type variable struct {
	name       string
	dims       []int // into dataset.dims
	attributes []attribute
	values     func(dst []float64, at int)
}

// dataset is a file to be.
type dataset struct {
	dims       []dimension
	attributes []attribute
	variables  []variable
}

// length returns the number of elements of v.
func (d *dataset) length(v variable) int {
	n := 1
	for _, k := range v.dims {
		n *= d.dims[k].length
	}
	return n
}

// check returns an error that names what the format cannot hold: the last
// variable may have any size, the others 4 GiB.
func (d *dataset) check() error {
	for i, v := range d.variables {
		if bytes := 8 * d.length(v); i < len(d.variables)-1 && bytes > cdfLargest {
			return fmt.Errorf("rundir: result.nc: variable %q needs %d bytes, a 64-bit offset NetCDF file holds %d of each; use fewer cells", v.name, bytes, int64(cdfLargest))
		}
	}
	return nil
}

// header returns the head of the file whose data begin at the offset.
func (d *dataset) header(begin int64) []byte {
	b := []byte("CDF\x02\x00\x00\x00\x00") // no records
	b = cdfList(b, cdfDimension, len(d.dims))
	for _, k := range d.dims {
		b = cdfInt(cdfName(b, k.name), k.length)
	}
	b = cdfAttributes(b, d.attributes)
	b = cdfList(b, cdfVariable, len(d.variables))
	for _, v := range d.variables {
		b = cdfInt(cdfName(b, v.name), len(v.dims))
		for _, k := range v.dims {
			b = cdfInt(b, k)
		}
		bytes := 8 * int64(d.length(v))
		b = cdfInt(cdfAttributes(b, v.attributes), cdfDouble)
		b = cdfInt(b, int(min(bytes, math.MaxUint32))) // a size too large is written as 2³²−1
		b = binary.BigEndian.AppendUint64(b, uint64(begin))
		begin += bytes
	}
	return b
}

func cdfInt(b []byte, n int) []byte { return binary.BigEndian.AppendUint32(b, uint32(n)) }

func cdfList(b []byte, tag, n int) []byte {
	if n == 0 {
		tag = 0
	}
	return cdfInt(cdfInt(b, tag), n)
}

func cdfName(b []byte, name string) []byte {
	b = append(cdfInt(b, len(name)), name...)
	return append(b, "\x00\x00\x00"[:(4-len(name)%4)%4]...)
}

func cdfAttributes(b []byte, attributes []attribute) []byte {
	b = cdfList(b, cdfAttrib, len(attributes))
	for _, a := range attributes {
		b = cdfName(cdfInt(cdfName(b, a.name), cdfChar), a.text)
	}
	return b
}

// write writes the file.
func (d *dataset) write(ctx context.Context, path string) (err error) {
	if err := d.check(); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("rundir: %w", err)
	}
	defer func() {
		if closing := f.Close(); err == nil && closing != nil {
			err = fmt.Errorf("rundir: %w", closing)
		}
	}()
	w := bufio.NewWriterSize(f, 1<<16)
	w.Write(d.header(int64(len(d.header(0))))) // an error stays until Flush
	for _, v := range d.variables {
		if err := d.stream(ctx, w, v); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("rundir: %w", err)
	}
	return nil
}

func (d *dataset) stream(ctx context.Context, w *bufio.Writer, v variable) error {
	const piece = 8192 // elements: 64 KiB
	n := d.length(v)
	values := make([]float64, min(n, piece))
	for at := 0; at < n; at += piece {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		values = values[:min(piece, n-at)]
		v.values(values, at)
		b := w.AvailableBuffer()
		for _, x := range values {
			b = binary.BigEndian.AppendUint64(b, math.Float64bits(x))
		}
		if _, err := w.Write(b); err != nil {
			return fmt.Errorf("rundir: %w", err)
		}
	}
	return nil
}
