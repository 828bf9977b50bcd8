package cases

import (
	"fmt"

	"fokker/cases/sgd"
)

// readTest makes the observable `test_loss`: of examples that the optimiser does not
// see, or of another population.
func (r *reader) readTest(t *table, c *Case, open Open) {
	data, loss := t.find("test_data"), t.find("test_loss")
	switch {
	case data == nil && loss == nil:
		return
	case data != nil && loss != nil:
		r.fail(loss.line, "sgd.test_loss", "found beside `test_data`", "one of the two", "")
	case data != nil && c.Data == nil:
		r.fail(data.line, "sgd.test_data", "found without `data`", "`test_loss`, an expression", "the columns of the test data are those of the data")
	case data != nil:
		r.readTestData(t, data, c, open)
	default:
		r.readTestLoss(loss, c)
	}
}

func (r *reader) readTestLoss(e *entry, c *Case) {
	if c.Data != nil {
		r.fail(e.line, "sgd.test_loss", "found beside `data`", "`test_data`, the name of a CSV file", "")
		return
	}
	o, ok := r.observable(*e, "sgd.test_loss", c.Problem)
	if ok && o.timed {
		r.fail(e.line, o.key, "it depends on t", "an expression of the axes", "")
	}
	c.Problem.test = append(c.Problem.test, o)
}

func (r *reader) readTestData(t *table, e *entry, c *Case, open Open) {
	name, ok := e.value.(string)
	if !ok {
		r.wrong(e, "sgd.test_data", "the name of a CSV file")
		return
	}
	file, raw := r.loadData(t, e, name, open)
	if file == nil || c.Problem.landscape == nil {
		return
	}
	if t.find("weights") != nil {
		if err := file.Weigh(r.text(t, "weights", "")); err != nil {
			r.fail(e.line, "sgd.test_data", err.Error(), "the columns of the data", "")
			return
		}
	}
	data, err := file.Like(c.Data)
	if err != nil {
		r.fail(e.line, "sgd.test_data", err.Error(), "the columns of the data", "")
		return
	}
	examples := &sgd.Examples{Axes: c.Problem.names(), Data: data, Loss: c.Problem.landscape.Loss}
	if err := examples.Compile(); err != nil {
		r.fail(e.line, "sgd.test_data", fmt.Sprint(err), "", "")
		return
	}
	c.TestData, c.testRaw = data, raw
	o := Observable{Name: "test_loss", file: r.file, line: e.line, key: "sgd.test_data", points: 1}
	o.at = func(dst []float64, x [][]float64, _ float64) { examples.PopulationLoss(dst, x) }
	c.Problem.test = append(c.Problem.test, o)
}
