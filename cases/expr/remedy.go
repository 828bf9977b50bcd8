package expr

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	juxtaposed = regexp.MustCompile(`(?:^|[^\w.])((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-z_]\w*|\()`)
	qualified  = regexp.MustCompile(`[A-Za-z_]\w*\.([A-Za-z_]\w*)(\([^()]*\))?`)
)

// remedied adds to the parser's message what is to be written instead, where
// the source looks like another language's: 2x, np.exp(x).
func remedied(err error, source string) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if found := qualified.FindStringSubmatch(source); found != nil && strings.HasPrefix(text, `"." is`) {
		return fmt.Errorf("%w: write %s%s", err, found[1], found[2])
	}
	if !strings.HasPrefix(text, "bad number") && !strings.HasPrefix(text, `unexpected "`) {
		return err
	}
	for _, found := range juxtaposed.FindAllStringSubmatch(source, -1) {
		switch factor := found[2]; {
		case factor == "(":
			return fmt.Errorf("%w: write %s*(…)", err, found[1])
		case !reserved[factor]:
			return fmt.Errorf("%w: write %s*%s", err, found[1], factor)
		}
	}
	return err
}
