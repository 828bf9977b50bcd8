package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

const (
	patience = time.Second            // a run shorter than this says nothing
	refresh  = 100 * time.Millisecond // of the bar
	between  = 5 * time.Second        // plain lines of one phase
)

// progress shows how far a run is: a bar on a terminal, a line per phase and
// every few seconds elsewhere.
type progress struct {
	w       io.Writer
	columns int // of the terminal; 0: not known
	draw    func(phase string, done float64, left time.Duration)
	clear   func()
	quit    chan struct{}
	ended   chan struct{}
	once    sync.Once

	mu    sync.Mutex
	phase string
	done  float64
	since time.Time // start of the phase
}

func newProgress(w io.Writer) *progress {
	p := &progress{w: w, quit: make(chan struct{}), ended: make(chan struct{}), since: time.Now()}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		p.columns, _, _ = term.GetSize(int(f.Fd())) // 0 where it is not told
		p.bar()
	} else {
		p.lines()
	}
	go p.watch()
	return p
}

// report tells how far the run is; it may be called at any time.
func (p *progress) report(phase string, done float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if phase != p.phase {
		p.phase, p.since = phase, time.Now()
	}
	p.done = done
}

// stop removes the bar. It may be called more than once.
func (p *progress) stop() {
	p.once.Do(func() { close(p.quit) })
	<-p.ended
}

func (p *progress) watch() {
	defer close(p.ended)
	defer p.clear()
	wait := time.After(patience)
	for {
		select {
		case <-p.quit:
			return
		case <-wait:
			p.show()
			wait = time.After(refresh)
		}
	}
}

func (p *progress) show() {
	p.mu.Lock()
	phase, done, elapsed := p.phase, p.done, time.Since(p.since)
	p.mu.Unlock()
	var left time.Duration
	if done > 0.01 { // before, nothing is known
		left = time.Duration(float64(elapsed) * (1 - done) / done)
	}
	if phase != "" {
		p.draw(phase, done, left)
	}
}

// bar draws on a terminal.
func (p *progress) bar() {
	bar := progressbar.NewOptions(1000,
		progressbar.OptionSetWriter(p.w), progressbar.OptionSetWidth(30),
		progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false),
		progressbar.OptionClearOnFinish(),
	)
	p.clear = func() { _ = bar.Clear() } // a terminal that cannot be written to shows nothing anyway
	p.draw = func(phase string, done float64, left time.Duration) {
		bar.Describe(fmt.Sprintf("%-10s %-14s", p.fit(phase), remaining(left)))
		_ = bar.Set(min(int(1000*done), 999)) // 1000 would end the bar
	}
}

// fit cuts a phase so that a line has room for the bar, the time left and a percentage.
func (p *progress) fit(phase string) string {
	const beside = 30 + 14 + 12
	letters := []rune(phase)
	if room := max(p.columns-beside, 10); p.columns > 0 && len(letters) > room {
		return string(letters[:room-1]) + "…"
	}
	return phase
}

// lines writes a line now and then.
func (p *progress) lines() {
	var last string
	var at time.Time
	p.clear = func() {}
	p.draw = func(phase string, done float64, left time.Duration) {
		if phase == last && time.Since(at) < between {
			return
		}
		last, at = phase, time.Now()
		line := "fokker: " + phase
		if done > 0 {
			line += fmt.Sprintf(" %.0f %%", 100*done)
		}
		if left > 0 {
			line += ", " + remaining(left)
		}
		fmt.Fprintln(p.w, line)
	}
}

func remaining(left time.Duration) string {
	switch {
	case left <= 0:
		return ""
	case left < time.Minute:
		return fmt.Sprintf("%.0f s left", left.Seconds())
	case left < time.Hour:
		return fmt.Sprintf("%.0f min left", left.Minutes())
	}
	return fmt.Sprintf("%.1f h left", left.Hours())
}
