package main

import (
	"math"
	"strconv"
)

// digits is the most that a figure is printed with beside its error.
const digits = 10

// measured writes x to the last digit of its error, which is rounded up to one:
// 0.5012 ± 0.0003. What is smaller than its error has one digit more, 0.3 ± 2, and is
// 0 if that is below. An error that is not known is "?".
func measured(x, e float64) string {
	switch {
	case math.IsNaN(x+e) || math.IsInf(x+e, 0):
		return number(x) + " ± ?"
	case e <= 0:
		return number(x)
	}
	one, place := roundUp(e)
	last := place // digit of x
	if math.Abs(x) < one {
		last--
	}
	if math.Abs(x) < math.Pow10(last)/2 {
		return "0 ± " + short(one, place)
	}
	significant := decade(x) - last + 1
	if significant > digits {
		return strconv.FormatFloat(x, 'g', digits, 64) + " ± " + short(one, place)
	}
	if lo, hi := -5, 7; decade(x) < lo || decade(x) >= hi || place >= hi {
		return strconv.FormatFloat(x, 'e', max(significant-1, 0), 64) + " ± " + short(one, place)
	}
	if last > 0 {
		x = math.Round(x/math.Pow10(last)) * math.Pow10(last)
	}
	return strconv.FormatFloat(x, 'f', max(-last, 0), 64) + " ± " + short(one, place)
}

// decade is the power of ten of the first digit of x.
func decade(x float64) int { return int(math.Floor(math.Log10(math.Abs(x)))) }

// roundUp returns e rounded up to one digit, and the place of that.
func roundUp(e float64) (one float64, place int) {
	place = decade(e)
	first := math.Ceil(e/math.Pow10(place) - 1e-9) // 0.0003 may be a little more
	if first > 9 {
		first, place = 1, place+1
	}
	one, _ = strconv.ParseFloat(strconv.FormatFloat(first*math.Pow10(place), 'e', 0, 64), 64)
	return one, place
}

// short writes a number of one digit.
func short(one float64, place int) string {
	if place >= 0 && place < 7 {
		return strconv.FormatFloat(one, 'f', 0, 64)
	}
	return strconv.FormatFloat(one, 'g', 1, 64)
}
