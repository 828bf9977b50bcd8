package expr

import "slices"

// Factors is a term a·b of a sum in which the variables are separated.
type Factors struct{ A, B *Node }

// Separation writes expressions as sums Σ aₖ(θ)bₖ(z) of products of functions of
// some variables θ and of all others, z.
type Separation struct {
	Outer  []string              // θ
	Center func(b *Node) float64 // what to subtract of an innermost function of z before it is multiplied out
	Most   int                   // terms
	known  map[*Node][]Factors
}

// Of returns the terms of n, with different bₖ, and false if there are more than
// allowed or if n is no such sum.
func (s *Separation) Of(n *Node) (terms []Factors, ok bool) {
	_, err := n.scope.bounded(n.String, func() (*Node, error) {
		s.known = map[*Node][]Factors{}
		terms = s.of(n)
		return n, nil
	})
	return terms, err == nil && terms != nil
}

// of returns the terms of n, nil for none.
func (s *Separation) of(n *Node) []Factors {
	if terms, known := s.known[n]; known {
		return terms
	}
	terms := s.split(n)
	if len(terms) > s.Most || n.scope.exhausted() {
		terms = nil
	}
	s.known[n] = terms
	return terms
}

func (s *Separation) split(n *Node) []Factors {
	if !slices.ContainsFunc(s.Outer, n.Uses) {
		return s.inner(n)
	}
	if s.pure(n) {
		return []Factors{{n, n.scope.Number(1)}}
	}
	switch n.op {
	case opNeg:
		return s.times([]Factors{{n.scope.Number(-1), n.scope.Number(1)}}, s.of(n.a))
	case opAdd:
		return s.plus(s.of(n.a), s.of(n.b))
	case opSub:
		return s.plus(s.of(n.a), s.of(Neg(n.b)))
	case opMul:
		return s.times(s.of(n.a), s.of(n.b))
	case opDiv:
		return s.times(s.of(n.a), s.inverse(n.b))
	case opPowi:
		return s.power(s.of(n.a), n.order)
	case opSelect:
		if !slices.ContainsFunc(s.Outer, n.a.Uses) {
			return s.plus(s.times(s.of(n.b), s.inner(not(not(n.a)))), s.times(s.of(n.c), s.inner(not(n.a))))
		}
	}
	return nil
}

// inner returns the terms of a function of z alone.
func (s *Separation) inner(b *Node) []Factors {
	one := b.scope.Number(1)
	if b.op == opNumber {
		return []Factors{{b, one}}
	}
	c := s.Center(b)
	if c == 0 {
		return []Factors{{one, b}}
	}
	return []Factors{{b.scope.Number(c), one}, {one, Sub(b, b.scope.Number(c))}}
}

// plus adds terms with the same bₖ together.
func (s *Separation) plus(x, y []Factors) []Factors {
	if x == nil || y == nil {
		return nil
	}
	sum := slices.Clone(x)
	for _, t := range y {
		if i := slices.IndexFunc(sum, func(u Factors) bool { return u.B == t.B }); i >= 0 {
			sum[i].A = add(sum[i].A, t.A)
		} else {
			sum = append(sum, t)
		}
	}
	return sum
}

func (s *Separation) times(x, y []Factors) []Factors {
	if x == nil || y == nil || len(x)*len(y) > s.Most*s.Most {
		return nil
	}
	sum := []Factors{}
	for _, t := range x {
		for _, u := range y {
			sum = s.plus(sum, []Factors{{mul(t.A, u.A), mul(t.B, u.B)}})
		}
	}
	return sum
}

// inverse returns the terms of 1/n, where n is a product of functions of θ and of z.
func (s *Separation) inverse(n *Node) []Factors {
	switch {
	case s.pure(n):
		return s.of(Div(n.scope.Number(1), n))
	case n.op == opMul:
		return s.times(s.inverse(n.a), s.inverse(n.b))
	case n.op == opPowi:
		return s.power(s.inverse(n.a), n.order)
	}
	return nil
}

// pure says that n is a function of θ alone or of z alone.
func (s *Separation) pure(n *Node) bool {
	return !slices.ContainsFunc(s.Outer, n.Uses) || !slices.ContainsFunc(n.Variables(), s.within)
}

func (s *Separation) within(variable string) bool { return !slices.Contains(s.Outer, variable) }

func (s *Separation) power(x []Factors, n int) []Factors {
	if n < 1 || x == nil {
		return nil
	}
	product := x
	for range n - 1 {
		if product = s.times(product, x); len(product) > s.Most {
			return nil
		}
	}
	return product
}
